"""What one study printed of one comparison, for claims about that study or resting on it alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evidence.catalog.claims import Holds, PrintedFigure
from evidence.catalog.study import Contrast, Outcome, PValue, Study, Summary
from evidence.effects.labels import source_text
from evidence.effects.recover import log_se_from_ci, se_from_ci
from evidence.errors import Problem, StudyError, did_you_mean
from evidence.rating.claims.verdict import ClaimEvidence, Ruling

RATIOS = ("RR", "OR", "HR", "IRR", "ratio", "fold_change", "relative_likelihood")
DIFFERENCES = ("MD", "SMD", "RD", "percent_difference", "r", "beta")
ALPHA = 0.05
BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Printed:
    """A comparison as it stands on the page.

    ``direction`` is what was said, or what the printed figures have; ``p`` the printed P or the
    bound it lies below, as ``relation`` tells; ``significant`` whether it lies below 0.05;
    ``not_significant`` where only that was said, or a bound that it lies above; ``within`` whether
    an arm is compared with its own baseline.
    """

    source: str
    url: str | None
    direction: str | None
    p: float | None
    significant: bool
    not_significant: bool
    estimate: float | None
    ci: tuple[float, float] | None
    ci_level: float
    measure: str | None
    unit: str | None
    within: bool = False
    relation: str | None = None


def read_printed(study: Study, at: PrintedFigure) -> Printed:
    """Find a printed comparison in a study.

    Raises
    ------
    StudyError
        If the study has no such outcome, or tells nothing of the arm.
    """
    outcome = next((o for o in study.outcomes if o.id == at.outcome), None)
    if outcome is None:
        right = did_you_mean(at.outcome, [o.id for o in study.outcomes])
        problem = Problem(f"{study.id}: {at.outcome}", "is no outcome of it", right)
        raise StudyError("a claim rests on a figure that is not there", [problem])
    contrast = next(
        (c for c in outcome.contrasts if c.arm == at.arm and c.versus == at.versus), None
    )
    if contrast is None and at.arm not in outcome.arms:
        known = [*outcome.arms, *(str(c.arm) for c in outcome.contrasts)]
        problem = Problem(
            f"{study.id}: {at.outcome}: {at.arm}", "is told nothing of", did_you_mean(at.arm, known)
        )
        raise StudyError("a claim rests on a figure that is not there", [problem])
    p = None if contrast is None else contrast.p
    return Printed(
        source=source_text(outcome),
        url=outcome.source.url,
        direction=_direction(outcome, contrast, at),
        p=None if p is None or p.relation not in ("=", "<") else p.value,
        significant=p is not None and _below(p, ALPHA),
        not_significant=p is not None and p.relation in ("ns", ">"),
        estimate=None if contrast is None else contrast.estimate,
        ci=None if contrast is None else contrast.ci,
        ci_level=0.95 if contrast is None or contrast.ci_level is None else contrast.ci_level,
        measure=None if contrast is None else contrast.measure,
        unit=outcome.unit,
        within=at.versus == BASELINE,
        relation=None if p is None else p.relation,
    )


def _below(p: PValue, alpha: float) -> bool:
    if p.value is None:
        return False
    return p.value < alpha if p.relation == "=" else p.relation == "<" and p.value <= alpha


def _direction(outcome: Outcome, contrast: Contrast | None, at: PrintedFigure) -> str | None:
    if contrast is not None:
        if contrast.direction is not None:
            return contrast.direction
        null = _null(contrast.measure)
        if contrast.estimate is not None and null is not None:
            return _sign(contrast.estimate - null)
    result = outcome.arms.get(at.arm)
    if at.versus == BASELINE and result is not None and result.direction is not None:
        return result.direction
    own = _change(outcome, at.arm)
    if at.versus not in outcome.arms:
        # Against its baseline, or against an arm whose values were not printed.
        return None if own is None else _sign(own)
    other = _change(outcome, at.versus)
    return None if own is None or other is None else _sign(own - other)


def _null(measure: str | None) -> float | None:
    """No difference on a measure's own scale; None where it could be read either way."""
    if measure in RATIOS:
        return 1.0
    return 0.0 if measure in DIFFERENCES else None


def _sign(value: float) -> str:
    return "increase" if value > 0 else "decrease" if value < 0 else "no_change"


def _change(outcome: Outcome, arm: str) -> float | None:
    result = outcome.arms.get(arm)
    if result is None:
        return None
    for part in (result.change, result.change_percent):
        if (centre := _centre(part)) is not None:
            return centre
    before, after = _centre(result.baseline), _centre(result.final)
    return None if before is None or after is None else after - before


def _centre(summary: Summary | None) -> float | None:
    if summary is None:
        return None
    values = (summary.mean, summary.median, summary.centre)
    return next((value for value in values if value is not None), None)


def on_page(holds: Holds, printed: Printed) -> Ruling:
    """Judge a claim about what one study found, by whether its report says so.

    Examples
    --------
    >>> fell = ("x[abstract]", None, "decrease", 0.0014, True, False, None, None, 0.95, None, None)
    >>> on_page(Holds(relation="below"), Printed(*fell)).words
    'supported'
    """
    if holds.relation in ("no_difference", "not_worse"):
        if printed.direction == "no_change" or printed.not_significant:
            return Ruling("supported", "printed_agrees")
        verdict = Ruling("contradicted", "printed_against")
        return verdict if printed.significant else Ruling("uncertain", "printed_silent")
    wanted = {"below": "decrease", "above": "increase"}.get(holds.relation)
    if printed.direction is None or wanted is None:
        return Ruling("uncertain", "printed_silent")
    if printed.direction != wanted:
        return Ruling("contradicted", "printed_against")
    return Ruling("supported", "printed_agrees" if printed.significant else "printed_figures")


def found_on_page(holds: Holds, printed: Printed, *, direct: bool = True) -> ClaimEvidence:
    """Read a probability off one study's printed interval or P, normally and with a flat prior.

    A P printed as a bound gives a bound of the probability. Nothing is rated, so that the verdict
    can be no stronger than what an unrated single study allows.
    """
    low, high = printed.ci or (None, None)
    below = _below_null(printed)
    true = against = None
    if below is not None and holds.low is None and holds.relation in ("below", "above"):
        true = below if holds.relation == "below" else 1 - below
        against = 1 - true
    return ClaimEvidence(
        k=1,
        estimate=printed.estimate,
        ci_low=low,
        ci_high=high,
        probability=true,
        against=against,
        basis="printed",
        certainty=None,
        direct=direct,
        controlled=not printed.within,
    )


def _below_null(printed: Printed) -> float | None:
    """Probability that the effect is below no difference."""
    known = _null(printed.measure) is not None
    if printed.estimate is not None and printed.ci is not None and known:
        low, high = printed.ci
        ratio = printed.measure in RATIOS
        error = (log_se_from_ci if ratio else se_from_ci)(low, high, printed.ci_level)
        centre = math.log(printed.estimate) if ratio else printed.estimate
        return 0.5 * math.erfc(float(centre / error) / math.sqrt(2))
    if printed.p is None or printed.direction not in ("increase", "decrease"):
        return None
    return 1 - printed.p / 2 if printed.direction == "decrease" else printed.p / 2
