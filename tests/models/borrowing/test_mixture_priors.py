import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.errors import FitError
from evidence.models.borrowing import kernels_mixtures as kernels
from evidence.models.borrowing.mixture_priors import (
    BetaMixture,
    NormalMixture,
    beta_mixture,
    difference_below,
    effective_sample_size,
    normal_mixture,
    predictive,
    robustify,
    update_mixture,
)

NORMAL = normal_mixture([0.7, 0.3], [-0.5, 0.4], [0.2, 0.5], sigma=1.5)
BETA = beta_mixture([0.6, 0.4], [11, 3], [51, 15])


def test_normal_posterior_by_bayes() -> None:
    found = update_mixture(NORMAL, estimate=0.1, std_error=0.3)
    x = np.linspace(-5, 5, 200_001)
    density = NORMAL.density(x) * stats.norm.pdf(0.1, x, 0.3)
    density /= integrate.simpson(density, x=x)
    np.testing.assert_allclose(found.density(x), density, atol=1e-9)
    assert found.mean == pytest.approx(integrate.simpson(x * density, x=x))
    assert isinstance(found, NormalMixture)
    assert found.sigma == 1.5


def test_beta_posterior_by_bayes() -> None:
    found = update_mixture(BETA, events=5, total=12)
    x = np.linspace(0, 1, 100_001)
    density = BETA.density(x) * stats.binom.pmf(5, 12, x)
    density /= integrate.simpson(density, x=x)
    np.testing.assert_allclose(found.density(x), density, atol=1e-7)
    assert found.sd == pytest.approx(
        np.sqrt(integrate.simpson((x - found.mean) ** 2 * density, x=x)), rel=1e-7
    )


@pytest.mark.parametrize("mixture", [NORMAL, BETA, robustify(BETA, 0.3), robustify(NORMAL, 0.3)])
def test_quantiles_are_inverse(mixture: NormalMixture | BetaMixture) -> None:
    q = np.array([1e-4, 0.025, 0.5, 0.9, 0.9999])
    np.testing.assert_allclose(mixture.cdf(mixture.quantile(q)), q, atol=1e-11)


def test_predictive_distributions() -> None:
    counts = predictive(BETA, 24)
    assert isinstance(counts, np.ndarray)
    expected = 0.6 * stats.betabinom(24, 11, 51).pmf(range(25))
    expected += 0.4 * stats.betabinom(24, 3, 15).pmf(range(25))
    np.testing.assert_allclose(counts, expected, rtol=1e-10)
    means = predictive(NORMAL, 9)
    assert isinstance(means, NormalMixture)
    np.testing.assert_allclose(means.sds, np.hypot([0.2, 0.5], 0.5))


def test_elir_by_numerical_derivatives() -> None:
    for mixture, unit in ((NORMAL, 1.5**2), (BETA, None)):
        ends = (-4.0, 4.0) if unit else (1e-4, 1 - 1e-4)
        x = np.linspace(*ends, 200_001)
        log_f = np.log(mixture.density(x))
        bend = -np.gradient(np.gradient(log_f, x), x)
        weight = unit if unit else x * (1 - x)
        expected = integrate.simpson(mixture.density(x) * bend * weight, x=x)
        assert effective_sample_size(mixture) == pytest.approx(expected, rel=2e-4)


@settings(max_examples=25, deadline=None)
@given(st.floats(1.1, 60), st.floats(1.1, 60))
def test_one_beta_weighs_a_plus_b(a: float, b: float) -> None:
    one = beta_mixture([1.0], [a], [b])
    for method in ("elir", "moment"):
        assert effective_sample_size(one, method) == pytest.approx(a + b, rel=1e-6)
    if a > 1.5 and b > 1.5:
        assert effective_sample_size(one, "morita") == pytest.approx(a + b, rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 10), st.floats(1e-4, 1e4))
def test_one_normal_weighs_its_precision(sd: float, scale: float) -> None:
    one = normal_mixture([1.0], [3.0 * scale], [sd * scale], sigma=2.0 * scale)
    for method in ("elir", "moment"):
        assert effective_sample_size(one, method) == pytest.approx(4 / sd**2, rel=1e-8)
    assert effective_sample_size(one, "morita") == pytest.approx(4 / sd**2, rel=1e-3, abs=1e-3)


