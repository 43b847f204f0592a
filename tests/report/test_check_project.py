"""check_project: every data file beside the studies, all problems at once."""

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


def test_the_project_is_sound() -> None:
    first, second = checked(find_project())
    assert first.endswith("questions: nothing wrong")
    for name in ("readings.yaml", "replications.yaml", "prisma.yaml"):
        assert name in second


def test_files_that_are_not_there_are_passed_over(copy: Project) -> None:
    for path in (copy.root / "data").iterdir():
        if path.name not in ("studies", "terms.yaml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert len(checked(copy)) == 1
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
    with pytest.raises(StudyError) as caught:
        checked(copy)
    told = "\n".join(str(problem) for problem in caught.value.problems)
    assert 'no analysis asks "estradiol"' in told
    assert "item 27: is missing" in told
    assert "99.0 was read and stands nowhere now" in told
