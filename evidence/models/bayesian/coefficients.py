"""bayes_regression: Bayesian meta-regression, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.fit import (
    TERM_COLUMNS,
    arrays_of,
    column_of,
    moments_that_exist,
    require_inputs,
)
from evidence.models.bayesian.kernels import TauGrid, tau_cdf, tau_grid
from evidence.models.bayesian.kernels_coefficients import conditional
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.bayesian.summaries import figures_of, tau_figures, tau_mode
from evidence.models.regression.design import Design, build, rows_of

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BayesRegression:
    """Answer of ``bayes_regression``, on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    design : Design
    prior_tau : TauPrior
    prior_coefficients : mapping of str to MuPrior
    level, interval : float, str
    terms : DataFrame
        A row for each coefficient and one for tau: term, mean, median, sd, ci_low, ci_high,
        level. A mean or sd that does not exist is None.
    shrinkage : DataFrame
        True effect of each study: mean, median, sd, ci_low, ci_high.
    log_marginal_likelihood : float or None
        None where a prior is improper.
    grid : TauGrid
        Nodes and probabilities of tau.
    coefficients, covariances : ndarray, shape (n, p) and (n, p, p)
        Mean and covariance of the coefficients given each node.
    notes : tuple of str
    """

    table: EffectTable
    design: Design
    prior_tau: TauPrior
    prior_coefficients: Mapping[str, MuPrior]
    level: float
    interval: str
    terms: pd.DataFrame
    shrinkage: pd.DataFrame
    log_marginal_likelihood: float | None
    grid: TauGrid
    coefficients: Array
    covariances: Array
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_text

    def components(self, x: ArrayLike) -> tuple[Array, Array, Array]:
        """Normals that make up ``x'b``; x of shape (rows, p) gives three (rows, n)."""
        X = np.atleast_2d(np.asarray(x, dtype=np.float64))
        mean = X @ self.coefficients.T
        variance = np.einsum("rp,npq,rq->rn", X, self.covariances, X)
        return np.broadcast_to(self.grid.weights, mean.shape), mean, np.sqrt(variance)

    def mode(self, term: str) -> float:
        """Highest point of the posterior density of a coefficient or of ``tau``."""
        if self._known(term) == "tau":
            return 0.0 if self.prior_tau.family.order < 0.0 else tau_mode(self.grid)
        return float(mixtures.mode(*self.components(self._unit(term)))[0])

    def probability_below(self, threshold: float, term: str) -> float:
        """Posterior probability that a coefficient or ``tau`` is below the threshold."""
        if not np.isfinite(threshold):
            problem = Problem("threshold", f"{threshold!r}", "a finite number")
            raise FitError("no such probability", [problem])
        if self._known(term) == "tau":
            return float(tau_cdf(self.grid, threshold))
        found = mixtures.cdf(*self.components(self._unit(term)), np.array([[float(threshold)]]))
        return float(found[0, 0])

    def __str__(self) -> str:
        of = counted(self.table.k, "study", "studies")
        head = f"Bayesian meta-regression: {of}, {self.table.measure}"
        lines = [head + f" ({self.table.scale} scale)", f"  prior of tau: {self.prior_tau}"]
        lines += [f"  prior of {name}: {p}" for name, p in self.prior_coefficients.items()]
        lines += [
            f"  {row['term']:<12} median {row['median']:.4g}, "
            f"{100 * self.level:g}% {row['ci_low']:.4g} to {row['ci_high']:.4g}"
            for row in self.terms.to_dict("records")
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def _known(self, term: str) -> str:
        known = (*self.design.names, "tau")
        if term not in known:
            problem = Problem("term", f"unknown: {term!r}", did_you_mean(str(term), known))
            raise FitError("no such quantity", [problem])
        return term

    def _unit(self, term: str) -> Array:
        return np.asarray(np.array(self.design.names) == term, dtype=np.float64)


def bayes_regression(
    table: EffectTable,
    moderators: pd.DataFrame | str,
    *,
    tau: TauPrior,
    data: pd.DataFrame | None = None,
    intercept: bool = True,
    coefficients: Mapping[str, MuPrior] | None = None,
    level: float = 0.95,
    interval: str = "central",
) -> BayesRegression:
    """Fit a random-effects meta-regression, exactly (bayesmeta: ``bmr``).

    ``y_i ~ N(x_i'b, s_i^2 + tau^2)``. Coefficients are integrated in closed form, tau by
    quadrature; Roever and Friede (2023). Checked against bayesmeta 3.4 and grids.

    Parameters
    ----------
    table : EffectTable
        Independent rows.
    moderators, data, intercept
        As in ``meta_regression``: a frame, or a formula such as ``"~ year"`` and its data.
    tau : TauPrior
    coefficients : mapping of str to MuPrior, optional
        Priors by the coefficients' names (``intercept``, ...); flat where none is given.
    level, interval : float, {"central", "shortest"}
        Of all intervals.

    Raises
    ------
    FitError
        If rows are dependent, the design or an option is wrong, or the posterior is improper.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> table = table_of([0.1, 0.3, 0.4, 0.8], [0.1, 0.1, 0.2, 0.1])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]})
    >>> fit = bayes_regression(table, "~ dose", data=frame, tau=half_normal(0.5))
    >>> round(fit.probability_below(0.0, "dose"), 3)
    0.027
    """
    require_inputs(table, tau, flat(), level, interval)
    design = build(moderators, data, table.rows.index, intercept=intercept)
    priors = _priors(design, coefficients)
    y, s = arrays_of(table)
    X, names = design.matrix, design.names
    mean = np.array([priors[name].mean for name in names])
    precision = np.array([priors[name].precision for name in names])
    _require_rank(X, precision, names)
    free = int((precision == 0.0).sum())
    right = _require_proper(y.size, free, tau)
    moment = moments_that_exist(right)
    grid = _grid(y, s, X, tau, mean, precision, right, moment)
    _, b, V = conditional(grid.tau, y, s, X, mean, precision)
    parts = _study_parts(grid, y, s, X, b, V)
    proper = tau.proper and not free
    return BayesRegression(
        table=table,
        design=design,
        prior_tau=tau,
        prior_coefficients=priors,
        level=level,
        interval=interval,
        terms=_terms(grid, names, b, V, (moment, 2 if not free else moment), level, interval),
        shrinkage=_summary(parts, table.rows.index, level, interval),
        log_marginal_likelihood=float(grid.log_integral) if proper else None,
        grid=grid,
        coefficients=b,
        covariances=V,
        notes=_notes(moment, free),
    )


def bayes_predict(fit: BayesRegression, new: pd.DataFrame) -> pd.DataFrame:
    """Predict the mean and the true effect of a new study at moderator values.

    Parameters
    ----------
    fit : BayesRegression
    new : DataFrame
        A row for each prediction, with the columns that the fit used.

    Returns
    -------
    DataFrame
        Indexed by row of ``new`` and by what is predicted (``mean``, ``study``): mean, median,
        sd, ci_low, ci_high.

    Raises
    ------
    FitError
        If a column is absent or a value is not usable.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> table = table_of([0.1, 0.3, 0.4, 0.8], [0.1, 0.1, 0.2, 0.1])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]})
    >>> fit = bayes_regression(table, "~ dose", data=frame, tau=half_normal(0.5))
    >>> bayes_predict(fit, pd.DataFrame({"dose": [2.5]}))["median"].round(3).tolist()
    [0.42, 0.422]
    """
    if not isinstance(new, pd.DataFrame):
        problem = Problem("new", f"is a {type(new).__name__}", "a DataFrame of moderators")
        raise FitError("nothing can be predicted", [problem])
    p, m, s = fit.components(rows_of(fit.design, new))
    wide = np.hypot(s, fit.grid.tau)
    found = {
        kind: _summary((p, m, sd), new.index, fit.level, fit.interval)
        for kind, sd in (("mean", s), ("study", wide))
    }
    frame = pd.concat(found, names=["of"]).swaplevel().sort_index(kind="stable", level=0)
    if moments_that_exist(_require_proper(fit.table.k, _free(fit), fit.prior_tau)) < 2:
        frame = frame.drop(columns=["mean", "sd"])
    return frame


def _free(fit: BayesRegression) -> int:
    return sum(not prior.proper for prior in fit.prior_coefficients.values())


def _priors(design: Design, given: Mapping[str, MuPrior] | None) -> dict[str, MuPrior]:
    stated, problems = dict(given or {}), []
    for name, prior in stated.items():
        if name not in design.names:
            right = did_you_mean(str(name), design.names)
            problems.append(Problem("coefficients", f"unknown: {name!r}", right))
        elif not isinstance(prior, MuPrior):
            right = "normal(0, 4) or flat()"
            problems.append(Problem(f"coefficients[{name!r}]", f"{prior!r} is not a prior", right))
    if problems:
        raise FitError("the priors of the coefficients are not usable", problems)
    return {name: stated.get(name, flat()) for name in design.names}


def _require_rank(X: Array, precision: Array, names: tuple[str, ...]) -> None:
    scaled = X / np.abs(X).max(axis=0, initial=1e-300)
    known = np.diag(np.where(precision > 0, 1.0, 0.0))
    if np.linalg.matrix_rank(np.vstack([scaled, known])) < len(names):
        problem = Problem(
            "moderators", f"the columns {', '.join(names)} depend on each other", "leave one out"
        )
        raise FitError("the coefficients cannot be told apart", [problem])


def _require_proper(k: int, free: int, tau: TauPrior) -> float:
    right = tau.tail + k - free - 1.0
    if k < free or right <= 0.0:
        problem = Problem(
            "tau",
            f"the {tau} prior with {free} flat coefficients needs more than {k} studies",
            "take a proper prior of tau, or give the coefficients priors",
        )
        raise FitError("the posterior is improper: it has no finite integral", [problem])
    return right


def _grid(
    y: Array, s: Array, X: Array, tau: TauPrior, mean: Array, P: Array, right: float, moment: int
) -> TauGrid:
    reach = max(float(np.ptp(y)), float(np.abs(y - X @ np.where(P > 0, mean, 0.0)).max()))
    low, high = float(s.min()), max(float(s.max()), reach)
    if tau.proper and not tau.family.from_data:
        ends = tau.quantile([1e-6, 0.999])
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))
    width = np.linalg.norm(X, axis=0)

    def log_density(t: Array) -> Array:
        return tau.log_density(t, s) + conditional(t, y, s, X, mean, P)[0]

    def watched(t: Array) -> tuple[Array, ...]:
        _, b, V = conditional(t, y, s, X, mean, P)
        fitted = (b * width).T / high
        spread = np.diagonal(V, axis1=1, axis2=2).T * width[:, None] ** 2
        return (*(3.0 + np.tanh(f) for f in fitted), *(v / (v + high**2) for v in spread))

    return tau_grid(
        log_density,
        low=low,
        high=high,
        left=tau.family.order + 1.0,
        right=right,
        moment=float(moment),
        upper=tau.upper,
        moments=watched,
    )


