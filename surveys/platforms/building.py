"""An export in the making: columns are placed one by one, and cells are told answers from silence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from surveys.platforms.export import (
    Choice,
    Export,
    ExportColumn,
    ExportQuestion,
    Part,
    Platform,
    QuestionKind,
    Role,
    State,
    SubRow,
)
from surveys.platforms.wordings import (
    LONG_TEXT,
    is_other,
    joined_choices,
    labelled_choices,
    looks_joined,
    typed,
    worded_choices,
)
from surveys.reading.answers import NO_WORDS, YES_WORDS
from surveys.reading.cells import ERROR_TEXTS, cell_text, normal
from surveys.reading.distinct import Distinct
from surveys.reading.tables import Table
from surveys.reading.times import moments

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_INTEGER = re.compile(r"[+-]?\d{1,9}(?:\.0+)?")
_ERRORS = frozenset(map(str.casefold, ERROR_TEXTS))
MOST_CHOICES = 60  #: different texts beyond which a column is no single choice
MOST_LOOKED_AT = 2_000  #: different cells that tell what a column holds


@dataclass(slots=True)
class Draft:
    """What is known so far of one export."""

    table: Table
    platform: Platform
    flavour: str = ""
    columns: dict[int, ExportColumn] = field(default_factory=dict)
    questions: dict[str, ExportQuestion] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    states: npt.NDArray[np.int8] = field(init=False)
    _distinct: dict[int, Distinct] = field(default_factory=dict)
    _texts: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.states = np.zeros((len(self.table.rows), len(self.table.header)), dtype=np.int8)
        for at in range(len(self.table.header)):
            distinct = self.distinct(at)
            column = self.states[:, at]
            column[distinct.places < 0] = State.UNANSWERED
            for place, text in enumerate(self.texts(at)):
                if not text:
                    column[distinct.places == place] = State.UNANSWERED
                elif text in _ERRORS:
                    column[distinct.places == place] = State.DAMAGED

    @property
    def header(self) -> tuple[str, ...]:
        return self.table.header

    def distinct(self, at: int) -> Distinct:
        """The different cells of a column, computed once."""
        if at not in self._distinct:
            self._distinct[at] = self.table.distinct(at)
        return self._distinct[at]

    def texts(self, at: int) -> tuple[str, ...]:
        """The different cells as ``normal`` texts."""
        if at not in self._texts:
            self._texts[at] = tuple(normal(cell_text(value)) for value in self.distinct(at).values)
        return self._texts[at]

    def raw_texts(self, at: int) -> tuple[str, ...]:
        """The different cells as they are written, without space around."""
        return tuple(cell_text(value).strip() for value in self.distinct(at).values)

    def answered(self, at: int) -> list[str]:
        """The different ``normal`` texts that are answers."""
        states = self.states[:, at]
        places = np.unique(self.distinct(at).places[states == State.ANSWERED])
        texts = self.texts(at)
        return [texts[place] for place in places if place >= 0]

    def shares(self, at: int) -> dict[str, int]:
        """How often each answer stands in the column, as written."""
        distinct = self.distinct(at)
        places = distinct.places[(self.states[:, at] == State.ANSWERED) & (distinct.places >= 0)]
        counts = np.bincount(places, minlength=len(distinct.values))
        shares: Counter[str] = Counter()
        for place in np.flatnonzero(counts):
            shares[cell_text(distinct.values[place]).strip()] += int(counts[place])
        return dict(shares)

    def declare(self, at: int, words: Mapping[str, State]) -> dict[str, int]:
        """Take cells that hold one of these ``normal`` words as what the platform means by them."""
        distinct, told = self.distinct(at), {}
        for place, text in enumerate(self.texts(at)):
            state = words.get(text)
            if state is None and _INTEGER.fullmatch(text):
                state = words.get(text.split(".")[0])
            if state is not None:
                rows = distinct.places == place
                self.states[rows, at] = state
                told[text] = int(rows.sum())
        return told

    def numbers(self, at: int) -> npt.NDArray[np.float64]:
        """The answers of a column as numbers, NaN for what is none; shape (n_rows,)."""
        values = [float(text) if _NUMBER.fullmatch(text) else np.nan for text in self.texts(at)]
        table = np.append(np.asarray(values, dtype=float), np.nan)
        numbers = table[self.distinct(at).places]
        numbers[self.states[:, at] != State.ANSWERED] = np.nan
        return numbers

    def role(self, at: int, role: Role, *headings: str) -> None:
        """Say that a column holds a fact about the respondent."""
        self.columns[at] = ExportColumn(at=at, headings=self._headings(at, headings), role=role)

    def place(
        self,
        at: int,
        question: str,
        *headings: str,
        part: Part = "answer",
        row: str | None = None,
        choice: int | None = None,
        separator: str | None = None,
    ) -> None:
        """Say which part of which question a column holds."""
        self.columns[at] = ExportColumn(
            at=at,
            headings=self._headings(at, headings),
            question=question,
            part=part,
            row=row,
            choice=choice,
            separator=separator,
        )

    def _headings(self, at: int, more: Iterable[str]) -> tuple[str, ...]:
        label = self.table.variable_labels.get(self.header[at], "")
        return tuple(dict.fromkeys(text for text in (self.header[at], *more, label) if text.strip()))

    def ask(self, question: ExportQuestion) -> str:
        """Add a question under an id of its own, and say which it got."""
        id_, n = question.id, 2
        while id_ in self.questions:
            id_, n = f"{question.id}.{n}", n + 1
        self.questions[id_] = replace(question, id=id_)
        return id_

    def ask_single(self, at: int, id_: str, text: str, *headings: str, number: str | None = None) -> str:
        """A question of one column, whose kind its cells tell."""
        kind, choices, separator = self.kind_of(at)
        question = ExportQuestion(id=id_, text=text, kind=kind, number=number, choices=choices)
        id_ = self.ask(question)
        part: Part = "joined" if kind in ("multiple", "ranking") else "answer"
        self.place(at, id_, *headings, part=part, separator=separator)
        return id_

    def kind_of(self, at: int) -> tuple[QuestionKind, tuple[Choice, ...], str | None]:
        """What the cells of a column look like: the kind, the choices, and what joins several."""
        shares = self.shares(at)
        if not shares:
            return "unknown", (), None
        if len(shares) > MOST_LOOKED_AT:  # so many are no options, and some of them tell what they are
            shares = dict(islice(shares.items(), MOST_LOOKED_AT))
        labels = self.table.value_labels.get(self.header[at])
        if labels:
            return "single", labelled_choices(labels), None
        for separator in ("┋", "→"):
            if any(separator in text for text in shares):
                kind: QuestionKind = "multiple" if separator == "┋" else "ranking"
                return kind, joined_choices(shares, separator), separator
        texts = [normal(text) for text in shares]
        if all(_NUMBER.fullmatch(text) for text in texts):
            return self._numeric_kind(shares)
        if sum(moment is not None for moment in moments(list(shares))) >= 0.9 * len(shares):
            return "date", (), None
        for separator in (";", "|", ", "):
            choices = joined_choices(shares, separator) if looks_joined(shares, separator) else ()
            if choices:
                return "multiple", choices, separator
        return self._wording_kind(shares)

    @staticmethod
    def _numeric_kind(shares: Mapping[str, int]) -> tuple[QuestionKind, tuple[Choice, ...], None]:
        whole = all(_INTEGER.fullmatch(text) for text in shares)
        if whole and len(shares) <= 11 and max(abs(float(text)) for text in shares) <= 100:
            codes = list(dict.fromkeys(f"{float(text):.0f}" for text in sorted(shares, key=float)))
            return "single", tuple(Choice(label=code, code=code) for code in codes), None
        return "number", (), None

    @staticmethod
    def _wording_kind(shares: Mapping[str, int]) -> tuple[QuestionKind, tuple[Choice, ...], None]:
        n = sum(shares.values())
        repeated = n >= 1.5 * len(shares) or len(shares) <= 3
        if len(shares) <= MOST_CHOICES and repeated and max(map(len, shares)) <= LONG_TEXT:
            return "single", worded_choices(shares), None
        return "text", (), None

    def finish(self) -> Export:
        """The export; columns that nothing was said of are questions by their header."""
        for at in range(len(self.header)):
            if at not in self.columns:
                name = self.header[at].strip()
                self.ask_single(at, name or f"column_{at + 1}", name)
        return Export(
            platform=self.platform,
            flavour=self.flavour,
            table=self.table,
            columns=tuple(self.columns[at] for at in range(len(self.header))),
            questions=tuple(self.questions.values()),
            states=self.states,
            notes=(*self.table.notes, *self.notes),
            warnings=tuple(self.warnings),
        )


def group_kind(draft: Draft, columns: Sequence[int], labels: Sequence[str]) -> QuestionKind | None:
    """What several columns of one question are together; None for the rows of a matrix.

    ``"multiple"`` when every column holds its own label, or 1 and 0, or yes and no; ``"ranking"``
    when each row holds different ranks.
    """
    if _are_marks(draft, columns, labels):
        return "multiple"
    if len(columns) > 1 and are_ranks(draft, columns):
        return "ranking"
    return None


def _are_marks(draft: Draft, columns: Sequence[int], labels: Sequence[str]) -> bool:
    marked = False
    words: set[str] = set()
    for at, label in zip(columns, labels, strict=True):
        own = {normal(label), normal(typed(label)[0])} - {""}
        for text in draft.answered(at):
            plain = text.split(".")[0] if _INTEGER.fullmatch(text) else text
            if plain not in YES_WORDS and plain not in NO_WORDS and text not in own:
                if is_other(label):
                    continue
                return False
            marked = True
            words.add("own" if text in own else plain)
    # Rows that all say 1 may also be a matrix of one scale point; we hold them for marks.
    return marked and len(words - {"own"}) <= 2


def are_ranks(draft: Draft, columns: Sequence[int]) -> bool:
    """Whether each row holds different whole numbers from 1 to the number of columns."""
    for at in columns:
        for text in draft.answered(at):
            if not _INTEGER.fullmatch(text) or not 1 <= float(text) <= len(columns):
                return False
    table = np.column_stack([draft.numbers(at) for at in columns])
    filled = ~np.isnan(table)
    if not filled.any() or np.nanmax(table) < 2:
        return False
    ordered = np.sort(table, axis=1)
    with np.errstate(invalid="ignore"):
        ties = (np.diff(ordered, axis=1) == 0).any()
    return not bool(ties) and bool((filled.sum(axis=1) > 1).any())


def place_group(
    draft: Draft,
    columns: Sequence[int],
    labels: Sequence[str],
    *,
    id_: str,
    text: str,
    number: str | None = None,
    kind: QuestionKind | None = None,
    codes: Sequence[str | None] | None = None,
    choices: tuple[Choice, ...] = (),
    matrix: bool = False,
) -> str:
    """A question of several columns: its options, its ranks, or the rows of a matrix.

    Parameters
    ----------
    columns, labels : sequences of equal length
    kind : QuestionKind, optional
        Where the platform says it; else the cells tell.
    codes : sequence of str or None, optional
        Of the options or rows.
    choices : tuple of Choice
        Of the rows of a matrix, where known.
    """
    codes = codes or [None] * len(columns)
    told = None if matrix else (kind or group_kind(draft, columns, labels))
    if told in ("multiple", "ranking"):
        options = tuple(
            Choice(label=label or code or str(place + 1), code=code, other=is_other(label))
            for place, (label, code) in enumerate(zip(labels, codes, strict=True))
        )
        name = draft.ask(ExportQuestion(id=id_, text=text, kind=told, number=number, choices=options))
        for place, (at, label) in enumerate(zip(columns, labels, strict=True)):
            draft.place(at, name, *stems(text, label), part="option", choice=place)
        return name
    row_kind, found = kind, choices
    if row_kind is None or not found:
        guessed, seen = rows_kind(draft, columns)
        row_kind, found = row_kind or guessed, found or (seen if (row_kind or guessed) == "single" else ())
    ids = [code or str(place + 1) for place, code in enumerate(codes)]
    rows = tuple(SubRow(id=row, text=label) for row, label in zip(ids, labels, strict=True))
    name = draft.ask(
        ExportQuestion(id=id_, text=text, kind=row_kind, number=number, choices=found, rows=rows)
    )
    for at, row in zip(columns, rows, strict=True):
        draft.place(at, name, *stems(text, row.text), row=row.id)
    return name


def stems(text: str, label: str) -> tuple[str, ...]:
    """The ways in which platforms write a stem with a row or option behind it."""
    return (f"{text}—{label}", f"{text} [{label}]", label) if text and label else (text or label,)


def rows_kind(draft: Draft, columns: Sequence[int]) -> tuple[QuestionKind, tuple[Choice, ...]]:
    """The kind that the rows of a matrix share, and their choices taken together."""
    kinds: Counter[QuestionKind] = Counter()
    choices: dict[str, Choice] = {}
    for at in columns:
        kind, found, _ = draft.kind_of(at)
        if kind != "unknown":
            kinds[kind] += 1
        for choice in found:
            choices.setdefault(normal(choice.label), choice)
    if not kinds:
        return "unknown", ()
    kind = "text" if kinds["text"] else kinds.most_common(1)[0][0]
    found = tuple(choices.values()) if kind in ("single", "multiple") else ()
    if found and all(_NUMBER.fullmatch(choice.label) for choice in found):
        found = tuple(sorted(found, key=lambda choice: float(choice.label)))
    return kind, found
