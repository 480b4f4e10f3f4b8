"""Mediation that depends on a third variable: conditional indirect effects on observed scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from analysis.bootstrap import BootstrapDistribution, resampled_sums
from analysis.counted_rows import Counts, written_out
from analysis.johnson_neyman import probe_values
from analysis.least_squares import Coefficient, Equation, least_squares
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Stage = Literal["first", "second", "direct"]
Method = Literal["percentile", "bias_corrected", "monte_carlo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalEffect:
    """Indirect effect through one mediator, or the direct one, at one value of the moderator."""

    through: str  #: mediator; empty for the direct effect
    at: float | None  #: None where nothing is moderated
    estimate: float
    std_error: float  #: of the resamples
    delta_std_error: float  #: first-order (Sobel)
    interval: Interval
    p_value: float  #: two-sided, by inverting the percentile interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ModerationIndex:
    """Change of an indirect effect per unit of the moderator (Hayes 2015)."""

    through: str
    estimate: float
    std_error: float
    interval: Interval
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeratedMediation(Tabular):
    """Conditional indirect effects, unstandardised."""

    predictor: str
    mediators: tuple[str, ...]
    outcome: str
    moderator: str  #: empty where nothing is moderated
    stages: tuple[Stage, ...]
    n: int
    n_missing: int
    resamples: int
    method: Method
    equations: tuple[Equation, ...] = ()  #: of every mediator, then of the outcome
    indirect: tuple[ConditionalEffect, ...] = ()
    direct: tuple[ConditionalEffect, ...] = ()
    indices: tuple[ModerationIndex, ...] = ()  #: empty where both stages are moderated: no line, no index
    state: str = "ok"
    reason: str = ""

    def effect(self, through: str, at: float | None = None) -> ConditionalEffect:
        """One conditional effect; ``KeyError`` if there is none."""
        for found in (*self.indirect, *self.direct):
            if (found.through, found.at) == (through, at):
                return found
        raise KeyError((through, at))

    def coefficient(self, equation: str, term: str) -> Coefficient:
        """One term of one equation; ``KeyError`` if there is none."""
        for found in self.equations:
            if found.outcome == equation:
                return found.coefficient(term)
        raise KeyError(equation)

    def entries(self) -> tuple[Entry, ...]:
        """Indices, then indirect and direct effects, then coefficients."""
        about = {"predictor": self.predictor, "outcome": self.outcome}
        about |= {"moderator": self.moderator} if self.moderator else {}
        method = f"OLS, {self.method.replace('_', ' ')} intervals, {self.resamples} resamples"
        if self.state != "ok":
            return (
                Entry(
                    measure="indirect",
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        found: list[tuple[str, dict[str, str], ModerationIndex | ConditionalEffect]] = [
            ("index_of_moderated_mediation", {"through": one.through}, one) for one in self.indices
        ]
        for one in (*self.indirect, *self.direct):
            further = {"through": one.through} if one.through else {}
            further |= {} if one.at is None else {"at": repr(one.at)}
            found.append(("indirect" if one.through else "direct", further, one))
        rows = [
            Entry(
                measure=measure,
                method=method,
                about={**about, **further},
                n=self.n,
                estimate=effect.estimate,
                std_error=effect.std_error,
                p_value=effect.p_value,
                interval=effect.interval,
            )
            for measure, further, effect in found
        ]
        for equation in self.equations:
            for term in equation.terms:
                one_term = equation.coefficient(term)
                rows.append(
                    Entry(
                        measure="coefficient",
                        method="OLS",
                        about={"equation": equation.outcome, "term": term},
                        n=self.n,
                        estimate=one_term.estimate,
                        std_error=one_term.std_error,
                        statistic=one_term.statistic,
                        df=(one_term.df,),
                        p_value=one_term.p_value,
                        interval=one_term.interval,
                    )
                )
        return tuple(rows)


@refuses_weights(
    "its bootstrap draws respondents of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def mediate_conditionally(
    predictor: pd.Series,
    mediators: pd.DataFrame,
    outcome: pd.Series,
    *,
    rng: np.random.Generator,
    moderator: pd.Series | None = None,
    stages: Sequence[Stage] = (),
    covariates: pd.DataFrame | None = None,
    clusters: pd.Series | None = None,
    at: Sequence[float] | None = None,
    method: Method = "percentile",
    resamples: int = 5000,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> ModeratedMediation:
    """Indirect effects through parallel mediators at several values of a moderator [1]_.

    Parameters
    ----------
    predictor, outcome : Series, shape (n_respondents,)
    mediators : DataFrame, shape (n_respondents, n_mediators)
        Side by side; for mediators in series see :func:`analysis.mediation.mediate`.
    moderator : Series, optional
    stages : sequence of {"first", "second", "direct"}
        What it moderates: predictor to mediators, mediators to outcome, predictor to outcome. Nothing is
        PROCESS model 4, first 7, first and direct 8, second 14, second and direct 15, first and second 58,
        all 59.
    covariates : DataFrame, optional
        In every equation.
    clusters : Series, optional
        Whole clusters are resampled, and coefficients have clustered errors; not for ``monte_carlo``.
    method : {"percentile", "bias_corrected", "monte_carlo"}
        Monte Carlo draws coefficients from the normal distribution that their errors imply [2]_.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    A resample enters by its sums of products alone: its normal equations are solved together with those of
    all others. Weights are not supported: repeat respondents for frequencies.

    References
    ----------
    .. [1] Hayes, A. F. (2015). An index and test of linear moderated mediation. Multivariate Behavioral
       Research, 50, 1-22.
    .. [2] MacKinnon, D. P., Lockwood, C. M., & Williams, J. (2004). Confidence limits for the indirect
       effect. Multivariate Behavioral Research, 39, 99-128.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> x, w = (pd.Series(rng.normal(size=500), name=name) for name in ("service", "tenure"))
    >>> m = pd.DataFrame({"satisfaction": (0.4 + 0.3 * w) * x + rng.normal(size=500)})
    >>> y = pd.Series(0.5 * m["satisfaction"] + rng.normal(size=500), name="loyalty")
    >>> found = mediate_conditionally(x, m, y, moderator=w, stages=["first"], rng=rng, resamples=1000)
    >>> round(found.indices[0].estimate, 2), found.indices[0].interval.excludes(0)
    (0.15, True)
    """
    predictor, mediators, outcome, moderator, covariates, clusters = (
        written_out(predictor, counts),
        written_out(mediators, counts),
        written_out(outcome, counts),
        written_out(moderator, counts),
        written_out(covariates, counts),
        written_out(clusters, counts),
    )
    chosen = tuple(stage for stage in ("first", "second", "direct") if stage in stages)
    if set(stages) - {"first", "second", "direct"} or (moderator is None) != (not chosen):
        raise ValueError(
            f"stages={list(stages)} with {'no' if moderator is None else 'a'} moderator; expected a "
            "moderator and at least one of first, second, direct, or neither."
        )
    if resamples < 2:
        raise ValueError(f"resamples={resamples}; expected at least 2, for publication 5000.")
    if method == "monte_carlo" and clusters is not None:
        raise ValueError("method='monte_carlo' has no form for clusters; use method='percentile'.")
    study = _study(predictor, mediators, outcome, moderator, chosen, covariates, clusters)
    shared: dict[str, Any] = {
        "predictor": str(predictor.name),
        "mediators": study.mediators,
        "outcome": str(outcome.name),
        "moderator": "" if moderator is None else str(moderator.name),
        "stages": chosen,
        "n": study.n,
        "n_missing": len(outcome) - study.n,
        "resamples": resamples,
        "method": method,
    }
    widest = max(len(terms) for _, terms in study.equations)
    if study.n < widest + 4:
        return ModeratedMediation(**shared, state="too_few", reason=f"{study.n} respondents, {widest} terms")
    same = [name for name, column in study.columns.items() if np.ptp(column) == 0]
    if same:
        return ModeratedMediation(**shared, state="constant", reason=f"does not vary: {', '.join(same)}")
    fits = _fits(study, confidence_level)
    if fits is None:
        return ModeratedMediation(
            **shared, state="inadmissible", reason="terms are exact combinations, or fewer than 3 clusters"
        )
    draws = _drawn(study, fits, method, rng, resamples)
    usable = np.asarray(np.all([np.isfinite(d).all(axis=1) for d in draws], axis=0))
    if usable.sum() < 0.95 * resamples:
        return ModeratedMediation(
            **shared,
            state="not_converged",
            reason=f"{resamples - int(usable.sum())} of {resamples} resamples have no solution",
        )
    draws = [d[usable] for d in draws]
    probes: tuple[float | None, ...] = (None,)
    if moderator is not None:
        probes = probe_values(study.columns[study.moderator], at)
    summary = _Summary(method, confidence_level)
    return ModeratedMediation(
        **shared,
        equations=fits,
        indirect=tuple(
            _indirect(study, fits, draws, k, at_value, summary)
            for k in range(len(study.mediators))
            for at_value in probes
        ),
        direct=tuple(
            _direct(study, fits, draws, at_value, summary)
            for at_value in (probes if "direct" in chosen else (None,))
        ),
        indices=_indices(study, fits, draws, summary),
    )


@dataclass(frozen=True, slots=True)
class _Study:
    """Columns of complete respondents, and the terms of every equation."""

    predictor: str
    mediators: tuple[str, ...]
    outcome: str
    moderator: str
    stages: tuple[str, ...]
    columns: dict[str, Array]
    equations: tuple[tuple[str, tuple[str, ...]], ...]
    clusters: Indices | None
    n: int

    def at(self, equation: int, base: str, stage: str, value: float | None) -> Array:
        """Weights of an equation's coefficients that give a path at a value of the moderator."""
        terms = ("intercept", *self.equations[equation][1])
        weights = np.zeros(len(terms))
        weights[terms.index(base)] = 1
        if stage in self.stages and value is not None:
            weights[terms.index(f"{base} x {self.moderator}")] = value
        return weights


