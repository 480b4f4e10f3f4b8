"""What was answered: one row a respondent, one column an item or option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from surveys.questionnaire import Questionnaire


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """Where the answers came from."""

    name: str  #: file name without its folder
    sha256: str
    encoding: str | None = None
    sheet: str | None = None
    notes: tuple[str, ...] = ()  #: what the reader decided on the way, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """Answers to one questionnaire.

    Attributes
    ----------
    questionnaire : Questionnaire
    answers : DataFrame, shape (n_respondents, n_columns)
        Index ``0 .. n - 1``. Columns are ``Item.columns`` of the items found in the file, in the
        questionnaire's order. Single items and numbers hold their codes as float64 with NaN for
        no answer; options of multiple-response items hold 1.0, 0.0 or NaN; ranking options hold
        the rank (1.0 is first); text items hold str or None.
    metadata : DataFrame, shape (n_respondents, any)
        Same index. Always ``respondent`` (str, unique) and ``row`` (int, row of the data file as
        a spreadsheet counts); where known ``seconds`` (float), ``started_at`` and
        ``submitted_at`` (datetime64). Nothing that names a person.
    source : SourceFile
    synthetic : bool
        Whether a simulation made the answers. Whatever is made from them says so.
    """

    questionnaire: Questionnaire
    answers: pd.DataFrame
    metadata: pd.DataFrame
    source: SourceFile
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())
    wave_sources: Mapping[str, SourceFile] = field(default_factory=dict)  #: of answers joined from waves

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.answers)

    def keep(self, mask: pd.Series) -> Responses:
        """The respondents for whom ``mask`` is true, numbered anew from 0."""
        return replace(
            self,
            answers=self.answers.loc[mask].reset_index(drop=True),
            metadata=self.metadata.loc[mask].reset_index(drop=True),
        )
