"""Slips of extraction and typesetting, put into plain studies: for benchmarks/audit_bank.py.

Each takes a study, a random generator and another study, changes one place, and returns what it
did; None where the study has no such place.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

Plain = dict[str, Any]
Rng = np.random.Generator
LEVELS = ("baseline", "final")
MOLAR = {"pg/mL": 3.671, "pmol/L": 1 / 3.671, "ng/dL": 0.03467, "nmol/L": 28.84}
MOLAR_LIPIDS = {"mg/dL": 0.02586, "mmol/L": 38.67}


def _pick(rng: Rng, places: list[Any]) -> Any:
    return places[int(rng.integers(len(places)))] if places else None


def _cells(study: Plain, parts: tuple[str, ...] = ("baseline", "final", "change")) -> list[Any]:
    return [
        (outcome, arm, part, row[part])
        for outcome in study["outcomes"]
        for arm, row in (outcome.get("arms") or {}).items()
        for part in parts
        if row.get(part) and row[part].get("mean") is not None
    ]


def _contrasts(study: Plain, *needed: str) -> list[Any]:
    return [
        (outcome, contrast)
        for outcome in study["outcomes"]
        for contrast in outcome.get("contrasts") or ()
        if all(contrast.get(name) is not None for name in needed)
    ]


def _places(value: float) -> int:
    text = repr(float(value)).partition(".")[2]
    return 0 if text == "0" or "e" in text else len(text)


def _size(study: Plain, arm: str, row: Plain) -> int | None:
    sizes = {one["id"]: one.get("n") for one in study["arms"]}
    return row.get("n") or sizes.get(arm)


def _relabel(study: Plain, rng: Rng, name: str, other: str) -> str | None:
    """Print one spread under the name of the other: the figures of a whole outcome, or one."""
    found = [c for c in _cells(study) if name in c[3]]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    places = [c for c in found if c[0] is chosen[0]] if rng.random() < 0.7 else [chosen]
    for *_, summary in places:
        summary[other] = summary.pop(name)
    return f"{chosen[0]['id']}: {len(places)} {name} under the name {other}"


def se_as_sd(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A standard error entered as SD."""
    return _relabel(study, rng, "se", "sd")


def sd_as_se(study: Plain, rng: Rng, _: Plain) -> str | None:
    """An SD entered as standard error."""
    return _relabel(study, rng, "sd", "se")


def _swap_digits(value: float, rng: Rng) -> float | None:
    text = f"{abs(value):.{_places(value)}f}"
    at = [
        (i, j)
        for i in range(len(text) - 1)
        for j in [i + 1 if text[i + 1] != "." else i + 2]
        if text[i] != "." and j < len(text) and text[i] != text[j]
    ]
    if not at:
        return None
    i, j = _pick(rng, at)
    digits = list(text)
    digits[i], digits[j] = digits[j], digits[i]
    return math.copysign(float("".join(digits)), value)


def transposed_mean(study: Plain, rng: Rng, _: Plain) -> str | None:
    """Two digits of a mean swapped."""
    chosen = _pick(rng, _cells(study))
    new = None if chosen is None else _swap_digits(chosen[3]["mean"], rng)
    if new is None:
        return None
    old, chosen[3]["mean"] = chosen[3]["mean"], new
    return f"{old} -> {new}"


def transposed_spread(study: Plain, rng: Rng, _: Plain) -> str | None:
    """Two digits of a spread swapped."""
    chosen = _pick(rng, _cells(study))
    name = next((k for k in ("sd", "se", "spread") if chosen and k in chosen[3]), None)
    new = None if name is None else _swap_digits(chosen[3][name], rng)
    if new is None or name is None or new <= 0:
        return None
    chosen[3][name] = new
    return f"{name} {new}"


def _times_mean(study: Plain, rng: Rng, factors: list[float]) -> str | None:
    chosen = _pick(rng, [c for c in _cells(study) if c[3]["mean"] != 0])
    if chosen is None:
        return None
    old = chosen[3]["mean"]
    chosen[3]["mean"] = float(f"{old * _pick(rng, factors):.12g}")
    return f"{old} -> {chosen[3]['mean']}"


