"""Resampled respondents as sample moments: products of counts with each respondent's terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.sem.incomplete import Pattern
from analysis.sem.moments import GroupMoments, Moments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

CELLS = 2_000_000  #: counts, and terms of respondents, that are held at a time
BATCH = 500  #: resamples at a time, so that their matrices stay near the processor


@dataclass(frozen=True, slots=True)
class PatternBatch:
    """Moments over resamples of those who answered the same items."""

    observed: Index
    n: Array  #: numbers, or sums of weights, shape (n_resamples,)
    means: Array  #: shape (n_resamples, n_observed)
    covariances: Array  #: shape (n_resamples, n_observed, n_observed)


@dataclass(frozen=True, slots=True)
class GroupBatch:
    """Moments of one group over resamples.

    With missing answers ``means`` and ``covariances`` are those of items that everybody answered, and of the
    others the whole sample's: only exogenous items, which are never missing, are looked at here.
    """

    group: str
    people: Array  #: respondents, shape (n_resamples,)
    n: Array  #: sums of weights
    means: Array
    covariances: Array
    patterns: tuple[PatternBatch, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Moments of some resamples."""

    items: tuple[str, ...]
    groups: tuple[GroupBatch, ...]

    def __len__(self) -> int:
        return len(self.groups[0].people)

    def moments(self, k: int) -> Moments:
        """Of one resample."""
        groups = []
        for group in self.groups:
            patterns = tuple(
                Pattern(
                    observed=p.observed,
                    members=np.empty(0, dtype=np.intp),
                    n=float(p.n[k]),
                    means=p.means[k],
                    covariance=p.covariances[k],
                )
                for p in group.patterns
                if p.n[k] > 0
            )
            own = GroupMoments(
                group=group.group,
                n=round(float(group.people[k])),
                n_weighted=float(group.n[k]),
                means=group.means[k],
                covariance=group.covariances[k],
                patterns=patterns,
            )
            groups.append(own)
        return Moments(items=self.items, groups=tuple(groups))


def resampled_moments(moments: Moments, rng: np.random.Generator, times: int) -> Iterator[Batch]:
    """Moments of so many resamples, respondents or whole clusters drawn with replacement.

    Every group keeps its number of respondents (of clusters), unless clusters have members in several
    groups: then clusters are drawn from all of them together. Weights sum to the number of respondents.
    """
    rows = sum(len(group.answers()) for group in moments.groups)
    size = max(1, min(times, BATCH, CELLS // max(rows, 1)))
    for start in range(0, times, size):
        drawn = _drawn(moments, rng, min(size, times - start))
        people = [counts.sum(axis=1) for counts in drawn]
        mass = [
            counts if group.weights is None else counts * group.weights
            for counts, group in zip(drawn, moments.groups, strict=True)
        ]
        scale = np.sum(people, axis=0) / np.sum([one.sum(axis=1) for one in mass], axis=0)
        groups = tuple(
            _of_group(group, own, one * scale[:, None])
            for group, own, one in zip(moments.groups, people, mass, strict=True)
        )
        yield Batch(moments.items, groups)


def _of_group(group: GroupMoments, people: Array, mass: Array) -> GroupBatch:
    rows = group.answers()
    if not group.patterns:
        total, means, covariances = _moments(rows - group.means, group.means, mass)
        return GroupBatch(group.group, people, total, means, covariances, ())
    patterns = []
    for pattern in group.patterns:
        centre = group.means[pattern.observed]
        about = rows[np.ix_(pattern.members, pattern.observed)] - centre
        patterns.append(PatternBatch(pattern.observed, *_moments(about, centre, mass[:, pattern.members])))
    means = np.tile(group.means, (len(mass), 1))
    covariances = np.tile(group.covariance, (len(mass), 1, 1))
    whole = np.flatnonzero(~np.isnan(rows).any(axis=0))
    if len(whole):
        _, means[:, whole], covariances[:, whole[:, None], whole] = _moments(
            rows[:, whole] - group.means[whole], group.means[whole], mass
        )
    return GroupBatch(group.group, people, mass.sum(axis=1), means, covariances, tuple(patterns))


def _moments(about: Array, centre: Array, mass: Array) -> tuple[Array, Array, Array]:
    """Totals, means and covariances for every row of ``mass``, shape (n_resamples, n_rows).

    Answers come about a centre, so that second moments lose no digits.
    """
    p = about.shape[1]
    i, j = np.tril_indices(p)
    total = mass.sum(axis=1)
    first, second = np.zeros((len(mass), p)), np.zeros((len(mass), len(i)))
    step = max(1, CELLS // max(len(i), 1))
    for start in range(0, len(about), step):
        rows, own = about[start : start + step], mass[:, start : start + step]
        first += own @ rows
        second += own @ (rows[:, i] * rows[:, j])
    by = np.where(total > 0, total, 1.0)[:, None]
    first, second = first / by, second / by
    second -= first[:, i] * first[:, j]
    covariances = np.zeros((len(mass), p, p))
    covariances[:, i, j] = covariances[:, j, i] = second
    return total, centre + first, covariances


def _drawn(moments: Moments, rng: np.random.Generator, times: int) -> list[Array]:
    """How often each respondent (of each row) was drawn, of every group, shape (times, n_rows)."""
    groups = moments.groups
    clusters = [group.clusters for group in groups if group.clusters is not None]
    if not clusters:
        return [_respondents(group, rng, times) for group in groups]
    names = [np.unique(own) for own in clusters]
    if len(np.unique(np.concatenate(names))) == sum(map(len, names)):
        drawn = [_whole_clusters(own, rng, times) for own in clusters]
    else:
        together = _whole_clusters(np.concatenate(clusters), rng, times)
        drawn = np.split(together, np.cumsum([len(own) for own in clusters])[:-1], axis=1)
    return [
        one if group.counts is None else one * group.counts for one, group in zip(drawn, groups, strict=True)
    ]


def _respondents(group: GroupMoments, rng: np.random.Generator, times: int) -> Array:
    if group.counts is not None:
        return rng.multinomial(group.n, group.counts / group.n, size=times).astype(float)
    return _counted(rng, len(group.answers()), times)


def _whole_clusters(clusters: Index, rng: np.random.Generator, times: int) -> Array:
    names, own = np.unique(clusters, return_inverse=True)
    return _counted(rng, len(names), times)[:, own]


def _counted(rng: np.random.Generator, units: int, times: int) -> Array:
    drawn = rng.integers(0, units, size=(times, units)) + np.arange(times)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=times * units).reshape(times, units).astype(float)
