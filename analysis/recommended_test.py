"""Which test of a difference between groups to read, why, and whether the others agree.

The choice follows what is asked and how the answers were given, never which p-value is smaller. It avoids the
tests that fail on answers of that kind in simulations of rating scales (``docs/group-test-calibration.md``).
Rules, in their order:

1. Answers on few points (at most ``FEW_POINTS``) of two groups are compared by ranks, without assuming equal
   spread (Brunner-Munzel).
2. Otherwise means are compared by Welch's test, which needs no equal variances, and no normal answers as long
   as skewed answers and unequal sizes do not skew the difference of two means: the *lean* (:func:`leans`)
   stays below ``LEAN`` (Delacre, Lakens & Leys 2017).
3. Answers that lean more are held against Welch's bootstrap distribution, as long as the smallest group has
   ``BOOTSTRAP_GROUP`` respondents and the lean stays below ``BOOTSTRAP_LEAN``.
4. In smaller groups, or answers that lean more still, no test of means keeps its level. If spreads are alike,
   ranks are compared (Mann-Whitney, Kruskal-Wallis), which asks whether the groups answer alike; if they are
   not, Welch's statistic is held against its permutation distribution. The same holds where all of a group
   gave one answer, so that its mean has no error, or a group has fewer than ``SMALL_GROUP`` respondents.
5. The classical tests (Student, one-way analysis of variance) are never recommended: where they are right
   Welch's test loses next to nothing, and where they are wrong nothing in the data says so reliably
   (Zimmerman 2004).

References
----------
Delacre, M., Lakens, D., & Leys, C. (2017). Why psychologists should by default use Welch's t-test instead of
Student's t-test. International Review of Social Psychology, 30, 92-101.
Zimmerman, D. W. (2004). A note on preliminary tests of equality of variances. British Journal of
Mathematical and Statistical Psychology, 57, 173-181.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis import table_tests
from analysis.counted_rows import Counts, written_out
from analysis.groups import cross_table, split_by_group
from analysis.resampled_welch import bootstrap_welch, permutation_welch
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.recommended_test.recommend_test")

Array = npt.NDArray[np.float64]
Chosen = Literal[
    "welch",
    "welch_bootstrap",
    "welch_permutation",
    "brunner_munzel",
    "mann_whitney",
    "kruskal_wallis",
    "none",
]
NULLS: Mapping[Chosen, str] = {
    "welch": "equal means",
    "welch_bootstrap": "equal means",
    "welch_permutation": "equal means in large samples, equal distributions in small ones",
    "brunner_munzel": "neither group tends to answer higher",
    "mann_whitney": "equal distributions",
    "kruskal_wallis": "equal distributions",
    "none": "",
}

FEW_POINTS = 3  #: answers on no more points than this are read by their ranks
SMALL_GROUP = 8  #: means of smaller groups are never near enough to normal
RANKED_GROUP = 15  #: smallest group for which Brunner and Munzel's test keeps its level
LEAN = 0.15  #: skewness of a difference of means, beyond which Welch's test rejects too often
BOOTSTRAP_LEAN = 0.3  #: beyond this its bootstrap distribution is off too
BOOTSTRAP_GROUP = 25  #: smallest group whose answers stand for others like them
UNEQUAL_SPREAD = 2.0  #: ratio of the largest to the smallest variance that is worth a remark
ALPHA = 0.05
#: of the test of equal variances; where answers pile up, tests of ranks and of variances see the same samples
UNLIKE_SPREAD = 0.01
SHAPIRO_MOST = 5000  #: beyond this Shapiro and Wilk's p-value is not accurate


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at on the way to the choice."""

    name: Literal["group_sizes", "points", "lean", "variances", "normality", "ties"]
    #: smallest group; points met; skewness of a difference of means; ratio of variances; p-value; share tied
    value: float
    p_value: float | None = None
    remark: str = ""  #: what it means for the choice, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A test that could have been read instead."""

    name: str
    p_value: float | None
    agrees: bool | None  #: same side of ``ALPHA`` as the recommended test; None if it does not apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(Tabular):
    """The test to read, what it rests on, and whether its conclusion depends on the choice."""

    variable: str
    grouping: str
    n: int
    chosen: Chosen
    p_value: float | None
    reasons: tuple[str, ...]
    trail: tuple[Check, ...]
    alternatives: tuple[Alternative, ...]
    state: str = "ok"
    reason: str = ""

    @property
    def null(self) -> str:
        """The hypothesis that the chosen test is held to."""
        return NULLS[self.chosen]

    @property
    def survives(self) -> bool | None:
        """Whether every other test that applies comes to the same conclusion."""
        told = [other.agrees for other in self.alternatives if other.agrees is not None]
        return all(told) if told and self.p_value is not None else None

    def entries(self) -> tuple[Entry, ...]:
        about = {"variable": self.variable, "grouping": self.grouping}
        checks = {f"check_{check.name}": check.value for check in self.trail}
        first = Entry(
            measure="recommended_test",
            method=self.chosen,
            about=about,
            n=self.n,
            p_value=self.p_value,
            more=checks,
            state=self.state,
            reason=self.reason,
        )
        others = (
            Entry(measure="alternative_test", method=other.name, about=about, n=self.n, p_value=other.p_value)
            for other in self.alternatives
            if other.p_value is not None
        )
        return (first, *others)


