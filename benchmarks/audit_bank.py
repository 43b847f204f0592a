"""A bank of seeded errors: what `evidence audit` finds of each kind, and its false alarms.

    python benchmarks/audit_bank.py

writes docs/validation-audit.md. Errors are put one at a time into clean trials (simulated, and the
curated ones without their findings); the audit of the whole body is compared with the one before.
"""

from __future__ import annotations

import copy
import hashlib
import json
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from audit_errors import ERRORS
from audit_simulate import body

from evidence.catalog.audit_answers import load_audit_answers
from evidence.catalog.checks import study_problems
from evidence.catalog.read import study_files
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import read_yaml
from evidence.rating.audit.audit import audit
from evidence.rating.audit.body import Body
from evidence.rating.audit.finding import Hit
from evidence.rating.audit.registry import CHECKS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "validation-audit.md"
SEED, TRIALS, BODIES, CLEAN_BODIES = 20260721, 60, 8, 50
PER_BODY, CURATED = 25, 200
ACROSS = ("A01", "A06", "A18")  # the checks that compare trials
SCRIPTS = ("audit_bank.py", "audit_simulate.py", "audit_errors.py")
Plain = dict[str, Any]


def plain_of(value: Any) -> Any:
    """Mutable copy of a document: lists for tuples."""
    if isinstance(value, dict):
        return {k: plain_of(v) for k, v in value.items()}
    return [plain_of(v) for v in value] if isinstance(value, tuple | list) else value


def frozen(value: Any) -> Any:
    """The reader's form: tuples for lists."""
    if isinstance(value, dict):
        return {k: frozen(v) for k, v in value.items()}
    return tuple(frozen(v) for v in value) if isinstance(value, tuple | list) else value


@cache
def terms() -> Terms:
    """The project's vocabulary."""
    from evidence.catalog.project import find_project

    return find_project(ROOT).terms()


def record(plain: Plain) -> Study:
    """Study of plain values."""
    return Study.model_validate_json(json.dumps(plain), context={"terms": terms()})


@cache
def curated() -> tuple[list[Plain], list[Study], frozenset[Any]]:
    """The curated trials without the outcomes that have findings, and what is still found."""
    files = study_files(ROOT / "data" / "studies")
    plains = [plain_of(read_yaml(path).data) for path in files]
    found = audit([record(p) for p in plains], terms()).findings
    bad = {(f.study, f.outcome) for f in found}
    for plain in plains:
        if (plain["id"], "") in bad:
            plain["population"]["n_randomised"] = None
        kept = plain.get("outcomes") or []
        plain["outcomes"] = [o for o in kept if (plain["id"], o["id"]) not in bad]
    return made(plains)


@cache
def simulated(number: int) -> tuple[list[Plain], list[Study], frozenset[Any]]:
    """A body of simulated trials, and the false alarms of its audit."""
    return made(body(np.random.default_rng([SEED, number]), TRIALS))


def made(plains: list[Plain]) -> tuple[list[Plain], list[Study], frozenset[Any]]:
    """Records of plain studies, and the findings that are there before any error."""
    studies = [record(p) for p in plains]
    return plains, studies, frozenset(mark(h) for h in hits(studies))


def mark(hit: Hit) -> tuple[str, str, str, str]:
    """A finding by its place."""
    return hit.code, hit.study, hit.outcome, hit.place


def hits(studies: list[Study], one: Study | None = None) -> list[Hit]:
    """What the checks find; with ``one``, those that look at one trial at a time at this only."""
    whole = Body(tuple(studies), terms())
    alone = whole if one is None else Body((one,), terms())
    return [h for c in CHECKS for h in c.run(whole if c.code in ACROSS else alone)]


def inject(job: tuple[str, int | None, int]) -> dict[str, Any] | None:
    """One error of a kind in one trial of a body; what the audit then finds that it did not."""
    kind, number, repetition = job
    plains, studies, before = curated() if number is None else simulated(number)
    rng = np.random.default_rng([SEED, list(ERRORS).index(kind), number or 10**6, repetition])
    error, intended = ERRORS[kind]
    for _ in range(400):
        k, other = int(rng.integers(len(plains))), int(rng.integers(len(plains)))
        spoilt = copy.deepcopy(plains[k])
        done = None if k == other else error(spoilt, rng, plains[other])
        if done is not None and spoilt != plains[k]:
            break
    else:
        return None
    refused = any(True for _ in study_problems(frozen(spoilt), spoilt["id"], terms()))
    try:
        changed = record(spoilt)
    except ValueError:
        return {"kind": kind, "refused": True, "codes": [], "error": False, "intended": False}
    now = hits([*studies[:k], changed, *studies[k + 1 :]], changed)
    # Of two trials that share numbers the finding stands at the later one.
    own = [h for h in now if h.study == spoilt["id"] or h.code == "A18"]
    new = [h for h in own if mark(h) not in before]
    codes = sorted({h.code for h in new})
    return {
        "kind": kind,
        "refused": refused,
        "codes": codes,
        "error": any(h.severity == "error" for h in new),
        "intended": bool(set(codes) & set(intended)),
    }


