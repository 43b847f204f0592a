"""The pages of the site: pure functions of what was gathered; all text is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from evidence.catalog.question import MEASURE_LABELS
from evidence.catalog.study import Study
from evidence.effects.labels import label
from evidence.models.frequentist.fit import CI_WORDS, TAU2_WORDS
from evidence.report.cite import csl_item
from evidence.report.composed.question import PARTS
from evidence.report.document.bibliography import Entry, bibliography
from evidence.report.methods import library, methods, numbered
from evidence.report.numbers import pretty_unit, significant
from evidence.report.result import QuestionResult
from evidence.report.site.citing import Cited, Cites, claim_cites, files_of, question_cites
from evidence.report.site.data import CLAIMS, ReportData, SiteData
from evidence.report.site.printed import Line, outcome_anchor, printed_lines
from evidence.report.site.question import (
    CI_CHOICES,
    TAU2_CHOICES,
    declared,
    page_data,
    rows_of,
    trace_lines,
)
from evidence.report.site.render import render
from evidence.report.tables import (
    READ_WORDS,
    arms_text,
    assumptions_table,
    effects_table,
    models_table,
    partial_table,
    priors_table,
    sensitivity_table,
    shown_text,
    unused_tables,
)
from evidence.report.wording import estimate_text

CONTRAST_TAGS = {
    "within": "not a treatment effect",
    "level": "a level, no treatment effect",
    "association": "an association, no treatment effect",
}
REPORT_FORMS = (
    ("index.html", "HTML"),
    ("report.pdf", "PDF"),
    ("report.docx", "Word"),
    ("report.md", "Markdown"),
)
USES = ("used", "in part", "not used")


def make_pages(site: SiteData) -> Iterator[tuple[str, bytes]]:
    """Every file of the site: its path and its content."""
    anchors = {name: anchors_of(study) for name, study in site.studies.items()}
    labels = {name: label(study) for name, study in site.studies.items()}
    cites, claims = question_cites(site), claim_cites(site)
    yield "index.html", index_page(site)
    for report in site.reports:
        for question in report.result.questions:
            mine = cites.get(question.id, ())
            yield f"questions/{question.id}.html", question_page(report, question, anchors, mine)
    uses = uses_of(site)
    yield "studies.html", studies_page(site, labels, uses)
    for name, study in site.studies.items():
        yield f"studies/{name}.html", study_page(site, study, labels, uses.get(name, []))
    yield "claims.html", claims_page(site, claims)
    yield "methods.html", methods_page(site)
    yield "data.html", data_page(site, cited=bool(cites))
    yield from handed_on(site)
    yield from files_of(cites)
    yield from files_of(claims)


def handed_on(site: SiteData) -> Iterator[tuple[str, bytes]]:
    """Files that are copied as they are: reports, claims and study files."""
    for report in site.reports:
        for name, content in report.files.items():
            yield f"reports/{report.result.name}/{name}", content
    for name, content in site.claim_files.items():
        yield f"reports/{CLAIMS}/{name}", content
    for name, content in site.study_files.items():
        yield f"data/studies/{name}.yaml", content


def index_page(site: SiteData) -> bytes:
    """Write the page of all questions."""
    lines = []
    for report in site.reports:
        for q in report.result.questions:
            main = q.main
            lines.append(
                {
                    "q": q,
                    "report": report.result,
                    "effect": "" if main is None else estimate_text(q, main),
                    "sort": "" if main is None else repr(main.shown.estimate),
                    "measure": MEASURE_LABELS.get(q.measure, q.measure_label),
                    "tag": CONTRAST_TAGS.get(q.contrast, ""),
                }
            )
    return render(
        "index.html.j2", 0, "Questions", here="index", lines=lines,
        reports=[r.result for r in site.reports],
        trials=len(site.studies),
    )  # fmt: skip


def question_page(
    report: ReportData,
    q: QuestionResult,
    anchors: dict[str, frozenset[str]],
    cites: tuple[Cited, ...],
) -> bytes:
    """Write the page of a question."""
    data = page_data(report, q)
    rows = rows_of(q)
    trials = [
        {
            "line": line,
            "label": row["label"],
            "on_scale": (significant(line.estimate, 6), significant(line.std_error, 6)),
            "shown": shown_text(q, line.shown),
            "weight": f"{line.weight:.1f}",
            "trace": trace_lines(report.leaves.get((q.id, line.row), ()), anchors),
            "arms": arms_text(q, line.treatment, line.control),
        }
        for line, row in zip(q.effects, rows, strict=True)
    ]
    folded = [
        effects_table(q) if q.k else None,
        models_table(q) if q.k else None,
        sensitivity_table(q) if q.k else None,
        assumptions_table(q),
        priors_table(q),
        partial_table(q),
    ]
    unused = [(f"Not used: {t.title} ({len(t.rows)})", t) for t in unused_tables(q)]
    tables = [(t.title, t) for t in folded if t is not None]
    return render(
        "question.html.j2", 1, q.title, here="index",
        q=q, report=report.result, trials=trials, data=data,
        tag=CONTRAST_TAGS.get(q.contrast, ""),
        unit=pretty_unit(q.unit),
        declared=declared(q) or {},
        tau2={name: TAU2_WORDS[name] for name in TAU2_CHOICES},
        ci=ci_choices(declared(q)),
        pooled="" if q.main is None else shown_text(q, q.main.shown),
        sources=_sources(report, q),
        blocks=[part for make in PARTS if (part := make(q)) is not None],
        tables=[*tables, *unused],
        reads=READ_WORDS,
        cites=cites,
        forms=_forms(report),
    )  # fmt: skip


def ci_choices(asked: Mapping[str, str] | None) -> dict[str, str]:
    """Intervals to choose from; the declared one is always among them."""
    names = dict.fromkeys((*CI_CHOICES, *([asked["ci"]] if asked else [])))
    return {name: CI_WORDS[name] for name in names}


def _forms(report: ReportData) -> list[tuple[str, str]]:
    """The whole report in its forms, as far as they were built: path and words."""
    folder = f"reports/{report.result.name}"
    return [(f"{folder}/{name}", words) for name, words in REPORT_FORMS if name in report.files]


def _sources(report: ReportData, q: QuestionResult) -> list[QuestionResult]:
    asked = {x.id: x for x in report.result.questions}
    return [] if q.borrowed is None else [asked[source.id] for source in q.borrowed.sources]


def uses_of(site: SiteData) -> dict[str, list[dict[str, Any]]]:
    """What each study is to each question: used, in part, or not used and why."""
    found: dict[str, list[dict[str, Any]]] = {}
    for report in site.reports:
        for q in report.result.questions:
            mine: dict[str, dict[str, Any]] = {}
            told = [(x.study, "used", shown_text(q, x.shown)) for x in q.effects]
            told += [(x.study, "in part", x.said or "in words only") for x in q.partial]
            told += [(x.study, "not used", f"{x.outcome}: {x.reason}") for x in q.unused]
            for study, how, why in told:
                line = mine.setdefault(study, {"q": q, "how": how, "why": []})
                if line["how"] == how and why not in line["why"]:
                    line["why"].append(why)
            for study, line in mine.items():
                found.setdefault(study, []).append(line)
    for lines in found.values():
        lines.sort(key=lambda line: USES.index(line["how"]))
    return found


def design_words(study: Study) -> str:
    """Name a design: "parallel RCT"."""
    return study.design.replace("_", " ").replace("rct", "RCT")


def anchors_of(study: Study) -> frozenset[str]:
    """Every printed figure of a study that has a place of its own on its page."""
    return frozenset(
        figure.anchor
        for outcome in study.outcomes
        for line in printed_lines(outcome)
        for figure in line.figures
    )


def studies_page(
    site: SiteData, labels: Mapping[str, str], uses: Mapping[str, list[dict[str, Any]]]
) -> bytes:
    """Write the page of all studies."""
    lines = [
        {
            "study": study,
            "label": labels[name],
            "design": design_words(study),
            "people": site.terms.populations[study.population.group].label,
            "used": sum(line["how"] == "used" for line in uses.get(name, [])),
            "part": sum(line["how"] == "in part" for line in uses.get(name, [])),
        }
        for name, study in site.studies.items()
    ]
    return render("studies.html.j2", 0, "Studies", here="studies", lines=lines)


def study_page(
    site: SiteData, study: Study, labels: Mapping[str, str], uses: list[dict[str, Any]]
) -> bytes:
    """Write the page of a study: what was printed, and where."""
    terms = site.terms
    outcomes: list[dict[str, Any]] = []
    for outcome in study.outcomes:
        lines: tuple[Line, ...] = printed_lines(outcome)
        time = outcome.time
        outcomes.append(
            {
                "o": outcome,
                "anchor": outcome_anchor(outcome.id),
                "label": terms.outcomes[outcome.outcome].label,
                "time": "" if time is None else f"{time.value:g} {time.unit}s",
                "unit": pretty_unit(outcome.unit),
                "lines": lines,
                "read": READ_WORDS[outcome.source.read],
            }
        )
    drugs = {word: term.label for word, term in terms.drugs.items()}
    return render(
        "study.html.j2", 1, labels[study.id], here="studies",
        s=study, label=labels[study.id], outcomes=outcomes, uses=uses, drugs=drugs,
        references=_references(study),
        group=terms.populations[study.population.group].label,
        overlaps=[(name, labels.get(name, name)) for name in study.overlaps],
        words={"design": design_words(study),
               "blinding": study.blinding.replace("_", " ")},
    )  # fmt: skip


def _references(study: Study) -> tuple[Entry, ...]:
    items = {report.key: csl_item(report) for report in study.reports}
    return bibliography(list(items), items)


def claims_page(site: SiteData, cites: Cites) -> bytes:
    """Write the page of claims: each with its verdict and the questions it was held against."""
    home = site.home
    lines = []
    for claim in [] if site.claims is None else site.claims.claims:
        asked = dict.fromkeys(x.question for x in claim.parts if x.question in home)
        questions = [q for r in site.reports for q in r.result.questions if q.id in asked]
        lines.append({"c": claim, "questions": questions, "cites": cites.get(claim.id, ())})
    return render(
        "claims.html.j2", 0, "Claims", here="claims", lines=lines, known=site.claims is not None,
        about="" if site.claims is None else site.claims.about,
        verdicts={} if site.claims is None else site.claims.verdicts,
        whole="index.html" in site.claim_files,
        cited=bool(cites),
    )  # fmt: skip


def methods_page(site: SiteData) -> bytes:
    """Write the page of methods: what each report did, once, with its references."""
    paragraphs = tuple(dict.fromkeys(p for r in site.reports for p in methods(r.result)))
    order = numbered(paragraphs)
    return render(
        "methods.html.j2", 0, "Methods", here="methods",
        paragraphs=[
            {"text": p.text, "numbers": ", ".join(str(order.index(x) + 1) for x in p.cites)}
            for p in paragraphs
        ],
        references=bibliography(order, library()),
        tau2=[TAU2_WORDS[x] for x in TAU2_CHOICES],
        ci=[CI_WORDS[x] for x in CI_WORDS],
    )  # fmt: skip


def data_page(site: SiteData, *, cited: bool) -> bytes:
    """Write the page of downloads: every file with its size and hash."""
    folders = [
        {
            "name": report.result.name,
            "title": report.result.title,
            "run": report.run,
            "forms": _forms(report),
            "files": _sized(f"reports/{report.result.name}", report.files),
        }
        for report in site.reports
    ]
    claims = _sized(f"reports/{CLAIMS}", site.claim_files)
    return render(
        "data.html.j2", 0, "Data", here="data", folders=folders, claims=claims,
        trials=len(site.study_files), cited=cited,
    )  # fmt: skip


def _sized(folder: str, files: Mapping[str, bytes]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "path": f"{folder}/{name}",
            "size": f"{max(1, round(len(content) / 1024)):,} kB",
            "hash": hashlib.sha256(content).hexdigest(),
        }
        for name, content in files.items()
    ]
