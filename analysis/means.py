"""Standardised mean differences: from a reference, between two samples, within persons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import gammaln

from analysis.counted_rows import Counts
from analysis.descriptives import mean_interval
from analysis.exact_ranks import MOST, exact_signed_rank
from analysis.noncentral import t_noncentrality
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import Tally, answer_table, mid_ranks
from analysis.weighted_moments import row_weights
from analysis.weighting import no_estimate, refuses_weights, step_of

WEIGHTING = step_of("analysis.means.within_contrast", "analysis.groups.compare_groups")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobustEffect:
    """Error of a standardised mean from its influence values.

    The value of respondent i is ``z_i - d (z_i^2 - 1) / 2`` with ``z`` the standardised answer; with
    clusters, values are summed within clusters. Rating scales end, so answers are skewed, and the
    noncentral t then is too sure of itself; so it is where persons of one branch answer alike.
    """

    std_error: float
    df: float  #: n - 1, or clusters - 1
    interval: Interval

    def entry(
        self, measure: str, method: str, about: dict[str, str], n: int, estimate: float | None
    ) -> Entry:
        return Entry(
            measure=f"{measure}_robust",
            method=method,
            about=about,
            n=n,
            estimate=estimate,
            std_error=self.std_error,
            df=(self.df,),
            interval=self.interval,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    """Answers of one sample, each with the respondents who gave it and their cluster."""

    values: Array
    times: Array
    clusters: npt.NDArray[np.int64] | None
    n_missing: int

    @classmethod
    def of(cls, values: pd.Series, clusters: pd.Series | None, counts: Counts | None) -> _Sample:
        times = row_weights(len(values), counts=counts, design=None).respondents
        given = values.notna().to_numpy() & (times > 0)
        if clusters is not None:
            given = given & clusters.notna().to_numpy()
        return cls(
            values=values[given].to_numpy(dtype=float),
            times=times[given],
            clusters=None if clusters is None else pd.factorize(clusters[given])[0].astype(np.int64),
            n_missing=int(times.sum() - times[given].sum()),
        )

    @property
    def n(self) -> int:
        return int(self.times.sum())

    @property
    def mean(self) -> float:
        return float(self.times @ self.values / self.times.sum())

    @property
    def squares(self) -> float:
        """Sum of squared distances from the mean."""
        return float(self.times @ (self.values - self.mean) ** 2)

    @property
    def variance(self) -> float:
        return self.squares / (self.n - 1)

    @property
    def varies(self) -> bool:
        # not the standard deviation: that of equal fractions may differ from zero by rounding
        return bool(np.ptp(self.values) > 0)

    def spread(self, influence: Array) -> tuple[float, int]:
        """Sum of squares of influence values, of respondents or summed within clusters, and of how many."""
        if self.clusters is None:
            return float(self.times @ influence**2), self.n
        sums = np.bincount(self.clusters, weights=self.times * influence)
        return float((sums**2).sum()), len(sums)


def _robust(sample: _Sample, d: float, level: float) -> RobustEffect | None:
    z = (sample.values - sample.mean) / math.sqrt(sample.variance)
    squares, parts = sample.spread(z - d * (z**2 - 1) / 2)
    if parts < 3:
        return None
    error = math.sqrt(squares * parts / (parts - 1)) / sample.n
    interval = mean_interval(d, error, parts - 1, confidence_level=level)
    return RobustEffect(std_error=error, df=float(parts - 1), interval=interval)


def influence_of_g(first: Tally, second: Tally, *, confidence_level: float = 0.95) -> RobustEffect | None:
    """Error of Hedges' g of two tallies that vary, without assuming normal answers or equal spread.

    As ``mean_difference(...).robust``; None with fewer than 3 respondents on a side.

    Examples
    --------
    >>> gold, basic = Tally.of(np.array([4.0, 5, 3, 4, 5])), Tally.of(np.array([3.0, 2, 4, 3]))
    >>> round(influence_of_g(gold, basic).std_error, 4)
    0.677
    """
    a, b = (
        _Sample(values=tally.values, times=tally.counts, clusters=None, n_missing=0)
        for tally in (first, second)
    )
    df = a.n + b.n - 2
    unit = math.sqrt((a.squares + b.squares) / df) / small_sample_factor(df)
    return _robust_difference(a, b, (a.mean - b.mean) / unit, unit, confidence_level)


def _robust_difference(
    first: _Sample, second: _Sample, g: float, unit: float, level: float
) -> RobustEffect | None:
    """Error of g, which is the difference of the means over ``unit``."""
    whole = first.squares + second.squares
    variances, parts = [], []
    for sign, sample in ((1, first), (-1, second)):
        deviation = sample.values - sample.mean
        # g moves with the mean of this sample and with the spread of both
        squares = deviation**2 - sample.squares / sample.n
        found, number = sample.spread(sign * deviation / (sample.n * unit) - g * squares / (2 * whole))
        if number < 3:
            return None
        parts.append(number)
        variances.append(found * number / (number - 1))
    error = math.sqrt(sum(variances))
    if error == 0:
        return None
    df = sum(variances) ** 2 / sum(v**2 / (m - 1) for v, m in zip(variances, parts, strict=True))
    interval = mean_interval(g, error, df, confidence_level=level)
    return RobustEffect(std_error=error, df=df, interval=interval)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardizedMean(Tabular):
    """Distance of a mean from a reference point, in standard deviations (Cohen's d)."""

    variable: str
    reference: float
    n: int
    n_missing: int
    mean: float | None = None
    sd: float | None = None
    mean_interval: Interval | None = None
    estimate: float | None = None  #: d
    interval: Interval | None = None  #: of d, by the noncentral t
    robust: RobustEffect | None = None  #: of d, without assuming normal answers or independent persons
    statistic: float | None = None  #: Student's t
    df: float | None = None
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        about = {"variable": self.variable, "reference": f"{self.reference:g}"}
        shared: dict[str, Any] = {"method": "one-sample t test", "about": about, "n": self.n}
        trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
        more = {} if self.sd is None else {"sd": self.sd}
        return (
            Entry(
                measure="mean",
                estimate=self.mean,
                interval=self.mean_interval,
                more=more,
                **shared,
                **trouble,
            ),
            Entry(
                measure="d",
                estimate=self.estimate,
                interval=self.interval,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                **shared,
                **trouble,
            ),
            *(
                ()
                if self.robust is None
                else (self.robust.entry("d", "influence values", about, self.n, self.estimate),)
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanDifference(Tabular):
    """Difference of two independent means: first minus second."""

    first: str
    second: str
    n_first: int
    n_second: int
    n_missing_first: int = 0
    n_missing_second: int = 0
    mean_first: float | None = None
    mean_second: float | None = None
    interval_first: Interval | None = None  #: of the first mean
    interval_second: Interval | None = None
    difference: float | None = None
    std_error: float | None = None  #: Welch's
    difference_interval: Interval | None = None
    statistic: float | None = None  #: Welch's t
    df: float | None = None
    p_value: float | None = None
    estimate: float | None = None  #: Hedges' g, pooled standard deviation
    interval: Interval | None = None  #: of g, by the noncentral t
    robust: RobustEffect | None = None  #: of g, without assuming normal answers, equal spread or independence
    method: str = "Welch's t test"
    g_method: str = "Hedges' g, noncentral t interval"
    state: str = "ok"
    reason: str = ""

    @property
    def n(self) -> int:
        return self.n_first + self.n_second

    def entries(self) -> tuple[Entry, ...]:
        trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
        rows = [
            Entry(
                measure="mean", method="mean", about={"sample": side}, n=n, estimate=mean, interval=interval
            )
            for side, n, mean, interval in (
                ("first", self.n_first, self.mean_first, self.interval_first),
                ("second", self.n_second, self.mean_second, self.interval_second),
            )
        ]
        rows.append(
            Entry(
                measure="difference",
                method=self.method,
                about={},
                n=self.n,
                estimate=self.difference,
                std_error=self.std_error,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.difference_interval,
                **trouble,
            )
        )
        rows.append(
            Entry(
                measure="hedges_g",
                method=self.g_method,
                about={},
                n=self.n,
                estimate=self.estimate,
                interval=self.interval,
                **trouble,
            )
        )
        if self.robust is not None:
            rows.append(self.robust.entry("hedges_g", "influence values", {}, self.n, self.estimate))
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinContrast(Tabular):
    """What the same persons rate higher: the mean of some answers minus the mean of others."""

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    n: int
    n_missing: int
    difference: float | None = None
    sd: float | None = None  #: of the differences
    difference_interval: Interval | None = None
    statistic: float | None = None  #: paired t
    df: float | None = None
    p_value: float | None = None
    estimate: float | None = None  #: d_z
    interval: Interval | None = None  #: of d_z, by the noncentral t
    robust: RobustEffect | None = None  #: of d_z, without assuming normal answers or independent persons
    wilcoxon: float | None = None  #: sum of the ranks of positive differences
    wilcoxon_p_value: float | None = None  #: normal approximation, ties corrected, zeros dropped
    wilcoxon_exact_p_value: float | None = None  #: given the ties, up to ``exact_ranks.MOST`` respondents
    rank_biserial: float | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        about = {"plus": "+".join(self.plus), "minus": "+".join(self.minus)}
        trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
        df = () if self.df is None else (self.df,)
        return (
            Entry(
                measure="difference",
                method="paired t test",
                about=about,
                n=self.n,
                estimate=self.difference,
                statistic=self.statistic,
                df=df,
                p_value=self.p_value,
                interval=self.difference_interval,
                more={} if self.sd is None else {"sd": self.sd},
                **trouble,
            ),
            Entry(
                measure="d_z",
                method="d_z, noncentral t interval",
                about=about,
                n=self.n,
                estimate=self.estimate,
                interval=self.interval,
                **trouble,
            ),
            Entry(
                measure="rank_biserial",
                method="Wilcoxon signed-rank test",
                about=about,
                n=self.n,
                estimate=self.rank_biserial,
                statistic=self.wilcoxon,
                p_value=self.wilcoxon_p_value,
                more={}
                if self.wilcoxon_exact_p_value is None
                else {"exact_p_value": self.wilcoxon_exact_p_value},
                **trouble,
            ),
            *(
                ()
                if self.robust is None
                else (self.robust.entry("d_z", "influence values", about, self.n, self.estimate),)
            ),
        )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.means.weighted_mean",
    counts="sums",
)
def mean_against(
    values: pd.Series,
    reference: float,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> StandardizedMean:
    """Cohen's d of a mean from a reference point, ``(mean - reference) / sd``.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Missing values are left out.
    reference : float
        For a rating scale usually its midpoint.
    clusters : Series, optional
        Branch of each respondent, for ``robust``.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    StandardizedMean
        The interval of d inverts the noncentral t distribution, as R's effectsize does.

    Examples
    --------
    >>> round(mean_against(pd.Series([3, 4, 5, 4, 4, 2.0], name="q"), 3).estimate, 4)
    0.6455
    """
    sample = _Sample.of(values, clusters, counts)
    shared: dict[str, Any] = {
        "variable": str(values.name),
        "reference": float(reference),
        "n": sample.n,
        "n_missing": sample.n_missing,
    }
    trouble = _why_not(sample)
    if trouble:
        return StandardizedMean(**shared, state=trouble[0], reason=trouble[1])
    n, mean, sd = sample.n, sample.mean, math.sqrt(sample.variance)
    t = (mean - reference) / (sd / math.sqrt(n))
    return StandardizedMean(
        **shared,
        mean=mean,
        sd=sd,
        mean_interval=mean_interval(mean, sd / math.sqrt(n), n - 1, confidence_level=confidence_level),
        estimate=(mean - reference) / sd,
        interval=_d_interval(t, n - 1, 1 / math.sqrt(n), confidence_level),
        robust=_robust(sample, (mean - reference) / sd, confidence_level),
        statistic=t,
        df=float(n - 1),
        p_value=float(2 * stats.t.sf(abs(t), n - 1)),
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.group_tests.design_t_test",
    counts="sums",
)
def mean_difference(
    first: pd.Series,
    second: pd.Series,
    *,
    clusters_first: pd.Series | None = None,
    clusters_second: pd.Series | None = None,
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
    confidence_level: float = 0.95,
) -> MeanDifference:
    """Welch's comparison of two independent means with Hedges' g.

    Parameters
    ----------
    first, second : Series, shapes (n_first,) and (n_second,)
        Missing values are left out.
    clusters_first, clusters_second : Series, optional
        Branch of each respondent, for ``robust``; respondents without one are left out.
    counts_first, counts_second : array-like, optional
        Respondents that a row stands for.

    Notes
    -----
    ``g = J (mean_1 - mean_2) / s`` with the pooled standard deviation ``s`` and
    ``J = gamma(df / 2) / (sqrt(df / 2) gamma((df - 1) / 2))``, df = n_1 + n_2 - 2 (Hedges 1981); its
    interval inverts the noncentral t and is multiplied by ``J``, as R's effectsize does. ``robust`` adds up
    the influence values of both samples, with Welch's degrees of freedom.

    Examples
    --------
    >>> result = mean_difference(pd.Series([4, 5, 3, 4, 5.0], name="a"), pd.Series([3, 2, 4, 3.0], name="b"))
    >>> round(result.difference, 3), round(result.estimate, 4)
    (1.2, 1.2871)
    """
    a, b = _Sample.of(first, clusters_first, counts_first), _Sample.of(second, clusters_second, counts_second)
    shared: dict[str, Any] = {
        "first": str(first.name),
        "second": str(second.name),
        "n_first": a.n,
        "n_second": b.n,
        "n_missing_first": a.n_missing,
        "n_missing_second": b.n_missing,
    }
    for sample in (a, b):
        trouble = _why_not(sample, constant=False)
        if trouble:
            return MeanDifference(**shared, state=trouble[0], reason=trouble[1])
    if not a.varies and not b.varies:
        return MeanDifference(
            **shared,
            state="constant",
            reason="everybody in both samples gave one answer",
        )
    ea, eb = a.variance / a.n, b.variance / b.n
    std_error = math.sqrt(ea + eb)
    df = (ea + eb) ** 2 / (ea**2 / (a.n - 1) + eb**2 / (b.n - 1))
    difference = a.mean - b.mean
    t = difference / std_error
    pooled_df = a.n + b.n - 2
    pooled = math.sqrt((a.squares + b.squares) / pooled_df)
    per_unit = math.sqrt(a.n * b.n / (a.n + b.n))
    g_factor = small_sample_factor(pooled_df)
    limits = _d_interval(difference / pooled * per_unit, pooled_df, 1 / per_unit, confidence_level)
    return MeanDifference(
        **shared,
        mean_first=a.mean,
        mean_second=b.mean,
        interval_first=mean_interval(a.mean, math.sqrt(ea), a.n - 1, confidence_level=confidence_level),
        interval_second=mean_interval(b.mean, math.sqrt(eb), b.n - 1, confidence_level=confidence_level),
        difference=difference,
        std_error=std_error,
        difference_interval=mean_interval(difference, std_error, df, confidence_level=confidence_level),
        statistic=t,
        df=df,
        p_value=float(2 * stats.t.sf(abs(t), df)),
        estimate=g_factor * difference / pooled,
        interval=Interval(
            low=g_factor * limits.low, high=g_factor * limits.high, confidence_level=confidence_level
        ),
        robust=_robust_difference(a, b, g_factor * difference / pooled, pooled / g_factor, confidence_level),
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.means.weighted_mean of the difference",
    counts="sums",
)
def within_contrast(
    plus: pd.DataFrame,
    minus: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> WithinContrast:
    """Per person, the mean of the ``plus`` answers minus the mean of the ``minus`` answers.

    Persons with any of the answers missing are left out. ``d_z`` is the mean difference over the
    standard deviation of the differences. The Wilcoxon test drops zero differences and corrects the
    normal approximation for ties without a continuity correction (``wilcox.test(exact = FALSE,
    correct = FALSE)`` in R); for up to 200 respondents its exact p-value stands beside it
    (``coin::wilcoxsign_test(distribution = "exact", zero.method = "Wilcoxon")``). The rank-biserial
    correlation is the difference of the two rank sums over their total (Kerby 2014).

    Examples
    --------
    >>> plus, minus = pd.DataFrame({"a": [4, 5, 3, 4.0]}), pd.DataFrame({"b": [2, 3, 3, 1.0]})
    >>> round(within_contrast(plus, minus).estimate, 4)
    1.3908
    """
    both = plus.notna().all(axis="columns") & minus.notna().all(axis="columns")
    apart = plus.mean(axis="columns") - minus.mean(axis="columns")
    # rounded, so that equal means are ties whatever their order of summing
    sample = _Sample.of(apart.round(12).where(both), clusters, counts)
    shared: dict[str, Any] = {
        "plus": tuple(map(str, plus.columns)),
        "minus": tuple(map(str, minus.columns)),
        "n": sample.n,
        "n_missing": sample.n_missing,
    }
    trouble = _why_not(sample)
    if trouble:
        return WithinContrast(**shared, state=trouble[0], reason=trouble[1])
    n, mean, sd = sample.n, sample.mean, math.sqrt(sample.variance)
    t = mean / (sd / math.sqrt(n))
    rank_sum, p_value, biserial = signed_ranks(sample.values, sample.times)
    return WithinContrast(
        **shared,
        difference=mean,
        sd=sd,
        difference_interval=mean_interval(mean, sd / math.sqrt(n), n - 1, confidence_level=confidence_level),
        statistic=t,
        df=float(n - 1),
        p_value=float(2 * stats.t.sf(abs(t), n - 1)),
        estimate=mean / sd,
        interval=_d_interval(t, n - 1, 1 / math.sqrt(n), confidence_level),
        robust=_robust(sample, mean / sd, confidence_level),
        wilcoxon=rank_sum,
        wilcoxon_p_value=p_value,
        wilcoxon_exact_p_value=_exact_signed_rank(sample.values, sample.times),
        rank_biserial=biserial,
    )


@no_estimate("arithmetic")
def small_sample_factor(df: float) -> float:
    """Hedges' exact correction of the bias of d.

    >>> round(small_sample_factor(10), 6)
    0.922746
    """
    return math.exp(gammaln(df / 2) - math.log(math.sqrt(df / 2)) - gammaln((df - 1) / 2))


def _d_interval(statistic: float, df: float, per_noncentrality: float, level: float) -> Interval:
    low, high = t_noncentrality(statistic, df, confidence_level=level)
    return Interval(low=low * per_noncentrality, high=high * per_noncentrality, confidence_level=level)


def _why_not(sample: _Sample, *, constant: bool = True) -> tuple[str, str] | None:
    if sample.n < 2:
        return "too_few", f"{sample.n} answers; at least 2 are needed"
    if constant and not sample.varies:
        return "constant", "the values do not vary"
    return None


def _exact_signed_rank(values: Array, times: Array) -> float | None:
    if times.sum() > MOST:
        return None
    return exact_signed_rank(np.repeat(values, times.astype(int)))


def signed_ranks(difference: Array, times: Array | None = None) -> tuple[float, float, float]:
    """Sum of the ranks of positive differences, its p-value, and the rank-biserial correlation.

    Zeros are dropped; the normal approximation is corrected for ties, without continuity correction.
    ``times`` are the respondents behind each difference.

    >>> signed_ranks(np.array([2.0, 1.0, -1.0, 3.0]))[0]
    8.5
    """
    own = np.ones(len(difference)) if times is None else times
    nonzero = difference[difference != 0]
    up, down = (
        Tally.of(np.abs(nonzero[side]), own[difference != 0][side]) for side in (nonzero > 0, nonzero < 0)
    )
    table = answer_table([up, down])
    ties = table.sum(axis=0)
    m, ranks = float(ties.sum()), mid_ranks(ties)
    above, total = float(table[0] @ ranks), m * (m + 1) / 2
    variance = m * (m + 1) * (2 * m + 1) / 24 - float((ties**3 - ties).sum()) / 48
    z = (above - total / 2) / math.sqrt(variance)
    return above, float(2 * stats.norm.sf(abs(z))), (2 * above - total) / total
