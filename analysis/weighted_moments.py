"""Means and covariances of rows that weigh unequally, and the respondents behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.counted_rows import Counts, checked_counts
from analysis.design.design import Design, SurveyDesign
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.item_correlations.pearson_correlations", "analysis.reliability.cronbach_alpha")

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowWeights:
    """What each row weighs in sums, and how many respondents it stands for."""

    weights: Array  #: (n_rows,) sampling weight times count
    respondents: Array  #: (n_rows,) of positive weight

    def of(self, rows: Mask) -> RowWeights:
        """Those of a part of the rows."""
        own = self.respondents[rows]
        return RowWeights(weights=own if self.counted else self.weights[rows], respondents=own)

    @property
    def counted(self) -> bool:
        """Whether rows weigh no more than the respondents they stand for."""
        return self.weights is self.respondents

    @property
    def n(self) -> int:
        return int(self.respondents.sum())


def row_weights(n_rows: int, *, counts: Counts | None, design: Design | None) -> RowWeights:
    """What the rows weigh: as they count, as the design says, else 1 each.

    Raises
    ------
    ValueError
        If both are given (a design carries its own counts), or if the design is of other rows.

    Examples
    --------
    >>> row_weights(3, counts=[2, 0, 1], design=None).n
    3
    """
    if design is None:
        own = np.ones(n_rows) if counts is None else checked_counts(counts, n_rows)
        return RowWeights(weights=own, respondents=own)
    if counts is not None:
        raise ValueError("counts and a design are both given; hand the counts to survey_design(counts=...)")
    if design.n_rows != n_rows:
        raise ValueError(
            f"{n_rows} answers for a design of {design.n_rows} rows: they must be the same respondents in "
            "the same order. Use design.within(...) for a part of them."
        )
    each = design.counts if isinstance(design, SurveyDesign) and design.counts is not None else 1.0
    return RowWeights(weights=design.totals_weights, respondents=np.where(design.weights > 0, each, 0.0))


def moments(answers: Array, rows: RowWeights) -> tuple[Array, Array]:
    """Means, shape (k,), and covariances, shape (k, k): ``n / (n - 1) sum w (x - m)(x - m)' / sum w``.

    With counts this divides by ``n - 1``, with sampling weights it is ``survey::svyvar``.

    Parameters
    ----------
    answers : array, shape (n_rows, k)
        Without missing answers among rows of positive weight.

    Examples
    --------
    >>> rows = row_weights(2, counts=[3, 1], design=None)
    >>> mean, covariance = moments(np.array([[1.0], [5.0]]), rows)
    >>> mean.tolist(), covariance.tolist()
    ([2.0], [[4.0]])
    """
    w, total, n = rows.weights, rows.weights.sum(), rows.n
    mean = w @ answers / total
    apart = answers - mean
    return mean, np.asarray((apart * w[:, None]).T @ apart / total * (n / (n - 1)))
