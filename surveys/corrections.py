"""Corrections of data: stated in a file, checked against the answers, applied to a copy, and logged.

A corrections file is a table (CSV or Excel) with the columns ``respondent``, ``item``, ``old``,
``new``, ``why`` and ``who``. ``item`` is the name of a column of the answers: an item, or one option
of it as ``CHANNELS_2``. Answers are written as codes or wordings; an empty cell is no answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from surveys.errors import Fault, SurveyError
from surveys.privacy import mask
from surveys.questionnaire import Item, Questionnaire
from surveys.reading.answers import ScaleWords
from surveys.reading.cells import cell_text, is_empty, normal, shown
from surveys.reading.limits import Limits
from surveys.reading.tables import read_table
from surveys.responses import Responses

#: Columns of the file and other headers for them.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "respondent": ("respondent", "受访者", "序号"),
    "item": ("item", "题目", "变量"),
    "old": ("old", "原值"),
    "new": ("new", "新值", "更正值"),
    "why": ("why", "原因", "理由"),
    "who": ("who", "更正人", "经手人"),
}
LOG_COLUMNS = ("respondent", "item", "old", "new", "why", "who", "file", "row")

_NOT_GIVEN = "an empty cell"
_NO_COLUMN = "the answers hold no such column"


class CorrectionsError(SurveyError):
    """Corrections that cannot be made as they are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One cell to change, as its file states it.

    ``old`` and ``new`` are text as written; empty is no answer. ``row`` is that of the file.
    """

    respondent: str
    item: str
    old: str
    new: str
    why: str
    who: str
    file: str
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """Answers after corrections, and what was changed.

    Attributes
    ----------
    responses : Responses
        A copy; what was read stays as it was. Its notes say how many corrections were made, by whom.
    log : DataFrame, shape (n_corrections, 8)
        ``respondent, item, old, new, why, who, file, row``, with identifiers masked.
    """

    responses: Responses
    log: pd.DataFrame


def read_corrections(path: Path | str, *, limits: Limits | None = None) -> tuple[Correction, ...]:
    """The corrections in a file, in its order.

    Raises
    ------
    CorrectionsError
        If a column is not there, or a cell of respondent, item, why or who is empty.
    AnswersError
        If the file cannot be read as a table.
    """
    known = {normal(header) for headers in HEADERS.values() for header in headers}
    table = read_table(Path(path), limits=limits, known=lambda header: normal(header) in known)
    names = [normal(header) for header in table.header]
    at = {
        role: next((names.index(normal(header)) for header in headers if normal(header) in names), None)
        for role, headers in HEADERS.items()
    }
    faults = [
        Fault(
            file=table.file,
            sheet=table.sheet,
            row=table.header_row,
            seen=f"no column `{role}`",
            expected=", ".join(HEADERS),
            remedy=f"Add the column `{role}`.",
        )
        for role, place in at.items()
        if place is None
    ]
    if faults:
        raise CorrectionsError(faults)
    found = []
    for row, cells in zip(table.rows.index, table.rows.itertuples(index=False, name=None), strict=True):
        given = {role: cell_text(cells[place]).strip() for role, place in at.items() if place is not None}
        if not any(given.values()):
            continue
        for role in ("respondent", "item", "why", "who"):
            if not given[role]:
                faults.append(_fault(table.file, int(row), role, _NOT_GIVEN, _WANTED[role], "Fill it in."))
        found.append(Correction(**given, file=table.file, row=int(row)))
    if faults:
        raise CorrectionsError(faults)
    return tuple(found)


_WANTED = {
    "respondent": "the respondent's name in the answers",
    "item": "the item, or option column, to correct",
    "why": "the reason, in words",
    "who": "who decided it",
}


def apply_corrections(responses: Responses, corrections: Sequence[Correction]) -> Corrected:
    """The answers with every correction made, or every reason why not.

    Nothing is changed in place, and nothing is changed at all unless all corrections can be made.

    Raises
    ------
    CorrectionsError
        Naming every correction of an unknown respondent or item, with an old value that is not the
        one in the data, with a new value that the item does not allow, or of a cell that was
        corrected before; and rankings that would hold one rank twice.

    Examples
    --------
    >>> from surveys.questionnaire import Item, Questionnaire, Section
    >>> from surveys.responses import SourceFile
    >>> item = Item(id="AGE", kind="number", low=18, text={"en": "Age"}, section="a")
    >>> asked = Questionnaire(
    ...     id="q", title={"en": "Q"}, languages=("en",), scales={}, items=(item,),
    ...     sections=(Section(id="a", title={"en": "A"}),),
    ... )
    >>> given = Responses(
    ...     questionnaire=asked, answers=pd.DataFrame({"AGE": [4.0, 52.0]}),
    ...     metadata=pd.DataFrame({"respondent": ["r1", "r2"], "row": [2, 3]}),
    ...     source=SourceFile(name="wave1.csv", sha256=""),
    ... )
    >>> typo = Correction(
    ...     respondent="r1", item="AGE", old="4", new="40", why="paper form", who="LW", file="c.csv", row=2
    ... )
    >>> corrected = apply_corrections(given, [typo])
    >>> float(corrected.responses.answers["AGE"].sum()), float(given.answers["AGE"].sum())
    (92.0, 56.0)
    """
    checking = _Checking(responses)
    for correction in corrections:
        checking.take_in(correction)
    checking.check_rankings()
    if checking.faults:
        raise CorrectionsError(checking.faults)
    log = pd.DataFrame(
        [
            (
                mask(one.respondent), one.item, _shown(one.old), _shown(one.new), mask(one.why), one.who,
                one.file, one.row,
            )
            for one in corrections
        ],
        columns=list(LOG_COLUMNS),
    )  # fmt: skip
    if not corrections:
        return Corrected(responses=responses, log=log)
    files = ", ".join(dict.fromkeys(one.file for one in corrections))
    people = ", ".join(dict.fromkeys(one.who for one in corrections))
    cells = f"{len(corrections)} cells" if len(corrections) > 1 else "1 cell"
    n = len({one.respondent for one in corrections})
    told = f"corrected: {cells} of {n} respondent{'s' * (n > 1)} ({files}, by {people})"
    source = replace(responses.source, notes=(*responses.source.notes, told))
    return Corrected(responses=replace(responses, answers=checking.answers, source=source), log=log)


def _shown(text: str) -> str:
    return mask(text)


def _fault(file: str, row: int, column: str, seen: str, expected: str, remedy: str) -> Fault:
    return Fault(file=file, row=row, column=column, seen=seen, expected=expected, remedy=remedy)


class _Checking:
    """Corrections taken in one by one on a copy of the answers; faults are gathered."""

    def __init__(self, responses: Responses) -> None:
        self.answers = responses.answers.copy()
        self.questionnaire: Questionnaire = responses.questionnaire
        self.file = responses.source.name
        self.positions: dict[str, int] = {
            str(name): at for at, name in enumerate(responses.metadata["respondent"])
        }
        self.items: dict[str, Item] = {
            column: item for item in self.questionnaire.items for column in item.columns
        }
        self.words = {
            item.id: ScaleWords(item.scale) for item in self.questionnaire.items if item.scale is not None
        }
        self.done: dict[tuple[str, str], int] = {}
        self.ranked: defaultdict[tuple[str, str], list[Correction]] = defaultdict(list)
        self.faults: list[Fault] = []

    def take_in(self, correction: Correction) -> None:
        position = self.positions.get(correction.respondent)
        if position is None:
            self._blame(
                correction,
                "respondent",
                shown(correction.respondent),
                f"a respondent of {self.file}" + _hint(correction.respondent, self.positions),
                "Correct the name; it is that of the column which names the respondents.",
            )
        item = self.items.get(correction.item)
        if item is None or correction.item not in self.answers:
            why = (
                _NO_COLUMN
                if item is not None
                else "an item or option column" + _hint(correction.item, self.items)
            )
            self._blame(correction, "item", shown(correction.item), why, "Correct the name.")
        if position is None or item is None or correction.item not in self.answers:
            return
        cell = (correction.respondent, correction.item)
        if cell in self.done:
            self._blame(
                correction,
                "item",
                f"a second correction of {correction.item} of {shown(correction.respondent)}, "
                f"after row {self.done[cell]}",
                "one correction for each cell",
                "Keep the one that holds.",
            )
            return
        self.done[cell] = correction.row
        self._change(correction, item, position)

    def _change(self, correction: Correction, item: Item, position: int) -> None:
        held = self.answers[correction.item].iloc[position]
        old, why_not = self._value(correction.old, item)
        if why_not is not None or not _equal(old, held):
            now = "no answer" if is_empty(held) else shown(held)
            self._blame(
                correction,
                "old",
                shown(correction.old) or "no answer",
                f"{now}, which is what the data hold",
                "The answer is not what the correction was made for; look it up again.",
            )
        new, why_not = self._value(correction.new, item, checked=True)
        if why_not is not None:
            self._blame(correction, "new", shown(correction.new), why_not, "Correct the new value.")
            return
        if new is None and item.required:
            self._blame(
                correction,
                "new",
                "no answer",
                f"an answer, because {item.id} is required",
                "Give a value, or drop `required` in the questionnaire.",
            )
            return
        if _equal(new, held):
            self._blame(
                correction,
                "new",
                shown(correction.new) or "no answer",
                "another answer than the one in the data",
                "Give the value that is right, or take the correction out.",
            )
            return
        if item.kind == "ranking":
            self.ranked[correction.respondent, item.id].append(correction)
        empty = None if item.kind == "text" else np.nan
        self.answers.loc[position, correction.item] = empty if new is None else new

    def _value(
        self, text: str, item: Item, *, checked: bool = False
    ) -> tuple[float | str | None, str | None]:
        """The value of a cell of the file, None for no answer; and what was expected instead.

        An old value may lie outside the bounds: that is often why it is corrected.
        """
        if not text:
            return None, None
        if item.kind == "text":
            return text, None
        if item.kind == "single":
            return self._code(text, item)
        number = _number(text)
        if item.kind == "multiple":
            return (number, None) if number in (0.0, 1.0) else (None, "1 (chosen), 0 (not chosen) or nothing")
        if item.kind == "ranking":
            highest = len(item.columns)
            fits = number is not None and number.is_integer() and 1 <= number <= highest
            return (number, None) if fits else (None, f"a rank from 1 to {highest}, or nothing")
        bounds = " ".join(
            f"{sign} {bound:g}"
            for sign, bound in (("at least", item.low), ("at most", item.high))
            if bound is not None
        )
        low = -np.inf if item.low is None else item.low
        high = np.inf if item.high is None else item.high
        if number is None or (checked and not low <= number <= high):
            return None, f"a number {bounds}".rstrip()
        return number, None

    def _code(self, text: str, item: Item) -> tuple[float | str | None, str | None]:
        words = self.words[item.id]
        by_number, by_word = words.by_number(normal(text)), words.by_word(normal(text))
        code = by_number if by_number is not None else by_word
        if code is None:
            return None, words.expected
        value = words.value(code)
        return (None if value != value else value), None

    def check_rankings(self) -> None:
        """No rank twice, once all corrections of a ranking are made."""
        for (respondent, id_), corrections in self.ranked.items():
            item = self.questionnaire.item(id_)
            ranks = self.answers.loc[self.positions[respondent], list(item.columns)].dropna()
            if ranks.duplicated().any():
                last = corrections[-1]
                self._blame(
                    last,
                    "new",
                    f"one rank twice in {id_} of {shown(respondent)} after the corrections",
                    "each rank once",
                    "Correct the other option too.",
                )

    def _blame(self, correction: Correction, column: str, seen: str, expected: str, remedy: str) -> None:
        self.faults.append(_fault(correction.file, correction.row, column, seen, expected, remedy))


def _hint(name: str, known: Mapping[str, object]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f", such as {shown(close[0])}" if close else ""


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _equal(old: float | str | None, held: object) -> bool:
    if is_empty(held):
        return old is None
    if isinstance(old, float) and isinstance(held, int | float):
        return bool(np.isclose(old, held, rtol=1e-12, atol=0))
    return old is not None and str(old).strip() == str(held).strip()


def read_and_apply(responses: Responses, path: Path | str) -> Corrected:
    """The corrections of a file, made on the answers.

    Raises
    ------
    CorrectionsError, AnswersError
        As :func:`read_corrections` and :func:`apply_corrections`.
    """
    return apply_corrections(responses, read_corrections(path))
