"""Yes-or-no answers of the same respondents to two questions or on two occasions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import row_weights
from analysis.weighting import refuses_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar(Tabular):
    """Whether a yes-or-no answer changed between two occasions or questions, of the same respondents."""

    first: str
    second: str
    n: int
    n_missing: int
    only_first: int = 0
    only_second: int = 0
    statistic: float | None = None  #: chi-square without continuity correction
    p_value: float | None = None
    exact_p_value: float | None = None  #: binomial; read this one where few changed
    odds_ratio: float | None = None  #: only the first over only the second
    interval: Interval | None = None  #: of the odds ratio, from the exact binomial
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="paired_odds_ratio",
                method="McNemar's test",
                about={"first": self.first, "second": self.second},
                n=self.n,
                estimate=self.odds_ratio,
                interval=self.interval,
                statistic=self.statistic,
                df=() if self.statistic is None else (1.0,),
                p_value=self.p_value,
                more={} if self.exact_p_value is None else {"exact_p_value": self.exact_p_value},
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its exact binomial test counts respondents",
    instead="analysis.design.means.weighted_mean of the difference",
    counts="sums",
)
def mcnemar(
    first: pd.Series, second: pd.Series, *, counts: Counts | None = None, confidence_level: float = 0.95
) -> McNemar:
    """McNemar's test of two yes-or-no answers of the same respondents.

    Parameters
    ----------
    first, second : Series of 1, 0 and NaN, shape (n_respondents,)
        On one index.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Notes
    -----
    ``chi2 = (b - c)^2 / (b + c)`` over those whose answers differ (``mcnemar.test(correct = FALSE)``); the
    exact p-value is the binomial one of ``b`` among ``b + c``, and the interval of the odds ratio ``b / c``
    follows from Clopper and Pearson's.

    Examples
    --------
    >>> before, after = pd.Series([1, 1, 1, 1, 0, 0, 1, 0]), pd.Series([0, 0, 0, 1, 0, 1, 0, 0])
    >>> result = mcnemar(before, after)
    >>> result.only_first, result.only_second, round(result.exact_p_value, 4)
    (4, 1, 0.375)
    """
    if not first.index.equals(second.index):
        raise ValueError("both answers must stand on one index: the same respondents in the same order")
    for answers in (first, second):
        strays = sorted(set(answers.dropna().astype(float)) - {0.0, 1.0})
        if strays:
            raise ValueError(f"{answers.name}: answers are 1, 0 or missing, found {strays[:5]}")
    both = first.notna() & second.notna()
    times = row_weights(len(first), counts=counts, design=None).respondents
    b = int(times[both & (first > second)].sum())
    c = int(times[both & (first < second)].sum())
    shared: dict[str, Any] = {
        "first": str(first.name),
        "second": str(second.name),
        "n": int(times[both].sum()),
        "n_missing": int(times[~both].sum()),
        "only_first": b,
        "only_second": c,
    }
    if b + c == 0:
        reason = "no respondent answered the two differently" if times[both].any() else "nobody answered both"
        return McNemar(**shared, state="constant" if times[both].any() else "too_few", reason=reason)
    statistic = (b - c) ** 2 / (b + c)
    exact = stats.binomtest(b, b + c)
    share = exact.proportion_ci(confidence_level, method="exact")
    return McNemar(
        **shared,
        statistic=statistic,
        p_value=float(stats.chi2.sf(statistic, 1)),
        exact_p_value=float(exact.pvalue),
        odds_ratio=b / c if c else None,
        interval=Interval(
            low=_odds(float(share.low)), high=_odds(float(share.high)), confidence_level=confidence_level
        ),
        state="ok" if c else "empty_cell",
        reason="" if c else "nobody answered yes to the second only; the odds ratio has no upper limit",
    )


def _odds(share: float) -> float:
    return math.inf if share >= 1 else share / (1 - share)