@refuses_weights(
    "it chooses among tests of a simple random sample",
    instead="analysis.design.group_tests.design_rank_test",
    counts="rows",
)
def recommend_test(
    values: pd.Series,
    groups: pd.Series,
    *,
    rng: np.random.Generator | None = None,
    resamples: int = 1999,
    counts: Counts | None = None,
) -> Recommendation:
    """Choose the test of a difference between independent groups in the open.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of category dtype, shape (n_respondents,)
        The same index.
    rng : numpy.random.Generator, optional
        Draws the resamples where the choice falls on a resampled test; seeded with 1 if left out.
    resamples : int
        How many then.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Examples
    --------
    >>> draw = np.random.default_rng(2)
    >>> tier = pd.Series(np.repeat(["basic", "gold"], 60), dtype="category", name="TIER")
    >>> answers = pd.Series(draw.integers(1, 6, 120) + (tier == "gold"), dtype=float, name="SAT")
    >>> told = recommend_test(answers, tier)
    >>> told.chosen, told.survives
    ('welch', True)
    """
    values, groups = written_out(values, counts), written_out(groups, counts)
    by_group, _ = split_by_group(values, groups)
    met = {group: answers for group, answers in by_group.items() if len(answers)}
    n = sum(map(len, met.values()))
    trouble = _why_not(met)
    if trouble is not None:
        return Recommendation(
            variable=str(values.name),
            grouping=str(groups.name),
            n=n,
            chosen="none",
            p_value=None,
            reasons=(),
            trail=(),
            alternatives=(),
            state=trouble[0],
            reason=trouble[1],
        )
    table = cross_table(list(met.values()))
    trail = tuple(_trail(met, table))
    (chosen,) = choices(table[None], np.unique(np.concatenate(list(met.values()))))
    reasons = _reasons(chosen, met, {check.name: check for check in trail})
    results = _all_tests(met, table)
    if chosen in ("welch_bootstrap", "welch_permutation"):
        resampled = bootstrap_welch if chosen == "welch_bootstrap" else permutation_welch
        drawn_by = rng or np.random.default_rng(1)
        results[chosen] = resampled(met, rng=drawn_by, resamples=resamples).p_value
    p_value = results[chosen]
    return Recommendation(
        variable=str(values.name),
        grouping=str(groups.name),
        n=n,
        chosen=chosen,
        p_value=p_value,
        reasons=reasons,
        trail=trail,
        alternatives=tuple(
            Alternative(name=name, p_value=other, agrees=_agree(p_value, other))
            for name, other in results.items()
            if name != chosen
        ),
        state="ok" if p_value is not None else "no_error",
        reason="" if p_value is not None else "the recommended test has no error to divide by",
    )


