"""Linear regression of one outcome: raw coefficients, standardised coefficients, and honest errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.bootstrap import correlations_from_sums
from analysis.counted_rows import Counts, written_out
from analysis.descriptives import mean_interval
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.regression.regress")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One predictor of a regression."""

    name: str
    estimate: float  #: standardised coefficient
    std_error: float  #: distribution-free, see :func:`regress`
    statistic: float
    p_value: float
    interval: Interval
    b: float  #: raw coefficient
    b_std_error: float  #: HC3, or cluster-robust
    b_interval: Interval
    b_p_value: float
    vif: float  #: variance inflation factor


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression(Tabular):
    """Linear regression with robust errors."""

    outcome: str
    predictors: tuple[str, ...]
    method: str
    n: int
    n_missing: int
    n_clusters: int | None = None
    df: float | None = None
    intercept: float | None = None
    r_squared: float | None = None
    adjusted_r_squared: float | None = None
    terms: tuple[Term, ...] = ()
    state: str = "ok"
    reason: str = ""

    def term(self, name: str) -> Term:
        """The row of one predictor; ``KeyError`` if the regression has none of that name."""
        for term in self.terms:
            if term.name == name:
                return term
        raise KeyError(name)

    def entries(self) -> tuple[Entry, ...]:
        df = () if self.df is None else (self.df,)
        rows = [
            Entry(
                measure="r_squared",
                method=self.method,
                about={"outcome": self.outcome},
                n=self.n,
                estimate=self.r_squared,
                more={} if self.adjusted_r_squared is None else {"adjusted": self.adjusted_r_squared},
                state=self.state,
                reason=self.reason,
            )
        ]
        for term in self.terms:
            about = {"outcome": self.outcome, "predictor": term.name}
            rows.append(
                Entry(
                    measure="standardized_coefficient",
                    method=self.method,
                    about=about,
                    n=self.n,
                    estimate=term.estimate,
                    std_error=term.std_error,
                    statistic=term.statistic,
                    df=df,
                    p_value=term.p_value,
                    interval=term.interval,
                    more={"vif": term.vif},
                )
            )
            rows.append(
                Entry(
                    measure="coefficient",
                    method=self.method,
                    about=about,
                    n=self.n,
                    estimate=term.b,
                    std_error=term.b_std_error,
                    statistic=term.b / term.b_std_error,
                    df=df,
                    p_value=term.b_p_value,
                    interval=term.b_interval,
                )
            )
        return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """Complete cases of a regression as arrays."""

    y: Array
    x: Array
    clusters: npt.NDArray[np.int64] | None
    n_missing: int


