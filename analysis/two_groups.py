"""Two independent groups: means and ranks side by side, with effect sizes of both.

Rating scales are ordinal, tied and bounded. The tests of means and the tests of ranks ask different
questions of them, so all are given and ``analysis.recommended_test`` says which to read.

References
----------
.. [1] Brunner, E., & Munzel, U. (2000). The nonparametric Behrens-Fisher problem: asymptotic theory and a
   small-sample approximation. Biometrical Journal, 42, 17-25.
.. [2] Cliff, N. (1993). Dominance statistics: ordinal analyses to answer ordinal questions. Psychological
   Bulletin, 114, 494-509.
.. [3] Brunner, E., Bathke, A. C., & Konietschke, F. (2018). Rank and pseudo-rank procedures for independent
   observations in factorial designs. Springer, section 3.7.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit, logit, stdtrit

from analysis.counted_rows import Counts
from analysis.exact_ranks import MOST, exact_rank_sum
from analysis.means import MeanDifference, mean_difference, small_sample_factor
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import Tally, answer_table, mid_ranks, together
from analysis.weighted_moments import row_weights
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]

EXACT = 1e-12  #: variance of placements below which the groups do not overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSampleTest:
    """One test of one null hypothesis."""

    measure: str
    method: str
    null: str  #: what is tested, in words
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dominance:
    """How often a respondent of the first group answers higher than one of the second.

    ``estimate`` is the probability of superiority ``P(X > Y) + P(X = Y) / 2``; Cliff's delta and the
    rank-biserial correlation are ``2 P - 1``.
    """

    estimate: float
    std_error: float  #: by Brunner and Munzel's placements
    df: float
    interval: Interval

    @property
    def cliffs_delta(self) -> float:
        return 2 * self.estimate - 1

    @property
    def cliffs_delta_interval(self) -> Interval:
        return Interval(
            low=2 * self.interval.low - 1,
            high=2 * self.interval.high - 1,
            confidence_level=self.interval.confidence_level,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoGroupComparison(Tabular):
    """Everything that is said about one variable in two groups; differences are first minus second."""

    variable: str
    first: str
    second: str
    means: MeanDifference  #: Welch's test, Hedges' g with its intervals
    student: TwoSampleTest
    mann_whitney: TwoSampleTest
    mann_whitney_exact: TwoSampleTest  #: given the ties; for up to ``exact_ranks.MOST`` respondents
    brunner_munzel: TwoSampleTest
    variance_ratio: float | None  #: of the first to the second
    dominance: Dominance | None  #: None where it has no error, see ``brunner_munzel.reason``

    @property
    def n(self) -> int:
        return self.means.n

    @property
    def cohens_d(self) -> tuple[float, Interval] | None:
        """The standardised difference without Hedges' correction, as ``effectsize::cohens_d``."""
        if self.means.estimate is None or self.means.interval is None:
            return None
        factor, limits = small_sample_factor(self.n - 2), self.means.interval
        interval = replace(limits, low=limits.low / factor, high=limits.high / factor)
        return self.means.estimate / factor, interval

    @property
    def tests(self) -> tuple[TwoSampleTest, ...]:
        welch = TwoSampleTest(
            measure="welch_t",
            method="Welch's t test",
            null="equal means",
            statistic=self.means.statistic,
            df=self.means.df,
            p_value=self.means.p_value,
            state=self.means.state,
            reason=self.means.reason,
        )
        return welch, self.student, self.mann_whitney, self.mann_whitney_exact, self.brunner_munzel

    def entries(self) -> tuple[Entry, ...]:
        about = {"variable": self.variable, "first": self.first, "second": self.second}
        tests = (
            Entry(
                measure=test.measure,
                method=test.method,
                about=about,
                n=self.n,
                statistic=test.statistic,
                df=() if test.df is None else (test.df,),
                p_value=test.p_value,
                state=test.state,
                reason=test.reason,
            )
            for test in self.tests
        )
        return (*self.means.entries(), *self._d_entry(about), *tests, *self._dominance_entries(about))

    def _d_entry(self, about: dict[str, str]) -> Iterator[Entry]:
        if self.cohens_d is not None:
            yield Entry(
                measure="cohens_d",
                method="Cohen's d, pooled sd, noncentral t interval",
                about=about,
                n=self.n,
                estimate=self.cohens_d[0],
                interval=self.cohens_d[1],
            )

    def _dominance_entries(self, about: dict[str, str]) -> Iterator[Entry]:
        if self.dominance is None:
            return
        shared: dict[str, Any] = {"about": about, "n": self.n, "df": (self.dominance.df,)}
        yield Entry(
            measure="probability_of_superiority",
            method="placements, interval of log odds",
            estimate=self.dominance.estimate,
            std_error=self.dominance.std_error,
            interval=self.dominance.interval,
            **shared,
        )
        yield Entry(
            measure="cliffs_delta",
            method="placements, interval of log odds",
            estimate=self.dominance.cliffs_delta,
            std_error=2 * self.dominance.std_error,
            interval=self.dominance.cliffs_delta_interval,
            **shared,
        )


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.design.group_tests.design_t_test and design_rank_test",
    counts="sums",
)
def compare_two(
    first: pd.Series,
    second: pd.Series,
    *,
    names: tuple[str, str] = ("first", "second"),
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
    confidence_level: float = 0.95,
) -> TwoGroupComparison:
    """Compare the answers of two independent groups.

    Parameters
    ----------
    first, second : Series, shapes (n_first,) and (n_second,)
        Numbers; missing answers are left out.
    names : pair of str
        What the groups are called.
    counts_first, counts_second : array-like, optional
        Respondents that a row stands for.

    Notes
    -----
    Student's t uses the pooled variance, Welch's does not. Mann and Whitney's U is that of ``first``, with
    the normal approximation corrected for ties and no continuity correction (``wilcox.test(exact = FALSE,
    correct = FALSE)``); its p-value assumes equal spread. The exact one counts all ways to deal out the
    answers, ties as they are (``coin::wilcox_test(distribution = "exact")``), for up to 200 respondents.
    Brunner and Munzel's test [1]_ does not assume equal spread. The interval of the probability of
    superiority has that test's error and degrees of freedom, on the scale of log odds [3]_; Cliff's delta
    [2]_ is ``2 P - 1``.

    Examples
    --------
    >>> gold = pd.Series([4, 5, 3, 4, 5, 4.0], name="SAT")
    >>> basic = pd.Series([3, 2, 4, 3, 3, 1.0], name="SAT")
    >>> result = compare_two(gold, basic, names=("gold", "basic"))
    >>> round(result.mann_whitney.p_value, 4), round(result.dominance.cliffs_delta, 4)
    (0.0199, 0.7778)
    """
    a, b = _tally(first, counts_first), _tally(second, counts_second)
    trouble = _why_not(a, b)
    dominance, brunner_munzel = _brunner_munzel(a, b, trouble, confidence_level)
    return TwoGroupComparison(
        variable=str(first.name),
        first=names[0],
        second=names[1],
        means=mean_difference(
            first,
            second,
            counts_first=counts_first,
            counts_second=counts_second,
            confidence_level=confidence_level,
        ),
        student=_student(a, b, trouble),
        mann_whitney=_mann_whitney(a, b, trouble),
        mann_whitney_exact=_mann_whitney_exact(a, b, trouble),
        brunner_munzel=brunner_munzel,
        variance_ratio=_variance_ratio(a, b),
        dominance=dominance,
    )


