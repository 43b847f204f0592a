"""Tables of the second answer: what each report adds, and how the answer moves with each kind."""

from __future__ import annotations

from evidence.effects.partial import KINDS
from evidence.report.numbers import level_text, number, percent, pretty_unit, significant
from evidence.report.result import QuestionResult, SaidBlock, StepLine
from evidence.report.tables import Table, shown_text
from evidence.report.wording import SCALE_WORDS, decimals, event_below

TITLE = "A second answer: all that was said, partial reports included"


def said_tables(result: QuestionResult) -> list[Table]:
    """Steps and contributions; empty where nothing was said in part or nothing can be fitted."""
    block = result.said
    if block is None or (block.reason and not block.lines):
        return []
    return [_steps(result, block), _contributions(result, block), _priors(block)]


def _event(result: QuestionResult) -> str:
    event = event_below(result)
    return f"P({event})" if event else ""


def _steps(result: QuestionResult, block: SaidBlock) -> Table:
    unit = f", {pretty_unit(result.unit)}" if result.unit else ""
    rows = [
        (step.step, str(step.added), str(step.reports), *_step_cells(result, step))
        for step in block.steps
    ]
    if block.possible is not None:
        p, places = block.possible, decimals(result)
        ends = f"{number(p.low, places)} to {number(p.high, places)}"
        rows.append(
            (
                "without any prior: the pooled estimate over all values that agree with what was "
                f"said, one trial between {p.limits}",
                "",
                str(p.used),
                ends,
                "",
            )
        )
    head = (
        "Reports", "Added", "In all",
        f"{result.measure_label.capitalize()}{unit}, {level_text(block.level)} interval",
        _event(result),
    )  # fmt: skip
    caption = "How the answer moves from complete reports to all that was said"
    return Table(TITLE, head, tuple(rows), (1, 2), caption)


def _step_cells(result: QuestionResult, step: StepLine) -> tuple[str, str]:
    if step.shown is None or step.probability_below_null is None:
        return step.why, ""
    below = percent(step.probability_below_null) if event_below(result) else ""
    return shown_text(result, step.shown), below


def _contributions(result: QuestionResult, block: SaidBlock) -> Table:
    rows = tuple(
        (
            line.label,
            "complete" if line.kind == "complete" else KINDS[line.kind],
            line.said,
            "" if line.mean is None or line.sd is None else _effect(line.mean, line.sd),
            "" if line.information is None else percent(line.information),
            "" if line.shift is None else significant(line.shift, 2),
            line.note,
        )
        for line in block.lines
    )
    scale = "analysis scale" if result.scale == "identity" else SCALE_WORDS[result.scale]
    head = (
        "Trial", "What there is", "What was said", f"Its true effect, mean ± SD ({scale})",
        "Precision lost without it", f"Shift of the mean ({scale})", "Remarks",
    )  # fmt: skip
    return Table("What each report adds", head, rows, (3, 4, 5))


def _effect(mean: float, sd: float) -> str:
    return f"{significant(mean)} ± {significant(sd, 2)}"


def _priors(block: SaidBlock) -> Table:
    return Table("Priors of the second answer", ("Quantity", "Prior", "Why"), block.priors)
