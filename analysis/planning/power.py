"""How many respondents a study needs, so that its own tests can tell.

A claim is supported when the whole interval lies beyond the smallest effect of interest, the *bound*
(``analysis.minimum_effect``). Power is the probability of that for an effect expected to be larger [1]_. With
a bound of 0 it is the power of the ordinary two-sided test in the claimed direction. An effect that is
expected to be no larger than the bound cannot be shown to exceed it with any number of respondents.

References
----------
.. [1] Murphy, K. R., & Myors, B. (1999). Testing the hypothesis that treatments have negligible effects:
   minimum-effect tests in the general linear model. Journal of Applied Psychology, 84, 234-248.
.. [2] Fieller, E. C., Hartley, H. O., & Pearson, E. S. (1957). Tests for rank correlation coefficients. I.
   Biometrika, 44, 470-481.
.. [3] Kish, L. (1965). Survey sampling. Wiley.
.. [4] Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Erlbaum.
.. [5] Olkin, I., & Finn, J. D. (1995). Correlations redux. Psychological Bulletin, 118, 155-164.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate

PlannedMeasure = Literal[
    "d_between", "d_within", "correlation", "tau_b", "cramers_v", "r_squared", "share", "nps"
]

FEWEST: dict[PlannedMeasure, int] = {
    "d_between": 2,
    "d_within": 2,
    "correlation": 4,
    "tau_b": 5,
    "cramers_v": 5,
    "r_squared": 5,
    "share": 1,
    "nps": 1,
}
MOST = 10_000_000  #: respondents a group, beyond which a plan is none
FIELLER = 0.437  #: variance of z of tau, times n - 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Tabular):
    """Respondents for one effect."""

    measure: PlannedMeasure
    method: str
    expected: float
    bound: float
    confidence_level: float
    wanted_power: float
    design_effect: float
    groups: int  #: 2 for a comparison of groups, otherwise 1
    n_per_group: int | None = None  #: to be asked, the design effect counted
    power: float | None = None  #: with that many
    half_width: float | None = None  #: expected, of the interval at the expected effect
    state: str = "ok"
    reason: str = ""

    @property
    def n(self) -> int | None:
        """All respondents."""
        return None if self.n_per_group is None else self.groups * self.n_per_group

    def entries(self) -> tuple[Entry, ...]:
        more = {
            "expected": self.expected,
            "smallest_effect": self.bound,
            "design_effect": self.design_effect,
            "n_per_group": self.n_per_group,
            "half_width": self.half_width,
        }
        return (
            Entry(
                measure="power",
                method=self.method,
                about={"measure": self.measure},
                n=self.n,
                estimate=self.power,
                more={name: value for name, value in more.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


METHODS: dict[PlannedMeasure, str] = {
    "d_between": "noncentral t, two groups of one size",
    "d_within": "noncentral t, one group",
    "correlation": "Fisher's z",
    "tau_b": "z of tau after Fieller, Hartley and Pearson",
    "cramers_v": "noncentral chi-square",
    "r_squared": "noncentral F, fixed predictors",
    "share": "score test, normal approximation",
    "nps": "normal approximation",
}


@no_estimate("planning")
def design_effect(cluster_size: float, intraclass_correlation: float) -> float:
    """How many times more respondents clusters of this size need, ``1 + (m - 1) rho`` [3]_.

    >>> design_effect(10, 0.05)
    1.45
    """
    if cluster_size < 1 or not 0 <= intraclass_correlation <= 1:
        raise ValueError(
            f"a cluster of {cluster_size} with an intraclass correlation of {intraclass_correlation}: "
            "clusters hold at least 1 respondent, and the correlation lies between 0 and 1"
        )
    return 1 + (cluster_size - 1) * intraclass_correlation


@no_estimate("planning")
def power_of(
    measure: PlannedMeasure,
    expected: float,
    n: float,
    *,
    bound: float = 0.0,
    reference: float = 0.5,
    passives: float = 0.3,
    numerator_df: int = 1,
    second_per_first: float = 1.0,
    confidence_level: float = 0.95,
) -> float:
    """Probability that the interval of an effect lies wholly above its bound.

    Parameters
    ----------
    measure : {"d_between", "d_within", "correlation", "tau_b", "cramers_v", "r_squared", "share", "nps"}
        ``correlation`` also serves a standardised coefficient of one predictor; controls that go with the
        predictor make it optimistic. ``share`` and ``nps`` are shares between 0 and 1, and -1 and 1.
    expected, bound : float
        In the unit of the measure, positive in the claimed direction; of ``share``, less ``reference``.
    n : float
        Independent respondents: of the first group for ``d_between``, in all for the others. Need not be
        whole.
    reference : float
        Of ``share`` only: what a share is compared with.
    passives : float
        Of ``nps`` only: expected share of passives, which with the score gives its variance.
    numerator_df : int
        Of ``cramers_v``: (rows - 1) (columns - 1), the table having two rows or two columns; of
        ``r_squared``: predictors.
    second_per_first : float
        Of ``d_between`` only: respondents of the second group for each of the first.

    Notes
    -----
    d: the interval inverts the noncentral t, so power is exact for normal answers and equals R's
    ``power.t.test`` with a bound of 0. Correlation: Fisher's z with ``1 / (n - 3)``. Tau: its z with
    ``0.437 / (n - 4)``, for pairs that are normal underneath and, strictly, without ties [2]_. Cramér's V:
    chi-square with noncentrality ``n V^2``; R squared: F with ``n R^2 / (1 - R^2)`` (both [4]_).

    Examples
    --------
    >>> round(power_of("d_between", 0.5, 64), 4)
    0.8015
    """
    _check(measure, expected, bound, reference, passives)
    tail = (1 - confidence_level) / 2
    critical = float(stats.norm.isf(tail))
    if n < FEWEST[measure]:
        return 0.0
    if measure in ("d_between", "d_within"):
        df, unit = n - 1, math.sqrt(n)
        if measure == "d_between":
            df, unit = (
                (1 + second_per_first) * n - 2,
                math.sqrt(n * second_per_first / (1 + second_per_first)),
            )
        limit = stats.t.isf(tail, df) if bound == 0 else stats.nct.isf(tail, df, bound * unit)
        return float(stats.nct.sf(limit, df, expected * unit))
    if measure == "cramers_v":
        limit = chi_square_limit(tail, numerator_df, n * bound**2)
        return float(stats.ncx2.sf(limit, numerator_df, n * expected**2)) if expected else 2 * tail
    if measure == "r_squared":
        return _power_of_r_squared(expected, bound, n, numerator_df, tail)
    if measure in ("correlation", "tau_b"):
        distance = math.atanh(expected) - math.atanh(bound)
        error = 1 / math.sqrt(n - 3) if measure == "correlation" else math.sqrt(FIELLER / (n - 4))
        return float(stats.norm.sf(critical - distance / error))
    if measure == "share":
        at_bound, truly = reference + bound, reference + expected
        limit = at_bound + critical * math.sqrt(at_bound * (1 - at_bound) / n)
        return float(stats.norm.sf((limit - truly) / math.sqrt(truly * (1 - truly) / n)))
    error = math.sqrt((1 - passives - expected**2) / n)
    return float(stats.norm.sf(critical - (expected - bound) / error))


@no_estimate("planning")
def chi_square_limit(tail: float, df: int, noncentrality: float) -> float:
    """What a chi-square with a noncentrality of 0 or more exceeds with probability ``tail``."""
    if noncentrality == 0:
        return float(stats.chi2.isf(tail, df))
    return float(stats.ncx2.isf(tail, df, noncentrality))


def _power_of_r_squared(expected: float, bound: float, n: float, predictors: int, tail: float) -> float:
    df = n - predictors - 1
    if df < 1:
        return 0.0
    at_bound, truly = (n * share / (1 - share) for share in (bound, expected))
    limit = stats.f.isf(tail, predictors, df) if bound == 0 else stats.ncf.isf(tail, predictors, df, at_bound)
    return float(stats.ncf.sf(limit, predictors, df, truly) if truly else stats.f.sf(limit, predictors, df))


@no_estimate("planning")
def half_width(
    measure: PlannedMeasure,
    expected: float,
    n: float,
    *,
    reference: float = 0.5,
    passives: float = 0.3,
    numerator_df: int = 1,
    second_per_first: float = 1.0,
    confidence_level: float = 0.95,
) -> float:
    """Half the width of the interval that is to be expected, from its error at the expected effect.

    Parameters as for :func:`power_of`. The error of d is ``sqrt(2 / n + d^2 / (4 n))`` between two groups of
    n and ``sqrt((1 + d^2 / 2) / n)`` within one; those of a correlation and of tau are carried from z; that
    of V from the variance of chi-square, ``2 (df + 2 n V^2)``; that of R squared is
    ``2 R (1 - R^2) / sqrt(n)`` [5]_.

    Examples
    --------
    >>> round(half_width("share", 0.0, 400), 4)
    0.049
    """
    _check(measure, expected, 0.0, reference, passives)
    if n < FEWEST[measure]:
        raise ValueError(f"{n} respondents; {measure} needs at least {FEWEST[measure]}")
    critical = float(stats.norm.isf((1 - confidence_level) / 2))
    share = reference + expected
    second = n * second_per_first
    variances = {
        "d_between": 1 / n + 1 / second + expected**2 / (2 * (n + second)),
        "d_within": (1 + expected**2 / 2) / n,
        "correlation": (1 - expected**2) ** 2 / (n - 3) if measure == "correlation" else 0.0,
        "tau_b": (1 - expected**2) ** 2 * FIELLER / (n - 4) if measure == "tau_b" else 0.0,
        "cramers_v": (numerator_df + 2 * n * expected**2) / (2 * (n * expected) ** 2) if expected else 0.0,
        "r_squared": 4 * expected * (1 - expected) ** 2 / n,
        "share": share * (1 - share) / n,
        "nps": (1 - passives - expected**2) / n,
    }
    return critical * math.sqrt(variances[measure])


@no_estimate("planning")
def respondents_for(
    measure: PlannedMeasure,
    expected: float,
    *,
    bound: float = 0.0,
    power: float = 0.8,
    reference: float = 0.5,
    passives: float = 0.3,
    numerator_df: int = 1,
    design_effect: float = 1.0,
    confidence_level: float = 0.95,
) -> Plan:
    """The fewest respondents with whom the effect is shown to exceed its bound with the wanted power.

    Parameters
    ----------
    design_effect : float
        See :func:`design_effect`; respondents are multiplied by it. Others as for :func:`power_of`.

    Returns
    -------
    Plan
        ``state`` is ``inadmissible`` when the expected effect is no larger than the bound.

    Examples
    --------
    >>> [respondents_for("d_between", 0.5, bound=bound).n_per_group for bound in (0.0, 0.2)]
    [64, 179]
    """
    if not 0 < power < 1:
        raise ValueError(f"the power is {power}; it lies between 0 and 1")
    if design_effect < 1:
        raise ValueError(f"the design effect is {design_effect}; clusters never save respondents: at least 1")
    groups = 2 if measure == "d_between" else 1

    def reached(n: float) -> float:
        return power_of(
            measure,
            expected,
            n,
            bound=bound,
            reference=reference,
            passives=passives,
            numerator_df=numerator_df,
            confidence_level=confidence_level,
        )

    def plan(n: int | None, *, state: str = "ok", reason: str = "") -> Plan:
        return Plan(
            measure=measure,
            method=METHODS[measure],
            expected=expected,
            bound=bound,
            confidence_level=confidence_level,
            wanted_power=power,
            design_effect=design_effect,
            groups=groups,
            n_per_group=n,
            power=None if n is None else reached(n / design_effect),
            half_width=None
            if n is None
            else half_width(
                measure,
                expected,
                n / design_effect,
                reference=reference,
                passives=passives,
                numerator_df=numerator_df,
                confidence_level=confidence_level,
            ),
            state=state,
            reason=reason,
        )

    _check(measure, expected, bound, reference, passives)
    if expected <= bound:
        reason = f"an effect of {expected:g} does not exceed the bound of {bound:g}, whatever the number"
        return plan(None, state="inadmissible", reason=reason)
    low, high = FEWEST[measure] - 1, FEWEST[measure]
    while reached(high / design_effect) < power or high / design_effect < FEWEST[measure]:
        low, high = high, 2 * high
        if high > MOST:
            return plan(None, state="too_few", reason=f"more than {MOST:,} respondents would be needed")
    while high - low > 1:
        middle = (low + high) // 2
        enough = middle / design_effect >= FEWEST[measure] and reached(middle / design_effect) >= power
        low, high = (low, middle) if enough else (middle, high)
    return plan(high)


def _check(measure: PlannedMeasure, expected: float, bound: float, reference: float, passives: float) -> None:
    if measure not in FEWEST:
        raise ValueError(f"there is no plan for {measure!r}; there are plans for {', '.join(FEWEST)}")
    if bound < 0:
        raise ValueError(f"the smallest effect of interest is {bound}; it cannot be negative")
    if measure in ("correlation", "tau_b") and not (-1 < expected < 1 and bound < 1):
        raise ValueError(f"a {measure} of {expected} with a bound of {bound}: both lie between -1 and 1")
    if measure in ("cramers_v", "r_squared") and not (0 <= expected < 1 and bound < 1):
        raise ValueError(f"a {measure} of {expected} with a bound of {bound}: both lie between 0 and 1")
    if measure == "share" and not (0 < reference + expected < 1 and 0 < reference + bound < 1):
        raise ValueError(
            f"a share {expected} above {reference} with a bound of {bound}: shares lie between 0 and 1"
        )
    if measure == "nps" and not (0 <= passives <= 1 - abs(expected) and 1 - passives > expected**2):
        raise ValueError(
            f"a score of {expected} with {passives:g} passives: promoters and detractors are the rest, "
            f"so that the score lies within {1 - passives:g}"
        )
