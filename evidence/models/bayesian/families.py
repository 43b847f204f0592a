"""Families of densities of tau, as functions of parameters and of the standard errors.

Densities that depend on the standard errors follow Roever (2020, J Stat Softw 93(6), section 2.2)
and the papers cited there: Jeffreys; Berger and Deely (1988); DuMouchel (1994); the uniform
shrinkage prior (Daniels 1999); the conventional prior (Berger and Deely 1988).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.models.bayesian.kernels import TauGrid, tau_grid, tau_quantile
from evidence.models.frequentist import kernels

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Family:
    """What a family of densities of tau is, as functions of its parameters and of the errors.

    ``order`` is the power of tau at 0, ``tail`` the power of 1/tau at infinity (infinite where it
    falls faster): they decide which posteriors and which moments exist.
    """

    label: str
    log_density: Callable[[Array, Mapping[str, float], Array], Array]
    quantile: Callable[[Array, Mapping[str, float], Array], Array] | None
    order: float
    tail: Callable[[Mapping[str, float]], float]
    proper: bool = True
    from_data: bool = False


def harmonic_variance(s: Array) -> Array:
    """Harmonic mean of the sampling variances, shape ``(..., 1)``."""
    return np.asarray(1.0 / np.mean(s**-2.0, axis=-1, keepdims=True), dtype=np.float64)


def typical_variance(s: Array) -> Array:
    """Typical sampling variance of Higgins and Thompson (2002, eq. 9), shape ``(..., 1)``."""
    return kernels.typical_variance(s**2.0)[..., None]


def _half_t(t: Array, par: Mapping[str, float], _s: Array) -> Array:
    df, x = par["df"], t / par["scale"]
    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - np.log(df * np.pi) / 2
    return np.asarray(
        np.log(2 / par["scale"]) + constant - (df + 1) / 2 * np.log1p(x**2 / df), dtype=np.float64
    )


def _log_normal(t: Array, par: Mapping[str, float], _s: Array) -> Array:
    z = (np.log(np.maximum(t, 1e-300)) - par["mean_log"]) / par["sd_log"]
    density = -0.5 * z**2 - np.log(t) - np.log(par["sd_log"] * np.sqrt(2 * np.pi))
    return np.where(t > 0, density, -np.inf)


def _inverse_gamma(t: Array, par: Mapping[str, float], _s: Array) -> Array:
    a, b = par["shape"], par["scale"]
    x = np.maximum(t, 1e-300)
    found = a * np.log(b) - special.gammaln(a) - (a + 1) * np.log(x) - b / x
    return np.where(t > 0, found, -np.inf)


def _log_t(t: Array, par: Mapping[str, float], _s: Array) -> Array:
    df, x = par["df"], np.log(np.maximum(t, 1e-300))
    z = (x - par["mean_log"]) / par["scale_log"]
    constant = special.gammaln((df + 1) / 2) - special.gammaln(df / 2) - np.log(df * np.pi) / 2
    found = constant - (df + 1) / 2 * np.log1p(z**2 / df) - np.log(par["scale_log"]) - x
    return np.where(t > 0, found, np.inf)


def _shrinkage(variance: Callable[[Array], Array]) -> Callable[..., Array]:
    """Log density that is uniform in ``variance / (variance + tau^2)``."""

    def log_density(t: Array, _par: Mapping[str, float], s: Array) -> Array:
        v = variance(s)
        return np.asarray(np.log(2 * v * t) - 2 * np.log(v + t**2))

    return log_density


def _shrinkage_quantile(variance: Callable[[Array], Array]) -> Callable[..., Array]:
    return lambda q, _par, s: np.asarray(np.sqrt(variance(s) * q / (1 - q)))


def _jeffreys(t: Array, _par: Mapping[str, float], s: Array) -> Array:
    total = s[..., None, :] ** 2 + t[..., None] ** 2
    return np.asarray(np.log(t) + 0.5 * special.logsumexp(-2 * np.log(total), axis=-1))


def _product(power: float) -> Callable[..., Array]:
    """Log of the geometric mean of ``tau / (s_i^2 + tau^2)^power``."""

    def log_density(t: Array, _par: Mapping[str, float], s: Array) -> Array:
        total = s[..., None, :] ** 2 + t[..., None] ** 2
        return np.asarray(np.log(t) - power * np.mean(np.log(total), axis=-1))

    return log_density


def _constant(value: float) -> Callable[[Mapping[str, float]], float]:
    return lambda _par: value


def _uniform(t: Array, par: Mapping[str, float], _s: Array) -> Array:
    return np.where((t >= 0) & (t <= par["upper"]), -np.log(par["upper"]), -np.inf)


def _dumouchel(t: Array, _par: Mapping[str, float], s: Array) -> Array:
    s0 = np.sqrt(harmonic_variance(s))
    return np.asarray(np.log(s0) - 2 * np.log(s0 + t))


def _conventional_grid(s: Array) -> TauGrid:
    low, high = float(s.min()), float(s.max())
    shape = _product(1.5)
    return tau_grid(lambda t: shape(t, {}, s), low=low, high=high, left=2.0, right=1.0, moment=0.0)


def _conventional(t: Array, par: Mapping[str, float], s: Array) -> Array:
    return np.asarray(_product(1.5)(t, par, s) - _conventional_grid(s).log_integral[..., None])


def _conventional_quantile(q: Array, _par: Mapping[str, float], s: Array) -> Array:
    return tau_quantile(_conventional_grid(s), q)


_NONE = _constant(np.inf)
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "half_normal": Family(
            "half-normal",
            lambda t, par, _s: 0.5 * np.log(2 / np.pi) - np.log(par["scale"])
            - 0.5 * (t / par["scale"]) ** 2,
            lambda q, par, _s: par["scale"] * np.sqrt(2) * special.erfinv(q),
            0.0, _NONE,
        ),
        "half_cauchy": Family(
            "half-Cauchy",
            lambda t, par, _s: np.log(2 / np.pi / par["scale"])
            - np.log1p((t / par["scale"]) ** 2),
            lambda q, par, _s: par["scale"] * np.tan(np.pi * q / 2),
            0.0, _constant(2.0),
        ),
        "half_t": Family(
            "half-t", _half_t,
            lambda q, par, _s: par["scale"] * special.stdtrit(par["df"], (1 + q) / 2),
            0.0, lambda par: par["df"] + 1.0,
        ),
        "exponential": Family(
            "exponential",
            lambda t, par, _s: np.log(par["rate"]) - par["rate"] * t,
            lambda q, par, _s: -np.log1p(-q) / par["rate"],
            0.0, _NONE,
        ),
        "uniform": Family("uniform", _uniform, lambda q, par, _s: q * par["upper"], 0.0, _NONE),
        "log_normal": Family(
            "log-normal", _log_normal,
            lambda q, par, _s: np.exp(par["mean_log"] + par["sd_log"] * special.ndtri(q)),
            0.0, _NONE,
        ),
        "inverse_gamma": Family(
            "inverse gamma", _inverse_gamma,
            lambda q, par, _s: par["scale"] / special.gammainccinv(par["shape"], q),
            np.inf, lambda par: par["shape"] + 1.0,
        ),
        # At 0 it falls as 1 / (tau |log tau|^(df + 1)): beyond 575 units of log tau, which this
        # order reaches, less than 1e-12 of the probability is left for 4 or more df.
        "log_t": Family(
            "log-t", _log_t,
            lambda q, par, _s: np.exp(
                par["mean_log"] + par["scale_log"] * special.stdtrit(par["df"], q)
            ),
            -0.92, _constant(1.0),
        ),
        "improper_uniform": Family(
            "improper uniform", lambda t, _par, _s: np.zeros_like(t), None,
            0.0, _constant(0.0), proper=False,
        ),
        "sqrt_uniform": Family(
            "uniform in sqrt(tau)", lambda t, _par, _s: -0.5 * np.log(t), None,
            -0.5, _constant(0.5), proper=False,
        ),
        "jeffreys": Family(
            "Jeffreys", _jeffreys, None, 1.0, _constant(1.0), proper=False, from_data=True
        ),
        "berger_deely": Family(
            "Berger-Deely", _product(1.0), None, 1.0, _constant(1.0), proper=False, from_data=True
        ),
        "conventional": Family(
            "conventional", _conventional, _conventional_quantile,
            1.0, _constant(2.0), from_data=True,
        ),
        "dumouchel": Family(
            "DuMouchel", _dumouchel,
            lambda q, _par, s: np.sqrt(harmonic_variance(s)) * q / (1 - q),
            0.0, _constant(2.0), from_data=True,
        ),
        "shrinkage": Family(
            "uniform shrinkage", _shrinkage(harmonic_variance),
            _shrinkage_quantile(harmonic_variance), 1.0, _constant(3.0), from_data=True,
        ),
        "i2_uniform": Family(
            "uniform in I2", _shrinkage(typical_variance),
            _shrinkage_quantile(typical_variance), 1.0, _constant(3.0), from_data=True,
        ),
    }
)  # fmt: skip
