"""Aromatase inhibitors, lipids, CRP and cardiovascular events in men, and the last in women."""

from dataclasses import replace

import evidence as ev

LIPIDS = {
    "total_cholesterol": "Total cholesterol",
    "ldl": "LDL cholesterol",
    "hdl": "HDL cholesterol",
    "triglycerides": "Triglycerides",
}
INDIRECT = "the trials are in postmenopausal women, whose estradiol is low before treatment."
NO_EVENTS = " In men no trial is large or long enough for events."
TAMOXIFEN = (
    INDIRECT
    + NO_EVENTS
    + " Tamoxifen itself lowers cholesterol and raises venous thromboembolism: a "
    "difference from it is not the effect of the inhibitor."
)
COUNTS = ev.Assumption(
    "percent_to_count",
    "nearest",
    "Some trials print only a percentage with one decimal; the whole number of women nearest to "
    "it is taken, and the fewest and most that print alike are swept.",
    ("fewest", "most"),
)
LIPID_PLAN = ev.Plan(
    prior_mu=ev.normal(0, 1, "Drugs move lipids by some tenths of a mmol/L; 1 mmol/L is wide."),
    prior_tau=ev.half_normal(0.25, "Between-trial differences of some tenths of a mmol/L."),
    seed=20300,
)
CHOLESTEROL_SD = ev.normal(
    -0.29,
    0.35,
    "exp(-0.29) = 0.75 mmol/L, half or double it at the outside: the baseline SDs of total and LDL "
    "cholesterol in the four arms of Goss 2007 (women) are 0.65 to 0.9.",
)
LIPID_LIMITS = ev.Limits(
    effect=(-1.5, 1.5),
    sd=(0.4, 1.5),
    reason="no drug of this kind moves the mean of a trial further; SDs from 0.4 to 1.5 mmol/L",
)
EVENT_PLAN = ev.Plan(
    prior_mu=ev.normal(
        0, 2.82, "Unit-information prior for log ratios: 1/250 to 250 (Guenhan et al 2020)."
    ),
    prior_tau=ev.half_normal(
        0.5, "The usual weakly informative choice for log ratios (Roever et al 2021)."
    ),
    seed=20301,
    limits=ev.Limits(
        effect=(-1.6, 1.6), reason="a fifth to five times the risk in a trial of thousands of women"
    ),
)
UNLIKE = (
    "The women are postmenopausal and their estradiol is low before treatment, while a man has "
    "more of it to lose; many came from years of tamoxifen, which lowers cholesterol and raises "
    "venous thromboembolism; and in men testosterone rises under an inhibitor. No data give this "
    "figure: it is a judgement, and the curve shows every other."
)
ANY_EVENT = ("cv_event", "cardiac_event", "ischemic_heart_disease", "myocardial_infarction")


def borrowed(key: str, vague: str) -> ev.Borrow:
    """A quarter of the weight on what women's trials of the same outcome predict."""
    return ev.Borrow(
        sources=(key,),
        method="robust_map",
        discount=0.25,
        vague=ev.normal(0, 1, vague),
        reason=f"a quarter of the weight goes to what trials in women predict. {UNLIKE}",
    )


def lipid(outcome: str, name: str, people: str) -> ev.Section:
    men = people == "men"
    plan = (
        replace(LIPID_PLAN, prior_log_sd=CHOLESTEROL_SD, limits=LIPID_LIMITS)
        if outcome in ("total_cholesterol", "ldl")
        else LIPID_PLAN
    )
    borrow = borrowed(f"{outcome}_women", "As wide as the prior of the mean: 1 mmol/L is wide.")
    return ev.Section(
        f"Men: {name}" if men else f"Women, against placebo or nothing: {name}",
        ev.Question(
            id=f"{outcome}_{people}",
            title=f"{name} in {people}: aromatase inhibitor against placebo or no treatment",
            sexes=("male",) if men else ("female",),
            excluded_groups=("boys",) if men else (),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            outcomes=(outcome, "lipids_any"),
            measure="MD",
            unit="mmol/L",
            window=ev.Window(2, 60, 26, untimed=True)
            if men
            else ev.Window(2, 270, 104, untimed=True),
            background_without=("androgen", "gnrh") if men else (),
            indirect="" if men else INDIRECT,
            note="Where a trial spoke only of lipids as a group, that stands for each of them.",
        ),
        replace(plan, borrow=borrow) if men else plan,
    )


