"""The sentences of a report: their figures anew from the result, and their place in every form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evidence.report.coherence.digits import (
    bare,
    figures,
    fixed,
    leading,
    places_of,
    share,
    span,
    triple,
)
from evidence.report.coherence.record import Incoherence, ReadForm
from evidence.report.coherence.tallies import counted, tested, told
from evidence.report.result import QuestionResult, ResultFile

FILE = "result.json"
# Words that say a mean lies on one side; which of them depends on the measure.
LESS, MORE = ("less frequent", "lower"), ("more frequent", "higher")
BOTH = "the interval reaches from"


def check_findings_told(result: ResultFile) -> Iterator[Incoherence]:
    """Compare the figures of the sentences in the result with its own fields."""
    for q in result.questions:
        where = f"questions[{q.id}]"
        mine = figures(_finding(q))
        theirs = figures(q.finding)
        if mine != theirs:
            what = "figures of the finding"
            yield Incoherence(FILE, f"{where}.finding", what, ", ".join(mine), q.finding)
        yield from _side(q, f"{where}.finding")
        lines = " ".join(q.certainty)
        for what, text in _limits(q):
            if not _within(figures(text), lines):
                yield Incoherence(FILE, f"{where}.certainty", what, text, lines)


def _finding(q: QuestionResult) -> str:
    if q.main is None:
        if not told(q):
            return ""
        # Numbers up to three stand in words.
        many = str(len(told(q))) if len(told(q)) > 3 else ""
        counts = "" if q.contrast == "level" else ", ".join(counted(q))
        return f"{many} {counts} {'' if q.contrast == 'level' else tested(q)}"
    places, people = places_of(q), f"{q.participants:,}" if q.participants else ""
    studies = str(q.trials) if q.trials > 3 else ""
    level = f"{100 * q.main.level:g}"
    shown = q.main.shown
    head = (
        f"{q.outcome_label} {q.people} {q.treatment}" if q.contrast == "level" else q.outcome_label
    )
    if q.k == 2:
        each = " ".join(triple(line.shown, places) for line in q.effects)
        wald = next((fit.shown for fit in q.others if fit.name == "wald"), None)
        bayes = None if q.exact is None else q.exact.terms[0].shown
        more = ""
        if wald is not None and bayes is not None:
            ends = " ".join(span(x.low, x.high, places) for x in (shown, wald, bayes))
            more = f"{fixed(shown.estimate, places)} {ends}"
        return f"{head} {q.measure_label} {each} {q.unit or ''} {more} {studies} {people}"
    sides = "" if q.contrast in ("level", "association") else f"{q.treatment} {q.control}"
    if q.contrast == "within":
        sides = q.treatment
    ends = f"{level} {span(shown.low, shown.high, places)}"
    mean = f"{fixed(shown.estimate, places)} {q.unit or ''} {ends}"
    return f"{head} {sides} {q.measure_label} {mean} {studies} {people}"


def _side(q: QuestionResult, where: str) -> Iterator[Incoherence]:
    """The side that a finding tells is that of its interval."""
    if q.main is None or q.k == 2 or q.contrast not in ("between", "within"):
        return
    low, high = q.main.ci_low, q.main.ci_high
    told_both = BOTH in q.finding
    side = next((s for s, words in (("less", LESS), ("more", MORE)) if _says(q, words)), "none")
    right = "both" if low <= 0 <= high else "less" if high < 0 else "more"
    found = "both" if told_both else side
    if found != right:
        yield Incoherence(FILE, where, "side of the interval", right, found)


def _says(q: QuestionResult, words: tuple[str, ...]) -> bool:
    rest = q.finding.removeprefix(f"{q.outcome_label}: ")
    return rest.startswith(words)


def _limits(q: QuestionResult) -> Iterator[tuple[str, str]]:
    """Figures that the sentences on certainty hold."""
    places = places_of(q)
    if q.k > 2 and q.main is not None and q.main.prediction is not None:
        back = q.main.prediction.shown
        yield "prediction interval", f"{fixed(back.low, places)} {fixed(back.high, places)}"
    if q.k == 1 and q.exact is not None and q.exact.terms[0].shown is not None:
        mu = q.exact.terms[0].shown
        yield "interval of the mean under the priors", span(mu.low, mu.high, places)
    weight = sum(line.weight for line in q.effects if line.read == "secondary_source")
    if weight > 0:
        yield "weight from secondary sources", f"{fixed(weight, 0)} %"
    if q.main is not None and q.contrast != "level":
        yield "other choices", _choices(q)


def _choices(q: QuestionResult) -> str:
    """How many other choices turn the answer, of how many that could be answered."""
    if q.main is None:
        return ""
    ends = [(x.ci_low, x.ci_high) for x in q.sensitivity]
    known = [(low, high) for low, high in ends if low is not None and high is not None]
    base = _sign(q.main.ci_low, q.main.ci_high)
    turned = sum(_sign(*two) != base for two in known)
    if not known:
        return ""
    return f"{turned} of {len(known)}" if turned else f"{len(known)}"


def _sign(low: float, high: float) -> int:
    return (low > 0) - (high < 0)


def _within(wanted: tuple[str, ...], text: str) -> bool:
    """Whether figures stand side by side in a text."""
    there = figures(text)
    n = len(wanted)
    return n == 0 or any(there[i : i + n] == wanted for i in range(len(there) - n + 1))


def check_sentences(form: ReadForm, result: ResultFile) -> Iterator[Incoherence]:
    """Look for every sentence and headline count of the result in a form."""
    text = bare(form.text)
    for q in result.questions:
        for what, sentence in (
            ("finding", q.finding),
            *((f"certainty, line {i}", line) for i, line in enumerate(q.certainty, 1)),
        ):
            if bare(sentence) not in text:
                found = _nearest(form.text, sentence)
                yield Incoherence(form.file, f"a-{q.id}", what, sentence, found)
    yield from _headlines(form, result)
    for q in result.questions:
        for what, words in _apart(q):
            if not _runs(words, text):
                yield Incoherence(form.file, f"q-{q.id}", what, words, "")


def _nearest(text: str, sentence: str) -> str:
    """What stands where a sentence should begin."""
    start = sentence[:24]
    at = text.find(start)
    return "" if at < 0 else text[at : at + len(sentence)]


def _headlines(form: ReadForm, result: ResultFile) -> Iterator[Incoherence]:
    plain = " ".join(form.text.split())
    found = re.findall(
        r"Looked at: ([\d,]+) reports? = (\d+) used \+ (\d+) in part \+ (\d+)", plain
    )
    for i, q in enumerate(result.questions):
        mine = tuple(str(n) for n in (q.considered, q.k, len(q.partial), len(q.unused)))
        theirs = found[i] if i < len(found) else ()
        if mine != theirs:
            what = "reports considered, used, in part, not used"
            yield Incoherence(form.file, f"q-{q.id}", what, " ".join(mine), " ".join(theirs))


def _apart(q: QuestionResult) -> Iterator[tuple[str, str]]:
    """Beginnings of the sentences on what was said and borrowed, by their figures."""
    places, block = places_of(q), q.said
    unit = f" {q.unit.replace('cm2', 'cm²')}" if q.unit else ""
    mu = None if block is None else next((t.shown for t in block.terms if t.term == "mu"), None)
    if block is not None and mu is not None and block.probability_below_null is not None:
        yield (
            "second answer",
            f"is on average {fixed(mu.estimate, places)}{unit} ({100 * block.level:g} % interval "
            f"{span(mu.low, mu.high, places)})",
        )
        if q.contrast != "level":
            yield "its probability", f"is {share(block.probability_below_null)}. Nothing was filled"
    if block is not None:
        yield "its reports", f"Of {block.reports} reports {block.complete} "
        if block.possible is not None:
            ends = span(block.possible.low, block.possible.high, places)
            yield "the answers that are possible", f"lies anywhere from {ends} if"
    if q.borrowed is not None and q.borrowed.rows:
        stated = next(row for row in q.borrowed.rows if row.term == "borrowed")
        ends = span(stated.low, stated.high, places)
        level = f"median; {100 * q.borrowed.level:g} % interval"
        yield "what was borrowed", f"{fixed(stated.estimate, places)} ({level} {ends})"
        for line in q.borrowed.tipping:
            yield "tipping point", f" at {leading(line.discount, 2)}"
        if q.borrowed.conflict is not None:
            c = q.borrowed.conflict
            ps = f"P {leading(c.difference_p, 2)} (Box's predictive P {leading(c.box_p, 2)})"
            yield "conflict", f"{fixed(c.difference, places)}, {ps}"


def _runs(words: str, text: str) -> bool:
    return bare(words) in text
