"""Columns that hold one answer together, made one: an option a column of a single choice, a rank a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from surveys.platforms.answers import choice_words
from surveys.platforms.export import Export, ExportColumn, ExportQuestion, State
from surveys.reading.answers import NO_WORDS, YES_WORDS
from surveys.reading.cells import cell_text, normal

Cells = npt.NDArray[np.object_]


def folded(export: Export) -> Export:
    """The export with each answer in one column: the first of those that held it.

    The others stay where they are and are no part of a question any more. Wordings take the place
    of marks; ranked options are joined by ``→``, best first.
    """
    groups = {question.id: _group(export, question) for question in export.questions}
    groups = {id_: group for id_, group in groups.items() if len(group) > 1}
    if not groups:
        return export
    rows, columns = export.table.rows.copy(deep=False), list(export.columns)
    states, header = export.states.copy(), list(export.table.header)
    for id_, group in groups.items():
        question, places = export.question(id_), [column.at for column in group]
        rows[places[0]] = _joined(export, question, group)
        answered = (export.states[:, places] == State.ANSWERED).any(axis=1)
        states[:, places[0]] = np.where(answered, State.ANSWERED, states[:, places[0]])
        ranked = group[0].part == "rank"
        if ranked:
            # "Q[1]" would be an option's name, and stands for the whole question now
            header[places[0]] = question.text or id_
        columns[places[0]] = replace(
            group[0],
            headings=tuple(dict.fromkeys(text for text in (id_, question.text) if text)),
            part="joined" if ranked else "answer",
            choice=None,
            separator="→" if ranked else None,
        )
        for at in places[1:]:
            columns[at] = ExportColumn(at=at, headings=(), part="folded")
    kept = {
        at: found
        for at, found in export.table.factors.items()
        if at not in {group[0].at for group in groups.values()}
    }
    table = replace(export.table, rows=rows, header=tuple(header), factors=kept)
    return replace(export, table=table, columns=tuple(columns), states=states)


def _group(export: Export, question: ExportQuestion) -> Sequence[ExportColumn]:
    """The columns whose cells are one answer together."""
    columns = export.columns_of(question.id)
    if question.kind == "ranking":
        ranks = (column for column in columns if column.part == "rank")
        return sorted(ranks, key=lambda column: column.choice or 0)
    if question.kind != "single" or question.rows:
        return ()
    return [column for column in columns if column.part == "answer" and column.choice is not None]


def _joined(export: Export, question: ExportQuestion, group: Sequence[ExportColumn]) -> Cells:
    words = choice_words(question)
    parts = [_wordings(export, question, column, words) for column in group]
    joined = np.full(export.n, None, dtype=object)
    for cells in parts:
        told, first = cells != None, joined == None  # noqa: E711 - cell by cell
        joined[told & first] = cells[told & first]
        both = told & ~first
        joined[both] = joined[both] + "→" + cells[both]
    return joined


def _wordings(
    export: Export, question: ExportQuestion, column: ExportColumn, words: Mapping[str, int]
) -> Cells:
    """Options in words, None where a cell says nothing."""
    distinct = export.table.distinct(column.at)
    table = np.full(len(distinct.values) + 1, None, dtype=object)
    for at, value in enumerate(distinct.values):
        plain = normal(cell_text(value))
        place = words.get(plain, words.get(plain.removesuffix(".0")))
        if column.part == "answer" and plain in NO_WORDS:
            continue
        if column.part == "answer" and column.choice is not None and (place is None or plain in YES_WORDS):
            place = column.choice
        table[at] = cell_text(value).strip() if place is None else question.choices[place].label
    cells = table[distinct.places]
    cells[export.states[:, column.at] != State.ANSWERED] = None
    return cells
