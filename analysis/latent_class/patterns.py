"""Answers to several items as a table of distinct patterns, each with how often it was given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnswerPatterns:
    """Distinct answer patterns: whatever depends on answers alone is computed once a pattern.

    An unanswered item is a pattern of its own: it has no 1 among the columns of that item, so the item drops
    out of every sum, which is what maximum likelihood under answers missing at random asks for.
    """

    items: tuple[str, ...]
    categories: tuple[tuple[object, ...], ...]  #: answers seen, sorted, one tuple an item
    indicators: Array  #: (n_patterns, n_categories of all items): 1 for the answer given
    item_of: Indices  #: (n_categories of all items,): the item a column belongs to
    frequencies: Array  #: (n_patterns,): respondents, or sum of their weights
    squared: Array  #: (n_patterns,): sum of squared weights
    pattern_of: Indices  #: (n_respondents,): row of the table; -1 for who answered no item
    weights: Array | None = None  #: (n_respondents,), scaled to average 1 among who answered

    @property
    def n(self) -> int:
        """Respondents who answered at least one item."""
        return int((self.pattern_of >= 0).sum())

    @property
    def n_incomplete(self) -> int:
        """Those of them who left an item blank."""
        complete = self.indicators.sum(axis=1) == len(self.items)
        return self.n - int(complete[self.pattern_of[self.pattern_of >= 0]].sum())

    @property
    def belongs(self) -> Array:
        """Which column belongs to which item, shape (n_categories of all items, n_items)."""
        return np.asarray(self.item_of[:, None] == np.arange(len(self.items)), dtype=float)


@no_estimate("laying out")
def answer_patterns(items: pd.DataFrame, weights: pd.Series | None = None) -> AnswerPatterns:
    """Distinct patterns of answers and how often each was given.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers of any kind that can be sorted; missing for no answer.
    weights : Series, shape (n_respondents,), optional
        Sampling weights, positive; scaled to average 1.

    Examples
    --------
    >>> table = answer_patterns(pd.DataFrame({"a": [1, 1, 2, None], "b": ["no", "no", "yes", "no"]}))
    >>> table.indicators.shape, table.frequencies.tolist(), table.n_incomplete
    ((3, 4), [1.0, 2.0, 1.0], 1)
    """
    coded = [pd.factorize(items.iloc[:, j], sort=True) for j in range(items.shape[1])]
    codes = np.column_stack([code for code, _ in coded]).astype(np.int64)
    categories = tuple(tuple(seen.tolist()) for _, seen in coded)
    somewhere: npt.NDArray[np.bool_] = np.asarray((codes >= 0).any(axis=1))
    known = _known_weights(weights, len(items), somewhere)
    distinct, found = np.unique(codes[somewhere], axis=0, return_inverse=True)
    pattern_of = np.full(len(items), -1, dtype=np.int64)
    pattern_of[somewhere] = found.ravel()
    counted = np.ones(int(somewhere.sum())) if known is None else known[somewhere]
    return AnswerPatterns(
        items=tuple(map(str, items.columns)),
        categories=categories,
        indicators=_indicators(distinct, [len(seen) for seen in categories]),
        item_of=np.repeat(np.arange(items.shape[1]), [len(seen) for seen in categories]),
        frequencies=_summed(counted, pattern_of[somewhere], len(distinct)),
        squared=_summed(counted**2, pattern_of[somewhere], len(distinct)),
        pattern_of=pattern_of,
        weights=known,
    )


def _summed(values: Array, rows: Indices, n_rows: int) -> Array:
    return np.asarray(np.bincount(rows, values, minlength=n_rows), dtype=float)


def _indicators(codes: Indices, sizes: list[int]) -> Array:
    columns = [codes[:, j, None] == np.arange(size) for j, size in enumerate(sizes)]
    return np.concatenate(columns, axis=1).astype(float)


def _known_weights(weights: pd.Series | None, n: int, used: npt.NDArray[np.bool_]) -> Array | None:
    if weights is None:
        return None
    values = weights.to_numpy(dtype=float)
    if len(values) != n:
        raise ValueError(f"{len(values)} weights for {n} respondents. Give one weight to each respondent.")
    wrong = int((~(values[used] > 0) | ~np.isfinite(values[used])).sum())
    if wrong:
        raise ValueError(
            f"weights: {wrong} of {int(used.sum())} are missing, zero or negative; expected positive "
            "numbers. Leave out respondents without a weight first."
        )
    return np.asarray(np.where(used, values, 0.0) * (used.sum() / values[used].sum()))
