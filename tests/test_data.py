"""The curated data: every study file is a case of its own."""

import re
from collections import Counter
from pathlib import Path

import pytest

from evidence.catalog.read import load_studies, load_terms, read_study, study_files
from evidence.catalog.study import Outcome, Study
from evidence.catalog.terms import Terms
from evidence.effects.labels import label

DATA = Path(__file__).resolve().parents[1] / "data"
FILES = study_files(DATA / "studies")
each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms(DATA / "terms.yaml")


@pytest.fixture(scope="module")
def studies(terms: Terms) -> dict[str, Study]:
    return {study.id: study for study in load_studies(DATA / "studies", terms)}


def says_something(outcome: Outcome) -> bool:
    return bool(outcome.arms or outcome.contrasts or outcome.note)


@each_file
def test_it_loads_and_its_figures_obey_arithmetic(file: Path, terms: Terms) -> None:
    study, problems = read_study(file, terms)
    assert problems == []
    assert study is not None
    assert study.id == file.stem


@each_file
def test_every_outcome_says_something_and_where(file: Path, studies: dict[str, Study]) -> None:
    study = studies[file.stem]
    for outcome in study.outcomes:
        assert says_something(outcome), outcome.id
        assert outcome.source.locator.strip()
        assert study.report(outcome.source.report).key == outcome.source.report
        assert outcome.source.url or outcome.source.read != "primary_full_text", outcome.id


@each_file
def test_spreads_of_an_arm_agree_with_one_another(file: Path, studies: dict[str, Study]) -> None:
    """An SD and a standard error of one mean differ by the root of n, and no spread is absurd."""
    for outcome in studies[file.stem].outcomes:
        for result in outcome.arms.values():
            for part in (result.baseline, result.final, result.change):
                if part is None or part.mean is None:
                    continue
                if part.sd is not None and part.se is not None and result.n:
                    assert part.se == pytest.approx(part.sd / result.n**0.5, rel=0.15)
                if part.se is not None and result.n:
                    # A standard error that is really an SD implies an SD beyond ten times the mean.
                    assert (
                        part.se * result.n**0.5 < 10 * max(abs(part.mean), 1e-9)
                        or part is result.change
                    )


@each_file
def test_sizes_of_the_arms_do_not_exceed_the_trial(file: Path, studies: dict[str, Study]) -> None:
    study = studies[file.stem]
    total = study.population.n_randomised
    for outcome in study.outcomes:
        sizes = [result.n or result.total or 0 for result in outcome.arms.values()]
        if total is not None and study.design == "parallel_rct":
            assert max(sizes, default=0) <= total
        if total is not None and study.design == "crossover_rct":
            assert max(sizes, default=0) <= total


@each_file
def test_identifiers_are_stable(file: Path, studies: dict[str, Study]) -> None:
    study = studies[file.stem]
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", study.id)
    assert study.id not in study.overlaps
    for report in study.reports:
        assert report.pmid is None or not report.pmid.startswith("0")


def test_all_trials_are_there() -> None:
    assert len(FILES) >= 55
    assert [file.name for file in FILES] == sorted(p.name for p in (DATA / "studies").iterdir())


def test_labels_tell_trials_apart(studies: dict[str, Study]) -> None:
    twice = {name: n for name, n in Counter(map(label, studies.values())).items() if n > 1}
    assert twice == {}


def test_a_report_belongs_to_one_trial_unless_it_says_so(studies: dict[str, Study]) -> None:
    """A PMID in two files is a review, or the two trials are told to overlap."""
    holders: dict[str, set[str]] = {}
    for study in studies.values():
        for report in study.reports:
            if report.pmid is not None and report == study.reports[0]:
                holders.setdefault(report.pmid, set()).add(study.id)
    for pmid, ids in holders.items():
        for one in ids:
            others = ids - {one}
            assert others <= set(studies[one].overlaps) | {
                o for o in others if one in studies[o].overlaps
            }, pmid


def test_overlaps_lead_to_trials(studies: dict[str, Study]) -> None:
    for study in studies.values():
        assert set(study.overlaps) <= set(studies)


def test_every_word_of_the_terms_file_has_a_label(terms: Terms) -> None:
    for words in (terms.outcomes, terms.drugs, terms.populations):
        assert len({word.label for word in words.values()}) == len(words)


def test_mass_and_amount_of_every_substance_can_be_converted(terms: Terms) -> None:
    for name, outcome in terms.outcomes.items():
        dimensions = {terms.units[unit].dimension for unit in outcome.units}
        if {"mass_concentration", "amount_concentration"} <= dimensions:
            assert outcome.substance is not None, name


@pytest.mark.parametrize(
    ("substance", "mass"),
    [("estradiol", 272.38), ("testosterone", 288.42), ("cholesterol", 386.65)],
)
def test_molar_masses(terms: Terms, substance: str, mass: float) -> None:
    """From the formulas and the standard atomic weights (C 12.011, H 1.008, O 15.999)."""
    formula = terms.substances[substance].formula or ""
    weights = {"C": 12.011, "H": 1.008, "O": 15.999}
    parts = re.findall(r"([A-Z])(\d+)?", formula)
    computed = sum(weights[element] * int(count or 1) for element, count in parts)
    assert terms.substances[substance].molar_mass == mass
    assert mass == pytest.approx(computed, abs=0.03)
