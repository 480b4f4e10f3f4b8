"""Answers in ordered categories as small integers, and the two-way table of every pair of items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.weighting import step_of

WEIGHTING = step_of(
    "analysis.ordinal.polychoric.polychoric_correlations", "analysis.ordinal_regression.ordinal_regression"
)

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.intp]
Missing = Literal["pairwise", "listwise"]

#: Ordered items have few answers; an item with more is most often an amount or a name read by mistake.
MOST_CATEGORIES = 64
#: Answers looked at in one go: what bounds the memory for long files.
BATCH = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalAnswers:
    """Answers as category numbers: 0 for none, 1 for the lowest category that occurs, and so on."""

    items: tuple[str, ...]
    categories: tuple[tuple[object, ...], ...]  #: the values that occur, lowest first
    codes: Codes  #: shape (n_respondents, n_items)
    weights: Array | None  #: frequency times sampling weights, shape (n_respondents,); None when all are 1
    n: float  #: respondents (the sum of the weights) with at least one answer; with every answer if listwise
    n_missing: float  #: respondents left out
    sampling: Array | None = None  #: sampling weights alone, shape (n_respondents,); None when there are none
    clusters: Cells | None = None  #: shape (n_respondents,); None when respondents were drawn one by one

    @property
    def levels(self) -> int:
        """The largest number of categories of any item."""
        return max((len(values) for values in self.categories), default=0)

    @property
    def sampled(self) -> bool:
        """Whether weights or clusters make variances other than those of a simple sample."""
        return self.sampling is not None or self.clusters is not None

    @property
    def counts(self) -> Array | None:
        """Frequency weights alone."""
        if self.weights is None or self.sampling is None:
            return self.weights
        return self.weights / self.sampling

    @property
    def squared(self) -> Array | None:
        """What squares of the respondents' shifts are multiplied with: frequency times sampling squared."""
        if self.weights is None or self.sampling is None:
            return self.weights
        return self.weights * self.sampling


def ordinal_answers(
    answers: pd.DataFrame | npt.NDArray[np.generic],
    *,
    weights: npt.ArrayLike | None = None,
    missing: Missing = "pairwise",
    keep_blank: bool = False,
    sampling_weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
) -> OrdinalAnswers:
    """Answers, their categories numbered from 1 as they occur.

    Parameters
    ----------
    answers : DataFrame or array, shape (n_respondents, n_items)
        Numbers or ordered categoricals; NaN or None for no answer.
    weights : array_like, shape (n_respondents,), optional
        Frequency weights, not negative: a weight of 2 counts as two such respondents.
    missing : {"pairwise", "listwise"}
        Whether respondents who left some item blank stay in for the items that they answered.
    keep_blank : bool
        Whether respondents who answered nothing, or weigh nothing, stay in, so that rows keep their place.
    sampling_weights : array_like, shape (n_respondents,), optional
        How many of the population each stands for, in any unit (:func:`rescaled` sets it).
    clusters : array_like of int, shape (n_respondents,), optional
        Who was drawn together.

    Examples
    --------
    >>> ordinal_answers(pd.DataFrame({"Q1": [2, 5, None], "Q2": [1, 2, 1]})).codes.tolist()
    [[1, 1], [2, 2], [0, 1]]
    """
    if missing not in ("pairwise", "listwise"):
        raise ValueError(f'missing is {missing!r}, expected "pairwise" or "listwise"')
    frame = answers if isinstance(answers, pd.DataFrame) else _named(np.asarray(answers))
    counts = frequency_weights(weights, len(frame))
    sampling = frequency_weights(sampling_weights, len(frame))
    together = None if clusters is None else np.asarray(clusters, dtype=np.intp)
    codes = np.empty(frame.shape, dtype=np.uint8)
    categories: list[tuple[object, ...]] = []
    for i in range(frame.shape[1]):
        codes[:, i], values = _numbered(frame.iloc[:, i])
        categories.append(values)
    answered = (codes > 0).all(axis=1) if missing == "listwise" else (codes > 0).any(axis=1)
    for given in (counts, sampling):
        if given is not None:
            answered &= given > 0
    total = float(len(frame) if counts is None else counts.sum())
    if not answered.all() and not keep_blank:
        codes = codes[answered]
        counts = None if counts is None else counts[answered]
        sampling = None if sampling is None else sampling[answered]
        together = None if together is None else together[answered]
        for i in range(frame.shape[1]):
            codes[:, i], categories[i] = _renumbered(codes[:, i], categories[i])
    n = float(len(codes) if counts is None else counts.sum())
    both = counts if sampling is None else sampling if counts is None else counts * sampling
    return OrdinalAnswers(
        items=tuple(str(name) for name in frame.columns),
        categories=tuple(categories),
        codes=codes,
        weights=both,
        n=n if sampling is None or both is None else float(both.sum()),
        n_missing=total - n,
        sampling=sampling,
        clusters=together,
    )


