"""Semen, pregnancy and hormones of subfertile men under aromatase inhibitors."""

import evidence as ev

SUBFERTILE = ("subfertile_men",)
BEFORE_AFTER = ev.Assumption(
    "baseline_final_correlation",
    0.5,
    "No trial here prints the correlation of baseline and final value; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
WITHIN = (
    "nobody was left untreated. Men are treated because a semen sample or a hormone was low, and "
    "the next sample of such men is higher on average whatever is done (regression to the mean)."
)
RATIO_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(
        0.5, "τ lies below 1 with 95 % probability: semen varies much from man to man and trial."
    ),
    seed=20700,
    limits=ev.Limits(
        effect=(-1.5, 3.0),
        control=(-0.5, 0.7),
        reason="semen measures that fall to a fifth, to those that rise twentyfold; without "
        "treatment a mean that falls by 40 % or doubles",
    ),
)
EVENT_PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=20701,
    limits=ev.Limits(effect=(-3, 3), reason="a twentieth to twenty times the chance"),
)
ANASTROZOLE_OR_LETROZOLE = ("anastrozole", "letrozole", "anastrozole_or_letrozole", "exemestane")
ONE_GROUP = (
    "Testolactone is left to the report on the ratio: the study that gave it to some men and "
    "anastrozole to others does not say whether men who changed stand in both groups, so that the "
    "two cannot be put together."
)
HORMONE_SPREAD = ev.Assumption(
    "unlabelled_spread",
    "sd",
    "A ± without a name beside a mean hormone level is read as an SD: as an SE it would make the "
    "SD between men larger than the mean. The other reading is swept.",
    ("se",),
)
SEMEN = (
    ("sperm_concentration", "Sperm concentration"),
    ("sperm_motility", "Sperm motility"),
    ("total_motile_count", "Total motile count"),
    ("sperm_morphology", "Sperm of normal form"),
    ("semen_volume", "Semen volume"),
)
AXIS = (
    ("testosterone", "Testosterone"),
    ("estradiol", "Estradiol"),
    ("fsh", "FSH"),
    ("lh", "LH"),
    ("t_e2_ratio", "Ratio of testosterone to estradiol"),
)


def randomised(
    key: str,
    name: str,
    outcome: str,
    measure: str,
    control: tuple[str, ...],
    against: str,
    latest: float = 60,
) -> ev.Section:
    return ev.Section(
        f"Randomised, against {against}: {name}",
        ev.Question(
            id=f"{key}_subfertile",
            title=f"{name} in subfertile men: aromatase inhibitor against {against}",
            sexes=("male",),
            groups=SUBFERTILE,
            treatment=("aromatase_inhibitor",),
            control=control,
            control_label="" if against == "control" else against,
            outcomes=(outcome,),
            measure=measure,
            window=ev.Window(4, latest, 13, untimed=True),
        ),
        RATIO_PLAN if measure == "ROM" else EVENT_PLAN,
    )


def change(outcome: str, name: str) -> ev.Section:
    ratio = outcome == "t_e2_ratio"
    hormone = not ratio and (outcome, name) in AXIS
    return ev.Section(
        f"Change from baseline: {name}",
        ev.Question(
            id=f"{outcome}_subfertile_change",
            title=f"{name} in subfertile men: ratio of final to baseline under treatment",
            sexes=("male",),
            groups=SUBFERTILE,
            treatment=ANASTROZOLE_OR_LETROZOLE if ratio else ("aromatase_inhibitor",),
            treatment_label="aromatase inhibitor other than testolactone" if ratio else "",
            control=(),
            background_without=("serm", "gonadotropin", "androgen"),
            contrast="within",
            designs=("parallel_rct", "non_randomised", "single_arm", "cohort"),
            outcomes=(outcome,),
            measure="ROM",
            window=ev.Window(4, 60, 13, untimed=True),
            assumptions=(BEFORE_AFTER, HORMONE_SPREAD) if hormone else (BEFORE_AFTER,),
            indirect=WITHIN,
            note=ONE_GROUP if ratio else "",
        ),
        RATIO_PLAN,
    )


ANALYSIS = ev.Analysis(
    name="fertility",
    title="Aromatase inhibitors and male fertility",
    lead=(
        "Do anastrozole and other aromatase inhibitors improve semen and the chance of pregnancy "
        "in subfertile men? Randomised comparisons come first; most of what was published is a "
        "change from baseline in treated men, which stands apart and is no effect of treatment. "
        "Men who took another fertility drug besides are not among them."
    ),
    sections=(
        randomised(
            "sperm_concentration",
            "Sperm concentration",
            "sperm_concentration",
            "ROM",
            ("control",),
            "control",
        ),
        randomised(
            "sperm_motility", "Sperm motility", "sperm_motility", "ROM", ("control",), "control"
        ),
        randomised("pregnancy", "Pregnancy", "pregnancy", "RR", ("control",), "control", 110),
        randomised(
            "adverse_events", "Adverse events", "adverse_events", "RR", ("control",), "control"
        ),
        randomised(
            "testosterone_clomiphene",
            "Testosterone",
            "testosterone",
            "ROM",
            ("clomiphene",),
            "clomiphene",
        ),
        randomised(
            "t_e2_ratio_clomiphene",
            "Ratio of testosterone to estradiol",
            "t_e2_ratio",
            "ROM",
            ("clomiphene",),
            "clomiphene",
        ),
        *(change(outcome, name) for outcome, name in (*SEMEN, *AXIS)),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
