"""The two models that a model is held against: the saturated one, and independence (the baseline).

Both are ordinary structures, so that their information and their respondents' contributions come from the
same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.sem.casewise import variation
from analysis.sem.discrepancy import (
    Discrepancy,
    inverse_and_log_determinant,
    likelihood_of,
    modelled_means,
)
from analysis.sem.estimates import Part, Place, gather, place_at
from analysis.sem.incomplete import univariate_moments
from analysis.sem.matrices import Cells, Structure
from analysis.sem.moments import GroupMoments, Moments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reference:
    """A model whose estimates need no search."""

    place: Place
    n_parameters: int

    @property
    def value(self) -> float:
        return self.place.value


def reference_model(
    kind: Literal["saturated", "baseline"],
    moments: Moments,
    exogenous: frozenset[str],
    *,
    with_means: bool,
    discrepancies: tuple[Discrepancy, ...] | None = None,
) -> Reference | None:
    """The saturated or the independence model at its estimates of maximum likelihood (or of least squares,
    whose ``discrepancies`` are given); None where it has none.

    Moments of exogenous variables are no parameters of either; the baseline leaves them correlated.
    """
    parts, values, first = [], [], 0
    shares = moments.shares(less=0 if discrepancies is None else 1)
    for g, (group, share) in enumerate(zip(moments.groups, shares, strict=True)):
        structure, start = _structure(kind, group, moments.items, exogenous, with_means, first)
        discrepancy = (
            likelihood_of(group, mean_structure=with_means) if discrepancies is None else discrepancies[g]
        )
        parts.append(Part(structure, discrepancy, share))
        values.append(start)
        first += len(start)
    place = place_at(parts, np.concatenate(values))
    if place is not None and discrepancies is not None:
        # Least squares of a structure that is linear in its parameters: one step from anywhere arrives.
        slopes = place.slopes()
        step = np.linalg.solve(place.expected(slopes), place.gradient(slopes))
        place = place_at(parts, place.parameters - step)
    return None if place is None else Reference(place, first)


def _structure(
    kind: str,
    group: GroupMoments,
    items: tuple[str, ...],
    exogenous: frozenset[str],
    with_means: bool,
    first: int,
) -> tuple[Structure, Array]:
    p = len(items)
    outside = np.array([item in exogenous for item in items])
    covariance, means = group.covariance, modelled_means(group, mean_structure=with_means)
    if kind == "baseline" and group.patterns:
        own_means, own_variances = univariate_moments(group.patterns, p)
        covariance = np.where(np.outer(outside, outside), covariance, np.diag(own_variances))
        means = np.where(outside, means, own_means)
    i, j = np.tril_indices(p) if kind == "saturated" else (np.arange(p), np.arange(p))
    keep = ~(outside[i] & outside[j])
    i, j = i[keep], j[keep]
    m = np.flatnonzero(~outside) if with_means else np.empty(0, dtype=np.intp)
    fixed = np.where(np.outer(outside, outside), covariance, 0.0)
    none = np.empty(0, dtype=np.intp)
    cells = Cells((none, none), (i, j), m)
    structure = Structure(
        paths=np.zeros((p, p)),
        covariances=fixed,
        means=np.where(outside, means, 0.0),
        n_observed=p,
        cells=cells,
        free=np.arange(first, first + len(i) + len(m)),
    )
    return structure, np.concatenate([covariance[i, j], means[m]])


def trace_of_variation(reference: Reference, moments: Moments, *, with_means: bool) -> float:
    """``tr(A^-1 B)``: contributions' variation in units of the observed information."""
    place = reference.place
    slopes = place.slopes()
    meat = variation(
        place.parts,
        moments.groups,
        place.implied,
        slopes,
        len(place.parameters),
        with_means=with_means,
    )
    blocks = [
        point.second(slope) + implied.curvature(part.structure.cells, point.by_covariance, point.by_means)
        for part, implied, point, slope in zip(place.parts, place.implied, place.points, slopes, strict=True)
    ]
    information = gather(place.parts, blocks, len(place.parameters))
    return float(np.trace(np.linalg.solve(information, meat)))


def trace_of_saturated(reference: Reference, moments: Moments, exogenous: bool, *, with_means: bool) -> float:
    """The same for the saturated model; by distances from the centre where nothing is missing or exogenous.

    There ``A^-1`` is the covariance matrix of normal moments, and the trace is
    ``(mean(d^4) - p) / 2`` with d Mahalanobis' distance, plus p where means are modelled.
    """
    simple = all(g.complete and g.clusters is None and g.weights is None for g in moments.groups)
    if not simple or exogenous:
        return trace_of_variation(reference, moments, with_means=with_means)
    total = 0.0
    for group in moments.groups:
        found = inverse_and_log_determinant(group.covariance)
        if group.rows is None or found is None:
            raise ValueError(
                "The saturated model's contributions need answers with a regular covariance matrix."
            )
        centred = group.rows - group.means
        squared = ((centred @ found[0]) * centred).sum(axis=1)
        p = len(group.means)
        total += (float((squared**2).mean()) - p) / 2 + (p if with_means else 0)
    return total
