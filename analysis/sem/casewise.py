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
    """Slopes of each respondent's log-likelihood by each cell, unweighted, shape (n, n_cells).

    With ``z = Sigma^-1 (y - mu)``: ``(z'a)(z'b) - a' Sigma^-1 b + z' dmu``. Where means are not modelled,
    ``y`` is centred at the sample means.
    """
    if group.rows is None:
        raise ValueError("Respondents' own contributions need their answers, not only moments.")
    if not group.patterns:
        centre = implied.means if with_means else group.means
        return _scores_of(group.rows - centre, implied.covariance, slopes)
    found = np.zeros((group.n, slopes.left.shape[1]))
    for pattern in group.patterns:
        o = pattern.observed
        centred = group.rows[np.ix_(pattern.members, o)] - implied.means[o]
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

    Contributions are weighted and summed within clusters first. ``about_sample`` takes them about their
    means in each group, that is about the sample's moments in place of the implied ones.
    """
    total = sum(group.n_weighted for group in groups)
    pieces = []
    for part, group, here, slope in zip(parts, groups, implied, slopes, strict=True):
        cells = scores(group, here, slope, with_means=with_means)
        if about_sample:
            cells = cells - np.average(cells, axis=0, weights=group.weights)
        if group.weights is not None:
            cells = cells * group.weights[:, None]
        own = np.zeros((len(cells), n_free))
        for column, free in enumerate(part.structure.free):
            own[:, free] += cells[:, column]
        pieces.append(own)
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
    """Each respondent's log-likelihood, shape (n,)."""
    if group.rows is None:
        raise ValueError("Respondents' own contributions need their answers, not only moments.")
    found = np.zeros(group.n)
    whole = [(np.arange(group.n), np.arange(len(group.means)))]
    for members, o in [(p.members, p.observed) for p in group.patterns] or whole:
        pair = inverse_and_log_determinant(implied.covariance[np.ix_(o, o)])
        if pair is None:
            raise ValueError("The implied covariance matrix is not positive definite.")
        centred = group.rows[np.ix_(members, o)] - implied.means[o]
        distance = ((centred @ pair[0]) * centred).sum(axis=1)
        found[members] = -(len(o) * np.log(2 * np.pi) + pair[1] + distance) / 2
    return found
