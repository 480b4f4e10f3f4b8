"""The parameters at which the discrepancy is least, and an honest account of how the search ended.

Steps are Newton's with analytic second derivatives where these curve upwards, Fisher's scoring where they
do not, halved until the discrepancy falls. The search ends when the step that is left would move no
parameter by more than a vanishing part of its standard error: the gradient is measured by ``g' H^-1 g``,
free of units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.optimize import minimize

from analysis.sem.discrepancy import Discrepancy, Point, slope_of
from analysis.sem.matrices import Implied, Slopes, Structure
from analysis.sem.restrictions import Restrictions, evaluate
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]

#: The decrement below which a search has arrived; a standard error is of the size of 1 / sqrt(n).
ARRIVED = 1e-18
#: The decrement below which the curvature need not be computed anew.
NEAR = 1e-13
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One group in the sum that is minimised."""

    structure: Structure
    discrepancy: Discrepancy
    share: float  #: of all respondents


@dataclass(frozen=True, slots=True)
class Place:
    """Every group's discrepancy at some parameters."""

    parts: tuple[Part, ...]
    parameters: Array
    implied: tuple[Implied, ...]
    points: tuple[Point, ...]
    value: float

    def slopes(self) -> tuple[Slopes, ...]:
        return tuple(
            implied.slopes(part.structure.cells)
            for part, implied in zip(self.parts, self.implied, strict=True)
        )

    def gradient(self, slopes: Sequence[Slopes]) -> Array:
        """By every free parameter."""
        total = np.zeros(len(self.parameters))
        for part, point, slope in zip(self.parts, self.points, slopes, strict=True):
            own = part.share * slope_of(point, slope)
            if part.structure.distinct:
                total[part.structure.free] += own
            else:
                np.add.at(total, part.structure.free, own)
        return total

    def expected(self, slopes: Sequence[Slopes]) -> Array:
        """Expected information per respondent."""
        blocks = [point.expected(slope) for point, slope in zip(self.points, slopes, strict=True)]
        return gather(self.parts, blocks, len(self.parameters))

    def hessian(self, slopes: Sequence[Slopes]) -> Array:
        """Observed information per respondent."""
        blocks = [
            point.second(slope) + implied.curvature(part.structure.cells, point.by_covariance, point.by_means)
            for part, implied, point, slope in zip(self.parts, self.implied, self.points, slopes, strict=True)
        ]
        return gather(self.parts, blocks, len(self.parameters))


def gather(parts: Sequence[Part], blocks: Sequence[Array], n_free: int) -> Array:
    """Matrices over each group's cells as one over the free parameters, weighted by the groups' shares."""
    total = np.zeros((n_free, n_free))
    for part, block in zip(parts, blocks, strict=True):
        free = part.structure.free
        if part.structure.distinct:
            total[free[:, None], free] += part.share * block
        else:
            np.add.at(total, np.ix_(free, free), part.share * block)
    return total


def place_at(parts: Sequence[Part], parameters: Array) -> Place | None:
    """None where some implied covariance matrix is not positive definite."""
    implied, points, value = [], [], 0.0
    for part in parts:
        with np.errstate(all="ignore"):
            try:
                here = part.structure.implied(parameters)
            except np.linalg.LinAlgError:
                return None
            point = part.discrepancy.at(here)
        if point is None or not np.isfinite(point.value):
            return None
        implied.append(here)
        points.append(point)
        value += part.share * point.value
    return Place(tuple(parts), parameters, tuple(implied), tuple(points), value)


@dataclass(frozen=True, slots=True)
class Solution:
    """Where the search ended."""

    place: Place
    slopes: tuple[Slopes, ...]
    gradient: Array  #: by every free parameter
    decrement: float  #: g' H^-1 g; twice the decrease that a further step would promise
    n_steps: int
    converged: bool
    complaint: str  #: why it did not converge
    tangent: Array  #: directions in which the parameters may move, shape (n_free, n_x)

    @property
    def parameters(self) -> Array:
        return self.place.parameters


def minimise(
    parts: Sequence[Part],
    start: Array,
    restrictions: Restrictions,
    *,
    most_steps: int = MOST_STEPS,
    arrived: float = ARRIVED,
) -> Solution | None:
    """Search from ``start`` until the decrement is less than ``arrived``.

    None when even there the implied covariance matrix is not positive definite.
    """
    x = restrictions.reduce(start)
    place = place_at(parts, restrictions.expand(x))
    if place is None:
        return None
    if restrictions.curved:
        return _with_curved_restrictions(parts, place, restrictions, most_steps)
    basis, direct = restrictions.basis, restrictions.is_identity
    steps, complaint, decrement = 0, "", np.inf
    solve: Callable[[Array], Array] | None = None
    while True:
        slopes = place.slopes()
        full = place.gradient(slopes)
        gradient = full if direct else basis.T @ full
        # After a step this small the curvature is the same to more digits than are needed.
        if solve is None or decrement > NEAR:
            solve = _solver(place, slopes, None if direct else basis, newton=decrement < 0.5)
        step = solve(gradient)
        decrement = float(-gradient @ step)
        if decrement < arrived or steps == most_steps:
            break
        moved = _downhill(parts, restrictions, x, place, step, decrement)
        if moved is None:
            # No way down: either rounding is all that is left, or something is wrong.
            complaint = "" if decrement < 1e-11 else "no step lowers the discrepancy any further"
            break
        x, place = moved
        steps += 1
    if steps == most_steps and decrement >= arrived:
        complaint = f"after {steps} steps the estimates still move"
    return Solution(place, slopes, full, decrement, steps, not complaint, complaint, basis)


