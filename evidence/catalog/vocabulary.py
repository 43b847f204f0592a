"""A word that must stand in data/terms.yaml, as a pydantic type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from evidence.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Marks a string as a word of one list of the terms file.

    Validation looks the word up in ``context["terms"]``; without a context it is not checked.
    The JSON Schema carries ``x-vocabulary``, which the writer of the schema turns into an ``enum``.
    """

    kind: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Add the look-up behind the check that it is a string."""
        return core_schema.with_info_after_validator_function(self._look_up, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Leave the name of the list for the writer of the schema."""
        return {**handler(schema), "x-vocabulary": self.kind}

    def _look_up(self, word: str, info: core_schema.ValidationInfo) -> str:
        terms = (info.context or {}).get("terms")
        if terms is None:
            return word
        known = getattr(terms, self.kind)
        if word not in known:
            raise PydanticCustomError(
                "vocabulary",
                '"{word}" is not among the {kind} of the terms file',
                {"word": word, "kind": self.kind, "right": did_you_mean(word, known)},
            )
        return word


DrugWord = Annotated[str, Vocabulary("drugs")]
OutcomeWord = Annotated[str, Vocabulary("outcomes")]
PopulationWord = Annotated[str, Vocabulary("populations")]
UnitWord = Annotated[str, Vocabulary("units")]
