"""What the tests of figures share: data, and checks of what stands on the canvas."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import EffectTable, table_of
from evidence.report.figures.plot import Plot
from evidence.report.figures.style import style

REFERENCE = Path(__file__).parents[2] / "reference"
SVG = "{http://www.w3.org/2000/svg}"
LATITUDE = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
ALLOCATION = ["random"] * 4 + ["alternate"] * 2 + ["random"] * 3 + ["systematic"] * 4
YEAR = [1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976]


def bcg_counts() -> pd.DataFrame:
    plain = json.loads((REFERENCE / "effect_sizes" / "bcg-or.json").read_text(encoding="utf-8"))
    return pd.DataFrame(plain["data"])


def bcg(measure: str = "RR") -> EffectTable:
    return effect_sizes(
        bcg_counts(),
        measure=measure,
        study="study",
        events1="ai",
        nonevents1="bi",
        events2="ci",
        nonevents2="di",
    )


def many(k: int, names: list[str] | None = None, scale: Any = "log") -> EffectTable:
    random = np.random.default_rng(k)
    s = random.uniform(0.05, 0.6, k)
    y = random.normal(0.3, 0.2, k) + s * random.normal(size=k)
    labels = names or [f"Author {i} and colleagues {1950 + i % 70}" for i in range(k)]
    return table_of(y, s, labels=labels, scale=scale, measure="OR" if scale == "log" else "MD")


def texts_of(figure: Figure) -> list[Text]:
    """Texts that are seen: titles, names of axes, tick labels, labels, legends."""
    found: list[Text] = [*figure.texts]
    if figure._suptitle is not None:  # type: ignore[attr-defined]
        found = [t for t in found if t is not figure._suptitle] + [figure._suptitle]  # type: ignore[attr-defined]
    for ax in figure.axes:
        found += [*ax.texts, ax.title, ax._left_title, ax._right_title]  # type: ignore[attr-defined]
        if not ax.axison:
            continue
        for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            found.append(axis.label)
            low, high = sorted(ends)
            for place, tick in zip(
                axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False
            ):
                if low <= place <= high:
                    found.append(tick)
    for legend in figure.legends:
        found += legend.get_texts()
    return [t for t in found if t.get_text().strip() and t.get_visible()]


def assert_readable(plot: Plot, *, least: float = 5.4) -> None:
    """No text covers another or leaves the sheet, none is smaller than can be read."""
    figure = plot.figure
    with style(small=True):
        figure.draw_without_rendering()
        boxes = []
        for text in texts_of(figure):
            assert text.get_fontsize() >= least, text.get_text()
            text.get_window_extent()
            boxes.append((text.get_text(), Text.get_window_extent(text)))
    wide, tall = figure.get_size_inches() * figure.dpi
    for words, box in boxes:
        inside = box.x0 >= -0.5 and box.x1 <= wide + 0.5 and box.y0 >= -0.5 and box.y1 <= tall + 0.5
        assert inside, f"{words!r} leaves the sheet: {box}"
    for (one, a), (other, b) in combinations(boxes, 2):
        # Lines of text carry air above and below; one pixel of it may be shared.
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1.6 or b.y1 <= a.y0 + 1.6
        assert apart, f"{one!r} and {other!r} overlap"


def assert_whole(plot: Plot) -> ET.Element:
    """The Plot has its words, finite numbers, and an SVG that is well formed and harmless."""
    assert plot.title
    assert plot.description.endswith(".")
    assert len(plot.data)
    numbers = plot.data.select_dtypes("number").to_numpy(dtype=float)
    assert np.isfinite(numbers).all()
    root = ET.fromstring(plot.svg().decode("utf-8"))
    assert root.get("role") == "img"
    assert (root.find(f"{SVG}title").text, root.find(f"{SVG}desc").text) == (  # type: ignore[union-attr]
        plot.title,
        plot.description,
    )
    assert not list(root.iter(f"{SVG}script"))
    for element in root.iter():
        assert not [name for name in element.attrib if name.lower().startswith("on")]
    return root


def offsets(
    ax: Any, *, label: str | None = None, marker: int | None = None
) -> np.ndarray[Any, Any]:
    """Places of all scatter points (n, 2), of those with a label where one is stated."""
    found = [
        np.asarray(c.get_offsets())
        for c in ax.collections
        if hasattr(c, "get_offsets") and len(c.get_offsets()) and isinstance(c, PathCollection)
        and (label is None or c.get_label() == label)
    ]  # fmt: skip
    return np.vstack(found) if found else np.empty((0, 2))


def arrow_count(plot: Plot) -> int:
    return sum(c.get_label() == "_arrow" for ax in plot.figure.axes for c in ax.collections)
