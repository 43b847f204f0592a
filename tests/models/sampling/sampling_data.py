"""Data that the tests of this folder share."""

import numpy as np
import pandas as pd

from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.sampling.priors import Priors

SCHOOLS = pd.DataFrame(
    {
        "estimate": [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
        "std_error": [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0],
    },
    index=list("ABCDEFGH"),
)
SCHOOL_PRIORS = Priors(mu=normal(0, 30), tau=half_normal(10))

# Six trials of diuretics in pregnancy (Collins, Yusuf & Peto 1985), with a made-up moderator.
TRIALS = pd.DataFrame(
    {
        "events_treatment": [14, 21, 14, 6, 12, 138],
        "total_treatment": [131, 385, 57, 38, 1011, 1370],
        "events_control": [14, 17, 24, 18, 35, 175],
        "total_control": [136, 134, 48, 40, 760, 1336],
        "x": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0],
    },
    index=[f"trial {i}" for i in range(1, 7)],
)

CLUSTERED = pd.DataFrame(
    {
        "estimate": [0.1, 0.3, 0.8, 0.9, 1.2, -0.4, -0.1],
        "std_error": [0.2, 0.1, 0.3, 0.2, 0.25, 0.15, 0.2],
        "site": ["a", "a", "b", "b", "b", "c", "c"],
        "x": np.arange(7.0),
    }
)
CLUSTER_PRIORS = Priors(mu=normal(0, 2), tau=half_normal(0.5), tau_outer=half_normal(0.7))
