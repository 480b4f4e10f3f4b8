"""Indirect associations on observed scores: one mediator, or several in series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.bootstrap import BootstrapDistribution, estimable, resampled_correlations
from analysis.counted_rows import Counts, written_out
from analysis.regression import complete_cases
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathCoefficient:
    """One arrow of the path picture; standardised."""

    source: str
    target: str
    estimate: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class IndirectEffect:
    """Product of the coefficients along one way from the predictor to the outcome."""

    through: tuple[str, ...]  #: mediators on the way, in order
    estimate: float
    std_error: float
    interval: Interval
    p_value: float  #: two-sided, by inverting the percentile interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Mediation(Tabular):
    """Direct, total and indirect association of a predictor with an outcome."""

    predictor: str
    mediators: tuple[str, ...]
    outcome: str
    n: int
    n_missing: int
    resamples: int
    paths: tuple[PathCoefficient, ...] = ()
    indirect: tuple[
        IndirectEffect, ...
    ] = ()  #: every way through mediators; with ``direct`` they sum to ``total``
    estimate: float | None = None  #: through all mediators in series
    distribution: BootstrapDistribution | None = None  #: of ``estimate``
    interval: Interval | None = None
    direct: float | None = None
    direct_interval: Interval | None = None
    total: float | None = None
    total_interval: Interval | None = None
    std_error: float | None = None  #: of ``estimate``, where no bootstrap but a sampling design gives it
    method: str = ""  #: where it is not the bootstrap
    state: str = "ok"
    reason: str = ""

    def path(self, source: str, target: str) -> PathCoefficient:
        """One arrow; ``KeyError`` if the model has none between the two."""
        for path in self.paths:
            if (path.source, path.target) == (source, target):
                return path
        raise KeyError((source, target))

    def entries(self) -> tuple[Entry, ...]:
        about = {
            "predictor": self.predictor,
            "mediators": "+".join(self.mediators),
            "outcome": self.outcome,
        }
        method = self.method or f"OLS on z-scores, percentile bootstrap of {self.resamples} resamples"
        distribution = self.distribution
        rows = [
            Entry(
                measure="indirect",
                method=method,
                about=about,
                n=self.n,
                estimate=self.estimate,
                std_error=distribution.std_error
                if self.std_error is None and distribution is not None
                else self.std_error,
                p_value=None if distribution is None else distribution.p_value_against(0.0),
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            )
        ]
        for measure, estimate, interval in (
            ("direct", self.direct, self.direct_interval),
            ("total", self.total, self.total_interval),
        ):
            rows.append(
                Entry(
                    measure=measure,
                    method=method,
                    about=about,
                    n=self.n,
                    estimate=estimate,
                    interval=interval,
                    state=self.state,
                    reason=self.reason,
                )
            )
        rows.extend(
            Entry(
                measure="specific_indirect",
                method=method,
                about={**about, "through": "+".join(way.through)},
                n=self.n,
                estimate=way.estimate,
                std_error=way.std_error,
                p_value=way.p_value,
                interval=way.interval,
            )
            for way in self.indirect
        )
        rows.extend(
            Entry(
                measure="path",
                method=method,
                about={"source": path.source, "target": path.target},
                n=self.n,
                estimate=path.estimate,
                interval=path.interval,
            )
            for path in self.paths
        )
        return tuple(rows)


@refuses_weights(
    "its bootstrap draws respondents of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def mediate(
    predictor: pd.Series,
    mediators: pd.DataFrame,
    outcome: pd.Series,
    *,
    rng: np.random.Generator,
    resamples: int = 5000,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Mediation:
    """Standardised indirect association with a percentile bootstrap interval.

    Parameters
    ----------
    predictor : Series, shape (n_respondents,)
    mediators : DataFrame, shape (n_respondents, n_mediators)
        One mediator, or up to four in the order of the series: every variable is regressed on all
        that come before it.
    outcome : Series, shape (n_respondents,)
    clusters : Series, optional
        Whole clusters are resampled.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    The indirect association is the product of the coefficients along predictor -> first mediator ->
    ... -> outcome (Hayes 2018); ways that pass over some mediators are listed beside it. All ways and
    the direct association sum to the total. All variables are z-scored anew in every resample, so every
    coefficient follows from the resampled correlation matrix, and all resamples are solved at once.

    Examples
    --------
    >>> rng = np.random.default_rng(11)
    >>> x = pd.Series(rng.normal(size=300), name="x")
    >>> m = pd.DataFrame({"m": 0.5 * x + rng.normal(size=300)})
    >>> y = pd.Series(0.5 * m["m"] + rng.normal(size=300), name="y")
    >>> result = mediate(x, m, y, rng=rng, resamples=500)
    >>> round(result.estimate, 3), round(result.estimate + result.direct - result.total, 9)
    (0.237, 0.0)
    """
    predictor, mediators, outcome, clusters = (
        written_out(predictor, counts),
        written_out(mediators, counts),
        written_out(outcome, counts),
        written_out(clusters, counts),
    )
    names = [str(predictor.name), *map(str, mediators.columns), str(outcome.name)]
    if not 1 <= mediators.shape[1] <= 4:
        raise ValueError(f"{mediators.shape[1]} mediators; one to four can be put in series")
    design = complete_cases(outcome, pd.concat([predictor, mediators], axis="columns"), clusters)
    data = np.column_stack([design.x, design.y])
    shared: dict[str, Any] = {
        "predictor": names[0],
        "mediators": tuple(names[1:-1]),
        "outcome": names[-1],
        "n": len(data),
        "n_missing": design.n_missing,
        "resamples": resamples,
    }
    if len(data) < len(names) + 3:
        return Mediation(
            **shared, state="too_few", reason=f"{len(data)} respondents for {len(names)} variables"
        )
    # not the standard deviation: that of equal fractions may differ from zero by rounding
    if (np.ptp(data, axis=0) == 0).any():
        return Mediation(**shared, state="constant", reason="a variable does not vary")
    whole: Array = np.asarray(np.corrcoef(data, rowvar=False))
    if not len(estimable(whole[None])):
        return Mediation(
            **shared, state="inadmissible", reason="some variables are exact combinations of others"
        )
    resampled = resampled_correlations(data, rng, resamples, design.clusters)
    usable = estimable(resampled)
    if len(usable) < 0.95 * resamples:
        return Mediation(
            **shared,
            state="not_converged",
            reason=f"the model cannot be estimated in {resamples - len(usable)} of {resamples} resamples",
        )
    point, draws = chain(whole[None]), chain(usable)
    k = len(names)

    def interval(values: Array) -> Interval:
        return BootstrapDistribution.of(values).interval(confidence_level)

    paths = tuple(
        PathCoefficient(
            source=names[j],
            target=names[i],
            estimate=float(point[0, i, j]),
            interval=interval(draws[:, i, j]),
        )
        for i in range(1, k)
        for j in range(i)
    )
    ways = tuple(
        _indirect(way, names, point, draws, confidence_level)
        for size in range(1, k - 1)
        for way in combinations(range(1, k - 1), size)
    )
    series = range(1, k - 1)
    indirect = BootstrapDistribution.of(_product(draws, series))
    return Mediation(
        **shared,
        paths=paths,
        indirect=ways,
        estimate=float(_product(point, series)[0]),
        distribution=indirect,
        interval=indirect.interval(confidence_level),
        direct=float(point[0, k - 1, 0]),
        direct_interval=interval(draws[:, k - 1, 0]),
        total=float(whole[0, -1]),
        total_interval=interval(usable[:, 0, -1]),
    )


@no_estimate("arithmetic")
def chain(correlations: Array) -> Array:
    """Coefficients of every variable on all that come before it.

    Parameters
    ----------
    correlations : array, shape (resamples, k, k)

    Returns
    -------
    array, shape (resamples, k, k)
        Row ``i``, column ``j < i``: coefficient of variable ``j`` for variable ``i``.
    """
    k = correlations.shape[1]
    coefficients = np.zeros_like(correlations)
    for i in range(1, k):
        solved = np.linalg.solve(correlations[:, :i, :i], correlations[:, :i, i, None])
        coefficients[:, i, :i] = solved[..., 0]
    return coefficients


def _product(coefficients: Array, way: Sequence[int]) -> Array:
    """Product along predictor -> mediators of ``way`` -> outcome, shape (resamples,)."""
    stations = (0, *way, coefficients.shape[1] - 1)
    return np.asarray(np.prod([coefficients[:, i, j] for j, i in pairwise(stations)], axis=0))


def _indirect(
    way: Sequence[int], names: Sequence[str], point: Array, draws: Array, confidence_level: float
) -> IndirectEffect:
    distribution = BootstrapDistribution.of(_product(draws, way))
    return IndirectEffect(
        through=tuple(names[i] for i in way),
        estimate=float(_product(point, way)[0]),
        std_error=distribution.std_error,
        interval=distribution.interval(confidence_level),
        p_value=distribution.p_value_against(0.0),
    )
