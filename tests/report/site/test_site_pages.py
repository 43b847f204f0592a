"""What the pages say: each figure of the data at its place, hostile text as mere text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from chromium import browser, drive
from helpers import contrast, outcome, study
from site_samples import HOSTILE, HOSTILE_SEEN, REAL, change_result, change_study, tiny_site_project

from evidence.catalog.project import Project
from evidence.report.site.build import build_site
from evidence.report.site.data import Leaf, gather_site
from evidence.report.site.pages import anchors_of, make_pages
from evidence.report.site.printed import figure_link, figure_words, plain, printed_lines
from evidence.report.site.question import trace_lines
from evidence.report.site.render import as_json, digest_of


class Words(HTMLParser):
    """Text outside scripts and styles, and the elements that there are."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "style"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[-1]:
            self.inside.pop()

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.text.append(data)


def words(page: bytes) -> Words:
    found = Words()
    found.feed(page.decode("utf-8"))
    return found


@pytest.fixture(scope="module")
def pages() -> dict[str, bytes]:
    return dict(make_pages(gather_site(REAL)))


def test_every_question_stands_on_the_first_page_with_its_answer(pages: dict[str, bytes]) -> None:
    text = "".join(words(pages["index.html"]).text)
    for report in gather_site(REAL).reports:
        for question in report.result.questions:
            assert question.title in text
            assert question.finding in text


def test_a_study_page_holds_every_figure_that_its_file_holds() -> None:
    """Count the numbers of the outcomes in the model and on the page."""

    def numbers(value: object) -> int:
        if isinstance(value, dict):
            skip = ("ci_level", "n_randomised", "time")
            return sum(numbers(x) for k, x in value.items() if k not in skip)
        if isinstance(value, list | tuple):
            return sum(numbers(x) for x in value)
        return isinstance(value, int | float) and not isinstance(value, bool)

    for one in REAL.studies():
        told = numbers([o.model_dump(exclude_none=True) for o in one.outcomes])
        assert len(anchors_of(one)) == told, one.id


def test_printed_figures_are_named_and_addressed_like_their_traces() -> None:
    told = outcome(
        {"a": {"n": 12, "final": {"mean": -1.5, "sd": 2.0, "ci95": [-3.0, 0.5]}}},
        [contrast(estimate=0.7, ci=[0.5, 0.9], p={"relation": "<", "value": 0.01})],
        id="ldl",
    )
    lines = printed_lines(study(told).outcomes[0])
    figures = [(x.anchor, x.name, x.text) for line in lines for x in line.figures]
    assert figures == [
        ("ldl/arms.a.n", "n", "12"),
        ("ldl/arms.a.final.mean", "final, mean", "−1.5"),
        ("ldl/arms.a.final.sd", "final, SD", "2"),
        ("ldl/arms.a.final.ci95.low", "final, 95 % CI, low", "−3"),
        ("ldl/arms.a.final.ci95.high", "final, 95 % CI, high", "0.5"),
        ("ldl/contrasts[0].estimate", "estimate", "0.7"),
        ("ldl/contrasts[0].ci.low", "CI (level not said), low", "0.5"),
        ("ldl/contrasts[0].ci.high", "CI (level not said), high", "0.9"),
        ("ldl/contrasts[0].p.value", "P <", "0.01"),
    ]


def test_words_of_a_page_are_kept_beside_its_figures() -> None:
    told = outcome(
        {"a": {"direction": "no_change"}},
        [
            contrast(p={"relation": "ns"}, direction="decrease", adjusted_for="age"),
            {"kind": "association", "measure": "r", "estimate": 0.2, "range": [0.1, 0.3]},
        ],
    )
    lines = printed_lines(study(told).outcomes[0])
    assert [line.words for line in lines] == [
        ("no change",),
        ("decrease", "not significant (no P printed)", "adjusted for age"),
        (),
    ]
    assert [line.label for line in lines][1:] == [
        "a v p, between the arms",
        "all arms together, association",
    ]


def test_a_figure_without_a_place_of_its_own_leads_to_its_outcome() -> None:
    assert figure_link("x-2004/ldl/arms.a.n", frozenset()) == "../studies/x-2004.html#o-ldl"
    assert figure_words("x-2004/ldl/arms.a.ci95.low") == "a: 95 % CI, low"
    assert figure_words("terms/units") == "terms/units"
    assert plain(1e-7) == "1e−07"


def leaf(**told: str) -> Leaf:
    names = ("figure", "kind", "value", "unit", "address", "report", "locator", "read", "url")
    base = dict.fromkeys((*names, "reason"), "")
    return Leaf(**(base | told))


