"""Tests and effect sizes of many items at once, out of how often each group gave each answer.

Rating scales have few answers, so whatever a test of groups needs of the respondents stands in one small
table per item. Every function here takes the tables of all items together, shape (n_items, n_groups,
n_answers), and does for all of them what the function of rows named beside it does for one; the tests hold
the two to the same numbers. Answers are in ascending order; an answer that nobody gave may stand anywhere
in a table. What cannot be computed is NaN here, and gets its state and reason where results are made
(``analysis.items_by_tier``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, fdtrc, gammaln, ndtr, stdtr, stdtrit

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.items_by_tier.items_by_tier")

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

NO_ERROR = 1e-12  #: variance of placements below which two groups do not overlap


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyTests:
    """One test of every item; NaN where it does not apply."""

    statistic: Array  #: shape (n_items,)
    df: tuple[Array, ...]
    p_value: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyEffects:
    """One effect size of every item, with an interval where the function makes one."""

    estimate: Array
    std_error: Array
    df: Array
    low: Array
    high: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Sizes, means and variances of every group of every item."""

    n: Array  #: shape (n_items, n_groups)
    mean: Array  #: NaN without respondents
    variance: Array  #: divides by n - 1; NaN with fewer than two respondents
    varies: Mask

    @property
    def met(self) -> Mask:
        return np.asarray(self.n > 0)

    @property
    def groups_met(self) -> Array:
        return np.asarray(self.met.sum(axis=1), dtype=float)


def moments(counts: Array, values: Array) -> Moments:
    """Moments of every group of every item.

    Parameters
    ----------
    counts : array, shape (n_items, n_groups, n_answers)
        How many respondents of a group gave an answer.
    values : array, shape (n_answers,), (n_items, 1, n_answers) or (n_items, n_groups, n_answers)
        The answers as numbers.

    Examples
    --------
    >>> of = moments(np.array([[[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]]), np.array([1.0, 2.0, 3.0]))
    >>> of.mean.round(4).tolist(), of.variance.round(4).tolist()
    ([[1.6667, 2.5]], [[0.3333, 0.5]])
    """
    n = counts.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (counts * values).sum(axis=2) / n
        squares = (counts * (values - mean[:, :, None]) ** 2).sum(axis=2)
        variance = np.where(n > 1, squares / (n - 1), np.nan)
    return Moments(n=n, mean=mean, variance=variance, varies=np.asarray((counts > 0).sum(axis=2) > 1))


def _only_where(
    applies: npt.ArrayLike, statistic: npt.ArrayLike, df: tuple[npt.ArrayLike, ...], p_value: npt.ArrayLike
) -> ManyTests:
    def kept(numbers: npt.ArrayLike) -> Array:
        return np.where(np.asarray(applies), np.asarray(numbers, dtype=float), np.nan)

    return ManyTests(statistic=kept(statistic), df=tuple(kept(d) for d in df), p_value=kept(p_value))


def every_group_varies(of: Moments) -> Mask:
    """Items with two groups or more, each with two respondents or more whose answers vary."""
    return np.asarray((of.groups_met > 1) & (~of.met | ((of.n > 1) & of.varies)).all(axis=1))


def some_group_varies(of: Moments) -> Mask:
    return np.asarray((of.groups_met > 1) & of.varies.any(axis=1))


def welch_f(of: Moments) -> ManyTests:
    """Welch's analysis of variance of every item, as ``compare_groups(...).welch``."""
    k, met = of.groups_met, of.met
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(met, of.n / of.variance, 0.0)
        total = weight.sum(axis=1, keepdims=True)
        mean = np.where(met, of.mean, 0.0)
        center = (weight * mean).sum(axis=1, keepdims=True) / total
        lost = np.where(met, (1 - weight / total) ** 2 / (of.n - 1), 0.0)
        unevenness = lost.sum(axis=1) / (k * k - 1)
        between = (weight * (mean - center) ** 2).sum(axis=1) / (k - 1)
        statistic = between / (1 + 2 * (k - 2) * unevenness)
        df = (k - 1, 1 / (3 * unevenness))
        return _only_where(every_group_varies(of), statistic=statistic, df=df, p_value=fdtrc(*df, statistic))


