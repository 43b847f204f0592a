"""Lay out the forest plot of a question: trials, pooled rows, and what was said only in part."""

from __future__ import annotations

import re
import textwrap
from itertools import takewhile

from scipy import special

from evidence.effects.scales import to_readers
from evidence.rating.risk_of_bias.lights import sign
from evidence.report.forest.data import ForestData, ForestLine
from evidence.report.numbers import interval, level_text, number, p_value, pretty_unit, significant
from evidence.report.result import FitBlock, PartialLine, QuestionResult, Shown
from evidence.report.risk.collect import lights_of
from evidence.report.wording import SCALE_WORDS, counted_text, decimals, level_of, unit_of_study

MOST_PARTIAL = 18
READ_MARKS = {"secondary_source": "*"}
RISK_NOTE = (
    "Risk of bias behind the names: + low, ! some concerns or moderate, \N{MINUS SIGN} high or "
    "serious, \N{MULTIPLICATION SIGN} critical, ? no information; in brackets for want of "
    "information only."
)


def forest_of(result: QuestionResult) -> ForestData:
    """Lay out the plot of a question that has at least one effect."""
    unit = f" ({pretty_unit(result.unit)})" if result.unit else ""
    low, high = favours(result)
    arms = ("", "") if result.contrast != "between" else (result.treatment, result.control)
    size = "events/n" if result.measure in ("RR", "OR", "PLO") else "n"
    heads = [f"{textwrap.fill(bare(arm), 17)}\n{size}" if arm else size for arm in arms]
    if result.contrast != "between":
        heads = [size, ""]
    return ForestData(
        title=result.title,
        measure=f"{result.measure_label.capitalize()}{unit}",
        scale=result.scale,
        left_head=heads[0],
        right_head=heads[1],
        lines=(*_trials(result), *_pooled(result), *_partial(result)),
        favours_low=low,
        favours_high=high,
        footnotes=_footnotes(result),
        pooled=None if result.main is None or result.k == 1 else result.main.estimate,
        level=level_of(result),
        null=None if result.contrast == "level" else 0.0,
        head=unit_of_study(result).capitalize(),
    )


def bare(words: str) -> str:
    """Drop the article: heads and labels name the drug alone."""
    return re.sub(r"^(an?|the) ", "", words)


def favours(result: QuestionResult) -> tuple[str, str]:
    """Words under the axis, left and right, from the direction that is better for the outcome.

    Where neither direction is better by itself, they say what is lower and higher and favour none.
    """
    if result.contrast == "within":
        return "lower after treatment", "higher after treatment"
    if result.contrast == "level":
        return "", ""
    if result.contrast == "association":
        return "negative association", "positive association"
    if result.better == "neither":
        return f"lower with {bare(result.treatment)}", f"higher with {bare(result.treatment)}"
    good, bad = f"favours {bare(result.treatment)}", f"favours {bare(result.control)}"
    return (bad, good) if result.better == "higher" else (good, bad)


def _text(result: QuestionResult, values: Shown) -> str:
    places = decimals(result)
    return f"{number(values.estimate, places)} ({interval(values.low, values.high, places)})"


def arm_text(said: str, n: int | None) -> str:
    """What an arm's column shows: events of total, a printed percentage, or n."""
    counts = re.search(r"\d+/\d+", said)
    if counts:
        return counts.group()
    share = re.search(r"([\d.]+) % with an event", said)
    if share:
        return f"{share.group(1)} %" + (f" of {n}" if n else "")
    return "not printed" if n is None else str(n)


def distinct_names(labels: list[str], arms: list[str]) -> list[str]:
    """Tell lines of one trial apart by the words in which their treated arms differ.

    Examples
    --------
    >>> distinct_names(["Leder 2004", "Lew 2003", "Leder 2004"],
    ...                ["anastrozole_daily", "anastrozole", "anastrozole_twice_weekly"])
    ['Leder 2004, daily', 'Lew 2003', 'Leder 2004, twice weekly']
    """
    found = []
    for label, arm in zip(labels, arms, strict=True):
        same = [b.split("_") for a, b in zip(labels, arms, strict=True) if a == label]
        if len({tuple(words) for words in same}) < 2:
            found.append(label)
            continue
        columns = takewhile(lambda words: len(set(words)) == 1, zip(*same, strict=False))
        shared = len(list(columns))
        found.append(f"{label}, {' '.join(arm.split('_')[shared:]) or arm}")
    return found


def _trials(result: QuestionResult) -> list[ForestLine]:
    lines = []
    told = distinct_names(
        [line.label for line in result.effects], [line.treatment for line in result.effects]
    )
    names = dict(zip([line.row for line in result.effects], told, strict=True))
    signs = risk_signs(result)
    for line in result.effects:
        name = names[line.row] + READ_MARKS.get(line.read, "")
        name = " ".join(part for part in (name, signs.get(line.study, "")) if part)
        lines.append(
            ForestLine(
                "trial",
                name,
                arm_text(line.said_treatment, line.n_treatment),
                "" if line.control is None else arm_text(line.said_control, line.n_control),
                line.weight,
                _text(result, line.shown),
                line.estimate,
                line.ci_low,
                line.ci_high,
            )
        )
    return lines


def risk_signs(result: QuestionResult) -> dict[str, str]:
    """Sign of the overall risk of bias of each trial that was rated, for behind its name."""
    if result.risk is None:
        return {}
    lights = lights_of(result.risk)
    return {
        line.study: sign(light.overall)
        for line, light in zip(result.risk.lines, lights, strict=True)
        if light.overall is not None and not line.in_part
    }


