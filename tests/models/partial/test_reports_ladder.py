"""From complete reports to all that was said: each step is a fit of its own."""

import numpy as np
import pytest

from evidence.effects.statements import ErrorForm, Statement
from evidence.errors import FitError
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.partial.ladder import COLUMNS, STEPS, reports_ladder, step_of
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.space import ReportPriors

PRIORS = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))


def told(row: str, **given: object) -> Statement:
    return Statement(row=row, study=row, label=row.upper(), **({"kind": "part"} | given))


COMPLETE = [
    told(r, kind="complete", estimate=y, errors=(ErrorForm(0.04),), size=0.2, df=98)
    for r, y in zip("abc", (-0.5, -0.3, 0.1), strict=True)
]
BY_STEP = [
    COMPLETE,
    [told("d", estimate=-0.7, size=0.2), told("e", estimate=-0.2, size=0.3, se_low=0.1)],
    [told("f", sign=-1, z_low=1.96, size=0.2), told("g", z_high=1.96, size=0.2)],
    [told("h", sign=-1, size=0.2)],
    [told("i", estimate=-0.9, errors=(ErrorForm(0.04),), arm_only=True, size=0.2, df=24)],
]
ALL = [s for group in BY_STEP for s in group]


@pytest.mark.parametrize(("step", "group"), list(enumerate(BY_STEP)))
def test_each_report_comes_in_with_its_step(step: int, group: list[Statement]) -> None:
    assert {step_of(s) for s in group} == {step}


def test_a_silent_report_has_no_step() -> None:
    assert step_of(told("z")) is None


def test_each_step_is_the_fit_of_what_came_so_far() -> None:
    found = reports_ladder([*ALL, told("z")], priors=PRIORS, seed=3, level=0.9)
    assert list(found.columns) == list(COLUMNS)
    assert found["step"].tolist() == list(STEPS)
    assert found["added"].tolist() == [3, 2, 2, 1, 1]
    assert found["reports"].tolist() == [3, 5, 7, 8, 9]
    for step, row in found.iterrows():
        used = [s for group in BY_STEP[: step + 1] for s in group]
        fit = pool_reports(used, priors=PRIORS, seed=3, level=0.9, influence=False)
        mu = fit.terms.set_index("term").loc["mu"]
        for name in ("mean", "median", "ci_low", "ci_high"):
            assert row[name] == mu[name]
        assert row["probability_below_0"] == fit.probability_below(0.0)
        assert row["why"] == ""


def test_steps_that_add_nothing_are_left_out() -> None:
    found = reports_ladder([*COMPLETE, BY_STEP[3][0]], priors=PRIORS)
    assert found["step"].tolist() == [STEPS[0], STEPS[3]]


def test_a_step_that_cannot_be_fitted_says_why() -> None:
    """Directions alone do not tell how variable the outcome is; the estimates after them do."""
    later = told("i", estimate=-0.9, errors=(ErrorForm(0.04),), arm_only=True, size=0.2, df=24)
    found = reports_ladder([told("h", sign=-1, size=0.2), later], priors=PRIORS)
    assert found["why"][0].startswith(
        "a standard error has nowhere to come from; log_sd: no report"
    )
    assert np.isnan(found["mean"].astype(float)[0])
    assert found["why"][1] == ""
    assert np.isfinite(found["mean"].astype(float)[1])


def test_nothing_said_makes_no_step() -> None:
    assert reports_ladder([told("z")], priors=PRIORS).empty


def test_a_prior_that_cannot_be_is_no_step_but_an_error() -> None:
    with pytest.raises(FitError, match="proper priors"):
        ReportPriors(mu=normal(0, 2), tau=half_normal(0.5), correlation=(1.0, -1.0))
