"""What is found out about one population: its answers screened, described, measured and compared."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.banners.declared import DeclaredBanner, declared_banner
from analysis.branch_aggregation import BranchAggregation, aggregate_branches
from analysis.correlations import CorrelationMatrix, correlation_matrix
from analysis.crosstabs import MultipleResponse, multiple_response
from analysis.descriptives import AnswerShares, Descriptives, answer_shares, describe
from analysis.groups import GroupComparison, compare_groups
from analysis.inputs import Sample, sample_of
from analysis.invariance.comparability import Comparability, comparability
from analysis.item_comparison import ItemComparison, compare_items
from analysis.measurement import Measurement, measured
from analysis.missing.answers import MissingAnswers, missing_answers
from analysis.nps import NetPromoterScore, net_promoter_score
from analysis.open_answers import OpenAnswers, open_answers
from analysis.profile import Frequencies, frequencies
from analysis.questions import Settings
from analysis.reliability import CronbachAlpha, cronbach_alpha
from analysis.response_surface import ResponseSurface, response_surface
from analysis.results import Tabular
from analysis.sampling import WeightDiagnostics
from analysis.trend import JonckheereTerpstra, KendallTauB, jonckheere_terpstra, kendall_tau_b
from analysis.waves.findings import WaveFindings, wave_findings
from analysis.weighted.descriptives import (
    weighted_answer_shares,
    weighted_correlation_matrix,
    weighted_descriptions,
    weighted_frequencies,
    weighted_group_comparison,
    weighted_multiple_response,
    weighted_net_promoter,
    weighted_trend,
)
from analysis.weighting import weights_given_by
from surveys.questionnaire import Item, Questionnaire
from surveys.responses import Responses
from surveys.screening import Screening, screen
from surveys.study import Population
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
    branches: tuple[BranchAggregation, ...] = ()  #: whether answers may be averaged by branch
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
    surfaces: tuple[ResponseSurface, ...] = ()  #: of the declared pairs of views
    items_by_group: ItemComparison | None = None  #: None where the items are the outcomes of ``comparisons``

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
        for aggregation in self.branches:
            yield "branches", aggregation
        if self.correlations is not None:
            yield "correlations", self.correlations
        for comparison in self.comparisons:
            yield "groups", comparison
        for jonckheere, tau in self.trends:
            yield "trend", jonckheere
            yield "trend", tau
        if self.items_by_group is not None:
            yield "items_by_group", self.items_by_group
        for surface in self.surfaces:
            yield "congruence", surface
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


@weights_given_by("analysis.inputs.sample_of")
def population_findings(
    population: Population, responses: Responses, settings: Settings
) -> PopulationFindings:
    """Screen the answers of one population and describe, measure and compare what is left.

    Parameters
    ----------
    population : Population
    responses : Responses
        As read. Of several waves the last is described; all of them are compared in ``waves``.
    settings : Settings
    """
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
    rated = _rated(questionnaire, sample)
    several = [c.id for c in questionnaire.constructs if c.id in sample.frame and len(c.items) > 1]
    named = {population.cluster, population.second_cluster}  # numbers of branches are names, not quantities
    numbers = [
        item.id
        for item in questionnaire.items
        if item.kind == "number" and item.id in sample.frame and item.id not in named
    ]
    outcomes = _outcomes_by_group(population, rated, constructs)
    groups = sample.groups
    comparisons, trends = _compared(population, sample, outcomes, settings)
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
            cronbach_alpha(sample.item_frame(name), construct=name, confidence_level=level)
            for name in several
        ),
        measurement=_measurement(population, sample),
        comparability=()
        if groups is None
        else tuple(comparability(sample.item_frame(name), groups, construct=name) for name in several),
        branches=tuple(_branches(sample, several, settings)),
        correlations=_correlations(sample, constructs, level),
        comparisons=comparisons,
        trends=trends,
        multiple=tuple(_multiple(population, sample, items, level)),
        recommend=_recommend(population, sample, level),
        banners=tuple(_banners(population, sample, settings.minimum_cell)),
        missing=_missing(population, sample, settings),
        open_answers=tuple(_told(population, sample, screening, settings)),
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
        surfaces=tuple(_surfaces(population, sample, level)),
        items_by_group=compare_items(sample, [item.id for item in rated], confidence_level=level)
        if constructs
        else None,
    )


def _compared(
    population: Population, sample: Sample, outcomes: Sequence[str], settings: Settings
) -> tuple[tuple[GroupComparison, ...], tuple[tuple[JonckheereTerpstra, KendallTauB], ...]]:
    """Every outcome between the groups, and its trend where they are ordered."""
    groups, level = sample.groups, settings.confidence_level
    if groups is None:
        return (), ()
    comparisons: list[GroupComparison] = []
    trends: list[tuple[JonckheereTerpstra, KendallTauB]] = []
    for name in outcomes:
        values = sample.variable(name)
        if sample.design is not None:
            comparisons.append(
                weighted_group_comparison(values, groups, sample.design, confidence_level=level)
            )
        else:
            rng = _named_rng(settings.seed, population.id, "groups", name)
            comparisons.append(compare_groups(values, groups, rng=rng, confidence_level=level))
        if not population.group_ordered:
            continue
        if sample.design is not None:
            trends.append(weighted_trend(values, groups, sample.design, confidence_level=level))
        else:
            tau = kendall_tau_b(values, groups, confidence_level=level)
            trends.append((jonckheere_terpstra(values, groups), tau))
    return tuple(comparisons), tuple(trends)


def _branches(sample: Sample, constructs: Sequence[str], settings: Settings) -> Iterator[BranchAggregation]:
    """Agreement within branches; a branch with fewer respondents than may be shown is left out."""
    if sample.clusters is None or sample.design is not None:
        return
    for name in constructs:
        items = sample.item_frame(name)
        bounds = sample.bounds(name)
        if bounds is not None:
            yield aggregate_branches(
                items,
                sample.clusters,
                variable=name,
                steps=round(bounds[1] - bounds[0]) + 1,
                least_per_branch=max(2, settings.minimum_cell),
                confidence_level=settings.confidence_level,
            )


def _surfaces(population: Population, sample: Sample, level: float) -> Iterator[ResponseSurface]:
    """Agreement of two views and an outcome, where the answers hold all three."""
    for plan in population.congruence:
        bounds = sample.bounds(plan.first)
        if bounds is None or not {plan.first, plan.second, plan.outcome} <= set(sample.frame):
            continue
        yield response_surface(
            *(sample.variable(name) for name in (plan.first, plan.second, plan.outcome)),
            center=sum(bounds) / 2,
            clusters=None if sample.design is not None else sample.clusters,
            design=sample.design,
            confidence_level=level,
        )


def _rated(questionnaire: Questionnaire, sample: Sample) -> list[Item]:
    """Items answered on a rating scale, attention checks apart."""
    return [
        item
        for item in questionnaire.items
        if item.kind == "single"
        and item.scale is not None
        and item.scale.interval
        and item.attention is None
        and item.id in sample.frame
    ]


def _banners(population: Population, sample: Sample, minimum_cell: int) -> Iterator[DeclaredBanner]:
    for plan in population.banners:
        made = declared_banner(plan, sample, minimum_cell=minimum_cell)
        if made is not None:
            yield made


def _told(
    population: Population, sample: Sample, screening: Screening, settings: Settings
) -> Iterator[OpenAnswers]:
    for question in population.open_questions:
        told = open_answers(
            question,
            screening.keep(),
            sample,
            minimum_cell=settings.minimum_cell,
            confidence_level=settings.confidence_level,
        )
        if told is not None:
            yield told


def _named_rng(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for every result, so that none depends on the order of the others."""
    return np.random.default_rng([seed, zlib.crc32("/".join(names).encode())])


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
