"""Welch's test where normal theory is too bold: its statistic against resampled answers.

Welch's F lets variances differ but takes means for normal. Where answers pile up at one end and a tier is
small they are not, and the test rejects too often. Two ways out, each right under a null hypothesis of its
own:

``bootstrap_welch``
    Every group is resampled by itself and its mean taken off: the means are equal and everything else is
    as it was [1]_. Right when the smallest group has some 25 respondents or more.
``permutation_welch``
    Answers are dealt out anew among the groups. Exact when the groups answer alike; when only their means are
    equal still right in large samples, as the statistic is studentised [2]_.

Resamples in which a group says one thing have no statistic and count as larger than any.

References
----------
.. [1] Fisher, N. I., & Hall, P. (1990). On bootstrap hypothesis testing. Australian Journal of Statistics,
   32, 177-190.
.. [2] Chung, E., & Romano, J. P. (2013). Exact and asymptotically robust permutation tests. Annals of
   Statistics, 41, 484-507.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from analysis.groups import GroupTest, cross_table
from analysis.table_tests import Moments, moments, welch_f
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.recommended_test.recommend_test")

Array = npt.NDArray[np.float64]

EVEN = 1e-10  #: statistics nearer to each other than this, relatively, count as equal


def bootstrap_welch(
    by_group: Mapping[str, Array], *, rng: np.random.Generator, resamples: int = 1999
) -> GroupTest:
    """Welch's F against its bootstrap distribution under equal means.

    Parameters
    ----------
    by_group : mapping of str to array
        The answers of each group, at least 2 and not all the same.
    rng : numpy.random.Generator
    resamples : int
        The p-value is ``(1 + those at least as large) / (1 + resamples)``.

    Examples
    --------
    >>> answers = {"basic": np.tile([1.0, 2, 3, 4, 5], 8), "gold": np.repeat([3.0, 4, 5], [2, 10, 30])}
    >>> test = bootstrap_welch(answers, rng=np.random.default_rng(1), resamples=999)
    >>> round(test.statistic, 3), test.p_value
    (47.061, 0.001)
    """

    def drawn(table: Array, count: int) -> Moments:
        values = np.unique(np.concatenate(list(by_group.values())))
        sizes = table.sum(axis=1)
        groups = [rng.multinomial(int(n), row / n, size=count) for n, row in zip(sizes, table, strict=True)]
        of = moments(np.stack(groups, axis=1).astype(float), values)
        centre = (table * values).sum(axis=1) / sizes
        return Moments(n=of.n, mean=of.mean - centre, variance=of.variance, varies=of.varies)

    return _resampled(by_group, "welch_bootstrap", "Welch's test, bootstrap", drawn, resamples)


def permutation_welch(
    by_group: Mapping[str, Array], *, rng: np.random.Generator, resamples: int = 1999
) -> GroupTest:
    """Welch's F against its permutation distribution.

    Parameters as for :func:`bootstrap_welch`.

    Examples
    --------
    >>> answers = {"basic": np.tile([1.0, 2, 3, 4, 5], 8), "gold": np.repeat([3.0, 4, 5], [1, 2, 6])}
    >>> test = permutation_welch(answers, rng=np.random.default_rng(1), resamples=999)
    >>> round(test.statistic, 3), test.p_value
    (22.013, 0.002)
    """

    def drawn(table: Array, count: int) -> Moments:
        values = np.unique(np.concatenate(list(by_group.values())))
        return moments(permuted_tables(table, rng, count), values)

    return _resampled(by_group, "welch_permutation", "Welch's test, permutation", drawn, resamples)


def permuted_tables(table: Array, rng: np.random.Generator, count: int) -> Array:
    """Tables with the margins of this one, as dealing the answers out anew among the groups gives them.

    Parameters
    ----------
    table : array, shape (n_groups, n_answers)

    Returns
    -------
    array, shape (count, n_groups, n_answers)

    Examples
    --------
    >>> tables = permuted_tables(np.array([[3.0, 1.0], [0.0, 4.0]]), np.random.default_rng(1), 100)
    >>> np.unique(tables.sum(axis=1), axis=0).tolist(), np.unique(tables.sum(axis=2), axis=0).tolist()
    ([[3.0, 5.0]], [[4.0, 4.0]])
    """
    groups, answers = table.shape
    left = np.repeat(table.sum(axis=0)[None].astype(np.int64), count, axis=0)
    found = np.zeros((count, groups, answers))
    for group in range(groups - 1):
        wanted = np.full(count, int(table[group].sum()), dtype=np.int64)
        others = left.sum(axis=1)
        for answer in range(answers - 1):
            others = others - left[:, answer]
            taken = rng.hypergeometric(left[:, answer], others, wanted)
            found[:, group, answer] = taken
            left[:, answer] -= taken
            wanted = wanted - taken
        found[:, group, -1] = wanted
        left[:, -1] -= wanted
    found[:, -1] = left
    return found


def _resampled(
    by_group: Mapping[str, Array],
    measure: str,
    method: str,
    drawn: Callable[[Array, int], Moments],
    resamples: int,
) -> GroupTest:
    table = cross_table(list(by_group.values()))
    values = np.unique(np.concatenate(list(by_group.values())))
    seen = welch_f(moments(table[None], values))
    n = int(table.sum())
    if np.isnan(seen.statistic[0]):
        return GroupTest(
            measure=measure,
            method=method,
            n=n,
            statistic=None,
            df=(),
            p_value=None,
            state="constant",
            reason="a group has fewer than 2 respondents or a single answer",
        )
    statistic = float(seen.statistic[0])
    others = np.nan_to_num(welch_f(drawn(table, resamples)).statistic, nan=np.inf)
    reached = int((others >= statistic * (1 - EVEN)).sum())
    return GroupTest(
        measure=measure,
        method=f"{method} of {resamples} resamples",
        n=n,
        statistic=statistic,
        df=(),
        p_value=(1 + reached) / (1 + resamples),
    )
