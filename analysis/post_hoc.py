"""Which groups differ: all pairs, with the family of comparisons kept in check.

``analysis.groups.compare_groups`` gives Games and Howell's pairs, which need neither equal variances nor
normal answers in large groups; the methods here are for those who must report another one.

References
----------
.. [1] Tukey, J. W. (1953). The problem of multiple comparisons. Princeton University. Kramer, C. Y. (1956).
   Extension of multiple range tests to group means with unequal numbers of replications. Biometrics, 12,
   307-310.
.. [2] Dunn, O. J. (1964). Multiple comparisons using rank sums. Technometrics, 6, 241-252.
.. [3] Steel, R. G. D. (1960). A rank sum test for comparing all pairs of treatments. Technometrics, 2,
   197-207. Dwass, M. (1960). Some k-sample rank-order tests. In Contributions to probability and statistics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.adjust import holm
from analysis.counted_rows import Counts
from analysis.descriptives import mean_interval
from analysis.groups import group_label
from analysis.results import Entry, Interval, Tabular
from analysis.studentized_range import studentized_range_isf, studentized_range_sf
from analysis.tallies import Tally, answer_table, mid_ranks, tallied, together
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
Method = Literal["tukey", "dunn", "steel_dwass", "lsd"]

NAMES: Mapping[Method, str] = {
    "tukey": "Tukey-Kramer",
    "dunn": "Dunn, Holm-adjusted",
    "steel_dwass": "Steel-Dwass",
    "lsd": "Fisher's least significant difference",
}
LSD_CAVEAT = (
    "p-values are those of single comparisons: with more than three groups some pair will often "
    "look different by chance alone"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair of groups: ``group`` minus ``versus``."""

    group: str
    versus: str
    n: int
    estimate: float | None  #: difference of means, or of mean ranks
    std_error: float | None
    statistic: float | None
    p_value: float | None  #: adjusted for all pairs, except with ``lsd``
    interval: Interval | None  #: simultaneous with ``tukey``, single with ``lsd``, none for ranks
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPairs(Tabular):
    """Every pair of groups by one method."""

    method: Method
    variable: str
    grouping: str
    n: int
    n_missing: int
    pairs: tuple[Pair, ...]
    caveat: str = ""  #: what to say wherever these pairs are shown
    state: str = "ok"  #: ``too_few`` where there is no pair
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        measure = "difference" if self.method in ("tukey", "lsd") else "difference_of_mean_ranks"
        if self.state != "ok":
            about = {"variable": self.variable, "grouping": self.grouping}
            return (
                Entry(
                    measure=measure,
                    method=NAMES[self.method],
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure=measure,
                method=NAMES[self.method],
                about={
                    "variable": self.variable,
                    "grouping": self.grouping,
                    "group": pair.group,
                    "versus": pair.versus,
                },
                n=pair.n,
                estimate=pair.estimate,
                std_error=pair.std_error,
                statistic=pair.statistic,
                p_value=pair.p_value,
                interval=pair.interval,
                state=pair.state,
                reason=pair.reason or self.caveat,
            )
            for pair in self.pairs
        )


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.design.regression.design_linear",
    counts="sums",
)
def all_pairs(
    values: pd.Series,
    groups: pd.Series,
    *,
    method: Method,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> AllPairs:
    """Compare every pair of groups.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of category dtype, shape (n_respondents,)
        The same index. Groups without answers take no part.
    method : {"tukey", "dunn", "steel_dwass", "lsd"}
        - ``tukey``: pooled variance, studentized range, for unequal groups Kramer's way [1]_ (``TukeyHSD``).
        - ``dunn``: differences of mean ranks over all groups, corrected for ties, Holm's adjustment [2]_
          (two-sided, ``dunn.test(altp = TRUE)``, ``rstatix::dunn_test``).
        - ``steel_dwass``: every pair ranked by itself, corrected for ties, ``z sqrt(2)`` held against the
          studentized range with infinite df [3]_ (``PMCMRplus::dscfAllPairsTest``).
        - ``lsd``: pooled variance, no adjustment. Its ``caveat`` belongs wherever it is shown.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Examples
    --------
    >>> tier = pd.Series(list("AAAABBBBBCCCC"), dtype="category", name="TIER")
    >>> satisfaction = pd.Series([1, 2, 3, 2, 2, 3, 3, 4, 3, 4, 5, 4, 5.0], name="SAT")
    >>> [round(pair.p_value, 4) for pair in all_pairs(satisfaction, tier, method="tukey").pairs]
    [0.1378, 0.0014, 0.0251]
    """
    if method not in NAMES:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(NAMES)}")
    split, n_missing = tallied(values, groups, counts)
    by_group = {group_label(category): tally for category, tally in split.items()}
    met = {group: answers for group, answers in by_group.items() if len(answers)}
    return AllPairs(
        method=method,
        variable=str(values.name),
        grouping=str(groups.name),
        n=sum(map(len, met.values())),
        n_missing=n_missing,
        pairs=_METHODS[method](met, confidence_level) if len(met) > 1 else (),
        caveat=LSD_CAVEAT if method == "lsd" and len(met) > 3 else "",
        state="ok" if len(met) > 1 else "too_few",
        reason=""
        if len(met) > 1
        else f"{'only one' if met else 'no'} group has answers, at least 2 are needed",
    )


