"""How one respondent moves thresholds and polychoric correlations: their asymptotic covariance matrix.

Both steps of the estimation solve equations whose sum over respondents is zero, so each respondent shifts the
thresholds by ``(1[answer <= k] - share) / (n phi(threshold))`` and a correlation by

    (score of the correlation - A21 (shift of the thresholds of both items)) / A22

where ``A22`` is the sum of squared scores of the correlation and ``A21`` the sum of its products with the
scores of the pair's thresholds [1]_, [2]_: observed sums, as lavaan takes them, not expectations. A shift
depends on the two answers alone, so it is a table the size of the pair's. Sums of squares of the shifts, with
the counts of that table, are the variances; sums of products over respondents are the covariances.

References
----------
.. [1] Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical, and
   continuous latent variable indicators. Psychometrika, 49, 115-132.
.. [2] Jöreskog, K. G. (1994). On the estimation of polychoric correlations and their asymptotic covariance
   matrix. Psychometrika, 59, 381-389.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.special import ndtr

from analysis.ordinal.bivariate_normal import FAR
from analysis.ordinal.polychoric_fit import cells
from analysis.ordinal.tables import Cells, Codes, pair_cells, pairs
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.ordinal.polychoric.polychoric_correlations")

Array = npt.NDArray[np.float64]

#: Respondents times moments held at a time while covariances are summed.
BATCH = 4_000_000


@dataclass(frozen=True, slots=True)
class Influence:
    """Shifts by answer; category 0, no answer, shifts no threshold and no correlation of its own."""

    thresholds: tuple[Array, ...]  #: per item, shape (n_thresholds, K + 1)
    correlations: Array  #: shape (n_pairs, K + 1, K + 1); NaN for a pair without a correlation

    def correlation_variances(self, tables: Array) -> Array:
        """Variances of the correlations from the pairs' tables (with the row and column of no answer)."""
        return np.asarray((tables * self.correlations**2).sum(axis=(1, 2)))


def influence(tables: Array, counts: Array, tau: Array, rho: Array) -> Influence:
    """The shifts of every threshold and correlation.

    Parameters
    ----------
    tables : array, shape (n_pairs, K + 1, K + 1)
        Two-way tables, no answer as category 0.
    counts : array, shape (n_items, K)
        Respondents in each category.
    tau : array, shape (n_items, K + 1)
        Thresholds from minus to plus infinity.
    rho : array, shape (n_pairs,)
        NaN for a pair that has no correlation.
    """
    first, second = pairs(len(tau))
    shifts = _threshold_shifts(counts, tau)
    score, by_i, by_j = _scores(tables[:, 1:, 1:], tau[first], tau[second], rho)
    own = (tables[:, 1:, 1:] * score**2).sum(axis=(1, 2))
    shift = np.zeros_like(tables)
    shift[:, 1:, 1:] = score
    shift -= np.matmul(by_i[:, None, :], shifts[first])[:, 0, :, None]
    shift -= np.matmul(by_j[:, None, :], shifts[second])[:, 0, None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        shift /= own[:, None, None]
    n_thresholds = (counts > 0).sum(axis=1) - 1
    per_item = tuple(shifts[i, : max(k, 0)] for i, k in enumerate(n_thresholds))
    return Influence(per_item, shift)


def _threshold_shifts(counts: Array, tau: Array) -> Array:
    """Shape (n_items, K - 1, K + 1); zero for a threshold at infinity."""
    n_categories = counts.shape[1]
    finite = np.isfinite(tau[:, 1:-1])
    n = np.maximum(counts.sum(axis=1), 1e-300)[:, None, None]
    at_most = np.arange(1, n_categories + 1) <= np.arange(1, n_categories)[:, None]
    density = _density(np.where(finite, tau[:, 1:-1], 0.0))[:, :, None]
    shifts = np.zeros((len(tau), n_categories - 1, n_categories + 1))
    above_share = at_most - ndtr(tau[:, 1:-1])[:, :, None]
    shifts[:, :, 1:] = np.where(finite[:, :, None], above_share / (n * density), 0.0)
    return shifts


def _scores(tables: Array, tau_i: Array, tau_j: Array, rho: Array) -> tuple[Array, Array, Array]:
    """Score of rho in each cell, and its summed products with the scores of both items' thresholds."""
    expected = cells(tau_i, tau_j, rho)
    score = expected.slope / expected.probability
    weighted = tables * score / expected.probability
    # Raising the threshold under a category gives to the category below what it takes from that above.
    by_i = (-np.diff(weighted, axis=1) * _lines(tau_i, tau_j, rho)).sum(axis=2)
    weighted = weighted.transpose(0, 2, 1)
    by_j = (-np.diff(weighted, axis=1) * _lines(tau_j, tau_i, rho)).sum(axis=2)
    return score, by_i, by_j


def _lines(tau_i: Array, tau_j: Array, rho: Array) -> Array:
    """Density at each threshold of i together with each category of j, shape (n_pairs, K - 1, K)."""
    h, r = np.clip(tau_i[:, 1:-1, None], -FAR, FAR), rho[:, None, None]
    below = ndtr((tau_j[:, None, :] - r * h) / np.sqrt((1 - r) * (1 + r)))
    return np.asarray(_density(h) * np.diff(below, axis=2))


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))


