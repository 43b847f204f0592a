"""Arithmetic that printed figures must obey, on plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any

from evidence.catalog.yaml_reader import Address

Found = tuple[Address, str, str]

RATIOS = ("RR", "OR", "HR", "IRR", "ratio", "fold_change", "ratio_of_treatments", "RR_inverse")
# How far a printed P may stand from the one its interval implies, on the scale of the z value.
# Published P values come from other tests than the interval (log-rank, Fisher), so that only a
# contradiction is told, not a difference of method.
Z_SLACK = 0.75
SMALLEST_P = 1e-300


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _pair(value: Any) -> tuple[float, float] | None:
    if isinstance(value, tuple) and len(value) == 2:
        low, high = _number(value[0]), _number(value[1])
        if low is not None and high is not None:
            return low, high
    return None


def summary_problems(summary: Any, at: Address) -> Iterator[Found]:
    """Order of limits, and a centre that lies between them."""
    if not isinstance(summary, Mapping):
        return
    mean, median = _number(summary.get("mean")), _number(summary.get("median"))
    for name in ("ci95", "iqr", "range"):
        pair = _pair(summary.get(name))
        if pair is None:
            continue
        if pair[0] > pair[1]:
            yield (*at, name), f"{pair[0]:g} is above {pair[1]:g}", "write [low, high]"
            continue
        by_mean = name != "iqr" and mean is not None
        centre, what = (mean, "mean") if by_mean else (median, "median")
        if centre is not None and not pair[0] <= centre <= pair[1]:
            yield (
                (*at, what),
                f"{centre:g} lies outside its {name} {pair[0]:g} to {pair[1]:g}",
                "check all three figures",
            )
    sd, se = _number(summary.get("sd")), _number(summary.get("se"))
    if sd is not None and se is not None and se > sd:
        yield (
            (*at, "se"),
            f"a standard error of {se:g} above the SD of {sd:g}",
            "swap or check them",
        )
    told = (mean, median, _number(summary.get("centre")))
    if all(value is None for value in told) and any(summary.get(k) is not None for k in summary):
        yield at, "a spread without a mean or median", "add the centre, or null with an open point"


def counts_problems(result: Mapping[str, Any], at: Address, arm_n: int | None) -> Iterator[Found]:
    """Events within totals, totals within the arm, and percentages that agree with the counts."""
    events, total, n = (_number(result.get(k)) for k in ("events", "total", "n"))
    percent = _number(result.get("events_percent"))
    if events is not None and total is not None and events > total:
        yield (*at, "events"), f"{events:g} events among {total:g}", "check both figures"
    if total == 0:
        yield (*at, "total"), "a total of 0", "null where it was not printed"
    for name, value in (("total", total), ("n", n)):
        if value is not None and arm_n is not None and value > arm_n:
            yield (
                (*at, name),
                f"{value:g} analysed, but the arm has n {arm_n}",
                "check both figures",
            )
    if events is not None and total and percent is not None:
        implied = 100 * events / total
        if abs(implied - percent) > 0.5 + 1e-9 and abs(implied - percent) > 0.02 * percent:
            yield (
                (*at, "events_percent"),
                f"{percent:g} %, but {events:g} of {total:g} are {implied:.2f} %",
                "check the three figures",
            )


def contrast_problems(contrast: Mapping[str, Any], at: Address) -> Iterator[Found]:
    """Order and sign of interval, P in its form, and an interval that agrees with P."""
    estimate, ci = _number(contrast.get("estimate")), _pair(contrast.get("ci"))
    ratio = contrast.get("measure") in RATIOS
    if ratio and estimate is not None and estimate <= 0:
        yield (*at, "estimate"), f"a ratio of {estimate:g}", "ratios are above 0"
        estimate = None
    if ci is not None and ratio and ci[0] <= 0:
        yield (*at, "ci"), f"a ratio with a limit of {ci[0]:g}", "ratios are above 0"
        ci = None
    if ci is not None and ci[0] > ci[1]:
        yield (*at, "ci"), f"{ci[0]:g} is above {ci[1]:g}", "write [low, high]"
        ci = None
    if ci is not None and estimate is not None and not ci[0] <= estimate <= ci[1]:
        yield (
            (*at, "estimate"),
            f"{estimate:g} lies outside its interval {ci[0]:g} to {ci[1]:g}",
            "check all three figures",
        )
    if contrast.get("ci_level") is not None and contrast.get("ci") is None:
        yield (*at, "ci_level"), "a level without an interval", "add ci or drop ci_level"
    if estimate is not None and contrast.get("measure") is None:
        yield (*at, "measure"), "an estimate without its measure", "name the measure (MD, RR, ...)"
    p = contrast.get("p")
    if isinstance(p, Mapping):
        yield from _p_problems(p, (*at, "p"))
        # A share of variance has a lower bound, and its interval is nowhere near symmetric.
        share = contrast.get("measure") == "partial_R2_percent"
        if ci is not None and estimate is not None and p.get("relation") == "=" and not share:
            yield from _disagreement(estimate, ci, p, ratio, contrast, at)


def _p_problems(p: Mapping[str, Any], at: Address) -> Iterator[Found]:
    relation, value = p.get("relation"), _number(p.get("value"))
    if relation == "ns" and value is not None:
        yield (*at, "value"), f'"ns" with the value {value:g}', 'use relation "=" or ">"'
    if relation in ("=", "<", ">") and p.get("value") is None:
        yield (*at, "value"), f'relation "{relation}" without a value', 'add it, or use "ns"'
    if relation == "=" and value == 0:
        yield (*at, "value"), "P = 0", 'a P of 0 is printed for a bound: use relation "<"'
    if relation == "<" and value == 0:
        yield (*at, "value"), "P < 0", "P is between 0 and 1"


def _disagreement(
    estimate: float,
    ci: tuple[float, float],
    p: Mapping[str, Any],
    ratio: bool,
    contrast: Mapping[str, Any],
    at: Address,
) -> Iterator[Found]:
    value = _number(p.get("value"))
    level = _number(contrast.get("ci_level")) or 0.95
    if value is None or not SMALLEST_P < value < 1 or not 0.01 < level < 1:
        return
    low, high, centre = (math.log(x) if ratio else x for x in (*ci, estimate))
    if low == high:
        return
    # Quantiles of the lower tail: 1 minus a small probability is 1.
    normal = NormalDist()
    error = (high - low) / (-2 * normal.inv_cdf((1 - level) / 2))
    implied, printed = abs(centre) / error, -normal.inv_cdf(value / 2)
    if abs(implied - printed) > max(Z_SLACK, 0.25 * printed):
        implied_p = 2 * (1 - normal.cdf(implied))
        yield (
            (*at, "p", "value"),
            f"P = {value:g}, but the estimate and its interval imply P near {implied_p:.2g}",
            "check estimate, interval and P",
        )
