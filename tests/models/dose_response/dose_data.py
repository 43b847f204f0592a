"""Dose-response data for tests: published ones from the reference files, and made-up ones."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from evidence.models.dose_response.reading import dose_ratios
from evidence.models.dose_response.table import DoseStudy, DoseTable

FOLDER = Path(__file__).parents[2] / "reference" / "dose_response"
FILES = {
    "coffee": "coffee_mort-rcs3-reml", "alcohol": "alcohol_cvd-linear-ml",
    "cancer": "alcohol_crc-linear-ml",
}  # fmt: skip
COLUMNS = {"log_ratio": "logrr", "std_error": "se"}
COUNTS = {"cases": "cases", "n": "n", "design": "type"}


def published(name: str) -> pd.DataFrame:
    text = (FOLDER / f"{FILES[name]}.json").read_text(encoding="utf-8")
    return pd.DataFrame(json.loads(text)["data"])


def table(name: str, covariance: str = "greenland_longnecker") -> DoseTable:
    return dose_ratios(published(name), **COLUMNS, **COUNTS, covariance=covariance)


def made(k: int, doses: int, seed: int = 1, spread: float = 0.05) -> DoseTable:
    """Random studies with a bent trend that differs between them."""
    rng = np.random.default_rng(seed)
    studies = []
    for i in range(k):
        x = np.sort(rng.uniform(0.5, 10.0, doses))
        part = rng.uniform(0.005, 0.02, doses + 1)
        v = part[0] + np.diag(part[1:])
        b = np.array([-0.1, 0.01]) + spread * rng.normal(size=2) * np.array([1.0, 0.1])
        y = rng.multivariate_normal(b[0] * x + b[1] * x**2, v)
        studies.append(DoseStudy(f"s{i}", 0.0, x, y, v))
    return DoseTable("RR", "log", None, "stated", tuple(studies))
