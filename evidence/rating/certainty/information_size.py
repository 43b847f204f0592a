"""Optimal information size: the people that one trial with enough power would need."""

from __future__ import annotations

import math

from scipy import special

from evidence.errors import EffectError, Problem, is_fraction, is_number

# GRADE's rough guide for events, and Cohen's small effect for means.
USUAL_REDUCTION, SMALL_EFFECT = 0.25, 0.2


def information_size(
    *,
    control_risk: float | None = None,
    relative_reduction: float | None = None,
    difference: float | None = None,
    sd: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """People in both arms together that one trial would need to show an effect.

    Two arms of equal size, two-sided test. Of events: ``p1`` with the comparator,
    ``p2 = p1 (1 - relative_reduction)``; an arm needs
    ``(z_alpha sqrt(2 p (1 - p)) + z_beta sqrt(p1 (1 - p1) + p2 (1 - p2)))^2 / (p1 - p2)^2`` with
    their mean p. Of means: ``2 (z_alpha + z_beta)^2 sd^2 / difference^2``.

    Parameters
    ----------
    control_risk, relative_reduction : float
        Between 0 and 1; the reduction is 0.25 where it is left out.
    difference, sd : float
        In the same unit, ``sd`` above 0; the difference may have either sign.
    alpha, power : float
        Power above ``alpha / 2``: a test that finds nothing has that much already.

    Raises
    ------
    EffectError
        If the arguments are of neither kind, of both, or out of range, or the size is beyond 1e15.

    Notes
    -----
    Pogue and Yusuf 1997 (Control Clin Trials 18:580) gave the idea; GRADE took it over (Guyatt et
    al 2011, J Clin Epidemiol 64:1283) with alpha 0.05, power 0.8 and reductions of 20 to 30 %.
    The formulas are those of any text on sample sizes (Fleiss, Levin and Paik 2003, eq. 4.14).
    Checked against R's ``power.prop.test`` and GRADE's reading of its own figure (control risk 0.2,
    reduction 25 %: approximately 2,000).

    Examples
    --------
    >>> information_size(control_risk=0.2)
    1812
    >>> information_size(difference=0.2, sd=1.0)
    786
    """
    of_events = control_risk is not None or relative_reduction is not None
    of_means = difference is not None or sd is not None
    problems = []
    if of_events == of_means:
        right = "give control_risk (and relative_reduction), or difference and sd"
        problems.append(Problem("information_size", "is of events or of means, one of them", right))
    elif of_events and control_risk is None:
        problems.append(Problem("control_risk", "is missing", "the risk with the comparator"))
    elif of_means and (difference is None or sd is None):
        problems.append(Problem("difference, sd", "one is missing", "give both, in one unit"))
    for name, value, needed in (
        ("control_risk", control_risk, False),
        ("relative_reduction", relative_reduction, False),
        ("alpha", alpha, True),
        ("power", power, True),
    ):
        if (needed or value is not None) and not is_fraction(value):
            problems.append(Problem(name, f"{value!r:.40}", "a number between 0 and 1"))
    if difference is not None and (not is_number(difference) or difference == 0):
        problems.append(Problem("difference", f"{difference!r:.40}", "a number other than 0"))
    if sd is not None and (not is_number(sd) or sd <= 0):
        problems.append(Problem("sd", f"{sd!r:.40}", "a number above 0"))
    if is_fraction(alpha) and is_fraction(power) and power <= alpha / 2:
        # The sum of the quantiles would be negative, and its square a size all the same.
        problems.append(Problem("power", f"{power!r:.40}", "a number above alpha / 2"))
    if problems:
        raise EffectError("there is no information size of this", problems)
    # Not the quantile of 1 - alpha / 2, which is 1 where alpha is small.
    z_alpha, z_beta = -float(special.ndtri(float(alpha) / 2)), float(special.ndtri(float(power)))
    try:
        if control_risk is not None:
            reduction = USUAL_REDUCTION if relative_reduction is None else float(relative_reduction)
            p1 = float(control_risk)
            return _whole(_of_risks(p1, p1 * (1 - reduction), z_alpha, z_beta))
        # Neither is None or 0 here.
        return _whole(2 * ((z_alpha + z_beta) * (float(sd or 0) / float(difference or 0))) ** 2)
    except (OverflowError, ZeroDivisionError):
        return _whole(math.inf)


def _of_risks(p1: float, p2: float, z_alpha: float, z_beta: float) -> float:
    p = (p1 + p2) / 2
    apart = z_alpha * math.sqrt(2 * p * (1 - p))
    together = z_beta * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return ((apart + together) / (p1 - p2)) ** 2


def _whole(arm: float) -> int:
    if not math.isfinite(arm) or arm > 1e15:
        problem = Problem("information_size", "is beyond 1e15 people", "a larger effect")
        raise EffectError("there is no information size of this", [problem])
    # Rounding errors must not add a person.
    return 2 * max(math.ceil(arm - 1e-9 * arm), 1)
