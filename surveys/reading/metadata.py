"""Facts about the respondents: who, when, how long. Nothing that names a person gets through."""

from __future__ import annotations

import re
from collections import Counter

import pandas as pd

from surveys.reading.answers import (
    EMPTY_WORDS,
    MOST_FAULTS,
    NO_ANSWER_WORDS,
    NO_WORDS,
    Reading,
)
from surveys.reading.cells import cell_text, is_empty, normal, shown
from surveys.reading.distinct import Distinct, Numbers
from surveys.reading.matching import SYNTHETIC, Matching
from surveys.reading.tables import Table
from surveys.reading.times import moments, seconds

SYNTHETIC_MARK = "synthetic 合成数据"  #: what a simulation writes into every row it makes

_NAMES_A_PERSON = re.compile(r"[^\s@]+@[^\s@]+\.\w+|(?:\+?86[- ]?)?1[3-9]\d{9}|\d{17}[\dXx]")
_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")


def read_metadata(found: Matching, table: Table, rows: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """``respondent`` and ``row``, and what else the file tells; faults are gathered in ``reading``."""
    roles = {place.name: at for at, place in found.places.items() if place.kind == "role"}
    metadata: dict[str, object] = {
        "respondent": _respondents(roles.get("respondent"), table, rows, reading),
        "row": reading.rows,
    }
    for role, at in roles.items():
        distinct, header = table.distinct(at), table.header[at]
        if role == "seconds":
            metadata[role] = _read_seconds(distinct, header, reading)
        elif role in ("started_at", "submitted_at"):
            metadata[role] = _read_moments(distinct, header, reading)
        elif role in ("province", "device"):
            texts: list[object] = [None if is_empty(cell) else cell_text(cell) for cell in distinct.values]
            metadata[role] = pd.Series(Distinct(texts, distinct.places).cells(), dtype=object)
    return pd.DataFrame(metadata, index=pd.RangeIndex(len(rows)))


def _respondents(at: int | None, table: Table, rows: pd.DataFrame, reading: Reading) -> pd.Series:
    """Names of the respondents, each once; the numbers of their rows where the file names nobody."""
    by_row = pd.Series([str(row) for row in reading.rows], dtype="str")
    if at is None or all(map(is_empty, cells := rows[at].to_numpy(dtype=object))):
        reading.notes.append("no column names the respondents; they go by the number of their row")
        return by_row
    header = table.header[at]
    ids = ["" if is_empty(cell) else cell_text(cell).strip() for cell in cells]
    reading.blame(
        header,
        [position for position, name in enumerate(ids) if not name],
        "nothing",
        "a name or number for each respondent",
        "Fill it in, or remove the row.",
    )
    n_shortened = sum(_SHORTENED.fullmatch(name) is not None for name in ids)
    if n_shortened:
        reading.notes.append(
            f'column "{shown(header)}": {n_shortened} long numbers were shortened by a spreadsheet'
        )
    _blame_repeats(ids, header, reading)
    if any(_NAMES_A_PERSON.fullmatch(name) for name in ids):
        reading.notes.append(
            f'column "{shown(header)}" names persons (e-mails, phones or identity numbers); '
            "respondents go by the number of their row instead"
        )
        return by_row
    return pd.Series(ids, dtype="str")


def _blame_repeats(ids: list[str], header: str, reading: Reading) -> None:
    first: dict[str, int] = {}
    repeats = {name for name, n in Counter(ids).items() if n > 1 and name}
    told = 0
    for position, name in enumerate(ids):
        if name not in repeats:
            continue
        if name not in first:
            first[name] = position
            continue
        told += 1
        if told <= MOST_FAULTS:
            reading.blame(
                header,
                [position],
                f"{shown(name)}, which row {reading.rows[first[name]]} has too",
                "each respondent once",
                "Remove the copy, or number the respondents anew.",
            )


def _read_seconds(distinct: Distinct, header: str, reading: Reading) -> Numbers:
    values: list[float] = []
    for at, cell in enumerate(distinct.values):
        values.append(float("nan"))
        if is_empty(cell) or normal(cell_text(cell)) in EMPTY_WORDS | NO_ANSWER_WORDS:
            continue
        try:
            values[at] = seconds(cell)
        except ValueError:
            reading.blame(
                header,
                distinct.rows_of(at),
                f'"{shown(cell)}"',
                "a duration such as 136, 136秒, 3分20秒 or 00:02:16",
                "Correct it, or leave the cell empty.",
            )
    return distinct.spread(values)


def _read_moments(distinct: Distinct, header: str, reading: Reading) -> pd.Series:
    filled = [
        not is_empty(cell) and normal(cell_text(cell)) not in NO_ANSWER_WORDS for cell in distinct.values
    ]
    told = [cell if there else "" for cell, there in zip(distinct.values, filled, strict=True)]
    read = moments(told)
    lost = sum(
        distinct.count(at)
        for at, (there, moment) in enumerate(zip(filled, read, strict=True))
        if there and moment is None
    )
    if lost:
        reading.notes.append(
            f'column "{shown(header)}": {lost} dates could not be read, or their day not told from the month'
        )
    stamps = pd.to_datetime(pd.Series([*read, None], dtype=object)).to_numpy(dtype="datetime64[us]")
    return pd.Series(stamps[distinct.places])


def is_synthetic(found: Matching, table: Table, rows: pd.DataFrame) -> bool:
    """Whether any row, or a title above the header, says that a simulation made the answers."""
    if any(normal(SYNTHETIC_MARK) in normal(text) for text in table.above):
        return True
    for at in rows.columns:
        place = found.places.get(int(at))
        if place is not None and place.kind == "role" and place.name == SYNTHETIC:
            words = {normal(cell_text(cell)) for cell in table.distinct(int(at)).values}
            if words - NO_WORDS - {""}:
                return True
        elif SYNTHETIC_MARK in table.distinct(int(at)).values:
            return True
    return False
