"""Figures of Bayesian fits, partial reports, borrowing and chains, against their numbers."""

import copy
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import arrow_count, assert_readable, assert_whole, bcg, many, offsets
from scipy import integrate, stats
from test_figure_hostile import HOSTILE, K, S, Y

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import table_of
from evidence.errors import ReportError
from evidence.models.bayesian.chains import quiet
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.fit import BayesFit, Diagnostics
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.priors import half_normal, normal, reference_prior
from evidence.models.bayesian.sensitivity import prior_sensitivity
from evidence.models.borrowing.borrow import borrow
from evidence.models.borrowing.result import Borrowing
from evidence.models.partial.fit import ReportsFit
from evidence.models.partial.ladder import COLUMNS, STEPS, reports_ladder
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.possible import PossibleAnswers, possible_answers
from evidence.models.partial.space import ReportPriors
from evidence.report.figures.chains import rank_plot, trace_plot
from evidence.report.figures.contribution import GROUPS, SILENT, contribution_plot
from evidence.report.figures.discount import discount_curve
from evidence.report.figures.joint_posterior import joint_posterior
from evidence.report.figures.ladder import ladder_plot
from evidence.report.figures.plot import Plot
from evidence.report.figures.posterior_density import posterior_density
from evidence.report.figures.posterior_forest import posterior_forest
from evidence.report.figures.prior_sensitivity import prior_sensitivity_plot

PRIORS = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
TITLE = HOSTILE[3] + " $y_1$ <b>"


@cache
def exact(k: int = 13) -> BayesFit:
    table = bcg() if k == 13 else many(k)
    return pool_bayes(table, tau=half_normal(0.5), mu=normal(0, 2))


@cache
def chains(count: int = 4, draws: int = 500) -> Any:
    """Draws from the exact posterior, as a sampler would hand them over."""
    posterior = exact().posterior
    assert isinstance(posterior, ExactPosterior)
    random = np.random.default_rng(3)
    shape = (count, draws)
    tau = posterior.quantile(random.uniform(size=shape), "tau")
    at = np.interp(tau, posterior.grid.tau, np.arange(posterior.grid.tau.size)).round().astype(int)
    mu = random.normal(posterior.mu_mean[at], posterior.mu_sd[at])
    with quiet():
        import arviz

        held = {"mu": mu, "tau": tau, "prediction": random.normal(mu, tau)}
        held["theta"] = random.normal(size=(*shape, 2))
        names = {"study": ["a $x^2$ <b>", "W" * 90]}
        return arviz.from_dict(posterior=held, coords=names, dims={"theta": ["study"]})


@cache
def sampled() -> BayesFit:
    told = Diagnostics(1.0, 900.0, 900.0, 0, 4, 500, 500, 1, "drawn from the exact posterior")
    return replace(exact(), engine="nuts", posterior=chains(), diagnostics=told)


def complete(row: str, y: float, **more: Any) -> Statement:
    error = more.pop("error", 0.04)
    return Statement(
        row=row, study=row, label=more.pop("label", row), kind="complete", estimate=y,
        errors=(ErrorForm(error),), size=0.2, df=48, **more,
    )  # fmt: skip


def told(labels: list[str] | None = None) -> tuple[Statement, ...]:
    names = labels or ["Aa 2001", "Bb 2002", "Cc 2003", "Dd 2004", "Ee 2005", "Ff 2006", "Gg 2007"]
    a, b, c, d, e, f, g = names[:7]
    return (
        complete("a", -0.5, label=a),
        complete("b", -0.3, label=b),
        complete("c", 0.9, label=c, error=0.09),
        Statement(row="d", study="d", label=d, kind="estimate_alone", estimate=-0.4, size=0.3),
        Statement(row="e", study="e", label=e, kind="direction_with_p", sign=-1, z_low=1.96,
                  size=0.25),
        Statement(row="f", study="f", label=f, kind="direction", sign=-1, size=0.2),
        Statement(row="g", study="g", label=g, kind="other_unit"),
    )  # fmt: skip


@cache
def reports() -> ReportsFit:
    return pool_reports(told(), priors=PRIORS)


@cache
def steps() -> pd.DataFrame:
    return reports_ladder(told(), priors=PRIORS)


