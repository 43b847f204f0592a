"""Small synthetic questions, their answers, and whole projects in a folder, for many tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helpers import TERMS, TERMS_PLAIN, contrast, outcome, question, study

from evidence.catalog.project import Project
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.models.answer import Answer, answer
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.plan import Plan
from evidence.report.collect import collect
from evidence.report.composed.material import Material
from evidence.report.page import page
from evidence.report.pictures import picture
from evidence.report.result import AgreementLine, QuestionResult, ResultFile, SampledBlock

Plain = dict[str, Any]
THREE = ((-3.0, 1.0), (-1.0, 1.5), (-2.5, 0.8))
FIVE = (*THREE, (-4.0, 2.0), (0.5, 1.2))
RUN = {
    "format": "evidence-run/1",
    "command": "evidence run demo",
    "evidence": "0",
    "data_hash": "0" * 64,
    "inputs": {"a.yaml": "00"},
    "release": None,
    "seeds": {"q": 1},
    "environment": {"python": "3", "machine": "m", "packages": {}},
}


def terms(better: str = "neither", word: str = "estradiol", **more: Any) -> Terms:
    """The synthetic terms with one outcome changed."""
    plain = json.loads(json.dumps(TERMS_PLAIN))
    plain["outcomes"][word] |= {"better": better, **more}
    return Terms.model_validate_json(json.dumps(plain))


def plan(**changes: Any) -> Plan:
    declared: Plain = {
        "prior_mu": normal(0, 10, "wide"),
        "prior_tau": half_normal(1, "some"),
        "seed": 7,
    }
    return Plan(**(declared | changes))


def trial(name: str, estimate: float, error: float, **more: Any) -> Study:
    """A trial that printed its estimate with a standard error (MD), or an interval (ratios)."""
    measure = more.pop("measure", "MD")
    unit = more.pop("unit", "pg/mL")
    word = more.pop("word", "estradiol")
    read = more.pop("read", "primary_full_text")
    told: Plain = {"measure": measure, "estimate": estimate}
    told |= {"se": error} if measure == "MD" else {"ci": [estimate / error, estimate * error]}
    page = {"report": "r", "locator": "table 1", "read": read}
    arms = {"a": {"n": 20}, "p": {"n": 22}}
    entry = outcome(arms, [contrast(**told)], word=word, unit=unit, source=page)
    return study(entry, id=name, **more)


def trials(pairs: tuple[tuple[float, float], ...], **more: Any) -> list[Study]:
    return [trial(f"trial-{2001 + i}", y, s, **more) for i, (y, s) in enumerate(pairs)]


def part(name: str, **told: Any) -> Study:
    """A trial that printed less than an effect with its error."""
    return study(outcome({"a": {"n": 20}, "p": {"n": 22}}, [contrast(**told)]), id=name)


def answered(studies: list[Study], *, known: Terms = TERMS, **changes: Any) -> Answer:
    """Answer without sampling; changes named like a field of Plan go to the plan."""
    of_plan = {k: changes.pop(k) for k in list(changes) if k in Plan.__slots__}
    return answer(question(**changes), plan(**of_plan), studies, known, sample=False)


def result_of(studies: list[Study], *, known: Terms = TERMS, **changes: Any) -> QuestionResult:
    return collect(answered(studies, known=known, **changes), known)


def file_of(*results: QuestionResult, **changes: Any) -> ResultFile:
    plain: Plain = {"name": "demo", "title": "Demonstration", "lead": "What is asked?"} | changes
    return ResultFile(format="evidence-result/1", questions=results, **plain)


def material_of(*results: QuestionResult, traces: str = "", heading: str = "Men") -> Material:
    return Material(
        headings={q.id: heading for q in results},
        pictures={q.id: picture(q) for q in results},
        traces={q.id: traces for q in results},
    )


SCRIPT = """
import evidence as ev

def plan(wide, some):
    return ev.Plan(
        prior_mu=ev.normal(0, wide, "wide"), prior_tau=ev.half_normal(some, "some"),
        seed=7, draws=2000, tune=1000, chains=2,
    )


def ask(name, word, unit):
    return ev.Question(
        id=name, title=f"{name}: is it lower?", sexes=("male",), treatment=("aromatase_inhibitor",),
        control=("control",), outcomes=(word,), measure="MD", unit=unit,
        window=ev.Window(0, 100, 12, True),
    )


ANALYSIS = ev.Analysis(
    name="demo", title="A demonstration", lead="What is asked?",
    sections=(
        ev.Section("Hormone", ask("hormone", "estradiol", "pg/mL"), plan(10, 1)),
        ev.Section("Bone", ask("bone", "spine_bmd", "g/cm2"), plan(0.1, 0.01)),
    ),
)
"""


def tiny_project(root: Path, script: str = SCRIPT) -> Project:
    """A project of four trials and one analysis ``demo``: two questions, one of a single trial."""
    project = Project(root)
    project.studies_folder.mkdir(parents=True)
    project.analyses_folder.mkdir()
    project.terms_file.write_text(json.dumps(TERMS_PLAIN, indent=1), encoding="utf-8")
    bone = trial("bone-2009", -0.03, 0.02, word="spine_bmd", unit="g/cm2")
    said = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})
    for one in (*trials(THREE), bone, said):
        write_study(project, one)
    (project.analyses_folder / "demo.py").write_text(script, encoding="utf-8")
    return project


def write_study(project: Project, one: Study) -> Path:
    path = project.studies_folder / f"{one.id}.yaml"
    path.write_text(json.dumps(one.model_dump(mode="json"), indent=1), encoding="utf-8")
    return path


def replace_once(path: Path, old: str, new: str) -> None:
    """Change one place of a file, and be sure that it stood there."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} does not stand in {path}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_sampled(
    result: QuestionResult, *, apart: float = 0.0, mcse: float = 0.01
) -> QuestionResult:
    """The result with a sampled part like the exact one, ``apart`` in Monte Carlo errors."""
    if result.exact is None:
        return result
    names = ("mean", "median", "ci_low", "ci_high")
    drawn = tuple(
        term.model_copy(
            update={n: getattr(term, n) + apart * mcse for n in names}
            | {f"mcse_{n}": mcse for n in names}
        )
        for term in result.exact.terms
    )
    lines = tuple(
        AgreementLine(
            term=ours.term,
            quantity=n,
            exact=getattr(ours, n),
            sampled=getattr(other, n),
            mcse=mcse,
            z=apart,
            within=abs(apart) <= 4,
        )
        for ours, other in zip(result.exact.terms, drawn, strict=True)
        for n in names
    )
    block = SampledBlock(
        sampler="NUTS",
        chains=2,
        draws=1000,
        tune=500,
        seed=7,
        r_hat_max=1.001,
        ess_bulk_min=900.0,
        ess_tail_min=800.0,
        divergences=0,
        terms=drawn,
        agreement=lines,
    )
    return result.model_copy(update={"sampled": block})


def page_of(*results: QuestionResult) -> str:
    return page(file_of(*results), material_of(*results), RUN)
