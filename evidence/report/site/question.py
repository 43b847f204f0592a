"""What a question's page needs beside its tables: numbers for the engine, traces for the reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from evidence.effects.scales import from_readers
from evidence.errors import Problem, ReportError
from evidence.models.frequentist.fit import CI_WORDS, MODEL_WORDS, TAU2_WORDS
from evidence.report.borrowed.result import BorrowBlock
from evidence.report.forest.result import distinct_names, favours
from evidence.report.numbers import level_text, pretty_unit
from evidence.report.result import QuestionResult, ResultFile
from evidence.report.site.data import Leaf, ReportData
from evidence.report.site.printed import figure_link, figure_words
from evidence.report.tables import READ_WORDS
from evidence.report.wording import SCALE_WORDS, decimals, event_below, level_of

# What the page computes; the first of each is what a question is declared with as a rule.
TAU2_CHOICES = (
    "reml", "maximum_likelihood", "paule_mandel", "paule_mandel_median", "empirical_bayes",
    "dersimonian_laird", "dersimonian_laird_iterated", "hedges", "hunter_schmidt",
    "hunter_schmidt_corrected", "sidik_jonkman",
)  # fmt: skip
CI_CHOICES = ("hartung_knapp_floored", "hartung_knapp", "wald", "t", "hartung_knapp_wider")
NORMAL = re.compile(r"normal\((?P<mean>[^,]+), (?P<sd>[^)]+)\)")
HALF_NORMAL = re.compile(r"half-normal\((?P<scale>[^)]+)\)")
BASIS: dict[tuple[str, ...], str] = {
    ("estimate",): "the estimate",
    ("std_error",): "its standard error",
}


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A figure at the bottom of a trace: its name, its digits, the page that printed it."""

    words: str
    value: str
    serves: str
    assumed: str
    link: str
    source: str
    read: str
    url: str


def page_data(report: ReportData, question: QuestionResult) -> dict[str, Any]:
    """Numbers and words that the page's scripts work on."""
    low, high = favours(question)
    scale = SCALE_WORDS.get(question.scale, "") if question.scale != "identity" else ""
    return {
        "scale": question.scale,
        "scaleWords": scale,
        "measure": question.measure_label,
        "unit": pretty_unit(question.unit),
        "decimals": decimals(question),
        "level": level_of(question),
        "levelText": level_text(level_of(question)),
        "null": None if question.contrast == "level" else 0.0,
        "event": event_below(question),
        "favours": [low, high],
        "rows": rows_of(question),
        "declared": declared(question),
        "prior": prior_of(question),
        "borrow": borrow_of(report.result, question),
    }


def rows_of(question: QuestionResult) -> list[dict[str, Any]]:
    """The effects: label, page of the trial, estimate and standard error on the analysis scale."""
    lines = question.effects
    labels = distinct_names([x.label for x in lines], [x.treatment for x in lines])
    return [
        {"label": label, "study": x.study, "y": x.estimate, "s": x.std_error}
        for label, x in zip(labels, lines, strict=True)
    ]


def declared(question: QuestionResult) -> dict[str, str] | None:
    """Model, estimator and interval of the question's own fit, read from its words.

    Raises
    ------
    ReportError
        If no combination of options has these words.
    """
    if question.main is None:
        return None
    if question.k == 1:
        return {"model": "random", "tau2": TAU2_CHOICES[0], "ci": CI_CHOICES[0]}
    said = question.main.method
    for tau2 in TAU2_CHOICES:
        for ci, words in CI_WORDS.items():
            if said == f"{MODEL_WORDS['random']}, {TAU2_WORDS[tau2]}; {words}":
                return {"model": "random", "tau2": tau2, "ci": ci}
    problem = Problem(question.id, f'"{said}" is a fit that the page cannot redo', "REML, ...")
    raise ReportError("the site cannot show this model", [problem])


