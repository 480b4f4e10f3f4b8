"""Chi-square tests of fit: plain, scaled after Satorra & Bentler, and after Yuan & Bentler as Mplus
computes it.

.. [1] Satorra, A. & Bentler, P. M. (1994). Corrections to test statistics and standard errors in covariance
structure
   analysis. In von Eye, A. & Clogg, C. C. (eds.), Latent variables analysis, 399-419. Sage.
.. [2] Yuan, K.-H. & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance structure
analysis
   with nonnormal missing data. Sociological Methodology, 30, 165-200.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scipy.stats import chi2

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Scaling = Literal["none", "Satorra-Bentler", "Yuan-Bentler-Mplus"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestOfFit:
    """A model's chi-square; where robust, beside the plain one its scaled one."""

    __test__ = False  # no class of pytest's

    statistic: float
    df: int
    scaling: Scaling = "none"
    scaling_factor: float | None = None  #: what the statistic is divided by

    @property
    def p_value(self) -> float | None:
        """Of the plain statistic; None without degrees of freedom."""
        return p_value(self.statistic, self.df)

    @property
    def scaled(self) -> float | None:
        """The scaled statistic."""
        if self.scaling_factor is None:
            return None
        return self.statistic / self.scaling_factor

    @property
    def scaled_p_value(self) -> float | None:
        scaled = self.scaled
        return None if scaled is None else p_value(scaled, self.df)


def p_value(statistic: float, df: float) -> float | None:
    return float(chi2.sf(statistic, df)) if df > 0 else None
