"""An export's questions held against a questionnaire: which column is which item, and what its cells say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from surveys.platforms.answers import choice_words, split_choices
from surveys.platforms.export import PERSONAL_ROLES, Export, ExportColumn, ExportQuestion, State
from surveys.questionnaire import Item, Questionnaire
from surveys.reading.answers import Reading, ScaleWords
from surveys.reading.cells import cell_text, normal
from surveys.reading.distinct import Distinct
from surveys.reading.matching import Columns, Place, Wordings

#: Files of which only the questionnaire knows what their columns mean.
UNTOLD = ("plain", "spss", "stata")
#: Roles that answers are read with; the rest is taken over as the platform tells it.
_READ_ROLES = ("respondent", "started_at", "submitted_at", "seconds", "province", "device", *PERSONAL_ROLES)


def columns_of(export: Export, wordings: Wordings, empty: frozenset[int]) -> Columns:
    """The export's columns, with everything that they may be known by."""
    table = export.table
    settled = {column.at: Place("ignored") for column in export.columns if column.part == "folded"}
    fallback: dict[int, Place] = {}
    for question in export.questions:
        settled.update(_settled(export, question, wordings))
    if export.platform == "limesurvey":
        settled.update(_by_bare_code(export, wordings))
    if export.platform not in UNTOLD:
        taken = {wordings.roles[name][0] for name in map(normal, table.header) if name in wordings.roles}
        for column in export.columns:
            place = _fallback(export, column)
            if place is None:
                continue
            if place.kind == "role" and place.name not in PERSONAL_ROLES:
                # The questionnaire's word comes first, then the platform's first column.
                place = Place("ignored") if place.name in taken else place
                taken.add(place.name)
            fallback[column.at] = place
    return Columns(
        file=table.file,
        sheet=table.sheet,
        row=table.header_row,
        header=table.header,
        empty=empty,
        labels=table.variable_labels,
        headings=tuple(column.headings for column in export.columns),
        settled=settled,
        fallback=fallback,
    )


def _fallback(export: Export, column: ExportColumn) -> Place | None:
    """What the platform says of a column that the questionnaire does not know."""
    if column.role == "respondent":
        texts = [cell_text(cell).strip() for cell in export.table.rows[column.at]]
        unique = len(set(texts)) == len(texts) and all(texts)
        return Place("role", "respondent") if unique else Place("ignored")
    if column.role in _READ_ROLES:
        return Place("role", str(column.role))
    if column.role is not None or column.part in ("other_text", "comment", "count"):
        return Place("ignored")
    return None


def _settled(export: Export, question: ExportQuestion, wordings: Wordings) -> Iterator[tuple[int, Place]]:
    """Columns of options, by the question that they belong to.

    An option alone, such as "Other", may belong to several items; all options of one question
    together belong to one.
    """
    columns = [column for column in export.columns_of(question.id) if column.part == "option"]
    rows = {column.row for column in columns}
    if not columns or question.kind not in ("multiple", "ranking"):
        return
    for row in rows:
        members = [column for column in columns if column.row == row]
        text = next((sub.text for sub in question.rows if sub.id == row), "")
        item = _item(question, members, text, wordings)
        if item is None or item.scale is None:
            continue
        words = ScaleWords(item.scale)
        for column in members:
            code = _code(question, column, words)
            if code is not None:
                yield column.at, Place("option", item.id, code)


def _by_bare_code(export: Export, wordings: Wordings) -> Iterator[tuple[int, Place]]:
    """Columns by the ids of items without their marks: LimeSurvey's codes are letters and digits."""
    bare: dict[str, set[Place]] = {}
    for id_, place in wordings.ids.items():
        bare.setdefault(_bare(id_), set()).add(place)
    for column in export.columns:
        if column.role is not None or column.part not in ("answer", "option", "joined"):
            continue
        header = export.table.header[column.at]
        for text in (header, column.row or ""):
            found = bare.get(_bare(text), set())
            if len(found) == 1:
                yield column.at, next(iter(found))
                break


def _bare(text: str) -> str:
    return "".join(character for character in normal(text) if character.isalnum())


