"""Rare events: Mantel-Haenszel and conditional likelihoods against enumeration."""

import itertools

import numpy as np
import pandas as pd
import pytest
from network_samples import arms_of
from scipy import optimize, special, stats

from evidence.errors import FitError
from evidence.models.frequentist.events import pool_events
from evidence.models.network.arms import network_arms
from evidence.models.network.events import network_events
from evidence.models.network.kernels_rare import (
    hypergeometric,
    mantel_haenszel_design,
    multinomial,
)
from evidence.models.network.network import network_meta

X, N = np.array([3.0, 0.0, 5.0]), np.array([6.0, 4.0, 7.0])
THETA = np.array([0.4, -0.3, 1.1])
METHODS = ("mantel_haenszel", "noncentral_hypergeometric", "noncentral_hypergeometric_rare")


def enumerated(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-probability, mean and covariance by all tables with this total."""
    tables = np.array(
        [t for t in itertools.product(*(range(int(n) + 1) for n in N)) if sum(t) == X.sum()]
    )
    log = (np.log(special.comb(N, tables)) + tables * theta).sum(axis=1)
    p = np.exp(log - special.logsumexp(log))
    mean = p @ tables
    place = int(np.flatnonzero((tables == X).all(axis=1))[0])
    return float(np.log(p[place])), mean, (tables - mean).T @ (p[:, None] * (tables - mean))


def test_the_exact_likelihood_is_that_of_all_tables() -> None:
    height, mean, covariance = enumerated(THETA)
    found = hypergeometric(X, N, THETA)
    assert found.height == pytest.approx(height, rel=1e-10)
    assert found.gradient == pytest.approx(X - mean, rel=1e-9)
    assert found.information == pytest.approx(covariance, rel=1e-9)


@pytest.mark.parametrize("theta", [-8.0, -1.0, 0.0, 2.0, 9.0])
def test_two_arms_are_fishers_distribution(theta: float) -> None:
    known = stats.nchypergeom_fisher(1500, 700, 60, np.exp(theta))
    found = hypergeometric(np.array([20.0, 40.0]), np.array([700.0, 800.0]), np.array([theta, 0.0]))
    assert found.height == pytest.approx(known.logpmf(20), rel=1e-6)
    assert found.gradient[0] == pytest.approx(20 - known.mean(), rel=1e-6)
    assert found.information[0, 0] == pytest.approx(known.var(), rel=1e-5)


@pytest.mark.parametrize("likelihood", [hypergeometric, multinomial])
@pytest.mark.parametrize("size", [1.0, 2000.0])
def test_gradients_and_information_are_derivatives(likelihood: object, size: float) -> None:
    x, n = np.round(X * size / 2 + 1), np.round(N * size)
    found = likelihood(x, n, THETA)  # type: ignore[operator]
    gradient = optimize.approx_fprime(THETA, lambda t: likelihood(x, n, t).height, 1e-6)  # type: ignore[operator]
    assert found.gradient == pytest.approx(gradient, rel=1e-3, abs=1e-3 * size)
    columns = [
        (likelihood(x, n, THETA + h).gradient - likelihood(x, n, THETA - h).gradient) / 2e-5  # type: ignore[operator]
        for h in 1e-5 * np.eye(3)
    ]
    assert found.information == pytest.approx(-np.array(columns), rel=1e-4, abs=1e-5 * size)
    assert found.information.sum(axis=0) == pytest.approx(0.0, abs=1e-6 * size)


def test_the_multinomial_is_the_limit_of_rare_events() -> None:
    exact = hypergeometric(X, 1e5 * N, THETA)
    limit = multinomial(X, 1e5 * N, THETA)
    assert exact.height == pytest.approx(limit.height, rel=1e-4)
    assert exact.information == pytest.approx(limit.information, rel=1e-4)


def test_two_treatments_are_the_ordinary_mantel_haenszel() -> None:
    arms = arms_of(("ab",) * 6)
    wide = arms.pivot(index="study", columns="treatment", values=["events", "n"])
    wide.columns = [a + b for a, b in wide.columns]
    columns = ("events_treatment", "total_treatment", "events_control", "total_control")
    names = dict(zip(columns, ("eventsa", "na", "eventsb", "nb"), strict=True))
    plain = pool_events(wide, method="mantel_haenszel", measure="OR", **names)
    fit = network_events(arms, level=0.95)
    row = fit.frame().iloc[0]
    assert row["estimate"] == pytest.approx(plain.estimate, rel=1e-10)
    assert row["std_error"] == pytest.approx(plain.std_error, rel=1e-10)
    assert fit.inconsistency is not None
    assert fit.inconsistency.df == 0


def test_one_multi_arm_study_has_the_variances_of_its_odds() -> None:
    x, n = np.array([[4.0, 8.0, 11.0]]), np.array([[20.0, 25.0, 30.0]])
    found = mantel_haenszel_design(x, n)
    odds = np.log(x / (n - x))[0]
    assert np.diff(found.levels) == pytest.approx(np.diff(odds))
    v = (1 / x + 1 / (n - x))[0]
    c = found.covariance
    assert c[0, 0] + c[1, 1] - 2 * c[0, 1] == pytest.approx(v[0] + v[1])
    assert c[1, 1] + c[2, 2] - 2 * c[1, 2] == pytest.approx(v[1] + v[2])


def test_the_covariance_between_two_odds_ratios_is_that_of_samples() -> None:
    rng = np.random.default_rng(2)
    n = np.array([[40.0, 30.0, 50.0]] * 12)
    p = special.expit(rng.normal(-1.0, 0.4, (12, 1)) + np.array([0.0, 0.4, 0.8]))
    drawn = rng.binomial(n.astype(int), p, (4000, 12, 3)).astype(float)
    levels = np.array([mantel_haenszel_design(x, n).levels for x in drawn[:1500]])
    expected = mantel_haenszel_design(n * p, n).covariance
    assert np.cov(levels.T) == pytest.approx(expected, abs=0.1 * expected.max())


@pytest.mark.parametrize("method", METHODS)
def test_large_counts_agree_with_inverse_variances(method: str) -> None:
    arms = arms_of(tau=0.0)
    odds = special.expit(-7.5 + 0.4 * arms["treatment"].map({"a": 0, "b": 1, "c": 2, "d": 3}))
    arms["n"] = arms["n"] * 200_000
    arms["events"] = np.round(arms["n"] * odds)
    fit = network_events(arms, method=method, reference="a")  # type: ignore[arg-type]
    other = network_meta(network_arms(arms, measure="OR", events="events", n="n"))
    ours, theirs = fit.estimates.estimate.to_numpy(), other.common.estimate.to_numpy()
    assert ours == pytest.approx(theirs, abs=4e-3)
    ours, theirs = fit.estimates.std_error.to_numpy(), other.common.std_error.to_numpy()
    assert ours == pytest.approx(theirs, rel=5e-3)
    assert method in repr(fit)


@pytest.mark.parametrize("method", METHODS[1:])
def test_the_likelihood_is_at_its_maximum(method: str) -> None:
    arms = arms_of()
    fit = network_events(arms, method=method)  # type: ignore[arg-type]
    one = hypergeometric if method == "noncentral_hypergeometric" else multinomial
    level = dict(zip(fit.estimates.treatments, fit.estimates.levels, strict=True))

    def height(name: str, step: float) -> float:
        moved = {**level, name: level[name] + step}
        total = 0.0
        for _, part in arms.groupby("study"):
            theta = np.array([moved[t] for t in part["treatment"]])
            total += one(part["events"].to_numpy(float), part["n"].to_numpy(float), theta).height
        return total

    assert height("a", 0.0) == pytest.approx(fit.log_likelihood, abs=1e-8)
    for name in "abcd":
        assert max(height(name, 1e-3), height(name, -1e-3)) < height(name, 0.0)


RARE = pd.DataFrame(
    {
        "study": ["u"] * 3 + ["v"] * 2 + ["w"] * 2 + ["x"] * 2 + ["y"] + ["z"] * 2,
        "treatment": list("abcabacabaad"),
        "events": [1, 3, 4, 0, 0, 7, 2, 9, 9, 1, 5, 0],
        "n": [20, 20, 20, 15, 15, 30, 30, 9, 9, 8, 10, 10],
    }
)


@pytest.mark.parametrize("method", METHODS)
def test_what_tells_nothing_is_listed(method: str) -> None:
    fit = network_events(RARE, method=method)  # type: ignore[arg-type]
    assert fit.k == 2
    assert fit.estimates.treatments == ("a", "b", "c")
    told = {(s, t): r for s, t, r in fit.unused.itertuples(index=False)}
    assert told["v", None] == "no events in any arm"
    assert told["x", None] == "nothing but events in every arm"
    assert told["y", None] == "one arm only"
    where = "in the studies of its design" if method == "mantel_haenszel" else "anywhere"
    assert told["z", "d"] == f"no events {where}"
    assert told["z", None] == "one arm left"


def test_a_treatment_with_nothing_but_events() -> None:
    frame = RARE.assign(events=[1, 3, 20, 0, 0, 7, 30, 9, 9, 1, 5, 0])
    fit = network_events(frame, method="noncentral_hypergeometric")
    reasons = fit.unused[fit.unused["treatment"] == "c"]["reason"].tolist()
    assert reasons == ["nothing but events anywhere"] * 2


@pytest.mark.parametrize(
    ("change", "options", "match"),
    [
        ({}, {"method": "peto"}, "unknown: 'peto'"),
        ({}, {"reference": "q"}, "'q' is not in the network"),
        ({}, {"level": 0.0}, "a fraction between 0 and 1"),
        ({"events": 0.5}, {}, "has a fraction"),
        ({"events": 0}, {}, "no study tells anything"),
        ({"events": 99}, {}, "events up to n"),
    ],
)
def test_wrong_event_options(
    change: dict[str, object], options: dict[str, object], match: str
) -> None:
    with pytest.raises(FitError, match=match):
        network_events(RARE.assign(**change), **options)  # type: ignore[arg-type]


def test_events_in_separate_networks() -> None:
    frame = arms_of(("ab", "ab", "cd", "cd"))
    with pytest.raises(FitError, match="disconnected: 2 parts") as caught:
        network_events(frame.assign(events=frame["events"] + 1))
    assert "part 2: c, d" in str(caught.value)


@pytest.mark.parametrize("method", METHODS[1:])
def test_separated_events_have_no_finite_odds_ratio(method: str) -> None:
    # Whoever took d had the events, whenever d was there.
    split = pd.DataFrame({"study": list("uuvvww"), "treatment": list("adbdab"),
                          "events": [0, 3, 0, 2, 2, 3], "n": [9, 9, 9, 9, 9, 9]})  # fmt: skip
    with pytest.raises(FitError, match="no maximum at finite odds ratios"):
        network_events(split, method=method)  # type: ignore[arg-type]
    mended = split.assign(events=[0, 3, 1, 2, 2, 3])
    fit = network_events(mended, method=method)  # type: ignore[arg-type]
    assert fit.estimates.std_error.to_numpy().max() < 2


def test_nothing_left_after_leaving_out() -> None:
    hopeless = pd.DataFrame({"study": list("uuvv"), "treatment": list("abab"),
                             "events": [0, 3, 0, 4], "n": [9, 3, 9, 4]})  # fmt: skip
    with pytest.raises(FitError, match="no study tells anything"):
        network_events(hopeless, method="noncentral_hypergeometric")


def test_a_design_without_an_odds_ratio() -> None:
    # Under a events only where everyone under b had one.
    frame = pd.DataFrame({"study": list("uuuvvv"), "treatment": list("abcabc"),
                          "events": [2, 5, 1, 0, 3, 2], "n": [5, 5, 5, 5, 5, 5]})  # fmt: skip
    with pytest.raises(FitError, match="no study has events under a and people free of them"):
        network_events(frame)
    assert network_events(frame, method="noncentral_hypergeometric").k == 2


def test_covariances_that_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.models.network import events
    from evidence.models.network.kernels_rare import Pooled

    def broken(x: np.ndarray, n: np.ndarray) -> Pooled:
        m = x.shape[1]
        return Pooled(np.zeros(m), -np.eye(m))

    monkeypatch.setattr(events, "mantel_haenszel_design", broken)
    with pytest.raises(FitError, match="is not positive definite"):
        network_events(RARE)


def test_extreme_odds_are_reached() -> None:
    frame = pd.DataFrame({"study": list("uuvvww"), "treatment": list("abbcac"),
                          "events": [1, 999, 999, 2, 1, 1], "n": [1000] * 6})  # fmt: skip
    exact = network_events(frame, method="noncentral_hypergeometric")
    plain = network_meta(network_arms(frame, measure="OR", events="events", n="n"))
    ours, theirs = (x.estimate.loc["b", "a"] for x in (exact.estimates, plain.common))
    assert ours == pytest.approx(theirs, abs=0.5)
    assert ours > 12


def test_steps_that_do_not_rise_are_halved() -> None:
    from evidence.models.network.events import _maximum
    from evidence.models.network.kernels_rare import Conditional

    def far(x: np.ndarray, n: np.ndarray, theta: np.ndarray) -> Conditional:
        gap = theta[0] - theta[1] - 2.5  # Newton's first step from 0 goes thirty units too far
        slope, bend = -np.tanh(gap), 1 / np.cosh(gap) ** 2
        turn = np.array([1.0, -1.0])
        return Conditional(-np.log(np.cosh(gap)), slope * turn, bend * np.outer(turn, turn))

    place = np.array([0, 1])
    levels, _, height = _maximum([(place, X[:2], N[:2])], 2, far)
    assert levels[0] - levels[1] == pytest.approx(2.5, abs=1e-6)
    assert height == pytest.approx(0.0, abs=1e-9)
