"""Indicators that the file's own figures cannot calibrate: held against stated assumptions instead.

Honest files are drawn with the file's item distributions and construct strengths, so that these
say nothing there. What honest items are like has to be assumed, and the assumption is a number here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from surveys.forensics.honest import COARSE
from surveys.forensics.indicators import Looked
from surveys.forensics.sheet import correlations

Array = npt.NDArray[np.float64]

#: Honest scales: mean latent loading of a file's items, and its spread between files. Alphas of four
#: items are then between 0.70 and 0.92 in nineteen files of twenty.
LOADING, LOADING_SPREAD = 0.75, 0.07
#: Standard deviation of item means within a construct, in standard deviations of an answer, where
#: wordings differ. The plain honest population has none.
WORDING_SPREAD = 0.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A value of a file, and what honest files give under the assumption."""

    value: Callable[[Looked], float | None]
    draw: Callable[[Looked, str, int, np.random.Generator], Array]


def _mean_correlations(looked: Looked) -> list[tuple[int, float]]:
    found = []
    for columns in looked.sheet.constructs(least=2):
        r = correlations(looked.answers[:, columns].T)
        found.append((len(columns), float(r[np.triu_indices(len(columns), 1)].mean())))
    return found


def strong_scales(looked: Looked) -> float | None:
    """Mean loading of items on their constructs, as latent responses have it."""
    found = _mean_correlations(looked)
    if not found:
        return None
    return float(np.mean([np.sqrt(np.clip(r * COARSE, 0.0, 1.0)) for _, r in found]))


def _draw_loadings(looked: Looked, _population: str, draws: int, rng: np.random.Generator) -> Array:
    n_constructs = max(len(looked.sheet.constructs(least=2)), 1)
    error = LOADING_SPREAD / np.sqrt(n_constructs)
    return np.asarray(LOADING + np.hypot(LOADING_SPREAD, error) * rng.standard_normal(draws))


def _equality(looked: Looked) -> tuple[float, int, float] | None:
    """Hotelling's statistic of equal item means summed over constructs, its df, mean correlation."""
    total, df, means = 0.0, 0, []
    for columns in looked.sheet.constructs(least=2):
        part = looked.answers[:, columns]
        differences = part[:, 1:] - part[:, :1]
        covariance = np.atleast_2d(np.cov(differences.T))
        if np.linalg.matrix_rank(covariance) < len(covariance):
            continue
        mean = differences.mean(axis=0)
        total += looked.sheet.n * float(mean @ np.linalg.solve(covariance, mean))
        df += len(mean)
        r = correlations(part.T)
        means.append(float(r[np.triu_indices(len(columns), 1)].mean()))
    return (total, df, float(np.mean(means))) if df else None


def even_means(looked: Looked) -> float | None:
    """Items of a construct have the same mean: minus the statistic against that, per degree of freedom."""
    found = _equality(looked)
    return None if found is None else -found[0] / found[1]


def _draw_means(looked: Looked, population: str, draws: int, rng: np.random.Generator) -> Array:
    found = _equality(looked)
    if found is None:
        return np.zeros(draws)
    _, df, r = found
    spread = 0.0 if population == "plain" else WORDING_SPREAD
    inflated = 1 + looked.sheet.n * spread**2 / max(1 - r, 0.05)
    return np.asarray(-inflated * rng.chisquare(df, draws) / df)


ASSUMED: Mapping[str, Assumed] = {
    "even_means": Assumed(value=even_means, draw=_draw_means),
    "strong_scales": Assumed(value=strong_scales, draw=_draw_loadings),
}
