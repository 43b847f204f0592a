import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian import kernels_average as kernels
from evidence.models.bayesian.average import average_models
from evidence.models.bayesian.bias_models import ensemble, no_bias, peese, pet, weight_function
from evidence.models.bayesian.exact import compare_models
from evidence.models.bayesian.priors import flat, half_normal, inverse_gamma, normal, uniform

Array = NDArray[np.float64]
Y = np.array([0.35, 0.1, 0.62, 0.28, -0.05, 0.5])
S = np.array([0.12, 0.2, 0.28, 0.15, 0.22, 0.24])
TABLE = table_of(Y, S)


def test_no_bias_is_compare_models() -> None:
    found = average_models(TABLE, heterogeneity=half_normal(0.5), bias=None)
    models = compare_models(TABLE, tau=half_normal(0.5), mu=normal(0, 1))
    expected = models["log_marginal_likelihood"][["both", "mu_null", "tau_zero", "full"]]
    np.testing.assert_allclose(found.models["log_marginal_likelihood"], expected, atol=1e-7)
    assert found.models["posterior_probability"].sum() == pytest.approx(1.0)
    assert "bias" not in found.components.index


@pytest.mark.parametrize(("kind", "power"), [("pet", 1), ("peese", 2)])
def test_coefficient_of_bias_against_cubature(kind: str, power: int) -> None:
    model = pet() if kind == "pet" else peese()
    scale = 1.0 if kind == "pet" else 5.0
    found = average_models(TABLE, bias=[model])
    x, w = S**power, S**-2.0
    b = np.concatenate(
        [np.linspace(0, 12 * scale, 6001), 12 * scale * np.geomspace(1, 20, 400)[1:]]
    )
    mu = np.linspace(-3, 3, 1201)

    def likelihood(m: Array) -> Array:
        gap = Y[:, None] - m
        shifted = np.array([w[i] * (gap[i][:, None] - b * x[i]) ** 2 for i in range(Y.size)])
        constant = np.sum(np.log(w / (2 * np.pi)))
        return np.exp(0.5 * (constant - shifted.sum(axis=0))) * stats.halfcauchy(scale=scale).pdf(b)

    alone = integrate.simpson(likelihood(np.zeros(1))[0], x=b)
    joint = integrate.simpson(likelihood(mu), x=b, axis=1) * stats.norm.pdf(mu)
    both = integrate.simpson(joint, x=mu)
    log = found.models["log_marginal_likelihood"]
    assert log[0] == pytest.approx(np.log(alone), abs=1e-5)
    assert log[2] == pytest.approx(np.log(both), abs=1e-4)
    mean = integrate.simpson(b * likelihood(np.zeros(1))[0], x=b) / alone
    assert found.parts[0].positive("b")[0] == pytest.approx(mean, rel=1e-4)
    spread = integrate.simpson(mu * joint, x=mu) / both
    assert found.parts[2].mu()[0] == pytest.approx(spread, abs=1e-4)


def weighted_by_hand(mu: float, tau: float, cuts: Array, omega: Array) -> float:
    """Likelihood of a weight function, study by study, with SciPy's normal distribution."""
    sd = np.hypot(S, tau)
    inner = S[:, None] * stats.norm.isf(cuts)
    ends = np.column_stack([np.full(Y.size, np.inf), inner, np.full(Y.size, -np.inf)])
    mass = -np.diff(stats.norm.cdf(ends, mu, sd[:, None]), axis=1)
    which = np.searchsorted(cuts, stats.norm.sf(Y / S))
    return float(np.prod(omega[which] * stats.norm.pdf(Y, mu, sd) / (mass @ omega)))


@pytest.mark.parametrize("two_sided", [False, True])
def test_weighted_likelihood_by_hand(two_sided: bool) -> None:
    model = weight_function([0.05, 0.1], two_sided=two_sided)
    omega = np.array([1.0, 0.6, 0.25])
    found = kernels.weighted(
        np.array([-0.3, 0.2]), np.array([0.0, 0.4]), Y, S, model.cuts, model.of, omega[None]
    )
    for i, mu in enumerate((-0.3, 0.2)):
        for j, tau in enumerate((0.0, 0.4)):
            expected = weighted_by_hand(mu, tau, model.cuts, omega[model.of])
            assert found[i, j, 0] == pytest.approx(np.log(expected), rel=1e-10)


def test_weight_function_against_cubature() -> None:
    model = weight_function([0.05])
    found = average_models(TABLE, bias=[model])

    nodes, weights = np.polynomial.legendre.leggauss(40)
    root = 0.5 * (nodes + 1.0)  # of the third power: close to 0 the likelihood bends

    def given(mu: float) -> float:
        each = [weighted_by_hand(mu, 0.0, model.cuts, np.array([1.0, r**3])) for r in root]
        return float(0.5 * (weights * 3 * root**2) @ np.array(each))

    log = found.models["log_marginal_likelihood"]
    assert log[0] == pytest.approx(np.log(given(0.0)), abs=1e-5)
    nodes_mu, weights_mu = np.polynomial.legendre.leggauss(30)
    mu = 0.1 + 0.9 * nodes_mu
    values = np.array([given(m) for m in mu]) * stats.norm.pdf(mu)
    assert log[2] == pytest.approx(np.log(0.9 * weights_mu @ values), abs=1e-4)


