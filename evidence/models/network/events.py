"""network_events: network meta-analysis of rare events from counts, without added cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import linalg

from evidence.catalog.display import html_of
from evidence.catalog.phrases import counted
from evidence.errors import FitError, Problem
from evidence.models.network.arms import read_arms
from evidence.models.network.data import (
    check_level,
    check_treatment,
    check_word,
    ordered,
    unused_frame,
)
from evidence.models.network.fit import NetworkEstimates, NetworkQ
from evidence.models.network.kernels_basic import gls_q
from evidence.models.network.kernels_graph import (
    Array,
    Indices,
    laplacian_of,
    parts,
    pseudo_inverse,
)
from evidence.models.network.kernels_rare import (
    Conditional,
    cross_products,
    hypergeometric,
    mantel_haenszel_design,
    multinomial,
)
from evidence.models.network.network import chi_squared

EventsMethod = Literal[
    "mantel_haenszel", "noncentral_hypergeometric", "noncentral_hypergeometric_rare"
]
_STEPS, _CLOSE = 100, 1e-12


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetworkEventsFit:
    """Answer of ``network_events``; log odds ratios.

    Attributes
    ----------
    method : str
    reference : str or None
    estimates : NetworkEstimates
        Common effects.
    k : int
        Studies used.
    inconsistency : NetworkQ or None
        Q between designs; Mantel-Haenszel only.
    log_likelihood : float or None
        Conditional likelihoods only.
    unused : DataFrame
        study, treatment, reason.
    """

    method: str
    reference: str | None
    estimates: NetworkEstimates
    k: int
    inconsistency: NetworkQ | None
    log_likelihood: float | None
    unused: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """One row a pair, or a row for each treatment against the reference."""
        return self.estimates.frame(self.reference)

    def __repr__(self) -> str:
        return f"{self._head()}\n{self.frame().round(4).to_string(index=False)}"

    def _repr_html_(self) -> str:
        shown = self.frame().round(4).astype(str)
        return html_of(self._head(), [], ("Odds ratios, log scale", shown))

    def _head(self) -> str:
        of = counted(self.k, "study", "studies")
        return f"Network meta-analysis of events ({self.method}): {of}"


def network_events(
    frame: pd.DataFrame,
    *,
    method: EventsMethod = "mantel_haenszel",
    study: str = "study",
    treatment: str = "treatment",
    events: str = "events",
    n: str = "n",
    reference: str | None = None,
    level: float = 0.95,
) -> NetworkEventsFit:
    """Fit odds ratios to the counts themselves, with common effects and nothing added.

    Parameters
    ----------
    frame : DataFrame, one row an arm
    method : {"mantel_haenszel", "noncentral_hypergeometric", "noncentral_hypergeometric_rare"}
        Mantel-Haenszel within designs, then generalised least squares over designs (Efthimiou et
        al. 2019); the exact conditional likelihood (Stijnen, Hamza and Özdemir 2010); or its
        limit for rare events, which is multinomial and what R's netmeta 3.3 fits as "NCH".
    study, treatment, events, n : str
        Columns.
    reference : str, optional
    level : float

    Returns
    -------
    NetworkEventsFit
        Studies and arms that cannot tell anything stand in ``unused`` with the reason.

    Raises
    ------
    FitError
        For impossible counts, a network that falls apart, or no convergence.

    Examples
    --------
    >>> frame = pd.DataFrame({"study": [1, 1, 1, 2, 2], "treatment": list("abcab"),
    ...                       "events": [4, 6, 9, 3, 5], "n": [20, 20, 20, 30, 30]})
    >>> fit = network_events(frame)
    >>> fit.estimates.estimate.round(4).loc["a"].to_dict()
    {'a': 0.0, 'b': -0.5621, 'c': -1.1988}
    """
    check_word("method", method, get_args(EventsMethod))
    check_level(level)
    given = {"events": events, "n": n, "time": None, "mean": None, "sd": None}
    arms = read_arms(frame, study, treatment, "OR", given)
    whole = arms["events"].mod(1).ne(0) | arms["n"].mod(1).ne(0)
    if whole.any():
        rows = ", ".join(repr(frame.index[int(i)]) for i in np.flatnonzero(whole))
        problem = Problem(f"row {rows}", "has a fraction", "give counts")
        raise FitError("counts are whole numbers", [problem])
    kept, unused = _informative(arms, by_design=method == "mantel_haenszel")
    names = ordered([*kept["treatment"]])
    check_treatment("reference", reference, names)
    studies = _studies(kept, names)
    _require_joined(studies, names)
    inconsistency, height = None, None
    if method == "mantel_haenszel":
        levels, covariance, inconsistency = _by_designs(studies, names)
    else:
        rare = method == "noncentral_hypergeometric_rare"
        likelihood = multinomial if rare else hypergeometric
        levels, covariance, height = _maximum(studies, len(names), likelihood)
    estimates = NetworkEstimates("common", level, names, levels, covariance)
    return NetworkEventsFit(
        method, reference, estimates, len(studies), inconsistency, height, unused
    )


Counts = tuple[Indices, Array, Array]


def _informative(arms: pd.DataFrame, *, by_design: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out what carries no information on odds ratios, until nothing changes."""
    left: list[tuple[str, str | None, str]] = []
    kept = arms.copy()
    counts = arms["study"].value_counts()
    alone = set(counts.index[counts == 1])
    while len(kept):
        before = len(left)
        for name, part in kept.groupby("study", sort=False):
            reason = None
            if len(part) < 2:
                reason = "one arm only" if str(name) in alone else "one arm left"
            elif not part["events"].any():
                reason = "no events in any arm"
            elif (part["events"] == part["n"]).all():
                reason = "nothing but events in every arm"
            if reason:
                left.append((str(name), None, reason))
        kept = kept[~kept["study"].isin([s for s, t, _ in left if t is None])]
        drop = _empty_arms(kept, by_design=by_design)
        left += [
            (str(kept.at[i, "study"]), str(kept.at[i, "treatment"]), why) for i, why in drop.items()
        ]
        kept = kept.drop(index=list(drop))
        if len(left) == before:
            break
    if not len(kept):
        problem = Problem("frame", "no study tells anything", "studies with events in some arms")
        raise FitError("there is no network", [problem])
    return kept, unused_frame(left)


