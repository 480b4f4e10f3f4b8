"""Turning extracted factors towards simple structure.

Gradient projection: the rotation criterion is lowered along its gradient, projected on the orthogonal
matrices [1]_ or on the matrices with columns of length one [2]_. All random starts move at once, as one stack
of matrices.

References
----------
.. [1] Jennrich, R. I. (2001). A simple general procedure for orthogonal rotation. Psychometrika, 66, 289-306.
.. [2] Jennrich, R. I. (2002). A simple general method for oblique rotation. Psychometrika, 67, 7-19.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
Criterion = Callable[[Array], tuple[Array, Array]]
RotationMethod = Literal["none", "varimax", "promax", "oblimin", "geomin"]

SAME_MINIMUM = 1e-6  #: relative difference of criteria below which two starts found the same rotation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rotation:
    """Rotated loadings, in the columns' order and signs in which the rotation left them."""

    method: str
    loadings: Array  #: pattern, shape (n_items, n_factors)
    transformation: Array  #: ``T`` with ``loadings = unrotated (T')^-1`` and ``correlations = T'T``
    correlations: Array  #: of the factors, shape (n_factors, n_factors)
    criterion: float | None  #: the minimum found; None for promax and no rotation
    starts: int = 1  #: the identity and random starts
    starts_at_minimum: int = 1  #: how many of them ended in the minimum reported
    starts_converged: int = 1
    state: str = "ok"  #: ``not_converged`` when the gradient did not vanish
    reason: str = ""


@no_estimate("arithmetic")
def rotate(
    loadings: Array,
    *,
    method: RotationMethod,
    kaiser: bool | None = None,
    gamma: float = 0.0,
    delta: float = 0.01,
    power: float = 4.0,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-8,
    max_iterations: int = 5000,
) -> Rotation:
    """Rotate loadings by a named criterion.

    Parameters
    ----------
    loadings : array, shape (n_items, n_factors)
        Unrotated.
    method : {"none", "varimax", "promax", "oblimin", "geomin"}
        Varimax is orthogonal, the others let factors correlate. Promax [2]_ raises the varimax loadings to
        ``power`` and fits that target, as ``stats::promax``; oblimin is direct oblimin, quartimin when
        ``gamma`` is 0; geomin is oblique with ``delta`` added to the squared loadings.
    kaiser : bool, optional
        Weigh items alike by dividing each item's loadings by the root of its communality [3]_ while rotating.
        By default as R does: yes for varimax and promax (``stats::varimax``), no for oblimin and geomin
        (GPArotation).
    random_starts : int
        Random orthogonal starts beside the identity; the lowest criterion wins. Needs ``rng``.
    tolerance : float
        Largest length of the projected gradient that counts as converged.

    Raises
    ------
    ValueError
        If the method is unknown, or random starts are asked for without ``rng``.

    References
    ----------
    .. [1] Bernaards, C. A., & Jennrich, R. I. (2005). Gradient projection algorithms and software for
       arbitrary rotation criteria in factor analysis. Educational and Psychological Measurement, 65, 676-696.
    .. [2] Hendrickson, A. E., & White, P. O. (1964). Promax. British Journal of Statistical Psychology, 17,
       65-70.
    .. [3] Kaiser, H. F. (1958). The varimax criterion for analytic rotation. Psychometrika, 23, 187-200.

    Examples
    --------
    >>> unrotated = np.array([[0.7, 0.3], [0.7, 0.4], [0.6, -0.5], [0.6, -0.4]])
    >>> found = rotate(unrotated, method="oblimin")
    >>> round(abs(float(found.correlations[0, 1])), 4)
    0.4245
    """
    if method not in ("none", "varimax", "promax", "oblimin", "geomin"):
        raise ValueError(f"rotation is {method!r}; it can be none, varimax, promax, oblimin or geomin")
    if random_starts and rng is None:
        raise ValueError("random starts need rng, a numpy.random.Generator")
    m = loadings.shape[1]
    if method == "none" or m < 2:
        identity = np.eye(m)
        return Rotation(
            method="none",
            loadings=loadings,
            transformation=identity,
            correlations=identity,
            criterion=None,
        )
    if kaiser is None:
        kaiser = method in ("varimax", "promax")
    weights = np.sqrt((loadings**2).sum(axis=1, keepdims=True)) if kaiser else np.ones((len(loadings), 1))
    weights[weights == 0] = 1.0
    starts = _starts(m, random_starts, rng)
    criterion = _CRITERIA[method](gamma, delta)
    orthogonal = method in ("varimax", "promax")
    stack = _descend(loadings / weights, starts, criterion, orthogonal, tolerance, max_iterations)
    best = _best(stack, method, max_iterations)
    rotated = best.loadings * weights
    if method == "promax":
        return _promax(rotated, best, power)
    return Rotation(
        method=method,
        loadings=rotated,
        transformation=best.transformation,
        correlations=best.correlations,
        criterion=best.criterion,
        starts=best.starts,
        starts_at_minimum=best.starts_at_minimum,
        starts_converged=best.starts_converged,
        state=best.state,
        reason=best.reason,
    )


