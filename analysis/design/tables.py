"""Cross-tables of a population and their tests of independence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import chdtrc, fdtrc

from analysis.design.design import Array, Design
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import answered, matrix
from analysis.design.wald import DesignTest, f_test
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate, takes_weights

#: ``second_order``: Rao and Scott's statistic against F with estimated degrees of freedom, the usual choice.
#: ``first_order``: against chi-square after division by the mean design effect. ``wald``, ``adjusted_wald``:
#: of the differences from independence; poor with many cells and few clusters.
TableTest = Literal["second_order", "first_order", "wald", "adjusted_wald"]

METHODS = {
    "second_order": "Rao-Scott test, second order",
    "first_order": "Rao-Scott test, first order",
    "wald": "Wald test of independence",
    "adjusted_wald": "Adjusted Wald test of independence",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedTable(Tabular):
    """Shares of the cells of a cross-table, how they vary, and tests of independence."""

    rows: str
    columns: str
    n: int  #: respondents who answered both
    df: float  #: clusters less strata
    counts: pd.DataFrame  #: respondents, unweighted
    shares: pd.DataFrame  #: of the population, adding up to 1
    std_errors: pd.DataFrame  #: of the shares
    covariance: Array  #: of the shares, row by row; (n_cells, n_cells)
    totals: pd.DataFrame  #: members of the population in the cells
    totals_covariance: Array  #: (n_cells, n_cells)
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The share of each cell, then the second-order test."""
        cells = tuple(
            Entry(
                measure="cell_share",
                method="Weighted share, variance of the design",
                about={self.rows: str(row), self.columns: str(column)},
                n=self.n,
                estimate=float(str(self.shares.loc[row, column])),
                std_error=float(str(self.std_errors.loc[row, column])),
                df=(self.df,),
                more={"count": float(str(self.counts.loc[row, column]))},
            )
            for row in self.shares.index
            for column in self.shares.columns
        )
        return (*cells, *self.test().entries())

    def test(self, method: TableTest = "second_order") -> DesignTest:
        """Test of independence of rows and columns, as ``survey::svychisq``.

        Pearson's chi-square of the weighted shares, scaled to n respondents, is a sum of chi-squares weighted
        by generalised design effects [1]_. The second order compares it, divided by their sum, with F on
        ``sum^2 / sum of squares`` and that many times the design's degrees of freedom [2]_. With empty cells
        ``state`` is ``small_expected``: the numbers stay, and R's differ from them by a few per cent.

        References
        ----------
        .. [1] Rao, J. N. K., & Scott, A. J. (1984). On chi-squared tests for multiway contingency tables with
           cell proportions estimated from survey data. Annals of Statistics, 12, 46-60.
        .. [2] Thomas, D. R., & Rao, J. N. K. (1987). Small-sample comparisons of level and power for simple
           goodness-of-fit statistics under cluster sampling. Journal of the American Statistical Association,
           82, 630-636.
        """
        about = {"rows": self.rows, "columns": self.columns}
        blank = DesignTest(
            measure="independence",
            method=METHODS[method],
            about=about,
            n=self.n,
            state=self.state,
            reason=self.reason,
        )
        if self.state != "ok":
            return blank
        if self.df < 1:
            return _refused(blank, "too_few", f"{self.df:g} degrees of freedom")
        share = self.shares.to_numpy()
        if method in ("wald", "adjusted_wald"):
            totals = self.totals.to_numpy()
            return _wald(totals, self.totals_covariance, self.df, blank, adjusted=method == "adjusted_wald")
        return rao_scott(share, self.covariance, self.df, blank, first_order=method == "first_order")


@takes_weights(
    "design", counts="given", how="weighted shares; Rao and Scott tests", reference="survey::svychisq"
)
def weighted_table(rows: pd.Series, columns: pd.Series, design: Design) -> WeightedTable:
    """Cross-table of two closed questions with shares of the population and their errors.

    Parameters
    ----------
    rows, columns : Series, shape (n_rows,)
        Codes in the order of the design; NaN for no answer. Codes nobody of positive weight gave are left
        out.

    Returns
    -------
    WeightedTable
        ``state`` is ``constant`` with fewer than two rows or columns.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> tier = pd.Series([1] * 6 + [2] * 6, name="TIER")
    >>> app = pd.Series([1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0], name="APP")
    >>> table = weighted_table(tier, app, survey_design([1, 2] * 6))
    >>> test = table.test()
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (4.2422, 0.0639)
    """
    a, b = matrix(rows.to_frame(), design)[:, 0], matrix(columns.to_frame(), design)[:, 0]
    known = answered(a, b)
    inside = known & (design.weights > 0)
    if not inside.any():
        empty = pd.DataFrame()
        return WeightedTable(
            rows=str(rows.name),
            columns=str(columns.name),
            n=0,
            df=0.0,
            counts=empty,
            shares=empty,
            std_errors=empty,
            covariance=np.empty((0, 0)),
            totals=empty,
            totals_covariance=np.empty((0, 0)),
            state="too_few",
            reason="nobody of positive weight answered both questions",
        )
    a_codes, b_codes = np.unique(a[inside]), np.unique(b[inside])
    shape = len(a_codes), len(b_codes)
    cell = np.searchsorted(a_codes, a[inside]) * shape[1] + np.searchsorted(b_codes, b[inside])
    marks = np.zeros((design.n_rows, shape[0] * shape[1]))
    marks[np.flatnonzero(inside), cell] = 1

    def cells(weights: Array) -> Linearized:
        w = np.where(inside, weights, 0.0)
        total, whole = w @ marks, w.sum()
        influence = np.hstack([w[:, None] * (marks - total / whole) / whole, w[:, None] * marks])
        return Linearized(estimate=np.concatenate([total / whole, total]), influence=influence, used=known)

    result = estimated(design, cells)
    counts = getattr(design, "counts", None)
    one = np.ones(design.n_rows) if counts is None else counts

    def frame(values: Array) -> pd.DataFrame:
        return pd.DataFrame(
            values.reshape(shape),
            index=pd.Index(a_codes, name=str(rows.name)),
            columns=pd.Index(b_codes, name=str(columns.name)),
        )

    narrow, k = min(shape) < 2, shape[0] * shape[1]
    return WeightedTable(
        rows=str(rows.name),
        columns=str(columns.name),
        n=result.n,
        df=result.df,
        counts=frame(one @ marks),
        shares=frame(result.estimate[:k]),
        std_errors=frame(result.std_error[:k]),
        covariance=result.covariance[:k, :k],
        totals=frame(result.estimate[k:]),
        totals_covariance=result.covariance[k:, k:],
        state="constant" if narrow else "ok",
        reason=f"the table is {shape[0]} x {shape[1]}: one question has a single answer" if narrow else "",
    )


