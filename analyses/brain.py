"""Cognition and mood under aromatase inhibitors."""

import evidence as ev

PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 1, "In standard deviations of a test: effects beyond 2 are not known of any drug."
    ),
    prior_tau=ev.half_normal(0.5, "Trials may differ by half a standard deviation or so."),
    seed=20600,
)
WOMEN = (
    "the trials are in postmenopausal women, whose estradiol is low before treatment; what they "
    "lose is little against what men on an inhibitor lose."
)


def memory(
    key: str, name: str, outcomes: tuple[str, ...], sex: str, control: str, note: str = ""
) -> ev.Section:
    people = "men" if sex == "male" else "women"
    against = "tamoxifen" if control == "serm" else "control"
    return ev.Section(
        f"{people.capitalize()}: {name}" + (", against tamoxifen" if control == "serm" else ""),
        ev.Question(
            id=f"{key}_{people}" + ("_tamoxifen" if control == "serm" else ""),
            title=f"{name} in {people}: aromatase inhibitor against {against}",
            sexes=(sex,),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=(control,),
            outcomes=outcomes,
            measure="MD",
            unit="z-score",
            window=ev.Window(1, 270, 26, untimed=True),
            indirect="" if sex == "male" else WOMEN,
            note=note,
        ),
        PLAN,
    )


ANALYSIS = ev.Analysis(
    name="brain",
    title="Aromatase inhibitors, cognition and mood",
    lead=(
        "Does blocking aromatase change verbal or spatial memory, other cognition, or mood in men, "
        "with or without testosterone? Trials use different tests, so that only "
        "effects in standard deviations of the test could be pooled. Trials in women are indirect."
    ),
    sections=(
        memory("verbal", "Verbal memory", ("cognition_verbal",), "male", "control"),
        memory("spatial", "Spatial ability", ("cognition_spatial",), "male", "control"),
        memory("other_cognition", "Other cognition", ("cognition_other",), "male", "control"),
        memory(
            "mood",
            "Psychological function and mood",
            ("psychological_function", "quality_of_life"),
            "male",
            "control",
        ),
        memory(
            "cognition",
            "Cognition",
            ("cognition_other", "cognition_verbal"),
            "female",
            "control",
        ),
        memory(
            "cognition",
            "Cognition",
            ("cognition_other", "cognition_verbal"),
            "female",
            "serm",
            "Tamoxifen itself may change cognition: a difference from it is not the effect of the "
            "inhibitor. The one figure compares women in the fifth year by the drug they took "
            "then, those who had switched among them, without a test at baseline.",
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
