"""The tables of a question's classical answer, as its result has them."""

from __future__ import annotations

from evidence.report.coherence.cells import Cell, Expected, holds, says
from evidence.report.coherence.digits import (
    chance,
    fixed,
    heterogeneity,
    leading,
    places_of,
    share,
    span,
    triple,
)
from evidence.report.coherence.totals import back
from evidence.report.result import EffectLine, FitBlock, PartialLine, QuestionResult, UnusedLine

# Stages at which something was left out that had borne on the question.
NEAR = ("figures", "counted once", "role or time")


def overview(questions: tuple[QuestionResult, ...]) -> Expected:
    """All answers at a glance."""
    return Expected("t-overview", tuple(_glance(q) for q in questions))


def _glance(q: QuestionResult) -> tuple[Cell | None, ...]:
    told, places = "", places_of(q)
    if q.main is not None:
        told = triple(q.main.shown, places)
        if q.k == 2 and q.exact is not None:
            told += "".join(
                f"; {span(fit.shown.low, fit.shown.high, places)}"
                for fit in q.others
                if fit.name == "wald"
            )
            mu = q.exact.terms[0].shown
            told += "" if mu is None else f"; {span(mu.low, mu.high, places)}"
    in_part = {line.study for line in q.partial if line.kind != "other_arms"}
    return says(q.title), says(q.people), says(str(q.trials)), says(str(len(in_part))), holds(told)


def tables_of(q: QuestionResult) -> list[Expected]:
    """Every table of the classical answer that a report shows."""
    found = []
    if q.k:
        found = [models(q), effects(q), *sensitivity(q), *priors(q), *agreement(q)]
        found += [*shrinkage(q), *assumptions(q)]
    return [*found, *partial(q), *unused(q)]


def models(q: QuestionResult) -> Expected:
    """All models side by side."""
    fits = [fit for fit in (q.main, *q.others) if fit is not None]
    rows = [_fit(q, fit) for fit in fits]
    if q.exact is not None:
        mu, tau, new = q.exact.terms
        places = places_of(q)
        ends = f"({leading(tau.ci_low)} to {leading(tau.ci_high)})"
        below = share(q.exact.probability_below_null)
        # The name of the event says what lies below which null; the share is what counts.
        event = "" if q.contrast == "level" else f"< {1 if q.scale == 'log' else 0}) = {below}"
        rows.append(
            (
                holds(q.exact.prior_mu, q.exact.prior_tau),
                holds(triple(mu.shown, places)),
                holds(f"{leading(tau.median)} {ends}"),
                holds("" if new.shown is None else span(new.shown.low, new.shown.high, places)),
                holds(event),
            )
        )
    return Expected(f"t-{q.id}-models", tuple(rows))


def _fit(q: QuestionResult, fit: FitBlock) -> tuple[Cell | None, ...]:
    places, new = places_of(q), fit.prediction
    ends = "" if new is None else span(new.shown.low, new.shown.high, places)
    return (
        holds(fit.method, "" if q.contrast == "level" else chance(fit.p)),
        holds(triple(fit.shown, places)),
        holds(heterogeneity(fit)),
        holds(fit.prediction_reason if new is None else ends),
        None,
    )


def effects(q: QuestionResult) -> Expected:
    """The text of the forest plot."""
    return Expected(f"t-{q.id}-effects", tuple(_effect(q, line) for line in q.effects))


def _effect(q: QuestionResult, line: EffectLine) -> tuple[Cell | None, ...]:
    return (
        says(line.label),
        holds(line.counted, line.definition),
        holds(line.treatment, line.control),
        says("" if line.weeks is None else fixed(line.weeks, 0)),
        says(line.said_treatment),
        says(line.said_control),
        holds(triple(line.shown, places_of(q))),
        says(fixed(line.weight, 1)),
        says(line.route),
        holds(line.sources),
        holds(line.notes, line.remark),
    )


