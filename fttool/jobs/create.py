"""Start a job, once.

No request to create a job is sent blindly again: the SDK sends no idempotency key, so a second one is a second job, and
paid for. When it is not known whether the service took the first (no answer, a fault of its own, an answer that is no
job), the job is looked for. Only an answer that says "not now" lets fttool ask again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fttool.errors import ServiceError
from fttool.jobs import checked
from fttool.jobs.sending import NOT_READY
from fttool.records.jobs import FileView, JobView

if TYPE_CHECKING:
    from fttool.jobs.client import Client

#: Seconds before each look for a job that may be there: the service may be at it still.
LOOKS = (0.0, 1.0, 2.0, 4.0, 8.0)

#: Seconds between two attempts while too many jobs are active: the first pause and the longest one.
QUEUE_PAUSES = (10.0, 120.0)

#: Seconds to wait for a new file to be ready, and between two attempts.
PROCESSING, PROCESSING_PAUSE = 180.0, 3.0

#: A service that asks to wait no longer than this many seconds is obeyed without `--wait-in-queue`.
_SHORT_WAIT = 60.0

#: How many of the newest jobs are looked through, and how far the clock of the service may be off (seconds).
_NEWEST, _CLOCKS = 50, 300

#: With these no request has left this machine: the names of what the SDK's HTTP library says then.
_NOT_SENT = ("ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol")

#: What a service shows for a hyperparameter that it has not settled yet. Azure: -1.
_NOT_SAID = (None, "auto", -1)

Tell = Callable[[str], None]


def create_job(client: Client, body: Mapping[str, Any], *, tell: Tell, wait_in_queue: bool = False) -> JobView:
    """Create the job, or find it if the service took it and did not say so. `tell` is told of waits.

    Raises ServiceError: the service refuses, or it is not known whether it has the job (the hint says what to do).
    """
    patience = _Patience(client, tell, wait_in_queue)
    while True:
        known = _newest_ids(client)
        started = time.time()
        try:
            with client.speaking("create the job"):
                answer = client.once.fine_tuning.jobs.with_raw_response.create(
                    model=body["model"], training_file=body["training_file"], extra_body=dict(body)
                )
                return checked.job(answer)
        except ServiceError as error:
            if _is_unclear(error):
                return _look_for(client, body, known, started, error, tell)
            patience.wait(error)


def wait_until_ready(client: Client, file: FileView, tell: Tell) -> FileView:
    """Wait until the service has looked at a new file, if it is at it. Raises ServiceError if it refuses the file."""
    from fttool.jobs.files import get_file

    until = time.monotonic() + PROCESSING
    if file.status in NOT_READY:
        tell(f"waiting for the service to look at {file.filename or file.id}")
    while file.status in NOT_READY and time.monotonic() < until:
        time.sleep(PROCESSING_PAUSE)
        file = get_file(client, file.id)
    if file.status == "error":
        why = file.raw.get("status_details") or "it does not say why"
        raise ServiceError(f"the service cannot use file `{file.id}`: {why}")
    return file


class _Patience:
    """Waits after a refusal that means "not now", as long as there is hope; else raises the refusal."""

    def __init__(self, client: Client, tell: Tell, wait_in_queue: bool) -> None:
        self._client = client
        self._tell = tell
        self._queue = wait_in_queue
        self._attempts = 0
        self._pause = QUEUE_PAUSES[0]
        self._ready_by = time.monotonic() + PROCESSING

    def wait(self, error: ServiceError) -> None:
        """Sleep until the next attempt, or raise `error`."""
        if _was_not_sent(error) and self._attempts < self._client.retries:
            self._attempts += 1
            time.sleep(0.5 * 2**self._attempts)
        elif _is_processing(error) and time.monotonic() < self._ready_by:
            self._tell("the service is still looking at the file: waiting")
            time.sleep(PROCESSING_PAUSE)
        elif error.status == 429 and error.code != "insufficient_quota":
            self._wait_for_turn(error)
        else:
            raise error

    def _wait_for_turn(self, error: ServiceError) -> None:
        asked = error.retry_after
        if self._queue:
            pause = max(asked or 0.0, self._pause)
            self._pause = min(self._pause * 1.5, QUEUE_PAUSES[1])
            self._tell(f"{error.message}; next attempt in {pause:.0f} s")
        elif asked is not None and asked <= _SHORT_WAIT and self._attempts < self._client.retries:
            self._attempts += 1
            pause = asked
        else:
            error.hint = "`--wait-in-queue` waits until the service takes the job"
            raise error
        time.sleep(pause)


def _is_unclear(error: ServiceError) -> bool:
    """Whether the service may have created the job all the same."""
    if error.status is None:
        return not _was_not_sent(error)
    return error.status >= 500 or error.status in (408, 409)


def _was_not_sent(error: ServiceError) -> bool:
    cause: BaseException | None = error.__cause__
    while cause is not None:
        if type(cause).__name__ in _NOT_SENT:
            return True
        cause = cause.__cause__
    return False


def _is_processing(error: ServiceError) -> bool:
    """A file that was just uploaded can be refused for a while (400, recorded in 2023)."""
    text = error.message.lower()
    return error.status == 400 and "file" in text and bool(re.search(r"process(ed|ing)|not (yet )?ready|pending", text))


def _newest_ids(client: Client) -> set[str] | None:
    """The ids of the newest jobs; None if the service does not tell."""
    try:
        return {job.id for job in _newest(client)}
    except ServiceError:
        return None


def _newest(client: Client) -> list[JobView]:
    with client.speaking("list jobs"):
        answer = client.sdk.fine_tuning.jobs.with_raw_response.list(limit=_NEWEST)
        return [checked.job(item) for item in checked.page(answer, "jobs").items]


def _look_for(
    client: Client, body: Mapping[str, Any], known: set[str] | None, started: float, error: ServiceError, tell: Tell
) -> JobView:
    """The job that a request without a clear answer has made. Raises ServiceError if it is not to be found."""
    tell(f"{error.message}: looking whether the job is there")
    looked = False
    for pause in LOOKS:
        time.sleep(pause)
        try:
            jobs = _newest(client)
        except ServiceError:
            continue
        looked = True
        fitting = [job for job in jobs if _is_new(job, known, started) and _fits(client, job, body)]
        if len(fitting) == 1:
            tell(f"the job is there: {fitting[0].id}")
            return fitting[0]
        if fitting:
            ids = ", ".join(job.id for job in fitting)
            raise ServiceError(
                f"{error.message}; there are {len(fitting)} new jobs like the one asked for: {ids}",
                hint=f"`fttool follow ID{client.way}` follows one of them, `fttool cancel ID{client.way}` ends one",
                temporary=True,
            ) from error
    what = "no such job is to be seen" if looked else "the jobs cannot be listed either"
    raise ServiceError(
        f"{error.message}; it is not known whether the job was created: {what}",
        hint=f"`fttool list{client.way}` shows it if it was; if it is not there, run the same command again "
        "(what is uploaded is not sent again)",
        status=error.status,
        request_id=error.request_id,
        temporary=True,
    ) from error


def _is_new(job: JobView, known: set[str] | None, started: float) -> bool:
    if known is not None and job.id in known:
        return False
    return job.created_at is None or job.created_at >= started - _CLOCKS


def _fits(client: Client, job: JobView, body: Mapping[str, Any]) -> bool:
    """Whether a job is what was asked for, as far as the service shows it."""
    if job.training_file != body["training_file"] or job.validation_file != body.get("validation_file"):
        return False
    if "seed" in body and job.seed not in (body["seed"], None):
        return False
    suffix = job.raw.get("user_provided_suffix") or job.raw.get("suffix")
    if isinstance(suffix, str) and suffix != body.get("suffix"):
        return False
    if "metadata" in job.raw and dict(job.metadata) != body.get("metadata", {}):
        return False
    return _same_model(client, job.model, body["model"]) and _same_hyperparameters(job, body)


def _same_model(client: Client, shown: str | None, asked: str) -> bool:
    """An alias is shown as the snapshot it stands for; fttool's own service trains other names as its own model."""
    if shown is None or client.local or asked.startswith("ft:"):
        return True
    return shown.startswith(asked) or asked.startswith(shown)


def _same_hyperparameters(job: JobView, body: Mapping[str, Any]) -> bool:
    method = body.get("method") or {}
    asked = body.get("hyperparameters") or method.get(method.get("type", ""), {}).get("hyperparameters") or {}
    kind = (job.method or {}).get("type")
    if kind is not None and kind != method.get("type", "supervised"):
        return False
    inner = (job.method or {}).get(kind or "", {})
    shown = {**job.hyperparameters, **(inner.get("hyperparameters") or {} if isinstance(inner, Mapping) else {})}
    return all(shown[name] in (value, *_NOT_SAID) for name, value in asked.items() if name in shown and value != "auto")
