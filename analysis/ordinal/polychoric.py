"""Correlations of what lies behind ordered answers: polychoric, and tetrachoric for two by two answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.fisher_z import correlation_interval
from analysis.ordinal.polychoric_fit import (
    AT_BOUND,
    ZeroCells,
    fill_zero_cells,
    fit_correlations,
    thresholds_of,
)
from analysis.ordinal.polychoric_influence import Influence, influence, sum_of_products, sums_in_clusters
from analysis.ordinal.tables import (
    Cells,
    Missing,
    OrdinalAnswers,
    ordinal_answers,
    pair_tables,
    pairs,
    rescaled,
)
from analysis.positive_definite import SmoothedCorrelations, smooth_correlations
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import step_of, takes_weights

WEIGHTING = step_of("analysis.ordinal.polychoric.polychoric_correlations")

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

#: Fewer respondents than this who answered both items tell nothing about their correlation.
FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PolychoricCorrelation(Tabular):
    """Correlation of the two normal variables behind a pair of items."""

    x: str
    y: str
    estimate: float | None
    std_error: float | None
    n: float  #: respondents (sum of the weights) who answered both
    n_zero_cells: int  #: cells of the two-way table in which there is nobody
    measure: str = "polychoric_r"  #: ``tetrachoric_r`` when both items have two categories
    confidence_level: float = 0.95
    state: str = "ok"
    reason: str = ""

    @property
    def interval(self) -> Interval | None:
        """Symmetric on Fisher's z scale; None without a standard error."""
        return correlation_interval(self.estimate, self.std_error, self.confidence_level)

    def entries(self) -> tuple[Entry, ...]:
        """One entry."""
        return (
            Entry(
                measure=self.measure,
                method="Two-step maximum likelihood, interval on Fisher's z scale",
                about={"x": self.x, "y": self.y},
                n=round(self.n),
                estimate=self.estimate,
                std_error=self.std_error,
                interval=self.interval,
                more={"n_zero_cells": self.n_zero_cells},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolychoricCorrelations(Tabular):
    """Polychoric correlations of every pair of several items.

    ``state`` is ``"ok"`` only when every pair has a correlation inside the bound and the matrix is positive
    definite. A pair without a correlation is NaN in ``matrix``, and its word stands in ``states``.
    """

    items: tuple[str, ...]
    categories: tuple[tuple[object, ...], ...]  #: per item, the answers that occur, lowest first
    matrix: Array  #: shape (n_items, n_items)
    std_errors: Array  #: shape (n_items, n_items), 0 on the diagonal
    thresholds: tuple[Array, ...]  #: per item, one less than its categories
    threshold_std_errors: tuple[Array, ...]
    n: float  #: respondents (sum of the weights) used
    n_missing: float  #: respondents left out altogether
    pair_n: Array  #: shape (n_items, n_items), respondents who answered both; on the diagonal, that one
    zero_cells: Counts  #: shape (n_items, n_items), empty cells of the two-way tables
    states: dict[tuple[str, str], tuple[str, str]]  #: state and reason of the pairs that are not ok
    missing: Missing
    zero_cell_rule: ZeroCells
    #: Covariance matrix of all thresholds (item by item), then all correlations ((1, 2), (1, 3), ..., (2, 3),
    #: ...), **times n**: what lavaan calls NACOV or gamma. None unless asked for.
    asymptotic_covariance: Array | None
    smallest_eigenvalue: float | None  #: of the matrix; None when a correlation is missing
    #: Shifts summed within clusters, shape (n_thresholds + n_pairs, n_clusters); None without clusters.
    cluster_sums: Array | None = None
    state: str = "ok"
    reason: str = ""

    def between(self, x: str, y: str, *, confidence_level: float = 0.95) -> PolychoricCorrelation:
        """The correlation of that pair, in either order; ``KeyError`` if there is none."""
        if x == y or x not in self.items or y not in self.items:
            raise KeyError((x, y))
        i, j = sorted((self.items.index(x), self.items.index(y)))
        return self._pair(i, j, confidence_level)

    def _pair(self, i: int, j: int, confidence_level: float = 0.95) -> PolychoricCorrelation:
        state, reason = self.states.get((self.items[i], self.items[j]), ("ok", ""))
        binary = len(self.categories[i]) == len(self.categories[j]) == 2
        return PolychoricCorrelation(
            x=self.items[i],
            y=self.items[j],
            estimate=_number(self.matrix[i, j]),
            std_error=_number(self.std_errors[i, j]),
            n=float(self.pair_n[i, j]),
            n_zero_cells=int(self.zero_cells[i, j]),
            measure="tetrachoric_r" if binary else "polychoric_r",
            confidence_level=confidence_level,
            state=state,
            reason=reason,
        )

    def __iter__(self) -> Iterator[PolychoricCorrelation]:
        """The pairs (1, 2), (1, 3), ..., (2, 3), ..."""
        return (self._pair(int(i), int(j)) for i, j in zip(*pairs(len(self.items)), strict=True))

    def entries(self) -> tuple[Entry, ...]:
        """Every pair, then every threshold with its item and number."""
        found = [entry for pair in self for entry in pair.entries()]
        for i, (item, values) in enumerate(zip(self.items, self.thresholds, strict=True)):
            found += [
                Entry(
                    measure="threshold",
                    method="Normal quantile of the cumulative share",
                    about={"item": item, "threshold": str(k)},
                    n=round(float(self.pair_n[i, i])),
                    estimate=float(value),
                    std_error=float(error),
                )
                for k, (value, error) in enumerate(zip(values, self.threshold_std_errors[i], strict=True), 1)
            ]
        return tuple(found)

    def to_matrix(self) -> pd.DataFrame:
        """The correlations as a square frame with the items' names."""
        return pd.DataFrame(self.matrix, index=list(self.items), columns=list(self.items))

    def smoothed(self) -> SmoothedCorrelations:
        """The nearest this project gets to a positive definite matrix, and how far it had to go."""
        if np.isnan(self.matrix).any():
            raise ValueError(f"a matrix with missing correlations cannot be smoothed: {self.reason}")
        return smooth_correlations(self.matrix)


@takes_weights(
    "weights",
    counts="sums",
    how="weighted estimating equations, errors from the respondents' weighted shifts, summed within clusters",
    reference="lavaan sampling.weights; copies in clusters",
)
def polychoric_correlations(
    answers: pd.DataFrame | npt.NDArray[np.generic],
    *,
    counts: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    missing: Missing = "pairwise",
    asymptotic_covariance: bool = False,
    zero_cells: ZeroCells = "binary",
) -> PolychoricCorrelations:
    """Polychoric correlations of all pairs of ordered items, with standard errors.

    Each answer is taken for a normal variable cut at thresholds. Two steps [1]_: thresholds are normal
    quantiles of the cumulative shares of each item; with these held, the correlation of each pair maximises
    the likelihood of their two-way table. Standard errors allow for the thresholds being estimated, and for
    any distribution of the answers' patterns ([2]_; the numbers of lavaan's ``lavCor`` and its ``NACOV``).
    ``polycor::polychor`` has the same estimates but standard errors as if the thresholds were known.

    Parameters
    ----------
    answers : DataFrame or array, shape (n_respondents, n_items)
        Numbers or ordered categoricals, NaN for no answer; the categories of an item are those that occur.
    counts : array_like, shape (n_respondents,), optional
        Frequency weights: 2 stands for two respondents with these answers.
    weights : array_like, shape (n_respondents,), optional
        How many of the population each respondent stands for. Estimates solve the weighted equations of both
        steps, and standard errors are of these equations: squares of the respondents' weighted shifts.
    clusters : array_like, shape (n_respondents,), optional
        Who was drawn together: shifts are summed within clusters before they are squared, times
        ``clusters / (clusters - 1)``.
    missing : {"pairwise", "listwise"}
        Pairwise, an item's thresholds come from all who answered it and a pair's correlation from all who
        answered both; standard errors follow suit. Listwise uses respondents without any blank.
    asymptotic_covariance : bool
        Whether to compute the full covariance matrix too, which least squares on ordered items needs. Its
        diagonal, the standard errors, always comes, at almost no cost.
    zero_cells : {"binary", "keep"}
        What happens to a cell with nobody in it. ``"binary"``, as lavaan: in two-by-two tables 0.5 goes into
        the empty cell and its opposite and out of the other two, which keeps the margins; larger tables are
        left alone. ``"keep"``: nothing, as polycor, and as ``psych::polychoric`` whose ``correct`` has no
        effect (in version 2.2.9) while thresholds come from the whole sample, its default.

    Returns
    -------
    PolychoricCorrelations
        Pairs: ``too_few`` with fewer than 5 respondents who answered both, ``constant`` when an item has one
        category, ``inadmissible`` when the likelihood rises up to a correlation of 1 (no standard error),
        ``empty_cell`` for a two-by-two table with an empty cell, or when nobody who answered both items chose
        one of the categories: estimate and error are kept. The matrix: ``inadmissible`` when it is not
        positive definite; nothing is smoothed unless :meth:`PolychoricCorrelations.smoothed` is asked.

    References
    ----------
    .. [1] Olsson, U. (1979). Maximum likelihood estimation of the polychoric correlation coefficient.
       Psychometrika, 44, 443-460.
    .. [2] Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical, and
       continuous latent variable indicators. Psychometrika, 49, 115-132.

    Examples
    --------
    Two by two, cut at the medians: the correlation is sin(pi / 2 (4 share - 1)) = sin(pi / 10).

    >>> import pandas as pd
    >>> answers = pd.DataFrame({"x": [0] * 10 + [1] * 10, "y": [0] * 6 + [1] * 4 + [0] * 4 + [1] * 6})
    >>> pair = polychoric_correlations(answers).between("x", "y")
    >>> pair.measure, round(pair.estimate, 6), round(math.sin(math.pi / 10), 6)
    ('tetrachoric_r', 0.309017, 0.309017)
    """
    if zero_cells not in ("binary", "keep"):
        raise ValueError(f'zero_cells is {zero_cells!r}, expected "binary" or "keep"')
    together = None if clusters is None else pd.factorize(np.asarray(clusters))[0]
    if together is not None and (together < 0).any():
        raise ValueError("clusters are missing for some respondents; leave these out, or name their cluster")
    (data,) = rescaled(
        [
            ordinal_answers(
                answers,
                weights=counts,
                missing=missing,
                sampling_weights=weights,
                clusters=together,
            )
        ]
    )
    if len(data.items) < 2:
        raise ValueError(f"correlations need at least 2 items, there are {len(data.items)}")
    return correlations_of(data, missing=missing, full=asymptotic_covariance, zero_cells=zero_cells)


def correlations_of(
    data: OrdinalAnswers,
    *,
    missing: Missing,
    full: bool,
    zero_cells: ZeroCells,
    n_clusters: int | None = None,
) -> PolychoricCorrelations:
    """:func:`polychoric_correlations` for answers that are numbered already.

    ``n_clusters`` are those of all groups when these are some group's answers.
    """
    first, second = pairs(len(data.items))
    tables = pair_tables(data.codes, max(data.levels, 2), data.weights)
    counts = _margins(data)
    tau = thresholds_of(counts)
    states = _pairs_without(data, tables)
    usable = np.array([pair not in states for pair in _names(data)], dtype=bool)
    binary = (np.array([len(c) for c in data.categories]) == 2)[np.stack([first, second])].all(axis=0)
    rho = np.full(len(first), np.nan)
    cut = fill_zero_cells(tables[usable, 1:, 1:], binary[usable], zero_cells)
    fit = fit_correlations(cut, tau[first[usable]], tau[second[usable]])
    rho[usable] = fit.rho
    found = np.zeros(len(first), dtype=bool)
    found[usable] = fit.converged & ~fit.at_bound
    shifts = influence(tables, counts, tau, np.where(found, rho, np.nan))
    states |= _states_of_fits(data, tables, rho, found, binary & usable)
    for i in np.flatnonzero(usable & ~found):
        rho[i] = rho[i] if abs(rho[i]) > AT_BOUND else np.nan
    matrix = _square(rho, 1.0)
    covariance, sums = _covariance(data, shifts, n_clusters) if full or data.sampled else (None, None)
    errors = _errors(shifts, tables, counts) if covariance is None else np.sqrt(np.diag(covariance))
    per_item = np.cumsum([len(table) for table in shifts.thresholds])
    state, reason, smallest = _state_of_matrix(matrix, states)
    return PolychoricCorrelations(
        items=data.items,
        categories=data.categories,
        matrix=matrix,
        std_errors=_square(errors[per_item[-1] :], 0.0),
        thresholds=tuple(tau[i, 1 : len(c)] for i, c in enumerate(data.categories)),
        threshold_std_errors=tuple(np.split(errors, per_item)[:-1]),
        n=data.n,
        n_missing=data.n_missing,
        pair_n=_square(tables[:, 1:, 1:].sum(axis=(1, 2)), counts.sum(axis=1)),
        zero_cells=_square(_n_zero_cells(data, tables), 0.0).astype(np.intp),
        states=states,
        missing=missing,
        zero_cell_rule=zero_cells,
        asymptotic_covariance=covariance * data.n if full and covariance is not None else None,
        smallest_eigenvalue=smallest,
        cluster_sums=sums,
        state=state,
        reason=reason,
    )


def _covariance(
    data: OrdinalAnswers, shifts: Influence, n_clusters: int | None
) -> tuple[Array, Array | None]:
    """Of thresholds and correlations, and what it is made of when respondents were drawn in clusters."""
    if data.clusters is None:
        return sum_of_products(data.codes, data.squared, shifts), None
    count = int(data.clusters.max(initial=0)) + 1 if n_clusters is None else n_clusters
    sums = sums_in_clusters(data.codes, data.weights, shifts, data.clusters, count)
    return sums @ sums.T * cluster_factor(data.clusters), sums


def cluster_factor(clusters: Cells) -> float:
    """``clusters / (clusters - 1)``, which makes the covariance of few clusters unbiased."""
    count = len(np.unique(clusters))
    return count / (count - 1) if count > 1 else 1.0


def _errors(shifts: Influence, tables: Array, counts: Array) -> Array:
    """Standard errors from the tables alone, thresholds first: no respondent is looked at again."""
    thresholds = [(table[:, 1:] ** 2 * counts[i]).sum(axis=1) for i, table in enumerate(shifts.thresholds)]
    return np.asarray(np.sqrt(np.concatenate([*thresholds, shifts.correlation_variances(tables)])))


def _margins(data: OrdinalAnswers) -> Array:
    levels = max(data.levels, 2)
    return np.stack(
        [np.bincount(item, data.weights, minlength=levels + 1)[1:].astype(float) for item in data.codes.T]
    )


def _names(data: OrdinalAnswers) -> list[tuple[str, str]]:
    first, second = pairs(len(data.items))
    return [(data.items[i], data.items[j]) for i, j in zip(first, second, strict=True)]


def _square(values: Array, diagonal: float | Array) -> Array:
    """Values of the pairs on both sides of a diagonal."""
    p = int((1 + math.isqrt(1 + 8 * len(values))) // 2)
    square = np.zeros((p, p))
    square[pairs(p)] = values
    square += square.T
    np.fill_diagonal(square, diagonal)
    return square


def _n_zero_cells(data: OrdinalAnswers, tables: Array) -> Array:
    """Empty cells among those that the categories of both items allow."""
    first, second = pairs(len(data.items))
    k = np.array([len(values) for values in data.categories])
    occupied = (tables[:, 1:, 1:] > 0).sum(axis=(1, 2))
    return np.asarray(k[first] * k[second] - occupied, dtype=float)


def _pairs_without(data: OrdinalAnswers, tables: Array) -> dict[tuple[str, str], tuple[str, str]]:
    """Pairs whose answers cannot have a correlation."""
    states = {}
    categories = dict(zip(data.items, data.categories, strict=True))
    for pair, n in zip(_names(data), tables[:, 1:, 1:].sum(axis=(1, 2)), strict=True):
        constant = [name for name in pair if len(categories[name]) == 1]
        if n < FEWEST:
            states[pair] = "too_few", f"{n:g} respondents answered both items, at least {FEWEST} are needed"
        elif constant:
            states[pair] = "constant", f"all answers are the same: {', '.join(constant)}"
    return states


def _states_of_fits(
    data: OrdinalAnswers, tables: Array, rho: Array, found: Flags, binary: Flags
) -> dict[tuple[str, str], tuple[str, str]]:
    """Pairs whose correlation is to be read with care, or did not come out."""
    states = {}
    answered = tables[:, 1:, 1:]
    k = np.array([len(values) for values in data.categories])
    first, second = pairs(len(data.items))
    rows, columns = (answered.sum(axis=2) > 0).sum(axis=1), (answered.sum(axis=1) > 0).sum(axis=1)
    gone = (rows < k[first]) | (columns < k[second])
    empty = binary & ((answered[:, :2, :2] == 0).any(axis=(1, 2)))
    names = _names(data)
    for i in np.flatnonzero(~np.isnan(rho) & (~found | gone | empty)):
        pair = names[i]
        if abs(rho[i]) > AT_BOUND:
            reason = "the likelihood rises up to a correlation of 1: the answers to one follow from the other"
            states[pair] = "inadmissible", reason
        elif not found[i]:
            states[pair] = "not_converged", "no maximum of the likelihood was found"
        elif gone[i]:
            states[pair] = "empty_cell", "nobody who answered both items chose one of the categories"
        else:
            states[pair] = "empty_cell", "nobody is in one of the four cells"
    return states


def _state_of_matrix(
    matrix: Array, states: dict[tuple[str, str], tuple[str, str]]
) -> tuple[str, str, float | None]:
    for word in ("too_few", "constant", "not_converged", "inadmissible"):
        concerned = [(pair, reason) for pair, (state, reason) in states.items() if state == word]
        if concerned:
            (x, y), reason = concerned[0]
            more = f" (and {len(concerned) - 1} more pairs)" if len(concerned) > 1 else ""
            return word, f"{x} with {y}: {reason}{more}", None
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest <= 1e-10:
        reason = f"the matrix is not positive definite: smallest eigenvalue {smallest:.3g}"
        return "inadmissible", reason, smallest
    return "ok", "", smallest


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
