"""Association of two closed questions, and multiple-response questions by group."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc
from scipy.stats import fisher_exact

from analysis.adjust import holm
from analysis.counted_rows import Counts
from analysis.groups import group_label
from analysis.noncentral import chi_square_noncentrality
from analysis.results import Entry, Interval, Tabular
from analysis.squared_effects import SquaredEffect
from analysis.weighted_moments import row_weights
from analysis.weighting import refuses_weights
from analysis.wilson import wilson_interval

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Association(Tabular):
    """Cross-table of two closed questions with its chi-square test."""

    rows: str
    columns: str
    n: int
    n_missing: int
    table: pd.DataFrame  #: counts; categories nobody picked are left out
    statistic: float | None  #: Pearson's chi-square, no continuity correction
    df: int | None
    p_value: float | None
    cramers_v: float | None
    interval: Interval | None  #: of Cramér's V, by the noncentral chi-square
    cramers_v_corrected: float | None  #: Bergsma's correction for bias
    minimum_expected: float | None
    standardized_residuals: pd.DataFrame | None  #: adjusted residuals, shaped as ``table``
    fisher_p_value: float | None  #: Fisher's exact test, for 2 x 2 tables only
    #: V squared without assuming anything of the table but independent respondents
    distribution_free: SquaredEffect | None = None
    distribution_free_interval: Interval | None = None  #: of V; holds where V is far from zero too
    method: str = "Pearson chi-square test, Cramér's V, noncentral chi-square interval"
    state: str = "ok"  #: ``small_expected`` keeps all numbers and says why to doubt them
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """Cramér's V, with chi-square as its statistic; again with the distribution-free interval."""
        further = {
            "cramers_v_corrected": self.cramers_v_corrected,
            "minimum_expected": self.minimum_expected,
            "fisher_p_value": self.fisher_p_value,
        }
        return (
            Entry(
                measure="cramers_v",
                method=self.method,
                about={"rows": self.rows, "columns": self.columns},
                n=self.n,
                estimate=self.cramers_v,
                statistic=self.statistic,
                df=() if self.df is None else (float(self.df),),
                p_value=self.p_value,
                interval=self.interval,
                more={name: value for name, value in further.items() if value is not None}
                | {"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
            *self._distribution_free_entry(),
        )

    def _distribution_free_entry(self) -> Iterator[Entry]:
        if self.distribution_free_interval is not None:
            yield Entry(
                measure="cramers_v_distribution_free",
                method="Cramér's V, interval from influence values",
                about={"rows": self.rows, "columns": self.columns},
                n=self.n,
                estimate=self.cramers_v,
                interval=self.distribution_free_interval,
                state=self.state,
                reason=self.reason,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionShare:
    """How many of one group picked one option."""

    option: str
    group: str | None  #: None: all respondents
    count: int
    base: int  #: respondents who were shown the question and answered it
    estimate: float | None  #: share of respondents, 0 to 1
    interval: Interval | None  #: Wilson's
    share_of_answers: float | None  #: share of all options picked by the group
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTest:
    """Whether one option is picked by different shares of the groups."""

    option: str
    association: Association
    p_adjusted: float | None  #: Holm's, over the options


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleResponse(Tabular):
    """A question whose options can be picked together."""

    options: tuple[str, ...]
    groups: tuple[str, ...]  #: empty when not split by group
    grouping: str | None
    n: int  #: base over all respondents
    n_missing: int  #: respondents with no answer to any option
    shares: tuple[OptionShare, ...]  #: all respondents first, then group by group
    tests: tuple[OptionTest, ...]  #: empty when not split by group
    method: str = "Share of respondents, Wilson interval"

    def entries(self) -> tuple[Entry, ...]:
        """A share per option and group, then a test per option."""
        return (
            *(self._share_entry(share) for share in self.shares),
            *(entry for test in self.tests for entry in self._test_entries(test)),
        )

    def _share_entry(self, share: OptionShare) -> Entry:
        about = {"option": share.option}
        if self.grouping is not None and share.group is not None:
            about |= {"grouping": self.grouping, "group": share.group}
        of_answers = {} if share.share_of_answers is None else {"share_of_answers": share.share_of_answers}
        return Entry(
            measure="share_of_respondents",
            method=self.method,
            about=about,
            n=share.base,
            estimate=share.estimate,
            interval=share.interval,
            more={"count": share.count, **of_answers},
            state=share.state,
            reason=share.reason,
        )

    def _test_entries(self, test: OptionTest) -> Iterator[Entry]:
        for entry in test.association.entries()[:1]:
            adjusted = {} if test.p_adjusted is None else {"p_adjusted": test.p_adjusted}
            yield replace(
                entry,
                about={"option": test.option, "grouping": str(self.grouping)},
                more={**entry.more, **adjusted},
            )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.tables.weighted_table",
    counts="sums",
)
def association(
    rows: pd.Series, columns: pd.Series, *, counts: Counts | None = None, confidence_level: float = 0.95
) -> Association:
    """Chi-square test and Cramér's V of two closed questions, over respondents who answered both.

    Pearson's chi-square without continuity correction; ``V = sqrt(chi² / (n (min(r, c) - 1)))`` [1]_ with the
    interval of the noncentral chi-square, as ``effectsize::cramers_v(adjust = FALSE)`` two-sided; Bergsma's
    correction of V for bias [2]_; ``distribution_free`` is V squared with its delta-method error, whose
    interval covers V where it is large, when the noncentral one is too wide; adjusted residuals
    ``(O - E) / sqrt(E (1 - row share)(1 - column share))``.

    Parameters
    ----------
    rows, columns : Series, shape (n_respondents,)
        Answers on one index; missing for no answer. Categories keep their order, other values are sorted;
        categories nobody picked are left out of the table.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    Association
        ``state`` is ``too_few`` when nobody answered both, ``constant`` when fewer than two rows or columns
        are left. ``small_expected`` keeps all numbers: more than a fifth of the cells are expected to hold
        fewer than 5 respondents, or one of them fewer than 1 (in a 2 x 2 table: any fewer than 5) [3]_.

    Raises
    ------
    ValueError
        If the indexes differ.

    References
    ----------
    .. [1] Cramér, H. (1946). Mathematical methods of statistics. Princeton University Press.
    .. [2] Bergsma, W. (2013). A bias-correction for Cramér's V and Tschuprow's T. Journal of the Korean
       Statistical Society, 42, 323-328.
    .. [3] Cochran, W. G. (1954). Some methods for strengthening the common chi-square tests. Biometrics, 10,
       417-451.

    Examples
    --------
    >>> tier = pd.Series(["basic"] * 30 + ["gold"] * 20, name="TIER")
    >>> app = pd.Series([1] * 12 + [0] * 18 + [1] * 14 + [0] * 6, name="APP")
    >>> result = association(tier, app)
    >>> round(result.statistic, 4), result.df, round(result.cramers_v, 4)
    (4.3269, 1, 0.2942)
    """
    if not rows.index.equals(columns.index):
        raise ValueError("rows and columns must have one index: the same respondents in the same order")
    times = row_weights(len(rows), counts=counts, design=None).respondents
    table = _counts(rows, columns, times)
    observed: Array = table.to_numpy(dtype=float)
    n = int(observed.sum())
    blank = Association(
        rows=str(rows.name),
        columns=str(columns.name),
        n=n,
        n_missing=int(times.sum()) - n,
        table=table,
        statistic=None,
        df=None,
        p_value=None,
        cramers_v=None,
        interval=None,
        cramers_v_corrected=None,
        minimum_expected=None,
        standardized_residuals=None,
        fisher_p_value=None,
    )
    if n == 0:
        return replace(blank, state="too_few", reason="nobody answered both questions")
    if min(observed.shape) < 2:
        shape = f"{observed.shape[0]} x {observed.shape[1]}"
        return replace(
            blank, state="constant", reason=f"the table is {shape}: one question has a single answer"
        )
    row_share, column_share = observed.sum(axis=1) / n, observed.sum(axis=0) / n
    expected = n * np.outer(row_share, column_share)
    statistic = float(((observed - expected) ** 2 / expected).sum())
    df = (observed.shape[0] - 1) * (observed.shape[1] - 1)
    residuals = (observed - expected) / np.sqrt(expected * np.outer(1 - row_share, 1 - column_share))
    state, reason = _expected_counts(expected)
    free = _v_squared(observed / n, n, df)
    return replace(
        blank,
        statistic=statistic,
        df=df,
        p_value=float(chdtrc(df, statistic)),
        cramers_v=_v(statistic, n, observed.shape),
        interval=_v_interval(statistic, n, observed.shape, confidence_level),
        cramers_v_corrected=_v_corrected(statistic, n, observed.shape),
        minimum_expected=float(expected.min()),
        standardized_residuals=pd.DataFrame(residuals, index=table.index, columns=table.columns),
        fisher_p_value=float(fisher_exact(observed.astype(int)).pvalue) if observed.shape == (2, 2) else None,
        distribution_free=free,
        distribution_free_interval=None if free is None else _root(free.interval(confidence_level)),
        state=state,
        reason=reason,
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.proportions.weighted_shares",
    counts="sums",
)
def multiple_response(
    options: pd.DataFrame,
    groups: pd.Series | None = None,
    *,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> MultipleResponse:
    """How many respondents picked each option of a question that allows several.

    Parameters
    ----------
    options : DataFrame, shape (n_respondents, n_options)
        1 picked, 0 not picked, NaN no answer. A respondent with any 0 or 1 belongs to the base; an option
        left NaN by such a respondent counts as not picked.
    groups : Series of category dtype, shape (n_respondents,), optional
        The same index. Adds the shares of each group and, per option, the chi-square test across groups with
        Cramér's V and Holm's correction over the options. Respondents without a group count only in the
        shares of all respondents.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    MultipleResponse
        Shares of respondents add up to more than 1; shares of answers add up to 1. A share's ``state`` is
        ``empty_cell`` when its base is empty.

    Raises
    ------
    TypeError
        If ``groups`` is not categorical.
    ValueError
        If an option holds anything but 0, 1 and NaN, or the indexes differ.

    Examples
    --------
    >>> options = pd.DataFrame({"CH_1": [1, 1, 0, None], "CH_2": [0, 1, 0, None]})
    >>> result = multiple_response(options)
    >>> [(share.option, share.count, share.base, round(share.estimate, 4)) for share in result.shares]
    [('CH_1', 2, 3, 0.6667), ('CH_2', 1, 3, 0.3333)]
    """
    marks: Array = options.to_numpy(dtype=float)
    names = tuple(str(name) for name in options.columns)
    odd = [
        name
        for name, column in zip(names, marks.T, strict=True)
        if not np.isin(column[~np.isnan(column)], (0.0, 1.0)).all()
    ]
    if odd:
        raise ValueError(f"options hold 1 (picked), 0 (not picked) or nothing; others found in {odd}")
    times = row_weights(len(options), counts=counts, design=None).respondents
    in_base: Mask = np.asarray(~np.isnan(marks).all(axis=1))
    picked = np.nan_to_num(marks) == 1
    base_of: dict[str | None, Mask] = {None: in_base}
    tests: tuple[OptionTest, ...] = ()
    if groups is not None:
        base_of |= _bases(in_base, groups, options.index)
        tests = _option_tests(picked[in_base], names, groups.loc[in_base], times[in_base], confidence_level)
    return MultipleResponse(
        options=names,
        groups=tuple(group for group in base_of if group is not None),
        grouping=None if groups is None else str(groups.name),
        n=int(times[in_base].sum()),
        n_missing=int(times[~in_base].sum()),
        shares=tuple(
            share
            for group, base in base_of.items()
            for share in _option_shares(picked[base], times[base], names, group, confidence_level)
        ),
        tests=tests,
    )


def _counts(rows: pd.Series, columns: pd.Series, times: Array) -> pd.DataFrame:
    both = rows.notna() & columns.notna()
    a, b = rows[both].astype("category").cat, columns[both].astype("category").cat
    counts = np.zeros((len(a.categories), len(b.categories)), dtype=int)
    np.add.at(counts, (a.codes.to_numpy(), b.codes.to_numpy()), times[both].astype(int))
    table = pd.DataFrame(
        counts,
        index=pd.Index([group_label(value) for value in a.categories], name=str(rows.name)),
        columns=pd.Index([group_label(value) for value in b.categories], name=str(columns.name)),
    )
    return table.iloc[np.flatnonzero(counts.any(axis=1)), np.flatnonzero(counts.any(axis=0))]


def _v(statistic: float, n: int, shape: tuple[int, ...]) -> float:
    # Rounding can carry a perfect association a hair above 1.
    return min(1.0, math.sqrt(statistic / (n * (min(shape) - 1))))


def _v_interval(statistic: float, n: int, shape: tuple[int, ...], confidence_level: float) -> Interval:
    df = (shape[0] - 1) * (shape[1] - 1)
    low, high = chi_square_noncentrality(statistic, df, confidence_level=confidence_level)
    return Interval(low=_v(low, n, shape), high=_v(high, n, shape), confidence_level=confidence_level)


def _v_squared(share: Array, n: int, df: int) -> SquaredEffect | None:
    """V squared with its error by the delta method; None where the table leaves it no error."""
    row, column = share.sum(axis=1, keepdims=True), share.sum(axis=0, keepdims=True)
    parts = share**2 / (row * column)
    longest = min(share.shape) - 1
    square = (float(parts.sum()) - 1) / longest
    # derivative of the sum of the parts by each share, then its variance over respondents
    slope = 2 * share / (row * column)
    slope = slope - parts.sum(axis=1, keepdims=True) / row - parts.sum(axis=0, keepdims=True) / column
    variance = float((share * slope**2).sum() - (share * slope).sum() ** 2) / n
    if square <= 1e-12 or variance <= 1e-15:
        return None
    return SquaredEffect(estimate=min(square, 1.0), std_error=math.sqrt(variance) / longest, df=df)


def _root(square: Interval) -> Interval:
    return replace(square, low=math.sqrt(square.low), high=math.sqrt(square.high))


def _v_corrected(statistic: float, n: int, shape: tuple[int, ...]) -> float | None:
    if n < 2:
        return None
    phi2 = max(0.0, statistic / n - (shape[0] - 1) * (shape[1] - 1) / (n - 1))
    longest = min(size - (size - 1) ** 2 / (n - 1) for size in shape) - 1
    return min(1.0, math.sqrt(phi2 / longest)) if longest > 0 else None


def _expected_counts(expected: Array) -> tuple[str, str]:
    below = int((expected < 5).sum())
    worst = float(expected.min())
    allowed = 0 if expected.shape == (2, 2) else expected.size / 5
    if below <= allowed and worst >= 1:
        return "ok", ""
    return (
        "small_expected",
        f"{below} of {expected.size} cells are expected to hold fewer than 5 respondents "
        f"(the smallest {worst:.2g}), so the chi-square approximation is doubtful",
    )


def _bases(in_base: Mask, groups: pd.Series, index: pd.Index) -> dict[str | None, Mask]:
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"groups must be a Series of category dtype, which says their order; got {groups.dtype}"
        )
    if not groups.index.equals(index):
        raise ValueError("options and groups must have one index: the same respondents in the same order")
    codes = groups.cat.codes.to_numpy()
    return {
        group_label(category): in_base & (codes == code)
        for code, category in enumerate(groups.cat.categories)
    }


def _option_shares(
    picked: Mask, times: Array, names: tuple[str, ...], group: str | None, confidence_level: float
) -> Iterator[OptionShare]:
    base = int(times.sum())
    answers = int((times @ picked).sum())
    for name, column in zip(names, picked.T, strict=True):
        count = int(times @ column)
        yield OptionShare(
            option=name,
            group=group,
            count=count,
            base=base,
            estimate=count / base if base else None,
            interval=wilson_interval(count, base, confidence_level=confidence_level) if base else None,
            share_of_answers=count / answers if answers else None,
            state="ok" if base else "empty_cell",
            reason="" if base else "nobody was asked and answered",
        )


def _option_tests(
    picked: Mask, names: tuple[str, ...], groups: pd.Series, times: Array, confidence_level: float
) -> tuple[OptionTest, ...]:
    tests = [
        association(
            groups,
            pd.Series(column.astype(int), index=groups.index, name=name),
            counts=times,
            confidence_level=confidence_level,
        )
        for name, column in zip(names, picked.T, strict=True)
    ]
    adjusted = holm([test.p_value for test in tests])
    return tuple(
        OptionTest(option=name, association=test, p_adjusted=p)
        for name, test, p in zip(names, tests, adjusted, strict=True)
    )
