"""The ordered ways from what was printed of a comparison to an estimate and its standard error.

The first way that leads somewhere serves: (1) the published estimate with interval, standard error
or exact P; (2) two arms with means and spreads; (3) two arms with events; (4) two arms with means
and an exact P. A bound on P serves none of them. Where both means are of the same people and
their correlation has to be assumed, an exact P comes before it: it is the paired test's (Cochrane
Handbook, 23.2.7.2). Levels and associations have ways of their own.
"""

from __future__ import annotations

from evidence.effects.correlations import associations
from evidence.effects.derive import assumptions_in
from evidence.effects.events import events
from evidence.effects.found import Found
from evidence.effects.levels import levels
from evidence.effects.means import means, means_with_p
from evidence.effects.printed import Comparison
from evidence.effects.published import published

EFFECT_WAYS = (published, means, events, means_with_p)
CORRELATIONS = {"baseline_final_correlation", "crossover_correlation"}
WAYS = {"level": (levels,), "association": (associations,)}


def from_arms(comparison: Comparison) -> Found | None:
    """Take the first way that rests on the figures of the two arms themselves."""
    for way in (means, events):
        found = next(way(comparison), None)
        if found is not None:
            return found
    return None


def best_route(comparison: Comparison) -> Found | None:
    """Take the first way that leads to an estimate and a standard error.

    Raises
    ------
    EffectError
        If printed figures lead to an impossible number.
    """
    for way in WAYS.get(comparison.question.contrast, EFFECT_WAYS):
        found = next(way(comparison), None)
        if found is not None:
            return _without_assumption(comparison, found)
    return None


def _without_assumption(comparison: Comparison, found: Found) -> Found:
    """Rather the exact P of a paired test than an assumed correlation."""
    paired = comparison.paired or comparison.control is None
    if not paired or CORRELATIONS.isdisjoint(assumptions_in(found.std_error)):
        return found
    return next(means_with_p(comparison), found)
