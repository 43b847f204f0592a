"""A PNG tells what it shows."""

import io

from matplotlib.figure import Figure
from PIL import Image

from evidence.report.figures.style import png_bytes


def test_the_description_stands_in_the_file() -> None:
    figure = Figure(figsize=(1, 1))
    told = "Two trials, mean −2.4 (−6.1 to 1.6); τ² 0."
    image = Image.open(io.BytesIO(png_bytes(figure, 50, told)))
    assert image.text == {"Description": told}
    assert Image.open(io.BytesIO(png_bytes(figure, 50))).text == {}
    assert png_bytes(figure, 50, told) == png_bytes(figure, 50, told)
