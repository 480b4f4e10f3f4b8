"""How many factors: eigenvalues, parallel analysis, minimum average partial correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.item_correlations import ItemCorrelations, pearson_correlations
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights, weights_given_by

Array = npt.NDArray[np.float64]
Basis = Literal["components", "factors"]
RandomData = Literal["normal", "permuted"]

BATCH_CELLS = 2_000_000  #: random answers held at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelAnalysis(Tabular):
    """Eigenvalues beside those of data without any factor."""

    basis: Basis
    data: RandomData
    percentile: float
    draws: int
    n: int | None
    eigenvalues: tuple[float, ...] = ()
    random_mean: tuple[float, ...] = ()
    random_percentile: tuple[float, ...] = ()
    suggested: int | None = None  #: leading eigenvalues above the percentile of their random counterparts
    suggested_by_mean: int | None = None  #: Horn's original rule: above the mean
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        method = f"parallel analysis of {self.basis}, {self.data} data, percentile {self.percentile:g}"
        rows = [
            Entry(
                measure="n_factors",
                method=method,
                n=self.n,
                estimate=None if self.suggested is None else float(self.suggested),
                more={"draws": float(self.draws)},
                state=self.state,
                reason=self.reason,
            )
        ]
        for i, value in enumerate(self.eigenvalues):
            more = {"random_mean": self.random_mean[i], "random_percentile": self.random_percentile[i]}
            rows.append(
                Entry(
                    measure="eigenvalue",
                    method=method,
                    about={"position": str(i + 1)},
                    n=self.n,
                    estimate=value,
                    more=more,
                )
            )
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumAveragePartial(Tabular):
    """Velicer's average partial correlations after 0, 1, 2, ... components are taken out."""

    n: int | None
    squared: tuple[float, ...] = ()  #: mean squared partial correlation, the criterion of 1976
    fourth: tuple[float, ...] = ()  #: mean fourth power, the criterion of 2000
    suggested: int | None = None  #: by squares
    suggested_by_fourth: int | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        numbers = {"squared": self.suggested, "fourth power": self.suggested_by_fourth}
        return tuple(
            Entry(
                measure="n_factors",
                method=f"minimum average partial correlation, {power}",
                n=self.n,
                estimate=None if value is None else float(value),
                state=self.state,
                reason=self.reason,
            )
            for power, value in numbers.items()
        )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def eigenvalues(correlations: ItemCorrelations, *, basis: Basis = "components") -> tuple[float, ...]:
    """Falling eigenvalues for a scree plot, of the correlations or of those with SMCs on the diagonal.

    Raises
    ------
    ValueError
        If the correlations have a state.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame([[1, 0.5], [0.5, 1]])
    >>> [round(value, 4) for value in eigenvalues(given_correlations(r))]
    [1.5, 0.5]
    """
    if correlations.state != "ok":
        raise ValueError(f"no eigenvalues ({correlations.state}): {correlations.reason}")
    return tuple(float(value) for value in _eigenvalues(correlations.matrix[None], basis)[0])


def _eigenvalues(matrices: Array, basis: Basis) -> Array:
    if basis == "factors":
        inverses = np.linalg.inv(matrices)
        matrices = matrices.copy()
        places = np.arange(matrices.shape[-1])
        matrices[:, places, places] = 1 - 1 / inverses[:, places, places]
    return np.asarray(np.linalg.eigvalsh(matrices)[:, ::-1], dtype=np.float64)


