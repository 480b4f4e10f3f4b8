"""Many searches of one model at once, each on moments of its own that are near to those of a fit.

All begin at the fit's estimates and with its curvature, which each search corrects by what its own slopes
show (Broyden, Fletcher, Goldfarb and Shanno's steps). Matrices of all searches stand in one array, so that a
search costs some products of small matrices and nothing of Python's. What does not arrive soon is left to the
exact search, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.sem.estimates import Part, Solution
from analysis.sem.matrices import Implied, Structure
from analysis.sem.resamples import Batch, GroupBatch
from analysis.sem.restrictions import Restrictions
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

#: The decrement at which a search has arrived: an error of a millionth of what resamples vary.
ARRIVED = 1e-12
MOST_STEPS = 40
MOST_HALVINGS = 8
#: The smallest eigenvalue of correlations that are definite beyond doubt.
CLEARLY = 1e-6


@dataclass(frozen=True, slots=True)
class Many:
    """Where the searches ended."""

    parameters: Array  #: shape (n_searches, n_free)
    arrived: npt.NDArray[np.bool_]
    groups: tuple[_Matrices, ...]

    def implied(self, k: int) -> tuple[Implied, ...]:
        """The implied moments of one search."""
        return tuple(one.implied(k) for one in self.groups)

    def clearly_admissible(self) -> npt.NDArray[np.bool_]:
        """Whose covariance matrices are all well within bounds; of the others it is to be looked up."""
        clear = np.ones(len(self.parameters), dtype=bool)
        for m in self.groups:
            p = m.n_observed
            for block in (m.residual[:, :p, :p], m.residual[:, p:, p:], m.covariance[:, p:, p:]):
                clear &= _definite(block)
        return clear


def _definite(covariances: Array) -> npt.NDArray[np.bool_]:
    """By the smallest eigenvalue of the correlations; a variance may be zero where nothing covaries."""
    if not covariances.shape[1]:
        return np.ones(len(covariances), dtype=bool)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    absent = (covariances == 0).all(axis=2)
    fine = ((variances > 0) | absent).all(axis=1)
    unit = np.sqrt(np.where(variances > 0, variances, 1.0))
    scaled = covariances / (unit[:, :, None] * unit[:, None, :])
    scaled += absent[:, :, None] * np.eye(covariances.shape[1])
    if (scaled == scaled * np.eye(covariances.shape[1])).all():  # residuals that do not covary
        return np.asarray(fine)
    return np.asarray(fine & (np.linalg.eigvalsh(scaled)[:, 0] > CLEARLY))


@dataclass(frozen=True, slots=True)
class _Matrices:
    """One group's matrices of every search; the first axis is the searches'."""

    paths: Array
    residual: Array
    total: Array
    covariance: Array
    means: Array
    n_observed: int

    def implied(self, k: int) -> Implied:
        return Implied(
            total=self.total[k],
            to_observed=self.total[k, : self.n_observed],
            covariance_all=self.covariance[k],
            means_all=self.means[k],
            n_observed=self.n_observed,
            paths=self.paths[k],
            residual=self.residual[k],
        )


@dataclass(frozen=True, slots=True)
class _Group:
    """A group's structure, and its moments in every search."""

    structure: Structure
    batch: GroupBatch
    shares: Array  #: of the respondents, shape (n_searches,)
    exogenous: Index
    with_means: bool

    def matrices(self, at: Index, parameters: Array) -> _Matrices:
        cells, mine = self.structure.cells, parameters[:, self.structure.free]
        a, s = len(cells.paths[0]), len(cells.covariances[0])
        many = (len(at), 1, 1)
        paths, residual = np.tile(self.structure.paths, many), np.tile(self.structure.covariances, many)
        means = np.tile(self.structure.means, (len(at), 1))
        x = self.exogenous
        if len(x):
            residual[:, x[:, None], x] = self.batch.covariances[at[:, None, None], x[:, None], x]
            if self.with_means:
                means[:, x] = self.batch.means[at[:, None], x]
        paths[:, cells.paths[0], cells.paths[1]] = mine[:, :a]
        i, j = cells.covariances
        residual[:, i, j] = residual[:, j, i] = mine[:, a : a + s]
        means[:, cells.means] = mine[:, a + s :]
        identity = np.eye(paths.shape[1])
        one_step = not (paths @ paths).any()
        total: Array = identity + paths if one_step else np.asarray(np.linalg.inv(identity - paths))
        covariance = total @ residual @ total.transpose(0, 2, 1)
        mu = (total @ means[:, :, None])[:, :, 0]
        return _Matrices(paths, residual, total, covariance, mu, self.structure.n_observed)

    def slopes(self, at: Index, m: _Matrices) -> tuple[Array, Array]:
        """The discrepancy, and its slope by each cell, shape (n_searches, n_cells)."""
        value, by_covariance, by_means = self._likelihood(at, m)
        cells, p = self.structure.cells, m.n_observed
        (i, j), (k, l), mean = cells.paths, cells.covariances, cells.means  # noqa: E741
        to_observed = m.total[:, :p].transpose(0, 2, 1)
        pulled = to_observed @ by_covariance
        by_path = 2 * (pulled @ m.covariance[:, :p])[:, i, j]
        by_residual = (pulled @ m.total[:, :p])[:, k, l] * np.where(k == l, 1.0, 2.0)
        moved = (to_observed @ by_means[:, :, None])[:, :, 0]
        by_path += moved[:, i] * m.means[:, j]
        return value, np.hstack([by_path, by_residual, moved[:, mean]])

    def _likelihood(self, at: Index, m: _Matrices) -> tuple[Array, Array, Array]:
        """Value, and slopes by Sigma and mu, of maximum likelihood."""
        p, b = m.n_observed, self.batch
        sigma, mu = m.covariance[:, :p, :p], m.means[:, :p]
        if not b.patterns:
            apart = b.means[at] - mu if self.with_means else np.zeros_like(mu)
            return _normal(sigma, b.covariances[at], apart)
        value = np.zeros(len(at))
        by_covariance, by_means = np.zeros_like(sigma), np.zeros_like(mu)
        for q in b.patterns:
            o, weight = q.observed, q.n[at] / b.n[at]
            own, by_own, by_mean = _normal(sigma[:, o[:, None], o], q.covariances[at], q.means[at] - mu[:, o])
            value += weight * own
            by_covariance[:, o[:, None], o] += weight[:, None, None] * by_own
            by_means[:, o] += weight[:, None] * by_mean
        return value, by_covariance, by_means


