"""Effects as functions of the weighted sample: one road from an effect to its error under any design.

An effect is a number that the weights of the respondents determine, with the influence of each respondent
on it. Most effects depend on the sample through sums alone, so it suffices to say which sums and which
function of them: influence values follow by differentiating that function, and the design's variance from
them (:func:`analysis.design.linearization.estimated`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from analysis.design.design import Array, Design, Mask, ReplicateDesign, SurveyDesign
from analysis.design.estimates import t_interval, why_not
from analysis.design.jackknife import OfSums, WeightedSums
from analysis.design.linearization import (
    Estimated,
    Estimator,
    Linearized,
    estimated,
    influence_under,
    spread_of_total,
)
from analysis.drivers import r_squared_interval, r_squared_tail
from analysis.minimum_effect import Tail, t_tail
from analysis.results import Interval
from analysis.squared_effects import SquaredEffect
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

#: On which scale an effect is near normal. ``plain``: its own. ``correlation``: Fisher's z. ``r_squared``:
#: Fisher's z of the multiple correlation. ``squared``: a squared length. ``length``: a squared length whose
#: root is reported.
Scale = Literal["plain", "correlation", "r_squared", "squared", "length"]

STEP = 5e-4  #: of the derivative by differences, in units of terms whose spread is about one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Functional:
    """One effect, and whatever else is estimated beside it, as a function of the weights.

    ``adjust`` takes an estimate of the effect and an effective number of respondents, and takes out bias.
    """

    names: tuple[str, ...]  #: of the values, the effect first
    estimator: Estimator
    used: Mask  #: (n_rows,) who answered what the effect needs
    scale: Scale = "plain"
    lost_df: int = 0  #: degrees of freedom that predictors take
    squares: int = 1  #: differences whose squares a squared length adds up
    adjust: Callable[[Array, float], float] | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)
    state: str = "ok"
    reason: str = ""

    def value(self, values: Array, effective_n: float) -> float:
        """The effect as reported, from the values of the estimator."""
        if self.adjust is not None:
            return self.adjust(values, effective_n)
        return math.sqrt(max(float(values[0]), 0.0)) if self.scale == "length" else float(values[0])

    def slope(self, values: Array) -> float:
        """By how much the reported effect moves with the first value."""
        return 1 / (2 * math.sqrt(max(float(values[0]), 1e-12))) if self.scale == "length" else 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inference:
    """What a design says of a functional."""

    n: int
    effective_n: float  #: Kish's, of those who answered
    df: float  #: of the effect
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    tail: Tail | None = None
    values: Array | None = None  #: (p,) all values
    errors: Array | None = None  #: (p,)
    dfs: Array | None = None  #: (p,) degrees of freedom of each
    covariance: Array | None = None  #: (p, p)
    state: str = "ok"
    reason: str = ""

    def interval_of(self, at: int, confidence_level: float) -> Interval | None:
        """Student's interval of one of the values."""
        if self.values is None or self.errors is None or not self.errors[at] > 0:
            return None
        return t_interval(float(self.values[at]), float(self.errors[at]), self.df_of(at), confidence_level)

    def df_of(self, at: int) -> float:
        """Degrees of freedom of one of the values."""
        return self.df if self.dfs is None else float(self.dfs[at])


def of_sums(terms: Array, used: Mask, function: OfSums) -> Estimator:
    """Values that depend on the sample through weighted sums of terms.

    The influence value of respondent i is ``w_i t_i' g``, with the gradient g of the function by the means
    of the terms over the sum of the weights; g comes from differences of fourth order.

    Parameters
    ----------
    terms : array, shape (n_rows, q)
        Of a size near one.
    used : array of bool, shape (n_rows,)
        Rows whose terms are known.
    function : callable
        See :data:`OfSums`; it is called once for all steps of the derivative.

    Examples
    --------
    >>> y = np.array([1.0, 2.0, 4.0, 5.0])
    >>> mean = of_sums(np.column_stack([np.ones(4), y]), np.ones(4, dtype=bool),
    ...                lambda s: s[:, 1:] / s[:, :1])(np.ones(4))
    >>> mean.estimate.tolist(), mean.influence[:, 0].round(6).tolist()
    ([3.0], [-0.5, -0.25, 0.25, 0.5])
    """
    filled = np.where(used[:, None], terms, 0.0)
    q = terms.shape[1]

    def estimate(weights: Array) -> Linearized:
        w = np.where(used, weights, 0.0)
        total = w.sum()
        means = w @ filled / total
        step = STEP * np.maximum(1.0, np.abs(means))
        moves = np.eye(q) * step
        around = np.concatenate([means[None], *(means + by * moves for by in (-2.0, -1.0, 1.0, 2.0))])
        values = np.asarray(function(around))
        far_below, below, above, far_above = values[1:].reshape(4, q, -1)
        gradient = (far_below - 8 * below + 8 * above - far_above) / (12 * step[:, None])
        return Linearized(
            estimate=values[0],
            influence=w[:, None] * (filled @ gradient) / total,
            used=np.asarray(used),
            sums=WeightedSums(terms=w[:, None] * filled, function=lambda sums: function(sums / total)),
        )

    return estimate


