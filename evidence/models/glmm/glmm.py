"""pool_glmm: meta-analysis of counts by generalised linear mixed models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.errors import FitError, Problem, check_kind, did_you_mean
from evidence.models.frequentist.fit import information_criteria
from evidence.models.glmm.counts import Counts, check_events, read_counts
from evidence.models.glmm.fit import Fitted, GlmmFit, HeterogeneityTest, Tau2Test
from evidence.models.glmm.kernels_newton import Solution, gradient_norm
from evidence.models.glmm.options import (
    Coding,
    GlmmOptions,
    Likelihood,
    Measure,
    ModelName,
    Test,
    resolve,
)
from evidence.models.glmm.problem import (
    Setting,
    common_fit,
    plain_effects,
    random_fit,
    saturated_fit,
    setting_of,
)
from evidence.models.regression.design import INTERCEPT, Design, build
from evidence.models.regression.kernels_gls import Basis, basis_of
from evidence.models.regression.regression import terms_frame
from evidence.models.regression.wald import moderators_test

Array = NDArray[np.float64]
FEW = 5
ONE = ("events", "total")
TWO = ("events_treatment", "total_treatment", "events_control", "total_control")


def pool_glmm(
    frame: pd.DataFrame,
    *,
    measure: Measure,
    likelihood: Likelihood | None = None,
    model: ModelName = "random",
    moderators: str | Sequence[str] | None = None,
    intercept: bool = True,
    events_treatment: str = "events_treatment",
    total_treatment: str = "total_treatment",
    events_control: str = "events_control",
    total_control: str = "total_control",
    events: str = "events",
    total: str = "total",
    coding: Coding | None = None,
    correlated: bool = False,
    quadrature_points: int | None = None,
    drop_double_zero: bool | None = None,
    test: Test = "z",
    level: float = 0.95,
) -> GlmmFit:
    """Pool counts by their exact distribution, by maximum likelihood.

    No constant is added to empty cells. The effects of the studies are normal about what the
    moderators predict, with variance tau2.

    Parameters
    ----------
    frame : DataFrame, one row a study
    measure : {"OR", "IRR", "PLO", "IRLN"}
        Log odds ratio, log rate ratio, log odds of one group, log rate of one group. Of rates the
        totals are person-time.
    likelihood : str, optional
        Of two groups (Jackson et al. 2018): "unconditional_fixed" (the default; binomial or
        Poisson groups, an intercept for each study), "unconditional_random" (normal study
        intercepts), "conditional_exact" (given the study's events: non-central hypergeometric, or
        binomial for rates), "conditional_approximate" (binomial for odds ratios of rare events).
    model : {"random", "common"}
        "common": tau2 = 0.
    moderators : str or sequence of str, optional
        A formula of the frame's columns such as "~ year", or names of columns.
    intercept : bool
        Not with a formula, which says it itself ("- 1").
    events_treatment, total_treatment, events_control, total_control : str
        Columns of two groups.
    events, total : str
        Columns of one group.
    coding : {"both", "treatment", "control"}, optional
        Which group the random effect moves in an unconditional model: both by half, the default,
        whose answer does not depend on which group is called treatment; or one alone.
    correlated : bool
        Whether random study intercepts and effects are correlated (van Houwelingen 1993).
    quadrature_points : int, optional
        Of the adaptive Gauss-Hermite quadrature, a dimension; 1 is Laplace's approximation. By
        default 7, with two random effects 1.
    drop_double_zero : bool, optional
        Whether studies without events, or with events only, in both groups are left out, the
        default. They inform only random study intercepts; kept, they count as studies.
    test : {"z", "t"}
        t has k - p degrees of freedom.
    level : float

    Returns
    -------
    GlmmFit

    Raises
    ------
    FitError
        If an option is wrong or would do nothing, a count is impossible, outcomes are separated,
        there are too few studies, or the fit did not converge.

    Notes
    -----
    Newton's method on the exact derivatives of the quadrature (complex step); Stijnen, Hamza and
    Ozdemir 2010, Turner et al. 2000. Checked against metafor's ``rma.glmm`` and against direct
    integration.

    Examples
    --------
    >>> frame = pd.DataFrame({"events_treatment": [4, 6, 3, 62], "total_treatment": [123, 306, 231,
    ...     13598], "events_control": [11, 29, 11, 248], "total_control": [139, 303, 220, 12867]})
    >>> fit = pool_glmm(frame, measure="OR", likelihood="conditional_exact")
    >>> round(fit.estimate, 3), round(fit.tau2, 3)
    (-1.45, 0.0)
    """
    check_kind("frame", frame, pd.DataFrame, FitError)
    options = resolve(
        measure, likelihood, model, coding, correlated, quadrature_points, drop_double_zero,
        test, level,
    )  # fmt: skip
    two = (events_treatment, total_treatment, events_control, total_control)
    columns = _columns(two, (events, total), options)
    counts = read_counts(frame, columns, options)
    check_events(counts, options)
    design = _design(frame[counts.kept], moderators, counts, intercept)
    return fit_counts(counts, design, options)


def _columns(two: tuple[str, ...], one: tuple[str, ...], options: GlmmOptions) -> tuple[str, ...]:
    """Columns of the measure; naming those of the other kind would do nothing."""
    used, idle, usual = (one, two, TWO) if options.one_group else (two, one, ONE)
    problems = [
        Problem(argument, f"{name!r} would do nothing for {options.measure!r}", "leave it out")
        for name, argument in zip(idle, usual, strict=True)
        if name != argument
    ]
    if problems:
        raise FitError("the columns are not those of the measure", problems)
    return used


def fit_counts(counts: Counts, design: Design, options: GlmmOptions) -> GlmmFit:
    """Fit checked counts and a built design.

    Raises
    ------
    FitError
    """
    basis = _basis(design, counts.k, options)
    setting = setting_of(counts, basis, options)
    informative = int(setting.rows.sum())
    _require_informative(informative, setting, options)
    common_model, common = common_fit(setting, options)
    saturated, effects, spread = saturated_fit(counts, setting, (common_model, common), options)
    solution = random_fit(setting, common) if options.random else common
    fitted_model = setting.model if options.random else common_model
    tau2, sigma2, correlation = variances(solution, options)
    estimate, covariance = coefficients(setting, solution)
    df = np.inf if options.test == "z" else float(counts.k - len(design.names))
    left = counts.k - len(design.names)
    wald, reason = _wald(effects, spread, design, left)
    ratio = max(0.0, 2.0 * (saturated - common.value))
    i2, h2 = _i2(counts, basis, tau2, options)
    return GlmmFit(
        options=options,
        design=design,
        k=counts.k,
        k_informative=informative,
        terms=terms_frame(design.names, estimate, covariance, df, options.level),
        covariance=covariance,
        tau2=tau2,
        sigma2=sigma2,
        correlation=correlation,
        study_mean=float(solution.beta[0]) if setting.intercepts else None,
        wald_heterogeneity=wald,
        wald_reason=reason,
        lr_heterogeneity=_chi_squared(ratio, left) if left > 0 else None,
        tau2_test=_tau2_test(solution, common, options),
        moderators=moderators_test(design, estimate, covariance, df),
        likelihood=information_criteria(
            solution.value,
            2.0 * (saturated - solution.value),
            _parameters(counts, setting, options),
            counts.k * options.observations,
        ),
        i2=i2,
        h2=h2,
        dropped=counts.dropped,
        iterations=solution.iterations,
        gradient=gradient_norm(fitted_model, solution.beta, solution.own, solution.theta),
        notes=_notes(counts, informative, solution, tau2, sigma2, correlation, options),
        fitted=Fitted(setting, solution, common),
    )


def variances(solution: Solution, options: GlmmOptions) -> tuple[float, float | None, float | None]:
    """tau2, sigma2 and the correlation of a solution; None where the model has none."""
    theta = solution.theta
    if not options.random_studies:
        return (float(theta[0] ** 2) if len(theta) else 0.0), None, None
    if not options.random:
        return 0.0, float(theta[0] ** 2), None
    if not options.correlated:
        return float(theta[0] ** 2), float(theta[1] ** 2), None
    sigma = float(np.hypot(theta[1], theta[2]))
    known = theta[0] > 0 and sigma > 0
    return float(theta[0] ** 2), sigma**2, float(theta[1] / sigma) if known else None


def coefficients(setting: Setting, solution: Solution) -> tuple[Array, Array]:
    """Coefficients (p,) of the design and their covariance."""
    first, p = setting.intercepts, len(solution.beta)
    back = setting.basis.back * np.sqrt(len(setting.basis.q))
    covariance = np.linalg.inv(solution.information)[first:p, first:p]
    found = back @ covariance @ back.T
    return back @ solution.beta[first:], np.asarray(0.5 * (found + found.T))


def _design(
    frame: pd.DataFrame,
    moderators: str | Sequence[str] | None,
    counts: Counts,
    intercept: bool,
) -> Design:
    if moderators is not None and not len(moderators):
        problem = Problem("moderators", "none is named", "leave the argument out")
        raise FitError("the moderators do not make a design", [problem])
    if moderators is None:
        if not intercept:
            right = "intercept=True, or give a moderator"
            problem = Problem("intercept", "without moderators nothing would be left", right)
            raise FitError("the moderators do not make a design", [problem])
        return Design(np.ones((counts.k, 1)), (INTERCEPT,), {}, {}, ())
    rows = frame.reset_index(drop=True)
    place = pd.RangeIndex(len(rows))
    if isinstance(moderators, str):
        return build(moderators, rows, place, intercept=intercept)
    missing = [name for name in moderators if name not in frame]
    if missing:
        there = [str(name) for name in frame.columns]
        raise FitError(
            "columns are missing",
            [Problem(f"moderator {m!r}", "not there", did_you_mean(m, there)) for m in missing],
        )
    return build(rows[list(moderators)], None, place, intercept=intercept)


def _basis(design: Design, k: int, options: GlmmOptions) -> Basis:
    p = len(design.names)
    least = p + 1 if options.random or options.random_studies or options.test == "t" else p
    if k < least:
        right = f"at least {least}: leave moderators out, or model='common' with test='z'"
        problem = Problem("frame", f"{k} studies for {p} coefficients", right)
        raise FitError("too few studies for the mixed model", [problem])
    basis = basis_of(design.matrix)
    if basis.dependent:
        right = "leave it out, or pool levels that never stand apart"
        raise FitError(
            "the moderators cannot be told apart",
            [
                Problem(f"column {design.names[j]!r}", "is a sum of columns before it", right)
                for j in basis.dependent
            ],
        )
    return basis


def _require_informative(informative: int, setting: Setting, options: GlmmOptions) -> None:
    p = setting.basis.q.shape[1]
    least = p + int(options.random)
    rank = np.linalg.matrix_rank(setting.basis.q[setting.rows]) if informative else 0
    if informative < least or rank < p:
        what = f"{informative} studies inform about {p} coefficients"
        right = f"at least {least}, spread over all moderators"
        raise FitError("too few informative studies", [Problem("frame", what, right)])


def _wald(
    effects: Array | None, spread: Array | None, design: Design, left: int
) -> tuple[HeterogeneityTest | None, str | None]:
    if left == 0:
        return None, "there are as many coefficients as studies"
    if effects is None or spread is None:
        return None, "an empty cell makes a study's own effect infinite"
    factor = np.linalg.cholesky(spread)
    u, _ = np.linalg.qr(np.linalg.solve(factor, design.matrix))
    z = np.linalg.solve(factor, effects)
    rest = z - u @ (u.T @ z)
    return _chi_squared(float(rest @ rest), left), None


def _chi_squared(statistic: float, df: int) -> HeterogeneityTest:
    return HeterogeneityTest(statistic, df, float(special.chdtrc(df, statistic)))


def _tau2_test(solution: Solution, common: Solution, options: GlmmOptions) -> Tau2Test | None:
    if not options.random:
        return None
    df = 2 if options.correlated else 1
    statistic = max(0.0, 2.0 * (solution.value - common.value))
    if statistic <= 1e-9 * (1.0 + abs(common.value)):
        return Tau2Test(0.0, df, 1.0)
    tails = [float(special.chdtrc(d, statistic)) if d else 0.0 for d in (df - 1, df)]
    return Tau2Test(statistic, df, 0.5 * sum(tails))


def _parameters(counts: Counts, setting: Setting, options: GlmmOptions) -> int:
    own = counts.k if options.likelihood == "unconditional_fixed" else 0
    random = int(options.random) + int(options.random_studies) + int(options.correlated)
    return int(setting.basis.q.shape[1]) + own + random + setting.intercepts


def _i2(counts: Counts, basis: Basis, tau2: float, options: GlmmOptions) -> tuple[float, float]:
    """Higgins and Thompson 2002, with (k - p) / tr(P) as the typical sampling variance."""
    k, p = basis.q.shape
    if tau2 == 0.0:
        return 0.0, 1.0
    _, v = plain_effects(counts, options, 0.5)
    u, _ = np.linalg.qr(basis.q / np.sqrt(v)[:, None])
    typical = (k - p) / float(((1.0 - (u**2).sum(1)) / v).sum())
    return 100.0 * tau2 / (tau2 + typical), 1.0 + tau2 / typical


def _notes(
    counts: Counts,
    informative: int,
    solution: Solution,
    tau2: float,
    sigma2: float | None,
    correlation: float | None,
    options: GlmmOptions,
) -> tuple[str, ...]:
    notes = []
    if len(counts.dropped):
        count = len(counts.dropped)
        notes.append(f"{count} uninformative stud{'ies' if count > 1 else 'y'} left out")
    if informative < counts.k:
        notes.append(f"{counts.k - informative} of the studies say nothing about the effect")
    if options.random and tau2 == 0.0:
        notes.append("tau2 is estimated at 0, the edge; this is not proof of 0")
    if sigma2 == 0.0:
        notes.append("the variance of the study effects is estimated at 0, the edge")
    if options.correlated and correlation is None:
        notes.append("a variance is 0: there is no correlation")
    elif correlation is not None and solution.theta[2] == 0.0:
        notes.append("the correlation is estimated at the edge")
    if options.random and counts.k < FEW:
        notes.append(f"{counts.k} studies say little about tau2")
    return tuple(notes)
