"""Whether drivers matter differently in two tiers: differences in importance by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bootstrap import BootstrapDistribution, estimable, resampled_correlations
from analysis.counted_rows import Counts, written_out
from analysis.drivers import MAX_DRIVERS, lmg_importance, relative_weights
from analysis.regression import complete_cases, regress
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
Importance = Literal["lmg", "relative_weight"]

MEASURES: dict[str, Callable[[Array], Array]] = {"lmg": lmg_importance, "relative_weight": relative_weights}


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverDifference:
    """Importance of one driver in the first tier less that in the second."""

    driver: str
    first: str
    second: str
    n_first: int
    n_second: int
    importance_first: float
    importance_second: float
    estimate: float
    std_error: float  #: standard deviation of the resamples
    interval: Interval  #: percentile
    p_value: float  #: by inverting the percentile interval; not adjusted for several comparisons


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverComparison(Tabular):
    """Differences between all pairs of tiers, driver by driver."""

    outcome: str
    tier: str
    importance: Importance
    share: bool
    n: int
    n_missing: int
    resamples: int
    differences: tuple[DriverDifference, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """``difference_in_lmg`` or ``difference_in_relative_weight`` of every driver and pair."""
        measure = f"difference_in_{self.importance}" + ("_share" if self.share else "")
        method = f"{self.importance}, percentile bootstrap within tiers"
        about = {"outcome": self.outcome, "tier": self.tier}
        if not self.differences:
            return (
                Entry(
                    measure=measure,
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure=measure,
                method=method,
                about={**about, "driver": found.driver, "first": found.first, "second": found.second},
                n=found.n_first + found.n_second,
                estimate=found.estimate,
                std_error=found.std_error,
                p_value=found.p_value,
                interval=found.interval,
                more={
                    "importance_first": found.importance_first,
                    "importance_second": found.importance_second,
                },
            )
            for found in self.differences
        )


@refuses_weights(
    "its bootstrap draws respondents as a simple random sample of their tier",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def compare_drivers(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    tiers: pd.Series,
    *,
    rng: np.random.Generator,
    importance: Importance = "lmg",
    share: bool = False,
    resamples: int = 1000,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> DriverComparison:
    """Differences of LMG or Johnson's relative weights between tiers.

    Respondents are resampled within each tier, tiers independently; the difference of the resamples has the
    percentile interval. Importance is a share of the variance of the outcome in the tier; with ``share`` it
    is divided by R squared of the tier, so that tiers which are explained to a different degree compare.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_drivers)
        At most 12 drivers.
    tiers : Series, shape (n_respondents,)
    importance : {"lmg", "relative_weight"}
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    DriverComparison
        ``state`` is that of the tier whose regression has trouble, named in the reason; ``not_converged``
        when more than one in twenty resamples of a tier cannot be divided.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> x = pd.DataFrame(rng.normal(size=(600, 2)), columns=["A", "B"])
    >>> tier = pd.Series(np.repeat(["gold", "mass"], 300), name="tier")
    >>> y = (x["A"].where(tier == "gold", x["B"]) + rng.normal(size=600)).rename("Y")
    >>> found = compare_drivers(y, x, tier, rng=rng, resamples=200)
    >>> [difference.estimate > 0.3 for difference in found.differences]
    [True, False]
    """
    outcome, predictors, tiers = (
        written_out(outcome, counts),
        written_out(predictors, counts),
        written_out(tiers, counts),
    )
    if predictors.shape[1] > MAX_DRIVERS:
        raise ValueError(f"{predictors.shape[1]} drivers; at most {MAX_DRIVERS} can be compared")
    whole = outcome.notna() & predictors.notna().all(axis="columns") & tiers.notna()
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "tier": str(tiers.name),
        "importance": importance,
        "share": share,
        "n": int(whole.sum()),
        "n_missing": int((~whole).sum()),
        "resamples": resamples,
    }
    names = sorted(tiers[whole].unique())
    if len(names) < 2:
        return DriverComparison(**shared, state="too_few", reason=f"{len(names)} tier; two are compared")
    found: list[_Tier] = []
    for name in names:
        mine = whole & (tiers == name)
        tier = _importances(str(name), outcome[mine], predictors[mine], rng, importance, share, resamples)
        if isinstance(tier, tuple):
            return DriverComparison(**shared, state=tier[0], reason=f"{tiers.name} {name}: {tier[1]}")
        found.append(tier)
    return DriverComparison(
        **shared,
        differences=tuple(
            _difference(str(driver), j, first, second, confidence_level)
            for first, second in combinations(found, 2)
            for j, driver in enumerate(predictors.columns)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tier:
    name: str
    n: int
    values: Array  #: (n_drivers,)
    draws: Array  #: (resamples, n_drivers)


def _importances(
    name: str,
    outcome: pd.Series,
    predictors: pd.DataFrame,
    rng: np.random.Generator,
    importance: Importance,
    share: bool,
    resamples: int,
) -> _Tier | tuple[str, str]:
    fit = regress(outcome, predictors)
    if fit.state != "ok":
        return fit.state, fit.reason
    design = complete_cases(outcome, predictors)
    data = np.column_stack([design.y, design.x])
    resampled = estimable(resampled_correlations(data, rng, resamples))
    if len(resampled) < 0.95 * resamples:
        lost = resamples - len(resampled)
        return "not_converged", f"R squared cannot be divided in {lost} of {resamples} resamples"
    measure = MEASURES[importance]
    whole: Array = np.asarray(np.corrcoef(data, rowvar=False))
    values, draws = measure(whole[None])[0], measure(resampled)
    if share:
        values, draws = values / values.sum(), draws / draws.sum(axis=1, keepdims=True)
    return _Tier(name=name, n=len(data), values=values, draws=draws)


def _difference(driver: str, j: int, first: _Tier, second: _Tier, level: float) -> DriverDifference:
    kept = min(len(first.draws), len(second.draws))
    spread = BootstrapDistribution.of(first.draws[:kept, j] - second.draws[:kept, j])
    return DriverDifference(
        driver=driver,
        first=first.name,
        second=second.name,
        n_first=first.n,
        n_second=second.n,
        importance_first=float(first.values[j]),
        importance_second=float(second.values[j]),
        estimate=float(first.values[j] - second.values[j]),
        std_error=spread.std_error,
        interval=spread.interval(level),
        p_value=spread.p_value_against(0.0),
    )
