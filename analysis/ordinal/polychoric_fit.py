"""Two-step maximum likelihood for polychoric correlations, all pairs of items at once.

First the thresholds, from the margin of each item; then, with these held, the correlation that makes the
two-way table of each pair most likely. Arrays run over pairs first: ``(n_pairs, K, K)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from analysis.ordinal.bivariate_normal import FAR, bivariate_normal_cdf, bivariate_normal_pdf, pdf_slope
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.ordinal.polychoric.polychoric_correlations")

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
ZeroCells = Literal["binary", "keep"]

#: Correlations are sought between minus and plus this.
BOUND = 1 - 1e-6
#: A correlation nearer to 1 than this was stopped by the bound rather than found.
AT_BOUND = 0.9999
#: Smaller probabilities are rounding noise of the distribution function.
LEAST_PROBABILITY = 1e-14


def thresholds_of(counts: Array) -> Array:
    """Standard normal quantiles of the cumulative shares, between minus and plus infinity.

    Parameters
    ----------
    counts : array, shape (n_items, K)
        Respondents in each category; items with fewer than K categories end in zeros.

    Returns
    -------
    Array, shape (n_items, K + 1)

    Examples
    --------
    >>> thresholds_of(np.array([[25.0, 25.0, 50.0]])).round(4).tolist()
    [[-inf, -0.6745, 0.0, inf]]
    """
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    shares = np.concatenate([np.zeros_like(total), np.cumsum(counts, axis=1) / total], axis=1)
    last = counts.shape[1] - (counts[:, ::-1] > 0).argmax(axis=1)
    # A share summed to 1 - 1e-16 must still end at infinity.
    shares[np.arange(counts.shape[1] + 1) >= last[:, None]] = 1.0
    return np.asarray(ndtri(shares))


def fill_zero_cells(tables: Array, binary: Flags, rule: ZeroCells) -> Array:
    """Tables with their empty cells treated after a named rule (see ``polychoric_correlations``)."""
    if rule == "keep":
        return tables
    filled = tables.copy()
    two_by_two = tables[:, :2, :2]
    empty = two_by_two == 0
    on_diagonal = (empty[:, 0, 0] | empty[:, 1, 1]) & binary
    off_diagonal = (empty[:, 0, 1] | empty[:, 1, 0]) & binary
    shift = 0.5 * (on_diagonal.astype(float) - off_diagonal)[:, None, None]
    filled[:, :2, :2] = two_by_two + shift * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return filled


@dataclass(frozen=True, slots=True)
class Cells:
    """Probability of each cell and its derivatives by the correlation, shape (n_pairs, K, K)."""

    probability: Array
    slope: Array
    curvature: Array


def cells(tau_i: Array, tau_j: Array, rho: Array) -> Cells:
    """What a bivariate normal distribution cut at the thresholds expects in each cell."""
    h, k, r = tau_i[:, 1:-1, None], tau_j[:, None, 1:-1], rho[:, None, None]
    corners = np.zeros((len(rho), tau_i.shape[1], tau_j.shape[1]))
    corners[:, 1:-1, 1:-1] = bivariate_normal_cdf(h, k, r)
    corners[:, -1, :] = ndtr(tau_j)
    corners[:, :, -1] = ndtr(tau_i)
    density = bivariate_normal_pdf(h, k, r)
    return Cells(
        np.maximum(_rectangles(corners), LEAST_PROBABILITY),
        _rectangles(_framed(density)),
        _rectangles(_framed(density * pdf_slope(h, k, r))),
    )


def _framed(inner: Array) -> Array:
    return np.pad(inner, ((0, 0), (1, 1), (1, 1)))


def _rectangles(corners: Array) -> Array:
    rows = corners[:, 1:] - corners[:, :-1]
    return np.asarray(rows[:, :, 1:] - rows[:, :, :-1])


@dataclass(frozen=True, slots=True)
class CorrelationFit:
    """Correlations of the pairs that were asked for."""

    rho: Array
    converged: Flags
    n_iterations: int

    @property
    def at_bound(self) -> Flags:
        return np.abs(self.rho) > AT_BOUND


def fit_correlations(
    tables: Array, tau_i: Array, tau_j: Array, *, tolerance: float = 1e-10, most_iterations: int = 100
) -> CorrelationFit:
    """The correlation at which the score changes its sign, by Newton steps kept in a bracket.

    Parameters
    ----------
    tables : array, shape (n_pairs, K, K)
    tau_i, tau_j : array, shape (n_pairs, K + 1)
        Thresholds of the first (rows) and second item (columns) of each pair.
    """
    rho = _start(tables, tau_i, tau_j)
    low, high = np.full_like(rho, -BOUND), np.full_like(rho, BOUND)
    todo = np.arange(len(rho))
    iteration = 0
    while len(todo) and iteration < most_iterations:
        iteration += 1
        r, table = rho[todo], tables[todo]
        expected = cells(tau_i[todo], tau_j[todo], r)
        per_cell = expected.slope / expected.probability
        score = (table * per_cell).sum(axis=(1, 2))
        bend = (table * (expected.curvature / expected.probability - per_cell**2)).sum(axis=(1, 2))
        low[todo] = np.where(score > 0, r, low[todo])
        high[todo] = np.where(score > 0, high[todo], r)
        new = r - score / np.where(bend < 0, bend, -1.0)
        outside = (bend >= 0) | (new < low[todo]) | (new > high[todo])
        new = np.where(outside, (low[todo] + high[todo]) / 2, new)
        # Nothing left to gain: the answers to one item follow from those to the other.
        flat = np.maximum(np.abs(score), np.abs(bend)) < 1e-9 * table.sum(axis=(1, 2))
        new = np.where(flat, np.copysign(1.0, r), new)
        rho[todo] = new
        todo = todo[(np.abs(new - r) > tolerance) & ~flat]
    converged = np.ones(len(rho), dtype=bool)
    converged[todo] = False
    return CorrelationFit(rho, converged, iteration)


def _start(tables: Array, tau_i: Array, tau_j: Array) -> Array:
    """Covariance of the categories' normal means over the product of the variances of these means."""
    x, y = _category_means(tau_i), _category_means(tau_j)
    share = tables / tables.sum(axis=(1, 2), keepdims=True)
    centred_x = x - (share.sum(axis=2) * x).sum(axis=1, keepdims=True)
    centred_y = y - (share.sum(axis=1) * y).sum(axis=1, keepdims=True)
    together = np.matmul(centred_x[:, None, :], np.matmul(share, centred_y[:, :, None]))[:, 0, 0]
    spread = (share.sum(axis=2) * centred_x**2).sum(axis=1) * (share.sum(axis=1) * centred_y**2).sum(axis=1)
    return np.asarray(np.clip(together / np.maximum(spread, 1e-12), -0.9, 0.9))


def _category_means(tau: Array) -> Array:
    density = np.exp(-(np.clip(tau, -FAR, FAR) ** 2) / 2) / np.sqrt(2 * np.pi)
    share = np.diff(ndtr(tau), axis=1)
    return np.asarray(-np.diff(density, axis=1) / np.maximum(share, 1e-12))
