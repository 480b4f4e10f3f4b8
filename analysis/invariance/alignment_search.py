"""The search for latent means and variances that make measurement parameters as alike as they can be.

A configural model gives every group's construct mean 0 and variance 1, with loadings ``l`` and intercepts
``v``. Any other means ``a`` and variances ``psi`` fit as well, with loadings ``l / sqrt(psi)`` and intercepts
``v - a l / sqrt(psi)``. Wanted are those with the smallest loss over all pairs of groups g, h and all
parameters [1]_::

    sum over pairs, parameters of sqrt(n_g n_h) f(difference),    f(x) = sqrt(sqrt(x^2 + epsilon))

which prefers few large differences to many middling ones. The product of the variances is 1; the mean of the
first group is 0 (*fixed*) or sought as the others are (*free*).

References
----------
.. [1] Asparouhov, T., & Muthén, B. (2014). Multiple-group factor analysis alignment. Structural Equation
   Modeling, 21, 495-508.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import null_space
from scipy.optimize import minimize

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.invariance.alignment.align")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Optimisation = Literal["fixed", "free"]

EPSILON = 0.01
#: Losses nearer than this (relative) are taken for the same minimum.
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Configural:
    """What is aligned, of one construct: loadings and intercepts, or thresholds with their sign turned."""

    loadings: Array  #: shape (n_groups, n_items)
    locations: Array  #: shape (n_groups, n_locations)
    item: Index  #: shape (n_locations,): whose each location is
    sizes: Array  #: shape (n_groups,)

    @property
    def stacked(self) -> Array:
        """Loadings, then locations, group by group within each."""
        return np.concatenate([self.loadings.ravel(), self.locations.ravel()])

    def moved(self, stacked: Array) -> Configural:
        """The same with other numbers."""
        cut = self.loadings.size
        return Configural(
            stacked[:cut].reshape(self.loadings.shape),
            stacked[cut:].reshape(self.locations.shape),
            self.item,
            self.sizes,
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """How a point of the search becomes latent means and logarithms of variances."""

    n_groups: int
    optimisation: Optimisation

    @property
    def n_means(self) -> int:
        return self.n_groups - (self.optimisation == "fixed")

    @property
    def basis(self) -> Array:
        """Directions of the log variances: orthogonal to all rising together."""
        return np.asarray(null_space(np.ones((1, self.n_groups))))

    def means(self, point: Array) -> Array:
        return np.concatenate([np.zeros(self.n_groups - self.n_means), point[: self.n_means]])

    def log_variances(self, point: Array) -> Array:
        return np.asarray(self.basis @ point[self.n_means :])


def aligned(frame: Frame, configural: Configural, point: Array) -> tuple[Array, Array]:
    """Loadings and locations under other latent means and variances."""
    loadings = configural.loadings * np.exp(-frame.log_variances(point) / 2)[:, None]
    return loadings, configural.locations - frame.means(point)[:, None] * loadings[:, configural.item]


def losses(values: Array, sizes: Array, epsilon: float) -> tuple[Array, Array]:
    """Loss of every parameter, and its slopes by every group's value.

    Parameters
    ----------
    values : array, shape (n_groups, n_parameters)

    Returns
    -------
    loss : array, shape (n_parameters,)
    slopes : array, shape (n_groups, n_parameters)
    """
    weights = np.sqrt(np.outer(sizes, sizes))
    apart = values[:, None, :] - values[None, :, :]
    squared = apart**2 + epsilon
    np.einsum("ggp->gp", apart)[...] = 0.0
    pairs = np.triu(weights, 1)
    loss = (pairs[:, :, None] * squared**0.25).sum(axis=(0, 1))
    slopes = (weights[:, :, None] * 0.5 * apart * squared**-0.75).sum(axis=1)
    return loss, slopes


def loss_and_slopes(
    frame: Frame, configural: Configural, point: Array, epsilon: float
) -> tuple[float, Array]:
    """The loss at a point, and its gradient; both divided by the sum of the pairs' weights."""
    loadings, locations = aligned(frame, configural, point)
    unit = np.triu(np.sqrt(np.outer(configural.sizes, configural.sizes)), 1).sum()
    first, by_loading = losses(loadings, configural.sizes, epsilon)
    second, by_location = losses(locations, configural.sizes, epsilon)
    own = loadings[:, configural.item]
    by_mean = -(by_location * own).sum(axis=1)
    by_log_variance = -(by_loading * loadings).sum(axis=1) / 2
    by_log_variance += (by_location * own).sum(axis=1) * frame.means(point) / 2
    gradient = np.concatenate([by_mean[frame.n_groups - frame.n_means :], frame.basis.T @ by_log_variance])
    return float(first.sum() + second.sum()) / unit, gradient / unit


