"""What must add up within a result: weights, counts, intervals, scales, the pooled mean."""

from __future__ import annotations

import math
from collections.abc import Iterator

from evidence.report.coherence.digits import leading
from evidence.report.coherence.record import Incoherence
from evidence.report.result import (
    BayesTerm,
    EffectLine,
    FitBlock,
    QuestionResult,
    ResultFile,
    Shown,
)

FILE = "result.json"
# Figures are kept to ten digits, those of the second answer to six.
EXACT, SIX = 1e-7, 2e-5
WEIGHED = 1e-6


def check_totals(result: ResultFile) -> Iterator[Incoherence]:
    """Name what does not add up in a result."""
    names = [q.id for q in result.questions]
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield Incoherence(FILE, f"questions[{name}]", "the question stands twice")
    for q in result.questions:
        yield from _counts(q)
        yield from _effects(q)
        yield from _fits(q)
        yield from _bayes(q)
        yield from _second(q)


def _at(q: QuestionResult, what: str) -> str:
    return f"questions[{q.id}].{what}"


def _differ(q: QuestionResult, at: str, what: str, right: object, found: object) -> Incoherence:
    return Incoherence(FILE, _at(q, at), what, str(right), str(found))


def _counts(q: QuestionResult) -> Iterator[Incoherence]:
    counts = {
        "k": (len(q.effects), q.k),
        "trials": (len({line.study for line in q.effects}), q.trials),
        "considered": (q.k + len(q.partial) + len(q.unused), q.considered),
        "participants": (_people(q.effects), q.participants),
    }
    if q.main is not None:
        counts["main.k"] = (q.k, q.main.k)
    counts |= {f"others[{fit.name}].k": (q.k, fit.k) for fit in q.others}
    for what, (right, found) in counts.items():
        if right != found:
            yield _differ(q, what, "does not add up", right, found)
    rows = [line.row for line in q.effects]
    for row in sorted({r for r in rows if rows.count(r) > 1}):
        yield Incoherence(FILE, _at(q, f"effects[{row}]"), "the row stands twice")
    if (q.main is None) != (q.k == 0):
        yield _differ(q, "main", "an answer without effects, or effects without one", q.k > 0, "")


def _people(lines: tuple[EffectLine, ...]) -> int | None:
    """People in the trials, those of a crossover once; None where a size was not printed."""
    total = 0
    for line in lines:
        sizes = [line.n_treatment] + ([] if line.control is None else [line.n_control])
        if any(n is None for n in sizes):
            return None
        known = [n for n in sizes if n is not None]
        total += known[0] if line.design == "crossover_rct" else sum(known)
    return total or None


def back(scale: str, value: float) -> float:
    """Bring a figure from the analysis scale to the readers' one."""
    if scale == "log":
        return math.exp(value)
    if scale == "logit":
        return 1 / (1 + math.exp(-value))
    return math.tanh(value) if scale == "fisher_z" else value


def near(a: float, b: float, tolerance: float = EXACT) -> bool:
    """Whether two figures agree to so many parts of the larger."""
    return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-6)


def _span(
    q: QuestionResult,
    at: str,
    ends: tuple[float, float, float],
    shown: Shown | None,
    tolerance: float = EXACT,
) -> Iterator[Incoherence]:
    """An interval holds its estimate, and is shown as what it is on the readers' scale."""
    estimate, low, high = ends
    if not low < high or not low <= estimate <= high:
        yield _differ(
            q, at, "interval", "low < high around the estimate", f"{estimate} {low} {high}"
        )
    if shown is None:
        return
    for name, value in zip(("estimate", "low", "high"), ends, strict=True):
        there = getattr(shown, name)
        right = back(q.scale, value)
        if not near(right, there, tolerance):
            yield _differ(q, f"{at}.shown.{name}", "readers' scale", leading(right, 8), there)


def _effects(q: QuestionResult) -> Iterator[Incoherence]:
    if not q.effects:
        return
    total = sum(line.weight for line in q.effects)
    if not near(total, 100.0, WEIGHED):
        yield _differ(q, "effects", "weights do not add up to 100", 100, total)
    z = _normal((1 + (q.main.level if q.main is not None else 0.95)) / 2)
    for line in q.effects:
        at = f"effects[{line.row}]"
        yield from _span(q, at, (line.estimate, line.ci_low, line.ci_high), line.shown)
        for name, sign in (("ci_low", -1), ("ci_high", 1)):
            right = line.estimate + sign * z * line.std_error
            found = getattr(line, name)
            if abs(right - found) > EXACT * (abs(line.estimate) + z * line.std_error):
                yield _differ(q, f"{at}.{name}", "estimate ± z · SE", leading(right, 8), found)


