"""Let the checks judge the profile of the inputs, and collect what was decided: everything before a byte is written."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fttool.dataset.blocks import GONE, TRAIN
from fttool.dataset.checks import BY_ID, CHECKS, ROW_CHECKS
from fttool.dataset.checks.base import Check, Spec, State, Verdict
from fttool.dataset.formats.base import BadRow
from fttool.dataset.identity import Repeats, count_distinct, find_leaks, find_repeats
from fttool.dataset.parallel import Runner
from fttool.dataset.passes import Profiler, Progress
from fttool.dataset.places import Places
from fttool.dataset.profile import Profile
from fttool.dataset.steps import Step
from fttool.errors import DataError
from fttool.records.dataset import InputFile, Shape, Task

#: Says whether a fix is to be applied.
Decide = Callable[[Check, Verdict], bool]

#: Fewer distinct completions than this share of the rows make a classification (legacy: CLASSIFICATION_THRESHOLD).
_CLASS_SHARE = 3


@dataclass(slots=True)
class Analysis:
    """All that is known and decided about the inputs."""

    profile: Profile
    spec: Spec
    repeats: Repeats
    task: Task
    classes: int
    verdicts: dict[str, Verdict]
    places: Places
    rejected: list[tuple[int, BadRow]]
    gone: bytearray

    @property
    def late_steps(self) -> tuple[Step, ...]:
        """The steps of stage "form", which change every text."""
        return _steps(self.verdicts, "form")

    @property
    def undecided(self) -> bool:
        """Whether rows cannot be converted, and nobody has said that they may go: nothing is written then."""
        verdict = self.verdicts.get("cannot-convert")
        return verdict is not None and not verdict.accepted

    @property
    def examples(self) -> int:
        """How many rows will be written."""
        return self.gone.count(TRAIN)


class Analyst:
    """Runs the checks over the profile of the inputs, and the profiler again where a fix changed what others judge."""

    def __init__(
        self,
        runner: Runner,
        spec: Spec,
        inputs: Sequence[InputFile],
        first_validation: int | None,
        progress: Progress | None,
    ) -> None:
        self.profiler = Profiler(runner, progress)
        self.first_spec = spec
        self.inputs = inputs
        self.first_validation = first_validation
        self._counted: tuple[array[int], int] | None = None

    def analyse(self, decide: Decide) -> Analysis:
        """Judge stage by stage; each fix is decided on the rows and texts it will really meet.

        Raises:
            DataError: a row that cannot be read, or nothing is left.
        """
        spec, profile = self.profiler.profile(self.first_spec, None)
        if not any(profile.keys):
            raise self._nothing_left(profile)
        verdicts: dict[str, Verdict] = {}
        state = self._state(profile, spec, verdicts, self._gone(profile, {}))
        self._judge("rows", state, verdicts, decide)
        self._judge_case(spec, profile, verdicts, decide)
        spec, profile, state = self._again(spec, profile, state, verdicts, decide)
        profile, state = self._form(spec, profile, state, verdicts, decide)
        if not state.remaining:
            raise self._nothing_left(profile)
        return Analysis(
            profile,
            spec,
            state.repeats,
            state.task,
            state.classes,
            verdicts,
            self.profiler.places,
            self.profiler.rejected,
            state.gone,
        )

    def _judge_case(self, spec: Spec, profile: Profile, verdicts: dict[str, Verdict], decide: Decide) -> None:
        """Judge the share of capitals again if it hangs on rows that are removed."""
        removed = sum(len(verdict.rows) for verdict in verdicts.values() if verdict.accepted and verdict.drops)
        stats = {"upper-case-prompt": profile.prompt, "upper-case-completion": profile.completion}
        doubtful = [one for one, stat in stats.items() if removed and stat.case_hangs_on(removed)]
        if not doubtful:
            return
        gone = self._gone(profile, verdicts)
        _, rest = self.profiler.profile(spec, bytes(gone))
        for one in doubtful:
            self._judge_one(BY_ID[one], self._state(rest, spec, verdicts, gone), verdicts, decide)

    def _form(
        self, spec: Spec, profile: Profile, state: State, verdicts: dict[str, Verdict], decide: Decide
    ) -> tuple[Profile, State]:
        """Judge what the texts have in common; once more if the fixes for that leave another task to judge by."""
        rounds = 2  # a third would swing back: each of the two tasks may leave the other
        while True:
            self._judge("form", state, verdicts, decide)
            if not any(verdicts[one].merges and verdicts[one].accepted for one in BY_STAGE["form"] if one in verdicts):
                return profile, state
            # Texts that differed only by what these steps change are duplicates now.
            steps = (*spec.steps, *_steps(verdicts, "form"))
            others = {one: verdicts[one] for one in verdicts if one != "duplicate-rows"}
            gone = self._gone(profile, others)
            _, changed = self.profiler.profile(replace(spec, steps=steps), bytes(gone))
            profile = replace(profile, keys=changed.keys, answers=changed.answers, labels=changed.labels)
            final = self._state(profile, spec, verdicts, gone)
            self._judge_one(BY_STAGE["rows"]["duplicate-rows"], final, verdicts, decide)
            final = self._state(profile, spec, verdicts, self._gone(profile, verdicts), final.repeats)
            rounds -= 1
            if final.task == state.task or not rounds:
                for one in _COUNTING:
                    self._judge_one(BY_ID[one], final, verdicts, decide)
                return profile, final
            for one in BY_STAGE["form"]:
                verdicts.pop(one, None)
            state = final

    def _again(
        self, spec: Spec, profile: Profile, state: State, verdicts: dict[str, Verdict], decide: Decide
    ) -> tuple[Spec, Profile, State]:
        """Profile once more when accepted fixes changed texts, or removed rows that others were judged with."""
        steps = _steps(verdicts, "rows")
        removing = {one: verdicts[one] for one in _CHANGING_DROPS if one in verdicts and verdicts[one].accepted}
        if steps == spec.steps and not removing:
            return spec, profile, self._state(profile, spec, verdicts, self._gone(profile, verdicts), state.repeats)
        mask = bytes(self._flags(profile.rows, removing)) if removing else None
        while True:
            spec, profile = self.profiler.profile(replace(spec, steps=steps), mask)
            state = self._state(profile, spec, verdicts, self._gone(profile, removing))
            for one in _JUDGED_AGAIN:
                if one not in verdicts or not verdicts[one].steps:
                    self._judge_one(BY_ID[one], state, verdicts, decide)
            steps = _steps(verdicts, "rows")
            if steps == spec.steps:
                gone = self._gone(profile, verdicts)
                return spec, profile, self._state(profile, spec, verdicts, gone, state.repeats)

    def _judge(self, stage: str, state: State, verdicts: dict[str, Verdict], decide: Decide) -> None:
        for check in BY_STAGE[stage].values():
            self._judge_one(check, state, verdicts, decide)

    def _judge_one(self, check: Check, state: State, verdicts: dict[str, Verdict], decide: Decide) -> None:
        if state.layout.judged_as not in check.shapes:
            return
        verdict = check.judge(state)
        earlier = verdicts.get(check.id)
        if verdict is None:
            if earlier is not None and not earlier.accepted:
                del verdicts[check.id]  # what was said of rows that are gone, or changed, since
            return
        verdict.notes = state.profile.notes.get(check.id, ())
        if earlier is not None and earlier.level is not None:
            verdict.accepted = earlier.accepted
        elif verdict.level is not None:
            verdict.accepted = verdict.level == "required" or decide(check, verdict)
        verdicts[check.id] = verdict

    def _gone(self, profile: Profile, verdicts: Mapping[str, Verdict]) -> bytearray:
        """GONE for each row that will not be written, TRAIN for the others."""
        gone = self._flags(profile.rows, verdicts)
        for one in ("empty-completion", "cannot-convert"):
            for at in profile.positions(one):
                gone[at] = GONE
        return gone

    def _flags(self, rows: int, verdicts: Mapping[str, Verdict]) -> bytearray:
        """GONE for the rows that accepted fixes remove, TRAIN for the others."""
        gone = bytearray(rows)
        for verdict in verdicts.values():
            if verdict.accepted and verdict.drops:
                for at in verdict.rows:
                    gone[at] = GONE
        return gone

    def _state(
        self,
        profile: Profile,
        spec: Spec,
        verdicts: dict[str, Verdict],
        gone: bytearray,
        repeats: Repeats | None = None,
    ) -> State:
        repeats = self._repeats(profile) if repeats is None else repeats
        if spec.layout.keeps_rows:
            task, classes = _TASKS[spec.layout.shape], 0
        else:
            classes = self._classes(profile)
            task = infer_task(profile, gone.count(TRAIN), classes)
        return State(profile, spec, task, classes, gone, repeats, self.inputs, self._border, verdicts)

    def _classes(self, profile: Profile) -> int:
        if self._counted is None or self._counted[0] is not profile.answers:
            self._counted = (profile.answers, count_distinct(profile.answers))
        return self._counted[1]

    @property
    def _border(self) -> int | None:
        """The position of the first row of the validation file; None if there is none."""
        return None if self.first_validation is None else self.profiler.places.first_of(self.first_validation)

    def _repeats(self, profile: Profile) -> Repeats:
        border = self._border
        repeats = find_repeats(profile.keys, profile.answers, border)
        if border is not None:
            repeats.near_leaks = find_leaks(profile.near, border)
        return repeats

    def _nothing_left(self, profile: Profile) -> DataError:
        name = self.inputs[0].path
        failed = profile.notes.get("cannot-convert")
        if failed and len(profile.positions("cannot-convert")) == profile.rows:
            source, line = self.profiler.places.find(failed[0].at)
            return DataError(
                f"none of the {profile.rows:,} rows can be converted; the first: {failed[0].path} {failed[0].message}",
                file=self.inputs[source].path,
                line=line,
                hint="`--from` names another conversion, `--from none` takes the columns as they are",
            )
        if self.first_spec.layout.keeps_rows:
            return DataError(
                f"none of the {profile.rows:,} rows is left after the fixes that were asked for",
                file=name,
                hint="leave out the `--fix` that removes them, and correct the data by hand",
            )
        return DataError(
            f"there is nothing to learn from: of {profile.rows:,} rows none is left, for want of completions",
            file=name,
            hint="check the column names (`--completion-column`), and the fixes asked for",
        )


def infer_task(profile: Profile, rows: int, classes: int) -> Task:
    """The task by the rule of the legacy tool: no prompts, few distinct completions, or neither."""
    if not profile.prompt.longest:
        return "open-ended generation"
    return "classification" if classes < rows / _CLASS_SHARE else "conditional generation"


def _steps(verdicts: Mapping[str, Verdict], stage: str) -> tuple[Step, ...]:
    """The steps of the accepted fixes of a stage, in the order of the checks."""
    return tuple(
        step for one in BY_STAGE[stage] if one in verdicts and verdicts[one].accepted for step in verdicts[one].steps
    )


_TASKS: dict[Shape, Task] = {"chat": "chat", "preference": "preference", "reinforcement": "reinforcement"}

#: Checks whose rows may be others once texts were changed: what one fix leaves may be for another to mend.
_JUDGED_AGAIN = (
    *("empty-completion", "edge-space", "duplicate-rows", "prompt-conflict", "leakage", "near-leakage"),
    *(check.id for check in ROW_CHECKS),
)

#: Checks that only count rows: judged again when rows went last.
_COUNTING = ("prompt-conflict", "few-examples", "identical-texts", "small-classes", "first-token")

#: Removing these rows changes what the others have in common; removing duplicates and empty rows does not.
_CHANGING_DROPS = frozenset({"over-long"})

BY_STAGE: dict[str, dict[str, Check]] = {
    stage: {check.id: check for check in CHECKS if check.stage == stage} for stage in ("rows", "form")
}
