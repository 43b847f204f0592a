"""The pictures beside the forest plot: their words against the result, at their own precision."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from evidence.report.coherence.digits import bare, figures, fixed
from evidence.report.coherence.forest_picture import check_title
from evidence.report.coherence.read_svg import ReadPicture
from evidence.report.coherence.record import Incoherence
from evidence.report.coherence.tallies import told
from evidence.report.result import QuestionResult, SaidLine, Shown

NUMBER = r"-?\d+(?:\.\d+)?"
TRIPLE = rf"({NUMBER}) \(({NUMBER}) to ({NUMBER})\)"


def agrees(found: str, value: float) -> bool:
    """Whether a printed figure is a value at the precision at which it is printed.

    Half a unit of its last place is allowed for, whichever way a half was rounded.

    Examples
    --------
    >>> agrees("1.12", 1.1249), agrees("1.12", 1.126), agrees("-0.9", 0.9)
    (True, False, False)
    """
    try:
        printed = float(found)
    except ValueError:
        return False
    places = len(found.partition(".")[2])
    return abs(printed - value) <= 0.5 * 10.0**-places * (1 + 1e-6)


def check_picture(
    file: str, name: str, q: QuestionResult, picture: ReadPicture
) -> Iterator[Incoherence]:
    """Compare a picture with the part of the result that it shows, by the picture's name."""
    if name in CHECKS:
        yield from CHECKS[name](file, q, picture)
    if name != "borrowed":
        yield from _titled(file, q, picture)


