"""The estimators by name: what each minimises, its standard errors, and the scaling of its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.sem.discrepancy import (
    Discrepancy,
    GeneralizedLeastSquares,
    UnweightedLeastSquares,
    WeightedLeastSquares,
    inverse_and_log_determinant,
    likelihood_of,
    modelled_means,
)
from analysis.sem.errors import ModelError
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.test_statistics import Scaling
from analysis.sem.uncertainty import Errors, Information
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Estimator = Literal["ML", "MLR", "MLM", "GLS", "ULS", "WLS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an estimator's name stands for."""

    described: str
    errors: Errors
    information: Information
    scaling: Scaling
    likelihood: bool
    needs_answers: bool = False

    @property
    def less(self) -> int:
        """Least squares take n - 1 for n in each group: in covariances, tests and standard errors."""
        return 0 if self.likelihood else 1


ESTIMATORS: Mapping[Estimator, Choice] = {
    "ML": Choice(
        described="Maximum likelihood",
        errors="standard",
        information="expected",
        scaling="none",
        likelihood=True,
    ),
    "MLR": Choice(
        described="Maximum likelihood, robust",
        errors="sandwich",
        information="observed",
        scaling="Yuan-Bentler-Mplus",
        likelihood=True,
        needs_answers=True,
    ),
    "MLM": Choice(
        described="Maximum likelihood, robust",
        errors="moments",
        information="expected",
        scaling="Satorra-Bentler",
        likelihood=True,
        needs_answers=True,
    ),
    "GLS": Choice(
        described="Generalised least squares",
        errors="standard",
        information="expected",
        scaling="none",
        likelihood=False,
    ),
    "ULS": Choice(
        described="Unweighted least squares, robust",
        errors="unweighted",
        information="expected",
        scaling="Satorra-Bentler",
        likelihood=False,
        needs_answers=True,
    ),
    "WLS": Choice(
        described="Weighted least squares (asymptotically distribution-free)",
        errors="standard",
        information="expected",
        scaling="none",
        likelihood=False,
        needs_answers=True,
    ),
}


def discrepancies_for(estimator: Estimator, moments: Moments, *, with_means: bool) -> tuple[Discrepancy, ...]:
    """What is minimised, group by group."""
    return tuple(_discrepancy(estimator, group, with_means) for group in moments.groups)


def _discrepancy(estimator: Estimator, group: GroupMoments, with_means: bool) -> Discrepancy:
    if ESTIMATORS[estimator].likelihood:
        return likelihood_of(group, mean_structure=with_means)
    means = modelled_means(group, mean_structure=with_means)
    covariance = group.covariance * group.n / (group.n - 1)
    if estimator == "ULS":
        return UnweightedLeastSquares(means, covariance)
    if estimator == "GLS":
        found = inverse_and_log_determinant(covariance)
        if found is None:
            raise ModelError("The sample covariance matrix is not positive definite.")
        return GeneralizedLeastSquares(means, covariance, found[0])
    gamma = fourth_moments(group, with_means=with_means)
    if group.n <= len(gamma):
        raise ModelError(
            f"WLS weighs {len(gamma)} moments and needs more respondents; there are {group.n}. Use MLR."
        )
    return WeightedLeastSquares(
        means, covariance, np.asarray(np.linalg.inv(gamma), dtype=np.float64), with_means
    )


def fourth_moments(group: GroupMoments, *, with_means: bool) -> Array:
    """Gamma: n times the covariance matrix of the sample moments, divided by n.

    Of means (if wanted) and the lower triangle of the covariances row by row, shape (n_moments, n_moments).
    """
    centred = group.answers() - group.means
    i, j = np.tril_indices(len(group.means))
    products = centred[:, i] * centred[:, j] - group.covariance[i, j]
    each = np.hstack([centred, products]) if with_means else products
    return group.outer(each)