def rescaled(groups: Sequence[OrdinalAnswers]) -> tuple[OrdinalAnswers, ...]:
    """Sampling weights in the unit in which they sum to the number of respondents of all groups."""
    if all(group.sampling is None for group in groups):
        return tuple(groups)
    known = [group.counts for group in groups]
    people = sum(
        float(len(group.codes) if counts is None else counts.sum())
        for group, counts in zip(groups, known, strict=True)
    )
    total = sum(group.n for group in groups)
    factor = people / total if total > 0 else 1.0
    return tuple(
        replace(
            group,
            weights=None if group.weights is None else group.weights * factor,
            sampling=None if group.sampling is None else group.sampling * factor,
            n=group.n * factor,
        )
        for group in groups
    )


def _named(array: npt.NDArray[np.generic]) -> pd.DataFrame:
    if array.ndim != 2:
        raise ValueError(f"answers have shape {array.shape}, expected (n_respondents, n_items)")
    return pd.DataFrame(array, columns=[f"item{i + 1}" for i in range(array.shape[1])])


def frequency_weights(weights: npt.ArrayLike | None, n: int) -> Array | None:
    """Counts as an array, checked; ``ValueError`` unless there is one, finite and not negative, each."""
    if weights is None:
        return None
    counts = np.asarray(weights, dtype=float)
    if counts.shape != (n,):
        raise ValueError(f"counts have shape {counts.shape}, expected ({n},): one per respondent")
    if not (np.isfinite(counts) & (counts >= 0)).all():
        raise ValueError("counts must be finite and not negative; the count 0 leaves a respondent out")
    return counts


def _numbered(column: pd.Series) -> tuple[Codes, tuple[object, ...]]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        if not column.dtype.ordered:
            raise TypeError(f"{column.name}: categories without an order; declare one (ordered=True)")
        codes = column.cat.codes.to_numpy().astype(np.int64) + 1
        values = tuple(column.dtype.categories)
    elif pd.api.types.is_numeric_dtype(column.dtype):
        found, levels = pd.factorize(column.to_numpy(dtype=float, na_value=np.nan), sort=True)
        codes, values = np.asarray(found) + 1, tuple(np.asarray(levels).tolist())
    else:
        raise TypeError(f"{column.name}: {column.dtype} has no order; give numbers or an ordered categorical")
    if len(values) > MOST_CATEGORIES:
        raise ValueError(
            f"{column.name} has {len(values)} different answers, expected at most {MOST_CATEGORIES} ordered "
            "categories. Group them, or use polyserial_correlation for an amount."
        )
    return _renumbered(codes.astype(np.uint8), values)


def _renumbered(codes: Codes, values: tuple[object, ...]) -> tuple[Codes, tuple[object, ...]]:
    """Categories that nobody chose are left out, as R leaves them out."""
    chosen = np.bincount(codes, minlength=len(values) + 1)[1:] > 0
    if chosen.all():
        return codes, values
    new = np.concatenate([[0], np.cumsum(chosen)]).astype(np.uint8)
    return new[codes], tuple(value for value, kept in zip(values, chosen, strict=True) if kept)


def pairs(n_items: int) -> tuple[Cells, Cells]:
    """First and second item of every pair: (0, 1), (0, 2), ..., (1, 2), ...

    >>> [index.tolist() for index in pairs(3)]
    [[0, 0, 1], [1, 2, 2]]
    """
    return np.triu_indices(n_items, 1)


def pair_tables(codes: Codes, levels: int, weights: Array | None = None) -> Array:
    """Two-way tables of every pair of items, no answer as category 0.

    Returns
    -------
    Array, shape (n_pairs, levels + 1, levels + 1)
        Counts, or sums of weights; pairs in the order of :func:`pairs`.

    Examples
    --------
    >>> pair_tables(np.array([[1, 1], [2, 2], [0, 1]], dtype=np.uint8), 2)[0].tolist()
    [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    p, side = codes.shape[1], levels + 1
    size = side * side
    tables = np.zeros(p * (p - 1) // 2 * size)
    for rows, first, cells in pair_cells(codes, levels):
        repeated = None if weights is None else np.tile(weights[rows], len(cells))
        within = (cells + size * np.arange(len(cells))[:, None]).ravel()
        part = slice(first * size, (first + len(cells)) * size)
        tables[part] += np.bincount(within, repeated, minlength=len(cells) * size)
    return tables.reshape(-1, side, side)


def pair_cells(codes: Codes, levels: int) -> Iterator[tuple[slice, int, Cells]]:
    """The cell of each respondent in the table of each pair, in pieces that fit into memory.

    Yields
    ------
    rows : slice
        The respondents of this piece.
    first : int
        The first pair of this piece; the others follow in the order of :func:`pairs`.
    cells : array, shape (n_pairs_of_piece, n_rows)
        ``(levels + 1) * code of the first item + code of the second``.
    """
    n, p = codes.shape
    step = max(1, BATCH // max(p, 1))
    for start in range(0, n, step):
        rows = slice(start, min(start + step, n))
        batch = np.ascontiguousarray(codes[rows].T, dtype=np.intp)
        first = 0
        for i in range(p - 1):
            yield rows, first, batch[i + 1 :] + (levels + 1) * batch[i]
            first += p - 1 - i
