"""Reliability from halves of a scale: Guttman's six coefficients, and every split there is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts
from analysis.design.design import Design
from analysis.results import Entry, Tabular
from analysis.weighted_moments import moments, row_weights
from analysis.weighting import no_estimate, takes_weights

Array = npt.NDArray[np.float64]

MOST_ITEMS = 16  #: up to which all splits are looked at: 6,435 of them, doubling with every further item


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitHalf(Tabular):
    """Reliability of one construct by splitting its items."""

    construct: str
    items: tuple[str, ...]
    n: int
    n_missing: int
    standardized: bool  #: of correlations rather than covariances
    lambda1: float | None = None
    lambda2: float | None = None
    lambda3: float | None = None  #: Cronbach's alpha
    lambda4: float | None = None  #: the best split; None with too many items to try all
    lambda5: float | None = None
    lambda6: float | None = None
    worst: float | None = None  #: the worst split, Revelle's beta
    mean: float | None = None  #: of all splits
    n_splits: int = 0
    odd_even_r: float | None = None  #: correlation of the sums of every other item
    odd_even: float | None = None  #: the same, stepped up to full length by Spearman and Brown
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        names = ("lambda1", "lambda2", "lambda3", "lambda4", "lambda5", "lambda6")
        numbers = {name: getattr(self, name) for name in names}
        numbers |= {"split_worst": self.worst, "split_mean": self.mean, "split_odd_even": self.odd_even}
        return tuple(self._entry(measure, value) for measure, value in numbers.items())

    def _entry(self, measure: str, value: float | None) -> Entry:
        state, reason = self.state, self.reason
        if state == "ok" and value is None and measure == "lambda6":
            state, reason = "inadmissible", "an item is an exact combination of others"
        elif state == "ok" and value is None:
            state, reason = "too_many", f"{len(self.items)} items have too many splits to try all"
        return Entry(
            measure=measure,
            method="Guttman's lambdas and split halves",
            about={"construct": self.construct},
            n=self.n,
            estimate=value,
            state=state,
            reason=reason,
        )


@no_estimate("arithmetic")
def spearman_brown(reliability: float, factor: float = 2.0) -> float:
    """Reliability of a test made ``factor`` times as long: ``f r / (1 + (f - 1) r)``.

    >>> spearman_brown(0.5)
    0.6666666666666666
    """
    return factor * reliability / (1 + (factor - 1) * reliability)


@takes_weights(
    "design",
    counts="sums",
    how="weighted covariances; point estimates, as without weights",
    reference="psych::splitHalf and guttman of survey::svyvar",
)
def split_half(
    items: pd.DataFrame,
    *,
    construct: str,
    standardized: bool = True,
    counts: Counts | None = None,
    design: Design | None = None,
) -> SplitHalf:
    """Guttman's lambdas [1]_ and the best, worst and mean of all splits into halves.

    With V the sum of the matrix, the reliability of a split is ``4 cov(a, b) / V`` (Guttman's fourth,
    Flanagan and Rulon); odd numbers of items split into halves that differ by one. lambda1 ``1 - trace / V``;
    lambda2 adds ``sqrt(k / (k - 1) sum of squared off-diagonals) / V``; lambda3 is alpha; lambda5 adds to
    lambda1 ``2 sqrt(largest column sum of squared off-diagonals) / V``; lambda6 is ``1 - sum of error
    variances of each item given the others / V``. As ``psych::splitHalf`` and
    ``psych::guttman``, which work on correlations; of an odd number of items psych 2.2.9 tries half the
    splits only.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Reverse-keyed items turned round; respondents with a blank are left out.
    standardized : bool
        Of correlations, as psych, or of covariances.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Of the population's covariances.

    References
    ----------
    .. [1] Guttman, L. (1945). A basis for analyzing test-retest reliability. Psychometrika, 10, 255-282.

    Examples
    --------
    >>> answers = [[1, 2, 1, 2], [2, 2, 3, 1], [4, 5, 4, 5], [5, 4, 5, 5], [3, 3, 2, 2]]
    >>> items = pd.DataFrame(answers, columns=list("ABCD"))
    >>> found = split_half(items, construct="x")
    >>> found.n_splits, round(found.lambda4, 4)
    (3, 0.9799)
    """
    names = tuple(str(name) for name in items.columns)
    answers: Array = items.to_numpy(dtype=float)
    weighing = row_weights(len(items), counts=counts, design=design)
    whole = ~np.isnan(answers).any(axis=1) & (weighing.respondents > 0)
    answers, rows = answers[whole], weighing.of(whole)
    n, k = rows.n, answers.shape[1]
    state, reason = _why_not(answers, names, n)
    matrix: Array = np.eye(max(k, 1))
    if state == "ok":
        matrix = moments(answers, rows)[1]
        if standardized:
            sd = np.sqrt(np.diag(matrix))
            matrix = matrix / np.outer(sd, sd)
        if matrix.sum() <= 1e-12 * np.trace(matrix):
            state, reason = "inadmissible", "the sum of the items does not vary"
    if state != "ok":
        return SplitHalf(
            construct=construct,
            items=names,
            n=n,
            n_missing=weighing.n - n,
            standardized=standardized,
            state=state,
            reason=reason,
        )
    lambdas = guttman_lambdas(matrix)
    splits = all_splits(matrix) if k <= MOST_ITEMS else None
    odd, even = _halves(matrix)
    r = odd / even
    return SplitHalf(
        construct=construct,
        items=names,
        n=n,
        n_missing=weighing.n - n,
        standardized=standardized,
        lambda1=lambdas["lambda1"],
        lambda2=lambdas["lambda2"],
        lambda3=lambdas["lambda3"],
        lambda4=None if splits is None else float(splits.max()),
        lambda5=lambdas["lambda5"],
        lambda6=lambdas.get("lambda6"),
        worst=None if splits is None else float(splits.min()),
        mean=None if splits is None else float(splits.mean()),
        n_splits=0 if splits is None else len(splits),
        odd_even_r=r,
        odd_even=spearman_brown(r) if r > -1 else None,
    )


def _why_not(answers: Array, names: tuple[str, ...], n: int) -> tuple[str, str]:
    k = answers.shape[1]
    if k < 2 or n < 3:
        return "too_few", f"{n} respondents answered all of {k} items; halves need 2 items and 3 respondents"
    constant = [name for name, spread in zip(names, np.ptp(answers, axis=0), strict=True) if spread == 0]
    if constant:
        return "constant", f"all answers are the same: {', '.join(constant)}"
    return "ok", ""


def _halves(matrix: Array) -> tuple[float, float]:
    """Covariance of the sums of every other item, and the product of their standard deviations."""
    a, b = slice(0, None, 2), slice(1, None, 2)
    shared = float(matrix[a, b].sum())
    return shared, float(np.sqrt(matrix[a, a].sum() * matrix[b, b].sum()))


@no_estimate("arithmetic")
def guttman_lambdas(matrix: Array) -> dict[str, float]:
    """Guttman's lambdas except the fourth, from covariances or correlations.

    ``lambda6`` is missing when an item is an exact combination of the others.
    """
    k, total = len(matrix), float(matrix.sum())
    off = matrix - np.diag(np.diag(matrix))
    squares = off**2
    first = 1 - float(np.trace(matrix)) / total
    found = {
        "lambda1": first,
        "lambda2": first + float(np.sqrt(k / (k - 1) * squares.sum())) / total,
        "lambda3": first * k / (k - 1),
        "lambda5": first + 2 * float(np.sqrt(squares.sum(axis=0).max())) / total,
    }
    if np.linalg.cond(matrix) < 1e12:
        found["lambda6"] = 1 - float((1 / np.diag(np.linalg.inv(matrix))).sum()) / total
    return found


@no_estimate("arithmetic")
def all_splits(matrix: Array) -> Array:
    """Reliability ``4 cov(a, b) / V`` of every split into halves, each split once."""
    k = len(matrix)
    half = k // 2
    total = float(matrix.sum())
    # With an even number of items, keeping the first item in one half lists each split once.
    fixed = k % 2 == 0
    chosen = np.array(list(combinations(range(1 if fixed else 0, k), half - 1 if fixed else half)), dtype=int)
    signs = -np.ones((len(chosen), k))
    np.put_along_axis(signs, chosen, 1.0, axis=1)
    if fixed:
        signs[:, 0] = 1.0
    return np.asarray(1 - np.einsum("si,ij,sj->s", signs, matrix, signs, optimize=True) / total)
