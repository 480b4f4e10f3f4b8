"""The distribution of the largest of several correlated t statistics, for single-step corrections.

With ``t = A z / s``, rows of ``A`` of length 1, ``z`` of r standard normal values and ``s`` an independent
estimate of their sd on df degrees of freedom, write ``z`` as its length times a direction ``u``, even over
the sphere. The squared length over ``r s^2`` has an F distribution, so that [1]_

    P(max |t_j| > c) = E_u[ P(F(r, df) > c^2 / (r h(u)^2)) ],  h(u) = max_j |a_j'u|

What is left to integrate has r - 1 dimensions and no singularity, whatever the rank of the correlations: all
pairs of four tiers have r = 3. Up to r = 3 the sphere is cut where the maximum changes hands, and Gauss and
Legendre's rule takes the smooth pieces, to some 12 digits. Beyond, eight scrambled Sobol sequences of 2^16
directions, scrambled by the seeds 0 to 7 and so always the same, give the mean and its error: some 1e-5 of a
probability with five tiers (r = 4), 1e-4 with ten.

References
----------
.. [1] Genz, A., & Bretz, F. (2009). Computation of multivariate normal and t probabilities. Springer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from numpy.polynomial.legendre import leggauss
from scipy.optimize import brentq
from scipy.special import fdtrc, ndtri, stdtrit
from scipy.stats.qmc import Sobol

Array = npt.NDArray[np.float64]

SCRAMBLES = 8  #: Sobol sequences, scrambled by the seeds 0 to 7
LOG2_DIRECTIONS = 16  #: each of 2^16 directions
BINS = 1024  #: means of neighbours that stand for the heights of one sequence
NODES, NODE_WEIGHTS = leggauss(24)
SAME = 1e-9  #: statistics whose correlation is nearer to 1 are one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LargestT:
    """The largest of m absolute t statistics.

    Examples
    --------
    >>> half = np.full((3, 3), 0.5) + 0.5 * np.eye(3)  # three treatments and a control, equal groups
    >>> largest = LargestT.of(half, 20.0)
    >>> round(largest.sf(2.54), 4), round(largest.isf(0.05), 4)  # Dunnett's table has 2.54
    (0.05, 2.5403)
    """

    m: int  #: statistics
    rank: int
    df: float
    heights: Array  #: (n_sets, n_directions) the largest of |a_j'u|
    weights: Array  #: (n_directions,) adding up to 1

    @classmethod
    def of(cls, correlation: Array, df: float) -> LargestT:
        """The distribution for a correlation matrix of shape (m, m), of any rank, and df of 1 or more."""
        values, vectors = np.linalg.eigh(correlation)
        kept = values > 1e-10 * values[-1]
        axes = vectors[:, kept] * np.sqrt(values[kept])
        axes = _distinct(axes / np.linalg.norm(axes, axis=1)[:, None])
        rank = axes.shape[1]
        rule = {1: _line, 2: _circle, 3: _sphere}.get(rank, _directions)
        heights, weights = rule(axes)
        return cls(m=len(correlation), rank=rank, df=df, heights=heights, weights=weights)

    def sf(self, t: float) -> float:
        """Chance that one of them exceeds ``t`` in absolute value."""
        return min(1.0, float(self._each(t).mean()))

    def error(self, t: float) -> float:
        """Standard error of ``sf`` from drawing directions; 0 where directions are not drawn."""
        each = self._each(t)
        return float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else 0.0

    def isf(self, p: float) -> float:
        """What all of them stay below with probability ``1 - p``; 0 < p < 1."""
        alone, bonferroni = (float(stdtrit(self.df, 1 - p / (2 * m))) for m in (1, self.m))
        if self.rank == 1:
            return alone
        low, high = alone - 1e-9, bonferroni + 1e-9
        return float(brentq(lambda t: math.log(self.sf(t) / p), low, high, xtol=1e-11, rtol=1e-12))

    def _each(self, t: float) -> Array:
        tail = fdtrc(self.rank, self.df, t * t / (self.rank * self.heights**2))
        return np.asarray(tail @ self.weights, dtype=float)


def _distinct(axes: Array) -> Array:
    """Without the rows that repeat another one, or its opposite."""
    kept: list[int] = []
    for at, row in enumerate(axes):
        if not kept or np.abs(axes[kept] @ row).max() < 1 - SAME:
            kept.append(at)
    return axes[kept]


def _line(axes: Array) -> tuple[Array, Array]:
    return np.abs(axes), np.ones(1)


def _circle(axes: Array) -> tuple[Array, Array]:
    """Half of the circle, cut where two of the projections are equal."""
    crossings = [axes[i] + side * axes[j] for i, j in combinations(range(len(axes)), 2) for side in (-1, 1)]
    cuts = np.array([math.atan2(x, -y) % math.pi for x, y in crossings])  # at right angles to the sum
    angle, weight = _pieces(np.concatenate([cuts, [0.0, math.pi]]))
    directions = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.abs(axes @ directions.T).max(axis=0)[None], weight / math.pi


def _sphere(axes: Array) -> tuple[Array, Array]:
    """The part of the sphere around each axis where its projection is the largest.

    Seen from the axis, that part is a polygon ``tan(angle) (p_k'w) <= 1`` with a side for every other axis
    and its opposite, in the direction ``w`` of the plane.
    """
    heights, weights = [], []
    for j, axis in enumerate(axes):
        plane = np.linalg.svd(axis[None])[2][1:]
        others = np.delete(axes, j, axis=0)
        along = others @ axis
        sides = np.vstack([others @ plane.T / (1 - along)[:, None], -others @ plane.T / (1 + along)[:, None]])
        angle, weight = _pieces(np.concatenate([_corners(sides), [0.0, 2 * math.pi]]))
        inside = sides @ np.vstack([np.cos(angle), np.sin(angle)])
        nearest = 1 / np.sqrt(1 + 1 / inside.max(axis=0) ** 2)  # cosine at the polygon's edge
        half = (1 - nearest) / 2
        heights.append(nearest[:, None] + half[:, None] * (1 + NODES))
        weights.append(weight[:, None] * half[:, None] * NODE_WEIGHTS)
    # of both halves of the sphere
    return (
        np.concatenate(heights).ravel()[None],
        np.concatenate(weights).ravel() / (2 * math.pi),
    )


def _corners(sides: Array) -> Array:
    """Angles at which the side that is met changes."""
    first, second = (sides[list(at)] for at in zip(*combinations(range(len(sides)), 2), strict=True))
    apart = first - second
    found = []
    for turn in (0.0, math.pi):
        angle = (np.arctan2(apart[:, 0], -apart[:, 1]) + turn) % (2 * math.pi)
        w = np.column_stack([np.cos(angle), np.sin(angle)])
        met = (first * w).sum(axis=1)
        found.append(angle[met > (w @ sides.T).max(axis=1) - 1e-9])
    return np.concatenate(found)


def _pieces(cuts: Array) -> tuple[Array, Array]:
    """Nodes and weights of Gauss and Legendre's rule on every piece between the cuts."""
    ends = np.unique(cuts)
    half = np.diff(ends) / 2
    nodes = ends[:-1, None] + half[:, None] * (1 + NODES)
    return nodes.ravel(), (half[:, None] * NODE_WEIGHTS).ravel()


def _directions(axes: Array) -> tuple[Array, Array]:
    heights = np.empty((SCRAMBLES, BINS))
    for seed in range(SCRAMBLES):
        points = Sobol(axes.shape[1], rng=seed).random_base2(LOG2_DIRECTIONS)
        z = ndtri(np.clip(points, 1e-12, 1 - 1e-12))
        drawn = np.abs(z @ axes.T).max(axis=1) / np.linalg.norm(z, axis=1)
        # the tail bends so little among neighbours that their mean stands for them, to 1e-7
        heights[seed] = np.sort(drawn).reshape(BINS, -1).mean(axis=1)
    return heights, np.full(BINS, 1.0 / BINS)
