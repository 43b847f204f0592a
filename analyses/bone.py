"""Bone beyond the spine: hip, trabecular bone, turnover, fracture."""

import evidence as ev

CORRELATION = ev.Assumption(
    "baseline_final_correlation",
    0.5,
    "No trial here prints the correlation of a marker's baseline and final value; one half is the "
    "usual middle value, and it is swept.",
    (0.0, 0.25, 0.75),
)
CENTRE = ev.Assumption(
    "unnamed_centre",
    "mean",
    "Reviews print percent changes without saying whether they are means or medians; they are "
    "read as means, and the other reading is swept.",
    ("median",),
)
COUNTS = ev.Assumption(
    "percent_to_count",
    "nearest",
    "Some trials print only a percentage with one decimal; the whole number of women nearest to "
    "it is taken, and the fewest and most that print alike are swept.",
    ("fewest", "most"),
)
PERCENT_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 10, "Hip density changes by some percent a year; 10 points is wide."),
    prior_tau=ev.half_normal(
        2.5, "Trials of different length and drug may differ by some points; more is implausible."
    ),
    seed=21000,
    limits=ev.Limits(
        effect=(-15, 10),
        reason="no inhibitor is known to take more than 15 points in two or three years, nor to "
        "build 10",
    ),
)
MARKER_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 2, "On the log scale: ratios from 1/50 to 50 with 95 % probability."),
    prior_tau=ev.half_normal(0.5, "Ratios of two trials rarely differ by more than a factor of 4."),
    seed=21001,
    limits=ev.Limits(
        effect=(-1.0, 1.0),
        control=(-0.3, 0.3),
        reason="a marker that falls to a third, to one that rises threefold; a control arm's mean "
        "within a third of its own baseline",
    ),
)
EVENT_PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=21002,
    limits=ev.Limits(
        effect=(-1.6, 1.6), reason="a fifth to five times the risk in a trial of thousands of women"
    ),
)
DENSITY_PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 0.2, "On the log scale: a density that falls by a third or rises by half is the outside."
    ),
    prior_tau=ev.half_normal(0.05, "Ratios of two trials within a year differ by some percent."),
    seed=21003,
)
WITHIN = (
    "a change against the same men's baseline is not a treatment effect: it holds everything else "
    "that changed with time."
)
WOMEN = (
    "the trials are in postmenopausal women, whose estradiol is low before treatment; no trial "
    "seen in men counted fractures."
)
TAMOXIFEN = (
    WOMEN + " Tamoxifen itself protects bone there: a difference from it is not the effect of the "
    "inhibitor alone."
)

TWICE = (
    "MA.17 (Goss 2005) and MA.17R (Goss 2016) are two randomisations, but women of MA.17 could be "
    "randomised again in MA.17R, which began after some five years of an inhibitor; how many were "
    "in both is not known. People are counted by randomisation; leaving either trial out stands "
    "among the sensitivity analyses."
)


def men(
    key: str, name: str, outcomes: tuple[str, ...], measure: str, plan: ev.Plan, **more: object
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
            window=ev.Window(2, 156, 26, untimed=True),
            **more,
        ),
        plan,
    )


ASSUMED = {"MD": (CENTRE,), "RR": (COUNTS,), "HR": ()}


def change(key: str, name: str, outcomes: tuple[str, ...], plan: ev.Plan, note: str) -> ev.Section:
    return ev.Section(
        f"Men, change in those treated: {name}",
        ev.Question(
            id=f"{key}_men_change",
            title=f"{name} in men: ratio of final to baseline under an aromatase inhibitor",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=(),
            contrast="within",
            designs=("parallel_rct", "crossover_rct", "single_arm", "cohort", "non_randomised"),
            outcomes=outcomes,
            measure="ROM",
            window=ev.Window(2, 156, 26, untimed=True),
            indirect=WITHIN,
            note=note,
        ),
        plan,
    )


def women(
    key: str, name: str, outcomes: tuple[str, ...], against: str, measure: str, plan: ev.Plan
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
            background_without=("bisphosphonate",),
            outcomes=outcomes,
            measure=measure,
            unit="percentage points" if measure == "MD" else None,
            window=ev.Window(26, 700, 104 if measure == "MD" else 260, untimed=measure != "MD"),
            assumptions=ASSUMED[measure],
            indirect=TAMOXIFEN if tamoxifen else WOMEN,
            note=TWICE if measure == "RR" and not tamoxifen else "",
        ),
        plan,
    )


ANALYSIS = ev.Analysis(
    name="bone",
    title="Aromatase inhibitors and bone: hip, turnover and fracture",
    lead=(
        "Do aromatase inhibitors change bone at the hip or inside the vertebrae, the markers of "
        "turnover, or the risk of fracture? The spine by DXA has its own report. Fractures were "
        "counted in women only."
    ),
    sections=(
        men(
            "hip_bmd",
            "Total hip density",
            ("hip_bmd", "femoral_neck_bmd"),
            "MD",
            PERCENT_PLAN,
            unit="percentage points",
        ),
        men(
            "trabecular_bmd",
            "Trabecular density of the spine",
            ("trabecular_bmd",),
            "ROM",
            DENSITY_PLAN,
            note="The one trial that measured it gave testosterone with and without anastrozole to "
            "men who were randomised to a dose, not to anastrozole: its changes stand below.",
        ),
        men(
            "resorption",
            "Markers of resorption",
            ("bone_ctx", "bone_ntx", "bone_resorption", "bone_turnover_markers"),
            "ROM",
            MARKER_PLAN,
            note="Of each trial the first of these is taken: C-telopeptide, N-telopeptide, a "
            "marker of resorption that was not named, turnover markers as a group.",
        ),
        men(
            "formation",
            "Markers of formation",
            ("bone_p1np", "bone_alp", "bone_osteocalcin", "bone_turnover_markers"),
            "ROM",
            MARKER_PLAN,
            note="Of each trial the first of these is taken: P1NP, bone-specific alkaline "
            "phosphatase, osteocalcin, turnover markers as a group.",
        ),
        men(
            "fracture",
            "Fracture",
            ("fracture", "vertebral_fracture", "hip_fracture"),
            "RR",
            EVENT_PLAN,
        ),
        change(
            "resorption",
            "Markers of resorption",
            ("bone_ctx", "bone_ntx", "bone_resorption"),
            MARKER_PLAN,
            "A rise of C-telopeptide is more resorption.",
        ),
        change(
            "formation",
            "Markers of formation",
            ("bone_p1np", "bone_alp", "bone_osteocalcin"),
            MARKER_PLAN,
            "Of each trial the first of these is taken: P1NP, bone-specific alkaline phosphatase, "
            "osteocalcin.",
        ),
        change(
            "trabecular_bmd",
            "Trabecular density of the spine",
            ("trabecular_bmd",),
            DENSITY_PLAN,
            "The men's own hormones were suppressed and they got gel in five doses, one of them "
            "none: the arms on little or no gel lacked testosterone as well as estradiol.",
        ),
        women("hip_bmd", "Total hip density", ("hip_bmd",), "placebo", "MD", PERCENT_PLAN),
        women("hip_bmd", "Total hip density", ("hip_bmd",), "tamoxifen", "MD", PERCENT_PLAN),
        women("fracture", "Fracture", ("fracture",), "placebo", "RR", EVENT_PLAN),
        women("fracture", "Fracture", ("fracture",), "tamoxifen", "RR", EVENT_PLAN),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