@cache
def possible() -> PossibleAnswers:
    return possible_answers(told(), limits=(-2, 2))


@cache
def borrowed(method: str = "power", scale: Any = "log") -> Borrowing:
    men = table_of([-0.5, -0.1], [0.4, 0.5], scale=scale, measure="OR")
    women = table_of([-0.6, -0.4, -0.5], [0.1, 0.15, 0.1], scale=scale, measure="OR")
    if method == "hierarchical":
        return borrow(men, women, method=method, tau=half_normal(0.3), between=half_normal(0.5))
    return borrow(men, women, method=method, tau=half_normal(0.3), discount=0.5)


def sound(plot: Plot) -> None:
    assert_readable(plot)
    assert_whole(plot)


# Posterior forest


def test_posterior_forest_shows_printed_and_posterior() -> None:
    plot, fit = posterior_forest(exact(), title="BCG"), exact()
    sound(plot)
    studies = plot.data[plot.data["kind"] == "study"]
    assert studies["estimate"].tolist() == pytest.approx(fit.table.rows["estimate"].tolist())
    assert studies["posterior"].tolist() == pytest.approx(fit.shrinkage["median"].tolist())
    half = 1.959964 * fit.table.rows["std_error"].to_numpy()
    assert (studies["high"] - studies["estimate"]).tolist() == pytest.approx(
        half.tolist(), rel=1e-6
    )
    mu = fit.terms.set_index("term").loc["mu"]
    row = plot.data.iloc[13]
    assert (row["kind"], row["posterior"]) == ("mean", pytest.approx(mu["median"]))
    assert plot.data["kind"].tolist()[13:] == ["mean", "prediction"]
    assert "τ half-normal(0.5)" in " ".join(t.get_text() for t in plot.figure.axes[0].texts)


def test_shrinkage_points_from_the_printed_to_the_mean() -> None:
    plot = posterior_forest(exact())
    shrunk = plot.data["shrinkage"][:13].astype(float)
    # Medians of skewed posteriors move a little beyond either end where an estimate is near mu.
    assert shrunk.between(-60, 110).all()
    widest = int(np.argmax(exact().table.rows["std_error"]))
    assert shrunk[widest] > shrunk[int(np.argmin(exact().table.rows["std_error"]))]
    ax = plot.figure.axes[0]
    dots = offsets(ax)
    assert len(dots) >= 2 * 13 + 1  # a square and a circle a study, the new study's mark


@pytest.mark.parametrize("k", [1, 2, pytest.param(60, marks=pytest.mark.slow)])
def test_posterior_forest_of_few_and_many(k: int) -> None:
    plot = posterior_forest(exact(k), prediction=k != 2)
    sound(plot)
    assert len(plot.data) == k + 2 - (k == 2)


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_bayesian_figures_at_any_scale(size: float) -> None:
    table = table_of(np.array([1.0, 3.0, -2.0]) * size, np.array([1.0, 1.5, 2.0]) * size)
    fit = pool_bayes(table, tau=half_normal(size))
    for plot in (
        posterior_forest(fit),
        posterior_density(fit, ["mu", "prediction", "tau"]),
        joint_posterior(fit),
        prior_sensitivity_plot(prior_sensitivity(table, half_normal, [size / 9, size])),
    ):
        sound(plot)


def test_posterior_forest_cuts_at_limits() -> None:
    plot = posterior_forest(exact(), limits=(0.3, 2.0))
    sound(plot)
    assert arrow_count(plot) > 3
    with pytest.raises(ReportError, match="ratios above 0"):
        posterior_forest(exact(), limits=(-1.0, 2.0))


def test_posterior_forest_refuses_a_sheet_without_room() -> None:
    with pytest.raises(ReportError, match="leave no room for the columns"):
        posterior_forest(exact(), width=80.0)
    with pytest.raises(ReportError, match="from 60 to 1000"):
        posterior_forest(exact(), width=float("nan"))


def test_a_sampled_fit_is_said_to_be_sampled() -> None:
    plot = posterior_forest(sampled())
    assert "sampled by NUTS" in " ".join(t.get_text() for t in plot.figure.axes[0].texts)


