"""Importance and performance of drivers under a sampling design, tier by tier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.bootstrap import SINGULAR, correlations_from_sums
from analysis.design.design import Array, Codes, Mask, ReplicateDesign, SurveyDesign
from analysis.design.estimates import DesignEstimates, t_interval
from analysis.design.functionals import Inference, effective_n, standardized_terms, under_design
from analysis.design.means import answered, weighted_means
from analysis.design.replicates import bootstrap
from analysis.driver_comparison import MEASURES, Importance
from analysis.importance_performance import (
    QUADRANTS,
    Cut,
    ImportancePerformance,
    MapPoint,
    TierMap,
    limits_of,
    performance_cut,
    quadrants,
)
from analysis.results import Interval
from analysis.tier_masks import tier_masks
from analysis.weighted.effects import of_correlations
from analysis.weighted.results import WEIGHTED
from analysis.weighting import takes_weights

#: Draws so many replicates of the weights; raises ``ValueError`` where the design has none.
Draw = Callable[[np.random.Generator, int], ReplicateDesign]


@takes_weights(
    "design",
    counts="given",
    how="weighted shares of variance and means; probabilities over bootstrap replicates of the weights",
    reference="survey::svyglm, survey::svymean, survey::svytotal of influence values, survey::withReplicates",
)
def weighted_map(
    outcome: pd.Series,
    drivers: pd.DataFrame,
    design: SurveyDesign,
    *,
    bounds: Mapping[str, tuple[float, float]],
    rng: np.random.Generator,
    draw: Draw | None = None,
    tiers: pd.Series | None = None,
    importance: Importance = "lmg",
    cut: Cut = "means",
    minimum_n: int = 30,
    resamples: int = 2000,
    confidence_level: float = 0.95,
) -> ImportancePerformance:
    """Importance and performance in the population, with the probability of each quadrant.

    The weighted version of :func:`analysis.importance_performance.importance_performance`. Importance divides
    the weighted variance of the outcome, performance is a weighted mean; their intervals are Student's with
    the design's errors. A tier is a subpopulation: the whole design stays. For the
    probability of a quadrant, clusters are drawn again within strata, one fewer than there are, and weights
    rescaled [1]_; importance, performance and both cut lines are computed anew with every replicate of the
    weights. Replicates of a raked design have to be raked again, each by itself: then ``draw`` is
    :meth:`analysis.sampling.SamplingDesign.replicates`.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
    drivers : DataFrame, shape (n_rows, n_drivers)
        Two to twelve.
    bounds : mapping
        Driver -> lowest and highest point of its scale.
    draw : callable, optional
        Draws the replicates; by default :func:`analysis.design.replicates.bootstrap` of the design.
    tiers : Series, shape (n_rows,), optional
        A map for each besides that of everybody; categories keep their order.
    minimum_n : int
        Tiers with fewer respondents have no map.

    Returns
    -------
    ImportancePerformance
        A map's ``state`` is ``too_few``, ``constant`` or ``inadmissible`` for the reasons of the design's
        estimate, ``not_converged`` when more than one in twenty replicates cannot be divided among the
        drivers, ``not_available`` when the design has no replicates.

    Notes
    -----
    In 150 simulated samples each of six drivers whose true quadrants were known, from four strata with equal
    numbers of clusters and unequal weights, drivers with a probability of 95 % and more lay in their true
    quadrant in 99.8 % of cases with 600 respondents of 40 clusters, in 99 % with 200 of 40 and in 94 % with
    80 of 20; those with 80 to 95 % in 94, 89 and 83 %.

    References
    ----------
    .. [1] Rao, J. N. K., Wu, C. F. J., & Yue, K. (1992). Some recent work on resampling methods for complex
       surveys. Survey Methodology, 18, 209-217.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> rng = np.random.default_rng(5)
    >>> x = pd.DataFrame(rng.integers(1, 6, (400, 2)).astype(float), columns=["queue", "adviser"])
    >>> x["queue"] = (x["queue"] - 1).clip(1, 5)
    >>> y = (x["queue"] + 0.2 * x["adviser"] + rng.normal(size=400)).rename("satisfaction")
    >>> design = survey_design(rng.uniform(1, 3, 400), clusters=np.arange(400) % 40)
    >>> found = weighted_map(y, x, design, bounds={"queue": (1, 5), "adviser": (1, 5)}, rng=rng)
    >>> found.of(None).of("queue").quadrant, found.of(None).of("queue").probability
    ('concentrate_here', 1.0)
    """
    plan = _Plan(
        names=tuple(map(str, drivers.columns)),
        limits=limits_of(drivers, bounds),
        importance=importance,
        cut=cut,
        minimum_n=minimum_n,
        level=confidence_level,
    )
    data = pd.concat([outcome, drivers], axis="columns").astype(float)
    if design.counts is not None:
        at, design = _one_row_each(design, design.counts)
        data = data.iloc[at].reset_index(drop=True)
        tiers = None if tiers is None else tiers.iloc[at].reset_index(drop=True)
    again: ReplicateDesign | str
    try:
        again = draw(rng, resamples) if draw else bootstrap(design, rng=rng, n_replicates=resamples)
    except ValueError as why:
        again = str(why)
    everybody = pd.Series(True, index=data.index)
    return ImportancePerformance(
        outcome=str(outcome.name),
        tier=None if tiers is None else str(tiers.name),
        importance=importance,
        cut=cut,
        maps=tuple(
            _tier_map(plan, tier, data, mine.to_numpy(), design, again)
            for tier, mine in ((None, everybody), *tier_masks(tiers))
        ),
        errors=WEIGHTED,
        resampled="bootstrap replicates of the design",
        weighted=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    names: tuple[str, ...]
    limits: Array  #: (n_drivers, 2)
    importance: Importance
    cut: Cut
    minimum_n: int
    level: float

    def importance_of(self, correlations: Array) -> Array:
        """Shares of the first variable's variance, shape (m, n_drivers)."""
        return MEASURES[self.importance](correlations)

    def scaled(self, means: Array) -> Array:
        """Means of the drivers on 0 to 100."""
        low, high = self.limits.T
        return np.asarray((means - low) / (high - low) * 100)

    def interval(self, interval: Interval, at: int) -> Interval:
        """An interval of the mean of one driver on 0 to 100."""
        low, high = self.limits[at]
        ends = ((end - low) / (high - low) * 100 for end in (interval.low, interval.high))
        return replace(interval, low=next(ends), high=next(ends))


