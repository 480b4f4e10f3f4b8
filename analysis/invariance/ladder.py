"""Whether a questionnaire measures the same in every group: the ladder of invariance, and what stands on it.

Means of groups may be compared only where items have the same loadings and intercepts in all of them. The
ladder adds one demand at a time and asks whether the model then fits worse than chance would have it:

- *configural*: the same items measure the same constructs;
- *thresholds* (ordered items only): equal thresholds between the answers;
- *metric*: equal loadings, so that relations of constructs may be compared;
- *scalar*: equal intercepts too, so that means may be compared;
- *strict*: equal residual variances too, so that sums of items may be compared in full.

Items are taken as numbers (maximum likelihood), or as ordered categories (``estimator="WLSMV"``), whose
levels follow Wu and Estabrook [6]_.

References
----------
.. [1] Meredith, W. (1993). Measurement invariance, factor analysis and factorial invariance. Psychometrika,
   58, 525-543.
.. [2] Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment
   structure analysis. Psychometrika, 66, 507-514.
.. [3] Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing measurement
   invariance. Structural Equation Modeling, 9, 233-255.
.. [4] Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement invariance.
   Structural Equation Modeling, 14, 464-504.
.. [5] Byrne, B. M., Shavelson, R. J., & Muthén, B. (1989). Testing for the equivalence of factor covariance
   and mean structures: the issue of partial measurement invariance. Psychological Bulletin, 105, 456-466.
.. [6] Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of different
   levels of invariance for ordered categorical outcomes. Psychometrika, 81, 1014-1045.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.invariance.levels import (
    LEVELS,
    ORDERED_LEVELS,
    SHARED,
    AnyFit,
    DifferenceTest,
    LadderEstimator,
    Level,
    Models,
    NumberModels,
    OrderedModels,
    difference_test,
    index_of,
    sizes_of,
)
from analysis.ordinal.collapse import CollapsedItem, collapse_sparse
from analysis.results import Entry, Interval, Tabular
from analysis.sem.errors import ModelError
from analysis.sem.moments import moments_of
from analysis.sem.ordered import OrderedFit
from analysis.sem.ordered_admissibility import problems_of_answers
from analysis.sem.ordered_invariance import FEWEST_THRESHOLDS
from analysis.sem.ordered_moments import ordered_moments_of
from analysis.sem.ordered_parameters import Parameterization
from analysis.weighting import takes_weights

__all__ = [
    "CUTOFFS",
    "LEVELS",
    "ORDERED_LEVELS",
    "SHARED",
    "ChangeCutoff",
    "DifferenceTest",
    "Ladder",
    "LatentMean",
    "Level",
    "Rung",
    "difference_test",
    "invariance_ladder",
]

LadderMissing = Literal["listwise", "fiml", "pairwise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCutoff:
    """A rule of thumb for the change of a fit index; no step here is judged by it."""

    index: Literal["cfi", "rmsea", "srmr"]
    levels: tuple[Level, ...]
    worse_by: float  #: a change at least this much for the worse
    citation: str


CUTOFFS = (
    ChangeCutoff(
        index="cfi",
        levels=("metric", "scalar", "strict"),
        worse_by=0.010,
        citation="Cheung & Rensvold (2002)",
    ),
    ChangeCutoff(
        index="rmsea", levels=("metric", "scalar", "strict"), worse_by=0.015, citation="Chen (2007)"
    ),
    ChangeCutoff(index="srmr", levels=("metric",), worse_by=0.030, citation="Chen (2007)"),
    ChangeCutoff(index="srmr", levels=("scalar", "strict"), worse_by=0.010, citation="Chen (2007)"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One level of the ladder."""

    level: Level
    fit: AnyFit
    freed: tuple[str, ...] = ()  #: parameters exempt from the demand, in the order in which they were freed
    versus_last: DifferenceTest | None = None  #: against the level below; None for the first
    p_adjusted: float | None = None  #: Bonferroni's, over the steps of the ladder
    holds: bool | None = None  #: None where the model or the test cannot be relied on

    def change(self, below: Rung, index: Literal["cfi", "rmsea", "srmr"]) -> float | None:
        """This level's index minus that of the level below."""
        here, there = index_of(self.fit, index), index_of(below.fit, index)
        return None if here is None or there is None else here - there


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentMean:
    """Mean of a construct in one group, that of the first group being zero."""

    construct: str
    group: str
    reference: str
    n: int
    estimate: float
    std_error: float
    p_value: float
    interval: Interval
    effect_size: float  #: in units of the pooled standard deviation of the construct
    effect_interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder(Tabular):
    """The levels that were asked for, and the latent means where they may be compared."""

    grouping: str
    groups: tuple[str, ...]
    constructs: tuple[str, ...]
    estimator: LadderEstimator
    alpha: float
    rungs: tuple[Rung, ...]
    latent_means: tuple[LatentMean, ...] = ()
    collapsed: tuple[CollapsedItem, ...] = ()  #: items whose categories were put together beforehand
    state: str = "ok"
    reason: str = ""

    @property
    def reached(self) -> Level | None:
        """The highest level up to which every one holds, partially or in full."""
        last: Level | None = None
        for rung in self.rungs:
            if not rung.holds:
                break
            last = rung.level
        return last

    @property
    def means_comparable(self) -> Literal["yes", "partially", "no", "cannot_tell"]:
        """Whether means of the groups may be compared."""
        by_level = {rung.level: rung for rung in self.rungs}
        needed = [level for level in ORDERED_LEVELS[:4] if level != "thresholds" or self.estimator == "WLSMV"]
        known = [by_level[level] for level in needed if level in by_level]
        if len(known) < len(needed) or any(rung.holds is None for rung in known):
            failed = any(rung.holds is False for rung in known)
            return "no" if failed else "cannot_tell"
        if not all(rung.holds for rung in known):
            return "no"
        return "partially" if any(rung.freed for rung in known) else "yes"

    def entries(self) -> tuple[Entry, ...]:
        about = {"grouping": self.grouping, "constructs": "+".join(self.constructs)}
        if self.state != "ok":
            return (
                Entry(
                    measure="invariance", method="ladder", about=about, state=self.state, reason=self.reason
                ),
            )
        rows: list[Entry] = [_collapsed_entry(item, about) for item in self.collapsed]
        for at, rung in enumerate(self.rungs):
            rows.extend(_rung_entries(rung, self.rungs[at - 1] if at else None, about))
        rows.extend(_mean_entry(mean, about) for mean in self.latent_means)
        return tuple(rows)


