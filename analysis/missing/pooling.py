"""Pooling the results of several imputed samples by Rubin's rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from analysis.missing.imputation import Imputations
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, weights_given_by

Array = npt.NDArray[np.float64]


class Estimate(Protocol):
    """What pooling asks of a result: an estimate and its standard error."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def std_error(self) -> float | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledEstimate(Tabular):
    """One estimate from several imputed samples, by Rubin's rules."""

    name: str
    imputations: int
    n: int | None
    complete_df: float  #: degrees of freedom that the analysis would have without blanks
    estimate: float | None = None
    within: float | None = None  #: mean variance of the estimate in a sample
    between: float | None = None  #: variance of the estimates among the samples
    std_error: float | None = None
    df: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    interval: Interval | None = None
    variance_share: float | None = None  #: of the total variance that the blanks cause (lambda)
    variance_increase: float | None = None  #: by the blanks, relative to the variance within (riv)
    missing_information: float | None = None  #: fraction of missing information (fmi)
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        more = {
            "within": self.within,
            "between": self.between,
            "variance_share": self.variance_share,
            "variance_increase": self.variance_increase,
            "missing_information": self.missing_information,
        }
        return (
            Entry(
                measure="pooled_estimate",
                method=f"Rubin's rules over {self.imputations} imputations, df of Barnard and Rubin",
                about={"estimate_of": self.name},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.interval,
                more={key: value for key, value in more.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


@no_estimate("arithmetic")
def pool(
    estimates: Sequence[float],
    std_errors: Sequence[float],
    *,
    name: str = "estimate",
    complete_df: float = math.inf,
    n: int | None = None,
    confidence_level: float = 0.95,
) -> PooledEstimate:
    """One estimate from those of m imputed samples by Rubin's rules [1]_, as ``mice::pool``.

    The mean of the estimates, with variance ``T = U + (1 + 1/m) B`` of the mean variance within and the
    variance between samples. Degrees of freedom of Barnard and Rubin [2]_:
    ``df = 1 / (1/df_old + 1/df_observed)``, ``df_old = (m - 1) / lambda^2``,
    ``df_observed = (v + 1) / (v + 3) v (1 - lambda)`` with ``lambda = (1 + 1/m) B / T`` and v those of
    complete data. The fraction of missing information is ``(r + 2 / (df + 3)) / (1 + r)``, with
    ``r = (1 + 1/m) B / U``.

    Parameters
    ----------
    estimates, std_errors : sequence, shape (m,)
        On a scale on which the estimate is about normal: log odds, Fisher's z.
    complete_df : float
        Degrees of freedom of the analysis if nothing were missing; infinite for a large sample.
    n : int, optional
        Respondents.

    Returns
    -------
    PooledEstimate
        ``state`` is ``constant`` when there is no variance at all.

    References
    ----------
    .. [1] Rubin, D. B. (1987). Multiple imputation for nonresponse in surveys. Wiley.
    .. [2] Barnard, J., & Rubin, D. B. (1999). Small-sample degrees of freedom with multiple imputation.
       Biometrika, 86, 948-955.

    Examples
    --------
    >>> pooled = pool([1.0, 1.2, 1.1], [0.2, 0.2, 0.2], complete_df=50)
    >>> round(pooled.estimate, 4), round(pooled.std_error, 4), round(pooled.df, 4)
    (1.1, 0.2309, 16.96)
    """
    q: Array = np.asarray(estimates, dtype=float)
    u: Array = np.asarray(std_errors, dtype=float) ** 2
    m = len(q)
    if q.shape != u.shape or m < 2:
        raise ValueError(f"pooling needs 2 or more estimates, each with its error; got {m} and {len(u)}")
    if not (np.isfinite(q).all() and np.isfinite(u).all()) or complete_df <= 0:
        raise ValueError(
            f"{name}: estimates and errors must be finite and complete_df positive; leave out what failed"
        )
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    shared: dict[str, Any] = {
        "name": name,
        "imputations": m,
        "n": n,
        "complete_df": complete_df,
        "estimate": float(q.mean()),
        "within": within,
        "between": between,
    }
    if total <= 0:
        return PooledEstimate(**shared, state="constant", reason="the estimate has no variance")
    share = (1 + 1 / m) * between / total
    df = _barnard_rubin(share, m, complete_df)
    increase = (1 + 1 / m) * between / within if within > 0 else math.inf
    error, center = math.sqrt(total), float(q.mean())
    reach = float(student.isf((1 - confidence_level) / 2, df)) * error
    information = (increase + 2 / (df + 3)) / (1 + increase) if math.isfinite(increase) else 1.0
    return PooledEstimate(
        **shared,
        std_error=error,
        df=df,
        statistic=center / error,
        p_value=float(2 * student.sf(abs(center) / error, df)),
        interval=Interval(low=center - reach, high=center + reach, confidence_level=confidence_level),
        variance_share=share,
        variance_increase=increase if math.isfinite(increase) else None,
        missing_information=information,
    )


@weights_given_by("analysis.missing.imputation.impute")
def pool_analyses(
    imputations: Imputations,
    analyse: Callable[[pd.DataFrame], Estimate],
    *,
    name: str,
    complete_df: float = math.inf,
    confidence_level: float = 0.95,
) -> PooledEstimate:
    """Run one analysis on every imputed sample and pool the results.

    Parameters
    ----------
    analyse : callable
        Takes a frame and returns a result with ``estimate`` and ``std_error``, such as
        :func:`analysis.design.means.weighted_mean` under a sampling design.

    Returns
    -------
    PooledEstimate
        ``state`` is that of the first analysis that gave no estimate, if one did not.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> from analysis.design.means import weighted_mean
    >>> from analysis.missing.imputation import impute
    >>> items = pd.DataFrame({"A": [1, 2, 3, 4, 5, 5, 1, 2.0], "B": [1, 2, 3, 4, None, 5, None, 2]})
    >>> filled = impute(items, rng=np.random.default_rng(1), imputations=5)
    >>> design = survey_design(n_rows=8)
    >>> found = pool_analyses(filled, lambda frame: weighted_mean(frame["A"], design), name="mean of A")
    >>> found.estimate, found.between  # A has no blanks
    (2.875, 0.0)
    """
    results = [analyse(frame) for frame in imputations.frames]
    n = len(imputations.frames[0])
    for number, result in enumerate(results, 1):
        if result.estimate is None or result.std_error is None:
            return PooledEstimate(
                name=name,
                imputations=len(results),
                n=n,
                complete_df=complete_df,
                state=str(getattr(result, "state", "inadmissible")),
                reason=f"imputation {number}: {getattr(result, 'reason', '') or 'there is no estimate'}",
            )
    return pool(
        [result.estimate for result in results if result.estimate is not None],
        [result.std_error for result in results if result.std_error is not None],
        name=name,
        complete_df=complete_df,
        n=n,
        confidence_level=confidence_level,
    )


def _barnard_rubin(share: float, m: int, complete_df: float) -> float:
    old = (m - 1) / share**2 if share > 1e-150 else math.inf
    if math.isinf(complete_df):
        return old
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    if math.isinf(old) or observed == 0:
        return observed if observed > 0 else old
    return old * observed / (old + observed)
