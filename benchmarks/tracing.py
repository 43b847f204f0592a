"""Forty figures drawn at random, traced to the page that printed them.

``python benchmarks/tracing.py`` writes ``docs/tracing.md`` from the sample that stands in
``data/readings.yaml``. ``--draw`` prints a sample of the figures that the analyses use now: what is
in use changes with every new analysis, so the sample that was traced is kept, with its seed.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from evidence.catalog.considered import figures_of, read_considered
from evidence.catalog.project import Project, find_project
from evidence.catalog.readings import CheckedFigures, Readings, TracedFigure, load_readings
from evidence.catalog.study import Outcome, Study
from evidence.effects.assemble import effect_table
from evidence.report.analysis import analysis_names, load_analysis

SEED = 20261121
SIZE = 40
READ = {
    "primary_full_text": "primary report, a part of its full text",
    "primary_abstract": "primary report, abstract",
    "registry": "registry",
    "secondary_source": "secondary source",
}
LIMITS = """\
What this shows, and what it does not:

- Each figure was held against two things: the file of the first reading (`data/considered.csv`),
  by this script, and a stored copy of a public page, by a reader.
- Most pages are abstracts, single tables, or news reports: that a figure stands on its page says
  nothing about the full paper behind it.
- The copy seen is often another copy of the same abstract; where its address differs from that in
  the study file, both are given.
- The sample is drawn from figures in use. Figures that no analysis uses were not sampled.
- {size} of {size} without a slip leaves room for a rate of slips of up to {upper:.1f} % (one-sided
  95 % limit, 1 - 0.05^(1/{size})).
"""


def used(project: Project, studies: tuple[Study, ...]) -> set[tuple[str, str]]:
    """Outcomes that some analysis uses as a row or as a partial report."""
    terms = project.terms()
    found: set[tuple[str, str]] = set()
    for name in analysis_names(project.analyses_folder):
        for section in load_analysis(project.analyses_folder, name).sections:
            table = effect_table(studies, section.question, terms)
            for frame in (table.rows, table.partial):
                found |= set(zip(frame["study"], frame["outcome"], strict=True))
    return found


def drawn(project: Project) -> tuple[int, int, list[tuple[str, str, str, float]]]:
    """Size of the frame in figures and outcomes, and the sample."""
    studies = project.studies()
    outcomes = used(project, studies)
    frame = sorted(
        (study.id, outcome, path, value)
        for study in studies
        for (outcome, path), value in figures_of(study).items()
        if (study.id, outcome) in outcomes
        and isinstance(value, float)
        and path.split(".")[0] in ("arms", "contrasts")
        and not path.endswith("ci_level")
    )
    return len(frame), len(outcomes), sorted(random.Random(SEED).sample(frame, SIZE))


def page(project: Project) -> str:
    """The page, from the sample that was traced."""
    readings = load_readings(project.root / "data" / "readings.yaml")
    tracing = readings.tracing
    if tracing is None:
        raise SystemExit("data/readings.yaml holds no traced figures")
    studies = {study.id: study for study in project.studies()}
    first = {row.key: row.value for row in read_considered(project.root / "data/considered.csv")}
    size = len(tracing.figures)
    good = sum(item.result == "agrees" for item in tracing.figures)
    lines = [
        "# Tracing figures to their page",
        "",
        "Written by `python benchmarks/tracing.py` from `data/readings.yaml`.",
        "",
        f"{size} of {tracing.frame} figures in {tracing.outcomes} outcomes that the analyses used "
        f"were drawn at random (seed {tracing.seed}). {good} of {size} stand on the page that was "
        f"seen as they stand in the study file.",
        "",
        LIMITS.format(size=size, upper=100 * (1 - 0.05 ** (1 / size))),
    ]
    for number, item in enumerate(tracing.figures, start=1):
        lines += entry(number, item, studies[item.study], readings, first)
    return "\n".join(lines).rstrip() + "\n"


def entry(
    number: int,
    item: TracedFigure,
    study: Study,
    readings: Readings,
    first: dict[tuple[str, str, str], float | str],
) -> list[str]:
    """One figure of the page."""
    outcome = next(o for o in study.outcomes if o.id == item.outcome)
    here = figures_of(study).get((item.outcome, item.path))
    key = (item.study, item.outcome, item.path)
    source = outcome.source
    report = study.report(source.report)
    cited = ", ".join(
        str(part)
        for part in (report.authors, report.journal, report.year, report.title)
        if part is not None
    )
    return [
        f"## {number}. {item.study}, {item.outcome}: {item.value:g}",
        "",
        f"- Figure: `{item.path}`; in the study file now: {_number(here)}",
        f"- Source: {cited or source.report}; {source.locator} ({READ[source.read]})",
        f"- Address in the study file: {_link(source.url)}",
        f"- First reading: {_first(first.get(key), item.value, key in readings.changed())}",
        f"- Second reading: {_second(readings.checked, outcome, item.study)}",
        f"- Looked up again: {item.result.replace('_', ' ')}; seen: {item.seen} at "
        f"{_link(item.url)}",
        "",
    ]


def _number(value: float | str | None) -> str:
    return "gone" if value is None else f"{value:g}" if isinstance(value, float) else value


def _link(url: str | None) -> str:
    return "none" if url is None else f"<{url}>"


def _first(read: float | str | None, value: float, settled: bool) -> str:
    if settled:
        return "changed; both readings stand in data/readings.yaml"
    if read is None:
        return "not there; added by the second reader"
    return "the same" if read == value else f"{_number(read)}"


def _second(checked: tuple[CheckedFigures, ...], outcome: Outcome, study: str) -> str:
    """What the second reader said of this outcome of the trial, if he looked it up."""
    groups = [
        group
        for group in checked
        if group.study == study and outcome.outcome in group.outcome.replace(",", " ").split()
    ]
    if not groups:
        return "this outcome was not among those looked up"
    told = ", ".join(sorted({group.result.replace("_", " ") for group in groups}))
    plural = "s" if len(groups) > 1 else ""
    return f"{len(groups)} group{plural} of figures of this outcome: {told}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draw", action="store_true", help="print a sample of what is in use now")
    project = find_project(Path(__file__).resolve().parents[1])
    if parser.parse_args().draw:
        frame, outcomes, sample = drawn(project)
        print(f"{frame} figures in {outcomes} outcomes")
        for row in sample:
            print(*row)
        return
    target = project.root / "docs" / "tracing.md"
    target.write_text(page(project), encoding="utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
