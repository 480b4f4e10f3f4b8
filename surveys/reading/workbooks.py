"""Excel workbooks, new (.xlsx) and old (.xls). Formulas are not evaluated: what they last showed is read."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from surveys.errors import AnswersError, Fault
from surveys.reading.archives import Part, check_workbook
from surveys.reading.cells import is_empty, shown
from surveys.reading.containers import open_container
from surveys.reading.grids import LOOKED_AT, Grid, Known, Record, header_place, known_cells
from surveys.reading.limits import Limits
from surveys.reading.records import counts_from_1904, old_sheets

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FROM_1904 = re.compile(rb"""date1904\s*=\s*["'](?:1|true)["']""")
_HEAD = 20_000  #: bytes of a workbook's own part that say how its dates are counted
_OTHER_OLE = (
    ("WordDocument".encode("utf-16-le"), "a Word document"),
    ("PowerPoint Document".encode("utf-16-le"), "a PowerPoint file"),
    ("__nameid_version".encode("utf-16-le"), "an e-mail message"),
)


def read_xlsx(
    raw: bytes, *, file: str, sheet: str | None, limits: Limits, known: Known | None = None
) -> Grid:
    """Rows of one sheet of a zipped workbook, looked through for hostile content first."""
    seen = check_workbook(raw, file=file, limits=limits)
    grid = _read(raw, file=file, sheet=sheet, limits=limits, known=known, seen=dict(seen.sheets))
    return _told_1904(grid, _counts_from_1904(raw))


def read_xls(raw: bytes, *, file: str, sheet: str | None, limits: Limits, known: Known | None = None) -> Grid:
    """Rows of one sheet of an old binary workbook."""
    if _ENCRYPTED in raw:
        raise _password(file)
    for mark, kind in _OTHER_OLE:
        if mark in raw:
            raise AnswersError(
                Fault(
                    file=file,
                    seen=kind,
                    expected="a workbook (.xlsx or .xls)",
                    remedy="Hand in the data file.",
                )
            )
    grid = _read(raw, file=file, sheet=sheet, limits=limits, known=known, seen=_old_sheets(raw, file))
    container = open_container(raw)
    stream = None if container is None else container.stream("workbook", "book")
    return _told_1904(grid, stream is not None and counts_from_1904(stream))


def _told_1904(grid: Grid, from_1904: bool) -> Grid:
    """Pasted into another workbook, such dates move by four years and a day."""
    dated = from_1904 and any(isinstance(cell, dt.date) for record in grid.records for cell in record)
    note = "dates are counted from 1904 in this workbook, and were read so"
    return replace(grid, notes=(*grid.notes, note)) if dated else grid


def _counts_from_1904(raw: bytes) -> bool:
    """Whether a workbook that was looked through already says so of its dates."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        name = next((name for name in archive.namelist() if name.lower() == "xl/workbook.xml"), None)
        if name is None:
            return False
        with archive.open(name) as part:
            return _FROM_1904.search(part.read(_HEAD)) is not None


def _old_sheets(raw: bytes, file: str) -> dict[str, Part]:
    """What an old workbook holds, by sheet, after its structure was walked through."""
    container = open_container(raw)
    if container is None:
        raise _unreadable(file, None, "its sectors run in a circle or out of the file")
    stream = container.stream("workbook", "book")
    if stream is None:
        raise _unreadable(file, None, "no workbook inside")
    try:
        return old_sheets(stream)
    except ValueError as error:
        raise _unreadable(file, None, str(error)) from None


def _password(file: str) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen="a password protected workbook",
            expected="a workbook without a password",
            remedy="Open it in the spreadsheet program and save it without a password.",
        )
    )


@contextmanager
def _faults_of(file: str, sheet: str | None = None) -> Iterator[None]:
    """Turn what the spreadsheet reader raises over a bad file into a fault of that file."""
    try:
        yield
    except PasswordError:
        raise _password(file) from None
    except (CalamineError, OSError, ValueError, OverflowError, MemoryError) as error:
        raise _unreadable(file, sheet, str(error)) from None
    except BaseException as error:
        # A panic inside the reader is not an Exception, yet it is the file's doing.
        if type(error).__name__ != "PanicException":
            raise
        raise _unreadable(file, sheet, "its inner structure contradicts itself") from None


def _unreadable(file: str, sheet: str | None, why: str) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            sheet=sheet,
            seen=f"a damaged workbook ({shown(why)})",
            expected="a workbook that a spreadsheet program opens",
            remedy="It may be cut off; export it again, or save it as CSV.",
        )
    )


def _read(
    raw: bytes, *, file: str, sheet: str | None, limits: Limits, known: Known | None, seen: dict[str, Part]
) -> Grid:
    with _faults_of(file):
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = list(book.sheet_names)
        visible = [
            meta.name
            for meta in book.sheets_metadata
            if meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet
        ]
    notes: list[str] = []
    name = (
        _named(sheet, names, file)
        if sheet is not None
        else _choose(book, visible or names, file, known, seen, notes)
    )
    opened = _open_sheet(book, name, file)
    _refuse_large(opened, name, file, limits)
    with _faults_of(file, name):
        records: list[Record] = list(opened.to_python(skip_empty_area=False))
        merged = opened.merged_cell_ranges or []
    filled = [(number, record) for number, record in enumerate(records, start=1) if not _blank(record)]
    if not filled:
        raise _no_cells(file, name, seen.get(name))
    blank = filled[-1][0] - filled[0][0] + 1 - len(filled)
    if blank:
        notes.append(f"{blank} blank rows passed over")
    kept = [record for _, record in filled]
    place = header_place(kept, known)
    notes += _cell_notes(seen.get(name), merged, filled[place][0])
    return Grid(
        records=kept,
        numbers=[number for number, _ in filled],
        header_at=place,
        sheet=name,
        notes=tuple(notes),
    )


def _blank(record: Record) -> bool:
    return all(cell == "" or is_empty(cell) for cell in record)


def _named(sheet: str, names: Sequence[str], file: str) -> str:
    for name in names:
        if name == sheet:
            return name
    for name in names:
        if name.strip().casefold() == sheet.strip().casefold():
            return name
    raise AnswersError(
        Fault(
            file=file,
            sheet=sheet,
            seen="no sheet of this name",
            expected="one of " + ", ".join(shown(name) for name in names[:20]),
            remedy="Name another sheet.",
        )
    )


def _choose(
    book: CalamineWorkbook,
    names: Sequence[str],
    file: str,
    known: Known | None,
    seen: Mapping[str, Part],
    notes: list[str],
) -> str:
    """The sheet whose header the questionnaire knows best; failing that, the first that is not empty."""
    if len(names) == 1:
        return names[0]
    scores: dict[str, int] = {}
    for name in names:
        opened = _open_sheet(book, name, file)
        with _faults_of(file, name):
            # Blank rows at the top do not count as looked at.
            start = 0 if opened.start is None else opened.start[0]
            top: list[Record] = list(opened.to_python(skip_empty_area=False, nrows=start + LOOKED_AT))
        rows = [record for record in top if not _blank(record)]
        if rows:
            scores[name] = known_cells(rows[header_place(rows, known)], known)
    if not scores:
        failed = [part for part in seen.values() if part.n_errors]
        raise _no_cells(file, None, failed[0] if failed else None)
    best = max(scores.values())
    leaders = [name for name, score in scores.items() if score == best]
    if best and len(leaders) > 1:
        raise AnswersError(
            Fault(
                file=file,
                seen="several sheets that fit the questionnaire: " + ", ".join(map(shown, leaders)),
                expected="one sheet of answers",
                remedy="Name the sheet to read.",
            )
        )
    others = [shown(name) for name in scores if name != leaders[0]]
    if others:
        reason = "its header fits the questionnaire best" if best else "it is the first that is not empty"
        notes.append(f'sheet "{shown(leaders[0])}" was read, because {reason}; not read: {", ".join(others)}')
    return leaders[0]


def _open_sheet(book: CalamineWorkbook, name: str, file: str) -> CalamineSheet:
    with _faults_of(file, name):
        return book.get_sheet_by_name(name)


def _refuse_large(sheet: CalamineSheet, name: str, file: str, limits: Limits) -> None:
    rows, columns = (sheet.end[0] + 1, sheet.end[1] + 1) if sheet.end else (0, 0)
    if rows * columns > limits.sheet_cells or columns > limits.max_columns:
        raise AnswersError(
            Fault(
                file=file,
                sheet=name,
                seen=f"cells as far as row {rows:,} and column {columns:,}",
                expected=f"at most {limits.sheet_cells:,} cells and {limits.max_columns:,} columns",
                remedy="Delete the stray cells far right or far below the table, or raise the limits.",
            )
        )


def _no_cells(file: str, sheet: str | None, part: Part | None) -> AnswersError:
    seen = "no cells with anything in them"
    if part is not None and part.n_errors:
        seen = f"only error cells ({_errors(part)})"
    return AnswersError(
        Fault(
            file=file,
            sheet=sheet,
            seen=seen,
            expected="a header row and rows of answers",
            remedy="Export the answers again, or name another sheet.",
        )
    )


def _errors(part: Part) -> str:
    more = ", ..." if part.n_errors > len(part.error_cells) else ""
    return ", ".join(part.error_cells) + more if part.error_cells else f"{part.n_errors}"


def _cell_notes(
    part: Part | None, merged: Sequence[tuple[tuple[int, int], tuple[int, int]]], header: int
) -> Iterator[str]:
    if part is not None and part.n_errors:
        yield f"{part.n_errors} error cells such as #DIV/0! read as no answer: {_errors(part)}"
    below = [area for area in merged if area[1][0] >= header]
    if below:
        yield f"{len(below)} merged areas below the header; only the first cell of each holds a value"
