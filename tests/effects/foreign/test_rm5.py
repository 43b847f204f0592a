"""RevMan 5 files: what is read, and what is refused with its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evidence.effects.foreign.records import ForeignAnalysis, ForeignTrial, Stored
from evidence.effects.foreign.rm5 import impossible, measure_code, number_of, read_rm5, unescaped
from evidence.effects.foreign.safe_xml import MOST_DEPTH, parse_xml, read_bytes
from evidence.effects.foreign.tables import foreign_table, row_labels
from evidence.errors import EffectError

INVENTED = Path(__file__).with_name("invented.rm5")


def review(tmp_path: Path, body: str, root: str = "COCHRANE_REVIEW") -> Path:
    path = tmp_path / "a.rm5"
    inside = f"<ANALYSES_AND_DATA>{body}</ANALYSES_AND_DATA>"
    path.write_text(f"<{root}>{inside}</{root}>", encoding="utf-8")
    return path


def outcome(rows: str, attributes: str = 'EFFECT_MEASURE="RR" METHOD="MH"') -> str:
    head = '<COMPARISON NO="1"><NAME>A v B</NAME>'
    return f'{head}<DICH_OUTCOME NO="1" {attributes}>{rows}</DICH_OUTCOME></COMPARISON>'


def row(study: str = "STD-X", a: object = 1, n: object = 9, c: object = 2, m: object = 9) -> str:
    counts = f'EVENTS_1="{a}" TOTAL_1="{n}" EVENTS_2="{c}" TOTAL_2="{m}"'
    return f'<DICH_DATA STUDY_ID="{study}" {counts}/>'


def test_every_analysis_is_read_with_its_settings() -> None:
    read = read_rm5(INVENTED)
    assert read.title == "Balm for sore knees: invented & not a review"
    found = {one.id: one for one in read.analyses}
    assert list(found) == ["1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "3.1", "3.2"]
    assert [one.kind for one in read.analyses] == [
        *["counts"] * 4, *["means"] * 2, "generic", "observed_expected",
    ]  # fmt: skip
    assert found["1.1"].outcome == "Falls"
    assert (found["1.1"].label1, found["1.1"].label2) == ("Balm", "Water")
    assert found["1.4"].swapped
    assert not found["1.1"].swapped
    assert found["1.2"].method == "peto"
    assert found["3.1"].measure == "HR"
    assert found["3.1"].log_scale
    assert [part.name for part in found["1.3"].subgroups] == ["Young", "Old"]
    assert found["1.1"].trials[2].study == "Cedar-Oak 1998"
    assert found["1.1"].trials[2].year == "1998"
    assert found["1.1"].trials[0].where.endswith("invented.rm5:17")
    assert read.notes == (
        "2.3 has no trials: it was not taken",
        "3.3 holds text, not figures: it was not taken",
    )


def test_effects_of_an_analysis_keep_what_has_none() -> None:
    table = foreign_table(read_rm5(INVENTED).analyses[0])
    assert table.k == 5
    assert table.considered == 6
    assert table.unused["reason"].tolist() == ["no events in both groups"]
    assert table.unused["study"].tolist() == ["Fern-2009"]


def test_effects_of_a_subgroup() -> None:
    analysis = read_rm5(INVENTED).analyses[2]
    assert foreign_table(analysis, "1").k == 2
    with pytest.raises(EffectError, match="no such subgroup"):
        foreign_table(analysis, "3")


def test_swapped_events_are_those_without_the_event() -> None:
    analysis = read_rm5(INVENTED).analyses[3]
    plain = foreign_table(replace(analysis, swapped=False))
    swapped = foreign_table(analysis)
    assert swapped.rows["estimate"].to_numpy() == pytest.approx(-plain.rows["estimate"].to_numpy())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (outcome(row(a=10)), "10 events in 9 people"),
        (outcome(row(a="many")), "EVENTS_1='many' is no number"),
        (outcome(row(a="NaN")), "EVENTS_1='NaN' is no number"),
        (outcome(row(a="")), "events1 is missing"),
        (outcome(row(m=-1)), "no more events than people"),
        (outcome(row(study="")), "names no study"),
        (outcome(row(), 'EFFECT_MEASURE="SMD"'), 'the effect measure "SMD"'),
        (outcome(row(), 'EFFECT_MEASURE="RR" METHOD="BAYES"'), 'the method "BAYES"'),
        (outcome(row(), 'EFFECT_MEASURE="RR" RANDOM="MAYBE"'), 'RANDOM="MAYBE"; YES or NO'),
        (outcome(row(), 'EFFECT_MEASURE="RR" TOTALS="SOME"'), 'TOTALS="SOME"'),
        (outcome(row(), 'EFFECT_MEASURE="RR" CI_TOTAL="950"'), "CI_TOTAL='950'; a percentage"),
        (outcome(row()) + outcome(row()), "analysis 1.1 stands twice"),
        ("", "holds no analysis with data"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, body: str, said: str) -> None:
    path = review(tmp_path, body)
    with pytest.raises(EffectError) as caught:
        read_rm5(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value.problems[0].where)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="3 things are wrong") as caught:
        read_rm5(review(tmp_path, outcome(row(a=10) + row(a="x"))))
    assert len(caught.value.problems) == 3  # 10 of 9; "x"; and so events1 is missing


def test_another_root_is_no_review(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="its root is <html>"):
        read_rm5(review(tmp_path, "", root="html"))


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><COCHRANE_REVIEW>&x;</COCHRANE_REVIEW>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><COCHRANE_REVIEW/>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><COCHRANE_REVIEW>&x;'
        "</COCHRANE_REVIEW>",
        "<!DOCTYPE COCHRANE_REVIEW><COCHRANE_REVIEW/>",
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
    ],
)
def test_document_types_and_entities_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.rm5"
    path.write_text(text)
    with pytest.raises(EffectError, match="document type or entities"):
        read_rm5(path)


def test_an_undeclared_entity_is_not_well_formed() -> None:
    with pytest.raises(EffectError, match="undefined entity"):
        parse_xml(b"<a>&nbsp;</a>", "a.rm5")


def test_what_is_too_deep_or_too_large_is_refused(tmp_path: Path) -> None:
    deep = b"<a>" * (MOST_DEPTH + 1)
    with pytest.raises(EffectError, match="deep and more"):
        parse_xml(deep, "a.rm5")
    path = tmp_path / "a.rm5"
    path.write_bytes(b"x" * 20)
    with pytest.raises(EffectError, match="holds 20 bytes; at most 10"):
        read_bytes(path, 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no element found"),
        (b"<a><b></a>", "mismatched tag"),
        (b"<a>\x00</a>", "not well-formed"),
        (b"\xff\xfe\x00", "is not well formed"),
        (b'<?xml version="1.0" encoding="no-such"?><a/>', "refused|well formed"),
    ],
)
def test_what_is_no_xml_is_said_with_line(content: bytes, said: str) -> None:
    with pytest.raises(EffectError, match=said) as caught:
        parse_xml(content, "a.rm5")
    assert caught.value.problems[0].where.startswith("a.rm5:")


def test_latin_letters_are_read_by_the_encoding_that_is_declared() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><a>Mäkitie</a>'
    assert parse_xml(text.encode("latin-1"), "a").root.text == "Mäkitie"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot be read"):
        read_rm5(tmp_path / "no.rm5")
    with pytest.raises(EffectError, match="wrong kind"):
        read_rm5(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["1e999", "nan", "inf", "0x10", "1_0", "1,5", "", "--1", "١"])
def test_what_is_no_plain_number(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Std. Mean Difference", "SMD"),
        ("RISK_RATIO", "RR"),
        ("Peto Odds Ratio", "PETO"),
        ("x", "GEN"),
    ],
)
def test_measures_by_the_words_of_revman(label: str, code: str) -> None:
    assert measure_code(label) == code


def test_impossible_figures() -> None:
    means = {"mean1": 1.0, "sd1": -1.0, "n1": -3.0, "mean2": 1.0, "sd2": 1.0, "n2": 3.0}
    assert [p.what for p in impossible(means, "means", "a")] == [
        "-3 people (group 1)",
        "an SD of -1 (group 1)",
    ]
    assert impossible({"estimate": 1.0, "std_error": -1.0}, "generic", "a")[0].what
    assert not impossible({"estimate": 1.0, "std_error": 0.0}, "generic", "a")


def test_ids_and_labels() -> None:
    assert unescaped("A_x0020_B") == "A B"
    assert row_labels(["a", "a", "a (2)"]) == ["a", "a (2)", "a (2) (2)"]


def analysis_of(kind: str, measure: str, *rows: dict[str, float]) -> ForeignAnalysis:
    trials = tuple(
        ForeignTrial("a", f"T{i}", "", "", figures, Stored(True)) for i, figures in enumerate(rows)
    )
    return ForeignAnalysis(
        "1.1", "a:1", "", "", kind, measure, measure, measure in ("RR", "OR", "PETO"),  # type: ignore[arg-type]
        "inverse_variance", False, 0.95, 0.95, "all", False, "", "", trials, (), Stored(True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "measure", "figures", "reason"),
    [
        ("counts", "RR", {"events1": 0, "n1": 0, "events2": 1, "n2": 9}, "no one in a group"),
        ("counts", "PETO", {"events1": 9, "n1": 9, "events2": 9, "n2": 9}, "nothing but events"),
        (
            "means", "MD",
            {"mean1": 1, "sd1": 0, "n1": 9, "mean2": 1, "sd2": 1, "n2": 9}, "deviation of 0",
        ),
        (
            "means", "SMD",
            {"mean1": 1, "sd1": 1, "n1": 2, "mean2": 1, "sd2": 1, "n2": 2}, "too few people",
        ),
        (
            "means", "MD",
            {"mean1": 1, "sd1": 1, "n1": 0, "mean2": 1, "sd2": 1, "n2": 2}, "no one in a group",
        ),
        ("generic", "GEN", {"estimate": 1, "std_error": 0}, "no spread"),
    ],
)  # fmt: skip
def test_trials_without_an_effect_have_a_reason(
    kind: str, measure: str, figures: dict[str, float], reason: str
) -> None:
    analysis = analysis_of(kind, measure, figures)
    with pytest.raises(EffectError, match="no trial has an effect"):
        foreign_table(analysis)
    good = {
        "counts": {"events1": 1, "n1": 9, "events2": 3, "n2": 9},
        "means": {"mean1": 1, "sd1": 1, "n1": 9, "mean2": 1, "sd2": 1, "n2": 9},
        "generic": {"estimate": 1, "std_error": 1},
    }[kind]
    table = foreign_table(analysis_of(kind, measure, figures, good))
    assert reason in table.unused["reason"].iloc[0]


def test_a_risk_ratio_is_1_where_everyone_had_the_event() -> None:
    # Figures that a published review shows: 60 of 60 against 65 of 65 is 1.00 [0.969417, 1.031548].
    full = {"events1": 60.0, "n1": 60.0, "events2": 65.0, "n2": 65.0}
    other = {"events1": 12.0, "n1": 13.0, "events2": 15.0, "n2": 15.0}
    rows = foreign_table(analysis_of("counts", "RR", full, other)).rows
    low, high = (float(np.exp(z * rows["std_error"].iloc[0])) for z in (-1.959964, 1.959964))
    assert rows["estimate"].iloc[0] == 0
    assert (low, high) == pytest.approx((0.969417, 1.031548), abs=1e-6)
    assert float(np.exp(rows["estimate"].iloc[1])) == pytest.approx(0.921659, abs=1e-6)
    plain = foreign_table(analysis_of("counts", "RR", other)).rows
    assert plain["estimate"].iloc[0] == pytest.approx(rows["estimate"].iloc[1], rel=1e-12)
    assert plain["std_error"].iloc[0] == pytest.approx(rows["std_error"].iloc[1], rel=1e-12)


def test_a_measure_with_a_name_of_its_own_is_a_ratio_if_it_shows_exponentials(
    tmp_path: Path,
) -> None:
    head = '<COMPARISON NO="1"><IV_OUTCOME NO="1" EFFECT_MEASURE="Cure ratio">'
    rows = '<IV_DATA STUDY_ID="STD-A" ESTIMATE="0.5" SE="0.1" EFFECT_SIZE="{}"/>'
    tail = "</IV_OUTCOME></COMPARISON>"
    ratio = read_rm5(review(tmp_path, head + rows.format("1.6487213") + tail)).analyses[0]
    plain = read_rm5(review(tmp_path, head + rows.format("0.5") + tail)).analyses[0]
    assert ratio.log_scale
    assert not plain.log_scale
    assert ratio.measure == "GEN"
    assert foreign_table(ratio).scale == "log"


def test_observed_minus_expected_with_a_name_of_its_own(tmp_path: Path) -> None:
    head = '<COMPARISON NO="1"><IPD_OUTCOME NO="1" EFFECT_MEASURE="Cure" METHOD="OTHER">'
    rows = '<IPD_DATA STUDY_ID="STD-A" O_E="2" VAR="4" EFFECT_SIZE="{}"/>'
    tail = "</IPD_OUTCOME></COMPARISON>"
    ratio = read_rm5(review(tmp_path, head + rows.format("1.6487213") + tail)).analyses[0]
    plain = read_rm5(review(tmp_path, head + rows.format("0.5") + tail)).analyses[0]
    assert (ratio.log_scale, plain.log_scale) == (True, False)
    assert ratio.method == plain.method == "peto"
    assert foreign_table(ratio).rows["estimate"].tolist() == [0.5]
    assert foreign_table(ratio).rows["std_error"].tolist() == [0.5]
