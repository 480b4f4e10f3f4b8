"""Linear mixed models of respondents in branches: one random intercept, and one random slope if asked for.

Estimates maximise the restricted or the full likelihood, profiled over coefficients and residual variance
(``analysis.mixed.likelihood``). Tests of coefficients have Satterthwaite's degrees of freedom, found as the
R package lmerTest finds them [1]_; the model against one without the branches is a likelihood ratio on the
boundary, so its p-value mixes two chi-squares [2]_; explained variance is Nakagawa's [3]_, with random slopes
Johnson's [4]_.

References
----------
.. [1] Kuznetsova, A., Brockhoff, P. B., & Christensen, R. H. B. (2017). lmerTest package: Tests in linear
   mixed effects models. Journal of Statistical Software, 82(13).
.. [2] Self, S. G., & Liang, K.-Y. (1987). Asymptotic properties of maximum likelihood estimators and
   likelihood ratio tests under nonstandard conditions. Journal of the American Statistical Association, 82,
   605-610.
.. [3] Nakagawa, S., & Schielzeth, H. (2013). A general and simple method for obtaining R2 from generalized
   linear mixed-effects models. Methods in Ecology and Evolution, 4, 133-142.
.. [4] Johnson, P. C. D. (2014). Extension of Nakagawa & Schielzeth's R2GLMM to random slopes models. Methods
   in Ecology and Evolution, 5, 944-946.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from analysis.mixed.intervals import profile_intervals, wald_intervals
from analysis.mixed.likelihood import (
    Array,
    Method,
    MixedData,
    cross_products,
    gradient,
    hessian,
    relative_root,
)
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights

INTERCEPT = "(intercept)"
SINGULAR = 1e-4  #: an element of Lambda's diagonal below this is nought, as lme4 has it
FLAT = 1e-6  #: largest slope of the deviance that passes for the bottom
#: ``likelihood``: by its profile, or with a slope by its curvature.
SpreadIntervals = Literal["likelihood", "none"]
STARTS = (1.0, 0.2, 0.05, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedEffect:
    """One coefficient of the model."""

    name: str
    estimate: float
    std_error: float
    df: float  #: Satterthwaite's
    statistic: float
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceComponent:
    """Spread of one random effect, or of the residual."""

    name: str
    variance: float
    sd: float
    sd_interval: Interval | None  #: None where a fit with a slope is singular, or none was asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryTest:
    """Likelihood ratio against the model without the last random effect."""

    statistic: float
    df: tuple[int, int]  #: of the two chi-squares, half each
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedModel(Tabular):
    """A linear mixed model.

    ``state`` is ``ok``, ``singular`` (a variance of nought or a correlation of one: estimates stand; with a
    slope the spreads have no intervals), ``not_converged``, ``too_few``, ``constant`` or ``inadmissible``.
    """

    outcome: str
    predictors: tuple[str, ...]
    group: str
    slope: str | None
    likelihood: Method
    n: int
    n_missing: int
    n_groups: int
    effects: tuple[FixedEffect, ...] = ()
    components: tuple[VarianceComponent, ...] = ()
    correlation: float | None = None  #: of intercept and slope
    correlation_interval: Interval | None = None
    icc: float | None = None  #: of respondents whose slope variable is 0
    icc_interval: Interval | None = None
    boundary: BoundaryTest | None = None
    log_likelihood: float | None = None
    r_squared_marginal: float | None = None  #: by the predictors
    r_squared_conditional: float | None = None  #: by predictors and groups
    state: str = "ok"
    reason: str = ""

    def effect(self, name: str) -> FixedEffect:
        """The coefficient of a predictor; ``KeyError`` names those there are."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        raise KeyError(f"no coefficient of {name}; there are {', '.join(e.name for e in self.effects)}")

    def component(self, name: str) -> VarianceComponent:
        """The spread of a random effect (``(intercept)``, the slope's name) or of the ``residual``."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(f"no variance of {name}; there are {', '.join(c.name for c in self.components)}")

    def entries(self) -> tuple[Entry, ...]:
        """Coefficients, spreads, ICC, explained variance and the test of the groups; or one entry saying why
        not."""
        about = {"outcome": self.outcome, "group": self.group}
        named = {"reml": "restricted maximum likelihood", "ml": "maximum likelihood"}[self.likelihood]
        shared: dict[str, Any] = {"n": self.n, "state": self.state, "reason": self.reason}
        if not self.effects:
            return (Entry(measure="mixed_model", method=named, about=about, **shared),)
        rows = [
            Entry(
                measure="coefficient",
                method=f"{named}, Satterthwaite's degrees of freedom",
                about=about | {"predictor": effect.name},
                estimate=effect.estimate,
                std_error=effect.std_error,
                statistic=effect.statistic,
                df=(effect.df,),
                p_value=effect.p_value,
                interval=effect.interval,
                **shared,
            )
            for effect in self.effects
        ]
        way = "profile likelihood" if self.slope is None else "Wald, on the scale of the logarithm"
        rows += [
            Entry(
                measure="standard_deviation",
                method=f"{named}; interval: {way}",
                about=about | {"component": component.name},
                estimate=component.sd,
                interval=component.sd_interval,
                more={"variance": component.variance},
                **shared,
            )
            for component in self.components
        ]
        if self.correlation is not None:
            rows.append(
                Entry(
                    measure="correlation_of_random_effects",
                    method=f"{named}; interval: Wald, Fisher's z",
                    about=about,
                    estimate=self.correlation,
                    interval=self.correlation_interval,
                    **shared,
                )
            )
        for measure, value, interval in (
            ("icc", self.icc, self.icc_interval),
            ("r_squared_marginal", self.r_squared_marginal, None),
            ("r_squared_conditional", self.r_squared_conditional, None),
        ):
            rows.append(
                Entry(measure=measure, method=named, about=about, estimate=value, interval=interval, **shared)
            )
        if self.boundary is not None:
            rows.append(
                Entry(
                    measure="likelihood_ratio",
                    method="half each of two chi-squares",
                    about=about,
                    statistic=self.boundary.statistic,
                    df=tuple(float(d) for d in self.boundary.df),
                    p_value=self.boundary.p_value,
                    more={"log_likelihood": self.log_likelihood or 0.0, "groups": float(self.n_groups)},
                    **shared,
                )
            )
        return tuple(rows)


@refuses_weights(
    "weights of respondents and branches enter a mixed model at their own levels and are seldom both known",
    instead="analysis.design.regression.design_linear",
)
def mixed_model(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    groups: pd.Series,
    *,
    slope: str | None = None,
    likelihood: Method = "reml",
    spread_intervals: SpreadIntervals = "likelihood",
    confidence_level: float = 0.95,
) -> MixedModel:
    """Fit ``outcome = X b + branch + residual``, or with ``+ branch x slope`` besides.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
        Numbers; may have no column. An intercept is added.
    groups : Series, shape (n_respondents,)
        Branch of each respondent. Respondents with a blank anywhere are left out.
    slope : str, optional
        The predictor whose coefficient differs between branches; its correlation with the intercept is free.
    likelihood : {"reml", "ml"}
    spread_intervals : {"likelihood", "none"}
        ``none`` leaves out the intervals of spreads and of the ICC, three quarters of the work.

    Notes
    -----
    With ``slope`` the ICC is that of respondents who have 0 there: centre it, if that is to be the usual one.
    The interval of the ICC, and those of the spreads without a slope, are where the profile of the *full*
    likelihood drops by half the chi-square quantile, as lme4's ``confint`` has it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> branch = pd.Series(np.repeat(np.arange(20), 10), name="branch")
    >>> x = pd.Series(rng.normal(size=200), name="training")
    >>> y = pd.Series(0.5 * x + rng.normal(size=20)[branch] + rng.normal(size=200), name="service")
    >>> model = mixed_model(y, x.to_frame(), branch)
    >>> training = model.effect("training")
    >>> round(training.estimate, 4), round(training.df, 1), round(model.icc, 4)
    (0.488, 180.4, 0.485)
    """
    if likelihood not in ("reml", "ml"):
        raise ValueError(f"the likelihood is `reml` or `ml`, not `{likelihood}`")
    if slope is not None and slope not in predictors:
        raise ValueError(f"the slope `{slope}` is none of the predictors {', '.join(map(str, predictors))}")
    whole = outcome.notna() & predictors.notna().all(axis=1) & groups.notna()
    codes, labels = pd.factorize(groups[whole], sort=True)
    y = outcome[whole].to_numpy(dtype=float)
    x = predictors[whole].to_numpy(dtype=float)
    fixed = np.column_stack([np.ones(len(y)), x])
    names = tuple(map(str, predictors))
    random = fixed[:, [0] if slope is None else [0, names.index(slope) + 1]]
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "predictors": names,
        "group": str(groups.name),
        "slope": slope,
        "likelihood": likelihood,
        "n": int(whole.sum()),
        "n_missing": int((~whole).sum()),
        "n_groups": len(labels),
    }
    trouble = _why_not(y, fixed, len(labels), random.shape[1])
    if trouble is not None:
        return MixedModel(**shared, state=trouble[0], reason=trouble[1])
    data = cross_products(y, fixed, random, codes.astype(np.int64))
    theta = _fitted(data, likelihood)
    if theta is None:
        reason = "the likelihood has no bottom that could be found"
        return MixedModel(**shared, state="not_converged", reason=reason)
    return _described(data, fixed, random, theta, names, shared, spread_intervals, confidence_level)


def _why_not(y: Array, fixed: Array, n_groups: int, q: int) -> tuple[str, str] | None:
    n, p = fixed.shape
    if n_groups < 2 or n <= p + 1:
        return "too_few", f"{n} respondents in {n_groups} groups for {p} coefficients"
    if n <= n_groups * q:
        return "too_few", f"{n} respondents in {n_groups} groups: no group has more than {q} on average"
    if np.ptp(y) == 0:
        return "constant", "the outcome is the same for everybody"
    scaled = fixed / np.maximum(np.linalg.norm(fixed, axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled, tol=1e-9) < p:
        return "inadmissible", "a predictor is constant, or follows from the others"
    residual = y - fixed @ np.linalg.lstsq(fixed, y, rcond=None)[0]
    if residual @ residual <= 1e-20 * (y @ y):
        return "inadmissible", "the predictors give the outcome without error"
    return None


def _fitted(data: MixedData, method: Method) -> Array | None:
    """Theta at the lowest deviance; None where no search ends on flat ground."""

    def value(theta: Array) -> float:
        return float(data.deviance(theta, method))

    def slope(theta: Array) -> Array:
        return gradient(lambda at: data.deviance(at, method), theta)

    diagonal = np.array([row == column for column in range(data.q) for row in range(column, data.q)])
    # where one variable is measured in large numbers, its spread is small in theirs
    unit = np.sqrt(np.diagonal(data.zz.sum(axis=0)) / data.n)
    sizes = np.array([1 / unit[row] for column in range(data.q) for row in range(column, data.q)])
    bounds = optimize.Bounds(np.where(diagonal, 0.0, -np.inf), np.full(len(diagonal), np.inf))
    best: Array | None = None
    for start in STARTS:
        at = np.where(diagonal, start, 0.0)
        found = optimize.minimize(  # type: ignore[call-overload]
            lambda t: value(t * sizes),
            at,
            jac=lambda t: np.asarray(slope(np.asarray(t) * sizes) * sizes),
            method="L-BFGS-B",
            bounds=bounds,
            tol=1e-13,
        )
        polished = _polished(found.x, lambda t: data.deviance(t * sizes, method), diagonal)
        if polished is not None and (best is None or value(polished * sizes) < value(best) - 1e-9):
            best = polished * sizes
    return best


def _polished(theta: Array, deviance: Callable[[Any], Any], diagonal: npt.NDArray[np.bool_]) -> Array | None:
    """Newton's steps to where the slope is nought, theta on the boundary staying there."""
    for _ in range(30):
        slope = gradient(deviance, theta)
        held = diagonal & (theta <= SINGULAR / 10) & (slope >= -FLAT)
        if not (~held).any() or np.abs(slope[~held]).max() < 1e-11:
            break
        free = np.flatnonzero(~held)
        curvature = hessian(deviance, theta)[np.ix_(free, free)]
        if np.linalg.eigvalsh(curvature)[0] <= 0:
            break
        step = np.linalg.solve(curvature, slope[free])
        trial = theta.copy()
        trial[held] = 0.0
        trial[free] -= step
        if (trial[diagonal] < 0).any() or float(deviance(trial)) > float(deviance(theta)) + 1e-9:
            break
        theta = trial
        if np.abs(step).max() < 1e-13:
            break
    slope = gradient(deviance, theta)
    held = diagonal & (theta <= SINGULAR) & (slope >= -FLAT)
    flat = not (~held).any() or np.abs(slope[~held]).max() < FLAT * max(1.0, abs(float(deviance(theta))))
    return np.where(diagonal & (theta <= SINGULAR / 10), 0.0, theta) if flat else None


