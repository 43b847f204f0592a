"""Read study files and the terms: strict, all problems at once, nothing half-loaded."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from evidence.catalog.checks import study_problems
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import Address, Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

STUDY_ENDINGS = (".yaml", ".yml")
TEXT = "write text, or leave the key out where it may be missing"
LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def load_terms(path: str | Path) -> Terms:
    """Read the vocabulary.

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    document = read_yaml(Path(path))
    problems = list(document.problems)
    terms, found = _validated(Terms, document, None)
    problems += found
    if isinstance(terms, Terms):
        problems += _terms_problems(document, terms)
    if problems or not isinstance(terms, Terms):
        raise StudyError(f"{path}: {_counted(problems)}", problems)
    return terms


def load_studies(paths: str | Path | Iterable[str | Path], terms: Terms) -> tuple[Study, ...]:
    """Read study files into records, in the order of their ids.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, or folders whose ``*.yaml`` files are read.
    terms : Terms
        The vocabulary that the files may use.

    Raises
    ------
    StudyError
        With every problem of every file; no study is returned unless all are sound.
    """
    files = study_files(paths)
    studies, problems = [], []
    for file in files:
        study, found = read_study(file, terms)
        problems += found
        if study is not None:
            studies.append(study)
    problems += _across(files, studies) if len(studies) == len(files) else []
    if problems:
        raise StudyError(f"{len(files)} study files read: {_counted(problems)}", problems)
    return tuple(sorted(studies, key=lambda study: study.id))


def read_study(path: str | Path, terms: Terms | None) -> tuple[Study | None, list[Problem]]:
    """Read one file: the study, or None with all that is wrong."""
    document = read_yaml(Path(path))
    problems = list(document.problems)
    study, found = _validated(Study, document, terms)
    problems += found
    problems += [
        Problem(document.where(address), what, right)
        for address, what, right in study_problems(document.data, document.path.stem, terms)
    ]
    if problems or not isinstance(study, Study):
        return None, _in_order(problems)
    return study, []


def study_files(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """List the study files that files and folders stand for.

    Raises
    ------
    StudyError
        If a path does not exist or a folder holds no study file.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files: list[Path] = []
    problems = []
    for path in map(Path, given):
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if _is_study(p.name))
            if not inside:
                problems.append(Problem(str(path), "holds no study file", "files end in .yaml"))
            problems += [
                Problem(str(p), "is no file that can be read", "rename or remove it")
                for p in inside
                if not p.is_file()
            ]
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            problems.append(Problem(str(path), "does not exist", "give a file or a folder"))
    if not given:
        problems.append(Problem("paths", "is empty", "give at least one file or folder"))
    if problems:
        raise StudyError("there is nothing to read", problems)
    return files


def _is_study(name: str) -> bool:
    # Names that begin with a dot are what editors and archives leave behind.
    return name.endswith(STUDY_ENDINGS) and not name.startswith(".")


def _counted(problems: list[Problem]) -> str:
    return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"


def _in_order(problems: list[Problem]) -> list[Problem]:
    def line(problem: Problem) -> int:
        number = re.search(r"\.ya?ml:(\d+)", problem.where)
        return int(number[1]) if number else 0

    return sorted(problems, key=line)


def _validated(
    model: type[BaseModel], document: Document, terms: Terms | None
) -> tuple[BaseModel | None, list[Problem]]:
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


def _terms_problems(document: Document, terms: Terms) -> list[Problem]:
    found = []
    for word, outcome in terms.outcomes.items():
        at: Address = ("outcomes", word)
        for unit in outcome.units:
            if unit not in terms.units:
                right = did_you_mean(unit, terms.units)
                found.append(Problem(document.where((*at, "units")), f'"{unit}" is no unit', right))
        if outcome.substance is not None and outcome.substance not in terms.substances:
            right = did_you_mean(outcome.substance, terms.substances)
            what = f'"{outcome.substance}" is no substance'
            found.append(Problem(document.where((*at, "substance")), what, right))
    return found


def _across(files: list[Path], studies: list[Study]) -> list[Problem]:
    """Problems that only show between files: ids that repeat, overlaps that lead nowhere."""
    found: list[Problem] = []
    seen: dict[str, Path] = {}
    for file, study in zip(files, studies, strict=True):
        if study.id in seen:
            found.append(
                Problem(
                    read_yaml(file).where(("id",)),
                    f'"{study.id}" stands in {seen[study.id]} too',
                    "one file a trial",
                )
            )
        seen[study.id] = file
    if len(files) > 1:
        for file, study in zip(files, studies, strict=True):
            found += [
                Problem(
                    read_yaml(file).where(("overlaps", i)),
                    f'"{other}" is no study',
                    did_you_mean(other, seen),
                )
                for i, other in enumerate(study.overlaps)
                if other not in seen
            ]
    return found
