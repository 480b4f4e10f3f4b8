"""Every kind of declared test under the sampling design of its people, and by the value of customers.

One road: the effect as a function of the weighted sample (``analysis.weighted.effects``,
``analysis.weighted.latent``), its error from the design (``analysis.design.functionals``). Two kinds go
beside it: a gap has two samples, segments are found anew in replicates of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.correlations import CorrelationMethod
from analysis.design.design import Array, ReplicateDesign, SurveyDesign
from analysis.design.estimates import t_interval, why_not
from analysis.design.functionals import (
    Functional,
    Inference,
    WeightingDifference,
    between_weightings,
    effective_n,
    under_design,
)
from analysis.design.linearization import Linearized
from analysis.design.replicates import bootstrap
from analysis.questions import MINIMUM_N, Estimate, Question, items_of, midpoint, scale_bounds
from analysis.weighted import effects as effects
from analysis.weighted import latent as latent
from analysis.weighted.gap import WeightedSample, weighted_gap
from analysis.weighted.results import (
    WEIGHTED,
    told,
    weighted_drivers,
    weighted_mediation,
    weighted_regression,
)
from analysis.weighted.segmentation import METHOD, WeightedComparison, weighted_comparison
from analysis.weighting import step_of
from surveys.study import TestKind

WEIGHTING = step_of("analysis.declared_tests.gather")

#: of segments: each finds them anew
MOST_REPLICATES = 500


def weighted_estimate(question: Question) -> Estimate:
    """The test under the design of its sample (of both samples, for a gap)."""
    kind, level = question.test.kind, question.settings.confidence_level
    if kind == "gap":
        return _gap(question)
    if kind == "segmentation":
        return _segmentation(question)
    design = question.sample.plain_design()
    if kind == "indirect":
        mediation, found = weighted_mediation(
            question.one("predictor"),
            question.several("mediators"),
            question.one("outcome"),
            design,
            rng=question.rng,
            draws=question.settings.resamples,
            confidence_level=level,
        )
        return _estimate(found, METHODS[kind], mediation)
    if kind == "drivers":
        names = question.names("predictors")
        bounds = {name: scale_bounds(question.population.questionnaire, name) for name in names}
        importance, found = weighted_drivers(
            question.one("outcome"),
            question.several("predictors"),
            design,
            bounds=bounds,
            confidence_level=level,
        )
        return _estimate(found, METHODS[kind], importance)
    functional = FUNCTIONALS[kind](question, design)
    found = under_design(functional, design, confidence_level=level)
    if kind == "path":
        predictors = question.several("predictor").join(question.several("controls"))
        regression = weighted_regression(question.one("outcome"), predictors, design, confidence_level=level)
        return _estimate(found, METHODS[kind], regression)
    result = told(
        functional,
        found,
        measure=DETAILS[kind],
        method=METHODS[kind],
        about=_about(question),
        confidence_level=level,
    )
    return _estimate(found, METHODS[kind], result)


def _estimate(found: Inference, method: str, result: object) -> Estimate:
    return Estimate(
        method=method,
        n=found.n,
        effective_n=found.effective_n,
        result=result,  # type: ignore[arg-type]
        estimate=found.estimate,
        std_error=found.std_error,
        interval=found.interval,
        tail=found.tail,
        state=found.state,
        reason=found.reason,
    )


def _about(question: Question) -> dict[str, str]:
    words = ("method", "reference", "item")
    return {role: "+".join(names) for role, names in question.test.variables.items() if role not in words}


def weighted_alpha(items: pd.DataFrame, design: SurveyDesign, *, construct: str) -> Inference:
    """Cronbach's alpha under a design; ``state`` is ``too_few`` or ``constant`` where there is none."""
    found = under_design(effects.alpha(items, design), design)
    return replace(found, reason=f"{construct}: {found.reason}") if found.reason else found


# ---------------------------------------------------------------- the kinds


def _path(question: Question, design: SurveyDesign) -> Functional:
    predictors = question.several("predictor").join(question.several("controls"))
    return effects.path(question.one("outcome"), predictors, design)


