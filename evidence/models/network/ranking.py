"""p_scores, rank_probabilities (with SUCRA) and league_table: what a network says of treatments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, figure
from evidence.errors import FitError, Problem, check_kind
from evidence.models.network.data import check_word
from evidence.models.network.fit import NetworkEstimates, NetworkFit
from evidence.models.network.inconsistency import tau2_for

SmallValues = Literal["desirable", "undesirable"]


@dataclass(frozen=True, slots=True, eq=False)
class RankProbabilities:
    """Answer of ``rank_probabilities``.

    Attributes
    ----------
    probabilities : DataFrame (n, n)
        Row a treatment, column a rank (1 best).
    sucra : Series (n,)
        Surface under the cumulative ranking curve, 0 to 1 (Salanti, Ades and Ioannidis 2011).
    mean_rank : Series (n,)
    draws, seed : int
    """

    probabilities: pd.DataFrame
    sucra: pd.Series
    mean_rank: pd.Series
    draws: int
    seed: int

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        head = f"Ranks of {counted(len(self.sucra), 'treatment')}, {counted(self.draws, 'draw')}"
        width = max(len(plain(name)) for name in self.sucra.index)
        rows = zip(self.sucra.items(), self.mean_rank, strict=True)
        lines = [
            f"  {plain(name):<{width}}  SUCRA {figure(area)}, mean rank {figure(rank)}"
            for (name, area), rank in rows
        ]
        return "\n".join([head, *lines])


def p_scores(fit: NetworkFit, *, small_values: SmallValues, model: str = "random") -> pd.Series:
    """Mean certainty that a treatment is better than another one, 0 to 1.

    Rücker and Schwarzer 2015: the mean over the others of the one-sided normal probability, which
    is SUCRA without resampling. Checked against netmeta's ``netrank``.

    Parameters
    ----------
    fit : NetworkFit
    small_values : {"desirable", "undesirable"}
        Whether small values of the outcome are good.
    model : {"common", "random"}

    Returns
    -------
    Series, indexed by treatment in the order of the network

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> fit = network_meta(network_contrasts(frame))
    >>> p_scores(fit, small_values="desirable", model="common").round(3).to_dict()
    {'x': 0.007, 'y': 0.575, 'z': 0.918}
    """
    check_kind("fit", fit, NetworkFit, FitError)
    found = estimates_of(fit, model)
    check_word("small_values", small_values, get_args(SmallValues))
    sign = -1.0 if small_values == "desirable" else 1.0
    spread = found.std_error.to_numpy() + np.eye(len(found.treatments))
    better = special.ndtr(sign * found.estimate.to_numpy() / spread)
    np.fill_diagonal(better, 0.0)
    score = better.sum(axis=1) / (len(better) - 1)
    return pd.Series(score, index=list(found.treatments), name="p_score")


def rank_probabilities(
    fit: NetworkFit,
    *,
    small_values: SmallValues,
    model: str = "random",
    draws: int = 10_000,
    seed: int = 1,
) -> RankProbabilities:
    """Draw the treatments' effects from their joint normal distribution and rank them.

    Parameters
    ----------
    fit : NetworkFit
    small_values : {"desirable", "undesirable"}
    model : {"common", "random"}
    draws, seed : int
        The same seed gives the same answer.

    Raises
    ------
    FitError
        If an option is wrong or the model was not fitted.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> fit = network_meta(network_contrasts(frame))
    >>> found = rank_probabilities(fit, small_values="desirable", model="common", draws=2000)
    >>> found.probabilities.sum().round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    check_kind("fit", fit, NetworkFit, FitError)
    found = estimates_of(fit, model)
    check_word("small_values", small_values, get_args(SmallValues))
    for where, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            problem = Problem(where, repr(value), f"a whole number of at least {least}")
            raise FitError("the options of the resampling are not right", [problem])
    values, vectors = np.linalg.eigh(found.covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = np.random.default_rng(seed).standard_normal((draws, len(values)))
    drawn = found.levels + noise @ root.T
    order = np.argsort(drawn if small_values == "desirable" else -drawn, axis=1)
    n = len(values)
    share = np.array([np.bincount(order[:, r], minlength=n) for r in range(n)]).T / draws
    names = list(found.treatments)
    mean = share @ np.arange(1, n + 1)
    return RankProbabilities(
        probabilities=pd.DataFrame(share, index=names, columns=list(range(1, n + 1))),
        sucra=pd.Series((n - mean) / (n - 1), index=names, name="sucra"),
        mean_rank=pd.Series(mean, index=names, name="mean_rank"),
        draws=draws,
        seed=seed,
    )


def league_table(
    fit: NetworkFit,
    *,
    model: str = "random",
    digits: int = 2,
    order: tuple[str, ...] | None = None,
    prediction: bool = False,
) -> pd.DataFrame:
    """All comparisons as text, ``estimate (low to high)``: row treatment against column treatment.

    Ratios are shown as ratios. The numbers themselves are ``fit.random.frame()``.

    Parameters
    ----------
    fit : NetworkFit
    model : {"common", "random"}
    digits : int
    order : tuple of str, optional
        Treatments in the order wanted, such as that of ``p_scores``; all of them.
    prediction : bool
        Prediction instead of confidence intervals; random effects only.

    Raises
    ------
    FitError
        If an option is wrong or the model was not fitted.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> league_table(network_meta(network_contrasts(frame)), model="common").loc["x", "z"]
    '1.30 (0.50 to 2.10)'
    """
    check_kind("fit", fit, NetworkFit, FitError)
    found = estimates_of(fit, model)
    names = found.treatments if order is None else tuple(order)
    problems = []
    if sorted(names) != sorted(found.treatments):
        problems.append(Problem("order", ", ".join(names), "all treatments, each once"))
    if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 10:
        problems.append(Problem("digits", repr(digits), "a whole number from 0 to 10"))
    if prediction and model == "common":
        problems.append(Problem("prediction", "common effects have no spread", "model='random'"))
    if prediction and model == "random" and fit.prediction is None:
        problems.append(Problem("prediction", str(fit.prediction_reason), "prediction=False"))
    if problems:
        raise FitError("the options of the league table are not right", problems)
    ends = (found.ci_low, found.ci_high)
    if prediction and fit.prediction is not None:
        ends = (fit.prediction.low, fit.prediction.high)
    ratio = fit.data.scale == "log"
    place = {name: i for i, name in enumerate(found.treatments)}
    arrays = [x.to_numpy(dtype=np.float64) for x in (found.estimate, *ends)]

    def cell(a: str, b: str) -> str:
        shown = [float(x[place[a], place[b]]) for x in arrays]
        mid, low, high = (_text(float(x), digits, ratio=ratio) for x in shown)
        return f"{mid} ({low} to {high})"

    cells = [[a if a == b else cell(a, b) for b in names] for a in names]
    return pd.DataFrame(cells, index=list(names), columns=list(names))


def _text(value: float, digits: int, *, ratio: bool) -> str:
    if ratio and value > 700.0:  # the exponential is no floating-point number
        return "above 1e+300"
    return f"{np.exp(value) if ratio else value:.{digits}f}"


def estimates_of(fit: NetworkFit, model: str) -> NetworkEstimates:
    """Return the estimates of a model; FitError if it is unknown or was not fitted."""
    tau2_for(fit, model)
    return fit.common if model == "common" or fit.random is None else fit.random
