"""Carries out the tests that a study declares: one function per kind of test.

Every kind ends in an :class:`Estimate`: the effect on the scale of its smallest effect of interest,
its interval, and a tail function that is the dual of the interval (``analysis.minimum_effect``).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.bootstrap import BootstrapDistribution
from analysis.correlations import CorrelationMethod, correlate
from analysis.crosstabs import association
from analysis.drivers import added_value, key_drivers
from analysis.hypotheses import Evidence, Reason
from analysis.inputs import Sample
from analysis.invariance.comparability import comparability, comparability_between
from analysis.latent_effects import LatentEffect, latent_indirect, latent_path, latent_trend
from analysis.means import RobustEffect, mean_against, mean_difference, within_contrast
from analysis.mediation import mediate
from analysis.minimum_effect import (
    Tail,
    fisher_tail,
    minimum_effect,
    normal_tail,
    t_tail,
)
from analysis.questions import (
    MINIMUM_ALPHA,
    MINIMUM_N,
    Estimate,
    Question,
    Settings,
    items_of,
    midpoint,
    scale_bounds,
)
from analysis.regression import moderate, regress
from analysis.reliability import cronbach_alpha
from analysis.repeated import cochran_q, friedman
from analysis.segmentation import compare_with_rule
from analysis.trend import kendall_tau_b
from analysis.weighted.tests import weighted_alpha, weighted_estimate
from analysis.weighting import weights_given_by
from surveys.study import DeclaredTest, Study, TestKind


@weights_given_by("analysis.inputs.sample_of")
def gather(
    study: Study,
    samples: Mapping[str, Sample],
    settings: Settings,
    *,
    only: str | None = None,
    known: Mapping[str, Sequence[Evidence]] | None = None,
) -> dict[str, tuple[Evidence, ...]]:
    """Carry out all declared tests of a study.

    Parameters
    ----------
    study : Study
    samples : mapping
        Population id -> sample; a test whose population is not there yields a failed condition.
    settings : Settings
    only, known : optional
        Redo only the tests that involve the population ``only``, taking the others from ``known``.
    """
    gathered: dict[str, tuple[Evidence, ...]] = {}
    for hypothesis in study.hypotheses:
        found = []
        for position, test in enumerate(hypothesis.tests):
            involved = {test.population, *test.variables.get("versus_population", ())}
            if known is not None and only not in involved:
                found.append(known[hypothesis.id][position])
            else:
                found.append(_evidence(study, hypothesis.id, position, test, samples, settings))
        gathered[hypothesis.id] = tuple(found)
    return gathered


def _evidence(
    study: Study,
    hypothesis: str,
    position: int,
    test: DeclaredTest,
    samples: Mapping[str, Sample],
    settings: Settings,
) -> Evidence:
    involved = (test.population, *test.variables.get("versus_population", ()))
    for id_ in involved:
        if id_ not in samples:
            return _failed(hypothesis, position, test, "no_data", id_)
    sample = samples[test.population]
    other = samples[involved[1]] if len(involved) > 1 else None
    absent = [name for name, of in _used(test) if name not in (other if of and other else sample).frame]
    if absent:
        return _failed(hypothesis, position, test, "no_answers", ", ".join(absent))
    seed = [settings.seed, zlib.crc32(f"{hypothesis}/{position}".encode())]
    question = Question(
        test=test,
        population=study.populations[test.population],
        sample=sample,
        other=other,
        settings=settings,
        rng=np.random.default_rng(seed),
    )
    estimated = carried_out(question)
    failed = list(_failed_conditions(question, estimated, position, study))
    judged = None
    if not failed and estimated.interval is not None and estimated.tail is not None:
        judged = minimum_effect(
            estimated.interval, estimated.tail, bound=test.smallest_effect, direction=test.direction
        )
    return Evidence(
        hypothesis=hypothesis,
        position=position,
        test=test,
        measure=MEASURES[test.kind],
        method=estimated.method,
        n=estimated.n,
        estimate=estimated.estimate,
        std_error=estimated.std_error,
        interval=estimated.interval,
        judged=judged,
        failed=tuple(failed),
        result=estimated.result,
    )


@weights_given_by("analysis.inputs.sample_of")
def carried_out(question: Question) -> Estimate:
    """The test as declared: under the design of its samples where one is declared, plainly otherwise."""
    if question.under_design:
        return weighted_estimate(question)
    return ESTIMATORS[question.test.kind](question)


def _failed(hypothesis: str, position: int, test: DeclaredTest, word: str, details: str) -> Evidence:
    return Evidence(
        hypothesis=hypothesis,
        position=position,
        test=test,
        measure=MEASURES[test.kind],
        method="not carried out",
        n=0,
        estimate=None,
        std_error=None,
        interval=None,
        judged=None,
        failed=(Reason(word=word, test=position, details=details),),
    )


def _used(test: DeclaredTest) -> list[tuple[str, bool]]:
    """Names of columns that a test needs; True where the other population has to have it."""
    words = ("method", "reference", "versus_population", "item")
    return [
        (name, role == "versus")
        for role, names in test.variables.items()
        if role not in words
        for name in names
    ]


def _failed_conditions(
    question: Question, estimated: Estimate, position: int, study: Study
) -> Sequence[Reason]:
    failed = []
    if estimated.n < MINIMUM_N:
        failed.append(Reason(word="too_few", test=position, details=f"n = {estimated.n} < {MINIMUM_N}"))
    elif estimated.effective_n is not None and estimated.effective_n < MINIMUM_N:
        few = f"effective n = {estimated.effective_n:.1f} < {MINIMUM_N}"
        failed.append(Reason(word="too_few", test=position, details=few))
    if estimated.state != "ok" or estimated.interval is None or estimated.tail is None:
        failed.append(Reason(word=estimated.state, test=position, details=estimated.reason))
    for sample in (question.sample, question.other):
        if sample is not None and sample.sampling is not None and sample.design is None:
            trouble = f"{sample.population}: {sample.sampling.trouble}"
            failed.append(Reason(word="weighted", test=position, details=trouble))
    if question.test.kind == "trend":
        failed.extend(_not_comparable(question, position))
    if question.test.kind == "gap":
        failed.extend(_not_comparable_between(question, position))
    for name, of_other in _used(question.test):
        sample = question.other if of_other and question.other is not None else question.sample
        questionnaire = study.populations[sample.population].questionnaire
        if not questionnaire.has_construct(name) or len(questionnaire.construct(name).items) < 2:
            continue
        alpha = (
            cronbach_alpha(sample.item_frame(name), construct=name)
            if sample.design is None
            else weighted_alpha(sample.item_frame(name), sample.design, construct=name)
        )
        if alpha.estimate is None or alpha.state != "ok":
            failed.append(Reason(word="unreliable", test=position, details=f"{name}: {alpha.reason}"))
        elif alpha.estimate < MINIMUM_ALPHA:
            failed.append(
                Reason(
                    word="unreliable",
                    test=position,
                    details=f"{name}: alpha = {alpha.estimate:.2f} < {MINIMUM_ALPHA:.2f}",
                )
            )
    return failed


def _not_comparable(question: Question, position: int) -> Sequence[Reason]:
    """Constructs that the groups do not understand alike, so that their order says nothing."""
    failed = []
    for name in question.names("outcome"):
        if not question.population.questionnaire.has_construct(name):
            continue
        found = comparability(question.sample.item_frame(name), question.groups(), construct=name)
        if found.comparable == "no":
            failed.append(Reason(word="not_invariant", test=position, details=f"{name}: {found.reason}"))
    return failed


def _not_comparable_between(question: Question, position: int) -> Sequence[Reason]:
    """A construct that two populations do not understand alike, so that their gap says nothing."""
    name, versus = question.names("variable")[0], question.names("versus")[0]
    other = question.other
    if other is None or not question.sample.questionnaire.has_construct(name):
        return []
    if not other.questionnaire.has_construct(versus):
        return []
    found = comparability_between(
        question.sample.item_frame(name),
        other.item_frame(versus),
        construct=name,
        populations=(question.sample.population, other.population),
    )
    if found.comparable != "no":
        return []
    return [Reason(word="not_invariant", test=position, details=f"{name}: {found.reason}")]


def _bootstrapped(distribution: BootstrapDistribution | None) -> Tail | None:
    if distribution is None:
        return None
    return lambda value, upper: distribution.tail(value, upper=upper)


def _robust_tail(estimate: float | None, robust: RobustEffect | None) -> Tail | None:
    if estimate is None or robust is None:
        return None
    return t_tail(estimate, robust.std_error, robust.df)


def _path(question: Question) -> Estimate:
    names = (*question.names("predictor"), *question.names("controls"))
    predictors = pd.DataFrame({name: question.sample.variable(name) for name in names})
    result = regress(
        question.one("outcome"),
        predictors,
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    shared: dict[str, Any] = {"method": result.method, "n": result.n, "result": result}
    if result.state != "ok" or result.df is None:
        return Estimate(**shared, state=result.state, reason=result.reason)
    term = result.term(names[0])
    return Estimate(
        **shared,
        estimate=term.estimate,
        std_error=term.std_error,
        interval=term.interval,
        tail=t_tail(term.estimate, term.std_error, result.df),
    )


def _indirect(question: Question) -> Estimate:
    result = mediate(
        question.one("predictor"),
        question.several("mediators"),
        question.one("outcome"),
        rng=question.rng,
        resamples=question.settings.resamples,
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method=f"percentile bootstrap, {result.resamples} resamples",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.distribution is None else result.distribution.std_error,
        interval=result.interval,
        tail=_bootstrapped(result.distribution),
        state=result.state,
        reason=result.reason,
    )


def _trend(question: Question) -> Estimate:
    result = kendall_tau_b(
        question.one("outcome"), question.groups(), confidence_level=question.settings.confidence_level
    )
    tail = None
    if result.estimate is not None and result.std_error:
        tail = normal_tail(result.estimate, result.std_error)
    return Estimate(
        method="Kendall's tau-b, asymptotic interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=result.std_error,
        interval=result.interval,
        tail=tail,
        state=result.state,
        reason=result.reason,
    )


def _association(question: Question) -> Estimate:
    result = association(
        question.one("variable"), question.groups(), confidence_level=question.settings.confidence_level
    )
    free = result.distribution_free
    return Estimate(
        method="Cramér's V, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.cramers_v,
        interval=result.distribution_free_interval,
        tail=None if free is None else lambda value, upper: free.tail(max(value, 0.0) ** 2, upper=upper),
        state=result.state,
        reason=result.reason,
    )


def _contrast(question: Question) -> Estimate:
    result = within_contrast(
        question.several("plus"),
        question.several("minus"),
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="d_z, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.robust is None else result.robust.std_error,
        interval=None if result.robust is None else result.robust.interval,
        tail=_robust_tail(result.estimate, result.robust),
        state=result.state,
        reason=result.reason,
    )


def _mean(question: Question) -> Estimate:
    name = question.names("variable")[0]
    given = question.names("reference")
    reference = float(given[0]) if given else midpoint(question.population.questionnaire, name)
    result = mean_against(
        question.one("variable"),
        reference,
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="one-sample d, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.robust is None else result.robust.std_error,
        interval=None if result.robust is None else result.robust.interval,
        tail=_robust_tail(result.estimate, result.robust),
        state=result.state,
        reason=result.reason,
    )


def _gap(question: Question) -> Estimate:
    if question.other is None:
        raise ValueError("a gap needs a second population")
    second = question.other.variable(question.names("versus")[0])
    result = mean_difference(
        question.one("variable"),
        second,
        clusters_first=question.sample.clusters,
        clusters_second=question.other.clusters,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="Hedges' g, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.robust is None else result.robust.std_error,
        interval=None if result.robust is None else result.robust.interval,
        tail=_robust_tail(result.estimate, result.robust),
        state=result.state,
        reason=result.reason,
    )


def _drivers(question: Question) -> Estimate:
    names = question.names("predictors")
    result = key_drivers(
        question.one("outcome"),
        question.several("predictors"),
        rng=question.rng,
        resamples=min(question.settings.resamples, 1000),
        bounds={name: scale_bounds(question.population.questionnaire, name) for name in names},
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="adjusted R squared, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.adjusted_r_squared,
        std_error=result.std_error,
        interval=result.interval,
        tail=result.tail(),
        state=result.state,
        reason=result.reason,
    )


def _correlation(question: Question) -> Estimate:
    method: CorrelationMethod = "spearman" if question.names("method") == ("spearman",) else "pearson"
    level = question.settings.confidence_level
    result = correlate(question.one("x"), question.one("y"), method=method, confidence_level=level)
    tail, error = None, None
    if result.estimate is not None and result.interval is not None:
        width = math.atanh(result.interval.high) - math.atanh(result.interval.low)
        error = width / 2 / float(norm.isf((1 - level) / 2))
        tail = fisher_tail(result.estimate, error)
    return Estimate(
        method=f"{method} correlation, Fisher's z interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        interval=result.interval,
        tail=tail,
        state=result.state,
        reason=result.reason,
    )


def _moderation(question: Question) -> Estimate:
    result = moderate(
        question.one("outcome"),
        question.one("predictor"),
        question.one("moderator"),
        clusters=question.sample.clusters,
        confidence_level=question.settings.confidence_level,
    )
    tail = None
    if result.estimate is not None and result.std_error and result.df is not None:
        tail = t_tail(result.estimate, result.std_error, result.df)
    return Estimate(
        method=result.method,
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=result.std_error,
        interval=result.interval,
        tail=tail,
        state=result.state,
        reason=result.reason,
    )


def _added_value(question: Question) -> Estimate:
    result = added_value(
        question.one("outcome"),
        question.several("base"),
        question.several("added"),
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="gain in adjusted R squared, distribution-free interval",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=result.std_error,
        interval=result.interval,
        tail=result.tail(),
        state=result.state,
        reason=result.reason,
    )


def _repeated(question: Question) -> Estimate:
    if question.names("item"):
        item = question.population.questionnaire.item(question.names("item")[0])
        columns = pd.DataFrame({name: question.sample.variable(name) for name in item.columns})
    else:
        columns = question.several("columns")
    compare = cochran_q if columns.isin([0, 1]).where(columns.notna(), True).all(axis=None) else friedman
    result = compare(
        columns,
        rng=question.rng,
        resamples=question.settings.resamples,
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method=result.method,
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.distribution is None else result.distribution.std_error,
        interval=result.interval,
        tail=_bootstrapped(result.distribution),
        state=result.state,
        reason=result.reason,
    )


def _segmentation(question: Question) -> Estimate:
    result = compare_with_rule(
        question.one("rule"),
        question.several("features"),
        question.several("outcomes"),
        rng=question.rng,
        resamples=min(question.settings.resamples, 1000),
        confidence_level=question.settings.confidence_level,
    )
    return Estimate(
        method="k-means, percentile bootstrap with segments found anew",
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=None if result.distribution is None else result.distribution.std_error,
        interval=result.interval,
        tail=_bootstrapped(result.distribution),
        state=result.state,
        reason=result.reason,
    )


def _latent_path(question: Question) -> Estimate:
    predictor, outcome, controls = (
        question.names("predictor")[0],
        question.names("outcome")[0],
        question.names("controls"),
    )
    items, constructs = items_of(question, (predictor, *controls, outcome))
    return _latent(
        latent_path(
            items,
            constructs,
            predictor=predictor,
            outcome=outcome,
            controls=controls,
            clusters=question.sample.clusters,
            confidence_level=question.settings.confidence_level,
        )
    )


def _latent_indirect(question: Question) -> Estimate:
    predictor, outcome = question.names("predictor")[0], question.names("outcome")[0]
    items, constructs = items_of(question, (predictor, *question.names("mediators"), outcome))
    return _latent(
        latent_indirect(
            items,
            constructs,
            predictor=predictor,
            mediators=question.names("mediators"),
            outcome=outcome,
            clusters=question.sample.clusters,
            confidence_level=question.settings.confidence_level,
        )
    )


def _latent_trend(question: Question) -> Estimate:
    construct = question.names("outcome")[0]
    items, _ = items_of(question, (construct,))
    return _latent(
        latent_trend(
            items,
            question.groups(),
            construct=construct,
            confidence_level=question.settings.confidence_level,
        )
    )


def _latent(result: LatentEffect) -> Estimate:
    tail = None
    if result.estimate is not None and result.std_error:
        tail = normal_tail(result.estimate, result.std_error)
    return Estimate(
        method=result.method,
        n=result.n,
        result=result,
        estimate=result.estimate,
        std_error=result.std_error,
        interval=result.interval,
        tail=tail,
        state=result.state,
        reason=result.reason,
    )


ESTIMATORS: Mapping[TestKind, Callable[[Question], Estimate]] = {
    "path": _path,
    "indirect": _indirect,
    "trend": _trend,
    "association": _association,
    "contrast": _contrast,
    "mean": _mean,
    "gap": _gap,
    "drivers": _drivers,
    "correlation": _correlation,
    "moderation": _moderation,
    "added_value": _added_value,
    "repeated": _repeated,
    "segmentation": _segmentation,
    "latent_path": _latent_path,
    "latent_indirect": _latent_indirect,
    "latent_trend": _latent_trend,
}
MEASURES: Mapping[TestKind, str] = {
    "path": "standardized_coefficient",
    "indirect": "standardized_indirect_effect",
    "trend": "tau_b",
    "association": "cramers_v",
    "contrast": "d_z",
    "mean": "d",
    "gap": "hedges_g",
    "drivers": "r_squared",
    "correlation": "correlation",
    "moderation": "standardized_coefficient",
    "added_value": "gain_in_r_squared",
    "repeated": "effect_size",
    "segmentation": "gain_in_eta_squared",
    "latent_path": "latent_coefficient",
    "latent_indirect": "latent_indirect_effect",
    "latent_trend": "latent_mean_difference",
}
