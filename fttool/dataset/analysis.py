"""Profile the inputs, let the checks judge, and collect what was decided: everything before a byte is written."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from fttool.dataset.blocks import GONE, TRAIN, profile_block
from fttool.dataset.checks import BY_ID, CHECKS
from fttool.dataset.checks.base import Check, Spec, State, Verdict
from fttool.dataset.ends import existing_separator, existing_stop
from fttool.dataset.formats.base import BadRow
from fttool.dataset.identity import Repeats, count_distinct, find_repeats
from fttool.dataset.parallel import Runner
from fttool.dataset.places import Places
from fttool.dataset.profile import Profile
from fttool.dataset.steps import Step
from fttool.errors import DataError
from fttool.records import InputFile, Task

#: Says whether a fix is to be applied.
Decide = Callable[[Check, Verdict], bool]

#: Told how far a pass is: what it does, bytes read, bytes in all, rows read.
Progress = Callable[[str, int, int, int], None]

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
    def examples(self) -> int:
        """How many rows will be written."""
        return self.gone.count(TRAIN)


class Analyst:
    """Runs the passes over the inputs and the checks over their profiles; remembers profiles already made."""

    def __init__(
        self,
        runner: Runner,
        spec: Spec,
        inputs: Sequence[InputFile],
        first_validation: int | None,
        progress: Progress | None,
    ) -> None:
        self.runner = runner
        self.first_spec = spec
        self.inputs = inputs
        self.first_validation = first_validation
        self.progress = progress
        self.places = Places()
        self.rejected: list[tuple[int, BadRow]] = []
        self._counted: tuple[array[int], int] | None = None
        self._known: dict[tuple[Spec, bytes | None], Profile] = {}

    def analyse(self, decide: Decide) -> Analysis:
        """Judge stage by stage; each fix is decided on the rows and texts it will really meet.

        Raises:
            DataError: a row that cannot be read, or nothing is left.
        """
        spec, profile = self._profile(self.first_spec, None)
        if not any(profile.keys):
            raise self._nothing_left(profile)
        verdicts: dict[str, Verdict] = {}
        state = self._state(profile, spec, verdicts, self._gone(profile, {}))
        self._judge("rows", state, verdicts, decide)
        self._judge_case(spec, profile, verdicts, decide)
        spec, profile, state = self._again(spec, profile, state, verdicts, decide)
        profile, state = self._form(spec, profile, state, verdicts, decide)
        return Analysis(
            profile, spec, state.repeats, state.task, state.classes, verdicts, self.places, self.rejected, state.gone
        )

    def _judge_case(self, spec: Spec, profile: Profile, verdicts: dict[str, Verdict], decide: Decide) -> None:
        """Judge the share of capitals again if it hangs on rows that are removed."""
        removed = sum(len(verdict.rows) for verdict in verdicts.values() if verdict.accepted and verdict.drops)
        stats = {"upper-case-prompt": profile.prompt, "upper-case-completion": profile.completion}
        doubtful = [one for one, stat in stats.items() if removed and stat.case_hangs_on(removed)]
        if not doubtful:
            return
        gone = self._gone(profile, verdicts)
        _, rest = self._profile(spec, bytes(gone))
        for one in doubtful:
            self._judge_one(BY_ID[one], self._state(rest, spec, verdicts, gone), verdicts, decide)

    def _form(
        self, spec: Spec, profile: Profile, state: State, verdicts: dict[str, Verdict], decide: Decide
    ) -> tuple[Profile, State]:
        """Judge what the texts have in common; once more if the fixes for that leave another task to judge by."""
        while True:
            self._judge("form", state, verdicts, decide)
            if not any(verdicts[one].merges and verdicts[one].accepted for one in BY_STAGE["form"] if one in verdicts):
                return profile, state
            # Texts that differed only by what these steps change are duplicates now.
            steps = (*spec.steps, *_steps(verdicts, "form"))
            others = {one: verdicts[one] for one in verdicts if one != "duplicate-rows"}
            gone = self._gone(profile, others)
            _, changed = self._profile(replace(spec, steps=steps), bytes(gone))
            profile = replace(profile, keys=changed.keys, answers=changed.answers, labels=changed.labels)
            final = self._state(profile, spec, verdicts, gone)
            self._judge_one(BY_STAGE["rows"]["duplicate-rows"], final, verdicts, decide)
            final = self._state(profile, spec, verdicts, self._gone(profile, verdicts), final.repeats)
            if final.task == state.task:
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
            spec, profile = self._profile(replace(spec, steps=steps), mask)
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
        if check.shape is not None and (check.shape == "chat") != state.layout.is_chat:
            return
        verdict = check.judge(state)
        earlier = verdicts.get(check.id)
        if verdict is None:
            if earlier is not None and not earlier.accepted:
                del verdicts[check.id]  # what was said of rows that are gone, or changed, since
            return
        if earlier is not None and earlier.level is not None:
            verdict.accepted = earlier.accepted
        elif verdict.level is not None:
            verdict.accepted = verdict.level == "required" or decide(check, verdict)
        verdicts[check.id] = verdict

    def _gone(self, profile: Profile, verdicts: Mapping[str, Verdict]) -> bytearray:
        """GONE for each row that will not be written, TRAIN for the others."""
        gone = self._flags(profile.rows, verdicts)
        for at in profile.positions("empty-completion"):
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
        if spec.layout.is_chat:
            task, classes = _CHAT, 0
        else:
            classes = self._classes(profile)
            task = infer_task(profile, gone.count(TRAIN), classes)
        return State(profile, spec, task, classes, gone, repeats, self.inputs, verdicts)

    def _classes(self, profile: Profile) -> int:
        if self._counted is None or self._counted[0] is not profile.answers:
            self._counted = (profile.answers, count_distinct(profile.answers))
        return self._counted[1]

    def _repeats(self, profile: Profile) -> Repeats:
        border = None if self.first_validation is None else self.places.first_of(self.first_validation)
        return find_repeats(profile.keys, profile.answers, border)

    def _profile(self, spec: Spec, gone: bytes | None) -> tuple[Spec, Profile]:
        """Profile all inputs; again with the right ends where the first block had others than the whole."""
        if not spec.separator and not spec.stop:
            spec = self._guess_ends(spec)
        profile = self._pass(spec, gone)
        separator = existing_separator(profile.prompt)
        stop = existing_stop(profile.completion)
        if (separator, stop) != (spec.separator, spec.stop):
            spec = replace(spec, separator=separator, stop=stop)
            profile = self._pass(spec, gone)
        return spec, profile

    def _guess_ends(self, spec: Spec) -> Spec:
        if spec.layout.is_chat:
            return spec
        block = self.runner.spools[0].first()
        if block is None:
            return spec
        try:
            first = profile_block(block, spec)
        except DataError:
            return spec  # the pass that follows says what is wrong, and where
        return replace(
            spec,
            separator=existing_separator(first.prompt),
            stop=existing_stop(first.completion),
        )

    def _pass(self, spec: Spec, gone: bytes | None) -> Profile:
        known = self._known.get((spec, gone))
        if known is not None:
            return known
        profile, places = Profile(), Places()
        rejected: list[tuple[int, BadRow]] = []
        total, read = sum(table.size for table in self.runner.tables), 0
        starts = self.places.starts

        def flags(number: int) -> bytes | None:
            stop = starts[number + 1] if number + 1 < len(starts) else None
            return None if gone is None else gone[starts[number] : stop]

        for done in self.runner.run(profile_block, (spec,), flags):
            profile.merge(done.result)
            places.add(done.source, done.lines)
            rejected.extend((done.source, row) for row in done.bad)
            read += done.size
            if self.progress is not None:
                self.progress("checking", read, total, profile.rows)
        if self.places.rows and places.rows != self.places.rows:
            raise DataError("the input changed while it was being read", hint="run the command again")
        self.places, self.rejected = places, rejected
        self._known[(spec, gone)] = profile
        return profile

    def _nothing_left(self, profile: Profile) -> DataError:
        name = self.inputs[0].path
        return DataError(
            f"there is nothing to learn from: {profile.rows:,} rows, and every completion is empty",
            file=name,
            hint="check the column names (`--completion-column`)",
        )


def infer_task(profile: Profile, rows: int, classes: int) -> Task:
    """The task by the rule of the legacy tool: no prompts, few distinct completions, or neither."""
    if not profile.prompt.longest:
        return "open-ended generation"
    return "classification" if classes < rows / _CLASS_SHARE else "conditional generation"


def _stage(one: str) -> str:
    return "form" if one in BY_STAGE["form"] else "rows"


def _steps(verdicts: Mapping[str, Verdict], stage: str) -> tuple[Step, ...]:
    """The steps of the accepted fixes of a stage, in the order of the checks."""
    return tuple(
        step for one in BY_STAGE[stage] if one in verdicts and verdicts[one].accepted for step in verdicts[one].steps
    )


_CHAT: Task = "chat"

#: Checks whose rows may be others once texts were changed: what one fix leaves may be for another to mend.
_JUDGED_AGAIN = ("empty-completion", "edge-space", "duplicate-rows", "prompt-conflict", "leakage")

#: Checks that only count rows: judged again when rows went last.
_COUNTING = ("prompt-conflict", "few-examples", "identical-texts", "small-classes", "first-token")

#: Removing these rows changes what the others have in common; removing duplicates and empty rows does not.
_CHANGING_DROPS = frozenset({"over-long"})

BY_STAGE: dict[str, dict[str, Check]] = {
    stage: {check.id: check for check in CHECKS if check.stage == stage} for stage in ("rows", "form")
}
