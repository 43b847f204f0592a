"""The axis of hypothalamus, pituitary and testis under aromatase inhibitors in men."""

import evidence as ev

# Bicalutamide blocks the feedback of testosterone, and an antiestrogen that of estradiol: the axis
# of men on them does not work by itself.
HORMONES = (
    "androgen", "gnrh", "estrogen", "gonadotropin", "growth_hormone", "bicalutamide", "serm",
)  # fmt: skip
BEFORE_AFTER = ev.Assumption(
    "baseline_final_correlation",
    0.5,
    "No trial here prints the correlation of baseline and final level; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
CROSSOVER = ev.Assumption(
    "crossover_correlation",
    0.5,
    "No crossover trial here prints the correlation of a man's two periods; one half is the usual "
    "middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
SPREAD = ev.Assumption(
    "unlabelled_spread",
    "sd",
    "A ± without a name beside a mean hormone level is read as an SD: as an SE it would make the "
    "SD between men about as large as the mean or larger. The other reading is swept.",
    ("se",),
)
PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(
        0.5,
        "Weakly informative: τ lies below 1 with 95 % probability, where the ratios of two trials "
        "often differ by a factor of 4.",
    ),
    seed=20400,
    limits=ev.Limits(
        effect=(-1.5, 2.5),
        control=(-0.35, 0.35),
        reason="a hormone that falls to a fifth, to one that rises twelvefold; a control arm's "
        "mean within 30 to 40 % of its own baseline",
    ),
)
WITHIN = (
    "a change against the same men's baseline is not a treatment effect: it holds regression to "
    "the mean and everything else that changed with time."
)
UNCONTROLLED = ("single_arm", "cohort", "non_randomised")
WINDOW = ev.Window(2, 60, 12, untimed=True)
CHANGE_WINDOW = ev.Window(0.9, 104, 12, untimed=True)
LATE = ev.Window(26, 110, 52)


def against_control(
    key: str, name: str, outcomes: tuple[str, ...], window: ev.Window = WINDOW, note: str = ""
) -> ev.Section:
    return ev.Section(
        f"{name}, against placebo or no treatment",
        ev.Question(
            id=f"{key}_men",
            title=f"{name} in men not on testosterone: aromatase inhibitor against control",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            background_without=HORMONES,
            outcomes=outcomes,
            measure="ROM",
            window=window,
            assumptions=(CROSSOVER,),
            note=note,
        ),
        PLAN,
    )


def change(
    key: str,
    name: str,
    outcomes: tuple[str, ...],
    *,
    randomised: bool,
    window: ev.Window = CHANGE_WINDOW,
) -> ev.Section:
    trials = "treated arms of randomised trials" if randomised else "trials where all were treated"
    return ev.Section(
        f"{name}, change in {trials}",
        ev.Question(
            id=f"{key}_men_{'change' if randomised else 'single_arm'}",
            title=f"{name} in men: ratio of final to baseline in {trials}",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=(),
            contrast="within",
            designs=("parallel_rct", "crossover_rct") if randomised else UNCONTROLLED,
            background_without=HORMONES,
            outcomes=outcomes,
            measure="ROM",
            window=window,
            assumptions=(BEFORE_AFTER, SPREAD),
            indirect=WITHIN,
        ),
        PLAN,
    )


ANALYSIS = ev.Analysis(
    name="hormones",
    title="Aromatase inhibitors and the hormones of men not on testosterone",
    lead=(
        "By how much do aromatase inhibitors change testosterone, its free fraction, LH, FSH and "
        "other hormones in men whose own axis works? Men who are given testosterone, an "
        "antiandrogen or an antiestrogen besides are not among them. Levels depend on the assay, "
        "so that ratios of means are compared."
    ),
    sections=(
        against_control("testosterone", "Testosterone", ("testosterone",)),
        against_control(
            "testosterone_late",
            "Testosterone after half a year or more",
            ("testosterone",),
            LATE,
            "Asked because a drift back after three months has been described.",
        ),
        against_control(
            "free_testosterone",
            "Free or bioavailable testosterone",
            ("bioavailable_testosterone", "free_testosterone"),
            note="Both stand for what is not bound to SHBG; of a trial the bioavailable fraction "
            "is taken where it gives both.",
        ),
        against_control("lh", "LH", ("lh",)),
        against_control("fsh", "FSH", ("fsh",)),
        against_control("shbg", "SHBG", ("shbg",)),
        against_control("estrone", "Estrone", ("estrone",)),
        against_control("dihydrotestosterone", "Dihydrotestosterone", ("dihydrotestosterone",)),
        change("testosterone", "Testosterone", ("testosterone",), randomised=True),
        change("testosterone", "Testosterone", ("testosterone",), randomised=False),
        change("lh", "LH", ("lh",), randomised=True),
        change("lh", "LH", ("lh",), randomised=False),
        change("fsh", "FSH", ("fsh",), randomised=True),
        change("fsh", "FSH", ("fsh",), randomised=False),
        change(
            "testosterone_late",
            "Testosterone after half a year or more",
            ("testosterone",),
            randomised=True,
            window=LATE,
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
