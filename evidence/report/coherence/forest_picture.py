"""A forest plot read back: its words, where its marks lie, and whom its sides favour."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from evidence.report.coherence.digits import (
    chance,
    figures,
    fixed,
    leading,
    places_of,
    span,
    triple,
)
from evidence.report.coherence.read_svg import ReadPicture, Words
from evidence.report.coherence.record import Incoherence
from evidence.report.coherence.totals import back
from evidence.report.result import PartialLine, QuestionResult

# Points, of which a picture has 72 an inch: how far a mark may lie from its figure.
APART = 0.25
# Baselines lie so far below the middle of their line.
BASELINE = 2.2


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a plot should show; ends on the analysis scale."""

    name: str
    effect: str
    weight: str = ""
    sizes: tuple[str, ...] = ()
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line as a plot shows it: its words by column, at the height of its middle."""

    y: float
    label: str
    effect: str
    weight: str
    arms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Where figures of the analysis scale lie: ``place + slope * value``, from low to high."""

    place: float
    slope: float
    y: float
    low: float
    high: float

    def x(self, value: float) -> float:
        """Place of a figure."""
        return self.place + self.slope * value

    def clipped(self, value: float) -> float:
        """Place of a figure, or of the end of the axis where it lies beyond."""
        return min(max(self.x(value), self.low), self.high)


