"""Effects between constructs themselves rather than between their scores, by structural equation models.

Scores of items carry the error of the items, which pulls their relations towards zero. A structural model
takes that error out, at the price of trusting the measurement model: where the model cannot be relied on
there is no effect, but a state and its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.bootstrap import BootstrapDistribution
from analysis.invariance.comparability import comparability
from analysis.invariance.levels import INDICES, AnyFit, covariance_of, index_of, sizes_of
from analysis.results import Entry, Interval, Tabular
from analysis.sem.bootstrap import bootstrap
from analysis.sem.defined import defined, monte_carlo_draws
from analysis.sem.fit import Fit, fit
from analysis.sem.standardized import standardized
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]

IndirectInterval = Literal["delta", "bootstrap", "monte_carlo"]
MEASURE = {
    "path": "latent_coefficient",
    "indirect": "latent_indirect_effect",
    "mean": "latent_mean_difference",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentPath:
    """One arrow of the structural model: from a construct to another, or from a construct to its item."""

    source: str
    target: str
    estimate: float  #: standardised
    std_error: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentEffect(Tabular):
    """One standardised effect, with how well its model fits."""

    measure: str
    method: str
    about: Mapping[str, str]
    n: int
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    cfi: float | None = None
    rmsea: float | None = None
    srmr: float | None = None
    paths: tuple[LatentPath, ...] = ()  #: between constructs, in the order of the model
    loadings: tuple[LatentPath, ...] = ()  #: of items on constructs
    r_squared: Mapping[str, float] = field(default_factory=dict)  #: of the constructs that depend on others
    state: str = "ok"
    reason: str = ""  #: why there is no effect; of an effect that stands, what to read first
    distribution: BootstrapDistribution | None = None  #: what a drawn interval rests on

    def entries(self) -> tuple[Entry, ...]:
        """The effect, then the arrows of the model and the explained variances, where it has any."""
        return (self._effect(), *self._arrows())

    def _arrows(self) -> Iterator[Entry]:
        for measure, arrows in (("latent_path", self.paths), ("latent_loading", self.loadings)):
            for arrow in arrows:
                yield Entry(
                    measure=measure,
                    method=self.method,
                    about={"from": arrow.source, "to": arrow.target},
                    n=self.n,
                    estimate=arrow.estimate,
                    std_error=arrow.std_error,
                    interval=arrow.interval,
                )
        for construct, share in self.r_squared.items():
            about = {"construct": construct}
            yield Entry(measure="latent_r_squared", method=self.method, about=about, n=self.n, estimate=share)

    def _effect(self) -> Entry:
        fitted = {"cfi": self.cfi, "rmsea": self.rmsea, "srmr": self.srmr}
        return Entry(
            measure=self.measure,
            method=self.method,
            about=self.about,
            n=self.n,
            estimate=self.estimate,
            std_error=self.std_error,
            interval=self.interval,
            more={name: value for name, value in fitted.items() if value is not None},
            state=self.state,
            reason=self.reason,
        )


@refuses_weights("the structural model behind it is fitted without weights", instead="analysis.sem.fit.fit")
def latent_path(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    predictor: str,
    outcome: str,
    controls: Sequence[str] = (),
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
) -> LatentEffect:
    """Standardised coefficient of one construct for another, others held constant.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Keyed answers, NaN for no answer.
    constructs : mapping of construct to its items
        Of all constructs named.
    clusters : Series, optional
        Branch of each respondent, for robust errors.

    Notes
    -----
    Robust maximum likelihood with all answers (MLR, FIML); the standard error of the standardised coefficient
    is the delta method's, the interval normal.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(400, 1))
    >>> y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=(400, 1))
    >>> noise = 0.6 * rng.normal(size=(400, 6))
    >>> items = pd.DataFrame(np.hstack([0.8 * x] * 3 + [0.8 * y] * 3) + noise, columns=list("abcdef"))
    >>> effect = latent_path(items, {"x": list("abc"), "y": list("def")}, predictor="x", outcome="y")
    >>> effect.state, round(effect.estimate, 2)
    ('ok', 0.5)
    """
    named = (predictor, *controls, outcome)
    text = path_model(constructs, predictor=predictor, outcome=outcome, controls=controls)
    found = _fitted(text, items, constructs, named, clusters)
    about = {"predictor": predictor, "outcome": outcome}
    if found.state != "ok":
        return _none("path", about, found)
    one = standardized(found).estimate(f"{outcome} ~ {predictor}")
    return _effect("path", about, found, one.estimate, one.std_error, confidence_level)


@refuses_weights("the structural model behind it is fitted without weights", instead="analysis.sem.fit.fit")
def latent_indirect(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    *,
    predictor: str,
    mediators: Sequence[str],
    outcome: str,
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
    interval: IndirectInterval = "delta",
    rng: np.random.Generator | None = None,
    draws: int | None = None,
) -> LatentEffect:
    """Product of the standardised coefficients along a series of constructs.

    Every construct depends on all before it, so that the product is what passes along the series alone.

    Parameters
    ----------
    interval : "delta", "bootstrap" or "monte_carlo"
        The delta method's normal interval; percentiles over resampled respondents (or branches), as products
        are not normal; or over draws of the parameters from their normal distribution. The standard error
        is of the same kind.
    rng : Generator
        Of the draws; needed for the last two.
    draws : int, optional
        By default 2,000 resamples, or 20,000 draws of the parameters.
    """
    series = (predictor, *mediators, outcome)
    text = series_model(constructs, series)
    found = _fitted(text, items, constructs, series, clusters)
    about = {"predictor": predictor, "outcome": outcome, "mediators": "+".join(mediators)}
    if found.state != "ok":
        return _none("indirect", about, found)
    one = defined(found, standardized="all")["along"]
    effect = _effect("indirect", about, found, one.estimate, one.std_error, confidence_level)
    if interval == "delta":
        return effect
    if rng is None:
        raise ValueError(f"The interval {interval!r} is drawn at random. Hand in rng=...")
    return _with_drawn_interval(effect, found, interval, rng, draws, confidence_level)


def _with_drawn_interval(
    effect: LatentEffect,
    found: Fit,
    interval: IndirectInterval,
    rng: np.random.Generator,
    draws: int | None,
    level: float,
) -> LatentEffect:
    """The same effect, its error and interval from resamples or from draws of the parameters."""
    spread: BootstrapDistribution | None = None
    if interval == "bootstrap":
        drawn = bootstrap(found, ["along"], rng=rng, resamples=draws or 2000, standardized="all")
        told, state, failed = f"percentile bootstrap of {drawn.resampled}", drawn.state, drawn.reason
        spread = drawn.distribution("along")
        if spread is not None and drawn.failed:
            words = f"{drawn.failed} of {drawn.resamples} resamples had no admissible solution"
            effect = replace(effect, reason="; ".join(filter(None, (effect.reason, words))))
    else:
        told, state = "Monte Carlo interval", "inadmissible"
        failed = "the parameters are known too badly to draw from them"
        values = monte_carlo_draws(found, "along", rng=rng, draws=draws or 20_000, standardized="all")
        spread = None if values is None else BootstrapDistribution.of(values)
    method = f"{effect.method}, {told}"
    if spread is None:
        # The effect is still a description; what was asked for, its uncertainty, there is not.
        return replace(effect, method=method, std_error=None, interval=None, state=state, reason=failed)
    return replace(
        effect,
        method=method,
        std_error=spread.std_error,
        interval=spread.interval(level),
        distribution=spread,
    )


@refuses_weights("the structural model behind it is fitted without weights", instead="analysis.sem.fit.fit")
def latent_trend(
    items: pd.DataFrame,
    groups: pd.Series,
    *,
    construct: str,
    confidence_level: float = 0.95,
) -> LatentEffect:
    """How far a construct's mean rises from the lowest to the highest group, in standard deviations.

    The latent means of the groups under (partial) scalar invariance are fitted by a straight line over the
    order of the groups, weighted by their sizes; the effect is the rise of that line from end to end over
    the pooled standard deviation of the construct, which is taken as known.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> tier = pd.Series(np.repeat([1, 2, 3], 200), dtype="category", name="TIER")
    >>> trait = rng.normal(size=600) + 0.4 * (tier.astype(int) - 1)
    >>> answers = 0.8 * trait.to_numpy()[:, None] + 0.6 * rng.normal(size=(600, 4))
    >>> effect = latent_trend(pd.DataFrame(answers, columns=list("abcd")), tier, construct="satisfaction")
    >>> effect.state, effect.interval.low < 0.8 < effect.interval.high
    ('ok', True)
    """
    told = comparability(items, groups, construct=construct)
    about = {"construct": construct, "grouping": str(groups.name)}
    ladder = told.ladder
    shared: dict[str, Any] = {
        "measure": MEASURE["mean"],
        "method": f"latent means by ordered group, {'MLR' if ladder is None else ladder.estimator}",
        "about": about,
    }
    scalar = None if ladder is None else next((r for r in ladder.rungs if r.level == "scalar"), None)
    known = None if scalar is None else covariance_of(scalar.fit)
    if told.comparable in ("no", "cannot_tell") or scalar is None or known is None:
        state = "not_invariant" if told.comparable == "no" else "inadmissible"
        n = int((items.notna().all(axis="columns") & groups.notna()).sum())
        return LatentEffect(**shared, n=n, state=state, reason=told.reason or "the groups have no means")
    fitted = scalar.fit
    sizes = np.array(list(sizes_of(fitted).values()), dtype=float)
    means = [fitted.estimate(f"{construct} ~ 1", group) for group in fitted.groups]
    variances = [fitted.estimate(f"{construct} ~~ {construct}", g).estimate for g in fitted.groups]
    contrast = rise(sizes)
    free = [None if one.parameter is None else one.parameter.free for one in means]
    places = [at for at, place in enumerate(free) if place is not None]
    covariance = known[np.ix_(*[[free[at] for at in places]] * 2)]
    spread = float(np.sqrt(np.average(variances, weights=sizes)))
    estimate = float(contrast @ [one.estimate for one in means]) / spread
    error = float(np.sqrt(contrast[places] @ covariance @ contrast[places])) / spread
    return LatentEffect(
        **shared,
        n=round(fitted.n),
        estimate=estimate,
        std_error=error,
        interval=_normal(estimate, error, confidence_level),
        **_indices(fitted),
    )


def path_model(
    constructs: Mapping[str, Sequence[str]], *, predictor: str, outcome: str, controls: Sequence[str]
) -> list[str]:
    """Lines of the model of :func:`latent_path`."""
    measured = _measured(constructs, (predictor, *controls, outcome))
    return [*measured, f"{outcome} ~ {' + '.join((predictor, *controls))}"]


def series_model(constructs: Mapping[str, Sequence[str]], series: Sequence[str]) -> list[str]:
    """Lines of the model of :func:`latent_indirect`; the coefficients along the series are p0, p1, ..."""
    text = _measured(constructs, series)
    for at, target in enumerate(series[1:], 1):
        terms = [f"p{at - 1}*{series[at - 1]}", *series[: at - 1]]
        text.append(f"{target} ~ {' + '.join(terms)}")
    text.append("along := " + " * ".join(f"p{at}" for at, _ in enumerate(pairwise(series))))
    return text


def model_columns(
    items: pd.DataFrame, constructs: Mapping[str, Sequence[str]], named: Sequence[str]
) -> pd.DataFrame:
    """Items of the constructs; a construct of one item is called by its own name."""
    columns = [item for name in named for item in constructs[name]]
    return items[columns].rename(
        columns={constructs[name][0]: name for name in named if len(constructs[name]) == 1}
    )


def rise(sizes: Array) -> Array:
    """Weights of ordered groups' means whose sum is the rise of the line fitted to them, from end to end."""
    score = np.arange(len(sizes)) - np.average(np.arange(len(sizes)), weights=sizes)
    return np.asarray((len(sizes) - 1) * sizes * score / (sizes * score**2).sum())


