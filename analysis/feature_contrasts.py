"""Penalties and rewards of the drivers that a study declares, one contrast analysis a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analysis.inputs import Sample
from analysis.penalty_reward import PenaltyRewards, penalty_reward
from analysis.weighting import weights_given_by
from surveys.study import DeclaredTest, Study


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverContrasts:
    """Penalties and rewards of the drivers of one declared test."""

    hypothesis: str
    position: int  #: of the test in its hypothesis
    population: str
    result: PenaltyRewards


@weights_given_by(
    "analysis.inputs.sample_of", how="samples with a sampling design have none: the contrasts refuse weights"
)
def driver_contrasts(study: Study, samples: Mapping[str, Sample]) -> tuple[DriverContrasts, ...]:
    """Penalty-reward contrasts of every declared test of drivers whose variables all have a rating scale.

    Answers to a single item are coded by its ends (``tops``), which scores of several items seldom reach:
    where a driver is such a construct, all are coded by the outer thirds of the scale (``thirds``).

    Parameters
    ----------
    study : Study
    samples : mapping
        Population id -> sample.

    Examples
    --------
    >>> driver_contrasts(Study.load("bank_tiering"), {})
    ()
    """
    return tuple(_contrasts(study, samples))


def _contrasts(study: Study, samples: Mapping[str, Sample]) -> Iterator[DriverContrasts]:
    for hypothesis in study.hypotheses:
        for position, test in enumerate(hypothesis.tests):
            sample = samples.get(test.population)
            if test.kind != "drivers" or sample is None or sample.sampling is not None:
                continue
            result = _contrast(study, sample, test)
            if result is not None:
                yield DriverContrasts(
                    hypothesis=hypothesis.id, position=position, population=test.population, result=result
                )


def _contrast(study: Study, sample: Sample, test: DeclaredTest) -> PenaltyRewards | None:
    outcome, drivers = test.variables["outcome"][0], list(test.variables["predictors"])
    bounds = {name: found for name in (outcome, *drivers) if (found := sample.bounds(name)) is not None}
    if not set(bounds) >= {outcome, *drivers} or not {outcome, *drivers} <= set(sample.frame):
        return None
    asked = sample.questionnaire
    several = any(asked.has_construct(name) and len(asked.construct(name).items) > 1 for name in drivers)
    return penalty_reward(
        sample.variable(outcome),
        sample.frame[drivers],
        bounds=bounds,
        coding="thirds" if several else "tops",
        clusters=sample.clusters,
        minimum_cell=study.minimum_cell,
        significance=1 - study.confidence_level,
        confidence_level=study.confidence_level,
    )
