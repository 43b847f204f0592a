"""SampledSimulation: ranks under the models of build_model, as sample_model draws them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.chains import ChainLimits
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.calibration.truths import rank_of
from evidence.models.sampling.model import build_model
from evidence.models.sampling.priors import Priors, beta, gamma
from evidence.models.sampling.sample import sample_model

Array = NDArray[np.float64]
Counts = NDArray[np.float64] | NDArray[np.int64]
Truths = dict[str, float]
HALF, UNIT = half_normal(0.5), normal(0, 1)
LEVEL, RATE = normal(-1, 1), normal(-2, 0.7)
# What is asked of build_model, and the priors beside those of mu and, where there is one, tau.
OPTIONS: dict[str, dict[str, Any]] = {
    "student_t": {"effects": "student_t"},
    "mixture": {"effects": "mixture"},
    "three_level": {"cluster": "site"},
    "moderated": {"moderators": "x"},
    "binomial": {"likelihood": "binomial"},
    "random_baselines": {"likelihood": "binomial", "baselines": "random"},
    "poisson": {"likelihood": "poisson"},
    "arm_based": {"likelihood": "binomial", "arms": "arm"},
    "beta_binomial": {"likelihood": "beta_binomial"},
}
PRIORS: dict[str, dict[str, Any]] = {
    "student_t": {"freedom": gamma(2.0, 0.1, lower=2.0)},
    "mixture": {"outlier_weight": beta(1.0, 4.0), "outlier_sd": half_normal(2.0)},
    "three_level": {"tau_outer": HALF},
    "moderated": {"slopes": UNIT},
    "binomial": {"baseline": LEVEL},
    "random_baselines": {"baseline": LEVEL, "baseline_sd": HALF},
    "poisson": {"baseline": RATE},
    "arm_based": {
        "baseline": LEVEL, "baseline_sd": HALF, "treated_sd": HALF,
        "correlation": beta(1.0, 1.0, lower=-1.0),
    },
    "beta_binomial": {"baseline": LEVEL, "intraclass": beta(1.0, 9.0)},
}  # fmt: skip
# Draws are ranked, not summed up: a few hundred that hardly depend on each other do.
LIMITS = ChainLimits(r_hat=1.05, ess=100, divergences=40, mcse_share=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledSimulation:
    """Simulate from a model of ``build_model``, and rank the truths among the draws of its fit.

    Priors are proper and moderate, so that simulated studies look like studies. A fit whose chains
    have not met (R-hat above 1.05, an effective sample size below 100, more than 40 divergences)
    is counted as failed.

    Attributes
    ----------
    structure : str
        A key of ``OPTIONS``.
    k : int
        Studies; at least 4.
    chains, draws, tune, cores : int
        As in ``sample_model``; the ranks do not depend on the cores.
    every : int
        Of each chain's draws every so many-th is ranked.
    std_error_factor : float
        What standard errors, or totals of counts, are multiplied by before the fit: a deliberate
        fault if not 1.

    Raises
    ------
    FitError
        If the structure is unknown or a number is impossible.

    Examples
    --------
    >>> SampledSimulation(structure="three_level").name
    'sample_model, three_level, k = 6'
    """

    structure: str
    k: int = 6
    chains: int = 4
    draws: int = 500
    tune: int = 700
    every: int = 10
    cores: int = 1
    std_error_factor: float = 1.0

    def __post_init__(self) -> None:
        problems = []
        if self.structure not in OPTIONS:
            right = did_you_mean(str(self.structure), tuple(OPTIONS))
            problems.append(Problem("structure", f"unknown: {self.structure!r}", right))
        if isinstance(self.k, bool) or not isinstance(self.k, int | np.integer) or self.k < 4:
            problems.append(Problem("k", repr(self.k), "a whole number of at least 4"))
        if not 0 < self.std_error_factor < np.inf:
            where = "std_error_factor"
            problems.append(Problem(where, repr(self.std_error_factor), "a number above 0"))
        if problems:
            raise FitError("this cannot be simulated", problems)

    @property
    def name(self) -> str:
        """Structure and number of studies."""
        return f"sample_model, {self.structure}, k = {self.k}"

    @property
    def priors(self) -> Priors:
        """Of the simulation and of the fit."""
        given = Priors(mu=UNIT, tau=HALF, **PRIORS[self.structure])
        without = self.structure in ("arm_based", "beta_binomial")
        return replace(given, tau=None) if without else given

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of the simulated bodies of studies that the sampler has an answer for."""
        ranks = [found for found in (self._one(random) for _ in range(fits)) if found is not None]
        return {
            str(name): column.to_numpy(dtype=np.float64)
            for name, column in pd.DataFrame(ranks).items()
        }

    def _one(self, random: np.random.Generator) -> dict[str, float] | None:
        frame, truths = self.simulate(random)
        seed, steps = int(random.integers(2**31)), random.spawn(1)[0]
        for name in ("std_error", "total_treatment", "total_control"):
            if name in frame and self.std_error_factor != 1.0:
                frame[name] = _scaled(frame[name].to_numpy(), self.std_error_factor)
        try:
            model = build_model(frame, priors=self.priors, **OPTIONS[self.structure])
            fit = sample_model(
                model, seed=seed, chains=self.chains, draws=self.draws, tune=self.tune,
                cores=self.cores, limits=LIMITS, prior_draws=100,
            )  # fmt: skip
        except FitError:
            # Counted by calibrate: what the chains' checks refuse is no answer.
            return None
        held: Any = fit.inference_data["posterior"]
        ranks = {}
        for name, truth in truths.items():
            draws = held["theta" if name == "theta_1" else name].to_numpy()[:, :: self.every]
            first = draws if draws.ndim == 2 else draws[:, :, 0]
            ranks[name] = rank_of(truth, first.reshape(-1), steps)
        return ranks

    def simulate(self, random: np.random.Generator) -> tuple[pd.DataFrame, Truths]:
        """Studies, and the parameters that they were drawn with.

        Returns
        -------
        frame : DataFrame
            As ``build_model`` takes it.
        truths : dict
            By the names of the posterior; ``theta_1`` is the first study's effect.
        """
        truths = {"mu": float(random.normal())}
        if self.structure == "beta_binomial":
            return self._overdispersed(random, truths)
        if self.structure == "arm_based":
            return self._arms(random, truths)
        truths["tau"] = _drawn(random, HALF)
        frame, theta = self._effects(random, truths)
        truths["theta_1"] = float(theta[0])
        if OPTIONS[self.structure].get("likelihood") in ("binomial", "poisson"):
            return self._counts(random, theta, truths), truths
        s = np.sqrt(random.uniform(0.02, 0.4, self.k))
        return frame.assign(estimate=random.normal(theta, s), std_error=s), truths

    def _effects(self, random: np.random.Generator, truths: Truths) -> tuple[pd.DataFrame, Array]:
        """Effects of the studies, and what describes the studies."""
        mu, tau, k = truths["mu"], truths["tau"], self.k
        frame = pd.DataFrame(index=[f"study {i + 1}" for i in range(k)])
        if self.structure == "student_t":
            truths["freedom"] = 2.0 + float(random.gamma(2.0, 10.0))
            return frame, np.asarray(mu + tau * random.standard_t(truths["freedom"], k))
        if self.structure == "mixture":
            truths["outlier_weight"] = float(random.beta(1.0, 4.0))
            truths["outlier_sd"] = _drawn(random, half_normal(2.0))
            wide = np.where(random.uniform(size=k) < truths["outlier_weight"], 1.0, 0.0)
            return frame, random.normal(mu, np.hypot(tau, wide * truths["outlier_sd"]))
        if self.structure == "three_level":
            truths["tau_outer"] = _drawn(random, HALF)
            codes = np.arange(k) // 2
            centres = random.normal(mu, truths["tau_outer"], codes.max() + 1)
            return frame.assign(site=[f"site {c}" for c in codes]), random.normal(
                centres[codes], tau
            )
        if self.structure == "moderated":
            x, slope = random.normal(size=k), float(random.normal())
            truths["slopes"] = slope / float(x.std())
            return frame.assign(x=x), random.normal(mu + slope * (x - x.mean()) / x.std(), tau)
        return frame, random.normal(mu, tau, k)

    def _counts(self, random: np.random.Generator, theta: Array, truths: Truths) -> pd.DataFrame:
        """Events and totals of two groups whose log odds or log rates differ by theta."""
        if self.structure == "poisson":
            base = random.normal(RATE.mean, RATE.sd, self.k)
            n1, n2 = random.uniform(50, 400, (2, self.k))
            x1, x2 = random.poisson(n1 * np.exp(base + theta)), random.poisson(n2 * np.exp(base))
            return _groups(x1, n1, x2, n2)
        base = random.normal(LEVEL.mean, LEVEL.sd, self.k)
        if self.structure == "random_baselines":
            truths["baseline_average"] = float(random.normal(LEVEL.mean, LEVEL.sd))
            truths["baseline_sd"] = _drawn(random, HALF)
            base = random.normal(truths["baseline_average"], truths["baseline_sd"], self.k)
        return _binomial(random, base + theta, base)

    def _arms(
        self, random: np.random.Generator, truths: Truths
    ) -> tuple[pd.DataFrame, dict[str, float]]:
        level = float(random.normal(LEVEL.mean, LEVEL.sd))
        sd, other = _drawn(random, HALF), _drawn(random, HALF)
        rho = float(random.uniform(-1, 1))
        control = random.normal(level, sd, self.k)
        mean = level + truths["mu"] + rho * other / sd * (control - level)
        treated = random.normal(mean, other * (1 - rho**2) ** 0.5)
        truths |= {
            "baseline_average": level, "baseline_sd": sd, "treated_sd": other, "correlation": rho,
            "tau": float(np.sqrt(sd**2 + other**2 - 2 * rho * sd * other)),
            "theta_1": float(treated[0] - control[0]),
        }  # fmt: skip
        return _binomial(random, treated, control), truths

    def _overdispersed(
        self, random: np.random.Generator, truths: Truths
    ) -> tuple[pd.DataFrame, dict[str, float]]:
        level, rho = float(random.normal(LEVEL.mean, LEVEL.sd)), float(random.beta(1.0, 9.0))
        truths |= {"baseline_average": level, "intraclass": rho}
        size, n = (1 - rho) / rho, random.integers(30, 151, (2, self.k))
        x = []
        for eta, total in zip((level + truths["mu"], level), n, strict=True):
            p = float(expit(eta))
            x.append(random.binomial(total, random.beta(p * size, (1 - p) * size, self.k)))
        return _groups(x[0], n[0], x[1], n[1]), truths


def _drawn(random: np.random.Generator, prior: Any) -> float:
    return float(np.ravel(prior.quantile(random.uniform()))[0])


def _scaled(values: Counts, factor: float) -> Counts:
    """Totals of counts stay whole, and are never below what was counted."""
    if values.dtype.kind == "i":
        return np.asarray(np.round(values * max(factor**-2.0, 1.0)).astype(np.int64))
    return np.asarray(values * factor)


def _binomial(random: np.random.Generator, treated: Array, control: Array) -> pd.DataFrame:
    n1, n2 = random.integers(30, 151, (2, treated.size))
    x1, x2 = random.binomial(n1, expit(treated)), random.binomial(n2, expit(control))
    return _groups(x1, n1, x2, n2)


def _groups(x1: Counts, n1: Counts, x2: Counts, n2: Counts) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "events_treatment": x1, "total_treatment": n1, "events_control": x2,
            "total_control": n2,
        },
        index=[f"study {i + 1}" for i in range(len(n1))],
    )  # fmt: skip
