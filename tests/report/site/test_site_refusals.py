"""What the site refuses: names that lead out of it, damaged files, and places that are not its."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from site_samples import change_result, tiny_site_project

from evidence.catalog.project import Project
from evidence.errors import ReportError
from evidence.report.site import build as build_module
from evidence.report.site.build import MARK, build_site
from evidence.report.site.data import gather_site

DEEP = "[" * 200_000
CLAIM = {"id": "c", "claim": "It does.", "verdict": "uncertain", "reason": "so", "parts": []}
CLAIMS = {"about": "Some.", "verdicts": {"uncertain": 1}, "claims": [CLAIM]}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return tiny_site_project(tmp_path_factory.mktemp("refusals") / "p")


@pytest.fixture
def fresh(project: Project, tmp_path: Path) -> Project:
    shutil.copytree(project.root, tmp_path / "fresh")
    return Project(tmp_path / "fresh")


def refused(project: Project, file: str, what: str = "") -> None:
    """The report is refused with the file's name and the command that mends it."""
    with pytest.raises(ReportError) as caught:
        gather_site(project)
    (problem,) = caught.value.problems
    assert problem.where == str(project.reports_folder / file)
    assert problem.right.startswith("evidence run")
    assert what in problem.what


@pytest.mark.parametrize("name", ["../../../out", "/tmp/out", "other", ""])
def test_a_report_under_another_name_is_refused(fresh: Project, name: str) -> None:
    change_result(fresh, lambda r: r.update(name=name))
    refused(fresh, "demo/result.json", "stands in 'demo'")


@pytest.mark.parametrize("path", ["../out.html", "a/../../out.html", "/tmp/out.html", "."])
def test_a_path_that_leads_out_is_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def pages(site: object) -> Iterator[tuple[str, bytes]]:
        yield path, b"out"

    monkeypatch.setattr(build_module, "make_pages", pages)
    with pytest.raises(ReportError, match="stands outside the site"):
        build_site(project, tmp_path / "site")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_written_twice_is_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "make_pages", lambda site: [("a", b"1"), ("a", b"2")])
    with pytest.raises(ReportError, match="is written twice"):
        build_site(project, tmp_path / "site")


@pytest.mark.parametrize(
    "text",
    ["{}", "[]", "null", "", DEEP, '{"command": "x", "evidence": "1"}',
     '{"command": "\\ud800", "evidence": "1", "data_hash": "0"}'],
)  # fmt: skip
def test_a_damaged_run_record_is_refused(fresh: Project, text: str) -> None:
    (fresh.reports_folder / "demo" / "run.json").write_text(text)
    refused(fresh, "demo/run.json")


def test_a_deep_result_is_refused(fresh: Project) -> None:
    (fresh.reports_folder / "demo" / "result.json").write_text(DEEP)
    refused(fresh, "demo/result.json")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: "", "head line"),
        (lambda text: "a,b\n1,2\n", "head line"),
        (lambda text: text.partition("\n")[2], "head line"),
        (lambda text: text + "hormone,x\n", "has 2 cells, not 12"),
        (lambda text: text + "," * 12 + "\n", "has 13 cells, not 12"),
        (lambda text: text + "x" * (csv.field_size_limit() + 1), "field larger than"),
    ],
)
def test_a_damaged_trace_is_refused(fresh: Project, change, what: str) -> None:  # type: ignore[no-untyped-def]
    path = fresh.reports_folder / "demo" / "trace.csv"
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")
    refused(fresh, "demo/trace.csv", what)


@pytest.mark.parametrize(
    "plain",
    [
        [], {}, None,
        *({k: v for k, v in CLAIMS.items() if k != gone} for gone in CLAIMS),
        *(CLAIMS | {"claims": [{k: v for k, v in CLAIM.items() if k != gone}]} for gone in CLAIM),
        CLAIMS | {"claims": None},
        CLAIMS | {"claims": [CLAIM | {"parts": [{}]}]},
        CLAIMS | {"verdicts": []},
    ],
)  # fmt: skip
def test_damaged_claims_are_refused(fresh: Project, plain: object) -> None:
    (fresh.reports_folder / "claims").mkdir()
    (fresh.reports_folder / "claims" / "claims.json").write_text(json.dumps(plain))
    refused(fresh, "claims/claims.json", "is not of this version")


def test_deep_claims_and_claims_that_are_a_folder_are_refused(fresh: Project) -> None:
    folder = fresh.reports_folder / "claims"
    folder.mkdir()
    (folder / "claims.json").write_text(DEEP)
    refused(fresh, "claims/claims.json")
    (folder / "claims.json").unlink()
    (folder / "claims.json").mkdir()
    refused(fresh, "claims/claims.json", "cannot be read")


def test_a_site_that_holds_other_files_is_left_alone(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(project, out)
    build_site(project, out)
    (out / "CNAME").write_text("example.invalid")
    (out / ".git").mkdir()
    with pytest.raises(ReportError, match=r"not of the site: \.git/, CNAME; move that elsewhere"):
        build_site(project, out)
    assert (out / "CNAME").read_text() == "example.invalid"
    (out / "CNAME").unlink()
    (out / ".git").rmdir()
    (out / "questions" / "link").symlink_to(tmp_path)
    with pytest.raises(ReportError, match="not of the site: questions/link;"):
        build_site(project, out)


def test_a_mark_without_its_list_owns_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / MARK).write_bytes(b"\xff")
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(ReportError, match="holds what is not of the site"):
        build_site(project, tmp_path)


@pytest.mark.parametrize("where", ["reports", "reports/site", "data", "data/x/y", "analyses/site"])
def test_what_the_site_is_made_of_is_no_place_for_it(fresh: Project, where: str) -> None:
    with pytest.raises(ReportError, match="which the site is made of; name a folder outside"):
        build_site(fresh, fresh.root / where)
    assert (fresh.reports_folder / "demo" / "result.json").is_file()
    assert not (fresh.reports_folder / "site").exists()


def test_a_place_that_cannot_be_followed_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "file").write_text("")
    for place in ("a", "a/site", "nul\0"):
        with pytest.raises(ReportError, match="is no path that can be followed"):
            build_site(project, tmp_path / place)
    with pytest.raises(ReportError, match="cannot be"):
        build_site(project, tmp_path / "file" / "site")
