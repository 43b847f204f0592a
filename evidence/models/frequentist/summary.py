"""The printed summary of a PooledFit: short, complete, nothing computed here but exp."""

from __future__ import annotations

import numpy as np

from evidence.models.frequentist.fit import CI_WORDS, MODEL_WORDS, TAU2_WORDS, PooledFit


def summary(fit: PooledFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> print(pool(table_of([0.2, 0.5, 0.8], [0.2, 0.1, 0.2]), model="common"))
    Common-effect meta-analysis of 3 effects (GEN); interval: Wald z
      pooled        0.5 (95% CI 0.34 to 0.66), std. error 0.08165, z = 6.12, p < 0.0001
      disagreement  Q(2) = 4.5, p = 0.105; I2 55.6%
      prediction    none: the common-effect model has no spread of effects
    """
    lines = [_headline(fit), _pooled(fit)]
    if fit.table.scale == "log":
        lines.append(_ratio(fit))
    lines += _heterogeneity(fit)
    if fit.prediction is None:
        lines.append(f"  prediction    none: {fit.prediction_reason}")
    else:
        low, high = fit.prediction.low, fit.prediction.high
        interval = f"{_percent(fit.prediction.level)} {_figure(low)} to {_figure(high)}"
        if fit.table.scale == "log":
            interval += f" (ratio {_figure(np.exp(low))} to {_figure(np.exp(high))})"
        lines.append(f"  prediction    {interval}; {fit.prediction.method}")
    return "\n".join(lines + [f"  note: {note}" for note in fit.notes])


def _headline(fit: PooledFit) -> str:
    what = ", ".join(part for part in (fit.table.measure, fit.table.unit) if part)
    count = "" if fit.model == "single study" else f" of {fit.k} effects"
    tau2 = f"tau2: {TAU2_WORDS[fit.tau2_method]}; " if fit.tau2_method else ""
    scale = ", log scale" if fit.table.scale == "log" else ""
    return (
        f"{MODEL_WORDS[fit.model]}{count} ({what}{scale}); {tau2}interval: "
        + (CI_WORDS[fit.ci_method])
    )


def _pooled(fit: PooledFit) -> str:
    row = {str(name): value for name, value in fit.terms.iloc[0].items()}
    test = "z" if np.isinf(row["df"]) else f"t({row['df']:.0f})"
    label = "estimate    " if fit.model == "single study" else "pooled      "
    line = (
        f"  {label}  {_figure(fit.estimate)} ({_percent(fit.level)} CI {_figure(fit.ci_low)}"
        f" to {_figure(fit.ci_high)}), std. error {_figure(fit.std_error)},"
        f" {test} = {row['statistic']:.3g}, {_p(row['p'])}"
    )
    if fit.hartung_knapp_multiplier is None:
        return line
    q = fit.hartung_knapp_multiplier
    floored = ", floored at 1" if fit.ci_method == "hartung_knapp_floored" and q < 1 else ""
    return f"{line}\n                Hartung-Knapp multiplier q = {_figure(q)}{floored}"


def _ratio(fit: PooledFit) -> str:
    ends = (_figure(float(np.exp(x))) for x in (fit.estimate, fit.ci_low, fit.ci_high))
    estimate, low, high = ends
    return f"  as a ratio    {estimate} ({_percent(fit.level)} CI {low} to {high})"


def _heterogeneity(fit: PooledFit) -> list[str]:
    found, lines = fit.heterogeneity, []
    if found.q is None or found.p is None or found.i2 is None:
        return [f"  disagreement  not assessed: {found.reason}"]
    if found.tau2 is not None and found.tau is not None and found.level is not None:
        low, high = found.tau2_ci_low, found.tau2_ci_high
        interval = (
            "no tau2 is in the Q-profile interval"
            if found.interval_empty or low is None or high is None
            else f"{_percent(found.level)} CI {_figure(low)} to {_figure(high)}"
        )
        lines.append(
            f"  tau2          {_figure(found.tau2)} ({interval}), tau {_figure(found.tau)}"
        )
    lines.append(
        f"  disagreement  Q({found.df}) = {_figure(found.q)}, {_p(found.p)}; I2 {found.i2:.1f}%"
    )
    return lines


def _figure(x: float) -> str:
    return f"{x:.4g}"


def _percent(level: float) -> str:
    return f"{100 * level:g}%"


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.3g}"