def _item(
    question: ExportQuestion, columns: Sequence[ExportColumn], row: str, wordings: Wordings
) -> Item | None:
    """The item of a spread question: by its id or wording, else the only one that has all its options."""
    questionnaire = wordings.questionnaire
    of_kind = [item for item in questionnaire.items if item.kind == question.kind and item.scale is not None]
    for text in (question.id, f"{question.text} {row}" if row else question.text, row):
        found = {place.name for place in wordings.find(text) if place.kind == "item"} if text else set()
        named = [item for item in of_kind if item.id in found]
        if len(named) == 1:
            return named[0]
    fitting = [item for item in of_kind if _fits(question, columns, item)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(question: ExportQuestion, columns: Sequence[ExportColumn], item: Item) -> bool:
    assert item.scale is not None  # noqa: S101 - chosen so by the caller
    words = ScaleWords(item.scale)
    found = [
        words.by_word(normal(question.choices[column.choice].label))
        for column in columns
        if column.choice is not None
    ]
    return bool(found) and None not in found and len(set(found)) == len(item.scale.options)


def _code(question: ExportQuestion, column: ExportColumn, words: ScaleWords) -> int | None:
    if column.choice is None:
        return None
    choice = question.choices[column.choice]
    code = words.by_word(normal(choice.label))
    if code is None and choice.code is not None and choice.label in ("", choice.code):
        code = words.by_number(normal(choice.code))
    return code


def read_cells(export: Export, column: ExportColumn, item: Item, *, spread: bool = False) -> Distinct:
    """The cells of a column as the readers of answers take them; empty where there is no answer.

    Codes that the platform joins become wordings joined by ``┋``; marks in the platform's own codes
    become 1 and 0. Everything else stays as it stands. ``spread`` says that the column is that of
    one option of the item.
    """
    distinct = export.table.distinct(column.at)
    if export.platform == "plain":
        return distinct
    distinct = distinct.where(export.states[:, column.at] == State.ANSWERED)
    if column.question is None:
        return distinct
    distinct = _typed_alone(export, column, item, distinct)
    question = export.question(column.question)
    if column.part == "joined" and not spread and column.separator in (" ", ";"):
        return _worded(column.separator, question, distinct)
    marks = spread and item.kind == "multiple"
    if marks and export.platform == "sosci":
        return _mapped(distinct, {"1": "0", "2": "1"})
    if marks and export.platform == "spss":
        counted = _counted(export, column)
        if counted is not None:
            return _mapped(distinct, {counted: "1"}, otherwise="0")
    return distinct


def _typed_alone(export: Export, column: ExportColumn, item: Item, distinct: Distinct) -> Distinct:
    """Who marked no option and typed an answer chose the option that asks to type."""
    if item.kind != "single" or item.scale is None or item.open_option is None or column.question is None:
        return distinct
    beside = [
        other.at
        for other in export.columns_of(column.question)
        if other.part == "other_text" and other.row == column.row
    ]
    if not beside:
        return distinct
    wrote = (export.states[:, beside] == State.ANSWERED).any(axis=1) & (distinct.places < 0)
    open_option = next(option for option in item.scale.options if option.code == item.open_option)
    label = next(iter(open_option.label.values()))
    places = np.where(wrote, len(distinct.values), distinct.places)
    return Distinct([*distinct.values, label], places)


def _worded(separator: str, question: ExportQuestion, distinct: Distinct) -> Distinct:
    """Joined codes as joined wordings; what the form does not offer stays, so that it is told."""
    words = choice_words(question)
    if separator != " " and all(choice.label == choice.code for choice in question.choices):
        return distinct
    made: list[object] = []
    for value in distinct.values:
        text = cell_text(value)
        chosen, _ = split_choices(text, separator, words)
        strange = [part for part in text.split(separator) if part.strip() and normal(part) not in words]
        made.append("┋".join([*(question.choices[place].label for place in chosen), *strange]))
    return Distinct(made, distinct.places)


def _mapped(distinct: Distinct, values: Mapping[str, str], otherwise: str | None = None) -> Distinct:
    mapped: list[object] = [
        values.get(cell_text(value).strip().removesuffix(".0"), value if otherwise is None else otherwise)
        for value in distinct.values
    ]
    return Distinct(mapped, distinct.places)


def in_codes(
    export: Export, column: ExportColumn, item: Item, distinct: Distinct, reading: Reading
) -> Distinct:
    """Option numbers of 问卷星 as codes of the item, where its codes do not run from 1.

    A scale from 0 to 10 is downloaded as 1 to 11 when it was asked as a single choice, and as it is
    when it was asked as a score. The cells decide; if they do not, that is a fault.
    """
    codes = item.scale.codes if item.scale is not None else ()
    places = tuple(range(1, len(codes) + 1))
    if (export.platform, export.flavour) != ("wenjuanxing", "by number") or codes == places:
        return distinct
    told = {normal(cell_text(value)).removesuffix(".0") for value in distinct.values}
    told -= {"-2", "-3"}
    as_codes, as_places = told <= set(map(str, codes)), told <= set(map(str, places))
    header = export.table.header[column.at]
    if as_places and not as_codes:
        reading.notes.append(f"{item.id}: option numbers read as the codes in their order")
        return _mapped(distinct, {str(at): str(code) for at, code in zip(places, codes, strict=True)})
    if as_places and as_codes and told:
        reading.blame(
            header,
            [int(np.flatnonzero(distinct.places >= 0)[0])] if (distinct.places >= 0).any() else [],
            "numbers that may be codes of the scale or numbers of its options",
            f"what only one of them can be, as {codes[0]} or {places[-1]}",
            "Hand in the download by option text as companion, or instead.",
        )
    return distinct


def _counted(export: Export, column: ExportColumn) -> str | None:
    name = export.table.header[column.at]
    return next(
        (found.counted for found in export.table.answer_sets if name in found.variables and found.counted),
        None,
    )


def labels_of(export: Export, column: ExportColumn) -> Mapping[float | str, str] | None:
    """Wordings by value, of the file itself or of its companion."""
    told = export.table.value_labels.get(export.table.header[column.at])
    if told or column.question is None or export.platform == "plain":
        return told
    question = export.question(column.question)
    labels: dict[float | str, str] = {}
    for choice in question.choices:
        if choice.code is not None and choice.label != choice.code:
            labels[choice.code] = choice.label
            try:
                labels[float(choice.code)] = choice.label
            except ValueError:
                continue
    return labels or None


def passed_by(export: Export, columns: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Respondents who were never asked."""
    states = export.states[:, list(columns)]
    excused = (State.SKIPPED, State.NOT_SHOWN)
    return np.asarray(np.isin(states, excused).any(axis=1) & (states != State.ANSWERED).all(axis=1))


def unmatched_notes(
    export: Export, places: Mapping[int, Place], questionnaire: Questionnaire
) -> Iterator[str]:
    """What the platform tells and no item asks for."""
    del questionnaire
    typed = [
        column.question
        for column in export.columns
        if column.part in ("other_text", "comment")
        and places.get(column.at, Place("ignored")).kind == "ignored"
        and column.question is not None
    ]
    if typed and export.platform not in UNTOLD:
        names = ", ".join(dict.fromkeys(typed))
        yield f"what was typed beside options of {names} was passed over, because no item asks for it"
