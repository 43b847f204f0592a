"""The curated data: every study file is a case of its own."""

import re
from collections import Counter
from pathlib import Path

import pytest

from evidence.catalog.question import Question, Window
from evidence.catalog.read import load_studies, load_terms, read_study, study_files
from evidence.catalog.study import Outcome, Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.eligible import arm_pairs
from evidence.effects.labels import label
from evidence.effects.table import EffectTable

DATA = Path(__file__).resolve().parents[1] / "data"
FILES = study_files(DATA / "studies")
# Spreads that cannot be what the page calls them, and stand as printed; the note of each says so.
MISPRINTED = {
    ("lee-2004", "t_e2_ratio-3mo", "anastrozole", "baseline"): "0.2 +/- 0.7 [SE] of 68 men",
}
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
        for arm, result in outcome.arms.items():
            for name in ("baseline", "final", "change", "change_percent"):
                part = getattr(result, name)
                if part is None or part.mean is None or part.se is None or not result.n:
                    continue
                if part.sd is not None:
                    assert part.se == pytest.approx(part.sd / result.n**0.5, rel=0.15)
                # A standard error that is really an SD implies an SD beyond ten times the mean.
                # Changes, in units or percent, lie around nought: of them this says nothing.
                absurd = name in ("baseline", "final") and part.se * result.n**0.5 >= 10 * max(
                    abs(part.mean), 1e-9
                )
                place = (file.stem, outcome.id, arm, name)
                assert absurd == (place in MISPRINTED), place


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
    assert len(FILES) >= 167
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


def test_what_is_misprinted_is_told_of_in_its_note(studies: dict[str, Study]) -> None:
    for study_id, outcome_id, _, _ in MISPRINTED:
        outcome = next(o for o in studies[study_id].outcomes if o.id == outcome_id)
        assert "misprint" in (outcome.note or "")


def test_overlaps_lead_to_trials_and_back(studies: dict[str, Study]) -> None:
    for study in studies.values():
        assert set(study.overlaps) <= set(studies)
        for other in study.overlaps:
            assert study.id in studies[other].overlaps, (study.id, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hadji-team-bone", "vandevelde-2011"),
        ("huang-2025", "huang-2025b"),
        ("khosla-2005", "khosla-2008"),
        ("khosla-1998", "khosla-2001"),
        ("greendale-1997", "barrett-connor-2000"),
        ("hero-2005", "wickman-2001"),
        ("matthews-2021", "khosrow-khavar-2020"),
        ("pavlovich-2001", "raman-2002"),
    ],
)
def test_cohorts_that_share_people_are_declared(
    studies: dict[str, Study], one: str, other: str
) -> None:
    assert other in studies[one].overlaps


@pytest.mark.parametrize(
    ("one", "other"), [("boccardo-2005", "saltzstein-2005"), ("cuzick-2014", "forbes-2016")]
)
def test_trials_of_other_people_are_not(studies: dict[str, Study], one: str, other: str) -> None:
    assert other not in studies[one].overlaps


def test_studies_that_share_people_count_once(studies: dict[str, Study], terms: Terms) -> None:
    """TEAM and its bone sub-study, once as they are and once as if nobody were shared."""
    question = Question(
        id="shared",
        title="Spine density: an inhibitor against tamoxifen and the sequence",
        sexes=("female",),
        treatment=("aromatase_inhibitor",),
        control=("serm", "sequence"),
        outcomes=("spine_bmd",),
        measure="MD",
        unit="%",
        window=Window(0, 700, 52, untimed=True),
    )
    pair = [studies["vandevelde-2011"], studies["hadji-team-bone"]]
    told = [s.model_copy(update={"overlaps": ()}) for s in pair]

    def used(table: EffectTable) -> set[str]:
        return {*table.rows["study"], *table.partial["study"]}

    assert used(effect_table(told, question, terms)) == {"vandevelde-2011", "hadji-team-bone"}
    table = effect_table(pair, question, terms)
    assert len(used(table)) == 1
    assert table.unused["reason"].str.contains("holds the same patients").any()


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("bagatell-1994", ("nal_glu_t100_testolactone", "nal_glu_t100")),
        ("boccardo-2005", ("bicalutamide_anastrozole", "bicalutamide_placebo")),
        ("cakan-2009", ("tamoxifen_anastrozole_low_ratio", "tamoxifen_low_ratio")),
        ("chao-2016", ("normal_t_low_e", "normal_t_e")),
        ("gh-anastrozole-matched", ("gh_anastrozole", "gh")),
        ("juang-2014", ("testosterone_anastrozole", "testosterone")),
        ("mauras-2008", ("anastrozole", "placebo")),
        ("mauras-2016", ("ai_gh", "gh")),
        ("mechlin-2014", ("pellets_anastrozole", "pellets")),
        ("roelfsema-2018", ("testosterone_anastrozole", "testosterone")),
        ("rothenbuhler-2015", ("gh_anastrozole", "gh")),
        ("rubinow-2012", ("testosterone_anastrozole", "testosterone")),
        ("testolactone-t-infusion", ("testosterone_testolactone", "testosterone")),
        ("veldhuis-2009", ("testosterone_anastrozole", "testosterone_placebo")),
        ("wickman-2001", ("testosterone_letrozole", "testosterone_placebo")),
    ],
)
def test_arms_that_differ_in_the_inhibitor_alone(
    studies: dict[str, Study], terms: Terms, name: str, pair: tuple[str, str]
) -> None:
    """What everybody gets stands in the background, alike in both arms, or they are no pair."""
    question = Question(
        id="pairs",
        title="An inhibitor against none",
        sexes=("male",),
        treatment=("aromatase_inhibitor",),
        control=("control",),
        outcomes=("estradiol",),
        measure="ROM",
        window=Window(0, 700, 52),
    )
    assert arm_pairs(studies[name], question, terms) == [pair]


def test_developing_and_losing_a_complaint_are_different_words(studies: dict[str, Study]) -> None:
    """One is an unwanted event, the other a wanted one: they must never be pooled together."""
    for study in studies.values():
        for outcome in study.outcomes:
            text = (outcome.definition or "").lower()
            gone = any(
                word in text for word in ("resol", "disappear", "smaller breasts", "fall of")
            )
            if outcome.outcome in ("gynecomastia_development", "breast_pain"):
                assert not gone, (study.id, outcome.id)
            if outcome.outcome in ("gynecomastia_resolution", "breast_pain_resolution"):
                assert gone or "successfully treated" in text, (study.id, outcome.id)


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
