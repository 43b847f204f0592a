"""The ratio of testosterone to estradiol under aromatase inhibitors."""

import evidence as ev

PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(
        0.5, "τ lies below 1 with 95 % probability: men and doses differ much between trials."
    ),
    seed=21300,
    limits=ev.Limits(
        effect=(-0.5, 3.5),
        control=(-0.5, 0.5),
        reason="a ratio that falls by 40 %, to one that rises to thirty times; without an "
        "inhibitor a mean within 40 to 60 % of its own baseline",
    ),
)
BEFORE_AFTER = ev.Assumption(
    "baseline_final_correlation",
    0.5,
    "No trial here prints the correlation of baseline and final ratio; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
ANY_DESIGN = ("parallel_rct", "single_arm", "cohort", "non_randomised")
WITHIN = (
    "nobody was left untreated, and most men were treated because their ratio was low: the next "
    "measurement of such men is higher on average whatever is done (regression to the mean)."
)
LEVEL = (
    "a level seen in one group of men is no effect of treatment: it depends on the men, the dose, "
    "the hour of the sample and the assays."
)
SPREAD = ev.Assumption(
    "unlabelled_spread",
    "sd",
    "A ± without a name beside the mean ratio of 32 or 68 men is read as an SD: as an SE it would "
    "make the SD larger than the mean. The other reading is swept.",
    ("se",),
)
MISPRINT = (
    " One report prints 0.2 with a standard error of 0.7 for the ratios of 68 men, which cannot "
    "be; as printed it weighs next to nothing."
)
UNITS = (
    "A ratio of means needs no unit, but the mean of a ratio is not the ratio of the means, and "
    "the units of the two hormones differ from report to report."
)


def ratio(
    key: str,
    heading: str,
    title: str,
    groups: tuple[str, ...],
    drugs: tuple[str, ...] = ("aromatase_inhibitor",),
    **more: object,
) -> ev.Section:
    return ev.Section(
        heading,
        ev.Question(
            id=key,
            title=title,
            sexes=("male",),
            groups=groups,
            treatment=drugs,
            outcomes=("t_e2_ratio",),
            measure="ROM",
            window=ev.Window(2, 110, 12, untimed=True),
            note=UNITS,
            **more,
        ),
        PLAN,
    )


def level(key: str, heading: str, *, before: bool = False) -> ev.Section:
    return ev.Section(
        heading,
        ev.Question(
            id=key,
            title=f"Ratio of testosterone to estradiol of men: {heading[0].lower()}{heading[1:]}",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=(),
            contrast="level",
            designs=ANY_DESIGN,
            background_without=("serm", "gonadotropin"),
            outcomes=("t_e2_ratio",),
            measure="MN",
            unit="(ng/dL)/(pg/mL)",
            occasion="baseline" if before else "final",
            window=ev.Window(0 if before else 2, 110, 12, untimed=True),
            assumptions=(SPREAD,),
            indirect=LEVEL,
            note="Testosterone in ng/dL over estradiol in pg/mL. Ratios printed without units "
            "cannot be brought to this scale." + (MISPRINT if before else ""),
        ),
        ev.Plan(
            prior_mu=ev.normal(20, 20, "Wide about what men have: 500 ng/dL over 25 pg/mL is 20."),
            prior_tau=ev.half_normal(10, "Men, doses and assays differ from trial to trial."),
            seed=21301,
        ),
    )


ANALYSIS = ev.Analysis(
    name="t_e2_ratio",
    title="Aromatase inhibitors and the ratio of testosterone to estradiol",
    lead=(
        "How far do aromatase inhibitors raise the ratio of testosterone to estradiol, in whom, "
        "and does the ratio foretell anything that men feel? No trial that treated men to a ratio "
        "was seen."
    ),
    sections=(
        ratio(
            "t_e2_ratio_all",
            "Against placebo or no treatment",
            "Ratio of testosterone to estradiol in men: aromatase inhibitor against control",
            (),
            control=("control",),
            excluded_groups=("boys",),
        ),
        ratio(
            "t_e2_ratio_boys",
            "Boys with gynecomastia, against placebo",
            "Ratio of testosterone to estradiol in boys: aromatase inhibitor against placebo",
            ("boys",),
            control=("control",),
        ),
        ratio(
            "t_e2_ratio_change",
            "Change in subfertile men",
            "Ratio of testosterone to estradiol in subfertile men: ratio of final to baseline",
            ("subfertile_men",),
            ("anastrozole", "letrozole", "anastrozole_or_letrozole", "exemestane"),
            treatment_label="aromatase inhibitor other than testolactone",
            control=(),
            contrast="within",
            designs=ANY_DESIGN,
            background_without=("serm", "gonadotropin", "androgen"),
            assumptions=(BEFORE_AFTER,),
            indirect=WITHIN,
        ),
        ratio(
            "t_e2_ratio_change_testolactone",
            "Change in subfertile men on testolactone",
            "Ratio of testosterone to estradiol in subfertile men on testolactone: final to "
            "baseline",
            ("subfertile_men",),
            ("testolactone",),
            control=(),
            contrast="within",
            designs=ANY_DESIGN,
            assumptions=(BEFORE_AFTER,),
            indirect=WITHIN + " It stands apart because the study that gave testolactone to some "
            "men and anastrozole to others does not say whether men who changed stand in both.",
        ),
        ratio(
            "t_e2_ratio_change_trt",
            "Change in men on testosterone",
            "Ratio of testosterone to estradiol in men on testosterone: final to baseline",
            ("men_on_trt",),
            control=(),
            contrast="within",
            designs=ANY_DESIGN,
            assumptions=(BEFORE_AFTER,),
            indirect=WITHIN,
        ),
        ratio(
            "t_e2_ratio_change_testosterone",
            "Change under testosterone alone",
            "Ratio of testosterone to estradiol in men on testosterone without an inhibitor: final "
            "to baseline",
            (),
            ("androgen",),
            control=(),
            contrast="within",
            designs=ANY_DESIGN,
            excluded_groups=("boys",),
            background_without=("aromatase_inhibitor", "gnrh"),
            assumptions=(BEFORE_AFTER,),
            indirect="nobody was left untreated: the figure holds everything else that changed.",
        ),
        level("t_e2_ratio_level", "Level on an aromatase inhibitor"),
        level("t_e2_ratio_level_before", "Level before an aromatase inhibitor", before=True),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
