"""Calibration: the tests of uniformity are right, sound models pass them, and faults do not."""

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.effects.stated import critical
from evidence.errors import FitError
from evidence.models.bayesian.bias_models import no_bias, pet, weight_function
from evidence.models.bayesian.exact import solve
from evidence.models.bayesian.priors import (
    flat,
    half_cauchy,
    half_normal,
    normal,
    reference_prior,
)
from evidence.models.calibration import kernels_likelihood, kernels_uniform
from evidence.models.calibration.average import AverageSimulation, published, selected
from evidence.models.calibration.borrowing import BorrowingSimulation
from evidence.models.calibration.calibrate import calibrate
from evidence.models.calibration.normal import NormalSimulation
from evidence.models.calibration.nuts import NutsSimulation
from evidence.models.calibration.regression import RegressionSimulation
from evidence.models.calibration.reports import KINDS, ReportsSimulation
from evidence.models.calibration.sampled import OPTIONS, SampledSimulation
from evidence.models.calibration.truths import draw_truth, rank_of
from evidence.models.partial.space import ReportPriors

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "docs" / "calibration"
HALF, MU = half_normal(0.5), normal(0, 1)
BASE: dict[str, Any] = {"k": 5, "tau": HALF, "mu": MU}
REPORTS = ReportPriors(mu=MU, tau=HALF, log_sd=normal(0, 0.5))


def of_uniform(random: np.random.Generator, n: int) -> Mapping[str, Any]:
    return {"u": random.uniform(size=n)}


# The tests of uniformity


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_the_band_holds_all_of_a_uniform_sample_as_often_as_it_says(n: int) -> None:
    z, low, high = kernels_uniform.band(n, 0.9)
    samples = np.random.default_rng(n).uniform(size=(2000, n))
    seen = (samples[:, :, None] <= z[None, None, ::5]).mean(axis=1) if n == 1000 else None
    if seen is None:
        seen = (samples[:, :, None] <= z).mean(axis=1)
        inside = ((seen >= low - 1e-12) & (seen <= high + 1e-12)).all(axis=1).mean()
        # Counts are whole numbers, so that the band holds a little more than it has to.
        assert 0.88 <= inside <= 0.95
    else:
        inside = ((seen >= low[::5] - 1e-12) & (seen <= high[::5] + 1e-12)).all(axis=1).mean()
        assert inside >= 0.88


def test_the_simultaneous_p_agrees_with_the_band_and_is_uniform() -> None:
    random = np.random.default_rng(1)
    p = []
    for _ in range(400):
        u = random.uniform(size=60)
        z, low, high = kernels_uniform.band(60, 0.9)
        seen = kernels_uniform.counts_at(u, z) / 60
        inside = bool(((seen >= low - 1e-12) & (seen <= high + 1e-12)).all())
        p.append(kernels_uniform.simultaneous_p(u))
        assert inside == (p[-1] > 0.1)
    assert 0.05 < np.mean(np.array(p) < 0.1) < 0.15
    assert stats.kstest(p, "uniform").statistic < 0.1


def test_chi_squared_is_that_of_scipy() -> None:
    u = np.random.default_rng(2).uniform(size=500)
    statistic, df, p = kernels_uniform.chi_squared(u)
    known = stats.chisquare(np.histogram(u, 20, (0, 1))[0])
    assert (statistic, p) == pytest.approx((known.statistic, known.pvalue))
    assert df == 19


@pytest.mark.parametrize("power", [1.3, 1 / 1.3])
def test_ranks_that_lean_are_found(power: float) -> None:
    u = np.random.default_rng(3).uniform(size=1000) ** power
    assert kernels_uniform.simultaneous_p(u) < 0.001
    assert kernels_uniform.chi_squared(u)[2] < 0.001


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=20, max_size=40))
def test_turning_the_ranks_round_changes_neither_coverage_nor_the_ends(u: list[float]) -> None:
    ranks = np.array(u)
    assert 0 < kernels_uniform.simultaneous_p(ranks) <= 1
    for level in (0.5, 0.95):
        both = [kernels_uniform.covered(x, level) for x in (ranks, np.sort(ranks)[::-1])]
        assert both[0] == both[1]


