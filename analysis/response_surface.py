"""Polynomial regression with response surface: what congruence of two views does to an outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.counted_rows import Counts
from analysis.design.design import Design
from analysis.least_squares import (
    Coefficient,
    Equation,
    Errors,
    design_least_squares,
    errors_of,
    least_squares,
)
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import row_weights
from analysis.weighting import takes_weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseSurface(Tabular):
    """``outcome = b0 + b1 x + b2 y + b3 x^2 + b4 x y + b5 y^2`` and the shape of its surface.

    ``state`` is ``too_few``, ``constant`` or ``inadmissible``. Without curvature there is no stationary
    point, and ``shape`` ends with a5.
    """

    outcome: str
    first: str
    second: str
    center: float  #: taken from both views, so that x = y = 0 is agreement there
    errors: Errors
    n: int
    n_missing: int
    equation: Equation | None = None
    shape: tuple[Coefficient, ...] = ()  #: a1 to a5, then stationary_first and stationary_second
    curvature: str | None = None  #: ``maximum``, ``minimum`` or ``saddle``
    state: str = "ok"
    reason: str = ""

    def of(self, name: str) -> Coefficient:
        """One number of the shape; ``KeyError`` where the surface has none of that name."""
        for found in self.shape:
            if found.term == name:
                return found
        raise KeyError(name)

    def entries(self) -> tuple[Entry, ...]:
        """``surface`` of a1 to a5 and the stationary point, then the coefficients."""
        about = {"outcome": self.outcome, "first": self.first, "second": self.second}
        method = f"Polynomial regression, {self.errors} errors"
        if self.equation is None:
            return (
                Entry(
                    measure="surface",
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        rows = [("surface", found) for found in self.shape]
        rows += [("coefficient", self.equation.coefficient(term)) for term in self.equation.terms]
        return tuple(
            Entry(
                measure=measure,
                method=method,
                about={**about, "term": found.term},
                n=self.n,
                estimate=found.estimate,
                std_error=found.std_error,
                statistic=found.statistic,
                df=(found.df,),
                p_value=found.p_value,
                interval=found.interval,
                more={"center": self.center, "r_squared": self.equation.r_squared},
            )
            for measure, found in rows
        )


@takes_weights(
    "design",
    counts="sums",
    how="weighted least squares, linearised or by replicates",
    reference="survey::svyglm and svycontrast",
)
def response_surface(
    first: pd.Series,
    second: pd.Series,
    outcome: pd.Series,
    *,
    center: float,
    errors: Errors | None = None,
    clusters: pd.Series | None = None,
    counts: Counts | None = None,
    design: Design | None = None,
    confidence_level: float = 0.95,
) -> ResponseSurface:
    """Slopes and curvatures along the lines of congruence and incongruence [1]_.

    ``a1 = b1 + b2`` and ``a2 = b3 + b4 + b5`` along ``first = second``, ``a3 = b1 - b2`` and ``a4 = b3 - b4 +
    b5`` along ``first = -second``; where ``a3`` and ``a5 = b3 - b5`` are zero, the surface is alike on both
    sides of the line of congruence [2]_. The stationary point is where both slopes vanish, with errors by the
    delta method. Both views must be on the same scale.

    Parameters
    ----------
    first, second, outcome : Series, shape (n_respondents,)
    center : float
        Midpoint of the scale, taken from both views.
    errors : {"classical", "hc3", "clustered"}, optional
        ``hc3`` unless clusters or a design are given.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Weighted least squares with the design's errors, on clusters less strata, less predictors, degrees of
        freedom, as ``survey::svyglm``.

    References
    ----------
    .. [1] Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an
       alternative to difference scores in organizational research. Academy of Management
       Journal, 36, 1577-1613.
    .. [2] Humberg, S., Nestler, S., & Back, M. D. (2019). Response surface analysis in personality and
       social psychology: Checklist and clarifications for the case of congruence hypotheses. Social
       Psychological and Personality Science, 10(3), 409-419.

    Examples
    --------
    >>> rng = np.random.default_rng(6)
    >>> x, y = (pd.Series(rng.integers(1, 6, 300), name=name, dtype=float) for name in ("customer", "staff"))
    >>> z = pd.Series(-0.5 * (x - y) ** 2, name="loyalty") + 0.1 * rng.normal(size=300)
    >>> round(response_surface(x, y, z.rename("loyalty"), center=3).of("a4").estimate, 1)
    -2.0
    """
    kind = errors_of(errors, clusters=clusters, design=design)
    rows = row_weights(len(outcome), counts=counts, design=design)
    whole = (first.notna() & second.notna() & outcome.notna()).to_numpy()
    if clusters is not None:
        whole = whole & clusters.notna().to_numpy()
    whole = whole & (rows.respondents > 0)
    inside = rows.of(whole)
    x, y, z = (series[whole].to_numpy(dtype=float) for series in (first, second, outcome))
    x, y = x - center, y - center
    names = str(first.name), str(second.name)
    shared: dict[str, Any] = {
        "outcome": str(outcome.name),
        "first": names[0],
        "second": names[1],
        "center": center,
        "errors": kind,
        "n": inside.n,
        "n_missing": rows.n - inside.n,
    }
    codes = None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64)
    groups = None if codes is None else int(codes.max(initial=-1)) + 1
    if inside.n < 8 or (groups is not None and groups < 7):
        reason = f"{inside.n} respondents" + ("" if groups is None else f" in {groups} clusters")
        return ResponseSurface(**shared, state="too_few", reason=f"{reason} for 6 coefficients")
    if min(np.ptp(x), np.ptp(y), np.ptp(z)) == 0:
        return ResponseSurface(**shared, state="constant", reason="a variable does not vary")
    squares = {f"{names[0]}^2": x * x, f"{names[0]} x {names[1]}": x * y, f"{names[1]}^2": y * y}
    columns = {names[0]: x, names[1]: y} | squares
    target = str(outcome.name)
    if design is not None:
        if design.degrees_of_freedom(whole) < len(columns) + 1:
            reason = f"{design.degrees_of_freedom(whole):g} clusters beyond their strata for 6 coefficients"
            return ResponseSurface(**shared, state="too_few", reason=reason)
        equation = design_least_squares(
            z, columns, design, whole, outcome=target, confidence_level=confidence_level
        )
    else:
        equation = least_squares(
            z,
            columns,
            outcome=target,
            errors=kind,
            clusters=codes,
            counts=inside.weights,
            confidence_level=confidence_level,
        )
    if equation is None:
        reason = "the terms determine each other: a view with two answers has no curve, or both are alike"
        return ResponseSurface(**shared, state="inadmissible", reason=reason)
    if equation.r_squared > 1 - 1e-12:
        return ResponseSurface(**shared, state="inadmissible", reason="the surface fits everybody exactly")
    return ResponseSurface(
        **shared, equation=equation, shape=_shape(equation), curvature=_curvature(equation)
    )


def _shape(equation: Equation) -> tuple[Coefficient, ...]:
    lines = {"a1": (0, 1, 1, 0, 0, 0), "a2": (0, 0, 0, 1, 1, 1), "a3": (0, 1, -1, 0, 0, 0)}
    lines |= {"a4": (0, 0, 0, 1, -1, 1), "a5": (0, 0, 0, 1, 0, -1)}
    found = [equation.combination(name, np.array(weights, dtype=float)) for name, weights in lines.items()]
    _, b1, b2, b3, b4, b5 = equation.estimates
    hessian = np.array([[2 * b3, b4], [b4, 2 * b5]])
    if np.linalg.cond(hessian) > 1e10:
        return tuple(found)
    point = -np.linalg.solve(hessian, np.array([b1, b2]))
    x, y = point
    # differentiate b1 + 2 b3 x + b4 y = 0 and b2 + b4 x + 2 b5 y = 0
    moved = -np.linalg.solve(hessian, np.array([[0, 1, 0, 2 * x, y, 0], [0, 0, 1, 0, x, 2 * y]]))
    for name, value, row in zip(("stationary_first", "stationary_second"), point, moved, strict=True):
        found.append(_tested(equation, name, float(value), math.sqrt(float(row @ equation.covariance @ row))))
    return tuple(found)


def _tested(equation: Equation, name: str, estimate: float, error: float) -> Coefficient:
    level = equation.confidence_level
    reach = float(stats.t.isf((1 - level) / 2, equation.df)) * error
    return Coefficient(
        equation=equation.outcome,
        term=name,
        estimate=estimate,
        std_error=error,
        statistic=estimate / error,
        df=equation.df,
        p_value=float(2 * stats.t.sf(abs(estimate / error), equation.df)),
        interval=Interval(low=estimate - reach, high=estimate + reach, confidence_level=level),
    )


def _curvature(equation: Equation) -> str | None:
    _, _, _, b3, b4, b5 = equation.estimates
    inside = float(4 * b3 * b5 - b4**2)
    if inside == 0:
        return None
    if inside < 0:
        return "saddle"
    return "maximum" if b3 < 0 else "minimum"
