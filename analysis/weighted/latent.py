"""Effects between constructs under a sampling design, by weighted structural equation models.

The model is fitted by weighted maximum likelihood to all answers (as MLR is); what each respondent adds to
the slope of the likelihood gives influence values, so strata, stages, finite populations and raking count in
the errors as for every other effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.design.design import Array, Design, Mask
from analysis.design.functionals import Functional
from analysis.design.linearization import Linearized
from analysis.invariance.comparability import comparability
from analysis.invariance.ladder import SHARED
from analysis.latent_effects import model_columns, path_model, rise, series_model
from analysis.sem.expressions import Dual
from analysis.sem.fit import fit, fit_moments
from analysis.sem.fitted import Fit
from analysis.sem.influence import parameter_influence
from analysis.sem.model import Model
from analysis.sem.moments import moments_of
from analysis.sem.standardized import standardized_duals
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.design.means.weighted_means")

_WEIGHT = "the weight"  #: no item is called so: ids have no blanks
_GROUP = "the group"


class _NoFit(ValueError):
    """A model that cannot be fitted with these weights."""

    def __init__(self, state: str, reason: str) -> None:
        super().__init__(reason)
        self.state = state


def latent_path(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    design: Design,
    *,
    predictor: str,
    outcome: str,
    controls: Sequence[str] = (),
) -> Functional:
    """Standardised coefficient of one construct for another; the fit with weights as ``lavaan``'s MLR."""
    text = path_model(constructs, predictor=predictor, outcome=outcome, controls=controls)
    wanted = f"{outcome} ~ {predictor}"

    def effect(found: Fit) -> Dual:
        duals = standardized_duals(found, "all")
        return next(
            dual
            for parameter, dual in zip(found.table.parameters, duals, strict=True)
            if parameter.name == wanted
        )

    data = model_columns(items, constructs, (predictor, *controls, outcome))
    return _functional("\n".join(text), data, design, effect, "latent_coefficient")


def latent_indirect(
    items: pd.DataFrame,
    constructs: Mapping[str, Sequence[str]],
    design: Design,
    *,
    predictor: str,
    mediators: Sequence[str],
    outcome: str,
) -> Functional:
    """Product of the standardised coefficients along a series of constructs."""
    series = (predictor, *mediators, outcome)
    labels = [f"p{at}" for at, _ in enumerate(pairwise(series))]

    def effect(found: Fit) -> Dual:
        duals = standardized_duals(found, "all")
        along = {
            parameter.label: dual
            for parameter, dual in zip(found.table.parameters, duals, strict=True)
            if parameter.label in labels
        }
        value = float(np.prod([along[label].value for label in labels]))
        gradient = sum(
            along[label].gradient * float(np.prod([along[other].value for other in labels if other != label]))
            for label in labels
        )
        return Dual(value, np.asarray(gradient))

    data = model_columns(items, constructs, series)
    return _functional(
        "\n".join(series_model(constructs, series)), data, design, effect, "latent_indirect_effect"
    )


def latent_trend(items: pd.DataFrame, groups: pd.Series, design: Design, *, construct: str) -> Functional:
    """Rise of a construct's mean from the lowest to the highest group, in standard deviations.

    Whether the groups understand the items alike is examined without weights: it is a property of the items.
    Weighted group sizes and the pooled standard deviation are taken as known.
    """
    told = comparability(items, groups, construct=construct, take="MLR")
    used = (items.notna().all(axis="columns") & groups.notna()).to_numpy()
    name = "latent_mean_difference"
    ladder = told.ladder
    scalar = None if ladder is None else next((r for r in ladder.rungs if r.level == "scalar"), None)
    if told.comparable in ("no", "cannot_tell") or scalar is None:
        state = "not_invariant" if told.comparable == "no" else "inadmissible"
        return _unusable(name, used, state, told.reason or "the groups have no means")
    freed = scalar.freed
    model = Model.from_constructs({construct: list(map(str, items.columns))}, identification="marker")
    place = np.flatnonzero(used)
    data = items[used].assign(**{_GROUP: groups[used]})

    @cache
    def of(key: bytes) -> tuple[float, Array]:
        weights = np.frombuffer(key)
        return _rise_of(
            model, data.assign(**{_WEIGHT: weights[used]}), tuple(items.columns), freed, construct
        )

    def estimate(weights: Array) -> Linearized:
        value, influence = of(np.ascontiguousarray(weights).tobytes())
        moved = np.zeros((len(used), 1))
        moved[place, 0] = influence
        return Linearized(estimate=np.array([value]), influence=moved, used=used)

    return _checked(Functional(names=(name,), estimator=estimate, used=used), design)


