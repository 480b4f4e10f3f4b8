"""What ordered answers say: thresholds, polychoric correlations and their covariance matrix, per group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.ordinal.polychoric import PolychoricCorrelations, cluster_factor, correlations_of
from analysis.ordinal.tables import Missing, OrdinalAnswers, ordinal_answers, rescaled
from analysis.sem.errors import ModelError
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupMoments:
    """Sample moments of one group, in the order of ``ordered_matrices.OrderedImplied.moments``."""

    group: str
    n: float  #: respondents; their weights' sum where they have sampling weights
    values: Array  #: thresholds item by item, then correlations pair by pair
    gamma: Array  #: n times their covariance matrix
    n_thresholds: int
    correlations: PolychoricCorrelations

    @property
    def weights(self) -> Array:
        """Of diagonally weighted least squares: one over the variances (times n)."""
        return np.asarray(1 / np.diag(self.gamma))

    @classmethod
    def of(
        cls, group: str, answers: OrdinalAnswers, missing: Missing, n_clusters: int | None = None
    ) -> GroupMoments:
        found = correlations_of(
            answers, missing=missing, full=True, zero_cells="binary", n_clusters=n_clusters
        )
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
    #: n times the covariance matrix of the moments of all groups, where clusters reach over groups and tie
    #: these together; else None, and groups are independent.
    tied: Array | None = None

    @property
    def n(self) -> float:
        return sum(answers.n for answers in self.answers)

    @property
    def n_clusters(self) -> int | None:
        """Clusters of all groups; None when respondents were drawn one by one."""
        known = [one.clusters for one in self.answers if one.clusters is not None]
        return len(np.unique(np.concatenate(known))) if known else None

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
    cluster: str | None = None,
    counts: str | None = None,
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
    weights, cluster : str, optional
        Columns with sampling weights, which are rescaled to sum to the number of respondents, and with
        clusters. Covariances are those of the weighted equations, shifts summed within clusters.
    counts : str, optional
        Column with frequencies: 2 stands for two respondents with these answers.

    Examples
    --------
    >>> data = pd.DataFrame({"a": [1, 2, 2, 1, 2, 1], "b": [1, 2, 1, 1, 2, 2]})
    >>> ordered_moments_of(data, ["a", "b"]).groups[0].values.round(3).tolist()
    [0.0, 0.0, 0.5]
    """
    absent = [
        name
        for name in (*items, group, weights, cluster, counts)
        if name is not None and name not in data.columns
    ]
    if absent:
        raise ModelError(f"The data have no column {', '.join(absent)}.")
    _check(data, weights, cluster, counts)
    numbered = None
    if cluster is not None:
        numbered = pd.Series(pd.factorize(data[cluster])[0], index=data.index)
    names, parts = _parts(data, group)
    answers = rescaled(
        [
            ordinal_answers(
                data.loc[part, list(items)],
                weights=None if counts is None else data.loc[part, counts].to_numpy(float),
                missing=missing,
                sampling_weights=None if weights is None else data.loc[part, weights].to_numpy(float),
                clusters=None if numbered is None else numbered[part].to_numpy(),
            )
            for part in parts
        ]
    )
    n_clusters = None if numbered is None else int(numbered.max()) + 1
    usable = all(len(found) > 1 for one in answers for found in one.categories)
    groups = (
        tuple(
            GroupMoments.of(name, one, missing, n_clusters) for name, one in zip(names, answers, strict=True)
        )
        if usable
        else ()
    )
    return OrderedMoments(
        items=tuple(items), names=names, answers=answers, groups=groups, tied=_tied(groups, answers)
    )


def _check(data: pd.DataFrame, weights: str | None, cluster: str | None, counts: str | None) -> None:
    for column, what in ((weights, "weights"), (counts, "counts")):
        if column is None:
            continue
        values = data[column].to_numpy(dtype=float, na_value=np.nan)
        if not np.isfinite(values).all() or (values < 0).any() or not values.any():
            raise ModelError(f"The {what} {column!r} must be numbers of at least 0, none missing, not all 0.")
    if cluster is not None and data[cluster].isna().any():
        raise ModelError(f"Some respondents have no {cluster!r}. Leave them out, or name their cluster.")


def _tied(groups: Sequence[GroupMoments], answers: Sequence[OrdinalAnswers]) -> Array | None:
    """Covariances of all groups' moments where some cluster has members in several groups."""
    known = [one.clusters for one in answers if one.clusters is not None]
    if len(groups) < 2 or not known:
        return None
    everywhere = np.concatenate([np.unique(one) for one in known])
    if len(np.unique(everywhere)) == len(everywhere):
        return None
    sums = np.vstack([g.correlations.cluster_sums for g in groups if g.correlations.cluster_sums is not None])
    return np.asarray(sums @ sums.T * cluster_factor(everywhere) * sum(group.n for group in groups))


def _parts(data: pd.DataFrame, group: str | None) -> tuple[tuple[str, ...], list[npt.NDArray[np.bool_]]]:
    if group is None:
        return ("",), [np.ones(len(data), dtype=bool)]
    column = data[group]
    if isinstance(column.dtype, pd.CategoricalDtype):
        levels = list(column.cat.categories)
    else:
        levels = list(column.dropna().unique())
    return tuple(str(level) for level in levels), [
        (column == level).to_numpy(dtype=bool, na_value=False) for level in levels
    ]
