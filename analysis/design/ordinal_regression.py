"""Proportional-odds regression under a sampling design."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.design.design import Array, Codes, Design
from analysis.design.regression import DesignRegression, dependent, fitted, predictor_columns
from analysis.weighting import takes_weights


@takes_weights("design", counts="given", how="pseudo-likelihood, linearised", reference="survey::svyolr")
def design_ordinal(
    outcome: pd.Series, predictors: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignRegression:
    """Proportional-odds logit of ordered answers [1]_, as ``survey::svyolr``.

    ``logit P(Y <= k) = threshold_k - x b``. The first coefficients are those of the predictors, the last the
    thresholds, named ``code|next code``. The degrees of freedom are those of :func:`design_linear`; R prints
    normal tests here.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
        Ordered codes as numbers, at least 3 of them; NaN for no answer.
    predictors : DataFrame, shape (n_rows, n_predictors)

    Returns
    -------
    DesignRegression
        ``state`` is ``not_converged`` when no maximum was found.

    References
    ----------
    .. [1] McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society
       B, 42, 109-142.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y = pd.Series([1, 2, 2, 3, 1, 3, 2, 3], name="SAT")
    >>> x = pd.DataFrame({"YEARS": [1.0, 2, 3, 4, 2, 3, 1, 5]})
    >>> fit = design_ordinal(y, x, survey_design(np.ones(8)))
    >>> [(c.about["predictor"], round(c.estimate, 3)) for c in fit.coefficients]
    [('YEARS', 2.099), ('1|2', 2.975), ('2|3', 6.431)]
    """
    y = outcome.to_numpy(dtype=float)
    codes = np.unique(y[~np.isnan(y) & (design.weights > 0)])
    x = predictor_columns(predictors, design)
    cuts = [f"{low:g}|{high:g}" for low, high in pairwise(codes)]

    def fit(own: Array, columns: Array, w: Array) -> tuple[Array, Array, Array] | tuple[str, str]:
        return _proportional_odds(np.searchsorted(codes, own).astype(np.int64), columns[:, 1:], w, len(codes))

    fitted_model = fitted(
        outcome,
        predictors,
        design,
        fit,
        "Proportional-odds regression, variance of the design",
        confidence_level,
        names=(*x.names[1:], *cuts),
    )
    # Without an intercept a predictor stands one place further to the front.
    terms = {name: tuple(i - 1 for i in at) for name, at in fitted_model.terms.items()}
    return replace(fitted_model, terms=terms)


def _proportional_odds(y: Codes, x: Array, w: Array, k: int) -> tuple[Array, Array, Array] | tuple[str, str]:
    if k < 2:
        return "constant", "all answers are the same"
    if dependent(np.column_stack([np.ones(len(y)), x]), w):
        return "inadmissible", "the predictors determine each other: leave one of them out"
    share = np.cumsum(np.bincount(y, weights=w, minlength=k))[:-1] / w.sum()
    if not ((share > 0) & (np.diff(np.concatenate([share, [1.0]])) > 0)).all():
        return "empty_cell", "an answer given elsewhere is given by nobody here"
    center = np.average(x, axis=0, weights=w)
    scale = np.sqrt(np.average((x - center) ** 2, axis=0, weights=w))
    z = (x - center) / scale
    theta = np.concatenate([np.zeros(x.shape[1]), np.log(share / (1 - share))])
    now = _likelihood(theta, y, z, k)
    for _ in range(100):
        value, information = now.values @ w, now.information(w)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e13:
            break
        step = np.linalg.solve(information, w @ now.scores)
        if np.abs(step).max() < 1e-10:
            return _unscaled(theta, now.scores, information, center, scale)
        for _ in range(40):
            tried = _likelihood(theta + step, y, z, k)
            if np.isfinite(tried.values).all() and tried.values @ w >= value - 1e-9 * abs(value):
                break
            step = step / 2
        theta, now = theta + step, tried
    return "not_converged", "no maximum of the likelihood was found: the predictors may separate the answers"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Likelihood:
    """Log-likelihood of each row, its slope, and what the curvature is made of."""

    values: Array  #: (n,)
    scores: Array  #: (n, p + k - 1)
    upper: Array  #: (n, p + k - 1) slope of the row's upper threshold
    lower: Array
    upper_curve: Array  #: (n,)
    lower_curve: Array

    def information(self, w: Array) -> Array:
        """Less the second derivative of the weighted log-likelihood."""
        outer = (self.scores * w[:, None]).T @ self.scores
        bend = (self.upper * (w * self.upper_curve)[:, None]).T @ self.upper
        return np.asarray(outer - bend + (self.lower * (w * self.lower_curve)[:, None]).T @ self.lower)


def _likelihood(theta: Array, y: Codes, x: Array, k: int) -> _Likelihood:
    p = x.shape[1]
    n = len(y)
    thresholds = np.concatenate([[-np.inf], theta[p:], [np.inf]])
    eta = x @ theta[:p]
    ends, slopes = [], []
    for at in (y + 1, y):  # upper and lower threshold of the answer given
        marks = np.zeros((n, k - 1))
        inner = (at > 0) & (at < k)
        marks[inner, at[inner] - 1] = 1
        slopes.append(np.hstack([-x * inner[:, None], marks]))
        ends.append(expit(thresholds[at] - eta))
    (above, below), (upper, lower) = ends, slopes
    with np.errstate(divide="ignore", invalid="ignore"):
        share = above - below
        high, low = above * (1 - above), below * (1 - below)
        scores = (high[:, None] * upper - low[:, None] * lower) / share[:, None]
        return _Likelihood(
            values=np.log(share),
            scores=scores,
            upper=upper,
            lower=lower,
            upper_curve=high * (1 - 2 * above) / share,
            lower_curve=low * (1 - 2 * below) / share,
        )


def _unscaled(
    theta: Array, scores: Array, hessian: Array, center: Array, scale: Array
) -> tuple[Array, Array, Array]:
    """From centred and scaled predictors back to their own units."""
    p = len(center)
    back = np.eye(len(theta))  # own coefficients = back @ scaled ones
    back[:p, :p] = np.diag(1 / scale)
    back[p:, :p] = center / scale
    inverse = np.linalg.inv(back)
    return back @ theta, scores @ inverse, inverse.T @ hessian @ inverse
