"""Pictures of a question as SVG and PNG: the same bytes each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.models.answer import Answer
from evidence.report.directions import direction_figure, direction_rows
from evidence.report.figures.axes import effect_name
from evidence.report.figures.contribution import contribution_plot
from evidence.report.figures.discount import discount_curve
from evidence.report.figures.ladder import ladder_plot
from evidence.report.figures.plot import Plot
from evidence.report.figures.posterior_forest import posterior_forest
from evidence.report.figures.style import png_bytes, style, svg_bytes
from evidence.report.forest.marks import draw, new_figure
from evidence.report.forest.result import forest_of
from evidence.report.result import QuestionResult
from evidence.report.risk.collect import risk_pictures

# Dots per inch of the pictures that stand in a Word file only.
SCREEN_DPI = 150


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture twice, in words, and its title; ``narrow``: it was drawn for one column."""

    svg: bytes
    png: bytes
    description: str
    title: str
    narrow: bool = False


def picture(result: QuestionResult) -> Drawn:
    """Draw a question: the forest plot, or the direction display where nothing can be pooled."""
    with style():
        if result.k:
            data = forest_of(result)
            figure, description = new_figure(data), data.description
            draw(data, figure.axes[0])
        else:
            rows = direction_rows(result)
            told = "; ".join(f"{label}: {direction or said}" for label, direction, said in rows)
            figure = direction_figure(result)
            description = f"Effect-direction display. {result.title}. {told or 'No trial'}."
        svg, kind = svg_bytes(figure, result.title, description), description.partition(".")[0]
        png = png_bytes(figure, description=description)
        return Drawn(svg, png, description, f"{kind}: {result.title}")


def further_pictures(answer: Answer, risks: Sequence[StudyRisk] = ()) -> dict[str, Drawn]:
    """Draw what stands beside the first picture, by name; what there is nothing of is left out.

    ``posterior``: trials' posteriors beside their printed intervals, from two trials on; ``said``
    and ``contribution``: the second answer; ``borrowed``: the answer over the discount;
    ``risk_lights``: the risk of bias, where it was rated.
    """
    found = {}
    for name, make in FURTHER.items():
        plot = make(answer)
        if plot is not None:
            narrow = name == "borrowed"
            found[name] = _drawn(plot, narrow=narrow)
    if risks:
        found |= {name: _drawn(plot) for name, plot in risk_pictures(answer, risks).items()}
    return found


def _drawn(plot: Plot, *, narrow: bool = False) -> Drawn:
    return Drawn(plot.svg(), plot.png(SCREEN_DPI), plot.description, plot.title, narrow)


def _posterior(answer: Answer) -> Plot | None:
    if answer.exact is None or answer.table.k < 2:
        return None
    title = f"Printed and posterior: {answer.question.title}"
    return posterior_forest(answer.exact, title=title)


def _contribution(answer: Answer) -> Plot | None:
    said = answer.said
    if said is None or said.fit is None or said.fit.trials["information"].isna().all():
        return None
    return contribution_plot(
        said.fit,
        name=effect_name(answer.table),
        scale=answer.table.scale,
        title=f"What each report adds: {answer.question.title}",
    )


def _borrowed(answer: Answer) -> Plot | None:
    if answer.borrowed is None or answer.borrowed.found is None:
        return None
    return discount_curve(answer.borrowed.found)


def _said(answer: Answer) -> Plot | None:
    said = answer.said
    if said is None or said.fit is None or said.ladder is None:
        return None
    return ladder_plot(
        said.ladder,
        said.possible,
        name=effect_name(answer.table),
        scale=answer.table.scale,
        level=answer.plan.level,
        null=answer.question.contrast != "level",
        title=f"All that was said: {answer.question.title}",
    )


FURTHER: dict[str, Callable[[Answer], Plot | None]] = {
    "posterior": _posterior,
    "said": _said,
    "contribution": _contribution,
    "borrowed": _borrowed,
}
