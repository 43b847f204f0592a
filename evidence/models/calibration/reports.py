"""ReportsSimulation: ranks under the model of partial reports."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtr

from evidence.effects.stated import critical
from evidence.effects.statements import INFINITE, ErrorForm, Statement
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.priors import TauPrior
from evidence.models.partial.kernels_importance import Draws
from evidence.models.partial.kernels_reports import Parameters, log_likelihood, true_effect
from evidence.models.partial.pool_reports import sample
from evidence.models.partial.space import NAMES, ReportPriors, Space, space_of

Array = NDArray[np.float64]
KINDS = (
    "complete", "direction", "bounded_p", "not_significant", "rounded_p", "se_missing",
    "unnamed_spread", "rounded", "bounded_p_beside", "correlation", "one_arm",
)  # fmt: skip
QUANTITIES = (*NAMES, "prediction", "theta_1", "log_likelihood")
SLOPE = 0.8  # of a printed variance, that a correlation of 1 would take away
ALPHAS = (0.05, 0.01, 0.001)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSimulation:
    """Simulate trials, let each say only part of what it found, and rank under ``pool_reports``.

    The first trial is complete; what each other one says is a kind drawn before its data:
    everything; its direction; P below a threshold drawn before, with the direction, or that it was
    not; not significant at 5 %, or else P < 0.05 and the direction; P to two decimals and the
    direction; the estimate without standard error; a ± of which it is not said whether it is the
    SD or the standard error; a rounded estimate; the estimate and whether P is below a threshold
    drawn before; a variance that rests on a correlation which nobody printed; the treated arm
    alone.

    Attributes
    ----------
    k : int
        Trials, at least 2.
    priors : ReportPriors
        With a prior of ``log_sd``.
    kinds : tuple of str
        What the trials may say.
    per_arm : (int, int)
        Smallest and largest number of people in an arm.
    rounding : float
        Unit to which estimates are rounded.
    fitted : ReportPriors, optional
        What the fit assumes instead: a deliberate fault.
    std_error_factor : float
        What printed standard errors are multiplied by: a deliberate fault if not 1.

    Raises
    ------
    FitError
        If a kind is unknown, a number is impossible or the SD has no prior.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> priors = ReportPriors(mu=normal(0, 1), tau=half_normal(0.5), log_sd=normal(0, 0.5))
    >>> model = ReportsSimulation(k=4, priors=priors, kinds=("complete", "direction"))
    >>> bool(0 < model(np.random.default_rng(1), 1)["mu"][0] < 1)
    True
    """

    k: int
    priors: ReportPriors
    kinds: tuple[str, ...] = KINDS
    per_arm: tuple[int, int] = (10, 80)
    rounding: float = 0.1
    fitted: ReportPriors | None = None
    std_error_factor: float = 1.0

    def __post_init__(self) -> None:
        problems = [
            Problem("kinds", f"unknown: {kind!r}", did_you_mean(str(kind), KINDS))
            for kind in self.kinds
            if kind not in KINDS
        ]
        if not self.kinds:
            problems.append(Problem("kinds", "none", did_you_mean("", KINDS)))
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer) or self.k < 2:
            problems.append(Problem("k", repr(self.k), "a whole number of at least 2"))
        if not 2 <= self.per_arm[0] <= self.per_arm[1]:
            problems.append(Problem("per_arm", repr(self.per_arm), "at least 2, smaller first"))
        problems += [
            Problem(where, repr(value), "a number above 0")
            for where, value in (
                ("rounding", self.rounding),
                ("std_error_factor", self.std_error_factor),
            )
            if not 0 < value < np.inf
        ]
        if self.priors.log_sd is None:
            problems.append(Problem("priors", "log_sd has none", "log_sd=normal(0, 0.5)"))
        if problems:
            raise FitError("this cannot be simulated", problems)

    @property
    def name(self) -> str:
        """Model, number of trials and what they say."""
        told = "all kinds of report" if self.kinds == KINDS else ", ".join(self.kinds)
        return f"pool_reports, k = {self.k}, {told}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of the simulated bodies of reports for which the posterior was found."""
        ranks = [found for found in (self._one(random) for _ in range(fits)) if found is not None]
        return dict(zip(QUANTITIES, np.array(ranks).reshape(-1, len(QUANTITIES)).T, strict=True))

    def _one(self, random: np.random.Generator) -> list[float] | None:
        deviates = {name: float(random.normal()) for name in NAMES}
        at = {name: _placed(self.priors, name, z) for name, z in deviates.items()}
        theta = random.normal(at["mu"], at["tau"], self.k)
        new = float(random.normal(at["mu"], at["tau"]))
        statements = []
        for i in range(self.k):
            kind = "complete" if i == 0 else str(random.choice(self.kinds))
            arms = 1 if kind == "one_arm" else 2
            n = random.integers(self.per_arm[0], self.per_arm[1] + 1, arms)
            size, df = float(np.sqrt((1 / n).sum())), float(n.sum() - arms)
            # As the model has it: the printed SD is off by the sampling of 1 / (2 df).
            spread = np.hypot(at["log_sd_spread"], (2 * df) ** -0.5)
            s = size * float(np.exp(random.normal(at["log_sd"], spread)))
            y = float(random.normal(theta[i], s))
            if kind == "one_arm":
                y += float(random.normal(at["control"], at["control_tau"]))
            statements.append(self.say(kind, f"trial {i + 1}", y, s, size, df, random))
        seed = int(random.integers(2**31))
        try:
            space = space_of(statements, self.fitted or self.priors)
            return _ranks(space, sample(space, seed), at, deviates, (new, float(theta[0])))
        except FitError:
            # Counted by calibrate: a posterior that is not found is no answer.
            return None

    def say(
        self,
        kind: str,
        row: str,
        y: float,
        s: float,
        size: float,
        df: float,
        random: np.random.Generator,
    ) -> Statement:
        """What a trial with estimate y and standard error s says; ``kind`` is one of ``KINDS``."""
        blank = Statement(row=row, study=row, label=row, kind=kind, size=size, df=df)
        printed, sign = s * self.std_error_factor, 1 if y > 0 else -1
        error = (ErrorForm(printed**2),)
        if kind in ("complete", "one_arm"):
            return replace(blank, estimate=y, errors=error, arm_only=kind == "one_arm")
        if kind == "correlation":
            whole = printed**2 / (1 - SLOPE * float(random.beta(*self.priors.correlation)))
            return replace(blank, estimate=y, errors=(ErrorForm(whole, SLOPE * whole),))
        if kind == "direction":
            return replace(blank, sign=sign)
        if kind == "se_missing":
            return replace(blank, estimate=y)
        if kind == "rounded":
            nearest = self.rounding * round(y / self.rounding)
            return replace(blank, estimate=nearest, errors=error, half_widths=(self.rounding / 2,))
        if kind == "unnamed_spread":
            shown = printed if random.uniform() < 0.5 else printed / size
            forms = tuple(ErrorForm(v**2, 0.0, 0.5) for v in (shown, shown * size))
            return replace(blank, estimate=y, errors=forms)
        z = abs(y) / s
        if kind == "rounded_p":
            low, high = _bounds_of_rounded_p(z, df)
            return replace(blank, sign=sign, z_low=low, z_high=high)
        alpha = 0.05 if kind == "not_significant" else float(random.choice(ALPHAS))
        at = critical(alpha, df)
        if kind == "bounded_p_beside":
            blank, bound = replace(blank, estimate=y), abs(y) / at
            return replace(blank, se_high=bound) if z >= at else replace(blank, se_low=bound)
        if z >= at:
            return replace(blank, sign=sign, z_low=at)
        return replace(blank, sign=sign if kind == "bounded_p" else 0, z_high=at)


