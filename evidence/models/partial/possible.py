"""The frequentist companion: the range of answers over all values that agree with the page.

No prior is in it. What was printed stays as it is; what was not takes every value that what was
said leaves, within declared limits, and the pooled estimate's smallest and largest value are found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, figure, folded
from evidence.effects.statements import Statement
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.frequentist.options import Tau2Method
from evidence.models.frequentist.pool_many import pool_many
from evidence.models.partial.pool_reports import statements_of

Array = NDArray[np.float64]
POINTS = 5
SWEEPS = 30
# A correlation that nobody printed is taken between these.
CORRELATIONS = (0.0, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class PossibleAnswers:
    """Smallest and largest pooled estimate that what was printed allows.

    Attributes
    ----------
    low, high : float
        Of the pooled estimate.
    ci_low, ci_high : float
        Lower end of the interval at ``low``, upper end of that at ``high``.
    used : int
        Number of reports.
    extremes : DataFrame
        One row a report: the estimate and standard error that it takes at either end.
    notes : tuple of str
    """

    low: float
    high: float
    ci_low: float
    ci_high: float
    used: int
    extremes: pd.DataFrame
    notes: tuple[str, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        lines = [
            f"Pooled estimates that {counted(self.used, 'report')} can have: "
            f"{figure(self.low)} to {figure(self.high)}; "
            f"with their intervals {figure(self.ci_low)} to {figure(self.ci_high)}",
            *(f"  note: {note}" for note in self.notes),
        ]
        return folded("\n".join(lines))


def possible_answers(
    told: EffectTable | Sequence[Statement],
    *,
    limits: tuple[float, float],
    sd_limits: tuple[float, float] | None = None,
    control_limits: tuple[float, float] | None = None,
    model: Literal["common", "random"] = "random",
    tau2: Tau2Method | None = None,
    level: float = 0.95,
) -> PossibleAnswers:
    """Find the best and the worst case that agree with everything that was said.

    Parameters
    ----------
    told : EffectTable or sequence of Statement
    limits : (float, float)
        Estimates of one trial that can be, on the analysis scale: a direction alone would leave
        the range without end.
    sd_limits : (float, float), optional
        SDs of the outcome that can be, for standard errors that were not printed; by default from
        half the smallest to twice the largest SD that the other reports show.
    control_limits : (float, float), optional
        Changes of a control arm that can be; reports of the treated arm alone are left out
        without it.
    model, tau2, level
        As in ``pool``.

    Returns
    -------
    PossibleAnswers

    Raises
    ------
    FitError
        If limits are not ordered, fewer than two reports can be used, or no SD limits follow from
        the reports.

    Notes
    -----
    Bounds in the sense of Manski (2003): the identified set of the pooled estimate. Under the
    common effect the extreme lies where each report stands at an end of its range (the estimate
    is a weighted mean); under random effects tau2 bends that, so points between the ends are tried
    too, one report at a time from three starts, until none moves (checked against all combinations
    in small bodies).

    Examples
    --------
    >>> from evidence.effects.statements import ErrorForm
    >>> known = [
    ...     Statement(row=r, study=r, label=r, kind="complete", estimate=y,
    ...               errors=(ErrorForm(0.04),), size=0.2, df=48)
    ...     for r, y in zip("ab", [-0.5, -0.3])
    ... ]
    >>> lower = Statement(row="d", study="d", label="d", kind="direction", sign=-1, size=0.2)
    >>> found = possible_answers([*known, lower], limits=(-1, 1), model="common")
    >>> round(found.low, 2), round(found.high, 2)
    (-0.8, -0.13)
    """
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    _check(limits, "limits")
    usable = [s for s in statements if not s.silent and not (s.arm_only and not control_limits)]
    if len(usable) < 2:
        right = "two reports that say something"
        raise FitError(
            "there is no range of answers", [Problem("told", f"{len(usable)} usable", right)]
        )
    sds = _sd_limits(usable, sd_limits)
    if control_limits is not None:
        _check(control_limits, "control_limits")
    choices = [_choices(s, limits, sds, _sizes(usable), control_limits) for s in usable]

    def pooled(y: Array, s: Array) -> Array:
        return pool_many(y, s**2, model=model, tau2=tau2, level=level).estimate

    ends = [_extreme(choices, pooled, sign) for sign in (-1, 1)]
    fits = [
        pool_many(end[:, 0], end[:, 1] ** 2, model=model, tau2=tau2, level=level) for end in ends
    ]
    rows = {
        "label": [s.label for s in usable],
        "kind": [s.kind for s in usable],
        "estimate_at_low": ends[0][:, 0],
        "std_error_at_low": ends[0][:, 1],
        "estimate_at_high": ends[1][:, 0],
        "std_error_at_high": ends[1][:, 1],
    }
    left = [s.label for s in statements if not s.silent and s not in usable]
    notes = (f"treated arms without their control are left out: {', '.join(left)}",) if left else ()
    return PossibleAnswers(
        low=float(fits[0].estimate),
        high=float(fits[1].estimate),
        ci_low=float(fits[0].ci_low),
        ci_high=float(fits[1].ci_high),
        used=len(usable),
        extremes=pd.DataFrame(rows, index=[s.row for s in usable]).rename_axis("row"),
        notes=notes,
    )


def _check(limits: tuple[float, float], name: str) -> None:
    if not (len(limits) == 2 and np.all(np.isfinite(limits)) and limits[0] < limits[1]):
        problem = Problem(name, repr(limits), "two finite numbers, the smaller first")
        raise FitError("the limits are no range", [problem])


def _sizes(usable: Sequence[Statement]) -> Array:
    found = [s.size for s in usable if s.size is not None]
    # Where no n was printed at all, SD limits are limits of standard errors.
    return np.array(found or [1.0])


def _sd_limits(usable: Sequence[Statement], given: tuple[float, float] | None) -> Array:
    if given is not None:
        _check(given, "sd_limits")
        if given[0] <= 0:
            problem = Problem("sd_limits", repr(given), "above 0")
            raise FitError("the limits are no range", [problem])
        return np.array(given)
    seen = [
        np.sqrt(e.variance) / s.size
        for s in usable
        if s.size is not None and len(s.errors) == 1
        for e in s.errors
    ]
    # Without any, only reports whose standard error is bounded on both sides can be used.
    return np.array([min(seen) / 2, max(seen) * 2]) if seen else np.array([0.0, np.inf])


def _choices(
    s: Statement,
    limits: tuple[float, float],
    sds: Array,
    sizes: Array,
    control: tuple[float, float] | None,
) -> Array:
    """Points (estimate, standard error) that agree with a report, shape (m, 2)."""
    errors = _errors(s, sds, sizes)
    points = []
    for error in errors:
        if s.estimate is not None:
            ends = (s.estimate - s.half_width, s.estimate + s.half_width)
            if s.arm_only and control is not None:
                ends = (ends[0] - control[1], ends[1] - control[0])
            points += [(y, error) for y in _between(*ends)]
            continue
        for side in (1, -1):
            if s.sign not in (0, side):
                continue
            furthest = limits[1] if side > 0 else -limits[0]
            if s.arm_only and control is not None:
                # The treated arm moved to this side; what it shows beside its control may not.
                low, high = (-control[1], limits[1]) if side > 0 else (limits[0], -control[0])
                points += [(y, error) for y in _between(max(low, limits[0]), min(high, limits[1]))]
                continue
            low, high = s.z_low * error, min(s.z_high * error, furthest)
            if low <= high:
                points += [(side * y, error) for y in _between(low, high)]
    if not points:
        right = "wider limits or sd_limits"
        raise FitError(
            "a report lies outside the limits", [Problem(s.row, "no value agrees with it", right)]
        )
    return np.unique(np.array(points), axis=0)


def _between(low: float, high: float) -> Array:
    return np.array([low]) if low == high else np.linspace(low, high, POINTS)


def _errors(s: Statement, sds: Array, sizes: Array) -> Array:
    """Standard errors that agree with a report."""
    if s.errors:
        pairs = [np.sqrt([e.variance - e.slope * r for r in CORRELATIONS]) for e in s.errors]
        return np.unique(np.concatenate([_errors_between(*sorted(pair)) for pair in pairs]))
    ends = (s.size, s.size) if s.size is not None else (sizes.min(), sizes.max())
    low, high = max(float(sds[0] * ends[0]), s.se_low), min(float(sds[1] * ends[1]), s.se_high)
    if not low <= high:
        # The bounds that a P makes go before limits that were only declared.
        known = [x for x in (s.se_low, s.se_high) if 0 < x < np.inf]
        below, above = (0.5, 1.0) if s.se_low <= 0 else (1.0, 2.0)
        low, high = known if len(known) == 2 else (below * known[0], above * known[0])
    if not (low > 0 and np.isfinite(high)):
        right = "give sd_limits=(smallest, largest), or leave the report out"
        problem = Problem(s.row, "no report shows an SD", right)
        raise FitError("a standard error has nowhere to come from", [problem])
    return _errors_between(low, high)


def _errors_between(low: float, high: float) -> Array:
    return np.array([low]) if low == high else np.geomspace(low, high, POINTS)


def _extreme(choices: Sequence[Array], pooled: Callable[[Array, Array], Array], sign: int) -> Array:
    """The points, one a report, at which the pooled estimate is most extreme, shape (k, 2)."""
    best, at = -np.inf, np.array([c[0] for c in choices])
    for quantile in (0.0, 0.5, 1.0):
        now = np.array([c[int(quantile * (len(c) - 1))] for c in choices])
        value = -np.inf
        for _ in range(SWEEPS):
            before = value
            for i, options in enumerate(choices):
                if len(options) == 1:
                    continue
                tried = np.repeat(now[None], len(options), axis=0)
                tried[:, i] = options
                values = sign * pooled(tried[..., 0], tried[..., 1])
                now[i] = options[int(np.argmax(values))]
                value = float(values.max())
            if value <= before + 1e-12 * abs(before):
                break
        value = float(sign * pooled(now[None, :, 0], now[None, :, 1])[0])
        if value > best:
            best, at = value, now
    return at
