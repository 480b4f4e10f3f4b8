"""Every answer in one form, whatever the platform's layout."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from surveys.platforms.export import Export, ExportColumn, ExportQuestion, State
from surveys.platforms.wordings import split_joined, typed
from surveys.reading.answers import NO_WORDS, YES_WORDS
from surveys.reading.cells import cell_text, normal

Values = npt.NDArray[np.object_] | npt.NDArray[np.float64]


def answers_of(export: Export) -> pd.DataFrame:
    """One column an answer, row, option or rank; see :meth:`Export.answers`."""
    values: dict[str, Values] = {}
    for question in export.questions:
        for column in export.columns_of(question.id):
            for name, cells in _values(export, question, column).items():
                if name in values:
                    chosen = question.kind == "multiple" and column.part in ("joined", "option")
                    values[name] = _merged(values[name], cells, chosen=chosen)
                else:
                    values[name] = cells
    return pd.DataFrame(
        {
            name: pd.Series(cells, dtype="str" if cells.dtype == object else float)
            for name, cells in values.items()
        },
        index=pd.RangeIndex(export.n),
    )


def _merged(first: Values, second: Values, *, chosen: bool) -> Values:
    """Two columns of one answer: chosen if either says so, else the first that says anything."""
    if chosen:
        either: npt.NDArray[np.float64] = np.fmax(first.astype(float), second.astype(float))
        return either
    empty = pd.isna(first)
    merged = first.copy()
    merged[empty] = second[empty]
    return merged


def _values(export: Export, question: ExportQuestion, column: ExportColumn) -> dict[str, Values]:
    base = question.id if column.row is None else f"{question.id}[{column.row}]"
    if column.part == "other_text":
        return {f"{base}[other]": _texts(export, column)}
    if column.part == "comment":
        return {f"{base}[comment]": _texts(export, column)}
    if column.part == "count":
        return {f"{base}[count]": _numbers(export, column)}
    if column.part == "joined":
        return _joined(export, question, column, base)
    if column.part == "option":
        return _option(export, question, column, base)
    if column.part == "rank":
        return _ranked(export, question, column, base)
    if question.kind == "number":
        return {base: _numbers(export, column)}
    if question.kind in ("single", "multiple"):
        return _single(export, question, column, base)
    return {base: _texts(export, column)}


def option_name(question: ExportQuestion, place: int) -> str:
    """What an option is called in the names of answers: its wording, for codes differ by download."""
    return question.choices[place].label


def _spread(export: Export, column: ExportColumn, by_value: list[object]) -> npt.NDArray[np.object_]:
    distinct = export.table.distinct(column.at)
    table = np.empty(len(by_value) + 1, dtype=object)
    table[:-1] = by_value
    cells = table[distinct.places]
    cells[export.states[:, column.at] != State.ANSWERED] = None
    return cells


def _texts(export: Export, column: ExportColumn) -> npt.NDArray[np.object_]:
    values = export.table.distinct(column.at).values
    return _spread(export, column, [cell_text(value).strip() or None for value in values])


def _numbers(export: Export, column: ExportColumn) -> npt.NDArray[np.float64]:
    numbers: list[object] = []
    for value in export.table.distinct(column.at).values:
        text = normal(cell_text(value))
        for candidate in (text, text.removesuffix("分"), text.replace(",", ".")):
            try:
                numbers.append(float(candidate))
            except ValueError:
                continue
            break
        else:
            numbers.append(np.nan)
    return _spread(export, column, numbers).astype(float)


def _single(export: Export, question: ExportQuestion, column: ExportColumn, base: str) -> dict[str, Values]:
    """Wordings of the choices; what was typed beside one in a column of its own."""
    words = {normal(choice.code): choice.label for choice in question.choices if choice.code is not None}
    words |= {normal(choice.label): choice.label for choice in question.choices}
    labels: list[object] = []
    written: list[object] = []
    for value in export.table.distinct(column.at).values:
        label, text = typed(cell_text(value))
        plain = normal(label)
        whole = plain.removesuffix(".0") if plain[:1].isdigit() or plain[:1] == "-" else plain
        mark = column.choice is not None and plain in YES_WORDS
        own = question.choices[column.choice].label if mark and column.choice is not None else None
        labels.append(own or words.get(plain) or words.get(whole) or label)
        written.append(text)
    values: dict[str, Values] = {base: _spread(export, column, labels)}
    if any(text is not None for text in written):
        values[f"{base}[other]"] = _spread(export, column, written)
    return values


def _joined(export: Export, question: ExportQuestion, column: ExportColumn, base: str) -> dict[str, Values]:
    """One column an option: chosen or not, or its rank."""
    words = choice_words(question)
    parts: list[list[int]] = []
    written: list[object] = []
    for value in export.table.distinct(column.at).values:
        chosen, text = split_choices(cell_text(value), column.separator, words)
        parts.append(chosen)
        written.append(text)
    values: dict[str, Values] = {}
    for place in range(len(question.choices)):
        if question.kind == "ranking":
            marks: list[object] = [
                float(part.index(place) + 1) if place in part else np.nan for part in parts
            ]
        else:
            marks = [float(place in part) for part in parts]
        values[f"{base}[{option_name(question, place)}]"] = _spread(export, column, marks).astype(float)
    if any(text is not None for text in written):
        values[f"{base}[other]"] = _spread(export, column, written)
    return values


def _ranked(export: Export, question: ExportQuestion, column: ExportColumn, base: str) -> dict[str, Values]:
    """One rank, as that of the option which holds it."""
    words = choice_words(question)
    distinct = export.table.distinct(column.at)
    chosen = [words.get(normal(cell_text(value)).removesuffix(".0")) for value in distinct.values]
    rank = float((column.choice or 0) + 1)
    return {
        f"{base}[{option_name(question, place)}]": _spread(
            export, column, [rank if at == place else np.nan for at in chosen]
        ).astype(float)
        for place in range(len(question.choices))
    }


def choice_words(question: ExportQuestion) -> Mapping[str, int]:
    """Places of the choices by wording and by code."""
    words = {normal(choice.code): at for at, choice in enumerate(question.choices) if choice.code is not None}
    return words | {normal(choice.label): at for at, choice in enumerate(question.choices)}


def split_choices(text: str, separator: str | None, words: Mapping[str, int]) -> tuple[list[int], str | None]:
    """Places of the choices that a cell joins, in its order, and what was typed beside one."""
    chosen: list[int] = []
    written: str | None = None
    parts = split_joined(text, separator) if separator else [text.strip()]
    for part in parts:
        label, extra = typed(part)
        place = words.get(normal(label))
        if place is not None:
            chosen.append(place)
            written = extra if extra is not None else written
    return chosen, written


def _option(export: Export, question: ExportQuestion, column: ExportColumn, base: str) -> dict[str, Values]:
    """Marks as 1 and 0, or a rank; an empty cell beside a mark of the same question is not chosen."""
    place = column.choice or 0
    name = f"{base}[{option_name(question, place)}]"
    if question.kind == "ranking":
        return {name: _numbers(export, column)}
    choice = question.choices[place]
    marks: list[object] = []
    written: list[object] = []
    for value in export.table.distinct(column.at).values:
        text = cell_text(value).strip()
        plain = normal(text)
        plain = plain.removesuffix(".0")
        marks.append(0.0 if plain in NO_WORDS else 1.0)
        is_text = (
            choice.other and plain not in NO_WORDS and plain not in _MARKS and plain != normal(choice.label)
        )
        written.append(text if is_text else None)
    cells = _spread(export, column, marks).astype(float)
    cells[np.isnan(cells) & _asked(export, question, column)] = 0.0
    values: dict[str, Values] = {name: cells}
    typed_texts = _spread(export, column, written)
    if pd.notna(typed_texts).any():
        values[f"{base}[other]"] = typed_texts
    return values


_MARKS = frozenset(
    {"1", "yes", "y", "true", "t", "是", "有", "选中", "已选", "√", "✓", "✔", "checked", "selected"}
)


def _asked(export: Export, question: ExportQuestion, column: ExportColumn) -> npt.NDArray[np.bool_]:
    """Respondents who marked any option of the same question or row."""
    same = [
        other.at
        for other in export.columns_of(question.id)
        if other.part == "option" and other.row == column.row
    ]
    return np.asarray((export.states[:, same] == State.ANSWERED).any(axis=1))
