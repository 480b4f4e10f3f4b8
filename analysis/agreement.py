"""Agreement: of two orderings of the same respondents, and of respondents within their groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.optimize import brentq

from analysis.counted_rows import Counts
from analysis.design.design import Design
from analysis.design.estimates import t_interval, why_not
from analysis.design.linearization import Linearized, estimated
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import RowWeights, moments, row_weights
from analysis.weighting import refuses_weights, takes_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedKappa(Tabular):
    """Agreement beyond chance of two ordered classifications."""

    first: str
    second: str
    weights: str
    n: int
    n_missing: int
    estimate: float | None = None
    std_error: float | None = None  #: asymptotic, not assuming independence
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="weighted_kappa",
                method=f"weighted kappa, {self.weights} weights",
                about={"first": self.first, "second": self.second},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            ),
        )


@takes_weights(
    "design",
    counts="sums",
    how="weighted cell shares; error linearised or by replicates",
    reference="survey::svycontrast of svymean of the cells; svykappa",
)
def weighted_kappa(
    first: pd.Series,
    second: pd.Series,
    *,
    categories: Sequence[object],
    weights: Literal["quadratic", "linear"] = "quadratic",
    counts: Counts | None = None,
    design: Design | None = None,
    confidence_level: float = 0.95,
) -> WeightedKappa:
    """Cohen's weighted kappa with the standard error of Fleiss, Cohen & Everitt (1969).

    Parameters
    ----------
    first, second : Series, shape (n_respondents,)
        Respondents without one of the two are left out.
    categories : sequence
        All categories, in their order.
    weights : {"quadratic", "linear"}
        ``1 - (distance / (k - 1)) ** p`` with p = 2 or 1.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Kappa of the population's shares with the design's error and Student's interval, as
        ``survey::svykappa`` has it for unordered categories.

    Raises
    ------
    ValueError
        If an answer is none of the categories.

    Examples
    --------
    >>> a, b = pd.Series([1, 1, 2, 3, 3, 2], name="a"), pd.Series([1, 2, 2, 3, 3, 3], name="b")
    >>> round(weighted_kappa(a, b, categories=[1, 2, 3]).estimate, 4)
    0.75
    """
    rows_weigh = row_weights(len(first), counts=counts, design=design)
    times = rows_weigh.respondents
    whole = (first.notna() & second.notna()).to_numpy() & (times > 0)
    strangers = {*first[whole], *second[whole]}.difference(categories)
    if strangers:
        seen = ", ".join(sorted(map(str, strangers)))
        raise ValueError(f"{first.name}, {second.name}: {seen} is none of the categories {list(categories)}")
    place = {category: i for i, category in enumerate(categories)}
    rows, columns = (_places(answers[whole], place) for answers in (first, second))
    k, n = len(categories), int(times[whole].sum())
    shared: dict[str, Any] = {
        "first": str(first.name),
        "second": str(second.name),
        "weights": weights,
        "n": n,
        "n_missing": int(times[~whole].sum()),
    }
    if n < 2 or k < 2:
        return WeightedKappa(**shared, state="too_few", reason=f"{n} respondents in {k} categories")
    own = rows_weigh.weights[whole]
    p = np.bincount(rows * k + columns, weights=own / own.sum(), minlength=k * k).reshape(k, k)
    row, column = p.sum(axis=1), p.sum(axis=0)
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    w = 1 - distance ** (2 if weights == "quadratic" else 1)
    observed, expected = float((w * p).sum()), float(row @ w @ column)
    if expected >= 1 - 1e-12:
        return WeightedKappa(**shared, state="constant", reason="both put everybody in one category")
    if design is not None:
        return _design_kappa(shared, w, rows, columns, whole, design, confidence_level)
    kappa = (observed - expected) / (1 - expected)
    mean_weights = (w @ column)[:, None] + (w.T @ row)[None, :]
    spread = float((p * (w - mean_weights * (1 - kappa)) ** 2).sum())
    variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    error = math.sqrt(max(variance, 0.0))
    z = float(stats.norm.isf((1 - confidence_level) / 2))
    interval = Interval(low=kappa - z * error, high=kappa + z * error, confidence_level=confidence_level)
    return WeightedKappa(**shared, estimate=kappa, std_error=error, interval=interval)


def _places(answers: pd.Series, place: Mapping[object, int]) -> npt.NDArray[np.int64]:
    return np.array([place[answer] for answer in answers], dtype=np.int64)


def _design_kappa(
    shared: dict[str, Any],
    w: Array,
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    known: npt.NDArray[np.bool_],
    design: Design,
    level: float,
) -> WeightedKappa:
    k = len(w)

    def kappa(weights: Array) -> Linearized:
        own = weights[known] / weights[known].sum()
        p = np.bincount(rows * k + columns, weights=own, minlength=k * k).reshape(k, k)
        row, column = p.sum(axis=1), p.sum(axis=0)
        observed, expected = float((w * p).sum()), float(row @ w @ column)
        apart = w[rows, columns] - observed
        chance = (w @ column)[rows] + (row @ w)[columns] - 2 * expected
        influence = np.zeros((len(known), 1))
        influence[known, 0] = own * (apart / (1 - expected) - (1 - observed) * chance / (1 - expected) ** 2)
        estimate = np.array([(observed - expected) / (1 - expected)])
        return Linearized(estimate=estimate, influence=influence, used=known)

    found = estimated(design, kappa)
    value, error = float(found.estimate[0]), float(found.std_error[0])
    state, reason = why_not(error, found.df)
    return WeightedKappa(
        **shared,
        estimate=value,
        std_error=error if state == "ok" else None,
        interval=t_interval(value, error, found.df, level) if state == "ok" else None,
        state=state,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntraclassCorrelation(Tabular):
    """How much of a variable belongs to the groups, and how reliable the groups' means are."""

    variable: str
    group: str
    n: int
    n_missing: int
    n_groups: int
    mean_size: float | None = None
    adjusted_size: float | None = None  #: the size that unequal groups count for
    ms_between: float | None = None
    ms_within: float | None = None
    statistic: float | None = None  #: F of the one-way analysis of variance
    df: tuple[float, float] = (0.0, 0.0)
    p_value: float | None = None
    icc1: float | None = None  #: reliability of one respondent as a judge of the group
    icc1_interval: Interval | None = None
    icc2: float | None = None  #: reliability of the mean of a group
    icc2_interval: Interval | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """``icc1`` with F and its test, then ``icc2``."""
        shared: dict[str, Any] = {
            "method": "one-way random effects, Wald's exact interval",
            "about": {"variable": self.variable, "group": self.group},
            "n": self.n,
        }
        state, reason = self.state, self.reason
        second = ("constant", "the means of the groups do not differ")
        if state != "ok" or self.icc2 is not None:
            second = (state, reason)
        more = {} if self.mean_size is None else {"groups": float(self.n_groups), "mean_size": self.mean_size}
        return (
            Entry(
                measure="icc1",
                estimate=self.icc1,
                interval=self.icc1_interval,
                statistic=self.statistic,
                df=self.df if self.state == "ok" else (),
                p_value=self.p_value,
                more=more,
                state=state,
                reason=reason,
                **shared,
            ),
            Entry(
                measure="icc2",
                estimate=self.icc2,
                interval=None if self.icc2 is None else self.icc2_interval,
                more=more,
                state=second[0],
                reason=second[1],
                **shared,
            ),
        )


