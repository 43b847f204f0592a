"""Records of robust inference and how they read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record, html_of_text
from evidence.catalog.phrases import counted, folded, p_value
from evidence.models.robust.kernels_sandwich import Clustered, Scores

KIND_WORDS = {
    "CR0": "CR0, no correction",
    "CR1": "CR1, m / (m - 1)",
    "CR1p": "CR1, m / (m - p)",
    "CR1S": "CR1S, m (k - 1) / ((m - 1)(k - p))",
    "CR2": "CR2, bias-reduced linearisation",
    "CR3": "CR3, jackknife of clusters",
}
DF_WORDS = {
    "satterthwaite": "Satterthwaite df",
    "residual": "m - p df",
    "clusters": "m - 1 df",
    "normal": "normal",
}


@dataclass(frozen=True, slots=True)
class RobustWald:
    """Test of several contrasts of coefficients at once.

    Attributes
    ----------
    method : {"hotelling", "f", "chi_squared"}
    statistic : float or None
        F, or chi-squared; None where ``reason`` says why.
    df : int
    df_residual : float or None
        Infinite for chi-squared. In ``hotelling`` it may be 0 or below: then there is no p.
    p : float or None
    reason : str or None
        Why there is no p.
    contrasts : tuple of str
        What was tested to be 0 (or the stated values).
    """

    method: str
    statistic: float | None
    df: int
    df_residual: float | None
    p: float | None
    reason: str | None
    contrasts: tuple[str, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        of = counted(len(self.contrasts), "contrast")
        head = f"Robust Wald test of {of}, {self.method.replace('_', ' ')}"
        return folded(f"{head}: {_wald(self)}; {', '.join(self.contrasts)}")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RobustFit:
    """Answer of ``cluster_robust``: a fit's coefficients with cluster-robust errors.

    Attributes
    ----------
    kind, df_method : str
    level : float
    terms : DataFrame, one row a coefficient
        term, estimate, std_error, statistic, df (infinite: normal), p, ci_low, ci_high, level.
        All but the estimate are missing where ``notes`` says that it rests on one cluster alone.
    covariance : ndarray (p, p)
        Cluster-robust covariance of the coefficients; NaN where there is none.
    moderators : RobustWald or None
        All coefficients but the intercept; None where there is nothing but the intercept.
    clusters : DataFrame, one row a cluster
        cluster, rows, leverage: its share of the p coefficients, the trace of its hat matrix.
    k : int
        Number of effects.
    notes : tuple of str
    parts : Clustered
        The weighted fit cut into clusters, for further tests.
    scores : Scores
        What the sandwich is made of.
    """

    kind: str
    df_method: str
    level: float
    terms: pd.DataFrame
    covariance: NDArray[np.float64]
    moderators: RobustWald | None
    clusters: pd.DataFrame
    k: int
    notes: tuple[str, ...]
    parts: Clustered
    scores: Scores

    _repr_html_ = html_of_text

    @property
    def m(self) -> int:
        """Number of clusters."""
        return len(self.clusters)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return tuple(self.terms["term"])

    @property
    def estimates(self) -> NDArray[np.float64]:
        """Coefficients (p,)."""
        return self.terms["estimate"].to_numpy(dtype=np.float64)

    @property
    def estimate(self) -> float:
        """First coefficient: the pooled estimate where there is no other."""
        return float(self.estimates[0])

    def __repr__(self) -> str:
        head = (
            f"Cluster-robust tests of {self.k} effects in {self.m} clusters;"
            f" {KIND_WORDS[self.kind]}; {DF_WORDS[self.df_method]}"
        )
        return described(head, self.terms, self.moderators, self.notes)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RobustRegression:
    """Answer of ``robust_regression``.

    Attributes
    ----------
    working : {"correlated", "hierarchical", "stated weights"}
    rho : float or None
        Assumed correlation within clusters; None outside correlated effects.
    small_sample : bool
        CR2 with Satterthwaite df; else CR1p with m - p df.
    inference : RobustFit
        Terms, covariance, tests, clusters.
    tau2 : float or None
        Variance between clusters; None with stated weights.
    omega2 : float or None
        Variance within clusters; hierarchical effects only.
    q : float or None
        Residual quadratic form of the first fit.
    i2 : float or None
        Percent; correlated effects only.
    weights : Series
        As used, indexed as the table's rows.
    notes : tuple of str
    """

    working: str
    rho: float | None
    small_sample: bool
    inference: RobustFit
    tau2: float | None
    omega2: float | None
    q: float | None
    i2: float | None
    weights: pd.Series[Any]
    notes: tuple[str, ...]

    _repr_html_ = html_of_text

    @property
    def terms(self) -> pd.DataFrame:
        """Coefficients with tests and intervals, as in ``RobustFit``."""
        return self.inference.terms

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Cluster-robust covariance of the coefficients (p, p)."""
        return self.inference.covariance

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.inference.k

    @property
    def m(self) -> int:
        """Number of clusters."""
        return self.inference.m

    def __repr__(self) -> str:
        rho = "" if self.rho is None else f", rho = {self.rho:g}"
        model = self.working if self.tau2 is None else f"{self.working} effects"
        spread = "" if self.tau2 is None else f"; tau2 {self.tau2:.4g}"
        spread += "" if self.omega2 is None else f", omega2 {self.omega2:.4g}"
        spread += "" if self.i2 is None else f"; I2 {self.i2:.1f}%"
        kind = "small-sample corrected" if self.small_sample else "large-sample"
        head = (
            f"Robust variance estimation of {self.k} effects in {self.m} clusters"
            f" ({model}{rho}); {kind}{spread}"
        )
        return described(head, self.terms, self.inference.moderators, self.notes)


def described(
    head: str, terms: pd.DataFrame, wald: RobustWald | None, notes: tuple[str, ...]
) -> str:
    """Write coefficients, their test and notes as lines below a headline."""
    lines, width = [head], max(10, *(len(str(name)) for name in terms["term"]))
    for row in terms.to_dict("records"):
        if np.isnan(row["std_error"]):
            lines.append(f"  {row['term']:<{width}} {row['estimate']:.4g}, no robust std. error")
            continue
        interval = f"{100 * row['level']:g}% CI {row['ci_low']:.4g} to {row['ci_high']:.4g}"
        test = "z" if np.isinf(row["df"]) else f"t({row['df']:.1f})"
        lines.append(
            f"  {row['term']:<{width}} {row['estimate']:.4g} ({interval}), std. error"
            f" {row['std_error']:.4g}, {test} = {row['statistic']:.3g}, {p_value(row['p'])}"
        )
    if wald is not None:
        lines.append(f"  {'moderators':<{width}} {_wald(wald)}")
    return folded("\n".join(lines + [f"  note: {note}" for note in notes]))


def _wald(wald: RobustWald) -> str:
    if wald.p is None or wald.statistic is None or wald.df_residual is None:
        return f"not tested: {wald.reason}"
    if np.isinf(wald.df_residual):
        return f"chi-squared({wald.df}) = {wald.statistic:.4g}, {p_value(wald.p)}"
    return f"F({wald.df}, {wald.df_residual:.1f}) = {wald.statistic:.4g}, {p_value(wald.p)}"
