"""What the figures share: sheets, axes of effects, ticks, arrows, labels that keep apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evidence.effects.scales import NAMES, from_readers, to_readers
from evidence.effects.sizes.registry import MEASURES
from evidence.effects.table import EffectTable
from evidence.errors import Problem, ReportError, check_kind, did_you_mean, is_number
from evidence.report.figures.style import GREY, INK, clean
from evidence.report.figures.ticks import curved_ticks
from evidence.report.figures.ticks import plain_ticks as plain_ticks
from evidence.report.figures.words import fitted, wrapped
from evidence.report.numbers import decimals_for, interval, level_text, number, pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from evidence.models.frequentist.fit import PooledFit

Array = NDArray[np.float64]
ONE_COLUMN, TWO_COLUMNS = 85.0, 170.0  # mm, what journals ask for
INCH = 25.4
WORDS = {"HR": "Hazard ratio", "GEN": "Effect"}
LARGEST_LOG = 700.0  # the exponential of more is no floating-point number


def sheet(width: float, height: float = 0.0, least: float = 60.0, *, share: float = 0.0) -> Figure:
    """Empty figure of a size in millimetres, its height stated or a share of its width.

    Raises
    ------
    ReportError
        If it is narrower than ``least``, at which its words no longer fit.
    """
    from matplotlib.figure import Figure

    if not (is_number(width) and least <= width <= 1000):
        problem = Problem("width", repr(width), f"millimetres, from {least:g} to 1000")
        raise ReportError("the figure has no room", [problem])
    return Figure(figsize=(width / INCH, (height or share * width) / INCH), layout="constrained")


def check_choice(where: str, value: object, known: Iterable[str]) -> None:
    """Refuse a word that is not among the known ones.

    Raises
    ------
    ReportError
    """
    names = list(known)
    if not isinstance(value, str) or value not in names:
        problem = Problem(where, f"unknown: {value!r}", did_you_mean(str(value), names))
        raise ReportError("the figure cannot be drawn", [problem])


def refuse(where: str, what: str, right: str) -> ReportError:
    """Error of a figure that cannot be drawn."""
    return ReportError("the figure cannot be drawn", [Problem(where, what, right)])


def labels_of(table: EffectTable) -> list[str]:
    """Names of the rows on one line each, told apart where two are the same."""
    names = [clean(x) for x in table.rows["label"]]
    times = Counter(names)
    ids = [clean(x) for x in table.rows.index]
    return [n if times[n] == 1 and n else i for n, i in zip(names, ids, strict=True)]


def effect_name(table: EffectTable) -> str:
    """Name of the effect: ``Risk ratio``, ``Mean difference (g/cm²)``."""
    known = {code: m.title for code, m in MEASURES.items()} | WORDS
    words = known.get(table.measure, table.measure)
    if table.scale == "log":
        words = "Ratio" if table.measure == "GEN" else words.removeprefix("log ")
        words = words.replace(" log ", " ")
    elif table.scale != "identity":
        words = NAMES[table.scale]
    unit = f" ({pretty_unit(table.unit)})" if table.unit else ""
    return clean(f"{words[:1].upper()}{words[1:]}{unit}")


def axis_name(table: EffectTable) -> str:
    """Name of an axis of effects, with its scale."""
    return effect_name(table) + (", log scale" if table.scale == "log" else "")


def shown(value: float, scale: str) -> float:
    """Value as it is printed: a ratio where the analysis is of logarithms, and so on.

    Raises
    ------
    ReportError
        If the ratio is larger than a computer's numbers.
    """
    if scale == "log" and value > LARGEST_LOG:
        raise _no_ratio(value)
    return to_readers(value, scale)


def _no_ratio(value: float) -> ReportError:
    right = "estimates of a table with scale='log' are logarithms of ratios: is one a ratio?"
    return refuse("table", f"exp({value:.3g}) is no ratio that can be drawn", right)


def places_for(table: EffectTable) -> int:
    """Decimals at which effects of a table are printed."""
    if table.scale != "identity":
        return 2
    return decimals_for(table.rows["std_error"].tolist())


def effect_text(value: float, scale: str, places: int) -> str:
    """Print one effect; a ratio too small for its decimals with two digits."""
    figure = shown(value, scale)
    if scale == "log" and not 0.01 <= figure < 1000:
        return f"{figure:.2g}"
    return number(figure, places)


def interval_text(low: float, high: float, scale: str, places: int) -> str:
    """Print an interval of effects on the scale that readers know.

    Examples
    --------
    >>> interval_text(-0.5, 0.5, "fisher_z", 2)
    '−0.46 to 0.46'
    """
    if scale != "identity":
        return f"{effect_text(low, scale, places)} to {effect_text(high, scale, places)}"
    return interval(low, high, places)


def ratio_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round ratios whose logarithms lie in an interval: halves and fifths, tens where it is wide.

    Examples
    --------
    >>> ratio_ticks(-1.0, 1.0)
    [0.5, 0.7, 1.0, 1.5, 2.0]
    """
    if max(-low, high) > LARGEST_LOG:
        raise _no_ratio(max(-low, high))
    first, last = math.floor(low / math.log(10)) - 1, math.ceil(high / math.log(10)) + 1
    counts = []
    for step in ((1.0, 1.5, 2.0, 3.0, 5.0, 7.0), (1.0, 2.0, 5.0), (1.0, 3.0), (1.0,)):
        found = [m * 10.0**e for e in range(first, last + 1) for m in step]
        inside = [float(f"{x:.12g}") for x in found if low <= math.log(x) <= high]
        counts.append(len(inside))
        if 3 <= len(inside) <= most:
            return inside
    if counts[0] <= most:  # too narrow for halves and fifths, or between them
        return [x for x in plain_ticks(math.exp(low), math.exp(high), 5) if x > 0]
    every = math.ceil(counts[-1] / most)
    tens = [10.0**e for e in range(first, last + 1) if e % every == 0]
    return [float(f"{x:.12g}") for x in tens if low <= math.log(x) <= high]


