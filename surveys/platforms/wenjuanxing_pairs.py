"""Two downloads of one 问卷星 survey, by option text and by option number: together they are the codebook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from surveys.platforms.export import Choice, Export, ExportQuestion, State
from surveys.platforms.wordings import is_other, typed
from surveys.reading.cells import cell_text, normal


def paired(export: Export, other: Export) -> Export:
    """The export with codes and wordings of its choices, from the other download of the same survey.

    Rows pair up through 序号, and by position where it repeats.
    """
    if other.platform != "wenjuanxing" or {export.flavour, other.flavour} != {"by text", "by number"}:
        note = "the companion is not the other download (by text, by number) of the survey, and was not used"
        return replace(export, warnings=(*export.warnings, note))
    rows = _same_rows(export, other) if _same_questions(export, other) else None
    if rows is None:
        note = "the two downloads are not of the same survey and respondents; no codebook was made of them"
        return replace(export, warnings=(*export.warnings, note))
    questions = []
    theirs = {question.number or question.text: question for question in other.questions}
    for question in export.questions:
        match = theirs.get(question.number or question.text)
        questions.append(question if match is None else _with_codes(export, other, question, match, rows))
    note = f"codes and wordings of the choices come from {other.table.file}"
    states = _skips(export, other, rows, questions)
    return replace(export, questions=tuple(questions), notes=(*export.notes, note), states=states)


def _same_questions(one: Export, two: Export) -> bool:
    """Whether questions of one number are worded alike, as far as both downloads word them."""
    texts = {question.number: normal(question.text) for question in two.questions if question.text}
    both = [
        (normal(question.text), texts[question.number])
        for question in one.questions
        if question.text and question.number in texts
    ]
    return not both or sum(first == second for first, second in both) >= 0.5 * len(both)


Rows = tuple[np.ndarray[tuple[int], np.dtype[np.intp]], np.ndarray[tuple[int], np.dtype[np.intp]]]


def _same_rows(one: Export, two: Export) -> Rows | None:
    """Places of the same respondents in both."""
    serials = [_serials(one), _serials(two)]
    if all(serial is not None and len(set(serial)) == len(serial) for serial in serials):
        first, second = serials
        place = {serial: at for at, serial in enumerate(second or ())}
        both = [(at, place[serial]) for at, serial in enumerate(first or ()) if serial in place]
        if len(both) >= 0.5 * min(one.n, two.n):
            left, right = zip(*both, strict=True) if both else ((), ())
            return np.array(left, dtype=np.intp), np.array(right, dtype=np.intp)
    if one.n == two.n and serials[0] == serials[1]:
        return np.arange(one.n), np.arange(one.n)
    return None


def _serials(export: Export) -> list[str] | None:
    columns = export.with_role("respondent")
    if not columns:
        return None
    return [cell_text(cell).strip() for cell in export.table.rows[columns[0].at]]


def _with_codes(
    export: Export, other: Export, mine: ExportQuestion, theirs: ExportQuestion, rows: Rows
) -> ExportQuestion:
    """One question with what the other download knows of it."""
    text = mine.text or theirs.text
    if mine.kind in ("multiple", "ranking") and theirs.kind == mine.kind:
        numbered = mine if export.flavour == "by number" else theirs
        worded = theirs if export.flavour == "by number" else mine
        asks = {normal(choice.label) for choice in worded.choices if choice.other}
        choices = tuple(
            replace(choice, other=choice.other or normal(choice.label) in asks or is_other(choice.label))
            for choice in numbered.choices
        )
        return replace(mine, text=text, choices=choices)
    if mine.rows and len(theirs.rows) == len(mine.rows):
        pairs = _code_pairs(export, other, mine, theirs, rows)
        return replace(
            mine, text=text, choices=_numbered(pairs) or mine.choices, kind="single" if pairs else mine.kind
        )
    pairs = _code_pairs(export, other, mine, theirs, rows) if not mine.rows else {}
    words_only = mine.kind in ("text", "file") or theirs.kind in ("text", "file")
    if words_only and not all(re.fullmatch(r"\d+", code) for code in pairs):
        return replace(mine, text=text, kind="text", choices=())
    if all(code == label for code, label in pairs.items()) and mine.kind == theirs.kind:
        return replace(mine, text=text)
    choices = _numbered(pairs)
    return replace(mine, text=text, choices=choices or mine.choices, kind="single" if choices else mine.kind)


def _code_pairs(
    export: Export, other: Export, mine: ExportQuestion, theirs: ExportQuestion, rows: Rows
) -> dict[str, str]:
    """Code to wording, as the same cells of both downloads tell; empty when they contradict each other."""
    pairs: dict[str, str] = {}
    both = zip(export.columns_of(mine.id), other.columns_of(theirs.id), strict=False)
    for own, foreign in both:
        left, right = export.cells(own.at)[rows[0]], other.cells(foreign.at)[rows[1]]
        for one, two in {(cell_text(a), cell_text(b)) for a, b in zip(left, right, strict=True)}:
            code, label = (one, two) if export.flavour == "by number" else (two, one)
            if not code or not label:
                continue
            label = typed(label)[0]
            if pairs.setdefault(code.strip(), label) != label:
                return {}
    return pairs


def _numbered(pairs: Mapping[str, str]) -> tuple[Choice, ...]:
    if not all(re.fullmatch(r"\d+", code) for code in pairs):
        return ()
    ordered: Iterable[str] = sorted(pairs, key=int)
    return tuple(Choice(label=pairs[code], code=code, other=is_other(pairs[code])) for code in ordered)


def _skips(
    export: Export, other: Export, rows: Rows, questions: Sequence[ExportQuestion]
) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    """States with what only the text download tells: a ranking of -2 throughout was skipped or left empty."""
    states = export.states.copy()
    if export.flavour != "by number":
        return states
    theirs = {question.number: question for question in other.questions}
    for question in questions:
        match = theirs.get(question.number)
        if question.kind != "ranking" or match is None:
            continue
        source = other.states[rows[1], other.columns_of(match.id)[0].at]
        for column in export.columns_of(question.id):
            silent = source != State.ANSWERED
            states[rows[0][silent], column.at] = source[silent]
    return states
