"""Tables with metadata in JSON beside them: several answers as ``1;2;5;`` in one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from surveys.errors import AnswersError, Fault
from surveys.platforms.building import Draft
from surveys.platforms.definitions import definition, list_of, mapping_of, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.reading.cells import cell_text
from surveys.reading.tables import Table

_KINDS: Mapping[str, QuestionKind] = {
    "single": "single",
    "delimited set": "multiple",
    "int": "number",
    "float": "number",
    "string": "text",
    "date": "date",
    "time": "text",
    "boolean": "single",
}


def is_metadata(document: object) -> bool:
    """Whether a JSON document describes columns, masks and a library of value labels."""
    return isinstance(document, dict) and {"columns", "lib"} <= set(document)


def parse_metadata(document: object, *, file: str, raw: bytes) -> Export:
    """The questions: arrays of columns first taken together, then columns by themselves."""
    meta = mapping_of(document)
    columns, library = mapping_of(meta.get("columns")), mapping_of(meta.get("lib"))
    if not columns:
        raise AnswersError(
            Fault(file=file, seen="no columns", expected="metadata of a table", remedy="Export it again.")
        )
    questions = [*_arrays(mapping_of(meta.get("masks")), columns, library)]
    inside = {row.id for question in questions for row in question.rows}
    for name, about in columns.items():
        column = mapping_of(about)
        if name in inside:
            continue
        kind = _KINDS.get(str(column.get("type")), "unknown")
        values = column.get("values")
        choices = _choices(values, library) if kind in ("single", "multiple") else ()
        questions.append(
            ExportQuestion(
                id=name, text=_text(column.get("text")), kind=kind, choices=choices, texts=_texts(column)
            )
        )
    return definition("delimited_set", "metadata", tuple(questions), file=file, raw=raw)


def _arrays(
    masks: Mapping[str, object], columns: Mapping[str, object], library: Mapping[str, object]
) -> Iterator[ExportQuestion]:
    for name, about in masks.items():
        mask = mapping_of(about)
        rows = []
        for item in list_of(mask.get("items")):
            source = str(mapping_of(item).get("source", "")).partition("@")[2]
            if source in columns:
                rows.append(SubRow(id=source, text=_text(mapping_of(item).get("text"))))
        if rows:
            kind: QuestionKind = _KINDS.get(str(mask.get("subtype")), "single")
            yield ExportQuestion(
                id=name,
                text=_text(mask.get("text")),
                kind=kind,
                rows=tuple(rows),
                choices=_choices(mask.get("values"), library),
            )


def _choices(values: object, library: Mapping[str, object]) -> tuple[Choice, ...]:
    """Value labels, given here or by reference into the library (``lib@values@name``)."""
    if isinstance(values, str) and values.startswith("lib@"):
        found: object = library
        for part in values.split("@")[1:]:
            found = mapping_of(found).get(part)
        values = found
    return tuple(
        Choice(
            label=_text(mapping_of(value).get("text")) or str(mapping_of(value).get("value")),
            code=str(mapping_of(value).get("value")),
        )
        for value in list_of(values)
        if "value" in mapping_of(value)
    )


def _text(text: object) -> str:
    if isinstance(text, str):
        return plain_text(text)
    return next((plain_text(value) for value in mapping_of(text).values() if isinstance(value, str)), "")


def _texts(column: Mapping[str, object]) -> dict[str, str]:
    text = column.get("text")
    if not isinstance(text, dict):
        return {}
    return {str(language): plain_text(value) for language, value in text.items() if isinstance(value, str)}


def likelihood(table: Table) -> float:
    """Cells of numbers that each end in a semicolon, in a table that commas or tabs separate."""
    sets = sum(_is_set(table, at) for at in range(len(table.header)))
    return 0.9 if sets >= 2 else 0.7 if sets else 0.0


def _is_set(table: Table, at: int) -> bool:
    values = table.distinct(at).values
    if not values or not any(isinstance(value, str) and ";" in value for value in values[:200]):
        return False
    texts = [cell_text(value).strip() for value in values]
    return all(
        text.endswith(";") and all(part.lstrip("-").isdigit() for part in text[:-1].split(";"))
        for text in texts
    )


def parse(table: Table, companion: Export | None) -> Export:
    """The export; the metadata as companion adds wordings, kinds and arrays."""
    draft = Draft(table=table, platform="delimited_set", flavour="delimited sets")
    told = companion if companion is not None and companion.platform == "delimited_set" else None
    at_of = {name.strip(): at for at, name in enumerate(table.header)}
    sets = [at for at in range(len(table.header)) if _is_set(table, at)]
    if table.header and not table.header[0].strip():
        draft.role(0, "other", "row")
    for question in told.questions if told is not None else ():
        if question.rows and all(row.id in at_of for row in question.rows):
            id_ = draft.ask(question)
            for row in question.rows:
                draft.place(at_of[row.id], id_, question.text, row.text, row=row.id)
    described = {question.id: question for question in told.questions} if told is not None else {}
    for name, at in at_of.items():
        if at in draft.columns:
            continue
        about = described.get(name)
        if about is None or about.kind == "unknown":
            id_ = draft.ask_single(at, name, about.text if about else "", name)
            if at in sets:
                _as_set(draft, at, id_)
            continue
        id_ = draft.ask(about)
        joined = about.kind == "multiple"
        draft.place(
            at, id_, about.text, part="joined" if joined else "answer", separator=";" if joined else None
        )
    return draft.finish()


def _as_set(draft: Draft, at: int, id_: str) -> None:
    codes = {part for text in draft.answered(at) for part in text.split(";") if part}
    choices = tuple(Choice(label=code, code=code) for code in sorted(codes, key=int))
    draft.questions[id_] = replace(draft.questions[id_], kind="multiple", choices=choices)
    draft.columns[at] = replace(draft.columns[at], part="joined", separator=";")
