"""A directive for the reference: every public name below some modules, once, with its records.

``.. public-names:: evidence.models.bayesian evidence.models.sampling`` writes a table of the names,
then each docstring. A name that is added to such a module appears without a change here.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

import evidence

PAGES = Path(__file__).parent / "reference"
DIRECTIVE = re.compile(r"^\.\. public-names::(.*)$", re.MULTILINE)


def home_of(name: str) -> str:
    """Module that a public name is loaded from."""
    return evidence._HOME[name]


def prefixes_of_pages() -> dict[str, list[str]]:
    """What each page of the reference names: modules, or folders of them."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.rst"))}
    return {
        page: [w for t in DIRECTIVE.findall(text) for w in t.split()]
        for page, text in texts.items()
    }


def _within(name: str, prefix: str) -> bool:
    return f"{home_of(name)}.".startswith(f"{prefix}.")


def below(prefixes: Sequence[str]) -> list[str]:
    """Public names that belong to these modules or folders: the longest one named anywhere wins."""
    every = {prefix for page in prefixes_of_pages().values() for prefix in page}
    found = []
    for name in evidence.__all__:
        fitting = [prefix for prefix in every if _within(name, prefix)]
        if fitting and max(fitting, key=len) in prefixes:
            found.append(name)
    return found


def places() -> Iterator[tuple[str, list[str]]]:
    """Each page of the reference with the names that it shows."""
    for page, prefixes in prefixes_of_pages().items():
        yield page, below(prefixes)


@functools.cache
def _imports(module: str) -> dict[str, str]:
    """What a module imports from the package: the class's name and its module."""
    source = inspect.getsource(importlib.import_module(module))
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evidence."):
            found |= {alias.asname or alias.name: str(node.module) for alias in node.names}
    return found


def record_of(name: str) -> tuple[str, str] | None:
    """Module and name of the record that a public function returns, if it is one of ours."""
    value = getattr(evidence, name)
    if not inspect.isfunction(value):
        return None
    module = value.__module__
    for word in re.findall(r"[A-Z]\w+", str(value.__annotations__.get("return", ""))):
        home = _imports(module).get(word, module)
        found: Any = getattr(sys.modules.get(home) or importlib.import_module(home), word, None)
        if inspect.isclass(found) and found.__module__.startswith("evidence."):
            return found.__module__, word
    return None


def records_of(names: Sequence[str], seen: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Records that these names return and that no page has shown yet, and no public name is."""
    found: list[tuple[str, str]] = []
    for name in names:
        record = record_of(name)
        if record and record not in seen and record[1] not in evidence.__all__:
            seen.add(record)
            found.append(record)
    return sorted(found, key=lambda one: one[1])


@functools.cache
def homes_of_records() -> dict[str, tuple[tuple[str, str], ...]]:
    """For each page the records that it describes: a record stands on the first page of its own."""
    seen: set[tuple[str, str]] = set()
    return {page: tuple(records_of(names, seen)) for page, names in places()}


def _entry(module: str, name: str) -> list[str]:
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value):
        return [f".. autoclass:: {module}.{name}", "   :class-doc-from: class", ""]
    return [f".. autofunction:: {module}.{name}", ""]


class PublicNames(Directive):
    """Table and docstrings of the public names below the modules that are named."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Write the restructured text and let it be read."""
        names = below(self.arguments[0].split())
        page = Path(self.state.document.current_source or "").name
        lines = [".. currentmodule:: evidence", "", ".. autosummary::", ""]
        lines += [*(f"   {name}" for name in names), ""]
        for name in names:
            lines += _entry("evidence", name)
        records = homes_of_records().get(page, ())
        if records:
            lines += [".. rubric:: Records that these return", ""]
        for module, name in records:
            lines += _entry(module, name)
        node = nodes.section()
        node.document = self.state.document
        text = StringList(lines, source=self.state.document.current_source)
        self.state.nested_parse(text, self.content_offset, node, match_titles=False)
        return node.children


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directive known."""
    app.add_directive("public-names", PublicNames)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
