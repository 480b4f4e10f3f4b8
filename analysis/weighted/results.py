"""Effects under a sampling design as results: what every kind of declared test tells beside its effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.bootstrap import BootstrapDistribution
from analysis.design.design import Array, Design
from analysis.design.estimates import t_interval
from analysis.design.functionals import Functional, Inference, under_design
from analysis.design.means import weighted_means
from analysis.design.regression import INTERCEPT, design_linear
from analysis.drivers import Driver, KeyDrivers
from analysis.mediation import IndirectEffect, Mediation, PathCoefficient
from analysis.regression import Regression, Term
from analysis.results import Entry, Interval, Tabular
from analysis.weighted.effects import adjusted, drivers, indirect, path
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

WEIGHTED = "weighted, variance of the design"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedValue:
    """One number beside an effect."""

    measure: str
    of: str  #: what tells it from others of its measure
    estimate: float
    std_error: float | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedEffect(Tabular):
    """An effect under a sampling design."""

    measure: str
    method: str
    n: int  #: respondents of positive weight
    effective_n: float  #: Kish's, of unequal weights alone
    df: float  #: clusters less strata, less predictors
    about: Mapping[str, str] = field(default_factory=dict)
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    beside: tuple[WeightedValue, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The effect, then what was estimated beside it."""
        first = Entry(
            measure=self.measure,
            method=self.method,
            about=self.about,
            n=self.n,
            estimate=self.estimate,
            std_error=self.std_error,
            df=(self.df,),
            interval=self.interval,
            more={"effective_n": self.effective_n},
            state=self.state,
            reason=self.reason,
        )
        return (
            first,
            *(
                Entry(
                    measure=value.measure,
                    method=self.method,
                    about={**self.about, **({"of": value.of} if value.of else {})},
                    n=self.n,
                    estimate=value.estimate,
                    std_error=value.std_error,
                    df=(self.df,),
                    interval=value.interval,
                )
                for value in self.beside
            ),
        )


def told(
    functional: Functional,
    found: Inference,
    *,
    measure: str,
    method: str,
    about: Mapping[str, str],
    confidence_level: float = 0.95,
) -> WeightedEffect:
    """An inference as a result; every value but the effect is told beside it."""
    beside = []
    if found.values is not None and found.errors is not None and found.state == "ok":
        for at, name in enumerate(functional.names[1:], 1):
            what, _, of = name.partition(":")
            value, error = float(found.values[at]), float(found.errors[at])
            if not np.isfinite(value):
                continue
            beside.append(
                WeightedValue(
                    measure=what,
                    of=of,
                    estimate=value,
                    std_error=error if error > 0 else None,
                    interval=found.interval_of(at, confidence_level),
                )
            )
    return WeightedEffect(
        measure=measure,
        method=method,
        about=about,
        n=found.n,
        effective_n=found.effective_n,
        df=found.df,
        estimate=found.estimate,
        std_error=found.std_error,
        interval=found.interval,
        beside=tuple(beside),
        state=found.state,
        reason=found.reason,
    )


