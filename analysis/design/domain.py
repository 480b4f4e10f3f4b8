"""Parts of a population side by side, and one estimate under two weightings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.design.design import Array, Column, Design, Mask, SurveyDesign, checked_weights
from analysis.design.estimates import DesignEstimates, inferred, listed, nobody
from analysis.design.linearization import (
    Estimated,
    Linearized,
    estimated,
    influence_under,
    spread_of_total,
)
from analysis.design.means import matrix, mean_design_effects, mean_estimator
from analysis.groups import group_label
from analysis.weighting import takes_weights

Quantity = Literal["mean", "total"]


@takes_weights(
    "design",
    counts="given",
    how="estimates of subpopulations, by linearisation or replicates",
    reference="survey::svyby",
)
def by_domain(
    values: pd.Series,
    groups: pd.Series,
    design: Design,
    *,
    quantity: Quantity = "mean",
    confidence_level: float = 0.95,
) -> DesignEstimates:
    """Means or totals of every part of the population with their covariance, as ``survey::svyby``.

    A part keeps the whole design: its clusters without a member of it count as zero, they do not vanish.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        NaN for no answer.
    groups : Series of category dtype, shape (n_rows,)
    quantity : {"mean", "total"}

    Returns
    -------
    DesignEstimates
        In the order of the categories; an empty one has no estimate (``state`` ``too_few``).

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> groups = pd.Series(pd.Categorical(["basic", "basic", "gold", "gold"]), name="TIER")
    >>> means = by_domain(pd.Series([1, 2, 4, 5], name="SAT"), groups, survey_design([1, 1, 1, 3]))
    >>> [(mean.about["group"], mean.estimate) for mean in means]
    [('basic', 1.5), ('gold', 4.75)]
    >>> round(means.contrast([-1, 1]).std_error, 4)
    0.5103
    """
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"groups must be a Series of category dtype, which says their order; got {groups.dtype}"
        )
    answers = matrix(values.to_frame(), design)[:, 0]
    codes = groups.cat.codes.to_numpy()
    members = codes[:, None] == np.arange(len(groups.cat.categories))
    apart = np.where(members, answers[:, None], np.nan)
    known = ~np.isnan(apart)
    estimator = mean_estimator(apart) if quantity == "mean" else _totals(apart)
    result = estimated(design, estimator)
    names = [
        {"variable": str(values.name), "grouping": str(groups.name), "group": group_label(category)}
        for category in groups.cat.categories
    ]
    return listed(
        result,
        names,
        measure=quantity,
        method=f"Weighted {quantity}, variance of the design",
        confidence_level=confidence_level,
        n=[design.respondents(column) for column in known.T],
        df=[design.degrees_of_freedom(column) for column in known.T],
        design_effects=mean_design_effects(apart, design, np.diag(result.covariance))
        if quantity == "mean"
        else None,
    )


def _totals(apart: Array) -> Callable[[Array], Linearized]:
    known = ~np.isnan(apart)
    filled = np.where(known, apart, 0.0)

    def total(weights: Array) -> Linearized:
        influence = weights[:, None] * filled
        return Linearized(
            estimate=influence.sum(axis=0), influence=influence, used=np.asarray(known.any(axis=1))
        )

    return total


@takes_weights(
    "design",
    counts="given",
    how="difference of two weightings of one sample",
    reference="survey::svycontrast",
)
def weight_contrast(
    values: pd.Series,
    design: SurveyDesign,
    other_weights: Column,
    *,
    names: tuple[str, str] = ("first", "second"),
    confidence_level: float = 0.95,
) -> DesignEstimates:
    """A mean under two weightings and their difference: one customer one vote, and weighted by assets.

    Both means come from the same respondents, so the error of the difference is that of the difference of
    their influence values, much less than two separate samples would have.

    Parameters
    ----------
    values : Series, shape (n_rows,)
        NaN for no answer; 1 and 0 give shares.
    design : SurveyDesign
        With the first weighting.
    other_weights : array-like, shape (n_rows,)
        The second weighting, in any unit.
    names : pair of str
        What the weightings are called.

    Returns
    -------
    DesignEstimates
        The two means and, as ``weight_difference``, the second less the first, with the test against zero.
        A weighting of all zeros among those who answered gives ``too_few``.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> sat, assets = pd.Series([2, 3, 4, 5, 3], name="SAT"), [10, 20, 80, 150, 40]
    >>> votes, by_assets, difference = weight_contrast(sat, survey_design(np.ones(5)), assets)
    >>> votes.estimate, round(by_assets.estimate, 4), round(difference.estimate, 4)
    (3.4, 4.2333, 0.8333)
    >>> round(difference.std_error, 4)
    0.329
    """
    y = matrix(values.to_frame(), design)[:, 0]
    second = design.reweighted(checked_weights(other_weights, design.n_rows))
    known: Mask = np.asarray(~np.isnan(y))
    about = [{"variable": str(values.name), "weighting": name} for name in names]
    method = "Weighted mean under two weightings, variance of the design"
    for own, words in zip((design, second), about, strict=True):
        if own.respondents(known) == 0:
            none = nobody(measure="mean", method=method, about=words)
            return DesignEstimates(estimates=(none,), covariance=np.full((1, 1), np.nan))
    lines = [mean_estimator(y[:, None])(own.totals_weights) for own in (design, second)]
    # The first weighting may be calibrated: that concerns its half alone.
    moved = [influence_under(line, own) for line, own in zip(lines, (design, second), strict=True)]
    both = replace(design, weights=design.weights + second.weights, calibrations=())
    spread = spread_of_total(np.hstack(moved), both)
    means = Estimated(
        estimate=np.concatenate([line.estimate for line in lines]),
        covariance=spread.covariance,
        df=both.degrees_of_freedom(known),
        n=both.respondents(known),
        used=known,
        spread=spread if design.errors == "jackknife" else None,
    )
    own_n = [own.respondents(known) for own in (design, second)]
    level = confidence_level
    results = listed(means, about, measure="mean", method=method, confidence_level=level, n=own_n)
    step: Array = np.array([-1.0, 1.0])
    difference = inferred(
        measure="weight_difference",
        method=method,
        about={"variable": str(values.name), "contrast": f"{names[1]} - {names[0]}"},
        n=means.n,
        estimate=float(step @ means.estimate),
        std_error=math.sqrt(max(0.0, float(step @ means.covariance @ step))),
        df=means.df_of_sum(step),
        confidence_level=level,
    )
    full = np.vstack([np.eye(2), step])
    return DesignEstimates(
        estimates=(*results.estimates, difference),
        covariance=full @ means.covariance @ full.T,
        spread=None if means.spread is None else means.spread.of_sums(full),
        design_df=results.design_df,
    )
