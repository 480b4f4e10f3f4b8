"""What a study says of its tiers beside its tests: priorities, gaps, moves; penalties and rewards."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.feature_contrasts import DriverContrasts, driver_contrasts
from analysis.gap_map import GapMap, GapRow, gap_map
from analysis.importance_performance import ImportancePerformance, importance_performance
from analysis.inputs import Sample, coded_categories
from analysis.results import Tabular
from analysis.tier_migration import TierMigration, tier_migration
from analysis.weighted.gap_map import weighted_gap_map
from analysis.weighted.importance_performance import weighted_map
from analysis.weighted.tier_migration import weighted_migration
from analysis.weighting import weights_given_by
from surveys.study import DeclaredTest, Parallel, Study

RESAMPLES = 2000  #: of a map; a probability then errs by about one point
REPLICATES = 1000  #: of a weighted map; each may have to be raked anew
MANY_DRIVERS = 8  #: with more, all subsets of drivers take long: a quarter of the resamples


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityMap:
    """Importance and performance of the drivers of one declared test."""

    hypothesis: str
    position: int  #: of the test in its hypothesis
    population: str
    result: ImportancePerformance


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationGaps:
    """All gaps of two populations with the names that the study gives its parallel matters."""

    first: str
    second: str
    result: GapMap
    parallel: Mapping[str, Parallel]  #: by row; items within a construct have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Moves between the tiers of one population."""

    population: str
    result: TierMigration


@dataclass(frozen=True, slots=True, kw_only=True)
class TierViews:
    """All of them."""

    priorities: tuple[PriorityMap, ...] = ()
    gaps: tuple[PopulationGaps, ...] = ()
    migrations: tuple[Migration, ...] = ()
    contrasts: tuple[DriverContrasts, ...] = ()

    def results(self) -> Iterator[tuple[str, str, Tabular]]:
        """Scope, population and numbers of every view."""
        for priority in self.priorities:
            scope = f"hypotheses.{priority.hypothesis}.{priority.position + 1}.priorities"
            yield scope, priority.population, priority.result
        for gaps in self.gaps:
            yield f"{gaps.first}-{gaps.second}.gap_map", f"{gaps.first}, {gaps.second}", gaps.result
        for migration in self.migrations:
            yield f"{migration.population}.migration", migration.population, migration.result
        for contrast in self.contrasts:
            scope = f"hypotheses.{contrast.hypothesis}.{contrast.position + 1}.contrasts"
            yield scope, contrast.population, contrast.result


@weights_given_by("analysis.inputs.sample_of")
def tier_views(study: Study, samples: Mapping[str, Sample]) -> TierViews:
    """Priorities of every declared test of drivers, gaps of all parallel matters, declared migrations.

    Parameters
    ----------
    study : Study
    samples : mapping
        Population id -> sample; what a population that is not there would show is left out. Views of a
        population with a sampling design follow it. Where a declared design cannot be used they are left out:
        unweighted they would speak of nobody but the respondents.

    Examples
    --------
    >>> tier_views(Study.load("bank_tiering"), {})
    TierViews(priorities=(), gaps=(), migrations=(), contrasts=())
    """
    samples = {
        id_: sample for id_, sample in samples.items() if sample.sampling is None or sample.design is not None
    }
    return TierViews(
        priorities=tuple(_priorities(study, samples)),
        gaps=tuple(_gaps(study, samples)),
        migrations=tuple(_migrations(study, samples)),
        contrasts=driver_contrasts(study, samples),
    )


def _priorities(study: Study, samples: Mapping[str, Sample]) -> Iterator[PriorityMap]:
    for hypothesis in study.hypotheses:
        for position, test in enumerate(hypothesis.tests):
            sample = samples.get(test.population)
            if test.kind != "drivers" or sample is None:
                continue
            result = _priority_map(study, sample, test, f"{hypothesis.id}/{position}")
            if result is not None:
                yield PriorityMap(
                    hypothesis=hypothesis.id, position=position, population=test.population, result=result
                )


