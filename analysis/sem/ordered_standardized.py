"""Estimates in units of standard deviations, with standard errors by the delta method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.sem.ordered_matrices import OrderedStructure
from analysis.sem.parameters import ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]
Standardized = Literal["all", "lv"]


def plain_values(table: ParameterTable, structures: Sequence[OrderedStructure]) -> Callable[[Array], Array]:
    """From parameters to every row of the table.

    Residual variances (delta) or scales (theta) are no parameters: they follow from the others.
    """
    items = {name: i for i, name in enumerate(table.observed)}
    rows = table.parameters
    free = np.array([k for k, row in enumerate(rows) if row.free is not None], dtype=np.intp)
    places = np.array([row.free for row in rows if row.free is not None], dtype=np.intp)
    fixed = np.array([row.value or 0.0 for row in rows])
    own = [(k, row) for k, row in enumerate(rows) if row.left == row.right and row.left in items]
    per_group = []
    for g in range(len(structures)):
        residual, scale = (
            np.array(
                [(k, items[row.left]) for k, row in own if row.op == op and row.group == g], dtype=np.intp
            )
            for op in ("~~", "~*~")
        )
        per_group.append((residual.reshape(-1, 2).T, scale.reshape(-1, 2).T))

    def values(parameters: Array) -> Array:
        found = fixed.copy()
        found[free] = parameters[places]
        for structure, (residual, scale) in zip(structures, per_group, strict=True):
            here = structure.implied(parameters)
            found[residual[0]] = here.residual_variances[residual[1]]
            found[scale[0]] = here.scales[scale[1]]
        return found

    return values


def standardized_values(
    table: ParameterTable,
    structures: Sequence[OrderedStructure],
    kind: Standardized,
) -> Callable[[Array], Array]:
    """From parameters to every row of the table in units of standard deviations.

    Constructs are in units of theirs; with ``"all"``, so are items. A row ``left op right`` is multiplied
    by the unit of one side and divided by that of the other, as its operator wants. Covariances become
    correlations of what is left unexplained, variances shares of the whole, as lavaan has it.
    """
    names = (*table.observed, *table.latent)
    place = {name: i for i, name in enumerate(names)}
    none, p = len(names), len(table.observed)  # a last unit of 1, for rows without a right side
    off = [row.op == "~~" and row.left != row.right for row in table.parameters]
    at = np.array([row.group * 2 * (none + 1) for row in table.parameters]) + np.where(off, none + 1, 0)
    left = at + [place[row.left] for row in table.parameters]
    right = at + [place.get(row.right, none) for row in table.parameters]
    power_left = np.array([{"=~": 1, "~*~": 1}.get(row.op, -1) for row in table.parameters])
    power_right = np.array([{"=~": -1, "~~": -1, "~": 1}.get(row.op, 0) for row in table.parameters])
    values_at = plain_values(table, structures)

    def values(parameters: Array) -> Array:
        units = []
        for structure in structures:
            here = structure.implied(parameters)
            unexplained = np.concatenate([here.residual_variances, np.diag(here.implied.residual)[p:]])
            for variances in (np.diag(here.covariance_all), unexplained):
                unit = np.sqrt(np.maximum(variances, 1e-300))
                if kind == "lv":
                    unit[:p] = 1.0
                units.append(np.append(unit, 1.0))
        unit = np.concatenate(units)
        return np.asarray(values_at(parameters) * unit[left] ** power_left * unit[right] ** power_right)

    return values


def delta_errors(function: Callable[[Array], Array], parameters: Array, covariance: Array) -> Array:
    """Standard errors of functions of the parameters, whose slopes are taken by central differences."""
    slopes = np.empty((len(function(parameters)), len(parameters)))
    for k in range(len(parameters)):
        step = 1e-5 * max(1.0, abs(float(parameters[k])))
        moved = parameters.copy()
        moved[k] += step
        above = function(moved)
        moved[k] -= 2 * step
        slopes[:, k] = (above - function(moved)) / (2 * step)
    return np.asarray(np.sqrt(np.maximum(((slopes @ covariance) * slopes).sum(axis=1), 0)))
