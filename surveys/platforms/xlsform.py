"""XLSForm: the form behind KoBo and ODK data, as a workbook, as one CSV, or as a CSV a sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from surveys.errors import AnswersError, Fault
from surveys.platforms.definitions import as_definition, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.platforms.wordings import is_other
from surveys.reading.cells import cell_text, normal, shown
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, read_table

_KINDS: Mapping[str, QuestionKind] = {
    "integer": "number",
    "int": "number",
    "decimal": "number",
    "range": "number",
    "text": "text",
    "string": "text",
    "date": "date",
    "time": "text",
    "datetime": "date",
    "image": "file",
    "audio": "file",
    "video": "file",
    "file": "file",
    "geopoint": "text",
    "geotrace": "text",
    "geoshape": "text",
    "barcode": "text",
    "calculate": "unknown",
    "acknowledge": "single",
    "trigger": "single",
    "hidden": "unknown",
}
_META = (
    "start",
    "end",
    "today",
    "deviceid",
    "phonenumber",
    "username",
    "simserial",
    "subscriberid",
    "audit",
    "email",
    "start-geopoint",
    "background-audio",
    "xml-external",
    "csv-external",
)
_SELECT = re.compile(
    r"(select[_ ]one|select[_ ]multiple|select all that apply|rank)(?:[_ ]from[_ ]file|[_ ]external)?"
    r"(?:\s+from)?\s+(\S+)(\s+(?:or[_ ]other|or specify other))?",
    re.IGNORECASE,
)
_SHEETS = ("survey", "choices", "settings", "external_choices", "entities", "osm", "columns")
_LISTS = ("list_name", "list name", "listname")


def is_xlsform(table: Table) -> bool:
    """Whether a table is a form: its survey sheet, its choices, or one CSV of all sheets."""
    names = [normal(name) for name in table.header]
    if _is_one_csv(table):
        return True
    labelled = any(name == "label" or name.startswith("label:") for name in names)
    if "type" in names and "name" in names and labelled:
        return _types_known(table, names.index("type"))
    return labelled and "name" in names and any(name in _LISTS for name in names)


def _types_known(table: Table, at: int) -> bool:
    cells = [normal(cell_text(cell)) for cell in table.rows[at]]
    known = [
        text
        for text in cells
        if text in _KINDS
        or text in _META
        or _SELECT.match(text)
        or re.match(r"(?:begin|end)[_ ]", text)
        or text == "note"
    ]
    return not any(cells) or len(known) >= 0.5 * sum(bool(text) for text in cells)


def _is_one_csv(table: Table) -> bool:
    """One CSV of all sheets: the name of the sheet alone in column 1, its header in the next row."""
    rest = [normal(name) for name in table.header[1:]]
    if normal(table.header[0] if table.header else "") != "survey" or any(rest) or len(table.rows) < 2:
        return False
    first = [normal(cell_text(cell)) for cell in table.rows.iloc[0]]
    return "type" in first and "name" in first


def from_table(table: Table) -> Export:
    """The form in a table that was read already; choices of a workbook are on another sheet."""
    if _is_one_csv(table):
        sheets = _one_csv(table)
        survey, choices = sheets.get("survey", []), sheets.get("choices", [])
    else:
        records = _records(table)
        is_choices = any(normal(name) in _LISTS for name in table.header) and "type" not in map(
            normal, table.header
        )
        survey, choices = ([], records) if is_choices else (records, [])
        if is_choices:
            return _choices_only(table, choices)
        _refuse_doubled(table)
    questions = tuple(_questions(survey, choices))
    counted = f"{len(survey)} rows of survey, {len(choices)} of choices"
    return as_definition(table, "kobo", "XLSForm", questions, (counted,))


def read_form(path: Path, table: Table, limits: Limits | None) -> Export:
    """The form in a workbook, with its choices."""
    if table.format not in ("xlsx", "xls"):
        return from_table(table)
    try:
        choices_table = read_table(path, sheet="choices", limits=limits)
    except AnswersError:
        return from_table(table)
    if normal(table.sheet or "") != "survey":
        table = read_table(path, sheet="survey", limits=limits)
    _refuse_doubled(table)
    _refuse_doubled(choices_table)
    survey, choices = _records(table), _records(choices_table)
    counted = f"{len(survey)} rows of survey, {len(choices)} of choices"
    return as_definition(table, "kobo", "XLSForm", tuple(_questions(survey, choices)), (counted,))


def with_choices(form: Export, choices: Export) -> Export:
    """A form whose survey and choices stand in two files."""
    lists = {question.id: question.choices for question in choices.questions}
    questions = tuple(
        replace(question, choices=lists.get(question.number or "", question.choices))
        for question in form.questions
    )
    return replace(form, questions=questions, notes=(*form.notes, *choices.notes))


def _refuse_doubled(table: Table) -> None:
    """Two columns of one name: nobody can say which label is meant."""
    names = Counter(re.sub(r"::?\s*", "::", normal(name)) for name in table.header if name.strip())
    doubled = [name for name, n in names.items() if n > 1]
    if doubled:
        raise AnswersError(
            [
                Fault(
                    file=table.file,
                    sheet=table.sheet,
                    row=table.header_row,
                    column=shown(name),
                    seen=f"{names[name]} columns of this name",
                    expected="each column of a form once",
                    remedy="Remove one, or name its language (label::English (en)).",
                )
                for name in doubled
            ]
        )


Row = Mapping[str, str]


def _records(table: Table) -> list[Row]:
    names = [_column_name(name) for name in table.header]
    rows: list[Row] = []
    for cells in table.rows.itertuples(index=False):
        row = {name: cell_text(cell).strip() for name, cell in zip(names, cells, strict=True) if name}
        if any(row.values()):
            rows.append(row)
    return rows


def _column_name(name: str) -> str:
    plain = " ".join(name.split())
    head, mark, language = plain.partition(":")
    head = normal(head).replace(" ", "_")
    return f"{head}::{language.lstrip(':').strip()}" if mark else {"listname": "list_name"}.get(head, head)


def _one_csv(table: Table) -> dict[str, list[Row]]:
    sheets: dict[str, list[Row]] = {}
    current = normal(table.header[0])
    names: list[str] = []
    for cells in table.rows.itertuples(index=False):
        texts = [cell_text(cell).strip() for cell in cells]
        if texts[0]:
            current, names = normal(texts[0]), []
        elif any(texts) and not names:
            names = [_column_name(text) for text in texts]
        elif any(texts):
            row = {name: text for name, text in zip(names, texts, strict=False) if name}
            sheets.setdefault(current, []).append(row)
    return sheets


def _choices_only(table: Table, choices: Sequence[Row]) -> Export:
    """The choices alone: every list as a question of its own."""
    questions = tuple(
        ExportQuestion(id=name, text="", kind="single", choices=found)
        for name, found in _lists(choices).items()
    )
    counted = f"{len(choices)} rows of choices"
    return as_definition(table, "kobo", "XLSForm, choices only", questions, (counted,))


def _labels(row: Row, what: str) -> dict[str, str]:
    """Texts by language; ``""`` is the form's own."""
    found = {}
    for name, text in row.items():
        head, _, language = name.partition("::")
        if head == what and text:
            found[language] = plain_text(text)
    return found


