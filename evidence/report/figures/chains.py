"""trace_plot and rank_plot: chains of a sampled fit, drawn by ArviZ in our style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.errors import did_you_mean
from evidence.models.bayesian.chains import quiet, summarise
from evidence.models.bayesian.fit import BayesFit
from evidence.models.sampling.fit import SampledFit
from evidence.report.figures.axes import INCH, TWO_COLUMNS, counted, plain_axis, refuse, sheet
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREEN, INK, ORANGE, PINK, VERMILION, clean, style
from evidence.report.figures.words import fitted, wrapped
from evidence.report.numbers import number

if TYPE_CHECKING:
    from arviz import InferenceData

    Sampled = BayesFit | SampledFit | InferenceData
else:
    Sampled = Any

COLORS = (BLUE, ORANGE, GREEN, VERMILION, PINK, INK)
DASHES = ("-", "--", ":", "-.")
MOST = 12  # parameters of one figure
FIRST = 4  # parameters drawn when none are named
POINTS = 1500  # draws of a chain that a trace shows


def trace_plot(
    fit: Sampled,
    names: Sequence[str] | None = None,
    *,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Trace plots: density of each chain, and its draws in their order.

    Drawn by ``arviz.plot_trace``. Of long chains every n-th draw is shown; densities and the table
    are of all.

    Parameters
    ----------
    fit : BayesFit, SampledFit or arviz.InferenceData
        Sampled, at least two chains.
    names : sequence of str, optional
        Parameters: ``mu``, or one element, ``theta[study 1]``; at most 12. The first four scalar
        ones if left out.
    title, width
        As in ``forest_plot``.

    Returns
    -------
    Plot
        ``data``: a row a parameter, the columns of a sampled fit's terms (mean, median, sd,
        central 95 % interval, Monte Carlo errors, effective sample sizes, R-hat).

    Raises
    ------
    ReportError
        If the fit was not sampled, has one chain, or a name is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from arviz import from_dict
    >>> draws = np.random.default_rng(1).normal(size=(4, 500))
    >>> trace_plot(from_dict(posterior={"mu": draws})).data.index.tolist()
    ['mu']
    """
    data, asked = _read(fit, names)
    shown = [_thin(draws) for draws in asked.values()]
    with style(small=True):
        figure = sheet(width, _tall(len(asked), title))
        axes = figure.subplots(len(asked), 2, squeeze=False, width_ratios=(1, 2.2))
        with quiet():
            az = _arviz()

            pairs = {f"x{i}": draws for i, draws in enumerate(shown)}
            az.plot_trace(
                az.from_dict(posterior=pairs), axes=axes, compact=False, combined=False,
                divergences=None, show=False, chain_prop=_chain_look(data),
                trace_kwargs={"alpha": 0.65, "linewidth": 0.35}, plot_kwargs={"linewidth": 0.9},
            )  # fmt: skip
        every = [len(d[0]) / len(s[0]) for d, s in zip(asked.values(), shown, strict=True)]
        for row, (name, draws), step in zip(axes, asked.items(), every, strict=True):
            _restyle_trace(row, name, draws, step)
        _last_labels(axes[-1], ("Value", "Draw"))
        _legend(figure, _chain_look(data))
        _title(figure, title, width)
        return _made("trace", figure, asked, title)