def _indirect(question: Question, design: SurveyDesign) -> Functional:
    predictor, mediators = question.one("predictor"), question.several("mediators")
    return effects.indirect(predictor, mediators, question.one("outcome"), design)


def _trend(question: Question, design: SurveyDesign) -> Functional:
    return effects.trend(question.one("outcome"), question.groups(), design)


def _association(question: Question, design: SurveyDesign) -> Functional:
    return effects.cramers_v(question.one("variable"), question.groups(), design)


def _contrast(question: Question, design: SurveyDesign) -> Functional:
    return effects.contrast(question.several("plus"), question.several("minus"), design)


def _mean(question: Question, design: SurveyDesign) -> Functional:
    name, given = question.names("variable")[0], question.names("reference")
    reference = float(given[0]) if given else midpoint(question.population.questionnaire, name)
    return effects.standardized_mean(question.one("variable"), reference, design)


def _drivers(question: Question, design: SurveyDesign) -> Functional:
    return effects.drivers(question.one("outcome"), question.several("predictors"), design)


def _correlation(question: Question, design: SurveyDesign) -> Functional:
    method: CorrelationMethod = "spearman" if question.names("method") == ("spearman",) else "pearson"
    return effects.correlation(question.one("x"), question.one("y"), method, design)


def _moderation(question: Question, design: SurveyDesign) -> Functional:
    return effects.moderation(
        question.one("outcome"), question.one("predictor"), question.one("moderator"), design
    )


def _added_value(question: Question, design: SurveyDesign) -> Functional:
    return effects.added_value(
        question.one("outcome"), question.several("base"), question.several("added"), design
    )


def _repeated(question: Question, design: SurveyDesign) -> Functional:
    if question.names("item"):
        item = question.population.questionnaire.item(question.names("item")[0])
        columns = pd.DataFrame({name: question.sample.variable(name) for name in item.columns})
    else:
        columns = question.several("columns")
    return effects.repeated(columns, design)


def _latent_path(question: Question, design: SurveyDesign) -> Functional:
    predictor, outcome = question.names("predictor")[0], question.names("outcome")[0]
    controls = question.names("controls")
    items, constructs = items_of(question, (predictor, *controls, outcome))
    return latent.latent_path(
        items, constructs, design, predictor=predictor, outcome=outcome, controls=controls
    )


def _latent_indirect(question: Question, design: SurveyDesign) -> Functional:
    predictor, outcome = question.names("predictor")[0], question.names("outcome")[0]
    mediators = question.names("mediators")
    items, constructs = items_of(question, (predictor, *mediators, outcome))
    return latent.latent_indirect(
        items, constructs, design, predictor=predictor, mediators=mediators, outcome=outcome
    )


def _latent_trend(question: Question, design: SurveyDesign) -> Functional:
    construct = question.names("outcome")[0]
    items, _ = items_of(question, (construct,))
    return latent.latent_trend(items, question.groups(), design, construct=construct)


