"""Ways for associations: correlations as Fisher's z, and regression slopes of one unit."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.catalog.number import Number
from evidence.catalog.study import Contrast, Outcome
from evidence.effects import fisher, recover
from evidence.effects.derive import CI_LEVEL, derive, unlabelled_as_se
from evidence.effects.found import Found
from evidence.effects.partial import Part, contrast_said, error_bounds, said
from evidence.effects.printed import Comparison
from evidence.effects.published import adjusted, published, se_from_exact_p

# Why what was printed of an association is neither a correlation nor a slope.
NOT_USABLE = {
    "partial_R2_percent": "a share of variance explained: it has no sign, and the share of an "
    "adjusted model is no correlation",
    "threshold": "a threshold, read from a curve: neither a correlation nor a slope",
}
OTHERWISE = "an association in another measure than {}, or with another adjustment"
ENDS = ("low", "high")
SIGNS = {"increase": 1, "decrease": -1}


def associations(c: Comparison) -> Iterator[Found]:
    """Correlation or slope of one group of people, with its standard error."""
    if c.question.measure == "ZCOR":
        yield from _correlations(c)
    elif c.outcome.unit == c.question.unit:
        yield from published(c)
        yield from _slope_with_spread(c)


def _correlations(c: Comparison) -> Iterator[Found]:
    """A correlation with n, interval or exact P; or a direction with exact P and n."""
    n = c.size(c.treatment)
    for contrast, index in c.associations():
        z = printed_z(c, contrast, index)
        if z is None:
            continue
        notes = adjusted(contrast.adjusted_for)
        if n is not None:
            error: Number = derive(fisher.se_fisher_z, None, n=n)
            if contrast.adjusted_for is not None:
                notes = (*notes, "the number of covariates is not taken off n")
            yield Found(z, error, "correlation and n", notes)
        elif contrast.ci is not None:
            yield Found(z, _error_from_ci(c, contrast, index), "correlation with interval", notes)
        else:
            by_p = se_from_exact_p(c, z, contrast)
            if by_p is not None:
                told = (*notes, "standard error recovered from the printed P")
                yield Found(z, by_p, "correlation with exact P", told)
    if n is not None:
        yield from _from_p_alone(c, n)


def _from_p_alone(c: Comparison, n: Number) -> Iterator[Found]:
    """A stated direction, the exact P of the correlation, and n: together they are r."""
    for contrast, _ in c.associations():
        sign, p = SIGNS.get(contrast.direction or ""), c.exact_p(contrast)
        if contrast.estimate is not None or contrast.range is not None or sign is None or not p:
            continue
        z: Number = derive(fisher.fisher_z_from_p, None, p=p, n=n)
        z = z if sign > 0 else derive(recover.negative, None, value=z)
        notes = ("correlation recovered from its exact P, its direction and n",)
        error = derive(fisher.se_fisher_z, None, n=n)
        yield Found(z, error, "direction with exact P and n", notes)


def printed_z(c: Comparison, contrast: Contrast, index: int) -> Number | None:
    """Fisher's z of the correlation that a contrast printed."""
    if contrast.estimate is None or contrast.measure != "r":
        return None
    r = c.report(contrast.estimate, None, f"contrasts[{index}]", "estimate")
    return derive(fisher.fisher_z, None, r=r)


def _error_from_ci(c: Comparison, contrast: Contrast, index: int) -> Number:
    at, ends = f"contrasts[{index}]", contrast.ci or (0.0, 0.0)
    level: Number = CI_LEVEL
    if contrast.ci_level is not None:
        level = c.report(contrast.ci_level, None, at, "ci_level")
    low, high = (c.report(x, None, at, f"ci.{i}") for i, x in zip(ENDS, ends, strict=True))
    return derive(fisher.se_fisher_z_from_ci, None, low=low, high=high, level=level)


def _slope_with_spread(c: Comparison) -> Iterator[Found]:
    """A slope with a ± that the page does not name, where the question reads it as an SE."""
    declared = c.question.assumption("unlabelled_spread")
    if declared is None or declared.value != "se":
        return
    for contrast, index in c.associations():
        if contrast.estimate is None or contrast.spread is None:
            continue
        at, unit = f"contrasts[{index}]", c.outcome.unit
        estimate = c.report(contrast.estimate, unit, at, "estimate")
        spread = c.report(contrast.spread, unit, at, "spread")
        error = derive(unlabelled_as_se, unit, spread=spread)
        yield Found(estimate, error, "slope with spread", adjusted(contrast.adjusted_for))


