"""When a fitted model, or its data, cannot be relied on: a typed state and a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from analysis.sem.estimates import Solution
from analysis.sem.matrices import Implied
from analysis.sem.moments import GroupMoments, Moments
from analysis.sem.parameters import ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
CautionKind = Literal["clusters_below_parameters", "few_clusters"]
Kind = Literal[
    "empty_group",
    "too_few",
    "all_missing",
    "constant_item",
    "perfectly_correlated",
    "not_positive_definite",
    "not_identified",
    "singular_information",
    "not_converged",
    "negative_variance",
    "correlation_beyond_one",
    "no_scaling",
]

#: The words of ``results.json`` for each kind.
ENTRY_STATES: dict[str, str] = {
    "empty_group": "too_few",
    "too_few": "too_few",
    "all_missing": "too_few",
    "constant_item": "constant",
    "not_converged": "not_converged",
}

#: Correlations nearer to 1, and eigenvalues of correlations nearer to 0, leave nothing to estimate from.
PERFECT = 1e-9
#: Respondents who must have answered any two items for their covariance to be told.
TOGETHER = 3
#: With fewer clusters robust errors come out too small (Cameron & Miller, 2015, Journal of Human Resources,
#: 50, 317-372, find trouble from 20 to 50 on).
FEW_CLUSTERS = 20
#: A variance, in units of the sample's, that is less than zero by more than rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a result cannot be relied on."""

    kind: Kind
    reason: str
    about: tuple[str, ...] = ()  #: items, constructs or parameters
    group: str = ""

    @property
    def entry_state(self) -> str:
        return ENTRY_STATES.get(self.kind, "inadmissible")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """What should be read before a result is relied on; the result stands."""

    kind: CautionKind
    reason: str


def problems_of_data(moments: Moments) -> tuple[Problem, ...]:
    """What rules a model out before it is fitted."""
    return tuple(problem for group in moments.groups for problem in _of_group(group, moments.items))


def _of_group(group: GroupMoments, items: tuple[str, ...]) -> Iterator[Problem]:
    where = f" in {group.group}" if group.group else ""
    if group.n == 0:
        kind: Kind = "empty_group" if where else "too_few"
        yield Problem(kind=kind, reason=f"nobody{where} answered every item", group=group.group)
        return
    if group.lowest is not None:
        silent = [name for name, low in zip(items, group.lowest, strict=True) if np.isnan(low)]
        if silent:
            reason = f"nobody{where} answered {', '.join(silent)}"
            yield Problem(kind="all_missing", reason=reason, about=tuple(silent), group=group.group)
            return
    constant = _constant(group, items)
    if constant and group.n > 1:
        reason = f"all answers{where} are the same: {', '.join(constant)}"
        yield Problem(kind="constant_item", reason=reason, about=tuple(constant), group=group.group)
        return
    if group.n <= len(items):
        reason = f"only {people(group.n)}{where} for {len(items)} items; more than {len(items)} are needed"
        yield Problem(kind="too_few", reason=reason, group=group.group)
        return
    apart = _never_together(group, items)
    if apart:
        told = "; ".join(f"{a} and {b}" for a, b in apart)
        about = tuple(dict.fromkeys(name for pair in apart for name in pair))
        reason = f"answered together by fewer than {TOGETHER}{where}: {told}"
        yield Problem(kind="too_few", reason=reason, about=about, group=group.group)
        return
    if not group.settled:
        reason = f"too much is missing{where}: some items were never answered together, or by too few"
        yield Problem(kind="too_few", reason=reason, group=group.group)
        return
    yield from _dependent(group, items, where)


def people(n: int) -> str:
    """``1 respondent``, ``2 respondents``."""
    return "1 respondent" if n == 1 else f"{n} respondents"


def _never_together(group: GroupMoments, items: tuple[str, ...]) -> list[tuple[str, str]]:
    """Pairs of items (and single items, paired with themselves) that too few answered both."""
    if group.complete:
        return []
    together = np.zeros((len(items), len(items)))
    for pattern in group.patterns:
        people = len(pattern.members) if group.counts is None else group.counts[pattern.members].sum()
        together[np.ix_(pattern.observed, pattern.observed)] += people
    i, j = np.nonzero(np.triu(together < TOGETHER))
    return [(items[a], items[b]) for a, b in zip(i, j, strict=True)]


def _constant(group: GroupMoments, items: tuple[str, ...]) -> list[str]:
    if group.lowest is None or group.highest is None:
        return [name for name, v in zip(items, np.diag(group.covariance), strict=True) if not v > 0]
    same = group.lowest == group.highest
    return [name for name, constant in zip(items, same, strict=True) if constant]


def _dependent(group: GroupMoments, items: tuple[str, ...], where: str) -> Iterator[Problem]:
    if not np.isfinite(group.covariance).all():
        large = [
            name for name, v in zip(items, group.covariance.diagonal(), strict=True) if not np.isfinite(v)
        ]
        reason = f"answers{where} are too large to be squared: {', '.join(large)}. Choose another unit"
        yield Problem(kind="not_positive_definite", reason=reason, about=tuple(large), group=group.group)
        return
    sd = np.sqrt(group.covariance.diagonal())
    correlation = group.covariance / sd / sd[:, None]
    # The smallest eigenvalue of correlations is more than their determinant over e, which costs less.
    factor, wrong = lapack.dpotrf(correlation, lower=1)
    if not wrong and float(factor.diagonal().prod()) ** 2 > math.e * PERFECT:
        return
    if np.linalg.eigvalsh(correlation)[0] > PERFECT:
        return
    i, j = np.nonzero(np.tril(np.abs(correlation) > 1 - PERFECT, -1))
    if len(i):
        pairs = [f"{items[b]} and {items[a]}" for a, b in zip(i, j, strict=True)]
        about = tuple(dict.fromkeys(items[k] for pair in zip(j, i, strict=True) for k in pair))
        reason = f"perfectly correlated{where}: {'; '.join(pairs)}. Leave one of each out"
        yield Problem(kind="perfectly_correlated", reason=reason, about=about, group=group.group)
    else:
        cause = "are exact sums of others" if group.complete else "are sums of others, or answered by too few"
        reason = f"some items{where} {cause}: their covariance matrix is not positive definite"
        yield Problem(kind="not_positive_definite", reason=reason, group=group.group)


