"""component_network: treatments as sums of components, also across disconnected networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of
from evidence.catalog.phrases import counted
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_number
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.network.data import NetworkData, check_level, ordered
from evidence.models.network.fit import NetworkQ
from evidence.models.network.kernels_basic import basic_contrasts, likelihood_tau2
from evidence.models.network.kernels_graph import Array, Edges
from evidence.models.network.kernels_network import Solution, degrees, moment_tau2, solve
from evidence.models.network.network import chi_squared

ComponentTau2 = Literal["reml", "maximum_likelihood", "dersimonian_laird"]
_ESTIMABLE = 1e-8


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ComponentFit:
    """Answer of ``component_network``.

    Attributes
    ----------
    data : NetworkData
    inactive : str or None
    combination : DataFrame, treatments by components
        1 where the treatment holds the component.
    level : float
    common, random : DataFrame
        One row a component: component, estimate (of adding it), std_error, statistic, p, ci_low,
        ci_high; None where the studies cannot tell. ``random`` is None where tau2 cannot be
        estimated.
    combinations_common, combinations_random : DataFrame
        The same for each treatment, against no component at all.
    pairs_common, pairs_random : DataFrame
        The same for each pair of treatments.
    additive : NetworkQ
        Q of the additive model.
    standard, difference : NetworkQ or None
        Q of the model with a free effect for each treatment, and the test of additivity; None
        in a disconnected network.
    tau2 : float or None
    tau2_method : str
    """

    data: NetworkData
    inactive: str | None
    combination: pd.DataFrame
    level: float
    common: pd.DataFrame
    random: pd.DataFrame | None
    combinations_common: pd.DataFrame
    combinations_random: pd.DataFrame | None
    pairs_common: pd.DataFrame
    pairs_random: pd.DataFrame | None
    additive: NetworkQ
    standard: NetworkQ | None
    difference: NetworkQ | None
    tau2: float | None
    tau2_method: str

    def __repr__(self) -> str:
        return f"{self._head()}\n{self._shown().round(4).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html_of(self._head(), [], ("Components", self._shown().round(4).astype(str)))

    def _head(self) -> str:
        return (
            f"Component network meta-analysis: {counted(self.data.k, 'study', 'studies')}, "
            f"{len(self.data.treatments)} treatments, "
            f"{counted(self.combination.shape[1], 'component')}; "
            f"additive Q = {self.additive.q:.2f} (df {self.additive.df})"
        )

    def _shown(self) -> pd.DataFrame:
        return self.common if self.random is None else self.random


def component_network(
    data: NetworkData,
    *,
    inactive: str | None = None,
    separator: str = "+",
    tau2: ComponentTau2 | float = "reml",
    level: float = 0.95,
) -> ComponentFit:
    """Fit the additive model: a treatment's effect is the sum of its components' effects.

    Rücker, Petropoulou and Schwarzer 2020; disconnected networks, whose parts share components:
    Rücker, Schmitz and Schwarzer 2021. Checked against netmeta's ``netcomb``.

    Parameters
    ----------
    data : NetworkData
        Its treatments' names hold their components, joined by the separator.
    inactive : str, optional
        A component without effect, such as placebo.
    separator : str
    tau2 : str or float
        As for ``network_meta``, of the additive model.
    level : float

    Raises
    ------
    FitError
        If an option is wrong or the components tell nothing.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": ["A", "B", "A + B"],
    ...     "treatment2": ["P", "P", "P"], "estimate": [1.0, 0.5, 1.8], "std_error": [0.5] * 3})
    >>> fit = component_network(network_contrasts(frame), inactive="P", tau2="dersimonian_laird")
    >>> fit.common[["component", "estimate"]].round(2).values.tolist()
    [['A', 1.1], ['B', 0.6]]
    """
    check_kind("data", data, NetworkData, FitError)
    check_level(level)
    method = _method(tau2)
    combination = _combination(data.treatments, inactive, separator)
    edges, c = data.edges, combination.to_numpy(dtype=np.float64)
    found = solve(edges, 0.0, c)
    if found.rank == 0:
        right = "treatments that differ in components"
        raise FitError("nothing to fit", [Problem("data", "no study compares components", right)])
    df = degrees(edges, found.rank)
    value = float(tau2) if not isinstance(tau2, str) else _estimate(edges, c, tau2, df)
    standard, difference = None, None
    additive = chi_squared(found.q, df)
    if len(data.parts) == 1:
        free = solve(edges)
        free_df = degrees(edges, free.rank)
        standard = chi_squared(free.q, free_df)
        difference = chi_squared(max(found.q - free.q, 0.0), df - free_df)
    spread = None if value is None else solve(edges, value, c)
    common = _tables(found, edges, combination, level)
    random = None if spread is None else _tables(spread, edges, combination, level)
    return ComponentFit(
        data=data,
        inactive=inactive,
        combination=combination,
        level=level,
        common=common[0],
        random=None if random is None else random[0],
        combinations_common=common[1],
        combinations_random=None if random is None else random[1],
        pairs_common=common[2],
        pairs_random=None if random is None else random[2],
        additive=additive,
        standard=standard,
        difference=difference,
        tau2=value,
        tau2_method=method,
    )


def _method(tau2: ComponentTau2 | float) -> str:
    known = get_args(ComponentTau2)
    if isinstance(tau2, str):
        if tau2 not in known:
            problem = Problem("tau2", f"unknown: {tau2!r}", did_you_mean(tau2, known))
            raise FitError("the options of the network are not right", [problem])
        return tau2
    if not (is_number(tau2) and tau2 >= 0):
        problem = Problem("tau2", f"is {tau2!r}", "a method's name or a number of at least 0")
        raise FitError("the options of the network are not right", [problem])
    return "stated"


def _combination(treatments: tuple[str, ...], inactive: str | None, separator: str) -> pd.DataFrame:
    if not isinstance(separator, str) or not separator:
        problem = Problem("separator", repr(separator), 'such as "+"')
        raise FitError("the components cannot be read", [problem])
    split = {t: [part.strip() for part in t.split(separator)] for t in treatments}
    problems = []
    for name, held in split.items():
        if not all(held) or len(set(held)) < len(held):
            what = "names a component twice" if all(held) else "has an empty component"
            problems.append(Problem(f"treatment {name!r}", what, "A + B"))
    names = ordered([part for held in split.values() for part in held])
    if inactive is not None and (not isinstance(inactive, str) or inactive not in names):
        problems.append(Problem("inactive", f"no such component: {inactive!r}",
                                did_you_mean(inactive, names)))  # fmt: skip
    if problems:
        raise FitError("the components cannot be read", problems)
    active = [name for name in names if name != inactive]
    cells = [[int(c in split[t]) for c in active] for t in treatments]
    return pd.DataFrame(cells, index=list(treatments), columns=active)


def _estimate(edges: Edges, c: Array, method: str, df: int) -> float | None:
    if df <= 0:
        return None
    if method == "dersimonian_laird":
        return moment_tau2(edges, c)
    basic = basic_contrasts(edges)
    return likelihood_tau2(basic._replace(x=basic.x @ c), restricted=method == "reml")


def _tables(
    found: Solution, edges: Edges, combination: pd.DataFrame, level: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Components, treatments against nothing, and pairs of treatments."""
    c = combination.to_numpy(dtype=np.float64)
    x = edges.incidence @ c
    _, _, v = np.linalg.svd(x, full_matrices=False)
    known = v[: found.rank]
    names, n = list(combination.index), len(combination)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    parts = np.array([c[i] - c[j] for i, j in pairs]).reshape(len(pairs), c.shape[1])
    heads = (
        {"component": list(combination.columns)},
        {"treatment": names},
        {"treatment1": [names[i] for i, _ in pairs], "treatment2": [names[j] for _, j in pairs]},
    )
    rows = (np.eye(c.shape[1]), c, parts)
    tables = [_table(h, r, known, found, level) for h, r in zip(heads, rows, strict=True)]
    return tables[0], tables[1], tables[2]


def _table(
    head: dict[str, list[str]], rows: Array, known: Array, found: Solution, level: float
) -> pd.DataFrame:
    """Estimates of linear combinations, None where the data do not determine them."""
    outside = np.abs(rows - rows @ known.T @ known).max(axis=1) > _ESTIMABLE
    estimate = rows @ found.levels
    spread = np.sqrt(np.maximum(((rows @ found.covariance) * rows).sum(axis=1), 0.0))
    nothing = ~rows.any(axis=1)
    spread[nothing] = 0.0
    statistic = np.divide(estimate, spread, out=np.zeros_like(spread), where=spread > 0)
    half = critical_value(level, np.inf) * spread
    figures = {
        "estimate": estimate,
        "std_error": spread,
        "statistic": statistic,
        "p": two_sided_p(statistic, np.inf),
        "ci_low": estimate - half,
        "ci_high": estimate + half,
    }
    table = pd.DataFrame(head)
    for name, values in figures.items():
        untested = nothing if name in ("statistic", "p") else np.zeros(len(rows), dtype=bool)
        absent = outside | untested
        table[name] = values if not absent.any() else pd.Series(
            [None if a else float(x) for x, a in zip(values, absent, strict=True)], dtype=object
        )  # fmt: skip
    return table
