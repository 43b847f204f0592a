"""What each study does to a meta-regression, and how far the moderators repeat each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, folded
from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist.pool import arrays_of
from evidence.models.regression.design import INTERCEPT
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls import Basis, basis_of, coefficients, project, residuals
from evidence.models.regression.options import Choice
from evidence.models.regression.regression import multiplier, scaled
from evidence.models.regression.residual import tau2_of

Array = NDArray[np.float64]
_FIGURES = (
    "rstudent",
    "rstudent_residual",
    "rstudent_std_error",
    "rstandard",
    "rstandard_residual",
    "rstandard_std_error",
    "dffits",
    "cook",
    "cov_ratio",
    "tau2_without",
    "q_without",
    "hat",
    "weight",
)


@dataclass(frozen=True, slots=True, eq=False)
class RegressionInfluence:
    """Answer of ``regression_influence``.

    Attributes
    ----------
    rows : DataFrame, k rows, indexed as ``fit.rows``
        rstudent (with rstudent_residual, rstudent_std_error): distance from what the others
        predict; rstandard (rstandard_residual, rstandard_std_error): from the fit of all; dffits:
        change of the fitted value in standard errors; cook: change of all coefficients, in the
        covariance of the full fit; cov_ratio: determinant of their covariance without over with;
        tau2_without (0 where none is allowed for), q_without; hat; weight in percent; influential:
        any of abs(dffits) > 3 (p / (k - p))^(1/2), chi-squared(p) probability of cook > 1/2,
        hat > 3 p / k, abs(dfbetas) > 1; reason: why figures are missing (NaN), else None.
    dfbetas : DataFrame, shape (k, p)
        Change of each coefficient in its standard error.
    """

    rows: pd.DataFrame
    dfbetas: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        found = [plain(name) for name in self.rows.index[self.rows["influential"].astype(bool)]]
        some = f"{len(found)} influential" + (f": {', '.join(found)}" if found else "")
        return folded(f"Influence of {counted(len(self.rows), 'effect')} on a regression; {some}")


class _Parts(NamedTuple):
    """Coefficients (p,), their covariance (p, p), tau2, and Q about the fixed-effects fit."""

    estimate: Array
    covariance: Array
    tau2: float
    q: float
    multiplier: Array | None


def regression_influence(fit: RegressionFit) -> RegressionInfluence:
    """Diagnose each study by leaving it out of a meta-regression (Viechtbauer and Cheung 2010).

    tau2 is estimated again each time, unless it was stated. Checked against metafor ``influence``,
    ``rstudent`` and ``rstandard``, and by refitting.

    Raises
    ------
    FitError
        If there are fewer than p + 2 rows, or tau2 did not converge without some study.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9, 3.0], [0.1, 0.1, 0.2, 0.2, 0.2])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0, 3.0]})
    >>> found = regression_influence(meta_regression(table, frame, test="z"))
    >>> found.rows["rstudent"].round(1).tolist()
    [-0.2, -0.2, -0.7, -0.6, 9.5]
    """
    check_kind("fit", fit, RegressionFit, FitError)
    k, p = fit.k, fit.p
    if k < p + 2:
        right = f"{p} coefficients need at least {p + 2}"
        raise FitError("too few effects to leave one out", [Problem("fit", f"{k} effects", right)])
    y, v = arrays_of(fit.table)
    choice = Choice(
        fit.tau2_method,
        fit.test,
        fit.level,
        fit.tau2 if fit.tau2_method == "fixed" else None,
        fit.stated_weights,
    )
    x, everyone = fit.design.matrix, np.ones(k, dtype=np.bool_)
    full = _fitted(y, v, x, choice, everyone)
    if full is None:
        raise FitError("the meta-regression is not there", [Problem("fit", "its design is flat")])
    hat = _hat(v + full.tau2, x, choice.weights)
    cells = {name: np.full(k, np.nan) for name in _FIGURES}
    dfbetas = np.full((k, p), np.nan)
    reasons: list[str | None] = [None] * k
    for i in range(k):
        kept = everyone.copy()
        kept[i] = False
        without = _fitted(y, v, x, choice, kept)
        if without is None:
            reasons[i] = "without it the moderators cannot be told apart"
            continue
        row, dfbetas[i] = _row(i, y, v, x, choice, full, without, float(hat[i]))
        for name, value in row.items():
            cells[name][i] = value
    cells |= _of_all(fit, hat)
    rows = pd.DataFrame(cells, index=fit.rows.index)
    rows["influential"] = _influential(cells, dfbetas)
    rows["reason"] = pd.Series(reasons, index=rows.index, dtype=object)
    names = list(fit.design.names)
    return RegressionInfluence(rows, pd.DataFrame(dfbetas, index=rows.index, columns=names))


def _fitted(y: Array, v: Array, x: Array, choice: Choice, kept: NDArray[np.bool_]) -> _Parts | None:
    """Fit of the kept rows; None where their design is rank deficient."""
    basis: Basis = basis_of(x[kept])
    if basis.dependent:
        return None
    y, v = y[kept], v[kept]
    weights = None if choice.weights is None else choice.weights[kept]
    own = Choice(choice.method, choice.test, choice.level, choice.stated_tau2, weights)
    tau2 = tau2_of(own, y, v, basis.q)
    found = coefficients(y, v, basis, tau2, weights)
    q = multiplier(own, y, v, basis, tau2)
    cochran = project(residuals(y, basis.q), v, basis.q, np.zeros(())).q
    covariance = scaled(own, found.covariance, q)
    return _Parts(found.estimate, covariance, float(tau2), float(cochran), q)


def _row(
    i: int,
    y: Array,
    v: Array,
    x: Array,
    choice: Choice,
    full: _Parts,
    without: _Parts,
    hat: float,
) -> tuple[dict[str, float], Array]:
    """Figures of one study left out, and its dfbetas (p,)."""
    moved = full.estimate - without.estimate
    total = v + without.tau2
    residual = y[i] - float(x[i] @ without.estimate)
    error = np.sqrt(total[i] + float(x[i] @ without.covariance @ x[i]))
    # The covariance of all studies at the tau2 (and multiplier) of the others.
    basis = basis_of(x)
    other = coefficients(y, v, basis, np.asarray(without.tau2), choice.weights).covariance
    spread = np.sqrt(np.diag(scaled(choice, other, without.multiplier)))
    scale = 1.0 if without.multiplier is None else float(_used(choice, without.multiplier))
    size = np.sqrt(np.diag(full.covariance))
    change = moved / size
    row = {
        "rstudent": residual / error,
        "rstudent_residual": residual,
        "rstudent_std_error": error,
        "dffits": float(x[i] @ moved) / np.sqrt(scale * hat * total[i]),
        "cook": float(change @ np.linalg.solve(full.covariance / np.outer(size, size), change)),
        "cov_ratio": _determinant(without.covariance, size) / _determinant(full.covariance, size),
        "tau2_without": without.tau2,
        "q_without": without.q,
    }
    return row, moved / spread


def _used(choice: Choice, q: Array) -> Array:
    return np.maximum(q, 1.0) if choice.test == "knapp_hartung_floored" else q


def _determinant(covariance: Array, size: Array) -> float:
    return float(np.linalg.det(covariance / np.outer(size, size)))


def _hat(total: Array, x: Array, weights: Array | None) -> Array:
    """Diagonal of X (X'WX)^-1 X'W."""
    w = 1.0 / total if weights is None else weights
    u = np.linalg.qr(np.sqrt(w)[:, None] * basis_of(x).q)[0]
    return np.asarray((u**2).sum(1))


def _of_all(fit: RegressionFit, hat: Array) -> dict[str, Array]:
    names = {
        "rstandard": "standardised",
        "rstandard_residual": "residual",
        "rstandard_std_error": "residual_std_error",
        "weight": "weight",
    }
    return {"hat": hat} | {a: fit.rows[b].to_numpy(dtype=np.float64) for a, b in names.items()}


def _influential(cells: dict[str, Array], dfbetas: Array) -> NDArray[np.bool_]:
    k, p = dfbetas.shape
    return np.asarray(
        (np.abs(cells["dffits"]) > 3.0 * np.sqrt(p / (k - p)))
        | (special.chdtr(float(p), cells["cook"]) > 0.5)
        | (cells["hat"] > 3.0 * p / k)
        | (np.abs(dfbetas) > 1.0).any(1)
    )


def variance_inflation(fit: RegressionFit) -> pd.DataFrame:
    """How much the moderators repeat each other: variance inflation of their coefficients.

    Of m coefficients together the generalised factor of Fox and Monette 1992,
    det(R11) det(R22) / det(R) with R the correlations of all coefficients but the intercept.
    Checked against metafor ``vif``.

    Returns
    -------
    DataFrame
        One row a coefficient, and one more for each moderator of several: term, coefficients (how
        many), vif, and inflation of the standard error, vif^(1 / (2 m)).

    Raises
    ------
    FitError
        If there are fewer than two coefficients besides the intercept.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9, 0.3], [0.1, 0.1, 0.2, 0.2, 0.2])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0, 5.0], "year": [1, 2, 2, 4, 5]})
    >>> variance_inflation(meta_regression(table, frame, test="z"))["vif"].round(1).tolist()
    [14.5, 14.5]
    """
    check_kind("fit", fit, RegressionFit, FitError)
    places = [i for i, name in enumerate(fit.design.names) if name != INTERCEPT]
    if len(places) < 2:
        right = "a factor compares a moderator with others: fit at least two coefficients"
        problem = Problem("fit", "has fewer than two coefficients besides the intercept", right)
        raise FitError("there is no variance inflation", [problem])
    part = fit.covariance[np.ix_(places, places)]
    size = np.sqrt(np.diag(part))
    correlation = part / np.outer(size, size)
    sets = {fit.design.names[i]: [j] for j, i in enumerate(places)}
    for term, columns in fit.design.terms.items():
        own = [places.index(i) for i in columns if i in places]
        if 1 < len(own) < len(places):
            sets[term] = own
    rows = []
    for term, own in sets.items():
        rest = [j for j in range(len(places)) if j not in own]
        inner, outer = (np.linalg.slogdet(correlation[np.ix_(s, s)])[1] for s in (own, rest))
        vif = float(np.exp(inner + outer - np.linalg.slogdet(correlation)[1]))
        rows.append((term, len(own), vif, vif ** (0.5 / len(own))))
    return pd.DataFrame(rows, columns=["term", "coefficients", "vif", "std_error_inflation"])