def weighted_regression(
    outcome: pd.Series, predictors: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> Regression:
    """Regression under a design: raw coefficients as ``survey::svyglm``, and standardised ones.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6.0], "y": [1, 3, 2, 5, 4, 6.0]})
    >>> equal = weighted_regression(data["y"], data[["x"]], survey_design(np.ones(6)))
    >>> round(equal.term("x").estimate, 4), equal.df
    (0.8857, 4.0)
    """
    level = confidence_level
    names = tuple(map(str, predictors.columns))
    found = under_design(path(outcome, predictors, design), design, confidence_level=level)
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "predictors": names,
        "method": f"Least squares, {WEIGHTED}",
        "n": found.n,
        "n_missing": len(outcome) - found.n,
    }
    if found.state != "ok" or found.values is None or found.errors is None:
        return Regression(**shared, state=found.state, reason=found.reason)
    raw = design_linear(outcome, predictors, design, confidence_level=level)
    if raw.state != "ok":
        return Regression(**shared, state=raw.state, reason=raw.reason)
    inverse = np.linalg.inv(_correlations(predictors, outcome, design))
    terms = []
    for at, name in enumerate(names):
        b = raw.coefficient(name)
        beta, error = float(found.values[at]), float(found.errors[at])
        interval = found.interval_of(at, level)
        if interval is None or b.estimate is None or b.std_error is None or b.interval is None:
            return Regression(**shared, state="constant", reason=f"{name} has no error under this design")
        terms.append(
            Term(
                name=name,
                estimate=beta,
                std_error=error,
                statistic=beta / error,
                p_value=float(2 * student.sf(abs(beta / error), found.df_of(at))),
                interval=interval,
                b=b.estimate,
                b_std_error=b.std_error,
                b_interval=b.interval,
                b_p_value=float(b.p_value or 0.0),
                vif=float(inverse[at, at]),
            )
        )
    r_squared = float(found.values[-1])
    return Regression(
        **shared,
        df=found.df,
        intercept=raw.coefficient(INTERCEPT).estimate,
        r_squared=r_squared,
        adjusted_r_squared=adjusted(r_squared, found.effective_n, len(names)),
        terms=tuple(terms),
    )


def _correlations(predictors: pd.DataFrame, outcome: pd.Series, design: Design) -> np.ndarray[Any, Any]:
    x = predictors.to_numpy(dtype=float)
    whole = ~np.isnan(np.column_stack([x, outcome.to_numpy(dtype=float)])).any(axis=1)
    known = np.cov(x[whole], rowvar=False, aweights=design.totals_weights[whole])
    covariance = np.atleast_2d(known)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))


def weighted_mediation(
    predictor: pd.Series,
    mediators: pd.DataFrame,
    outcome: pd.Series,
    design: Design,
    *,
    rng: np.random.Generator,
    draws: int = 5000,
    confidence_level: float = 0.95,
) -> tuple[Mediation, Inference]:
    """Indirect, direct and total association under a design.

    Errors are the design's. A product of coefficients is not symmetric about its estimate, so its interval
    holds the quantiles of products of coefficients drawn from their joint distribution (Monte Carlo interval
    [1]_), which is Student's multivariate t on the design's degrees of freedom. Single coefficients have
    Student's interval.

    References
    ----------
    .. [1] MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the indirect
       effect: Distribution of the product and resampling methods. Multivariate Behavioral Research, 39,
       99-128.
    """
    level = confidence_level
    names = [str(predictor.name), *map(str, mediators.columns), str(outcome.name)]
    functional = indirect(predictor, mediators, outcome, design)
    found = under_design(functional, design, confidence_level=level)
    shared: dict[str, Any] = {
        "predictor": names[0],
        "mediators": tuple(names[1:-1]),
        "outcome": names[-1],
        "n": found.n,
        "n_missing": len(outcome) - found.n,
        "resamples": draws,
        "method": f"Least squares on z-scores, {WEIGHTED}, Monte Carlo interval of products",
        "state": found.state,
        "reason": found.reason,
    }
    if found.state != "ok" or found.values is None or found.errors is None:
        return Mediation(**shared), found
    place = {name: at for at, name in enumerate(functional.names)}
    k = len(names)
    paths = []
    for i in range(1, k):
        for j in range(i):
            interval = found.interval_of(place[f"path:{i}:{j}"], level)
            if interval is not None:
                estimate = float(found.values[place[f"path:{i}:{j}"]])
                paths.append(
                    PathCoefficient(source=names[j], target=names[i], estimate=estimate, interval=interval)
                )
    drawn = _drawn(found, rng, draws)
    spreads = {
        way: BootstrapDistribution.of(
            np.prod([drawn[:, place[f"path:{i}:{j}"]] for j, i in pairwise((0, *way, k - 1))], axis=0)
        )
        for size in range(1, k - 1)
        for way in combinations(range(1, k - 1), size)
    }
    series = spreads[tuple(range(1, k - 1))]
    interval = series.interval(level)
    ways = []
    for way, spread in spreads.items():
        at = place["way:" + "+".join(map(str, way))]
        ways.append(
            IndirectEffect(
                through=tuple(names[i] for i in way),
                estimate=float(found.values[at]),
                std_error=float(found.errors[at]),
                interval=spread.interval(level),
                p_value=spread.p_value_against(0.0),
            )
        )
    mediation = Mediation(
        **shared,
        paths=tuple(paths),
        indirect=tuple(ways),
        estimate=found.estimate,
        std_error=found.std_error,
        distribution=series,
        interval=interval,
        direct=float(found.values[1]),
        direct_interval=found.interval_of(1, level),
        total=float(found.values[2]),
        total_interval=found.interval_of(2, level),
    )
    tail = replace(found, interval=interval, tail=lambda value, upper: series.tail(value, upper=upper))
    return mediation, tail


