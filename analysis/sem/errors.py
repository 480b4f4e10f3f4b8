"""What can be wrong with a model before any data are looked at.

ValueError
└── ModelError           the model and the data, or the model with itself, do not go together
    └── SyntaxFaults     the model's text cannot be read; ``cases`` lists every fault of the text
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ModelError(ValueError):
    """A model that cannot be built, or cannot be fitted to these data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a model's text."""

    line: int  #: counted from 1
    text: str  #: the statement as it was written
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.text!r}: {self.problem}. {self.remedy}"


class SyntaxFaults(ModelError):
    """Every fault of a model's text, told at once."""

    def __init__(self, cases: Sequence[Fault]) -> None:
        self.cases = tuple(cases)
        count = "1 fault" if len(self.cases) == 1 else f"{len(self.cases)} faults"
        super().__init__(f"The model has {count}.\n" + "\n".join(str(case) for case in self.cases))