def check_forest(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    """Compare a forest plot with the answer that it shows."""
    axis = read_axis(picture, q.scale)
    if axis is None:
        yield Incoherence(file, "axis", "cannot be read: fewer than two ticks with a number")
        return
    wanted = lines_of(q)
    found = read_rows(picture, axis)
    if len(wanted) != len(found):
        yield Incoherence(file, "lines", "number of lines", str(len(wanted)), str(len(found)))
    for line, row in zip(wanted, found, strict=False):
        yield from _words_of(file, line, row)
        yield from _marks_of(file, line, row, axis, picture)
    yield from _favours(file, q, picture, axis)
    yield from _heterogeneity(file, q, picture)
    for row in found:
        if f"{row.label}: {row.effect}" not in picture.description:
            told = f"{row.label}: {row.effect}"
            yield Incoherence(file, "description", "does not tell a line", told)
    yield from check_title(file, q, picture)


def check_title(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    """The picture is that of its question."""
    if q.title not in picture.title or q.title not in picture.description:
        yield Incoherence(file, "title", "is that of another question", q.title, picture.title)


def lines_of(q: QuestionResult) -> list[Line]:
    """Lines with figures that the plot of a question shows, from above."""
    places = places_of(q)
    lines = [
        Line(
            line.label,
            triple(line.shown, places),
            "" if q.k == 1 else f"{fixed(line.weight, 1)} %",
            _sizes(line.said_treatment, line.n_treatment)
            + (() if line.control is None else _sizes(line.said_control, line.n_control)),
            line.estimate,
            line.ci_low,
            line.ci_high,
        )
        for line in q.effects
    ]
    return [
        *lines,
        *_pooled(q, places),
        *(_part(q, p) for p in q.partial if p.estimate is not None),
    ]


def _sizes(said: str, n: int | None) -> tuple[str, ...]:
    """Figures that an arm's column may show: printed counts, printed shares, or n."""
    return (*figures(said), *([] if n is None else [str(n)]))


def _pooled(q: QuestionResult, places: int) -> Iterator[Line]:
    if q.main is None or q.k == 1:
        return
    for fit in (q.main, *q.others):
        name = {"main": "Random effects", "common": "Common effect"}.get(fit.name, "Random effects")
        weight = "100.0 %" if fit.name == "main" else ""
        ends = (fit.estimate, fit.ci_low, fit.ci_high)
        total = _totals(q) if fit.name == "main" else ()
        yield Line(name, triple(fit.shown, places), weight, total, *ends)
        if fit.prediction is not None and fit.name == "main":
            new = fit.prediction
            words = span(new.shown.low, new.shown.high, places)
            yield Line(f"{100 * fit.level:g} % prediction", words, low=new.low, high=new.high)
    if q.exact is not None and q.exact.terms[0].shown is not None:
        mu = q.exact.terms[0]
        ends = (mu.median, mu.ci_low, mu.ci_high)
        yield Line("Bayes", triple(mu.shown, places), "", (), *ends)


def _totals(q: QuestionResult) -> tuple[str, ...]:
    arms = [[line.n_treatment for line in q.effects], [line.n_control for line in q.effects]]
    known = [[n for n in arm if n is not None] for arm in arms]
    return ("none", *(str(sum(arm)) for arm in known if len(arm) == q.k))


def _part(q: QuestionResult, part: PartialLine) -> Line:
    from statistics import NormalDist

    estimate = part.estimate or 0.0
    bound = "" if part.p_value is None or part.p_relation == "ns" else f"P {part.p_value:g}"
    words = f"{fixed(back(q.scale, estimate), places_of(q))} ({bound})"
    if part.se_high is None:
        return Line(part.label, words, estimate=estimate)
    level = 0.95 if q.main is None else q.main.level
    reach = NormalDist().inv_cdf((1 + level) / 2) * part.se_high
    return Line(part.label, words, "", (), estimate, estimate - reach, estimate + reach)


def read_axis(picture: ReadPicture, scale: str) -> Axis | None:
    """Fit the axis to the numbers below it; None where there are fewer than two."""
    ticks = [(w, v) for w in picture.words if (v := _tick(w, scale)) is not None]
    if len(ticks) < 2:
        return None
    lowest = max(w.y for w, _ in ticks)
    ticks = [(w, v) for w, v in ticks if abs(w.y - lowest) < 1]
    xs, values = [w.x for w, _ in ticks], [v for _, v in ticks]
    if len(set(values)) < 2:
        return None
    n, mean_x, mean_v = len(xs), math.fsum(xs) / len(xs), math.fsum(values) / len(xs)
    spread = math.fsum((v - mean_v) ** 2 for v in values)
    both = math.fsum((xs[i] - mean_x) * (values[i] - mean_v) for i in range(n))
    slope = both / spread
    above = [line for line in picture.lines if _level(line) and lowest - 20 < line[0][1] < lowest]
    if slope == 0 or not above:
        return None
    rule = max(above, key=lambda line: line[0][1])
    ends = sorted((rule[0][0], rule[-1][0]))
    return Axis(mean_x - slope * mean_v, slope, lowest, ends[0], ends[1])


def _level(line: tuple[tuple[float, float], ...]) -> bool:
    return len(line) == 2 and line[0][1] == line[1][1] and line[0][0] != line[1][0]


def _tick(words: Words, scale: str) -> float | None:
    """Place of a tick on the analysis scale; None of words that are no number."""
    text = words.text.replace("\u2212", "-")
    if words.anchor != "middle" or not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text):
        return None
    value = float(text)
    if scale == "log":
        return math.log(value) if value > 0 else None
    if scale == "logit":
        return math.log(value / (1 - value)) if 0 < value < 1 else None
    if scale == "fisher_z":
        return math.atanh(value) if abs(value) < 1 else None
    return value


def read_rows(picture: ReadPicture, axis: Axis) -> list[Row]:
    """Lines of a plot that show an effect, from above."""
    rules = [line[0][1] for line in picture.lines if _level(line) and line[0][0] < 10]
    top = min(rules, default=0.0)
    inside = sorted((w.y, w.x, w) for w in picture.words if top < w.y < axis.y - 10)
    groups: list[list[Words]] = []
    for y, _, words in inside:
        if groups and abs(groups[-1][0].y - y) < 3:
            groups[-1].append(words)
        else:
            groups.append([words])
    rows = []
    for group in groups:
        ends = sorted((w for w in group if w.anchor == "end"), key=lambda w: w.x)
        starts = sorted((w for w in group if w.anchor == "start"), key=lambda w: w.x)
        if ends and starts and starts[0].x < 10:
            weight = ends[0].text if len(ends) > 1 else ""
            arms = tuple(w.text for w in starts[1:])
            rows.append(Row(group[0].y - BASELINE, starts[0].text, ends[-1].text, weight, arms))
    return rows


def _words_of(file: str, line: Line, row: Row) -> Iterator[Incoherence]:
    where = f"line {row.label}"
    if not row.label.startswith(line.name):
        yield Incoherence(file, where, "name of the line", line.name, row.label)
    if figures(line.effect) != figures(row.effect):
        yield Incoherence(file, where, "effect and interval", line.effect, row.effect)
    if figures(line.weight) != figures(row.weight):
        yield Incoherence(file, where, "weight", line.weight, row.weight)
    for arm in row.arms if line.sizes else ():
        for size in figures(arm):
            if size not in line.sizes:
                yield Incoherence(file, where, "people", ", ".join(line.sizes), arm)


def _marks_of(
    file: str, line: Line, row: Row, axis: Axis, picture: ReadPicture
) -> Iterator[Incoherence]:
    """A line's mark, whisker or diamond lies where its figures are."""
    where = f"line {row.label}"
    spans = [x for x in picture.lines if _level(x) and abs(x[0][1] - row.y) < 3]
    ends = [sorted((x[0][0], x[1][0])) for x in spans]
    marks = [x for x, y in picture.marks if abs(y - row.y) < 3]
    for shape in picture.shapes:
        if len(shape) == 4 and abs(shape[0][1] - row.y) < 3:
            ends.append(sorted((shape[0][0], shape[2][0])))
            marks.append(shape[1][0])
    if line.low is not None and line.high is not None:
        low, high = sorted((axis.clipped(line.low), axis.clipped(line.high)))
        near = any(abs(a - low) < APART and abs(b - high) < APART for a, b in ends)
        if low < high and not near:
            found = "; ".join(f"{a:.1f} to {b:.1f}" for a, b in ends)
            yield Incoherence(file, where, "ends drawn", f"{low:.1f} to {high:.1f}", found)
    if line.estimate is not None:
        x = axis.x(line.estimate)
        inside = axis.low <= x <= axis.high
        if inside and not any(abs(mark - x) < APART for mark in marks):
            found = "; ".join(f"{mark:.1f}" for mark in marks)
            yield Incoherence(file, where, "mark drawn", f"{x:.1f}", found)


def _favours(
    file: str, q: QuestionResult, picture: ReadPicture, axis: Axis
) -> Iterator[Incoherence]:
    """Words beside the arrows stand on the side of no effect that they speak of."""
    arrows = [w for w in picture.words if w.text.startswith("←") or w.text.endswith("→")]
    zero = axis.x(0.0)
    found = {"below": "", "above": ""}
    for words in arrows:
        left = words.x < zero
        points = words.text.startswith("←")
        if points != left:
            yield Incoherence(file, "words below the axis", "arrow points back", "", words.text)
        below = left == (axis.slope > 0)
        found["below" if below else "above"] = words.text.strip("←→ ")
    for side, right in sides(q).items():
        if found[side] != right:
            what = f"whom the side {side} no effect favours"
            yield Incoherence(file, "words below the axis", what, right, found[side])


def sides(q: QuestionResult) -> dict[str, str]:
    """Words of both sides of no effect, by the direction that is better."""
    if q.contrast == "within":
        return {"below": "lower after treatment", "above": "higher after treatment"}
    if q.contrast == "level":
        return {"below": "", "above": ""}
    if q.contrast == "association":
        return {"below": "negative association", "above": "positive association"}
    arms = [re.sub(r"^(an?|the) ", "", arm) for arm in (q.treatment, q.control)]
    if q.better == "neither":
        return {"below": f"lower with {arms[0]}", "above": f"higher with {arms[0]}"}
    # With less of what is bad, the treatment is favoured where the effect lies below none.
    winners = arms if q.better == "lower" else arms[::-1]
    return {"below": f"favours {winners[0]}", "above": f"favours {winners[1]}"}


def _heterogeneity(file: str, q: QuestionResult, picture: ReadPicture) -> Iterator[Incoherence]:
    told = next((w.text for w in picture.words if w.text.startswith("Heterogeneity:")), "")
    main, right = q.main, ""
    if main is not None and main.tau2 is not None and main.q is not None and main.q_p is not None:
        ends = f"{leading(main.tau2_ci_low or 0.0)} to {leading(main.tau2_ci_high or 0.0)}"
        right = (
            f"{leading(main.tau or 0.0)} {leading(main.tau2)} {100 * main.level:g} {ends} "
            f"{fixed(main.q, 2)} {main.q_df} {chance(main.q_p)} {fixed(main.i2 or 0.0, 0)}"
        )
    if figures(right) != figures(told):
        yield Incoherence(file, "note on heterogeneity", "figures", right, told)
