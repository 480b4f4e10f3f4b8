"""How long all items against the tiers take, beside R and pingouin.

    OMP_NUM_THREADS=1 uv run python benchmarks/item_by_tier_speed.py --respondents 100000 --items 60
    OMP_NUM_THREADS=1 uv run --with pingouin python benchmarks/item_by_tier_speed.py --beside pingouin

R and pingouin run on the first items only (``--subset``); their time for all is that times the share. Seconds
are those of the processor, so that other programs on the machine do not count. R needs ``Rscript`` and
effectsize; pingouin (GPL) is no dependency and is installed for the moment by ``uv run --with``.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.items_by_tier import items_by_tier

R = r"""
suppressMessages(library(effectsize))
d <- read.csv(commandArgs(TRUE)[1]); items <- setdiff(names(d), "TIER"); g <- factor(d$TIER)
start <- proc.time()
for (item in items) {
  x <- d[[item]]
  oneway.test(x ~ g); fit <- aov(x ~ g); summary(fit); kruskal.test(x ~ g); table <- table(g, x)
  chisq.test(table, correct = FALSE); cramers_v(table); omega_squared(fit, partial = FALSE)
  eta_squared(fit, partial = FALSE); rank_epsilon_squared(x ~ g, data = d, ci = NULL)
  tapply(x, g, mean, na.rm = TRUE); tapply(x, g, sd, na.rm = TRUE)
  # cor.test(method = "kendall") compares every pair of respondents; it is left out beyond 5,000 of them
  if (length(x) <= 5000) cor.test(x, as.integer(g), method = "kendall", exact = FALSE)
  for (pair in combn(levels(g), 2, simplify = FALSE)) {
    a <- x[g == pair[1]]; b <- x[g == pair[2]]
    t.test(a, b); hedges_g(a[!is.na(a)], b[!is.na(b)]); cliffs_delta(a[!is.na(a)], b[!is.na(b)])
  }
}
cat(sum((proc.time() - start)[1:2]))
"""


def made_up(n: int, items: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """Five-point answers, two per cent missing, that rise a little over four tiers of unequal size."""
    tier = rng.choice(4, size=n, p=(0.6, 0.25, 0.1, 0.05))
    answers = {}
    for at in range(items):
        x = np.clip(np.rint(rng.normal(3.2 + 0.1 * tier, 1.1)), 1, 5)
        x[rng.random(n) < 0.02] = np.nan
        answers[f"Q{at + 1}"] = x
    return pd.DataFrame(answers), pd.Series(pd.Categorical(tier + 1, ordered=True), name="TIER")


def seconds_of_r(answers: pd.DataFrame, tiers: pd.Series) -> float:
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "run.R", Path(folder) / "data.csv"
        script.write_text(R, "utf-8")
        answers.assign(TIER=tiers.astype(int)).to_csv(data, index=False)
        done = subprocess.run(["Rscript", str(script), str(data)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_of_pingouin(answers: pd.DataFrame, tiers: pd.Series) -> float:
    import pingouin

    long = answers.assign(TIER=tiers.astype(int).to_numpy())
    start = time.process_time()
    for item in answers:
        whole = long[[item, "TIER"]].dropna()
        pingouin.welch_anova(data=whole, dv=item, between="TIER")
        pingouin.anova(data=whole, dv=item, between="TIER", detailed=True)
        pingouin.kruskal(data=whole, dv=item, between="TIER")
        pingouin.chi2_independence(data=whole, x="TIER", y=item, correction=False)
        pingouin.pairwise_gameshowell(data=whole, dv=item, between="TIER")
        parts = [part[item].to_numpy() for _, part in whole.groupby("TIER")]
        for a, b in combinations(parts, 2):
            pingouin.mwu(a, b)
            pingouin.compute_effsize(a, b, eftype="hedges")
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--respondents", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--subset", type=int, default=2, help="items that the others run on")
    parser.add_argument("--beside", choices=("nothing", "R", "pingouin"), default="nothing")
    options = parser.parse_args()
    answers, tiers = made_up(options.respondents, options.items, np.random.default_rng(1))
    start, cpu = time.perf_counter(), time.process_time()
    found = items_by_tier(answers, tiers)
    elapsed, ours = time.perf_counter() - start, time.process_time() - cpu
    size = f"{options.respondents:,} respondents x {options.items} items x 4 tiers"
    print(f"{size}: {ours:.2f} s of the processor, {elapsed:.2f} s on the clock")

    start = time.perf_counter()
    frame = found.to_frame()
    print(f"as a tidy frame of {len(frame):,} rows: {time.perf_counter() - start:.2f} s")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB, the data among it"
    )
    if options.beside != "nothing":
        run = seconds_of_r if options.beside == "R" else seconds_of_pingouin
        taken = run(answers.iloc[:, : options.subset], tiers)
        whole = taken * options.items / options.subset
        print(
            f"{options.beside}: {taken:.1f} s for {options.subset} items, {whole:.0f} s for all of them: "
            f"{whole / ours:.0f} times as long"
        )


if __name__ == "__main__":
    main()
