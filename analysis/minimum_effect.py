"""Evidence against a smallest effect of interest, and what follows from it.

A claim names a direction and the smallest effect that would matter, ``bound``. Three questions are
asked of the confidence interval of the effect (Murphy & Myors 1999; Lakens, Scheel & Isager 2018):

- does it lie wholly beyond the bound? Then the effect is there and matters (minimum-effect test).
- does it lie wholly short of the bound? Then no effect that matters is there in the claimed
  direction (equivalence or non-superiority).
- does it lie wholly beyond the bound in the opposite direction? Then the claim is contradicted.

If none holds, the sample cannot tell. ``p_value`` always belongs to the first question; it is
two-sided in the sense that 0.05 corresponds to the 95 % interval just touching the bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from analysis.results import Interval
from analysis.weighting import no_estimate

Direction = Literal["positive", "negative", "any"]
Zone = Literal["beyond", "short", "opposite", "straddles"]

#: Probability of data at least as far above (``upper=True``) or below as seen, if the effect were ``value``.
Tail = Callable[[float, bool], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumEffect:
    """Where an interval lies with respect to the smallest effect of interest."""

    bound: float
    direction: Direction
    zone: Zone
    p_value: float  #: against "the effect is no larger than the bound"


@no_estimate("arithmetic")
def minimum_effect(interval: Interval, tail: Tail, *, bound: float, direction: Direction) -> MinimumEffect:
    """Place an interval and compute the p-value of the minimum-effect test.

    Parameters
    ----------
    interval : Interval
    tail : callable
        ``tail(value, upper)``, see :data:`Tail`; it must be the dual of the interval.
    bound : float
        Smallest effect of interest, not negative.
    direction : {"positive", "negative", "any"}

    Examples
    --------
    >>> judged = minimum_effect(Interval(low=0.20, high=0.40), normal_tail(0.30, 0.051),
    ...                         bound=0.1, direction="positive")
    >>> judged.zone, round(judged.p_value, 5)
    ('beyond', 9e-05)
    """
    if bound < 0:
        raise ValueError(f"the smallest effect of interest is {bound}; it cannot be negative")
    low, high = interval.low, interval.high
    above, below = tail(bound, True), tail(-bound, False)
    if direction == "negative":
        low, high, above = -high, -low, below
    if direction == "any":
        beyond = low > bound or high < -bound
        zone: Zone = "beyond" if beyond else "short" if -bound < low and high < bound else "straddles"
        return MinimumEffect(
            bound=bound, direction=direction, zone=zone, p_value=min(1.0, 2 * min(above, below))
        )
    if low > bound:
        zone = "beyond"
    elif high < -bound or (bound == 0 and high < 0):
        zone = "opposite"
    elif high < bound:
        zone = "short"
    else:
        zone = "straddles"
    return MinimumEffect(bound=bound, direction=direction, zone=zone, p_value=min(1.0, 2 * above))


@no_estimate("arithmetic")
def normal_tail(estimate: float, std_error: float) -> Tail:
    """Tail of an estimate with a normal sampling distribution."""
    return lambda value, upper: float(
        stats.norm.sf((estimate - value) / std_error)
        if upper
        else stats.norm.cdf((estimate - value) / std_error)
    )


@no_estimate("arithmetic")
def t_tail(estimate: float, std_error: float, df: float) -> Tail:
    """Tail of an estimate whose studentised form follows Student's t."""
    return lambda value, upper: float(
        stats.t.sf((estimate - value) / std_error, df)
        if upper
        else stats.t.cdf((estimate - value) / std_error, df)
    )


@no_estimate("arithmetic")
def fisher_tail(correlation: float, std_error: float) -> Tail:
    """Tail of a correlation by Fisher's z, ``std_error`` being that of z."""
    z = math.atanh(correlation)

    def tail(value: float, upper: bool) -> float:
        distance = (z - math.atanh(value)) / std_error
        return float(stats.norm.sf(distance) if upper else stats.norm.cdf(distance))

    return tail
