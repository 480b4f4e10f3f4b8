"""Where two populations see things differently: gaps of items and constructs, overall and by tier."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.adjust import holm
from analysis.counted_rows import Counts, written_out
from analysis.descriptives import mean_interval
from analysis.results import Entry, Interval, Tabular
from analysis.tier_masks import tier_masks
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]

LEAST_CLUSTERS = 3  #: of a side: two say next to nothing about how clusters vary


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """A matter that both populations were asked about."""

    name: str
    first: str  #: the variable of the first population
    second: str  #: that of the second
    construct: str | None = None  #: the construct that an item belongs to; None for a row of its own
    width: float | None = None  #: highest less lowest point of the scale, where it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCell:
    """One matter in one tier (None: in all): mean of the first population less that of the second."""

    row: str
    tier: str | None
    n_first: int
    n_second: int
    mean_first: float | None = None
    mean_second: float | None = None
    estimate: float | None = None
    std_error: float | None = None
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None  #: Holm's, over all cells of the map
    interval: Interval | None = None  #: of the gap, not corrected for their number
    effect: float | None = None  #: Hedges' g, in weighted maps
    effect_interval: Interval | None = None
    state: str = "ok"
    reason: str = ""

    @property
    def about(self) -> dict[str, str]:
        """Row and tier, as entries name them."""
        return {"row": self.row, "tier": "all" if self.tier is None else self.tier}


@dataclass(frozen=True, slots=True, kw_only=True)
class GapMap(Tabular):
    """All gaps of two populations."""

    first: str
    second: str
    tier: str | None  #: the variable that divides the first population
    tiers: tuple[str, ...]
    rows: tuple[GapRow, ...]
    cells: tuple[GapCell, ...]  #: row by row: everybody, then the tiers in their order
    clustered: bool
    weighted: bool = False  #: by the sampling designs of the populations

    @property
    def method(self) -> str:
        """How errors are computed."""
        if self.weighted:
            return "difference of weighted means, variance of the designs"
        return "difference of means, cluster-robust errors" if self.clustered else "Welch's t test"

    @property
    def family(self) -> int:
        """How many tests the p-values are corrected for."""
        return sum(cell.p_value is not None for cell in self.cells)

    def of(self, row: str, tier: str | None = None) -> GapCell:
        """One cell; ``KeyError`` if there is none."""
        for cell in self.cells:
            if (cell.row, cell.tier) == (row, tier):
                return cell
        raise KeyError((row, tier))

    def entries(self) -> tuple[Entry, ...]:
        """``gap`` of every row in every tier; its ``hedges_g`` in weighted maps."""
        return (*self._gaps(), *self._effects())

    def _gaps(self) -> Iterator[Entry]:
        for cell in self.cells:
            yield Entry(
                measure="gap",
                method=self.method,
                about=cell.about,
                n=cell.n_first + cell.n_second,
                estimate=cell.estimate,
                std_error=cell.std_error,
                statistic=cell.statistic,
                df=() if cell.df is None else (cell.df,),
                p_value=cell.p_value,
                interval=cell.interval,
                more={
                    name: value
                    for name, value in (
                        ("p_adjusted", cell.p_adjusted),
                        ("mean_first", cell.mean_first),
                        ("mean_second", cell.mean_second),
                        ("n_first", float(cell.n_first)),
                        ("n_second", float(cell.n_second)),
                    )
                    if value is not None
                },
                state=cell.state,
                reason=cell.reason,
            )

    def _effects(self) -> Iterator[Entry]:
        for cell in self.cells:
            if cell.effect is not None:
                yield Entry(
                    measure="hedges_g",
                    method="Hedges' g, variance of the designs",
                    about=cell.about,
                    n=cell.n_first + cell.n_second,
                    estimate=cell.effect,
                    interval=cell.effect_interval,
                )


@refuses_weights(
    "its errors are those of two simple random samples of respondents or branches",
    instead="analysis.weighted.gap_map.weighted_gap_map",
    counts="rows",
)
def gap_map(
    first: pd.DataFrame,
    second: pd.DataFrame,
    rows: Sequence[GapRow],
    *,
    names: tuple[str, str] = ("first", "second"),
    tiers: pd.Series | None = None,
    clusters_first: pd.Series | None = None,
    clusters_second: pd.Series | None = None,
    minimum_n: int = 5,
    confidence_level: float = 0.95,
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
) -> GapMap:
    """Gaps between two populations for each row, of everybody and of each tier of the first population.

    Each tier is held against all of the second population, who have no tier. Errors know the clusters of
    either side: ``var(mean) = m / (m - 1) sum_c (sum_{i in c} (x_i - mean))^2 / n^2`` over m clusters, as R's
    ``survey::svymean`` has it, which is Welch's ``s^2 / n`` where every respondent is a cluster of one;
    degrees of freedom are Satterthwaite's. All p-values of the map form one family (Holm): whoever looks for
    the largest gap on a map has looked at all of it. The same answers of the second population stand behind
    every tier, so gaps of one row go together; Holm's correction does not mind.

    Parameters
    ----------
    first, second : DataFrame, shapes (n_first, n_variables) and (n_second, n_variables)
    rows : sequence of GapRow
        What is compared; both variables on the same scale.
    names : tuple of str
        What the populations are called.
    tiers : Series, shape (n_first,), optional
        Categories keep their order.
    clusters_first, clusters_second : Series, optional
        Branch of each respondent; respondents without one are left out.
    minimum_n : int
        A cell with fewer respondents on either side has no gap.
    counts_first, counts_second : array-like, shapes (n_first,) and (n_second,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    GapMap
        A cell's ``state`` is ``too_few`` (respondents, or clusters below 3) or ``constant`` when nobody on
        either side differs from the others; means are then still described.

    Examples
    --------
    >>> customers = pd.DataFrame({"SAT1": [2, 3, 2, 3, 2, 4, 3, 5.0]})
    >>> staff = pd.DataFrame({"SAT1": [4, 5, 4, 5, 4, 4.0]})
    >>> found = gap_map(customers, staff, [GapRow(name="SAT1", first="SAT1", second="SAT1")])
    >>> round(found.of("SAT1").estimate, 3), round(found.of("SAT1").p_adjusted, 4)
    (-1.333, 0.0109)
    """
    first, tiers, clusters_first = (
        written_out(first, counts_first),
        written_out(tiers, counts_first),
        written_out(clusters_first, counts_first),
    )
    second, clusters_second = written_out(second, counts_second), written_out(clusters_second, counts_second)
    if len({row.name for row in rows}) < len(rows):
        raise ValueError("two rows of a gap map have one name")
    divided = tier_masks(tiers)
    cells = []
    for row in rows:
        other = _Side.of(second[row.second], clusters_second)
        for tier, mine in (None, None), *divided:
            values = first[row.first] if mine is None else first[row.first].where(mine)
            cells.append(
                _cell(row.name, tier, _Side.of(values, clusters_first), other, minimum_n, confidence_level)
            )
    adjusted = holm([cell.p_value for cell in cells])
    return GapMap(
        first=names[0],
        second=names[1],
        tier=None if tiers is None else str(tiers.name),
        tiers=tuple(tier for tier, _ in divided),
        rows=tuple(rows),
        cells=tuple(replace(cell, p_adjusted=p) for cell, p in zip(cells, adjusted, strict=True)),
        clustered=clusters_first is not None or clusters_second is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    n: int
    mean: float | None
    variance: float  #: of the mean
    df: float
    clusters: int | None

    @classmethod
    def of(cls, values: pd.Series, clusters: pd.Series | None) -> _Side:
        given = values.notna() if clusters is None else values.notna() & clusters.notna()
        x = values[given].to_numpy(dtype=float)
        if len(x) == 0:
            return cls(n=0, mean=None, variance=0.0, df=0.0, clusters=None if clusters is None else 0)
        sums: Array = x - x.mean()
        if clusters is not None:
            sums = np.asarray(np.bincount(pd.factorize(clusters[given])[0], weights=sums), dtype=float)
        m = len(sums)
        # sums of clusters that are all alike may differ from zero by rounding
        still = m < 2 or np.ptp(x) == 0 or np.abs(sums).max() < 1e-9 * np.ptp(x)
        variance = 0.0 if still else float((sums**2).sum()) * m / (m - 1) / len(x) ** 2
        return cls(
            n=len(x),
            mean=float(x.mean()),
            variance=variance,
            df=float(m - 1),
            clusters=None if clusters is None else m,
        )


def _cell(row: str, tier: str | None, a: _Side, b: _Side, minimum: int, level: float) -> GapCell:
    shared: dict[str, Any] = {"row": row, "tier": tier, "n_first": a.n, "n_second": b.n}
    if min(a.n, b.n) < max(minimum, 2) or a.mean is None or b.mean is None:
        reason = f"{a.n} and {b.n} answers; at least {max(minimum, 2)} on either side"
        return GapCell(**shared, state="too_few", reason=reason)
    few = [side.clusters for side in (a, b) if side.clusters is not None and side.clusters < LEAST_CLUSTERS]
    if few:
        reason = f"{min(few)} clusters on one side; at least {LEAST_CLUSTERS} are needed"
        return GapCell(**shared, state="too_few", reason=reason)
    shared |= {"mean_first": a.mean, "mean_second": b.mean, "estimate": a.mean - b.mean}
    variance = a.variance + b.variance
    if variance <= 0:
        reason = "nobody on either side differs from the others, or no cluster does"
        return GapCell(**shared, state="constant", reason=reason)
    error = math.sqrt(variance)
    df = variance**2 / sum(side.variance**2 / side.df for side in (a, b))
    statistic = (a.mean - b.mean) / error
    return GapCell(
        **shared,
        std_error=error,
        statistic=statistic,
        df=df,
        p_value=float(2 * stats.t.sf(abs(statistic), df)),
        interval=mean_interval(a.mean - b.mean, error, df, confidence_level=level),
    )
