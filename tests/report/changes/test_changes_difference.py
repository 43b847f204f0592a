"""What moved between two snapshots."""

from __future__ import annotations

from dataclasses import replace

import pytest
from change_samples import (
    INPUTS,
    bayes,
    claim,
    empty_question,
    interval,
    main,
    question,
    rating,
    snapshot,
    snapshots,
)
from hypothesis import given, settings

from evidence.errors import ReportError
from evidence.report.changes.difference import Difference, Move, difference
from evidence.report.changes.figures import AnswerChange, Conclusion
from evidence.report.changes.snapshot import QuestionState, Snapshot
from evidence.report.changes.words import cause_words


def only(old: QuestionState, new: QuestionState) -> Difference:
    return difference(snapshot(old), snapshot(new))


def answers(old: QuestionState, new: QuestionState) -> tuple[AnswerChange, ...]:
    (change,) = only(old, new).changed
    return change.answers


@given(snapshots())
@settings(max_examples=30, deadline=None)
def test_nothing_moved_from_a_snapshot_to_itself(one: Snapshot) -> None:
    assert difference(one, one).empty


@given(snapshots(), snapshots())
@settings(max_examples=30, deadline=None)
def test_swapping_both_turns_every_change_round(old: Snapshot, new: Snapshot) -> None:
    there, back = difference(old, new), difference(new, old)
    assert there.added == back.removed
    assert there.removed == back.added
    assert {(a.id, b.id) for a, b in there.renamed} == {(b.id, a.id) for a, b in back.renamed}
    assert there.empty == back.empty
    mine = {(c.old.id, c.new.id): c for c in there.changed}
    theirs = {(c.new.id, c.old.id): c for c in back.changed}
    assert mine.keys() == theirs.keys()
    for key, one in mine.items():
        other = theirs[key]
        assert one.entered == other.left
        assert {(m.what, m.old, m.new) for m in (*one.counts, *one.rating, *one.asked)} == {
            (m.what, m.new, m.old) for m in (*other.counts, *other.rating, *other.asked)
        }
        assert [a.answer for a in one.answers] == [a.answer for a in other.answers]
        for a, b in zip(one.answers, other.answers, strict=True):
            assert (a.old, a.new, a.printed) == (b.new, b.old, b.printed[::-1])
            assert a.change == (None if b.change is None else -b.change)
            assert a.errors == (None if b.errors is None else -b.errors)
            assert a.beyond == b.beyond
            figures = {f.figure: f for f in b.figures}
            assert {f.figure for f in a.figures} == set(figures)
            for f in a.figures:
                g = figures[f.figure]
                assert (f.old, f.new, f.beyond) == (g.new, g.old, g.beyond)
                assert f.change == (None if g.change is None else -g.change)
            assert {(c.mark, c.old, c.new) for c in a.conclusions} == {
                (c.mark, c.new, c.old) for c in b.conclusions
            }


def test_a_moved_number_is_found_with_its_change() -> None:
    (found,) = answers(question(), question(main=main(-2.5)))
    assert found.answer == "main"
    assert found.printed == ("−2.0 (−3.0 to −1.0) pg/mL", "−2.5 (−3.5 to −1.5) pg/mL")
    assert found.change == -0.5
    # Half of 1.0 over 1.96 on both sides.
    assert found.errors == pytest.approx(-0.5 / (1 / 1.959963984540054))
    assert {f.figure for f in found.figures} == {"estimate", "low", "high"}
    assert found.beyond


def test_less_than_is_printed_is_told_apart() -> None:
    (found,) = answers(question(), question(main=main(-2.0001)))
    assert not found.beyond
    (change,) = only(question(), question(main=main(-2.0001))).changed
    assert change.moved == ()
    # Printed more finely, the same number did not move.
    assert only(question(), question(decimals=3)).changed == ()


def test_an_interval_that_comes_to_include_no_effect() -> None:
    (found,) = answers(question(), question(main=main(-0.5)))
    assert found.conclusions == (Conclusion("no effect", "below", "includes"),)
    (found,) = answers(question(), question(main=main(3.0)))
    assert found.conclusions == (Conclusion("no effect", "below", "above"),)
    matters = {"matters": (-2.5, 2.5)}
    (found,) = answers(question(**matters), question(main=main(-4.0), **matters))
    assert found.conclusions == (Conclusion("a fall that matters", "includes", "below"),)
    (found,) = answers(question(contrast="level"), question(contrast="level", main=main(3.0)))
    assert found.conclusions == ()


def test_a_prediction_interval_has_its_own_conclusion() -> None:
    old = question(main=main(prediction=interval(-2.0, 1.5)))
    new = question(main=main(prediction=interval(-2.0, 2.5)))
    (found,) = answers(old, new)
    assert [f.figure for f in found.figures] == ["prediction_low", "prediction_high"]
    assert found.conclusions == (
        Conclusion("no effect", "below", "includes", "prediction interval"),
    )


def test_answers_that_come_and_go() -> None:
    (found,) = answers(question(), question(said=bayes(-1.5, reports=4)))
    assert (found.answer, found.old, found.change, found.beyond) == ("said", None, None, True)
    (change,) = only(question(), question(said=bayes())).changed
    assert change.moved == ()
    (change,) = only(question(), question(main=None, k=0)).changed
    assert [a.answer for a in change.moved] == ["main"]
    assert change.moved[0].printed[1] == ""


