"""What a multilevel fit says, from where its likelihood is highest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist.fit import (
    TERM_COLUMNS,
    FitStatistics,
    Heterogeneity,
    information_criteria,
)
from evidence.models.frequentist.kernels import critical_values, two_sided_p
from evidence.models.multilevel.fit import Evaluated, MultilevelFit
from evidence.models.multilevel.kernels_blocks import Batch, gather
from evidence.models.multilevel.kernels_likelihood import (
    Solved,
    log_likelihoods,
    marginal,
    projections,
    saturated,
    solve,
    solved,
)
from evidence.models.multilevel.kernels_maximum import Maximum
from evidence.models.multilevel.kernels_structures import counts
from evidence.models.multilevel.options import Choice, unidentified
from evidence.models.multilevel.terms import RandomTerm
from evidence.models.regression.design import Design, columns_of
from evidence.models.regression.fit import WaldTest
from evidence.models.regression.wald import wald_test

Array = NDArray[np.float64]
FEW_GROUPS = 5


def assembled(
    table: EffectTable,
    design: Design,
    terms: tuple[RandomTerm, ...],
    choice: Choice,
    found: Maximum,
    model: Evaluated,
) -> MultilevelFit:
    """Assemble the answer.

    Raises
    ------
    FitError
        If the covariance of the effects is singular, or a test has no degrees of freedom.
    """
    basis, arrays = model.basis, tuple(term.arrays for term in terms)
    blocks = marginal(model.batches, arrays, found.states)
    least = solved(model.batches, blocks)
    estimate = basis.back @ (model.offset + least.b)
    covariance = basis.back @ least.cov @ basis.back.T
    df = degrees(design, terms, table.k, choice)
    components = components_frame(terms, list(model.stated), found)
    free = int((~components["fixed"]).sum())
    heterogeneity = _heterogeneity(model.batches, table.k, components, terms)
    full, restricted = _statistics(model.batches, least, table.k, free)
    return MultilevelFit(
        table=table,
        design=design,
        random=terms,
        method=choice.method,
        test=choice.test,
        df_method=choice.df_method,
        level=choice.level,
        terms=terms_frame(design.names, estimate, covariance, df, choice.level),
        covariance=covariance,
        components=components,
        heterogeneity=heterogeneity,
        moderators=_moderators(design, estimate, covariance, df),
        rows=_rows(table, design, estimate, covariance, model.batches, blocks, least),
        full_likelihood=full,
        restricted_likelihood=restricted,
        parameters=len(design.names) + free,
        starts=found.starts,
        agreeing_starts=found.agreeing,
        model=model,
        notes=_notes(components, found, terms),
    )


def terms_frame(
    names: tuple[str, ...], estimate: Array, covariance: Array, df: Array, level: float
) -> pd.DataFrame:
    """Coefficients with tests and intervals, each with degrees of freedom of its own."""
    error = np.sqrt(np.diag(covariance))
    statistic, half = estimate / error, critical_values(level, df) * error
    p = two_sided_p(statistic, df)
    low, high = estimate - half, estimate + half
    cells = (list(names), estimate, error, statistic, df, p, low, high, level)
    return pd.DataFrame(dict(zip(TERM_COLUMNS, cells, strict=True)))


def degrees(design: Design, terms: tuple[RandomTerm, ...], k: int, choice: Choice) -> Array:
    """Degrees of freedom of each coefficient (p,)."""
    p = len(design.names)
    if choice.df_method is None:
        return np.full(p, np.inf)
    df = np.full(p, float(k - p))
    if choice.df_method == "containment":
        for codes in groupings(terms):
            count = int(codes.max()) + 1
            constant = _constant_within(design.matrix, codes, count)
            df = np.where(constant, np.minimum(df, float(count - p)), df)
    if df.min() < 1:
        name = design.names[int(df.argmin())]
        right = "test='z', df='residual', or fewer moderators"
        problem = Problem(
            "df", f"coefficient {name!r} has {df.min():.0f} degrees of freedom", right
        )
        raise FitError("too few groups for tests by t", [problem])
    return df


def groupings(terms: tuple[RandomTerm, ...]) -> list[NDArray[np.intp]]:
    """Codes of the groupings that random terms make: groups, and levels within groups."""
    found = []
    for term in terms:
        found.append(term.arrays.outer)
        if term.levels:
            cells = np.column_stack([term.arrays.outer, term.arrays.inner])
            _, codes = np.unique(cells, axis=0, return_inverse=True)
            found.append(np.asarray(codes.ravel(), dtype=np.intp))
    return found


def _constant_within(matrix: Array, codes: NDArray[np.intp], count: int) -> NDArray[np.bool_]:
    highest, lowest = (
        np.full((count, matrix.shape[1]), -np.inf),
        np.full((count, matrix.shape[1]), np.inf),
    )
    np.maximum.at(highest, codes, matrix)
    np.minimum.at(lowest, codes, matrix)
    return np.asarray((highest - lowest <= 1e-12 * np.maximum(1.0, np.abs(highest))).all(0))


def _moderators(design: Design, estimate: Array, covariance: Array, df: Array) -> WaldTest | None:
    places = [i for i, name in enumerate(design.names) if name != "intercept"]
    if not places:
        return None
    names = tuple(design.names[i] for i in places)
    part = covariance[np.ix_(places, places)]
    return wald_test(estimate[places], part, float(df[places].min()), names)


def components_frame(
    terms: tuple[RandomTerm, ...], stated: list[tuple[Array, Array]], found: Maximum
) -> pd.DataFrame:
    """Variances and correlations, one a row."""
    rows = []
    for term, given, (variance, rho), ends in zip(
        terms, stated, found.values, found.at_bound, strict=True
    ):
        spreads, _ = counts(term.arrays)
        unknown = unidentified(term)
        upper = list(zip(*np.triu_indices(len(term.levels), 1), strict=True))
        for i, name in enumerate(term.components):
            j, spread = i - spreads, i < spreads
            levels: tuple[str, ...] = term.levels
            if spread and spreads > 1:
                levels = (term.levels[i],)
            elif not spread and len(rho) == len(upper):
                levels = tuple(term.levels[int(x)] for x in upper[j])
            lost = not spread and bool(unknown[j]) and np.isnan(given[1][j])
            # Without two spreads there is nothing to correlate.
            empty = not spread and _no_pair(term, variance, j) and np.isnan(given[1][j])
            value = np.nan if lost or empty else float(variance[i] if spread else rho[j])
            said = given[0][i] if spread else given[1][j]
            value = value if np.isnan(said) else float(said)
            fixed = lost or not np.isnan(given[0][i] if spread else given[1][j])
            end = bool(ends[0][i] if spread else ends[1][j]) and not fixed and not empty
            kind = "variance" if spread else "correlation"
            rows.append((name, term.name, kind, levels, value, fixed, end))
    names = ("component", "term", "kind", "levels", "estimate", "fixed", "at_bound")
    frame = pd.DataFrame(rows, columns=list(names))
    return frame.astype({"estimate": float, "fixed": bool, "at_bound": bool})


def _no_pair(term: RandomTerm, variance: Array, j: int) -> bool:
    """Whether the variances leave nothing for correlation j to act on."""
    if len(variance) == 1:
        return bool(variance[0] == 0)
    if term.structure == "unstructured":
        a, b = (int(side[j]) for side in np.triu_indices(len(variance), 1))
        return bool(variance[a] == 0 or variance[b] == 0)
    return int((variance > 0).sum()) < 2


def _heterogeneity(
    batches: tuple[Batch, ...], k: int, components: pd.DataFrame, terms: tuple[RandomTerm, ...]
) -> Heterogeneity:
    p = batches[0].x.shape[-1]
    alone = solve(batches, [batch.v for batch in batches])
    if alone is None:
        return Heterogeneity(reason="the sampling covariance matrix is singular")
    trace = sum(float(np.trace(part, axis1=-2, axis2=-1).sum()) for part in projections(alone))
    typical, df = (k - p) / trace, k - p
    between = mean_variance(components, terms)
    if terms:
        i2, h2 = 100.0 * between / (between + typical), (between + typical) / typical
    else:
        h2 = alone.q / df
        i2 = 100.0 * max(0.0, 1.0 - 1.0 / h2) if h2 > 0 else 0.0
    return Heterogeneity(
        q=alone.q, df=df, p=float(special.chdtrc(df, alone.q)), i2=i2, h2=h2,
        typical_variance=typical, reason="variances stand in fit.components",
    )  # fmt: skip


def mean_variance(components: pd.DataFrame, terms: tuple[RandomTerm, ...]) -> float:
    """Variance of the true effects, averaged over the rows: each row has that of its levels."""
    total = 0.0
    for term in terms:
        mine = components[(components["term"] == term.name) & (components["kind"] == "variance")]
        values = mine["estimate"].to_numpy(dtype=np.float64)
        inner = term.arrays.inner
        total += float(values[inner].mean() if len(values) > 1 else values[0])
    return total


def _statistics(
    batches: tuple[Batch, ...], least: Solved, k: int, free: int
) -> tuple[FitStatistics, FitStatistics]:
    p = len(least.b)
    full, restricted = log_likelihoods(least, k)
    top = saturated(batches)
    # Without an inverse of V there is no saturated likelihood to compare with.
    deviance = -2.0 * (full - top) if top is not None else -2.0 * full
    return (
        information_criteria(full, deviance, p + free, k),
        information_criteria(restricted, -2.0 * restricted, p + free, k - p),
    )


def _rows(
    table: EffectTable,
    design: Design,
    estimate: Array,
    covariance: Array,
    batches: tuple[Batch, ...],
    blocks: list[Array],
    least: Solved,
) -> pd.DataFrame:
    k, x = table.k, design.matrix
    inverses = [np.swapaxes(root, -1, -2) @ root for root in least.root]
    hats = [
        ((b.x @ least.cov) * (inverse @ b.x)).sum(-1)
        for b, inverse in zip(batches, inverses, strict=True)
    ]
    total = gather(batches, [np.diagonal(m, axis1=-2, axis2=-1) for m in blocks], k)
    sums = gather(batches, [inverse.sum(-1) for inverse in inverses], k)
    diagonal = gather(batches, [np.diagonal(w, axis1=-2, axis2=-1) for w in inverses], k)
    variance = total - ((x @ covariance) * x).sum(1)
    flat = variance <= 1e-12 * total
    error = np.sqrt(np.where(flat, 0.0, variance))
    residual = table.rows["estimate"].to_numpy(dtype=np.float64) - x @ estimate
    cells = {
        "fitted": x @ estimate,
        "residual": residual,
        "residual_std_error": error,
        # A row that alone decides a coefficient is fitted exactly: it has no residual.
        "standardised": np.where(flat, 0.0, residual / np.where(flat, 1.0, error)),
        "hat": gather(batches, hats, k),
        "weight": 100.0 * sums / sums.sum(),
        "precision_share": 100.0 * diagonal / diagonal.sum(),
    }
    return pd.DataFrame(cells, index=table.rows.index)


def _notes(
    components: pd.DataFrame, found: Maximum, terms: tuple[RandomTerm, ...]
) -> tuple[str, ...]:
    notes = []
    for row in components.to_dict("records"):
        if row["at_bound"]:
            notes.append(f"{row['component']} is estimated at {row['estimate']:.4g}, the edge")
        elif np.isnan(row["estimate"]):
            why = "no group has both levels" if row["fixed"] else "a variance is 0"
            notes.append(f"{row['component']} is not identified: {why}")
    notes += [
        f"{term.name}: {len(term.groups)} groups say little of a variance"
        for term in terms
        if len(term.groups) < FEW_GROUPS
    ]
    for term, state in zip(terms, found.states, strict=True):
        if term.structure == "unstructured" and _singular(state.rho):
            notes.append(f"the matrix of the correlations of {term.name} is singular, the edge")
    if found.flat:
        notes.append("the likelihood is flat in some direction: not every component is identified")
    return tuple(notes)


def wald_multilevel(fit: MultilevelFit, names: str | Sequence[str]) -> WaldTest:
    """Test that the named coefficients, or all those of the named moderators, are 0.

    By chi-squared, or by F with the smallest degrees of freedom of those tested.

    Raises
    ------
    FitError
        If a name is unknown.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "outcome": ["a", "b"] * 3,
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> fit = multilevel(frame, "study", moderators="~ outcome - 1")
    >>> wald_multilevel(fit, "outcome").df
    2
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    places = list(columns_of(fit.design, names))
    part = fit.covariance[np.ix_(places, places)]
    tested = tuple(fit.design.names[i] for i in places)
    return wald_test(fit.estimates[places], part, float(fit.df[places].min()), tested)


def _singular(correlation: Array) -> bool:
    return bool(np.linalg.eigvalsh(correlation).min() < 1e-6)
