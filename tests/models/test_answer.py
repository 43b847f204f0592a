"""answer: all models of a question in one record, and what it refuses."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import TERMS, question
from samples import FIVE, answered, part, plan, result_of, trials

from evidence.errors import FitError, QuestionError
from evidence.models import answer as answer_module
from evidence.models.answer import answer
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.frequentist.pool import pool

PART = part("said-2010", direction="decrease")


def test_no_trial_is_an_answer_without_fits() -> None:
    found = answered([PART])
    assert (found.table.k, len(found.table.partial)) == (0, 1)
    for name in ("main", "common", "wald", "exact", "sampled", "agreement"):
        assert getattr(found, name) is None
    assert len(found.sensitivity) == 0
    assert list(found.sensitivity.columns)[:2] == ["group", "choice"]


def test_no_study_at_all() -> None:
    assert answered([]).table.considered == 0


def test_one_trial_is_not_pooled_nor_compared_with_itself() -> None:
    found = answered(trials(FIVE[:1]))
    assert found.main is not None
    assert found.main.model == "single study"
    assert (found.main.estimate, found.main.std_error) == (-3.0, 1.0)
    assert found.common is None
    assert found.wald is None
    assert found.exact is not None


@pytest.mark.parametrize("k", [2, 5])
def test_the_fits_are_those_of_the_plan(k: int) -> None:
    found = answered(trials(FIVE[:k]), tau2="paule_mandel", ci="hartung_knapp", level=0.9)
    table = found.table
    assert table.k == k
    expected = {
        "main": pool(table, tau2="paule_mandel", ci="hartung_knapp", level=0.9),
        "common": pool(table, model="common", level=0.9),
        "wald": pool(table, tau2="paule_mandel", ci="wald", level=0.9),
    }
    for name, fit in expected.items():
        own = getattr(found, name)
        assert (own.estimate, own.ci_low, own.ci_high) == (fit.estimate, fit.ci_low, fit.ci_high)
    assert found.exact is not None
    bayes = pool_bayes(table, tau=plan().prior_tau, mu=plan().prior_mu, level=0.9)
    pd.testing.assert_frame_equal(found.exact.terms, bayes.terms)
    assert found.exact.level == 0.9
    assert found.sampled is None
    assert found.agreement is None


def test_steps_are_told_in_order() -> None:
    told: list[str] = []
    studies = trials(FIVE[:2])
    answer(question(), plan(), studies, TERMS, sample=False, tell=told.append)
    assert told == ["q: effects", "q: pooling", "q: sensitivity", "q: all that was said"]


def test_studies_may_be_handed_over_as_an_iterator() -> None:
    studies = trials(FIVE[:3])
    once = answer(question(), plan(), iter(studies), TERMS, sample=False)
    assert once.table.k == 3
    pd.testing.assert_frame_equal(once.sensitivity, answered(studies).sensitivity)


def test_words_that_the_terms_do_not_know_are_refused() -> None:
    with pytest.raises(QuestionError, match=r'"estradol" is not known; did you mean "estradiol"'):
        answered(trials(FIVE[:2]), outcomes=("estradol",))


def lines(z: float) -> pd.DataFrame:
    row = {"term": "mu", "quantity": "median", "exact": 1.0, "sampled": 1.5, "mcse": 0.1}
    return pd.DataFrame([row | {"z": 0.1, "within": True}, row | {"z": z, "within": False}])


def faked(monkeypatch: pytest.MonkeyPatch, z: float) -> list[dict[str, object]]:
    """Put a sampler in place that takes no time, and an agreement with one line at ``z``."""
    called: list[dict[str, object]] = []

    def sample(table: object, **options: object) -> object:
        called.append(options)
        return object()

    monkeypatch.setattr(answer_module, "sample_bayes", sample)
    monkeypatch.setattr(answer_module, "agreement", lambda exact, sampled: lines(z))
    return called


@pytest.mark.parametrize("z", [5.1, -9.0, np.inf])
def test_two_bayesian_fits_that_contradict_each_other_are_an_error(
    monkeypatch: pytest.MonkeyPatch, z: float
) -> None:
    faked(monkeypatch, z)
    with pytest.raises(
        FitError,
        match=r"q: quadrature and PyMC contradict each other\n"
        r"  mu, median: exact 1, sampled 1\.5; -?(\d+\.\d|inf) Monte Carlo errors apart",
    ):
        answer(question(), plan(), trials(FIVE[:2]), TERMS)


def test_a_difference_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    faked(monkeypatch, float("nan"))
    with pytest.raises(FitError, match="contradict each other"):
        answer(question(), plan(), trials(FIVE[:2]), TERMS)


def test_the_plan_reaches_the_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    called = faked(monkeypatch, 4.9)
    told: list[str] = []
    mine = replace(plan(), draws=11, tune=12, chains=3, seed=13, level=0.8)
    found = answer(question(), mine, trials(FIVE[:2]), TERMS, tell=told.append)
    assert found.agreement is not None
    assert "q: sampling with PyMC" in told
    (options,) = called
    assert options == {
        "tau": mine.prior_tau,
        "mu": mine.prior_mu,
        "level": 0.8,
        "seed": 13,
        "chains": 3,
        "draws": 11,
        "tune": 12,
    }


@pytest.mark.parametrize("k", range(6))
def test_no_number_of_a_result_is_nan(k: int) -> None:
    def walk(value: object) -> None:
        if isinstance(value, float):
            assert np.isfinite(value)
        elif isinstance(value, dict):
            for part_of in value.values():
                walk(part_of)
        elif isinstance(value, list | tuple):
            for part_of in value:
                walk(part_of)

    walk(result_of([*trials(FIVE[:k]), PART]).model_dump())