def _measured(constructs: Mapping[str, Sequence[str]], named: Sequence[str]) -> list[str]:
    """Measurement of the constructs with several items; one item is its own construct."""
    return [f"{name} =~ {' + '.join(constructs[name])}" for name in named if len(constructs[name]) > 1]


def _fitted(
    text: Sequence[str],
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    named: Sequence[str],
    clusters: pd.Series | None,
) -> Fit:
    data = model_columns(items, constructs, named)
    if clusters is not None:
        data = data.assign(**{_CLUSTER: clusters})[clusters.notna()]
    return fit(
        "\n".join(text),
        data,
        estimator="MLR",
        missing="fiml",
        cluster=None if clusters is None else _CLUSTER,
    )


_CLUSTER = "the branch"  #: no item is called so: ids have no blanks


def _effect(
    kind: str,
    about: Mapping[str, str],
    found: Fit,
    estimate: float,
    std_error: float | None,
    level: float,
) -> LatentEffect:
    return LatentEffect(
        measure=MEASURE[kind],
        method="structural equation model, MLR, all answers",
        about=about,
        n=found.n,
        estimate=estimate,
        std_error=std_error,
        interval=None if std_error is None else _normal(estimate, std_error, level),
        reason=found.caution,
        **_indices(found),
        **_arrows(found, level),
    )


