"""Tables of a report: words and numbers in rows, ready for a page."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.catalog.display import html_of, plain
from evidence.catalog.phrases import counted, folded
from evidence.effects.partial import KINDS
from evidence.effects.scales import to_readers
from evidence.report.numbers import (
    interval,
    level_text,
    number,
    p_value,
    percent,
    pretty_unit,
    significant,
)
from evidence.report.result import BayesTerm, FitBlock, QuestionResult, Shown
from evidence.report.wording import counted_text, decimals, event_below, level_of

NEAR = ("figures", "counted once", "role or time")
READ_WORDS = {
    "primary_full_text": "full text or table of the paper",
    "primary_abstract": "abstract of the paper",
    "secondary_source": "secondary source",
    "registry": "registry",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``numeric`` lists the columns that are set flush right."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    caption: str = ""

    def __str__(self) -> str:
        of = f"{counted(len(self.rows), 'row')} of {counted(len(self.head), 'column')}"
        return folded(f"{plain(self.title)}, {of}: {plain(', '.join(self.head))}")

    def _repr_html_(self) -> str:
        import pandas as pd

        notes = [self.caption] if self.caption else []
        return html_of(self.title, notes, ("", pd.DataFrame(list(self.rows), columns=self.head)))


def shown_text(result: QuestionResult, values: Shown | None) -> str:
    """Write an estimate with its interval on the scale readers know."""
    if values is None:
        return ""
    places = decimals(result)
    return f"{number(values.estimate, places)} ({interval(values.low, values.high, places)})"


def arms_text(result: QuestionResult, treatment: str, control: str | None) -> str:
    """Name the arms of a comparison, or the one arm of a level or an association."""
    if control is None and result.contrast in ("level", "association"):
        return treatment
    return f"{treatment} v {control or 'baseline'}"


def overview_table(questions: tuple[QuestionResult, ...]) -> Table:
    """All answers of a report at a glance."""
    rows = []
    for q in questions:
        told = [f"{q.measure_label} {shown_text(q, q.main.shown)}" if q.main else "not pooled"]
        if q.k == 2 and q.exact is not None:
            wald = next((fit for fit in q.others if fit.name == "wald"), None)
            told[0] += " by Hartung-Knapp"
            told += [] if wald is None else [f"Wald {_limits(q, wald.shown)}"]
            mu = q.exact.terms[0].shown
            told += [] if mu is None else [f"Bayes {_limits(q, mu)}"]
        unit = f" {pretty_unit(q.unit)}" if q.unit and q.main else ""
        in_part = len({line.study for line in q.partial if line.kind != "other_arms"})
        effect = "; ".join(told) + unit
        rows.append((q.title, q.people, str(q.trials), str(in_part), effect))
    head = ("Question", "People", "Trials used", "Trials in part", "Effect and its interval")
    return Table("At a glance", head, tuple(rows), (2, 3), "At a glance")


def effects_table(result: QuestionResult) -> Table:
    """Every effect that was used, in words and numbers: the text of the forest plot."""
    rows = [
        (
            line.label,
            counted_text(line.counted, line.definition),
            arms_text(result, line.treatment, line.control),
            "" if line.weeks is None else f"{line.weeks:.0f}",
            line.said_treatment,
            line.said_control,
            shown_text(result, line.shown),
            f"{line.weight:.1f}",
            line.route,
            f"{line.sources} ({READ_WORDS[line.read]})",
            "; ".join(x for x in (line.notes, line.remark) if x),
        )
        for line in result.effects
    ]
    head = (
        "Trial", "Counted as", "Arms", "Week", "Printed, treatment", "Printed, control",
        f"{result.measure_label.capitalize()}, {level_text(level_of(result))} CI", "Weight, %",
        "How", "Read where", "Remarks",
    )  # fmt: skip
    return Table("The numbers of the figure", head, tuple(rows), (3, 7))


def models_table(result: QuestionResult) -> Table:
    """All models side by side."""
    fits = [fit for fit in (result.main, *result.others) if fit is not None]
    rows = [(*_fit_row(result, fit), "") for fit in fits]
    if result.exact is not None:
        mu, tau, new = result.exact.terms
        below = percent(result.exact.probability_below_null)
        event = event_below(result)
        rows.append(
            (
                f"Bayes, exact, mean μ; prior of μ {result.exact.prior_mu}, of τ "
                f"{result.exact.prior_tau}",
                shown_text(result, mu.shown),
                _tau_text(tau),
                "" if new.shown is None else _limits(result, new.shown),
                f"P({event}) = {below}" if event else "",
            )
        )
    unit = f", {pretty_unit(result.unit)}" if result.unit else ""
    level = level_text(level_of(result))
    head = (
        "Model", f"{result.measure_label.capitalize()}{unit}, {level} interval",
        f"τ (analysis scale), {level} interval", f"New trial, {level} interval", "Probability",
    )  # fmt: skip
    return Table("Models side by side", head, tuple(rows), (), "Models side by side")


def _limits(result: QuestionResult, values: Shown) -> str:
    return interval(values.low, values.high, decimals(result))


def _tau_text(tau: BayesTerm) -> str:
    low, high = significant(tau.ci_low), significant(tau.ci_high)
    return f"{significant(tau.median)} ({low} to {high})"


def _fit_row(result: QuestionResult, fit: FitBlock) -> tuple[str, str, str, str]:
    tau = fit.heterogeneity_reason or ""
    if fit.tau is not None and fit.tau2_ci_low is not None and fit.tau2_ci_high is not None:
        low, high = fit.tau2_ci_low**0.5, fit.tau2_ci_high**0.5
        tau = f"{significant(fit.tau)} ({significant(low)} to {significant(high)})"
    new = "" if fit.prediction is None else _limits(result, fit.prediction.shown)
    return (
        fit.method if result.contrast == "level" else f"{fit.method}; {p_value(fit.p)}",
        shown_text(result, fit.shown),
        tau,
        new or (fit.prediction_reason or ""),
    )


def shrinkage_table(result: QuestionResult) -> Table | None:
    """Each trial as printed and its posterior under the exact model: the text of that figure."""
    if result.exact is None or not result.exact.shrinkage:
        return None
    posterior = {term.term: term.shown for term in result.exact.shrinkage}
    rows = [
        (line.label, shown_text(result, line.shown), shown_text(result, posterior.get(line.row)))
        for line in result.effects
    ]
    mu, _, new = result.exact.terms
    rows.append(("Mean effect", "", shown_text(result, mu.shown)))
    rows.append(("New trial", "", "" if new.shown is None else shown_text(result, new.shown)))
    level = level_text(result.exact.level)
    head = (
        "Trial",
        f"As it enters, {level_text(level_of(result))} CI",
        f"Posterior, {level} interval",
    )
    return Table("Printed and posterior", head, tuple(rows))


def priors_table(result: QuestionResult) -> Table | None:
    """Priors with their reasons."""
    if result.exact is None:
        return None
    rows = (
        ("μ, the mean effect", result.exact.prior_mu, result.exact.prior_mu_reason),
        ("τ, the SD between trials", result.exact.prior_tau, result.exact.prior_tau_reason),
    )
    return Table("Priors, on the analysis scale", ("Quantity", "Prior", "Why"), rows)


def agreement_table(result: QuestionResult) -> Table | None:
    """The same Bayesian model twice: by quadrature and by PyMC."""
    block = result.sampled
    if block is None:
        return None
    rows = tuple(
        (
            f"{line.term}, {line.quantity.replace('_', ' ')}",
            significant(line.exact, 4),
            significant(line.sampled, 4),
            significant(line.mcse, 2),
            number(line.z, 1),
            "yes" if line.within else "NO",
        )
        for line in block.agreement
    )
    head = (
        "Figure (analysis scale)",
        "Exact",
        "PyMC",
        "MC error",
        "Difference / MC error",
        "Agree",
    )
    caption = (
        f"{block.sampler}, {block.chains} chains of {block.draws} draws after {block.tune}, seed "
        f"{block.seed}: R-hat at most {block.r_hat_max:.3f}, bulk ESS at least "
        f"{block.ess_bulk_min:.0f}, tail ESS at least {block.ess_tail_min:.0f}, "
        f"{block.divergences} divergences"
    )
    return Table("Bayes twice: exact and PyMC", head, rows, (1, 2, 3, 4), caption)


def sensitivity_table(result: QuestionResult) -> Table | None:
    """The answer under each other choice."""
    if not result.sensitivity:
        return None
    rows = tuple(
        (
            line.group,
            line.choice,
            str(line.k),
            shown_text(result, line.shown) if line.shown is not None else (line.why or ""),
            "" if line.tau2 is None else significant(line.tau2),
        )
        for line in result.sensitivity
    )
    unit = f", {pretty_unit(result.unit)}" if result.unit else ""
    head = (
        "What",
        "Choice",
        "k",
        f"{result.measure_label.capitalize()}{unit}, {level_text(level_of(result))}",
        "τ²",
    )
    return Table("Sensitivity: the answer under other choices", head, rows, (2, 4))


def assumptions_table(result: QuestionResult) -> Table | None:
    """Assumptions of the question, used or not."""
    if not result.assumptions:
        return None
    rows = tuple(
        (
            a.name.replace("_", " "),
            a.value,
            a.reason,
            ", ".join(a.otherwise),
            "yes" if a.used else "no row leans on it",
        )
        for a in result.assumptions
    )
    head = ("Assumption", "Value", "Why", "Swept over", "Used")
    return Table("Assumptions", head, rows)


def partial_table(result: QuestionResult) -> Table | None:
    """What was reported only in part, as far as it was said."""
    if not result.partial:
        return None
    rows = tuple(
        (
            part.label,
            counted_text(part.counted, part.definition),
            arms_text(result, part.treatment, part.control),
            KINDS[part.kind],
            part.said,
            _estimate(result, part.estimate),
            _bounds(part.se_low, part.se_high),
            f"{part.sources} ({READ_WORDS[part.read]})",
            part.remark,
        )
        for part in result.partial
    )
    head = (
        "Trial",
        "Counted as",
        "Arms",
        "What there is",
        "What was said",
        "Estimate",
        "Standard error",
        "Read where",
        "Remarks",
    )
    return Table("Reported only in part", head, rows)


def _estimate(result: QuestionResult, estimate: float | None) -> str:
    """An estimate without its uncertainty, as readers know it: a hollow mark in the figure."""
    return "" if estimate is None else number(to_readers(estimate, result.scale), decimals(result))


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{significant(low)} to {significant(high)}"
    if high is not None:
        return f"below {significant(high)}"
    return "" if low is None else f"above {significant(low)}"


def unused_tables(result: QuestionResult) -> list[Table]:
    """What could not be used: first what might have borne on the question."""
    near = [u for u in result.unused if u.stage in NEAR]
    far = [u for u in result.unused if u not in near]
    made = []
    for title, lines in (
        ("The comparison asked about, but not used", near),
        ("Other people, designs or comparisons", far),
    ):
        rows = tuple(
            (
                u.label,
                u.outcome,
                arms_text(result, u.treatment, u.control) if u.treatment else "",
                u.said,
                u.reason,
                u.sources,
            )
            for u in lines
        )
        if rows:
            made.append(
                Table(
                    title, ("Trial", "Outcome", "Arms", "What was said", "Why not", "Source"), rows
                )
            )
    return made
