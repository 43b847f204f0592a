"""contribution_matrix: how much each direct comparison gives to each network estimate."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, folded
from evidence.errors import FitError, check_kind
from evidence.models.network.data import check_word
from evidence.models.network.fit import NetworkFit
from evidence.models.network.inconsistency import tau2_for
from evidence.models.network.kernels_graph import reduced_weights
from evidence.models.network.kernels_paths import comparison_hat, paths_of


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Answer of ``contribution_matrix``.

    Attributes
    ----------
    model : str
    matrix : DataFrame
        Row a network estimate, column a direct comparison, both named ``a:b``; each row sums to 1.
    studies : DataFrame
        Row a network estimate, column a study; a comparison's share is split by the studies'
        weights.
    paths : DataFrame
        comparison, path (treatments joined by " > "), length, flow: the flows of a comparison sum
        to 1.
    """

    model: str
    matrix: pd.DataFrame
    studies: pd.DataFrame
    paths: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        rows, direct = self.matrix.shape
        of = counted(self.studies.shape[1], "study", "studies")
        return folded(
            f"Contributions ({self.model} effects): {counted(rows, 'estimate')} from "
            f"{counted(direct, 'direct comparison')} of {of}; {counted(len(self.paths), 'path')}"
        )


def contribution_matrix(fit: NetworkFit, *, model: str = "random") -> Contributions:
    """Share of each direct comparison, and of each study, in each network estimate.

    Papakonstantinou et al. 2018: the flow of evidence is split into paths, shortest first, and
    the flow of a path is shared equally by its comparisons. Where paths are equally short the
    shares depend on their order, which is that of netmeta's ``netcontrib``.

    Raises
    ------
    FitError
        If the model is unknown or was not fitted.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> contribution_matrix(network_meta(network_contrasts(frame)), model="common").matrix.round(3)
           x:y    x:z    y:z
    x:y  0.667  0.167  0.167
    x:z  0.167  0.667  0.167
    y:z  0.167  0.167  0.667
    """
    check_kind("fit", fit, NetworkFit, FitError)
    check_word("model", model, ("common", "random"))
    edges, names = fit.data.edges, fit.data.treatments
    w = reduced_weights(edges, tau2_for(fit, model))
    rows, columns, hat = comparison_hat(edges, w)
    place = {pair: c for c, pair in enumerate(columns)}
    shares, told = np.zeros(hat.shape), []
    labels = [f"{names[i]}:{names[j]}" for i, j in rows]
    for r, (i, j) in enumerate(rows):
        for path, flow in paths_of(hat[r], columns, i, j):
            steps = [(min(s), max(s)) for s in itertools.pairwise(path)]
            for step in steps:
                shares[r, place[step]] += flow / len(steps)
            words = " > ".join(names[t] for t in path)
            told.append((labels[r], words, len(steps), flow))
    of_study = np.zeros((len(columns), fit.data.k))
    for study, a, b, weight in zip(edges.study, edges.first, edges.second, w, strict=True):
        of_study[place[int(min(a, b)), int(max(a, b))], study] += abs(weight)
    of_study /= of_study.sum(axis=1, keepdims=True)
    heads = [f"{names[i]}:{names[j]}" for i, j in columns]
    return Contributions(
        model=model,
        matrix=pd.DataFrame(shares, index=labels, columns=heads),
        studies=pd.DataFrame(shares @ of_study, index=labels, columns=fit.data.studies),
        paths=pd.DataFrame(told, columns=["comparison", "path", "length", "flow"]),
    )
