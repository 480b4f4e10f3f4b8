"""How long banner tables take: 60 items by 20 columns with letters, and 60 items by tier.

OMP_NUM_THREADS=1 uv run python benchmarks/banner_speed.py --respondents 1000000
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd

from analysis.banners.banner import Banner, Closed, banner, top_and_bottom
from analysis.banners.counts import OverlappingSpan, Span

FIVE = (1, 2, 3, 4, 5)
ITEMS = [Closed(name=f"Q{i}", codes=FIVE, boxes=top_and_bottom(FIVE), mean=True) for i in range(60)]


def made_up(n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Five-point answers, two per cent missing; four variables of five categories, five options; weights."""
    answers = {}
    for item in ITEMS:
        x = rng.integers(1, 6, n).astype(float)
        x[rng.integers(0, n, n // 50)] = np.nan
        answers[item.name] = x
    groups = {name: pd.Categorical(rng.integers(1, 6, n)) for name in ("TIER", "AGE", "REGION", "CITY")}
    options = {f"CH_{i}": rng.integers(0, 2, n).astype(float) for i in range(5)}
    return pd.DataFrame(answers), pd.DataFrame(groups | options), rng.uniform(0.5, 2, n)


def timed(title: str, *arguments: object, **more: object) -> Banner:
    start = time.perf_counter()
    table = banner(*arguments, **more)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    print(f"{title:<58} {len(table.columns) - 1:>3} columns {seconds:7.2f} s")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--respondents", type=int, default=1_000_000)
    n = parser.parse_args().respondents
    answers, groups, weights = made_up(n, np.random.default_rng(1))
    four = [Span(variables=(name,)) for name in ("TIER", "AGE", "REGION", "CITY")]
    overlapping = [*four[:3], OverlappingSpan(name="CH", options=tuple(f"CH_{i}" for i in range(5)))]
    print(f"{n:,} respondents, 60 items")
    timed("four spans of five, unweighted", answers, ITEMS, four, groups=groups)
    table = timed("four spans of five, weighted", answers, ITEMS, four, groups=groups, weights=weights)
    timed(
        "three spans of five, five that overlap, weighted",
        answers,
        ITEMS,
        overlapping,
        groups=groups,
        weights=weights,
    )
    timed(
        "tier nested in age, weighted",
        answers,
        ITEMS,
        [Span(variables=("AGE", "TIER"))],
        groups=groups,
        weights=weights,
    )
    few = min(n, 100_000)
    timed(
        f"by tier, {few:,} respondents, weighted",
        answers[:few],
        ITEMS,
        four[:1],
        groups=groups[:few],
        weights=weights[:few],
    )
    start = time.perf_counter()
    frame = table.to_frame()
    print(f"{'as a tidy frame':<58} {len(frame):>6,} cells {time.perf_counter() - start:7.2f} s")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB, the data among it"
    )


if __name__ == "__main__":
    main()