@refuses_weights(
    "random data of n independent respondents have no counterpart under a design",
    instead="analysis.exploratory.number.minimum_average_partial",
    counts="rows",
)
def parallel_analysis(
    items: pd.DataFrame,
    *,
    rng: np.random.Generator,
    basis: Basis = "components",
    data: RandomData = "normal",
    percentile: float = 95.0,
    draws: int = 500,
    counts: Counts | None = None,
) -> ParallelAnalysis:
    """Horn's parallel analysis [1]_: which eigenvalues are larger than data without factors have.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Respondents with a blank are left out.
    basis : {"components", "factors"}
        Eigenvalues of the correlations, or of the correlations with squared multiple correlations on the
        diagonal [2]_ (``psych::fa.parallel(SMC = TRUE)``), which finds weak factors that components miss and,
        with many items, some that are none.
    data : {"normal", "permuted"}
        Independent normal answers, or each item's own answers in random order, which keeps skew and steps
        [3]_.
    percentile : float
        Of the random eigenvalues; counting stops at the first eigenvalue that is not above it.
    draws : int
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    ParallelAnalysis
        With a ``state`` of the items' correlations if they have one.

    References
    ----------
    .. [1] Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis.
       Psychometrika, 30, 179-185.
    .. [2] Humphreys, L. G., & Ilgen, D. R. (1969). Note on a criterion for the number of common factors.
       Educational and Psychological Measurement, 29, 571-578.
    .. [3] Buja, A., & Eyuboglu, N. (1992). Remarks on parallel analysis. Multivariate Behavioral Research,
       27, 509-540.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> items = pd.DataFrame(rng.normal(size=(200, 1)) + rng.normal(size=(200, 6)))
    >>> parallel_analysis(items, rng=rng, draws=100).suggested
    1
    """
    items = written_out(items, counts)
    if basis not in ("components", "factors") or data not in ("normal", "permuted"):
        raise ValueError(
            f"basis is {basis!r}, data {data!r}; they can be components or factors, and normal or permuted"
        )
    if not 0 < percentile < 100:
        raise ValueError(f"a percentile lies between 0 and 100; it is {percentile}")
    answers: Array = items.to_numpy(dtype=float)
    answers = answers[~np.isnan(answers).any(axis=1)]
    found = pearson_correlations(items)
    if found.state != "ok":
        return ParallelAnalysis(
            basis=basis,
            data=data,
            percentile=percentile,
            draws=0,
            n=found.n,
            state=found.state,
            reason=found.reason,
        )
    seen = _eigenvalues(found.matrix[None], basis)[0]
    random = _random_eigenvalues(answers, rng, basis, data, draws)
    mean, limit = random.mean(axis=0), np.percentile(random, percentile, axis=0)
    return ParallelAnalysis(
        basis=basis,
        data=data,
        percentile=percentile,
        draws=draws,
        n=found.n,
        eigenvalues=tuple(float(value) for value in seen),
        random_mean=tuple(float(value) for value in mean),
        random_percentile=tuple(float(value) for value in limit),
        suggested=_leading(seen > limit),
        suggested_by_mean=_leading(seen > mean),
    )


def _random_eigenvalues(
    answers: Array, rng: np.random.Generator, basis: Basis, data: RandomData, draws: int
) -> Array:
    n, k = answers.shape
    batch = max(1, BATCH_CELLS // (n * k))
    rows = []
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        if data == "normal":
            drawn = rng.normal(size=(size, n, k))
        else:
            drawn = rng.permuted(np.broadcast_to(answers, (size, n, k)), axis=1)
        drawn -= drawn.mean(axis=1, keepdims=True)
        drawn /= np.sqrt((drawn**2).sum(axis=1, keepdims=True))
        rows.append(_eigenvalues(np.swapaxes(drawn, 1, 2) @ drawn, basis))
    return np.concatenate(rows)


def _leading(above: npt.NDArray[np.bool_]) -> int:
    return int(np.argmin(above)) if not above.all() else len(above)


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def minimum_average_partial(correlations: ItemCorrelations) -> MinimumAveragePartial:
    """Velicer's minimum average partial correlation, of squares [1]_ and of fourth powers [2]_.

    After m principal components are partialled out, the mean of the partial correlations' squares (or fourth
    powers) over pairs of items; the m with the least is suggested. 0 components means that the items hang
    together no better than pairwise. Up to ``k - 2`` components are tried, and no more than leave every item
    some variance.

    References
    ----------
    .. [1] Velicer, W. F. (1976). Determining the number of components from the matrix of partial
       correlations. Psychometrika, 41, 321-327.
    .. [2] Velicer, W. F., Eaton, C. A., & Fava, J. L. (2000). Construct explication through factor or
       component analysis. In Problems and solutions in human assessment (pp. 41-71). Kluwer.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame(np.kron(np.eye(2), np.full((3, 3), 0.6)))
    >>> r[r == 0] = 0.2
    >>> for i in range(6):
    ...     r.iloc[i, i] = 1.0
    >>> minimum_average_partial(given_correlations(r)).suggested
    2
    """
    if correlations.state != "ok":
        return MinimumAveragePartial(n=correlations.n, state=correlations.state, reason=correlations.reason)
    matrix, k = correlations.matrix, correlations.k
    values, vectors = np.linalg.eigh(matrix)
    components = (vectors * np.sqrt(values))[:, ::-1]
    squared, fourth = [], []
    for m in range(max(k - 1, 1)):
        partial = matrix - components[:, :m] @ components[:, :m].T
        left = np.diag(partial)
        if left.min() <= 1e-10:
            break
        partial = partial / np.sqrt(np.outer(left, left))
        np.fill_diagonal(partial, 0.0)
        squared.append(float((partial**2).sum()) / (k * (k - 1)))
        fourth.append(float((partial**4).sum()) / (k * (k - 1)))
    return MinimumAveragePartial(
        n=correlations.n,
        squared=tuple(squared),
        fourth=tuple(fourth),
        suggested=int(np.argmin(squared)),
        suggested_by_fourth=int(np.argmin(fourth)),
    )
