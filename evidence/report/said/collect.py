"""From the second answer, partial reports included, to its block of the result."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evidence.effects.scales import to_readers
from evidence.models.answer import Answer
from evidence.models.partial.fit import ReportsFit
from evidence.models.partial.possible import PossibleAnswers
from evidence.report.numbers import MINUS
from evidence.report.result import (
    BayesTerm,
    PossibleBlock,
    SaidBlock,
    SaidLine,
    Shown,
    StepLine,
)

PARAMETER_WORDS = {
    "mu": "μ, the mean effect",
    "tau": "τ, the SD between trials",
    "log_sd": "logarithm of the outcome's SD",
    "log_sd_spread": "SD between trials of that logarithm",
    "control": "mean true change of control arms",
    "control_tau": "SD between trials of that change",
}


def six(value: float) -> float:
    """Keep six significant digits: the last ones of a weighted mean depend on the machine."""
    return float(f"{float(value):.6g}")


def _shown(scale: str, *values: float) -> Shown:
    estimate, low, high = (six(to_readers(x, scale)) for x in values)
    return Shown(estimate=estimate, low=low, high=high)


def said_block(answer: Answer) -> SaidBlock | None:
    """Gather the second answer; None where nothing was said in part."""
    said = answer.said
    if said is None:
        return None
    statements = answer.table.statements
    complete = sum(s.kind == "complete" for s in statements)
    fit, scale = said.fit, answer.table.scale
    if fit is None:
        return SaidBlock(
            reports=len(statements), complete=complete, used=0, level=answer.plan.level, terms=(),
            probability_below_null=None, priors=(), lines=(), steps=(), possible=None, notes=(),
            reason=said.reason,
        )  # fmt: skip
    return SaidBlock(
        reports=len(statements),
        complete=complete,
        used=fit.used,
        level=fit.level,
        terms=_terms(fit, scale),
        probability_below_null=six(fit.probability_below(0.0)),
        priors=_priors(fit),
        lines=_lines(fit),
        steps=_steps(said.ladder, scale),
        possible=_possible(said.possible, answer),
        notes=fit.notes,
        reason=said.reason,
    )


def _terms(fit: ReportsFit, scale: str) -> tuple[BayesTerm, ...]:
    found = []
    for row in fit.terms.to_dict("records"):
        back = None
        if row["term"] in ("mu", "prediction", "control"):
            back = _shown(scale, row["median"], row["ci_low"], row["ci_high"])
        known = ("mean", "median", "sd", "ci_low", "ci_high", "mcse_mean")
        cells = {name: six(row[name]) for name in known}
        found.append(BayesTerm(term=row["term"], shown=back, **cells))
    return tuple(found)


def _priors(fit: ReportsFit) -> tuple[tuple[str, str, str], ...]:
    named = fit.priors.named()
    found = [(PARAMETER_WORDS[n], str(named[n]), named[n].reason) for n in fit.space.active]
    if any(e.slope for s in fit.statements for e in s.errors):
        a, b = fit.priors.correlation
        why = "nobody printed it; one half is likeliest, 0 and 1 are not possible"
        found.append(("correlation of a person's two values", f"beta({a:g}, {b:g})", why))
    return tuple(found)


def _lines(fit: ReportsFit) -> tuple[SaidLine, ...]:
    found = []
    for row, cells in fit.trials.to_dict("index").items():
        line = SaidLine(
            row=str(row),
            label=str(cells["label"]),
            kind=str(cells["kind"]),
            said=str(cells["said"]),
            mean=_number(cells["mean"]),
            sd=_number(cells["sd"]),
            information=_number(cells["information"]),
            shift=_number(cells["shift"]),
            note=str(cells["note"]),
        )
        found.append(line)
    return tuple(found)


def _steps(frame: pd.DataFrame | None, scale: str) -> tuple[StepLine, ...]:
    found = []
    for row in () if frame is None else frame.to_dict("records"):
        median = _number(row["median"])
        back = None
        if median is not None:
            back = _shown(scale, median, row["ci_low"], row["ci_high"])
        found.append(
            StepLine(
                step=row["step"],
                added=int(row["added"]),
                reports=int(row["reports"]),
                shown=back,
                probability_below_null=_number(row["probability_below_0"]),
                why=row["why"],
            )
        )
    return tuple(found)


def _possible(found: PossibleAnswers | None, answer: Answer) -> PossibleBlock | None:
    if found is None or answer.plan.limits is None:
        return None
    scale = answer.table.scale

    def back(value: float) -> float:
        return six(to_readers(value, scale))

    low, high = (back(x) for x in answer.plan.limits.effect)
    return PossibleBlock(
        low=back(found.low),
        high=back(found.high),
        ci_low=back(found.ci_low),
        ci_high=back(found.ci_high),
        used=found.used,
        limits=f"{low:.2g} to {high:.2g}".replace("-", MINUS),
        limits_reason=answer.plan.limits.reason,
        notes=found.notes,
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else six(float(value))
