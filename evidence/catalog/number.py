"""A figure and why it is believed: printed, given, assumed, or derived from others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """The place that printed a figure.

    Attributes
    ----------
    report : str
        Key of the report among the study's reports.
    locator : str
        Where in the report: ``abstract``, ``table 2``.
    read : str
        What was read: ``primary_full_text``, ``primary_abstract``, ``secondary_source``,
        ``registry``.
    url : str or None
        The page that was open.

    Examples
    --------
    >>> print(Source("leder-2004", "abstract", "primary_abstract", None))
    leder-2004[abstract]
    """

    report: str
    locator: str
    read: str
    url: str | None

    def __str__(self) -> str:
        return f"{self.report}[{self.locator}]"


@dataclass(frozen=True, slots=True)
class Reported:
    """A figure that a page printed; ``address`` is its path in the study file."""

    value: float
    unit: str | None
    source: Source
    address: str


@dataclass(frozen=True, slots=True)
class Given:
    """A figure that the caller handed over, with no report behind it."""

    value: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class Assumed:
    """A figure that nobody printed: declared by a person, with the reason and the place."""

    value: float
    unit: str | None
    name: str
    reason: str
    declared: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A figure computed by a named rule from other figures."""

    value: float
    unit: str | None
    rule: str
    inputs: tuple[tuple[str, Number], ...]


Number = Reported | Given | Assumed | Derived
Leaf = Reported | Given | Assumed


def leaves(number: Number) -> Iterator[Leaf]:
    """Walk down to the figures that nothing was computed from, left to right."""
    if isinstance(number, Derived):
        for _, part in number.inputs:
            yield from leaves(part)
    else:
        yield number