FUNCTIONALS: Mapping[TestKind, Callable[[Question, SurveyDesign], Functional]] = {
    "path": _path,
    "indirect": _indirect,
    "trend": _trend,
    "association": _association,
    "contrast": _contrast,
    "mean": _mean,
    "drivers": _drivers,
    "correlation": _correlation,
    "moderation": _moderation,
    "added_value": _added_value,
    "repeated": _repeated,
    "latent_path": _latent_path,
    "latent_indirect": _latent_indirect,
    "latent_trend": _latent_trend,
}
METHODS: Mapping[TestKind, str] = {
    "path": f"least squares, {WEIGHTED}",
    "indirect": f"least squares on z-scores, {WEIGHTED}, Monte Carlo interval",
    "trend": f"Kendall's tau-b, {WEIGHTED}",
    "association": f"Cramér's V, {WEIGHTED}, noncentral chi-square interval",
    "contrast": f"d_z, {WEIGHTED}",
    "mean": f"one-sample d, {WEIGHTED}",
    "gap": f"Hedges' g, {WEIGHTED}s",
    "drivers": f"adjusted R squared, {WEIGHTED}, on Fisher's z scale",
    "correlation": f"correlation, {WEIGHTED}, on Fisher's z scale",
    "moderation": f"least squares with a product term, {WEIGHTED}",
    "added_value": f"gain in adjusted R squared, {WEIGHTED}, noncentral chi-square interval",
    "repeated": f"Kendall's W or Cochran's effect size, {WEIGHTED}, noncentral chi-square interval",
    "segmentation": METHOD,
    "latent_path": f"structural equation model, all answers, {WEIGHTED}",
    "latent_indirect": f"structural equation model, all answers, {WEIGHTED}",
    "latent_trend": f"latent means by ordered group, {WEIGHTED}",
}
#: what the first entry of the details is called, as without weights
DETAILS: Mapping[TestKind, str] = {
    "trend": "kendall_tau_b",
    "association": "cramers_v",
    "contrast": "d_z",
    "mean": "d",
    "gap": "hedges_g",
    "correlation": "correlation",
    "moderation": "standardized_coefficient",
    "added_value": "gain_in_r_squared",
    "repeated": "effect_size",
    "latent_path": "latent_coefficient",
    "latent_indirect": "latent_indirect_effect",
    "latent_trend": "latent_mean_difference",
}


def _gap_samples(question: Question, *, by_value: bool = False) -> tuple[WeightedSample, WeightedSample]:
    if question.other is None:
        raise ValueError("a gap needs a second population")
    samples = []
    for sample, role in ((question.sample, "variable"), (question.other, "versus")):
        design = sample.plain_design()
        samples.append(
            WeightedSample(
                values=sample.variable(question.names(role)[0]),
                design=design,
                other_weights=None
                if not by_value or sample.value is None
                else value_weights(design, sample.value),
            )
        )
    return samples[0], samples[1]


def _gap(question: Question) -> Estimate:
    first, second = _gap_samples(question)
    found, _, _ = weighted_gap(first, second, confidence_level=question.settings.confidence_level)
    functional = Functional(names=("hedges_g",), estimator=_nothing, used=np.ones(1, dtype=bool))
    result = told(functional, found, measure=DETAILS["gap"], method=METHODS["gap"], about=_about(question))
    return _estimate(found, METHODS["gap"], result)


def _nothing(weights: Array) -> Linearized:
    raise ValueError(f"{len(weights)} weights: a gap has two samples, not one")


# ---------------------------------------------------------------- segments


def _segments(question: Question, design: ReplicateDesign, rng: np.random.Generator) -> WeightedComparison:
    return weighted_comparison(
        question.one("rule"),
        question.several("features"),
        question.several("outcomes"),
        design,
        rng=rng,
        confidence_level=question.settings.confidence_level,
    )


def _replicates(question: Question) -> ReplicateDesign:
    number = min(question.settings.resamples, MOST_REPLICATES)
    if question.sample.sampling is not None and question.sample.design is not None:
        return question.sample.sampling.replicates(question.rng, number)
    return bootstrap(question.sample.plain_design(), rng=question.rng, n_replicates=number)


def _segmentation(question: Question) -> Estimate:
    first = deepcopy(question.rng)  # the segments start as those of the unweighted method do
    try:
        design = _replicates(question)
    except ValueError as why:
        whole = question.sample.n
        found = Inference(n=whole, effective_n=0.0, df=0.0, state="not_available", reason=str(why))
        functional = Functional(names=("gain",), estimator=_nothing, used=np.ones(1, dtype=bool))
        measure = "gain_in_eta_squared"
        result = told(functional, found, measure=measure, method=METHOD, about=_about(question))
        return _estimate(found, METHOD, result)
    compared = _segments(question, design, first)
    return _estimate(compared.found, METHOD, compared.result)


# ---------------------------------------------------------------- by value


def value_weights(design: SurveyDesign, value: pd.Series) -> Array:
    """Weights that count every customer by what they are worth; who has no known value is left out.

    Raises
    ------
    ValueError
        If a value is negative.
    """
    worth = value.to_numpy(dtype=float)
    if (worth < 0).any():
        raise ValueError(
            f"{int((worth < 0).sum())} values of {value.name} are negative, so they are no weights"
        )
    return np.asarray(design.weights * np.nan_to_num(worth))


