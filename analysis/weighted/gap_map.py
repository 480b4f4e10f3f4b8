"""Gaps between two populations by tier, each population drawn by a design of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
from scipy import stats

from analysis.adjust import holm
from analysis.design.design import SurveyDesign
from analysis.design.estimates import DesignEstimate, t_interval
from analysis.design.means import weighted_mean
from analysis.gap_map import LEAST_CLUSTERS, GapCell, GapMap, GapRow
from analysis.tier_masks import tier_masks
from analysis.weighted.gap import WeightedSample, satterthwaite, weighted_gap
from analysis.weighting import takes_weights


@takes_weights(
    "design",
    counts="given",
    how="differences of weighted means with the variance of both designs, Hedges' g",
    reference="survey::svymean of either population",
)
def weighted_gap_map(
    first: pd.DataFrame,
    second: pd.DataFrame,
    rows: Sequence[GapRow],
    *,
    design: SurveyDesign,
    design_second: SurveyDesign,
    names: tuple[str, str] = ("first", "second"),
    tiers: pd.Series | None = None,
    minimum_n: int = 5,
    confidence_level: float = 0.95,
) -> GapMap:
    """Gaps between two populations for each row, as :func:`analysis.gap_map.gap_map` under two designs.

    The populations were drawn independently, so the variances of the two weighted means (``survey::svymean``)
    add up; degrees of freedom are Satterthwaite's from those of the designs. A tier is a subpopulation: the
    whole design of the first population stays, so that clusters without a member of the tier count, too.
    Beside the gap stands Hedges' g (:func:`analysis.weighted.gap.weighted_gap`). A population without a
    declared design goes with that of respondents who count alike, drawn by branches where they are known
    (:meth:`analysis.inputs.Sample.plain_design`).

    Parameters
    ----------
    first, second : DataFrame, shapes (n_first, n_variables) and (n_second, n_variables)
    rows : sequence of GapRow
        What is compared; both variables on the same scale.
    design, design_second : SurveyDesign
        Of the first and of the second population.
    names : tuple of str
        What the populations are called.
    tiers : Series, shape (n_first,), optional
        Categories keep their order.
    minimum_n : int
        A cell with fewer respondents on either side has no gap.

    Returns
    -------
    GapMap
        A cell's ``state`` is ``too_few`` (respondents, or degrees of freedom below 2: three clusters of one
        stratum) or ``constant`` when neither mean varies; means are then still described.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> customers = pd.DataFrame({"SAT1": [2, 3, 2, 3, 2, 4, 3, 5.0]})
    >>> staff = pd.DataFrame({"SAT1": [4, 5, 4, 5, 4, 4.0]})
    >>> found = weighted_gap_map(customers, staff, [GapRow(name="SAT1", first="SAT1", second="SAT1")],
    ...                          design=survey_design([1, 1, 1, 1, 1, 1, 1, 3]),
    ...                          design_second=survey_design([1, 1, 1, 1, 1, 1]))
    >>> round(found.of("SAT1").estimate, 3), round(found.of("SAT1").effect, 3)
    (-0.933, -0.844)
    """
    if len({row.name for row in rows}) < len(rows):
        raise ValueError("two rows of a gap map have one name")
    divided = tier_masks(tiers)
    cells = []
    for row in rows:
        other = WeightedSample(values=second[row.second], design=design_second)
        for tier, mine in (None, None), *divided:
            values = first[row.first] if mine is None else first[row.first].where(mine)
            own = WeightedSample(values=values, design=design)
            cells.append(_cell(row.name, tier, own, other, minimum_n, confidence_level))
    adjusted = holm([cell.p_value for cell in cells])
    return GapMap(
        first=names[0],
        second=names[1],
        tier=None if tiers is None else str(tiers.name),
        tiers=tuple(tier for tier, _ in divided),
        rows=tuple(rows),
        cells=tuple(replace(cell, p_adjusted=p) for cell, p in zip(cells, adjusted, strict=True)),
        clustered=not all(one.stages[0].of_respondents for one in (design, design_second)),
        weighted=True,
    )


def _cell(
    row: str, tier: str | None, own: WeightedSample, other: WeightedSample, minimum: int, level: float
) -> GapCell:
    a, b = (weighted_mean(side.values, side.design, confidence_level=level) for side in (own, other))
    shared: dict[str, Any] = {"row": row, "tier": tier, "n_first": a.n, "n_second": b.n}
    if min(a.n, b.n) < max(minimum, 2) or a.estimate is None or b.estimate is None:
        reason = f"{a.n} and {b.n} answers; at least {max(minimum, 2)} on either side"
        return GapCell(**shared, state="too_few", reason=reason)
    fewest = min(a.df or 0.0, b.df or 0.0)
    if fewest < LEAST_CLUSTERS - 1:
        reason = f"{fewest:g} degrees of freedom on one side; at least {LEAST_CLUSTERS - 1} are needed"
        return GapCell(**shared, state="too_few", reason=reason)
    gap = a.estimate - b.estimate
    shared |= {"mean_first": a.estimate, "mean_second": b.estimate, "estimate": gap}
    error, df = _together(a, b)
    if not error > 0:
        reason = "neither mean varies under the designs"
        return GapCell(**shared, state="constant", reason=reason)
    found, _, _ = weighted_gap(own, other, confidence_level=level)
    return GapCell(
        **shared,
        std_error=error,
        statistic=gap / error,
        df=df,
        p_value=float(2 * stats.t.sf(abs(gap / error), df)),
        interval=t_interval(gap, error, df, level),
        effect=found.estimate,
        effect_interval=found.interval,
    )


def _together(a: DesignEstimate, b: DesignEstimate) -> tuple[float, float]:
    """Standard error of the difference, and Satterthwaite's degrees of freedom."""
    variances = [(side.std_error or 0.0) ** 2 for side in (a, b)]
    return math.sqrt(sum(variances)), satterthwaite(variances, [side.df or 1.0 for side in (a, b)])
