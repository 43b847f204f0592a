"""Write the pages that consist of tables: measures, and what is compared with R packages.

``python docs/make_tables.py`` writes ``measures.md`` and ``validation.md``. The tests write them
once more and compare, so that the pages cannot fall behind. Counting the figures runs every
comparison, which takes half a minute; ``data/figures.json`` keeps the counts with the hash of what
they were made from.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
REFERENCE = ROOT / "tests" / "reference"
FIGURES = HERE / "data" / "figures.json"

TOPICS = {
    "bayes": "Bayesian random effects, meta-regression, model averaging",
    "dose_response": "dose-response, one stage and two",
    "effect_sizes": "effect sizes and conversions",
    "fit_stats": "likelihood, AIC, BIC",
    "glmm": "generalised linear mixed models",
    "influence": "influence, leave-one-out, cumulative, GOSH and others",
    "meta_regression": "meta-regression",
    "mixture_priors": "mixture priors",
    "multilevel": "multilevel, multivariate, cluster-robust",
    "network": "network meta-analysis",
    "pairwise": "pooling, heterogeneity, prediction",
    "publication_bias": "small-study effects and selection",
}

OTHERS = "Correlations, regressions, reliability and others"
GROUPS = {
    ("events1", "nonevents1", "events2", "nonevents2"): "Two groups, counts",
    ("both", "only_first", "only_second", "neither"): "Matched pairs, counts",
    ("events1", "time1", "events2", "time2"): "Two groups, rates",
    ("events", "time"): "One group, rates",
    ("events", "nonevents"): "One group, counts",
    ("mean1", "sd1", "n1", "mean2", "sd2", "n2"): "Two groups, means",
    ("sd1", "n1", "sd2", "n2"): "Two groups, spreads",
    ("mean", "sd", "n"): "One group, means",
    ("mean1", "sd1", "mean2", "sd2", "correlation", "n"): "One group, change",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]], right: int = 0) -> str:
    """Markdown table; the last ``right`` columns hold numbers."""
    signs = ["---"] * (len(head) - right) + ["---:"] * right
    lines = [head, signs, *rows]
    return "\n".join("| " + " | ".join(str(x) for x in line) + " |" for line in lines)


def _template(page: str) -> str:
    return (HERE / "_templates" / f"{page}.md").read_text(encoding="utf-8")


def fixtures() -> dict[str, list[dict[str, Any]]]:
    """Reference files by folder."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(REFERENCE.glob("*/*.json")):
        found[path.parent.name].append(json.loads(path.read_text(encoding="utf-8")))
    return dict(found)


def _sources(source: dict[str, Any]) -> list[tuple[str, str]]:
    """Packages of a file, each with its version."""
    packages, versions = source["package"], source["version"]
    if isinstance(packages, str):
        return [(packages, str(versions))]
    listed = versions if isinstance(versions, list) else [versions] * len(packages)
    return list(zip(packages, map(str, listed), strict=True))


def made_from() -> str:
    """Hash of the reference files and of what compares them: the counts hold as long as it does."""
    paths = [*REFERENCE.glob("*/*.json"), *REFERENCE.glob("*.py")]
    hashed = hashlib.sha256()
    for path in sorted(paths):
        hashed.update(path.name.encode() + path.read_bytes())
    return hashed.hexdigest()


def count_figures() -> dict[str, int]:
    """Run every comparison and count the figures of each folder."""
    import numpy as np

    sys.path[:0] = [str(REFERENCE), str(ROOT / "tests")]
    from adapter import compare

    return {
        folder: sum(
            int(np.size(one.expected)) if one.expected is not None else 1
            for fixture in files
            for one in compare(fixture)
        )
        for folder, files in fixtures().items()
    }


def validation(figures: dict[str, int]) -> str:
    """The page on validation; ``figures`` are the counts of ``count_figures``."""
    files = fixtures()
    stated = json.loads((REFERENCE / "counts.json").read_text(encoding="utf-8"))
    if {folder: len(found) for folder, found in files.items()} != stated:
        raise SystemExit("tests/reference/counts.json does not fit the files that are there")
    topics, packages = [], defaultdict(lambda: (set[str](), set[str](), 0))
    for folder, found in files.items():
        named = sorted({name for one in found for name, _ in _sources(one["source"])})
        topics.append((TOPICS[folder], ", ".join(named), len(found), f"{figures[folder]:,}"))
        for one in found:
            for name, version in _sources(one["source"]):
                versions, functions, n = packages[name]
                called = one["source"]["function"].split("::")[-1].split(", ")
                functions.update(f"`{word}`" for word in called)
                packages[name] = (versions | {version}, functions, n + 1)
    rows = [
        (name, ", ".join(sorted(v)), ", ".join(sorted(f)), n)
        for name, (v, f, n) in sorted(packages.items(), key=lambda item: item[0].lower())
    ]
    return _template("validation").format(
        files=sum(map(len, files.values())),
        figures=f"{sum(figures.values()):,}",
        packages=len(rows),
        topics=table(("topic", "compared with", "files", "figures"), topics, right=2),
        by_package=table(("package", "version", "functions", "files"), rows, right=1),
        tolerances=_tolerances(),
    )


def _tolerances() -> str:
    """The table of tolerances as ``tests/reference/README.md`` has it."""
    text = (REFERENCE / "README.md").read_text(encoding="utf-8")
    part = text.partition("## Tolerances")[2].partition("\n## ")[0]
    return "\n".join(line for line in part.splitlines() if line.startswith("|"))


def measures() -> str:
    """The page on measures."""
    from evidence.effects.sizes.registry import MEASURES

    grouped: dict[str, list[Any]] = defaultdict(list)
    for one in MEASURES.values():
        grouped[GROUPS.get(one.roles, OTHERS)].append(one)
    parts = []
    for title, found in sorted(grouped.items(), key=lambda item: item[0] == OTHERS):
        apart = title == OTHERS
        rows = [
            (
                f"`{one.code}`",
                one.title,
                one.scale,
                *([_words(one.roles)] if apart else []),
                ", ".join(one.vtypes) if len(one.vtypes) > 1 else "",
                "yes" if one.correctable else "",
            )
            for one in found
        ]
        columns = ["columns"] if apart else []
        head = ("code", "measure", "scale", *columns, "variances", "correction")
        needs = "" if apart else f"Columns: {_words(found[0].roles)}.\n\n"
        parts.append(f"## {title}\n\n{needs}{table(head, rows)}")
    return _template("measures").format(n=len(MEASURES), tables="\n\n".join(parts))


def _words(roles: Sequence[str]) -> str:
    return ", ".join(f"`{role}`" for role in roles)


def main() -> None:
    """Write all pages."""
    sys.path.insert(0, str(ROOT))
    figures = count_figures()
    kept = {"made_from": made_from(), "figures": figures}
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for name, text in (("measures.md", measures()), ("validation.md", validation(figures))):
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
