"""From ratings of the risk of bias to their block of the result, and back to lights."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.models.answer import Answer
from evidence.rating.risk_of_bias.lights import Lights
from evidence.rating.risk_of_bias.proposal import TOOLS
from evidence.rating.risk_of_bias.rated import Rated, Shown
from evidence.rating.risk_of_bias.table import match_rows, risk_answers
from evidence.report.figures.plot import Plot
from evidence.report.figures.traffic_light import traffic_light_plot
from evidence.report.result import ten
from evidence.report.risk.result import RiskAnswer, RiskBlock, RiskCell, RiskLine, RiskOpen


def risk_block(answer: Answer, risks: Sequence[StudyRisk]) -> RiskBlock | None:
    """Gather the ratings of an answer's results; None where there is no result.

    Raises
    ------
    StudyError
        If these are no ratings.
    """
    table = answer.table
    lines: dict[RiskLine, None] = {}
    for in_part in (False, True):
        rows = table.partial if in_part else table.rows
        weights: list[float | None] = [None] * len(rows)
        if answer.main is not None and not in_part:
            weights = [ten(w) for w in answer.main.weights]
        found = match_rows(table, risks, partial=in_part)
        for study, match, weight in zip(rows["study"], found, weights, strict=True):
            # Two arms of one trial that said little are one line: their rating is the same.
            lines[_line(str(study), match, weight, in_part=in_part)] = None
    if not lines:
        return None
    rated = {(line.study, line.result) for line in lines if line.result is not None}
    studies = dict.fromkeys(study for study, _ in rated)
    behind = [risk for risk in risks if risk.study in studies]
    return RiskBlock(
        lines=tuple(lines),
        answers=tuple(
            RiskAnswer(**{name: row[name] for name in RiskAnswer.model_fields})
            for row in risk_answers(behind).to_dict("records")
            if (row["study"], row["result"]) in rated and row["answer"] != "NA"
        ),
        open=tuple(
            RiskOpen(study=risk.study, read=risk.read, points=risk.open_points) for risk in behind
        ),
    )


def _line(
    study: str, match: tuple[str, Rated | None, str], weight: float | None, *, in_part: bool
) -> RiskLine:
    label, rated, why = match
    head = {"study": study, "label": label, "in_part": in_part, "weight": weight, "why": why}
    if rated is None:
        return RiskLine(result=None, tool=None, effect=None, cells=(), overall=None, **head)  # type: ignore[arg-type]
    return RiskLine(
        result=rated.result.id,
        tool=rated.tool.name,
        effect=rated.tool.effect,
        cells=tuple(_cell(domain, shown) for domain, shown in rated.domains.items()),
        overall=_cell("overall", rated.overall),
        **head,  # type: ignore[arg-type]
    )


def _cell(domain: str, shown: Shown) -> RiskCell:
    return RiskCell(
        domain=domain,
        level=shown.level,
        judged=shown.judged,
        proposal=shown.proposal,
        best=shown.best,
        worst=shown.worst,
        reason=shown.reason,
        by=shown.by,
    )


def lights_of(block: RiskBlock) -> tuple[Lights, ...]:
    """Lights as they were before they were written, for tables and figures."""
    return tuple(
        Lights(
            label=f"{line.label} (in part)" if line.in_part else line.label,
            tool=None if line.tool is None else TOOLS[line.tool, line.effect or "assignment"],
            domains={cell.domain: _shown(cell) for cell in line.cells},
            overall=None if line.overall is None else _shown(line.overall),
            weight=line.weight,
            why=line.why,
        )
        for line in block.lines
    )


def _shown(cell: RiskCell) -> Shown:
    return Shown(**{k: v for k, v in cell.model_dump().items() if k != "domain"})


def risk_pictures(answer: Answer, risks: Sequence[StudyRisk]) -> dict[str, Plot]:
    """Draw the lights of all results, pooled and in part; nothing where none is rated."""
    block = risk_block(answer, risks)
    if block is None or all(line.tool is None for line in block.lines):
        return {}
    title = f"Risk of bias: {answer.question.title}"
    return {"risk_lights": traffic_light_plot(risks, answer.table, partial=True, title=title)}
