"""Hedges' g between two samples that were each drawn by a design of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.design.design import Array, SurveyDesign
from analysis.design.estimates import t_interval, why_not
from analysis.design.functionals import Inference, effective_n, of_sums
from analysis.design.linearization import Linearized, influence_under, spread_of_total
from analysis.means import small_sample_factor
from analysis.minimum_effect import t_tail
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedSample:
    """Answers of one sample with one weighting of it, or two to be compared."""

    values: pd.Series
    design: SurveyDesign
    other_weights: Array | None = None

    def designs(self) -> tuple[SurveyDesign, SurveyDesign]:
        if self.other_weights is None:
            return self.design, self.design
        return self.design, self.design.reweighted(self.other_weights)


def weighted_gap(
    first: WeightedSample, second: WeightedSample, *, confidence_level: float = 0.95
) -> tuple[Inference, Inference, Inference]:
    """Hedges' g, first less second sample, by the first weighting, by the other, and how much more by that.

    ``g = J (mean_1 - mean_2) / s`` with weighted means and the pooled standard deviation s of the two
    variances (``survey::svyvar``), which count by respondents as in
    :func:`analysis.means.mean_difference`. The samples are independent; degrees of freedom are
    Satterthwaite's from those of the two samples.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> a, b = pd.Series([4, 5, 3, 4, 5.0], name="a"), pd.Series([3, 2, 4, 3.0], name="b")
    >>> found, _, _ = weighted_gap(WeightedSample(values=a, design=survey_design(np.ones(5))),
    ...                            WeightedSample(values=b, design=survey_design(np.ones(4))))
    >>> round(found.estimate, 4)
    1.2871
    """
    samples = (first, second)
    used = [sample.values.notna().to_numpy() for sample in samples]
    n = [sample.design.respondents(known) for sample, known in zip(samples, used, strict=True)]
    sizes = [effective_n(sample.design, known) for sample, known in zip(samples, used, strict=True)]
    blank = Inference(n=sum(n), effective_n=sum(sizes), df=0.0)
    for sample, known in zip(samples, used, strict=True):
        trouble = _why_not(sample, known)
        if trouble:
            none = replace(blank, state=trouble[0], reason=trouble[1])
            return none, none, none
    lines = [
        [_mean_and_variance(sample.values, known)(own.totals_weights) for own in sample.designs()]
        for sample, known in zip(samples, used, strict=True)
    ]
    found = [_g([line[at] for line in lines], n) for at in (0, 1)]
    if any(not math.isfinite(value) for value, _ in found):
        none = replace(blank, state="constant", reason="everybody in both samples gave one answer")
        return none, none, none
    slopes = [[*found[0][1]], [*found[1][1]]]
    first_g = _inferred(samples, lines, used, [slopes[0], None], found[0][0], blank, confidence_level)
    other_g = _inferred(samples, lines, used, [None, slopes[1]], found[1][0], blank, confidence_level)
    minus = [-one for one in slopes[0]]
    more = found[1][0] - found[0][0]
    between = _inferred(samples, lines, used, [minus, slopes[1]], more, blank, confidence_level)
    return first_g, other_g, between


def _why_not(
    sample: WeightedSample, known: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[str, str] | None:
    for own in sample.designs():
        size = own.respondents(known)
        if size < 2:
            return "too_few", f"{size} answers of {sample.values.name}; at least 2 are needed"
    return None


def _mean_and_variance(values: pd.Series, known: np.ndarray[tuple[int], np.dtype[np.bool_]]):  # type: ignore[no-untyped-def]
    answers = values.to_numpy(dtype=float)
    centre = float(answers[known].mean())
    z = np.where(known, answers - centre, 0.0)

    def of(sums: Array) -> Array:
        mean = sums[:, 1] / sums[:, 0]
        return np.column_stack([centre + mean, sums[:, 2] / sums[:, 0] - mean**2])

    return of_sums(np.column_stack([np.ones(len(z)), z, z * z]), known, of)


def _g(lines: Sequence[Linearized], n: Sequence[int]) -> tuple[float, tuple[Array, Array]]:
    """g and its slopes by (mean, variance) of either sample."""
    (m1, v1), (m2, v2) = (line.estimate for line in lines)
    df = n[0] + n[1] - 2
    # the variances here divide by n: n / (n - 1) times n - 1 respondents
    pooled = (n[0] * v1 + n[1] * v2) / df
    if pooled <= 0:
        return math.nan, (np.zeros(2), np.zeros(2))
    factor, sd = small_sample_factor(df), math.sqrt(pooled)
    g = factor * (m1 - m2) / sd
    by_pooled = -g / (2 * pooled) / df
    return float(g), (
        np.array([factor / sd, by_pooled * n[0]]),
        np.array([-factor / sd, by_pooled * n[1]]),
    )


def _inferred(
    samples: Sequence[WeightedSample],
    lines: Sequence[Sequence[Linearized]],
    used: Sequence[np.ndarray[tuple[int], np.dtype[np.bool_]]],
    slopes: Sequence[Sequence[Array] | None],
    estimate: float,
    blank: Inference,
    level: float,
) -> Inference:
    """A combination of what both samples say by either weighting; the samples are independent."""
    variances, freedoms = [], []
    for at, sample in enumerate(samples):
        designs = sample.designs()
        total = np.zeros(sample.design.n_rows)
        for weighting, slope in enumerate(slopes):
            if slope is None:
                continue
            total = total + influence_under(lines[at][weighting], designs[weighting]) @ slope[at]
        weights = np.sum([own.weights for own in designs], axis=0)
        both = replace(sample.design, weights=weights, calibrations=())
        spread = spread_of_total(total[:, None], both)
        variances.append(float(spread.covariance[0, 0]))
        freedom = sample.design.degrees_of_freedom(used[at])
        freedoms.append(min(freedom, spread.df(np.ones(1))) if both.errors == "jackknife" else freedom)
    error, df = math.sqrt(sum(variances)), satterthwaite(variances, freedoms)
    state, reason = why_not(error, df)
    shared = replace(blank, df=df, estimate=estimate, std_error=error)
    if state != "ok":
        return replace(shared, state=state, reason=reason)
    return replace(shared, interval=t_interval(estimate, error, df, level), tail=t_tail(estimate, error, df))


def satterthwaite(variances: Sequence[float], freedoms: Sequence[float]) -> float:
    """Degrees of freedom of a sum of independent variances; the fewest where a sample has hardly any.

    >>> round(satterthwaite([1.0, 2.0], [10.0, 20.0]), 4)
    30.0
    """
    if min(freedoms) < 1:
        return min(freedoms)
    known = [(v, df) for v, df in zip(variances, freedoms, strict=True) if v > 0]
    return sum(v for v, _ in known) ** 2 / sum(v**2 / d for v, d in known) if known else 0.0
