"""Kano's classification of features from paired questions: what if you have it, what if you do not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.ordinal.tables import frequency_weights
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import refuses_weights
from analysis.wilson import wilson_interval

CATEGORIES = ("attractive", "one_dimensional", "must_be", "indifferent", "reverse", "questionable")

#: Functional answer (row) by dysfunctional answer (column): like, expect, neutral, live with, dislike.
EVALUATION = ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")

_NUMBER = {letter: i for i, letter in enumerate("AOMIRQ")}
_TABLE = np.array([[_NUMBER[letter] for letter in row] for row in EVALUATION])


@dataclass(frozen=True, slots=True, kw_only=True)
class Kano(Tabular):
    """One feature: how many respondents put it in which category.

    ``state`` is ``too_few`` without an answer, ``undecided`` when Fong's test does not tell the two most
    frequent categories apart; ``category`` is then still the most frequent one.
    """

    feature: str
    n: int
    n_missing: int
    counts: tuple[tuple[str, float], ...] = ()  #: by category
    category: str | None = None  #: the most frequent
    runner_up: str | None = None
    better: float | None = None  #: share whose satisfaction the feature raises
    better_interval: Interval | None = None  #: Wilson's
    worse: float | None = None  #: less the share whom its lack dissatisfies
    worse_interval: Interval | None = None
    statistic: float | None = None  #: Fong's, of the two most frequent categories
    p_value: float | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """``kano_share`` of every category, Fong's test, ``better`` and ``worse``."""
        about = {"feature": self.feature}
        test = Entry(
            measure="kano_category",
            method="Fong's test of the two most frequent categories",
            about=about | ({} if self.category is None else {"category": self.category}),
            n=self.n,
            statistic=self.statistic,
            p_value=self.p_value,
            state=self.state,
            reason=self.reason,
        )
        shares = [
            Entry(
                measure="kano_share",
                method="Kano's evaluation table",
                about={**about, "category": name},
                n=self.n,
                estimate=count / self.n,
            )
            for name, count in self.counts
        ]
        coefficients = [
            Entry(
                measure=name,
                method="Berger's coefficient, Wilson interval",
                about=about,
                n=self.n,
                estimate=value,
                interval=interval,
            )
            for name, value, interval in (
                ("better", self.better, self.better_interval),
                ("worse", self.worse, self.worse_interval),
            )
            if value is not None
        ]
        return (test, *shares, *coefficients)


@refuses_weights(
    "its tests take answers as a simple random sample",
    instead="analysis.design.proportions.weighted_shares",
    counts="sums",
)
def kano(
    functional: pd.Series,
    dysfunctional: pd.Series,
    *,
    feature: str,
    counts: npt.ArrayLike | None = None,
    test_level: float = 0.90,
    confidence_level: float = 0.95,
) -> Kano:
    """Kano category of a feature, with better and worse coefficients [1]_ and Fong's test [2]_.

    ``better = (A + O) / (A + O + M + I)``, ``worse = -(O + M) / (A + O + M + I)``. The two most frequent
    categories, a and b of n, are told apart when ``|a - b|`` exceeds ``z sqrt((a + b)(2n - a - b) / (2n))``,
    where Fong takes z of 1.65, that of 90 %.

    Parameters
    ----------
    functional, dysfunctional : Series, shape (n_respondents,)
        1 I like it, 2 I expect it, 3 neutral, 4 I can live with it, 5 I dislike it; the first when the
        feature is there, the second when it is not.
    counts : array_like, shape (n_respondents,), optional
        Frequency weights.

    References
    ----------
    .. [1] Berger, C., et al. (1993). Kano's methods for understanding customer-defined quality. Center for
       Quality Management Journal, 2(4), 3-36.
    .. [2] Fong, D. (1996). Using the self-stated importance questionnaire to interpret Kano questionnaire
       results. Center for Quality Management Journal, 5(3), 21-23.

    Examples
    --------
    >>> there = pd.Series([1, 1, 1, 1, 2, 3, 3, 1])
    >>> missing = pd.Series([3, 3, 2, 5, 5, 3, 3, 4])
    >>> found = kano(there, missing, feature="own adviser")
    >>> found.category, found.better, found.worse
    ('attractive', 0.625, -0.25)
    """
    w = frequency_weights(counts, len(functional))
    w = np.ones(len(functional)) if w is None else w
    answers = np.column_stack([functional.to_numpy(dtype=float), dysfunctional.to_numpy(dtype=float)])
    whole = ~np.isnan(answers).any(axis=1) & (w > 0)
    used = answers[whole]
    strange = np.unique(used[~np.isin(used, range(1, 6))])
    if len(strange):
        raise ValueError(
            f"{feature}: answers {strange.tolist()} are outside 1-5. Recode them: 1 I like it, 2 I expect "
            "it, 3 neutral, 4 I can live with it, 5 I dislike it."
        )
    places = used.astype(np.int64) - 1
    chosen = np.bincount(_TABLE[places[:, 0], places[:, 1]], weights=w[whole], minlength=len(CATEGORIES))
    n = float(chosen.sum())
    shared: dict[str, Any] = {"feature": feature, "n": round(n), "n_missing": round(float(w.sum()) - n)}
    if n == 0:
        return Kano(**shared, state="too_few", reason="nobody answered both questions")
    first, second = np.argsort(-chosen, kind="stable")[:2]
    a, b = float(chosen[first]), float(chosen[second])
    # all in one category of n: nothing is left for chance to swap
    statistic = abs(a - b) / math.sqrt((a + b) * (2 * n - a - b) / (2 * n))
    undecided = statistic <= float(stats.norm.isf((1 - test_level) / 2))
    better = worse = None
    intervals: tuple[Interval | None, Interval | None] = (None, None)
    base = float(chosen[:4].sum())
    if base > 0:
        gains, losses = float(chosen[0] + chosen[1]), float(chosen[1] + chosen[2])
        better, worse = gains / base, -losses / base
        high = wilson_interval(losses, base, confidence_level=confidence_level)
        intervals = (
            wilson_interval(gains, base, confidence_level=confidence_level),
            Interval(low=-high.high, high=-high.low, confidence_level=confidence_level),
        )
    names = CATEGORIES[first], CATEGORIES[second]
    return Kano(
        **shared,
        counts=tuple(zip(CATEGORIES, map(float, chosen), strict=True)),
        category=names[0],
        runner_up=names[1] if b > 0 else None,
        better=better,
        better_interval=intervals[0],
        worse=worse,
        worse_interval=intervals[1],
        statistic=statistic,
        p_value=float(2 * stats.norm.sf(statistic)),
        state="undecided" if undecided else "ok",
        reason=f"{names[0]} ({a:g}) and {names[1]} ({b:g}) of {n:g} are not told apart" if undecided else "",
    )
