"""An XLSForm, as KoBoToolbox and ODK field it: sheets survey, choices and settings."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

import xlsxwriter

from surveys.forms.asking import Question, condition, offered, sections, unused_name
from surveys.questionnaire import Item, Option, Questionnaire, Text

#: Names of the languages as the XLSForm standard writes them.
LANGUAGES: Mapping[str, str] = {"en": "English (en)", "zh": "中文 (zh)"}

Row = dict[str, str]

_SELECT = {"single": "select_one", "multiple": "select_multiple", "ranking": "rank"}


def xlsform(questionnaire: Questionnaire) -> bytes:
    """The questionnaire as a workbook that ``pyxform`` converts; the same questionnaire gives the same bytes.

    Sections are groups, a matrix is a group with the appearance ``table-list``, and all languages
    stand side by side. Routing is ``relevant``, bounds of numbers are ``constraint``; a number is an
    ``integer`` where both its bounds are whole, else a ``decimal``. An option "other: ..." gets a text
    question of its own, shown when it is chosen. Codes that mean "no answer" are choices too, marked
    in the column ``missing`` of the choices. Items from account records are left out.

    Returns
    -------
    bytes
        An ``.xlsx`` workbook, all of whose cells are text.
    """
    names = [LANGUAGES.get(language, language) for language in questionnaire.languages]
    labels = [f"label::{name}" for name in names]
    messages = [f"constraint_message::{name}" for name in names]
    survey = ["type", "name", *labels, "required", "relevant", "constraint", *messages, "appearance"]
    choices = ["list_name", "name", *labels, "missing"]
    packed = io.BytesIO()
    workbook = xlsxwriter.Workbook(packed, {"in_memory": True})
    # a form says nothing of when it was written
    workbook.set_properties({"created": dt.datetime(2026, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)})
    _sheet(workbook, "survey", survey, _survey(questionnaire))
    _sheet(workbook, "choices", choices, _choices(questionnaire))
    default = LANGUAGES.get(questionnaire.languages[0], questionnaire.languages[0])
    settings = {
        "form_title": questionnaire.title[questionnaire.languages[0]],
        "form_id": questionnaire.id,
        "default_language": default,
    }
    _sheet(workbook, "settings", list(settings), [settings])
    workbook.close()
    return packed.getvalue()


def _sheet(workbook: xlsxwriter.Workbook, name: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    sheet = workbook.add_worksheet(name)
    for at, column in enumerate(header):
        sheet.write_string(0, at, column)
    for line, row in enumerate(rows, start=1):
        for at, column in enumerate(header):
            # as a string, a wording that begins with = is no formula
            if row.get(column):
                sheet.write_string(line, at, row[column])


def _labelled(text: Text, languages: Sequence[str]) -> Row:
    return {f"label::{LANGUAGES.get(language, language)}": _safe(text[language]) for language in languages}


def _safe(text: str) -> str:
    """``${`` would refer to another question."""
    return text.replace("${", "$ {")


def _survey(questionnaire: Questionnaire) -> Iterator[Row]:
    languages = questionnaire.languages
    taken = {item.id.casefold() for item in questionnaire.items} | {
        matrix.casefold() for matrix in questionnaire.matrices
    }
    for section, questions in sections(questionnaire):
        name = unused_name(section.id, taken)
        yield {"type": "begin_group", "name": name, **_labelled(section.title, languages)}
        for question in questions:
            if question.is_matrix:
                yield from _matrix(questionnaire, question)
            else:
                yield from _question(questionnaire, question.first, taken)
        yield {"type": "end_group"}


def _matrix(questionnaire: Questionnaire, question: Question) -> Iterator[Row]:
    yield {
        "type": "begin_group",
        "name": question.id,
        "appearance": "table-list",
        "relevant": _relevant(questionnaire, question.first),
        **_labelled(question.text, questionnaire.languages),
    }
    for item in question.items:
        yield {
            "type": f"select_one {_list_name(item)}",
            "name": item.id,
            "required": "yes" if item.required else "",
            **_labelled(item.text, questionnaire.languages),
        }
    yield {"type": "end_group"}


def _question(questionnaire: Questionnaire, item: Item, taken: set[str]) -> Iterator[Row]:
    row = {
        "type": _type(item),
        "name": item.id,
        "required": "yes" if item.required else "",
        "relevant": _relevant(questionnaire, item),
        **_labelled(item.text, questionnaire.languages),
    }
    if item.kind == "number":
        row |= _constraint(item, questionnaire.languages)
    yield row
    if item.open_option is not None and item.scale is not None and item.kind != "ranking":
        option = next(option for option in item.scale.options if option.code == item.open_option)
        yield {
            "type": "text",
            "name": unused_name(f"{item.id}_other", taken),
            "relevant": _chosen(item, item.open_option),
            **_labelled(option.label, questionnaire.languages),
        }


def _type(item: Item) -> str:
    if item.kind in _SELECT:
        return f"{_SELECT[item.kind]} {_list_name(item)}"
    if item.kind == "text":
        return "text"
    bounds = [bound for bound in (item.low, item.high) if bound is not None]
    return "integer" if len(bounds) == 2 and all(float(bound).is_integer() for bound in bounds) else "decimal"


def _list_name(item: Item) -> str:
    """The list of a scale; without its "no answer" where several options are picked or ranked."""
    if item.scale is None:
        raise ValueError(f"{item.id}: a {item.kind} item without a scale cannot be asked")
    short = item.kind != "single" and item.scale.missing_codes
    return f"{item.scale.id}__options" if short else item.scale.id


def _constraint(item: Item, languages: Sequence[str]) -> Row:
    low = None if item.low is None else f"{item.low:.15g}"
    high = None if item.high is None else f"{item.high:.15g}"
    parts = [f". {sign} {bound}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None]
    if not parts:
        return {}
    # a message without words needs no translation
    message = f"{low} – {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    told = {f"constraint_message::{LANGUAGES.get(language, language)}": message for language in languages}
    return {"constraint": " and ".join(parts), **told}


def _relevant(questionnaire: Questionnaire, item: Item) -> str:
    if item.show_if is None:
        return ""
    found = condition(questionnaire, item.show_if)
    asked = found.item
    if asked.source != "respondent":
        return ""  # the device knows nothing of account records
    if asked.kind == "number":
        return f"${{{asked.id}}} = {found.code}"
    if found.option is None or asked.kind == "single":
        return _chosen(asked, found.code)
    if asked.kind == "ranking":
        return f"selected-at(${{{asked.id}}}, {found.code - 1}) = '{found.option}'"
    if found.code == 1:
        return _chosen(asked, found.option)
    return f"${{{asked.id}}} != '' and not(selected(${{{asked.id}}}, '{found.option}'))"


def _chosen(item: Item, code: int) -> str:
    if item.kind == "multiple":
        return f"selected(${{{item.id}}}, '{code}')"
    return f"${{{item.id}}} = '{code}'"


def _choices(questionnaire: Questionnaire) -> Iterator[Row]:
    written: dict[str, tuple[Option, ...]] = {}
    for _, questions in sections(questionnaire):
        for question in questions:
            for item in question.items:
                if item.scale is None or _list_name(item) in written:
                    continue
                written[_list_name(item)] = offered(item)
                for option in offered(item):
                    yield {
                        "list_name": _list_name(item),
                        "name": str(option.code),
                        "missing": "yes" if option in item.scale.missing_codes else "",
                        **_labelled(option.label, questionnaire.languages),
                    }
