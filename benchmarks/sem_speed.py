"""How long fits take, beside lavaan where Rscript is there.

Run as ``OMP_NUM_THREADS=1 uv run python benchmarks/sem_speed.py [--quick]``; prints medians in milliseconds
of processor time, which other programs disturb less than the clock. Both read the same answers;
times are of whole calls (text to standard errors, test and baseline), data already in memory. lavaan is
asked for ``cfa()`` alone, whose test and errors come with it. ``--quick`` leaves out the ladder, for which
lavaan needs a minute.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from shutil import which

import numpy as np
import pandas as pd
from semopy.examples import holzinger39

from analysis.sem.comparison import compare
from analysis.sem.fit import fit, fit_moments
from analysis.sem.modification import modification_indices
from analysis.sem.moments import moments_of
from analysis.sem.standardized import standardized

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
EIGHT = "\n".join(f"f{i} =~ " + " + ".join(f"y{5 * i + j}" for j in range(5)) for i in range(8))
LADDER = ((), ("loadings",), ("loadings", "intercepts"), ("loadings", "intercepts", "residuals"))


def many(n: int, rng: np.random.Generator) -> pd.DataFrame:
    """40 items of 8 constructs in 4 groups."""
    constructs = rng.normal(size=(n, 8)) * 0.8 + rng.normal(size=(n, 1)) * 0.6
    answers = 0.7 * np.repeat(constructs, 5, axis=1) + 0.7 * rng.normal(size=(n, 40))
    return pd.DataFrame(answers, columns=[f"y{i}" for i in range(40)]).assign(tier=np.arange(n) % 4)


def median_ms(run: Callable[[], object], times: int) -> float:
    run()
    taken = []
    for _ in range(times):
        start = time.process_time()
        run()
        taken.append(time.process_time() - start)
    return 1000 * float(np.median(taken))


def ladder(data: pd.DataFrame) -> None:
    items = [f"y{i}" for i in range(40)]
    moments = moments_of(data, items, group="tier")
    fits = [fit_moments(EIGHT, moments, estimator="MLR", group_equal=equal) for equal in LADDER]
    for free, restricted in pairwise(fits):
        compare(restricted, free)


def ours(small: pd.DataFrame, holes: pd.DataFrame, medium: pd.DataFrame, times: int) -> dict[str, float]:
    ml = fit(THREE, small)
    found = {
        "CFA ML, 9 items, n = 301": median_ms(lambda: fit(THREE, small), 10 * times),
        "CFA MLR, 9 items, n = 301": median_ms(lambda: fit(THREE, small, estimator="MLR"), 10 * times),
        "CFA ML, missing answers": median_ms(lambda: fit(THREE, holes, missing="fiml"), 3 * times),
        "standardized solution": median_ms(lambda: standardized(ml), 10 * times),
        "modification indices": median_ms(lambda: modification_indices(ml), 10 * times),
        "CFA ML, 40 items, n = 1,000": median_ms(lambda: fit(EIGHT, medium), times),
        "CFA MLR, 40 items, n = 1,000": median_ms(lambda: fit(EIGHT, medium, estimator="MLR"), times),
    }
    if times > 1:
        found["MLR ladder, 4 groups, 40 items"] = median_ms(lambda: ladder(medium), 1)
    return found


R = """
suppressMessages(library(lavaan))
small <- read.csv("small.csv"); holes <- read.csv("holes.csv"); medium <- read.csv("medium.csv")
three <- "%(three)s"; eight <- "%(eight)s"
ms <- function(name, run, times, calls = 1) {
  suppressWarnings(run())
  one <- function(i) suppressWarnings(sum(system.time(run())[c("user.self", "sys.self")]))
  t <- sapply(seq_len(times), one)
  cat(name, 1000 * median(t) / calls, sep = "\\t"); cat("\\n")
}
ml <- cfa(three, small)
ladder <- function() {
  f <- lapply(list("", "loadings", c("loadings", "intercepts"), c("loadings", "intercepts", "residuals")),
              function(e) cfa(eight, medium, estimator = "MLR", group = "tier", group.equal = e))
  lavTestLRT(f[[1]], f[[2]], f[[3]], f[[4]], method = "satorra.bentler.2001")
}
many <- function(run, k) function() for (i in seq_len(k)) run()
ms("CFA ML, 9 items, n = 301", many(function() cfa(three, small), 10), 3 * %(times)d, 10)
ms("CFA MLR, 9 items, n = 301", many(function() cfa(three, small, estimator = "MLR"), 10), 3 * %(times)d, 10)
ms("CFA ML, missing answers", function() cfa(three, holes, missing = "ml"), %(times)d)
ms("standardized solution", function() standardizedSolution(ml), 3 * %(times)d)
ms("modification indices", function() modindices(ml), 3 * %(times)d)
ms("CFA ML, 40 items, n = 1,000", function() cfa(eight, medium), 1)
ms("CFA MLR, 40 items, n = 1,000", function() cfa(eight, medium, estimator = "MLR"), 1)
if (%(times)d > 1) ms("MLR ladder, 4 groups, 40 items", ladder, 1)
"""


def lavaan(small: pd.DataFrame, holes: pd.DataFrame, medium: pd.DataFrame, times: int) -> dict[str, float]:
    """Empty where there is no Rscript or no lavaan."""
    if which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("small", small), ("holes", holes), ("medium", medium)):
            data.to_csv(Path(folder) / f"{name}.csv", index=False)
        script = R % {
            "three": THREE.replace("\n", "\\n"),
            "eight": EIGHT.replace("\n", "\\n"),
            "times": times,
        }
        (Path(folder) / "time.R").write_text(script)
        done = subprocess.run(["Rscript", "time.R"], cwd=folder, capture_output=True, text=True, check=False)
    rows = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
    return {name: float(value) for name, value in rows}


def growth(rng: np.random.Generator, times: int) -> None:
    """Once moments are computed, 100,000 respondents cost what 1,000 cost."""
    items = [f"y{i}" for i in range(40)]
    for n in (1_000, 100_000):
        data = many(n, rng)
        start = time.process_time()
        moments = moments_of(data, items)
        computed = 1000 * (time.process_time() - start)
        taken = median_ms(lambda moments=moments: fit_moments(EIGHT, moments), times)
        print(f"{n:>9,} x 40: moments {computed:7.1f} ms, fit ML {taken:7.1f} ms")


def main() -> None:
    times = 1 if "--quick" in sys.argv else 5
    rng = np.random.default_rng(1)
    small, medium = holzinger39.get_data()[[f"x{i}" for i in range(1, 10)]], many(1_000, rng)
    holes = small.copy()
    row = np.arange(len(holes))
    for j in range(1, 10):
        holes.loc[row * (j + 3) % 17 == j, f"x{j}"] = np.nan
    mine, theirs = ours(small, holes, medium, times), lavaan(small, holes, medium, times)
    print(f"{'median, ms':34s} {'here':>9s} {'lavaan':>9s} {'ratio':>7s}")
    for name, taken in mine.items():
        other = theirs.get(name)
        beside = f"{other:9.1f} {other / taken:7.1f}" if other else "        -       -"
        print(f"{name:34s} {taken:9.2f} {beside}")
    growth(rng, times)


if __name__ == "__main__":
    main()
