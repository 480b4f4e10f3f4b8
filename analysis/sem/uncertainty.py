"""The covariance matrix of the estimates: from information matrices, or robust against wrong assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.sem.casewise import variation
from analysis.sem.discrepancy import inverse_and_log_determinant
from analysis.sem.estimates import Place, Solution
from analysis.sem.matrices import Slopes
from analysis.sem.moments import GroupMoments, Moments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Information = Literal["expected", "observed"]
#: ``"standard"``: inverse information. ``"sandwich"``: Huber-White, from each respondent's contribution.
#: ``"moments"``: the sandwich of Browne and of Satorra & Bentler, from the fourth moments;
#: ``"unweighted"``: the same for unweighted least squares.
Errors = Literal["standard", "sandwich", "moments", "unweighted"]

#: An information matrix, scaled to a unit diagonal, with a smaller eigenvalue cannot tell parameters apart.
NEARLY_SINGULAR = 1e-9


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How well the free parameters are known. All matrices are per respondent and over all free
    parameters."""

    covariance: Array  #: of the estimates, shape (n_free, n_free)
    information: Array
    inverse: Array  #: of the information along the directions that restrictions leave
    meat: Array | None  #: None for standard errors from the information alone
    kind: Errors
    information_kind: Information


def information_of(solution: Solution, kind: Information) -> tuple[Array, Array | None]:
    """The information matrix, and its inverse along the tangent; None where it cannot tell the parameters
    apart."""
    place, z = solution.place, solution.tangent
    full = place.expected(solution.slopes) if kind == "expected" else place.hessian(solution.slopes)
    direct = z.shape[0] == z.shape[1]
    along = full if direct else z.T @ full @ z
    spread = along.diagonal()
    if not len(spread):
        return full, np.zeros_like(full)
    if not (spread > 0).all():
        return full, None
    unit = 1 / np.sqrt(spread)
    scaled = along * unit * unit[:, None]
    found = inverse_and_log_determinant(scaled)
    if found is None:
        return full, None
    inverse, log_determinant = found
    # The smallest eigenvalue is more than the determinant over e, which costs less.
    if log_determinant - 1 < math.log(NEARLY_SINGULAR) and np.linalg.eigvalsh(scaled)[0] < NEARLY_SINGULAR:
        return full, None
    inverse = inverse * unit * unit[:, None]
    return full, inverse if direct else np.asarray(z @ inverse @ z.T)


def uncertainty_of(
    solution: Solution,
    moments: Moments,
    *,
    kind: Errors,
    information: Information,
    with_means: bool,
    n: float,
) -> Uncertainty | None:
    """None where the information matrix cannot tell the parameters apart.

    ``Z (Z'IZ)^-1 Z' / n`` with Z the directions that equality restrictions leave (least squares divide by n
    less the number of groups); robust, with
    ``B = (Z'IZ)^-1``, ``Z B (Z' M Z) B Z' / n``.
    """
    full, inverse = information_of(solution, information)
    if inverse is None:
        return None
    if kind == "standard":
        return Uncertainty(inverse / n, full, inverse, None, kind, information)
    if kind == "unweighted":
        meat = unweighted_meat(solution.place, moments, with_means=with_means)[0]
    else:
        meat = meat_of(solution, moments, kind=kind, with_means=with_means)
    return Uncertainty(inverse @ meat @ inverse / n, full, inverse, meat, kind, information)


def meat_of(solution: Solution, moments: Moments, *, kind: Errors, with_means: bool) -> Array:
    """How respondents' contributions to the slope vary, per respondent."""
    place = solution.place
    return variation(
        place.parts,
        moments.groups,
        place.implied,
        solution.slopes,
        len(place.parameters),
        with_means=with_means,
        about_sample=kind == "moments",
    )


def unweighted_meat(place: Place, moments: Moments, *, with_means: bool) -> tuple[Array, float]:
    """Of unweighted least squares: ``D' Gamma D`` and ``tr Gamma``, with Gamma from the fourth moments."""
    n_free = len(place.parameters)
    meat, trace = np.zeros((n_free, n_free)), 0.0
    for part, group, slopes in zip(place.parts, moments.groups, place.slopes(), strict=True):
        block, own = _unweighted_sample(group, slopes, with_means)
        np.add.at(meat, np.ix_(part.structure.free, part.structure.free), part.share * block)
        trace += own
    return meat, trace


def _unweighted_sample(group: GroupMoments, slopes: Slopes, with_means: bool) -> tuple[Array, float]:
    centred = group.answers() - group.means
    cells = (centred @ slopes.left) * (centred @ slopes.right) + centred**2 @ (slopes.left * slopes.right)
    if with_means:
        cells = cells + centred @ slopes.means
    cells = cells - np.average(cells, axis=0, weights=group.counts)
    squares = group.outer(centred**2) - group.covariance**2
    trace = float(np.tril(squares).sum()) + (float(np.trace(group.covariance)) if with_means else 0.0)
    return group.outer(cells), trace
