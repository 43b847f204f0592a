"""How results say figures in text: numbers, intervals, tests, counts, and lines not too long."""

from __future__ import annotations

import math
import re
import textwrap

WIDTH = 100
# Lines that go on from the one above stand this far in, or under what that one says.
INDENT, DEEPEST = 8, 32
# A sign of private use, which no text has, stands for the space that is not to be broken.
GLUE = "\ue000"
FIGURE = re.compile(r"\S+ [=<] \S+|(?:\S+% CI |\(CI )?\S+ to [-\d]\S*")
SAID = re.compile(r"^ +\S.*? {2,}(?=\S)")


def counted(n: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun; ``many`` is ``one`` with an s where it is left out.

    Examples
    --------
    >>> counted(1, "outcome"), counted(0, "outcome"), counted(1200, "study", "studies")
    ('1 outcome', '0 outcomes', '1,200 studies')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def figure(x: float) -> str:
    """Write a number to four significant digits."""
    return f"{x:.4g}"


def percent(share: float) -> str:
    """Write a share as a percentage, a level of confidence for one."""
    return f"{100 * share:g}%"


def interval(low: float, high: float, level: float) -> str:
    """Write a confidence interval.

    Examples
    --------
    >>> interval(0.1, 0.23456, 0.95)
    '95% CI 0.1 to 0.2346'
    """
    return f"{percent(level)} CI {figure(low)} to {figure(high)}"


def p_value(p: float) -> str:
    """Write a p value.

    Examples
    --------
    >>> p_value(0.01234), p_value(1e-9)
    ('p = 0.0123', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.3g}"


def wald_words(statistic: float, df: float, p: float, df_residual: float = math.inf) -> str:
    """Write a chi-squared or, with residual degrees of freedom, an F test.

    Examples
    --------
    >>> wald_words(4.5, 1, 0.0339), wald_words(4.5, 1, 0.0123, 8.0)
    ('chi-squared(1) = 4.5, p = 0.0339', 'F(1, 8) = 4.5, p = 0.0123')
    """
    within = "" if math.isinf(df_residual) else f", {_df(df_residual)}"
    kind = "F" if within else "chi-squared"
    return f"{kind}({_df(df)}{within}) = {figure(statistic)}, {p_value(p)}"


def q_words(q: float, df: int, p: float | None) -> str:
    """Write a Q statistic; without p where there is none.

    Examples
    --------
    >>> q_words(4.5, 2, 0.105), q_words(0.0, 0, None)
    ('Q(2) = 4.5, p = 0.105', 'Q(0) = 0')
    """
    return f"Q({df}) = {figure(q)}" + ("" if p is None else f", {p_value(p)}")


def folded(text: str) -> str:
    """Fold lines over 100 characters; what goes on stands below what its line says.

    Examples
    --------
    >>> print(folded("  pooled  " + "a " * 20 + "wide " * 10 + "end"))
      pooled  a a a a a a a a a a a a a a a a a a a a wide wide wide wide wide wide wide wide wide
              wide end
    """
    return "\n".join(part for line in text.split("\n") for part in _folded(line))


def unfolded(text: str) -> list[str]:
    """Give the lines as they were before ``folded``.

    Examples
    --------
    >>> long = "  pooled  " + "a " * 20 + "wide " * 10 + "end"
    >>> unfolded(folded(long)) == [long]
    True
    """
    lines, before = list[str](), 0
    for line in text.split("\n"):
        # A line was folded where the next word had no room.
        deep = line.startswith(" " * INDENT) and line.strip()
        word = _glued(line).split(maxsplit=1)[0] if deep else ""
        if lines and word and before + 1 + len(word) > WIDTH:
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
        before = len(line)
    return lines


def _folded(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    found = SAID.match(line)
    within = max(INDENT, found.end()) if found and found.end() <= DEEPEST else INDENT
    parts = textwrap.wrap(
        _glued(line),
        WIDTH,
        subsequent_indent=" " * within,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        expand_tabs=False,
    )
    return [part.replace(GLUE, " ") for part in parts]


def _glued(line: str) -> str:
    """Hold together what is one figure: ``p = 0.01``, ``95% CI 0.1 to 0.2``."""
    return FIGURE.sub(lambda found: found[0].replace(" ", GLUE), line)


def _df(df: float) -> str:
    return f"{df:.0f}" if float(df).is_integer() else f"{df:.1f}"
