"""network_meta against likelihoods of the arms, its options, edges and properties."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_samples import arms_of, contrasts_of, network_of, triangle
from scipy import optimize, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.fit import NetworkFit
from evidence.models.network.kernels_basic import basic_contrasts, likelihood
from evidence.models.network.network import network_meta

METHODS = ("reml", "maximum_likelihood", "dersimonian_laird")


def by_arms(arms: pd.DataFrame, tau2: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Differences from the last treatment, their covariance, and Q: arms with study effects."""
    names = sorted(set(arms["treatment"]))
    x = pd.get_dummies(arms["treatment"]).to_numpy(float)[:, :-1]
    z = pd.get_dummies(arms["study"]).to_numpy(float)
    w = 1 / (arms["variance"].to_numpy() + tau2 / 2)
    design = np.hstack([x, z])
    information = design.T @ (w[:, None] * design)
    beta = np.linalg.solve(information, design.T @ (w * arms["level"].to_numpy()))
    q = float((w * (arms["level"].to_numpy() - design @ beta) ** 2).sum())
    keep = len(names) - 1
    return beta[:keep], np.linalg.inv(information)[:keep, :keep], q


@pytest.mark.parametrize("tau2", [0.0, 0.1, 3.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_least_squares_on_the_arms_with_study_effects(seed: int, tau2: float) -> None:
    arms = arms_of(seed=seed)
    fit = network_meta(network_contrasts(contrasts_of(arms)), tau2=tau2)
    beta, covariance, _ = by_arms(arms, tau2)
    assert fit.random is not None
    assert fit.random.estimate["d"].to_numpy()[:-1] == pytest.approx(beta, rel=1e-9)
    spread = np.sqrt(np.diag(covariance))
    assert fit.random.std_error["d"].to_numpy()[:-1] == pytest.approx(spread, rel=1e-9)
    assert fit.heterogeneity.total.q == pytest.approx(by_arms(arms, 0.0)[2], rel=1e-9)


def log_likelihood(fit: NetworkFit, tau2: float, restricted: bool) -> float:
    """Multivariate normal likelihood of the basic contrasts at the best effects for this tau2."""
    basic = basic_contrasts(fit.data.edges)
    v, x = basic.s + tau2 * basic.h, basic.x[:, 1:]
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ basic.y)
    height = stats.multivariate_normal(x @ beta, v).logpdf(basic.y)
    return float(height - 0.5 * np.linalg.slogdet(information)[1] * restricted)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_tau2_is_at_the_maximum_of_the_likelihood(seed: int, restricted: bool) -> None:
    fit = network_meta(network_of(seed=seed), tau2="reml" if restricted else "maximum_likelihood")
    found = optimize.minimize_scalar(
        lambda t: -log_likelihood(fit, t, restricted),
        bounds=(0, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert fit.tau2 == pytest.approx(found.x, abs=2e-6)
    basic = basic_contrasts(fit.data.edges)
    ours = [likelihood(basic, t, restricted=restricted)[0] for t in (0.1, 0.7)]
    theirs = [log_likelihood(fit, t, restricted) for t in (0.1, 0.7)]
    assert ours[1] - ours[0] == pytest.approx(theirs[1] - theirs[0], abs=1e-9)


@pytest.mark.parametrize("restricted", [True, False])
def test_the_slope_is_that_of_the_likelihood(restricted: bool) -> None:
    basic = basic_contrasts(network_of().edges)
    for t in (0.05, 0.5):
        above, below = (likelihood(basic, t + h, restricted=restricted)[0] for h in (1e-6, -1e-6))
        slope = likelihood(basic, t, restricted=restricted)[1]
        assert slope == pytest.approx((above - below) / 2e-6, rel=1e-5)


def test_the_moment_estimate_makes_the_expected_q_right() -> None:
    data = network_of()
    fit = network_meta(data, tau2="dersimonian_laird")
    basic = basic_contrasts(data.edges)
    x, inverse = basic.x[:, 1:], np.linalg.inv(basic.s)
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    assert fit.tau2 is not None
    expected = np.trace(p @ (basic.s + fit.tau2 * basic.h))
    assert fit.heterogeneity.total.q == pytest.approx(expected, rel=1e-9)
    assert fit.heterogeneity.total.q == pytest.approx(basic.y @ p @ basic.y, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_two_treatments_are_an_ordinary_meta_analysis(method: str) -> None:
    y, s = [0.1, 0.9, 0.4, 1.3], [0.2, 0.3, 0.25, 0.3]
    frame = pd.DataFrame({"study": list("abcd"), "treatment1": "A", "treatment2": "B",
                          "estimate": y, "std_error": s})  # fmt: skip
    fit, plain = (
        network_meta(network_contrasts(frame), tau2=method),
        pool(table_of(y, s), tau2=method, ci="wald"),
    )
    assert fit.tau2 == pytest.approx(plain.heterogeneity.tau2, rel=1e-6)
    assert fit.random is not None
    row = fit.random.frame().iloc[0]
    assert row["estimate"] == pytest.approx(plain.estimate, rel=1e-7)
    assert row["std_error"] == pytest.approx(plain.std_error, rel=1e-7)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((plain.ci_low, plain.ci_high))
    assert fit.heterogeneity.between.df == 0
    assert fit.heterogeneity.between.p is None


def test_prediction_intervals_take_the_degrees_of_freedom_of_q() -> None:
    fit = network_meta(network_of())
    assert fit.prediction is not None
    assert fit.random is not None
    assert fit.prediction.df == fit.heterogeneity.total.df == 11
    t = stats.t.ppf(0.975, 11)
    half = t * np.sqrt(fit.random.std_error.loc["a", "c"] ** 2 + fit.tau2)
    width = fit.prediction.high.loc["a", "c"] - fit.prediction.low.loc["a", "c"]
    assert width == pytest.approx(2 * half)
    assert (np.diag(fit.prediction.low) == 0).all()


def test_one_study_has_no_tau2_and_says_so() -> None:
    frame = pd.DataFrame({"study": ["a"], "treatment1": ["x"], "treatment2": ["y"],
                          "estimate": [0.3], "std_error": [0.1]})  # fmt: skip
    fit = network_meta(network_contrasts(frame))
    assert fit.tau2 is None
    assert fit.random is None
    assert fit.prediction is None
    assert fit.prediction_reason == "tau2 cannot be estimated"
    assert "no comparison is made more than once" in fit.notes[0]
    assert fit.heterogeneity.total.p is None
    assert fit.heterogeneity.i2 is None
    assert fit.common.estimate.loc["x", "y"] == pytest.approx(0.3)
    assert "common effects" in repr(fit)
    stated = network_meta(network_contrasts(frame), tau2=0.02)
    assert stated.random is not None
    assert stated.random.std_error.loc["x", "y"] == pytest.approx(np.sqrt(0.03))
    assert stated.prediction_reason == "Q has no degrees of freedom"


def test_homogeneous_studies_have_tau2_zero() -> None:
    arms = arms_of(tau=0.0, spread=1.0)
    frame = contrasts_of(arms.assign(level=arms["treatment"].map({"a": 0, "b": 1, "c": 2, "d": 3})))
    for method in METHODS:
        fit = network_meta(network_contrasts(frame), tau2=method)
        assert fit.tau2 == 0.0
        assert fit.heterogeneity.i2 == 0.0
        assert fit.heterogeneity.total.q == pytest.approx(0.0, abs=1e-12)
        assert fit.random is not None
        assert fit.random.std_error.equals(fit.common.std_error)


def test_the_uncorrelated_likelihood_differs_only_with_multi_arm_studies() -> None:
    several = network_of()
    a = network_meta(several, tau2="reml").tau2
    b = network_meta(several, tau2="reml_uncorrelated", reference="a").tau2
    assert a is not None
    assert abs(a - b) > 1e-3 * a
    pairs = network_of(("ab", "ab", "bc", "ac", "cd", "bd", "ad"))
    a = network_meta(pairs, tau2="maximum_likelihood").tau2
    b = network_meta(pairs, tau2="maximum_likelihood_uncorrelated", reference="d").tau2
    assert a == pytest.approx(b, rel=1e-9)


def test_tables_compare_with_the_reference() -> None:
    fit = network_meta(network_of(), reference="b", level=0.9)
    table = fit.common.frame("b")
    assert table["treatment1"].tolist() == ["a", "c", "d"]
    assert set(table["treatment2"]) == {"b"}
    row = table.set_index("treatment1").loc["c"]
    assert row["estimate"] == pytest.approx(fit.common.estimate.loc["c", "b"])
    assert row["ci_low"] == pytest.approx(fit.common.ci_low.loc["c", "b"])
    assert row["ci_high"] == pytest.approx(fit.common.ci_high.loc["c", "b"])
    assert row["p"] == pytest.approx(2 * stats.norm.sf(abs(row["statistic"])))
    assert row["ci_high"] - row["estimate"] == pytest.approx(1.6448536 * row["std_error"])
    assert "tau2" in repr(fit)
    assert repr(fit).count("\n") >= 5


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"tau2": "rml"}, 'did you mean "reml"'),
        ({"tau2": -1.0}, "at least 0"),
        ({"tau2": float("nan")}, "at least 0"),
        ({"tau2": True}, "a method's name or a number"),
        ({"tau2": "reml_uncorrelated"}, "depends on a reference"),
        ({"reference": "e"}, "'e' is not in the network"),
        ({"level": 95}, "a fraction between 0 and 1"),
        ({"level": True}, "a fraction between 0 and 1"),
    ],
)
def test_wrong_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        network_meta(triangle(), **options)  # type: ignore[arg-type]


