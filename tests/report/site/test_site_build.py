"""The site's folder: complete, the same each time, all of it or none, and nothing else's place."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from site_samples import REAL, change_result, change_study, tiny_site_project

from evidence.catalog.project import Project
from evidence.errors import ReportError
from evidence.report.site import build as build_module
from evidence.report.site.build import MARK, build_site
from evidence.report.site.data import gather_site
from evidence.report.site.pages import make_pages
from evidence.report.site.question import declared, prior_of


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return tiny_site_project(tmp_path_factory.mktemp("site") / "p")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real") / "site"
    build_site(REAL, folder)
    return folder


@pytest.fixture
def fresh(project: Project, tmp_path: Path) -> Project:
    shutil.copytree(project.root, tmp_path / "fresh")
    return Project(tmp_path / "fresh")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_it_writes_every_page_and_says_which(project: Project, tmp_path: Path) -> None:
    told: list[str] = []
    written = build_site(project, tmp_path / "out", tell=told.append)
    found = contents(tmp_path / "out")
    assert set(written) == set(found)
    wanted = {"index.html", "studies.html", "claims.html", "methods.html", "data.html"}
    wanted |= {"questions/hormone.html", "questions/bone.html", "studies/bone-2009.html"}
    wanted |= {f"reports/demo/{x}" for x in ("effects.csv", "trace.csv", "result.json")}
    assert wanted | {"data/studies/bone-2009.yaml", ".nojekyll"} <= set(found)
    # Pages hold their pictures; only Markdown names them as files.
    named = re.findall(r"\]\((\w+\.svg)\)", found["reports/demo/report.md"].decode())
    assert named
    pictures = {name for name in found if name.endswith((".png", ".svg"))}
    assert pictures == {f"reports/demo/{name}" for name in named}
    committed = project.reports_folder / "demo" / "effects.csv"
    assert found["reports/demo/effects.csv"] == committed.read_bytes()
    assert told == ["site: reading reports and studies", "site: writing pages"]


def test_the_same_data_give_the_same_bytes(project: Project, tmp_path: Path) -> None:
    build_site(project, tmp_path / "one")
    build_site(project, tmp_path / "elsewhere" / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")


def test_an_earlier_site_is_replaced_as_a_whole(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_site(project, out)
    (out / "questions" / "old.html").write_text("old")
    with (out / MARK).open("a") as mark:
        mark.write("questions/old.html\n")
    build_site(project, out)
    assert not (out / "questions" / "old.html").exists()
    assert [x.name for x in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ReportError, match="holds files that are no site"):
        build_site(project, tmp_path)
    with pytest.raises(ReportError, match="is a file"):
        build_site(project, tmp_path / "thesis.txt")
    assert [x.name for x in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / "empty").mkdir()
    build_site(project, tmp_path / "empty")
    assert (tmp_path / "empty" / MARK).is_file()


def test_what_fails_half_way_leaves_the_earlier_site(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    build_site(project, out)
    before = contents(out)

    def broken(site: object) -> object:
        yield "index.html", b"half"
        raise ReportError("no more")

    monkeypatch.setattr(build_module, "make_pages", broken)
    with pytest.raises(ReportError, match="no more"):
        build_site(project, out)
    assert contents(out) == before
    assert [x.name for x in tmp_path.iterdir()] == ["out"]


def test_no_report_is_refused(fresh: Project, tmp_path: Path) -> None:
    (fresh.reports_folder / "demo" / "result.json").unlink()
    with pytest.raises(ReportError, match="holds no report; evidence run NAME writes one"):
        build_site(fresh, tmp_path / "out")


def test_a_report_of_another_version_is_refused(fresh: Project) -> None:
    change_result(fresh, lambda r: r.pop("lead"))
    with pytest.raises(ReportError, match=r"is not of this version \(1 problems\); evidence run"):
        gather_site(fresh)


def test_a_report_without_its_trace_is_refused(fresh: Project) -> None:
    (fresh.reports_folder / "demo" / "trace.csv").unlink()
    with pytest.raises(ReportError, match=r"cannot be read: .*trace\.csv"):
        gather_site(fresh)


def test_an_id_that_is_no_file_name_is_refused(fresh: Project) -> None:
    change_result(fresh, lambda r: r["questions"][0].update(id="../../etc/passwd"))
    with pytest.raises(ReportError, match="letters, digits and underscores"):
        gather_site(fresh)


def test_two_questions_of_one_id_and_unknown_studies_are_refused(fresh: Project) -> None:
    change_result(fresh, lambda r: r["questions"][0].update(id="bone"))
    (fresh.studies_folder / "bone-2009.yaml").unlink()
    with pytest.raises(ReportError) as caught:
        gather_site(fresh)
    assert '"bone" is a question of demo too' in str(caught.value)
    assert '"bone-2009" is no study; evidence run demo' in str(caught.value)


def test_claims_that_cannot_be_read_are_refused(fresh: Project) -> None:
    claims = fresh.reports_folder / "claims"
    claims.mkdir()
    (claims / "claims.json").write_text("{")
    with pytest.raises(ReportError, match="cannot be made of these claims"):
        gather_site(fresh)


def test_claims_are_listed_with_their_questions(fresh: Project) -> None:
    claims = fresh.reports_folder / "claims"
    claims.mkdir()
    claim = {
        "id": "c1",
        "claim": "It lowers the hormone.",
        "verdict": "supported",
        "reason": "because <b>",
        "parts": [{"question": "hormone"}, {"question": None}, {"question": "gone"}],
    }
    plain = {"about": "Some.", "verdicts": {"supported": 1}, "claims": [claim]}
    (claims / "claims.json").write_text(json.dumps(plain))
    (claims / "index.html").write_text("whole")
    pages = dict(make_pages(gather_site(fresh)))
    page = pages["claims.html"].decode()
    assert 'href="questions/hormone.html"' in page
    assert 'href="reports/claims/index.html#c-c1"' in page
    assert "because &lt;b&gt;" in page
    assert pages["reports/claims/index.html"] == b"whole"


def test_a_model_that_the_page_cannot_redo_is_refused(fresh: Project) -> None:
    change_result(fresh, lambda r: r["questions"][0]["main"].update(method="by eye"))
    with pytest.raises(ReportError, match='"by eye" is a fit that the page cannot redo'):
        dict(make_pages(gather_site(fresh)))


def test_a_prior_that_the_page_does_not_know_has_no_choice(fresh: Project) -> None:
    def change(result: dict) -> None:  # type: ignore[type-arg]
        result["questions"][0]["exact"]["prior_tau"] = "half-Cauchy(1)"

    change_result(fresh, change)
    site = gather_site(fresh)
    hormone = site.reports[0].result.questions[0]
    assert prior_of(hormone) is None
    assert declared(hormone) == {"model": "random", "tau2": "reml", "ci": "hartung_knapp_floored"}
    assert b'id="scale"' not in dict(make_pages(site))["questions/hormone.html"]


def test_the_guard_of_a_spreadsheet_is_taken_off_again(fresh: Project) -> None:
    def change(study: dict) -> None:  # type: ignore[type-arg]
        study["outcomes"][0]["source"]["locator"] = "=1+1"

    change_study(fresh, "bone-2009", change)
    text = (fresh.reports_folder / "demo" / "trace.csv").read_text("utf-8")
    (fresh.reports_folder / "demo" / "trace.csv").write_text(text.replace("table 1", "'=1+1"))
    leaves = gather_site(fresh).reports[0].leaves
    assert {leaf.locator for group in leaves.values() for leaf in group} == {"=1+1"}


class Links(HTMLParser):
    """Ids, links, and whatever would load something."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        if "src" in found or (tag == "link") or tag in ("iframe", "object", "embed", "form action"):
            self.loads.append(tag)
        self.handlers += [name for name in found if name.startswith("on") or name == "style"]


