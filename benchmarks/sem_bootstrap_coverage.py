"""How often intervals of an indirect effect between constructs cover the truth, by every method.

Seeded samples from a stated model of three constructs, x on m on y, three items each; small samples, where
products are skewed, with normal and with skewed answers. The truth is the product of the standardised
coefficients.

    uv run python benchmarks/sem_bootstrap_coverage.py --samples 300
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd

from analysis.results import Interval
from analysis.sem.bootstrap import bootstrap
from analysis.sem.defined import defined, monte_carlo_interval
from analysis.sem.fit import Fit, fit

FIRST, SECOND, LOADING = 0.4, 0.3, 0.8
ITEMS = {name: [f"{name}{i}" for i in range(1, 4)] for name in ("x", "m", "y")}
MODEL = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in ITEMS.items()) + (
    "\nm ~ a*x\ny ~ b*m + x\nalong := a*b"
)


def answers(rng: np.random.Generator, n: int, *, skewed: bool) -> pd.DataFrame:
    """Nine items with variance 1."""

    def noise(columns: int) -> np.ndarray:
        # chi-square with 3 degrees of freedom: skewness 1.6, excess kurtosis 4
        return (
            (rng.chisquare(3, (n, columns)) - 3) / math.sqrt(6) if skewed else rng.normal(size=(n, columns))
        )

    x, e, d = noise(3).T
    m = FIRST * x + math.sqrt(1 - FIRST**2) * e
    y = SECOND * m + math.sqrt(1 - SECOND**2) * d
    behind = LOADING * np.repeat(np.column_stack([x, m, y]), 3, axis=1)
    items = behind + math.sqrt(1 - LOADING**2) * noise(9)
    return pd.DataFrame(items, columns=[item for own in ITEMS.values() for item in own])


def intervals(found: Fit, rng: np.random.Generator, resamples: int) -> dict[str, Interval | None]:
    """Of the standardised product, by every method."""
    drawn = bootstrap(found, ["along"], rng=rng, resamples=resamples, standardized="all")
    return {
        "delta": defined(found, standardized="all")["along"].confidence_interval(),
        "Monte Carlo": monte_carlo_interval(found, "along", rng=rng, draws=4000, standardized="all"),
        "percentile": drawn.interval("along"),
        "bias-corrected": drawn.interval("along", method="bias-corrected"),
        "accelerated": drawn.interval("along", method="accelerated"),
    }


def one(seed: int, n: int, skewed: bool, resamples: int) -> dict[str, tuple[bool, bool]] | None:
    """Whether each interval lies above and below the truth; None where the model or its bootstrap failed."""
    rng = np.random.default_rng(seed)
    found = fit(MODEL, answers(rng, n, skewed=skewed), estimator="MLR", mean_structure=True)
    if found.state != "ok":
        return None
    told = intervals(found, rng, resamples)
    truth = FIRST * SECOND
    if any(interval is None for interval in told.values()):
        return None
    return {
        name: (interval.low > truth, interval.high < truth)
        for name, interval in told.items()
        if interval is not None
    }


def row(mapped: Callable[..., object], samples: int, n: int, skewed: bool, resamples: int) -> None:
    run = partial(one, n=n, skewed=skewed, resamples=resamples)
    kept = [found for found in mapped(run, range(samples)) if found is not None]  # type: ignore[attr-defined]
    kind = "skewed" if skewed else "normal"
    print(f"n = {n}, {kind} answers: {len(kept)} of {samples} samples with every interval")
    for name in kept[0]:
        above = np.mean([found[name][0] for found in kept])
        below = np.mean([found[name][1] for found in kept])
        error = math.sqrt(max((above + below) * (1 - above - below), 0.0) / len(kept))
        covered = f"{1 - above - below:6.1%} (± {error:.1%})"
        print(f"  {name:15s} covers {covered}; too high {above:.1%}, too low {below:.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.workers) as pool:
        for n in (150, 400):
            for skewed in (False, True):
                row(pool.map, asked.samples, n, skewed, asked.resamples)


if __name__ == "__main__":
    main()