def _tier_map(
    plan: _Plan,
    tier: str | None,
    data: pd.DataFrame,
    mine: Mask,
    design: SurveyDesign,
    again: ReplicateDesign | str,
) -> TierMap:
    """One map; ``again`` are the replicates, or why there are none."""
    used = answered(np.where(mine[:, None], data.to_numpy(), np.nan))
    data = data.mask(~np.tile(used[:, None], data.shape[1]))  # who missed one answer is in no estimate
    n = design.respondents(used)
    shared: dict[str, Any] = {
        "tier": tier,
        "n": n,
        "n_missing": design.respondents(mine) - n,
        "effective_n": effective_n(design, used),
    }
    if n < plan.minimum_n:
        reason = f"{n} respondents with all variables; a map takes {plan.minimum_n}"
        return TierMap(**shared, state="too_few", reason=reason)
    functional = of_correlations(data, design, plan.importance_of, plan.names, lost_df=len(plan.names))
    found = under_design(functional, design, confidence_level=plan.level)
    means = weighted_means(data.iloc[:, 1:], design, confidence_level=plan.level)
    trouble = next((one for one in (found, *means) if one.state != "ok"), None)
    if trouble is not None:
        return TierMap(**shared, state=trouble.state, reason=trouble.reason)
    if isinstance(again, str):
        return TierMap(**shared, state="not_available", reason=again)
    drawn = _draws(plan, data.to_numpy(), used, again)
    total = again.replicates.shape[1]
    if len(drawn[0]) < 0.95 * total:
        reason = f"R squared cannot be divided in {total - len(drawn[0])} of {total} replicates"
        return TierMap(**shared, state="not_converged", reason=reason)
    return _filled(plan, shared, found, means, drawn)


