"""average_models: averaging over effect, heterogeneity and publication bias, by quadrature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import kernels_average as kernels
from evidence.models.bayesian.bias_models import BiasModel, ensemble
from evidence.models.bayesian.fit import arrays_of, require_inputs
from evidence.models.bayesian.posterior_average import Part, figures, quantile_of
from evidence.models.bayesian.priors import MuPrior, TauPrior, inverse_gamma, normal

Array = NDArray[np.float64]
# Panels of an axis: beside a weight function, whose weights are integrated at every node, fewer.
PANELS = {"mu": (10, 6), "tau": (12, 7), "b": (10, 10)}
OMEGA_NODES = {1: 24, 2: 16, 3: 11}


@dataclass(frozen=True, slots=True, eq=False)
class ModelAverage:
    """Answer of ``average_models``, on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    models : DataFrame
        A row a model: effect, heterogeneity, bias (in words), prior_probability,
        log_marginal_likelihood, posterior_probability, inclusion_bayes_factor.
    components : DataFrame
        Indexed by effect, heterogeneity, bias: models (how many hold it), prior_probability,
        posterior_probability, inclusion_bayes_factor. A component that no model holds, or every
        model, is left out.
    estimates : DataFrame
        Averaged over all models: mean, median, ci_low, ci_high of mu, tau, the publication
        weights in intervals of the one-sided p-value, pet and peese; a model without a parameter
        counts with its fixed value (0, and 1 for weights).
    conditional : DataFrame
        The same of mu given an effect and of tau given heterogeneity.
    level : float
    parts : tuple of Part
        Each model's own posterior, in the order of ``models``.
    """

    table: EffectTable
    models: pd.DataFrame
    components: pd.DataFrame
    estimates: pd.DataFrame
    conditional: pd.DataFrame
    level: float
    parts: tuple[Part, ...]

    _repr_html_ = html_of_text

    def quantile(self, term: str, probability: float) -> float:
        """Quantile of a term of ``estimates``, averaged over all models."""
        known = self.estimates.index.tolist()
        if term not in known:
            problem = Problem("term", f"unknown: {term!r}", did_you_mean(str(term), known))
            raise FitError("no such quantity", [problem])
        if not 0.0 < probability < 1.0:
            problem = Problem("probability", repr(probability), "a number between 0 and 1")
            raise FitError("no such quantile", [problem])
        weights = self.models["posterior_probability"].to_numpy()
        return quantile_of(list(self.parts), weights, term, probability)

    def __str__(self) -> str:
        lines = [
            f"Average over {len(self.models)} models of {counted(self.table.k, 'study', 'studies')}"
        ]
        lines += [
            f"  {name:<14} posterior probability {row['posterior_probability']:.3f}, "
            f"inclusion Bayes factor {row['inclusion_bayes_factor']:.3g}"
            for name, row in self.components.to_dict("index").items()
        ]
        for name in ("mu", "tau"):
            row = self.estimates.loc[name]
            lines.append(
                f"  {name:<14} mean {row['mean']:.4g}, median {row['median']:.4g}, "
                f"{100 * self.level:g}% {row['ci_low']:.4g} to {row['ci_high']:.4g}"
            )
        return "\n".join(lines)


def average_models(
    table: EffectTable,
    *,
    effect: MuPrior | None = None,
    heterogeneity: TauPrior | None = None,
    bias: str | Sequence[BiasModel] | None = "psma",
    null: float = 0.0,
    direction: str = "positive",
    level: float = 0.95,
) -> ModelAverage:
    """Average over models with and without effect, heterogeneity and bias (RoBMA: ``RoBMA``).

    Marginal likelihoods are integrals over at most mu, tau and a bias coefficient or up to three
    publication weights, by Gauss-Legendre panels; no sampling. Maier, Bartos and Wagenmakers
    (2023, Psychol Methods 28:107); Bartos et al. (2023, Res Synth Methods 14:99). Checked against
    RoBMA 3.6.1 and adaptive cubature.

    Parameters
    ----------
    table : EffectTable
        Independent rows.
    effect : MuPrior, optional
        Of mu where there is an effect; ``normal(0, 1)`` if left out.
    heterogeneity : TauPrior, optional
        Of tau where there is heterogeneity; ``inverse_gamma(1, 0.15)`` if left out. Both are
        for standardised mean differences: state your own for other measures.
    bias : {"psma", "pp", "2w"}, sequence of BiasModel, or None
        As in ``ensemble``.
    null : float
        Value of mu without effect.
    direction : {"positive", "negative"}
        The direction whose small p-values are favoured.
    level : float
        Of the central intervals.

    Raises
    ------
    FitError
        If rows are dependent, a prior is improper or an option is unknown.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.3, 0.5, 0.1, 0.4], [0.1, 0.2, 0.1, 0.15])
    >>> found = average_models(table, bias=None)
    >>> found.components["posterior_probability"].round(2).to_dict()
    {'effect': 0.89, 'heterogeneity': 0.49}
    """
    effect = normal(0.0, 1.0) if effect is None else effect
    heterogeneity = inverse_gamma(1.0, 0.15) if heterogeneity is None else heterogeneity
    require_inputs(table, heterogeneity, effect, level, "central")
    _require(effect, heterogeneity, null, direction)
    biases = ensemble(bias)
    y, s = arrays_of(table)
    sign = 1.0 if direction == "positive" else -1.0
    turned = replace(effect, mean=sign * effect.mean)
    parts, words = [], []
    for mu in (None, turned):
        for tau in (None, heterogeneity):
            for model in biases:
                parts.append(_solve(sign * y, s, sign * null, mu, tau, model, sign))
                words.append((null if mu is None else effect, tau or 0.0, model))
    weights = np.array([word[2].weight for word in words])
    prior = weights / weights.sum()
    log_marginal = np.array([part.log_marginal for part in parts])
    posterior = prior * np.exp(log_marginal - log_marginal.max())
    posterior = posterior / posterior.sum()
    flags = {
        "effect": np.array([isinstance(word[0], MuPrior) for word in words]),
        "heterogeneity": np.array([isinstance(word[1], TauPrior) for word in words]),
        "bias": np.array([word[2].kind != "none" for word in words]),
    }
    conditional = {
        name: figures(parts, np.where(flags[flag], posterior, 0.0), level).loc[name]
        for name, flag in (("mu", "effect"), ("tau", "heterogeneity"))
    }
    return ModelAverage(
        table=table,
        models=_models(words, prior, log_marginal, posterior),
        components=_components(flags, prior, posterior, log_marginal),
        estimates=figures(parts, posterior, level),
        conditional=pd.DataFrame(conditional).T,
        level=level,
        parts=tuple(parts),
    )


def _require(effect: MuPrior, heterogeneity: TauPrior, null: float, direction: str) -> None:
    problems = []
    if not effect.proper:
        problems.append(Problem("effect", f"the prior is {effect}, improper", "normal(0, 1)"))
    if not heterogeneity.proper or heterogeneity.family.from_data:
        what = f"the prior is {heterogeneity}"
        problems.append(Problem("heterogeneity", what, "a proper prior, not made from the data"))
    if not np.isfinite(null):
        problems.append(Problem("null", repr(null), "a finite number"))
    if direction not in ("positive", "negative"):
        right = did_you_mean(str(direction), ("positive", "negative"))
        problems.append(Problem("direction", f"unknown: {direction!r}", right))
    if problems:
        raise FitError("the models cannot be averaged as asked", problems)


def _boxes(
    y: Array, s: Array, mu: MuPrior | None, tau: TauPrior | None, b: TauPrior | None
) -> dict[str, tuple[float, float]]:
    """Where each free axis can matter: mu, log tau, log b."""
    found = {}
    if mu is not None:
        # What the data say of mu under bias may lie beyond them, but not beyond its prior.
        low = min(float((y - 12 * s).min()), mu.mean - 8 * mu.sd)
        high = max(float((y + 12 * s).max()), mu.mean + 8 * mu.sd)
        found["mu"] = (max(low, mu.mean - 40 * mu.sd), min(high, mu.mean + 40 * mu.sd))
    for name, prior in (("tau", tau), ("b", b)):
        if prior is not None:
            ends = np.log(np.maximum(prior.quantile([1e-13, 1 - 1e-11]), 1e-250))
            top = min(ends[1], np.log(prior.upper)) if np.isfinite(prior.upper) else ends[1]
            found[name] = (float(ends[0]), float(top))
    return found


def _solve(
    y: Array,
    s: Array,
    null: float,
    mu: MuPrior | None,
    tau: TauPrior | None,
    model: BiasModel,
    sign: float,
) -> Part:
    """Posterior of one model on its tensor of nodes."""
    boxes = _boxes(y, s, mu, tau, model.prior)
    coarse = _density(y, s, null, mu, tau, model, tuple(boxes), 5)[0]
    if boxes:
        boxes = dict(zip(boxes, kernels.box(coarse, list(boxes.values())), strict=True))
    few = int(model.kind == "weights")
    laid = {}
    for name, ends in boxes.items():
        lay = kernels.centred_edges if name == "mu" else kernels.leaning_edges
        laid[name] = kernels.panels(lay(*ends, PANELS[name][few]))
    count = OMEGA_NODES.get(model.levels - 1, 1)
    density, omega = _density(y, s, null, mu, tau, model, tuple(boxes), count, whole=True)
    log_p = density(tuple(laid[name][1] for name in laid))
    for i, name in enumerate(laid):
        shape = [1] * log_p.ndim
        shape[i] = -1
        log_p = log_p + np.log(laid[name][2]).reshape(shape)
    top = log_p.max()
    p = np.exp(log_p - top)
    total = p.sum()
    p = p / total
    axes = {}
    for i, name in enumerate(laid):
        others = tuple(j for j in range(p.ndim) if j != i)
        axes[name] = (laid[name][0], laid[name][1], p.sum(axis=others))
    last = p.sum(axis=tuple(range(p.ndim - 1)))
    return Part(float(top + np.log(total)), axes, model, omega, last, null, sign)


def _density(
    y: Array,
    s: Array,
    null: float,
    mu: MuPrior | None,
    tau: TauPrior | None,
    model: BiasModel,
    names: tuple[str, ...],
    count: int,
    *,
    whole: bool = False,
) -> tuple[kernels.AxesDensity, Array]:
    """Log of prior times likelihood over the free axes, and the weights' nodes.

    ``whole`` keeps a last axis for the nodes of the weights; else they are summed.
    """
    omega, p = np.ones((1, 1)), np.ones(1)
    if model.kind == "weights":
        omega, p = kernels.falling_weights(model.levels, count)
    x = {"pet": s, "peese": s**2}.get(model.kind, np.zeros_like(s))

    def log_density(axes: tuple[Array, ...]) -> Array:
        at = dict(zip(names, axes, strict=True))
        m, v = at.get("mu", np.array([null])), at.get("tau")
        t = np.zeros(1) if v is None else np.exp(v)
        b = np.exp(at["b"]) if "b" in at else np.zeros(1)
        if model.kind == "weights":
            found = kernels.weighted(m, t, y, s, model.cuts, model.of, omega) + np.log(p)
        else:
            found = kernels.shifted(m, t, b, y, s, x)
        if mu is not None:
            found = found + mu.log_density(m)[:, None, None]
        if tau is not None:
            found = found + (tau.log_density(t) + np.log(t))[:, None]
        if model.prior is not None:
            return np.asarray(_squeezed(found + model.prior.log_density(b) + np.log(b), at, whole))
        if not whole:
            peak = found.max(axis=-1, keepdims=True)
            found = (peak + np.log(np.exp(found - peak).sum(axis=-1, keepdims=True)))[..., :1]
        return np.asarray(_squeezed(found, at, whole))

    return log_density, omega


def _squeezed(found: Array, at: dict[str, Array], whole: bool) -> Array:
    """Drop the axes that are fixed; ``whole`` keeps a last one that is no free axis."""
    keep = [i for i, name in enumerate(("mu", "tau")) if name in at]
    shape = [found.shape[i] for i in keep]
    if "b" in at:
        shape.append(found.shape[2])
    return found.reshape(*shape, -1) if whole else found.reshape(shape)


def _models(
    words: Sequence[tuple[object, object, BiasModel]], prior: Array, log_marginal: Array, p: Array
) -> pd.DataFrame:
    odds = np.array([_odds(log_marginal, prior, np.arange(len(p)) == i) for i in range(len(p))])
    return pd.DataFrame(
        {
            "effect": [str(word[0]) for word in words],
            "heterogeneity": [str(word[1]) for word in words],
            "bias": [str(word[2]) for word in words],
            "prior_probability": prior,
            "log_marginal_likelihood": log_marginal,
            "posterior_probability": p,
            "inclusion_bayes_factor": odds,
        }
    )


def _odds(log_marginal: Array, prior: Array, held: NDArray[np.bool_]) -> float:
    """Inclusion Bayes factor: change of the odds of the models that are held (on logs)."""
    terms = log_marginal + np.log(prior)
    sides = [
        np.logaddexp.reduce(terms[which]) - np.log(prior[which].sum()) for which in (held, ~held)
    ]
    return float(np.exp(sides[0] - sides[1]))


def _components(
    flags: dict[str, NDArray[np.bool_]], prior: Array, posterior: Array, log_marginal: Array
) -> pd.DataFrame:
    rows = {
        name: {
            "models": int(held.sum()),
            "prior_probability": float(prior[held].sum()),
            "posterior_probability": float(posterior[held].sum()),
            "inclusion_bayes_factor": _odds(log_marginal, prior, held),
        }
        for name, held in flags.items()
        if held.any() and not held.all()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("component")