def test_the_probability_of_the_likelihood_by_brute_force() -> None:
    y, s = np.array([0.3, -0.4, 1.2]), np.array([0.2, 0.5, 0.3])
    posterior, _ = solve(y, s, HALF, MU)
    p, m, sd = posterior.components("mu")
    random = np.random.default_rng(4)
    at = random.choice(p.size, 200_000, p=p / p.sum())
    mu, tau = random.normal(m[at], sd[at]), posterior.grid.tau[at]
    drawn = kernels_likelihood.log_likelihood(mu, tau, y, s)
    known = stats.norm.logpdf(y, mu[0], np.hypot(s, tau[0])).sum()
    assert drawn[0] == pytest.approx(known)
    for truth in (-6.0, -3.0, float(np.median(drawn)), 5.0):
        found = kernels_likelihood.likelihood_cdf(p, posterior.grid.tau, m, sd, y, s, truth)
        assert found == pytest.approx(float((drawn <= truth).mean()), abs=0.005)


def test_a_rank_among_draws_is_uniform_when_the_truth_is_one_of_them() -> None:
    random = np.random.default_rng(5)
    ranks = [rank_of(d[0], d[1:], random) for d in random.normal(size=(2000, 8))]
    assert stats.kstest(ranks, "uniform").pvalue > 0.001


# What the simulations draw


@pytest.mark.parametrize("prior", [HALF, half_cauchy(0.3), reference_prior("dumouchel")], ids=str)
def test_truths_are_drawn_from_their_priors(prior: Any) -> None:
    random = np.random.default_rng(6)
    truths = [draw_truth(random, 3, prior, MU, (0.1, 0.1)) for _ in range(2000)]
    s = np.full(3, 0.1**0.5)
    quartiles = np.ravel(prior.quantile([0.25, 0.5, 0.75], s))
    share = np.searchsorted(quartiles, [t.tau for t in truths])
    assert stats.chisquare(np.bincount(share, minlength=4)).pvalue > 0.001
    assert stats.kstest([t.mu for t in truths], "norm").pvalue > 0.001
    scaled = [(t.prediction - t.mu) / t.tau for t in truths]
    assert stats.kstest(scaled, "norm").pvalue > 0.001
    assert stats.kstest([(t.y[0] - t.theta[0]) / t.s[0] for t in truths], "norm").pvalue > 0.001


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_trial_says_is_true_of_it(kind: str) -> None:
    model, random = ReportsSimulation(k=3, priors=REPORTS), np.random.default_rng(7)
    for _ in range(60):
        y, s, size, df = random.normal(0, 1), random.uniform(0.1, 0.8), 0.3, 40.0
        said = model.say(kind, "a", y, s, size, df, random)
        if said.estimate is not None:
            assert abs(said.estimate - y) <= said.half_width + 1e-12
        assert said.sign in (0, np.sign(y))
        assert said.z_low <= abs(y) / s <= said.z_high
        # A variance that rests on a correlation is that of the correlations between 0 and 1.
        variances = [form.variance for form in said.errors if form.slope == 0]
        for form in said.errors:
            assert form.slope == 0 or form.variance - form.slope <= s**2 <= form.variance
        assert said.se_low <= s <= said.se_high
        assert not variances or any(v == pytest.approx(s**2) for v in variances)
        assert said.complete == (kind in ("complete", "rounded"))
    assert said.size == size
    assert said.df == df


def test_a_rounded_p_bounds_what_it_was_rounded_from() -> None:
    model, random = ReportsSimulation(k=3, priors=REPORTS), np.random.default_rng(8)
    s, df = 0.5, 20.0
    for p in (0.0004, 0.03, 0.5, 0.998):
        said = model.say("rounded_p", "a", s * critical(p, df), s, 0.3, df, random)
        bounds = [2 * stats.t.sf(z, df) for z in (said.z_high, said.z_low)]
        assert bounds[0] <= p <= bounds[1] <= 1
        assert bounds[1] - bounds[0] <= 0.0100001


