"""How two variables go together, and tables of such."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri, stdtr

from analysis.counted_rows import Counts
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import mid_ranks
from analysis.weighted_moments import row_weights
from analysis.weighting import refuses_weights

CorrelationMethod = Literal["pearson", "spearman"]
Array = npt.NDArray[np.float64]

MEASURES = {"pearson": "pearson_r", "spearman": "spearman_rho"}
METHODS = {
    "pearson": "Pearson correlation, Fisher z interval",
    "spearman": "Spearman rank correlation, Bonett-Wright interval",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(Tabular):
    """Correlation of two variables over the respondents who answered both."""

    x: str
    y: str
    method: CorrelationMethod
    estimate: float | None
    n: int
    n_missing: int
    statistic: float | None = None  #: t
    df: float | None = None
    p_value: float | None = None
    interval: Interval | None = None
    errors: str = ""  #: where not those of the method: of a sampling design
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry."""
        return (
            Entry(
                measure=MEASURES[self.method],
                method=f"{MEASURES[self.method]}, {self.errors}" if self.errors else METHODS[self.method],
                about={"x": self.x, "y": self.y},
                n=self.n,
                estimate=self.estimate,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.interval,
                more={"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationMatrix(Tabular):
    """Correlations of every pair of several variables, each over the respondents who answered both."""

    variables: tuple[str, ...]
    method: CorrelationMethod
    correlations: tuple[Correlation, ...]  #: the pairs (0, 1), (0, 2), ..., (1, 2), ...
    answered: tuple[int, ...]  #: respondents who answered each variable

    def between(self, x: str, y: str) -> Correlation:
        """The correlation of that pair, in either order; ``KeyError`` if there is none."""
        for pair in self.correlations:
            if {pair.x, pair.y} == {x, y}:
                return pair
        raise KeyError((x, y))

    def estimates(self) -> pd.DataFrame:
        """Symmetric, 1 on the diagonal, NaN where a pair has no correlation."""
        return self._square(lambda pair: pair.estimate, [1.0] * len(self.variables))

    def p_values(self) -> pd.DataFrame:
        """Symmetric, NaN on the diagonal."""
        return self._square(lambda pair: pair.p_value, [math.nan] * len(self.variables))

    def counts(self) -> pd.DataFrame:
        """Symmetric: respondents per pair; on the diagonal, who answered that variable."""
        return self._square(lambda pair: pair.n, list(self.answered)).astype(int)

    def entries(self) -> tuple[Entry, ...]:
        """One entry per pair."""
        return tuple(entry for pair in self.correlations for entry in pair.entries())

    def _square(self, number: Callable[[Correlation], float | None], diagonal: list[float]) -> pd.DataFrame:
        square = np.diag(np.asarray(diagonal, dtype=float))
        pairs = combinations(range(len(self.variables)), 2)
        for (i, j), pair in zip(pairs, self.correlations, strict=True):
            value = number(pair)
            square[i, j] = square[j, i] = math.nan if value is None else value
        return pd.DataFrame(square, index=list(self.variables), columns=list(self.variables))


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.item_correlations.pearson_correlations",
    counts="sums",
)
def correlate(
    x: pd.Series,
    y: pd.Series,
    *,
    method: CorrelationMethod = "pearson",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Correlation:
    """Correlation of two variables over the respondents who answered both.

    The test uses ``t = r sqrt((n - 2) / (1 - r²))`` on n - 2 degrees of freedom, for ranks as well (R's
    ``cor.test(exact = FALSE)``). The interval is ``tanh(atanh(r) ± z s)`` with ``s = 1 / sqrt(n - 3)`` for
    Pearson [1]_ and ``s = sqrt((1 + r²/2) / (n - 3))`` for Spearman [2]_. Tied answers get average ranks.

    Parameters
    ----------
    x, y : Series, shape (n_respondents,)
        Numbers on one index; NaN for no answer.
    method : {"pearson", "spearman"}
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    Correlation
        ``state`` is ``too_few`` with fewer than 4 respondents, ``constant`` when x or y does not vary,
        ``inadmissible`` when they lie on one line: the estimate is then 1 or -1, without test or interval.

    Raises
    ------
    ValueError
        If ``x`` and ``y`` differ in their index, or the method is unknown.

    References
    ----------
    .. [1] Fisher, R. A. (1921). On the "probable error" of a coefficient of correlation. Metron, 1, 3-32.
    .. [2] Bonett, D. G., & Wright, T. A. (2000). Sample size requirements for estimating Pearson, Kendall
       and Spearman correlations. Psychometrika, 65, 23-28.

    Examples
    --------
    >>> x = pd.Series([1, 2, 3, 4, 5, None], name="SAT")
    >>> y = pd.Series([1, 3, 2, 5, 4, 4], name="LOY")
    >>> result = correlate(x, y)
    >>> result.n, round(result.estimate, 4), round(result.p_value, 4)
    (5, 0.8, 0.1041)
    """
    if not x.index.equals(y.index):
        raise ValueError("x and y must have one index: the same respondents in the same order")
    _check(method)
    return _correlation(
        (str(x.name), x.to_numpy(dtype=float)),
        (str(y.name), y.to_numpy(dtype=float)),
        row_weights(len(x), counts=counts, design=None).respondents,
        method,
        confidence_level,
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.item_correlations.pearson_correlations",
    counts="sums",
)
def correlation_matrix(
    frame: pd.DataFrame,
    *,
    method: CorrelationMethod = "pearson",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> CorrelationMatrix:
    """Correlation of every pair of columns, each over the respondents who answered both.

    Pairwise deletion: each pair reports its own ``n``. Formulas, states and errors as in :func:`correlate`.

    Examples
    --------
    >>> frame = pd.DataFrame({"A": [1, 2, 3, 4, 5], "B": [1, 3, 2, 5, 4], "C": [5, 3, None, 2, 1]})
    >>> matrix = correlation_matrix(frame)
    >>> round(matrix.between("A", "C").estimate, 4), matrix.between("A", "C").n
    (-0.9621, 4)
    """
    _check(method)
    times = row_weights(len(frame), counts=counts, design=None).respondents
    columns = [(str(name), column.to_numpy(dtype=float)) for name, column in frame.items()]
    return CorrelationMatrix(
        variables=tuple(name for name, _ in columns),
        method=method,
        correlations=tuple(
            _correlation(x, y, times, method, confidence_level) for x, y in combinations(columns, 2)
        ),
        answered=tuple(int(times[~np.isnan(values)].sum()) for _, values in columns),
    )


def _check(method: str) -> None:
    if method not in METHODS:
        raise ValueError(f"method is one of {sorted(METHODS)}, not {method!r}")


def _correlation(
    x: tuple[str, Array],
    y: tuple[str, Array],
    times: Array,
    method: CorrelationMethod,
    confidence_level: float,
) -> Correlation:
    both = ~(np.isnan(x[1]) | np.isnan(y[1])) & (times > 0)
    a, b, own = x[1][both], y[1][both], times[both]
    n = int(own.sum())
    n_missing = int(times.sum()) - n

    def without_test(estimate: float | None, state: str, reason: str) -> Correlation:
        return Correlation(
            x=x[0],
            y=y[0],
            method=method,
            estimate=estimate,
            n=n,
            n_missing=n_missing,
            state=state,
            reason=reason,
        )

    if n < 4:
        return without_test(None, "too_few", f"{n} respondents answered both, at least 4 are needed")
    still = [name for name, values in ((x[0], a), (y[0], b)) if np.ptp(values) == 0]
    if still:
        return without_test(None, "constant", f"all answers are the same: {', '.join(still)}")
    if method == "spearman":
        a, b = _ranks(a, own), _ranks(b, own)
    r = _pearson(a, b, own)
    if 1 - abs(r) < 1e-14:
        return without_test(math.copysign(1.0, r), "inadmissible", "the answers lie on one line")
    statistic = r * math.sqrt((n - 2) / ((1 - r) * (1 + r)))
    spread = math.sqrt((1.0 if method == "pearson" else 1 + r * r / 2) / (n - 3))
    half = float(ndtri((1 + confidence_level) / 2)) * spread
    return Correlation(
        x=x[0],
        y=y[0],
        method=method,
        estimate=r,
        n=n,
        n_missing=n_missing,
        statistic=statistic,
        df=float(n - 2),
        p_value=2 * float(stdtr(n - 2, -abs(statistic))),
        interval=Interval(
            low=math.tanh(math.atanh(r) - half),
            high=math.tanh(math.atanh(r) + half),
            confidence_level=confidence_level,
        ),
    )


def _ranks(answers: Array, times: Array) -> Array:
    """Ranks of the respondents behind the rows, ties sharing their mean."""
    _, places = np.unique(answers, return_inverse=True)
    return mid_ranks(np.bincount(places, weights=times).astype(float))[places]


def _pearson(a: Array, b: Array, times: Array) -> float:
    n = times.sum()
    a, b = a - times @ a / n, b - times @ b / n
    r = float(times @ (a * b) / math.sqrt(float(times @ a**2) * float(times @ b**2)))
    return min(1.0, max(-1.0, r))
