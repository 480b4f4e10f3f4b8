"""From influence values to covariances: one computation under all estimates of a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.design.design import (
    Array,
    Calibration,
    Codes,
    Design,
    Mask,
    ReplicateDesign,
    Stage,
    SurveyDesign,
)
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linearized:
    """Estimates and how each respondent moves them.

    ``influence`` already carries the weights: its sum over the rows behaves as the estimate does, so that
    the design's variance of that sum is the variance of the estimate.
    """

    estimate: Array  #: (p,)
    influence: Array  #: (n_rows, p); of a row with a count, summed over its respondents
    used: Mask  #: (n_rows,) rows that answered; those of weight zero may be among them


#: Estimates from the weights of the rows (sampling weight times count).
Estimator = Callable[[Array], Linearized]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimated:
    """What a design says about estimates: values, covariance, degrees of freedom, respondents."""

    estimate: Array  #: (p,)
    covariance: Array  #: (p, p)
    df: float
    n: int
    used: Mask

    @property
    def std_error(self) -> Array:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def estimated(design: Design, estimator: Estimator) -> Estimated:
    """Estimates under a design with their covariance, by linearisation or by replicates.

    Parameters
    ----------
    estimator : callable
        Takes row weights, shape (n_rows,), and returns :class:`Linearized`.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y = np.array([1.0, 2.0, 4.0, 5.0])
    >>> def mean(w):
    ...     m = w @ y / w.sum()
    ...     return Linearized(estimate=np.array([m]), influence=(w * (y - m) / w.sum())[:, None],
    ...                       used=np.ones(4, dtype=bool))
    >>> result = estimated(survey_design([1, 1, 1, 1]), mean)
    >>> float(result.estimate[0]), round(float(result.std_error[0]), 4)
    (3.0, 0.9129)
    """
    whole = estimator(design.totals_weights)
    if isinstance(design, ReplicateDesign):
        covariance = replicate_covariance(design, estimator, whole.estimate)
    else:
        covariance = covariance_of_total(whole.influence, design)
    return Estimated(
        estimate=whole.estimate,
        covariance=covariance,
        df=design.degrees_of_freedom(whole.used),
        n=design.respondents(whole.used),
        used=whole.used,
    )


def replicate_covariance(design: ReplicateDesign, estimator: Estimator, estimate: Array) -> Array:
    """Covariance of the estimates over the replicates of the weights."""
    again = np.array([estimator(weights).estimate for weights in design.replicates.T])
    center = estimate if design.center == "estimate" else again[design.replicate_scales > 0].mean(axis=0)
    deviation = (again - center) * np.sqrt(design.scale * design.replicate_scales)[:, None]
    return np.asarray(deviation.T @ deviation)


def covariance_of_total(influence: Array, design: SurveyDesign) -> Array:
    """Covariance of the sum of weighted values under the design.

    Stage by stage ``(1 - f_h) m_h / (m_h - 1) sum (t_hi - mean t_h)(t_hi - mean t_h)'`` over the totals of
    the units drawn in stratum h, times the sampling fractions of the stages before [1]_.

    Parameters
    ----------
    influence : array, shape (n_rows, p)
        Weighted values. With counts, those of the whole row.

    Returns
    -------
    array, shape (p, p)

    References
    ----------
    .. [1] Särndal, C.-E., Swensson, B., & Wretman, J. (1992). Model assisted survey sampling. Springer.
    """
    values = unexplained(influence, design)
    p = values.shape[1]
    covariance: Array = np.zeros((p, p))
    passed = np.ones(len(design.stages[0].units_in_stratum))  # fractions of earlier stages, per stratum
    for i, stage in enumerate(design.stages):
        covariance += _stage_covariance(values, stage, passed, design)
        if i + 1 < len(design.stages):
            below = design.stages[i + 1]
            passed_rows = (passed * stage.fraction)[stage.strata]
            passed = np.zeros(len(below.units_in_stratum))
            passed[below.strata] = passed_rows
            if not passed.any():  # drawn with replacement: later stages are in the first one's spread
                break
    return covariance


def _stage_covariance(values: Array, stage: Stage, passed: Array, design: SurveyDesign) -> Array:
    if design.counts is not None and stage.of_respondents:
        return _counted_covariance(values, design.counts, stage)
    totals = values if stage.of_respondents else _sums(values, stage.units, len(stage.stratum_of_unit))
    m = stage.units_in_stratum
    means = _sums(totals, stage.stratum_of_unit, len(m)) / m[:, None]
    factor = (1 - stage.fraction) * m / np.maximum(m - 1, 1) * passed
    lonely = (m == 1) & (stage.fraction < 1)
    deviation = totals - means[stage.stratum_of_unit]
    if lonely.any() and design.lonely == "adjust":
        at = lonely[stage.stratum_of_unit]
        deviation[at] = totals[at] - totals.mean(axis=0)
    covariance = np.asarray((deviation * factor[stage.stratum_of_unit][:, None]).T @ deviation)
    if lonely.any() and design.lonely == "average" and not lonely.all():
        covariance *= len(m) / (len(m) - lonely.sum())
    return covariance


def _counted_covariance(values: Array, counts: Array, stage: Stage) -> Array:
    """Rows that stand for several respondents, each drawn alone: ``values`` are sums over them."""
    m = stage.units_in_stratum
    means = _sums(values, stage.strata, len(m)) / np.maximum(m, 1)[:, None]
    inside = counts > 0
    each = np.zeros_like(values)
    each[inside] = values[inside] / counts[inside, None]
    deviation = each - means[stage.strata]
    factor = (1 - stage.fraction) * m / np.maximum(m - 1, 1)
    return np.asarray((deviation * (counts * factor[stage.strata])[:, None]).T @ deviation)


def _sums(values: Array, codes: Codes, size: int) -> Array:
    """Sums of the columns within codes."""
    return np.stack([np.bincount(codes, weights=column, minlength=size) for column in values.T], axis=1)


def unexplained(influence: Array, design: SurveyDesign) -> Array:
    """Weighted values less what the totals explain that the weights were made to meet."""
    for calibration in design.calibrations:
        influence = _residuals(influence, calibration)
    return influence


def _residuals(values: Array, calibration: Calibration) -> Array:
    weights = calibration.weights
    inside = weights > 0
    each = np.zeros_like(values)
    each[inside] = values[inside] / weights[inside, None]
    root = np.sqrt(calibration.base_weights)[:, None]
    fit, *_ = np.linalg.lstsq(calibration.auxiliaries * root, each * root, rcond=None)
    return np.asarray((each - calibration.auxiliaries @ fit) * weights[:, None])
