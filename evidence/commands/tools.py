"""What serves data of one's own, and other software: pool, schema, import, export."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from evidence.commands.shared import project_of, said, say
from evidence.report.exchange.commands import add_commands as add_exchange
from evidence.report.exchange.commands import run_export, run_import

if TYPE_CHECKING:
    from evidence.commands.shared import Commands

POOL_HELP = "which column is what: study=trial events1=ai n1=n1i events2=ci n2=n2i"


def add_commands(commands: Commands) -> None:
    """Add the commands to a parser; nothing is loaded before one of them runs."""
    pool = commands.add_parser("pool", help="pool a CSV of your own")
    pool.add_argument("file", type=Path, help="CSV with a head line, one row a study")
    pool.add_argument("columns", nargs="+", metavar="PART=COLUMN", help=POOL_HELP)
    pool.add_argument("--measure", required=True, help="RR, OR, MD, SMD, ... or GEN")
    pool.add_argument("--log", action="store_true", help="GEN: estimates are logs of ratios")
    pool.add_argument("--model", default="random", help="random (default) or common")
    pool.add_argument("--tau2", help="estimator of tau2 (default: reml)")
    pool.add_argument("--ci", help="interval (default: hartung_knapp_floored)")
    pool.add_argument("--level", type=float, default=0.95)
    pool.add_argument("--json", action="store_true", help="print JSON instead of text")
    pool.add_argument("--forest", type=Path, metavar="FILE", help="draw a forest plot")
    pool.set_defaults(run=_pool)

    schema = commands.add_parser("schema", help="print a JSON Schema")
    schema.add_argument("what", nargs="?", choices=("study", "result"), default="study")
    schema.set_defaults(run=_schema)

    add_exchange(commands)
    commands.choices["import"].set_defaults(run=_import)
    commands.choices["export"].set_defaults(run=said(run_export))


def _pool(options: argparse.Namespace) -> int:
    from evidence.errors import EffectError, Problem
    from evidence.models.frequentist.pool import pool
    from evidence.report.own_data import OwnData, fit_record, read_own, save_forest

    pairs = [text.partition("=") for text in options.columns]
    wrong = [
        Problem(name, "is no PART=COLUMN", "such as events1=deaths")
        for name, sign, column in pairs
        if not sign or not column
    ]
    if wrong:
        raise EffectError("the columns are not named", wrong)
    columns = {name: column for name, _, column in pairs}
    table = read_own(OwnData(options.file, options.measure, columns, options.log))
    fit = pool(table, model=options.model, tau2=options.tau2, ci=options.ci, level=options.level)
    if options.forest is not None:
        save_forest(fit, options.forest)
    if options.json:
        say(json.dumps(fit_record(fit), indent=1, ensure_ascii=False, allow_nan=False))
        return 0
    say(fit)
    for row in table.unused.to_dict("records"):
        say(f"  not used: {row['study']}: {row['reason']}")
    for name, times in table.rows["label"].value_counts().items():
        if times > 1:
            say(f"  note: {name} stands in {times} rows; they count as independent of each other")
    return 0


def _schema(options: argparse.Namespace) -> int:
    if options.what == "result":
        from evidence.report.result import result_schema

        made = result_schema()
    else:
        from evidence.catalog.schema import study_schema

        made = study_schema(project_of(options).terms())
    say(json.dumps(made, indent=1, ensure_ascii=False))
    return 0


def _import(options: argparse.Namespace) -> int:
    # A review of others is read without a project.
    say(run_import(options))
    return 0
