"""What each respondent answered, taken out of ``Responses`` item by item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.forms.asking import Condition, condition, in_language
from surveys.layouts.sheets import Cell, number_text
from surveys.neutral_cells import neutralised
from surveys.questionnaire import Item, Option
from surveys.responses import Responses


class LayoutError(ValueError):
    """A platform's layout cannot hold these answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An item with its place in the questionnaire; rows of a matrix share its number.

    ``row`` counts the rows of a matrix from 1 and is 0 for an item of its own.
    """

    item: Item
    number: int
    row: int
    text: str
    stem: str  #: of the matrix, or the text again

    @property
    def options(self) -> tuple[Option, ...]:
        return () if self.item.scale is None else self.item.scale.options


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers in one language, item by item."""

    responses: Responses
    language: str

    @property
    def n(self) -> int:
        return self.responses.n

    def questions(self) -> Iterator[Question]:
        """The items that the answers hold, numbered through."""
        questionnaire = self.responses.questionnaire
        number, row, before = 0, 0, None
        for item in questionnaire.items:
            if item.columns[0] not in self.responses.answers:
                continue
            if item.matrix is None or item.matrix != before:
                number, row = number + 1, 0
            row = row + 1 if item.matrix is not None else 0
            before = item.matrix
            text = in_language(item.text, self.language)
            stem = (
                text
                if item.matrix is None
                else in_language(questionnaire.matrices[item.matrix], self.language)
            )
            yield Question(item=item, number=number, row=row, text=text, stem=stem)

    def label(self, option: Option) -> str:
        return in_language(option.label, self.language)

    def column(self, name: str) -> npt.NDArray[np.float64]:
        return self.responses.answers[name].to_numpy(dtype=float)

    def one(self, question: Question, write: Callable[[Option], Cell], empty: Cell = "") -> list[Cell]:
        """A cell for each respondent: what ``write`` makes of the option, the number, or the text."""
        item = question.item
        if item.kind == "text":
            texts = self.responses.answers[item.id]
            return [empty if pd.isna(text) else neutralised(str(text)) for text in texts]
        values = self.column(item.id)
        if item.kind == "number":
            return [empty if value != value else number_text(value) for value in values]
        written = {float(option.code): write(option) for option in question.options}
        return [empty if value != value else written[float(value)] for value in values]

    def chosen(self, question: Question) -> list[list[Option] | None]:
        """The options that each respondent chose, in the questionnaire's order; None for no answer."""
        table = self._table(question)
        return [
            None
            if np.isnan(row).all()
            else [option for option, value in zip(question.options, row, strict=True) if value == 1]
            for row in table
        ]

    def ranked(self, question: Question) -> list[list[Option] | None]:
        """The options that each respondent ranked, best first; None for no answer."""
        found: list[list[Option] | None] = []
        for row in self._table(question):
            ranks = sorted((float(rank), at) for at, rank in enumerate(row) if rank == rank)
            found.append([question.options[at] for _, at in ranks] or None)
        return found

    def picked(self, question: Question) -> list[list[Option] | None]:
        """Chosen or ranked options, by the kind of the item."""
        return self.ranked(question) if question.item.kind == "ranking" else self.chosen(question)

    def _table(self, question: Question) -> npt.NDArray[np.float64]:
        return np.column_stack([self.column(name) for name in question.item.columns])

    def passed_by(self, question: Question) -> npt.NDArray[np.bool_]:
        """Who was not asked, because of routing."""
        show_if = question.item.show_if
        if show_if is None:
            return np.zeros(self.n, dtype=bool)
        found: Condition = condition(self.responses.questionnaire, show_if)
        name = found.item.id if found.option is None else f"{found.item.id}_{found.option}"
        if name not in self.responses.answers:
            return np.zeros(self.n, dtype=bool)
        return np.asarray(self.column(name) != float(found.code))

    def respondents(self) -> list[str]:
        return [neutralised(str(name)) for name in self.responses.metadata["respondent"]]

    def moments(self, role: str) -> list[dt.datetime | None]:
        """``started_at`` or ``submitted_at``; None where it is not known."""
        if role not in self.responses.metadata:
            return [None] * self.n
        return [None if pd.isna(value) else value.to_pydatetime() for value in self.responses.metadata[role]]

    def seconds(self) -> list[float | None]:
        if "seconds" not in self.responses.metadata:
            return [None] * self.n
        return [None if pd.isna(value) else float(value) for value in self.responses.metadata["seconds"]]


def worded(moments: Sequence[dt.datetime | None], form: str) -> list[Cell]:
    """Moments in a platform's spelling."""
    return ["" if moment is None else moment.strftime(form) for moment in moments]


def across(columns: Sequence[tuple[Sequence[Cell], Sequence[Cell]]]) -> list[list[Cell]]:
    """Columns, each a heading of one or more rows and its cells, as rows."""
    whole = [[*heading, *cells] for heading, cells in columns]
    return [list(row) for row in zip(*whole, strict=True)]
