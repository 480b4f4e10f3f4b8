"""Everything that is found out about a study, gathered under one roof.

``find`` runs every analysis that the study asks for and returns :class:`Findings`. Each number in
it has an address: :func:`entry_id`, the key under which ``results.json`` lists it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pandas as pd

from analysis.banners.declared import DeclaredBanner, declared_banner
from analysis.by_value import ValueEffect, value_effects
from analysis.correlations import CorrelationMatrix, correlation_matrix
from analysis.crosstabs import MultipleResponse, multiple_response
from analysis.declared_tests import MEASURES, gather
from analysis.descriptives import AnswerShares, Descriptives, answer_shares, describe
from analysis.families import Family, corrected_over_families
from analysis.groups import GroupComparison, compare_groups
from analysis.hypotheses import Evidence, Verdict, judge
from analysis.inputs import Sample, sample_of
from analysis.invariance.comparability import Comparability, comparability, comparability_between
from analysis.means import MeanDifference, mean_difference
from analysis.measurement import Measurement, measured
from analysis.missing.answers import MissingAnswers, missing_answers
from analysis.nps import NetPromoterScore, net_promoter_score
from analysis.open_answers import OpenAnswers, open_answers
from analysis.profile import Frequencies, frequencies
from analysis.questions import Settings
from analysis.reliability import CronbachAlpha, cronbach_alpha
from analysis.results import Entry, Tabular
from analysis.sampling import WeightDiagnostics
from analysis.specification_curve import SpecificationCurve
from analysis.specifications import specification_curves
from analysis.tier_views import TierViews, tier_views
from analysis.trend import JonckheereTerpstra, KendallTauB, jonckheere_terpstra, kendall_tau_b
from analysis.waves.findings import WaveFindings, wave_findings
from analysis.weighted.descriptives import (
    weighted_answer_shares,
    weighted_correlation_matrix,
    weighted_descriptions,
    weighted_frequencies,
    weighted_group_comparison,
    weighted_mean_difference,
    weighted_multiple_response,
    weighted_net_promoter,
    weighted_trend,
)
from analysis.weighting import no_estimate, weights_given_by
from surveys.questionnaire import Item
from surveys.responses import Responses
from surveys.screening import ALWAYS, Screening, screen
from surveys.study import Parallel, Population, Study
from surveys.waves import split_waves


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationFindings:
    """What was found out about one population."""

    population: Population
    responses: Responses  #: as read, before screening; of the last wave where there are several
    screening: Screening
    sample: Sample  #: the respondents analysed
    profile: tuple[Frequencies, ...]
    numbers: Descriptives  #: of the profile's and the records' numbers
    items: Descriptives
    constructs: Descriptives
    shares: Mapping[str, AnswerShares]  #: construct id -> answers to its items, as given
    reliability: tuple[CronbachAlpha, ...]
    measurement: Measurement | None
    comparability: tuple[Comparability, ...]  #: of the constructs between the groups
    correlations: CorrelationMatrix | None
    comparisons: tuple[GroupComparison, ...]
    trends: tuple[tuple[JonckheereTerpstra, KendallTauB], ...]
    multiple: tuple[MultipleResponse, ...]
    recommend: NetPromoterScore | None
    banners: tuple[DeclaredBanner, ...] = ()
    missing: MissingAnswers | None = None  #: among the items of constructs
    open_answers: tuple[OpenAnswers, ...] = ()
    waves: WaveFindings | None = None  #: what changed; all else here is about the last wave
    weights: WeightDiagnostics | None = None  #: where the population declares a sampling design

    @property
    def id(self) -> str:
        return self.population.id

    def results(self) -> Iterator[tuple[str, Tabular]]:
        """Every result with the section it belongs to."""
        if self.weights is not None:
            yield "weights", self.weights
        for frequency in self.profile:
            yield "profile", frequency
        yield "numbers", self.numbers
        yield "items", self.items
        yield "constructs", self.constructs
        for shares in self.shares.values():
            yield "answers", shares
        for alpha in self.reliability:
            yield "reliability", alpha
        if self.measurement is not None:
            yield "measurement", self.measurement
        for comparable in self.comparability:
            yield "invariance", comparable
        if self.correlations is not None:
            yield "correlations", self.correlations
        for comparison in self.comparisons:
            yield "groups", comparison
        for jonckheere, tau in self.trends:
            yield "trend", jonckheere
            yield "trend", tau
        for multiple in self.multiple:
            yield "multiple", multiple
        if self.recommend is not None:
            yield "recommend", self.recommend
        for made in self.banners:
            yield f"banners.{made.plan.id}", made
        if self.missing is not None:
            yield "missing", self.missing
        for told in self.open_answers:
            yield from told.results()
        if self.waves is not None:
            yield from self.waves.results()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The same thing as two populations see it: first minus second."""

    parallel: Parallel
    first: str
    second: str
    difference: MeanDifference
    comparability: Comparability | None = None  #: of a construct of several items, between the populations


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffect:
    """What becomes of the verdicts when one screening rule is not applied."""

    population: str
    rule: str  #: ``all`` when no rule is applied
    n: int  #: respondents analysed then
    changed: Mapping[str, tuple[str, str]]  #: hypothesis -> (verdict with, verdict without the rule)
    outcomes: Mapping[str, str]  #: hypothesis -> verdict without the rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that is found out about a study."""

    study: Study
    populations: Mapping[str, PopulationFindings]
    gaps: tuple[Gap, ...]
    verdicts: tuple[Verdict, ...]
    rule_effects: tuple[RuleEffect, ...]
    curves: tuple[SpecificationCurve, ...] = ()  #: every test under all defensible choices
    families: tuple[Family, ...] = ()  #: tests outside the hypotheses that are corrected together
    catalogue: Mapping[str, tuple[str, Entry]] = field(repr=False)  #: id -> (population, entry)
    views: TierViews = field(default_factory=TierViews)  #: priorities, gaps and moves by tier
    by_value: tuple[ValueEffect, ...] = ()  #: tests again, every customer weighted by value

    @property
    def synthetic(self) -> bool:
        """Whether any of the answers came from a simulation."""
        return any(found.sample.synthetic for found in self.populations.values())

    def verdict(self, hypothesis: str) -> Verdict:
        return next(verdict for verdict in self.verdicts if verdict.id == hypothesis)

    def incomplete(self) -> tuple[str, ...]:
        """Hypotheses that could not be tested, in the study's order."""
        return tuple(
            verdict.id
            for verdict in self.verdicts
            if any(evidence.judged is None for evidence in verdict.evidence)
        )


