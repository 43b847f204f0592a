"""borrow: let one population inform another only as far as stated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian.exact import solve
from evidence.models.bayesian.fit import arrays_of, column_of
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.borrowing import engines, kernels_borrow
from evidence.models.borrowing.checks import require_conclusions, require_options, require_tables
from evidence.models.borrowing.engines import Engine, SpikeSlab, figures
from evidence.models.borrowing.kernels_mixtures import normal_difference
from evidence.models.borrowing.result import Borrowing, Conflict

Array = NDArray[np.float64]
NO_TRIALS = (
    "the target has no trials: this is what the source predicts for it, mixed with the vague "
    "prior; what was borrowed cannot be measured against evidence of its own"
)
FIGURES = ("mean", "median", "sd", "ci_low", "ci_high", "probability_below")


def borrow(
    target: EffectTable,
    source: EffectTable | Mapping[str, EffectTable],
    *,
    method: str,
    tau: TauPrior,
    mu: MuPrior | None = None,
    discount: float | None = None,
    between: TauPrior | SpikeSlab | None = None,
    vague: MuPrior | None = None,
    curve: ArrayLike | None = None,
    threshold: float = 0.0,
    probability: float = 0.975,
    level: float = 0.95,
) -> Borrowing:
    """Estimate a target population's mean effect, borrowing from another as far as stated.

    All by quadrature. With a discount of 0 the power prior is the target-only ``pool_bayes`` and
    with 1 that of all trials (checked to 1e-10).

    Parameters
    ----------
    target : EffectTable
        Independent rows; one is enough. Without rows ``robust_map`` gives what the source predicts
        for the target, mixed with ``vague``; nothing of the target's own is in it.
    source : EffectTable, or mapping of str to EffectTable
        Same measure, unit and scale. ``hierarchical`` keeps several populations apart, the others
        take them together.
    method : {"power", "hierarchical", "commensurate", "robust_map"}
        ``power``: the source's likelihood to the power ``discount`` (Ibrahim and Chen 2000).
        ``hierarchical``: population means ``N(M, sd^2)``, ``between`` is the prior of sd (Roever
        and Friede 2020). ``commensurate``: the target's mean about the source's, ``between`` the
        prior of the sd, or a ``spike_slab`` on the precision (Hobbs et al. 2011, 2012).
        ``robust_map``: the source's predictive distribution of a new population mean with weight
        ``discount``, and ``vague`` with the rest (Schmidli et al. 2014).
    tau : TauPrior
        Between trials; one tau for target and source, except for ``robust_map``, where each has
        its own. Not one made from the data.
    mu : MuPrior, optional
        Of the common mean (of the source's for ``commensurate`` and ``robust_map``); flat if left
        out.
    discount : float, optional
        From 0 to 1, for ``power`` and ``robust_map``.
    between : TauPrior or SpikeSlab, optional
        For ``hierarchical`` and ``commensurate``.
    vague : MuPrior, optional
        For ``robust_map``: proper, such as ``normal(0, 2)``.
    curve : array_like, optional
        Discounts of the curve; 21 over the whole axis if left out.
    threshold, probability, level : float
        What the conclusions are: the interval of ``level`` against ``threshold``, and the
        probability beyond it against ``probability``.

    Returns
    -------
    Borrowing
        ``borrowed_evidence`` is the effective sample size of what was borrowed, in units of the
        target's own evidence: variance of the target-only mean over that with borrowing, less 1
        (Hobbs, Carlin and Sargent 2013); times the target's patients where the table has them.
        It is below 0 where conflict makes the answer less certain, and None without rows.

    Raises
    ------
    FitError
        If tables do not fit together, an argument is missing, out of range or would do nothing.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> men = table_of([-0.5, -0.1], [0.4, 0.5])
    >>> women = table_of([-0.6, -0.4, -0.5], [0.1, 0.15, 0.1])
    >>> found = borrow(men, women, method="power", tau=half_normal(0.3), discount=0.5)
    >>> found.tipping[["criterion", "discount"]].round(3).to_numpy().tolist()
    [['ci_high', 0.328], ['probability_below', 0.328]]
    """
    mu = flat() if mu is None else mu
    sources = {"source": source} if isinstance(source, EffectTable) else dict(source)
    require_tables(target, sources, tau, mu, level, method)
    require_options(method, tau, discount, between, vague)
    require_conclusions(threshold, probability)
    own, others = arrays_of(target), [arrays_of(table) for table in sources.values()]
    joined = engines.stacked(others)
    engine = _engine(method, own, others, joined, tau, mu, discount, between, vague)
    whole = engines.stacked([own, joined])
    start = mu if vague is None else vague
    alone = solve(*own, tau, start)[0] if target.k else None
    rows = {
        "target_only": figures(
            engine.at(0.0) if alone is None else alone.components("mu"), level, threshold
        ),
        "borrowed": figures(engine.stated(), level, threshold),
        "pooled": figures(solve(*whole, tau, mu)[0].components("mu"), level, threshold),
    }
    exist = engine.moments if alone is None else min(engine.moments, alone.mu_moments)
    patients = None if alone is None else _patients(target)
    at = _axis(engine, curve)
    drawn = {float(d): figures(engine.at(float(d)), level, threshold) for d in at}
    base = None if alone is None else rows["target_only"]["sd"]
    terms = _framed(rows, exist, base, patients)
    framed = _framed(drawn, engine.moments, base if exist == 2 else None, patients)
    conflict = None if alone is None else _conflict(own, joined, tau, alone, mu)
    spiked = between.probability if isinstance(between, SpikeSlab) else None
    return Borrowing(
        target=target,
        sources=sources,
        method=method,
        axis=engine.axis,
        stated=spiked if discount is None else float(discount),
        terms=terms,
        curve=framed.rename_axis("discount").reset_index(),
        tipping=_tipping(engine, drawn, level, threshold, probability),
        conflict=conflict,
        level=level,
        threshold=float(threshold),
        probability=float(probability),
        notes=(NO_TRIALS,) if alone is None else _notes(exist, patients),
    )


def _engine(
    method: str,
    own: engines.Data,
    others: list[engines.Data],
    joined: engines.Data,
    tau: TauPrior,
    mu: MuPrior,
    discount: float | None,
    between: TauPrior | SpikeSlab | None,
    vague: MuPrior | None,
) -> Engine:
    if method == "power" and discount is not None:
        return engines.power(own, joined, tau, mu, float(discount))
    if method == "hierarchical" and isinstance(between, TauPrior):
        return engines.exchangeable([own, *others], tau, mu, between)
    if method == "commensurate" and between is not None:
        return engines.commensurate(own, joined, tau, mu, between)
    if vague is None or discount is None:
        raise FitError("nothing to borrow by", [Problem("method", repr(method), "its arguments")])
    if own[0].size == 0:
        return engines.predicted(joined, tau, mu, vague, float(discount))
    return engines.robust_map(own, joined, tau, mu, vague, float(discount))


def _axis(engine: Engine, curve: ArrayLike | None) -> Array:
    low, high = engine.range
    if curve is None:
        if engine.axis != "sd":
            return np.linspace(low, high, 21)
        return np.concatenate([[0.0], np.geomspace(1e-3 * high, high, 20)])
    at = np.unique(np.asarray(curve, dtype=np.float64).ravel())
    top = np.inf if engine.axis == "sd" else high
    if at.size == 0 or not np.isfinite(at).all() or at[0] < low or at[-1] > top:
        right = "numbers from 0 on" if engine.axis == "sd" else "numbers from 0 to 1"
        raise FitError("there is no curve", [Problem("curve", repr(curve), right)])
    return at


def _framed(
    rows: Mapping[Any, Mapping[str, float]],
    exist: int,
    base: float | None,
    patients: float | None,
) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows.values()), index=list(rows), columns=list(FIGURES))
    k = len(frame)
    for name, order in (("mean", 1), ("sd", 2)):
        if exist < order:
            frame[name] = column_of([None] * k).to_numpy()
    if base is None or exist < 2:
        shares: list[float | None] = [None] * k
    else:
        shares = [(base / row["sd"]) ** 2 - 1.0 for row in rows.values()]
    frame["borrowed_evidence"] = column_of(shares).to_numpy()
    counts = [None if x is None or patients is None else x * patients for x in shares]
    frame["borrowed_patients"] = column_of(counts).to_numpy()
    return frame


def _patients(target: EffectTable) -> float | None:
    if not {"n_treatment", "n_control"} <= set(target.rows.columns):
        return None
    numbers = target.rows[["n_treatment", "n_control"]].apply(pd.to_numeric, errors="coerce")
    total = numbers.to_numpy(dtype=np.float64)
    return float(total.sum()) if np.isfinite(total).all() else None


def _tipping(
    engine: Engine,
    drawn: Mapping[float, Mapping[str, float]],
    level: float,
    threshold: float,
    probability: float,
) -> pd.DataFrame:
    """Roots of each criterion between neighbouring points of the curve."""
    criteria: dict[str, Callable[[Mapping[str, float]], float]] = {
        "ci_low": lambda row: row["ci_low"] - threshold,
        "ci_high": lambda row: row["ci_high"] - threshold,
        "probability_below": lambda row: row["probability_below"] - probability,
        "probability_above": lambda row: 1.0 - row["probability_below"] - probability,
    }
    at, rows = list(drawn), list(drawn.values())
    found: list[dict[str, object]] = []
    for name, gap in criteria.items():
        values = [gap(row) for row in rows]
        for i in range(len(at) - 1):
            if values[i] == 0.0 or values[i] * values[i + 1] >= 0.0:
                continue
            root = brentq(
                lambda d, gap=gap: gap(figures(engine.at(float(d)), level, threshold)),
                at[i], at[i + 1], xtol=1e-8 * max(1.0, at[-1]), rtol=1e-10,
            )  # fmt: skip
            found.append({"criterion": name, "discount": float(root), "rising": values[i] < 0.0})
    return pd.DataFrame(found, columns=["criterion", "discount", "rising"])


def _conflict(
    own: engines.Data, joined: engines.Data, tau: TauPrior, alone: ExactPosterior, mu: MuPrior
) -> Conflict:
    source = solve(*joined, tau, mu)[0]
    p, m, sd = source.components("mu")
    w = own[1] ** -2.0 / (own[1] ** -2.0).sum()
    seen = float(w @ own[0])
    spread = np.sqrt(sd**2 + (w**2).sum() * source.grid.tau**2 + (w**2) @ own[1] ** 2)
    below = float(p @ ndtr((seen - m) / spread))
    parts = alone.components("mu")
    one, two = engines.kept(*parts), engines.kept(p, m, sd)
    less = float(normal_difference(one, two, np.zeros(1))[0])
    gap = alone.quantile(0.5) - source.quantile(0.5)
    return Conflict(
        box_p=kernels_borrow.two_sided(p, m, spread, seen),
        tail_p=2.0 * min(below, 1.0 - below),
        difference_p=2.0 * min(less, 1.0 - less),
        difference=float(gap),
    )


def _notes(exist: int, patients: float | None) -> tuple[str, ...]:
    notes: Sequence[str] = ()
    if exist < 2:
        notes = (
            "the target alone has no posterior variance (too few trials under a flat mean): what "
            "was borrowed is not measured; medians, intervals and probabilities hold",
        )
    elif patients is None:
        notes = ("the target table has no numbers of patients: only relative evidence is given",)
    return tuple(notes)
