"""How numbers are written: digits, signs, intervals."""

from __future__ import annotations

import math

MINUS = "\u2212"


def decimals_for(widths: list[float], significant: int = 2) -> int:
    """Decimals at which the narrowest of some spreads keeps its significant digits.

    Examples
    --------
    >>> decimals_for([0.0088])
    4
    >>> decimals_for([5.1, 12.0])
    1
    """
    positive = [w for w in widths if w > 0 and math.isfinite(w)]
    if not positive:
        return 2
    return min(max(significant - 1 - math.floor(math.log10(min(positive))), 0), 8)


def number(value: float, decimals: int) -> str:
    """Write with a true minus sign; never "-0.0".

    Examples
    --------
    >>> number(-0.0284, 3)
    '−0.028'
    >>> number(-0.0001, 2)
    '0.00'
    """
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def interval(low: float, high: float, decimals: int) -> str:
    """Write an interval as ``low to high``.

    Examples
    --------
    >>> interval(-0.045, -0.011, 3)
    '−0.045 to −0.011'
    """
    return f"{number(low, decimals)} to {number(high, decimals)}"


def significant(value: float, digits: int = 3) -> str:
    """Write with so many significant digits.

    Examples
    --------
    >>> significant(0.0123456), significant(1234.5), significant(-2.0)
    ('0.0123', '1230', '−2.00')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = digits - 1 - int(f"{value:.{digits - 1}e}".split("e")[1])
    return number(round(value, places), max(places, 0))


def p_value(p: float) -> str:
    """Write a P value; tiny ones as a bound.

    Examples
    --------
    >>> p_value(0.0432), p_value(0.00002), p_value(0.345)
    ('P = 0.043', 'P < 0.0001', 'P = 0.34')
    """
    if p < 0.0001:
        return "P < 0.0001"
    return f"P = {p:.2f}" if p >= 0.1 else f"P = {p:.2g}"


def percent(share: float, decimals: int = 0) -> str:
    """Write a share as a percentage; never 0 % or 100 % for what is only near.

    Examples
    --------
    >>> percent(0.123), percent(0.99999), percent(0.00001)
    ('12 %', '> 99 %', '< 1 %')
    """
    value = 100 * share
    if 0 < value < 1 and decimals == 0:
        return "< 1 %"
    if 99 < value < 100 and decimals == 0:
        return "> 99 %"
    return f"{number(value, decimals)} %"


def level_text(level: float) -> str:
    """Write the level of an interval.

    Examples
    --------
    >>> level_text(0.95), level_text(0.999)
    ('95 %', '99.9 %')
    """
    return f"{100 * level:g} %"


def pretty_unit(unit: str | None) -> str:
    """Write a unit as it is printed: g/cm2 as g/cm².

    Examples
    --------
    >>> pretty_unit("g/cm2"), pretty_unit(None)
    ('g/cm²', '')
    """
    return "" if unit is None else unit.replace("cm2", "cm²")
