"""Extracting factors from a correlation matrix: minimum residual, maximum likelihood, principal axis.

Minimum residual and maximum likelihood lower a discrepancy that depends on the unique variances alone (the
best loadings for given ones are eigenvectors), so Newton's method with exact derivatives [1]_ needs a few
steps.

References
----------
.. [1] Jöreskog, K. G. (1977). Factor analysis by least-squares and maximum-likelihood methods. In K. Enslein,
   A. Ralston & H. S. Wilf (Eds.), Statistical methods for digital computers (pp. 125-153). Wiley.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
ExtractionMethod = Literal["minres", "ml", "principal_axis"]
Discrepancy = Callable[[Array], tuple[float, Array, Array]]

LEAST_UNIQUENESS = 0.005  #: bound of the unique variances, that of ``factanal`` and ``psych::fa``


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extraction:
    """Unrotated factors."""

    method: ExtractionMethod
    loadings: Array  #: shape (n_items, n_factors), columns by falling share of variance
    uniquenesses: Array  #: shape (n_items,)
    discrepancy: float  #: what was minimised; for principal axis the sum of squared residuals
    iterations: int
    heywood: tuple[int, ...]  #: positions of items whose unique variance fell to its bound or below
    state: str = "ok"  #: ``inadmissible`` (Heywood case) or ``not_converged``
    reason: str = ""


@no_estimate("arithmetic")
def squared_multiple_correlations(matrix: Array) -> Array:
    """Share of each item's variance that the other items predict: ``1 - 1 / diag(R^-1)``.

    >>> squared_multiple_correlations(np.array([[1, 0.5], [0.5, 1]])).round(4).tolist()
    [0.25, 0.25]
    """
    return np.asarray(1 - 1 / np.diag(np.linalg.inv(matrix)))


@no_estimate("arithmetic")
def extract(
    matrix: Array,
    n_factors: int,
    *,
    method: ExtractionMethod = "minres",
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> Extraction:
    """Unrotated factors of a correlation matrix.

    Parameters
    ----------
    matrix : array, shape (n_items, n_items)
        Correlations, positive definite.
    n_factors : int
    method : {"minres", "ml", "principal_axis"}
        Least squares of the residual correlations [1]_, normal-theory maximum likelihood, or principal axes
        iterated from the squared multiple correlations.
    tolerance : float, optional
        Largest slope of the discrepancy at the end (1e-9); for principal axis the change in the sum of
        communalities at which it stops (0.001, as ``psych::fa``: this method crawls, and where it would
        arrive is the minres solution).
    max_iterations : int, optional
        200; for principal axis 50.

    References
    ----------
    .. [1] Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres).
       Psychometrika, 31, 351-368.

    Examples
    --------
    >>> r = np.array([[1, 0.56, 0.48], [0.56, 1, 0.42], [0.48, 0.42, 1]])
    >>> extract(r, 1).loadings.ravel().round(4).tolist()
    [0.8, 0.7, 0.6]
    """
    k = len(matrix)
    if not 1 <= n_factors < k:
        raise ValueError(
            f"{n_factors} factors of {k} items; ask for at least 1 and fewer than there are items"
        )
    if method == "principal_axis":
        return _principal_axis(matrix, n_factors, tolerance or 1e-3, max_iterations or 50)
    if method not in ("minres", "ml"):
        raise ValueError(f"extraction is {method!r}; it can be minres, ml or principal_axis")
    start = np.clip(1 / np.diag(np.linalg.inv(matrix)), LEAST_UNIQUENESS, 1.0)
    # Jöreskog's start: half a factor's worth below the error of prediction by all other items.
    start = np.clip((1 - 0.5 * n_factors / k) * start, 2 * LEAST_UNIQUENESS, 1.0)
    log = method == "ml"
    discrepancy = _likelihood(matrix, n_factors) if log else _least_squares(matrix, n_factors)
    least = np.log(LEAST_UNIQUENESS) if log else LEAST_UNIQUENESS
    point, value, iterations, slope = _newton(
        discrepancy, np.log(start) if log else start, least, tolerance or 1e-9, max_iterations or 200
    )
    uniquenesses = np.exp(point) if log else point
    loadings = _loadings(matrix, uniquenesses, n_factors, scaled=log)
    converged = slope <= max(tolerance or 0, 1e-7)
    return _judged(method, loadings, uniquenesses, value, iterations, converged)


def _least_squares(matrix: Array, m: int) -> Discrepancy:
    """Half the squared tail eigenvalues of ``R - U``, with gradient and Hessian in the unique variances."""

    def discrepancy(point: Array) -> tuple[float, Array, Array]:
        values, vectors = np.linalg.eigh(matrix - np.diag(point))
        tail, head = slice(None, -m), slice(-m, None)
        squares = vectors[:, tail] ** 2
        ratio = values[tail, None] / (values[tail, None] - values[None, head])
        gradient = -(squares @ values[tail])
        projector = vectors[:, tail] @ vectors[:, tail].T
        hessian = projector**2 + 2 * _paired(vectors[:, tail], vectors[:, head], ratio)
        return float((values[tail] ** 2).sum() / 2), gradient, hessian

    return discrepancy


def _likelihood(matrix: Array, m: int) -> Discrepancy:
    """``sum(theta - log theta - 1)`` over the tail eigenvalues of ``U^-1/2 R U^-1/2``, in the logs of U."""

    def discrepancy(point: Array) -> tuple[float, Array, Array]:
        scale = np.exp(-point / 2)
        values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
        tail, head = slice(None, -m), slice(-m, None)
        theta, others = values[tail, None], values[None, head]
        squares = vectors[:, tail] ** 2
        gradient = squares @ (1 - values[tail])
        projector = vectors[:, tail] @ vectors[:, tail].T
        weighted = (vectors[:, tail] * values[tail]) @ vectors[:, tail].T
        ratio = (1 - theta) * (theta + others) / (others - theta)
        hessian = projector * weighted + _paired(vectors[:, tail], vectors[:, head], ratio)
        value = float((values[tail] - np.log(values[tail]) - 1).sum())
        return value, gradient, hessian

    return discrepancy


def _paired(tail: Array, head: Array, ratio: Array) -> Array:
    """``sum_jl ratio_jl tail_ij tail_kj head_il head_kl`` for all i, k."""
    return np.asarray(np.einsum("jl,ij,kj,il,kl->ik", ratio, tail, tail, head, head, optimize="greedy"))


def _newton(
    discrepancy: Discrepancy, start: Array, least: float, tolerance: float, limit: int
) -> tuple[Array, float, int, float]:
    """Newton's method above a bound: components that press against it stay there."""
    point = start.copy()
    value, gradient, hessian = discrepancy(point)
    iteration = 0
    while iteration < limit:
        iteration += 1
        free = (point > least) | (gradient < 0)
        if np.abs(gradient[free]).max(initial=0.0) <= tolerance:
            break
        step = np.zeros_like(point)
        step[free] = -_ascent(gradient[free], hessian[np.ix_(free, free)])
        length = 1.0
        for _ in range(40):
            trial = np.maximum(point + length * step, least)
            found = discrepancy(trial)
            if found[0] <= value + 1e-4 * float(gradient @ (trial - point)) + 1e-15:
                break
            length /= 2
        else:
            break
        if np.array_equal(trial, point):
            break
        point, (value, gradient, hessian) = trial, found
    free = (point > least) | (gradient < 0)
    return point, value, iteration, float(np.abs(gradient[free]).max(initial=0.0))


