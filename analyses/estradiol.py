"""Estradiol under aromatase inhibitors in men."""

import evidence as ev

HORMONES = ("androgen", "gnrh", "estrogen", "gonadotropin", "growth_hormone")
CROSSOVER = ev.Assumption(
    "crossover_correlation",
    0.5,
    "No crossover trial here prints the correlation of a man's two periods; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
BEFORE_AFTER = ev.Assumption(
    "baseline_final_correlation",
    0.5,
    "No trial here prints the correlation of baseline and final estradiol; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
RATIO_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(
        0.5,
        "Weakly informative: τ lies below 1 with 95 % probability, where the ratios of two trials "
        "often differ by a factor of 4.",
    ),
    seed=20200,
    limits=ev.Limits(
        effect=(-3.0, 0.7),
        control=(-0.35, 0.35),
        reason="an inhibitor that leaves 5 % of the estradiol, to one that doubles it; a control "
        "arm's mean within 30 to 40 % of its own baseline",
    ),
)

ANALYSIS = ev.Analysis(
    name="estradiol",
    title="Aromatase inhibitors and estradiol in men",
    lead=(
        "How far do anastrozole and other aromatase inhibitors lower serum estradiol in men? "
        "Estradiol is skewed and its level depends on the assay, so that ratios of means come "
        "first. Men who are given testosterone are kept apart from men who are not, and changes "
        "within a treated arm are kept apart from differences between randomised arms."
    ),
    sections=(
        ev.Section(
            "Men not on testosterone",
            ev.Question(
                id="estradiol_men",
                title="Estradiol in men: aromatase inhibitor against placebo, ratio of means",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                background_without=HORMONES,
                outcomes=("estradiol",),
                measure="ROM",
                window=ev.Window(2, 60, 12, untimed=True),
                assumptions=(CROSSOVER,),
            ),
            RATIO_PLAN,
        ),
        ev.Section(
            "The same in pg/mL",
            ev.Question(
                id="estradiol_men_difference",
                title="Estradiol in men: aromatase inhibitor against placebo, difference in pg/mL",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                background_without=HORMONES,
                outcomes=("estradiol",),
                measure="MD",
                unit="pg/mL",
                window=ev.Window(2, 60, 12, untimed=True),
                assumptions=(CROSSOVER, BEFORE_AFTER),
            ),
            ev.Plan(
                prior_mu=ev.normal(0, 30, "Estradiol in men is some 10 to 40 pg/mL in all."),
                prior_tau=ev.half_normal(5, "Between-trial differences beyond 10 pg/mL are rare."),
                seed=20201,
                limits=ev.Limits(
                    effect=(-40, 20),
                    control=(-10, 10),
                    reason="men have some 10 to 40 pg/mL in all; a control arm's mean moves by no "
                    "more than 10",
                ),
            ),
        ),
        ev.Section(
            "Men on testosterone",
            ev.Question(
                id="estradiol_men_testosterone",
                title="Estradiol in men on testosterone: with against without an inhibitor",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                background_with=("androgen",),
                outcomes=("estradiol",),
                measure="ROM",
                window=ev.Window(2, 60, 12, untimed=True),
                assumptions=(CROSSOVER,),
                note="Both arms got the same testosterone; in most trials the men's own production "
                "was suppressed.",
            ),
            RATIO_PLAN,
        ),
        ev.Section(
            "Change within the treated arm",
            ev.Question(
                id="estradiol_men_change",
                title="Estradiol in men: ratio of final to baseline in the treated arm",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=(),
                contrast="within",
                background_without=HORMONES,
                outcomes=("estradiol",),
                measure="ROM",
                window=ev.Window(1, 60, 12, untimed=True),
                assumptions=(BEFORE_AFTER,),
                indirect="a change against the same men's baseline is not a treatment effect: it "
                "holds regression to the mean and everything else that changed with time. These "
                "are the treated arms of randomised trials.",
            ),
            RATIO_PLAN,
        ),
        ev.Section(
            "Change in trials without a control group",
            ev.Question(
                id="estradiol_men_single_arm",
                title="Estradiol in men: ratio of final to baseline where all were treated",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=(),
                contrast="within",
                designs=("single_arm", "cohort", "non_randomised"),
                background_without=HORMONES,
                outcomes=("estradiol",),
                measure="ROM",
                window=ev.Window(0.9, 104, 12, untimed=True),
                assumptions=(BEFORE_AFTER,),
                indirect="nobody was left untreated: what else changed with time is part of the "
                "figure. Most of the men were treated because of what was measured at baseline.",
            ),
            RATIO_PLAN,
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
