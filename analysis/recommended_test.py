"""Which test of a difference between groups to read, why, and whether the others agree.

The choice follows what is asked and how the answers were given, never which p-value is smaller. It avoids the
tests that fail on answers of that kind in simulations of rating scales (``docs/group-test-calibration.md``).
Rules, in their order:

1. Answers on few points (at most ``FEW_POINTS``) of two groups are compared by ranks, without assuming equal
   spread (Brunner-Munzel).
2. Otherwise means are compared by Welch's test, which needs no equal variances (Delacre, Lakens & Leys 2017),
   and no normal answers as long as sizes are much alike (at most ``EVEN_SIZES`` to 1): the skewness of the
   groups then cancels.
3. Where sizes are uneven, a difference of means leans to where the answers of the smaller group have their
   longer tail; Welch's statistic is then corrected for it (``analysis.corrected_welch``).
4. Where answers pile up so much at one end that this is not enough (the *lean*, :func:`leans`, reaches
   ``PILED_UP``), a difference is one only if the corrected test and the test of ranks both find it.
   Where all of a group gave one answer, so that its mean has no error, or a group has fewer than
   ``SMALL_GROUP`` respondents, ranks alone are compared (Mann-Whitney, Kruskal-Wallis).
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
from analysis.corrected_welch import corrected_welch_f
from analysis.counted_rows import Counts, written_out
from analysis.groups import cross_table, split_by_group
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights, step_of

WEIGHTING = step_of("analysis.recommended_test.recommend_test")

Array = npt.NDArray[np.float64]
Chosen = Literal[
    "welch",
    "welch_corrected",
    "welch_and_ranks",
    "brunner_munzel",
    "mann_whitney",
    "kruskal_wallis",
    "none",
]
NULLS: Mapping[Chosen, str] = {
    "welch": "equal means",
    "welch_corrected": "equal means",
    "welch_and_ranks": "equal means, or equal distributions",
    "brunner_munzel": "neither group tends to answer higher",
    "mann_whitney": "equal distributions",
    "kruskal_wallis": "equal distributions",
    "none": "",
}

FEW_POINTS = 3  #: answers on no more points than this are read by their ranks
SMALL_GROUP = 8  #: means of smaller groups are never near enough to normal
RANKED_GROUP = 15  #: smallest group for which Brunner and Munzel's test keeps its level
EVEN_SIZES = 1.5  #: ratio of the largest to the smallest group up to which skewness cancels
LEAN = 0.15  #: skewness of a difference of means that is worth a remark
PILED_UP = 0.35  #: beyond this the corrected test rejects too often too
UNCERTAIN_GROUP = 25  #: the skewness of smaller groups is hardly known
UNEQUAL_SPREAD = 2.0  #: ratio of the largest to the smallest variance that is worth a remark
ALPHA = 0.05
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
    counts: Counts | None = None,
) -> Recommendation:
    """Choose the test of a difference between independent groups in the open.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of category dtype, shape (n_respondents,)
        The same index.
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
    if chosen == "welch_and_ranks":
        both = [results["welch_corrected"], results[_ranks(len(met) == 2)]]
        results[chosen] = max((p for p in both if p is not None), default=None) if None not in both else None
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
    ['welch_and_ranks']
    """
    sizes, two = tables.sum(axis=2), tables.shape[1] == 2
    smallest = sizes.min(axis=1)
    few = (tables.sum(axis=1) > 0).sum(axis=1) <= FEW_POINTS
    still = ((tables > 0).sum(axis=2) < 2).any(axis=1)
    lean = leans(tables, values)
    rules: list[tuple[npt.NDArray[np.bool_], Chosen]] = [
        (still | (smallest < SMALL_GROUP), _ranks(two)),
        (few & two & (lean < LEAN) & (smallest >= RANKED_GROUP), "brunner_munzel"),
        (sizes.max(axis=1) <= EVEN_SIZES * smallest, "welch"),
        (lean < PILED_UP, "welch_corrected"),
        (np.ones_like(still), "welch_and_ranks"),
    ]
    first = np.argmax(np.stack([applies for applies, _ in rules]), axis=0)
    return [rules[at][1] for at in first]


def _ranks(two: bool) -> Literal["mann_whitney", "kruskal_wallis"]:
    return "mann_whitney" if two else "kruskal_wallis"


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
        remark="answers pile up at one end, and sizes are uneven: means of few lean with them"
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
        return "every group is large enough for its mean", "unequal variances do no harm"
    if chosen in ("welch_corrected", "welch_and_ranks"):
        return tuple(_of_uneven_sizes(chosen, trail["group_sizes"].value))
    still = [group for group, answers in met.items() if np.ptp(answers) == 0]
    why = "a group is too small for any test of means"
    if still:
        why = f"all answers are the same in {', '.join(still)}"
    name = {"mann_whitney": "Mann-Whitney", "kruskal_wallis": "Kruskal-Wallis"}[chosen]
    spreads = f"if spreads differ, the {name} test takes it for a difference"
    return why, "ranks are compared, which asks whether the groups answer alike", spreads


def _of_uneven_sizes(chosen: Chosen, smallest: float) -> Iterator[str]:
    if chosen == "welch_and_ranks":
        yield (
            "answers pile up at one end, too much for a test of means with a group this small: "
            "a difference is taken for one only if means and ranks both show it"
        )
        yield "so that a difference that is there is found less often"
        return
    yield "every group is large enough for its mean, and unequal variances do no harm"
    yield "sizes are uneven, so that the skewness of the answers is corrected for"
    if smallest < UNCERTAIN_GROUP:
        yield (
            f"with fewer than {UNCERTAIN_GROUP} respondents in a group skewness is hardly known: depending "
            "on the answers, 2 to 8 of a hundred samples without a difference are called different"
        )


def _all_tests(met: Mapping[str, Array], table: Array) -> dict[str, float | None]:
    """P-values of the tests that need no resamples; None where one does not apply."""
    values = np.unique(np.concatenate(list(met.values())))
    if len(met) == 2:
        a, b = table[:1], table[1:]
        found = {
            "welch": table_tests.welch_t(a, b, values)[0],
            "welch_corrected": corrected_welch_f(table[None], values),
            "brunner_munzel": table_tests.brunner_munzel(a, b)[0],
            "mann_whitney": table_tests.mann_whitney(a, b),
            "student": table_tests.student_t(a, b, values),
        }
    else:
        of = table_tests.moments(table[None], values)
        found = {
            "welch": table_tests.welch_f(of),
            "welch_corrected": corrected_welch_f(table[None], values),
            "kruskal_wallis": table_tests.kruskal_wallis_h(table[None]),
            "one_way": table_tests.classical_f(of),
        }
    p_values = {name: float(test.p_value[0]) for name, test in found.items()}
    return {name: None if np.isnan(p) else p for name, p in p_values.items()}


def _agree(p_value: float | None, other: float | None) -> bool | None:
    if p_value is None or other is None:
        return None
    return (p_value < ALPHA) == (other < ALPHA)