def _described(
    data: MixedData,
    fixed: Array,
    random: Array,
    theta: Array,
    names: tuple[str, ...],
    shared: dict[str, Any],
    spread_intervals: SpreadIntervals,
    confidence_level: float,
) -> MixedModel:
    method: Method = shared["likelihood"]
    profile = data.profile(theta)
    sigma = math.sqrt(profile.penalised / data.residual_df(method))
    root = relative_root(theta, data.q)
    covariance = sigma**2 * root @ root.T
    singular = _singular(root)
    random_names = (INTERCEPT,) if shared["slope"] is None else (INTERCEPT, shared["slope"])
    sds = [*np.sqrt(np.diagonal(covariance)), sigma]
    intervals: dict[str, Interval | None] = {}
    if spread_intervals == "none":
        pass
    elif data.q == 1:
        intervals = profile_intervals(data, theta, confidence_level)
    elif singular is None:
        intervals = wald_intervals(data, theta, sigma, method, confidence_level)
    correlation = None
    if data.q == 2 and sds[0] > 0 and sds[1] > 0:
        correlation = float(covariance[0, 1] / (sds[0] * sds[1]))
    explained = float(np.var(fixed @ profile.coefficients, ddof=1))
    between = float(np.einsum("nq,qr,nr->n", random, covariance, random).mean())
    whole = explained + between + sigma**2
    return MixedModel(
        **shared,
        effects=_fixed_effects(data, theta, sigma, method, (INTERCEPT, *names), confidence_level),
        components=tuple(
            VarianceComponent(
                name=name, variance=float(sd**2), sd=float(sd), sd_interval=intervals.get(f"sd{k}")
            )
            for k, (name, sd) in enumerate(zip((*random_names, "residual"), sds, strict=True))
        ),
        correlation=correlation,
        correlation_interval=intervals.get("correlation"),
        icc=float(covariance[0, 0] / (covariance[0, 0] + sigma**2)),
        icc_interval=intervals.get("icc"),
        boundary=_boundary_test(data, theta, method),
        log_likelihood=-float(data.deviance(theta, method)) / 2,
        r_squared_marginal=explained / whole,
        r_squared_conditional=(explained + between) / whole,
        state="ok" if singular is None else "singular",
        reason=singular or "",
    )