@refuses_weights(
    "its variance components are those of a simple random sample of every group",
    instead="analysis.design.group_tests.design_anova",
    counts="sums",
)
def intraclass_correlation(
    values: pd.Series, groups: pd.Series, *, counts: Counts | None = None, confidence_level: float = 0.95
) -> IntraclassCorrelation:
    """ICC(1) and ICC(2) of respondents in groups of unequal size, such as employees in branches.

    From the one-way analysis of variance, ``ICC(1) = (MSB - MSW) / (MSB + (k0 - 1) MSW)`` with
    ``k0 = (n - sum n_g^2 / n) / (groups - 1)``, the size that makes the variance components unbiased, and
    ``ICC(2) = (MSB - MSW) / MSB``. Negative estimates are kept: there is less between groups than chance
    gives. The intervals are Wald's [1]_, exact for normal answers in groups of any sizes: the ratios of the
    variances between and within at which the F of the precision-weighted group means is an extreme quantile;
    with equal sizes they are those of ``psych::ICC``. That of ICC(2) is of a group of ``k0``.

    Parameters
    ----------
    values, groups : Series, shape (n_respondents,)
        Respondents without one of the two are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    IntraclassCorrelation
        ``state`` is ``too_few`` with fewer than 2 groups or no group of 2, ``constant`` when nobody differs
        from the own group.

    References
    ----------
    .. [1] Wald, A. (1940). A note on the analysis of variance with unequal class frequencies. Annals of
       Mathematical Statistics, 11, 96-100.
    .. [2] Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability. In Multilevel
       theory, research, and methods in organizations (pp. 349-381). Jossey-Bass.

    Examples
    --------
    >>> values = pd.Series([1, 2, 2, 4, 5, 4, 3, 3.0], name="climate")
    >>> branch = pd.Series(["a", "a", "a", "b", "b", "b", "c", "c"], name="branch")
    >>> found = intraclass_correlation(values, branch)
    >>> round(found.icc1, 4), round(found.icc2, 4)
    (0.8786, 0.95)
    """
    times = row_weights(len(values), counts=counts, design=None).respondents
    whole = values.notna() & groups.notna() & (times > 0)
    y: Array = values[whole].to_numpy(dtype=float)
    codes, labels = pd.factorize(groups[whole], sort=True)
    own = times[whole]
    sizes: Array = np.bincount(codes, weights=own, minlength=len(labels)).astype(float)
    n, g = int(own.sum()), len(labels)
    shared: dict[str, Any] = {
        "variable": str(values.name),
        "group": str(groups.name),
        "n": n,
        "n_missing": int(times.sum()) - n,
        "n_groups": g,
    }
    if g < 2 or n <= g:
        reason = f"{n} respondents in {g} groups; at least 2 groups, one of them of 2, are needed"
        return IntraclassCorrelation(**shared, state="too_few", reason=reason)
    y = y - own @ y / n
    means = np.bincount(codes, weights=own * y) / sizes
    within = float(own @ (y - means[codes]) ** 2) / (n - g)
    between = float((sizes * means**2).sum()) / (g - 1)
    if within <= 1e-20 * max(between, 1e-300) or within == 0:
        return IntraclassCorrelation(
            **shared, state="constant", reason="nobody differs from the others in the own group"
        )
    k0 = float(n - (sizes**2).sum() / n) / (g - 1)
    statistic, df = between / within, (float(g - 1), float(n - g))
    tail = (1 - confidence_level) / 2
    ratios = [_variance_ratio(means, sizes, within, float(stats.f.isf(a, *df))) for a in (tail, 1 - tail)]
    low, high = ratios
    return IntraclassCorrelation(
        **shared,
        mean_size=n / g,
        adjusted_size=k0,
        ms_between=between,
        ms_within=within,
        statistic=statistic,
        df=df,
        p_value=float(stats.f.sf(statistic, *df)),
        icc1=(between - within) / (between + (k0 - 1) * within),
        icc1_interval=Interval(
            low=low / (1 + low), high=high / (1 + high), confidence_level=confidence_level
        ),
        icc2=(between - within) / between if between > 1e-12 * within else None,
        icc2_interval=Interval(
            low=k0 * low / (1 + k0 * low), high=k0 * high / (1 + k0 * high), confidence_level=confidence_level
        ),
    )


