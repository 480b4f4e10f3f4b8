"""Does a restricted model fit worse than the model it is nested in?

Differences of scaled statistics are no chi-square; they are scaled anew:

* ``"satorra-bentler-2001"`` [1]_ by ``(df0 c0 - df1 c1) / (df0 - df1)``, which can turn out negative;
* ``"satorra-bentler-2010"`` [2]_ with c1 taken at the restricted model's estimates, which cannot;
* ``"satorra-2000"`` [3]_ from the restrictions themselves, scaled and shifted; for complete answers.

.. [1] Satorra, A. & Bentler, P. M. (2001). A scaled difference chi-square test statistic for moment structure
   analysis. Psychometrika, 66, 507-514.
.. [2] Satorra, A. & Bentler, P. M. (2010). Ensuring positiveness of the scaled difference chi-square test
statistic.
   Psychometrika, 75, 243-248.
.. [3] Satorra, A. (2000). Scaled and adjusted restricted tests in multi-sample analysis of moment
structures. In
   Heijmans, R. D. H. et al. (eds.), Innovations in multivariate statistical analysis, 233-247. Kluwer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import null_space
from scipy.stats import chi2

from analysis.results import Entry, Tabular
from analysis.sem.errors import ModelError
from analysis.sem.estimates import Solution, place_at
from analysis.sem.estimators import ESTIMATORS
from analysis.sem.fitted import Fit
from analysis.sem.quality import saturated_trace
from analysis.sem.uncertainty import meat_of
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Method = Literal["plain", "satorra-bentler-2001", "satorra-bentler-2010", "satorra-2000"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference(Tabular):
    """The test of a restricted model against the model it is nested in."""

    method: Method
    statistic: float | None
    df: int
    n: int
    scaling_factor: float | None = None
    cfi: float | None = None  #: of the restricted model less that of the other; the same for the others
    rmsea: float | None = None
    srmr: float | None = None
    state: str = "ok"
    reason: str = ""

    @property
    def p_value(self) -> float | None:
        return None if self.statistic is None else float(chi2.sf(self.statistic, self.df))

    def entries(self) -> tuple[Entry, ...]:
        further = {"change_in_cfi": self.cfi, "change_in_rmsea": self.rmsea, "change_in_srmr": self.srmr}
        return (
            Entry(
                measure="chi_square_difference",
                method=f"Difference of nested models, {self.method}",
                n=self.n,
                estimate=self.statistic,
                statistic=self.statistic,
                df=(float(self.df),),
                p_value=self.p_value,
                more={name: value for name, value in further.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


def compare(restricted: Fit, free: Fit, *, method: Method | None = None) -> Difference:
    """A chi-square difference test, scaled where the fits are robust.

    Parameters
    ----------
    restricted, free : Fit
        Fits to the same answers by the same estimator; everything the first says, the second can say.
    method : str, optional
        By default ``"satorra-bentler-2001"`` for robust fits, and 2010 where that fails; ``"plain"`` for
        others.

    Returns
    -------
    Difference
        ``state`` is ``"inadmissible"`` where a fit cannot be relied on or the scaling is negative, and
        ``"not_nested"`` where the restricted model fits better.
    """
    df = restricted.df - free.df
    _check(restricted, free, df)
    scaled = ESTIMATORS[free.estimator].scaling != "none"
    chosen: Method = method or ("satorra-bentler-2001" if scaled else "plain")
    if chosen != "plain" and not scaled:
        raise ModelError(
            f"{chosen} scales the test of robust fits. Fit with MLR or MLM, or use method='plain'."
        )
    for which in (restricted, free):
        if which.state != "ok" or which.test is None:
            reason = which.reason or "a model has no test"
            return Difference(
                method=chosen, statistic=None, df=df, n=free.n, state="inadmissible", reason=reason
            )
    raw = _plain(restricted) - _plain(free)
    if raw < -1e-6:
        reason = "the restricted model fits better than the one it should be nested in"
        return Difference(method=chosen, statistic=None, df=df, n=free.n, state="not_nested", reason=reason)
    raw = max(raw, 0.0)
    if chosen == "plain":
        return _difference(restricted, free, chosen, raw, df, None)
    if chosen == "satorra-2000":
        if any(not group.complete for group in free.moments.groups):
            raise ModelError("satorra-2000 needs complete answers here. Use satorra-bentler-2010.")
        trace, squares = _traces_2000(restricted, free)
        # scaled and shifted, so that mean and variance are those of chi-square
        a = math.sqrt(df / squares)
        return _difference(restricted, free, chosen, raw * a + df - a * trace, df, 1 / a)
    factor = _factor(restricted, free, chosen, df)
    if factor <= 0 and method is None:
        chosen = "satorra-bentler-2010"
        factor = _factor(restricted, free, chosen, df)
    if factor <= 0:
        reason = "the scaling of the difference is not positive; use satorra-bentler-2010 or satorra-2000"
        return Difference(method=chosen, statistic=None, df=df, n=free.n, state="inadmissible", reason=reason)
    return _difference(restricted, free, chosen, raw / factor, df, factor)


def _check(restricted: Fit, free: Fit, df: int) -> None:
    if restricted.estimator != free.estimator:
        raise ModelError(
            f"One fit is by {restricted.estimator}, the other by {free.estimator}. Use one for both."
        )
    same = restricted.moments.names == free.moments.names and restricted.n == free.n
    if not same or set(restricted.moments.items) != set(free.moments.items):
        raise ModelError(
            "The fits are not to the same answers: items, groups and respondents must be the same."
        )
    if df <= 0:
        raise ModelError(
            f"The restricted model has {restricted.df} degrees of freedom, the other {free.df}. "
            "Give the one with more degrees of freedom first."
        )


def _plain(fit: Fit) -> float:
    return 0.0 if fit.test is None else fit.test.statistic


def _difference(
    restricted: Fit, free: Fit, method: Method, statistic: float, df: int, factor: float | None
) -> Difference:
    first, second = restricted.indices, free.indices
    cfi = rmsea = srmr = None
    if first is not None and second is not None:
        one, other = first.reported, second.reported
        srmr = first.srmr - second.srmr
        cfi = None if one.cfi is None or other.cfi is None else one.cfi - other.cfi
        if one.rmsea is not None and other.rmsea is not None:
            rmsea = one.rmsea.estimate - other.rmsea.estimate
    return Difference(
        method=method,
        statistic=statistic,
        df=df,
        n=free.n,
        scaling_factor=factor,
        cfi=cfi,
        rmsea=rmsea,
        srmr=srmr,
    )


def _factor(restricted: Fit, free: Fit, method: Method, df: int) -> float:
    c0 = restricted.test.scaling_factor if restricted.test is not None else None
    c1 = free.test.scaling_factor if free.test is not None else None
    if method == "satorra-bentler-2010":
        c1 = _factor_at(free, restricted)
    # A model without degrees of freedom has no factor, and none is needed.
    return (restricted.df * (c0 or 0.0) - free.df * (c1 or 0.0)) / df


def _moved(free: Fit, restricted: Fit) -> Solution:
    """The free model at the restricted model's estimates."""
    solution = free.solution
    if solution is None:
        raise ModelError("There are no estimates.")
    known = {
        (p.left, p.op, p.right, p.group): value
        for p, value in zip(restricted.table.parameters, restricted.values(), strict=True)
    }
    parameters = solution.parameters.copy()
    for p in free.table.parameters:
        if p.free is not None:
            mirrored = known.get((p.right, p.op, p.left, p.group), 0.0) if p.op == "~~" else 0.0
            parameters[p.free] = known.get((p.left, p.op, p.right, p.group), mirrored)
    place = place_at(solution.place.parts, parameters)
    if place is None:
        raise ModelError("The restricted estimates do not suit the free model: the models are not nested.")
    slopes = place.slopes()
    return Solution(place, slopes, place.gradient(slopes), 0.0, 0, True, "", solution.tangent)