def _ranks(
    space: Space,
    draws: Draws,
    at: dict[str, float],
    deviates: dict[str, float],
    unseen: tuple[float, float],
) -> list[float]:
    """Ranks of one body, in the order of ``QUANTITIES``."""
    p = space.parameters(draws.x)
    held = dict(zip(NAMES, (p.mu, p.tau, p.eta, p.omega, p.gamma, p.kappa), strict=True))
    # Where every standard error was printed, or no control arm is missing, nothing is drawn of
    # SDs or control arms: their prior stays.
    ranks = [
        float(draws.mean((values < at[name]).astype(float)))
        if name in space.active
        else float(ndtr(deviates[name]))
        for name, values in held.items()
    ]
    ranks.append(float(draws.mean(ndtr((unseen[0] - p.mu) / p.tau))))
    mean, variance = true_effect(space.reports[0], p, space.correlation)
    ranks.append(float(draws.mean(ndtr((unseen[1] - mean) / np.sqrt(variance)))))
    truth = Parameters(*(np.array([at[name]]) for name in NAMES))
    there = float(log_likelihood(space.reports, truth, space.correlation).sum())
    told = draws.log_density - space.log_prior(draws.x)
    ranks.append(float(draws.mean((told < there).astype(float))))
    return [min(max(rank, 0.0), 1.0) for rank in ranks]  # weights add up to 1 but for rounding


def _placed(priors: ReportPriors, name: str, z: float) -> float:
    """The value of a parameter whose prior probability is that of a standard normal z."""
    prior = priors.named()[name]
    if isinstance(prior, TauPrior):
        return float(prior.quantile(ndtr(z)))
    return prior.mean + prior.sd * z


def _bounds_of_rounded_p(z: float, df: float) -> tuple[float, float]:
    """Bounds of ``|y| / s`` that P, printed to two decimals, lets stand."""
    p = round(2 * float(stats.t.sf(z, df)), 2)
    return critical(p + 0.005, df), critical(p - 0.005, df) if p > 0 else INFINITE
