"""effects.csv, partial.csv, unused.csv and trace.csv beside result.json."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from evidence.report.coherence.record import Incoherence
from evidence.report.result import EffectLine, PartialLine, QuestionResult, ResultFile, UnusedLine

FORMULA = ("=", "+", "-", "@", "\t", "\n")
RESULT = "result.json"


def read_csv(text: str) -> list[dict[str, str]]:
    """Read a table of cells; a line too long or too short keeps what it has."""
    rows = csv.DictReader(io.StringIO(text), restkey="beyond the head", restval="")
    return [{str(k): v if isinstance(v, str) else str(v) for k, v in r.items()} for r in rows]


def check_csvs(result: ResultFile, files: dict[str, str]) -> Iterator[Incoherence]:
    """Compare each CSV with the result, cell by cell; ``files`` holds their texts by name."""
    if "effects.csv" in files:
        mine = [
            {"question": q.id, "measure": q.measure, "unit": q.unit, **_flat(line)}
            for q in result.questions
            for line in q.effects
        ]
        yield from _compare("effects.csv", mine, read_csv(files["effects.csv"]))
    for file, name in (("partial.csv", "partial"), ("unused.csv", "unused")):
        if file in files:
            lines = [
                {"question": q.id, **line.model_dump()}
                for q in result.questions
                for line in _lines(q, name)
            ]
            yield from _compare(file, lines, read_csv(files[file]))
    if "trace.csv" in files:
        yield from _traces(result, read_csv(files["trace.csv"]))


def _lines(q: QuestionResult, name: str) -> Sequence[PartialLine | UnusedLine]:
    return q.partial if name == "partial" else q.unused


def _flat(line: EffectLine) -> dict[str, Any]:
    cells = line.model_dump()
    shown = cells.pop("shown")
    return cells | {f"shown_{name}": shown[name] for name in ("estimate", "low", "high")}


def _compare(
    file: str, mine: Sequence[dict[str, Any]], theirs: Sequence[dict[str, str]]
) -> Iterator[Incoherence]:
    if len(mine) != len(theirs):
        yield Incoherence(file, "lines", "number of lines", str(len(mine)), str(len(theirs)))
    for number, (right, found) in enumerate(zip(mine, theirs, strict=False), 1):
        name = right.get("row") or right.get("label") or ""
        where = f"line {number} ({right['question']}, {name})"
        for column in {**right, **found}:
            if column not in right or column not in found:
                what = f"column {column}"
                yield Incoherence(file, where, what, str(column in right), str(column in found))
            elif not _same(right[column], found[column]):
                yield Incoherence(file, where, column, _text(right[column]), found[column])


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _same(value: Any, cell: str) -> bool:
    """Whether a cell holds a value: numbers to ten digits, texts as a spreadsheet may hold them."""
    if value is None:
        return cell == ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        # A sign that a spreadsheet would run as a formula stands behind an apostrophe.
        text = str(value).replace("\r\n", "\n").replace("\r", "\n")
        return cell == (f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text)
    try:
        return abs(float(cell) - value) <= 1e-9 * abs(value)
    except ValueError:
        return False


def _traces(result: ResultFile, leaves: Sequence[dict[str, str]]) -> Iterator[Incoherence]:
    """Each effect has its trace down to printed figures or assumptions, and no other row has."""
    rows = {(q.id, line.row): line for q in result.questions for line in q.effects}
    traced: dict[tuple[str, str], list[dict[str, str]]] = {}
    for leaf in leaves:
        traced.setdefault((leaf.get("question", ""), leaf.get("row", "")), []).append(leaf)
    for question, row in sorted(set(rows) - set(traced)):
        yield Incoherence("trace.csv", f"{question}, {row}", "the effect has no trace")
    for question, row in sorted(set(traced) - set(rows)):
        yield Incoherence("trace.csv", f"{question}, {row}", "a trace of no effect")
    for name, own in traced.items():
        where = ", ".join(name)
        if name in rows and not any(leaf.get("figure") == "estimate" for leaf in own):
            yield Incoherence("trace.csv", where, "no trace of the estimate")
        read = {f"{leaf.get('report')}[{leaf.get('locator')}]" for leaf in own}
        for source in rows[name].sources.split("; ") if name in rows else ():
            if source not in read:
                yield Incoherence("trace.csv", where, "leads to no page of a source", source)
        for leaf in own:
            yield from _leaf(f"{where}, {leaf.get('address', '')}", leaf)


def _leaf(where: str, leaf: dict[str, str]) -> Iterator[Incoherence]:
    kind = leaf.get("kind", "")
    if kind == "reported" and not leaf.get("report"):
        yield Incoherence("trace.csv", where, "a printed figure without its report")
    if kind == "assumed" and not leaf.get("reason"):
        yield Incoherence("trace.csv", where, "an assumption without its reason")
    try:
        float(leaf.get("value", ""))
    except ValueError:
        yield Incoherence("trace.csv", where, "value", "a number", leaf.get("value", ""))