def standardized_terms(data: Array, used: Mask) -> Array:
    """1, z-scores and their products in ``triu_indices`` order, as ``correlations_from_sums`` wants them.

    Parameters
    ----------
    data : array, shape (n_rows, k)

    Returns
    -------
    array, shape (n_rows, 1 + k + k (k + 1) / 2)
        Zero in rows that are not used. The unit of the z-scores cancels in every correlation.
    """
    known = data[used]
    z = np.where(used[:, None], (data - known.mean(axis=0)) / known.std(axis=0), 0.0)
    i, j = np.triu_indices(data.shape[1])
    return np.column_stack([np.where(used, 1.0, 0.0), z, z[:, i] * z[:, j]])


def effective_n(design: Design, used: Mask) -> float:
    """Kish's effective number of respondents among those used: ``(sum w)^2 / sum w^2``.

    >>> from analysis.design.design import survey_design
    >>> effective_n(survey_design([1, 1, 2, 5]), np.array([True, True, True, False]))
    2.6666666666666665
    """
    inside = used & (design.weights > 0)
    total, own = design.totals_weights[inside], design.weights[inside]
    return float(total.sum() ** 2 / (total @ own)) if inside.any() else 0.0


def under_design(functional: Functional, design: Design, *, confidence_level: float = 0.95) -> Inference:
    """An effect with its error, interval and tail under a design.

    Student's t on the design's degrees of freedom (clusters less strata, less ``lost_df``; Satterthwaite's
    where those are fewer and errors are the jackknife's), on the scale on which the effect is near normal;
    for a squared length the noncentral F.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> y = np.array([1.0, 2.0, 4.0, 5.0])
    >>> used = np.ones(4, dtype=bool)
    >>> mean = Functional(names=("mean",), used=used, estimator=of_sums(
    ...     np.column_stack([np.ones(4), y]), used, lambda s: s[:, 1:] / s[:, :1]))
    >>> found = under_design(mean, survey_design([1, 1, 1, 1]))
    >>> found.estimate, round(found.std_error, 4)
    (3.0, 0.9129)
    """
    n, kish = design.respondents(functional.used), effective_n(design, functional.used)
    df = design.degrees_of_freedom(functional.used) - functional.lost_df
    blank = Inference(n=n, effective_n=kish, df=df)
    if functional.state != "ok":
        return replace(blank, state=functional.state, reason=functional.reason)
    if n == 0:
        return replace(blank, state="too_few", reason="nobody of positive weight answered")
    found = estimated(design, functional.estimator)
    if not np.isfinite(found.estimate[0]):
        return replace(
            blank, state="constant", reason="a variable does not vary among those of positive weight"
        )
    return _inferred(functional, found, blank, confidence_level)


def _inferred(functional: Functional, found: Estimated, blank: Inference, level: float) -> Inference:
    value = functional.value(found.estimate, blank.effective_n)
    error = float(found.std_error[0])
    dfs = np.array([found.df_of(at, lost=functional.lost_df) for at in range(len(found.estimate))])
    blank = replace(blank, df=float(dfs[0]), dfs=dfs)
    shared = replace(
        blank,
        estimate=value,
        std_error=error * functional.slope(found.estimate) if math.isfinite(error) else None,
        values=found.estimate,
        errors=found.std_error,
        covariance=found.covariance,
    )
    state, reason = why_not(error, blank.df)
    if state != "ok":
        return replace(shared, state=state, reason=reason)
    interval, tail = _limits(functional, float(found.estimate[0]), value, error, blank.df, level)
    if interval is None:
        return replace(
            shared, state="no_error", reason="the effect is zero in the sample, so it has no error"
        )
    return replace(shared, interval=interval, tail=tail)


