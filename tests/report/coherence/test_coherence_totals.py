"""Faults put into a result: each figure that does not follow from the others is named."""

from collections.abc import Callable
from typing import Any

import pytest
from coherence_samples import changed
from hypothesis import given
from hypothesis import strategies as st
from samples import file_of, result_of, trials

from evidence.report.build import Built
from evidence.report.coherence.csv_files import check_csvs, read_csv
from evidence.report.coherence.expected_findings import check_findings
from evidence.report.coherence.sentences import check_findings_told
from evidence.report.coherence.tallies import sign_test
from evidence.report.coherence.totals import back, check_totals, near
from evidence.report.result import QuestionResult, ResultFile

Change = Callable[[QuestionResult], QuestionResult]


def deep(record: Any, path: str, value: Any) -> Any:
    """The record with one field, however deep, changed; ``value`` may be a function of it."""
    name, _, rest = path.partition(".")
    if isinstance(record, tuple):
        place = int(name)
        new = deep(record[place], rest, value) if rest else value
        return (*record[:place], new, *record[place + 1 :])
    old = getattr(record, name)
    new = deep(old, rest, value) if rest else value(old) if callable(value) else value
    return record.model_copy(update={name: new})


def up(value: float) -> float:
    return value * 1.001


FAULTS: dict[str, tuple[str, Any, str]] = {
    "k": ("k", 4, "k: does not add up"),
    "trials": ("trials", 4, "trials: does not add up"),
    "considered": ("considered", 5, "considered: does not add up"),
    "participants": ("participants", 125, "participants: does not add up"),
    "n of one trial": ("effects.0.n_control", 23, "participants: does not add up"),
    "k of a fit": ("others.0.k", 2, "others[common].k"),
    "a weight": ("effects.0.weight", lambda w: w + 0.01, "weights do not add up to 100"),
    "an effect": ("effects.1.estimate", up, "readers' scale"),
    "a shown effect": ("effects.1.shown.estimate", up, "readers' scale"),
    "a shown bound": ("effects.1.shown.low", up, "readers' scale"),
    "a bound": ("effects.1.ci_high", up, "estimate ± z · SE"),
    "a standard error": ("effects.1.std_error", up, "estimate ± z · SE"),
    "the mean": ("main.estimate", up, "mean of its rows"),
    "the common mean": ("others.0.estimate", up, "mean of its rows"),
    "a half of the interval": ("main.ci_low", up, "halves of the interval"),
    "a bound as shown": ("main.shown.high", 0.1, "readers' scale"),
    "bounds exchanged": ("others.0.ci_low", 5.0, "interval"),
    "a spread": ("main.tau2", 0.5, "is not the square"),
    "a spread that weights": ("main.tau2", 0.5, "1 / (SE² + τ²)"),
    "a prediction": ("main.prediction.shown.low", up, "readers' scale"),
    "a median": ("exact.terms.0.median", up, "readers' scale"),
    "a probability": ("exact.probability_below_null", 0.4, "probability below no effect"),
    "no probability": ("exact.probability_new_below_null", 1.4, "is no probability"),
    "a shrunken row": ("exact.shrinkage.0.term", "other", "rows"),
    "a shrunken trial": ("exact.shrinkage.1.shown.high", up, "readers' scale"),
    "reports": ("said.reports", 5, "number of lines"),
    "complete reports": ("said.complete", 4, "number of lines"),
    "used reports": ("said.used", 3, "reports of the last step"),
    "a step": ("said.steps.1.reports", 5, "reports"),
    "the second mean": ("said.terms.0.shown.estimate", up, "readers' scale"),
    "no answer": ("main", None, "answer without effects"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_add_up_is_named(made: Built, fault: str) -> None:
    path, value, says = FAULTS[fault]
    assert list(check_totals(made.result)) == []
    other = changed(made.result, "hormone", lambda q: deep(q, path, value))
    assert other != made.result
    found = [str(one) for one in check_totals(other)]
    assert any(says in line for line in found), found


def test_what_stands_twice_is_named(made: Built) -> None:
    twice = made.result.model_copy(update={"questions": made.result.questions[:1] * 2})
    assert any("the question stands twice" in str(one) for one in check_totals(twice))
    double = changed(made.result, "hormone", lambda q: deep(q, "effects.1.row", q.effects[0].row))
    assert any("the row stands twice" in str(one) for one in check_totals(double))


SENTENCES: dict[str, tuple[str, Any, str]] = {
    "a bound": ("finding", lambda s: s.replace("−4.9", "−5.0"), "figures of the finding"),
    "a sign": ("finding", lambda s: s.replace("difference −2.4", "difference 2.4"), "figures"),
    "people": ("finding", lambda s: s.replace("126", "125"), "figures of the finding"),
    "the side": (
        "finding",
        lambda s: s.replace("the interval reaches from lower to higher", "lower"),
        "side of the interval",
    ),
    "a prediction": (
        "certainty",
        lambda c: tuple(x.replace("between −4.9", "between −4.8") for x in c),
        "prediction interval",
    ),
    "choices": (
        "certainty",
        lambda c: tuple(x.replace("6 of 11", "5 of 11") for x in c),
        "other choices",
    ),
    "what was said of it": ("main.shown.low", -5.5, "figures of the finding"),
}


@pytest.mark.parametrize("fault", SENTENCES)
def test_sentences_that_say_something_else_are_named(made: Built, fault: str) -> None:
    path, value, says = SENTENCES[fault]
    assert list(check_findings_told(made.result)) == []
    other = changed(made.result, "hormone", lambda q: deep(q, path, value))
    assert other != made.result
    found = [str(one) for one in check_findings_told(other)]
    assert any(says in line for line in found), found


def test_directions_that_do_not_add_up_are_named(made: Built) -> None:
    def fewer(q: QuestionResult) -> QuestionResult:
        return deep(q, "finding", lambda s: s.replace("1 states a decrease", "2 state a decrease"))  # type: ignore[no-any-return]

    assert list(check_findings_told(changed(made.result, "lipid", fewer)))


@pytest.mark.parametrize("better", [(-3.0, 1.0), (3.0, 1.0)])
def test_a_finding_on_one_side_is_read(better: tuple[float, float]) -> None:
    q = result_of(trials((better, (better[0] * 1.1, 1.0), (better[0] * 0.9, 1.0))))
    assert q.main is not None
    assert q.main.ci_low * q.main.ci_high > 0
    assert list(check_findings_told(file_of(q))) == []
    other = q.finding.replace("lower", "HERE").replace("higher", "lower").replace("HERE", "higher")
    found = list(check_findings_told(file_of(q.model_copy(update={"finding": other}))))
    assert [one.what for one in found] == ["side of the interval"]


def test_a_question_without_a_row_in_the_summaries_is_named(made: Built) -> None:
    found = [str(one) for one in check_findings(made.result, ())]
    assert len(found) == len(made.result.questions)
    assert all("stands in no summary" in line for line in found)


@pytest.mark.parametrize("scale", ["identity", "log", "logit", "fisher_z"])
@given(value=st.floats(-3, 3))
def test_the_way_back_to_readers(scale: str, value: float) -> None:
    from evidence.effects.scales import to_readers

    assert near(back(scale, value), to_readers(value, scale), 1e-12)


@given(st.integers(1, 60), st.data())
def test_the_sign_test(n: int, data: st.DataObject) -> None:
    from evidence.models.sign_test import sign_test as reference

    up_ = data.draw(st.integers(0, n))
    mine, theirs = sign_test(up_, n), reference(up_, n - up_)
    assert mine == pytest.approx((theirs.ci_low, theirs.ci_high, theirs.p), rel=1e-6, abs=1e-12)


def test_a_csv_with_too_many_cells_is_named(made: Built) -> None:
    text = made.files["effects.csv"].decode("utf-8")
    wide = text.replace("\n", ",more\n", 2)
    assert list(check_csvs(made.result, {"effects.csv": wide}))
    assert read_csv("a,b\n1,2,3\n")[0]["beyond the head"] == "['3']"


def test_cells_that_a_spreadsheet_would_run_are_known() -> None:
    q = result_of(trials(((-3.0, 1.0),)))
    line = q.effects[0].model_copy(update={"remark": "=1+1\r\nx", "label": "-a"})
    file = file_of(q.model_copy(update={"effects": (line,)}))
    from evidence.report.files import effects_csv

    text = effects_csv(file).decode("utf-8")
    assert "'=1+1" in text
    assert not list(check_csvs(file, {"effects.csv": text}))
    assert list(check_csvs(file, {"effects.csv": text.replace("'=1", "=1")}))


def test_a_result_of_nothing_is_coherent(made: Built) -> None:
    lipid = next(q for q in made.result.questions if q.id == "lipid")
    bare = ResultFile(format="evidence-result/1", name="n", title="t", lead="l", questions=(lipid,))
    assert list(check_totals(bare)) == []
