"""Simulated coverage: against closed forms, the same digits anywhere, honest about failures."""

import numpy as np
import pytest
from scipy import stats

from evidence.errors import FitError
from evidence.models.frequentist import coverage, figures
from evidence.models.frequentist.coverage import simulate_coverage


def test_the_common_case_has_its_nominal_coverage() -> None:
    # Equal variances and a stated spread of 0: Wald's interval is exact where tau2 is 0.
    found = simulate_coverage(
        10, 0.0, seed=1, tau2="hedges", ci="hartung_knapp", variances=(0.1, 0.1), repetitions=20_000
    )
    row = found.iloc[0]
    # Equal weights: the Hartung-Knapp interval is Student's, whatever tau2 is estimated.
    assert abs(row["coverage"] - 0.95) < 4 * row["coverage_std_error"]
    expected = 2 * stats.t.ppf(0.975, 9) * np.sqrt(0.1 / 10)
    assert row["width"] == pytest.approx(expected * 0.9727, rel=0.01)  # E(s) / sigma at 9 df
    assert abs(row["bias"]) < 4 * np.sqrt(0.01 / 20_000)
    assert row["root_mean_square_error"] == pytest.approx(0.1, rel=0.03)


def test_known_order_of_the_intervals() -> None:
    found = simulate_coverage(
        [4, 10], 0.3, seed=2, ci=["wald", "t", "hartung_knapp_floored"], repetitions=3000
    ).set_index(["k", "ci"])["coverage"]
    for k in (4, 10):
        assert found[k, "wald"] < found[k, "t"] <= found[k, "hartung_knapp_floored"]
    assert found[10, "wald"] > found[4, "wald"]


def test_digits_do_not_hang_on_what_is_asked_with_them() -> None:
    one = simulate_coverage(5, 0.1, seed=3, repetitions=2300)
    two = simulate_coverage(5, 0.1, seed=3, tau2=["reml", "hedges"], repetitions=2300)
    assert one.equals(two.iloc[:1])
    assert not one.equals(simulate_coverage(5, 0.1, seed=4, repetitions=2300))


def test_an_effect_far_off_changes_nothing() -> None:
    one, two = (simulate_coverage(5, 0.1, seed=3, effect=e, repetitions=1500) for e in (0.0, 7.0))
    assert one["coverage"].equals(two["coverage"])
    assert two["mean_tau2"].iloc[0] == pytest.approx(one["mean_tau2"].iloc[0], rel=1e-9)


def test_fits_without_an_answer_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    real = figures.figures

    def fails_on_large_ones(y, v, *rest):
        if np.any(y > 1.2):
            raise FitError("this one does not converge")
        return real(y, v, *rest)

    monkeypatch.setattr(coverage, "figures", fails_on_large_ones)
    row = simulate_coverage(4, 0.1, seed=5, repetitions=300).iloc[0]
    assert 0 < row["failed"] < 300
    monkeypatch.setattr(
        coverage, "figures", lambda *rest: fails_on_large_ones(np.array(9.0), *rest)
    )
    with pytest.raises(FitError, match="reml, hartung_knapp_floored: no fit"):
        simulate_coverage(4, 0.1, seed=5, repetitions=10)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"k": 1}, r"k: is \[1\]"),
        ({"k": []}, r"k: is \[\]"),
        ({"true_tau2": -1.0}, r"true_tau2: is \[-1.0\]"),
        ({"effect": np.inf}, "effect: is inf"),
        ({"variances": (0.4, 0.1)}, "two finite numbers above 0"),
        ({"repetitions": 0}, "repetitions: is 0"),
        ({"seed": True}, "seed: is True"),
        ({"tau2": "remll"}, 'did you mean "reml"'),
    ],
)
def test_what_cannot_be_simulated(given: dict[str, object], message: str) -> None:
    whole = {"k": 4, "true_tau2": 0.1, "seed": 1, "repetitions": 10}
    with pytest.raises(FitError, match=message):
        simulate_coverage(**(whole | given))
