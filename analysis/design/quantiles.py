"""Quantiles of a population with Woodruff's intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from analysis.design.design import Array, Design, Mask
from analysis.design.estimates import DesignEstimate, DesignEstimates, nobody, t_quantile
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import matrix
from analysis.design.proportions import beta_interval
from analysis.results import Interval
from analysis.weighting import takes_weights

#: ``inverse``: the smallest answer below or at which at least that share lies. ``midpoint``: where a share is
#: met exactly, the middle between that answer and the next, as a median is taught at school.
Rule = Literal["inverse", "midpoint"]
#: On which scale the interval of the share below is taken before it is turned into answers.
ShareScale = Literal["wald", "beta", "logit"]

METHOD = "Weighted quantile, Woodruff interval"


@takes_weights(
    "design", counts="given", how="weighted quantiles, Woodruff intervals", reference="survey::svyquantile"
)
def weighted_quantiles(
    values: pd.Series,
    design: Design,
    probabilities: Sequence[float] = (0.5,),
    *,
    rule: Rule = "inverse",
    scale: ShareScale = "wald",
    confidence_level: float = 0.95,
) -> DesignEstimates:
    """Quantiles with Woodruff's intervals [1]_, as ``survey::svyquantile``.

    The estimated share below or at the quantile has a design-based interval; its ends, turned back into
    answers by the weighted distribution, are the interval. With few different answers that share lies well
    above the probability asked for, and the interval, like R's, reaches further up than down. The standard
    error is its length over two quantiles of t. With rule ``inverse`` and scale ``wald`` these are R's
    defaults ``qrule = "math"``, ``interval.type = "mean"``; ``midpoint`` is ``"school"``, ``logit`` is
    ``"xlogit"``.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        NaN for no answer.
    probabilities : sequence of float
        Between 0 and 1.

    Returns
    -------
    DesignEstimates
        ``covariance`` holds variances only: their squares of the standard errors. ``state`` is
        ``constant`` when the interval has no length, as it happens with few different answers.

    References
    ----------
    .. [1] Woodruff, R. S. (1952). Confidence intervals for medians and other position measures. Journal of
       the American Statistical Association, 47, 635-646.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> answers = pd.Series(range(1, 42), name="AGE")
    >>> median = weighted_quantiles(answers, survey_design(np.ones(41)))[0]
    >>> median.estimate, median.interval.low, median.interval.high
    (21.0, 15.0, 28.0)
    """
    y = matrix(values.to_frame(), design)[:, 0]
    outside = [p for p in probabilities if not 0 < p < 1]
    if outside:
        raise ValueError(f"a quantile lies between 0 and 1, got {outside}")
    known = np.asarray(~np.isnan(y))
    estimates = tuple(
        _quantile(y, known, design, p, str(values.name), rule, scale, confidence_level) for p in probabilities
    )
    variances = [np.nan if e.std_error is None else e.std_error**2 for e in estimates]
    return DesignEstimates(estimates=estimates, covariance=np.diag(np.array(variances)))


@takes_weights("weights", counts="refused", how="one weighted quantile", reference="survey::svyquantile")
def weighted_quantile(values: Array, weights: Array, p: float, *, rule: Rule = "inverse") -> float:
    """The quantile alone.

    >>> weighted_quantile(np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4), 0.5, rule="midpoint")
    2.5
    """
    return _Distribution(values, weights).quantile(p, rule)


class _Distribution:
    """A weighted distribution, sorted once."""

    def __init__(self, values: Array, weights: Array) -> None:
        inside = weights > 0
        self.answers, codes = np.unique(values[inside], return_inverse=True)
        mass = np.bincount(codes, weights=weights[inside])
        self.below = np.cumsum(mass) / mass.sum()

    def quantile(self, p: float, rule: Rule) -> float:
        # Shares are sums of weights: what is equal on paper may differ in the last digit.
        at = min(int(np.searchsorted(self.below, p - 1e-12)), len(self.answers) - 1)
        met = rule == "midpoint" and abs(self.below[at] - p) <= 1e-12 and at + 1 < len(self.answers)
        return float((self.answers[at] + self.answers[at + 1]) / 2) if met else float(self.answers[at])


def _quantile(
    y: Array, known: Mask, design: Design, p: float, name: str, rule: Rule, scale: ShareScale, level: float
) -> DesignEstimate:
    about = {"variable": name, "probability": f"{p:g}"}
    n = design.respondents(known)
    if n == 0:
        return nobody(measure="quantile", method=METHOD, about=about)
    w = np.where(known, design.totals_weights, 0.0)
    distribution = _Distribution(np.where(known, y, 0.0), w)
    value = distribution.quantile(p, rule)
    below = np.where(known, y <= value, 0.0)

    def share(weights: Array) -> Linearized:
        own = np.where(known, weights, 0.0)
        estimate = own @ below / own.sum()
        influence = own * (below - estimate) / own.sum()
        return Linearized(estimate=np.array([estimate]), influence=influence[:, None], used=known)

    result = estimated(design, share)
    df, error = result.df, float(result.std_error[0])
    interval, std_error = None, None
    state, reason = "ok", ""
    if df < 1:
        state, reason = (
            "too_few",
            f"{df:g} degrees of freedom: too few clusters for the strata they come from",
        )
    else:
        t = t_quantile(df, level)
        low, high = (
            distribution.quantile(end, rule)
            for end in _share_ends(float(result.estimate[0]), error, t, scale, n, level)
        )
        interval = Interval(low=low, high=high, confidence_level=level)
        std_error = (high - low) / (2 * t)
        if not std_error > 0:
            state, reason = "constant", "both ends of the interval are the same answer: no error can be told"
    return DesignEstimate(
        measure="quantile",
        method=METHOD,
        about=about,
        n=n,
        estimate=value,
        std_error=std_error,
        df=df,
        interval=interval,
        state=state,
        reason=reason,
    )


def _share_ends(
    p: float, error: float, t: float, scale: ShareScale, n: int, level: float
) -> tuple[float, float]:
    if not 0 < p < 1 or error == 0:
        return p, p
    if scale == "wald":
        return max(0.0, p - t * error), min(1.0, p + t * error)
    if scale == "logit":
        reach = t * error / (p * (1 - p))
        return float(expit(logit(p) - reach)), float(expit(logit(p) + reach))
    effective = p * (1 - p) / error**2 * (t_quantile(n - 1, level) / t) ** 2
    ends = beta_interval(p, effective, level)
    return ends.low, ends.high
