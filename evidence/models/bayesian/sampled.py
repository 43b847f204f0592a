"""The same hierarchical model sampled with PyMC and nutpie: a second, independent answer.

Here mu, tau, every theta and a new study are drawn; no grid and no quadrature is shared with the
exact fit. PyMC, nutpie and ArviZ are imported when first needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import quiet, require_converged, summarise
from evidence.models.bayesian.fit import (
    SAMPLED_COLUMNS,
    STUDY_COLUMNS,
    TERM_COLUMNS,
    BayesFit,
    Diagnostics,
    arrays_of,
    column_of,
    heavy_tail_note,
    moments_that_exist,
    require_inputs,
    require_proper_posterior,
)
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat, normal

if TYPE_CHECKING:
    from arviz import InferenceData
    from pymc import Model

Array = NDArray[np.float64]

KEPT = ("mu", "tau", "prediction", "theta")
# A model is compiled for so many studies (and multiples of the last) and serves all tables up to
# them; compiling takes some ten times as long as sampling.
SIZES = (8, 16, 32)
# Standard error, in units of the spread of the data, of a study that says nothing.
SILENT = 1e8


def _data(y: Array, s: Array, tau: TauPrior, mu: MuPrior) -> dict[str, Array]:
    """Everything the model is fed; ``unit`` puts an improper tau where a sampler starts."""
    data: dict[str, Any] = {"y": y, "s": s}
    if not tau.proper or tau.family.from_data:
        data["unit"] = np.hypot(np.sqrt(1.0 / np.mean(s**-2.0)), np.std(y))
    data |= {f"tau_{name}": value for name, value in tau.parameters}
    if mu.proper:
        data |= {"mu_mean": mu.mean, "mu_sd": mu.sd}
    return {name: np.asarray(value, dtype=np.float64) for name, value in data.items()}


def _model(data: Mapping[str, Array], tau_kind: str, mu_kind: str) -> Model:
    with quiet():
        import pymc as pm

        k = data["y"].size
        with pm.Model() as model:
            held = {name: pm.Data(name, value) for name, value in data.items()}
            tau = pm.Deterministic("tau", scale_variable(held, tau_kind))
            v, total = held["s"] ** 2, held["s"] ** 2 + tau**2
            mu = pm.Deterministic("mu", _mean(held, total, mu_kind))
            # theta given mu and tau is normal; written through that conditional it leaves the
            # sampler no funnel, whether the data or the prior of theta is the sharper of the two.
            z = pm.Normal("theta_raw", 0.0, 1.0, shape=k)
            new = pm.Normal("prediction_raw", 0.0, 1.0)
            centre = (v * mu + tau**2 * held["y"]) / total
            pm.Deterministic("theta", centre + tau * held["s"] / pm.math.sqrt(total) * z)
            pm.Deterministic("prediction", mu + tau * new)
            pm.Normal("observed", mu, pm.math.sqrt(total), observed=held["y"])
    return model


def _mean(held: Mapping[str, Any], total: Any, kind: str) -> Any:
    """The mean about the place and on the scale that it has for each tau.

    With few studies the spread of mu grows with tau: in this form no funnel is left. The density is
    that of mu itself; the potential ``mu_scale`` makes up for the change of scale.
    """
    import pymc as pm

    precision, weighted = pm.math.sum(1.0 / total), pm.math.sum(held["y"] / total)
    if kind != "flat":
        precision += held["mu_sd"] ** -2.0
        weighted += held["mu_mean"] * held["mu_sd"] ** -2.0
    raw = pm.Flat("mu_raw")
    pm.Potential("mu_scale", -0.5 * pm.math.log(precision))
    mu = weighted / precision + raw / pm.math.sqrt(precision)
    if kind != "flat":
        prior = pm.Normal.dist(held["mu_mean"], held["mu_sd"])
        pm.Potential("mu_prior", pm.logp(prior, mu))
    return mu


def scale_variable(held: Mapping[str, Any], kind: str, name: str = "tau") -> Any:
    """A standard deviation as a standard variable ``{name}_raw`` times its scale.

    Parameters
    ----------
    held : mapping
        The prior's parameters as ``{name}_scale`` and the like; of the improper priors also the
        data ``s`` and ``unit``.
    kind : str
        As in ``TauPrior``.
    """
    import pymc as pm

    raw = f"{name}_raw"
    if kind == "half_normal":
        return held[f"{name}_scale"] * pm.HalfNormal(raw, 1.0)
    if kind == "half_cauchy":
        return held[f"{name}_scale"] * pm.HalfCauchy(raw, 1.0)
    if kind == "half_t":
        return held[f"{name}_scale"] * pm.HalfStudentT(raw, nu=held[f"{name}_df"], sigma=1.0)
    if kind == "exponential":
        return pm.Exponential(raw, 1.0) / held[f"{name}_rate"]
    if kind == "uniform":
        return held[f"{name}_upper"] * pm.Uniform(raw, 0.0, 1.0)
    if kind == "inverse_gamma":
        return held[f"{name}_scale"] * pm.InverseGamma(raw, alpha=held[f"{name}_shape"], beta=1.0)
    if kind == "log_normal":
        z = pm.Normal(raw, 0.0, 1.0)
        return pm.math.exp(held[f"{name}_mean_log"] + held[f"{name}_sd_log"] * z)
    if kind == "log_t":
        z = pm.StudentT(raw, nu=held[f"{name}_df"], mu=0.0, sigma=1.0)
        return pm.math.exp(held[f"{name}_mean_log"] + held[f"{name}_scale_log"] * z)
    tau = held["unit"] * pm.HalfFlat(raw)
    if kind != "improper_uniform":
        pm.Potential(f"{name}_prior", _reference(tau, held["s"], kind))
    return tau


def _reference(tau: Any, s: Any, kind: str) -> Any:
    """Log densities of the priors that are no PyMC distribution, up to a constant."""
    from pymc import math

    v, total, k = s**2, s**2 + tau**2, s.shape[0]
    harmonic = 1.0 / math.mean(1.0 / v)
    if kind == "sqrt_uniform":
        return -0.5 * math.log(tau)
    if kind == "jeffreys":
        return math.log(tau) + 0.5 * math.log(math.sum(total**-2))
    if kind == "berger_deely":
        return math.log(tau) - math.mean(math.log(total))
    if kind == "conventional":
        return math.log(tau) - 1.5 * math.mean(math.log(total))
    if kind == "dumouchel":
        return -2.0 * math.log(math.sqrt(harmonic) + tau)
    if kind == "i2_uniform":
        w = math.sum(1.0 / v)
        harmonic = (k - 1) * w / (w**2 - math.sum(v**-2))
    return math.log(tau) - 2.0 * math.log(harmonic + tau**2)


@lru_cache(maxsize=64)
def _compiled(k: int, tau_kind: str, tau_names: tuple[str, ...], mu_kind: str) -> Any:
    """Compile once for a number of studies and kinds of priors; data are handed in later."""
    s = np.linspace(1.0, 2.0, k)
    tau = TauPrior(tau_kind, tuple((name, 1.0) for name in tau_names))
    mu = normal(0.0, 1.0) if mu_kind == "normal" else flat()
    model = _model(_data(np.zeros(k), s, tau, mu), tau_kind, mu_kind)
    with quiet():
        import nutpie

        return nutpie.compile_pymc_model(model, var_names=list(KEPT))


@dataclass(frozen=True, slots=True)
class Run:
    """How the sampler is run; refuses what cannot be."""

    chains: int
    draws: int
    tune: int
    seed: int
    target_accept: float
    max_divergences: int
    cores: int | None

    def __post_init__(self) -> None:
        counts = {
            "chains": 2, "draws": 4, "tune": 1, "seed": 0, "max_divergences": 0, "cores": 1,
        }  # fmt: skip
        problems = []
        for name, least in counts.items():
            value = getattr(self, name)
            if name == "cores" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                right = f"a whole number of at least {least}"
                problems.append(Problem(name, f"{value!r}", right))
        if not 0.5 <= self.target_accept < 1.0:
            right = "a fraction of at least 0.5 and below 1"
            problems.append(Problem("target_accept", repr(self.target_accept), right))
        if problems:
            raise FitError("the sampler cannot be run as asked", problems)


def sample_bayes(
    table: EffectTable,
    *,
    tau: TauPrior,
    seed: int,
    mu: MuPrior | None = None,
    level: float = 0.95,
    interval: str = "central",
    chains: int = 4,
    draws: int = 4000,
    tune: int = 2000,
    target_accept: float = 0.99,
    max_divergences: int = 0,
    cores: int | None = None,
) -> BayesFit:
    """Pool effects under the normal-normal hierarchical model by NUTS.

    The model of ``pool_bayes``; nothing is integrated in closed form. The compiled model is kept
    and serves further tables under priors of the same kind; it is compiled for 8, 16 or 32
    studies, of which those beyond the table's have no information.

    Parameters
    ----------
    table, tau, mu, level, interval
        As in ``pool_bayes``.
    seed : int
        Same seed, versions and machine: same draws.
    chains, draws, tune : int
        Draws and warm-up are per chain; at least two chains.
    target_accept : float
        High by default: with few studies the scale of mu changes with tau, which wants small steps.
    max_divergences : int
        Most divergent transitions that are let pass.
    cores : int, optional
        As many as the machine has if left out; does not change the draws.

    Returns
    -------
    BayesFit
        Its ``posterior`` is an ``arviz.InferenceData``.

    Raises
    ------
    FitError
        If the posterior is improper, or the chains fail: R-hat above 1.01, an effective sample
        size below 400, or too many divergences.
    """
    run = Run(chains, draws, tune, seed, target_accept, max_divergences, cores)
    mu = flat() if mu is None else mu
    require_inputs(table, tau, mu, level, interval)
    require_proper_posterior(table.k, tau, mu)
    data = _draw(table, tau, mu, run)
    found = {name: summarise(data, name, level, interval) for name in KEPT}
    diagnostics = diagnostics_of(found.values(), data, run)
    require_converged(diagnostics, max_divergences)
    return _fit(table, tau, mu, (level, interval), found, diagnostics, data)


def _draw(table: EffectTable, tau: TauPrior, mu: MuPrior, run: Run) -> InferenceData:
    y, s = arrays_of(table)
    tau.log_density(1.0, s)  # refuses a prior that these standard errors cannot make
    names = tuple(name for name, _ in tau.parameters)
    fed = _data(y, s, tau, mu)
    if not tau.family.from_data:  # to a prior of the standard errors it would say something
        fed = _filled_up(fed, y.size)
    compiled = _compiled(fed["y"].size, tau.kind, names, mu.kind)
    with quiet():
        import nutpie

        data = nutpie.sample(
            compiled.with_data(**fed),
            draws=run.draws,
            tune=run.tune,
            chains=run.chains,
            cores=min(run.chains, run.cores or os.cpu_count() or 1),
            seed=run.seed,
            target_accept=run.target_accept,
            progress_bar=False,
            save_warmup=False,
        )
        labels = list(map(str, table.rows.index))
        present = slice(0, y.size)
        dims = {f"{name}_dim_0": present for name in ("theta", "theta_raw", "y", "s", "observed")}
        data = data.map(lambda group: group.isel(dims, missing_dims="ignore"))
        named: InferenceData = data.rename({"theta_dim_0": "study"}).assign_coords(study=labels)
    return named


def _filled_up(fed: Mapping[str, Array], k: int) -> dict[str, Array]:
    """Add studies that say nothing, up to a number that is compiled for."""
    size = next((n for n in SIZES if n >= k), -(-k // SIZES[-1]) * SIZES[-1])
    more = size - k
    return {
        **fed,
        "y": np.append(fed["y"], np.full(more, fed["y"].mean())),
        "s": np.append(fed["s"], np.full(more, SILENT * (fed["s"].max() + np.ptp(fed["y"])))),
    }


def diagnostics_of(found: Iterable[pd.DataFrame], data: InferenceData, run: Run) -> Diagnostics:
    """Worst figures of the chains over all summaries."""
    import nutpie

    every = pd.concat(found)
    return Diagnostics(
        r_hat_max=float(every["r_hat"].max(skipna=False)),
        ess_bulk_min=float(every["ess_bulk"].min(skipna=False)),
        ess_tail_min=float(every["ess_tail"].min(skipna=False)),
        divergences=int(data["sample_stats"]["diverging"].sum()),
        chains=run.chains,
        draws=run.draws,
        tune=run.tune,
        seed=run.seed,
        sampler=f"nutpie {nutpie.__version__} (NUTS)",
    )


def _fit(
    table: EffectTable,
    tau: TauPrior,
    mu: MuPrior,
    asked: tuple[float, str],
    found: Mapping[str, pd.DataFrame],
    diagnostics: Diagnostics,
    data: InferenceData,
) -> BayesFit:
    level, interval = asked
    exist = moments_that_exist(require_proper_posterior(table.k, tau, mu))
    return BayesFit(
        table=table,
        engine="nuts",
        prior_mu=mu,
        prior_tau=tau,
        level=level,
        interval=interval,
        terms=_terms(found, level, exist, mu),
        shrinkage=_shrinkage(table, found["theta"], data, mu),
        log_marginal_likelihood=None,
        diagnostics=diagnostics,
        posterior=data,
        notes=heavy_tail_note(table.k, tau, mu),
    )


def _terms(
    found: Mapping[str, pd.DataFrame], level: float, exist: int, mu: MuPrior
) -> pd.DataFrame:
    """Rows mu, tau, prediction; figures of moments that do not exist are None."""
    terms = ("mu", "tau", "prediction")
    frame = pd.concat([found[term] for term in terms], ignore_index=True)
    frame["term"], frame["level"] = terms, level
    for column, power in (("mean", 1), ("mcse_mean", 1), ("sd", 2)):
        known = [exist >= power or (term == "mu" and mu.proper) for term in terms]
        frame[column] = column_of(
            [float(x) if yes else None for x, yes in zip(frame[column], known, strict=True)]
        )
    return frame[[*TERM_COLUMNS, *SAMPLED_COLUMNS]]


def _shrinkage(
    table: EffectTable, theta: pd.DataFrame, data: InferenceData, mu: MuPrior
) -> pd.DataFrame:
    _, s = arrays_of(table)
    tau = data["posterior"]["tau"].to_numpy().ravel()
    w = 1.0 / (s[:, None] ** 2 + tau**2)
    frame = theta.set_axis(table.rows.index, axis=0)
    return frame.assign(weight=(w / (w.sum(axis=0) + mu.precision)).mean(axis=1))[
        [*STUDY_COLUMNS, *SAMPLED_COLUMNS]
    ]