def _singular(root: Array) -> str | None:
    low = np.abs(np.diagonal(root)) < SINGULAR
    if not low.any():
        return None
    if low[0] and len(low) == 1:
        return "the groups differ no more than chance would have them: their variance is estimated as nought"
    return "the variance of a random effect is nought, or intercept and slope correlate perfectly"


def _fixed_effects(
    data: MixedData,
    theta: Array,
    sigma: float,
    method: Method,
    names: tuple[str, ...],
    confidence_level: float,
) -> tuple[FixedEffect, ...]:
    """Coefficients with Satterthwaite's degrees of freedom, ``2 v^2 / (g' A g)``.

    v is the squared error, g its derivatives by theta and sigma, A twice the inverse Hessian of the deviance
    by them; directions in which the deviance does not curve upwards are left out of the inverse, as lmerTest
    does.
    """
    parameters = np.append(theta, sigma)

    def squared_errors(at: Any) -> Any:
        return at[-1] ** 2 * np.diagonal(np.linalg.inv(data.profile(at[:-1]).precision))

    values, vectors = np.linalg.eigh(hessian(lambda at: data.deviance_at(at, method), parameters))
    curved = values > 1e-8
    spread = 2 * (vectors[:, curved] / values[curved]) @ vectors[:, curved].T
    slopes = gradient(squared_errors, parameters)
    coefficients = data.profile(theta).coefficients
    found = []
    for name, estimate, variance, slope in zip(
        names, coefficients, squared_errors(parameters), slopes, strict=True
    ):
        error = math.sqrt(variance)
        df = float(2 * variance**2 / (slope @ spread @ slope))
        reach = float(stats.t.isf((1 - confidence_level) / 2, df)) * error
        found.append(
            FixedEffect(
                name=name,
                estimate=float(estimate),
                std_error=error,
                df=df,
                statistic=float(estimate / error),
                p_value=float(2 * stats.t.sf(abs(estimate / error), df)),
                interval=Interval(
                    low=float(estimate - reach),
                    high=float(estimate + reach),
                    confidence_level=confidence_level,
                ),
            )
        )
    return tuple(found)


def _boundary_test(data: MixedData, theta: Array, method: Method) -> BoundaryTest:
    """Against no groups at all, or with a slope against the intercept alone."""
    full = float(data.deviance(theta, method))
    if data.q == 1:
        without, df = float(data.deviance(np.zeros(1), method)), (0, 1)
    else:
        smaller = MixedData(n=data.n, zz=data.zz[:, :1, :1], za=data.za[:, :1], aa=data.aa)
        fitted = _fitted(smaller, method)
        without = float(smaller.deviance(np.zeros(1) if fitted is None else fitted, method))
        df = (1, 2)
    statistic = max(0.0, without - full)
    upper = [1.0 if d == 0 and statistic == 0 else 0.0 if d == 0 else stats.chi2.sf(statistic, d) for d in df]
    return BoundaryTest(statistic=statistic, df=df, p_value=float(sum(upper)) / 2)
