"""Numbers as a report should print them, written anew in decimal arithmetic.

Nothing here calls what the reports are written with: a fault there must not hide itself here.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

from evidence.report.result import FitBlock, QuestionResult, Shown

# A figure with its sign; a hyphen behind a letter or a figure is none.
FIGURE = re.compile(r"(?<![A-Za-z0-9.,])[+\-\u2212]?[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?")


def fixed(value: float, places: int) -> str:
    """Write with so many decimals; half goes to the even digit, and nothing is minus zero.

    Examples
    --------
    >>> fixed(-0.0284, 3), fixed(-0.0001, 2), fixed(2.5, 0)
    ('-0.028', '0.00', '2')
    """
    exact = Decimal(float(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    return f"{abs(exact) if exact == 0 else exact:f}"


def leading(value: float, digits: int = 3) -> str:
    """Write with so many significant digits, none of them as a power of ten.

    Examples
    --------
    >>> leading(0.0123456), leading(1234.5), leading(-2.0), leading(0.0)
    ('0.0123', '1230', '-2.00', '0')
    """
    exact = Decimal(float(value))
    if exact == 0:
        return "0"
    place = exact.adjusted() - digits + 1
    rounded = exact.quantize(Decimal(1).scaleb(place), rounding=ROUND_HALF_EVEN)
    if rounded.adjusted() > exact.adjusted():
        rounded = rounded.quantize(Decimal(1).scaleb(place + 1), rounding=ROUND_HALF_EVEN)
    return f"{rounded:f}"


def share(value: float) -> str:
    """Write a share in per cent; what is only near 0 or 1 is a bound.

    Examples
    --------
    >>> share(0.123), share(0.99999), share(0.00001), share(1.0)
    ('12 %', '> 99 %', '< 1 %', '100 %')
    """
    percent = 100 * value
    if 0 < percent < 1:
        return "< 1 %"
    if 99 < percent < 100:
        return "> 99 %"
    return f"{fixed(percent, 0)} %"


def chance(p: float) -> str:
    """Write a P value.

    Examples
    --------
    >>> chance(0.0432), chance(0.00002), chance(0.345), chance(0.0401)
    ('P = 0.043', 'P < 0.0001', 'P = 0.34', 'P = 0.04')
    """
    if p < 0.0001:
        return "P < 0.0001"
    if p >= 0.1:
        return f"P = {fixed(p, 2)}"
    return f"P = {leading(p, 2).rstrip('0')}"


def places_of(result: QuestionResult) -> int:
    """Decimals of a question's figures: two digits of its narrowest interval.

    Two where the readers' scale has no unit: ratios, proportions, correlations.
    """
    if result.scale == "log" and result.unit is not None:
        widths = [(line.shown.high - line.shown.low) / 2 for line in result.effects]
    elif result.scale == "identity":
        errors = [line.std_error for line in result.effects]
        errors += [] if result.main is None else [result.main.std_error]
        widths = [2 * error for error in errors]
    else:
        return 2
    known = [Decimal(width) for width in widths if width > 0]
    return min(max(1 - min(known).adjusted(), 0), 8) if known else 2


def triple(values: Shown | None, places: int) -> str:
    """Write an estimate with its interval."""
    if values is None:
        return ""
    return f"{fixed(values.estimate, places)} ({span(values.low, values.high, places)})"


def span(low: float, high: float, places: int) -> str:
    """Write an interval."""
    return f"{fixed(low, places)} to {fixed(high, places)}"


def heterogeneity(fit: FitBlock) -> str:
    """Write τ with its interval, or why there is none."""
    if fit.tau is None or fit.tau2_ci_low is None or fit.tau2_ci_high is None:
        return fit.heterogeneity_reason or ""
    low, high = (Decimal(x).sqrt() for x in (fit.tau2_ci_low, fit.tau2_ci_high))
    return f"{leading(fit.tau)} ({leading(float(low))} to {leading(float(high))})"


def figures(text: str) -> tuple[str, ...]:
    """All figures of a text in their order, with their signs.

    Examples
    --------
    >>> figures("Hartung-Knapp −0.028 (−0.045 to 1,234) g/cm², IL-6")
    ('-0.028', '-0.045', '1234', '6')
    """
    found = FIGURE.findall(text)
    return tuple(x.replace("\u2212", "-").replace(",", "").lstrip("+") for x in found)


def bare(text: str) -> str:
    r"""A text as forms share it: without spaces, soft hyphens and joined letters.

    Examples
    --------
    >>> bare("a \ufb01ne\u00a0 g/cm² line") == bare("a fine g/cm2line")
    True
    """
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-")
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")
