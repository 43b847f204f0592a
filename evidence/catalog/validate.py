"""Hold the values of a YAML file against a pydantic model, and say in our words what is wrong."""

from __future__ import annotations

import re
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import Address, Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

M = TypeVar("M", bound=BaseModel)
TEXT = "write text, or leave the key out where it may be missing"
LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def load_record(path: str | Path, model: type[M], terms: Terms | None = None) -> M:
    """Read a YAML file into a record.

    Parameters
    ----------
    path : path
    model : type of BaseModel
        Strict and frozen.
    terms : Terms, optional
        The vocabulary that the file may use.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    record, problems = validated(model, document, terms)
    problems = [*document.problems, *problems]
    if record is None or problems:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return record


def counted(problems: list[Problem]) -> str:
    """Say how many problems there are."""
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"


def in_order(problems: list[Problem]) -> list[Problem]:
    """Sort problems by their line."""

    def line(problem: Problem) -> int:
        number = re.search(r"\.ya?ml:(\d+)", problem.where)
        return int(number[1]) if number else 0

    return sorted(problems, key=line)


def validated(
    model: type[M], document: Document, terms: Terms | None
) -> tuple[M | None, list[Problem]]:
    """Make the record of a document; None with all that is wrong."""
    if document.data is None and document.problems:
        return None, []
    if not isinstance(document.data, dict):
        what = "the file is empty" if document.data is None else "the file is no mapping"
        return None, [Problem(document.where(()), what, "start with keys such as id: and name:")]
    try:
        return model.model_validate(document.data, context={"terms": terms}), []
    except ValidationError as error:
        # Of a list whose entries are wrong pydantic also says that it is too short.
        errors = error.errors(include_url=False)
        told = [e for e in errors if e["type"] != "too_short" or not e["input"]]
        return None, [_told(model, document, dict(item)) for item in told]


def _told(model: type[BaseModel], document: Document, error: dict[str, Any]) -> Problem:
    """Say in our words what pydantic found."""
    address: Address = tuple(error["loc"])
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    where = document.where(address)
    if kind == "extra_forbidden":
        known = _keys_at(model, address[:-1])
        return Problem(where, f'unknown key "{address[-1]}"', did_you_mean(str(address[-1]), known))
    if kind == "missing" and isinstance(address[-1], int):
        return Problem(
            where, f"entry {address[-1] + 1} of the list is missing", "write [low, high]"
        )
    if kind == "missing":
        return Problem(where, f'the key "{address[-1]}" is missing', "add it")
    if kind == "vocabulary":
        return Problem(where, error["msg"], context["right"])
    if kind == "literal_error":
        words = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return Problem(where, f"{_seen(value)} is not allowed", did_you_mean(str(value), words))
    if kind in ("float_type", "int_type", "int_from_float"):
        number = "a whole number" if kind.startswith("int") else "a number"
        return Problem(where, f"{_seen(value)} is not {number}", _number_right(value))
    if kind == "string_type":
        plain = isinstance(value, int | float)
        return Problem(where, f"{_seen(value)} is not text", "put it in quotes" if plain else TEXT)
    if kind == "bool_type":
        return Problem(where, f"{_seen(value)} is neither true nor false", "write true or false")
    if kind == "value_error":
        return Problem(where, str(context["error"]), "add what is missing")
    if kind in LIMITS:
        sign, name = LIMITS[kind]
        return Problem(where, f"{_seen(value)} is out of range", f"{sign} {context[name]:g}")
    if kind == "string_pattern_mismatch":
        return Problem(where, f"{_seen(value)} has the wrong form", f"form: {context['pattern']}")
    if kind in ("model_type", "dict_type", "tuple_type"):
        shape = "a list" if kind == "tuple_type" else "a mapping of keys"
        return Problem(where, f"{_seen(value)} stands where {shape} belongs", f"write {shape}")
    return Problem(where, f"{_seen(value)}: {error['msg']}", "see the schema (evidence schema)")


def _seen(value: Any) -> str:
    if isinstance(value, str):
        text = value if len(value) <= 40 else value[:37] + "..."
        return f'"{text}"'
    if isinstance(value, dict | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing (null)"
    return str(value).lower() if isinstance(value, bool) else repr(value)[:40]


def _number_right(value: Any) -> str:
    if not isinstance(value, str):
        return "null if not printed"
    try:
        float(value)
    except ValueError:
        return "digits and a decimal point only, or null if not printed"
    return "write it without quotes"


def _keys_at(model: type[BaseModel], address: Address) -> list[str]:
    """Names of the keys that the record at an address may have."""
    kind: Any = model
    for part in address:
        if isinstance(part, str) and _record(kind) is not None:
            field = _record(kind).model_fields.get(part)
            kind = None if field is None else field.annotation
        else:
            arguments = typing.get_args(_bare(kind))
            kind = (
                arguments[-1]
                if isinstance(part, str) and arguments
                else next(iter(arguments), None)
            )
    record = _record(kind)
    return [] if record is None else list(record.model_fields)


def _bare(kind: Any) -> Any:
    """Strip ``| None`` and ``Annotated``."""
    while True:
        origin = typing.get_origin(kind)
        if origin is typing.Annotated:
            kind = typing.get_args(kind)[0]
        elif origin in (typing.Union, types.UnionType):
            kind = next(a for a in typing.get_args(kind) if a is not type(None))
        else:
            return kind


def _record(kind: Any) -> Any:
    bare = _bare(kind)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None
