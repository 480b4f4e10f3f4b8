"""Means and variances under a sampling design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.design.design import Array, Design, Mask
from analysis.design.estimates import DesignEstimate, DesignEstimates, listed
from analysis.design.jackknife import WeightedSums
from analysis.design.linearization import Estimator, Linearized, estimated
from analysis.weighting import step_of, takes_weights

WEIGHTING = step_of("analysis.design.means.weighted_means")


@takes_weights(
    "design", counts="given", how="weighted mean, linearised or by replicates", reference="survey::svymean"
)
def weighted_mean(values: pd.Series, design: Design, *, confidence_level: float = 0.95) -> DesignEstimate:
    """Mean of the population, as ``survey::svymean``.

    ``sum w y / sum w`` over the respondents who answered; they are treated as a subpopulation, so that the
    whole design stays. The influence value is ``w (y - mean) / sum w`` [1]_. The interval is Student's on
    the design's degrees of freedom (clusters less strata, among those who answered).

    Parameters
    ----------
    values : Series, shape (n_rows,)
        In the order of the design; NaN for no answer.

    Returns
    -------
    DesignEstimate
        ``state`` is ``too_few`` when nobody of positive weight answered or no degrees of freedom are left,
        ``constant`` when the estimate does not vary.

    References
    ----------
    .. [1] Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex surveys.
       International Statistical Review, 51, 279-292.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> design = survey_design([10, 10, 5, 5, 5], strata=["a", "a", "b", "b", "b"])
    >>> mean = weighted_mean(pd.Series([1, 2, 4, 5, 6], name="SAT"), design)
    >>> round(mean.estimate, 4), round(mean.std_error, 4), mean.df
    (3.0, 0.378, 3.0)
    """
    return weighted_means(values.to_frame(), design, confidence_level=confidence_level)[0]


@takes_weights(
    "design", counts="given", how="weighted means with their covariance", reference="survey::svymean"
)
def weighted_means(
    values: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignEstimates:
    """Means of several items with their covariance, each over the respondents who answered it.

    Parameters
    ----------
    values : DataFrame, shape (n_rows, n_items)
        NaN for no answer. ``survey::svymean(na.rm = TRUE)`` leaves out who missed any; here each item keeps
        its own respondents.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> items = pd.DataFrame({"SAT1": [1.0, 2.0, 4.0, 5.0], "SAT2": [2.0, 2.0, None, 5.0]})
    >>> means = weighted_means(items, survey_design([1, 1, 1, 1]))
    >>> [(mean.about["variable"], mean.n, mean.estimate) for mean in means]
    [('SAT1', 4, 3.0), ('SAT2', 3, 3.0)]
    >>> round(means.contrast([1, -1]).std_error, 4)
    0.4082
    """
    answers = matrix(values, design)
    known = ~np.isnan(answers)
    result = estimated(design, mean_estimator(answers))
    names: list[Mapping[str, str]] = [{"variable": str(name)} for name in values.columns]
    return listed(
        result,
        names,
        measure="mean",
        method="Weighted mean, variance of the design",
        confidence_level=confidence_level,
        n=[design.respondents(column) for column in known.T],
        df=[design.degrees_of_freedom(column) for column in known.T],
        design_effects=mean_design_effects(answers, design, np.diag(result.covariance)),
    )


@takes_weights("design", counts="given", how="weighted variance", reference="survey::svyvar")
def weighted_variance(values: pd.Series, design: Design, *, confidence_level: float = 0.95) -> DesignEstimate:
    """Variance of the population, as ``survey::svyvar``.

    ``n / (n - 1) sum w (y - mean)^2 / sum w`` with n respondents.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> variance = weighted_variance(pd.Series([1, 2, 4, 5], name="SAT"), survey_design([1, 1, 1, 1]))
    >>> round(variance.estimate, 4), round(variance.std_error, 4)
    (3.3333, 1.1547)
    """
    answers = matrix(values.to_frame(), design)[:, 0]
    known = ~np.isnan(answers)
    n = design.respondents(known)

    def variance(weights: Array) -> Linearized:
        w = np.where(known, weights, 0.0)
        y = np.where(known, answers, 0.0)
        total = w.sum()
        scale = n / (n - 1) if n > 1 else np.nan
        square = (y - w @ y / total) ** 2 * scale
        estimate = w @ square / total
        influence = w * (square - estimate) / total
        return Linearized(estimate=np.array([estimate]), influence=influence[:, None], used=known)

    return listed(
        estimated(design, variance),
        [{"variable": str(values.name)}],
        measure="variance",
        method="Weighted variance, variance of the design",
        confidence_level=confidence_level,
    )[0]


def mean_estimator(answers: Array) -> Estimator:
    """Means of columns, each over its known values."""
    known = ~np.isnan(answers)
    filled = np.where(known, answers, 0.0)

    def mean(weights: Array) -> Linearized:
        w = weights[:, None] * known
        total = w.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            estimate = (w * filled).sum(axis=0) / total
            influence = np.where(w > 0, w * (filled - estimate) / total, 0.0)
        return Linearized(
            estimate=estimate,
            influence=influence,
            used=np.asarray(known.any(axis=1)),
            sums=WeightedSums(terms=np.hstack([w, w * filled]), function=_mean_of_sums),
        )

    return mean


def _mean_of_sums(sums: Array) -> Array:
    size = sums.shape[1] // 2
    return np.asarray(sums[:, size:] / sums[:, :size])


def mean_design_effects(answers: Array, design: Design, variances: Array) -> list[float | None]:
    """Variances against those of simple random samples with replacement of the same respondents."""
    out: list[float | None] = []
    for column, variance in zip(answers.T, variances, strict=True):
        known = ~np.isnan(column)
        n = design.respondents(known)
        w = np.where(known, design.totals_weights, 0.0)
        y = np.where(known, column, 0.0)
        if n < 2:
            out.append(None)
            continue
        spread = w @ (y - w @ y / w.sum()) ** 2 / w.sum() / (n - 1)
        out.append(float(variance / spread) if spread > 0 else None)
    return out


def matrix(values: pd.DataFrame, design: Design) -> Array:
    """Answers as floats, as many rows as the design."""
    if len(values) != design.n_rows:
        raise ValueError(
            f"{len(values)} answers for a design of {design.n_rows} rows: they must be the same respondents "
            "in the same order. Use design.within(...) for a part of them."
        )
    return np.asarray(values.to_numpy(dtype=float))


def answered(*columns: Sequence[float] | Array) -> Mask:
    """Rows in which every column is known."""
    return np.asarray(~np.isnan(np.column_stack(columns)).any(axis=1))
