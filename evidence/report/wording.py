"""Sentences: what was found, and how sure one can be, from the numbers of a result alone."""

from __future__ import annotations

from collections import Counter

from evidence.catalog.terms import Terms
from evidence.report.numbers import decimals_for, interval, number, percent, pretty_unit
from evidence.report.result import FitBlock, QuestionResult

DIRECTION_WORDS = {"increase": "an increase", "decrease": "a decrease", "no_change": "no change"}


def list_words(words: tuple[str, ...], terms: Terms) -> str:
    """Name drugs and classes as readers do: "aromatase inhibitor", "placebo or no treatment"."""
    names = []
    for word in words:
        term = terms.drugs.get(word)
        plain = word.replace("_", " ") if term is None else term.label
        names.append(CLASS_WORDS.get(word, plain))
    return " or ".join(dict.fromkeys(names))


CLASS_WORDS = {
    "aromatase_inhibitor": "an aromatase inhibitor",
    "control": "placebo or no treatment",
    "serm": "tamoxifen (or another SERM)",
    "sequence": "tamoxifen first",
}


def decimals(result: QuestionResult) -> int:
    """Decimals at which this question's numbers are written everywhere in the report."""
    if result.scale == "log":
        return 2
    widths = [2 * line.std_error for line in result.effects]
    if result.main is not None:
        widths.append(2 * result.main.std_error)
    return decimals_for(widths) if widths else 2


def estimate_text(result: QuestionResult, fit: FitBlock) -> str:
    """Write an estimate with unit and interval: "−0.028 g/cm2 (95 % CI −0.045 to −0.011)"."""
    places = decimals(result)
    unit = f" {pretty_unit(result.unit)}" if result.unit else ""
    limits = interval(fit.shown.low, fit.shown.high, places)
    return f"{number(fit.shown.estimate, places)}{unit} ({percent(fit.level)} CI {limits})"


def trials(k: int) -> str:
    """Count trials in words.

    Examples
    --------
    >>> trials(1), trials(4)
    ('one trial', '4 trials')
    """
    words = {0: "no trial", 1: "one trial", 2: "two trials", 3: "three trials"}
    return words.get(k, f"{k} trials")


