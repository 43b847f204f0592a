"""Reference files of mixture priors: robust ones, posteriors, predictions, sample sizes.

The functions of a file stand in one string, in any selection; what is compared is decided by the
options and by what the file expects.
"""

from typing import Any

import numpy as np
from comparison import Comparison, NotOfferedError

from evidence.models.borrowing.mixture_priors import (
    BetaMixture,
    Mixture,
    NormalMixture,
    beta_mixture,
    difference_below,
    effective_sample_size,
    normal_mixture,
    predictive,
    robustify,
    update_mixture,
)

EXACT = 1e-8
# Their root search stops early (theirs: cdf(quantile) off by up to 5e-5, ours: below 1e-12).
QUANTILE = 5e-5
DIFFERENCE = 1e-5
SAMPLE_SIZE = 1e-2
FAMILIES = ("normal mixture", "beta mixture")


def _mixture(family: str, stated: dict[str, Any], sigma: float | None = None) -> Mixture:
    if family not in FAMILIES:
        raise NotOfferedError(f"family {family!r}")
    first = stated.get("par1", stated.get("means", stated.get("a")))
    second = stated.get("par2", stated.get("sds", stated.get("b")))
    weights = (np.asarray(stated["weights"], dtype=float)).tolist()
    if family == "normal mixture":
        return normal_mixture(weights, first, second, sigma)
    return beta_mixture(weights, first, second)


def _compared(name: str, ours: Mixture, expected: dict[str, Any]) -> list[Comparison]:
    stated = expected["mixture"]
    found = [
        Comparison(f"{name} {key}", part, stated[key], EXACT)
        for key, part in zip(("weights", "par1", "par2"), ours.parts, strict=True)
    ]
    found += [
        Comparison(f"{name} {key}", getattr(ours, key), expected[key], EXACT)
        for key in ("mean", "sd")
        if key in expected
    ]
    if "quantiles" in expected:
        quantiles = ours.quantile(expected["probs"])
        found.append(Comparison(f"{name} quantiles", quantiles, expected["quantiles"], QUANTILE))
    for key, at in (("prob_below_zero", 0.0), ("prob_below_half", 0.5)):
        if key in expected:
            found.append(Comparison(f"{name} {key}", ours.cdf(at), expected[key], EXACT))
    for key, at in (("density_at_zero", 0.0), ("density_at_half", 0.5)):
        if key in expected:
            found.append(Comparison(f"{name} {key}", ours.density(at), expected[key], EXACT))
    known = {
        "mixture", "mean", "sd", "probs", "quantiles", "prob_below_zero", "prob_below_half",
        "density_at_zero", "density_at_half",
    }  # fmt: skip
    if set(expected) - known:
        raise NotOfferedError(f"figures {sorted(set(expected) - known)}")
    return found


def _robust(prior: Mixture, options: dict[str, Any]) -> Mixture:
    weight = options["robust_weight"]
    if isinstance(prior, NormalMixture):
        sigma = options["sigma"]
        n = (sigma / options.get("robust_sd", sigma)) ** 2
        return robustify(prior, weight, options.get("robust_mean"), n)
    return robustify(prior, weight, options.get("robust_mean"), options.get("robust_n", 1))


def _updated(prior: Mixture, options: dict[str, Any]) -> Mixture:
    if isinstance(prior, NormalMixture):
        return update_mixture(prior, estimate=options["new_mean"], std_error=options["new_se"])
    return update_mixture(prior, events=options["new_r"], total=options["new_n"])


def mixture(fixture: dict[str, Any]) -> list[Comparison]:
    """Everything a file says of one prior."""
    options, expected = fixture["options"], fixture["expected"]
    prior = _mixture(options["family"], options, options.get("sigma"))
    wide = _robust(prior, options) if "robust_weight" in options else prior
    sets = {
        "prior": lambda: prior,
        "robust_prior": lambda: wide,
        "posterior": lambda: _updated(wide, options),
        "posterior_without_robustification": lambda: _updated(prior, options),
    }
    found = []
    for name, stated in expected.items():
        if name in sets:
            found += _compared(name, sets[name](), stated)
        elif name == "predictive_probability_of_r":
            found.append(Comparison(name, predictive(wide, options["new_n"]), stated, EXACT))
        elif name.startswith("ess_"):
            method, _, which = name.removeprefix("ess_").partition("_")
            of = wide if which == "robust" else prior
            ours = effective_sample_size(of, method)
            found.append(Comparison(name, ours, stated, SAMPLE_SIZE, relative=True))
        elif name.startswith("predictive") and isinstance(wide, NormalMixture):
            ahead = predictive(wide, options["new_n"])
            if isinstance(ahead, BetaMixture) or not isinstance(ahead, NormalMixture):
                raise NotOfferedError(f"figure {name!r}")
            found += _compared(name, ahead, stated)
        else:
            raise NotOfferedError(f"figure {name!r}")
    return found


def difference(fixture: dict[str, Any]) -> list[Comparison]:
    """Distribution of the difference of two mixtures."""
    options = fixture["options"]
    one, two = (_mixture(options["family"], options[name]) for name in ("mix1", "mix2"))
    below = difference_below(one, two, options["q"])
    stated = fixture["expected"]["prob_difference_below_q"]
    return [Comparison("difference below q", below, stated, DIFFERENCE)]


ADAPTERS = {
    "pmixdiff": difference,
    "mixbeta, robustify, postmix, preddist, ess": mixture,
    "mixnorm, robustify, postmix, ess": mixture,
    "mixnorm, robustify, postmix, preddist, ess": mixture,
    "mixbeta, robustify, postmix, ess": mixture,
}
