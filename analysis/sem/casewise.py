"""What each respondent adds to the likelihood's slope, and how these contributions vary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.sem.discrepancy import inverse_and_log_determinant
from analysis.sem.estimates import Part
from analysis.sem.matrices import Implied, Slopes
from analysis.sem.moments import GroupMoments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


def scores(group: GroupMoments, implied: Implied, slopes: Slopes, *, with_means: bool) -> Array:
    """Slopes of each respondent's log-likelihood by each cell, unweighted, shape (n_rows, n_cells).

    With ``z = Sigma^-1 (y - mu)``: ``(z'a)(z'b) - a' Sigma^-1 b + z' dmu``. Where means are not modelled,
    ``y`` is centred at the sample means.
    """
    rows = group.answers()
    if not group.patterns:
        centre = implied.means if with_means else group.means
        return _scores_of(rows - centre, implied.covariance, slopes)
    found = np.zeros((len(rows), slopes.left.shape[1]))
    for pattern in group.patterns:
        o = pattern.observed
        centred = rows[np.ix_(pattern.members, o)] - implied.means[o]
        found[pattern.members] = _scores_of(centred, implied.covariance[np.ix_(o, o)], slopes.rows(o))
    return found


def _scores_of(centred: Array, covariance: Array, slopes: Slopes) -> Array:
    inverse = _inverse(covariance)
    z = centred @ inverse
    expected = ((inverse @ slopes.left) * slopes.right).sum(axis=0)
    return np.asarray((z @ slopes.left) * (z @ slopes.right) - expected + z @ slopes.means)


def _inverse(covariance: Array) -> Array:
    found = inverse_and_log_determinant(covariance)
    if found is None:
        raise ValueError("The implied covariance matrix is not positive definite.")
    return found[0]


def contributions(
    parts: Sequence[Part],
    groups: Sequence[GroupMoments],
    implied: Sequence[Implied],
    slopes: Sequence[Slopes],
    n_free: int,
    *,
    with_means: bool,
    about_sample: bool = False,
) -> list[Array]:
    """Of each respondent to the slope by every free parameter, weighted; a group's, shape (n_rows, n_free).

    ``about_sample`` takes them about their means in each group, that is about the sample's moments in place
    of the implied ones.
    """
    pieces = []
    for part, group, here, slope in zip(parts, groups, implied, slopes, strict=True):
        cells = scores(group, here, slope, with_means=with_means)
        if about_sample:
            cells = cells - np.average(cells, axis=0, weights=group.mass)
        if group.weights is not None:
            cells = cells * group.weights[:, None]
        own = np.zeros((len(cells), n_free))
        for column, free in enumerate(part.structure.free):
            own[:, free] += cells[:, column]
        pieces.append(own)
    return pieces


def variation(
    parts: Sequence[Part],
    groups: Sequence[GroupMoments],
    implied: Sequence[Implied],
    slopes: Sequence[Slopes],
    n_free: int,
    *,
    with_means: bool,
    about_sample: bool = False,
) -> Array:
    """Mean outer product of the contributions by every free parameter: the meat of the sandwich.

    Contributions are summed within clusters first.
    """
    total = sum(group.n_weighted for group in groups)
    pieces = contributions(
        parts, groups, implied, slopes, n_free, with_means=with_means, about_sample=about_sample
    )
    for k, group in enumerate(groups):
        if group.counts is not None:
            # The respondents of one row belong to one cluster; without clusters each is a term of its own.
            times = np.sqrt(group.counts) if group.clusters is None else group.counts
            pieces[k] = pieces[k] * times[:, None]
    clusters = [group.clusters for group in groups if group.clusters is not None]
    if not clusters:
        return np.asarray(sum(piece.T @ piece for piece in pieces)) / total
    if len(np.unique(np.concatenate([np.unique(one) for one in clusters]))) == sum(
        len(np.unique(one)) for one in clusters
    ):
        meat = sum(clustered(piece, one) for piece, one in zip(pieces, clusters, strict=True))
        return np.asarray(meat) / total
    # A cluster with members in several groups ties these together: its contributions are summed over groups.
    return clustered(np.vstack(pieces), np.concatenate(clusters)) / total


def clustered(contributions: Array, clusters: npt.NDArray[np.intp]) -> Array:
    """Outer products of contributions summed within clusters, times ``clusters / (clusters - 1)``."""
    names, own = np.unique(clusters, return_inverse=True)
    sums = np.zeros((len(names), contributions.shape[1]))
    np.add.at(sums, own, contributions)
    return sums.T @ sums * (len(names) / max(len(names) - 1, 1))


def log_likelihoods(group: GroupMoments, implied: Implied) -> Array:
    """The log-likelihood of a respondent of each row, shape (n_rows,)."""
    rows = group.answers()
    found = np.zeros(len(rows))
    whole = [(np.arange(len(rows)), np.arange(len(group.means)))]
    for members, o in [(p.members, p.observed) for p in group.patterns] or whole:
        pair = inverse_and_log_determinant(implied.covariance[np.ix_(o, o)])
        if pair is None:
            raise ValueError("The implied covariance matrix is not positive definite.")
        centred = rows[np.ix_(members, o)] - implied.means[o]
        distance = ((centred @ pair[0]) * centred).sum(axis=1)
        found[members] = -(len(o) * np.log(2 * np.pi) + pair[1] + distance) / 2
    return found
