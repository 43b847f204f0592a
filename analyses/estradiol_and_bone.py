"""Estradiol itself and the bones of men: add-back trials, cohorts, correlations."""

import evidence as ev

OBSERVED = (
    "an association in men who were not randomised to their estradiol: illness, weight and age "
    "lower estradiol and harm bone by other ways too."
)
NO_DRUG = ("cohort", "cross_sectional", "case_control")
MARKERS = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(0.5, "Ratios of two trials rarely differ by more than a factor of 4."),
    seed=21100,
)
RISKS = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=21101,
)
CORRELATIONS = ev.Plan(
    prior_mu=ev.normal(
        0, 0.5, "Fisher's z: correlations from -0.75 to 0.75 with 95 % probability."
    ),
    prior_tau=ev.half_normal(0.2, "Correlations of two cohorts rarely differ by more than 0.4."),
    seed=21102,
)


def given_back(key: str, name: str, outcomes: tuple[str, ...], note: str = "") -> ev.Section:
    return ev.Section(
        f"Estradiol given back: {name}",
        ev.Question(
            id=f"{key}_estradiol_given_back",
            title=f"{name} in men without own sex hormones: estradiol given back against not",
            sexes=("male",),
            treatment=("estrogen",),
            control=("control",),
            background_with=("aromatase_inhibitor", "gnrh"),
            outcomes=outcomes,
            measure="ROM",
            window=ev.Window(1, 26, 6, untimed=True),
            treatment_label="estradiol given back",
            control_label="not given back",
            note=note,
        ),
        MARKERS,
    )


def low_against_higher(
    key: str,
    name: str,
    outcomes: tuple[str, ...],
    measure: str,
    hormone: str = "estradiol",
    note: str = "",
) -> ev.Section:
    return ev.Section(
        f"Low {hormone}: {name}",
        ev.Question(
            id=f"{key}_low_{hormone}",
            title=f"{name} in men: low against higher {hormone}",
            sexes=("male",),
            treatment=(f"low_{hormone}",),
            control=(f"higher_{hormone}",),
            designs=NO_DRUG,
            outcomes=outcomes,
            measure=measure,
            window=ev.Window(0, 1300, 260, untimed=True),
            treatment_label=f"low {hormone}",
            control_label=f"higher {hormone}",
            indirect=OBSERVED,
            note=note,
        ),
        RISKS,
    )


def correlation(
    key: str,
    name: str,
    outcome: str,
    adjustment: str | None = None,
    note: str = "",
) -> ev.Section:
    return ev.Section(
        name,
        ev.Question(
            id=key,
            title=f"{name} in men: correlation",
            sexes=("male",),
            treatment=(),
            control=(),
            contrast="association",
            designs=NO_DRUG,
            outcomes=(outcome,),
            measure="ZCOR",
            window=ev.Window(0, 1300, 0, untimed=True),
            adjustment=adjustment,
            indirect=OBSERVED,
            note=note,
        ),
        CORRELATIONS,
    )


ANALYSIS = ev.Analysis(
    name="estradiol_and_bone",
    title="Estradiol and bone in men: add-back trials, cohorts and correlations",
    lead=(
        "Is it estradiol that holds bone in men? Trials that took both hormones away and gave one "
        "back answer for turnover within weeks. Cohorts show who breaks bones; they are "
        "associations and never pooled with trials."
    ),
    sections=(
        given_back(
            "resorption",
            "Markers of resorption",
            ("bone_ntx", "bone_ctx", "bone_resorption"),
            "All men had their own hormones suppressed and took an aromatase inhibitor.",
        ),
        ev.Section(
            "Estradiol given back: change of osteoprotegerin",
            ev.Question(
                id="osteoprotegerin_estradiol_given_back",
                title="Osteoprotegerin in men without own sex hormones: final to baseline when "
                "estradiol was given back",
                sexes=("male",),
                treatment=("estrogen",),
                control=(),
                contrast="within",
                background_with=("aromatase_inhibitor", "gnrh"),
                outcomes=("osteoprotegerin",),
                measure="ROM",
                window=ev.Window(1, 26, 6, untimed=True),
                treatment_label="estradiol given back",
                indirect="a change against the same men's baseline is not a treatment effect; the "
                "men who got neither hormone back are not in what was seen.",
                note="Osteoprotegerin holds resorption back: a rise speaks for bone.",
            ),
            MARKERS,
        ),
        low_against_higher(
            "fracture",
            "Fracture",
            ("fracture",),
            "HR",
            note="The studies count hip fractures or all fractures but those of the spine, and cut "
            "estradiol at different levels, some of the total, some of the bioavailable hormone.",
        ),
        low_against_higher("fracture", "Fracture", ("fracture",), "HR", "testosterone"),
        low_against_higher(
            "osteoporosis",
            "Osteoporosis",
            ("osteoporosis",),
            "RR",
            note="One of the studies chose men with and without osteoporosis and looked back, and "
            "yet printed a relative risk; it stands as printed.",
        ),
        correlation("e2_bmd", "Estradiol and bone density", "e2_bmd_correlation"),
        correlation("t_bmd", "Testosterone and bone density", "t_bmd_correlation"),
        correlation(
            "e2_bmd_change",
            "Estradiol and the change of bone density",
            "e2_bmd_change_correlation",
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