def _rise_of(
    model: Model, data: pd.DataFrame, items: tuple[str, ...], freed: tuple[str, ...], construct: str
) -> tuple[float, Array]:
    moments = moments_of(data, items, group=_GROUP, weights=_WEIGHT)
    found = fit_moments(
        model,
        moments,
        estimator="MLR",
        group_equal=SHARED["scalar"],
        group_partial=freed,
        mean_structure=True,
    )
    if found.state != "ok":
        raise _NoFit(found.state, found.reason)
    sizes = np.array([group.n_weighted for group in moments.groups])
    contrast = rise(sizes)
    means = [found.estimate(f"{construct} ~ 1", group) for group in found.groups]
    variances = [found.estimate(f"{construct} ~~ {construct}", group).estimate for group in found.groups]
    spread = float(np.sqrt(np.average(variances, weights=sizes)))
    gradient = np.zeros(len(found.solution.parameters)) if found.solution is not None else np.zeros(0)
    for weight, one in zip(contrast, means, strict=True):
        if one.parameter.free is not None:
            gradient[one.parameter.free] += weight / spread
    influence = np.zeros(len(data))
    told = data[_GROUP].astype(str).to_numpy()
    counted = data[_WEIGHT].to_numpy() > 0
    for name, moved in zip(found.groups, parameter_influence(found), strict=True):
        influence[(told == name) & counted] = moved @ gradient
    return float(contrast @ [one.estimate for one in means]) / spread, influence


def _functional(text: str, data: pd.DataFrame, design: Design, effect: object, name: str) -> Functional:
    model = Model.from_text(text)
    observed = list(model.observed)
    blank = data[observed].isna()
    used = (~blank.all(axis="columns") & ~blank[list(model.fixed_exogenous)].any(axis="columns")).to_numpy()

    @cache  # the point estimate and the difference between weightings ask for the same fit
    def of(key: bytes) -> tuple[float, Array]:
        weights = np.frombuffer(key)
        found = fit(
            text,
            data[used].assign(**{_WEIGHT: weights[used]}),
            estimator="MLR",
            missing="fiml",
            weights=_WEIGHT,
        )
        if found.state != "ok":
            raise _NoFit(found.state, found.reason)
        dual: Dual = effect(found)  # type: ignore[operator]
        (moved,) = parameter_influence(found)
        influence = np.zeros(len(used))
        influence[np.flatnonzero(used & (weights > 0))] = moved @ dual.gradient
        return dual.value, influence

    def estimate(weights: Array) -> Linearized:
        value, influence = of(np.ascontiguousarray(weights).tobytes())
        return Linearized(estimate=np.array([value]), influence=influence[:, None], used=used)

    return _checked(Functional(names=(name,), estimator=estimate, used=used), design)


def _checked(functional: Functional, design: Design) -> Functional:
    """The functional, or why the model cannot be fitted with the weights of the design."""
    if not (functional.used & (design.weights > 0)).any():
        return functional
    try:
        functional.estimator(design.totals_weights)
    except _NoFit as problem:
        return _unusable(functional.names[0], functional.used, problem.state, str(problem))
    return functional


def _unusable(name: str, used: Mask, state: str, reason: str) -> Functional:
    def nothing(weights: Array) -> Linearized:
        return Linearized(
            estimate=np.array([np.nan]),
            influence=np.zeros((len(weights), 1)),
            used=np.asarray(used, dtype=bool),
        )

    return Functional(
        names=(name,), estimator=nothing, used=np.asarray(used, dtype=bool), state=state, reason=reason
    )
