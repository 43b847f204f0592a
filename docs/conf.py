"""The documentation site: ``python -m sphinx -b html docs FOLDER`` builds it without network."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from pygments.lexers.shell import BashSessionLexer

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import evidence  # noqa: E402 (found by the line above where it is not installed)

project = "evidence"
author = "The evidence authors"
copyright = author
release = version = evidence.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "public_names",
]
exclude_patterns = ["_build", "_templates"]
root_doc = "index"

# Markdown: links to headings, and tables. HTML comments tell the tests what to do with a block.
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

# The signature shows names and defaults; kinds stand in the table of parameters below it.
autodoc_typehints = "none"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_use_plots = False
# Docstrings are shown as they are written; what they refer to is checked by their own doctests.
add_module_names = False
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"evidence {release}"
html_static_path = ["_static"]
html_css_files = ["docs.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_last_updated_fmt = None
html_theme_options = {"navigation_with_keys": True}
# Both come with furo and have the contrast that WCAG asks for.
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"


class Terminal(BashSessionLexer):
    """A terminal in which only ``$`` and ``>`` are typed: ``#`` begins a line that is printed."""

    name = "Terminal"
    aliases = ("console",)
    _ps1rgx = re.compile(r"^(\$ )(.*\n?)")


def accessible(app: Any, failed: Exception | None) -> None:
    """Let the keyboard scroll wide code, and say how deep the headings of the sidebar stand."""
    if failed is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("<pre>", '<pre tabindex="0">')
        text = text.replace(
            'class="caption" role="heading">', 'class="caption" role="heading" aria-level="2">'
        )
        path.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """Use our terminal for blocks of commands."""
    app.add_lexer("console", Terminal)
    app.connect("build-finished", accessible)