def _study(
    predictor: pd.Series,
    mediators: pd.DataFrame,
    outcome: pd.Series,
    moderator: pd.Series | None,
    stages: tuple[str, ...],
    covariates: pd.DataFrame | None,
    clusters: pd.Series | None,
) -> _Study:
    parts: list[pd.Series | pd.DataFrame] = [predictor, mediators, outcome]
    parts += [part for part in (moderator, covariates) if part is not None]
    table = pd.concat(parts, axis="columns")
    table.columns = table.columns.map(str)
    if table.columns.has_duplicates:
        raise ValueError(f"two variables share a name: {', '.join(table.columns)}. Rename one.")
    whole = table.notna().all(axis="columns")
    if clusters is not None:
        whole &= clusters.notna()
    kept = table[whole]
    columns: dict[str, Array] = {str(name): kept[name].to_numpy(dtype=float) for name in kept}
    x, w = str(predictor.name), "" if moderator is None else str(moderator.name)
    names = tuple(map(str, mediators.columns))
    further = () if covariates is None else tuple(map(str, covariates.columns))
    first = (x, w, f"{x} x {w}") if "first" in stages else (x,)
    last = (x, *names)
    if {"second", "direct"} & set(stages):
        last += (w,)
    if "direct" in stages:
        last += (f"{x} x {w}",)
    if "second" in stages:
        last += tuple(f"{name} x {w}" for name in names)
    for base in (x, *names) if w else ():
        columns[f"{base} x {w}"] = columns[base] * columns[w]
    return _Study(
        predictor=x,
        mediators=names,
        outcome=str(outcome.name),
        moderator=w,
        stages=stages,
        columns=columns,
        equations=(*((name, first + further) for name in names), (str(outcome.name), last + further)),
        clusters=None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64),
        n=int(whole.sum()),
    )


