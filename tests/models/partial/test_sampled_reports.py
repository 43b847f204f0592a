"""The same model sampled by NUTS: agreement with importance sampling in Monte Carlo errors."""

from typing import Any

import numpy as np
import pytest

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.priors import (
    TauPrior,
    exponential,
    half_cauchy,
    half_normal,
    half_t,
    inverse_gamma,
    log_normal,
    log_t,
    normal,
    uniform,
)
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.sampled_reports import build_reports_model, sample_reports
from evidence.models.partial.space import ReportPriors

PRIORS = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
SOME = {"draws": 2000, "tune": 1000, "chains": 2, "target_accept": 0.95, "max_divergences": 40}


def told(row: str, **given: object) -> Statement:
    return Statement(row=row, study=row, label=row, **({"kind": "part"} | given))


COMPLETE = [
    told(row, kind="complete", estimate=y, errors=(ErrorForm(s**2),), size=0.3, df=40)
    for row, y, s in zip("abcd", [-0.9, -0.6, 0.4, -0.2], [0.57, 0.34, 0.4, 0.3], strict=True)
]
TESTS = [
    told("e", sign=-1, size=0.3),
    told("f", sign=-1, z_low=1.96, size=0.2, df=90),
    told("g", z_high=1.96, size=0.25),
    told("h", sign=1, z_low=1.2, z_high=1.4, size=0.4),
    told("i", sign=-1),
]
ERRORS = [
    told("e", estimate=-0.5, half_widths=(0.2, 0.1), size=0.3),
    told("f", estimate=-0.3, se_high=0.2, size=0.3),
    told("g", estimate=-0.8, se_low=0.5, size=0.3),
    told("h", estimate=-0.4, se_low=0.1, se_high=0.9, size=0.3),
    told("i", estimate=-0.6, se_low=0.2, se_high=0.25, size=0.3),
    told("j", estimate=-0.2, size=0.3, df=20,
         errors=(ErrorForm(0.09, 0, 0.5), ErrorForm(0.9, 0, 0.5))),
    told("k", estimate=-0.9, errors=(ErrorForm(0.2, 0.18),), size=0.3, df=20),
]  # fmt: skip
ARMS = [
    told("e", estimate=-1.1, errors=(ErrorForm(0.04),), arm_only=True, size=0.2, df=24),
    told("f", sign=-1, arm_only=True, size=0.2),
    told("g", estimate=-0.4, errors=(ErrorForm(0.06),), control_change=(-0.3, 0.15), size=0.3),
    told("h", estimate=-0.6, errors=(ErrorForm(0.05),), control_change=(-0.2, 0.02), size=0.3),
]


def agree(body: Any, priors: ReportPriors, seed: int, most: float = 5.0) -> None:
    fit = pool_reports(body, priors=priors, influence=False)
    drawn = sample_reports(body, priors=priors, seed=seed, **SOME)
    ours = fit.terms.set_index("term").drop(index="prediction")
    assert sorted(drawn.terms.index) == sorted(ours.index)
    theirs = drawn.terms.loc[ours.index]
    for name in ("mean", "median", "ci_low", "ci_high"):
        gap = ours[name] - theirs[name]
        # Quantiles of ours have no error of their own: that of the mean stands in, twice.
        error = np.hypot(theirs[f"mcse_{name}"], 2 * ours["mcse_mean"])
        assert (gap.abs() <= most * error).all(), (name, gap / error)
    trials = fit.trials.loc[drawn.trials.index]
    gap = trials["mean"].astype(float) - drawn.trials["mean"]
    error = np.hypot(drawn.trials["mcse_mean"], 0.01 * drawn.trials["sd"])
    assert (gap.abs() <= most * error).all(), gap / error
    ratio = trials["sd"].astype(float) / drawn.trials["sd"]
    assert ratio.between(0.9, 1.1).all(), ratio


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [COMPLETE, COMPLETE + TESTS, COMPLETE + ERRORS, COMPLETE + ARMS],
    ids=["complete", "tests", "errors", "arms"],
)
def test_agreement_on_small_bodies(body: list[Statement]) -> None:
    agree(body, PRIORS, seed=5)


