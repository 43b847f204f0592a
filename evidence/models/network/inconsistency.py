"""design_decomposition and net_heat: where a network disagrees with itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, figure
from evidence.errors import FitError, Problem, check_kind
from evidence.models.network.data import check_word
from evidence.models.network.fit import NetworkFit, NetworkQ
from evidence.models.network.kernels_design import (
    Designs,
    between_designs,
    designs_of,
    moment_tau2_within,
    residual_parts,
    within_designs,
)
from evidence.models.network.network import chi_squared

MODELS = ("common", "random")


@dataclass(frozen=True, slots=True, eq=False)
class DesignDecomposition:
    """Q of a network split by designs.

    Attributes
    ----------
    total, within, between : NetworkQ
        Of the common-effects consistency model.
    within_designs : DataFrame
        design, studies, q, df, p (missing without df): heterogeneity among studies of the same
        design.
    between_after_detaching : DataFrame
        design, q, df, p: inconsistency left when one design has effects of its own; only designs
        whose detaching takes away degrees of freedom.
    interaction : NetworkQ
        Design-by-treatment interaction with random effects (Higgins et al. 2012; Jackson et al.
        2014): Q between designs with tau2 from within designs.
    tau2_within : float
        Moment estimate within designs; 0 where no design has degrees of freedom.
    """

    total: NetworkQ
    within: NetworkQ
    between: NetworkQ
    within_designs: pd.DataFrame
    between_after_detaching: pd.DataFrame
    interaction: NetworkQ
    tau2_within: float

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        lines = [
            f"  {source:<31}  {found}"
            for source, found in (
                ("total", self.total),
                ("within designs", self.within),
                ("between designs", self.between),
                ("between designs, random effects", self.interaction),
            )
        ]
        within = f"  {'tau2 within designs':<31}  {figure(self.tau2_within)}"
        return "\n".join(["Disagreement of a network by designs", *lines, within])

    def frame(self) -> pd.DataFrame:
        """The split as a table: source, q, df, p."""
        rows = [
            ("total", self.total),
            ("within designs", self.within),
            ("between designs", self.between),
            ("between designs, random effects", self.interaction),
        ]
        return pd.DataFrame(
            [(s, x.q, x.df, x.p) for s, x in rows], columns=["source", "q", "df", "p"]
        )


def design_decomposition(fit: NetworkFit) -> DesignDecomposition:
    """Split Q into heterogeneity within and inconsistency between designs.

    A design is the set of treatments that a study compares (Krahn, Binder and König 2013;
    Higgins et al. 2012). Checked against netmeta's ``decomp.design``.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abcd"), "treatment1": list("xyxx"),
    ...     "treatment2": list("yzzy"), "estimate": [1.0, 0.5, 1.2, 0.9], "std_error": [0.5] * 4})
    >>> found = design_decomposition(network_meta(network_contrasts(frame)))
    >>> found.within.df, found.between.df, round(found.between.q, 4)
    (1, 1, 0.1)
    """
    check_kind("fit", fit, NetworkFit, FitError)
    designs, names = _designs(fit), _names(fit)
    per_design = within_designs(designs)
    within = chi_squared(sum(d.q for d in per_design), sum(d.df for d in per_design))
    all_between = between_designs(designs, [])
    between = chi_squared(all_between.q, all_between.df)
    studies = [list(fit.data.designs.values()).count(t) for t in _sets(fit, designs)]
    rows = [(n, k, *_cells(chi_squared(d.q, d.df)))
            for n, k, d in zip(names, studies, per_design, strict=True)]  # fmt: skip
    left = []
    for i, name in enumerate(names):
        one = between_designs(designs, [i])
        if one.df < all_between.df:
            left.append((name, *_cells(chi_squared(one.q, one.df))))
    tau2 = moment_tau2_within(designs)
    interaction = between_designs(designs, [], tau2)
    return DesignDecomposition(
        total=chi_squared(within.q + between.q, within.df + between.df),
        within=within,
        between=between,
        within_designs=pd.DataFrame(rows, columns=["design", "studies", "q", "df", "p"]),
        between_after_detaching=pd.DataFrame(left, columns=["design", "q", "df", "p"]),
        interaction=chi_squared(interaction.q, interaction.df),
        tau2_within=tau2,
    )


@dataclass(frozen=True, slots=True, eq=False)
class NetHeat:
    """Answer of ``net_heat``.

    Attributes
    ----------
    model : str
    heat : DataFrame, designs by designs
        Row: the design whose share of Q between designs is looked at; column: the design that is
        detached; the share before less the share after, so that a column sums to what its
        design takes out of Q between designs.
    shares : Series
        Each design's share of Q between designs. Designs in no loop have none and are left out.
    """

    model: str
    heat: pd.DataFrame
    shares: pd.Series

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        head = f"Net heat ({self.model} effects) of {counted(len(self.shares), 'design')} in loops"
        width = max((len(plain(name)) for name in self.shares.index), default=0)
        shown = [f"  {plain(d):<{width}}  share of Q {figure(q)}" for d, q in self.shares.items()]
        return "\n".join([head, *shown])


def net_heat(fit: NetworkFit, *, model: str = "random") -> NetHeat:
    """How much of each design's inconsistency goes when another design is detached.

    Parameters
    ----------
    fit : NetworkFit
    model : {"common", "random"}
        Weights; "random" with the fit's tau2.

    Returns
    -------
    NetHeat
        After Krahn, Binder and König 2013, with multi-arm designs as wholes.

    Raises
    ------
    FitError
        If the network has no loop of designs, or the model was not fitted.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> net_heat(network_meta(network_contrasts(frame)), model="common").heat.round(3)
          x:y   y:z   x:z
    x:y  0.04  0.04  0.04
    y:z  0.04  0.04  0.04
    x:z  0.04  0.04  0.04
    """
    check_kind("fit", fit, NetworkFit, FitError)
    tau2 = tau2_for(fit, model)
    designs, names = _designs(fit), _names(fit)
    df = between_designs(designs, []).df
    loops = [i for i in range(len(names)) if between_designs(designs, [i]).df < df]
    if not loops:
        right = "net heat needs designs that close a loop"
        raise FitError("no design can be inconsistent", [Problem("fit", "has no loop", right)])
    shares = residual_parts(designs, [], tau2)
    heat = np.column_stack([shares - residual_parts(designs, [i], tau2) for i in loops])
    labels = [names[i] for i in loops]
    return NetHeat(
        model=model,
        heat=pd.DataFrame(heat[loops], index=labels, columns=labels),
        shares=pd.Series(shares[loops], index=labels, name="share"),
    )


def tau2_for(fit: NetworkFit, model: str) -> float:
    """Return tau2 that belongs to a model's weights: 0 for common effects.

    Raises
    ------
    FitError
        If the model is unknown or was not fitted.
    """
    check_word("model", model, MODELS)
    if model == "common":
        return 0.0
    if fit.tau2 is None:
        problem = Problem("model", "tau2 could not be estimated", "model='common'")
        raise FitError("there is no random-effects model", [problem])
    return fit.tau2


def _designs(fit: NetworkFit) -> Designs:
    base = None if fit.reference is None else fit.data.treatments.index(fit.reference)
    return designs_of(fit.data.edges, base)


def _sets(fit: NetworkFit, designs: Designs) -> list[tuple[str, ...]]:
    return [tuple(fit.data.treatments[i] for i in s) for s in designs.sets]


def _names(fit: NetworkFit) -> list[str]:
    return [":".join(s) for s in _sets(fit, _designs(fit))]


def _cells(found: NetworkQ) -> tuple[float, int, float | None]:
    return found.q, found.df, found.p
