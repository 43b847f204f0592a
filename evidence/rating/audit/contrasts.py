"""Printed comparisons: estimate, interval, standard error and P of each other (A07, A08)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from evidence.catalog.arithmetic import RATIOS
from evidence.catalog.study import Contrast, Outcome, Study
from evidence.rating.audit.body import Body, hit_contrast, p_words, size_of
from evidence.rating.audit.chance import p_of_z, p_span, t_quantile, z_of_p, z_of_t
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.rounding import Span, apart, log_span, span, together

# Pages test with a log-rank or an exact test beside an interval of another model.
Z_SLACK = 0.3
Z_SHARE = 0.1
ASYMMETRY = 0.15
SE_SLACK = 0.08
LINEAR = ("MD", "SMD", "RD", "beta", "percent_difference")


def p_against_interval(body: Body) -> Iterator[Hit]:
    """A07: P recomputed from estimate and interval (or SE), within rounding (statcheck)."""
    for study, i, outcome, j, contrast in body.contrasts():
        if contrast.p is None or contrast.estimate is None:
            continue
        readings = list(_deviates(study, outcome, contrast))
        if not readings or any(_fits(contrast, told) for told in readings):
            continue
        told = readings[0]
        implied = p_of_z(sum(told) / 2)
        conflict = (implied < 0.05) != _significant(contrast)
        severity: Severity = (
            "error" if conflict and _conflict_is_clear(contrast, told) else "warning"
        )
        found = f"P {p_words(contrast)}, but estimate and interval give P near {implied:.2g}"
        expected = f"P from {p_of_z(told[1]):.2g} to {p_of_z(told[0]):.2g} after rounding"
        yield hit_contrast("A07", severity, (study, i, outcome, j, contrast), found, expected)


def on_scale(contrast: Contrast, values: list[Span]) -> list[Span] | None:
    """Spans on the scale on which an interval is symmetric; None where no scale is known."""
    if contrast.measure in RATIOS:
        logs = [log_span(v) for v in values]
        return None if any(math.isinf(x) for pair in logs for x in pair) else logs
    if contrast.measure == "r":
        inside = all(-1 < x < 1 for pair in values for x in pair)
        return [(math.atanh(a), math.atanh(b)) for a, b in values] if inside else None
    return values if contrast.measure in LINEAR else None


def _deviates(study: Study, outcome: Outcome, contrast: Contrast) -> Iterator[Span]:
    """Deviates of the estimate, by normal and by t quantiles where sizes are printed."""
    dfs = [math.inf, *_df(study, outcome, contrast)]
    estimate = contrast.estimate or 0.0
    if contrast.ci is not None:
        told = on_scale(contrast, together([estimate, *contrast.ci]))
        if told is None:
            return
        centre, low, high = told
        width = (max(high[0] - low[1], 0.0), high[1] - low[0])
        for df in dfs:
            quantile = 2 * t_quantile(contrast.ci_level or 0.95, df)
            yield _ratio(centre, (width[0] / quantile, width[1] / quantile), df)
    elif contrast.se is not None and contrast.measure in LINEAR:
        centre, error = together([estimate, contrast.se])
        for df in dfs:
            yield _ratio(centre, (max(error[0], 0.0), error[1]), df)


def _df(study: Study, outcome: Outcome, contrast: Contrast) -> list[float]:
    arms = [a for a in (contrast.arm, contrast.versus) if a in outcome.arms]
    sizes = [size_of(study, arm, outcome.arms[arm]) for arm in arms if arm is not None]
    known = [n for n in sizes if n is not None]
    if len(known) != len(sizes) or not known:
        return []
    df = sum(known) - len(known)
    return [float(df)] if 1 < df < 200 else []


def _ratio(centre: Span, error: Span, df: float) -> Span:
    crosses = centre[0] <= 0 <= centre[1]
    nearest = 0.0 if crosses else min(abs(centre[0]), abs(centre[1]))
    farthest = max(abs(centre[0]), abs(centre[1]))
    low = nearest / error[1] if error[1] > 0 else math.inf
    high = farthest / error[0] if error[0] > 0 else math.inf
    if math.isinf(df):
        return min(low, 38.0), min(high, 38.0)
    return z_of_t(low, df), z_of_t(min(high, 1e6), df)


def gap_to_p(contrast: Contrast, told: Span) -> float:
    """How far deviates lie outside of those that the printed P allows."""
    p = contrast.p
    if p is None:
        return 0.0
    if p.relation == "ns":
        return max(0.0, told[0] - z_of_p(0.05))
    value = p.value or 0.0
    if p.relation == "<":
        return max(0.0, z_of_p(value) - told[1])
    if p.relation == ">":
        return max(0.0, told[0] - z_of_p(value))
    return apart(told, p_span(value))


def _fits(contrast: Contrast, told: Span) -> bool:
    value = contrast.p.value if contrast.p is not None else None
    return gap_to_p(contrast, told) <= max(Z_SLACK, Z_SHARE * z_of_p(value or 0.05))


def _significant(contrast: Contrast) -> bool:
    p = contrast.p
    if p is None or p.relation in ("ns", ">"):
        return False
    return (p.value or 0.0) < 0.05 or (p.relation == "<" and p.value == 0.05)


def _conflict_is_clear(contrast: Contrast, told: Span) -> bool:
    border = z_of_p(0.05)
    return told[1] < border if _significant(contrast) else told[0] > border


def interval_around_estimate(body: Body) -> Iterator[Hit]:
    """A08: an interval that is not around its estimate, or whose width does not fit its SE."""
    for study, i, outcome, j, contrast in body.contrasts():
        if contrast.ci is None or contrast.estimate is None:
            continue
        told = on_scale(contrast, together([contrast.estimate, *contrast.ci]))
        if told is None:
            continue
        place = (study, i, outcome, j, contrast)
        off = _asymmetry(told)
        if contrast.measure == "percent_difference" and min(t[0] for t in told) > -100:
            logs = [(math.log1p(a / 100), math.log1p(b / 100)) for a, b in told]
            off = min(off, _asymmetry(logs))
        if off > ASYMMETRY:
            low, high = contrast.ci
            found = f"{contrast.estimate:g} lies {off:.0%} of the half-width off the middle of "
            scale = "log " if contrast.measure in RATIOS else ""
            expected = f"near {_middle(contrast, told):.3g}, in the middle on the {scale}scale"
            severity: Severity = "error" if off > 1 else "warning"
            yield hit_contrast("A08", severity, place, f"{found}{low:g} to {high:g}", expected)
        yield from _width(place, told)


def _asymmetry(told: list[Span]) -> float:
    """Distance of the estimate from the middle beyond rounding, in half-widths."""
    centre, low, high = told
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
    half = (high[1] - low[0]) / 2
    return apart(centre, middle) / half if half > 0 else 0.0


def _middle(contrast: Contrast, told: list[Span]) -> float:
    middle = sum(sum(pair) for pair in told[1:]) / 4
    if contrast.measure in RATIOS:
        return math.exp(middle)
    return math.tanh(middle) if contrast.measure == "r" else middle


def _width(place: tuple[Study, int, Outcome, int, Contrast], told: list[Span]) -> Iterator[Hit]:
    study, _, outcome, _, contrast = place
    if contrast.se is None or contrast.ci is None:
        return
    low, high = told[1], told[2]
    width = (high[0] - low[1], high[1] - low[0])
    error = span(contrast.se)
    level = contrast.ci_level or 0.95
    dfs = _df(study, outcome, contrast)
    least = 2 * t_quantile(level, math.inf) * error[0] * (1 - SE_SLACK)
    most = 2 * max(t_quantile(level, df) for df in (math.inf, *dfs)) * error[1] * (1 + SE_SLACK)
    if width[1] < least or width[0] > most:
        found = f"an interval {width[0]:.3g} to {width[1]:.3g} wide with a SE of {contrast.se:g}"
        expected = f"a width of {least:.3g} to {most:.3g} at {100 * level:g} %"
        yield hit_contrast("A08", "error", place, found, expected)
