"""What must not change, or change as stated, when the same counts are told otherwise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.models.glmm.glmm import pool_glmm

NAMES = ("events_treatment", "total_treatment", "events_control", "total_control")
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Five to seven studies with events in both groups of the first."""
    k = draw(st.integers(5, 7))
    rows = []
    for i in range(k):
        n1, n2 = draw(st.integers(20, 200)), draw(st.integers(20, 200))
        least = 2 if i < 2 else 0
        rows.append((draw(st.integers(least, 10)), n1, draw(st.integers(least, 10)), n2))
    return pd.DataFrame(rows, columns=list(NAMES))


LIKELIHOODS = st.sampled_from(
    ["unconditional_fixed", "unconditional_random", "conditional_exact", "conditional_approximate"]
)


@few
@given(frame=frames(), likelihood=LIKELIHOODS, seed=st.integers(0, 99))
def test_order_of_studies_is_no_matter(frame, likelihood, seed) -> None:
    one = pool_glmm(frame, measure="OR", likelihood=likelihood)
    two = pool_glmm(frame.sample(frac=1, random_state=seed), measure="OR", likelihood=likelihood)
    assert one.estimate == pytest.approx(two.estimate, abs=1e-5)
    assert one.tau2 == pytest.approx(two.tau2, abs=1e-5)
    assert one.likelihood.log_likelihood == pytest.approx(two.likelihood.log_likelihood, abs=1e-7)


@few
@given(frame=frames(), likelihood=st.sampled_from(["unconditional_fixed", "conditional_exact"]))
@pytest.mark.parametrize("measure", ["OR", "IRR"])
def test_switching_the_groups_switches_the_sign(measure, frame, likelihood) -> None:
    other = frame.rename(columns=dict(zip(NAMES, NAMES[2:] + NAMES[:2], strict=True)))
    one = pool_glmm(frame, measure=measure, likelihood=likelihood)
    two = pool_glmm(other, measure=measure, likelihood=likelihood)
    assert one.estimate == pytest.approx(-two.estimate, abs=1e-5)
    assert one.std_error == pytest.approx(two.std_error, abs=1e-5)
    assert one.tau2 == pytest.approx(two.tau2, abs=1e-5)


@few
@given(frame=frames(), factor=st.sampled_from([1e-6, 0.1, 365.25, 1e6]))
def test_the_unit_of_time_is_no_matter_to_a_ratio_and_shifts_a_rate(frame, factor) -> None:
    scaled = frame.astype(float)
    scaled[["total_treatment", "total_control"]] *= factor
    one, two = (pool_glmm(f, measure="IRR") for f in (frame, scaled))
    assert one.estimate == pytest.approx(two.estimate, abs=1e-6)
    names = {"events": "events_treatment", "total": "total_treatment"}
    one, two = (pool_glmm(f, measure="IRLN", **names) for f in (frame, scaled))
    assert one.estimate - np.log(factor) == pytest.approx(two.estimate, abs=1e-6)
    assert one.tau2 == pytest.approx(two.tau2, abs=1e-6)


@few
@given(frame=frames(), factor=st.sampled_from([1e-6, 1e6]), shift=st.floats(-50, 50))
def test_a_moderator_may_be_scaled_and_shifted(frame, factor, shift) -> None:
    m = np.arange(len(frame), dtype=float) % 4
    one = pool_glmm(frame.assign(m=m), measure="OR", moderators=["m"], model="common")
    two = pool_glmm(
        frame.assign(m=factor * (m + shift)), measure="OR", moderators=["m"], model="common"
    )
    assert one.estimates[1] == pytest.approx(factor * two.estimates[1], rel=1e-6, abs=1e-9)
    assert one.terms["p"].iloc[1] == pytest.approx(two.terms["p"].iloc[1], abs=1e-7)
