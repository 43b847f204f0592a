"""traffic_light_plot: the judgement of every domain for each result, as signs on discs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.effects.table import EffectTable
from evidence.errors import ReportError, check_kind
from evidence.rating.risk_of_bias.lights import SIGNS, Lights, domain_heads, risk_lights, words
from evidence.rating.risk_of_bias.rated import Shown
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS
from evidence.report.figures.axes import TWO_COLUMNS, refuse
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import RowSheet, Words
from evidence.report.figures.style import INK, clean, style
from evidence.report.figures.words import text_width

# From light to dark as risk grows, so that a copy without colour keeps the order.
FILLS = {
    "low": "#cfe8cf", "some_concerns": "#f2b134", "moderate": "#f2b134", "high": "#a3142e",
    "serious": "#a3142e", "critical": "#3d0012", "no_information": "#ffffff",
}  # fmt: skip
# Edges of hollow discs: as their fill would be, dark enough to be seen on white.
EDGES = {**FILLS, "low": "#2e7d32", "some_concerns": "#b87a00", "moderate": "#b87a00",
         "no_information": INK}  # fmt: skip
DARK = ("high", "serious", "critical")
STEP, RADIUS = 13.0, 4.7


def traffic_light_plot(
    risks: Sequence[StudyRisk],
    table: EffectTable | None = None,
    *,
    partial: bool = False,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Draw the risk of bias of each result, domain by domain (McGuinness and Higgins 2021).

    Full discs rest on what was seen. Hollow ones could be better if more were known. A square
    around a disc: a person has judged; all else is what the algorithm proposes.

    Parameters
    ----------
    risks : sequence of StudyRisk
        Of ``load_risk_of_bias``.
    table : EffectTable, optional
        Only the results in its rows, in their order; all that is rated where absent.
    partial : bool
        Whether results reported only in part follow the rows of the table.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: a row a result: label, each domain and overall in words, and why one is not rated.

    Raises
    ------
    ReportError
        If there is no result, or an option is wrong.
    StudyError
        If ``risks`` are no ratings.

    Examples
    --------
    >>> from evidence.catalog.project import find_project
    >>> from evidence.rating.risk_of_bias.load import load_risk_of_bias
    >>> risks = load_risk_of_bias(find_project().root / "data" / "risk_of_bias" / "gibb-2016.yaml")
    >>> traffic_light_plot(risks).data.columns.tolist()
    ['result', 'D1', 'DS', 'D2', 'D3', 'D4', 'D5', 'overall', 'why']
    """
    if table is not None:
        check_kind("table", table, EffectTable, ReportError)
    lines = risk_lights(risks, table, partial=partial)
    if not any(line.tool for line in lines):
        raise refuse("risks", "none of these results is rated", "ratings of the results shown")
    heads = domain_heads(lines)
    with style(small=True):
        sheet = _sheet(lines, heads, title, width)
        for i, line in enumerate(lines):
            y = sheet.middle(i)
            for column, domain in enumerate(heads, start=1):
                disc(sheet.ax, _below(sheet, column), y, line.domains.get(domain))
            disc(sheet.ax, _below(sheet, len(heads) + 1), y, line.overall)
        _key(sheet, lines)
        data = _frame(lines, heads)
        head = f"Risk of bias of {len(lines)} result{'' if len(lines) == 1 else 's'}"
        told = "; ".join(f"{clean(line.label)}: overall {words(line.overall)}" for line in lines)
        names = ", ".join(f"{d} {name}" for d, name in heads.items())
        return finished(
            "traffic_light", title or head, f"{head}. {told}. {names}.", data, sheet.figure
        )


def _below(sheet: RowSheet, column: int) -> float:
    """Middle of a column's head, which stands at its left."""
    return sheet.places[column][0] + text_width(sheet.columns[column].head, sheet.size, "bold") / 2


def disc(ax: Any, x: float, y: float, shown: Shown | None, radius: float = RADIUS) -> None:
    """Draw a level as a disc with its sign, on axes in points; nothing where there is none."""
    if shown is None:
        return
    level, want = shown.level, shown.for_want
    fill, edge = FILLS[level], INK
    if want:
        edge, fill = EDGES[level], "#ffffff"
    size = (2.0 * radius) ** 2
    line = 1.1 if want else 0.5
    ax.scatter([x], [y], s=size, marker="o", fc=fill, ec=edge, lw=line, zorder=3, label=level)
    ink = "#ffffff" if level in DARK and not want else INK
    ax.text(
        x, y + 0.1, SIGNS[level], ha="center", va="center_baseline", color=ink, fontsize=7.2,
        weight="bold", zorder=4, parse_math=False,
    )  # fmt: skip
    if shown.judged:
        ax.scatter([x], [y], s=size * 1.5, marker="s", fc="none", ec=INK, lw=0.7, zorder=3)


def _sheet(
    lines: Sequence[Lights], heads: dict[str, str], title: str | None, width: float
) -> RowSheet:
    blank = tuple("" for _ in lines)
    columns = [Words("Result", tuple(line.label for line in lines), gives=True)]
    columns += [Words(domain, blank) for domain in heads]
    columns.append(Words("Overall", blank))
    columns.append(Words("", tuple(line.why for line in lines), gives=True))
    notes = [f"{domain}: {name}." for domain, name in heads.items()]
    return RowSheet(
        columns=tuple(columns),
        heights=tuple(STEP for _ in lines),
        width=width,
        title=title or "",
        notes=(" ".join(notes), *key_notes(lines), " "),
    )


def key_notes(lines: Sequence[Lights]) -> tuple[str, ...]:
    """What the marks mean, as far as they occur, and which tools were used."""
    shown = [s for line in lines for s in (*line.domains.values(), line.overall) if s is not None]
    told = []
    if any(s.for_want for s in shown):
        told.append("Hollow: it could be better if more were known.")
    judged = [s for s in shown if s.judged]
    if not judged:
        told.append("All are proposals of the algorithm; nobody has judged yet.")
    elif len(judged) < len(shown):
        told.append("In a square: judged by a person; the others are proposals of the algorithm.")
    else:
        told.append("All judged by a person.")
    tools = dict.fromkeys(line.tool for line in lines if line.tool is not None)
    made = [f"{tool.label}, version {tool.version}. {tool.note}".strip() for tool in tools]
    return (" ".join(told), *made)


def _key(sheet: RowSheet, lines: Sequence[Lights]) -> None:
    """Discs of the levels that occur, with their words, on the line kept free for them."""
    shown = [s for line in lines for s in (*line.domains.values(), line.overall) if s is not None]
    order = ("low", "some_concerns", "moderate", "high", "serious", "critical", "no_information")
    x, y = 10.0, sheet.ax.get_ylim()[0] - 8.0
    for level in order:
        if any(s.level == level for s in shown):
            disc(sheet.ax, x, y, Shown(level, False, level, level, level))  # type: ignore[arg-type]
            sheet.text(x + 8.0, y, LEVEL_WORDS[level], fontsize=6.2)
            x += 8.0 + text_width(LEVEL_WORDS[level], 6.2) + 16.0


def _frame(lines: Sequence[Lights], heads: dict[str, str]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for line in lines:
        cells = {d: words(line.domains[d]) if d in line.domains else "" for d in heads}
        rows.append(
            {"result": line.label, **cells, "overall": words(line.overall), "why": line.why}
        )
    frame = pd.DataFrame(rows, columns=["result", *heads, "overall", "why"], dtype=object)
    return frame.rename_axis("line")
