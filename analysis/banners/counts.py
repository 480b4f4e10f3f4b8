"""Counting for banner tables: every item against every column in one pass over the respondents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.groups import group_label
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.banners.banner.banner")

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Columns that belong together: the categories of one variable, or of several nested in each other.

    ``Span(variables=("TIER", "SEX"))`` has a column for each sex within each tier; tests compare the sexes of
    one tier.
    """

    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlappingSpan:
    """Columns of a multiple-response question: a respondent may stand in several of them."""

    name: str
    options: tuple[str, ...]  #: columns that hold 1 for those who belong


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerColumn:
    """One column of a banner table."""

    span: str  #: empty for the total
    path: tuple[tuple[str, str], ...]  #: variables and categories from the outermost, empty for the total
    letter: str  #: empty for the total

    @property
    def name(self) -> str:
        """What tells it apart, ``TIER=2/SEX=1``; ``total`` for the total."""
        return "/".join(f"{variable}={category}" for variable, category in self.path) or "total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Columns that are compared with each other."""

    columns: tuple[int, ...]
    overlapping: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Who stands where: the pattern of columns of each respondent, and the columns of each pattern."""

    columns: tuple[BannerColumn, ...]  #: the total first
    blocks: tuple[Block, ...]
    pattern: Codes  #: (n_rows,)
    membership: Array  #: (n_patterns, n_columns), 1 or 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What one item's tests need of every column: sums over respondents by answer.

    For an item of other than few values, ``values`` is None and the three moments take the place of answers.
    """

    n: Array  #: (n_answers, n_columns) respondents
    weight: Array  #: sums of the weights
    square: Array  #: sums of their squares
    pattern_weight: Array  #: (n_patterns, n_answers), for columns that overlap
    pattern_square: Array


def letter(index: int) -> str:
    """The letter of a column: A to Z, then AA, AB, ...

    >>> letter(0), letter(25), letter(26), letter(53)
    ('A', 'Z', 'AA', 'BB')
    """
    first, second = divmod(index, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)


def lay_out(groups: pd.DataFrame, spans: Sequence[Span | OverlappingSpan]) -> Layout:
    """Columns of a banner and who stands in them.

    Parameters
    ----------
    groups : DataFrame, shape (n_rows, n_variables)
        Variables of category dtype, and 1, 0 or NaN for the options of overlapping spans. A missing category
        stands in no column of its span, only in the total.
    """
    columns = [BannerColumn(span="", path=(), letter="")]
    blocks: list[Block] = []
    keys: list[tuple[Codes, int]] = []
    marks: list[tuple[tuple[int, ...], tuple[int, ...]]] = []  # key columns and the codes they must have
    place: dict[str, int] = {}
    for span in spans:
        names = span.variables if isinstance(span, Span) else span.options
        for name in names:
            if name not in place:
                place[name] = len(keys)
                keys.append(_variable(groups, name, overlapping=isinstance(span, OverlappingSpan)))
        start = len(columns)
        if isinstance(span, OverlappingSpan):
            for name in names:
                path: tuple[tuple[str, str], ...] = ((span.name, name),)
                columns.append(BannerColumn(span=span.name, path=path, letter=letter(len(columns) - 1)))
                marks.append(((place[name],), (1,)))
            blocks.append(Block(columns=tuple(range(start, len(columns))), overlapping=True))
            continue
        at = tuple(place[name] for name in names)
        sizes = [len(groups[name].cat.categories) for name in names]
        for combination in np.ndindex(*sizes):
            path = tuple(
                (name, group_label(groups[name].cat.categories[code]))
                for name, code in zip(names, combination, strict=True)
            )
            columns.append(BannerColumn(span=" > ".join(names), path=path, letter=letter(len(columns) - 1)))
            marks.append((at, combination))
        inner = sizes[-1]
        for first in range(start, len(columns), inner):
            blocks.append(Block(columns=tuple(range(first, first + inner)), overlapping=False))
    pattern, found = _patterns(keys, len(groups))
    membership = np.ones((len(found), len(columns)))
    for i, (at, wanted) in enumerate(marks, 1):
        membership[:, i] = (found[:, list(at)] == np.array(wanted)).all(axis=1)
    return Layout(columns=tuple(columns), blocks=tuple(blocks), pattern=pattern, membership=membership)


def _variable(groups: pd.DataFrame, name: str, *, overlapping: bool) -> tuple[Codes, int]:
    """Codes from 0, the last for missing, and how many codes there are."""
    column = groups[name]
    if overlapping:
        values = column.to_numpy(dtype=float)
        known = values[~np.isnan(values)]
        if not np.isin(known, (0.0, 1.0)).all():
            raise ValueError(f"{name}: options of an overlapping span hold 1, 0 or nothing")
        return np.asarray(values == 1, dtype=np.intp), 2
    if not isinstance(column.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"{name}: banner variables are of category dtype, which says their order; got {column.dtype}"
        )
    size = len(column.cat.categories)
    codes = column.cat.codes.to_numpy().astype(np.intp)
    return np.where(codes < 0, size, codes), size + 1