def _fits(study: _Study, confidence_level: float) -> tuple[Equation, ...] | None:
    found = []
    for outcome, terms in study.equations:
        fit = least_squares(
            study.columns[outcome],
            {term: study.columns[term] for term in terms},
            outcome=outcome,
            errors="classical" if study.clusters is None else "clustered",
            clusters=study.clusters,
            confidence_level=confidence_level,
        )
        if fit is None:
            return None
        found.append(fit)
    return tuple(found)


def _drawn(
    study: _Study, fits: tuple[Equation, ...], method: Method, rng: np.random.Generator, resamples: int
) -> list[Array]:
    """Coefficients of every equation in every resample, shapes (resamples, 1 + terms)."""
    if method == "monte_carlo":
        return [rng.multivariate_normal(f.estimates, f.covariance, resamples, method="eigh") for f in fits]
    names = list(dict.fromkeys(name for outcome, terms in study.equations for name in (*terms, outcome)))
    table = np.column_stack([np.ones(study.n), *(study.columns[name] for name in names)])
    # Columns are made orthonormal first: normal equations square the condition, of products above all.
    q, r = np.linalg.qr(table)
    i, j = np.triu_indices(table.shape[1])
    sums = resampled_sums(q[:, i] * q[:, j], rng, resamples, study.clusters)
    moments = np.empty((resamples, table.shape[1], table.shape[1]))
    moments[:, i, j] = sums
    moments[:, j, i] = sums
    where = {"intercept": 0} | {name: k for k, name in enumerate(names, 1)}
    found = []
    for outcome, terms in study.equations:
        rows = [0, *(where[term] for term in terms)]
        into = r[:, rows]
        gram = into.T @ moments @ into
        right = into.T @ (moments @ r[:, where[outcome]])[..., None]
        scale = 1 / np.sqrt(np.maximum(np.einsum("bii->bi", gram), 1e-300))
        gram = gram * scale[:, :, None] * scale[:, None, :]
        singular = np.linalg.eigvalsh(gram)[:, 0] < 1e-12
        gram[singular] = np.eye(len(rows))
        solved = scale * np.linalg.solve(gram, scale[..., None] * right)[..., 0]
        solved[singular] = np.nan
        found.append(solved)
    return found


