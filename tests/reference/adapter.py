"""From ``source.function`` of a reference file to the comparisons it allows."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from comparison import Comparison, NotOfferedError

Adapter = Callable[[dict[str, Any]], list[Comparison]]


def adapters() -> dict[str, Adapter]:
    """Merge what every adapter module (``adapt_*.py`` beside this file) knows."""
    merged: dict[str, Adapter] = {}
    for path in sorted(Path(__file__).parent.glob("adapt_*.py")):
        found = importlib.import_module(path.stem).ADAPTERS
        twice = merged.keys() & found.keys()
        if twice:
            raise ValueError(f"two adapters for {sorted(twice)}")
        merged |= found
    return merged


def compare(fixture: dict[str, Any]) -> list[Comparison]:
    """All comparisons of one file; a function that nothing knows is an error."""
    function = fixture["source"]["function"]
    known = adapters()
    if function not in known:
        raise NotOfferedError(f"no adapter for {function!r}; known: {', '.join(sorted(known))}")
    found = known[function](fixture)
    if not found:
        raise NotOfferedError(f"{fixture['name']}: the adapter of {function!r} compares nothing")
    return found