def _empty_arms(arms: pd.DataFrame, *, by_design: bool) -> dict[int, str]:
    """Arms of a treatment that never, or always, had the event, in its design or anywhere."""
    own = {str(s): ":".join(ordered([*part["treatment"]])) for s, part in arms.groupby("study")}
    design = [own[str(s)] if by_design else "" for s in arms["study"]]
    keys = [arms["treatment"], pd.Series(design, index=arms.index)]
    sums = arms.groupby(keys, sort=False)[["events", "n"]].transform("sum")
    where = "in the studies of its design" if by_design else "anywhere"
    found = {int(i): f"no events {where}" for i in arms.index[sums["events"] == 0]}
    full = arms.index[sums["events"] == sums["n"]]
    return found | {int(i): f"nothing but events {where}" for i in full}


def _studies(arms: pd.DataFrame, names: tuple[str, ...]) -> list[Counts]:
    found = []
    for _, part in arms.groupby("study", sort=False):
        place = np.array([names.index(t) for t in part["treatment"]], dtype=np.intp)
        order = np.argsort(place)
        x, size = (part[c].to_numpy(dtype=np.float64)[order] for c in ("events", "n"))
        found.append((place[order], x, size))
    return found


def _require_joined(studies: list[Counts], names: tuple[str, ...]) -> None:
    first = np.concatenate([np.full(len(s[0]) - 1, s[0][0]) for s in studies])
    second = np.concatenate([s[0][1:] for s in studies])
    found = parts(first, second, len(names))
    if len(found) > 1:
        problems = [
            Problem(f"part {i + 1}", ", ".join(names[t] for t in part), "analyse it alone")
            for i, part in enumerate(found)
        ]
        raise FitError(f"the network is disconnected: {len(found)} parts", problems)


