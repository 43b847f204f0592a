"""Reports of the project itself: coherent as built, and faults in what small ones do not hold."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from coherence_samples import told, written

from evidence.catalog.project import find_project
from evidence.models.answer import answer
from evidence.report import build as build_module
from evidence.report.analysis import load_analysis
from evidence.report.build import Built, make
from evidence.report.coherence.forest_picture import check_forest
from evidence.report.coherence.other_pictures import check_picture
from evidence.report.coherence.read_svg import read_svg

ROOT = Path(__file__).resolve().parents[3]
# Borrowing, risk of bias and judged certainty; levels, several groups of one study.
NAMES = ("spine_bmd", "testosterone_therapy")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reports() -> Iterator[dict[str, Built]]:
    """The reports, built without the sampler."""
    project = find_project(ROOT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "answer", partial(answer, sample=False))
        yield {name: make(load_analysis(project.analyses_folder, name), project) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_real_reports_are_coherent(reports: dict[str, Built], name: str, tmp_path: Path) -> None:
    assert told(written(reports[name], tmp_path / name)) == []


FAULTS = [
    ("t-spine_bmd_men_percent-borrowed-1", "−2.4 (", "−2.3 (", "borrowed-1"),
    ("t-spine_bmd_men_percent-borrowed-2", " %<", "0 %<", "borrowed-2"),
    ("borrowed-spine_bmd_men_percent", "95 % interval −", "95 % interval ", "what was borrowed"),
    ("borrowed-spine_bmd_men_percent", "predictive P 0.", "predictive P 1.", "conflict"),
    ("t-spine_bmd_men-rating-1", ">−1<", ">0<", "rating-1"),
    ("t-spine_bmd_men-risk-1", "Burnett-Bowie 2009", "Burnett-Bowie 2010", "risk-1"),
    ("t-findings-1", "−0.0452", "−0.0425", "findings-1"),
    ("t-findings-1-notes", "69 of 88", "88 of 69", "findings-1-notes"),
]


@pytest.mark.parametrize(("anchor", "old", "new", "says"), FAULTS)
def test_faults_in_a_real_report_are_named(
    reports: dict[str, Built], tmp_path: Path, anchor: str, old: str, new: str, says: str
) -> None:
    folder = written(reports["spine_bmd"], tmp_path / "r")
    (folder / "report.pdf").unlink()
    (folder / "report.docx").unlink()
    text = (folder / "index.html").read_text("utf-8")
    at = text.index(old, text.index(f'id="{anchor}"'))
    changed = text[:at] + new + text[at + len(old) :]
    (folder / "index.html").write_text(changed, "utf-8")
    found = told(folder)
    assert any(line.startswith("index.html") and says in line for line in found), found


@pytest.mark.parametrize("name", NAMES)
def test_pictures_of_other_questions_are_named(reports: dict[str, Built], name: str) -> None:
    made = reports[name]
    pooled = [q for q in made.result.questions if q.k]
    for q, other in zip(pooled, [*pooled[1:], pooled[0]], strict=True):
        read = read_svg("a.svg", made.files[f"{other.id}.svg"])
        assert list(check_forest("a.svg", q, read))
    for file, content in made.files.items():
        stem, _, part = file.removesuffix(".svg").rpartition("_")
        if file.endswith(".svg") and part in ("said", "contribution", "lights", "borrowed"):
            kind = "risk_lights" if part == "lights" else part
            stem = stem.removesuffix("_risk")
            right = next(q for q in made.result.questions if q.id == stem)
            wrong = next(q for q in made.result.questions if q.id != stem)
            assert list(check_picture(file, kind, right, read_svg(file, content))) == []
            assert list(check_picture(file, kind, wrong, read_svg(file, content)))
