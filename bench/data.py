"""Files of made-up examples: seeded, so that every run and every machine measures the same bytes."""

from __future__ import annotations

import csv
import itertools
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

Pair = tuple[str, str]

_WORDS = """time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work number night point home water room mother area money
story fact month lot right study book eye job word business issue side kind head house service friend father power hour
game line end member law car city community name president team minute idea body information back parent face others
level office door health person art war history party result change morning reason research girl guy moment air teacher
force education refund order delivery package account invoice password payment card support ticket return shipping is
was has makes takes sees comes wants looks uses finds gives tells works calls tries asks needs feels good new first last
long great little own other old big high small large next early young important few public bad same able slow broken
Chloé Łukasz María 你好 Привет 😀 don't “quoted” 100% C:\\temp a,b "plain" """.split()  # noqa: SIM905
_LABELS = ("Positive", "negative", "Neutral", "mixed", "unknown")
_PREFIX = "Answer the customer's question politely and in full, using the notes below.\n\nCustomer: "


def pairs(kind: str, rows: int) -> Iterator[Pair]:
    """Prompts and completions with 2 % duplicates and 0.5 % empty completions: `text`, `prefix` or `label`."""
    pick = random.Random(7).random
    sentences = _sentences(4096)
    recent: list[Pair] = []

    def text(number: int, size: float) -> str:
        parts = [f"Ref {number}."]
        while size > 0:
            parts.append(sentences[int(pick() * 4096)])
            size -= len(parts[-1]) + 1
        return ("\n" if pick() < 0.1 else " ").join(parts)

    for number in range(rows):
        if recent and pick() < 0.02:
            yield recent[int(pick() * len(recent))]
            continue
        if kind == "label":
            pair = text(number, 60 + 100 * pick()), _LABELS[int(pick() ** 1.5 * 5)]
        elif kind == "prefix":
            prompt = _PREFIX + text(number, 60 + 100 * pick()) + "\n\nAgent:"
            pair = prompt, text(number, 30 + 50 * pick())
        else:
            pair = text(number, 120 + 230 * pick()), text(number, 100 + 210 * pick())
        if pick() < 0.005:
            pair = pair[0], ""
        recent[number % 500 : number % 500 + 1] = [pair]
        yield pair


def _sentences(count: int) -> list[str]:
    rng = random.Random(11)
    words = (rng.choices(_WORDS, k=rng.randint(4, 14)) for _ in range(count))
    return [" ".join(some).capitalize() + rng.choice("...!?") for some in words]


def chats(rows: int) -> Iterator[str]:
    """Conversations of one to four turns under a system message, as JSON lines: most are short, some very long."""
    pick = random.Random(7).random
    sentences = _sentences(4096)

    def text(size: float) -> str:
        parts = []
        while size > 0:
            parts.append(sentences[int(pick() * 4096)])
            size -= len(parts[-1]) + 1
        return " ".join(parts)

    for number in range(rows):
        messages = [{"role": "system", "content": "You help the customers of a shop, politely and in a few words."}]
        for turn in range(1 + int(4 * pick() ** 2)):
            asked = f"Ref {number}-{turn}. {text(20 + 130 * pick())}"
            messages += [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": text(20 / (pick() + 0.002))},
            ]
        yield json.dumps({"messages": messages}, ensure_ascii=False)


def write(kind: str, form: str, rows: int, path: Path) -> None:
    """A file of `rows` examples of that kind, as csv, tsv, txt, json, jsonl or xlsx; `chat` is JSONL only."""
    if kind == "chat":
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(line + "\n" for line in chats(rows))
        return
    source = pairs(kind, rows)
    if form == "xlsx":
        return _write_xlsx(source, path)
    with path.open("w", encoding="utf-8", newline="") as file:
        if form in ("csv", "tsv"):
            writer = csv.writer(file, delimiter="," if form == "csv" else "\t", lineterminator="\n")
            writer.writerows(itertools.chain([("prompt", "completion")], source))
        elif form == "txt":
            file.writelines(f"{prompt} {completion}".replace("\n", " ") + "\n" for prompt, completion in source)
        else:
            lines = (json.dumps({"prompt": one, "completion": two}, ensure_ascii=False) for one, two in source)
            if form == "jsonl":
                file.writelines(line + "\n" for line in lines)
            else:
                file.write("[\n" + next(lines))
                file.writelines(",\n" + line for line in lines)
                file.write("\n]\n")


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>
<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPES}.sharedStrings+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_RELATIONS}">
<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": f"""<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_RELATIONS}">
<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="r2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>""",
}


def _write_xlsx(source: Iterator[Pair], path: Path) -> None:
    """A workbook with a table of shared strings, as spreadsheet programs write it."""
    strings: dict[str, int] = {}

    def cell(column: str, row: int, text: str) -> str:
        at = strings.setdefault(text, len(strings))
        return f'<c r="{column}{row}" t="s"><v>{at}</v></c>' if text else ""

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in _PARTS.items():
            book.writestr(zipfile.ZipInfo(name), _HEAD + text)
        with book.open(zipfile.ZipInfo("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            for row, pair in enumerate(itertools.chain([("prompt", "completion")], source), 1):
                cells = cell("A", row, pair[0]) + cell("B", row, pair[1])
                sheet.write(f'<row r="{row}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        with book.open(zipfile.ZipInfo("xl/sharedStrings.xml"), "w", force_zip64=True) as table:
            table.write(f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(strings)}">'.encode())
            for text in strings:
                table.write(f'<si><t xml:space="preserve">{escape(text)}</t></si>'.encode())
            table.write(b"</sst>")
