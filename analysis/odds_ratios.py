"""Odds ratio of two yes-or-no questions, or of one between two groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.special import ndtri

from analysis.crosstabs import association
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class OddsRatio(Tabular):
    """How many times the odds of the second column's answer are those of the other group."""

    rows: str
    columns: str
    group: str  #: the second row, whose odds stand in the numerator
    answer: str  #: the second column, whose odds they are
    n: int
    n_missing: int
    estimate: float | None = None
    std_error: float | None = None  #: of the logarithm
    interval: Interval | None = None
    p_value: float | None = None  #: Fisher's exact
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="odds_ratio",
                method="Odds ratio, interval of its logarithm; Fisher's exact test",
                about={
                    "rows": self.rows,
                    "columns": self.columns,
                    "group": self.group,
                    "answer": self.answer,
                },
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                p_value=self.p_value,
                interval=self.interval,
                more={"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.regression.design_logistic",
)
def odds_ratio(rows: pd.Series, columns: pd.Series, *, confidence_level: float = 0.95) -> OddsRatio:
    """Odds ratio of a two-by-two table, over respondents who answered both.

    Parameters
    ----------
    rows, columns : Series, shape (n_respondents,)
        Two answers each; missing for no answer. Categories keep their order, other values are sorted.

    Returns
    -------
    OddsRatio
        ``a d / (b c)`` of the table ``[[a, b], [c, d]]``, with Woolf's interval of its logarithm [1]_,
        as ``effectsize::oddsratio``. ``state`` is ``empty_cell`` where a cell is empty, so that the ratio is
        0 or has no limit, and ``constant`` where a question has a single answer.

    Raises
    ------
    ValueError
        If a question has more than two answers.

    References
    ----------
    .. [1] Woolf, B. (1955). On estimating the relation between blood group and disease. Annals of Human
       Genetics, 19, 251-253.

    Examples
    --------
    >>> tier = pd.Series(["basic"] * 30 + ["gold"] * 20, name="TIER")
    >>> app = pd.Series([1] * 12 + [0] * 18 + [1] * 14 + [0] * 6, name="APP")
    >>> result = odds_ratio(tier, app)
    >>> round(result.estimate, 4), round(result.interval.low, 4), round(result.interval.high, 4)
    (3.5, 1.0506, 11.66)
    """
    found = association(rows, columns, confidence_level=confidence_level)
    if max(found.table.shape) > 2:
        raise ValueError(
            f"{found.rows} by {found.columns} is {found.table.shape[0]} x {found.table.shape[1]}; "
            "an odds ratio needs two answers to each question"
        )
    shared: dict[str, Any] = {
        "rows": found.rows,
        "columns": found.columns,
        "group": str(found.table.index[-1]) if len(found.table.index) else "",
        "answer": str(found.table.columns[-1]) if len(found.table.columns) else "",
        "n": found.n,
        "n_missing": found.n_missing,
    }
    if found.statistic is None:
        return OddsRatio(**shared, state=found.state, reason=found.reason)
    (a, b), (c, d) = found.table.to_numpy(dtype=float).tolist()
    if min(a, b, c, d) == 0:
        return OddsRatio(
            **shared,
            p_value=found.fisher_p_value,
            state="empty_cell",
            reason="a cell of the table is empty, so that the odds ratio is 0 or has no limit",
        )
    estimate, error = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    half = float(ndtri((1 + confidence_level) / 2)) * error
    return OddsRatio(
        **shared,
        estimate=estimate,
        std_error=error,
        interval=Interval(
            low=estimate * math.exp(-half),
            high=estimate * math.exp(half),
            confidence_level=confidence_level,
        ),
        p_value=found.fisher_p_value,
    )
