"""Words that must fit: measured in points, shortened in the middle, broken into lines."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from evidence.report.figures.style import SMALL, STYLE

MORE = "\u2026"


# Rounding to dots makes text wider at some resolutions: it must fit at all of these.
RESOLUTIONS = (100.0, 144.0, 200.0, 300.0)


@lru_cache(maxsize=1)
def _renderers() -> tuple[Any, ...]:
    from matplotlib.backends.backend_agg import RendererAgg

    made: Any = RendererAgg  # its signature is untyped
    return tuple(made(10, 10, dots) for dots in RESOLUTIONS)


@lru_cache(maxsize=20_000)
def text_width(words: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text in points, the largest at the usual resolutions.

    Examples
    --------
    >>> 10 < text_width("study", 7.0) < text_width("study", 7.0, "bold") < 30
    True
    """
    import matplotlib as mpl
    from matplotlib.font_manager import FontProperties

    font = FontProperties(family=STYLE["font.family"], size=size, weight=weight)
    before = mpl.rcParams["text.hinting"]
    mpl.rcParams["text.hinting"] = SMALL["text.hinting"]
    try:
        return max(
            float(72.0 / r.dpi * r.get_text_width_height_descent(words, font, False)[0])
            for r in _renderers()
        )
    finally:
        mpl.rcParams["text.hinting"] = before


def fitted(words: str, room: float, size: float, weight: str = "normal") -> str:
    """Shorten text in its middle until it is no wider than ``room`` points; its end, a year, stays.

    Examples
    --------
    >>> fitted("Christodoulopoulos-Papadopoulos and colleagues 1998", 80.0, 7.0)
    'Christodoulop…s 1998'
    """
    if text_width(words, size, weight) <= room:
        return words
    tail = words[-6:] if len(words) > 12 else ""
    low, high = 0, max(len(words) - len(tail) - 1, 0)
    while low < high:
        middle = (low + high + 1) // 2
        made = words[:middle].rstrip() + MORE + tail
        low, high = (middle, high) if text_width(made, size, weight) <= room else (low, middle - 1)
    made = words[:low].rstrip() + MORE + tail
    if text_width(made, size, weight) <= room or not tail:
        return made
    return MORE


def wrapped(words: str, room: float, size: float, weight: str = "normal", most: int = 3) -> str:
    """Break text into at most so many lines no wider than ``room`` points; the last is shortened.

    Examples
    --------
    >>> wrapped("a title of several words", 60.0, 7.0).count(chr(10))
    1
    """
    lines: list[str] = []
    left = words.split(" ")
    while left and len(lines) < most - 1:
        n = 1
        while n < len(left) and text_width(" ".join(left[: n + 1]), size, weight) <= room:
            n += 1
        lines.append(fitted(" ".join(left[:n]), room, size, weight))
        left = left[n:]
    if left:
        lines.append(fitted(" ".join(left), room, size, weight))
    return "\n".join(lines)
