"""What the sampled units add to the covariance of estimates, and how well that covariance is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.design.design import Array
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Deviations of the sampled units, scaled so that their squares add up to the covariance.

    Where a few units of large weight, or the few of a small group, make most of an error, that error is known
    no better than from as many units, however large the sample. Satterthwaite's degrees of freedom [1]_ say
    so: ``2 v^2 / var(v)``, with the variance of a sum of squares of independent normal deviations estimated
    from their fourth powers [2]_.

    References
    ----------
    .. [1] Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components.
       Biometrics Bulletin, 2, 110-114.
    .. [2] Valliant, R., & Rust, K. F. (2010). Degrees of freedom approximations and rules-of-thumb. Journal
       of Official Statistics, 26, 585-602.
    """

    parts: Array  #: (n_units, p)
    times: Array | None = None  #: (n_units,) units that a part stands for; None: one each

    @property
    def covariance(self) -> Array:
        own = self.parts if self.times is None else self.parts * self.times[:, None]
        return np.asarray(own.T @ self.parts)

    def df(self, coefficients: Array) -> float:
        """Of the variance of a weighted sum of the estimates: ``3 v^2 / sum d^4``; infinite without variance.

        >>> equal, one_large = Spread(parts=np.ones((10, 1))), Spread(parts=np.array([[3.0], [1], [1], [1]]))
        >>> equal.df(np.ones(1)), round(one_large.df(np.ones(1)), 2)
        (30.0, 5.14)
        """
        squares = (self.parts @ coefficients) ** 2
        fourth = float(self._summed(squares**2))
        return 3 * float(self._summed(squares)) ** 2 / fourth if fourth > 0 else math.inf

    def joint_df(self, contrasts: Array) -> float:
        """Of the covariance of several weighted sums, as Hotelling's statistic needs them.

        ``q (q + 1) / sum var(d_st)`` over the entries of the covariance in units of itself [1]_.

        Parameters
        ----------
        contrasts : array, shape (q, p)
            Their covariance is not singular.

        References
        ----------
        .. [1] Tipton, E., & Pustejovsky, J. E. (2015). Small-sample adjustments for tests of moderators and
           model fit using robust variance estimation in meta-regression. Journal of Educational and
           Behavioral Statistics, 40, 604-634.
        """
        own = self.parts @ contrasts.T
        scale = np.sqrt(self._summed(own**2))
        own = own / scale
        weighted = own if self.times is None else own * self.times[:, None]
        z = np.linalg.solve(np.linalg.cholesky(weighted.T @ own), own.T)
        q = len(contrasts)
        return q * (q + 1) / (2 / 3 * float(self._summed((z**2).sum(axis=0) ** 2)))

    def of(self, places: Sequence[int]) -> Spread:
        """The spread of some of the estimates."""
        return Spread(parts=self.parts[:, list(places)], times=self.times)

    def of_sums(self, coefficients: Array) -> Spread:
        """The spread of weighted sums of the estimates, shape (q, p)."""
        return Spread(parts=self.parts @ coefficients.T, times=self.times)

    def _summed(self, values: Array) -> Array:
        return np.asarray(values.sum(axis=0) if self.times is None else self.times @ values)
