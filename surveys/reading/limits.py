"""How much of a data file is read before it is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes beyond which a file is refused, so that a hostile one costs little time and memory.

    Real surveys are far below; raise a limit by handing in another value.

    >>> Limits(max_cells=1_000).max_columns
    16384
    """

    max_bytes: int = 512 * 2**20  #: of the file itself
    max_uncompressed: int = 2**30  #: of all parts of a workbook, in bytes
    max_ratio: float = 200  #: uncompressed to compressed, for parts above ``ratio_from``
    ratio_from: int = 10 * 2**20  #: bytes; small parts may compress as well as they like
    max_cells: int = 100_000_000  #: a million respondents and a hundred columns
    max_sheet_cells: int = 50_000_000  #: of a workbook, which declares more than it holds
    max_columns: int = 16_384  #: as many as a spreadsheet holds
    max_parts: int = 10_000  #: files inside a workbook

    @property
    def sheet_cells(self) -> int:
        """Cells that a sheet may span."""
        return min(self.max_cells, self.max_sheet_cells)
