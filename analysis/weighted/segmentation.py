"""Segments against a tier rule under a sampling design: weighted k-means, errors by replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.design.design import Array, ReplicateDesign
from analysis.design.estimates import t_interval
from analysis.design.functionals import Inference, effective_n
from analysis.minimum_effect import t_tail
from analysis.segmentation import (
    REFIT_CELLS,
    RESTARTS,
    ExplainedByBoth,
    RuleComparison,
    between_groups,
    group_sums,
    ordered_segments,
    prepared,
    refound,
    tightest,
)
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

Labels = npt.NDArray[np.int64]
METHOD = "weighted k-means on z-scores, bootstrap replicates of the design with segments found anew"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedComparison:
    """The comparison as a result, its inference, and the gains of every replicate."""

    result: RuleComparison
    found: Inference
    replicates: Array | None = None  #: (n_replicates,)


def weighted_comparison(
    rule: pd.Series,
    features: pd.DataFrame,
    outcomes: pd.DataFrame,
    design: ReplicateDesign,
    *,
    rng: np.random.Generator,
    confidence_level: float = 0.95,
) -> WeightedComparison:
    """Gain in eta squared of segments over a rule, for the population that the weights stand for.

    As :func:`analysis.segmentation.compare_with_rule`, with weighted z-scores, centres and variances. In
    every replicate of the weights the segments are found anew from the centres of the sample; the interval is
    Student's on the degrees of freedom of the design. With equal weights the segments and the gain are those
    of the unweighted method.
    """
    needed = rule.notna() & features.notna().all(axis="columns") & outcomes.notna().all(axis="columns")
    whole = needed.to_numpy() & (design.weights > 0)
    tiers = sorted(rule[whole].unique())
    n = int(whole.sum())
    k = len(tiers)
    shared: dict[str, Any] = {
        "rule": str(rule.name),
        "features": tuple(map(str, features.columns)),
        "outcomes": tuple(map(str, outcomes.columns)),
        "k": k,
        "n": n,
        "n_missing": len(rule) - n,
        "method": METHOD,
    }
    blank = Inference(n=n, effective_n=effective_n(design, whole), df=design.df)

    def unusable(state: str, reason: str) -> WeightedComparison:
        return WeightedComparison(
            result=RuleComparison(**shared, state=state, reason=reason),
            found=replace(blank, state=state, reason=reason),
        )

    if k < 2 or n < 10 * k:
        return unusable("too_few", f"{n} respondents with all records in {k} tiers")
    values = outcomes[whole].to_numpy(dtype=float)
    if (np.ptp(values, axis=0) == 0).any():
        return unusable("constant", "an outcome does not vary")
    w = design.weights[whole]
    z, logged = prepared(features[whole], weights=w)
    if z is None:
        return unusable("constant", "a feature does not vary")
    segments = weighted_segments(z, w, k, rng)
    if segments is None:
        return unusable("not_converged", f"the records do not fall into {k} segments")
    codes = pd.Categorical(rule[whole], categories=tiers).codes.astype(np.int64)
    start = np.array([np.average(z[segments == j], axis=0, weights=w[segments == j]) for j in range(k)])
    member = np.eye(k)[segments][None]
    by_rule, by_segment = _explained(w[None], values, codes, member)
    again = _gains(design.replicates[whole].T, z, values, codes, start)
    estimate = float((by_segment - by_rule).mean())
    center = estimate if design.center == "estimate" else again.mean()
    error = math.sqrt(float((design.scale * design.replicate_scales * (again - center) ** 2).sum()))
    interval = t_interval(estimate, error, design.df, confidence_level)
    result = RuleComparison(
        **shared,
        logged=logged,
        sizes=tuple(int(count) for count in np.bincount(segments, minlength=k)),
        explained=tuple(
            ExplainedByBoth(outcome=name, n=n, eta_squared_rule=float(a), eta_squared_segments=float(b))
            for name, a, b in zip(shared["outcomes"], by_rule[0], by_segment[0], strict=True)
        ),
        estimate=estimate,
        std_error=error,
        interval=interval,
    )
    found = replace(
        blank,
        estimate=estimate,
        std_error=error,
        interval=interval,
        tail=t_tail(estimate, error, design.df),
    )
    return WeightedComparison(result=result, found=found, replicates=again)


def weighted_segments(z: Array, weights: Array, k: int, rng: np.random.Generator) -> Labels | None:
    """Segments by weighted k-means, the one with the lowest records first.

    Starts are those of the unweighted method; weighted steps go on from there, and the tightest is kept.
    """
    first = tightest(z, k, rng, RESTARTS)
    if first is None:
        return None
    if np.ptp(weights) <= 1e-9 * weights.mean():
        return ordered_segments(z, first)
    starts = [first, *(labels for _ in range(4) if (labels := tightest(z, k, rng, 1)) is not None)]
    best: tuple[float, Labels] | None = None
    for labels in starts:
        centres = np.array([z[labels == j].mean(axis=0) for j in range(k)])
        found = refound(z, weights[None], centres)[0].argmax(axis=1)
        if len(np.unique(found)) < k:
            continue
        middle = np.array([np.average(z[found == j], axis=0, weights=weights[found == j]) for j in range(k)])
        spread = float(weights @ ((z - middle[found]) ** 2).sum(axis=1))
        if best is None or spread < best[0] - 1e-9 * spread:
            best = spread, found.astype(np.int64)
    return None if best is None else ordered_segments(z, best[1])


def _explained(counts: Array, values: Array, codes: Labels, member: Array) -> tuple[Array, Array]:
    """Eta squared of every outcome by the rule and by the segments, shapes (m, n_outcomes)."""
    centred = values - values.mean(axis=0)
    rule = np.eye(int(codes.max()) + 1)[codes]
    total, squares = counts @ centred, counts @ centred**2
    of_rule = between_groups(counts @ rule, group_sums(counts, rule, centred), total)
    weighted = member * counts[:, :, None]
    of_segments = between_groups(
        weighted.sum(axis=1), np.einsum("bnk,no->bko", weighted, centred, optimize=True), total
    )
    spread = squares - total**2 / counts.sum(axis=1)[:, None]
    return of_rule / spread, of_segments / spread


def _gains(weights: Array, z: Array, values: Array, codes: Labels, start: Array) -> Array:
    """Gains by several weightings, shape (m,)."""
    gains = []
    for counts in np.array_split(weights, max(1, weights.size * len(start) // REFIT_CELLS)):
        by_rule, by_segment = _explained(counts, values, codes, refound(z, counts, start).astype(float))
        gains.append((by_segment - by_rule).mean(axis=1))
    return np.concatenate(gains)
