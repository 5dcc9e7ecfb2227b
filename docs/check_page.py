"""docs/checks.md: every check by the shapes it judges, with what it says of an example and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator

from check_examples import EXAMPLES as COMMON
from check_sources import SOURCES
from row_examples import EXAMPLES as ROWS

from fttool import Finding
from fttool.dataset.checks import CHECKS, Check
from fttool.dataset.checks.base import EVERY
from fttool.dataset.checks.rules import RuleCheck
from fttool.rules import RULES

EXAMPLES = {**COMMON, **ROWS}

INTRODUCTION = """<!-- Made by `make docs` from fttool/dataset/checks and docs/check_*.py: change it there. -->
# The checks of prepare_data

Each check looks at the data and may say something: a *finding*. A finding has a severity:

- **error**: training on this data fails or makes no sense.
- **warning**: the model gets worse, or the service refuses some rows.
- **hint**: worth knowing.

Some findings can be mended. Their *fix* is

- **required**: always applied, since no service takes the data without it;
- **recommended**: asked for on a terminal, applied with `--yes` or `--fix ID`, left out with `--no-fix ID`;
- **optional**: applied with `--fix ID` only, or with `--fix errors` where it is that of an error.

`fttool prepare_data FILE --check` ends with exit code 1 when there is an error, or a fix that is more than optional.
The split into training and validation examples is decided like a fix, by the id `split`.

A finding names the rows it is about, by file and line, and, where it looks inside a row, the places: a path such as
`messages[2].content`, and what is wrong there. In the examples below each line is one row of a file, and the text under
it is what `prepare_data` says. Under each stands where the rule comes from.

- [Every shape](#every-shape)
- [Prompts and completions](#prompts-and-completions)
- [Messages](#messages), [parts and images](#parts-and-images), [tools](#tools)
- [Preferences](#preferences), [prompts for reinforcement](#prompts-for-reinforcement)
- [What a service refuses](#what-a-service-refuses)
"""

#: The parts of the page, with a word on each.
GROUPS = {
    "Every shape": "",
    "Prompts and completions": "These checks run in the order of the legacy tool.",
    "Messages": "Of chats, and of the messages in preferences and prompts for reinforcement.",
    "Parts and images": "Of contents that are lists.",
    "Tools": "",
    "Preferences": "",
    "Prompts for reinforcement": "",
}

_PARTS = ("content-part", "part-not-trained")


def page() -> str:
    """The page as Markdown. Raises SystemExit when a check has no example or no source."""
    ids = {check.id for check in CHECKS}
    for what, known in (("an example", set(EXAMPLES)), ("a source", set(SOURCES))):
        if strange := ids ^ known:
            raise SystemExit(f"without {what}, or no check: {', '.join(sorted(strange))}")
    findings = {check.id: EXAMPLES[check.id].finding(check.id) for check in CHECKS}
    lines = [INTRODUCTION]
    for title, word in GROUPS.items():
        checks = [check for check in CHECKS if group_of(check) == title]
        lines += ["", f"## {title}", *(["", word] if word else []), "", "| check | severity | fix |", "|---|---|---|"]
        lines += [_row(check, findings[check.id]) for check in checks]
        for check in checks:
            lines += _entry(check, findings[check.id])
    lines += _refusals()
    return "\n".join(lines) + "\n"


def group_of(check: Check) -> str:
    """The part of the page a check stands in."""
    if check.shapes == EVERY:
        return "Every shape"
    if check.shapes[0] == "completion":
        return "Prompts and completions"
    if check.id.startswith(("tool-", "parallel-")):
        return "Tools"
    if check.id.startswith("image-") or check.id in _PARTS:
        return "Parts and images"
    if len(check.shapes) == 1 and check.shapes[0] != "chat":
        return "Preferences" if check.shapes[0] == "preference" else "Prompts for reinforcement"
    return "Messages"


def _row(check: Check, finding: Finding) -> str:
    example, level = EXAMPLES[check.id], finding.fix.level if finding.fix else "none"
    return f"| [`{check.id}`](#{check.id}) | {example.severity or finding.severity} | {example.fix or level} |"


def _entry(check: Check, finding: Finding) -> Iterator[str]:
    example = EXAMPLES[check.id]
    yield from ("", f"### `{check.id}`", "", _summary(check), "", example.why, "", *example.shown(), "", "```text")
    yield f"{finding.severity}: {finding.message}"
    for place in finding.places[:3]:
        yield f"  line {place.line}: {place.path} {place.message}".replace("  ", " ").replace(" line", "  line", 1)
    if finding.fix:
        yield f"fix ({finding.fix.level}): {finding.fix.action}"
    yield from ("```", "", f"Source: {SOURCES[check.id]}.")


def _summary(check: Check) -> str:
    """The docstring of a check; of a rule, which shares its class with others, what it says of a row."""
    if isinstance(check, RuleCheck):
        return f"Told when a {check.rule.one}."
    kind = type(check)
    what = getattr(check, "what", None)
    text = kind.__doc__ or (f"Told when {what[1]}." if what else kind.__mro__[1].__doc__)
    return " ".join((text or "").split())


def _refusals() -> Iterator[str]:
    """What no service takes, by the rules that fttool's own service shares."""
    refused: dict[tuple[str, ...], list[str]] = {}
    for rule in RULES.values():
        if rule.severity == "error":
            refused.setdefault(rule.shapes, []).append(f"`{rule.id}`")
    yield from ("", "## What a service refuses", "")
    yield "fttool's own service judges the rows of a training file by the same rules, and refuses a file with one of"
    yield "these errors:"
    yield ""
    for shapes, ids in refused.items():
        yield f"- in {', '.join(f'{shape} examples' for shape in shapes)}: {', '.join(ids)}"
