"""An `openai.OpenAI` for the chosen service, and its errors in our words.

    client = connect(config)
    with client.speaking("list jobs"):
        answer = client.sdk.fine_tuning.jobs.with_raw_response.list(limit=20)

The SDK is imported when it is first used: that takes half a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

from fttool.config import Config, Secret
from fttool.errors import ConfigError, UsageError
from fttool.jobs.addresses import is_loopback, shown_address
from fttool.jobs.services import named, of_settings
from fttool.jobs.services.base import Service

if TYPE_CHECKING:
    from openai import OpenAI

#: Seconds to wait for an answer, and for a connection. These are the SDK's own.
TIMEOUT = 600.0
CONNECT_TIMEOUT = 5.0
RETRIES = 2


class Client:
    """A way to a service. `key_source` says where the key comes from; nothing here shows the key itself."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: Secret,
        key_source: str,
        service: Service,
        organization: str | None = None,
        project: str | None = None,
        timeout: float | None = None,
        retries: int | None = None,
        local: bool = False,
        way: str | None = None,
    ) -> None:
        self.base_url = base_url
        self.api_key = api_key
        self.key_source = key_source
        self.service = service
        self.organization = organization
        self.project = project
        self.timeout = timeout
        self.retries = RETRIES if retries is None else retries
        self.local = local
        #: The options by which a suggested command reaches the same service, with a space before them.
        self.way = way if way is not None else " --local" if local else ""

    @cached_property
    def sdk(self) -> OpenAI:
        """The SDK's client. Raises ConfigError if a proxy or certificate variable cannot be used."""
        return self._make(self.retries, self.timeout)

    @cached_property
    def once(self) -> OpenAI:
        """The same without retries, for what must not be done twice: the SDK sends no idempotency key."""
        return self._with(max_retries=0)

    def patient(self, timeout: float) -> OpenAI:
        """The same without retries and with its own timeout (unless the user gave one), for who retries himself."""
        return self._with(max_retries=0, timeout=self._timeout(self.timeout or timeout))

    def unretried(self) -> Client:
        """The same service through an SDK that never tries again, for who keeps watch over many requests himself."""
        other = copy(self)
        other.__dict__.pop("sdk", None)
        other.retries = 0
        return other

    @property
    def address(self) -> str:
        """The base URL as it may be shown: without a password."""
        return shown_address(self.base_url)

    @property
    def account(self) -> str:
        """Whose things these are: the address and the organization and project, for what is kept by account."""
        parts = (self.base_url.rstrip("/"), self.organization or "", self.project or "")
        return " ".join(parts).rstrip()

    @contextmanager
    def speaking(self, what: str) -> Iterator[None]:
        """Turns errors of the SDK into ServiceError and KeyMissingError. `what` is being done: `list jobs`.

        What cannot be sent at all (text that is no Unicode, an id like `..`) is a UsageError.
        """
        import openai

        try:
            yield
        except openai.OpenAIError as error:
            from fttool.jobs.failures import translate

            raise translate(error, what, self) from error
        except ValueError as error:  # JSON that is cut or is none, with status 200
            from json import JSONDecodeError

            from fttool.jobs.checked import not_json

            if isinstance(error, JSONDecodeError):
                raise not_json(error.doc) from error
            if isinstance(error, UnicodeDecodeError):
                raise not_json(error.object.decode("utf-8", "backslashreplace")) from error
            if isinstance(error, UnicodeEncodeError):
                odd = ascii(error.object[error.start : error.start + 1]).strip("'")
                raise UsageError(f"could not {what}: `{odd}` is among what is given, and cannot be sent") from error
            if "dot-segment" in str(error):  # the SDK's word for an id that would lead to another address
                raise UsageError(f"could not {what}: that is no id") from error
            raise

    def _timeout(self, seconds: float | None) -> object:
        import openai

        seconds = TIMEOUT if seconds is None else seconds
        return openai.Timeout(seconds, connect=min(seconds, CONNECT_TIMEOUT))

    def _make(self, retries: int, timeout: float | None) -> OpenAI:
        import openai

        try:
            # A proxy is of no use on the way to this very machine, and would be given the key.
            direct = openai.DefaultHttpxClient(trust_env=False) if is_loopback(self.base_url) else None
            sdk = openai.OpenAI(
                api_key=self.api_key.reveal(),
                base_url=self.base_url,
                timeout=self._timeout(timeout),  # type: ignore[arg-type]
                max_retries=retries,
                http_client=direct,
            )
        except (ValueError, ImportError, OSError) as error:
            # a proxy that is no address, a SOCKS proxy without its library, a file of certificates that is not there
            raise ConfigError(
                f"no connection can be made ready: {error}",
                hint="the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR decide on it",
            ) from None
        return self._claimed(sdk)

    def _with(self, **options: object) -> OpenAI:
        return self._claimed(self.sdk.with_options(**options))  # type: ignore[arg-type]

    def _claimed(self, sdk: OpenAI) -> OpenAI:
        """Only our settings say for whom it acts: the SDK's own look into the environment may find another's."""
        sdk.organization, sdk.project = self.organization, self.project
        return sdk


def connect(
    config: Config,
    *,
    base_url: str | None = None,
    api_key: Secret | str | None = None,
    timeout: float | None = None,
    retries: int | None = None,
    way: str | None = None,
) -> Client:
    """A client for the settings; nothing is sent yet. `way`: see `Client`.

    With `base_url` and `api_key` it is fttool's own service at that address, whatever the settings say. Raises
    KeyMissingError if there is no key, ConfigError for an unknown `service` or an address that is in doubt.
    """
    if base_url is not None and api_key is not None:
        secret = api_key if isinstance(api_key, Secret) else Secret(api_key)
        return Client(
            base_url=base_url,
            api_key=secret,
            key_source="the state folder of fttool's own service",
            service=named("local"),
            timeout=timeout,
            retries=retries,
            local=True,
            way=way,
        )
    service = of_settings(config)
    secret = config.require_api_key()
    found = config.api_key()
    return Client(
        base_url=config.get("base_url"),
        api_key=secret,
        key_source=found.source if found else "",
        service=service,
        organization=config.get("organization"),
        project=config.get("project"),
        timeout=timeout,
        retries=retries,
        way=way,
    )
