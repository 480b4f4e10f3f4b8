"""From parameters to implied means and covariances, and the slopes and curvatures of these.

All variables, observed and latent, stand in one vector v with ``v = m + A v + u`` and ``cov(u) = S`` (the
reticular action model [1]_): ``A`` holds loadings and regression weights, ``S`` variances and covariances
of what is not explained, ``m`` means and intercepts. With ``E = (I - A)^-1`` and the observed rows ``G`` of E

    cov(v) = C = E S E',   Sigma = observed part of C,   mu = G m.

Every slope of Sigma has rank two, ``dSigma = a b' + b a'``: for A[i, j] with ``a = G[:, i], b = C[observed,
j]``, for S[i, j] with ``a = G[:, i], b = G[:, j]`` (halved on the diagonal). Gradients, information
matrices and Hessians are therefore products of matrices of size (n_items, n_parameters); no array of all
the slopes is ever made.

.. [1] McArdle, J. J. & McDonald, R. P. (1984). Some algebraic properties of the reticular action model for
moment
   structures. British Journal of Mathematical and Statistical Psychology, 37, 234-251.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analysis.sem.parameters import Parameter, ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cells:
    """Where parameters stand: their rows and columns in A and S, their rows in m."""

    paths: tuple[Index, Index]
    covariances: tuple[Index, Index]
    means: Index
    halves: Array = field(init=False)  #: 1/2 for a variance, which stands once in S, 1 for a covariance

    def __post_init__(self) -> None:
        object.__setattr__(self, "halves", np.where(self.covariances[0] == self.covariances[1], 0.5, 1.0))

    @classmethod
    def of(cls, parameters: Sequence[Parameter], place: dict[str, int]) -> tuple[Cells, Index]:
        """The cells of parameters, and the order in which they come: paths, covariances, means."""
        paths: list[tuple[int, int, int]] = []
        covariances: list[tuple[int, int, int]] = []
        means: list[tuple[int, int]] = []
        for k, p in enumerate(parameters):
            match p.op:
                case "=~":
                    paths.append((place[p.right], place[p.left], k))
                case "~":
                    paths.append((place[p.left], place[p.right], k))
                case "~~":
                    covariances.append((place[p.left], place[p.right], k))
                case "~1":
                    means.append((place[p.left], k))
        a = np.array(paths, dtype=np.intp).reshape(-1, 3)
        s = np.array(covariances, dtype=np.intp).reshape(-1, 3)
        m = np.array(means, dtype=np.intp).reshape(-1, 2)
        order = np.concatenate([a[:, 2], s[:, 2], m[:, 1]])
        return cls((a[:, 0], a[:, 1]), (s[:, 0], s[:, 1]), m[:, 0]), order

    def __len__(self) -> int:
        return len(self.paths[0]) + len(self.covariances[0]) + len(self.means)


@dataclass(frozen=True, slots=True)
class Structure:
    """One group's matrices with their fixed values, and where its free parameters go."""

    paths: Array  #: A, shape (n_variables, n_variables); observed variables first
    covariances: Array  #: S
    means: Array  #: m
    n_observed: int
    cells: Cells
    free: Index  #: per cell, its place among the free parameters of the model
    distinct: bool = field(init=False)  #: no two cells hold the same parameter

    def __post_init__(self) -> None:
        object.__setattr__(self, "distinct", len(set(self.free.tolist())) == len(self.free))

    @classmethod
    def of(
        cls,
        table: ParameterTable,
        group: int,
        sample_means: Array | None = None,
        sample_covariance: Array | None = None,
    ) -> Structure:
        """One group of a table; sample moments give exogenous variables their values."""
        names = (*table.observed, *table.latent)
        place = {name: i for i, name in enumerate(names)}
        q, p = len(names), len(table.observed)
        paths, covariances, means = np.zeros((q, q)), np.zeros((q, q)), np.zeros(q)
        free: list[Parameter] = []
        for parameter in table.of_group(group):
            if parameter.free is not None:
                if parameter.op in ("=~", "~", "~~", "~1"):
                    free.append(parameter)
                continue
            value = fixed_value(parameter, place, sample_means, sample_covariance)
            i, j = place[parameter.left], place.get(parameter.right, -1)
            match parameter.op:
                case "=~":
                    paths[j, i] = value
                case "~":
                    paths[i, j] = value
                case "~~":
                    covariances[i, j] = covariances[j, i] = value
                case "~1":
                    means[i] = value
        cells, order = Cells.of(free, place)
        places = np.array([p.free for p in free], dtype=np.intp)
        return cls(paths, covariances, means, p, cells, places[order])

    def implied(self, parameters: Array) -> Implied:
        """The implied moments at all free parameters of the model, shape (n_free,)."""
        paths, covariances, means = self.paths.copy(), self.covariances.copy(), self.means.copy()
        cells, mine = self.cells, parameters[self.free]
        a, s = len(cells.paths[0]), len(cells.covariances[0])
        paths[cells.paths] = mine[:a]
        i, j = cells.covariances
        covariances[i, j] = covariances[j, i] = mine[a : a + s]
        means[cells.means] = mine[a + s :]
        return Implied.of(paths, covariances, means, self.n_observed)


