"""The claims page, its files, and the command: parsed, and held against the verdicts."""

import csv
import io
import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from claims_samples import (
    CITATIONS,
    PRINTED,
    claim_plain,
    claims_project,
    ledger_plain,
    write_plain,
)
from samples import replace_once

from evidence.catalog.claims import Holds
from evidence.catalog.project import Project, find_project
from evidence.cli import main
from evidence.errors import QuestionError, ReportError, StudyError
from evidence.rating.claims.verdict import RULES, VERDICT_WORDS
from evidence.report.claims.gather import ClaimsReport, gather_claims, read_said
from evidence.report.claims.page import claims_files, claims_page
from evidence.report.claims.record import (
    CITATION_COLUMNS,
    PART_COLUMNS,
    certainty_text,
    estimate_text,
    must_hold,
    probability_text,
    trials_text,
)
from evidence.report.claims.tables import doses_table, levels_table
from evidence.report.claims.text import chosen

LEVEL = claim_plain(
    id="level",
    kind="level",
    tests=[
        {
            "part": "it lies in the window",
            "level": {"outcome": "estradiol", "unit": "pg/mL", "inhibitor": False},
            "holds": {"relation": "between", "low": 20, "high": 30},
        }
    ],
)

ONE = claim_plain(
    id="one",
    claim="One trial bears on it",
    kind="association",
    population=None,
    treatment=None,
    control=None,
    tests=[
        {
            "part": "it is lower",
            "figure": {"study": "trial-2001", "outcome": "o", "arm": "a", "versus": "p"},
            "holds": {"relation": "below"},
            "direct": False,
            "indirect_reason": "other men",
        }
    ],
)

DOSE = claim_plain(
    id="dose",
    kind="advice",
    tests=[{"part": "5 mg", "dose": {"drug": "testosterone", "low_mg": 5.0, "high_mg": 5.0}}],
    not_testable="A dose is chosen.",
)


