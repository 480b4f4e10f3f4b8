"""KoBoToolbox: names as headings and codes as answers; several choices joined and spread."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from surveys.layouts.cells import Answered, across, worded
from surveys.layouts.sheets import Cell, Sheet

Column = tuple[Sequence[Cell], Sequence[Cell]]


def csv_data(given: Answered) -> Sheet:
    """``group/question``, codes joined by a space, and ``question/option`` with 1 and 0 behind them."""
    return Sheet(rows=across([*_before(given), *_asked(given), *_behind(given)]), delimiter=";")


def _before(given: Answered) -> Iterator[Column]:
    form = "%Y-%m-%dT%H:%M:%S.000+08:00"
    yield ["start"], worded(given.moments("started_at"), form)
    yield ["end"], worded(given.moments("submitted_at"), form)


def _behind(given: Answered) -> Iterator[Column]:
    names = given.respondents()
    yield ["_id"], names
    yield ["_uuid"], [str(uuid.uuid5(uuid.NAMESPACE_OID, name)) for name in names]
    yield ["_submission_time"], worded(given.moments("submitted_at"), "%Y-%m-%dT%H:%M:%S")
    yield ["_validation_status"], [""] * given.n
    yield ["_status"], ["submitted_via_web"] * given.n
    yield ["_index"], list(range(1, given.n + 1))


def _asked(given: Answered) -> Iterator[Column]:
    for question in given.questions():
        item = question.item
        group = f"{item.section}/{item.matrix}/" if item.matrix else f"{item.section}/"
        name = group + item.id
        if item.kind not in ("multiple", "ranking"):
            yield [name], given.one(question, lambda option: str(option.code))
            continue
        picked = given.picked(question)
        joined: list[Cell] = [" ".join(str(option.code) for option in options or ()) for options in picked]
        yield [name], joined
        if item.kind == "multiple":
            for option in question.options:
                marks: list[Cell] = ["" if options is None else int(option in options) for options in picked]
                yield [f"{name}/{option.code}"], marks