def clean(number: int) -> Counter[tuple[str, str]]:
    """False alarms of one clean body by check and severity; places judged and outcomes."""
    plains, studies, _ = made_clean(number)
    found = audit(studies, terms()).findings
    counts = Counter((f.code, f.severity) for f in found)
    counts["trials", ""] = len(plains)
    counts["outcomes", ""] = sum(len(s.outcomes) for s in studies)
    counts["trials with a finding", ""] = len({f.study for f in found})
    counts["trials with an error", ""] = len({f.study for f in found if f.severity == "error"})
    return counts


def made_clean(number: int) -> tuple[list[Plain], list[Study], frozenset[Any]]:
    """A body that no error is put into, of its own numbers."""
    plains = body(np.random.default_rng([SEED, 1, number]), TRIALS)
    return plains, [record(p) for p in plains], frozenset()


def share(part: int, whole: int) -> str:
    """Percentage with its Wilson interval at 95 %."""
    if not whole:
        return "none"
    p, z = part / whole, 1.959964
    middle = (p + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * (p * (1 - p) / whole + z * z / (4 * whole**2)) ** 0.5 / (1 + z * z / whole)
    return f"{100 * p:.0f} ({100 * max(0, middle - half):.0f} to {100 * min(1, middle + half):.0f})"


def table(rows: list[dict[str, Any]]) -> str:
    """One line a kind of error."""
    lines = [
        "| error | n | intended check, % | any check, % | an error of the audit, % | reader or"
        " audit, % | found by |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, (_, intended) in ERRORS.items():
        own = [r for r in rows if r["kind"] == kind]
        if not own:
            lines.append(f"| {kind} | 0 | no place for it | | | | |")
            continue
        codes = Counter(code for r in own for code in r["codes"])
        told = ", ".join(f"{code} {100 * n / len(own):.0f}" for code, n in codes.most_common(5))
        n = len(own)
        lines.append(
            f"| {kind} ({', '.join(intended)}) | {n} | {share(sum(r['intended'] for r in own), n)}"
            f" | {share(sum(bool(r['codes']) for r in own), n)}"
            f" | {share(sum(r['error'] for r in own), n)}"
            f" | {share(sum(bool(r['codes']) or r['refused'] for r in own), n)} | {told} |"
        )
    return "\n".join(lines)


def alarms(counts: Counter[tuple[str, str]]) -> str:
    """False alarms by check."""
    trials, outcomes = counts["trials", ""], counts["outcomes", ""]
    lines = [
        "| check | errors | warnings | notes | findings in 1000 trials |",
        "|---|---|---|---|---|",
    ]
    for check in CHECKS:
        n = [counts[check.code, s] for s in ("error", "warning", "note")]
        lines.append(
            f"| {check.code} {check.name} | {n[0]} | {n[1]} | {n[2]} |"
            f" {1000 * sum(n) / trials:.1f} |"
        )
    lines.append("")
    lines.append(
        f"Trials: {trials}, outcomes: {outcomes}; with any finding"
        f" {share(counts['trials with a finding', ''], trials)} %, with an error"
        f" {100 * counts['trials with an error', ''] / trials:.2f} %."
    )
    return "\n".join(lines)


def answered() -> str:
    """Findings in the curated trials by check and recorded answer."""
    answers = load_audit_answers(ROOT / "data" / "audit.yaml")
    plains = [plain_of(read_yaml(path).data) for path in study_files(ROOT / "data" / "studies")]
    found = audit([record(p) for p in plains], terms(), answers)
    lines = [
        "| check | findings | accepted | open | corrected | no answer |",
        "|---|---|---|---|---|---|",
    ]
    for check in CHECKS:
        own = [f for f in found.findings if f.code == check.code]
        said = Counter("none" if f.answer is None else f.answer.answer for f in own)
        cells = [said[name] for name in ("accepted", "open", "corrected", "none")]
        if own:
            told = " | ".join(map(str, cells))
            lines.append(f"| {check.code} {check.name} | {len(own)} | {told} |")
    trials = len({f.study for f in found.findings})
    lines += ["", f"{len(found.findings)} findings in {trials} of {found.studies} files."]
    return "\n".join(lines)


def thresholds() -> str:
    """The checks with what they compare and why from there."""
    lines = ["| check | it speaks from | source |", "|---|---|---|"]
    lines += [f"| {c.code} {c.name} | {c.threshold} | {c.source} |" for c in CHECKS]
    return "\n".join(lines)


def fingerprint() -> str:
    """SHA-256 of the three scripts."""
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in SCRIPTS)).hexdigest()