# Densities


def test_densities_hold_probability_one_and_the_priors_stand_beside() -> None:
    plot, fit = posterior_density(exact(), ["mu", "prediction", "tau"], title="BCG"), exact()
    sound(plot)
    for name, part in plot.data.groupby("curve"):
        x, height = part["x"].to_numpy(), part["density"].to_numpy()
        area = integrate.trapezoid(height, x)
        if "prior" not in str(name):
            assert area == pytest.approx(1.0, abs=0.012), name
        if name == "mu prior":
            assert height == pytest.approx(stats.norm(0, 2).pdf(x))
        if name == "tau prior":
            assert height == pytest.approx(stats.halfnorm(scale=0.5).pdf(x))
    assert fit.prior_mu.proper


def test_the_threshold_is_on_the_printed_scale_and_its_side_is_filled() -> None:
    plot = posterior_density(exact(), threshold=0.8, side="above")
    sound(plot)
    share = 1 - exact().probability_below(float(np.log(0.8)), "prediction")
    assert f"{100 * share:.0f} %" in plot.description
    ax = plot.figure.axes[0]
    filled = [
        np.asarray(c.get_paths()[0].vertices)[:, 0] for c in ax.collections if len(c.get_paths())
    ]
    assert min(map(np.min, filled)) == pytest.approx(np.log(0.8))
    words = [t.get_text() for t in plot.figure.legends[0].get_texts()]
    assert words[0].startswith("mean effect: P(ratio > 0.80)")


def test_improper_priors_are_not_drawn() -> None:
    fit = pool_bayes(bcg(), tau=reference_prior("jeffreys"))
    plot = posterior_density(fit, ("mu", "tau"))
    assert plot.data["curve"].unique().tolist() == ["mu", "tau"]
    alone = posterior_density(exact(), ("mu",), prior=False, width=85.0)
    assert alone.data["curve"].unique().tolist() == ["mu"]


def test_a_density_without_bound_at_0_is_cut() -> None:
    fit = pool_bayes(many(3), tau=reference_prior("sqrt_uniform"))
    plot = posterior_density(fit, ("tau",))
    sound(plot)
    sound(joint_posterior(fit))


def test_a_far_threshold_leaves_the_densities_their_room() -> None:
    plot = posterior_density(exact(), threshold=1e-6)
    sound(plot)
    assert plot.data["x"].min() > -5


def test_smoothed_draws_agree_with_the_exact_density() -> None:
    one, other = posterior_density(exact(), ("mu", "tau")), posterior_density(sampled(), ("mu",))
    peak = one.data[one.data["curve"] == "mu"]["density"].max()
    assert other.data[other.data["curve"] == "mu"]["density"].max() == pytest.approx(peak, rel=0.12)
    sound(posterior_density(sampled(), ("tau",)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"of": ("mu", "nu")}, "unknown: 'nu'"),
        ({"of": ()}, "each once"),
        ({"of": ("mu", "mu")}, "each once"),
        ({"of": "mu"}, "wrong kind"),
        ({"side": "left"}, "unknown: 'left'"),
        ({"threshold": -1.0}, "a ratio above 0"),
        ({"threshold": float("nan")}, "a ratio above 0"),
    ],
)
def test_densities_refuse(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ReportError, match=words):
        posterior_density(exact(), **options)


# Joint posterior


@pytest.mark.parametrize("fit", [exact, pytest.param(sampled, marks=pytest.mark.slow)])
def test_regions_hold_their_probability(fit: Any) -> None:
    plot = joint_posterior(fit(), title="BCG")
    sound(plot)
    data = plot.data
    cell = np.diff(data["mu"].unique()).mean() * np.diff(data["tau"].unique()).mean()
    for level in (0.5, 0.8, 0.95):
        share = data["density"][data["region"] <= level].sum() * cell
        # The kernel of a sampled fit spreads what it smooths.
        assert share == pytest.approx(level, abs=0.01 if fit is exact else 0.06)


def test_joint_posterior_of_one_study_and_five_regions() -> None:
    plot = joint_posterior(exact(1), levels=[0.99, 0.1, 0.3, 0.5, 0.9], width=85.0)
    sound(plot)
    assert sorted(plot.data["region"].unique()) == [0.1, 0.3, 0.5, 0.9, 0.99, 1.0]


