"""Intervals of noncentrality parameters, from which intervals of effect sizes follow.

The lower limit is the parameter under which a statistic this large or larger has probability
``(1 - confidence_level) / 2``; the upper limit mirrors it [1]_. A parameter that cannot be negative has the
limit 0 where no such parameter exists.

References
----------
.. [1] Steiger, J. H. (2004). Beyond the F test. Psychological Methods, 9, 164-182.
"""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import chndtr, ncfdtr, nctdtr

from analysis.weighting import no_estimate


@no_estimate("arithmetic")
def chi_square_noncentrality(
    statistic: float, df: float, *, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Limits of the noncentrality of a chi-square statistic.

    >>> low, high = chi_square_noncentrality(12.0, 3)
    >>> round(low, 3), round(high, 3)
    (0.957, 26.908)
    """
    return _limits(lambda nc: float(chndtr(statistic, df, nc)), statistic, confidence_level)


@no_estimate("arithmetic")
def f_noncentrality(
    statistic: float, df: tuple[float, float], *, confidence_level: float = 0.95
) -> tuple[float, float]:
    """Limits of the noncentrality of an F statistic.

    >>> low, high = f_noncentrality(4.0, (3, 96))
    >>> round(low, 3), round(high, 3)
    (0.752, 27.495)
    """
    return _limits(lambda nc: float(ncfdtr(df[0], df[1], nc, statistic)), statistic * df[0], confidence_level)


@no_estimate("arithmetic")
def t_noncentrality(statistic: float, df: float, *, confidence_level: float = 0.95) -> tuple[float, float]:
    """Limits of the noncentrality of a t statistic, which may be negative.

    >>> low, high = t_noncentrality(2.5, 30)
    >>> round(low, 3), round(high, 3)
    (0.422, 4.54)
    """
    tail = (1 - confidence_level) / 2

    def limit(probability: float) -> float:
        def excess(nc: float) -> float:
            return float(nctdtr(df, nc, statistic)) - probability

        # The distribution function falls as the noncentrality grows.
        low, high, step = statistic - 2.0, statistic + 2.0, 2.0
        while excess(low) < 0:
            low, step = low - step, 2 * step
        step = 2.0
        while excess(high) > 0:
            high, step = high + step, 2 * step
        return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-13))

    return limit(1 - tail), limit(tail)


def _limits(cdf: Callable[[float], float], start: float, confidence_level: float) -> tuple[float, float]:
    tail = (1 - confidence_level) / 2

    def limit(probability: float) -> float:
        if cdf(0.0) <= probability:
            return 0.0
        high = start + 1.0
        while cdf(high) > probability:
            high *= 2
        return float(brentq(lambda nc: cdf(nc) - probability, 0.0, high, xtol=1e-12, rtol=1e-13))

    return limit(1 - tail), limit(tail)
