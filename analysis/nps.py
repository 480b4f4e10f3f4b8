"""How many would recommend, net of those who would not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from analysis.counted_rows import Counts
from analysis.groups import group_label
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import row_weights
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupScore:
    """The score of one group, or of everyone."""

    group: str | None  #: None: all respondents
    n: int
    n_missing: int
    promoters: int  #: ratings 9 and 10
    passives: int  #: 7 and 8
    detractors: int  #: 0 to 6
    estimate: float | None  #: points from -100 to 100
    std_error: float | None  #: multinomial, in points
    interval: Interval | None  #: adjusted Wald, in points
    #: weighted shares of promoters, passives and detractors, where the sample is weighted
    shares: tuple[float, float, float] | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetPromoterScore(Tabular):
    """Net Promoter Score of all respondents and of each group."""

    item: str
    grouping: str | None
    overall: GroupScore
    groups: tuple[GroupScore, ...]  #: empty when not split by group
    method: str = "Net Promoter Score in points, adjusted Wald interval"

    def entries(self) -> tuple[Entry, ...]:
        """All respondents, then each group; in points."""
        return tuple(self._entry(score) for score in (self.overall, *self.groups))

    def _entry(self, score: GroupScore) -> Entry:
        about = {"item": self.item}
        if self.grouping is not None and score.group is not None:
            about |= {"grouping": self.grouping, "group": score.group}
        return Entry(
            measure="net_promoter_score",
            method=self.method,
            about=about,
            n=score.n,
            estimate=score.estimate,
            std_error=score.std_error,
            interval=score.interval,
            more={
                "promoters": score.promoters,
                "passives": score.passives,
                "detractors": score.detractors,
                "n_missing": score.n_missing,
            },
            state=score.state,
            reason=score.reason,
        )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.means.weighted_mean of -100, 0 and 100",
    counts="sums",
)
def net_promoter_score(
    ratings: pd.Series,
    groups: pd.Series | None = None,
    *,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> NetPromoterScore:
    """Share of promoters less share of detractors, in points [1]_.

    The standard error is multinomial, ``100 sqrt((p + d - (p - d)²) / n)``. The interval is the adjusted Wald
    interval that came out best in [2]_: Wald's after adding 3/4 to the promoters, 3/4 to the detractors and
    3/2 to the passives, kept within -100 and 100. It is not centred on the estimate.

    Parameters
    ----------
    ratings : Series, shape (n_respondents,)
        Whole numbers 0 to 10; NaN for no answer.
    groups : Series of category dtype, shape (n_respondents,), optional
        The same index. Respondents without a group count only in the overall score.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    NetPromoterScore
        A score's ``state`` is ``too_few`` when nobody rated.

    Raises
    ------
    TypeError
        If ``groups`` is not categorical.
    ValueError
        If a rating is no whole number from 0 to 10, or the indexes differ.

    References
    ----------
    .. [1] Reichheld, F. F. (2003). The one number you need to grow. Harvard Business Review, 81(12), 46-54.
    .. [2] Rocks, B. (2016). Interval estimation for the "Net Promoter Score". The American Statistician, 70,
       365-372.

    Examples
    --------
    >>> overall = net_promoter_score(pd.Series([10, 9, 9, 8, 7, 6, 3, 10, None, 9], name="NPS")).overall
    >>> overall.n, round(overall.estimate, 2), round(overall.interval.low, 2), round(overall.interval.high, 2)
    (9, 33.33, -20.47, 70.47)
    """
    values: Array = ratings.to_numpy(dtype=float)
    times = row_weights(len(ratings), counts=counts, design=None).respondents
    known = values[~np.isnan(values)]
    strays = sorted(set(known[~np.isin(known, np.arange(11))].tolist()))
    if strays:
        raise ValueError(f"{ratings.name}: ratings are whole numbers from 0 to 10, found {strays}")
    return NetPromoterScore(
        item=str(ratings.name),
        grouping=None if groups is None else str(groups.name),
        overall=_score(None, values, times, confidence_level),
        groups=()
        if groups is None
        else tuple(
            _score(group, values[own], times[own], confidence_level)
            for group, own in _members(ratings, groups)
        ),
    )


def _members(ratings: pd.Series, groups: pd.Series) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"groups must be a Series of category dtype, which says their order; got {groups.dtype}"
        )
    if not ratings.index.equals(groups.index):
        raise ValueError("ratings and groups must have one index: the same respondents in the same order")
    for category in groups.cat.categories:
        yield group_label(category), (groups == category).to_numpy(dtype=bool)


def _score(group: str | None, ratings: Array, times: Array, confidence_level: float) -> GroupScore:
    n = int(times[~np.isnan(ratings)].sum())
    promoters, detractors = int(times[ratings >= 9].sum()), int(times[ratings <= 6].sum())
    return GroupScore(
        group=group,
        n=n,
        n_missing=int(times.sum()) - n,
        promoters=promoters,
        passives=n - promoters - detractors,
        detractors=detractors,
        estimate=100 * (promoters - detractors) / n if n else None,
        std_error=100 * _std_error(promoters, detractors, n) if n else None,
        interval=_adjusted_wald(promoters, detractors, n, confidence_level) if n else None,
        state="ok" if n else "too_few",
        reason="" if n else "nobody gave a rating",
    )


def _std_error(promoters: float, detractors: float, n: float) -> float:
    p, d = promoters / n, detractors / n
    # Where everyone agrees the difference is zero, and rounding must not make it negative.
    return math.sqrt(max(0.0, p + d - (p - d) ** 2) / n)


def _adjusted_wald(promoters: int, detractors: int, n: int, confidence_level: float) -> Interval:
    p, d, m = promoters + 0.75, detractors + 0.75, n + 3.0
    half = float(ndtri((1 + confidence_level) / 2)) * _std_error(p, d, m)
    center = (p - d) / m
    return Interval(
        low=100 * max(-1.0, center - half),
        high=100 * min(1.0, center + half),
        confidence_level=confidence_level,
    )
