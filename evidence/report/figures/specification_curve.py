"""specification_curve: the estimates of a multiverse in order, above the choices behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.sizes.registry import MEASURES
from evidence.errors import ReportError, check_kind, is_number
from evidence.models.multiverse.result import Multiverse
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    effect_axis,
    effect_text,
    interval_text,
    padded,
    reference_line,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, VERMILION, clean, style
from evidence.report.figures.words import fitted, text_width
from evidence.report.numbers import decimals_for, level_text, pretty_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
FEW = 200  # universes drawn one by one; more are a band above and shades below
MOST_OPTIONS = 12  # rows of one dimension; what is more stands in one row
BINS = 150
UPPER, ROW = 58.0, 3.0  # mm
MOST_LEFT = 0.4  # of the width, for the names of the options
Row = tuple[str, bool, Array | None]


def specification_curve(
    result: Multiverse,
    *,
    threshold: float | None = None,
    principled: bool = False,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Draw the specification curve of a multiverse (Simonsohn, Simmons and Nelson 2020).

    Above, the distinct universes in the order of their estimates, with confidence intervals;
    below, the options each of them took. Above 200 universes the intervals are a band, and a row
    below is the darker the more universes at that place took the option. Of a dimension with more
    than 12 options, those after the 11th share one row.

    Parameters
    ----------
    result : Multiverse
    threshold : float, optional
        An effect that matters, on the analysis scale; a dotted line.
    principled : bool
        Whether to draw the principled universes alone.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: one row a universe, in order: universe, estimate, ci_low, ci_high, significant,
        primary, and the options.

    Raises
    ------
    ReportError
        If no universe has an answer, or the threshold is not finite.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.multiverse.dimensions import Dimension
    >>> from evidence.models.multiverse.multiverse import multiverse
    >>> table = table_of([0.1, 0.4, 0.5], [0.2, 0.1, 0.2])
    >>> models = Dimension("model", "model", {"random": "random", "common": "common"}, "both used")
    >>> plot = specification_curve(multiverse(table, [models]))
    >>> plot.data["model"].tolist()
    ['random', 'common']
    """
    check_kind("result", result, Multiverse, ReportError)
    if threshold is not None and not is_number(threshold):
        raise refuse("threshold", repr(threshold), "a finite number")
    found = result.answered(principled=principled)
    if not len(found):
        raise refuse("result", "no universe has an answer", "its column 'reason' says why")
    data = _ordered(found, result)
    rows = _option_rows(data, result)
    tall = UPPER + ROW * len(rows) + 12.0
    with style(small=True):
        figure = sheet(width, tall, least=85.0)
        figure.set_layout_engine("none")
        room = max(text_width(_row_words(row), 6.5, "bold") for row in rows) + 8.0
        left = float(np.clip(room * INCH / 72.0 / width, 14.0 / width, MOST_LEFT))
        places = 7.0 / tall, (9.0 + ROW * len(rows)) / tall
        ax = figure.add_axes((left, places[1], 0.985 - left, 0.86 * UPPER / tall))
        below = figure.add_axes((left, places[0], 0.985 - left, ROW * len(rows) / tall), sharex=ax)
        _curve(ax, data, result, threshold)
        _matrix(below, data, rows, width * left / INCH * 72.0 - 6.0)
        figure.legend(
            *ax.get_legend_handles_labels(), loc="upper left", ncols=6, borderpad=0.0,
            bbox_to_anchor=(0.01, 1.0 - (6.5 if title else 2.0) / tall), handletextpad=0.4,
            columnspacing=1.0, borderaxespad=0.0,
        )  # fmt: skip
        shortened = fitted(clean(title or ""), width / INCH * 70.0, 7.5, "bold")
        figure.text(
            0.01, 1.0 - 2.0 / tall, shortened, weight="bold", size=7.5, va="top", parse_math=False
        )
        head = f"Specification curve of {len(data):,} universes"
        told = _told(head, data, result, threshold, principled=principled)
        return finished("specification curve", title or head, told, data, figure)


def _ordered(found: pd.DataFrame, result: Multiverse) -> pd.DataFrame:
    first = pd.DataFrame({"universe": found.index, "estimate": found["estimate"].to_numpy()})
    for name in ("ci_low", "ci_high"):
        first[name] = found[name].to_numpy()
    first["significant"] = found["p"].to_numpy() < 1.0 - result.level
    first["primary"] = found["primary"].to_numpy()
    for dimension in result.dimensions:
        first[dimension.name] = found[dimension.name].astype(str).to_numpy()
    order = np.argsort(first["estimate"].to_numpy(), kind="stable")
    return first.iloc[order].set_axis(pd.RangeIndex(1, len(first) + 1, name="rank"))


