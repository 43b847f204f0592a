"""Render a page of the site: its template, its scripts, and the policy that lets only them run."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def as_json(value: Any) -> str:
    r"""JSON that may stand in a script element: nothing in it can end the element.

    Examples
    --------
    >>> as_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def digest_of(text: str) -> str:
    """Hash by which a content security policy knows a script or a style sheet."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


@lru_cache
def asset(name: str) -> str:
    """A script or style sheet of the site."""
    folder = "evidence.report.site"
    return resources.files(folder).joinpath(name).read_text("utf-8")


@lru_cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("evidence.report.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, depth: int, title: str, **values: Any) -> bytes:
    """Write a page.

    Parameters
    ----------
    template : str
    depth : int
        How many folders below the root of the site the page stands.
    title : str
    values
        What the template shows. A page with ``data`` gets the engine and the plot.
    """
    from markupsafe import Markup

    data = values.pop("data", None)
    scripts = [asset("site.js")]
    scripts += (
        [] if data is None else [asset("engine.js") + asset("plot.js") + asset("question.js")]
    )
    style = asset("site.css")
    allowed = " ".join(f"'{digest_of(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src '{digest_of(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    text = (
        _environment()
        .get_template(template)
        .render(
            root="../" * depth,
            title=title,
            policy=policy,
            style=Markup(style),
            head_script=Markup(scripts[0]),
            scripts=[Markup(script) for script in scripts[1:]],
            data=data,
            inlined=None if data is None else Markup(as_json(data)),
            **values,
        )
    )
    return text.encode("utf-8")
