"""The files of the declared banner tables: a workbook with live formatting and a tidy table each."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from analysis.banners.declared import DeclaredBanner
from analysis.population_findings import PopulationFindings
from reports.banner_excel import write_banner
from reports.chapters.banners import banner_key, banner_labels, banner_notes
from reports.markup import letters, parse
from reports.telling import Telling
from surveys.neutral_cells import neutralised


def write_banners(telling: Telling, folder: Path) -> tuple[Path, ...]:
    """Write ``POPULATION_banner_ID.LANGUAGE.xlsx`` and ``.cells.LANGUAGE.csv`` of every banner.

    Small cells are left out of both, as in the report.
    """
    written = []
    for found in telling.populations():
        for banner in found.banners:
            stem = banner_key(found, banner).replace(".", "_")
            notice = "" if not found.sample.synthetic else "synthetic data 合成数据"
            book = folder / f"{stem}.{telling.language}.xlsx"
            tidy = folder / f"{stem}.cells.{telling.language}.csv"
            written += [book, tidy]
            write_banner(
                book,
                banner.table,
                banner_labels(telling, found),
                notice=notice,
                further_notes=tuple(letters(parse(note)) for note in banner_notes(telling, banner, None)),
                p_adjusted=banner.p_adjusted,
            )
            tidy.write_text(cells_csv(telling, found, banner, notice), "utf-8-sig", newline="")
    return tuple(written)


def cells_csv(telling: Telling, found: PopulationFindings, banner: DeclaredBanner, notice: str) -> str:
    """One line a cell: codes, what they are called, and all numbers unrounded."""
    frame, labels = banner.table.to_frame(), banner_labels(telling, found)
    rows, columns = labels.parts(banner.table)
    frame.insert(0, "item_label", [labels.item(name) for name in frame["item"]])
    frame.insert(1, "row_label", [rows[place] for place in zip(frame["item"], frame["row"], strict=True)])
    frame.insert(2, "column_label", [columns[name] for name in frame["column"]])
    if notice:
        frame["synthetic"] = notice
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(frame.columns)
    for line in frame.itertuples(index=False):
        writer.writerow(_cell(value) for value in line)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return neutralised(value)
    text = str(value)
    return "" if text in ("nan", "<NA>") else text
