"""Average marginal effects of an ordered regression: how much a predictor moves the share of each answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.ordinal_likelihood import LATENT, Latent, Link, maximize
from analysis.ordinal_regression import (
    Errors,
    OrdinalCases,
    OrdinalTerm,
    covariance_of,
    ordinal_cases,
    term_of,
)
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalEffect:
    """Change of the probability of one answer."""

    predictor: str
    answer: str
    kind: str  #: ``slope`` per unit of a number, ``contrast`` of a category with the first one
    effect: OrdinalTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalEffects(Tabular):
    """Average marginal effects on every answer; those of one predictor add up to zero."""

    outcome: str
    link: Link
    errors: Errors
    n: int
    n_missing: int
    effects: tuple[MarginalEffect, ...] = ()
    state: str = "ok"
    reason: str = ""

    def effect(self, predictor: str, answer: str) -> OrdinalTerm:
        """One effect; ``KeyError`` if there is none of these names."""
        for found in self.effects:
            if (found.predictor, found.answer) == (predictor, answer):
                return found.effect
        raise KeyError((predictor, answer))

    def entries(self) -> tuple[Entry, ...]:
        """``average_marginal_effect`` of every predictor on every answer."""
        method = f"Ordered {self.link}, average marginal effects, delta method, {self.errors} errors"
        if not self.effects:
            return (
                Entry(
                    measure="average_marginal_effect",
                    method=method,
                    about={"outcome": self.outcome},
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure="average_marginal_effect",
                method=method,
                about={
                    "outcome": self.outcome,
                    "predictor": found.predictor,
                    "answer": found.answer,
                    "kind": found.kind,
                },
                n=self.n,
                estimate=found.effect.estimate,
                std_error=found.effect.std_error,
                statistic=found.effect.statistic,
                df=() if found.effect.df is None else (found.effect.df,),
                p_value=found.effect.p_value,
                interval=found.effect.interval,
            )
            for found in self.effects
        )


@refuses_weights(
    "errors of the likelihood of a simple random sample",
    instead="analysis.design.ordinal_regression.design_ordinal",
    counts="sums",
)
def average_marginal_effects(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    link: Link = "logit",
    errors: Errors | None = None,
    counts: npt.ArrayLike | None = None,
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
) -> MarginalEffects:
    """Average change of the probability of each answer, with errors by the delta method.

    For a number it is the mean over respondents of ``dP(Y = k) / dx``; for a category the mean difference
    between everybody in it and everybody in the first category, other predictors as they are. A predictor
    given as its own square or product is taken for a predictor of its own: its effect is then not one of
    the variable behind it. Parameters are those of
    :func:`analysis.ordinal_regression.ordinal_regression`.

    Examples
    --------
    >>> y = pd.Series([1, 2, 2, 3, 1, 3, 2, 3], name="SAT")
    >>> x = pd.DataFrame({"YEARS": [1.0, 2, 3, 4, 2, 3, 1, 5]})
    >>> found = average_marginal_effects(y, x)
    >>> [round(found.effect("YEARS", answer).estimate, 4) for answer in ("1", "2", "3")]
    [-0.2201, 0.0042, 0.2158]
    """
    if (errors == "clustered") and clusters is None:
        raise ValueError('errors="clustered" needs clusters: give the branch of each respondent')
    cases = ordinal_cases(outcome, predictors, counts=counts, clusters=clusters)
    kind: Errors = errors or ("model" if clusters is None else "clustered")
    shared: dict[str, Any] = {
        "outcome": cases.outcome,
        "link": link,
        "errors": kind,
        "n": cases.n,
        "n_missing": cases.n_missing,
    }
    if cases.trouble:
        return MarginalEffects(**shared, state=cases.trouble[0], reason=cases.trouble[1])
    fit = maximize(cases.y, cases.x, cases.w, len(cases.levels), link)
    if fit is None:
        reason = "no maximum of the likelihood was found: the predictors may separate the answers"
        return MarginalEffects(**shared, state="not_converged", reason=reason)
    covariance = covariance_of(fit, cases, kind)
    df = float(cases.n_clusters - 1) if kind == "clustered" and cases.n_clusters else None
    effects = []
    for j, name in enumerate(cases.names):
        measure = _contrast if j in cases.marks else _slope
        estimates, jacobian = measure(cases, fit.parameters, j, LATENT[link])
        for level, estimate, row in zip(cases.levels, estimates, jacobian, strict=True):
            term = term_of(name, float(estimate), float(row @ covariance @ row), df, confidence_level)
            contrast = "contrast" if j in cases.marks else "slope"
            effects.append(MarginalEffect(predictor=name, answer=level, kind=contrast, effect=term))
    return MarginalEffects(**shared, effects=tuple(effects))


def _slope(cases: OrdinalCases, theta: Array, j: int, latent: Latent) -> tuple[Array, Array]:
    """Effects on the answers, shape (n_levels,), and their derivatives, (n_levels, n_parameters)."""
    p, w = len(cases.names), cases.w / cases.w.sum()
    limits = theta[p:][None, :] - (cases.x @ theta[:p])[:, None]  # (n, thresholds)
    density, bend = latent.density(limits), latent.slope(limits)
    # P(Y <= k) falls by the density times the slope
    falling = -theta[j] * (w @ density)
    derivative = np.zeros((len(falling), len(theta)))
    derivative[:, :p] = theta[j] * ((bend * w[:, None]).T @ cases.x)
    derivative[:, j] -= w @ density
    derivative[:, p:] = -theta[j] * np.diag(w @ bend)
    return _between(falling), _between(derivative)


def _contrast(cases: OrdinalCases, theta: Array, j: int, latent: Latent) -> tuple[Array, Array]:
    p, w = len(cases.names), cases.w / cases.w.sum()
    totals, derivatives = [], []
    for value in (1.0, 0.0):
        x = cases.x.copy()
        x[:, list(cases.marks[j])] = 0.0
        x[:, j] = value
        limits = theta[p:][None, :] - (x @ theta[:p])[:, None]
        density = latent.density(limits)
        totals.append(w @ latent.cdf(limits))
        derivatives.append(np.hstack([-(density * w[:, None]).T @ x, np.diag(w @ density)]))
    return _between(totals[0] - totals[1]), _between(derivatives[0] - derivatives[1])


def _between(cumulative: Array) -> Array:
    """From effects on ``P(Y <= k)`` to effects on ``P(Y = k)``; the last cumulative one is zero."""
    edge = np.zeros((1, *cumulative.shape[1:]))
    return np.diff(np.concatenate([edge, cumulative, edge]), axis=0)