def prior_of(question: QuestionResult) -> dict[str, Any] | None:
    """Priors of the exact fit as numbers; None where the page cannot compute with them."""
    if question.exact is None:
        return None
    return _prior(question.exact.prior_mu, question.exact.prior_tau)


def _prior(mu: str, tau: str) -> dict[str, Any] | None:
    normal, half = NORMAL.fullmatch(mu), HALF_NORMAL.fullmatch(tau)
    if half is None or (normal is None and mu != "flat"):
        return None
    mean = None if normal is None else {"mean": float(normal["mean"]), "sd": float(normal["sd"])}
    return {"mu": mean, "tau": {"scale": float(half["scale"])}}


def borrow_of(result: ResultFile, question: QuestionResult) -> dict[str, Any] | None:
    """What a declared borrowing rests on; None where there is none, or the page cannot redo it."""
    block = question.borrowed
    if block is None or not block.rows or block.discount is None:
        return None
    if block.method not in ("power", "robust_map") or (block.method == "robust_map" and block.own):
        return None
    asked = {q.id: q for q in result.questions}
    lines = [x for source in block.sources for x in asked[source.id].effects]
    prior = _prior(*(text for _, text, _ in block.priors[:2]))
    vague = _vague(block)
    if prior is None or (block.method == "robust_map" and vague is None):
        return None
    return {
        "method": block.method,
        "discount": block.discount,
        "people": " and ".join(dict.fromkeys(source.people for source in block.sources)),
        "own": question.people,
        "source": {"y": [x.estimate for x in lines], "s": [x.std_error for x in lines]},
        "prior": prior,
        "vague": vague,
        "threshold": from_readers(block.threshold, question.scale),
        "level": block.level,
    }


def _vague(block: BorrowBlock) -> dict[str, float] | None:
    if len(block.priors) < 3:
        return None
    found = NORMAL.fullmatch(block.priors[2][1])
    return None if found is None else {"mean": float(found["mean"]), "sd": float(found["sd"])}


def trace_lines(leaves: tuple[Leaf, ...], anchors: dict[str, frozenset[str]]) -> list[TraceLine]:
    """Every printed or assumed figure of one row, once, with what it serves for.

    Parameters
    ----------
    leaves : tuple of Leaf
    anchors : mapping of study id to the anchors of its page
    """

    def same(leaf: Leaf) -> tuple[str, ...]:
        return (leaf.kind, leaf.address, leaf.value, leaf.unit, leaf.report, leaf.locator)

    found = []
    for _, group in groupby(sorted(leaves, key=same), key=same):
        several = list(group)
        first, serves = several[0], tuple(sorted({leaf.figure for leaf in several}))
        found.append((leaves.index(first), _trace_line(first, serves, anchors)))
    return [line for _, line in sorted(found, key=lambda pair: pair[0])]


def _trace_line(
    leaf: Leaf, serves: tuple[str, ...], anchors: dict[str, frozenset[str]]
) -> TraceLine:
    digits = re.sub("^-", "\N{MINUS SIGN}", leaf.value)
    unit = "" if leaf.unit in leaf.address.split(".") else pretty_unit(leaf.unit)
    value = f"{digits} {unit}".strip()
    study = leaf.address.partition("/")[0]
    known = leaf.kind == "reported" and study in anchors
    link = figure_link(leaf.address, anchors[study]) if known else ""
    conversion = leaf.kind == "reported" and leaf.address.startswith("terms/")
    words = "conversion of units" if conversion else figure_words(leaf.address)
    place = ", ".join(x for x in (leaf.report, leaf.locator) if x)
    return TraceLine(
        words=words.capitalize() if words[:1].islower() and leaf.kind == "assumed" else words,
        value=value,
        serves=BASIS.get(serves, "the estimate and its standard error"),
        assumed=f"{leaf.reason} ({leaf.locator})" if leaf.kind == "assumed" else "",
        link=link,
        source="" if leaf.kind == "assumed" else place,
        read=READ_WORDS.get(leaf.read, ""),
        url=leaf.url if leaf.url.startswith(("https://", "http://")) else "",
    )