def _study_parts(
    grid: TauGrid, y: Array, s: Array, X: Array, b: Array, V: Array
) -> tuple[Array, Array, Array]:
    fitted, spread = X @ b.T, np.einsum("kp,npq,kq->kn", X, V, X)
    pull = s[:, None] ** 2 / (s[:, None] ** 2 + grid.tau**2)
    mean = y[:, None] + pull * (fitted - y[:, None])
    sd = np.sqrt(pull * grid.tau**2 + pull**2 * spread)
    return np.broadcast_to(grid.weights, mean.shape), mean, sd


def _summary(
    parts: tuple[Array, Array, Array], index: pd.Index, level: float, interval: str
) -> pd.DataFrame:
    mean, sd = mixtures.moments(*parts)
    found = figures_of(parts, level, interval)
    columns = {"mean": mean, "median": found[:, 0], "sd": sd}
    return pd.DataFrame({**columns, "ci_low": found[:, 1], "ci_high": found[:, 2]}, index=index)


def _terms(
    grid: TauGrid,
    names: tuple[str, ...],
    b: Array,
    V: Array,
    exist: tuple[int, int],
    level: float,
    interval: str,
) -> pd.DataFrame:
    sd = np.sqrt(np.diagonal(V, axis1=1, axis2=2)).T
    parts = np.broadcast_to(grid.weights, sd.shape), b.T, sd
    frame = _summary(parts, pd.Index(names), level, interval)
    tau_mean = float((grid.weights * grid.tau).sum())
    tau_sd = float(np.sqrt((grid.weights * (grid.tau - tau_mean) ** 2).sum()))
    median, low, high = tau_figures(grid, level, interval)
    frame.loc["tau"] = [tau_mean, median, tau_sd, low, high]
    moments = [exist[1]] * len(names) + [exist[0]]
    for name, order in (("mean", 1), ("sd", 2)):
        values = zip(frame[name].tolist(), moments, strict=True)
        column = column_of([value if found >= order else None for value, found in values])
        frame[name] = column.to_numpy()
    frame = frame.rename_axis("term").reset_index().assign(level=level)
    return frame[list(TERM_COLUMNS)]


def _notes(moment: int, free: int) -> tuple[str, ...]:
    if moment == 2:
        return ()
    missing = ("neither means nor standard deviations", "no standard deviations")[moment]
    what = "the coefficients and tau have" if free else "tau has"
    return (f"{what} {missing} here: the posterior falls too slowly; medians and intervals hold",)