def _normal(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _fits(q: QuestionResult) -> Iterator[Incoherence]:
    fits = [] if q.main is None else [("main", q.main)]
    fits += [(f"others[{fit.name}]", fit) for fit in q.others]
    for at, fit in fits:
        yield from _span(q, at, (fit.estimate, fit.ci_low, fit.ci_high), fit.shown)
        yield from _reach(q, at, fit)
        yield from _pooled(q, at, fit)
        new = fit.prediction
        if new is not None:
            ends = (fit.estimate, new.low, new.high)
            yield from _span(q, f"{at}.prediction", ends, new.shown)
        if fit.tau is not None and fit.tau2 is not None and not near(fit.tau**2, fit.tau2, 1e-6):
            yield _differ(q, f"{at}.tau", "τ² is not the square of τ", fit.tau2, fit.tau)


def _reach(q: QuestionResult, at: str, fit: FitBlock) -> Iterator[Incoherence]:
    """Both halves of an interval are as long, as those of Wald and Hartung and Knapp are."""
    below, above = fit.estimate - fit.ci_low, fit.ci_high - fit.estimate
    if abs(below - above) > 1e-6 * (abs(fit.estimate) + below + above):
        yield _differ(q, at, "halves of the interval", leading(below, 8), leading(above, 8))


def _pooled(q: QuestionResult, at: str, fit: FitBlock) -> Iterator[Incoherence]:
    """The mean follows from the rows by weights 1 / (SE² + τ²)."""
    if any(len(lines) > 1 and lines[0].control is not None for lines in _by_study(q)):
        # Comparisons of one study may share an arm; their covariance stands in no field here.
        return
    tau2 = 0.0 if fit.name == "common" else fit.tau2 or 0.0
    weights = [1 / (line.std_error**2 + tau2) for line in q.effects]
    total = math.fsum(weights)
    mean = math.fsum(w * x.estimate for w, x in zip(weights, q.effects, strict=True)) / total
    reach = max(abs(line.estimate) for line in q.effects)
    if abs(mean - fit.estimate) > 1e-6 * reach:
        what = "mean of its rows"
        yield _differ(q, f"{at}.estimate", what, leading(mean, 8), leading(fit.estimate, 8))
    if at != "main":
        return
    for weight, line in zip(weights, q.effects, strict=True):
        if not near(100 * weight / total, line.weight, 1e-5):
            right = leading(100 * weight / total, 8)
            yield _differ(q, f"effects[{line.row}].weight", "1 / (SE² + τ²)", right, line.weight)


def _by_study(q: QuestionResult) -> list[list[EffectLine]]:
    found: dict[str, list[EffectLine]] = {}
    for line in q.effects:
        found.setdefault(line.study, []).append(line)
    return list(found.values())


def _bayes(q: QuestionResult) -> Iterator[Incoherence]:
    if q.exact is None:
        return
    terms = [("terms", term) for term in q.exact.terms]
    terms += [("shrinkage", term) for term in q.exact.shrinkage]
    for part, term in terms:
        yield from _term(q, f"exact.{part}[{term.term}]", term)
    rows = {line.row for line in q.effects}
    shrunk = {term.term for term in q.exact.shrinkage}
    if q.exact.shrinkage and rows != shrunk:
        yield _differ(q, "exact.shrinkage", "rows", sorted(rows), sorted(shrunk))
    for name in ("probability_below_null", "probability_new_below_null"):
        value = getattr(q.exact, name)
        if not 0 <= value <= 1:
            yield _differ(q, f"exact.{name}", "is no probability", "0 to 1", value)
    mu = q.exact.terms[0]
    yield from _tail(q, "exact", mu, q.exact.probability_below_null, q.exact.level)


def _tail(
    q: QuestionResult, at: str, mu: BayesTerm, below: float, level: float
) -> Iterator[Incoherence]:
    """The probability below no effect fits the interval and the median around it."""
    tail = (1 - level) / 2
    bounds = ((mu.ci_low, tail), (mu.median, 0.5), (mu.ci_high, 1 - tail))
    for place, share in bounds:
        if (place < 0 and below < share - 1e-4) or (place > 0 and below > share + 1e-4):
            what = f"probability below no effect, with {share:g} of it below {leading(place)}"
            yield _differ(q, at, what, f"{'at least' if place < 0 else 'at most'} {share:g}", below)


def _term(
    q: QuestionResult, at: str, term: BayesTerm, tolerance: float = EXACT
) -> Iterator[Incoherence]:
    ends = (term.median, term.ci_low, term.ci_high)
    yield from _span(q, at, ends, term.shown, tolerance)


def _second(q: QuestionResult) -> Iterator[Incoherence]:
    block = q.said
    if block is None or not block.terms:
        return
    for term in block.terms:
        if term.term in ("mu", "prediction"):
            yield from _term(q, f"said.terms[{term.term}]", term, SIX)
    counts = {
        "reports": (len(block.lines), block.reports),
        "complete": (sum(line.kind == "complete" for line in block.lines), block.complete),
    }
    for what, (right, found) in counts.items():
        if right != found:
            yield _differ(q, f"said.{what}", "number of lines", right, found)
    reports = 0
    for step in block.steps:
        reports += step.added
        if step.reports != reports:
            yield _differ(q, f"said.steps[{step.step}]", "reports", reports, step.reports)
    if block.steps and reports != block.used:
        yield _differ(q, "said.used", "reports of the last step", reports, block.used)
