"""Internal consistency of the items of one construct."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f, norm

from analysis.bootstrap import BootstrapDistribution, resampled_sums
from analysis.counted_rows import Counts, written_out
from analysis.design.design import Design
from analysis.design.estimates import t_quantile, why_not
from analysis.design.linearization import Linearized, estimated
from analysis.design.means import answered
from analysis.item_correlations import ItemCorrelations
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import moments, row_weights
from analysis.weighting import refuses_weights, takes_weights, weights_given_by

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTotal:
    """What one item contributes to its construct."""

    item: str
    mean: float | None
    sd: float | None
    corrected_r: float | None  #: correlation of the item with the sum of the other items
    alpha_if_dropped: float | None  #: None when only one item would remain
    n: int  #: respondents who answered every item


@dataclass(frozen=True, slots=True, kw_only=True)
class CronbachAlpha(Tabular):
    """Internal consistency of one construct."""

    construct: str
    items: tuple[str, ...]
    estimate: float | None
    n: int  #: respondents who answered every item
    n_missing: int  #: respondents who left at least one item blank
    k: int  #: items
    mean_inter_item_r: float | None
    standardized: float | None  #: alpha of the standardised items
    item_totals: tuple[ItemTotal, ...]
    confidence_level: float = 0.95  #: the level that ``entries()`` uses
    std_error: float | None = None  #: under a sampling design
    df: float | None = None  #: sampled clusters less strata
    state: str = "ok"
    reason: str = ""

    def confidence_interval(
        self, confidence_level: float | None = None, *, method: Literal["feldt", "bonett"] = "feldt"
    ) -> Interval | None:
        """An interval from alpha, n and k; None where there is no alpha to rely on.

        Feldt's, exact for parallel normal items, is ``1 - (1 - alpha) F`` with the upper and lower quantiles
        of F on ``n - 1`` and ``(n - 1)(k - 1)`` degrees of freedom. Bonett's [1]_ is
        ``1 - exp(log(1 - alpha) - log(n / (n - 1)) +- z sqrt(2k / ((k - 1)(n - 2))))``. What neither assumes
        away, :func:`bootstrap_alpha` gives. Under a sampling design, whatever ``method`` says, it is
        Student's for ``log(1 - alpha)`` with the design's error and degrees of freedom.
        ``confidence_level`` defaults to that of the result.

        References
        ----------
        .. [1] Bonett, D. G., & Wright, T. A. (2015). Cronbach's alpha reliability: Interval estimation,
           hypothesis testing, and sample size planning. Journal of Organizational Behavior, 36, 3-15.
        """
        if self.estimate is None or self.state != "ok":
            return None
        if method not in ("feldt", "bonett"):
            raise ValueError(f"method is {method!r}; it can be 'feldt' or 'bonett'")
        level = self.confidence_level if confidence_level is None else confidence_level
        tail, error = (1 - level) / 2, 1 - self.estimate
        if self.std_error is not None and self.df is not None:
            reach = t_quantile(self.df, level) * self.std_error / error
            low, high = 1 - error * math.exp(reach), 1 - error * math.exp(-reach)
        elif method == "bonett":
            spread = float(norm.isf(tail)) * math.sqrt(2 * self.k / ((self.k - 1) * (self.n - 2)))
            shrunk = error * (self.n - 1) / self.n
            low, high = 1 - shrunk * math.exp(spread), 1 - shrunk * math.exp(-spread)
        else:
            df = self.n - 1, (self.n - 1) * (self.k - 1)
            low, high = (1 - error * float(f.isf(area, *df)) for area in (tail, 1 - tail))
        return Interval(low=low, high=high, confidence_level=level)

    def entries(self) -> tuple[Entry, ...]:
        """Alpha (measure ``alpha``), then per item ``corrected_item_total`` with ``alpha_if_dropped``."""
        further = {"mean_inter_item_r": self.mean_inter_item_r, "standardized": self.standardized}
        alpha = Entry(
            measure="alpha",
            method="Cronbach's alpha, Feldt interval"
            if self.std_error is None
            else "Cronbach's alpha, variance of the design",
            about={"construct": self.construct},
            n=self.n,
            estimate=self.estimate,
            std_error=self.std_error,
            df=() if self.df is None else (self.df,),
            interval=self.confidence_interval(),
            more=_known(further) | {"k": self.k, "n_missing": self.n_missing},
            state=self.state,
            reason=self.reason,
        )
        return (alpha, *(self._item_entry(total) for total in self.item_totals))

    def _item_entry(self, total: ItemTotal) -> Entry:
        state, reason = self.state, self.reason
        if state == "ok" and total.corrected_r is None:
            state, reason = "constant", "the sum of the other items does not vary"
        return Entry(
            measure="corrected_item_total",
            method="Correlation of the item with the sum of the others",
            about={"construct": self.construct, "item": total.item},
            n=total.n,
            estimate=total.corrected_r,
            more=_known({"mean": total.mean, "sd": total.sd, "alpha_if_dropped": total.alpha_if_dropped}),
            state=state,
            reason=reason,
        )


@takes_weights(
    "design",
    counts="sums",
    how="weighted covariances; error linearised or by replicates",
    reference="survey::svycralpha, svycontrast of svyvar",
)
def cronbach_alpha(
    items: pd.DataFrame,
    *,
    construct: str,
    counts: Counts | None = None,
    design: Design | None = None,
    confidence_level: float = 0.95,
) -> CronbachAlpha:
    """Cronbach's alpha [1]_ with Feldt's interval [2]_ and what each item contributes.

    ``alpha = k / (k - 1) (1 - sum of item variances / variance of the sum)``. Variances divide by n - 1.
    Respondents who left an item blank are left out altogether; ``psych::alpha`` keeps them pair by pair
    unless told otherwise.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers, with reverse-keyed items already turned round; NaN for no answer.
    construct : str
        What the items measure.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Alpha of the population, from weighted covariances as ``survey::svycralpha``. Its influence value is
        ``-k / (k - 1) (u_T / V - T u_V / V^2)`` with T the sum of the items' variances, V the variance of
        their sum and ``u`` the influence values of the two.

    Returns
    -------
    CronbachAlpha
        ``state`` is ``too_few`` with fewer than 2 items or 3 complete respondents, ``constant`` when an item
        does not vary, ``inadmissible`` when the items' average covariance is negative, which most often
        means an item whose reverse key was not declared: alpha is then kept, without an interval.

    References
    ----------
    .. [1] Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16,
       297-334.
    .. [2] Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability
       coefficient twenty. Psychometrika, 30, 357-370.

    Examples
    --------
    >>> items = pd.DataFrame({"SAT1": [1, 2, 4, 5, 3], "SAT2": [2, 2, 5, 4, 3], "SAT3": [1, 3, 4, 5, None]})
    >>> alpha = cronbach_alpha(items, construct="satisfaction")
    >>> alpha.n, round(alpha.estimate, 4)
    (4, 0.9457)
    >>> round(alpha.confidence_interval().low, 4)
    0.6414
    """
    names = tuple(str(name) for name in items.columns)
    answers: Array = items.to_numpy(dtype=float)
    weighing = row_weights(len(items), counts=counts, design=design)
    whole = ~np.isnan(answers).any(axis=1) & (weighing.respondents > 0)
    every, answers, rows = answers, answers[whole], weighing.of(whole)
    n, k = rows.n, answers.shape[1]
    state, reason = _why_not(answers, names, n)
    usable = state == "ok"
    mean, covariance = moments(answers, rows) if usable else (np.empty(0), np.empty((0, 0)))
    if usable and covariance.sum() < np.trace(covariance):
        state, reason = "inadmissible", "the items' average covariance is negative; check reverse keys"
    mean_r = _mean_off_diagonal(covariance) if usable else None
    std_error, df = None, None
    if design is not None and state == "ok":
        std_error, df, trouble = _design_error(every, design)
        state, reason = trouble
    return CronbachAlpha(
        construct=construct,
        items=names,
        estimate=_alpha(covariance) if usable else None,
        n=n,
        n_missing=weighing.n - n,
        k=k,
        mean_inter_item_r=mean_r,
        standardized=_standardized(mean_r, k),
        item_totals=_item_totals(mean, covariance, names, n) if usable else (),
        confidence_level=confidence_level,
        std_error=std_error,
        df=df,
        state=state,
        reason=reason,
    )


@refuses_weights(
    "its bootstrap draws respondents of a simple random sample",
    instead="analysis.reliability.cronbach_alpha",
    counts="rows",
)
def bootstrap_alpha(
    items: pd.DataFrame, *, rng: np.random.Generator, resamples: int = 2000, counts: Counts | None = None
) -> BootstrapDistribution:
    """Alphas of resampled respondents, for a percentile interval that assumes nothing of the items.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        As for :func:`cronbach_alpha`, of which a state other than ``too_few`` or ``constant`` is expected.
    resamples : int
        Of which ``failed`` had no alpha because the sum did not vary.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Raises
    ------
    ValueError
        If there is no alpha at all.

    Examples
    --------
    >>> items = pd.DataFrame({"SAT1": [1, 2, 4, 5, 3], "SAT2": [2, 2, 5, 4, 3], "SAT3": [1, 3, 4, 5, 2]})
    >>> spread = bootstrap_alpha(items, rng=np.random.default_rng(1), resamples=200)
    >>> spread.resamples
    200
    """
    items = written_out(items, counts)
    answers: Array = items.to_numpy(dtype=float)
    answers = answers[~np.isnan(answers).any(axis=1)]
    state, reason = _why_not(answers, tuple(str(name) for name in items.columns), len(answers))
    if state != "ok":
        raise ValueError(f"there is no alpha to resample: {reason}")
    k = answers.shape[1]
    centred = answers - answers.mean(axis=0)
    columns = np.column_stack([centred, centred.sum(axis=1)])
    sums = resampled_sums(np.column_stack([columns, columns**2]), rng, resamples)
    variances = sums[:, k + 1 :] - sums[:, : k + 1] ** 2 / len(answers)
    within, total = variances[:, :k].sum(axis=1), variances[:, k]
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = np.where(total > 1e-12 * within, k / (k - 1) * (1 - within / total), np.nan)
    return BootstrapDistribution.of(draws)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardizedAlpha(Tabular):
    """Alpha of standardised items, from any correlations: of polychoric ones, ordinal alpha."""

    construct: str
    items: tuple[str, ...]
    correlations: str  #: how they were computed
    n: int | None
    estimate: float | None = None
    mean_inter_item_r: float | None = None
    item_rest_r: tuple[float | None, ...] = ()
    alpha_if_dropped: tuple[float | None, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        method = f"alpha of {self.correlations} correlations"
        rows = [
            Entry(
                measure="standardized_alpha",
                method=method,
                about={"construct": self.construct},
                n=self.n,
                estimate=self.estimate,
                more=_known({"mean_inter_item_r": self.mean_inter_item_r}) | {"k": len(self.items)},
                state=self.state,
                reason=self.reason,
            )
        ]
        for item, r, dropped in zip(self.items, self.item_rest_r, self.alpha_if_dropped, strict=False):
            state, reason = (
                ("ok", "") if r is not None else ("constant", "the sum of the other items does not vary")
            )
            rows.append(
                Entry(
                    measure="item_rest_r",
                    method=method,
                    about={"construct": self.construct, "item": item},
                    n=self.n,
                    estimate=r,
                    more=_known({"alpha_if_dropped": dropped}),
                    state=state,
                    reason=reason,
                )
            )
        return tuple(rows)


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def standardized_alpha(correlations: ItemCorrelations, *, construct: str) -> StandardizedAlpha:
    """Alpha from correlations; with polychoric correlations this is ordinal alpha [1]_.

    ``k r / (1 + (k - 1) r)`` with r the mean correlation. Ordinal alpha is the reliability of the sum of the
    normal variables thought to lie behind the answers, not of the sum of the answers themselves: it says how
    good the items could be with more answer steps, and is usually above Cronbach's alpha.

    Returns
    -------
    StandardizedAlpha
        ``state`` as of the correlations, or ``inadmissible`` when their mean is negative (the estimate is
        kept).

    References
    ----------
    .. [1] Zumbo, B. D., Gadermann, A. M., & Zeisser, C. (2007). Ordinal versions of coefficients alpha and
       theta for Likert rating scales. Journal of Modern Applied Statistical Methods, 6, 21-29.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]], columns=list("ABC"))
    >>> round(standardized_alpha(given_correlations(r), construct="x").estimate, 4)
    0.6667
    """
    matrix, k = correlations.matrix, correlations.k
    state, reason = correlations.state, correlations.reason
    # Alpha needs no inverse: an item that is an exact combination of others has one all the same.
    if k < 2 or not np.isfinite(matrix).all() or np.abs(matrix).max() > 1 + 1e-9:
        return StandardizedAlpha(
            construct=construct,
            items=correlations.items,
            correlations=correlations.method,
            n=correlations.n,
            state=state,
            reason=reason,
        )
    mean_r = _mean_off_diagonal(matrix)
    state, reason = (
        ("ok", "") if mean_r >= 0 else ("inadmissible", "the items' average correlation is negative")
    )
    total, with_all = float(matrix.sum()), matrix.sum(axis=1)
    rest = total - 2 * with_all + 1
    return StandardizedAlpha(
        construct=construct,
        items=correlations.items,
        correlations=correlations.method,
        n=correlations.n,
        estimate=_standardized(mean_r, k),
        mean_inter_item_r=mean_r,
        item_rest_r=tuple(
            float((own - 1) / math.sqrt(other)) if other > 1e-12 else None
            for own, other in zip(with_all, rest, strict=True)
        ),
        alpha_if_dropped=tuple(_alpha(np.delete(np.delete(matrix, i, axis=0), i, axis=1)) for i in range(k)),
        state=state,
        reason=reason,
    )


def _design_error(answers: Array, design: Design) -> tuple[float | None, float | None, tuple[str, str]]:
    """Standard error and degrees of freedom of alpha under a design, or the reason why there are none."""
    known = answered(*answers.T)
    columns = np.where(known[:, None], answers, 0.0)
    k = columns.shape[1]

    def alpha(weights: Array) -> Linearized:
        w = np.where(known, weights, 0.0)
        total = w.sum()
        apart = columns - w @ columns / total
        within, whole = (apart**2).sum(axis=1), apart.sum(axis=1) ** 2
        t, v = w @ within / total, w @ whole / total
        influence = -k / (k - 1) * w / total * ((within - t) / v - t * (whole - v) / v**2)
        return Linearized(
            estimate=np.array([k / (k - 1) * (1 - t / v)]), influence=influence[:, None], used=known
        )

    found = estimated(design, alpha)
    error = float(found.std_error[0])
    trouble = why_not(error, found.df)
    return (error, found.df, trouble) if trouble[0] == "ok" else (None, None, trouble)


def _why_not(answers: Array, names: tuple[str, ...], n: int) -> tuple[str, str]:
    k = answers.shape[1]
    if k < 2:
        return "too_few", f"consistency needs at least 2 items, there are {k}"
    if n < 3:
        return "too_few", f"only {n} respondents answered all {k} items, at least 3 are needed"
    constant = [name for name, spread in zip(names, np.ptp(answers, axis=0), strict=True) if spread == 0]
    if constant:
        return "constant", f"all answers are the same: {', '.join(constant)}"
    return "ok", ""


def _alpha(covariance: Array) -> float | None:
    k, total = len(covariance), float(covariance.sum())
    # Items that cancel exactly have a sum without variance: no alpha, rather than minus infinity.
    if k < 2 or total <= 1e-12 * float(np.trace(covariance)):
        return None
    return k / (k - 1) * (1 - float(np.trace(covariance)) / total)


def _mean_off_diagonal(covariance: Array) -> float:
    k = len(covariance)
    sd = np.sqrt(np.diag(covariance))
    return float(((covariance / np.outer(sd, sd)).sum() - k) / (k * (k - 1)))


def _standardized(mean_r: float | None, k: int) -> float | None:
    if mean_r is None or 1 + (k - 1) * mean_r <= 1e-12:
        return None
    return k * mean_r / (1 + (k - 1) * mean_r)


def _item_totals(means: Array, covariance: Array, names: tuple[str, ...], n: int) -> tuple[ItemTotal, ...]:
    total = float(covariance.sum())
    totals = []
    for i, name in enumerate(names):
        with_all, own = float(covariance[i].sum()), float(covariance[i, i])
        rest = total - 2 * with_all + own
        others = np.delete(np.delete(covariance, i, axis=0), i, axis=1)
        totals.append(
            ItemTotal(
                item=name,
                mean=float(means[i]),
                sd=math.sqrt(own),
                corrected_r=(with_all - own) / math.sqrt(own * rest) if rest > 1e-12 * own else None,
                alpha_if_dropped=_alpha(others),
                n=n,
            )
        )
    return tuple(totals)


def _known(numbers: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if value is not None}