Trouble = tuple[str, str] | None


def _tally(answers: pd.Series, counts: Counts | None) -> Tally:
    times = row_weights(len(answers), counts=counts, design=None).respondents
    known = answers.notna().to_numpy()
    return Tally.of(answers[known].to_numpy(dtype=float), times[known])


def _why_not(a: Tally, b: Tally) -> Trouble:
    if min(len(a), len(b)) < 2:
        return "too_few", f"{len(a)} and {len(b)} answers; each group needs at least 2"
    if not together([a, b]).varies:
        return "constant", "everybody gave one answer"
    return None


def _refused(measure: str, method: str, null: str, trouble: tuple[str, str]) -> TwoSampleTest:
    return TwoSampleTest(measure=measure, method=method, null=null, state=trouble[0], reason=trouble[1])


def _student(a: Tally, b: Tally, trouble: Trouble) -> TwoSampleTest:
    words = ("student_t", "Student's t test", "equal means, given equal variances")
    if trouble is None and not a.varies and not b.varies:
        trouble = "constant", "nobody differs from the own group"
    if trouble is not None:
        return _refused(*words, trouble)
    df = len(a) + len(b) - 2
    pooled = (a.squares + b.squares) / df
    statistic = (a.mean - b.mean) / math.sqrt(pooled * (1 / len(a) + 1 / len(b)))
    return TwoSampleTest(
        measure=words[0],
        method=words[1],
        null=words[2],
        statistic=statistic,
        df=float(df),
        p_value=float(2 * stats.t.sf(abs(statistic), df)),
    )


