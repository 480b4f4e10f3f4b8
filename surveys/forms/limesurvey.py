"""A LimeSurvey structure: the tab-separated text that LimeSurvey imports as a survey."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from itertools import count

from surveys.forms.asking import Question, condition, offered, sections, unused_name
from surveys.questionnaire import Item, Questionnaire, Text

#: LimeSurvey's own codes of the languages.
LANGUAGES: Mapping[str, str] = {"en": "en", "zh": "zh-Hans"}

COLUMNS = (
    "id", "related_id", "class", "type/scale", "name", "relevance", "text", "help", "language",
    "validation", "mandatory", "other", "default", "same_default", "min_num_value_n",
    "max_num_value_n", "other_replace_text",
)  # fmt: skip

Row = dict[str, str]

_TYPES = {"single": "L", "multiple": "M", "ranking": "R", "number": "N", "text": "T"}


def limesurvey_structure(questionnaire: Questionnaire) -> str:
    """The questionnaire as a tab-separated structure, a row a language.

    Single choices are type L, matrices F, multiple choices M, rankings R, numbers N, texts T. The
    option "other: ..." becomes LimeSurvey's own, at the end of the list. Items from account records
    are left out.

    Notes
    -----
    LimeSurvey allows letters and digits alone in codes: an id loses its underscores (``codes`` gives
    the new names), and a negative code ``-1`` becomes ``n1``.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter="\t", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(_rows(questionnaire))
    return text.getvalue()


def codes(questionnaire: Questionnaire) -> dict[str, str]:
    """LimeSurvey's code of every item and matrix, by id.

    >>> item = Item(id="CUST_AGE", kind="number", text={"en": "Age"}, section="a")
    >>> codes(Questionnaire(
    ...     id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={}, items=(item,)
    ... ))
    {'CUST_AGE': 'CUSTAGE'}
    """
    taken: set[str] = set()
    found = {}
    for id_ in (*(item.id for item in questionnaire.items), *questionnaire.matrices):
        found[id_] = unused_name(re.sub(r"[^A-Za-z0-9]", "", id_), taken).replace("_", "x")
        taken.add(found[id_].casefold())
    return found


def _code(code: int) -> str:
    return str(code) if code >= 0 else f"n{-code}"


def _rows(questionnaire: Questionnaire) -> Iterator[Row]:
    languages = [LANGUAGES.get(language, language) for language in questionnaire.languages]
    yield {"class": "S", "name": "language", "text": languages[0]}
    if len(languages) > 1:
        yield {"class": "S", "name": "additional_languages", "text": " ".join(languages[1:])}
    # G: a group a page
    yield {"class": "S", "name": "format", "text": "G"}
    for own, language in zip(questionnaire.languages, languages, strict=True):
        title = {"class": "SL", "name": "surveyls_title", "text": questionnaire.title[own]}
        yield {**title, "language": language}
    names = codes(questionnaire)
    numbers = count(1)
    for order, (section, questions) in enumerate(sections(questionnaire), start=1):
        for own, language in zip(questionnaire.languages, languages, strict=True):
            # in a group, the name is what respondents read and the type its place
            title = {"class": "G", "id": str(order), "type/scale": str(order), "name": section.title[own]}
            yield {**title, "relevance": "1", "language": language}
        for question in questions:
            yield from _question(questionnaire, question, names, numbers)


def _each(questionnaire: Questionnaire, text: Text, shared: Row) -> Iterator[Row]:
    for language in questionnaire.languages:
        yield {**shared, "text": text[language], "language": LANGUAGES.get(language, language)}


def _question(
    questionnaire: Questionnaire, question: Question, names: Mapping[str, str], numbers: Iterator[int]
) -> Iterator[Row]:
    item = question.first
    required = all(row.required for row in question.items)
    has_other = item.open_option is not None and item.kind in ("single", "multiple")
    number = next(numbers)
    shared = {
        "id": str(number),
        "class": "Q",
        "type/scale": "F" if question.is_matrix else _TYPES[item.kind],
        "name": names[question.id],
        "relevance": _relevance(questionnaire, item, names),
        "mandatory": "Y" if required else "N",
        "other": "Y" if has_other else "N",
        "same_default": "0",
        "min_num_value_n": "" if item.low is None else f"{item.low:.15g}",
        "max_num_value_n": "" if item.high is None else f"{item.high:.15g}",
    }
    for row, language in zip(
        _each(questionnaire, question.text, shared), questionnaire.languages, strict=True
    ):
        if has_other and item.scale is not None and item.open_option is not None:
            row["other_replace_text"] = item.scale.label(item.open_option, language)
        yield row
    if question.is_matrix:
        for part in question.items:
            yield from _each(questionnaire, part.text, _part("SQ", names[part.id], next(numbers)))
    kind = "SQ" if item.kind == "multiple" else "A"
    for option in offered(item):
        if not (has_other and option.code == item.open_option):
            # sub-questions are numbered among the questions, answers by the question they belong to
            at = next(numbers) if kind == "SQ" else number
            yield from _each(questionnaire, option.label, _part(kind, _code(option.code), at))


def _part(kind: str, name: str, number: int) -> Row:
    return {
        "class": kind,
        "type/scale": "0",
        "name": name,
        "relevance": "1" if kind == "SQ" else "",
        "id": str(number),
    }


def _relevance(questionnaire: Questionnaire, item: Item, names: Mapping[str, str]) -> str:
    if item.show_if is None:
        return "1"
    found = condition(questionnaire, item.show_if)
    asked = found.item
    if asked.source != "respondent":
        return "1"  # the survey knows nothing of account records
    name = names[asked.id] if asked.matrix is None else f"{names[asked.matrix]}_{names[asked.id]}"
    if asked.kind == "number":
        return f"(({name}.NAOK == {found.code}))"
    if found.option is None or asked.kind == "single":
        return f'(({name}.NAOK == "{_option_name(asked, found.code)}"))'
    if asked.kind == "ranking":
        return f'(({name}_{found.code}.NAOK == "{_code(found.option)}"))'
    if found.option == asked.open_option:
        return f'(({name}_other.NAOK {"!=" if found.code else "=="} ""))'
    return f'(({name}_{_code(found.option)}.NAOK {"==" if found.code else "!="} "Y"))'


def _option_name(item: Item, code: int) -> str:
    return "-oth-" if code == item.open_option else _code(code)
