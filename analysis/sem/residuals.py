"""What a model leaves of the sample's moments: residuals as correlations, and in standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.results import Entry, Tabular
from analysis.sem.admissibility import Problem
from analysis.sem.fitted import Fit
from analysis.sem.moments import GroupMoments
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Kind = Literal["correlation", "normalized", "standardized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Sample minus implied covariance of two items."""

    item: str
    other: str
    group: str
    estimate: (
        float | None
    )  #: None where it does not vary from sample to sample: the model reproduces it exactly


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals(Tabular):
    """Residuals of the lower triangle, row by row; empty where the fit is not to be relied on."""

    kind: Kind
    residuals: tuple[Residual, ...]
    n: int
    problems: tuple[Problem, ...]

    def entries(self) -> tuple[Entry, ...]:
        measure = f"residual_{self.kind}"
        if self.problems:
            reason = "; ".join(problem.reason for problem in self.problems)
            state = self.problems[0].entry_state
            return (Entry(measure=measure, method="Residuals", n=self.n, state=state, reason=reason),)
        return tuple(
            Entry(
                measure=measure,
                method="Residuals",
                about={"item": found.item, "other": found.other, "group": found.group},
                n=self.n,
                estimate=found.estimate,
                state="ok" if found.estimate is not None else "constant",
                reason="" if found.estimate is not None else "the model reproduces it exactly",
            )
            for found in self.residuals
        )


def residuals(fit: Fit, *, kind: Kind = "correlation") -> Residuals:
    """Residual covariances.

    ``"correlation"``: divided by the sample's standard deviations. ``"normalized"``: divided by the
    standard error of the sample moment, roughly normal and conservative. ``"standardized"``: divided by the
    standard error of the residual itself, which the estimates make smaller (Maydeu-Olivares, 2017,
    Psychometrika, 82, 533-558). The last two are for complete answers.
    """
    found: list[Residual] = []
    if fit.state == "ok" and fit.solution is not None:
        for g, (group, implied) in enumerate(
            zip(fit.moments.groups, fit.solution.place.implied, strict=True)
        ):
            i, j = np.tril_indices(len(group.means))
            raw = (group.covariance - implied.covariance)[i, j]
            unit = _units(fit, g, kind, group)
            for a, b, value, by in zip(i, j, raw, unit, strict=True):
                estimate = float(value / by) if np.isfinite(by) and by > 0 else None
                found.append(
                    Residual(
                        item=fit.moments.items[a],
                        other=fit.moments.items[b],
                        group=fit.groups[g],
                        estimate=estimate,
                    )
                )
    return Residuals(kind=kind, residuals=tuple(found), n=fit.n, problems=fit.problems)


def _units(fit: Fit, g: int, kind: Kind, group: GroupMoments) -> Array:
    i, j = np.tril_indices(len(group.means))
    if kind == "correlation":
        return np.asarray(np.sqrt(np.diag(group.covariance)[i] * np.diag(group.covariance)[j]))
    if not group.complete:
        raise ValueError("Standard errors of residuals need complete answers. Use kind='correlation'.")
    if kind == "normalized":
        s = group.covariance
        return np.asarray(np.sqrt((s[i, i] * s[j, j] + s[i, j] ** 2) / group.n))
    return _standard_errors(fit, g)


def _standard_errors(fit: Fit, g: int) -> Array:
    """Of the residuals themselves: ``Q Gamma Q' / n`` with ``Q = 1 - D I^-1 D' W``.

    Gamma is the normal covariance matrix of moments at the sample's covariances, W its inverse at the
    implied ones.
    """
    solution, uncertainty = fit.solution, fit.uncertainty
    if solution is None or uncertainty is None:
        raise ValueError("There are no estimates.")
    with_means, k = fit.table.mean_structure, len(solution.parameters)
    meat = np.zeros((k, k))
    for h, (part, group) in enumerate(zip(solution.place.parts, fit.moments.groups, strict=True)):
        _, pulled, gamma = _pieces(fit, h, with_means)
        meat += part.share**2 / group.n * pulled @ gamma @ pulled.T
    jacobian, pulled, gamma = _pieces(fit, g, with_means)
    part, group = solution.place.parts[g], fit.moments.groups[g]
    moved = jacobian @ uncertainty.inverse
    spread = moved @ (part.share * pulled) @ gamma / group.n
    sampling = np.diag(gamma) / group.n
    variance = sampling - 2 * np.diag(spread) + ((moved @ meat) * moved).sum(axis=1)
    # What is left after rounding is nothing: such a moment is always reproduced.
    errors = np.where(variance > 1e-8 * sampling, np.sqrt(np.maximum(variance, 0)), 0.0)
    return np.asarray(errors[len(group.means) :] if with_means else errors)


def _pieces(fit: Fit, g: int, with_means: bool) -> tuple[Array, Array, Array]:
    """The moments' slopes D, ``D' W``, and Gamma, of one group."""
    solution = fit.solution
    if solution is None:
        raise ValueError("There are no estimates.")
    stacked = solution.slopes[g].stacked(with_means=with_means)
    jacobian = np.zeros((len(stacked), len(solution.parameters)))
    np.add.at(jacobian.T, solution.place.parts[g].structure.free, stacked.T)
    implied = _normal_gamma(solution.place.implied[g].covariance, with_means)
    pulled: Array = np.asarray(np.linalg.solve(implied, jacobian).T, dtype=np.float64)
    return jacobian, pulled, _normal_gamma(fit.moments.groups[g].covariance, with_means)


def _normal_gamma(covariance: Array, with_means: bool) -> Array:
    """Of means (if wanted) and the lower triangle: ``s_ik s_jl + s_il s_jk``."""
    i, j = np.tril_indices(len(covariance))
    gamma = covariance[np.ix_(i, i)] * covariance[np.ix_(j, j)]
    gamma = gamma + covariance[np.ix_(i, j)] * covariance[np.ix_(j, i)]
    if not with_means:
        return np.asarray(gamma)
    p = len(covariance)
    return np.block([[covariance, np.zeros((p, len(i)))], [np.zeros((len(i), p)), gamma]])
