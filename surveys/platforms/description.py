"""What a file is, in words: platform, questions, facts about the respondents, what looks wrong.

Nothing that could name a person is repeated: columns that do are only counted, wordings that a single
respondent gave are not shown, and what is shown is masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from surveys.platforms.export import (
    PERSONAL_ROLES,
    PLATFORMS,
    Export,
    ExportQuestion,
    State,
)
from surveys.privacy import mask
from surveys.reading.cells import normal, shown

SHOWN_CHOICES = 6
FEWEST = 2  #: respondents who gave a wording before it is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionDescription:
    """One question: what it asks, how it is answered, and by how many."""

    id: str
    text: str
    kind: str
    n_columns: int
    n_rows: int  #: of a matrix
    answered: int  #: respondents with any answer
    skipped: int
    not_shown: int
    declared_missing: int
    n_choices: int
    choices: tuple[str, ...]  #: ``code = wording``; only those that name nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One file of answers, or of what was asked."""

    file: str
    platform: str
    platform_name: str
    flavour: str
    format: str
    encoding: str | None
    sheet: str | None
    sha256: str
    respondents: int
    columns: int
    definition: bool
    about_respondents: tuple[tuple[str, tuple[str, ...]], ...]  #: role and the headers of its columns
    questions: tuple[QuestionDescription, ...]
    looks_wrong: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return asdict(self)


def describe(export: Export) -> Description:
    """Everything about a file that may be told without knowing its questionnaire.

    Examples
    --------
    >>> import pandas as pd
    >>> from surveys.platforms.plain import parse
    >>> from surveys.reading.tables import Table
    >>> rows = pd.DataFrame({0: ["1", "2", "3"], 1: ["Gold", "Gold", None]}, dtype=object)
    >>> table = Table(
    ...     file="a.csv", format="delimited", sha256="", header=("id", "Tier"), header_row=1, rows=rows
    ... )
    >>> told = describe(parse(table, None))
    >>> [(question.id, question.kind, question.answered) for question in told.questions]
    [('Tier', 'single', 2)]
    """
    table = export.table
    return Description(
        file=table.file,
        platform=export.platform,
        platform_name=PLATFORMS[export.platform],
        flavour=export.flavour,
        format=table.format,
        encoding=table.encoding,
        sheet=table.sheet,
        sha256=table.sha256,
        respondents=export.n,
        columns=len(table.header),
        definition=export.definition,
        about_respondents=tuple(_roles(export)),
        questions=tuple(_question(export, question) for question in export.questions),
        looks_wrong=tuple(mask(warning) for warning in export.warnings),
        notes=tuple(mask(note) for note in export.notes),
    )


def _roles(export: Export) -> Iterator[tuple[str, tuple[str, ...]]]:
    roles: dict[str, list[str]] = {}
    for column in export.columns:
        if column.role is not None:
            roles.setdefault(column.role, []).append(shown(export.table.header[column.at]))
    for role, headers in roles.items():
        yield role, tuple(headers)


def _question(export: Export, question: ExportQuestion) -> QuestionDescription:
    columns = export.columns_of(question.id)
    main = [column.at for column in columns if column.part in ("answer", "joined", "option", "rank")]
    states = export.states[:, main]

    def none_but(state: State) -> int:
        # A respondent was skipped when every column of the question says so.
        return int((states == state).all(axis=1).sum()) if main and export.n else 0

    return QuestionDescription(
        id=shown(question.id),
        text=mask(shown(question.text)),
        kind=f"matrix of {question.kind}" if question.rows else question.kind,
        n_columns=len(columns),
        n_rows=len(question.rows),
        answered=int((states == State.ANSWERED).any(axis=1).sum()) if main else 0,
        skipped=none_but(State.SKIPPED),
        not_shown=none_but(State.NOT_SHOWN),
        declared_missing=none_but(State.DECLARED),
        n_choices=len(question.choices),
        choices=tuple(_choices(export, question)),
    )


