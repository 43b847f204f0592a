"""Read study files and the terms: strict, all problems at once, nothing half-loaded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evidence.catalog.checks import study_problems
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Address, Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

STUDY_ENDINGS = (".yaml", ".yml")


def load_terms(path: str | Path) -> Terms:
    """Read the vocabulary.

    Raises
    ------
    StudyError
        With every problem of the file.
    """
    document = read_yaml(Path(path))
    problems = list(document.problems)
    terms, found = validated(Terms, document, None)
    problems += found
    if isinstance(terms, Terms):
        problems += _terms_problems(document, terms)
    if problems or not isinstance(terms, Terms):
        raise StudyError(f"{path}: {counted(problems)}", problems)
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
        raise StudyError(f"{len(files)} study files read: {counted(problems)}", problems)
    return tuple(sorted(studies, key=lambda study: study.id))


def read_study(path: str | Path, terms: Terms | None) -> tuple[Study | None, list[Problem]]:
    """Read one file: the study, or None with all that is wrong."""
    document = read_yaml(Path(path))
    problems = list(document.problems)
    study, found = validated(Study, document, terms)
    problems += found
    problems += [
        Problem(document.where(address), what, right)
        for address, what, right in study_problems(document.data, document.path.stem, terms)
    ]
    if problems or not isinstance(study, Study):
        return None, in_order(problems)
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
