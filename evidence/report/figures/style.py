"""How every figure looks and is written: fonts, colours, SVG and PNG with the same bytes each time.

No text of the user's is ever read as a formula, and none can break the SVG.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#d9d9d9"
# seaborn's colorblind palette
BLUE, ORANGE, GREEN, VERMILION, PINK = "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "evidence",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a title is no formula
    "font.family": ["DejaVu Sans", "sans-serif"],
    "figure.dpi": 100,
    "savefig.dpi": 144,
    "path.simplify": False,
}
# Sizes at which text is still read when a figure is printed one or two columns wide.
SMALL: dict[Any, Any] = {
    "text.hinting": "none",  # hinted text is wider at some resolutions than at others
    "font.size": 7.0,
    "axes.labelsize": 7.0,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.2,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "lines.linewidth": 0.9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def style(*, small: bool = False) -> Iterator[None]:
    """Draw in the package's style, whatever the user has set; ``small`` for journal widths."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        # A sign that the font lacks is a box in the PNG; the SVG leaves it to the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE | SMALL if small else STYLE)
        yield


def svg_bytes(figure: Figure, title: str, description: str) -> bytes:
    """Write a figure as SVG, with title and description for screen readers."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode("utf-8")
    start = text.index("<svg ")
    end = text.index(">", start)
    head = text[start:end] + ' role="img" aria-labelledby="title desc">'
    words = f'\n <title id="title">{escape(title)}</title>'
    words += f'\n <desc id="desc">{escape(description)}</desc>'
    return (text[:start] + head + words + text[end + 1 :]).encode("utf-8")


def png_bytes(figure: Figure, dpi: float | None = None, description: str = "") -> bytes:
    """Write a figure as PNG; its description stands in the file, to be compared with."""
    buffer = io.BytesIO()
    words = {"Description": clean(description)} if description else {}
    figure.savefig(buffer, format="png", metadata={"Software": None, **words}, dpi=dpi)
    return buffer.getvalue()


def clean(words: object) -> str:
    r"""Put text on one line, without signs that no file can hold or that turn its direction.

    Examples
    --------
    >>> clean(" Doe\n2001\x00 ")
    'Doe 2001'
    """
    return " ".join("".join(map(_kept, str(words))).split())


def _kept(sign: str) -> str:
    """Joiners that shape letters and emoji stay; line ends become spaces; other controls go."""
    if sign in "\u200c\u200d":
        return sign
    if sign in "\n\r\t\x0b\x0c\x1c\x1d\x1e\x1f\x85":
        return " "
    forbidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs") or sign in "\ufffe\uffff"
    return "" if forbidden else sign
