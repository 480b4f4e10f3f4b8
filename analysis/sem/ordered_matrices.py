"""From parameters to the thresholds and correlations that they imply, and the slopes of these.

Behind every item lies a normal variable y* cut at thresholds tau; the y* follow the model of ``matrices.py``.
Answers tell nothing of their unit, so each is looked at in units of ``1 / scale``: implied are the thresholds
``scale (tau - mean)`` and the correlations ``scale_i scale_j cov(y*_i, y*_j)``. With the *delta*
parameterisation scales are parameters (1 unless groups share thresholds) and residual variances follow from
``var(y*) = 1 / scale^2``; with *theta* residual variances are parameters and ``scale = 1 / sd(y*)`` follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.sem.matrices import Implied, Structure
from analysis.sem.ordered_parameters import Parameterization, by_name, threshold_names
from analysis.sem.parameters import ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Vector:
    """Thresholds or scales: fixed values, and where free parameters go."""

    fixed: Array
    rows: Index
    free: Index

    def at(self, parameters: Array) -> Array:
        values = self.fixed.copy()
        values[self.rows] = parameters[self.free]
        return values

    @classmethod
    def of(cls, table: ParameterTable, group: int, names: list[tuple[str, str, str]]) -> Vector:
        known = by_name(table, group)
        rows = [known[name] for name in names]
        free = [(i, row.free) for i, row in enumerate(rows) if row.free is not None]
        fixed = np.array([0.0 if row.value is None else row.value for row in rows])
        places = np.array(free, dtype=np.intp).reshape(-1, 2)
        return cls(fixed, places[:, 0], places[:, 1])


@dataclass(frozen=True, slots=True)
class OrderedStructure:
    """One group's matrices, thresholds and scales."""

    matrices: Structure
    thresholds: Vector
    scales: Vector
    item_of_threshold: Index
    pairs: tuple[Index, Index]
    parameterization: Parameterization

    @classmethod
    def of(cls, table: ParameterTable, group: int, parameterization: Parameterization) -> OrderedStructure:
        items = table.observed
        thresholds = threshold_names(table)
        return cls(
            Structure.of(table, group),
            Vector.of(table, group, [(item, "|", name) for item, name in thresholds]),
            Vector.of(table, group, [(item, "~*~", item) for item in items]),
            np.array([items.index(item) for item, _ in thresholds], dtype=np.intp),
            np.triu_indices(len(items), 1),
            parameterization,
        )

    def without_thresholds(self) -> OrderedStructure:
        """The same for the correlations alone."""
        none = np.empty(0, dtype=np.intp)
        return replace(self, thresholds=Vector(np.empty(0), none, none), item_of_threshold=none)

    def implied(self, parameters: Array) -> OrderedImplied:
        implied = self.matrices.implied(parameters)
        p = implied.n_observed
        covariance = implied.covariance.copy()
        scales = self.scales.at(parameters)
        if self.parameterization == "delta":
            with np.errstate(divide="ignore"):
                covariance[np.arange(p), np.arange(p)] = 1 / scales**2
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                scales = 1 / np.sqrt(np.diag(covariance))
        return OrderedImplied(self, implied, covariance, scales, self.thresholds.at(parameters))


@dataclass(frozen=True, slots=True)
class OrderedImplied:
    """What one group's parameters imply."""

    structure: OrderedStructure
    implied: Implied
    covariance: Array  #: of y*, with the diagonal of the parameterisation
    scales: Array  #: 1 / sd(y*)
    thresholds: Array  #: in the unit of y*

    @property
    def correlations(self) -> Array:
        """Of all items, shape (n_items, n_items)."""
        return self.covariance * np.outer(self.scales, self.scales)

    @property
    def residual_variances(self) -> Array:
        """Of the items: parameters (theta), or what the model leaves of ``1 / scale^2`` (delta)."""
        p = self.implied.n_observed
        explained = np.diag(self.implied.covariance) - np.diag(self.implied.residual)[:p]
        return np.asarray(np.diag(self.covariance) - explained)

    @property
    def covariance_all(self) -> Array:
        """Of items and constructs, with the diagonal of the parameterisation."""
        whole = self.implied.covariance_all.copy()
        p = self.implied.n_observed
        whole[np.arange(p), np.arange(p)] = np.diag(self.covariance)
        return whole

    def moments(self) -> Array:
        """Thresholds item by item, then correlations pair by pair."""
        item, pairs = self.structure.item_of_threshold, self.structure.pairs
        thresholds = self.scales[item] * (self.thresholds - self.implied.means[item])
        return np.concatenate([thresholds, self.correlations[pairs]])

    def jacobian(self, n_free: int) -> Array:
        """Derivatives of :meth:`moments`, shape (n_moments, n_free)."""
        structure = self.structure
        slopes = np.zeros((len(structure.item_of_threshold) + len(structure.pairs[0]), n_free))
        _add(slopes, structure.matrices.free, self._by_cells())
        _add(slopes, structure.thresholds.free, self._by_thresholds())
        if self.structure.parameterization == "delta":
            _add(slopes, structure.scales.free, self._by_scales())
        return slopes

    def _by_cells(self) -> Array:
        """By loadings, regressions, variances, covariances, means."""
        item, (first, second) = self.structure.item_of_threshold, self.structure.pairs
        slopes, scales = self.implied.slopes(self.structure.matrices.cells), self.scales
        left, right = slopes.left, slopes.right
        by_covariance = left[first] * right[second] + left[second] * right[first]
        pairs = (scales[first] * scales[second])[:, None] * by_covariance
        thresholds = -scales[item, None] * slopes.means[item]
        if self.structure.parameterization == "theta":
            # A larger variance shrinks the unit: d log scale = - d var / (2 var).
            shrink = -left * right * (scales**2)[:, None]
            pairs += self.correlations[first, second][:, None] * (shrink[first] + shrink[second])
            distance = scales[item] * (self.thresholds - self.implied.means[item])
            thresholds += distance[:, None] * shrink[item]
        return np.concatenate([thresholds, pairs])

    def _by_thresholds(self) -> Array:
        rows, item = self.structure.thresholds.rows, self.structure.item_of_threshold
        block = np.zeros((len(item) + len(self.structure.pairs[0]), len(rows)))
        block[rows, np.arange(len(rows))] = self.scales[item[rows]]
        return block

    def _by_scales(self) -> Array:
        item, (first, second) = self.structure.item_of_threshold, self.structure.pairs
        at = np.equal.outer(np.arange(len(self.scales)), self.structure.scales.rows)
        thresholds = at[item] * (self.thresholds - self.implied.means[item])[:, None]
        per_scale = at[first] * self.scales[second, None] + at[second] * self.scales[first, None]
        return np.concatenate([thresholds, self.covariance[first, second][:, None] * per_scale])


def _add(slopes: Array, free: Index, block: Array) -> None:
    """Columns to their parameters; a parameter that stands in several cells collects all their slopes."""
    if len(set(free.tolist())) == len(free):
        slopes[:, free] += block
    else:
        np.add.at(slopes.T, free, block.T)
