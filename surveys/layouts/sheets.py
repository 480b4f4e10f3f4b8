"""Rows of cells as a CSV or a workbook, with nothing in it that says when it was written."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import xlsxwriter

Cell = str | int | float | dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table as a platform writes it, header rows first."""

    rows: Sequence[Sequence[Cell]]
    format: Literal["csv", "xlsx"] = "csv"
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    quoted: bool = False  #: every cell between quotes
    name: str = "Sheet1"

    def content(self) -> bytes:
        """The file's bytes; the same rows give the same bytes."""
        return self._workbook() if self.format == "xlsx" else self._text()

    def _text(self) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=self.delimiter,
            lineterminator="\r\n",
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
        )
        for row in self.rows:
            writer.writerow([_as_text(cell) for cell in row])
        return text.getvalue().encode(self.encoding)

    def _workbook(self) -> bytes:
        packed = io.BytesIO()
        workbook = xlsxwriter.Workbook(packed, {"in_memory": True, "default_date_format": "m/d/yy h:mm:ss"})
        workbook.set_properties({"created": dt.datetime(2026, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)})
        sheet = workbook.add_worksheet(self.name)
        for line, row in enumerate(self.rows):
            for at, cell in enumerate(row):
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(line, at, cell)
                elif isinstance(cell, int | float):
                    sheet.write_number(line, at, cell)
                elif cell:
                    # as a string, so that nothing typed by a respondent is a formula
                    sheet.write_string(line, at, cell)
        workbook.close()
        return packed.getvalue()


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return cell if isinstance(cell, str) else number_text(cell)


def number_text(value: float) -> str:
    """A number as platforms write it.

    >>> number_text(5.0), number_text(-0.25), number_text(12345678.5)
    ('5', '-0.25', '12345678.5')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
