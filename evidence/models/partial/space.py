"""From statements and priors to a density of a few parameters, and back to their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import ndtr

from evidence.effects.statements import ErrorForm, Statement
from evidence.errors import FitError, Problem
from evidence.models.bayesian.priors import MuPrior, TauPrior, half_normal, normal
from evidence.models.partial.kernels_reports import (
    Correlation,
    Parameters,
    Report,
    beta_correlation,
    log_likelihood,
)

Array = NDArray[np.float64]
NAMES = ("mu", "tau", "log_sd", "log_sd_spread", "control", "control_tau")


LOG_2PI = float(np.log(2 * np.pi))
# A spread's prior probability is told apart from 0 and 1 as far as numbers reach.
PROBABILITIES = (1e-300, 1 - 1e-15)
# Far quantiles of a spread that still have squares.
SPREADS = (1e-150, 1e100)
# Bounds of a standard error that differ by less are those of a rounded P.
NARROW = 2.0
VAGUE = normal(0.0, 10.0, "vague on the log scale: any unit")
LIKE = half_normal(0.5, "SDs of one outcome seldom differ by more than a factor e")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPriors:
    """Priors of everything that a body of partly reported trials leaves open.

    Attributes
    ----------
    mu, tau : MuPrior, TauPrior
        Mean effect and heterogeneity, both proper: directions alone do not make a posterior.
    log_sd : MuPrior, optional
        Logarithm of the typical SD of the outcome, in the unit of the analysis. Vague where not
        given; it has to be given where no report tells how variable the outcome is.
    log_sd_spread : TauPrior
        SD between trials of that logarithm.
    control, control_tau : MuPrior, TauPrior, optional
        Mean and SD between trials of the control arms' true changes; those of ``mu`` and ``tau``
        where not given. Used only where a control arm is missing.
    correlation : (float, float)
        Parameters of the beta prior of a correlation that nobody printed.
    """

    mu: MuPrior
    tau: TauPrior
    log_sd: MuPrior | None = None
    log_sd_spread: TauPrior = LIKE
    control: MuPrior | None = None
    control_tau: TauPrior | None = None
    correlation: tuple[float, float] = (2.0, 2.0)

    def __post_init__(self) -> None:
        problems = [
            Problem(name, f"{prior}", "a proper prior that does not depend on the data")
            for name, prior in self.named().items()
            if not prior.proper or (isinstance(prior, TauPrior) and prior.family.from_data)
        ]
        if not all(np.isfinite(x) and x > 0 for x in self.correlation):
            right = "two numbers above 0, of a beta distribution"
            problems.append(Problem("correlation", f"{self.correlation}", right))
        if problems:
            raise FitError("partial reports need proper priors", problems)

    def named(self) -> dict[str, MuPrior | TauPrior]:
        """Each parameter's prior, by the names of ``NAMES``."""
        control, spread = self.control or self.mu, self.control_tau or self.tau
        found = (self.mu, self.tau, self.log_sd or VAGUE, self.log_sd_spread, control, spread)
        return dict(zip(NAMES, found, strict=True))


@dataclass(frozen=True, slots=True)
class Space:
    """The density of the parameters that these reports tell of.

    Attributes
    ----------
    reports : tuple of Report
        One a statement that says something.
    active : tuple of str
        Parameters that the reports depend on, in the order of the columns of ``x``. A spread stands
        there as the standard normal deviate of its prior probability, so that x has no narrow end
        where the spread is near 0.
    priors : ReportPriors
    correlation : Correlation
    unit : float
        ``mu`` and ``control`` stand in x in this unit, so that the search knows no scale.
    """

    reports: tuple[Report, ...]
    active: tuple[str, ...]
    priors: ReportPriors
    correlation: Correlation
    unit: float

    def parameters(self, x: Array) -> Parameters:
        """Parameters of draws ``x: (n, d)``; those that do not matter stand at 0 or 1."""
        held = {name: np.full(x.shape[0], 1.0 if _is_spread(name) else 0.0) for name in NAMES}
        for column, name in enumerate(self.active):
            value = x[:, column]
            prior = self.priors.named()[name]
            if isinstance(prior, TauPrior):
                with np.errstate(over="ignore"):
                    spread = prior.quantile(np.clip(ndtr(value), *PROBABILITIES))
                held[name] = np.clip(spread, *SPREADS)
            else:
                held[name] = value * self._scale(name)
        return Parameters(*(held[name] for name in NAMES))

    def log_prior(self, x: Array) -> Array:
        """Log density of the priors in the coordinates of x, shape (n,)."""
        total = np.zeros(x.shape[0])
        for column, name in enumerate(self.active):
            prior, value = self.priors.named()[name], x[:, column]
            if isinstance(prior, TauPrior):
                total = total - 0.5 * value**2 - 0.5 * LOG_2PI
            else:
                scale = self._scale(name)
                z = (scale * value - prior.mean) / prior.sd
                total = total - 0.5 * z**2 - np.log(prior.sd / scale) - 0.5 * LOG_2PI
        return total

    def named_priors(self) -> list[tuple[str, MuPrior | TauPrior]]:
        """Active parameters with their priors."""
        named = self.priors.named()
        return [(name, named[name]) for name in self.active]

    def _scale(self, name: str) -> float:
        return self.unit if name in ("mu", "control") else 1.0

    def log_density(self, x: Array) -> Array:
        """Log of prior times likelihood, shape (n,)."""
        prior = self.log_prior(x)
        told = log_likelihood(self.reports, self.parameters(x), self.correlation).sum(axis=-1)
        # Points so far out that a spread overflows have no posterior density to speak of.
        return np.where(np.isnan(told), -np.inf, prior + told)

    def starts(self, y: Sequence[float]) -> Array:
        """Points from which the mode is looked for."""
        priors = self.priors.named()
        middle = float(np.median(y)) if len(y) else priors["mu"].mean  # type: ignore[union-attr]
        rows = []
        for deviate in (-1.0, 0.0, 1.5):
            row = []
            for name in self.active:
                prior = priors[name]
                if isinstance(prior, TauPrior):
                    row.append(deviate)
                elif name == "mu":
                    row.append(middle / self.unit)
                elif name == "control":
                    row.append(prior.mean / self.unit)
                else:
                    row.append(self._typical_log_sd())
            rows.append(row)
        return np.array(rows)

    def _typical_log_sd(self) -> float:
        found = [
            float(np.log(r.forms[:, 1].mean()) / 2 - r.log_size)
            for r in self.reports
            if r.forms.size
        ]
        bounds = [np.log(r.bounds[1]) - r.log_size for r in self.reports if r.bounds[1] < np.inf]
        return float(np.median(found or bounds or [(self.priors.log_sd or VAGUE).mean]))


