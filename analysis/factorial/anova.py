"""Several factors and covariates at once: analysis of variance and covariance with marginal means.

References
----------
.. [1] Fox, J. (2016). Applied regression analysis and generalized linear models (3rd ed.). Sage.
.. [2] Searle, S. R., Speed, F. M., & Milliken, G. A. (1980). Population marginal means in the linear model:
   an alternative to least squares means. The American Statistician, 34, 216-221.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts, written_out
from analysis.descriptives import mean_interval
from analysis.factorial.model import Averaging, FactorColumns, Term, model_terms, why_no_model
from analysis.groups import group_label
from analysis.noncentral import f_noncentrality
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
SumsOfSquares = Literal["II", "III"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorialTerm:
    """One main effect, covariate or interaction."""

    name: str  #: factors joined by ``:``
    sum_of_squares: float
    df: int
    statistic: float
    p_value: float
    partial_eta_squared: float
    interval: Interval  #: of partial eta squared, by the noncentral F


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalMean:
    """Mean of one level, the covariates at their means, averaged over the other factors' levels."""

    factor: str
    level: str
    n: int
    estimate: float
    std_error: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorialAnova(Tabular):
    """Analysis of variance, or of covariance where covariates are given."""

    outcome: str
    factors: tuple[str, ...]
    covariates: tuple[str, ...]
    sums_of_squares: SumsOfSquares
    averaging: Averaging
    n: int
    n_missing: int
    residual_df: int = 0
    residual_mean_square: float | None = None
    terms: tuple[FactorialTerm, ...] = ()
    marginal_means: tuple[MarginalMean, ...] = ()
    state: str = "ok"
    reason: str = ""

    @property
    def method(self) -> str:
        kind = "covariance" if self.covariates else "variance"
        return f"analysis of {kind}, type {self.sums_of_squares} sums of squares"

    def entries(self) -> tuple[Entry, ...]:
        if self.state != "ok":
            about = {"outcome": self.outcome}
            return (
                Entry(
                    measure="partial_eta_squared",
                    method=self.method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        tests = tuple(
            Entry(
                measure="partial_eta_squared",
                method=self.method,
                about={"outcome": self.outcome, "term": term.name},
                n=self.n,
                estimate=term.partial_eta_squared,
                statistic=term.statistic,
                df=(float(term.df), float(self.residual_df)),
                p_value=term.p_value,
                interval=term.interval,
            )
            for term in self.terms
        )
        means = tuple(
            Entry(
                measure="marginal_mean",
                method=self.method + ("" if self.averaging == "equal" else ", levels as frequent as seen"),
                about={"outcome": self.outcome, "factor": mean.factor, "level": mean.level},
                n=mean.n,
                estimate=mean.estimate,
                std_error=mean.std_error,
                df=(float(self.residual_df),),
                interval=mean.interval,
            )
            for mean in self.marginal_means
        )
        return tests + means


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.regression.design_linear and analysis.factorial.contrasts.marginal_contrasts",
    counts="rows",
)
def factorial_anova(
    outcome: pd.Series,
    factors: pd.DataFrame,
    covariates: pd.DataFrame | None = None,
    *,
    interactions: bool = True,
    sums_of_squares: SumsOfSquares = "II",
    averaging: Averaging = "equal",
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> FactorialAnova:
    """Test several factors and covariates together, and estimate the mean of every level.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    factors : DataFrame, shape (n_respondents, n_factors)
        Closed answers such as tier and sex; the levels are those that were met.
    covariates : DataFrame, shape (n_respondents, n_covariates), optional
        Numbers; one common slope each.
    interactions : bool
        With all interactions of the factors, or with main effects only.
    sums_of_squares : {"II", "III"}
        ``II`` tests a term after all terms that do not contain it; ``III`` after all others, with effects
        that sum to zero (``car::Anova``). They differ where groups are unequal [1]_.
    averaging : {"equal", "proportional"}
        How the combinations of the other factors' levels count in a marginal mean: all alike, or as often as
        the sample has them.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    FactorialAnova
        Marginal means average the predictions over the levels of the other factors, covariates at their
        means, as R's ``emmeans`` does [2]_; ``analysis.factorial.contrasts`` compares them. ``state`` is
        ``empty_cell`` if a combination of levels has nobody while interactions are asked for, ``too_few`` if
        no degrees of freedom are left, ``constant`` if an outcome, factor or covariate does not vary, and
        ``inadmissible`` if columns determine one another.

    Examples
    --------
    >>> sex = [1, 2] * 6
    >>> tier = [1] * 4 + [2] * 4 + [3] * 4
    >>> y = pd.Series([1, 2, 2, 3, 2, 3, 3, 3, 4, 5, 4, 4.0], name="SAT")
    >>> result = factorial_anova(y, pd.DataFrame({"SEX": sex, "TIER": tier}), interactions=False)
    >>> [(term.name, round(term.statistic, 4)) for term in result.terms]
    [('SEX', 4.9231), ('TIER', 19.3846)]
    """
    outcome, factors, covariates = (
        written_out(outcome, counts),
        written_out(factors, counts),
        written_out(covariates, counts),
    )
    extra = pd.DataFrame(index=factors.index) if covariates is None else covariates
    whole = outcome.notna() & factors.notna().all(axis="columns") & extra.notna().all(axis="columns")
    y = outcome[whole].to_numpy(dtype=float)
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "factors": tuple(map(str, factors.columns)),
        "covariates": tuple(map(str, extra.columns)),
        "sums_of_squares": sums_of_squares,
        "averaging": averaging,
        "n": len(y),
        "n_missing": int((~whole).sum()),
    }
    data = factors[whole]
    trouble = why_no_model(y, data, extra[whole], interactions=interactions)
    if trouble is not None:
        return FactorialAnova(**shared, state=trouble[0], reason=trouble[1])
    coded = FactorColumns(data, extra[whole])
    terms = model_terms(shared["factors"], shared["covariates"], interactions=interactions)
    design = coded.matrix(terms)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        reason = "the factors and covariates determine one another, so their parts cannot be told apart"
        return FactorialAnova(**shared, state="inadmissible", reason=reason)
    df = len(y) - design.shape[1]
    residual = _residual(design, y)
    if df < 1 or residual <= 1e-12 * float((y**2).sum()):
        reason = (
            f"{len(y)} respondents for {design.shape[1]} coefficients leave nothing to estimate errors from"
        )
        return FactorialAnova(**shared, state="too_few", reason=reason)
    return FactorialAnova(
        **shared,
        residual_df=df,
        residual_mean_square=residual / df,
        terms=tuple(
            _tested(term, coded, terms, y, residual, df, sums_of_squares, confidence_level) for term in terms
        ),
        marginal_means=tuple(
            _marginal_means(coded, terms, design, y, residual / df, df, averaging, confidence_level)
        ),
    )


def _residual(design: Array, y: Array) -> float:
    coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(((y - design @ coefficients) ** 2).sum())


def _tested(
    term: Term,
    coded: FactorColumns,
    terms: Sequence[Term],
    y: Array,
    residual: float,
    df: int,
    kind: SumsOfSquares,
    level: float,
) -> FactorialTerm:
    others = [other for other in terms if other != term and (kind == "III" or not set(term) < set(other))]
    without = _residual(coded.matrix(others), y)
    # type III keeps every other term, so what the term adds is added to the whole model
    with_term = residual if kind == "III" else _residual(coded.matrix([*others, term]), y)
    added, own_df = max(0.0, without - with_term), coded.columns(term).shape[1]
    f = added / own_df / (residual / df)
    low, high = f_noncentrality(f, (own_df, df), confidence_level=level)
    total = own_df + df + 1
    return FactorialTerm(
        name=":".join(term),
        sum_of_squares=added,
        df=own_df,
        statistic=f,
        p_value=float(stats.f.sf(f, own_df, df)),
        partial_eta_squared=added / (added + residual),
        interval=Interval(low=low / (low + total), high=high / (high + total), confidence_level=level),
    )


def _marginal_means(
    coded: FactorColumns,
    terms: Sequence[Term],
    design: Array,
    y: Array,
    variance: float,
    df: int,
    averaging: Averaging,
    level: float,
) -> list[MarginalMean]:
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ design.T @ y
    found = []
    for name, levels in coded.levels.items():
        for at, value in enumerate(levels):
            row = coded.mean_row(terms, {name: at}, averaging)
            estimate, error = float(row @ coefficients), float(np.sqrt(variance * (row @ inverse @ row)))
            found.append(
                MarginalMean(
                    factor=name,
                    level=group_label(value),
                    n=int((coded.codes[name] == at).sum()),
                    estimate=estimate,
                    std_error=error,
                    interval=mean_interval(estimate, error, df, confidence_level=level),
                )
            )
    return found
