"""Linear and logistic regression under a sampling design."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.design.design import Array, Design, Mask
from analysis.design.estimates import DesignEstimate, inferred
from analysis.design.jackknife import WeightedSums
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import answered, matrix
from analysis.design.spread import Spread
from analysis.design.wald import DesignTest, f_test
from analysis.groups import group_label
from analysis.results import Entry, Tabular
from analysis.weighting import step_of, takes_weights

WEIGHTING = step_of("analysis.design.regression.design_linear", "analysis.design.regression.design_logistic")

INTERCEPT = "(intercept)"
SINGULAR = 1e-12  #: smallest root of the predictors' products, scaled, below which they determine each other


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DesignRegression(Tabular):
    """Coefficients of a regression with the design's covariance."""

    outcome: str
    method: str
    n: int
    df: float  #: clusters less strata, less coefficients beyond the first
    coefficients: tuple[DesignEstimate, ...]
    covariance: Array  #: (n_coefficients, n_coefficients)
    #: coefficients of each predictor, by position: a category variable has several
    terms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    spread: Spread | None = None  #: of the sampled units, where errors are the jackknife's
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry a coefficient; where there are none, one that says why."""
        if self.state != "ok":
            return (
                Entry(
                    measure="coefficient",
                    method=self.method,
                    about={"outcome": self.outcome},
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(entry for coefficient in self.coefficients for entry in coefficient.entries())

    def coefficient(self, name: str) -> DesignEstimate:
        """The coefficient of that name."""
        for coefficient in self.coefficients:
            if coefficient.about["predictor"] == name:
                return coefficient
        raise KeyError(
            f"no coefficient {name!r}; there are {[c.about['predictor'] for c in self.coefficients]}"
        )

    def test(self, *predictors: str) -> DesignTest:
        """Whether all coefficients of these predictors are zero, as ``survey::regTermTest``."""
        at = [i for name in predictors for i in self.terms[name]]
        values = [self.coefficients[i].estimate for i in at]
        return f_test(
            np.array(values, dtype=float),
            self.covariance[np.ix_(at, at)],
            self.df,
            measure="wald",
            method="Wald test of a regression, variance of the design",
            about={"outcome": self.outcome, "predictors": ", ".join(predictors)},
            n=self.n,
            spread=None if self.spread is None else self.spread.of(at),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictors:
    """The columns of a regression, categories turned into marks."""

    values: Array  #: (n_rows, n_columns)
    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]


#: Coefficients from complete rows and their weights, the score of each row and the information; where they
#: cannot be found, a state and the reason.
Fit = Callable[[Array, Array, Array], tuple[Array, Array, Array] | tuple[str, str]]


@takes_weights("design", counts="given", how="weighted least squares, linearised", reference="survey::svyglm")
def design_linear(
    outcome: pd.Series, predictors: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignRegression:
    """Linear regression, as ``survey::svyglm``.

    Weighted least squares with the influence values ``w x e (X'WX)^-1`` [1]_. Tests and intervals use
    ``clusters - strata + 1 - coefficients`` degrees of freedom, as R does.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
        NaN for no answer.
    predictors : DataFrame, shape (n_rows, n_predictors)
        Numbers, or columns of category dtype: one mark per category but the first. An intercept is added.
        Rows with a missing value are outside the estimate; the whole design stays.

    Returns
    -------
    DesignRegression
        ``state`` is ``too_few`` when nobody answered everything, ``inadmissible`` when predictors determine
        each other.

    References
    ----------
    .. [1] Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex surveys.
       International Statistical Review, 51, 279-292.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y, x = pd.Series([1.0, 2, 4, 5, 7], name="LOY"), pd.DataFrame({"SAT": [1.0, 2, 3, 4, 5]})
    >>> slope = design_linear(y, x, survey_design([1, 1, 2, 1, 1])).coefficient("SAT")
    >>> round(slope.estimate, 4), round(slope.std_error, 4), slope.df
    (1.5, 0.0745, 3.0)
    """
    return fitted(
        outcome,
        predictors,
        design,
        _least_squares,
        "Linear regression, variance of the design",
        confidence_level,
        of_squares=True,
    )


@takes_weights("design", counts="given", how="pseudo-likelihood, linearised", reference="survey::svyglm")
def design_logistic(
    outcome: pd.Series, predictors: pd.DataFrame, design: Design, *, confidence_level: float = 0.95
) -> DesignRegression:
    """Logistic regression, as ``survey::svyglm(family = quasibinomial())``; coefficients are log odds ratios.

    Parameters
    ----------
    outcome : Series, shape (n_rows,)
        1, 0 or NaN for no answer.
    predictors : DataFrame, shape (n_rows, n_predictors)
        As for :func:`design_linear`.

    Returns
    -------
    DesignRegression
        ``state`` is ``not_converged`` too, when the predictors separate the ones from the zeros: the maximum
        lies at infinity.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y = pd.Series([0, 1, 1, 0, 0, 1], name="LEAVES")
    >>> x = pd.DataFrame({"SAT": [5.0, 4, 3, 3, 2, 1]})
    >>> fit = design_logistic(y, x, survey_design([1, 1, 1, 2, 1, 1]))
    >>> round(fit.coefficient("SAT").estimate, 4)
    -0.429
    """
    values = outcome.to_numpy(dtype=float)
    if not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        raise ValueError(f"{outcome.name}: a logistic regression needs an outcome of 1 and 0")
    return fitted(
        outcome,
        predictors,
        design,
        _logistic,
        "Logistic regression, variance of the design",
        confidence_level,
    )


def predictor_columns(predictors: pd.DataFrame, design: Design) -> Predictors:
    """Numbers as they are, categories as marks of all but the first."""
    columns: list[Array] = []
    names: list[str] = []
    terms: dict[str, tuple[int, ...]] = {}
    for name in predictors.columns:
        column = predictors[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes.to_numpy().astype(float)
            codes[codes < 0] = np.nan
            later = list(enumerate(column.cat.categories))[1:]
            new = [np.where(np.isnan(codes), np.nan, codes == code) for code, _ in later]
            labels = [f"{name}={group_label(category)}" for _, category in later]
        else:
            new, labels = [matrix(column.to_frame(), design)[:, 0]], [str(name)]
        terms[str(name)] = tuple(range(len(names) + 1, len(names) + 1 + len(new)))  # 0 is the intercept
        columns += new
        names += labels
    values = np.column_stack([np.ones(design.n_rows), *columns])
    return Predictors(values=values, names=(INTERCEPT, *names), terms=terms)


def fitted(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    design: Design,
    fit: Fit,
    method: str,
    level: float,
    *,
    names: Sequence[str] = (),
    of_squares: bool = False,
) -> DesignRegression:
    """Coefficients by ``fit`` on the complete rows, with the design's covariance.

    ``of_squares``: they are least squares, so that sums of squares and products determine them.
    """
    y = matrix(outcome.to_frame(), design)[:, 0]
    x = predictor_columns(predictors, design)
    labels, lost = tuple(names) or x.names, len(x.names) - 1
    known = answered(y, x.values)
    blank = DesignRegression(
        outcome=str(outcome.name),
        method=method,
        n=design.respondents(known),
        df=design.degrees_of_freedom(known) - lost,
        coefficients=(),
        covariance=np.empty((0, 0)),
        terms=x.terms,
    )
    inside = known & (design.weights > 0)
    if blank.n == 0:
        return replace(blank, state="too_few", reason="nobody of positive weight answered everything")
    first = fit(y[inside], x.values[inside], design.totals_weights[inside])
    if len(first) == 2:
        return replace(blank, state=first[0], reason=first[1])

    def estimator(weights: Array) -> Linearized:
        rows = known & (weights > 0)
        found = fit(y[rows], x.values[rows], weights[rows])
        if len(found) == 2:
            raise ValueError(f"{outcome.name}: a replicate of the weights leaves no regression: {found[1]}")
        coefficients, scores, information = found
        influence = np.zeros((len(y), len(coefficients)))
        influence[rows] = np.linalg.solve(information, (scores * weights[rows, None]).T).T
        sums = weighted_squares(y, x.values, np.where(rows, weights, 0.0), known) if of_squares else None
        return Linearized(estimate=coefficients, influence=influence, used=known, sums=sums)

    result = estimated(design, estimator)
    return replace(
        blank,
        coefficients=tuple(
            inferred(
                measure="coefficient",
                method=method,
                about={"outcome": blank.outcome, "predictor": name},
                n=blank.n,
                estimate=float(estimate),
                std_error=float(error),
                df=result.df_of(at, lost=lost),
                confidence_level=level,
            )
            for at, (name, estimate, error) in enumerate(
                zip(labels, result.estimate, result.std_error, strict=True)
            )
        ),
        covariance=result.covariance,
        spread=result.spread,
    )


def weighted_squares(y: Array, x: Array, w: Array, known: Mask) -> WeightedSums:
    """Sums of squares and products that determine weighted least squares, in units of about one."""
    k = x.shape[1]
    together = np.where(known[:, None], np.column_stack([x, y]), 0.0)
    unit = np.sqrt(w @ together**2 / w.sum())
    unit = np.where(unit > 0, unit, 1.0)
    scaled = together / unit
    i, j = np.triu_indices(k + 1)
    terms = scaled[:, i] * scaled[:, j] * (w / w.sum())[:, None]

    def function(sums: Array) -> Array:
        products = np.empty((len(sums), k + 1, k + 1))
        products[:, i, j] = products[:, j, i] = sums
        information = products[:, :k, :k]
        length = np.sqrt(np.maximum(np.einsum("mii->mi", information), 1e-300))
        correlated = information / (length[:, :, None] * length[:, None, :])
        determined = np.linalg.eigvalsh(correlated)[:, 0] > SINGULAR
        solved = np.full((len(sums), k), np.nan)
        solved[determined] = np.linalg.solve(information[determined], products[determined, :k, k:])[..., 0]
        return np.asarray(solved * unit[k] / unit[:k])

    return WeightedSums(terms=terms, function=function)


def dependent(x: Array, w: Array) -> bool:
    """Whether columns determine each other among the rows of positive weight."""
    root = x * np.sqrt(w)[:, None]
    length = np.sqrt((root**2).sum(axis=0))
    if not (length > 0).all():
        return True
    return bool(np.linalg.matrix_rank(root / length, tol=1e-9 * np.sqrt(len(length))) < x.shape[1])


def _least_squares(y: Array, x: Array, w: Array) -> tuple[Array, Array, Array] | tuple[str, str]:
    if dependent(x, w):
        return "inadmissible", "the predictors determine each other: leave one of them out"
    root = np.sqrt(w)
    coefficients: Array = np.asarray(np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0], dtype=float)
    residual = y - x @ coefficients
    return coefficients, x * residual[:, None], (x * w[:, None]).T @ x


def _logistic(y: Array, x: Array, w: Array) -> tuple[Array, Array, Array] | tuple[str, str]:
    if dependent(x, w):
        return "inadmissible", "the predictors determine each other: leave one of them out"
    if len(np.unique(y)) < 2:
        return "constant", "all outcomes are the same"
    coefficients = np.zeros(x.shape[1])
    scale = np.sqrt(w @ x**2 / w.sum())
    for _ in range(100):
        p = expit(x @ coefficients)
        information = (x * (w * p * (1 - p))[:, None]).T @ x
        if not np.isfinite(information).all() or np.linalg.cond(information / np.outer(scale, scale)) > 1e13:
            break
        step = np.linalg.solve(information, (x * (w * (y - p))[:, None]).sum(axis=0))
        coefficients = coefficients + np.clip(step * scale, -5, 5) / scale
        if (np.abs(step * scale) < 1e-10).all():
            p = expit(x @ coefficients)
            information = (x * (w * p * (1 - p))[:, None]).T @ x
            return coefficients, x * (y - p)[:, None], information
    return "not_converged", "the predictors separate the ones from the zeros: coefficients grow without end"
