"""REDCap: raw data, and the data dictionary that explains them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from surveys.platforms.building import Draft
from surveys.platforms.definitions import as_definition, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, Role
from surveys.reading.cells import cell_text, normal
from surveys.reading.tables import Table

_ROLES: Mapping[str, Role] = {
    "record_id": "respondent",
    "redcap_event_name": "other",
    "redcap_repeat_instrument": "other",
    "redcap_repeat_instance": "other",
    "redcap_data_access_group": "other",
    "redcap_survey_identifier": "other",
}
_CHECKBOX = re.compile(r"(.+)___(.+)")
_KINDS: Mapping[str, QuestionKind] = {
    "text": "text",
    "notes": "text",
    "radio": "single",
    "dropdown": "single",
    "yesno": "single",
    "truefalse": "single",
    "checkbox": "multiple",
    "calc": "number",
    "slider": "number",
    "file": "file",
}
_BUILT_IN = {"yesno": (("1", "Yes"), ("0", "No")), "truefalse": (("1", "True"), ("0", "False"))}
_FIELD = ("variable / field name", "field_name")
_PERSONAL: Mapping[str, Role] = {"email": "email", "phone": "phone"}


def is_dictionary(table: Table) -> bool:
    names = [normal(name) for name in table.header]
    return bool(names) and names[0] in _FIELD and ("field type" in names or "field_type" in names)


def likelihood(table: Table) -> float:
    if is_dictionary(table):
        return 1.0
    names = [name.strip() for name in table.header]
    complete = [at for at, name in enumerate(names) if name.endswith("_complete") and _is_status(table, at)]
    checkboxes = any(_CHECKBOX.fullmatch(name) for name in names)
    own = any(name.startswith("redcap_") for name in names)
    if "record_id" in names and (complete or own or checkboxes):
        return 1.0
    return 0.8 if complete and (own or checkboxes) else 0.0


def _is_status(table: Table, at: int) -> bool:
    return {cell_text(value).strip().removesuffix(".0") for value in table.distinct(at).values} <= {
        "0",
        "1",
        "2",
        "",
    }


def parse(table: Table, companion: Export | None) -> Export:
    """The export; the data dictionary as companion adds types, wordings and choices."""
    if is_dictionary(table):
        return _dictionary(table)
    told = companion if companion is not None and companion.platform == "redcap" else None
    draft = Draft(
        table=table, platform="redcap", flavour="raw data" if told is None else "raw data with dictionary"
    )
    fields = {question.id: question for question in told.questions} if told is not None else {}
    personal = _personal(told)
    names = [name.strip() for name in table.header]
    for at, name in enumerate(names):
        if at in draft.columns:
            continue
        if name in _ROLES or (at == 0 and not fields and name == "record_id"):
            draft.role(at, _ROLES[name])
        elif name.endswith("_complete") and name not in fields and _is_status(table, at):
            draft.role(at, "status", name)
        elif name.endswith("_timestamp") and name not in fields:
            draft.role(at, "submitted_at" if not draft_has(draft, "submitted_at") else "other", name)
        elif name in personal:
            draft.role(at, personal[name])
        elif match := _CHECKBOX.fullmatch(name):
            _ask_checkbox(draft, match[1], names, fields.get(match[1]))
        else:
            _ask_field(draft, at, name, fields.get(name))
    _repeats(draft)
    return draft.finish()


def draft_has(draft: Draft, role: Role) -> bool:
    return any(column.role == role for column in draft.columns.values())


def _personal(told: Export | None) -> dict[str, Role]:
    if told is None:
        return {}
    return {
        question.id: _PERSONAL.get(question.number or "", "name")
        for question in told.questions
        if question.ordered is False and question.kind == "text"
    }


def _ask_checkbox(draft: Draft, field: str, names: list[str], told: ExportQuestion | None) -> None:
    columns = [
        at for at, name in enumerate(names) if (match := _CHECKBOX.fullmatch(name)) and match[1] == field
    ]
    codes = [match[2] for at in columns if (match := _CHECKBOX.fullmatch(names[at]))]
    labels = {choice.code: choice.label for choice in told.choices} if told is not None else {}
    choices = tuple(Choice(label=labels.get(code, code), code=code) for code in codes)
    question = ExportQuestion(id=field, text=told.text if told else "", kind="multiple", choices=choices)
    id_ = draft.ask(question)
    for place, at in enumerate(columns):
        draft.place(at, id_, f"{question.text} {choices[place].label}", part="option", choice=place)


def _ask_field(draft: Draft, at: int, name: str, told: ExportQuestion | None) -> None:
    id_ = draft.ask_single(at, name, told.text if told else "", told.text if told else "")
    if told is not None:
        draft.questions[id_] = replace(told, id=id_, number=None, ordered=None)
        draft.columns[at] = replace(draft.columns[at], part="answer", separator=None)


def _repeats(draft: Draft) -> None:
    if any(name.startswith("redcap_repeat") for name in draft.header):
        draft.warnings.append("repeated instruments: a respondent may stand in several rows")


def _dictionary(table: Table) -> Export:
    questions = tuple(_fields(table))
    identifiers = sum(question.ordered is False for question in questions)
    notes = (f"{identifiers} fields are marked as identifying a person",) if identifiers else ()
    return as_definition(table, "redcap", "data dictionary", questions, notes)


def _fields(table: Table) -> Iterator[ExportQuestion]:
    """Fields; ``ordered`` is False for those that identify a person, and ``number`` is their validation."""
    at = {normal(name): place for place, name in enumerate(table.header)}

    def cell(cells: tuple[object, ...], *names: str) -> str:
        return next((cell_text(cells[at[name]]).strip() for name in names if name in at), "")

    for cells in table.rows.itertuples(index=False, name=None):
        type_ = normal(cell(cells, "field type", "field_type"))
        name = cell(cells, *_FIELD)
        if not name or type_ == "descriptive":
            continue
        validation = normal(
            cell(
                cells,
                "text validation type or show slider number",
                "text_validation_type_or_show_slider_number",
            )
        )
        kind = _KINDS.get(type_, "unknown")
        if type_ == "text" and re.match(r"number|integer", validation):
            kind = "number"
        elif type_ == "text" and validation.startswith("date"):
            kind = "date"
        choices = _choices(
            cell(cells, "choices, calculations, or slider labels", "select_choices_or_calculations")
        )
        built_in = tuple(Choice(label=label, code=code) for code, label in _BUILT_IN.get(type_, ()))
        identifies = normal(cell(cells, "identifier?", "identifier")) == "y"
        yield ExportQuestion(
            id=name,
            text=plain_text(cell(cells, "field label", "field_label")),
            kind=kind,
            choices=built_in or (choices if kind in ("single", "multiple") else ()),
            required=normal(cell(cells, "required field?", "required_field")) == "y",
            show_if=cell(cells, "branching logic (show field only if...)", "branching_logic") or None,
            number=validation or None,
            ordered=False if identifies else None,
            low=_bound(cell(cells, "text validation min", "text_validation_min")),
            high=_bound(cell(cells, "text validation max", "text_validation_max")),
        )


def _choices(text: str) -> tuple[Choice, ...]:
    """``1, Male | 2, Female``.

    >>> [(choice.code, choice.label) for choice in _choices("1, Male | 2, Female, or other")]
    [('1', 'Male'), ('2', 'Female, or other')]
    """
    found = []
    for part in re.split(r"\s*\|\s*|\s*\n\s*", text):
        code, mark, label = part.partition(",")
        if mark and code.strip():
            found.append(Choice(label=plain_text(label) or code.strip(), code=code.strip()))
    return tuple(found)


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
