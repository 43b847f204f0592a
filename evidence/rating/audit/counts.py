"""Sizes, counts, percentages and what whole numbers can give (A11 to A14)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import ArmResult, Outcome, Study
from evidence.catalog.yaml_reader import Address
from evidence.rating.audit.body import Body, hit_cell, size_of, total_of
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.granularity import grim_mean, grim_percent, grimmer, informative
from evidence.rating.audit.rounding import apart, decimals, span

# Scores and counts of single people are whole; "count" of a continuous outcome is one too.
WHOLE_UNITS = ("points", "count")
MOST_LOST = 0.3
RATE_SLACK = 0.02


def sizes(body: Body) -> Iterator[Hit]:
    """A11: arms against the number randomised, results against their arm, events against n."""
    for study in body.studies:
        yield from _arms_and_randomised(study)
        for i, outcome in enumerate(study.outcomes):
            for arm, result in outcome.arms.items():
                yield from _result_sizes(study, i, outcome, arm, result)
        yield from _growing(study)


def _arms_and_randomised(study: Study) -> Iterator[Hit]:
    total = study.population.n_randomised
    arms = [arm for arm in study.arms if arm.randomised]
    sizes = [arm.n for arm in arms if arm.n is not None]
    if total is None or len(sizes) < len(arms) or len(arms) < 2:
        return
    if study.design not in ("parallel_rct", "crossover_rct"):
        return
    held = sum(sizes)
    if study.design == "crossover_rct":
        # In a crossover each person is in every arm.
        held = max(sizes)
    short = total - held > MOST_LOST * total and study.design == "parallel_rct"
    if held <= total and not short:
        return
    figures: list[tuple[str, FigureValue]] = [("n_randomised", float(total))]
    figures += [(f"{arm.id} n", float(arm.n or 0)) for arm in arms]
    severity: Severity = "error" if held > total else "warning"
    at: Address = ("population", "n_randomised")
    found = f"the arms hold {held} of {total} randomised"
    expected = "at most as many" if held > total else f"at least {1 - MOST_LOST:.0%} of them"
    yield Hit("A11", severity, study.id, "", at, "population", tuple(figures), found, expected)


def _result_sizes(
    study: Study, i: int, outcome: Outcome, arm: str, result: ArmResult
) -> Iterator[Hit]:
    whole = next((one.n for one in study.arms if one.id == arm), None)
    total = total_of(study, arm, result)
    wrong = []
    for name, value in (("n", result.n), ("total", result.total)):
        if value is not None and whole is not None and value > whole:
            wrong.append((f"{name} {value} in an arm of {whole}", "at most the arm's size"))
    if result.events is not None and total is not None and result.events > total:
        wrong.append((f"{result.events} events among {total}", "events within the total"))
    for found, expected in wrong:
        yield _hit("A11", "error", study, i, outcome, arm, result, found, expected)


def _growing(study: Study) -> Iterator[Hit]:
    """An arm that has more people later than earlier in the same series of one report."""
    series: dict[tuple[str, str, str], list[tuple[float, int, Outcome, ArmResult]]] = defaultdict(
        list
    )
    for i, outcome in enumerate(study.outcomes):
        if outcome.weeks is None or outcome.role in ("subgroup", "off_treatment"):
            continue
        for arm, result in outcome.arms.items():
            if result.n is not None:
                key = (outcome.outcome, outcome.source.report, arm)
                series[key].append((outcome.weeks, i, outcome, result))
    for (_, _, arm), entries in series.items():
        entries.sort(key=lambda entry: entry[:2])
        for earlier, later in pairwise(entries):
            n1, n2 = earlier[3].n, later[3].n
            same = earlier[2].definition == later[2].definition
            if n1 is not None and n2 is not None and n2 > n1 and same and later[0] > earlier[0]:
                found = f"n {n2} at {later[0]:.3g} weeks, {n1} at {earlier[0]:.3g} weeks"
                expected = "no more people than before"
                yield _hit(
                    "A11", "warning", study, later[1], later[2], arm, later[3], found, expected
                )


def _hit(
    code: str,
    severity: Severity,
    study: Study,
    i: int,
    outcome: Outcome,
    arm: str,
    result: ArmResult,
    found: str,
    expected: str,
) -> Hit:
    at: Address = ("outcomes", i, "arms", arm)
    told: list[tuple[str, FigureValue]] = []
    for name in ("n", "events", "total", "events_percent", "person_years", "rate_per_1000_py"):
        value = getattr(result, name)
        told += [] if value is None else [(name, float(value))]
    size = size_of(study, arm, result)
    if result.n is None and size is not None:
        told.append(("arm n", float(size)))
    return Hit(
        code, severity, study.id, outcome.id, at, f"arms.{arm}", tuple(told), found, expected
    )


def percents(body: Body) -> Iterator[Hit]:
    """A12: a percentage or a rate against its count and its denominator."""
    for study, i, outcome in body.outcomes():
        for arm, result in outcome.arms.items():
            yield from _percent(study, i, outcome, arm, result)
            yield from _rate(study, i, outcome, arm, result)


def _percent(study: Study, i: int, outcome: Outcome, arm: str, result: ArmResult) -> Iterator[Hit]:
    percent, events = result.events_percent, result.events
    total = total_of(study, arm, result)
    # Percentages of times to events are estimates at a time, not shares of the people.
    if percent is None or events is None or not total or outcome.type == "time_to_event":
        return
    implied = 100 * events / total
    low, high = span(percent)
    unit = 10.0 ** -decimals(percent)
    if low <= implied <= high or percent <= implied < percent + unit:
        return
    # The size of an arm need not be the denominator of the page.
    severity: Severity = "error" if result.total is not None else "warning"
    found = f"{percent:g} %, but {events} of {total} are {implied:.4g} %"
    yield _hit("A12", severity, study, i, outcome, arm, result, found, "the same beyond rounding")


def _rate(study: Study, i: int, outcome: Outcome, arm: str, result: ArmResult) -> Iterator[Hit]:
    rate, years, events = result.rate_per_1000_py, result.person_years, result.events
    if rate is None or years is None or events is None:
        return
    low, high = span(years)
    implied = (1000 * events / high, 1000 * events / max(low, 1e-9))
    if apart(span(rate), implied) <= RATE_SLACK * rate:
        return
    found = f"{rate:g} per 1000, but {events} in {years:g} years are {sum(implied) / 2:.3g}"
    yield _hit("A12", "error", study, i, outcome, arm, result, found, "the same beyond rounding")


def granularity_of_percents(body: Body) -> Iterator[Hit]:
    """A13: a percentage of people that no whole number of them can give (GRIM)."""
    for study, i, outcome in body.outcomes():
        if outcome.type not in ("binary", "direction"):
            continue
        for arm, result in outcome.arms.items():
            percent, total = result.events_percent, total_of(study, arm, result)
            if percent is None or not total or result.events is not None:
                continue
            if not informative(percent, total, 100):
                body.too_few["A13"] += 1
            elif not grim_percent(percent, total):
                near = 100 * round(percent * total / 100) / total
                found = f"{percent:g} % of {total} people is no whole number of them"
                expected = f"the nearest share is {near:.{decimals(percent) + 1}f} %"
                yield _hit("A13", "warning", study, i, outcome, arm, result, found, expected)


def granularity_of_means(body: Body) -> Iterator[Hit]:
    """A14: a mean or SD that whole scores or counts cannot have (GRIM, GRIMMER)."""
    for cell in body.cells():
        mean, n = cell.summary.mean, cell.n
        if cell.outcome.unit not in WHOLE_UNITS or cell.part == "change_percent":
            continue
        if mean is None or n is None or not informative(mean, n):
            body.too_few["A14"] += 1
            continue
        if not grim_mean(mean, n):
            found = f"a mean of {mean:g} of {n} whole numbers"
            yield hit_cell("A14", "warning", cell, found, f"a multiple of 1/{n} after rounding")
        elif cell.summary.sd is not None and not grimmer(mean, cell.summary.sd, n):
            found = f"an SD of {cell.summary.sd:g} with a mean of {mean:g} of {n} whole numbers"
            expected = "a sum of squares that is whole, and odd with an odd sum"
            yield hit_cell("A14", "warning", cell, found, expected)
