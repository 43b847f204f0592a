"""Faults of the terms file, and the words that depend on it."""

import json
from pathlib import Path

import pytest
from helpers import TERMS, TERMS_PLAIN

from evidence.catalog.project import find_project
from evidence.catalog.read import load_terms
from evidence.catalog.terms import Terms, Threshold
from evidence.errors import StudyError, did_you_mean

TERMS_TEXT = """\
outcomes:
  estradiol:
    label: Estradiol
    units: [pg/mL, pmol/L]
    better: neither
    substance: estradiol
    smallest_difference: {open_point: not seen}
drugs:
  anastrozole: {label: Anastrozole, drug_class: aromatase_inhibitor}
populations:
  men: {label: Men}
units:
  pg/mL: {dimension: mass_concentration, in_base: 1.0e-9}
  pmol/L: {dimension: amount_concentration, in_base: 1.0e-12}
substances:
  estradiol: {molar_mass: 272.38, source: a page, locator: a place}
"""


def load(folder: Path, text: str) -> Terms:
    file = folder / "terms.yaml"
    file.write_text(text)
    return load_terms(file)


def test_the_unbroken_file_loads(tmp_path: Path) -> None:
    terms = load(tmp_path, TERMS_TEXT)
    assert terms.substances["estradiol"].molar_mass == 272.38
    assert terms.drug_classes == {"aromatase_inhibitor"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[pg/mL, pmol/L]", "[pg/mL, pmol/l]", r':4 .*"pmol/l" is no unit; did you mean "pmol/L"'),
        ("substance: estradiol", "substance: estradiole", r":6 .*is no substance; did you mean"),
        ("in_base: 1.0e-9", "in_base: 0", r":13 .*0 is out of range; above 0"),
        ("in_base: 1.0e-9", "in_base: -1", r":13 .*-1 is out of range; above 0"),
        ("in_base: 1.0e-9", "in_base: .inf", r":13 .*is not a number"),
        ("molar_mass: 272.38", "molar_mass: 0.0", r":16 .*out of range; above 0"),
        ("molar_mass: 272.38", 'molar_mass: "272.38"', r":16 .*not a number; write it without"),
        ("molar_mass: 272.38, ", "", r':16 .*the key "molar_mass" is missing'),
        ("better: neither", "better: higer", r':5 .*"higer" is not allowed; did you mean "higher"'),
        (
            "drug_class: aro",
            "drug_clas: aro",
            r':9 .*unknown key "drug_clas"; did you mean "drug_cl',
        ),
        ("{open_point: not seen}", "{}", r":7 .*without a value needs an open_point"),
        ("{open_point: not seen}", "{value: 1.0}", r":7 .*with a value needs its source"),
        ("  men: {label: Men}", "  {}", r":10 populations"),
        ("populations:", "population:", r'unknown key "population"; did you mean "populations"'),
        ("  men: {label: Men}", "  men: {label: Men}\n  men: {label: M}", r":12 .*stands twice"),
        ("outcomes:\n", "outcomes: &x\n", r":[12] .*is an anchor"),
    ],
)
def test_one_fault(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in TERMS_TEXT
    with pytest.raises(StudyError, match=message):
        load(tmp_path, TERMS_TEXT.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "- a\n", "text\n", "a: [\n"])
def test_no_vocabulary_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(StudyError, match="1 problem"):
        load(tmp_path, text)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"cannot be read .*give a file that exists"):
        load_terms(tmp_path / "terms.yaml")


def test_several_faults_at_once(tmp_path: Path) -> None:
    text = TERMS_TEXT.replace("pmol/L]", "pmol/l]").replace(
        "substance: estradiol", "substance: oil"
    )
    with pytest.raises(StudyError, match="2 problems") as caught:
        load(tmp_path, text)
    assert len(caught.value.problems) == 2


def test_drugs_of_a_class_and_by_name() -> None:
    assert TERMS.drugs_of(("aromatase_inhibitor",)) == {"anastrozole", "letrozole"}
    assert TERMS.drugs_of(("letrozole", "control")) == {"letrozole", "placebo", "none"}
    assert TERMS.drugs_of(()) == frozenset()


def test_a_threshold_without_a_value_says_why() -> None:
    with pytest.raises(ValueError, match="needs an open_point"):
        Threshold()


def test_the_terms_of_the_tests_are_terms() -> None:
    assert Terms.model_validate_json(json.dumps(TERMS_PLAIN)) == TERMS


def test_did_you_mean() -> None:
    assert did_you_mean("PLACEBO", ["placebo", "none"]) == 'did you mean "placebo"?'
    assert did_you_mean("x", []) == "none is known"
    assert did_you_mean("zzz", [f"w{i:02}" for i in range(20)]).endswith("w11, ...")


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no data/terms.yaml here or above; go to a project"):
        find_project(tmp_path)


def test_a_project_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "terms.yaml").write_text(TERMS_TEXT)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    project = find_project(below)
    assert project.root == tmp_path
    assert set(project.terms().drugs) == {"anastrozole"}
    with pytest.raises(StudyError, match="does not exist"):
        project.studies()
