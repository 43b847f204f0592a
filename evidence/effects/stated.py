"""From the pages to statements: what each trial's report says, exactly as far as it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from evidence.catalog.number import Derived, Number, Reported
from evidence.catalog.question import Assumption, AssumptionName
from evidence.effects import counts, derive, fisher, recover
from evidence.effects.found import ArmMean, Found
from evidence.effects.labels import label
from evidence.effects.partial import Part, said
from evidence.effects.printed import Comparison
from evidence.effects.published import t_degrees
from evidence.effects.routes import best_route
from evidence.effects.statements import INFINITE, ErrorForm, Statement
from evidence.errors import EffectError

SIGNS = {"increase": 1, "decrease": -1}
CORRELATIONS: tuple[AssumptionName, ...] = ("baseline_final_correlation", "crossover_correlation")
SPREADS = ("sd", "se")
# What is said of another association than the one asked for.
UNTOLD = ("other_association", "compared_groups")
NOT_SIGNIFICANT = 0.05
MOST_P = 1 - 1e-9


def statement(c: Comparison, found: Found | None, part: Part | None) -> Statement:
    """Say what the page says of one comparison, with nothing filled in.

    Parameters
    ----------
    c : Comparison
    found : Found or None
        Its estimate with standard error, where a way led there; arms may have been combined.
    part : Part or None
        What was kept of it where no way led there.

    Raises
    ------
    EffectError
        If what was printed contradicts itself.
    """
    blank = Statement(
        row=c.row_id,
        study=c.study.id,
        label=label(c.study),
        kind="complete" if part is None else part.kind,
        said=said(c),
        size=_size(c, found),
        df=_degrees(c),
    )
    if found is not None:
        return _complete(blank, c, found)
    if part is None:
        return blank
    if part.kind in UNTOLD:
        return blank
    if part.kind == "one_arm":
        return _one_arm(blank, c)
    told = _tested(_estimated(blank, c, part), c, part)
    if c.question.measure == "ZCOR" and told.size is not None and not told.errors:
        # Of a correlation the standard error follows from n alone.
        return replace(told, errors=(ErrorForm(told.size**2),), se_low=0.0, se_high=INFINITE)
    return told


def _complete(blank: Statement, c: Comparison, found: Found) -> Statement:
    by_p = _p_behind(found.std_error)
    told = replace(
        blank,
        estimate=found.estimate.value,
        half_widths=half_widths(found.estimate),
        control_change=_control_change(c),
    )
    if by_p is not None:
        low, high = rounded(by_p.value)
        ends = [revalue(found.std_error, {by_p.address: min(p, MOST_P)}) for p in (low, high)]
        # The standard error is a multiple of the estimate, whose rounding it shares.
        off = min(told.half_width / abs(found.estimate.value), 1.0)
        return replace(told, se_low=min(ends) * (1 - off), se_high=max(ends) * (1 + off))
    own = best_route(c)
    combined = own is None or own.std_error.value != found.std_error.value
    forms = () if combined else _spread(c)[0]
    known = ErrorForm(found.std_error.value**2)
    return replace(told, errors=forms or (known,))


def _estimated(blank: Statement, c: Comparison, part: Part) -> Statement:
    """Add what was printed of the estimate and its spread."""
    if part.estimate is None:
        return blank
    forms, most = _spread(c)
    low = 0.0 if part.se_low is None else part.se_low.value
    high = INFINITE if part.se_high is None else part.se_high.value
    forms = agreeing(forms, low, high)
    if forms or low >= most:
        low, high = 0.0, INFINITE if forms else most
    return replace(
        blank,
        estimate=part.estimate.value,
        half_widths=half_widths(part.estimate),
        errors=forms,
        se_low=low,
        se_high=min(high, most),
    )


def agreeing(forms: tuple[ErrorForm, ...], low: float, high: float) -> tuple[ErrorForm, ...]:
    """Readings of the spread that the bounds of a P let stand; all where none agrees."""
    if any(form.slope for form in forms):
        return forms
    kept = [form for form in forms if low <= form.variance**0.5 <= high]
    return tuple(replace(form, probability=1 / len(kept)) for form in kept) if kept else forms


def _tested(told: Statement, c: Comparison, part: Part) -> Statement:
    """Add direction and P, where the estimate does not say them already."""
    if told.estimate is not None:
        return told
    low, high = _bounds_of_z(c, part)
    own = c.result(c.treatment)
    if part.kind == "direction" and part.direction is None and own is not None:
        n = c.size(c.treatment)
        note = "the direction is that of the treated arm against its own baseline"
        return replace(
            told,
            sign=SIGNS.get(own.direction or "", 0),
            size=None if n is None else n.value**-0.5,
            arm_only=own.direction in SIGNS,
            notes=(note,),
        )
    if part.direction == "no_change" and part.p is None:
        note = '"no change" is read as not significant at 5 %'
        return replace(told, z_high=_critical(c, NOT_SIGNIFICANT), notes=(note,))
    return replace(told, sign=SIGNS.get(part.direction or "", 0), z_low=low, z_high=high)


def _bounds_of_z(c: Comparison, part: Part) -> tuple[float, float]:
    p = part.p
    if p is None:
        return 0.0, INFINITE
    if p.relation == "ns" or p.value is None:
        return 0.0, _critical(c, NOT_SIGNIFICANT)
    if p.relation == "<":
        return _critical(c, p.value), INFINITE
    if p.relation == ">":
        return 0.0, _critical(c, p.value)
    low, high = rounded(p.value)
    return _critical(c, high), _critical(c, low)


def _critical(c: Comparison, p: float) -> float:
    """|y| / s at which the test's two-sided P is p: by t where its degrees are known."""
    return critical(p, _degrees(c))


