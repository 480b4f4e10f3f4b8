"""From influence values to covariances: one computation under all estimates of a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.design.design import (
    Array,
    Calibration,
    Design,
    Mask,
    ReplicateDesign,
    Stage,
    SurveyDesign,
)
from analysis.design.jackknife import WeightedSums, left_out, sums_within
from analysis.design.spread import Spread
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
    sums: WeightedSums | None = None  #: where the estimates depend on the sample through sums alone


#: Estimates from the weights of the rows (sampling weight times count).
Estimator = Callable[[Array], Linearized]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimated:
    """What a design says about estimates: values, covariance, degrees of freedom, respondents."""

    estimate: Array  #: (p,)
    covariance: Array  #: (p, p)
    df: float  #: clusters less strata
    n: int
    used: Mask
    spread: Spread | None = None  #: of the sampled units, where errors are the jackknife's

    @property
    def std_error(self) -> Array:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def df_of(self, place: int, *, lost: float = 0.0) -> float:
        """Degrees of freedom of one of the estimates: the design's less those lost, or Satterthwaite's."""
        return self.df_of_sum(np.eye(len(self.estimate))[place], lost=lost)

    def df_of_sum(self, coefficients: Array, *, lost: float = 0.0) -> float:
        """Degrees of freedom of a weighted sum of the estimates."""
        own = self.df - lost
        return own if self.spread is None else min(own, self.spread.df(coefficients))


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
    spread = None
    if isinstance(design, ReplicateDesign):
        covariance = replicate_covariance(design, estimator, whole.estimate)
    else:
        spread = spread_of_total(influence_under(whole, design), design)
        covariance = spread.covariance
    return Estimated(
        estimate=whole.estimate,
        covariance=covariance,
        df=design.degrees_of_freedom(whole.used),
        n=design.respondents(whole.used),
        used=whole.used,
        spread=spread if isinstance(design, SurveyDesign) and design.errors == "jackknife" else None,
    )


def replicate_covariance(design: ReplicateDesign, estimator: Estimator, estimate: Array) -> Array:
    """Covariance of the estimates over the replicates of the weights."""
    again = np.array([estimator(weights).estimate for weights in design.replicates.T])
    center = estimate if design.center == "estimate" else again[design.replicate_scales > 0].mean(axis=0)
    deviation = (again - center) * np.sqrt(design.scale * design.replicate_scales)[:, None]
    return np.asarray(deviation.T @ deviation)


def influence_under(line: Linearized, design: SurveyDesign) -> Array:
    """Influence values by the errors of the design, less what its calibration explains of them."""
    plain = unexplained(line.influence, design)
    if design.errors == "linearised" or line.sums is None or not np.isfinite(line.estimate).all():
        return plain
    return np.asarray(plain + left_out(line.sums, line.influence, design) - line.influence)


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
    return spread_of_total(unexplained(influence, design), design).covariance


def spread_of_total(values: Array, design: SurveyDesign) -> Spread:
    """Scaled deviations of the units of all stages, from weighted values of the rows."""
    parts, times = [], []
    passed = np.ones(len(design.stages[0].units_in_stratum))  # fractions of earlier stages, per stratum
    for i, stage in enumerate(design.stages):
        own = _stage_spread(values, stage, passed, design)
        parts.append(own.parts)
        times.append(np.ones(len(own.parts)) if own.times is None else own.times)
        if i + 1 < len(design.stages):
            below = design.stages[i + 1]
            passed_rows = (passed * stage.fraction)[stage.strata]
            passed = np.zeros(len(below.units_in_stratum))
            passed[below.strata] = passed_rows
            if not passed.any():  # drawn with replacement: later stages are in the first one's spread
                break
    if len(parts) == 1:
        return own
    return Spread(parts=np.concatenate(parts), times=np.concatenate(times))


def _stage_spread(values: Array, stage: Stage, passed: Array, design: SurveyDesign) -> Spread:
    if design.counts is not None and stage.of_respondents:
        return _counted_spread(values, design.counts, stage)
    totals = values if stage.of_respondents else sums_within(values, stage.units, len(stage.stratum_of_unit))
    m = stage.units_in_stratum
    means = sums_within(totals, stage.stratum_of_unit, len(m)) / m[:, None]
    factor = (1 - stage.fraction) * m / np.maximum(m - 1, 1) * passed
    lonely = (m == 1) & (stage.fraction < 1)
    deviation = totals - means[stage.stratum_of_unit]
    if lonely.any() and design.lonely == "adjust":
        at = lonely[stage.stratum_of_unit]
        deviation[at] = totals[at] - totals.mean(axis=0)
    if lonely.any() and design.lonely == "average" and not lonely.all():
        factor = factor * len(m) / (len(m) - lonely.sum())
    return Spread(parts=deviation * np.sqrt(factor)[stage.stratum_of_unit][:, None])


def _counted_spread(values: Array, counts: Array, stage: Stage) -> Spread:
    """Rows that stand for several respondents, each drawn alone: ``values`` are sums over them."""
    m = stage.units_in_stratum
    means = sums_within(values, stage.strata, len(m)) / np.maximum(m, 1)[:, None]
    inside = counts > 0
    each = np.zeros_like(values)
    each[inside] = values[inside] / counts[inside, None]
    factor = (1 - stage.fraction) * m / np.maximum(m - 1, 1)
    return Spread(parts=(each - means[stage.strata]) * np.sqrt(factor)[stage.strata][:, None], times=counts)


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
