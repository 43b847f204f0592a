"""The verdict on a claim: a pure function of what was found, rule by rule.

The rules and thresholds, with the reason of each, are in ``RULES`` and ``docs/decisions.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from evidence.catalog.claims import Strength
from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import folded
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_number, is_whole

Verdict = Literal["supported", "overstated", "uncertain", "contradicted", "not_tested"]
Certainty = Literal["high", "moderate", "low", "very_low"]
Basis = Literal["complete", "all_said", "printed"]

VERDICT_WORDS: dict[Verdict, str] = {
    "supported": "supported",
    "overstated": "supported but overstated",
    "uncertain": "uncertain",
    "contradicted": "contradicted",
    "not_tested": "not tested by any trial seen",
}
CERTAINTY_WORDS: dict[Certainty, str] = {
    "high": "high",
    "moderate": "moderate",
    "low": "low",
    "very_low": "very low",
}
# A claim counts as shown, or as refuted, at the probability that a 95 % interval on one side of
# the claim's limit stands for.
SURE = 0.975
# From three trials on, the interval of the main analysis must agree with the posterior; with two
# its width is not settled by the data (Hartung-Knapp with one degree of freedom).
INTERVAL_FROM = 3
RANK: dict[Certainty, int] = {"very_low": 0, "low": 1, "moderate": 2, "high": 3}
# What certainty a claim's wording stands for: "may" is GRADE's word for low, "reduces" without
# "probably" is taken to need moderate, and "proves" needs high (Santesso et al 2020).
NEEDED: dict[Strength, Certainty] = {"hedged": "low", "plain": "moderate", "proof": "high"}
# Without a rating nothing stronger than "may" can be said.
UNRATED: Certainty = "low"

RULES: dict[str, str] = {
    "untestable": "what it says cannot be tested by a trial",
    "no_trial": "no trial seen reported it",
    "not_asked": "no declared question, printed figure or level is held against it",
    "no_arm": "no arm seen had this regimen",
    "very_low": "the certainty of the evidence is very low",
    "no_probability": "what was reported does not say how probable the claim is",
    "no_margin": "no smallest difference that matters is known, so that no difference that matters "
    "cannot be shown",
    "answers_differ": "the answers from complete reports and from all reports contradict each "
    "other",
    "indirect_against": "the evidence speaks against it, but in other people, or of another "
    "treatment or outcome",
    "opposite": "the claim is false with a probability of at least 97.5 %",
    "smaller": "the direction is right, the size is smaller than claimed",
    "size_open": "the direction is right, the size that is claimed is not shown",
    "interval_open": "the posterior agrees, the interval of the main analysis does not",
    "indirect": "it holds only in other people, or of another treatment or outcome, than it is "
    "claimed of",
    "before_after": "known only as a change from baseline in treated arms, which is no effect of "
    "treatment",
    "certainty": "the certainty of the evidence allows a weaker wording only",
    "unrated": "the certainty of the evidence has not been rated, and until it is no more than "
    '"may" can be said',
    "shown": "true with a probability of at least 97.5 %, and the wording fits the certainty",
    "open": "neither true nor false with a probability of 97.5 %",
    "printed_agrees": "the report says so",
    "printed_figures": "the printed figures have it, without a test of it",
    "printed_silent": "the report does not say which way",
    "printed_against": "the report says otherwise",
    "seen_agrees": "a matter of record: every source seen agrees",
    "seen_against": "a matter of record: the sources seen disagree with it",
    "seen_mixed": "a matter of record on which the sources seen do not settle it",
    "parts_agree": "all parts have this verdict",
    "part_contradicted": "one part holds, another is contradicted",
    "part_open": "one part holds, another is not shown",
    "best_part": "it is enough that one part holds",
    "part_refuted": "a part is contradicted, and none is shown",
    "part_too_strong": "a part says more than the evidence allows",
    "no_part": "no part is shown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEvidence:
    """What the evidence says about one part of a claim.

    Attributes
    ----------
    k : int
        Trials with an effect and its standard error.
    in_part : int
        Trials that reported the outcome in part only.
    estimate, ci_low, ci_high : float or None
        Pooled estimate and interval on the scale that readers know.
    probability : float or None
        That the claim is true as worded.
    against : float or None
        That it is false as worded; one minus ``probability`` where that exists.
    direction : float or None
        Of a claim that names a size: the probability that its direction is right.
    smaller : float or None
        Of a claim that names a size: the probability that the effect is on the side of no
        difference from it.
    interval_agrees : bool or None
        Whether the interval of the main analysis lies wholly where the claim says.
    other_probability : float or None
        That the claim is true by the answer that is not used, for comparison.
    basis : {"complete", "all_said", "printed"}
        What ``probability`` rests on: complete reports, complete and partial ones, or the figures
        that one study printed.
    certainty : {"high", "moderate", "low", "very_low"} or None
        None where it has not been rated.
    direct : bool
        Whether people, treatment and outcome are those of the claim.
    controlled : bool
        Whether there is a comparison group; without one a change is no effect of treatment.
    """

    k: int
    in_part: int = 0
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    probability: float | None = None
    against: float | None = None
    direction: float | None = None
    smaller: float | None = None
    interval_agrees: bool | None = None
    other_probability: float | None = None
    basis: Basis = "complete"
    certainty: Certainty | None = None
    direct: bool = True
    controlled: bool = True


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict and the rule that gave it."""

    verdict: Verdict
    rule: str

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        return folded(f"{self.words}: {self.reason}")

    @property
    def words(self) -> str:
        """The verdict as it is printed."""
        return VERDICT_WORDS[self.verdict]

    @property
    def reason(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


def claim_verdict(found: ClaimEvidence | None, *, strength: Strength = "plain") -> Ruling:
    """Judge one part of a claim from what was found.

    Parameters
    ----------
    found : ClaimEvidence or None
        None where nothing is held against the claim.
    strength : {"hedged", "plain", "proof"}
        How much the claim asserts: with "may", plainly, or as proof.

    Raises
    ------
    FitError
        If the strength is unknown, or what was found holds something impossible.

    Examples
    --------
    >>> good = ClaimEvidence(k=5, probability=0.999, against=0.001, certainty="moderate")
    >>> claim_verdict(good).words
    'supported'
    >>> claim_verdict(good, strength="proof").words
    'supported but overstated'
    >>> claim_verdict(ClaimEvidence(k=0)).words
    'not tested by any trial seen'
    """
    if not isinstance(strength, str) or strength not in NEEDED:
        problem = Problem("strength", f"{strength!r:.80}", did_you_mean(strength, NEEDED))
        raise FitError("no such strength of a claim", [problem])
    if found is None:
        return Ruling("not_tested", "not_asked")
    check_kind("found", found, ClaimEvidence, FitError)
    _check(found)
    if found.k == 0 and found.in_part == 0:
        return Ruling("not_tested", "no_trial")
    if found.certainty == "very_low":
        return Ruling("uncertain", "very_low")
    if found.probability is None and found.against is None:
        return Ruling("uncertain", "no_probability")
    p = found.probability
    if p is not None and found.other_probability is not None:
        ends = sorted((p, found.other_probability))
        if ends[0] <= 1 - SURE and ends[1] >= SURE:
            return Ruling("uncertain", "answers_differ")
    if (found.against or 0.0) >= SURE:
        return _refuted(found)
    if p is None:
        return Ruling("uncertain", "no_margin")
    if p >= SURE:
        return _shown(found, strength)
    if found.direction is not None and found.direction >= SURE:
        return Ruling("uncertain", "size_open")
    return Ruling("uncertain", "open")


def _refuted(found: ClaimEvidence) -> Ruling:
    if not found.controlled:
        return Ruling("uncertain", "before_after")
    right_way = found.direction is not None and found.direction >= SURE
    if right_way and (found.smaller or 0.0) >= SURE:
        return Ruling("overstated", "smaller")
    if not found.direct:
        return Ruling("uncertain", "indirect_against")
    return Ruling("contradicted", "opposite")


def _shown(found: ClaimEvidence, strength: Strength) -> Ruling:
    if found.basis == "complete" and found.k >= INTERVAL_FROM and found.interval_agrees is False:
        return Ruling("uncertain", "interval_open")
    if not found.controlled:
        return Ruling("uncertain", "before_after")
    if not found.direct:
        return Ruling("uncertain", "indirect")
    if RANK[found.certainty or UNRATED] < RANK[NEEDED[strength]]:
        return Ruling("overstated", "unrated" if found.certainty is None else "certainty")
    return Ruling("supported", "shown")


def _check(found: ClaimEvidence) -> None:
    wrong: list[Problem] = []

    def need(name: str, right: str, good: Callable[[object], bool]) -> None:
        value = getattr(found, name)
        if not good(value):
            wrong.append(Problem(name, f"{value!r:.80}", right))

    for name in ("k", "in_part"):
        need(name, "a whole number, 0 or more", is_whole)
    for name in ("probability", "against", "direction", "smaller", "other_probability"):
        need(name, "a probability between 0 and 1, or None", _is_probability)
    for name in ("estimate", "ci_low", "ci_high"):
        need(name, "a finite number, or None", lambda v: v is None or is_number(v))
    need("interval_agrees", "True, False or None", lambda v: v is None or isinstance(v, bool))
    for name in ("direct", "controlled"):
        need(name, "True or False", lambda v: isinstance(v, bool))
    for name, known in (("basis", get_args(Basis)), ("certainty", tuple(RANK))):
        value = getattr(found, name)
        unrated = name == "certainty" and value is None
        if not unrated and not (isinstance(value, str) and value in known):
            wrong.append(Problem(name, f"{value!r:.80}", did_you_mean(value, known)))
    if not wrong and (found.probability or 0.0) + (found.against or 0.0) > 1 + 1e-9:
        what = f"{found.probability!r} and {found.against!r}"
        wrong.append(Problem("probability, against", what, "at most 1 together"))
    if wrong:
        raise FitError("what was found cannot be judged", wrong)


def _is_probability(value: object) -> bool:
    return value is None or (is_number(value) and 0.0 <= value <= 1.0)  # type: ignore[operator]


def combined(rulings: Sequence[Ruling], combine: Literal["all", "any"] = "all") -> Ruling:
    """Put the verdicts on the parts of a claim together.

    ``all``: the claim asserts every part; ``any``: it is true if one part is.

    Raises
    ------
    FitError
        If there is nothing to combine.

    Examples
    --------
    >>> parts = [Ruling("supported", "shown"), Ruling("contradicted", "opposite")]
    >>> combined(parts), combined(parts, "any").verdict
    (Ruling(verdict='overstated', rule='part_contradicted'), 'supported')
    """
    if not rulings:
        problem = Problem("rulings", "is empty", "give the ruling of each part")
        raise FitError("there is nothing to combine", [problem])
    if len(rulings) == 1:
        return rulings[0]
    verdicts = [ruling.verdict for ruling in rulings]
    if len(set(verdicts)) == 1:
        rules = {ruling.rule for ruling in rulings}
        return Ruling(verdicts[0], rules.pop() if len(rules) == 1 else "parts_agree")
    holding = [v for v in verdicts if v in ("supported", "overstated")]
    if combine == "any":
        if holding:
            best: Verdict = "supported" if "supported" in holding else "overstated"
            return Ruling(best, "best_part")
        return Ruling("uncertain", "no_part")
    if "contradicted" in verdicts:
        if holding:
            return Ruling("overstated", "part_contradicted")
        return Ruling("contradicted", "part_refuted")
    if len(holding) == len(verdicts):
        return Ruling("overstated", "part_too_strong")
    return Ruling("overstated", "part_open") if holding else Ruling("uncertain", "no_part")


def on_record(agreements: Sequence[str]) -> Ruling:
    """Judge a matter of record (a label, a trial's design) from the sources seen.

    Examples
    --------
    >>> on_record(["yes", "yes"]).words, on_record(["yes", "no"]).words, on_record([]).words
    ('supported', 'uncertain', 'not tested by any trial seen')
    """
    if not agreements:
        return Ruling("not_tested", "not_asked")
    if set(agreements) == {"yes"}:
        return Ruling("supported", "seen_agrees")
    if set(agreements) == {"no"}:
        return Ruling("contradicted", "seen_against")
    return Ruling("uncertain", "seen_mixed")
