"""Standardised solutions, with errors by the delta method, and the variance that a model explains.

``"latent"``: constructs in units of their standard deviations (lavaan's std.lv). ``"all"``: observed
variables too (std.all). Residual covariances become correlations of residuals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from analysis.results import Entry, Interval, Tabular
from analysis.sem.admissibility import Problem
from analysis.sem.expressions import Dual
from analysis.sem.fitted import Fit
from analysis.sem.matrices import Cells, Implied
from analysis.sem.parameters import Parameter
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Kind = Literal["latent", "all"]


class LogSd(Protocol):
    """A variable's standard deviation (of its residual, if its own), and slopes of its logarithm."""

    def __call__(self, name: str, *, own: bool = False) -> tuple[float, Array]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardizedEstimate:
    """One parameter in standard deviations."""

    parameter: Parameter
    group: str
    estimate: float
    std_error: float | None  #: None where nothing varies: a variance of 1 by construction
    suspicious: str = ""  #: why the number is not to be taken for a loading or correlation like others

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def statistic(self) -> float | None:
        return self.estimate / self.std_error if self.std_error else None

    @property
    def p_value(self) -> float | None:
        z = self.statistic
        return None if z is None else 2 * float(ndtr(-abs(z)))

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval | None:
        if self.std_error is None:
            return None
        reach = float(ndtri((1 + confidence_level) / 2)) * self.std_error
        return Interval(
            low=self.estimate - reach, high=self.estimate + reach, confidence_level=confidence_level
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardizedSolution(Tabular):
    """Every parameter of a fitted model in standard deviations; empty where the fit is not to be relied
    on."""

    kind: Kind
    estimates: tuple[StandardizedEstimate, ...]
    n: int
    several_groups: bool
    problems: tuple[Problem, ...]

    @property
    def state(self) -> str:
        return self.problems[0].kind if self.problems else "ok"

    @property
    def reason(self) -> str:
        return "; ".join(problem.reason for problem in self.problems)

    def estimate(self, name: str, group: str | None = None) -> StandardizedEstimate:
        wanted = "".join(name.split())
        for found in self.estimates:
            if "".join(found.name.split()) == wanted and group in (None, found.group):
                return found
        raise KeyError(f"No standardised {name!r} ({self.state}).")

    def entries(self) -> tuple[Entry, ...]:
        method = "Standardised, delta method"
        if self.problems:
            state = self.problems[0].entry_state
            return (Entry(measure="standardized", method=method, n=self.n, state=state, reason=self.reason),)
        return tuple(
            Entry(
                measure="standardized",
                method=method,
                about={"parameter": found.name} | ({"group": found.group} if self.several_groups else {}),
                n=self.n,
                estimate=found.estimate,
                std_error=found.std_error,
                statistic=found.statistic,
                p_value=found.p_value,
                interval=found.confidence_interval(),
                state="inadmissible" if found.suspicious else "ok",
                reason=found.suspicious,
            )
            for found in self.estimates
        )


def standardized(fit: Fit, *, kind: Kind = "all") -> StandardizedSolution:
    """The standardised solution.

    Standard errors are those of functions of the free parameters (delta method), as lavaan's
    ``standardizedSolution`` gives them.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.sem.fit import fit
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(400, 1))
    >>> items = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(400, 4)), columns=["s1", "s2", "s3", "s4"])
    >>> loading = standardized(fit("satisfaction =~ s1 + s2 + s3 + s4", items)).estimate("satisfaction =~ s2")
    >>> round(loading.estimate, 3), round(loading.std_error, 3)
    (0.817, 0.023)
    """
    found: tuple[StandardizedEstimate, ...] = ()
    if fit.state == "ok" and fit.uncertainty is not None:
        duals = standardized_duals(fit, kind)
        covariance = fit.uncertainty.covariance
        found = tuple(
            _estimate(fit, parameter, dual, covariance)
            for parameter, dual in zip(fit.table.parameters, duals, strict=True)
        )
    return StandardizedSolution(
        kind=kind, estimates=found, n=fit.n, several_groups=len(fit.groups) > 1, problems=fit.problems
    )


def _estimate(fit: Fit, parameter: Parameter, dual: Dual, covariance: Array) -> StandardizedEstimate:
    variance = float(dual.gradient @ covariance @ dual.gradient)
    # An error that is rounding only belongs to a number that is fixed by construction.
    error = math.sqrt(variance) if variance > 1e-16 else None
    suspicious = ""
    if parameter.op == "=~" and abs(dual.value) > 1 + 1e-9:
        suspicious = (
            "a standardised loading beyond one: constructs overlap, or the model does not suit the items"
        )
    return StandardizedEstimate(
        parameter=parameter,
        group=fit.groups[parameter.group],
        estimate=dual.value,
        std_error=error,
        suspicious=suspicious,
    )


def standardized_duals(fit: Fit, kind: Kind) -> tuple[Dual, ...]:
    """Each parameter of the table in standard deviations, with its slopes by the free parameters."""
    solution = fit.solution
    if solution is None:
        return ()
    place = {name: i for i, name in enumerate((*fit.table.observed, *fit.table.latent))}
    p, n_free = len(fit.table.observed), len(solution.parameters)
    totals = []
    for part, implied in zip(solution.place.parts, solution.place.implied, strict=True):
        slopes = np.zeros((len(place), n_free))
        by_cell = variance_slopes(implied, part.structure.cells)
        np.add.at(slopes.T, part.structure.free, by_cell.T)
        totals.append((np.diag(implied.covariance_all), slopes))
    residuals = _residual_variances(fit, n_free)
    duals = []
    for parameter, value in zip(fit.table.parameters, fit.values(), strict=True):
        gradient = np.zeros(n_free)
        if parameter.free is not None:
            gradient[parameter.free] = 1.0
        dual = Dual(value, gradient)
        variances, slopes = totals[parameter.group]

        def log_sd(
            name: str, *, own: bool = False, variances: Array = variances, slopes: Array = slopes,
            group: int = parameter.group,
        ) -> tuple[float, Array]:  # fmt: skip
            """Standard deviation and slopes of its logarithm; 1 where this kind leaves the unit alone."""
            at = place[name]
            if kind == "latent" and at < p:
                return 1.0, np.zeros(n_free)
            if own:
                variance, slope = residuals[group][name]
            else:
                variance, slope = float(variances[at]), slopes[at]
            if variance <= 0:
                return 1.0, np.zeros(n_free)
            return math.sqrt(variance), slope / (2 * variance)

        duals.append(_in_units(parameter, dual, log_sd))
    return tuple(duals)


def _in_units(parameter: Parameter, dual: Dual, log_sd: LogSd) -> Dual:
    left, right = parameter.left, parameter.right
    match parameter.op:
        case "=~":
            up, down = [log_sd(left)], [log_sd(right)]
        case "~":
            up, down = [log_sd(right)], [log_sd(left)]
        case "~1":
            up, down = [], [log_sd(left)]
        case "~~" if left == right:
            up, down = [], [log_sd(left), log_sd(left)]
        case "~~":
            up, down = [], [log_sd(left, own=True), log_sd(right, own=True)]
        case _:
            return dual
    value, slope = dual.value, np.zeros(len(dual.gradient))
    scale = 1.0
    for sd, by in up:
        scale, slope = scale * sd, slope + by
    for sd, by in down:
        scale, slope = scale / sd, slope - by
    return Dual(value * scale, scale * (dual.gradient + value * slope))


def variance_slopes(implied: Implied, cells: Cells) -> Array:
    """Derivatives of every variable's total variance by each cell, shape (n_variables, n_cells)."""
    e, c = implied.total, implied.covariance_all
    (i, j), (k, l) = cells.paths, cells.covariances  # noqa: E741
    paths = 2 * e[:, i] * c[:, j]
    covariances = e[:, k] * e[:, l] * np.where(k == l, 1.0, 2.0)
    return np.hstack([paths, covariances, np.zeros((len(e), len(cells.means)))])


def _residual_variances(fit: Fit, n_free: int) -> tuple[dict[str, tuple[float, Array]], ...]:
    """Of what is not explained of each variable, in each group, with slopes."""
    found: tuple[dict[str, tuple[float, Array]], ...] = tuple({} for _ in fit.groups)
    for parameter, value in zip(fit.table.parameters, fit.values(), strict=True):
        if parameter.op == "~~" and parameter.left == parameter.right:
            gradient = np.zeros(n_free)
            if parameter.free is not None:
                gradient[parameter.free] = 1.0
            found[parameter.group][parameter.left] = value, gradient
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The part of a variable's variance that the model explains."""

    variable: str
    group: str
    r_squared: float


def r_squared(fit: Fit) -> Sequence[Explained]:
    """One minus residual over total variance, of every dependent variable; empty unless admissible."""
    if fit.state != "ok" or fit.solution is None:
        return ()
    found = []
    names = (*fit.table.observed, *fit.table.latent)
    for g, implied in enumerate(fit.solution.place.implied):
        dependent = {p.right for p in fit.table.of_group(g) if p.op == "=~"}
        dependent |= {p.left for p in fit.table.of_group(g) if p.op == "~"}
        residual, total = np.diag(implied.residual), np.diag(implied.covariance_all)
        for i, name in enumerate(names):
            if name in dependent and total[i] > 0:
                share = 1 - float(residual[i]) / float(total[i])
                found.append(Explained(variable=name, group=fit.groups[g], r_squared=share))
    return tuple(found)