@pytest.mark.parametrize(
    ("levels", "words"),
    [((0.5, 1.0), "fractions"), ((), "fractions"), ((0.5, 0.5), "each once"), ("0.5", "kind")],
)
def test_joint_posterior_refuses(levels: Any, words: str) -> None:
    with pytest.raises(ReportError, match=words):
        joint_posterior(exact(), levels=levels)


# Sensitivity to the prior


def test_prior_sensitivity_draws_its_curve() -> None:
    curve = prior_sensitivity(bcg(), half_normal, np.geomspace(0.05, 4, 15))
    plot = prior_sensitivity_plot(
        curve.sample(frac=1.0, random_state=1), used=0.5, scale="log", name="Risk ratio", title="B"
    )
    sound(plot)
    assert plot.data["scale"].is_monotonic_increasing
    assert plot.data["mu_median"].tolist() == pytest.approx(curve["mu_median"].tolist())
    assert plot.figure.axes[0].get_xscale() == "log"
    narrow = prior_sensitivity_plot(curve.iloc[:2].assign(scale=[0.2, 0.4]), threshold=-0.5)
    sound(narrow)
    assert narrow.figure.axes[0].get_xscale() == "linear"


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda c: c.drop(columns="tau_median"), {}, "lacks tau_median"),
        (lambda c: c.iloc[:1], {}, "two different scales"),
        (lambda c: c.assign(scale=[1.0, 1.0]), {}, "two different scales"),
        (lambda c: c.assign(scale=[0.0, 1.0]), {}, "scales above 0"),
        (lambda c: c, {"used": -1.0}, "a scale above 0"),
        (lambda c: c, {"level": 95}, "fraction"),
        (lambda c: c, {"threshold": float("inf")}, "a finite number"),
        (lambda c: c, {"scale": "ln"}, "unknown: 'ln'"),
        (lambda _: None, {}, "wrong kind"),
    ],
)
def test_prior_sensitivity_refuses(change: Any, options: dict[str, Any], words: str) -> None:
    curve = prior_sensitivity(many(3), half_normal, [0.1, 0.5])
    with pytest.raises(ReportError, match=words):
        prior_sensitivity_plot(change(curve), **options)


# Borrowing


@pytest.mark.parametrize("method", ["power", "hierarchical"])
def test_discount_curve_marks_tipping_points(method: str) -> None:
    found = borrowed(method)
    plot = discount_curve(found, title="Men, from women")
    sound(plot)
    curve = plot.data[plot.data["kind"] == "curve"]
    assert curve["median"].tolist() == pytest.approx(found.curve["median"].tolist())
    tipping = plot.data[plot.data["kind"] == "tipping"]["discount"].astype(float)
    assert tipping.tolist() == pytest.approx(found.tipping["discount"].tolist())
    words = [t.get_text() for t in plot.figure.legends[0].get_texts()]
    assert f"tipping point, {tipping.iloc[0]:.2g}" in words
    ends = [t.get_text() for t in plot.figure.axes[-1].get_xticklabels()]
    assert any("pooled" in t for t in ends)
    assert any("target alone" in t for t in ends) == (method == "power")


def test_discount_curve_without_effective_sizes_has_two_panels() -> None:
    found = borrowed("power", "identity")
    blank = found.curve.assign(borrowed_evidence=None, borrowed_patients=None)
    plot = discount_curve(replace(found, curve=blank, tipping=found.tipping.iloc[:0]))
    sound(plot)
    assert len(plot.figure.axes) == 2
    assert "no conclusion changes" in plot.description
    counted = found.curve.assign(borrowed_patients=100.0 * found.curve["borrowed_evidence"])
    with_patients = discount_curve(replace(found, curve=counted))
    assert with_patients.figure.axes[1].get_ylabel() == "Borrowed\npatients"


def test_discount_curve_needs_a_curve() -> None:
    found = borrowed()
    with pytest.raises(ReportError, match="a curve of one point"):
        discount_curve(replace(found, curve=found.curve.iloc[:1]))


# Partial reports


