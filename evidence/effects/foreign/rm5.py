"""Read RevMan 5 files (``.rm5``): every analysis with its trials and its own stored results."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from evidence.effects.foreign.records import (
    RATIOS,
    ForeignAnalysis,
    ForeignReview,
    ForeignTrial,
    Kind,
    Method,
    Stored,
    Subgroup,
)
from evidence.effects.foreign.safe_xml import Tree, read_xml
from evidence.errors import EffectError, Problem, check_kind

# Kind of data by the head of the elements' names.
KINDS: dict[str, Kind] = {
    "DICH": "counts",
    "CONT": "means",
    "IV": "generic",
    "IPD": "observed_expected",
}
FIGURES: dict[Kind, dict[str, str]] = {
    "counts": {"EVENTS_1": "events1", "TOTAL_1": "n1", "EVENTS_2": "events2", "TOTAL_2": "n2"},
    "means": {
        "MEAN_1": "mean1", "SD_1": "sd1", "TOTAL_1": "n1",
        "MEAN_2": "mean2", "SD_2": "sd2", "TOTAL_2": "n2",
    },
    "generic": {"ESTIMATE": "estimate", "SE": "std_error"},
    "observed_expected": {"O_E": "observed_minus_expected", "VAR": "variance"},
}  # fmt: skip
MEASURES = {
    "OR": "OR", "ODDSRATIO": "OR", "RR": "RR", "RISKRATIO": "RR", "RD": "RD",
    "RISKDIFFERENCE": "RD", "PETOOR": "PETO", "PETOODDSRATIO": "PETO", "PETO": "PETO",
    "MD": "MD", "WMD": "MD", "MEANDIFFERENCE": "MD", "SMD": "SMD",
    "STDMEANDIFFERENCE": "SMD", "STANDARDISEDMEANDIFFERENCE": "SMD",
    "STANDARDIZEDMEANDIFFERENCE": "SMD", "HR": "HR", "HAZARDRATIO": "HR", "RATERATIO": "IRR",
    "IRR": "IRR",
}  # fmt: skip
ALLOWED: dict[Kind, tuple[str, ...]] = {
    "counts": ("OR", "RR", "RD", "PETO"),
    "means": ("MD", "SMD"),
}
METHODS: dict[str, Method] = {
    "MH": "mantel_haenszel",
    "IV": "inverse_variance",
    "PETO": "peto",
    "EXPOEVAR": "peto",
    "EXPOE": "peto",
}
STORED = {
    "EFFECT_SIZE": "estimate", "CI_START": "ci_low", "CI_END": "ci_high", "SE": "std_error",
    "WEIGHT": "weight", "TAU2": "tau2", "CHI2": "q", "DF": "q_df", "I2": "i2", "Z": "z",
    "P_Z": "p", "Q": "subgroup_q", "I2_Q": "subgroup_i2",
}  # fmt: skip
TOTALS = {"YES": "all", "SUB": "subgroups", "NO": "none"}


def read_rm5(path: str | Path) -> ForeignReview:
    """Read a RevMan 5 file.

    Parameters
    ----------
    path : path
        A ``.rm5`` file of an intervention review.

    Returns
    -------
    ForeignReview
        Every analysis with data that can be pooled; ``notes`` name the others.

    Raises
    ------
    EffectError
        With every problem, each with its line. A document type, entities and files beyond 64 MB
        are refused.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> text = '''<COCHRANE_REVIEW><ANALYSES_AND_DATA><COMPARISON NO="1"><NAME>A v B</NAME>
    ... <DICH_OUTCOME NO="1" EFFECT_MEASURE="RR" METHOD="MH" RANDOM="NO"><NAME>Death</NAME>
    ... <DICH_DATA STUDY_ID="STD-One" EVENTS_1="4" TOTAL_1="20" EVENTS_2="8" TOTAL_2="20"/>
    ... </DICH_OUTCOME></COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.rm5"
    ...     _ = file.write_text(text)
    ...     review = read_rm5(file)
    >>> review.analyses[0].id, review.analyses[0].outcome, review.analyses[0].measure
    ('1.1', 'Death', 'RR')
    """
    check_kind("path", path, (str, Path), EffectError)
    tree = read_xml(Path(path))
    reader = _Reader(tree)
    analyses = tuple(reader.analyses())
    if reader.problems:
        count = len(reader.problems)
        said = f"{path}: {count} {'thing is' if count == 1 else 'things are'} wrong"
        raise EffectError(said, reader.problems)
    if not analyses:
        problem = Problem(str(path), "holds no analysis with data", "a RevMan 5 review with data")
        raise EffectError("there is nothing to pool", [problem])
    title = text_of(tree.root.find("COVER_SHEET/TITLE"))
    return ForeignReview(str(path), title, analyses, tuple(reader.notes))


def text_of(element: Element | None) -> str:
    """All text of an element in one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def measure_code(label: str) -> str:
    """Code of an effect measure by the words of RevMan; GEN if it is another."""
    return MEASURES.get(re.sub(r"[^A-Z]", "", label.upper()), "GEN")


class _Reader:
    """Collects analyses, problems and notes of one tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.names = {
            study.get("ID", ""): (study.get("NAME", ""), study.get("YEAR", ""))
            for study in tree.root.iter("STUDY")
        }

    def analyses(self) -> Iterator[ForeignAnalysis]:
        if self.tree.root.tag != "COCHRANE_REVIEW":
            where, what = self.tree.where(self.tree.root), f"its root is <{self.tree.root.tag}>"
            self.problems.append(Problem(where, what, "a RevMan 5 file: <COCHRANE_REVIEW>"))
            return
        seen: set[str] = set()
        for comparison in self.tree.root.iterfind("ANALYSES_AND_DATA/COMPARISON"):
            name = text_of(comparison.find("NAME"))
            for element in comparison:
                head, _, tail = element.tag.partition("_")
                if tail != "OUTCOME":
                    continue
                number = f"{comparison.get('NO', '?')}.{element.get('NO', '?')}"
                if head not in KINDS:
                    self.notes.append(f"{number} holds text, not figures: it was not taken")
                    continue
                if number in seen:
                    what = f"analysis {number} stands twice"
                    self.problems.append(Problem(self.tree.where(element), what, "one number each"))
                    continue
                seen.add(number)
                found = self.analysis(element, number, name, KINDS[head], head)
                if found is None:
                    self.notes.append(f"{number} has no trials: it was not taken")
                else:
                    yield found

    def analysis(
        self, element: Element, number: str, comparison: str, kind: Kind, head: str
    ) -> ForeignAnalysis | None:
        label = element.get("EFFECT_MEASURE", "")
        measure = measure_code(label)
        where = self.tree.where(element)
        if kind in ALLOWED and measure not in ALLOWED[kind]:
            right = ", ".join(ALLOWED[kind])
            self.problems.append(Problem(where, f'the effect measure "{label}"', right))
        trials = [self.trial(row, kind, "") for row in element.iterfind(f"{head}_DATA")]
        subgroups: list[Subgroup] = []
        for part in element.iterfind(f"{head}_SUBGROUP"):
            name = part.get("NO", str(len(subgroups) + 1))
            rows = [self.trial(row, kind, name) for row in part.iterfind(f"{head}_DATA")]
            trials += rows
            if rows:
                subgroups.append(Subgroup(name, text_of(part.find("NAME")), self.stored(part)))
        if not trials:
            return None
        level, level_trials = (self.level(element, n) for n in ("CI_TOTAL", "CI_STUDY"))
        method = re.sub(r"[^A-Z]", "", element.get("METHOD", "").upper())
        default: Method = "peto" if kind == "observed_expected" else "inverse_variance"
        if kind == "counts" and method and method not in METHODS:
            right = "MH, IV or PETO"
            self.problems.append(Problem(where, f'the method "{method}"', right))
        chosen = METHODS.get(method, default)
        if measure == "PETO" or kind == "observed_expected":
            chosen = "peto"
        totals = self.word(element, "TOTALS", TOTALS, "YES")
        return ForeignAnalysis(
            id=number,
            where=where,
            comparison=comparison,
            outcome=text_of(element.find("NAME")),
            kind=kind,
            measure=measure,
            measure_label=label,
            log_scale=measure in RATIOS or self.looks_logarithmic(element, kind, head),
            method=chosen,
            random=self.yes(element, "RANDOM"),
            level=level,
            level_trials=level_trials,
            totals=totals,  # type: ignore[arg-type]
            swapped=self.yes(element, "SWAP_EVENTS"),
            label1=text_of(element.find("GROUP_LABEL_1")),
            label2=text_of(element.find("GROUP_LABEL_2")),
            trials=tuple(trials),
            subgroups=tuple(subgroups),
            stored=self.stored(element),
        )

    def trial(self, row: Element, kind: Kind, subgroup: str) -> ForeignTrial:
        key = row.get("STUDY_ID", "")
        name, year = self.names.get(key, ("", ""))
        where = self.tree.where(row)
        if not key:
            self.problems.append(Problem(where, "names no study", 'STUDY_ID="..."'))
        figures = {}
        for attribute, role in FIGURES[kind].items():
            value = self.number(row, attribute)
            if value is not None:
                figures[role] = value
        stored = self.stored(row)
        problems = impossible(figures, kind, where) if stored.estimable else []
        self.problems += problems
        study = name or unescaped(key.removeprefix("STD-"))
        return ForeignTrial(where, study, year, subgroup, figures, stored)

    def looks_logarithmic(self, element: Element, kind: Kind, head: str) -> bool:
        """Whether a measure with a name of its own is a ratio: it shows exponentials."""
        if kind not in ("generic", "observed_expected"):
            return False
        pairs = []
        for row in element.iter(f"{head}_DATA"):
            names = ("ESTIMATE", "O_E", "VAR", "EFFECT_SIZE")
            estimate, excess, variance, shown = (number_of(row.get(n, "")) for n in names)
            if estimate is None and excess is not None and variance:
                estimate = excess / variance
            if estimate is not None and estimate < 700 and shown not in (None, 0.0, estimate):
                pairs.append((estimate, shown or 0.0))
        return bool(pairs) and all(
            math.isclose(math.exp(one), other, rel_tol=1e-4) for one, other in pairs
        )

    def stored(self, element: Element) -> Stored:
        figures = {}
        for attribute, role in STORED.items():
            value = self.number(element, attribute)
            if value is not None:
                figures[role] = value
        return Stored(element.get("ESTIMABLE", "YES") == "YES", figures)

    def number(self, element: Element, attribute: str) -> float | None:
        text = element.get(attribute, "").strip()
        if not text:
            return None
        value = number_of(text)
        if value is None and attribute not in STORED:
            what = f"{attribute}={text[:40]!r} is no number"
            self.problems.append(Problem(self.tree.where(element), what, "a finite number"))
        return value

    def level(self, element: Element, attribute: str) -> float:
        text = element.get(attribute, "95")
        value = number_of(text)
        if value is None or not 0 < value < 100:
            what = f"{attribute}={text[:40]!r}"
            self.problems.append(Problem(self.tree.where(element), what, "a percentage: 95"))
            return 0.95
        return value / 100

    def yes(self, element: Element, attribute: str) -> bool:
        return bool(self.word(element, attribute, {"YES": "1", "NO": ""}, "NO"))

    def word(self, element: Element, attribute: str, known: Mapping[str, str], default: str) -> str:
        text = element.get(attribute, default)
        if text not in known:
            what, right = f'{attribute}="{text[:40]}"', " or ".join(known)
            self.problems.append(Problem(self.tree.where(element), what, right))
        return known.get(text, known[default])


def unescaped(key: str) -> str:
    """Name in an id of RevMan: ``_x002d_`` is a hyphen.

    Examples
    --------
    >>> unescaped("El_x002d_Daher-1991")
    'El-Daher-1991'
    """
    return re.sub(r"_x([0-9a-fA-F]{4})_", lambda found: chr(int(found.group(1), 16)), key)


def number_of(text: str) -> float | None:
    """Read a finite number written plainly, or None.

    Examples
    --------
    >>> number_of("-1.5E-3"), number_of("NaN"), number_of("1_0")
    (-0.0015, None, None)
    """
    if not re.fullmatch(
        r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,4})?", text, re.ASCII
    ):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def impossible(figures: Mapping[str, float], kind: Kind, where: str) -> list[Problem]:
    """Say what is missing or impossible in the figures of a trial that is to be pooled.

    Examples
    --------
    >>> found = impossible({"events1": 5, "n1": 4, "events2": 1, "n2": 4}, "counts", "a.rm5:3")
    >>> print(found[0])
    a.rm5:3: 5 events in 4 people (group 1); no more events than people
    """
    missing = [role for role in FIGURES[kind].values() if role not in figures]
    found = [Problem(where, f"{role} is missing", "a number") for role in missing]
    if found:
        return found
    for group in ("1", "2") if kind in ("counts", "means") else ():
        n = figures[f"n{group}"]
        if n < 0:
            found.append(Problem(where, f"{n:g} people (group {group})", "0 or more"))
        if kind == "counts":
            events = figures[f"events{group}"]
            said = f"{events:g} events in {n:g} people (group {group})"
            if events < 0 or events > n:
                found.append(Problem(where, said, "no more events than people"))
        elif figures[f"sd{group}"] < 0:
            what = f"an SD of {figures[f'sd{group}']:g} (group {group})"
            found.append(Problem(where, what, "0 or more"))
    spread = {"generic": "std_error", "observed_expected": "variance"}.get(kind)
    if spread and figures[spread] < 0:
        found.append(Problem(where, f"{spread} = {figures[spread]:g}", "0 or more"))
    return found
