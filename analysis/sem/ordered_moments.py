"""What ordered answers say: thresholds, polychoric correlations and their covariance matrix, per group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.ordinal_tables import Missing, OrdinalAnswers, ordinal_answers
from analysis.polychoric import PolychoricCorrelations, correlations_of
from analysis.sem.errors import ModelError
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """Sample moments of one group, in the order of ``ordered_matrices.OrderedImplied.moments``."""

    group: str
    n: float
    values: Array  #: thresholds item by item, then correlations pair by pair
    gamma: Array  #: n times their covariance matrix
    n_thresholds: int
    correlations: PolychoricCorrelations

    @property
    def weights(self) -> Array:
        """Of diagonally weighted least squares: one over the variances (times n)."""
        return np.asarray(1 / np.diag(self.gamma))

    @classmethod
    def of(cls, group: str, answers: OrdinalAnswers, missing: Missing) -> GroupMoments:
        found = correlations_of(answers, missing=missing, full=True, zero_cells="binary")
        gamma = found.asymptotic_covariance
        if gamma is None:
            raise RuntimeError("the covariance matrix was asked for and did not come")
        thresholds = np.concatenate(found.thresholds)
        pairs = found.matrix[np.triu_indices(len(found.items), 1)]
        return cls(group, found.n, np.concatenate([thresholds, pairs]), gamma, len(thresholds), found)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedMoments:
    """Answers of all groups, numbered, and their moments; computed once, they serve many models."""

    items: tuple[str, ...]
    names: tuple[str, ...]  #: of the groups; one empty name when there are none
    answers: tuple[OrdinalAnswers, ...]
    groups: tuple[GroupMoments, ...]  #: empty when some group's answers have no moments

    @property
    def n(self) -> float:
        return sum(answers.n for answers in self.answers)

    @property
    def n_thresholds(self) -> dict[str, int]:
        """Of each item, in the first group."""
        first = self.answers[0]
        return {item: len(found) - 1 for item, found in zip(first.items, first.categories, strict=True)}


def ordered_moments_of(
    data: pd.DataFrame,
    items: Sequence[str],
    *,
    group: str | None = None,
    missing: Missing = "listwise",
    weights: str | None = None,
) -> OrderedMoments:
    """Thresholds, polychoric correlations and their covariances, group by group.

    Parameters
    ----------
    data : DataFrame, shape (n_respondents, n_columns)
        Answers as numbers or ordered categoricals, NaN for no answer.
    group : str, optional
        Column that tells the groups, which come in order of appearance, or of its categories.
    missing : "listwise" or "pairwise"
        Leave out who left an item blank, or take each moment from all who answered its items.
    weights : str, optional
        Column with frequency weights.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1, 2, 2, 1, 2, 1], "b": [1, 2, 1, 1, 2, 2]})
    >>> ordered_moments_of(data, ["a", "b"]).groups[0].values.round(3).tolist()
    [0.0, 0.0, 0.5]
    """
    absent = [name for name in (*items, group, weights) if name is not None and name not in data.columns]
    if absent:
        raise ModelError(f"The data have no column {', '.join(absent)}.")
    names, parts = _parts(data, group)
    answers = tuple(
        ordinal_answers(
            part[list(items)],
            weights=None if weights is None else part[weights].to_numpy(float),
            missing=missing,
        )
        for part in parts
    )
    usable = all(len(found) > 1 for one in answers for found in one.categories)
    groups = (
        tuple(GroupMoments.of(name, one, missing) for name, one in zip(names, answers, strict=True))
        if usable
        else ()
    )
    return OrderedMoments(items=tuple(items), names=names, answers=answers, groups=groups)


def _parts(data: pd.DataFrame, group: str | None) -> tuple[tuple[str, ...], list[pd.DataFrame]]:
    if group is None:
        return ("",), [data]
    column = data[group]
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = list(column.cat.categories)
    else:
        levels = list(column.dropna().unique())
    return tuple(str(level) for level in levels), [data[column == level] for level in levels]
