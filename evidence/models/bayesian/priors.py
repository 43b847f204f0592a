"""Priors of the heterogeneity tau and of the mean mu, with the reason they were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evidence.catalog.display import html_of_text
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.families import FAMILIES, Family

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TauPrior:
    """Prior of the standard deviation tau between studies.

    Attributes
    ----------
    kind : str
        Name of the family, as its constructor: ``half_normal``, ``jeffreys``.
    parameters : tuple of (name, value)
    reason : str
        Why it was chosen; may be empty.
    """

    kind: str
    parameters: tuple[tuple[str, float], ...]
    reason: str = ""

    _repr_html_ = html_of_text

    @property
    def family(self) -> Family:
        """The family the prior belongs to."""
        return FAMILIES[self.kind]

    @property
    def proper(self) -> bool:
        """Whether the density has a finite integral."""
        return self.family.proper

    @property
    def upper(self) -> float:
        """End of the support."""
        return dict(self.parameters).get("upper", np.inf)

    @property
    def tail(self) -> float:
        """Power of ``1 / tau`` with which the density falls."""
        return self.family.tail(dict(self.parameters))

    def log_density(self, tau: ArrayLike, std_errors: ArrayLike = ()) -> Array:
        """Log density; up to a constant where improper.

        Parameters
        ----------
        tau : array_like, shape (..., n)
        std_errors : array_like, shape (..., k)
            Needed by the priors that depend on the data.

        Examples
        --------
        >>> round(float(half_normal(0.5).log_density(0.0)), 6)
        0.467356
        """
        t, s = np.asarray(tau, dtype=np.float64), np.asarray(std_errors, dtype=np.float64)
        self._need(s)
        with np.errstate(divide="ignore"):
            return np.asarray(
                self.family.log_density(t, dict(self.parameters), s), dtype=np.float64
            )

    def quantile(self, probability: ArrayLike, std_errors: ArrayLike = ()) -> Array:
        """Quantiles of a proper prior.

        Raises
        ------
        FitError
            If the prior is improper, or needs standard errors that were not given.

        Examples
        --------
        >>> round(float(half_normal(0.5).quantile(0.5)), 4)
        0.3372
        """
        q, s = np.asarray(probability, dtype=np.float64), np.asarray(std_errors, dtype=np.float64)
        if not self.proper or self.family.quantile is None:
            what = Problem("tau", f"{self} has no quantiles", "take a proper prior in closed form")
            raise FitError("the prior cannot be summarised", [what])
        if not np.all((q >= 0) & (q < 1)):
            what = Problem("probability", f"{probability!r}", "numbers from 0 to below 1")
            raise FitError("no such quantile", [what])
        self._need(s)
        return np.asarray(self.family.quantile(q, dict(self.parameters), s), dtype=np.float64)

    def _need(self, s: Array) -> None:
        if self.family.from_data and s.size == 0:
            what = Problem("std_errors", f"{self} depends on them", "hand them over")
            raise FitError("the prior is not complete", [what])
        if self.kind == "i2_uniform" and s.shape[-1] < 2:
            what = Problem("tau", f"{self} needs two studies", "take half_normal(scale)")
            raise FitError("the typical variance of one study is not defined", [what])

    def __str__(self) -> str:
        values = ", ".join(f"{value:g}" for _, value in self.parameters)
        return f"{self.family.label}({values})" if values else self.family.label


@dataclass(frozen=True, slots=True)
class MuPrior:
    """Prior of the mean mu: ``normal`` with mean and sd, or ``flat``."""

    kind: str
    mean: float
    sd: float
    reason: str = ""

    _repr_html_ = html_of_text

    @property
    def proper(self) -> bool:
        """Whether the density has a finite integral."""
        return self.kind == "normal"

    @property
    def precision(self) -> float:
        """``1 / sd^2``; 0 where flat."""
        return self.sd**-2 if self.proper else 0.0

    def log_density(self, mu: ArrayLike) -> Array:
        """Log density; 0 where flat."""
        x = np.asarray(mu, dtype=np.float64)
        if not self.proper:
            return np.zeros_like(x)
        z = (x - self.mean) / self.sd
        found = -0.5 * z**2 - np.log(self.sd) - 0.5 * np.log(2 * np.pi)
        return np.asarray(found, dtype=np.float64)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles; a flat prior has none and raises FitError."""
        if not self.proper:
            what = Problem("mu", "a flat prior has no quantiles", "take normal(mean, sd)")
            raise FitError("the prior cannot be summarised", [what])
        found = self.mean + self.sd * special.ndtri(np.asarray(probability, dtype=np.float64))
        return np.asarray(found, dtype=np.float64)

    def __str__(self) -> str:
        return f"normal({self.mean:g}, {self.sd:g})" if self.proper else "flat"


