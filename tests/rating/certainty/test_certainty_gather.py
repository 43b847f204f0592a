"""Inputs from synthetic answers: k = 0, 1, 2 and many, sizes, weights, flags, fingerprint."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import contrast, outcome, study
from samples import FIVE, answered, part, terms, trial, trials

from evidence.catalog.certainty import Target
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import FitError
from evidence.models.answer import Answer
from evidence.rating.certainty.gather import gather, told_in_part
from evidence.rating.certainty.inputs import Inputs, Second, three_digits

MEN = Target(sexes=("male",), controls=("control",), reason="men")
MARK = {"value": 2.0, "unit": "pg/mL", "source": "s"}


def inputs_of(found: Answer, known: Terms | None = None, **more: Any) -> Inputs:
    return gather(found, known or terms(), more.pop("ratings", {}), **more)


def events(name: str, a: int, n: int, c: int, m: int, **more: Any) -> Study:
    arms = {"a": {"events": a, "total": n}, "p": {"events": c, "total": m}}
    return study(outcome(arms, word="cv_event", unit="count", type="binary"), id=name, **more)


def counted(*studies: Study) -> Answer:
    return answered(list(studies), measure="RR", outcomes=("cv_event",))


def test_no_trial_at_all() -> None:
    found = inputs_of(answered([]))
    assert (found.k, found.estimate, found.tau, found.size) == (0, None, None, None)
    assert found.partial_share is None
    assert found.randomised
    assert found.size_reason == "nothing was pooled"
    assert found.important_reason == "no smallest difference was seen"


def test_only_partial_reports() -> None:
    found = inputs_of(answered([part("said-2010", direction="decrease")]))
    assert (found.k, found.told_in_part, found.partial_share) == (0, ("said-2010",), 1.0)
    assert found.bias == ()


def test_one_trial() -> None:
    found = inputs_of(answered(trials(FIVE[:1])))
    assert (found.k, found.tau, found.prediction) == (1, None, None)
    assert found.trial_limits[0] == pytest.approx((-3 - 1.959964, -3 + 1.959964))


def test_two_trials_have_tau_and_a_bayesian_interval_but_no_prediction() -> None:
    answer = answered(trials(FIVE[:2]))
    found = inputs_of(answer)
    assert answer.main is not None
    assert (found.k, found.tau) == (2, answer.main.heterogeneity.tau)
    assert found.prediction is None
    assert found.bayes is not None
    assert (found.ci_low, found.ci_high) == (answer.main.ci_low, answer.main.ci_high)


def test_a_trial_that_is_used_is_not_told_in_part() -> None:
    both = study(
        outcome({"a": {"n": 9}, "p": {"n": 9}}, [contrast(direction="decrease")], id="later"),
        outcome({"a": {"n": 9}, "p": {"n": 9}}, [contrast(measure="MD", estimate=-1, se=1)]),
        id="both",
    )
    other = part("other-2010", direction="decrease")
    assert told_in_part(answered([both, other])) == ("other-2010",)


@pytest.mark.parametrize(
    ("mark", "measure", "important", "why"),
    [
        (MARK, "MD", (-2.0, 2.0), "2 pg/mL"),
        (MARK | {"value": -2.0}, "MD", (-2.0, 2.0), "2 pg/mL"),
        (MARK | {"unit": "pmol/L"}, "MD", None, "is in pmol/L, the effect in pg/mL"),
        (MARK, "ROM", None, "2 pg/mL, is no ratio"),
        (MARK | {"value": 1.25, "unit": "ratio"}, "ROM", (math.log(0.75), math.log(1.25)), "0.75"),
        (MARK | {"value": 0.75, "unit": "ratio"}, "ROM", (math.log(0.75), math.log(1.25)), "1.25"),
        (MARK | {"value": 3.0, "unit": "ratio"}, "ROM", (-math.log(3), math.log(3)), "3"),
        (
            MARK | {"value": 1.25, "unit": "ratio", "kind": "stand_in"},
            "ROM",
            (math.log(0.75), math.log(1.25)),
            "a stand-in, no minimal important difference",
        ),
    ],
)
def test_what_matters_on_the_analysis_scale(
    mark: dict[str, Any], measure: str, important: tuple[float, float] | None, why: str
) -> None:
    known = terms(smallest_difference=mark)
    unit = {"unit": "pg/mL"} if measure == "MD" else {"unit": None}
    found = inputs_of(answered([], known=known, measure=measure, **unit), known)
    assert why in found.important_reason
    if important is None:
        assert found.important is None
    else:
        assert found.important == pytest.approx(important)


def test_size_of_events_counts_people_and_the_median_risk() -> None:
    answer = counted(events("t-2001", 10, 100, 20, 100), events("t-2002", 30, 200, 20, 200))
    alone = inputs_of(answer)
    assert alone.size is None
    assert alone.size_reason == "no trial printed events and people of its comparator"
    known = [events("t-2001", 10, 100, 20, 100), events("t-2002", 30, 200, 20, 200)]
    size = inputs_of(answer, studies=known).size
    assert size is not None
    # Median of 0.2 and 0.1, reduced by a quarter where no smallest difference is known; R's
    # power.prop.test(p1 = 0.15, p2 = 0.1125, power = 0.8) gives 2 * 1272.
    assert (size.people, size.required) == (600, 2544)
    assert size.basis == "risk 15 % with the comparator, reduced by 25 %"


def test_size_of_means_without_a_smallest_difference_is_for_a_small_effect() -> None:
    size = inputs_of(answered(trials(FIVE[:2]))).size
    assert size is not None
    assert (size.required, size.people) == (786, 84)
    assert size.fraction == pytest.approx(84 / 786)


def test_size_of_means_with_a_smallest_difference_uses_the_sd_the_errors_imply() -> None:
    known = terms(smallest_difference=MARK)
    size = inputs_of(answered([trial("t-2001", -3.0, 1.0)], known=known), known).size
    assert size is not None
    sd = 1.0 / math.sqrt(1 / 20 + 1 / 22)
    arm = 2 * ((1.959964 + 0.841621) * sd / 2) ** 2
    assert size.required == 2 * math.ceil(arm)


def test_sizes_that_were_not_printed() -> None:
    told = contrast(measure="MD", estimate=-1, se=1)
    bare = study(outcome({"a": {}, "p": {}}, [told]), id="bare-2001", n_randomised=50)
    answer = answered([bare, *trials(FIVE[:1])])
    size = inputs_of(answer, studies=[bare]).size
    assert size is not None
    assert (size.people, size.at_most) == (None, 50 + 42)
    unknown = inputs_of(answer).size
    assert unknown is not None
    assert unknown.fraction is None
    assert inputs_of(answer).size_reason == "sizes not printed by 1 of 2"


def test_a_crossover_counts_its_people_once() -> None:
    told = contrast(measure="MD", estimate=-1, se=1)
    arms = {"a": {"n": 17}, "p": {"n": 16}}
    one = study(outcome(arms, [told]), id="c-2001", design="crossover_rct")
    size = inputs_of(answered([one])).size
    assert size is not None
    assert size.people == 17


def test_shares_of_the_weight_by_rating() -> None:
    answer = answered(trials(FIVE[:3]))
    assert answer.main is not None
    w = answer.main.weights.to_numpy() / 100
    ratings = {"trial-2001": "low", "trial-2002": "some concerns", "trial-2003": None}
    shares = dict(inputs_of(answer, ratings=ratings).bias)
    assert shares == pytest.approx({"low": w[0], "some_concerns": w[1], "not_rated": w[2]})
    with pytest.raises(FitError, match=r"ratings\['trial-2001'\]: 'hig'; did you mean \"high\""):
        inputs_of(answer, ratings={"trial-2001": "hig"})


def test_designs_and_the_tool() -> None:
    told = contrast(measure="MD", estimate=-1, se=1)
    cohort = study(outcome({"a": {"n": 9}, "p": {"n": 9}}, [told]), id="n", design="non_randomised")
    designs = ("parallel_rct", "non_randomised")
    answer = answered([cohort, *trials(FIVE[:1])], designs=designs)
    assert not inputs_of(answer).randomised
    assert not inputs_of(answer).robins_i
    assert inputs_of(answer, robins_i=["n"]).robins_i
    assert not inputs_of(answered([], designs=designs)).randomised


def test_directness() -> None:
    women = answered([], sexes=("female",))
    assert inputs_of(women).people == ""
    assert inputs_of(women, target=MEN).people.startswith("the trials are in women;")
    assert inputs_of(answered([]), target=MEN).people == ""
    against = answered([], control=("serm",))
    assert inputs_of(against, target=MEN).comparator.startswith("the comparison is with tamoxifen,")
    named = answered([], control=("serm",), control_label="a SERM")
    assert "with a SERM," in inputs_of(named, target=MEN).comparator
    within = answered([], control=(), contrast="within")
    assert inputs_of(within, target=MEN).comparator == ""
    assert inputs_of(answered([], indirect="old men")).declared == "old men"
    known = terms(surrogate_for={"outcome": "fracture", "source": "s"})
    assert inputs_of(answered([], known=known), known).surrogate_for == "fracture"


def test_small_study_effects_only_from_ten_trials() -> None:
    rng = np.random.default_rng(3)
    pairs = tuple((float(-s + rng.normal(0, 0.1)), float(s)) for s in np.linspace(0.2, 2, 10))
    nine = inputs_of(answered(trials(pairs[:9])))
    assert nine.asymmetry_p is None
    assert nine.asymmetry_reason == "with fewer than 10 trials (here 9)"
    ten = inputs_of(answered(trials(pairs)))
    assert ten.asymmetry_p is not None
    assert ten.asymmetry_p < 0.05


def test_a_test_that_cannot_be_made_says_why() -> None:
    rng = np.random.default_rng(3)
    pairs = tuple((float(rng.normal()), 1.0) for _ in range(10))
    found = inputs_of(answered(trials(pairs)))
    assert found.asymmetry_p is None
    assert found.asymmetry_reason.startswith("(")


def test_the_fingerprint_sees_the_third_digit_and_no_further() -> None:
    base = Inputs(question="q", measure="MD", estimate=1.0, second=Second(median=1, low=0, high=2))
    same = replace(base, estimate=1.0004, second=Second(median=1.01, low=0.1, high=2))
    assert same.fingerprint == replace(same, bayes=(0.0, 1.0)).fingerprint == base.fingerprint
    assert len(base.fingerprint) == 12
    for changes in (
        {"estimate": 1.01},
        {"trials": ("a",)},
        {"declared": "d"},
        {"bias": (("low", 1.0),)},
        {"second": None},
        {"second": Second(median=1.1, low=0, high=2)},
    ):
        assert replace(base, **changes).fingerprint != base.fingerprint
    json.dumps(base.fingerprint)


def test_three_digits() -> None:
    assert [three_digits(x) for x in (0.0, -1e-10, 1234.5, -0.0009876)] == [0, 0, 1230, -0.000988]


@pytest.mark.parametrize(
    ("scale", "value", "shown"),
    [("log", 0.0, 1.0), ("logit", 0.0, 0.5), ("fisher_z", 0.0, 0.0), ("identity", 2.0, 2.0)],
)
def test_the_scale_that_readers_know(scale: Any, value: float, shown: float) -> None:
    assert Inputs(question="q", measure="m", scale=scale).shown(value) == shown


def test_a_log_beyond_floating_point_does_not_break() -> None:
    assert math.isfinite(Inputs(question="q", measure="RR", scale="log").shown(1e6))
