"""A plain table: item ids as headings, codes or wordings as answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, across
from surveys.layouts.sheets import Cell, Sheet, number_text

Column = tuple[Sequence[Cell], Sequence[Cell]]


def codes(given: Answered) -> Sheet:
    """Codes; options of several answers 1 and 0, ranks as numbers."""
    return Sheet(rows=across(list(_columns(given, labels=False))))


def labels(given: Answered) -> Sheet:
    """Wordings; options of several answers 1 and 0, ranks as numbers."""
    return Sheet(rows=across(list(_columns(given, labels=True))))


def _columns(given: Answered, *, labels: bool) -> Iterator[Column]:
    yield ["respondent"], given.respondents()
    for role in ("started_at", "submitted_at"):
        if role in given.responses.metadata:
            yield [role], given.moments(role)
    if "seconds" in given.responses.metadata:
        yield ["seconds"], ["" if value is None else number_text(value) for value in given.seconds()]
    for question in given.questions():
        item = question.item
        if item.kind in ("multiple", "ranking"):
            for column in item.columns:
                values = given.column(column)
                cells: list[Cell] = ["" if value != value else number_text(value) for value in values]
                yield [column], cells
        elif labels:
            yield [item.id], given.one(question, given.label)
        else:
            yield [item.id], given.one(question, lambda option: str(option.code))
