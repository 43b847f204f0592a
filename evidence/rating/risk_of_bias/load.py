"""Read ratings, and say what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evidence.catalog.project import find_project
from evidence.catalog.read import study_files
from evidence.catalog.risk_of_bias import Level, StudyRisk
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Address, Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean
from evidence.rating.risk_of_bias.proposal import TOOLS, answer_problems, proposal_of, tool_of
from evidence.rating.risk_of_bias.tools import Tool

WITHOUT_NI = frozenset(
    q.id for tool in TOOLS.values() for d in tool.domains for q in d.questions
    if "NI" not in q.allowed
)  # fmt: skip
Found = list[tuple[Address, str, str]]


def load_risk_of_bias(
    paths: str | Path | Iterable[str | Path] | None = None,
    studies: Iterable[Study] | None = None,
    terms: Terms | None = None,
) -> tuple[StudyRisk, ...]:
    """Read ratings, one file a trial, in the order of the trials' ids.

    Parameters
    ----------
    paths : path or iterable of paths, optional
        Files, or folders whose ``*.yaml`` files are read; ``data/risk_of_bias`` of the project one
        stands in where absent.
    studies : iterable of Study, optional
        Trials that the ratings must fit: their reports, outcomes and designs.
    terms : Terms, optional
        The vocabulary that the files may use.

    Raises
    ------
    StudyError
        With every problem of every file: wrong keys, answers that the tool does not allow,
        judgements whose proposal has changed since.

    Examples
    --------
    >>> risks = load_risk_of_bias()
    >>> next(risk.tool for risk in risks if risk.study == "leder-2004")
    'rob2_parallel'
    """
    if paths is None:
        paths = find_project().root / "data" / "risk_of_bias"
    risks, found = _read(paths, studies, terms)
    if found:
        raise StudyError(f"risk of bias: {counted(found)}", found)
    return risks


def risk_problems(
    paths: str | Path | Iterable[str | Path],
    studies: Iterable[Study] | None = None,
    terms: Terms | None = None,
) -> list[Problem]:
    """List every problem of the rating files, for ``evidence check``."""
    return _read(paths, studies, terms)[1]


def _read(
    paths: str | Path | Iterable[str | Path], studies: Iterable[Study] | None, terms: Terms | None
) -> tuple[tuple[StudyRisk, ...], list[Problem]]:
    known = None if studies is None else {study.id: study for study in studies}
    risks: list[StudyRisk] = []
    problems: list[Problem] = []
    for file in study_files(paths):
        document = read_yaml(file)
        risk, found = validated(StudyRisk, document, terms)
        found = [*document.problems, *found]
        if risk is not None:
            found += _checked(document, risk, known)
            risks.append(risk)
        problems += in_order(found)
    return tuple(sorted(risks, key=lambda risk: risk.study)), problems


def _checked(
    document: Document, risk: StudyRisk, studies: dict[str, Study] | None
) -> list[Problem]:
    found: Found = []
    if document.path.stem != risk.study:
        found.append(
            (("study",), f'"{risk.study}" is not the name of the file', "one file a trial")
        )
    found += _tool_problems(risk) + _fact_problems(risk)
    if studies is not None:
        found += _study_problems(risk, studies)
    return [Problem(document.where(address), what, right) for address, what, right in found]


def _tool_problems(risk: StudyRisk) -> Found:
    if risk.tool == "none":
        wrong: Found = [
            ((key,), "stands although no tool applies", "leave it out")
            for key in ("version", "effect", "answers", "results")
            if getattr(risk, key)
        ]
        if risk.reason is None:
            wrong.append((("tool",), "no tool and no reason", "say under reason: why none applies"))
        return wrong
    try:
        tool = tool_of(risk.tool, risk.effect or "assignment")
    except StudyError as error:
        return [(("effect",), p.what, p.right) for p in error.problems]
    found: Found = []
    if risk.effect is None:
        found.append((("effect",), "is missing", "assignment or adherence"))
    if risk.version != tool.version:
        found.append((("version",), f"{risk.version} is not the version here", tool.version))
    if not risk.results:
        found.append((("results",), "holds no result", "a rating is of a result"))
    return found + _result_problems(risk, tool)


def _result_problems(risk: StudyRisk, tool: Tool) -> Found:
    found: Found = []
    seen: dict[str, int] = {}
    for i, result in enumerate(risk.results):
        at: Address = ("results", i)
        if not (result.outcomes or result.outcome_ids):
            found.append((at, "names no outcome", "list outcomes: or outcome_ids:"))
        for name in (result.id, *result.outcomes, *(f"id {x}" for x in result.outcome_ids)):
            if seen.setdefault(name, i) != i:
                found.append((at, f'"{name}" is rated twice', "one rating for each result"))
        words = {q: given.answer for q, given in risk.answers_of(result).items()}
        wrong = answer_problems(tool, words)
        for question, what, right in wrong:
            own = (*at, "answers", question) if question in result.answers else None
            shared = ("answers", question) if question in risk.answers else None
            found.append((own or shared or (*at, "answers"), f"{question}: {what}", right))
        if not wrong:
            found += _judgement_problems(risk, i, tool)
    # What is wrong with an answer of the trial is wrong for each of its results: said once.
    return list(dict.fromkeys(found))


def _judgement_problems(risk: StudyRisk, i: int, tool: Tool) -> Found:
    result = risk.results[i]
    words = {q: given.answer for q, given in risk.answers_of(result).items()}
    proposal = proposal_of(tool, words)
    shown: list[Level] = []
    for domain, level in proposal.domains.items():
        judged = result.judgements.get(domain)
        shown.append(level if judged is None else judged.judgement)
    now: dict[str, Level] = {**proposal.domains, "overall": tool.overall(tuple(shown))}
    levels = {"low", "some_concerns", "high"}
    if tool.name == "robins_i":
        levels = {"low", "moderate", "serious", "critical", "no_information"}
    found: Found = []
    for domain, judged in result.judgements.items():
        at: Address = ("results", i, "judgements", domain)
        if domain not in now:
            found.append((at, f"{tool.label} has no such domain", did_you_mean(domain, now)))
            continue
        found += [
            (
                (*at, key),
                f"{word} is no level of {tool.label}",
                f"one of {', '.join(sorted(levels))}",
            )
            for key, word in (("judgement", judged.judgement), ("proposal", judged.proposal))
            if word not in levels
        ]
        if judged.proposal in levels and judged.proposal != now[domain]:
            found.append(
                (
                    (*at, "proposal"),
                    f"the algorithm now proposes {now[domain]}, not {judged.proposal} as when "
                    "this was judged",
                    "look again, then state the new proposal here",
                )
            )
    return found


def _fact_problems(risk: StudyRisk) -> Found:
    """Facts named twice or never named, answers that rest on none."""
    found: Found = []
    ids: dict[str, int] = {}
    for i, fact in enumerate(risk.facts):
        if ids.setdefault(fact.id, i) != i:
            found.append((("facts", i, "id"), f'"{fact.id}" stands twice', "one id a fact"))
    places: list[tuple[Address, dict[str, object]]] = [(("answers",), dict(risk.answers))]
    places += [(("results", i, "answers"), dict(r.answers)) for i, r in enumerate(risk.results)]
    for at, answers in places:
        for question, given in answers.items():
            rests, answer = getattr(given, "facts", ()), getattr(given, "answer", "")
            found += [
                ((*at, question, "facts"), f'"{fact}" is no fact here', did_you_mean(fact, ids))
                for fact in rests
                if fact not in ids
            ]
            # Where a tool has no NI, "no" says that nothing was seen.
            unseen = question in WITHOUT_NI and answer in ("PN", "N")
            if answer not in ("NI", "NA") and not rests and not unseen:
                found.append(((*at, question), f"{answer} rests on no fact", "name it, or NI"))
    return found


def _study_problems(risk: StudyRisk, studies: dict[str, Study]) -> Found:
    study = studies.get(risk.study)
    if study is None:
        return [(("study",), f'"{risk.study}" is no study', did_you_mean(risk.study, studies))]
    found: Found = []
    reports = [report.key for report in study.reports]
    for i, fact in enumerate(risk.facts):
        if fact.report is not None and fact.report not in reports:
            right = did_you_mean(fact.report, reports)
            found.append((("facts", i, "report"), f'"{fact.report}" is no report of it', right))
    ids = [outcome.id for outcome in study.outcomes]
    words = {outcome.outcome for outcome in study.outcomes}
    for i, result in enumerate(risk.results):
        for where, given, there in (
            ("outcome_ids", result.outcome_ids, ids), ("outcomes", result.outcomes, words),
        ):  # fmt: skip
            found += [
                (("results", i, where), f'"{word}" is no outcome of it', did_you_mean(word, there))
                for word in given
                if word not in there
            ]
    suits = {
        "parallel_rct": ("rob2_parallel",),
        "crossover_rct": ("rob2_crossover", "rob2_parallel"),  # only the first period used
        "non_randomised": ("robins_i",),
        "cohort": ("robins_i",),
    }.get(study.design, ())
    if risk.tool not in ("none", "robins_i", *suits):
        right = " or ".join((*suits, "none"))
        found.append((("tool",), f"{risk.tool} is not for a {study.design}", right))
    return found
