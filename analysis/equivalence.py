"""Differences too small to matter: two one-sided tests against a margin.

References
----------
Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power approach for
assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and Biopharmaceutics, 15,
657-680.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts
from analysis.means import mean_difference
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights

Alternative = Literal["equivalence", "non_inferiority"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence(Tabular):
    """Whether a difference of means is too small to matter (TOST), or not worse than a margin."""

    alternative: Alternative
    margin: float  #: in units of the answers
    difference: float | None
    n: int
    p_value: float | None  #: the larger of the two one-sided ones
    p_value_above_lower: float | None  #: against "difference <= -margin"
    p_value_below_upper: float | None  #: against "difference >= margin"
    interval: Interval | None  #: at the level whose lying within the margins is the test: 1 - 2 alpha
    df: float | None
    shown: bool | None  #: whether the interval lies within the margins
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="difference",
                method=f"{self.alternative.replace('_', '-')} test, Welch",
                about={"margin": f"{self.margin:g}"},
                n=self.n,
                estimate=self.difference,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "Welch's tests of a simple random sample",
    instead="analysis.design.group_tests.design_t_test",
    counts="sums",
)
def equivalence(
    first: pd.Series,
    second: pd.Series,
    *,
    margin: float,
    alternative: Alternative = "equivalence",
    alpha: float = 0.05,
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
) -> Equivalence:
    """Two one-sided Welch tests against the smallest difference that would matter.

    Parameters
    ----------
    first, second : Series
        Independent groups; missing answers are left out.
    margin : float
        Positive, in units of the answers.
    alternative : {"equivalence", "non_inferiority"}
        ``non_inferiority`` asks only that ``first`` is not below ``second`` by the margin or more.
    alpha : float
        Level of each one-sided test.
    counts_first, counts_second : array-like, optional
        Respondents that a row stands for.

    Notes
    -----
    Schuirmann (1987): equivalence is shown at level alpha where the 1 - 2 alpha interval of the difference
    lies within -margin and margin.

    Examples
    --------
    >>> a, b = pd.Series([4, 4, 3, 4, 5, 4, 4, 3.0]), pd.Series([4, 4, 4, 3, 5, 4, 3, 4.0])
    >>> result = equivalence(a, b, margin=0.8)
    >>> round(result.p_value, 4), result.shown
    (0.0128, True)
    """
    if not margin > 0 or not math.isfinite(margin):
        raise ValueError(f"margin is {margin}; it is the smallest difference that would matter, above 0")
    found = mean_difference(
        first,
        second,
        counts_first=counts_first,
        counts_second=counts_second,
        confidence_level=1 - 2 * alpha,
    )
    if found.difference is None or found.std_error is None or found.df is None:
        return Equivalence(
            alternative=alternative,
            margin=margin,
            difference=found.difference,
            n=found.n,
            p_value=None,
            p_value_above_lower=None,
            p_value_below_upper=None,
            interval=None,
            df=None,
            shown=None,
            state=found.state,
            reason=found.reason,
        )
    above = float(stats.t.sf((found.difference + margin) / found.std_error, found.df))
    below = float(stats.t.cdf((found.difference - margin) / found.std_error, found.df))
    p_value = max(above, below) if alternative == "equivalence" else above
    return Equivalence(
        alternative=alternative,
        margin=margin,
        difference=found.difference,
        n=found.n,
        p_value=p_value,
        p_value_above_lower=above,
        p_value_below_upper=below,
        interval=found.difference_interval,
        df=found.df,
        shown=p_value < alpha,
    )