def _option_rows(data: pd.DataFrame, result: Multiverse) -> list[Row]:
    """Rows of the lower panel: words, whether it is merely possible, and who took it.

    None of the last: a heading.
    """
    rows: list[Row] = []
    if len(data) > FEW:
        words = f"{level_text(result.level)} CI excludes no effect"
        rows.append((words, False, data["significant"].to_numpy(dtype=np.float64)))
    for dimension in result.dimensions:
        rows.append((dimension.name, False, None))
        labels, taken = dimension.labels, data[dimension.name].to_numpy()
        if len(labels) > MOST_OPTIONS:
            labels = labels[: MOST_OPTIONS - 1]
        rows += [
            (label, label in dimension.possible, (taken == label).astype(np.float64))
            for label in labels
        ]
        rest = dimension.labels[len(labels) :]
        if rest:
            weak = all(label in dimension.possible for label in rest)
            others = np.isin(taken, rest).astype(np.float64)
            rows.append((f"any of {len(rest)} others", weak, others))
    return rows


def _row_words(row: Row) -> str:
    return clean(row[0]) + (" *" if row[1] else "")


def _curve(ax: Axes, data: pd.DataFrame, result: Multiverse, threshold: float | None) -> None:
    x = data.index.to_numpy(dtype=np.float64)
    y, low, high = (data[name].to_numpy() for name in ("estimate", "ci_low", "ci_high"))
    ax.set_xlim(0.0, len(data) + 1.0)
    ends = _ends(data, threshold)
    effect_axis(ax, ends, result.scale, "y")
    reference_line(ax, 0.0, "y")
    ax.axhline(np.median(y), color=ORANGE, lw=0.9, ls=(0, (5, 2)), zorder=2, label="median")
    if threshold is not None:
        ax.axhline(threshold, color=INK, lw=0.9, ls=":", zorder=2, label="threshold")
    if len(data) > FEW:
        words = f"{level_text(result.level)} CI"
        ax.fill_between(x, low, high, color="#cfdcea", lw=0, step="mid", zorder=0, label=words)
        ax.plot(x, y, color=BLUE, lw=1.6, zorder=3, label="estimate")
    else:
        _one_by_one(ax, data, result)
    for beyond, marker in ((y > ends[1], "^"), (y < ends[0], "v")):
        edge = np.full(int(beyond.sum()), ends[1] if marker == "^" else ends[0])
        label = "estimate off the axis" if len(edge) else None
        ax.scatter(x[beyond], edge, s=12, marker=marker, color=INK, clip_on=False, label=label)
    own = data[data["primary"]]
    if len(own):
        ax.scatter(
            own.index, own["estimate"], s=26, marker="D", color=VERMILION, edgecolors="white",
            linewidths=0.5, zorder=5, label="primary analysis",
        )  # fmt: skip
    ax.tick_params(axis="x", bottom=False, labelbottom=False)
    ax.spines["bottom"].set_visible(False)
    ax.set_ylabel(fitted(_effect(result), 0.8 * UPPER / INCH * 72.0, 7.0), parse_math=False)


def _ends(data: pd.DataFrame, threshold: float | None) -> tuple[float, float]:
    """Ends of the axis: most intervals, the primary one, and estimates not too far from them."""
    y, own = data["estimate"], data[data["primary"]]
    lines = [0.0] if threshold is None else [0.0, threshold]
    inner = [*lines, *own["ci_low"], *own["ci_high"], *y.quantile([0.1, 0.9])]
    inner += [data["ci_low"].quantile(0.1), data["ci_high"].quantile(0.9)]
    low, high = min(inner), max(inner)
    reach = high - low
    near = y[(y >= low - reach) & (y <= high + reach)]
    return padded([low, high, *near])


def _one_by_one(ax: Axes, data: pd.DataFrame, result: Multiverse) -> None:
    words = (f"{level_text(result.level)} CI excludes no effect", "includes it")
    ends = ax.get_ylim()
    shown = data[data["estimate"].between(*ends)]
    for (sure, part), color, marker, label in zip(
        ((True, shown[shown["significant"]]), (False, shown[~shown["significant"]])),
        (BLUE, GREY),
        "os",
        words,
        strict=True,
    ):
        ax.vlines(part.index, part["ci_low"], part["ci_high"], color=color, lw=0.7, zorder=1)
        ax.scatter(
            part.index, part["estimate"], s=float(np.clip(900 / len(data), 4, 14)), marker=marker,
            facecolors=color if sure else "white", edgecolors=color, linewidths=0.6, zorder=3,
            label=label,
        )  # fmt: skip


