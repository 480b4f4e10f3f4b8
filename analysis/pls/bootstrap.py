"""Bootstrap of a path model: every resample is a correlation matrix, and all are solved at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from analysis.bootstrap import BootstrapDistribution, correlations_from_sums, resampled_correlations
from analysis.counted_rows import Counts, written_out
from analysis.pls.estimate import (
    PathModelEstimate,
    Scheme,
    Solution,
    estimate,
    item_data,
    solve,
    total_effects,
)
from analysis.pls.specify import PathModel
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Array = npt.NDArray[np.float64]
IntervalMethod = Literal["percentile", "bca"]

BATCH = 1000  #: resamples solved at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ResampledEstimate:
    """One number of the model with its bootstrap error."""

    measure: str  #: ``path``, ``total_effect``, ``loading``, ``weight``, ``r_squared``
    about: tuple[str, ...]  #: source and target; or item; or construct
    estimate: float
    std_error: float
    interval: Interval
    p_value: float  #: two-sided, by inverting the percentile interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResampledModel(Tabular):
    """A path model with bootstrap intervals."""

    fitted: PathModelEstimate
    resamples: int
    failed: int  #: resamples without a solution
    method: IntervalMethod
    estimates: tuple[ResampledEstimate, ...] = ()
    state: str = "ok"
    reason: str = ""

    def of(self, measure: str, *about: str) -> ResampledEstimate:
        """One number; ``KeyError`` if there is none."""
        for found in self.estimates:
            if (found.measure, found.about) == (measure, about):
                return found
        raise KeyError((measure, about))

    def entries(self) -> tuple[Entry, ...]:
        """One row a number."""
        method = f"PLS path model, {self.method} bootstrap of {self.resamples} resamples"
        if self.state != "ok":
            return (
                Entry(measure="path", method=method, n=self.fitted.n, state=self.state, reason=self.reason),
            )
        keys = {
            "path": ("source", "target"),
            "total_effect": ("source", "target"),
            "r_squared": ("construct",),
        }
        return tuple(
            Entry(
                measure=one.measure,
                method=method,
                about=dict(zip(keys.get(one.measure, ("item",)), one.about, strict=True)),
                n=self.fitted.n,
                estimate=one.estimate,
                std_error=one.std_error,
                p_value=one.p_value,
                interval=one.interval,
            )
            for one in self.estimates
        )


@refuses_weights(
    "composites are estimated from the sample's correlations, and their errors by drawing respondents",
    instead="analysis.sem.fit.fit",
    counts="rows",
)
def bootstrap(
    items: pd.DataFrame,
    model: PathModel,
    *,
    rng: np.random.Generator,
    resamples: int = 5000,
    scheme: Scheme = "path",
    method: IntervalMethod = "percentile",
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> ResampledModel:
    """Bootstrap errors and intervals of paths, total effects, loadings, weights and R squared.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
    method : {"percentile", "bca"}
        BCa (Efron 1987) corrects for bias and skew, the latter by leaving out one respondent at a time.
    clusters : Series, optional
        Whole clusters are resampled; percentile intervals only.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    A resample begins with the weights of the sample and keeps their signs. A loading beyond 1 in a resample
    counts: leaving such resamples out would cut one tail of the intervals.

    Examples
    --------
    >>> from analysis.pls.specify import composite, paths
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)), columns=list("abcd"))
    >>> model = PathModel(constructs=(composite("X", "ab"), composite("Y", "cd")), paths=paths("X", "Y"))
    >>> found = bootstrap(items, model, rng=rng, resamples=500).of("path", "X", "Y")
    >>> round(found.estimate, 3), found.interval.excludes(0)
    (0.661, True)
    """
    items, clusters = written_out(items, counts), written_out(clusters, counts)
    if method == "bca" and clusters is not None:
        raise ValueError("method='bca' has no form for clusters; use method='percentile'.")
    fitted = estimate(items, model, scheme=scheme)
    if fitted.solution is None or fitted.state != "ok":
        return ResampledModel(
            fitted=fitted,
            resamples=resamples,
            failed=0,
            method=method,
            state=fitted.state,
            reason=fitted.reason,
        )
    data, whole = item_data(items, model)
    codes = None
    if clusters is not None:
        if clusters[whole].isna().any():
            raise ValueError("clusters are missing for some respondents; leave those respondents out first.")
        codes = pd.factorize(clusters[whole])[0].astype(np.int64)
    start = fitted.solution.weights[0]
    drawn = _solved(resampled_correlations(data, rng, resamples, codes), model, scheme, start)
    usable = np.asarray(np.isfinite(drawn).all(axis=1))
    failed = int((~usable).sum())
    if failed > 0.05 * resamples:
        return ResampledModel(
            fitted=fitted,
            resamples=resamples,
            failed=failed,
            method=method,
            state="not_converged",
            reason=f"{failed} of {resamples} resamples have no solution",
        )
    point = _numbers(fitted.solution, model)[0]
    left_out = _solved(_leave_one_out(data), model, scheme, start) if method == "bca" else None
    labels = list(_labels(model))
    estimates = []
    for k, (measure, about) in enumerate(labels):
        spread = BootstrapDistribution.of(drawn[usable, k])
        interval = spread.interval(confidence_level)
        if left_out is not None:
            interval = bca_interval(spread, float(point[k]), left_out[:, k], confidence_level)
        estimates.append(
            ResampledEstimate(
                measure=measure,
                about=about,
                estimate=float(point[k]),
                std_error=spread.std_error,
                interval=interval,
                p_value=spread.p_value_against(0.0),
            )
        )
    return ResampledModel(
        fitted=fitted, resamples=resamples, failed=failed, method=method, estimates=tuple(estimates)
    )


@no_estimate("arithmetic")
def bca_interval(
    spread: BootstrapDistribution, estimate: float, left_out: Array, confidence_level: float
) -> Interval:
    """Bias-corrected and accelerated interval (Efron 1987).

    Examples
    --------
    >>> draws = np.random.default_rng(0).normal(size=4000)
    >>> round(bca_interval(BootstrapDistribution.of(draws), 0.0, np.arange(-5.0, 6.0), 0.95).low, 1)
    -1.9
    """
    draws = spread.draws
    if draws[0] == draws[-1]:
        return Interval(low=float(draws[0]), high=float(draws[-1]), confidence_level=confidence_level)
    below = (np.searchsorted(draws, estimate, "left") + np.searchsorted(draws, estimate, "right")) / 2
    bias = float(norm.ppf(np.clip(below / len(draws), 0.5 / len(draws), 1 - 0.5 / len(draws))))
    gap = np.nanmean(left_out) - left_out[np.isfinite(left_out)]
    length = float(np.square(gap).sum()) ** 1.5
    skew = float((gap**3).sum()) / (6 * length) if length > 0 else 0.0
    tail = (1 - confidence_level) / 2
    z = bias + np.array([norm.ppf(tail), norm.ppf(1 - tail)])
    low, high = np.quantile(draws, np.asarray(norm.cdf(bias + z / (1 - skew * z))))
    return Interval(low=float(low), high=float(high), confidence_level=confidence_level)


def _leave_one_out(data: Array) -> Array:
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    i, j = np.triu_indices(data.shape[1])
    terms = np.column_stack([np.ones(len(z)), z, z[:, i] * z[:, j]])
    return correlations_from_sums(terms.sum(axis=0) - terms, data.shape[1])


def _solved(correlations: Array, model: PathModel, scheme: Scheme, start: Array) -> Array:
    """Numbers of all matrices; not a number where there is no solution."""
    found = []
    for begin in range(0, len(correlations), BATCH):
        batch = correlations[begin : begin + BATCH]
        finite = np.asarray(np.isfinite(batch).all(axis=(1, 2)))
        solution = solve(np.where(finite[:, None, None], batch, np.eye(batch.shape[1])), model, scheme, start)
        numbers = _numbers(solution, model)
        numbers[~(solution.converged & solution.solvable & finite)] = np.nan
        found.append(numbers)
    return np.concatenate(found)


def _labels(model: PathModel) -> Iterator[tuple[str, tuple[str, ...]]]:
    structure = model.structure()
    reach = np.asarray(total_effects(structure[None].astype(float))[0] > 0)
    for measure, present in (("path", structure), ("total_effect", reach)):
        for target, source in np.argwhere(present):
            yield measure, (model.names[source], model.names[target])
    for measure in ("loading", "weight"):
        for item in model.items:
            yield measure, (item,)
    for name in model.endogenous:
        yield "r_squared", (name,)


def _numbers(solution: Solution, model: PathModel) -> Array:
    """In the order of ``_labels``, shape (resamples, numbers)."""
    structure = model.structure()
    reach = np.asarray(total_effects(structure[None].astype(float))[0] > 0)
    endogenous = np.asarray(structure.any(axis=1))
    return np.concatenate(
        [
            solution.paths[:, structure],
            total_effects(solution.paths)[:, reach],
            solution.loadings,
            solution.weights.sum(axis=2),
            solution.r_squared[:, endogenous],
        ],
        axis=1,
    )
