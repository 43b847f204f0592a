"""risk_summary_plot: how much of the evidence lies at each level of risk, domain by domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.effects.table import EffectTable
from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.rating.risk_of_bias.lights import SIGNS, Lights, domain_heads, risk_lights
from evidence.rating.risk_of_bias.rated import Shown
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS
from evidence.report.figures.axes import TWO_COLUMNS, refuse
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import Graph, RowSheet, Words
from evidence.report.figures.style import INK, style
from evidence.report.figures.traffic_light import DARK, EDGES, FILLS, key_notes
from evidence.report.figures.words import text_width

ORDER = (
    "low", "some_concerns", "moderate", "high", "serious", "critical", "no_information",
    "not_rated",
)  # fmt: skip
NAMES = {**LEVEL_WORDS, "not_rated": "not rated"}
COLOURS = {**FILLS, "not_rated": "#e8e8e8"}
MARKS = {**SIGNS, "not_rated": ""}
STEP, TALL = 17.0, 5.4


def risk_summary_plot(
    risks: Sequence[StudyRisk],
    of: PooledFit | EffectTable | None = None,
    *,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Bars of the share of each level of risk of bias (McGuinness and Higgins 2021).

    Parameters
    ----------
    risks : sequence of StudyRisk
        Of ``load_risk_of_bias``.
    of : PooledFit or EffectTable, optional
        Of a fit, each result counts by its weight in the pooled effect; of a table, each row alike;
        of all rated results, each alike, where absent.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: domain, level, share (percent), results, for_want (percent that could be better
        if more were known), a row a piece of a bar.

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
    >>> data = risk_summary_plot(risks).data
    >>> data.groupby("domain")["share"].sum().round(9).unique().tolist()
    [100.0]
    """
    weights: list[float] | None = None
    table = of
    if isinstance(of, PooledFit):
        table, weights = of.table, [float(w) for w in of.weights]
    elif of is not None:
        check_kind("of", of, EffectTable, ReportError)
    lines = risk_lights(risks, table if isinstance(table, EffectTable) else None, weights)
    if not any(line.tool for line in lines):
        raise refuse("risks", "none of these results is rated", "ratings of the results shown")
    heads = domain_heads(lines)
    pieces = _pieces(lines, heads)
    counting = (
        "Each result counts by its weight in the pooled effect."
        if weights is not None
        else "Each result counts alike: the bars are not weighted."
    )
    with style(small=True):
        sheet = _sheet(heads, lines, counting, title, width)
        for row, domain in enumerate((*heads, "overall")):
            _bar(sheet, row, pieces[pieces["domain"] == domain])
        _key(sheet, pieces)
        head = f"Risk of bias by domain, {len(lines)} result{'' if len(lines) == 1 else 's'}"
        told = "; ".join(
            f"{heads.get(str(d), 'overall')}: "
            + ", ".join(f"{NAMES[p['level']]} {p['share']:.0f} %" for p in group.to_dict("records"))
            for d, group in pieces.groupby("domain", sort=False)
        )
        return finished(
            "risk_summary", title or head, f"{head}. {counting} {told}.", pieces, sheet.figure
        )


def _pieces(lines: Sequence[Lights], heads: dict[str, str]) -> pd.DataFrame:
    """Shares of the levels in each domain, among the results whose tool has that domain."""
    rows: list[dict[str, Any]] = []
    for domain in (*heads, "overall"):
        own = [x for x in lines if x.tool is None or domain == "overall" or domain in x.domains]
        total = sum(_weight(line) for line in own)
        for level in ORDER:
            there = [(line, _at(line, domain)) for line in own]
            mine = [(x, s) for x, s in there if (s.level if s else "not_rated") == level]
            if mine:
                share = sum(_weight(x) for x, _ in mine)
                want = sum(_weight(x) for x, s in mine if s is not None and s.for_want)
                rows.append(
                    {
                        "domain": domain, "level": level, "share": 100.0 * share / total,
                        "results": len(mine), "for_want": 100.0 * want / total,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows).rename_axis("piece")


def _weight(line: Lights) -> float:
    return 1.0 if line.weight is None else line.weight


def _at(line: Lights, domain: str) -> Shown | None:
    return line.overall if domain == "overall" else line.domains.get(domain)


def _sheet(
    heads: dict[str, str],
    lines: Sequence[Lights],
    counting: str,
    title: str | None,
    width: float,
) -> RowSheet:
    names = tuple(f"{domain}  {name}" for domain, name in heads.items())
    notes = key_notes(lines)
    dots = "Dotted: it could be better if more were known."
    notes = tuple(n.replace("Hollow: it could be better if more were known.", dots) for n in notes)
    return RowSheet(
        columns=(
            Words("Domain", (*names, "Overall"), gives=True),
            Graph("Share, %", (0.0, 100.0), ticks=tuple((x, f"{x:g}") for x in range(0, 101, 25)),
                  zero=False),
            Words("", tuple("" for _ in (*names, "Overall"))),
        ),
        heights=tuple(STEP for _ in range(len(heads) + 1)),
        width=width,
        title=title or "",
        notes=(counting, *notes, " "),
        bold=frozenset({len(heads)}),
    )  # fmt: skip


def _bar(sheet: RowSheet, row: int, pieces: pd.DataFrame) -> None:
    y, start = sheet.middle(row), 0.0
    for piece in pieces.to_dict("records"):
        level, end = str(piece["level"]), start + float(piece["share"])
        known = end - float(piece["for_want"])
        for low, high, want in ((start, known, False), (known, end, True)):
            if high - low > 1e-9:
                _piece(sheet, level, (sheet.x(1, low), sheet.x(1, high)), y, want=want)
        start = end


def _piece(sheet: RowSheet, level: str, ends: tuple[float, float], y: float, *, want: bool) -> None:
    """Piece of a bar with its sign; dotted where only want of information makes the level."""
    look: dict[str, Any] = {"fc": COLOURS[level], "ec": INK}
    if want:
        look = {"fc": "#ffffff", "ec": EDGES.get(level, INK), "hatch": "...."}
    wide = ends[1] - ends[0]
    sheet.ax.barh(y, wide, left=ends[0], height=2 * TALL, lw=0.6, **look)
    if wide > 12.0 and MARKS[level]:
        box = {"boxstyle": "round,pad=0.12", "fc": "#ffffff", "ec": "none"}
        ink = "#ffffff" if level in DARK and not want else INK
        sheet.text(
            sum(ends) / 2, y, MARKS[level], ha="center", va="center_baseline", weight="bold",
            color=ink, **({"bbox": box} if want else {}),
        )  # fmt: skip


def _key(sheet: RowSheet, pieces: pd.DataFrame) -> None:
    x, y = 6.0, sheet.ax.get_ylim()[0] - 8.0
    for level in ORDER:
        if (pieces["level"] == level).any():
            sheet.ax.barh(y, 9.0, left=x, height=7.0, fc=COLOURS[level], ec=INK, lw=0.6)
            ink = "#ffffff" if level in DARK else INK
            sheet.text(
                x + 4.5, y, MARKS[level], ha="center", va="center_baseline", color=ink,
                weight="bold", fontsize=6.6,
            )  # fmt: skip
            sheet.text(x + 12.0, y, NAMES[level], fontsize=6.2)
            x += 12.0 + text_width(NAMES[level], 6.2) + 12.0
