"""How many respondents of each kind to ask for, and what weights follow when small tiers are asked more.

References
----------
.. [1] Kish, L. (1992). Weighting for unequal Pi. Journal of Official Statistics, 8, 183-200.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate

Shares = Mapping[str, float]  #: category -> share of the population


@dataclass(frozen=True, slots=True, kw_only=True)
class TierQuota:
    """One tier: what it is of the population, and how many are asked."""

    tier: str
    share: float
    n: int
    weight: float  #: makes the tiers count as in the population; their mean over respondents is 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaCell:
    """One category of one item within one tier."""

    tier: str
    item: str
    category: str
    share: float  #: of the category within the tier
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas(Tabular):
    """The quota sheet of one population."""

    population: str
    group: str | None  #: item of the tiers; None where the population has none
    n: int
    tiers: tuple[TierQuota, ...]
    cells: tuple[QuotaCell, ...]
    oversampled: tuple[str, ...] = ()  #: tiers asked more than their share
    state: str = "ok"
    reason: str = ""

    @property
    def design_effect(self) -> float:
        """Of the weights, ``n sum(w^2) / (sum w)^2`` [1]_: how many times more respondents they cost."""
        total = sum(tier.n * tier.weight for tier in self.tiers)
        squares = sum(tier.n * tier.weight**2 for tier in self.tiers)
        return self.n * squares / total**2 if total else 1.0

    @property
    def effective_n(self) -> float:
        """Respondents that the weighted sample is worth where all tiers are taken together."""
        return self.n / self.design_effect

    def entries(self) -> tuple[Entry, ...]:
        """The tiers, then the cells within them."""
        method = "largest remainders"
        rows = [
            Entry(
                measure="quota",
                method=method,
                about={"population": self.population, "tier": tier.tier},
                n=self.n,
                estimate=float(tier.n),
                more={"share": tier.share, "weight": tier.weight},
                state=self.state,
                reason=self.reason,
            )
            for tier in self.tiers
        ]
        rows += [
            Entry(
                measure="quota",
                method=method,
                about={
                    "population": self.population,
                    "tier": cell.tier,
                    "item": cell.item,
                    "category": cell.category,
                },
                n=self.n,
                estimate=float(cell.n),
                more={"share": cell.share},
            )
            for cell in self.cells
        ]
        return tuple(rows)


@no_estimate("planning")
def quotas(
    population: str,
    n: int,
    *,
    group: str | None,
    tiers: Shares,
    items: Mapping[str, Shares],
    least_per_tier: int = 0,
) -> Quotas:
    """Divide n respondents among tiers, and those of each tier among the categories of other items.

    Parameters
    ----------
    population : str
    n : int
        Respondents in all.
    group : str or None
        Item of the tiers.
    tiers : mapping
        Tier -> share of the population; empty where there are none.
    items : mapping
        Other item -> its categories' shares, which are taken to be the same in every tier.
    least_per_tier : int
        A tier whose share gives fewer respondents is asked for this many; the other tiers share the rest in
        proportion.

    Returns
    -------
    Quotas
        ``state`` is ``inadmissible`` when n does not suffice for the least of every tier; the tiers then
        have equal numbers.

    Examples
    --------
    >>> sheet = quotas("customers", 200, group="TIER", tiers={"1": 0.7, "2": 0.25, "3": 0.05}, items={},
    ...                least_per_tier=30)
    >>> [(tier.tier, tier.n, round(tier.weight, 3)) for tier in sheet.tiers], round(sheet.effective_n, 1)
    ([('1', 125, 1.12), ('2', 45, 1.111), ('3', 30, 0.333)], 185.5)
    """
    state, reason = "ok", ""
    names, shares = list(tiers), list(tiers.values())
    if names and least_per_tier * len(names) > n:
        state = "inadmissible"
        reason = f"{n} respondents do not give {least_per_tier} to each of {len(names)} tiers"
        counts = apportioned(n, [1.0] * len(names))
    else:
        counts = _with_least(n, shares, least_per_tier)
    found = tuple(
        TierQuota(tier=name, share=share, n=count, weight=share * n / count if count else 0.0)
        for name, share, count in zip(names, shares, counts, strict=True)
    )
    rows = [(tier.tier, tier.n) for tier in found] or [("", n)]
    cells = tuple(
        QuotaCell(tier=tier, item=item, category=category, share=share, n=count)
        for item, categories in items.items()
        for tier, in_tier in rows
        for (category, share), count in zip(
            categories.items(), apportioned(in_tier, list(categories.values())), strict=True
        )
    )
    proportional = apportioned(n, shares)
    return Quotas(
        population=population,
        group=group,
        n=n,
        tiers=found,
        cells=cells,
        oversampled=tuple(
            tier.tier for tier, usual in zip(found, proportional, strict=True) if tier.n > usual
        ),
        state=state,
        reason=reason,
    )


@no_estimate("planning")
def apportioned(n: int, shares: Sequence[float]) -> list[int]:
    """n divided in proportion to shares, whole and without loss, by largest remainders.

    >>> apportioned(10, [0.5, 0.25, 0.25])
    [5, 3, 2]
    """
    total = sum(shares)
    if not shares or total <= 0:
        return [0 for _ in shares]
    exact = [n * share / total for share in shares]
    counts = [int(value) for value in exact]
    order = sorted(range(len(shares)), key=lambda i: (-(exact[i] - counts[i]), i))
    for i in order[: n - sum(counts)]:
        counts[i] += 1
    return counts


def _with_least(n: int, shares: Sequence[float], least: int) -> list[int]:
    """In proportion to shares, but no tier below the least."""
    lifted: set[int] = set()
    while True:
        free = [i for i in range(len(shares)) if i not in lifted]
        rest = apportioned(n - least * len(lifted), [shares[i] for i in free])
        counts = [least] * len(shares)
        for i, count in zip(free, rest, strict=True):
            counts[i] = count
        low = {i for i in free if counts[i] < least}
        if not low:
            return counts
        lifted |= low