def test_studies_are_published_as_often_as_their_weights_say() -> None:
    random, s = np.random.default_rng(14), np.full(20_000, 0.5)
    y = selected(random, 0.0, 0.0, s, np.array([0.025]), np.array([1.0, 0.2]))
    kept = 0.025 / (0.025 + 0.2 * 0.975)
    assert (stats.norm.sf(y / s) < 0.025).mean() == pytest.approx(kept, abs=0.01)
    # Within an interval of P nothing is preferred.
    below = stats.norm.sf(y[stats.norm.sf(y / s) > 0.025] / s[0])
    assert stats.kstest((below - 0.025) / 0.975, "uniform").pvalue > 0.001


def test_small_studies_lean_as_their_bias_says() -> None:
    random, s = np.random.default_rng(15), np.array([0.1, 1.0] * 4000)
    plain = published(random, no_bias(), 0.3, 0.0, s).reshape(-1, 2)
    assert plain.mean(axis=0) == pytest.approx([0.3, 0.3], abs=0.05)
    leaning = np.concatenate(
        [published(random, pet(half_normal(2.0)), 0.3, 0.0, s[:2]) for _ in range(4000)]
    ).reshape(-1, 2)
    middle = 2.0 * np.sqrt(2 / np.pi)
    assert leaning.mean(axis=0) == pytest.approx([0.3 + 0.1 * middle, 0.3 + middle], abs=0.12)
    weighed = published(random, weight_function([0.025]), 0.0, 0.0, s)
    assert (stats.norm.sf(weighed / s) < 0.025).mean() > 0.03


@pytest.mark.parametrize("structure", OPTIONS)
def test_studies_of_sampled_models_are_what_was_asked(structure: str) -> None:
    model = SampledSimulation(structure=structure)
    frame, truths = model.simulate(np.random.default_rng(16))
    assert len(frame) == model.k
    assert np.isfinite(list(truths.values())).all()
    assert frame.index.is_unique
    counted = "likelihood" in OPTIONS[structure]
    assert ("events_treatment" in frame) == counted == ("std_error" not in frame)
    if counted and structure != "poisson":
        assert (frame["events_control"] <= frame["total_control"]).all()
    assert ("tau" in truths) == (structure != "beta_binomial")
    means = [model.simulate(np.random.default_rng(i))[1]["mu"] for i in range(300)]
    assert stats.kstest(means, "norm").pvalue > 0.001


# Sound models pass, faulty ones do not


@pytest.mark.parametrize(
    "model",
    [
        NormalSimulation(**BASE),
        NormalSimulation(k=2, tau=half_cauchy(0.3), mu=flat()),
        NormalSimulation(k=6, tau=HALF, mu=MU, variances=(0.001, 2.0)),
    ],
    ids=lambda model: model.name,
)
def test_the_exact_posterior_is_calibrated(model: NormalSimulation) -> None:
    found = calibrate(model, fits=150, seed=11)
    assert found.uniform(), str(found)
    assert found.failed == 0
    p = found.summary()["p_chi_squared"]
    assert p.min() > 0.001


@pytest.mark.parametrize(
    ("fault", "quantity"),
    [
        ({"fitted_tau": half_normal(2.0)}, "tau"),
        ({"fitted_tau": half_normal(0.12)}, "tau"),
        ({"std_error_factor": 0.6}, "theta_1"),
        ({"std_error_factor": 1.7}, "log_likelihood"),
        ({"fitted_mu": normal(2, 1)}, "mu"),
    ],
    ids=str,
)
def test_deliberate_faults_are_found(fault: dict[str, Any], quantity: str) -> None:
    found = calibrate(NormalSimulation(**BASE, **fault), fits=150, seed=11)
    assert not found.uniform()
    assert found.summary().loc[quantity, "p_ecdf"] < 0.01, str(found)


def test_the_regression_is_calibrated_and_its_fault_found() -> None:
    base: dict[str, Any] = {"k": 5, "tau": HALF, "intercept": MU, "slope": MU}
    assert calibrate(RegressionSimulation(**base), fits=30, seed=1).uniform()
    assert not calibrate(
        RegressionSimulation(**base, std_error_factor=0.3), fits=40, seed=1
    ).uniform()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["hierarchical", "commensurate", "robust_map"])