@dataclass(frozen=True, slots=True)
class _Summary:
    method: Method
    confidence_level: float

    def of(self, draws: Array, estimate: float) -> tuple[float, Interval, float]:
        """Standard error, interval and p-value."""
        spread = BootstrapDistribution.of(draws)
        interval = spread.interval(self.confidence_level)
        if self.method == "bias_corrected":
            interval = bias_corrected_interval(spread, estimate, self.confidence_level)
        return spread.std_error, interval, spread.p_value_against(0.0)


@no_estimate("arithmetic")
def bias_corrected_interval(
    spread: BootstrapDistribution, estimate: float, confidence_level: float = 0.95
) -> Interval:
    """Percentiles moved by twice the normal score of the share of draws below the estimate (Efron 1981).

    Examples
    --------
    >>> spread = BootstrapDistribution(draws=np.arange(1.0, 1000.0), failed=0)
    >>> round(bias_corrected_interval(spread, 500.0).low, 2) == round(spread.interval().low, 2)
    True
    """
    draws = spread.draws
    below = (np.searchsorted(draws, estimate, "left") + np.searchsorted(draws, estimate, "right")) / 2
    share = min(max(below / len(draws), 0.5 / len(draws)), 1 - 0.5 / len(draws))
    tail = (1 - confidence_level) / 2
    moved = [float(norm.cdf(2 * norm.ppf(share) + norm.ppf(q))) for q in (tail, 1 - tail)]
    low, high = np.quantile(draws, moved)
    return Interval(low=float(low), high=float(high), confidence_level=confidence_level)


def _indirect(
    study: _Study,
    fits: tuple[Equation, ...],
    draws: list[Array],
    k: int,
    value: float | None,
    summary: _Summary,
) -> ConditionalEffect:
    first = study.at(k, study.predictor, "first", value)
    second = study.at(-1, study.mediators[k], "second", value)
    a, b = float(first @ fits[k].estimates), float(second @ fits[-1].estimates)
    variance = b**2 * (first @ fits[k].covariance @ first) + a**2 * (second @ fits[-1].covariance @ second)
    std_error, interval, p_value = summary.of((draws[k] @ first) * (draws[-1] @ second), a * b)
    return ConditionalEffect(
        through=study.mediators[k],
        at=value,
        estimate=a * b,
        std_error=std_error,
        delta_std_error=math.sqrt(float(variance)),
        interval=interval,
        p_value=p_value,
    )


def _direct(
    study: _Study, fits: tuple[Equation, ...], draws: list[Array], value: float | None, summary: _Summary
) -> ConditionalEffect:
    weights = study.at(-1, study.predictor, "direct", value)
    estimate = float(weights @ fits[-1].estimates)
    std_error, interval, p_value = summary.of(draws[-1] @ weights, estimate)
    return ConditionalEffect(
        through="",
        at=value,
        estimate=estimate,
        std_error=std_error,
        delta_std_error=math.sqrt(float(weights @ fits[-1].covariance @ weights)),
        interval=interval,
        p_value=p_value,
    )


def _indices(
    study: _Study, fits: tuple[Equation, ...], draws: list[Array], summary: _Summary
) -> tuple[ModerationIndex, ...]:
    """Where exactly one stage is moderated, the indirect effect is a line in the moderator: its slope."""
    moderated = {"first", "second"} & set(study.stages)
    if len(moderated) != 1:
        return ()
    found = []
    for k, name in enumerate(study.mediators):
        ends = []
        for value in (0.0, 1.0):
            first = study.at(k, study.predictor, "first", value)
            second = study.at(-1, name, "second", value)
            point = float(first @ fits[k].estimates) * float(second @ fits[-1].estimates)
            ends.append((point, (draws[k] @ first) * (draws[-1] @ second)))
        estimate = ends[1][0] - ends[0][0]
        std_error, interval, p_value = summary.of(ends[1][1] - ends[0][1], estimate)
        found.append(
            ModerationIndex(
                through=name, estimate=estimate, std_error=std_error, interval=interval, p_value=p_value
            )
        )
    return tuple(found)
