"""Request bodies as typed records with OpenAI's bounds; what does not fit is refused in its words.

The bounds are those of OpenAI's document of 21 Aug 2026 (CreateFineTuningJobRequest, CreateUploadRequest,
CompleteUploadRequest, FileExpirationAfter).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from fttool.service.api.body_faults import refusal
from fttool.service.refusals import bad

B = TypeVar("B", bound=Struct)

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
PURPOSES: tuple[str, ...] = get_args(Purpose)

Auto = Literal["auto"]
Epochs = Annotated[int, Meta(ge=1, le=50)] | Auto | None
BatchSize = Annotated[int, Meta(ge=1, le=256)] | Auto | None
Multiplier = Annotated[float, Meta(gt=0)] | Auto | None
Beta = Annotated[float, Meta(gt=0, le=2)] | Auto | None
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]


class Hyperparameters(Struct, forbid_unknown_fields=True):
    """Those of every method."""

    n_epochs: Epochs = "auto"
    batch_size: BatchSize = "auto"
    learning_rate_multiplier: Multiplier = "auto"


class PreferenceHyperparameters(Hyperparameters, forbid_unknown_fields=True):
    """Those of `dpo`."""

    beta: Beta = "auto"


class Supervised(Struct, forbid_unknown_fields=True):
    """Settings of the method `supervised`."""

    hyperparameters: Hyperparameters | None = None


class Preference(Struct, forbid_unknown_fields=True):
    """Settings of the method `dpo`."""

    hyperparameters: PreferenceHyperparameters | None = None


class Method(Struct, forbid_unknown_fields=True):
    """How to train. `reinforcement` is known so that it can be refused honestly."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: Supervised | None = None
    dpo: Preference | None = None
    reinforcement: Any = None


class Wandb(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Where Weights & Biases shall show the job."""

    project: str
    name: str | None = None
    entity: str | None = None
    tags: list[str] | None = None


class Integration(Struct, forbid_unknown_fields=True):
    """Another service that shall hear of the job."""

    type: Literal["wandb"]
    wandb: Wandb


class JobBody(Struct, forbid_unknown_fields=True):
    """POST /fine_tuning/jobs."""

    model: Annotated[str, Meta(min_length=1, max_length=512)]
    training_file: str
    validation_file: str | None = None
    method: Method | None = None
    hyperparameters: Hyperparameters | None = None
    suffix: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    seed: Annotated[int, Meta(ge=0, le=2147483647)] | None = None
    integrations: Annotated[list[Integration], Meta(max_length=5)] | None = None
    metadata: Metadata | None = None


class ExpiresAfter(Struct, forbid_unknown_fields=True):
    """When a file is to go: so many seconds after it came, an hour to 30 days."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=3600, le=2592000)]


class UploadBody(Struct, forbid_unknown_fields=True):
    """POST /uploads."""

    filename: Annotated[str, Meta(min_length=1, max_length=1024)]
    purpose: Purpose
    bytes: Annotated[int, Meta(ge=1)]
    mime_type: Annotated[str, Meta(max_length=256)]
    expires_after: ExpiresAfter | None = None


class CompleteBody(Struct, forbid_unknown_fields=True):
    """POST /uploads/{id}/complete."""

    part_ids: Annotated[list[str], Meta(min_length=1, max_length=10_000)]
    md5: Annotated[str, Meta(pattern="^[0-9a-fA-F]{32}$")] | None = None


class FileForm(Struct, forbid_unknown_fields=True):
    """The fields of POST /files beside the file."""

    purpose: Purpose
    expires_after: ExpiresAfter | None = None


def decode(raw: bytes, kind: type[B]) -> B:
    """The body that `raw` holds.

    Raises:
        Refusal: 400, it is not JSON, or a field is missing, unknown, of the wrong type or out of bounds: named in
            `param` as in `method.supervised.hyperparameters.n_epochs`.
    """
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise refusal(str(error), kind) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise bad(f"The body of the request is not valid JSON: {error}", code="invalid_json") from None


def convert(values: dict[str, Any], kind: type[B]) -> B:
    """The body that the fields of a form make; their values are texts. Raises Refusal as `decode` does."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refusal(str(error), kind) from None
