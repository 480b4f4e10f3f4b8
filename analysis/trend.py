"""Whether answers rise or fall along ordered groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.counted_rows import Counts
from analysis.groups import group_label
from analysis.results import Entry, Interval, Tabular
from analysis.tallies import Tally, answer_table, tallied, together
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.trend.kendall_tau_b")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class JonckheereTerpstra(Tabular):
    """Test for an ordered alternative across groups."""

    variable: str
    grouping: str
    n: int
    n_missing: int
    groups: tuple[str, ...]  #: the groups met, in their order
    statistic: float | None  #: J: pairs in which the later group answers higher, ties count one half
    expected: float | None  #: of J when groups do not differ
    std_error: float | None  #: of J when groups do not differ, corrected for ties
    z: float | None
    p_value: float | None  #: two-sided, normal approximation
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry; the statistic is z, ``more`` holds J and what it is without a trend."""
        further = {"j": self.statistic, "expected": self.expected, "null_std_error": self.std_error}
        return (
            Entry(
                measure="jonckheere_terpstra_z",
                method="Jonckheere-Terpstra test, normal approximation corrected for ties",
                about={"variable": self.variable, "grouping": self.grouping},
                n=self.n,
                statistic=self.z,
                p_value=self.p_value,
                more={name: value for name, value in further.items() if value is not None}
                | {"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KendallTauB(Tabular):
    """Ordinal association of an ordered grouping with an outcome."""

    variable: str
    grouping: str
    n: int
    n_missing: int
    estimate: float | None
    std_error: float | None  #: asymptotic, not assuming independence (ASE1)
    interval: Interval | None  #: estimate plus and minus z times std_error
    statistic: float | None  #: z of the test of no association, corrected for ties
    p_value: float | None
    method: str = "Kendall's tau-b, asymptotic interval"
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """One entry; the statistic is z of the test of no association."""
        return (
            Entry(
                measure="kendall_tau_b",
                method=self.method,
                about={"variable": self.variable, "grouping": self.grouping},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                statistic=self.statistic,
                p_value=self.p_value,
                interval=self.interval,
                more={"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.design.group_tests.design_rank_test",
    counts="sums",
)
def jonckheere_terpstra(
    values: pd.Series, groups: pd.Series, *, counts: Counts | None = None
) -> JonckheereTerpstra:
    """Jonckheere and Terpstra's test that answers rise, or fall, along ordered groups [1]_.

    J counts the pairs of respondents from different groups in which the one of the later group answers
    higher; ties count one half. The p-value is two-sided, from the normal approximation with the variance
    corrected for ties ([2]_, equation 6.19) and without continuity correction. This z equals that of
    Kendall's test of the same data (R's ``cor.test(method = "kendall", exact = FALSE)``).

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of ordered category dtype, shape (n_respondents,)
        The same index; missing for no group. Respondents without either are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    JonckheereTerpstra
        ``state`` is ``too_few`` with fewer than 2 groups or 3 respondents, ``constant`` when all answers are
        the same.

    Raises
    ------
    TypeError
        If ``groups`` is not of ordered category dtype.
    ValueError
        If the indexes differ.

    References
    ----------
    .. [1] Jonckheere, A. R. (1954). A distribution-free k-sample test against ordered alternatives.
       Biometrika, 41, 133-145.
    .. [2] Hollander, M., Wolfe, D. A., & Chicken, E. (2014). Nonparametric statistical methods (3rd ed.).

    Examples
    --------
    >>> tier = pd.Series(pd.Categorical(list("AAAABBBBCCCC"), ordered=True), name="TIER")
    >>> result = jonckheere_terpstra(pd.Series([1, 2, 2, 3, 2, 3, 3, 4, 3, 4, 4, 5]), tier)
    >>> result.statistic, round(result.z, 4)
    (41.5, 2.6521)
    """
    by_group, n_missing = _ordered_split(values, groups, counts)
    met = {group: answers for group, answers in by_group.items() if len(answers)}
    n = sum(map(len, met.values()))
    state, reason = _why_not(met)
    if state != "ok":
        return JonckheereTerpstra(
            variable=str(values.name),
            grouping=str(groups.name),
            n=n,
            n_missing=n_missing,
            groups=tuple(met),
            statistic=None,
            expected=None,
            std_error=None,
            z=None,
            p_value=None,
            state=state,
            reason=reason,
        )
    table = answer_table(list(met.values()))
    concordant, discordant = concordance(table)
    across = (n * n - float((table.sum(axis=1) ** 2).sum())) / 2  # pairs from different groups
    score = float((table * (concordant - discordant)).sum()) / 2
    std_error = _null_std_error(table) / 2
    z = score / 2 / std_error
    return JonckheereTerpstra(
        variable=str(values.name),
        grouping=str(groups.name),
        n=n,
        n_missing=n_missing,
        groups=tuple(met),
        statistic=(across + score) / 2,
        expected=across / 2,
        std_error=std_error,
        z=z,
        p_value=2 * float(ndtr(-abs(z))),
    )


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.design.group_tests.design_rank_test",
    counts="sums",
)
def kendall_tau_b(
    values: pd.Series, groups: pd.Series, *, counts: Counts | None = None, confidence_level: float = 0.95
) -> KendallTauB:
    """Kendall's tau-b of an outcome with the order of groups, with its interval.

    ``tau_b = (P - Q) / sqrt(w_r w_c)`` over the cross-table, where P and Q count concordant and discordant
    pairs twice and ``w`` is n² less the squared margin. The standard error is the asymptotic one that does
    not assume independence (ASE1 [1]_, as SAS's FREQ and DescTools), the interval ``estimate ± z std_error``
    kept within -1 and 1. Statistic and p-value are those of the test of no association, with Kendall's
    variance under ties, equal to :func:`jonckheere_terpstra` and R's ``cor.test(exact = FALSE)``.

    Parameters and errors as for :func:`jonckheere_terpstra`.

    Returns
    -------
    KendallTauB
        ``state`` is ``too_few`` or ``constant`` as there, and ``inadmissible`` when the standard error is
        zero because groups and answers agree perfectly: the estimate then has no interval.

    References
    ----------
    .. [1] Brown, M. B., & Benedetti, J. K. (1977). Sampling behavior of tests for correlation in two-way
       contingency tables. Journal of the American Statistical Association, 72, 309-315.

    Examples
    --------
    >>> tier = pd.Series(pd.Categorical(list("AAAABBBBCCCC"), ordered=True), name="TIER")
    >>> result = kendall_tau_b(pd.Series([1, 2, 2, 3, 2, 3, 3, 4, 3, 4, 4, 5]), tier)
    >>> round(result.estimate, 4), round(result.std_error, 4)
    (0.6875, 0.1073)
    """
    by_group, n_missing = _ordered_split(values, groups, counts)
    met = [answers for answers in by_group.values() if len(answers)]
    state, reason = _why_not({str(i): answers for i, answers in enumerate(met)})
    if state != "ok":
        return KendallTauB(
            variable=str(values.name),
            grouping=str(groups.name),
            n=sum(map(len, met)),
            n_missing=n_missing,
            estimate=None,
            std_error=None,
            interval=None,
            statistic=None,
            p_value=None,
            state=state,
            reason=reason,
        )
    table = answer_table(met)
    estimate, std_error = tau_b_of_table(table)
    concordant, discordant = concordance(table)
    z = float((table * (concordant - discordant)).sum()) / 2 / _null_std_error(table)
    sure = std_error < 1e-9
    half = float(ndtri((1 + confidence_level) / 2)) * std_error
    return KendallTauB(
        variable=str(values.name),
        grouping=str(groups.name),
        n=int(table.sum()),
        n_missing=n_missing,
        estimate=estimate,
        std_error=None if sure else std_error,
        interval=None
        if sure
        else Interval(
            low=max(-1.0, estimate - half), high=min(1.0, estimate + half), confidence_level=confidence_level
        ),
        statistic=z,
        p_value=2 * float(ndtr(-abs(z))),
        state="inadmissible" if sure else "ok",
        reason="groups and answers agree perfectly, so the standard error is zero" if sure else "",
    )


def tau_b_of_table(table: Array) -> tuple[float, float]:
    """Kendall's tau-b of a table of counts and its asymptotic standard error (ASE1).

    Parameters
    ----------
    table : array, shape (n_groups, n_answers)
        Counts; rows and columns in order, each with at least one respondent.

    Examples
    --------
    The table of the FREQ procedure's manual, where SAS prints 0.3373 and 0.0642:

    >>> estimate, std_error = tau_b_of_table(np.array([[26.0, 26, 23, 18, 9], [6, 7, 9, 14, 23]]))
    >>> round(estimate, 4), round(std_error, 4)
    (0.3373, 0.0642)
    """
    n = float(table.sum())
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    w_rows, w_columns = n * n - float(rows @ rows), n * n - float(columns @ columns)
    w = math.sqrt(w_rows * w_columns)
    concordant, discordant = concordance(table)
    surplus = concordant - discordant
    tau = float((table * surplus).sum()) / w
    slope = 2 * w * surplus + tau * (rows[:, None] * w_columns + columns[None, :] * w_rows)
    variance = float((table * slope**2).sum()) - n**3 * tau**2 * (w_rows + w_columns) ** 2
    # Rounding can leave a variance of zero slightly below or above it; relative to its terms it is zero.
    if variance <= 1e-13 * float((table * slope**2).sum()):
        return tau, 0.0
    return tau, math.sqrt(variance) / w**2


def _ordered_split(
    values: pd.Series, groups: pd.Series, counts: Counts | None
) -> tuple[dict[str, Tally], int]:
    if isinstance(groups.dtype, pd.CategoricalDtype) and not groups.cat.ordered:
        raise TypeError("a trend needs groups of ordered category dtype: pd.Categorical(..., ordered=True)")
    split, n_missing = tallied(values, groups, counts)
    return {group_label(category): tally for category, tally in split.items()}, n_missing


def _why_not(by_group: Mapping[str, Tally]) -> tuple[str, str]:
    if len(by_group) < 2:
        return "too_few", f"{'only one' if by_group else 'no'} group has answers, at least 2 are needed"
    n = sum(map(len, by_group.values()))
    if n < 3:
        return "too_few", f"{n} respondents, at least 3 are needed"
    if not together(list(by_group.values())).varies:
        return "constant", "all answers are the same"
    return "ok", ""


def concordance(table: Array) -> tuple[Array, Array]:
    """For a respondent in each cell, how many others form a concordant and a discordant pair with them."""
    padded = np.zeros((table.shape[0] + 1, table.shape[1] + 1))
    padded[1:, 1:] = table.cumsum(axis=0).cumsum(axis=1)
    # padded[i, j] counts the cells above row i and left of column j, both excluded
    above, left, both = padded[:-1, -1:], padded[-1:, :-1], padded[:-1, :-1]
    through_row, through_column = padded[1:, -1:], padded[-1:, 1:]
    total = padded[-1, -1]
    lower_left = left - padded[1:, :-1]
    upper_right = above - padded[:-1, 1:]
    lower_right = total - through_row - through_column + padded[1:, 1:]
    return both + lower_right, lower_left + upper_right


def _null_std_error(table: Array) -> float:
    """Standard deviation of concordant minus discordant pairs when groups do not differ, given the ties."""
    n = float(table.sum())
    u, t = table.sum(axis=1), table.sum(axis=0)

    def sum5(m: Array) -> float:
        return float((m * (m - 1) * (2 * m + 5)).sum())

    def sum3(m: Array) -> float:
        return float((m * (m - 1) * (m - 2)).sum())

    def sum2(m: Array) -> float:
        return float((m * (m - 1)).sum())

    variance = (n * (n - 1) * (2 * n + 5) - sum5(u) - sum5(t)) / 18
    variance += sum3(u) * sum3(t) / (9 * n * (n - 1) * (n - 2))
    variance += sum2(u) * sum2(t) / (2 * n * (n - 1))
    return math.sqrt(variance)
