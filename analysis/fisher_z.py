"""Intervals of correlations on Fisher's z scale, from an estimate and its standard error."""

from __future__ import annotations

import math

from scipy.special import ndtri

from analysis.results import Interval
from analysis.weighting import no_estimate


@no_estimate("arithmetic")
def correlation_interval(
    estimate: float | None, std_error: float | None, confidence_level: float
) -> Interval | None:
    """Symmetric on Fisher's z scale, where the standard error is ``std_error / (1 - estimate^2)``.

    None when one of the two is None, or nothing varies.

    >>> interval = correlation_interval(0.5, 0.1, 0.95)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.2803, 0.6699)
    """
    if estimate is None or std_error is None or abs(estimate) >= 1:
        return None
    reach = float(ndtri((1 + confidence_level) / 2)) * std_error / (1 - estimate**2)
    z = math.atanh(estimate)
    return Interval(low=math.tanh(z - reach), high=math.tanh(z + reach), confidence_level=confidence_level)
