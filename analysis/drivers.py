"""Key drivers: how much of an outcome goes with its drivers together, and with each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.bootstrap import BootstrapDistribution, estimable, resampled_correlations
from analysis.counted_rows import Counts, written_out
from analysis.minimum_effect import Tail, t_tail
from analysis.regression import (
    Regression,
    complete_cases,
    delete_cluster_errors,
    leverages,
    regress,
)
from analysis.results import Entry, Interval, Tabular
from analysis.squared_effects import SquaredEffect
from analysis.weighting import no_estimate, refuses_weights, step_of

WEIGHTING = step_of("analysis.drivers.key_drivers")

Array = npt.NDArray[np.float64]

MAX_DRIVERS = 12  #: all subsets of drivers are visited


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One driver of the outcome."""

    name: str
    lmg: float  #: average gain in R squared over all orders of entry
    lmg_share: float  #: of R squared
    lmg_interval: Interval  #: of ``lmg``
    relative_weight: float  #: Johnson's
    relative_weight_interval: Interval
    performance: float | None  #: mean on 0 to 100 of the scale, where bounds were given


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDrivers(Tabular):
    """Regression of an outcome on its drivers with their relative importance."""

    outcome: str
    regression: Regression
    n: int
    r_squared: float | None = None
    adjusted_r_squared: float | None = None
    std_error: float | None = None  #: of R squared, by the jackknife
    interval: Interval | None = None
    drivers: tuple[Driver, ...] = ()
    errors: str = ""  #: where errors are not those of jackknife and bootstrap, what they are
    state: str = "ok"
    reason: str = ""

    def tail(self) -> Tail | None:
        """Tail function of R squared, the dual of its interval."""
        if self.adjusted_r_squared is None or self.std_error is None or self.regression.df is None:
            return None
        return r_squared_tail(self.adjusted_r_squared, self.std_error, self.regression.df)

    def entries(self) -> tuple[Entry, ...]:
        rows = [
            Entry(
                measure="adjusted_r_squared",
                method=f"OLS, {self.errors or 'jackknife'} interval on Fisher's z scale",
                about={"outcome": self.outcome},
                n=self.n,
                estimate=self.adjusted_r_squared,
                std_error=self.std_error,
                interval=self.interval,
                more={} if self.r_squared is None else {"r_squared": self.r_squared},
                state=self.state,
                reason=self.reason,
            ),
            *self.regression.entries(),
        ]
        for driver in self.drivers:
            about = {"outcome": self.outcome, "driver": driver.name}
            more = {} if driver.performance is None else {"performance": driver.performance}
            rows.append(
                Entry(
                    measure="lmg",
                    method=f"LMG, {self.errors or 'percentile bootstrap'}",
                    about=about,
                    n=self.n,
                    estimate=driver.lmg,
                    interval=driver.lmg_interval,
                    more={"share": driver.lmg_share, **more},
                )
            )
            rows.append(
                Entry(
                    measure="relative_weight",
                    method=f"Johnson's relative weights, {self.errors or 'percentile bootstrap'}",
                    about=about,
                    n=self.n,
                    estimate=driver.relative_weight,
                    interval=driver.relative_weight_interval,
                )
            )
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedValue(Tabular):
    """What further predictors add to the variance explained."""

    outcome: str
    base: tuple[str, ...]
    added: tuple[str, ...]
    n: int
    n_missing: int
    r_squared_base: float | None = None
    r_squared_full: float | None = None
    estimate: float | None = None  #: gain in adjusted R squared
    std_error: float | None = None  #: by the jackknife
    interval: Interval | None = None  #: of the gain in the population, which is not negative
    statistic: float | None = None  #: F of the change
    df: tuple[float, ...] = ()
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    def tail(self) -> Tail | None:
        """Tail function of the gain, the dual of its interval."""
        if self.r_squared_full is None or self.r_squared_base is None or not self.std_error:
            return None
        gain = self.r_squared_full - self.r_squared_base
        effect = SquaredEffect(estimate=gain, std_error=self.std_error, df=len(self.added))
        return lambda value, upper: effect.tail(value, upper=upper)

    def entries(self) -> tuple[Entry, ...]:
        about = {"outcome": self.outcome, "base": "+".join(self.base), "added": "+".join(self.added)}
        more = {
            name: value
            for name, value in (
                ("r_squared_base", self.r_squared_base),
                ("r_squared_full", self.r_squared_full),
            )
            if value is not None
        }
        return (
            Entry(
                measure="gain_in_r_squared",
                method="nested OLS models, jackknife interval",
                about=about,
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                statistic=self.statistic,
                df=self.df,
                p_value=self.p_value,
                interval=self.interval,
                more=more,
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its errors come from leaving out or drawing respondents of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def key_drivers(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> KeyDrivers:
    """Relative importance of drivers.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_drivers)
        At most 12 drivers.
    bounds : mapping, optional
        Driver -> lowest and highest point of its scale, for ``performance``.
    clusters : Series, optional
        Whole clusters are resampled, and errors are cluster-robust.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    LMG averages a driver's gain in R squared over all orders of entry (Grömping 2007); the values add
    up to R squared. Johnson's relative weights (2000) pass through orthogonal counterparts of the
    drivers; resamples in which some drivers are exact combinations of others are left out, and the
    state says so if they are more than one in twenty. The interval of R squared is centred on the
    adjusted value, on Fisher's z scale of the multiple correlation, with the error of the jackknife that
    leaves out one respondent (or cluster) at a time. In simulations with 4 and 8 drivers of normal and
    5-point answers it covered the true R squared of 0.02 to 0.8 in 93 to 98 % of samples of 60 to 300, and
    of heavy-tailed ones (t, 5 df) in 92 % and more from 150 respondents on.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> x = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    >>> y = pd.Series(x["a"] + rng.normal(size=300), name="y")
    >>> result = key_drivers(y, x, rng=rng, resamples=200)
    >>> bool(np.isclose(sum(driver.lmg for driver in result.drivers), result.r_squared))
    True
    """
    outcome, predictors, clusters = (
        written_out(outcome, counts),
        written_out(predictors, counts),
        written_out(clusters, counts),
    )
    if predictors.shape[1] > MAX_DRIVERS:
        raise ValueError(f"{predictors.shape[1]} drivers; at most {MAX_DRIVERS} can be compared")
    regression = regress(outcome, predictors, clusters=clusters, confidence_level=confidence_level)
    shared: dict[str, Any] = {"outcome": str(outcome.name), "regression": regression, "n": regression.n}
    if regression.state != "ok" or regression.adjusted_r_squared is None:
        return KeyDrivers(**shared, state=regression.state, reason=regression.reason)
    design = complete_cases(outcome, predictors, clusters)
    data = np.column_stack([design.y, design.x])
    whole: Array = np.asarray(np.corrcoef(data, rowvar=False))
    resampled = resampled_correlations(data, rng, resamples, design.clusters)
    drawn = len(resampled)
    resampled = estimable(resampled)
    if len(resampled) < 0.95 * drawn:
        lost = f"{drawn - len(resampled)} of {drawn} resamples"
        return KeyDrivers(**shared, state="not_converged", reason=f"R squared cannot be divided in {lost}")
    lmg, weights = lmg_importance(whole[None])[0], relative_weights(whole[None])[0]
    lmg_draws, weight_draws = lmg_importance(resampled), relative_weights(resampled)
    if design.clusters is None:
        std_error = jackknife_error(r_squared_without_each(design.y, design.x))
    else:
        std_error = float(delete_cluster_errors(data, design.clusters, _r_squared)[0])
    adjusted = regression.adjusted_r_squared
    drivers = []
    for j, name in enumerate(map(str, predictors.columns)):
        low, high = (bounds or {}).get(name, (math.nan, math.nan))
        performance = float((design.x[:, j].mean() - low) / (high - low) * 100)
        drivers.append(
            Driver(
                name=name,
                lmg=float(lmg[j]),
                lmg_share=float(lmg[j] / lmg.sum()),
                lmg_interval=BootstrapDistribution.of(lmg_draws[:, j]).interval(confidence_level),
                relative_weight=float(weights[j]),
                relative_weight_interval=BootstrapDistribution.of(weight_draws[:, j]).interval(
                    confidence_level
                ),
                performance=performance if math.isfinite(performance) else None,
            )
        )
    return KeyDrivers(
        **shared,
        r_squared=regression.r_squared,
        adjusted_r_squared=adjusted,
        std_error=std_error,
        interval=r_squared_interval(adjusted, std_error, float(regression.df or 0.0), confidence_level),
        drivers=tuple(drivers),
    )


@refuses_weights(
    "its errors come from leaving out or drawing respondents of a simple random sample",
    instead="analysis.regression_blocks.regression_blocks",
    counts="rows",
)
def added_value(
    outcome: pd.Series,
    base: pd.DataFrame,
    added: pd.DataFrame,
    *,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> AddedValue:
    """Gain in R squared when ``added`` join ``base``, on the same respondents.

    Notes
    -----
    The estimate is the difference of the adjusted values, which may be negative; the F test is the
    classical one of the change. The interval is that of a squared length
    (:mod:`analysis.squared_effects`) with the error of the delete-one jackknife of the gain. In
    simulations with 1, 2 and 4 added predictors of normal and 5-point answers it covered the true gain of
    0 to 0.27 in 92 to 97 % of samples of 150 to 800 (90 % at worst of samples of 60), where "estimate
    and twice its error" covered a gain below 0.03 in 85 to 93 %.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> d = pd.DataFrame(rng.normal(size=(400, 3)), columns=["x", "z", "e"])
    >>> y = (d["x"] + d["z"] + d["e"]).rename("y")
    >>> round(added_value(y, d[["x"]], d[["z"]]).estimate, 2)
    0.34
    """
    outcome, base, added = written_out(outcome, counts), written_out(base, counts), written_out(added, counts)
    both = pd.concat([base, added], axis="columns")
    design = complete_cases(outcome, both)
    n, k = design.x.shape
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "base": tuple(map(str, base.columns)),
        "added": tuple(map(str, added.columns)),
        "n": n,
        "n_missing": design.n_missing,
    }
    whole = outcome.notna() & both.notna().all(axis="columns")
    full = regress(outcome[whole], both[whole])
    small = regress(outcome[whole], base[whole])
    for model in (full, small):
        if model.state != "ok":
            return AddedValue(**shared, state=model.state, reason=model.reason)
    kb = base.shape[1]
    r_full, r_base = float(full.r_squared or 0), float(small.r_squared or 0)
    estimate = float(full.adjusted_r_squared or 0) - float(small.adjusted_r_squared or 0)
    without = r_squared_without_each(design.y, design.x) - r_squared_without_each(design.y, design.x[:, :kb])
    std_error = jackknife_error(without)
    df = (float(k - kb), float(n - k - 1))
    statistic = (r_full - r_base) / df[0] / ((1 - r_full) / df[1])
    effect = SquaredEffect(estimate=r_full - r_base, std_error=std_error, df=k - kb)
    return AddedValue(
        **shared,
        r_squared_base=r_base,
        r_squared_full=r_full,
        estimate=estimate,
        std_error=std_error,
        interval=effect.interval(confidence_level) if std_error and effect.estimate > 0 else None,
        statistic=statistic,
        df=df,
        p_value=float(stats.f.sf(statistic, *df)),
    )


def r_squared_without_each(y: Array, x: Array) -> Array:
    """R squared of the regression without each respondent in turn, shape (n,).

    In closed form: leaving out respondent i lowers the residual sum of squares by
    ``e_i^2 / (1 - h_i)`` and the total one by ``(y_i - mean)^2 n / (n - 1)``.

    >>> y, x = np.array([1.0, 3, 2, 5, 4]), np.array([[1.0], [2], [3], [4], [5]])
    >>> round(float(r_squared_without_each(y, x)[4]), 6)
    0.691429
    >>> round(float(np.corrcoef(y[:4], x[:4, 0])[0, 1] ** 2), 6)
    0.691429
    """
    n = len(y)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    centred = y - y.mean()
    residual = centred - z @ np.linalg.solve(z.T @ z, z.T @ centred)
    left = residual @ residual - residual**2 / (1 - leverages(z))
    return np.asarray(1 - left / (centred @ centred - centred**2 * n / (n - 1)))


@no_estimate("arithmetic")
def jackknife_error(without: Array) -> float:
    """Standard error of a statistic from its values without each respondent."""
    n = len(without)
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))


def _r_squared(correlations: Array) -> Array:
    """R squared of the first variable on the others, shape (m, 1)."""
    inner, cross = correlations[:, 1:, 1:], correlations[:, 1:, 0]
    return np.asarray((cross * np.linalg.solve(inner, cross[..., None])[..., 0]).sum(axis=1, keepdims=True))


def _fisher(r_squared: float, std_error: float) -> tuple[float, float]:
    r = math.sqrt(min(max(r_squared, 0.0), 1 - 1e-9))
    # d atanh(sqrt(R2)) / d R2; near zero the scale is undefined and the raw error is kept
    slope = 1 / (2 * max(r, 0.05) * (1 - r * r))
    return math.atanh(r), std_error * slope


@no_estimate("arithmetic")
def r_squared_interval(r_squared: float, std_error: float, df: float, confidence_level: float) -> Interval:
    """Interval of R squared on Fisher's z scale of the multiple correlation, by Student's t."""
    centre, error = _fisher(r_squared, std_error)
    t = float(stats.t.isf((1 - confidence_level) / 2, df))
    low, high = max(centre - t * error, 0.0), centre + t * error
    return Interval(low=math.tanh(low) ** 2, high=math.tanh(high) ** 2, confidence_level=confidence_level)


@no_estimate("arithmetic")
def r_squared_tail(r_squared: float, std_error: float, df: float) -> Tail:
    """Dual of :func:`r_squared_interval`."""
    plain = t_tail(*_fisher(r_squared, std_error), df)
    return lambda value, upper: plain(math.atanh(math.sqrt(max(value, 0.0))), upper)


@no_estimate("arithmetic")
def lmg_importance(correlations: Array) -> Array:
    """LMG of every driver.

    Parameters
    ----------
    correlations : array, shape (resamples, 1 + n_drivers, 1 + n_drivers)
        The outcome first.

    Returns
    -------
    array, shape (resamples, n_drivers)
    """
    k = correlations.shape[1] - 1
    explained = {frozenset[int](): np.zeros(len(correlations))}
    for size in range(1, k + 1):
        for subset in combinations(range(1, k + 1), size):
            rows = np.array(subset)
            inner = correlations[:, rows[:, None], rows]
            cross = correlations[:, rows, 0]
            solved = np.linalg.solve(inner, cross[..., None])[..., 0]
            explained[frozenset(subset)] = (cross * solved).sum(axis=1)
    result = np.zeros((len(correlations), k))
    for subset_key, value in explained.items():
        size = len(subset_key)
        for j in range(1, k + 1):
            if j not in subset_key:
                share = math.factorial(size) * math.factorial(k - size - 1) / math.factorial(k)
                result[:, j - 1] += share * (explained[subset_key | {j}] - value)
    return result


@no_estimate("arithmetic")
def relative_weights(correlations: Array) -> Array:
    """Johnson's relative weights; shapes as in :func:`lmg_importance`."""
    inner, cross = correlations[:, 1:, 1:], correlations[:, 1:, 0]
    values, vectors = np.linalg.eigh(inner)
    root = np.sqrt(np.maximum(values, 0.0))
    half = (vectors * root[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    beta = np.linalg.solve(half, cross[..., None])[..., 0]
    return np.asarray((half**2 @ (beta**2)[..., None])[..., 0])