def _choices(export: Export, question: ExportQuestion) -> Iterator[str]:
    """Codes and wordings; those that only the answers tell, when two respondents gave them."""
    told = {choice.code for choice in question.choices} - {None}
    declared = bool(told) or export.definition or _spread(export, question)
    given = Counter[str]() if declared else _given(export, question)
    for choice in question.choices:
        if not declared and given[normal(choice.label)] < FEWEST:
            continue
        label = mask(shown(choice.label))
        code = choice.code
        yield label if code is None or code == choice.label else f"{shown(code)} = {label}"


def _spread(export: Export, question: ExportQuestion) -> bool:
    """Whether the options stand in the header, which the researcher wrote."""
    return any(column.part == "option" for column in export.columns_of(question.id))


def _given(export: Export, question: ExportQuestion) -> Counter[str]:
    """How many respondents gave each wording."""
    from surveys.platforms.wordings import split_joined, typed
    from surveys.reading.cells import cell_text

    counts: Counter[str] = Counter()
    for column in export.columns_of(question.id):
        if column.part not in ("answer", "joined", "rank"):
            continue
        distinct = export.table.distinct(column.at)
        places = distinct.places[export.states[:, column.at] == State.ANSWERED]
        times = np.bincount(places[places >= 0], minlength=len(distinct.values))
        for value, n in zip(distinct.values, times, strict=True):
            text = cell_text(value)
            parts = split_joined(text, column.separator) if column.separator else [text]
            for part in parts:
                counts[normal(typed(part)[0])] += int(n)
    return counts


def description_lines(told: Description) -> Iterator[str]:
    """The description as lines to print."""
    yield f"{told.file}: {told.platform_name}, {told.flavour}"
    facts = [told.format, f"encoding {told.encoding}" if told.encoding else ""]
    facts += [f"sheet {told.sheet}" if told.sheet else "", f"SHA-256 {told.sha256[:16]}..."]
    yield ", ".join(fact for fact in facts if fact)
    n_asked = sum(question.n_columns for question in told.questions)
    if told.definition:
        yield f"{len(told.questions)} questions; the file says what was asked and holds no answers"
    else:
        yield (
            f"{told.respondents:,} respondents; {len(told.questions)} questions in {n_asked} columns, "
            f"{told.columns - n_asked} columns about the respondents"
        )
    for role, headers in told.about_respondents:
        names = f"{len(headers)} columns" if len(headers) > 3 else ", ".join(f'"{name}"' for name in headers)
        personal = " (names a person: never shown, and dropped on reading)" if role in PERSONAL_ROLES else ""
        yield f"  {role}: {names}{personal}"
    yield from (_line(question, definition=told.definition) for question in told.questions)
    yield from (f"looks wrong: {warning}" for warning in told.looks_wrong)
    yield from (f"note: {note}" for note in told.notes)


def _line(question: QuestionDescription, *, definition: bool) -> str:
    parts = [f"{question.n_rows} rows"] if question.n_rows else []
    if not definition:
        parts.append(f"{question.answered:,} answered")
    for n, word in (
        (question.skipped, "skipped"),
        (question.not_shown, "not shown"),
        (question.declared_missing, "declared missing"),
    ):
        if n:
            parts.append(f"{n:,} {word}")
    if question.n_choices:
        shown_choices = question.choices[:SHOWN_CHOICES]
        rest = question.n_choices - len(shown_choices)
        more = f", and {rest} more" if rest and shown_choices else ""
        listed = f": {' | '.join(shown_choices)}{more}" if shown_choices else ""
        noun = "choice" if question.n_choices == 1 else "choices"
        parts.append(f"{question.n_choices} {noun}{listed}")
    text = f'  "{question.text}"' if question.text and question.text != question.id else ""
    return f"  {question.id}  [{question.kind}]{text}  ({'; '.join(parts)})"