@dataclass(frozen=True, slots=True)
class Minimum:
    """The best of many searches."""

    point: Array
    loss: float
    agreeing: int  #: how many starts ended there
    starts: int
    converged: bool


def search(
    frame: Frame, configural: Configural, *, epsilon: float, starts: int, rng: np.random.Generator
) -> Minimum:
    """The smallest loss from equal means and variances, and from random ones."""
    size = frame.n_means + frame.n_groups - 1
    first = np.zeros((1, size))
    others = rng.normal(size=(max(starts - 1, 0), size)) * np.where(np.arange(size) < frame.n_means, 0.7, 0.4)

    def both(point: Array) -> tuple[float, Array]:
        return loss_and_slopes(frame, configural, point, epsilon)

    found = [
        minimize(
            both,
            start,
            jac=True,
            method="BFGS",
            options={"gtol": 1e-9, "maxiter": 2000},
        )
        for start in np.concatenate([first, others])
    ]
    best = min(found, key=lambda one: float(one.fun))
    agreeing = sum(float(one.fun) <= float(best.fun) * (1 + SAME) for one in found)
    flat = float(np.abs(best.jac).max()) < 1e-5
    return Minimum(np.asarray(best.x), float(best.fun), agreeing, len(found), flat)


def slopes_of(function: Callable[[Array], Array], at: Array) -> Array:
    """Central differences, shape (n_values, n_arguments)."""
    columns = []
    for k in range(len(at)):
        step = 1e-5 * max(1.0, abs(float(at[k])))
        above, below = at.copy(), at.copy()
        above[k] += step
        below[k] -= step
        columns.append((function(above) - function(below)) / (2 * step))
    return np.stack(columns, axis=1)


@dataclass(frozen=True, slots=True)
class Spread:
    """Covariance matrices by the delta method, through the condition that the gradient vanishes."""

    means: Array  #: of all groups' latent means, shape (n_groups, n_groups)
    variances: Array  #: of all groups' latent variances
    parameters: Array  #: of the aligned loadings, then locations, group by group within each


def spread_of(
    frame: Frame, configural: Configural, point: Array, covariance: Array, epsilon: float
) -> Spread | None:
    """None where the loss has no strict minimum at the point.

    With the gradient ``G(point, parameters) = 0``, ``d point = -(dG/dpoint)^-1 dG/dparameters``.
    """

    def gradient(at: Array, stacked: Array) -> Array:
        return loss_and_slopes(frame, configural.moved(stacked), at, epsilon)[1]

    stacked = configural.stacked
    curvature = slopes_of(lambda at: gradient(at, stacked), point)
    curvature = (curvature + curvature.T) / 2
    if np.linalg.eigvalsh(curvature)[0] <= 1e-8 * np.abs(curvature).max():
        return None
    moves = -np.linalg.solve(curvature, slopes_of(lambda given: gradient(point, given), stacked))

    def parameters(at: Array, given: Array) -> Array:
        loadings, locations = aligned(frame, configural.moved(given), at)
        return np.concatenate([loadings.ravel(), locations.ravel()])

    means = slopes_of(frame.means, point) @ moves
    variances = slopes_of(lambda at: np.exp(frame.log_variances(at)), point) @ moves
    whole = slopes_of(lambda given: parameters(point, given), stacked)
    whole = whole + slopes_of(lambda at: parameters(at, stacked), point) @ moves
    return Spread(*(np.asarray(by @ covariance @ by.T) for by in (means, variances, whole)))