def finding(result: QuestionResult) -> str:
    """Say in one or two sentences what was found."""
    if result.main is None:
        return _nothing_pooled(result)
    fit = result.main
    sides = f"with {result.treatment} than with {result.control}"
    if result.contrast == "within":
        sides = f"after {result.treatment} than before it"
    counted = result.measure in ("RR", "OR", "HR")
    less, more = ("less frequent", "more frequent") if counted else ("lower", "higher")
    if fit.ci_high < 0 or fit.ci_low > 0:
        told = f"{less if fit.ci_high < 0 else more} {sides}"
    else:
        told = f"the interval reaches from {less} to {more} {sides}"
    basis = trials(result.k)
    if result.participants:
        basis += f", {result.participants:,} people"
    return (
        f"{result.outcome_label}: {told}; {result.measure_label} {estimate_text(result, fit)}; "
        f"{basis}."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nothing_pooled(result: QuestionResult) -> str:
    if not result.partial:
        return "No trial that could answer this question was found."
    stated = directions(result)
    told = [f"{n} of {DIRECTION_WORDS[d]}" for d, n in stated.items()]
    silent = {line.study for line in result.partial if line.direction is None}
    silent -= {line.study for line in result.partial if line.direction is not None}
    bare = {line.study for line in result.partial if line.kind == "not_significant"} & silent
    told += [f'{len(bare)} only of a difference that was "not significant"'] if bare else []
    told += [f"{len(silent - bare)} of something else"] if silent - bare else []
    split = len({line.study for line in result.partial}) - len(silent) - sum(stated.values())
    told += [f"{split} of different directions in different arms"] if split else []
    counted = ", ".join(told)
    some = trials(len({line.study for line in result.partial}))
    return (
        "No trial printed an effect with its uncertainty, so nothing can be pooled. Of "
        f"{some} that reported it in part, {counted.replace(' of ', ' spoke of ', 1)}."
    )


def directions(result: QuestionResult) -> dict[str, int]:
    """Count trials by the direction they state between the arms; a trial counts once."""
    stated: dict[str, set[str]] = {}
    for line in result.partial:
        if line.direction is not None:
            stated.setdefault(line.study, set()).add(line.direction)
    single = [next(iter(found)) for found in stated.values() if len(found) == 1]
    counts = Counter(single)
    return {d: counts[d] for d in DIRECTION_WORDS if counts[d]}


def certainty(result: QuestionResult) -> tuple[str, ...]:
    """Say what limits the answer: each sentence a fact computed from the result."""
    said = []
    if result.indirect:
        said.append(f"Indirect: {result.indirect}")
    said += _on_number(result)
    said += _on_size(result)
    said += _on_sources(result)
    said += _on_parts(result)
    said += _on_sensitivity(result)
    said.append("No certainty rating (GRADE) and no risk-of-bias judgement has been made yet.")
    return tuple(said)


def _on_number(result: QuestionResult) -> list[str]:
    if result.k == 1:
        said = [
            "k = 1: this is the result of a single trial. Nothing was pooled, and how far trials "
            "differ cannot be known."
        ]
        mu = None if result.exact is None else result.exact.terms[0].shown
        if mu is not None and result.exact is not None:
            said.append(
                "Bayes allows for trials that differ as the prior of τ says "
                f"({result.exact.prior_tau}): for the mean over such trials it gives "
                f"{interval(mu.low, mu.high, decimals(result))}."
            )
        return said
    if result.k == 2:
        wald = next((fit for fit in result.others if fit.name == "wald"), None)
        exact = result.exact
        if wald is None or exact is None or result.main is None:
            return []
        places, mean = decimals(result), exact.terms[0].shown
        bayes = "" if mean is None else interval(mean.low, mean.high, places)
        return [
            "k = 2: the difference between trials rests on one comparison. Hartung-Knapp gives "
            f"{interval(result.main.shown.low, result.main.shown.high, places)}, Wald "
            f"{interval(wald.shown.low, wald.shown.high, places)}, Bayes with the declared prior "
            f"{bayes}."
        ]
    if result.main is not None and result.main.prediction is not None:
        back = result.main.prediction.shown
        limits = interval(back.low, back.high, decimals(result))
        return [
            f"A new trial's true effect is expected from {limits} "
            f"({percent(result.main.level)} prediction interval, {result.main.prediction.method})."
        ]
    return []


def _on_size(result: QuestionResult) -> list[str]:
    mark = result.threshold
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
    from_p = [line for line in result.effects if "exact P" in line.route]
    if from_p:
        whose = " and ".join(line.label for line in from_p)
        said.append(
            f"The standard error of {whose} is not printed; it was recovered from the P value."
        )
    full = sum(1 for line in result.effects if line.read == "primary_full_text")
    if result.effects and full < result.k:
        said.append(f"Full text was read of {full} of {result.k} trials.")
    return said


def _on_parts(result: QuestionResult) -> list[str]:
    studies = sorted({line.label for line in result.partial})
    if not studies or result.main is None:
        return []
    told = directions(result)
    counted = "; ".join(f"{n} of them {DIRECTION_WORDS[d]}" for d, n in told.items())
    return [
        f"{_capital(trials(len(studies)))} reported this outcome only in part and could not be "
        f"pooled ({', '.join(studies)})" + (f"; stated direction: {counted}." if counted else ".")
    ]


def _on_sensitivity(result: QuestionResult) -> list[str]:
    if result.main is None:
        return []
    base = _side(result.main.ci_low, result.main.ci_high)
    mu = None if result.exact is None else result.exact.terms[0]
    bayes = base if mu is None else _side(mu.ci_low, mu.ci_high)
    turned = [
        line.choice
        for line in result.sensitivity
        if line.ci_low is not None
        and line.ci_high is not None
        and _side(line.ci_low, line.ci_high) != (bayes if line.group == "prior" else base)
    ]
    answered = [line for line in result.sensitivity if line.estimate is not None]
    if not answered:
        return []
    if not turned:
        return [
            "Whether the interval includes no difference did not change in any of "
            f"{len(answered)} other choices."
        ]
    return [
        f"Whether the interval includes no difference changes in {len(turned)} of {len(answered)} "
        f"other choices: {'; '.join(turned)}."
    ]


def _side(low: float, high: float) -> int:
    return -1 if high < 0 else 1 if low > 0 else 0