def _limits(
    functional: Functional, raw: float, value: float, error: float, df: float, level: float
) -> tuple[Interval | None, Tail | None]:
    """Interval and tail on the scale of the effect."""
    if functional.scale in ("squared", "length"):
        if raw <= 1e-12:
            return None, None
        square = SquaredEffect(estimate=raw, std_error=error, df=functional.squares, denominator_df=df)
        limits = square.interval(level)
        if functional.scale == "squared":
            return limits, lambda at, upper: square.tail(at, upper=upper)
        root = replace(limits, low=math.sqrt(limits.low), high=math.sqrt(limits.high))
        return root, lambda at, upper: square.tail(max(at, 0.0) ** 2, upper=upper)
    if functional.scale == "r_squared":
        return r_squared_interval(value, error, df, level), r_squared_tail(value, error, df)
    if functional.scale == "correlation":
        if abs(value) > 1 - 1e-12:
            return None, None
        z_error = error / (1 - value**2)
        around = t_interval(math.atanh(value), z_error, df, level)
        plain = t_tail(math.atanh(value), z_error, df)
        low, high = math.tanh(around.low), math.tanh(around.high)
        return replace(around, low=low, high=high), lambda at, upper: plain(math.atanh(at), upper)
    own = t_interval(value, error, df, level)
    low, high = max(own.low, functional.bounds[0]), min(own.high, functional.bounds[1])
    return replace(own, low=low, high=high), t_tail(value, error, df)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightingDifference:
    """One effect under two weightings of the same respondents, and the second less the first."""

    first: Inference
    second: Inference
    difference: float | None = None
    std_error: float | None = None
    df: float | None = None
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""


def between_weightings(
    functional: Functional,
    design: SurveyDesign,
    other_weights: Array,
    *,
    confidence_level: float = 0.95,
    least: float = 0.0,
) -> WeightingDifference:
    """An effect under two weightings: one customer one vote, and weighted by assets.

    Both estimates come from the same respondents, so the error of the difference is that of the difference
    of their influence values, as in :func:`analysis.design.domain.weight_contrast`.

    Parameters
    ----------
    functional : Functional
    design : SurveyDesign
        With the first weighting.
    other_weights : array, shape (n_rows,)
        The second weighting, in any unit; zero outside.
    least : float
        Effective respondents below which the second weighting gives no estimate (``too_few``).
    """
    second = design.reweighted(other_weights)
    level = confidence_level
    first_found = under_design(functional, design, confidence_level=level)
    size = effective_n(second, functional.used)
    if size < least or not size:
        reason = (
            f"by value the effective n is {size:.1f} < {least:g}: a few respondents hold most of the value"
        )
        short = Inference(
            n=second.respondents(functional.used), effective_n=size, df=0.0, state="too_few", reason=reason
        )
        return WeightingDifference(first=first_found, second=short, state="too_few", reason=reason)
    second_found = under_design(functional, second, confidence_level=level)
    for found in (first_found, second_found):
        if found.estimate is None or found.state != "ok":
            return WeightingDifference(
                first=first_found, second=second_found, state=found.state, reason=found.reason
            )
    lines = [functional.estimator(own.totals_weights) for own in (design, second)]
    slopes = [functional.slope(line.estimate) for line in lines]
    # The first weighting may be calibrated: that concerns its half alone.
    own, other = (influence_under(line, one)[:, 0] for line, one in zip(lines, (design, second), strict=True))
    both = replace(design, weights=design.weights + second.weights, calibrations=())
    spread = spread_of_total((slopes[1] * other - slopes[0] * own)[:, None], both)
    error = math.sqrt(max(0.0, float(spread.covariance[0, 0])))
    df = both.degrees_of_freedom(functional.used) - functional.lost_df
    if design.errors == "jackknife":
        df = min(df, spread.df(np.ones(1)))
    difference = float(second_found.estimate or 0.0) - float(first_found.estimate or 0.0)
    state, reason = why_not(error, df)
    return WeightingDifference(
        first=first_found,
        second=second_found,
        difference=difference,
        std_error=error,
        df=df,
        interval=t_interval(difference, error, df, level) if state == "ok" else None,
        state=state,
        reason=reason,
    )


def replicated(functional: Functional, design: ReplicateDesign) -> Array:
    """The effect's values over all replicates of the weights, shape (n_replicates, p)."""
    return np.array([functional.estimator(weights).estimate for weights in design.replicates.T])