@no_estimate("text")
def entry_id(scope: str, entry: Entry) -> str:
    """Address of a number: where it belongs, what it is about, what it is.

    >>> entry_id("customers.reliability", Entry(measure="alpha", method="", about={"construct": "loyalty"}))
    'customers.reliability.loyalty.alpha'
    """
    parts = [re.sub(r"[^0-9A-Za-z_+-]+", "_", str(value)).strip("_") for value in entry.about.values()]
    return ".".join([scope, *parts, entry.measure])


@no_estimate("text")
def specification_scope(curve: SpecificationCurve) -> str:
    """Where the numbers of a specification curve are listed."""
    return f"hypotheses.{curve.hypothesis}.{curve.position + 1}.specifications"


#: Parts that the curves are divided into: samples are made once a part, so more parts mean more work.
SHARES = 3

Watch = Callable[[str], None]
Found = TypeVar("Found")


@weights_given_by("analysis.inputs.sample_of")
def find(
    study: Study,
    answers: Mapping[str, Responses],
    *,
    watch: Watch | None = None,
    sensitivity: bool = True,
    pool: Executor | None = None,
) -> Findings:
    """Run every analysis that the study asks for.

    Parameters
    ----------
    study : Study
    answers : mapping
        Population id -> its answers; populations may be left out.
    watch : callable
        Told what is being done.
    sensitivity : bool
        Whether to judge the hypotheses again with each screening rule left out and, where the outline
        has a chapter on robustness, to carry out every test under all other defensible choices.
    pool : concurrent.futures.Executor, optional
        Shares the work; the findings are the same with and without.
    """
    tell = watch or _silent
    settings = Settings(
        confidence_level=study.confidence_level,
        resamples=study.resamples,
        seed=study.seed,
        minimum_cell=study.minimum_cell,
    )
    tell(f"screening and describing: {', '.join(answers)}")
    described = _each(
        pool,
        _population_findings,
        [(study.populations[id_], responses, settings) for id_, responses in answers.items()],
    )
    populations = dict(zip(answers, described, strict=True))
    samples = {id_: found.sample for id_, found in populations.items()}
    tell("testing hypotheses")
    verdicts = judge(
        study.hypotheses, gather(study, samples, settings), confidence_level=study.confidence_level
    )
    gaps = tuple(_gaps(study, samples))
    views = tier_views(study, samples)
    valued: tuple[ValueEffect, ...] = ()
    if any(sample.value is not None for sample in samples.values()):
        tell("testing again with customers weighted by value")
        valued = tuple(value_effects(study, samples, settings, MEASURES))
    effects: tuple[RuleEffect, ...] = ()
    if sensitivity:
        tell("testing again with each screening rule left out")
        effects = tuple(_rule_effects(study, populations, samples, verdicts, settings, pool))
    curves: tuple[SpecificationCurve, ...] = ()
    if sensitivity and "robustness" in study.outline:
        tell("carrying out every test in all other defensible ways")
        screenings = {id_: found.screening for id_, found in populations.items()}
        curves = _curves(study, screenings, pool)
    catalogue, families = corrected_over_families(
        _catalogue(populations, gaps, verdicts, curves, views, valued)
    )
    return Findings(
        study=study,
        populations=populations,
        gaps=gaps,
        verdicts=verdicts,
        rule_effects=effects,
        curves=curves,
        families=families,
        catalogue=catalogue,
        views=views,
        by_value=valued,
    )


