"""Google Forms and Microsoft Forms: one header row of full question texts, several choices in a cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, LayoutError, across, worded
from surveys.layouts.sheets import Cell, Sheet

Column = tuple[Sequence[Cell], Sequence[Cell]]


def google(given: Answered) -> Sheet:
    """Choices joined by a comma and a space; rows of a grid, and ranked options, as ``Stem [row]``."""
    stamps = worded(given.moments("submitted_at"), "%m/%d/%Y %H:%M:%S")
    return Sheet(rows=across([(["Timestamp"], stamps), *_google(given)]), encoding="utf-8")


def _google(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        if question.item.kind == "multiple":
            cells: list[Cell] = [
                ", ".join(given.label(option) for option in options or ())
                for options in given.chosen(question)
            ]
            yield [question.text], cells
        elif question.item.kind == "ranking":
            # a grid stands in for the ranking that Google Forms does not have
            ranked = given.ranked(question)
            for option in question.options:
                ranks: list[Cell] = [
                    str(options.index(option) + 1) if options and option in options else ""
                    for options in ranked
                ]
                yield [f"{question.text} [{given.label(option)}]"], ranks
        else:
            text = f"{question.stem} [{question.text}]" if question.row else question.text
            yield [text], given.one(question, given.label)


def microsoft(given: Answered) -> Sheet:
    """A workbook; each choice is followed by ``;``, a ranking is a list, best first."""
    facts: tuple[Column, ...] = (
        (["ID"], given.respondents()),
        (["Start time"], given.moments("started_at")),
        (["Completion time"], given.moments("submitted_at")),
        (["Email"], ["anonymous"] * given.n),
        (["Name"], [""] * given.n),
    )
    return Sheet(rows=across([*facts, *_microsoft(given)]), format="xlsx")


def _microsoft(given: Answered) -> Iterator[Column]:
    seen: dict[str, int] = {}
    for question in given.questions():
        item = question.item
        if item.kind in ("multiple", "ranking"):
            if any(";" in given.label(option) for option in question.options):
                raise LayoutError(f"{item.id}: an option holds ;, which ends options on Microsoft Forms")
            cells: list[Cell] = [
                "".join(f"{given.label(option)};" for option in options or ())
                for options in given.picked(question)
            ]
        else:
            cells = given.one(question, given.label)
        seen[question.text] = seen.get(question.text, 0) + 1
        again = seen[question.text]
        yield [question.text + (str(again) if again > 1 else "")], cells
