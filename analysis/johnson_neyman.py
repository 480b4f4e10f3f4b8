"""Moderation: how a slope changes along a moderator, and where it differs from zero (Johnson-Neyman)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from analysis.counted_rows import Counts
from analysis.design.design import Design
from analysis.design.quantiles import weighted_quantile
from analysis.least_squares import (
    Coefficient,
    Equation,
    Errors,
    design_least_squares,
    errors_of,
    least_squares,
)
from analysis.results import Entry, Tabular
from analysis.weighted_moments import RowWeights, row_weights
from analysis.weighting import no_estimate, step_of, takes_weights

WEIGHTING = step_of(
    "analysis.johnson_neyman.moderate",
    "analysis.regression_blocks.regression_blocks",
    "analysis.response_surface.response_surface",
)

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleSlope:
    """Slope of the predictor at one value of the moderator."""

    at: float
    slope: Coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Values of the moderator at which the slope differs, or does not differ, from zero."""

    low: float
    high: float
    significant: bool
    share: float  #: of respondents


@dataclass(frozen=True, slots=True, kw_only=True)
class Moderation(Tabular):
    """Whether, and where, a moderator changes a slope."""

    predictor: str
    moderator: str
    outcome: str
    n: int
    n_missing: int
    errors: Errors
    equation: Equation | None = None
    interaction: Coefficient | None = None
    slopes: tuple[SimpleSlope, ...] = ()
    regions: tuple[Region, ...] = ()  #: within the moderator's range in the sample
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The interaction, simple slopes, and regions with their share of respondents."""
        about = {"predictor": self.predictor, "moderator": self.moderator, "outcome": self.outcome}
        method = f"Moderated regression, {self.errors} errors"
        if self.interaction is None:
            return (
                Entry(
                    measure="interaction",
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        slopes = [(s.slope, "simple_slope", {"at": repr(s.at)}) for s in self.slopes]
        rows = [
            Entry(
                measure=measure,
                method=method,
                about={**about, **further},
                n=self.n,
                estimate=found.estimate,
                std_error=found.std_error,
                statistic=found.statistic,
                df=(found.df,),
                p_value=found.p_value,
                interval=found.interval,
            )
            for found, measure, further in [(self.interaction, "interaction", {}), *slopes]
        ]
        return (
            *rows,
            *(
                Entry(
                    measure="region_significant" if region.significant else "region_not_significant",
                    method=f"Johnson-Neyman, {self.errors} errors",
                    about=about,
                    n=self.n,
                    estimate=region.share,
                    more={"from": region.low, "to": region.high},
                )
                for region in self.regions
            ),
        )


@no_estimate("arithmetic")
def boundaries(equation: Equation, predictor: str, product: str) -> tuple[float, ...]:
    """Values of the moderator at which the slope is just significant: none, one or two [1]_.

    Roots of ``(b1 + b3 w)^2 = t^2 (v11 + 2 w v13 + w^2 v33)``.

    References
    ----------
    .. [1] Bauer, D. J., & Curran, P. J. (2005). Probing interactions in fixed and multilevel regression.
       Multivariate Behavioral Research, 40, 373-400.

    Examples
    --------
    >>> fit = Equation(outcome="y", terms=("x", "x x w"), estimates=np.array([0.0, 1.0]),
    ...                covariance=np.diag([0.25, 0.01]), df=1e9, r_squared=0.5)
    >>> [round(w, 1) for w in boundaries(fit, "x", "x x w")]
    [-1.0, 1.0]
    """
    i, j = equation.terms.index(predictor), equation.terms.index(product)
    b1, b3 = equation.estimates[[i, j]]
    v = equation.covariance
    t2 = float(student.isf((1 - equation.confidence_level) / 2, equation.df)) ** 2
    a, b, c = b3**2 - t2 * v[j, j], 2 * (b1 * b3 - t2 * v[i, j]), b1**2 - t2 * v[i, i]
    if a == 0:
        return (float(-c / b),) if b != 0 else ()
    inside = b**2 - 4 * a * c
    if inside <= 0:
        return ()
    # the form that does not lose digits when the roots differ much in size
    half = -0.5 * (b + math.copysign(math.sqrt(inside), b))
    roots = [half / a, c / half] if half != 0 else [0.0]
    return tuple(sorted(float(root) for root in roots))


def regions(
    equation: Equation, predictor: str, product: str, moderator: Array, rows: RowWeights
) -> tuple[Region, ...]:
    """The sample's range of the moderator cut where significance changes."""
    low, high = float(moderator.min()), float(moderator.max())
    cuts = [low, *(w for w in boundaries(equation, predictor, product) if low < w < high), high]
    found = []
    for start, end in pairwise(cuts):
        slope = slope_at(equation, predictor, product, (start + end) / 2)
        within = (moderator >= start) & ((moderator < end) | (end == high))
        found.append(
            Region(
                low=start,
                high=end,
                significant=slope.p_value < 1 - equation.confidence_level,
                share=float(rows.weights[within].sum() / rows.weights.sum()),
            )
        )
    return tuple(found)


