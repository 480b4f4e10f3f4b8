"""How far implied moments are from the sample's: maximum likelihood, full information, GLS and ULS.

Every discrepancy f is half of the usual one, so that ``2 n (f - f of the saturated model)`` is a chi-square
statistic and the second derivatives of f times n are an information matrix. At a point it knows its value,
its slopes by Sigma and mu, its expected curvature, and what the second derivatives of f itself add to the
Hessian.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from analysis.sem.incomplete import Pattern
from analysis.sem.matrices import Implied, Slopes
from analysis.sem.moments import GroupMoments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


class Point(Protocol):
    """A discrepancy at some implied moments."""

    @property
    def value(self) -> float: ...
    @property
    def by_covariance(self) -> Array:
        """Q with ``df = tr(Q dSigma)``."""
        ...

    @property
    def by_means(self) -> Array: ...

    def expected(self, slopes: Slopes) -> Array:
        """Expected information per respondent, shape (n_cells, n_cells)."""
        ...

    def second(self, slopes: Slopes) -> Array:
        """The Hessian, but for the curvature of the implied moments."""
        ...


class Discrepancy(Protocol):
    """What is minimised for one group."""

    def at(self, implied: Implied) -> Point | None:
        """None where it has no value: the implied covariance matrix is not positive definite."""
        ...


def inverse_and_log_determinant(matrix: Array) -> tuple[Array, float] | None:
    """None unless positive definite."""
    factor, wrong = lapack.dpotrf(matrix, lower=1)
    if wrong or not np.isfinite(factor[-1, -1] if len(factor) else 0.0):
        return None
    inverse, wrong = lapack.dpotri(factor, lower=1)
    if wrong:
        return None
    # The factor's upper triangle is zero, and so is the inverse's: its mirror image completes it.
    whole = inverse + inverse.T
    whole.flat[:: len(whole) + 1] /= 2
    return whole, 2 * float(np.log(factor.diagonal()).sum())


def slope_of(point: Point, slopes: Slopes) -> Array:
    """The gradient of f by each cell."""
    by_covariance = 2 * ((point.by_covariance @ slopes.left) * slopes.right).sum(axis=0)
    return np.asarray(by_covariance + point.by_means @ slopes.means)


def _products(slopes: Slopes, one: Array, other: Array) -> Array:
    """``tr(dSigma_k one dSigma_l other)`` for symmetric matrices."""
    a, b = slopes.left, slopes.right
    one_a, one_b = one @ a, one @ b
    if other is one:
        ab = a.T @ one_b
        return np.asarray(2 * ((a.T @ one_a) * (b.T @ one_b) + ab * ab.T))
    other_a, other_b = other @ a, other @ b
    return np.asarray(
        (b.T @ one_a) * (a.T @ other_b)
        + (b.T @ one_b) * (a.T @ other_a)
        + (a.T @ one_a) * (b.T @ other_b)
        + (a.T @ one_b) * (b.T @ other_a)
    )


@dataclass(frozen=True, slots=True)
class NormalPoint:
    """``f = (log |Sigma| + tr(Sigma^-1 (S + d d'))) / 2`` with ``d = mean - mu``: minus a mean
    log-likelihood."""

    value: float
    inverse: Array  #: W, the inverse of Sigma
    weighted: Array  #: W (S + d d') W
    pull: Array  #: W d

    @classmethod
    def of(cls, covariance: Array, sample: Array, distance: Array) -> NormalPoint | None:
        found = inverse_and_log_determinant(covariance)
        if found is None:
            return None
        inverse, log_determinant = found
        about = sample + np.multiply.outer(distance, distance)
        value = (log_determinant + float((inverse * about).sum())) / 2
        return cls(value, inverse, inverse @ about @ inverse, inverse @ distance)

    @property
    def by_covariance(self) -> Array:
        return (self.inverse - self.weighted) / 2

    @property
    def by_means(self) -> Array:
        return -self.pull

    def expected(self, slopes: Slopes) -> Array:
        half = _products(slopes, self.inverse, self.inverse) / 2
        return half + slopes.means.T @ self.inverse @ slopes.means

    def second(self, slopes: Slopes) -> Array:
        # tr(dSigma_k W dSigma_l (W (S + dd') W - W / 2)) and the terms that join means and covariances
        own = _products(slopes, self.inverse, self.weighted - self.inverse / 2)
        moved = self.inverse @ slopes.means
        a, b = slopes.left, slopes.right
        joint = (a.T @ moved) * (b.T @ self.pull)[:, None] + (b.T @ moved) * (a.T @ self.pull)[:, None]
        return own + joint + joint.T + slopes.means.T @ moved


@dataclass(frozen=True, slots=True)
class MaximumLikelihood:
    """Complete answers, multivariate normal."""

    means: Array
    covariance: Array

    def at(self, implied: Implied) -> Point | None:
        return NormalPoint.of(implied.covariance, self.covariance, self.means - implied.means)


@dataclass(frozen=True, slots=True)
class PatternsPoint:
    """The sum over patterns of missing answers, each with its own items."""

    value: float
    by_covariance: Array
    by_means: Array
    parts: tuple[tuple[float, Pattern, NormalPoint], ...]

    def expected(self, slopes: Slopes) -> Array:
        return np.asarray(sum(w * point.expected(slopes.rows(p.observed)) for w, p, point in self.parts))

    def second(self, slopes: Slopes) -> Array:
        return np.asarray(sum(w * point.second(slopes.rows(p.observed)) for w, p, point in self.parts))


@dataclass(frozen=True, slots=True)
class FullInformation:
    """Maximum likelihood with missing answers: who did not answer contributes what they did answer."""

    patterns: tuple[Pattern, ...]
    n_items: int

    def at(self, implied: Implied) -> Point | None:
        total = sum(pattern.n for pattern in self.patterns)
        covariance, means = implied.covariance, implied.means
        value, parts = 0.0, []
        by_covariance, by_means = np.zeros((self.n_items, self.n_items)), np.zeros(self.n_items)
        for pattern in self.patterns:
            o = pattern.observed
            block = np.ix_(o, o)
            point = NormalPoint.of(covariance[block], pattern.covariance, pattern.means - means[o])
            if point is None:
                return None
            weight = pattern.n / total
            value += weight * point.value
            by_covariance[block] += weight * point.by_covariance
            by_means[o] += weight * point.by_means
            parts.append((weight, pattern, point))
        return PatternsPoint(value, by_covariance, by_means, tuple(parts))


@dataclass(frozen=True, slots=True)
class QuadraticPoint:
    """``f = (tr((V (S - Sigma))^2) / 2 + d' V d) / 2`` with a fixed weight matrix V."""

    value: float
    by_covariance: Array
    by_means: Array
    weight: Array

    def expected(self, slopes: Slopes) -> Array:
        half = _products(slopes, self.weight, self.weight) / 2
        return half + slopes.means.T @ self.weight @ slopes.means

    def second(self, slopes: Slopes) -> Array:
        return self.expected(slopes)


@dataclass(frozen=True, slots=True)
class GeneralizedLeastSquares:
    """Residuals in units of the sample covariance matrix: V is its inverse."""

    means: Array
    covariance: Array
    weight: Array

    def at(self, implied: Implied) -> Point | None:
        v, residual = self.weight, self.covariance - implied.covariance
        distance = self.means - implied.means
        weighted = v @ residual
        pull = v @ distance
        value = (float((weighted * weighted.T).sum()) / 2 + float(distance @ pull)) / 2
        return QuadraticPoint(value, -(weighted @ v) / 2, -pull, v)


@dataclass(frozen=True, slots=True)
class UnweightedPoint:
    value: float
    by_covariance: Array
    by_means: Array

    def expected(self, slopes: Slopes) -> Array:
        # each covariance counts once: half of the whole matrix plus half of its diagonal
        a, b = slopes.left, slopes.right
        ab = a.T @ b
        diagonal = 2 * a * b
        whole = 2 * ((a.T @ a) * (b.T @ b) + ab * ab.T)
        return np.asarray((whole + diagonal.T @ diagonal) / 2 + slopes.means.T @ slopes.means)

    def second(self, slopes: Slopes) -> Array:
        return self.expected(slopes)


@dataclass(frozen=True, slots=True)
class UnweightedLeastSquares:
    """The plain sum of squared residuals, each mean, variance and covariance once."""

    means: Array
    covariance: Array

    def at(self, implied: Implied) -> Point | None:
        residual, distance = self.covariance - implied.covariance, self.means - implied.means
        diagonal = np.diag(residual)
        squares = (float((residual**2).sum()) + float(diagonal @ diagonal)) / 2 + float(distance @ distance)
        return UnweightedPoint(squares / 2, -(residual + np.diag(diagonal)) / 2, -distance)


@dataclass(frozen=True, slots=True)
class StackedPoint:
    value: float
    by_covariance: Array
    by_means: Array
    weight: Array
    with_means: bool

    def expected(self, slopes: Slopes) -> Array:
        jacobian = slopes.stacked(with_means=self.with_means)
        return np.asarray(jacobian.T @ self.weight @ jacobian)

    def second(self, slopes: Slopes) -> Array:
        return self.expected(slopes)


@dataclass(frozen=True, slots=True)
class WeightedLeastSquares:
    """``f = (s - sigma)' V (s - sigma) / 2`` over means (if modelled) and the lower triangle, row by row.

    With V the inverse of the moments' asymptotic covariance matrix this is Browne's asymptotically
    distribution-free method; with its diagonal inverted, diagonally weighted least squares.
    """

    means: Array
    covariance: Array
    weight: Array
    with_means: bool

    def at(self, implied: Implied) -> Point | None:
        p = len(self.covariance)
        i, j = np.tril_indices(p)
        distance, residual = self.means - implied.means, self.covariance - implied.covariance
        stacked = np.concatenate([distance, residual[i, j]]) if self.with_means else residual[i, j]
        pull = self.weight @ stacked
        by_covariance = np.zeros((p, p))
        by_covariance[i, j] = -pull[p:] if self.with_means else -pull
        by_covariance = (by_covariance + by_covariance.T) / 2
        by_means = -pull[:p] if self.with_means else np.zeros(p)
        return StackedPoint(float(stacked @ pull) / 2, by_covariance, by_means, self.weight, self.with_means)


def likelihood_of(group: GroupMoments, *, mean_structure: bool) -> Discrepancy:
    """Minus the mean log-likelihood of one group, but for its constant."""
    if group.patterns:
        return FullInformation(group.patterns, len(group.means))
    return MaximumLikelihood(modelled_means(group, mean_structure=mean_structure), group.covariance)


def modelled_means(group: GroupMoments, *, mean_structure: bool) -> Array:
    """Means are compared with implied ones; where these are not modelled both are zero."""
    return group.means if mean_structure else np.zeros_like(group.means)