def _normal(sigma: Array, sample: Array, apart: Array) -> tuple[Array, Array, Array]:
    """Of one normal discrepancy; infinite where Sigma is not positive definite."""
    sign, log_determinant = np.linalg.slogdet(sigma)
    wrong = sign <= 0
    inverse = np.linalg.inv(np.where(wrong[:, None, None], np.eye(sigma.shape[1]), sigma))
    about = sample + apart[:, :, None] * apart[:, None, :]
    value = (log_determinant + (inverse * about).sum(axis=(1, 2))) / 2
    pull = -(inverse @ apart[:, :, None])[:, :, 0]
    return np.where(wrong, np.inf, value), (inverse - inverse @ about @ inverse) / 2, pull


def search_many(
    parts: Sequence[Part],
    solution: Solution,
    restrictions: Restrictions,
    batch: Batch,
    exogenous: Index,
    *,
    with_means: bool,
) -> Many:
    """Maximum likelihood of every resample of a batch, under linear restrictions at most."""
    total = np.sum([group.n for group in batch.groups], axis=0)
    groups = [
        _Group(part.structure, own, own.n / total, exogenous, with_means)
        for part, own in zip(parts, batch.groups, strict=True)
    ]
    basis = restrictions.basis
    curvature = basis.T @ solution.place.hessian(solution.slopes) @ basis
    if np.linalg.eigvalsh(curvature)[0] <= 0:
        curvature = basis.T @ solution.place.expected(solution.slopes) @ basis
    search = _Search(groups, restrictions, len(solution.parameters))
    start = np.tile(restrictions.reduce(solution.parameters), (len(batch), 1))
    x, arrived = search.run(start, np.asarray(np.linalg.inv(curvature)))
    parameters = search.expand(x)
    every = np.arange(len(batch))
    return Many(parameters, arrived, tuple(group.matrices(every, parameters) for group in groups))