def _by_designs(studies: list[Counts], names: tuple[str, ...]) -> tuple[Array, Array, NetworkQ]:
    designs: dict[tuple[int, ...], list[Counts]] = {}
    for one in studies:
        designs.setdefault(tuple(one[0].tolist()), []).append(one)
    ys, xs, vs = [], [], []
    for treatments, members in designs.items():
        events, totals = (np.array([s[side] for s in members]) for side in (1, 2))
        _require_odds(events, totals, [names[t] for t in treatments])
        pooled = mantel_haenszel_design(events, totals)
        basic = np.hstack([-np.ones((len(treatments) - 1, 1)), np.eye(len(treatments) - 1)])
        x = np.zeros((len(treatments) - 1, len(names)))
        x[:, list(treatments)] = basic
        ys.append(basic @ pooled.levels)
        xs.append(x)
        vs.append(basic @ pooled.covariance @ basic.T)
    y, x, v = np.concatenate(ys), np.concatenate(xs), linalg.block_diag(*vs)
    if np.linalg.eigvalsh(v)[0] <= 0:
        right = 'method="noncentral_hypergeometric"'
        problem = Problem("mantel_haenszel", "a covariance is not positive definite", right)
        raise FitError("the designs' covariances cannot be used", [problem])
    inverse = np.linalg.inv(v)
    covariance = pseudo_inverse(x.T @ inverse @ x, len(names) - 1)
    q, rank = gls_q(y, x, v)
    return covariance @ x.T @ inverse @ y, covariance, chi_squared(q, len(y) - rank)


def _require_odds(events: Array, totals: Array, arms: list[str]) -> None:
    none = np.argwhere((cross_products(events, totals) == 0) & ~np.eye(len(arms), dtype=bool))
    if len(none):
        i, j = (arms[int(a)] for a in none[0])
        what = f"no study has events under {i} and people free of them under {j}"
        right = 'method="noncentral_hypergeometric"'
        problem = Problem(f"design {', '.join(arms)}", what, right)
        raise FitError("a design has no Mantel-Haenszel odds ratio", [problem])


def _maximum(
    studies: list[Counts], n: int, likelihood: Callable[[Array, Array, Array], Conditional]
) -> tuple[Array, Array, float]:
    """Newton's method, halving steps that do not rise; levels have mean 0."""
    theta = np.zeros(n)
    height, gradient, information = _sum(studies, theta, likelihood)
    for _ in range(_STEPS):
        values = np.linalg.eigvalsh(information)
        if values[1] <= 1e-11 * values[-1]:  # the first is 0: levels have no origin
            break
        covariance = laplacian_of(information)
        step = covariance @ gradient
        # Where effects run to infinity the likelihood flattens, but the steps do not shrink.
        if float(gradient @ step) < _CLOSE and np.abs(step).max() < 1e-4:
            return theta + step, covariance, height
        share = 1.0
        while share > 1e-4:
            found = _sum(studies, theta + share * step, likelihood)
            if found[0] >= height - 1e-9:
                break
            share *= 0.5
        theta = theta + share * step
        height, gradient, information = found
    right = "method='mantel_haenszel', or leave out treatments whose events are separated"
    problem = Problem("likelihood", "it has no maximum at finite odds ratios", right)
    raise FitError("the conditional likelihood did not converge", [problem])


def _sum(
    studies: list[Counts], theta: Array, likelihood: Callable[[Array, Array, Array], Conditional]
) -> tuple[float, Array, Array]:
    height, gradient, information = 0.0, np.zeros(len(theta)), np.zeros((len(theta),) * 2)
    for place, x, size in studies:
        one = likelihood(x, size, theta[place])
        height += one.height
        gradient[place] += one.gradient
        information[np.ix_(place, place)] += one.information
    return height, gradient, information