def tick_words(values: Sequence[float]) -> list[str]:
    """Tick labels with a true minus sign; ``1e-07`` only where zeros would not be counted."""
    size = max((abs(x) for x in values), default=0.0)
    if size and not 1e-5 <= size < 1e6:
        return [f"{x:g}".replace("-", "\u2212") for x in values]
    digits = next(d for d in range(16) if all(abs(round(x, d) - x) <= 1e-9 * size for x in values))
    return [number(x, digits) for x in values]


def effect_ticks(
    low: float, high: float, scale: str, most: int = 7
) -> tuple[list[float], list[str]]:
    """Places, on the analysis scale, and words of the ticks of an axis of effects."""
    if scale == "log":
        ratios = ratio_ticks(low, high, most)
        return [math.log(x) for x in ratios], [f"{x:g}" for x in ratios]
    if scale != "identity":
        inside = curved_ticks(low, high, scale, most)
        return [from_readers(x, scale) for x in inside], [
            f"{x:g}".replace("-", "\u2212") for x in inside
        ]
    places = plain_ticks(low, high, most)
    return places, tick_words(places)


def effect_axis(ax: Axes, limits: tuple[float, float], scale: str, which: str = "x") -> None:
    """Give an axis of effects its limits and ticks; ratios stand at their logarithms."""
    places, words = effect_ticks(*limits, scale, 6)
    if which == "x":
        ax.set_xlim(*limits)
        ax.set_xticks(places, words, parse_math=False)
    else:
        ax.set_ylim(*limits)
        ax.set_yticks(places, words, parse_math=False)


def plain_axis(ax: Axes, limits: tuple[float, float], which: str = "x", most: int = 6) -> None:
    """Give an axis of plain numbers its limits and ticks."""
    low, high = min(limits), max(limits)
    places = plain_ticks(low, high, most)
    if which == "x":
        ax.set_xlim(*limits)
        ax.set_xticks(places, tick_words(places))
    else:
        ax.set_ylim(*limits)
        ax.set_yticks(places, tick_words(places))


