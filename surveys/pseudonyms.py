"""Respondents under other names: a keyed hash, whose key lies outside the data.

The same key gives a respondent the same pseudonym in every wave, so that answers can be joined;
without the key nobody can tell whom a pseudonym stands for, not even by hashing all phone numbers.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import replace
from pathlib import Path

import pandas as pd

from surveys.responses import Responses

KEY_BYTES = 32
LENGTH = 20  #: hexadecimal digits of a pseudonym: two of a million respondents meet with probability 1e-12


class KeyFileError(ValueError):
    """A key file that cannot be used, with what to do."""


def new_key(path: Path | str) -> bytes:
    """Make a key, and write it where only its owner can read it.

    Raises
    ------
    KeyFileError
        If there is a file of that name: a key that is overwritten is lost, and with it every link
        between waves.
    """
    place, key = Path(path), secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise KeyFileError(
            f"{place.name}: there is a file of that name. Use it as the key, or choose another name."
        ) from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
    return key


def load_key(path: Path | str, *, data: Path | str | None = None) -> bytes:
    """Read a key.

    Parameters
    ----------
    path : path
        A file that :func:`new_key` wrote: at least 64 hexadecimal digits.
    data : path, optional
        Folder of the data that is written with it; the key must not lie inside.

    Raises
    ------
    KeyFileError
    """
    place = Path(path)
    if data is not None and place.resolve().is_relative_to(Path(data).resolve()):
        raise KeyFileError(
            f"{place.name}: the key lies inside the folder of the data. Keep it elsewhere, or whoever gets "
            "the data gets the key."
        )
    try:
        key = bytes.fromhex(place.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        raise KeyFileError(
            f"{place.name}: no key; expected 64 hexadecimal digits. Make one with new_key."
        ) from None
    if len(key) < KEY_BYTES:
        raise KeyFileError(
            f"{place.name}: a key of {len(key)} bytes; expected {KEY_BYTES}. Make one with new_key."
        )
    return key


def pseudonym(value: str, key: bytes) -> str:
    """The first 20 hexadecimal digits of HMAC-SHA256 (RFC 2104) of a text in UTF-8.

    Space around the text does not count.

    Examples
    --------
    >>> pseudonym("what do ya want for nothing?", b"Jefe")  # RFC 4231, test case 2
    '5bdcc146bf60754e6a04'
    """
    return hmac.new(key, value.strip().encode(), hashlib.sha256).hexdigest()[:LENGTH]


def pseudonymised(
    responses: Responses, key: bytes, *, columns: tuple[str, ...] = ("respondent",)
) -> Responses:
    """The same answers with metadata columns replaced by pseudonyms, and a note of it.

    Blanks stay blank.

    Raises
    ------
    KeyError
        If the metadata have no such column.
    """
    metadata = responses.metadata.copy()
    for column in columns:
        if column not in metadata:
            raise KeyError(f"there is no metadata column {column}; there are {', '.join(map(str, metadata))}")
        named = [None if pd.isna(value) else pseudonym(str(value), key) for value in metadata[column]]
        metadata[column] = pd.Series(named, index=metadata.index, dtype="str")
    return replace(
        responses,
        metadata=metadata,
        notes=(*responses.notes, f"replaced by keyed hashes (HMAC-SHA256): {', '.join(columns)}"),
    )
