"""Corrections of p-values for asking several questions at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]


@no_estimate("arithmetic")
def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values corrected so that the chance of any false rejection stays at the level [1]_.

    The i-th smallest of m p-values is multiplied by ``m - i + 1``; none becomes smaller than one before it.

    Parameters
    ----------
    p_values : sequence of float or None, shape (m,)
        None (or NaN) stands for a test that could not be computed. It stays None and is not counted,
        as in R's ``p.adjust``.

    Returns
    -------
    tuple of float or None, shape (m,)
        In the order given.

    Raises
    ------
    ValueError
        If a p-value lies outside 0 to 1.

    References
    ----------
    .. [1] Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
       of Statistics, 6, 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, None, 0.03])
    (0.03, 0.06, None, 0.06)
    """
    return _where_known(p_values, _holm)


@no_estimate("arithmetic")
def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values corrected so that the expected share of false rejections stays at the level [1]_.

    Parameters and errors as for :func:`holm`.

    References
    ----------
    .. [1] Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal
       Statistical Society B, 57, 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, None, 0.03])
    (0.03, 0.04, None, 0.04)
    """
    return _where_known(p_values, lambda p: np.asarray(false_discovery_control(p, method="bh")))


def _holm(p: Array) -> Array:
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def _where_known(
    p_values: Sequence[float | None], correct: Callable[[Array], Array]
) -> tuple[float | None, ...]:
    p = np.array([np.nan if value is None else value for value in p_values], dtype=float)
    known = ~np.isnan(p)
    if ((p[known] < 0) | (p[known] > 1)).any():
        raise ValueError(f"p-values lie between 0 and 1, got {p[known].tolist()}")
    if known.any():
        p[known] = correct(p[known])
    return tuple(float(value) if ok else None for value, ok in zip(p, known, strict=True))
