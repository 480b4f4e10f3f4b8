"""Who answered: counts and shares of the answers to one closed question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.counted_rows import Counts
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import Tally
from analysis.weighted_moments import row_weights
from analysis.weighting import refuses_weights
from analysis.wilson import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryShare:
    """How many picked one answer."""

    code: int
    count: int
    estimate: float | None  #: share of the respondents who answered, 0 to 1; None if nobody did
    interval: Interval | None  #: Wilson's interval of the share


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequencies(Tabular):
    """Counts and shares of the answers to one item."""

    item: str
    categories: tuple[CategoryShare, ...]  #: in the order asked for, empty categories included
    n: int  #: respondents who answered
    n_missing: int
    method: str = "Share of answers, Wilson interval"
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry per category: share, interval, ``more["count"]``."""
        return tuple(
            Entry(
                measure="share",
                method=self.method,
                about={"item": self.item, "code": str(category.code)},
                n=self.n,
                estimate=category.estimate,
                interval=category.interval,
                more={"count": category.count, "n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            )
            for category in self.categories
        )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.proportions.weighted_shares",
    counts="sums",
)
def frequencies(
    codes: pd.Series,
    categories: Sequence[int],
    *,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Frequencies:
    """How many respondents picked each answer.

    Parameters
    ----------
    codes : Series, shape (n_respondents,)
        Answers to one item as numbers; NaN for no answer. Missing answers are left out of the shares.
    categories : sequence of int
        The codes that can be picked, in the order wanted. Unused ones are kept with count 0.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    Frequencies
        ``state`` is ``too_few`` when nobody answered.

    Raises
    ------
    ValueError
        If ``codes`` holds an answer that is none of ``categories``.

    Examples
    --------
    >>> result = frequencies(pd.Series([1, 2, 2, None, 2], name="SEX"), [1, 2])
    >>> [(category.code, category.count, category.estimate) for category in result.categories]
    [(1, 1, 0.25), (2, 3, 0.75)]
    >>> result.n, result.n_missing
    (4, 1)
    """
    name = str(codes.name)
    times = row_weights(len(codes), counts=counts, design=None).respondents
    known = codes.notna().to_numpy()
    tally = Tally.of(codes[known].to_numpy(dtype=float), times[known])
    strays = sorted(set(tally.values.tolist()) - {float(code) for code in categories})
    if strays:
        raise ValueError(
            f"{name}: answers {strays} are none of the categories {list(categories)}. "
            "Recode them, or declare them as missing codes."
        )
    n = len(tally)
    found = dict(zip(tally.values.tolist(), tally.counts.tolist(), strict=True))
    picked = [int(found.get(float(code), 0)) for code in categories]
    return Frequencies(
        item=name,
        categories=tuple(
            CategoryShare(
                code=int(code),
                count=count,
                estimate=count / n if n else None,
                interval=wilson_interval(count, n, confidence_level=confidence_level) if n else None,
            )
            for code, count in zip(categories, picked, strict=True)
        ),
        n=n,
        n_missing=int(times.sum()) - n,
        state="ok" if n else "too_few",
        reason="" if n else "nobody answered",
    )
