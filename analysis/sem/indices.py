"""How well a model fits: CFI, TLI, RMSEA with its interval, SRMR, and information criteria.

The *robust* versions take the population's misfit rather than the scaled statistic's (Brosseau-Liard &
Savalei [1]_, Brosseau-Liard, Savalei & Li [2]_), as lavaan reports them with complete answers; with missing
answers their definition is another one [3]_ and they are left out.

.. [1] Brosseau-Liard, P. E. & Savalei, V. (2014). Adjusting incremental fit indices for nonnormality.
Multivariate
   Behavioral Research, 49, 460-470.
.. [2] Brosseau-Liard, P. E., Savalei, V. & Li, L. (2012). An investigation of the sample performance of two
   nonnormality corrections for RMSEA. Multivariate Behavioral Research, 47, 904-930.
.. [3] Zhang, X. & Savalei, V. (2023). New computations for RMSEA and CFI following FIML and TS estimation
with
   missing data. Psychological Methods, 28, 263-283.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import chndtr

from analysis.results import Interval
from analysis.sem.matrices import Implied
from analysis.sem.moments import Moments
from analysis.sem.test_statistics import TestOfFit
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]

CLOSE = 0.05  #: the RMSEA that counts as close fit in its test


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmsea:
    """Root mean square error of approximation."""

    estimate: float
    interval: Interval  #: 90 %, so that its low end belongs to a test at 5 %
    close_fit_p_value: float  #: of the hypothesis that it is at most 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """Fit relative to independence, and error of approximation, of one version of the statistic.

    CFI and TLI are None when the baseline has no degree of freedom or fits as well; RMSEA when the model
    has none: such a model fits whatever the data.
    """

    cfi: float | None
    tli: float | None
    rmsea: Rmsea | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitIndices:
    """Indices of one fitted model."""

    plain: Relative
    scaled: Relative | None  #: from the scaled statistics
    robust: Relative | None  #: corrected for non-normality; the ones to report with a robust estimator
    srmr: float
    log_likelihood: float | None = None  #: None unless estimated by maximum likelihood
    saturated_log_likelihood: float | None = None
    aic: float | None = None
    bic: float | None = None
    bic_adjusted: float | None = None  #: with (n + 2) / 24 for n

    @property
    def reported(self) -> Relative:
        """Robust where there are robust ones, else scaled, else plain."""
        return self.robust or self.scaled or self.plain


def relative_indices(
    test: TestOfFit, baseline: TestOfFit, n: float, n_groups: int
) -> tuple[Relative, Relative | None, Relative | None]:
    """Plain, scaled and robust ones."""
    plain = _relative(test.statistic, test.df, baseline.statistic, baseline.df, n, n_groups)
    if test.scaled is None or baseline.scaled is None:
        return plain, None, None
    c, c_baseline = test.scaling_factor, baseline.scaling_factor
    scaled = _relative(test.scaled, test.df, baseline.scaled, baseline.df, n, n_groups)
    if c is not None and c > 0 and test.df > 0:
        scaled = replace(scaled, rmsea=_scaled_rmsea(test.statistic, c * test.df, n, n_groups))
    if c is None or c_baseline is None or c <= 0 or c_baseline <= 0:
        return plain, scaled, None
    return (
        plain,
        scaled,
        _relative(test.statistic, test.df, baseline.statistic, baseline.df, n, n_groups, c, c_baseline),
    )


def _relative(
    statistic: float,
    df: int,
    baseline: float,
    baseline_df: int,
    n: float,
    n_groups: int,
    c: float = 1.0,
    c_baseline: float = 1.0,
) -> Relative:
    """Of statistics with the means ``c df`` and ``c_baseline baseline_df`` when their models are right."""
    excess, baseline_excess = statistic - c * df, baseline - c_baseline * baseline_df
    worst = max(excess, baseline_excess, 0.0)
    usable = baseline_df > 0 and worst > 0 and baseline_excess > 0
    cfi = 1 - max(excess, 0.0) / worst if usable and df > 0 else None
    tli = 1 - (excess / df) / (baseline_excess / baseline_df) if usable and df > 0 else None
    return Relative(cfi=cfi, tli=tli, rmsea=rmsea(statistic, df, n, n_groups, c) if df > 0 else None)


def rmsea(statistic: float, df: float, n: float, n_groups: int, c: float = 1.0) -> Rmsea:
    """``sqrt(groups max(statistic - c df, 0) / (n df))``; Steiger's factor for groups, as lavaan has it.

    The interval holds the noncentralities under which the statistic (divided by c) lies at its 95th and 5th
    percentile.
    """
    scale = n_groups * c / (n * df)
    estimate = math.sqrt(n_groups * max(statistic - c * df, 0.0) / (n * df))
    low, high = (noncentrality(statistic / c, df, area) for area in (0.95, 0.05))
    close = CLOSE**2 / scale
    return Rmsea(
        estimate=estimate,
        interval=Interval(low=math.sqrt(scale * low), high=math.sqrt(scale * high), confidence_level=0.9),
        close_fit_p_value=1 - float(chndtr(statistic / c, df, close)),
    )


def _scaled_rmsea(statistic: float, trace: float, n: float, n_groups: int) -> Rmsea:
    """From the plain statistic and its mean ``trace = c df`` when the model is right, taken for degrees of
    freedom.

    The estimate is that of the scaled statistic; the interval differs a little, and is lavaan's.
    """
    return rmsea(statistic, trace, n, n_groups)


def noncentrality(statistic: float, df: float, area: float) -> float:
    """The noncentrality with which chi-square falls below the statistic with this probability; at least 0."""
    if (
        statistic <= 0 or chndtr(statistic, df, 0.0) <= area
    ):  # negative where a scaling is, which is a problem told later
        return 0.0
    high = max(statistic, 1.0)
    while chndtr(statistic, df, high) > area:
        high *= 2
    return float(brentq(lambda delta: chndtr(statistic, df, delta) - area, 0.0, high, xtol=1e-10, rtol=1e-14))


def srmr(moments: Moments, implied: Sequence[Implied], *, with_means: bool, less: int = 0) -> float:
    """Standardised root mean square residual, residuals in units of the sample's standard deviations
    (Bentler).

    Over variances, covariances and, where modelled, means; groups count by their respondents.
    """
    total = 0.0
    for group, here, share in zip(moments.groups, implied, moments.shares(), strict=True):
        covariance = group.covariance * (group.n / (group.n - less))
        sd = np.sqrt(np.diag(covariance))
        residual = (covariance - here.covariance) / np.outer(sd, sd)
        squares = list(residual[np.tril_indices(len(sd))] ** 2)
        if with_means:
            squares += list(((group.means - here.means) / sd) ** 2)
        total += share * math.sqrt(float(np.mean(squares)))
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationCriteria:
    """What fit costs in parameters."""

    aic: float
    bic: float
    bic_adjusted: float


def information_criteria(log_likelihood: float, n_parameters: int, n: float) -> InformationCriteria:
    return InformationCriteria(
        aic=-2 * log_likelihood + 2 * n_parameters,
        bic=-2 * log_likelihood + n_parameters * math.log(n),
        bic_adjusted=-2 * log_likelihood + n_parameters * math.log((n + 2) / 24),
    )
