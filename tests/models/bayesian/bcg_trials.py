"""Published data that the tests of this folder share."""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).parents[2] / "reference" / "bayes" / "bcg-rr-halfnormal_0.5-mu_flat.json"


def bcg_trials() -> tuple[np.ndarray, np.ndarray]:
    """Log risk ratios of the thirteen BCG trials and their standard errors."""
    rows = json.loads(FILE.read_text(encoding="utf-8"))["data"]
    return np.array([row["yi"] for row in rows]), np.array([row["sei"] for row in rows])
