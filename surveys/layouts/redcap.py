"""REDCap: raw data with one checkbox column an option."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, LayoutError, across
from surveys.layouts.sheets import Cell, Sheet

Column = tuple[Sequence[Cell], Sequence[Cell]]


def raw(given: Answered) -> Sheet:
    """Field names in small letters, codes as answers, ``field___code`` with 1 and 0."""
    complete: list[Cell] = ["2"] * given.n
    columns = [(["record_id"], given.respondents()), *_asked(given), (["survey_complete"], complete)]
    return Sheet(rows=across(columns), encoding="utf-8")


def _asked(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item, name = question.item, question.item.id.lower()
        if item.kind == "multiple":
            if any(option.code < 0 for option in question.options):
                raise LayoutError(f"{item.id}: REDCap writes a checkbox of code -1 like one of code 1")
            picked = given.chosen(question)
            for option in question.options:
                marks: list[Cell] = [
                    "" if options is None else str(int(option in options)) for options in picked
                ]
                yield [f"{name}___{option.code}"], marks
        elif item.kind == "ranking":
            # one field an option: REDCap has no ranking of its own
            ranked = given.ranked(question)
            for option in question.options:
                ranks: list[Cell] = [
                    str(options.index(option) + 1) if options and option in options else ""
                    for options in ranked
                ]
                yield [f"{name}_{option.code}"], ranks
        else:
            yield [name], given.one(question, lambda option: str(option.code))