def test_borrowing_is_calibrated_and_its_fault_found(method: str) -> None:
    base: dict[str, Any] = {"method": method, "k": (2, 4), "tau": half_normal(0.3), "mu": MU}
    if method == "robust_map":
        base |= {"weight": 0.7, "vague": normal(0, 2)}
    else:
        base |= {"between": half_normal(0.8)}
        wrong = BorrowingSimulation(**base, fitted_between=half_normal(0.02))
        assert not calibrate(wrong, fits=40, seed=2).uniform()
    assert calibrate(BorrowingSimulation(**base), fits=40, seed=2).uniform()


@pytest.mark.slow
def test_averaging_is_calibrated_and_its_fault_found() -> None:
    base: dict[str, Any] = {"k": 4, "effect": MU, "heterogeneity": HALF}
    found = calibrate(AverageSimulation(**base), fits=60, seed=2, block=20)
    assert found.uniform(), str(found)
    assert list(found.ranks) == ["mu", "tau", "effect", "heterogeneity", "bias"]
    biased = AverageSimulation(**base, bias=(pet(half_normal(3.0)),), fitted_bias=None)
    assert not calibrate(biased, fits=60, seed=2, block=20).uniform()


@pytest.mark.slow
def test_averaging_over_weight_functions_is_ranked() -> None:
    model = AverageSimulation(k=4, effect=MU, heterogeneity=HALF, bias="2w")
    ranks = model(np.random.default_rng(3), 3)
    assert all(((x >= 0) & (x <= 1)).all() and len(x) == 3 for x in ranks.values())
    assert model.name.endswith("bias models 2w")


@pytest.mark.slow
def test_a_sampled_model_is_ranked_and_what_fails_is_counted() -> None:
    ranks = SampledSimulation(structure="three_level")(np.random.default_rng(1), 2)
    assert list(ranks) == ["mu", "tau", "tau_outer", "theta_1"]
    assert all(len(x) == 2 and ((x > 0) & (x < 1)).all() for x in ranks.values())
    few = SampledSimulation(structure="three_level", chains=2, draws=20, tune=20)
    assert few(np.random.default_rng(1), 2) == {}


@pytest.mark.slow
def test_partial_reports_are_calibrated_and_their_fault_found() -> None:
    found = calibrate(ReportsSimulation(k=4, priors=REPORTS), fits=30, seed=3, block=10)
    assert found.uniform(), str(found)
    assert found.failed == 0
    wrong = ReportsSimulation(k=4, priors=REPORTS, fitted=ReportPriors(
        mu=normal(3, 1), tau=HALF, log_sd=normal(0, 0.5)
    ))  # fmt: skip
    assert not calibrate(wrong, fits=30, seed=3, block=10).uniform()


def test_reports_that_are_all_complete_leave_the_sds_to_their_prior() -> None:
    model = ReportsSimulation(k=3, priors=REPORTS, kinds=("complete",))
    ranks = model(np.random.default_rng(9), 2)
    assert all(((x > 0) & (x < 1)).all() for x in ranks.values())
    assert len(ranks["log_sd"]) == 2


@pytest.mark.slow
def test_the_sampler_is_ranked_and_what_fails_is_counted() -> None:
    ranks = NutsSimulation(k=3, tau=HALF, mu=MU, tune=500)(np.random.default_rng(1), 2)
    assert {name: len(x) for name, x in ranks.items()} == dict.fromkeys(ranks, 2)
    few = NutsSimulation(k=3, tau=HALF, mu=MU, chains=2, draws=20, tune=20)
    assert len(few(np.random.default_rng(1), 2)["mu"]) == 0


# calibrate itself


def test_the_first_blocks_do_not_depend_on_how_many_follow() -> None:
    few, many = (calibrate(of_uniform, fits=n, seed=4, block=20).ranks for n in (40, 90))
    pd.testing.assert_frame_equal(few, many.head(40))
    other = calibrate(of_uniform, fits=40, seed=5, block=20).ranks
    assert not np.allclose(few, other)


