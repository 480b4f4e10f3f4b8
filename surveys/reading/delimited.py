"""Comma, tab, semicolon or bar separated text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveys.errors import AnswersError, Fault
from surveys.reading.cells import shown
from surveys.reading.fast_lane import ENOUGH, read_columns
from surveys.reading.grids import LOOKED_AT, Grid, Known, header_place, known_cells
from surveys.reading.limits import Limits

DELIMITERS = (",", "\t", ";", "|")
_PROBED = 200  #: rows from the top that choose the delimiter
_SEP_LINE = re.compile(r"\ufeff?sep=(.)\n", re.IGNORECASE)
_TABLE_NAMES = (".xls", ".xlsx", ".xlsm", ".sav", ".zsav", ".por")


@dataclass(frozen=True, slots=True)
class _Row:
    """One record: its row as a spreadsheet counts, the line of the file it begins on, its cells."""

    number: int
    line: int
    cells: list[str]


def read_delimited(text: str, *, file: str, limits: Limits, known: Known | None = None) -> tuple[Grid, str]:
    """Rows of a delimited text, and the delimiter.

    Line ends may be LF, CRLF, CR or CR CR CR LF, and stand in quoted cells. Quotation marks are
    held to RFC 4180: one inside a quoted cell is doubled.

    Raises
    ------
    AnswersError
        Naming every line with a wrong number of cells or a stray quotation mark.

    Examples
    --------
    >>> grid, delimiter = read_delimited("id;age\\n1;30\\n", file="a.csv", limits=Limits())
    >>> grid.records, delimiter
    ([['id', 'age'], ['1', '30']], ';')
    """
    lines = _lines(text).rstrip("\x1a")  # the end mark of old systems
    told = _SEP_LINE.match(lines)
    delimiter = told[1] if told else choose_delimiter(lines, known)
    if len(lines) >= ENOUGH and not told:
        grid = _fast_grid(lines, delimiter, limits, known)
        if grid is not None:
            return grid, delimiter
    _refuse_wide_lines(lines, delimiter, file, limits)
    faults: list[Fault] = []
    rows = list(_rows(lines, delimiter, file, limits, faults))
    if told:
        rows = rows[1:]
    blank = sum(not row.cells for row in rows)
    rows = [row for row in rows if row.cells]
    if not faults and not any(cell.strip() for row in rows for cell in row.cells):
        raise AnswersError(
            Fault(
                file=file,
                seen="a file without any text",
                expected="a header row and rows of answers",
                remedy="Export the answers again.",
            )
        )
    place = header_place([row.cells for row in rows], known, first=True) if rows else 0
    notes = [f"{blank} blank lines passed over"] if blank else []
    rows = _even_rows(rows, place, file, faults, notes)
    if faults:
        raise AnswersError([*faults, *_header_faults(rows, place, file)])
    _refuse_prose(rows, place, file)
    grid = Grid(
        records=[row.cells for row in rows],
        numbers=[row.number for row in rows],
        header_at=place,
        notes=tuple(notes),
    )
    return grid, delimiter


def _lines(text: str) -> str:
    """The text with one kind of line end."""
    if "\r" not in text:
        return text
    if "\r\r" in text:
        text = re.sub(r"\r+\n", "\n", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _top(text: str) -> str:
    """The first lines, without a copy of the rest."""
    at = -1
    for _ in range(_PROBED):
        following = text.find("\n", at + 1)
        if following < 0:
            return text
        at = following
    return text[: at + 1]


def _fast_grid(lines: str, delimiter: str, limits: Limits, known: Known | None) -> Grid | None:
    """A table whose header is its first row, by columns; None for the careful reader."""
    try:
        probed = csv.reader(io.StringIO(_top(lines), newline="\n"), delimiter=delimiter, strict=True)
        rows = [row for row, _ in zip(probed, range(LOOKED_AT), strict=False)]
    except csv.Error:
        return None
    if len(rows) < 2 or not all(rows) or header_place(rows, known, first=True):
        return None
    width = len(rows[0])
    if width < 2 or width > limits.max_columns:
        return None
    columns = read_columns(lines, delimiter, width=width, limits=limits)
    if columns is None:
        return None
    n = len(columns[0].places)
    return Grid(records=[rows[0]], numbers=range(1, n + 2), header_at=0, columns=columns)


def choose_delimiter(text: str, known: Known | None = None) -> str:
    """The delimiter under which most headers are known; failing that, most rows are equally wide.

    >>> choose_delimiter("a;b;c\\n1,5;2;3\\n"), choose_delimiter("id,channels\\n1,web;app;branch\\n")
    (';', ',')
    """
    best, best_score = ",", (0, 0.0, 0)
    top = _top(text)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(top, newline="\n"), delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not rows:
            continue
        # The commonest width, so that title lines above the header do not decide.
        width, n = Counter(map(len, rows)).most_common(1)[0]
        if width > 1:
            headers = max(known_cells(row, known) for row in rows[:LOOKED_AT])
            score = (headers, n / len(rows), width)
            if score > best_score:
                best, best_score = delimiter, score
    return best


def _refuse_wide_lines(text: str, delimiter: str, file: str, limits: Limits) -> None:
    for line, content in enumerate(io.StringIO(text, newline="\n"), start=1):
        if content.count(delimiter) > 2 * limits.max_columns:
            raise AnswersError(
                Fault(
                    file=file,
                    line=line,
                    seen=f"{content.count(delimiter) + 1:,} cells in one line",
                    expected=f"at most {limits.max_columns:,} columns",
                    remedy="Check the file; if it is right, raise the limit max_columns.",
                )
            )


def _rows(text: str, delimiter: str, file: str, limits: Limits, faults: list[Fault]) -> Iterator[_Row]:
    """All records, strict about quotation marks; goes on behind each fault."""
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, strict=True)
    number, cells = 0, 0
    while True:
        line = reader.line_num + 1
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(_quote_fault(file, line, reader.line_num, str(error)))
            continue
        cells += len(row)
        if cells > limits.max_cells or len(row) > limits.max_columns:
            raise AnswersError(
                Fault(
                    file=file,
                    line=line,
                    seen=f"more than {min(cells, limits.max_cells):,} cells, {len(row):,} in this line",
                    expected=f"at most {limits.max_cells:,} cells and {limits.max_columns:,} columns",
                    remedy="Split the file, or raise the limits max_cells and max_columns.",
                )
            )
        yield _Row(number, line, row)


def _quote_fault(file: str, first: int, last: int, error: str) -> Fault:
    if "field larger" in error:
        seen, remedy = (
            "a cell of more than 131,072 characters",
            "A quotation mark may be missing; close the cell.",
        )
    elif "unexpected end" in error:
        seen, remedy = "a quoted cell that is never closed", "Close it with a quotation mark."
    else:
        seen = "a quotation mark inside a quoted cell that is not doubled"
        remedy = 'Write it twice (""), or export the file again.'
    span = f" (up to line {last})" if last > first else ""
    return Fault(file=file, line=first, seen=seen + span, expected='cells quoted as "..."', remedy=remedy)


def _even_rows(
    rows: Sequence[_Row], place: int, file: str, faults: list[Fault], notes: list[str]
) -> list[_Row]:
    """All rows from the header on at one width; rows of other widths are faults."""
    if not rows:
        return []
    width = len(rows[place].cells)
    even: list[_Row] = []
    trailing = 0
    for at, row in enumerate(rows):
        n = len(row.cells)
        if at <= place or n == width:
            even.append(row)
        elif n > width and not any(cell.strip() for cell in row.cells[width:]):
            trailing += 1
            even.append(_Row(row.number, row.line, row.cells[:width]))
        else:
            even.append(_Row(row.number, row.line, (row.cells + [""] * width)[:width]))
            faults.append(
                Fault(
                    file=file,
                    line=row.line,
                    row=row.number,
                    seen=f"{n} {'cell' if n == 1 else 'cells'}",
                    expected=f"{width}, as in the header",
                    remedy="A separator or a quotation mark is missing or too many.",
                )
            )
    if trailing:
        notes.append(f"{trailing} rows end in more separators than the header; nothing stands behind them")
    return even


def _header_faults(rows: Sequence[_Row], place: int, file: str) -> Iterator[Fault]:
    """What is wrong with the header of a file that is refused anyway, so that all is said at once."""
    if not rows:
        return
    header = rows[place]
    names = [cell.strip() for cell in header.cells]
    for column, name in enumerate(names, start=1):
        if not name:
            yield Fault(
                file=file,
                line=header.line,
                seen=f"no header above column {column}",
                expected="a header above every column",
                remedy="Name the column, or remove it.",
            )
    for name, n in Counter(filter(None, names)).items():
        if n > 1:
            yield Fault(
                file=file,
                line=header.line,
                column=shown(name),
                seen=f"{n} columns of this name",
                expected="each header once",
                remedy="Rename or remove the copies.",
            )


def _refuse_prose(rows: Sequence[_Row], place: int, file: str) -> None:
    """A line of prose, or text of one column under the name of another kind of file, is no table."""
    if len(rows[place].cells) > 1:
        return
    under_other_name = file.lower().endswith(_TABLE_NAMES)
    if under_other_name or len(rows) == 1:
        raise AnswersError(
            Fault(
                file=file,
                seen=f"plain text that begins with: {shown(rows[place].cells[0])}",
                expected="a workbook, an SPSS file, or columns separated by commas, tabs or semicolons",
                remedy="Export the answers again.",
            )
        )
