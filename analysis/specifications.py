"""Whether a finding hangs on how it was analysed: every declared test under all defensible choices.

A specification curve (Simonsohn, Simmons & Nelson [1]_) repeats a test for every combination of choices that
could have been made differently with as good reasons. The choices considered here:

``screening``
    All rules; each rule that alone sets somebody aside left out; no rule. Consent is never left out.
``statistic``
    By means or by ranks (``analysis.rank_versions``, under a design ``analysis.weighted.ranks``), and between
    scores or between the latent constructs that they measure (``analysis.latent_effects``), for kinds of test
    that have such versions.
``scores``
    Constructs from at least the share of items that the questionnaire asks for, or from all of them.
``controls``
    As declared, or none, where the test declares controls.
``weights``
    Estimates under the sampling design, or of respondents who all count alike, where a design is declared.
``clusters``
    Errors that count branches, or that take respondents for independent, where branches are known; for a
    path also a random intercept of branches (``analysis.mixed.standardized``), which compares respondents
    within branches more than across them.

Choices that are none are left out of the count: two analyses that must give the same numbers are not two
analyses. What would have been an analysis but cannot be run is kept with the reason.

References
----------
.. [1] Simonsohn, U., Simmons, J. P., & Nelson, L. D. (2020). Specification curve analysis. Nature Human
   Behaviour, 4, 1208-1214.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from analysis.declared_tests import MEASURES, carried_out
from analysis.inputs import Sample, sample_of
from analysis.minimum_effect import Tail, minimum_effect, t_tail
from analysis.mixed.standardized import standardized_mixed_model
from analysis.questions import MINIMUM_N, Estimate, Question, Settings, midpoint
from analysis.rank_versions import (
    RankVersion,
    cliffs_delta,
    linear_trend,
    rank_biserial,
    rank_coefficient,
)
from analysis.specification_curve import Specification, SpecificationCurve
from analysis.weighted.ranks import (
    weighted_cliffs_delta,
    weighted_linear_trend,
    weighted_rank_biserial,
    weighted_rank_coefficient,
)
from analysis.weighted.results import WEIGHTED
from analysis.weighted.segmentation import METHOD as WEIGHTED_SEGMENTS
from analysis.weighted.tests import weighted_estimate
from analysis.weighting import weights_given_by
from surveys.responses import Responses
from surveys.screening import ALWAYS, Screening
from surveys.study import DeclaredTest, Study, TestKind

RESAMPLES = 500  #: of tests whose interval is a bootstrap
#: resamples of kinds that need fewer: the interval of R squared uses none, segments are slow to find
FEWER: Mapping[TestKind, int] = {"drivers": 20, "segmentation": 100}
#: kinds whose own estimators have errors that count branches; those of the others are the design's of a
#: sample of branches in which all respondents count alike
CLUSTERED: frozenset[TestKind] = frozenset(
    {
        "path",
        "indirect",
        "trend",
        "contrast",
        "mean",
        "gap",
        "drivers",
        "moderation",
        "latent_path",
        "latent_indirect",
    }
)
#: kinds that a structural equation model can estimate between the constructs, in the same unit
LATENT: Mapping[TestKind, TestKind] = {"path": "latent_path", "indirect": "latent_indirect"}
#: methods under a design, as they are called where all respondents of the sampled branches count alike
OF_BRANCHES: Mapping[str, str] = {
    WEIGHTED: "errors count branches",
    WEIGHTED_SEGMENTS: "k-means on z-scores, bootstrap of branches with segments found anew",
}
#: states of results that stand with a caution
STANDING = ("ok", "singular")


@weights_given_by("analysis.inputs.sample_of")
def specification_curves(
    study: Study,
    screenings: Mapping[str, Screening],
    *,
    resamples: int = RESAMPLES,
    hypotheses: Sequence[str] | None = None,
) -> tuple[SpecificationCurve, ...]:
    """Carry out every declared test under all defensible choices.

    Parameters
    ----------
    study : Study
    screenings : mapping
        Population id -> its answers with the declared rules applied, ``surveys.screening.screen``.
    resamples : int
        Of bootstrap intervals, fewer than for the verdicts because there are many analyses. Drivers use at
        most 20 (their interval of R squared is no bootstrap), segmentation at most 100.
    hypotheses : sequence of str, optional
        Only these; all unless given.

    Returns
    -------
    tuple of SpecificationCurve
        One a test, in the study's order. A test whose population or variables are absent has a single
        specification, with the reason.

    Notes
    -----
    Effects by ranks are translated to the unit of the declared effect (``analysis.rank_versions``), so one
    bound serves all specifications; a correlation by the other method keeps the bound as it is (for normal
    answers Pearson's and Spearman's differ by at most .018). A screening rule is left out in every population
    that the test involves. Reliability and comparability, which a verdict also stands on, are not examined
    again. Analyses share their respondents, so counts of them are no p-value.

    Examples
    --------
    >>> from surveys.screening import ALWAYS, screen
    >>> from surveys.simulation import load_population_model, simulate
    >>> study = Study.load("bank_tiering")
    >>> model = load_population_model("claims_hold", study)
    >>> answers = simulate(study, model, rng=np.random.default_rng(1))
    >>> screened = {id_: screen(answers[id_], study.populations[id_].screening) for id_ in answers}
    >>> (curve,) = specification_curves(study, screened, hypotheses=["H1"])
    >>> curve.n_hold, len(curve.run)
    (20, 20)
    """
    wanted = [h for h in study.hypotheses if hypotheses is None or h.id in hypotheses]
    unknown = set(hypotheses or ()) - {h.id for h in wanted}
    if unknown:
        known = ", ".join(h.id for h in study.hypotheses)
        raise KeyError(f"the study has no hypothesis {', '.join(sorted(unknown))}; it has {known}")
    settings = Settings(
        confidence_level=study.confidence_level,
        resamples=min(resamples, study.resamples),
        seed=study.seed,
        minimum_cell=study.minimum_cell,
    )
    samples = _samples(study, screenings)
    return tuple(
        SpecificationCurve(
            hypothesis=hypothesis.id,
            position=position,
            test=test,
            measure=MEASURES[test.kind],
            specifications=tuple(_specifications(study, hypothesis.id, position, test, samples, settings)),
        )
        for hypothesis in wanted
        for position, test in enumerate(hypothesis.tests)
    )


# ---------------------------------------------------------------- choices


@dataclass(frozen=True, slots=True, kw_only=True)
class _Samples:
    """Samples by population, screening and scores, made once."""

    screenings: Mapping[str, Screening]
    get: Callable[[str, str, str], Sample]

    def screening_choices(self, populations: Sequence[str]) -> tuple[str, ...]:
        """Those that change who is analysed, the declared one first."""
        met = [self.screenings[id_] for id_ in populations]
        alone = dict.fromkeys(
            rule.name
            for screening in met
            for rule in screening.ledger
            if rule.kind not in ALWAYS and rule.n_only_this_rule
        )
        choices = ["all_rules", *(f"without_{name}" for name in alone)]
        kept = [self.get(id_, choices[-1], "answered").n for id_ in populations]
        bare = [int(screening.usable.sum()) for screening in met]
        if any((screening.usable & ~screening.kept).any() for screening in met) and not (
            len(alone) == 1 and kept == bare
        ):
            choices.append("no_rules")
        return tuple(choices)


def _samples(study: Study, screenings: Mapping[str, Screening]) -> _Samples:
    @cache
    def get(population: str, screened: str, scores: str) -> Sample:
        screening = screenings[population]
        rule = screened.removeprefix("without_")
        mask = screening.kept
        if screened == "no_rules":
            mask = screening.usable
        elif rule != screened and rule in screening.flags:
            mask = screening.without(rule)
        responses = screening.responses.keep(mask)
        return sample_of(study.populations[population], _complete(responses, scores))

    return _Samples(screenings=screenings, get=get)


def _complete(responses: Responses, scores: str) -> Responses:
    if scores != "complete":
        return responses
    asked = responses.questionnaire
    strict = tuple(replace(construct, valid_share=1.0) for construct in asked.constructs)
    return replace(responses, questionnaire=replace(asked, constructs=strict))


def _choices(test: DeclaredTest, samples: _Samples, populations: Sequence[str]) -> Iterator[dict[str, str]]:
    first = [samples.get(id_, "all_rules", "answered") for id_ in populations]
    dimensions: dict[str, tuple[str, ...]] = {"screening": samples.screening_choices(populations)}
    dimensions["statistic"] = (_own_measure(test), *_twin(test), *_latent(test, first[0]))
    names = [name for role, of in test.variables.items() if role != "method" for name in of]
    partly = any(
        int(samples.get(sample.population, "no_rules", "answered").frame[name].notna().sum())
        != int(samples.get(sample.population, "no_rules", "complete").frame[name].notna().sum())
        for sample in first
        for name in names
        if sample.questionnaire.has_construct(name) and name in sample.frame
    )
    partly = partly and not test.kind.startswith("latent_")  # which read items, not scores
    dimensions["scores"] = ("answered", "complete") if partly else ("answered",)
    dimensions["controls"] = ("declared", "none") if test.variables.get("controls") else ("declared",)
    designed = any(sample.design is not None for sample in first)
    if designed:
        dimensions["weights"] = ("used", "ignored")
    if any(sample.clusters is not None for sample in first) and not designed:
        declared = "counted" if test.kind in CLUSTERED and test.kind != "trend" else "ignored"
        other = "ignored" if declared == "counted" else "counted"
        modelled = ("random_intercept",) if test.kind == "path" else ()
        dimensions["clusters"] = (declared, other, *modelled)
    for chosen in product(*dimensions.values()):
        choices = dict(zip(dimensions, chosen, strict=True))
        if choices.get("clusters") == "random_intercept" and choices["statistic"] != MEASURES["path"]:
            continue
        if choices["statistic"].startswith("latent_") and partly:
            if choices["scores"] == "complete":
                continue
            choices["scores"] = "items"
        yield choices


def _own_measure(test: DeclaredTest) -> str:
    if test.kind == "correlation":
        return "spearman" if test.variables.get("method") == ("spearman",) else "pearson"
    return MEASURES[test.kind]


def _latent(test: DeclaredTest, sample: Sample) -> tuple[str, ...]:
    names = [name for role in ("predictor", "mediators", "outcome") for name in test.variables.get(role, ())]
    several = [
        name
        for name in names
        if sample.questionnaire.has_construct(name) and len(sample.questionnaire.construct(name).items) > 1
    ]
    return (MEASURES[LATENT[test.kind]],) if test.kind in LATENT and several else ()


def _twin(test: DeclaredTest) -> tuple[str, ...]:
    if test.kind == "correlation":
        return ("pearson" if _own_measure(test) == "spearman" else "spearman",)
    twins: Mapping[str, str] = {
        "path": "rank_coefficient",
        "trend": "linear_trend",
        "contrast": "rank_biserial",
        "mean": "rank_biserial",
        "gap": "cliffs_delta",
    }
    return (twins[test.kind],) if test.kind in twins else ()


# ---------------------------------------------------------------- analyses


def _specifications(
    study: Study,
    hypothesis: str,
    position: int,
    test: DeclaredTest,
    samples: _Samples,
    settings: Settings,
) -> Iterator[Specification]:
    populations = (test.population, *test.variables.get("versus_population", ()))
    trouble = _absent(test, samples, populations)
    if trouble:
        yield _not_carried_out({"screening": "all_rules", "statistic": _own_measure(test)}, 0, *trouble, True)
        return
    fewer = replace(settings, resamples=min(settings.resamples, FEWER.get(test.kind, settings.resamples)))
    for place, choices in enumerate(_choices(test, samples, populations)):
        chosen = [samples.get(id_, choices["screening"], choices["scores"]) for id_ in populations]
        if choices.get("weights") == "ignored":
            chosen = [replace(sample, sampling=None) for sample in chosen]
        if choices.get("clusters") == "ignored":
            chosen = [replace(sample, clusters=None) for sample in chosen]
        variables = dict(test.variables)
        if choices["controls"] == "none":
            variables.pop("controls", None)
        if test.kind == "correlation":
            variables["method"] = (choices["statistic"],)
        named = "/".join((hypothesis, str(position), *_drawn_alike(test, choices).values()))
        question = Question(
            test=replace(test, variables=variables),
            population=study.populations[test.population],
            sample=chosen[0],
            other=chosen[1] if len(chosen) > 1 else None,
            settings=fewer,
            rng=np.random.default_rng([settings.seed, zlib.crc32(named.encode())]),
        )
        yield _specification(question, choices, declared=place == 0)


def _drawn_alike(test: DeclaredTest, choices: Mapping[str, str]) -> Mapping[str, str]:
    """Choices that name the random numbers: segments start alike whether or not errors count branches."""
    return {**choices, "clusters": "ignored"} if "clusters" in choices and _by_design(test) else choices


def _by_design(test: DeclaredTest) -> bool:
    """Whether errors that count branches are those of a sample of branches."""
    return test.kind not in CLUSTERED


def _not_carried_out(
    choices: Mapping[str, str], n: int, state: str, reason: str, declared: bool
) -> Specification:
    return Specification(
        choices=choices, declared=declared, method="not carried out", n=n, state=state, reason=reason
    )


def _no_branches(question: Question, choices: Mapping[str, str]) -> tuple[str, str] | None:
    """Why an analysis whose errors are to count branches by way of a design cannot be."""
    if not _counted_by_design(question.test, choices):
        return None
    if question.test.kind == "latent_trend":
        return "not_available", "latent means of ordered items have no error here that counts branches"
    clusters = question.sample.clusters
    branches = 0 if clusters is None else clusters.nunique()
    return ("too_few", f"branches known: {branches}; errors that count them need 2") if branches < 2 else None


def _counted_by_design(test: DeclaredTest, choices: Mapping[str, str]) -> bool:
    counted = choices.get("clusters") == "counted"
    return counted and (_by_design(test) or choices["statistic"] == MEASURES["trend"])


def _absent(test: DeclaredTest, samples: _Samples, populations: Sequence[str]) -> tuple[str, str] | None:
    for id_ in populations:
        if id_ not in samples.screenings:
            return "no_data", f"no answers of {id_}"
    given = {id_: samples.get(id_, "all_rules", "answered") for id_ in populations}
    for id_, sample in given.items():
        if sample.sampling is not None and sample.design is None:
            return "weighted", f"{id_}: {sample.sampling.trouble}"
    words = ("method", "reference", "versus_population", "item")
    absent = [
        name
        for role, names in test.variables.items()
        if role not in words
        for name in names
        if name not in given[populations[-1] if role == "versus" else test.population].frame
    ]
    return ("no_answers", ", ".join(absent)) if absent else None


def _specification(question: Question, choices: Mapping[str, str], *, declared: bool) -> Specification:
    kind, test = question.test.kind, question.test
    latent = kind in LATENT and choices["statistic"] == MEASURES[LATENT[kind]]
    twin = kind in TWINS and not latent and choices["statistic"] != MEASURES[kind]
    without = _no_branches(question, choices)
    if without:
        return _not_carried_out(choices, question.sample.n, *without, declared)
    own: float | None
    tail: Tail | None
    found: RankVersion | Estimate
    if twin:
        found = TWINS[kind](question)
        own, tail = found.own_estimate, None
        if found.estimate is not None and found.std_error is not None and found.df is not None:
            tail = t_tail(found.estimate, found.std_error, found.df)
    else:
        found = _estimate(question, choices, latent=latent)
        own, tail = found.estimate, found.tail
    state, reason = found.state, found.reason
    if state in STANDING and found.n < MINIMUM_N:
        state, reason = "too_few", f"n = {found.n} < {MINIMUM_N}"
    if state in STANDING and (found.interval is None or tail is None):
        state, reason = "no_error", "the estimate has no interval"
    judged = None
    if state in STANDING and found.interval is not None and tail is not None:
        judged = minimum_effect(found.interval, tail, bound=test.smallest_effect, direction=test.direction)
    return Specification(
        choices=choices,
        declared=declared,
        method=found.method,
        n=found.n,
        estimate=found.estimate,
        interval=found.interval,
        own_estimate=own,
        zone=None if judged is None else judged.zone,
        p_value=None if judged is None else judged.p_value,
        state=state,
        reason=reason,
    )


def _estimate(question: Question, choices: Mapping[str, str], *, latent: bool) -> Estimate:
    """The effect by means, ranks of a correlation, or between constructs, with branches as chosen."""
    kind, clusters = question.test.kind, choices.get("clusters")
    if latent:
        return carried_out(replace(question, test=replace(question.test, kind=LATENT[kind])))
    if clusters == "random_intercept":
        return _random_intercept(question)
    if _counted_by_design(question.test, choices):
        found = weighted_estimate(question)
        method = found.method
        for design, branches in OF_BRANCHES.items():
            method = method.replace(design, branches)
        return replace(found, method=method)
    return carried_out(question)


def _random_intercept(question: Question) -> Estimate:
    """A path with a random intercept of branches."""
    names = (*question.names("predictor"), *question.names("controls"))
    clusters = question.sample.clusters
    if clusters is None:
        raise ValueError(f"{question.sample.population} has no branches")
    model = standardized_mixed_model(
        question.one("outcome"),
        pd.DataFrame({name: question.sample.variable(name) for name in names}),
        clusters,
        spread_intervals="none",
        confidence_level=question.settings.confidence_level,
    )
    found = Estimate(
        method="random intercept of branches, REML on z-scores, Satterthwaite's degrees of freedom",
        n=model.n,
        result=model,
        state=model.state,
        reason=model.reason,
    )
    if not model.effects:
        return found
    effect = model.effect(names[0])
    return replace(
        found,
        estimate=effect.estimate,
        std_error=effect.std_error,
        interval=effect.interval,
        tail=t_tail(effect.estimate, effect.std_error, effect.df),
    )


def _path_by_ranks(question: Question) -> RankVersion:
    names = (*question.names("predictor"), *question.names("controls"))
    outcome = question.one("outcome")
    predictors = pd.DataFrame({name: question.sample.variable(name) for name in names})
    level = question.settings.confidence_level
    if question.under_design:
        design = question.sample.plain_design()
        return weighted_rank_coefficient(outcome, predictors, design, confidence_level=level)
    clusters = question.sample.clusters
    return rank_coefficient(outcome, predictors, clusters=clusters, confidence_level=level)


def _trend_by_means(question: Question) -> RankVersion:
    outcome, groups, level = question.one("outcome"), question.groups(), question.settings.confidence_level
    if question.under_design:
        design = question.sample.plain_design()
        return weighted_linear_trend(outcome, groups, design, confidence_level=level)
    return linear_trend(outcome, groups, clusters=question.sample.clusters, confidence_level=level)


def _contrast_by_ranks(question: Question) -> RankVersion:
    plus, minus = question.several("plus"), question.several("minus")
    difference = plus.mean(axis="columns", skipna=False) - minus.mean(axis="columns", skipna=False)
    return _signed_ranks(question, difference)


def _mean_by_ranks(question: Question) -> RankVersion:
    name, given = question.names("variable")[0], question.names("reference")
    reference = float(given[0]) if given else midpoint(question.population.questionnaire, name)
    return _signed_ranks(question, question.one("variable") - reference)


def _signed_ranks(question: Question, differences: pd.Series) -> RankVersion:
    level = question.settings.confidence_level
    if question.under_design:
        design = question.sample.plain_design()
        return weighted_rank_biserial(differences.rename("difference"), design, confidence_level=level)
    return rank_biserial(differences, clusters=question.sample.clusters, confidence_level=level)


def _gap_by_ranks(question: Question) -> RankVersion:
    if question.other is None:
        raise ValueError("a gap needs a second population")
    first, second = question.one("variable"), question.other.variable(question.names("versus")[0])
    level = question.settings.confidence_level
    if question.under_design:
        designs = question.sample.plain_design(), question.other.plain_design()
        return weighted_cliffs_delta(first, second, *designs, confidence_level=level)
    return cliffs_delta(
        first,
        second,
        clusters_first=question.sample.clusters,
        clusters_second=question.other.clusters,
        confidence_level=level,
    )


TWINS: Mapping[TestKind, Callable[[Question], RankVersion]] = {
    "path": _path_by_ranks,
    "trend": _trend_by_means,
    "contrast": _contrast_by_ranks,
    "mean": _mean_by_ranks,
    "gap": _gap_by_ranks,
}