def test_elir_is_predictively_consistent() -> None:
    # Neuenschwander 2020: the prior's size is the expected posterior's less the data's.
    n = 10
    weights = predictive(BETA, n)
    after = [effective_sample_size(update_mixture(BETA, events=r, total=n)) for r in range(n + 1)]
    assert float(weights @ np.array(after)) - n == pytest.approx(
        effective_sample_size(BETA), rel=1e-6
    )


def test_differences() -> None:
    other = normal_mixture([1.0], [0.1], [0.4])
    random = np.random.default_rng(1)
    which = random.random(400_000) < 0.7
    draws = np.where(which, random.normal(-0.5, 0.2, 400_000), random.normal(0.4, 0.5, 400_000))
    draws -= random.normal(0.1, 0.4, 400_000)
    found = difference_below(NORMAL, other, [-0.5, 0.2])
    np.testing.assert_allclose(found, [(draws < q).mean() for q in (-0.5, 0.2)], atol=4e-3)
    one, two = beta_mixture([1.0], [2.5], [4.0]), BETA
    for q in (-0.99, -0.2, 0.0, 0.3, 0.99):
        direct = integrate.quad(
            lambda x, q=q: float(one.cdf(x + q)) * float(two.density(x)), 0, 1, limit=200,
            points=[0.05, 0.1, 0.2, 0.3],
        )[0]  # fmt: skip
        assert difference_below(one, two, q) == pytest.approx(direct, abs=1e-7)
    swapped = difference_below(two, one, [-0.3])
    assert difference_below(one, two, [0.3])[0] == pytest.approx(1 - swapped[0], abs=1e-6)


def test_robust_components() -> None:
    wide = robustify(NORMAL, 0.2, mean=1.0, n=4)
    assert isinstance(wide, NormalMixture)
    assert wide.sds[-1] == 0.75
    assert wide.weights.sum() == pytest.approx(1.0)
    beta = robustify(BETA, 0.2, mean=0.25, n=3)
    assert isinstance(beta, BetaMixture)
    assert (beta.a[-1], beta.b[-1]) == (1.0, 3.0)
    outside = BETA.density([-0.1, 0.0, 1.0, 2.0])
    assert outside.tolist() == [0.0] * 4
    assert kernels.beta_binomial(*BETA.parts, 3).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: normal_mixture([0.5, 0.4], [0, 1], [1, 1]), "sum to 1"),
        (lambda: normal_mixture([1.0], [0, 1], [1, 1]), "one number a component"),
        (lambda: normal_mixture([1.0], [np.nan], [1]), "not finite"),
        (lambda: normal_mixture([1.0], [0], [-1], sigma=0), "(?s)sds: one is not.*sigma: 0"),
        (lambda: beta_mixture([1.0], [0], [1]), "a, b: one is not above 0"),
        (lambda: robustify(BETA, 1.0), "weight: 1.0"),
        (lambda: robustify(BETA, 0.5, mean=2.0), "mean: 2.0"),
        (lambda: robustify(BETA, 0.5, n=0), "n: 0"),
        (lambda: robustify(NORMAL, 0.5, mean=np.inf), "mean: inf"),
        (lambda: robustify(normal_mixture([1.0], [0], [1]), 0.5), "has no sigma"),
        (lambda: update_mixture(NORMAL, events=1, total=2), "not those of a mean"),
        (lambda: update_mixture(NORMAL, estimate=1, std_error=0), "estimate, std_error"),
        (lambda: update_mixture(BETA, estimate=1, std_error=1), "not those of a proportion"),
        (lambda: update_mixture(BETA, events=3, total=2), "3 of 2"),
        (lambda: predictive(BETA, 0), "n: 0"),
        (lambda: effective_sample_size(BETA, "elri"), "unknown: 'elri'.*elir"),
        (lambda: effective_sample_size(beta_mixture([1.0], [0.5], [2])), "a or b below 1"),
        (lambda: difference_below(BETA, NORMAL, 0), "two of one kind"),
        (lambda: difference_below(BETA, BETA, np.nan), "thresholds"),
        (lambda: BETA.quantile(1.0), "probability: 1.0"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    with pytest.raises(FitError, match=message):
        call()  # type: ignore[operator]
