"""A banner table as an Excel workbook whose formatting goes on working when numbers are changed."""

from __future__ import annotations

import datetime
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from analysis.banners.banner import Banner, BannerItemTable, BannerRow
from analysis.banners.waves import WaveChanges
from reports.banner_labels import BannerLabels
from reports.numbers import ABSENT
from surveys.neutral_cells import neutralised

#: No clock is asked: the same table gives the same bytes.
CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
HEAD = 3  #: rows of headings: spans, columns, letters
FORMATS: dict[str, dict[str, object]] = {
    "text": {},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "bottom": 1, "align": "center", "text_wrap": True, "valign": "vcenter"},
    "span": {"bold": True, "align": "center", "bottom": 1},
    "letter": {"italic": True, "align": "center", "bottom": 1},
    "item": {"bold": True, "bg_color": "#EEF2F6"},
    "base": {"italic": True, "num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "box": {"num_format": "0.0%", "bold": True},
    "mean": {"num_format": "0.00"},
    "net_promoter_score": {"num_format": "+0.0;-0.0;0.0"},
    "count": {"num_format": "#,##0.0"},
    "residual": {"num_format": "0.00"},
    "p": {"num_format": "0.000"},
    "marks": {"align": "left", "font_color": "#1F4E79"},
    "dash": {"align": "right"},
    "exceeds": {"bold": True, "bg_color": "#E2F0D9"},
    "small": {"font_color": "#A6A6A6", "italic": True},
    "above": {"bg_color": "#DDEBF7"},
    "below": {"bg_color": "#FCE4D6"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """A workbook being written."""

    book: Any
    formats: dict[str, Any]
    banner: Banner
    names: BannerLabels
    notice: str
    further_notes: Sequence[str]
    p_adjusted: Sequence[float | None]


def banner_workbook(
    banner: Banner,
    names: BannerLabels,
    *,
    waves: WaveChanges | None = None,
    notice: str = "",
    further_notes: Sequence[str] = (),
    p_adjusted: Sequence[float | None] = (),
) -> bytes:
    """The banner as an Excel workbook.

    Sheets: the table (shares, means, letters beside them), counts, adjusted residuals, tests of items
    against spans, all cells as a tidy list with filters, and the rules. Numbers are numbers; formatting is
    conditional and reads the minimum base and the limit of residuals from the sheet of rules, so a changed
    number or rule shows at once. No text of a study can act as a formula.

    Parameters
    ----------
    waves : WaveChanges, optional
        What changed since the previous wave: one more sheet.
    notice : str
        Stands in the corner of the first three sheets, as where the answers are synthetic.
    further_notes : sequence of str
        Literal text below the notes on letters.
    p_adjusted : sequence of float or None
        Of the tests of items against spans in their order, by Holm: one more column of their sheet.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.banners.banner import Closed, banner
    >>> table = banner(pd.DataFrame({"APP": [1, 0, 1]}), [Closed(name="APP", codes=(0, 1))], [])
    >>> banner_workbook(table, BannerLabels(language="en"))[:2]
    b'PK'
    """
    packed = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(packed, options)
    book.set_properties({"created": CREATED})
    formats = {name: book.add_format(properties) for name, properties in FORMATS.items()}
    pen = _Pen(
        book=book,
        formats=formats,
        banner=banner,
        names=names,
        notice=notice,
        further_notes=further_notes,
        p_adjusted=p_adjusted,
    )
    sheets = {
        word: book.add_worksheet(names.say(f"sheet_{word}")) for word in ("table", "counts", "residuals")
    }
    _write_table(pen, sheets["table"])
    _write_plain(pen, sheets["counts"], "weighted_count", "count")
    _write_plain(pen, sheets["residuals"], "residual", "residual")
    _write_tests(pen, book.add_worksheet(names.say("sheet_tests")))
    if waves is not None:
        _write_waves(pen, book.add_worksheet(names.say("sheet_waves")), waves)
    _write_cells(pen, book.add_worksheet(names.say("sheet_cells")))
    _write_rules(pen, book.add_worksheet(names.say("sheet_rules")))
    book.close()
    return packed.getvalue()


def write_banner(
    path: Path,
    banner: Banner,
    names: BannerLabels,
    *,
    waves: WaveChanges | None = None,
    notice: str = "",
    further_notes: Sequence[str] = (),
    p_adjusted: Sequence[float | None] = (),
) -> Path:
    """Write the workbook of :func:`banner_workbook`; it appears whole or not at all."""
    content = banner_workbook(
        banner, names, waves=waves, notice=notice, further_notes=further_notes, p_adjusted=p_adjusted
    )
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(draft).chmod(0o644)  # drafts are their owner's alone
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path


def _text(pen: _Pen, sheet: Any, row: int, column: int, text: str, look: str = "text") -> None:
    sheet.write_string(row, column, neutralised(text), pen.formats[look])


def _number(pen: _Pen, sheet: Any, row: int, column: int, value: float, look: str) -> None:
    if np.isfinite(value):
        sheet.write_number(row, column, float(value), pen.formats[look])
    else:
        sheet.write_string(row, column, ABSENT, pen.formats["dash"])


def _write_head(pen: _Pen, sheet: Any, width: int) -> None:
    """Spans, column labels and letters; ``width`` sheet columns for each column of the table."""
    _text(pen, sheet, 0, 0, pen.notice)
    _text(pen, sheet, 1, 0, pen.names.say("item"), "head")
    sheet.set_column(0, 0, 42, pen.formats["wrapped"])
    start = 1
    columns = pen.banner.columns
    while start < len(columns):
        over = columns[start].span, pen.names.spanner(columns[start])
        end = start
        while end + 1 < len(columns) and (columns[end + 1].span, pen.names.spanner(columns[end + 1])) == over:
            end += 1
        first, last = 1 + start * width, end * width + width
        label = neutralised(over[1])
        if first == last:
            sheet.write_string(0, first, label, pen.formats["span"])
        else:
            sheet.merge_range(0, first, 0, last, "", pen.formats["span"])
            sheet.write_string(0, first, label, pen.formats["span"])
        start = end + 1
    for i, column in enumerate(columns):
        at = 1 + i * width
        _text(pen, sheet, 1, at, pen.names.column(column), "head")
        _text(pen, sheet, 2, at, column.letter, "letter")
        sheet.set_column(at, at, 11)
        if width == 2:
            sheet.set_column(at + 1, at + 1, 5)
    sheet.freeze_panes(HEAD, 3 if width == 2 else 2)


def _write_table(pen: _Pen, sheet: Any) -> None:
    _write_head(pen, sheet, 2)
    at = HEAD
    for item in pen.banner.items:
        _text(pen, sheet, at, 0, pen.names.item(item.name), "item")
        at += 1
        base = at
        at = _write_bases(pen, sheet, item, at)
        first = at
        for row in item.rows:
            _write_row(pen, sheet, item, row, at)
            at += 1
        _format_live(pen, sheet, base, first, at - 1)
    for note in (*pen.names.notes(pen.banner.rules, weighted=pen.banner.weighted), *pen.further_notes):
        at += 1
        _text(pen, sheet, at, 0, note.replace("\\*", "*"))


def _write_bases(pen: _Pen, sheet: Any, item: BannerItemTable, at: int) -> int:
    bases = [("base", item.n)]
    if pen.banner.weighted:
        bases += [("weighted", item.weighted_n), ("effective", item.effective_n)]
    for word, values in bases:
        _text(pen, sheet, at, 0, pen.names.say(word), "base")
        for i, value in enumerate(values):
            _number(pen, sheet, at, 1 + 2 * i, value, "base")
        at += 1
    return at


def _write_row(pen: _Pen, sheet: Any, item: BannerItemTable, row: BannerRow, at: int) -> None:
    _text(pen, sheet, at, 0, pen.names.row(item, row), "wrapped")
    for i, (value, letters) in enumerate(zip(row.estimate, row.letters, strict=True)):
        _number(pen, sheet, at, 1 + 2 * i, value, row.measure)
        _text(pen, sheet, at, 2 + 2 * i, letters, "marks")


def _format_live(pen: _Pen, sheet: Any, base: int, first: int, last: int) -> None:
    """Green where a cell carries letters, grey where its base is below the minimum on the sheet of rules."""
    effective = pen.banner.weighted and pen.banner.rules.base == "effective"
    base_row = base + 2 if effective else base
    for i in range(len(pen.banner.columns)):
        column = 1 + 2 * i
        bottom = xl_rowcol_to_cell(base_row, column, row_abs=True)
        marks = xl_rowcol_to_cell(first, column + 1, col_abs=True)
        small = {"type": "formula", "criteria": f"=N({bottom})<minimum_base", "format": pen.formats["small"]}
        exceeds = {"type": "formula", "criteria": f"=LEN({marks})>0", "format": pen.formats["exceeds"]}
        sheet.conditional_format(base_row, column, last, column, {**small, "stop_if_true": True})
        sheet.conditional_format(first, column, last, column, exceeds)


def _write_plain(pen: _Pen, sheet: Any, field: str, look: str) -> None:
    """One number a cell: weighted counts, or adjusted residuals coloured beyond their limit."""
    _write_head(pen, sheet, 1)
    at = HEAD
    for item in pen.banner.items:
        rows = [row for row in item.rows if np.isfinite(getattr(row, field)).any()]
        if not rows:
            continue
        _text(pen, sheet, at, 0, pen.names.item(item.name), "item")
        first = at = at + 1
        for row in rows:
            _text(pen, sheet, at, 0, pen.names.row(item, row), "wrapped")
            for i, value in enumerate(getattr(row, field)):
                _number(pen, sheet, at, 1 + i, value, look)
            at += 1
        if look == "residual":
            area = first, 1, at - 1, len(pen.banner.columns)
            limits = ((">", "=residual_limit", "above"), ("<", "=-residual_limit", "below"))
            for criteria, value, shade in limits:
                rule = {"type": "cell", "criteria": criteria, "value": value, "format": pen.formats[shade]}
                sheet.conditional_format(*area, rule)


def _write_tests(pen: _Pen, sheet: Any) -> None:
    heads = ("item", "span", "statistic", "p", "method", "reason", *(("p_holm",) if pen.p_adjusted else ()))
    for i, word in enumerate(heads):
        _text(pen, sheet, 0, i, pen.names.say(word), "head")
    at = 1
    for item in pen.banner.items:
        for found in item.tests:
            _text(pen, sheet, at, 0, pen.names.item(item.name))
            _text(pen, sheet, at, 1, found.span)
            statistic, p = found.test.statistic, found.test.p_value
            _number(pen, sheet, at, 2, np.nan if statistic is None else statistic, "mean")
            _number(pen, sheet, at, 3, np.nan if p is None else p, "p")
            _text(pen, sheet, at, 4, found.test.method)
            _text(pen, sheet, at, 5, found.test.reason)
            if pen.p_adjusted:
                adjusted = pen.p_adjusted[at - 1]
                _number(pen, sheet, at, 6, np.nan if adjusted is None else adjusted, "p")
            at += 1
    sheet.set_column(0, 1, 30)
    sheet.set_column(4, 5, 34)
    sheet.freeze_panes(1, 0)


def _write_waves(pen: _Pen, sheet: Any, waves: WaveChanges) -> None:
    """One row a cell; what rose or fell at the strict level is coloured, and stays so when p is edited."""
    heads = ("item", "row", "column", "previous", "current", "change", "p", "reason")
    for i, word in enumerate(heads):
        _text(pen, sheet, 0, i, pen.names.say(word), "head")
    rows, columns = pen.names.parts(pen.banner)
    for at, change in enumerate(waves.changes, 1):
        _text(pen, sheet, at, 0, pen.names.item(change.item))
        _text(pen, sheet, at, 1, rows.get((change.item, change.row), change.row))
        _text(pen, sheet, at, 2, columns.get(change.column, change.column))
        for i, value in enumerate((change.previous, change.current, change.estimate), 3):
            _number(pen, sheet, at, i, np.nan if value is None else value, change.measure)
        _number(pen, sheet, at, 6, np.nan if change.p_value is None else change.p_value, "p")
        _text(pen, sheet, at, 7, change.reason)
    level = pen.banner.rules.levels[0]
    for sign, shade in ((">", "above"), ("<", "below")):
        criteria = f"=AND(ISNUMBER($G2),$G2<{level},$F2{sign}0)"
        rule = {"type": "formula", "criteria": criteria, "format": pen.formats[shade]}
        sheet.conditional_format(1, 3, max(1, len(waves.changes)), 6, rule)
    sheet.set_column(0, 2, 30)
    sheet.set_column(3, 6, 11)
    sheet.set_column(7, 7, 40)
    sheet.autofilter(0, 0, max(1, len(waves.changes)), len(heads) - 1)
    sheet.freeze_panes(1, 3)


def _write_cells(pen: _Pen, sheet: Any) -> None:
    frame = pen.banner.to_frame()
    for i, name in enumerate(frame.columns):
        _text(pen, sheet, 0, i, str(name), "head")
        for at, value in enumerate(frame[name].tolist(), 1):
            if isinstance(value, str):
                _text(pen, sheet, at, i, value)
            elif value is not pd.NA and np.isfinite(value):
                sheet.write_number(at, i, float(value))
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    sheet.freeze_panes(1, 2)


def _write_rules(pen: _Pen, sheet: Any) -> None:
    rules = (("minimum_base", pen.banner.rules.minimum_base), ("residual_limit", 1.96))
    title = pen.names.say("sheet_rules")
    for at, (word, value) in enumerate(rules):
        _text(pen, sheet, at, 0, pen.names.say(word))
        sheet.write_number(at, 1, value)
        pen.book.define_name(word, f"='{title}'!{xl_rowcol_to_cell(at, 1, row_abs=True, col_abs=True)}")
    sheet.set_column(0, 0, 30)