def _curves(
    study: Study, screenings: Mapping[str, Screening], pool: Executor | None
) -> tuple[SpecificationCurve, ...]:
    """Every test under all defensible choices, in the study's order; a part of the hypotheses a core."""
    names = [hypothesis.id for hypothesis in study.hypotheses]
    parts = [names[at::SHARES] for at in range(SHARES)]
    found = _each(pool, _curves_of, [(study, screenings, part) for part in parts if part])
    curves = [curve for part in found for curve in part]
    return tuple(sorted(curves, key=lambda curve: (names.index(curve.hypothesis), curve.position)))


def _curves_of(
    study: Study, screenings: Mapping[str, Screening], hypotheses: Sequence[str]
) -> tuple[SpecificationCurve, ...]:
    return specification_curves(study, screenings, hypotheses=hypotheses)


def _each(
    pool: Executor | None, work: Callable[..., Found], arguments: Sequence[tuple[object, ...]]
) -> list[Found]:
    """The work done on each, the first here and the others by the pool, in order."""
    if pool is None or len(arguments) < 2:
        return [work(*given) for given in arguments]
    elsewhere = [pool.submit(work, *given) for given in arguments[1:]]
    return [work(*arguments[0]), *(future.result() for future in elsewhere)]


def _silent(_: str) -> None:
    """Nobody is told."""