def _first(texts: Mapping[str, str]) -> str:
    return next(iter(texts.values()), "")


def _lists(choices: Sequence[Row]) -> dict[str, tuple[Choice, ...]]:
    lists: dict[str, list[Choice]] = {}
    for row in choices:
        code = row.get("name", row.get("value", ""))
        if row.get("list_name") and code:
            label = _first(_labels(row, "label")) or code
            lists.setdefault(row["list_name"], []).append(
                Choice(label=label, code=code, other=is_other(label))
            )
    return {name: tuple(found) for name, found in lists.items()}


def _questions(survey: Sequence[Row], choices: Sequence[Row]) -> Iterator[ExportQuestion]:
    """Questions; the rows of a table-list group are one matrix."""
    lists = _lists(choices)
    matrix: list[ExportQuestion] | None = None
    head: Row = {}
    for row in survey:
        type_ = normal(row.get("type", ""))
        if re.match(r"begin[_ ]group", type_) and "table-list" in row.get("appearance", ""):
            matrix, head = [], row
            continue
        if re.match(r"end[_ ]group", type_) and matrix is not None:
            if matrix:
                yield _as_matrix(matrix, head)
            matrix = None
            continue
        question = _question(row, type_, lists)
        if question is None:
            continue
        if matrix is not None:
            matrix.append(question)
        else:
            yield question
    yield from matrix or ()


def _as_matrix(questions: Sequence[ExportQuestion], head: Row) -> ExportQuestion:
    first = questions[0]
    return ExportQuestion(
        id=head.get("name") or first.id,
        text=_first(_labels(head, "label")),
        kind=first.kind,
        choices=first.choices,
        rows=tuple(SubRow(id=question.id, text=question.text) for question in questions),
    )


def _question(row: Row, type_: str, lists: Mapping[str, tuple[Choice, ...]]) -> ExportQuestion | None:
    name = row.get("name", "")
    if not name or type_ in _META or type_ == "note" or re.match(r"(?:begin|end)[_ ]", type_) or not type_:
        return None
    found = _labels(row, "label")
    match = _SELECT.match(type_)
    kind: QuestionKind = _KINDS.get(type_.split()[0], "unknown")
    choices: tuple[Choice, ...] = ()
    list_name = None
    if match:
        kind = "single" if "one" in match[1] else "ranking" if match[1] == "rank" else "multiple"
        list_name = next((own for own in lists if normal(own) == match[2]), match[2])
        choices = lists.get(list_name, ())
        if match[3]:
            choices = (*choices, Choice(label="Other", code="other", other=True))
    if kind == "unknown" and type_ in ("calculate", "hidden"):
        return None
    return ExportQuestion(
        id=name,
        text=_first(found),
        kind=kind,
        choices=choices,
        number=list_name,
        required=normal(row.get("required", "")) in ("yes", "true", "true()"),
        show_if=row.get("relevant") or None,
        texts={language: text for language, text in found.items() if language},
    )