@no_estimate("arithmetic")
def rao_scott(
    share: Array, covariance: Array, df: float, blank: DesignTest, *, first_order: bool = False
) -> DesignTest:
    """Rao and Scott's test from the shares of a table and their covariance."""
    p = share.ravel()
    expected = np.outer(share.sum(axis=1), share.sum(axis=0)).ravel()
    statistic = float(((p - expected) ** 2 / expected).sum()) * blank.n
    contrast = _interactions(share.shape)
    inverse = np.where(p > 0, 1 / np.where(p > 0, p, 1), 0.0)
    scaled = contrast * inverse[:, None]
    simple = scaled.T @ ((np.diag(p) - np.outer(p, p)) / blank.n) @ scaled
    if np.linalg.cond(simple) > 1e12:
        return _refused(blank, "empty_cell", "too many empty cells to tell rows from columns")
    effects = np.linalg.solve(simple, scaled.T @ covariance @ scaled)
    total, squares = float(np.trace(effects)), float(np.trace(effects @ effects))
    q = contrast.shape[1]
    if not total > 0:
        return _refused(blank, "constant", "the shares have no variance under this design")
    more = {"chi_square": statistic, "mean_design_effect": total / q}
    if (p == 0).any():
        reason = f"{int((p == 0).sum())} of {len(p)} cells are empty: the correction is a rough one"
        blank = replace(blank, state="small_expected", reason=reason)
    if first_order:
        corrected = statistic / (total / q)
        return _done(blank, corrected, (float(q),), float(chdtrc(q, corrected)), more)
    first = total**2 / squares
    f = statistic / total
    return _done(blank, f, (first, first * df), float(fdtrc(first, first * df, f)), more)


def _wald(totals: Array, covariance: Array, df: float, blank: DesignTest, *, adjusted: bool) -> DesignTest:
    """Test of the differences between cell totals and those expected under independence."""
    r, c = totals.shape
    whole = totals.sum()
    row, column = totals.sum(axis=1) / whole, totals.sum(axis=0) / whole
    difference = (totals - whole * np.outer(row, column))[:-1, :-1].ravel()
    slope = np.zeros(((r - 1) * (c - 1), r * c))
    for i in range(r - 1):
        for j in range(c - 1):
            own = np.full((r, c), row[i] * column[j])
            own[i, j] += 1
            own[i, :] -= column[j]
            own[:, j] -= row[i]
            slope[i * (c - 1) + j] = own.ravel()
    test = f_test(
        difference,
        slope @ covariance @ slope.T,
        df,
        measure=blank.measure,
        method=blank.method,
        about=blank.about,
        n=blank.n,
    )
    if not adjusted or test.statistic is None:
        return test
    q = len(difference)
    left = df - q + 1
    if left <= 0:
        return _refused(blank, "too_few", f"{df:g} degrees of freedom for {q} differences from independence")
    f = test.statistic * left / df
    return _done(blank, f, (float(q), left), float(fdtrc(q, left, f)), {})


def _interactions(shape: tuple[int, ...]) -> Array:
    """Contrasts of cells that rows and columns alone leave at zero, shape (n_cells, (r - 1)(c - 1))."""
    parts = [np.eye(size)[:, 1:] - 1 / size for size in shape]
    return np.asarray(np.kron(parts[0], parts[1]))


def _done(
    blank: DesignTest, statistic: float, df: tuple[float, ...], p: float, more: dict[str, float]
) -> DesignTest:
    return replace(blank, statistic=statistic, df=df, p_value=p, more=more)


def _refused(blank: DesignTest, state: str, reason: str) -> DesignTest:
    return replace(blank, state=state, reason=reason)
