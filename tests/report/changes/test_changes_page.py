"""The page on what moved: its sections, tables, figures, values, and hostile words."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import samples
from change_projects import built_project, write_claims, write_report
from change_samples import (
    HOSTILE,
    bayes,
    claim,
    empty_question,
    interval,
    main,
    question,
    rating,
    snapshot,
)

from evidence.catalog.releases import DataRelease, Reason, Releases
from evidence.errors import ReportError
from evidence.report.changes.compose import compose_changes
from evidence.report.changes.files import changes_files
from evidence.report.changes.history import History
from evidence.report.changes.publish import publish
from evidence.report.changes.record import steps_record
from evidence.report.changes.snapshot import Snapshot
from evidence.report.changes.text import step_text
from evidence.report.document.blocks import (
    Document,
    Fold,
    Heading,
    Paragraph,
    Picture,
    TableBlock,
    walk,
)
from evidence.report.document.html import as_html
from evidence.report.document.markdown import as_markdown
from evidence.report.document.resolve import resolve

WHY = Reason(questions=("men",), why="Leder 2004 was read again.")
REMOVED = Reason(questions=("gone",), why="Asked twice.")


def history_of(*states: Snapshot, reasons: tuple[Reason, ...] = ()) -> History:
    """Releases 1.0.0, 1.1.0 and so on; the reasons are those of the last one."""
    releases, snapshots = [], []
    for i, state in enumerate(states):
        version, day = f"1.{i}.0", f"2026-01-{i + 1:02}"
        snapshots.append(state.model_copy(update={"version": version, "date": day}))
        releases.append(
            DataRelease(
                version=version,
                date=day,
                data_hash=state.data_hash,
                why=f"Because of {i}.",
                reasons=reasons if i == len(states) - 1 else (),
            )
        )
    return History(Releases(about="x", releases=tuple(releases)), tuple(snapshots))


def much(text: str = "It") -> tuple[Snapshot, Snapshot]:
    """Two snapshots between which everything that can change does."""
    old = snapshot(
        question("men", title=f"{text} in men"),
        question("rated", main=None, bayes=None, k=0, studies=()),
        question("first", rating=None),
        question("gone", main=main(7.0), finding=f"{text} rose."),
        question("same-old", studies=("x-1999",)),
        question("lost", studies=("y-1999",), said=bayes(-1.0)),
        question("wide", scale="log", unit=None, measure="RR", contrast="level"),
        claims=(claim("a", claim=text), claim("b"), claim("c")),
    )
    new = snapshot(
        question(
            "men",
            title=f"{text} in men",
            main=main(-0.5, tau=0.9, prediction=interval(-0.5, 4.0), method="common effect"),
            bayes=bayes(-1.90001),
            said=bayes(-0.4),
            k=3,
            studies=("leder-2004", "loves-2013"),
            finding=f"Estradiol: {text}; three trials.",
        ),
        question("rated", main=None, bayes=None, k=0, studies=(), rating=rating(imprecision=-2)),
        question("first", rating=rating("high")),
        question("same-new", studies=("x-1999",)),
        question("lost", studies=("y-1999",), main=None, bayes=None, said=None, k=0),
        question("wide", scale="log", unit=None, measure="RR", contrast="level", main=main(-1.0)),
        empty_question("fresh", title=f"{text} afresh"),
        claims=(
            claim("a", claim=text, verdict="supported", reason=f"{text} holds"),
            claim("b", wording=(text,)),
            claim("d"),
        ),
    )
    return old, new


def document_of(text: str = "It", reasons: tuple[Reason, ...] = (WHY, REMOVED)) -> Document:
    old, new = much(text)
    now = new.model_copy(update={"version": None, "date": None})
    return compose_changes(history_of(old, new, reasons=reasons), now)


def table(document: Document, anchor: str) -> TableBlock:
    tables = {b.anchor: b for b in walk(document.blocks) if isinstance(b, TableBlock)}
    return tables[anchor]


def test_a_section_for_each_release_newest_first() -> None:
    document = document_of()
    heads = [b for b in document.blocks if isinstance(b, Heading) and b.level == 2]
    assert [b.anchor for b in heads] == ["releases", "since", "v-1-1-0", "v-1-0-0"]
    assert [b.text for b in heads][1:] == [
        "Since the last release", "1.1.0, 2 January 2026", "1.0.0, 1 January 2026",
    ]  # fmt: skip
    rows = table(document, "t-releases").table.rows
    assert rows[0] == ("since then", "", "7", *["0"] * 6)
    # Answers that moved: men, wide; gone: both and the third of "lost".
    day = "2\u00a0Jan\u00a02026"
    assert rows[1] == ("1.1.0", day, "7 (+1, −1)", "2", "3", "1", "1", "1", "6")
    assert rows[2] == ("1.0.0", "1\u00a0Jan\u00a02026", "7", *["–"] * 6)
    assert document.about["version"] == "1.1.0"
    leads = table(document, "t-releases").links
    assert leads == {(0, 0): "#since", (1, 0): "#v-1-1-0", (2, 0): "#v-1-0-0"}


def test_links_lead_to_where_the_questions_stand_now() -> None:
    old, new = much()
    questions = tuple(
        q.model_copy(update={"analysis": "elsewhere"}) if q.id == "wide" else q
        for q in new.questions
        if q.id != "men"
    )
    now = new.model_copy(update={"version": None, "date": None, "questions": questions})
    document = compose_changes(history_of(old, new, reasons=(WHY, REMOVED)), now)
    block = table(document, "t-v-1-1-0-numbers")
    leads = {row[0]: block.links.get((i, 0)) for i, row in enumerate(block.table.rows)}
    assert leads["It in men"] is None
    assert "../elsewhere/index.html#q-wide" in leads.values()
    links = [
        a for b in walk(document.blocks) if isinstance(b, TableBlock) for a in b.links.values()
    ]
    there = {f"../{q.analysis}/index.html#q-{q.id}" for q in questions}
    assert {a for a in links if "#q-" in a} <= there
    folded = table(document, "t-v-1-1-0-added").links  # within a fold
    assert set(folded.values()) <= there
    assert folded
    assert [a for a in links if a.startswith("#")] == ["#since", "#v-1-1-0", "#v-1-0-0"]


def test_numbers_that_moved_stand_with_their_reason() -> None:
    block = table(document_of(), "t-v-1-1-0-numbers")
    assert block.table.rows[3] == (
        "It in men",
        "main answer",
        "−2.0 (−3.0 to −1.0) pg/mL",
        "−0.5 (−1.5 to 0.5) pg/mL",
        "+1.5 pg/mL; +2.94 standard errors",
        "the interval now includes no effect; τ 0.300 → 0.900; lower limit of prediction – → "
        "−4.5; upper limit of prediction – → 3.5; method: random effects → common effect",
        WHY.why,
    )
    assert block.links[3, 0] == "../demo/index.html#q-men"
    lost = [row for row in block.table.rows if "lost" in row[0]]
    assert [row[3] for row in lost] == ["not pooled", "–", "–"]
    assert [row[6] for row in lost] == ["No reason given.", "As above.", "As above."]


def test_what_moved_is_drawn_and_what_went_is_not() -> None:
    (picture,) = [b for b in walk(document_of().blocks) if isinstance(b, Picture)]
    assert picture.text == "t-v-1-1-0-numbers"
    assert "2 answers that moved" in picture.description
    assert "lost" not in picture.description
    assert picture.png.startswith(b"\x89PNG")


def test_ratings_verdicts_and_questions() -> None:
    document = document_of()
    assert table(document, "t-v-1-1-0-ratings").table.rows == (
        ("Is it lower in rated?", "imprecision −1 → −2", "No reason given."),
    )
    assert table(document, "t-v-1-1-0-rated").table.rows == (("Is it lower in first?", "high"),)
    assert table(document, "t-v-1-1-0-verdicts").table.rows == (
        ("It", "uncertain", "supported", "No reason given."),
    )
    assert table(document, "t-v-1-1-0-removed").table.rows == (
        ("Is it lower in gone?", "It rose.", REMOVED.why),
    )
    added = table(document, "t-v-1-1-0-added")
    assert added.table.rows == (("It afresh", "demo", "No trial reported it."),)
    text = " ".join(str(b.text) for b in document.blocks if isinstance(b, Paragraph))
    assert "seems to be Is it lower in same-new?" in text
    folds = [b.title for b in walk(document.blocks) if isinstance(b, Fold)]
    assert "Sentences that changed" in folds
    assert "1 question added in 1 report" in folds


def test_what_has_no_reason_is_listed() -> None:
    rows = table(document_of(), "t-v-1-1-0-lacking").table.rows
    assert [row[:2] for row in rows] == [
        ("number", "lost"), ("number", "lost"), ("number", "lost"),
        ("rating", "rated"), ("number", "wide"), ("verdict", "a"),
    ]  # fmt: skip
    every = Reason(reports=("demo",), claims=("a",), why="All of it.")
    document = document_of(reasons=(every,))
    anchors = [b.anchor for b in walk(document.blocks) if isinstance(b, TableBlock)]
    assert "t-v-1-1-0-lacking" not in anchors
    assert table(document, "t-v-1-1-0-removed").table.rows[0][2] == every.why


def test_since_the_last_release_is_told_how_to_give_reasons() -> None:
    old, new = much()
    now = new.model_copy(update={"version": None, "date": None})
    document = compose_changes(history_of(old), now)
    assert table(document, "t-since-lacking").table.rows
    page = as_html(resolve(document))
    assert "written into data/releases.yaml under unreleased" in page


def test_verdicts_that_come_or_go_as_a_whole() -> None:
    _, new = much()
    none = new.model_copy(update={"claims": None})
    there = as_html(resolve(compose_changes(history_of(none), new)))
    assert "Verdicts on 3 claims new." in there
    gone = as_html(resolve(compose_changes(history_of(new), none)))
    assert "Verdicts on 3 claims gone." in gone
    assert "Verdicts on" not in as_html(resolve(compose_changes(history_of(new), new)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_in_all_forms(text: str) -> None:
    document = document_of(text)
    resolved = resolve(document)
    page = as_html(resolved)
    assert "<script" not in page
    assert "<img src=x" not in page
    assert as_markdown(resolved)
    old, new = much(text)
    step = history_of(old, new).steps()[0]
    assert text in step_text(step)
    record = json.loads(json.dumps(steps_record([step])))
    assert text in record["steps"][0]["questions"][2]["title"]


def test_text_for_a_terminal() -> None:
    old, new = much()
    told = step_text(history_of(old, new, reasons=(WHY, REMOVED)).steps()[0])
    for line in (
        "From 1.0.0 (1 January 2026) to 1.1.0 (2 January 2026)",
        "Because of 1.",
        "  main answer: −2.0 (−3.0 to −1.0) pg/mL → −0.5 (−1.5 to 0.5) pg/mL "
        "(+1.5 pg/mL; +2.94 standard errors)",
        "    the interval now includes no effect",
        "    method: random effects → common effect",
        "  studies that entered: loves-2013",
        "  studies that left: lew-2003",
        "  why: Leder 2004 was read again.",
        "  No input of the report changed: the program did.",
        "gone: removed (Is it lower in gone?). Asked twice.",
        "same-old: seems to be same-new now",
        "  verdict: uncertain → supported. No reason given.",
        "New questions: fresh",
        "New claim: d",
        "Claim removed: c",
        "No reason given for:",
        "  verdict a: uncertain → supported",
    ):
        assert line in told.splitlines(), line
    assert "(−1e−05 pg/mL; 0.00 standard errors, less than is printed)" in told
    assert "on the log scale" in told


def test_nothing_moved() -> None:
    old, _ = much()
    step = history_of(old, old).steps()[0]
    assert step_text(step).endswith("Nothing that readers see moved.")
    assert "Nothing that readers see moved." in as_html(
        resolve(compose_changes(history_of(old), old))
    )


def test_the_files_of_a_project(tmp_path: Path) -> None:
    project = built_project(tmp_path)
    write_claims(project)
    publish(project, "1.0.0", "The first", day="2026-01-01")
    write_report(project, ((-3.0, 1.0), (-1.0, 1.5), (-6.5, 0.8)), title="=1+1")
    files = changes_files(project)
    assert set(files) == {
        "index.html", "report.md", "report.pdf", "report.docx", "forms.json", "changes.json",
        "changes.csv", "moved-since.svg",
        "moved-since.png",
    }  # fmt: skip
    assert files == changes_files(project)
    (step,) = json.loads(files["changes.json"])["steps"]
    assert (step["from"]["version"], step["to"]["version"]) == ("1.0.0", None)
    assert step["counts"]["answers"] == 2
    rows = list(csv.DictReader(io.StringIO(files["changes.csv"].decode())))
    moved = next(r for r in rows if (r["answer"], r["figure"]) == ("main", "estimate"))
    figures = step["questions"][0]["answers"][0]["figures"][0]
    assert float(moved["change"]) == figures["change"]
    assert float(moved["new"]) - float(moved["old"]) == pytest.approx(figures["change"])
    # The figures of the page are those of the reports.
    result = samples.result_of(samples.trials(((-3.0, 1.0), (-1.0, 1.5), (-6.5, 0.8))))
    assert result.main is not None
    assert float(moved["new"]) == result.main.shown.estimate
    (project.root / "data/releases/1.0.0.json").unlink()
    with pytest.raises(ReportError, match="each release has its snapshot"):
        changes_files(project)
