"""Durations and moments as survey platforms write them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

import pandas as pd

from surveys.reading.cells import cell_text, normal

_UNITS = re.compile(
    r"(?:(?P<d>\d+)\s*(?:天|days?|d)\s*)?"
    r"(?:(?P<h>\d+)\s*(?:小时|时|hours?|hrs?|h)\s*)?"
    r"(?:(?P<m>\d+)\s*(?:分钟|分|minutes?|mins?|m)\s*)?"
    r"(?:(?P<s>\d+(?:\.\d+)?)\s*(?:秒钟|秒|seconds?|secs?|s)\s*)?"
)
_CLOCK = re.compile(r"(?:(?P<h>\d+):)?(?P<m>\d{1,2}):(?P<s>\d{1,2}(?:\.\d+)?)")
_PLAIN = re.compile(r"\d+(?:\.\d+)?")


def seconds(value: object) -> float:
    """A duration in seconds.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> seconds("136秒"), seconds("3分20秒"), seconds("00:02:16"), seconds(136.0)
    (136.0, 200.0, 136.0, 136.0)
    """
    if isinstance(value, dt.timedelta):
        total = value.total_seconds()
    elif isinstance(value, dt.time):
        total = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    elif isinstance(value, bool | dt.date):
        raise ValueError("not a duration")
    elif isinstance(value, int | float):
        total = float(value)
    else:
        total = _written_seconds(normal(cell_text(value)))
    if not math.isfinite(total) or total < 0:
        raise ValueError("not a duration")
    return float(total)


def _written_seconds(text: str) -> float:
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _CLOCK.fullmatch(text) or _UNITS.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("not a duration")
    parts = match.groupdict()
    worth = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(float(parts[unit]) * n for unit, n in worth.items() if parts.get(unit))


_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?\s*(.*)")
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t\s]+(.*))?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[,t\s]+(.*))?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED_MONTH = re.compile(r"(\d{1,2})[-\s]([a-z]{3})[a-z]*[-\s,]+(\d{4})(?:[,t\s]+(.*))?")
_TIME = re.compile(
    r"(?P<before>上午|下午|am|pm)?\s*(?P<h>\d{1,2})(?::|时)(?P<m>\d{1,2})(?:(?::|分)(?P<s>\d{1,2})?(?:[.,]\d+)?秒?)?"
    r"\s*(?P<after>am|pm|a\.m\.|p\.m\.)?\s*(?:z|utc|gmt)?(?:\s*(?:gmt|utc)?[+-]\d{1,2}:?(?:\d{2})?)?(?:\s*\(.*\))?"
)
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  #: days since 1899-12-30: the years 1954 to 2119


def moments(values: Sequence[object]) -> list[dt.datetime | None]:
    """Dates with times, as they stand on the clock of the file; None for what is none.

    ``3/4/2024`` may be a day in March or in April. The other values decide; when they cannot, none
    of these is read.

    >>> moments(["2016/12/17 14:22:55", "2016年12月17日 14:22", "soon"])[0:2]
    [datetime.datetime(2016, 12, 17, 14, 22, 55), datetime.datetime(2016, 12, 17, 14, 22)]
    >>> moments(["3/4/2024 10:00", "3/25/2024 10:00"])[0]
    datetime.datetime(2024, 3, 4, 10, 0)
    >>> moments(["3/4/2024 10:00"])
    [None]
    """
    regular = _regular(values)
    if regular is not None:
        return regular
    texts = [normal(cell_text(value)) for value in values]
    day_first = _day_first(texts)
    return [_moment(value, text, day_first) for value, text in zip(values, texts, strict=True)]


#: Layouts that say which number is the year, and leave no doubt about day and month.
_LAYOUTS = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d")
_MANY = 1_000  #: values from which on one layout is tried for all


def _regular(values: Sequence[object]) -> list[dt.datetime | None] | None:
    """Many dates of one layout, read at once; None when any is written otherwise."""
    if len(values) < _MANY or not all(isinstance(value, str) for value in values):
        return None
    texts = pd.Series([str(value) for value in values], dtype=object)
    for layout in _LAYOUTS:
        try:
            dt.datetime.strptime(str(values[0]), layout)
            read = pd.to_datetime(texts, format=layout, errors="raise", exact=True)
        except (ValueError, OverflowError):
            continue
        return None if read.isna().any() else list(read.dt.to_pydatetime())
    return None


def _day_first(texts: Sequence[str]) -> bool | None:
    """Whether the day stands before the month; None when the values do not tell, or contradict each other."""
    first, second, dotted = 0, 0, False
    for text in texts:
        match = _YEAR_LAST.fullmatch(text)
        if match:
            first, second = max(first, int(match[1])), max(second, int(match[3]))
            dotted = dotted or match[2] == "."
    if first > 12 and second > 12:
        return None
    if first > 12 or (dotted and second <= 12):  # dots are only used with the day first
        return True
    return False if second > 12 else None


def _moment(value: object, text: str, day_first: bool | None) -> dt.datetime | None:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not _FIRST_SERIAL <= value <= _LAST_SERIAL:
            return None
        return dt.datetime(1899, 12, 30) + dt.timedelta(seconds=round(float(value) * 86_400))
    date, rest = _date(text, day_first)
    if date is None:
        return None
    if not rest:
        return date
    return _with_time(date, rest)


def _date(text: str, day_first: bool | None) -> tuple[dt.datetime | None, str]:
    if match := _CHINESE.fullmatch(text) or _YEAR_FIRST.fullmatch(text):
        year, month, day, rest = int(match[1]), int(match[2]), int(match[3]), match[4]
    elif match := _NAMED_MONTH.fullmatch(text):
        if match[2] not in _MONTHS:
            return None, ""
        year, month, day, rest = int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]), match[4]
    elif (match := _YEAR_LAST.fullmatch(text)) and day_first is not None:
        a, b = int(match[1]), int(match[3])
        year, (day, month), rest = int(match[4]), (a, b) if day_first else (b, a), match[5]
    else:
        return None, ""
    try:
        return dt.datetime(year, month, day), (rest or "").strip()
    except ValueError:
        return None, ""


def _with_time(date: dt.datetime, text: str) -> dt.datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hour, minute, second = int(match["h"]), int(match["m"]), int(match["s"] or 0)
    half = (match["before"] or match["after"] or "").replace(".", "")
    if half in ("pm", "下午") and hour < 12:
        hour += 12
    if half in ("am", "上午") and hour == 12:
        hour = 0
    try:
        return date.replace(hour=hour, minute=minute, second=second)
    except ValueError:
        return None
