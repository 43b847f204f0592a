"""Profile likelihood of a variance or correlation, and the interval it makes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from evidence.errors import (
    FitError,
    Problem,
    as_numbers,
    as_words,
    check_kind,
    did_you_mean,
    is_fraction,
)
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.kernels_blocks import Term
from evidence.models.multilevel.kernels_maximum import Scaled, profile_height, scaled
from evidence.models.multilevel.kernels_parameters import values_of
from evidence.models.multilevel.kernels_structures import bounds, counts

Array = NDArray[np.float64]
LARGEST = 1e4
"""An interval of a variance is followed up to this many times the spread of the effects."""


def profile_likelihood(fit: MultilevelFit, component: str, values: ArrayLike) -> pd.DataFrame:
    """Log-likelihood at values of one component, the highest over all others.

    Parameters
    ----------
    fit : MultilevelFit
    component : str
        A free one of ``fit.components``.
    values : array_like (n,)

    Returns
    -------
    DataFrame
        value, log_likelihood (restricted or full, as the fit was made).

    Raises
    ------
    FitError
        If the component is unknown or fixed, or a value is outside its range.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> fit = multilevel(frame, "study/effect")
    >>> found = profile_likelihood(fit, "variance(study)", [0.0, 0.07, 0.5])
    >>> found["log_likelihood"].round(3).tolist()
    [-2.899, -2.474, -2.924]
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    place = _place(fit, component)
    low, high = _range(fit, place)
    at = np.atleast_1d(as_numbers("values", values, FitError))
    if at.ndim != 1 or not np.all((at >= low) & (at <= high)):
        problem = Problem("values", f"{values!r}", f"numbers from {low:.4g} to {high:.4g}")
        raise FitError("the profile is not possible", [problem])
    profile = _Profile(fit, place)
    return pd.DataFrame({"value": at, "log_likelihood": [profile(float(value)) for value in at]})


def profile_intervals(
    fit: MultilevelFit,
    components: str | Sequence[str] | None = None,
    *,
    level: float | None = None,
) -> pd.DataFrame:
    """Profile-likelihood intervals of variances and correlations.

    The values whose profile is no lower than the top by half the quantile of chi-squared with 1 df
    (Venzon and Moolgavkar 1988). An end at the edge of a range (0, or the end of a correlation) is
    that edge; an upper end of a variance beyond 10^4 times the spread of the effects is infinite.

    Parameters
    ----------
    fit : MultilevelFit
    components : str or sequence of str, optional
        All free ones if left out.
    level : float, optional
        The fit's if left out.

    Returns
    -------
    DataFrame
        component, estimate, ci_low, ci_high, level.

    Raises
    ------
    FitError

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> fit = multilevel(frame, "study/effect")
    >>> profile_intervals(fit, "variance(study/effect)")[["ci_low", "ci_high"]].round(3)
       ci_low  ci_high
    0     0.0    0.648
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    level = fit.level if level is None else level
    if not is_fraction(level):
        problem = Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95")
        raise FitError("the profile is not possible", [problem])
    free = ~fit.components["fixed"] & fit.components["estimate"].notna()
    named = None if components is None else as_words("components", components, FitError)
    rows = []
    for name in fit.components.loc[free, "component"] if named is None else named:
        place = _place(fit, name)
        ends = _ends(_Profile(fit, place), fit.component(name), _range(fit, place), level)
        rows.append((name, fit.component(name), *ends, level))
    columns = ["component", "estimate", "ci_low", "ci_high", "level"]
    return pd.DataFrame(rows, columns=columns)


Place = tuple[int, int, str]


def _place(fit: MultilevelFit, name: str) -> Place:
    """Term, position and kind of a free component."""
    known = fit.components["component"].tolist()
    if not isinstance(name, str) or name not in known:
        problem = Problem("component", f"unknown: {name!r}", did_you_mean(str(name), known))
        raise FitError("the profile is not possible", [problem])
    row = fit.components.set_index("component").loc[name]
    if row["fixed"] or pd.isna(row["estimate"]):
        problem = Problem("component", f"{name!r} is fixed or not identified", "leave it out")
        raise FitError("the profile is not possible", [problem])
    for i, term in enumerate(fit.random):
        if name in term.components:
            j, spreads = term.components.index(name), counts(term.arrays)[0]
            place = (i, j, "variance") if j < spreads else (i, j - spreads, "correlation")
            break
    return place


def _range(fit: MultilevelFit, place: Place) -> tuple[float, float]:
    if place[2] == "variance":
        return 0.0, np.inf
    return bounds(fit.random[place[0]].arrays)


class _Profile:
    """The profile of one component; remembers what it has computed, and the last best start."""

    def __init__(self, fit: MultilevelFit, place: Place) -> None:
        model = fit.model
        arrays: tuple[Term, ...] = tuple(term.arrays for term in fit.random)
        self.whole: Scaled = scaled(
            fit.outcomes,
            model.basis.q,
            model.sampling,
            arrays,
            list(model.held),
            restricted=fit.method == "reml",
        )
        self.place, self.top = place, fit.log_likelihood
        found = values_of(arrays, model.states)
        self.values = [(variance / self.whole.unit**2, rho) for variance, rho in found]
        # Heights of the scaled effects differ from those of the effects by a constant.
        k = fit.k - (fit.p if fit.method == "reml" else 0)
        self.constant = -k * float(np.log(self.whole.unit))

    def __call__(self, value: float) -> float:
        return profile_height(self.whole, self.place, value, self.values) + self.constant


def _ends(
    profile: _Profile, estimate: float, limits: tuple[float, float], level: float
) -> tuple[float, float]:
    gap = 0.5 * float(special.chdtri(1, 1.0 - level))

    def below(value: float) -> float:
        return profile.top - gap - profile(value)

    low, high = limits
    first = low if estimate <= low or below(low) <= 0 else _root(below, low, estimate)
    if np.isfinite(high):
        last = high if estimate >= high or below(high) <= 0 else _root(below, high, estimate)
        return first, last
    unit = profile.whole.unit**2
    near, far = estimate, max(2.0 * estimate, 0.1 * unit)
    while below(far) <= 0:
        near, far = far, 4.0 * far
        if far > LARGEST * unit:
            return first, np.inf
    return first, _root(below, far, near)


def _root(below: object, outside: float, inside: float) -> float:
    width = abs(outside - inside)
    return float(optimize.brentq(below, *sorted((outside, inside)), xtol=1e-9 * width, rtol=1e-10))
