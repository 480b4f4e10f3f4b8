"""Least squares with an intercept, and its errors: classical, robust, by clusters or by a design."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from analysis.design.design import Design
from analysis.design.linearization import Linearized, estimated
from analysis.results import Interval
from analysis.weighting import step_of

WEIGHTING = step_of(
    "analysis.johnson_neyman.moderate",
    "analysis.regression_blocks.regression_blocks",
    "analysis.response_surface.response_surface",
)

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: ``classical``: equal variances. ``hc3``: robust. ``clustered``: CR1. ``design``: of a sampling design.
Errors = Literal["classical", "hc3", "clustered", "design"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficient:
    """One term of one equation, unstandardised."""

    equation: str  #: the outcome of the equation
    term: str  #: ``intercept``, a variable, or a product such as ``quality x age``
    estimate: float
    std_error: float
    statistic: float
    df: float
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equation:
    """Least squares with its errors."""

    outcome: str
    terms: tuple[str, ...]
    estimates: Array
    covariance: Array
    df: float
    r_squared: float
    confidence_level: float = 0.95

    def coefficient(self, term: str) -> Coefficient:
        """One term; ``KeyError`` if the equation has none of that name."""
        if term not in self.terms:
            raise KeyError(term)
        k = self.terms.index(term)
        return self.combination(term, np.eye(len(self.terms))[k])

    def combination(self, name: str, weights: Array) -> Coefficient:
        """A weighted sum of coefficients."""
        estimate = float(weights @ self.estimates)
        error = math.sqrt(max(float(weights @ self.covariance @ weights), 0.0))
        reach = float(student.isf((1 - self.confidence_level) / 2, self.df)) * error
        statistic = estimate / error if error > 0 else math.copysign(math.inf, estimate)
        return Coefficient(
            equation=self.outcome,
            term=name,
            estimate=estimate,
            std_error=error,
            statistic=statistic,
            df=self.df,
            p_value=float(2 * student.sf(abs(statistic), self.df)),
            interval=Interval(
                low=estimate - reach, high=estimate + reach, confidence_level=self.confidence_level
            ),
        )


def errors_of(errors: Errors | None, *, clusters: object | None, design: object | None) -> Errors:
    """The errors asked for, or those that go with what is given: design, clusters, else robust.

    Raises
    ------
    ValueError
        If they do not go together.

    Examples
    --------
    >>> errors_of(None, clusters=None, design=None)
    'hc3'
    """
    if design is not None and (clusters is not None or errors not in (None, "design")):
        raise ValueError(
            "a design has its own errors: leave out errors and clusters, and hand the clusters to "
            "survey_design(clusters=...)"
        )
    if errors == "design" and design is None:
        raise ValueError('errors="design" needs a design: see analysis.design.design.survey_design')
    if errors == "clustered" and clusters is None:
        raise ValueError('errors="clustered" needs clusters: give the branch of each respondent')
    if design is not None:
        return "design"
    return errors or ("hc3" if clusters is None else "clustered")


def least_squares(
    y: Array,
    columns: dict[str, Array],
    *,
    outcome: str,
    errors: Errors = "classical",
    clusters: npt.NDArray[np.int64] | None = None,
    counts: Array | None = None,
    confidence_level: float = 0.95,
) -> Equation | None:
    """Ordinary least squares with an intercept; None where columns are exact combinations of others.

    ``hc3`` divides residuals by ``1 - leverage`` (MacKinnon & White 1985); ``clustered`` is CR1 with
    ``clusters - 1`` degrees of freedom. ``counts`` are respondents that each row stands for.

    Examples
    --------
    >>> fit = least_squares(np.array([1.0, 2, 4]), {"x": np.array([0.0, 1, 2])}, outcome="y")
    >>> round(fit.coefficient("x").estimate, 6), fit.df
    (1.5, 1.0)
    """
    x = np.column_stack([np.ones(len(y)), *columns.values()])
    times = np.ones(len(y)) if counts is None else counts
    n, k = float(times.sum()), x.shape[1]
    factored = _factored(x, times)
    if n <= k or factored is None:
        return None
    q, r, scale = factored
    root = np.sqrt(times)
    estimates = np.linalg.solve(r, q.T @ (root * y)) / scale
    residuals = y - x @ estimates
    half = np.linalg.inv(r) / scale[:, None]
    bread = half @ half.T
    df = n - k
    if errors == "clustered" and clusters is not None:
        groups = int(clusters.max()) + 1
        if groups < 3:
            return None
        summed = np.zeros((groups, k))
        np.add.at(summed, clusters, x * (times * residuals)[:, None])
        covariance = bread @ summed.T @ summed @ bread * groups / (groups - 1) * (n - 1) / (n - k)
        df = float(groups - 1)
    elif errors == "hc3":
        leverage = np.square(q).sum(axis=1) / times  # of one respondent of the row
        weighted = x * (root * residuals / (1 - leverage))[:, None]
        covariance = bread @ weighted.T @ weighted @ bread
    else:
        covariance = bread * float(times @ residuals**2) / df
    return _equation(y, residuals, times, (outcome, *columns), estimates, covariance, df, confidence_level)


def design_least_squares(
    y: Array,
    columns: dict[str, Array],
    design: Design,
    used: Mask,
    *,
    outcome: str,
    confidence_level: float = 0.95,
) -> Equation | None:
    """Weighted least squares with the design's errors, as ``survey::svyglm``; None where it has no solution.

    Parameters
    ----------
    y : array, shape (n_used,)
    columns : dict of arrays, shape (n_used,)
    design : SurveyDesign or ReplicateDesign
        Of all rows.
    used : array of bool, shape (n_rows,)
        The rows that ``y`` and ``columns`` are of; the others stay in the design, outside the estimate.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> design = survey_design([1, 1, 2, 1])
    >>> fit = design_least_squares(np.array([1.0, 2, 4]), {"x": np.array([0.0, 1, 2])}, design,
    ...                            np.array([True, True, True, False]), outcome="y")
    >>> round(fit.coefficient("x").estimate, 4), fit.df
    (1.5455, 1.0)
    """
    x = np.column_stack([np.ones(len(y)), *columns.values()])
    w = design.totals_weights[used]
    df = design.degrees_of_freedom(used) + 1 - x.shape[1]
    if df < 1 or _factored(x[w > 0], w[w > 0]) is None:
        return None

    def slopes(weights: Array) -> Linearized:
        own = weights[used]
        factored = _factored(x, own)
        if factored is None:
            raise ValueError(f"{outcome}: a replicate of the weights leaves no regression")
        q, r, scale = factored
        found = np.linalg.solve(r, q.T @ (np.sqrt(own) * y)) / scale
        half = np.linalg.inv(r) / scale[:, None]
        influence = np.zeros((len(used), x.shape[1]))
        influence[used] = (x * (own * (y - x @ found))[:, None]) @ half @ half.T
        return Linearized(estimate=found, influence=influence, used=used)

    found = estimated(design, slopes)
    names = (outcome, *columns)
    return _equation(
        y, y - x @ found.estimate, w, names, found.estimate, found.covariance, df, confidence_level
    )


def _factored(x: Array, w: Array) -> tuple[Array, Array, Array] | None:
    """Q and R of the weighted columns, and the units they are in; None where they determine each other."""
    # scaled, so that products of large variables do not look like exact combinations
    scale = np.sqrt(w @ np.square(x) / w.sum())
    if (scale == 0).any():
        return None
    scaled = x / scale * np.sqrt(w)[:, None]
    if np.linalg.cond(scaled) > 1e10:
        return None
    q, r = np.linalg.qr(scaled)
    return q, r, scale


def _equation(
    y: Array,
    residuals: Array,
    w: Array,
    names: tuple[str, ...],
    estimates: Array,
    covariance: Array,
    df: float,
    confidence_level: float,
) -> Equation:
    total = float(w @ np.square(y - w @ y / w.sum()))
    return Equation(
        outcome=names[0],
        terms=("intercept", *names[1:]),
        estimates=estimates,
        covariance=np.asarray(covariance),
        df=df,
        r_squared=1 - float(w @ residuals**2) / total if total > 0 else 0.0,
        confidence_level=confidence_level,
    )
