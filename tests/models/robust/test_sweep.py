"""The sweep over assumed correlations: closed forms, several flips, missing answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence.effects.table import table_of
from evidence.errors import FitError, Problem
from evidence.models.frequentist.pool import pool
from evidence.models.multilevel.multilevel import multilevel
from evidence.models.robust.aggregate import aggregate_effects
from evidence.models.robust.cluster_robust import cluster_robust
from evidence.models.robust.rve import robust_regression
from evidence.models.robust.sampling_covariance import sampling_covariance
from evidence.models.robust.sweep import CorrelationSweep, sweep_correlation

Z = stats.norm.ppf(0.975)


@dataclass(frozen=True)
class Plain:
    terms: pd.DataFrame


def answer(
    estimate: Callable[[float], float], half: Callable[[float], float]
) -> Callable[[float], Plain]:
    def at(rho: float) -> Plain:
        b, h = estimate(rho), half(rho)
        p = 2 * stats.norm.sf(abs(b) / (h / Z))
        cells = {"term": "effect", "estimate": b, "std_error": h / Z, "p": p}
        return Plain(pd.DataFrame([cells | {"ci_low": b - h, "ci_high": b + h}]))

    return at


def test_closed_form_of_two_equal_effects() -> None:
    table = table_of([0.2, 0.3], [0.15, 0.15])

    def at(rho: float) -> Any:
        return pool(aggregate_effects(table, ["a", "a"], rho=rho).table, model="common", ci="wald")

    found = sweep_correlation(at, stated=0.3)
    # variance = 0.15^2 (1 + rho) / 2, and the interval touches 0 where 0.25 = z sd
    expected = 2 * (0.25 / (Z * 0.15)) ** 2 - 1
    assert [flip.rho for flip in found.flips] == pytest.approx([expected], abs=1e-6)
    assert (found.flips[0].figure, found.flips[0].before) == ("ci_low", "above")
    assert (found.conclusion, found.nearest_flip) == ("above", found.flips[0])
    row = found.frame().set_index("rho").loc[0.3]
    assert row["estimate"] == at(0.3).estimate


def test_p_and_interval_flip_at_the_same_place() -> None:
    at = answer(lambda _: 0.5, lambda rho: 0.3 + 0.6 * rho)
    by_p = sweep_correlation(at, alpha=0.05)
    by_interval = sweep_correlation(at)
    assert by_p.flips[0].rho == pytest.approx(by_interval.flips[0].rho, abs=1e-5)
    assert by_p.flips[0].figure == "p"
    assert by_p.rows["conclusion"].tolist() == by_interval.rows["conclusion"].tolist()
    below = sweep_correlation(answer(lambda _: -0.5, lambda rho: 0.3 + 0.6 * rho), alpha=0.05)
    assert below.rows["conclusion"].iloc[0] == "below"


def test_from_below_to_above_flips_twice() -> None:
    found = sweep_correlation(answer(lambda rho: rho, lambda _: 0.05), [-0.6, 0.6], threshold=0.1)
    assert [flip.rho for flip in found.flips] == pytest.approx([0.05, 0.15], abs=1e-6)
    assert [flip.after for flip in found.flips] == ["not shown", "above"]
    assert found.nearest_flip == found.flips[0]
    assert found.conclusion is None
    other = sweep_correlation(answer(lambda rho: -rho, lambda _: 0.05), [-0.6, 0.6])
    assert [flip.figure for flip in other.flips] == ["ci_low", "ci_high"]


def test_there_and_back() -> None:
    found = sweep_correlation(answer(lambda _: 0.2, lambda rho: 0.3 - 0.4 * abs(rho - 0.5)))
    assert [flip.rho for flip in found.flips] == pytest.approx([0.25, 0.75], abs=1e-6)
    assert [flip.after for flip in found.flips] == ["not shown", "above"]


def test_no_flip() -> None:
    found = sweep_correlation(answer(lambda _: 0.5, lambda _: 0.1))
    assert (found.flips, found.nearest_flip) == ((), None)
    assert "no correlation tried changes the conclusion: above 0" in repr(found)


def test_values_without_an_answer_say_why() -> None:
    def at(rho: float) -> Plain:
        if rho > 0.5:
            raise FitError("no covariance", [Problem("rho", "too high")])
        return answer(lambda _: 0.5, lambda r: 0.3 + 0.6 * r)(rho)

    found = sweep_correlation(at, [0.0, 0.4, 0.8], stated=0.4)
    assert found.rows["reason"].tolist() == [None, None, "no covariance; rho: too high"]
    assert pd.isna(found.rows["estimate"].iloc[2])
    assert "without an answer at 1 values" in repr(found)
    assert "at rho = 0.333 it flips from 'above 0' to 'not shown'" in repr(found)
    assert "at the stated 0.4: not shown" in repr(found)
    with pytest.raises(FitError, match="no correlation has an answer"):
        sweep_correlation(at, [0.6, 0.8])


def test_an_answer_without_an_interval_is_none() -> None:
    def at(rho: float) -> Plain:
        found = answer(lambda _: 0.5, lambda _: 0.1)(rho)
        return Plain(found.terms.assign(ci_low=np.nan)) if rho > 0.5 else found

    found = sweep_correlation(at, [0.0, 0.4, 0.8])
    assert found.rows["reason"].tolist() == [None, None, "there is no interval"]


def test_a_hole_between_two_answers_is_an_error() -> None:
    def at(rho: float) -> Plain:
        if 0.1 < rho < 0.9:
            raise FitError("a hole")
        return answer(lambda r: 1 - r, lambda _: 0.5)(rho)

    with pytest.raises(FitError, match="between two answers there is none"):
        sweep_correlation(at, [0.0, 1.0])


def test_of_robust_regression_and_its_terms() -> None:
    random = np.random.default_rng(0)
    study = np.repeat(np.arange(8), 3)
    table = table_of(random.normal(0.2, 0.3, 24), random.uniform(0.1, 0.3, 24))
    frame = pd.DataFrame({"dose": random.normal(size=24)})

    def at(rho: float) -> Any:
        return robust_regression(table, study, frame, rho=rho)

    found = sweep_correlation(at, [0.0, 0.5, 1.0], term="dose")
    assert isinstance(found, CorrelationSweep)
    assert found.rows["estimate"].iloc[1] == at(0.5).terms["estimate"].iloc[1]
    with pytest.raises(FitError, match="name one of intercept, dose"):
        sweep_correlation(at)
    with pytest.raises(FitError, match='did you mean "dose"'):
        sweep_correlation(at, term="doze")


@pytest.mark.parametrize(
    ("values", "options", "match"),
    [
        ([0.1], {}, "1 different"),
        (["x", 1], {}, "numbers from -1 to 1"),
        ([0.1, 1.5], {}, "1.5; correlations from -1 to 1"),
        ([0.1, 0.2], {"threshold": np.inf}, "a finite number"),
        ([0.1, 0.2], {"tolerance": 0.0}, "above 0"),
        ([0.1, 0.2], {"alpha": 5}, "a fraction between 0 and 1"),
        ([0.1, 0.2], {"alpha": 0.05, "threshold": 0.1}, "p values test against 0"),
    ],
)
def test_wrong_options(values: Any, options: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        sweep_correlation(answer(lambda _: 0.5, lambda _: 0.1), values, **options)


def test_of_a_multilevel_model_with_robust_errors() -> None:
    random = np.random.default_rng(5)
    frame = pd.DataFrame({"study": np.repeat(np.arange(10), 3), "effect": np.arange(30)})
    frame["std_error"] = random.uniform(0.1, 0.3, 30)
    between = random.normal(0.15, 0.2, 10)[frame["study"]]
    frame["estimate"] = between + random.normal(size=30) * frame["std_error"]

    def at(rho: float) -> Any:
        v = sampling_covariance(
            frame["std_error"] ** 2, frame["study"], obs=frame["effect"], rho=rho
        )
        fit = multilevel(frame, "1 | study/effect", covariance=v.matrix)
        return cluster_robust(fit, frame["study"])

    found = sweep_correlation(at, [0.0, 0.4, 0.8], stated=0.4)
    middle = found.rows.set_index("rho").loc[0.4]
    assert middle["std_error"] == at(0.4).terms["std_error"].iloc[0]
    assert found.rows["reason"].tolist() == [None] * 3
