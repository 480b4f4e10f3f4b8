"""Everything that is found out about a study, gathered under one roof.

``find`` runs every analysis that the study asks for and returns :class:`Findings`. Each number in
it has an address: :func:`entry_id`, the key under which ``results.json`` lists it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeVar

from analysis.by_value import ValueEffect, value_effects
from analysis.declared_tests import MEASURES, gather
from analysis.families import Family, corrected_over_families
from analysis.hypotheses import Evidence, Verdict, judge
from analysis.inputs import Sample, sample_of
from analysis.invariance.comparability import Comparability, comparability_between
from analysis.means import MeanDifference, mean_difference
from analysis.population_findings import PopulationFindings, population_findings
from analysis.questions import Settings
from analysis.results import Entry, Tabular
from analysis.specification_curve import SpecificationCurve
from analysis.specifications import specification_curves
from analysis.tier_views import TierViews, tier_views
from analysis.weighted.descriptives import (
    weighted_mean_difference,
)
from analysis.weighting import no_estimate, weights_given_by
from surveys.responses import Responses
from surveys.screening import ALWAYS, Screening
from surveys.study import Parallel, Study


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
        population_findings,
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
        return mean_difference(
            a, b, clusters_first=first.clusters, clusters_second=second.clusters, confidence_level=level
        )
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