def parsed(page: bytes) -> Links:
    links = Links()
    links.feed(page.decode("utf-8"))
    return links


def own_pages(folder: Path) -> dict[str, bytes]:
    found = contents(folder)
    return {n: x for n, x in found.items() if n.endswith(".html") and not n.startswith("reports/")}


def test_every_link_within_the_site_leads_somewhere(real: Path) -> None:
    pages = {name: parsed(page) for name, page in own_pages(real).items()}
    files = set(contents(real))
    assert len(pages) > 250
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), f"{name}: an id stands twice"
        for link in page.links:
            if link.startswith(("https://", "http://")):
                continue
            path, _, anchor = link.partition("#")
            base = Path("/site") / name
            target = (base.parent / path).resolve().relative_to("/site") if path else Path(name)
            assert target.as_posix() in files, f"{name}: {link}"
            if anchor and target.as_posix() in pages:
                assert unquote(anchor) in pages[target.as_posix()].ids, f"{name}: {link}"


def test_nearly_every_printed_figure_is_reached_at_its_own_place(real: Path) -> None:
    """A trace ends at the very figure, not only at its outcome."""
    links = [
        link
        for name, page in own_pages(real).items()
        if name.startswith("questions/")
        for link in parsed(page).links
        if link.startswith("../studies/") and "#" in link
    ]
    exact = [link for link in links if "#o-" not in link]
    assert len(links) > 300
    assert len(exact) > 0.98 * len(links)


def test_no_page_loads_anything_or_carries_a_handler(real: Path) -> None:
    for name, page in own_pages(real).items():
        found = parsed(page)
        assert not found.loads, name
        assert not found.handlers, name
        text = page.decode()
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
        assert policy, name
        assert policy[1].startswith("default-src &#39;none&#39;; script-src &#39;sha256-"), name
        assert "unsafe" not in policy[1], name


def test_pages_stay_small(real: Path) -> None:
    sizes = {name: len(page) for name, page in own_pages(real).items()}
    assert max(sizes.values()) < 600_000


def test_every_effect_has_its_trace(real: Path) -> None:
    for report in gather_site(REAL).reports:
        for question in report.result.questions:
            for line in question.effects:
                assert report.leaves.get((question.id, line.row)), (question.id, line.row)
