"""Correlations under a sampling design, with their errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.design.design import Array, Design, Mask
from analysis.design.estimates import DesignEstimate, DesignEstimates, listed, t_quantile
from analysis.design.linearization import Estimator, Linearized, estimated
from analysis.design.means import answered, matrix
from analysis.results import Interval
from analysis.weighting import step_of, takes_weights

WEIGHTING = step_of("analysis.design.correlations.weighted_correlations")

FLAT = 1e-20  #: variance in units of the largest square, below which an item does not vary


@takes_weights(
    "design",
    counts="given",
    how="weighted correlations, linearised or by replicates",
    reference="survey::svycontrast of svymean of squares and products",
)
def weighted_correlations(
    items: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignEstimates:
    """Pearson correlations of every pair of items, each over the respondents who answered both.

    Those of ``survey::svyvar``. With z the items in units of the weighted standard deviation, the influence
    value of r is ``w (z1 z2 - r (z1^2 + z2^2) / 2) / sum w``. The interval is Student's on Fisher's scale,
    ``tanh(atanh(r) -+ t s / (1 - r^2))``, which keeps it within -1 and 1.

    Parameters
    ----------
    items : DataFrame, shape (n_rows, n_items)
        In the order of the design; NaN for no answer.

    Returns
    -------
    DesignEstimates
        In the order of ``itertools.combinations``. ``state`` is ``constant`` when an item does not vary,
        ``too_few`` when fewer than 3 respondents answered both.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> items = pd.DataFrame({"SAT": [1.0, 2, 3, 4, 5], "LOY": [1.0, 3, 2, 5, 4]})
    >>> (found,) = weighted_correlations(items, survey_design([1, 1, 2, 1, 1]))
    >>> found.about["second"], round(found.estimate, 4), round(found.std_error, 4)
    ('LOY', 0.7686, 0.124)
    """
    answers = matrix(items, design)
    names = [str(name) for name in items.columns]
    pairs = list(combinations(range(len(names)), 2))
    about = [{"first": names[i], "second": names[j]} for i, j in pairs]
    known = [answered(answers[:, i], answers[:, j]) for i, j in pairs]
    first, second = (answers[:, [pair[side] for pair in pairs]] for side in (0, 1))
    used = np.stack(known, axis=1) if pairs else np.zeros((design.n_rows, 0), dtype=bool)
    result = estimated(design, correlation_estimator(first, second, used))
    n = [design.respondents(column) for column in known]
    found = listed(
        result,
        about,
        measure="correlation",
        method="Weighted Pearson correlation, variance of the design",
        confidence_level=confidence_level,
        n=n,
        df=[design.degrees_of_freedom(column) for column in known],
    )
    told = tuple(
        _on_fishers_scale(estimate, who, size, confidence_level)
        for estimate, who, size in zip(found, about, n, strict=True)
    )
    return DesignEstimates(estimates=told, covariance=found.covariance)


def correlation_estimator(first: Array, second: Array, known: Mask) -> Estimator:
    """Correlations of columns with columns, each over its known rows."""
    x, y = np.where(known, first, 0.0), np.where(known, second, 0.0)

    def correlation(weights: Array) -> Linearized:
        w = weights[:, None] * known
        total = w.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            a = x - (w * x).sum(axis=0) / total
            b = y - (w * y).sum(axis=0) / total
            spread_a, spread_b = (w * a**2).sum(axis=0) / total, (w * b**2).sum(axis=0) / total
            # an item that does not vary leaves rounding, not variance
            flat = np.minimum(spread_a / np.square(x).max(axis=0), spread_b / np.square(y).max(axis=0)) < FLAT
            z, v = a / np.sqrt(spread_a), b / np.sqrt(spread_b)
            r = np.where(flat, np.nan, (w * z * v).sum(axis=0) / total)
            influence = np.where(w > 0, w * (z * v - r * (z**2 + v**2) / 2) / total, 0.0)
        return Linearized(estimate=r, influence=influence, used=np.asarray(known.any(axis=1)))

    return correlation


def _on_fishers_scale(
    found: DesignEstimate, about: Mapping[str, str], n: int, level: float
) -> DesignEstimate:
    r, error, df = found.estimate, found.std_error, found.df
    if n < 3:
        reason = f"{n} respondents answered both, 3 are needed"
        return replace(found, about=about, n=n, std_error=None, interval=None, state="too_few", reason=reason)
    if r is None:
        return replace(found, about=about, n=n, state="constant", reason="an item does not vary")
    if abs(r) > 1 - 1e-12:
        reason = "one item is an exact function of the other"
        return replace(found, std_error=None, interval=None, state="inadmissible", reason=reason)
    if found.state != "ok" or error is None or df is None:
        return found
    z, reach = math.atanh(r), t_quantile(df, level) * error / (1 - r**2)
    interval = Interval(low=math.tanh(z - reach), high=math.tanh(z + reach), confidence_level=level)
    p_value = float(2 * student.sf(abs(r / error), df))
    return replace(found, interval=interval, statistic=r / error, p_value=p_value)
