"""The models on the ladder of invariance: what each level demands, and what testing it against another takes.

Two sorts answer to the same questions: items taken as numbers (maximum likelihood), and items taken as
ordered categories (weighted least squares), which have thresholds to be equal too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from scipy import stats

from analysis.sem.fit import Fit, fit_moments
from analysis.sem.model import Model
from analysis.sem.moments import GroupMoments as NumberGroup
from analysis.sem.moments import Moments
from analysis.sem.ordered import OrderedFit, fit_ordered_table
from analysis.sem.ordered_difference import ordered_difference
from analysis.sem.ordered_invariance import FEWEST_THRESHOLDS, invariance_table
from analysis.sem.ordered_moments import GroupMoments as OrderedGroup
from analysis.sem.ordered_moments import OrderedMoments
from analysis.sem.ordered_parameters import Parameterization
from analysis.sem.parameters import Shared
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.invariance.ladder.invariance_ladder")

Array = npt.NDArray[np.float64]
Level = Literal["configural", "thresholds", "metric", "scalar", "strict"]
Index = Literal["cfi", "rmsea", "srmr"]
LadderEstimator = Literal["ML", "MLR", "WLSMV"]
AnyFit: TypeAlias = Fit | OrderedFit

LEVELS: tuple[Level, ...] = ("configural", "metric", "scalar", "strict")
ORDERED_LEVELS: tuple[Level, ...] = get_args(Level)
SHARED: Mapping[Level, tuple[Shared, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
}
INDICES: tuple[Index, ...] = ("cfi", "rmsea", "srmr")
FEWEST_EQUAL = 2  #: items of a construct that must stay equal: the least that a comparison can rest on


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceTest:
    """Whether a model fits worse than one with fewer demands."""

    statistic: float | None
    df: int
    p_value: float | None
    scaled: bool  #: Satorra and Bentler's (2001), or Satorra's (2000) for ordered items
    state: str = "ok"
    reason: str = ""


class Models(Protocol):
    """What climbing the ladder takes."""

    def fitted(self, level: Level, freed: Sequence[str]) -> AnyFit:
        """The model of that level, less the demands that are freed."""
        ...

    def tested(self, level: Level) -> bool:
        """Whether the level demands anything of these items."""
        ...

    def difference(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest: ...

    def gain(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest:
        """The same for one demand freed."""
        ...

    def candidates(self, level: Level, freed: Sequence[str]) -> tuple[str, ...]:
        """Demands of the level that may still be freed."""
        ...


def demand(level: Level, construct: str, item: str) -> str:
    """The parameter that a level wants to be equal, as models name it."""
    if level == "metric":
        return f"{construct} =~ {item}"
    return f"{item} ~1" if level == "scalar" else f"{item} ~~ {item}"


def _may_be_freed(
    constructs: Mapping[str, Sequence[str]], level: Level, freed: Sequence[str], *, markers: bool
) -> Iterator[str]:
    for construct, items in constructs.items():
        by_item = {item: demand(level, construct, item) for item in items}
        equal = [item for item, name in by_item.items() if name not in freed]
        if len(equal) > FEWEST_EQUAL:
            # a marker's loading is fixed at 1 in every group, so there is nothing to free
            yield from (
                by_item[item] for item in equal if not (markers and level == "metric" and item == items[0])
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberModels:
    """Items as numbers, by maximum likelihood; constructs have the unit of their first item."""

    constructs: Mapping[str, Sequence[str]]
    moments: Moments
    estimator: Literal["ML", "MLR"]

    def fitted(self, level: Level, freed: Sequence[str]) -> Fit:
        return fit_moments(
            Model.from_constructs(self.constructs, identification="marker"),
            self.moments,
            estimator=self.estimator,
            group_equal=SHARED[level],
            group_partial=freed,
            mean_structure=True,
        )

    def tested(self, level: Level) -> bool:
        return level != "configural"

    def difference(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest:
        return difference_test(demanding, freer)

    def gain(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest:
        """Freeing changes little, so that the plain difference is what is stable; its scaling may fail."""
        scaled = difference_test(demanding, freer)
        return scaled if scaled.p_value is not None else difference_test(demanding, freer, scaled=False)

    def candidates(self, level: Level, freed: Sequence[str]) -> tuple[str, ...]:
        return tuple(_may_be_freed(self.constructs, level, freed, markers=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedModels:
    """Items as ordered categories, in the identification of Wu and Estabrook; constructs have unit variance.

    Equal residual variances are always a model of theta: below, delta and theta are the same models.
    """

    constructs: Mapping[str, Sequence[str]]
    moments: OrderedMoments
    parameterization: Parameterization

    def fitted(self, level: Level, freed: Sequence[str]) -> OrderedFit:
        chosen: Parameterization = "theta" if level == "strict" else self.parameterization
        table = invariance_table(
            Model.from_constructs(self.constructs, identification="standardized"),
            self.moments.n_thresholds,
            self.moments.names,
            level,
            freed=freed,
            parameterization=chosen,
        )
        return fit_ordered_table(table, self.moments, parameterization=chosen)

    def tested(self, level: Level) -> bool:
        if level == "thresholds":
            return any(count > FEWEST_THRESHOLDS for count in self.moments.n_thresholds.values())
        return level != "configural"

    def difference(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest:
        return difference_test(demanding, freer)

    def gain(self, demanding: AnyFit, freer: AnyFit) -> DifferenceTest:
        return difference_test(demanding, freer)

    def candidates(self, level: Level, freed: Sequence[str]) -> tuple[str, ...]:
        if level != "thresholds":
            return tuple(_may_be_freed(self.constructs, level, freed, markers=False))
        return tuple(name for items in self.constructs.values() for name in self._thresholds(items, freed))

    def _thresholds(self, items: Sequence[str], freed: Sequence[str]) -> Iterator[str]:
        """Two thresholds of an item fix its unit, and two items of a construct must stay whole."""
        names = {
            item: [f"{item} | t{k}" for k in range(1, self.moments.n_thresholds[item] + 1)] for item in items
        }
        equal = {item: [name for name in own if name not in freed] for item, own in names.items()}
        whole = [item for item in items if len(equal[item]) == len(names[item])]
        for item in items:
            if len(equal[item]) > FEWEST_THRESHOLDS and (item not in whole or len(whole) > FEWEST_EQUAL):
                yield from equal[item]


def difference_test(demanding: AnyFit, freer: AnyFit, *, scaled: bool | None = None) -> DifferenceTest:
    """Chi-square test of a model against one in which it is nested.

    Parameters
    ----------
    demanding, freer : Fit or OrderedFit
        Of the same answers by the same estimator; ``demanding`` has more degrees of freedom.
    scaled : bool, optional
        By default as the estimator has it. For maximum likelihood the scaled statistic is ``(T1 - T0) / c``
        with ``c = (df1 c1 - df0 c0) / (df1 - df0)`` [1]_; where ``c`` is not positive there is no such test.
        For ordered items it is always scaled and shifted [2]_.

    References
    ----------
    .. [1] Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment
       structure analysis. Psychometrika, 66, 507-514.
    .. [2] Satorra, A. (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment
       structures. In Innovations in multivariate statistical analysis (pp. 233-247). Kluwer.
    """
    if isinstance(demanding, OrderedFit) and isinstance(freer, OrderedFit):
        return _ordered_test(demanding, freer)
    if isinstance(demanding, OrderedFit) or isinstance(freer, OrderedFit):
        raise TypeError("one model takes the items as numbers, the other as categories: nothing to compare")
    df = demanding.df - freer.df
    here, there = demanding.test, freer.test
    if here is None or there is None:
        return _untested(df, "not_converged", demanding.reason or freer.reason)
    if df < 1:
        return _untested(df, "inadmissible", "the second model is no freer than the first")
    factors = here.scaling_factor, there.scaling_factor
    plain = max(0.0, here.statistic - there.statistic)
    if scaled is False or factors[0] is None or factors[1] is None:
        return DifferenceTest(statistic=plain, df=df, p_value=float(stats.chi2.sf(plain, df)), scaled=False)
    correction = (demanding.df * factors[0] - freer.df * factors[1]) / df
    if correction <= 0:
        reason = "the scaling of the difference is not positive, so that it cannot be tested"
        return DifferenceTest(
            statistic=None, df=df, p_value=None, scaled=True, state="inadmissible", reason=reason
        )
    statistic = plain / correction
    return DifferenceTest(
        statistic=statistic, df=df, p_value=float(stats.chi2.sf(statistic, df)), scaled=True
    )


def covariance_of(fit: AnyFit) -> Array | None:
    """Covariance matrix of the free parameters' estimates; None where there are none."""
    if isinstance(fit, OrderedFit):
        return None if fit.sandwich is None else fit.sandwich.covariance
    return None if fit.uncertainty is None else fit.uncertainty.covariance


def sizes_of(fit: AnyFit) -> dict[str, int]:
    """Respondents of each group."""
    groups: Sequence[NumberGroup | OrderedGroup] = fit.moments.groups
    return {name: round(group.n) for name, group in zip(fit.groups, groups, strict=True)}


def index_of(fit: AnyFit, index: Index) -> float | None:
    """A fit index as reported: robust or scaled where the estimator has it so."""
    if isinstance(fit, OrderedFit):
        if fit.quality is None:
            return None
        shown, srmr = fit.quality.scaled or fit.quality.plain, fit.quality.srmr
    elif fit.indices is None:
        return None
    else:
        shown, srmr = fit.indices.reported, fit.indices.srmr
    if index == "srmr":
        return srmr
    if index == "cfi":
        return shown.cfi
    return None if shown.rmsea is None else shown.rmsea.estimate


def _untested(df: int, state: str, reason: str) -> DifferenceTest:
    return DifferenceTest(statistic=None, df=df, p_value=None, scaled=False, state=state, reason=reason)


def _ordered_test(demanding: OrderedFit, freer: OrderedFit) -> DifferenceTest:
    df = demanding.df - freer.df
    found = ordered_difference(demanding, freer)
    if found.test is None or found.test.scaled is None:
        return _untested(df, found.state if found.state != "ok" else "inadmissible", found.reason)
    return DifferenceTest(statistic=found.test.scaled, df=df, p_value=found.test.p_value, scaled=True)
