"""What limits an answer: sentences, each of them a fact computed from the result."""

from __future__ import annotations

from collections import Counter

from evidence.report.certainty.collect import rating_sentence
from evidence.report.numbers import interval, level_text, number, pretty_unit
from evidence.report.result import QuestionResult
from evidence.report.wording import (
    capital,
    decimals,
    directions_counted,
    line_of,
    told_of,
    trials,
    unit_of_study,
)

APART = {
    "level": "These are values seen in people on treatment, not what the treatment did to them; "
    "people, doses, assays and times differ between studies.",
    "association": "An association in people as they are: it does not show what a treatment does, "
    "and other things that go with both may make it.",
}


def limits(result: QuestionResult) -> tuple[str, ...]:
    """Say what limits the answer: each sentence a fact computed from the result."""
    said = [APART[result.contrast]] if result.contrast in APART else []
    if result.indirect:
        said.append(f"Indirect: {result.indirect}")
    said += _on_number(result)
    said += _on_size(result)
    said += _on_sources(result)
    said += _on_parts(result)
    said += _on_sensitivity(result)
    told = rating_sentence(result.rating)
    return (*said, told) if result.rating is None else (told, *said)


def _on_number(result: QuestionResult) -> list[str]:
    places, one = decimals(result), line_of(result)
    many = trials(9, one).removeprefix("9 ")
    if result.k == 1:
        said = [
            f"k = 1: this is the result of a single {one}. Nothing was pooled, and how far "
            f"{many} differ cannot be known."
        ]
        mu = None if result.exact is None else result.exact.terms[0].shown
        if mu is not None and result.exact is not None:
            said.append(
                f"Bayes allows for {many} that differ as the prior of τ says "
                f"({result.exact.prior_tau}): for the mean over such {many} it gives "
                f"{interval(mu.low, mu.high, places)}, a width that comes from that prior."
            )
        return said
    if result.k == 2:
        return [f"k = 2: the difference between {many} rests on one comparison."]
    if result.main is None or result.main.prediction is None:
        return []
    back = result.main.prediction.shown
    true = {"level": "value", "association": result.measure_label}.get(result.contrast, "effect")
    said = [
        f"A new {one}'s true {true} is expected between {number(back.low, places)} and "
        f"{number(back.high, places)} ({level_text(result.main.level)} prediction interval, "
        f"{result.main.prediction.method})."
    ]
    if result.main.tau2 == 0:
        said.append(
            f"The variance between {many} is estimated as 0, so that the prediction interval shows "
            f"none; few {many} cannot rule it out."
        )
    return said


def _on_size(result: QuestionResult) -> list[str]:
    mark = result.threshold
    if result.contrast in ("level", "association"):
        return []
    if mark.value is None:
        return ["No page that states a smallest difference that matters was seen for this outcome."]
    comparable = mark.unit == result.unit or (mark.unit == "ratio" and result.unit is None)
    if not comparable or result.main is None:
        return []
    name = (
        "smallest difference that matters"
        if mark.kind == "minimal_important_difference"
        else "figure to judge the size by, which is no minimal important difference"
    )
    unit = "" if mark.unit == "ratio" else f" {pretty_unit(mark.unit)}"
    return [f"The {name}: {mark.value:g}{unit} ({mark.meaning}; {mark.source})."]


def _on_sources(result: QuestionResult) -> list[str]:
    said = []
    secondary = sum(line.weight for line in result.effects if line.read == "secondary_source")
    if secondary > 0:
        said.append(
            f"{secondary:.0f} % of the weight is known from secondary sources (labels, reviews, "
            "news reports), not from the trial's own report."
        )
    from_p = list(dict.fromkeys(x.label for x in result.effects if "exact P" in x.route))
    if from_p:
        whose = " and ".join(from_p)
        said.append(f"The standard error of {whose} was recovered from the printed P value.")
    read = Counter(line.read for line in {x.study: x for x in result.effects}.values())
    words = {
        "primary_full_text": "a table or passage of the paper",
        "primary_abstract": "the abstract only",
        "registry": "the registry only",
        "secondary_source": "a secondary source only",
    }
    if read:
        one = unit_of_study(result)
        parts = [f"{text} ({trials(read[key], one)})" for key, text in words.items() if read[key]]
        said.append(f"What was read: {', '.join(parts)}.")
    return said


def _on_parts(result: QuestionResult) -> list[str]:
    told = told_of(result)
    others = sorted({x.label for x in result.partial if x.kind == "other_arms"})
    beside = [f"{' and '.join(others)} told of this outcome in other arms only."] if others else []
    if not told or result.main is None:
        return beside
    names = ", ".join(sorted({lines[0].label for lines in told.values()}))
    one = unit_of_study(result)
    counts = "" if result.contrast == "level" else f": {directions_counted(result)}"
    return [
        f"{capital(trials(len(told), one))} reported this outcome only in part and could not be "
        f"pooled ({names}){counts}.",
        *beside,
    ]


def _on_sensitivity(result: QuestionResult) -> list[str]:
    if result.main is None or result.contrast == "level":
        return []
    base = _side(result.main.ci_low, result.main.ci_high)
    answered = [x for x in result.sensitivity if x.ci_low is not None and x.ci_high is not None]
    turned = [x.choice for x in answered if _side(x.ci_low or 0, x.ci_high or 0) != base]
    if not answered:
        return []
    now = "excludes" if base else "includes"
    other = "otherwise" if base else "excludes it"
    null = "no association" if result.contrast == "association" else "no difference"
    if not turned:
        return [f"The interval {now} {null}, as in all {len(answered)} other choices."]
    return [
        f"The interval {now} {null}; it {'is ' if base else ''}{other} in {len(turned)} of "
        f"{len(answered)} other choices: {'; '.join(turned)}."
    ]


def _side(low: float, high: float) -> int:
    return -1 if high < 0 else 1 if low > 0 else 0
