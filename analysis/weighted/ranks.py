"""Effects by ranks under a sampling design, on the scale of the effects by means that they stand beside.

The twins of ``analysis.rank_versions`` for weighted samples. Ranks and placements are those in the
population, estimated with the weights [1]_. Every effect here is a mean over pairs of respondents, or a
function of ranks that all respondents determine together. Its influence values are therefore those of the
Hajek projection [2]_, which hold what a respondent does to the ranks of others, and its error is the design's
for their sum: strata, clusters, finite populations, raked margins. Where the design's errors are the
jackknife's, sampled units are left out one at a time and the others ranked anew.

With equal weights and respondents drawn alone, estimates are the twins' and errors differ from theirs by
known factors, those of N drawn of whom n are used: ``sqrt(N / (N - 1) (n - 1) / n)`` for each sample of
Cliff's delta and for the rank-biserial correlation, where n are those who differ;
``sqrt(N / (N - 1) (n - k - 1) / n)`` for a coefficient on ranks with k predictors. The error of a linear
trend, there corrected by leverages, agrees in the limit.

References
----------
.. [1] Lumley, T., & Scott, A. J. (2013). Two-sample rank tests under complex sampling. Biometrika, 100,
   831-842.
.. [2] Hajek, J. (1968). Asymptotic normality of simple linear rank statistics under alternatives. Annals of
   Mathematical Statistics, 39, 325-346.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from analysis.design.design import Array, Design, ReplicateDesign
from analysis.design.estimates import why_not
from analysis.design.functionals import Functional, of_sums, under_design
from analysis.design.jackknife import WeightedSums
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import answered, matrix
from analysis.rank_influence import mid_ranks, rank_coefficients, rank_influence
from analysis.rank_versions import (
    LEAST_PARTS,
    SURE,
    RankVersion,
    Translation,
    same_unit,
    translated,
    unit_of_d,
    unit_of_d_z,
    unit_of_tau,
)
from analysis.weighted.effects import path
from analysis.weighted.gap import satterthwaite
from analysis.weighted.results import WEIGHTED
from analysis.weighting import takes_weights

MOST_PATTERNS = 1000  #: of answers, up to which sampled units are left out one at a time


@takes_weights(
    "design",
    counts="given",
    how="placements in the population, linearised",
    reference="survey::svyrecvar of placements; survey::svyranktest for the estimate",
)
def weighted_cliffs_delta(
    first: pd.Series,
    second: pd.Series,
    design: Design,
    second_design: Design,
    *,
    confidence_level: float = 0.95,
) -> RankVersion:
    """Cliff's delta of two samples with a design each, first against second, in the unit of d.

    Parameters
    ----------
    first, second : Series, shapes (n_first_rows,) and (n_second_rows,)
        In the order of their designs; NaN for no answer.
    design, second_design : SurveyDesign or ReplicateDesign
        Of the first and of the second sample, which are independent.

    Notes
    -----
    ``delta = 2 P - 1`` with ``P = sum_ij w_i v_j K(x_i, y_j) / (sum w sum v)``, K 1 if the first answers
    higher, 1/2 if the same. The influence value of i is ``2 w_i (p_i - P) / sum w`` with ``p_i`` the weighted
    share of the other sample below i (its placement). Degrees of freedom are Satterthwaite's from those of
    the two designs.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> gold, basic = pd.Series([4, 5, 3, 4, 5, 4.0]), pd.Series([3, 2, 4, 3, 3, 1.0])
    >>> found = weighted_cliffs_delta(gold, basic, survey_design([1, 1, 4, 1, 1, 1]), survey_design([1] * 6))
    >>> round(found.own_estimate, 4), round(found.estimate, 4)
    (0.5741, 1.126)
    """
    values = [matrix(first.to_frame(), design)[:, 0], matrix(second.to_frame(), second_design)[:, 0]]
    designs = (design, second_design)
    used = [answered(one) for one in values]
    n = [one.respondents(known) for one, known in zip(designs, used, strict=True)]
    shared: dict[str, Any] = {
        "measure": "cliffs_delta",
        "method": f"Cliff's delta, placements, {WEIGHTED}s",
        "n": sum(n),
    }
    if min(n) < 2:
        reason = f"{n[0]} and {n[1]} answers of positive weight; each group needs at least 2"
        return RankVersion(**shared, state="too_few", reason=reason)
    own, variances, freedoms = 0.0, [], []
    for at, own_design in enumerate(designs):
        other = designs[1 - at]
        others = np.where(used[1 - at], other.totals_weights, 0.0)
        placements = np.zeros(len(values[at]))
        placements[used[at]] = _below(values[at][used[at]], values[1 - at], others)
        terms = np.column_stack([np.ones(len(placements)), placements])
        found = estimated(own_design, of_sums(terms, used[at], lambda sums: sums[:, 1:] / sums[:, :1]))
        if at == 0:
            own = 2 * float(found.estimate[0]) - 1
        variances.append(4 * float(found.covariance[0, 0]))
        freedoms.append(found.df_of(0))
    state, reason = why_not(1.0, min(freedoms))
    if state != "ok":
        return RankVersion(**shared, own_estimate=own, state=state, reason=reason)
    error, df = math.sqrt(max(sum(variances), 0.0)), satterthwaite(variances, freedoms)
    return translated(shared, own, error, df, unit_of_d, confidence_level)


@takes_weights(
    "design",
    counts="given",
    how="signed ranks in the population, linearised",
    reference="survey::svyrecvar of influence values; jackknife by survey::withReplicates",
)
def weighted_rank_biserial(
    differences: pd.Series, design: Design, *, confidence_level: float = 0.95
) -> RankVersion:
    """The rank-biserial correlation of differences from zero, in the unit of d_z.

    Parameters
    ----------
    differences : Series, shape (n_rows,)
        Of two answers of one person, or of an answer from a reference point; NaN for no answer. Zeros are
        dropped, as Wilcoxon's test does, but counted in ``n``: those who differ are a domain of the sample.

    Notes
    -----
    ``r = sum of w_i w_j sign(d_i + d_j) over i <= j, over the sum of w_i w_j``: weighted Walsh averages. The
    influence value of i is ``2 w_i (h_i - mean h) / sum w`` with ``h_i`` the weighted mean of
    ``sign(d_i + d_j)`` over j.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> found = weighted_rank_biserial(pd.Series([2, 1, -1, 3, 0, 1, 2.0]), survey_design([1] * 7))
    >>> round(found.own_estimate, 4), found.n
    (0.8095, 7)
    """
    values = np.round(matrix(differences.to_frame(), design)[:, 0], 12)
    given = answered(values)
    used = given & (values != 0)
    n, m = design.respondents(given), design.respondents(used)
    shared: dict[str, Any] = {
        "measure": "rank_biserial",
        "method": f"rank-biserial correlation, Walsh averages, {WEIGHTED}",
        "n": n,
    }
    if m < LEAST_PARTS:
        reason = f"{m} differences of positive weight that are not zero"
        return RankVersion(**shared, state="too_few", reason=reason)
    counts = None if isinstance(design, ReplicateDesign) else design.counts

    def estimator(weights: Array) -> Linearized:
        w = np.where(used, weights, 0.0)
        single = w if counts is None else np.divide(w, counts, out=np.zeros_like(w), where=counts > 0)
        total, squares = w.sum(), w @ single
        mean_sign = np.zeros(len(w))
        mean_sign[used] = 2 * _below(values[used], -values, w) - 1
        both = w @ mean_sign * total + (w * single) @ np.sign(np.where(used, values, 0.0))
        influence = 2 * w * (mean_sign - w @ mean_sign / total) / total
        return Linearized(
            estimate=np.array([both / (total**2 + squares)]),
            influence=influence[:, None],
            used=used,
            sums=_by_pattern(values[:, None], w, design, _mean_sign),
        )

    functional = Functional(names=("rank_biserial",), estimator=estimator, used=used)
    return _under(functional, design, shared, unit_of_d_z, confidence_level)


@takes_weights(
    "design",
    counts="given",
    how="weighted correlation with the position of the group, linearised",
    reference="survey::svycontrast of svymean of squares and products",
)
def weighted_linear_trend(
    outcome: pd.Series, groups: pd.Series, design: Design, *, confidence_level: float = 0.95
) -> RankVersion:
    """Linear contrast of an outcome over ordered groups one step apart, in the unit of tau.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
        NaN for no answer.
    groups : Series of ordered Categorical, shape (n_rows,)

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> tiers = pd.Series(pd.Categorical([1, 1, 2, 2, 3, 3], ordered=True), name="TIER")
    >>> answers = pd.Series([1.0, 2, 2, 3, 3, 3], name="SAT")
    >>> round(weighted_linear_trend(answers, tiers, survey_design([1, 1, 1, 1, 2, 2])).own_estimate, 4)
    0.8528
    """
    position = pd.Series(groups.cat.codes.astype(float), index=groups.index, name=str(groups.name))
    functional = path(outcome, position.where(position >= 0).to_frame(), design)
    shared: dict[str, Any] = {
        "measure": "linear_trend",
        "method": f"linear trend over groups, {WEIGHTED}",
        "n": design.respondents(functional.used),
    }
    return _under(functional, design, shared, unit_of_tau, confidence_level)


@takes_weights(
    "design",
    counts="given",
    how="regression on ranks in the population, linearised",
    reference="survey::svyrecvar of influence values; jackknife by survey::withReplicates",
)
def weighted_rank_coefficient(
    outcome: pd.Series, predictors: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> RankVersion:
    """Standardised coefficient of the first predictor when all variables are replaced by population ranks.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
        NaN for no answer.
    predictors : DataFrame, shape (n_rows, n_predictors)
        Rows with a missing value are outside the estimate; the whole design stays.

    Notes
    -----
    The rank of an answer is the weighted share that answers lower and half of the share that answers the
    same. With one predictor this is Spearman's correlation of the population. Degrees of freedom are the
    design's, less the predictors.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6.0], "y": [1, 3, 2, 5, 4, 40.0]})
    >>> found = weighted_rank_coefficient(data["y"], data[["x"]], survey_design([1, 1, 3, 1, 1, 1]))
    >>> round(found.estimate, 4)
    0.825
    """
    values = matrix(pd.concat([outcome, predictors], axis="columns"), design)
    used, k = answered(values), predictors.shape[1]
    inside = used & (design.weights > 0)
    n = design.respondents(used)
    shared: dict[str, Any] = {"measure": "rank_coefficient", "method": f"OLS on ranks, {WEIGHTED}", "n": n}
    trouble = _no_ranks(values[inside], design.totals_weights[inside], n, k)
    if trouble:
        return RankVersion(**shared, state=trouble[0], reason=trouble[1])

    def estimator(weights: Array) -> Linearized:
        rows = used & (weights > 0)
        share = weights[rows] / weights[rows].sum()
        influence = np.zeros((len(weights), 1))
        influence[rows, 0] = share * rank_influence(values[rows], share)
        return Linearized(
            estimate=rank_coefficients(values[rows], share)[:1],
            influence=influence,
            used=used,
            sums=_by_pattern(values, np.where(rows, weights, 0.0), design, _first_coefficient),
        )

    functional = Functional(names=("rank_coefficient",), estimator=estimator, used=used, lost_df=k)
    return _under(functional, design, shared, same_unit, confidence_level)


def _no_ranks(values: Array, weights: Array, n: int, k: int) -> tuple[str, str] | None:
    if n < k + 3:
        return "too_few", f"{n} respondents of positive weight for {k} predictors"
    if (np.ptp(values, axis=0) == 0).any():
        return "constant", "the outcome or a predictor does not vary"
    share = weights / weights.sum()
    places = np.column_stack([mid_ranks(column, share) for column in values.T[1:]]) - 0.5
    spread = (places * share[:, None]).T @ places
    sd = np.sqrt(np.diag(spread))
    if np.linalg.cond(spread / np.outer(sd, sd)) > 1e10:
        return "inadmissible", "ranks of some predictors are combinations of others"
    return None


def _under(
    functional: Functional, design: Design, shared: dict[str, Any], translation: Translation, level: float
) -> RankVersion:
    """An effect by ranks under a design, in the unit of its twin."""
    found = under_design(functional, design, confidence_level=level)
    if found.estimate is None or found.std_error is None or found.df < 1:
        return RankVersion(**shared, own_estimate=found.estimate, state=found.state, reason=found.reason)
    return translated(shared, found.estimate, found.std_error, found.df, translation, level)


def _below(at: Array, values: Array, weights: Array) -> Array:
    """Weighted share of ``values`` below each of ``at``, and half of the share at it.

    Values of weight zero do not count and may be missing.
    """
    inside = weights > 0
    order = np.argsort(values[inside], kind="stable")
    ordered = values[inside][order]
    reached = np.concatenate([[0.0], np.cumsum(weights[inside][order])])
    low, high = (np.searchsorted(ordered, at, side=side) for side in ("left", "right"))
    return np.asarray((reached[low] + reached[high]) / 2 / reached[-1])


def _by_pattern(
    values: Array, weights: Array, design: Design, effect: Callable[[Array, Array], float]
) -> WeightedSums | None:
    """An effect as a function of the weight of every pattern of answers, for errors by leaving units out.

    None where errors are not the jackknife's, or there are more than ``MOST_PATTERNS``: then influence values
    stand alone.
    """
    if isinstance(design, ReplicateDesign) or design.errors != "jackknife":
        return None
    rows = np.flatnonzero(weights > 0)
    patterns, place = np.unique(values[rows], axis=0, return_inverse=True)
    if len(patterns) > MOST_PATTERNS:
        return None
    terms = np.zeros((len(weights), len(patterns)))
    terms[rows, place.ravel()] = weights[rows]

    def of(sums: Array) -> Array:
        found = []
        for mass in sums:
            left = mass > SURE * mass.sum()
            found.append(effect(patterns[left], mass[left] / mass[left].sum()))
        return np.array(found)[:, None]

    return WeightedSums(terms=terms, function=of)


def _mean_sign(differences: Array, share: Array) -> float:
    """Mean sign of the sums of pairs of differences."""
    values = differences[:, 0]
    return float(share @ (2 * _below(values, -values, share) - 1))


def _first_coefficient(patterns: Array, share: Array) -> float:
    """The first coefficient on ranks; not a number where it cannot be told."""
    try:
        return float(rank_coefficients(patterns, share)[0])
    except np.linalg.LinAlgError:
        return math.nan
