"""Influence values by leaving out one sampled unit at a time.

A respondent of large weight, or one of few in a small group, draws an estimate towards their own answer, so
that what the estimate leaves unexplained of them is too small: linearised errors are then too sure. Leaving
the unit out shows how much it moves the estimate in truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.design.design import Array, SurveyDesign
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

#: Values, shape (m, p), of sums over respondents, shape (m, q). Multiplying all sums by one number must not
#: change them.
OfSums = Callable[[Array], Array]

CHUNK = 2**22  #: numbers that are worked on at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedSums:
    """The sums that estimates depend on, as one weighted term a row and the function of their sums."""

    terms: Array  #: (n_rows, q) times the weight of the whole row
    function: OfSums


def left_out(sums: WeightedSums, influence: Array, design: SurveyDesign) -> Array:
    """Influence values of every row from estimates without each sampled unit.

    With ``m`` units drawn in a stratum and one of them left out, the others of the stratum count
    ``m / (m - 1)`` times. The influence value of the unit is ``(m - 1) / m (estimate - estimate without it)``
    [1]_; the variance of their sum under the design is the stratified jackknife's around the means of the
    strata. Where an estimate cannot be made without a unit, and for units alone in their stratum, the
    linearised value stays. So do all where later stages count (finite populations of two stages): there the
    first-stage units alone do not tell the variance.

    Parameters
    ----------
    influence : array, shape (n_rows, p)
        The linearised ones.

    Returns
    -------
    array, shape (n_rows, p)
        Where a unit has several rows, what leaving it out adds stands in its first row.

    References
    ----------
    .. [1] Wolter, K. M. (2007). Introduction to variance estimation (2nd ed., chapter 4). Springer.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y, w = np.array([1.0, 2.0, 4.0, 5.0]), np.array([1.0, 1.0, 1.0, 3.0])
    >>> mean = WeightedSums(terms=np.column_stack([w, w * y]), function=lambda s: s[:, 1:] / s[:, :1])
    >>> plain = (w * (y - w @ y / w.sum()) / w.sum())[:, None]
    >>> plain[:, 0].round(3).tolist(), left_out(mean, plain, survey_design(w))[:, 0].round(3).tolist()
    ([-0.444, -0.278, 0.056, 0.667], [-0.4, -0.25, 0.05, 1.0])
    """
    first = design.stages[0]
    if len(design.stages) > 1 and first.fraction.any():
        return influence
    counted = design.counts if first.of_respondents else None
    totals, linear = sums.terms, influence
    if counted is not None:
        each = np.where(counted > 0, counted, 1.0)[:, None]
        totals, linear = totals / each, linear / each
    elif not first.of_respondents:
        size = len(first.stratum_of_unit)
        totals, linear = (sums_within(values, first.units, size) for values in (totals, linear))
    stratum = first.strata if first.of_respondents else first.stratum_of_unit
    of_stratum = sums_within(sums.terms, first.strata, len(first.units_in_stratum))[stratum]
    m = first.units_in_stratum[stratum][:, None]
    several = m > 1
    whole = sums.terms.sum(axis=0)
    without = whole - totals + np.where(several, (of_stratum - totals) / np.maximum(m - 1, 1), 0.0)
    estimate = np.asarray(sums.function(whole[None]))[0]
    moved = (m - 1) / m * (estimate - _in_chunks(sums.function, without))
    moved = np.where(several & np.isfinite(moved), moved, linear)
    if counted is not None:
        return np.asarray(np.where(counted[:, None] > 0, moved * counted[:, None], 0.0))
    if first.of_respondents:
        return np.asarray(moved)
    found, rows = np.unique(first.units, return_index=True)
    placed = influence.copy()
    placed[rows] += (moved - linear)[found]
    return placed


def _in_chunks(function: OfSums, sums: Array) -> Array:
    rows = max(1, CHUNK // (sums.shape[1] * 8))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([function(sums[at : at + rows]) for at in range(0, len(sums), rows)])


def sums_within(values: Array, codes: np.ndarray[tuple[int], np.dtype[np.int64]], size: int) -> Array:
    """Sums of the columns within codes.

    >>> sums_within(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]), 2).tolist()
    [[5.0], [2.0]]
    """
    return np.stack([np.bincount(codes, weights=column, minlength=size) for column in values.T], axis=1)
