"""Is one range of estradiol better than another for men, and who falls within it."""

import evidence as ev

OBSERVED = (
    "an association in men who were not randomised to their estradiol: illness, weight and age "
    "change estradiol and the outcome by other ways too."
)
WITHOUT = ("androgen", "gnrh", "estrogen", "serm", "gonadotropin", "bicalutamide")
NO_DRUG = ("cohort", "cross_sectional", "case_control")
RISKS = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=21400,
)
LEVELS = ev.Plan(
    prior_mu=ev.normal(30, 30, "Wide about the middle of what men have: 30 pg/mL."),
    prior_tau=ev.half_normal(15, "Doses, assays and hours of sampling differ between trials."),
    seed=21401,
)


def observed(
    key: str,
    title: str,
    group: str,
    against: str,
    outcomes: tuple[str, ...],
    measure: str,
    called: str = "",
) -> ev.Section:
    return ev.Section(
        title,
        ev.Question(
            id=key,
            title=f"{title}, in men",
            sexes=("male",),
            treatment=(group,),
            control=(against,),
            control_label=called,
            designs=NO_DRUG,
            outcomes=outcomes,
            measure=measure,
            window=ev.Window(0, 1300, 156, untimed=True),
            indirect=OBSERVED,
        ),
        RISKS,
    )


SPREAD = ev.Assumption(
    "unlabelled_spread",
    "sd",
    "A ± without a name beside a mean estradiol is read as an SD: as an SE it would make the SD "
    "between men as large as the mean. The other reading is swept.",
    ("se",),
)
CORRELATIONS = ev.Plan(
    prior_mu=ev.normal(
        0, 0.5, "Fisher's z: correlations from -0.75 to 0.75 with 95 % probability."
    ),
    prior_tau=ev.half_normal(0.2, "Correlations of two cohorts rarely differ by more than 0.4."),
    seed=21402,
)


def level(key: str, heading: str, occasion: str, background: tuple[str, ...]) -> ev.Section:
    return ev.Section(
        heading,
        ev.Question(
            id=key,
            title=f"Estradiol of men: {heading[0].lower()}{heading[1:]}",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("anastrozole",),
            control=(),
            contrast="level",
            designs=("parallel_rct", "crossover_rct", "single_arm", "cohort", "non_randomised"),
            background_with=background,
            background_without=() if background else WITHOUT,
            outcomes=("estradiol",),
            measure="MN",
            unit="pg/mL",
            occasion=occasion,
            window=ev.Window(2, 60, 12, untimed=True),
            shared_arms="covariance",
            assumptions=(SPREAD,),
            note="Arms of one trial on different doses stay rows of their own.",
            indirect="a level seen in one group of men is no effect of treatment: it depends on "
            "the men, the dose, the hour of the sample and the assay.",
        ),
        LEVELS,
    )


ANALYSIS = ev.Analysis(
    name="estradiol_window",
    title="A target window for estradiol in men",
    lead=(
        "Is any range of estradiol on treatment, such as 20 to 30 pg/mL, better for men than "
        "another? No trial that treated to a window was seen. What "
        "there is are the levels that trials saw and what cohorts saw at low and high levels."
    ),
    sections=(
        ev.Section(
            "Treatment to a window",
            ev.Question(
                id="estradiol_target",
                title="Any outcome in men: treatment to an estradiol window against none",
                sexes=("male",),
                treatment=("estradiol_target",),
                control=("control",),
                outcomes=("estradiol", "libido", "sexual_function", "spine_bmd", "fracture"),
                measure="RR",
                window=ev.Window(0, 1300, 52, untimed=True),
                note="No report of such a trial was seen; the question is declared so that one "
                "would be found here.",
            ),
            RISKS,
        ),
        level("estradiol_on_anastrozole", "On anastrozole, without testosterone", "final", ()),
        level("estradiol_before_anastrozole", "Before anastrozole", "baseline", ()),
        level("estradiol_on_both", "On testosterone and anastrozole", "final", ("androgen",)),
        observed(
            "death_low_estradiol",
            "Death at low against middle estradiol",
            "low_estradiol",
            "higher_estradiol",
            ("death_any",),
            "HR",
            "middle estradiol",
        ),
        observed(
            "death_high_estradiol",
            "Death at high against middle estradiol",
            "high_estradiol",
            "higher_estradiol",
            ("death_any",),
            "HR",
            "middle estradiol",
        ),
        observed(
            "libido_high_estradiol",
            "Libido at higher against low estradiol",
            "higher_estradiol",
            "low_estradiol",
            ("libido", "sexual_function"),
            "RR",
        ),
        ev.Section(
            "Estradiol and sexual function",
            ev.Question(
                id="e2_sexual_function",
                title="Estradiol and sexual function in men on testosterone: correlation",
                sexes=("male",),
                treatment=(),
                control=(),
                contrast="association",
                designs=("parallel_rct", *NO_DRUG),
                outcomes=("e2_sexual_function_correlation",),
                measure="ZCOR",
                window=ev.Window(1, 1300, 13, untimed=True),
                indirect=OBSERVED,
                note="All men of the trial together, half of them on anastrozole: part of the "
                "correlation is the randomised difference between the arms.",
            ),
            CORRELATIONS,
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
