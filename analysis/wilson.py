"""Wilson's interval of a share."""

from __future__ import annotations

import math

from scipy.special import ndtri

from analysis.results import Interval
from analysis.weighting import no_estimate


@no_estimate("arithmetic")
def wilson_interval(count: float, n: float, *, confidence_level: float = 0.95) -> Interval:
    """Interval of a share by Wilson's score method [1]_, without continuity correction.

    ``(p + z²/2n ± z sqrt(p (1 - p)/n + z²/4n²)) / (1 + z²/n)``; the same as R's
    ``prop.test(correct = FALSE)``.

    Parameters
    ----------
    count : float
        Respondents with the property, 0 to ``n``.
    n : float
        Respondents, more than 0.

    References
    ----------
    .. [1] Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
       Journal of the American Statistical Association, 22, 209-212.

    Examples
    --------
    >>> interval = wilson_interval(8, 10)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.4902, 0.9433)
    """
    if not (n > 0 and 0 <= count <= n):
        raise ValueError(f"a share needs 0 <= count <= n and n > 0, got count {count} of n {n}")
    z = float(ndtri((1 + confidence_level) / 2))
    share = count / n
    center = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    scale = 1 + z * z / n
    # At the ends the limit is exactly 0 or 1; rounding must not carry it beyond.
    low = 0.0 if count == 0 else (center - half) / scale
    high = 1.0 if count == n else (center + half) / scale
    return Interval(low=low, high=high, confidence_level=confidence_level)
