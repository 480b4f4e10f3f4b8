"""The arithmetic of latent classes: expectation-maximisation, its acceleration, and information.

Class ``c`` has size ``pi_c`` and gives answer ``k`` to item ``j`` with probability ``p_cjk``; within a class
the items are independent. Several starts are carried side by side: an array of parameters has the shape
(starts, classes, 1 + categories of all items), the size of the class first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.latent_class.patterns import AnswerPatterns
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.latent_class.classes.latent_classes")

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TINY = 1e-300  #: stands for zero under a logarithm
BOUNDARY = 1e-6  #: a probability below this is zero as far as its standard error goes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ascent:
    """Where every start ended."""

    parameters: Array  #: (starts, classes, 1 + categories)
    log_likelihood: Array  #: (starts,)
    converged: Flags  #: (starts,)


def random_starts(patterns: AnswerPatterns, classes: int, starts: int, rng: np.random.Generator) -> Array:
    """Equal sizes, and answer probabilities uniform on the simplex of every item."""
    raw = rng.standard_exponential((starts, classes, len(patterns.item_of)))
    sizes = np.full((starts, classes, 1), 1 / classes)
    return np.concatenate([sizes, _normalised(raw, patterns)], axis=2)


def _normalised(values: Array, patterns: AnswerPatterns) -> Array:
    """Scaled to add up to one within every item; an item nobody of a class answered is taken as even."""
    sums = values @ patterns.belongs
    even = 1 / patterns.belongs.sum(axis=0)
    scaled = values / np.where(sums > 0, sums, 1.0)[..., patterns.item_of]
    return np.where((sums > 0)[..., patterns.item_of], scaled, even[patterns.item_of])


def joint_log_probabilities(patterns: AnswerPatterns, parameters: Array) -> Array:
    """Log probability of class and pattern together, shape (starts, classes, n_patterns)."""
    starts, classes, width = parameters.shape
    logs = np.log(np.maximum(parameters, TINY))
    answers = logs[:, :, 1:].reshape(starts * classes, width - 1) @ patterns.indicators.T
    return np.asarray(answers.reshape(starts, classes, -1) + logs[:, :, :1])


def posteriors(patterns: AnswerPatterns, parameters: Array) -> tuple[Array, Array]:
    """Probability of every class given the pattern, shape (starts, classes, n_patterns); log likelihoods."""
    joint = joint_log_probabilities(patterns, parameters)
    top = joint.max(axis=1)
    joint -= top[:, None]
    np.exp(joint, out=joint)
    total = joint.sum(axis=1)
    joint /= total[:, None]
    return joint, np.asarray((np.log(total) + top) @ patterns.frequencies)


def em_step(patterns: AnswerPatterns, parameters: Array) -> tuple[Array, Array]:
    """New parameters, and the log likelihood of the old ones."""
    membership, log_likelihood = posteriors(patterns, parameters)
    membership *= patterns.frequencies
    starts, classes, _ = membership.shape
    counts = membership.reshape(starts * classes, -1) @ patterns.indicators
    updated = np.empty_like(parameters)
    updated[:, :, 0] = membership.sum(axis=2) / patterns.frequencies.sum()
    updated[:, :, 1:] = _normalised(counts.reshape(starts, classes, -1), patterns)
    return updated, log_likelihood


def climb(
    patterns: AnswerPatterns, parameters: Array, *, tolerance: float, cycles: int, least_gain: float = 0.0
) -> Ascent:
    """Accelerated expectation-maximisation from every start (SQUAREM [1]_, scheme S3).

    Two EM steps show the direction ``r`` and how it bends, ``v``; the jump
    ``theta - 2 a r + a^2 v`` with ``a = -|r| / |v|`` is followed by a third. A jump that would lose
    likelihood is not taken, so the likelihood never falls. A start has converged when its EM step, times the
    length of the jump, is below ``tolerance`` for every parameter, or when a cycle gains less than
    ``least_gain`` of log likelihood: enough where only the likelihood is wanted, which may be flat on top.

    .. [1] Varadhan, R., & Roland, C. (2008). Simple and globally convergent methods for accelerating the
       convergence of any EM algorithm. Scandinavian Journal of Statistics, 35, 335-353.
    """
    here = parameters.copy()
    reached = np.full(len(here), -np.inf)
    converged = np.zeros(len(here), dtype=bool)
    active = np.arange(len(here))
    limit = np.full(len(here), 4.0)  # longest jump: grows while jumps succeed, shrinks where they fail
    for _ in range(cycles):
        first, _ = em_step(patterns, here[active])
        second, before = em_step(patterns, first)
        r = first - here[active]
        v = second - first - r
        bend = np.sqrt(np.square(v).sum(axis=(1, 2)))
        length = np.sqrt(np.square(r).sum(axis=(1, 2))) / np.maximum(bend, TINY)
        jump = np.clip(length, 1.0, limit[active])[:, None, None]
        trial = _inside(here[active] + 2 * jump * r + jump**2 * v, second, patterns)
        third, gained = em_step(patterns, trial)
        better = gained >= before
        furthest = jump[:, 0, 0] >= limit[active]
        limit[active] *= np.where(better & furthest, 4.0, np.where(better, 1.0, 0.25))
        np.clip(limit, 1.0, 1e6, out=limit)
        here[active] = np.where(better[:, None, None], third, second)
        higher = np.where(better, gained, before)
        done = np.abs(r).max(axis=(1, 2)) * np.maximum(length, 1.0) < tolerance
        done |= higher - reached[active] < least_gain
        reached[active] = higher
        converged[active[done]] = True
        active = active[~done]
        if not len(active):
            break
    return Ascent(parameters=here, log_likelihood=reached, converged=converged)


def _inside(trial: Array, anchor: Array, patterns: AnswerPatterns) -> Array:
    """Pulled back to probabilities; never to zero, which EM could not leave again."""
    positive = np.maximum(trial, 0.01 * anchor)
    positive[:, :, 0] /= positive[:, :, 0].sum(axis=1, keepdims=True)
    positive[:, :, 1:] = _normalised(positive[:, :, 1:], patterns)
    return positive


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Information:
    """What the answers say about the free parameters of one solution.

    The free parameters are log-odds: of every class against the largest, and within class and item of every
    answer against the most probable; probabilities at the boundary are taken as known.
    """

    observed: Array  #: minus the second derivatives of the log likelihood
    scores: Array  #: sum of products of first derivatives
    robust: Array  #: the same with squared weights
    jacobian: Array  #: derivatives of sizes and probabilities by the free parameters
    at_boundary: Flags  #: (classes, 1 + categories)

    @property
    def identified(self) -> bool:
        """Whether the answers tell all free parameters apart."""
        if not len(self.observed):
            return True
        scale = np.sqrt(np.maximum(np.diag(self.observed), TINY))
        values = np.linalg.eigvalsh(self.observed / np.outer(scale, scale))
        return bool(values[0] > 1e-8)

    def covariance(self, kind: str) -> Array:
        """Of sizes and probabilities; ``kind`` is ``observed``, ``scores`` or ``robust`` (the sandwich)."""
        bread = np.linalg.inv(self.scores if kind == "scores" else self.observed)
        if kind == "robust":
            bread = bread @ self.robust @ bread
        return np.asarray(self.jacobian @ bread @ self.jacobian.T)


def information(patterns: AnswerPatterns, parameters: Array) -> Information:
    """Observed information by Louis' identity, and scores, of one solution.

    Parameters
    ----------
    parameters : array, shape (classes, 1 + categories of all items)

    Notes
    -----
    ``I = sum over patterns of f [E(B - S S') + E(S) E(S)']``, with ``S`` and ``B`` the score and information
    that would be seen if the class were known, and the expectation over the classes given the pattern
    (Louis 1982).
    """
    classes, width = parameters.shape
    membership, _ = posteriors(patterns, parameters[None])
    free = _free(parameters, patterns)
    seen = np.zeros((len(patterns.frequencies), int(free.sum())))
    observed = np.zeros((seen.shape[1], seen.shape[1]))
    for c in range(classes):
        scores = _complete_scores(patterns, parameters, c).reshape(len(seen), -1)[:, free.ravel()]
        weight = patterns.frequencies * membership[0, c]
        observed += _complete_information(patterns, parameters, c, weight)[np.ix_(free.ravel(), free.ravel())]
        observed -= scores.T @ (weight[:, None] * scores)
        seen += membership[0, c, :, None] * scores
    outer = seen.T @ (patterns.frequencies[:, None] * seen)
    return Information(
        observed=observed + outer,
        scores=outer,
        robust=seen.T @ (patterns.squared[:, None] * seen),
        jacobian=_jacobian(patterns, parameters).reshape(classes * width, -1)[:, free.ravel()],
        at_boundary=parameters < BOUNDARY,
    )


def _free(parameters: Array, patterns: AnswerPatterns) -> Flags:
    """Which log-odds are free: all but a reference, and none at the boundary."""
    free = parameters >= BOUNDARY
    free[parameters[:, 0].argmax(), 0] = False
    for j in range(len(patterns.items)):
        columns = 1 + np.flatnonzero(patterns.item_of == j)
        free[np.arange(len(parameters)), columns[parameters[:, columns].argmax(axis=1)]] = False
    return np.asarray(free)


def _complete_scores(patterns: AnswerPatterns, parameters: Array, c: int) -> Array:
    """Derivatives by all log-odds if every respondent were of class ``c``."""
    scores = np.zeros((len(patterns.frequencies), *parameters.shape))
    scores[:, :, 0] = -parameters[:, 0]
    scores[:, c, 0] += 1
    answered = patterns.indicators @ patterns.belongs
    scores[:, c, 1:] = patterns.indicators - answered[:, patterns.item_of] * parameters[c, 1:]
    return scores


def _complete_information(patterns: AnswerPatterns, parameters: Array, c: int, weight: Array) -> Array:
    """Information about all log-odds if respondents counted by ``weight`` were of class ``c``."""
    classes, width = parameters.shape
    found = np.zeros((classes, width, classes, width))
    sizes = parameters[:, 0]
    found[:, 0, :, 0] = weight.sum() * (np.diag(sizes) - np.outer(sizes, sizes))
    answered = weight @ (patterns.indicators @ patterns.belongs)
    p = parameters[c, 1:]
    same = patterns.belongs @ patterns.belongs.T
    found[c, 1:, c, 1:] = answered[patterns.item_of][:, None] * (np.diag(p) - np.outer(p, p) * same)
    return found.reshape(classes * width, classes * width)


def _jacobian(patterns: AnswerPatterns, parameters: Array) -> Array:
    """Derivatives of sizes and probabilities by all log-odds."""
    classes, width = parameters.shape
    found = np.zeros((classes, width, classes, width))
    sizes = parameters[:, 0]
    found[:, 0, :, 0] = np.diag(sizes) - np.outer(sizes, sizes)
    same = patterns.belongs @ patterns.belongs.T
    for c in range(classes):
        p = parameters[c, 1:]
        found[c, 1:, c, 1:] = np.diag(p) - np.outer(p, p) * same
    return found.reshape(classes, width, classes * width)
