"""Hierarchical regression: what each block of predictors adds, and who sways the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts, written_out
from analysis.design.design import Design
from analysis.least_squares import Equation, Errors, design_least_squares, errors_of, least_squares
from analysis.regression import complete_cases
from analysis.results import Entry, Tabular
from analysis.weighted_moments import RowWeights, moments, row_weights
from analysis.weighting import refuses_weights, takes_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """One step of the hierarchy."""

    name: str
    added: tuple[str, ...]
    r_squared: float  #: of all blocks so far
    adjusted_r_squared: float
    change: float  #: in R squared
    statistic: float | None  #: F of the change, classical; None under a design
    df: tuple[float, float]
    p_value: float | None
    robust_statistic: float  #: Wald F that the added coefficients are zero, with the errors named
    robust_df: tuple[float, float]
    robust_p_value: float
    equation: Equation
    vif: tuple[tuple[str, float], ...]  #: of every predictor so far


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionBlocks(Tabular):
    """Blocks of predictors in their order of entry, on the same respondents."""

    outcome: str
    errors: Errors
    n: int
    n_missing: int
    n_clusters: int | None = None
    blocks: tuple[Block, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """``change_in_r_squared`` and its ``robust_wald`` of every block, then the last coefficients."""
        about = {"outcome": self.outcome}
        if not self.blocks:
            return (
                Entry(
                    measure="change_in_r_squared",
                    method="Hierarchical OLS",
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        rows = []
        for block in self.blocks:
            where = {**about, "block": block.name}
            rows += [
                Entry(
                    measure="change_in_r_squared",
                    method="Hierarchical OLS"
                    if block.statistic is None
                    else "Hierarchical OLS, F test of the change",
                    about=where,
                    n=self.n,
                    estimate=block.change,
                    statistic=block.statistic,
                    df=() if block.statistic is None else block.df,
                    p_value=block.p_value,
                    more={"r_squared": block.r_squared, "adjusted": block.adjusted_r_squared},
                ),
                Entry(
                    measure="robust_wald",
                    method=f"Wald test of the block, {self.errors} errors",
                    about=where,
                    n=self.n,
                    statistic=block.robust_statistic,
                    df=block.robust_df,
                    p_value=block.robust_p_value,
                ),
            ]
        last = self.blocks[-1]
        inflation = dict(last.vif)
        for name in last.equation.terms:
            found = last.equation.coefficient(name)
            rows.append(
                Entry(
                    measure="coefficient",
                    method=f"Hierarchical OLS, {self.errors} errors",
                    about={**about, "block": last.name, "predictor": name},
                    n=self.n,
                    estimate=found.estimate,
                    std_error=found.std_error,
                    statistic=found.statistic,
                    df=(found.df,),
                    p_value=found.p_value,
                    interval=found.interval,
                    more={"vif": inflation[name]} if name in inflation else {},
                )
            )
        return tuple(rows)


@takes_weights(
    "design",
    counts="sums",
    how="weighted least squares, linearised or by replicates",
    reference="survey::svyglm and regTermTest",
)
def regression_blocks(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    blocks: Mapping[str, Sequence[str]],
    *,
    errors: Errors | None = None,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    design: Design | None = None,
    confidence_level: float = 0.95,
) -> RegressionBlocks:
    """Regressions that grow block by block, on the respondents who have every variable of the last.

    ``F = (change / q) / ((1 - R^2) / (n - k - 1))``, which trusts equal variances, beside the Wald test
    ``b' V^-1 b / q`` of the added coefficients with HC3 or cluster-robust (CR1) ``V``, which does not; the
    latter has ``clusters - 1`` denominator degrees of freedom with clusters, otherwise ``n - k - 1``.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
        Numbers.
    blocks : mapping
        Name of the block -> columns that enter with it, in the order of entry.
    errors : {"classical", "hc3", "clustered"}, optional
        ``hc3`` unless clusters or a design are given.
    clusters : Series, shape (n_respondents,), optional
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Weighted least squares with the design's errors, on clusters less strata, less predictors, degrees of
        freedom, as ``survey::svyglm``.
        The Wald test is then ``survey::regTermTest``, R squared that of the weighted
        regression, and the F of the change, which has no such reference, is left out.

    References
    ----------
    .. [1] Cohen, J., Cohen, P., West, S. G., & Aiken, L. S. (2003). Applied multiple regression/correlation
       analysis for the behavioral sciences (3rd ed.), chapter 5. Erlbaum.

    Examples
    --------
    >>> data = pd.DataFrame({"A": [1, 2, 3, 4, 5, 6.0, 7, 8], "B": [2, 1, 4, 3, 6, 5, 9, 7.0]})
    >>> y = pd.Series([1, 3, 2, 5, 4, 6, 9, 7.0], name="Y")
    >>> found = regression_blocks(y, data, {"first": ["A"], "second": ["B"]})
    >>> [round(block.r_squared, 4) for block in found.blocks]
    [0.8222, 0.8235]
    """
    kind = errors_of(errors, clusters=clusters, design=design)
    order = _in_order(predictors, blocks)
    rows = row_weights(len(outcome), counts=counts, design=design)
    known = (outcome.notna() & predictors[order].notna().all(axis="columns")).to_numpy(dtype=bool)
    known = known & (rows.respondents > 0)
    if clusters is not None:
        known = known & clusters.notna().to_numpy(dtype=bool)
    inside = rows.of(known)
    cases = complete_cases(
        outcome[known], predictors.loc[known, order], None if clusters is None else clusters[known]
    )
    n_clusters = None if cases.clusters is None else int(cases.clusters.max(initial=-1)) + 1
    if design is not None:
        n_clusters = int(design.degrees_of_freedom(known)) + 1
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "errors": kind,
        "n": inside.n,
        "n_missing": rows.n - inside.n,
        "n_clusters": None if design is not None else n_clusters,
    }
    trouble = _why_not(cases.y, cases.x, inside, n_clusters)
    if trouble:
        return RegressionBlocks(**shared, state=trouble[0], reason=trouble[1])
    found: list[Block] = []
    reached, before = 0, 0.0
    for name, columns in blocks.items():
        reached += len(columns)
        entered = {column: cases.x[:, j] for j, column in enumerate(order[:reached])}
        target = str(outcome.name)
        if design is not None:
            equation = design_least_squares(
                cases.y, entered, design, known, outcome=target, confidence_level=confidence_level
            )
        else:
            equation = least_squares(
                cases.y,
                entered,
                outcome=target,
                errors=kind,
                clusters=cases.clusters,
                counts=inside.weights,
                confidence_level=confidence_level,
            )
        if equation is None:
            reason = f"block {name}: predictors are exact combinations of others"
            return RegressionBlocks(**shared, state="inadmissible", reason=reason)
        found.append(_block(name, columns, equation, before, cases.x[:, :reached], inside))
        before = equation.r_squared
    return RegressionBlocks(**shared, blocks=tuple(found))


def _in_order(predictors: pd.DataFrame, blocks: Mapping[str, Sequence[str]]) -> list[str]:
    order = [column for columns in blocks.values() for column in columns]
    unknown = [column for column in order if column not in predictors.columns]
    twice = sorted({column for column in order if order.count(column) > 1})
    empty = [name for name, columns in blocks.items() if not columns]
    if unknown:
        raise ValueError(f"blocks name {', '.join(unknown)}; predictors have {', '.join(predictors.columns)}")
    if twice or empty or not order:
        raise ValueError(
            f"every block needs predictors of its own; in two blocks: {twice}, without any: {empty}"
        )
    return order


def _why_not(y: Array, x: Array, rows: RowWeights, n_clusters: int | None) -> tuple[str, str] | None:
    n, k = rows.n, x.shape[1]
    if n < k + 3:
        return "too_few", f"{n} respondents with all variables for {k} predictors"
    if n_clusters is not None and n_clusters < k + 2:
        return "too_few", f"{n_clusters} clusters for {k} predictors"
    if np.ptp(y) == 0 or (np.ptp(x, axis=0) == 0).any():
        return "constant", "the outcome or a predictor does not vary"
    w = rows.weights / rows.weights.sum()
    root = np.sqrt(w)
    apart = x - w @ x
    z = apart / np.sqrt(w @ apart**2) * root[:, None]
    if np.linalg.cond(z) > 1e7:
        return "inadmissible", "some predictors are exact combinations of others"
    centred = (y - w @ y) * root
    residual = centred - z @ np.linalg.lstsq(z, centred, rcond=None)[0]
    if residual @ residual < 1e-12 * (centred @ centred):
        return "inadmissible", "the outcome is an exact combination of the predictors"
    pull = w + np.square(np.linalg.qr(z)[0]).sum(axis=1)
    if (pull / rows.respondents).max() > 1 - 1e-9:
        return "inadmissible", "a coefficient hangs on one respondent alone"
    return None


def _block(
    name: str, columns: Sequence[str], equation: Equation, before: float, x: Array, rows: RowWeights
) -> Block:
    n, q, k = rows.n, len(columns), x.shape[1]
    change, rest = equation.r_squared - before, float(n - k - 1)
    statistic = change / q / ((1 - equation.r_squared) / rest)
    b, v = equation.estimates[-q:], equation.covariance[-q:, -q:]
    wald = float(b @ np.linalg.solve(v, b)) / q
    covariance = moments(x, rows)[1]
    sd = np.sqrt(np.diag(covariance))
    inverse = np.diag(np.linalg.inv(covariance / np.outer(sd, sd)))
    return Block(
        name=name,
        added=tuple(columns),
        r_squared=equation.r_squared,
        adjusted_r_squared=1 - (1 - equation.r_squared) * (n - 1) / rest,
        change=change,
        statistic=statistic if rows.counted else None,
        df=(float(q), rest),
        p_value=float(stats.f.sf(statistic, q, rest)) if rows.counted else None,
        robust_statistic=wald,
        robust_df=(float(q), equation.df),
        robust_p_value=float(stats.f.sf(wald, q, equation.df)),
        equation=equation,
        vif=tuple(zip(equation.terms[1:], map(float, inverse), strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Influence:
    """How much each respondent sways a regression; arrays follow ``respondents``."""

    outcome: str
    n: int
    n_missing: int
    respondents: tuple[object, ...] = ()  #: labels of the index
    terms: tuple[str, ...] = ()  #: intercept first
    hat: Array | None = None  #: (n,)
    studentized: Array | None = None  #: (n,) residual over its error without the respondent
    cooks_distance: Array | None = None  #: (n,)
    dfbetas: Array | None = None  #: (n, n_terms)
    state: str = "ok"
    reason: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row a respondent; without columns of numbers where ``state`` is not ok."""
        if self.hat is None or self.dfbetas is None:
            return pd.DataFrame({"state": [self.state], "reason": [self.reason]})
        frame = pd.DataFrame(
            {
                "respondent": list(self.respondents),
                "hat": self.hat,
                "studentized": self.studentized,
                "cooks_distance": self.cooks_distance,
            }
        )
        for j, term in enumerate(self.terms):
            frame[f"dfbetas {term}"] = self.dfbetas[:, j]
        return frame