def _patterns(keys: Sequence[tuple[Codes, int]], n: int) -> tuple[Codes, Codes]:
    """The pattern of each row and the codes of each pattern, patterns numbered as they rise."""
    packed, room = np.zeros(n, dtype=np.intp), 1
    for codes, size in keys:
        if room * size > 2**40:  # renumber before the numbers grow out of their type
            found, packed = np.unique(packed, return_inverse=True)
            room = len(found)
        packed, room = packed * size + codes, room * size
    if room <= 2**22:
        used = np.bincount(packed, minlength=room) > 0
        numbers = np.cumsum(used) - 1
        pattern = numbers[packed]
        size_found = int(used.sum())
    else:
        found, pattern = np.unique(packed, return_inverse=True)
        size_found = len(found)
    example = np.zeros(size_found, dtype=np.intp)
    example[pattern] = np.arange(n)
    columns = [codes[example] for codes, _ in keys]
    shape = np.column_stack(columns) if columns else np.zeros((size_found, 0), dtype=np.intp)
    return np.asarray(pattern, dtype=np.intp), np.asarray(shape, dtype=np.intp)


class Counter:
    """Tallies items one after another over the same respondents."""

    def __init__(self, layout: Layout, weights: Array | None, counts: Array | None) -> None:
        self.layout = layout
        self.n_patterns = len(layout.membership)
        self.counts = counts
        self.n = float(len(layout.pattern) if counts is None else counts.sum())  #: respondents
        ones = 1.0 if counts is None else counts
        self.weights: Array | None = None if weights is None else weights * ones
        self.squares: Array | None = None if weights is None else weights**2 * ones
        self._starts: dict[int, Codes] = {}

    def answers(self, positions: Codes, k: int) -> Tally:
        """Sums by answer; ``positions`` are 0 to k - 1, and k for no answer."""
        if k not in self._starts:
            self._starts[k] = self.layout.pattern * (k + 1)
        packed = self._starts[k] + positions
        n = self._sum(packed, k, self.counts)
        if self.weights is None:
            return self._tally(n, n, n)
        return self._tally(n, self._sum(packed, k, self.weights), self._sum(packed, k, self.squares))

    def moments(self, values: Array) -> Tally:
        """Sums of 1, x and x squared of a number; ``values`` are centred, NaN for no answer."""
        known = ~np.isnan(values)
        x = np.where(known, values, 0.0)
        powers = [known.astype(float), x, x * x]

        def sums(own: Array | None) -> Array:
            size = self.n_patterns
            parts = [p if own is None else p * own for p in powers]
            return np.stack(
                [np.bincount(self.layout.pattern, weights=p, minlength=size) for p in parts], axis=1
            )

        n = sums(self.counts)
        return (
            self._tally(n, n, n)
            if self.weights is None
            else self._tally(n, sums(self.weights), sums(self.squares))
        )

    def _sum(self, packed: Codes, k: int, own: Array | None) -> Array:
        full = np.bincount(packed, weights=own, minlength=self.n_patterns * (k + 1))
        return full.reshape(self.n_patterns, k + 1)[:, :k].astype(float)

    def _tally(self, n: Array, weight: Array, square: Array) -> Tally:
        m = self.layout.membership
        return Tally(
            n=n.T @ m,
            weight=weight.T @ m,
            square=square.T @ m,
            pattern_weight=weight,
            pattern_square=square,
        )


def positions(values: pd.Series, codes: Sequence[float]) -> Codes:
    """Where each answer stands among the codes; ``len(codes)`` for no answer.

    >>> positions(pd.Series([3.0, 1.0, None]), [1, 2, 3]).tolist()
    [2, 0, 3]
    """
    k = len(codes)
    x = values.to_numpy(dtype=float, na_value=np.nan)
    low, high = int(np.floor(min(codes))), int(np.ceil(max(codes)))
    if all(float(code).is_integer() for code in codes) and high - low < 10_000:
        table = np.full(high - low + 2, -1, dtype=np.intp)
        table[[int(code) - low for code in codes]] = np.arange(k)
        table[-1] = k
        shifted = np.where(np.isnan(x), high + 1, x) - low
        at = np.clip(shifted, -1, len(table)).astype(np.intp)
        inside = (at >= 0) & (at < len(table)) & (at == shifted)
        if inside.all():
            found = table[at]
            if found.min(initial=0) >= 0 and not (x == high + 1).any():
                return np.asarray(found, dtype=np.intp)
    else:
        order = np.argsort(codes)
        sorted_codes = np.asarray(codes, dtype=float)[order]
        slot = np.minimum(np.searchsorted(sorted_codes, x), k - 1)
        known = ~np.isnan(x)
        if (sorted_codes[slot] == x)[known].all():
            return np.asarray(np.where(known, order[slot], k), dtype=np.intp)
    strays = sorted(set(x[~np.isnan(x)].tolist()) - {float(code) for code in codes})
    raise ValueError(
        f"{values.name}: answers {strays[:5]} are none of the codes {list(codes)}. "
        "Recode them, or declare them as missing codes."
    )
