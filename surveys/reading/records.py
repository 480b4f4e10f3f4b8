"""The records of an old workbook (MS-XLS), looked through before a spreadsheet reader trusts them.

Each record is a type, a length and its data (section 2.1.4). A reader reserves room by what some
records declare, so what they declare must be possible.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from surveys.reading.archives import Part

_FORMULA, _BOUND_SHEET, _STRINGS = 0x0006, 0x0085, 0x00FC
_DIMENSIONS, _ERROR, _BEGIN = 0x0200, 0x0205, 0x0809
#: Records of cells, which begin with their row and column.
_CELLS = frozenset({0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E})
_DATE_1904 = 0x0022
_ROWS, _COLUMNS = 65_536, 256


def old_sheets(stream: bytes) -> dict[str, Part]:
    """Sheets of an old workbook with their error cells.

    Raises
    ------
    ValueError
        If it declares a size that no sheet can have.
    """
    parts: dict[int, Part] = {}
    names: dict[int, str] = {}
    part = Part()
    for at, kind, data in records(stream):
        if kind in _CELLS and int.from_bytes(data[2:4], "little") >= _COLUMNS:
            raise ValueError("a cell stands in a column that no sheet has")
        if kind == _BEGIN:
            part = parts.setdefault(at, Part())
        elif kind == _BOUND_SHEET and len(data) >= 8:
            names[int.from_bytes(data[:4], "little")] = _name(data)
        elif kind == _DIMENSIONS:
            _check_dimensions(data)
        elif kind == _STRINGS and len(data) >= 8:
            # Each string takes three bytes at least.
            if int.from_bytes(data[4:8], "little") > len(stream) // 3:
                raise ValueError("it declares more texts than it has room for")
        elif _is_error(kind, data):
            part.n_errors += 1
            if len(part.error_cells) < 5:
                row, column = struct.unpack("<HH", data[:4])
                part.error_cells.append(f"{_letters(column + 1)}{row + 1}")
    return {name: parts[at] for at, name in names.items() if at in parts}


def counts_from_1904(stream: bytes) -> bool:
    """Whether the dates of a workbook are days since 1904."""
    return any(kind == _DATE_1904 and data[:2] == b"\x01\x00" for _, kind, data in records(stream))


def records(stream: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Place, type and data of every record.

    >>> list(records(bytes([0x0A, 0, 1, 0, 7])))
    [(0, 10, b'\\x07')]
    """
    at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _check_dimensions(data: bytes) -> None:
    if len(data) >= 14:
        first_row, end_row, first_column, end_column = struct.unpack("<IIHH", data[:12])
    elif len(data) >= 8:
        first_row, end_row, first_column, end_column = struct.unpack("<HHHH", data[:8])
    else:
        raise ValueError("a sheet declares no size")
    rows = first_row <= end_row <= _ROWS or end_row == 0
    columns = first_column <= end_column <= _COLUMNS or end_column == 0
    if not (rows and columns):
        raise ValueError("a sheet declares a size that none can have")


def _is_error(kind: int, data: bytes) -> bool:
    if kind == _ERROR:
        return len(data) >= 8 and data[7] == 1
    # The last value of a formula: two bytes of ones mark what is no number, a 2 an error.
    return kind == _FORMULA and len(data) >= 14 and data[12:14] == b"\xff\xff" and data[6] == 2


def _name(data: bytes) -> str:
    length, wide = data[6], data[7] & 1
    raw = data[8 : 8 + length * (2 if wide else 1)]
    return raw.decode("utf-16-le" if wide else "latin-1", "replace")


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
