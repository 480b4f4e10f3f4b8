"""Chi-square tests for least squares on ordered items, whose plain statistic is not chi-square distributed.

With ``U Gamma`` of ``ordered_estimates.Sandwich`` the plain statistic T has the mean ``tr U Gamma`` and the
variance ``2 tr (U Gamma)^2``; the tests change T, or its degrees of freedom, so that both are those of
chi-square.

References
----------
.. [1] Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in covariance
   structure analysis. In A. von Eye & C. C. Clogg (Eds.), Latent variables analysis (pp. 399-419). Sage.
.. [2] Asparouhov, T., & Muthén, B. (2010). Simple second order chi-square correction. Mplus technical
   appendix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import chdtrc

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

OrderedScaling = Literal["scaled-shifted", "mean-and-variance", "mean"]

SCALINGS: tuple[OrderedScaling, ...] = ("scaled-shifted", "mean-and-variance", "mean")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedTest:
    """A model's chi-square, plain and scaled."""

    statistic: float  #: plain; its p-value means nothing
    df: int
    scaling: OrderedScaling
    scaled: float | None  #: None without degrees of freedom
    scaled_df: float  #: a fraction with "mean-and-variance"
    scaling_factor: float | None  #: the plain statistic is divided by it
    shift: float  #: added afterwards; 0 unless "scaled-shifted"

    @property
    def p_value(self) -> float | None:
        """Of the scaled statistic; None without degrees of freedom."""
        return None if self.scaled is None else float(chdtrc(self.scaled_df, self.scaled))


def ordered_test(
    statistic: float, df: int, trace: float, trace_squared: float, scaling: OrderedScaling
) -> OrderedTest:
    """The scaled test from the traces of U Gamma and of its square.

    ``"scaled-shifted"`` is ``a T + df - a tr U Gamma`` with ``a^2 = df / tr (U Gamma)^2`` [2]_ (lavaan's
    WLSMV); ``"mean"`` divides T by ``tr U Gamma / df`` (WLSM); ``"mean-and-variance"`` refers ``T tr U
    Gamma / tr (U Gamma)^2`` to ``(tr U Gamma)^2 / tr (U Gamma)^2`` degrees of freedom [1]_ (WLSMVS).

    Examples
    --------
    >>> test = ordered_test(30.0, 10, 12.0, 16.0, "scaled-shifted")
    >>> round(test.scaled, 4), round(test.shift, 4)
    (24.2302, 0.5132)
    """
    factor, shift, scaled_df, scaled = 1.0, 0.0, float(df), None
    if df > 0 and trace > 0 and trace_squared > 0:
        match scaling:
            case "scaled-shifted":
                factor = math.sqrt(trace_squared / df)
                shift = df - trace / factor
            case "mean":
                factor = trace / df
            case "mean-and-variance":
                factor, scaled_df = trace_squared / trace, trace**2 / trace_squared
        scaled = statistic / factor + shift
    return OrderedTest(
        statistic=statistic,
        df=df,
        scaling=scaling,
        scaled=scaled,
        scaled_df=scaled_df,
        scaling_factor=factor if scaled is not None else None,
        shift=shift,
    )
