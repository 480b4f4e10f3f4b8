"""Where the search begins: loadings from the correlations of each construct's items."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import numpy.typing as npt

from analysis.sem.matrices import fixed_value
from analysis.sem.moments import Moments
from analysis.sem.parameters import Parameter, ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


def starting_values(table: ParameterTable, moments: Moments, *, cautious: bool = False) -> Array:
    """One value per free parameter, shape (n_free,); equal parameters start at the mean of their groups.

    ``cautious`` values leave out what the author wrote with ``start()``, and every covariance.
    """
    total, count = np.zeros(table.n_free), np.zeros(table.n_free)
    for g, group in enumerate(moments.groups):
        guess = _Guess(table, g, group.means, group.covariance)
        for parameter in table.of_group(g):
            if parameter.free is not None and parameter.op in ("=~", "~", "~~", "~1"):
                total[parameter.free] += guess.of(parameter, cautious=cautious)
                count[parameter.free] += 1
    return total / np.maximum(count, 1)


class _Guess:
    """Starting values of one group."""

    def __init__(self, table: ParameterTable, group: int, means: Array, covariance: Array) -> None:
        self.table, self.means, self.covariance = table, means, covariance
        self.place = {name: i for i, name in enumerate(table.observed)}
        self.everywhere = {name: i for i, name in enumerate((*table.observed, *table.latent))}
        self.sd = np.sqrt(covariance.diagonal())
        self.correlation = covariance / self.sd / self.sd[:, None]
        self.items: dict[str, list[Parameter]] = {name: [] for name in table.latent}
        for parameter in table.of_group(group):
            if parameter.op == "=~":
                self.items[parameter.left].append(parameter)
        self.constructs_of: dict[str, int] = {}
        for rows in self.items.values():
            for row in rows:
                self.constructs_of[row.right] = self.constructs_of.get(row.right, 0) + 1
        self.variance = {
            p.left: fixed_value(p, self.everywhere, means, covariance)
            for p in table.of_group(group)
            if p.op == "~~" and p.left == p.right and p.free is None and p.left in self.items
        }
        self.standard: dict[str, dict[str, float]] = {}
        self.unit: dict[str, float] = {}
        # Constructs that measure items come first: those of second order stand on their variances.
        for name in sorted(self.items, key=lambda f: not all(r.right in self.place for r in self.items[f])):
            self._measure(name)
        self.explained: dict[str, float] = {}
        for loadings in self.standard.values():
            for name, loading in loadings.items():
                self.explained[name] = self.explained.get(name, 0.0) + loading**2

    def _measure(self, construct: str) -> None:
        """Standardised loadings, and the standard deviation of the construct in its own unit."""
        rows = self.items[construct]
        names = [row.right for row in rows if row.right in self.place]
        standard = {row.right: 0.7 for row in rows}
        if len(names) > 1:
            at = [self.place[name] for name in names]
            for name, loading in zip(names, _loadings(self.correlation[at][:, at]), strict=True):
                standard[name] = loading / math.sqrt(self.constructs_of[name])
        elif names:
            standard[names[0]] = 1.0
        else:
            standard |= self._of_constructs([row.right for row in rows])
        self.standard[construct] = standard
        marker = next((row for row in rows if row.free is None and row.value), None)
        unit = math.sqrt(abs(self.variance.get(construct, 1.0))) or 1.0
        if marker is not None and construct not in self.variance and marker.value:
            loading = standard[marker.right]
            if loading * marker.value < 0:
                standard.update({name: -value for name, value in standard.items()})
                loading = -loading
            floor = math.copysign(max(abs(loading), 0.2), marker.value)
            unit = floor * self._sd_of(marker.right) / marker.value
        self.unit[construct] = float(unit)

    def _of_constructs(self, names: list[str]) -> dict[str, float]:
        """Standardised loadings of constructs on one of second order, from how their items correlate."""
        if len(names) < 2 or any(name not in self.standard for name in names):
            return {}
        correlation = np.eye(len(names))
        for a, b in combinations(range(len(names)), 2):
            r = self._correlation(names[a], names[b])
            correlation[a, b] = correlation[b, a] = 0.0 if r is None else np.clip(r, -0.9, 0.9)
        return dict(zip(names, _loadings(correlation).tolist(), strict=True))

    def _correlation(self, a: str, b: str) -> float | None:
        """Of two constructs, from the correlations between their items; None where they share no such."""
        items_a = [name for name in self.standard[a] if name in self.place]
        items_b = [name for name in self.standard[b] if name in self.place]
        if not items_a or not items_b:
            return None
        la = np.array([self.standard[a][name] for name in items_a])
        lb = np.array([self.standard[b][name] for name in items_b])
        rows = self.correlation[[self.place[i] for i in items_a]]
        block = rows[:, [self.place[i] for i in items_b]]
        weight = float((la @ la) * (lb @ lb))
        return float(la @ block @ lb) / weight if weight > 0 else 0.0

    def _sd_of(self, name: str) -> float:
        return float(self.sd[self.place[name]]) if name in self.place else self.unit.get(name, 1.0)

    def of(self, p: Parameter, *, cautious: bool) -> float:
        if p.start is not None and not cautious:
            return p.start
        match p.op:
            case "=~":
                return self.standard[p.left][p.right] * self._sd_of(p.right) / self.unit[p.left]
            case "~1":
                return float(self.means[self.place[p.left]]) if p.left in self.place else 0.0
            case "~~" if p.left == p.right:
                return self._variance(p.left)
            case "~~" if not cautious:
                return self._covariance(p.left, p.right)
        return 0.0

    def _variance(self, name: str) -> float:
        """Of a construct, its own; of an item, what its constructs leave."""
        left = min(max(1 - self.explained.get(name, 0.0), 0.1), 1.0)
        return left * self._sd_of(name) ** 2

    def _covariance(self, a: str, b: str) -> float:
        if a in self.place and b in self.place:
            predictors = a not in self.constructs_of and b not in self.constructs_of
            return 0.5 * float(self.covariance[self.place[a], self.place[b]]) if predictors else 0.0
        if a not in self.items or b not in self.items:
            return 0.0
        r = self._correlation(a, b)
        return 0.0 if r is None else min(max(r, -0.6), 0.6) * self.unit[a] * self.unit[b]


def _loadings(correlation: Array) -> Array:
    """One factor's loadings by principal axes; communalities are the largest correlations."""
    reduced = correlation.copy()
    reduced.flat[:: len(reduced) + 1] = 0.0
    communality = np.minimum(np.maximum(np.abs(reduced).max(axis=0), 0.09), 0.81)
    reduced.flat[:: len(reduced) + 1] = communality
    values, vectors = np.linalg.eigh(reduced)
    loadings = vectors[:, -1] * math.sqrt(max(float(values[-1]), 0.05))
    bounded = np.copysign(np.minimum(np.maximum(np.abs(loadings), 0.2), 0.9), loadings)
    return np.asarray(bounded * (1.0 if bounded.sum() >= 0 else -1.0))
