"""Published pooled figures rebuilt from the trials here.

``python -m benchmarks.replication`` writes ``docs/replication.md``.
"""

from __future__ import annotations

from evidence.catalog.excluded import load_replication_targets
from evidence.catalog.project import Project, find_project
from evidence.catalog.replications import load_replications
from evidence.report.tables import Table
from evidence.report.whole.replication import ReplicationLine, replicate
from evidence.report.whole.tables_replication import (
    counts_table,
    missing_table,
    rebuilt_table,
    trials_table,
)

HEAD = """\
# Published meta-analyses, rebuilt where their trials are here

Written by `python -m benchmarks.replication` from `data/replication_targets.yaml` (the published
figures) and `data/replications.yaml` (what is asked of the trials here, and why figures differ).

{targets} published meta-analyses with {figures} figures were seen while the studies were read. Each
figure was asked of the trials here by a question of its own: same people, drugs, outcome and
measure, and no trial that came out after the paper.

How to read it:

- *Reproduced*: estimate and both limits are the same to the digits that were printed. *Close*: the
  intervals overlap and one of them holds the other's estimate; where their interval was not seen,
  ours holds their estimate. *Different*: neither. That ours is close is a weak sign where it rests
  on one or two trials ({single} of the rebuilt figures rest on one): its interval is wide.
- The difference is ours less theirs, on the scale of the analysis (logarithms of ratios), in units
  of the standard error that their interval implies.
- Nearly all of them named none of the trials that they pooled on the pages seen, and none was seen
  to say how it pooled. A figure that cannot be rebuilt says what is missing; nothing was chosen to
  come nearer to a published figure.
- These figures are for comparison. Some join what this project keeps apart (tamoxifen and placebo
  as one control, trials and cohorts): the reports do not.
"""


def lines_of(project: Project) -> tuple[ReplicationLine, ...]:
    """Rebuild every published figure of a project."""
    terms = project.terms()
    studies = project.studies(terms)
    data = project.root / "data"
    targets = load_replication_targets(data / "replication_targets.yaml")
    known = frozenset(study.id for study in studies)
    replications = load_replications(data / "replications.yaml", targets, terms, known)
    return replicate(replications, targets, studies, terms)


def page(lines: tuple[ReplicationLine, ...]) -> str:
    """Write the page."""
    targets = len({line.target for line in lines})
    single = sum(line.ours is not None and len(line.our_trials) == 1 for line in lines)
    parts = [HEAD.format(targets=targets, figures=len(lines), single=single)]
    tables = (counts_table(lines), rebuilt_table(lines), trials_table(lines), missing_table(lines))
    return "\n".join([*parts, *(f"## {one.title}\n\n{markdown(one)}\n" for one in tables)])


def markdown(table: Table) -> str:
    """Write a table as Markdown."""
    rule = ["---:" if i in table.numeric else "---" for i in range(len(table.head))]
    rows = (table.head, rule, *table.rows)
    return "\n".join("| " + " | ".join(_cell(text) for text in row) + " |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write ``docs/replication.md``."""
    project = find_project()
    (project.root / "docs" / "replication.md").write_text(page(lines_of(project)), encoding="utf-8")


if __name__ == "__main__":
    main()
