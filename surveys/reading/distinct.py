"""The different cells of a column: reading goes once over these, however many rows there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.reading.cells import cell_text

Cells = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Distinct:
    """The distinct cells of a column and, for each row, which of them it holds (-1 for none)."""

    values: list[object]
    places: npt.NDArray[np.intp]

    @classmethod
    def of(cls, cells: Cells | Distinct) -> Distinct:
        """Group equal cells. TRUE is kept apart from 1, which Python holds to be equal."""
        if isinstance(cells, Distinct):
            return cells
        if any(kind is bool for kind in set(map(type, cells))):
            cells = cells.copy()
            cells[:] = [cell_text(cell) if isinstance(cell, bool) else cell for cell in cells]
        places, values = pd.factorize(cells)
        return cls(list(values), places)

    def cells(self) -> Cells:
        """The column cell by cell, None for empty ones."""
        table = np.empty(len(self.values) + 1, dtype=object)
        table[:-1] = self.values
        return table[self.places]

    def where(self, kept: npt.NDArray[np.bool_]) -> Distinct:
        """The same column, empty wherever ``kept`` is false."""
        return self if kept.all() else Distinct(self.values, np.where(kept, self.places, -1))

    def spread(self, by_value: Sequence[float]) -> Numbers:
        """One number a row, NaN for empty cells."""
        table = np.append(np.asarray(by_value, dtype=float), np.nan)
        return table[self.places]

    @cached_property
    def _ordered(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Rows sorted by their value, and where each value begins among them."""
        order = np.argsort(self.places, kind="stable")
        begins = np.searchsorted(self.places[order], np.arange(len(self.values) + 1))
        return order, begins

    def rows_of(self, at: int) -> list[int]:
        """The rows that hold a value."""
        order, begins = self._ordered
        rows: list[int] = order[begins[at] : begins[at + 1]].tolist()
        return rows

    def count(self, at: int) -> int:
        """How many rows hold a value."""
        begins = self._ordered[1]
        return int(begins[at + 1] - begins[at])
