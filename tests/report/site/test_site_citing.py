"""Cite this on the site: each question, estimate and claim, its texts, files and buttons."""

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from chromium import browser, drive
from site_samples import HOSTILE, REAL, change_result, tiny_site_project

from evidence.catalog.project import Project
from evidence.errors import ReportError
from evidence.report.exchange.outgoing import release_of
from evidence.report.site.build import build_site
from evidence.report.site.citing import question_cites
from evidence.report.site.data import gather_site
from evidence.report.site.pages import make_pages

CFF = """cff-version: 1.2.0
message: Cite it.
title: "a title: of the project"
version: 0.9.0
date-released: 2026-11-20
authors:
  - given-names: Ada
    family-names: Lovelace
  - name: The others
"""
CLAIM = {"id": "c-1", "claim": "It lowers the hormone.", "verdict": "supported", "reason": "so",
         "parts": [{"question": "hormone"}]}  # fmt: skip
QUESTION = "spine_bmd_men_percent"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = tiny_site_project(tmp_path_factory.mktemp("citing") / "p")
    (project.root / "CITATION.cff").write_text(CFF, encoding="utf-8")
    write_claims(project, CLAIM)
    return project


@pytest.fixture
def fresh(project: Project, tmp_path: Path) -> Project:
    shutil.copytree(project.root, tmp_path / "fresh")
    return Project(tmp_path / "fresh")


@pytest.fixture(scope="module")
def real() -> dict[str, bytes]:
    return dict(make_pages(gather_site(REAL)))


def write_claims(project: Project, *claims: dict[str, Any]) -> None:
    folder = project.reports_folder / "claims"
    folder.mkdir(exist_ok=True)
    plain = {"about": "Some.", "verdicts": {"supported": len(claims)}, "claims": claims}
    (folder / "claims.json").write_text(json.dumps(plain))


def change_run(project: Project, **changes: Any) -> dict[str, Any]:
    path = project.reports_folder / "demo" / "run.json"
    run: dict[str, Any] = json.loads(path.read_text("utf-8")) | changes
    path.write_text(json.dumps(run), encoding="utf-8")
    return run


def folds(page: bytes) -> dict[str, dict[str, str]]:
    """Texts by form of everything that a page says how to cite, by identifier."""
    found = {}
    for fold in page.decode().split('<details class="cite-this"')[1:]:
        code = re.search(r"<summary>.*?<code>([^<]*)</code></summary>", fold)
        assert code
        texts = re.findall(r'<pre id="[^"]*-(\w+)-text">(.*?)</pre>', fold, re.DOTALL)
        found[code[1]] = {form: unescape(text) for form, text in texts}
    return found


def test_a_question_and_its_estimates_are_cited_in_four_forms(real: dict[str, bytes]) -> None:
    page = real[f"questions/{QUESTION}.html"]
    run = json.loads((REAL.reports_folder / "spine_bmd" / "run.json").read_text("utf-8"))
    found = folds(page)
    names = [QUESTION, *(f"{QUESTION}.{x}" for x in ("main", "exact", "borrowed"))]
    assert list(found) == names
    for name, texts in found.items():
        assert list(texts) == ["vancouver", "bibtex", "ris", "csl"]
        for form, text in texts.items():
            assert run["data_hash"] in text, (name, form)
            assert run["evidence"] in text, (name, form)
            assert "2026" in text, (name, form)
        (item,) = json.loads(texts["csl"])
        assert item["id"] == name
        assert real[f"cite/{name}.json"].decode() == texts["csl"]
        assert real[f"cite/{name}.ris"].decode() == texts["ris"]
        assert real[f"cite/{name}.bib"].decode() == texts["bibtex"]
    assert f'<h1 id="q-{QUESTION}">'.encode() in page
    for end in ("main", "exact", "borrowed"):
        assert f'<details class="cite-this" id="e-{QUESTION}-{end}">'.encode() in page
    assert "Estimate of the one trial: −2.5 percentage points" in page.decode()


def test_everything_that_can_be_cited_is(real: dict[str, bytes]) -> None:
    site = gather_site(REAL)
    cites = question_cites(site)
    for report in site.reports:
        for q in report.result.questions:
            found = folds(real[f"questions/{q.id}.html"])
            assert set(found) == {x.id for x in cites[q.id]}
            assert (f"{q.id}.main" in found) == (q.main is not None)
    claims = json.loads(real["reports/claims/claims.json"])["claims"]
    digest = release_of(REAL, [report.result.name for report in site.reports]).data_hash
    found = folds(real["claims.html"])
    assert set(found) == {f"claim-{claim['id']}" for claim in claims}
    for claim in claims:
        texts = found[f"claim-{claim['id']}"]
        assert digest in texts["ris"]
        title = json.loads(texts["csl"])[0]["title"]
        told = f"Verdict on the claim “{claim['claim']}”: {claim['verdict']}"
        assert title.startswith(f"{told} [claim-{claim['id']}, version ")
        assert f'<tr id="c-{claim["id"]}">'.encode() in real["claims.html"]
    assert b"<code>cite</code>" in real["data.html"]


