"""When ordered answers, or a model fitted to them, cannot be relied on: a typed state and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.ordinal.tables import OrdinalAnswers
from analysis.sem.ordered_matrices import OrderedImplied
from analysis.sem.ordered_moments import GroupMoments
from analysis.sem.parameters import ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.ordered.fit_ordered")

Array = npt.NDArray[np.float64]
OrderedKind = Literal[
    "too_few",
    "constant_item",
    "empty_category",
    "perfectly_correlated",
    "no_correlation",
    "not_identified",
    "not_converged",
    "negative_variance",
    "correlation_beyond_one",
    "not_positive_definite",
    "rare_category",
    "zero_cells",
]

#: The words of ``results.json`` for each kind.
ENTRY_STATES: dict[str, str] = {
    "too_few": "too_few",
    "constant_item": "constant",
    "empty_category": "empty_cell",
    "not_converged": "not_converged",
}

#: A category chosen by fewer makes its threshold and the correlations of its item uncertain.
RARE = 5
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedProblem:
    """Why a result cannot be relied on, or is to be read with care."""

    kind: OrderedKind
    reason: str
    about: tuple[str, ...] = ()
    group: str = ""

    @property
    def entry_state(self) -> str:
        return ENTRY_STATES.get(self.kind, "inadmissible")


def problems_of_answers(groups: Sequence[tuple[str, OrdinalAnswers]]) -> Iterator[OrderedProblem]:
    """What rules a model out before anything is estimated."""
    everywhere = [
        sorted({value for _, answers in groups for value in answers.categories[i]}, key=str)
        for i in range(len(groups[0][1].items))
    ]
    for name, answers in groups:
        where = f" in {name}" if name else ""
        if answers.n <= len(answers.items):
            reason = f"{answers.n:g} respondents{where} for {len(answers.items)} items; more are needed"
            yield OrderedProblem(kind="too_few", reason=reason, group=name)
            continue
        constant = [x for x, found in zip(answers.items, answers.categories, strict=True) if len(found) < 2]
        if constant:
            reason = f"all answers{where} are the same: {', '.join(constant)}"
            yield OrderedProblem(kind="constant_item", reason=reason, about=tuple(constant), group=name)
        for item, found, all_of_them in zip(answers.items, answers.categories, everywhere, strict=True):
            gone = [_shown(value) for value in all_of_them if value not in found]
            if gone and item not in constant:
                reason = (
                    f"nobody{where} chose {', '.join(gone)} of {item}, others did; "
                    "put it together with the category beside it"
                )
                yield OrderedProblem(kind="empty_category", reason=reason, about=(item,), group=name)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def problems_of_correlations(groups: Sequence[GroupMoments]) -> Iterator[OrderedProblem]:
    """Pairs of items without a usable correlation."""
    for group in groups:
        where = f" in {group.group}" if group.group else ""
        for pair, (state, reason) in group.correlations.states.items():
            if state == "empty_cell":
                continue
            kind: OrderedKind = "perfectly_correlated" if state == "inadmissible" else "no_correlation"
            told = f"{pair[0]} with {pair[1]}{where}: {reason}"
            yield OrderedProblem(kind=kind, reason=told, about=pair, group=group.group)


def cautions(groups: Sequence[GroupMoments], answers: Sequence[OrdinalAnswers]) -> Iterator[OrderedProblem]:
    """What does not void the result."""
    for group, codes in zip(groups, answers, strict=True):
        where = f" in {group.group}" if group.group else ""
        rare = []
        for i, item in enumerate(codes.items):
            counts = np.bincount(codes.codes[:, i], codes.weights, minlength=len(codes.categories[i]) + 1)[1:]
            if counts.min() < RARE:
                rare.append(item)
        if rare:
            reason = f"some category{where} was chosen by fewer than {RARE} respondents: {', '.join(rare)}"
            yield OrderedProblem(kind="rare_category", reason=reason, about=tuple(rare), group=group.group)
        for pair, (_, reason) in group.correlations.states.items():
            told = f"{pair[0]} with {pair[1]}{where}: {reason}"
            yield OrderedProblem(kind="zero_cells", reason=told, about=pair, group=group.group)
        if group.correlations.state != "ok":
            yield OrderedProblem(
                kind="not_positive_definite",
                reason=f"polychoric correlations{where}: {group.correlations.reason}",
                group=group.group,
            )


def problems_of_solution(
    table: ParameterTable, groups: Sequence[GroupMoments], implied: Sequence[OrderedImplied]
) -> Iterator[OrderedProblem]:
    """What an estimated model must not show."""
    p = len(table.observed)
    for group, here in zip(groups, implied, strict=True):
        where = f" in {group.group}" if group.group else ""
        residual = here.implied.residual
        negative = [
            name
            for name, variance in zip(
                (*table.observed, *table.latent),
                (*here.residual_variances, *np.diag(residual)[p:]),
                strict=True,
            )
            if variance < -ROUNDING
        ]
        if not (here.scales > 0).all():
            negative += [x for x, scale in zip(table.observed, here.scales, strict=True) if not scale > 0]
        if negative:
            reason = f"negative variance{where} (a Heywood case): {', '.join(negative)}"
            yield OrderedProblem(
                kind="negative_variance", reason=reason, about=tuple(negative), group=group.group
            )
            continue
        latent = here.implied.covariance_all[p:, p:]
        sd = np.sqrt(np.maximum(np.diag(latent), 0))
        i, j = np.nonzero(np.tril(np.abs(latent) > np.outer(sd, sd) * (1 + ROUNDING), -1))
        if len(i):
            about = tuple(dict.fromkeys(table.latent[k] for pair in zip(j, i, strict=True) for k in pair))
            told = "; ".join(f"{table.latent[b]} with {table.latent[a]}" for a, b in zip(i, j, strict=True))
            reason = f"correlation beyond one{where}: {told}"
            yield OrderedProblem(kind="correlation_beyond_one", reason=reason, about=about, group=group.group)
        elif len(latent) and np.linalg.eigvalsh(latent)[0] < -ROUNDING:
            reason = f"the covariance matrix of the constructs{where} is not positive definite"
            yield OrderedProblem(kind="not_positive_definite", reason=reason, group=group.group)