def critical(p: float, df: float | None) -> float:
    """|y| / s at which a two-sided P is p: by t with ``df``, by the normal without."""
    if p >= 1:
        return 0.0
    return float(stats.norm.isf(p / 2) if df is None else stats.t.isf(p / 2, df))


def _one_arm(blank: Statement, c: Comparison) -> Statement:
    """The treated arm's own change, from which the control arm's would have to be taken."""
    arm, found = _change_of_arm(c, c.treatment)
    n = c.size(c.treatment)
    if found is None:
        return blank
    forms, most = _spread(arm)
    return replace(
        blank,
        estimate=found.value,
        half_widths=half_widths(found),
        errors=forms,
        se_high=most,
        size=None if n is None else n.value**-0.5,
        df=None if n is None or n.value < 2 else n.value - 1,
        arm_only=True,
    )


def _change_of_arm(c: Comparison, arm: str) -> tuple[Comparison, Number | None]:
    """Comparison of an arm with its own baseline, and its change where means were printed."""
    from evidence.effects.means import difference_without_spread

    question = replace(c.question, contrast="within", control=())
    within = replace(c, treatment=arm, control=None, question=question)
    change = difference_without_spread(within)
    if change is None or c.question.unit is None:
        return within, change
    converted = derive.in_unit(change, c.terms, c.substance, change.unit, c.question.unit)
    return within, converted


def _control_change(c: Comparison) -> tuple[float, float] | None:
    if c.control is None or c.question.measure not in ("MD", "ROM"):
        return None
    try:
        within, change = _change_of_arm(c, c.control)
        found = None if change is None else best_route(within)
    except EffectError:
        # A control arm whose own change cannot be formed leaves the contrast as it is.
        return None
    return None if found is None else (found.estimate.value, found.std_error.value)


def _spread(c: Comparison) -> tuple[tuple[ErrorForm, ...], float]:
    """Each way to read what was printed of the spread: ± as SD or SE, the correlation open.

    Also the largest standard error of all of them, where a ± without a name cannot be read as an
    SD because no n was printed; else infinite.
    """
    any_correlation: dict[str, float | str] = dict.fromkeys(CORRELATIONS, 0.0)
    named = _route(_with(c, {})) is not None or _route(_with(c, any_correlation)) is not None
    if named:
        form = _form(c, {}, 1.0)
        return (() if form is None else (form,)), INFINITE
    forms = [_form(c, {"unlabelled_spread": word}, 0.5) for word in SPREADS]
    known = tuple(form for form in forms if form is not None)
    if len(known) == len(SPREADS):
        return known, INFINITE
    # An SD is larger than its standard error, whatever n was.
    return (), max(
        (sum((form.variance, abs(form.slope))) ** 0.5 for form in known), default=INFINITE
    )


def _form(c: Comparison, spread: dict[str, float | str], probability: float) -> ErrorForm | None:
    at_zero = _route(_with(c, {**spread, **dict.fromkeys(CORRELATIONS, 0.0)}))
    at_half = _route(_with(c, {**spread, **dict.fromkeys(CORRELATIONS, 0.5)}))
    if at_zero is None or at_half is None or _p_behind(at_zero.std_error) is not None:
        return None
    first, second = at_zero.std_error.value**2, at_half.std_error.value**2
    slope = 2 * (first - second)
    return ErrorForm(first, 0.0 if abs(slope) < 1e-12 * first else slope, probability)


def _with(c: Comparison, values: dict[str, float | str]) -> Comparison:
    """The same comparison under other assumptions; none of the ones named here is kept."""
    named = ("unlabelled_spread", *CORRELATIONS)
    kept = [a for a in c.question.assumptions if a.name not in named]
    new = [Assumption(name, value, "one reading of several") for name, value in values.items()]  # type: ignore[arg-type]
    return replace(c, question=replace(c.question, assumptions=(*kept, *new)))


def _route(c: Comparison) -> Found | None:
    try:
        return best_route(c)
    except EffectError:
        # This reading leads to an impossible number, so it is not one.
        return None


