"""Parts of the PyMC model of partial reports: each quantity that was not printed, as a draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.partial.kernels_reports import Report, own_spread

Array = NDArray[np.float64]


def parameter(name: str, prior: MuPrior | TauPrior) -> Any:
    """A parameter as a standard variable times its scale."""
    import pymc as pm

    raw = f"{name}_raw"
    if isinstance(prior, MuPrior):
        return pm.Deterministic(name, prior.mean + prior.sd * pm.Normal(raw, 0.0, 1.0))
    par = dict(prior.parameters)
    made = {
        "half_normal": lambda: par["scale"] * pm.HalfNormal(raw, 1.0),
        "half_cauchy": lambda: par["scale"] * pm.HalfCauchy(raw, 1.0),
        "half_t": lambda: par["scale"] * pm.HalfStudentT(raw, nu=par["df"], sigma=1.0),
        "exponential": lambda: pm.Exponential(raw, 1.0) / par["rate"],
        "uniform": lambda: par["upper"] * pm.Uniform(raw, 0.0, 1.0),
        "log_normal": lambda: pm.math.exp(par["mean_log"] + par["sd_log"] * pm.Normal(raw)),
        "inverse_gamma": lambda: par["scale"] * pm.InverseGamma(raw, alpha=par["shape"], beta=1.0),
        "log_t": lambda: pm.math.exp(
            par["mean_log"] + par["scale_log"] * pm.StudentT(raw, nu=par["df"])
        ),
    }
    return pm.Deterministic(name, made[prior.kind]())


def variances(
    reports: tuple[Report, ...], p: dict[str, Any], beta: tuple[float, float]
) -> tuple[Any, Any]:
    """Log probability and variance of each reading of each standard error, (k, F)."""
    import pymc as pm
    import pytensor.tensor as pt

    most = max(max(len(r.forms), 1) for r in reports)
    forms = np.tile([1e-300, 1.0, 0.0], (len(reports), most, 1))
    for i, r in enumerate(reports):
        forms[i, : len(r.forms)] = r.forms
        forms[i, len(r.forms) :, 1] = r.forms[0, 1] if len(r.forms) else 1.0
    log_weight = np.log(forms[..., 0])
    s2: Any = pt.as_tensor_variable(forms[..., 1])
    at = np.flatnonzero(forms[..., 2].any(axis=1))
    if at.size:
        correlation = pm.Beta("correlation", *beta, shape=at.size)
        s2 = _put(s2, at, forms[at, :, 1] - forms[at, :, 2] * correlation[:, None])
    unprinted = np.array([not len(r.forms) for r in reports])
    log_weight[unprinted, 0] = 0.0
    for name, group in _by_bounds(reports, unprinted).items():
        log_s = _open_errors(name, [reports[i] for i in group], p)
        s2 = _put(s2, group, pm.math.exp(2 * log_s)[:, None] * np.ones((1, most)))
    return log_weight, s2


def _by_bounds(reports: tuple[Report, ...], unprinted: Array) -> dict[str, NDArray[np.intp]]:
    """Positions of reports whose standard error is open, by the bounds that it has."""
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(unprinted):
        low, high = reports[i].bounds
        name = {(False, False): "open", (True, False): "from", (False, True): "up_to"}.get(
            (low > 0, bool(np.isfinite(high))), "between"
        )
        groups.setdefault(name, []).append(int(i))
    return {name: np.array(group) for name, group in groups.items()}


def _open_errors(name: str, reports: Sequence[Report], p: dict[str, Any]) -> Any:
    """Logarithms of standard errors drawn from the population of SDs, within their bounds."""
    import pymc as pm

    centre = p["log_sd"] + np.array([r.log_size for r in reports])
    spread = pm.math.sqrt(p["log_sd_spread"] ** 2 + np.array([own_spread(r) ** 2 for r in reports]))
    x = pm.Normal(f"log_se_{name}", 0.0, 1.0, shape=len(reports))
    if name == "open":
        return centre + spread * x
    with np.errstate(divide="ignore"):
        low, high = ((np.log([r.bounds[j] for r in reports]) - centre) / spread for j in (0, 1))
    z, slope = _within(x, None if name == "up_to" else low, None if name == "from" else high)
    pm.Potential(f"log_se_{name}_density", pm.math.sum(slope + 0.5 * x**2 - 0.5 * z**2))
    return centre + spread * z


def _within(x: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """Bring x between bounds (None: without), and the log of the slope of what comes out.

    Far from the bounds it stays what it is, so that a standard normal variable which they cut off
    little is drawn as one, and no narrow place is left where the bounds are far apart.
    """
    import pymc as pm

    z, slope = x, 0.0
    if low is not None:
        z, slope = low + pm.math.log1pexp(x - low), _log_sigmoid(x - low)
    if high is not None:
        z, slope = z - pm.math.log1pexp(x - high), slope + _log_sigmoid(high - x)
    if low is not None and high is not None:
        slope = slope + pm.math.log1mexp(low - high)
    return z, slope


def _put(x: Any, at: NDArray[np.intp], values: Any) -> Any:
    """Copy of a tensor with other values at some positions of its first axis."""
    import pytensor.tensor as pt

    # PyTensor declares no types of this function.
    tensor: Any = pt
    return tensor.set_subtensor(x[at], values)


def _log_sigmoid(u: Any) -> Any:
    import pymc as pm

    return -pm.math.log1pexp(-u)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is held of the estimates, as it is drawn.

    Attributes
    ----------
    y : tensor (k,)
        Estimates where ``known``; where ``width`` is above 0 and y is not known, ``|y| / s``.
    known : ndarray of bool (k,)
    width : ndarray (k,)
        Of the interval from which ``y / s`` was drawn; 0: it was not.
    density : tensor (k,)
        Log slope of y in what was drawn for it.
    """

    y: Any
    known: NDArray[np.bool_]
    width: Array
    density: Any


