"""Maximum likelihood for ordered answers with a latent regression: logit and probit by Newton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr, ndtri

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.ordinal_regression.ordinal_regression")

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Link = Literal["logit", "probit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latent:
    """Distribution of the latent variable around its regression; symmetric about zero."""

    cdf: Callable[[Array], Array]
    density: Callable[[Array], Array]
    slope: Callable[[Array], Array]  #: derivative of the density
    quantile: Callable[[Array], Array]


def _logistic_density(z: Array) -> Array:
    p = expit(z)
    return np.asarray(p * (1 - p))


def _logistic_slope(z: Array) -> Array:
    p = expit(z)
    return np.asarray(p * (1 - p) * (1 - 2 * p))


def _normal_density(z: Array) -> Array:
    return np.asarray(np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))


def _normal_slope(z: Array) -> Array:
    # The product of an infinite limit with its density is zero, not undefined.
    return np.where(np.isfinite(z), -np.where(np.isfinite(z), z, 0.0) * _normal_density(z), 0.0)


LATENT: dict[str, Latent] = {
    "logit": Latent(
        cdf=lambda z: np.asarray(expit(z)),
        density=_logistic_density,
        slope=_logistic_slope,
        quantile=lambda p: np.log(p / (1 - p)),
    ),
    "probit": Latent(
        cdf=lambda z: np.asarray(ndtr(z)),
        density=_normal_density,
        slope=_normal_slope,
        quantile=lambda p: np.asarray(ndtri(p)),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrdinalFit:
    """Where the likelihood is largest; parameters are slopes, then thresholds."""

    parameters: Array  #: (n_predictors + n_thresholds,)
    information: Array  #: less the second derivative of the log-likelihood
    scores: Array  #: (n_rows, n_parameters), of one respondent each, not weighted
    log_likelihood: float

    @property
    def covariance(self) -> Array:
        return np.asarray(np.linalg.inv(self.information))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Point:
    """Log-likelihood of each row and what its derivatives are made of."""

    values: Array  #: (n,)
    scores: Array  #: (n, n_parameters)
    curves: tuple[Array, Array]  #: curvature at the upper and lower threshold of the answer given
    slopes: tuple[Array, Array]  #: (n, n_parameters) derivative of the two limits

    def information(self, w: Array) -> Array:
        outer = (self.scores * w[:, None]).T @ self.scores
        for sign, curve, slope in zip((-1, 1), self.curves, self.slopes, strict=True):
            outer = outer + sign * (slope * (w * curve)[:, None]).T @ slope
        return np.asarray(outer)


def _at(theta: Array, y: Codes, x: Array, k: int, latent: Latent) -> _Point:
    p = x.shape[1]
    thresholds = np.concatenate([[-np.inf], theta[p:], [np.inf]])
    eta = x @ theta[:p]
    limits, slopes = [], []
    for at in (y + 1, y):
        marks = np.zeros((len(y), k - 1))
        inner = (at > 0) & (at < k)
        marks[inner, at[inner] - 1] = 1
        slopes.append(np.hstack([-x * inner[:, None], marks]))
        limits.append(thresholds[at] - eta)
    high, low = limits
    # In the upper tail a difference of two probabilities near one loses its digits: use the mirror image.
    flip = low > 0
    share = latent.cdf(np.where(flip, -low, high)) - latent.cdf(np.where(flip, -high, low))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        f_high, f_low = latent.density(high), latent.density(low)
        scores = (f_high[:, None] * slopes[0] - f_low[:, None] * slopes[1]) / share[:, None]
        return _Point(
            values=np.log(share),
            scores=scores,
            curves=(latent.slope(high) / share, latent.slope(low) / share),
            slopes=(slopes[0], slopes[1]),
        )


def maximize(y: Codes, x: Array, w: Array, k: int, link: Link) -> OrdinalFit | None:
    """Newton's method with halved steps; None where no maximum is found.

    Parameters
    ----------
    y : array of int, shape (n_rows,)
        Categories 0 to k - 1, each of which occurs.
    x : array, shape (n_rows, n_predictors)
        No predictor is an exact combination of others and a constant.
    w : array, shape (n_rows,)
        Frequency weights.
    """
    latent = LATENT[link]
    center = np.average(x, axis=0, weights=w) if x.shape[1] else np.zeros(0)
    scale = np.sqrt(np.average((x - center) ** 2, axis=0, weights=w)) if x.shape[1] else np.ones(0)
    z = (x - center) / scale
    share = np.cumsum(np.bincount(y, weights=w, minlength=k))[:-1] / w.sum()
    theta = np.concatenate([np.zeros(x.shape[1]), latent.quantile(share)])
    now = _at(theta, y, z, k, latent)
    for _ in range(100):
        value, information = float(now.values @ w), now.information(w)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, w @ now.scores)
        if np.abs(step).max() < 1e-9:
            return _own_units(theta, now, information, value, center, scale)
        for _ in range(40):
            tried = _at(theta + step, y, z, k, latent)
            if np.isfinite(tried.values).all() and tried.values @ w >= value - 1e-9 * abs(value):
                break
            step = step / 2
        else:
            return None
        theta, now = theta + step, tried
    return None


def _own_units(
    theta: Array, now: _Point, information: Array, value: float, center: Array, scale: Array
) -> OrdinalFit:
    """From centred and scaled predictors back to their own units."""
    p = len(center)
    back = np.eye(len(theta))
    back[:p, :p] = np.diag(1 / scale)
    back[p:, :p] = center / scale
    inverse = np.linalg.inv(back)
    return OrdinalFit(
        parameters=back @ theta,
        information=inverse.T @ information @ inverse,
        scores=now.scores @ inverse,
        log_likelihood=value,
    )