def _is_spread(name: str) -> bool:
    return name in ("tau", "log_sd_spread", "control_tau")


def space_of(statements: Sequence[Statement], priors: ReportPriors) -> Space:
    """Turn statements into a density; those that say nothing are left out.

    Raises
    ------
    FitError
        If nothing was said at all, or sizes are so unknown that no standard error can be had.
    """
    told = [s for s in statements if not s.silent]
    if not told:
        right = "at least one report with an estimate, a direction or a P"
        raise FitError("nothing was said of this effect", [Problem("statements", "none", right)])
    told = [_narrow(s) for s in told]
    open_s = any(not s.errors for s in told)
    several = any(len({e.variance for e in s.errors}) > 1 for s in told if s.se_high == np.inf)
    sizes = np.log([s.size for s in told if s.size is not None])
    # Where no n was printed, a trial's size is that of the others, as uncertain as they differ;
    # one size more, a factor e away, keeps few that are alike from looking like a law.
    middle = float(sizes.mean()) if sizes.size else 0.0
    spread = float(np.sqrt((1 + ((sizes - middle) ** 2).sum()) / (1 + sizes.size)))
    learned = open_s or several
    if learned and priors.log_sd is None and not any(s.errors for s in told):
        right = "a prior of the outcome's SD in ReportPriors(log_sd=normal(log(sd), ...))"
        what = "no report tells how variable the outcome is"
        raise FitError(
            "a standard error has nowhere to come from", [Problem("log_sd", what, right)]
        )
    reports = tuple(_report(s, middle, spread, learned) for s in told)
    active = ["mu", "tau"]
    active += ["log_sd", "log_sd_spread"] if learned else []
    arm_only = any(s.arm_only for s in told)
    active += ["control", "control_tau"] if arm_only else []
    if not arm_only:
        reports = tuple(_without_control(r) for r in reports)
    correlation = beta_correlation(*priors.correlation)
    return Space(reports, tuple(active), priors, correlation, _unit(reports, priors))


def _unit(reports: Sequence[Report], priors: ReportPriors) -> float:
    """A scale of the effects: what was printed of them, or the prior where nothing was."""
    y = np.array([r.y for r in reports if np.isfinite(r.y)])
    s = np.sqrt([v for r in reports for v in r.forms[:, 1]])
    seen = [float(np.ptp(y))] if y.size > 1 else []
    seen += [float(np.median(s))] if s.size else []
    return min(priors.mu.sd, max(seen)) if seen and max(seen) > 0 else priors.mu.sd


def _narrow(s: Statement) -> Statement:
    """A standard error within narrow bounds, as a few values that it may have had.

    It is nearly known, and so tells of the population of SDs rather than being drawn from it.
    """
    if s.errors or s.se_low <= 0 or s.se_high > NARROW * s.se_low:
        return s
    nodes, weights = leggauss(5)
    low, high = np.log(s.se_low), np.log(s.se_high)
    values = np.exp(2 * (low + (high - low) * (nodes + 1) / 2))
    forms = zip(values, weights / 2, strict=True)
    return replace(s, errors=tuple(ErrorForm(float(v), 0.0, float(w)) for v, w in forms))


def _report(s: Statement, middle: float, spread: float, learned: bool) -> Report:
    nan = float("nan")
    known = s.size is not None
    return Report(
        y=nan if s.estimate is None else s.estimate,
        half=max(s.half_widths, default=0.0),
        blur=_blur(s.half_widths),
        sign=s.sign,
        z=(s.z_low, s.z_high),
        forms=np.array([(e.probability, e.variance, e.slope) for e in s.errors]).reshape(-1, 3),
        bounds=(s.se_low, s.se_high),
        log_size=float(np.log(s.size)) if s.size is not None else middle,
        size_spread=0.0 if known else spread,
        df=(s.df or _least_df(s.size)) if learned else nan,
        arm=s.arm_only,
        control=(nan, nan) if s.control_change is None else s.control_change,
    )


def _without_control(r: Report) -> Report:
    return replace(r, control=(float("nan"), float("nan")))


def _blur(half_widths: Sequence[float]) -> float:
    """SD of the rounding of all figures but the coarsest, each off by a uniform error."""
    return float(np.sqrt(sum(h**2 for h in sorted(half_widths)[:-1]) / 3))


def _least_df(size: float | None) -> float:
    """Degrees of freedom where none were told: those of the smaller arm at the most."""
    return 10.0 if size is None else max(size**-2, 1.0)
