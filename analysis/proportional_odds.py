"""Whether one slope serves all cuts of an ordered answer: Brant's test of proportional odds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.ordinal_likelihood import maximize
from analysis.ordinal_regression import OrdinalCases, ordinal_cases
from analysis.results import Entry, Tabular
from analysis.weighting import refuses_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeEquality:
    """Whether the slope of one predictor is the same at every cut; ``all`` for all predictors at once."""

    predictor: str
    slopes: tuple[float, ...]  #: of the binary logits, one a cut
    statistic: float  #: Wald chi-square
    df: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProportionalOdds(Tabular):
    """Test of the assumption behind an ordered logit.

    A small p-value says that some cut of the answers goes with the predictors in another way. In large
    samples it says so of differences that do not matter: look at the slopes.
    """

    outcome: str
    cuts: tuple[str, ...]
    method: str
    n: int
    n_missing: int
    overall: SlopeEquality | None = None
    tests: tuple[SlopeEquality, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """``equal_slopes`` of all predictors, then of each with the slopes by cut."""
        if self.overall is None:
            return (
                Entry(
                    measure="equal_slopes",
                    method=self.method,
                    about={"outcome": self.outcome, "predictor": "all"},
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure="equal_slopes",
                method=self.method,
                about={"outcome": self.outcome, "predictor": test.predictor},
                n=self.n,
                statistic=test.statistic,
                df=(float(test.df),),
                p_value=test.p_value,
                more=dict(zip(self.cuts, test.slopes, strict=False)),
            )
            for test in (self.overall, *self.tests)
        )


@refuses_weights(
    "errors of the likelihood of a simple random sample",
    instead="analysis.design.ordinal_regression.design_ordinal",
    counts="sums",
)
def proportional_odds_test(
    outcome: pd.Series,
    predictors: pd.DataFrame,
    *,
    counts: npt.ArrayLike | None = None,
    clusters: pd.Series | None = None,
) -> ProportionalOdds:
    """Brant's Wald test [1]_ that the slopes of the binary logits of ``Y > k`` are equal.

    The covariance between the slopes of two cuts follows from the binary fits, as in R's ``brant``; with
    clusters it is the sandwich of their scores summed within clusters, without small-sample factor.

    Parameters
    ----------
    outcome, predictors, counts, clusters
        As in :func:`analysis.ordinal_regression.ordinal_regression`; at least 3 answers must occur.

    Returns
    -------
    ProportionalOdds
        ``state`` is ``not_converged`` where a cut is separated by the predictors, ``inadmissible`` where the
        covariance of the differences is singular.

    References
    ----------
    .. [1] Brant, R. (1990). Assessing proportionality in the proportional odds model for ordinal logistic
       regression. Biometrics, 46, 1171-1178.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> x = pd.DataFrame({"YEARS": rng.normal(size=500)})
    >>> y = pd.Series(np.digitize(x["YEARS"] + rng.logistic(size=500), [-1, 0, 1]), name="SAT")
    >>> round(proportional_odds_test(y, x).overall.p_value, 3)
    0.149
    """
    cases = ordinal_cases(outcome, predictors, counts=counts, clusters=clusters)
    cuts = tuple(f"{low}|{high}" for low, high in pairwise(cases.levels))
    shared: dict[str, Any] = {
        "outcome": cases.outcome,
        "cuts": cuts,
        "method": "Brant's test" if clusters is None else "Brant's test, cluster-robust",
        "n": cases.n,
        "n_missing": cases.n_missing,
    }
    trouble = cases.trouble
    if trouble is None and len(cuts) < 2:
        trouble = "constant", "with two answers there is one cut, and nothing to compare"
    if trouble is None and not cases.names:
        trouble = "inadmissible", "there is no predictor whose slopes could differ"
    if trouble is not None:
        return ProportionalOdds(**shared, state=trouble[0], reason=trouble[1])
    found = _binary_slopes(cases)
    if isinstance(found, int):
        reason = f"the logit at {cuts[found]} has no maximum: the predictors separate the answers there"
        return ProportionalOdds(**shared, state="not_converged", reason=reason)
    slopes, covariance = found
    tests = []
    for name, columns in (("all", range(len(cases.names))), *((n, [j]) for j, n in enumerate(cases.names))):
        test = _equality(str(name), list(columns), slopes, covariance)
        if test is None:
            reason = "the slopes of the cuts determine each other: too few respondents or clusters"
            return ProportionalOdds(**shared, state="inadmissible", reason=reason)
        tests.append(test)
    return ProportionalOdds(**shared, overall=tests[0], tests=tuple(tests[1:]))


def _binary_slopes(cases: OrdinalCases) -> tuple[Array, Array] | int:
    """Slopes (n_cuts, n_predictors) and their joint covariance; the number of a cut without a fit."""
    n_cuts, p = len(cases.levels) - 1, len(cases.names)
    full = np.column_stack([np.ones(len(cases.y)), cases.x])
    betas, fitted, breads = [], [], []
    for cut in range(n_cuts):
        fit = maximize((cases.y > cut).astype(np.int64), cases.x, cases.w, 2, "logit")
        if fit is None:
            return cut
        beta = np.concatenate([[-fit.parameters[p]], fit.parameters[:p]])
        share = 1 / (1 + np.exp(-full @ beta))
        betas.append(beta)
        fitted.append(share)
        breads.append(np.linalg.inv((full * (cases.w * share * (1 - share))[:, None]).T @ full))
    covariance = np.empty((n_cuts * p, n_cuts * p))
    scores = [full * (cases.w * ((cases.y > cut) - fitted[cut]))[:, None] for cut in range(n_cuts)]
    for i in range(n_cuts):
        for j in range(i, n_cuts):
            if cases.clusters is None:
                meat = (full * (cases.w * (fitted[j] - fitted[i] * fitted[j]))[:, None]).T @ full
            else:
                meat = _summed(scores[i], cases.clusters).T @ _summed(scores[j], cases.clusters)
            block = (breads[i] @ meat @ breads[j])[1:, 1:]
            covariance[i * p : (i + 1) * p, j * p : (j + 1) * p] = block
            covariance[j * p : (j + 1) * p, i * p : (i + 1) * p] = block.T
    return np.array(betas)[:, 1:], covariance


def _summed(scores: Array, clusters: npt.NDArray[np.int64]) -> Array:
    sums = np.zeros((int(clusters.max()) + 1, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return sums


def _equality(name: str, columns: list[int], slopes: Array, covariance: Array) -> SlopeEquality | None:
    n_cuts, p = slopes.shape
    contrast = np.zeros(((n_cuts - 1) * len(columns), n_cuts * p))
    for cut in range(1, n_cuts):
        for place, column in enumerate(columns):
            row = (cut - 1) * len(columns) + place
            contrast[row, column], contrast[row, cut * p + column] = 1, -1
    difference = contrast @ slopes.ravel()
    spread = contrast @ covariance @ contrast.T
    unit = np.sqrt(np.diag(spread))
    if not (unit > 0).all() or np.linalg.cond(spread / np.outer(unit, unit)) > 1e12:
        return None
    statistic = float(difference @ np.linalg.solve(spread, difference))
    if statistic < 0:  # Brant's covariance need not be positive definite
        return None
    return SlopeEquality(
        predictor=name,
        slopes=tuple(map(float, slopes[:, columns[0]])) if name != "all" else (),
        statistic=statistic,
        df=len(difference),
        p_value=float(stats.chi2.sf(statistic, len(difference))),
    )
