"""i2_from_q: I2 and H of a fit with the interval of Higgins and Thompson."""

from __future__ import annotations

from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.kernels_intervals import HeterogeneityRatio, ratio_interval


def i2_from_q(fit: PooledFit) -> HeterogeneityRatio:
    """I2 (percent) and H from Cochran's Q, with their test-based intervals at the fit's level.

    Higgins and Thompson 2002; the alternative to ``fit.heterogeneity``, whose I2 and interval of
    a random-effects fit come from tau2.

    Raises
    ------
    FitError
        If there are fewer than 3 studies.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> found = i2_from_q(pool(table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0])))
    >>> round(found.i2, 1), round(found.i2_low, 1), round(found.i2_high, 1)
    (75.0, 17.2, 92.5)
    """
    check_kind("fit", fit, PooledFit, FitError)
    if fit.k < 3 or fit.heterogeneity.q is None:
        problem = Problem("fit", f"{fit.k} studies", "at least 3")
        raise FitError("no test-based interval of I2 exists", [problem])
    return ratio_interval(fit.heterogeneity.q, fit.k, fit.level)
