"""Men on testosterone: what an aromatase inhibitor adds, and which levels are seen."""

import evidence as ev

RATIO_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(
        0.5,
        "Weakly informative: τ lies below 1 with 95 % probability, where the ratios of two trials "
        "often differ by a factor of 4.",
    ),
    seed=21200,
    limits=ev.Limits(
        effect=(-3.0, 1.5),
        control=(-0.7, 1.7),
        reason="what is measured falls to 5 %, to what rises to five times; on testosterone alone "
        "a mean that halves, to one that rises to five times its baseline",
    ),
)
BODY_PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 1, "On the log scale: ratios from 1/7 to 7 with 95 % probability, wider than any seen."
    ),
    prior_tau=ev.half_normal(
        0.25, "Ratios of two trials that differ by more than a factor of 2 are held to be rare."
    ),
    seed=21202,
    limits=ev.Limits(
        effect=(-0.7, 0.7),
        control=(-0.5, 0.5),
        reason="a measure that halves, to one that doubles; on testosterone alone a mean within "
        "40 to 60 % of its own baseline",
    ),
)
SPREAD = ev.Assumption(
    "unlabelled_spread",
    "sd",
    "A ± without a name beside the mean of 344 men is read as an SD: as an SE it would make the SD "
    "five times the mean. The other reading is swept.",
    ("se",),
)
CROSSOVER = ev.Assumption(
    "crossover_correlation",
    0.5,
    "No crossover trial here prints the correlation of a man's two periods; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
LEVEL = (
    "a level seen in one group of men is no effect of treatment: it depends on the men, the dose, "
    "the hour of the sample and the assay."
)
DOSES = (
    "Arms on different doses stay rows of their own: the mean over them is the middle of the doses "
    "that were tried and the level of none. What was printed with a ± that has no name stands "
    "among the partial reports where it is of the lowest doses only, so that it does not pull the "
    "mean down."
)
SUPPRESSED = (
    "In most of these trials the men were healthy and their own production was suppressed, so "
    "that testosterone came from outside only, as it does in men on testosterone therapy."
)


def added(key: str, name: str, outcomes: tuple[str, ...], measure: str = "ROM") -> ev.Section:
    return ev.Section(
        f"Inhibitor added: {name}",
        ev.Question(
            id=f"{key}_on_testosterone",
            title=f"{name} in men on testosterone: with against without an aromatase inhibitor",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            background_with=("androgen",),
            outcomes=outcomes,
            measure=measure,
            window=ev.Window(2, 60, 12, untimed=True),
            assumptions=(CROSSOVER,),
            note=SUPPRESSED,
        ),
        RATIO_PLAN if key in ("testosterone", "t_e2_ratio") else BODY_PLAN,
    )


def level(
    key: str, name: str, outcome: str, unit: str, *, inhibitor: bool, mean: float, wide: float
) -> ev.Section:
    treated = "with an aromatase inhibitor" if inhibitor else "alone"
    return ev.Section(
        f"Level of {name} on testosterone {treated}",
        ev.Question(
            id=f"{key}_level_{'with_inhibitor' if inhibitor else 'alone'}",
            title=f"{name.capitalize()} in men on testosterone {treated}",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",) if inhibitor else ("control",),
            control=(),
            contrast="level",
            designs=("parallel_rct", "crossover_rct", "single_arm", "cohort", "non_randomised"),
            background_with=("androgen",),
            background_without=() if inhibitor else ("aromatase_inhibitor",),
            outcomes=(outcome,),
            measure="MN",
            unit=unit,
            window=ev.Window(2, 60, 12, untimed=True),
            shared_arms="covariance",
            treatment_label=f"testosterone {treated}",
            assumptions=(SPREAD,) if inhibitor else (),
            indirect=LEVEL,
            note=f"{SUPPRESSED} {DOSES}",
        ),
        ev.Plan(
            prior_mu=ev.normal(
                mean, wide, f"Wide about the middle of what men have: {mean:g} {unit}."
            ),
            prior_tau=ev.half_normal(
                wide / 2, "Doses, assays and hours of sampling differ from trial to trial."
            ),
            seed=21201,
        ),
    )


ANALYSIS = ev.Analysis(
    name="testosterone_therapy",
    title="Men on testosterone, with and without an aromatase inhibitor",
    lead=(
        "What does an aromatase inhibitor add in men who get testosterone from outside, and which "
        "levels of testosterone and estradiol are seen with and without it? Differences between "
        "randomised arms come first; levels are shown apart and are no effects."
    ),
    sections=(
        added("testosterone", "Testosterone", ("testosterone",)),
        added("t_e2_ratio", "Ratio of testosterone to estradiol", ("t_e2_ratio",)),
        added("fat_mass", "Fat mass", ("fat_mass",)),
        added("lean_mass", "Lean mass", ("lean_mass",)),
        added("psa", "Prostate-specific antigen", ("psa",)),
        added("hematocrit", "Haematocrit", ("hematocrit",)),
        added("insulin_resistance", "Insulin resistance", ("insulin_resistance",)),
        added("hdl", "HDL cholesterol", ("hdl", "lipids_any")),
        level(
            "testosterone",
            "testosterone",
            "testosterone",
            "ng/dL",
            inhibitor=False,
            mean=500,
            wide=500,
        ),
        level(
            "testosterone",
            "testosterone",
            "testosterone",
            "ng/dL",
            inhibitor=True,
            mean=500,
            wide=500,
        ),
        level("estradiol", "estradiol", "estradiol", "pg/mL", inhibitor=False, mean=30, wide=30),
        level("estradiol", "estradiol", "estradiol", "pg/mL", inhibitor=True, mean=30, wide=30),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
