"""Beside the draws: new studies' effects, each study's log-likelihood, checks of predictions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.models.sampling import kernels_marginal as kernels
from evidence.models.sampling.priors import ShapePrior
from evidence.models.sampling.setup import Setup, empirical, group_logs

Array = NDArray[np.float64]
Draws = Mapping[str, Array]
CONFLICT = 0.05
CHUNK = 500


def shape_draws(setup: Setup, draws: Draws, name: str) -> Array:
    """Draws (n,) of a shape parameter, or the value it is held at."""
    prior = getattr(setup.priors, name)
    if isinstance(prior, ShapePrior) and prior.kind == "held":
        return np.full(len(draws["mu"]), dict(prior.parameters)["value"])
    return draws[name]


def new_effects(setup: Setup, draws: Draws, seed: int) -> Array | None:
    """Effect of one new study (of a new cluster) at the moderators' means, for each draw (n,).

    None where studies have no effects of their own.
    """
    structure = setup.structure
    if structure.likelihood == "beta_binomial":
        return None
    random = np.random.default_rng([seed, 1])
    mu, tau = draws["mu"], draws["tau"]
    if structure.clustered:
        mu = mu + draws["tau_outer"] * random.standard_normal(len(mu))
    if structure.effects == "student_t":
        return np.asarray(mu + tau * random.standard_t(shape_draws(setup, draws, "freedom")))
    if structure.effects == "mixture":
        far = random.random(len(mu)) < shape_draws(setup, draws, "outlier_weight")
        tau = np.where(far, np.hypot(tau, draws["outlier_sd"]), tau)
    return np.asarray(mu + tau * random.standard_normal(len(mu)))


def log_likelihood(setup: Setup, draws: Draws) -> tuple[Array | None, str]:
    """Of each study, its effects integrated out: (n, studies), or (n, clusters) of three levels.

    Returns
    -------
    array or None
    str
        What it is of, ``study`` or ``cluster``; or why there is none.
    """
    structure = setup.structure
    if structure.clustered and (structure.counts or structure.effects != "normal"):
        return None, "a cluster's likelihood has no closed form here: effects are not normal"
    n = len(draws["mu"])
    parts = []
    for start in range(0, n, CHUNK):
        piece = {name: values[start : start + CHUNK] for name, values in draws.items()}
        parts.append(_piece(setup, piece))
    return np.concatenate(parts), "cluster" if structure.clustered else "study"


def _piece(setup: Setup, draws: Draws) -> Array:
    structure, figures = setup.structure, setup.figures
    mean = np.repeat(draws["mu"][:, None], setup.k, axis=1)
    if structure.moderated:
        mean = mean + draws["slopes"] @ (setup.z * setup.width).T
    if figures.groups is not None:
        return _of_groups(setup, draws, figures.groups, mean)
    y, s, tau = figures.y, figures.s, draws["tau"]
    if structure.clustered:
        outer = draws["tau_outer"]
        return kernels.clustered_effects(y, s, mean, tau, outer, setup.codes)
    if structure.effects == "student_t":
        freedom = shape_draws(setup, draws, "freedom")
        return kernels.student_effects(y, s, mean, tau, freedom)
    if structure.effects == "mixture":
        weight = shape_draws(setup, draws, "outlier_weight")
        return kernels.mixture_effects(y, s, mean, tau, draws["outlier_sd"], weight)
    return kernels.normal_effects(y, s, mean, tau)


def _of_groups(setup: Setup, draws: Draws, groups: Array, effect: Array) -> Array:
    structure, rates = setup.structure, setup.structure.likelihood == "poisson"
    if structure.likelihood == "beta_binomial":
        level = draws["baseline_average"][:, None]
        rho = shape_draws(setup, draws, "intraclass")
        return kernels.overdispersed_groups(groups, level + effect, level + 0.0 * effect, rho)
    ones = np.ones(effect.shape)
    if structure.arms == "arm":
        level = draws["baseline_average"][:, None] * ones
        sd, other = draws["baseline_sd"][:, None], draws["treated_sd"][:, None]
        rho = shape_draws(setup, draws, "correlation")[:, None]
        root = _root(rho * other * ones, other * np.sqrt(1 - rho**2) * ones, sd * ones)
        return kernels.two_groups(groups, np.stack([level + effect, level], -1), root, rates=rates)
    prior = setup.priors.baseline
    if structure.baselines == "random":
        level, sd = draws["baseline_average"][:, None] * ones, draws["baseline_sd"][:, None] * ones
    else:
        level = np.full(effect.shape, 0.0 if prior is None else prior.mean)
        sd = np.full(effect.shape, 1.0 if prior is None else prior.sd)
    mean = np.stack([level + effect, level], axis=-1)
    tau = draws["tau"][:, None] * ones
    found = [
        weight + kernels.two_groups(groups, mean, _root(sd, width, sd), rates=rates)
        for width, weight in _widths(setup, draws, tau)
    ]
    return np.asarray(np.logaddexp.reduce(found))


def _root(shared: Array, own: Array, control: Array) -> Array:
    """Square root of the covariance of treated and controls, from two independent variables."""
    rows = [np.stack([shared, own], -1), np.stack([control, np.zeros_like(control)], -1)]
    return np.stack(rows, axis=-2)


def _widths(setup: Setup, draws: Draws, tau: Array) -> list[tuple[Array, Array]]:
    """Normals of which the distribution of effects is a mixture: standard deviation, log weight."""
    structure = setup.structure
    if structure.effects == "student_t":
        freedom = shape_draws(setup, draws, "freedom")
        scales, weights = kernels.mixing_scales(freedom, kernels.MIXING_COUNTS)
        pairs = zip(np.sqrt(scales), weights, strict=True)
        return [(tau * scale[:, None], weight) for scale, weight in pairs]
    if structure.effects == "mixture":
        w = shape_draws(setup, draws, "outlier_weight")[:, None]
        wide = np.hypot(tau, draws["outlier_sd"][:, None])
        with np.errstate(divide="ignore"):
            return [(tau, np.log1p(-w)), (wide, np.log(w))]
    return [(tau, np.zeros((len(tau), 1)))]


def statistics(setup: Setup, observed: Mapping[str, Array]) -> dict[str, Array]:
    """What predictions are judged by, of data sets (..., k): shape (...) each.

    Weighted mean effect, slopes of the moderators, Q about these; of counts also the log odds
    (log rate) of all controls together, unless controls are unrelated.
    """
    x = np.c_[np.ones(setup.k), setup.z]
    figures, found = setup.figures, {}
    if figures.groups is None:
        y, s = observed["effects"], np.broadcast_to(figures.s, observed["effects"].shape)
    else:
        rates = setup.structure.likelihood == "poisson"
        x1, x2 = observed["events_treatment"], observed["events_control"]
        n1, n2 = (np.broadcast_to(n, x1.shape) for n in figures.groups[[1, 3]])
        y, s = empirical(np.stack([x1, n1, x2, n2]).astype(np.float64), rates=rates)
        if setup.structure.baselines != "fixed":
            found["control level"] = group_logs(x2.sum(-1), n2.sum(-1), rates=rates)[0]
    coefficients, q = kernels.weighted_fit(y, s, x)
    found = {"mean effect": coefficients[..., 0], **found}
    for j, name in enumerate(setup.moderators):
        found[f"slope of {name}"] = coefficients[..., 1 + j] / setup.width[j]
    if setup.k > x.shape[1]:
        found["Q"] = q
    return found


def check(setup: Setup, observed: Mapping[str, Array], drawn: Mapping[str, Array]) -> pd.DataFrame:
    """Compare what was observed with data sets (n, k) that a distribution predicts.

    Returns
    -------
    DataFrame
        A row a statistic: statistic, observed, low, high (95% of the predictions),
        tail_probability (two-sided: twice the share of predictions at least as far out; Box 1980,
        Evans & Moshonov 2006), conflict (that below 0.05).
    """
    seen, predicted = statistics(setup, observed), statistics(setup, drawn)
    records = []
    for name, values in predicted.items():
        value, n = float(seen[name]), len(values)
        rarer = min((values <= value).sum(), (values >= value).sum())
        tail = min(1.0, 2.0 * (float(rarer) + 1.0) / (n + 1.0))
        low, high = np.quantile(values, [0.025, 0.975])
        records.append(
            {
                "statistic": name,
                "observed": value,
                "low": float(low),
                "high": float(high),
                "tail_probability": tail,
                "conflict": tail < CONFLICT,
            }
        )
    return pd.DataFrame(records)
