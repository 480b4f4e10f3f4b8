"""Whether a zip that calls itself a workbook is safe to open, and what its sheets hold.

Everything is inflated once here, in small pieces that are looked at and thrown away, so that the
reader behind it only meets archives whose true sizes are known and whose XML declares no entities.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.etree.ElementTree import ParseError

import numpy as np
from defusedxml import ElementTree

from surveys.errors import AnswersError, Fault
from surveys.reading.limits import Limits

_PIECE = 2**20
_SMALL_PART = 16 * 2**20  #: bytes of a part that is read whole (workbook.xml and its relations)
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_WIDE_DECLARATIONS = tuple(
    word.decode("ascii").encode(encoding) for word in _DECLARATIONS for encoding in ("utf-16-le", "utf-16-be")
)
# Cells with something in them; an empty one (<c r="A1" s="3"/>) only carries a format.
_FILLED_CELL = re.compile(rb"<(?:\w+:)?c(?:\s[^<>]*[^/<>])?>")
_REFERENCE = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^<>]*?\s)?r\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'](?:[^<>]*[^/<>])?>"""
)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_ROW_NUMBER = re.compile(rb"""<(?:\w+:)?row\s[^<>]*?\br\s*=\s*["']([0-9]{1,7})["']""")
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*\bt\s*=\s*["']e["'][^<>]*>""")
_ERROR_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3}[0-9]{1,7})["']""")
_OTHER_KINDS = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)", "Save it as .xlsx or CSV."),
    ("word/document.xml", "a Word document", "Hand in the data file."),
    ("ppt/presentation.xml", "a PowerPoint file", "Hand in the data file."),
    ("content.xml", "an OpenDocument file", "Save it as .xlsx or CSV."),
    ("Index/Document.iwa", "a Numbers file", "Save it as .xlsx or CSV."),
)


@dataclass(slots=True)
class Part:
    """What is known about one part of a workbook after it was looked through."""

    rows: int = 0  #: of the smallest table from cell A1 that holds all its cells
    columns: int = 0
    error_cells: list[str] = field(default_factory=list)  #: references of the first few
    n_errors: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A workbook that is safe to open.

    ``sheets`` maps the name of a sheet to what was seen in it, where that could be told.
    """

    sheets: Mapping[str, Part]


def check_workbook(raw: bytes, *, file: str, limits: Limits) -> Workbook:
    """Look through a zip before a spreadsheet reader opens it.

    Raises
    ------
    AnswersError
        If it is cut off, encrypted, not a workbook, too large once unpacked, or if a part declares
        a document type or entities.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise _damaged(file, "a zip archive without its end") from None
    _check_entries(entries, file, limits)
    parts: dict[str, Part] = {}
    total = 0
    for entry in entries:
        size, part = _look_through(raw, entry, file, limits, left=limits.max_uncompressed - total)
        total += size
        parts[entry.filename] = part
    for name, part in parts.items():
        if part.rows * part.columns > limits.sheet_cells or part.columns > limits.max_columns:
            raise AnswersError(
                Fault(
                    file=file,
                    field=_part_name(name),
                    seen=f"cells as far as row {part.rows:,} and column {part.columns:,}",
                    expected=f"at most {limits.sheet_cells:,} cells and {limits.max_columns:,} columns",
                    remedy="Delete the stray cells far right or far below the table, or raise the limits.",
                )
            )
    return Workbook(sheets=_by_sheet(archive, parts))


