"""Missing answers: respondents by what they answered, and the moments that all of them together suggest.

The saturated normal model is fitted by expectation-maximisation [1]_, extrapolated (SQUAREM [2]_) because
its steps shorten slowly where much is missing.

.. [1] Little, R. J. A. & Rubin, D. B. (2019). Statistical analysis with missing data (3rd ed.), chapter 11.
Wiley.
.. [2] Varadhan, R. & Roland, C. (2008). Simple and globally convergent methods for accelerating the
convergence of
   any EM algorithm. Scandinavian Journal of Statistics, 35, 335-353.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]

MOST_ROUNDS = 3000
ARRIVED = 1e-11


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Respondents who answered the same items."""

    observed: Index  #: the items they answered
    members: Index  #: their rows in the group
    n: float  #: their number, or sum of weights
    means: Array
    covariance: Array  #: divides by n


@dataclass(frozen=True, slots=True)
class SaturatedMoments:
    """Means and covariances of maximum likelihood under missing answers."""

    means: Array
    covariance: Array
    converged: bool


def weighted_moments(answers: Array, weights: Array | None) -> tuple[Array, Array]:
    """Means, and covariances that divide by n (or by the sum of weights); infinite where squares overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        if weights is None:
            means = answers.sum(axis=0) / len(answers)
            centred = answers - means
            return means, centred.T @ centred / len(answers)
        total = weights.sum()
        means = weights @ answers / total
        centred = answers - means
        return means, (centred * weights[:, None]).T @ centred / total


def patterns_of(answers: Array, weights: Array | None) -> tuple[Pattern, ...]:
    """Respondents by the items that they answered; everybody answered at least one."""
    blank = np.isnan(answers)
    packed = np.ascontiguousarray(np.packbits(blank, axis=1))
    codes = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    members_of = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    patterns = []
    for start, members in zip(first, members_of, strict=True):
        observed = np.flatnonzero(~blank[start])
        weight = None if weights is None else weights[members]
        n = float(len(members) if weight is None else weight.sum())
        if n > 0:
            means, covariance = weighted_moments(answers[np.ix_(members, observed)], weight)
            found = Pattern(observed=observed, members=members, n=n, means=means, covariance=covariance)
            patterns.append(found)
    return tuple(patterns)


def saturated_moments(patterns: Sequence[Pattern], n_items: int) -> SaturatedMoments:
    """Means and covariances at the maximum of the observed answers' likelihood.

    ``converged`` is False where there is none: an item that nobody answered, or that does not vary.
    """
    means, variances, counts = _of_answers(patterns, n_items)
    here = _Guess(means, np.diag(variances))
    if not (counts > 0).all() or not (variances > 0).all():
        return SaturatedMoments(means, np.diag(variances), converged=False)
    sd = np.sqrt(variances)
    split = [_Split.of(pattern, n_items) for pattern in patterns]
    for _ in range(MOST_ROUNDS):
        try:
            first = here.improved(split)
            second = first.improved(split)
        except np.linalg.LinAlgError:
            return SaturatedMoments(here.means, here.covariance, converged=False)
        r, v = first.minus(here), second.minus(first)
        if max(np.abs(v.means / sd).max(), np.abs(v.covariance / np.outer(sd, sd)).max()) < ARRIVED:
            return SaturatedMoments(second.means, second.covariance, converged=True)
        here = _extrapolated(here, second, r, v.minus(r), sd, split)
    return SaturatedMoments(here.means, here.covariance, converged=False)


@dataclass(frozen=True, slots=True)
class _Split:
    """A pattern's items answered and missing, as rows and as columns; every round needs them."""

    pattern: Pattern
    observed: Index
    down: Index
    missing: Index
    missing_down: Index

    @classmethod
    def of(cls, pattern: Pattern, n_items: int) -> _Split:
        o = pattern.observed
        m = np.setdiff1d(np.arange(n_items), o, assume_unique=True)
        return cls(pattern, o, o[:, None], m, m[:, None])


@dataclass(frozen=True, slots=True)
class _Guess:
    means: Array
    covariance: Array

    def minus(self, other: _Guess) -> _Guess:
        return _Guess(self.means - other.means, self.covariance - other.covariance)

    def length(self, sd: Array) -> float:
        scaled = np.concatenate([self.means / sd, (self.covariance / np.outer(sd, sd)).ravel()])
        return float(np.sqrt(scaled @ scaled))

    def improved(self, patterns: Sequence[_Split]) -> _Guess:
        """One round: what each pattern's answers say of all items, then the moments of that."""
        k = len(self.means)
        total, first, second = 0.0, np.zeros(k), np.zeros((k, k))
        for split in patterns:
            pattern, o, m = split.pattern, split.observed, split.missing
            # Regression of all items on those answered: the identity for these themselves.
            project = np.zeros((k, len(o)))
            project[o, np.arange(len(o))] = 1
            if len(m):
                across = self.covariance[split.down, m]
                slope = np.linalg.solve(self.covariance[split.down, o], across).T
                project[m] = slope
                second[split.missing_down, m] += pattern.n * (
                    self.covariance[split.missing_down, m] - slope @ across
                )
            # About the present means, so that no digits are lost to their size.
            shift = project @ (pattern.means - self.means[o])
            total += pattern.n
            first += pattern.n * shift
            second += pattern.n * (project @ pattern.covariance @ project.T + shift[:, None] * shift)
        shift = first / total
        return _Guess(self.means + shift, second / total - np.multiply.outer(shift, shift))


def _extrapolated(
    here: _Guess, second: _Guess, r: _Guess, v: _Guess, sd: Array, patterns: Sequence[_Split]
) -> _Guess:
    """Two rounds further, and further along their curve where a covariance matrix is still there."""
    length = v.length(sd)
    if length == 0:
        return second
    step = r.length(sd) / length
    if step <= 1:
        return second
    means = here.means + 2 * step * r.means + step**2 * v.means
    covariance = here.covariance + 2 * step * r.covariance + step**2 * v.covariance
    smallest = np.linalg.eigvalsh(covariance / np.outer(sd, sd))[0]
    old = np.linalg.eigvalsh(second.covariance / np.outer(sd, sd))[0]
    if smallest < 0.1 * old:
        return second
    try:
        return _Guess(means, covariance).improved(patterns)
    except np.linalg.LinAlgError:
        return second


def _of_answers(patterns: Sequence[Pattern], n_items: int) -> tuple[Array, Array, Array]:
    """Means and variances of who answered, item by item, and their number."""
    counts, sums, squares = np.zeros(n_items), np.zeros(n_items), np.zeros(n_items)
    for pattern in patterns:
        counts[pattern.observed] += pattern.n
        sums[pattern.observed] += pattern.n * pattern.means
    means = sums / np.maximum(counts, 1e-300)
    for pattern in patterns:
        o = pattern.observed
        squares[o] += pattern.n * (np.diag(pattern.covariance) + (pattern.means - means[o]) ** 2)
    return means, squares / np.maximum(counts, 1e-300), counts


def univariate_moments(patterns: Sequence[Pattern], n_items: int) -> tuple[Array, Array]:
    """Each item's mean and variance among those who answered it."""
    means, variances, _ = _of_answers(patterns, n_items)
    return means, variances
