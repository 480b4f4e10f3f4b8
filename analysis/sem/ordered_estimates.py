"""Diagonally weighted least squares: the parameters nearest to thresholds and correlations.

Minimised is ``F = sum over groups of (n_g - 1) / n (s - sigma)' W (s - sigma)``, with W the diagonal matrix
of one over the variances of the sample moments s [1]_; n_g - 1 as lavaan has it, so that ``n F`` is its
statistic. Robust standard errors take the whole covariance matrix Gamma of s: ``(D'WD)^-1 D'W Gamma W D
(D'WD)^-1`` divided by n less the number of groups, again as lavaan has it.

References
----------
.. [1] Muthén, B., du Toit, S. H. C., & Spisic, D. (1997). Robust inference using weighted least squares and
   quadratic estimating equations in latent variable modeling with categorical and continuous outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.sem.moments import GroupMoments as PlainMoments
from analysis.sem.moments import Moments
from analysis.sem.ordered_matrices import OrderedStructure
from analysis.sem.ordered_moments import GroupMoments
from analysis.sem.parameters import ParameterTable
from analysis.sem.restrictions import Restrictions
from analysis.sem.start import starting_values
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

#: The search ends when no step would move any parameter by more than this part of its standard error.
ARRIVED = 1e-7


@dataclass(frozen=True, slots=True)
class Stacked:
    """Moments of all groups under each other."""

    values: Array
    weights: Array  #: of the squared residuals, times the group's share
    is_threshold: npt.NDArray[np.bool_]
    n: float
    shares: tuple[float, ...]

    @classmethod
    def of(cls, groups: Sequence[GroupMoments]) -> Stacked:
        n = sum(group.n for group in groups)
        return cls(
            np.concatenate([group.values for group in groups]),
            np.concatenate([group.weights * (group.n - 1) / n for group in groups]),
            np.concatenate([np.arange(len(group.values)) < group.n_thresholds for group in groups]),
            n,
            tuple(group.n / n for group in groups),
        )

    def correlations(self) -> Stacked:
        """Without the thresholds."""
        kept = ~self.is_threshold
        return replace(
            self, values=self.values[kept], weights=self.weights[kept], is_threshold=self.is_threshold[kept]
        )


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where the search ended."""

    parameters: Array
    residuals: Array  #: sample minus implied moments, all groups
    jacobian: Array  #: of the implied moments by every free parameter
    discrepancy: float  #: times n, the chi-square statistic
    n_iterations: int
    converged: bool


def implied_moments(structures: Sequence[OrderedStructure], parameters: Array) -> Array:
    return np.concatenate([structure.implied(parameters).moments() for structure in structures])


def moment_slopes(structures: Sequence[OrderedStructure], parameters: Array) -> Array:
    return np.concatenate([s.implied(parameters).jacobian(len(parameters)) for s in structures])


def start_of(table: ParameterTable, groups: Sequence[GroupMoments]) -> Array:
    """As for amounts with the polychoric matrix; thresholds as observed, scales 1."""
    p = len(table.observed)
    plain = [
        PlainMoments(
            group=g.group, n=round(g.n), n_weighted=g.n, means=np.zeros(p), covariance=g.correlations.matrix
        )
        for g in groups
    ]
    start = starting_values(table, Moments(items=table.observed, groups=tuple(plain)))
    for row in reversed(table.parameters):
        if row.free is None or row.op not in ("|", "~*~"):
            continue
        if row.start is not None:
            start[row.free] = row.start
        elif row.op == "~*~":
            start[row.free] = 1.0
        else:
            thresholds = groups[row.group].correlations.thresholds[table.observed.index(row.left)]
            start[row.free] = thresholds[int(row.right[1:]) - 1]
    return start


def estimate(
    table: ParameterTable,
    structures: Sequence[OrderedStructure],
    groups: Sequence[GroupMoments],
    restrictions: Restrictions,
) -> Minimum:
    """The minimum over all free parameters.

    Thresholds that nothing restricts reproduce the observed ones, so that only correlations are left to fit.
    """
    stacked, start = Stacked.of(groups), start_of(table, groups)
    thresholds = _unrestricted_thresholds(table) if restrictions.is_identity else None
    if thresholds is None:
        return _minimise(structures, stacked, start, restrictions.basis, restrictions.offset)
    kept = np.setdiff1d(np.arange(table.n_free), thresholds)
    basis = np.eye(table.n_free)[:, kept]
    found = _minimise(
        [s.without_thresholds() for s in structures], stacked.correlations(), start, basis, None
    )
    parameters = found.parameters.copy()
    for structure, group in zip(structures, groups, strict=True):
        implied, item = structure.implied(parameters), structure.item_of_threshold
        observed = group.values[: group.n_thresholds]
        parameters[structure.thresholds.free] = observed / implied.scales[item] + implied.implied.means[item]
    residuals = stacked.values - implied_moments(structures, parameters)
    return replace(
        found,
        parameters=parameters,
        residuals=residuals,
        jacobian=moment_slopes(structures, parameters),
        discrepancy=float(stacked.weights @ residuals**2),
    )