def test_contributions_stand_by_kind_and_size() -> None:
    plot, fit = contribution_plot(reports(), name="Ratio", scale="log", title="Reports"), reports()
    sound(plot)
    data = plot.data
    assert data["information"].to_dict() == pytest.approx(fit.trials["information"].to_dict())
    assert data["shift"].to_dict() == pytest.approx(fit.trials["shift"].to_dict())
    order = [GROUPS.index(g) if g in GROUPS else len(GROUPS) for g in data["group"]]
    assert order == sorted(order)
    for _, part in data.groupby("group"):
        assert part["information"].is_monotonic_decreasing
    assert data["group"]["g"] == SILENT
    words = " ".join(t.get_text() for t in plot.figure.axes[0].texts)
    assert f"{SILENT}: Gg 2007" in words
    assert f"×{np.exp(fit.trials['shift']['a']):.2f}" in words
    assert data["information"]["c"] < -1  # far from the rest: its bar is cut
    assert arrow_count(plot) == 1


def test_reports_of_one_name_are_told_apart() -> None:
    one = complete("doe/bmd/high_dose-v-placebo", -0.5, label="Doe")
    two = complete("doe/bmd/low_dose-v-placebo", -0.3, label="Doe")
    fit = pool_reports([one, two, complete("x", 0.1, label="")], priors=PRIORS)
    plot = contribution_plot(fit, width=120.0)
    sound(plot)
    assert sorted(plot.data["label"]) == [
        "Doe, high dose v placebo",
        "Doe, low dose v placebo",
        "x",
    ]


def test_a_report_without_which_there_is_no_answer_is_said() -> None:
    fit = copy.copy(reports())
    trials = fit.trials.astype(object)
    trials.loc["b", ["information", "shift", "left_out_mean"]] = None
    plot = contribution_plot(replace(fit, trials=trials))
    sound(plot)
    assert "no answer without: Bb 2002" in " ".join(t.get_text() for t in plot.figure.axes[0].texts)
    assert plot.data["shift"]["b"] is None


def test_contributions_refuse_a_fit_without_influence() -> None:
    fit = pool_reports(told(), priors=PRIORS, influence=False)
    with pytest.raises(ReportError, match="has no influence"):
        contribution_plot(fit)
    with pytest.raises(ReportError, match="wrong kind"):
        contribution_plot(exact())  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [1, 60])
def test_contributions_of_one_and_of_many(k: int) -> None:
    random = np.random.default_rng(k)
    rows = [
        complete(f"r{i}", float(y), label=f"Author {i}")
        for i, y in enumerate(random.normal(size=k))
    ]
    plot = contribution_plot(pool_reports(rows, priors=PRIORS))
    sound(plot)
    assert len(plot.data) == k


def test_ladder_from_complete_to_all() -> None:
    plot = ladder_plot(steps(), possible(), name="Mean difference", title="Steps")
    sound(plot)
    assert plot.data["median"].tolist()[:-1] == pytest.approx(steps()["median"].tolist())
    assert plot.data["step"].tolist()[-1] == "possible answers"
    assert plot.data["low"].tolist()[-1] == pytest.approx(possible().low)
    words = [t.get_text() for t in plot.figure.axes[0].texts]
    assert "Complete reports only" in words
    assert "+ directions" in words
    ratio = ladder_plot(steps(), scale="log", limits=(0.5, 1.2), level=0.9)
    sound(ratio)
    assert arrow_count(ratio) > 0
    assert "Probability\n< 1" in [t.get_text() for t in ratio.figure.axes[0].texts]


def test_a_step_without_an_answer_says_why() -> None:
    blank = dict.fromkeys(COLUMNS)
    first = blank | {"step": STEPS[0], "added": 1, "reports": 1, "why": "no SD $x^2$ " * 9}
    frame = pd.concat([pd.DataFrame([first], dtype=object), steps().iloc[1:2].astype(object)])
    plot = ladder_plot(frame.reset_index(drop=True))
    sound(plot)
    assert plot.data["median"].tolist()[0] is None
    assert "complete reports only, 1 report, no answer" in plot.description
    alone = ladder_plot(steps().iloc[:1])
    sound(alone)


