"""Whether a questionnaire measures the same in every group: the ladder of invariance, and what stands on it.

Means of groups may be compared only where items have the same loadings and intercepts in all of them. The
ladder adds one demand at a time and asks whether the model then fits worse than chance would have it:

- *configural*: the same items measure the same constructs;
- *metric*: equal loadings, so that relations of constructs may be compared;
- *scalar*: equal intercepts too, so that means may be compared;
- *strict*: equal residual variances too, so that sums of items may be compared in full.

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
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.results import Entry, Interval, Tabular
from analysis.sem.fit import Fit, fit_moments
from analysis.sem.model import Model
from analysis.sem.moments import Missing, Moments, moments_of
from analysis.sem.parameters import Shared
from analysis.weighting import refuses_weights, weights_given_by

Level = Literal["configural", "metric", "scalar", "strict"]
LadderEstimator = Literal["ML", "MLR"]

LEVELS: tuple[Level, ...] = ("configural", "metric", "scalar", "strict")
SHARED: Mapping[Level, tuple[Shared, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}


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
class DifferenceTest:
    """Whether a model fits worse than one with fewer demands."""

    statistic: float | None
    df: int
    p_value: float | None
    scaled: bool  #: Satorra and Bentler's (2001), for robust estimators
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One level of the ladder."""

    level: Level
    fit: Fit
    freed: tuple[str, ...] = ()  #: parameters exempt from the demand, in the order in which they were freed
    versus_last: DifferenceTest | None = None  #: against the level below; None for the first
    p_adjusted: float | None = None  #: Bonferroni's, over the steps of the ladder
    holds: bool | None = None  #: None where the model or the test cannot be relied on

    def change(self, below: Rung, index: Literal["cfi", "rmsea", "srmr"]) -> float | None:
        """This level's index minus that of the level below."""
        here, there = _index(self.fit, index), _index(below.fit, index)
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
        known = [by_level[level] for level in ("configural", "metric", "scalar") if level in by_level]
        if len(known) < 3 or any(rung.holds is None for rung in known):
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
        rows: list[Entry] = []
        for at, rung in enumerate(self.rungs):
            rows.extend(_rung_entries(rung, self.rungs[at - 1] if at else None, about))
        rows.extend(_mean_entry(mean, about) for mean in self.latent_means)
        return tuple(rows)