def test_the_release_is_that_of_the_citation_file(fresh: Project) -> None:
    run = change_run(fresh, evidence="0.9.0", release=None)
    texts = folds(dict(make_pages(gather_site(fresh)))["questions/hormone.html"])["hormone"]
    assert texts["vancouver"].startswith("Ada Lovelace, The others. ")
    assert "a title: of the project. Version 0.9.0. 2026. Question hormone; " in texts["vancouver"]
    assert f"data {run['data_hash']}; released 2026-11-20." in texts["vancouver"]
    assert "UR  -" not in texts["ris"]


def test_no_date_stands_for_another_version(fresh: Project) -> None:
    change_run(fresh, evidence="0.8.0", release=None)
    pages = dict(make_pages(gather_site(fresh)))
    texts = folds(pages["questions/hormone.html"])["hormone"]
    assert "Version 0.8.0. Question hormone" in texts["vancouver"]
    assert "released" not in texts["vancouver"]
    assert "released 2026-11-20" in folds(pages["claims.html"])["claim-c-1"]["vancouver"]


def test_what_a_report_was_built_as_comes_first(fresh: Project) -> None:
    built = {"title": "T", "authors": ["A"], "version": "0.7.0", "date": "2026-01-02"}
    change_run(fresh, release=built)
    texts = folds(dict(make_pages(gather_site(fresh)))["questions/hormone.html"])["hormone"]
    assert texts["vancouver"].startswith("A. ")
    assert "T. Version 0.7.0. 2026. Question" in texts["vancouver"]
    assert "released 2026-01-02." in texts["vancouver"]


def test_a_project_that_names_nobody_has_a_site_all_the_same(fresh: Project) -> None:
    (fresh.root / "CITATION.cff").unlink()
    change_run(fresh, release=None)
    pages = dict(make_pages(gather_site(fresh)))
    assert not [path for path in pages if path.startswith("cite/")]
    for name in ("questions/hormone.html", "claims.html"):
        assert folds(pages[name]) == {}
        assert b'href="#cite"' not in pages[name]
    assert b"<code>cite</code>" not in pages["data.html"]
    assert b'<h1 id="q-hormone">' in pages["questions/hormone.html"]


def test_a_citation_file_that_cannot_be_read_is_told(fresh: Project) -> None:
    (fresh.root / "CITATION.cff").write_text("title: [", encoding="utf-8")
    with pytest.raises(ReportError, match=r"nobody can be cited[\s\S]*CITATION\.cff"):
        gather_site(fresh)


@pytest.mark.parametrize("name", ["../c", "a/b", "", "c d", "ü", "<b>"])
def test_a_claim_whose_id_names_no_file_is_refused(fresh: Project, name: str) -> None:
    write_claims(fresh, CLAIM | {"id": name})
    with pytest.raises(ReportError, match=r"the claim's id .* letters, digits and hyphens"):
        gather_site(fresh)
    write_claims(fresh, CLAIM, CLAIM)
    with pytest.raises(ReportError, match=r"the claim's id 'c-1'; .*each once"):
        gather_site(fresh)


def test_each_form_of_a_report_is_linked_where_it_was_built(fresh: Project) -> None:
    folder = fresh.reports_folder / "demo"
    for name in ("report.pdf", "report.docx", "report.md"):
        (folder / name).unlink(missing_ok=True)
    (folder / "hormone.svg").write_bytes(b"<svg/>")
    before = dict(make_pages(gather_site(fresh)))
    assert b"report.pdf" not in before["questions/hormone.html"]
    assert "reports/demo/hormone.svg" not in before
    (folder / "report.pdf").write_bytes(b"%PDF")
    (folder / "report.md").write_bytes(b"![x](hormone.svg)")
    pages = dict(make_pages(gather_site(fresh)))
    for name, root in (("questions/hormone.html", "../"), ("data.html", "")):
        text = pages[name].decode()
        for file, words in (("index.html", "HTML"), ("report.pdf", "PDF"), ("report.md", "Mark")):
            assert f'<a href="{root}reports/demo/{file}">{words}' in text
        assert f'<a href="{root}reports/demo/report.docx">Word' not in text
    assert pages["reports/demo/report.pdf"] == b"%PDF"
    # The Markdown names its pictures, so they come with it.
    assert pages["reports/demo/hormone.svg"] == b"<svg/>"