def packed_tables(raw: bytes, *, file: str, limits: Limits) -> Mapping[str, bytes] | None:
    """The text tables in a zip that holds nothing else, by their names; None for any other file.

    Nothing is written to a disk, and a name is only ever shown.

    Raises
    ------
    AnswersError
        If the zip is encrypted, damaged, names paths outside, or is too large once unpacked.
    """
    try:
        entries = zipfile.ZipFile(io.BytesIO(raw)).infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return None
    entries = [entry for entry in entries if not _is_no_file(entry.filename)]
    endings = {PurePosixPath(entry.filename).suffix.casefold() for entry in entries}
    if not endings & {".csv", ".tsv"} or not endings <= {".csv", ".tsv", ".txt"}:
        return None
    _check_parts(entries, file, limits)
    tables: dict[str, bytes] = {}
    left = limits.max_uncompressed
    for entry in entries:
        content = b"".join(_sized(raw, entry, file, limits, left=left))
        left -= len(content)
        if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
            raise _damaged(file, "a part whose size or checksum is wrong", entry.filename)
        tables[_part_name(PurePosixPath(entry.filename).name)] = content
    return tables


def _is_no_file(name: str) -> bool:
    """Folders, and what a Mac adds to every archive."""
    return name.endswith("/") or name.startswith("__MACOSX/") or PurePosixPath(name).name == ".DS_Store"


def _fault(file: str, seen: str, expected: str, remedy: str, part: str | None = None) -> AnswersError:
    place = None if part is None else _part_name(part)
    return AnswersError(Fault(file=file, seen=seen, expected=expected, remedy=remedy, field=place))


def _part_name(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name)[:80]


def _damaged(file: str, seen: str, part: str | None = None) -> AnswersError:
    return _fault(
        file, seen, "a whole workbook", "The file is cut off or damaged; export or download it again.", part
    )


def _check_entries(entries: list[zipfile.ZipInfo], file: str, limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if not entries:
        raise _fault(file, "an empty zip archive", "a workbook", "Export the answers again.")
    _check_parts(entries, file, limits)
    if "xl/workbook.xml" in names or _has_workbook(names):
        return
    for part, kind, remedy in _OTHER_KINDS:
        if part in names:
            raise _fault(file, kind, "a workbook (.xlsx)", remedy)
    some = ", ".join(_part_name(name) for name in names[:3])
    raise _fault(
        file,
        f"a zip archive with {some}",
        "a workbook (.xlsx)",
        "Unpack it and hand in the data file inside.",
    )


def _check_parts(entries: list[zipfile.ZipInfo], file: str, limits: Limits) -> None:
    names = [entry.filename for entry in entries]
    if len(entries) > limits.max_parts:
        raise _fault(
            file, f"{len(entries):,} parts", f"at most {limits.max_parts:,}", "Save it again as CSV."
        )
    for entry in entries:
        name = entry.filename
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in name:
            raise _fault(
                file, "a part with a path out of the archive", "a workbook", "Do not trust this file.", name
            )
        if entry.flag_bits & 0x1:
            raise _fault(
                file,
                "a password protected archive",
                "a file without a password",
                "Remove the password.",
                name,
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _fault(file, "an unusual compression", "a workbook", "Save it again as .xlsx.", name)
    if len(set(names)) < len(names):
        raise _fault(file, "two parts of the same name", "each part once", "Save it again as .xlsx or CSV.")


def _has_workbook(names: list[str]) -> bool:
    """Writers may keep the workbook elsewhere, but never without these two parts."""
    folded = {name.casefold() for name in names}
    return "[content_types].xml" in folded and any(
        PurePosixPath(name).match("workbook*.xml") for name in folded
    )


def _look_through(
    raw: bytes, entry: zipfile.ZipInfo, file: str, limits: Limits, *, left: int
) -> tuple[int, Part]:
    size = 0
    checksum = 0
    part = Part()
    scan = _Scan(part)
    for piece in _sized(raw, entry, file, limits, left=left):
        size += len(piece)
        checksum = zlib.crc32(piece, checksum)
        if scan.feed(piece):
            raise _fault(
                file,
                "XML with a document type or entities",
                "plain XML, as spreadsheets write it",
                "It may be an XML bomb or read other files; do not trust it. Save the data as CSV.",
                entry.filename,
            )
    if size != entry.file_size or checksum != entry.CRC:
        raise _damaged(file, "a part whose size or checksum is wrong", entry.filename)
    scan.finish()
    return size, part


def _sized(raw: bytes, entry: zipfile.ZipInfo, file: str, limits: Limits, *, left: int) -> Iterator[bytes]:
    """The content of an entry in pieces, as long as it is not larger than a survey is."""
    size = 0
    for piece in _inflated(raw, entry, file):
        size += len(piece)
        if size > left:
            raise _fault(
                file,
                f"more than {limits.max_uncompressed:,} bytes once unpacked",
                "a workbook of a survey's size",
                "It may be a zip bomb. If it is right, raise the limit max_uncompressed.",
                entry.filename,
            )
        if size > limits.ratio_from and size > limits.max_ratio * max(entry.compress_size, 1):
            raise _fault(
                file,
                f"a part that unpacks to more than {limits.max_ratio:g} times its size",
                "a workbook of a survey's size",
                "It may be a zip bomb. If it is right, raise the limit max_ratio or save it as CSV.",
                entry.filename,
            )
        yield piece


def _inflated(raw: bytes, entry: zipfile.ZipInfo, file: str) -> Iterator[bytes]:
    """The true content of an entry, whatever size the archive declares for it."""
    start = entry.header_offset
    if raw[start : start + 4] != b"PK\x03\x04" or len(raw) < start + 30:
        raise _damaged(file, "a part that is not where the archive says", entry.filename)
    name_length, extra_length = struct.unpack("<HH", raw[start + 26 : start + 30])
    begin = start + 30 + name_length + extra_length
    packed = memoryview(raw)[begin : begin + entry.compress_size]
    if len(packed) < entry.compress_size:
        raise _damaged(file, "a part that is cut off", entry.filename)
    if entry.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), _PIECE):
            yield bytes(packed[at : at + _PIECE])
        return
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), _PIECE):
            pending: bytes = bytes(packed[at : at + _PIECE])
            while pending:
                piece = inflate.decompress(pending, _PIECE)
                if piece:
                    yield piece
                pending = inflate.unconsumed_tail
                if inflate.eof:
                    return
        yield inflate.flush()
    except zlib.error:
        raise _damaged(file, "a part that cannot be unpacked", entry.filename) from None
    if not inflate.eof:
        raise _damaged(file, "a part that ends too early", entry.filename)