@takes_weights(
    "weights",
    counts="refused",
    how="those of its models (a column): pseudo-likelihood, or weighted thresholds and polychorics",
    reference="lavaan sampling.weights, by the models",
)
def invariance_ladder(
    constructs: Mapping[str, Sequence[str]],
    data: pd.DataFrame,
    *,
    group: str,
    levels: Sequence[Level] | None = None,
    estimator: LadderEstimator = "MLR",
    missing: LadderMissing = "listwise",
    weights: str | None = None,
    cluster: str | None = None,
    parameterization: Parameterization = "delta",
    collapse_below: int = 0,
    partial: bool = True,
    alpha: float = 0.05,
    confidence_level: float = 0.95,
) -> Ladder:
    """Climb the ladder of invariance, one demand at a time.

    Parameters
    ----------
    constructs : mapping of construct to its items
    data : DataFrame, shape (n_respondents, n_columns)
        Keyed answers, NaN for no answer, and the column ``group``.
    group : str
        Column of the groups; those of a categorical keep their order. The first is the reference of means.
    levels : sequence of str, optional
        From ``"configural"`` upwards; all by default, ``"thresholds"`` among them with ``"WLSMV"``.
    estimator : {"MLR", "ML", "WLSMV"}
        With ``"MLR"`` differences are tested by Satorra and Bentler's scaled statistic [2]_. ``"WLSMV"``
        takes items as ordered categories [6]_ and tests by Satorra's (2000) scaled and shifted difference;
        its changes of CFI and RMSEA are those of the scaled indices.
    missing : "listwise", "fiml" (ML and MLR) or "pairwise" (WLSMV)
    weights, cluster : str, optional
        Columns with sampling weights and clusters; ``"ML"`` then becomes ``"MLR"``.
    parameterization : "delta" or "theta"
        Of ordered items: in what units latent means and loadings come; the levels fit alike.
    collapse_below : int
        Of ordered items: categories that fewer respondents of some group chose are put together with their
        neighbour, in all groups alike, which ``collapsed`` tells; 1 does so with empty ones only. With 0 an
        empty category leaves no ladder but the reason.
    partial : bool
        Where a level fails, free the demand whose removal improves fit most, one parameter at a time, as
        long as that improvement withstands Bonferroni's correction over the parameters that could have been
        freed, and at least two items of each construct (and two thresholds of each item) stay equal [5]_.
    alpha : float
        A level fails where its p-value times the number of steps lies below; so over all steps of a ladder
        that holds at most this share of samples fails somewhere.

    Returns
    -------
    Ladder
        ``rungs`` ends with the first level that fails. Latent means stand on the scalar level, in full or
        partial, and are None otherwise. What does not converge or is inadmissible ends the ladder with
        ``holds`` None.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> tier = np.repeat(["basic", "gold"], 300)
    >>> trait = rng.normal(size=600) + 0.5 * (tier == "gold")
    >>> noise = rng.normal(size=(600, 4))
    >>> items = pd.DataFrame(0.8 * trait[:, None] + 0.6 * noise, columns=["s1", "s2", "s3", "s4"])
    >>> ladder = invariance_ladder({"satisfaction": list(items)}, items.assign(TIER=tier), group="TIER")
    >>> ladder.reached, ladder.means_comparable
    ('strict', 'yes')
    >>> round(ladder.latent_means[0].effect_size, 2)
    0.69

    The same answers on five points, as ordered categories:

    >>> points = np.round(items * 1.2 + 3).clip(1, 5)
    >>> ladder = invariance_ladder(
    ...     {"satisfaction": list(items)}, points.assign(TIER=tier), group="TIER", estimator="WLSMV"
    ... )
    >>> [rung.level for rung in ladder.rungs], round(ladder.latent_means[0].effect_size, 2)
    (['configural', 'thresholds', 'metric', 'scalar', 'strict'], 0.7)
    """
    ordered = estimator == "WLSMV"
    every = ORDERED_LEVELS if ordered else LEVELS
    levels = every if levels is None else tuple(levels)
    if levels != every[: len(levels)] or not levels:
        raise ValueError(f"levels are {levels}; they start at configural and leave none out: {every}")
    if missing == ("fiml" if ordered else "pairwise"):
        raise ModelError(f'{estimator} does not take missing="{missing}". See the options of `missing`.')
    items = [item for names in constructs.values() for item in names]
    used = data[data[group].notna()]
    collapsed: tuple[CollapsedItem, ...] = ()
    if ordered and collapse_below > 0:
        answers, collapsed = collapse_sparse(used[items], used[group], least=collapse_below)
        used = used.assign(**{item: answers[item] for item in items})
    about = _About(group, tuple(constructs), estimator, alpha, collapsed)
    models: Models
    if ordered:
        found = ordered_moments_of(
            used,
            items,
            missing="listwise" if missing == "listwise" else "pairwise",
            group=group,
            weights=weights,
            cluster=cluster,
        )
        names = found.names
        problems = [*problems_of_answers(list(zip(names, found.answers, strict=True)))]
        if problems:
            return about.none(names, problems[0].entry_state, "; ".join(one.reason for one in problems))
        binary = [item for item, count in found.n_thresholds.items() if count < FEWEST_THRESHOLDS]
        if binary:
            reason = f"{', '.join(binary)}: two answers cannot show thresholds, intercepts and scales apart"
            return about.none(names, "inadmissible", reason)
        models = OrderedModels(constructs=constructs, moments=found, parameterization=parameterization)
    else:
        numbers = moments_of(
            used,
            items,
            missing="fiml" if missing == "fiml" else "listwise",
            group=group,
            weights=weights,
            cluster=cluster,
        )
        names = numbers.names
        models = NumberModels(
            constructs=constructs, moments=numbers, estimator="ML" if estimator == "ML" else "MLR"
        )
    if len(names) < 2:
        return about.none(names, "too_few", "invariance needs at least two groups with answers")
    climb = _Climb(models=models, alpha=alpha, steps=sum(models.tested(level) for level in levels))
    rungs = tuple(climb.rungs(levels, partial=partial))
    scalar = next((rung for rung in rungs if rung.level == "scalar" and rung.holds), None)
    means = () if scalar is None else tuple(_latent_means(scalar.fit, confidence_level))
    return about.ladder(names, rungs=rungs, latent_means=means)


