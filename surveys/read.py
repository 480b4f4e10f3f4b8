"""The doorway for answers: a data file and its questionnaire in, responses out.

Examples
--------
>>> import tempfile
>>> from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
>>> scale = Scale(id="two", options=(Option(code=1, label={"en": "No"}), Option(code=2, label={"en": "Yes"})))
>>> asked = Questionnaire(
...     id="tiny", title={"en": "Tiny"}, languages=("en",), sections=(Section(id="a", title={"en": "A"}),),
...     scales={"two": scale},
...     items=(Item(id="Q1", kind="single", scale=scale, section="a", text={"en": "Do you bank online?"}),),
... )
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "answers.csv"
...     _ = path.write_text("respondent,1. Do you bank online?\\nr1,Yes\\nr2,1\\nr3,\\n", encoding="utf-8")
...     responses = read_answers(path, asked)
>>> responses.answers["Q1"].tolist(), float(responses.answers["Q1"].mean())
([2.0, 1.0, nan], 1.5)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from surveys.errors import AnswersError, Fault
from surveys.platforms.export import PLATFORMS, Export, Platform
from surveys.platforms.folding import folded
from surveys.platforms.matching import (
    UNTOLD,
    columns_of,
    in_codes,
    labels_of,
    passed_by,
    read_cells,
    unmatched_notes,
)
from surveys.platforms.reading import Companions, read_export
from surveys.questionnaire import Item, Questionnaire
from surveys.reading.answers import (
    Flags,
    Reading,
    read_joined,
    read_number,
    read_options,
    read_ranks,
    read_single,
    read_text,
)
from surveys.reading.cells import is_empty, normal, shown
from surveys.reading.distinct import Cells, Numbers
from surveys.reading.limits import Limits
from surveys.reading.matching import Columns, Matching, Wordings, match_columns, missing_items
from surveys.reading.metadata import is_synthetic, read_metadata
from surveys.reading.tables import Table, read_table
from surveys.responses import Responses, SourceFile

__all__ = ["read_answers", "read_table"]


def read_answers(
    path: Path | str,
    questionnaire: Questionnaire,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    limits: Limits | None = None,
    mapping: Mapping[str, str] | None = None,
    companion: Companions = None,
    platform: Platform | None = None,
) -> Responses:
    """The answers in a data file, as codes of the questionnaire.

    CSV, TSV, .xlsx, .xls, .sav, .zsav, .por and .dta, and the survey platforms that wrote them, are
    told apart by content. Columns are found by item
    id or by wording in any language of the questionnaire; answers are read as codes, labels or aliases.

    Parameters
    ----------
    path : path of the file
    questionnaire : Questionnaire
    sheet : str, optional
        Sheet of a workbook.
    encoding : str, optional
        Of a text or SPSS file; by default the whole file decides.
    limits : Limits, optional
        Sizes beyond which the file is refused.
    mapping : mapping of header to item, item column or role, optional
        Wins over everything that is found by itself; ``ignore`` passes a column over.
    companion, platform : optional
        As for ``surveys.platforms.reading.read_export``.

    Returns
    -------
    Responses
        Items without a column are left out of ``answers`` and named in ``source.notes``, together
        with everything else that was decided on the way.

    Raises
    ------
    AnswersError
        Naming every fault of the file at once: first those of its form, then those of its header
        and of its cells.
    """
    wordings = Wordings(questionnaire)
    mapped = {normal(header) for header in mapping or {}}
    export = read_export(
        path,
        companion=companion,
        platform=platform,
        sheet=sheet,
        encoding=encoding,
        limits=limits,
        known=lambda header: normal(header) in mapped or wordings.knows(header),
    )
    table = export.table
    if export.definition:
        raise AnswersError(_no_answers(export))
    rows, blank = _without_blank_rows(table)
    if rows.empty:
        raise AnswersError(_header_only(table))
    export = folded(export.of_rows(table.rows.index.isin(rows.index), rows))
    table = export.table
    empty = frozenset(at for at in range(len(table.header)) if all(map(is_empty, table.distinct(at).values)))
    columns = columns_of(export, wordings, empty)
    found = match_columns(columns, wordings, mapping)
    reading = Reading(
        file=table.file,
        sheet=table.sheet,
        rows=rows.index.to_numpy(dtype=np.int64),
        delimiter=table.delimiter,
        faults=list(found.faults),
        notes=[*_told(export), *blank, *found.notes],
    )
    reading.faults += _items_without_column(questionnaire, found, columns, reading.notes)
    reading.notes += unmatched_notes(export, found.places, questionnaire)
    answers = _read_items(questionnaire, found, export, reading)
    metadata = read_metadata(found, table, rows, reading)
    if export.platform not in UNTOLD:
        facts = export.metadata()
        new = [name for name in facts if name not in metadata]
        metadata = pd.concat([metadata, facts[new]], axis="columns")
    if reading.faults:
        raise AnswersError(reading.faults)
    if reading.no_answers:
        reading.notes.append("read as no answer: " + "; ".join(reading.no_answers))
    return Responses(
        questionnaire=questionnaire,
        answers=answers,
        metadata=metadata,
        source=SourceFile(
            name=table.file,
            sha256=table.sha256,
            encoding=table.encoding,
            sheet=table.sheet,
            notes=tuple(reading.notes),
        ),
        synthetic=is_synthetic(found, table, rows),
    )


def _without_blank_rows(table: Table) -> tuple[pd.DataFrame, list[str]]:
    """Rows with anything in them. A row of separators alone is nobody's answers."""
    rows = table.rows
    blank = np.ones(len(rows), dtype=bool)
    for at in range(len(table.header)):
        distinct = table.distinct(at)
        silent = np.array([*map(is_empty, distinct.values), True], dtype=bool)
        blank &= silent[distinct.places]
        if not blank.any():
            return rows, []
    places = np.flatnonzero(blank)
    return rows.drop(rows.index[places]), [f"{len(places)} rows without any answer passed over"]