def _solver(
    place: Place, slopes: Sequence[Slopes], basis: Array | None, *, newton: bool
) -> Callable[[Array], Array]:
    """From gradient to step: Newton's where the discrepancy curves upwards everywhere, else Fisher's."""
    for curvature in (place.hessian, place.expected) if newton else (place.expected,):
        matrix = curvature(slopes)
        if basis is not None:
            matrix = basis.T @ matrix @ basis
        # In units of each parameter's own curvature, so that no unit of measurement looks singular.
        diagonal = matrix.diagonal()
        if not (diagonal > 0).all():
            continue
        unit = 1 / np.sqrt(diagonal)
        factor, wrong = lapack.dpotrf(matrix * unit * unit[:, None], lower=1)
        if not wrong and float(factor.diagonal().min(initial=1.0)) > 1e-7:
            return lambda g: np.asarray(-unit * lapack.dpotrs(factor, unit * g, lower=1)[0])
    # Not identified here: the shortest of the many steps; whether that is so at the end, others will say.
    unit = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(matrix * np.multiply.outer(unit, unit))
    values = np.maximum(values, 1e-9 * max(float(values[-1]), 1e-300))
    return lambda g: np.asarray(-unit * (vectors @ ((vectors.T @ (unit * g)) / values)))


def _downhill(
    parts: Sequence[Part],
    restrictions: Restrictions,
    x: Array,
    place: Place,
    step: Array,
    decrement: float,
) -> tuple[Array, Place] | None:
    size = 1.0
    for _ in range(40):
        proposed = x + size * step
        found = place_at(parts, restrictions.expand(proposed))
        # So near the end the values differ by rounding only, and the step itself is to be trusted.
        if found is not None and (decrement < 1e-12 or found.value <= place.value - 1e-4 * size * decrement):
            return proposed, found
        size /= 2
    return None


def _with_curved_restrictions(
    parts: Sequence[Part], start: Place, restrictions: Restrictions, most_steps: int
) -> Solution:
    """Sequential quadratic programming for restrictions that are not linear."""
    table, basis = restrictions.table, restrictions.basis

    def value(x: Array) -> float:
        place = place_at(parts, restrictions.expand(x))
        return 1e10 if place is None else place.value

    def gradient(x: Array) -> Array:
        place = place_at(parts, restrictions.expand(x))
        return np.zeros(len(x)) if place is None else basis.T @ place.gradient(place.slopes())

    rules = []
    for relation in restrictions.curved:
        sign = -1.0 if relation.op == "<" else 1.0
        rules.append(
            {
                "type": "eq" if relation.op == "==" else "ineq",
                "fun": lambda x, r=relation, s=sign: s * evaluate(table, r, restrictions.expand(x)).value,
                "jac": lambda x, r=relation, s=sign: (
                    s * evaluate(table, r, restrictions.expand(x)).gradient @ basis
                ),
            }
        )
    x = restrictions.reduce(start.parameters)
    for _ in range(3):  # restarting renews the approximate curvature, and gains the last digits
        found = minimize(  # type: ignore[call-overload]
            value,
            x,
            jac=gradient,
            constraints=rules,
            method="SLSQP",
            options={"ftol": 1e-16, "maxiter": 5 * most_steps},
        )
        x = np.asarray(found.x)
    place = place_at(parts, restrictions.expand(x)) or start
    return _account(place, restrictions, int(found.nit))


def _account(place: Place, restrictions: Restrictions, steps: int) -> Solution:
    """Whether a point is a minimum along every direction that the restrictions leave."""
    slopes = place.slopes()
    gradient = place.gradient(slopes)
    tangent = restrictions.tangent(place.parameters)
    along = tangent.T @ gradient
    curvature = tangent.T @ place.expected(slopes) @ tangent
    decrement = float(along @ np.linalg.lstsq(curvature, along, rcond=None)[0])
    broken = [
        relation
        for relation in restrictions.curved
        if relation.op == "==" and abs(evaluate(restrictions.table, relation, place.parameters).value) > 1e-6
    ]
    complaint = ""
    if decrement > 1e-10:
        complaint = "the discrepancy could still fall within the restrictions"
    if broken:
        complaint = f"the restriction of line {broken[0].line} is not met"
    return Solution(place, slopes, gradient, decrement, steps, not complaint, complaint, tangent)
