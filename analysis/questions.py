"""A declared test with the people it is asked of, and the answer: an effect with interval and tail."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.inputs import Sample, coded_categories
from analysis.minimum_effect import Tail
from analysis.results import Interval, Tabular
from analysis.weighting import step_of
from surveys.questionnaire import Questionnaire
from surveys.study import DeclaredTest, Population

WEIGHTING = step_of("analysis.declared_tests.gather")

MINIMUM_N = 30  #: respondents below which no hypothesis is judged
MINIMUM_ALPHA = 0.50  #: reliability below which a construct is not used in a test


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What all tests of a study share."""

    confidence_level: float = 0.95
    resamples: int = 5000
    seed: int = 1
    minimum_cell: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An effect on the scale of its smallest effect of interest."""

    method: str
    n: int
    result: Tabular
    estimate: float | None = None
    std_error: float | None = None
    interval: Interval | None = None
    tail: Tail | None = None
    effective_n: float | None = None  #: Kish's, under a design
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A declared test with the people it is asked of."""

    test: DeclaredTest
    population: Population
    sample: Sample
    other: Sample | None
    settings: Settings
    rng: np.random.Generator

    @property
    def under_design(self) -> bool:
        """Whether a sampling design of the people asked is declared and can be used."""
        return any(sample is not None and sample.design is not None for sample in (self.sample, self.other))

    def names(self, role: str) -> tuple[str, ...]:
        return self.test.variables.get(role, ())

    def one(self, role: str) -> pd.Series:
        return self.sample.variable(self.names(role)[0])

    def several(self, role: str) -> pd.DataFrame:
        return pd.DataFrame({name: self.sample.variable(name) for name in self.names(role)})

    def groups(self) -> pd.Series:
        """The groups asked for, or else those of the population, as an ordered categorical."""
        named = self.names("group")
        if not named or named[0] == self.population.group:
            if self.sample.groups is None:
                raise KeyError(self.population.group or "group")
            return self.sample.groups
        return coded_categories(self.sample.variable(named[0]), self.population.questionnaire)


def midpoint(questionnaire: Questionnaire, name: str) -> float:
    """Midpoint of the scale of an item, or of the items of a construct."""
    item = questionnaire.construct(name).items[0] if questionnaire.has_construct(name) else name
    scale = questionnaire.item(item).scale
    if scale is None:
        raise ValueError(f"{name} has no scale with a midpoint; the test needs a `reference`")
    return scale.midpoint


def scale_bounds(questionnaire: Questionnaire, name: str) -> tuple[float, float]:
    """Lowest and highest point of the scale; not numbers where there is none."""
    item = questionnaire.construct(name).items[0] if questionnaire.has_construct(name) else name
    scale = questionnaire.item(item).scale if questionnaire.has_item(item) else None
    return (math.nan, math.nan) if scale is None else (float(scale.low), float(scale.high))


def items_of(question: Question, names: Sequence[str]) -> tuple[pd.DataFrame, Mapping[str, tuple[str, ...]]]:
    """Keyed items of constructs; an item named by itself stands for itself."""
    questionnaire = question.population.questionnaire
    frames = {}
    for name in names:
        frames[name] = (
            question.sample.item_frame(name)
            if questionnaire.has_construct(name)
            else question.sample.variable(name).to_frame(name)
        )
    constructs = {name: tuple(map(str, frame.columns)) for name, frame in frames.items()}
    return pd.concat(frames.values(), axis="columns"), constructs
