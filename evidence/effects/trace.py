"""From a number down to the figures that were printed."""

from __future__ import annotations

import pandas as pd

from evidence.catalog.number import Assumed, Derived, Given, Number, Reported, leaves
from evidence.effects import counts, derive, fisher, recover
from evidence.effects.table import EffectTable
from evidence.errors import EffectError, Problem, check_kind, did_you_mean

LEAF_COLUMNS = (
    "row", "figure", "kind", "value", "unit", "address", "report", "locator", "read", "url",
    "reason",
)  # fmt: skip


def trace(table: EffectTable, row: str) -> str:
    """Print where a row comes from: derived from what, by which rule, down to the printed page.

    Parameters
    ----------
    table : EffectTable
    row : str
        Id of a row, or the beginning of one: all rows that begin so are traced.

    Raises
    ------
    EffectError
        If no row begins so.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> print(trace(table_of([1.0], [0.5], labels=["a"]), "a"))
    a
      estimate = 1
      └─ given: 1
      std_error = 0.5
      └─ given: 0.5
    """
    check_kind("table", table, EffectTable, EffectError)
    check_kind("row", row, str, EffectError)
    found = [name for name in table.traces if name == row or name.startswith(row)]
    if not found:
        problem = Problem(repr(row), "no row begins so", did_you_mean(row, table.traces))
        raise EffectError("there is nothing to trace", [problem])
    lines = []
    for name in found:
        lines.append(name)
        for figure in ("estimate", "std_error"):
            number = getattr(table.traces[name], figure)
            lines.append(f"  {figure} = {_value(number)}")
            lines += _tree(number, "  ")
    return "\n".join(lines)


def trace_frame(table: EffectTable) -> pd.DataFrame:
    """Every figure at the bottom of every row: one line a leaf.

    Returns
    -------
    DataFrame
        Columns row, figure (estimate or std_error), kind (reported, assumed, given), value, unit,
        address in the study file, report, locator, read, url, reason (of an assumption).

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> trace_frame(table_of([1.0], [0.5], labels=["a"]))[["row", "figure", "value"]]
      row     figure  value
    0   a   estimate    1.0
    1   a  std_error    0.5
    """
    check_kind("table", table, EffectTable, EffectError)
    records = [
        _leaf(name, figure, leaf)
        for name, pair in table.traces.items()
        for figure in ("estimate", "std_error")
        for leaf in leaves(getattr(pair, figure))
    ]
    return pd.DataFrame(records, columns=list(LEAF_COLUMNS)).drop_duplicates(ignore_index=True)


# Rules of the models, which stand below this room and cannot be looked up here.
OTHER_RULES = {"aggregated": "Mean of the effects of one cluster under their stated covariance"}


def rule_text(name: str) -> str:
    """Say in a line what a rule does: the head of its docstring."""
    from evidence.effects.sizes.registry import MEASURES

    homes = (recover, counts, fisher, derive)
    function = next((getattr(home, name) for home in homes if hasattr(home, name)), None)
    if function is None:
        kernels = {measure.kernel.__name__: measure.kernel for measure in MEASURES.values()}
        function = kernels.get(name)
    document = OTHER_RULES.get(name, "") if function is None else (function.__doc__ or "")
    return document.strip().split("\n")[0].rstrip(".")


def _leaf(row: str, figure: str, leaf: Reported | Assumed | Given) -> dict[str, object]:
    base = {"row": row, "figure": figure, "value": leaf.value, "unit": leaf.unit}
    if isinstance(leaf, Reported):
        source = leaf.source
        return base | {
            "kind": "reported",
            "address": leaf.address,
            "report": source.report,
            "locator": source.locator,
            "read": source.read,
            "url": source.url,
        }
    if isinstance(leaf, Assumed):
        where = {"address": leaf.name, "locator": leaf.declared, "reason": leaf.reason}
        return base | {"kind": "assumed"} | where
    return base | {"kind": "given"}


def _tree(number: Number, indent: str) -> list[str]:
    if not isinstance(number, Derived):
        return [f"{indent}└─ {_leaf_text(number)}"]
    lines = [f"{indent}└─ by {number.rule}: {rule_text(number.rule)}"]
    for i, (name, part) in enumerate(number.inputs):
        last = i == len(number.inputs) - 1
        branch, below = ("└─", "   ") if last else ("├─", "│  ")
        if isinstance(part, Derived):
            lines.append(f"{indent}   {branch} {name} = {_value(part)}")
            lines += _tree(part, f"{indent}   {below}")
        else:
            lines.append(f"{indent}   {branch} {name}: {_leaf_text(part)}")
    return lines


def _value(number: Number) -> str:
    return f"{number.value:.6g}" + (f" {number.unit}" if number.unit else "")


def _leaf_text(leaf: Reported | Assumed | Given) -> str:
    if isinstance(leaf, Reported):
        url = f" {leaf.source.url}" if leaf.source.url else ""
        return f"printed: {_value(leaf)} ← {leaf.source}{url} ({leaf.address})"
    if isinstance(leaf, Assumed):
        return f"assumed: {leaf.name} = {_value(leaf)}, {leaf.reason} ({leaf.declared})"
    return f"given: {_value(leaf)}"
