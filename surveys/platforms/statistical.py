"""SPSS and Stata files: labels, declared missing values, multiple-response sets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from surveys.platforms.building import Draft
from surveys.platforms.export import Choice, Export, ExportQuestion, State
from surveys.reading.cells import cell_text
from surveys.reading.grids import AnswerSet
from surveys.reading.tables import Table


def parse_statistical(draft: Draft) -> Export:
    """Variables in their order; those of a multiple-response set are one question."""
    table = draft.table
    for at, codes in table.declared.items():
        draft.states[np.array([code is not None for code in codes], dtype=bool), at] = State.DECLARED
    place_of = {name: at for at, name in enumerate(table.header)}
    shared = _first_sets(table)
    for answer_set in shared:
        _ask_set(draft, answer_set, [place_of[name] for name in answer_set.variables])
    for at, name in enumerate(table.header):
        if at in draft.columns:
            continue
        label = table.variable_labels.get(name, "")
        id_ = draft.ask_single(at, name, label, label)
        missing = tuple(_missing_choices(table, at, name))
        question = draft.questions[id_]
        # Stata labels its missing values by their letter alone.
        missing_codes = {one.code for one in missing} | {(one.code or "").lstrip(".") for one in missing}
        labelled = [choice for choice in question.choices if choice.code not in missing_codes]
        if missing and (question.kind == "single" or labelled):
            draft.questions[id_] = replace(question, choices=(*labelled, *missing))
    return draft.finish()


def _missing_choices(table: Table, at: int, name: str) -> Iterator[Choice]:
    labels = table.value_labels.get(name, {})
    codes = {cell_text(code) for code in table.declared.get(at, ()) if code is not None}
    told = {cell_text(code): label for code, label in labels.items()}
    for text in sorted(codes):
        yield Choice(label=told.get(text.lstrip("."), told.get(text, text)), code=text, missing=True)
    for code, label in labels.items():
        # Stata labels its extended missing values by their letter.
        if (
            table.format == "stata"
            and isinstance(code, str)
            and re.fullmatch("[a-z]", code)
            and f".{code}" not in codes
        ):
            yield Choice(label=label, code=f".{code}", missing=True)


def _first_sets(table: Table) -> list[AnswerSet]:
    """Sets whose variables are all there and in no set before."""
    taken: set[str] = set()
    found = []
    for answer_set in table.answer_sets:
        names = set(answer_set.variables)
        if names and names <= set(table.header) and not names & taken:
            taken |= names
            found.append(answer_set)
    return found


def _ask_set(draft: Draft, answer_set: AnswerSet, columns: list[int]) -> None:
    labels = draft.table.variable_labels
    if answer_set.counted is None:
        first = draft.table.value_labels.get(answer_set.variables[0], {})
        choices = tuple(Choice(label=label, code=cell_text(code)) for code, label in first.items())
        id_ = draft.ask(
            ExportQuestion(id=answer_set.name, text=answer_set.label, kind="multiple", choices=choices)
        )
        for at in columns:
            draft.place(at, id_, part="joined")
        draft.notes.append(f"{id_}: a set of categories over {', '.join(answer_set.variables)}")
        return
    choices = tuple(Choice(label=labels.get(name, "") or name, code=name) for name in answer_set.variables)
    id_ = draft.ask(
        ExportQuestion(id=answer_set.name, text=answer_set.label, kind="multiple", choices=choices)
    )
    for place, at in enumerate(columns):
        draft.place(at, id_, part="option", choice=place)
    draft.notes.append(f"{id_}: {answer_set.counted} counts as chosen in {', '.join(answer_set.variables)}")