def _factor_at(free: Fit, restricted: Fit) -> float:
    if free.df == 0 or free.uncertainty is None:
        return 0.0
    moved = _moved(free, restricted)
    kind = free.uncertainty.information_kind
    full = moved.place.expected(moved.slopes) if kind == "expected" else moved.place.hessian(moved.slopes)
    z = moved.tangent
    inverse = z @ np.linalg.inv(z.T @ full @ z) @ z.T
    with_means = free.table.mean_structure
    meat = meat_of(moved, free.moments, kind=free.uncertainty.kind, with_means=with_means)
    whole = saturated_trace(free.table, free.moments, moved.place, ESTIMATORS[free.estimator].scaling)
    return (whole - float((inverse * meat).sum())) / free.df


def _traces_2000(restricted: Fit, free: Fit) -> tuple[float, float]:
    """``tr(U Gamma)`` and ``tr((U Gamma)^2)`` of the restrictions."""
    if free.solution is None or restricted.solution is None or free.uncertainty is None:
        raise ModelError("There are no estimates.")
    inner, outer = _jacobian(free), _jacobian(restricted)
    # How the restricted model's directions look in the free model's parameters; what is orthogonal is
    # restricted.
    directions = np.linalg.lstsq(inner, outer, rcond=None)[0]
    z = free.solution.tangent
    along = z.T @ free.uncertainty.information @ z
    restrictions = null_space(directions.T, rcond=1e-8).T
    meat = (
        z.T @ meat_of(free.solution, free.moments, kind="moments", with_means=free.table.mean_structure) @ z
    )
    inverse = np.linalg.inv(along)
    spread = restrictions @ inverse @ restrictions.T
    middle = restrictions @ inverse @ meat @ inverse @ restrictions.T
    product = np.linalg.solve(spread, middle)
    return float(np.trace(product)), float((product * product.T).sum())


def _jacobian(fit: Fit) -> Array:
    """Slopes of all groups' moments by the parameters that restrictions leave."""
    solution = fit.solution
    if solution is None:
        raise ModelError("There are no estimates.")
    blocks = []
    for part, slopes in zip(solution.place.parts, solution.slopes, strict=True):
        stacked = slopes.stacked(with_means=fit.table.mean_structure)
        block = np.zeros((len(stacked), len(solution.parameters)))
        np.add.at(block.T, part.structure.free, stacked.T)
        blocks.append(block @ solution.tangent)
    return np.vstack(blocks)
