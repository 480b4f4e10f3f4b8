"""How well the share of variance between groups is known, whatever the spreads of the groups."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from analysis.results import Interval
from analysis.squared_effects import SquaredEffect
from analysis.weighting import no_estimate, step_of

WEIGHTING = step_of("analysis.groups.compare_groups", "analysis.items_by_tier.items_by_tier")

Array = npt.NDArray[np.float64]

SMALLEST = 1e-12  #: share below which the means are the same


def share_errors(counts: Array, values: Array) -> tuple[Array, Array]:
    """Standard errors of eta squared by leaving out one respondent at a time, and their degrees of freedom.

    With ``p_i = (n - 1) / n (eta^2 - eta^2 without i)`` the variance is ``n / (n - 1) sum (p_i - mean p)^2``
    [1]_, on ``3 v^2 / sum d_i^4`` degrees of freedom for the scaled deviations d, at most n less the groups
    (:meth:`analysis.design.spread.Spread.df`). Of those of one group who answered alike one is as good as
    another.

    Parameters
    ----------
    counts : array, shape (n_items, n_groups, n_answers)
        How many respondents of a group gave an answer.
    values : array, shape (n_answers,), (n_items, 1, n_answers) or (n_items, n_groups, n_answers)

    Returns
    -------
    pair of array, shape (n_items,)
        NaN where everybody gave one answer.

    References
    ----------
    .. [1] Wolter, K. M. (2007). Introduction to variance estimation (2nd ed., chapter 4). Springer.

    Examples
    --------
    >>> error, df = share_errors(np.array([[[4.0, 3, 1], [1, 3, 4]]]), np.array([1.0, 2, 3]))
    >>> error.round(4).tolist(), df.round(2).tolist()
    ([0.2381], [11.63])
    """
    n = counts.sum(axis=(1, 2))[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        y = values - (counts * values).sum(axis=(1, 2))[:, None, None] / n
        size, total = counts.sum(axis=2, keepdims=True), (counts * y).sum(axis=2, keepdims=True)
        own = np.where(size > 0, total**2 / np.where(size > 0, size, 1), 0.0)
        between, square = own.sum(axis=1, keepdims=True), (counts * y**2).sum(axis=(1, 2))[:, None, None]
        left = np.where(size > 1, (total - y) ** 2 / np.where(size > 1, size - 1, 1), 0.0)
        without = ((between - own + left) / (n - 1) - (y / (n - 1)) ** 2) / (
            (square - y**2) / (n - 1) - (y / (n - 1)) ** 2
        )
        moved = (n - 1) / n * (between / square - without)
        moved = np.where((counts > 0) & np.isfinite(moved), moved, 0.0)
        deviation = moved - (counts * moved).sum(axis=(1, 2))[:, None, None] / n
        variance = (n / (n - 1))[:, 0, 0] * (counts * deviation**2).sum(axis=(1, 2))
        fourth = (n / (n - 1))[:, 0, 0] ** 2 * (counts * deviation**4).sum(axis=(1, 2))
        most = n[:, 0, 0] - (size[:, :, 0] > 0).sum(axis=1)
        df = np.minimum(np.where(fourth > 0, 3 * variance**2 / fourth, np.inf), most)
    varies = square[:, 0, 0] > 1e-12 * np.maximum(n[:, 0, 0], 1)
    return np.where(varies, np.sqrt(variance), np.nan), np.where(varies, df, np.nan)


@no_estimate("arithmetic")
def share_interval(
    eta_squared: float, std_error: float, df: float, between: int, confidence_level: float
) -> Interval | None:
    """Interval of the population's share of variance, as of a squared length; None where it has no error.

    Parameters
    ----------
    eta_squared : float
        As in the sample, not corrected for bias.
    between : int
        Differences that it adds up: groups less one.

    Examples
    --------
    >>> found = share_interval(0.2, 0.05, 100.0, 2, 0.95)
    >>> round(found.low, 3), round(found.high, 3)
    (0.11, 0.308)
    """
    if not (math.isfinite(std_error) and std_error > 0 and df >= 1 and eta_squared > SMALLEST):
        return None
    effect = SquaredEffect(estimate=eta_squared, std_error=std_error, df=between, denominator_df=df)
    return effect.interval(confidence_level)