def _why_not(met: Mapping[str, Array]) -> tuple[str, str] | None:
    small = [group for group, answers in met.items() if len(answers) < 2]
    if len(met) < 2 or small:
        seen = (
            f"fewer than 2 answers in {', '.join(small)}" if small else "fewer than two groups with answers"
        )
        return "too_few", seen
    if np.ptp(np.concatenate(list(met.values()))) == 0:
        return "constant", "everybody gave one answer"
    return None


def leans(tables: Array, values: Array) -> Array:
    """How skewed the difference of two means would be if the groups answered alike, at its worst.

    The skewness of the answers about the means of their groups times
    ``|1 / a^2 - 1 / b^2| / (1 / a + 1 / b)^1.5`` for the sizes a and b of the two groups that make it
    largest: nothing where all groups are of one size, and nearly the skewness over the root of the smaller
    size where one is much smaller.

    Parameters
    ----------
    tables : array, shape (n_samples, n_groups, n_answers)
        Counts; every group has respondents.
    values : array, shape (n_answers,)

    Examples
    --------
    >>> leans(np.array([[[0.0, 2, 3, 20], [1, 1, 4, 10]]]), np.array([2.0, 3, 4, 5])).round(3).tolist()
    [0.126]
    """
    sizes = tables.sum(axis=2)
    mean = (tables * values).sum(axis=2) / sizes
    deviation = values - mean[:, :, None]
    n = sizes.sum(axis=1)
    spread, third = ((tables * deviation**power).sum(axis=(1, 2)) / n for power in (2, 3))
    skewness = np.divide(np.abs(third), spread**1.5, out=np.zeros_like(spread), where=spread > 0)
    a, b = sizes[:, :, None], sizes[:, None, :]
    uneven = np.abs(1 / a**2 - 1 / b**2) / (1 / a + 1 / b) ** 1.5
    return np.asarray(skewness * uneven.max(axis=(1, 2)))


def choices(tables: Array, values: Array) -> list[Chosen]:
    """The test that is chosen for each of many samples of the same groups.

    Parameters as for :func:`leans`; every group has 2 respondents or more and not everybody gave one answer.

    Examples
    --------
    >>> choices(np.array([[[0.0, 2, 3, 60], [0, 1, 4, 10]]]), np.array([2.0, 3, 4, 5]))
    ['mann_whitney']
    """
    smallest, two = tables.sum(axis=2).min(axis=1), tables.shape[1] == 2
    few = (tables.sum(axis=1) > 0).sum(axis=1) <= FEW_POINTS
    still = ((tables > 0).sum(axis=2) < 2).any(axis=1)
    lean = leans(tables, values)
    unequal = np.nan_to_num(table_tests.equal_variances_f(tables, values).p_value, nan=1.0) < UNLIKE_SPREAD
    beyond_means = still | (smallest < SMALL_GROUP)
    rules: list[tuple[npt.NDArray[np.bool_], Chosen]] = [
        (still, "mann_whitney" if two else "kruskal_wallis"),
        (~beyond_means & (lean < LEAN) & few & two & (smallest >= RANKED_GROUP), "brunner_munzel"),
        (~beyond_means & (lean < LEAN), "welch"),
        (~beyond_means & (smallest >= BOOTSTRAP_GROUP) & (lean < BOOTSTRAP_LEAN), "welch_bootstrap"),
        (unequal, "welch_permutation"),
        (np.ones_like(still), "mann_whitney" if two else "kruskal_wallis"),
    ]
    first = np.argmax(np.stack([applies for applies, _ in rules]), axis=0)
    return [rules[at][1] for at in first]


def _trail(met: Mapping[str, Array], table: Array) -> Iterator[Check]:
    sizes, ties = table.sum(axis=1), table.sum(axis=0)
    smallest = float(sizes.min())
    yield Check(
        name="group_sizes",
        value=smallest,
        remark="means of groups this small need normal answers" if smallest < SMALL_GROUP else "",
    )
    yield Check(
        name="points",
        value=float(len(ties)),
        remark="so few points say little by their mean" if len(ties) <= FEW_POINTS else "",
    )
    yield Check(
        name="ties", value=float(ties[ties > 1].sum() / ties.sum()), remark="tests of ranks correct for them"
    )
    lean = float(leans(table[None], np.unique(np.concatenate(list(met.values()))))[0])
    yield Check(
        name="lean",
        value=lean,
        remark="answers pile up at one end, too much for the mean of the smallest group"
        if lean >= LEAN
        else "",
    )
    yield _variances(met, table)
    normal = [
        float(stats.shapiro(answers).pvalue)
        for answers in met.values()
        if 3 <= len(answers) <= SHAPIRO_MOST and np.ptp(answers) > 0
    ]
    if normal:
        yield Check(
            name="normality",
            value=min(normal),
            p_value=min(normal),
            remark=(
                "never normal on a rating scale; large samples always show it, "
                "and means of large groups do not mind"
            ),
        )