@pytest.mark.parametrize("levels", [2, 3, 4])
def test_falling_weights_are_the_cumulated_dirichlet(levels: int) -> None:
    omega, p = kernels.falling_weights(levels, 12)
    assert p.sum() == pytest.approx(1.0)
    assert (np.diff(omega, axis=1) <= 0).all()
    expected = np.arange(levels, 0, -1) / levels  # means of cumulated Dirichlet(1, ..., 1)
    np.testing.assert_allclose(p @ omega, expected, atol=1e-8)
    i = levels - 1
    assert p @ omega[:, i] ** 2 == pytest.approx(2 / (levels * (levels + 1)), abs=1e-8)


def test_averages_and_quantiles_agree() -> None:
    found = average_models(TABLE, bias="pp")
    for term in ("mu", "tau", "pet", "peese"):
        row = found.estimates.loc[term]
        assert found.quantile(term, 0.5) == pytest.approx(row["median"], abs=1e-9)
    mean = np.mean([found.quantile("mu", q) for q in np.arange(0.01, 1.0, 0.02)])
    assert mean == pytest.approx(found.estimates.loc["mu", "mean"], abs=0.005)
    assert (found.conditional["mean"] != found.estimates["mean"][["mu", "tau"]]).all()
    assert "inclusion Bayes factor" in str(found)
    assert found.components.loc["bias", "models"] == 8
    with pytest.raises(FitError, match="term: unknown: 'nu'"):
        found.quantile("nu", 0.5)
    with pytest.raises(FitError, match=r"probability: 1\.0"):
        found.quantile("mu", 1.0)


def test_direction_turns_everything_round() -> None:
    up = average_models(TABLE, bias="2w", effect=normal(0.1, 0.5))
    down = average_models(
        table_of(-Y, S), bias="2w", effect=normal(-0.1, 0.5), direction="negative"
    )
    np.testing.assert_allclose(
        up.models["log_marginal_likelihood"], down.models["log_marginal_likelihood"], atol=1e-9
    )
    assert down.estimates.loc["mu", "mean"] == pytest.approx(-up.estimates.loc["mu", "mean"])
    low, high = up.estimates.loc["mu", "ci_low"], down.estimates.loc["mu", "ci_high"]
    assert high == pytest.approx(-low, abs=1e-8)


@settings(max_examples=5, deadline=None)
@given(st.permutations(range(6)))
def test_order_does_not_matter(order: list[int]) -> None:
    base = average_models(TABLE, bias=[no_bias(), weight_function([0.05])])
    other = average_models(table_of(Y[order], S[order]), bias=[no_bias(), weight_function([0.05])])
    np.testing.assert_allclose(
        base.models["posterior_probability"], other.models["posterior_probability"], atol=1e-10
    )


def test_scale_of_effects_and_priors() -> None:
    for factor in (1e-3, 1e3):
        found = average_models(
            table_of(factor * Y, factor * S), bias=[no_bias(), weight_function([0.05])],
            effect=normal(0, factor), heterogeneity=inverse_gamma(1, 0.15 * factor),
        )  # fmt: skip
        base = average_models(TABLE, bias=[no_bias(), weight_function([0.05])])
        np.testing.assert_allclose(
            found.components["inclusion_bayes_factor"],
            base.components["inclusion_bayes_factor"], rtol=1e-5,
        )  # fmt: skip


def test_one_study_and_bounded_prior() -> None:
    found = average_models(table_of([0.5], [0.2]), bias=None, heterogeneity=uniform(1.0))
    assert 0 < found.components.loc["effect", "posterior_probability"] < 1
    assert found.estimates.loc["tau", "ci_high"] <= 1.0 + 1e-6


def test_ensembles() -> None:
    assert [str(model) for model in ensemble("psma")][3] == "weights one-sided 0.05"
    assert sum(model.weight for model in ensemble("psma")) == pytest.approx(2.0)
    assert len(ensemble("2w")) == 3
    assert str(ensemble(None)[0]) == "none"
    assert str(pet()) == "pet half-Cauchy(1)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ensemble("psam"), r"unknown: 'psam'.*psma"),
        (lambda: ensemble([]), "models such as"),
        (lambda: weight_function([0.05, 0.01]), "rising p-values"),
        (lambda: weight_function([0.01, 0.02, 0.03, 0.04]), "4 steps"),
        (lambda: no_bias(0.0), "weight: 0.0"),
        (lambda: pet(3), "a proper prior such as"),
        (lambda: average_models(TABLE, effect=flat()), "effect: the prior is flat"),
        (lambda: average_models(TABLE, null=np.nan), "null: nan"),
        (lambda: average_models(TABLE, direction="up"), "direction: unknown: 'up'"),
    ],
)
def test_refuses(call: object, message: str) -> None:
    with pytest.raises(FitError, match=message):
        call()  # type: ignore[operator]
