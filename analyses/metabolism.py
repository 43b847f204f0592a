"""Metabolism, body composition and blood vessels of men under aromatase inhibitors."""

import evidence as ev

PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 1, "On the log scale: ratios from 1/7 to 7 with 95 % probability, wider than any seen."
    ),
    prior_tau=ev.half_normal(
        0.25, "Ratios of two trials that differ by more than a factor of 2 are held to be rare."
    ),
    seed=20500,
    limits=ev.Limits(
        effect=(-0.7, 0.7),
        control=(-0.2, 0.2),
        reason="a measure of metabolism that halves, to one that doubles; a control arm's mean "
        "within a fifth of its own baseline",
    ),
)
CROSSOVER = ev.Assumption(
    "crossover_correlation",
    0.5,
    "No crossover trial here prints the correlation of a man's two periods; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)


def men(key: str, name: str, outcomes: tuple[str, ...], note: str = "") -> ev.Section:
    return ev.Section(
        name,
        ev.Question(
            id=f"{key}_men",
            title=f"{name} in men: aromatase inhibitor against control",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            outcomes=outcomes,
            measure="ROM",
            window=ev.Window(1, 60, 12, untimed=True),
            assumptions=(CROSSOVER,),
            note=note,
        ),
        PLAN,
    )


ANALYSIS = ev.Analysis(
    name="metabolism",
    title="Aromatase inhibitors, metabolism and blood vessels in men",
    lead=(
        "Do aromatase inhibitors change insulin resistance, blood pressure, the lining of the "
        "arteries, inflammation or body composition of men within a year? Lipids and C-reactive "
        "protein stand in the cardiovascular report. Men with and without testosterone are taken "
        "together where both arms got the same."
    ),
    sections=(
        men("insulin_resistance", "Insulin resistance", ("insulin_resistance",)),
        men("glucose", "Fasting glucose", ("glucose",)),
        men("insulin_fasting", "Fasting insulin", ("insulin_fasting",)),
        men(
            "glucose_disposal",
            "Glucose disposal in a clamp",
            ("glucose_disposal_rate", "glucose_infusion_rate"),
            "Higher is more sensitive to insulin.",
        ),
        men("blood_pressure", "Blood pressure", ("blood_pressure",)),
        men("flow_mediated_dilation", "Flow-mediated dilation", ("flow_mediated_dilation",)),
        men("arterial_compliance", "Compliance of the arteries", ("arterial_compliance",)),
        men("homocysteine", "Homocysteine", ("homocysteine",)),
        men("il6", "Interleukin 6", ("il6",)),
        men("fat_mass", "Fat mass", ("fat_mass",)),
        men("lean_mass", "Lean mass", ("lean_mass",)),
        men("strength", "Muscle strength", ("strength",)),
        men("leptin", "Leptin", ("leptin",)),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
