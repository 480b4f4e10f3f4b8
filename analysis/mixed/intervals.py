"""Intervals of the spreads of a mixed model: by the profile of the likelihood, or by its curvature."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from analysis.mixed.likelihood import Array, Method, MixedData, gradient, hessian, relative_root
from analysis.results import Interval
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.mixed.models.mixed_model")

WIDEST = 1e4  #: of the ratio of two spreads


def profile_intervals(data: MixedData, theta: Array, confidence_level: float) -> dict[str, Interval | None]:
    """Where the deviance of the full likelihood lies a chi-square quantile above its lowest, for one random
    intercept.

    The full likelihood is profiled whatever the estimates are made of, as lme4 does. Keys: ``sd0`` (between
    the groups), ``sd1`` (residual), ``icc``.
    """
    ratio = _lowest(lambda t: float(data.deviance(np.array([t]), "ml")), float(theta[0]))
    profile = data.profile(np.array([ratio]))
    residual = math.sqrt(profile.penalised / data.n)
    limit = float(data.deviance(np.array([ratio]), "ml")) + float(stats.chi2.ppf(confidence_level, 1))

    def by_ratio(t: float) -> float:
        return float(data.deviance(np.array([t]), "ml"))

    def by_residual(s: float) -> float:
        return _least(lambda t: float(data.deviance_at(np.array([t, s]), "ml")), ratio)

    def by_between(b: float) -> float:
        if b == 0:
            return float(data.deviance(np.zeros(1), "ml"))
        return _least(lambda s: float(data.deviance_at(np.array([b / s, s]), "ml")), residual)

    low, high = _limits(by_ratio, ratio, limit)
    icc = Interval(low=_share(low), high=_share(high), confidence_level=confidence_level)
    found: dict[str, Interval | None] = {"icc": icc}
    for name, function, best in (("sd0", by_between, ratio * residual), ("sd1", by_residual, residual)):
        low, high = _limits(function, best, limit, positive=name == "sd1")
        found[name] = Interval(low=low, high=high, confidence_level=confidence_level)
    return found


def wald_intervals(
    data: MixedData, theta: Array, sigma: float, method: Method, confidence_level: float
) -> dict[str, Interval | None]:
    """From the curvature of the deviance: spreads on the scale of the logarithm, the correlation on Fisher's
    z.

    Keys: ``sd0``, ``sd1`` (random effects), ``sd2`` (residual), ``correlation``, ``icc`` (on the logit).
    """
    parameters = np.append(theta, sigma)

    def transformed(at: Array) -> Array:
        root = relative_root(at[:-1], data.q)
        covariance = root @ root.T
        first, second = covariance[0, 0], covariance[1, 1]
        correlation = covariance[0, 1] / np.sqrt(first * second)
        return np.array(
            [
                np.log(first * at[-1] ** 2) / 2,
                np.log(second * at[-1] ** 2) / 2,
                np.log(at[-1]),
                np.log((1 + correlation) / (1 - correlation)) / 2,
                np.log(first),
            ]
        )

    spread = 2 * np.linalg.inv(hessian(lambda at: data.deviance_at(at, method), parameters))
    slopes = gradient(transformed, parameters)
    errors = np.sqrt(np.maximum(np.diagonal(slopes @ spread @ slopes.T), 0.0))
    reach = float(stats.norm.isf((1 - confidence_level) / 2)) * errors
    back: tuple[Callable[[float], float], ...] = (math.exp, math.exp, math.exp, math.tanh, _expit)
    return {
        name: Interval(low=undo(float(at - by)), high=undo(float(at + by)), confidence_level=confidence_level)
        for name, undo, at, by in zip(
            ("sd0", "sd1", "sd2", "correlation", "icc"), back, transformed(parameters), reach, strict=True
        )
    }


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _share(ratio: float) -> float:
    return ratio**2 / (1 + ratio**2)


def _lowest(function: Callable[[float], float], near: float) -> float:
    """Where a function of a ratio of 0 or more is lowest."""
    top = max(10 * near, 10.0)
    found = optimize.minimize_scalar(function, bounds=(0.0, top), method="bounded", options={"xatol": 1e-10})
    return 0.0 if function(0.0) <= found.fun else float(found.x)


def _least(function: Callable[[float], float], near: float) -> float:
    """The lowest value of a function of a positive number, searched on the logarithm."""
    start = math.log(max(near, 1e-3))
    found = optimize.minimize_scalar(
        lambda z: function(math.exp(z)),
        bounds=(start - 7, start + 5),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(found.fun)


def _limits(
    function: Callable[[float], float], best: float, limit: float, *, positive: bool = False
) -> tuple[float, float]:
    """Left and right of the best, where the function rises to the limit; 0 where it does not on the left."""
    low = 0.0
    if best > 0:
        left = best / 10 if positive else 0.0
        while positive and function(left) < limit:
            left /= 2
        if function(left) > limit:
            low = float(optimize.brentq(lambda x: function(x) - limit, left, best, xtol=1e-12, rtol=1e-12))
    right = max(2 * best, 0.1)
    while function(right) < limit and right < WIDEST * max(best, 1.0):
        right *= 2
    if function(right) < limit:
        return low, math.inf
    return low, float(optimize.brentq(lambda x: function(x) - limit, best, right, xtol=1e-12, rtol=1e-12))
