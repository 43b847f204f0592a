"""Every estimator of tau2 by its public name, with its large-sample standard error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.models.frequentist import kernels_moments, kernels_tau2
from evidence.models.frequentist.kernels import tau2_standard_error
from evidence.models.frequentist.kernels_tau2 import Tau2

Array = NDArray[np.float64]


def paule_mandel_median(y: Array, v: Array) -> Tau2:
    """tau2 at which the generalised Q equals the median of chi-squared with k - 1 df; else 0.

    Median-unbiased; Viechtbauer 2021. Checked against metafor ``method="PMM"``.

    Examples
    --------
    >>> round(float(paule_mandel_median(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2), 6)
    4.77078
    """
    return kernels_tau2.q_root(y, v, float(special.chdtri(y.shape[-1] - 1, 0.5)))


# Empirical Bayes and iterated DerSimonian-Laird solve the same equation as Paule-Mandel: a fixed
# point of either has generalised Q = k - 1, and that has one solution.
ESTIMATORS: dict[str, Callable[[Array, Array], Tau2]] = {
    "reml": kernels_tau2.reml,
    "maximum_likelihood": kernels_tau2.maximum_likelihood,
    "paule_mandel": kernels_tau2.paule_mandel,
    "paule_mandel_median": paule_mandel_median,
    "empirical_bayes": kernels_tau2.paule_mandel,
    "dersimonian_laird": kernels_tau2.dersimonian_laird,
    "dersimonian_laird_iterated": kernels_tau2.paule_mandel,
    "hedges": kernels_moments.hedges,
    "hunter_schmidt": kernels_moments.hunter_schmidt,
    "hunter_schmidt_corrected": partial(kernels_moments.hunter_schmidt, corrected=True),
    "sidik_jonkman": kernels_moments.sidik_jonkman,
}


def form_weights(method: str, y: Array, v: Array, stated: Array | None) -> Array | None:
    """Weights of the quadratic form a moment estimator rests on; None for the others."""
    if method == "generalised_q":
        return stated
    if method == "sidik_jonkman":
        return kernels_moments.sidik_jonkman_weights(y, v)
    if method in ("dersimonian_laird", "hunter_schmidt", "hunter_schmidt_corrected"):
        return 1.0 / v
    return np.ones_like(v) if method == "hedges" else None


def standard_error(method: str, y: Array, v: Array, tau2: Array, stated: Array | None) -> Array:
    """Large-sample standard error of tau2 at the estimate.

    Maximum likelihood: sqrt(2 / sum(w^2)), the expected information; moment estimators: the exact
    standard deviation of their quadratic form; the rest as in ``tau2_standard_error``.
    Checked against metafor (``se.tau2``).
    """
    k, a = y.shape[-1], form_weights(method, y, v, stated)
    if method == "maximum_likelihood":
        return np.asarray(np.sqrt(2.0 / ((v + tau2[..., None]) ** -2).sum(-1)))
    if a is None:
        kind = "reml" if method == "reml" else "paule_mandel"
        return tau2_standard_error(v, tau2, kind)
    spread = np.sqrt(kernels_moments.form_variance(a, v + tau2[..., None]))
    if method.startswith("hunter_schmidt"):
        factor = k / (k - 1) if method == "hunter_schmidt_corrected" else 1.0
        return np.asarray(factor * spread / a.sum(-1))
    if method == "sidik_jonkman":
        return np.asarray(spread / (k - 1))
    return np.asarray(spread / (a.sum(-1) - (a**2).sum(-1) / a.sum(-1)))
