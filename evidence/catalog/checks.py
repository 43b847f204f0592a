"""What a schema cannot say: ids that must exist, and arithmetic that must hold.

The checks walk plain values, not records, so that a file with a misspelt key is still told about
its impossible interval: every problem of a file is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evidence.catalog.arithmetic import contrast_problems, counts_problems, summary_problems
from evidence.catalog.yaml_reader import Address
from evidence.errors import did_you_mean

Found = tuple[Address, str, str]


def study_problems(data: Any, file_stem: str, terms: Any) -> Iterator[Found]:
    """All problems of one study that need more than one field to see.

    Parameters
    ----------
    data : plain values of the file
    file_stem : str
        Name of the file without its ending; must be the id.
    terms : Terms or None
        Where given, units are held against the outcome's own list.

    Yields
    ------
    address, what, right
    """
    if not isinstance(data, Mapping):
        return
    if isinstance(data.get("id"), str) and data["id"] != file_stem:
        yield ("id",), f'"{data["id"]}" is not the name of the file', f'write "{file_stem}"'
    for name, key in (("reports", "key"), ("arms", "id"), ("outcomes", "id")):
        yield from _repeated(data, name, key)
    yield from _arm_sizes(data)
    for i, outcome in _items(data, "outcomes"):
        yield from _outcome_problems(data, outcome, ("outcomes", i), terms)


def _items(data: Mapping[str, Any], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    value = data.get(name)
    if isinstance(value, tuple):
        yield from ((i, item) for i, item in enumerate(value) if isinstance(item, Mapping))


def _ids(data: Mapping[str, Any], name: str, key: str) -> list[str]:
    return [item[key] for _, item in _items(data, name) if isinstance(item.get(key), str)]


def _repeated(data: Mapping[str, Any], name: str, key: str) -> Iterator[Found]:
    seen: set[str] = set()
    for i, item in _items(data, name):
        word = item.get(key)
        if isinstance(word, str):
            if word in seen:
                yield (name, i, key), f'"{word}" stands twice', f"one {key} each"
            seen.add(word)


def _arm_sizes(data: Mapping[str, Any]) -> Iterator[Found]:
    population = data.get("population")
    total = population.get("n_randomised") if isinstance(population, Mapping) else None
    if not isinstance(total, int) or data.get("design") != "parallel_rct":
        return
    sizes = [
        arm["n"]
        for _, arm in _items(data, "arms")
        if isinstance(arm.get("n"), int) and arm.get("randomised", True) is True
    ]
    if sum(sizes) > total:
        yield (
            ("population", "n_randomised"),
            f"{total} randomised, but the arms hold {sum(sizes)}",
            "mark groups that are no arm with randomised: false, or mend the sizes",
        )


def _outcome_problems(
    data: Mapping[str, Any], outcome: Mapping[str, Any], at: Address, terms: Any
) -> Iterator[Found]:
    reports, arms = _ids(data, "reports", "key"), _ids(data, "arms", "id")
    source = outcome.get("source")
    if isinstance(source, Mapping) and isinstance(source.get("report"), str):
        key = source["report"]
        if key not in reports:
            yield (
                (*at, "source", "report"),
                f'"{key}" is not among the reports of this study',
                did_you_mean(key, reports),
            )
    yield from _unit_problems(outcome, at, terms)
    results = outcome.get("arms")
    for name, result in results.items() if isinstance(results, Mapping) else ():
        if name not in arms:
            yield (*at, "arms", name), f'"{name}" is no arm of this study', did_you_mean(name, arms)
        if isinstance(result, Mapping):
            yield from counts_problems(result, (*at, "arms", name), _arm_n(data, name))
            for part in ("baseline", "final", "change", "change_percent"):
                yield from summary_problems(result.get(part), (*at, "arms", name, part))
    for i, contrast in _items(outcome, "contrasts"):
        yield from _parties(contrast, arms, (*at, "contrasts", i))
        yield from contrast_problems(contrast, (*at, "contrasts", i))


def _arm_n(data: Mapping[str, Any], name: str) -> int | None:
    for _, arm in _items(data, "arms"):
        if arm.get("id") == name and isinstance(arm.get("n"), int):
            return int(arm["n"])
    return None


def _unit_problems(outcome: Mapping[str, Any], at: Address, terms: Any) -> Iterator[Found]:
    unit, word = outcome.get("unit"), outcome.get("outcome")
    if terms is None or not isinstance(unit, str) or unit not in terms.units:
        if unit is None and _has_figures(outcome):
            yield (*at, "unit"), "figures without a unit", "name the unit that was printed"
        return
    if isinstance(word, str) and word in terms.outcomes and unit not in terms.outcomes[word].units:
        allowed = terms.outcomes[word].units
        yield (
            (*at, "unit"),
            f'"{unit}" is not a unit of {word}',
            f"{did_you_mean(unit, allowed)} (outcomes.{word}.units in the terms file)",
        )


def _has_figures(outcome: Mapping[str, Any]) -> bool:
    results = outcome.get("arms")
    if not isinstance(results, Mapping) or outcome.get("type") != "continuous":
        return False
    parts = ("baseline", "final", "change")
    return any(isinstance(r, Mapping) and any(r.get(p) for p in parts) for r in results.values())


def _parties(contrast: Mapping[str, Any], arms: list[str], at: Address) -> Iterator[Found]:
    arm, versus, kind = (contrast.get(k) for k in ("arm", "versus", "kind"))
    if isinstance(arm, str) and arm not in arms:
        yield (*at, "arm"), f'"{arm}" is no arm of this study', did_you_mean(arm, arms)
    if kind == "association":
        if versus is not None:
            yield (*at, "versus"), "an association has no comparator", "leave the key out"
        return
    for name, side in (("arm", arm), ("versus", versus)):
        if side is None:
            yield at, f'the key "{name}" is missing', "add it (only an association does without)"
    if not isinstance(versus, str):
        return
    known = [*arms, "baseline", "not_stated"]
    if versus not in known:
        yield (*at, "versus"), f'"{versus}" is no arm of this study', did_you_mean(versus, known)
    elif kind == "within" and versus != "baseline":
        yield (*at, "versus"), f'a change within an arm is against "{versus}"', 'write "baseline"'
    elif kind == "between" and versus in ("baseline", "not_stated"):
        yield (*at, "kind"), f'"between" arms, but versus is "{versus}"', "name the other arm"
    elif kind == "between" and versus == arm:
        yield (*at, "versus"), f'the arm "{arm}" is compared with itself', "name the other arm"
