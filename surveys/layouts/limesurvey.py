"""LimeSurvey: responses as full texts or as codes, all cells quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from surveys.forms.limesurvey import codes
from surveys.layouts.cells import Answered, Question, across, worded
from surveys.layouts.sheets import Cell, Sheet, number_text

Column = tuple[Sequence[Cell], Sequence[Cell]]

_FORM = "%Y-%m-%d %H:%M:%S"
_FULL = ("Response ID", "Date submitted", "Last page", "Start language", "Seed", "Date started",
         "Date last action", "Total time")  # fmt: skip
_CODES = ("id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp", "interviewtime")


def full_texts(given: Answered) -> Sheet:
    """Question texts as headings and wordings as answers; N/A where routing passed by."""
    return _sheet(given, full=True)


def as_codes(given: Answered) -> Sheet:
    """Codes as headings and answers, as the structure of ``surveys.forms.limesurvey`` names them."""
    return _sheet(given, full=False)


def _sheet(given: Answered, *, full: bool) -> Sheet:
    names = _FULL if full else _CODES
    submitted = worded(given.moments("submitted_at"), _FORM)
    facts: tuple[Sequence[Cell], ...] = (
        given.respondents(),
        submitted,
        ["1"] * given.n,
        [given.language] * given.n,
        ["1"] * given.n,
        worded(given.moments("started_at"), _FORM),
        submitted,
    )
    seconds: list[Cell] = ["" if value is None else number_text(value) for value in given.seconds()]
    asked = list(_full(given) if full else _coded(given))
    columns = [([name], cells) for name, cells in zip(names[:-1], facts, strict=True)]
    return Sheet(rows=across([*columns, *asked, ([names[-1]], seconds)]), quoted=True)


def _full(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        hidden = given.passed_by(question)
        if question.item.kind == "multiple":
            for option, cells in _marks(given, question, "Yes", "No"):
                yield [f"{question.text} [{given.label(question.options[option])}]"], _hidden(cells, hidden)
        elif question.item.kind == "ranking":
            for rank, cells in _ranks(given, question, full=True):
                yield [f"{question.text} [Rank {rank}]"], _hidden(cells, hidden)
        else:
            text = f"{question.stem} [{question.text}]" if question.row else question.text
            yield [text], _hidden(given.one(question, given.label), hidden)


def _coded(given: Answered) -> Iterator[Column]:
    names = codes(given.responses.questionnaire)
    for question in given.questions():
        item = question.item
        # account records are joined to the answers under their own names
        own = item.id if item.source == "records" else names[item.id]
        code = own if item.matrix is None else f"{names[item.matrix]}[{own}]"
        if item.kind == "multiple":
            for at, cells in _marks(given, question, "Y", ""):
                yield [f"{code}[{_code(question.options[at].code)}]"], cells
        elif item.kind == "ranking":
            for rank, cells in _ranks(given, question, full=False):
                yield [f"{code}[{rank}]"], cells
        else:
            yield [code], given.one(question, lambda option: _code(option.code))


def _code(code: int) -> str:
    return str(code) if code >= 0 else f"n{-code}"


def _hidden(cells: Sequence[Cell], hidden: npt.NDArray[np.bool_]) -> list[Cell]:
    return ["N/A" if skip else cell for cell, skip in zip(cells, hidden, strict=True)]


def _marks(given: Answered, question: Question, yes: str, no: str) -> Iterator[tuple[int, list[Cell]]]:
    picked = given.chosen(question)
    for at, option in enumerate(question.options):
        yield at, ["" if options is None else yes if option in options else no for options in picked]


def _ranks(given: Answered, question: Question, *, full: bool) -> Iterator[tuple[int, list[Cell]]]:
    """A column a rank, which holds the option."""
    picked = given.ranked(question)
    for rank in range(1, len(question.options) + 1):
        cells: list[Cell] = []
        for options in picked:
            if options is None or len(options) < rank:
                cells.append("")
            else:
                option = options[rank - 1]
                cells.append(given.label(option) if full else _code(option.code))
        yield rank, cells