def _several(report: Report) -> bool:
    """Whether a standard error has more than one reading."""
    return len(report.forms) > 1


def hidden(reports: tuple[Report, ...], s2: Any) -> Hidden:
    """What rounding hid of printed estimates, and estimates whose P is bounded on both sides.

    The latter are ``side * share * s``; a P that is not significant, without a direction, leaves
    one interval about 0. Where the side is open otherwise, or s is, no estimate is made.
    """
    import pymc as pm
    import pytensor.tensor as pt

    printed = np.isfinite([r.y for r in reports])
    y: Any = pt.as_tensor_variable(np.where(printed, [r.y for r in reports], 0.0))
    half = np.where(printed, [r.half for r in reports], 0.0)
    at = np.flatnonzero(half > 0)
    if at.size:
        off = pm.Uniform("rounded_off", -1.0, 1.0, shape=at.size)
        y = _put(y, at, y[at] + half[at] * off)
    low, high = np.array([r.z for r in reports]).T
    both = np.flatnonzero(np.isfinite(high) & ~printed)
    width, density, known = np.zeros(len(reports)), pt.zeros(len(reports)), printed
    if both.size:
        sign = np.array([r.sign for r in reports])
        one = ~np.array([_several(r) for r in reports]) & ((sign != 0) | (low == 0))
        start, side = np.where(one & (sign == 0), -high, low), np.where(one & (sign < 0), -1, 1)
        width[both] = (high - start)[both]
        share = pm.Uniform("test_value", 0.0, 1.0, shape=both.size)
        t = side[both] * (start[both] + width[both] * share)
        s = pm.math.sqrt(s2[both, 0])
        y = _put(y, both, pm.math.switch(one[both], t * s, t))
        slope = pm.math.switch(one[both], pm.math.log(s), 0.0) + np.log(width[both])
        density = _put(density, both, slope)
        known = printed | (one & (width > 0))
    return Hidden(y, known, width, density)