def _size(c: Comparison, found: Found | None) -> float | None:
    sizes: list[Number | None] = [c.size(c.treatment)]
    if c.control is not None and c.study.design != "crossover_rct":
        sizes.append(c.size(c.control))
    if found is not None and found.arms is not None:
        of = [arm.n if isinstance(arm, ArmMean) else arm.total for arm in found.arms]
        sizes = of[: len(sizes)]
    if found is not None and found.n_treatment is not None:
        sizes[0] = found.n_treatment
    values = [n.value for n in sizes if n is not None]
    if c.question.measure == "ZCOR":
        return (values[0] - 3) ** -0.5 if values and values[0] > 3 else None
    return sum(1 / n for n in values) ** 0.5 if len(values) == len(sizes) else None


def _degrees(c: Comparison) -> float | None:
    df = t_degrees(c)
    return None if df is None else df.value


def _p_behind(number: Number) -> Reported | None:
    """Exact P from which a standard error was recovered, if it was."""
    if not isinstance(number, Derived):
        return None
    if number.rule in ("se_from_p", "se_from_p_t"):
        p = dict(number.inputs)["p"]
        return p if isinstance(p, Reported) else None
    found = (_p_behind(part) for _, part in number.inputs)
    return next((p for p in found if p is not None), None)


def once_each(statements: Sequence[Statement], cohorts: Sequence[str]) -> tuple[Statement, ...]:
    """Of each randomisation keep the report that says most; the others fall silent, with a note.

    Two doses against one control arm, each reported in part, would count its people twice.
    """
    groups: dict[tuple[str, str], list[Statement]] = {}
    for told, cohort in zip(statements, cohorts, strict=True):
        groups.setdefault((told.study, cohort), []).append(told)
    best = {key: min(group, key=_says_most) for key, group in groups.items()}
    complete = {key: any(s.kind == "complete" for s in group) for key, group in groups.items()}
    kept = []
    for told, cohort in zip(statements, cohorts, strict=True):
        first = best[told.study, cohort]
        again = told.kind != "complete" if complete[told.study, cohort] else told is not first
        kept.append(_silenced(told, first.row) if again else told)
    return tuple(kept)


def _says_most(told: Statement) -> tuple[bool, bool, bool, float, str]:
    unknown = told.estimate is None
    return told.silent, unknown, not told.errors, told.size or INFINITE, told.row


def _silenced(told: Statement, row: str) -> Statement:
    blank = Statement(
        row=told.row, study=told.study, label=told.label, kind=told.kind, said=told.said
    )
    return replace(blank, notes=(f"the trial counts once: {row} is used",))


def rounded(value: float) -> tuple[float, float]:
    """Smallest and largest number that prints as ``value`` does.

    Decimals that end in 0 are not kept in a study file, so that the interval may be wider than
    the page's, never narrower.

    Examples
    --------
    >>> [round(x, 5) for x in rounded(0.0014)]
    [0.00135, 0.00145]
    """
    text = f"{value!r}"
    digits, _, exponent = text.partition("e")
    decimals = len(digits.partition(".")[2].rstrip("0")) - int(exponent or 0)
    half = 0.5 * 10.0**-decimals
    return value - half, value + half


def half_widths(number: Number) -> tuple[float, ...]:
    """How far a figure may be off because of the rounding of each printed figure in it.

    A printed figure is moved to both ends of what prints like it; sizes and other whole numbers
    stay.
    """
    found = []
    for leaf in {leaf.address: leaf for leaf in _printed(number)}.values():
        # Counts were not rounded, and a conversion factor is the vocabulary's.
        if leaf.address.startswith("terms/") or leaf.address.endswith((".n", ".total", "events")):
            continue
        try:
            ends = [revalue(number, {leaf.address: x}) for x in rounded(leaf.value)]
        except (ValueError, ZeroDivisionError):
            # The other figure of such a pair is none that could have been printed.
            continue
        if np.all(np.isfinite(ends)) and ends[0] != ends[1]:
            found.append(abs(ends[1] - ends[0]) / 2)
    return tuple(found)


def revalue(number: Number, change: dict[str, float]) -> float:
    """Value of a figure with some printed figures, named by their address, put in anew."""
    if isinstance(number, Reported):
        return change.get(number.address, number.value)
    if not isinstance(number, Derived):
        return number.value
    with np.errstate(all="ignore"):
        parts = {name: revalue(part, change) for name, part in number.inputs}
        return float(rule_of(number.rule)(**parts))


def rule_of(name: str) -> Callable[..., float]:
    """Rule that a trace names."""
    for room in (recover, counts, fisher, derive):
        if hasattr(room, name):
            rule: Callable[..., float] = getattr(room, name)
            return rule
    raise LookupError(name)


def _printed(number: Number) -> Iterator[Reported]:
    if isinstance(number, Reported):
        yield number
    elif isinstance(number, Derived):
        for _, part in number.inputs:
            yield from _printed(part)
