"""How long 5,000 bootstrap resamples of a moderated mediation take, and of lavaan where R is there.

uv run python benchmarks/mediation_speed.py
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.mediation import mediate
from analysis.moderated_mediation import mediate_conditionally

N, RESAMPLES, IN_R = 800, 5000, 100
SCRIPT = """suppressMessages(library(lavaan)); set.seed(1)
d <- read.csv(commandArgs(TRUE)[1]); d$xw <- d$x * d$w
model <- "m ~ a*x + w + a3*xw\\n y ~ x + b*m\\n index := a3*b"
t <- system.time(sem(model, d, se = "bootstrap", bootstrap = %d))
cat(t[["elapsed"]])"""


def main() -> None:
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(2, N))
    m = (0.4 + 0.3 * w) * x + rng.normal(size=N)
    data = pd.DataFrame({"x": x, "w": w, "m": m, "y": 0.5 * m + rng.normal(size=N)})
    took = {}
    start = time.perf_counter()
    mediate(data["x"], data[["m"]], data["y"], rng=rng, resamples=RESAMPLES)
    took["simple, standardised"] = time.perf_counter() - start
    for stages in (["first"], ["first", "second", "direct"]):
        start = time.perf_counter()
        mediate_conditionally(
            data["x"],
            data[["m"]],
            data["y"],
            moderator=data["w"],
            stages=stages,
            rng=rng,
            resamples=RESAMPLES,
        )
        took[f"moderated: {', '.join(stages)}"] = time.perf_counter() - start
    for name, seconds in took.items():
        print(f"{name}: {seconds:.2f} s for {RESAMPLES} resamples of n = {N}")
    if shutil.which("Rscript"):
        with tempfile.TemporaryDirectory() as folder:
            file, script = Path(folder) / "data.csv", Path(folder) / "script.R"
            data.to_csv(file, index=False)
            script.write_text(SCRIPT % IN_R)
            out = subprocess.run(["Rscript", script, file], capture_output=True, text=True, check=True).stdout
        scaled = float(out.split()[-1]) * RESAMPLES / IN_R
        ratio = scaled / took["moderated: first"]
        print(f"lavaan: {scaled:.0f} s ({IN_R} resamples, scaled), {ratio:.0f} times as long")


if __name__ == "__main__":
    main()
