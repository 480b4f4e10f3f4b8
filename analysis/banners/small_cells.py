"""Leaves out of a banner table what so few respondents stand behind that they could be recognised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.banners.banner import Banner, BannerItem, BannerItemTable, BannerRow, Closed, Multiple
from analysis.banners.counts import Array, BannerColumn
from analysis.weighting import no_estimate

Mask = npt.NDArray[np.bool_]
BLANKED = ("estimate", "std_error", "variance", "count", "weighted_count", "row_share", "residual")
ROUNDING = 1e-8  #: a number of which less than this is left unexplained is known


@no_estimate("arithmetic")
def without_small_cells(
    banner: Banner, minimum: int, *, items: Sequence[BannerItem], membership: Array
) -> Banner:
    """The banner with small cells left out, and others from which they could be worked out.

    A column of an item is left out when fewer than ``minimum`` answered, a share when fewer than ``minimum``
    (but somebody) gave the answer. Where those left out of a column, or of columns that add up to another,
    are together fewer than ``minimum``, the smallest of the others goes too. Then every number that is
    still shown (base, share, box, mean, score) is taken for an equation in the counts of all answers in all
    patterns of columns. While a small count follows from these equations, the smallest of the cells that it
    follows from goes.

    Parameters
    ----------
    minimum : int
        Of respondents; 1 leaves everything.
    items : sequence of BannerItem
        What the rows were made from, in the banner's order; rows may have been taken away since.
    membership : array, shape (n_patterns, n_columns)
        Which columns each pattern of respondents belongs to, ``analysis.banners.counts.lay_out``.

    Returns
    -------
    Banner
        ``suppressed`` of its rows says which cells are left out; their numbers are NaN, and the base of a
        column that is left out too.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.banners.banner import Closed, banner
    >>> from analysis.banners.counts import Span, lay_out
    >>> frame = pd.DataFrame({"APP": [1] * 3 + [0] * 47 + [1] * 25 + [0] * 25,
    ...                       "TIER": pd.Categorical(["a"] * 50 + ["b"] * 50)})
    >>> asked, spans = [Closed(name="APP", codes=(0, 1))], [Span(variables=("TIER",))]
    >>> patterns = lay_out(frame, spans).membership
    >>> shown = without_small_cells(banner(frame, asked, spans), 5, items=asked, membership=patterns)
    >>> [row.suppressed for row in shown.item("APP").rows]
    [(False, True, True), (False, True, True)]
    """
    if minimum <= 1:
        return banner
    lines, asked = _lines(banner.columns), {item.name: item for item in items}
    tables = tuple(
        _item(item, asked[item.name], lines, _places(item.n, banner.columns, membership), minimum)
        for item in banner.items
    )
    return replace(banner, items=tables)


@no_estimate("arithmetic")
def hidden_bases(n: Array, membership: Array, lines: Sequence[Sequence[int]], minimum: int) -> Mask:
    """Columns whose number of respondents is not shown.

    Parameters
    ----------
    n : array, shape (n_columns,)
        Respondents.
    membership : array, shape (n_patterns, n_columns)
        Which columns each pattern of respondents belongs to.
    lines : sequence of sequences of int
        Columns that add up to another.

    Examples
    --------
    >>> groups = np.array([[1.0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]])
    >>> hidden_bases(np.array([60.0, 30, 27, 3]), groups, [[1, 2, 3]], 5).tolist()
    [False, False, True, True]
    """
    gone = _small(n, np.zeros(len(n), dtype=bool), lines, minimum)
    return _audited(n[None], np.ones((1, 1)), gone[None], membership, minimum, base=None).ravel()


@no_estimate("arithmetic")
def hidden_cells(
    counts: Array, values: Array, gone: Mask, membership: Array, lines: Sequence[Sequence[int]], minimum: int
) -> Mask:
    """Cells of a table that are not shown, so that no small count can be worked out from the others.

    Parameters
    ----------
    counts : array, shape (n_rows, n_columns)
        Respondents; NaN for means and scores.
    values : array, shape (n_rows, n_answers)
        What each answer counts in each row.
    gone : array, shape (n_columns,)
        Columns that are not shown at all, ``hidden_bases``.
    membership, lines
        As in ``hidden_bases``.

    Examples
    --------
    Without them, promoters and passives would tell the three detractors of the last column, and the total
    would tell them once more.

    >>> groups = np.array([[1.0, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]])
    >>> counts = np.array([[60.0, 24, 18, 18], [41, 16, 15, 10], [33, 16, 14, 3]])
    >>> shown = ~hidden_cells(counts, np.eye(3), np.zeros(4, dtype=bool), groups, [[1, 2, 3]], 5)
    >>> shown.sum(axis=0).tolist()
    [3, 3, 1, 1]
    """
    found = np.tile(gone, (len(counts), 1))
    for r in np.flatnonzero(np.isfinite(counts).any(axis=1)).tolist():
        found[r] = _small(counts[r], found[r], lines, minimum)
    return _audited(counts, values, found, membership, minimum, base=gone)


def _lines(columns: Sequence[BannerColumn]) -> list[list[int]]:
    """Columns whose counts add up to that of another column."""
    found: dict[tuple[object, ...], list[int]] = {}
    for i, column in enumerate(columns):
        if not column.path:
            continue
        found.setdefault((column.span, "within", column.path[:-1]), []).append(i)
        if len(column.path) > 1:
            found.setdefault((column.span, "across", column.path[-1]), []).append(i)
    return list(found.values())


def _places(n: Array, columns: Sequence[BannerColumn], membership: Array) -> Array:
    """Columns with their dependencies, in few coordinates.

    Where the bases of a span add up to that of the column above, nobody who answered stands outside of the
    span: such patterns of respondents explain nothing.
    """
    above = {(column.span, column.path): at for at, column in enumerate(columns) if column.path}
    spans: dict[tuple[str, tuple[tuple[str, str], ...]], list[int]] = {}
    for at, column in enumerate(columns):
        if column.path:
            spans.setdefault((column.span, column.path[:-1]), []).append(at)
    possible = np.ones(len(membership), dtype=bool)
    for place, own in spans.items():
        parent = above.get(place, 0)
        if n[own].sum() == n[parent]:
            possible &= (membership[:, parent] == 0) | (membership[:, own] > 0).any(axis=1)
    return np.asarray(np.linalg.qr(membership[possible])[1])


def _item(
    item: BannerItemTable, asked: BannerItem, lines: list[list[int]], places: Array, minimum: int
) -> BannerItemTable:
    gone = hidden_bases(item.n, places, lines, minimum)
    counts = np.array([row.count for row in item.rows])
    values = _values(item, asked)
    hidden = np.tile(gone, (len(item.rows), 1))
    if isinstance(asked, Multiple):
        for r in range(len(counts)):  # every option is a question of its own: picked or not
            of_option = np.array([[1.0, 0.0]])
            hidden[r] = hidden_cells(counts[r][None], of_option, gone, places, lines, minimum)[0]
    elif np.isfinite(counts).any():
        hidden = hidden_cells(counts, values, gone, places, lines, minimum)
    rows = tuple(_blanked(row, hidden[r]) for r, row in enumerate(item.rows))
    state = tuple("suppressed" if h else s for h, s in zip(gone, item.state, strict=True))
    bases = ("n", "weighted_n", "effective_n")
    blank: dict[str, Any] = {name: np.where(gone, np.nan, getattr(item, name)) for name in bases}
    return replace(item, rows=rows, state=state, **blank)


def _values(item: BannerItemTable, asked: BannerItem) -> Array:
    """What each answer counts in each row, shape (n_rows, n_answers); one answer where there are no codes."""
    if isinstance(asked, Closed):
        of: dict[str, Array] = {
            f"{code:g}": np.eye(len(asked.codes))[k] for k, code in enumerate(asked.codes)
        }
        of |= {name: np.isin(asked.codes, box).astype(float) for name, box in asked.boxes.items()}
        of["mean"] = np.array(asked.codes, dtype=float)
        return np.array([of[row.name] for row in item.rows])
    kinds = {"promoters": [1.0, 0, 0], "passives": [0, 1.0, 0], "detractors": [0, 0, 1.0]}
    kinds["net_promoter_score"] = [1.0, 0, -1.0]
    return np.array([kinds.get(row.name, [1.0]) for row in item.rows])


def _small(counts: Array, hidden: Mask, lines: Sequence[Sequence[int]], minimum: int) -> Mask:
    """Small counts, and the smallest other one where those hidden in a line are together too few."""
    found = hidden | ((counts > 0) & (counts < minimum))
    for line in lines:
        at = np.array(line)
        if found[at].any() and counts[at][found[at]].sum() < minimum:
            others = at[~found[at] & (counts[at] > 0)]
            if len(others):
                found[others[np.argmin(counts[others])]] = True
    return found


def _audited(
    counts: Array, values: Array, hidden: Mask, places: Array, minimum: int, *, base: Mask | None
) -> Mask:
    """Hide more until no small count follows from what is shown.

    ``base`` are the columns whose bases are hidden; None where the counts are the bases themselves.
    """
    found = hidden.copy()
    targets = np.argwhere((counts > 0) & (counts < minimum))

    def equation(r: int, c: int) -> Array:
        return np.outer(values[r], places[:, c]).ravel()

    bases = (
        []
        if base is None
        else [np.outer(np.ones(values.shape[1]), places[:, c]).ravel() for c in np.flatnonzero(~base)]
    )
    while len(targets):
        at = np.argwhere(~found)
        if not len(at) and not bases:
            break
        known = np.array([*bases, *(equation(r, c) for r, c in at)])
        space = _orthonormal(known)
        exposed = [(r, c) for r, c in targets if _follows(equation(r, c), space)]
        if not exposed or not len(at):
            break
        # how the first small count follows from the numbers shown: one of those goes
        part, *_ = np.linalg.lstsq(known.T, equation(*exposed[0]), rcond=None)
        involved = at[np.abs(part[len(bases) :]) > ROUNDING]
        r, c = _least_lost(involved if len(involved) else at, counts)
        found[r, c] = True
    if base is None:
        return found
    return _without_needless(found, found & ~hidden, equation, bases)


def _without_needless(
    found: Mask, doubtful: Mask, equation: Callable[[int, int], Array], bases: list[Array]
) -> Mask:
    """Show again what follows from what is shown: hiding it protects nobody."""
    shown = [*bases, *(equation(r, c) for r, c in np.argwhere(~found))]
    if not shown:
        return found
    space = _orthonormal(np.array(shown))
    left = found.copy()
    for r, c in np.argwhere(doubtful):
        left[r, c] = not _follows(equation(r, c), space)
    return left


def _least_lost(cells: npt.NDArray[np.intp], counts: Array) -> tuple[int, int]:
    """The cell with the fewest respondents; means, empty cells and the total go last."""
    size = counts[cells[:, 0], cells[:, 1]]
    size = np.where(size > 0, size, np.nanmax(np.append(size, 0)) + 1)
    r, c = cells[np.lexsort((size, cells[:, 1] == 0))[0]]
    return int(r), int(c)


def _orthonormal(rows: Array) -> Array:
    _, sizes, space = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(space[sizes > ROUNDING * sizes[0]])


def _follows(target: Array, space: Array) -> bool:
    left = target - (space @ target) @ space
    return bool(np.linalg.norm(left) < ROUNDING * np.linalg.norm(target))


def _blanked(row: BannerRow, hidden: Mask) -> BannerRow:
    blank: dict[str, Any] = {name: np.where(hidden, np.nan, getattr(row, name)) for name in BLANKED}
    # a share of all picks would give a count away through the picks of the others
    share = np.full(len(hidden), np.nan) if hidden.any() else row.share_of_answers
    return replace(
        row,
        **blank,
        share_of_answers=share,
        letters=tuple("" if h else text for h, text in zip(hidden, row.letters, strict=True)),
        versus_total=tuple("" if h else text for h, text in zip(hidden, row.versus_total, strict=True)),
        suppressed=tuple(bool(h) for h in hidden),
    )
