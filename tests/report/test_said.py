"""The second answer: what complete and partial reports say together, on the page and in words."""

import pytest
from samples import FIVE, page_of, part, plan, result_of, trials

from evidence.models.plan import Limits
from evidence.report.result import QuestionResult
from evidence.report.said.tables import said_tables
from evidence.report.said.wording import said_sentence

LOWER = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.001})
LIMITS = Limits(effect=(-20.0, 20.0), reason="wide enough for any trial")


@pytest.fixture(scope="module")
def both() -> QuestionResult:
    return result_of([*trials(FIVE), LOWER], limits=LIMITS)


def test_no_second_answer_where_all_is_complete() -> None:
    result = result_of(trials(FIVE))
    assert result.said is None
    assert said_sentence(result) == ""
    assert said_tables(result) == []


def test_the_second_answer_stands_beside_the_first_and_says_what_it_is(
    both: QuestionResult,
) -> None:
    said = both.said
    assert said is not None
    assert (said.reports, said.complete, said.used) == (6, 5, 6)
    assert [step.reports for step in said.steps] == [5, 6]
    text = said_sentence(both)
    assert text.startswith("Of 6 reports 5 are complete and 6 say something of the effect.")
    assert "Nothing was filled in" in text
    assert "wide enough for any trial" in text
    mu = said.terms[0]
    assert (mu.term, mu.shown is not None) == ("mu", True)
    main = both.main
    assert main is not None
    assert mu.mean is not None
    assert mu.mean < said.steps[0].shown.estimate + 1  # type: ignore[union-attr]


def test_tables_have_a_row_a_report_and_a_row_a_step(both: QuestionResult) -> None:
    steps, lines, priors = said_tables(both)
    assert len(lines.rows) == 6
    assert len(steps.rows) == 3  # two steps and the range without priors
    assert steps.rows[-1][0].startswith("without any prior")
    assert {row[0] for row in priors.rows} >= {
        "μ, the mean effect",
        "logarithm of the outcome's SD",
    }
    told = next(row for row in lines.rows if row[1] != "complete")
    assert told[1] == "a direction with a P, but no size"


def test_the_page_tells_the_two_answers_apart(both: QuestionResult) -> None:
    html = page_of(both)
    assert html.count("A second answer, from complete and partial reports together.") == 1
    assert html.index("Models side by side") < html.index("A second answer")
    assert "drawn from a population of SDs" in html


def test_without_limits_the_reason_stands() -> None:
    result = result_of([*trials(FIVE), LOWER])
    assert result.said is not None
    assert result.said.possible is None
    assert result.said.reason == "the plan names no limits of what one trial can show"


def test_nothing_tells_how_variable_the_outcome_is() -> None:
    result = result_of([LOWER])
    assert result.said is not None
    assert result.said.terms == ()
    assert "It cannot be given: no report shows how variable the outcome is" in said_sentence(
        result
    )
    assert said_tables(result) == []
    assert plan().prior_log_sd is None
