"""Labels, references between places, citations, and the text table of every figure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from evidence.report.coherence.digits import bare, figures
from evidence.report.coherence.record import Incoherence, ReadFigure, ReadForm, ReadTable

LABEL = re.compile(r"(?:Figure|Table) S?\d+")
KINDS = ("Figure ", "Table ", "Table S")
# What an anchor of a question's table ends with.
PART = re.compile(
    r"-(?:models|effects|directions|sensitivity|assumptions|priors|agreement|partial|shrinkage"
    r"|(?:said|borrowed|risk|rating|unused)-[0-9]+)$"
)
TEXT = re.compile(r"Its numbers: (Table S?\d+)")
# A report can lower the precision of the mean; its table says 0 % then, its picture by how much.
LOWERED = re.compile("[-\u2212][\\d.]+ %")


def labels_of(form: ReadForm) -> dict[str, str]:
    """Label of each anchor."""
    both: dict[str, ReadTable | ReadFigure] = {**form.tables, **form.figures}
    return {anchor: block.label for anchor, block in both.items()}


def check_labels(form: ReadForm) -> Iterator[Incoherence]:
    """Labels count from 1 without a gap: figures, tables, and those of the supplement."""
    found = list(labels_of(form).items())
    counts = dict.fromkeys(KINDS, 0)
    for anchor, label in found:
        kind = next((k for k in reversed(KINDS) if re.fullmatch(rf"{k}\d+", label)), "")
        if not kind:
            yield Incoherence(form.file, anchor, "has no label", "Figure or Table, number", label)
            continue
        counts[kind] += 1
    for kind, last in counts.items():
        here = [int(lab.removeprefix(kind)) for _, lab in found if re.fullmatch(rf"{kind}\d+", lab)]
        right = list(range(1, last + 1))
        if here != right and sorted(here) != right:
            where = f"labels «{kind.strip()}»"
            yield Incoherence(form.file, where, "do not count from 1", f"1 to {last}", str(here))


def check_same_labels(
    form: ReadForm, labels: Mapping[str, str], *, aside: frozenset[str]
) -> Iterator[Incoherence]:
    """A form numbers what it shows as the page does; ``aside`` may be left to a file."""
    own = labels_of(form)
    by_anchor = any(anchor in labels for anchor in own)
    for anchor, label in labels.items():
        found = own.get(anchor, "") if by_anchor else label if label in own else ""
        if not found and anchor in aside:
            continue
        if found != label:
            yield Incoherence(form.file, anchor, "label, or missing", label, found or "nothing")
    known = set(labels) if by_anchor else set(labels.values())
    for name in own:
        if name not in known:
            yield Incoherence(form.file, name, "stands in no other form", "", own[name])


def check_references(form: ReadForm, pages: Mapping[str, str]) -> Iterator[Incoherence]:
    """References lead to what is there, by its own label; all that is cited is listed, and back.

    ``pages`` gives the label of each anchor on the page.
    """
    anchors = set(form.anchors)
    labels = labels_of(form)
    for target, words in form.links:
        if target not in anchors:
            yield Incoherence(form.file, f"reference «{words}»", "leads nowhere", "", target)
        label = labels.get(target, "")
        if label and LABEL.fullmatch(words) and words != label:
            yield Incoherence(form.file, f"reference to {target}", "label", label, words)
    doubled = sorted({a for a in form.anchors if form.anchors.count(a) > 1})
    for anchor in doubled:
        yield Incoherence(form.file, anchor, "the anchor stands twice")
    listed, cited = set(form.references), set(form.cited)
    for key in sorted(cited - listed):
        yield Incoherence(form.file, f"citation {key}", "is not in the list of references")
    for key in sorted(listed - cited):
        yield Incoherence(form.file, f"reference {key}", "is cited nowhere")
    if len(listed) != len(form.references):
        yield Incoherence(form.file, "references", "one of them stands twice")
    known = {*labels.values(), *pages.values()}
    for label in dict.fromkeys(LABEL.findall(form.text)):
        if label not in known:
            yield Incoherence(form.file, f"text on {label}", "there is none of that label")


def check_figures(form: ReadForm, pages: Mapping[str, str]) -> Iterator[Incoherence]:
    """Every figure has words for those who do not see it, and a table that holds its numbers.

    ``pages`` gives the label of each anchor on the page.
    """
    tables = {table.label: (anchor, table) for anchor, table in form.tables.items()}
    anchors = {label: anchor for anchor, label in pages.items()}
    for name, figure in form.figures.items():
        where = f"{name} ({figure.label})" if name != figure.label else name
        if not figure.alt.strip():
            yield Incoherence(form.file, where, "has no words for those who do not see it")
        named = TEXT.search(figure.caption)
        if named is None:
            yield Incoherence(form.file, where, "names no table of its numbers")
            continue
        if named[1] not in tables:
            what = "names a table that is not there"
            yield Incoherence(form.file, where, what, "", named[1])
            continue
        anchor, table = tables[named[1]]
        beside = _beside(anchors.get(named[1], anchor), form, anchors)
        held = [x for one in (table, *beside) for x in _figures_of(one)]
        shown = figures(LOWERED.sub("", figure.alt))
        factors = "factor" in figure.alt
        lacking = [x for x in shown if not _holds(x, held, factors=factors)]
        if lacking:
            what = f"numbers of the picture that {named[1]} and those beside it lack"
            yield Incoherence(form.file, where, what, "", ", ".join(lacking))


def _beside(anchor: str, form: ReadForm, anchors: Mapping[str, str]) -> list[ReadTable]:
    """Further tables of the same question: a plot shows pooled rows, and what is told in part."""
    question = PART.sub("", anchor)
    return [
        table
        for name, table in form.tables.items()
        if PART.sub("", anchors.get(table.label, name)) == question
    ]


def _figures_of(table: ReadTable) -> list[str]:
    texts = (table.caption, *(cell for row in table.rows for cell in row))
    return [figure for text in texts for figure in figures(text)]


def _holds(figure: str, held: list[str], *, factors: bool) -> bool:
    """Whether a figure with decimals is among others, at the coarser precision of the two.

    ``factors``: the picture shows as a factor what its table gives on the log scale.
    """
    places = len(figure.partition(".")[2])
    if not places:
        return True
    value = float(figure)
    for there in held:
        other = float(there)
        unit = 10.0 ** -min(places, len(there.partition(".")[2]))
        if abs(other - value) <= 0.5 * unit * (1 + 1e-6):
            return True
        apart = abs(math.exp(other) - value) if factors and abs(other) < 5 else math.inf
        if apart <= 0.6 * 10.0**-places + 0.006 * value:
            return True
    return False


def check_words(form: ReadForm, described: Mapping[str, str]) -> Iterator[Incoherence]:
    """A figure's words are the description of its picture; ``described`` by label."""
    for figure in form.figures.values():
        right = described.get(figure.label)
        if right is not None and figure.alt.strip() and bare(figure.alt) != bare(right):
            what = "words for those who do not see it"
            yield Incoherence(form.file, figure.label, what, right, figure.alt)
