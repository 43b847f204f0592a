"""Pooling of what was said: against the exact engine, brute-force grids, and common sense."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import table_of
from evidence.errors import EffectError, FitError
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import (
    TauPrior,
    exponential,
    flat,
    half_cauchy,
    half_normal,
    half_t,
    inverse_gamma,
    log_normal,
    log_t,
    normal,
    reference_prior,
    uniform,
)
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.space import ReportPriors, space_of

PRIORS = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
Y, S = [-0.889, -0.642, 0.446, -0.2], [0.571, 0.341, 0.73, 0.3]


def told(row: str, **given: object) -> Statement:
    return Statement(row=row, study=row, label=row.upper(), **({"kind": "complete"} | given))


def complete(k: int = 4, **given: object) -> list[Statement]:
    rows = zip("abcdefgh", Y[:k], S[:k], strict=False)
    return [
        told(row, estimate=y, errors=(ErrorForm(s**2),), size=0.3, df=40, **given)
        for row, y, s in rows
    ]


def test_complete_reports_agree_with_the_exact_engine() -> None:
    table = table_of(Y, S)
    exact = pool_bayes(table, tau=PRIORS.tau, mu=PRIORS.mu)
    fit = pool_reports(table, priors=PRIORS)
    for column, slack in (("mean", 0.005), ("median", 0.005), ("sd", 0.005), ("ci_low", 0.03)):
        sd = exact.terms["sd"].to_numpy()
        gap = np.abs(fit.terms[column].to_numpy() - exact.terms[column].to_numpy()) / sd
        assert gap.max() < slack, column
    assert fit.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=0.003)
    theta = exact.shrinkage
    assert fit.trials["mean"].to_numpy(float) == pytest.approx(theta["mean"].to_numpy(), abs=0.005)
    assert fit.trials["sd"].to_numpy(float) == pytest.approx(theta["sd"].to_numpy(), abs=0.005)
    assert fit.probability_below(0.0) == pytest.approx(exact.probability_below(0.0), abs=0.003)
    new = exact.probability_below(-0.5, "prediction")
    assert fit.probability_below(-0.5, "prediction") == pytest.approx(new, abs=0.003)


def test_leaving_one_out_is_a_fit_without_it() -> None:
    fit = pool_reports(complete(), priors=PRIORS)
    for i, row in enumerate("abcd"):
        rest = [j for j in range(4) if j != i]
        exact = pool_bayes(
            table_of([Y[j] for j in rest], [S[j] for j in rest]), tau=PRIORS.tau, mu=PRIORS.mu
        )
        mu = exact.terms.set_index("term").loc["mu"]
        found = fit.trials.loc[row]
        assert found["left_out_mean"] == pytest.approx(mu["mean"], abs=0.02 * mu["sd"])
        assert found["left_out_sd"] == pytest.approx(mu["sd"], rel=0.02)


def test_a_mixed_body_by_a_brute_force_grid() -> None:
    """Two known parameters, and reports of four kinds with known standard errors."""
    error = (ErrorForm(0.09),)
    statements = [
        *complete(2),
        told("e", kind="direction", sign=-1, errors=error),
        told("f", kind="direction_with_p", sign=-1, z_low=1.96, errors=error),
        told("g", kind="not_significant", z_high=1.96, errors=error),
        told("h", kind="estimate_alone", estimate=-0.4, half_widths=(0.05,), errors=error),
    ]
    fit = pool_reports(statements, priors=PRIORS)
    space = space_of(statements, PRIORS)
    assert space.active == ("mu", "tau")
    mu, deviate = np.meshgrid(np.linspace(-6, 6, 1201), np.linspace(-6, 6, 601), indexing="ij")
    x = np.column_stack([mu.ravel() / space.unit, deviate.ravel()])
    log_p = space.log_density(x)
    w = np.exp(log_p - log_p.max())
    mean = np.average(mu.ravel(), weights=w)
    sd = np.sqrt(np.average((mu.ravel() - mean) ** 2, weights=w))
    tau = np.average(PRIORS.tau.quantile(stats.norm.cdf(x[:, 1])), weights=w)
    row = fit.terms.set_index("term")
    assert row.loc["mu", "mean"] == pytest.approx(mean, abs=0.01 * sd)
    assert row.loc["mu", "sd"] == pytest.approx(sd, rel=0.01)
    assert row.loc["tau", "mean"] == pytest.approx(tau, rel=0.01)
    volume = (12 / 1200 / space.unit) * (12 / 600)
    integral = np.log(w.sum() * volume) + log_p.max()
    assert fit.log_marginal_likelihood == pytest.approx(integral, abs=0.01)


def test_what_is_said_moves_the_mean_its_own_way() -> None:
    base = complete()
    mean = pool_reports(base, priors=PRIORS).terms.loc[0, "mean"]
    for sign in (-1, 1):
        more = [*base, told("e", kind="direction_with_p", sign=sign, z_low=2.6, size=0.3)]
        fit = pool_reports(more, priors=PRIORS)
        assert np.sign(fit.terms.loc[0, "mean"] - mean) == sign
        assert np.sign(fit.trials.loc["e", "shift"]) == sign


def test_an_unnamed_spread_is_read_as_the_others_tell() -> None:
    """SD 1 in the other trials; read as an SE this ± would make the SD ten times as large."""
    base = [
        told(row, estimate=y, errors=(ErrorForm(0.09),), size=0.3, df=40)
        for row, y in zip("abc", Y, strict=False)
    ]
    forms = (ErrorForm(0.09, 0.0, 0.5), ErrorForm(9.0, 0.0, 0.5))
    unnamed = told("u", estimate=-0.5, errors=forms, size=0.3, df=40)
    fit = pool_reports([*base, unnamed], priors=PRIORS)
    assert fit.space.active == ("mu", "tau", "log_sd", "log_sd_spread")
    known = pool_reports(
        [*base, told("u", estimate=-0.5, errors=(ErrorForm(0.09),), size=0.3, df=40)], priors=PRIORS
    )
    assert fit.terms.loc[0, "sd"] == pytest.approx(known.terms.loc[0, "sd"], rel=0.05)


def test_a_silent_report_changes_nothing_and_is_named() -> None:
    base = complete()
    fit = pool_reports([*base, told("z", kind="other_arms")], priors=PRIORS)
    assert fit.terms.equals(pool_reports(base, priors=PRIORS).terms)
    assert fit.trials.loc["z", "note"] == "says nothing of the effect"
    assert fit.notes == ("nothing to be used was said by Z",)
    assert fit.used == 4


def test_rows_that_share_an_arm_are_refused() -> None:
    table = table_of(Y, S)
    covariance = table.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = 0.01
    with pytest.raises(FitError, match="rows 'study 1' and 'study 2': share an arm"):
        pool_reports(replace(table, covariance=covariance), priors=PRIORS)


def test_a_report_without_which_there_is_no_answer_says_so() -> None:
    """The only SD is that of the first report; the second has but a direction."""
    fit = pool_reports([*complete(1), told("e", kind="direction", sign=-1)], priors=PRIORS)
    assert pd.isna(fit.trials.loc["a", "left_out_mean"])
    assert fit.trials.loc["a", "note"].startswith("no answer without it: a standard error")
    assert fit.trials.loc["e", "note"] == ""
    assert fit.notes == ("no n was printed by E: their size is drawn from that of the others",)
    assert np.isfinite(fit.trials[["mean", "sd"]].to_numpy(float)).all()


def test_a_standard_error_within_narrow_bounds_is_nearly_known() -> None:
    base = complete()
    narrow = told("e", estimate=-0.5, se_low=0.199, se_high=0.201, size=0.3)
    known = told("e", estimate=-0.5, errors=(ErrorForm(0.04),), size=0.3)
    one, other = (pool_reports([*base, s], priors=PRIORS).terms for s in (narrow, known))
    assert one.loc[0, "mean"] == pytest.approx(other.loc[0, "mean"], abs=0.005)
    assert one.loc[0, "sd"] == pytest.approx(other.loc[0, "sd"], rel=0.01)


def test_influence_can_be_left_out() -> None:
    fit = pool_reports(complete(), priors=PRIORS, influence=False)
    assert fit.trials["information"].isna().all()
    assert np.isfinite(fit.trials["mean"].to_numpy(float)).all()


@pytest.mark.parametrize(
    "prior",
    [half_cauchy(0.5), half_t(0.5, 4), exponential(2.0), uniform(2.0), log_normal(-1.5, 1.0),
     inverse_gamma(2.0, 0.5), log_t(-1.5, 1.0, 5)],
)  # fmt: skip
def test_every_proper_prior_of_tau_serves(prior: TauPrior) -> None:
    table = table_of(Y, S)
    exact = pool_bayes(table, tau=prior, mu=PRIORS.mu)
    fit = pool_reports(table, priors=ReportPriors(mu=PRIORS.mu, tau=prior), influence=False)
    for row, name in enumerate(("mu", "tau")):
        sd = exact.terms.loc[row, "sd"] or exact.terms.loc[row, "median"]
        gap = fit.terms.loc[row, "median"] - exact.terms.loc[row, "median"]
        assert abs(gap) < 0.02 * sd, name
    assert fit.log_marginal_likelihood == pytest.approx(exact.log_marginal_likelihood, abs=0.02)


def test_scales_do_not_matter() -> None:
    for scale in (1e-6, 1e6):
        rows = [
            told(s.row, estimate=s.estimate * scale, size=0.3, df=40,
                 errors=(ErrorForm(s.errors[0].variance * scale**2),))
            for s in complete()
        ]  # fmt: skip
        rows.append(told("e", kind="direction", sign=-1, size=0.3))
        priors = ReportPriors(mu=normal(0, 2 * scale), tau=half_normal(0.5 * scale))
        fit = pool_reports(rows, priors=priors, influence=False)
        plain = pool_reports(
            [*complete(), told("e", kind="direction", sign=-1, size=0.3)], priors=PRIORS,
            influence=False,
        )  # fmt: skip
        assert fit.terms.loc[0, "mean"] / scale == pytest.approx(
            plain.terms.loc[0, "mean"], abs=0.02 * plain.terms.loc[0, "sd"]
        )


def test_one_report_alone() -> None:
    fit = pool_reports(complete(1), priors=PRIORS)
    exact = pool_bayes(table_of(Y[:1], S[:1]), tau=PRIORS.tau, mu=PRIORS.mu)
    assert fit.terms.loc[0, "mean"] == pytest.approx(exact.terms.loc[0, "mean"], abs=0.01)
    assert fit.trials.loc["a", "left_out_mean"] == 0.0
    assert fit.trials.loc["a", "left_out_sd"] == 2.0
    assert re.search(r"1 report, 1 complete, 1 say something", str(fit))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pool_reports([], priors=PRIORS), "at least one report with an estimate"),
        (lambda: pool_reports([told("z", kind="other_arms")], priors=PRIORS), "nothing was said"),
        (
            lambda: pool_reports([told("z", kind="direction", sign=1, size=0.3)], priors=PRIORS),
            "no report tells how variable the outcome is",
        ),
        (lambda: pool_reports(complete(), priors=PRIORS, level=95), "between 0 and 1"),
        (lambda: ReportPriors(mu=flat(), tau=half_normal(1)), "mu: flat; a proper prior"),
        (
            lambda: ReportPriors(mu=normal(0, 1), tau=reference_prior("jeffreys")),
            "tau: .*; a proper prior",
        ),
        (
            lambda: ReportPriors(mu=normal(0, 1), tau=half_normal(1), correlation=(0.0, 1.0)),
            "two numbers above 0",
        ),
        (
            lambda: pool_reports(complete(), priors=PRIORS).probability_below(0.0, "theta"),
            "no such quantity",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, words: str) -> None:
    with pytest.raises(FitError, match=words):
        call()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"estimate": np.inf}, "estimate: inf; a finite number"),
        ({"size": 0.0}, "size: 0; above 0"),
        ({"sign": 2}, "sign: 2; -1, 0 or 1"),
        ({"se_low": 2.0, "se_high": 1.0}, "0 <= se_low < se_high"),
        ({"z_low": 2.0, "z_high": 1.0}, "0 <= z_low < z_high"),
        ({"errors": (ErrorForm(0.0),)}, "a variance above 0"),
        ({"errors": (ErrorForm(1.0, 0.0, 0.4),)}, "probabilities do not add up to 1"),
        ({"arm_only": True}, "the change of the treated arm"),
        ({"estimate": 1.0, "sign": -1}, "the direction of the estimate"),
        ({"half_widths": (-1.0,)}, "half_widths: .* 0 or more"),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(given: dict, words: str) -> None:
    with pytest.raises(EffectError, match=words):
        told("x", **given)