def _unrestricted_thresholds(table: ParameterTable) -> Index | None:
    """Places of the threshold parameters when every threshold has its own; else None."""
    places = [row.free for row in table.parameters if row.op == "|"]
    if None in places or len(set(places)) < len(places):
        return None
    return np.array([place for place in places if place is not None], dtype=np.intp)


def _minimise(
    structures: Sequence[OrderedStructure],
    moments: Stacked,
    start: Array,
    basis: Array,
    offset: Array | None,
    *,
    most_iterations: int = 500,
) -> Minimum:
    """Levenberg-Marquardt steps until the gradient vanishes; parameters move along the columns of ``basis``.

    The gradient g is measured by ``g' H^-1 g`` with the expected curvature H: times n, the square of the
    step that is left in units of standard errors.
    """
    parameters, damping = start if offset is None else offset + basis @ (basis.T @ (start - offset)), 1e-3
    residuals = moments.values - implied_moments(structures, parameters)
    value = float(moments.weights @ residuals**2)
    enough = ARRIVED**2 / moments.n
    for iteration in range(1, most_iterations + 1):
        jacobian = moment_slopes(structures, parameters)
        moving = jacobian @ basis
        weighted = moving * moments.weights[:, None]
        gradient, curvature = weighted.T @ residuals, weighted.T @ moving
        diagonal = np.maximum(np.diag(curvature), 1e-12)
        left = float(gradient @ _solve(curvature, diagonal, 1e-14, gradient))
        if 0 <= left < enough:
            return Minimum(parameters, residuals, jacobian, value, iteration, True)
        while True:
            proposed = parameters + basis @ _solve(curvature, diagonal, damping, gradient)
            with np.errstate(all="ignore"):
                new = moments.values - implied_moments(structures, proposed)
                new_value = float(moments.weights @ new**2)
            # So near the end values differ by rounding only.
            if new_value <= value * (1 + 1e-13):
                damping = max(damping / 10, 1e-12)
                break
            damping *= 4
            if damping > 1e12:  # no way down: rounding is all that is left, or something is wrong
                return Minimum(parameters, residuals, jacobian, value, iteration, left < 1e6 * enough)
        parameters, residuals, value = proposed, new, new_value
    return Minimum(parameters, residuals, jacobian, value, most_iterations, False)


def _solve(curvature: Array, diagonal: Array, damping: float, gradient: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(curvature + np.diag(damping * diagonal), gradient), dtype=float)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(curvature, gradient, rcond=None)[0], dtype=float)


def blocks_of(
    groups: Sequence[GroupMoments], slopes: Array, tied: Array | None
) -> Iterator[tuple[Array, Array, Array]]:
    """Slopes, weights times shares, and n times the covariance matrix of moments that are independent of
    those of other blocks: group by group, or all at once where clusters tie the groups together."""
    n = sum(group.n for group in groups)
    if tied is not None:
        yield slopes, np.concatenate([group.weights * group.n / n for group in groups]), tied
        return
    first = 0
    for group in groups:
        part, share = slopes[first : first + len(group.values)], group.n / n
        first += len(group.values)
        yield part, group.weights * share, group.gamma / share


@dataclass(frozen=True, slots=True)
class Sandwich:
    """Covariance matrix of the estimates, and the traces that the tests are scaled with."""

    covariance: Array
    trace: float  #: of U Gamma
    trace_squared: float  #: of (U Gamma)^2

    @classmethod
    def of(
        cls, groups: Sequence[GroupMoments], jacobian: Array, basis: Array, tied: Array | None = None
    ) -> Sandwich | None:
        """None when the parameters are not identified: the curvature is singular.

        With ``U = W - W D E^-1 D'W``, ``E = D'WD`` and ``M = D'W Gamma W D``, ``tr U Gamma`` is
        ``tr W Gamma - tr E^-1 M`` and ``tr (U Gamma)^2`` is
        ``tr (W Gamma)^2 - 2 tr E^-1 D'W Gamma W Gamma W D + tr (E^-1 M)^2``: nothing is inverted but E.
        ``tied`` is Gamma of all groups together, where they are not independent.
        """
        n = sum(group.n for group in groups)
        moving = jacobian @ basis
        k = moving.shape[1]
        bread, meat, cross = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
        plain = squared = 0.0
        for part, weights, gamma in blocks_of(groups, moving, tied):
            weighted = weights[:, None] * part
            gamma_weighted = gamma @ weighted
            bread += part.T @ weighted
            meat += weighted.T @ gamma_weighted
            cross += gamma_weighted.T @ (weights[:, None] * gamma_weighted)
            plain += float(weights @ np.diag(gamma))
            squared += float(weights @ gamma**2 @ weights)
        spread = np.sqrt(np.diag(bread))
        if not (spread > 0).all() or np.linalg.eigvalsh(bread / np.outer(spread, spread))[0] < 1e-9:
            return None
        inverse = np.linalg.inv(bread)
        turned = inverse @ meat
        return cls(
            covariance=basis @ (turned @ inverse) @ basis.T / (n - len(groups)),
            trace=plain - float(np.trace(turned)),
            trace_squared=squared - 2 * float((inverse * cross).sum()) + float((turned * turned.T).sum()),
        )
