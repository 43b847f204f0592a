"""The pages of the site: pure functions of what was gathered; all text is escaped."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from evidence.catalog.question import MEASURE_LABELS
from evidence.catalog.study import Study
from evidence.effects.labels import label
from evidence.models.frequentist.fit import CI_WORDS, TAU2_WORDS
from evidence.report.methods import methods, numbered, reference
from evidence.report.numbers import pretty_unit, significant
from evidence.report.page import PARTS
from evidence.report.result import QuestionResult
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

if TYPE_CHECKING:
    from jinja2 import Environment

CONTRAST_TAGS = {
    "within": "not a treatment effect",
    "level": "a level, no treatment effect",
    "association": "an association, no treatment effect",
}
USES = ("used", "in part", "not used")


def as_json(value: Any) -> str:
    r"""JSON that may stand in a script element: nothing in it can end the element.

    Examples
    --------
    >>> as_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def digest_of(text: str) -> str:
    """Hash by which a content security policy knows a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


@lru_cache
def asset(name: str) -> str:
    """A script or style sheet of the site."""
    folder = "evidence.report.site"
    return resources.files(folder).joinpath(name).read_text("utf-8")


@lru_cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("evidence.report.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, depth: int, title: str, **values: Any) -> bytes:
    """Write a page.

    Parameters
    ----------
    template : str
    depth : int
        How many folders below the root of the site the page stands.
    title : str
    values
        What the template shows. A page with ``data`` gets the engine and the plot.
    """
    from markupsafe import Markup

    data = values.pop("data", None)
    scripts = [asset("site.js")]
    scripts += (
        [] if data is None else [asset("engine.js") + asset("plot.js") + asset("question.js")]
    )
    style = asset("site.css")
    allowed = " ".join(f"'{digest_of(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src '{digest_of(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    text = (
        _environment()
        .get_template(template)
        .render(
            root="../" * depth,
            title=title,
            policy=policy,
            style=Markup(style),
            head_script=Markup(scripts[0]),
            scripts=[Markup(script) for script in scripts[1:]],
            data=data,
            inlined=None if data is None else Markup(as_json(data)),
            **values,
        )
    )
    return text.encode("utf-8")


def make_pages(site: SiteData) -> Iterator[tuple[str, bytes]]:
    """Every file of the site: its path and its content."""
    anchors = {name: anchors_of(study) for name, study in site.studies.items()}
    labels = {name: label(study) for name, study in site.studies.items()}
    yield "index.html", index_page(site)
    for report in site.reports:
        for question in report.result.questions:
            yield f"questions/{question.id}.html", question_page(report, question, anchors)
    uses = uses_of(site)
    yield "studies.html", studies_page(site, labels, uses)
    for name, study in site.studies.items():
        yield f"studies/{name}.html", study_page(site, study, labels, uses.get(name, []))
    yield "claims.html", claims_page(site)
    yield "methods.html", methods_page(site)
    yield "data.html", data_page(site)
    yield from handed_on(site)


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
    report: ReportData, q: QuestionResult, anchors: dict[str, frozenset[str]]
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
    )  # fmt: skip


def ci_choices(asked: Mapping[str, str] | None) -> dict[str, str]:
    """Intervals to choose from; the declared one is always among them."""
    names = dict.fromkeys((*CI_CHOICES, *([asked["ci"]] if asked else [])))
    return {name: CI_WORDS[name] for name in names}


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
        group=terms.populations[study.population.group].label,
        overlaps=[(name, labels.get(name, name)) for name in study.overlaps],
        words={"design": design_words(study),
               "blinding": study.blinding.replace("_", " ")},
    )  # fmt: skip


def claims_page(site: SiteData) -> bytes:
    """Write the page of claims: each with its verdict and the questions it was held against."""
    home = site.home
    lines = []
    for claim in [] if site.claims is None else site.claims.claims:
        asked = dict.fromkeys(x.question for x in claim.parts if x.question in home)
        questions = [q for r in site.reports for q in r.result.questions if q.id in asked]
        lines.append({"c": claim, "questions": questions})
    return render(
        "claims.html.j2", 0, "Claims", here="claims", lines=lines, known=site.claims is not None,
        about="" if site.claims is None else site.claims.about,
        verdicts={} if site.claims is None else site.claims.verdicts,
        whole="index.html" in site.claim_files,
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
        references=[reference(x) for x in order],
        tau2=[TAU2_WORDS[x] for x in TAU2_CHOICES],
        ci=[CI_WORDS[x] for x in CI_WORDS],
    )  # fmt: skip


def data_page(site: SiteData) -> bytes:
    """Write the page of downloads: every file with its size and hash."""
    folders = [
        {
            "name": report.result.name,
            "title": report.result.title,
            "run": report.run,
            "files": _sized(f"reports/{report.result.name}", report.files),
        }
        for report in site.reports
    ]
    claims = _sized(f"reports/{CLAIMS}", site.claim_files)
    return render(
        "data.html.j2", 0, "Data", here="data", folders=folders, claims=claims,
        trials=len(site.study_files),
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
