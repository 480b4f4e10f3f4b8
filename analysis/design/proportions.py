"""Shares of a population, with intervals that stay between 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import betaincinv, expit, logit

from analysis.design.design import Array, Design
from analysis.design.estimates import DesignEstimate, DesignEstimates, listed, t_quantile
from analysis.design.linearization import estimated
from analysis.design.means import matrix, mean_design_effects, mean_estimator
from analysis.results import Interval
from analysis.weighting import no_estimate, takes_weights

#: ``logit``: Student's interval of the log odds. ``beta``: Korn and Graubard's, of Clopper and Pearson on the
#: effective number of respondents. ``arcsine``: of the variance-stabilised share. ``wald``: around the share.
ShareInterval = Literal["logit", "beta", "arcsine", "wald"]

METHODS = {
    "logit": "Weighted share, logit interval",
    "beta": "Weighted share, Korn-Graubard interval",
    "arcsine": "Weighted share, arcsine interval",
    "wald": "Weighted share, Wald interval",
}


@takes_weights("design", counts="given", how="weighted share", reference="survey::svyciprop")
def weighted_share(
    marks: pd.Series, design: Design, *, method: ShareInterval = "logit", confidence_level: float = 0.95
) -> DesignEstimate:
    """Share of the population with a property, as ``survey::svyciprop``.

    Parameters
    ----------
    marks : Series, shape (n_rows,)
        1 or true with the property, 0 or false without, NaN for no answer.
    method : {"logit", "beta", "arcsine", "wald"}
        Kind of interval. ``logit`` is a good choice unless the share is near 0 or 1, ``beta`` then keeps its
        level and is wide [1]_.

    Returns
    -------
    DesignEstimate
        ``state`` is ``constant`` when all have or nobody has the property; only ``beta`` then gives an
        interval, from the plain number of respondents.

    References
    ----------
    .. [1] Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small expected
       number of positive counts estimated from survey data. Survey Methodology, 24, 193-201.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> marks = pd.Series([1, 0, 0, 1, 1, 0, 0, 0, 0, 1], name="APP")
    >>> share = weighted_share(marks, survey_design([2, 1, 1, 1, 1, 1, 1, 1, 2, 1]))
    >>> round(share.estimate, 4), round(share.interval.low, 4), round(share.interval.high, 4)
    (0.4167, 0.1234, 0.7837)
    """
    values = matrix(marks.to_frame(), design)
    if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        raise ValueError(f"{marks.name}: a property is marked by 1 and 0, other values were found")
    return _shares(values, [{"variable": str(marks.name)}], design, method, confidence_level)[0]


@takes_weights("design", counts="given", how="weighted shares", reference="survey::svymean")
def weighted_shares(
    codes: pd.Series,
    design: Design,
    *,
    categories: Sequence[float] | None = None,
    method: ShareInterval = "logit",
    confidence_level: float = 0.95,
) -> DesignEstimates:
    """Shares of all answers to a closed question with their covariance, as ``survey::svymean`` of a factor.

    Parameters
    ----------
    codes : Series, shape (n_rows,)
        Answers as numbers; NaN for no answer.
    categories : sequence of float, optional
        Codes in the order wanted; all that occur, unless given.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> shares = weighted_shares(pd.Series([1, 2, 2, 3], name="TIER"), survey_design([1, 1, 1, 2]))
    >>> [round(share.estimate, 4) for share in shares]
    [0.2, 0.4, 0.4]
    """
    values = matrix(codes.to_frame(), design)[:, 0]
    known = ~np.isnan(values)
    found: Array = np.unique(values[known]) if categories is None else np.asarray(categories, dtype=float)
    strays = sorted(set(values[known].tolist()) - set(found.tolist()))
    if strays:
        raise ValueError(f"{codes.name}: answers {strays} are none of the categories {found.tolist()}")
    marks = np.where(known[:, None], values[:, None] == found, np.nan)
    names = [{"variable": str(codes.name), "code": f"{code:g}"} for code in found]
    return _shares(marks, names, design, method, confidence_level)


def _shares(
    marks: Array, names: Sequence[dict[str, str]], design: Design, method: ShareInterval, level: float
) -> DesignEstimates:
    result = estimated(design, mean_estimator(marks))
    plain = listed(
        result,
        names,
        measure="share",
        method=METHODS[method],
        confidence_level=level,
        design_effects=mean_design_effects(marks, design, np.diag(result.covariance)),
    )
    shares = tuple(_with_interval(share, method, level) for share in plain)
    return replace(plain, estimates=shares)


def _with_interval(share: DesignEstimate, method: ShareInterval, level: float) -> DesignEstimate:
    p, error, df = share.estimate, share.std_error, share.df
    if p is None or error is None or df is None:
        return share
    if share.state != "ok":
        if method == "beta" and share.state == "constant":
            return replace(share, interval=beta_interval(round(p), float(share.n), level))
        return replace(share, interval=None)
    if method == "wald":
        return share
    t = t_quantile(df, level)
    if method == "beta":
        full = t_quantile(share.n - 1, level)
        interval = beta_interval(p, p * (1 - p) / error**2 * (full / t) ** 2, level)
    elif method == "logit":
        reach = t * error / (p * (1 - p))
        low, high = expit(logit(p) - reach), expit(logit(p) + reach)
        interval = Interval(low=float(low), high=float(high), confidence_level=level)
    else:
        middle, reach = math.asin(math.sqrt(p)), t * error / (2 * math.sqrt(p * (1 - p)))
        ends = max(0.0, middle - reach), min(math.pi / 2, middle + reach)
        interval = Interval(low=math.sin(ends[0]) ** 2, high=math.sin(ends[1]) ** 2, confidence_level=level)
    return replace(share, interval=interval)


@no_estimate("arithmetic")
def beta_interval(p: float, effective_n: float, level: float) -> Interval:
    """Clopper and Pearson's interval of a share of so many respondents, a whole number or not.

    >>> interval = beta_interval(0.3, 10, 0.95)
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.0667, 0.6525)
    """
    tail = (1 - level) / 2
    with_it, without = effective_n * p, effective_n * (1 - p)
    low = float(betaincinv(with_it, without + 1, tail)) if with_it > 0 else 0.0
    high = float(betaincinv(with_it + 1, without, 1 - tail)) if without > 0 else 1.0
    return Interval(low=low, high=high, confidence_level=level)
