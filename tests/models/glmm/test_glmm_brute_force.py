"""Mixed models of counts beside direct integration, other software's GLMs and known densities."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, optimize, special, stats

from evidence.models.glmm.glmm import pool_glmm
from evidence.models.glmm.kernels_arms import (
    binomial,
    conditional_estimates,
    density,
    hypergeometric,
    poisson,
)
from evidence.models.glmm.kernels_marginal import derivatives, marginal, root_of
from evidence.models.glmm.profile import (
    glmm_tau2_interval,
    marginal_log_likelihood,
    profile_log_likelihood,
)

TABLES = pd.DataFrame(
    {
        "events_treatment": [4, 6, 3, 62, 33, 2],
        "total_treatment": [123, 306, 231, 1359, 506, 40],
        "events_control": [11, 29, 11, 248, 47, 0],
        "total_control": [139, 303, 220, 1286, 580, 38],
        "year": [1948, 1949, 1960, 1977, 1973, 1953],
    }
)
GROUP = pd.DataFrame({"events": [1, 9, 2, 1, 0], "total": [10, 12, 15, 9, 14]})
X1, N1, X2, N2 = (TABLES[name].to_numpy(dtype=float) for name in TABLES.columns[:4])


def log_binomial(x, n, eta):
    choose = special.gammaln(n + 1) - special.gammaln(x + 1) - special.gammaln(n - x + 1)
    return choose + x * eta - n * np.logaddexp(0.0, eta)


def log_poisson(x, n, eta):
    return x * (eta + np.log(n)) - n * np.exp(eta) - special.gammaln(x + 1)


def normal_mixture(log_density, tau: float) -> float:
    """Log of the integral of exp(log_density(u)) over u normal with sd tau."""

    def integrand(z: float) -> float:
        return float(np.exp(log_density(tau * z) - 0.5 * z * z)) / np.sqrt(2.0 * np.pi)

    return float(np.log(integrate.quad(integrand, -9, 9, epsabs=0, epsrel=1e-11, limit=400)[0]))


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["PLO", "IRLN"])
def test_one_group_likelihood_is_the_integral(measure: str) -> None:
    log_density = log_binomial if measure == "PLO" else log_poisson
    rows = GROUP.to_numpy(dtype=float)

    def total(mean: float, tau: float) -> float:
        return sum(
            normal_mixture(lambda u, x=x, n=n: log_density(x, n, mean + u), tau) for x, n in rows
        )

    fit = pool_glmm(GROUP, measure=measure, quadrature_points=41)
    ours = fit.likelihood.log_likelihood
    assert ours == pytest.approx(total(fit.estimate, np.sqrt(fit.tau2)), abs=1e-8)
    best = optimize.minimize(
        lambda t: -total(t[0], np.exp(t[1])),
        [fit.estimate + 0.1, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-11},
    )
    assert fit.estimate == pytest.approx(best.x[0], abs=1e-4)
    assert fit.tau2 == pytest.approx(np.exp(2 * best.x[1]), abs=1e-3)
    assert ours >= -best.fun - 1e-8


def test_exact_conditional_likelihood_is_the_integral() -> None:
    fit = pool_glmm(TABLES, measure="OR", likelihood="conditional_exact", quadrature_points=41)
    tau2, mean = 0.3, -0.4
    direct = sum(
        normal_mixture(
            lambda u, i=i: stats.nchypergeom_fisher.logpmf(
                X1[i], N1[i] + N2[i], X1[i] + X2[i], N1[i], np.exp(mean + u)
            ),
            np.sqrt(tau2),
        )
        for i in range(len(X1))
    )
    assert marginal_log_likelihood(fit, [mean], tau2) == pytest.approx(direct, abs=1e-6)


@pytest.mark.parametrize("measure", ["OR", "IRR"])
@pytest.mark.parametrize("coding", ["both", "treatment", "control"])
def test_fixed_study_effects_likelihood_is_the_profiled_integral(measure, coding) -> None:
    rows = TABLES.iloc[[0, 2, 5]]
    fit = pool_glmm(rows, measure=measure, coding=coding, quadrature_points=31)
    tau, mean = 0.6, -0.5
    codes = {"both": (0.5, -0.5), "treatment": (1.0, 0.0), "control": (0.0, 1.0)}[coding]

    log_density = log_binomial if measure == "OR" else log_poisson
    direct = 0.0
    for x1, n1, x2, n2 in rows.iloc[:, :4].to_numpy(dtype=float):

        def own(a, x1=x1, n1=n1, x2=x2, n2=n2) -> float:
            return -normal_mixture(
                lambda u: (
                    log_density(x1, n1, a + mean + codes[0] * u)
                    + log_density(x2, n2, a + codes[1] * u)
                ),
                tau,
            )

        direct -= optimize.minimize_scalar(own, bounds=(-8, 2), method="bounded").fun
    assert marginal_log_likelihood(fit, [mean], tau**2) == pytest.approx(direct, abs=1e-6)


def test_two_correlated_random_effects_are_the_double_integral() -> None:
    y, n = np.array([[3.0, 5.0], [0.0, 7.0]]), np.array([[20.0, 30.0], [50.0, 40.0]])
    a, z = np.array([[-1.5, -1.2], [-3.0, -1.8]]), np.array([[0.5, 1.0], [-0.5, 1.0]])
    theta = np.array([0.7, 0.3, 0.6])
    root = root_of(theta)
    found = marginal(binomial(y, n), a, theta, z, 31)
    for i in range(2):

        def integrand(v2: float, v1: float, i=i) -> float:
            p = special.expit(a[i] + z @ root @ np.array([v1, v2]))
            inside = special.comb(n[i], y[i]) * p ** y[i] * (1 - p) ** (n[i] - y[i])
            return float(np.prod(inside) * np.exp(-0.5 * (v1**2 + v2**2)) / (2 * np.pi))

        direct = integrate.dblquad(integrand, -7, 7, -7, 7, epsabs=1e-11)[0]
        assert found[i] == pytest.approx(np.log(direct), abs=1e-7)


@pytest.mark.parametrize("points", [1, 7])
@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("make", [binomial, poisson])
def test_gradients_and_hessians_are_those_of_differences(make, size, points) -> None:
    y, n = np.array([[3.0, 5.0], [0.0, 7.0]]), np.array([[20.0, 30.0], [50.0, 40.0]])
    arms, a = make(y, n), np.array([[-1.5, -1.2], [-3.0, -1.8]])
    z = np.array([[0.5, 1.0], [-0.5, 1.0]])[:, : min(size, 2)]
    theta = np.array([0.7, 0.3, 0.6])[:size]
    found = derivatives(arms, a, theta, z, points)

    def at(move: np.ndarray) -> np.ndarray:
        return marginal(arms, a + move[:2], theta + move[2:], z, points)

    for c in range(2 + size):
        step = np.eye(2 + size)[c] * 1e-5
        assert found.gradient[:, c] == pytest.approx((at(step) - at(-step)) / 2e-5, abs=1e-7)
        wide = 100 * step
        second = (at(wide) - 2 * at(0 * step) + at(-wide)) / 1e-6
        assert found.hessian[:, c, c] == pytest.approx(second, abs=1e-4)


def test_hypergeometric_density_is_fishers() -> None:
    arms = hypergeometric(X1, N1, X2, N2)
    for eta in (-8.0, -0.7, 0.0, 2.0, 9.0):
        ours = density(arms, np.full((len(X1), 1), eta)).value[:, 0]
        theirs = stats.nchypergeom_fisher.logpmf(X1, N1 + N2, X1 + X2, N1, np.exp(eta))
        kept = np.isfinite(theirs)  # beyond e^-700 theirs underflows
        assert kept.sum() >= 5
        assert ours[kept] == pytest.approx(theirs[kept], rel=1e-7)


def test_conditional_estimates_are_scipys() -> None:
    effect, variance = conditional_estimates(hypergeometric(X1, N1, X2, N2))
    for i in range(5):
        table = [[int(X1[i]), int(X2[i])], [int(N1[i] - X1[i]), int(N2[i] - X2[i])]]
        theirs = stats.contingency.odds_ratio(table, kind="conditional").statistic
        assert np.exp(effect[i]) == pytest.approx(theirs, rel=1e-6)
    assert np.isposinf(effect[5])
    assert np.isposinf(variance[5])


@pytest.mark.parametrize("measure", ["OR", "IRR"])
@pytest.mark.parametrize("moderators", [None, "~ year"])
def test_common_fixed_studies_model_is_an_ordinary_glm(measure, moderators) -> None:
    import statsmodels.api as sm

    k = len(TABLES)
    group = np.repeat([1.0, 0.0], k)
    design = [group] if moderators is None else [group, group * np.tile(TABLES["year"] - 1960, 2)]
    x = np.column_stack([*design, np.tile(np.eye(k), (2, 1))])
    y, n = np.r_[X1, X2], np.r_[N1, N2]
    if measure == "OR":
        model = sm.GLM(np.c_[y, n - y], x, family=sm.families.Binomial())
    else:
        model = sm.GLM(y, x, family=sm.families.Poisson(), exposure=n)
    theirs = model.fit(tol=1e-13, maxiter=200)
    frame = TABLES.assign(year=TABLES["year"] - 1960)
    fit = pool_glmm(frame, measure=measure, model="common", moderators=moderators)
    p = len(design)
    assert fit.estimates == pytest.approx(theirs.params[:p], abs=1e-8)
    assert fit.terms["std_error"].to_numpy() == pytest.approx(theirs.bse[:p], abs=1e-7)
    assert fit.likelihood.log_likelihood == pytest.approx(theirs.llf, abs=1e-8)
    assert fit.lr_heterogeneity is not None
    assert fit.lr_heterogeneity.statistic == pytest.approx(theirs.deviance, abs=1e-7)


def test_rate_ratio_conditional_and_unconditional_common_models_agree() -> None:
    one = pool_glmm(TABLES, measure="IRR", model="common")
    two = pool_glmm(TABLES, measure="IRR", model="common", likelihood="conditional_exact")
    assert one.estimate == pytest.approx(two.estimate, abs=1e-10)
    assert one.std_error == pytest.approx(two.std_error, abs=1e-10)


def test_approximation_nears_the_exact_model_where_events_are_rare() -> None:
    rare = TABLES.assign(
        total_treatment=TABLES["total_treatment"] * 1000,
        total_control=TABLES["total_control"] * 1000,
    )
    exact = pool_glmm(rare, measure="OR", likelihood="conditional_exact")
    near = pool_glmm(rare, measure="OR", likelihood="conditional_approximate")
    assert exact.estimate == pytest.approx(near.estimate, abs=1e-3)
    assert exact.tau2 == pytest.approx(near.tau2, abs=1e-3)


@pytest.mark.parametrize("likelihood", ["unconditional_fixed", "unconditional_random"])
def test_ends_of_the_tau2_interval_lose_what_is_allowed(likelihood) -> None:
    fit = pool_glmm(TABLES.iloc[:5], measure="OR", likelihood=likelihood)
    found = glmm_tau2_interval(fit, level=0.9)
    allowed = stats.chi2.ppf(0.9, 1)
    top = fit.likelihood.log_likelihood
    assert 2 * (top - profile_log_likelihood(fit, found.high)) == pytest.approx(allowed, abs=1e-5)
    if found.low > 0:
        low = profile_log_likelihood(fit, found.low)
        assert 2 * (top - low) == pytest.approx(allowed, abs=1e-5)
    assert found.low <= fit.tau2 <= found.high
