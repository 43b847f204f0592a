"""gosh_plot: estimate against heterogeneity over the subsets of the studies."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind, did_you_mean
from evidence.models.frequentist.gosh import Gosh
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    check_choice,
    effect_axis,
    effect_text,
    name_axes,
    padded,
    plain_axis,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, ORANGE, clean, style
from evidence.report.figures.words import fitted, wrapped

Vertical = Literal["i2", "tau2", "h2", "q"]
NAMES = {"i2": "I² (%)", "tau2": "τ²", "h2": "H²", "q": "Cochran's Q"}
MOST = 20_000  # dots a figure can show; more are drawn as a stated sample
BINS = 60


def gosh_plot(
    found: Gosh,
    *,
    y: Vertical = "i2",
    study: str | None = None,
    scale: Literal["identity", "log"] = "identity",
    name: str = "Pooled estimate",
    title: str | None = None,
    width: float = TWO_COLUMNS / 1.5,
) -> Plot:
    """GOSH plot (Olkin, Dahabreh and Trikalinos 2012), with the margins' distributions.

    Subsets of one study have no heterogeneity and are left out. Above 20,000 subsets every n-th is
    drawn as a dot; the margins are of all.

    Parameters
    ----------
    found : Gosh
    y : {"i2", "tau2", "h2", "q"}
    study : str, optional
        Row id of the study whose subsets are set apart by colour from those without it.
    scale : {"identity", "log"}
        "log" where the estimates are logarithms, for the axis to show ratios.
    name : str
        What the estimates are.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: x (estimate), y, k and, with ``study``, with_study, a row a dot.

    Raises
    ------
    ReportError
        If the study is unknown, or the fits were not of random effects and ``y`` is "tau2".

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.gosh import gosh
    >>> found = gosh(table_of([0.0, 1.0, 5.0], [1, 1, 1], labels=["a", "b", "c"]), model="common")
    >>> plot = gosh_plot(found, study="c")
    >>> plot.data["x"].tolist(), plot.data["with_study"].tolist()
    ([0.5, 2.5, 3.0, 2.0], [False, True, True, True])
    """
    check_kind("found", found, Gosh, ReportError)
    check_choice("y", y, get_args(Vertical))
    check_choice("scale", scale, ("identity", "log"))
    if y not in found.fits:
        raise refuse("y", "a common effect has no tau2", "y='i2'")
    several = found.fits["k"].to_numpy() > 1
    inside = _inside(found, study)
    columns = {"x": found.fits["estimate"], "y": found.fits[y], "k": found.fits["k"].astype(int)}
    every = pd.DataFrame(columns)[several]
    if inside is not None:
        every["with_study"] = inside[several]
    if not len(every):
        raise refuse("found", "no subset has two studies", "draw more subsets")
    every = every.reset_index(drop=True).rename_axis("subset")
    data = every.iloc[:: max(1, -(-len(every) // MOST))]
    with style(small=True):
        figure = sheet(width, share=0.85)
        grid = figure.add_gridspec(2, 2, width_ratios=(5, 1), height_ratios=(1, 5))
        ax = figure.add_subplot(grid[1, 0])
        effect_axis(ax, padded(every["x"], 0.03), scale)
        plain_axis(ax, padded(every["y"], 0.03), "y")
        above = figure.add_subplot(grid[0, 0], sharex=ax)
        beside = figure.add_subplot(grid[1, 1], sharey=ax)
        parts = _parts(data, study)
        dot = float(np.clip(8000 / len(data), 0.8, 12))
        for part, color, marker, label in parts:
            ax.scatter(
                part["x"], part["y"], s=dot, c=color, marker=marker, linewidths=0, label=label,
                alpha=float(np.clip(3000 / len(data), 0.25, 0.9)), zorder=3, rasterized=True,
            )  # fmt: skip
        for part, color, _, _ in _parts(every, study):
            _margin(above, part["x"], ax.get_xlim(), color, "vertical")
            _margin(beside, part["y"], ax.get_ylim(), color, "horizontal")
        name_axes(ax, f"{name}, log scale" if scale == "log" else name, NAMES[y])
        if title:
            lines = wrapped(clean(title), 0.9 * width / INCH * 72.0, 7.5, "bold")
            figure.suptitle(lines, x=0.02, ha="left", weight="bold", size=7.5, parse_math=False)
        if study is not None:
            keys = [
                figure.axes[0].scatter([], [], s=14, c=color, marker=marker, linewidths=0)
                for _, color, marker, _ in parts
            ]
            box = figure.legend(keys, [p[3] for p in parts], loc="outside lower center", ncols=2)
            for text in box.get_texts():
                text.set_parse_math(False)
        head = f"GOSH plot of {len(every):,} subsets of {len(found.names)} studies"
        return finished(
            "gosh", title or head, _told(head, found, every, y, study, scale), data, figure
        )


def _inside(found: Gosh, study: str | None) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
    if study is None:
        return None
    names = [str(n) for n in found.names]
    if not isinstance(study, str) or study not in names:
        raise refuse("study", f"unknown: {study!r}", did_you_mean(study, names))
    return np.asarray(found.members[:, names.index(study)])


def _parts(data: pd.DataFrame, study: str | None) -> list[tuple[pd.DataFrame, str, str, str]]:
    """Dots by colour; the marker tells them apart without colour."""
    if study is None:
        return [(data, BLUE, "o", "subset")]
    told = fitted(clean(study), 110.0, 6.2)
    return [
        (data[~data["with_study"]], BLUE, "o", f"without {told}"),
        (data[data["with_study"]], ORANGE, "^", f"with {told}"),
    ]


def _margin(
    ax: Any, values: pd.Series[float], ends: tuple[float, float], color: str, way: str
) -> None:
    ax.hist(
        values, bins=np.linspace(*ends, BINS + 1), color=color, alpha=0.55, orientation=way,
        edgecolor=GREY, linewidth=0.2, histtype="stepfilled",
    )  # fmt: skip
    ax.set_axis_off()


def _told(
    head: str, found: Gosh, every: pd.DataFrame, y: str, study: str | None, scale: str
) -> str:
    words, unit = ("I²", " %") if y == "i2" else (NAMES[y], "")

    def middle(part: pd.DataFrame) -> str:
        if not len(part):
            return "none"
        estimate = effect_text(float(part["x"].median()), scale, 3)
        return f"{estimate} with {words} {part['y'].median():.3g}{unit}"

    drawn = "all subsets" if found.complete else "randomly drawn subsets"
    ends = [effect_text(float(v), scale, 3) for v in (every["x"].min(), every["x"].max())]
    text = (
        f"{head}, {drawn}: pooled estimate, from {ends[0]} to {ends[1]}, against {words}, from "
        f"{every['y'].min():.3g} to {every['y'].max():.3g}{unit}. Median {middle(every)}."
    )
    if study is None:
        return text
    groups = [every[every["with_study"] == inside] for inside in (True, False)]
    return f"{text} With {study}: {middle(groups[0])}; without: {middle(groups[1])}."
