"""Effects by ranks, on the scale of the effects by means that they stand beside.

Each effect here answers the question of an effect of means without its arithmetic on answer codes, and is
carried to the unit of that effect, so that one smallest effect of interest serves both. The unit is
translated as it would be for normal answers:

=============================  ====================================  ==================================
effect by ranks                 its twin                              translated by
=============================  ====================================  ==================================
Cliff's delta                   Cohen's d of two groups [1]_          ``d = sqrt(2) q((delta + 1) / 2)``
rank-biserial, one sample       d_z, or d from a reference point      ``d = q((r + 1) / 2) / sqrt(2)``
linear trend over groups        Kendall's tau [2]_                    ``tau = 2 / pi asin(r)``
coefficient on ranks            standardised coefficient              the same unit
=============================  ====================================  ==================================

with ``q`` the normal quantile. Standard errors follow by the delta method.

References
----------
.. [1] Ruscio, J. (2008). A probability-based measure of effect size: robustness to base rates and other
   factors. Psychological Methods, 13, 19-30.
.. [2] Kruskal, W. H. (1958). Ordinal measures of association. Journal of the American Statistical
   Association, 53, 814-861.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts, written_out
from analysis.descriptives import mean_interval
from analysis.means import signed_ranks
from analysis.rank_influence import rank_coefficients, rank_influence
from analysis.regression import complete_cases, regress
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]
#: From an effect in its own unit to that of its twin, and the slope there.
Translation = Callable[[float], tuple[float, float]]

SURE = 1e-9  #: distance from -1 or 1 below which an effect by ranks has no twin
LEAST_PARTS = 3  #: respondents, or clusters, below which there is no error


@dataclass(frozen=True, slots=True, kw_only=True)
class RankVersion(Tabular):
    """An effect by ranks, in its own unit and in that of its twin."""

    measure: str
    method: str
    n: int
    own_estimate: float | None = None  #: in the unit of ``measure``
    own_std_error: float | None = None
    estimate: float | None = None  #: in the unit of the effect by means
    std_error: float | None = None
    df: float | None = None
    interval: Interval | None = None  #: of ``estimate``, by Student's t
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        own = {} if self.own_std_error is None else {"own_std_error": self.own_std_error}
        return (
            Entry(
                measure=self.measure,
                method=self.method,
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                df=() if self.df is None else (self.df,),
                interval=self.interval,
                more={**own, **({} if self.own_estimate is None else {"own_estimate": self.own_estimate})},
                state=self.state,
                reason=self.reason,
            ),
        )


@no_estimate("arithmetic")
def unit_of_d(delta: float) -> tuple[float, float]:
    """Cliff's delta as the d of two normal groups that has it, and the slope.

    >>> round(unit_of_d(0.2)[0], 4)
    0.3583
    """
    quantile = float(stats.norm.ppf((delta + 1) / 2))
    return math.sqrt(2) * quantile, 1 / (math.sqrt(2) * float(stats.norm.pdf(quantile)))


@no_estimate("arithmetic")
def unit_of_d_z(biserial: float) -> tuple[float, float]:
    """The rank-biserial correlation of one sample as the d of normal differences that has it, and the slope.

    >>> round(unit_of_d_z(0.2)[0], 4)
    0.1791
    """
    quantile = float(stats.norm.ppf((biserial + 1) / 2))
    return quantile / math.sqrt(2), 1 / (2 * math.sqrt(2) * float(stats.norm.pdf(quantile)))


@no_estimate("arithmetic")
def unit_of_tau(correlation: float) -> tuple[float, float]:
    """A correlation as the tau of a normal pair that has it, and the slope.

    >>> round(unit_of_tau(0.5)[0], 4)
    0.3333
    """
    return 2 / math.pi * math.asin(correlation), 2 / math.pi / math.sqrt(1 - correlation**2)


@no_estimate("arithmetic")
def same_unit(value: float) -> tuple[float, float]:
    """An effect that is already in the unit of its twin, and the slope.

    >>> same_unit(0.2)
    (0.2, 1.0)
    """
    return value, 1.0


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.weighted.ranks.weighted_cliffs_delta",
    counts="rows",
)
def cliffs_delta(
    first: pd.Series,
    second: pd.Series,
    *,
    clusters_first: pd.Series | None = None,
    clusters_second: pd.Series | None = None,
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
    confidence_level: float = 0.95,
) -> RankVersion:
    """Cliff's delta of two independent groups, first against second, in the unit of d.

    Parameters
    ----------
    first, second : Series, shapes (n_first,) and (n_second,)
        Missing values are left out.
    clusters_first, clusters_second : Series, optional
        Branch of each respondent; respondents without one are left out.
    counts_first, counts_second : array-like, optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    The error is that of Brunner and Munzel's placements; with clusters, placements less their mean are
    summed within clusters first. Without clusters, ``own_estimate`` and ``own_std_error`` are those of
    ``analysis.two_groups.compare_two``.

    Examples
    --------
    >>> gold, basic = pd.Series([4, 5, 3, 4, 5, 4.0]), pd.Series([3, 2, 4, 3, 3, 1.0])
    >>> found = cliffs_delta(gold, basic)
    >>> round(found.own_estimate, 4), round(found.estimate, 4)
    (0.7778, 1.7262)
    """
    first, clusters_first = written_out(first, counts_first), written_out(clusters_first, counts_first)
    second, clusters_second = (
        written_out(second, counts_second),
        written_out(clusters_second, counts_second),
    )
    a, codes_a = _given(first, clusters_first)
    b, codes_b = _given(second, clusters_second)
    shared: dict[str, Any] = {
        "measure": "cliffs_delta",
        "method": "Cliff's delta, placements" + _by_clusters(codes_a is not None or codes_b is not None),
        "n": len(a) + len(b),
    }
    if min(len(a), len(b)) < 2:
        reason = f"{len(a)} and {len(b)} answers; each group needs at least 2"
        return RankVersion(**shared, state="too_few", reason=reason)
    together = stats.rankdata(np.concatenate([a, b]))
    over_b = (together[: len(a)] - stats.rankdata(a)) / len(b)
    over_a = (together[len(a) :] - stats.rankdata(b)) / len(a)
    variances, parts = [], []
    for placements, codes in ((over_b, codes_a), (over_a, codes_b)):
        sums = _summed(placements - placements.mean(), codes) / len(placements)
        parts.append(len(sums))
        variances.append(float((sums**2).sum()) * len(sums) / max(len(sums) - 1, 1))
    if min(parts) < 2:
        return RankVersion(**shared, state="too_few", reason="a group lies in one cluster")
    variance = sum(variances)
    weight = sum(v**2 / (m - 1) for v, m in zip(variances, parts, strict=True))
    df = variance**2 / weight if weight > 0 else 1.0
    own = 2 * float(over_b.mean()) - 1
    return translated(shared, own, 2 * math.sqrt(variance), df, unit_of_d, confidence_level)


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.weighted.ranks.weighted_rank_biserial",
    counts="rows",
)
def rank_biserial(
    differences: pd.Series,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> RankVersion:
    """The rank-biserial correlation of differences from zero, in the unit of d_z.

    Parameters
    ----------
    differences : Series, shape (n_respondents,)
        Of two answers of one person, or of an answer from a reference point. Missing values are left out;
        zeros are dropped, as Wilcoxon's test does, but counted in ``n``.
    clusters : Series, optional
        Branch of each respondent; respondents without one are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    ``r = sum of sign(d_i + d_j) over i <= j, over m (m + 1) / 2``: the signed-rank statistic counts Walsh
    averages. Its error is that of a U statistic: twice the standard deviation of ``h_i``, the mean of
    ``sign(d_i + d_j)`` over j, over ``sqrt(m)``; with clusters, ``h_i`` is summed within them.

    Examples
    --------
    >>> found = rank_biserial(pd.Series([2, 1, -1, 3, 0, 1, 2.0]))
    >>> round(found.own_estimate, 4), found.n
    (0.8095, 7)
    """
    differences, clusters = written_out(differences, counts), written_out(clusters, counts)
    values, codes = _given(differences, clusters)
    values = np.round(values, 12)
    kept = values != 0
    nonzero = values[kept]
    shared: dict[str, Any] = {
        "measure": "rank_biserial",
        "method": "rank-biserial correlation, Walsh averages" + _by_clusters(codes is not None),
        "n": len(values),
    }
    m = len(nonzero)
    if m < LEAST_PARTS:
        return RankVersion(**shared, state="too_few", reason=f"{m} differences that are not zero")
    ordered = np.sort(nonzero)
    above = m - np.searchsorted(ordered, -nonzero, side="right")
    share = (above - np.searchsorted(ordered, -nonzero, side="left")) / m
    sums = _summed(2 * (share - share.mean()), None if codes is None else codes[kept])
    if len(sums) < LEAST_PARTS:
        return RankVersion(**shared, state="too_few", reason=f"{len(sums)} clusters")
    error = math.sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1)) / m
    own = signed_ranks(nonzero)[2]
    return translated(shared, own, error, float(len(sums) - 1), unit_of_d_z, confidence_level)


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.weighted.ranks.weighted_linear_trend",
    counts="rows",
)
def linear_trend(
    outcome: pd.Series,
    groups: pd.Series,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> RankVersion:
    """Linear contrast of an outcome over ordered groups one step apart, in the unit of tau.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    groups : Series of ordered Categorical, shape (n_respondents,)
    clusters : Series, optional
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    The correlation of the outcome with the position of the group, with the distribution-free or
    cluster-robust error of ``analysis.regression.regress``. Of the pair, it is tau-b that goes by ranks.
    """
    outcome, groups, clusters = (
        written_out(outcome, counts),
        written_out(groups, counts),
        written_out(clusters, counts),
    )
    position = pd.Series(groups.cat.codes.astype(float), index=groups.index, name=str(groups.name))
    steps = position.where(position >= 0).to_frame()
    found = regress(outcome, steps, clusters=clusters, confidence_level=confidence_level)
    shared: dict[str, Any] = {
        "measure": "linear_trend",
        "method": f"linear trend over groups, {found.method}",
        "n": found.n,
    }
    if found.state != "ok" or found.df is None:
        return RankVersion(**shared, state=found.state, reason=found.reason)
    term = found.terms[0]
    return translated(shared, term.estimate, term.std_error, found.df, unit_of_tau, confidence_level)


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.weighted.ranks.weighted_rank_coefficient",
    counts="rows",
)
def rank_coefficient(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> RankVersion:
    """Standardised coefficient of the first predictor when all variables are replaced by their ranks.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
    clusters : Series, optional
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    With one predictor this is Spearman's correlation. Ranks are estimated too, and an error that takes
    them for given numbers is wrong: influence values hold what a respondent does to everybody's ranks
    (:func:`analysis.rank_influence.rank_influence`). With clusters, one at a time is left out and the others
    are ranked anew.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6.0], "y": [1, 3, 2, 5, 4, 40.0]})
    >>> round(rank_coefficient(data["y"], data[["x"]]).estimate, 4)
    0.8857
    """
    outcome, predictors, clusters = (
        written_out(outcome, counts),
        written_out(predictors, counts),
        written_out(clusters, counts),
    )
    design = complete_cases(outcome, predictors, clusters)
    n, k = design.x.shape
    data = np.column_stack([design.y, design.x])
    shared: dict[str, Any] = {
        "measure": "rank_coefficient",
        "method": "OLS on ranks" + _by_clusters(clusters is not None),
        "n": n,
    }
    parts = n if design.clusters is None else int(design.clusters.max(initial=-1)) + 1
    if n < k + 3 or parts < k + 2:
        reason = f"{n} respondents{'' if clusters is None else f' in {parts} clusters'} for {k} predictors"
        return RankVersion(**shared, state="too_few", reason=reason)
    if (np.ptp(data, axis=0) == 0).any():
        return RankVersion(**shared, state="constant", reason="the outcome or a predictor does not vary")
    ranks = stats.rankdata(data, axis=0)
    if np.linalg.cond(np.corrcoef(ranks[:, 1:], rowvar=False).reshape(k, k)) > 1e10:
        return RankVersion(
            **shared, state="inadmissible", reason="ranks of some predictors are combinations of others"
        )
    even = np.full(n, 1 / n)
    own = rank_coefficients(data, even)[0]
    if design.clusters is None:
        influence = rank_influence(data, even)
        error = math.sqrt(float((influence**2).sum()) / (n * (n - k - 1)))
        df = float(n - k - 1)
    else:
        without = [data[design.clusters != g] for g in range(parts)]
        if any((np.ptp(part, axis=0) == 0).any() for part in without):
            return RankVersion(**shared, state="constant", reason="a variable varies in one cluster alone")
        values = np.array([rank_coefficients(part, np.full(len(part), 1 / len(part)))[0] for part in without])
        error = math.sqrt((parts - 1) / parts * float(((values - values.mean()) ** 2).sum()))
        df = float(parts - 1)
    return translated(shared, float(own), error, df, same_unit, confidence_level)


@no_estimate("arithmetic")
def translated(
    shared: Mapping[str, Any],
    own: float,
    own_error: float,
    df: float,
    translation: Translation,
    level: float,
) -> RankVersion:
    """An effect by ranks with its error, carried to the unit of its twin by the delta method.

    Parameters
    ----------
    shared : mapping
        ``measure``, ``method`` and ``n``.

    Returns
    -------
    RankVersion
        ``state`` is ``no_error`` where the order is perfect or the error nought.

    Examples
    --------
    >>> about = {"measure": "cliffs_delta", "method": "placements", "n": 60}
    >>> found = translated(about, 0.2, 0.1, 58.0, unit_of_d, 0.95)
    >>> round(found.estimate, 4), round(found.std_error, 4)
    (0.3583, 0.183)
    """
    if abs(own) > 1 - SURE or own_error < SURE:
        reason = "the order is perfect, or all who differ differ alike, so that the effect has no error"
        return RankVersion(**shared, own_estimate=own, state="no_error", reason=reason)
    estimate, slope = translation(own)
    error = own_error * slope
    return RankVersion(
        **shared,
        own_estimate=own,
        own_std_error=own_error,
        estimate=estimate,
        std_error=error,
        df=df,
        interval=mean_interval(estimate, error, df, confidence_level=level),
    )


def _given(values: pd.Series, clusters: pd.Series | None) -> tuple[Array, npt.NDArray[np.int64] | None]:
    kept = values.notna() if clusters is None else values.notna() & clusters.notna()
    codes = None if clusters is None else pd.factorize(clusters[kept])[0].astype(np.int64)
    return values[kept].to_numpy(dtype=float), codes


def _summed(values: Array, codes: npt.NDArray[np.int64] | None) -> Array:
    if codes is None:
        return values
    sums = np.bincount(codes, weights=values)
    return np.asarray(sums[np.bincount(codes) > 0], dtype=float)


def _by_clusters(clustered: bool) -> str:
    return ", cluster-robust error" if clustered else ""