@no_estimate("arithmetic")
def slope_at(equation: Equation, predictor: str, product: str, value: float) -> Coefficient:
    """Slope of the predictor where the moderator has this value."""
    weights = np.zeros(len(equation.terms))
    weights[equation.terms.index(predictor)] = 1
    weights[equation.terms.index(product)] = value
    return equation.combination(f"{predictor} at {value:g}", weights)


def probe_values(
    moderator: Array, at: Sequence[float] | None, rows: RowWeights | None = None
) -> tuple[float, ...]:
    """Those asked for; else both values of a dichotomy, or the 16th, 50th and 84th percentiles (Hayes).

    Percentiles of counted rows are those of their respondents, of weighted ones those of the population.
    """
    if at is not None:
        return tuple(map(float, at))
    distinct = np.unique(moderator)
    if len(distinct) == 2:
        return tuple(map(float, distinct))
    shares = [0.16, 0.5, 0.84]
    if rows is None or rows.counted:
        times = 1 if rows is None else rows.respondents.astype(np.int64)
        return tuple(map(float, np.unique(np.quantile(np.repeat(moderator, times), shares))))
    return tuple(sorted({weighted_quantile(moderator, rows.weights, share) for share in shares}))


@takes_weights(
    "design",
    counts="sums",
    how="weighted least squares, linearised or by replicates",
    reference="survey::svyglm and svycontrast",
)
def moderate(
    predictor: pd.Series,
    moderator: pd.Series,
    outcome: pd.Series,
    *,
    covariates: pd.DataFrame | None = None,
    errors: Errors | None = None,
    clusters: pd.Series | None = None,
    at: Sequence[float] | None = None,
    counts: Counts | None = None,
    design: Design | None = None,
    confidence_level: float = 0.95,
) -> Moderation:
    """Interaction, simple slopes and Johnson-Neyman regions of a moderated regression.

    Parameters
    ----------
    predictor, moderator, outcome : Series, shape (n_respondents,)
    covariates : DataFrame, shape (n_respondents, n_covariates), optional
    errors : {"classical", "hc3", "clustered"}, optional
        ``hc3`` unless clusters or a design are given.
    at : sequence of float, optional
        Values of the moderator for simple slopes; by default both of a dichotomy, else its 16th, 50th and
        84th percentiles.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for.
    design : SurveyDesign or ReplicateDesign, optional
        Weighted least squares with the design's errors, on clusters less strata, less predictors, degrees of
        freedom, as ``survey::svyglm``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, w = (pd.Series(rng.normal(size=400), name=name) for name in ("quality", "age"))
    >>> y = pd.Series(0.3 * x + 0.4 * x * w + rng.normal(size=400), name="loyalty")
    >>> found = moderate(x, w, y)
    >>> [region.significant for region in found.regions]
    [True, False, True]
    """
    product = f"{predictor.name} x {moderator.name}"
    others = pd.DataFrame(index=outcome.index) if covariates is None else covariates
    parts: list[pd.Series | pd.DataFrame] = [predictor, moderator, outcome, others]
    parts += [] if clusters is None else [clusters]
    rows = row_weights(len(outcome), counts=counts, design=design)
    whole = pd.concat(parts, axis="columns").notna().all(axis="columns").to_numpy(dtype=bool)
    whole = whole & (rows.respondents > 0)
    inside = rows.of(whole)
    x, w, y = (series[whole].to_numpy(dtype=float) for series in (predictor, moderator, outcome))
    kind = errors_of(errors, clusters=clusters, design=design)
    shared: dict[str, Any] = {
        "predictor": str(predictor.name),
        "moderator": str(moderator.name),
        "outcome": str(outcome.name),
        "n": inside.n,
        "n_missing": rows.n - inside.n,
        "errors": kind,
    }
    if inside.n < others.shape[1] + 7:
        return Moderation(
            **shared, state="too_few", reason=f"{inside.n} respondents for the terms of the model"
        )
    if min(np.ptp(x), np.ptp(w), np.ptp(y)) == 0:
        return Moderation(**shared, state="constant", reason="a variable does not vary")
    columns = {str(predictor.name): x, str(moderator.name): w, product: x * w}
    columns |= {str(name): others[name][whole].to_numpy(dtype=float) for name in others}
    codes = None if clusters is None else pd.factorize(clusters[whole])[0].astype(np.int64)
    target = str(outcome.name)
    if design is not None:
        equation = design_least_squares(
            y, columns, design, whole, outcome=target, confidence_level=confidence_level
        )
    else:
        equation = least_squares(
            y,
            columns,
            outcome=target,
            errors=kind,
            clusters=codes,
            counts=inside.weights,
            confidence_level=confidence_level,
        )
    if equation is None:
        return Moderation(
            **shared, state="inadmissible", reason="terms are exact combinations, or too few clusters"
        )
    name = str(predictor.name)
    return Moderation(
        **shared,
        equation=equation,
        interaction=equation.coefficient(product),
        slopes=tuple(
            SimpleSlope(at=value, slope=slope_at(equation, name, product, value))
            for value in probe_values(w, at, inside)
        ),
        regions=regions(equation, name, product, w, inside),
    )
