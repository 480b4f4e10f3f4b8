"""How long latent classes take, by respondents, items and classes.

uv run python benchmarks/latent_class_speed.py
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from analysis.latent_class.classes import latent_classes
from analysis.latent_class.number import bootstrap_likelihood_ratio


def drawn(n: int, items: int, categories: int, classes: int, rng: np.random.Generator) -> pd.DataFrame:
    p = rng.dirichlet(np.full(categories, 0.8), size=(classes, items)).cumsum(axis=2)
    kind = rng.integers(0, classes, n)
    return pd.DataFrame((rng.random((n, items))[:, :, None] > p[kind]).sum(axis=2))


def main() -> None:
    rng = np.random.default_rng(1)
    for n, items, categories, classes in ((1000, 8, 2, 3), (2000, 10, 5, 4), (20_000, 8, 3, 4)):
        data = drawn(n, items, categories, classes, rng)
        start = time.perf_counter()
        found = latent_classes(data, classes=classes, rng=rng)
        seconds = time.perf_counter() - start
        print(f"n={n}, {items} items of {categories}, {classes} classes: {seconds:.2f} s, {found.state}")
    data = drawn(1000, 8, 2, 3, rng)
    one, two = (latent_classes(data, classes=k, rng=rng) for k in (3, 4))
    start = time.perf_counter()
    test = bootstrap_likelihood_ratio(data, one, two, rng=rng)
    print(f"bootstrap test, 99 replicates: {time.perf_counter() - start:.1f} s, p = {test.p_value}")


if __name__ == "__main__":
    main()