def test_a_disconnected_network_is_refused_by_its_parts() -> None:
    data = network_of(("ab", "ab", "cd", "efg"))
    assert data.parts == (("a", "b"), ("c", "d"), ("e", "f", "g"))
    with pytest.raises(FitError, match="disconnected: 3 parts") as caught:
        network_meta(data)
    text = str(caught.value)
    for part in ("part 1: a, b", "part 2: c, d", "part 3: e, f, g"):
        assert part in text


@pytest.mark.parametrize("size", [1e-6, 1e6])
@pytest.mark.parametrize("method", METHODS)
def test_units_do_not_matter(size: float, method: str) -> None:
    frame = contrasts_of(arms_of())
    plain = network_meta(network_contrasts(frame), tau2=method)
    scaled = frame.assign(estimate=frame["estimate"] * size, std_error=frame["std_error"] * size)
    fit = network_meta(network_contrasts(scaled), tau2=method)
    assert fit.tau2 == pytest.approx(plain.tau2 * size**2, rel=1e-7)
    assert fit.random is not None
    assert plain.random is not None
    ours, theirs = fit.random.estimate.to_numpy(), plain.random.estimate.to_numpy() * size
    assert ours == pytest.approx(theirs, rel=1e-7, abs=1e-12 * size)
    assert fit.heterogeneity.total.q == pytest.approx(plain.heterogeneity.total.q, rel=1e-9)


