"""What the data say, group by group: n, means, covariances, and patterns of missing answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.sem.errors import ModelError
from analysis.sem.incomplete import Pattern, patterns_of, saturated_moments, weighted_moments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Missing = Literal["listwise", "fiml"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMoments:
    """Sample moments of one group; with missing answers, of each pattern."""

    group: str
    n: int  #: respondents used
    n_weighted: float  #: sum of weights
    means: Array  #: shape (n_items,); with missing answers, those of the saturated model
    covariance: Array  #: divides by n, shape (n_items, n_items); with missing answers, of the saturated model
    rows: Array | None = None  #: answers, shape (n_rows, n_items); None when only moments are known
    weights: Array | None = None  #: of each respondent of a row, shape (n_rows,)
    counts: Array | None = None  #: respondents that each row stands for, shape (n_rows,); None: one each
    clusters: Index | None = None  #: shape (n_rows,)
    patterns: tuple[Pattern, ...] = ()  #: empty when every answer is there
    lowest: Array | None = None  #: answer to each item, NaN where nobody answered; kept, for rows can be many
    highest: Array | None = None
    settled: bool = True  #: False where missing answers leave the saturated model without a maximum
    unused: int = 0  #: respondents left out for missing answers

    @property
    def complete(self) -> bool:
        return not self.patterns

    @property
    def mass(self) -> Array | None:
        """What each row weighs in a sum over respondents; None: one each."""
        return _product(self.weights, self.counts)

    def answers(self) -> Array:
        """The rows; an error where only moments are known."""
        if self.rows is None:
            raise ValueError("Respondents' own contributions need their answers, not only moments.")
        return self.rows

    def outer(self, rows: Array) -> Array:
        """Mean outer product over respondents of something of each row, shape (n_rows, k)."""
        each = rows if self.counts is None else rows * self.counts[:, None]
        return np.asarray(rows.T @ each / self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Sample moments of all groups, items in one order."""

    items: tuple[str, ...]
    groups: tuple[GroupMoments, ...]

    @property
    def n(self) -> int:
        return sum(group.n for group in self.groups)

    @property
    def n_weighted(self) -> float:
        return sum(group.n_weighted for group in self.groups)

    @property
    def n_clusters(self) -> int | None:
        """Clusters, those with members in several groups counted once; None where there are none."""
        clusters = [group.clusters for group in self.groups if group.clusters is not None]
        return len(np.unique(np.concatenate(clusters))) if clusters else None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(group.group for group in self.groups)

    def shares(self, *, less: int = 0) -> tuple[float, ...]:
        """Each group's part of the respondents, ``less`` so many in each."""
        total = self.n_weighted - less * len(self.groups)
        return tuple((group.n_weighted - less) / total for group in self.groups)

    def of_items(self, items: Sequence[str]) -> Moments:
        """The moments of some of the items, in their order; complete answers only."""
        if tuple(items) == self.items:
            return self
        unknown = [item for item in items if item not in self.items]
        if unknown:
            raise ModelError(f"No moments of {', '.join(unknown)}. There are {', '.join(self.items)}.")
        if any(not group.complete for group in self.groups):
            raise ModelError("Moments with missing answers hold for their own items only. Compute them anew.")
        at = np.array([self.items.index(item) for item in items], dtype=np.intp)
        groups = tuple(
            GroupMoments(
                group=g.group,
                n=g.n,
                n_weighted=g.n_weighted,
                means=g.means[at],
                covariance=g.covariance[np.ix_(at, at)],
                rows=None if g.rows is None else g.rows[:, at],
                lowest=None if g.lowest is None else g.lowest[at],
                highest=None if g.highest is None else g.highest[at],
                weights=g.weights,
                counts=g.counts,
                clusters=g.clusters,
                unused=g.unused,
            )
            for g in self.groups
        )
        return Moments(items=tuple(items), groups=groups)


def moments_of(
    data: pd.DataFrame,
    items: Sequence[str],
    *,
    group: str | None = None,
    missing: Missing = "listwise",
    weights: str | None = None,
    counts: str | None = None,
    cluster: str | None = None,
    complete_on: Sequence[str] = (),
) -> Moments:
    """Sample moments; covariances divide by n, as maximum likelihood has it.

    Parameters
    ----------
    data : DataFrame, shape (n_respondents, n_columns)
        NaN for no answer.
    items : sequence of str
        Columns that the model is about.
    group, weights, cluster : str, optional
        Columns with group, sampling weight and cluster. Weights are rescaled to sum to the number of
        respondents. Groups come in order of appearance, or of their categories.
    counts : str, optional
        Column with the number of respondents that a row stands for, as in a table of distinct answers: all
        results are those of as many rows.
    missing : "listwise" or "fiml"
        Leave out who left an item blank, or keep the patterns (who answered nothing is left out).
    complete_on : sequence of str
        With "fiml", items that must be answered: exogenous variables, whose distribution is not modelled.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, None]})
    >>> moments = moments_of(answers, ["a", "b"])
    >>> moments.n, float(moments.groups[0].covariance[0, 0].round(4))
    (3, 0.6667)
    """
    named = [column for column in (group, weights, counts, cluster) if column is not None]
    absent = [column for column in (*items, *named) if column not in data.columns]
    if not data.columns.is_unique:
        twice = [name for name in dict.fromkeys((*items, *named)) if (data.columns == name).sum() > 1]
        if twice:
            raise ModelError(f"Several columns are called {', '.join(map(repr, twice))}. Keep one of each.")
    if absent:
        raise ModelError(
            f"The data have no column {', '.join(map(repr, absent))}. "
            "Correct the name in the model, or add the column."
        )
    answers = _numbers(data, items)
    weight, count = _weights(data, weights), _counts(data, counts)
    clusters = _clusters(data, cluster)
    required = [items.index(name) for name in complete_on]
    blank = np.isnan(answers)
    if missing == "listwise":
        use = ~blank.any(axis=1)
    else:
        use = ~blank.all(axis=1) & ~blank[:, required].any(axis=1)
    for each in (weight, count):
        if each is not None:
            use = use & (each > 0)  # who counts for nothing is no respondent
    if weight is not None and use.any():
        people = np.ones(len(data)) if count is None else count
        weight = weight * (people[use].sum() / (people[use] @ weight[use]))
    groups = []
    for name, members in _groups(data, group):
        chosen = members & use
        groups.append(
            group_moments(
                name,
                answers[chosen] if not chosen.all() else answers,
                None if weight is None else weight[chosen],
                None if clusters is None else clusters[chosen],
                counts=None if count is None else count[chosen],
                unused=_people(members & ~chosen, count),
            )
        )
    return Moments(items=tuple(items), groups=tuple(groups))


