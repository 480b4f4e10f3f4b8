"""The same questions asked again: what changed from wave to wave."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from analysis.adjust import holm
from analysis.design.design import Design
from analysis.design.estimates import t_quantile, why_not
from analysis.design.linearization import Linearized, estimated
from analysis.design.wald import f_test
from analysis.results import Entry, Interval, Tabular
from analysis.waves.tests import (
    OverallTest,
    homogeneity,
    mean_of_wave,
    share_change,
    share_of_wave,
    welch_anova,
    welch_change,
)
from analysis.weighting import takes_weights

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

Measure = Literal["mean", "share"]
#: ``previous``: every wave against the one before. ``first``: every later wave against the first.
Against = Literal["previous", "first"]

#: What stands for each measure, without and with a sampling design.
METHODS = {
    ("mean", False): "means per wave, Welch's t between waves",
    ("mean", True): "means per wave, variance of the design",
    ("share", False): "shares per wave, Wilson's and Newcombe's intervals, pooled z between waves",
    ("share", True): "shares per wave, variance of the design",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveEstimate:
    """A mean or share in one wave."""

    wave: str
    n: int
    n_missing: int  #: respondents of the wave without an answer
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveChange:
    """A later wave less an earlier one."""

    earlier: str
    later: str
    n: int
    estimate: float | None = None
    std_error: float | None = None
    statistic: float | None = None
    df: float | None = None  #: infinite for z
    p_value: float | None = None
    p_adjusted: float | None = None  #: Holm's, over the changes of the trend or the table
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveTrend(Tabular):
    """A mean or share in all waves, the changes between them, and a test of all."""

    variable: str
    measure: Measure
    method: str
    n: int
    waves: tuple[WaveEstimate, ...]
    changes: tuple[WaveChange, ...]
    overall: OverallTest
    codes: tuple[float, ...] = ()  #: of a share: the answers that count

    def entries(self) -> tuple[Entry, ...]:
        """Every wave, then every change, then the test of all waves."""
        return tuple(self._entries())

    def _entries(self) -> Iterator[Entry]:
        about = {"variable": self.variable}
        if self.codes:
            about["codes"] = ", ".join(f"{code:g}" for code in self.codes)
        for wave in self.waves:
            yield Entry(
                measure=self.measure,
                method=self.method,
                about=about | {"wave": wave.wave},
                n=wave.n,
                estimate=wave.estimate,
                std_error=wave.std_error,
                interval=wave.interval,
                more={"n_missing": wave.n_missing},
                state=wave.state,
                reason=wave.reason,
            )
        for change in self.changes:
            yield Entry(
                measure=f"{self.measure}_change",
                method=self.method,
                about=about | {"wave": change.later, "against": change.earlier},
                n=change.n,
                estimate=change.estimate,
                std_error=change.std_error,
                statistic=change.statistic,
                df=() if change.df is None or math.isinf(change.df) else (change.df,),
                p_value=change.p_value,
                interval=change.interval,
                more={} if change.p_adjusted is None else {"p_adjusted": change.p_adjusted},
                state=change.state,
                reason=change.reason,
            )
        yield Entry(
            measure=f"{self.measure}_differs_between_waves",
            method=self.overall.method,
            about=about,
            n=self.n,
            statistic=self.overall.statistic,
            df=self.overall.df,
            p_value=self.overall.p_value,
            state=self.overall.state,
            reason=self.overall.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendTable(Tabular):
    """Trends of several items, their changes corrected together."""

    trends: tuple[WaveTrend, ...]

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for trend in self.trends for entry in trend.entries())


@takes_weights(
    "design", counts="given", how="means of the waves and their changes", reference="survey::svymean"
)
def mean_trend(
    values: pd.Series,
    waves: pd.Series,
    *,
    design: Design | None = None,
    against: Against = "previous",
    confidence_level: float = 0.95,
) -> WaveTrend:
    """Means per wave with tests between waves.

    Without a design each wave is a simple random sample of its own: Student's interval in a wave, Welch's
    t-test and interval between two, Welch's analysis of variance over all. With a design all variances are
    the design's. Where the same respondents answer again, give a design whose clusters are the respondents
    (``survey_design(n_rows=..., clusters=respondent)``): their answers then stand together, and a change is
    tested within respondents.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        One row for each respondent and wave; NaN for no answer.
    waves : Series of category dtype, shape (n_rows,)
        The categories are the waves in their order. Rows without a wave are left out.
    design : SurveyDesign or ReplicateDesign, optional
        Of all rows of all waves.
    against : {"previous", "first"}

    Returns
    -------
    WaveTrend
        A wave without answers is ``too_few``, one whose answers are all the same ``constant`` (its mean stays
        known, its interval does not).

    Examples
    --------
    >>> values = pd.Series([3, 4, 3, 5, 4, 5, 5, 4.0], name="SAT")
    >>> waves = pd.Series(pd.Categorical(["2024"] * 4 + ["2025"] * 4))
    >>> change = mean_trend(values, waves).changes[0]
    >>> change.estimate, round(change.statistic, 4), round(change.p_value, 4)
    (0.75, 1.3416, 0.2382)
    """
    y: Array = values.to_numpy(dtype=float)
    names, codes = _waves(values, waves)
    if np.isinf(y).any():
        raise ValueError(f"{values.name}: answers must be finite numbers; code infinity as missing")
    pairs = _pairs(len(names), against)
    if design is None:
        own = [y[(codes == w) & ~np.isnan(y)] for w in range(len(names))]
        rows = [mean_of_wave(a, confidence_level) for a in own]
        changes = [welch_change(own[i], own[j], confidence_level) for i, j in pairs]
        overall = welch_anova(own)
    else:
        rows, changes, overall = _by_design(y, codes, len(names), pairs, design, "mean", confidence_level)
    return _trend(str(values.name), "mean", y, names, codes, rows, changes, pairs, overall, design)


@takes_weights(
    "design", counts="given", how="shares of the waves and their changes", reference="survey::svymean"
)
def share_trend(
    values: pd.Series,
    waves: pd.Series,
    *,
    codes: Collection[float],
    design: Design | None = None,
    against: Against = "previous",
    confidence_level: float = 0.95,
) -> WaveTrend:
    """Share of answers among some codes, such as the top two boxes, per wave with tests between waves.

    Without a design: Wilson's interval in a wave; between two waves the z-test with the pooled share (the
    square root of Pearson's chi-square) and Newcombe's interval [1]_; Pearson's chi-square over all. With a
    design: logit intervals in a wave, differences and tests with the design's variances, as in
    :func:`mean_trend`, which has the other parameters and the advice on respondents who answer again.

    Parameters
    ----------
    codes : collection of numbers
        Answers that count.

    Returns
    -------
    WaveTrend
        A change is ``constant`` when all or none of both waves gave these answers.

    References
    ----------
    .. [1] Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions.
       Statistics in Medicine, 17, 873-890.

    Examples
    --------
    >>> values = pd.Series([3, 4, 3, 5, 4, 5, 5, 4.0], name="SAT")
    >>> waves = pd.Series(pd.Categorical(["2024"] * 4 + ["2025"] * 4))
    >>> change = share_trend(values, waves, codes=(4, 5)).changes[0]
    >>> change.estimate, round(change.statistic, 4), round(change.p_value, 4)
    (0.5, 1.633, 0.1025)
    """
    y: Array = values.to_numpy(dtype=float)
    if not codes:
        raise ValueError(f"{values.name}: codes names no answer; name those whose share is wanted")
    names, which = _waves(values, waves)
    marks = np.where(np.isnan(y), np.nan, np.isin(y, list(codes)).astype(float))
    pairs = _pairs(len(names), against)
    if design is None:
        own = [marks[(which == w) & ~np.isnan(y)] for w in range(len(names))]
        rows = [share_of_wave(a, confidence_level) for a in own]
        changes = [share_change(own[i], own[j], confidence_level) for i, j in pairs]
        overall = homogeneity(own)
    else:
        rows, changes, overall = _by_design(
            marks, which, len(names), pairs, design, "share", confidence_level
        )
    trend = _trend(str(values.name), "share", marks, names, which, rows, changes, pairs, overall, design)
    return replace(trend, codes=tuple(sorted(codes)))


@takes_weights("design", counts="given", how="trends of several items", reference="survey::svymean")
def trend_table(
    items: pd.DataFrame,
    waves: pd.Series,
    *,
    codes: Collection[float] | None = None,
    design: Design | None = None,
    against: Against = "previous",
    confidence_level: float = 0.95,
) -> TrendTable:
    """Trends of several items; Holm's correction runs over the changes of all of them.

    Parameters
    ----------
    items : DataFrame, shape (n_rows, n_items)
    codes : collection of numbers, optional
        Shares of these answers instead of means.

    Examples
    --------
    >>> items = pd.DataFrame({"A": [3, 4, 3, 5, 4, 5, 5, 4.0], "B": [3, 1, 3, 2, 4, 5, 4, 4.0]})
    >>> waves = pd.Series(pd.Categorical(["2024"] * 4 + ["2025"] * 4))
    >>> [round(trend.changes[0].p_adjusted, 4) for trend in trend_table(items, waves).trends]
    [0.2382, 0.0334]
    """
    shared: dict[str, Any] = {"design": design, "against": against, "confidence_level": confidence_level}
    trends = [
        mean_trend(items[name], waves, **shared)
        if codes is None
        else share_trend(items[name], waves, codes=codes, **shared)
        for name in items.columns
    ]
    adjusted = iter(holm([change.p_value for trend in trends for change in trend.changes]))
    return TrendTable(
        trends=tuple(
            replace(trend, changes=tuple(replace(c, p_adjusted=next(adjusted)) for c in trend.changes))
            for trend in trends
        )
    )


def _waves(values: pd.Series, waves: pd.Series) -> tuple[list[str], npt.NDArray[np.int64]]:
    if not isinstance(waves.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"waves is {waves.dtype}, categories in the order of the waves are expected: use pd.Categorical"
        )
    if not values.index.equals(waves.index):
        raise ValueError(f"{values.name} and the waves have different indexes; take both from one frame")
    if len(waves.cat.categories) < 2:
        raise ValueError(f"a trend needs 2 waves, there are {len(waves.cat.categories)}")
    codes: npt.NDArray[np.int64] = np.asarray(waves.cat.codes, dtype=np.int64)
    return [str(name) for name in waves.cat.categories], codes


def _pairs(count: int, against: Against) -> list[tuple[int, int]]:
    return [(later - 1 if against == "previous" else 0, later) for later in range(1, count)]


def _trend(
    variable: str,
    measure: Measure,
    y: Array,
    names: Sequence[str],
    codes: npt.NDArray[np.int64],
    rows: Sequence[dict[str, Any]],
    changes: Sequence[dict[str, Any]],
    pairs: Sequence[tuple[int, int]],
    overall: OverallTest,
    design: Design | None,
) -> WaveTrend:
    waves = tuple(
        WaveEstimate(wave=name, n_missing=int(((codes == w) & np.isnan(y)).sum()), **row)
        for w, (name, row) in enumerate(zip(names, rows, strict=True))
    )
    adjusted = holm([change.get("p_value") for change in changes])
    return WaveTrend(
        variable=variable,
        measure=measure,
        method=METHODS[measure, design is not None],
        n=sum(wave.n for wave in waves),
        waves=waves,
        changes=tuple(
            WaveChange(earlier=names[i], later=names[j], n=waves[i].n + waves[j].n, p_adjusted=p, **change)
            for (i, j), change, p in zip(pairs, changes, adjusted, strict=True)
        ),
        overall=overall,
    )


def _by_design(
    y: Array,
    codes: npt.NDArray[np.int64],
    count: int,
    pairs: Sequence[tuple[int, int]],
    design: Design,
    measure: Measure,
    level: float,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], OverallTest]:
    """Means of all waves from one set of influence values, so that respondents in two waves are seen."""
    if design.n_rows != len(y):
        raise ValueError(f"the design has {design.n_rows} rows, the answers {len(y)}; give that of all rows")
    known: Mask = (codes >= 0) & ~np.isnan(y)
    inside = np.stack([(codes == w) & known for w in range(count)], axis=1)
    filled = np.where(known, y, 0.0)
    own_n = [design.respondents(np.asarray(inside[:, w])) for w in range(count)]
    empty = np.array(own_n) == 0

    def means(weights: Array) -> Linearized:
        parts = inside * weights[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = np.where(empty, 0.0, parts / parts.sum(axis=0))
        found = filled @ shares
        return Linearized(estimate=found, influence=shares * (filled[:, None] - found), used=known)

    fitted = estimated(design, means)
    rows, changes = [], []
    for w in range(count):
        df = design.degrees_of_freedom(np.asarray(inside[:, w]))
        row = _inferred(float(fitted.estimate[w]), float(fitted.covariance[w, w]), df, own_n[w], level)
        row = {key: row[key] for key in row if key not in ("statistic", "df", "p_value")} | {"n": own_n[w]}
        p, error = row.get("estimate"), row.get("std_error")
        if measure == "share" and row.get("interval") is not None and p is not None and error is not None:
            reach = t_quantile(df, level) * error / (p * (1 - p))
            ends = [1 / (1 + math.exp(-(math.log(p / (1 - p)) + side * reach))) for side in (-1, 1)]
            row["interval"] = Interval(low=ends[0], high=ends[1], confidence_level=level)
        rows.append(row)
    for i, j in pairs:
        both = np.asarray(inside[:, i] | inside[:, j])
        step = np.zeros(count)
        step[[i, j]] = -1.0, 1.0
        change = float(fitted.estimate[j] - fitted.estimate[i])
        at = np.ix_([i, j], [i, j])
        variance = float(step[[i, j]] @ fitted.covariance[at] @ step[[i, j]])
        df = design.degrees_of_freedom(both)
        changes.append(_inferred(change, variance, df, min(own_n[i], own_n[j]), level))
    return rows, changes, _joint(fitted.estimate, fitted.covariance, own_n, fitted.df, fitted.n)


def _inferred(estimate: float, variance: float, df: float, n: int, level: float) -> dict[str, Any]:
    if n == 0:
        return {"state": "too_few", "reason": "no respondent of positive weight answered in the wave"}
    if not math.isfinite(variance):
        reason = "one of the replicates leaves a wave without respondents"
        return {"estimate": estimate, "state": "too_few", "reason": reason}
    error = math.sqrt(max(variance, 0.0))
    state, reason = why_not(error, df)
    if state != "ok":
        return {"estimate": estimate, "state": state, "reason": reason}
    reach = t_quantile(df, level) * error
    return {
        "estimate": estimate,
        "std_error": error,
        "statistic": estimate / error,
        "df": df,
        "p_value": float(2 * student.sf(abs(estimate / error), df)),
        "interval": Interval(low=estimate - reach, high=estimate + reach, confidence_level=level),
    }


def _joint(estimate: Array, covariance: Array, own_n: Sequence[int], df: float, n: int) -> OverallTest:
    method = "Wald F of the design"
    if min(own_n) == 0:
        return OverallTest(method=method, state="too_few", reason="nobody answered in one of the waves")
    if not np.isfinite(covariance).all():
        reason = "one of the replicates leaves a wave without respondents"
        return OverallTest(method=method, state="too_few", reason=reason)
    q = len(estimate) - 1
    steps = np.column_stack([-np.ones(q), np.eye(q)])
    test = f_test(
        steps @ estimate, steps @ covariance @ steps.T, df - q, measure="", method="", about={}, n=n
    )
    return OverallTest(
        method=method,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        state=test.state,
        reason=test.reason,
    )
