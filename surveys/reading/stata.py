"""Stata files (.dta), versions 8 to 18, with their extended missing values ``.a`` to ``.z``."""

from __future__ import annotations

import datetime as dt
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from surveys.errors import AnswersError, Fault
from surveys.reading.cells import shown
from surveys.reading.distinct import Cells
from surveys.reading.grids import Grid, Record
from surveys.reading.limits import Limits
from surveys.reading.spss import SpssData

_OLD = frozenset({104, 105, 108, 110, 111, 112, 113, 114, 115})
_NEW = b"<stata_dta>"
_RELEASE = re.compile(
    rb"<release>(\d{3})</release><byteorder>(MSF|LSF)</byteorder><K>(.{2,4})</K>"
    rb"<N>(.{4,8})</N>",
    re.DOTALL,
)


def is_stata(raw: bytes) -> bool:
    """Whether bytes begin as a Stata file does.

    >>> is_stata(b"<stata_dta><header>"), is_stata(b"a,b")
    (True, False)
    """
    if raw.startswith(_NEW):
        return True
    return len(raw) > 60 and raw[0] in _OLD and raw[1] in (1, 2) and raw[2] == 1 and raw[3] == 0


def check_stata(raw: bytes, *, file: str, limits: Limits) -> None:
    """Refuse a file that claims more observations than its bytes can hold.

    Raises
    ------
    AnswersError
        If the header is cut off, or larger than the file or the limits.
    """
    if raw.startswith(_NEW):
        match = _RELEASE.search(raw[:400])
        if match is None:
            raise _damaged(file, "its header is cut off or damaged")
        order = "big" if match[2] == b"MSF" else "little"
        variables, cases = (int.from_bytes(match[group], order) for group in (3, 4))  # type: ignore[arg-type]
        if not raw.rstrip().endswith(b"</stata_dta>"):
            raise _damaged(file, "it is cut off")
    else:
        order_mark = ">" if raw[1] == 1 else "<"
        variables, cases = struct.unpack_from(order_mark + "HI", raw, 4)
    if variables * max(1, cases) > limits.max_cells or variables > limits.max_columns:
        raise _too_large(file, cases, variables, limits)
    if variables * cases > len(raw):  # every cell takes at least a byte
        raise _damaged(
            file, f"it claims {cases:,} observations of {variables:,} variables, more than it holds"
        )


def read_stata(path: Path, *, file: str, limits: Limits, encoding: str | None) -> SpssData:
    """All observations. Extended missing values become empty, and are kept as declared codes."""
    options: dict[str, Any] = {"user_missing": True, "encoding": encoding}
    try:
        frame, meta = pyreadstat.read_dta(str(path), **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise _damaged(file, str(error)) from None
    except Exception as error:  # whatever the parser stumbles over is the file's doing
        raise _damaged(file, f"{type(error).__name__}: {error}") from None
    if frame.size > limits.max_cells:
        raise _too_large(file, len(frame), frame.shape[1], limits)
    notes: list[str] = []
    declared: dict[int, Cells] = {}
    labels = {name: dict(found) for name, found in meta.variable_value_labels.items()}
    columns = [
        _cells(frame.iloc[:, at], at, str(name), meta, labels.get(str(name), {}), notes, declared)
        for at, name in enumerate(frame.columns)
    ]
    records: list[Record] = [tuple(map(str, frame.columns)), *zip(*columns, strict=True)]
    return SpssData(
        grid=Grid(records=records, numbers=range(1, len(records) + 1), header_at=0, notes=tuple(notes)),
        encoding=meta.file_encoding,
        value_labels=labels,
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
        declared=declared,
    )


def _cells(
    values: pd.Series,
    at: int,
    name: str,
    meta: Any,
    labels: dict[float | str, str],
    notes: list[str],
    declared: dict[int, Cells],
) -> list[object]:
    extended = set(meta.missing_user_values.get(name, ()))
    cells: list[object] = []
    codes: Cells = np.full(len(values), None, dtype=object)
    counts: dict[str, int] = {}
    for place, value in enumerate(values.astype(object).tolist()):
        if isinstance(value, str) and value in extended:
            codes[place] = f".{value}"
            counts[value] = counts.get(value, 0) + 1
            cells.append(None)
        else:
            cells.append(_cell(value))
    if counts:
        declared[at] = codes
        told = ", ".join(
            f".{code}" + (f" {shown(labels[code])}" if code in labels else "") + f" ({n}x)"
            for code, n in sorted(counts.items())
        )
        notes.append(f'"{shown(name)}": extended missing values read as no answer: {told}')
    return cells


def _cell(value: object) -> object:
    if value is None or value is pd.NaT or value == "":
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    if isinstance(value, dt.time):  # a time of day in seconds, as SPSS has it
        return value.hour * 3600.0 + value.minute * 60 + value.second + value.microsecond / 1e6
    if isinstance(value, bool | str | dt.date):
        return value
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return None if number != number else number
    return str(value)


def _damaged(file: str, why: str) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen=f"a Stata file that cannot be read ({shown(why)})",
            expected="a whole .dta file",
            remedy="It may be cut off or in another encoding; name its encoding, or export it as CSV.",
        )
    )


def _too_large(file: str, cases: int, variables: int, limits: Limits) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen=f"{cases:,} observations of {variables:,} variables",
            expected=f"at most {limits.max_cells:,} cells and {limits.max_columns:,} columns",
            remedy="Split the file, or raise the limits.",
        )
    )
