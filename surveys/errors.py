"""What can be wrong with what a user hands in.

::

    SurveyError (ValueError)      one or many faults, reported all at once
    ├── StudyFileError            a study, questionnaire or population file is at fault
    └── AnswersError              a data file cannot be read, or does not fit its questionnaire

Every fault says where it is, what was seen, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

SHOWN = 30  #: faults written out in a message; the rest is counted and stays in ``cases``


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, where, and the way out.

    >>> print(Fault(file="wave1.xlsx", row=17, column="SAT3", seen="9", expected="1-5",
    ...             remedy="Recode it, or declare 9 as a missing code."))
    wave1.xlsx, row 17, column "SAT3": saw 9, expected 1-5. Recode it, or declare 9 as a missing code.
    """

    file: str
    seen: str
    expected: str
    remedy: str
    sheet: str | None = None
    row: int | None = None  #: row of the data file as a spreadsheet counts, header included
    column: str | None = None
    line: int | None = None  #: line of a text file such as a study file
    field: str | None = None  #: place within a study file, as ``scales.agree5.points[2]``

    def where(self) -> str:
        """The place, from the file inwards."""
        places = [self.file]
        if self.sheet is not None:
            places.append(f'sheet "{self.sheet}"')
        if self.line is not None:
            places.append(f"line {self.line}")
        if self.row is not None:
            places.append(f"row {self.row}")
        if self.column is not None:
            places.append(f'column "{self.column}"')
        if self.field is not None:
            places.append(self.field)
        return ", ".join(places)

    def __str__(self) -> str:
        return f"{self.where()}: saw {self.seen}, expected {self.expected}. {self.remedy}"


class SurveyError(ValueError):
    """Everything that is wrong with one input, gathered before anything is raised.

    Parameters
    ----------
    faults : iterable of Fault
        At least one.

    Attributes
    ----------
    faults : tuple of Fault
    """

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise TypeError("a SurveyError needs at least one fault")
        super().__init__(self._message(self.faults))

    @staticmethod
    def _message(faults: Sequence[Fault]) -> str:
        lines = [str(fault) for fault in faults[:SHOWN]]
        if len(faults) > SHOWN:
            lines.append(f"... and {len(faults) - SHOWN} more of the same kind of fault.")
        return "\n".join(lines)

    @property
    def cases(self) -> pd.DataFrame:
        """All faults as a table, one row each."""
        return pd.DataFrame([asdict(fault) for fault in self.faults])

    def __reduce__(self) -> tuple[type[SurveyError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class StudyFileError(SurveyError):
    """A study, questionnaire or population file is at fault."""


class AnswersError(SurveyError):
    """A data file cannot be read, or its answers do not fit the questionnaire."""
