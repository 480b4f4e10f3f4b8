"""Correlations of items, however computed, as the methods of factor analysis take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts
from analysis.design.design import Design
from analysis.weighted_moments import row_weights
from analysis.weighting import takes_weights, weights_given_by

Array = npt.NDArray[np.float64]

SINGULAR = 1e-10  #: least eigenvalue of a correlation matrix whose items are not combinations of each other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ItemCorrelations:
    """A correlation matrix with the respondents behind it.

    ``state`` is ``too_few`` (fewer than 2 items or 3 respondents), ``constant`` (an item does not vary),
    ``empty_cell`` (nobody answered both items of a pair) or ``inadmissible`` (an item is an exact combination
    of others, or the matrix is no correlation matrix at all); every method that takes it hands that state on.
    """

    items: tuple[str, ...]
    matrix: Array  #: shape (n_items, n_items)
    n: int | None  #: respondents behind the matrix; None when unknown
    method: str = "pearson"
    weighted: bool = False  #: under a sampling design, so that ``n`` respondents say less than n equal ones
    state: str = "ok"
    reason: str = ""

    @property
    def n_for_tests(self) -> int | None:
        """Respondents of a simple random sample that would say as much; None where that is unknown."""
        return None if self.weighted else self.n

    @property
    def k(self) -> int:
        return len(self.items)

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.matrix, index=list(self.items), columns=list(self.items))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ItemCorrelations):
            return NotImplemented
        same = (self.items, self.n, self.method, self.weighted, self.state) == (
            other.items,
            other.n,
            other.method,
            other.weighted,
            other.state,
        )
        return same and np.array_equal(self.matrix, other.matrix, equal_nan=True)

    __hash__ = None  # type: ignore[assignment]


@takes_weights(
    "design",
    counts="sums",
    how="weighted covariances; point estimates, and no tests by n in what builds on them",
    reference="survey::svyvar",
)
def pearson_correlations(
    items: pd.DataFrame,
    *,
    missing: Literal["listwise", "pairwise"] = "listwise",
    counts: Counts | None = None,
    design: Design | None = None,
) -> ItemCorrelations:
    """Pearson correlations of all items.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers; NaN for no answer.
    missing : {"listwise", "pairwise"}
        Leave out respondents with any blank, or use for each pair whoever answered both. ``n`` is then the
        smallest number of respondents behind any pair: the cautious choice, where ``psych::fa`` takes all
        rows.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Correlations of the population, as ``survey::svyvar``. ``n`` is still stated, but methods that test
        by n as if the respondents were a simple random sample then leave their tests out. Errors:
        :func:`analysis.design.correlations.weighted_correlations`.

    Examples
    --------
    >>> frame = pd.DataFrame({"A": [1, 2, 3, 4, 5.0], "B": [1, 3, 2, 5, 4.0], "C": [5, 3, None, 2, 1]})
    >>> found = pearson_correlations(frame, missing="pairwise")
    >>> found.n, round(float(found.matrix[0, 2]), 4)
    (4, -0.9621)
    """
    names = tuple(str(name) for name in items.columns)
    answers: Array = items.to_numpy(dtype=float)
    if missing not in ("listwise", "pairwise"):
        raise ValueError(f"missing is {missing!r}; it can be 'listwise' or 'pairwise'")
    rows = row_weights(len(items), counts=counts, design=design)
    used = rows.respondents > 0
    if missing == "listwise":
        used &= ~np.isnan(answers).any(axis=1)
    answers, rows = answers[used], rows.of(used)
    there = (~np.isnan(answers)).astype(float)
    pairs = (there * rows.respondents[:, None]).T @ there
    k = len(names)
    n = int(pairs.min()) if k else 0
    unknown = np.full((k, k), np.nan)
    if k < 2 or n < 3:
        state = "empty_cell" if k > 1 and n == 0 and len(answers) else "too_few"
        reason = f"{n} respondents for a pair of the {k} items; at least 2 items and 3 respondents are needed"
        return ItemCorrelations(items=names, matrix=unknown, n=n, state=state, reason=reason)
    constant = [name for name, spread in zip(names, _spread(answers), strict=True) if spread == 0]
    if constant:
        reason = f"all answers are the same: {', '.join(constant)}"
        return ItemCorrelations(items=names, matrix=unknown, n=n, state="constant", reason=reason)
    found = _judged(names, _correlate(answers, there, rows.weights), n, "pearson")
    return replace(found, weighted=design is not None)


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def given_correlations(
    correlations: pd.DataFrame, *, n: int | None = None, method: str = "given"
) -> ItemCorrelations:
    """Any correlation matrix: polychoric, published, computed elsewhere.

    Parameters
    ----------
    correlations : DataFrame, shape (n_items, n_items)
        Symmetric, with ones on the diagonal.
    n : int, optional
        Respondents behind it; without it there are no tests and no fit indices that need them.

    Raises
    ------
    ValueError
        If the frame is not square, not symmetric, or has something else than ones on its diagonal.

    Examples
    --------
    >>> r = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["A", "B"], columns=["A", "B"])
    >>> given_correlations(r, n=100).state
    'ok'
    """
    names = tuple(str(name) for name in correlations.columns)
    matrix: Array = correlations.to_numpy(dtype=float)
    if matrix.shape[0] != matrix.shape[1]:
        rows, columns = matrix.shape
        raise ValueError(f"a correlation matrix is square; this frame has {rows} rows and {columns} columns")
    if np.nanmax(np.abs(matrix - matrix.T), initial=0.0) > 1e-8:
        raise ValueError("a correlation matrix is symmetric; this frame is not")
    if np.nanmax(np.abs(np.diag(matrix) - 1), initial=0.0) > 1e-8:
        raise ValueError(
            "a correlation matrix has ones on its diagonal; this frame has not. "
            "Divide covariances by the standard deviations first."
        )
    return _judged(names, (matrix + matrix.T) / 2, n, method)


def _spread(answers: Array) -> Array:
    return np.asarray(np.nanmax(answers, axis=0) - np.nanmin(answers, axis=0))


def _correlate(answers: Array, there: Array, weights: Array) -> Array:
    """Each pair's Pearson correlation over its own respondents, all pairs in five matrix products."""
    w = weights[:, None]
    centred = np.nan_to_num(answers - (w * np.nan_to_num(answers)).sum(axis=0) / (w * there).sum(axis=0))
    pairs = (w * there).T @ there
    sums = (w * centred).T @ there
    squares = (w * centred**2).T @ there
    # Centring by the item's own mean keeps these differences free of cancellation.
    cross = (w * centred).T @ centred - sums * sums.T / pairs
    spread = squares - sums**2 / pairs
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = cross / np.sqrt(spread * spread.T)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix)


def _judged(items: tuple[str, ...], matrix: Array, n: int | None, method: str) -> ItemCorrelations:
    state, reason = "ok", ""
    if len(items) < 2:
        state, reason = "too_few", f"correlations need at least 2 items, there are {len(items)}"
    elif not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        state, reason = "empty_cell", f"{items[row]} and {items[column]} have no correlation"
    elif np.abs(matrix).max() > 1 + 1e-9:
        state, reason = "inadmissible", "a correlation is beyond one"
    else:
        least = float(np.linalg.eigvalsh(matrix)[0])
        if least < -SINGULAR:
            state = "inadmissible"
            reason = (
                f"the matrix is not positive definite (least eigenvalue {least:.3g}); use listwise deletion"
            )
        elif least < SINGULAR:
            state, reason = "inadmissible", "an item is an exact combination of others"
    return ItemCorrelations(items=items, matrix=matrix, n=n, method=method, state=state, reason=reason)