@no_estimate("arithmetic")
def varimax_criterion(loadings: Array) -> tuple[Array, Array]:
    """Minus a quarter of the variance of the squared loadings within columns, and its gradient."""
    squares = loadings**2
    centred = squares - squares.mean(axis=-2, keepdims=True)
    return -(centred**2).sum(axis=(-2, -1)) / 4, -loadings * centred


@no_estimate("arithmetic")
def oblimin_criterion(gamma: float) -> Criterion:
    """A quarter of the covariation of squared loadings between columns; quartimin when ``gamma`` is 0."""

    def criterion(loadings: Array) -> tuple[Array, Array]:
        squares = loadings**2
        others = squares.sum(axis=-1, keepdims=True) - squares
        others = others - gamma * others.mean(axis=-2, keepdims=True)
        return (squares * others).sum(axis=(-2, -1)) / 4, loadings * others

    return criterion


@no_estimate("arithmetic")
def geomin_criterion(delta: float) -> Criterion:
    """Sum over items of the geometric mean of their squared loadings plus ``delta``."""

    def criterion(loadings: Array) -> tuple[Array, Array]:
        squares = loadings**2 + delta
        means = np.exp(np.log(squares).mean(axis=-1, keepdims=True))
        return means.sum(axis=(-2, -1)), 2 / loadings.shape[-1] * loadings / squares * means

    return criterion


_CRITERIA: dict[str, Callable[[float, float], Criterion]] = {
    "varimax": lambda gamma, delta: varimax_criterion,  # noqa: ARG005
    "promax": lambda gamma, delta: varimax_criterion,  # noqa: ARG005
    "oblimin": lambda gamma, delta: oblimin_criterion(gamma),  # noqa: ARG005
    "geomin": lambda gamma, delta: geomin_criterion(delta),  # noqa: ARG005
}


@dataclass(slots=True)
class _Stack:
    """Where every start has arrived."""

    transformations: Array  # (starts, m, m)
    loadings: Array  # (starts, p, m)
    values: Array
    slopes: Array  # length of the projected gradient


def _starts(m: int, random_starts: int, rng: np.random.Generator | None) -> Array:
    if rng is None or random_starts == 0:
        return np.eye(m)[None]
    q, r = np.linalg.qr(rng.normal(size=(random_starts, m, m)))
    # Signs of R's diagonal make the orthogonal matrices uniformly distributed.
    q *= np.sign(np.einsum("sii->si", r))[:, None, :]
    return np.concatenate([np.eye(m)[None], q])


def _transposed(stack: Array) -> Array:
    return np.swapaxes(stack, -1, -2)


def _turn(unrotated: Array, t: Array, orthogonal: bool) -> Array:
    if orthogonal:
        return np.asarray(np.matmul(unrotated, t))
    inverse: Array = np.asarray(np.linalg.inv(t), dtype=np.float64)
    return np.asarray(np.matmul(unrotated, _transposed(inverse)))


def _projected_gradient(unrotated: Array, t: Array, loadings: Array, slope: Array, orthogonal: bool) -> Array:
    if orthogonal:
        gradient: Array = np.asarray(unrotated.T @ slope, dtype=np.float64)
        turned: Array = np.asarray(np.matmul(_transposed(t), gradient), dtype=np.float64)
        return np.asarray(gradient - t @ ((turned + _transposed(turned)) / 2))
    gradient = -_transposed(_transposed(loadings) @ slope @ np.linalg.inv(t))
    return np.asarray(gradient - t * (t * gradient).sum(axis=-2, keepdims=True))


def _project(moved: Array, orthogonal: bool) -> Array:
    if orthogonal:
        u, _, v = np.linalg.svd(moved, full_matrices=False)
        return np.asarray(u @ v)
    return np.asarray(moved / np.sqrt((moved**2).sum(axis=-2, keepdims=True)))


