"""Which counts a report does not show, because few people stand behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analysis.banners.counts import Array
from analysis.banners.declared import DeclaredBanner
from analysis.banners.small_cells import hidden_bases, hidden_cells
from analysis.crosstabs import MultipleResponse
from analysis.groups import GroupComparison
from analysis.nps import NetPromoterScore

SCORES = ("promoters", "passives", "detractors", "net_promoter_score")
Unseen = frozenset[tuple[str, str | None]]  #: rows and groups (None: all) that are not shown


def hidden(counts: Sequence[int], minimum: int) -> frozenset[int]:
    """Places of the counts that are not shown.

    A count is hidden if it is below ``minimum`` and not zero. Where those hidden add up to less than
    ``minimum``, the smallest of the others is hidden too: the total is known, and what is missing from
    it could otherwise be worked out.

    Examples
    --------
    >>> sorted(hidden([9, 6, 2, 0], 5)), sorted(hidden([9, 4, 4], 5)), sorted(hidden([9, 8], 5))
    ([1, 2], [1, 2], [])
    """
    small = [at for at, count in enumerate(counts) if 0 < count < minimum]
    if small and sum(counts[at] for at in small) < minimum:
        others = [at for at, count in enumerate(counts) if count >= minimum]
        small += sorted(others, key=lambda at: counts[at])[:1]
    return frozenset(small)


def hidden_groups(result: GroupComparison | NetPromoterScore, minimum: int) -> frozenset[str]:
    """Groups of a comparison that are not shown."""
    names = [str(group.group) for group in result.groups]
    return frozenset(names[at] for at in hidden([group.n for group in result.groups], minimum))


def hidden_scores(result: NetPromoterScore, minimum: int, banners: Sequence[DeclaredBanner] = ()) -> Unseen:
    """Shares and scores of groups that are not shown: rows are ``SCORES``.

    The shares of a group add up to 1, those of a kind over the groups to the total, and the score is the
    difference of two: shares go, too, while a small one follows from the others by any of these. What a
    banner table of the same question and groups hides is hidden here, and nothing else. The interval of the
    score of a group with a hidden share must not be shown: its width tells promoters and detractors apart.

    Parameters
    ----------
    result : NetPromoterScore
    minimum : int
        Of respondents.
    banners : sequence of DeclaredBanner
        Of the same population.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.nps import net_promoter_score
    >>> tier = pd.Series(pd.Categorical(["1"] * 30 + ["2"] * 24 + ["3"] * 20), name="TIER")
    >>> rating = [9] * 10 + [8] * 10 + [5] * 10 + [9] * 9 + [8] * 8 + [5] * 7 + [9] * 10 + [8] * 7 + [5] * 3
    >>> unseen = hidden_scores(net_promoter_score(pd.Series(rating, name="NPS"), tier), 5)
    >>> sorted(unseen)[:4]
    [('detractors', '2'), ('detractors', '3'), ('passives', '2'), ('passives', '3')]
    """
    groups = [str(score.group) for score in result.groups]
    told = _of_banners(banners, result.item, SCORES, result.grouping, groups)
    if told is not None:
        return told
    scores = (result.overall, *result.groups)
    counts = np.array([[s.promoters, s.passives, s.detractors, np.nan] for s in scores], dtype=float).T
    values = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, -1]])
    return _hidden(SCORES, groups, np.array([float(s.n) for s in scores]), counts, values, minimum)


def hidden_shares(result: MultipleResponse, minimum: int, banners: Sequence[DeclaredBanner] = ()) -> Unseen:
    """Options and groups whose shares are not shown, as in a banner table of the same question and groups."""
    groups = [str(group) for group in result.groups]
    item = result.options[0].rpartition("_")[0]
    told = _of_banners(banners, item, result.options, result.grouping, groups)
    if told is not None:
        return told
    by_place = {(share.option, share.group): share for share in result.shares}
    unseen: Unseen = frozenset()
    for option in result.options:  # every option is a question of its own: picked or not
        own = [by_place[option, group] for group in (None, *result.groups)]
        base = np.array([float(share.base) for share in own])
        counts = np.array([[float(share.count) for share in own]])
        unseen |= _hidden((option,), groups, base, counts, np.array([[1.0, 0.0]]), minimum)
    return unseen


def _hidden(
    rows: Sequence[str],
    groups: Sequence[str],
    n: Array,
    counts: Array,
    values: Array,
    minimum: int,
) -> Unseen:
    """By the rule of banner tables, of a total and the groups that divide it."""
    k = len(groups)
    outside = n[0] > n[1:].sum() or not k
    patterns = np.column_stack([np.ones(k + outside), np.eye(k + outside, k)])
    lines = [list(range(1, k + 1))] if k else []
    gone = hidden_bases(n, patterns, lines, minimum)
    found = hidden_cells(counts, values, gone, patterns, lines, minimum)
    names = (None, *groups)
    return frozenset((rows[r], names[c]) for r, c in np.argwhere(found).tolist())


def _of_banners(
    banners: Sequence[DeclaredBanner],
    item: str,
    rows: Sequence[str],
    grouping: str | None,
    groups: Sequence[str],
) -> Unseen | None:
    """What banner tables hide of a question by these groups; None where there is none."""
    unseen: set[tuple[str, str | None]] = set()
    told = False
    for made in banners:
        columns: Mapping[str | None, int] = {None: 0} | {
            column.path[0][1]: at
            for at, column in enumerate(made.table.columns)
            if len(column.path) == 1 and column.path[0][0] == grouping
        }
        if not set(groups) <= set(columns):
            continue
        for asked in made.table.items:
            own = {row.name: row for row in asked.rows}
            if asked.name != item or not set(rows) <= set(own):
                continue
            told = True
            unseen |= {
                (name, group)
                for name in rows
                for group in (None, *groups)
                if own[name].suppressed and own[name].suppressed[columns[group]]
            }
    return frozenset(unseen) if told else None