@dataclass(frozen=True, slots=True)
class _About:
    """What every ladder says of itself, with or without rungs."""

    grouping: str
    constructs: tuple[str, ...]
    estimator: LadderEstimator
    alpha: float
    collapsed: tuple[CollapsedItem, ...]

    def ladder(
        self,
        groups: Sequence[str],
        *,
        rungs: tuple[Rung, ...] = (),
        latent_means: tuple[LatentMean, ...] = (),
        state: str = "ok",
        reason: str = "",
    ) -> Ladder:
        return Ladder(
            grouping=self.grouping,
            groups=tuple(groups),
            constructs=self.constructs,
            estimator=self.estimator,
            alpha=self.alpha,
            rungs=rungs,
            latent_means=latent_means,
            collapsed=self.collapsed,
            state=state,
            reason=reason,
        )

    def none(self, groups: Sequence[str], state: str, reason: str) -> Ladder:
        return self.ladder(groups, state=state, reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Climb:
    models: Models
    alpha: float
    steps: int  #: levels that demand something

    def rungs(self, levels: Sequence[Level], *, partial: bool) -> Iterator[Rung]:
        first = self.models.fitted("configural", ())
        below = Rung(level="configural", fit=first, holds=True if first.state == "ok" else None)
        yield below
        freed: tuple[str, ...] = ()
        for level in levels[1:]:
            if not below.holds:
                return
            rung = self.rung(level, freed, below)
            if rung.holds is False and partial:
                rung = self.freed_until_it_holds(rung, below)
            yield rung
            below, freed = rung, rung.freed

    def rung(self, level: Level, freed: tuple[str, ...], below: Rung) -> Rung:
        found = self.models.fitted(level, freed)
        if not self.models.tested(level):
            nothing = "two thresholds an item only fix its units: there is nothing to test"
            test = DifferenceTest(statistic=0.0, df=0, p_value=None, scaled=True, reason=nothing)
            return Rung(
                level=level,
                fit=found,
                freed=freed,
                versus_last=test,
                holds=True if found.state == "ok" else None,
            )
        test = self.models.difference(found, below.fit)
        adjusted = None if test.p_value is None else min(1.0, test.p_value * self.steps)
        holds = None if adjusted is None or found.state != "ok" else adjusted >= self.alpha
        return Rung(level=level, fit=found, freed=freed, versus_last=test, p_adjusted=adjusted, holds=holds)

    def freed_until_it_holds(self, rung: Rung, below: Rung) -> Rung:
        """Free one demand after another; where too few would remain, the level as it was failed."""
        best = rung
        while best.holds is False:
            candidates = self.models.candidates(best.level, best.freed)
            tried = [(self.rung(best.level, (*best.freed, name), below)) for name in candidates]
            gains = [
                (self.models.gain(best.fit, other.fit), other) for other in tried if other.fit.state == "ok"
            ]
            known = [(test, other) for test, other in gains if test.p_value is not None]
            if not known:
                return rung
            test, other = min(known, key=lambda pair: (pair[0].p_value, pair[1].freed[-1]))
            if test.p_value is None or test.p_value * len(candidates) >= self.alpha:
                return rung  # no single demand stands out from what chance could do
            best = other
        return best


def _latent_means(fit: AnyFit, level: float) -> Iterator[LatentMean]:
    sizes = sizes_of(fit)
    reference = fit.groups[0]
    for construct in fit.table.latent:
        variances = {
            group: fit.estimate(f"{construct} ~~ {construct}", group).estimate for group in fit.groups
        }
        for group in fit.groups[1:]:
            mean = fit.estimate(f"{construct} ~ 1", group)
            interval = mean.confidence_interval(level)
            if interval is None or mean.std_error is None or mean.p_value is None:
                continue
            weights = sizes[reference], sizes[group]
            pooled = math.sqrt(float(np.average([variances[reference], variances[group]], weights=weights)))
            yield LatentMean(
                construct=construct,
                group=group,
                reference=reference,
                n=sum(weights),
                estimate=mean.estimate,
                std_error=mean.std_error,
                p_value=mean.p_value,
                interval=interval,
                effect_size=mean.estimate / pooled,
                # the spread is taken as known: its error is small beside that of the mean
                effect_interval=Interval(
                    low=interval.low / pooled, high=interval.high / pooled, confidence_level=level
                ),
            )


_INDICES = ("chi_square", "cfi", "tli", "rmsea", "srmr")


def _collapsed_entry(collapsed: CollapsedItem, about: Mapping[str, str]) -> Entry:
    return Entry(
        measure="categories",
        method=f"categories put together, {collapsed.told}",
        about={**about, "item": collapsed.item},
        estimate=float(len(collapsed.categories)),
    )


def _rung_entries(rung: Rung, below: Rung | None, about: Mapping[str, str]) -> Iterator[Entry]:
    about = {**about, "level": rung.level}
    method = "invariance of measurement"
    ordered = isinstance(rung.fit, OrderedFit)  # whose robust indices stand beside the scaled ones
    for entry in rung.fit.entries():
        if entry.measure in _INDICES and not (ordered and entry.method.endswith(", robust")):
            yield Entry(
                measure=entry.measure,
                method=entry.method,
                about=about,
                n=entry.n,
                estimate=entry.estimate,
                statistic=entry.statistic,
                df=entry.df,
                p_value=entry.p_value,
                interval=entry.interval,
                more=entry.more,
                state=entry.state,
                reason=entry.reason,
            )
    test = rung.versus_last
    if test is None or below is None:
        return
    changes = {f"change_in_{index}": rung.change(below, index) for index in ("cfi", "rmsea", "srmr")}
    more = {name: value for name, value in changes.items() if value is not None}
    if rung.p_adjusted is not None:
        more["p_adjusted"] = rung.p_adjusted
    yield Entry(
        measure="chi_square_difference",
        method=f"{method}, {'scaled difference' if test.scaled else 'difference'}",
        about=about,
        n=round(rung.fit.n),
        estimate=test.statistic,
        statistic=test.statistic,
        df=(float(test.df),),
        p_value=test.p_value,
        more={**more, "freed": float(len(rung.freed))},
        state=test.state,
        reason=test.reason,
    )


def _mean_entry(mean: LatentMean, about: Mapping[str, str]) -> Entry:
    return Entry(
        measure="latent_mean",
        method="latent mean, first group as reference",
        about={
            "grouping": about["grouping"],
            "construct": mean.construct,
            "group": mean.group,
            "reference": mean.reference,
        },
        n=mean.n,
        estimate=mean.estimate,
        std_error=mean.std_error,
        p_value=mean.p_value,
        interval=mean.interval,
        more={
            "effect_size": mean.effect_size,
            "effect_low": mean.effect_interval.low,
            "effect_high": mean.effect_interval.high,
        },
    )
