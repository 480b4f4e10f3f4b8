"""Least squares of factors and covariates, with the errors that fit the sample.

Classical, HC3 (MacKinnon and White), cluster-robust (CR1), or the covariance of a sampling design.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.design.design import Design
from analysis.design.jackknife import WeightedSums
from analysis.design.linearization import Estimator, Linearized, estimated
from analysis.design.regression import design_linear, weighted_squares
from analysis.design.spread import Spread
from analysis.factorial.model import FactorColumns, Term
from analysis.weighted_moments import row_weights
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.factorial.contrasts.marginal_contrasts")

Array = npt.NDArray[np.float64]
Errors = Literal["classical", "hc3"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CompleteRows:
    """Rows of positive weight that have everything."""

    y: Array
    factors: pd.DataFrame
    covariates: pd.DataFrame
    clusters: npt.NDArray[np.int64] | None
    weights: Array  #: of whole rows
    times: Array  #: respondents of each
    whole: npt.NDArray[np.bool_]  #: (n_rows,) which of all rows these are
    n_missing: int

    @classmethod
    def of(
        cls,
        outcome: pd.Series,
        factors: pd.DataFrame,
        covariates: pd.DataFrame | None,
        clusters: pd.Series | None,
        design: Design | None,
    ) -> CompleteRows:
        """Of all rows; those without a cluster are left out too."""
        extra = pd.DataFrame(index=factors.index) if covariates is None else covariates
        weighed = row_weights(len(outcome), counts=None, design=design)
        inside = weighed.weights > 0
        whole = (
            outcome.notna() & factors.notna().all(axis="columns") & extra.notna().all(axis="columns")
        ).to_numpy() & inside
        if clusters is not None:
            whole &= clusters.notna().to_numpy()
        return cls(
            y=outcome[whole].to_numpy(dtype=float),
            factors=factors[whole],
            covariates=extra[whole],
            clusters=None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64),
            weights=weighed.weights[whole],
            times=weighed.respondents[whole],
            whole=whole,
            n_missing=int(weighed.respondents.sum() - weighed.respondents[whole].sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedFactors:
    """What contrasts need of a fitted model."""

    coefficients: Array  #: (p,)
    residual_sd: float
    joint: Array  #: (p + 1, p + 1) covariance of the coefficients and, last, of the residual sd
    df: float
    spread: Spread | None = None  #: of the sampled units, where a design's errors are the jackknife's

    @property
    def covariance(self) -> Array:
        """Of the coefficients, shape (p, p)."""
        return self.joint[:-1, :-1]

    def contrast(self, row: Array) -> tuple[float, float]:
        """A weighted sum of the coefficients and its variance."""
        return float(row @ self.coefficients), float(row @ self.covariance @ row)

    def df_of(self, row: Array) -> float:
        """Degrees of freedom of a weighted sum of the coefficients; with a jackknife Satterthwaite's."""
        return self.df if self.spread is None else min(self.df, self.spread.df(np.append(row, 0.0)))

    def over_sd(self, row: Array) -> tuple[float, float]:
        """A weighted sum of the coefficients over the residual sd, and its standard error."""
        effect = float(row @ self.coefficients) / self.residual_sd
        slope = np.append(row, -effect) / self.residual_sd
        return effect, math.sqrt(max(0.0, float(slope @ self.joint @ slope)))


