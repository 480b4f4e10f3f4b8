"""Correlated t tests asked together: corrected p-values, and intervals that hold together.

References
----------
.. [1] Bretz, F., Hothorn, T., & Westfall, P. (2011). Multiple comparisons using R. CRC Press.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from analysis.adjust import benjamini_hochberg, holm
from analysis.factorial.max_t import LargestT
from analysis.studentized_range import studentized_range_isf, studentized_range_sf
from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
Adjustment = Literal["single_step", "tukey", "holm", "bonferroni", "benjamini_hochberg", "none"]

ADJUSTMENTS: Mapping[Adjustment, str] = {
    "single_step": "single step, multivariate t",
    "tukey": "Tukey, studentized range",
    "holm": "Holm, intervals by Bonferroni",
    "bonferroni": "Bonferroni",
    "benjamini_hochberg": "Benjamini-Hochberg, intervals by Bonferroni",
    "none": "unadjusted",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simultaneous:
    """What a correction makes of a family of tests."""

    raw_p_values: tuple[float, ...]
    p_values: tuple[float, ...]
    numerical_errors: tuple[float, ...]  #: of ``p_values``, where directions were drawn (``max_t``)
    reach: tuple[float, ...]  #: how many standard errors an interval goes to either side


@no_estimate("arithmetic")
def simultaneous(
    statistics: Array,
    correlation: Array,
    df: Array,
    adjustment: Adjustment,
    *,
    n_means: int,
    confidence_level: float = 0.95,
) -> Simultaneous:
    """Correct two-sided t tests for being asked together.

    Parameters
    ----------
    statistics : array, shape (m,)
    correlation : array, shape (m, m)
        Of the estimates; of any rank.
    df : array, shape (m,)
        Those of one variance that all share, or of each estimate: then each is corrected as if all had its
        own, as ``emmeans`` does.
    adjustment : str
        ``single_step`` by the largest of the correlated statistics [1]_; ``tukey`` by the studentized range
        of ``n_means`` means, for their pairs. ``holm`` and ``benjamini_hochberg`` have no intervals of their
        own and are given Bonferroni's.
    n_means : int
        Means behind the pairs of ``tukey``.

    Examples
    --------
    >>> half = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> found = simultaneous(np.array([2.5, -1.0]), half, np.full(2, 20.0), "single_step", n_means=3)
    >>> [round(p, 4) for p in found.p_values], round(found.reach[0], 4)
    ([0.0389, 0.5138], 2.3787)
    """
    m, tail = len(statistics), 1 - confidence_level
    each = list(zip(np.abs(statistics).tolist(), df.tolist(), strict=True))
    raw = [2 * float(stdtr(own, -t)) for t, own in each]
    p, errors = raw, [0.0] * m
    share = tail / 2 / (1 if adjustment == "none" else max(1, m))
    reach = {own: float(stdtrit(own, 1 - share)) for _, own in each}
    if m > 1 and adjustment == "single_step":
        largest = LargestT.of(correlation, df[0])
        by_df = {own: replace(largest, df=own) for own in reach}
        p = [by_df[own].sf(t) for t, own in each]
        errors = [by_df[own].error(t) for t, own in each]
        reach = {own: by_df[own].isf(tail) for own in reach}
    elif m > 1 and adjustment == "tukey":
        p = [studentized_range_sf(t * math.sqrt(2), n_means, own) for t, own in each]
        reach = {own: studentized_range_isf(tail, n_means, own) / math.sqrt(2) for own in reach}
    elif adjustment == "bonferroni":
        p = [min(1.0, m * value) for value in raw]
    elif adjustment in ("holm", "benjamini_hochberg"):
        known = (holm if adjustment == "holm" else benjamini_hochberg)(raw)
        p = [value for value in known if value is not None]
    return Simultaneous(
        raw_p_values=tuple(raw),
        p_values=tuple(p),
        numerical_errors=tuple(errors),
        reach=tuple(reach[own] for _, own in each),
    )
