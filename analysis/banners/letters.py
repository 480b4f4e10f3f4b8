"""Column-letter tests of banner tables: every pair of columns of a span, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from analysis.banners.counts import Block, Layout, Tally
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.banners.banner.banner")

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

Correction = Literal["none", "bonferroni", "holm", "benjamini_hochberg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRules:
    """How columns are compared. The defaults are those of most market research tables."""

    #: significance levels, the strict one first: upper-case letters, then lower-case ones
    levels: tuple[float, ...] = (0.05, 0.10)
    #: variance of a difference of shares, tested by z. Unpooled it rejects too often where answers are rare:
    #: 8.7 % of equal shares of 5 % at the 5 % level, columns of 40 to 160 respondents; pooled 4.2 %
    shares: Literal["pooled", "unpooled"] = "pooled"
    means: Literal["equal_variances", "welch"] = "equal_variances"  #: of means and scores, tested by t
    correction: Correction = "none"  #: over the pairs of one row within a span
    minimum_base: float = 30  #: columns below are shown and not tested
    base: Literal["respondents", "effective"] = "respondents"  #: which base must reach the minimum

    def __post_init__(self) -> None:
        if not 1 <= len(self.levels) <= 2 or not all(0 < level < 1 for level in self.levels):
            raise ValueError(f"one or two levels between 0 and 1 are needed, got {self.levels}")
        if list(self.levels) != sorted(self.levels):
            raise ValueError(f"the strict level comes first, as (0.05, 0.10); got {self.levels}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Rows of one item over all columns, with what tests need."""

    is_share: Mask  #: (n_rows,) a share; otherwise a mean or a score
    estimate: Array  #: (n_rows, n_columns), NaN where the base is empty
    variance: Array  #: (n_rows, n_columns) of the answers; of means and scores with n / (n - 1)
    n: Array  #: (n_columns,) respondents
    weight: Array  #: (n_columns,) their weights
    square: Array  #: (n_columns,) squares of their weights
    values: Array  #: (n_rows, n_answers) what an answer counts in a row
    tally: Tally
    center: float = 0.0  #: subtracted from numbers before their moments were taken
    is_number: bool = False  #: the tally holds moments

    @property
    def effective(self) -> Array:
        """Kish's effective bases, ``(sum w)^2 / sum w^2``."""
        return np.divide(self.weight**2, self.square, out=np.zeros_like(self.weight), where=self.square > 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Tests of pairs of columns, NaN where there is none."""

    first: npt.NDArray[np.intp]  #: (n_pairs,)
    second: npt.NDArray[np.intp]
    statistic: Array  #: (n_rows, n_pairs); positive where the first column is higher
    df: Array  #: infinite for z tests
    p_value: Array
    p_adjusted: Array


def compare_block(rows: Measured, block: Block, layout: Layout, rules: LetterRules) -> Compared:
    """All pairs of columns of a block, with the correction over the pairs of a row."""
    at = np.array(block.columns, dtype=np.intp)
    i, j = np.triu_indices(len(at), 1)
    first, second = at[i], at[j]
    shared: tuple[Array, ...] | None = None
    if block.overlapping:
        shared = tuple(part[..., i, j] for part in overlap(rows, layout, at))
    statistic, df, p = pair_tests(rows, first, second, shared, rules)
    tested = reaches_minimum(rows, rules)
    p = np.where(tested[first] & tested[second], p, np.nan)
    return Compared(
        first=first,
        second=second,
        statistic=statistic,
        df=df,
        p_value=p,
        p_adjusted=corrected(p, rules.correction),
    )


def compare_with_total(rows: Measured, rules: LetterRules) -> Compared:
    """Every column against the total it is part of; not corrected."""
    second = np.arange(1, len(rows.n), dtype=np.intp)
    first = np.zeros_like(second)
    # The overlap of a column with the total is the column itself.
    shift = rows.estimate[:, second] - rows.estimate[:, first]
    n = np.maximum(rows.n[second], 2)
    plain = np.where(rows.is_share[:, None], rows.variance[:, second], rows.variance[:, second] * (n - 1) / n)
    shared = rows.square[second], rows.weight[second], plain + 0 * shift
    statistic, df, p = pair_tests(rows, second, first, shared, rules)
    tested = reaches_minimum(rows, rules)
    p = np.where(tested[second] & tested[0], p, np.nan)
    return Compared(first=second, second=first, statistic=statistic, df=df, p_value=p, p_adjusted=p)


def reaches_minimum(rows: Measured, rules: LetterRules) -> Mask:
    """Columns whose base reaches the minimum."""
    base = rows.n if rules.base == "respondents" else rows.effective
    return np.asarray((base >= rules.minimum_base) & (rows.n > 0))


def overlap(rows: Measured, layout: Layout, at: npt.NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Respondents whom columns share: squares of weights, weights, and covariances of the answers.

    Shapes (c, c), (c, c) and (n_rows, c, c).
    """
    m = layout.membership[:, at]
    base = slice(0, 1) if rows.is_number else slice(None)

    def both(sums: Array) -> Array:
        return np.asarray(m.T @ (m * sums[:, None]))

    square = both(rows.tally.pattern_square[:, base].sum(axis=1))
    weight = both(rows.tally.pattern_weight[:, base].sum(axis=1))
    by_answer = [both(column) for column in rows.tally.pattern_weight.T]
    covariance = np.zeros((len(rows.is_share), len(at), len(at)))
    inside = np.maximum(weight, 1e-300)
    for r in range(len(covariance)):
        if rows.is_number:
            one, two = by_answer[1], by_answer[2]
        else:
            value = rows.values[r]
            one = sum((v * part for v, part in zip(value, by_answer, strict=True)), np.zeros_like(weight))
            two = sum((v * v * part for v, part in zip(value, by_answer, strict=True)), np.zeros_like(weight))
        own = np.nan_to_num(rows.estimate[r, at]) - rows.center
        # sum w (x - m_i)(x - m_j) / sum w over those in both columns
        covariance[r] = two / inside - (own[:, None] + own) * one / inside + np.outer(own, own)
    return square, weight, covariance


def pair_tests(
    rows: Measured,
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
    shared: tuple[Array, ...] | None,
    rules: LetterRules,
) -> tuple[Array, Array, Array]:
    """Statistics, degrees of freedom and p-values of pairs of columns.

    Effective bases ``e = (sum w)^2 / sum w^2`` [1]_ take the place of respondents. Shares: z with variance
    ``p (1 - p) (1 / e1 + 1 / e2 - 2 c)`` of the pooled share, or ``p1 q1 / e1 + p2 q2 / e2 - 2 c s12``.
    Means: t with the pooled variance on ``e1 + e2 - 2`` degrees of freedom (less the effective number of
    those in both), or Welch's. ``c = sum w^2 / (W1 W2)`` runs over the respondents in both columns, and is
    zero where columns do not overlap; ``s12`` is the covariance of their answers.

    References
    ----------
    .. [1] Kish, L. (1965). Survey sampling. Wiley.
    """
    e = rows.effective
    e1, e2 = e[first], e[second]
    m1, m2 = rows.estimate[:, first], rows.estimate[:, second]
    v1, v2 = rows.variance[:, first], rows.variance[:, second]
    with np.errstate(divide="ignore", invalid="ignore"):
        if shared is None:
            common, cross, e12 = np.zeros_like(e1), np.zeros_like(m1), np.zeros_like(e1)
        else:
            square, weight, covariance = shared
            common = square / (rows.weight[first] * rows.weight[second])
            cross = covariance * common
            e12 = np.where(square > 0, weight**2 / square, 0.0)
        factor = 1 / e1 + 1 / e2 - 2 * common
        pooled_share = (e1 * m1 + e2 * m2) / (e1 + e2)
        apart = v1 / e1 + v2 / e2 - 2 * cross
        share_variance = pooled_share * (1 - pooled_share) * factor if rules.shares == "pooled" else apart
        if rules.means == "welch":
            mean_variance = apart
            df = (v1 / e1 + v2 / e2) ** 2 / ((v1 / e1) ** 2 / (e1 - 1) + (v2 / e2) ** 2 / (e2 - 1))
        else:
            mean_variance = ((e1 - 1) * v1 + (e2 - 1) * v2) / (e1 + e2 - 2) * factor
            df = np.broadcast_to(e1 + e2 - e12 - 2, m1.shape)
        share = rows.is_share[:, None]
        variance = np.where(share, share_variance, mean_variance)
        df = np.where(share, np.inf, df)
        # What is zero on paper may be a rounding error away from it.
        usable = (variance > 1e-14 * (v1 + v2)) & (df > 0)
        statistic = np.where(usable, (m1 - m2) / np.sqrt(np.where(usable, variance, 1)), np.nan)
        p = np.where(
            share, 2 * ndtr(-np.abs(statistic)), 2 * stdtr(np.where(share, 1, df), -np.abs(statistic))
        )
    return statistic, df, p


def corrected(p: Array, correction: Correction) -> Array:
    """p-values corrected over the tests of each row; NaN are no tests.

    >>> corrected(np.array([[0.01, 0.04, np.nan, 0.03]]), "holm").tolist()
    [[0.03, 0.06, nan, 0.06]]
    """
    if correction == "none" or p.size == 0:
        return p
    m = (~np.isnan(p)).sum(axis=1, keepdims=True)
    if correction == "bonferroni":
        return np.asarray(np.minimum(p * m, 1.0))
    order = np.argsort(p, axis=1, kind="stable")  # NaN last
    ranked = np.take_along_axis(p, order, axis=1)
    place = np.arange(1, p.shape[1] + 1)
    if correction == "holm":
        raised = np.maximum.accumulate(ranked * np.maximum(m - place + 1, 1), axis=1)
    else:
        filled = np.where(np.isnan(ranked), np.inf, ranked * m / place)
        raised = np.minimum.accumulate(filled[:, ::-1], axis=1)[:, ::-1]
    out = np.empty_like(p)
    np.put_along_axis(out, order, np.minimum(raised, 1.0), axis=1)
    return np.asarray(np.where(np.isnan(p), np.nan, out))


def letters_of(compared: list[Compared], layout: Layout, n_rows: int, rules: LetterRules) -> list[list[str]]:
    """The letters of each cell: those of the columns it exceeds, upper case at the strict level."""
    found: list[list[list[str]]] = [[[] for _ in layout.columns] for _ in range(n_rows)]
    loose = rules.levels[-1]
    for tests in compared:
        with np.errstate(invalid="ignore"):
            at_rows, at_pairs = np.nonzero(tests.p_adjusted < loose)
        for r, q in zip(at_rows.tolist(), at_pairs.tolist(), strict=True):
            higher, lower = int(tests.first[q]), int(tests.second[q])
            if tests.statistic[r, q] < 0:
                higher, lower = lower, higher
            mark = layout.columns[lower].letter
            strict = tests.p_adjusted[r, q] < rules.levels[0]
            found[r][higher].append(mark if strict else mark.lower())
    single = all(len(column.letter) <= 1 for column in layout.columns)
    return [["".join(cell) if single else " ".join(cell) for cell in row] for row in found]
