"""The likelihood of a linear mixed model with one grouping, profiled over coefficients and residual variance.

Random effects of group i are ``sigma Lambda u_i`` with ``u_i ~ N(0, I)`` and Lambda lower triangular, filled
by columns with theta [1]_. All formulas are written so that they also hold for complex theta: derivatives are
taken by the complex step and are exact to rounding [2]_.

References
----------
.. [1] Bates, D., Mächler, M., Bolker, B., & Walker, S. (2015). Fitting linear mixed-effects models using
   lme4. Journal of Statistical Software, 67(1).
.. [2] Squire, W., & Trapp, G. (1998). Using complex variables to estimate derivatives of real functions. SIAM
   Review, 40, 110-112.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.mixed.models.mixed_model")

Array = npt.NDArray[np.float64]
Number = npt.NDArray[Any]  #: real or complex
Method = Literal["reml", "ml"]

STEP = 1e-20  #: of the complex step; no difference is taken, so it can be tiny
DIFFERENCE = 1e-4  #: of central differences of exact gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What follows from one value of theta."""

    coefficients: Number
    precision: Number  #: of the coefficients, times sigma squared
    penalised: Any  #: residual sum of squares, penalised
    log_det: Any  #: log of the determinant of ``Lambda' Z' Z Lambda + I``


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedData:
    """Cross-products of one design: everything that the likelihood needs.

    ``zz`` has shape (n_groups, q, q), ``za`` (n_groups, q, p + 1), ``aa`` (p + 1, p + 1); the last column of
    a is the outcome.
    """

    n: int
    zz: Array
    za: Array
    aa: Array

    @property
    def p(self) -> int:
        return len(self.aa) - 1

    @property
    def q(self) -> int:
        return int(self.zz.shape[1])

    @property
    def n_theta(self) -> int:
        return self.q * (self.q + 1) // 2

    def residual_df(self, method: Method) -> int:
        return self.n - self.p if method == "reml" else self.n

    def profile(self, theta: Number) -> Profile:
        """Coefficients and what else the deviance is made of."""
        root = relative_root(theta, self.q)
        scaled = np.swapaxes(root, 0, 1) @ self.za
        inner = np.swapaxes(root, 0, 1) @ self.zz @ root + np.eye(self.q)
        total = self.aa - np.einsum("gqa,gqb->ab", scaled, np.linalg.solve(inner, scaled))
        precision, crossed = total[:-1, :-1], total[:-1, -1]
        coefficients = np.linalg.solve(precision, crossed)
        return Profile(
            coefficients=coefficients,
            precision=precision,
            penalised=total[-1, -1] - crossed @ coefficients,
            log_det=np.log(np.linalg.det(inner)).sum(),
        )

    def deviance(self, theta: Number, method: Method) -> Any:
        """Minus twice the log-likelihood (restricted: REML criterion) at the best sigma."""
        found, df = self.profile(theta), self.residual_df(method)
        value = found.log_det + df * (1 + np.log(2 * math.pi * found.penalised / df))
        return value + np.log(np.linalg.det(found.precision)) if method == "reml" else value

    def deviance_at(self, parameters: Number, method: Method) -> Any:
        """The same at given sigma: ``parameters`` are theta and then sigma."""
        theta, sigma = parameters[:-1], parameters[-1]
        found, df = self.profile(theta), self.residual_df(method)
        value = found.log_det + df * np.log(2 * math.pi * sigma**2) + found.penalised / sigma**2
        return value + np.log(np.linalg.det(found.precision)) if method == "reml" else value


def cross_products(outcome: Array, fixed: Array, random: Array, groups: npt.NDArray[np.int64]) -> MixedData:
    """Data of a model.

    Parameters
    ----------
    outcome : array, shape (n,)
    fixed : array, shape (n, p)
    random : array, shape (n, q)
    groups : array of int, shape (n,)
        From 0 to n_groups - 1.
    """
    both = np.column_stack([fixed, outcome])
    n_groups, q, columns = int(groups.max()) + 1, random.shape[1], both.shape[1]
    zz, za = np.zeros((n_groups, q, q)), np.zeros((n_groups, q, columns))
    np.add.at(zz, groups, random[:, :, None] * random[:, None, :])
    np.add.at(za, groups, random[:, :, None] * both[:, None, :])
    return MixedData(n=len(outcome), zz=zz, za=za, aa=both.T @ both)


def relative_root(theta: Number, q: int) -> Number:
    """Lambda, the lower triangle filled by columns.

    >>> relative_root(np.array([1.0, 2.0, 3.0]), 2)
    array([[1., 0.],
           [2., 3.]])
    """
    root = np.zeros((q, q), dtype=theta.dtype)
    columns, rows = np.triu_indices(q)
    root[rows, columns] = theta
    return root


def gradient(function: Callable[[Number], Any], at: Array) -> Array:
    """Exact first derivatives of a function of real numbers that also takes complex ones; last axis.

    >>> gradient(lambda x: x[0] ** 2 * x[1], np.array([3.0, 2.0])).tolist()
    [12.0, 9.0]
    """
    slopes = []
    for k in range(len(at)):
        point = at.astype(complex)
        point[k] += 1j * STEP
        slopes.append(np.imag(function(point)) / STEP)
    return np.stack(slopes, axis=-1)


def hessian(function: Callable[[Number], Any], at: Array) -> Array:
    """Second derivatives: Richardson's extrapolation of central differences of exact gradients."""
    found = np.empty((len(at), len(at)))
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = DIFFERENCE * max(abs(at[k]), 0.1)

        def slope(times: float, step: Array = step) -> Array:
            return gradient(function, at + times * step) - gradient(function, at - times * step)

        found[k] = (8 * slope(1.0) - slope(2.0)) / (12 * step[k])
    return (found + found.T) / 2
