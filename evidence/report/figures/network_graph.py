"""network_graph: which treatments were compared, by how many studies and people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import ReportError, check_kind
from evidence.models.network.data import NetworkData
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    check_choice,
    counted,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    VERMILION,
    clean,
    style,
)
from evidence.report.figures.words import text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
NodeSize = Literal["participants", "studies", "equal"]
EdgeWidth = Literal["studies", "precision", "equal"]
SHADES = (ORANGE, GREEN, PINK, VERMILION, GREY)
HATCHES = ("", "///", "...", "\\\\\\", "xxx")
NAME, SMALL, LINE = 7.5, 6.2, 9.5  # points: names, numbers, from line to line
LARGEST, SMALLEST, THICK, THIN = 13.0, 3.5, 7.0, 0.7  # points: radius of nodes, width of lines
MOST_LABEL = 105.0  # points; longer names are broken into lines
MOST_SHADES = 5  # designs with a shade of their own; the others share the last one
SHARES = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)  # of a line's length
COLUMNS = ["kind", "name", "x", "y", "x2", "y2", "studies", "participants", "size"]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Places in points: of the nodes (n, 2), of the centre, and the size of the sheet."""

    places: Array
    radius: float
    centre: tuple[float, float]
    width: float
    height: float


def network_graph(
    data: NetworkData,
    *,
    node_size: NodeSize | None = None,
    edge_width: EdgeWidth = "studies",
    multi_arm: bool = True,
    order: tuple[str, ...] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Draw the network: treatments on a circle, a line for each direct comparison.

    Parameters
    ----------
    data : NetworkData
    node_size : {"participants", "studies", "equal"}, optional
        What the areas of the nodes stand for; participants where all arms have an ``n``, else
        studies.
    edge_width : {"studies", "precision", "equal"}
        What the widths of the lines stand for: number of studies, or the sum of
        1 / std_error^2. The number of studies stands on each line.
    multi_arm : bool
        Shade the treatments that studies of three or more arms compared.
    order : tuple of str, optional
        All treatments, clockwise from the top; alphabetical if left out.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: kind ("treatment", "comparison", "multi-arm"), name, x, y, x2, y2 (points on the
        sheet; a line's ends), studies, participants (0: not known), size (radius or width in
        points).

    Raises
    ------
    ReportError
        If an option is wrong, or participants are not known.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> network_graph(network_contrasts(frame))
    Plot(network graph: Network of 3 treatments and 3 studies)
    """
    check_kind("data", data, NetworkData, ReportError)
    people = _participants(data)
    nodes = node_size or ("participants" if people else "studies")
    check_choice("node_size", nodes, get_args(NodeSize))
    check_choice("edge_width", edge_width, get_args(EdgeWidth))
    if nodes == "participants" and not people:
        raise refuse("node_size", "no n of the arms is known", "network_arms(..., n=...)")
    names = data.treatments if order is None else tuple(order)
    if sorted(names) != sorted(data.treatments):
        raise refuse("order", ", ".join(map(str, names)), "all treatments, each once")
    labels = [_label(name, min(MOST_LABEL, 0.23 * width / INCH * 72)) for name in names]
    designs = _multi_arm(data) if multi_arm else {}
    with style(small=True):
        legend = _legend_lines(designs, nodes, edge_width, width / INCH * 72)
        page = _layout(labels, width, len(legend), bool(title))
        figure = sheet(width, page.height / 72 * INCH)
        figure.set_layout_engine("none")  # every place is computed here, in points
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_xlim(0, page.width)
        ax.set_ylim(0, page.height)
        ax.set_axis_off()
        frame = _frame(data, names, page, designs, people, nodes, edge_width)
        _shade(ax, designs, names, page)
        _lines(ax, frame)
        _nodes(ax, frame, labels, page, people)
        _legend(ax, legend)
        if title:
            ax.text(8, page.height - 10, clean(title), fontsize=8.5, weight="bold", va="center")
        told = f"Network of {len(names)} treatments and {counted(data.k)}"
        description = _told(told, data, frame)
        return finished("network graph", title or told, description, frame, figure)


def _label(name: str, room: float) -> str:
    """Name in up to three lines, which may break after a plus or a stroke too."""
    words = clean(name)
    if text_width(words, NAME) > room:
        words = words.replace("+", "+ ").replace("/", "/ ")
    return wrapped(" ".join(words.split()), room, NAME, most=3)


def _participants(data: NetworkData) -> dict[str, float]:
    """People by treatment in the studies of the network; empty where some are not known."""
    if data.arms is None or "n" not in data.arms:
        return {}
    used = data.arms[data.arms["study"].isin(data.studies)]
    totals = used.groupby("treatment")["n"].sum()
    return {str(name): float(value) for name, value in totals.items()}


def _multi_arm(data: NetworkData) -> dict[tuple[str, ...], int]:
    found = Counter(ts for ts in data.designs.values() if len(ts) > 2)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _layout(labels: list[str], width: float, legend: int, titled: bool) -> _Sheet:
    """Circle as large as the labels beside it let it be."""
    n, wide = len(labels), width / INCH * 72
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    number = text_width("n = 000,000", SMALL)
    span = [max(number, *(text_width(x, NAME) for x in label.split("\n"))) for label in labels]
    tall = [(label.count("\n") + 2) * LINE for label in labels]
    gap = LARGEST + 6.0  # at most
    reach = []
    for a, s in zip(angle, span, strict=True):
        if abs(np.cos(a)) > 0.05:
            reach.append((wide / 2 - 6.0 - s - gap * abs(np.cos(a))) / abs(np.cos(a)))
    radius = float(min([0.36 * wide, 75.0 + 8.0 * n, *reach]))
    if radius < 40.0:
        raise refuse("width", f"{width:g} mm leave no room for the names", "a wider figure")
    top, bottom = (
        max([(radius * side * np.sin(a)) + gap + t for a, t in zip(angle, tall, strict=True)])
        for side in (1, -1)
    )
    below = LINE * 1.25 * legend + 12.0
    above = 22.0 if titled else 6.0
    height = float(top + bottom + below + above)
    centre = (wide / 2, below + float(bottom))
    places = np.column_stack(
        [centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)]
    )
    return _Sheet(places, radius, centre, wide, height)


def _frame(
    data: NetworkData,
    names: tuple[str, ...],
    page: _Sheet,
    designs: dict[tuple[str, ...], int],
    people: dict[str, float],
    nodes: str,
    edges: str,
) -> pd.DataFrame:
    """Everything drawn, one row a mark."""
    held = Counter(t for ts in data.designs.values() for t in ts)
    amount = {t: {"participants": people.get(t, 0.0), "studies": held[t]}.get(nodes, 1.0)
              for t in names}  # fmt: skip
    most = max(amount.values())
    apart = 2 * page.radius * float(np.sin(np.pi / max(len(names), 2)))
    top = min(LARGEST, 0.34 * apart)
    rows: list[tuple[object, ...]] = []
    for t, (x, y) in zip(names, page.places, strict=True):
        radius = top * (float(np.sqrt(amount[t] / most)) if nodes != "equal" else 0.5)
        size = max(radius, SMALLEST)
        rows.append(("treatment", t, x, y, x, y, held[t], people.get(t, 0.0), size))
    weight: dict[tuple[str, str], float] = {}
    studies: Counter[tuple[str, str]] = Counter()
    columns = (data.contrasts[c].tolist() for c in ("treatment1", "treatment2", "std_error"))
    for a, b, error in zip(*columns, strict=True):
        first, second = sorted((str(a), str(b)), key=names.index)
        studies[first, second] += 1
        weight[first, second] = weight.get((first, second), 0.0) + float(error) ** -2
    value = {p: {"studies": float(studies[p]), "precision": weight[p]}.get(edges, 1.0)
             for p in studies}  # fmt: skip
    largest = max(value.values())
    for a, b in sorted(studies, key=lambda p: (names.index(p[0]), names.index(p[1]))):
        thick = 1.5 if edges == "equal" else max(THICK * value[a, b] / largest, THIN)
        ends = (*page.places[names.index(a)], *page.places[names.index(b)])
        rows.append(("comparison", f"{a}:{b}", *ends, studies[a, b], 0.0, thick))
    for treatments, k in designs.items():
        middle = page.places[[names.index(t) for t in treatments]].mean(axis=0)
        rows.append(("multi-arm", ":".join(treatments), *middle, *middle, k, 0.0, 0.0))
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame.index.name = "row"
    return frame


def _shade(
    ax: Axes, designs: dict[tuple[str, ...], int], names: tuple[str, ...], page: _Sheet
) -> None:
    for i, treatments in enumerate(designs):
        corners = page.places[sorted(names.index(t) for t in treatments)]
        which = _shade_of(i, len(designs))
        if which == MOST_SHADES - 1 and len(designs) > MOST_SHADES:
            ax.fill(*corners.T, facecolor=SHADES[which], alpha=0.07, lw=0, zorder=1)
            continue
        # Patterns too: the shades overlap, and not everyone tells their colours apart.
        ax.fill(*corners.T, facecolor=SHADES[which], alpha=0.16, lw=0, zorder=1)
        ax.fill(*corners.T, facecolor="none", edgecolor=SHADES[which], alpha=0.45, lw=0,
                hatch=HATCHES[which], zorder=1)  # fmt: skip


def _lines(ax: Axes, frame: pd.DataFrame) -> None:
    lines = frame[frame["kind"] == "comparison"]
    nodes = frame.loc[frame["kind"] == "treatment", ["x", "y", "size"]].to_numpy(dtype=float)
    ends = lines[["x", "y", "x2", "y2"]].to_numpy(dtype=float)
    taken = [(node[:2], float(node[2])) for node in nodes]  # places and what they cover
    for i, (k, thick) in enumerate(zip(lines["studies"], lines["size"], strict=True)):
        x, y, x2, y2 = ends[i]
        ax.plot([x, x2], [y, y2], color=BLUE, lw=thick, alpha=0.8, solid_capstyle="butt", zorder=2)
        spot = _spot(ends[i], np.delete(ends, i, axis=0), taken)
        taken.append((spot, 5.0))
        ax.text(
            float(spot[0]), float(spot[1]), f"{k}", fontsize=SMALL, ha="center", va="center",
            zorder=4, color=INK,
            bbox={"boxstyle": "round,pad=0.18", "fc": "white", "ec": BLUE, "lw": 0.4},
        )  # fmt: skip


def _spot(line: Array, others: Array, taken: list[tuple[Array, float]]) -> Array:
    """Place of a line's number: near its middle, away from what stands there and from crossings."""
    tries = [line[:2] + share * (line[2:] - line[:2]) for share in SHARES]
    room = [min(float(np.hypot(*(p - q))) - r for q, r in taken) for p in tries]
    clear = [_nearest(p, others) for p in tries]
    for least in (7.0, 0.0):
        for p, free, away in zip(tries, room, clear, strict=True):
            if free > 6.0 and away >= least:
                return p
    return tries[int(np.argmax(room))]


def _nearest(point: Array, lines: Array) -> float:
    """Distance of a point from the nearest of some lines (k, 4); infinite without any."""
    if not len(lines):
        return np.inf
    start, step = lines[:, :2], lines[:, 2:] - lines[:, :2]
    share = ((point - start) * step).sum(axis=1) / (step**2).sum(axis=1)
    foot = start + np.clip(share, 0.0, 1.0)[:, None] * step
    return float(np.hypot(*(point - foot).T).min())


def _nodes(
    ax: Axes, frame: pd.DataFrame, labels: list[str], page: _Sheet, people: dict[str, float]
) -> None:
    from matplotlib.patches import Circle

    nodes = frame[frame["kind"] == "treatment"]
    for label, x, y, name, k, size in zip(
        labels, *(nodes[c] for c in ("x", "y", "name", "studies", "size")), strict=True
    ):
        ax.add_patch(Circle((x, y), size, facecolor=ORANGE, edgecolor=INK, lw=0.7, zorder=5))
        away = np.array([x - page.centre[0], y - page.centre[1]]) / page.radius
        at = np.array([x, y]) + away * (size + 5.0)
        side = "left" if away[0] > 0.05 else "right" if away[0] < -0.05 else "center"
        said = f"n = {people[name]:,.0f}" if people else counted(int(k))
        lines = label.count("\n") + 2
        # The block of name and number is pushed out as a whole: below or above by its own height.
        middle = at[1] + away[1] * (lines * LINE / 2)
        ax.text(at[0], middle + LINE * 0.5, label, fontsize=NAME, ha=side, va="center", zorder=6)
        below = middle - LINE * 0.5 * (lines - 1)
        ax.text(at[0], below, said, fontsize=SMALL, color=GREY, ha=side, va="center", zorder=6)


def _shade_of(i: int, n: int) -> int:
    """Number of the shade of the i-th of n designs; with too many the last ones share one."""
    return min(i, MOST_SHADES - 1) if n > MOST_SHADES else i


def _legend_lines(
    designs: dict[tuple[str, ...], int], nodes: str, edges: str, width: float
) -> list[tuple[int | None, float, str]]:
    """Lines of the legend: the shade that it explains, where it starts, and its words."""
    widths = {"studies": "number of studies", "precision": "precision (sum of 1 / SE²)"}
    areas = {"participants": "participants", "studies": "studies with the treatment"}
    said = ["Numbers on lines: studies"]
    said += [f"width of lines: {widths[edges]}"] if edges in widths else []
    said += [f"area of nodes: {areas[nodes]}"] if nodes in areas else []
    found: list[tuple[int | None, float, str]] = []
    _add(found, None, "; ".join(said), width)
    shown = list(designs.items())
    several = len(shown) > MOST_SHADES
    for i, (treatments, k) in enumerate(shown[: MOST_SHADES - several]):
        names = ", ".join(map(clean, treatments))
        _add(found, i, f"{counted(k)} of {len(treatments)} arms: {names}", width)
    if several:
        rest = shown[MOST_SHADES - 1 :]
        total = counted(sum(k for _, k in rest))
        words = f"{total} of three or more arms in {len(rest)} other designs"
        _add(found, MOST_SHADES - 1, words, width)
    return found


def _add(
    lines: list[tuple[int | None, float, str]], shade: int | None, words: str, width: float
) -> None:
    left = 8.0 if shade is None else 27.0
    for i, line in enumerate(wrapped(words, width - left - 8.0, SMALL, most=3).split("\n")):
        lines.append((None if i else shade, left, line))


def _legend(ax: Axes, lines: list[tuple[int | None, float, str]]) -> None:
    from matplotlib.patches import Rectangle

    last = sum(shade is not None for shade, _, _ in lines)
    for i, (shade, left, words) in enumerate(lines):
        y = 8.0 + LINE * 1.25 * (len(lines) - 1 - i)
        if shade is not None:
            plain = shade == MOST_SHADES - 1 and last == MOST_SHADES and "other designs" in words
            ax.add_patch(Rectangle((8.0, y - 3.5), 14.0, 7.0, lw=0, facecolor=SHADES[shade],
                                   alpha=0.25))  # fmt: skip
            ax.add_patch(Rectangle((8.0, y - 3.5), 14.0, 7.0, lw=0, facecolor="none", alpha=0.7,
                                   edgecolor=SHADES[shade],
                                   hatch="" if plain else HATCHES[shade]))  # fmt: skip
        ax.text(left, y, words, fontsize=SMALL, color=INK, va="center")


def _told(words: str, data: NetworkData, frame: pd.DataFrame) -> str:
    lines = frame[frame["kind"] == "comparison"]
    nodes = frame[frame["kind"] == "treatment"]
    several = frame[frame["kind"] == "multi-arm"]
    compared = [
        f"{n.replace(':', ' and ')}: {k}"
        for n, k in zip(lines["name"], lines["studies"], strict=True)
    ]
    held = [
        f"{n} ({counted(int(k))}" + (f", {p:,.0f} participants)" if p else ")")
        for n, k, p in zip(nodes["name"], nodes["studies"], nodes["participants"], strict=True)
    ]
    n = len(nodes)
    of = len(list(combinations(range(n), 2)))
    parts = len(data.parts)
    told = f"{words}. Treatments: {'; '.join(held)}. Direct comparisons ({len(lines)} of {of}), "
    told += f"with numbers of studies: {'; '.join(compared)}."
    if len(several):
        pairs = zip(several["name"], several["studies"], strict=True)
        groups = [f"{n.replace(':', ', ')} ({k})" for n, k in pairs]
        told += f" Multi-arm designs: {'; '.join(groups)}."
    return told + (f" The network falls into {parts} parts." if parts > 1 else "")