def _drawn(found: Inference, rng: np.random.Generator, draws: int) -> Array:
    """Values drawn from Student's multivariate t about the estimates, shape (draws, p)."""
    if found.values is None or found.covariance is None:
        raise ValueError("an effect without values has no distribution")
    roots, vectors = np.linalg.eigh(found.covariance)
    half = vectors * np.sqrt(np.maximum(roots, 0.0))
    normal = rng.standard_normal((draws, len(roots))) @ half.T
    return np.asarray(found.values + normal / np.sqrt(rng.chisquare(found.df, draws) / found.df)[:, None])


def weighted_drivers(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    design: Design,
    *,
    bounds: Mapping[str, tuple[float, float]],
    confidence_level: float = 0.95,
) -> tuple[KeyDrivers, Inference]:
    """R squared and the importance of every driver under a design, with Student's intervals."""
    level = confidence_level
    functional = drivers(outcome, predictors, design)
    found = under_design(functional, design, confidence_level=level)
    regression = weighted_regression(outcome, predictors, design, confidence_level=level)
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "regression": regression,
        "n": found.n,
        "errors": WEIGHTED,
    }
    state, reason = (
        (found.state, found.reason) if found.state != "ok" else (regression.state, regression.reason)
    )
    if state != "ok" or found.values is None:
        return KeyDrivers(**shared, state=state, reason=reason), replace(found, state=state, reason=reason)
    r_squared = float(found.values[0])
    place = {name: at for at, name in enumerate(functional.names)}
    performance = _performance(predictors, functional, design, bounds)
    importance = []
    for name in map(str, predictors.columns):
        lmg, weight = place[f"lmg:{name}"], place[f"relative_weight:{name}"]
        importance.append(
            Driver(
                name=name,
                lmg=float(found.values[lmg]),
                lmg_share=float(found.values[lmg] / r_squared),
                lmg_interval=_not_negative(found, lmg, level),
                relative_weight=float(found.values[weight]),
                relative_weight_interval=_not_negative(found, weight, level),
                performance=performance.get(name),
            )
        )
    return (
        KeyDrivers(
            **shared,
            r_squared=r_squared,
            adjusted_r_squared=found.estimate,
            std_error=found.std_error,
            interval=found.interval,
            drivers=tuple(importance),
        ),
        found,
    )


def _not_negative(found: Inference, at: int, level: float) -> Interval:
    """Student's interval of a share of variance, cut at zero."""
    if found.values is None or found.errors is None:
        raise ValueError("an effect without values has no interval")
    own = t_interval(float(found.values[at]), float(found.errors[at]), found.df_of(at), level)
    return replace(own, low=max(own.low, 0.0), high=max(own.high, 0.0))


def _performance(
    predictors: pd.DataFrame,
    functional: Functional,
    design: Design,
    bounds: Mapping[str, tuple[float, float]],
) -> dict[str, float]:
    whole = predictors.where(pd.Series(functional.used, index=predictors.index))
    means: Sequence[Any] = weighted_means(whole, design)
    found = {}
    for name, mean in zip(map(str, predictors.columns), means, strict=True):
        low, high = bounds.get(name, (np.nan, np.nan))
        value = (mean.estimate - low) / (high - low) * 100
        if np.isfinite(value):
            found[name] = float(value)
    return found
