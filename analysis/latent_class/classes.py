"""Latent classes: kinds of respondents, told apart by how they answer categorical items."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm

from analysis.counted_rows import Counts, written_out
from analysis.latent_class.em import Ascent, Information, climb, information, posteriors, random_starts
from analysis.latent_class.patterns import AnswerPatterns, answer_patterns
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import step_of, takes_weights

WEIGHTING = step_of("analysis.latent_class.classes.latent_classes")

Array = npt.NDArray[np.float64]

State = Literal[
    "ok",
    "boundary",
    "local_maximum",
    "not_identified",
    "inadmissible",
    "not_converged",
    "too_few",
    "constant",
]
RELIABLE = ("ok", "boundary")  #: states in which classes may be described and related to other variables
ROUGH, FINE = 1e-4, 1e-9  #: largest step of a parameter at which a trial start, and a final one, may stop


class _Share(TypedDict):
    estimate: float
    std_error: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSize:
    """Share of one class in the population."""

    name: str
    estimate: float
    std_error: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProbability:
    """How probable one answer to one item is within one class."""

    name: str  #: of the class
    item: str
    category: object
    estimate: float
    std_error: float | None  #: None at the boundary, where there is none
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentClasses(Tabular):
    """A latent class model and how well it tells respondents apart.

    ``state`` is ``not_converged``; ``inadmissible`` when a class holds nobody; ``not_identified`` when the
    answers cannot tell the parameters apart; ``local_maximum`` when only one start found the best solution;
    ``boundary`` when probabilities of exactly 0 or 1 have no standard error, all else being reliable;
    ``too_few`` or ``constant`` when there is nothing to fit.
    """

    items: tuple[str, ...]
    classes: int
    n: int  #: respondents who answered at least one item
    n_missing: int  #: respondents who answered none
    n_incomplete: int = 0  #: respondents who left some items blank; used, as missing at random
    sizes: tuple[ClassSize, ...] = ()  #: largest first
    probabilities: tuple[AnswerProbability, ...] = ()
    log_likelihood: float | None = None
    n_parameters: int = 0
    n_starts: int = 0
    n_at_best: int = 0  #: final starts that reached the best log likelihood
    n_final: int = 0  #: starts that were followed to the end
    g_squared: float | None = None  #: likelihood ratio against the saturated model; complete answers only
    df: int | None = None
    information: str = "observed"
    parameters: Array | None = None  #: (classes, 1 + categories of all items)
    posterior: Array | None = None  #: (n_respondents, classes); not a number where nothing was answered
    weights: Array | None = None  #: (n_respondents,), averaging 1
    state: State = "ok"
    reason: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(size.name for size in self.sizes)

    def probability(self, name: str, item: str, category: object) -> AnswerProbability:
        """One cell; ``KeyError`` if there is none."""
        for cell in self.probabilities:
            if (cell.name, cell.item, cell.category) == (name, item, category):
                return cell
        raise KeyError((name, item, category))

    def _criterion(self, penalty: float) -> float | None:
        return None if self.log_likelihood is None else -2 * self.log_likelihood + penalty * self.n_parameters

    @property
    def aic(self) -> float | None:
        return self._criterion(2)

    @property
    def bic(self) -> float | None:
        return self._criterion(math.log(max(self.n, 1)))

    @property
    def caic(self) -> float | None:
        """Consistent AIC: ``log(n) + 1`` a parameter (Bozdogan 1987)."""
        return self._criterion(math.log(max(self.n, 1)) + 1)

    @property
    def sabic(self) -> float | None:
        """Sample-size adjusted BIC: ``log((n + 2) / 24)`` a parameter (Sclove 1987)."""
        return self._criterion(math.log((self.n + 2) / 24))

    @property
    def entropy(self) -> float | None:
        """Relative entropy: 1 when every respondent is told apart for sure, 0 when none is."""
        if self.posterior is None or self.classes < 2:
            return None
        known = self.posterior[~np.isnan(self.posterior[:, 0])]
        weight = 1.0 if self.weights is None else self.weights[~np.isnan(self.posterior[:, 0]), None]
        spread = -float((weight * known * np.log(np.maximum(known, 1e-300))).sum())
        return 1 - spread / (self.n * math.log(self.classes))

    @property
    def assigned(self) -> npt.NDArray[np.int64] | None:
        """Most probable class of every respondent, shape (n_respondents,); -1 where nothing was answered."""
        if self.posterior is None:
            return None
        blank = np.isnan(self.posterior[:, 0])
        found = np.where(blank[:, None], 0.0, self.posterior).argmax(axis=1)
        return np.where(blank, -1, found).astype(np.int64)

    def entries(self) -> tuple[Entry, ...]:
        """Fit (measure ``bic``), then ``class_size``, then ``answer_probability``."""
        method = f"Latent classes, maximum likelihood, {self.information} information"
        further = {
            "log_likelihood": self.log_likelihood,
            "aic": self.aic,
            "sabic": self.sabic,
            "caic": self.caic,
            "entropy": self.entropy,
            "g_squared": self.g_squared,
            "df": self.df,
        }
        fit = Entry(
            measure="bic",
            method=method,
            about={"classes": str(self.classes)},
            n=self.n,
            estimate=self.bic,
            more={name: float(value) for name, value in further.items() if value is not None}
            | {"n_parameters": self.n_parameters, "n_at_best": self.n_at_best, "n_final": self.n_final},
            state=self.state,
            reason=self.reason,
        )
        sizes = [
            _described(cell, "class_size", method, self.n, {"class": cell.name}, self) for cell in self.sizes
        ]
        answers = [
            _described(
                cell,
                "answer_probability",
                method,
                self.n,
                {"class": cell.name, "item": cell.item, "category": str(cell.category)},
                self,
            )
            for cell in self.probabilities
        ]
        return (fit, *sizes, *answers)


def _described(
    cell: ClassSize | AnswerProbability,
    measure: str,
    method: str,
    n: int,
    about: dict[str, str],
    model: LatentClasses,
) -> Entry:
    state: str = model.state
    reason = model.reason
    if state == "boundary" and cell.std_error is not None:
        state, reason = "ok", ""
    return Entry(
        measure=measure,
        method=method,
        about=about,
        n=n,
        estimate=cell.estimate,
        std_error=cell.std_error,
        interval=cell.interval,
        state=state,
        reason=reason,
    )


@takes_weights(
    "weights",
    counts="rows",
    how="pseudo-likelihood, robust errors",
    reference="replicated rows, linearised scores",
)
def latent_classes(
    items: pd.DataFrame,
    *,
    classes: int,
    rng: np.random.Generator,
    starts: int = 50,
    finals: int = 15,
    weights: pd.Series | None = None,
    counts: Counts | None = None,
    information: Literal["observed", "scores", "robust"] | None = None,
    confidence_level: float = 0.95,
) -> LatentClasses:
    """Latent class model of categorical items [1]_, by maximum likelihood.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers; every distinct one is a category. Blank answers are taken as missing at random.
    classes : int
        How many; :func:`analysis.latent_class.number.class_number` helps to choose.
    starts, finals : int
        Random starts, and how many of the best after a rough climb are followed to the end.
    weights : Series, shape (n_respondents,), optional
        Sampling weights: the likelihood is then a pseudo-likelihood, and the errors are robust.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out before their patterns are counted.
    information : {"observed", "scores", "robust"}, optional
        Errors from second derivatives (the default), from products of scores (as poLCA has them), or from
        both (sandwich; the default with weights).

    Returns
    -------
    LatentClasses
        Classes are ordered by size, largest first. Intervals are symmetric on the log-odds scale.

    Notes
    -----
    EM runs on the table of distinct answer patterns, from all starts side by side, accelerated by SQUAREM. A
    solution that only one of the final starts has reached is reported as ``local_maximum``.

    References
    ----------
    .. [1] Goodman, L. A. (1974). Exploratory latent structure analysis using both identifiable and
       unidentifiable models. Biometrika, 61, 215-231.

    Examples
    --------
    Three physicians read 1,692 X-rays (Dayton 1998, Latent Class Scaling Analysis, table 3.2):

    >>> counts = [1513, 23, 59, 12, 21, 19, 11, 34]
    >>> readings = [(a, b, c) for a in "ny" for b in "ny" for c in "ny"]
    >>> films = pd.DataFrame(np.repeat(readings, counts, axis=0), columns=["A", "B", "C"])
    >>> found = latent_classes(films, classes=2, rng=np.random.default_rng(1))
    >>> found.state, round(found.log_likelihood, 4), round(found.sizes[0].estimate, 4)
    ('ok', -891.1428, 0.9455)
    >>> round(found.probability("2", "C", "y").estimate, 4)
    0.765
    """
    items, weights = written_out(items, counts), written_out(weights, counts)
    patterns = answer_patterns(items, weights)
    if classes < 1 or finals < 1 or starts < finals:
        raise ValueError(
            f"classes={classes}, starts={starts}, finals={finals}: expected at least one class, and at least "
            "as many starts as finals."
        )
    kind = information or ("observed" if weights is None else "robust")
    state, reason = _why_not(patterns, classes)
    if state != "ok":
        return LatentClasses(
            items=patterns.items,
            classes=classes,
            n=patterns.n,
            n_missing=len(items) - patterns.n,
            state=state,
            reason=reason,
        )
    ends = ascend(patterns, classes, rng=rng, starts=starts, finals=finals)
    return _result(patterns, ends, starts=starts, kind=kind, confidence_level=confidence_level)


def ascend(
    patterns: AnswerPatterns,
    classes: int,
    *,
    rng: np.random.Generator,
    starts: int,
    finals: int,
    known: Array | None = None,
) -> Ascent:
    """Where the most promising starts end, best first; ``known`` parameters join the final starts."""
    if classes == 1:
        starts = finals = 1
    rough = climb(patterns, random_starts(patterns, classes, starts, rng), tolerance=ROUGH, cycles=15)
    promising = np.argsort(-rough.log_likelihood, kind="stable")[:finals]
    chosen = rough.parameters[promising]
    if known is not None:
        chosen = np.concatenate([known[None], chosen])
    final = climb(patterns, chosen, tolerance=FINE, cycles=2000)
    order = np.argsort(-final.log_likelihood, kind="stable")
    return Ascent(
        parameters=final.parameters[order],
        log_likelihood=final.log_likelihood[order],
        converged=final.converged[order],
    )


def _why_not(patterns: AnswerPatterns, classes: int) -> tuple[State, str]:
    if len(patterns.items) < 2:
        return "too_few", f"classes need at least 2 items, there are {len(patterns.items)}"
    constant = [item for item, seen in zip(patterns.items, patterns.categories, strict=True) if len(seen) < 2]
    if constant:
        return "constant", f"all answers are the same: {', '.join(constant)}"
    free = count_parameters(patterns, classes)
    if patterns.n <= free:
        return "too_few", f"{patterns.n} respondents for {free} parameters of {classes} classes"
    return "ok", ""


def count_parameters(patterns: AnswerPatterns, classes: int) -> int:
    """Free sizes and answer probabilities."""
    return classes - 1 + classes * (len(patterns.item_of) - len(patterns.items))


def _result(
    patterns: AnswerPatterns, ends: Ascent, *, starts: int, kind: str, confidence_level: float
) -> LatentClasses:
    parameters = ends.parameters[0]
    parameters = parameters[np.argsort(-parameters[:, 0], kind="stable")]
    classes = len(parameters)
    best = float(ends.log_likelihood[0])
    at_best = int((ends.log_likelihood > best - 1e-6 * max(1.0, abs(best) * 1e-3)).sum())
    found = information(patterns, parameters)
    membership, _ = posteriors(patterns, parameters[None])
    posterior = np.full((len(patterns.pattern_of), classes), np.nan)
    used = patterns.pattern_of >= 0
    posterior[used] = membership[0].T[patterns.pattern_of[used]]
    free = count_parameters(patterns, classes)
    state, reason = _verdict(ends, found, at_best, posterior[used], patterns, free)
    usable = state in ("ok", "boundary", "local_maximum")
    errors = _errors(found, kind) if usable else np.full(parameters.shape, np.nan)
    g_squared, df = _against_saturated(patterns, best, free)
    names = tuple(str(c + 1) for c in range(classes))
    return LatentClasses(
        items=patterns.items,
        classes=classes,
        n=patterns.n,
        n_missing=int((~used).sum()),
        n_incomplete=patterns.n_incomplete,
        sizes=tuple(
            ClassSize(name=name, **_described_share(parameters[c, 0], errors[c, 0], confidence_level))
            for c, name in enumerate(names)
        ),
        probabilities=_answer_probabilities(patterns, parameters, errors, names, confidence_level),
        log_likelihood=best,
        n_parameters=free,
        n_starts=1 if classes == 1 else starts,
        n_at_best=at_best,
        n_final=len(ends.log_likelihood),
        g_squared=g_squared,
        df=df,
        information=kind,
        parameters=parameters,
        posterior=posterior,
        weights=patterns.weights,
        state=state,
        reason=reason,
    )


def _verdict(
    ends: Ascent, found: Information, at_best: int, posterior: Array, patterns: AnswerPatterns, free: int
) -> tuple[State, str]:
    """The gravest fault first."""
    classes = posterior.shape[1]
    if not ends.converged[0]:
        return "not_converged", "the best start was still climbing when it was stopped"
    nobody = [str(c + 1) for c in range(classes) if posterior[:, c].sum() < 1]
    if nobody:
        return "inadmissible", f"class {', '.join(nobody)} holds less than one respondent; try fewer classes"
    cells = math.prod(len(seen) for seen in patterns.categories)
    if free > cells - 1:
        return "not_identified", f"{free} parameters, but only {cells} possible patterns of answers"
    if not found.identified:
        return "not_identified", "the answers cannot tell the parameters apart; try fewer classes"
    if classes > 1 and len(ends.converged) > 1 and at_best < 2:
        return (
            "local_maximum",
            f"only 1 of {len(ends.converged)} final starts reached the best solution; use more starts",
        )
    if found.at_boundary.any():
        return "boundary", f"{int(found.at_boundary.sum())} probabilities are 0 or 1 and have no error"
    return "ok", ""


def _errors(found: Information, kind: str) -> Array:
    """Standard errors of sizes and probabilities; not a number at the boundary."""
    if not len(found.observed):
        return np.full(found.at_boundary.shape, np.nan)
    variances = np.diag(found.covariance(kind)).reshape(found.at_boundary.shape)
    # a probability whose every rival is at the boundary is itself at the boundary
    return np.asarray(np.where(variances > 0, np.sqrt(np.abs(variances)), np.nan))


def _described_share(share: float, error: float, confidence_level: float) -> _Share:
    estimate = float(share)
    if math.isnan(error) or not 0 < estimate < 1:
        return {"estimate": estimate, "std_error": None, "interval": None}
    reach = float(norm.isf((1 - confidence_level) / 2)) * float(error) / (estimate * (1 - estimate))
    centre = math.log(estimate / (1 - estimate))
    low, high = (1 / (1 + math.exp(-x)) if x > -700 else 0.0 for x in (centre - reach, centre + reach))
    interval = Interval(low=low, high=high, confidence_level=confidence_level)
    return {"estimate": estimate, "std_error": float(error), "interval": interval}


def _answer_probabilities(
    patterns: AnswerPatterns,
    parameters: Array,
    errors: Array,
    names: tuple[str, ...],
    confidence_level: float,
) -> tuple[AnswerProbability, ...]:
    labels = [
        (item, category)
        for item, seen in zip(patterns.items, patterns.categories, strict=True)
        for category in seen
    ]
    return tuple(
        AnswerProbability(
            name=name,
            item=item,
            category=category,
            **_described_share(parameters[c, k], errors[c, k], confidence_level),
        )
        for c, name in enumerate(names)
        for k, (item, category) in enumerate(labels, 1)
    )


def _against_saturated(
    patterns: AnswerPatterns, log_likelihood: float, free: int
) -> tuple[float | None, int | None]:
    if patterns.n_incomplete or patterns.weights is not None:
        return None, None
    f = patterns.frequencies
    saturated = float(f @ np.log(f / f.sum()))
    return 2 * (saturated - log_likelihood), math.prod(map(len, patterns.categories)) - 1 - free
