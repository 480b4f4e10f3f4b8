"""Whether groups, such as tiers, differ in what they answer, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, fdtrc

from analysis.bootstrap import BootstrapDistribution
from analysis.counted_rows import Counts, checked_counts
from analysis.descriptives import mean_interval
from analysis.means import RobustEffect, influence_of_g
from analysis.noncentral import f_noncentrality, t_noncentrality
from analysis.results import Entry, Interval, Tabular
from analysis.share_of_variance import share_errors, share_interval
from analysis.studentized_range import studentized_range_isf, studentized_range_sf
from analysis.tallies import Tally, answer_table, check_groups, tallied, together
from analysis.weighting import no_estimate, refuses_weights, step_of

WEIGHTING = step_of("analysis.groups.compare_groups")

Array = npt.NDArray[np.float64]

G_UNSURE = "no interval of g from influence values: that takes 3 respondents in each group"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary:
    """One group in numbers."""

    group: str
    n: int
    mean: float | None
    std_error: float | None
    interval: Interval | None  #: of the mean, by Student's t within the group
    sd: float | None
    median: float | None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTest:
    """One test of the hypothesis that the groups are alike."""

    measure: str  #: ``welch_f``, ``kruskal_wallis_h``, ``brown_forsythe_f`` (of variances) and so on
    method: str
    n: int
    statistic: float | None
    df: tuple[float, ...]
    p_value: float | None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSize:
    """How much of the differences among respondents goes with their group."""

    measure: str  #: ``omega_squared``, ``eta_squared``, ``epsilon_squared``, ``rank_epsilon_squared``
    method: str  #: of the estimate and its interval
    n: int
    estimate: float | None
    interval: Interval | None
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseDifference:
    """Games and Howell's comparison of two groups: ``group`` minus ``versus``."""

    group: str  #: the later group
    versus: str  #: the earlier group
    n: int  #: respondents of both groups
    estimate: float | None  #: difference of means
    std_error: float | None
    statistic: float | None  #: t = estimate / std_error
    df: float | None
    p_value: float | None  #: adjusted for all pairs, by the studentized range
    interval: Interval | None  #: simultaneous over all pairs
    hedges_g: float | None
    #: error, df and interval of g from influence values; None with fewer than 3 respondents in a group
    hedges_g_error: RobustEffect | None
    #: of g, by the noncentral t, which takes spreads for equal; that of ``effectsize``
    hedges_g_noncentral_interval: Interval | None
    state: str = "ok"
    reason: str = ""

    @property
    def hedges_g_interval(self) -> Interval | None:
        """Of this pair alone, from influence values, which need neither normal answers nor equal spreads."""
        return None if self.hedges_g_error is None else self.hedges_g_error.interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupComparison(Tabular):
    """Everything that is said about one variable across groups."""

    variable: str
    grouping: str  #: name of the grouping variable
    n: int
    n_missing: int  #: without an answer or without a group
    groups: tuple[GroupSummary, ...]
    welch: GroupTest
    classical: GroupTest
    kruskal_wallis: GroupTest
    brown_forsythe_means: GroupTest  #: equality of means, Brown and Forsythe's F*
    brown_forsythe: GroupTest  #: equality of variances, Levene's test around medians
    omega_squared: EffectSize
    eta_squared: EffectSize
    epsilon_squared: EffectSize
    omega_squared_robust: EffectSize  #: with an interval that does not need equal variances
    rank_epsilon_squared: EffectSize
    pairs: tuple[PairwiseDifference, ...]

    def entries(self) -> tuple[Entry, ...]:
        """Means of the groups, then the tests, the effect sizes and the pairs."""
        about = {"variable": self.variable, "grouping": self.grouping}
        return (
            *(entry_of_summary(summary, about) for summary in self.groups),
            *(
                entry_of_test(test, about)
                for test in (
                    self.welch,
                    self.classical,
                    self.kruskal_wallis,
                    self.brown_forsythe_means,
                    self.brown_forsythe,
                )
            ),
            *(
                entry_of_effect(effect, about)
                for effect in (
                    self.omega_squared,
                    self.eta_squared,
                    self.epsilon_squared,
                    self.omega_squared_robust,
                    self.rank_epsilon_squared,
                )
            ),
            *(entry for pair in self.pairs for entry in entries_of_pair(pair, about)),
        )


