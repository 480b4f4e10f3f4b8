"""问卷星: downloads by option text and by option number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, LayoutError, Question, across, worded
from surveys.layouts.sheets import Cell, Sheet, number_text

Column = tuple[Sequence[Cell], Sequence[Cell]]


def by_text(given: Answered) -> Sheet:
    """``A┋B`` for several, ``A→B`` for ranks, ``(空)`` for left empty and ``(跳过)`` for passed by."""
    return Sheet(rows=across([*_metadata(given), *_by_text(given)]), format="xlsx")


def by_number(given: Answered) -> Sheet:
    """Options by their number from 1, one column an option; -3 for passed by, -2 for not ranked."""
    return Sheet(rows=across([*_metadata(given), *_by_number(given)]), format="xlsx")


def _metadata(given: Answered) -> Iterator[Column]:
    yield ["序号"], given.respondents()
    yield ["提交答卷时间"], worded(given.moments("submitted_at"), "%Y/%m/%d %H:%M:%S")
    yield ["所用时间"], ["" if value is None else f"{number_text(value)}秒" for value in given.seconds()]
    yield ["来源"], ["链接"] * given.n
    yield ["来源详情"], ["直接访问"] * given.n
    # addresses of nobody: the block is kept for documentation
    yield ["来自IP"], [f"203.0.113.{at % 250 + 1}(上海-上海)" for at in range(given.n)]


def _header(question: Question) -> str:
    if question.row == 0:
        return f"{question.number}、{question.text}"
    lead = f"{question.number}、"
    return f"{lead}{question.stem}—{question.text}" if question.row == 1 else lead + question.text


def _by_text(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item, passed = question.item, given.passed_by(question)
        if item.kind in ("multiple", "ranking"):
            mark = "→" if item.kind == "ranking" else "┋"
            labels = [given.label(option) for option in question.options]
            if any(mark in label for label in labels):
                raise LayoutError(f"{item.id}: an option holds {mark}, which joins options on 问卷星")
            cells: list[Cell] = [
                mark.join(given.label(option) for option in options) if options else "(空)"
                for options in given.picked(question)
            ]
        else:
            cells = given.one(question, given.label, "(空)")
        yield (
            [_header(question)],
            ["(跳过)" if skip else cell for cell, skip in zip(cells, passed, strict=True)],
        )


def _by_number(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item, passed = question.item, given.passed_by(question)
        if item.kind in ("multiple", "ranking"):
            picked = given.picked(question)
            for option in question.options:
                cells: list[Cell] = []
                for options, skip in zip(picked, passed, strict=True):
                    if skip:
                        cells.append(-3)
                    elif item.kind == "multiple":
                        cells.append(int(option in options) if options else 0)
                    else:
                        cells.append(options.index(option) + 1 if options and option in options else -2)
                yield [f"{question.number}、({given.label(option)})"], cells
            continue
        place = {option.code: at for at, option in enumerate(question.options, start=1)}
        cells = given.one(question, lambda option, place=place: place[option.code])  # type: ignore[misc]
        if item.kind == "number":
            cells = [float(str(cell)) if cell != "" else "" for cell in cells]
        yield [_header(question)], [-3 if skip else cell for cell, skip in zip(cells, passed, strict=True)]