def _stand(
    unrotated: Array, t: Array, criterion: Criterion, orthogonal: bool
) -> tuple[Array, Array, Array, Array]:
    """Loadings, criterion, projected gradient and its length where the transformations are."""
    loadings = _turn(unrotated, t, orthogonal)
    values, slopes = criterion(loadings)
    gradient = _projected_gradient(unrotated, t, loadings, slopes, orthogonal)
    return loadings, np.asarray(values), gradient, np.sqrt((gradient**2).sum(axis=(-2, -1)))


def _descend(
    unrotated: Array, starts: Array, criterion: Criterion, orthogonal: bool, tolerance: float, limit: int
) -> _Stack:
    """Gradient projection with step halving (Bernaards & Jennrich 2005), all starts side by side."""
    t = starts.copy()
    loadings, values, gradient, lengths = _stand(unrotated, t, criterion, orthogonal)
    resting = lengths <= tolerance
    if resting.any():
        # Symmetric loadings can start on a saddle, where the slope is zero without being a minimum: push off.
        m = t.shape[-1]
        push = np.eye(m) + 0.01 * (np.triu(np.ones((m, m)), 1) - np.tril(np.ones((m, m)), -1))
        t[resting] = _project(t[resting] @ push, orthogonal)
        loadings, values, gradient, lengths = _stand(unrotated, t, criterion, orthogonal)
    step = np.ones(len(t))
    for _ in range(limit):
        moving = np.flatnonzero((lengths > tolerance) & (step > 1e-16))
        if not len(moving):
            break
        step[moving] *= 2
        waiting = moving
        for _ in range(25):
            trial = _project(t[waiting] - step[waiting, None, None] * gradient[waiting], orthogonal)
            turned = _turn(unrotated, trial, orthogonal)
            value, slope = criterion(turned)
            slid = _projected_gradient(unrotated, trial, turned, slope, orthogonal)
            length = np.sqrt((slid**2).sum(axis=(-2, -1)))
            gain = values[waiting] - value
            # Near the minimum gains drown in rounding: there a shorter gradient tells a good step.
            noise = 8 * np.finfo(float).eps * np.abs(values[waiting])
            good = gain > 0.5 * lengths[waiting] ** 2 * step[waiting]
            good |= (np.abs(gain) <= noise) & (length < lengths[waiting])
            done = waiting[good]
            t[done], loadings[done], values[done] = trial[good], turned[good], value[good]
            gradient[done], lengths[done] = slid[good], length[good]
            waiting = waiting[~good]
            if not len(waiting):
                break
            step[waiting] /= 2
        # A start that no step improves has arrived as closely as rounding allows; it stays where it is.
    return _Stack(t, loadings, values, lengths / np.maximum(tolerance, 1e-300))


def _best(stack: _Stack, method: str, limit: int) -> Rotation:
    converged = stack.slopes <= 1
    order = np.where(converged, stack.values, np.inf) if converged.any() else stack.values
    lowest = float(order.min())
    near = np.abs(order - lowest) <= SAME_MINIMUM * max(abs(lowest), 1e-8)
    # The first start within rounding of the minimum, so that a tie is broken the same way everywhere.
    chosen = int(np.flatnonzero(near)[0])
    t = stack.transformations[chosen]
    state, reason = "ok", ""
    if not converged.any():
        state = "not_converged"
        reason = f"the {method} rotation still moved after {limit} iterations"
    return Rotation(
        method=method,
        loadings=stack.loadings[chosen],
        transformation=t,
        correlations=t.T @ t,
        criterion=float(stack.values[chosen]),
        starts=len(stack.values),
        starts_at_minimum=int(near.sum()) if converged.any() else 0,
        starts_converged=int(converged.sum()),
        state=state,
        reason=reason,
    )


def _promax(varimax: Array, best: Rotation, power: float) -> Rotation:
    target = varimax * np.abs(varimax) ** (power - 1)
    u = np.linalg.lstsq(varimax, target, rcond=None)[0]
    u = u * np.sqrt(np.diag(np.linalg.inv(u.T @ u)))
    t = best.transformation @ np.linalg.inv(u).T
    return Rotation(
        method="promax",
        loadings=varimax @ u,
        transformation=t,
        correlations=t.T @ t,
        criterion=None,
        starts=best.starts,
        starts_at_minimum=best.starts_at_minimum,
        starts_converged=best.starts_converged,
        state=best.state,
        reason=best.reason,
    )