def test_a_question_without_effects_and_without_blocks() -> None:
    assert only(empty_question(), empty_question()).empty
    (change,) = only(empty_question(), empty_question(partial=1, considered=1)).changed
    assert change.answers == ()
    assert Move("results in part", "0", "1") in change.counts
    assert change.rating == ()


def test_figures_on_another_scale_have_no_difference() -> None:
    (change,) = only(question(), question(scale="log", unit=None, measure="RR")).changed
    assert all(a.change is None and a.beyond for a in change.answers)
    assert all(f.change is None for a in change.answers for f in a.figures)
    assert Move("scale", "identity", "log") in change.asked


def test_a_method_that_changed_without_moving_anything() -> None:
    (found,) = answers(question(), question(main=main(method="common effect")))
    assert found.method == ("random effects", "common effect")
    assert found.figures == ()
    assert not found.beyond


def test_an_interval_without_width_has_no_standard_errors() -> None:
    (found,) = answers(question(main=main(-2.0, 0.0)), question(main=main(-3.0, 0.0)))
    assert (found.change, found.errors) == (-1.0, None)


def test_ratings() -> None:
    (change,) = only(question(), question(rating=rating("very_low", imprecision=-2))).changed
    assert change.rating == (
        Move("certainty", "low", "very low"),
        Move("as asked", "low", "very low"),
        Move("suggested", "low", "very low"),
        Move("imprecision", "−1", "−2"),
    )
    (change,) = only(question(rating=None), question(rating=rating(None))).changed
    assert change.rating == (Move("certainty", "not rated", "no evidence"),)


def test_claims() -> None:
    old = snapshot(question(), claims=(claim("a"), claim("b")))
    new = snapshot(question(), claims=(claim("b", verdict="supported"), claim("c")))
    found = difference(old, new)
    assert [c.id for c in found.claims_added] == ["c"]
    assert [c.id for c in found.claims_removed] == ["a"]
    assert found.claims[0].verdict == Move("verdict", "uncertain", "supported")
    # Where the page itself came, not each claim of it did.
    assert difference(snapshot(question()), new).claims_added == ()


def test_a_question_under_another_name() -> None:
    found = difference(snapshot(question("men")), snapshot(question("males")))
    assert [(a.id, b.id) for a, b in found.renamed] == [("men", "males")]
    assert (found.added, found.removed) == ((), ())
    assert Move("id", "men", "males") in found.changed[0].asked
    # Two that fit as well, or nothing that could fit, are no renaming.
    two = difference(snapshot(question("men")), snapshot(question("x"), question("y")))
    assert two.renamed == ()
    assert len(two.added) == 2
    none = difference(snapshot(empty_question("a")), snapshot(empty_question("b")))
    assert none.renamed == ()


def test_inputs_that_changed_are_sorted_by_what_they_can_move() -> None:
    files = {
        **INPUTS,
        "data/studies/lew-2003.yaml": "0" * 64,
        "data/studies/other-1999.yaml": "1" * 64,
        "data/risk_of_bias/lew-2003.yaml": "2" * 64,
        "data/certainty.yaml": "3" * 64,
        "analyses/demo.py": "4" * 64,
        "data/extra.csv": "5" * 64,
    }
    del files["data/studies/leder-2004.yaml"]
    new = question(main=main(-3.0))
    (change,) = difference(snapshot(question()), snapshot(new, inputs=files)).changed
    cause = change.cause
    assert [(f.name, f.how) for f in cause.studies] == [
        ("leder-2004", "disappeared"),
        ("lew-2003", "changed"),
    ]
    assert [(f.path, f.how) for f in cause.others] == [
        ("data/extra.csv", "appeared"),
        ("data/studies/other-1999.yaml", "appeared"),
    ]
    assert [f.name for f in cause.ratings] == ["certainty", "lew-2003"]
    assert [f.name for f in cause.script] == ["demo"]
    assert (cause.terms, cause.program) == ((), False)
    assert cause_words(cause) == (
        "Between the two changed: data of leder-2004 (gone), lew-2003; data of 1 further study "
        "that the report looked at; data/extra.csv; the analysis as declared; 2 files of ratings."
    )
    (change,) = difference(snapshot(question()), snapshot(new, evidence="0.2.0")).changed
    assert change.cause.program
    assert change.cause.versions == ("0.1.0", "0.2.0")


def test_studies_that_enter_and_leave() -> None:
    (change,) = only(question(), question(studies=("lew-2003", "loves-2013"))).changed
    assert (change.entered, change.left) == (("loves-2013",), ("leder-2004",))


def test_what_is_no_snapshot_is_refused() -> None:
    with pytest.raises(ReportError, match="old"):
        difference({}, snapshot())  # type: ignore[arg-type]


def test_the_records_are_frozen() -> None:
    found = only(question(), question(k=3))
    with pytest.raises(AttributeError):
        found.added = ()  # type: ignore[misc]
    assert replace(found, added=(question("x"),)).added[0].id == "x"