def group_moments(
    name: str,
    answers: Array,
    weights: Array | None,
    clusters: Index | None,
    *,
    counts: Array | None = None,
    unused: int = 0,
) -> GroupMoments:
    """Moments of one group from its answers, shape (n_rows, n_items)."""
    rows, k = answers.shape
    mass = _product(weights, counts)
    patterns = patterns_of(answers, mass) if np.isnan(answers).any() else ()
    settled = True
    if rows == 0:
        means, covariance = np.full(k, np.nan), np.full((k, k), np.nan)
    elif patterns:
        saturated = saturated_moments(patterns, k)
        means, covariance, settled = saturated.means, saturated.covariance, saturated.converged
    else:
        means, covariance = weighted_moments(answers, mass)
    return GroupMoments(
        group=name,
        n=rows if counts is None else round(float(counts.sum())),
        n_weighted=float(rows if mass is None else mass.sum()),
        means=means,
        covariance=covariance,
        rows=answers,
        weights=weights,
        counts=counts,
        clusters=clusters,
        patterns=patterns,
        lowest=np.fmin.reduce(answers, axis=0) if rows else None,
        highest=np.fmax.reduce(answers, axis=0) if rows else None,
        settled=settled,
        unused=unused,
    )


def _product(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return one if other is None else other
    return one * other


def _people(rows: npt.NDArray[np.bool_], counts: Array | None) -> int:
    return int(rows.sum() if counts is None else counts[rows].sum())


def _numbers(data: pd.DataFrame, items: Sequence[str]) -> Array:
    if list(data.columns) == list(items):
        whole = data.to_numpy(copy=True)
        if whole.dtype == np.float64:
            return _finite(whole, items)
    try:
        # Column by column: selecting columns builds a frame first, which takes longer than a small fit.
        answers: Array = np.empty((len(data), len(items)))
        for i, item in enumerate(items):
            column = data[item]
            if column.dtype.kind in "Mm":
                raise TypeError  # a date is no answer on a scale, though it can be made a number
            plain = column.dtype == np.float64
            answers[:, i] = column.to_numpy() if plain else column.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        words = [name for name in items if not pd.api.types.is_numeric_dtype(data[name])]
        raise ModelError(
            f"{', '.join(map(repr, words))} is not numeric. Code its answers as numbers, NaN for no answer."
        ) from None
    return _finite(answers, items)


def _finite(answers: Array, items: Sequence[str]) -> Array:
    if not np.isfinite(answers.sum()) and np.isinf(answers).any():
        bad = [name for name, column in zip(items, answers.T, strict=True) if np.isinf(column).any()]
        raise ModelError(f"{', '.join(bad)} has infinite values. Declare them missing (NaN).")
    return answers


def _weights(data: pd.DataFrame, weights: str | None) -> Array | None:
    if weights is None:
        return None
    values: Array = data[weights].to_numpy(dtype=float)
    if np.isnan(values).any() or (values < 0).any() or not values.any():
        raise ModelError(f"The weights {weights!r} must be numbers of at least 0, none missing, not all 0.")
    return values


def _counts(data: pd.DataFrame, counts: str | None) -> Array | None:
    if counts is None:
        return None
    values: Array = data[counts].to_numpy(dtype=float)
    if not np.isfinite(values).all() or (values < 0).any() or (values != np.round(values)).any():
        raise ModelError(
            f"The counts {counts!r} must be whole numbers of at least 0, none missing. "
            "Give numbers that are no counts as weights."
        )
    return values


def _clusters(data: pd.DataFrame, cluster: str | None) -> Index | None:
    if cluster is None:
        return None
    found: Index = pd.factorize(data[cluster])[0].astype(np.intp)
    if (found < 0).any():
        raise ModelError(
            f"{int((found < 0).sum())} respondents have no cluster in {cluster!r}. Leave them out, or give "
            "each a cluster of their own."
        )
    return found


def _groups(data: pd.DataFrame, group: str | None) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    if group is None:
        return [("", np.ones(len(data), dtype=bool))]
    column = data[group]
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = list(column.cat.categories)
    else:
        levels = list(dict.fromkeys(column.dropna()))
    if not levels:
        raise ModelError(f"Nobody has a group: the column {group!r} is empty.")
    return [(str(level), (column == level).to_numpy(dtype=bool)) for level in levels]