def test_very_unequal_precisions() -> None:
    arms = arms_of()
    arms["variance"] *= np.where(arms["study"].isin(["s0", "s4"]), 1e-6, 1e3)
    fit = network_meta(network_contrasts(contrasts_of(arms)), tau2=0.0)
    beta, covariance, _ = by_arms(arms, 0.0)
    assert fit.common.estimate["d"].to_numpy()[:-1] == pytest.approx(beta, rel=1e-5)
    spread = fit.common.std_error["d"].to_numpy()[:-1]
    assert spread == pytest.approx(np.sqrt(np.diag(covariance)), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 10_000), st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_order_direction_and_shift_do_not_matter(seed: int, shift: list[float]) -> None:
    frame = contrasts_of(arms_of(seed=3))
    plain = network_meta(network_contrasts(frame))
    rng = np.random.default_rng(seed)
    other = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    turned = rng.random(len(other)) < 0.5
    first = other["treatment1"].where(~turned, other["treatment2"])
    second = other["treatment2"].where(~turned, other["treatment1"])
    move = dict(zip("abcd", shift, strict=True))
    estimate = other["estimate"].where(~turned, -other["estimate"])
    estimate = estimate + first.map(move) - second.map(move)
    fit = network_meta(
        network_contrasts(other.assign(treatment1=first, treatment2=second, estimate=estimate))
    )
    assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-6, abs=1e-9)
    assert fit.random is not None
    assert plain.random is not None
    gap = fit.random.estimate.to_numpy() - plain.random.estimate.to_numpy()
    expected = np.subtract.outer(shift, shift)
    assert gap == pytest.approx(expected, abs=1e-6)
    assert fit.heterogeneity.within.q == pytest.approx(plain.heterogeneity.within.q, rel=1e-7)


def test_a_likelihood_that_never_turns_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.models.network import kernels_basic

    monkeypatch.setattr(kernels_basic, "likelihood", lambda *_, **__: (0.0, 1.0))
    with pytest.raises(FitError, match="tau2 was not found"):
        network_meta(triangle())


def test_precisions_that_cannot_be_compared() -> None:
    frame = triangle().contrasts.assign(std_error=[1e-9, 1.0, 1.0])
    with pytest.raises(FitError, match="more than 1e14 times the smallest"):
        network_meta(network_contrasts(frame))


@pytest.mark.parametrize(
    ("name", "method", "tau2"),
    [
        ("senn2013-reml", "reml", 0.0999145441974),
        ("senn2013-ml", "maximum_likelihood", 0.0563830338794),
        ("linde2015-or-reml", "reml", 0.0355552939505),
    ],
)
def test_likelihoods_with_the_covariance_of_multi_arm_studies(
    name: str, method: str, tau2: float
) -> None:
    # metafor 3.8: rma.mv(y, V, mods = X, random = ~ arm | study, struct = "CS", rho = 0.5),
    # V with the covariances; netmeta leaves them out (see the fixture of that name).
    path = Path(__file__).parents[2] / "reference" / "network" / f"{name}.json"
    frame = pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))["data"])
    frame.columns = pd.Index(["study", "treatment1", "treatment2", "estimate", "std_error"])
    fit = network_meta(network_contrasts(frame), tau2=method)  # type: ignore[arg-type]
    assert fit.tau2 == pytest.approx(tau2, abs=1e-8)
