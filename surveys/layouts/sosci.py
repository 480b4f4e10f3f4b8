"""SoSci Survey: tab-separated, all quoted, a second header row of labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, LayoutError, Question, across, worded
from surveys.layouts.sheets import Cell, Sheet, number_text

Column = tuple[Sequence[Cell], Sequence[Cell]]


def tab_separated(given: Answered) -> Sheet:
    """Codes; 1 not chosen and 2 chosen; -9 for no answer; ranks in one variable an option."""
    columns = [*_before(given), *_asked(given), *_behind(given)]
    return Sheet(rows=across(columns), delimiter="\t", encoding="utf-8", quoted=True)


def _before(given: Answered) -> Iterator[Column]:
    yield ["CASE", "Interview number (ongoing)"], given.respondents()
    yield ["SERIAL", "Serial number (if provided)"], [""] * given.n
    yield ["REF", "Reference (if provided in link)"], [""] * given.n
    yield ["QUESTNNR", "Questionnaire that has been used in the interview"], ["base"] * given.n
    yield ["MODE", "Interview mode"], ["interview"] * given.n
    started = worded(given.moments("started_at"), "%Y-%m-%d %H:%M:%S")
    yield ["STARTED", "Time the interview has started"], started


def _behind(given: Answered) -> Iterator[Column]:
    seconds: list[Cell] = ["" if value is None else number_text(value) for value in given.seconds()]
    yield ["TIME_SUM", "Dwell time (seconds)"], seconds
    submitted = worded(given.moments("submitted_at"), "%Y-%m-%d %H:%M:%S")
    yield ["LASTDATA", "Time when the data was most recently updated"], submitted
    yield ["FINISHED", "Has the interview been finished"], ["1"] * given.n


def _name(question: Question) -> str:
    """Two letters and two digits, as SoSci names its questions."""
    first, second = divmod(question.number - 1, 99)
    return f"{chr(ord('A') + first // 26)}{chr(ord('A') + first % 26)}{second + 1:02d}"


def _asked(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item, name = question.item, _name(question)
        if item.kind in ("multiple", "ranking"):
            picked = given.picked(question)
            for at, option in enumerate(question.options, start=1):
                cells: list[Cell] = []
                for options in picked:
                    if options is None:
                        cells.append("-9")
                    elif item.kind == "multiple":
                        cells.append("2" if option in options else "1")
                    else:
                        cells.append(str(options.index(option) + 1) if option in options else "-9")
                yield [f"{name}_{at:02d}", f"{question.text}: {given.label(option)}"], cells
            continue
        if item.kind == "single" and any(option.code < 0 for option in question.options):
            raise LayoutError(f"{item.id}: codes below 0 are no answers on SoSci Survey")
        empty = "-9" if item.kind == "single" else ""
        tail = f"_{question.row:02d}" if question.row else ""
        label = f"{question.stem}: {question.text}" if question.row else question.text
        yield [name + tail, label], given.one(question, lambda option: str(option.code), empty)
