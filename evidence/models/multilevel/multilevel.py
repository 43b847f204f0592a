"""multilevel: effects that belong together, because they share a study, an arm or an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.multilevel.assemble import assembled
from evidence.models.multilevel.fit import Evaluated, MultilevelFit
from evidence.models.multilevel.kernels_blocks import Batch, batches_of
from evidence.models.multilevel.kernels_maximum import maximise, scaled
from evidence.models.multilevel.options import (
    Choice,
    DfMethod,
    Method,
    Test,
    check_options,
    read_covariance,
    read_fixed,
    read_table,
    unidentified,
)
from evidence.models.multilevel.terms import RandomTerm, StructureName, random_terms
from evidence.models.regression.design import Design, build
from evidence.models.regression.regression import checked_basis

Array = NDArray[np.float64]


def multilevel(
    table: EffectTable | pd.DataFrame,
    random: str | Sequence[str] | None,
    *,
    structure: StructureName | Sequence[StructureName] | None = None,
    moderators: pd.DataFrame | str | None = None,
    data: pd.DataFrame | None = None,
    covariance: ArrayLike | sparse.sparray | None = None,
    known_correlations: Mapping[str, pd.DataFrame] | None = None,
    fixed: Mapping[str, float] | None = None,
    method: Method = "reml",
    test: Test = "t",
    df: DfMethod | None = None,
    intercept: bool = True,
    level: float = 0.95,
) -> MultilevelFit:
    """Fit effects that are not independent of each other: y ~ N(X b, V + random effects).

    Parameters
    ----------
    table : EffectTable or DataFrame
        A DataFrame has columns ``estimate`` and ``std_error`` beside those the model names.
    random : str, sequence of str, or None
        "study/effect": an effect of each study, and of each effect within it (any depth);
        ["study", "author"]: crossed groupings; "outcome | study": effects of a study's outcomes
        that covary by ``structure``; several terms add up. None: only sampling errors covary.
    structure : str or sequence of str, optional
        Of the terms with inner levels, in their order: "compound_symmetry" (metafor CS, used where
        nothing is said), "heterogeneous_compound_symmetry" (HCS), "unstructured" (UN), "identity"
        (ID), "diagonal" (DIAG), "autoregressive" (AR, by the rank of the levels),
        "heterogeneous_autoregressive" (HAR), "continuous_autoregressive" (CAR, by distance).
    moderators : DataFrame or str, optional
        As in ``meta_regression``: columns, or a formula such as "~ outcome - 1".
    data : DataFrame, optional
        Columns that the terms and the formula name, beside those of ``table.rows``.
    covariance : array_like or sparse array (k, k), optional
        Sampling covariance V; the table's where left out.
    known_correlations : mapping of term to DataFrame, optional
        Correlations between the groups of an intercept term, such as those of a phylogeny.
    fixed : mapping of component to float, optional
        Components that are stated, by the names in ``fit.components``: {"variance(study)": 0.1}.
    method : {"reml", "maximum_likelihood"}
    test : {"t", "z"}
    df : {"containment", "residual"}, optional
        Degrees of freedom of t: groups of the coarsest grouping within which a moderator does not
        vary, less p (containment, used where nothing is said); or k - p.
    intercept : bool
        Not with a formula, which says it itself ("- 1").
    level : float

    Returns
    -------
    MultilevelFit

    Raises
    ------
    FitError
        If a term, moderator or option is wrong, or the search did not converge.

    Notes
    -----
    Generalised least squares with variances by (restricted) maximum likelihood: Harville 1977;
    Jackson, Riley and White 2011; Konstantopoulos 2011. Checked against metafor ``rma.mv`` and
    the density of the multivariate normal distribution.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> fit = multilevel(frame, "study/effect")
    >>> fit.components["estimate"].round(3).tolist()
    [0.117, 0.053]
    """
    choice = check_options(method, test, df, level)
    made, frame = read_table(table, data)
    v = read_covariance(made, covariance)
    terms = random_terms(random, structure, known_correlations, frame)
    stated = read_fixed(fixed, terms)
    design = _design(moderators, frame, made.rows.index, intercept=intercept)
    return fit_model(made, design, v, terms, stated, choice)


def _design(
    moderators: pd.DataFrame | str | None, frame: pd.DataFrame, index: pd.Index, *, intercept: bool
) -> Design:
    if moderators is None:
        return build(pd.DataFrame(index=index), None, index, intercept=intercept)
    data = frame if isinstance(moderators, str) else None
    return build(moderators, data, index, intercept=intercept)


def fit_model(
    table: EffectTable,
    design: Design,
    v: sparse.csr_array,
    terms: tuple[RandomTerm, ...],
    stated: list[tuple[Array, Array]],
    choice: Choice,
) -> MultilevelFit:
    """Fit what is read and checked.

    Raises
    ------
    FitError
    """
    basis = checked_basis(design, table.k)
    y = table.rows["estimate"].to_numpy(dtype=np.float64)
    arrays = tuple(term.arrays for term in terms)
    offset, held = basis.q.T @ y, _held(terms, stated)
    batches = batches_of(y - basis.q @ offset, basis.q, v, arrays)
    _check_sampling(batches)
    whole = scaled(y, basis.q, v, arrays, held, restricted=choice.method == "reml")
    found = maximise(whole)
    model = Evaluated(basis, v, batches, offset, found.states, tuple(stated), tuple(held))
    return assembled(table, design, terms, choice, found, model)


def _check_sampling(batches: tuple[Batch, ...]) -> None:
    for batch in batches:
        error = np.sqrt(np.diagonal(batch.v, axis1=-2, axis2=-1))
        correlation = batch.v / (error[..., :, None] * error[..., None, :])
        if np.linalg.eigvalsh(correlation).min() < -1e-8:
            problem = Problem("covariance", "has a negative eigenvalue", "give a covariance matrix")
            raise FitError("the multilevel model cannot be fitted to these data", [problem])


def _held(
    terms: tuple[RandomTerm, ...], stated: list[tuple[Array, Array]]
) -> list[tuple[Array, Array]]:
    """Hold correlations at 0 where no group has two levels, so that none tells of them."""
    held = []
    for term, (variance, rho) in zip(terms, stated, strict=True):
        if len(rho) and unidentified(term).all():
            rho = np.where(np.isnan(rho), 0.0, rho)
        held.append((variance, rho))
    return held
