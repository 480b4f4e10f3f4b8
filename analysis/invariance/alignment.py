"""Latent means of many groups where no ladder holds in full: alignment.

Instead of demanding that loadings and intercepts be equal, alignment keeps the fit of the configural model
and chooses the latent means and variances under which they differ as little as they can (the loss of
``alignment_search.py``). What still differs is told, group by group. Rule of thumb [2]_: where more than a
quarter of the parameters differ, aligned means are not to be trusted without a simulation of one's own.

References
----------
.. [1] Asparouhov, T., & Muthén, B. (2014). Multiple-group factor analysis alignment. Structural Equation
   Modeling, 21, 495-508.
.. [2] Muthén, B., & Asparouhov, T. (2014). IRT studies of many groups: the alignment method. Frontiers in
   Psychology, 5, 978.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.invariance.alignment_invariance import invariant_groups
from analysis.invariance.alignment_search import (
    EPSILON,
    Configural,
    Frame,
    Minimum,
    Optimisation,
    Spread,
    aligned,
    losses,
    search,
    spread_of,
)
from analysis.invariance.levels import AnyFit, covariance_of, sizes_of
from analysis.results import Entry, Interval, Tabular
from analysis.sem.fit import fit
from analysis.sem.model import Model
from analysis.sem.ordered import OrderedFit, fit_ordered
from analysis.weighting import takes_weights, weights_given_by

Array = npt.NDArray[np.float64]
Kind = Literal["loading", "intercept", "threshold"]

MOST_DIFFERING = 0.25  #: share of parameters of groups beyond which aligned means are doubtful [2]_
METHOD = "alignment of the configural model"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedMean:
    """Mean and variance of a construct in one group; the product of all groups' variances is 1."""

    construct: str
    group: str
    n: int
    mean: float
    mean_std_error: float | None  #: None for the reference, whose mean is 0
    variance: float
    variance_std_error: float | None
    confidence_level: float

    @property
    def interval(self) -> Interval | None:
        """The normal interval of the mean."""
        if self.mean_std_error is None:
            return None
        reach = float(ndtri((1 + self.confidence_level) / 2)) * self.mean_std_error
        return Interval(low=self.mean - reach, high=self.mean + reach, confidence_level=self.confidence_level)

    @property
    def p_value(self) -> float | None:
        """Of no difference from 0, the mean of the first group."""
        if not self.mean_std_error:
            return None
        return 2 * float(ndtr(-abs(self.mean / self.mean_std_error)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedParameter:
    """One loading, intercept or threshold in all groups after alignment."""

    construct: str
    item: str
    kind: Kind
    name: str  #: as models have it: ``SAT =~ SAT2``, ``SAT2 ~ 1``, ``SAT2 | t1``
    values: tuple[float, ...]  #: by group
    std_errors: tuple[float, ...]
    invariant: tuple[bool, ...]  #: by group: whether it shares the value
    average: float | None  #: of the groups that share it; None where no two do
    r_squared: float | None  #: of the differences before alignment, what latent means and variances explain
    contribution: float  #: to the loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment(Tabular):
    """Aligned means and what differs after alignment."""

    grouping: str
    groups: tuple[str, ...]
    constructs: tuple[str, ...]
    optimisation: Optimisation
    estimator: str
    means: tuple[AlignedMean, ...] = ()
    parameters: tuple[AlignedParameter, ...] = ()
    loss: float | None = None
    agreeing: int = 0  #: of the starts, those that ended in the smallest loss (of the construct with fewest)
    starts: int = 0
    state: str = "ok"
    reason: str = ""

    @property
    def differing(self) -> float | None:
        """Share of the parameters of groups that do not share their value."""
        flags = [flag for parameter in self.parameters for flag in parameter.invariant]
        return 1 - float(np.mean(flags)) if flags else None

    @property
    def caution(self) -> str:
        """In words, where the rule of thumb is broken; else empty."""
        share = self.differing
        if share is None or share <= MOST_DIFFERING:
            return ""
        return (
            f"{share:.0%} of the parameters of groups differ, more than the {MOST_DIFFERING:.0%} up to which "
            "aligned means are known to be trustworthy"
        )

    def mean(self, construct: str, group: str) -> AlignedMean:
        """Of one construct in one group; ``KeyError`` if there is none."""
        for found in self.means:
            if (found.construct, found.group) == (construct, group):
                return found
        raise KeyError((construct, group))

    def entries(self) -> tuple[Entry, ...]:
        """The share that differs, the means and variances, and every parameter with its R squared."""
        about = {"grouping": self.grouping, "constructs": "+".join(self.constructs)}
        method = f"{METHOD}, {self.optimisation}, {self.estimator}"
        if self.state != "ok":
            return (
                Entry(measure="alignment", method=method, about=about, state=self.state, reason=self.reason),
            )
        share = Entry(
            measure="differing_share",
            method=method,
            about=about,
            n=sum(mean.n for mean in self.means if mean.construct == self.constructs[0]),
            estimate=self.differing,
            more={"loss": self.loss or 0.0, "starts": self.starts, "agreeing_starts": self.agreeing},
            state="inadmissible" if self.caution else "ok",
            reason=self.caution,
        )
        return (share, *self._means(method), *self._parameters(method))

    def _means(self, method: str) -> Iterator[Entry]:
        for mean in self.means:
            about = {"construct": mean.construct, "group": mean.group}
            yield Entry(
                measure="aligned_mean",
                method=method,
                about=about,
                n=mean.n,
                estimate=mean.mean,
                std_error=mean.mean_std_error,
                p_value=mean.p_value,
                interval=mean.interval,
            )
            yield Entry(
                measure="aligned_variance",
                method=method,
                about=about,
                n=mean.n,
                estimate=mean.variance,
                std_error=mean.variance_std_error,
            )

    def _parameters(self, method: str) -> Iterator[Entry]:
        for one in self.parameters:
            apart = [g for g, shared in zip(self.groups, one.invariant, strict=True) if not shared]
            yield Entry(
                measure="alignment_r_squared",
                method=method + (f"; differs in {', '.join(apart)}" if apart else ""),
                about={"construct": one.construct, "parameter": one.name},
                estimate=one.r_squared,
                more={"contribution": one.contribution, "groups_that_differ": float(len(apart))},
            )


@takes_weights(
    "weights",
    counts="refused",
    how="those of the configural model (a column of the data)",
    reference="lavaan sampling.weights, by the model",
)
def align(
    constructs: Mapping[str, Sequence[str]],
    data: pd.DataFrame,
    *,
    group: str,
    estimator: Literal["ML", "MLR", "WLSMV"] = "MLR",
    optimisation: Optimisation = "fixed",
    missing: Literal["listwise", "fiml", "pairwise"] = "listwise",
    weights: str | None = None,
    cluster: str | None = None,
    epsilon: float = EPSILON,
    starts: int = 30,
    rng: np.random.Generator,
    confidence_level: float = 0.95,
) -> Alignment:
    """Fit the configural model and align it.

    Parameters
    ----------
    constructs : mapping of construct to its items
        Each item measures one construct, so that constructs are aligned one by one.
    data : DataFrame, shape (n_respondents, n_columns)
    group : str
        Column of the groups; the first is the reference of means with ``"fixed"``.
    estimator : {"MLR", "ML", "WLSMV"}
        ``"WLSMV"`` aligns thresholds in the place of intercepts (theta parameterisation).
    optimisation : {"fixed", "free"}
        Whether the first group's mean is 0, or sought as the others are: better where many parameters
        differ, unstable where none does, or with two groups [1]_.
    missing : "listwise", "fiml" (ML and MLR) or "pairwise" (WLSMV)
    epsilon : float
        Of the loss, 0.01 as Mplus.
    starts : int
        Searches, the first from equal means and variances.
    rng : numpy.random.Generator
        For the other starts.

    Returns
    -------
    Alignment
        Standard errors by the delta method from the covariance matrix of the configural estimates, through
        the condition that the loss is at its minimum. ``state`` is that of the configural model where it
        cannot be relied on; ``not_converged`` where the loss has no strict minimum.

    Examples
    --------
    Three groups with means 0, 0.5 and 1; the last reads one item higher.

    >>> rng = np.random.default_rng(1)
    >>> tier = np.repeat(["a", "b", "c"], 1000)
    >>> trait = rng.normal(size=3000) + np.repeat([0, 0.5, 1], 1000)
    >>> items = 0.8 * trait[:, None] + 0.6 * rng.normal(size=(3000, 5))
    >>> items[tier == "c", 4] += 0.6
    >>> data = pd.DataFrame(items, columns=list("vwxyz")).assign(TIER=tier)
    >>> found = align({"f": list("vwxyz")}, data, group="TIER", rng=rng)
    >>> [round(mean.mean, 1) for mean in found.means], found.caution
    ([0.0, 0.6, 1.1], '')
    >>> [p.name for p in found.parameters if not all(p.invariant)]
    ['z ~ 1']
    """
    model = Model.from_constructs(constructs, identification="standardized")
    used = data[data[group].notna()]
    found: AnyFit
    if estimator == "WLSMV":
        found = fit_ordered(
            model,
            used,
            parameterization="theta",
            missing="pairwise" if missing == "pairwise" else "listwise",
            group=group,
            weights=weights,
            cluster=cluster,
        )
    else:
        found = fit(
            model,
            used,
            estimator=estimator,
            missing="fiml" if missing == "fiml" else "listwise",
            group=group,
            weights=weights,
            cluster=cluster,
        )
    return align_fit(
        constructs,
        found,
        grouping=group,
        estimator=estimator,
        optimisation=optimisation,
        epsilon=epsilon,
        starts=starts,
        rng=rng,
        confidence_level=confidence_level,
    )


@weights_given_by("analysis.sem.fit.fit", "analysis.sem.ordered.fit_ordered")
def align_fit(
    constructs: Mapping[str, Sequence[str]],
    found: AnyFit,
    *,
    grouping: str,
    estimator: str,
    optimisation: Optimisation = "fixed",
    epsilon: float = EPSILON,
    starts: int = 30,
    rng: np.random.Generator,
    confidence_level: float = 0.95,
) -> Alignment:
    """The same from a configural model fitted before, whose constructs have unit variance."""
    empty = Alignment(
        grouping=grouping,
        groups=tuple(found.groups),
        constructs=tuple(constructs),
        optimisation=optimisation,
        estimator=estimator,
    )
    if len(found.groups) < 2:
        reason = "alignment needs at least two groups with answers"
        return replace(empty, state="too_few", reason=reason)
    covariance = covariance_of(found)
    if found.state != "ok" or covariance is None:
        state = "not_converged" if found.state == "not_converged" else "inadmissible"
        return replace(empty, state=state, reason=found.reason)
    frame = Frame(len(found.groups), optimisation)
    pieces = []
    for construct, items in constructs.items():
        part = _Part.of(found, construct, items, covariance)
        minimum = search(frame, part.configural, epsilon=epsilon, starts=starts, rng=rng)
        spread = spread_of(frame, part.configural, minimum.point, part.covariance, epsilon)
        if spread is None or not minimum.converged:
            reason = f"{construct}: the loss has no strict minimum, so that no latent means stand out"
            return replace(empty, state="not_converged", reason=reason)
        pieces.append((part, minimum, spread))
    return replace(
        empty,
        means=tuple(
            one
            for part, minimum, spread in pieces
            for one in part.means(frame, minimum, spread, found, confidence_level)
        ),
        parameters=tuple(
            one
            for part, minimum, spread in pieces
            for one in part.parameters(frame, minimum, spread, epsilon)
        ),
        loss=sum(minimum.loss for _, minimum, _ in pieces),
        agreeing=min(minimum.agreeing for _, minimum, _ in pieces),
        starts=starts,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One construct of the configural model."""

    construct: str
    names: tuple[tuple[str, Kind, str], ...]  #: item, kind and name of every loading, then location
    configural: Configural
    covariance: Array  #: of ``configural.stacked``

    @classmethod
    def of(cls, found: AnyFit, construct: str, items: Sequence[str], covariance: Array) -> _Part:
        ordered = isinstance(found, OrderedFit)
        free = {(row.group, _key(row.name)): row.free for row in found.table.parameters}
        values = {(one.group, _key(one.name)): one.estimate for one in found.estimates()}
        loadings: list[tuple[str, Kind, str]] = [(i, "loading", f"{construct} =~ {i}") for i in items]
        kind: Kind = "threshold" if ordered else "intercept"
        locations = [
            (item, kind, f"{item} | t{k}" if ordered else f"{item} ~ 1")
            for item in items
            for k in range(1, (found.table.ordered[item] if ordered else 1) + 1)
        ]
        places, signs, numbers = [], [], []
        for names in (loadings, locations):
            for g, group in enumerate(found.groups):
                for _, sort, name in names:
                    place = free[(g, _key(name))]
                    if place is None:
                        raise ValueError(f"{name} is fixed: alignment starts from a configural model")
                    places.append(place)
                    signs.append(-1.0 if sort == "threshold" else 1.0)
                    numbers.append(values[(group, _key(name))])
        sign = np.array(signs)
        at = np.array(places, dtype=np.intp)
        # the direction of a construct is free in every group: loadings sum to something positive
        cut = len(found.groups) * len(items)
        own = np.array(numbers)
        turn = np.sign(own[:cut].reshape(len(found.groups), -1).sum(axis=1))
        sign[:cut] *= np.repeat(np.where(turn == 0, 1.0, turn), len(items))
        stacked = sign * own
        configural = Configural(
            stacked[:cut].reshape(len(found.groups), -1),
            stacked[cut:].reshape(len(found.groups), -1),
            np.array([list(items).index(item) for item, _, _ in locations], dtype=np.intp),
            np.array(list(sizes_of(found).values()), dtype=float),
        )
        return cls(
            construct,
            (*loadings, *locations),
            configural,
            covariance[np.ix_(at, at)] * np.outer(sign, sign),
        )

    def means(
        self, frame: Frame, minimum: Minimum, spread: Spread, found: AnyFit, level: float
    ) -> Iterator[AlignedMean]:
        means = frame.means(minimum.point)
        variances = np.exp(frame.log_variances(minimum.point))
        errors, wide = (np.sqrt(np.maximum(np.diag(m), 0)) for m in (spread.means, spread.variances))
        for g, (group, n) in enumerate(sizes_of(found).items()):
            known = frame.optimisation == "fixed" and g == 0
            yield AlignedMean(
                construct=self.construct,
                group=group,
                n=n,
                mean=float(means[g]),
                mean_std_error=None if known else float(errors[g]),
                variance=float(variances[g]),
                variance_std_error=float(wide[g]),
                confidence_level=level,
            )

    def parameters(
        self, frame: Frame, minimum: Minimum, spread: Spread, epsilon: float
    ) -> Iterator[AlignedParameter]:
        configural = self.configural
        loadings, locations = aligned(frame, configural, minimum.point)
        values = np.concatenate([loadings, locations], axis=1)
        n_groups, n_items = loadings.shape
        contributions = np.concatenate(
            [losses(part, configural.sizes, epsilon)[0] for part in (loadings, locations)]
        )
        for k, (item, kind, name) in enumerate(self.names):
            if k < n_items:
                at = np.arange(n_groups) * n_items + k
            else:
                at = loadings.size + np.arange(n_groups) * locations.shape[1] + k - n_items
            covariance = spread.parameters[np.ix_(at, at)]
            shared = invariant_groups(values[:, k], covariance)
            turned = -1.0 if kind == "threshold" else 1.0
            yield AlignedParameter(
                construct=self.construct,
                item=item,
                kind=kind,
                name=name,
                values=tuple((turned * values[:, k]).tolist()),
                std_errors=tuple(np.sqrt(np.maximum(np.diag(covariance), 0)).tolist()),
                invariant=tuple(shared.tolist()),
                average=float(turned * values[shared, k].mean()) if shared.any() else None,
                r_squared=self._r_squared(frame, minimum, k, loadings, locations),
                contribution=float(contributions[k]),
            )

    def _r_squared(
        self, frame: Frame, minimum: Minimum, k: int, loadings: Array, locations: Array
    ) -> float | None:
        """Of the configural parameter's variance between groups, what latent means and variances explain."""
        n_items = loadings.shape[1]
        spread = np.exp(frame.log_variances(minimum.point) / 2)
        if k < n_items:
            before = self.configural.loadings[:, k]
            left = before - spread * loadings[:, k].mean()
        else:
            before = self.configural.locations[:, k - n_items]
            item = self.configural.item[k - n_items]
            average = locations[:, k - n_items].mean()
            left = before - average - frame.means(minimum.point) * loadings[:, item].mean()
        total = float(before.var())
        return 1 - float(left.var()) / total if total > 1e-14 else None


def _key(name: str) -> str:
    return "".join(name.split())
