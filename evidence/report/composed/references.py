"""Which reports a line of a result rests on, as references to be cited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evidence.catalog.study import Study
from evidence.report.cite import csl_item

# "leder-2004[table 2]; leder-2005[abstract]": the keys of a line's sources.
SOURCE = re.compile(r"([^\s\[\];,]+)\[")


@dataclass(frozen=True, slots=True)
class References:
    """What can be cited: CSL-JSON items by id, and the id of each study's report.

    Two studies may tell one report differently; then the second's has an id of its own.
    """

    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ids: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def of(self, study: str, sources: str) -> tuple[str, ...]:
        """Ids of the reports that a line names as its sources."""
        found = [self.ids.get((study, key)) for key in SOURCE.findall(sources)]
        return tuple(dict.fromkeys(name for name in found if name is not None))


def references_of(studies: Iterable[Study]) -> References:
    """Gather the reports of studies as references."""
    items: dict[str, dict[str, Any]] = {}
    ids: dict[tuple[str, str], str] = {}
    by_doi: dict[str, str] = {}
    for study in studies:
        for report in study.reports:
            item = csl_item(report)
            # One paper is one reference, however two studies name and word it.
            name = by_doi.setdefault(str(item["DOI"]).lower(), report.key) if "DOI" in item else ""
            if name in items:
                ids[study.id, report.key] = name
                continue
            name = report.key
            if items.setdefault(name, item) != item:
                name = f"{study.id}.{report.key}"
                items[name] = item | {"id": name}
            ids[study.id, report.key] = name
    return References(items, ids)