def sum_of_products(codes: Codes, weights: Array | None, shifts: Influence) -> Array:
    """Covariance matrix of all thresholds, item by item, then all correlations, pair by pair.

    Parameters
    ----------
    codes : array, shape (n_respondents, n_items)
    weights : array, shape (n_respondents,), or None
        What products are multiplied with: frequency weights, or these times squared sampling weights.
    """
    size = sum(len(table) for table in shifts.thresholds) + len(shifts.correlations)
    total = np.zeros((size, size))
    for rows, moved in _shifts_of(codes, shifts):
        if weights is not None:
            moved *= np.sqrt(weights[rows])
        total += moved @ moved.T
    return total


def sums_in_clusters(
    codes: Codes, weights: Array | None, shifts: Influence, clusters: Cells, n_clusters: int
) -> Array:
    """Weighted shifts of thresholds and correlations summed over the members of each cluster.

    Returns
    -------
    Array, shape (n_thresholds + n_pairs, n_clusters)
        Their outer product is the covariance matrix of clusters drawn together, but for the factor
        ``n_clusters / (n_clusters - 1)``.
    """
    size = sum(len(table) for table in shifts.thresholds) + len(shifts.correlations)
    total = np.zeros((size, n_clusters))
    for rows, moved in _shifts_of(codes, shifts):
        if weights is not None:
            moved *= weights[rows]
        own = clusters[rows]
        member = csr_array((np.ones(len(own)), (own, np.arange(len(own)))), shape=(n_clusters, len(own)))
        total += np.asarray(member @ moved.T).T
    return total


def _shifts_of(codes: Codes, shifts: Influence) -> Iterator[tuple[slice, Array]]:
    """Shifts by respondent, shape (n_thresholds + n_pairs, n_rows), in pieces that fit into memory."""
    n_thresholds = sum(len(table) for table in shifts.thresholds)
    n_pairs, side, _ = shifts.correlations.shape
    flat = np.ascontiguousarray(shifts.correlations).reshape(n_pairs * side * side)
    size = n_thresholds + n_pairs
    rows_at_once = max(1, BATCH // max(size, 1))
    for start in range(0, len(codes), rows_at_once):
        part = codes[start : start + rows_at_once]
        moved = np.empty((size, len(part)))
        row = 0
        for item, table in zip(part.T, shifts.thresholds, strict=True):
            moved[row : row + len(table)] = table[:, item]
            row += len(table)
        for rows, first, cell in pair_cells(part, side - 1):
            offset = side * side * np.arange(first, first + len(cell))[:, None]
            here = slice(n_thresholds + first, n_thresholds + first + len(cell))
            moved[here, rows] = flat[cell + offset]
        yield slice(start, start + rows_at_once), moved
