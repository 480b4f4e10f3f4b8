"""What a form puts before a respondent: questions in their order, options, routing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from surveys.questionnaire import Item, Option, Questionnaire, Section, Text

FormFormat = Literal["xlsform", "docx", "wjx-text", "limesurvey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question on the page: an item, or a matrix with its rows."""

    id: str
    text: Text
    items: tuple[Item, ...]  #: one, or the rows of a matrix
    is_matrix: bool

    @property
    def first(self) -> Item:
        return self.items[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a question is asked: ``item`` has the answer ``code``, or its ``option`` was chosen or not.

    A chosen option has ``code`` 1, another 0.

    For a ranking, ``code`` is the rank of ``option``.
    """

    item: Item
    code: int
    option: int | None = None


def sections(questionnaire: Questionnaire) -> Iterator[tuple[Section, tuple[Question, ...]]]:
    """The sections that ask anything, with their questions; account records are not asked for."""
    for section in questionnaire.sections:
        asked = [
            item for item in questionnaire.items if item.section == section.id and item.source == "respondent"
        ]
        found = tuple(_questions(questionnaire, asked))
        if found:
            yield section, found


def _questions(questionnaire: Questionnaire, asked: list[Item]) -> Iterator[Question]:
    for matrix, items in groupby(asked, key=lambda item: item.matrix):
        rows = tuple(items)
        if matrix is None:
            for item in rows:
                yield Question(id=item.id, text=item.text, items=(item,), is_matrix=False)
        else:
            yield Question(id=matrix, text=questionnaire.matrices[matrix], items=rows, is_matrix=True)


def offered(item: Item) -> tuple[Option, ...]:
    """The options that a respondent can pick; "cannot say" is one of them where one answer is asked for."""
    if item.scale is None:
        return ()
    return (*item.scale.options, *item.scale.missing_codes) if item.kind == "single" else item.scale.options


def condition(questionnaire: Questionnaire, show_if: str) -> Condition:
    """The routing of an item.

    >>> from surveys.questionnaire import Scale
    >>> web, app = (Option(code=code, label={"en": name}) for code, name in ((1, "Web"), (2, "App")))
    >>> scale = Scale(id="s", options=(web, app))
    >>> item = Item(id="CH", kind="multiple", text={"en": "Channels"}, section="a", scale=scale)
    >>> asked = Questionnaire(
    ...     id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={}, items=(item,)
    ... )
    >>> found = condition(asked, "CH_2 = 1")
    >>> found.item.id, found.option, found.code
    ('CH', 2, 1)

    Raises
    ------
    ValueError
        If it names no item and no option.
    """
    name, _, code = (part.strip() for part in show_if.partition("="))
    for item in questionnaire.items:
        if item.id == name:
            return Condition(item=item, code=int(code))
        if name in item.columns and item.scale is not None:
            at = item.columns.index(name)
            return Condition(item=item, code=int(code), option=item.scale.codes[at])
    raise ValueError(f"show_if: `{show_if}` names no item or option of questionnaire {questionnaire.id}")


def unused_name(wanted: str, taken: set[str]) -> str:
    """The name, with a number behind it if it is taken, capitals aside; it is taken from then on.

    >>> unused_name("A_other", {"a_other"})
    'A_other_2'
    """
    name, number = wanted, 1
    while name.casefold() in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name.casefold())
    return name


def in_language(text: Text, language: str) -> str:
    """The words of one language on one line."""
    return " ".join(text[language].split())
