"""Rows that stand for several respondents: checked, and written out where sums do not suffice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
#: Respondents that each row stands for.
Counts = pd.Series | npt.NDArray[Any] | Sequence[float]
Rows = TypeVar("Rows", bound=pd.Series | pd.DataFrame | None)

#: Written-out rows beyond these are refused: they no longer fit into the memory of a small machine.
MOST_ROWS = 50_000_000


@no_estimate("laying out")
def checked_counts(counts: Counts, n_rows: int) -> Array:
    """Counts as an array: one a row, whole numbers of respondents, zero or more.

    Raises
    ------
    ValueError
        Naming the first row at fault. A count that is not whole is most often a sampling weight.

    Examples
    --------
    >>> checked_counts([2, 0, 1], 3).tolist()
    [2.0, 0.0, 1.0]
    """
    values: Array = np.asarray(counts, dtype=float)
    if values.shape != (n_rows,):
        raise ValueError(f"counts must be of shape ({n_rows},), one a row; got {values.shape}")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0) & (values == np.round(values))))
    if len(wrong):
        raise ValueError(
            f"row {wrong[0]}: the count is {values[wrong[0]]:g}, expected a whole number of respondents "
            f"({len(wrong)} rows like this). Sampling weights are no counts: they go with a design."
        )
    return values


@no_estimate("laying out")
def written_out(rows: Rows, counts: Counts | None) -> Rows:
    """Every row as often as it counts, under a new index ``0 .. n - 1``; as it is without counts.

    Examples
    --------
    >>> written_out(pd.Series([5.0, 3.0], name="SAT"), [2, 1]).tolist()
    [5.0, 5.0, 3.0]
    """
    if rows is None or counts is None:
        return rows
    whole = cast("pd.Series | pd.DataFrame", rows)
    times = checked_counts(counts, len(whole))
    if times.sum() > MOST_ROWS:
        raise ValueError(
            f"counts stand for {times.sum():g} respondents; this method writes each of them out, which it "
            f"does up to {MOST_ROWS:,}. Draw a sample of them first."
        )
    at = np.repeat(np.arange(len(whole)), times.astype(np.int64))
    return cast("Rows", whole.iloc[at].reset_index(drop=True))