def name_axes(ax: Axes, x: str, y: str, title: str | None = None, *, share: float = 0.78) -> None:
    """Write the names of the axes, and a title where there is one; nothing is a formula.

    What is longer than its side of the figure is broken into lines, and shortened; ``share`` is
    that of the width which the axes have.
    """
    for where, words in (("name", x), ("name", y), ("title", "" if title is None else title)):
        check_kind(where, words, str, ReportError)
    figure = ax.figure.get_figure(root=True)
    wide, tall = (85.0, 70.0) if figure is None else figure.get_size_inches() * INCH
    across, up = share * wide / INCH * 72.0, 0.62 * tall / INCH * 72.0
    ax.set_xlabel(wrapped(clean(x), across, 7.0, most=2), parse_math=False)
    ax.set_ylabel(wrapped(clean(y), up, 7.0, most=2), parse_math=False)
    if title:
        lines = wrapped(clean(title), across, 7.5, "bold")
        ax.set_title(lines, loc="left", weight="bold", parse_math=False)


def padded(values: Iterable[float], room: float = 0.06) -> tuple[float, float]:
    """Ends of an axis that holds all values with some room."""
    found = np.asarray([*values], dtype=np.float64)
    low, high = float(found.min()), float(found.max())
    size = max(abs(low), abs(high))
    gap = high - low if high - low > 1e-9 * size else size or 1.0
    return low - room * gap, high + room * gap


def checked_limits(
    limits: tuple[float, float] | None, scale: str, where: str = "limits"
) -> tuple[float, float] | None:
    """Bring ends that the user states, as they are printed, to the analysis scale.

    Raises
    ------
    ReportError
        If they are not two rising numbers, or a ratio is not above 0.
    """
    if limits is None:
        return None
    right = "two rising numbers, such as (0.1, 10)" if scale == "log" else "two rising numbers"
    try:
        low, high = (float(x) for x in limits)
    except (TypeError, ValueError):
        raise refuse(where, repr(limits), right) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise refuse(where, repr(limits), right)
    if scale == "log" and low <= 0:
        raise refuse(where, repr(limits), "ratios above 0, such as (0.1, 10)")
    least = {"logit": 0.0, "fisher_z": -1.0}.get(scale, low - 1)
    if scale in ("logit", "fisher_z") and not least < low < high < 1:
        raise refuse(where, repr(limits), f"{NAMES[scale]}s between {least:g} and 1")
    return from_readers(low, scale), from_readers(high, scale)


def arrows(ax: Axes, x: Array, y: Array, **style: Any) -> None:
    """Mark points outside the axes by arrows at the edge; call when the limits are set."""
    (x0, x1), (y0, y1) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
    for px, py in zip(x, y, strict=True):
        if x0 <= px <= x1 and y0 <= py <= y1:
            continue
        marker = "<" if px < x0 else ">" if px > x1 else ("v" if py < y0 else "^")
        if x0 <= px <= x1 and ax.yaxis_inverted():
            marker = {"v": "^", "^": "v"}[marker]
        at = min(max(px, x0), x1), min(max(py, y0), y1)
        kinds = {"s": 16, "color": INK, "zorder": 5, "clip_on": False, "label": "_arrow"}
        ax.scatter([at[0]], [at[1]], marker=marker, **{**kinds, **style})


def label_points(
    ax: Axes,
    x: Sequence[float],
    y: Sequence[float],
    names: Sequence[str],
    avoid: Array,
    size: float = 5.8,
) -> list[bool]:
    """Write names beside points where they cover no other name or point; say which were written.

    The limits and the size of the axes must be final but for the layout. ``avoid`` (n, 2) are
    points in data coordinates.
    """  # fmt: skip
    figure = ax.figure.get_figure(root=True)
    if figure is None:
        return [False] * len(names)
    figure.draw_without_rendering()
    box = ax.get_window_extent()
    taken: list[tuple[float, float, float, float]] = []
    marks = ax.transData.transform(avoid) if len(avoid) else np.empty((0, 2))
    done = []
    line = {"arrowstyle": "-", "lw": 0.4, "color": GREY, "shrinkA": 0, "shrinkB": 1.5}
    for px, py, name in zip(x, y, names, strict=True):
        text = ax.annotate(
            fitted(name, 88.0, size), (px, py), xytext=(0, 0), textcoords="offset points",
            fontsize=size, color=INK, parse_math=False, zorder=6, arrowprops=line,
        )  # fmt: skip
        done.append(_settle(text, box, taken, marks))
    return done


