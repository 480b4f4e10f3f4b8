"""What spreadsheets do to answers: dates for ``1-5``, ``1.23E+17`` for an id, zeros and cells lost."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from surveys.platforms.export import Export, ExportColumn, State
from surveys.reading.answers import is_date
from surveys.reading.cells import cell_text, normal, shown

_SHORTENED = re.compile(r"\d(?:\.\d+)?[eE]\+(?:1[1-9]|2\d)")
_DAY_MONTH = re.compile(
    r"\d{1,2}[-/ ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*|\d{1,2}月\d{1,2}日|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-/ ]\d{1,2}"
)
_LOST = "\ufffd"


def told_damage(export: Export) -> tuple[list[str], list[str]]:
    """Notes and warnings about damaged cells, by column; no cell is changed."""
    warnings: list[str] = []
    repeated = _repeated_serials(export)
    if repeated:
        warnings.append(repeated)
    for column in export.columns:
        warnings += list(_of_column(export, column))
    n_errors = int((export.states == State.DAMAGED).sum())
    if n_errors:
        warnings.append(f"{n_errors} error cells such as #N/A hold no answer")
    return [], warnings


def _name(export: Export, column: ExportColumn) -> str:
    return f'column {column.at + 1} "{shown(export.table.header[column.at])[:40]}"'


def _of_column(export: Export, column: ExportColumn) -> Iterator[str]:
    distinct = export.table.distinct(column.at)
    counts = np.bincount(distinct.places[distinct.places >= 0], minlength=len(distinct.values))
    texts = [cell_text(value).strip() for value in distinct.values]
    shortened = sum(
        int(n)
        for text, n in zip(texts, counts, strict=True)
        if len(text) < 25 and "+" in text and _SHORTENED.fullmatch(text)
    )
    shortened += sum(
        int(n)
        for value, n in zip(distinct.values, counts, strict=True)
        if isinstance(value, float) and abs(value) >= 1e15
    )
    if shortened:
        yield f"{_name(export, column)}: {shortened} long numbers were shortened by a spreadsheet (1.23E+17)"
    if column.role is None and column.part in ("answer", "joined"):
        yield from _dates(export, column, distinct.values, texts, counts)
    if column.role in ("respondent", "phone") or (column.role is None and column.part == "answer"):
        lost = _lost_zeros(texts)
        if lost:
            yield f"{_name(export, column)}: {lost} numbers look as if a spreadsheet took their leading zeros"


def _dates(
    export: Export,
    column: ExportColumn,
    values: list[object],
    texts: list[str],
    counts: np.ndarray[tuple[int], np.dtype[np.intp]],
) -> Iterator[str]:
    """Dates in a column whose other answers are none, or of which only day and month are left."""
    dated = [
        at
        for at, (value, text) in enumerate(zip(values, texts, strict=True))
        if isinstance(value, dt.date) or _is_day_month(text)
    ]
    answered = [at for at, text in enumerate(texts) if text and text not in ("(空)", "(跳过)")]
    if not dated:
        return
    bare = [at for at in dated if _is_day_month(texts[at])]
    others = [at for at in answered if at not in dated and not is_date(values[at])]
    if bare or others:
        n = int(sum(counts[at] for at in (bare or dated)))
        example = shown(texts[(bare or dated)[0]])
        yield f"{_name(export, column)}: {n} answers are dates ({example}), which a spreadsheet makes of 1-5"


def _is_day_month(text: str) -> bool:
    """Whether only a day and a month are left; cheap for the many cells that are plainly something else."""
    if not 3 <= len(text) <= 14 or text.isdecimal():
        return False
    return _DAY_MONTH.fullmatch(normal(text)) is not None


def _lost_zeros(texts: list[str]) -> int:
    """Numbers of one length but for a few shorter ones, in a column where some begin with a zero.

    Where all are numbers (not texts) of two lengths, the shorter have lost a zero if they are few
    and exactly one digit short, as 11-digit codes are.
    """
    digits = [text for text in texts if text.isascii() and text.isdigit()]
    if len(digits) < 10 or len(digits) < 0.9 * len(texts):
        return 0
    lengths = Counter(map(len, digits))
    usual, n = lengths.most_common(1)[0]
    shorter = [text for text in digits if len(text) < usual]
    if usual < 6 or not shorter or any(len(text) > usual for text in digits):
        return 0
    zeros = any(text.startswith("0") for text in digits)
    if zeros or n < 0.6 * len(digits) or any(usual - len(text) > 2 for text in shorter):
        return 0
    # Serial numbers that run through a power of ten are shorter too; those are consecutive.
    ordered = sorted(map(int, digits))
    return 0 if ordered[-1] - ordered[0] < 100 * len(ordered) else len(shorter)


def _repeated_serials(export: Export) -> str | None:
    columns = export.with_role("respondent")
    if not columns:
        return None
    texts = [cell_text(cell).strip() for cell in export.table.rows[columns[0].at]]
    counts = Counter(text for text in texts if text)
    repeats = sum(n - 1 for n in counts.values() if n > 1)
    return (
        f"{repeats} serials repeat in {_name(export, columns[0])}; two downloads may have been joined"
        if repeats
        else None
    )
