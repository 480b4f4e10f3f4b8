"""The dictionary of an SPSS system file, walked through before a reader follows its pointers.

The layout is that of GNU PSPP's description, "System File Format": a header of 176 bytes, then records
that each begin with their type and say how long they are.
"""

from __future__ import annotations

import codecs
import struct

_HEADER = 176
_VARIABLE, _LABELS, _LABELLED, _DOCUMENT, _EXTENSION, _END = 2, 3, 4, 6, 7, 999
_MACHINE, _ENCODING_NAME = 3, 20  #: subtypes of extensions: code page, and name of the encoding
_WIDEST = 255  #: bytes of one segment of a text variable


class _Walk:
    """Reads on from a place, and never beyond the end."""

    def __init__(self, raw: bytes, order: str) -> None:
        self.raw = raw
        self.at = _HEADER
        self.integer = struct.Struct(order + "i")

    def number(self) -> int:
        self.skip(4)
        return int(self.integer.unpack_from(self.raw, self.at - 4)[0])

    def skip(self, n: int) -> None:
        if n < 0 or self.at + n > len(self.raw):
            raise ValueError("its dictionary runs beyond the end of the file")
        self.at += n


def check_dictionary(raw: bytes, encoding: str | None = None) -> int:
    """Number of variable records of a system file whose dictionary holds together.

    Raises
    ------
    ValueError
        If a record runs beyond the file, or value labels belong to variables that do not exist or
        are not in the encoding that the file (or the caller) names.

    Examples
    --------
    >>> check_dictionary(b"$FL2")
    Traceback (most recent call last):
    ValueError: it is shorter than its own header
    """
    if len(raw) < _HEADER:
        raise ValueError("it is shorter than its own header")
    order = next((order for order in "<>" if struct.unpack_from(order + "i", raw, 64)[0] in (2, 3)), None)
    if order is None:
        raise ValueError("its header does not say how numbers are written")
    walk = _Walk(raw, order)
    widths: list[int] = []  # of each variable record; -1 continues the text variable before
    texts: list[bytes] = []  # of value labels
    labels: list[tuple[bytes, bytes]] = []
    declared: str | None = None
    while (kind := walk.number()) != _END:
        if kind == _VARIABLE:
            widths.append(_variable(walk))
        elif kind == _LABELS:
            labels = _labels(walk)
            texts += [text for _, text in labels]
        elif kind == _LABELLED:
            indexes = [walk.number() for _ in range(walk.number())]
            if any(not 1 <= index <= len(widths) for index in indexes):
                raise ValueError("its value labels belong to variables that do not exist")
            if any(widths[index - 1] for index in indexes):
                texts += [value for value, _ in labels]
        elif kind == _DOCUMENT:
            walk.skip(80 * walk.number())
        elif kind == _EXTENSION:
            declared = _extension(walk, declared)
        else:
            raise ValueError(f"its dictionary holds a record of the unknown type {kind}")
    _check_segments(widths)
    _check_texts(texts, encoding or declared)
    return len(widths)


def _variable(walk: _Walk) -> int:
    width, has_label, n_missing = walk.number(), walk.number(), walk.number()
    if not -1 <= width <= _WIDEST or has_label not in (0, 1) or not -3 <= n_missing <= 3:
        raise ValueError("a variable is declared in an impossible way")
    walk.skip(4 + 4 + 8)  # two formats and the name
    if has_label:
        length = walk.number()
        walk.skip(-(-length // 4) * 4)
    walk.skip(8 * abs(n_missing))
    return width


def _labels(walk: _Walk) -> list[tuple[bytes, bytes]]:
    """Values and their labels, as bytes."""
    found: list[tuple[bytes, bytes]] = []
    for _ in range(walk.number()):
        start = walk.at
        walk.skip(9)
        length = walk.raw[walk.at - 1]
        walk.skip(-(-(length + 1) // 8) * 8 - 1)
        found.append((walk.raw[start : start + 8], walk.raw[start + 9 : start + 9 + length]))
    return found


def _extension(walk: _Walk, encoding: str | None) -> str | None:
    """Pass over an extension; the encoding that it names, or else the one known before it."""
    subtype, size, count = walk.number(), walk.number(), walk.number()
    start = walk.at
    walk.skip(size * count if size >= 0 and count >= 0 else -1)
    if subtype == _ENCODING_NAME:
        return walk.raw[start : walk.at].decode("ascii", "replace").strip("\0 ")
    if subtype == _MACHINE and walk.at - start >= 32 and encoding is None:
        page = int(walk.integer.unpack_from(walk.raw, start + 28)[0])
        return {65001: "utf-8"}.get(page, f"cp{page}" if page > 4 else None)  # up to 4: names no page
    return encoding


def _check_segments(widths: list[int]) -> None:
    """A text of more than eight bytes takes one more record for each eight."""
    owed = 0
    for width in [*widths, 0]:
        if (width == -1) != (owed > 0):
            raise ValueError("the segments of a text variable do not add up")
        owed = owed - 1 if width == -1 else max(0, -(-width // 8) - 1)


def _check_texts(texts: list[bytes], encoding: str | None) -> None:
    try:
        name = codecs.lookup(encoding or "cp1252").name
    except LookupError:
        return  # the reader knows more encodings, or refuses it itself
    for text in texts:
        try:
            text.decode(name)
        except UnicodeDecodeError:
            raise ValueError(f"a value label is not in {name}") from None
