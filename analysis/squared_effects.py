"""Intervals of effects that are squared lengths, such as a gain in variance explained.

Near zero the spread of a squared length shrinks with the length itself, so an interval of the form
"estimate and twice its error" misses the truth on one side. On the scale of the length the spread is
steady: the squared length over its variance there behaves as a noncentral chi-square with as many degrees
of freedom as there are differences, and limits of its noncentrality are limits of the effect (the
argument is that of [1]_ for effects of known spread; here the spread is estimated). Where a sampling design
leaves few degrees of freedom to estimate the spread, normal quantiles give way to those of Student's t.

References
----------
.. [1] Steiger, J. H. (2004). Beyond the F test. Psychological Methods, 9, 164-182.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from analysis.noncentral import chi_square_noncentrality
from analysis.results import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class SquaredEffect:
    """An effect between 0 and 1 that is a squared length.

    Examples
    --------
    >>> gain = SquaredEffect(estimate=0.05, std_error=0.02, df=2)
    >>> limits = gain.interval(0.95)
    >>> round(limits.low, 4), round(limits.high, 4)
    (0.0169, 0.0945)
    >>> round(gain.tail(limits.low, upper=True), 6)
    0.025
    """

    estimate: float  #: as in the sample, not corrected for bias; positive
    std_error: float  #: positive
    df: int  #: differences whose squares are added up
    denominator_df: float | None = (
        None  #: on which a design estimates the error; None: known as good as exactly
    )

    @property
    def statistic(self) -> float:
        """Squared length over its variance on the scale of the length."""
        return (2 * self.estimate / self.std_error) ** 2

    @property
    def unit(self) -> float:
        """Effect per unit of noncentrality."""
        return self.std_error**2 / (4 * self.estimate)

    def interval(self, confidence_level: float = 0.95) -> Interval:
        level = confidence_level
        if self.denominator_df is not None:
            # as far out on the normal scale as Student's t is on its own
            level = 2 * float(stats.norm.cdf(stats.t.ppf((1 + level) / 2, self.denominator_df))) - 1
        low, high = chi_square_noncentrality(self.statistic, self.df, confidence_level=level)
        return Interval(
            low=min(low * self.unit, 1.0), high=min(high * self.unit, 1.0), confidence_level=confidence_level
        )

    def tail(self, value: float, *, upper: bool) -> float:
        """Probability of a sample at least as far above (or below) as this one, if ``value`` were true."""
        noncentrality = max(value, 0.0) / self.unit
        side = stats.ncx2.sf if upper else stats.ncx2.cdf
        probability = float(side(self.statistic, self.df, noncentrality))
        if self.denominator_df is None:
            return probability
        return float(stats.t.sf(stats.norm.isf(probability), self.denominator_df))
