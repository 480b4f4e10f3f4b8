"""How many latent classes: information criteria, and the bootstrap likelihood-ratio test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.latent_class.classes import RELIABLE, LatentClasses, latent_classes
from analysis.latent_class.em import Ascent, climb, random_starts
from analysis.latent_class.patterns import AnswerPatterns, answer_patterns
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]

CRITERIA = ("bic", "sabic", "caic", "aic")
Criterion = Literal["bic", "sabic", "caic", "aic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio(Tabular):
    """Whether one class more fits better than chance would."""

    classes: int  #: of the larger model
    n: int
    statistic: float | None  #: twice the gain in log likelihood
    p_value: float | None
    replicates: int  #: bootstrap samples that count
    failed: int = 0  #: bootstrap samples in which a model did not converge
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="likelihood_ratio",
                method=f"Bootstrap likelihood-ratio test, {self.replicates} replicates",
                about={"classes": str(self.classes), "against": str(self.classes - 1)},
                n=self.n,
                statistic=self.statistic,
                p_value=self.p_value,
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClassNumber(Tabular):
    """Models with different numbers of classes, side by side."""

    models: tuple[LatentClasses, ...]
    tests: tuple[LikelihoodRatio, ...]
    criterion: Criterion
    significance: float

    @property
    def chosen(self) -> LatentClasses | None:
        """Reliable model with the lowest criterion; None if no model is reliable."""
        reliable = [model for model in self.models if model.state in RELIABLE]
        values = [getattr(model, self.criterion) for model in reliable]
        return reliable[int(np.argmin(values))] if reliable else None

    @property
    def chosen_by_test(self) -> LatentClasses | None:
        """Model before the first class whose test is not significant; None where that cannot be told."""
        for test, smaller in zip(self.tests, self.models, strict=False):
            if test.p_value is None:
                return None
            if test.p_value > self.significance:
                return smaller
        return None

    def entries(self) -> tuple[Entry, ...]:
        fits = (model.entries()[0] for model in self.models)
        return (*fits, *(entry for test in self.tests for entry in test.entries()))


@refuses_weights(
    "its bootstrap simulates respondents of a simple random sample",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def class_number(
    items: pd.DataFrame,
    *,
    classes: Sequence[int],
    rng: np.random.Generator,
    criterion: Criterion = "bic",
    replicates: int = 99,
    significance: float = 0.05,
    starts: int = 50,
    finals: int = 15,
    counts: Counts | None = None,
) -> ClassNumber:
    """Models of several sizes, compared by criteria and by the bootstrap likelihood-ratio test.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
    classes : sequence of int
        Consecutive numbers of classes, such as ``range(1, 6)``.
    criterion : {"bic", "sabic", "caic", "aic"}
        Decides which model is ``chosen``.
    replicates : int
        Bootstrap samples a test; 0 for no tests.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Notes
    -----
    BIC, then the bootstrap test, were the most reliable guides in the simulations of [1]_.

    References
    ----------
    .. [1] Nylund, K. L., Asparouhov, T., & Muthén, B. O. (2007). Deciding on the number of classes in latent
       class analysis and growth mixture modeling. Structural Equation Modeling, 14, 535-569.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> kind = rng.random(400) < 0.5
    >>> said = rng.random((400, 5)) < np.where(kind, 0.85, 0.2)[:, None]
    >>> found = class_number(pd.DataFrame(said), classes=[1, 2, 3], rng=rng, replicates=49)
    >>> found.chosen.classes, found.tests[0].p_value
    (2, 0.02)
    """
    items = written_out(items, counts)
    numbers = list(classes)
    if not numbers or numbers != list(range(numbers[0], numbers[0] + len(numbers))) or numbers[0] < 1:
        raise ValueError(f"classes: {numbers}; expected consecutive numbers from 1 up, such as range(1, 6).")
    models = tuple(
        latent_classes(items, classes=number, rng=rng, starts=starts, finals=finals) for number in numbers
    )
    tests = tuple(
        bootstrap_likelihood_ratio(items, smaller, larger, rng=rng, replicates=replicates)
        for smaller, larger in pairwise(models)
        if replicates
    )
    return ClassNumber(models=models, tests=tests, criterion=criterion, significance=significance)


@refuses_weights(
    "it simulates respondents of a simple random sample",
    instead="analysis.latent_class.classes.latent_classes",
    counts="rows",
)
def bootstrap_likelihood_ratio(
    items: pd.DataFrame,
    smaller: LatentClasses,
    larger: LatentClasses,
    *,
    rng: np.random.Generator,
    replicates: int = 99,
    starts: int = 12,
    counts: Counts | None = None,
) -> LikelihoodRatio:
    """Gain in likelihood of one class more, against its distribution when the smaller model is true [1]_.

    Samples are drawn from the smaller model with the blanks of the real sample, and both models are fitted to
    each, the larger from ``starts`` random starts and from every split of a class in two. The p-value is
    ``(1 + samples that gain at least as much) / (1 + samples)``.

    References
    ----------
    .. [1] McLachlan, G. J. (1987). On bootstrapping the likelihood ratio test statistic for the number of
       components in a normal mixture. Applied Statistics, 36, 318-324.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> items = pd.DataFrame(rng.random((300, 4)) < [0.2, 0.4, 0.6, 0.8])
    >>> one, two = (latent_classes(items, classes=k, rng=rng) for k in (1, 2))
    >>> bootstrap_likelihood_ratio(items, one, two, rng=rng).p_value > 0.05
    True
    """
    items = written_out(items, counts)
    unusable = [model for model in (smaller, larger) if model.log_likelihood is None]
    unusable += [model for model in (smaller, larger) if model.state == "not_converged"]
    if unusable or smaller.weights is not None or smaller.parameters is None:
        why = unusable[0].reason if unusable else "the test has no form for sampling weights"
        return LikelihoodRatio(
            classes=larger.classes,
            n=larger.n,
            statistic=None,
            p_value=None,
            replicates=0,
            state=unusable[0].state if unusable else "inadmissible",
            reason=why,
        )
    patterns = answer_patterns(items)
    gain = 2 * (_likelihood(larger) - _likelihood(smaller))
    draws = np.array(
        [
            _gain_in_sample(_sample(patterns, smaller.parameters, rng), smaller.parameters, starts, rng)
            for _ in range(replicates)
        ]
    )
    usable = draws[np.isfinite(draws)]
    if len(usable) < 0.9 * replicates:
        return LikelihoodRatio(
            classes=larger.classes,
            n=larger.n,
            statistic=gain,
            p_value=None,
            replicates=len(usable),
            failed=replicates - len(usable),
            state="not_converged",
            reason=f"a model did not converge in {replicates - len(usable)} of {replicates} replicates",
        )
    return LikelihoodRatio(
        classes=larger.classes,
        n=larger.n,
        statistic=gain,
        p_value=float((1 + (usable >= gain).sum()) / (1 + len(usable))),
        replicates=len(usable),
        failed=replicates - len(usable),
    )


def _likelihood(model: LatentClasses) -> float:
    return -np.inf if model.log_likelihood is None else model.log_likelihood


def _sample(patterns: AnswerPatterns, parameters: Array, rng: np.random.Generator) -> pd.DataFrame:
    """Answers drawn from a model, blank where the real ones are blank."""
    rows = patterns.pattern_of[patterns.pattern_of >= 0]
    answered = (patterns.indicators @ patterns.belongs)[rows] > 0
    shares = np.cumsum(parameters[:, 0])
    kind = np.minimum(np.searchsorted(shares, rng.random(len(rows)) * shares[-1]), len(shares) - 1)
    answers = np.full(answered.shape, np.nan)
    for j in range(answered.shape[1]):
        reached = np.cumsum(parameters[:, 1:][:, patterns.item_of == j], axis=1)
        drawn = rng.random(len(rows))[:, None] * reached[kind, -1:]
        answers[:, j] = np.where(answered[:, j], (drawn > reached[kind]).sum(axis=1), np.nan)
    return pd.DataFrame(answers, columns=list(patterns.items))


def _gain_in_sample(sample: pd.DataFrame, parameters: Array, starts: int, rng: np.random.Generator) -> float:
    """Twice the gain of one class more in one sample; not a number if a model did not converge."""
    patterns = answer_patterns(sample)
    classes = len(parameters)
    small = _best(patterns, random_starts(patterns, classes, 1 if classes == 1 else 6, rng))
    splits = np.stack([_split(small.parameters[0], c, rng) for c in range(classes)])
    random = random_starts(patterns, classes + 1, starts, rng)
    large = _best(patterns, np.concatenate([splits, random]))
    if not (small.converged[0] and large.converged[0]):
        return float("nan")
    return float(2 * (large.log_likelihood[0] - small.log_likelihood[0]))


def _best(patterns: AnswerPatterns, starts: Array) -> Ascent:
    """The best of several starts: all climb roughly, the best three to the end."""
    rough = climb(patterns, starts, tolerance=1e-4, cycles=8)
    promising = np.argsort(-rough.log_likelihood, kind="stable")[:3]
    final = climb(patterns, rough.parameters[promising], tolerance=1e-7, cycles=400, least_gain=1e-5)
    best = final.log_likelihood.argmax()
    return Ascent(
        parameters=final.parameters[[best]],
        log_likelihood=final.log_likelihood[[best]],
        converged=final.converged[[best]],
    )


def _split(parameters: Array, c: int, rng: np.random.Generator) -> Array:
    """One class in two halves that differ a little."""
    shares = parameters * rng.uniform(0.7, 1.3, size=parameters.shape)
    both = np.concatenate([parameters, np.maximum(shares[c : c + 1], 1e-3)])
    both[[c, -1], 0] = parameters[c, 0] / 2
    return np.asarray(both)