Groups = Mapping[str, Tally]


def _not_tested(by_group: Groups, first: str, second: str, state: str, reason: str) -> Pair:
    return Pair(
        group=second,
        versus=first,
        n=len(by_group[first]) + len(by_group[second]),
        estimate=None,
        std_error=None,
        statistic=None,
        p_value=None,
        interval=None,
        state=state,
        reason=reason,
    )


def _with_pooled_variance(by_group: Groups, level: float, method: Method) -> tuple[Pair, ...]:
    k, n = len(by_group), sum(map(len, by_group.values()))
    within = sum(answers.squares for answers in by_group.values() if answers.varies)
    df = n - k
    # one quantile for all pairs, as they share their degrees of freedom
    range_limit = studentized_range_isf(1 - level, k, df) if method == "tukey" and df > 0 < within else 0.0
    pairs = []
    for first, second in combinations(by_group, 2):
        if df < 1 or within <= 0:
            reason = "nobody differs from the own group" if df > 0 else "no group has two respondents"
            pairs.append(_not_tested(by_group, first, second, "constant" if df > 0 else "too_few", reason))
            continue
        a, b = by_group[second], by_group[first]
        error = math.sqrt(within / df * (1 / len(a) + 1 / len(b)))
        difference = a.mean - b.mean
        t = difference / error
        if method == "tukey":
            p_value = studentized_range_sf(abs(t) * math.sqrt(2), k, df)
            width = range_limit / math.sqrt(2) * error
            interval = Interval(low=difference - width, high=difference + width, confidence_level=level)
        else:
            p_value = float(2 * stats.t.sf(abs(t), df))
            interval = mean_interval(difference, error, df, confidence_level=level)
        pairs.append(
            Pair(
                group=second,
                versus=first,
                n=len(a) + len(b),
                estimate=difference,
                std_error=error,
                statistic=t,
                p_value=p_value,
                interval=interval,
            )
        )
    return tuple(pairs)


def _dunn(by_group: Groups, _level: float) -> tuple[Pair, ...]:
    everyone = together(list(by_group.values()))
    n, ties, table = len(everyone), everyone.counts, answer_table(list(by_group.values()))
    means = dict(zip(by_group, table @ mid_ranks(ties) / table.sum(axis=1), strict=True))
    variance = n * (n + 1) / 12 - float((ties**3 - ties).sum()) / (12 * (n - 1)) if n > 1 else 0.0
    names = list(combinations(by_group, 2))
    if variance <= 0:
        return tuple(
            _not_tested(by_group, first, second, "constant", "everybody gave one answer")
            for first, second in names
        )
    found = []
    for first, second in names:
        difference = float(means[second] - means[first])
        error = math.sqrt(variance * (1 / len(by_group[first]) + 1 / len(by_group[second])))
        found.append((difference, error, float(2 * stats.norm.sf(abs(difference / error)))))
    adjusted = holm([p for *_, p in found])
    return tuple(
        Pair(
            group=second,
            versus=first,
            n=len(by_group[first]) + len(by_group[second]),
            estimate=difference,
            std_error=error,
            statistic=difference / error,
            p_value=p,
            interval=None,
        )
        for (first, second), (difference, error, _), p in zip(names, found, adjusted, strict=True)
    )


def _steel_dwass(by_group: Groups, _level: float) -> tuple[Pair, ...]:
    k, pairs = len(by_group), []
    for first, second in combinations(by_group, 2):
        a, b = by_group[second], by_group[first]
        both = together([a, b])
        n, ties = len(both), both.counts
        ranks = answer_table([a, b]) @ mid_ranks(ties)
        variance = len(a) * len(b) / 12 * (n + 1 - float((ties**3 - ties).sum()) / (n * (n - 1)))
        if variance <= 0:
            pairs.append(
                _not_tested(by_group, first, second, "constant", "everybody in both gave one answer")
            )
            continue
        # the rank sum as a difference of mean ranks, so that the sign reads like that of means
        unit = len(a) * len(b) / n
        difference = float(ranks[0] / len(a) - ranks[1] / len(b))
        error = math.sqrt(variance) / unit
        z = difference / error
        pairs.append(
            Pair(
                group=second,
                versus=first,
                n=n,
                estimate=difference,
                std_error=error,
                statistic=z,
                p_value=float(stats.studentized_range.sf(abs(z) * math.sqrt(2), k, np.inf)),
                interval=None,
            )
        )
    return tuple(pairs)


_METHODS: Mapping[Method, Callable[[Groups, float], tuple[Pair, ...]]] = {
    "tukey": lambda by_group, level: _with_pooled_variance(by_group, level, "tukey"),
    "lsd": lambda by_group, level: _with_pooled_variance(by_group, level, "lsd"),
    "dunn": _dunn,
    "steel_dwass": _steel_dwass,
}
