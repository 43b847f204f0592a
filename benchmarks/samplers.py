"""Time samplers end to end on small models: ``python benchmarks/samplers.py``.

Each sampler runs in a Python of its own: what is timed is compiling and drawing (4 chains of 1,000
after 1,000 for warm-up), first on one data set and then on another of the same form, as in a sweep;
importing the libraries is not. NumPyro and nutpie on JAX belong in an environment of their own that
also sees this one (``python -m venv other; other/bin/pip install numpyro``; add this environment's
site-packages by a .pth file); name its Python in ``OTHER_PYTHON``. Set ``OMP_NUM_THREADS=1``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

SAMPLERS = ("nutpie", "pymc", "numpyro", "nutpie on jax")
CASES = ("normal", "binomial")
RUN = {"draws": 1000, "tune": 1000, "chains": 4, "target_accept": 0.95}


def data_of(case: str, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    if case == "normal":
        s = random.uniform(0.1, 0.5, 13)
        return pd.DataFrame({"estimate": random.normal(-0.5, np.hypot(s, 0.4)), "std_error": s})
    n = random.integers(50, 400, 13)
    risk = random.uniform(0.05, 0.3, 13)
    return pd.DataFrame(
        {
            "events_treatment": random.binomial(n, 0.7 * risk),
            "total_treatment": n,
            "events_control": random.binomial(n, risk),
            "total_control": n,
        }
    )


def model_of(case: str, seed: int) -> Any:
    from evidence.models.bayesian.priors import half_normal, normal
    from evidence.models.sampling.model import build_model
    from evidence.models.sampling.priors import Priors

    priors = Priors(mu=normal(0.0, 2.82), tau=half_normal(0.5))
    kind: Any = case
    return build_model(data_of(case, seed), likelihood=kind, priors=priors)


def draw(sampler: str, model: Any, compiled: Any) -> tuple[Any, Any]:
    """Draws, and what can be used again for other data of the same form."""
    if sampler.startswith("nutpie"):
        import nutpie

        if compiled is None:
            backend = "jax" if sampler.endswith("jax") else "numba"
            compiled = nutpie.compile_pymc_model(model, backend=backend)
        else:
            data = {
                n: v.get_value() for n, v in model.named_vars.items() if hasattr(v, "get_value")
            }
            compiled = compiled.with_data(**data)
        return nutpie.sample(compiled, **RUN, seed=1, progress_bar=False), compiled
    import pymc as pm

    with model:
        data = pm.sample(
            **RUN, random_seed=1, progressbar=False, nuts_sampler=sampler, cores=os.cpu_count()
        )
    return data, None


def timed(sampler: str, case: str) -> dict[str, float]:
    import arviz as az
    import pymc

    models = [model_of(case, seed) for seed in (1, 2)]
    if sampler == "numpyro":
        import jax
        import numpyro

        del jax
        numpyro.set_host_device_count(os.cpu_count())
    else:
        import nutpie

        del nutpie
    del pymc
    found, compiled = {}, None
    for name, model in zip(("first", "second"), models, strict=True):
        start = perf_counter()
        data, compiled = draw(sampler, model, compiled)
        found[name] = perf_counter() - start
        found["mu"] = float(data["posterior"]["mu"].mean())
        found["ess"] = float(az.ess(data, var_names=["mu", "tau"]).to_array().min())
        found["divergences"] = int(data["sample_stats"]["diverging"].sum())
    return found


def python_for(sampler: str) -> str | None:
    own = sampler in ("nutpie", "pymc")
    return sys.executable if own else os.environ.get("OTHER_PYTHON")


def main() -> None:
    for case in CASES:
        for sampler in SAMPLERS:
            python = python_for(sampler)
            if python is None:
                print(f"{case:<10} {sampler:<14} not timed: OTHER_PYTHON is not set")
                continue
            command = [python, __file__, sampler, case]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{case:<10} {sampler:<14} failed: {done.stderr.strip().splitlines()[-1]}")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            print(
                f"{case:<10} {sampler:<14} first {found['first']:6.1f} s   other data "
                f"{found['second']:6.1f} s   mu {found['mu']:7.3f}   least ESS of mu, tau "
                f"{found['ess']:6.0f}   divergences {found['divergences']}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        warnings.simplefilter("ignore")
        print(json.dumps(timed(sys.argv[1], sys.argv[2])))
    else:
        main()
