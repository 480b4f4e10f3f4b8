"""Single cells: whether they are empty, what they say, and how much of them a message may repeat."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping

LONGEST = 80  #: characters of a cell that a message repeats

#: What spreadsheets write into a cell whose formula failed.
ERROR_TEXTS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA", "#SPILL!", "#CALC!"}
)

_EMAIL = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.\w+")
_IP = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){4,7}[0-9a-fA-F]{0,4}"
)
_PHONE = re.compile(
    r"(?<!\d)1[3-9]\d[ -]\d{4}[ -]\d{4}(?!\d)|\+?\d{1,4}[ -]\(?\d{2,4}\)?[ -]\d{3,4}[ -]\d{3,4}"
    r"|\(\d{2,4}\)[ -]?\d{3,4}[ -]?\d{4}|(?<!\d)0\d{2,3}-\d{7,8}"
)
_LONG_NUMBER = re.compile(r"\d{7,}[xX]?")


def cell_text(value: object) -> str:
    """The cell as a spreadsheet would show it in a text file; empty for no value.

    >>> cell_text(5.0), cell_text(True), cell_text(None), cell_text(" a ")
    ('5', 'TRUE', '', ' a ')
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds():g} s"
    return str(value)


def is_empty(value: object) -> bool:
    """Whether nothing but white space stands in the cell."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, float) and value != value


def shown(value: object) -> str:
    """The cell in a message: one line, cut short, and nothing in it that could name a person.

    >>> shown("call 13812345678 or write to a.b@example.org")
    'call [number] or write to [e-mail]'
    """
    raw = cell_text(value)[: 20 * LONGEST]
    text = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in raw)
    text = " ".join(text.split())
    for pattern, name in (
        (_EMAIL, "[e-mail]"),
        (_IP, "[address]"),
        (_LONG_NUMBER, "[number]"),
        (_PHONE, "[number]"),
    ):
        text = pattern.sub(name, text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def normal(text: str) -> str:
    """For comparing wordings: full-width and half-width alike, single spaces, no capitals.

    >>> normal(" Ｖery　 GOOD ")
    'very good'
    """
    if text.isascii():
        return " ".join(text.split()).lower()
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return " ".join(plain.split()).casefold()


_INVISIBLE: Mapping[int, None] = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