def _filled(
    plan: _Plan,
    shared: dict[str, Any],
    found: Inference,
    means: DesignEstimates,
    drawn: tuple[Array, Array],
) -> TierMap:
    """A map with its points."""
    if found.values is None or found.errors is None:
        raise ValueError("an importance without values has no place on a map")
    values = found.values
    performance = plan.scaled(np.array([mean.estimate for mean in means], dtype=float))
    widths = plan.limits[:, 1] - plan.limits[:, 0]
    places = quadrants(values[None], performance[None], plan.cut)[0]
    often = quadrants(*drawn, plan.cut)
    points = []
    for j, (name, mean) in enumerate(zip(plan.names, means, strict=True)):
        around = t_interval(float(values[j]), float(found.errors[j]), found.df_of(j), plan.level)
        if mean.interval is None:
            raise ValueError(f"the mean of {name} has no interval: {mean.reason}")
        points.append(
            MapPoint(
                driver=name,
                importance=float(values[j]),
                importance_interval=replace(around, low=max(around.low, 0.0)),
                performance=float(performance[j]),
                performance_interval=plan.interval(mean.interval, j),
                quadrant=QUADRANTS[places[j]],
                probabilities={q: float((often[:, j] == i).mean()) for i, q in enumerate(QUADRANTS)},
                importance_error=float(found.errors[j]),
                performance_error=float(mean.std_error or 0.0) / widths[j] * 100,
            )
        )
    return TierMap(
        **shared,
        r_squared=float(values.sum()),
        cut_importance=float(values.mean()),
        cut_performance=float(performance_cut(performance[None], plan.cut)[0]),
        points=tuple(points),
        resamples=len(drawn[0]),
    )


def _draws(plan: _Plan, data: Array, used: Mask, again: ReplicateDesign) -> tuple[Array, Array]:
    """Importance and performance over the replicates in which importance exists, (m, n_drivers) each."""
    k = data.shape[1]
    sums = again.replicates.T @ standardized_terms(data, used)
    sums = sums[sums[:, 0] > 0]
    correlations = correlations_from_sums(sums, k)
    good = np.asarray(np.isfinite(correlations).all(axis=(1, 2)))
    good[good] = np.linalg.eigvalsh(correlations[good])[:, 0] > SINGULAR
    known = data[used]
    means = known.mean(axis=0) + known.std(axis=0) * sums[good, 1 : k + 1] / sums[good, :1]
    return plan.importance_of(correlations[good]), plan.scaled(means[:, 1:])


def _one_row_each(design: SurveyDesign, counts: Array) -> tuple[Codes, SurveyDesign]:
    """A design of counted rows with the rows written out, and the row that each of the new ones was."""
    at = np.repeat(np.arange(design.n_rows), counts.astype(np.int64))
    stages = tuple(
        replace(
            stage,
            strata=stage.strata[at],
            units=np.arange(len(at)) if stage.of_respondents else stage.units[at],
            stratum_of_unit=stage.strata[at] if stage.of_respondents else stage.stratum_of_unit,
        )
        for stage in design.stages
    )
    calibrations = tuple(
        replace(
            one,
            auxiliaries=one.auxiliaries[at],
            base_weights=one.base_weights[at] / counts[at],
            weights=one.weights[at] / counts[at],
        )
        for one in design.calibrations
    )
    written = replace(
        design, weights=design.weights[at], stages=stages, counts=None, calibrations=calibrations
    )
    return at, written