def _titled(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    if q.title not in picture.title:
        yield Incoherence(file, "title", "is that of another question", q.title, picture.title)


def _plain(text: str) -> str:
    return text.replace("\u2212", "-")


def _told(
    file: str, where: str, values: Sequence[float], found: Sequence[str], what: str
) -> Iterator[Incoherence]:
    """Printed figures are some values, in their order."""
    same = len(values) == len(found)
    if not same or not all(agrees(f, v) for f, v in zip(found, values, strict=False)):
        right = ", ".join(f"{v:.6g}" for v in values)
        yield Incoherence(file, where, what, right, ", ".join(found))


def _three(values: Shown | None) -> list[float]:
    return [] if values is None else [values.estimate, values.low, values.high]


def _drawn(file: str, texts: Sequence[str], picture: ReadPicture) -> Iterator[Incoherence]:
    """Figures of the description stand in the picture too, as often as there."""
    left = [bare(w.text) for w in picture.words]
    for text in texts:
        plain = bare(text)
        if plain in left:
            left.remove(plain)
        else:
            yield Incoherence(file, "words", "tells what the picture does not show", text)


def _posterior(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    if q.exact is None:
        yield Incoherence(file, "description", "shows a posterior that the result has not")
        return
    description = _plain(picture.description)
    posterior = {term.term: term.shown for term in q.exact.shrinkage}
    at, texts = 0, []
    for line in q.effects:
        # Two rows of one study are told apart by their own names.
        name = "|".join(re.escape(_plain(text)) for text in (line.label, line.row))
        pattern = rf"(?:{name})[^;]*? printed {TRIPLE}, posterior {TRIPLE}"
        found = re.compile(pattern).search(description, at)
        where = f"description, {line.label}"
        if found is None:
            yield Incoherence(file, where, "does not tell the trial")
            continue
        at = found.end()
        values = [*_three(line.shown), *_three(posterior.get(line.row))]
        yield from _told(file, where, values, found.groups(), "printed and posterior")
        g = found.groups()
        texts += [f"{g[0]} ({g[1]} to {g[2]})", f"{g[3]} ({g[4]} to {g[5]})"]
    ends = re.findall(rf"(?:Mean|New)[^;]*? posterior {TRIPLE}", description[at:])
    mu, _, new = q.exact.terms
    for name, term, group in zip(("mean", "new trial"), (mu, new), ends, strict=False):
        yield from _told(file, f"description, {name}", _three(term.shown), group, "posterior")
        texts.append(f"{group[0]} ({group[1]} to {group[2]})")
    if len(ends) != 2:
        yield Incoherence(file, "description", "does not tell the mean and a new trial")
    yield from _drawn(file, texts, picture)


def _said(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    steps = [] if q.said is None else [s for s in q.said.steps if s.shown is not None]
    description = _plain(picture.description)
    found = re.findall(rf"(\d+) reports?, {TRIPLE}", description)
    if len(found) != len(steps):
        yield Incoherence(file, "description", "steps", str(len(steps)), str(len(found)))
    for step, group in zip(steps, found, strict=False):
        values = [float(step.reports), *_three(step.shown)]
        yield from _told(file, f"description, {step.step}", values, group, "step")
    possible = None if q.said is None else q.said.possible
    ends = re.search(rf"anywhere from ({NUMBER}) to ({NUMBER})", description)
    values = [] if possible is None else [possible.low, possible.high]
    group = () if ends is None else ends.groups()
    if (possible is None) != (ends is None) or ends is not None:
        yield from _told(file, "description", values, group, "answers that are possible")
    yield from _drawn(file, [f"{g[1]} ({g[2]} to {g[3]})" for g in found], picture)


def _contribution(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    """Each report's share of the precision, in whatever order they stand."""
    lines = [] if q.said is None else [x for x in q.said.lines if x.information]
    description = _plain(picture.description)
    found = re.findall(rf"\) ({NUMBER}) %", description)
    told_shares = sorted(found, key=float)
    wanted = sorted(lines, key=lambda line: line.information or 0.0)
    values = [100 * (line.information or 0.0) for line in wanted]
    yield from _told(file, "description", values, told_shares, "precision lost without each")
    for line in lines:
        yield from _share(file, line, description)
    yield from _drawn(file, found, picture)


def _share(file: str, line: SaidLine, description: str) -> Iterator[Incoherence]:
    pattern = rf"{re.escape(_plain(line.label))}[^;]*?\) ({NUMBER}) %"
    shares = re.findall(pattern, description)
    if not any(agrees(share, 100 * (line.information or 0.0)) for share in shares):
        right = fixed(100 * (line.information or 0.0), 1)
        where = f"description, {line.label}"
        yield Incoherence(file, where, "precision lost without it", right, ", ".join(shares))


def _borrowed(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    rows = () if q.borrowed is None else q.borrowed.rows
    description = _plain(picture.description)
    found = re.findall(
        rf"({NUMBER}) \([\d.]+ % interval ({NUMBER}) to ({NUMBER})\), probability below "
        rf"{NUMBER} ([<>]? ?\d+) %",
        description,
    )
    if len(found) != len(rows):
        yield Incoherence(file, "description", "answers", str(len(rows)), str(len(found)))
    for row, group in zip(rows, found, strict=False):
        values = [row.estimate, row.low, row.high]
        numbers, share = list(group[:3]), group[3]
        if share[0] not in "<>":
            values.append(100 * row.probability_below)
            numbers.append(share)
        where = f"description, {row.term}"
        yield from _told(file, where, values, numbers, "answer and probability")


def _lights(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    """The overall level of each rated result, in their order, and how many there are."""
    lines = () if q.risk is None else q.risk.lines
    counted = figures(picture.description)[:1]
    if counted != (str(len(lines)),):
        found = "".join(counted)
        yield Incoherence(file, "description", "number of results", str(len(lines)), found)
    shown = {bare(w.text) for w in picture.words}
    at = 0
    for line in lines:
        name = f"{line.label} (in part)" if line.in_part else line.label
        if bare(name) not in shown:
            yield Incoherence(file, "words", "does not show a result", name)
        if line.overall is None:
            continue
        words = f"{name}: overall {line.overall.level.replace('_', ' ')}"
        place = picture.description.find(words, at)
        if place < 0:
            yield Incoherence(file, "description", "does not tell a level", words)
        else:
            at = place + len(words)


CHECKS: dict[str, Callable[[str, QuestionResult, ReadPicture], Iterator[Incoherence]]] = {
    "posterior": _posterior,
    "said": _said,
    "contribution": _contribution,
    "borrowed": _borrowed,
    "risk_lights": _lights,
}


def check_directions(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    """The display of directions names each study with its people, and tells each report."""
    yield from check_title(file, q, picture)
    shown = [bare(w.text) for w in picture.words]
    for lines in told(q).values():
        if bare(lines[0].label) not in shown:
            yield Incoherence(file, "words", "does not show a study", lines[0].label)
        sizes = [[n for n in (x.n_treatment, x.n_control) if n is not None] for x in lines]
        known = [sum(two) for two in sizes if two]
        if known and f"{max(known):,}" not in shown:
            where = f"words, {lines[0].label}"
            yield Incoherence(file, where, "does not show its people", f"{max(known):,}")
    description, at = bare(picture.description), 0
    for line in q.partial:
        words = f": {line.direction or line.said or 'in words only'}"
        place = description.find(bare(words), at)
        if place < 0:
            yield Incoherence(file, f"description, {line.label}", "does not tell a report", words)
        else:
            at = place