def fixed_value(
    parameter: Parameter,
    place: dict[str, int],
    sample_means: Array | None,
    sample_covariance: Array | None,
) -> float:
    """What a parameter that is not free is held at."""
    if not parameter.from_data:
        return 0.0 if parameter.value is None else parameter.value
    if sample_means is None or sample_covariance is None:
        raise ValueError(f"{parameter.name} is taken from the data; the sample moments are needed.")
    if parameter.op == "~1":
        return float(sample_means[place[parameter.left]])
    return float(sample_covariance[place[parameter.left], place[parameter.right]])


@dataclass(frozen=True, slots=True)
class Implied:
    """Moments that a group's matrices imply."""

    total: Array  #: E = (I - A)^-1
    to_observed: Array  #: G, the observed rows of E
    covariance_all: Array  #: C, of observed and latent variables
    means_all: Array  #: of observed and latent variables
    n_observed: int
    paths: Array
    residual: Array  #: S

    @classmethod
    def of(cls, paths: Array, covariances: Array, means: Array, n_observed: int) -> Implied:
        identity = np.eye(len(paths))
        twice = paths @ paths
        # Where nothing has an effect on an effect (constructs on items only), 1 + A is the inverse of 1 - A.
        one_step = not twice.any()
        total: Array = identity + paths if one_step else np.asarray(np.linalg.inv(identity - paths))
        return cls(
            total=total,
            to_observed=total[:n_observed],
            covariance_all=total @ covariances @ total.T,
            means_all=total @ means,
            n_observed=n_observed,
            paths=paths,
            residual=covariances,
        )

    @property
    def covariance(self) -> Array:
        """Sigma, shape (n_items, n_items)."""
        return self.covariance_all[: self.n_observed, : self.n_observed]

    @property
    def means(self) -> Array:
        """mu, shape (n_items,)."""
        return self.means_all[: self.n_observed]

    def slopes(self, cells: Cells) -> Slopes:
        """First derivatives of Sigma and mu with respect to some cells of A, S and m."""
        p = self.n_observed
        (i, j), (k, l), m = cells.paths, cells.covariances, cells.means  # noqa: E741
        g, a, s = self.to_observed, len(i), len(k)
        left, right, means = np.zeros((3, p, a + s + len(m)))
        left[:, :a], left[:, a : a + s] = g[:, i], g[:, k]
        right[:, :a], right[:, a : a + s] = self.covariance_all[:p, j], g[:, l] * cells.halves
        means[:, :a], means[:, a + s :] = left[:, :a] * self.means_all[j], g[:, m]
        return Slopes(left, right, means)

    def curvature(self, cells: Cells, by_covariance: Array, by_means: Array) -> Array:
        """``sum_ab Q[a, b] d2 Sigma[a, b] + q' d2 mu`` over all pairs of cells, shape (n_cells, n_cells).

        ``by_covariance`` (symmetric Q) and ``by_means`` (q) are the slopes of a discrepancy by Sigma and mu.
        """
        p, e, g, c = self.n_observed, self.total, self.to_observed, self.covariance_all
        (i, j), (k, l), m = cells.paths, cells.covariances, cells.means  # noqa: E741
        a, s = len(i), len(k)
        curve = np.zeros((a + s + len(m), a + s + len(m)))
        gq = g.T @ by_covariance
        gqg, gqc = gq @ g, gq @ c[:p]
        down_i, down_j = i[:, None], j[:, None]
        gm, e_ji = g.T @ by_means, e[down_j, i]  # e_ji[r, t] = E[j_r, i_t]
        # paths by paths: 2 (E[l, i] G_k'QC_j + E[j, k] G_i'QC_l + C[j, l] G_i'QG_k), and the same for means
        one = e_ji * (2 * gqc[down_i, j] + np.multiply.outer(gm[i], self.means_all[j]))
        curve[:a, :a] = one + one.T + 2 * c[down_j, j] * gqg[down_i, i]
        # paths by covariances: 2 (E[j, k] G_i'QG_l + E[j, l] G_i'QG_k), halved on the diagonal of S
        cross = e[down_j, k] * gqg[down_i, l] + e[down_j, l] * gqg[down_i, k]
        cross = cross * (2 * cells.halves)
        curve[:a, a : a + s], curve[a : a + s, :a] = cross, cross.T
        by_mean = e[down_j, m] * gm[down_i]
        curve[:a, a + s :], curve[a + s :, :a] = by_mean, by_mean.T
        return curve


@dataclass(frozen=True, slots=True)
class Slopes:
    """Derivatives by each cell: ``dSigma = left right' + right left'`` and ``dmu = means``, columns per
    cell."""

    left: Array
    right: Array
    means: Array

    def rows(self, observed: Index) -> Slopes:
        """Of some of the items only."""
        return Slopes(self.left[observed], self.right[observed], self.means[observed])

    def columns(self, chosen: Index) -> Slopes:
        """With respect to some of the cells only."""
        return Slopes(self.left[:, chosen], self.right[:, chosen], self.means[:, chosen])

    def stacked(self, *, with_means: bool) -> Array:
        """Derivatives of means (if wanted) and the lower triangle of Sigma, shape (n_moments, n_cells)."""
        i, j = np.tril_indices(len(self.left))
        covariances = self.left[i] * self.right[j] + self.right[i] * self.left[j]
        return np.vstack([self.means, covariances]) if with_means else covariances
