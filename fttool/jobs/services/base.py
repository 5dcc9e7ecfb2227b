"""What fttool knows of a kind of service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fttool.catalog import models

#: How what is said here of a service was checked.
Checked = Literal["documentation", "recorded answer", "live"]

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """One kind of service: what it accepts and how it deviates. Sizes in bytes, pauses in seconds.

    The defaults are OpenAI's contract; a service says only what differs. fttool trusts none of it more than it must:
    order, statuses and missing values are coped with everywhere, whatever is said here.
    """

    name: str
    title: str
    checked: Checked
    checked_on: str  # YYYY-MM-DD
    #: Ends of the host names by which an address is recognised.
    hosts: tuple[str, ...] = ()

    # creating a job
    hyperparameters: Literal["method", "top"] = "method"  # where the supervised ones go in the request
    methods: tuple[str, ...] = ("supervised", "dpo", "reinforcement")
    extra_parameters: tuple[str, ...] = ()  # fields of the job's body that only this service has
    extra_hyperparameters: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ("wandb",)
    suffix_pattern: str = r".*"
    suffix_length: int = 64
    metadata: bool = True  # may be given
    metadata_filter: bool = True  # jobs can be listed by it

    # files
    file_limit: int = 512 * MB
    parts: bool = True  # the uploads endpoints exist
    part_size: int = 64 * 1024 * 1024  # the most a part may hold
    upload_limit: int = 8_000 * MB
    byte_order_mark: bool = False  # training files should begin with one
    expires_after: bool = True  # may be given with a file
    expires_after_required: bool = False
    files_paged: bool = True  # GET /files takes limit, after and order

    images: int = 10  # an example may have

    # jobs
    pause: bool = True
    statuses: tuple[str, ...] = ()  # besides those of the contract
    events_first: Literal["newest", "oldest"] = "newest"
    checkpoints_first: Literal["newest", "oldest"] = "newest"
    poll: float = 5.0  # between two looks at a job
    settle: float = 2.0  # after a job's end, events may still come for so long
    names_model: bool = True  # `fine_tuned_model` is filled when a job has succeeded

    # after training
    deploy: str | None = None  # why, and the command that makes the model answer; {model} stands for its name
    closing: str | None = None  # what its end of fine-tuning means and what to do, a line each
    legacy_parameters: bool = False  # knows compute_classification_metrics and the like
    deviations: tuple[str, ...] = ()

    @property
    def largest_file(self) -> int:
        """Bytes of the largest training file that can be sent, in parts if need be."""
        return self.upload_limit if self.parts else self.file_limit

    def shutdown_date(self, model: str) -> str | None:
        """The day (YYYY-MM-DD) on which a base model and all that is tuned from it stop to answer, if it is known."""
        return models.shutdown_date(model, self.name)

    def deployment(self, model: str) -> str | None:
        """What must happen before `model` answers; None if nothing."""
        return None if self.deploy is None else self.deploy.replace("{model}", model)
