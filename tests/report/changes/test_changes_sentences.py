"""Words of two sentences side by side."""

from change_samples import HOSTILE, words
from hypothesis import given
from hypothesis import strategies as st

from evidence.report.changes.inline import sentence_text
from evidence.report.changes.sentences import (
    SentenceChange,
    sentence_changes,
    words_between,
)
from evidence.report.changes.words import plain_sentence
from evidence.report.document.blocks import Strong


@given(st.text(max_size=60) | words, st.text(max_size=60) | words)
def test_the_pieces_make_up_both_sentences(old: str, new: str) -> None:
    pieces = words_between(old, new)
    assert "".join(p.text for p in pieces if p.kind != "new") == old
    assert "".join(p.text for p in pieces if p.kind != "gone") == new
    assert all(p.text for p in pieces)
    assert {p.kind for p in words_between(old, old)} <= {"same"}


def test_a_number_is_one_word() -> None:
    pieces = words_between("a ratio of 0.62 (0.52 to 0.74)", "a ratio of 0.61 (0.47 to 0.74)")
    assert [p.text for p in pieces if p.kind == "gone"] == ["0.62", "0.52"]
    assert [p.text for p in pieces if p.kind == "new"] == ["0.61", "0.47"]
    gone = [p.text for p in words_between("by −2.4 points", "by 2.4 points") if p.kind == "gone"]
    assert gone == ["−2.4"]


def test_words_beside_each_other_are_one_change() -> None:
    kinds = [(p.kind, p.text) for p in words_between("one small trial", "two large trials")]
    assert kinds == [("gone", "one small trial"), ("new", "two large trials")]


lists = st.lists(st.sampled_from(["Low.", "One trial.", "Two trials.", "k = 1: one", "x y z"]))


@given(lists, lists)
def test_what_stands_in_both_did_not_change(old: list[str], new: list[str]) -> None:
    found = sentence_changes("certainty", old, new)
    gone = {change.old for change in found if change.old is not None}
    came = {change.new for change in found if change.new is not None}
    assert gone == set(old) - set(new)
    assert came == set(new) - set(old)
    assert all(change.old is not None or change.new is not None for change in found)
    back = sentence_changes("certainty", new, old)
    assert {(c.new, c.old) for c in back} >= {
        (c.old, c.new) for c in found if None in (c.old, c.new)
    }


def test_sentences_alike_are_paired_whatever_their_order() -> None:
    old = ["The first trial is small.", "Nothing else was seen of it."]
    new = ["Nothing else was seen of them.", "The first trial is large."]
    found = sentence_changes("certainty", old, new)
    assert {(c.old, c.new) for c in found} == {(old[0], new[1]), (old[1], new[0])}


def test_how_a_change_is_written() -> None:
    change = SentenceChange("finding", "lower by 3 %, in one trial", "lower by 4 % in one trial")
    assert plain_sentence(change) == "lower by [-3-] {+4+} %[-,-] in one trial"
    told = sentence_text(change)
    assert Strong("4") in told
    assert "".join(x for x in told if isinstance(x, str)) == (
        " lower by [was: 3]  %[gone: ,] in one trial"
    )
    assert plain_sentence(SentenceChange("finding", None, "New.")) == "{+New.+}"
    assert plain_sentence(SentenceChange("finding", "Old.", None)) == "[-Old.-]"


def test_hostile_words_stay_words() -> None:
    for text in HOSTILE:
        change = SentenceChange("finding", f"one {text} two three", f"one two three {text}")
        assert "".join(p.text for p in change.pieces if p.kind != "gone") == change.new
