"""Sentences: what was found, and how sure one can be, from the numbers of a result alone."""

from __future__ import annotations

from collections import Counter

from evidence.catalog.terms import Terms
from evidence.report.numbers import decimals_for, interval, level_text, number, pretty_unit
from evidence.report.result import FitBlock, PartialLine, QuestionResult

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


def level_of(result: QuestionResult) -> float:
    """Level of a question's intervals."""
    return 0.95 if result.main is None else result.main.level


def estimate_text(result: QuestionResult, fit: FitBlock) -> str:
    """Write an estimate with unit and interval: "−0.028 g/cm2 (95 % CI −0.045 to −0.011)"."""
    places = decimals(result)
    unit = f" {pretty_unit(result.unit)}" if result.unit else ""
    limits = interval(fit.shown.low, fit.shown.high, places)
    return f"{number(fit.shown.estimate, places)}{unit} ({level_text(fit.level)} CI {limits})"


def counted_text(word: str, definition: str) -> str:
    """Name the outcome as the trial counts it."""
    name = word.replace("_", " ")
    return f"{name}: {definition}" if definition else name


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
    basis = trials(result.trials)
    if result.participants:
        basis += f", {result.participants:,} people"
    if result.k == 2:
        return f"{result.outcome_label}: {_two(result)}; {basis}."
    if fit.ci_high < 0 or fit.ci_low > 0:
        told = f"{less if fit.ci_high < 0 else more} {sides}"
    else:
        told = f"the interval reaches from {less} to {more} {sides}"
    return (
        f"{result.outcome_label}: {told}; {result.measure_label} {estimate_text(result, fit)}; "
        f"{basis}."
    )


def _two(result: QuestionResult) -> str:
    """Two trials: each of them, and the interval of the mean by three methods."""
    places = decimals(result)
    unit = f" {pretty_unit(result.unit)}" if result.unit else ""
    each = " and ".join(
        f"{number(x.shown.estimate, places)} ({interval(x.shown.low, x.shown.high, places)})"
        for x in result.effects
    )
    fit, exact = result.main, result.exact
    wald = next((other for other in result.others if other.name == "wald"), None)
    if fit is None or wald is None or exact is None or exact.terms[0].shown is None:
        return f"{result.measure_label} {each}{unit}"
    bayes = exact.terms[0].shown
    return (
        f"{result.measure_label} {each}{unit} in the two trials; their mean "
        f"{number(fit.shown.estimate, places)}, with an interval that two trials cannot settle: "
        f"Hartung-Knapp {interval(fit.shown.low, fit.shown.high, places)}, Wald "
        f"{interval(wald.shown.low, wald.shown.high, places)}, Bayes "
        f"{interval(bayes.low, bayes.high, places)}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _nothing_pooled(result: QuestionResult) -> str:
    told = told_of(result)
    if not told:
        return "No trial that could answer this question reported it."
    return (
        "No trial printed an effect with its uncertainty, so nothing can be pooled. "
        f"{_capital(trials(len(told)))} reported it in part: {_counted(result)}."
    )


def told_of(result: QuestionResult) -> dict[str, list[PartialLine]]:
    """What was reported in part, by trial; what tells only of other arms is left out."""
    found: dict[str, list[PartialLine]] = {}
    for line in result.partial:
        if line.kind != "other_arms":
            found.setdefault(line.study, []).append(line)
    return found


def _counted(result: QuestionResult) -> str:
    """Count the trials by the direction they state, or that their figures have; each once."""
    stated: Counter[str] = Counter()
    figures: Counter[str] = Counter()
    tested = other = 0
    for lines in told_of(result).values():
        ways = {(line.direction, line.direction_from) for line in lines if line.direction}
        if len({direction for direction, _ in ways}) == 1:
            direction, how = max(ways, key=lambda way: way[1] == "stated")
            (stated if how == "stated" else figures)[str(direction)] += 1
        elif not ways and any(line.p_relation == "ns" for line in lines):
            tested += 1
        else:
            other += 1
    parts = [f"{stated[d]} {_say(stated[d])} {w}" for d, w in DIRECTION_WORDS.items() if stated[d]]
    parts += [
        f"the figures of {figures[d]} show {w}" for d, w in DIRECTION_WORDS.items() if figures[d]
    ]
    if tested:
        parts.append(f'{tested} {_say(tested)} only "not significant"')
    if other:
        parts.append(f"{other} {_say(other)} neither")
    return ", ".join(parts)


def _say(n: int) -> str:
    return "states" if n == 1 else "state"


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
    places = decimals(result)
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
                f"{interval(mu.low, mu.high, places)}, a width that comes from that prior."
            )
        return said
    if result.k == 2:
        return ["k = 2: the difference between trials rests on one comparison."]
    if result.main is None or result.main.prediction is None:
        return []
    back = result.main.prediction.shown
    said = [
        f"A new trial's true effect is expected between {number(back.low, places)} and "
        f"{number(back.high, places)} ({level_text(result.main.level)} prediction interval, "
        f"{result.main.prediction.method})."
    ]
    if result.main.tau2 == 0:
        said.append(
            "The variance between trials is estimated as 0, so that the prediction interval shows "
            "none; few trials cannot rule it out."
        )
    return said


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
        parts = [f"{text} ({trials(read[key])})" for key, text in words.items() if read[key]]
        said.append(f"What was read: {', '.join(parts)}.")
    return said


def _on_parts(result: QuestionResult) -> list[str]:
    told = told_of(result)
    others = sorted({x.label for x in result.partial if x.kind == "other_arms"})
    beside = [f"{' and '.join(others)} told of this outcome in other arms only."] if others else []
    if not told or result.main is None:
        return beside
    names = ", ".join(sorted({lines[0].label for lines in told.values()}))
    return [
        f"{_capital(trials(len(told)))} reported this outcome only in part and could not be "
        f"pooled ({names}): {_counted(result)}.",
        *beside,
    ]


def _on_sensitivity(result: QuestionResult) -> list[str]:
    if result.main is None:
        return []
    base = _side(result.main.ci_low, result.main.ci_high)
    answered = [x for x in result.sensitivity if x.ci_low is not None and x.ci_high is not None]
    turned = [x.choice for x in answered if _side(x.ci_low or 0, x.ci_high or 0) != base]
    if not answered:
        return []
    now = "excludes" if base else "includes"
    other = "otherwise" if base else "excludes it"
    if not turned:
        return [f"The interval {now} no difference, as in all {len(answered)} other choices."]
    return [
        f"The interval {now} no difference; it {'is ' if base else ''}{other} in {len(turned)} of "
        f"{len(answered)} other choices: {'; '.join(turned)}."
    ]


def _side(low: float, high: float) -> int:
    return -1 if high < 0 else 1 if low > 0 else 0
