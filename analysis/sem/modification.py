"""What would improve a model: score tests of fixed parameters and of equalities, with the expected change.

For a parameter k that is fixed, ``MI = n g_k^2 / v_k`` and ``EPC = -g_k / v_k``: g the gradient of the
discrepancy, ``v_k = I_kk - I_kf I_ff^-1 I_fk`` the information on k that the free parameters f leave [1]_.

.. [1] Sörbom, D. (1989). Model modification. Psychometrika, 54, 371-384.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from analysis.results import Entry, Tabular
from analysis.sem.admissibility import Problem
from analysis.sem.discrepancy import slope_of
from analysis.sem.estimates import Solution
from analysis.sem.fitted import Fit
from analysis.sem.matrices import Cells
from analysis.sem.parameters import Parameter
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modification:
    """What freeing one fixed parameter would bring."""

    parameter: Parameter
    group: str
    statistic: float  #: the modification index: how far chi-square would fall, about
    expected_change: float
    standardized_change: float | None  #: in standard deviations of all variables

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def p_value(self) -> float:
        """For a parameter chosen beforehand: the largest of many is larger by chance."""
        return float(chi2.sf(self.statistic, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Modifications(Tabular):
    """Modification indices, largest first; empty where the fit is not to be relied on."""

    modifications: tuple[Modification, ...]
    n: int
    problems: tuple[Problem, ...]

    def entries(self) -> tuple[Entry, ...]:
        method = "Score test"
        if self.problems:
            reason = "; ".join(problem.reason for problem in self.problems)
            state = self.problems[0].entry_state
            return (Entry(measure="modification_index", method=method, n=self.n, state=state, reason=reason),)
        return tuple(
            Entry(
                measure="modification_index",
                method=method,
                about={"parameter": found.name, "group": found.group},
                n=self.n,
                statistic=found.statistic,
                df=(1.0,),
                p_value=found.p_value,
                more={"expected_change": found.expected_change}
                | (
                    {}
                    if found.standardized_change is None
                    else {"standardized_change": found.standardized_change}
                ),
            )
            for found in self.modifications
        )


def modification_indices(fit: Fit) -> Modifications:
    """Score tests of every loading, covariance and fixed parameter that is not free, largest first.

    Parameters that would leave the model without identification have no index. Information is the
    expected one whatever the standard errors rest on: the observed one, away from a minimum, need not be
    positive.
    """
    found: list[Modification] = []
    if fit.state == "ok":
        for g in range(len(fit.groups)):
            found += _of_group(fit, g)
    found.sort(key=lambda modification: -modification.statistic)
    return Modifications(modifications=tuple(found), n=fit.n, problems=fit.problems)


def _of_group(fit: Fit, g: int) -> Iterator[Modification]:
    if fit.solution is None or fit.uncertainty is None:
        return
    candidates = list(_candidates(fit, g))
    if not candidates:
        return
    names = (*fit.table.observed, *fit.table.latent)
    place = {name: i for i, name in enumerate(names)}
    solution = fit.solution
    part, implied, point = (
        solution.place.parts[g],
        solution.place.implied[g],
        solution.place.points[g],
    )
    cells, order = Cells.of(candidates, place)
    free = part.structure.cells
    joint = _joined(free, cells)
    slopes = implied.slopes(joint)
    information = point.expected(slopes)
    is_free, is_new = _positions(free, cells)
    share = part.share
    gradient = share * slope_of(point, slopes)[is_new]
    own = share * np.diag(information)[is_new]
    cross = np.zeros((len(solution.parameters), len(is_new)))
    np.add.at(cross, part.structure.free, share * information[np.ix_(is_free, is_new)])
    left = own - ((_inverse(solution) @ cross) * cross).sum(axis=0)
    for column, k in enumerate(order):
        # Without information of its own the parameter could not be estimated.
        if left[column] <= 1e-8 * max(own[column], 1e-300):
            continue
        change = -float(gradient[column] / left[column])
        yield Modification(
            parameter=candidates[k],
            group=fit.groups[g],
            statistic=fit.moments.n_weighted * float(gradient[column] ** 2 / left[column]),
            expected_change=change,
            standardized_change=_standardized(
                candidates[k], change, implied.covariance_all, implied.residual, place
            ),
        )


def _inverse(solution: Solution) -> Array:
    """Of the expected information along the directions that restrictions leave."""
    z = solution.tangent
    return np.asarray(z @ np.linalg.inv(z.T @ solution.place.expected(solution.slopes) @ z) @ z.T)


def _joined(one: Cells, other: Cells) -> Cells:
    return Cells(
        (np.concatenate([one.paths[0], other.paths[0]]), np.concatenate([one.paths[1], other.paths[1]])),
        (
            np.concatenate([one.covariances[0], other.covariances[0]]),
            np.concatenate([one.covariances[1], other.covariances[1]]),
        ),
        np.concatenate([one.means, other.means]),
    )


def _positions(one: Cells, other: Cells) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where the cells of each stand among the joined ones."""
    is_one: list[int] = []
    is_other: list[int] = []
    first = 0
    for a, b in (
        (len(one.paths[0]), len(other.paths[0])),
        (len(one.covariances[0]), len(other.covariances[0])),
        (len(one.means), len(other.means)),
    ):
        is_one += range(first, first + a)
        is_other += range(first + a, first + a + b)
        first += a + b
    return np.array(is_one, dtype=np.intp), np.array(is_other, dtype=np.intp)