def problems_of_counts(moments: Moments, df: int, n_parameters: int) -> Iterator[Problem]:
    """What the numbers of moments, parameters and respondents rule out."""
    if df < 0:
        reason = (
            f"the model has {n_parameters} free parameters and the data only {n_parameters + df} moments; "
            "fix some parameters or add items"
        )
        yield Problem(kind="not_identified", reason=reason)
    if moments.n <= n_parameters:
        reason = (
            f"{people(moments.n)} for {n_parameters} free parameters; more than {n_parameters} are needed"
        )
        yield Problem(kind="too_few", reason=reason)
    if moments.n_clusters == 1:
        reason = "all respondents are of 1 cluster; robust errors need at least 2, and should have many more"
        yield Problem(kind="too_few", reason=reason)


def cautions_of(moments: Moments, n_parameters: int) -> Iterator[Caution]:
    """What few clusters leave undefined or too small, though the model can be fitted (as lavaan does too)."""
    count = moments.n_clusters
    if count is None:
        return
    if count <= n_parameters:
        reason = (
            f"{count} clusters for {n_parameters} free parameters: their contributions span at most "
            f"{count - 1} directions, so that joint tests of more than {count - 1} parameters are undefined; "
            "single standard errors may be used with care"
        )
        yield Caution(kind="clusters_below_parameters", reason=reason)
    if count < FEW_CLUSTERS:
        reason = (
            f"only {count} clusters: robust standard errors are probably too small with fewer than "
            f"{FEW_CLUSTERS}"
        )
        yield Caution(kind="few_clusters", reason=reason)


def problems_of_solution(table: ParameterTable, moments: Moments, solution: Solution) -> tuple[Problem, ...]:
    """What an estimated model must not show: no number of it is then to be relied on."""
    if not solution.converged:
        reason = f"the search did not converge: {solution.complaint}"
        return (Problem(kind="not_converged", reason=reason),)
    return problems_of_matrices(table, moments, solution.place.implied)


def problems_of_matrices(
    table: ParameterTable, moments: Moments, implied: Sequence[Implied]
) -> tuple[Problem, ...]:
    """Negative variances, correlations beyond one, covariance matrices that are none."""
    return tuple(
        problem
        for group, own in zip(moments.groups, implied, strict=True)
        for problem in _of_matrices(table, group, own)
    )


def _of_matrices(table: ParameterTable, group: GroupMoments, implied: Implied) -> Iterator[Problem]:
    names = (*table.observed, *table.latent)
    where = f" in {group.group}" if group.group else ""
    residual, total = implied.residual, implied.covariance_all
    spread = total.diagonal()
    unit = np.maximum(np.abs(spread), 1e-300)
    variances = residual.diagonal()
    negative = [names[i] for i in np.flatnonzero(variances < -ROUNDING * unit)]
    negative += [
        table.latent[i]
        for i in np.flatnonzero(spread[len(table.observed) :] < 0)
        if table.latent[i] not in negative
    ]
    if negative:
        reason = f"negative variance{where} (a Heywood case): {', '.join(negative)}"
        yield Problem(kind="negative_variance", reason=reason, about=tuple(negative), group=group.group)
        return
    beyond = list(_beyond_one(residual, names)) or list(
        _beyond_one(total[len(table.observed) :, len(table.observed) :], table.latent)
    )
    if beyond:
        told = "; ".join(f"{a} with {b}" for a, b in beyond)
        about = tuple(dict.fromkeys(name for pair in beyond for name in pair))
        reason = f"correlation beyond one{where}: {told}"
        yield Problem(kind="correlation_beyond_one", reason=reason, about=about, group=group.group)
        return
    p = len(table.observed)
    for block, what in ((residual[p:, p:], "constructs"), (residual[:p, :p], "residuals")):
        if _indefinite(block):
            reason = f"the covariance matrix of the {what}{where} is not positive definite"
            yield Problem(kind="not_positive_definite", reason=reason, group=group.group)


def _beyond_one(covariance: Array, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    apart = covariance.copy()
    apart.flat[:: len(apart) + 1] = 0.0
    if not apart.any():
        return
    sd = np.sqrt(np.maximum(covariance.diagonal(), 0))
    beyond = np.abs(apart) > sd * sd[:, None] * (1 + ROUNDING)
    if beyond.any():
        for a, b in zip(*np.nonzero(np.tril(beyond)), strict=True):
            yield names[int(b)], names[int(a)]


def _indefinite(block: Array) -> bool:
    if np.count_nonzero(block) == np.count_nonzero(block.diagonal()):
        return False  # variances alone, which are looked at elsewhere
    sd = np.sqrt(np.maximum(block.diagonal(), 0))
    used = sd > 0  # a variance fixed at zero is allowed
    if not used.any():
        return False
    if used.all() and not lapack.dpotrf(block, lower=1)[1]:
        return False
    scaled = block[np.ix_(used, used)] / np.outer(sd[used], sd[used])
    return bool(np.linalg.eigvalsh(scaled)[0] < -ROUNDING)