def mean_effect(prior: MuPrior, held: Hidden, shift: Any, variance: Any) -> Any:
    """Mean effect, drawn where its prior and the known y lead to expect it.

    Each known y has the mean ``mu + shift`` and the variance given. Where tau and a standard error
    that was not printed are both near 0, mu is held as tightly by that one estimate: drawn about
    its prior it would lie in a funnel. As in ``true_effects``, any centre and slope make the same
    model, if the slope enters the density.
    """
    import pymc as pm

    z = pm.Normal("mu_raw", 0.0, 1.0)
    weight = pm.math.switch(held.known, 1.0 / variance, 0.0)
    rest = 1.0 / (prior.sd**-2.0 + pm.math.sum(weight))
    centre = rest * (prior.mean * prior.sd**-2.0 + pm.math.sum(weight * (held.y - shift)))
    mu = pm.Deterministic("mu", centre + pm.math.sqrt(rest) * z)
    density = pm.logp(pm.Normal.dist(prior.mean, prior.sd), mu) + 0.5 * pm.math.log(rest)
    pm.Potential("mean_effect", density + 0.5 * z**2)
    return mu


def beyond(reports: tuple[Report, ...], held: Hidden, mean: Any, sd: Any, s2: Any) -> Hidden:
    """Estimates of which a direction, or a P below a bound, was said: drawn beyond that bound.

    Standardised with the mean and the SD that mu and tau lead to expect, such an estimate is a
    normal deviate above a bound.
    """
    import pymc as pm

    at = np.flatnonzero(
        [
            not known and r.sign != 0 and np.isinf(r.z[1]) and not _several(r)
            for r, known in zip(reports, held.known, strict=True)
        ]
    )
    if not at.size:
        return held
    side, low = np.array([(reports[i].sign, reports[i].z[0]) for i in at]).T
    x = pm.Normal("beyond", 0.0, 1.0, shape=at.size)
    bound = (low * pm.math.sqrt(s2[at, 0]) - side * mean[at]) / sd[at]
    q, slope = _within(x, bound, None)
    y = _put(held.y, at, mean[at] + side * sd[at] * q)
    slope = pm.math.log(sd[at]) + slope + 0.5 * x**2
    known = held.known.copy()
    known[at] = True
    return Hidden(y, known, held.width, _put(held.density, at, slope))


def control_arms(reports: tuple[Report, ...], p: dict[str, Any]) -> tuple[Any, Any, Array]:
    """What control arms add to the mean of y (k,) and to its variance, and what they share of it.

    A treated arm alone holds its control arm's true change c, of which mean and variance are
    known. Where the control arm's change a was printed, its error is a - c, with c drawn here: y is
    short of it, and what is left of y's variance is the treated arm's own.
    """
    import pymc as pm
    import pytensor.tensor as pt

    arms = np.array([r.arm for r in reports])
    taken = np.zeros(arms.size)
    if not arms.any():
        return np.zeros(arms.size), np.zeros(arms.size), taken
    gamma, kappa = p["control"], p["control_tau"]
    shift: Any = pt.as_tensor_variable(np.where(arms, 1.0, 0.0)) * gamma
    told = np.flatnonzero([np.isfinite(r.control[0]) and not r.arm for r in reports])
    if told.size:
        a, error = (np.array([reports[i].control[j] for i in told]) for j in (0, 1))
        taken[told] = error**2
        rest = error**2 / (kappa**2 + error**2)
        raw = pm.Normal("control_told_raw", 0.0, 1.0, shape=told.size)
        u = kappa * (a - gamma) / (kappa**2 + error**2) + pm.math.sqrt(rest) * raw
        c = gamma + kappa * u
        # The change of variable, as in `true_effects`, and the density of what was printed.
        density = -0.5 * u**2 + 0.5 * pm.math.log(rest) + 0.5 * raw**2
        density = density + pm.logp(pm.Normal.dist(c, error), a)
        pm.Potential("control_told", pm.math.sum(density))
        shift = _put(shift, told, c - a)
    return shift, np.where(arms, 1.0, 0.0) * kappa**2, taken


def arm_changes(
    reports: tuple[Report, ...], held: Hidden, shift: Any, s2: Any, p: dict[str, Any]
) -> Any:
    """True changes of the control arms of treated arms alone, beside the other shifts (k,)."""
    import pymc as pm

    at = np.flatnonzero([r.arm for r in reports])
    if not at.size:
        return shift
    z = pm.Normal("control_change_raw", 0.0, 1.0, shape=at.size)
    kappa, other = p["control_tau"], p["tau"] ** 2 + s2[at]
    off = held.y[at] - p["mu"] - p["control"]
    u, density = _leaning(held.known[at], off, kappa, other, z)
    pm.Potential("arm_changes", density)
    return _put(shift, at, p["control"] + kappa * u)