def events(
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
            window=ev.Window(26, 700, 260, untimed=True),
            assumptions=(COUNTS,),
            indirect=TAMOXIFEN if tamoxifen else INDIRECT + NO_EVENTS,
            note=note,
        ),
        EVENT_PLAN,
    )


def events_in_men(key: str, name: str, outcomes: tuple[str, ...]) -> ev.Section:
    width = "A seventh to seven times the risk: no more is known of men than that."
    return ev.Section(
        f"Men: {name[:1].lower()}{name[1:]}",
        ev.Question(
            id=f"{key}_men",
            title=f"{name} in men: aromatase inhibitor against placebo or no treatment",
            sexes=("male",),
            excluded_groups=("boys",),
            treatment=("aromatase_inhibitor",),
            control=("control",),
            outcomes=outcomes,
            measure="RR",
            window=ev.Window(26, 700, 260, untimed=True),
            assumptions=(COUNTS,),
        ),
        replace(EVENT_PLAN, borrow=borrowed(f"{key}_women_placebo", width)),
    )


DEFINITIONS = (
    "Trials count different things as cardiovascular events. Of each trial the first of these that "
    "it gives in a form that can be used is taken: any cardiovascular event, cardiac events, "
    "ischaemic heart disease, myocardial infarction. What each trial counted stands beside its "
    "numbers, and the sensitivity analysis leaves out all but the first."
)
SWITCH = (
    "In TEAM the women on tamoxifen changed to exemestane after two and a half to three years, so "
    "that part of the control group's time is on an inhibitor. Trials count thromboembolic events, "
    "venous thromboembolism or venous thrombosis, as stands beside their numbers."
)
CEREBROVASCULAR = (
    "ATAC counts ischaemic cerebrovascular events; BIG 1-98 counts strokes and transient "
    "ischaemic attacks."
)

ANALYSIS = ev.Analysis(
    name="cardiovascular",
    title="Aromatase inhibitors, lipids, inflammation and cardiovascular events",
    lead=(
        "What do aromatase inhibitors do to lipids, C-reactive protein and cardiovascular events "
        "in men? Events are known from trials in women only. They are shown apart, against placebo "
        "or nothing and against tamoxifen, and are indirect for men; what they would predict for "
        "men, with a declared discount, stands in a block of its own."
    ),
    sections=(
        *(lipid(outcome, name, "men") for outcome, name in LIPIDS.items()),
        ev.Section(
            "Men: C-reactive protein",
            ev.Question(
                id="crp_men",
                title="C-reactive protein in men: aromatase inhibitor against placebo",
                sexes=("male",),
                excluded_groups=("boys",),
                treatment=("aromatase_inhibitor",),
                control=("control",),
                outcomes=("crp",),
                measure="ROM",
                window=ev.Window(2, 60, 26, untimed=True),
            ),
            EVENT_PLAN,
        ),
        events_in_men("cv_event", "Any cardiovascular event", ANY_EVENT),
        events_in_men("vte", "Venous thromboembolism", ("venous_thromboembolism",)),
        *(lipid(outcome, name, "women") for outcome, name in LIPIDS.items()),
        events(
            "cv_event", "Any cardiovascular event", ANY_EVENT, "placebo or nothing", DEFINITIONS
        ),
        events("vte", "Venous thromboembolism", ("venous_thromboembolism",), "placebo or nothing"),
        events("cv_event", "Any cardiovascular event", ANY_EVENT, "tamoxifen", DEFINITIONS),
        events("ihd", "Ischaemic heart disease", ("ischemic_heart_disease",), "tamoxifen"),
        events("stroke", "Stroke", ("stroke",), "tamoxifen", CEREBROVASCULAR),
        events("vte", "Venous thromboembolism", ("venous_thromboembolism",), "tamoxifen", SWITCH),
    ),
)

if __name__ == "__main__":
    ev.run(ANALYSIS)
