"""The dose-response curve: its numbers, its marks, and what it refuses."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from evidence.errors import ReportError
from evidence.models.dose_response.dose_response import dose_response
from evidence.models.dose_response.fit import DoseFit
from evidence.models.dose_response.predict import dose_predictions
from evidence.models.dose_response.table import DoseStudy, DoseTable
from evidence.report.figures.dose_curve import dose_curve

SVG = "{http://www.w3.org/2000/svg}"


def fit_of(scale: str = "log", method: str = "reml", reference: float = 0.0) -> DoseFit:
    shared = 0.0004
    studies = tuple(
        DoseStudy(
            name, reference if name == "c" else 0.0, np.array([1.0, 2.0, 4.0]) + shift,
            np.array([0.1, 0.25, 0.2]) * factor,
            shared + np.diag([0.001, 0.002, 0.004]) * size,
        )
        for name, shift, factor, size in (("a", 0, 1, 1), ("b", 0.5, 2, 2), ("c", 1, 0.5, 4))
    )  # fmt: skip
    measure = "RR" if scale == "log" else "MD"
    table = DoseTable(measure, scale, "mg/day", "stated", studies)  # type: ignore[arg-type]
    return dose_response(table, "quadratic", method=method)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def fit() -> DoseFit:
    return fit_of()


def test_the_curve_is_that_of_the_predictions(fit: DoseFit) -> None:
    curve = dose_curve(fit, reference=1.0).data.query("kind == 'curve'")
    own = dose_predictions(fit, curve["dose"], reference=1.0)
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(curve[column], own[column])
    at = curve[curve["dose"] == 1.0]
    assert at[["estimate", "ci_low", "ci_high"]].to_numpy().tolist() == [[0.0, 0.0, 0.0]]


def test_every_effect_stands_once_with_an_area_by_precision(fit: DoseFit) -> None:
    data = dose_curve(fit).data.query("kind == 'study'")
    rows = fit.table.rows
    assert data["study"].tolist() == rows["study"].tolist()
    assert data["dose"].tolist() == rows["dose"].tolist()
    np.testing.assert_allclose(data["estimate"], rows["estimate"])
    precision = 1 / rows["std_error"].to_numpy() ** 2
    np.testing.assert_allclose(data["area"], precision / precision.max())
    half = (data["ci_high"] - data["ci_low"]) / 2
    np.testing.assert_allclose(half, 1.959964 * rows["std_error"], rtol=1e-6)


def test_a_study_with_another_reference_is_moved_by_the_trend() -> None:
    fit = fit_of(reference=1.0)
    plot = dose_curve(fit)
    shown = plot.data.query("study == 'c'")["estimate"].to_numpy()
    moved = dose_predictions(fit, [1.0], reference=0.0)["estimate"].to_numpy()
    np.testing.assert_allclose(shown, fit.table.studies[2].estimates + moved)
    assert "another reference are moved" in plot.description
    assert "another reference" not in dose_curve(fit_of()).description
    assert "another reference" not in dose_curve(fit, points=False).description


def test_marks_on_the_canvas(fit: DoseFit) -> None:
    plot = dose_curve(fit, prediction=True, title="Dose & effect")
    (ax,) = plot.figure.axes
    words = [text.get_text() for legend in plot.figure.legends for text in legend.get_texts()]
    assert words == [
        "95 % confidence interval", "95 % prediction interval", "mean trend",
        "effect in a study (area: precision)", "reference dose 0",
    ]  # fmt: skip
    assert ax.get_xlabel() == "Dose (mg/day)"
    assert ax.get_ylabel() == "Relative risk, log scale"
    assert "1" in [text.get_text() for text in ax.get_yticklabels()]
    wide = plot.data.query("kind == 'prediction'")
    narrow = plot.data.query("kind == 'curve'")
    away = narrow["dose"].to_numpy() > 0.1
    assert np.all(wide["ci_high"].to_numpy()[away] > narrow["ci_high"].to_numpy()[away])
    areas = sorted(float(s) for c in ax.collections for s in c.get_sizes())
    assert areas[0] >= 4.0
    assert areas[-1] == pytest.approx(70.0)


def test_without_points_and_beyond_the_reference(fit: DoseFit) -> None:
    plot = dose_curve(fit, points=False, doses=(2.0, 6.0))
    assert set(plot.data["kind"]) == {"curve"}
    assert plot.data["dose"].min() == 2.0
    words = [text.get_text() for legend in plot.figure.legends for text in legend.get_texts()]
    assert not [w for w in words if "reference" in w]


def test_what_lies_outside_the_limits_has_an_arrow(fit: DoseFit) -> None:
    (ax,) = dose_curve(fit, limits=(0.9, 1.3)).figure.axes
    assert ax.get_ylim() == pytest.approx((math.log(0.9), math.log(1.3)))
    labels = [c.get_label() for c in ax.collections]
    assert "_arrow" in labels


def test_it_is_written_with_its_words(fit: DoseFit) -> None:
    plot = dose_curve(fit, title="Dose & effect")
    assert repr(plot) == "Plot(dose curve: Dose & effect)"
    root = ET.fromstring(plot.svg())
    assert root.findtext(f"{SVG}title") == "Dose & effect"
    told = root.findtext(f"{SVG}desc") or ""
    own = dose_predictions(fit, [5.0])
    ratio, low, high = (own[c][0] for c in ("ratio", "ratio_ci_low", "ratio_ci_high"))
    assert f"{ratio:.2f} ({low:.2f} to {high:.2f}) at 5 mg/day" in told
    assert "quadratic; random effects, REML" in told
    assert "non-linearity P" in told
    again = dose_curve(fit, title="Dose & effect")
    assert plot.svg() == plot.svg() == again.svg()
    assert plot.png(60).startswith(b"\x89PNG")


def test_differences_stand_on_their_own_scale() -> None:
    plot = dose_curve(fit_of("identity", "fixed"))
    (ax,) = plot.figure.axes
    assert ax.get_ylabel() == "Mean difference"
    assert "mean difference against dose 0 mg/day" in plot.description
    linear = dose_response(fit_of().table, "linear", method="fixed")
    assert "non-linearity" not in dose_curve(linear).description


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"doses": (3.0, 1.0)}, "doses: .*two rising numbers"),
        ({"doses": (3.0,)}, "doses: .*two rising numbers"),
        ({"limits": (0.0, 2.0)}, "limits: .*ratios above 0"),
        ({"width": 10.0}, "width: 10.0"),
    ],
)
def test_wrong_options_are_refused(fit: DoseFit, chosen: dict[str, object], message: str) -> None:
    with pytest.raises(ReportError, match=message):
        dose_curve(fit, **chosen)  # type: ignore[arg-type]


def test_fixed_effects_predict_no_new_study() -> None:
    with pytest.raises(ReportError, match="of fixed effects there is none"):
        dose_curve(fit_of(method="fixed"), prediction=True)
