"""Terms: the words that studies and questions may use, and how units convert."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.study import Positive, Record, Text


class Threshold(Record):
    """The smallest difference that matters, with the page that says so.

    ``value`` is null with an ``open_point`` where no page was seen. A ``stand_in`` is a figure
    that helps to judge a size but is no minimal important difference (a limit of measurement
    noise, a rough guide): reports say so wherever they use it.
    """

    kind: Literal["minimal_important_difference", "stand_in"] = "minimal_important_difference"
    value: float | None = None
    unit: Text | None = None
    meaning: Text | None = None
    source: Text | None = None
    url: Text | None = None
    open_point: Text | None = None

    @model_validator(mode="after")
    def _stated(self) -> Threshold:
        if self.value is None and self.open_point is None:
            raise ValueError("a smallest difference without a value needs an open_point")
        if self.value is not None and self.source is None:
            raise ValueError("a smallest difference with a value needs its source")
        return self


class Surrogate(Record):
    """What an outcome stands in for that patients notice, and who says that it is a surrogate."""

    outcome: Text
    source: Text
    url: Text | None = None


class OutcomeTerm(Record):
    """An outcome: its units, which direction is better, and how large a difference matters.

    ``surrogate_for`` is set where patients do not notice the outcome itself.
    """

    label: Text
    units: tuple[str, ...] = ()
    better: Literal["higher", "lower", "neither"]
    better_reason: Text | None = None
    substance: Text | None = None
    surrogate_for: Surrogate | None = None
    smallest_difference: Threshold


class DrugTerm(Record):
    """A drug or a control condition."""

    label: Text
    drug_class: Text


class PopulationTerm(Record):
    """A group of people."""

    label: Text


class UnitTerm(Record):
    """A unit: ``per_base`` of it make one base unit of its dimension (g/L, mol/L, ...)."""

    dimension: Text
    in_base: Positive


class SubstanceTerm(Record):
    """A substance whose mass and amount are converted into one another."""

    molar_mass: Positive
    formula: Text | None = None
    note: Text | None = None
    source: Text
    locator: Text
    url: Text | None = None


class Terms(Record):
    """All words that are allowed; lists by name."""

    outcomes: Annotated[dict[str, OutcomeTerm], Field(min_length=1)]
    drugs: Annotated[dict[str, DrugTerm], Field(min_length=1)]
    populations: Annotated[dict[str, PopulationTerm], Field(min_length=1)]
    units: Annotated[dict[str, UnitTerm], Field(min_length=1)]
    substances: dict[str, SubstanceTerm] = Field(default_factory=dict)

    @property
    def drug_classes(self) -> frozenset[str]:
        """Names of the classes that the drugs belong to."""
        return frozenset(drug.drug_class for drug in self.drugs.values())

    def drugs_of(self, words: tuple[str, ...]) -> frozenset[str]:
        """Drugs that a list of drug names and class names stands for."""
        return frozenset(
            name for name, drug in self.drugs.items() if name in words or drug.drug_class in words
        )