def _variance_ratio(means: Array, sizes: Array, within: float, quantile: float) -> float:
    """Ratio of the variances between and within groups at which Wald's F equals the quantile."""

    def excess(ratio: float) -> float:
        weights = sizes / (1 + sizes * ratio)
        centre = float(weights @ means) / float(weights.sum())
        return float(weights @ (means - centre) ** 2) / ((len(means) - 1) * within) - quantile

    # F falls with the ratio, from infinity at minus one over the largest group.
    low = -1 / float(sizes.max())
    low += 1e-9 * abs(low)
    if excess(low) <= 0:  # means so alike that only the limit itself remains
        return low
    high = 1.0
    while excess(high) > 0:
        high *= 4
    return float(brentq(excess, low, high, xtol=1e-14, rtol=1e-13))


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAgreement:
    """Agreement within one group."""

    group: str
    n: int  #: who answered all items
    mean_variance: float | None  #: of the items, dividing by n - 1
    estimate: float | None  #: None for a group of fewer than 2
    out_of_range: bool = False  #: more variance than the null distribution has; the estimate is then 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinGroupAgreement(Tabular):
    """How alike the members of each group answer (rwg, or rwg(j) of several items)."""

    variable: str
    group: str
    items: tuple[str, ...]
    null: str
    null_variance: float
    groups: tuple[GroupAgreement, ...]
    n: int
    n_missing: int
    mean: float | None = None  #: of the groups with an estimate
    median: float | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """Mean (``rwg`` or ``rwg_j``) with the median, then each group."""
        measure = "rwg" if len(self.items) == 1 else "rwg_j"
        method = f"within-group agreement against {self.null}, variance {self.null_variance:.6g}"
        about = {"variable": self.variable, "group": self.group}
        more = {} if self.median is None else {"median": self.median}
        more |= {"out_of_range": float(sum(group.out_of_range for group in self.groups))}
        rows = [
            Entry(
                measure=measure,
                method=method,
                about=about,
                n=self.n,
                estimate=self.mean,
                more=more,
                state=self.state,
                reason=self.reason,
            )
        ]
        for group in self.groups:
            few = group.estimate is None
            rows.append(
                Entry(
                    measure=f"{measure}_group",
                    method=method,
                    about=about | {"level": group.group},
                    n=group.n,
                    estimate=group.estimate,
                    more={} if group.mean_variance is None else {"mean_variance": group.mean_variance},
                    state="too_few" if few else "ok",
                    reason=f"{group.n} respondents; agreement needs 2" if few else "",
                )
            )
        return tuple(rows)