def _leaning(known: Any, off: Any, sd: Any, variance: Any, z: Any) -> tuple[Any, Any]:
    """Deviate of a normal part with ``sd`` of a sum ``off``, of which ``variance`` is not its own.

    Drawn where the sum leads to expect it. Also the log density that makes up for it.
    """
    import pymc as pm

    # Written in units of sd, nothing cancels where it is nearly 0.
    rest = pm.math.switch(known, variance / (sd**2 + variance), 1.0)
    lean = pm.math.switch(known, sd * off / (sd**2 + variance), 0.0)
    u = lean + pm.math.sqrt(rest) * z
    return u, pm.math.sum(-0.5 * u**2 + 0.5 * pm.math.log(rest) + 0.5 * z**2)


def true_effects(held: Hidden, change: Any, s2: Any, p: dict[str, Any]) -> Any:
    """True effects (k,), drawn where mu, tau and y lead to expect them.

    theta = a + b z with any a and b is the same model, if the slope b enters the density.
    """
    import pymc as pm

    z = pm.Normal("theta_raw", 0.0, 1.0, shape=held.known.size)
    u, density = _leaning(held.known, held.y - change - p["mu"], p["tau"], s2, z)
    pm.Potential("true_effects", density)
    return p["mu"] + p["tau"] * u


def said_of(reports: tuple[Report, ...], held: Hidden, centre: Any, rest: Any, s2: Any) -> Any:
    """Log likelihood of each report under each reading of its standard error, (k, F)."""
    import pymc as pm

    y, known = held.y[:, None], held.known
    found: Any = 0.0 * s2 + held.density[:, None]
    blur = np.array([r.blur if np.isfinite(r.y) else 0.0 for r in reports])[:, None]
    at = np.flatnonzero(known)
    if at.size:
        sd = pm.math.sqrt(rest[at] + blur[at] ** 2)
        found = _put(found, at, found[at] + pm.logp(pm.Normal.dist(centre[at], sd), y[at]))
    for sign in (-1, 0, 1):
        chosen = np.array([r.sign == sign for r in reports]) & ~known
        signs = (sign,) if sign else (-1, 1)
        for drawn in (False, True):
            at = np.flatnonzero(chosen & ((held.width > 0) == drawn))
            if at.size:
                low = np.array([reports[i].z[0] for i in at])[:, None]
                s, sd = pm.math.sqrt(s2[at]), pm.math.sqrt(rest[at])
                sides = [_side(x, y[at], low, centre[at], s, sd, drawn) for x in signs]
                more = sides[0] if sign else pm.math.logaddexp(*sides)
                found = _put(found, at, found[at] + more)
    return found


def _side(side: int, t: Any, low: Array, centre: Any, s: Any, sd: Any, drawn: bool) -> Any:
    """Log density of ``side * y / s`` at t, or the log of its probability above ``low``."""
    import pymc as pm

    if drawn:
        return pm.logp(pm.Normal.dist(centre, sd), side * t * s) + pm.math.log(s)
    return pm.logcdf(pm.Normal.dist(0.0, 1.0), (side * centre - low * s) / sd)


def population(reports: tuple[Report, ...], s2: Any, p: dict[str, Any]) -> Any:
    """Log density of printed SDs in the population of SDs, (k, F); 0 where they tell nothing."""
    import pymc as pm

    at = np.flatnonzero([bool(len(r.forms)) and not np.isnan(r.df) for r in reports])
    found: Any = 0.0 * s2
    if not at.size:
        return found
    size = np.array([reports[i].log_size for i in at])[:, None]
    own = np.array([own_spread(reports[i]) ** 2 for i in at])[:, None]
    law = pm.Normal.dist(p["log_sd"] + size, pm.math.sqrt(p["log_sd_spread"] ** 2 + own))
    return _put(found, at, pm.logp(law, 0.5 * pm.math.log(s2[at])))