def rank_plot(
    fit: Sampled,
    names: Sequence[str] | None = None,
    *,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Rank plots: each chain's ranks among all draws, even where the chains agree.

    Vehtari et al. (2021), drawn by ``arviz.plot_rank``: how many of a chain's draws fall into each
    of 20 bins of ranks; the dashed line is the even share.

    Parameters
    ----------
    fit, names, title, width
        As in ``trace_plot``.

    Returns
    -------
    Plot
        ``data`` as of ``trace_plot``.

    Raises
    ------
    ReportError
        As ``trace_plot``.

    Examples
    --------
    >>> import numpy as np
    >>> from arviz import from_dict
    >>> draws = np.random.default_rng(1).normal(size=(4, 500))
    >>> rank_plot(from_dict(posterior={"mu": draws})).title
    'Rank plots of 1 parameter, 4 chains'
    """
    data, asked = _read(fit, names)
    columns = min(2, len(asked))
    rows = -(-len(asked) // columns)
    with style(small=True):
        figure = sheet(width, _tall(rows, title, 38.0))
        axes = figure.subplots(rows, columns, squeeze=False)
        with quiet():
            az = _arviz()

            pairs = {f"x{i}": draws for i, draws in enumerate(asked.values())}
            chains = len(data["posterior"]["chain"])
            az.plot_rank(
                az.from_dict(posterior=pairs), ax=axes.ravel()[: len(asked)], kind="bars",
                bins=20, show=False, colors=[COLORS[i % len(COLORS)] for i in range(chains)],
                bar_kwargs={"linewidth": 0.4},
            )  # fmt: skip
        for ax, name in zip(axes.ravel(), asked, strict=False):
            _restyle_rank(ax, name, asked[name], width / columns)
        for ax in axes.ravel()[len(asked) :]:
            ax.set_axis_off()
        _title(figure, title, width)
        return _made("rank", figure, asked, title)


def _read(fit: Sampled, names: Sequence[str] | None) -> tuple[Any, dict[str, Any]]:
    """Inference data, and the draws (chain, draw) of the parameters asked for."""
    data: Any = fit
    if isinstance(fit, SampledFit):
        data = fit.inference_data
    elif isinstance(fit, BayesFit):
        if fit.diagnostics is None:
            raise refuse("fit", "has no chains: it is exact", "sample_bayes(...)")
        data = fit.posterior
    if not hasattr(data, "posterior"):
        right = "a sampled fit or an InferenceData with a posterior"
        raise refuse("fit", f"{type(fit).__name__} has no chains", right)
    known = _elements(data["posterior"])
    if names is None:
        scalars = [n for n in known if "[" not in n]
        names = (scalars or [*known])[:FIRST]
    if isinstance(names, str) or not 0 < len(names) <= MOST or len(set(names)) < len(names):
        raise refuse("names", repr(names), f"1 to {MOST} different parameters")
    for name in names:
        if name not in known:
            raise refuse("names", f"unknown: {name!r}", did_you_mean(str(name), list(known)))
    asked = {name: known[name] for name in names}
    if min(len(draws) for draws in asked.values()) < 2:
        raise refuse("fit", "one chain", "at least two")
    for name, draws in asked.items():
        if not np.isfinite(draws).all():
            raise refuse("names", f"draws of {name!r} are not finite", "another parameter")
    return data, asked


def _elements(posterior: Any) -> dict[str, Any]:
    """Draws of each scalar, by name; elements of a vector as ``name[coordinate]``."""
    found = {}
    for name, variable in posterior.data_vars.items():
        draws = np.moveaxis(variable.to_numpy(), (0, 1), (-2, -1))
        if draws.ndim == 2:
            found[str(name)] = draws
            continue
        places = [[clean(v) for v in variable.coords[d].to_numpy()] for d in variable.dims[2:]]
        for at in np.ndindex(draws.shape[:-2]):
            words = ", ".join(p[i] for p, i in zip(places, at, strict=True))
            found[f"{name}[{words}]"] = draws[at]
    return found


def _arviz() -> Any:
    """ArviZ, whose signatures are not typed."""
    import arviz

    return arviz


def _thin(draws: Any) -> Any:
    return draws[:, :: max(1, -(-draws.shape[1] // POINTS))]


def _chain_look(data: Any) -> dict[str, list[str]]:
    chains = len(data["posterior"]["chain"])
    return {
        "color": [COLORS[i % len(COLORS)] for i in range(chains)],
        "linestyle": [DASHES[i % len(DASHES)] for i in range(chains)],
    }


def _tall(rows: int, title: str | None, each: float = 26.0) -> float:
    return each * rows + 14.0 + (6.0 if title else 0.0)


def _restyle_trace(row: Any, name: str, draws: Any, step: float) -> None:
    left, right = row
    for ax in row:
        ax.set_title("")
        ax.set_xlabel("")
        ax.set_ylabel("")
        ax.tick_params("both", labelsize=6.5)
    low, high = float(draws.min()), float(draws.max())
    gap = 0.03 * (high - low or abs(high) or 1.0)
    _from_density(left)
    plain_axis(left, (low - gap, high + gap), most=4)
    plain_axis(right, (low - gap, high + gap), "y", 5)
    last = draws.shape[1]
    right.set_xlim(0, last / step)
    ticks = np.linspace(0, last, 5).tolist()
    right.set_xticks([t / step for t in ticks], [f"{t:.0f}" for t in ticks])
    for line in right.get_lines():
        line.set_linestyle("-")
    left.set_ylabel(fitted(clean(name), 66.0, 7.0), parse_math=False)


def _legend(figure: Any, look: dict[str, list[str]]) -> None:
    from matplotlib.lines import Line2D

    pairs = [*zip(look["color"], look["linestyle"], strict=True)][:MOST]
    keys = [Line2D([], [], color=color, ls=dash, lw=0.9) for color, dash in pairs]
    words = [f"chain {i + 1}" for i in range(len(keys))]
    figure.legend(keys, words, loc="outside lower center", ncols=4, handlelength=2.2)


def _from_density(ax: Any) -> None:
    top = max((float(np.max(line.get_ydata())) for line in ax.get_lines()), default=1.0)
    ax.set_ylim(0.0, 1.06 * top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _restyle_rank(ax: Any, name: str, draws: Any, wide: float) -> None:
    chains = draws.shape[0]
    room = 0.7 * wide / INCH * 72.0
    ax.set_title(fitted(clean(name), room, 7.0), loc="left", fontsize=7.0, parse_math=False)
    ax.set_title("", loc="center")
    ax.set_xlabel("Rank among all draws")
    ax.set_ylabel("Chain")
    ax.tick_params("both", labelsize=6.5)
    ax.set_yticks(ax.get_yticks()[:chains], [str(i + 1) for i in range(chains)])
    for line in ax.get_lines():
        line.set(color=INK, linewidth=0.6, linestyle="--")
    total = draws.size
    ax.set_xlim(-0.01 * total, 1.01 * total)
    ticks = [0, total // 2, total]
    ax.set_xticks(ticks, [f"{t:d}" for t in ticks])


def _last_labels(row: Any, words: tuple[str, str]) -> None:
    for ax, name in zip(row, words, strict=True):
        ax.set_xlabel(name)


def _title(figure: Any, title: str | None, width: float) -> None:
    if title:
        lines = wrapped(clean(title), 0.9 * width / INCH * 72.0, 7.5, "bold")
        figure.suptitle(lines, x=0.02, ha="left", weight="bold", size=7.5, parse_math=False)


def _made(kind: str, figure: Any, asked: dict[str, Any], title: str | None) -> Plot:
    with quiet():
        data = _arviz().from_dict(posterior={f"x{i}": d for i, d in enumerate(asked.values())})
    rows = [summarise(data, f"x{i}", 0.95, "central") for i in range(len(asked))]
    frame = pd.concat(rows, ignore_index=True).set_axis(list(asked), axis=0)
    chains, draws = next(iter(asked.values())).shape
    number_of = counted(len(asked), "parameter", "parameters")
    head = f"{kind.capitalize()} plots of {number_of}, {chains} chains"
    parts = [
        f"{clean(name)} R-hat {number(float(row['r_hat']), 3)}, effective sample size "
        f"{min(row['ess_bulk'], row['ess_tail']):.0f}"
        for name, row in zip(asked, frame.to_dict("records"), strict=True)
    ]
    told = f"{head} of {draws} draws each: {'; '.join(parts)}."
    return finished(kind, title or head, told, frame.rename_axis("parameter"), figure)
