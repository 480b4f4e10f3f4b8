"""Which counts a report does not show, because few people stand behind them."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.groups import GroupComparison
from analysis.nps import NetPromoterScore


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
