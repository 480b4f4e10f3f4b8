"""One table of raw cells, whatever file it stood in. What a file is, is told from its content."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from surveys.errors import AnswersError, Fault
from surveys.reading.cells import cell_text, is_empty, shown
from surveys.reading.delimited import read_delimited
from surveys.reading.distinct import Cells, Distinct
from surveys.reading.encoding import Decoded, decode
from surveys.reading.grids import AnswerSet, Grid, Known, header_texts
from surveys.reading.limits import Limits
from surveys.reading.spss import read_spss
from surveys.reading.stata import check_stata, is_stata, read_stata
from surveys.reading.workbooks import read_xls, read_xlsx

Format = Literal["delimited", "xlsx", "xls", "spss", "stata"]

_OTHER_FORMATS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "a PNG picture", "Hand in the data file."),
    (b"\xff\xd8\xff", "a JPEG picture", "Hand in the data file."),
    (b"GIF8", "a GIF picture", "Hand in the data file."),
    (b"%PDF", "a PDF document", "Hand in the data file."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and hand in the file inside."),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it and hand in the file inside."),
    (b"Rar!", "a RAR archive", "Unpack it and hand in the file inside."),
    (b"BZh", "a bzip2 archive", "Unpack it and hand in the file inside."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"PAR1", "a Parquet file", "Export the table as CSV."),
    (b"RDX", "an R data file", "Export the table as CSV."),
    (b"\x09\x08", "a workbook older than Excel 97", "Save it as .xlsx or CSV."),
    (b"\x09\x04", "a workbook older than Excel 97", "Save it as .xlsx or CSV."),
    (b"\x09\x02\x06", "a workbook older than Excel 97", "Save it as .xlsx or CSV."),
    (b"\x09\x00\x04", "a workbook older than Excel 97", "Save it as .xlsx or CSV."),
)
_EXPECTED_SUFFIX: Mapping[Format, tuple[str, ...]] = {
    "delimited": (".csv", ".tsv", ".txt", ".tab", ""),
    "xlsx": (".xlsx", ".xlsm"),
    "xls": (".xls",),
    "spss": (".sav", ".zsav", ".por"),
    "stata": (".dta",),
}
_NAMES: Mapping[Format, str] = {
    "delimited": "delimited text",
    "xlsx": "an .xlsx workbook",
    "xls": "an .xls workbook",
    "spss": "an SPSS file",
    "stata": "a Stata file",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """The cells of one data file as they stand in it.

    Attributes
    ----------
    file : str
        Its name without the folder.
    header : tuple of str, length n_columns
        As written: not trimmed, not unique, possibly empty.
    header_row : int
        Its row as a spreadsheet counts.
    rows : DataFrame of object, shape (n_rows, n_columns)
        Columns ``0 .. n_columns - 1``; the index is the number of the row as a spreadsheet counts,
        header included. Cells are str, float, bool, date, datetime, time, timedelta, or None for
        an empty cell.
    above : tuple of str
        Texts that stand above the header.
    value_labels, variable_labels : mapping
        What an SPSS file says about its variables.
    notes : tuple of str
        What was decided on the way.
    declared : mapping of column to cells
        The codes that an SPSS or Stata file declares missing, where ``rows`` holds None.
    answer_sets : tuple of AnswerSet
        Variables that an SPSS file declares to be one question.
    factors : mapping of column to Distinct
        Different cells that are known already.
    """

    file: str
    format: Format
    sha256: str
    header: tuple[str, ...]
    header_row: int
    rows: pd.DataFrame
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    above: tuple[str, ...] = ()
    value_labels: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict)
    variable_labels: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    declared: Mapping[int, Cells] = field(default_factory=dict)
    answer_sets: tuple[AnswerSet, ...] = ()
    factors: Mapping[int, Distinct] = field(default_factory=dict, repr=False)

    def distinct(self, at: int) -> Distinct:
        """The different cells of a column, and where each stands."""
        if at in self.factors:
            return self.factors[at]
        return Distinct.of(self.rows[at].to_numpy(dtype=object))


def without_rows(table: Table, count: int) -> Table:
    """The table without its first rows, which belong to the header."""
    return replace(table, rows=table.rows.iloc[count:], factors={}) if count else table


def read_table(
    path: Path | str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
    known: Known | None = None,
    header: Literal["found", "first"] = "found",
) -> Table:
    """The raw cells of a CSV, TSV, .xlsx, .xls, .sav, .zsav, .por or .dta file.

    Parameters
    ----------
    path : path of the file
    sheet : str, optional
        Sheet of a workbook; by default the one whose header is known best, else the first with cells.
    encoding : str, optional
        Of a text or SPSS file; by default the whole file decides.
    limits : Limits, optional
    known : callable, optional
        Whether a text is a header that the questionnaire knows. It finds the header below title
        rows, and the sheet.
    header : {"found", "first"}
        Whether the header is sought below titles, or is the first row of a workbook with anything in it.

    Raises
    ------
    AnswersError
        If the file cannot be read, with everything that is wrong with it.
    """
    limits = limits or Limits()
    place = Path(path)
    raw = file_bytes(place, limits)
    kind = _format(raw, place)
    digest = hashlib.sha256(raw).hexdigest()
    notes = _name_notes(place, kind)
    if kind == "spss":
        portable = not raw.startswith((b"$FL2", b"$FL3"))
        del raw  # the SPSS reader opens the file itself
        data = read_spss(place, file=place.name, limits=limits, portable=portable, encoding=encoding)
        return _table(
            data.grid,
            file=place.name,
            kind=kind,
            digest=digest,
            encoding=data.encoding,
            value_labels=data.value_labels,
            variable_labels=data.variable_labels,
            declared=data.declared,
            answer_sets=data.answer_sets,
            notes=notes,
        )
    if kind == "stata":
        check_stata(raw, file=place.name, limits=limits)
        del raw
        data = read_stata(place, file=place.name, limits=limits, encoding=encoding)
        return _table(
            data.grid,
            file=place.name,
            kind=kind,
            digest=digest,
            encoding=data.encoding,
            value_labels=data.value_labels,
            variable_labels=data.variable_labels,
            declared=data.declared,
            notes=notes,
        )
    if kind == "delimited":
        decoded = decode(raw, file=place.name, encoding=encoding)
        del raw
        return _delimited(decoded, file=place.name, digest=digest, limits=limits, known=known, notes=notes)
    read = read_xlsx if kind == "xlsx" else read_xls
    grid = read(raw, file=place.name, sheet=sheet, limits=limits, known=known)
    if header == "first":
        grid = replace(grid, header_at=0)
    return _table(grid, file=place.name, kind=kind, digest=digest, notes=notes)


def read_packed_table(
    raw: bytes,
    *,
    file: str,
    digest: str,
    encoding: str | None = None,
    limits: Limits,
    known: Known | None = None,
) -> Table:
    """The raw cells of a CSV or TSV that stood in an archive."""
    decoded = decode(raw, file=file, encoding=encoding)
    return _delimited(decoded, file=file, digest=digest, limits=limits, known=known)


def _delimited(
    decoded: Decoded,
    *,
    file: str,
    digest: str,
    limits: Limits,
    known: Known | None,
    notes: tuple[str, ...] = (),
) -> Table:
    grid, delimiter = read_delimited(decoded.text, file=file, limits=limits, known=known)
    return _table(
        grid,
        file=file,
        kind="delimited",
        digest=digest,
        encoding=decoded.encoding,
        delimiter=delimiter,
        notes=(*notes, *decoded.notes),
    )


def _fault(file: str, seen: str, expected: str, remedy: str) -> AnswersError:
    return AnswersError(Fault(file=file, seen=seen, expected=expected, remedy=remedy))


def file_bytes(path: Path, limits: Limits) -> bytes:
    """The bytes of a file that is a file and not too large."""
    expected = "a CSV, Excel, SPSS or Stata file"
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise _fault(path.name, "a folder", expected, "Name the file inside it.")
        if not stat.S_ISREG(status.st_mode):
            raise _fault(path.name, "a device or pipe", expected, "Save the data in a file first.")
        if status.st_size > limits.max_bytes:
            raise _fault(
                path.name,
                f"{status.st_size:,} bytes",
                f"at most {limits.max_bytes:,}",
                "Split the file, or raise the limit max_bytes.",
            )
        with path.open("rb") as stream:
            raw = stream.read(limits.max_bytes + 1)
    except AnswersError:  # it is a ValueError too
        raise
    except FileNotFoundError:
        raise _fault(path.name, "no such file", expected, f"Check the path {path}.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _fault(
            path.name, f"a file that cannot be opened ({reason})", expected, "Check the path."
        ) from None
    if len(raw) > limits.max_bytes:
        raise _fault(path.name, "a file that grows", "a file at rest", "Read it when it is complete.")
    if not raw:
        raise _fault(
            path.name, "an empty file (0 bytes)", "a header row and rows of answers", "Export it again."
        )
    return raw


def _format(raw: bytes, path: Path) -> Format:
    expected = "a CSV, Excel, SPSS or Stata file"
    for mark, kind, remedy in _OTHER_FORMATS:
        if raw.startswith(mark):
            raise _fault(path.name, kind, expected, remedy)
    if raw.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return "xlsx"
    if raw.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if is_stata(raw):
        return "stata"
    if raw.startswith((b"$FL2", b"$FL3")) or b"SPSS PORT FILE" in raw[:400]:
        return "spss"
    start = raw[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        kind = "XML" if start.startswith(b"<?xml") else "a web page (HTML)"
        raise _fault(
            path.name,
            kind,
            "a CSV, Excel, SPSS or Stata file",
            "Save it as .xlsx in a spreadsheet.",
        )
    if start.startswith((b'{"', b"[{")):
        raise _fault(
            path.name, "JSON", "a CSV, Excel, SPSS or Stata file", "Export the answers as CSV or Excel."
        )
    return "delimited"


def _name_notes(path: Path, kind: Format) -> tuple[str, ...]:
    suffix = path.suffix.lower()
    if suffix in _EXPECTED_SUFFIX[kind]:
        return ()
    return (f"the file is named {shown(path.name)} but holds {_NAMES[kind]}, and was read as that",)


def _table(
    grid: Grid,
    *,
    file: str,
    kind: Format,
    digest: str,
    notes: tuple[str, ...],
    encoding: str | None = None,
    delimiter: str | None = None,
    value_labels: Mapping[str, Mapping[float | str, str]] | None = None,
    variable_labels: Mapping[str, str] | None = None,
    declared: Mapping[int, Cells] | None = None,
    answer_sets: tuple[AnswerSet, ...] = (),
) -> Table:
    at = grid.header_at
    header = tuple(_one_break(text) or "" for text in header_texts(grid.records[at]))
    body = grid.records[at + 1 :]
    texts_only = kind == "delimited"
    if grid.columns is not None:
        columns = [column.cells() for column in grid.columns]
    else:
        columns = [_column(cells, texts_only) for cells in zip(*body, strict=True)]
    columns = columns or [_column((), texts_only)] * len(header)
    width = _width(header, columns)
    told = [*notes, *grid.notes]
    if width < len(header):
        told.append(f"{len(header) - width} empty columns at the right passed over")
    above = tuple(cell_text(cell) for record in grid.records[:at] for cell in record if not is_empty(cell))
    if above or (at == 0 and grid.numbers[0] > 1):
        told.append(f"header found in row {grid.numbers[at]}")
    told += _header_notes(header[:width])
    index = pd.Index(np.asarray(grid.numbers[at + 1 :], dtype=np.int64), name="row")
    rows = pd.DataFrame(dict(enumerate(columns[:width])), index=index, columns=range(width), dtype=object)
    return Table(
        file=file,
        format=kind,
        sha256=digest,
        header=header[:width],
        header_row=grid.numbers[at],
        rows=rows,
        sheet=grid.sheet,
        encoding=encoding,
        delimiter=delimiter,
        above=above,
        value_labels=value_labels or {},
        variable_labels=variable_labels or {},
        notes=tuple(told),
        declared=declared or {},
        answer_sets=answer_sets,
        factors=dict(enumerate(grid.columns[:width])) if grid.columns is not None else {},
    )


def _column(cells: Sequence[object], texts_only: bool) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Cells of one column: None for empty ones, one kind of line break."""
    column = np.empty(len(cells), dtype=object)
    if texts_only:  # whose line breaks are one kind already
        column[:] = [cell or None for cell in cells]
    else:
        column[:] = [_one_break(cell) if isinstance(cell, str) else cell for cell in cells]
    return column


def _one_break(text: str) -> str | None:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text or None


def _width(header: Sequence[str], columns: Sequence[np.ndarray[tuple[int], np.dtype[np.object_]]]) -> int:
    """Columns up to the last that has a header or a cell."""
    width = len(header)
    while width > 1 and not header[width - 1].strip() and all(map(is_empty, columns[width - 1])):
        width -= 1
    return width


def _header_notes(header: Sequence[str]) -> list[str]:
    names = [name.strip() for name in header]
    notes = []
    empty = [str(at) for at, name in enumerate(names, start=1) if not name]
    if empty:
        notes.append(f"no header above column {', '.join(empty[:20])}")
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        notes.append("headers that stand above several columns: " + ", ".join(map(shown, repeated[:20])))
    return notes