def _candidates(fit: Fit, g: int) -> Iterator[Parameter]:
    """Fixed parameters of the table, then loadings, covariances and regressions that it does not mention."""
    table = fit.table
    known: set[tuple[str, str, str]] = set()
    for p in table.of_group(g):
        known.add((p.left, p.op, p.right))
        known.add((p.right, p.op, p.left) if p.op == "~~" else (p.left, p.op, p.right))
        if p.free is None and not p.from_data and p.op in ("=~", "~", "~~", "~1"):
            yield p
    new = Parameter(left="", op="~~", right="", group=g, free=None, value=0.0, written=False)
    measured = {p.right for p in table.of_group(g) if p.op == "=~"}
    outcomes = {p.left for p in table.of_group(g) if p.op == "~"}
    predictors = {p.right for p in table.of_group(g) if p.op == "~"}
    items = [name for name in table.observed if name not in table.exogenous]
    indicators = [name for name in items if name in measured]
    for construct in table.latent:
        if construct not in measured and not any(
            name in table.latent for name in _measures(fit, construct, g)
        ):
            for item in indicators:
                if (construct, "=~", item) not in known:
                    yield replace(new, left=construct, op="=~", right=item)
    for i, left in enumerate(items):
        for right in items[i + 1 :]:
            if (left, "~~", right) not in known:
                yield replace(new, left=left, right=right)
    for i, left in enumerate(table.latent):
        for right in table.latent[i + 1 :]:
            if (left, "~~", right) not in known:
                yield replace(new, left=left, right=right)
    for outcome in sorted(outcomes | predictors):
        for predictor in sorted(outcomes | predictors):
            if (
                outcome != predictor
                and (outcome, "~", predictor) not in known
                and outcome not in table.exogenous
            ):
                yield replace(new, left=outcome, op="~", right=predictor)


def _measures(fit: Fit, construct: str, g: int) -> list[str]:
    return [p.right for p in fit.table.of_group(g) if p.op == "=~" and p.left == construct]


def _standardized(
    parameter: Parameter, change: float, total: Array, residual: Array, place: dict[str, int]
) -> float | None:
    sd = np.sqrt(np.maximum(np.diag(total), 0))
    own = np.sqrt(np.maximum(np.diag(residual), 0))
    left, right = place[parameter.left], place.get(parameter.right, 0)
    match parameter.op:
        case "=~":
            scale, by = sd[left], sd[right]
        case "~":
            scale, by = sd[right], sd[left]
        case "~1":
            scale, by = 1.0, sd[left]
        case _ if left == right:
            scale, by = 1.0, sd[left] ** 2
        case _:
            scale, by = 1.0, own[left] * own[right]
    return float(change * scale / by) if by > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What letting one equality go would bring."""

    parameter: Parameter  #: the one of its group that would become free of the others
    group: str
    statistic: float
    expected_change: float

    @property
    def p_value(self) -> float:
        return float(chi2.sf(self.statistic, 1))


def equality_releases(fit: Fit) -> tuple[Release, ...]:
    """Score tests of parameters that are held equal, each let go on its own, largest first.

    One for every parameter that is shared among groups or labels, at its every place; where only two are
    equal, letting go of either is the same.
    """
    if fit.state != "ok" or fit.solution is None or fit.uncertainty is None:
        return ()
    found: list[Release] = []
    solution = fit.solution
    for g, (part, point) in enumerate(zip(solution.place.parts, solution.place.points, strict=True)):
        slopes = solution.slopes[g]
        information = point.expected(slopes)
        gradient = part.share * slope_of(point, slopes)
        information = part.share * information
        cross = np.zeros((len(solution.parameters), len(gradient)))
        np.add.at(cross, part.structure.free, information)
        left = np.diag(information) - ((_inverse(solution) @ cross) * cross).sum(axis=0)
        free = [p for p in fit.table.of_group(g) if p.free is not None]
        place = {name: i for i, name in enumerate((*fit.table.observed, *fit.table.latent))}
        _, order = Cells.of(free, place)
        shared = _shared(fit)
        for column, k in enumerate(order):
            if free[k].free not in shared or left[column] <= 1e-8 * information[column, column]:
                continue
            found.append(
                Release(
                    parameter=free[k],
                    group=fit.groups[g],
                    statistic=fit.moments.n_weighted * float(gradient[column] ** 2 / left[column]),
                    expected_change=-float(gradient[column] / left[column]),
                )
            )
    return tuple(sorted(found, key=lambda release: -release.statistic))


def _shared(fit: Fit) -> set[int]:
    counts: dict[int, int] = {}
    for p in fit.table.parameters:
        if p.free is not None:
            counts[p.free] = counts.get(p.free, 0) + 1
    return {free for free, count in counts.items() if count > 1}
