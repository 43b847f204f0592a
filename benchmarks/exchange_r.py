"""Pool the exported effects in R and compare with our own fits.

    python benchmarks/exchange_r.py [NAME ...]

Writes the effects of the analyses (all where none is named) as ``evidence export --format metafor``
does, pools every file with metafor's ``rma(method = "REML", test = "adhoc")``, computes again with
``escalc`` what the files' counts say, and prints the largest differences. Needs R with metafor.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from evidence.catalog.project import find_project
from evidence.effects.assemble import effect_table
from evidence.models.frequentist.pool import pool
from evidence.report.analysis import analysis_names, load_analysis
from evidence.report.exchange.metafor import metafor_files
from evidence.report.exchange.outgoing import write_files

SCRIPT = """
suppressMessages(library(metafor))
options(digits = 17)
fit <- function(d) {
  # Fisher scoring stops by the change of tau2: as fine as it converges.
  for (threshold in c(1e-13, 1e-11, 1e-9, 1e-7, 1e-5)) {
    m <- try(rma(yi, vi, data = d, method = "REML", test = "adhoc",
                 control = list(threshold = threshold, stepadj = 0.5, maxiter = 5000)), silent = TRUE)
    if (!inherits(m, "try-error")) return(m)
  }
  stop("REML does not converge")
}
for (file in commandArgs(TRUE)) {
  d <- read.csv(file, encoding = "UTF-8")
  worst <- NA
  if ("ai" %in% names(d) && startsWith(readLines("measures.txt")[match(file, readLines("names.txt"))], "RR")) {
    u <- d[!is.na(d$ai) & d$ai > 0 & d$ci > 0, ]
    if (nrow(u) > 0) {
      e <- escalc("RR", ai = u$ai, n1i = u$n1i, ci = u$ci, n2i = u$n2i)
      worst <- max(abs(e$yi - u$yi), abs(sqrt(e$vi) - u$sei))
    }
  }
  m <- if (nrow(d) == 1) rma(yi, vi, data = d, method = "EE") else fit(d)
  cat(file, nrow(d), m$beta, m$ci.lb, m$ci.ub, if (nrow(d) == 1) NA else m$tau2, worst, sep = ",")
  cat("\\n")
}
"""  # noqa: E501


def main(names: list[str]) -> int:
    project = find_project()
    terms = project.terms()
    studies = project.studies(terms)
    tables = {}
    for name in names or analysis_names(project.analyses_folder):
        for section in load_analysis(project.analyses_folder, name).sections:
            table = effect_table(studies, section.question, terms)
            if table.k and table.independent:
                tables[section.question.id] = table
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write_files(metafor_files(tables), folder)
        files = [f"{name}.csv" for name in tables]
        (folder / "names.txt").write_text("\n".join(files) + "\n")
        (folder / "measures.txt").write_text("\n".join(t.measure for t in tables.values()) + "\n")
        (folder / "script.R").write_text(SCRIPT)
        command = ["Rscript", "script.R", *files]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return 1
    worst = dict.fromkeys(("estimate", "ci_low", "ci_high", "tau2", "escalc"), 0.0)
    compared = recomputed = 0
    for line in csv.reader(done.stdout.splitlines()):
        table = tables[line[0].removesuffix(".csv")]
        fit = pool(table)
        ours = {"estimate": fit.estimate, "ci_low": fit.ci_low, "ci_high": fit.ci_high}
        ours["tau2"] = fit.heterogeneity.tau2
        for figure, value in zip(ours, line[2:6], strict=True):
            mine = ours[figure]
            if value != "NA" and mine is not None:
                compared += 1
                worst[figure] = max(worst[figure], abs(float(value) - mine))
        if line[6] not in ("NA", ""):
            recomputed += 1
            worst["escalc"] = max(worst["escalc"], float(line[6]))
    print(f"{len(tables)} tables, {compared} pooled figures, {recomputed} recomputed from counts")
    for figure, value in worst.items():
        print(f"  {figure}: largest difference {value:.2e}")
    return 0 if max(worst.values()) < 1e-6 else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
