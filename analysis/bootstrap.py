"""Resampling respondents, vectorised: counts instead of copies, moments instead of data.

A bootstrap resample is a vector of counts, how often each respondent was drawn. Every statistic
that depends on the data through sums is then a matrix product of counts and per-respondent terms,
so thousands of resamples cost a few multiplications.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.results import Interval
from analysis.weighting import step_of

WEIGHTING = step_of(
    "analysis.mediation.mediate", "analysis.reliability.bootstrap_alpha", "analysis.validity.htmt"
)

Array = npt.NDArray[np.float64]

SINGULAR = 1e-10  #: least eigenvalue of a correlation matrix that can be worked with
BATCH_CELLS = 4_000_000  #: counts held at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BootstrapDistribution:
    """Sorted estimates of all resamples that gave one.

    Examples
    --------
    >>> spread = BootstrapDistribution(draws=np.arange(1.0, 1000.0), failed=0)
    >>> round(spread.interval(0.95).low, 6)
    25.95
    >>> round(spread.tail(10.0, upper=True), 3)
    0.011
    """

    draws: Array
    failed: int  #: resamples in which the statistic does not exist

    @classmethod
    def of(cls, draws: Array) -> BootstrapDistribution:
        """Sort draws and count those that are not numbers."""
        finite = np.isfinite(draws)
        return cls(draws=np.sort(draws[finite]), failed=int((~finite).sum()))

    @classmethod
    def of_squared_length(cls, draws: Array, estimate: float) -> BootstrapDistribution:
        """Draws of an effect between 0 and 1 that is a squared length, freed of its bias.

        A squared length of noisy differences exceeds the length of the true ones on average, and that
        of their resamples exceeds it twice as much: the noise is added again. Twice the bias that the
        resamples show (Efron & Tibshirani 1993, chapter 10) is therefore taken from every draw.
        """
        finite = draws[np.isfinite(draws)]
        bias = float(finite.mean()) - estimate
        return cls(draws=np.sort(np.clip(finite - 2 * bias, 0.0, 1.0)), failed=len(draws) - len(finite))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BootstrapDistribution):
            return NotImplemented
        return self.failed == other.failed and np.array_equal(self.draws, other.draws)

    __hash__ = None  # type: ignore[assignment]

    @property
    def resamples(self) -> int:
        return len(self.draws) + self.failed

    @property
    def std_error(self) -> float:
        """Standard deviation of the draws."""
        return float(self.draws.std(ddof=1))

    def interval(self, confidence_level: float = 0.95) -> Interval:
        """Percentile interval."""
        tail = (1 - confidence_level) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        return Interval(low=float(low), high=float(high), confidence_level=confidence_level)

    def tail(self, value: float, *, upper: bool) -> float:
        """Share of draws on the far side of ``value``, with one added to both counts.

        With ``upper`` it is small when the effect is larger than ``value``; the percentile interval
        then lies above it.
        """
        below = int(np.searchsorted(self.draws, value, side="right" if upper else "left"))
        count = below if upper else len(self.draws) - below
        return (count + 1) / (len(self.draws) + 1)

    def p_value_against(self, value: float) -> float:
        """Two-sided p-value of "the effect equals ``value``", by inverting the percentile interval."""
        return min(1.0, 2 * min(self.tail(value, upper=True), self.tail(value, upper=False)))


def resampled_counts(rng: np.random.Generator, n: int, resamples: int) -> Iterator[Array]:
    """Batches of counts, each of shape (batch, n), that add up to ``resamples`` rows."""
    batch = max(1, min(resamples, BATCH_CELLS // max(n, 1)))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        drawn = rng.integers(0, n, size=(rows, n))
        drawn += np.arange(rows)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(float)


def resampled_sums(
    terms: Array, rng: np.random.Generator, resamples: int, clusters: npt.NDArray[np.int64] | None = None
) -> Array:
    """Sums of per-respondent terms over resampled respondents, or resampled clusters.

    Parameters
    ----------
    terms : array, shape (n_respondents, n_terms)
    clusters : array of int, shape (n_respondents,), optional
        Whole clusters are drawn instead of respondents.

    Returns
    -------
    array, shape (resamples, n_terms)
    """
    if clusters is not None:
        grouped = np.zeros((int(clusters.max()) + 1, terms.shape[1]))
        np.add.at(grouped, clusters, terms)
        terms = grouped
    return np.concatenate([counts @ terms for counts in resampled_counts(rng, len(terms), resamples)])


def resampled_correlations(
    data: Array, rng: np.random.Generator, resamples: int, clusters: npt.NDArray[np.int64] | None = None
) -> Array:
    """Correlation matrices of resamples.

    Parameters
    ----------
    data : array, shape (n_respondents, n_variables)
        Without missing values.

    Returns
    -------
    array, shape (resamples, n_variables, n_variables)
        Not a number where a variable does not vary in a resample.
    """
    k = data.shape[1]
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    i, j = np.triu_indices(k)
    terms = np.column_stack([np.ones(len(z)), z, z[:, i] * z[:, j]])
    sums = resampled_sums(terms, rng, resamples, clusters)
    return correlations_from_sums(sums, k)


def correlations_from_sums(sums: Array, k: int) -> Array:
    """Correlation matrices from sums of 1, the k variables, and their products in ``triu_indices`` order."""
    i, j = np.triu_indices(k)
    total, means = sums[:, :1], sums[:, 1 : k + 1] / sums[:, :1]
    cross = np.empty((len(sums), k, k))
    cross[:, i, j] = sums[:, k + 1 :] / total
    cross[:, j, i] = cross[:, i, j]
    covariance = cross - means[:, :, None] * means[:, None, :]
    variances = np.einsum("bii->bi", covariance)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(variances > 1e-12, 1 / np.sqrt(variances), np.nan)
        return covariance * scale[:, :, None] * scale[:, None, :]


def estimable(correlations: Array) -> Array:
    """Those of several correlation matrices in which no variable is an exact combination of others.

    Parameters
    ----------
    correlations : array, shape (resamples, n_variables, n_variables)
    """
    found = correlations[np.isfinite(correlations).all(axis=(1, 2))]
    return np.asarray(found[np.linalg.eigvalsh(found)[:, 0] > SINGULAR])