def _header_only(table: Table) -> Fault:
    return Fault(
        file=table.file,
        sheet=table.sheet,
        seen="a header and no rows of answers",
        expected="one row for each respondent",
        remedy="Export the answers again.",
    )


def _no_answers(export: Export) -> Fault:
    return Fault(
        file=export.table.file,
        seen=f"{PLATFORMS[export.platform]}, {export.flavour}: what was asked, without answers",
        expected="a file of answers",
        remedy="Hand it in as the companion of the answers, or draft a questionnaire from it.",
    )


def _told(export: Export) -> Iterator[str]:
    """What the platform's reader decided, after what it took the file for."""
    if export.platform not in UNTOLD:
        yield f"read as {PLATFORMS[export.platform]}, {export.flavour}"
    yield from export.notes
    yield from (f"look at this: {warning}" for warning in export.warnings)


def _items_without_column(
    questionnaire: Questionnaire, found: Matching, columns: Columns, notes: list[str]
) -> Iterator[Fault]:
    absent = list(missing_items(questionnaire, found))
    for item in absent:
        if item.required:
            yield Fault(
                file=columns.file,
                sheet=columns.sheet,
                row=columns.row,
                column=item.id,
                seen="no column for this required item",
                expected=f'the header {item.id} or "{shown(next(iter(item.text.values())))}"',
                remedy="Add the column, name it in the mapping, or drop `required` in the questionnaire.",
            )
    if optional := [item.id for item in absent if not item.required]:
        notes.append("items without a column: " + ", ".join(optional))


def _read_items(
    questionnaire: Questionnaire, found: Matching, export: Export, reading: Reading
) -> pd.DataFrame:
    """Answers in the questionnaire's order; faults are gathered in ``reading``."""
    whole, spread = _places(found)
    header = export.table.header
    answers: dict[str, Numbers | Cells] = {}
    empty: dict[str, Flags] = {}
    for item in questionnaire.items:
        if item.id in spread:
            by_code = {
                code: (header[at], read_cells(export, export.columns[at], item, spread=True))
                for code, at in sorted(spread[item.id].items())
            }
            read = read_ranks if item.kind == "ranking" else read_options
            columns, empty[item.id] = read(by_code, item, reading)
        elif item.id not in whole:
            continue
        elif item.kind in ("multiple", "ranking"):
            at = whole[item.id]
            cells = read_cells(export, export.columns[at], item)
            columns, empty[item.id] = read_joined(cells, item, header[at], reading)
        else:
            answers[item.id], empty[item.id] = _read_one(item, export, whole[item.id], reading)
            continue
        # In the questionnaire's order of options, whatever the file's.
        answers |= {f"{item.id}_{code}": columns[code] for code in _codes(item) if code in columns}
    took_part = _took_part(empty, export.n)
    for item in questionnaire.items:
        if item.required and item.id in empty:
            places = list(spread[item.id].values()) if item.id in spread else [whole[item.id]]
            blamed = empty[item.id] & took_part & ~passed_by(export, places)
            _blame_empty(item, answers, blamed, header[min(places)], reading)
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if values.dtype == object else float)
            for name, values in answers.items()
        },
        index=pd.RangeIndex(export.n),
    )


def _places(found: Matching) -> tuple[dict[str, int], dict[str, dict[int, int]]]:
    """Columns of whole items, and of their options by code."""
    whole: dict[str, int] = {}
    spread: dict[str, dict[int, int]] = {}
    for at, place in found.places.items():
        if place.kind == "item":
            whole[place.name] = at
        elif place.kind == "option" and place.code is not None:
            spread.setdefault(place.name, {})[place.code] = at
    return whole, spread


def _took_part(empty: Mapping[str, Flags], n: int) -> Flags:
    """Respondents who did more than refuse: of five items or more, at least two are answered.

    Whoever declines the consent item is sent to the end, and cannot be asked for required answers.
    """
    if len(empty) < 5:
        return np.ones(n, dtype=bool)
    return np.asarray(np.sum([~flags for flags in empty.values()], axis=0) > 1)


def _codes(item: Item) -> tuple[int, ...]:
    return item.scale.codes if item.scale is not None else ()


def _read_one(item: Item, export: Export, at: int, reading: Reading) -> tuple[Numbers | Cells, Flags]:
    column = export.columns[at]
    header, cells = export.table.header[at], read_cells(export, column, item)
    if item.kind == "text":
        return read_text(cells, reading, header)
    if item.kind == "number":
        return read_number(cells, item, header, reading)
    labels = labels_of(export, column)
    if labels is None:
        cells = in_codes(export, column, item, cells, reading)
    return read_single(cells, item, header, reading, labels)


def _blame_empty(
    item: Item, answers: Mapping[str, Numbers | Cells], empty: Flags, header: str, reading: Reading
) -> None:
    """A required item left empty, unless routing passed the respondent by."""
    asked = np.ones(len(empty), dtype=bool)
    if item.show_if is not None:
        name, code = (part.strip() for part in item.show_if.split("="))
        if name not in answers:
            return
        asked = answers[name] == float(code)
    reading.blame(
        header,
        np.flatnonzero(empty & asked).tolist(),
        "nothing",
        f"an answer, because {item.id} is required",
        "Fill it in, remove the row, or drop `required` in the questionnaire.",
    )