_NEAR = 4  # the first places need no line to the point
_OFFSETS = [
    (4, 0, "left", "center"), (-4, 0, "right", "center"), (0, 4, "center", "bottom"),
    (0, -4, "center", "top"), (4, 4, "left", "bottom"), (-4, 4, "right", "bottom"),
    (4, -4, "left", "top"), (-4, -4, "right", "top"), (9, 8, "left", "bottom"),
    (-9, 8, "right", "bottom"), (9, -8, "left", "top"), (-9, -8, "right", "top"),
    (0, 12, "center", "bottom"), (0, -12, "center", "top"), (14, 15, "left", "bottom"),
    (-14, 15, "right", "bottom"), (14, -15, "left", "top"), (-14, -15, "right", "top"),
]  # fmt: skip


def _settle(
    text: Any, box: Any, taken: list[tuple[float, float, float, float]], marks: Array
) -> bool:
    from matplotlib.text import Text

    for i, (dx, dy, ha, va) in enumerate(_OFFSETS):
        text.set(ha=ha, va=va)
        text.set_position((dx, dy))
        text.get_window_extent()  # brings it to its place
        b = Text.get_window_extent(text)  # without the line to the point
        inside = box.x0 <= b.x0 and b.x1 <= box.x1 and box.y0 <= b.y0 and b.y1 <= box.y1
        free = all(b.x1 < t[0] or t[2] < b.x0 or b.y1 < t[1] or t[3] < b.y0 for t in taken)
        within = (marks[:, 0] > b.x0 - 1) & (marks[:, 0] < b.x1 + 1)
        within &= (marks[:, 1] > b.y0 - 1) & (marks[:, 1] < b.y1 + 1)
        if inside and free and not within.any():
            taken.append((b.x0 - 1, b.y0 - 1, b.x1 + 1, b.y1 + 1))
            text.arrow_patch.set_visible(i >= _NEAR)
            return True
    text.remove()
    return False


def legend_below(ax: Axes, columns: int = 2) -> None:
    """Put the legend under the axes, where it covers nothing."""
    figure = ax.figure.get_figure(root=True)
    if figure is None:
        return
    handles, words = ax.get_legend_handles_labels()
    if handles:
        box = figure.legend(
            handles, words, loc="outside lower center", ncols=columns, handlelength=1.6,
            columnspacing=1.2, handletextpad=0.5, borderpad=0.2,
        )  # fmt: skip
        for text in box.get_texts():
            text.set_parse_math(False)


def pooled_text(fit: PooledFit) -> str:
    """Pooled estimate with its interval: ``pooled risk ratio 0.49 (95 % CI 0.34 to 0.70)``."""
    table, places = fit.table, places_for(fit.table)
    name = "single study" if fit.model == "single study" else "pooled"
    ends = interval_text(fit.ci_low, fit.ci_high, table.scale, places)
    found = effect_text(fit.estimate, table.scale, places)
    words = effect_name(table)
    return f"{name} {words[:1].lower()}{words[1:]} {found} ({level_text(fit.level)} CI {ends})"


def counted(n: int, one: str = "study", many: str = "studies") -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1), counted(3)
    ('1 study', '3 studies')
    """
    return f"{n} {one if n == 1 else many}"


def sentence(words: str) -> str:
    """Put a capital at the start."""
    return words[:1].upper() + words[1:]


def reference_line(ax: Axes, place: float, which: str = "x", **style: Any) -> None:
    """Thin line at the value of no effect, or of another reference."""
    kinds = {"color": GREY, "lw": 0.7, "zorder": 1, **style}
    (ax.axvline if which == "x" else ax.axhline)(place, **kinds)