def shrinkage(q: QuestionResult) -> list[Expected]:
    """Each trial as printed and under the exact model."""
    if q.exact is None or not q.exact.shrinkage:
        return []
    places = places_of(q)
    posterior = {term.term: term.shown for term in q.exact.shrinkage}
    rows = [
        (
            says(line.label),
            holds(triple(line.shown, places)),
            holds(triple(posterior.get(line.row), places)),
        )
        for line in q.effects
    ]
    mu, _, new = q.exact.terms
    rows += [(None, holds(""), holds(triple(term.shown, places))) for term in (mu, new)]  # type: ignore[misc]
    return [Expected(f"t-{q.id}-shrinkage", tuple(rows))]


def sensitivity(q: QuestionResult) -> list[Expected]:
    """The answer under other choices."""
    if not q.sensitivity:
        return []
    rows = tuple(
        (
            says(line.group),
            says(line.choice),
            says(str(line.k)),
            says(line.why) if line.shown is None else holds(triple(line.shown, places_of(q))),
            says("" if line.tau2 is None else leading(line.tau2)),
        )
        for line in q.sensitivity
    )
    return [Expected(f"t-{q.id}-sensitivity", rows)]


def assumptions(q: QuestionResult) -> list[Expected]:
    """Assumptions and their reasons."""
    rows = tuple(
        (
            says(a.name.replace("_", " ")),
            says(a.value),
            says(a.reason),
            says(", ".join(a.otherwise)),
            None,
        )
        for a in q.assumptions
    )
    return [Expected(f"t-{q.id}-assumptions", rows)] if rows else []


def priors(q: QuestionResult) -> list[Expected]:
    """Priors of the exact model."""
    if q.exact is None:
        return []
    rows = (
        (None, says(q.exact.prior_mu), says(q.exact.prior_mu_reason)),
        (None, says(q.exact.prior_tau), says(q.exact.prior_tau_reason)),
    )
    return [Expected(f"t-{q.id}-priors", rows)]


def agreement(q: QuestionResult) -> list[Expected]:
    """The exact model beside the sampled one."""
    block = q.sampled
    if block is None:
        return []
    rows = tuple(
        (
            says(f"{line.term}, {line.quantity.replace('_', ' ')}"),
            says(leading(line.exact, 4)),
            says(leading(line.sampled, 4)),
            says(leading(line.mcse, 2)),
            says(fixed(line.z, 1)),
            says("yes" if line.within else "NO"),
        )
        for line in block.agreement
    )
    caption = (
        f"{block.sampler} {block.chains} {block.draws} {block.tune} {block.seed} "
        f"{fixed(block.r_hat_max, 3)} {fixed(block.ess_bulk_min, 0)} "
        f"{fixed(block.ess_tail_min, 0)} {block.divergences}"
    )
    return [Expected(f"t-{q.id}-agreement", rows, caption)]


def partial(q: QuestionResult) -> list[Expected]:
    """What was reported only in part."""
    rows = tuple(_part(q, line) for line in q.partial)
    return [Expected(f"t-{q.id}-partial", rows)] if rows else []


def _part(q: QuestionResult, line: PartialLine) -> tuple[Cell | None, ...]:
    low, high = ("" if x is None else leading(x) for x in (line.se_low, line.se_high))
    estimate = line.estimate
    return (
        says(line.label),
        holds(line.counted, line.definition),
        holds(line.treatment, line.control),
        None,
        says(line.said),
        holds("" if estimate is None else fixed(back(q.scale, estimate), places_of(q))),
        holds(low, high),
        holds(line.sources),
        says(line.remark),
    )


def unused(q: QuestionResult) -> list[Expected]:
    """What could not be used: near to the question first, then all other."""
    near = [line for line in q.unused if line.stage in NEAR]
    far = [line for line in q.unused if line.stage not in NEAR]
    groups = [lines for lines in (near, far) if lines]
    return [
        Expected(
            f"t-{q.id}-unused-{i}", tuple(_unused(line) for line in lines), beside=lines is far
        )
        for i, lines in enumerate(groups, 1)
    ]


def _unused(line: UnusedLine) -> tuple[Cell | None, ...]:
    return (
        says(line.label),
        says(line.outcome),
        holds(line.treatment, line.control),
        says(line.said),
        says(line.reason),
        says(line.sources),
    )
