"""A platform's export as it came: its questions, its columns, its cells, and what an empty cell means.

An :class:`Export` knows no questionnaire of ours. Its questions are those that the file tells of, as
far as it tells them; ``surveys.read`` holds them against a questionnaire.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.reading.tables import Table

Platform = Literal[
    "wenjuanxing",
    "wenjuan",
    "tencent",
    "qualtrics",
    "limesurvey",
    "surveymonkey",
    "google_forms",
    "microsoft_forms",
    "typeform",
    "kobo",
    "redcap",
    "sosci",
    "delimited_set",
    "spss",
    "stata",
    "plain",
]

#: What platforms are called, in messages.
PLATFORMS: Mapping[Platform, str] = {
    "wenjuanxing": "问卷星 (Wenjuanxing)",
    "wenjuan": "问卷网 (Wenjuan)",
    "tencent": "腾讯问卷 (Tencent)",
    "qualtrics": "Qualtrics",
    "limesurvey": "LimeSurvey",
    "surveymonkey": "SurveyMonkey",
    "google_forms": "Google Forms",
    "microsoft_forms": "Microsoft Forms",
    "typeform": "Typeform",
    "kobo": "KoBoToolbox / ODK",
    "redcap": "REDCap",
    "sosci": "SoSci Survey",
    "delimited_set": "delimited sets with metadata",
    "spss": "SPSS",
    "stata": "Stata",
    "plain": "a plain table",
}

QuestionKind = Literal["single", "multiple", "ranking", "number", "text", "date", "file", "unknown"]

#: What a column says beside answers. The last four name a person and never leave the export.
Role = Literal[
    "respondent",
    "started_at",
    "submitted_at",
    "seconds",
    "page_seconds",
    "province",
    "city",
    "device",
    "device_id",  # which single device; told only as groups of the same one
    "source",
    "channel",
    "language",
    "status",
    "finished",
    "progress",
    "preview",
    "test",
    "score",
    "quality",
    "last_page",
    "other",
    "ip",
    "name",
    "phone",
    "email",
]
PERSONAL_ROLES: tuple[Role, ...] = ("ip", "name", "phone", "email")

#: What stands in a column of a question.
Part = Literal[
    "answer",  # the answer itself: an option, a number, a text
    "joined",  # all chosen or ranked options in one cell
    "option",  # one option: chosen or not, or its rank
    "rank",  # one rank: the option that holds it
    "folded",  # nothing of its own: its answers were put into another column
    "other_text",  # what was typed beside "other"
    "comment",
    "count",  # of files handed in
]


class State(IntEnum):
    """What a cell without an answer means; 0 is an answer."""

    ANSWERED = 0
    UNANSWERED = 1  #: seen and left empty
    SKIPPED = 2  #: passed by, by routing
    NOT_SHOWN = 3  #: never on the screen of this respondent, or does not apply
    DECLARED = 4  #: a missing code that the platform or the codebook declares
    DAMAGED = 5  #: an error cell, or a value that a spreadsheet ruined beyond reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a question.

    Attributes
    ----------
    label : str
        Its wording; the code when no wording is known.
    code : str or None
        As cells hold it (``"1"``, ``"A1"``), None where the export writes wordings and nothing tells codes.
    other : bool
        Whether it asks to type.
    missing : bool
        Whether it is declared to be no answer (refused, does not know ...).
    """

    label: str
    code: str | None = None
    other: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubRow:
    """One row of a matrix question."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuestion:
    """One question as the platform tells it.

    Attributes
    ----------
    id : str
        Unique in the export: the platform's code (``Q3``), or ``Q`` and its number.
    text : str
        Empty where the export holds codes only.
    kind : QuestionKind
        Of each row, for a matrix.
    number : str or None
        As the platform writes it, such as ``12``.
    choices : tuple of Choice
        In the platform's order where that is known, else in order of appearance.
    rows : tuple of SubRow
        Of a matrix; empty otherwise.
    required : bool or None
        None where the export does not say.
    show_if : str or None
        Routing, in the platform's own words.
    """

    id: str
    text: str
    kind: QuestionKind
    number: str | None = None
    choices: tuple[Choice, ...] = ()
    rows: tuple[SubRow, ...] = ()
    required: bool | None = None
    ordered: bool | None = None
    low: float | None = None
    high: float | None = None
    show_if: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)  #: by language, where there are several

    @property
    def is_matrix(self) -> bool:
        return bool(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportColumn:
    """What one column of the file holds: facts about the respondent, or a part of a question.

    ``headings`` are all wordings under which the column may be known: its header, its code, the
    stem with the row or option behind it.
    """

    at: int
    headings: tuple[str, ...]
    role: Role | None = None
    question: str | None = None
    part: Part = "answer"
    row: str | None = None  #: id of the matrix row
    choice: int | None = None  #: place in the question's choices; of a rank, its place from 0
    separator: str | None = None  #: between joined options


@dataclass(frozen=True, kw_only=True)
class Export:
    """One file of answers, with everything that it or its companion says.

    Attributes
    ----------
    platform, flavour : str
        Which platform, and which of its layouts (``by text``, ``three header rows`` ...).
    table : Table
        The cells as they stand, below all header rows; file name, SHA-256, encoding and sheet.
    columns : tuple of ExportColumn, length n_columns
        In the table's order; every column has one.
    questions : tuple of ExportQuestion
    states : ndarray of int8, shape (n_respondents, n_columns)
        :class:`State` of every cell.
    notes : tuple of str
        What was decided on the way, and what looks wrong.
    warnings : tuple of str
        The part of it that a researcher must look at: damage, repeated serials, test rows.
    """

    platform: Platform
    flavour: str
    table: Table
    columns: tuple[ExportColumn, ...]
    questions: tuple[ExportQuestion, ...]
    states: npt.NDArray[np.int8]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    definition: bool = False  #: whether the file says what was asked, and holds no answers

    @property
    def n(self) -> int:
        """Rows of respondents."""
        return len(self.table.rows)

    def of_rows(self, kept: npt.NDArray[np.bool_], rows: pd.DataFrame) -> Export:
        """The same export with only these rows, which ``kept`` marks among its own."""
        if kept.all():
            return self
        return replace(self, table=replace(self.table, rows=rows, factors={}), states=self.states[kept])

    def question(self, id_: str) -> ExportQuestion:
        """The question of that id; ``KeyError`` if there is none."""
        for question in self.questions:
            if question.id == id_:
                return question
        raise KeyError(id_)

    def columns_of(self, question: str) -> tuple[ExportColumn, ...]:
        """The columns of one question, in the file's order."""
        return tuple(column for column in self.columns if column.question == question)

    def with_role(self, role: Role) -> tuple[ExportColumn, ...]:
        return tuple(column for column in self.columns if column.role == role)

    @property
    def codebook(self) -> pd.DataFrame:
        """One row a choice: question, code, label, missing."""
        return pd.DataFrame(
            [
                (question.id, choice.code, choice.label, choice.missing)
                for question in self.questions
                for choice in question.choices
            ],
            columns=["question", "code", "label", "missing"],
        )

    def cells(self, at: int) -> npt.NDArray[np.object_]:
        """The cells of a column; None wherever the state says that there is no answer."""
        cells = self.table.rows[at].to_numpy(dtype=object, copy=True)
        cells[self.states[:, at] != State.ANSWERED] = None
        return cells

    def answers(self) -> pd.DataFrame:
        """Every answer in one form whatever the layout, shape (n_respondents, n_answers).

        Columns are ``Q``, ``Q[row]`` for a matrix, ``Q[row][option]`` or ``Q[option]`` where several
        options can hold, and ``Q[other]`` for typed text. Single answers are the wording of the
        choice where it is known, else its code; options are 1.0 or 0.0, ranks 1.0 for the first.
        """
        from surveys.platforms.answers import answers_of

        return answers_of(self)

    def metadata(self) -> pd.DataFrame:
        """Facts about the respondents by role, shape (n_respondents, n_roles); nothing that names a person.

        Always ``respondent`` and ``row``; where the export has them ``started_at`` and
        ``submitted_at`` (datetime64), ``seconds``, ``page_seconds_1`` ..., ``province``, ``city``,
        ``device``, ``source``, ``channel``, ``language``, ``status``, ``ip_group`` and
        ``device_group`` (the same number for the same address or device), ``progress`` (0-100),
        ``score``, ``quality``, ``last_page``, and the flags ``finished``, ``preview`` and ``test``.
        """
        from surveys.platforms.facts import facts_of

        return facts_of(self)


def question_columns(export: Export) -> Iterator[tuple[ExportQuestion, tuple[ExportColumn, ...]]]:
    """Every question with its columns."""
    for question in export.questions:
        yield question, export.columns_of(question.id)
