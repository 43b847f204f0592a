"""pool_many: the same pairwise meta-analysis of many data sets of equal size, in one call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import html_of_record, text_of_record
from evidence.errors import FitError, Problem
from evidence.models.frequentist.figures import (
    Figure,
    check_wanted,
    existing,
    figures,
)
from evidence.models.frequentist.options import CiMethod, Model, Options, Tau2Method, resolve

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PooledMany:
    """Answers of ``pool_many``; arrays have the leading shape (...) of the data.

    ``df`` is that of the interval (infinite: normal); ``q_df`` that of Q, the same for all.
    ``weights`` (..., k) are percent. ``tau2``, ``typical_variance`` are None for the common-effect
    model, ``hartung_knapp_multiplier`` (before flooring) where the interval does not use it.
    """

    options: Options
    k: int
    estimate: Array
    std_error: Array
    wald_std_error: Array
    statistic: Array
    df: Array
    p: Array
    ci_low: Array
    ci_high: Array
    q: Array
    q_df: int
    q_p: Array
    i2: Array
    h2: Array
    tau2: Array | None
    typical_variance: Array | None
    hartung_knapp_multiplier: Array | None
    weights: Array

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        return text_of_record(self, "Meta-analyses of many tables")


def pool_many(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> PooledMany:
    """Pool every data set along the last axis.

    Parameters
    ----------
    estimates, variances : array_like, shape (..., k)
        Estimates and their sampling variances (squared standard errors), k >= 2.
    model, tau2, ci, level
        As in ``pool``.
    weights : array_like, optional
        Of the mean, above 0, of a shape that broadcasts to that of the estimates.

    Raises
    ------
    FitError
        If an option is unknown or would do nothing, a number is not finite, a variance is not
        above 0, k < 2, or tau2 did not converge somewhere.

    Examples
    --------
    >>> many = pool_many([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]], np.ones((2, 3)))
    >>> many.estimate.round(3), many.tau2.round(3)
    (array([2., 1.]), array([3., 0.]))
    """
    options = resolve(model, tau2, ci, level, weighted=weights is not None)
    y, v = _checked(estimates, variances)
    return fit_arrays(y, v, options, None if weights is None else checked_weights(weights, y.shape))


def pool_figures(
    estimates: ArrayLike,
    variances: ArrayLike,
    want: Collection[Figure],
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> dict[str, Array]:
    """Pool as ``pool_many`` does, but give only the figures that are wanted, and so sooner.

    Parameters
    ----------
    estimates, variances, model, tau2, ci, level, weights
        As in ``pool_many``.
    want : collection of str
        Names of the arrays of a ``PooledMany``.

    Returns
    -------
    dict of ndarray

    Raises
    ------
    FitError
        As ``pool_many``; also if a figure is unknown or does not exist under the options.

    Examples
    --------
    >>> pool_figures([[0.0, 2.0, 4.0]], [[1.0, 1.0, 1.0]], ["estimate", "tau2"])["tau2"].round(9)
    array([3.])
    """
    options = resolve(model, tau2, ci, level, weighted=weights is not None)
    check_wanted(want, options)
    y, v = _checked(estimates, variances)
    stated = None if weights is None else checked_weights(weights, y.shape)
    return figures(y, v, options, want, stated)


def fit_arrays(y: Array, v: Array, options: Options, weights: Array | None = None) -> PooledMany:
    """Fit checked arrays y, v (and weights) of shape (..., k), k >= 2, with resolved options."""
    k, found = y.shape[-1], figures(y, v, options, existing(options), weights)
    return PooledMany(
        options=options,
        k=k,
        q_df=k - 1,
        tau2=found.pop("tau2", None),
        typical_variance=found.pop("typical_variance", None),
        hartung_knapp_multiplier=found.pop("hartung_knapp_multiplier", None),
        **found,
    )


def checked_weights(weights: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Weights as an array of the shape of the estimates.

    Raises
    ------
    FitError
        If they do not broadcast to that shape, or one is not a finite number above 0.
    """
    try:
        found = np.broadcast_to(np.asarray(weights, dtype=np.float64), shape)
    except (TypeError, ValueError) as error:
        problem = Problem("weights", str(error), f"numbers of shape {shape}")
        raise FitError("the weights do not fit the estimates", [problem]) from None
    bad = np.argwhere(~(np.isfinite(found) & (found > 0)))
    problems = [
        Problem(f"weights[{', '.join(map(str, place))}]", f"is {found[tuple(place)]}", "above 0")
        for place in bad
    ]
    if problems:
        raise FitError("weights must be finite numbers above 0", problems)
    return found


def _checked(estimates: ArrayLike, variances: ArrayLike) -> tuple[Array, Array]:
    try:
        y = np.asarray(estimates, dtype=np.float64)
        v = np.asarray(variances, dtype=np.float64)
    except (TypeError, ValueError) as error:
        problem = Problem("estimates, variances", str(error), "give two arrays of numbers")
        raise FitError("the data are not numbers", [problem]) from None
    if y.shape != v.shape or y.ndim == 0 or y.shape[-1] < 2:
        shapes = f"shapes {y.shape} and {v.shape}"
        right = "give the same shape (..., k) twice, with k of at least 2"
        raise FitError("the data do not pair up", [Problem("estimates, variances", shapes, right)])
    # A sum is finite only if all its parts are; only then does the search for culprits pay.
    with np.errstate(over="ignore", invalid="ignore"):
        sound = v.size == 0 or (v.min() > 0 and bool(np.isfinite(y.sum() + v.sum())))
    if sound:
        return y, v
    problems = [
        Problem(f"{name}[{', '.join(str(i) for i in place)}]", f"is {values[tuple(place)]}", right)
        for name, values, bad, right in (
            ("estimates", y, ~np.isfinite(y), "a finite number"),
            ("variances", v, ~(np.isfinite(v) & (v > 0)), "a finite number above 0"),
        )
        for place in np.argwhere(bad)
    ]
    if problems:
        raise FitError("some numbers cannot be pooled", problems)
    return y, v
