"""dose_response: the trend of effects over doses, in one stage or two."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction, is_number
from evidence.models.dose_response.fit import DoseFit, StudyTrend
from evidence.models.dose_response.kernels_between import (
    Between,
    likelihood_estimate,
    moments_estimate,
)
from evidence.models.dose_response.kernels_mixed import (
    Fixed,
    Reduced,
    Study,
    least_squares,
    log_likelihood,
    reduce,
    shrunken,
)
from evidence.models.dose_response.shape import DoseShape, shape_of
from evidence.models.dose_response.table import DoseTable
from evidence.models.frequentist.fit import TERM_COLUMNS, FitStatistics, information_criteria
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.regression.fit import WaldTest
from evidence.models.regression.wald import wald_test

Array = NDArray[np.float64]
Method = Literal["reml", "maximum_likelihood", "moments", "fixed"]
METHODS = get_args(Method)


def dose_response(
    table: DoseTable,
    shape: DoseShape | str = "linear",
    *,
    method: Method = "reml",
    stages: Literal[1, 2] = 2,
    eigenvalue_floor: float | None = None,
    level: float = 0.95,
) -> DoseFit:
    """Pool the trends of studies over doses.

    Parameters
    ----------
    table : DoseTable
        Of ``dose_ratios`` or ``dose_means``.
    shape : DoseShape or {"linear", "quadratic", "spline"}
        ``dose_spline`` and ``dose_powers`` make others; "spline" has three knots at the quantiles
        0.1, 0.5 and 0.9 of all doses.
    method : {"reml", "maximum_likelihood", "moments", "fixed"}
        Estimator of the covariance of coefficients between studies, which is unstructured;
        "moments" is the matrix extension of DerSimonian and Laird (Jackson, White and Riley 2013).
    stages : {1, 2}
        Two: a trend in each study, then their multivariate meta-analysis (Gasparrini, Armstrong
        and Kenward 2012; Orsini et al. 2012). One: all effects in one mixed model (Crippa et al.
        2019), which also uses studies with fewer doses than coefficients.
    eigenvalue_floor : float, optional
        For "moments": what negative eigenvalues of the between-study covariance are set to; 0 if
        left out (mixmeta: 1.5e-8, whatever the unit of dose).
    level : float

    Returns
    -------
    DoseFit

    Raises
    ------
    FitError
        If a study cannot carry the trend by itself in two stages (it is named), the doses do not
        tell the coefficients apart, an option is wrong, or the fit did not converge.

    Notes
    -----
    Checked against dosresmeta 2.2.0 with mixmeta 1.2.0.

    Examples
    --------
    >>> from evidence.models.dose_response.reading import dose_ratios
    >>> frame = pd.DataFrame({
    ...     "study": ["a"] * 3 + ["b"] * 3, "dose": [0.0, 1.0, 2.0] * 2,
    ...     "log_ratio": [0.0, 0.2, 0.5, 0.0, 0.1, 0.3], "std_error": [0.0, 0.15, 0.2] * 2,
    ...     "cases": [60, 70, 40] * 2, "n": [900, 880, 370] * 2})
    >>> table = dose_ratios(frame, cases="cases", n="n", design="cumulative_incidence")
    >>> fit = dose_response(table)
    >>> fit.terms["estimate"].round(3).tolist()
    [0.191]
    """
    check_kind("table", table, DoseTable, FitError)
    floor = _check(table, method, stages, eigenvalue_floor, level)
    shape = shape_of(shape, table.doses)
    studies = [
        Study(s.estimates, x, x, s.covariance)
        for s in table.studies
        for x in [shape.basis(s.doses) - shape.basis(np.array([s.reference_dose]))]
    ]
    trends, short = _first_stage(table, studies)
    if stages == 2 and short:
        _refuse_short(table, shape, short)
    unit = np.eye(shape.size)
    if stages == 2:
        studies = [Study(t.estimate, unit, unit, t.covariance) for t in trends]
    else:
        _check_identified(studies, shape, method)
    data = reduce(studies)
    between = _between(data, method, floor, shape)
    psi = np.zeros((shape.size, shape.size)) if between is None else between.psi
    found = least_squares(data, psi)
    return _answer(_Parts(table, shape, stages, method, level, data, trends, between, found))


class _Parts(NamedTuple):
    table: DoseTable
    shape: DoseShape
    stages: int
    method: str
    level: float
    data: Reduced
    trends: tuple[StudyTrend, ...]
    between: Between | None
    found: Fixed


def _check(table: DoseTable, method: str, stages: int, floor: float | None, level: float) -> float:
    problems = []
    if method not in METHODS:
        problems.append(Problem("method", f"unknown: {method!r}", did_you_mean(method, METHODS)))
    elif method != "fixed" and table.k < 2:
        what = "one study says nothing on the spread between studies"
        problems.append(Problem("method", what, "method='fixed'"))
    if stages not in (1, 2):
        problems.append(Problem("stages", f"is {stages!r}", "1 or 2"))
    if method == "moments" and stages == 1:
        right = "stages=2, or method='reml'"
        problems.append(Problem("method", "'moments' is of the second stage", right))
    if floor is not None and method != "moments":
        what = f"{floor!r} would do nothing under method={method!r}"
        problems.append(Problem("eigenvalue_floor", what, "leave it out"))
    elif floor is not None and not (is_number(floor) and floor >= 0.0):
        problems.append(Problem("eigenvalue_floor", repr(floor), "a number of at least 0"))
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if problems:
        raise FitError("the options of the dose-response meta-analysis are not right", problems)
    return 0.0 if floor is None else float(floor)


def _first_stage(
    table: DoseTable, studies: list[Study]
) -> tuple[tuple[StudyTrend, ...], list[int]]:
    """Trends of the studies that can carry one (Greenland and Longnecker 1992), and who cannot."""
    trends, short = [], []
    for i, study in enumerate(studies):
        factor = np.linalg.cholesky(study.s)
        x = linalg.solve_triangular(factor, study.x, lower=True)
        y = linalg.solve_triangular(factor, study.y, lower=True)
        norm = np.sqrt((x**2).sum(0))
        if x.shape[0] < x.shape[1] or np.any(norm == 0.0) or _rank(x / norm) < x.shape[1]:
            short.append(i)
            continue
        q, r = np.linalg.qr(x / norm)
        back = np.linalg.inv(r) / norm[:, None]
        trends.append(StudyTrend(table.studies[i].name, back @ (q.T @ y), back @ back.T))
    return tuple(trends), short


def _rank(x: Array) -> int:
    return int(np.linalg.matrix_rank(x, tol=1e-8))


def _refuse_short(table: DoseTable, shape: DoseShape, short: list[int]) -> None:
    problems = []
    for i in short:
        doses = len(table.studies[i].doses)
        word = "dose" if doses == 1 else "doses"
        what = f"{doses} {word} beside the reference cannot tell {shape.size} coefficients apart"
        right = "stages=1 uses it as it is; or a simpler shape, or leave the study out"
        problems.append(Problem(f"study {table.studies[i].name!r}", what, right))
    raise FitError("a study cannot carry the trend by itself", problems)


def _check_identified(studies: list[Study], shape: DoseShape, method: str) -> None:
    parts = [linalg.solve_triangular(np.linalg.cholesky(s.s), s.x, lower=True) for s in studies]
    x = np.vstack(parts)
    norm = np.sqrt((x**2).sum(0))
    if x.shape[0] < shape.size or np.any(norm == 0.0) or _rank(x / norm) < shape.size:
        what = f"all doses together cannot tell {shape.size} coefficients apart"
        raise FitError("the trend cannot be fitted", [Problem("shape", what, "a simpler shape")])
    if method != "fixed" and x.shape[0] == shape.size:
        what = f"{x.shape[0]} effects for {shape.size} coefficients leave nothing for a spread"
        right = "method='fixed' or a simpler shape"
        raise FitError("the trend cannot be fitted", [Problem("method", what, right)])


def _between(data: Reduced, method: str, floor: float, shape: DoseShape) -> Between | None:
    if method == "fixed":
        return None
    if method == "moments":
        found = moments_estimate(data, floor)
    else:
        found = likelihood_estimate(data, restricted=method == "reml")
    if found is None:
        what = f"the doses cannot tell the spreads of {shape.size} coefficients apart"
        right = "a simpler shape, or method='fixed'"
        raise FitError("the between-study covariance is not identified", [
            Problem("method", what, right)
        ])  # fmt: skip
    if not found.converged:
        what = "no maximum of the likelihood was found"
        right = "a simpler shape, method='moments' or method='fixed'"
        raise FitError("the fit did not converge", [Problem("method", what, right)])
    return found


def _answer(parts: _Parts) -> DoseFit:
    shape, found, between = parts.shape, parts.found, parts.between
    bent, restricted = list(shape.bent), parts.method == "reml"
    nonlinearity: WaldTest | None = None
    reason: str | None = "the trend is a straight line"
    if bent:
        nonlinearity, reason = _wald(found, shape, bent), None
    elif shape.size > 1 or shape.names != ("dose",):
        reason = "no straight line is among the trends of this shape"
    statistics: FitStatistics | None = None
    without: str | None = "the method of moments has no likelihood"
    if parts.method != "moments":
        statistics, without = _statistics(parts, restricted=restricted), None
    disagreement: pd.DataFrame | None = None
    missing: str | None = "in one stage lack of fit and heterogeneity are not told apart"
    if parts.table.k < 2:
        missing = "one study"
    elif parts.stages == 2:
        disagreement, missing = _heterogeneity(parts), None
    return DoseFit(
        table=parts.table,
        shape=shape,
        stages=parts.stages,
        method=parts.method,
        level=parts.level,
        terms=_terms(found, shape, parts.level),
        covariance=found.covariance,
        between=None if between is None else between.psi,
        between_rank=None if between is None else between.rank,
        overall=_wald(found, shape, list(range(shape.size))),
        nonlinearity=nonlinearity,
        nonlinearity_reason=reason,
        heterogeneity=disagreement,
        heterogeneity_reason=missing,
        likelihood=statistics,
        likelihood_reason=without,
        trends=parts.trends,
        study_coefficients=_study_coefficients(parts),
        notes=_notes(parts),
    )


def _wald(found: Fixed, shape: DoseShape, places: list[int]) -> WaldTest:
    part = found.covariance[np.ix_(places, places)]
    return wald_test(found.estimate[places], part, np.inf, tuple(shape.names[i] for i in places))


def _terms(found: Fixed, shape: DoseShape, level: float) -> pd.DataFrame:
    error = np.sqrt(np.diag(found.covariance))
    half = critical_value(level, np.inf) * error
    z = found.estimate / error
    cells = (
        shape.names, found.estimate, error, z, np.inf, two_sided_p(z, np.inf),
        found.estimate - half, found.estimate + half, level,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(TERM_COLUMNS, cells, strict=True)))


def _statistics(parts: _Parts, *, restricted: bool) -> FitStatistics:
    p = parts.shape.size
    value = log_likelihood(parts.data, parts.found, restricted=restricted)
    if restricted and parts.stages == 2:
        value += 0.5 * p * float(np.log(parts.table.k))
    spread = 0 if parts.between is None else p * (p + 1) // 2
    n = parts.data.n - (p if restricted else 0)
    return information_criteria(value, -2.0 * value, p + spread, max(n, 1))


def _heterogeneity(parts: _Parts) -> pd.DataFrame:
    """Q of all coefficients (Gasparrini 2012, eq. 12) and of each as in a univariate analysis."""
    p, k = parts.shape.size, parts.table.k
    common = least_squares(parts.data, np.zeros((p, p)))
    rows = [("all", common.q, (k - 1) * p)]
    if p > 1:
        y = np.array([t.estimate for t in parts.trends])
        w = 1.0 / np.array([np.diag(t.covariance) for t in parts.trends])
        gap = y - (w * y).sum(0) / w.sum(0)
        single = (w * gap**2).sum(0)
        rows += [(n, float(q), k - 1) for n, q in zip(parts.shape.names, single, strict=True)]
    return pd.DataFrame(
        [
            (
                name,
                q,
                df,
                float(special.chdtrc(df, q)),
                100.0 * max(0.0, (q - df) / q) if q else 0.0,
            )
            for name, q, df in rows
        ],
        columns=["term", "q", "df", "p", "i2"],
    )


def _study_coefficients(parts: _Parts) -> tuple[StudyTrend, ...] | None:
    if parts.between is None:
        return None
    found = shrunken(parts.data, parts.between.psi, parts.found)
    return tuple(
        StudyTrend(s.name, parts.found.estimate + d, c)
        for s, d, c in zip(parts.table.studies, found.deviation, found.covariance, strict=True)
    )


def _notes(parts: _Parts) -> tuple[str, ...]:
    notes, p = [], parts.shape.size
    if parts.between is not None and parts.between.rank == 0:
        notes.append("no spread between studies was found: the fit is that of fixed effects")
    elif parts.between is not None and parts.between.rank < p:
        notes.append(
            f"the between-study covariance has rank {parts.between.rank} of {p}: correlations "
            "between studies are at the edge of what they can be"
        )
    if parts.between is not None and parts.table.k < p * (p + 1) // 2 + p:
        notes.append(
            f"{parts.table.k} studies for {p} coefficients and {p * (p + 1) // 2} figures of "
            "their covariance between studies"
        )
    if len(parts.trends) < parts.table.k:
        alone = {t.study for t in parts.trends}
        names = ", ".join(s.name for s in parts.table.studies if s.name not in alone)
        notes.append(f"no trend of their own, used in the one stage: {names}")
    same = [s.name for s in parts.table.studies if np.any(s.doses == s.reference_dose)]
    if same:
        notes.append(f"a category has the dose of the reference: {', '.join(same)}")
    several = any(len(s.doses) > 1 for s in parts.table.studies)
    if parts.table.covariance_method == "independent" and several:
        notes.append("effects that share a reference were taken as independent, which they are not")
    return tuple(notes)