def _ascent(gradient: Array, hessian: Array) -> Array:
    """Newton's direction, with eigenvalues made positive where the discrepancy is not convex."""
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(np.abs(values), 1e-6 * max(float(np.abs(values).max()), 1e-12))
    return np.asarray(vectors @ ((vectors.T @ gradient) / values))


def _loadings(matrix: Array, uniquenesses: Array, m: int, *, scaled: bool) -> Array:
    if scaled:
        root = np.sqrt(uniquenesses)
        values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
        top = np.sqrt(np.maximum(values[-m:] - 1, 0))
        return np.asarray((root[:, None] * vectors[:, -m:] * top)[:, ::-1])
    values, vectors = np.linalg.eigh(matrix - np.diag(uniquenesses))
    return np.asarray((vectors[:, -m:] * np.sqrt(np.maximum(values[-m:], 0)))[:, ::-1])


def _principal_axis(matrix: Array, m: int, tolerance: float, limit: int) -> Extraction:
    reduced = matrix.copy()
    communalities = squared_multiple_correlations(matrix)
    iteration, change = 0, np.inf
    loadings = np.zeros((len(matrix), m))
    while change > tolerance and iteration < limit:
        iteration += 1
        np.fill_diagonal(reduced, communalities)
        values, vectors = np.linalg.eigh(reduced)
        loadings = (vectors[:, -m:] * np.sqrt(np.maximum(values[-m:], 0)))[:, ::-1]
        found = (loadings**2).sum(axis=1)
        change = abs(float(found.sum() - communalities.sum()))
        communalities = found
    residual = matrix - loadings @ loadings.T
    np.fill_diagonal(residual, 0.0)
    value = float((residual**2).sum() / 2)
    return _judged("principal_axis", loadings, 1 - communalities, value, iteration, change <= tolerance)


def _judged(
    method: ExtractionMethod,
    loadings: Array,
    uniquenesses: Array,
    value: float,
    iterations: int,
    converged: bool,
) -> Extraction:
    heywood = tuple(int(i) for i in np.flatnonzero(uniquenesses <= LEAST_UNIQUENESS * (1 + 1e-6)))
    state, reason = "ok", ""
    if heywood:
        state = "inadmissible"
        reason = "Heywood case: the factors explain all variance of an item"
    elif not converged:
        state, reason = "not_converged", f"the extraction still moved after {iterations} iterations"
    return Extraction(
        method=method,
        loadings=loadings,
        uniquenesses=uniquenesses,
        discrepancy=value,
        iterations=iterations,
        heywood=heywood,
        state=state,
        reason=reason,
    )