def test_hostile_titles_stay_titles(fresh: Project) -> None:
    def change(result: dict[str, Any]) -> None:
        for i, q in enumerate(result["questions"]):
            q["title"] = HOSTILE[i]

    change_result(fresh, change)
    write_claims(fresh, *(CLAIM | {"id": f"c{i}", "claim": x} for i, x in enumerate(HOSTILE[:25])))
    pages = dict(make_pages(gather_site(fresh)))
    shown = folds(pages["questions/hormone.html"])["hormone"]
    assert json.loads(shown["csl"])[0]["title"].startswith(f"{HOSTILE[0]} [")
    assert HOSTILE[0] in shown["vancouver"]
    page = pages["claims.html"].decode()
    assert not re.search(r"<(img|svg|iframe|style[^>]*>body|link|base)\b", page)
    assert len(folds(pages["claims.html"])) == 25


def test_references_of_a_study_are_written_by_the_processor(real: dict[str, bytes]) -> None:
    page = unescape(real["studies/burnett-bowie-2009.html"].decode())
    assert "Burnett-Bowie SA" in page
    assert "2009;94(12):4785–92. doi:10.1210/jc.2009-0739 PubMed PMID: 19820017." in page
    assert '<a href="https://doi.org/10.1210/jc.2009-0739"' in page
    assert "Meta-analysis in clinical trials. Control Clin Trials. 1986;7(3):177–88." in unescape(
        real["methods.html"].decode()
    )


@browser
def test_links_open_folds_and_buttons_copy(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    build_site(REAL, folder)
    seen = drive(
        """
        const told = {};
        let page = await open_(given.root + `questions/${given.name}.html#e-${given.name}-main`);
        const target = page.querySelector(":target");
        told.target = [target.open, target.querySelector("summary").textContent];
        const folds = [...page.querySelectorAll(".cite-this")];
        folds.forEach((x) => { x.open = true; });
        const buttons = [...page.querySelectorAll("button.copy")];
        told.buttons = [buttons.length, buttons.some((x) => x.hidden)];
        buttons[1].focus();
        told.focus = page.activeElement === buttons[1];
        const copied = [];
        page.addEventListener("copy", () => copied.push(page.getSelection().toString()));
        const board = frame.contentWindow.navigator.clipboard;
        if (board) board.writeText = async (text) => { throw new Error(text); };
        buttons[1].click();
        await wait();
        const form = buttons[1].closest(".cite-form");
        told.selected = page.getSelection().toString().trim();
        told.copied = copied.map((x) => x.trim());
        told.text = form.querySelector("pre").textContent.trim();
        told.said = form.querySelector("[role=status]").textContent;
        if (board) {
          board.writeText = async (text) => { told.board = text; };
          buttons[2].click();
          await wait();
          told.ris = buttons[2].closest(".cite-form").querySelector("pre").textContent;
          told.done = buttons[2].closest(".cite-form").querySelector("[role=status]").textContent;
        }
        page = await open_(given.root + "claims.html");
        const rows = () => [...page.querySelectorAll("#claims tbody tr")].filter((x) => !x.hidden);
        told.all = rows().length;
        await set(page, "find-claims", "bibtex");
        told.found = rows().length;
        await set(page, "find-claims", "estradiol");
        told.real = rows().length;
        const link = rows()[0].querySelector("a[href^='#cite-']");
        link.click();
        await wait();
        const fold = page.querySelector(":target");
        told.claim = [link.hash.slice(6), fold.open, fold.querySelector("code").textContent];
        return told;
        """,
        tmp_path,
        root=f"{folder.as_uri()}/",
        name=QUESTION,
    )
    told = seen.answer
    assert seen.console == ()
    assert seen.outward == ()
    assert told["target"][0] is True
    assert told["target"][1].endswith(f"{QUESTION}.main")
    assert told["buttons"] == [16, False]
    assert told["focus"] is True
    assert told["text"].startswith("@misc{")
    assert told["selected"] == told["text"]
    assert told["said"] in ("Copied", "Selected: copy it with your keys")
    assert told["copied"] in ([], [told["text"]])
    if "ris" in told:
        assert told["board"] == told["ris"]
        assert told["done"] == "Copied"
    assert told["all"] > 100
    assert told["found"] == 0
    assert 0 < told["real"] < told["all"]
    assert told["claim"][1:] == [True, f"claim-{told['claim'][0]}"]
