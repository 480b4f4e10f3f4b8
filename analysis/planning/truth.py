"""What is true in a stated population of each effect that a study tests, and how far its estimates scatter.

The effects are those that the declared tests find in one very large sample of careful respondents: a
population file states coefficients between constructs, and answers in categories show them attenuated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from analysis.crosstabs import Association
from analysis.declared_tests import gather
from analysis.hypotheses import Evidence
from analysis.inputs import Sample, sample_of
from analysis.questions import Settings
from analysis.weighting import no_estimate
from surveys.population_model import PopulationModel
from surveys.screening import screen
from surveys.simulation import simulate
from surveys.study import Study, TestKind

LARGE = 40_000  #: respondents of each population
SHOWN = 8_000  #: respondents of each population, for kinds of which only the estimate is used
SCREENED = 4_000  #: respondents of each population, to see how many are set aside
RESAMPLES = 40  #: only estimates are used of the kinds that resample

#: Kinds whose standard error falls as the root of n from samples of usual size on.
SCALED: tuple[TestKind, ...] = (
    "path",
    "trend",
    "association",
    "contrast",
    "mean",
    "gap",
    "drivers",
    "correlation",
    "moderation",
    "added_value",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEffect:
    """One effect in the population."""

    estimate: float
    std_error: float | None  #: of the value itself, which stems from a large but finite sample
    spread: float | None  #: standard error times the root of n; None where it does not fall so
    differences: int  #: degrees of freedom of a squared length; 1 for other effects
    design_effect: float  #: how many times more respondents the branches cost this very estimate


@no_estimate("planning")
def true_effects(
    study: Study,
    model: PopulationModel,
    *,
    sizes: Mapping[str, int],
    branches: Mapping[str, int],
    rng: np.random.Generator,
    large: int = LARGE,
) -> dict[tuple[str, int], TrueEffect]:
    """Effects of all declared tests by hypothesis and position; those without an estimate are left out.

    Parameters
    ----------
    study : Study
    model : PopulationModel
    sizes, branches : mapping
        Respondents and branches of each population as planned: the large sample keeps the respondents in a
        branch and, where populations are compared, the proportions between them.
    rng : numpy.random.Generator
    large : int
        Respondents of each population.
    """
    grown = {id_: max(large, n) for id_, n in sizes.items()}
    many = {id_: math.ceil(count * grown[id_] / sizes[id_]) for id_, count in branches.items()}
    answers = simulate(study, with_branches(model, many), rng=rng, sizes=grown, clean=True)
    samples = {id_: sample_of(study.populations[id_], given) for id_, given in answers.items()}
    factor = large / max(sizes.values())
    level = {id_: _first(sample, math.ceil(sizes[id_] * factor)) for id_, sample in samples.items()}
    settings = Settings(
        confidence_level=study.confidence_level,
        resamples=RESAMPLES,
        seed=study.seed,
        minimum_cell=study.minimum_cell,
    )
    few = {id_: _first(sample, SHOWN) for id_, sample in samples.items()}
    found: Gathered = {}
    alone: Gathered = {}
    for part, of in _parts(study, samples, level, few):
        judged, judged_alone = _judged(part, of, settings)
        found, alone = found | judged, alone | judged_alone
    return {
        (id_, evidence.position): effect
        for id_, tests in found.items()
        for evidence in tests
        if (effect := _true_effect(evidence, alone[id_][evidence.position])) is not None
    }


@no_estimate("planning")
def with_branches(model: PopulationModel, branches: Mapping[str, int]) -> PopulationModel:
    """The model with as many branches as named."""
    changed = {id_: replace(model.populations[id_], cluster_count=count) for id_, count in branches.items()}
    return replace(model, populations={**model.populations, **changed})


@no_estimate("planning")
def share_set_aside(study: Study, model: PopulationModel, *, rng: np.random.Generator) -> dict[str, float]:
    """Share of respondents whom the study's rules set aside, refusals of consent included, by population.

    Parameters
    ----------
    study : Study
    model : PopulationModel
        States how many refuse, leave items blank or answer carelessly.
    rng : numpy.random.Generator
    """
    sizes = dict.fromkeys(model.populations, SCREENED)
    answers = simulate(study, model, rng=rng, sizes=sizes)
    return {
        id_: 1 - screen(given, study.populations[id_].screening).n / given.n for id_, given in answers.items()
    }


def _first(sample: Sample, n: int) -> Sample:
    """The first n respondents; branches stand together, so that they stay whole but for the last."""
    if n >= sample.n:
        return sample
    clusters = None if sample.clusters is None else sample.clusters.iloc[:n]
    groups = None if sample.groups is None else sample.groups.iloc[:n]
    return replace(sample, frame=sample.frame.iloc[:n], clusters=clusters, groups=groups, weights=None)


def _parts(
    study: Study, whole: Mapping[str, Sample], level: Mapping[str, Sample], few: Mapping[str, Sample]
) -> Iterator[tuple[Study, Mapping[str, Sample]]]:
    """Hypotheses with the samples that suit them: those that only compare populations keep the proportions
    between them, those that only resample need fewer respondents; all others have all.
    """
    gaps = [h for h in study.hypotheses if all(test.kind == "gap" for test in h.tests)]
    slow = [h for h in study.hypotheses if not any(test.kind in SCALED for test in h.tests)]
    rest = [h for h in study.hypotheses if h not in gaps and h not in slow]
    for hypotheses, samples in ((gaps, level), (slow, few), (rest, whole)):
        if hypotheses:
            yield replace(study, hypotheses=tuple(hypotheses)), samples


Gathered = dict[str, tuple[Evidence, ...]]


def _judged(study: Study, samples: Mapping[str, Sample], settings: Settings) -> tuple[Gathered, Gathered]:
    """Evidence of all tests, and the same as if everybody answered independently."""
    found = gather(study, samples, settings)
    alone = found
    flat = {id_: replace(sample, clusters=None) for id_, sample in samples.items()}
    for id_, sample in samples.items():
        if sample.clusters is not None:
            alone = gather(study, flat, settings, only=id_, known=alone)
    return found, alone


def _true_effect(evidence: Evidence, alone: Evidence) -> TrueEffect | None:
    if evidence.estimate is None:
        return None
    error, error_alone = _error(evidence), _error(alone)
    scales = evidence.test.kind in SCALED and error is not None
    return TrueEffect(
        estimate=evidence.estimate,
        std_error=error if evidence.test.kind in SCALED else None,
        spread=error * math.sqrt(evidence.n) if scales and error is not None else None,
        differences=_differences(evidence),
        design_effect=(error / error_alone) ** 2 if scales and error is not None and error_alone else 1.0,
    )


def _differences(evidence: Evidence) -> int:
    if isinstance(evidence.result, Association):
        free = evidence.result.distribution_free
        return 1 if free is None else free.df
    role = {"drivers": "predictors", "added_value": "added"}.get(evidence.test.kind)
    return 1 if role is None else len(evidence.test.variables[role])


def _error(evidence: Evidence) -> float | None:
    """Standard error, or what it is by the interval where the method gives none."""
    if evidence.std_error is not None:
        return evidence.std_error
    if evidence.interval is None:
        return None
    width = evidence.interval.high - evidence.interval.low
    return width / 2 / float(stats.norm.isf((1 - evidence.interval.confidence_level) / 2))
