"""How many examples there are, and how long they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fttool.dataset.checks.base import EVERY, ROWS, Check, Spec, State, Verdict, plural
from fttool.dataset.examples import Pairs
from fttool.dataset.row_tokens import count_row
from fttool.dataset.rows import Hit, Rows
from fttool.dataset.tokens import shape_of
from fttool.rules.parts import MOST_IMAGE_EXAMPLES


class FewExamples(Check):
    """Fewer than 100 examples (legacy: MIN_EXAMPLES) are few; fewer than 10 are refused by OpenAI's service."""

    id = "few-examples"
    stage = "form"
    shapes = EVERY
    few, least = 100, 10

    def judge(self, state: State) -> Verdict | None:
        count = state.training
        if count >= self.few:
            return None
        if count < self.least:
            return Verdict("error", f"the file has {plural(count, 'example')}; services refuse fewer than {self.least}")
        return Verdict(
            "hint",
            f"the file has {plural(count, 'example')}; a few hundred are better, and every doubling tends to improve "
            "the model about as much as the one before",
        )


class ModelShape(Check):
    """Today's chat models take `messages`; babbage-002 and davinci-002 take prompt and completion."""

    id = "model-shape"
    stage = "form"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        model, to = state.spec.model, state.layout.to
        wanted = None if model is None else shape_of(model)
        if wanted is None or wanted == to:
            return None
        takes = "chats (`messages`)" if wanted == "chat" else "a prompt and a completion"
        return Verdict("warning", f"`{model}` is trained on {takes}; write them with `--to {wanted}`")


class OverLong(Check):
    """Examples of more tokens than the model trains on: the service cuts or refuses them."""

    id = "over-long"
    shapes = EVERY

    def scan(self, pairs: Pairs, spec: Spec) -> Sequence[int]:
        most = spec.limit.tokens  # a token is at least one byte
        return [
            at
            for at, (prompt, completion) in enumerate(zip(pairs.prompt_data, pairs.completion_data, strict=True))
            if len(prompt) + len(completion) > most and spec.limit.exceeded(pairs.prompts[at], pairs.completions[at])
        ]

    def row_hits(self, rows: Rows, spec: Spec) -> Iterable[Hit]:
        limit = spec.limit
        for at, data in enumerate(rows.data):
            if len(data) <= limit.tokens:  # a token is at least one byte; a vocabulary is loaded for none in vain
                continue
            total = count_row(rows.rows[at], limit.counter.function()).total
            if total > limit.tokens:
                yield Hit(at, "", f"has {total:,} tokens, {total - limit.tokens:,} too many")

    def judge(self, state: State) -> Verdict | None:
        rows = state.profile.positions(self.id)
        if not rows or state.task == "open-ended generation":
            return None
        limit, whole = state.spec.limit, state.layout.keeps_rows
        estimate = " (estimated from their bytes)" if whole else " (estimated from the number of characters)"
        cut = ", and are cut there" if whole else ""
        return Verdict(
            "warning",
            f"{plural(len(rows), 'example is', 'examples are')} longer than {limit.tokens:,} tokens"
            f"{'' if limit.exact else estimate}{cut if len(rows) > 1 else cut.replace('are', 'is')}",
            rows,
            {"limit_tokens": limit.tokens, "exact": limit.exact},
            level="recommended",
            action=f"remove {plural(len(rows), 'over-long example')}",
            drops=True,
            notes=state.profile.notes.get(self.id, ()),
        )


class FileSize(Check):
    """A file larger than the service takes: OpenAI 8 GB, in parts; others 512 MB or so (`--service`).

    Source: OpenAI's API reference; what fttool knows of each service (docs/jobs.md).
    """

    id = "file-size"
    stage = "form"
    shapes = EVERY

    def judge(self, state: State) -> Verdict | None:
        size, most = state.profile.size, state.spec.limits.file_bytes
        if size <= most:
            return None
        return Verdict(
            "error",
            f"the examples have {size / 1e6:,.0f} MB; the service takes {most / 1e6:,.0f} MB at most",
            details={"bytes": size, "most": most},
        )


class ImageExamples(Check):
    """More examples with images than are trained on. Source: OpenAI's guide on vision fine-tuning."""

    id = "image-examples"
    shapes = ROWS

    def judge(self, state: State) -> Verdict | None:
        count = state.profile.pictured
        if count <= MOST_IMAGE_EXAMPLES:
            return None
        return Verdict("error", f"{count:,} examples hold images; at most {MOST_IMAGE_EXAMPLES:,} are taken")
