"""Which test of a difference between groups to read, why, and whether the others agree.

The choice follows what is asked and how the answers were given, never which p-value is smaller. Rules, in
their order:

1. Answers on few points (at most ``FEW_POINTS``) or groups below ``SMALL_GROUP``: a test of ranks, for two
   groups one that does not assume equal spread (Brunner-Munzel), for several Kruskal-Wallis if spreads are
   alike.
2. Otherwise means are compared by Welch's test, which needs no equal variances and, with the group sizes
   above, no normal answers (Delacre, Lakens & Leys 2017).
3. The classical tests (Student, one-way analysis of variance) are never recommended: where they are right
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

from analysis.counted_rows import Counts, written_out
from analysis.groups import GroupComparison, compare_groups, split_by_group
from analysis.results import Entry, Tabular
from analysis.two_groups import compare_two
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]
Chosen = Literal["welch", "brunner_munzel", "kruskal_wallis", "none"]

FEW_POINTS = 3  #: answers on no more points than this are read by their ranks
SMALL_GROUP = 15  #: means of smaller groups are not near enough to normal
UNEQUAL_SPREAD = 2.0  #: ratio of the largest to the smallest variance that is worth a remark
ALPHA = 0.05
SHAPIRO_MOST = 5000  #: beyond this Shapiro and Wilk's p-value is not accurate


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at on the way to the choice."""

    name: Literal["group_sizes", "points", "variances", "normality", "ties"]
    value: float  #: smallest group; points met; ratio of variances; smallest p-value; share of tied answers
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
        Passed on to :func:`analysis.groups.compare_groups`.
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
    trail = tuple(_trail(met))
    chosen, reasons = _choice(met, {check.name: check for check in trail})
    if len(met) == 2:
        results = _two(met)
    else:
        results = _several(compare_groups(values, groups, rng=rng or np.random.default_rng(1), resamples=2))
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


def _trail(met: Mapping[str, Array]) -> Iterator[Check]:
    together = np.concatenate(list(met.values()))
    smallest = min(map(len, met.values()))
    yield Check(
        name="group_sizes",
        value=float(smallest),
        remark="means of groups this small need normal answers" if smallest < SMALL_GROUP else "",
    )
    points, counts = np.unique(together, return_counts=True)
    yield Check(
        name="points",
        value=float(len(points)),
        remark="so few points say little by their mean" if len(points) <= FEW_POINTS else "",
    )
    yield Check(
        name="ties",
        value=float(counts[counts > 1].sum() / len(together)),
        remark="tests of ranks correct for them",
    )
    spreads = [float(answers.var(ddof=1)) for answers in met.values()]
    ratio = max(spreads) / min(spreads) if min(spreads) > 0 else float("inf")
    varying = [answers for answers in met.values() if len(answers) > 2]
    levene = stats.levene(*varying, center="median") if len(varying) > 1 and min(spreads) > 0 else None
    yield Check(
        name="variances",
        value=ratio,
        p_value=None if levene is None else float(levene.pvalue),
        remark="tests that pool variances are off" if ratio > UNEQUAL_SPREAD else "",
    )
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


def _choice(
    met: Mapping[str, Array], trail: Mapping[str, Check]
) -> tuple[Literal["welch", "brunner_munzel", "kruskal_wallis"], tuple[str, ...]]:
    small = trail["group_sizes"].value < SMALL_GROUP
    few = trail["points"].value <= FEW_POINTS
    if not small and not few:
        reasons = ["every group is large enough for its mean", "unequal variances do no harm"]
        return "welch", tuple(reasons)
    why = "a group is small" if small else "the answers have few points"
    if len(met) == 2:
        return "brunner_munzel", (why, "ranks are compared without assuming equal spread")
    if trail["variances"].value > UNEQUAL_SPREAD and not small:
        return "welch", (why, "but spreads differ, which the Kruskal-Wallis test takes for a difference")
    return "kruskal_wallis", (why, "ranks are compared, and spreads are alike or too uncertain to tell")


def _two(met: Mapping[str, Array]) -> dict[str, float | None]:
    first, second = (pd.Series(answers) for answers in met.values())
    found = compare_two(first, second)
    return {
        "welch": found.means.p_value,
        "brunner_munzel": found.brunner_munzel.p_value,
        "mann_whitney": found.mann_whitney.p_value,
        "student": found.student.p_value,
    }


def _several(found: GroupComparison) -> dict[str, float | None]:
    return {
        "welch": found.welch.p_value,
        "kruskal_wallis": found.kruskal_wallis.p_value,
        "one_way": found.classical.p_value,
    }


def _agree(p_value: float | None, other: float | None) -> bool | None:
    if p_value is None or other is None:
        return None
    return (p_value < ALPHA) == (other < ALPHA)