# Three reports of the project: spine density in women, an inhibitor against tamoxifen.
SPINE = [
    told("a", kind="complete", estimate=-5.9, half_widths=(0.5, 0.05), se_low=1.7696,
         se_high=2.2089),
    told("b", estimate=-2.98, half_widths=(0.005, 0.005), se_high=0.766),
    told("c", kind="complete", estimate=-3.3, half_widths=(0.05, 0.05), se_low=0.9494,
         se_high=1.0192),
]  # fmt: skip
SPINE_PRIORS = ReportPriors(mu=normal(0, 10), tau=half_normal(2.5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "priors"),
    [
        (SPINE, SPINE_PRIORS),
        # Directions, of one arm too, and a P on one side: open standard errors and tau near 0.
        (COMPLETE[:1] + TESTS[:3] + ARMS[1:2], PRIORS),
    ],
    ids=["spine", "few"],
)
def test_no_divergence_where_little_was_said(body: list[Statement], priors: ReportPriors) -> None:
    """The limits of every fit stand here: not one divergence in 8,000 draws."""
    drawn = sample_reports(body, priors=priors, seed=3)
    assert drawn.diagnostics.divergences == 0
    ours = pool_reports(body, priors=priors, influence=False).terms.set_index("term")
    for name in ("mu", "tau"):
        theirs = drawn.terms.loc[name]
        for figure in ("mean", "median", "ci_low", "ci_high"):
            error = np.hypot(theirs[f"mcse_{figure}"], 3 * ours.loc[name, "mcse_mean"])
            assert abs(ours.loc[name, figure] - theirs[figure]) < 5 * error, (name, figure)


@pytest.mark.slow
def test_chains_that_divide_between_two_modes_are_refused() -> None:
    """A P far below its bound without a direction: the effect is far on either side of 0."""
    apart = [told("e", z_low=8.0, size=0.1, df=400)]
    priors = ReportPriors(mu=normal(0, 5), tau=half_normal(0.01), log_sd=normal(0, 0.1))
    with pytest.raises(FitError, match=r"did not converge\n(?s:.*)(R-hat|sample size)"):
        sample_reports(apart, priors=priors, seed=1, draws=500, tune=500)


@pytest.mark.slow
@pytest.mark.parametrize(
    "prior",
    [half_cauchy(0.5), half_t(0.5, 4), exponential(2.0), uniform(2.0), log_normal(-1.5, 1.0),
     inverse_gamma(2.0, 0.5), log_t(-1.5, 0.5, 5)],
    ids=lambda p: p.kind,
)  # fmt: skip
def test_every_prior_of_tau_is_the_same_density(prior: TauPrior) -> None:
    """Without sampling: the density of the model's tau is that of the prior, by simulation."""
    import pymc as pm

    model = build_reports_model(COMPLETE, priors=ReportPriors(mu=normal(0, 2), tau=prior))
    with model:
        drawn = pm.draw(model["tau"], draws=20_000, random_seed=3)
    for q in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert np.mean(drawn < prior.quantile(q)) == pytest.approx(q, abs=0.015)


def test_the_model_can_be_extended_and_names_what_it_draws() -> None:
    model = build_reports_model(COMPLETE + TESTS, priors=PRIORS)
    names = [variable.name for variable in model.deterministics]
    assert names == ["tau", "log_sd", "log_sd_spread", "mu", "theta"]
    point = model.initial_point()
    assert np.isfinite(sum(float(x) for x in model.point_logps(point).values()))


def test_what_cannot_be_is_refused() -> None:
    table = table_of([-0.5, -0.3], [0.2, 0.3])
    with pytest.raises(FitError, match="chains: 1; a whole number of at least 2"):
        sample_reports(table, priors=PRIORS, seed=1, chains=1)
    with pytest.raises(FitError, match="level: 95; between 0 and 1"):
        sample_reports(table, priors=PRIORS, seed=1, level=95)
    with pytest.raises(FitError, match="nothing was said"):
        build_reports_model([told("z")], priors=PRIORS)
