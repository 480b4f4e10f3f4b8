"""Every item against the tiers at once: all tests and effect sizes out of one pass over the respondents.

One pass counts how often each tier gave each answer; everything else follows from these small tables
(``analysis.table_tests``), so 60 items of 100,000 respondents take hardly longer than reading them. The
numbers are those of the functions for one item: ``compare_groups``, ``jonckheere_terpstra``,
``kendall_tau_b``, ``association`` and, for two tiers, ``compare_two``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from analysis import table_tests
from analysis.adjust import benjamini_hochberg, holm
from analysis.counted_rows import Counts, checked_counts
from analysis.groups import (
    EffectSize,
    GroupSummary,
    GroupTest,
    PairwiseDifference,
    entries_of_pair,
    entry_of_effect,
    entry_of_summary,
    entry_of_test,
    group_label,
    pair_of_moments,
    robust_share,
    summary_of_moments,
    variance_share,
)
from analysis.means import RobustEffect
from analysis.noncentral import chi_square_noncentrality
from analysis.results import Entry, Interval, Tabular
from analysis.share_of_variance import share_errors
from analysis.table_tests import ManyEffects, ManyTests, Moments
from analysis.trend import JonckheereTerpstra, KendallTauB
from analysis.two_groups import Dominance, superiority_interval
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]

MANY_ANSWERS = 100  #: different answers beyond which an item is counted by itself and has no chi-square
WHOLE_RANGE = 1000  #: whole numbers within this range are counted without being sorted

NAMES: Mapping[str, str] = {
    "welch_f": "Welch's analysis of variance",
    "classical_f": "One-way analysis of variance",
    "brown_forsythe_means_f": "Brown-Forsythe analysis of variance",
    "brown_forsythe_f": "Brown-Forsythe test of equal variances",
    "kruskal_wallis_h": "Kruskal-Wallis test",
    "chi_square": "Pearson chi-square test",
}
ADJUSTED = ("welch_f", "kruskal_wallis_h", "chi_square", "jonckheere_terpstra_z")  #: over the items


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOfTiers:
    """Two tiers on one item: the later minus the earlier."""

    means: PairwiseDifference  #: Games and Howell's, with Hedges' g
    dominance: Dominance | None  #: None where ranks have no error
    p_value: float | None  #: Brunner and Munzel's, of this pair alone
    state: str = "ok"  #: of ``dominance``
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemByTier:
    """One item against the tiers."""

    variable: str
    n: int
    n_missing: int
    groups: tuple[GroupSummary, ...]
    tests: Mapping[str, GroupTest]  #: by measure, the keys of ``NAMES``
    effects: Mapping[str, EffectSize]  #: omega, eta, epsilon and rank epsilon squared, Cramér's V
    jonckheere: JonckheereTerpstra | None  #: None where tiers have no order
    tau_b: KendallTauB | None
    pairs: tuple[PairOfTiers, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsByTier(Tabular):
    """All items against the tiers, p-values corrected over the items."""

    grouping: str
    items: tuple[ItemByTier, ...]
    p_holm: Mapping[str, tuple[float | None, ...]]  #: by measure, one for each item
    p_benjamini_hochberg: Mapping[str, tuple[float | None, ...]]

    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for at, item in enumerate(self.items) for entry in self._of(at, item))

    def _of(self, at: int, item: ItemByTier) -> Iterator[Entry]:
        about = {"variable": item.variable, "grouping": self.grouping}
        for summary in item.groups:
            yield entry_of_summary(summary, about)
        for test in item.tests.values():
            yield self._corrected(at, entry_of_test(test, about))
        for effect in item.effects.values():
            yield entry_of_effect(effect, about)
        for trend in (item.jonckheere, item.tau_b):
            if trend is not None:
                yield from (self._corrected(at, entry) for entry in trend.entries())
        for pair in item.pairs:
            yield from _pair_entries(pair, about)

    def _corrected(self, at: int, entry: Entry) -> Entry:
        found = {
            "p_holm": self.p_holm.get(entry.measure),
            "p_benjamini_hochberg": self.p_benjamini_hochberg.get(entry.measure),
        }
        more = {name: p[at] for name, p in found.items() if p is not None}
        return replace(entry, more={**entry.more, **{k: p for k, p in more.items() if p is not None}})


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.group_tests.design_anova",
    counts="sums",
)
def items_by_tier(
    items: pd.DataFrame,
    tiers: pd.Series,
    *,
    pairs: bool = True,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> ItemsByTier:
    """Test every item against the tiers, with effect sizes, pairs of tiers and corrections over the items.

    Parameters
    ----------
    items : DataFrame, shape (n_rows, n_items)
        Numbers, usually answers on a rating scale; NaN for no answer.
    tiers : Series of category dtype, shape (n_rows,)
        The same index; missing for no tier. Trends are given where the categories are ordered.
    pairs : bool
        Whether pairs of tiers are compared, which takes the longest.
    counts : array-like of whole numbers, shape (n_rows,), optional
        Respondents that a row stands for; 1 if left out.

    Returns
    -------
    ItemsByTier
        Per item, over respondents who have an answer and a tier: what
        :func:`analysis.groups.compare_groups` gives (without the resampled interval of rank epsilon squared),
        the chi-square with Cramér's V, plain and corrected for bias
        (:func:`analysis.crosstabs.association`), both trends (:mod:`analysis.trend`), and for every pair of
        tiers Games and Howell's difference, Hedges' g with both its intervals, and the probability of
        superiority with Cliff's delta (:func:`analysis.two_groups.compare_two`). Holm's and Benjamini and
        Hochberg's p-values run over the items, test by test.

        An item of more than 100 different answers has no chi-square (``many_values``).

    Raises
    ------
    TypeError
        If ``tiers`` is not categorical.
    ValueError
        If the indexes differ.

    Examples
    --------
    >>> tier = pd.Series(pd.Categorical(list("AAAABBBBBCCCC"), ordered=True), name="TIER")
    >>> answers = pd.DataFrame({"SAT": [1, 2, 3, 2, 2, 3, 3, 4, 3, 4, 5, 4, 5], "LOY": [3, 3, 2] * 4 + [4]})
    >>> found = items_by_tier(answers, tier)
    >>> [round(item.tests["welch_f"].p_value, 5) for item in found.items]
    [0.00607, 0.7331]
    >>> [round(p, 5) for p in found.p_holm["welch_f"]]
    [0.01214, 0.7331]
    """
    names, codes = _tier_codes(items, tiers)
    weights = None if counts is None else checked_counts(counts, len(items))
    total = len(items) if weights is None else int(weights.sum())
    ordered = bool(tiers.cat.ordered)
    tables = [_table(items.iloc[:, at], codes, len(names), weights) for at in range(items.shape[1])]
    found: list[ItemByTier | None] = [None] * len(tables)
    few = [at for at, (values, _) in enumerate(tables) if len(values) <= MANY_ANSWERS]
    batches = [few, *([at] for at in range(len(tables)) if at not in set(few))]
    for batch in batches:
        if batch:
            many = _Many(names, [tables[at] for at in batch], total, ordered, pairs, confidence_level)
            for row, at in enumerate(batch):
                found[at] = many.item(row, str(items.columns[at]), str(tiers.name))
    done = tuple(item for item in found if item is not None)
    raw = {measure: [_p_value(item, measure) for item in done] for measure in ADJUSTED}
    return ItemsByTier(
        grouping=str(tiers.name),
        items=done,
        p_holm={measure: holm(p) for measure, p in raw.items()},
        p_benjamini_hochberg={measure: benjamini_hochberg(p) for measure, p in raw.items()},
    )


def _tier_codes(items: pd.DataFrame, tiers: pd.Series) -> tuple[list[str], npt.NDArray[np.int64]]:
    if not isinstance(tiers.dtype, pd.CategoricalDtype):
        raise TypeError(
            f"tiers must be a Series of category dtype, which says their order; got {tiers.dtype}"
        )
    if not items.index.equals(tiers.index):
        raise ValueError("items and tiers must have one index: the same respondents in the same order")
    names = [group_label(category) for category in tiers.cat.categories]
    return names, np.asarray(tiers.cat.codes, dtype=np.int64)


def _table(
    answers: pd.Series, codes: npt.NDArray[np.int64], tiers: int, weights: Array | None
) -> tuple[Array, Array]:
    """The different answers in ascending order, and how often each tier gave them."""
    x = answers.to_numpy(dtype=float)
    asked = ~np.isnan(x) & (codes >= 0)
    if not asked.all():
        x, codes = x[asked], codes[asked]
        weights = None if weights is None else weights[asked]
    if not len(x):
        return np.zeros(0), np.zeros((tiers, 0))
    low, high = float(x.min()), float(x.max())
    if high - low <= WHOLE_RANGE and (x == np.floor(x)).all():
        values = np.arange(low, high + 1)
        at = (x - low).astype(np.int64)
    else:
        values, at = np.unique(x, return_inverse=True)
    cells = np.bincount(codes * len(values) + at, weights=weights, minlength=tiers * len(values))
    table = cells.reshape(tiers, len(values)).astype(float)
    met = table.any(axis=0)
    return values[met], table[:, met]


def _p_value(item: ItemByTier, measure: str) -> float | None:
    if measure == "jonckheere_terpstra_z":
        return None if item.jonckheere is None else item.jonckheere.p_value
    return item.tests[measure].p_value


class _Many:
    """All items of a batch: arithmetic for all together, results one by one."""

    def __init__(
        self,
        names: list[str],
        tables: list[tuple[Array, Array]],
        total: int,
        ordered: bool,
        pairs: bool,
        confidence_level: float,
    ) -> None:
        self.names, self.total, self.ordered, self.level = names, total, ordered, confidence_level
        widest = max(1, *(len(values) for values, _ in tables))
        self.counts = np.zeros((len(tables), len(names), widest))
        self.values = np.zeros((len(tables), 1, widest))
        for row, (values, table) in enumerate(tables):
            self.counts[row, :, : len(values)] = table
            self.values[row, 0, : len(values)] = values
        self.of = table_tests.moments(self.counts, self.values)
        self.squares = table_tests.sums_of_squares(self.of)
        self.share_errors = share_errors(self.counts, self.values)
        self.tests: dict[str, ManyTests] = {
            "welch_f": table_tests.welch_f(self.of),
            "classical_f": table_tests.classical_f(self.of),
            "brown_forsythe_means_f": table_tests.brown_forsythe_means_f(self.of),
            "brown_forsythe_f": table_tests.equal_variances_f(self.counts, self.values),
            "kruskal_wallis_h": table_tests.kruskal_wallis_h(self.counts),
            "chi_square": table_tests.chi_square(self.counts),
        }
        self.expected = table_tests.expected_counts(self.counts)
        self.v, self.v_corrected = table_tests.cramers_v(self.counts, self.tests["chi_square"].statistic)
        self.trends = table_tests.trend(self.counts) if ordered else None
        self.pairs: dict[tuple[int, int], tuple[ManyTests, ManyEffects, ManyEffects]] = {}
        for a, b in combinations(range(len(names)), 2) if pairs else ():
            later, earlier = self.counts[:, b], self.counts[:, a]
            ranks, dominance = table_tests.brunner_munzel(later, earlier)
            g = table_tests.hedges_g(later, earlier, self.values, confidence_level=confidence_level)
            self.pairs[a, b] = ranks, dominance, g

    def item(self, row: int, variable: str, grouping: str) -> ItemByTier:
        n = int(self.of.n[row].sum())
        met = [at for at in range(len(self.names)) if self.of.n[row, at] > 0]
        usable = sum(bool(self.of.varies[row, at]) for at in met)
        about: dict[str, str | int] = {
            "variable": variable,
            "grouping": grouping,
            "n": n,
            "n_missing": self.total - n,
        }
        return ItemByTier(
            variable=variable,
            n=n,
            n_missing=self.total - n,
            groups=tuple(self._summary(row, at) for at in range(len(self.names))),
            tests={measure: self._test(row, measure, n) for measure in NAMES},
            effects=self._effects(row, n),
            jonckheere=self._jonckheere(row, met, about),
            tau_b=self._tau_b(row, about),
            pairs=tuple(
                self._pair(row, a, b, usable) for a, b in combinations(met, 2) if (a, b) in self.pairs
            ),
        )

    def _summary(self, row: int, at: int) -> GroupSummary:
        n = int(self.of.n[row, at])
        return summary_of_moments(
            self.names[at],
            n,
            float(self.of.mean[row, at]) if n else None,
            float(np.sqrt(self.of.variance[row, at])) if n > 1 else None,
            self._median(row, at) if n else None,
            varies=bool(self.of.varies[row, at]),
            confidence_level=self.level,
        )

    def _median(self, row: int, at: int) -> float:
        below = self.counts[row, at].cumsum()
        n = below[-1]
        middle = np.searchsorted(below, [np.floor((n + 1) / 2), np.floor(n / 2) + 1])
        return float(self.values[row, 0, middle].mean())

    def _trouble(self, row: int, measure: str) -> tuple[str, str]:
        """State and reason, in the words of ``compare_groups`` and ``association``."""
        n, varies = self.of.n[row], self.of.varies[row]
        met = [at for at in range(len(self.names)) if n[at] > 0]
        if len(met) < 2:
            return "too_few", f"{'only one' if met else 'no'} group has answers, at least 2 are needed"
        small = [self.names[at] for at in met if n[at] < 2]
        if measure == "welch_f" and small:
            return "too_few", f"fewer than 2 respondents: {', '.join(small)}"
        still = [self.names[at] for at in met if not varies[at]]
        if measure == "welch_f" and still:
            return "constant", f"all answers within a group are the same: {', '.join(still)}"
        if measure in ("kruskal_wallis_h", "chi_square", "rank_epsilon_squared"):
            if (self.counts[row].sum(axis=0) > 0).sum() < 2:
                return "constant", "all answers are the same"
        elif measure == "brown_forsythe_f":
            if np.isnan(self.tests[measure].statistic[row]):
                alike = "within each group all answers lie equally far from the median"
                return "constant", alike
        elif not varies.any():
            return "constant", "no group has answers that vary"
        if measure == "brown_forsythe_means_f" and small:
            return "too_few", f"fewer than 2 respondents: {', '.join(small)}"
        return "ok", ""

    def _test(self, row: int, measure: str, n: int) -> GroupTest:
        found = self.tests[measure]
        state, reason = self._trouble(row, measure)
        if measure == "chi_square" and state == "ok":
            state, reason = self._chi_square_state(row)
        missing = state not in ("ok", "small_expected")
        return GroupTest(
            measure=measure,
            method=NAMES[measure],
            n=n,
            statistic=None if missing else float(found.statistic[row]),
            df=() if missing else tuple(float(df[row]) for df in found.df),
            p_value=None if missing else float(found.p_value[row]),
            state=state,
            reason=reason,
        )

    def _chi_square_state(self, row: int) -> tuple[str, str]:
        answers = int((self.counts[row].sum(axis=0) > 0).sum())
        if answers > MANY_ANSWERS:
            return "many_values", f"{answers} different answers are too many for a table of answers by tier"
        return self.expected.doubt(row)

    def _effects(self, row: int, n: int) -> dict[str, EffectSize]:
        found: dict[str, EffectSize] = {}
        between, within, df = (
            float(self.squares[0][row]),
            float(self.squares[1][row]),
            (float(self.squares[2][0][row]), float(self.squares[2][1][row])),
        )
        trouble = self._trouble(row, "classical_f")
        for measure in ("omega_squared", "eta_squared", "epsilon_squared"):
            found[measure] = (
                variance_share(measure, between, within, df, confidence_level=self.level)
                if trouble[0] == "ok"
                else _no_effect(measure, n, trouble)
            )
        found["omega_squared_robust"] = robust_share(
            found["omega_squared"],
            found["eta_squared"],
            float(self.share_errors[0][row]),
            float(self.share_errors[1][row]),
            int(self.of.groups_met[row]) - 1,
            self.level,
        )
        ranks = self._test(row, "kruskal_wallis_h", n)
        found["rank_epsilon_squared"] = EffectSize(
            measure="rank_epsilon_squared",
            method="H / (n - 1)",
            n=n,
            estimate=None if ranks.statistic is None else ranks.statistic / (n - 1),
            interval=None,
            state=ranks.state,
            reason=ranks.reason,
        )
        return found | self._cramers(row, n)

    def _cramers(self, row: int, n: int) -> dict[str, EffectSize]:
        test = self._test(row, "chi_square", n)
        if test.statistic is None:
            trouble = test.state, test.reason
            return {m: _no_effect(m, n, trouble) for m in ("cramers_v", "cramers_v_corrected")}
        rows = int((self.of.n[row] > 0).sum())
        longest = n * (min(rows, int((self.counts[row].sum(axis=0) > 0).sum())) - 1)
        limits = chi_square_noncentrality(test.statistic, test.df[0], confidence_level=self.level)
        low, high = (min(1.0, float(np.sqrt(limit / longest))) for limit in limits)
        corrected = float(self.v_corrected[row])
        return {
            "cramers_v": EffectSize(
                measure="cramers_v",
                method="Cramér's V, noncentral chi-square interval",
                n=n,
                estimate=float(self.v[row]),
                interval=Interval(low=low, high=high, confidence_level=self.level),
                state=test.state,
                reason=test.reason,
            ),
            "cramers_v_corrected": EffectSize(
                measure="cramers_v_corrected",
                # the noncentrality is free of the bias already, so that the interval needs no correction
                method="Cramér's V, Bergsma's correction; noncentral chi-square interval",
                n=n,
                estimate=None if np.isnan(corrected) else corrected,
                interval=Interval(low=low, high=high, confidence_level=self.level),
                state=test.state,
                reason=test.reason,
            ),
        }

    def _trend_trouble(self, row: int, n: int) -> tuple[str, str]:
        trouble = self._trouble(row, "kruskal_wallis_h")
        if trouble[0] == "too_few" or n > 2:
            return trouble
        return "too_few", f"{n} respondents, at least 3 are needed"

    def _jonckheere(self, row: int, met: list[int], about: dict[str, str | int]) -> JonckheereTerpstra | None:
        if self.trends is None:
            return None
        n = int(about["n"])
        state, reason = self._trend_trouble(row, n)
        known = state == "ok"
        return JonckheereTerpstra(
            variable=str(about["variable"]),
            grouping=str(about["grouping"]),
            n=n,
            n_missing=int(about["n_missing"]),
            groups=tuple(self.names[at] for at in met),
            statistic=float(self.trends.j[row]) if known else None,
            expected=float(self.trends.expected[row]) if known else None,
            std_error=float(self.trends.std_error[row]) if known else None,
            z=float(self.trends.test.statistic[row]) if known else None,
            p_value=float(self.trends.test.p_value[row]) if known else None,
            state=state,
            reason=reason,
        )

    def _tau_b(self, row: int, about: dict[str, str | int]) -> KendallTauB | None:
        if self.trends is None:
            return None
        n = int(about["n"])
        state, reason = self._trend_trouble(row, n)
        known = state == "ok"
        estimate = float(self.trends.tau_b[row]) if known else None
        error = float(self.trends.tau_b_std_error[row]) if known else 0.0
        sure = known and error < 1e-9
        half = float(ndtri((1 + self.level) / 2)) * error
        return KendallTauB(
            variable=str(about["variable"]),
            grouping=str(about["grouping"]),
            n=n,
            n_missing=int(about["n_missing"]),
            estimate=estimate,
            std_error=error if known and not sure else None,
            interval=None
            if estimate is None or sure
            else Interval(
                low=max(-1.0, estimate - half),
                high=min(1.0, estimate + half),
                confidence_level=self.level,
            ),
            statistic=float(self.trends.test.statistic[row]) if known else None,
            p_value=float(self.trends.test.p_value[row]) if known else None,
            state="inadmissible" if sure else state,
            reason="groups and answers agree perfectly, so the standard error is zero" if sure else reason,
        )

    def _pair(self, row: int, earlier: int, later: int, usable: int) -> PairOfTiers:
        names = self.names[earlier], self.names[later]
        test, dominance, g = self.pairs[earlier, later]
        trouble = _pair_trouble(self.of, row, (earlier, later), self.names)
        means = pair_of_moments(
            names,
            [
                (int(self.of.n[row, at]), float(self.of.mean[row, at]), float(self.of.variance[row, at]))
                for at in (earlier, later)
            ],
            usable,
            trouble,
            _error_of(g, row, self.level) if trouble[0] == "ok" else None,
            confidence_level=self.level,
        )
        state, reason = _rank_trouble(self.counts[row, [later, earlier]])
        if state != "ok":
            return PairOfTiers(
                means=means,
                dominance=None,
                p_value=None,
                state=state,
                reason=reason,
            )
        estimate, error, df = (
            float(numbers[row]) for numbers in (dominance.estimate, dominance.std_error, dominance.df)
        )
        limits = superiority_interval(estimate, error, df, confidence_level=self.level)
        return PairOfTiers(
            means=means,
            dominance=Dominance(estimate=estimate, std_error=error, df=df, interval=limits),
            p_value=float(test.p_value[row]),
        )


def _no_effect(measure: str, n: int, trouble: tuple[str, str]) -> EffectSize:
    return EffectSize(
        measure=measure,
        method=measure.replace("_", " "),
        n=n,
        estimate=None,
        interval=None,
        state=trouble[0],
        reason=trouble[1],
    )


def _error_of(effects: ManyEffects, row: int, confidence_level: float) -> RobustEffect | None:
    """What influence values say of one effect; None where they say nothing."""
    error, df = float(effects.std_error[row]), float(effects.df[row])
    if np.isnan(error):
        return None
    limits = Interval(
        low=float(effects.low[row]), high=float(effects.high[row]), confidence_level=confidence_level
    )
    return RobustEffect(std_error=error, df=df, interval=limits)


def _pair_trouble(of: Moments, row: int, pair: tuple[int, int], names: list[str]) -> tuple[str, str]:
    small = [names[at] for at in pair if of.n[row, at] < 2]
    if small:
        return "too_few", f"fewer than 2 respondents: {', '.join(small)}"
    still = [names[at] for at in pair if not of.varies[row, at]]
    if still:
        return "constant", f"all answers within a group are the same: {', '.join(still)}"
    return "ok", ""


def _rank_trouble(table: Array) -> tuple[str, str]:
    """In the words of ``compare_two``; ``table`` has the later tier first."""
    sizes = table.sum(axis=1)
    if sizes.min() < 2:
        return "too_few", f"{sizes[0]:.0f} and {sizes[1]:.0f} answers; each group needs at least 2"
    if (table.sum(axis=0) > 0).sum() < 2:
        return "constant", "everybody gave one answer"
    if np.isnan(table_tests.brunner_munzel(table[:1], table[1:])[1].estimate[0]):
        return (
            "no_error",
            "the groups do not overlap, or all who differ differ alike, so that ranks have no error",
        )
    return "ok", ""


def _pair_entries(pair: PairOfTiers, about: dict[str, str]) -> Iterator[Entry]:
    yield from entries_of_pair(pair.means, about)
    who = {**about, "group": pair.means.group, "versus": pair.means.versus}
    known = pair.dominance
    yield Entry(
        measure="cliffs_delta",
        method="Brunner-Munzel test; placements, interval of log odds",
        about=who,
        n=pair.means.n,
        estimate=None if known is None else known.cliffs_delta,
        std_error=None if known is None else 2 * known.std_error,
        df=() if known is None else (known.df,),
        p_value=pair.p_value,
        interval=None if known is None else known.cliffs_delta_interval,
        more={} if known is None else {"probability_of_superiority": known.estimate},
        state=pair.state,
        reason=pair.reason,
    )
