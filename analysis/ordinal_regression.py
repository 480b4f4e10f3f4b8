"""Regression of one ordered answer: proportional-odds logit and ordered probit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.ordinal.tables import frequency_weights, ordinal_answers
from analysis.ordinal_likelihood import Codes, Link, OrdinalFit, maximize
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.ordinal_regression.ordinal_regression")

Array = npt.NDArray[np.float64]
Errors = Literal["model", "robust", "clustered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalTerm:
    """A slope, or a threshold of the latent scale."""

    name: str
    estimate: float
    std_error: float
    statistic: float
    df: float | None  #: clusters - 1; None for the normal distribution
    p_value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrdinalRegression(Tabular):
    """Slopes and thresholds of an ordered answer.

    ``state`` is ``too_few``, ``constant`` (fewer than two answers occur, or a predictor does not vary),
    ``inadmissible`` (predictors determine each other) or ``not_converged`` (for example when the predictors
    separate the answers).
    """

    outcome: str
    predictors: tuple[str, ...]
    link: Link
    errors: Errors
    n: int
    n_missing: int
    n_clusters: int | None = None
    coefficients: tuple[OrdinalTerm, ...] = ()
    thresholds: tuple[OrdinalTerm, ...] = ()  #: named ``code|next code``
    covariance: Array | None = None  #: of slopes, then thresholds
    log_likelihood: float | None = None
    null_log_likelihood: float | None = None  #: of thresholds alone
    statistic: float | None = None  #: likelihood ratio; Wald with robust or clustered errors
    df: tuple[float, ...] = ()
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    @property
    def mcfadden_r_squared(self) -> float | None:
        """Share of the log-likelihood of thresholds alone that the predictors save."""
        if self.log_likelihood is None or not self.null_log_likelihood:
            return None
        return 1 - self.log_likelihood / self.null_log_likelihood

    def coefficient(self, name: str) -> OrdinalTerm:
        """The row of one predictor; ``KeyError`` if the regression has none of that name."""
        for term in self.coefficients:
            if term.name == name:
                return term
        raise KeyError(name)

    def entries(self) -> tuple[Entry, ...]:
        """``mcfadden_r_squared`` with the test of all predictors, slopes, odds ratios, thresholds."""
        method = f"Ordered {self.link}, {self.errors} errors"
        about = {"outcome": self.outcome}
        more = {
            name: value
            for name, value in (
                ("log_likelihood", self.log_likelihood),
                ("null_log_likelihood", self.null_log_likelihood),
            )
            if value is not None
        }
        rows = [
            Entry(
                measure="mcfadden_r_squared",
                method=method,
                about=about,
                n=self.n,
                estimate=self.mcfadden_r_squared,
                statistic=self.statistic,
                df=self.df,
                p_value=self.p_value,
                more=more,
                state=self.state,
                reason=self.reason,
            )
        ]
        for measure, terms in (("coefficient", self.coefficients), ("threshold", self.thresholds)):
            key = "predictor" if measure == "coefficient" else "threshold"
            rows += [_entry(term, measure, method, about | {key: term.name}, self.n) for term in terms]
        if self.link == "logit":
            rows += [
                Entry(
                    measure="odds_ratio",
                    method=method,
                    about=about | {"predictor": term.name},
                    n=self.n,
                    estimate=math.exp(term.estimate),
                    p_value=term.p_value,
                    interval=Interval(
                        low=math.exp(term.interval.low),
                        high=math.exp(term.interval.high),
                        confidence_level=term.interval.confidence_level,
                    ),
                )
                for term in self.coefficients
                if max(abs(term.interval.low), abs(term.interval.high)) < 700  # e^710 is no number
            ]
        return tuple(rows)


def _entry(term: OrdinalTerm, measure: str, method: str, about: dict[str, str], n: int) -> Entry:
    return Entry(
        measure=measure,
        method=method,
        about=about,
        n=n,
        estimate=term.estimate,
        std_error=term.std_error,
        statistic=term.statistic,
        df=() if term.df is None else (term.df,),
        p_value=term.p_value,
        interval=term.interval,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrdinalCases:
    """Complete cases: answers as category numbers, predictors as columns."""

    outcome: str
    y: Codes  #: (n_rows,), from 0
    levels: tuple[str, ...]  #: the answers that occur, lowest first
    x: Array  #: (n_rows, n_columns)
    names: tuple[str, ...]
    marks: Mapping[int, tuple[int, ...]]  #: column of a category -> all columns of its predictor
    w: Array  #: frequency weights, (n_rows,)
    clusters: Codes | None
    n: int  #: sum of the weights
    n_missing: int
    trouble: tuple[str, str] | None = field(default=None)  #: state and reason, where nothing can be fitted

    @property
    def n_clusters(self) -> int | None:
        return None if self.clusters is None else int(self.clusters.max(initial=-1)) + 1


def ordinal_cases(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    counts: npt.ArrayLike | None = None,
    clusters: pd.Series | None = None,
) -> OrdinalCases:
    """Respondents with all the variables and a weight.

    Predictors are numbers or categoricals; of these every category but the first becomes a column
    ``name=category``. A category that nobody has after the deletion raises, because its coefficient would
    be missing without a word.
    """
    w = frequency_weights(counts, len(outcome))
    w = np.ones(len(outcome)) if w is None else w
    whole = (outcome.notna() & predictors.notna().all(axis="columns")).to_numpy() & (w > 0)
    if clusters is not None:
        whole &= clusters.notna().to_numpy()
    answers = ordinal_answers(outcome[whole].to_frame(), keep_blank=True)
    columns: list[Array] = []
    names: list[str] = []
    marks: dict[int, tuple[int, ...]] = {}
    for name in predictors.columns:
        column = predictors[name][whole]
        if isinstance(column.dtype, pd.CategoricalDtype):
            present = column.cat.remove_unused_categories()
            later = list(present.cat.categories)[1:]
            together = tuple(range(len(names), len(names) + len(later)))
            marks |= dict.fromkeys(together, together)
            columns += [(present == category).to_numpy(dtype=float) for category in later]
            names += [f"{name}={category}" for category in later]
            if not later:
                columns.append(np.zeros(len(column)))
                names.append(str(name))
        elif pd.api.types.is_numeric_dtype(column.dtype):
            columns.append(column.to_numpy(dtype=float))
            names.append(str(name))
        else:
            raise TypeError(
                f"{name}: {column.dtype} cannot enter a regression. Give numbers, or a categorical whose "
                "first category is the reference."
            )
    n = round(float(w[whole].sum()))
    cases: dict[str, Any] = {
        "outcome": str(outcome.name),
        "y": answers.codes[:, 0].astype(np.int64) - 1,
        "levels": tuple(f"{v:g}" if isinstance(v, float) else str(v) for v in answers.categories[0]),
        "x": np.column_stack(columns) if columns else np.zeros((int(whole.sum()), 0)),
        "names": tuple(names),
        "marks": marks,
        "w": w[whole],
        "clusters": None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64),
        "n": n,
        "n_missing": round(float(w.sum())) - n,
    }
    return OrdinalCases(**cases, trouble=_why_not(OrdinalCases(**cases)))


def _why_not(cases: OrdinalCases) -> tuple[str, str] | None:
    parameters = len(cases.names) + len(cases.levels) - 1
    if cases.n < parameters + 2:
        return "too_few", f"{cases.n} respondents with all variables for {parameters} parameters"
    if len(cases.levels) < 2:
        return "constant", f"all respondents gave the same answer to {cases.outcome}"
    if cases.n_clusters is not None and cases.n_clusters < len(cases.names) + 2:
        return "too_few", f"{cases.n_clusters} clusters for {len(cases.names)} predictors"
    flat = [name for name, same in zip(cases.names, np.ptp(cases.x, axis=0) == 0, strict=True) if same]
    if flat:
        return "constant", f"does not vary: {', '.join(flat)}"
    z = (cases.x - cases.x.mean(axis=0)) / cases.x.std(axis=0)
    if z.shape[1] and np.linalg.cond(z) > 1e7:
        return "inadmissible", "some predictors are exact combinations of others: leave one of them out"
    return None


@refuses_weights(
    "errors of the likelihood of a simple random sample",
    instead="analysis.design.ordinal_regression.design_ordinal",
    counts="sums",
)
def ordinal_regression(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    link: Link = "logit",
    errors: Errors | None = None,
    counts: npt.ArrayLike | None = None,
    clusters: pd.Series | None = None,
    confidence_level: float = 0.95,
) -> OrdinalRegression:
    """Ordered logit (proportional odds) or ordered probit by maximum likelihood [1]_.

    ``P(Y <= k) = F(threshold_k - x b)``: a positive slope goes with higher answers, as in ``MASS::polr``
    and ``ordinal::clm``.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
        Ordered codes as numbers, or an ordered categorical; answers that nobody gave have no threshold.
    predictors : DataFrame, shape (n_respondents, n_predictors)
        Numbers, or categoricals, which enter as ``name=category`` against their first category.
    link : {"logit", "probit"}
    errors : {"model", "robust", "clustered"}, optional
        From the observed information; the sandwich of the scores; the sandwich of the scores summed within
        clusters, times ``clusters / (clusters - 1)``, with ``clusters - 1`` degrees of freedom for t. By
        default ``clustered`` where clusters are given, otherwise ``model``.
    counts : array_like, shape (n_respondents,), optional
        Frequency weights: 2 counts as two such respondents. Sampling weights need
        :func:`analysis.design.ordinal_regression.design_ordinal`.
    clusters : Series, shape (n_respondents,), optional

    References
    ----------
    .. [1] McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society
       B, 42, 109-142.

    Examples
    --------
    >>> y = pd.Series([1, 2, 2, 3, 1, 3, 2, 3], name="SAT")
    >>> x = pd.DataFrame({"YEARS": [1.0, 2, 3, 4, 2, 3, 1, 5]})
    >>> fit = ordinal_regression(y, x)
    >>> round(fit.coefficient("YEARS").estimate, 3), round(fit.coefficient("YEARS").p_value, 3)
    (2.099, 0.067)
    """
    if (errors == "clustered") and clusters is None:
        raise ValueError('errors="clustered" needs clusters: give the branch of each respondent')
    cases = ordinal_cases(outcome, predictors, counts=counts, clusters=clusters)
    kind: Errors = errors or ("model" if clusters is None else "clustered")
    shared: dict[str, Any] = {
        "outcome": cases.outcome,
        "predictors": cases.names,
        "link": link,
        "errors": kind,
        "n": cases.n,
        "n_missing": cases.n_missing,
        "n_clusters": cases.n_clusters,
    }
    if cases.trouble:
        return OrdinalRegression(**shared, state=cases.trouble[0], reason=cases.trouble[1])
    fit = maximize(cases.y, cases.x, cases.w, len(cases.levels), link)
    if fit is None:
        reason = "no maximum of the likelihood was found: the predictors may separate the answers"
        return OrdinalRegression(**shared, state="not_converged", reason=reason)
    covariance = covariance_of(fit, cases, kind)
    df = float(cases.n_clusters - 1) if kind == "clustered" and cases.n_clusters else None
    names = (*cases.names, *(f"{low}|{high}" for low, high in pairwise(cases.levels)))
    terms = tuple(
        term_of(name, float(b), float(v), df, confidence_level)
        for name, b, v in zip(names, fit.parameters, np.diag(covariance), strict=True)
    )
    p = len(cases.names)
    answered = np.bincount(cases.y, weights=cases.w)
    null = float((answered * np.log(answered / answered.sum())).sum())
    test = _test_of_all(fit.log_likelihood - null, fit.parameters[:p], covariance[:p, :p], kind, df)
    return OrdinalRegression(
        **shared,
        coefficients=terms[:p],
        thresholds=terms[p:],
        covariance=covariance,
        log_likelihood=fit.log_likelihood,
        null_log_likelihood=null,
        statistic=test[0],
        df=test[1],
        p_value=test[2],
    )


def covariance_of(fit: OrdinalFit, cases: OrdinalCases, errors: Errors) -> Array:
    """Covariance of slopes and thresholds, shape (n_parameters, n_parameters)."""
    bread = fit.covariance
    if errors == "model":
        return bread
    if errors == "robust" or cases.clusters is None or cases.n_clusters is None:
        meat = (fit.scores * cases.w[:, None]).T @ fit.scores
    else:
        sums = np.zeros((cases.n_clusters, fit.scores.shape[1]))
        np.add.at(sums, cases.clusters, fit.scores * cases.w[:, None])
        meat = sums.T @ sums * cases.n_clusters / (cases.n_clusters - 1)
    return np.asarray(bread @ meat @ bread)


def term_of(name: str, estimate: float, variance: float, df: float | None, level: float) -> OrdinalTerm:
    """An estimate with its error, tested by t or, without degrees of freedom, by the normal distribution."""
    error = math.sqrt(variance)
    law = stats.norm() if df is None else stats.t(df)
    reach = float(law.isf((1 - level) / 2)) * error
    statistic = estimate / error
    return OrdinalTerm(
        name=name,
        estimate=estimate,
        std_error=error,
        statistic=statistic,
        df=df,
        p_value=float(2 * law.sf(abs(statistic))),
        interval=Interval(low=estimate - reach, high=estimate + reach, confidence_level=level),
    )


def _test_of_all(
    gain: float, b: Array, covariance: Array, errors: Errors, df: float | None
) -> tuple[float | None, tuple[float, ...], float | None]:
    """Likelihood ratio; a Wald test (F with clusters) where the likelihood is not trusted."""
    k = float(len(b))
    if k == 0:
        return None, (), None
    if errors == "model":
        return 2 * gain, (k,), float(stats.chi2.sf(2 * gain, k))
    wald = float(b @ np.linalg.solve(covariance, b))
    if df is None:
        return wald, (k,), float(stats.chi2.sf(wald, k))
    return wald / k, (k, df), float(stats.f.sf(wald / k, k, df))
