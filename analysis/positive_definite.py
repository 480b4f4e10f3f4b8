"""Correlation matrices that cannot be: seen, and smoothed when asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]

#: Eigenvalues below this count as not positive.
NOT_POSITIVE = float(np.finfo(float).eps)
LOWEST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothedCorrelations:
    """A positive definite correlation matrix beside how far it is from the one that was given."""

    matrix: Array
    smallest_eigenvalue: float  #: before smoothing
    n_raised: int  #: eigenvalues that were raised; 0 when the matrix was fine and is returned as it came
    largest_change: float  #: of any correlation

    @property
    def changed(self) -> bool:
        return self.n_raised > 0


@no_estimate("arithmetic")
def smooth_correlations(matrix: Array) -> SmoothedCorrelations:
    """Raise the eigenvalues that are not positive, and make the diagonal 1 again.

    Eigenvalues under 1e-12 become 1e-10, all are rescaled to sum to the number of items, and the matrix they
    give is turned into correlations: the steps of ``psych::cor.smooth``. Nothing happens to a matrix whose
    eigenvalues are all positive.

    Examples
    --------
    >>> impossible = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    >>> smooth = smooth_correlations(impossible)
    >>> round(smooth.smallest_eigenvalue, 3), smooth.n_raised, round(float(smooth.matrix[0, 1]), 3)
    (-0.8, 1, 0.5)
    """
    values, vectors = np.linalg.eigh(matrix)
    smallest = float(values[0])
    if smallest >= NOT_POSITIVE:
        return SmoothedCorrelations(
            matrix=matrix, smallest_eigenvalue=smallest, n_raised=0, largest_change=0.0
        )
    low = values < LOWEST
    values = np.where(low, 100 * LOWEST, values)
    values *= len(values) / values.sum()
    smooth = (vectors * values) @ vectors.T
    spread = np.sqrt(np.diag(smooth))
    smooth /= np.outer(spread, spread)
    np.fill_diagonal(smooth, 1.0)
    return SmoothedCorrelations(
        matrix=smooth,
        smallest_eigenvalue=smallest,
        n_raised=int(low.sum()),
        largest_change=float(np.abs(smooth - matrix).max()),
    )