def _pooled(result: QuestionResult) -> list[ForestLine]:
    main = result.main
    if main is None:
        return []
    if result.k == 1:
        return [ForestLine("heading", f"One {unit_of_study(result)}: nothing was pooled")]
    lines = [
        ForestLine(
            "pooled",
            "Random effects",
            _total(result, "n_treatment"),
            _total(result, "n_control"),
            100.0,
            _text(result, main.shown),
            main.estimate,
            main.ci_low,
            main.ci_high,
        )
    ]
    if main.prediction is not None:
        back = main.prediction.shown
        words = interval(back.low, back.high, decimals(result))
        ends = (main.prediction.low, main.prediction.high)
        name = f"{level_text(main.level)} prediction interval"
        lines.append(ForestLine("prediction", name, effect=words, low=ends[0], high=ends[1]))
    lines += [_other(result, fit) for fit in result.others]
    if result.exact is not None:
        mu = result.exact.terms[0]
        if mu.shown is not None:
            words = _text(result, mu.shown)
            lines.append(
                ForestLine(
                    "other", "Bayes, exact", "", "", None, words, mu.median, mu.ci_low, mu.ci_high
                )
            )
    return lines


def _total(result: QuestionResult, column: str) -> str:
    values = [getattr(line, column) for line in result.effects]
    return "" if any(v is None for v in values) else f"n {sum(values):,}"


def _other(result: QuestionResult, fit: FitBlock) -> ForestLine:
    name = {"common": "Common effect", "wald": "Random effects, Wald"}[fit.name]
    words = _text(result, fit.shown)
    return ForestLine("other", name, "", "", None, words, fit.estimate, fit.ci_low, fit.ci_high)


def _partial(result: QuestionResult) -> list[ForestLine]:
    names = distinct_names([p.label for p in result.partial], [p.treatment for p in result.partial])
    named = [p.model_copy(update={"label": n}) for p, n in zip(result.partial, names, strict=True)]
    drawn = [part for part in named if part.estimate is not None]
    told = [part for part in named if part.estimate is None]
    lines = [ForestLine("heading", "Estimate without an interval, not pooled")] if drawn else []
    lines += [_marked(result, part) for part in drawn]
    if told:
        lines.append(ForestLine("heading", "Reported in part, not pooled", below=True))
    for part in told[:MOST_PARTIAL]:
        said = textwrap.shorten(part.said or "in words only", width=108, placeholder=" ...")
        lines.append(ForestLine("partial", part.label, said, below=True))
    more = len(told) - MOST_PARTIAL
    if more > 0:
        lines.append(ForestLine("partial", "", f"and {more} more, in the table", below=True))
    return lines


def _marked(result: QuestionResult, part: PartialLine) -> ForestLine:
    estimate = part.estimate or 0.0
    ends: tuple[float | None, float | None] = (None, None)
    if part.se_high is not None:
        reach = float(special.ndtri((1 + level_of(result)) / 2)) * part.se_high
        ends = (estimate - reach, estimate + reach)
    value = to_readers(estimate, result.scale)
    words = f"{number(value, decimals(result))} ({_bound(part.p_relation, part.p_value)})"
    return ForestLine("partial", part.label, "", "", None, words, estimate, ends[0], ends[1])


def _bound(relation: str | None, value: float | None) -> str:
    if relation is None:
        return "no interval"
    return "not significant" if relation == "ns" else f"P {relation} {value:g}"


def _footnotes(result: QuestionResult) -> tuple[str, ...]:
    notes = []
    main = result.main
    if main is not None and main.tau2 is not None and main.q is not None and main.q_p is not None:
        tau = main.tau or 0.0
        notes.append(
            f"Heterogeneity: τ = {significant(tau)}, τ² = {significant(main.tau2)} "
            f"({level_text(main.level)} CI {significant(main.tau2_ci_low or 0.0)} to "
            f"{significant(main.tau2_ci_high or 0.0)}, Q-profile); Q = {main.q:.2f}, "
            f"df = {main.q_df}, {p_value(main.q_p)}; I² (from τ²) = {main.i2:.0f} %"
        )
    if main is not None:
        head = f"{main.method}. " if result.k > 1 else ""
        scale = SCALE_WORDS[result.scale]
        tested = result.k > 1 and result.contrast != "level"
        test = f"test of the mean: {p_value(main.p)}. " if tested else ""
        if result.k > 1:
            notes.append(f"{head}{test[:1].upper()}{test[1:]}Inverse-variance weights, {scale}.")
        plain = result.scale in ("identity", "log")
        scaled = "" if plain else f" on the {SCALE_WORDS[result.scale]}"
        notes.append(
            f"Interval of a {unit_of_study(result)}: its estimate ± 1.96 standard errors{scaled}."
        )
        if main.prediction is not None:
            notes.append(f"Prediction interval: {main.prediction.method}.")
    if any(line.read == "secondary_source" for line in result.effects):
        notes.append("* known from a secondary source only")
    notes += [f"{line.label}: {line.notes}" for line in result.effects if line.notes]
    if len({(line.counted, line.definition) for line in result.effects}) > 1:
        verb = " counts" if result.measure in ("RR", "OR", "HR", "PLO") else ":"
        notes += [
            f"{line.label}{verb} {counted_text(line.counted, line.definition)}"
            for line in result.effects
            if line.definition or verb != ":"
        ]
    if any(part.se_high is not None for part in result.partial):
        notes.append("Dotted: the widest interval that the printed bound on P allows; not pooled.")
    if risk_signs(result):
        notes.append(RISK_NOTE)
    return tuple(notes)
