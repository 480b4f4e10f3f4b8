"""SurveyMonkey: two header rows, condensed; a question that goes on leaves its first row empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, across, worded
from surveys.layouts.sheets import Cell, Sheet

Column = tuple[Sequence[Cell], Sequence[Cell]]


def two_rows(given: Answered) -> Sheet:
    """One column an option that holds its text, one column a row of a matrix, ranks as digits."""
    return Sheet(rows=across([*_metadata(given), *_asked(given)]), encoding="utf-8")


def _metadata(given: Answered) -> Iterator[Column]:
    form = "%m/%d/%Y %I:%M:%S %p"
    yield ["RespondentID", ""], given.respondents()
    yield ["CollectorID", ""], ["100000001"] * given.n
    yield ["StartDate", ""], worded(given.moments("started_at"), form)
    yield ["EndDate", ""], worded(given.moments("submitted_at"), form)


def _asked(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item = question.item
        if item.kind in ("multiple", "ranking"):
            picked = given.picked(question)
            for at, option in enumerate(question.options):
                cells: list[Cell] = []
                for options in picked:
                    if not options or option not in options:
                        cells.append("")
                    else:
                        ranked = item.kind == "ranking"
                        cells.append(str(options.index(option) + 1) if ranked else given.label(option))
                yield ["" if at else question.text, given.label(option)], cells
        elif question.row:
            yield ["" if question.row > 1 else question.stem, question.text], given.one(question, given.label)
        else:
            open_ended = item.kind in ("number", "text")
            second = "Open-Ended Response" if open_ended else "Response"
            yield [question.text, second], given.one(question, given.label)
