"""Linear-by-linear association: whether scores of answers rise along scores of ordered groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.groups import cross_table, split_by_group
from analysis.results import Entry, Tabular
from analysis.table_tests import linear_by_linear as of_tables
from analysis.weighting import refuses_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearByLinear(Tabular):
    """Test of no association against one that rises or falls with the scores."""

    variable: str
    grouping: str
    n: int
    n_missing: int
    estimate: float | None = None  #: correlation of the scores
    z: float | None = None  #: its square is the chi-square of one degree of freedom
    p_value: float | None = None  #: two-sided
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="linear_by_linear_z",
                method="linear-by-linear association test",
                about={"variable": self.variable, "grouping": self.grouping},
                n=self.n,
                estimate=self.estimate,
                statistic=self.z,
                p_value=self.p_value,
                more={"n_missing": self.n_missing},
                state=self.state,
                reason=self.reason,
            ),
        )


@refuses_weights(
    "its errors are those of a simple random sample",
    instead="analysis.design.group_tests.design_rank_test",
)
def linear_by_linear(
    values: pd.Series, groups: pd.Series, *, group_scores: Sequence[float] | None = None
) -> LinearByLinear:
    """Whether answers, as numbers, rise along ordered groups, given both margins [1]_.

    ``z = r sqrt(n - 1)`` with the correlation r of answers and group scores, the mean and variance of which
    under no association are those of dealing the answers out anew; as ``coin::lbl_test`` with its asymptotic
    distribution.

    Parameters
    ----------
    values : Series, shape (n_respondents,)
        Numbers; NaN for no answer.
    groups : Series of ordered category dtype, shape (n_respondents,)
        The same index; missing for no group.
    group_scores : sequence of float, shape (n_categories,), optional
        1, 2, 3, ... in the order of the categories if left out.

    Raises
    ------
    TypeError
        If ``groups`` is not of ordered category dtype.
    ValueError
        If the indexes differ, or the scores are not one for each category.

    References
    ----------
    .. [1] Agresti, A. (2013). Categorical data analysis (3rd ed.), section 3.4.

    Examples
    --------
    >>> tier = pd.Series(pd.Categorical(list("AAAABBBBCCCC"), ordered=True), name="TIER")
    >>> result = linear_by_linear(pd.Series([1, 2, 2, 3, 2, 3, 3, 4, 3, 4, 4, 5.0], name="SAT"), tier)
    >>> round(result.estimate, 4), round(result.z, 4)
    (0.7559, 2.5071)
    """
    if isinstance(groups.dtype, pd.CategoricalDtype) and not groups.cat.ordered:
        raise TypeError("a trend needs groups of ordered category dtype: pd.Categorical(..., ordered=True)")
    by_group, n_missing = split_by_group(values, groups)
    scores = np.arange(1.0, len(by_group) + 1) if group_scores is None else np.asarray(group_scores, float)
    if scores.shape != (len(by_group),):
        raise ValueError(f"{len(by_group)} groups need {len(by_group)} scores, got {scores.size}")
    met = [at for at, answers in enumerate(by_group.values()) if len(answers)]
    answers = [group for group in by_group.values() if len(group)]
    n = sum(map(len, answers))
    state, reason = "ok", ""
    if len(met) < 2:
        state, reason = "too_few", f"{'only one' if met else 'no'} group has answers, at least 2 are needed"
    elif np.ptp(np.concatenate(answers)) == 0:
        state, reason = "constant", "all answers are the same"
    elif np.ptp(scores[met]) == 0:
        state, reason = "constant", "all groups have one score"
    shared: dict[str, Any] = {"variable": str(values.name), "grouping": str(groups.name)}
    if state != "ok":
        return LinearByLinear(**shared, n=n, n_missing=n_missing, state=state, reason=reason)
    test = of_tables(cross_table(answers)[None], scores[met], np.unique(np.concatenate(answers)))
    z = float(test.statistic[0])
    return LinearByLinear(
        **shared,
        n=n,
        n_missing=n_missing,
        estimate=z / float(np.sqrt(n - 1)),
        z=z,
        p_value=float(test.p_value[0]),
    )
