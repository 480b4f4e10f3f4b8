"""Exact p-values of rank tests, given the ties.

All ways to deal the answers out are counted, not drawn: respondents who gave one answer are alike, so that
the count runs over answers instead of respondents. The two-sided p-value is the probability of a rank sum at
least as far from its expectation as the one seen, as ``coin::wilcox_test`` and ``coin::wilcoxsign_test`` with
``distribution = "exact"`` have it [1]_.

References
----------
.. [1] Streitberg, B., & Röhmel, J. (1986). Exact distributions for permutation and rank tests: an
   introduction to some recently published algorithms. Statistical Software Newsletter, 12, 10-17.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import comb
from scipy.stats import rankdata

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.two_groups.compare_two", "analysis.means.within_contrast")

Array = npt.NDArray[np.float64]

MOST = 200  #: respondents up to whom all ways are counted


def exact_rank_sum(a: Array, b: Array) -> float:
    """Two-sided exact p-value of Wilcoxon, Mann and Whitney's test.

    Parameters
    ----------
    a, b : array, shapes (n_a,) and (n_b,)
        Answers of two groups, together at most ``MOST``.

    Examples
    --------
    Five answers below five others: one way and its mirror image out of 252.

    >>> round(252 * exact_rank_sum(np.arange(5.0), np.arange(5.0, 10.0)), 9)
    2.0
    """
    # twice the ranks are whole numbers, ties or not
    doubled = np.rint(2 * rankdata(np.concatenate([a, b]))).astype(int)
    m, n = len(a), len(a) + len(b)
    score, ties = np.unique(doubled, return_counts=True)
    ways = np.zeros((m + 1, int(np.sort(doubled)[-m:].sum()) + 1))
    ways[0, 0] = 1.0
    for rank, tied in zip(score, ties, strict=True):
        before, ways = ways, np.zeros_like(ways)
        for taken in range(min(tied, m) + 1):
            shift = taken * rank
            if shift >= ways.shape[1]:
                break
            moved = before[: m + 1 - taken, : ways.shape[1] - shift]
            ways[taken:, shift:] += comb(tied, taken) * moved
    return _two_sided(ways[m], int(doubled[:m].sum()), m * (n + 1))


def exact_signed_rank(differences: Array) -> float:
    """Two-sided exact p-value of Wilcoxon's signed-rank test; differences of zero are dropped.

    Examples
    --------
    Five differences of one sign: one way and its mirror image out of 32.

    >>> round(32 * exact_signed_rank(np.array([1.0, 2, 3, 4, 5])), 9)
    2.0
    """
    moved = differences[differences != 0]
    doubled = np.rint(2 * rankdata(np.abs(moved))).astype(int)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1.0
    for rank in doubled:
        # either sign is as likely; halves keep the numbers small
        ways[rank:] = (ways[rank:] + ways[: len(ways) - rank]) / 2
        ways[:rank] /= 2
    return _two_sided(ways, int(doubled[moved > 0].sum()), int(doubled.sum()) / 2)


def _two_sided(ways: Array, seen: int, expected: float) -> float:
    distance = np.abs(np.arange(len(ways)) - expected)
    return min(1.0, float(ways[distance >= abs(seen - expected) - 1e-9].sum() / ways.sum()))
