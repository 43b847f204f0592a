"""Cells of the tables of effects: what is told of a comparison beside its numbers."""

from __future__ import annotations

from evidence.catalog.number import Number
from evidence.effects.found import ArmEvents, ArmMean, Found
from evidence.effects.labels import label, source_text
from evidence.effects.partial import Part, arm_said
from evidence.effects.printed import Comparison


def _who(c: Comparison) -> dict[str, object]:
    sizes = (c.size(c.treatment), None if c.control is None else c.size(c.control))
    return {
        "study": c.study.id,
        "label": label(c.study),
        "outcome": c.outcome.id,
        "counted": c.outcome.outcome,
        "definition": c.outcome.definition or "",
        "treatment": c.treatment,
        "control": c.control,
        "weeks": c.outcome.weeks,
        "n_treatment": _whole(sizes[0]),
        "n_control": _whole(sizes[1]),
        "read": c.outcome.source.read,
        "sources": source_text(c.outcome),
        "remark": c.outcome.note or "",
        "said_treatment": arm_said(c, c.treatment),
        "said_control": "" if c.control is None else arm_said(c, c.control),
    }


def _whole(number: Number | None) -> int | None:
    return None if number is None else round(number.value)


def _arm_size(arm: ArmMean | ArmEvents) -> int | None:
    return _whole(arm.n if isinstance(arm, ArmMean) else arm.total)


def row_cells(c: Comparison, found: Found) -> dict[str, object]:
    """Cells of a row of the table."""
    row = _who(c)
    if found.arms is not None:
        treated, control = found.arms
        row["n_treatment"], row["n_control"] = _arm_size(treated), _arm_size(control)
    if found.n_treatment is not None:
        row["n_treatment"] = _whole(found.n_treatment)
    return row | {
        "estimate": found.estimate.value,
        "std_error": found.std_error.value,
        "route": found.route,
        "design": c.study.design,
        "blinding": c.study.blinding,
        "notes": "; ".join(found.notes),
    }


def part_cells(c: Comparison, part: Part) -> dict[str, object]:
    """Cells of what was reported only in part."""

    def value(number: Number | None) -> float | None:
        return None if number is None else number.value

    return _who(c) | {
        "kind": part.kind,
        "said": part.said,
        "direction": part.direction,
        "direction_from": part.direction_from,
        "estimate": value(part.estimate),
        "se_low": value(part.se_low),
        "se_high": value(part.se_high),
        "p_relation": None if part.p is None else part.p.relation,
        "p_value": None if part.p is None else part.p.value,
    }