@no_estimate("text")
def group_label(value: object) -> str:
    """How a group is called in results: whole numbers lose their decimal point.

    >>> group_label(2.0), group_label("gold")
    ('2', 'gold')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@no_estimate("laying out")
def split_by_group(values: pd.Series, groups: pd.Series) -> tuple[dict[str, Array], int]:
    """The answers of each group, in the order of the groups, and how many respondents were left out.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of category dtype, shape (n_respondents,)
        The same index. Its categories are the groups; those nobody belongs to are kept, without answers.

    Raises
    ------
    TypeError
        If ``groups`` is not categorical, so that the order of the groups is unknown.
    ValueError
        If the indexes differ.

    Examples
    --------
    >>> tier = pd.Categorical(["gold", "basic", None, "gold"], ["basic", "silver", "gold"], ordered=True)
    >>> tier = pd.Series(tier)
    >>> by_group, left_out = split_by_group(pd.Series([5, 3, 4, 4]), tier)
    >>> {group: answers.tolist() for group, answers in by_group.items()}, left_out
    ({'basic': [3.0], 'silver': [], 'gold': [5.0, 4.0]}, 1)
    """
    check_groups(values, groups)
    numbers: Array = values.to_numpy(dtype=float)
    codes = groups.cat.codes.to_numpy()
    used = ~np.isnan(numbers) & (codes >= 0)
    split = {
        group_label(category): numbers[used & (codes == code)]
        for code, category in enumerate(groups.cat.categories)
    }
    return split, int(len(numbers) - used.sum())


@refuses_weights(
    "its ranks and p-values are those of a simple random sample",
    instead="analysis.design.group_tests.design_anova and design_rank_test",
    counts="sums",
)
def compare_groups(
    values: pd.Series,
    groups: pd.Series,
    *,
    rng: np.random.Generator,
    resamples: int = 2000,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> GroupComparison:
    """Compare the answers of several groups, such as tiers, over respondents who have both.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of ordered category dtype, shape (n_respondents,)
        The same index; missing for no group. Groups without answers are listed and take no part in tests.
    rng : numpy.random.Generator
        Draws the resamples behind the interval of the rank epsilon squared.
    resamples : int
        How many.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.

    Returns
    -------
    GroupComparison
        - Welch's F [1]_, which lets variances differ, as R's ``oneway.test``; the classical F; Brown and
          Forsythe's F* [5]_, the sum of squares between over what unequal variances lead one to expect of it.
        - omega, eta and epsilon squared of the classical table, as ``effectsize`` has them; omega and epsilon
          squared are not allowed below 0. The three estimate one share of the population and have one
          interval, from the noncentral F [2]_, as ``effectsize::eta_squared`` computes it (two-sided). It
          takes variances for equal, and where they are not it has covered the true share in as few as 68 % of
          samples; ``omega_squared_robust`` does not: its interval is from leaving out respondents
          (:func:`analysis.share_of_variance.share_errors`), and covers it in 91 to 97 %.
        - Kruskal and Wallis' H corrected for ties, with ``epsilon squared = H / (n - 1)`` and the
          percentile interval of a bootstrap that draws respondents with their group, freed of its bias.
        - Games and Howell's pairs [3]_: t and df as Welch's, p-value and simultaneous interval by the
          studentized range; Hedges' g with the pooled sd of the pair, the exact correction, and an interval
          from influence values. The noncentral t interval stands beside it: it takes spreads for equal, and
          where they are not it has covered the true g in as few as 67.6 % of samples, the one from influence
          values in 90 to 97 % (``docs/group-test-calibration.md``).
        - Brown and Forsythe's test of equal variances [4]_ (Levene's around medians, ``car::leveneTest``).

        What a test cannot use has a state: Welch's F and the pairs need groups of 2 or more respondents
        (``too_few``) whose answers vary (``constant``).

    Raises
    ------
    TypeError
        If ``groups`` is not categorical.
    ValueError
        If the indexes differ.

    References
    ----------
    .. [1] Welch, B. L. (1951). On the comparison of several mean values. Biometrika, 38, 330-336.
    .. [2] Steiger, J. H. (2004). Beyond the F test. Psychological Methods, 9, 164-182.
    .. [3] Games, P. A., & Howell, J. F. (1976). Pairwise multiple comparison procedures with unequal n's
       and/or variances. Journal of Educational Statistics, 1, 113-125.
    .. [4] Brown, M. B., & Forsythe, A. B. (1974). Robust tests for the equality of variances. Journal of the
       American Statistical Association, 69, 364-367.
    .. [5] Brown, M. B., & Forsythe, A. B. (1974). The small sample behavior of some statistics which test the
       equality of several means. Technometrics, 16, 129-132.

    Examples
    --------
    >>> tier = pd.Series(list("AAAABBBBBCCCC"), dtype="category", name="TIER")
    >>> satisfaction = pd.Series([1, 2, 3, 2, 2, 3, 3, 4, 3, 4, 5, 4, 5], name="SAT")
    >>> result = compare_groups(satisfaction, tier, rng=np.random.default_rng(1))
    >>> round(result.welch.statistic, 3), round(result.welch.p_value, 5)
    (12.611, 0.00607)
    >>> round(result.omega_squared.estimate, 3)
    0.643
    """
    split, n_missing = tallied(values, groups, counts)
    by_group = {group_label(category): tally for category, tally in split.items()}
    met = {group: answers for group, answers in by_group.items() if len(answers)}
    return GroupComparison(
        variable=str(values.name),
        grouping=str(groups.name),
        n=sum(map(len, met.values())),
        n_missing=n_missing,
        groups=tuple(_summary(group, answers, confidence_level) for group, answers in by_group.items()),
        welch=_welch(met),
        classical=_one_way(met, "classical_f", "One-way analysis of variance"),
        kruskal_wallis=_kruskal_wallis(met),
        brown_forsythe_means=_brown_forsythe_means(met),
        brown_forsythe=_brown_forsythe(met),
        omega_squared=_variance_explained(met, "omega_squared", confidence_level),
        eta_squared=_variance_explained(met, "eta_squared", confidence_level),
        epsilon_squared=_variance_explained(met, "epsilon_squared", confidence_level),
        omega_squared_robust=_robust_share(met, confidence_level),
        rank_epsilon_squared=_rank_epsilon(met, rng, resamples, confidence_level),
        pairs=_games_howell(met, confidence_level),
    )


def _summary(group: str, answers: Tally, confidence_level: float) -> GroupSummary:
    n = len(answers)
    if n == 0:
        return summary_of_moments(group, n, None, None, None, varies=False, confidence_level=confidence_level)
    return summary_of_moments(
        group,
        n,
        answers.mean,
        math.sqrt(answers.variance) if answers.varies else None,
        answers.median,
        varies=answers.varies,
        confidence_level=confidence_level,
    )


def summary_of_moments(
    group: str,
    n: int,
    mean: float | None,
    sd: float | None,
    median: float | None,
    *,
    varies: bool,
    confidence_level: float,
) -> GroupSummary:
    """One group out of its size, mean, sd and median, and whether its answers vary."""
    if mean is None:
        return GroupSummary(
            group=group,
            n=0,
            mean=None,
            std_error=None,
            interval=None,
            sd=None,
            median=None,
            state="empty_cell",
            reason="no respondent of this group answered",
        )
    std_error = sd / math.sqrt(n) if varies and sd is not None else None
    return GroupSummary(
        group=group,
        n=n,
        mean=mean,
        std_error=std_error,
        interval=None
        if std_error is None
        else mean_interval(mean, std_error, n - 1, confidence_level=confidence_level),
        sd=sd if varies else (0.0 if n > 1 else None),
        median=median,
        state="ok" if varies else ("constant" if n > 1 else "too_few"),
        reason="" if varies else ("all answers are the same" if n > 1 else "a single answer has no spread"),
    )


def _why_not(by_group: Mapping[str, Tally], *, each_varies: bool = False) -> tuple[str, str]:
    """State and reason for not testing: of all groups together, or of every group by itself."""
    if len(by_group) < 2:
        return "too_few", f"{'only one' if by_group else 'no'} group has answers, at least 2 are needed"
    if each_varies:
        small = [group for group, answers in by_group.items() if len(answers) < 2]
        if small:
            return "too_few", f"fewer than 2 respondents: {', '.join(small)}"
        still = [group for group, answers in by_group.items() if not answers.varies]
        if still:
            return "constant", f"all answers within a group are the same: {', '.join(still)}"
    elif all(not answers.varies for answers in by_group.values()):
        # Single respondents vary as little as groups that all say the same.
        return "constant", "no group has answers that vary"
    return "ok", ""


def _no_test(by_group: Mapping[str, Tally], measure: str, method: str, why: tuple[str, str]) -> GroupTest:
    return GroupTest(
        measure=measure,
        method=method,
        n=sum(map(len, by_group.values())),
        statistic=None,
        df=(),
        p_value=None,
        state=why[0],
        reason=why[1],
    )


def _welch(by_group: Mapping[str, Tally]) -> GroupTest:
    measure, method = "welch_f", "Welch's analysis of variance"
    why = _why_not(by_group, each_varies=True)
    if why[0] != "ok":
        return _no_test(by_group, measure, method, why)
    n, mean, variance = _moments(by_group)
    k = len(n)
    weight = n / variance
    center = float(weight @ mean / weight.sum())
    unevenness = float((((1 - weight / weight.sum()) ** 2) / (n - 1)).sum()) / (k * k - 1)
    statistic = float(weight @ (mean - center) ** 2) / (k - 1) / (1 + 2 * (k - 2) * unevenness)
    df = (float(k - 1), 1 / (3 * unevenness))
    return GroupTest(
        measure=measure,
        method=method,
        n=int(n.sum()),
        statistic=statistic,
        df=df,
        p_value=float(fdtrc(*df, statistic)),
    )


def _brown_forsythe_means(by_group: Mapping[str, Tally]) -> GroupTest:
    measure, method = "brown_forsythe_means_f", "Brown-Forsythe analysis of variance"
    why = _why_not(by_group)
    if why[0] == "ok":
        small = [group for group, answers in by_group.items() if len(answers) < 2]
        why = ("too_few", f"fewer than 2 respondents: {', '.join(small)}") if small else why
    if why[0] != "ok":
        return _no_test(by_group, measure, method, why)
    n, _, variance = _moments(by_group)
    part = (1 - n / n.sum()) * variance
    between, _, (df_between, _) = _sums_of_squares(by_group)
    statistic = between / float(part.sum())
    df = (df_between, float(part.sum() ** 2 / (part**2 / (n - 1)).sum()))
    return GroupTest(
        measure=measure,
        method=method,
        n=int(n.sum()),
        statistic=statistic,
        df=df,
        p_value=float(fdtrc(*df, statistic)),
    )


def _one_way(by_group: Mapping[str, Tally], measure: str, method: str) -> GroupTest:
    why = _why_not(by_group)
    if why[0] != "ok":
        return _no_test(by_group, measure, method, why)
    between, within, df = _sums_of_squares(by_group)
    statistic = (between / df[0]) / (within / df[1])
    return GroupTest(
        measure=measure,
        method=method,
        n=sum(map(len, by_group.values())),
        statistic=statistic,
        df=df,
        p_value=float(fdtrc(*df, statistic)),
    )


def _brown_forsythe(by_group: Mapping[str, Tally]) -> GroupTest:
    # Distances that differ only by rounding must not pass for variation, so a common grid settles them.
    largest = max((float(np.abs(answers.values).max()) for answers in by_group.values()), default=1.0)
    finest = 1e-12 * largest or 1.0
    distances = {group: _distances(answers, finest) for group, answers in by_group.items()}
    result = _one_way(distances, "brown_forsythe_f", "Brown-Forsythe test of equal variances")
    if result.state == "constant":
        return replace(result, reason="within each group all answers lie equally far from the median")
    return result


def _distances(answers: Tally, finest: float) -> Tally:
    """How far the answers lie from their median."""
    middle = answers.median
    return answers.turned(lambda values: np.round(np.abs(values - middle) / finest) * finest)


def _sums_of_squares(by_group: Mapping[str, Tally]) -> tuple[float, float, tuple[float, float]]:
    everyone = together(list(by_group.values()))
    grand = everyone.mean
    between = sum(len(answers) * (answers.mean - grand) ** 2 for answers in by_group.values())
    within = sum(answers.squares for answers in by_group.values())
    return between, within, (float(len(by_group) - 1), float(len(everyone) - len(by_group)))


def _moments(by_group: Mapping[str, Tally]) -> tuple[Array, Array, Array]:
    answers = list(by_group.values())
    return (
        np.array([len(group) for group in answers], dtype=float),
        np.array([group.mean for group in answers]),
        np.array([group.variance for group in answers]),
    )


VarianceShare = Literal["omega_squared", "eta_squared", "epsilon_squared"]
SHARES: Mapping[VarianceShare, str] = {
    "omega_squared": "Omega squared, noncentral F interval",
    "eta_squared": "Eta squared, noncentral F interval",
    "epsilon_squared": "Epsilon squared, noncentral F interval",
}


def _variance_explained(
    by_group: Mapping[str, Tally], measure: VarianceShare, confidence_level: float
) -> EffectSize:
    why = _why_not(by_group)
    if why[0] != "ok":
        n = sum(map(len, by_group.values()))
        return EffectSize(
            measure=measure,
            method=SHARES[measure],
            n=n,
            estimate=None,
            interval=None,
            state=why[0],
            reason=why[1],
        )
    return variance_share(measure, *_sums_of_squares(by_group), confidence_level=confidence_level)


def variance_share(
    measure: VarianceShare,
    between: float,
    within: float,
    df: tuple[float, float],
    *,
    confidence_level: float = 0.95,
) -> EffectSize:
    """Share of the variance that goes with the groups, out of the sums of squares.

    ``epsilon_squared`` takes off the numerator only what chance adds; ``omega_squared`` also mends the
    denominator. Neither is allowed below 0.
    """
    n = int(df[0] + df[1] + 1)
    error = within / df[1]
    if measure == "eta_squared":
        estimate = between / (between + within)
    elif measure == "epsilon_squared":
        estimate = max(0.0, (between - df[0] * error) / (between + within))
    else:
        estimate = max(0.0, (between - df[0] * error) / (between + within + error))
    # The noncentrality of the F that was seen. effectsize takes the F that would have the adjusted estimate
    # for its eta squared; that interval misses the truth in up to 40 % of samples of small effects.
    statistic = (between / df[0]) / error
    limits = f_noncentrality(statistic, df, confidence_level=confidence_level)
    low, high = (limit / (limit + df[1]) for limit in limits)
    return EffectSize(
        measure=measure,
        method=SHARES[measure],
        n=n,
        estimate=estimate,
        interval=Interval(low=low, high=high, confidence_level=confidence_level),
    )


def _kruskal_wallis(by_group: Mapping[str, Tally]) -> GroupTest:
    measure, method = "kruskal_wallis_h", "Kruskal-Wallis test"
    why = _why_not_ranked(by_group)
    if why[0] != "ok":
        return _no_test(by_group, measure, method, why)
    h, df = float(_h_statistics(answer_table(list(by_group.values()))[None])[0]), float(len(by_group) - 1)
    return GroupTest(
        measure=measure,
        method=method,
        n=sum(map(len, by_group.values())),
        statistic=h,
        df=(df,),
        p_value=float(chdtrc(df, h)),
    )


def _why_not_ranked(by_group: Mapping[str, Tally]) -> tuple[str, str]:
    if len(by_group) < 2:
        return _why_not(by_group)
    if not together(list(by_group.values())).varies:
        return "constant", "all answers are the same"
    return "ok", ""


def _robust_share(by_group: Mapping[str, Tally], confidence_level: float) -> EffectSize:
    """Omega squared with an interval that does not take variances for equal."""
    omega = _variance_explained(by_group, "omega_squared", confidence_level)
    eta = _variance_explained(by_group, "eta_squared", confidence_level)
    tallies = list(by_group.values())
    error, df = math.nan, math.nan
    if eta.estimate is not None:
        errors, dfs = share_errors(answer_table(tallies)[None], together(tallies).values)
        error, df = float(errors[0]), float(dfs[0])
    return robust_share(omega, eta, error, df, len(by_group) - 1, confidence_level)


@no_estimate("arithmetic")
def robust_share(
    omega: EffectSize, eta: EffectSize, std_error: float, df: float, between: int, confidence_level: float
) -> EffectSize:
    """Omega squared with the interval of ``share_interval`` (``analysis.share_of_variance``)."""
    interval, state, reason = None, omega.state, omega.reason
    if eta.estimate is not None:
        interval = share_interval(eta.estimate, std_error, df, between, confidence_level)
        if interval is None:
            state, reason = "no_error", "the means are the same, so that their share has no error"
    return replace(
        omega,
        measure="omega_squared_robust",
        method="Omega squared, interval from respondents left out",
        interval=interval,
        state=state,
        reason=reason,
    )


def _rank_epsilon(
    by_group: Mapping[str, Tally], rng: np.random.Generator, resamples: int, confidence_level: float
) -> EffectSize:
    """Rank epsilon squared with a bootstrap interval."""
    n = sum(map(len, by_group.values()))
    state, reason = _why_not_ranked(by_group)
    estimate, interval = None, None
    if state == "ok":
        table = answer_table(list(by_group.values()))
        estimate = float(_h_statistics(table[None])[0]) / (n - 1)
        drawn = np.concatenate(
            [_h_statistics(tables) / (n - 1) for tables in _resampled_tables(table, rng, resamples)]
        )
        if np.isfinite(drawn).any():
            interval = BootstrapDistribution.of_squared_length(drawn, estimate).interval(confidence_level)
        else:
            state, reason = "too_few", "in every resample all answers are the same"
    return EffectSize(
        measure="rank_epsilon_squared",
        method=f"H / (n - 1), percentile interval of {resamples} resamples, freed of bias",
        n=n,
        estimate=estimate,
        interval=interval,
        state=state,
        reason=reason,
    )


def cross_table(by_group: Sequence[Array]) -> Array:
    """How often each group gave each answer, shape (n_groups, n_distinct_answers).

    Rank statistics need no more than this table, so they cost as much as the scale is long.

    >>> cross_table([np.array([1.0, 2.0, 2.0]), np.array([2.0, 5.0])]).tolist()
    [[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]
    """
    return answer_table([Tally.of(group) for group in by_group])


def _resampled_tables(table: Array, rng: np.random.Generator, resamples: int) -> Iterator[Array]:
    """Drawing respondents with replacement is a multinomial draw of the table's cells."""
    shares = table.ravel() / table.sum()
    n = int(table.sum())
    at_once = max(1, 2_000_000 // table.size)  # keeps a block of tables within some 16 MB
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        yield rng.multinomial(n, shares, size=count).reshape(count, *table.shape).astype(float)


def _h_statistics(tables: Array) -> Array:
    """Kruskal and Wallis' H, corrected for ties, of each table; NaN where all answers are the same."""
    ties = tables.sum(axis=1)
    n = ties.sum(axis=1)
    rank = np.cumsum(ties, axis=1) - (ties - 1) / 2
    sizes = tables.sum(axis=2)
    # around the middle rank, so that large samples lose no digits
    off_centre = np.einsum("rgv,rv->rg", tables, rank - (n[:, None] + 1) / 2)
    squares = np.divide(off_centre**2, sizes, out=np.zeros_like(sizes), where=sizes > 0).sum(axis=1)
    h = 12 / (n * (n + 1)) * squares
    correction = 1 - (ties**3 - ties).sum(axis=1) / (n**3 - n)
    corrected: Array = np.divide(h, correction, out=np.full_like(h, np.nan), where=correction > 1e-12)
    return corrected


def _games_howell(by_group: Mapping[str, Tally], confidence_level: float) -> tuple[PairwiseDifference, ...]:
    """All pairs, later group minus earlier. The studentized range counts the groups that can be compared."""
    usable = [group for group, answers in by_group.items() if len(answers) > 1 and answers.varies]
    pairs = [
        _difference(earlier, later, by_group, len(usable), confidence_level)
        for earlier, later in combinations(by_group, 2)
    ]
    return tuple(pairs)


def _difference(
    earlier: str, later: str, by_group: Mapping[str, Tally], k: int, confidence_level: float
) -> PairwiseDifference:
    pair = {earlier: by_group[earlier], later: by_group[later]}
    trouble = _why_not(pair, each_varies=True)
    moments = [(len(answers), answers.mean, answers.variance) for answers in pair.values()]
    error = (
        influence_of_g(pair[later], pair[earlier], confidence_level=confidence_level)
        if trouble[0] == "ok"
        else None
    )
    return pair_of_moments((earlier, later), moments, k, trouble, error, confidence_level=confidence_level)


def pair_of_moments(
    names: tuple[str, str],
    moments: Sequence[tuple[int, float, float]],
    k: int,
    trouble: tuple[str, str],
    g_error: RobustEffect | None,
    *,
    confidence_level: float,
) -> PairwiseDifference:
    """Games and Howell's comparison of one pair of ``k`` groups out of n, mean and variance of each.

    What the influence values say of g needs more than these and is handed on.
    """
    (n_a, mean_a, variance_a), (n_b, mean_b, variance_b) = moments
    earlier, later = names
    state, reason = trouble
    estimate = mean_b - mean_a
    if state != "ok":
        return PairwiseDifference(
            group=later,
            versus=earlier,
            n=n_a + n_b,
            estimate=estimate,
            std_error=None,
            statistic=None,
            df=None,
            p_value=None,
            interval=None,
            hedges_g=None,
            hedges_g_error=None,
            hedges_g_noncentral_interval=None,
            state=state,
            reason=reason,
        )
    parts = variance_a / n_a, variance_b / n_b
    std_error = math.sqrt(sum(parts))
    df = sum(parts) ** 2 / (parts[0] ** 2 / (n_a - 1) + parts[1] ** 2 / (n_b - 1))
    statistic = estimate / std_error
    half = studentized_range_isf(1 - confidence_level, k, df) / math.sqrt(2) * std_error
    g, noncentral = hedges_g_of_moments(moments[1], moments[0], confidence_level=confidence_level)
    return PairwiseDifference(
        group=later,
        versus=earlier,
        n=n_a + n_b,
        estimate=estimate,
        std_error=std_error,
        statistic=statistic,
        df=float(df),
        p_value=studentized_range_sf(abs(statistic) * math.sqrt(2), k, df),
        interval=Interval(low=estimate - half, high=estimate + half, confidence_level=confidence_level),
        hedges_g=g,
        hedges_g_error=g_error,
        hedges_g_noncentral_interval=noncentral,
    )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.group_tests.design_t_test",
    counts="sums",
)
def hedges_g(
    a: Array,
    b: Array,
    *,
    counts_first: Counts | None = None,
    counts_second: Counts | None = None,
    confidence_level: float = 0.95,
) -> tuple[float, Interval]:
    """Standardised difference of two means, ``a`` minus ``b``, corrected for bias, with its interval.

    The sd is pooled; the correction is the exact one, with gamma functions [1]_; the interval comes from the
    noncentral t and is corrected likewise, as in ``effectsize::hedges_g``.

    Parameters
    ----------
    a, b : array, shapes (n_a,) and (n_b,)
        Answers without missing ones, at least 2 each, not all the same.
    counts_first, counts_second : array-like, optional
        Respondents that each answer stands for.

    References
    ----------
    .. [1] Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related
       estimators. Journal of Educational Statistics, 6, 107-128.

    Examples
    --------
    >>> g, interval = hedges_g(np.array([4.0, 5.0, 4.0, 3.0]), np.array([2.0, 3.0, 3.0, 1.0, 2.0]))
    >>> round(g, 4)
    1.9307
    """
    times = (
        None if counts is None else checked_counts(counts, len(answers))
        for answers, counts in ((a, counts_first), (b, counts_second))
    )
    tallies = (Tally.of(answers, own) for answers, own in zip((a, b), times, strict=True))
    first, second = ((len(tally), tally.mean, tally.variance) for tally in tallies)
    return hedges_g_of_moments(first, second, confidence_level=confidence_level)


def hedges_g_of_moments(
    a: tuple[int, float, float], b: tuple[int, float, float], *, confidence_level: float = 0.95
) -> tuple[float, Interval]:
    """As :func:`hedges_g`, out of n, mean and variance of both groups."""
    (n_a, mean_a, variance_a), (n_b, mean_b, variance_b) = a, b
    df = n_a + n_b - 2
    pooled = math.sqrt(((n_a - 1) * variance_a + (n_b - 1) * variance_b) / df)
    scale = math.sqrt(1 / n_a + 1 / n_b)
    d = (mean_a - mean_b) / pooled
    correction = math.exp(math.lgamma(df / 2) - math.log(math.sqrt(df / 2)) - math.lgamma((df - 1) / 2))
    low, high = t_noncentrality(d / scale, df, confidence_level=confidence_level)
    return d * correction, Interval(
        low=low * scale * correction, high=high * scale * correction, confidence_level=confidence_level
    )


def entry_of_summary(summary: GroupSummary, about: Mapping[str, str]) -> Entry:
    further = {"sd": summary.sd, "median": summary.median}
    return Entry(
        measure="mean",
        method="Mean, t interval",
        about={**about, "group": summary.group},
        n=summary.n,
        estimate=summary.mean,
        std_error=summary.std_error,
        interval=summary.interval,
        more={name: value for name, value in further.items() if value is not None},
        state=summary.state,
        reason=summary.reason,
    )


def entry_of_test(test: GroupTest, about: Mapping[str, str]) -> Entry:
    return Entry(
        measure=test.measure,
        method=test.method,
        about=about,
        n=test.n,
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        state=test.state,
        reason=test.reason,
    )


def entry_of_effect(effect: EffectSize, about: Mapping[str, str]) -> Entry:
    return Entry(
        measure=effect.measure,
        method=effect.method,
        about=about,
        n=effect.n,
        estimate=effect.estimate,
        interval=effect.interval,
        state=effect.state,
        reason=effect.reason,
    )


def entries_of_pair(pair: PairwiseDifference, about: Mapping[str, str]) -> tuple[Entry, Entry]:
    who = {**about, "group": pair.group, "versus": pair.versus}
    difference = Entry(
        measure="mean_difference",
        method="Games-Howell",
        about=who,
        n=pair.n,
        estimate=pair.estimate,
        std_error=pair.std_error,
        statistic=pair.statistic,
        df=() if pair.df is None else (pair.df,),
        p_value=pair.p_value,
        interval=pair.interval,
        state=pair.state,
        reason=pair.reason,
    )
    return difference, _entry_of_g(pair, who)


def _entry_of_g(pair: PairwiseDifference, who: Mapping[str, str]) -> Entry:
    error, other = pair.hedges_g_error, pair.hedges_g_noncentral_interval
    unsure = pair.state == "ok" and error is None
    return Entry(
        measure="hedges_g",
        method="Hedges' g, pooled sd, interval from influence values",
        about=who,
        n=pair.n,
        estimate=pair.hedges_g,
        std_error=None if error is None else error.std_error,
        df=() if error is None else (error.df,),
        interval=pair.hedges_g_interval,
        more={} if other is None else {"noncentral_low": other.low, "noncentral_high": other.high},
        state=pair.state,
        reason=G_UNSURE if unsure else pair.reason,
    )
