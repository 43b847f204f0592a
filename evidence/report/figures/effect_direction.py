"""effect_direction_plot: one arrow a study and domain, where sizes cannot be pooled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evidence.catalog.question import MEASURES_OF
from evidence.effects.table import EffectTable
from evidence.errors import ReportError, check_kind
from evidence.models.sign_test import SignTest, sign_test, study_direction
from evidence.report.figures.axes import TWO_COLUMNS, counted, refuse
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import RowSheet, Words, records_of
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, clean, style
from evidence.report.numbers import p_value, percent

# Colours of seaborn's palette that differ in grey too, and marks that differ without any colour.
LOOK: dict[str, tuple[tuple[str, ...], str]] = {
    "increase": (("^",), ORANGE),
    "decrease": (("v",), BLUE),
    "no_change": (("s",), GREY),
    "conflicting": (("<", ">"), GREY),
}
UNCHANGED, CONFLICTING = "said to be unchanged", "results in both directions"
# Numbers of people below which an arrow is small, or of middle size (Boon and Thomson 2021).
SIZES = ((50, 22.0), (300, 48.0), (float("inf"), 84.0))
UNKNOWN = 22.0
COLUMNS = ("study", "label", "domain", "direction", "n", "results", "said")
ROW, FIRST = 15.0, 2
FOOT = ("Pointing up, of those with a direction", "Share", "95 % interval", "Sign test")


def study_directions(table: EffectTable, domain: str = "") -> pd.DataFrame:
    """One line a study: its direction, whatever its P, from effects and from partial reports.

    Returns
    -------
    DataFrame
        Columns study, label, domain, direction (increase, decrease, no_change, conflicting or
        None), n (people; None where not printed), results (how many of them), said.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> study_directions(table_of([0.2, -0.1], [0.1, 0.3]))["direction"].tolist()
    ['increase', 'decrease']
    """
    parts = table.partial[table.partial["kind"] != "other_arms"]
    effects = table.rows.assign(
        direction=pd.Series(
            [_sign(float(x)) for x in table.rows["estimate"]], index=table.rows.index, dtype=object
        ),
        said=table.rows["said_treatment"].fillna(""),
    )
    columns = ["study", "label", "direction", "n_treatment", "n_control", "said"]
    records = [*records_of(effects[columns]), *records_of(parts[columns])]
    return directions_frame(records, domain)


def _sign(value: float) -> str | None:
    return "increase" if value > 0 else "decrease" if value < 0 else None


def directions_frame(records: list[dict[str, Any]], domain: str) -> pd.DataFrame:
    """Put the reports of each study together: one direction, the most people that one tells of."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(str(record["study"]), []).append(record)
    found = []
    for study, own in groups.items():
        sizes = [_people(record) for record in own]
        known = [n for n in sizes if n is not None]
        found.append(
            {
                "study": study,
                "label": own[0]["label"] or study,
                "domain": domain,
                "direction": study_direction([record["direction"] for record in own]),
                "n": max(known, default=None),
                "results": len(own),
                "said": "; ".join(dict.fromkeys(r["said"] for r in own if r["said"])),
            }
        )
    # A column with gaps would otherwise turn whole numbers into others.
    columns = {c: pd.Series([row[c] for row in found], dtype=object) for c in COLUMNS}
    return pd.DataFrame(columns, columns=list(COLUMNS))


def _people(record: dict[str, Any]) -> int | None:
    sizes = [record["n_treatment"], record["n_control"]]
    known = [int(n) for n in sizes if n is not None]
    return sum(known) if known else None


