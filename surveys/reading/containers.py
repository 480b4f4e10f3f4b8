"""Whether the container of an old workbook can be walked to its end.

In an OLE container (MS-CFB, sections 2.2-2.6) a table names for each sector the next of its chain. A
chain that runs in a circle would be followed until memory is exhausted, so the chains are walked here first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LAST = 0xFFFF_FFFA  #: sector numbers from here on are marks such as "end of chain"
_HEADER = 512
_IN_HEADER = 109  #: table sectors that the header has room for
_ENTRY = 128  #: bytes of a directory entry

Sectors = npt.NDArray[np.uint32]


def chains_end(raw: bytes) -> bool:
    """Whether the table, the directory and every stream of a container come to an end.

    >>> chains_end(b"too short")
    False
    """
    if len(raw) < _HEADER:
        return False
    size = 1 << min(raw[30], 20)
    if size not in (512, 4096):
        return False
    places = _table_places(raw, size)
    if places is None:
        return False
    table = np.concatenate([_sector(raw, place, size) for place in places] or [np.zeros(0, np.uint32)])
    directory = _walk(table, _word(raw, 48))
    if directory is None or _walk(table, _word(raw, 60)) is None:
        return False
    entries = b"".join(raw[(at + 1) * size : (at + 2) * size] for at in directory)
    small = _word(raw, 56)  # streams below this size live in the root entry's own stream
    walked: set[int] = set()
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        kind, start, length = entries[at + 66], _word(entries, at + 116), _word(entries, at + 120)
        if kind == 5 or (kind == 2 and length >= small):
            if start not in walked and _walk(table, start) is None:
                return False
            walked.add(start)
    return True


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
