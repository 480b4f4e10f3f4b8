"""Ranks in a weighted sample, and what each respondent does to statistics of them.

Ranks are estimated: who joins a sample moves the ranks of all who answer higher. An error that takes ranks
for given numbers leaves this out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.weighting import step_of

WEIGHTING = step_of(
    "analysis.rank_versions.rank_coefficient", "analysis.weighted.ranks.weighted_rank_coefficient"
)

Array = npt.NDArray[np.float64]


def mid_ranks(values: Array, share: Array) -> Array:
    """Share of the population that answers lower, and half of the share that answers the same.

    Parameters
    ----------
    values : array, shape (n_respondents,)
    share : array, shape (n_respondents,)
        Of the population that each respondent stands for; adds up to 1.

    Examples
    --------
    >>> mid_ranks(np.array([2.0, 1.0, 2.0, 5.0]), np.array([0.25, 0.25, 0.25, 0.25])).tolist()
    [0.5, 0.125, 0.5, 0.875]
    """
    codes = np.unique(values, return_inverse=True)[1]
    mass = np.bincount(codes, weights=share)
    return np.asarray((np.cumsum(mass) - mass / 2)[codes])


def rank_coefficients(data: Array, share: Array) -> Array:
    """Standardised coefficients of the first column on the others, all replaced by their ranks.

    Parameters
    ----------
    data : array, shape (n_respondents, 1 + n_predictors)
    share : array, shape (n_respondents,)
        See :func:`mid_ranks`.

    Examples
    --------
    >>> data = np.array([[1.0, 3, 2, 5, 4, 40], [1.0, 2, 3, 4, 5, 6]]).T
    >>> rank_coefficients(data, np.full(6, 1 / 6)).round(4).tolist()
    [0.8857]
    """
    z = _standardised(data, share)[0]
    correlations = (z * share[:, None]).T @ z
    return np.asarray(np.linalg.solve(correlations[1:, 1:], correlations[1:, 0]))


def rank_influence(data: Array, share: Array) -> Array:
    """Influence of each respondent on the first of :func:`rank_coefficients`.

    To the influence value ``psi(z_i)`` of a standardised coefficient is added what respondent i does to
    everybody's ranks, ``sum_jv share_j psi_v(z_j) (K_v(i, j) - r_jv)``, with ``psi_v`` the derivative by
    variable v and ``K_v(i, j)`` 1 if i answers lower than j, 1/2 if the same: the Hajek projection.

    Returns
    -------
    array, shape (n_respondents,)
        Of mean zero by ``share``; the coefficient moves by ``share_i`` times this.
    """
    z, spread = _standardised(data, share)
    zy, zx = z[:, 0], z[:, 1:]
    first = np.linalg.inv((zx * share[:, None]).T @ zx)[0]
    beta = rank_coefficients(data, share)
    residual, pull = zy - zx @ beta, zx @ first
    influence = pull * residual + beta[0] * (zx[:, 0] ** 2 - zy**2) / 2
    slopes = np.column_stack([pull - beta[0] * zy, np.outer(residual, first) - np.outer(pull, beta)])
    slopes[:, 1] += beta[0] * zx[:, 0]
    for column, slope, sd in zip(data.T, slopes.T, spread, strict=True):
        codes = np.unique(column, return_inverse=True)[1]
        by_value = np.bincount(codes, weights=share * slope)
        # a respondent lifts those above, and half of those who answer the same
        moved = (by_value[::-1].cumsum()[::-1] - by_value / 2)[codes]
        influence = influence + (moved - share @ moved) / sd
    return np.asarray(influence)


def _standardised(data: Array, share: Array) -> tuple[Array, Array]:
    """Ranks as z-scores, and the spread of the ranks."""
    ranks = np.column_stack([mid_ranks(column, share) for column in data.T]) - 0.5
    spread = np.sqrt(share @ ranks**2)
    return ranks / spread, np.asarray(spread)
