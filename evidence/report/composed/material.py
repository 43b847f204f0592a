"""What a document needs beside the result that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evidence.report.composed.references import References
from evidence.report.pictures import Drawn
from evidence.report.tables import Table


@dataclass(frozen=True, slots=True)
class Material:
    """What a report needs beside the result: by question id, headings, pictures and traces.

    ``further`` holds, by question id and name, the pictures beside the first: ``posterior`` stands
    with the classical answer, the others with the blocks that name them. ``findings`` are the
    summaries of findings with their footnotes, ``references`` what can be cited.
    """

    headings: Mapping[str, str]
    pictures: Mapping[str, Drawn]
    traces: Mapping[str, str]
    further: Mapping[str, Mapping[str, Drawn]] = field(default_factory=dict)
    findings: tuple[tuple[Table, Table | None], ...] = ()
    references: References = field(default_factory=References)
