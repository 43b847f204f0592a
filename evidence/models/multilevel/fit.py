"""MultilevelFit and its parts: what a multilevel or multivariate meta-analysis answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded, p_value
from evidence.effects.table import EffectTable
from evidence.models.frequentist.fit import FitStatistics, Heterogeneity
from evidence.models.multilevel.kernels_blocks import Batch, blocks_to_dense
from evidence.models.multilevel.kernels_likelihood import marginal
from evidence.models.multilevel.kernels_structures import State, level_covariance
from evidence.models.multilevel.terms import RandomTerm
from evidence.models.regression.design import Design
from evidence.models.regression.fit import WaldTest
from evidence.models.regression.kernels_gls import Basis

Array = NDArray[np.float64]
METHOD_WORDS = {"reml": "REML", "maximum_likelihood": "maximum likelihood"}
TEST_WORDS = {
    "z": "Wald z",
    "residual": "t with k - p df",
    "containment": "t with containment df",
}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The model in numbers, for what is computed after the fit.

    Attributes
    ----------
    basis : Basis
        Orthonormal columns of the design.
    sampling : csr_array, shape (k, k)
        Sampling covariance V.
    batches : tuple of Batch
        Blocks; ``x`` are the basis' columns, ``y`` the effects less what the basis explains
        without weights (``offset``, in coefficients of the basis).
    offset : ndarray (p,)
    states : tuple of State
        Spreads and correlations of every random term at the estimates.
    stated : tuple of (variances, correlations)
        What the user fixed; NaN where free.
    held : tuple of (variances, correlations)
        That, and correlations that no group tells of.
    """

    basis: Basis
    sampling: sparse.csr_array
    batches: tuple[Batch, ...]
    offset: Array
    states: tuple[State, ...]
    stated: tuple[tuple[Array, Array], ...]
    held: tuple[tuple[Array, Array], ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MultilevelFit:
    """Answer of ``multilevel``; every figure is on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    design : Design
    random : tuple of RandomTerm
    method : {"reml", "maximum_likelihood"}
    test : {"t", "z"}
    df_method : {"containment", "residual"} or None
        None: normal tests.
    level : float
    terms : DataFrame, one row a coefficient
        term, estimate, std_error, statistic, df (infinite: normal), p, ci_low, ci_high, level.
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    components : DataFrame, one row a variance or correlation
        component, term, kind ("variance" or "correlation"), levels (inner levels it is of),
        estimate (missing: the data do not tell), fixed (stated, or no group tells of it), at_bound
        (0, or the end of a correlation).
    heterogeneity : Heterogeneity
        Residual Q with its df and p, the typical sampling variance and total I2 (Higgins and
        Thompson 2002, with a matrix of sampling covariances); tau2 stands in ``components``.
    moderators : WaldTest or None
        All coefficients but the intercept; None where there is nothing but the intercept.
    rows : DataFrame, indexed as ``table.rows``
        fitted, residual, residual_std_error, standardised, hat, weight (percent: row sums of the
        inverse covariance, what a mean uses) and precision_share (percent: its diagonal).
    full_likelihood, restricted_likelihood : FitStatistics
    parameters : int
        Coefficients and free components.
    starts, agreeing_starts : int
        Starts of the search and how many of them ended as high as the best.
    model : Evaluated
    notes : tuple of str
    """

    table: EffectTable
    design: Design
    random: tuple[RandomTerm, ...]
    method: str
    test: str
    df_method: str | None
    level: float
    terms: pd.DataFrame
    covariance: Array
    components: pd.DataFrame
    heterogeneity: Heterogeneity
    moderators: WaldTest | None
    rows: pd.DataFrame
    full_likelihood: FitStatistics
    restricted_likelihood: FitStatistics
    parameters: int
    starts: int
    agreeing_starts: int
    model: Evaluated
    notes: tuple[str, ...]

    _repr_html_ = html_of_text

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.table.k

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.design.names)

    @property
    def df(self) -> Array:
        """Degrees of freedom of each coefficient's test, shape (p,); infinite: normal."""
        return self.terms["df"].to_numpy(dtype=np.float64)

    @property
    def estimates(self) -> Array:
        """Coefficients, shape (p,)."""
        return self.terms["estimate"].to_numpy(dtype=np.float64)

    @property
    def outcomes(self) -> Array:
        """Effects, shape (k,)."""
        return self.table.rows["estimate"].to_numpy(dtype=np.float64)

    @property
    def index(self) -> pd.Index:
        """Names of the rows."""
        return self.table.rows.index

    @property
    def weight_matrix(self) -> None:
        """None: the weights are the inverse of ``marginal_covariance``."""
        return None

    @property
    def marginal_covariance(self) -> Array:
        """Covariance of the effects at the estimates, sampling errors and random effects (k, k)."""
        arrays = tuple(term.arrays for term in self.random)
        blocks = marginal(self.model.batches, arrays, self.model.states)
        return blocks_to_dense(self.model.batches, blocks, self.k)

    @property
    def log_likelihood(self) -> float:
        """The one that was maximised."""
        own = self.restricted_likelihood if self.method == "reml" else self.full_likelihood
        return own.log_likelihood

    def component(self, name: str) -> float:
        """Estimate of a component by its name."""
        found = self.components.set_index("component")["estimate"]
        return float(found.loc[name])

    def effect_covariance(self, name: str) -> pd.DataFrame:
        """Covariance matrix of the effects of one group of a random term, by inner level.

        Correlations that no group tells of are missing.
        """
        for term, state in zip(self.random, self.model.states, strict=True):
            if term.name == name:
                labels = list(term.levels) or [term.name]
                found = level_covariance(term.arrays, state)
                if term.structure == "unstructured":
                    never = (term.arrays.observed == 0) & ~np.eye(len(labels), dtype=bool)
                    found = np.where(never, np.nan, found)
                return pd.DataFrame(found, index=labels, columns=labels)
        raise KeyError(name)

    def __repr__(self) -> str:
        return summary(self)


