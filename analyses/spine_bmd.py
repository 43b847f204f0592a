"""Spine bone density under aromatase inhibitors, in men and in women."""

import evidence as ev

CORRELATION = ev.Assumption(
    "baseline_final_correlation",
    0.9,
    "Spine density of one person changes little in a year against the spread between people; no "
    "trial here prints the correlation, so a high value is taken and swept.",
    (0.7, 0.95),
)
CENTRE = ev.Assumption(
    "unnamed_centre",
    "mean",
    "Two reviews print percent changes without saying whether they are means or medians; they are "
    "read as means. Other reports of the same sub-studies print medians, so the other reading is "
    "swept: it leaves nothing to pool.",
    ("median",),
)
PERCENT_OF_BASELINE = ev.Assumption(
    "percent_of_baseline",
    "own",
    "The trial in men printed mean densities, those in women percent changes. Each arm's change is "
    "taken in percent of its own mean at baseline, which stands in for the mean of the men's own "
    "percent changes; the percent of both arms' common mean is swept.",
    ("common",),
)
PERCENT_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 10, "Spine density changes by some percent a year; 10 points is wide."),
    prior_tau=ev.half_normal(
        2.5, "Trials of different length and drug may differ by some points; more is implausible."
    ),
    seed=20101,
    limits=ev.Limits(
        effect=(-15, 10),
        reason="no inhibitor is known to take more than 15 points in two or three years, nor to "
        "build 10",
    ),
)

FROM_WOMEN = ev.Borrow(
    sources=("spine_bmd_women_placebo",),
    method="power",
    discount=0.2,
    reason=(
        "a fifth, because much differs. The women are postmenopausal: their estradiol is low "
        "before treatment, while a man has more of it to lose. Most came from years of tamoxifen, "
        "whose end costs bone in both arms. Drug, calcium and vitamin D given to all, and length "
        "of treatment differ too. It is not nothing, because bone depends on estradiol in both "
        "sexes. No data give this figure: it is a judgement, and the curve shows every other."
    ),
)

ANALYSIS = ev.Analysis(
    name="spine_bmd",
    title="Aromatase inhibitors and spine bone density",
    lead=(
        "Does anastrozole (or another aromatase inhibitor) cost men bone at the lumbar spine? "
        "Trials in men answer directly; trials in postmenopausal women, who start from low "
        "estradiol, are shown apart as indirect evidence and are never pooled with those in men. "
        "What they would add if they were borrowed from, with a declared discount, stands in a "
        "block of its own."
    ),
    sections=(
        ev.Section(
            "Men",
            ev.Question(
                id="spine_bmd_men",
                title="Spine BMD in men: aromatase inhibitor against placebo or no treatment",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                outcomes=("spine_bmd",),
                measure="MD",
                unit="g/cm2",
                window=ev.Window(16, 156, 52),
                assumptions=(CORRELATION,),
                note=(
                    "The abstract of the one trial with figures does not say which test its P is "
                    "from. If it is from an analysis adjusted for baseline, the standard error is "
                    "that of the adjusted difference, beside an unadjusted estimate."
                ),
            ),
            ev.Plan(
                prior_mu=ev.normal(
                    0, 0.1, "A tenth of a g/cm2 is near one SD between men: wider than any effect."
                ),
                prior_tau=ev.half_normal(
                    0.02,
                    "Trials whose true effects differ by more than 0.04 g/cm2, some 3 % of a usual "
                    "spine density, are held to be unlikely.",
                ),
                seed=20100,
            ),
        ),
        ev.Section(
            "The same in percentage points, beside what women's trials would add",
            ev.Question(
                id="spine_bmd_men_percent",
                title="Spine BMD in men, difference of percent changes: aromatase inhibitor "
                "against placebo or no treatment",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                outcomes=("spine_bmd",),
                measure="MD",
                unit="percentage points",
                window=ev.Window(16, 156, 52),
                assumptions=(PERCENT_OF_BASELINE,),
                note=(
                    "The question above, brought to the scale in which trials in women are "
                    "printed. A trial that printed means of density enters by a declared "
                    "assumption; its own answer is the one in g/cm²."
                ),
            ),
            ev.Plan(
                prior_mu=PERCENT_PLAN.prior_mu,
                prior_tau=ev.half_normal(
                    1.75,
                    "The prior of the question in g/cm2: 0.02 g/cm2 is 1.7 % of the 1.15 g/cm2 "
                    "that the men of the one trial had on average.",
                ),
                seed=20102,
                limits=PERCENT_PLAN.limits,
                borrow=FROM_WOMEN,
            ),
        ),
        ev.Section(
            "Women, against placebo or no treatment",
            ev.Question(
                id="spine_bmd_women_placebo",
                title="Spine BMD in women: aromatase inhibitor against placebo or no treatment",
                sexes=("female",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                background_without=("bisphosphonate",),
                outcomes=("spine_bmd",),
                measure="MD",
                unit="percentage points",
                window=ev.Window(26, 270, 104),
                indirect="the trials are in postmenopausal women, most after years of tamoxifen.",
            ),
            PERCENT_PLAN,
        ),
        ev.Section(
            "Women, against tamoxifen",
            ev.Question(
                id="spine_bmd_women_tamoxifen",
                title="Spine BMD in women: aromatase inhibitor against tamoxifen",
                sexes=("female",),
                treatment=("aromatase_inhibitor",),
                control=("serm", "sequence"),
                control_label="tamoxifen",
                background_without=("bisphosphonate",),
                outcomes=("spine_bmd",),
                measure="MD",
                unit="percentage points",
                window=ev.Window(26, 270, 104),
                assumptions=(CENTRE,),
                indirect=(
                    "the trials are in postmenopausal women, and tamoxifen itself raises bone "
                    "density there: the difference is not the effect of the inhibitor alone."
                ),
            ),
            PERCENT_PLAN,
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
