"""A document as one self-contained HTML page."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from evidence.errors import Problem, ReportError
from evidence.report.document.blocks import headline
from evidence.report.document.resolve import Resolved

if TYPE_CHECKING:
    from jinja2 import Environment

# A page elsewhere, or a file beside the report: nothing that runs.
SAFE_ADDRESS = re.compile(
    r"https?://[^\s]+|#[\w.-]+|(?:\.\./)?[\w-][\w.-]*(?:/[\w-][\w.-]*)*(?:#[\w.-]+)?"
)


def as_html(resolved: Resolved) -> str:
    """Write the page: all text escaped, no script, nothing from elsewhere.

    Raises
    ------
    ReportError
        If a link leads to something else than a page or a file.
    """
    from markupsafe import Markup

    document = resolved.document
    return (
        _environment()
        .get_template("document.html.j2")
        .render(
            d=document,
            labels=resolved.labels,
            numbers=resolved.numbers,
            entries=resolved.entries,
            style=Markup(_style()),
        )
    )


@lru_cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("evidence.report.document", "."),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "kind": _kind,
        "data": as_data,
        "leads": safe_address,
        "headline": headline,
    }
    return environment


@lru_cache
def _style() -> str:
    return resources.files("evidence.report").joinpath("templates/style.css").read_text("utf-8")


def _kind(block: Any) -> str:
    return type(block).__name__


def as_data(image: bytes) -> str:
    """An SVG or PNG as the address of an image that stands in the page itself."""
    kind = "png" if image.startswith(b"\x89PNG") else "svg+xml"
    return f"data:image/{kind};base64," + base64.b64encode(image).decode("ascii")


def safe_address(address: str) -> str:
    """Let an address through that leads to a page or to a file beside the report.

    Examples
    --------
    >>> safe_address("effects.csv")
    'effects.csv'
    """
    if not SAFE_ADDRESS.fullmatch(address):
        problem = Problem(repr(address), "is no address of a page or a file", "https://...")
        raise ReportError("a link leads to something else", [problem])
    return address