def summary(fit: MultilevelFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> print(multilevel(frame, "study/effect"))
    Multilevel meta-analysis of 6 effects (GEN); REML; tests: t with containment df
      intercept  0.2667 (95% CI -0.7373 to 1.271), std. error 0.2333, p = 0.371
      variance(study)         0.1167 (3 groups)
      variance(study/effect)  0.05333 (6 groups)
      residual   Q(5) = 23.33, p = 0.000291; I2 81.0%
      note: study: 3 groups say little of a variance
    """
    what = ", ".join(part for part in (fit.table.measure, fit.table.unit) if part)
    scale = ", log scale" if fit.table.scale == "log" else ""
    how = METHOD_WORDS[fit.method] if fit.random else "no random effects"
    tests = TEST_WORDS[fit.df_method or "z"]
    lines = [f"Multilevel meta-analysis of {fit.k} effects ({what}{scale}); {how}; tests: {tests}"]
    width = max(10, *(len(name) for name in fit.design.names))
    for row in fit.terms.to_dict("records"):
        interval = f"{100 * fit.level:g}% CI {row['ci_low']:.4g} to {row['ci_high']:.4g}"
        lines.append(
            f"  {row['term']:<{width}} {row['estimate']:.4g} ({interval}),"
            f" std. error {row['std_error']:.4g}, {p_value(row['p'])}"
        )
    if fit.moderators is not None:
        found = fit.moderators
        df, kind = f"{found.df}", "chi-squared("
        if not np.isinf(found.df_residual):
            df, kind = f"{found.df}, {found.df_residual:.0f}", "F("
        test = f"{kind}{df}) = {found.statistic:.4g}, {p_value(found.p)}"
        lines.append(f"  {'moderators':<{width}} {test}")
    lines += _components(fit)
    left = fit.heterogeneity
    if left.q is None or left.i2 is None:
        lines.append(f"  {'residual':<{width}} not assessed: {left.reason}")
    else:
        residual = f"Q({left.df}) = {left.q:.4g}, {p_value(left.p or 0.0)}; I2 {left.i2:.1f}%"
        lines.append(f"  {'residual':<{width}} {residual}")
    return folded("\n".join(lines + [f"  note: {note}" for note in fit.notes]))


def _components(fit: MultilevelFit) -> list[str]:
    rows = fit.components.to_dict("records")
    width = max((len(row["component"]) for row in rows), default=0)
    groups = {term.name: len(term.groups) for term in fit.random}
    lines = []
    for row in rows:
        said = "not identified" if np.isnan(row["estimate"]) else f"{row['estimate']:.4g}"
        about = [counted(groups[row["term"]], "group")] if row["kind"] == "variance" else []
        about += ["fixed"] if row["fixed"] else ["at the edge"] if row["at_bound"] else []
        tail = f" ({', '.join(about)})" if about else ""
        lines.append(f"  {row['component']:<{width}}  {said}{tail}")
    return lines
