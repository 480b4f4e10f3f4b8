"""How well extracted factors reproduce the correlations they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.optimize import brentq

from analysis.results import Interval
from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorFit:
    """Fit of an exploratory factor model; what needs n, or degrees of freedom, is None without them."""

    df: int
    discrepancy: float  #: ``tr(S^-1 R) - log det(S^-1 R) - k`` with S the reproduced correlations
    statistic: float | None = None  #: Bartlett's corrected chi-square
    p_value: float | None = None
    null_statistic: float | None = None
    null_df: int
    rmsea: float | None = None
    rmsea_interval: Interval | None = None  #: 90 percent, as is usual for this index
    tli: float | None = None
    bic: float | None = None
    rmsr: float  #: root mean square of the residual correlations
    rmsr_df_corrected: float | None = None
    empirical_statistic: float | None = None  #: n times the squared residual correlations
    fit_off: float  #: 1 - squared residual over squared correlations off the diagonal


@no_estimate("arithmetic")
def factor_fit(
    matrix: Array, loadings: Array, factor_correlations: Array, n: int | None, *, rmsea_level: float = 0.90
) -> FactorFit:
    """Fit of ``L P L' + U`` to correlations, in the formulas of ``psych::fa``.

    The chi-square is ``(n - 1 - (2k + 5)/6 - 2m/3)`` times the discrepancy (Bartlett 1950). RMSEA is
    ``sqrt((statistic / df - 1) / (n - 1))`` and its interval takes the noncentralities at which the statistic
    is an extreme quantile [2]_; psych 2.2.9 has the same interval, but ``sqrt(statistic / (n df) - 1 / (n -
    1))`` in it. TLI compares discrepancy per df with that of no factors, against what chance alone gives, ``1
    / (n - 1 - (2k + 5)/6 - 2m/3)`` [3]_. BIC is ``statistic - df log n``.

    Parameters
    ----------
    matrix : array, shape (n_items, n_items)
    loadings : array, shape (n_items, n_factors)
        Pattern.
    factor_correlations : array, shape (n_factors, n_factors)
    n : int or None

    References
    ----------
    .. [1] Bartlett, M. S. (1950). Tests of significance in factor analysis. British Journal of Psychology,
       Statistical Section, 3, 77-85.
    .. [2] Browne, M. W., & Cudeck, R. (1992). Alternative ways of assessing model fit. Sociological Methods &
       Research, 21, 230-258.
    .. [3] Tucker, L. R., & Lewis, C. (1973). A reliability coefficient for maximum likelihood factor
       analysis. Psychometrika, 38, 1-10.

    Examples
    --------
    >>> r = np.array([[1, 0.5, 0.4, 0.3], [0.5, 1, 0.4, 0.3], [0.4, 0.4, 1, 0.3], [0.3, 0.3, 0.3, 1]])
    >>> fit = factor_fit(r, np.array([[0.7], [0.7], [0.6], [0.4]]), np.eye(1), 200)
    >>> fit.df, round(fit.rmsr, 4)
    (2, 0.0297)
    """
    k, m = loadings.shape
    df = ((k - m) ** 2 - k - m) // 2
    null_df = k * (k - 1) // 2
    reproduced = loadings @ factor_correlations @ loadings.T
    residual = matrix - reproduced
    np.fill_diagonal(residual, 0.0)
    squares, all_squares = float((residual**2).sum()), float((matrix**2).sum() - k)
    np.fill_diagonal(reproduced, 1.0)
    discrepancy = _discrepancy(matrix, reproduced)
    plain = {
        "rmsr": math.sqrt(squares / (k * (k - 1))),
        "rmsr_df_corrected": math.sqrt(squares / (2 * df)) if df > 0 else None,
        "fit_off": 1 - squares / all_squares,
    }
    if n is None or df < 1 or n <= k or not math.isfinite(discrepancy):
        return FactorFit(df=df, null_df=null_df, discrepancy=discrepancy, **plain)  # type: ignore[arg-type]
    bartlett = n - 1 - (2 * k + 5) / 6
    corrected = bartlett - 2 * m / 3
    statistic = discrepancy * corrected
    null_statistic = -float(np.linalg.slogdet(matrix)[1]) * bartlett
    null_ratio = -float(np.linalg.slogdet(matrix)[1]) / null_df
    return FactorFit(
        df=df,
        null_df=null_df,
        discrepancy=discrepancy,
        statistic=statistic,
        p_value=float(stats.chi2.sf(statistic, df)),
        null_statistic=null_statistic,
        rmsea=math.sqrt(max(statistic / df - 1, 0.0) / (n - 1)),
        rmsea_interval=_rmsea_interval(statistic, df, n, rmsea_level),
        tli=(null_ratio - discrepancy / df) / (null_ratio - 1 / corrected)
        if null_ratio > 1 / corrected
        else None,
        bic=statistic - df * math.log(n),
        empirical_statistic=squares * n,
        **plain,  # type: ignore[arg-type]
    )


def _discrepancy(matrix: Array, reproduced: Array) -> float:
    if float(np.linalg.eigvalsh(reproduced)[0]) <= 1e-12:
        return math.inf  # a Heywood case: the model allows what was seen no probability
    ratio = np.linalg.solve(reproduced, matrix)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(matrix))


def _rmsea_interval(statistic: float, df: int, n: int, level: float) -> Interval:
    def noncentrality(share: float) -> float:
        """At which the statistic is exceeded with probability ``1 - share``; 0 when it never is."""
        if stats.chi2.cdf(statistic, df) <= share:
            return 0.0

        def excess(value: float) -> float:
            return float(stats.ncx2.cdf(statistic, df, value)) - share

        high = max(statistic, 1.0)
        while excess(high) > 0:
            high *= 2
        return float(brentq(excess, 1e-12, high, xtol=1e-10, rtol=1e-13))

    tail = (1 - level) / 2
    low, high = (math.sqrt(noncentrality(share) / (df * (n - 1))) for share in (1 - tail, tail))
    return Interval(low=low, high=high, confidence_level=level)
