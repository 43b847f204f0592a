"""Tables and dimensions that the tests of the multiverse share."""

import numpy as np

from evidence.effects.table import EffectTable, table_of


def studies(k: int = 10, seed: int = 3, effect: float = -0.5) -> EffectTable:
    random = np.random.default_rng(seed)
    v = random.uniform(0.02, 0.4, k)
    table = table_of(random.normal(effect, np.sqrt(v + 0.2)), np.sqrt(v))
    table.rows["risk"] = [("low", "high")[i % 2] for i in range(k)]
    table.rows["population"] = [("a", "b", "c")[i % 3] for i in range(k)]
    return table
