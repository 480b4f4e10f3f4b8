"""What a model's text defines with ``:=`` from its parameters: indirect effects, differences, ratios."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from analysis.results import Entry, Interval, Tabular
from analysis.sem.admissibility import Problem
from analysis.sem.expressions import Dual
from analysis.sem.fitted import Fit
from analysis.sem.quantities import Quantities
from analysis.sem.restrictions import named_values
from analysis.sem.standardized import Kind, standardized_duals
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedParameter:
    """One defined parameter; its standard error is the delta method's."""

    name: str
    formula: str
    estimate: float
    std_error: float | None

    @property
    def statistic(self) -> float | None:
        return self.estimate / self.std_error if self.std_error else None

    @property
    def p_value(self) -> float | None:
        z = self.statistic
        return None if z is None else 2 * float(ndtr(-abs(z)))

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval | None:
        """The normal interval; of a product a Monte Carlo interval is the better one."""
        if self.std_error is None:
            return None
        reach = float(ndtri((1 + confidence_level) / 2)) * self.std_error
        return Interval(
            low=self.estimate - reach, high=self.estimate + reach, confidence_level=confidence_level
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedParameters(Tabular):
    """Every defined parameter of a fitted model, in order; empty where the fit is not to be relied on."""

    estimates: tuple[DefinedParameter, ...]
    n: int
    problems: tuple[Problem, ...]

    def __getitem__(self, name: str) -> DefinedParameter:
        for found in self.estimates:
            if found.name == name:
                return found
        raise KeyError(name)

    def entries(self) -> tuple[Entry, ...]:
        method = "Defined parameter, delta method"
        if self.problems:
            reason = "; ".join(problem.reason for problem in self.problems)
            state = self.problems[0].entry_state
            return (Entry(measure="defined", method=method, n=self.n, state=state, reason=reason),)
        return tuple(
            Entry(
                measure="defined",
                method=method,
                about={"parameter": found.name, "formula": found.formula},
                n=self.n,
                estimate=found.estimate,
                std_error=found.std_error,
                statistic=found.statistic,
                p_value=found.p_value,
                interval=found.confidence_interval(),
            )
            for found in self.estimates
        )


def defined(fit: Fit, *, standardized: Kind | None = None) -> DefinedParameters:
    """What the model's text defines, with standard errors ``sqrt(g' V g)`` of the gradient g.

    Parameters
    ----------
    standardized : "latent" or "all", optional
        Compute the formulas from standardised parameters.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.sem.fit import fit
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=300)
    >>> m = 0.5 * x + rng.normal(size=300)
    >>> data = pd.DataFrame({"x": x, "m": m, "y": 0.4 * m + rng.normal(size=300)})
    >>> effects = defined(fit("m ~ a*x; y ~ b*m + x; indirect := a*b", data))
    >>> round(effects["indirect"].estimate, 4), round(effects["indirect"].std_error, 4)
    (0.2208, 0.0439)
    """
    rows: list[DefinedParameter] = []
    if fit.state == "ok" and fit.solution is not None and fit.uncertainty is not None:
        values = _values(fit, standardized)
        for constraint in fit.table.constraints:
            if constraint.op == ":=":
                dual = values[constraint.left]
                variance = float(dual.gradient @ fit.uncertainty.covariance @ dual.gradient)
                rows.append(
                    DefinedParameter(
                        name=constraint.left,
                        formula=constraint.formula.text,
                        estimate=dual.value,
                        std_error=math.sqrt(variance) if variance > 0 else None,
                    )
                )
    return DefinedParameters(estimates=tuple(rows), n=fit.n, problems=fit.problems)


def _values(fit: Fit, kind: Kind | None) -> dict[str, Dual]:
    if fit.solution is None:
        return {}
    if kind is None:
        return named_values(fit.table, fit.solution.parameters)
    values: dict[str, Dual] = {}
    for parameter, dual in zip(fit.table.parameters, standardized_duals(fit, kind), strict=True):
        if parameter.label:
            values.setdefault(parameter.label, dual)
    for constraint in fit.table.constraints:
        if constraint.op == ":=":
            values[constraint.left] = constraint.formula.evaluate(values)
    return values


def monte_carlo_interval(
    fit: Fit,
    name: str,
    *,
    rng: np.random.Generator,
    draws: int = 20_000,
    confidence_level: float = 0.95,
    standardized: Kind | None = None,
) -> Interval | None:
    """Quantiles of a defined parameter over draws of the parameters from their normal distribution.

    Follows MacKinnon, Lockwood & Williams (2004, Multivariate Behavioral Research, 39, 99-128): products
    are not normal even where their factors are. None where the fit is not to be relied on, or where more
    than a twentieth of the draws has no such value (a variance that standardises is not positive).
    """
    drawn = monte_carlo_draws(fit, name, rng=rng, draws=draws, standardized=standardized)
    if drawn is None:
        return None
    tail = (1 - confidence_level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), confidence_level=confidence_level)


def monte_carlo_draws(
    fit: Fit, name: str, *, rng: np.random.Generator, draws: int, standardized: Kind | None
) -> Array | None:
    """The values behind :func:`monte_carlo_interval`, those that exist."""
    if fit.state != "ok" or fit.solution is None or fit.uncertainty is None:
        return None
    if name not in {c.left for c in fit.table.constraints if c.op == ":="}:
        defined = [c.left for c in fit.table.constraints if c.op == ":="]
        raise KeyError(f"The model defines no {name!r}; it defines {', '.join(defined) or 'nothing'}.")
    quantity = Quantities.of(fit.table, [name], standardized)
    # Only the free parameters that the quantity rests on.
    used = np.flatnonzero(quantity.slopes(fit)[0])
    values, vectors = np.linalg.eigh(fit.uncertainty.covariance[np.ix_(used, used)])
    root = vectors * np.sqrt(np.maximum(values, 0))
    parameters = np.tile(fit.solution.parameters, (draws, 1))
    parameters[:, used] += rng.standard_normal((draws, len(used))) @ root.T
    place = fit.solution.place
    if standardized is None:
        drawn = np.array([quantity.at(row, place.implied)[0] for row in parameters])
    else:
        structures = [part.structure for part in place.parts]
        drawn = np.array(
            [quantity.at(row, [one.implied(row) for one in structures])[0] for row in parameters]
        )
    kept = drawn[np.isfinite(drawn)]
    return kept if len(kept) >= 0.95 * draws else None
