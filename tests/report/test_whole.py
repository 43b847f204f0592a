"""The pages on the whole project: what they say, and that they are verified byte for byte."""

import json
import shutil
from pathlib import Path

import pytest

from evidence.catalog.project import Project, find_project
from evidence.errors import ReportError
from evidence.report.claims.gather import committed_result
from evidence.report.whole.whole import build_whole, make_whole, verify_whole, whole_names


@pytest.fixture
def copy(tmp_path: Path) -> Project:
    """The project's data and scripts, and no report."""
    real = find_project().root
    for name in ("data", "analyses"):
        shutil.copytree(real / name, tmp_path / name)
    return Project(tmp_path)


def test_a_project_without_the_data_has_no_such_pages(tmp_path: Path) -> None:
    assert whole_names(Project(tmp_path)) == []
    assert whole_names(find_project()) == ["claims", "changes", "body"]


@pytest.mark.slow
def test_the_body_of_evidence_counts_and_is_verified(copy: Project) -> None:
    told: list[str] = []
    folder = build_whole("body", copy, tell=told.append)
    assert {path.name for path in folder.iterdir()} == {
        "index.html", "report.md", "report.pdf", "report.docx", "forms.json", "flow.svg",
        "flow.png", "risk.svg", "risk.png", "body.json",
    }  # fmt: skip
    assert "body: audit" in told
    numbers = json.loads((folder / "body.json").read_bytes())
    flow, ledger = numbers["flow"], numbers["ledger"]
    assert flow["sources"] == flow["studies"] + sum(flow["excluded"].values())
    assert ledger["lost"] == 0
    assert ledger["figures"] == ledger["found"] + ledger["settled"] + ledger["excluded"]
    assert numbers["prisma"].keys() == {"yes", "partly", "no"}
    page = (folder / "index.html").read_text("utf-8")
    for anchor in ("flow", "search", "excluded", "studies", "readings", "audit", "risk",
                   "certainty", "replication", "prisma"):  # fmt: skip
        assert f'id="{anchor}"' in page
    assert verify_whole("body", copy).passed
    (folder / "flow.svg").write_bytes(b"<svg/>")
    (folder / "more.txt").write_text("x", "utf-8")
    (folder / "flow.png").unlink()
    moved = {m.where.partition(": ")[2] for m in verify_whole("body", copy).moved}
    assert moved == {"file flow.svg", "file more.txt", "file flow.png"}


@pytest.mark.slow
def test_the_claims_without_reports_say_what_they_could_not_read(copy: Project) -> None:
    files, notes = make_whole("claims", copy)
    assert "no report; run evidence run" in files["index.html"].decode("utf-8")
    assert any(note.startswith("estradiol: no report") for note in notes)
    build_whole("claims", copy)
    assert verify_whole("claims", copy).passed


@pytest.fixture
def reported(copy: Project) -> Path:
    """The folder of a committed report in the copy."""
    folder = copy.reports_folder / "monitoring"
    shutil.copytree(find_project().reports_folder / "monitoring", folder)
    return folder


@pytest.mark.parametrize("text", ['[{"title": 1}]', "{", "null", "[" * 100_000])
def test_damaged_summaries_are_told(text: str, copy: Project, reported: Path) -> None:
    (reported / "summary_of_findings.json").write_text(text, "utf-8")
    with pytest.raises(ReportError, match="a committed report is damaged"):
        make_whole("body", copy)


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        ("result.json", "[]", "no report"),
        ("result.json", "[" * 100_000, "no report"),
        ("result.json", '{"questions": [3]}', "result.json is damaged"),
        ("run.json", "{}", "run.json names no inputs"),
        ("run.json", '{"inputs": {"a\\u0000b": "0"}}', "out of date"),
    ],
)
def test_reports_that_cannot_be_trusted_are_left_out(
    name: str, text: str, match: str, copy: Project, reported: Path
) -> None:
    assert committed_result(copy, "monitoring")[1] == []
    (reported / name).write_text(text, "utf-8")
    result, notes = committed_result(copy, "monitoring")
    assert result == {}
    assert match in notes[0]
    assert "run evidence run monitoring" in notes[0]