def by_value(question: Question) -> WeightingDifference:
    """The effect with every customer counted once, and counted by value, and the difference.

    The population's own weights count in both. ``state`` is ``too_few`` where a few customers hold so much
    that the effective number of respondents by value falls short of what a verdict needs.
    """
    sample, level = question.sample, question.settings.confidence_level
    if sample.value is None:
        raise ValueError(f"{sample.population} declares no value of its customers")
    design = sample.plain_design()
    try:
        weights = value_weights(design, sample.value)
        if not weights.any():
            raise ValueError(f"no customer has a positive {sample.value.name}")
        if question.test.kind == "gap":
            return _gap_by_value(question)
        if question.test.kind == "segmentation":
            return _segments_by_value(question, weights)
    except ValueError as why:
        none = Inference(n=sample.n, effective_n=0.0, df=0.0, state="not_available", reason=str(why))
        return WeightingDifference(first=none, second=none, state="not_available", reason=str(why))
    functional = FUNCTIONALS[question.test.kind](question, design)
    other = design.reweighted(weights)
    again = FUNCTIONALS[question.test.kind](question, other) if _enough(functional, other) else functional
    if again.state != "ok":
        functional = replace(functional, state=again.state, reason=f"by value: {again.reason}")
    return between_weightings(functional, design, weights, confidence_level=level, least=MINIMUM_N)


def _enough(functional: Functional, design: SurveyDesign) -> bool:
    return effective_n(design, functional.used) >= MINIMUM_N


def _short(size: float, n: int) -> WeightingDifference:
    reason = f"by value the effective n is {size:.1f} < {MINIMUM_N}: a few respondents hold most of the value"
    none = Inference(n=n, effective_n=size, df=0.0, state="too_few", reason=reason)
    return WeightingDifference(first=none, second=none, state="too_few", reason=reason)


def _gap_by_value(question: Question) -> WeightingDifference:
    first, second = _gap_samples(question, by_value=True)
    for sample in (first, second):
        own = sample.designs()[1]
        size = effective_n(own, sample.values.notna().to_numpy())
        if size < MINIMUM_N:
            return _short(size, question.sample.n)
    plain, valued, between = weighted_gap(first, second, confidence_level=question.settings.confidence_level)
    return WeightingDifference(
        first=plain,
        second=valued,
        difference=between.estimate,
        std_error=between.std_error,
        df=between.df,
        interval=between.interval,
        state=between.state,
        reason=between.reason,
    )


def _segments_by_value(question: Question, weights: Array) -> WeightingDifference:
    starts = [deepcopy(question.rng) for _ in range(2)]
    design = _replicates(question)
    level = question.settings.confidence_level
    worth = np.divide(weights, design.weights, out=np.zeros_like(weights), where=design.weights > 0)
    valued = replace(design, weights=weights, replicates=design.replicates * worth[:, None])
    plain = _segments(question, design, starts[0])
    size = effective_n(valued, np.ones(len(weights), dtype=bool))
    if size < MINIMUM_N:
        return replace(_short(size, plain.found.n), first=plain.found)
    second = _segments(question, valued, starts[1])
    for found in (plain, second):
        if found.replicates is None or found.found.estimate is None:
            state, reason = found.found.state, found.found.reason
            return WeightingDifference(first=plain.found, second=second.found, state=state, reason=reason)
    moved = np.asarray(second.replicates) - np.asarray(plain.replicates)
    deviation = moved - moved.mean()
    error = float(np.sqrt((design.scale * design.replicate_scales * deviation**2).sum()))
    difference = float(second.found.estimate or 0.0) - float(plain.found.estimate or 0.0)
    state, reason = why_not(error, design.df)
    return WeightingDifference(
        first=plain.found,
        second=second.found,
        difference=difference,
        std_error=error,
        df=design.df,
        interval=t_interval(difference, error, design.df, level) if state == "ok" else None,
        state=state,
        reason=reason,
    )
