"""Estimating where each respondent stands on the factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.exploratory.factors import FactorAnalysis
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
ScoreMethod = Literal["regression", "bartlett", "ten_berge"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorScores:
    """Scores, the weights that made them, and how far they can be trusted."""

    method: ScoreMethod
    scores: pd.DataFrame  #: NaN for respondents who left an item blank
    weights: pd.DataFrame  #: of the standardised items, shape (n_items, n_factors)
    determinacy: tuple[float, ...]  #: squared multiple correlation of each factor with all items
    correlations: pd.DataFrame  #: of the scores, as the model implies them
    n: int  #: respondents with scores
    n_missing: int


@refuses_weights("items are standardised over the sample analysed; scores are of respondents", counts="rows")
def factor_scores(
    items: pd.DataFrame,
    analysis: FactorAnalysis,
    *,
    method: ScoreMethod = "regression",
    counts: Counts | None = None,
) -> FactorScores:
    """Factor scores of the respondents whose items were analysed.

    Items are standardised by their mean and standard deviation (n - 1) over complete respondents. Weights:
    regression (Thurstone) ``R^-1 S`` with the structure S, least error but shrunken and correlated otherwise
    than the factors; Bartlett ``U^-2 L (L' U^-2 L)^-1``, unbiased given the factors; ten Berge [1]_,
    correlated exactly as the factors. As ``psych::factor.scores``.

    Raises
    ------
    ValueError
        If the columns are not the items analysed, or the analysis has no admissible loadings.

    References
    ----------
    .. [1] Ten Berge, J. M. F., Krijnen, W. P., Wansbeek, T., & Shapiro, A. (1999). Some new results on
       correlation-preserving factor scores prediction methods. Linear Algebra and its Applications, 289,
       311-318.

    Examples
    --------
    >>> from analysis.exploratory.factors import factor_analysis
    >>> from analysis.item_correlations import pearson_correlations
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)), columns=list("ABCD"))
    >>> found = factor_analysis(pearson_correlations(items), n_factors=1)
    >>> round(float(factor_scores(items, found, method="ten_berge").scores["F1"].std()), 4)
    1.0
    """
    items = written_out(items, counts)
    names = [str(name) for name in items.columns]
    if tuple(names) != analysis.items:
        raise ValueError(
            f"the analysis is of {', '.join(analysis.items)}; the columns are {', '.join(names)}"
        )
    if analysis.state != "ok":
        raise ValueError(f"no scores from this analysis ({analysis.state}): {analysis.reason}")
    if method not in ("regression", "bartlett", "ten_berge"):
        raise ValueError(f"method is {method!r}; it can be regression, bartlett or ten_berge")
    weights = _weights(analysis, method)
    answers: Array = items.to_numpy(dtype=float)
    whole = ~np.isnan(answers).any(axis=1)
    mean, sd = answers[whole].mean(axis=0), answers[whole].std(axis=0, ddof=1)
    scores = (answers - mean) / sd @ weights
    matrix = analysis.correlations
    implied = weights.T @ matrix @ weights
    root = np.sqrt(np.diag(implied))
    thurstone = np.linalg.solve(matrix, analysis.structure_matrix)
    factors = list(analysis.factors)
    return FactorScores(
        method=method,
        scores=pd.DataFrame(scores, index=items.index, columns=factors),
        weights=pd.DataFrame(weights, index=names, columns=factors),
        determinacy=tuple(
            float(value) for value in np.einsum("ij,ij->j", thurstone, analysis.structure_matrix)
        ),
        correlations=pd.DataFrame(implied / np.outer(root, root), index=factors, columns=factors),
        n=int(whole.sum()),
        n_missing=int((~whole).sum()),
    )


def _weights(analysis: FactorAnalysis, method: ScoreMethod) -> Array:
    loadings, phi, matrix = analysis.pattern, analysis.phi, analysis.correlations
    if method == "regression":
        return np.asarray(np.linalg.solve(matrix, analysis.structure_matrix))
    if method == "bartlett":
        scaled = loadings / np.asarray(analysis.uniquenesses)[:, None]
        return np.asarray(scaled @ np.linalg.inv(loadings.T @ scaled))
    half = _power(phi, 0.5)
    turned = loadings @ half
    inverse_root = _power(matrix, -0.5)
    middle = _power(turned.T @ np.linalg.inv(matrix) @ turned, -0.5)
    return np.asarray(inverse_root @ (inverse_root @ turned @ middle) @ half)


def _power(matrix: Array, exponent: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)