@refuses_weights("it describes the members of each group who answered, not a population", counts="sums")
def within_group_agreement(
    items: pd.DataFrame,
    groups: pd.Series,
    *,
    variable: str,
    steps: int,
    null_variance: float | None = None,
    null: str = "uniform",
    counts: Counts | None = None,
) -> WithinGroupAgreement:
    """rwg [1]_ of one item, rwg(j) of several, in each group.

    ``1 - s^2 / v`` with ``v = (steps^2 - 1) / 12``, the variance of answers spread evenly over all steps; of
    J items with mean variance s^2, ``J a / (J a + 1 - a)`` with ``a = 1 - s^2 / v``. Where s^2 exceeds v
    agreement is set to 0, as James et al. advise, and ``out_of_range`` says so.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        On a scale of ``steps`` steps one apart. Respondents with a blank are left out.
    groups : Series, shape (n_respondents,)
    steps : int
        Answer steps of the scale.
    null_variance : float, optional
        Of another distribution without agreement, which ``null`` names; a skewed one guards against taking
        leniency for agreement.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    References
    ----------
    .. [1] James, L. R., Demaree, R. G., & Wolf, G. (1984). Estimating within-group interrater reliability
       with and without response bias. Journal of Applied Psychology, 69, 85-98.
    .. [2] LeBreton, J. M., & Senter, J. L. (2008). Answers to 20 questions about interrater reliability and
       interrater agreement. Organizational Research Methods, 11, 815-852.

    Examples
    --------
    >>> items = pd.DataFrame({"C1": [4, 5, 4, 1, 5], "C2": [4, 4, 4, 2, 5]})
    >>> branch = pd.Series(["a", "a", "a", "b", "b"], name="branch")
    >>> found = within_group_agreement(items, branch, variable="climate", steps=5)
    >>> [round(group.estimate, 4) for group in found.groups]
    [0.9565, 0.0]
    """
    times = row_weights(len(items), counts=counts, design=None).respondents
    if steps < 2:
        raise ValueError(f"a scale has at least 2 steps; steps is {steps}")
    if null_variance is not None and null_variance <= 0:
        raise ValueError(f"the variance without agreement is positive; null_variance is {null_variance}")
    expected = (steps**2 - 1) / 12 if null_variance is None else null_variance
    whole = items.notna().all(axis=1) & groups.notna() & (times > 0)
    own = times[whole]
    answers: Array = items[whole].to_numpy(dtype=float)
    if len(answers) and np.ptp(answers, axis=None) > steps - 1 + 1e-9:
        raise ValueError(
            f"answers reach from {answers.min():g} to {answers.max():g}, more than {steps} steps"
        )
    codes, labels = pd.factorize(groups[whole], sort=True)
    found = tuple(
        _group_agreement(str(label), answers[codes == code], own[codes == code], expected)
        for code, label in enumerate(labels)
    )
    known = [group.estimate for group in found if group.estimate is not None]
    return WithinGroupAgreement(
        variable=variable,
        group=str(groups.name),
        items=tuple(str(name) for name in items.columns),
        null=null,
        null_variance=expected,
        groups=found,
        n=int(own.sum()),
        n_missing=int(times.sum() - own.sum()),
        mean=float(np.mean(known)) if known else None,
        median=float(np.median(known)) if known else None,
        state="ok" if known else "too_few",
        reason="" if known else "no group has 2 respondents",
    )


def _group_agreement(label: str, answers: Array, times: Array, expected: float) -> GroupAgreement:
    n, j = int(times.sum()), answers.shape[1]
    if n < 2:
        return GroupAgreement(group=label, n=n, mean_variance=None, estimate=None)
    rows = RowWeights(weights=times, respondents=times)
    variance = float(np.diag(moments(answers, rows)[1]).mean())
    single = 1 - variance / expected
    if single < 0:
        return GroupAgreement(group=label, n=n, mean_variance=variance, estimate=0.0, out_of_range=True)
    estimate = j * single / (j * single + 1 - single)
    return GroupAgreement(group=label, n=n, mean_variance=variance, estimate=estimate)
