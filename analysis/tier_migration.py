"""Tiers at two moments, or by two views: who moves where, and whether the whole shifts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.agreement import WeightedKappa, weighted_kappa
from analysis.counted_rows import Counts, written_out
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights
from analysis.wilson import wilson_interval

Array = npt.NDArray[np.float64]

NOBODY = "nobody was in this tier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One cell of the table."""

    first: str
    second: str
    count: int  #: respondents
    share: float | None  #: of those who were in ``first``; None where nobody was
    interval: Interval | None  #: of the share
    of_all: float  #: share of everybody
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How many move in one direction."""

    direction: str  #: ``up``, ``stay`` or ``down``
    count: int  #: respondents
    share: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SymmetryTest:
    """A test of the square table."""

    measure: str  #: ``bowker``, ``stuart_maxwell`` or ``up_against_down``; see :attr:`TierMigration.weighted`
    method: str
    statistic: float | None = None
    df: float | None = None
    denominator_df: float | None = None  #: of F tests
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierMigration(Tabular):
    """The table of two classifications of the same respondents into the same ordered tiers."""

    first: str
    second: str
    tiers: tuple[str, ...]  #: from the lowest to the highest
    n: int
    n_missing: int
    transitions: tuple[Transition, ...] = ()  #: row by row
    movements: tuple[Movement, ...] = ()  #: up, stay, down
    tests: tuple[SymmetryTest, ...] = ()
    kappa: WeightedKappa | None = None
    intervals: str = "Wilson interval"  #: of all shares
    weighted: bool = (
        False  #: shares of the population; tests are ``symmetry``, ``equal_margins``, ``up_against_down``
    )
    state: str = "ok"
    reason: str = ""

    @property
    def margins(self) -> SymmetryTest:
        """The test of tiers that are equally large in both: Stuart and Maxwell's, or the design's."""
        return self.test("equal_margins" if self.weighted else "stuart_maxwell")

    def of(self, first: str, second: str) -> Transition:
        """One cell; ``KeyError`` if there is none."""
        for found in self.transitions:
            if (found.first, found.second) == (first, second):
                return found
        raise KeyError((first, second))

    def moved(self, direction: str) -> Movement:
        """``up``, ``stay`` or ``down``; ``KeyError`` otherwise."""
        for found in self.movements:
            if found.direction == direction:
                return found
        raise KeyError(direction)

    def test(self, measure: str) -> SymmetryTest:
        """One test; ``KeyError`` if there is none of that name."""
        for found in self.tests:
            if found.measure == measure:
                return found
        raise KeyError(measure)

    def counts(self) -> npt.NDArray[np.int64]:
        """The table, shape (n_tiers, n_tiers): first down, second across."""
        k = len(self.tiers)
        return np.array([found.count for found in self.transitions], dtype=np.int64).reshape(k, k)

    def shares(self) -> Array:
        """Shares of everybody, shape (n_tiers, n_tiers): first down, second across."""
        k = len(self.tiers)
        return np.array([found.of_all for found in self.transitions], dtype=float).reshape(k, k)

    def entries(self) -> tuple[Entry, ...]:
        """``share_moving`` by direction, ``transition_share`` of every cell, the tests, weighted kappa."""
        about = {"first": self.first, "second": self.second}
        if self.state != "ok" or self.kappa is None:
            return (
                Entry(
                    measure="share_moving",
                    method=self.intervals,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return (*self._moves(about), *self._cells(about), *self._tests(about), *self.kappa.entries())

    def _moves(self, about: dict[str, str]) -> Iterator[Entry]:
        for found in self.movements:
            yield Entry(
                measure="share_moving",
                method=self.intervals,
                about={**about, "direction": found.direction},
                n=self.n,
                estimate=found.share,
                interval=found.interval,
                more={"count": float(found.count)},
            )

    def _cells(self, about: dict[str, str]) -> Iterator[Entry]:
        sizes = dict(zip(self.tiers, self.counts().sum(axis=1), strict=True))
        for found in self.transitions:
            yield Entry(
                measure="transition_share",
                method=f"share of the row, {self.intervals}",
                about={**about, "from": found.first, "to": found.second},
                n=int(sizes[found.first]),
                estimate=found.share,
                interval=found.interval,
                more={"count": float(found.count)},
                state=found.state,
                reason=found.reason,
            )

    def _tests(self, about: dict[str, str]) -> Iterator[Entry]:
        for found in self.tests:
            yield Entry(
                measure=found.measure,
                method=found.method,
                about=about,
                n=self.n,
                statistic=found.statistic,
                df=tuple(df for df in (found.df, found.denominator_df) if df is not None),
                p_value=found.p_value,
                state=found.state,
                reason=found.reason,
            )


@refuses_weights(
    "its tests are of counts of a simple random sample",
    instead="analysis.weighted.tier_migration.weighted_migration",
    counts="rows",
)
def tier_migration(
    first: pd.Series,
    second: pd.Series,
    *,
    tiers: tuple[str, ...] | None = None,
    confidence_level: float = 0.95,
    counts: Counts | None = None,
) -> TierMigration:
    """Transitions between tiers with shares, tests of symmetry and of equal margins, and weighted kappa.

    Bowker's test [1]_ asks whether as many move from i to j as from j to i for every pair; Stuart's and
    Maxwell's [2]_ whether the tiers are as large at the second moment as at the first: ``chi2 = d' S^-1 d``
    over the tiers but one, with ``d_i = n_i. - n_.i``, ``S_ii = n_i. + n_.i - 2 n_ii`` and ``S_ij = -(n_ij +
    n_ji)``. A table may have equal margins without symmetry. ``up_against_down`` is the exact binomial test
    of movers. Pairs of tiers that nobody moves between are left out of Bowker's degrees of freedom, tiers
    that nobody enters or leaves out of Stuart's and Maxwell's.

    Parameters
    ----------
    first, second : Series, shape (n_respondents,)
        On one index; respondents without one of the two are left out.
    tiers : tuple of str, optional
        From the lowest to the highest; by default the categories of ``first``.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    References
    ----------
    .. [1] Bowker, A. H. (1948). A test for symmetry in contingency tables. Journal of the American
       Statistical Association, 43, 572-574.
    .. [2] Maxwell, A. E. (1970). Comparing the classification of subjects by two independent judges. British
       Journal of Psychiatry, 116, 651-655.

    Examples
    --------
    >>> before = pd.Series([1, 1, 1, 1, 2, 2, 2, 3, 3, 1], name="before").astype(str)
    >>> after = pd.Series([1, 2, 2, 3, 2, 3, 1, 3, 2, 2], name="after").astype(str)
    >>> found = tier_migration(before, after, tiers=("1", "2", "3"))
    >>> found.moved("up").share, round(found.test("stuart_maxwell").p_value, 3)
    (0.5, 0.395)
    """
    names, places = placed(first, second, tiers)
    first, second, places = (
        written_out(first, counts),
        written_out(second, counts),
        written_out(places, counts),
    )
    whole = places["first"] >= 0
    n, k = int(whole.sum()), len(names)
    shared: dict[str, Any] = {
        "first": str(first.name),
        "second": str(second.name),
        "tiers": names,
        "n": n,
        "n_missing": len(first) - n,
    }
    if n < 2 or k < 2:
        return TierMigration(**shared, state="too_few", reason=f"{n} respondents in {k} tiers")
    codes = places["first"][whole] * k + places["second"][whole]
    table = np.bincount(codes, minlength=k * k).reshape(k, k)
    return TierMigration(
        **shared,
        transitions=_transitions(names, table, confidence_level),
        movements=_movements(table, confidence_level),
        tests=(_bowker(table), _stuart_maxwell(table), _up_against_down(table)),
        kappa=weighted_kappa(
            pd.Series(first.astype(str).where(whole), name=str(first.name)),
            pd.Series(second.astype(str).where(whole), name=str(second.name)),
            categories=list(names),
            confidence_level=confidence_level,
        ),
    )


@no_estimate("laying out")
def placed(
    first: pd.Series, second: pd.Series, tiers: tuple[str, ...] | None
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """The tiers in their order, and where respondents stand in both: columns ``first`` and ``second``.

    Parameters
    ----------
    first, second : Series, shape (n_respondents,)
        On one index. Respondents without one of the two stand at -1 in both.
    tiers : tuple of str, optional
        From the lowest to the highest; by default the categories of ``first``.

    Raises
    ------
    ValueError
        If somebody is in a tier that is none of them, or the tiers have no order.

    Examples
    --------
    >>> names, places = placed(pd.Series(["a", "b"]), pd.Series(["b", None]), ("a", "b"))
    >>> places.to_numpy().tolist()
    [[0, 1], [-1, -1]]
    """
    if not first.index.equals(second.index):
        raise ValueError("both tiers must stand on one index: the same respondents in the same order")
    names = tiers or _categories(first)
    whole = first.notna() & second.notna()
    kept = [series[whole].astype(str) for series in (first, second)]
    strangers = sorted({*kept[0], *kept[1]}.difference(names))
    if strangers:
        raise ValueError(f"{first.name}, {second.name}: {', '.join(strangers)} is none of the tiers {names}")
    place = {name: i for i, name in enumerate(names)}
    places = np.full((len(first), 2), -1, dtype=np.int64)
    places[whole.to_numpy()] = np.column_stack([series.map(place) for series in kept])
    return names, pd.DataFrame(places, columns=["first", "second"], index=first.index)


def _categories(series: pd.Series) -> tuple[str, ...]:
    if not isinstance(series.dtype, pd.CategoricalDtype):
        raise ValueError(f"{series.name} has no order: give the tiers from the lowest to the highest")
    return tuple(map(str, series.cat.categories))


def _transitions(
    names: tuple[str, ...], counts: npt.NDArray[np.int64], level: float
) -> tuple[Transition, ...]:
    found = []
    n = int(counts.sum())
    for i, first in enumerate(names):
        size = int(counts[i].sum())
        for j, second in enumerate(names):
            share = int(counts[i, j]) / size if size else None
            found.append(
                Transition(
                    first=first,
                    second=second,
                    count=int(counts[i, j]),
                    share=share,
                    interval=None
                    if share is None
                    else wilson_interval(int(counts[i, j]), size, confidence_level=level),
                    of_all=int(counts[i, j]) / n,
                    state="ok" if size else "empty_cell",
                    reason="" if size else NOBODY,
                )
            )
    return tuple(found)


def _movements(counts: npt.NDArray[np.int64], level: float) -> tuple[Movement, ...]:
    n = int(counts.sum())
    found = {
        "up": int(np.triu(counts, 1).sum()),
        "stay": int(np.trace(counts)),
        "down": int(np.tril(counts, -1).sum()),
    }
    return tuple(
        Movement(
            direction=direction,
            count=count,
            share=count / n,
            interval=wilson_interval(count, n, confidence_level=level),
        )
        for direction, count in found.items()
    )


def _bowker(counts: npt.NDArray[np.int64]) -> SymmetryTest:
    named: dict[str, Any] = {"measure": "bowker", "method": "Bowker's test of symmetry"}
    i, j = np.triu_indices(len(counts), 1)
    there, back = counts[i, j].astype(float), counts[j, i].astype(float)
    moving = there + back > 0
    if not moving.any():
        return SymmetryTest(**named, state="constant", reason="nobody moves")
    statistic = float(((there - back)[moving] ** 2 / (there + back)[moving]).sum())
    df = float(moving.sum())
    return SymmetryTest(**named, statistic=statistic, df=df, p_value=float(stats.chi2.sf(statistic, df)))


def _stuart_maxwell(counts: npt.NDArray[np.int64]) -> SymmetryTest:
    named: dict[str, Any] = {
        "measure": "stuart_maxwell",
        "method": "Stuart-Maxwell test of marginal homogeneity",
    }
    # a tier that nobody enters or leaves takes no part
    moving = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts) > 0
    n = counts[np.ix_(moving, moving)].astype(float)
    if len(n) < 2:
        return SymmetryTest(**named, state="constant", reason="nobody moves")
    d = (n.sum(axis=1) - n.sum(axis=0))[:-1]
    spread = -(n + n.T)
    np.fill_diagonal(spread, n.sum(axis=1) + n.sum(axis=0) - 2 * np.diag(n))
    spread = spread[:-1, :-1]
    if np.linalg.cond(spread) > 1e10:
        reason = "tiers fall into groups that nobody moves between"
        return SymmetryTest(**named, state="inadmissible", reason=reason)
    statistic, df = float(d @ np.linalg.solve(spread, d)), float(len(d))
    return SymmetryTest(**named, statistic=statistic, df=df, p_value=float(stats.chi2.sf(statistic, df)))


def _up_against_down(counts: npt.NDArray[np.int64]) -> SymmetryTest:
    named: dict[str, Any] = {
        "measure": "up_against_down",
        "method": "exact binomial test of those who move",
    }
    up, down = int(np.triu(counts, 1).sum()), int(np.tril(counts, -1).sum())
    if up + down == 0:
        return SymmetryTest(**named, state="constant", reason="nobody moves")
    return SymmetryTest(**named, p_value=float(stats.binomtest(up, up + down).pvalue))