def _variances(met: Mapping[str, Array], table: Array) -> Check:
    spreads = [float(answers.var(ddof=1)) if np.ptp(answers) > 0 else 0.0 for answers in met.values()]
    ratio = max(spreads) / min(spreads) if min(spreads) > 0 else float("inf")
    values = np.unique(np.concatenate(list(met.values())))
    levene = float(table_tests.equal_variances_f(table[None], values).p_value[0])
    return Check(
        name="variances",
        value=ratio,
        p_value=None if np.isnan(levene) else levene,
        remark="tests that pool variances are off" if ratio > UNEQUAL_SPREAD else "",
    )


def _reasons(chosen: Chosen, met: Mapping[str, Array], trail: Mapping[str, Check]) -> tuple[str, ...]:
    if chosen == "brunner_munzel":
        return "the answers have few points", "ranks are compared without assuming equal spread"
    if chosen == "welch":
        reasons = ("every group is large enough for its mean", "unequal variances do no harm")
        if trail["group_sizes"].value >= BOOTSTRAP_GROUP or trail["variances"].value <= UNEQUAL_SPREAD:
            return reasons
        return (
            *reasons,
            f"though with fewer than {BOOTSTRAP_GROUP} respondents in a group and spreads that differ, "
            "skewed answers can make it reject in up to a tenth of samples without a difference",
        )
    if chosen == "welch_bootstrap":
        return (
            "answers pile up at one end, so that Welch's test rejects too often",
            "resampling shows how its statistic is spread when means are equal",
        )
    still = [group for group, answers in met.items() if np.ptp(answers) == 0]
    why = "answers pile up at one end, too much for a test of means with a group this small"
    if still:
        why = f"all answers are the same in {', '.join(still)}"
    elif trail["group_sizes"].value < SMALL_GROUP:
        why = "a group is too small for any test of means"
    if chosen == "welch_permutation":
        return (
            why,
            "spreads differ, which tests of ranks take for a difference, "
            "so that Welch's statistic is held against answers dealt out anew",
        )
    name = {"mann_whitney": "Mann-Whitney", "kruskal_wallis": "Kruskal-Wallis"}[chosen]
    spreads = f"spreads are not told apart; if they differ, the {name} test takes it for a difference"
    if still:
        spreads = "a group without spread leaves the means no test"
    return why, "ranks are compared, which asks whether the groups answer alike", spreads


def _all_tests(met: Mapping[str, Array], table: Array) -> dict[str, float | None]:
    """P-values of the tests that need no resamples; None where one does not apply."""
    values = np.unique(np.concatenate(list(met.values())))
    if len(met) == 2:
        a, b = table[:1], table[1:]
        found = {
            "welch": table_tests.welch_t(a, b, values)[0],
            "brunner_munzel": table_tests.brunner_munzel(a, b)[0],
            "mann_whitney": table_tests.mann_whitney(a, b),
            "student": table_tests.student_t(a, b, values),
        }
    else:
        of = table_tests.moments(table[None], values)
        found = {
            "welch": table_tests.welch_f(of),
            "kruskal_wallis": table_tests.kruskal_wallis_h(table[None]),
            "one_way": table_tests.classical_f(of),
        }
    p_values = {name: float(test.p_value[0]) for name, test in found.items()}
    return {name: None if np.isnan(p) else p for name, p in p_values.items()}


def _agree(p_value: float | None, other: float | None) -> bool | None:
    if p_value is None or other is None:
        return None
    return (p_value < ALPHA) == (other < ALPHA)