def test_what_fails_is_counted_and_the_name_is_kept() -> None:
    def half(random: np.random.Generator, n: int) -> Mapping[str, Any]:
        return {"u": random.uniform(size=n // 2)}

    found = calibrate(half, fits=100, seed=1, name="half of it")
    assert (found.fits, found.failed, found.name) == (50, 50, "half of it")
    assert "50 fits, 50 failed" in str(found)
    assert "smallest of 1 P of uniformity" in str(found)
    assert "below 0.05 is unexpected of that many (Bonferroni at 5%)" in str(found)
    assert calibrate(of_uniform, fits=20, seed=1).name == "function"
    with pytest.raises(FitError, match="15 of 30 fits have an answer"):
        calibrate(half, fits=30, seed=1)


def test_coverage_counts_central_intervals() -> None:
    found = calibrate(lambda random, n: {"u": np.linspace(0, 1, n)}, fits=1000, seed=1, block=1000)
    row = found.summary().loc["u"]
    assert [row["covered_50"], row["covered_80"], row["covered_95"]] == pytest.approx(
        [0.5, 0.8, 0.95], abs=0.002
    )
    assert row["mean"] == pytest.approx(0.5)


@pytest.mark.parametrize("value", [1.2, -0.1, np.nan])
def test_ranks_that_are_none_are_refused(value: float) -> None:
    with pytest.raises(FitError, match="not probabilities"):
        calibrate(lambda random, n: {"u": np.full(n, value)}, fits=20, seed=1)
    with pytest.raises(FitError, match="more than were asked for"):
        calibrate(lambda random, n: {"u": np.full(n + 1, 0.5)}, fits=20, seed=1)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"fits": 5}, "at least 20"),
        ({"fits": 20.5}, "whole number"),
        ({"seed": -1}, "seed: -1"),
        ({"seed": True}, "seed: True"),
        ({"block": 0}, "block: 0"),
        ({"level": 1.0}, "level: 1.0"),
    ],
)
def test_impossible_numbers_are_refused(wrong: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        calibrate(of_uniform, **({"seed": 1} | wrong))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: NormalSimulation(k=0, tau=HALF), "k: 0"),
        (lambda: NormalSimulation(k=1, tau=HALF, mu=flat(), variances=(0.2, 0.1)), "smaller first"),
        (lambda: NormalSimulation(k=3, tau=reference_prior("jeffreys")), "nothing can be drawn"),
        (lambda: NormalSimulation(k=3, tau=HALF, std_error_factor=0.0), "std_error_factor"),
        (
            lambda: NormalSimulation(k=2, tau=HALF, fitted_tau=reference_prior("improper_uniform")),
            "improper",
        ),
        (lambda: RegressionSimulation(k=4, tau=HALF, intercept=flat(), slope=MU), "intercept"),
        (lambda: RegressionSimulation(k=1, tau=HALF, intercept=MU, slope=MU), "at least 2"),
        (lambda: ReportsSimulation(k=3, priors=REPORTS, kinds=("direct",)), 'mean "direction"'),
        (lambda: ReportsSimulation(k=3, priors=REPORTS, kinds=()), "kinds: none"),
        (lambda: ReportsSimulation(k=1, priors=REPORTS), "k: 1"),
        (lambda: ReportsSimulation(k=3, priors=REPORTS, per_arm=(9, 8)), "per_arm"),
        (lambda: ReportsSimulation(k=3, priors=REPORTS, rounding=0.0), "rounding"),
        (lambda: ReportsSimulation(k=3, priors=ReportPriors(mu=MU, tau=HALF)), "log_sd has none"),
        (
            lambda: BorrowingSimulation(method="power", k=(2, 3), tau=HALF, mu=MU),
            "unknown: 'power'",
        ),
        (
            lambda: BorrowingSimulation(method="robust_map", k=(2, 3), tau=HALF, mu=flat()),
            "weight, vague",
        ),
        (lambda: BorrowingSimulation(method="hierarchical", k=(2, 3), tau=HALF, mu=MU), "between"),
        (lambda: AverageSimulation(k=0, effect=MU, heterogeneity=HALF), "k: 0"),
        (lambda: AverageSimulation(k=3, effect=flat(), heterogeneity=HALF), "effect: nothing"),
        (lambda: AverageSimulation(k=3, effect=MU, heterogeneity=HALF, bias="psm"), '"psma"'),
        (
            lambda: AverageSimulation(k=3, effect=MU, heterogeneity=HALF, fitted_bias="all"),
            "unknown: 'all'",
        ),
        (lambda: SampledSimulation(structure="levels"), "unknown: 'levels'"),
        (lambda: SampledSimulation(structure="binomial", k=3), "k: 3"),
        (lambda: SampledSimulation(structure="binomial", std_error_factor=0.0), "above 0"),
    ],
)
def test_what_cannot_be_simulated_is_refused(make: Any, match: str) -> None:
    with pytest.raises(FitError, match=match):
        make()


