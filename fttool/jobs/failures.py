"""Errors of the SDK in our words: what happened, why perhaps, and what to do about it. Never a key."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fttool.errors import FttoolError, KeyMissingError, ServiceError
from fttool.jobs.addresses import is_loopback, shown_address
from fttool.jobs.services import SERVICES

if TYPE_CHECKING:
    import openai

    from fttool.jobs.client import Client

#: Answers after which the same request may succeed. Source: the SDK's own list of what it tries again.
_TEMPORARY = (408, 409, 429)

_PROXY_VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")


def translate(error: openai.OpenAIError, what: str, client: Client) -> FttoolError:
    """Our error for one of the SDK's; `what` was being done (`list jobs`)."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ServiceError(
            f"could not {what}: {client.address} did not answer in time",
            hint="`--timeout SECONDS` waits longer" + _proxy_hint(client),
            temporary=True,
        )
    if isinstance(error, openai.APIConnectionError):
        return _unreachable(error, what, client)
    if isinstance(error, openai.APIStatusError):
        return _refused(error, what, client)
    return ServiceError(f"could not {what}: {_plain(str(error))}")


def _unreachable(error: openai.APIConnectionError, what: str, client: Client) -> ServiceError:
    reason = _reason(error)
    hint = "is the address right (`fttool config show`), and the network there?"
    if client.local:
        hint = "`fttool serve --status` says whether the service runs"
    elif "CERTIFICATE" in reason.upper():
        hint = "SSL_CERT_FILE names a file with the certificates that you trust"
    return ServiceError(
        f"could not {what}: no connection to {client.address}: {reason}",
        hint=hint + _proxy_hint(client),
        temporary=True,
    )


def _refused(error: openai.APIStatusError, what: str, client: Client) -> FttoolError:
    status = error.status_code
    said = _said(error)
    code = error.code if isinstance(error.code, str) and error.code else None
    if code == "training_not_available":
        return KeyMissingError(
            f"could not {what}: {said} (403)", hint=client.service.closing or SERVICES["openai"].closing
        )
    if status in (401, 403):
        return _key_refused(error, said, what, client)
    return ServiceError(
        f"could not {what}: {said} ({status})",
        hint=_hint(status, code, what, error, client),
        status=status,
        code=code,
        param=error.param if isinstance(error.param, str) else None,
        request_id=_request_id(error),
        retry_after=_retry_after(error),
        temporary=(status in _TEMPORARY or status >= 500) and code != "insufficient_quota",
    )


def _key_refused(error: openai.APIStatusError, said: str, what: str, client: Client) -> KeyMissingError:
    key = f"the key {client.api_key.masked} from {client.key_source}"
    if error.status_code == 401:
        profile = re.search(r" --profile \S+", client.way)
        hint = f"{key} was sent to {client.address}; `fttool login{profile[0] if profile else ''}` stores another"
    else:
        hint = f"{key} is known there but may not do this; another key, `--organization` or `--project` may"
    return KeyMissingError(f"could not {what}: {said} ({error.status_code})", hint=hint)


def _hint(status: int, code: str | None, what: str, error: openai.APIStatusError, client: Client) -> str | None:
    if status == 404 and code is None and not _names_a_thing(error.body):
        return f"is {client.address} the whole address? It mostly ends with /v1 (`fttool config show`)"
    if status == 404:
        return f"`fttool {_list_of(code, what)}{client.way}` shows what is there"
    if code == "insufficient_quota":
        return "the account has no credit left, or its limit is reached: waiting does not help"
    if status == 429:
        wait = _retry_after(error)
        return f"try again in {wait:g} seconds" if wait else "try again later"
    if status >= 500:
        number = _request_id(error)
        return f"the fault is on the side of the service; try again later{f' (request {number})' if number else ''}"
    return None


def _list_of(code: str | None, what: str) -> str:
    """The command that lists things of the kind that is missing."""
    if code == "model_not_found":
        return "models list"
    kinds = re.sub("`.*`", "", what)  # without the id: that may hold any word
    return next((f"{kind}s list" for kind in ("file", "model") if kind in kinds), "list")


def _said(error: openai.APIStatusError) -> str:
    """What the service gives as the reason: of OpenAI's envelope, of FastAPI's `detail`, of a page, or nothing."""
    body: Any = error.body
    if isinstance(body, Mapping):
        if isinstance(body.get("error"), Mapping):
            body = body["error"]
        for name in ("message", "detail", "error", "title"):
            if found := body.get(name):
                return _plain(_details(found))
    try:
        text = error.response.text
    except (OSError, RuntimeError, ValueError):
        text = ""
    if title := re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL):
        return f"the answer is a web page, `{_plain(title[1])}`"
    return _plain(text) or f"the service says no more than {error.status_code}"


def _details(found: object) -> str:
    """`body.model: Field required` for each of FastAPI's complaints."""
    if not isinstance(found, list):
        return str(found)
    parts = []
    for each in found:
        if isinstance(each, Mapping):
            where = each.get("loc")
            place = ".".join(map(str, where)) if isinstance(where, list) else ""
            parts.append(f"{place}: {each.get('msg')}" if place else str(each.get("msg")))
        else:
            parts.append(str(each))
    return "; ".join(parts)


def _names_a_thing(body: object) -> bool:
    """Whether a 404 says what is missing; a bare `Not Found` means that the address is wrong."""
    return isinstance(body, Mapping) and ("message" in body or body.get("detail", "Not Found") != "Not Found")


def _plain(text: str) -> str:
    """On one line, of a length that one reads, without a full stop at the end."""
    line = " ".join(text.split()).removesuffix(".")
    return line if len(line) <= 500 else f"{line[:500]}…"


def _reason(error: BaseException) -> str:
    """The innermost cause, in lower case: `connection refused`."""
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    text = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    text = _plain(text) or type(cause).__name__
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _proxy_hint(client: Client) -> str:
    if is_loopback(client.base_url):
        return ""
    for name in _PROXY_VARIABLES:
        value = os.environ.get(name) or os.environ.get(name.lower())
        if value:
            return f"\nrequests go through the proxy {shown_address(value)} ({name}); NO_PROXY names exceptions"
    return ""


def _request_id(error: openai.APIStatusError) -> str | None:
    found: str | None = error.request_id or error.response.headers.get("apim-request-id")
    return found


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds to wait, if the service says so in numbers."""
    headers = error.response.headers
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        return max(0.0, float(headers["retry-after"]))
    except (KeyError, ValueError):
        return None
