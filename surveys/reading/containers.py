"""Whether the container of an old workbook can be walked to its end.

In an OLE container (MS-CFB, sections 2.2-2.6) a table names for each sector the next of its chain. A
chain that runs in a circle would be followed until memory is exhausted, so the chains are walked here first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_LAST = 0xFFFF_FFFA  #: sector numbers from here on are marks such as "end of chain"
_HEADER = 512
_IN_HEADER = 109  #: table sectors that the header has room for
_ENTRY = 128  #: bytes of a directory entry

Sectors = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Container:
    """The table of sectors, the directory, and how to get at a stream."""

    raw: bytes
    size: int  #: of a sector
    table: Sectors
    entries: bytes

    def stream(self, *names: str) -> bytes | None:
        """The content of the first stream of one of these names; None when it cannot be walked to its end."""
        for at in range(0, len(self.entries) - _ENTRY + 1, _ENTRY):
            name = self.entries[at : at + 64].decode("utf-16-le", "replace").split("\0")[0]
            if self.entries[at + 66] == 2 and name.casefold() in names:
                return self._content(_word(self.entries, at + 116), _word(self.entries, at + 120))
        return None

    def _content(self, start: int, length: int) -> bytes | None:
        if length >= _word(self.raw, 56):
            chain = _walk(self.table, start)
            return None if chain is None else _joined(self.raw, chain, self.size, self.size, length)
        # Small streams live in the root entry's own stream, in sectors of 64 bytes.
        roots, tables = _walk(self.table, _word(self.entries, 116)), _walk(self.table, _word(self.raw, 60))
        if roots is None or tables is None:
            return None
        home = _joined(self.raw, roots, self.size, self.size, len(self.raw))
        small = _joined(self.raw, tables, self.size, self.size, len(self.raw))
        chain = _walk(np.frombuffer(small, dtype="<u4"), start)
        return None if chain is None else _joined(home, chain, 64, 0, length)


def open_container(raw: bytes) -> Container | None:
    """A container whose table, directory and streams all come to an end; None otherwise.

    >>> open_container(b"too short") is None
    True
    """
    if len(raw) < _HEADER:
        return None
    size = 1 << min(raw[30], 20)
    if size not in (512, 4096):
        return None
    places = _table_places(raw, size)
    if not places:
        return None
    table = np.concatenate([_sector(raw, place, size) for place in places])
    directory = _walk(table, _word(raw, 48))
    if directory is None or _walk(table, _word(raw, 60)) is None:
        return None
    entries = _joined(raw, directory, size, size, len(raw))
    small = _word(raw, 56)
    walked: set[int] = set()
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        kind, start, length = entries[at + 66], _word(entries, at + 116), _word(entries, at + 120)
        if kind == 5 or (kind == 2 and length >= small):
            if start not in walked and _walk(table, start) is None:
                return None
            walked.add(start)
    return Container(raw, size, table, entries) if len(entries) >= _ENTRY else None


def _joined(raw: bytes, chain: list[int], size: int, before: int, length: int) -> bytes:
    """Sectors of a chain, one after the other; ``before`` is what stands before the first sector."""
    return b"".join(raw[at * size + before : (at + 1) * size + before] for at in chain)[:length]


def _word(raw: bytes, at: int) -> int:
    return int.from_bytes(raw[at : at + 4], "little")


def _sector(raw: bytes, place: int, size: int) -> Sectors:
    content = raw[(place + 1) * size : (place + 2) * size]
    return np.frombuffer(content[: len(content) // 4 * 4], dtype="<u4")


def _table_places(raw: bytes, size: int) -> list[int] | None:
    """Sectors that hold the table: 109 in the header, the rest in a chain of its own."""
    n = _word(raw, 44)
    if n * size > len(raw):
        return None
    places = [_word(raw, 76 + 4 * at) for at in range(min(n, _IN_HEADER))]
    following, visited = _word(raw, 68), set[int]()
    while following < _LAST:
        if following in visited or (following + 2) * size > len(raw):
            return None
        visited.add(following)
        entries = _sector(raw, following, size).tolist()
        places += entries[:-1]
        following = entries[-1]
    return [place for place in places[:n] if place < _LAST]


def _walk(table: Sectors, start: int) -> list[int] | None:
    """The sectors of a chain; None when it comes back to one of them.

    A chain that leaves the table ends there: the spreadsheet reader says what is wrong with it.
    """
    chain: list[int] = []
    visited: set[int] = set()
    at = start
    while at < _LAST and at < len(table):
        if at in visited:
            return None
        visited.add(at)
        chain.append(at)
        at = int(table[at])
    return chain
