"""The two models that a model is held against: the saturated one, and independence (the baseline).

Both are ordinary structures, so that their information and their respondents' contributions come from the
same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.sem.casewise import variation
from analysis.sem.discrepancy import (
    Discrepancy,
    NormalPoint,
    PatternsPoint,
    Point,
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
Index = npt.NDArray[np.intp]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodValues:
    """Discrepancies of maximum likelihood of both models."""

    saturated: float
    baseline: float
    baseline_df: int


def likelihood_values(moments: Moments, exogenous: frozenset[str]) -> LikelihoodValues | None:
    """The two models' values where all answers are there: half the log-determinants plus p."""
    p = len(moments.items)
    outside = np.array([i for i, item in enumerate(moments.items) if item in exogenous], dtype=np.intp)
    inside = np.array([i for i, item in enumerate(moments.items) if item not in exogenous], dtype=np.intp)
    saturated = baseline = 0.0
    for group, share in zip(moments.groups, moments.shares(), strict=True):
        variances = group.covariance.diagonal()[inside]
        sign, log_determinant = np.linalg.slogdet(group.covariance)
        if sign <= 0 or not (variances > 0).all():
            return None
        alone = float(np.log(variances).sum())
        if len(outside):
            alone += float(np.linalg.slogdet(group.covariance[np.ix_(outside, outside)])[1])
        saturated += share * (float(log_determinant) + p) / 2
        baseline += share * (alone + p) / 2
    x = len(outside)
    per_group = p * (p + 1) // 2 - x * (x + 1) // 2 - len(inside)
    return LikelihoodValues(
        saturated=saturated, baseline=baseline, baseline_df=per_group * len(moments.groups)
    )


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


@dataclass(frozen=True, slots=True)
class SaturatedVariation:
    """The saturated model's observed information, and how respondents' contributions to it vary."""

    information: Array  #: A, shape (n_moments, n_moments)
    meat: Array  #: B

    def trace(self) -> float:
        """``tr(A^-1 B)``."""
        return float(np.trace(np.linalg.solve(self.information, self.meat)))


def variation_of(
    reference: Reference, moments: Moments, *, with_means: bool, robust: bool = True
) -> SaturatedVariation:
    """Of the saturated model or the baseline, whose moments are linear in their parameters.

    Not ``robust``: B is A, as it is when answers are normal.
    """
    place = reference.place
    blocks = [
        linear_information(part.structure.cells, part.structure.n_observed, parts_of(point))
        for part, point in zip(place.parts, place.points, strict=True)
    ]
    information = gather(place.parts, blocks, len(place.parameters))
    if not robust:
        return SaturatedVariation(information, information)
    meat = variation(
        place.parts,
        moments.groups,
        place.implied,
        place.slopes(),
        len(place.parameters),
        with_means=with_means,
    )
    return SaturatedVariation(information, meat)


def parts_of(point: Point) -> tuple[tuple[float, NormalPoint, Index | None], ...]:
    """Each pattern's weight, normal discrepancy and items (None for all)."""
    if isinstance(point, PatternsPoint):
        return tuple((weight, own, pattern.observed) for weight, pattern, own in point.parts)
    if isinstance(point, NormalPoint):
        return ((1.0, point, None),)
    raise TypeError("Only likelihoods have contributions of respondents.")


def linear_information(
    cells: Cells,
    n_items: int,
    parts: Sequence[tuple[float, NormalPoint, Index | None]],
    *,
    expected: bool = False,
) -> Array:
    """The information of covariances and means that are themselves the parameters, shape (n_cells, n_cells).

    Every slope has a single 1, so that sums over patterns of ``W[a, b] M[c, d]`` are all that is needed, and
    these are one product of matrices. With W the inverse of Sigma, M is ``W (S + d d') W - W / 2``;
    ``expected``, W / 2.
    """
    weights, ws, ms, pulls = _padded(n_items, parts, expected)
    p, (i, j), m = n_items, cells.covariances, cells.means
    ik, jk = i[:, None], j[:, None]
    if len(parts) == 1:
        w, other = ws.reshape(p, p), ms.reshape(p, p)
        own = w[jk, i] * other[ik, j] + w[jk, j] * other[ik, i]
        own += w[ik, i] * other[jk, j] + w[ik, j] * other[jk, i]
    else:
        both = (ws.T @ ms).reshape(p, p, p, p)
        own = both[jk, i, ik, j] + both[jk, j, ik, i] + both[ik, i, jk, j] + both[ik, j, jk, i]
    half = np.where(i == j, 0.5, 1.0)
    s, k = len(i), len(i) + len(m)
    found = np.zeros((k, k))
    found[:s, :s] = own * np.multiply.outer(half, half)
    if len(m):
        found[s:, s:] = (weights @ ws).reshape(p, p)[m[:, None], m]
        if not expected:
            pulled = (ws.T @ pulls).reshape(p, p, p)  # sums of W[a, b] (W d)[c]
            joint = (pulled[ik, m, jk] + pulled[jk, m, ik]) * half[:, None]
            found[:s, s:], found[s:, :s] = joint, joint.T
    return found


def _padded(
    n_items: int, parts: Sequence[tuple[float, NormalPoint, Index | None]], expected: bool
) -> tuple[Array, Array, Array, Array]:
    """Weights of the patterns, and of each over all items: W, the weighted M, the weighted ``W d``."""
    ws, ms = np.zeros((2, len(parts), n_items, n_items))
    pulls = np.zeros((len(parts), n_items))
    for k, (weight, point, observed) in enumerate(parts):
        o = np.arange(n_items) if observed is None else observed
        block = np.ix_(o, o)
        ws[k][block] = point.inverse
        ms[k][block] = weight * (point.inverse / 2 if expected else point.weighted - point.inverse / 2)
        pulls[k, o] = weight * point.pull
    weights = np.array([weight for weight, _, _ in parts])
    return weights, ws.reshape(len(parts), -1), ms.reshape(len(parts), -1), pulls


def trace_of_saturated(reference: Reference, moments: Moments, exogenous: bool, *, with_means: bool) -> float:
    """``tr(A^-1 B)`` of the saturated model; by distances from the centre where all answers are there, and
    none exogenous.

    There ``A^-1`` is the covariance matrix of normal moments, and the trace is
    ``(mean(d^4) - p) / 2`` with d Mahalanobis' distance, plus p where means are modelled.
    """
    simple = all(g.complete and g.clusters is None and g.weights is None for g in moments.groups)
    if not simple or exogenous:
        return variation_of(reference, moments, with_means=with_means).trace()
    total = 0.0
    for group in moments.groups:
        found = inverse_and_log_determinant(group.covariance)
        if found is None:
            raise ValueError("The saturated model needs answers with a regular covariance matrix.")
        centred = group.answers() - group.means
        squared = ((centred @ found[0]) * centred).sum(axis=1)
        p = len(group.means)
        total += (float(np.average(squared**2, weights=group.counts)) - p) / 2 + (p if with_means else 0)
    return total
