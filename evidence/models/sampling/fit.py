"""SampledFit: what a sampled model answers, kept whole in one file that reloads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_text
from evidence.errors import FitError, Problem
from evidence.models.bayesian.chains import ChainLimits, quiet
from evidence.models.bayesian.fit import Diagnostics
from evidence.models.sampling.evaluate import CONFLICT

if TYPE_CHECKING:
    from arviz import InferenceData

FRAMES = ("terms", "studies", "priors", "prior_check", "posterior_check")
ATTRIBUTE = "evidence_sampled_fit"


@dataclass(frozen=True, slots=True, eq=False)
class SampledFit:
    """Answer of ``sample_model``, on the analysis scale of its data.

    Attributes
    ----------
    model : str
        The model in words.
    likelihood, measure : str
    level : float
    interval : {"central", "shortest"}
    terms : DataFrame
        A row a parameter of the population, and ``prediction``, the effect of a new study; columns
        term, mean, median, sd, ci_low, ci_high, level, Monte Carlo errors, effective sample sizes
        and R-hat.
    studies : DataFrame
        Effect of each study, the same columns; empty for a beta-binomial model.
    priors : DataFrame
        parameter, prior, reason.
    diagnostics : Diagnostics
        The worst over all parameters.
    mcse_share : float
        Largest Monte Carlo error of a mean as a share of that parameter's standard deviation.
    limits : ChainLimits
        What the chains had to meet.
    prior_check, posterior_check : DataFrame
        What was observed beside what prior and posterior predict for studies like these: columns
        statistic, observed, low, high, tail_probability, conflict. Empty where ``notes`` say why.
    inference_data : arviz.InferenceData
        Groups posterior, sample_stats, log_likelihood (of each study or cluster, its own effects
        integrated out), prior, prior_predictive, posterior_predictive, observed_data,
        constant_data.
    notes : tuple of str
    """

    model: str
    likelihood: str
    measure: str
    level: float
    interval: str
    terms: pd.DataFrame
    studies: pd.DataFrame
    priors: pd.DataFrame
    diagnostics: Diagnostics
    mcse_share: float
    limits: ChainLimits
    prior_check: pd.DataFrame
    posterior_check: pd.DataFrame
    inference_data: InferenceData
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_text

    def probability_below(self, threshold: float, of: str = "mu") -> float:
        """Posterior probability that a scalar parameter, or ``prediction``, is below a number.

        Raises
        ------
        FitError
        """
        posterior = self.inference_data["posterior"]
        known = [str(name) for name in posterior.data_vars if posterior[name].ndim == 2]
        if of not in known or not np.isfinite(threshold):
            what = f"{of!r} below {threshold!r}"
            right = "a finite threshold of one of " + ", ".join(known)
            raise FitError("no such probability", [Problem("of, threshold", what, right)])
        return float((posterior[of].to_numpy() < threshold).mean())

    def save(self, path: str | Path) -> Path:
        """Write everything to one netCDF file; ``load_sampled`` reads it."""
        held = {name: getattr(self, name) for name in ("model", "likelihood", "measure")}
        held |= {name: getattr(self, name) for name in ("level", "interval", "mcse_share")}
        held |= {"notes": list(self.notes), "limits": asdict(self.limits)}
        held |= {"diagnostics": asdict(self.diagnostics)}
        held |= {name: _written(getattr(self, name)) for name in FRAMES}
        target = Path(path)
        with quiet():
            data = self.inference_data.copy()
            data.attrs[ATTRIBUTE] = json.dumps(held)
            data.to_netcdf(str(target), engine="h5netcdf")
        return target

    def __str__(self) -> str:
        lines = [f"Sampled Bayesian model of {self.measure}: {self.model}"]
        for row in self.priors.to_dict("records"):
            because = f" ({row['reason']})" if row["reason"] else ""
            lines.append(f"  prior of {row['parameter']}: {row['prior']}{because}")
        lines += [
            f"  {row['term']:<16} median {row['median']:.4g}, mean {row['mean']:.4g}, "
            f"sd {row['sd']:.4g}, {100 * self.level:g}% {row['ci_low']:.4g} to {row['ci_high']:.4g}"
            for row in self.terms.to_dict("records")
        ]
        d = self.diagnostics
        lines.append(
            f"  intervals: {self.interval}; {d.sampler}, {d.chains} chains of {d.draws} draws, "
            f"seed {d.seed}: R-hat at most {d.r_hat_max:.4f}, effective sample sizes at least "
            f"{min(d.ess_bulk_min, d.ess_tail_min):.0f}, {d.divergences} divergences, Monte Carlo "
            f"error of a mean at most {100 * self.mcse_share:.1f}% of its sd"
        )
        for name, frame in (("prior", self.prior_check), ("posterior", self.posterior_check)):
            lines += [
                f"  {row['statistic']}: observed {row['observed']:.4g}, the {name} predicts "
                f"{row['low']:.4g} to {row['high']:.4g} (tail probability "
                f"{row['tail_probability']:.3g})" + (": CONFLICT" if row["conflict"] else "")
                for row in frame.to_dict("records")
            ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def conflict_notes(prior: pd.DataFrame, posterior: pd.DataFrame) -> tuple[str, ...]:
    """Sentences on every statistic that prior or posterior do not expect."""
    sides = (
        (prior, "prior", "the answer is a compromise of two sources that disagree"),
        (posterior, "model", "another likelihood or distribution of effects may fit better"),
    )
    return tuple(
        f"{row['statistic']} {row['observed']:.4g} contradicts the {name}, which expects "
        f"{row['low']:.4g} to {row['high']:.4g} (tail probability {row['tail_probability']:.3g}, "
        f"below {CONFLICT:g}): {right}"
        for frame, name, right in sides
        for row in frame.to_dict("records")
        if row["conflict"]
    )


def _written(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "columns": [str(name) for name in frame.columns],
        "index": [str(name) for name in frame.index],
        "values": [frame[name].tolist() for name in frame.columns],
    }


def _read(held: dict[str, Any], *, labelled: bool) -> pd.DataFrame:
    columns = dict(zip(held["columns"], held["values"], strict=True))
    frame = pd.DataFrame(columns, columns=held["columns"])
    return frame.set_axis(pd.Index(held["index"], name="study"), axis=0) if labelled else frame


def load_sampled(path: str | Path) -> SampledFit:
    """Read what ``SampledFit.save`` wrote.

    Raises
    ------
    FitError
        There is no such file, or it is none of these.

    Examples
    --------
    >>> fit = load_sampled("bcg.nc")  # doctest: +SKIP
    """
    source = Path(path)
    if not source.is_file():
        right = "a file that fit.save(path) wrote"
        raise FitError("no fit to read", [Problem(str(source), "is not there", right)])
    with quiet():
        import arviz as az

        read: Any = az.from_netcdf
        try:
            data = read(str(source), engine="h5netcdf")
        except (OSError, ValueError) as error:
            problem = Problem(str(source), str(error), "a netCDF file of fit.save(path)")
            raise FitError("the file cannot be read", [problem]) from None
        for name in data.groups():
            data[name].load()
    text = data.attrs.pop(ATTRIBUTE, None)
    if text is None:
        problem = Problem(str(source), "holds draws, but no SampledFit", "fit.save(path)")
        raise FitError("the file cannot be read", [problem])
    held = json.loads(text)
    frames: dict[str, Any] = {
        name: _read(held.pop(name), labelled=name == "studies") for name in FRAMES
    }
    limits, diagnostics = ChainLimits(**held.pop("limits")), Diagnostics(**held.pop("diagnostics"))
    notes = tuple(held.pop("notes"))
    return SampledFit(
        **held, **frames, limits=limits, diagnostics=diagnostics, notes=notes, inference_data=data
    )
