"""A sample as its distinct answers and how often each was given: all that means and ranks need of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, checked_counts
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.groups.compare_groups", "analysis.post_hoc.all_pairs")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Distinct answers, ascending, each with its respondents.

    Examples
    --------
    >>> tally = Tally.of(np.array([2.0, 1.0, 2.0, 4.0]))
    >>> len(tally), tally.mean, tally.median, round(tally.variance, 4)
    (4, 2.25, 2.0, 1.5833)
    """

    values: Array
    counts: Array  #: above zero

    @classmethod
    def of(cls, answers: Array, counts: Array | None = None) -> Tally:
        """The tally of answers, or of rows of answers that count as given."""
        values, places = np.unique(answers, return_inverse=True)
        totals = np.bincount(places.ravel(), weights=counts, minlength=len(values)).astype(float)
        return cls(values=values[totals > 0], counts=totals[totals > 0])

    def __len__(self) -> int:
        return int(self.counts.sum())

    def each(self) -> Array:
        """The answer of every respondent, ascending: for methods that count the ways to deal them out.

        >>> Tally(values=np.array([1.0, 3.0]), counts=np.array([2.0, 1.0])).each().tolist()
        [1.0, 1.0, 3.0]
        """
        return np.repeat(self.values, self.counts.astype(np.int64))

    @property
    def mean(self) -> float:
        return float(self.counts @ self.values / self.counts.sum())

    @property
    def squares(self) -> float:
        """Sum of squared distances from the mean."""
        return float(self.counts @ (self.values - self.mean) ** 2)

    @property
    def variance(self) -> float:
        """Dividing by n - 1; NaN of one respondent."""
        return self.squares / (len(self) - 1) if len(self) > 1 else math.nan

    @property
    def varies(self) -> bool:
        return len(self.values) > 1

    @property
    def median(self) -> float:
        """The middle answer, or the mean of the two middle ones."""
        n, below = len(self), np.cumsum(self.counts)
        low, high = (
            self.values[np.searchsorted(below, place, side="right")] for place in ((n - 1) // 2, n // 2)
        )
        return float((low + high) / 2)

    def turned(self, function: Callable[[Array], Array]) -> Tally:
        """The tally of a function of the answers."""
        return Tally.of(function(self.values), self.counts)


def check_groups(values: pd.Series, groups: pd.Series) -> None:
    """Raises unless groups are categories, in an order of their own, of the same respondents."""
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"groups must be a Series of category dtype, which says their order; got {groups.dtype}"
        )
    if not values.index.equals(groups.index):
        raise ValueError("values and groups must have one index: the same respondents in the same order")


def tallied(values: pd.Series, groups: pd.Series, counts: Counts | None) -> tuple[dict[object, Tally], int]:
    """The tally of each category, in their order, and how many respondents were left out.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        Numbers; NaN for no answer.
    groups : Series of category dtype, shape (n_rows,)
        The same index.
    counts : array-like, shape (n_rows,), optional
        Respondents that a row stands for.

    Examples
    --------
    >>> tier = pd.Series(pd.Categorical(["gold", "basic", None], ["basic", "gold"]))
    >>> found, left_out = tallied(pd.Series([5.0, 3.0, 4.0]), tier, [2, 1, 3])
    >>> {group: len(tally) for group, tally in found.items()}, left_out
    ({'basic': 1, 'gold': 2}, 3)
    """
    check_groups(values, groups)
    numbers: Array = values.to_numpy(dtype=float)
    codes = groups.cat.codes.to_numpy()
    times = np.ones(len(numbers)) if counts is None else checked_counts(counts, len(numbers))
    used = ~np.isnan(numbers) & (codes >= 0)
    split = {
        category: Tally.of(numbers[used & (codes == code)], times[used & (codes == code)])
        for code, category in enumerate(groups.cat.categories)
    }
    return split, int(times.sum() - times[used].sum())


def together(tallies: Sequence[Tally]) -> Tally:
    """The tally of several samples put together."""
    return Tally.of(
        np.concatenate([tally.values for tally in tallies]),
        np.concatenate([tally.counts for tally in tallies]),
    )


def answer_table(tallies: Sequence[Tally]) -> Array:
    """How often each sample gave each answer, shape (n_samples, n_distinct_answers).

    >>> answer_table([Tally.of(np.array([1.0, 2.0, 2.0])), Tally.of(np.array([2.0, 5.0]))]).tolist()
    [[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]
    """
    distinct = together(tallies).values
    table = np.zeros((len(tallies), len(distinct)))
    for row, tally in zip(table, tallies, strict=True):
        row[np.searchsorted(distinct, tally.values)] = tally.counts
    return table


def mid_ranks(totals: Array) -> Array:
    """Rank of each answer, ties sharing their mean, from how often it was given.

    >>> mid_ranks(np.array([1.0, 2.0, 1.0])).tolist()
    [1.0, 2.5, 4.0]
    """
    return np.asarray(np.cumsum(totals) - (totals - 1) / 2)
