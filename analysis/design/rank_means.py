"""Mean ranks of groups as functions of the weighted sample, the ranks themselves estimated from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.design.design import Array, Codes
from analysis.design.linearization import Estimator, Linearized
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.group_tests.design_rank_test")


def rank_means(answers: Array, codes: Codes, groups: Sequence[int], each: Array) -> Estimator:
    """Mean rank in the population of each group.

    The rank of an answer is the weighted share of all below it plus half the share at it, F(y). A respondent
    of group g moves the mean rank of g by their own rank, ``w (F(y) - mean_g) / (W_g - w_1)``, and that of
    every group h by moving the ranks, ``w (P_h(Y > y) + P_h(Y = y) / 2 - mean_h) / W``. The weight w_1 of one
    respondent is taken from that of the group, as when they are left out.

    Parameters
    ----------
    answers : array, shape (n_rows,)
    codes : array of int, shape (n_rows,)
        Group of each row; -1 for rows outside.
    groups : sequence of int
        Codes of the groups compared, each with a respondent of positive weight.
    each : array, shape (n_rows,)
        Weight of one respondent of the row.

    Examples
    --------
    >>> found = rank_means(np.array([1.0, 2, 2, 3]), np.array([0, 0, 1, 1]), [0, 1],
    ...                    np.ones(4))(np.ones(4))
    >>> found.estimate.tolist(), found.influence[:, 0].tolist()
    ([0.3125, 0.6875], [-0.078125, 0.171875, -0.015625, -0.078125])
    """
    met, place = np.unique(answers[codes >= 0], return_inverse=True)
    used = codes >= 0
    level = np.zeros(len(answers), dtype=np.int64)
    level[used] = place

    def estimate(weights: Array) -> Linearized:
        w = np.where(used, weights, 0.0)
        mass = np.stack(
            [np.bincount(level, weights=np.where(codes == g, w, 0.0), minlength=len(met)) for g in groups]
        )
        size = mass.sum(axis=1)
        total = size.sum()
        everyone = mass.sum(axis=0)
        rank = (np.cumsum(everyone) - everyone / 2) / total
        shares = mass / size[:, None]
        means = shares @ rank
        above = 1 - np.cumsum(shares, axis=1) + shares / 2
        influence = w[:, None] * (above.T[level] - means) / total
        for at, g in enumerate(groups):
            inside = (codes == g) & (w > 0)
            left = size[at] - np.minimum(each[inside], w[inside])
            alone = left <= 1e-12 * size[at]  # who is alone has the mean rank
            own = w[inside] * (rank[level[inside]] - means[at])
            influence[inside, at] += np.where(alone, 0.0, own / np.where(alone, 1.0, left))
        return Linearized(estimate=means, influence=influence, used=np.asarray(used))

    return estimate
