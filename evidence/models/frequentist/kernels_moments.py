"""Moment estimators of tau2 from one quadratic form, batched: y, v, a of shape (..., k).

With weights a the form is Q = sum of a (y - weighted mean)^2 = y'Ay, A = diag(a) - aa' / sum(a).
Its mean and variance under y ~ N(mu, S), S = diag(v + tau2), are tr(AS) and 2 tr(ASAS), both
sums over the studies, so no k x k matrix is ever made.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evidence.models.frequentist.kernels_tau2 import Tau2, centre

Array = NDArray[np.float64]


def quadratic_form(y: Array, a: Array) -> Array:
    """Sum of a (y - weighted mean)^2.

    Examples
    --------
    >>> quadratic_form(np.array([0.0, 2.0]), np.array([1.0, 3.0])).item()
    3.0
    """
    centred = centre(y)
    mean = (a * centred).sum(-1) / a.sum(-1)
    return np.asarray((a * (centred - mean[..., None]) ** 2).sum(-1))


def form_trace(a: Array, s: Array) -> Array:
    """tr(AS), the mean of the form where the estimates have variances s."""
    return np.asarray((a * s).sum(-1) - (a**2 * s).sum(-1) / a.sum(-1))


def form_variance(a: Array, s: Array) -> Array:
    """2 tr(ASAS), the variance of the form where the estimates are normal with variances s."""
    total, once, twice = a.sum(-1), (a**2 * s).sum(-1), (a**2 * s**2).sum(-1)
    return np.asarray(2.0 * (twice - 2.0 * (a**3 * s**2).sum(-1) / total + (once / total) ** 2))


def from_form(y: Array, v: Array, a: Array) -> Tau2:
    """tau2 at which the form with weights a equals its mean, cut off at 0.

    DerSimonian and Kacker 2007. a = 1 / v is DerSimonian-Laird, a = 1 is Hedges. Checked
    against metafor ``rma.uni(method="GENQ")``.

    Examples
    --------
    >>> from_form(np.array([0.0, 2.0, 4.0]), np.ones(3), np.ones(3)).tau2.item()
    3.0
    """
    slope = a.sum(-1) - (a**2).sum(-1) / a.sum(-1)
    return _closed((quadratic_form(y, a) - form_trace(a, v)) / slope)


def hedges(y: Array, v: Array) -> Tau2:
    """Ordinary variance of the estimates less their mean sampling variance, cut off at 0.

    Hedges 1983 (also Cochran; Hedges and Olkin 1985); checked against metafor ``method="HE"``.

    Examples
    --------
    >>> hedges(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0])).tau2.item()
    2.0
    """
    return from_form(y, v, np.ones_like(v))


def hunter_schmidt(y: Array, v: Array, *, corrected: bool = False) -> Tau2:
    """(Q - k) / sum(w) with w = 1 / v, cut off at 0; corrected: k Q / (k - 1) in place of Q.

    Hunter and Schmidt 1990; correction: Viechtbauer, Lopez-Lopez, Sanchez-Meca and Marin-Martinez
    2015. Checked against metafor ``method="HS"`` and ``"HSk"``.

    Examples
    --------
    >>> y, v = np.array([0.0, 2.0, 4.0]), np.ones(3)
    >>> hunter_schmidt(y, v).tau2.round(6), hunter_schmidt(y, v, corrected=True).tau2
    (np.float64(1.666667), array(3.))
    """
    k, w = y.shape[-1], 1.0 / v
    factor = k / (k - 1) if corrected else 1.0
    return _closed((factor * quadratic_form(y, w) - k) / w.sum(-1))


def sidik_jonkman(y: Array, v: Array) -> Tau2:
    """Two-step estimator from a crude start, the variance of the estimates with divisor k.

    Sidik and Jonkman 2005; above 0 unless the estimates are identical. Checked
    against metafor ``method="SJ"``.

    Examples
    --------
    >>> round(sidik_jonkman(np.array([0.0, 2.0, 4.0]), np.ones(3)).tau2.item(), 6)
    2.909091
    """
    return _closed(quadratic_form(y, sidik_jonkman_weights(y, v)) / (y.shape[-1] - 1))


def sidik_jonkman_weights(y: Array, v: Array) -> Array:
    """Weights of the Sidik-Jonkman form, start / (v + start); 1 for identical estimates."""
    start = (centre(y) ** 2).mean(-1)[..., None]
    # Identical estimates have the form 0 whatever the weights; 1 keeps the sum above 0.
    return np.asarray(np.where(start > 0, start / (v + start), 1.0))


def _closed(tau2: Array) -> Tau2:
    tau2 = np.asarray(np.maximum(0.0, tau2))
    return Tau2(tau2, np.ones(tau2.shape, dtype=np.bool_))