def _priority_map(
    study: Study, sample: Sample, test: DeclaredTest, name: str
) -> ImportancePerformance | None:
    outcome, drivers = test.variables["outcome"][0], list(test.variables["predictors"])
    bounds = {driver: found for driver in drivers if (found := sample.bounds(driver)) is not None}
    if len(drivers) < 2 or len(bounds) < len(drivers) or not {outcome, *drivers} <= set(sample.frame):
        return None
    # posts and other groups without an order are no tiers; their maps would be many and small
    tiered = sample.groups is not None and study.populations[sample.population].group_ordered
    shared: dict[str, Any] = {
        "bounds": bounds,
        "rng": np.random.default_rng([study.seed, zlib.crc32(f"priorities/{name}".encode())]),
        "tiers": sample.groups if tiered else None,
        "confidence_level": study.confidence_level,
    }
    values, predictors = sample.variable(outcome), sample.frame[drivers]
    most = RESAMPLES if len(drivers) <= MANY_DRIVERS else RESAMPLES // 4
    if sample.sampling is not None and sample.design is not None:
        number = min(study.resamples, most, REPLICATES)
        draw = sample.sampling.replicates
        return weighted_map(values, predictors, sample.design, draw=draw, resamples=number, **shared)
    number = min(study.resamples, most)
    return importance_performance(
        values,
        predictors,
        stated=_stated(sample, test),
        clusters=sample.clusters,
        resamples=number,
        **shared,
    )


def _stated(sample: Sample, test: DeclaredTest) -> pd.DataFrame | None:
    """How important respondents say the drivers are, under the drivers' names."""
    if not test.stated or not set(test.stated) <= set(sample.frame):
        return None
    return sample.frame[list(test.stated)].set_axis(list(test.variables["predictors"]), axis="columns")


def _gaps(study: Study, samples: Mapping[str, Sample]) -> Iterator[PopulationGaps]:
    pairs: dict[tuple[str, str], list[Parallel]] = {}
    for parallel in study.parallel:
        for pair in pairwise([id_ for id_ in parallel.names if id_ in samples]):
            pairs.setdefault(pair, []).append(parallel)
    for (first, second), matters in pairs.items():
        a, b = samples[first], samples[second]
        rows: dict[str, GapRow] = {}
        named: dict[str, Parallel] = {}
        for parallel in matters:
            for row in _rows(a, b, parallel.names[first], parallel.names[second]):
                rows.setdefault(row.name, row)
            named.setdefault(parallel.names[first], parallel)
        if not rows:
            continue
        result = _gap_map(study, a, b, tuple(rows.values()))
        yield PopulationGaps(first=first, second=second, result=result, parallel=named)


def _gap_map(study: Study, a: Sample, b: Sample, rows: tuple[GapRow, ...]) -> GapMap:
    """Weighted as soon as one of the two has a design."""
    tiered = a.groups is not None and study.populations[a.population].group_ordered
    shared: dict[str, Any] = {
        "names": (a.population, b.population),
        "tiers": a.groups if tiered else None,
        "minimum_n": study.minimum_cell,
        "confidence_level": study.confidence_level,
    }
    if a.design is None and b.design is None:
        return gap_map(
            a.frame, b.frame, rows, clusters_first=a.clusters, clusters_second=b.clusters, **shared
        )
    return weighted_gap_map(
        a.frame, b.frame, rows, design=a.plain_design(), design_second=b.plain_design(), **shared
    )


def _rows(a: Sample, b: Sample, first: str, second: str) -> Iterator[GapRow]:
    """The matter itself, then the items of one id and one scale that both constructs hold."""
    if first not in a.frame or second not in b.frame or a.bounds(first) != b.bounds(second):
        return
    bounds = a.bounds(first)
    width = None if bounds is None else bounds[1] - bounds[0]
    yield GapRow(name=first, first=first, second=second, width=width)
    if not (a.questionnaire.has_construct(first) and b.questionnaire.has_construct(second)):
        return
    theirs = b.questionnaire.construct(second).items
    for item in a.questionnaire.construct(first).items:
        if item in theirs and item in a.frame and item in b.frame and a.bounds(item) == b.bounds(item):
            yield GapRow(name=item, first=item, second=item, construct=first, width=width)


def _migrations(study: Study, samples: Mapping[str, Sample]) -> Iterator[Migration]:
    for id_, sample in samples.items():
        names = study.populations[id_].migration
        if len(names) != 2 or not set(names) <= set(sample.frame):
            continue
        before, after = (coded_categories(sample.frame[name], sample.questionnaire) for name in names)
        level = study.confidence_level
        result = (
            tier_migration(before, after, confidence_level=level)
            if sample.design is None
            else weighted_migration(before, after, sample.design, confidence_level=level)
        )
        yield Migration(population=id_, result=result)
