"""Penalty-reward contrasts: whether a feature costs more when it is poor than it gains when it is good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.adjust import holm
from analysis.counted_rows import Counts, written_out
from analysis.least_squares import Coefficient, Equation, least_squares
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """Which answers count as low and as high, as shares of the scale's width from its lowest point."""

    low: float  #: answers up to here are low
    high: float  #: answers from here on are high
    source: str


#: Ways of coding. On a 5-point scale ``ends`` is 1 against 5, ``tops`` 1-2 against 5, ``thirds`` 1-2 against
#: 4-5.
CODINGS: Mapping[str, Coding] = {
    "ends": Coding(low=0.0, high=1.0, source="Brandt (1987): the worst against the best answer"),
    "tops": Coding(
        low=0.25,
        high=1.0,
        source="convention: few choose the worst answer, so low reaches further than high",
    ),
    "thirds": Coding(low=1 / 3, high=2 / 3, source="the outer thirds of the scale"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AsymmetryCut:
    """A label of the impact-asymmetry index from ``low`` upwards."""

    label: str
    low: float


#: Mikulić & Prebežac (2008); from the highest. A convention: the class by tests does not use it.
ASYMMETRY_CUTS = (
    AsymmetryCut(label="delighter", low=0.7),
    AsymmetryCut(label="satisfier", low=0.2),
    AsymmetryCut(label="hybrid", low=-0.2),
    AsymmetryCut(label="dissatisfier", low=-0.7),
    AsymmetryCut(label="frustrator", low=-1.0),
)

Errors = Literal["classical", "hc3", "clustered"]
Kind = Literal["basic", "performance", "excitement", "penalty_only", "reward_only", "not_shown", "contrary"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PenaltyReward:
    """One feature.

    ``kind`` is ``basic`` when the penalty is there and outweighs the reward, ``excitement`` when the reward
    is there and outweighs the penalty, ``performance`` when both are there and neither is shown to outweigh
    the other. ``penalty_only`` and ``reward_only`` say that one of them is there and the other not shown,
    without one being shown to outweigh the other; ``not_shown`` that neither is there (which does not show
    that there is none); ``contrary`` that one of them has the wrong sign. What is "there" has a p-value below
    the level after Holm's correction over all penalties and rewards; what "outweighs" has one after Holm's
    correction over the features.
    """

    feature: str
    n_low: int
    n_high: int
    low: float  #: answers up to this one are low
    high: float  #: answers from this one on are high
    penalty: Coefficient | None = None  #: outcome of low answers less that of middling ones
    reward: Coefficient | None = None  #: outcome of high answers less that of middling ones
    asymmetry: Coefficient | None = None  #: reward + penalty: above zero, good counts for more than bad
    penalty_adjusted: float | None = None  #: Holm's p-values
    reward_adjusted: float | None = None
    asymmetry_adjusted: float | None = None
    kind: Kind | None = None
    impact_asymmetry: float | None = None  #: (reward - |penalty|) / (reward + |penalty|), signs as expected
    label: str | None = None  #: of the index, from :data:`ASYMMETRY_CUTS`
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PenaltyRewards(Tabular):
    """All features of one outcome, in one regression."""

    outcome: str
    coding: str
    errors: Errors
    n: int
    n_missing: int
    equation: Equation | None = None
    features: tuple[PenaltyReward, ...] = ()
    state: str = "ok"
    reason: str = ""

    def of(self, feature: str) -> PenaltyReward:
        """One feature; ``KeyError`` if there is none of that name."""
        for found in self.features:
            if found.feature == feature:
                return found
        raise KeyError(feature)

    def entries(self) -> tuple[Entry, ...]:
        """``penalty``, ``reward`` and ``asymmetry`` of each feature; one row of a feature left out."""
        about = {"outcome": self.outcome}
        method = f"dummy regression ({self.coding}), {self.errors} errors"
        if self.state != "ok":
            trouble: dict[str, Any] = {"state": self.state, "reason": self.reason}
            return (Entry(measure="penalty_reward", method=method, about=about, n=self.n, **trouble),)
        return tuple(row for found in self.features for row in self._entries(found, method))

    def _entries(self, found: PenaltyReward, method: str) -> Iterator[Entry]:
        about = {"outcome": self.outcome, "feature": found.feature}
        if found.penalty is None or found.reward is None or found.asymmetry is None:
            yield Entry(
                measure="penalty_reward",
                method=method,
                about=about,
                n=self.n,
                more={"n_low": found.n_low, "n_high": found.n_high},
                state=found.state,
                reason=found.reason,
            )
            return
        index = {} if found.impact_asymmetry is None else {"impact_asymmetry": found.impact_asymmetry}
        for measure, number, adjusted, more in (
            ("penalty", found.penalty, found.penalty_adjusted, {"n_low": found.n_low, "up_to": found.low}),
            ("reward", found.reward, found.reward_adjusted, {"n_high": found.n_high, "from": found.high}),
            ("asymmetry", found.asymmetry, found.asymmetry_adjusted, index),
        ):
            yield Entry(
                measure=measure,
                method=method,
                about={**about, "kind": str(found.kind)} if measure == "asymmetry" else about,
                n=self.n,
                estimate=number.estimate,
                std_error=number.std_error,
                statistic=number.statistic,
                df=(number.df,),
                p_value=number.p_value,
                interval=number.interval,
                more=more | ({} if adjusted is None else {"p_adjusted": adjusted}),
            )


@refuses_weights(
    "its errors are those of a simple random sample of respondents or branches",
    instead="analysis.design.regression.design_linear on dummies of low and high answers",
    counts="rows",
)
def penalty_reward(
    outcome: pd.Series,
    features: pd.DataFrame,
    *,
    bounds: Mapping[str, tuple[float, float]],
    coding: str = "tops",
    errors: Errors | None = None,
    clusters: pd.Series | None = None,
    minimum_cell: int = 5,
    significance: float = 0.05,
    confidence_level: float = 0.95,
    counts: Counts | None = None,
) -> PenaltyRewards:
    """Penalty-reward contrast analysis [1]_: Kano's kinds of features from ordinary ratings.

    ``outcome = b0 + sum_j (p_j low_j + r_j high_j)`` with dummies for low and high answers to each feature;
    middling answers are the reference. ``p_j`` should be negative and ``r_j`` positive; ``r_j + p_j`` is
    their asymmetry, a linear contrast with its own error. The kinds of [2]_ follow from tests; where only one
    of the two is shown, a kind is named only if it is also shown to outweigh the other. The
    index of [3]_ is given beside them where both signs are as expected.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    features : DataFrame, shape (n_respondents, n_features)
    bounds : mapping
        Feature -> lowest and highest point of its scale.
    coding : str
        A name in :data:`CODINGS`.
    errors : {"classical", "hc3", "clustered"}, optional
        ``hc3`` unless clusters are given.
    minimum_cell : int
        A feature with fewer low, high or middling answers is left out of the regression as ``too_few``.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    References
    ----------
    .. [1] Brandt, R. D. (1987). A procedure for identifying value-enhancing service components using customer
       satisfaction survey data. In Add value to your service (pp. 61-65). American Marketing Association.
    .. [2] Matzler, K., & Sauerwein, E. (2002). The factor structure of customer satisfaction. International
       Journal of Service Industry Management, 13(4), 314-332.
    .. [3] Mikulić, J., & Prebežac, D. (2008). Prioritizing improvement of service attributes using impact
       range-performance analysis and impact-asymmetry analysis. Managing Service Quality, 18(6), 559-576.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> x = pd.DataFrame(rng.integers(1, 6, (600, 2)).astype(float), columns=["accuracy", "gifts"])
    >>> y = (-1.0 * (x["accuracy"] <= 2) + (x["gifts"] == 5) + rng.normal(size=600)).rename("satisfaction")
    >>> found = penalty_reward(y, x, bounds={"accuracy": (1, 5), "gifts": (1, 5)})
    >>> found.of("accuracy").kind, found.of("gifts").kind
    ('basic', 'excitement')
    """
    if coding not in CODINGS:
        raise ValueError(f"coding {coding!r}; expected one of {', '.join(CODINGS)}")
    outcome, features = written_out(outcome, counts), written_out(features, counts)
    clusters = written_out(clusters, counts)
    kind: Errors = errors or ("hc3" if clusters is None else "clustered")
    if kind == "clustered" and clusters is None:
        raise ValueError('errors="clustered" needs clusters: give the branch of each respondent')
    absent = [str(name) for name in features.columns if str(name) not in bounds]
    if absent:
        raise ValueError(f"bounds: none given for {', '.join(absent)}. Give lowest and highest point.")
    whole = outcome.notna() & features.notna().all(axis="columns")
    if clusters is not None:
        whole &= clusters.notna()
    y = outcome[whole].to_numpy(dtype=float)
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "coding": coding,
        "errors": kind,
        "n": len(y),
        "n_missing": int((~whole).sum()),
    }
    coded = [_coded(str(name), features[name][whole], bounds, CODINGS[coding]) for name in features.columns]
    left_out = {one.feature: one.too_few(minimum_cell) for one in coded}
    kept = [one for one in coded if not left_out[one.feature]]
    columns = {name: dummy for one in kept for name, dummy in one.columns()}
    codes = None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64)
    trouble = _why_not(y, columns, codes)
    if trouble:
        return PenaltyRewards(**shared, state=trouble[0], reason=trouble[1])
    equation = least_squares(
        y,
        columns,
        outcome=str(outcome.name),
        errors=kind,
        clusters=codes,
        confidence_level=confidence_level,
    )
    if equation is None or equation.r_squared > 1 - 1e-12:
        reason = "low and high answers to some features determine each other or the outcome"
        return PenaltyRewards(**shared, state="inadmissible", reason=reason)
    judged = _judged(equation, kept, significance)
    return PenaltyRewards(
        **shared,
        equation=equation,
        features=tuple(
            judged[one.feature]
            if one.feature in judged
            else PenaltyReward(**one.counts(), state="too_few", reason=left_out[one.feature])
            for one in coded
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coded:
    feature: str
    low: float
    high: float
    is_low: npt.NDArray[np.bool_]
    is_high: npt.NDArray[np.bool_]

    def columns(self) -> tuple[tuple[str, Array], ...]:
        return (
            (f"{self.feature} low", self.is_low.astype(float)),
            (f"{self.feature} high", self.is_high.astype(float)),
        )

    def counts(self) -> dict[str, Any]:
        return {
            "feature": self.feature,
            "n_low": int(self.is_low.sum()),
            "n_high": int(self.is_high.sum()),
            "low": self.low,
            "high": self.high,
        }

    def too_few(self, minimum: int) -> str:
        low, high = int(self.is_low.sum()), int(self.is_high.sum())
        middle = len(self.is_low) - low - high
        if min(low, high, middle) >= minimum:
            return ""
        return f"{low} low, {middle} middling and {high} high answers; at least {minimum} of each"


def _coded(name: str, answers: pd.Series, bounds: Mapping[str, tuple[float, float]], rule: Coding) -> _Coded:
    lowest, highest = bounds[name]
    values = answers.to_numpy(dtype=float)
    if ((values < lowest) | (values > highest)).any():
        raise ValueError(f"{name}: answers outside {lowest:g}-{highest:g}. Mend the answers or the bounds.")
    # rounded, so that a third of the way is where it is whatever the binary fractions
    low, high = (round(lowest + share * (highest - lowest), 9) for share in (rule.low, rule.high))
    return _Coded(
        feature=name,
        low=low,
        high=high,
        is_low=np.asarray(values <= low + 1e-9),
        is_high=np.asarray(values >= high - 1e-9),
    )


def _why_not(
    y: Array, columns: dict[str, Array], codes: npt.NDArray[np.int64] | None
) -> tuple[str, str] | None:
    if not columns:
        return "too_few", "no feature has enough low, middling and high answers"
    if len(y) < len(columns) + 3:
        return "too_few", f"{len(y)} respondents for {len(columns)} contrasts"
    if codes is not None and int(codes.max(initial=-1)) + 1 < len(columns) + 2:
        return "too_few", f"{int(codes.max(initial=-1)) + 1} clusters for {len(columns)} contrasts"
    if np.ptp(y) == 0:
        return "constant", "the outcome does not vary"
    return None


def _judged(equation: Equation, coded: list[_Coded], level: float) -> dict[str, PenaltyReward]:
    terms = {term: i for i, term in enumerate(equation.terms)}
    numbers = []
    for one in coded:
        penalty, reward = (equation.coefficient(f"{one.feature} {side}") for side in ("low", "high"))
        weights = np.zeros(len(terms))
        weights[[terms[f"{one.feature} low"], terms[f"{one.feature} high"]]] = 1.0
        numbers.append((penalty, reward, equation.combination(f"{one.feature} asymmetry", weights)))
    single = holm([number.p_value for penalty, reward, _ in numbers for number in (penalty, reward)])
    between = holm([asymmetry.p_value for _, _, asymmetry in numbers])
    found = {}
    for i, (one, (penalty, reward, asymmetry)) in enumerate(zip(coded, numbers, strict=True)):
        adjusted = single[2 * i], single[2 * i + 1], between[i]
        there = [p is not None and p < level for p in adjusted]
        index = _impact_asymmetry(penalty.estimate, reward.estimate)
        found[one.feature] = PenaltyReward(
            **one.counts(),
            penalty=penalty,
            reward=reward,
            asymmetry=asymmetry,
            penalty_adjusted=adjusted[0],
            reward_adjusted=adjusted[1],
            asymmetry_adjusted=adjusted[2],
            kind=_kind(penalty.estimate, reward.estimate, there),
            impact_asymmetry=index,
            label=None if index is None else next(cut.label for cut in ASYMMETRY_CUTS if index >= cut.low),
        )
    return found


def _kind(penalty: float, reward: float, there: list[bool]) -> Kind:
    has_penalty, has_reward, differ = there
    if (has_penalty and penalty > 0) or (has_reward and reward < 0):
        return "contrary"
    if differ and (has_reward if reward + penalty > 0 else has_penalty):
        return "excitement" if reward + penalty > 0 else "basic"
    if has_penalty and has_reward:
        return "performance"
    if has_penalty:
        return "penalty_only"
    return "reward_only" if has_reward else "not_shown"


def _impact_asymmetry(penalty: float, reward: float) -> float | None:
    if penalty >= 0 or reward <= 0:
        return None
    return (reward + penalty) / (reward - penalty)
