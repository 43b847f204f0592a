"""Each rule in general words, with its source; thresholds of our own are named as such."""

from __future__ import annotations

from dataclasses import dataclass

_STERNE = "Sterne 2011, BMJ 343:d4002"
_HANDBOOK = "Cochrane Handbook ch. 14"
_IMPRECISION = "GRADE guidelines 6, J Clin Epidemiol 2011;64:1283"
_UPDATE = "GRADE guidance 34, J Clin Epidemiol 2022;150:216 (abstract)"
_OWN = "threshold of this project"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code, when it applies, what it takes or gives, and where it comes from."""

    code: str
    when: str
    step: str
    source: str


RULE_LIST = (
    Rule("START-R", "all trials randomised", "high", _HANDBOOK),
    Rule("START-N", "some not randomised, not all of them rated by ROBINS-I", "low", _HANDBOOK),
    Rule(
        "START-I",
        "non-randomised studies, all rated by ROBINS-I",
        "high",
        "Schünemann 2019, J Clin Epidemiol 111:105",
    ),
    Rule(
        "START-W",
        "no comparison of arms: change within an arm, level, association",
        "low",
        f"{_HANDBOOK}: as for uncontrolled studies",
    ),
    Rule("RB-0", "no rating for half of the weight or more", "−1", f"{_OWN}: as some concerns"),
    Rule("RB-1", "half of the weight or more at low risk", "0", _HANDBOOK),
    Rule("RB-2", "most of the weight not at low risk", "−1", _HANDBOOK),
    Rule("RB-3", "a quarter of the weight or more at high risk", "−1", f"{_HANDBOOK}; {_OWN}"),
    Rule("RB-4", "half of the weight or more at high risk", "−2", f"{_HANDBOOK}; {_OWN}"),
    Rule("RB-5", "half of the weight or more at critical risk", "−3", f"ROBINS-I; {_OWN}"),
    Rule("IC-0", "fewer than two trials", "0", _HANDBOOK),
    Rule("IC-1", "true effects (estimate ± 1.96 τ) on one side of what matters", "0", _OWN),
    Rule("IC-L", "levels: nothing to hold their range against", "0", _OWN),
    Rule("IC-2", "true effects from one that matters to one of the other sign", "−1", _OWN),
    Rule("IC-3", "true effects that matter in both directions", "−2", _OWN),
    Rule(
        "IC-4",
        "intervals of two trials on opposite sides of no effect that do not meet",
        "−1",
        "GRADE guidelines 7, J Clin Epidemiol 2011;64:1294",
    ),
    Rule("ID-0", "people and comparator as intended", "0", _HANDBOOK),
    Rule("ID-P", "other people than the answer is meant for", "−1", _HANDBOOK),
    Rule("ID-C", "another comparator than the answer is meant for", "−1", _HANDBOOK),
    Rule("ID-D", "the question declares its trials indirect", "−1 if no flag counts", _HANDBOOK),
    Rule(
        "SU-1",
        "the outcome stands in for one that patients notice",
        "−1",
        "GRADE guidelines 2, J Clin Epidemiol 2011;64:395",
    ),
    Rule("SU-0", "the outcome is not declared as a surrogate", "0", _HANDBOOK),
    Rule("IM-0", "nothing pooled", "−2", _OWN),
    Rule("IM-L", "levels: nothing to hold the interval against", "0", _OWN),
    Rule("IM-0e", "interval excludes no effect", "0", _IMPRECISION),
    Rule("IM-0t", "interval includes no effect and excludes all that matters", "0", _UPDATE),
    Rule("IM-1", "interval includes no effect and an effect that matters", "−1", _IMPRECISION),
    Rule("IM-2", "interval includes effects that matter in both directions", "−2", _UPDATE),
    Rule(
        "IM-3",
        "interval reaches three times what matters in both directions",
        "−3",
        f"{_UPDATE}; {_OWN}",
    ),
    Rule("IM-0n", "no smallest difference seen; interval excludes no effect", "0", _IMPRECISION),
    Rule("IM-1n", "no smallest difference seen; interval includes no effect", "−1", _IMPRECISION),
    Rule("IM-S0", "as many people as the optimal information size, or more", "0", _IMPRECISION),
    Rule("IM-S1", "fewer people than the optimal information size", "−1", _IMPRECISION),
    Rule("IM-S2", "less than 30 % of the optimal information size", "−2", f"{_UPDATE}; {_OWN}"),
    Rule("IM-Sn", "people not printed: not shown to be enough", "−1", _OWN),
    Rule("IM-Sx", "information size cannot be computed", "0", _OWN),
    Rule(
        "IM-R2",
        "upper over lower limit above 3 (risk or hazard ratio) or 2.5 (odds ratio)",
        "−2",
        "GRADE guidance 34 as remembered; the full text was not seen",
    ),
    Rule("IM-R0", "upper over lower limit not above these", "0", "as IM-R2"),
    Rule("IM-B", "two or three trials: the Bayesian interval by the same rule", "beside", _OWN),
    Rule("PB-0", "fewer than ten trials: not tested", "0", _STERNE),
    Rule("PB-1", "ten trials or more, P of asymmetry below 0.10", "−1", _STERNE),
    Rule("PB-5", "ten trials or more, P of asymmetry 0.10 or above", "0", "as PB-1"),
    Rule(
        "PB-2",
        "half of the trials or more told only in part, and with them the estimate is nearer to "
        "none by a quarter or more",
        "−1",
        f"{_HANDBOOK}, selective non-reporting; {_OWN}",
    ),
    Rule(
        "PB-3", "half or more told only in part, and nothing says what they change", "−1", "as PB-2"
    ),
    Rule("PB-4", "fewer than half told only in part", "0", "as PB-2"),
    Rule("PB-6", "half or more told only in part, and they change little", "0", "as PB-2"),
    Rule(
        "LE-1",
        "begun at low, nothing rated down, ratio at least 2 (or at most 0.5) at the nearer limit",
        "+1",
        "GRADE guidelines 9, J Clin Epidemiol 2011;64:1311",
    ),
    Rule("LE-2", "the same with 5 (or 0.2)", "+2", "GRADE guidelines 9"),
    Rule("LE-0", "otherwise", "0", "GRADE guidelines 9"),
)