def factor_ten(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A mean ten times too large or too small."""
    return _times_mean(study, rng, [10, 0.1])


def dropped_point(study: Plain, rng: Rng, _: Plain) -> str | None:
    """The decimal point of a mean left out."""
    found = [c for c in _cells(study) if _places(c[3]["mean"]) > 0]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    mean = chosen[3]["mean"]
    chosen[3]["mean"] = float(f"{mean * 10 ** _places(mean):.12g}")
    return f"{mean} without its point"


def _wrong_unit(study: Plain, rng: Rng, factors: dict[str, float], words: Any) -> str | None:
    found = [o for o in study["outcomes"] if o.get("unit") in factors and o["outcome"] in words]
    found = [
        o for o in found if any(p in row for row in (o.get("arms") or {}).values() for p in LEVELS)
    ]
    outcome = _pick(rng, found)
    if outcome is None:
        return None
    old = outcome["unit"]
    others = [u for u in factors if u != old and (u in MOLAR_LIPIDS or abs(math.log(
        MOLAR[u] * MOLAR[old])) < 0.1)]  # fmt: skip
    outcome["unit"] = _pick(rng, others)
    return f"{old} named {outcome['unit']}"


def molar_unit(study: Plain, rng: Rng, _: Plain) -> str | None:
    """Hormones in a unit of mass named as one of amount, or the reverse."""
    return _wrong_unit(study, rng, MOLAR, ("estradiol", "testosterone"))


def lipid_unit(study: Plain, rng: Rng, _: Plain) -> str | None:
    """Cholesterol in mg/dL named mmol/L, or the reverse."""
    return _wrong_unit(study, rng, MOLAR_LIPIDS, ("ldl", "hdl", "total_cholesterol"))


def _two_arms(study: Plain, rng: Rng, numbers: bool) -> Any:
    found = []
    for outcome in study["outcomes"]:
        rows = outcome.get("arms") or {}
        told = [c for c in outcome.get("contrasts") or () if c.get("kind") == "between"]
        told = [c for c in told if not numbers or c.get("estimate") is not None]
        found += [
            (outcome, c["arm"], c["versus"]) for c in told if {c["arm"], c["versus"]} <= set(rows)
        ]
    return _pick(rng, found)


def swapped_arms(study: Plain, rng: Rng, _: Plain) -> str | None:
    """The rows of two arms exchanged; their printed comparison stays."""
    chosen = _two_arms(study, rng, True)
    if chosen is None:
        return None
    outcome, one, two = chosen
    rows = outcome["arms"]
    if rows[one] == rows[two]:
        return None
    rows[one], rows[two] = rows[two], rows[one]
    return f"{outcome['id']}: {one} and {two}"


def copied_row(study: Plain, rng: Rng, _: Plain) -> str | None:
    """The row of one arm entered for another arm too."""
    found = [o for o in study["outcomes"] if len(o.get("arms") or {}) > 1]
    outcome = _pick(rng, found)
    if outcome is None:
        return None
    one, two = list(outcome["arms"])[:2]
    if outcome["arms"][one] == outcome["arms"][two]:
        return None
    n = outcome["arms"][two].get("n")
    outcome["arms"][two] = copy.deepcopy(outcome["arms"][one])
    if n is not None:
        outcome["arms"][two]["n"] = n
    return f"{outcome['id']}: {one} as {two}"


def copied_trial(study: Plain, rng: Rng, other: Plain) -> str | None:
    """The rows of another trial's outcome entered for this trial."""
    found = [
        (mine, theirs)
        for mine in study["outcomes"]
        for theirs in other["outcomes"]
        if mine["outcome"] == theirs["outcome"]
        and len(set(mine.get("arms") or {}) & set(theirs.get("arms") or {})) > 1
    ]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    mine, theirs = chosen
    mine["unit"] = theirs.get("unit")
    for arm in set(mine["arms"]) & set(theirs["arms"]):
        mine["arms"][arm] = copy.deepcopy(theirs["arms"][arm])
    return f"{mine['id']} of {other['id']}"


def wrong_n(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A size with two digits swapped, a digit added or one lost."""
    found = [
        (row, key)
        for o in study["outcomes"]
        for row in (o.get("arms") or {}).values()
        for key in ("n", "total")
        if row.get(key)
    ]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    row, key = chosen
    old = row[key]
    options = [old * 10 + int(rng.integers(10)), old // 10, int(_swap_digits(old, rng) or 0)]
    new = _pick(rng, [x for x in options if x > 2 and x != old])
    row[key] = new
    return f"{key} {old} -> {new}"


def shifted_p(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A P with its decimal point one place off."""
    found = [c for _, c in _contrasts(study, "p") if c["p"]["relation"] == "="]
    chosen = _pick(rng, [c for c in found if 0 < c["p"]["value"] < 1])
    if chosen is None:
        return None
    old = chosen["p"]["value"]
    new = old * 10 if old < 0.1 and rng.random() < 0.5 else old / 10
    chosen["p"] = {"relation": "=", "value": float(f"{new:.12g}")}
    return f"P {old} -> {new:g}"


def wrong_relation(study: Plain, rng: Rng, _: Plain) -> str | None:
    """ "Not significant" for a P below 0.05, or "< 0.05" for one above."""
    chosen = _pick(rng, [c for _, c in _contrasts(study, "p")])
    if chosen is None:
        return None
    p = chosen["p"]
    significant = p["relation"] == "<" or (p["relation"] == "=" and p["value"] < 0.05)
    chosen["p"] = {"relation": "ns"} if significant else {"relation": "<", "value": 0.01}
    return "significant or not, the other way"


def wrong_limit(study: Plain, rng: Rng, _: Plain) -> str | None:
    """Two digits of a limit of an interval swapped, or its point one place off."""
    chosen = _pick(rng, [c for _, c in _contrasts(study, "ci")])
    if chosen is None:
        return None
    ends, k = list(chosen["ci"]), int(rng.integers(2))
    new = _swap_digits(ends[k], rng) if rng.random() < 0.6 else ends[k] * 10
    if new is None or new == ends[k]:
        return None
    ends[k] = float(f"{new:.12g}")
    chosen["ci"] = ends
    return f"limit {ends[k]}"


def lost_sign(study: Plain, rng: Rng, _: Plain) -> str | None:
    """The sign of a difference or a change left out or added."""
    found = [(c, "estimate") for _, c in _contrasts(study, "estimate") if c.get("measure") == "MD"]
    found += [(c[3], "mean") for c in _cells(study, ("change",))]
    chosen = _pick(rng, [f for f in found if f[0][f[1]] != 0])
    if chosen is None:
        return None
    record, key = chosen
    record[key] = -record[key]
    return f"{key} {record[key]}"


def inverted_ratio(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A ratio and its interval of the comparator against the treatment."""
    found = [c for _, c in _contrasts(study, "estimate", "ci") if c.get("measure") != "MD"]
    found = [c for c in found if c["measure"] in ("RR", "OR", "HR")]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    low, high = chosen["ci"]
    chosen["estimate"] = round(1 / chosen["estimate"], 2)
    chosen["ci"] = [round(1 / high, 2), round(1 / low, 2)]
    return None if chosen["ci"][0] <= 0 or chosen["estimate"] <= 0 else "inverted"


def wrong_events(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A number of events with a digit changed."""
    found = [
        row
        for o in study["outcomes"]
        for row in (o.get("arms") or {}).values()
        if row.get("events")
    ]
    row = _pick(rng, found)
    if row is None:
        return None
    old = str(row["events"])
    k = int(rng.integers(len(old)))
    new = int(old[:k] + str(_pick(rng, [d for d in "0123456789" if d != old[k]])) + old[k + 1 :])
    row["events"] = new
    return f"events {old} -> {new}"


def wrong_percent(study: Plain, rng: Rng, _: Plain) -> str | None:
    """A percentage with a digit changed."""
    found = [
        row
        for o in study["outcomes"]
        for row in (o.get("arms") or {}).values()
        if row.get("events_percent")
    ]
    row = _pick(rng, found)
    if row is None:
        return None
    old = f"{row['events_percent']:.1f}"
    k = _pick(rng, [i for i, x in enumerate(old) if x != "."])
    new = float(old[:k] + str(_pick(rng, [d for d in "0123456789" if d != old[k]])) + old[k + 1 :])
    if new == row["events_percent"] or new > 100:
        return None
    row["events_percent"] = new
    return f"{old} % -> {new} %"


def wrong_score(study: Plain, rng: Rng, _: Plain) -> str | None:
    """The last digits of a mean of whole scores replaced at random."""
    found = [c for c in _cells(study, LEVELS) if c[0].get("unit") == "points"]
    chosen = _pick(rng, found)
    if chosen is None:
        return None
    old = chosen[3]["mean"]
    new = round(old + float(rng.choice([-1, 1])) * rng.integers(1, 100) / 100, 2)
    chosen[3]["mean"] = new
    return f"{old} -> {new}"


def other_baseline(study: Plain, rng: Rng, other: Plain) -> str | None:
    """The baseline of one arm entered from another trial."""
    found = [
        (row, theirs)
        for mine in study["outcomes"]
        for o in other["outcomes"]
        if mine["outcome"] == o["outcome"] and mine.get("unit") == o.get("unit")
        for row in list((mine.get("arms") or {}).values())[:1]
        for theirs in list((o.get("arms") or {}).values())[:1]
        if row.get("baseline") and theirs.get("baseline")
    ]
    chosen = _pick(rng, found)
    if chosen is None or chosen[0]["baseline"] == chosen[1]["baseline"]:
        return None
    chosen[0]["baseline"] = copy.deepcopy(chosen[1]["baseline"])
    return "baseline of another trial"


def equal_baselines(study: Plain, _rng: Rng, _: Plain) -> str | None:
    """Every baseline of the trial made the same in all arms (invented balance)."""
    found = []
    for outcome in study["outcomes"]:
        rows = [r for r in (outcome.get("arms") or {}).values() if r.get("baseline")]
        found += [rows] if len(rows) > 1 else []
    if len(found) < 4:
        return None
    for rows in found:
        for row in rows[1:]:
            row["baseline"]["mean"] = rows[0]["baseline"]["mean"]
    return f"{len(found)} baselines made equal"


Error = Callable[[Plain, Rng, Plain], str | None]
# The checks that are meant to see each kind.
ERRORS: dict[str, tuple[Error, tuple[str, ...]]] = {
    "SE as SD": (se_as_sd, ("A01", "A02", "A03", "A15")),
    "SD as SE": (sd_as_se, ("A01", "A02", "A03")),
    "mean: digits swapped": (transposed_mean, ("A04", "A06", "A09", "A10", "A15", "A17")),
    "spread: digits swapped": (transposed_spread, ("A01", "A02", "A03", "A10")),
    "mean: factor 10": (factor_ten, ("A01", "A04", "A06", "A09", "A10", "A15", "A17")),
    "mean: point dropped": (dropped_point, ("A01", "A04", "A06", "A09", "A10", "A15", "A17")),
    "unit: mass for amount (hormones)": (molar_unit, ("A04", "A06")),
    "unit: mg/dL for mmol/L": (lipid_unit, ("A04", "A06")),
    "arms swapped": (swapped_arms, ("A09", "A10", "A19")),
    "row of one arm in another": (copied_row, ("A09", "A10", "A18")),
    "row of another trial": (copied_trial, ("A18",)),
    "n wrong": (wrong_n, ("A11", "A12", "A13", "A14")),
    "P: point shifted": (shifted_p, ("A02", "A07", "A10")),
    "P: significant or not": (wrong_relation, ("A02", "A07", "A10")),
    "interval: a limit wrong": (wrong_limit, ("A07", "A08")),
    "sign lost": (lost_sign, ("A08", "A09", "A17", "A19")),
    "ratio inverted": (inverted_ratio, ("A09", "A10")),
    "events: a digit wrong": (wrong_events, ("A09", "A10", "A11", "A12")),
    "percent: a digit wrong": (wrong_percent, ("A09", "A10", "A12", "A13")),
    "score: last digits wrong": (wrong_score, ("A14",)),
    "baseline of another trial": (other_baseline, ("A15", "A18")),
    "baselines made equal": (equal_baselines, ("A16",)),
}