TEXT = """# What the plausibility audit finds, and what it cannot find

Made by `python benchmarks/audit_bank.py`; seed {seed}; SHA-256 of the scripts
({scripts}, in this order)
`{hash}`.

`evidence audit` compares the printed figures of a trial with each other, and with the other trials
of the same outcome. Here errors are put into clean trials, one at a time, and counted when the
audit says something of that trial that it did not say before. *Intended*: by a check that is meant
for such errors (in brackets); *any*: by any check; *an error*: with the severity that makes
`evidence audit` end with status 1; *reader or audit*: also where `evidence check` refuses the file
before the audit sees it. Shares in percent with their 95 % interval (Wilson); *found by*: the five
checks that spoke most often, in percent of all errors of the kind.

## Checks and thresholds

{thresholds}

## False alarms

{clean_bodies} bodies of {trials} simulated trials without any error: people are drawn (lognormal,
correlated in time), two or three arms, sizes of 6 to 4000, levels, spreads between trials and units
like those of the curated trials; final values, changes or values adjusted for the baseline are
tested, counts by chi-square, Fisher's test or a model of times; then everything is rounded and
printed in the ways of journals (SD, SE, a ± without a name; P exact, in classes or "not
significant"; with and without intervals). No figure is wrong, so that every finding is a false
alarm.

{alarms}

The thresholds that are "set on the bank" were chosen on other bodies of the same generator, so that
this is the rate where real trials behave like simulated ones. They do not: among the curated
trials are single patients, arms made castrate on purpose, and groups chosen after the fact. What
the audit said of them, by the answer recorded in `data/audit.yaml` (accepted: the figures stand and
the reason is known, in this sense a false alarm; open: not settled from what was read):

{answered}

## Detection in simulated trials

{bodies} bodies of {trials} trials; {per_body} errors a kind and body. Errors are drawn blindly:
many are too small to matter (a mean of 343 read as 334), and many stand where the page printed
nothing to hold them against. Whole outcomes are relabelled (SE as SD) in 7 of 10 cases, single
figures in 3.

{simulated}

## Detection in the curated trials

The {curated_trials} files of `data/studies`, without the outcomes that have findings (answered in
`data/audit.yaml`); up to {curated} errors a kind. These trials print far less than simulated ones
(most were read in abstracts), so that fewer figures can be held against each other.

{curated_table}

## What cannot be detected

- **Small slips.** Two digits swapped in a mean or spread is seen where it moves the figure by
  several of its spreads, or where a second figure (a change, a P, an interval) contradicts it. Else
  no arithmetic can tell it from the truth. Double extraction finds these.
- **An SD named SE, or the reverse, in a small trial or alone.** With 6 to 10 people an arm the two
  differ by a factor of 2.4 to 3.2, which is within what SDs of different trials differ by; where an
  outcome has fewer than five trials and no P is printed, nothing can be compared.
- **Arms swapped without a printed comparison,** or where the arms hardly differ: both ways are then
  consistent. P values are the same for both ways.
- **A wrong size** that stays below the arm's, or a wrong P where the page prints neither interval
  nor figures of the arms. "Not significant" can hardly be contradicted by figures of adjusted
  models.
- **Zeros.** A study file keeps 1.10 as 1.1, so that a figure which ends in 0 is taken as less exact
  than the page had it; contradictions smaller than that pass.
- **Invention.** Figures that were made up with care pass every check; baselines made alike are seen
  from four measured ones on, if they are printed to enough digits.
- **Figures that are wrong on the page, alike in every place.** The audit compares; it does not know
  the truth.

A finding is a question, not a verdict: every threshold leaves rare truths outside (a man without
aromatase has 2015 ng/dL of testosterone). Answers are recorded with their reason in
`data/audit.yaml`.
"""


def main() -> None:
    """Run the bank and write the page."""
    start = perf_counter()
    jobs = [(kind, b, r) for b in range(BODIES) for kind in ERRORS for r in range(PER_BODY)]
    own: list[tuple[str, int | None, int]] = [
        (kind, None, r) for kind in ERRORS for r in range(CURATED)
    ]
    with ProcessPoolExecutor(max_workers=2) as workers:
        rows = list(workers.map(inject, jobs, chunksize=PER_BODY * len(ERRORS)))
        real = list(workers.map(inject, own, chunksize=CURATED))
        counts: Counter[tuple[str, str]] = Counter()
        for found in workers.map(clean, range(CLEAN_BODIES), chunksize=5):
            counts.update(found)
    words = TEXT.format(
        seed=SEED,
        scripts=", ".join(f"`{name}`" for name in SCRIPTS),
        hash=fingerprint(),
        thresholds=thresholds(),
        clean_bodies=CLEAN_BODIES,
        trials=TRIALS,
        alarms=alarms(counts),
        answered=answered(),
        bodies=BODIES,
        per_body=PER_BODY,
        simulated=table([r for r in rows if r is not None]),
        curated_trials=len(study_files(ROOT / "data" / "studies")),
        curated=CURATED,
        curated_table=table([r for r in real if r is not None]),
    )
    PAGE.write_text(words, encoding="utf-8")
    sys.stdout.write(f"{len(jobs) + len(own)} errors in {perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
