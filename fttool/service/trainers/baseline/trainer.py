"""The trainer itself: looks at the data once, then trains a classifier on labels, or nearest examples on free text."""

from __future__ import annotations

from pathlib import Path

from fttool.service.trainers import DamagedModel, Model, Run, Task
from fttool.service.trainers.baseline import label_model, text_files, text_model
from fttool.service.trainers.baseline.census import take
from fttool.service.trainers.baseline.kind import are_labels, ending_of
from fttool.service.trainers.baseline.label_model import LabelModel
from fttool.service.trainers.baseline.storage import read_header
from fttool.service.trainers.baseline.text_model import TextModel


class Baseline:
    """A trainer that needs no model to start from. Model and run are of the kind that the completions ask for."""

    name = "baseline"
    description = "a small statistical baseline trained only on your file; not a language model"

    def begin(self, task: Task) -> Run:
        """Read the files and get ready for the next step.

        Raises:
            ValueError: there are no examples.
            DamagedModel: the parent or the checkpoint cannot be read, or is not of this data.
        """
        from fttool.service.trainers.baseline.label_run import LabelRun
        from fttool.service.trainers.baseline.text_run import TextRun

        census = take(task.train, task.alive)
        if not census.examples:
            raise ValueError("there are no examples to train on")
        parent = self._load(task.parent) if task.parent is not None else None
        ending = ending_of(census.completions)
        if are_labels(census.completions, ending):
            labels = parent if isinstance(parent, LabelModel) else None
            run: LabelRun | TextRun = LabelRun(task, census, ending, labels)
            other = parent is not None and labels is None
        else:
            text = parent if isinstance(parent, TextModel) else None
            run = TextRun(task, census, text)
            other = parent is not None and text is None
        if other:
            run.note += " The model to continue from is of the other kind, so this one starts anew."
        return run

    def load(self, folder: Path) -> Model:
        """Read a trained model. Raises DamagedModel if it is not whole and sound."""
        return self._load(folder)

    def _load(self, folder: Path) -> LabelModel | TextModel:
        header = read_header(folder, "model")
        if header.kind == label_model.KIND:
            return label_model.load(folder)
        if header.kind == text_model.KIND:
            return text_files.load(folder)
        raise DamagedModel(f"{folder} holds a model of the unknown kind {header.kind!r}")


BASELINE = Baseline()
