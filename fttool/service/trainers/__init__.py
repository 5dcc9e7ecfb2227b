"""What a trainer is: examples in, steps with real metrics, checkpoints that are usable models.

A trainer is one folder here and one line in TRAINERS. It knows nothing of jobs, stores or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

#: Trainer names, and where each is: "module:object", imported on use.
TRAINERS: dict[str, str] = {"baseline": "fttool.service.trainers.baseline.trainer:BASELINE"}

#: The token that ends a completion.
END = ""


class DamagedModel(ValueError):
    """A model's folder does not hold what a model's folder holds."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a trainer sees. Chats are rendered to text before."""

    prompt: str
    completion: str


class Examples(Protocol):
    """The examples of a file. Iterating again reads again; they are never all in memory."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Example]: ...


@dataclass(frozen=True)
class Hyperparameters:
    """As asked for. None is "auto"."""

    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None


def _always() -> None:
    """The job is alive."""


@dataclass(frozen=True)
class Task:
    """What to train on, and how.

    `scratch` is an empty folder for the trainer's own temporary data. `parent` is the folder of a model or checkpoint
    to continue from; `resume` that of a checkpoint of this very job to go on from. `alive` is to be called every 0.5 s
    or oftener during long work; what it raises ends the training.
    """

    train: Examples
    valid: Examples | None
    hyperparameters: Hyperparameters
    seed: int
    scratch: Path
    parent: Path | None = None
    resume: Path | None = None
    alive: Callable[[], None] = _always


@dataclass(frozen=True)
class Plan:
    """The hyperparameters, resolved, and what they come to. `trained_tokens` is over all epochs."""

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float
    steps_per_epoch: int
    total_steps: int
    trained_tokens: int


@dataclass(frozen=True)
class StepMetrics:
    """One mini-batch, measured before the weights changed. Loss is nats a token; accuracies are shares (0 to 1)."""

    loss: float
    token_accuracy: float
    sequence_accuracy: float
    tokens: int
    examples: int


@dataclass(frozen=True)
class Validation:
    """The same measures, of validation examples."""

    loss: float
    token_accuracy: float
    sequence_accuracy: float


class Run(Protocol):
    """A training in progress. `step` counts the steps done; `note` says in one sentence what was made of the data."""

    plan: Plan
    step: int
    note: str

    def advance(self) -> StepMetrics:
        """Train the next step."""
        ...

    def validate(self, *, full: bool) -> Validation:
        """Measure the whole validation file, or with `full` False a batch of it, seeded by the step."""
        ...

    def save(self, folder: Path) -> None:
        """Write a usable model, and all that is needed to resume, into an empty folder."""
        ...


class Distribution(NamedTuple):
    """Candidates for the next token (END among them where the text may end), and natural logarithms that sum to 1.

    `sharpness`: when tokens are drawn, the temperature is divided by it. It changes no probability that is told.
    """

    tokens: Sequence[str]
    logprobs: NDArray[float32]
    sharpness: float = 1.0


class Scored(NamedTuple):
    """A token of a given text. `top`: the best candidates at its place, best first, at most 20."""

    token: str
    logprob: float
    top: list[tuple[str, float]]


class Continuation(Protocol):
    """A prompt being answered."""

    def next(self, so_far: Sequence[str]) -> Distribution:
        """What may come after the tokens generated until now."""
        ...


class Model(Protocol):
    """A trained model, loaded."""

    def tokenize(self, text: str) -> list[str]:
        """The tokens of a text. Joined they are the text."""
        ...

    def score(self, text: str) -> list[Scored]:
        """Each token given those before it; a label at the end of the text scores as the label."""
        ...

    def begin(self, prompt: str) -> Continuation: ...


class Trainer(Protocol):
    """One way to train. `description` is a sentence for events and documentation."""

    name: str
    description: str

    def begin(self, task: Task) -> Run:
        """Get ready for the next step. Raises DamagedModel if what the task goes on from cannot be read."""
        ...

    def load(self, folder: Path) -> Model:
        """Read a trained model. Raises DamagedModel if it is not whole and sound."""
        ...


def get_trainer(name: str) -> Trainer:
    """The trainer of that name. Raises KeyError for one that is not in TRAINERS."""
    module, _, attribute = TRAINERS[name].partition(":")
    return cast(Trainer, getattr(import_module(module), attribute))
