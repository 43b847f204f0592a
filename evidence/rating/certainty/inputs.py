"""Inputs: the figures that a rating of certainty rests on, and their fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from evidence.catalog.question import Kind, Scale
from evidence.effects.scales import to_readers

DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """People behind the answer against those one trial with enough power would need.

    Attributes
    ----------
    required : int
    basis : str
        What ``required`` was computed from.
    people : int or None
        In the trials used; None where a trial did not print its sizes.
    at_most : int or None
        Where ``people`` is None: those randomised, which cannot be fewer.
    """

    required: int
    basis: str
    people: int | None
    at_most: int | None

    @property
    def fraction(self) -> float | None:
        """Share of the required size; of the most it can be where sizes were not printed."""
        people = self.at_most if self.people is None else self.people
        return None if people is None else people / self.required


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """The second answer, partial reports included: median and interval on the analysis scale."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the rules look at; estimates and limits on the analysis scale.

    Attributes
    ----------
    question, measure, unit, scale, contrast : str
    trials : tuple of str
        Ids of the trials used.
    told_in_part : tuple of str
        Ids of the trials that told of the comparison only in part.
    randomised, robins_i : bool
        Whether all trials used are randomised; whether all others were rated by ROBINS-I.
    estimate, ci_low, ci_high : float or None
        None where nothing could be pooled.
    bayes : tuple of float or None
        Interval of the Bayesian mean, shown beside that of two or three trials.
    tau, i2 : float or None
    prediction : tuple of float or None
    trial_limits : tuple of (float, float)
        95 % interval of each trial used.
    important : tuple of float or None
        Effects that matter: at or below the first, at or above the second.
    important_reason : str
        Why there is none, or what the figure is.
    size : Size or None
    size_reason : str
        Why there is none.
    bias : tuple of (str, float)
        Share of the weight (0 to 1) by risk-of-bias rating, ``not_rated`` among them.
    people, comparator, declared : str
        Why people, comparator or (in the words of the question) the trials are indirect; or empty.
    surrogate_for : str
        What the outcome stands in for; empty where patients notice it themselves.
    asymmetry_p : float or None
        Of a test for small-study effects, made only with ten trials or more.
    asymmetry_reason : str
        Why there is none.
    second : Second or None
        All that was said, partial reports included.
    """

    question: str
    measure: str
    unit: str | None = None
    scale: Scale = "identity"
    contrast: Kind = "between"
    trials: tuple[str, ...] = ()
    told_in_part: tuple[str, ...] = ()
    randomised: bool = True
    robins_i: bool = False
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    bayes: tuple[float, float] | None = None
    tau: float | None = None
    i2: float | None = None
    prediction: tuple[float, float] | None = None
    trial_limits: tuple[tuple[float, float], ...] = ()
    important: tuple[float, float] | None = None
    important_reason: str = ""
    size: Size | None = None
    size_reason: str = ""
    bias: tuple[tuple[str, float], ...] = ()
    people: str = ""
    comparator: str = ""
    declared: str = ""
    surrogate_for: str = ""
    asymmetry_p: float | None = None
    asymmetry_reason: str = ""
    second: Second | None = None

    @property
    def k(self) -> int:
        """Number of trials used."""
        return len(self.trials)

    @property
    def partial_share(self) -> float | None:
        """Share of the trials that told of the comparison only in part; None without any trial."""
        of_all = self.k + len(self.told_in_part)
        return len(self.told_in_part) / of_all if of_all else None

    def shown(self, value: float) -> float:
        """Bring a figure to the scale that readers know: ratios, proportions, correlations."""
        # The exponential of more is no floating-point number.
        return to_readers(min(value, 700.0) if self.scale == "log" else value, self.scale)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when a figure changes in its third digit.

        Of the second answer, which carries numerical error, two digits of the median count; the
        Bayesian interval decides nothing and is left out.
        """
        plain = asdict(self)
        del plain["bayes"]
        plain["second"] = None if self.second is None else f"{self.second.median:.1e}"
        text = json.dumps(_rounded(plain), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:12]


def three_digits(value: float) -> float:
    """Round to three significant digits; what is as good as nothing is 0.

    Examples
    --------
    >>> three_digits(-0.028456), three_digits(1e-12), three_digits(14139.0)
    (-0.0285, 0.0, 14100.0)
    """
    return 0.0 if abs(value) < 1e-9 else float(f"{value:.{DIGITS - 1}e}")


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return three_digits(value) if isinstance(value, float) else value
