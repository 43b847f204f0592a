"""check_project: every data file beside the studies, all problems at once."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from evidence.catalog.project import Project, find_project
from evidence.errors import StudyError
from evidence.report.check import check_project


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    real = find_project().root
    for name in ("data", "analyses"):
        shutil.copytree(real / name, tmp_path / name)
    return Project(tmp_path)


def checked(project: Project) -> list[str]:
    terms = project.terms()
    return check_project(project, project.studies(terms), terms)


def refused(project: Project) -> str:
    with pytest.raises(StudyError) as caught:
        checked(project)
    assert len(set(caught.value.problems)) == len(caught.value.problems)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_the_project_is_sound() -> None:
    first, second, *notes = checked(find_project())
    assert first.endswith("questions: nothing wrong")
    for name in ("readings.yaml", "replications.yaml", "prisma.yaml"):
        assert name in second
    assert all(note.startswith("note: data/certainty.yaml") for note in notes)


def test_files_that_are_not_there_are_passed_over(copy: Project) -> None:
    for path in (copy.root / "data").iterdir():
        if path.name not in ("studies", "terms.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert len(checked(copy)) == 1
    for path in copy.analyses_folder.iterdir():
        if path.name != "spine_bmd.py" and path.suffix == ".py":
            path.unlink()
    assert checked(copy)[0].startswith("1 analysis, ")
    shutil.rmtree(copy.analyses_folder)
    assert checked(copy) == []


def test_all_problems_of_all_files_are_told_at_once(copy: Project) -> None:
    data = copy.root / "data"
    certainty = (data / "certainty.yaml").read_text("utf-8")
    (data / "certainty.yaml").write_text(certainty.replace("  estradiol_men:", "  estradiol:"))
    prisma = (data / "prisma.yaml").read_text("utf-8")
    (data / "prisma.yaml").write_text(prisma.replace('item: "27"', 'item: "26"'), "utf-8")
    ledger = (data / "considered.csv").read_text("utf-8")
    (data / "considered.csv").write_text(
        f"{ledger}leder-2004,estradiol-12w,arms.placebo.n,99\n", "utf-8"
    )
    told = refused(copy)
    assert 'no analysis asks "estradiol"' in told
    assert "item 27: is missing" in told
    assert "99.0 was read and stands nowhere now" in told


@pytest.mark.parametrize("kept", [1, 700, 4000, -1])
def test_a_ledger_that_is_cut_off_is_told(copy: Project, kept: int) -> None:
    path = copy.root / "data" / "considered.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:kept]), "utf-8")
    told = refused(copy)
    assert f"{path}" in told
    assert "put" in told
    if kept == 700:
        where = f"{path}:701: "
        assert where in told
        assert f"the first: {lines[700].strip()}; put the rows back" in told
        assert "studies, search.yaml counts 166; put back the rows of files that have none" in told


def test_a_ledger_that_ends_within_a_line_is_told(copy: Project) -> None:
    path = copy.root / "data" / "considered.csv"
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path}:5428: the last line does not end" in refused(copy)
    path.write_bytes(path.read_bytes()[:-2])
    assert f"{path}:5428: is no row" in refused(copy)


def test_settlements_that_cannot_be_read_are_told_once(copy: Project) -> None:
    path = copy.root / "data" / "search.yaml"
    path.write_text("about: x\n", "utf-8")
    assert str(path) in refused(copy)


def page(project: Project, name: str, text: str) -> None:
    (project.reports_folder / name).mkdir(parents=True, exist_ok=True)
    (project.reports_folder / name / "index.html").write_text(text, "utf-8")


def test_places_of_the_prisma_map_must_be_there(copy: Project) -> None:
    notes = checked(copy)[2:]
    path = copy.root / "data" / "prisma.yaml"
    assert notes[0] == (
        f"note: {path}: places in body, claims, spine_bmd not looked up: not built yet"
    )
    ids = ("found", "shown", "how")
    page(copy, "spine_bmd", "".join(f'<p id="{name}">' for name in ids))
    told = refused(copy)
    assert f"{path}: PRISMA item " in told
    assert "spine_bmd/index.html has no #run; mend the anchor" in told
    assert "body/index.html" not in told
    page(copy, "spine_bmd", "".join(f'<p id="{name}">' for name in (*ids, "run")))
    (note,) = [line for line in checked(copy) if "prisma" in line and line.startswith("note")]
    assert note == f"note: {path}: places in body, claims not looked up: not built yet"
    (copy.reports_folder / "body").mkdir()
    assert "body/index.html is no file of the reports; mend the place" in refused(copy)


def test_ratings_of_reports_that_are_not_current_are_not_told_of(copy: Project) -> None:
    note = checked(copy)[-1]
    assert note.startswith("note: data/certainty.yaml: not held against the reports bone, brain, ")
    assert note.endswith(
        " and 10 more, which are missing, damaged or built from other data: evidence run"
    )
    shutil.copytree(find_project().reports_folder / "brain", copy.reports_folder / "brain")
    path = copy.reports_folder / "brain" / "result.json"
    result = json.loads(path.read_text("utf-8"))
    record = path.parent / "run.json"
    run = json.loads(record.read_text("utf-8"))
    for name in run["inputs"]:
        run["inputs"][name] = hashlib.sha256((copy.root / name).read_bytes()).hexdigest()
    record.write_text(json.dumps(run), "utf-8")
    *_, judged, left = checked(copy)
    assert judged.startswith("note: data/certainty.yaml: nobody has judged ")
    assert " and 9 more, which are missing" in left
    result["questions"][0]["rating"]["status"] = "unheard of"
    path.write_text(json.dumps(result), "utf-8")
    assert " and 10 more, which are missing" in checked(copy)[-1]
