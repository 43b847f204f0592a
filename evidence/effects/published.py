"""Way 1: the estimate that the trial itself published, and standard errors from an exact P."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.catalog.number import Number
from evidence.catalog.study import Contrast
from evidence.effects import recover
from evidence.effects.derive import CI_LEVEL, derive, in_unit
from evidence.effects.found import Found
from evidence.effects.printed import PUBLISHED, Comparison


def published(c: Comparison) -> Iterator[Found]:
    """Way 1: the published estimate with interval, standard error or exact P."""
    log = c.question.scale == "log"
    for contrast, index, turned in c.contrasts():
        estimate = _estimate(c, contrast, index)
        if estimate is None:
            continue
        error, how = _error(c, contrast, index, estimate, log)
        if error is None:
            continue
        if turned:
            estimate = derive(recover.negative, estimate.unit, value=estimate)
        notes = adjusted(contrast.adjusted_for)
        yield from in_question_unit(c, Found(estimate, error, f"published {how}", notes))


def published_estimate(c: Comparison) -> Number | None:
    """The published estimate on the analysis scale, whatever is known of its error."""
    for contrast, index, turned in c.contrasts():
        estimate = _estimate(c, contrast, index)
        if estimate is not None:
            return derive(recover.negative, estimate.unit, value=estimate) if turned else estimate
    return None


def _estimate(c: Comparison, contrast: Contrast, index: int) -> Number | None:
    if contrast.estimate is None or contrast.measure not in PUBLISHED[c.question.measure]:
        return None
    if c.question.contrast == "association" and not c.asked_for(contrast):
        return None
    unit = c.outcome.unit if c.question.scale == "identity" else None
    printed = c.report(contrast.estimate, unit, f"contrasts[{index}]", "estimate")
    if contrast.measure == "percent_difference":
        return derive(recover.log_ratio_from_percent_change, None, percent=printed)
    if c.question.scale == "log":
        return derive(recover.logarithm, None, value=printed)
    return printed


def _error(
    c: Comparison, contrast: Contrast, index: int, estimate: Number, log: bool
) -> tuple[Number | None, str]:
    at, unit = f"contrasts[{index}]", None if log else c.outcome.unit
    percent = contrast.measure == "percent_difference"
    if contrast.ci is not None and not percent:
        level: Number = CI_LEVEL
        if contrast.ci_level is not None:
            level = c.report(contrast.ci_level, None, at, "ci_level")
        low = c.report(contrast.ci[0], unit, at, "ci.low")
        high = c.report(contrast.ci[1], unit, at, "ci.high")
        if contrast.ci[0] == contrast.ci[1]:
            return None, ""
        limits: dict[str, Number] = {"low": low, "high": high, "level": level}
        df = t_degrees(c)
        if log:
            error = derive(recover.log_se_from_ci, None, **limits)
        elif df is None:
            error = derive(recover.se_from_ci, unit, **limits)
        else:
            error = derive(recover.se_from_ci_t, unit, **limits, df=df)
        return error, "estimate with interval"
    if contrast.se is not None and not log:
        return c.report(contrast.se, unit, at, "se"), "estimate with standard error"
    return se_from_exact_p(c, estimate, contrast), "estimate with exact P"


def adjusted(covariates: str | None) -> tuple[str, ...]:
    """Note that an estimate is adjusted, and for what."""
    return () if covariates is None else (f"adjusted estimate ({covariates})",)


def se_from_exact_p(c: Comparison, estimate: Number, own: Contrast | None = None) -> Number | None:
    """Standard error that makes the estimate give the printed P; None without an exact P.

    ``own`` is the contrast that printed the estimate: its P comes first.
    """
    p = c.exact_p(own)
    return None if p is None or estimate.value == 0 else se_from_p_value(c, estimate, p)


def se_from_p_value(c: Comparison, estimate: Number, p: Number) -> Number:
    """Standard error with which an estimate gives a P, by t where its degrees are known."""
    df = t_degrees(c)
    if df is None:
        return derive(recover.se_from_p, estimate.unit, estimate=estimate, p=p)
    return derive(recover.se_from_p_t, estimate.unit, estimate=estimate, p=p, df=df)


def t_degrees(c: Comparison) -> Number | None:
    """Degrees of freedom of the t test between two means; None where the normal serves.

    The normal serves for ratios of risks, odds and hazards, and where the sizes of the arms were
    not printed.
    """
    n = c.size(c.treatment)
    if c.question.measure not in ("MD", "ROM", "MN", "MNLN") or n is None:
        return None
    if c.control is None or c.paired:
        return derive(recover.degrees_of_freedom_paired, None, n=n) if n.value >= 3 else None
    m = c.size(c.control)
    if m is None or n.value + m.value < 4:
        return None
    return derive(recover.degrees_of_freedom, None, n_treatment=n, n_control=m)


def in_question_unit(c: Comparison, found: Found) -> Iterator[Found]:
    """Express a mean difference in the unit of the question; nothing where no rule leads there."""
    if c.question.measure != "MD":
        yield found
        return
    wanted = c.question.unit
    estimate = in_unit(found.estimate, c.terms, c.substance, found.estimate.unit, wanted)
    error = in_unit(found.std_error, c.terms, c.substance, found.std_error.unit, wanted)
    if estimate is not None and error is not None:
        yield Found(estimate, error, found.route, found.notes, found.arms)