def effect_direction_plot(
    tables: EffectTable | Mapping[str, EffectTable],
    *,
    risk: Mapping[str, str] | None = None,
    words: tuple[str, str] = ("higher with treatment", "lower with treatment"),
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Show the direction of each study, one arrow a study and outcome domain.

    After the Cochrane Handbook, 12.4.2.3, and Boon and Thomson 2021: a study points up or down when
    at least 70 % of its results in a domain do, whether they are significant or not; arrows are
    larger with more people (50, 300). Below stand the share that points up, with its exact
    interval, and the sign test. Significant results are never counted.

    Parameters
    ----------
    tables : EffectTable, or mapping of domain to EffectTable
    risk : mapping of study to word, optional
        Risk of bias of the studies, shown in a column.
    words : (str, str)
        What up and down mean.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: study, label, domain, direction, n, results, said, a row a study and domain.

    Raises
    ------
    ReportError
        If a table is of levels, which have no direction; a study of ``risk`` is in none; or an
        option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.2, 0.4, -0.1], [0.1, 0.3, 0.2], labels=["a", "b", "c"])
    >>> effect_direction_plot({"Bone density": table}).data["direction"].tolist()
    ['increase', 'increase', 'decrease']
    """
    named = {"": tables} if isinstance(tables, EffectTable) else tables
    check_kind("tables", named, Mapping, ReportError)
    if not named:
        raise refuse("tables", "is empty", "at least one table of effects")
    for name, table in named.items():
        check_kind(f"tables[{name!r}]", table, EffectTable, ReportError)
        if table.measure in MEASURES_OF["level"]:
            raise refuse(f"tables[{name!r}]", "a level has no direction", "effects, associations")
    if (
        not isinstance(words, tuple | list)
        or len(words) != 2
        or not all(isinstance(x, str) for x in words)
    ):
        raise refuse("words", repr(words)[:80], "two texts: what up means, and what down means")
    associated = any(table.measure in MEASURES_OF["association"] for table in named.values())
    same = "no association" if associated else UNCHANGED
    frames = [study_directions(table, str(name)) for name, table in named.items()]
    data = pd.concat(frames, ignore_index=True)
    return draw_directions(
        data,
        [str(name) for name in named],
        risk=risk,
        words=(*words, same),
        title=title,
        width=width,
    )


def draw_directions(
    data: pd.DataFrame,
    domains: list[str],
    *,
    risk: Mapping[str, str] | None = None,
    words: tuple[str, ...],
    title: str | None = None,
    width: float = TWO_COLUMNS,
    nothing: str = "No study reported this outcome.",
) -> Plot:
    """Draw a frame of ``directions_frame``; without domains what was said stands alone.

    ``words`` says what up, down and unchanged mean.
    """
    risk = _checked_risk(risk, data)
    check_kind("title", "" if title is None else title, str, ReportError)
    tests = {d: _tested(data[data["domain"] == d]) for d in domains}
    studies = list(dict.fromkeys(data["study"]))
    with style(small=True):
        sheet = _sheet(data, studies, domains, tests, risk, words, title, width, nothing)
        for j, domain in enumerate(domains):
            for record in records_of(data[data["domain"] == domain]):
                _arrow(sheet, studies.index(record["study"]), FIRST + j, record)
        if studies:
            sheet.rule(len(studies))
        head = f"Directions of {counted(len(studies))}"
        told = "; ".join(_told(data[data["domain"] == d], d, tests[d], words) for d in domains)
        told = told or "; ".join(
            f"{clean(r['label'])}: {clean(r['said'])}" for r in records_of(data)
        )
        frame = data.set_index(pd.RangeIndex(1, len(data) + 1, name="line"))
        return finished("effect direction", title or head, f"{head}. {told}.", frame, sheet.figure)


def _checked_risk(risk: Mapping[str, str] | None, data: pd.DataFrame) -> Mapping[str, str]:
    if risk is None:
        return {}
    check_kind("risk", risk, Mapping, ReportError)
    known = set(data["study"])
    for study, word in risk.items():
        if study not in known or not isinstance(word, str):
            right = f"a word for one of {', '.join(sorted(map(str, known)))[:200]}"
            raise refuse("risk", f"{study!r}: {word!r}"[:80], right)
    return risk


def _tested(data: pd.DataFrame) -> SignTest | None:
    found = data["direction"].tolist()
    up, down = found.count("increase"), found.count("decrease")
    return sign_test(up, down) if up + down else None


def _sheet(
    data: pd.DataFrame,
    studies: list[str],
    domains: list[str],
    tests: Mapping[str, SignTest | None],
    risk: Mapping[str, str],
    words: tuple[str, ...],
    title: str | None,
    width: float,
    nothing: str,
) -> RowSheet:
    k = len(studies)
    rows: dict[str, list[dict[str, Any]]] = {}
    for record in records_of(data):
        rows.setdefault(record["study"], []).append(record)
    labels = [clean(rows[study][0]["label"]) for study in studies]
    sizes = [max((r["n"] for r in rows[s] if r["n"] is not None), default=None) for s in studies]
    foot = [*FOOT] if domains else []
    foot = foot if k else [nothing]
    blank = ("",) * len(foot)
    columns = [
        Words("Study", (*labels, *foot), gives=True),
        Words("People", (*("?" if n is None else f"{n:,}" for n in sizes), *blank), "right"),
    ]
    columns += [
        Words(clean(domain) or "Direction", (*[""] * k, *_foot(tests[domain], len(foot))))
        for domain in domains
    ]
    if risk:
        judged = [clean(risk.get(study, "not judged")) for study in studies]
        columns.append(Words("Risk of bias", (*judged, *blank)))
    if len(domains) < 2:
        said = [clean(rows[s][0]["said"]) or "in words only" for s in studies]
        columns.append(Words("What was said", (*said, *blank), gives=True))
    return RowSheet(
        columns=tuple(columns),
        heights=tuple([ROW] * k + [11.0] * len(foot)),
        width=width,
        title=title or "",
        notes=_notes(words) if domains else (),
    )


def _foot(test: SignTest | None, lines: int) -> tuple[str, ...]:
    if test is None:
        return ("\u2013",) + ("",) * (lines - 1) if lines > 1 else ("",)
    ends = f"{percent(test.ci_low)} to {percent(test.ci_high)}"
    count = f"{test.positive} of {test.positive + test.negative}"
    return count, percent(test.proportion), ends, p_value(test.p)


def _notes(words: tuple[str, ...]) -> tuple[str, ...]:
    up, down, same = (clean(x) for x in words)
    return (
        f"\u25b2 {up}, \u25bc {down}, \u25a0 {same}, \u25c4\u25ba {CONFLICTING}, "
        "? no direction stated",
        "Directions count whatever their P. Small arrow: below 50 people; middle: below 300; "
        "hollow: number not printed. A study has a direction when at least 70 % of its results do. "
        "Interval: Clopper and Pearson. None of this tells how large an effect is.",
    )


def _arrow(sheet: RowSheet, line: int, column: int, record: dict[str, Any]) -> None:
    """Mark of one study, as large as it has people."""
    x, y = sheet.places[column][0] + 10.0, sheet.middle(line)
    if record["direction"] is None:
        sheet.text(x, y, "?", ha="center", color=GREY)
        return
    marks, color = LOOK[record["direction"]]
    n = record["n"]
    size = UNKNOWN if n is None else next(s for most, s in SIZES if n < most)
    step = 0.35 * size**0.5
    for i, mark in enumerate(marks):
        at = x + (2 * i - 1) * step * (len(marks) > 1)
        face = "white" if n is None else color
        look: dict[str, Any] = {"s": size, "fc": face, "ec": INK, "linewidths": 0.6, "zorder": 4}
        sheet.ax.scatter([at], [y], marker=mark, **look)
    if record["results"] > 1:
        sheet.text(x + 8.0, y + 2.0, f"{record['results']}", fontsize=5.6, color=INK)


def _told(data: pd.DataFrame, domain: str, test: SignTest | None, words: tuple[str, ...]) -> str:
    names = dict(zip(LOOK, (*words, CONFLICTING), strict=True))
    lines = [
        f"{clean(r['label'])}: {clean(names.get(r['direction'], 'no direction stated'))}"
        + ("" if r["n"] is None else f" (n {r['n']})")
        for r in records_of(data)
    ]
    head = f"{clean(domain)}: " if domain else ""
    if test is None:
        return head + (", ".join(lines) or "no study")
    ends = f"{percent(test.ci_low)} to {percent(test.ci_high)}"
    share = f"{test.positive} of {test.positive + test.negative} point up"
    return (
        f"{head}{share} ({percent(test.proportion)}, 95 % interval {ends}, sign test "
        f"{p_value(test.p)}): {', '.join(lines)}"
    )