def test_ladder_refuses() -> None:
    with pytest.raises(ReportError, match="lacks step"):
        ladder_plot(pd.DataFrame({"mean": [1.0]}))
    with pytest.raises(ReportError, match="has no rows"):
        ladder_plot(steps().iloc[:0])
    with pytest.raises(ReportError, match="no step has an answer"):
        ladder_plot(steps().assign(median=None))
    with pytest.raises(ReportError, match="fraction"):
        ladder_plot(steps(), level=95)


# Chains


def test_trace_and_rank_plots_have_the_chains_summaries() -> None:
    draws = chains()["posterior"]["mu"].to_numpy()
    for plot in (trace_plot(sampled(), title="Chains"), rank_plot(chains(), title="Chains")):
        sound(plot)
        assert plot.data.index.tolist() == ["mu", "tau", "prediction"]
        assert plot.data["mean"]["mu"] == pytest.approx(draws.mean())
        assert plot.data["r_hat"].max() < 1.02
    trace = trace_plot(chains(), ["mu"])
    assert len(trace.figure.axes[1].get_lines()) == 4
    assert trace.figure.axes[1].get_lines()[2].get_ydata() == pytest.approx(draws[2])


def test_rank_bars_hold_every_draw() -> None:
    plot = rank_plot(chains(), ["tau"], width=85.0)
    bars = plot.figure.axes[0].patches
    heights = np.array([b.get_height() for b in bars]).reshape(4, 20)  # type: ignore[attr-defined]
    assert heights.sum(axis=1) == pytest.approx(heights.sum(axis=1)[0])


def test_elements_of_vectors_and_long_chains() -> None:
    name = f"theta[{'W' * 90}]"
    sound(trace_plot(chains(), [name, "theta[a $x^2$ <b>]"], width=85.0))
    sound(rank_plot(chains(), [name, "mu", "tau"], width=120.0))
    long = chains(2, 4000)
    plot = trace_plot(long, ["mu"])
    sound(plot)
    line = plot.figure.axes[1].get_lines()[0]
    assert len(line.get_ydata()) == 1334  # type: ignore[arg-type]


def test_chains_refuse() -> None:
    with pytest.raises(ReportError, match="has no chains: it is exact"):
        trace_plot(exact())
    with pytest.raises(ReportError, match="dict has no chains"):
        rank_plot({})  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="unknown: 'nu'"):
        trace_plot(chains(), ["nu"])
    for names in ("mu", [], ["mu", "mu"]):
        with pytest.raises(ReportError, match="1 to 12 different parameters"):
            trace_plot(chains(), names)
    with pytest.raises(ReportError, match="one chain"):
        trace_plot(chains(1))
    broken = chains().copy()
    broken["posterior"]["mu"][0, 0] = np.nan
    with pytest.raises(ReportError, match="not finite"):
        rank_plot(broken, ["mu"])


# Names that would break or run


def hostile_reports() -> ReportsFit:
    return pool_reports(told([*HOSTILE[:6], HOSTILE[11]]), priors=PRIORS)


def hostile_fit() -> BayesFit:
    table = table_of(Y, S, labels=HOSTILE, scale="log", measure="RR")
    assert table.k == K
    return pool_bayes(table, tau=half_normal(0.5), mu=normal(0, 2))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: posterior_forest(hostile_fit(), title=TITLE),
        lambda: posterior_density(hostile_fit(), ["mu", "tau"], title=TITLE),
        lambda: joint_posterior(hostile_fit(), title=TITLE),
        lambda: prior_sensitivity_plot(
            prior_sensitivity(bcg(), half_normal, [0.1, 1.0]), name=TITLE, title=TITLE
        ),
        lambda: discount_curve(
            replace(borrowed(), target=replace(borrowed().target, unit=TITLE)), title=TITLE
        ),
        lambda: contribution_plot(hostile_reports(), name=TITLE, title=TITLE),
        lambda: ladder_plot(steps(), possible(), name=TITLE, title=TITLE),
        lambda: trace_plot(chains(), ["mu"], title=TITLE),
        lambda: rank_plot(chains(), ["mu"], title=TITLE),
    ],
)
def test_hostile_words_are_text(draw: Any) -> None:
    sound(draw())
