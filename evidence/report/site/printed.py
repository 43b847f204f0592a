"""What a study's reports printed, laid out for its page: each figure with an address of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from evidence.catalog.study import ArmResult, Contrast, Outcome, PValue, Summary
from evidence.report.numbers import MINUS

MOMENTS = {
    "baseline": "baseline",
    "final": "final",
    "change": "change",
    "change_percent": "change in percent",
}
CENTRES = {"mean": "mean", "median": "median", "centre": "centre (mean or median not said)"}
SPREADS = {"sd": "SD", "se": "SE", "spread": "± (not named)"}
RANGES = {"ci95": "95 % CI", "iqr": "IQR", "range": "range"}
COUNTS = {
    "n": "n",
    "events": "events",
    "total": "of",
    "events_percent": "events, %",
    "person_years": "person-years",
    "rate_per_1000_py": "rate per 1000 person-years",
}
DIRECTIONS = {"increase": "increase", "decrease": "decrease", "no_change": "no change"}
CONTRAST_KINDS = {
    "between": "between the arms",
    "within": "within the arm",
    "association": "association",
    "not_stated": "against what is not said",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure: where it stands in the study's page, what it is called, its digits."""

    anchor: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """What was printed of one arm, or of one comparison."""

    label: str
    figures: tuple[Figure, ...]
    words: tuple[str, ...]


def plain(value: float) -> str:
    """Write a figure with the digits that the file has, and a true minus sign.

    Examples
    --------
    >>> plain(-5.350), plain(88), plain(0.0014)
    ('−5.35', '88', '0.0014')
    """
    return f"{value:.15g}".replace("-", MINUS)


def outcome_anchor(outcome: str) -> str:
    """Name of an outcome's section on its study's page."""
    return f"o-{outcome}"


def printed_lines(outcome: Outcome) -> tuple[Line, ...]:
    """All figures and words of an outcome, arm by arm, then comparison by comparison."""
    arms = [_arm(outcome.id, name, result) for name, result in outcome.arms.items()]
    pairs = [_contrast(outcome.id, i, found) for i, found in enumerate(outcome.contrasts)]
    return (*arms, *pairs)


def figure_link(address: str, anchors: frozenset[str]) -> str:
    """Link from a question's page to a printed figure; to its outcome where it has no own anchor.

    Examples
    --------
    >>> figure_link("leder-2004/ldl/contrasts[0].p.value", frozenset({"ldl/contrasts[0].p.value"}))
    '../studies/leder-2004.html#ldl/contrasts%5B0%5D.p.value'
    """
    study, _, rest = address.partition("/")
    outcome = rest.partition("/")[0]
    anchor = rest if rest in anchors else outcome_anchor(outcome)
    return f"../studies/{study}.html#{quote(anchor, safe='/')}"


def figure_words(address: str) -> str:
    """Name a printed figure by its address.

    Examples
    --------
    >>> figure_words("x-2004/ldl/arms.anastrozole_1.final.mean")
    'anastrozole 1: final, mean'
    >>> figure_words("x-2004/ldl/contrasts[0].p.value")
    'comparison: P'
    """
    words = address.split("/", 2)[-1].split(".")
    names = {**MOMENTS, **CENTRES, **SPREADS, **RANGES, "p": "P", "total": "total"}
    if words[0] == "arms" and len(words) > 2:
        head, rest = words[1].replace("_", " "), words[2:]
    elif words[0].startswith("contrasts"):
        head, rest = "comparison", [w for w in words[1:] if w != "value"]
    else:
        return address.replace("_", " ")
    return f"{head}: {', '.join(names.get(w, w.replace('_', ' ')) for w in rest)}"


def _arm(outcome: str, name: str, result: ArmResult) -> Line:
    at = f"{outcome}/arms.{name}"
    figures = _plain_figures(at, result, COUNTS)
    for moment, words in MOMENTS.items():
        figures += _summary(f"{at}.{moment}", words, getattr(result, moment))
    told = (DIRECTIONS[result.direction],) if result.direction else ()
    return Line(name.replace("_", " "), tuple(figures), told)


def _plain_figures(at: str, record: Any, names: dict[str, str]) -> list[Figure]:
    values = {field: getattr(record, field) for field in names}
    return [
        Figure(f"{at}.{field}", names[field], plain(value))
        for field, value in values.items()
        if value is not None
    ]


def _summary(at: str, words: str, summary: Summary | None) -> list[Figure]:
    if summary is None:
        return []
    found = _plain_figures(at, summary, {**CENTRES, **SPREADS})
    for field, name in RANGES.items():
        found += _pair(at, field, name, getattr(summary, field))
    return [Figure(x.anchor, f"{words}, {x.name}", x.text) for x in found]


def _pair(at: str, field: str, name: str, pair: tuple[float, float] | None) -> list[Figure]:
    if pair is None:
        return []
    ends = (("low", pair[0]), ("high", pair[1]))
    return [Figure(f"{at}.{field}.{end}", f"{name}, {end}", plain(x)) for end, x in ends]


def _contrast(outcome: str, index: int, found: Contrast) -> Line:
    at = f"{outcome}/contrasts[{index}]"
    figures = _plain_figures(at, found, {"estimate": found.measure or "estimate"})
    level = "CI (level not said)" if found.ci_level is None else f"{100 * found.ci_level:g} % CI"
    figures += _pair(at, "ci", level, found.ci)
    figures += _plain_figures(at, found, {"se": "SE", "spread": "± (not named)"})
    figures += _pair(at, "range", "range", found.range)
    told = [] if found.direction is None else [DIRECTIONS[found.direction]]
    figures, told = _p_value(at, found.p, figures, told)
    if found.adjusted_for:
        told.append(f"adjusted for {found.adjusted_for}")
    sides = [x.replace("_", " ") for x in (found.arm, found.versus) if x is not None]
    label = " v ".join(sides) or "all arms together"
    return Line(f"{label}, {CONTRAST_KINDS[found.kind]}", tuple(figures), tuple(told))


def _p_value(
    at: str, p: PValue | None, figures: list[Figure], told: list[str]
) -> tuple[list[Figure], list[str]]:
    if p is None:
        return figures, told
    if p.value is None:
        return figures, [*told, "not significant (no P printed)"]
    return [*figures, Figure(f"{at}.p.value", f"P {p.relation}", plain(p.value))], told
