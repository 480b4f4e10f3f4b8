"""What changed from wave to wave in one population: trends with tests, and why means changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from analysis.design.design import SurveyDesign, survey_design
from analysis.inputs import Sample, sample_of
from analysis.results import Tabular
from analysis.waves.change import ChangeDecomposition, decompose_change
from analysis.waves.trends import TrendTable, trend_table
from analysis.weighting import weights_given_by
from surveys.responses import Responses
from surveys.screening import screen
from surveys.study import Population
from surveys.waves import PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveFindings:
    """Trends of one population over its waves."""

    waves: tuple[str, ...]  #: in their order, the last is the one that the report describes
    n: Mapping[str, int]  #: respondents analysed in each wave
    left_out: tuple[str, ...]  #: waves of too few respondents to be shown
    scores: TrendTable  #: constructs and the net promoter score
    items: TrendTable  #: rated items as answered
    parts: tuple[ChangeDecomposition, ...]  #: of the last change of the scores, by tier
    method: str  #: ``independent``, ``clusters`` or ``panel``

    def results(self) -> Iterator[tuple[str, Tabular]]:
        """Every result with the section it belongs to."""
        yield "waves.scores", self.scores
        yield "waves.items", self.items
        for part in self.parts:
            yield "waves.change", part


@weights_given_by("analysis.inputs.sample_of")
def wave_findings(
    population: Population,
    by_wave: Mapping[str, Responses],
    rated: Sequence[str],
    *,
    confidence_level: float,
    minimum_cell: int,
) -> WaveFindings | None:
    """Trends over the waves; None where fewer than two have enough respondents.

    Every wave is screened by itself: a person who answers alike in two waves is no duplicate. Waves are
    independent samples unless branches are known, or the study says that the same respondents answer again
    (``panel``): answers of one branch or person then stand together in all errors. Sampling weights count
    where they are declared.

    Parameters
    ----------
    rated : sequence of str
        Items of rating scales.
    """
    samples = {
        name: sample_of(population, screen(responses, population.screening).keep())
        for name, responses in by_wave.items()
    }
    least = max(minimum_cell, 2)
    kept = {name: sample for name, sample in samples.items() if sample.n >= least}
    if len(kept) < 2:
        return None
    persons = _persons(population, by_wave, kept)
    frame, waves, tiers = _stacked(kept)
    design, method = _design(kept, persons)
    constructs = [c.id for c in population.questionnaire.constructs if c.id in frame]
    scores = frame[constructs].copy()
    if population.recommend is not None and population.recommend in frame:
        rating = frame[population.recommend]
        score = 100.0 * ((rating >= 9).astype(float) - (rating <= 6).astype(float))
        scores[population.recommend] = score.where(rating.notna())
    items = frame[[name for name in rated if name in frame and name not in scores]].copy()
    for name in items:
        item = population.questionnaire.item(str(name))
        if item.reverse_keyed and item.scale is not None:
            items[name] = item.scale.low + item.scale.high - items[name]
    trends = [
        trend_table(part, waves, design=design, confidence_level=confidence_level) for part in (scores, items)
    ]
    parts: list[ChangeDecomposition] = []
    if tiers is not None:
        earlier, later = list(kept)[-2:]
        for name in scores:
            found = decompose_change(
                scores[name],
                tiers,
                waves,
                earlier=earlier,
                later=later,
                design=design,
                confidence_level=confidence_level,
            )
            parts.append(_without_small_tiers(found, minimum_cell))
    return WaveFindings(
        waves=tuple(kept),
        n={name: sample.n for name, sample in kept.items()},
        left_out=tuple(name for name in samples if name not in kept),
        scores=trends[0],
        items=trends[1],
        parts=tuple(parts),
        method=method,
    )


def _persons(
    population: Population, by_wave: Mapping[str, Responses], kept: Mapping[str, Sample]
) -> pd.Series | None:
    """Who answered each row, where the same persons answer in several waves."""
    if not population.panel:
        return None
    parts = []
    for name in kept:
        metadata = screen(by_wave[name], population.screening).keep().metadata
        parts.append(metadata[PERSON if PERSON in metadata else "respondent"].astype(str))
    return pd.concat(parts, ignore_index=True)


def _stacked(samples: Mapping[str, Sample]) -> tuple[pd.DataFrame, pd.Series, pd.Series | None]:
    frame = pd.concat([sample.frame for sample in samples.values()], ignore_index=True)
    names = [name for name, sample in samples.items() for _ in range(sample.n)]
    waves = pd.Series(pd.Categorical(names, categories=list(samples)), index=frame.index, name="wave")
    groups = [sample.groups for sample in samples.values()]
    if any(group is None for group in groups):
        return frame, waves, None
    known = [group for group in groups if group is not None]
    categories = known[0].cat.categories
    tiers = pd.Categorical(
        [value for group in known for value in group.astype(object)], categories=categories
    )
    return frame, waves, pd.Series(tiers, index=frame.index, name=str(known[0].name))


def _design(samples: Mapping[str, Sample], persons: pd.Series | None) -> tuple[SurveyDesign | None, str]:
    """Weights, and whose answers stand together; None for simple random samples."""
    parts = list(samples.values())
    weights = None
    if all(sample.weights is not None for sample in parts):
        weights = pd.concat([s.weights for s in parts if s.weights is not None], ignore_index=True).fillna(
            0.0
        )
    clusters, method = persons, "independent" if persons is None else "panel"
    if all(sample.clusters is not None for sample in parts):
        told = pd.concat([s.clusters for s in parts if s.clusters is not None], ignore_index=True)
        alone = pd.Series([f"alone {i}" for i in range(len(told))])  # who has no branch stands alone
        clusters, method = told.astype(object).where(told.notna(), alone).astype(str), "clusters"
    if weights is None and clusters is None:
        return None, method
    rows = sum(sample.n for sample in parts)
    return (
        survey_design(
            None if weights is None else weights.to_numpy(dtype=float),
            n_rows=rows,
            clusters=None if clusters is None else clusters.to_numpy(),
        ),
        method,
    )


def _without_small_tiers(found: ChangeDecomposition, minimum: int) -> ChangeDecomposition:
    """The parts without the tiers' contributions where a tier has too few respondents to be shown."""
    small = any(0 < n < minimum for tier in found.tiers for n in tier.n)
    return replace(found, tiers=()) if small else found
