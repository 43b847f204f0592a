"""The checks of the audit: code, name, threshold and where the threshold comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evidence.rating.audit import (
    baseline,
    changes,
    contrasts,
    counts,
    effects,
    levels,
    shared,
    spreads,
)
from evidence.rating.audit.body import Body
from evidence.rating.audit.finding import Hit

MEASURED = "set on the seeded-error bank (docs/validation-audit.md)"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it compares, from which size on it speaks, and why from there."""

    code: str
    name: str
    threshold: str
    source: str
    run: Callable[[Body], Iterator[Hit]]


CHECKS = (
    Check(
        "A01",
        "spread_against_trials",
        "3.5 robust SDs of the log of SD/mean (levels) or SD (changes) of at least 4 other trials,"
        " the sampling error of the SD included; 2.45 where the other reading (SE) lies within 2",
        "Iglewicz and Hoaglin 1993, How to Detect and Handle Outliers: modified z score of 3.5; the"
        f" lower limit is {MEASURED}",
        spreads.against_trials,
    ),
    Check(
        "A02",
        "spread_against_p",
        "the spread as named misses the printed P by more than 1.0 on the scale of z, the other"
        " reading by less than 0.4",
        MEASURED,
        spreads.against_p,
    ),
    Check(
        "A03",
        "spread_against_arms",
        "SDs of two arms, or of one arm at two times, differ 2.5-fold with P below 0.0001, by"
        " themselves and relative to the means (levels only)",
        f"F test of two variances; {MEASURED}",
        spreads.against_arms,
    ),
    Check(
        "A04",
        "possible_values",
        "a mean outside the table of bounds (evidence/rating/audit/bounds.py), a fall of more than"
        " 100 %, a share whose SD is above what its limits allow",
        "reason beside each bound; Bhatia and Davis 2000, Am Math Mon 107:353-357",
        levels.possible,
    ),
    Check(
        "A05",
        "centre_and_limits",
        "a centre outside its interval or range; an SD that the range does not allow; an interval"
        " whose width does not fit SD or SE by more than 8 %",
        "Popoviciu 1935 and Nagy 1918 (largest and least SD of figures with a range); " + MEASURED,
        levels.limits,
    ),
    Check(
        "A06",
        "unit_slip",
        "3.5 robust SDs of the log of the mean from at least 4 other trials of the same sex; an"
        " error where a factor 10, 100, 1000 or a molar mass brings it within 1.5; of levels on"
        " treatment the median of an outcome's arms, with a warning at most",
        f"Iglewicz and Hoaglin 1993; {MEASURED}",
        levels.units,
    ),
    Check(
        "A07",
        "p_against_interval",
        "P recomputed from estimate and interval misses the printed one by more than 0.3 (or 10 %)"
        " on the scale of z after rounding; an error where significance at 0.05 changes",
        "Nuijten et al. 2016, Behav Res Methods 48:1205-1226 (statcheck: inconsistency and gross"
        f" inconsistency); the slack for tests of another model is {MEASURED}",
        contrasts.p_against_interval,
    ),
    Check(
        "A08",
        "interval_around_estimate",
        "the estimate lies more than 15 % of the half-width off the middle on the measure's scale"
        " after rounding; a width that does not fit the SE by more than 8 %",
        MEASURED,
        contrasts.interval_around_estimate,
    ),
    Check(
        "A09",
        "estimate_against_arms",
        "a ratio more than 0.1 (models of times or with adjustment: 0.35) in logs from that of the"
        " counts, a difference more than half its size and 0.3 SD from what the means give with any"
        " adjustment for the printed baselines; an error where they point to opposite sides",
        MEASURED,
        effects.estimate_against_arms,
    ),
    Check(
        "A10",
        "p_against_arms",
        "P of every usual test of the counts misses the printed one by more than 0.5 on the scale"
        " of z and a tenth of z (models of times: 1.0), P of the t test, with any adjustment for"
        " the printed baselines, by more than 1.5",
        MEASURED,
        effects.p_against_arms,
    ),
    Check(
        "A11",
        "sizes_add_up",
        "arms above the number randomised, or below 70 % of it; results above their arm; events"
        " above n; n that grows with time",
        "arithmetic; the 70 % is a judgement: more than an arm's usual losses are missing",
        counts.sizes,
    ),
    Check(
        "A12",
        "percent_against_count",
        "a percentage that is neither the rounded nor the truncated share; a rate more than 2 % off"
        " its events and person-years",
        "arithmetic",
        counts.percents,
    ),
    Check(
        "A13",
        "granularity_of_percents",
        "no whole number of people prints as the percentage",
        "Brown and Heathers 2017, Soc Psychol Personal Sci 8:363-369 (GRIM)",
        counts.granularity_of_percents,
    ),
    Check(
        "A14",
        "granularity_of_means",
        "no whole sum prints as the mean, or no whole sum of squares as the SD",
        "Brown and Heathers 2017 (GRIM); Anaya 2016, PeerJ Preprints 4:e2400v1 (GRIMMER)",
        counts.granularity_of_means,
    ),
    Check(
        "A15",
        "baseline_different",
        "P of the arms' baselines below 0.001 after rounding; an error below 0.0001",
        "Carlisle 2017, Anaesthesia 72:944-952; the warning at 0.001 is a judgement",
        baseline.different,
    ),
    Check(
        "A16",
        "baseline_alike",
        "combined P (Stouffer) of at least 4 baselines above 0.999, each taken as unlike as its"
        " rounding allows; an error above 0.9999",
        "Carlisle 2017, Anaesthesia 72:944-952",
        baseline.alike,
    ),
    Check(
        "A17",
        "change_against_ends",
        "a change more than a quarter of itself and of an SD from end minus beginning; in percent,"
        " more than 25 points and half of itself; an error on the other side of 0",
        "the mean of percentages is not the percentage of means, and changes are often adjusted:"
        f" {MEASURED}",
        changes.changes,
    ),
    Check(
        "A18",
        "same_numbers",
        "two trials that declare no overlap share a centre, spread and size of 7 digits in all, or"
        " centres and spreads of 10 digits in several places of one outcome, or counts of 7; two"
        " places of one trial share what chance repeats less than once in 1000",
        f"normal theory within a trial; {MEASURED} between trials",
        shared.same_numbers,
    ),
    Check(
        "A19",
        "words_against_figures",
        '"increase" or "decrease" beside figures that go the other way',
        "arithmetic",
        changes.words,
    ),
)
