"""Claims of the source articles, in a form that a function can test."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.study import Figure, Identifier, Positive, Record, Text
from evidence.catalog.terms import Terms
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.vocabulary import DrugWord, OutcomeWord, UnitWord
from evidence.catalog.yaml_reader import Address, Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

Url = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)]
Kind = Literal[
    "effect_direction", "effect_size", "level", "association", "event", "advice", "mechanism",
    "fact",
]  # fmt: skip
# How much a claim asserts: with "may" or "could"; plainly; as proof.
Strength = Literal["hedged", "plain", "proof"]
Relation = Literal["below", "above", "between", "differs", "no_difference", "not_worse"]
Agreement = Literal["yes", "partly", "no"]
Testable = Literal["pooled_rct", "single_rct", "observational", "mechanistic_only", "opinion"]
ReaderVerdict = Literal[
    "supported", "partly_supported", "mixed", "contradicted", "indirect_only", "not_verified",
    "not_checked", "not_applicable",
]  # fmt: skip
ClaimDirection = Literal["increase", "decrease", "no_change", "association"]
# No trial can test these; what was seen stands beside them.
UNTESTABLE: tuple[Kind, ...] = ("advice", "mechanism", "fact")


class Article(Record):
    """One of the articles whose claims are kept."""

    id: Identifier
    file: Text


class ClaimSource(Record):
    """A work that was seen to bear on a claim; ``study`` names it among ``data/studies``."""

    key: Identifier
    cite: Text
    what: Text
    pmid: Annotated[str, Field(pattern=r"^\d{1,8}$")] | None = None
    url: Url
    study: Identifier | None = None


class Pico(Record):
    """Whom, what, against what, and which outcomes a system of questions is about."""

    population: Text
    intervention: Text
    comparator: Text
    outcomes: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class ClaimSystem(Record):
    """A family of questions that the articles raise.

    ``claims`` are those named with it in the dossier; ``questions`` the declared questions that
    answer it, or ``open_point`` says why there is none.
    """

    id: Identifier
    name: Text
    question: Text
    pico: Pico
    study_designs: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    claims: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    questions: tuple[Identifier, ...] = ()
    also_asks: tuple[Text, ...] = ()
    note: Text | None = None
    open_point: Text | None = None

    @model_validator(mode="after")
    def _answered(self) -> ClaimSystem:
        if not self.questions and self.open_point is None:
            raise ValueError("no question answers this system: an open_point must say why")
        return self


class Contradiction(Record):
    """A matter on which the articles contradict each other."""

    topic: Text
    a: Identifier
    b: Identifier


class Size(Record):
    """Figures of a claim, with their unit; one of them may be open."""

    low: Figure | None = None
    high: Figure | None = None
    unit: Text

    @model_validator(mode="after")
    def _ordered(self) -> Size:
        if self.low is None and self.high is None:
            raise ValueError("a size needs low, high or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


class Holds(Record):
    """What must be true for the claim to be true, on the scale that readers know.

    Attributes
    ----------
    relation : str
        ``below`` or ``above`` ``low`` (no difference where empty); ``between`` ``low`` and
        ``high``; ``differs`` from no difference, either way; ``no_difference`` larger than
        ``margin``; ``not_worse`` (in the outcome's worse direction) by more than ``margin``.
    of : {"mean", "new_population"}
        The mean over trials, or the effect in a population like those studied.
    """

    relation: Relation
    low: Figure | None = None
    high: Figure | None = None
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    of: Literal["mean", "new_population"] = "mean"

    @model_validator(mode="after")
    def _complete(self) -> Holds:
        limits = self.low is not None, self.high is not None
        if self.relation == "between":
            if limits != (True, True) or not (self.low or 0.0) < (self.high or 0.0):
                raise ValueError("between needs low and high, in this order")
        elif limits[1]:
            raise ValueError(f'"{self.relation}" knows no high')
        elif limits[0] and self.relation not in ("below", "above"):
            raise ValueError(f'"{self.relation}" knows no low')
        if self.margin is not None and self.relation not in ("no_difference", "not_worse"):
            raise ValueError(f'"{self.relation}" knows no margin')
        return self


class PrintedFigure(Record):
    """The comparison of one study that a claim rests on: ``outcome`` is the outcome's id."""

    study: Identifier
    outcome: Identifier
    arm: Identifier
    versus: Identifier


class LevelAt(Record):
    """A level that a claim says is to be expected in an arm.

    ``same`` lists the ``study/arm`` that a person found to have the claim's own regimen.
    """

    outcome: OutcomeWord
    unit: UnitWord
    inhibitor: bool
    same: tuple[Text, ...] = ()


class DoseAt(Record):
    """A weekly dose that a claim names; the doses that were given are listed beside it."""

    drug: DrugWord
    low_mg: Positive
    high_mg: Positive


class ClaimTest(Record):
    """One part of a claim, and what it is held against; the open point where there is nothing.

    With a question ``level`` only lists the arms beside the answer.

    ``direct: false`` says that what it is held against is about other people, another drug or
    another outcome than the claim; the reason stands beside it.
    """

    part: Text
    question: Identifier | None = None
    figure: PrintedFigure | None = None
    level: LevelAt | None = None
    dose: DoseAt | None = None
    holds: Holds | None = None
    direct: bool = True
    indirect_reason: Text | None = None
    open_point: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ClaimTest:
        ways = [w for w in (self.question, self.figure, self.level) if w is not None]
        if self.figure is not None and len(ways) > 1:
            raise ValueError("a part is held against a figure, or a question or level")
        if not ways and self.dose is None and self.open_point is None:
            raise ValueError("a part held against nothing needs an open_point")
        if ways and self.holds is None:
            raise ValueError("holds is missing: what must be true for this part to be true")
        if self.direct == (self.indirect_reason is not None):
            raise ValueError("direct: false and indirect_reason go together")
        return self


class Seen(Record):
    """What one source was seen to show."""

    source: Identifier
    url: Url
    shows: Text
    agrees: Agreement


class Cited(Record):
    """The reference a claim leans on, and whether that work supports it.

    ``link``: the text describes that very study, or it is the only listed reference on the matter.
    """

    key: Identifier
    link: Literal["explicit", "inferred"]
    in_other_article: bool = False
    supports: Literal["yes", "partly", "no", "not_seen", "not_found"]
    reason: Text


class Claim(Record):
    """One claim, in own words; ``articles`` names the article it was taken from first."""

    id: Identifier
    articles: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    section: Text
    claim: Text
    area: Identifier
    kind: Kind
    strength: Strength
    population: Text | None
    treatment: Text | None
    control: Text | None
    outcomes: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    direction: ClaimDirection
    magnitude: Text | None = None
    size: Size | None = None
    testable_by: Testable
    tests: tuple[ClaimTest, ...] = ()
    combine: Literal["all", "any"] = "all"
    not_testable: Text | None = None
    cited: Cited | None = None
    reader_verdict: ReaderVerdict
    evidence: tuple[Seen, ...] = ()
    note: Text | None = None

    @model_validator(mode="after")
    def _testable(self) -> Claim:
        if not self.tests and self.not_testable is None:
            raise ValueError("a claim without tests needs not_testable: why no trial can test it")
        if self.tests and (self.kind == "advice") != (self.not_testable is not None):
            raise ValueError("of claims with tests advice, and no other, says why not_testable")
        if not self.tests and self.kind not in UNTESTABLE:
            raise ValueError(f'a claim of the kind "{self.kind}" needs tests')
        return self

    @property
    def questions(self) -> tuple[str, ...]:
        """Ids of the questions that the claim is held against."""
        return tuple(dict.fromkeys(t.question for t in self.tests if t.question is not None))


class Ledger(Record):
    """``data/claims.yaml``: the claims, the systems they belong to, and the sources seen."""

    about: Text
    articles: Annotated[tuple[Article, ...], Field(min_length=1)]
    n_claims: Annotated[int, Field(ge=1)]
    areas: dict[str, Text]
    added_outcomes: tuple[Identifier, ...] = ()
    gaps: tuple[Text, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    systems: Annotated[tuple[ClaimSystem, ...], Field(min_length=1)]
    sources: tuple[ClaimSource, ...] = ()
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    def source(self, key: str) -> ClaimSource:
        """Return the source of that key; the reader has checked that it exists."""
        return next(source for source in self.sources if source.key == key)

    def systems_of(self, claim_id: str) -> tuple[str, ...]:
        """Return the ids of the systems that name a claim."""
        return tuple(system.id for system in self.systems if claim_id in system.claims)


def load_claims(
    path: str | Path,
    terms: Terms | None = None,
    *,
    questions: Collection[str] | None = None,
    references: Collection[str] | None = None,
) -> Ledger:
    """Read the claims.

    Parameters
    ----------
    path : path
    terms : Terms, optional
        The vocabulary that levels and doses must be of.
    questions : collection of str, optional
        Ids of the declared questions; a claim held against another is a problem.
    references : collection of str, optional
        Keys of the citations; a claim that cites another is a problem.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    ledger, found = validated(Ledger, document, terms)
    problems = [*document.problems, *found]
    if ledger is not None:
        problems += _across(ledger, document, questions, references)
    if problems or ledger is None:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return ledger


Word = tuple[Address, str, Collection[str], str]


def _across(
    ledger: Ledger,
    document: Document,
    questions: Collection[str] | None,
    references: Collection[str] | None,
) -> list[Problem]:
    """Problems that show only between parts: ids that repeat, words that lead nowhere."""
    found = []
    lists = (
        ("claims", [c.id for c in ledger.claims]),
        ("sources", [s.key for s in ledger.sources]),
        ("systems", [s.id for s in ledger.systems]),
        ("articles", [a.id for a in ledger.articles]),
    )
    for name, ids in lists:
        for i, one in enumerate(ids):
            if one in ids[:i]:
                where = document.where((name, i))
                found.append(Problem(where, f'"{one}" stands twice', "one id each"))
    for address, word, known, what in _words(ledger, questions, references):
        if word not in known:
            right = did_you_mean(word, known)
            found.append(Problem(document.where(address), f'"{word}" is no {what}', right))
    if len(ledger.claims) != ledger.n_claims:
        what = f"{ledger.n_claims} claims are announced, {len(ledger.claims)} stand here"
        found.append(Problem(document.where(("n_claims",)), what, "none may be lost"))
    return found


def _words(
    ledger: Ledger, questions: Collection[str] | None, references: Collection[str] | None
) -> Iterator[Word]:
    claims = {claim.id for claim in ledger.claims}
    for i, pair in enumerate(ledger.contradictions):
        yield ("contradictions", i, "a"), pair.a, claims, "claim"
        yield ("contradictions", i, "b"), pair.b, claims, "claim"
    for i, system in enumerate(ledger.systems):
        for j, name in enumerate(system.claims):
            yield ("systems", i, "claims", j), name, claims, "claim"
        if questions is not None:
            for j, name in enumerate(system.questions):
                yield ("systems", i, "questions", j), name, questions, "declared question"
    articles = {article.id for article in ledger.articles}
    sources = {source.key for source in ledger.sources}
    for i, claim in enumerate(ledger.claims):
        yield ("claims", i, "area"), claim.area, ledger.areas, "area"
        for j, name in enumerate(claim.articles):
            yield ("claims", i, "articles", j), name, articles, "article"
        for j, seen in enumerate(claim.evidence):
            yield ("claims", i, "evidence", j, "source"), seen.source, sources, "source"
        if references is not None and claim.cited is not None:
            yield ("claims", i, "cited", "key"), claim.cited.key, references, "reference"
        for j, test in enumerate(claim.tests):
            if questions is not None and test.question is not None:
                at: Address = ("claims", i, "tests", j, "question")
                yield at, test.question, questions, "declared question"