def _named_rng(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for every result, so that none depends on the order of the others."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


def _population_findings(
    population: Population, responses: Responses, settings: Settings
) -> PopulationFindings:
    level = settings.confidence_level
    by_wave = split_waves(population, responses)
    if by_wave:
        responses = list(by_wave.values())[-1]
    screening = screen(responses, population.screening)
    sample = sample_of(population, screening.keep())
    questionnaire = population.questionnaire
    items = {item.id: item for item in questionnaire.items}
    present = [id_ for id_ in population.profile if id_ in sample.frame]
    singles = [items[id_] for id_ in present if items[id_].kind == "single"]
    constructs = [c.id for c in questionnaire.constructs if c.id in sample.frame]
    rated = [
        item
        for item in questionnaire.items
        if item.kind == "single"
        and item.scale is not None
        and item.scale.interval
        and item.attention is None
        and item.id in sample.frame
    ]
    numbers = [item.id for item in questionnaire.items if item.kind == "number" and item.id in sample.frame]
    outcomes = _outcomes_by_group(population, rated, constructs)
    groups = sample.groups
    comparisons: list[GroupComparison] = []
    trends: list[tuple[JonckheereTerpstra, KendallTauB]] = []
    if groups is not None:
        for name in outcomes:
            rng = _named_rng(settings.seed, population.id, "groups", name)
            values = sample.variable(name)
            if sample.design is not None:
                comparisons.append(
                    weighted_group_comparison(values, groups, sample.design, confidence_level=level)
                )
                if population.group_ordered:
                    trends.append(weighted_trend(values, groups, sample.design, confidence_level=level))
                continue
            comparisons.append(compare_groups(values, groups, rng=rng, confidence_level=level))
            if population.group_ordered:
                trends.append(
                    (
                        jonckheere_terpstra(values, groups),
                        kendall_tau_b(values, groups, confidence_level=level),
                    )
                )
    return PopulationFindings(
        population=population,
        responses=responses,
        screening=screening,
        sample=sample,
        profile=tuple(
            _frequencies(sample, item.id, item.scale.codes, level)
            for item in singles
            if item.scale is not None
        ),
        numbers=_describe(sample, sample.frame[numbers], {}, level),
        items=_describe(
            sample,
            _as_answered(sample, rated),
            {item.id: (item.scale.low, item.scale.high) for item in rated if item.scale is not None},
            level,
        ),
        constructs=_describe(sample, sample.frame[constructs], {}, level),
        shares=_shares(population, sample, level),
        reliability=tuple(
            cronbach_alpha(sample.item_frame(c.id), construct=c.id, confidence_level=level)
            for c in questionnaire.constructs
            if c.id in sample.frame and len(c.items) > 1
        ),
        measurement=_measurement(population, sample),
        comparability=()
        if groups is None
        else tuple(
            comparability(sample.item_frame(c.id), groups, construct=c.id)
            for c in questionnaire.constructs
            if c.id in sample.frame and len(c.items) > 1
        ),
        correlations=_correlations(sample, constructs, level),
        comparisons=tuple(comparisons),
        trends=tuple(trends),
        multiple=tuple(_multiple(population, sample, items, level)),
        recommend=_recommend(population, sample, level),
        banners=tuple(
            made
            for plan in population.banners
            if (made := declared_banner(plan, sample, minimum_cell=settings.minimum_cell)) is not None
        ),
        missing=_missing(population, sample, settings),
        open_answers=tuple(
            told
            for question in population.open_questions
            if (
                told := open_answers(
                    question,
                    screening.keep(),
                    sample,
                    minimum_cell=settings.minimum_cell,
                    confidence_level=level,
                )
            )
            is not None
        ),
        waves=wave_findings(
            population,
            by_wave,
            [item.id for item in rated],
            confidence_level=level,
            minimum_cell=settings.minimum_cell,
        )
        if len(by_wave) > 1
        else None,
        weights=None if sample.sampling is None else sample.sampling.diagnostics,
    )


def _frequencies(sample: Sample, item: str, codes: Sequence[int], level: float) -> Frequencies:
    if sample.design is not None:
        return weighted_frequencies(sample.frame[item], codes, sample.design, confidence_level=level)
    return frequencies(sample.frame[item], codes, confidence_level=level)


def _describe(
    sample: Sample, frame: pd.DataFrame, bounds: Mapping[str, tuple[float, float]], level: float
) -> Descriptives:
    if sample.design is not None:
        return weighted_descriptions(frame, sample.design, bounds=bounds, confidence_level=level)
    return describe(frame, bounds=bounds, confidence_level=level)


def _correlations(sample: Sample, constructs: list[str], level: float) -> CorrelationMatrix | None:
    if len(constructs) < 2:
        return None
    if sample.design is not None:
        return weighted_correlation_matrix(sample.frame[constructs], sample.design, confidence_level=level)
    return correlation_matrix(sample.frame[constructs], confidence_level=level)


def _measurement(population: Population, sample: Sample) -> Measurement | None:
    several = {
        construct.id: [item for item in construct.items if item in sample.frame]
        for construct in population.questionnaire.constructs
        if construct.id in sample.frame
    }
    names = [item for items in several.values() for item in items]
    return measured(sample.frame[names], several) if names else None


def _missing(population: Population, sample: Sample, settings: Settings) -> MissingAnswers | None:
    asked = [item for c in population.questionnaire.constructs for item in c.items]
    names = [name for name in dict.fromkeys(asked) if name in sample.frame]
    return missing_answers(sample.frame[names], minimum_cell=settings.minimum_cell)


def _as_answered(sample: Sample, rated: list[Item]) -> pd.DataFrame:
    """Answers as given: reverse-worded items are turned back."""
    frame = sample.frame[[item.id for item in rated]].copy()
    for item in rated:
        if item.reverse_keyed and item.scale is not None:
            frame[item.id] = item.scale.low + item.scale.high - frame[item.id]
    return frame


def _outcomes_by_group(population: Population, rated: list[Item], constructs: list[str]) -> list[str]:
    """What is compared between groups: constructs, or rated items where there are no constructs."""
    if constructs:
        return constructs
    return [item.id for item in rated if item.id != population.group]


def _shares(population: Population, sample: Sample, level: float) -> dict[str, AnswerShares]:
    questionnaire = population.questionnaire
    shares = {}
    for construct in questionnaire.constructs:
        items = [questionnaire.item(id_) for id_ in construct.items if id_ in sample.frame]
        scales = {item.scale.id for item in items if item.scale is not None}
        scale = items[0].scale if items else None
        if len(scales) != 1 or scale is None:
            continue
        answers = _as_answered(sample, items)
        shares[construct.id] = (
            answer_shares(answers, scale.codes, confidence_level=level)
            if sample.design is None
            else weighted_answer_shares(answers, scale.codes, sample.design, confidence_level=level)
        )
    return shares


def _multiple(
    population: Population, sample: Sample, items: Mapping[str, Item], level: float
) -> Iterator[MultipleResponse]:
    for id_ in population.multiple_response:
        columns = [column for column in items[id_].columns if column in sample.frame]
        if columns:
            marks, groups = sample.frame[columns], sample.groups
            if sample.design is None:
                yield multiple_response(marks, groups, confidence_level=level)
            else:
                yield weighted_multiple_response(marks, groups, sample.design, confidence_level=level)


def _recommend(population: Population, sample: Sample, level: float) -> NetPromoterScore | None:
    if population.recommend is None or population.recommend not in sample.frame:
        return None
    ratings = sample.frame[population.recommend]
    if sample.design is not None:
        return weighted_net_promoter(ratings, sample.groups, sample.design, confidence_level=level)
    return net_promoter_score(ratings, sample.groups, confidence_level=level)


def _gaps(study: Study, samples: Mapping[str, Sample]) -> Iterator[Gap]:
    for parallel in study.parallel:
        given = [id_ for id_ in parallel.names if id_ in samples]
        for first, second in pairwise(given):
            if (
                parallel.names[first] not in samples[first].frame
                or parallel.names[second] not in samples[second].frame
            ):
                continue
            yield Gap(
                parallel=parallel,
                first=first,
                second=second,
                difference=_difference(
                    samples[first],
                    parallel.names[first],
                    samples[second],
                    parallel.names[second],
                    study.confidence_level,
                ),
                comparability=_between(samples[first], samples[second], parallel.names),
            )


def _between(first: Sample, second: Sample, names: Mapping[str, str]) -> Comparability | None:
    """Whether two populations read the items of a construct alike."""
    ours, theirs = names[first.population], names[second.population]
    if not (first.questionnaire.has_construct(ours) and second.questionnaire.has_construct(theirs)):
        return None
    return comparability_between(
        first.item_frame(ours),
        second.item_frame(theirs),
        construct=ours,
        populations=(first.population, second.population),
    )


def _difference(
    first: Sample, first_name: str, second: Sample, second_name: str, level: float
) -> MeanDifference:
    a, b = first.variable(first_name), second.variable(second_name)
    if first.design is None and second.design is None:
        return mean_difference(a, b, confidence_level=level)
    designs = (first.plain_design(), second.plain_design())
    return weighted_mean_difference(a, b, designs, confidence_level=level)


def _rule_effects(
    study: Study,
    populations: Mapping[str, PopulationFindings],
    samples: Mapping[str, Sample],
    verdicts: tuple[Verdict, ...],
    settings: Settings,
    pool: Executor | None,
) -> list[RuleEffect]:
    """Judge again with each rule left out; consent is never left out."""
    evidence = {verdict.id: tuple(replace(e, result=None) for e in verdict.evidence) for verdict in verdicts}
    cases: list[tuple[object, ...]] = []
    for id_, found in populations.items():
        masks = {
            rule.name: found.screening.without(rule.name)
            for rule in found.screening.ledger
            if rule.kind not in ALWAYS and rule.n_only_this_rule
        }
        if (found.screening.usable & ~found.screening.kept).any():
            masks["all"] = found.screening.usable
        for rule, mask in masks.items():
            sample = sample_of(found.population, found.responses.keep(mask))
            cases.append((study, id_, rule, {**samples, id_: sample}, evidence, settings))
    before = {verdict.id: verdict.outcome for verdict in verdicts}
    effects = _each(pool, _without_rule, cases)
    return [
        replace(
            effect,
            changed={
                key: (before[key], outcome)
                for key, outcome in effect.outcomes.items()
                if before[key] != outcome
            },
        )
        for effect in effects
    ]


def _without_rule(
    study: Study,
    population: str,
    rule: str,
    samples: Mapping[str, Sample],
    evidence: Mapping[str, tuple[Evidence, ...]],
    settings: Settings,
) -> RuleEffect:
    touched = gather(study, samples, settings, only=population, known=evidence)
    after = judge(study.hypotheses, touched, confidence_level=study.confidence_level)
    return RuleEffect(
        population=population,
        rule=rule,
        n=samples[population].n,
        changed={},
        outcomes={verdict.id: verdict.outcome for verdict in after},
    )


def _catalogue(
    populations: Mapping[str, PopulationFindings],
    gaps: tuple[Gap, ...],
    verdicts: tuple[Verdict, ...],
    curves: tuple[SpecificationCurve, ...],
    views: TierViews,
    valued: tuple[ValueEffect, ...],
) -> dict[str, tuple[str, Entry]]:
    catalogue: dict[str, tuple[str, Entry]] = {}

    def add(scope: str, population: str, result: Tabular) -> None:
        for entry in result.entries():
            key = entry_id(scope, entry)
            if key in catalogue:
                raise ValueError(f"two results have the address {key}")
            catalogue[key] = (population, entry)

    for found in populations.values():
        for section, result in found.results():
            add(f"{found.id}.{section}", found.id, result)
    for gap in gaps:
        names = gap.parallel.names
        add(f"{gap.first}-{gap.second}.gaps.{names[gap.first]}", f"{gap.first}, {gap.second}", gap.difference)
        if gap.comparability is not None:
            scope = f"{gap.first}-{gap.second}.invariance"
            add(scope, f"{gap.first}, {gap.second}", gap.comparability)
    for scope, population, view in views.results():
        add(scope, population, view)
    for verdict in verdicts:
        for evidence in verdict.evidence:
            scope = f"hypotheses.{verdict.id}.{evidence.position + 1}"
            add(f"{scope}.effect", evidence.test.population, evidence)
            if evidence.result is not None:
                add(f"{scope}.details", evidence.test.population, evidence.result)
    for curve in curves:
        add(specification_scope(curve), curve.test.population, curve)
    for effect in valued:
        add(f"hypotheses.{effect.hypothesis}.{effect.position + 1}.by_value", effect.test.population, effect)
    return catalogue