def _arrows(found: Fit, level: float) -> dict[str, Any]:
    solution = standardized(found)
    paths: list[LatentPath] = []
    loadings: list[LatentPath] = []
    explained: dict[str, float] = {}
    for one in solution.estimates:
        left, op, right = one.parameter.left, one.parameter.op, one.parameter.right
        if op not in ("=~", "~") or right == "":
            continue
        source, target = (left, right) if op == "=~" else (right, left)
        arrow = LatentPath(
            source=source,
            target=target,
            estimate=one.estimate,
            std_error=one.std_error,
            interval=one.confidence_interval(level),
        )
        (loadings if op == "=~" else paths).append(arrow)
        if op == "~" and target not in explained:
            explained[target] = 1 - solution.estimate(f"{target} ~~ {target}").estimate
    return {"paths": tuple(paths), "loadings": tuple(loadings), "r_squared": explained}


def _none(kind: str, about: Mapping[str, str], found: Fit) -> LatentEffect:
    return LatentEffect(
        measure=MEASURE[kind],
        method="structural equation model, MLR, all answers",
        about=about,
        n=found.n,
        state=found.state,
        reason=found.reason,
    )


def _indices(found: AnyFit) -> dict[str, Any]:
    return {index: index_of(found, index) for index in INDICES}


def _normal(estimate: float, std_error: float, level: float) -> Interval:
    half = float(stats.norm.isf((1 - level) / 2)) * std_error
    return Interval(low=estimate - half, high=estimate + half, confidence_level=level)