def sums_of_squares(of: Moments) -> tuple[Array, Array, tuple[Array, Array]]:
    """Between groups, within groups, and their degrees of freedom."""
    n = of.n.sum(axis=1)
    mean = np.where(of.met, of.mean, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        grand = (of.n * mean).sum(axis=1) / n
    between = (of.n * (mean - grand[:, None]) ** 2).sum(axis=1)
    within = np.nansum((of.n - 1) * of.variance, axis=1)
    return between, within, (of.groups_met - 1, n - of.groups_met)


def classical_f(of: Moments) -> ManyTests:
    """The classical analysis of variance of every item, as ``compare_groups(...).classical``."""
    between, within, df = sums_of_squares(of)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = (between / df[0]) / (within / df[1])
        return _only_where(some_group_varies(of), statistic=statistic, df=df, p_value=fdtrc(*df, statistic))


def brown_forsythe_means_f(of: Moments) -> ManyTests:
    """Brown and Forsythe's F* of equal means, as ``compare_groups(...).brown_forsythe_means``."""
    between, _, (df_between, _) = sums_of_squares(of)
    n = of.n.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(of.met, (1 - of.n / n) * of.variance, 0.0)
        expected = part.sum(axis=1)
        statistic = between / expected
        df = expected**2 / np.where(of.met & (of.n > 1), part**2 / (of.n - 1), 0.0).sum(axis=1)
        applies = some_group_varies(of) & (~of.met | (of.n > 1)).all(axis=1)
        return _only_where(
            applies,
            statistic=statistic,
            df=(df_between, df),
            p_value=fdtrc(df_between, df, statistic),
        )


def equal_variances_f(counts: Array, values: Array) -> ManyTests:
    """Levene's test around medians of every item, as ``compare_groups(...).brown_forsythe``."""
    n = counts.sum(axis=2, keepdims=True)
    below = counts.cumsum(axis=2)
    # the answers in the middle of the order: one of them with an odd number of respondents, two with an even
    lower = (below < np.floor((n + 1) / 2)).sum(axis=2)
    upper = (below < np.floor(n / 2) + 1).sum(axis=2)
    last = counts.shape[2] - 1
    wide = np.broadcast_to(values, counts.shape)
    middle = [np.take_along_axis(wide, np.minimum(at, last)[:, :, None], axis=2) for at in (lower, upper)]
    distance = np.abs(wide - (middle[0] + middle[1]) / 2)
    # as there: distances that differ only by rounding are one distance
    largest = np.where(counts > 0, np.abs(wide), 0.0).max(axis=(1, 2), keepdims=True)
    finest = 1e-12 * np.where(largest > 0, largest, 1.0)
    distance = np.round(distance / finest) * finest
    of = moments(counts, distance)
    spread = np.where(counts > 0, distance, np.nan)
    with np.errstate(invalid="ignore"):
        varies = np.fmax.reduce(spread, axis=2) > np.fmin.reduce(spread, axis=2)
    return classical_f(Moments(n=of.n, mean=of.mean, variance=of.variance, varies=np.asarray(varies)))


def answers_differ(counts: Array) -> Mask:
    """Items with two groups or more in which not everybody gave one answer."""
    two_groups = (counts.sum(axis=2) > 0).sum(axis=1) > 1
    return np.asarray(two_groups & ((counts.sum(axis=1) > 0).sum(axis=1) > 1))


def kruskal_wallis_h(counts: Array) -> ManyTests:
    """Kruskal and Wallis' H of every item, corrected for ties, as ``compare_groups(...).kruskal_wallis``."""
    ties, sizes = counts.sum(axis=1), counts.sum(axis=2)
    n = ties.sum(axis=1)
    rank = np.cumsum(ties, axis=1) - (ties - 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        # around the middle rank, so that large samples lose no digits
        off_centre = np.einsum("mgv,mv->mg", counts, rank - (n[:, None] + 1) / 2)
        squares = np.where(sizes > 0, off_centre**2 / sizes, 0.0).sum(axis=1)
        correction = 1 - (ties**3 - ties).sum(axis=1) / (n**3 - n)
        statistic = 12 / (n * (n + 1)) * squares / correction
    df = (sizes > 0).sum(axis=1) - 1.0
    return _only_where(answers_differ(counts), statistic=statistic, df=(df,), p_value=chdtrc(df, statistic))


def chi_square(counts: Array) -> ManyTests:
    """Pearson's chi-square of every item without continuity correction, as ``association(tier, item)``."""
    n = counts.sum(axis=(1, 2))
    row, column = counts.sum(axis=2, keepdims=True), counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = row * column / n[:, None, None]
        statistic = np.where(expected > 0, (counts - expected) ** 2 / expected, 0.0).sum(axis=(1, 2))
    df = ((row > 0).sum(axis=(1, 2)) - 1.0) * ((column > 0).sum(axis=(1, 2)) - 1.0)
    return _only_where(answers_differ(counts), statistic=statistic, df=(df,), p_value=chdtrc(df, statistic))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedCounts:
    """What independence would lead one to expect in the cells of groups and answers that were met."""

    cells: Array  #: shape (n_items,)
    below_five: Array
    smallest: Array
    two_by_two: Mask

    def doubt(self, row: int) -> tuple[str, str]:
        """State and reason of one item's chi-square, by the rule and in the words of ``association``."""
        below, cells, worst = int(self.below_five[row]), int(self.cells[row]), float(self.smallest[row])
        allowed = 0.0 if self.two_by_two[row] else cells / 5
        if below <= allowed and worst >= 1:
            return "ok", ""
        return (
            "small_expected",
            f"{below} of {cells} cells are expected to hold fewer than 5 respondents "
            f"(the smallest {worst:.2g}), so the chi-square approximation is doubtful",
        )


def expected_counts(counts: Array) -> ExpectedCounts:
    """Expected counts of every item's table."""
    n = counts.sum(axis=(1, 2))
    row, column = counts.sum(axis=2, keepdims=True), counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.nan_to_num(row * column / n[:, None, None])
    met = expected > 0
    shape = (row > 0).sum(axis=(1, 2)), (column > 0).sum(axis=(1, 2))
    return ExpectedCounts(
        cells=met.sum(axis=(1, 2)).astype(float),
        below_five=(met & (expected < 5)).sum(axis=(1, 2)).astype(float),
        smallest=np.asarray(np.where(met, expected, np.inf).min(axis=(1, 2), initial=np.inf)),
        two_by_two=np.asarray((shape[0] == 2) & (shape[1] == 2)),
    )


def cramers_v(counts: Array, statistic: Array) -> tuple[Array, Array]:
    """Cramér's V of every item, plain and with Bergsma's correction for bias."""
    n = counts.sum(axis=(1, 2))
    rows = (counts.sum(axis=2) > 0).sum(axis=1).astype(float)
    columns = (counts.sum(axis=1) > 0).sum(axis=1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        plain = np.minimum(1.0, np.sqrt(statistic / (n * (np.minimum(rows, columns) - 1))))
        phi2 = np.maximum(0.0, statistic / n - (rows - 1) * (columns - 1) / (n - 1))
        longest = np.minimum(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
        corrected = np.where(longest > 0, np.minimum(1.0, np.sqrt(phi2 / longest)), np.nan)
    return plain, corrected


def concordance(counts: Array) -> tuple[Array, Array]:
    """For a respondent in each cell, how many form a concordant and a discordant pair with them."""
    padded = np.zeros((len(counts), counts.shape[1] + 1, counts.shape[2] + 1))
    padded[:, 1:, 1:] = counts.cumsum(axis=1).cumsum(axis=2)
    above, left, both = padded[:, :-1, -1:], padded[:, -1:, :-1], padded[:, :-1, :-1]
    through_row, through_column, total = padded[:, 1:, -1:], padded[:, -1:, 1:], padded[:, -1:, -1:]
    lower_left = left - padded[:, 1:, :-1]
    upper_right = above - padded[:, :-1, 1:]
    lower_right = total - through_row - through_column + padded[:, 1:, 1:]
    return both + lower_right, lower_left + upper_right


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyTrends:
    """Jonckheere and Terpstra's test and Kendall's tau-b of every item."""

    j: Array
    expected: Array
    std_error: Array  #: of J when groups do not differ
    test: ManyTests
    tau_b: Array
    tau_b_std_error: Array  #: ASE1; zero where groups and answers agree perfectly


def trend(counts: Array) -> ManyTrends:
    """As ``jonckheere_terpstra`` and ``kendall_tau_b``: groups count in their order."""
    concordant, discordant = concordance(counts)
    surplus = concordant - discordant
    score = (counts * surplus).sum(axis=(1, 2))
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    n = rows.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        std_error = np.sqrt(_score_variance(n, rows, columns)) / 2
        z = score / 4 / std_error
        w_rows, w_columns = n * n - (rows**2).sum(axis=1), n * n - (columns**2).sum(axis=1)
        w = np.sqrt(w_rows * w_columns)
        tau = score / w
        margins = rows[:, :, None] * w_columns[:, None, None] + columns[:, None, :] * w_rows[:, None, None]
        slope = 2 * w[:, None, None] * surplus + tau[:, None, None] * margins
        length = (counts * slope**2).sum(axis=(1, 2))
        variance = length - n**3 * tau**2 * (w_rows + w_columns) ** 2
        tau_error = np.where(variance <= 1e-13 * length, 0.0, np.sqrt(np.maximum(variance, 0.0)) / w**2)
    applies = answers_differ(counts) & (n > 2)
    across = w_rows / 2
    return ManyTrends(
        j=(across + score / 2) / 2,
        expected=across / 2,
        std_error=std_error,
        test=_only_where(applies, statistic=z, df=(), p_value=2 * ndtr(-np.abs(z))),
        tau_b=np.where(applies, tau, np.nan),
        tau_b_std_error=np.where(applies, tau_error, np.nan),
    )


def _score_variance(n: Array, rows: Array, columns: Array) -> Array:
    """Variance of concordant minus discordant pairs when groups do not differ, given the ties."""

    def summed(of: Array, *off: float) -> Array:
        terms = of.copy()
        for shift in off:
            terms = terms * (of - shift)
        return np.asarray(terms.sum(axis=1))

    def five(of: Array) -> Array:
        return np.asarray((of * (of - 1) * (2 * of + 5)).sum(axis=1))

    variance = (n * (n - 1) * (2 * n + 5) - five(rows) - five(columns)) / 18
    variance = variance + summed(rows, 1, 2) * summed(columns, 1, 2) / (9 * n * (n - 1) * (n - 2))
    return np.asarray(variance + summed(rows, 1) * summed(columns, 1) / (2 * n * (n - 1)))


def linear_by_linear(counts: Array, group_scores: Array, values: Array) -> ManyTests:
    """z of the linear-by-linear association of every item, as ``analysis.linear_by_linear`` has it."""
    n = counts.sum(axis=(1, 2))
    x, y = np.broadcast_to(group_scores[:, None], counts.shape), np.broadcast_to(values, counts.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        x_mean = (counts * x).sum(axis=(1, 2)) / n
        y_mean = (counts * y).sum(axis=(1, 2)) / n
        x, y = x - x_mean[:, None, None], y - y_mean[:, None, None]
        shared = (counts * x * y).sum(axis=(1, 2))
        squares = (counts * x**2).sum(axis=(1, 2)) * (counts * y**2).sum(axis=(1, 2))
        z = shared / np.sqrt(squares / (n - 1))
    return _only_where(answers_differ(counts), statistic=z, df=(), p_value=2 * ndtr(-np.abs(z)))


def welch_t(
    a: Array, b: Array, values: Array, *, confidence_level: float = 0.95
) -> tuple[ManyTests, ManyEffects]:
    """Welch's t of two groups of every item with the difference ``a`` minus ``b``.

    Parameters
    ----------
    a, b : array, shape (n_items, n_answers)
        Counts of the two groups.
    values : array, shape (n_answers,) or (n_items, 1, n_answers)
    """
    of = moments(np.stack([a, b], axis=1), values)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = of.variance / of.n
        error = np.sqrt(part.sum(axis=1))
        df = part.sum(axis=1) ** 2 / (part**2 / (of.n - 1)).sum(axis=1)
        difference = of.mean[:, 0] - of.mean[:, 1]
        t = difference / error
        half = stdtrit(df, (1 + confidence_level) / 2) * error
        p_value = 2 * stdtr(df, -np.abs(t))
    applies = (of.n > 1).all(axis=1) & of.varies.any(axis=1)
    test = _only_where(applies, statistic=t, df=(df,), p_value=p_value)
    low, high = difference - half, difference + half
    return test, ManyEffects(estimate=difference, std_error=error, df=df, low=low, high=high)


def student_t(a: Array, b: Array, values: Array) -> ManyTests:
    """Student's t of two groups of every item, as ``compare_two(...).student``."""
    of = moments(np.stack([a, b], axis=1), values)
    with np.errstate(invalid="ignore", divide="ignore"):
        df = of.n.sum(axis=1) - 2
        pooled = ((of.n - 1) * of.variance).sum(axis=1) / df
        t = (of.mean[:, 0] - of.mean[:, 1]) / np.sqrt(pooled * (1 / of.n).sum(axis=1))
        p_value = 2 * stdtr(df, -np.abs(t))
    applies = (of.n > 1).all(axis=1) & of.varies.any(axis=1)
    return _only_where(applies, statistic=t, df=(df,), p_value=p_value)


def mann_whitney(a: Array, b: Array) -> ManyTests:
    """Mann and Whitney's U of ``a``, normal approximation corrected for ties, as ``compare_two`` has it."""
    m, n, ties = a.sum(axis=1), b.sum(axis=1), a + b
    total = m + n
    with np.errstate(invalid="ignore", divide="ignore"):
        u = (a * (b.cumsum(axis=1) - b / 2)).sum(axis=1)
        correction = (ties**3 - ties).sum(axis=1) / (total * (total - 1))
        z = (u - m * n / 2) / np.sqrt(m * n / 12 * (total + 1 - correction))
    applies = (np.minimum(m, n) > 1) & ((ties > 0).sum(axis=1) > 1)
    return _only_where(applies, statistic=u, df=(), p_value=np.minimum(1.0, 2 * ndtr(-np.abs(z))))


def brunner_munzel(a: Array, b: Array) -> tuple[ManyTests, ManyEffects]:
    """Brunner and Munzel's test with the probability that ``a`` answers higher, as ``compare_two`` has it.

    The effects have no interval here: ``analysis.two_groups.superiority_interval`` makes it out of estimate,
    error and df.
    """
    m, n = a.sum(axis=1), b.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        over_b, over_a = b.cumsum(axis=1) - b / 2, a.cumsum(axis=1) - a / 2
        estimate = (a * over_b).sum(axis=1) / (m * n)
        spread_a = (a * (over_b - (n * estimate)[:, None]) ** 2).sum(axis=1) / (m - 1)
        spread_b = (b * (over_a - (m * (1 - estimate))[:, None]) ** 2).sum(axis=1) / (n - 1)
        parts = spread_a / (n * n * m), spread_b / (m * m * n)
        variance = parts[0] + parts[1]
        df = variance**2 / (parts[0] ** 2 / (m - 1) + parts[1] ** 2 / (n - 1))
        error = np.sqrt(variance)
        statistic = (estimate - 0.5) / error
        p_value = 2 * stdtr(df, -np.abs(statistic))
        applies = (np.minimum(m, n) > 1) & (((a + b) > 0).sum(axis=1) > 1) & (variance >= NO_ERROR)
    nothing = np.full_like(estimate, np.nan)
    return _only_where(applies, statistic=statistic, df=(df,), p_value=p_value), ManyEffects(
        estimate=np.where(applies, estimate, np.nan),
        std_error=np.where(applies, error, np.nan),
        df=np.where(applies, df, np.nan),
        low=nothing,
        high=nothing,
    )


def hedges_g(a: Array, b: Array, values: Array, *, confidence_level: float = 0.95) -> ManyEffects:
    """Hedges' g of ``a`` minus ``b`` with the error and interval of its influence values.

    As ``mean_difference(...).robust``; the interval by the noncentral t is made one by one elsewhere.
    """
    of = moments(np.stack([a, b], axis=1), values)
    wide = np.broadcast_to(values, (len(a), 2, a.shape[1])) if np.ndim(values) == 3 else values
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled_df = of.n.sum(axis=1) - 2
        spread = ((of.n - 1) * of.variance).sum(axis=1)
        pooled = np.sqrt(spread / pooled_df)
        factor = np.exp(
            gammaln(pooled_df / 2) - np.log(np.sqrt(pooled_df / 2)) - gammaln((pooled_df - 1) / 2)
        )
        g = factor * (of.mean[:, 0] - of.mean[:, 1]) / pooled
        deviation = wide - of.mean[:, :, None]
        squares = deviation**2 - ((of.n - 1) * of.variance / of.n)[:, :, None]
        sign = np.array([1.0, -1.0])[None, :, None]
        influence = sign * deviation / (of.n * (pooled / factor)[:, None])[:, :, None]
        influence = influence - (g / (2 * spread))[:, None, None] * squares
        counts = np.stack([a, b], axis=1)
        part = (counts * influence**2).sum(axis=2) * of.n / (of.n - 1)
        error = np.sqrt(part.sum(axis=1))
        df = part.sum(axis=1) ** 2 / (part**2 / (of.n - 1)).sum(axis=1)
        half = stdtrit(df, (1 + confidence_level) / 2) * error
    applies = (of.n > 2).all(axis=1) & of.varies.any(axis=1)
    return ManyEffects(
        estimate=g,
        std_error=np.where(applies, error, np.nan),
        df=np.where(applies, df, np.nan),
        low=np.where(applies, g - half, np.nan),
        high=np.where(applies, g + half, np.nan),
    )
