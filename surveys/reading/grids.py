"""What a format reader hands on: numbered rows of cells, and where the header is among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from surveys.reading.cells import cell_text, is_empty
from surveys.reading.distinct import Distinct

Record = Sequence[object]
Known = Callable[[str], bool]  #: whether a header is one that the questionnaire knows

LOOKED_AT = 30  #: rows from the top among which the header is sought


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows of cells that are not blank, each with its number as a spreadsheet counts.

    ``header_at`` is the place of the header in ``records``; all records below it have its width.
    Where ``columns`` is given, they hold what stands below the header, and ``records`` ends with it.
    """

    records: Sequence[Record]
    numbers: Sequence[int]
    header_at: int
    sheet: str | None = None
    notes: tuple[str, ...] = ()
    columns: Sequence[Distinct] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSet:
    """Variables that are one question of several answers, as an SPSS file declares it.

    ``counted`` is the value that means "chosen" in a set of dichotomies; None for a set of categories,
    where each variable holds one of the chosen options.
    """

    name: str
    label: str
    variables: tuple[str, ...]
    counted: str | None = None


def known_cells(record: Record, known: Known | None) -> int:
    """How many cells of a row are headers that the questionnaire knows."""
    if known is None:
        return 0
    return sum(known(cell) for cell in record if isinstance(cell, str) and cell.strip())


def header_place(records: Sequence[Record], known: Known | None, *, first: bool = False) -> int:
    """Place of the header: the row with most known headers, else the first full row of text.

    Parameters
    ----------
    records : sequence of rows
    known : callable or None
        Whether a cell is a header of the questionnaire.
    first : bool
        Whether to take the first row that is not blank when no header is known: in text files
        numbers are text too.

    Examples
    --------
    >>> header_place([("Bank survey", None), ("id", "age"), (1.0, 30.0)], None)
    1
    """
    top = records[:LOOKED_AT]
    scores = [known_cells(record, known) for record in top]
    # One match may be chance (a title that repeats a question), unless the table is that narrow.
    if scores and max(scores) >= 2:
        return scores.index(max(scores))
    filled = [sum(not is_empty(cell) for cell in record) for record in top]
    start = next((place for place, count in enumerate(filled) if count), 0)
    if first:
        return start
    worded = [
        count if all(isinstance(cell, str) or is_empty(cell) for cell in record) else 0
        for record, count in zip(top, filled, strict=True)
    ]
    widest = max(worded, default=0)
    return next((place for place, count in enumerate(worded) if count > widest / 2), start)


def header_texts(record: Record) -> tuple[str, ...]:
    """The header as text, every cell as it stands."""
    return tuple(cell_text(cell) for cell in record)
