"""Qualtrics: a CSV with three header rows of codes, wordings and import ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, across, worded
from surveys.layouts.sheets import Cell, Sheet, number_text

Column = tuple[Sequence[Cell], Sequence[Cell]]


def three_rows(given: Answered) -> Sheet:
    """Choice texts; several answers have one column a choice that holds its text, or nothing."""
    return Sheet(rows=across([*_metadata(given), *_asked(given)]), encoding="utf-8")


def _id(name: str) -> str:
    return json.dumps({"ImportId": name}, separators=(",", ":"))


def _metadata(given: Answered) -> Iterator[Column]:
    form = "%Y-%m-%d %H:%M:%S"
    started, submitted = (worded(given.moments(role), form) for role in ("started_at", "submitted_at"))
    seconds: list[Cell] = ["" if value is None else number_text(value) for value in given.seconds()]
    facts: tuple[tuple[str, str, str, Sequence[Cell]], ...] = (
        ("StartDate", "Start Date", "startDate", started),
        ("EndDate", "End Date", "endDate", submitted),
        ("Status", "Response Type", "status", ["IP Address"] * given.n),
        ("Progress", "Progress", "progress", ["100"] * given.n),
        ("Duration (in seconds)", "Duration (in seconds)", "duration", seconds),
        ("Finished", "Finished", "finished", ["True"] * given.n),
        ("RecordedDate", "Recorded Date", "recordedDate", submitted),
        ("ResponseId", "Response ID", "_recordId", given.respondents()),
        ("DistributionChannel", "Distribution Channel", "distributionChannel", ["anonymous"] * given.n),
        ("UserLanguage", "User Language", "userLanguage", [given.language.upper()] * given.n),
    )
    for code, text, import_id, cells in facts:
        yield [code, text, _id(import_id)], cells


def _asked(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item, code, import_id = question.item, f"Q{question.number}", f"QID{question.number}"
        if item.kind not in ("multiple", "ranking"):
            tail = f"_{question.row}" if question.row else ""
            text = f"{question.stem} - {question.text}" if question.row else question.text
            yield [code + tail, text, _id(import_id + tail)], given.one(question, given.label)
            continue
        picked = given.picked(question)
        for place, option in enumerate(question.options, start=1):
            heading = [
                f"{code}_{place}",
                f"{question.text} - {given.label(option)}",
                _id(f"{import_id}_{place}"),
            ]
            cells: list[Cell] = []
            for options in picked:
                if not options or option not in options:
                    cells.append("")
                else:
                    ranked = item.kind == "ranking"
                    cells.append(str(options.index(option) + 1) if ranked else given.label(option))
            yield heading, cells
