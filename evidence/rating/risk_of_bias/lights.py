"""Lights: the ratings of a set of results, ready to be drawn or printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import folded
from evidence.catalog.risk_of_bias import StudyRisk
from evidence.effects.table import EffectTable
from evidence.errors import Problem, StudyError, as_numbers, check_kind
from evidence.rating.risk_of_bias.rated import Rated, Shown, rate_all
from evidence.rating.risk_of_bias.table import checked_risks, match_rows
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS, Tool

# Signs beside the colours, as the authors of RoB 2 and ROBINS-I draw them.
SIGNS = {
    "low": "+", "some_concerns": "!", "moderate": "!", "high": "\N{MINUS SIGN}",
    "serious": "\N{MINUS SIGN}", "critical": "\N{MULTIPLICATION SIGN}", "no_information": "?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lights:
    """One line: a result, the level of each domain, and overall; or why it has none.

    ``weight`` is a share of the pooled effect, in percent.
    """

    label: str
    tool: Tool | None
    domains: Mapping[str, Shown]
    overall: Shown | None
    weight: float | None = None
    why: str = ""

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        if self.tool is None or self.overall is None:
            return f"{plain(self.label)}: {self.why}"
        found = [("overall", self.overall), *self.domains.items()]
        levels = ", ".join(f"{name} {LEVEL_WORDS[shown.level]}" for name, shown in found)
        return folded(f"{plain(self.label)} ({self.tool.label}): {levels}")


def risk_lights(
    risks: Sequence[StudyRisk],
    table: EffectTable | None = None,
    weights: Sequence[float] | None = None,
    *,
    partial: bool = False,
) -> tuple[Lights, ...]:
    """Make a line for each rated result, or for each row of an effect table.

    Parameters
    ----------
    risks : sequence of StudyRisk
    table : EffectTable, optional
        Its rows become the lines, rated or not; all rated results where absent.
    weights : sequence of float, optional
        Shares of the table's rows in the pooled effect, in percent: ``fit.weights``.
    partial : bool
        Whether what was reported only in part follows the rows of the table.

    Raises
    ------
    StudyError
        If an argument is of the wrong kind, or weights are not as many as the rows.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> risk_lights([], table_of([0.1, 0.4], [0.1, 0.2], labels=["A", "B"]))[1].why
    'not rated'
    """
    if table is None:
        return tuple(_line(f"{r.study}: {r.result.id}", r) for r in rate_all(checked_risks(risks)))
    check_kind("table", table, EffectTable, StudyError)
    shares: list[float | None] = [None] * table.k
    if weights is not None:
        shares = [*as_numbers("weights", weights, StudyError).tolist()]
    if len(shares) != table.k:
        problem = Problem("weights", f"{len(shares)} for {table.k} rows", "the weights of the fit")
        raise StudyError("the weights do not fit the table", [problem])
    found = match_rows(table, risks)
    made = [
        _line(label, rated, why, share)
        for (label, rated, why), share in zip(found, shares, strict=True)
    ]
    if partial:
        more = match_rows(table, risks, partial=True)
        # Two arms of one trial are one line: their rating is the same.
        made += [_line(f"{label} (in part)", r, why) for label, r, why in dict.fromkeys(more)]
    return tuple(made)


def _line(label: str, rated: Rated | None, why: str = "", weight: float | None = None) -> Lights:
    if rated is None:
        return Lights(label, None, {}, None, weight, why)
    return Lights(label, rated.tool, rated.domains, rated.overall, weight)


def domain_heads(lines: Sequence[Lights]) -> dict[str, str]:
    """Ids and names of the domains of the tools that were used, in their order.

    Domain 2 of RoB 2 and of ROBINS-I are not the same: name both tools where both are there.
    """
    heads: dict[str, str] = {}
    families = {line.tool.name == "robins_i" for line in lines if line.tool is not None}
    for tool in dict.fromkeys(line.tool for line in lines if line.tool is not None):
        for domain in tool.domains:
            name = f"{domain.name} ({tool.label})" if len(families) > 1 else domain.name
            told = heads.get(domain.id, "")
            heads[domain.id] = told if name in told.split("; ") else f"{told}; {name}".strip("; ")
    order = ("D1", "DS", "D2", "D3", "D4", "D5", "D6", "D7")
    return {domain: heads[domain] for domain in order if domain in heads}


def sign(shown: Shown | None) -> str:
    """Sign of a level in text; in brackets where only want of information makes it so.

    Examples
    --------
    >>> sign(None)
    ''
    """
    if shown is None:
        return ""
    return f"({SIGNS[shown.level]})" if shown.for_want else SIGNS[shown.level]


def words(shown: Shown | None) -> str:
    """Level in words, with what it could become if more were known, and who judged.

    Examples
    --------
    >>> words(None)
    'not rated'
    """
    if shown is None:
        return "not rated"
    told = LEVEL_WORDS[shown.level]
    if shown.judged:
        return f"{told} (judged; proposed: {LEVEL_WORDS[shown.proposal]})"
    if shown.for_want:
        told += f" for want of information (could be {LEVEL_WORDS[shown.best]})"
    return told
