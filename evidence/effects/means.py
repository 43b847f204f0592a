"""Ways 2 and 4: means with their spreads, and means with the exact P of their difference."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.catalog.number import Number
from evidence.effects import recover
from evidence.effects.derive import assumptions_in, derive
from evidence.effects.found import PARTS, ArmMean, Found
from evidence.effects.printed import Comparison
from evidence.effects.published import in_question_unit, se_from_exact_p

PERCENT_UNITS = ("%", "percentage points")
# Dimensions of which a percent of the baseline has a meaning; a T score has none.
WITH_A_ZERO = ("areal_density", "mass_concentration", "amount_concentration")
PERCENT_FORMED = "percent changes formed from the printed means, whose P is taken for theirs"


def parts_asked_for(c: Comparison) -> tuple[str, ...]:
    """Which parts of an arm's figures answer the question's measure, best first."""
    if c.question.measure == "ROM":
        return ("final",)
    return ("change_percent",) if c.question.unit in PERCENT_UNITS else ("change", "final")


def means(c: Comparison) -> Iterator[Found]:
    """Way 2: the means of both arms (or of one arm before and after) with their spreads."""
    if c.question.measure not in ("MD", "ROM"):
        return
    if c.control is None:
        yield from _change_within(c)
        return
    for part in parts_asked_for(c):
        sides = arm_means(c, part)
        if sides is None:
            continue
        # The same people on both sides: without a declared correlation there is no standard error.
        r = c.assume("crossover_correlation") if c.paired else None
        if not c.paired or r is not None:
            yield from in_question_unit(c, from_means(c, *sides, r))


def arm_means(c: Comparison, part: str) -> tuple[ArmMean, ArmMean] | None:
    """Both arms' means and standard errors of one part; changes are formed from final values.

    Where baseline and final both have spreads and the question declares their correlation, the
    change is used; else final values stand as they are.
    """
    sides = []
    for arm in (c.treatment, c.control or ""):
        mean, se, n = c.mean(arm, part), c.mean_se(arm, part), c.size(arm)
        if mean is None or se is None:
            return None
        sides.append(ArmMean(mean, se, n, part))
    if part == "final" and c.question.measure == "MD" and not c.paired:
        changes = [change_of(c, arm) for arm in (c.treatment, c.control or "")]
        if changes[0] is not None and changes[1] is not None:
            return changes[0], changes[1]
    return sides[0], sides[1]


def change_of(c: Comparison, arm: str) -> ArmMean | None:
    """Change of an arm from baseline to final, with the assumed correlation."""
    baseline, final = c.mean(arm, "baseline"), c.mean(arm, "final")
    first, last = c.mean_se(arm, "baseline"), c.mean_se(arm, "final")
    if baseline is None or final is None or first is None or last is None:
        return None
    r = c.assume("baseline_final_correlation")
    if r is None:
        return None
    unit = c.unit_of("final")
    mean = derive(recover.difference, unit, first=final, second=baseline)
    se = derive(recover.se_of_change, unit, se_baseline=first, se_final=last, correlation=r)
    return ArmMean(mean, se, c.size(arm), "formed_change")


def from_means(c: Comparison, treated: ArmMean, control: ArmMean, r: Number | None = None) -> Found:
    """Estimate from two means; ``r`` is their correlation where both are of the same people."""
    unit = treated.mean.unit
    notes = ("final values",) if treated.part == "final" else ()
    if c.question.measure == "ROM":
        estimate = derive(recover.log_ratio, None, first=treated.mean, second=control.mean)
        parts: dict[str, Number] = {
            "se_first": treated.se,
            "mean_first": treated.mean,
            "se_second": control.se,
            "mean_second": control.mean,
        }
        if r is None:
            error = derive(recover.se_log_ratio_of_means, None, **parts)
        else:
            error = derive(recover.se_log_ratio_of_paired_means, None, **parts, correlation=r)
    else:
        estimate = derive(recover.difference, unit, first=treated.mean, second=control.mean)
        if r is None:
            error = derive(
                recover.se_of_difference, unit, se_first=treated.se, se_second=control.se
            )
        else:
            error = derive(
                recover.se_of_change,
                unit,
                se_baseline=control.se,
                se_final=treated.se,
                correlation=r,
            )
    route = f"two arms: means and spreads of {PARTS[treated.part]}"
    return Found(estimate, error, route, notes, (treated, control))


def _change_within(c: Comparison) -> Iterator[Found]:
    arm = c.treatment
    if c.question.measure == "ROM":
        yield from _ratio_within(c, arm)
        return
    for part in parts_asked_for(c):
        if part == "final":
            change = change_of(c, arm)
            how = "baseline and final means with an assumed correlation"
        else:
            mean, se = c.mean(arm, part), c.mean_se(arm, part)
            change = None if mean is None or se is None else ArmMean(mean, se, c.size(arm), part)
            how = "mean change and its spread"
        if change is not None:
            yield from in_question_unit(c, Found(change.mean, change.se, f"one arm: {how}"))


def _ratio_within(c: Comparison, arm: str) -> Iterator[Found]:
    baseline, final = c.mean(arm, "baseline"), c.mean(arm, "final")
    first, last = c.mean_se(arm, "baseline"), c.mean_se(arm, "final")
    if baseline is not None and final is not None and first is not None and last is not None:
        r = c.assume("baseline_final_correlation")
        if r is not None:
            estimate = derive(recover.log_ratio, None, first=final, second=baseline)
            error = derive(
                recover.se_log_ratio_of_paired_means,
                None,
                se_first=last,
                mean_first=final,
                se_second=first,
                mean_second=baseline,
                correlation=r,
            )
            yield Found(estimate, error, "one arm: baseline and final means, assumed correlation")
    percent, se = c.mean(arm, "change_percent"), c.mean_se(arm, "change_percent")
    if percent is not None and se is not None and percent.value > -100:
        yield Found(
            derive(recover.log_ratio_from_percent_change, None, percent=percent),
            derive(recover.se_log_ratio_from_percent_change, None, se_percent=se, percent=percent),
            "one arm: mean percent change and its spread",
            ("mean of percent changes taken for the percent change of the mean",),
        )


def means_with_p(c: Comparison) -> Iterator[Found]:
    """Way 4: two means and the exact P of their difference."""
    estimate = difference_without_spread(c)
    if estimate is None:
        return
    error = se_from_exact_p(c, estimate)
    if error is None:
        return
    notes: tuple[str, ...] = ("standard error recovered from the printed P",)
    if c.question.measure == "ROM":
        notes = (*notes, "P of a test of means taken for one of their log ratio")
    if "percent_of_baseline" in assumptions_in(estimate):
        notes = (*notes, PERCENT_FORMED)
    yield from in_question_unit(c, Found(estimate, error, "means with exact P", notes))


def difference_without_spread(c: Comparison) -> Number | None:
    """Estimate on the analysis scale from means alone, in the unit that was printed."""
    if c.question.measure not in ("MD", "ROM"):
        return None
    if c.control is None:
        return _change_without_spread(c)
    log = c.question.measure == "ROM"
    for part in parts_asked_for(c):
        treated, control = c.mean(c.treatment, part), c.mean(c.control, part)
        if treated is None or control is None:
            continue
        if log:
            return derive(recover.log_ratio, None, first=treated, second=control)
        before = (c.mean(c.treatment, "baseline"), c.mean(c.control, "baseline"))
        if part == "final" and before[0] is not None and before[1] is not None and not c.paired:
            return derive(
                recover.difference_of_changes,
                treated.unit,
                final_treatment=treated,
                baseline_treatment=before[0],
                final_control=control,
                baseline_control=before[1],
            )
        return derive(recover.difference, treated.unit, first=treated, second=control)
    formed = _percent_of_baseline(c, c.control)
    if formed is not None:
        return formed
    first, second = (c.mean(arm, "change_percent") for arm in (c.treatment, c.control))
    if log and first is not None and second is not None and min(first.value, second.value) > -100:
        return derive(recover.log_ratio_of_percent_changes, None, first=first, second=second)
    return None


def _percent_of_baseline(c: Comparison, control: str) -> Number | None:
    """Difference of percent changes from means, where the question declares how to form it."""
    declared = c.question.assumption("percent_of_baseline")
    asked = c.question.measure == "MD" and c.question.unit in PERCENT_UNITS
    if declared is None or not asked or c.paired or c.outcome.unit is None:
        return None
    if c.terms.units[c.outcome.unit].dimension not in WITH_A_ZERO:
        return None
    sides = [(c.mean(arm, "final"), c.mean(arm, "baseline")) for arm in (c.treatment, control)]
    found: list[Number] = []
    for final, baseline in sides:
        if final is None or baseline is None or final.value <= 0 or baseline.value <= 0:
            return None
        found += [final, baseline]
    if declared.value == "common":
        names = ("final_treatment", "baseline_treatment", "final_control", "baseline_control")
        rule = recover.percent_of_common_baseline
        return derive(rule, "%", **dict(zip(names, found, strict=True)))
    own = recover.percent_of_own_baseline
    first, second = (derive(own, "%", final=f, baseline=b) for f, b in (found[:2], found[2:]))
    return derive(recover.difference, "%", first=first, second=second)


def _change_without_spread(c: Comparison) -> Number | None:
    arm, log = c.treatment, c.question.measure == "ROM"
    baseline, final = c.mean(arm, "baseline"), c.mean(arm, "final")
    if baseline is not None and final is not None and c.question.unit not in PERCENT_UNITS:
        rule = recover.log_ratio if log else recover.difference
        return derive(rule, None if log else final.unit, first=final, second=baseline)
    percent = c.mean(arm, "change_percent")
    if log:
        if percent is None or percent.value <= -100:
            return None
        return derive(recover.log_ratio_from_percent_change, None, percent=percent)
    return c.mean(arm, parts_asked_for(c)[0])