class _Scan:
    """Looks through XML piece by piece, with tags kept whole across pieces."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.carried = b""
        self.n_rows = 0
        self.last_row = 0
        self.in_row = 0  #: cells without a reference since the row began
        self.widest = 0

    def feed(self, piece: bytes) -> bool:
        """Take in one piece; whether a document type or an entity is declared."""
        data = self.carried + piece
        if any(word in data for word in _DECLARATIONS):
            return True
        if b"\0" in data and any(word in data for word in _WIDE_DECLARATIONS):
            return True
        cut = data.rfind(b"<")
        # A tag is never that long: what follows is text, or not XML.
        if cut < 0 or len(data) - cut > 65_536:
            cut = max(0, len(data) - 64)
        self._count(data[:cut])
        self.carried = data[cut:]
        return False

    def finish(self) -> None:
        """Add cells without references: they stand side by side, in rows that follow each other."""
        self._count(self.carried)
        if self.widest:
            self.part.rows = max(self.part.rows, self.last_row + self.n_rows)
            self.part.columns += self.widest

    def _count(self, data: bytes) -> None:
        part = self.part
        if b'"e"' in data or b"'e'" in data:
            for tag in _ERROR_CELL.findall(data):
                part.n_errors += 1
                reference = _ERROR_REFERENCE.search(tag)
                if reference and len(part.error_cells) < 5:
                    part.error_cells.append(reference[1].decode("ascii").upper())
        n_rows = data.count(b"<row") + data.count(b":row")
        cells = usual_cells(data)
        if cells is None:
            self._count_unusual(data)
        else:
            part.rows, part.columns = max(part.rows, cells[0]), max(part.columns, cells[1])
        if n_rows:
            self.n_rows += n_rows
            self.last_row = max(self.last_row, *map(int, _ROW_NUMBER.findall(data)), 0)

    def _count_unusual(self, data: bytes) -> None:
        """The same for tags with a prefix, other attributes first, or no reference: right, but slow."""
        part = self.part
        for letters, row in _REFERENCE.findall(data):
            part.rows, part.columns = max(part.rows, int(row)), max(part.columns, _column(letters))
        for at, piece in enumerate(_ROW.split(data)):
            self.in_row = self.in_row if at == 0 else 0
            self.in_row += len(_FILLED_CELL.findall(piece)) - len(_REFERENCE.findall(piece))
            self.widest = max(self.widest, self.in_row)


_ENDS_NAME = np.isin(np.arange(256), np.frombuffer(b" \t\r\n/>", dtype=np.uint8))


def usual_cells(data: bytes) -> tuple[int, int] | None:
    """Last row and last column of the filled cells, when all cells are written ``<c r="A1" ...``.

    Spreadsheets of a hundred thousand rows have millions of cells, so this works on arrays.

    >>> usual_cells(b'<row r="2"><c r="B2"><v>1</v></c><c r="Z9" s="1"/></row>')
    (2, 2)
    >>> usual_cells(b'<row><c><v>1</v></c></row>') is None
    True
    """
    if b":c" in data:
        return None
    # A few more bytes, so that looking ahead never leaves the array.
    letters = np.frombuffer(data + bytes(20), dtype=np.uint8)
    opened = np.flatnonzero(letters[:-20] == ord("<"))
    opened = opened[letters[opened + 1] == ord("c")]
    opened = opened[_ENDS_NAME[letters[opened + 2]]]
    if not len(opened):
        return 0, 0
    usual = np.ones(len(opened), dtype=bool)
    for at, letter in enumerate(b' r="', start=2):
        usual &= letters[opened + at] == letter
    if not usual.all():
        return None
    closed = np.flatnonzero(letters == ord(">"))
    ends = np.searchsorted(closed, opened)
    whole = ends < len(closed)
    opened, ends = opened[whole], closed[ends[whole]]
    opened = opened[letters[ends - 1] != ord("/")]
    rows, columns = np.zeros(len(opened), dtype=np.int64), np.zeros(len(opened), dtype=np.int64)
    alive = np.ones(len(opened), dtype=bool)
    for at in range(6, 17):
        letter = letters[opened + at].astype(np.int64)
        digit, capital = (letter >= 48) & (letter <= 57), (letter >= 65) & (letter <= 90)
        ended = alive & ~(digit | capital)
        if not (letter[ended] == ord('"')).all():
            return None
        alive &= ~ended
        rows = np.where(alive & digit, rows * 10 + letter - 48, rows)
        columns = np.where(alive & capital, columns * 26 + letter - 64, columns)
        if not alive.any():
            break
    else:
        return None
    return (int(rows.max()), int(columns.max())) if len(rows) else (0, 0)


def _column(letters: bytes) -> int:
    """Number of a column.

    >>> _column(b"A"), _column(b"AB")
    (1, 28)
    """
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


def _by_sheet(archive: zipfile.ZipFile, parts: Mapping[str, Part]) -> dict[str, Part]:
    """What was seen, by the name of the sheet; parts that cannot be told apart are left out."""
    try:
        book = _small_xml(archive, "xl/workbook.xml")
        relations = _small_xml(archive, "xl/_rels/workbook.xml.rels")
    except (KeyError, ParseError, ValueError, zipfile.BadZipFile, OSError):
        return {}
    targets = {node.get("Id"): (node.get("Target") or "") for node in relations}
    found: dict[str, Part] = {}
    for node in book.iter():
        if not str(node.tag).endswith("}sheet"):
            continue
        key = next((value for name, value in node.attrib.items() if name.endswith("}id")), None)
        target = targets.get(key, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in parts:
            found[node.get("name", "")] = parts[path]
    return found


def _small_xml(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if archive.getinfo(name).file_size > _SMALL_PART:
        raise ValueError(name)
    return ElementTree.fromstring(archive.read(name))
