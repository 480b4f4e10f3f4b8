"""Could somebody be recognised by what is released? k-anonymity, and small cells held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class KAnonymity:
    """How many respondents share every combination of quasi-identifiers.

    ``k`` is the size of the smallest combination: each respondent is alike to k - 1 others.
    """

    columns: tuple[str, ...]
    k: int
    n: int
    n_classes: int
    n_unique: int  #: respondents whose combination nobody shares
    minimum: int
    n_below: int  #: respondents in combinations smaller than ``minimum``


def k_anonymity(frame: pd.DataFrame, columns: Sequence[str], *, minimum: int = 5) -> KAnonymity:
    """Count combinations of quasi-identifiers; a blank is a value like any other (Sweeney 2002).

    Parameters
    ----------
    frame : DataFrame, shape (n_respondents, any)
    columns : sequence of str
        What others may know of a respondent: sex, age, branch, post.
    minimum : int

    References
    ----------
    Sweeney, L. (2002). k-anonymity: a model for protecting privacy. International Journal of
    Uncertainty, Fuzziness and Knowledge-Based Systems, 10(5), 557-570.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": [1, 1, 2], "age": [3, 3, 4]})
    >>> k_anonymity(frame, ["sex", "age"]).n_unique
    1
    """
    _check(frame, columns, minimum)
    sizes = _sizes(frame, columns)
    return KAnonymity(
        columns=tuple(columns),
        k=int(sizes.min()) if len(sizes) else 0,
        n=len(frame),
        n_classes=int(np.rint((1 / sizes).sum())) if len(sizes) else 0,
        n_unique=int((sizes == 1).sum()),
        minimum=minimum,
        n_below=int((sizes < minimum).sum()),
    )


def blanked_to(frame: pd.DataFrame, columns: Sequence[str], *, minimum: int = 5) -> pd.DataFrame:
    """Quasi-identifiers of rare combinations blanked, until none is rarer than ``minimum``.

    Those blanked form a combination of their own; where they are fewer than ``minimum``, the next
    smallest combination joins them.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": [1, 1, 2], "age": [3, 3, 4]})
    >>> blanked_to(frame, ["sex", "age"], minimum=2)["sex"].isna().sum()
    np.int64(3)
    """
    _check(frame, columns, minimum)
    sizes = _sizes(frame, columns)
    blank = frame[list(columns)].isna().all(axis="columns").to_numpy()
    hidden = (sizes < minimum) | blank
    while 0 < hidden.sum() < minimum and not hidden.all():
        hidden |= sizes == sizes[~hidden].min()
        # one combination after another: those of one size join together
    released = frame.copy()
    for column in columns:
        released[column] = released[column].where(~pd.Series(hidden, index=frame.index))
    return released


def suppressed_table(counts: pd.DataFrame, *, minimum: int = 5) -> pd.DataFrame:
    """A table of counts with small cells blank, and enough others that margins do not give them away.

    Zero is nobody, so it stays. In a row or column with one blank the smallest other count that is
    not zero is blanked too, until every row and column has none, or two and more.

    Parameters
    ----------
    counts : DataFrame of int, shape (n_rows, n_columns)

    Examples
    --------
    >>> table = pd.DataFrame({"a": [2, 10, 20], "b": [30, 40, 50]})
    >>> int(suppressed_table(table).isna().to_numpy().sum())
    4
    """
    values = counts.to_numpy(dtype=float)
    hidden = (values > 0) & (values < minimum)
    changed = True
    while changed:
        changed = False
        for lines, marks in ((values, hidden), (values.T, hidden.T)):
            for line, mark in zip(lines, marks, strict=True):
                if mark.sum() != 1:
                    continue
                others = np.where(mark | (line == 0), np.inf, line)
                if np.isfinite(others).any():
                    mark[int(others.argmin())] = True
                    changed = True
    return pd.DataFrame(np.where(hidden, np.nan, values), index=counts.index, columns=counts.columns)


def _check(frame: pd.DataFrame, columns: Sequence[str], minimum: int) -> None:
    unknown = [name for name in columns if name not in frame]
    if unknown or not columns:
        raise ValueError(
            f"quasi-identifiers: {', '.join(unknown) or 'none'}; expected columns of the data, which are "
            f"{', '.join(map(str, frame))}"
        )
    if minimum < 1:
        raise ValueError(f"minimum: {minimum} respondents; expected 1 or more")


def _sizes(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """How many respondents share each respondent's combination, shape (n_respondents,)."""
    if frame.empty:
        return np.zeros(0)
    groups = frame.groupby(list(columns), dropna=False, sort=False).ngroup().to_numpy()
    return np.bincount(groups)[groups]
