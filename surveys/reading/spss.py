"""SPSS system files (.sav, .zsav) and portable files (.por)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyreadstat

from surveys.errors import AnswersError, Fault
from surveys.reading.cells import cell_text, shown
from surveys.reading.distinct import Cells
from surveys.reading.grids import AnswerSet, Grid, Record
from surveys.reading.limits import Limits
from surveys.reading.system_files import check_dictionary

_DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR")
_MOMENTS = ("DATETIME", "YMDHMS")
_TIMES = ("TIME", "DTIME", "MTIME")
_EPOCH = np.datetime64("1582-10-14T00:00:00", "s")  #: SPSS counts seconds from here
_FARTHEST = 3.2e11  #: seconds; year 11,000, beyond which no date is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class SpssData:
    """Rows, the encoding, and the labels that the file carries, by variable."""

    grid: Grid
    encoding: str | None
    value_labels: Mapping[str, Mapping[float | str, str]]
    variable_labels: Mapping[str, str]
    declared: Mapping[int, Cells] = field(default_factory=dict)  #: codes declared missing, by column
    answer_sets: tuple[AnswerSet, ...] = ()


def read_spss(path: Path, *, file: str, limits: Limits, portable: bool, encoding: str | None) -> SpssData:
    """All cases of an SPSS file. Values that the file declares as missing become empty, and are counted."""
    reader = pyreadstat.read_por if portable else pyreadstat.read_sav
    options: dict[str, Any] = {"disable_datetime_conversion": True}
    if not portable:
        options["user_missing"] = True
        options["encoding"] = encoding
    if not portable:
        _refuse_broken(path, file, encoding)
    _, meta = _call(reader, path, file, metadataonly=True, **options)
    _refuse_large(meta, file, limits)
    # The header may claim too few cases: never read more than one beyond the limit.
    most = limits.max_cells // max(1, meta.number_columns) + 1
    frame, meta = _call(reader, path, file, row_limit=most, **options)
    if len(frame) >= most:
        raise _too_large(file, f"at least {len(frame):,} cases of {frame.shape[1]:,} variables", limits)
    notes: list[str] = []
    declared: dict[int, Cells] = {}
    columns = [
        _cells(frame.iloc[:, at], at, str(name), meta, notes, declared)
        for at, name in enumerate(frame.columns)
    ]
    records: list[Record] = [tuple(frame.columns), *zip(*columns, strict=True)]
    grid = Grid(
        # A case has no row of its own in SPSS; counted as if exported with a header.
        records=records,
        numbers=range(1, len(records) + 1),
        header_at=0,
        notes=tuple(notes),
    )
    return SpssData(
        grid=grid,
        encoding=meta.file_encoding,
        value_labels={name: dict(labels) for name, labels in meta.variable_value_labels.items()},
        variable_labels={name: label for name, label in meta.column_names_to_labels.items() if label},
        declared=declared,
        answer_sets=tuple(_answer_sets(meta)),
    )


def _answer_sets(meta: Any) -> Iterator[AnswerSet]:
    """The multiple-response sets that the file defines."""
    for name, about in (getattr(meta, "mr_sets", None) or {}).items():
        dichotomy = bool(about.get("is_dichotomy"))
        counted = about.get("counted_value") if dichotomy else None
        yield AnswerSet(
            name=str(name),
            label=str(about.get("label") or ""),
            variables=tuple(map(str, about.get("variable_list") or ())),
            counted=None if counted is None else str(counted),
        )


def _call(reader: Any, path: Path, file: str, **options: Any) -> tuple[pd.DataFrame, Any]:
    try:
        frame, meta = reader(str(path), **options)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
        raise _damaged(file, str(error)) from None
    except Exception as error:  # whatever the parser stumbles over is the file's doing
        raise _damaged(file, f"{type(error).__name__}: {error}") from None
    return frame, meta


def _refuse_broken(path: Path, file: str, encoding: str | None) -> None:
    try:
        check_dictionary(path.read_bytes(), encoding)
    except (ValueError, struct.error) as error:
        raise _damaged(file, str(error)) from None


def _damaged(file: str, why: str) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen=f"an SPSS file that cannot be read ({shown(why)})",
            expected="a whole .sav, .zsav or .por file",
            remedy="It may be cut off or in another encoding; name its encoding, or export it as CSV.",
        )
    )


def _too_large(file: str, seen: str, limits: Limits) -> AnswersError:
    return AnswersError(
        Fault(
            file=file,
            seen=seen,
            expected=f"at most {limits.max_cells:,} cells and {limits.max_columns:,} columns",
            remedy="Split the file, or raise the limits.",
        )
    )


def _refuse_large(meta: Any, file: str, limits: Limits) -> None:
    cases, variables = meta.number_rows or 0, meta.number_columns or 0
    if cases * variables > limits.max_cells or variables > limits.max_columns:
        raise _too_large(file, f"{cases:,} cases of {variables:,} variables", limits)


def _cells(
    values: pd.Series, at: int, name: str, meta: Any, notes: list[str], declared: dict[int, Cells]
) -> list[object]:
    missing = _declared_missing(values, meta.missing_ranges.get(name, ()))
    if missing.any():
        codes = values[missing].value_counts()
        counted = ", ".join(f"{shown(code)} ({n}x)" for code, n in codes.head(10).items())
        notes.append(f'"{shown(name)}": declared missing in the file and read as no answer: {counted}')
        codes_of = np.full(len(values), None, dtype=object)
        codes_of[missing.to_numpy()] = values[missing].astype(object).to_numpy()
        declared[at] = codes_of
    absent = (missing | values.isna()).to_numpy()
    texts: np.ndarray[Any, np.dtype[np.object_]] = values.astype(object).to_numpy(copy=True)
    if not absent.all():
        kind = (meta.original_variable_types.get(name) or "").rstrip("0123456789.").upper()
        if kind in (*_DATES, *_MOMENTS, *_TIMES) and pd.api.types.is_numeric_dtype(values):
            texts[~absent] = _moments(values.to_numpy(dtype=float)[~absent], kind, name, notes)
    texts[absent] = None
    return [None if isinstance(cell, str) and not cell else cell for cell in texts.tolist()]


def _declared_missing(values: pd.Series, ranges: object) -> pd.Series:
    """Which values fall into the missing values that the file declares: single ones, or ranges."""
    missing = pd.Series(False, index=values.index)
    numeric = pd.api.types.is_numeric_dtype(values)
    for span in ranges if isinstance(ranges, list | tuple) else ():
        low, high = (span["lo"], span["hi"]) if isinstance(span, dict) else (span, span)
        if numeric and not isinstance(low, str) and not isinstance(high, str):
            missing |= values.between(low, high)
        elif not numeric:
            missing |= values.astype(object).map(cell_text).str.rstrip().between(str(low), str(high))
    return missing


def _moments(
    seconds: np.ndarray[Any, np.dtype[np.float64]], kind: str, name: str, notes: list[str]
) -> list[object]:
    """Dates as ISO text, durations in seconds: a date beyond the year 9999 has no date type to go into."""
    if kind in _TIMES:
        return [float(second) for second in seconds]
    far = np.abs(seconds) > _FARTHEST
    if far.any():
        notes.append(f'"{shown(name)}": {int(far.sum())} dates far outside the calendar read as no answer')
    moments = _EPOCH + np.where(far, 0, np.round(seconds)).astype("int64").astype("timedelta64[s]")
    unit: Literal["D", "s"] = "D" if kind in _DATES else "s"
    texts = np.datetime_as_string(moments, unit=unit)
    return [None if lost else str(text).replace("T", " ") for text, lost in zip(texts, far, strict=True)]