class Reading(HTMLParser):
    """Links, ids, tables as rows of text, and whether all tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: set[str] = set()
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.links += [told["href"] or ""] if "href" in told else []
        self.ids += [told["id"] or ""] if "id" in told else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = claims_project(
        tmp_path_factory.mktemp("claims"),
        claim_plain(),
        *ledger_plain()["claims"][1:],
        LEVEL,
        ONE,
        DOSE,
    )
    plain = {
        "id": "on-t", "name": "on-t", "design": "single_arm", "blinding": "open_label",
        "population": {"group": "men", "sex": "male"},
        "reports": [{"key": "r", "authors": "Doe J", "year": 2001}],
        "arms": [{"id": "t", "drug": "testosterone", "n": 12, "weekly_dose_mg": 100.0}],
        "outcomes": [
            {
                "id": "e", "outcome": "estradiol", "unit": "pg/mL", "type": "continuous",
                "time": {"value": 6, "unit": "week"},
                "source": {"report": "r", "locator": "abstract", "read": "primary_abstract"},
                "arms": {"t": {"final": {"mean": 33.3, "sd": 5}}},
            }
        ],
    }  # fmt: skip
    write_plain(made.studies_folder / "on-t.yaml", plain)
    return made


@pytest.fixture(scope="module")
def report(project: Project) -> ClaimsReport:
    return gather_claims(project)


def test_the_page_is_whole_and_runs_nothing(report: ClaimsReport) -> None:
    text = claims_page(report)
    page = Reading(text)
    assert page.open == []
    assert "default-src 'none'" in text
    assert not page.tags & {"script", "iframe", "form", "link", "img"}
    assert "One trial found it lower <b>in bone</b>" in page.words
    assert "<b>in bone</b>" not in text
    assert len(page.ids) == len(set(page.ids))
    local = {link[1:] for link in page.links if link.startswith("#")}
    assert local <= set(page.ids)
    assert "../demo/index.html#q-hormone" in page.links


def test_every_system_claim_reference_and_rule_stands_on_the_page(report: ClaimsReport) -> None:
    page = Reading(claims_page(report))
    ids = set(page.ids)
    assert {f"c-{x.claim.id}" for x in report.assessed} <= ids
    assert {f"s-{s.id}" for s in report.ledger.systems} <= ids
    assert {f"r-{key}" for key in report.citations.keys} <= ids
    assert all(text in page.words for text in RULES.values())
    for assessed in report.assessed:
        assert all(text in page.words for text in assessed.wording)
        assert assessed.ruling.words in page.words.lower()
    assert "Nothing on fractures." in page.words
    assert "Another candidate: M. Else. K 2011" in page.words


def test_a_printed_figure_stands_as_it_was_printed(report: ClaimsReport) -> None:
    words = Reading(claims_page(report)).words
    assert "MD −3; decrease; r[table 1]" in words
    assert "decrease; P < 0.05; r[table 1]" in words
    assert "nobody named" in words
    assert "(indirect: other men)" in " ".join(words.split())


def test_a_level_tells_its_distance(report: ClaimsReport) -> None:
    table = levels_table(report)
    given = doses_table(report)
    assert given is not None
    assert given.rows == (
        ("dose", "5 mg", "On T", "single arm", "t", "", "100", "20 times"),
    )  # fmt: skip
    assert table is not None
    assert table.rows == (
        ("level", "20 to 30 pg/mL", "On T", "Testosterone 100 mg a week", "6", "12", "33.3",
         "mean, SD 5", "3.3 pg/mL above", "r[abstract]"),
    )  # fmt: skip


def test_files_say_what_the_verdicts_are(report: ClaimsReport) -> None:
    files = claims_files(report)
    assert files == claims_files(report)
    values = json.loads(files["claims.json"])
    assert [c["id"] for c in values["claims"]] == [x.claim.id for x in report.assessed]
    assert sum(values["verdicts"].values()) == len(report.assessed)
    assert set(values["verdicts"]) == set(VERDICT_WORDS.values())
    (part,) = values["claims"][0]["parts"]
    found = report.assessed[0].parts[0].found
    assert found is not None
    assert part["probability"] == pytest.approx(found.probability, abs=1e-9)
    assert part["must_hold"] == "mean difference below no difference"
    rows = list(csv.DictReader(io.StringIO(files["claims.csv"].decode())))
    assert tuple(rows[0]) == PART_COLUMNS
    assert len(rows) == sum(max(len(x.parts), 1) for x in report.assessed)
    assert [r["verdict"] for r in rows if r["claim_id"] == "lowers"] == [
        report.assessed[0].ruling.words
    ]
    cited = list(csv.DictReader(io.StringIO(files["citations.csv"].decode())))
    assert tuple(cited[0]) == CITATION_COLUMNS
    assert [row["status"] for row in cited] == ["exact", "not_found"]


def test_texts_of_figures() -> None:
    nothing = dict.fromkeys(("k", "estimate", "probability", "certainty"))
    assert (trials_text(nothing), estimate_text(nothing), probability_text(nothing)) == ("", "", "")
    assert certainty_text(nothing) == ""
    told: dict[str, Any] = {
        "k": 2, "in_part": 3, "estimate": -0.028, "unit": "g/cm2", "ci_low": -0.045,
        "ci_high": -0.011, "probability": 0.999, "basis": "printed", "certainty": "very_low",
    }  # fmt: skip
    assert trials_text(told) == "2 + 3 in part"
    assert estimate_text(told) == "−0.0280 g/cm² (−0.0450 to −0.0110)"
    assert probability_text(told) == "> 99 % (what one study printed)"
    assert probability_text(told | {"probability": 1.0}).startswith("> 99 %")
    assert probability_text(told | {"probability": 0.0}).startswith("< 1 %")
    assert certainty_text(told) == "very low"
    assert estimate_text(told | {"ci_low": None, "unit": None}) == "−0.0280"
    assert must_hold(None, None) == ""
    assert (
        must_hold(Holds(relation="not_worse"), None) == "not worse by a margin that nobody states"
    )
    same = Holds(relation="no_difference", margin=0.1)
    assert must_hold(same, None) == "no difference that matters (0.1)"
    new = Holds(relation="above", low=2, of="new_population")
    assert must_hold(new, None) == "in a new population above 2"


def test_several_drugs_of_a_class_are_called_by_it(project: Project, tmp_path: Path) -> None:
    own = Project(Path(shutil.copytree(project.root, tmp_path / "own")))
    script = own.analyses_folder / "demo.py"
    replace_once(script, '("aromatase_inhibitor",)', '("anastrozole", "letrozole")')
    assert gather_claims(own).asked["hormone"].treatment == "an aromatase inhibitor"
    replace_once(script, '("anastrozole", "letrozole")', '("anastrozole",)')
    assert gather_claims(own).asked["hormone"].treatment == "Anastrozole"


def test_claims_are_chosen_by_system_area_and_verdict(report: ClaimsReport) -> None:
    assert [x.claim.id for x in chosen(report, system="axis-response")] == ["lowers"]
    assert len(chosen(report, system="axis")) == len(report.assessed)
    assert [x.claim.id for x in chosen(report, verdict="overstated")] == ["trial-found"]
    with pytest.raises(ReportError, match=r'"axis-respons" is no system.*did you mean "axis-resp'):
        chosen(report, system="axis-respons")
    with pytest.raises(ReportError, match='"maybe" is no verdict'):
        chosen(report, verdict="maybe")


SAID_BLOCK = {
    "reports": 4, "used": 4, "probability_below_null": 0.99,
    "terms": [{"shown": {"estimate": -2.0, "low": -4.0, "high": -0.1}}],
}  # fmt: skip


def commit(project: Project, block: Any, digest: str | None = None) -> None:
    from evidence.report.claims.gather import _digest

    folder = project.reports_folder / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    result = {"questions": [{"id": "hormone", "said": block}, {"id": "bone", "said": None}]}
    inputs = {"data/terms.yaml": digest or _digest(project.terms_file)}
    write_plain(folder / "result.json", result)
    write_plain(folder / "run.json", {"inputs": inputs})


def test_the_second_answer_is_read_from_a_report_that_is_up_to_date(
    project: Project, tmp_path: Path
) -> None:
    own = Project(Path(shutil.copytree(project.root, tmp_path / "own")))
    assert read_said(own, "demo") == ({}, ["demo: no report; run evidence run demo"])
    commit(own, SAID_BLOCK)
    report = gather_claims(own)
    assert report.notes == ()
    found = report.assessed[0].parts[0].found
    assert found is not None
    assert (found.basis, found.probability) == ("all_said", 0.99)
    assert "−2.00 (−4.00 to −0.100), 4 reports" in claims_page(report)
    commit(own, SAID_BLOCK | {"terms": []})
    assert read_said(own, "demo") == ({}, [])
    commit(own, SAID_BLOCK, digest="0" * 64)
    told = "demo: the report is out of date (data/terms.yaml changed); run evidence run demo"
    assert read_said(own, "demo") == ({}, [told])
    assert gather_claims(own).notes == (told,)
    assert told in claims_page(gather_claims(own))
    assert gather_claims(own, answers={}).notes == ()


def test_certainty_is_given_or_read_from_the_judgements(project: Project, tmp_path: Path) -> None:
    own = Project(Path(shutil.copytree(project.root, tmp_path / "own")))

    def certainty(**given: Any) -> str | None:
        found = gather_claims(own, **given).assessed[0].parts[0].found
        assert found is not None
        return found.certainty

    assert certainty() is None
    assert certainty(certainties={"hormone": "moderate"}) == "moderate"
    main_ = gather_claims(own).assessed[0].parts[0].found
    assert main_ is not None
    domains = ("risk_of_bias", "inconsistency", "indirectness", "surrogate", "imprecision",
               "publication_bias")  # fmt: skip
    one = {
        "judged_by": "a person", "judged_on": "2026-01-01",
        "made_on": {
            "fingerprint": "0" * 12, "estimate": main_.estimate,
            "trials": ["trial-2001", "trial-2002", "trial-2003"],
        },
        "domains": {name: {"step": 0, "reason": "r"} for name in domains},
    }  # fmt: skip
    write_plain(own.root / "data" / "certainty.yaml", {"judgements": {"hormone": one}})
    assert certainty() == "high"
    assert certainty(certainties={}) is None


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    lost = claims_project(tmp_path / "a", claim_plain(tests=[{
        "part": "x", "question": "bones", "holds": {"relation": "below"}}]))  # fmt: skip
    with pytest.raises(StudyError, match='"bones" is no declared question; did you mean "bone"'):
        gather_claims(lost)
    far = claims_project(tmp_path / "b", PRINTED)
    replace_once(far.root / "data" / "claims.yaml", "said-2010", "said-2011")
    with pytest.raises(StudyError, match="said-2011: is no study"):
        gather_claims(far)
    broken = claims_project(tmp_path / "c")
    replace_once(broken.analyses_folder / "demo.py", '"pg/mL"', "None")
    with pytest.raises(QuestionError, match="cannot be asked"):
        gather_claims(broken)


def run(project: Project, *words: str) -> int:
    return main(["--project", str(project.root), "claims", *words])


def test_the_command_prints_claims(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project) == 0
    told = capsys.readouterr()
    assert "watch: NOT TESTED BY ANY TRIAL SEEN" in told.out
    assert "hormone, trials 3 + 1 in part" in told.out
    assert "certainty not rated" in told.out
    assert "0 of 1 arms in the range" in told.out
    assert "least dose given to men 100 mg a week (on-t)" in told.out
    assert told.out.rstrip().splitlines()[-1].startswith("6 claims: ")
    assert told.err == "evidence: demo: no report; run evidence run demo\n"
    assert run(project, "--system", "axis-response", "--json") == 0
    assert [c["id"] for c in json.loads(capsys.readouterr().out)] == ["lowers"]
    assert run(project, "--verdict", "contradicted") == 0
    assert capsys.readouterr().out == "0 claims: none\n"


def test_the_command_prints_the_references(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "--citations") == 0
    told = capsys.readouterr().out
    assert "leder-2004: EXACT\n  cited: Leder BZ. Effects. JCEM 2004;89(3):1174-1180\n" in told
    assert "nearest: authors not seen. Somewhere. journal not seen\n  - no such paper" in told
    assert told.endswith("2 references: 1 exact, 1 not found\n")
    assert run(project, "--citations", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["key"] for one in found] == [one["key"] for one in CITATIONS["references"]]
    assert found[0]["found"] == CITATIONS["references"][0]["found"]
    assert run(project, "--citations", "--verdict", "supported") == 1
    assert "--citations: has no system and no verdict" in capsys.readouterr().err


def test_the_curated_claims_are_held_against_the_curated_evidence() -> None:
    report = gather_claims(find_project(Path(__file__).parent), answers={})
    assert len(report.assessed) == 106
    for system in report.ledger.systems:
        assert set(system.questions) <= set(report.asked), system.id
        assert system.questions or system.open_point
    for one in report.assessed:
        assert one.wording, one.claim.id
        assert all(text.endswith(".") for text in one.wording), one.claim.id
        if one.claim.kind in ("advice", "mechanism"):
            assert one.ruling.verdict == "not_tested"
            assert one.claim.not_testable == one.reason
    page = Reading(claims_page(report))
    assert page.open == []
    assert {f"s-{system.id}" for system in report.ledger.systems} <= set(page.ids)
