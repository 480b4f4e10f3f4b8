"""Which groups share an aligned parameter: the stepwise rule of Asparouhov and Muthén.

Groups are joined where their values differ with p above ``JOINED``; the largest set of joined groups is the
start. Then every group is held against the average of the set: those outside come in where p lies above
``KEPT``, those inside leave where it lies below, until nothing changes [1]_.

References
----------
.. [1] Asparouhov, T., & Muthén, B. (2014). Multiple-group factor analysis alignment. Structural Equation
   Modeling, 21, 495-508.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import connected_components
from scipy.special import ndtr

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.invariance.alignment.align")

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

JOINED, KEPT = 0.01, 0.001


def invariant_groups(values: Array, covariance: Array) -> Flags:
    """True for the groups that share the parameter; all False where fewer than two do.

    Parameters
    ----------
    values : array, shape (n_groups,)
    covariance : array, shape (n_groups, n_groups)
        Of the values.

    Examples
    --------
    >>> invariant_groups(np.array([0.0, 0.1, 0.05, 1.2]), np.eye(4) * 0.01).tolist()
    [True, True, True, False]
    """
    n = len(values)
    variances = np.diag(covariance)
    apart = np.abs(values[:, None] - values[None, :])
    errors = np.sqrt(np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 1e-300))
    joined = 2 * ndtr(-apart / errors) > JOINED
    _, labels = connected_components(joined, directed=False)
    inside = np.asarray(labels == np.bincount(labels).argmax())
    for _ in range(10 * n):
        changed = np.array([_near(g, inside, values, covariance) for g in range(n)])
        if (changed == inside).all():
            break
        inside = changed
    return inside if inside.sum() > 1 else np.zeros(n, dtype=bool)


def _near(group: int, inside: Flags, values: Array, covariance: Array) -> bool:
    """Whether a group's value differs from the average of the set no more than chance would have it."""
    others = inside
    if not others.any():
        return False
    contrast = -(others / others.sum())
    contrast[group] += 1.0
    variance = float(contrast @ covariance @ contrast)
    if variance <= 1e-14:
        return True
    return bool(2 * ndtr(-abs(float(contrast @ values)) / np.sqrt(variance)) > KEPT)
