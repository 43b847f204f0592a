"""Trials as they are published, made from raw data: for benchmarks/audit_bank.py.

Every figure is computed from simulated people and rounded as journals round; nothing here is
wrong, so that whatever the audit says of these trials is a false alarm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

Plain = dict[str, Any]
CONTROL, ACTIVE = "placebo", "anastrozole"


@dataclass(frozen=True, slots=True)
class Measured:
    """A continuous outcome: level and spread of people, spread between trials, effect, units."""

    mean: float
    cv: float
    between: float
    effect: float
    correlation: float
    units: tuple[tuple[str, float, int], ...]  # unit, factor, decimals
    whole: bool = False


# Levels of men as the curated trials print them; the units convert as in data/terms.yaml.
MEASURED = {
    "estradiol": Measured(25, 0.35, 0.25, 0.6, 0.5, (("pg/mL", 1, 0), ("pmol/L", 3.671, 1))),
    "testosterone": Measured(360, 0.28, 0.2, 1.4, 0.6, (("ng/dL", 1, 0), ("nmol/L", 0.03467, 1))),
    "ldl": Measured(120, 0.25, 0.12, 1.02, 0.7, (("mg/dL", 1, 0), ("mmol/L", 0.02586, 2))),
    "spine_bmd": Measured(1.1, 0.14, 0.06, 0.985, 0.96, (("g/cm2", 1, 3),)),
    "lh": Measured(5, 0.5, 0.25, 1.5, 0.5, (("IU/L", 1, 1),)),
    "body_weight": Measured(86, 0.15, 0.07, 1.0, 0.97, (("kg", 1, 1),)),
    "sexual_function": Measured(40, 0.35, 0.2, 1.05, 0.6, (("points", 1, 2),), True),
}
COUNTED = {"fracture": 0.06, "venous_thromboembolism": 0.02, "joint_pain": 0.3, "cv_event": 0.04}


def body(rng: np.random.Generator, trials: int) -> list[Plain]:
    """Some trials about the same outcomes."""
    return [trial(rng, f"sim-{i:03d}") for i in range(trials)]


def trial(rng: np.random.Generator, name: str) -> Plain:
    """One trial of two or three arms: measured outcomes, or counts of events, or both."""
    large = rng.random() < 0.35
    arms = [ACTIVE, CONTROL] + (["letrozole"] if rng.random() < 0.2 else [])
    middle = 800 if large else 28
    base = int(np.clip(rng.lognormal(math.log(middle), 0.6), 8, 4000))
    sizes = {arm: max(6, base + int(rng.integers(-2, 3))) for arm in arms}
    outcomes: list[Plain] = []
    words = rng.permutation(list(MEASURED))[: int(rng.integers(2, 6))]
    if not large or rng.random() < 0.3:
        style = _style(rng)
        outcomes += [_measured(rng, str(word), sizes, style) for word in words]
    if large or rng.random() < 0.3:
        words = rng.permutation(list(COUNTED))[: int(rng.integers(1, 4))]
        outcomes += [_counted(rng, str(word), sizes) for word in words]
    return {
        "id": name,
        "name": name,
        "design": "parallel_rct",
        "blinding": "double_blind",
        "population": {
            "group": "healthy_older_men",
            "sex": "male",
            "n_randomised": sum(sizes.values()) + int(rng.integers(0, 4)),
        },
        "reports": [{"key": "r"}],
        "arms": [{"id": arm, "drug": arm, "n": sizes[arm]} for arm in arms],
        "outcomes": outcomes,
    }


def _style(rng: np.random.Generator) -> Plain:
    return {
        "spread": str(rng.choice(["sd", "se", "spread"], p=[0.65, 0.25, 0.1])),
        "change": rng.random() < 0.45,
        "model": str(rng.choice(["change", "adjusted", "final"], p=[0.45, 0.35, 0.2])),
        "interval": rng.random() < 0.5,
        "p": str(rng.choice(["exact", "classes", "none"], p=[0.6, 0.25, 0.15])),
        "lost": rng.random() < 0.5,
        "words": rng.random() < 0.3,
    }


def _entry(word: str, unit: str, kind: str) -> Plain:
    return {
        "id": word,
        "outcome": word,
        "unit": unit,
        "time": {"value": 12, "unit": "month"},
        "type": kind,
        "source": {"report": "r", "locator": "table 2", "read": "primary_full_text"},
        "arms": {},
        "contrasts": [],
    }


def _measured(rng: np.random.Generator, word: str, sizes: dict[str, int], style: Plain) -> Plain:
    told = MEASURED[word]
    unit, factor, places = told.units[int(rng.integers(len(told.units)))]
    centre = told.mean * math.exp(rng.normal(0, told.between))
    cv = told.cv * math.exp(rng.normal(0, 0.2))
    effect = math.exp(math.log(told.effect) * rng.normal(1, 0.3))
    entry, people = _entry(word, unit, "continuous"), {}
    for arm, size in sizes.items():
        n = size - (int(rng.integers(0, max(1, size // 8) + 1)) if style["lost"] else 0)
        raw = _people(rng, n, centre, cv, 1.0 if arm == CONTROL else effect, told.correlation)
        raw = np.round(raw) if told.whole else raw * factor
        people[arm] = raw
        row: Plain = {"n": n}
        parts = {"baseline": raw[0], "final": raw[1]}
        if style["change"]:
            parts["change"] = raw[1] - raw[0]
        for part, values in parts.items():
            row[part] = _summary(values, style["spread"], places)
        if style["words"] and style["change"] and row["change"]["mean"] != 0:
            row["direction"] = "increase" if row["change"]["mean"] > 0 else "decrease"
        entry["arms"][arm] = row
    if style["p"] != "none" or style["interval"]:
        entry["contrasts"] = [
            _difference(people, arm, style, places) for arm in sizes if arm != CONTROL
        ]
    return entry


def _people(
    rng: np.random.Generator, n: int, centre: float, cv: float, effect: float, r: float
) -> np.ndarray:
    s = math.sqrt(math.log1p(cv * cv))
    first = rng.normal(0, 1, n)
    second = r * first + math.sqrt(1 - r * r) * rng.normal(0, 1, n)
    return centre * np.exp(np.array([s * first, s * second + math.log(effect)]) - s * s / 2)


def _summary(values: np.ndarray, spread: str, places: int) -> Plain:
    sd = float(np.std(values, ddof=1))
    shown = sd / math.sqrt(len(values)) if spread == "se" else sd
    # A page gives the spread one decimal more where it would vanish otherwise.
    more = places + (1 if shown < 2 * 10.0**-places else 0)
    while round(shown, more) == 0:
        more += 1
    return {"mean": round(float(np.mean(values)), places), spread: round(shown, more)}


def _difference(people: dict[str, np.ndarray], arm: str, style: Plain, places: int) -> Plain:
    a, b = people[arm], people[CONTROL]
    if style["model"] == "adjusted":
        estimate, error, df = _adjusted(a, b)
    else:
        x, y = (a[1] - a[0], b[1] - b[0]) if style["model"] == "change" else (a[1], b[1])
        n, m = len(x), len(y)
        estimate, df = float(x.mean() - y.mean()), float(n + m - 2)
        pooled = ((n - 1) * x.var(ddof=1) + (m - 1) * y.var(ddof=1)) / df
        error = math.sqrt(pooled * (1 / n + 1 / m))
    contrast: Plain = {"arm": arm, "versus": CONTROL, "kind": "between"}
    if style["interval"]:
        half = float(stats.t.ppf(0.975, df)) * error
        ends = [round(x, places + 1) for x in (estimate, estimate - half, estimate + half)]
        contrast |= {"measure": "MD", "estimate": ends[0], "ci": ends[1:]}
        if style["words"] and ends[0] != 0:
            contrast["direction"] = "increase" if ends[0] > 0 else "decrease"
    p = _printed_p(2 * float(stats.t.sf(abs(estimate / error), df)), style["p"])
    return contrast | ({} if p is None else {"p": p})


def _adjusted(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    y = np.concatenate([a[1], b[1]])
    x = np.column_stack(
        [np.ones(y.size), np.repeat([1.0, 0.0], [a.shape[1], b.shape[1]]), np.r_[a[0], b[0]]]
    )
    fit, *_ = np.linalg.lstsq(x, y, rcond=None)
    df = y.size - 3
    variance = float(((y - x @ fit) ** 2).sum()) / df
    error = math.sqrt(variance * np.linalg.inv(x.T @ x)[1, 1])
    return float(fit[1]), error, float(df)


def _printed_p(p: float, how: str) -> Plain | None:
    if how == "none":
        return None
    if how == "classes":
        for limit in (0.001, 0.01, 0.05):
            if p < limit:
                return {"relation": "<", "value": limit}
        return {"relation": "ns"}
    if p < 0.001:
        return {"relation": "<", "value": 0.001}
    return {"relation": "=", "value": round(p, 3 if p < 0.1 else 2)}


def _counted(rng: np.random.Generator, word: str, sizes: dict[str, int]) -> Plain:
    risk = COUNTED[word] * math.exp(rng.normal(0, 0.4))
    ratio = math.exp(rng.normal(0, 0.35))
    how = str(rng.choice(["counts", "both", "percent"], p=[0.4, 0.35, 0.25]))
    entry = _entry(word, "count" if how != "percent" else "%", "binary")
    events = {}
    for arm, n in sizes.items():
        share = min(0.9, risk * (1.0 if arm == CONTROL else ratio))
        events[arm] = int(rng.binomial(n, share))
        row: Plain = {"total": n}
        if how != "percent":
            row["events"] = events[arm]
        if how != "counts":
            row["events_percent"] = round(100 * events[arm] / n, 1)
        entry["arms"][arm] = row
    measure = str(rng.choice(["RR", "OR", "HR", "none"], p=[0.3, 0.3, 0.25, 0.15]))
    for arm in sizes:
        if arm != CONTROL:
            told = _ratio(
                rng, measure, (events[arm], sizes[arm]), (events[CONTROL], sizes[CONTROL])
            )
            entry["contrasts"] += [] if told is None else [told | {"arm": arm}]
    entry["type"] = "time_to_event" if measure == "HR" else "binary"
    return entry


def _ratio(
    rng: np.random.Generator, measure: str, one: tuple[int, int], two: tuple[int, int]
) -> Plain | None:
    (a, n), (c, m) = one, two
    if min(a, c) == 0 or a == n or c == m:
        return None
    contrast: Plain = {"versus": CONTROL, "kind": "between"}
    table = [[a, n - a], [c, m - c]]
    how = str(rng.choice(["exact", "classes", "none"], p=[0.6, 0.2, 0.2]))
    if measure == "none":
        p = stats.fisher_exact(table)[1] if min(a, c) < 5 else stats.chi2_contingency(table)[1]
        printed = _printed_p(float(p), how if how != "none" else "exact")
        return contrast | {"p": printed}
    if measure == "OR":
        log, variance = (
            math.log(a * (m - c) / (c * (n - a))),
            1 / a + 1 / c + 1 / (n - a) + 1 / (m - c),
        )
    elif measure == "RR":
        log, variance = math.log(a * m / (c * n)), 1 / a + 1 / c - 1 / n - 1 / m
    else:
        # Times to events weigh people by how long they were at risk: near the rate ratio.
        log = math.log(math.log1p(-a / n) / math.log1p(-c / m)) + rng.normal(0, 0.05)
        variance = 1 / a + 1 / c
    error = math.sqrt(variance)
    low, high = math.exp(log - 1.96 * error), math.exp(log + 1.96 * error)
    contrast |= {"measure": measure, "estimate": round(math.exp(log), 2)}
    contrast["ci"] = [round(low, 2), round(high, 2)]
    if contrast["ci"][0] <= 0:
        return None
    test = abs(log) / error
    if measure != "HR" and rng.random() < 0.6:
        test = float(stats.norm.isf(stats.chi2_contingency(table, correction=False)[1] / 2))
    elif measure == "HR":
        # A log-rank test beside the interval of a Cox model.
        test = abs(test + rng.normal(0, 0.05))
    printed = _printed_p(2 * float(stats.norm.sf(test)), how)
    return contrast | ({} if printed is None else {"p": printed})