def _mann_whitney(a: Tally, b: Tally, trouble: Trouble) -> TwoSampleTest:
    words = ("mann_whitney_u", "Mann-Whitney test", "equal distributions")
    if trouble is not None:
        return _refused(*words, trouble)
    table = answer_table([a, b])
    ties = table.sum(axis=0)
    m, n = float(len(a)), float(len(b))
    size = m + n
    u = float(table[0] @ mid_ranks(ties)) - m * (m + 1) / 2
    spread = m * n / 12 * (size + 1 - float((ties**3 - ties).sum()) / (size * (size - 1)))
    return TwoSampleTest(
        measure=words[0],
        method=words[1],
        null=words[2],
        statistic=u,
        p_value=float(2 * stats.norm.sf(abs(u - m * n / 2) / math.sqrt(spread))),
    )


def _mann_whitney_exact(a: Tally, b: Tally, trouble: Trouble) -> TwoSampleTest:
    words = ("mann_whitney_exact", "Mann-Whitney test, exact given the ties", "equal distributions")
    if trouble is None and len(a) + len(b) > MOST:
        trouble = "too_many", f"{len(a) + len(b)} respondents; all ways are counted for up to {MOST}"
    if trouble is not None:
        return _refused(*words, trouble)
    first, second = (np.repeat(x.values, x.counts.astype(int)) for x in (a, b))
    ranks = stats.rankdata(np.concatenate([first, second]))[: len(first)]
    return TwoSampleTest(
        measure=words[0],
        method=words[1],
        null=words[2],
        statistic=float(ranks.sum() - len(first) * (len(first) + 1) / 2),
        p_value=exact_rank_sum(first, second),
    )


def _brunner_munzel(
    a: Tally, b: Tally, trouble: Trouble, level: float
) -> tuple[Dominance | None, TwoSampleTest]:
    words = ("brunner_munzel", "Brunner-Munzel test", "neither group tends to answer higher")
    if trouble is not None:
        return None, _refused(*words, trouble)
    m, n = len(a), len(b)
    table = answer_table([a, b])
    ranks = mid_ranks(table.sum(axis=0))
    # how many of the other group each respondent outranks, ties counting half
    over_b, over_a = ranks - mid_ranks(table[0]), ranks - mid_ranks(table[1])
    estimate = float(table[0] @ over_b) / (m * n)
    parts = _variance(over_b, table[0]) / (n * n * m), _variance(over_a, table[1]) / (m * m * n)
    variance = sum(parts)
    if variance < EXACT:
        reason = "the groups do not overlap, or all who differ differ alike, so that ranks have no error"
        return None, _refused(*words, ("no_error", reason))
    error = math.sqrt(variance)
    df = variance**2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
    statistic = (estimate - 0.5) / error
    test = TwoSampleTest(
        measure=words[0],
        method=words[1],
        null=words[2],
        statistic=statistic,
        df=df,
        p_value=float(2 * stats.t.sf(abs(statistic), df)),
    )
    interval = superiority_interval(estimate, error, df, confidence_level=level)
    return Dominance(estimate=estimate, std_error=error, df=df, interval=interval), test


@no_estimate("arithmetic")
def superiority_interval(
    estimate: float, std_error: float, df: float, *, confidence_level: float = 0.95
) -> Interval:
    """Interval of a probability of superiority, on the scale of its log odds [3]_.

    ``P -+ t * error`` misses the truth too often where P is far from one half, and may leave 0 to 1; log odds
    do neither (``docs/group-test-calibration.md`` has the coverage of both).

    Examples
    --------
    >>> limits = superiority_interval(0.9, 0.04, 30.0)
    >>> round(limits.low, 4), round(limits.high, 4)
    (0.7841, 0.9571)
    """
    half = float(stdtrit(df, (1 + confidence_level) / 2)) * std_error / (estimate * (1 - estimate))
    low, high = (float(expit(logit(estimate) + side * half)) for side in (-1, 1))
    return Interval(low=low, high=high, confidence_level=confidence_level)


def _variance(values: Array, counts: Array) -> float:
    n = counts.sum()
    return float(counts @ (values - counts @ values / n) ** 2 / (n - 1))


def _variance_ratio(a: Tally, b: Tally) -> float | None:
    if min(len(a), len(b)) < 2 or not b.varies:
        return None
    return a.variance / b.variance
