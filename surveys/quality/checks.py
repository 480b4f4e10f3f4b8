"""One check of every respondent: a value, what it is held against, and who is flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Family = Literal["answers", "timing", "duplicates", "traffic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What one check found.

    Attributes
    ----------
    values : Series, shape (n_respondents,)
        NaN where the check does not apply to a respondent.
    limit : float
        NaN where the limit differs between respondents.
    flagged : Series of bool, shape (n_respondents,)
    convention : str
        Where the limit comes from.
    state, reason
        ``not_applicable`` and why, where the file gives no ground for the check.
    """

    name: str
    family: Family
    values: pd.Series
    limit: float
    flagged: pd.Series
    convention: str = ""
    state: str = "ok"
    reason: str = ""

    @property
    def n_judged(self) -> int:
        """Respondents to whom it applies."""
        return int(self.values.notna().sum())

    @property
    def n_flagged(self) -> int:
        return int(self.flagged.sum())


def not_applicable(name: str, family: Family, index: pd.Index, reason: str) -> Check:
    """A check that the file gives no ground for."""
    return Check(
        name=name,
        family=family,
        values=pd.Series(np.nan, index=index),
        limit=np.nan,
        flagged=pd.Series(False, index=index),
        state="not_applicable",
        reason=reason,
    )