def _matrix(ax: Axes, data: pd.DataFrame, rows: list[Row], room: float) -> None:
    n = len(data)
    x = data.index.to_numpy(dtype=np.float64)
    sure = data["significant"].to_numpy(dtype=np.bool_)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_axis_off()
    edges = np.linspace(0.5, n + 0.5, BINS + 1)
    place = np.clip(np.digitize(x, edges) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    look: dict[str, Any] = {"ha": "right", "va": "center", "clip_on": False, "parse_math": False}
    for at, row in enumerate(rows):
        taken, weight = row[2], "bold" if row[2] is None else "normal"
        told = fitted(_row_words(row), room, 6.5, weight)
        ax.annotate(
            told, (0.0, at), xytext=(-4.0, 0.0), xycoords=ax.get_yaxis_transform(),
            textcoords="offset points", weight=weight, size=6.5, **look,
        )  # fmt: skip
        if taken is None:
            if at:
                ax.axhline(at - 0.5, color="#d4d4d4", lw=0.5)
            continue
        ax.axhline(at, color="#eeeeee", lw=0.5, zorder=0)
        if n > FEW:
            share = np.bincount(place, weights=taken, minlength=BINS) / np.maximum(count, 1)
            ax.pcolormesh(
                edges, [at - 0.38, at + 0.38], share[None], cmap="Blues" if at == 0 else "Greys",
                vmin=0.0, vmax=1.0, rasterized=True, zorder=1,
            )  # fmt: skip
        else:
            for part, color in ((sure, BLUE), (~sure, GREY)):
                on = x[(taken > 0) & part]
                ax.vlines(on, at - 0.34, at + 0.34, color=color, lw=_stroke(n), zorder=1)
    if any(weak for _, weak, _ in rows):
        ax.annotate(
            "* merely possible, not as good as the other options", (0.0, 0.0), xytext=(0.0, -4.0),
            xycoords="axes fraction", textcoords="offset points", size=6.0, va="top",
        )  # fmt: skip


def _stroke(n: int) -> float:
    """Width of one universe's mark in points."""
    return float(np.clip(240.0 / n, 0.9, 3.0))


def _effect(result: Multiverse) -> str:
    known = {code: measure.title for code, measure in MEASURES.items()}
    words = known.get(result.measure, "Estimate" if result.measure == "GEN" else result.measure)
    if result.scale == "log":
        words = words.removeprefix("log ")
    unit = f" ({pretty_unit(result.unit)})" if result.unit else ""
    return clean(words[:1].upper() + words[1:] + unit + (", log scale" * (result.scale == "log")))


def _told(
    head: str, data: pd.DataFrame, result: Multiverse, threshold: float | None, *, principled: bool
) -> str:
    y, scale = data["estimate"], result.scale
    places = (
        2 if scale == "log" else decimals_for([float((data["ci_high"] - data["ci_low"]).min())])
    )
    summary = result.summary(threshold=threshold, principled=principled)

    def text(value: float) -> str:
        return effect_text(float(value), scale, places)

    words = [
        f"{head}{', the principled ones' if principled else ''}, of {summary.declared:,} "
        f"combinations: {summary.excluded:,} excluded, {summary.duplicates:,} duplicates, "
        f"{summary.failed:,} without an answer.",
        f"{_effect(result)}: median {text(y.median())}, from {text(y.min())} to {text(y.max())}; "
        f"{100 * summary.share_significant:.0f} % of intervals exclude no effect.",
    ]
    own = data[data["primary"]]
    if len(own):
        ends = interval_text(
            float(own["ci_low"].iloc[0]), float(own["ci_high"].iloc[0]), scale, places
        )
        words.append(
            f"Primary analysis: {text(own['estimate'].iloc[0])} ({ends}), rank {own.index[0]:,}."
        )
    if summary.share_beyond is not None and threshold is not None:
        words.append(f"Beyond {text(threshold)}: {100 * summary.share_beyond:.0f} %.")
    for dimension in result.dimensions:
        middles = data.groupby(dimension.name, sort=False)["estimate"].median()
        told = [f"{o} {text(middles[o])}" for o in dimension.labels[:MOST_OPTIONS] if o in middles]
        words.append(f"Median by {dimension.name}: {', '.join(told)}.")
    return " ".join(words)
