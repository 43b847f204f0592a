"""The tables of what stands apart from the answer: what was said, borrowed, and how rated."""

from __future__ import annotations

from evidence.report.borrowed.result import BorrowBlock, BorrowRow
from evidence.report.coherence.cells import Cell, Expected, holds, says
from evidence.report.coherence.digits import fixed, leading, places_of, share, span, triple
from evidence.report.result import QuestionResult, SaidBlock, SaidLine, Shown, StepLine
from evidence.report.risk.result import RiskBlock, RiskLine

MINUS = "\u2212"
Row = tuple[Cell | None, ...]
# Place of the answers to the signalling questions: the one table that a file may hold instead.
ANSWERS = 2


def parts_of(q: QuestionResult) -> list[Expected]:
    """Every table that stands apart from a question's classical answer."""
    found = []
    if q.said is not None and q.said.lines:
        lines = [_line(line) for line in q.said.lines]
        found += _numbered(q, "said", [_steps(q, q.said), lines, _priors(q.said.priors)])
    if q.borrowed is not None and q.borrowed.rows and q.borrowed.axis is not None:
        block = q.borrowed
        rows = [_borrowed(q, block), _curve(q, block), _priors(block.priors)]
        found += _numbered(q, "borrowed", rows)
    if q.risk is not None:
        found += _numbered(q, "risk", _risk(q.risk), ANSWERS)
    if q.rating is not None and q.rating.level is not None:
        found.append(_rating(q))
    return found


def _numbered(
    q: QuestionResult, name: str, tables: list[list[Row]], beside: int | None = None
) -> list[Expected]:
    kept = [(i, rows) for i, rows in enumerate(tables) if rows]
    return [
        Expected(f"t-{q.id}-{name}-{number}", tuple(rows), beside=i == beside)
        for number, (i, rows) in enumerate(kept, 1)
    ]


def _steps(q: QuestionResult, block: SaidBlock) -> list[Row]:
    rows = [_step(q, step) for step in block.steps]
    if block.possible is not None:
        p = block.possible
        ends = span(p.low, p.high, places_of(q))
        rows.append((holds(p.limits), says(""), says(str(p.used)), holds(ends), says("")))
    return rows


def _step(q: QuestionResult, step: StepLine) -> Row:
    head = (says(step.step), says(str(step.added)), says(str(step.reports)))
    if step.shown is None or step.probability_below_null is None:
        return *head, says(step.why), says("")
    below = "" if q.contrast == "level" else share(step.probability_below_null)
    return *head, holds(triple(step.shown, places_of(q))), says(below)


def _line(line: SaidLine) -> Row:
    effect = ""
    if line.mean is not None and line.sd is not None:
        effect = f"{leading(line.mean)} ± {leading(line.sd, 2)}"
    lost = "" if line.information is None else share(line.information)
    shift = "" if line.shift is None else leading(line.shift, 2)
    return (
        says(line.label),
        None,
        says(line.said),
        holds(effect),
        says(lost),
        says(shift),
        says(line.note),
    )


def _priors(priors: tuple[tuple[str, str, str], ...]) -> list[Row]:
    return [tuple(says(text) for text in prior) for prior in priors]


def _borrowed(q: QuestionResult, block: BorrowBlock) -> list[Row]:
    rows = list(block.rows)
    if not block.own:
        rows.insert(2, block.curve[-1])
    return [(None, *_borrowed_cells(q, block, row)) for row in rows]


def _curve(q: QuestionResult, block: BorrowBlock) -> list[Row]:
    return [
        (says(leading(row.discount or 0.0)), *_borrowed_cells(q, block, row)) for row in block.curve
    ]


def _borrowed_cells(q: QuestionResult, block: BorrowBlock, row: BorrowRow) -> Row:
    shown = Shown(estimate=row.estimate, low=row.low, high=row.high)
    cells = [holds(triple(shown, places_of(q))), says(share(row.probability_below))]
    if all(one.borrowed_evidence is not None for one in block.rows):
        cells.append(says(fixed(row.borrowed_evidence or 0.0, 2)))
    if all(one.borrowed_patients is not None for one in block.rows):
        cells.append(says(fixed(row.borrowed_patients or 0.0, 0)))
    return tuple(cells)


def _risk(block: RiskBlock) -> list[list[Row]]:
    rated = [line for line in block.lines if line.tool is not None]
    rest = [line for line in block.lines if line.tool is None]
    unrated: list[Row] = [(says(_name(line)), says(line.why)) for line in rest]
    if not rated:
        return [unrated]
    domains = dict.fromkeys(cell.domain for line in rated for cell in line.cells)
    lights: list[Row] = [
        # Levels are words, for each domain and overall; the figures are those of the reasons.
        (says(_name(line)), *[None] * (len(domains) + 1), holds(*_reasons(line)))
        for line in rated
    ]
    answers: list[Row] = [
        (
            says(f"{a.study}: {a.result}"),
            says(f"{a.question} {a.text}"),
            says(a.answer),
            says(a.why),
            says(a.facts),
            says(a.sources),
        )
        for a in block.answers
    ]
    points: list[Row] = [
        (says(x.study), says(x.read), says("; ".join(x.points))) for x in block.open if x.points
    ]
    return [lights, unrated, answers, points]


def _name(line: RiskLine) -> str:
    return f"{line.label} (in part)" if line.in_part else line.label


def _reasons(line: RiskLine) -> list[str]:
    cells = (*line.cells, *([] if line.overall is None else [line.overall]))
    return list(dict.fromkeys(f"{c.reason} ({c.by})" for c in cells if c.judged))


def _rating(q: QuestionResult) -> Expected:
    block = q.rating
    rows: list[Row] = []
    if block is not None:
        rows.append((None, says(block.start), says(""), says(""), says("")))
        rows += [
            (
                None,
                says(d.rule),
                says(_step_text(d.suggested)),
                says("not judged" if d.judged is None else _step_text(d.judged)),
                says(d.reason),
            )
            for d in block.domains
        ]
        if block.raised:
            rows.append((None, says(block.raised), says(""), says(""), says("")))
    return Expected(f"t-{q.id}-rating-1", tuple(rows))


def _step_text(step: int) -> str:
    return f"{MINUS}{-step}" if step < 0 else f"+{step}" if step else "0"