def _positive(where: str, value: float, least: float = 0.0) -> float:
    number = _finite(where, value)
    if number <= 0 or number < least:
        right = f"{least:g} or more" if least else "a number above 0"
        raise FitError("the prior is not a distribution", [Problem(where, f"{value!r}", right)])
    return number


def _finite(where: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        what = Problem(where, f"{value!r} is not a number", "a finite number")
        raise FitError("the prior is not a distribution", [what])
    if not np.isfinite(value):
        what = Problem(where, f"{value!r}", "a finite number")
        raise FitError("the prior is not a distribution", [what])
    return float(value)


def half_normal(scale: float, reason: str = "") -> TauPrior:
    """Half-normal prior of tau; its median is 0.674 times ``scale``.

    Examples
    --------
    >>> print(half_normal(0.5))
    half-normal(0.5)
    """
    return TauPrior("half_normal", (("scale", _positive("half_normal: scale", scale)),), reason)


def half_cauchy(scale: float, reason: str = "") -> TauPrior:
    """Half-Cauchy prior of tau; its median is ``scale``.

    Examples
    --------
    >>> print(half_cauchy(0.5))
    half-Cauchy(0.5)
    """
    return TauPrior("half_cauchy", (("scale", _positive("half_cauchy: scale", scale)),), reason)


def half_t(scale: float, df: float, reason: str = "") -> TauPrior:
    """Half-t prior of tau with ``df`` of at least 1 (which is the half-Cauchy)."""
    parameters = (
        ("scale", _positive("half_t: scale", scale)),
        ("df", _positive("half_t: df", df, 1)),
    )
    return TauPrior("half_t", parameters, reason)


def exponential(rate: float, reason: str = "") -> TauPrior:
    """Exponential prior of tau with mean ``1 / rate``."""
    return TauPrior("exponential", (("rate", _positive("exponential: rate", rate)),), reason)


def uniform(upper: float, reason: str = "") -> TauPrior:
    """Uniform prior of tau between 0 and ``upper``."""
    return TauPrior("uniform", (("upper", _positive("uniform: upper", upper)),), reason)


def log_normal(mean_log: float, sd_log: float, reason: str = "") -> TauPrior:
    """Log-normal prior of tau: ``log tau ~ N(mean_log, sd_log^2)``."""
    parameters = (
        ("mean_log", _finite("log_normal: mean_log", mean_log)),
        ("sd_log", _positive("log_normal: sd_log", sd_log)),
    )
    return TauPrior("log_normal", parameters, reason)


def inverse_gamma(shape: float, scale: float, reason: str = "") -> TauPrior:
    """Inverse-gamma prior of tau (not of its square), with mode ``scale / (shape + 1)``.

    Examples
    --------
    >>> print(inverse_gamma(1, 0.15))
    inverse gamma(1, 0.15)
    """
    parameters = (
        ("shape", _positive("inverse_gamma: shape", shape)),
        ("scale", _positive("inverse_gamma: scale", scale)),
    )
    return TauPrior("inverse_gamma", parameters, reason)


def log_t(mean_log: float, scale_log: float, df: float, reason: str = "") -> TauPrior:
    """Log-t prior of tau: ``(log tau - mean_log) / scale_log`` is t with ``df`` of at least 4.

    Examples
    --------
    >>> print(log_t(-1.5, 1.25, 5))
    log-t(-1.5, 1.25, 5)
    """
    parameters = (
        ("mean_log", _finite("log_t: mean_log", mean_log)),
        ("scale_log", _positive("log_t: scale_log", scale_log)),
        ("df", _positive("log_t: df", df, 4)),
    )
    return TauPrior("log_t", parameters, reason)


def reference_prior(kind: str, reason: str = "") -> TauPrior:
    """Prior of tau without parameters: improper, or made from the standard errors.

    Parameters
    ----------
    kind : str
        ``improper_uniform``, ``sqrt_uniform``, ``jeffreys``, ``berger_deely`` (improper);
        ``conventional``, ``dumouchel``, ``shrinkage``, ``i2_uniform`` (proper, from the data).

    Examples
    --------
    >>> print(reference_prior("jeffreys"), reference_prior("jeffreys").proper)
    Jeffreys False
    """
    known = [name for name, family in FAMILIES.items() if family.from_data or not family.proper]
    if kind not in known:
        what = Problem("reference_prior: kind", f"{kind!r}", did_you_mean(str(kind), known))
        raise FitError("no such prior", [what])
    return TauPrior(kind, (), reason)


def normal(mean: float, sd: float, reason: str = "") -> MuPrior:
    """Give mu a normal prior.

    Examples
    --------
    >>> print(normal(0, 4))
    normal(0, 4)
    """
    return MuPrior("normal", _finite("normal: mean", mean), _positive("normal: sd", sd), reason)


def flat(reason: str = "") -> MuPrior:
    """Give mu a flat, improper prior.

    Examples
    --------
    >>> flat().proper
    False
    """
    return MuPrior("flat", 0.0, 1.0, reason)