def partly_associated(c: Comparison) -> Part | None:
    """Keep what was said of an association that has no estimate with standard error.

    Returns None where nothing was said from which even a direction could be had.
    """
    fits = c.question.measure == "ZCOR" or c.outcome.unit == c.question.unit
    own = list(c.associations()) if fits else []
    estimate = _estimate(c) if fits else None
    p = next((p for p, _ in c.tests()), None) if fits else None
    direction, told = _direction(c, own, estimate)
    low, high = (None, None) if estimate is None else error_bounds(c, estimate, p)
    ranged = any(contrast.range is not None for contrast, _ in own)
    if estimate is not None:
        kind = "estimate_alone"
        if high is not None or (p is not None and p.relation == ">"):
            kind = "estimate_with_bounded_p"
        elif p is not None and p.relation == "ns":
            kind = "estimate_not_significant"
    elif ranged:
        kind = "range_of_estimates"
    elif p is not None:
        kind = "p_alone" if direction is None else "direction_with_p"
        kind = "not_significant" if p.relation == "ns" else kind
    elif told == "stated":
        kind = "direction"
    else:
        direction, told = _elsewhere(c)
        groups = any(contrast.kind == "between" for contrast in c.outcome.contrasts)
        kind = "other_association" if direction is not None else "compared_groups"
        if direction is None and not groups:
            return None
    words = said(c) if kind != "compared_groups" else _groups_said(c)
    return Part(kind, words, direction, told, estimate, low, high, p)


def _groups_said(c: Comparison) -> str:
    """What was printed of groups that differ in what is measured."""
    between = [x for x in c.outcome.contrasts if x.kind == "between"]
    return "; ".join(f"{x.arm} v {x.versus}: {contrast_said(x)}" for x in between)


def _estimate(c: Comparison) -> Number | None:
    if c.question.measure == "ZCOR":
        found = (printed_z(c, contrast, index) for contrast, index in c.associations())
        return next((z for z in found if z is not None), None)
    return next(
        (
            c.report(contrast.estimate, c.outcome.unit, f"contrasts[{index}]", "estimate")
            for contrast, index in c.associations()
            if contrast.estimate is not None
        ),
        None,
    )


def _direction(
    c: Comparison, own: list[tuple[Contrast, int]], estimate: Number | None
) -> tuple[str | None, str | None]:
    """Direction of the association as asked for: stated, or that of the figures."""
    for contrast, _ in own:
        tested = contrast.p is not None and contrast.p.relation == "ns"
        if contrast.direction is not None and not (tested and contrast.direction == "no_change"):
            return contrast.direction, "stated"
    result = c.result(c.treatment)
    if result is not None and result.direction is not None:
        return result.direction, "stated"
    ends = [contrast.range for contrast, _ in own if contrast.range is not None]
    values = [x for pair in ends for x in pair] if estimate is None else [estimate.value]
    return _sign(values)


def _elsewhere(c: Comparison) -> tuple[str | None, str | None]:
    """Direction of an association in another measure, unit or adjustment."""
    for contrast, _, _ in c.contrasts():
        if contrast.direction is not None:
            return contrast.direction, "stated"
        values = contrast.range if contrast.estimate is None else (contrast.estimate,)
        if contrast.measure in ("r", "beta") and values is not None:
            return _sign([*values])
    return None, None


def _sign(values: list[float]) -> tuple[str | None, str | None]:
    if values and min(values) > 0:
        return "increase", "figures"
    return ("decrease", "figures") if values and max(values) < 0 else (None, None)


def why_not(c: Comparison) -> str | None:
    """Why what was printed of an association could not be used, where a rule says so."""
    return _reason(c.outcome, c.treatment, c.question.measure)


def _reason(outcome: Outcome, arm: str, measure: str) -> str | None:
    printed = [x.measure for x in outcome.contrasts if x.kind == "association" and x.arm == arm]
    for word in printed:
        if word in NOT_USABLE:
            return NOT_USABLE[word]
    name = {"ZCOR": "a correlation", "BETA": "a slope in the unit asked for"}[measure]
    return OTHERWISE.format(name) if any(printed) else None
