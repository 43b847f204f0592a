"""Symptoms that go with low estradiol: sexual function, hot flushes, joints."""

from dataclasses import replace

import evidence as ev

EVENTS = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=20900,
    limits=ev.Limits(
        effect=(-1.6, 1.6), reason="a fifth to five times the risk in a trial of thousands of women"
    ),
)
SCORES = ev.Plan(
    prior_mu=ev.normal(
        0, 20, "Points of a score of sexual function; 40 are more than half of most such scores."
    ),
    prior_tau=ev.half_normal(5, "Trials that differ by more than 10 points are held to be rare."),
    seed=20901,
)
COUNTS = ev.Assumption(
    "percent_to_count",
    "nearest",
    "Some trials print only a percentage, some without a decimal; the whole number of women "
    "nearest to it is taken, and the fewest and most that print alike are swept in both arms. "
    "That the arms were rounded in opposite ways is not swept: of 15 % against 12 % it would move "
    "the ratio by 8 % at most, less than half its interval.",
    ("fewest", "most"),
)
WOMEN = (
    "the trials are in postmenopausal women; no trial in men counted such symptoms in a form that "
    "can be pooled."
)
TAMOXIFEN = (
    WOMEN + " Tamoxifen itself causes hot flushes: a difference from it is not the effect of the "
    "inhibitor."
)

TWICE = (
    "MA.17 (Goss 2005) and MA.17R (Goss 2016) are two randomisations, but women of MA.17 could be "
    "randomised again in MA.17R, which began after some five years of an inhibitor; how many were "
    "in both is not known. People are counted by randomisation; leaving either trial out stands "
    "among the sensitivity analyses."
)


def men(
    key: str, name: str, outcomes: tuple[str, ...], note: str = "", measure: str = "MD"
) -> ev.Section:
    return ev.Section(
        f"Men: {name}",
        ev.Question(
            id=f"{key}_men",
            title=f"{name} in men: aromatase inhibitor against control",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            outcomes=outcomes,
            measure=measure,
            unit="points" if measure == "MD" else None,
            window=ev.Window(1, 60, 16, untimed=True),
            note=note,
        ),
        SCORES if measure == "MD" else replace(EVENTS, limits=None),
    )


def women(
    key: str, name: str, outcomes: tuple[str, ...], against: str, note: str = ""
) -> ev.Section:
    tamoxifen = against == "tamoxifen"
    return ev.Section(
        f"Women, against {against}: {name}",
        ev.Question(
            id=f"{key}_women_{'tamoxifen' if tamoxifen else 'placebo'}",
            title=f"{name} in women: aromatase inhibitor against {against}",
            sexes=("female",),
            treatment=("aromatase_inhibitor",),
            control=("serm", "sequence") if tamoxifen else ("control",),
            control_label="tamoxifen" if tamoxifen else "",
            outcomes=outcomes,
            measure="RR",
            window=ev.Window(12, 700, 260, untimed=True),
            assumptions=(COUNTS,),
            indirect=TAMOXIFEN if tamoxifen else WOMEN,
            note=note if tamoxifen else " ".join(text for text in (note, TWICE) if text),
        ),
        EVENTS,
    )


ANALYSIS = ev.Analysis(
    name="symptoms",
    title="Aromatase inhibitors and symptoms of low estradiol",
    lead=(
        "Do aromatase inhibitors change libido, sexual function, hot flushes or joint pain? In men "
        "few trials asked; trials in women are indirect and stand apart."
    ),
    sections=(
        men(
            "sexual_function",
            "Sexual function",
            ("sexual_function",),
            "Points of the one score that was printed; a trial with another score could not be "
            "pooled with it. Men on testosterone and men on bicalutamide stand side by side here.",
        ),
        men("libido", "Libido", ("libido",)),
        men(
            "hot_flushes",
            "Hot flushes",
            ("hot_flushes",),
            "The one trial that counted them in men gave anastrozole to a second cohort, which "
            "was not randomised against the first.",
            "RR",
        ),
        men("joint_pain", "Joint pain", ("joint_pain", "musculoskeletal_ae"), measure="RR"),
        men("fatigue", "Fatigue", ("fatigue",), measure="RR"),
        men(
            "low_testosterone_symptoms",
            "Symptoms of low testosterone",
            ("hypogonadal_symptoms",),
        ),
        women("joint_pain", "Joint pain", ("joint_pain",), "placebo"),
        women(
            "joint_pain",
            "Joint pain",
            ("joint_pain",),
            "tamoxifen",
            "Musculoskeletal events of every kind, which half the women of one trial had, do not "
            "stand in for joint pain; they were counted after its tamoxifen arm had changed to the "
            "inhibitor.",
        ),
        women("myalgia", "Muscle pain", ("myalgia",), "placebo"),
        women("hot_flushes", "Hot flushes", ("hot_flushes",), "placebo"),
        women("hot_flushes", "Hot flushes", ("hot_flushes",), "tamoxifen"),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
