"""How well a model of ordered items fits: tests, CFI, TLI, RMSEA, SRMR.

Plain indices stand on the plain statistic, scaled ones on the scaled statistic: both as lavaan has them,
and both too friendly, because the weights of diagonally weighted least squares hide misfit. The robust ones
[1]_ evaluate the normal likelihood's discrepancy of the polychoric matrix at the estimates, ``F =
log|Sigma| - log|R| + tr(R Sigma^-1) - p``, and take off what ``n F`` comes to in a right model: the trace
of ``V (I - P) Gamma (I - P)'``, with V the weight matrix of F and P the projection of the estimation. They
are given when nothing but correlations is restricted. With one group they are lavaan's (0.6-14); with
several, so is RMSEA, but lavaan takes the baseline's part off once per group, which makes its CFI and TLI a
little lower. The interval of the scaled RMSEA always comes from the scaled statistic and its degrees of
freedom (so does lavaan's for WLSMV).

References
----------
.. [1] Savalei, V. (2021). Improving fit indices in structural equation modeling with categorical data.
   Multivariate Behavioral Research, 56, 390-407.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chndtr

from analysis.results import Interval
from analysis.sem.indices import CLOSE, Relative, Rmsea, noncentrality
from analysis.sem.ordered_estimates import Minimum, Sandwich, blocks_of
from analysis.sem.ordered_matrices import OrderedImplied
from analysis.sem.ordered_moments import GroupMoments
from analysis.sem.ordered_tests import OrderedScaling, OrderedTest, ordered_test
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedQuality:
    """Tests and indices of one fitted model."""

    test: OrderedTest
    baseline: OrderedTest  #: of uncorrelated items
    plain: Relative
    scaled: Relative | None
    #: None when thresholds or scales are restricted, a matrix is not definite, or clusters tie groups.
    robust: Relative | None
    srmr: float  #: of the correlations, the diagonal counted among their number


def quality_of(
    groups: Sequence[GroupMoments],
    implied: Sequence[OrderedImplied],
    minimum: Minimum,
    sandwich: Sandwich,
    df: int,
    scaling: OrderedScaling,
    *,
    thresholds_are_free: bool,
    tied: Array | None = None,
) -> OrderedQuality:
    n = sum(group.n for group in groups)
    less = n - len(groups)  # what lavaan divides by
    test = ordered_test(n * minimum.discrepancy, df, sandwich.trace, sandwich.trace_squared, scaling)
    baseline = _baseline(groups, scaling, tied)
    scaled = None
    if test.scaled is not None and baseline.scaled is not None:
        scaled = _relative(
            (test.scaled, test.scaled_df), (baseline.scaled, baseline.scaled_df), less, len(groups)
        )
    return OrderedQuality(
        test=test,
        baseline=baseline,
        plain=_relative((test.statistic, df), (baseline.statistic, baseline.df), less, len(groups)),
        scaled=scaled,
        robust=_robust(groups, implied, minimum, df)
        if thresholds_are_free and df > 0 and tied is None
        else None,
        srmr=_srmr(groups, implied),
    )


def _baseline(groups: Sequence[GroupMoments], scaling: OrderedScaling, tied: Array | None) -> OrderedTest:
    """The model of free thresholds and no correlation."""
    statistic, trace, squared, count = 0.0, 0.0, 0.0, 0
    for group in groups:
        r = group.values[group.n_thresholds :]
        statistic += (group.n - 1) * float(group.weights[group.n_thresholds :] @ r**2)
        count += len(r)
    marks = np.concatenate([np.arange(len(group.values)) >= group.n_thresholds for group in groups])
    for here, weights, gamma in blocks_of(groups, marks[:, None].astype(float), tied):
        kept = here[:, 0] > 0
        chosen = gamma[np.ix_(kept, kept)]
        trace += float(weights[kept] @ np.diag(chosen))
        squared += float(weights[kept] @ chosen**2 @ weights[kept])
    return ordered_test(statistic, count, trace, squared, scaling)


def _relative(model: tuple[float, float], baseline: tuple[float, float], n: float, n_groups: int) -> Relative:
    """Indices from a statistic and its degrees of freedom."""
    (statistic, df), (worst, worst_df) = model, baseline
    excess, most = statistic - df, worst - worst_df
    cfi = tli = None
    if df > 0 and most > 0:
        cfi = 1 - max(excess, 0.0) / max(excess, most)
        tli = 1 - (excess / df) / (most / worst_df)
    return Relative(cfi=cfi, tli=tli, rmsea=_rmsea(statistic, df, n, n_groups) if df > 0 else None)


def _rmsea(statistic: float, df: float, n: float, n_groups: int, c: float = 1.0) -> Rmsea:
    """Of a statistic with the mean ``c df`` in a right model; the degrees of freedom may be a fraction."""
    scale = n_groups * c / (n * df)
    low, high = (noncentrality(statistic / c, df, area) for area in (0.95, 0.05))
    return Rmsea(
        estimate=math.sqrt(n_groups * max(statistic - c * df, 0.0) / (n * df)),
        interval=Interval(low=math.sqrt(scale * low), high=math.sqrt(scale * high), confidence_level=0.9),
        close_fit_p_value=1 - float(chndtr(statistic / c, df, CLOSE**2 / scale)),
    )


def _srmr(groups: Sequence[GroupMoments], implied: Sequence[OrderedImplied]) -> float:
    n, total = sum(group.n for group in groups), 0.0
    for group, here in zip(groups, implied, strict=True):
        residual = group.values[group.n_thresholds :] - here.moments()[group.n_thresholds :]
        p = len(here.scales)
        total += group.n / n * math.sqrt(float(residual @ residual) / (p * (p + 1) / 2))
    return total


def _robust(
    groups: Sequence[GroupMoments], implied: Sequence[OrderedImplied], minimum: Minimum, df: int
) -> Relative | None:
    n = sum(group.n for group in groups)
    statistic = baseline = baseline_mean = 0.0
    slopes, weights, gammas, curves = [], [], [], []
    first = 0
    for group, here in zip(groups, implied, strict=True):
        correlations, sigma = group.correlations.matrix, here.correlations
        if min(np.linalg.eigvalsh(matrix)[0] for matrix in (correlations, sigma)) <= 1e-10:
            return None
        logdet, inverse = np.linalg.slogdet(correlations)[1], np.linalg.inv(sigma)
        discrepancy = (
            np.linalg.slogdet(sigma)[1] - logdet + float((correlations * inverse).sum()) - len(sigma)
        )
        statistic += group.n * float(discrepancy)
        baseline -= group.n * float(logdet)
        part = slice(first + group.n_thresholds, first + len(group.values))
        first += len(group.values)
        here_only = slice(group.n_thresholds, None)
        slopes.append(minimum.jacobian[part])
        weights.append(group.weights[here_only] * group.n)
        gammas.append(group.gamma[here_only, here_only])
        baseline_mean += float(np.trace(gammas[-1]))
        i, j = here.structure.pairs
        curve = inverse[np.ix_(i, i)] * inverse[np.ix_(j, j)] + inverse[np.ix_(i, j)] * inverse[np.ix_(j, i)]
        curves.append(curve)
    mean = _mean_in_a_right_model(slopes, weights, gammas, curves, [group.n for group in groups])
    less, n_groups = n - len(groups), len(groups)
    excess, most = statistic - mean, baseline - baseline_mean
    if most <= 0:
        return None
    pairs = sum(len(gamma) for gamma in gammas)
    return Relative(
        cfi=1 - max(excess, 0.0) / max(excess, most),
        tli=1 - (excess / df) / (most / pairs),
        rmsea=_rmsea(statistic, df, less, n_groups, mean / df),
    )


def _mean_in_a_right_model(
    slopes: Sequence[Array],
    weights: Sequence[Array],
    gammas: Sequence[Array],
    curves: Sequence[Array],
    sizes: Sequence[float],
) -> float:
    """Trace of ``V (I - P) Gamma (I - P)'`` over all groups."""
    moved = np.abs(np.concatenate(slopes)).max(axis=0) > 0  # thresholds move no correlation
    slopes = [slope[:, moved] for slope in slopes]
    bread = sum((s.T * w) @ s for s, w in zip(slopes, weights, strict=True))
    inverse = np.linalg.pinv(np.asarray(bread))
    total = 0.0
    for g, (slope, curve, n) in enumerate(zip(slopes, curves, sizes, strict=True)):
        for h, (other, weight, gamma) in enumerate(zip(slopes, weights, gammas, strict=True)):
            # The response of group g's residuals to group h's sample moments.
            response = -slope @ (inverse @ (other.T * weight))
            if g == h:
                response[np.diag_indices(len(response))] += 1
            total += n / sizes[h] * float(((curve @ response) * (response @ gamma)).sum())
    return total
