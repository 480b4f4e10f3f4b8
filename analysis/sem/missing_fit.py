"""The misfit that complete answers would have shown: what robust CFI, TLI and RMSEA rest on under full
information.

Where answers are missing, the likelihood's own statistic measures misfit in the answers that are left, so
that indices made of it depend on how much is missing. Zhang & Savalei [1]_ take the complete-data discrepancy
of the model's moments from the saturated ones instead, ``T = 2 n F(saturated, implied)``, and take off what
it would be if the model were right,

    k = tr(R' W R Gamma),  R = I - D (D' A D)^-1 D' A,

with W the complete-data weights, A the information of the answers that are there, D the slopes of the
model's moments and Gamma the covariance matrix of the saturated estimates (``A^-1``, or ``A^-1 B A^-1``
where robust). All are taken at the saturated estimates, A is the observed information, as lavaan has it
since 0.6-13.

.. [1] Zhang, X. & Savalei, V. (2023). New computations for RMSEA and CFI following FIML and TS estimation
   with missing data. Psychological Methods, 28, 263-283.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.sem.discrepancy import MaximumLikelihood, modelled_means
from analysis.sem.estimates import Part, Place, gather, place_at
from analysis.sem.moments import Moments
from analysis.sem.saturated import Reference, SaturatedVariation, linear_information, parts_of
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteMisfit:
    """A model's statistic as of complete answers, and its mean were the model right."""

    statistic: float
    expected: float


@dataclass(frozen=True, slots=True)
class _AsComplete:
    """The saturated model seen through answers that are all there."""

    moments: Moments
    saturated: Reference
    information: Array  #: A
    meat: Array  #: B; the same as A where errors are not robust
    weights: Array  #: W


def complete_misfits(
    places: tuple[tuple[Place, Array], ...], moments: Moments, saturated: Reference, known: SaturatedVariation
) -> tuple[CompleteMisfit | None, ...]:
    """Of several models of the same answers, each a place and its tangent.

    None where the model or the saturated one has no complete-data discrepancy.
    """
    place = place_at(_completed(saturated.place, moments), saturated.place.parameters)
    if place is None:
        return tuple(None for _ in places)
    blocks = [
        linear_information(part.structure.cells, part.structure.n_observed, parts_of(point), expected=True)
        for part, point in zip(place.parts, place.points, strict=True)
    ]
    weights = gather(place.parts, blocks, len(place.parameters))
    seen = _AsComplete(moments, saturated, known.information, known.meat, weights)
    # What the saturated model itself varies: the same for every model.
    pulled: Array = np.asarray(np.linalg.solve(seen.information, seen.weights), dtype=np.float64)
    whole = float((pulled * np.linalg.solve(seen.information, seen.meat).T).sum())
    return tuple(_misfit(seen, place.value, pulled, whole, *one) for one in places)


def _misfit(
    seen: _AsComplete, least: float, pulled: Array, whole: float, place: Place, tangent: Array
) -> CompleteMisfit | None:
    here = place_at(_completed(place, seen.moments), place.parameters)
    if here is None:
        return None
    slopes = _slopes(seen.saturated, place) @ tangent
    inner = np.linalg.inv(slopes.T @ seen.information @ slopes)
    once = inner @ (slopes.T @ seen.meat @ (pulled @ slopes))
    twice = inner @ (slopes.T @ seen.meat @ slopes) @ inner @ (slopes.T @ seen.weights @ slopes)
    expected = whole - 2 * float(np.trace(once)) + float(np.trace(twice))
    return CompleteMisfit(statistic=2 * seen.moments.n_weighted * (here.value - least), expected=expected)


def _completed(place: Place, moments: Moments) -> tuple[Part, ...]:
    """The same structures, held against the saturated moments as if nothing were missing."""
    return tuple(
        Part(
            part.structure,
            MaximumLikelihood(modelled_means(group, mean_structure=True), group.covariance),
            part.share,
        )
        for part, group in zip(place.parts, moments.groups, strict=True)
    )


def _slopes(saturated: Reference, place: Place) -> Array:
    """D: every saturated moment's slopes by the model's free parameters, shape (n_moments, n_free)."""
    found = np.zeros((len(saturated.place.parameters), len(place.parameters)))
    for one, part, slopes in zip(saturated.place.parts, place.parts, place.slopes(), strict=True):
        cells = one.structure.cells
        i, j = cells.covariances
        covariances = slopes.left[i] * slopes.right[j] + slopes.right[i] * slopes.left[j]
        rows = np.zeros((len(one.structure.free), len(place.parameters)))
        np.add.at(rows.T, part.structure.free, np.vstack([covariances, slopes.means[cells.means]]).T)
        found[one.structure.free] = rows
    return found