@refuses_weights("it tells how much each respondent of the sample sways a regression", counts="rows")
def influence(outcome: pd.Series, predictors: pd.DataFrame, *, counts: Counts | None = None) -> Influence:
    """Hat values, studentised residuals, Cook's distance [1]_ and DFBETAS [2]_ of least squares.

    Closed forms of leaving each respondent out, as ``stats::influence.measures``.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    References
    ----------
    .. [1] Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics, 19,
       15-18.
    .. [2] Belsley, D. A., Kuh, E., & Welsch, R. E. (1980). Regression diagnostics. Wiley.

    Examples
    --------
    >>> x = pd.DataFrame({"A": [1, 2, 3, 4, 10.0]})
    >>> found = influence(pd.Series([1, 2, 2, 4, 3.0], name="Y"), x)
    >>> found.hat.round(3).tolist()
    [0.38, 0.28, 0.22, 0.2, 0.92]
    """
    outcome, predictors = written_out(outcome, counts), written_out(predictors, counts)
    design = complete_cases(outcome, predictors)
    whole = outcome.notna() & predictors.notna().all(axis="columns")
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "n": len(design.y),
        "n_missing": design.n_missing,
    }
    trouble = _why_not(design.y, design.x, row_weights(len(design.y), counts=None, design=None), None)
    if trouble:
        return Influence(**shared, state=trouble[0], reason=trouble[1])
    n, k = design.x.shape
    center, unit = design.x.mean(axis=0), design.x.std(axis=0)
    z = np.column_stack([np.ones(n), (design.x - center) / unit])
    q, r = np.linalg.qr(z)
    hat = np.square(q).sum(axis=1)
    residual = design.y - q @ (q.T @ design.y)
    p, left = k + 1, 1 - hat
    variance = float(residual @ residual) / (n - p)
    # residual variance without the respondent
    without = ((n - p) * variance - residual**2 / left) / (n - p - 1)
    if (without <= 1e-12 * variance).any():
        reason = "without one respondent the regression fits exactly"
        return Influence(**shared, state="inadmissible", reason=reason)
    back = np.eye(p)
    back[1:, 1:], back[0, 1:] = np.diag(1 / unit), -center / unit
    half = back @ np.linalg.inv(r)
    moved = (q @ half.T) * (residual / left)[:, None]
    return Influence(
        **shared,
        respondents=tuple(outcome.index[whole]),
        terms=("intercept", *map(str, predictors.columns)),
        hat=hat,
        studentized=residual / np.sqrt(without * left),
        cooks_distance=residual**2 * hat / (p * variance * left**2),
        dfbetas=moved / (np.sqrt(without)[:, None] * np.sqrt(np.square(half).sum(axis=1))),
    )
