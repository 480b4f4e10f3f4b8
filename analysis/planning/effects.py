"""How the power of one declared test grows with its respondents, by formula.

Two roads to it. :class:`TextbookEffect` knows the kind of effect only and takes the formulas of
``analysis.planning.power``. :class:`ScaledEffect` knows how far the very estimator of the study scatters in a
very large sample, and scales that by the root of n: it holds for answers in categories, for skewed scores and
for staff of one branch, as the sample does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

from scipy import stats

from analysis.planning.power import (
    FEWEST,
    METHODS,
    MOST,
    PlannedMeasure,
    chi_square_limit,
    half_width,
    power_of,
)
from analysis.weighting import no_estimate

#: On which scale the tests of an effect are held: its own; Fisher's z of it, or of its root where the effect
#: is R squared; that of a length, where the effect is the length or its square
#: (``analysis.squared_effects``).
Scale = Literal["own", "fisher_z", "fisher_z_of_root", "length", "squared_length"]

FEWEST_BRANCHES = 3  #: below which errors that know branches are not computed


class PlannedEffect(Protocol):
    """Power of one test as a function of the respondents analysed."""

    @property
    def method(self) -> str: ...

    def power(self, n: float) -> float: ...

    def half_width(self, n: float, confidence_level: float) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TextbookEffect:
    """An effect of which no more is known than its kind and its size."""

    measure: PlannedMeasure
    expected: float
    bound: float
    confidence_level: float  #: after the correction for the family of hypotheses
    design_effect: float = 1.0
    numerator_df: int = 1
    second_per_first: float = 1.0  #: of ``d_between`` only
    second_design_effect: float = 1.0

    @property
    def method(self) -> str:
        return METHODS[self.measure]

    def power(self, n: float) -> float:
        """Power with n respondents in all."""
        return power_of(
            self.measure,
            self.expected,
            self._independent(n),
            bound=self.bound,
            numerator_df=self.numerator_df,
            second_per_first=self._balance,
            confidence_level=self.confidence_level,
        )

    def half_width(self, n: float, confidence_level: float) -> float | None:
        """Expected half width of the interval, None where n is too small for one."""
        independent = self._independent(n)
        if independent < FEWEST[self.measure]:
            return None
        return half_width(
            self.measure,
            self.expected,
            independent,
            numerator_df=self.numerator_df,
            second_per_first=self._balance,
            confidence_level=confidence_level,
        )

    @property
    def _balance(self) -> float:
        return self.second_per_first * self.design_effect / self.second_design_effect

    def _independent(self, n: float) -> float:
        """Respondents that count, of the first group where two are compared."""
        groups = 1 + self.second_per_first if self.measure == "d_between" else 1.0
        return n / groups / self.design_effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledEffect:
    """An effect whose estimator was seen at work in a very large sample.

    Power is ``P(t > t_crit)`` for the noncentral t with noncentrality ``(effect - bound) sqrt(n) / spread``;
    degrees of freedom are branches less one, or infinite without branches. On Fisher's scale effect, bound
    and spread are carried to z; of lengths, the squared length over its variance is a noncentral chi-square
    with ``differences`` degrees of freedom.

    Examples
    --------
    >>> effect = ScaledEffect(expected=0.4, bound=0.1, confidence_level=0.95, spread=0.84, scale="fisher_z")
    >>> round(effect.power(80), 3), round(effect.half_width(80, 0.95), 3)
    (0.824, 0.184)
    """

    expected: float
    bound: float
    confidence_level: float
    spread: float  #: standard error times the root of n; branches are in it
    branch_size: float | None = None  #: respondents a branch, where errors know branches
    scale: Scale = "own"
    differences: int = 1  #: of lengths: how many squares are added up

    @property
    def method(self) -> str:
        return "standard error of a very large sample, scaled by the root of n"

    def power(self, n: float) -> float:
        """Power with n respondents in all."""
        if n <= 0 or self._df(n) < FEWEST_BRANCHES - 1:
            return 0.0
        if self.scale in ("length", "squared_length"):
            return self._power_of_length(n)
        expected, bound, spread = self.expected, self.bound, self.spread
        if self.scale == "fisher_z_of_root":
            expected, bound = math.sqrt(max(expected, 0.0)), math.sqrt(bound)
            spread /= 2 * expected or 1.0
        if self.scale in ("fisher_z", "fisher_z_of_root"):
            spread /= 1 - expected**2
            expected, bound = math.atanh(expected), math.atanh(bound)
        distance = (expected - bound) * math.sqrt(n) / spread
        critical, df = self._critical(n, self.confidence_level), self._df(n)
        if math.isinf(df):
            return float(stats.norm.sf(critical - distance))
        return float(stats.nct.sf(critical, df, distance))

    def _power_of_length(self, n: float) -> float:
        length, bound, spread = self.expected, self.bound, self.spread
        if self.scale == "squared_length":
            length, bound = math.sqrt(max(length, 0.0)), math.sqrt(bound)
            spread /= 2 * length or 1.0
        tail, at_bound = (1 - self.confidence_level) / 2, n * (bound / spread) ** 2
        limit = chi_square_limit(tail, self.differences, at_bound)
        truly = n * (length / spread) ** 2
        side = (
            stats.chi2.sf(limit, self.differences)
            if truly == 0
            else stats.ncx2.sf(limit, self.differences, truly)
        )
        return float(side)

    def half_width(self, n: float, confidence_level: float) -> float | None:
        """Expected half width of the interval, None where n is too small for one."""
        if n <= 0 or self._df(n) < FEWEST_BRANCHES - 1:
            return None
        return self._critical(n, confidence_level) * self.spread / math.sqrt(n)

    def _df(self, n: float) -> float:
        return math.inf if self.branch_size is None else n / self.branch_size - 1

    def _critical(self, n: float, confidence_level: float) -> float:
        tail, df = (1 - confidence_level) / 2, self._df(n)
        return float(stats.norm.isf(tail) if math.isinf(df) else stats.t.isf(tail, df))


@no_estimate("planning")
def fewest_respondents(effect: PlannedEffect, power: float, *, at_least: int) -> int | None:
    """The fewest respondents that reach a power; None where ten million do not.

    Examples
    --------
    >>> medium = TextbookEffect(measure="d_between", expected=0.5, bound=0.0, confidence_level=0.95)
    >>> fewest_respondents(medium, 0.8, at_least=30)
    128
    """
    low, high = at_least - 1, at_least
    while effect.power(high) < power:
        low, high = high, 2 * high
        if high > MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if effect.power(middle) >= power else (middle, high)
    return high
