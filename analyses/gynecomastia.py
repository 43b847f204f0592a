"""Gynecomastia and breast pain under aromatase inhibitors."""

import evidence as ev

EVENTS = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=20800,
    limits=ev.Limits(effect=(-3, 3), reason="a twentieth to twenty times the risk"),
)
COUNTS = ev.Assumption(
    "percent_to_count",
    "nearest",
    "Some trials print only a percentage, often without a decimal; the whole number of men nearest "
    "to it is taken, and the fewest and most that print alike are swept. In arms of some 40 men "
    "one percentage fits one number only.",
    ("fewest", "most"),
)
BICALUTAMIDE = (
    "the men took bicalutamide for prostate cancer, which drives breast growth far harder than "
    "testosterone therapy does."
)


COUNTED = (
    "One trial counted men with gynecomastia, breast pain or both at three months, the other men "
    "with gynecomastia at 48 weeks."
)


def breasts(
    key: str, name: str, outcome: str, control: str, people: str, note: str = ""
) -> ev.Section:
    boys = people == "boys"
    against = "tamoxifen" if control == "tamoxifen" else "placebo"
    return ev.Section(
        f"{name} in {people}, against {against}",
        ev.Question(
            id=key,
            title=f"{name} in {people}: aromatase inhibitor against {against}",
            sexes=("male",),
            groups=("boys",) if boys else (),
            excluded_groups=() if boys else ("boys",),
            treatment=("aromatase_inhibitor",),
            control=(control,),
            control_label="tamoxifen" if control == "tamoxifen" else "",
            background_with=() if boys else ("bicalutamide",),
            outcomes=(outcome,),
            measure="RR",
            window=ev.Window(2, 110, 48, untimed=True),
            assumptions=(COUNTS,),
            indirect="" if boys else BICALUTAMIDE,
            note=note,
        ),
        EVENTS,
    )


ANALYSIS = ev.Analysis(
    name="gynecomastia",
    title="Aromatase inhibitors and gynecomastia",
    lead=(
        "Does anastrozole prevent or reverse gynecomastia or breast pain in men on bicalutamide, "
        "in boys in puberty, or in men on testosterone? For men on testosterone only case reports "
        "were seen, which no question here can use."
    ),
    sections=(
        breasts(
            "gynecomastia_men",
            "Gynecomastia that develops",
            "gynecomastia_development",
            "control",
            "men on bicalutamide",
            COUNTED,
        ),
        breasts(
            "gynecomastia_men_tamoxifen",
            "Gynecomastia that develops",
            "gynecomastia_development",
            "tamoxifen",
            "men on bicalutamide",
            COUNTED,
        ),
        breasts("breast_pain_men", "Breast pain", "breast_pain", "control", "men on bicalutamide"),
        breasts(
            "gynecomastia_resolution_men",
            "Resolution of breast events",
            "gynecomastia_resolution",
            "control",
            "men on bicalutamide",
        ),
        breasts(
            "gynecomastia_resolution_boys",
            "Response of pubertal gynecomastia",
            "gynecomastia_resolution",
            "control",
            "boys",
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
