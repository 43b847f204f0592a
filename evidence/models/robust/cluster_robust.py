"""cluster_robust: tests of a fit's coefficients that allow any dependence within clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction
from evidence.models.frequentist.fit import TERM_COLUMNS
from evidence.models.frequentist.kernels import critical_values, two_sided_p
from evidence.models.regression.design import INTERCEPT
from evidence.models.robust.clusters import Clusters, Labels, clusters_of
from evidence.models.robust.fit import RobustFit, RobustRegression, RobustWald
from evidence.models.robust.kernels_sandwich import (
    Clustered,
    Scores,
    hotelling,
    sandwich,
    satterthwaite,
    scores,
)
from evidence.models.robust.working import AnyFit, cut_model, working_model

Array = NDArray[np.float64]
Kind = Literal["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
DfMethod = Literal["satterthwaite", "residual", "clusters", "normal"]
WaldMethod = Literal["hotelling", "f", "chi_squared"]
LEAST_DF = 4.0
SINGULAR, ROUNDING = 1e-12, 1e-22
MUTE = "rests on one cluster alone, or fits without residual"
POOLED = "pooled"


def cluster_robust(
    fit: AnyFit,
    cluster: Labels,
    *,
    kind: Kind = "CR2",
    df: DfMethod = "satterthwaite",
    level: float | None = None,
) -> RobustFit:
    """Give a fit's coefficients standard errors that allow any dependence within clusters.

    Parameters
    ----------
    fit : PooledFit, RegressionFit or MarginalFit
        The coefficients stay what they are; its model is the working model of CR2 and of the
        degrees of freedom. Knapp-Hartung multipliers are not used.
    cluster : labels (k,)
        Rows of different clusters are independent. A Series may be indexed as the table's rows.
    kind : str
        "CR0" (Liang and Zeger 1986); "CR1", "CR1p" and "CR1S", which multiply it by m / (m - 1),
        m / (m - p) and m (k - 1) / ((m - 1)(k - p)); "CR2", unbiased under the working model (Bell
        and McCaffrey 2002; Pustejovsky and Tipton 2018); "CR3", near the jackknife of clusters.
    df : str
        Of t: "satterthwaite", "residual" (m - p), "clusters" (m - 1), or "normal" (infinite).
    level : float, optional
        The fit's if left out.

    Returns
    -------
    RobustFit
        metafor ``robust`` is kind="CR1p" (unadjusted: "CR0") with df="residual"; clubSandwich's
        ``coef_test`` has the default.

    Raises
    ------
    FitError
        If an option is wrong, there are too few clusters, the model links two clusters, or CR3
        meets a cluster without which a coefficient is not determined.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0.1, 0.3, 0.8, 0.4], [0.2, 0.2, 0.2, 0.2]))
    >>> found = cluster_robust(fit, ["a", "a", "b", "c"])
    >>> found.terms[["estimate", "std_error", "df"]].round(3).to_numpy().tolist()
    [[0.4, 0.183, 1.8]]
    """
    check_choice("kind", kind, get_args(Kind))
    check_choice("df", df, get_args(DfMethod))
    model = working_model(fit)
    used = model.level if level is None else level
    check_level(used)
    clusters = clusters_of(cluster, len(model.outcomes), model.index)
    parts = cut_model(model, clusters)
    check_clusters(len(parts.z), len(model.names), kind, df)
    return robust_fit(model.names, parts, scores(parts, kind), clusters, (kind, df, used))


def robust_fit(
    names: tuple[str, ...],
    parts: Clustered,
    found: Scores,
    clusters: Clusters,
    options: tuple[str, str, float],
) -> RobustFit:
    """Tests of a fit that is cut into clusters; ``options``: kind, df, level.

    Raises
    ------
    FitError
    """
    (kind, df, level), m, p = options, len(parts.z), len(names)
    if kind == "CR3" and found.empty:
        right = "kind='CR2', which is defined by a generalised inverse"
        labels = ", ".join(repr(clusters.labels[i]) for i in found.empty)
        problem = Problem("kind", f"CR3 leaves out cluster {labels}: no coefficients then", right)
        raise FitError("a coefficient rests on one cluster alone", [problem])
    covariance = sandwich(parts, found)
    mute = _mute(parts, np.eye(p), np.diag(covariance))
    _refuse_all_mute(mute, names)
    covariance[mute], covariance[:, mute] = np.nan, np.nan
    degrees = degrees_of(parts, found, df, mute)
    terms = terms_frame(names, parts.estimate, covariance, degrees, level)
    places = [j for j, name in enumerate(names) if name not in (INTERCEPT, POOLED)]
    moderators = None
    if places:
        contrasts = np.eye(p)[places]
        method = {"satterthwaite": "hotelling", "normal": "chi_squared"}.get(df, "f")
        named = tuple(names[j] for j in places)
        gap = contrasts @ parts.estimate
        moderators = _wald(parts, found, contrasts, gap, method, _flat(df, m, p), named)
    return RobustFit(
        kind=kind,
        df_method=df,
        level=level,
        terms=terms,
        covariance=covariance,
        moderators=moderators,
        clusters=_clusters_frame(parts, clusters),
        k=parts.k,
        notes=_notes(names, degrees, found, clusters, kind),
        parts=parts,
        scores=found,
    )


def degrees_of(parts: Clustered, found: Scores, df: str, mute: NDArray[np.bool_]) -> Array:
    """Degrees of freedom of each coefficient (p,); NaN where it is mute."""
    each = np.eye(len(mute))[~mute]
    degrees = np.full(len(mute), np.nan)
    flat = _flat(df, len(parts.z), len(mute))
    degrees[~mute] = satterthwaite(parts, found, each) if df == "satterthwaite" else flat
    return degrees


def _flat(df: str, m: int, p: int) -> float:
    return {"residual": float(m - p), "clusters": float(m - 1)}.get(df, np.inf)


def terms_frame(
    names: tuple[str, ...], estimate: Array, covariance: Array, df: Array, level: float
) -> pd.DataFrame:
    """Coefficients with tests and intervals, each with its own degrees of freedom (NaN: none)."""
    error, known = np.sqrt(np.diag(covariance)), np.where(np.isnan(df), 1.0, df)
    statistic, half = estimate / error, critical_values(level, known) * error
    p = two_sided_p(statistic, known)
    ends = (estimate - half, estimate + half)
    cells = (list(names), estimate, error, statistic, df, p, *ends, level)
    return pd.DataFrame(dict(zip(TERM_COLUMNS, cells, strict=True)))


def robust_wald(
    fit: RobustFit | RobustRegression,
    contrasts: ArrayLike | str | Sequence[str],
    values: ArrayLike | None = None,
    *,
    method: WaldMethod = "hotelling",
) -> RobustWald:
    """Test several coefficients, or combinations of them, at once.

    Parameters
    ----------
    fit : RobustFit or RobustRegression
    contrasts : array_like (q, p), or names of coefficients
        Linearly independent multipliers of the coefficients in the order of ``fit.terms``.
    values : array_like (q,), optional
        What the combinations are tested against; 0 if left out.
    method : {"hotelling", "f", "chi_squared"}
        Approximate Hotelling test with degrees of freedom after Zhang ("HTZ"; Tipton and
        Pustejovsky 2015); F with the fit's m - p (or m - 1) degrees of freedom; chi-squared.

    Returns
    -------
    RobustWald
        Without p, but with a reason, where the clusters are too few.

    Raises
    ------
    FitError
        If a name is unknown, shapes do not fit, contrasts depend on each other, or ``method="f"``
        has no residual degrees of freedom.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.3, 0.8, 0.4, 0.6], [0.2] * 5)
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 4.0, 2.0, 3.0]}))
    >>> robust = cluster_robust(fit, ["a", "a", "b", "c", "d"])
    >>> test = robust_wald(robust, "dose")
    >>> test.p == robust.moderators.p, test.df
    (True, 1)
    """
    check_kind("fit", fit, (RobustFit, RobustRegression), FitError)
    check_choice("method", method, get_args(WaldMethod))
    fit = fit.inference if isinstance(fit, RobustRegression) else fit
    rows, named = _contrasts(fit, contrasts)
    against = np.zeros(len(rows)) if values is None else np.asarray(values, dtype=np.float64)
    if against.shape != (len(rows),) or not np.isfinite(against).all():
        problem = Problem("values", f"shape {against.shape}", f"{len(rows)} finite numbers")
        raise FitError("the contrasts are not right", [problem])
    flat = _flat(fit.df_method, fit.m, len(fit.terms))
    if method == "f" and not np.isfinite(flat):
        right = "df='residual' or 'clusters' in cluster_robust, or method='hotelling'"
        problem = Problem("method", f"'f' has no flat df beside df={fit.df_method!r}", right)
        raise FitError("the F test is not possible", [problem])
    return _wald(fit.parts, fit.scores, rows, rows @ fit.estimates - against, method, flat, named)


def _wald(
    parts: Clustered,
    found: Scores,
    contrasts: Array,
    gap: Array,
    method: str,
    flat: float,
    named: tuple[str, ...],
) -> RobustWald:
    q, m = len(contrasts), len(parts.z)
    covariance = contrasts @ sandwich(parts, found) @ contrasts.T
    if _mute(parts, contrasts, np.diag(covariance)).any():
        return RobustWald(method, None, q, None, None, f"a contrast {MUTE}", named)
    sd = np.sqrt(np.diag(covariance))
    if q > m or np.linalg.eigvalsh(covariance / np.outer(sd, sd))[0] < SINGULAR:
        reason = f"{m} clusters do not suffice to test {q} coefficients at once"
        return RobustWald(method, None, q, None, None, reason, named)
    if method == "hotelling":
        test = hotelling(parts, found, contrasts, gap)
        if test.df2 <= 0.0:
            reason = "the clusters leave no degrees of freedom to a test of so many coefficients"
            return RobustWald(method, None, q, test.df2, None, reason, named)
        return RobustWald(method, test.f, q, test.df2, test.p, None, named)
    statistic = float(gap @ np.linalg.solve(covariance, gap))
    if method == "chi_squared":
        p = float(special.chdtrc(q, statistic))
        return RobustWald(method, statistic, q, np.inf, p, None, named)
    p = float(special.fdtrc(q, flat, statistic / q))
    return RobustWald(method, statistic / q, q, flat, p, None, named)


def _contrasts(
    fit: RobustFit, contrasts: ArrayLike | str | Sequence[str]
) -> tuple[Array, tuple[str, ...]]:
    names = fit.names
    listed = [contrasts] if isinstance(contrasts, str) else contrasts
    if isinstance(listed, list | tuple) and listed and all(isinstance(x, str) for x in listed):
        unknown = [str(x) for x in listed if x not in names]
        if unknown or len(set(listed)) < len(listed):
            problems = [
                Problem("contrasts", f"unknown: {x!r}", did_you_mean(x, names)) for x in unknown
            ] or [Problem("contrasts", "a name stands there twice", "name each once")]
            raise FitError("the coefficients to test are not there", problems)
        places = [names.index(str(x)) for x in listed]
        return np.eye(len(names))[places], tuple(names[j] for j in places)
    try:
        rows = np.atleast_2d(np.asarray(listed, dtype=np.float64))
    except (TypeError, ValueError) as error:
        problem = Problem("contrasts", str(error), "names, or numbers of shape (q, p)")
        raise FitError("the contrasts are not right", [problem]) from None
    if rows.ndim != 2 or rows.shape[1] != len(names) or not np.isfinite(rows).all():
        right = f"(q, {len(names)}) finite multipliers of {', '.join(names)}"
        problem = Problem("contrasts", f"shape {rows.shape}", right)
        raise FitError("the contrasts are not right", [problem])
    if np.linalg.matrix_rank(rows) < len(rows):
        problem = Problem("contrasts", "one follows from the others", "leave it out")
        raise FitError("the contrasts are not independent", [problem])
    return rows, tuple(_written(row, names) for row in rows)


def _written(row: Array, names: tuple[str, ...]) -> str:
    return " + ".join(f"{x:g} {name}" for x, name in zip(row, names, strict=True) if x != 0.0)


def _mute(parts: Clustered, contrasts: Array, variances: Array) -> NDArray[np.bool_]:
    """Contrasts (q, p) to which no cluster has a residual: what is left of it is rounding."""
    model = contrasts @ parts.back @ parts.middle @ parts.back.T @ contrasts.T
    return np.asarray(~(variances > ROUNDING * np.diag(model)))


def _refuse_all_mute(mute: NDArray[np.bool_], names: tuple[str, ...]) -> None:
    if mute.all():
        right = "take finer clusters, or use the model's own standard errors"
        problems = [Problem(f"coefficient {name!r}", MUTE, right) for name in names]
        raise FitError("the sandwich gives no standard error", problems)


def _clusters_frame(parts: Clustered, clusters: Clusters) -> pd.DataFrame:
    leverage = [float(np.sum((z.T @ w) * z.T)) for z, w in zip(parts.z, parts.weights, strict=True)]
    rows = [len(z) for z in parts.z]
    return pd.DataFrame({"cluster": list(clusters.labels), "rows": rows, "leverage": leverage})


def _notes(
    names: tuple[str, ...], df: Array, found: Scores, clusters: Clusters, kind: str
) -> tuple[str, ...]:
    notes = [
        f"{name}: {x:.2g} degree{'' if f'{x:.2g}' == '1' else 's'} of freedom, below "
        f"{LEAST_DF:g}: p values are not to be trusted"
        for name, x in zip(names, df, strict=True)
        if x < LEAST_DF
    ]
    notes += [
        f"{name} {MUTE}: it has no robust standard error"
        for name, x in zip(names, df, strict=True)
        if np.isnan(x)
    ]
    if kind == "CR2" and found.empty:
        labels = ", ".join(str(clusters.labels[i]) for i in found.empty)
        notes.append(f"a coefficient rests on one cluster alone ({labels}): generalised inverse")
    return tuple(notes)


def check_clusters(m: int, p: int, kind: str, df: str) -> None:
    """Refuse what needs m - p degrees of freedom where there are none.

    Raises
    ------
    FitError
    """
    if m <= p and (kind == "CR1p" or df == "residual"):
        right = f"at least {p + 1} clusters, or kind='CR2' with Satterthwaite df"
        problem = Problem("cluster", f"{m} clusters for {p} coefficients", right)
        raise FitError("too few clusters for m - p degrees of freedom", [problem])


def check_level(level: float) -> None:
    """Refuse a level that is not a fraction.

    Raises
    ------
    FitError
    """
    if not is_fraction(level):
        problem = Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95")
        raise FitError("the options of the sandwich are not right", [problem])


def check_choice(where: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse an option that is not known.

    Raises
    ------
    FitError
    """
    if not isinstance(value, str) or value not in known:
        problem = Problem(where, f"unknown: {value!r}", did_you_mean(str(value), known))
        raise FitError("the options of the sandwich are not right", [problem])