def test_a_trace_names_each_figure_once_with_what_it_serves() -> None:
    mean = {"kind": "reported", "value": "-1.5", "unit": "g/cm2", "report": "r",
            "locator": "table 1", "address": "x/ldl/arms.a.mean", "read": "primary_abstract",
            "url": "javascript:alert(1)"}  # fmt: skip
    assumed = {"kind": "assumed", "value": "0.5", "address": "some_correlation",
               "locator": "question q", "reason": "why"}  # fmt: skip
    unit = {"kind": "reported", "value": "0.001", "address": "terms/units", "locator": "units"}
    found = trace_lines(
        (
            leaf(figure="estimate", **mean),
            leaf(figure="std_error", **mean),
            leaf(figure="std_error", **assumed),
            leaf(figure="estimate", **unit),
        ),
        {"x": frozenset({"ldl/arms.a.mean"})},
    )
    assert [(x.words, x.value, x.serves) for x in found] == [
        ("a: mean", "−1.5 g/cm²", "the estimate and its standard error"),
        ("Some correlation", "0.5", "its standard error"),
        ("conversion of units", "0.001", "the estimate"),
    ]
    assert found[0].link == "../studies/x.html#ldl/arms.a.mean"
    assert found[0].url == "", "an address that is no page is not linked"
    assert found[1].assumed == "why (question q)"


def test_json_in_a_script_cannot_end_it() -> None:
    for text in HOSTILE:
        inlined = as_json({"name": text})
        assert not re.search(r"[<>&\u2028\u2029]", inlined)
        assert json.loads(inlined) == {"name": text}


def test_the_policy_names_the_very_scripts(pages: dict[str, bytes]) -> None:
    for name in ("index.html", "questions/vte_women_tamoxifen.html"):
        page = pages[name].decode()
        scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
        (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        for text in (*scripts, style):
            assert digest_of(text) in page
        assert len(scripts) == 1 + name.startswith("questions")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Hostile text in every free field of studies and results; each string is a study's name."""
    project = tiny_site_project(tmp_path_factory.mktemp("hostile") / "p")
    base = json.loads((project.studies_folder / "said-2010.yaml").read_text("utf-8"))
    for i, text in enumerate(HOSTILE_SEEN):
        other = base | {"id": f"hostile-{i:03}", "name": text, "open_points": [text]}
        path = project.studies_folder / f"hostile-{i:03}.yaml"
        path.write_text(json.dumps(other), encoding="utf-8")

    def change(result: dict) -> None:  # type: ignore[type-arg]
        result["title"] = HOSTILE[1]
        for q in result["questions"]:
            q.update(title=HOSTILE[0], finding=HOSTILE[1], note=HOSTILE[2], people=HOSTILE[3])
            q.update(treatment=HOSTILE[4], control=HOSTILE[5], certainty=list(HOSTILE))
            for i, line in enumerate(q["effects"]):
                line.update(label=HOSTILE[i], notes=HOSTILE[i + 5], remark=HOSTILE[i + 10])

    change_result(project, change)

    def rename(one: dict) -> None:  # type: ignore[type-arg]
        one["outcomes"][0]["source"]["locator"] = HOSTILE[1]
        one["outcomes"][0]["note"] = HOSTILE[0]
        one["reports"][0].update(title=HOSTILE[2], authors=HOSTILE[3])

    change_study(project, "bone-2009", rename)
    return project


def test_hostile_text_makes_no_element(hostile: Project) -> None:
    assert len(set(HOSTILE)) == len(set(HOSTILE_SEEN)) == 100
    pages = dict(make_pages(gather_site(hostile)))
    shown = words(pages["studies.html"])
    whole = "".join(shown.text)
    told = "".join(words(pages["questions/hormone.html"]).text)
    for text, seen in zip(HOSTILE, HOSTILE_SEEN, strict=True):
        assert seen in whole
        assert text in told
    for name, page in pages.items():
        if name.startswith("reports/") or not name.endswith(".html"):
            continue
        tags = words(page).tags
        assert not {"img", "iframe", "link", "base", "embed", "object"} & set(tags), name
        assert tags.count("script") <= 3, name
        assert tags.count("h1") == 1, name


@browser
def test_hostile_text_is_shown_and_never_run(hostile: Project, tmp_path: Path) -> None:
    out = tmp_path / "site"
    build_site(hostile, out)
    seen = drive(
        """
        const told = { hacked: [], labels: [], names: [] };
        for (const name of given.pages) {
          const page = await open_(given.root + name);
          await wait();
          told.hacked.push(frame.contentWindow.hacked ?? window.hacked ?? null);
          if (name.startsWith("questions/")) {
            page.querySelectorAll("#trials a.number").forEach((x) => x.click());
            const texts = (where, text) => [...page.querySelectorAll(where)].map(text);
            told.labels.push(texts("#trials tbody th", (x) => x.textContent));
            told.labels.push(texts("#plot a", (x) => x.getAttribute("aria-label")));
          }
          if (name === "studies.html") {
            const names = [...page.querySelectorAll("#all-studies .small")];
            told.names = names.map((x) => x.textContent);
          }
        }
        return told;
        """,
        tmp_path,
        root=f"{out.as_uri()}/",
        pages=["index.html", "studies.html", "questions/hormone.html", "studies/bone-2009.html",
               *(f"studies/hostile-{i:03}.html" for i in range(0, 100, 9))],
    )  # fmt: skip
    assert set(seen.answer["hacked"]) == {None}
    assert seen.answer["labels"][0][:3] == list(HOSTILE[:3])
    assert seen.answer["labels"][1][0] == f"{HOSTILE[0]}: the trial's page"
    assert set(HOSTILE_SEEN) <= set(seen.answer["names"])
    assert seen.console == ()
    assert seen.outward == ()
