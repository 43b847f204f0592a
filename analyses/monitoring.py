"""Which tests, how often, in men on testosterone and an aromatase inhibitor."""

import evidence as ev

PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=21500,
)

ANALYSIS = ev.Analysis(
    name="monitoring",
    title="Monitoring men on testosterone and an aromatase inhibitor",
    lead=(
        "Does a schedule of laboratory tests and bone scans change what happens to men on "
        "testosterone and an aromatase inhibitor?"
    ),
    sections=(
        ev.Section(
            "A schedule of tests",
            ev.Question(
                id="monitoring_men",
                title="Harms in men: a schedule of tests against less or none",
                sexes=("male",),
                treatment=("monitoring_schedule",),
                control=("control",),
                designs=("parallel_rct", "crossover_rct", "non_randomised", "cohort"),
                outcomes=("fracture", "cv_event", "adverse_events", "withdrawal"),
                measure="RR",
                window=ev.Window(0, 1300, 52, untimed=True),
                note="No study that compared schedules was seen. What single tests may miss shows "
                "in the reports on bone: turnover markers and bone density of the same men.",
            ),
            PLAN,
        ),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