def test_names_tell_models_apart() -> None:
    names = {
        NormalSimulation(**BASE).name,
        NutsSimulation(**BASE).name,
        RegressionSimulation(k=5, tau=HALF, intercept=MU, slope=MU).name,
        ReportsSimulation(k=5, priors=REPORTS).name,
        ReportsSimulation(k=5, priors=REPORTS, kinds=("complete",)).name,
    }
    assert len(names) == 5


# What is committed


def run() -> dict[str, Any]:
    return dict(json.loads((RESULTS / "run.json").read_text(encoding="utf-8")))


def test_the_committed_results_are_those_of_the_committed_script() -> None:
    told = run()
    script = ROOT / told["script"]
    assert hashlib.sha256(script.read_bytes()).hexdigest() == told["sha256"]
    assert told["share"] == 1.0
    page = (RESULTS / "README.md").read_text(encoding="utf-8")
    assert told["sha256"] in page
    assert f"seed {told['seed']}" in page


def test_the_committed_models_are_calibrated_and_the_faults_found() -> None:
    summary = pd.read_csv(RESULTS / "calibration.csv")
    p = summary[["p_ecdf", "p_chi_squared"]].to_numpy()
    assert p.min() >= 0.05 / p.size
    many = summary["scenario"].str.startswith(("exact", "regression", "borrow")) | summary[
        "scenario"
    ].isin(["reports", "average-unbiased"])
    assert (summary.loc[many, ["fits", "failed"]].sum(axis=1) >= 1000).all()
    faults = pd.read_csv(RESULTS / "faults.csv").groupby("scenario")["p_ecdf"].min()
    assert faults.max() < 0.001


@pytest.mark.parametrize("key", ["exact", "exact-flat-k2", "exact-dumouchel", "regression-k5"])
def test_a_small_part_of_the_committed_results_comes_out_again(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    sys.modules.pop("calibration", None)
    import calibration  # type: ignore[import-not-found]

    one = next(s for s in [*calibration.exact(), *calibration.others()] if s.key == key)
    assert (
        one.seed
        == pd.read_csv(RESULTS / "calibration.csv").set_index("scenario").loc[key, "seed"].iloc[0]
    )
    found = calibrate(one.model, seed=one.seed, fits=one.block, block=one.block)
    assert found.uniform(), str(found)
    kept = pd.read_csv(RESULTS / "first_ranks.csv").query("scenario == @key")
    assert len(kept) == calibration.FIRST * found.ranks.shape[1]
    for row in kept.itertuples():
        assert found.ranks.loc[row.fit, row.quantity] == pytest.approx(row.rank, abs=1e-6)


def test_the_committed_sampled_models_are_calibrated_and_the_fault_found() -> None:
    told = json.loads((RESULTS / "sampling.json").read_text(encoding="utf-8"))
    script = (ROOT / told["script"]).read_bytes()
    assert hashlib.sha256(script).hexdigest() == told["sha256"]
    assert told["missing"] == []
    page = (RESULTS / "sampling.md").read_text(encoding="utf-8")
    assert told["sha256"] in page
    found = pd.read_csv(RESULTS / "sampling.csv").set_index("scenario")
    fault = found.index.str.contains("standard errors")
    sound, faulty = found[~fault], found[fault]
    assert set(sound.index) == set(OPTIONS)
    p = sound[["smallest_P_band", "smallest_P_chi2"]].to_numpy()
    assert p.min() >= 0.05 / (2 * sound["quantities"].sum())
    assert len(faulty) == 1
    assert faulty["smallest_P_band"].max() < 0.001