def complete_cases(outcome: pd.Series, predictors: pd.DataFrame, clusters: pd.Series | None = None) -> Design:
    """Respondents with all the variables, shapes (n,) and (n, n_predictors)."""
    whole = outcome.notna() & predictors.notna().all(axis="columns")
    if clusters is not None:
        whole &= clusters.notna()
    codes = None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64)
    return Design(
        y=outcome[whole].to_numpy(dtype=float),
        x=predictors[whole].to_numpy(dtype=float),
        clusters=codes,
        n_missing=int((~whole).sum()),
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def regress(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Regression:
    """Ordinary least squares with robust errors, raw and standardised.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    predictors : DataFrame, shape (n_respondents, n_predictors)
    clusters : Series, optional
        Branch of each respondent; errors are then cluster-robust with ``n_clusters - 1`` degrees
        of freedom, otherwise there are ``n - n_predictors - 1``.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    Raw coefficients have HC3 errors (MacKinnon & White 1985) or, with clusters, CR1 errors as
    statsmodels gives them. A standardised coefficient also depends on the sample's standard
    deviations, which robust errors of a regression on z-scores ignore. Its error is therefore taken
    from its influence values (distribution-free; Jones & Waller 2015)

    ``psi_i = R^-1 z_i e_i / (1 - h_i) + beta (z_i^2 - z_yi^2) / 2``

    with ``e`` the residual of the standardised regression and ``h`` the leverage. With clusters it is
    found by leaving out one cluster at a time. In simulations of
    normal, 5-point and heteroscedastic answers, n = 60 to 800 and coefficients up to 0.7, the 95 %
    interval covered the true coefficient in 93 to 96 % of samples.

    Examples
    --------
    >>> data = pd.DataFrame({"x": [1, 2, 3, 4, 5, 6.0], "y": [1, 3, 2, 5, 4, 6.0]})
    >>> round(regress(data["y"], data[["x"]]).term("x").estimate, 4)
    0.8857
    """
    outcome, predictors, clusters = (
        written_out(outcome, counts),
        written_out(predictors, counts),
        written_out(clusters, counts),
    )
    design = complete_cases(outcome, predictors, clusters)
    n, k = design.x.shape
    n_clusters = None if design.clusters is None else int(design.clusters.max(initial=-1)) + 1
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "predictors": tuple(map(str, predictors.columns)),
        "method": "OLS, HC3 and distribution-free errors"
        if clusters is None
        else "OLS, cluster-robust errors",
        "n": n,
        "n_missing": design.n_missing,
        "n_clusters": n_clusters,
    }
    trouble = _why_not(design, n_clusters)
    if trouble:
        return Regression(**shared, state=trouble[0], reason=trouble[1])
    df = float(n - k - 1 if n_clusters is None else n_clusters - 1)
    b, b_errors = raw_coefficients(design)
    beta, influence, r_squared = standardized_influence(design)
    errors = _standardized_errors(influence, design)
    inverse = np.linalg.inv(np.atleast_2d(np.corrcoef(design.x, rowvar=False)))
    terms = []
    for j, name in enumerate(shared["predictors"]):
        t, raw_t = beta[j] / errors[j], b[j + 1] / b_errors[j + 1]
        terms.append(
            Term(
                name=name,
                estimate=float(beta[j]),
                std_error=float(errors[j]),
                statistic=float(t),
                p_value=float(2 * stats.t.sf(abs(t), df)),
                interval=mean_interval(
                    float(beta[j]), float(errors[j]), df, confidence_level=confidence_level
                ),
                b=float(b[j + 1]),
                b_std_error=float(b_errors[j + 1]),
                b_interval=mean_interval(
                    float(b[j + 1]), float(b_errors[j + 1]), df, confidence_level=confidence_level
                ),
                b_p_value=float(2 * stats.t.sf(abs(raw_t), df)),
                vif=float(inverse[j, j]),
            )
        )
    return Regression(
        **shared,
        df=df,
        intercept=float(b[0]),
        r_squared=r_squared,
        adjusted_r_squared=1 - (1 - r_squared) * (n - 1) / (n - k - 1),
        terms=tuple(terms),
    )


def _why_not(design: Design, n_clusters: int | None) -> tuple[str, str] | None:
    n, k = design.x.shape
    if n < k + 3:
        return "too_few", f"{n} respondents with all variables for {k} predictors"
    if n_clusters is not None and n_clusters < k + 2:
        return "too_few", f"{n_clusters} clusters for {k} predictors"
    # not the standard deviation: that of equal fractions may differ from zero by rounding
    if np.ptp(design.y) == 0 or (np.ptp(design.x, axis=0) == 0).any():
        return "constant", "the outcome or a predictor does not vary"
    z = (design.x - design.x.mean(axis=0)) / design.x.std(axis=0)
    if np.linalg.cond(z) > 1e7:
        return "inadmissible", "some predictors are exact combinations of others"
    if standardized_influence(design)[2] > 1 - 1e-12:
        return "inadmissible", "the outcome is an exact combination of the predictors"
    if design.clusters is None and leverages(z).max() > 1 - 1e-9:
        return "inadmissible", "a coefficient hangs on one respondent alone"
    return None


def leverages(z: Array) -> Array:
    """Pull of every respondent on the own fitted value, from z-scores of the predictors, shape (n,)."""
    return np.asarray(1 / len(z) + np.einsum("ij,jk,ik->i", z, np.linalg.inv(z.T @ z), z))


def raw_coefficients(design: Design) -> tuple[Array, Array]:
    """Coefficients, intercept first, with HC3 or CR1 errors by statsmodels."""
    from statsmodels.regression.linear_model import OLS

    x = np.column_stack([np.ones(len(design.y)), design.x])
    model = OLS(design.y, x)
    if design.clusters is None:
        fit = model.fit(cov_type="HC3")
    else:
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": design.clusters})
    return np.asarray(fit.params, dtype=float), np.asarray(fit.bse, dtype=float)


def standardized_influence(design: Design) -> tuple[Array, Array, float]:
    """Standardised coefficients, their influence values of shape (n, n_predictors), R squared."""
    zx = (design.x - design.x.mean(axis=0)) / design.x.std(axis=0)
    zy = (design.y - design.y.mean()) / design.y.std()
    n = len(zy)
    inverse = np.linalg.inv(zx.T @ zx / n)
    beta = inverse @ (zx.T @ zy) / n
    residual = zy - zx @ beta
    used = residual if design.clusters is not None else residual / np.maximum(1 - leverages(zx), 1e-8)
    influence = (zx @ inverse) * used[:, None] + beta * (zx**2 - zy[:, None] ** 2) / 2
    return beta, influence, float(1 - residual @ residual / n)


def _errors(influence: Array, design: Design, k: int) -> Array:
    """Errors from influence values; with clusters their sandwich, CR1."""
    n = len(influence)
    if design.clusters is None:
        return np.asarray(np.sqrt((influence**2).sum(axis=0)) / n)
    sums = np.zeros((int(design.clusters.max()) + 1, influence.shape[1]))
    np.add.at(sums, design.clusters, influence)
    clusters = len(sums)
    factor = clusters / (clusters - 1) * (n - 1) / (n - k - 1)
    return np.asarray(np.sqrt(factor * (sums**2).sum(axis=0)) / n)


def _standardized_errors(influence: Array, design: Design) -> Array:
    if design.clusters is None:
        return _errors(influence, design, design.x.shape[1])
    data = np.column_stack([design.x, design.y])
    return delete_cluster_errors(data, design.clusters, _standardized_from_correlations)


def _standardized_from_correlations(correlations: Array) -> Array:
    k = correlations.shape[1] - 1
    inner, cross = correlations[:, :k, :k], correlations[:, :k, k]
    return np.asarray(np.linalg.solve(inner, cross[..., None])[..., 0])


def delete_cluster_errors(
    data: Array, clusters: npt.NDArray[np.int64], statistic: Callable[[Array], Array]
) -> Array:
    """Standard errors by leaving out one cluster at a time.

    ``sqrt((G - 1) / G sum_g (theta_(-g) - mean)^2)``: with few clusters it is much less optimistic
    than the sandwich (Bell & McCaffrey 2002).

    Parameters
    ----------
    data : array, shape (n_respondents, n_variables)
    clusters : array of int, shape (n_respondents,)
    statistic : callable
        From correlation matrices, shape (m, n_variables, n_variables), to values of shape (m, n_values).
    """
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    k, groups = z.shape[1], int(clusters.max()) + 1
    i, j = np.triu_indices(k)
    terms = np.column_stack([np.ones(len(z)), z, z[:, i] * z[:, j]])
    sums = np.zeros((groups, terms.shape[1]))
    np.add.at(sums, clusters, terms)
    values = statistic(correlations_from_sums(terms.sum(axis=0) - sums, k))
    spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    return np.asarray(np.sqrt((groups - 1) / groups * spread))


def zscores(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns with mean 0 and standard deviation 1 (dividing by n)."""
    return (frame - frame.mean()) / frame.std(ddof=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation(Tabular):
    """Whether the association of a predictor with an outcome depends on a moderator."""

    predictor: str
    moderator: str
    outcome: str
    method: str
    n: int
    n_missing: int
    estimate: float | None = None  #: coefficient of the product of z-scores, outcome standardised
    std_error: float | None = None
    statistic: float | None = None
    df: float | None = None
    p_value: float | None = None
    interval: Interval | None = None
    slopes: tuple[tuple[float, float, Interval], ...] = ()  #: (moderator in sd, slope, interval)
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        about = {"predictor": self.predictor, "moderator": self.moderator, "outcome": self.outcome}
        rows = [
            Entry(
                measure="standardized_coefficient",
                method=self.method,
                about={**about, "term": "product"},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                statistic=self.statistic,
                df=() if self.df is None else (self.df,),
                p_value=self.p_value,
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            )
        ]
        rows.extend(
            Entry(
                measure="simple_slope",
                method=self.method,
                about={**about, "moderator_sd": f"{at:+.0f}"},
                n=self.n,
                estimate=slope,
                interval=interval,
            )
            for at, slope, interval in self.slopes
        )
        return tuple(rows)


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="rows",
)
def moderate(
    outcome: pd.Series,
    predictor: pd.Series,
    moderator: pd.Series,
    *,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Moderation:
    """Regression of a standardised outcome on two z-scores and their product (Aiken & West 1991).

    The product is not standardised again, so its coefficient is the change of the slope per standard
    deviation of the moderator. Errors are distribution-free, as in :func:`regress`: they count that means
    and standard deviations are estimated. The ``slopes`` belong to the mean of the moderator and to one
    standard deviation below and above it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> d = pd.DataFrame(rng.normal(size=(200, 3)), columns=["x", "w", "e"])
    >>> d["y"] = d["x"] + 0.5 * d["x"] * d["w"] + d["e"]
    >>> result = moderate(d["y"], d["x"], d["w"])
    >>> round(result.estimate, 2), round(result.interval.low, 2), round(result.interval.high, 2)
    (0.32, 0.24, 0.41)
    """
    outcome, predictor, moderator, clusters = (
        written_out(outcome, counts),
        written_out(predictor, counts),
        written_out(moderator, counts),
        written_out(clusters, counts),
    )
    parts = pd.concat([outcome, predictor, moderator], axis="columns", keys=["y", "x", "w"])
    whole = parts.notna().all(axis="columns") & (True if clusters is None else clusters.notna())
    z = zscores(parts[whole])
    predictors = pd.DataFrame({"x": z["x"], "w": z["w"], "product": z["x"] * z["w"]})
    shared: dict[str, Any] = {
        "predictor": str(predictor.name),
        "moderator": str(moderator.name),
        "outcome": str(outcome.name),
        "method": "OLS with a product term, "
        + ("distribution-free errors" if clusters is None else "cluster-robust errors"),
        "n": int(whole.sum()),
        "n_missing": int((~whole).sum()),
    }
    kept = None if clusters is None else clusters[whole]
    if not np.isfinite(z.to_numpy()).all():
        return Moderation(**shared, state="constant", reason="a variable does not vary")
    design = complete_cases(z["y"], predictors, kept)
    n_clusters = None if design.clusters is None else int(design.clusters.max(initial=-1)) + 1
    trouble = _why_not(design, n_clusters)
    if trouble:
        return Moderation(**shared, state=trouble[0], reason=trouble[1])
    df = float(shared["n"] - 4 if n_clusters is None else n_clusters - 1)
    slope, influence = _slope_influence(design)
    estimate = float(slope[2])
    error = float(_errors(influence(None)[:, None], design, 3)[0])
    slopes = []
    for at in (-1.0, 0.0, 1.0):
        value = float(slope[0] + at * slope[2])
        slope_error = float(_errors(influence(at)[:, None], design, 3)[0])
        slopes.append((at, value, mean_interval(value, slope_error, df, confidence_level=confidence_level)))
    return Moderation(
        **shared,
        estimate=estimate,
        std_error=error,
        statistic=estimate / error,
        df=df,
        p_value=float(2 * stats.t.sf(math.fabs(estimate / error), df)),
        interval=mean_interval(estimate, error, df, confidence_level=confidence_level),
        slopes=tuple(slopes),
    )


def _slope_influence(design: Design) -> tuple[Array, Callable[[float | None], Array]]:
    """Coefficients of two z-scores and their product, and a function giving influence values.

    The values, of shape (n,), are those of the simple slope at a place of the moderator, or of the
    coefficient of the product for None.
    """
    x, w, y = design.x[:, 0], design.x[:, 1], design.y
    n = len(y)
    columns = np.column_stack([np.ones(n), design.x])
    inverse = np.linalg.inv(columns.T @ columns / n)
    b = inverse @ (columns.T @ y) / n
    residual = y - columns @ b
    if design.clusters is None:
        residual = residual / np.maximum(1 - np.einsum("ij,jk,ik->i", columns, inverse, columns) / n, 1e-8)
    raw = (columns @ inverse) * residual[:, None]
    sd_x, sd_w, sd_y = (x**2 - 1) / 2, (w**2 - 1) / 2, (y**2 - 1) / 2

    def influence(at: float | None) -> Array:
        if at is None:
            return np.asarray(raw[:, 3] + b[3] * (sd_x + sd_w - sd_y))
        # the place itself, mean + at * sd of the moderator, is estimated too
        moved = b[3] * (w + at * sd_w)
        return np.asarray(raw[:, 1] + at * raw[:, 3] + moved + (b[1] + at * b[3]) * (sd_x - sd_y))

    return b[1:], influence