@refuses_weights("the ladder is fitted without weights", instead="analysis.sem.fit.fit, rung by rung")
def invariance_ladder(
    constructs: Mapping[str, Sequence[str]],
    data: pd.DataFrame,
    *,
    group: str,
    levels: Sequence[Level] = LEVELS,
    estimator: LadderEstimator = "MLR",
    missing: Missing = "listwise",
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
    levels : sequence of str
        From ``"configural"`` upwards.
    estimator : {"MLR", "ML"}
        With ``"MLR"`` differences are tested by Satorra and Bentler's scaled statistic [2]_.
    missing : "listwise" or "fiml"
    partial : bool
        Where a level fails, free the demand whose removal improves fit most, one parameter at a time, as
        long as that improvement withstands Bonferroni's correction over the parameters that could have been
        freed, and at least two items of each construct stay equal [5]_.
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
    """
    if tuple(levels) != LEVELS[: len(levels)] or not levels:
        raise ValueError(f"levels are {tuple(levels)}; they start at configural and leave none out: {LEVELS}")
    model = Model.from_constructs(constructs, identification="marker")
    items = [item for names in constructs.values() for item in names]
    used = data[data[group].notna()]
    moments = moments_of(used, items, group=group, missing=missing)
    names = tuple(moments.names)
    if len(names) < 2:
        return Ladder(
            grouping=group,
            groups=names,
            constructs=tuple(constructs),
            estimator=estimator,
            alpha=alpha,
            rungs=(),
            state="too_few",
            reason="invariance needs at least two groups with answers",
        )
    climb = _Climb(
        model=model,
        moments=moments,
        constructs=constructs,
        estimator=estimator,
        alpha=alpha,
        steps=len(levels) - 1,
    )
    rungs = tuple(climb.rungs(levels, partial=partial))
    scalar = next((rung for rung in rungs if rung.level == "scalar" and rung.holds), None)
    return Ladder(
        grouping=group,
        groups=names,
        constructs=tuple(constructs),
        estimator=estimator,
        alpha=alpha,
        rungs=rungs,
        latent_means=() if scalar is None else tuple(_latent_means(scalar.fit, confidence_level)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Climb:
    model: Model
    moments: Moments
    constructs: Mapping[str, Sequence[str]]
    estimator: LadderEstimator
    alpha: float
    steps: int

    def fitted(self, level: Level, freed: Sequence[str]) -> Fit:
        return fit_moments(
            self.model,
            self.moments,
            estimator=self.estimator,
            group_equal=SHARED[level],
            group_partial=freed,
            mean_structure=True,
        )

    def rungs(self, levels: Sequence[Level], *, partial: bool) -> Iterator[Rung]:
        first = self.fitted("configural", ())
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
        found = self.fitted(level, freed)
        test = difference_test(found, below.fit)
        adjusted = None if test.p_value is None else min(1.0, test.p_value * self.steps)
        holds = None if adjusted is None or found.state != "ok" else adjusted >= self.alpha
        return Rung(level=level, fit=found, freed=freed, versus_last=test, p_adjusted=adjusted, holds=holds)

    def freed_until_it_holds(self, rung: Rung, below: Rung) -> Rung:
        """Free one demand after another; where too few would remain, the level as it was failed."""
        best = rung
        while best.holds is False:
            candidates = self.candidates(best)
            tried = [(self.rung(best.level, (*best.freed, name), below)) for name in candidates]
            gains = [(self._gain(best.fit, other.fit), other) for other in tried if other.fit.state == "ok"]
            known = [(test, other) for test, other in gains if test.p_value is not None]
            if not known:
                return rung
            test, other = min(known, key=lambda pair: (pair[0].p_value, pair[1].freed[-1]))
            if test.p_value is None or test.p_value * len(candidates) >= self.alpha:
                return rung  # no single demand stands out from what chance could do
            best = other
        return best

    def _gain(self, demanding: Fit, freer: Fit) -> DifferenceTest:
        """Freeing changes little, so that the plain difference is what is stable; its scaling may fail."""
        scaled = difference_test(demanding, freer)
        return scaled if scaled.p_value is not None else difference_test(demanding, freer, scaled=False)

    def candidates(self, rung: Rung) -> tuple[str, ...]:
        """Parameters of the level's own demand that may still be freed."""
        names: list[str] = []
        for construct, items in self.constructs.items():
            by_item = {item: _demand(rung.level, construct, item) for item in items}
            equal = [item for item, name in by_item.items() if name not in rung.freed]
            if len(equal) <= 2:
                continue  # two equal items are the least that a comparison can rest on
            # the marker's loading is fixed at 1 in every group, so there is nothing to free
            names += [by_item[item] for item in equal if not (rung.level == "metric" and item == items[0])]
        return tuple(names)


def _demand(level: Level, construct: str, item: str) -> str:
    if level == "metric":
        return f"{construct} =~ {item}"
    return f"{item} ~1" if level == "scalar" else f"{item} ~~ {item}"


@weights_given_by("analysis.sem.fit.fit")
def difference_test(demanding: Fit, freer: Fit, *, scaled: bool | None = None) -> DifferenceTest:
    """Chi-square test of a model against one in which it is nested.

    Parameters
    ----------
    demanding, freer : Fit
        Of the same answers by the same estimator; ``demanding`` has more degrees of freedom.
    scaled : bool, optional
        By default as the estimator has it. The scaled statistic is ``(T1 - T0) / c`` with
        ``c = (df1 c1 - df0 c0) / (df1 - df0)`` [2]_; where ``c`` is not positive there is no such test.
    """
    df = demanding.df - freer.df
    here, there = demanding.test, freer.test
    if here is None or there is None:
        reason = demanding.reason or freer.reason
        return DifferenceTest(
            statistic=None, df=df, p_value=None, scaled=False, state="not_converged", reason=reason
        )
    if df < 1:
        return DifferenceTest(
            statistic=None,
            df=df,
            p_value=None,
            scaled=False,
            state="inadmissible",
            reason="the second model is no freer than the first",
        )
    factors = here.scaling_factor, there.scaling_factor
    plain = max(0.0, here.statistic - there.statistic)
    if scaled is False or factors[0] is None or factors[1] is None:
        return DifferenceTest(statistic=plain, df=df, p_value=float(stats.chi2.sf(plain, df)), scaled=False)
    correction = (demanding.df * factors[0] - freer.df * factors[1]) / df
    if correction <= 0:
        return DifferenceTest(
            statistic=None,
            df=df,
            p_value=None,
            scaled=True,
            state="inadmissible",
            reason="the scaling of the difference is not positive, so that it cannot be tested",
        )
    statistic = plain / correction
    return DifferenceTest(
        statistic=statistic, df=df, p_value=float(stats.chi2.sf(statistic, df)), scaled=True
    )


def _index(fit: Fit, index: Literal["cfi", "rmsea", "srmr"]) -> float | None:
    if fit.indices is None:
        return None
    shown = fit.indices.reported
    if index == "srmr":
        return fit.indices.srmr
    if index == "cfi":
        return shown.cfi
    return None if shown.rmsea is None else shown.rmsea.estimate


def _latent_means(fit: Fit, level: float) -> Iterator[LatentMean]:
    sizes = {name: group.n for name, group in zip(fit.groups, fit.moments.groups, strict=True)}
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


def _rung_entries(rung: Rung, below: Rung | None, about: Mapping[str, str]) -> Iterator[Entry]:
    about = {**about, "level": rung.level}
    method = "invariance of measurement"
    for entry in rung.fit.entries():
        if entry.measure in ("chi_square", "cfi", "tli", "rmsea", "srmr"):
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
        n=rung.fit.n,
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