def fit_rows(
    rows: CompleteRows, coded: FactorColumns, terms: Sequence[Term], errors: Errors
) -> FittedFactors | tuple[str, str]:
    """Ordinary least squares with classical, HC3 or cluster-robust errors.

    The residual sd errs as that of normal residuals, ``sd^2 / (2 df)``, or with robust errors by its own
    influence values, so that neither normal residuals nor equal spreads are taken for granted.
    """
    x = coded.matrix(terms)
    n, p = x.shape
    if np.linalg.matrix_rank(x) < p:
        reason = "the factors and covariates determine one another, so their parts cannot be told apart"
        return "inadmissible", reason
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ rows.y
    residual = rows.y - x @ coefficients
    if n <= p or residual @ residual <= 1e-12 * float(rows.y @ rows.y):
        return "too_few", f"{n} respondents for {p} coefficients leave nothing to estimate errors from"
    variance, df = float(residual @ residual) / (n - p), float(n - p)
    sd = math.sqrt(variance)
    if rows.clusters is not None:
        found = int(rows.clusters.max()) + 1
        if found < p + 1:
            return "too_few", f"{found} clusters for {p} coefficients"
        of_sd = (residual**2 / (n - p) - variance / n) / (2 * sd)
        sums = np.zeros((found, p + 1))
        np.add.at(sums, rows.clusters, np.column_stack([(x * residual[:, None]) @ inverse, of_sd]))
        joint, df = found / (found - 1) * (n - 1) / (n - p) * sums.T @ sums, float(found - 1)
    elif errors == "hc3":
        leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
        if leverage.max() > 1 - 1e-9:
            return "inadmissible", "a coefficient hangs on one respondent alone"
        # how much each respondent moves them by staying away, to first order for the sd
        of_sd = (residual**2 / (1 - leverage) - variance) / (max(1, n - p - 1) * 2 * sd)
        moved = np.column_stack([(x * (residual / (1 - leverage))[:, None]) @ inverse, of_sd])
        joint = moved.T @ moved
    else:
        joint = np.zeros((p + 1, p + 1))
        joint[:p, :p], joint[p, p] = variance * inverse, variance / (2 * df)
    return FittedFactors(coefficients=coefficients, residual_sd=sd, joint=np.asarray(joint), df=df)


def fit_under_design(
    rows: CompleteRows, coded: FactorColumns, terms: Sequence[Term], design: Design
) -> FittedFactors | tuple[str, str]:
    """Weighted least squares with the design's covariance; rows that are not used stay in the design."""
    x = coded.matrix(terms)
    wide = np.full((len(rows.whole), x.shape[1] - 1), np.nan)
    wide[rows.whole] = x[:, 1:]
    y = np.full(len(rows.whole), np.nan)
    y[rows.whole] = rows.y
    names = [f"column {at}" for at in range(wide.shape[1])]
    fit = design_linear(pd.Series(y, name="outcome"), pd.DataFrame(wide, columns=names), design)
    if fit.state != "ok":
        return fit.state, fit.reason
    if fit.df < 1:
        return "too_few", f"{fit.df:g} degrees of freedom: too few clusters for {x.shape[1]} coefficients"
    found = estimated(design, _with_sd(rows, x))
    sd = float(found.estimate[-1])
    if sd**2 <= 1e-12 * float(rows.weights @ rows.y**2 / rows.weights.sum()):
        return "too_few", f"the respondents lie on {x.shape[1]} coefficients, which leaves no errors"
    return FittedFactors(
        coefficients=found.estimate[:-1],
        residual_sd=sd,
        joint=found.covariance,
        df=fit.df,
        spread=found.spread,
    )


def _with_sd(rows: CompleteRows, x: Array) -> Estimator:
    """Coefficients and the sd of weighted residuals, dividing by n - 1 as ``svyvar`` does."""
    n = float(rows.times.sum())

    def estimator(weights: Array) -> Linearized:
        used = rows.whole
        w = weights[used]
        information = (x * w[:, None]).T @ x
        coefficients = np.linalg.solve(information, (x * w[:, None]).T @ rows.y)
        residual = rows.y - x @ coefficients
        sd = math.sqrt(float(w @ residual**2 / w.sum()))
        share = math.sqrt(n / (n - 1))
        influence = np.zeros((len(used), len(coefficients) + 1))
        influence[used, :-1] = np.linalg.solve(information, (x * (w * residual)[:, None]).T).T
        if sd > 0:
            influence[used, -1] = share * w * (residual**2 - sd**2) / (2 * sd * w.sum())
        return Linearized(
            estimate=np.append(coefficients, share * sd),
            influence=influence,
            used=used,
            sums=_sums(rows, x, weights, residual, share),
        )

    return estimator


def _sums(rows: CompleteRows, x: Array, weights: Array, residual: Array, share: float) -> WeightedSums:
    """What coefficients and sd are made of; to first order the sd does not depend on the coefficients."""
    used = rows.whole
    wide, y, squares = np.zeros((len(used), x.shape[1])), np.zeros(len(used)), np.zeros(len(used))
    wide[used], y[used], squares[used] = x, rows.y, residual**2
    w = np.where(used, weights, 0.0)
    fitted = weighted_squares(y, wide, w, used)

    def function(sums: Array) -> Array:
        sd = share * np.sqrt(sums[:, -2] / sums[:, -1])
        return np.column_stack([fitted.function(sums[:, :-2]), sd])

    return WeightedSums(terms=np.column_stack([fitted.terms, w * squares, w]), function=function)
