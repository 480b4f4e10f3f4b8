"""Categories of ordered items put together where some group hardly uses them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.ordinal.tables import ordinal_answers
from analysis.weighting import no_estimate

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollapsedItem:
    """What the categories of one item became: each new one with the old ones in it."""

    item: str
    categories: tuple[tuple[str, ...], ...]

    @property
    def told(self) -> str:
        """In words: ``SAT2: 1 with 2``."""
        joined = [" with ".join(merged) for merged in self.categories if len(merged) > 1]
        return f"{self.item}: {', '.join(joined)}"


@no_estimate("laying out")
def collapse_sparse(
    items: pd.DataFrame, groups: pd.Series, *, least: int = 1
) -> tuple[pd.DataFrame, tuple[CollapsedItem, ...]]:
    """Answers with every category chosen by at least ``least`` respondents of every group.

    The category that is rarest in some group joins the neighbour that fewer chose, in all groups alike,
    until none is too rare or only one is left. Order is kept; equal thresholds of what is left remain what
    they were, so that a demand tested on the collapsed item is part of that on the whole item [1]_.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Numbers or ordered categoricals, NaN for no answer.
    groups : Series, shape (n_respondents,)
        On the same index; who has none is not counted.
    least : int
        1 puts empty categories away and nothing else.

    Returns
    -------
    DataFrame
        Category numbers from 1.
    tuple of CollapsedItem
        The items that changed.

    References
    ----------
    .. [1] Rutkowski, L., Svetina, D., & Liaw, Y.-L. (2019). Collapsing categorical variables and measurement
       invariance. Structural Equation Modeling, 26, 790-802.

    Examples
    --------
    >>> answers = pd.DataFrame({"Q": [1, 2, 2, 3, 2, 3, 3, 2]})
    >>> tier = pd.Series(["a", "a", "a", "a", "b", "b", "b", "b"])
    >>> found, collapsed = collapse_sparse(answers, tier)
    >>> collapsed[0].told, found["Q"].tolist()
    ('Q: 1 with 2', [1.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 1.0])
    """
    found = ordinal_answers(items, missing="pairwise", keep_blank=True)
    numbers, levels = pd.factorize(groups, use_na_sentinel=True)
    known = numbers >= 0
    columns: dict[Hashable, npt.NDArray[np.float64]] = {}
    collapsed = []
    for at, (name, values) in enumerate(zip(items.columns, found.categories, strict=True)):
        codes = found.codes[:, at].astype(np.intp)
        table = np.zeros((max(len(levels), 1), len(values) + 1))
        np.add.at(table, (numbers[known], codes[known]), 1)
        merged = _merged(table[:, 1:], least)
        new = np.zeros(len(values) + 1)
        for place, old in enumerate(merged, 1):
            new[[k + 1 for k in old]] = place
        column = new[codes]
        columns[name] = np.where(column == 0, np.nan, column)
        if len(merged) < len(values):
            labels = tuple(tuple(_shown(values[k]) for k in old) for old in merged)
            collapsed.append(CollapsedItem(item=str(name), categories=labels))
    return pd.DataFrame(columns, index=items.index), tuple(collapsed)


def _merged(table: Counts, least: int) -> list[list[int]]:
    """Old categories by new one, from counts of shape (n_groups, n_categories)."""
    merged = [[k] for k in range(table.shape[1])]
    while len(merged) > 1 and table.min() < least:
        rare = int(table.min(axis=0).argmin())
        total = table.sum(axis=0)
        beside = [k for k in (rare - 1, rare + 1) if 0 <= k < len(merged)]
        other = min(beside, key=lambda k: total[k])
        low, high = sorted((rare, other))
        merged[low : high + 1] = [merged[low] + merged[high]]
        table = np.concatenate(
            [table[:, :low], table[:, [low, high]].sum(axis=1, keepdims=True), table[:, high + 1 :]], axis=1
        )
    return merged


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