@dataclass(frozen=True, slots=True)
class _Search:
    groups: Sequence[_Group]
    restrictions: Restrictions
    n_free: int

    def expand(self, x: Array) -> Array:
        if self.restrictions.is_identity:
            return x
        return np.asarray(self.restrictions.offset + x @ self.restrictions.basis.T)

    def at(self, which: Index, x: Array) -> tuple[Array, Array]:
        """Discrepancies and slopes of some searches at points of their own."""
        parameters = self.expand(x)
        value, slope = np.zeros(len(which)), np.zeros((len(which), self.n_free))
        with np.errstate(all="ignore"):
            for group in self.groups:
                own, cells = group.slopes(which, group.matrices(which, parameters))
                share = group.shares[which]
                value += share * own
                for column, free in enumerate(group.structure.free):
                    slope[:, free] += share * cells[:, column]
        return np.where(np.isfinite(value), value, np.inf), slope @ self.restrictions.basis

    def run(self, x: Array, inverse_curvature: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Where each search ended, and whether it arrived."""
        inverse = np.tile(inverse_curvature, (len(x), 1, 1))
        active, arrived = np.arange(len(x)), np.zeros(len(x), dtype=bool)
        value, slope = self.at(active, x)
        active = active[np.isfinite(value)]
        for _ in range(MOST_STEPS):
            step = -(inverse[active] @ slope[active][:, :, None])[:, :, 0]
            decrement = -(slope[active] * step).sum(axis=1)
            near = (decrement < ARRIVED) & (decrement >= 0)
            arrived[active[near]] = True
            going = ~near & (decrement > 0)
            active, step, decrement = active[going], step[going], decrement[going]
            if not len(active):
                break
            moved, fallen = self._downhill(active, x[active], value[active], step, decrement)
            active = active[fallen]
            new_value, new_slope = moved[1][fallen], moved[2][fallen]
            s, y = moved[0][fallen] - x[active], new_slope - slope[active]
            inverse[active] = _updated(inverse[active], s, y)
            x[active], value[active], slope[active] = moved[0][fallen], new_value, new_slope
        return x, arrived

    def _downhill(
        self, which: Index, x: Array, value: Array, step: Array, decrement: Array
    ) -> tuple[tuple[Array, Array, Array], npt.NDArray[np.bool_]]:
        """Points along the steps, halved until the discrepancy falls, and where it did."""
        size = np.ones(len(which))
        there = x + step
        new_value, new_slope = self.at(which, there)
        for _ in range(MOST_HALVINGS):
            # So near the end values differ by rounding only, and the step itself is to be trusted.
            high = ~((decrement < 1e-10) | (new_value <= value - 1e-4 * size * decrement))
            if not high.any():
                break
            size[high] /= 2
            there[high] = x[high] + size[high, None] * step[high]
            new_value[high], new_slope[high] = self.at(which[high], there[high])
        fallen = np.isfinite(new_value) & ((new_value <= value) | (decrement < 1e-10))
        return (there, new_value, new_slope), fallen


def _updated(inverse: Array, s: Array, y: Array) -> Array:
    """Inverse curvatures that agree with what the last steps showed; as they were where that curves down."""
    sy = (s * y).sum(axis=1)
    usable = sy > 1e-300
    by = 1 / np.where(usable, sy, 1.0)
    hy = (inverse @ y[:, :, None])[:, :, 0]
    yhy = (y * hy).sum(axis=1)
    outer = s[:, :, None] * hy[:, None, :]
    change = ((1 + yhy * by) * by)[:, None, None] * (s[:, :, None] * s[:, None, :])
    change -= by[:, None, None] * (outer + outer.transpose(0, 2, 1))
    return np.asarray(inverse + np.where(usable[:, None, None], change, 0.0))
