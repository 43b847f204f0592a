"""Sentences: what was found, and how sure one can be, from the numbers of a result alone."""

from __future__ import annotations

from collections import Counter

from evidence.catalog.terms import Terms
from evidence.models.sign_test import sign_test, study_direction
from evidence.report.numbers import (
    decimals_for,
    interval,
    level_text,
    number,
    p_value,
    percent,
    pretty_unit,
)
from evidence.report.result import FitBlock, PartialLine, QuestionResult

PEOPLE: dict[tuple[str, ...], str] = {("male",): "men", ("female",): "women"}
ASSOCIATION_WORDS = {
    "increase": "a positive association",
    "decrease": "a negative association",
    "no_change": "no association",
}
SCALE_WORDS = {
    "identity": "natural scale",
    "log": "log scale",
    "logit": "log-odds scale",
    "fisher_z": "scale of Fisher's z",
}
DIRECTION_WORDS = {"increase": "an increase", "decrease": "a decrease", "no_change": "no change"}


def people_words(sexes: tuple[str, ...]) -> str:
    """Name the people that a question asks about.

    Examples
    --------
    >>> people_words(("male",)), people_words(("male", "female"))
    ('men', 'men and women')
    """
    return PEOPLE.get(sexes, "men and women")


def list_of(names: tuple[str, ...]) -> str:
    """Put names in a row.

    Examples
    --------
    >>> list_of(("A",)), list_of(("A", "B", "C"))
    ('A', 'A, B and C')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


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
    if result.scale == "log" and result.unit is not None:
        return decimals_for([(x.shown.high - x.shown.low) / 2 for x in result.effects])
    if result.scale != "identity":
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


def unit_of_study(result: QuestionResult) -> str:
    """What a line of a result is called: levels and associations come from any design."""
    return "study" if result.contrast in ("level", "association") else "trial"


def line_of(result: QuestionResult) -> str:
    """What is pooled: studies, or groups of people where one study holds several of them."""
    return "group" if result.trials < result.k else unit_of_study(result)


def trials(k: int, one: str = "trial") -> str:
    """Count trials, or studies, in words.

    Examples
    --------
    >>> trials(1), trials(4), trials(2, "study")
    ('one trial', '4 trials', 'two studies')
    """
    many = {"study": "studies"}.get(one, f"{one}s")
    words = {0: f"no {one}", 1: f"one {one}", 2: f"two {many}", 3: f"three {many}"}
    return words.get(k, f"{k} {many}")


def event_below(result: QuestionResult) -> str:
    """Say in short what a probability is of: below no effect; nothing for a level."""
    if result.contrast == "level":
        return ""
    if result.contrast == "association":
        return f"{result.measure_label.split()[-1]} < 0"
    return "ratio < 1" if result.scale == "log" else "difference < 0"


def finding(result: QuestionResult) -> str:
    """Say in one or two sentences what was found."""
    if result.main is None:
        return _nothing_pooled(result)
    fit = result.main
    sides = f"with {result.treatment} than with {result.control}"
    if result.contrast == "within":
        sides = f"after {result.treatment} than before it"
    if result.contrast in ("level", "association"):
        return _seen(result)
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


def _seen(result: QuestionResult) -> str:
    """Say what was seen, where no treatment was compared: a level, or an association."""
    fit, one = result.main, unit_of_study(result)
    basis = trials(result.trials, one)
    if result.participants:
        basis += f", {result.participants:,} people"
    if fit is None:
        return ""
    found = f"{result.measure_label} {estimate_text(result, fit)}"
    if result.k == 2:
        found = _two(result)
    if result.contrast == "level":
        who = f"{result.people} on {result.treatment}"
        return f"{result.outcome_label}, {who}: {found}; {basis}. A level, no treatment effect."
    ends = ("a negative", "a positive")
    told = f"the interval reaches from {ends[0]} to {ends[1]} association; "
    if fit.ci_high < 0 or fit.ci_low > 0:
        told = f"{ends[0 if fit.ci_high < 0 else 1]} association; "
    told = "" if result.k == 2 else told
    return f"{result.outcome_label}: {told}{found}; {basis}. An association, no treatment effect."


def _two(result: QuestionResult) -> str:
    """Two trials: each of them, and the interval of the mean by three methods."""
    # Two groups of one study are two lines and no two studies.
    places, two = decimals(result), trials(2, line_of(result))
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
        f"{result.measure_label} {each}{unit} in the {two}; their mean "
        f"{number(fit.shown.estimate, places)}, with an interval that {two} cannot settle: "
        f"Hartung-Knapp {interval(fit.shown.low, fit.shown.high, places)}, Wald "
        f"{interval(wald.shown.low, wald.shown.high, places)}, Bayes "
        f"{interval(bayes.low, bayes.high, places)}"
    )


def capital(text: str) -> str:
    """Put a capital at the start."""
    return text[:1].upper() + text[1:]


def _nothing_pooled(result: QuestionResult) -> str:
    told = told_of(result)
    one = unit_of_study(result)
    if not told:
        return f"No {one} that could answer this question reported it."
    what = {"level": "a level", "association": f"a {result.measure_label}"}
    printed = what.get(result.contrast, "an effect")
    counts = f": {directions_counted(result)}" if result.contrast != "level" else ""
    tested = sign_sentence(result)
    return (
        f"No {one} printed {printed} with its uncertainty, so nothing can be pooled. "
        f"{capital(trials(len(told), one))} reported it in part{counts}."
        + (f" {tested}" if tested else "")
    )


def sign_sentence(result: QuestionResult) -> str:
    """Give the share of directions that are positive, with interval; empty without directions."""
    directions = [
        study_direction([line.direction for line in lines]) for lines in told_of(result).values()
    ]
    up, down = directions.count("increase"), directions.count("decrease")
    if up + down < 2:
        return ""
    found = sign_test(up, down)
    way = "positive" if result.contrast == "association" else "increases"
    low, high = (percent(x) for x in (found.ci_low, found.ci_high))
    apart = len(directions) - up - down
    rest = f"; {apart} without one direction left out" if apart else ""
    return (
        f"Of {up + down} directions {up} are {way}: {percent(found.proportion)} (95 % exact "
        f"interval {low} to {high}; sign test {p_value(found.p)}{rest}). This tells neither how "
        "large an effect is nor how sure."
    )


def told_of(result: QuestionResult) -> dict[str, list[PartialLine]]:
    """What was reported in part, by trial; what tells only of other arms is left out."""
    found: dict[str, list[PartialLine]] = {}
    for line in result.partial:
        if line.kind != "other_arms":
            found.setdefault(line.study, []).append(line)
    return found


def directions_counted(result: QuestionResult) -> str:
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
    words = ASSOCIATION_WORDS if result.contrast == "association" else DIRECTION_WORDS
    parts = [f"{stated[d]} {_say(stated[d])} {w}" for d, w in words.items() if stated[d]]
    parts += [f"the figures of {figures[d]} show {w}" for d, w in words.items() if figures[d]]
    if tested:
        parts.append(f'{tested} {_say(tested)} only "not significant"')
    if other:
        parts.append(f"{other} {_say(other)} neither")
    return ", ".join(parts)


def _say(n: int) -> str:
    return "states" if n == 1 else "state"
