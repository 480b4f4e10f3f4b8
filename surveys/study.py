"""The study: who was asked what, what is claimed, and by which test each claim is judged.

A study is data: a folder with one ``study.yaml`` and one YAML file per questionnaire.
``surveys.study_files.load_study`` reads it. The format is described in ``docs/study-files.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from surveys.open_questions import OpenQuestion
from surveys.questionnaire import Questionnaire, Text

TestKind = Literal[
    "path",
    "indirect",
    "trend",
    "association",
    "contrast",
    "mean",
    "gap",
    "drivers",
    "correlation",
    "moderation",
    "added_value",
    "repeated",
    "segmentation",
    "latent_path",
    "latent_indirect",
    "latent_trend",
]
Direction = Literal["positive", "negative", "any"]
RuleKind = Literal[
    "missing",
    "attention",
    "duration",
    "straightlining",
    "duplicates",
    "mahalanobis",
    "person_fit",
    "consent",
    "sampling",
]
Lonely = Literal["refuse", "certainty", "adjust", "average"]
DesignErrors = Literal["jackknife", "linearised"]
#: units in the population: a number item, one number for all, or a number per code of the stratum
PopulationSize = str | float | Mapping[int, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRule:
    """One rule by which a respondent is set aside; ``options`` are that rule's own settings."""

    kind: RuleKind
    options: Mapping[str, float | str | tuple[str, ...]] = field(default_factory=dict)


Correction = Literal["none", "bonferroni", "holm", "benjamini_hochberg"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerPlan:
    """A banner table that a study asks for: what stands in its rows and in its columns."""

    id: str
    rows: tuple[str, ...]  #: items and constructs
    columns: tuple[tuple[str, ...], ...]  #: spans from left to right; several names are nested
    title: Text | None = None
    levels: tuple[float, ...] = (0.05, 0.1)  #: of the letters, the strict one first
    correction: Correction = "holm"  #: over the pairs of columns of one span within a row
    minimum_base: int = 30  #: columns with fewer respondents are shown and not tested
    every_answer: bool = False  #: rows for every answer of a rating scale, not only its ends and the mean


@dataclass(frozen=True, slots=True, kw_only=True)
class CongruencePlan:
    """Two views of one matter by the same respondents, and what their agreement may go with."""

    first: str  #: item or construct
    second: str  #: on the same scale
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """One group of people who answered one questionnaire."""

    id: str
    title: Text
    questionnaire: Questionnaire
    group: str | None = None  #: single item whose answers are the tiers or other groups
    group_ordered: bool = True
    cluster: str | None = None  #: item that names the branch
    weight: str | None = None
    second_cluster: str | None = None  #: item that names the unit drawn within the branch
    strata: tuple[str, ...] = ()  #: items that together name the stratum
    population_sizes: tuple[PopulationSize, ...] = ()  #: one a stage of the drawing
    lonely_strata: Lonely = "adjust"  #: what a stratum with one sampled unit adds to the variance
    #: how errors under the design are found: by leaving out sampled units, or as R's survey package has them
    design_errors: DesignErrors = "jackknife"
    rake_to: Mapping[str, Mapping[int, float]] = field(default_factory=dict)  #: item -> code -> share
    trim: tuple[float, float] | None = None  #: bounds of raked weights, as multiples of their mean
    value: str | None = None  #: number item by which customers count in a second estimate, such as assets
    profile: tuple[str, ...] = ()  #: items of the sample profile
    multiple_response: tuple[str, ...] = ()  #: items tabulated by group
    recommend: str | None = None  #: the 0-10 item of the Net Promoter Score
    migration: tuple[
        str, ...
    ] = ()  #: two items with the scale of tiers: as it was, and as it is or should be
    congruence: tuple[CongruencePlan, ...] = ()  #: two views whose agreement is described, without a verdict
    segmentation: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    screening: tuple[ScreeningRule, ...] = ()
    consent_purpose: Text | None = None  #: what respondents agreed to have their answers used for
    #: metadata column -> category -> share of those invited; what is lacking to 1 is anything else
    sampling_frame: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    quotas: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  #: item -> code -> share
    banners: tuple[BannerPlan, ...] = ()
    wave: str | None = None  #: single item that names the wave, where one file holds several
    open_questions: tuple[OpenQuestion, ...] = ()
    panel: bool = False  #: whether the same respondents, by their ids, answer in several waves

    @property
    def sampled(self) -> bool:
        """Whether more is declared of the drawing than clusters, so that estimates follow the design."""
        return bool(self.weight or self.strata or self.population_sizes or self.rake_to)

    @property
    def sampling_items(self) -> tuple[str, ...]:
        """Items beside the weight without which a respondent has no place in the design."""
        sizes = [size for size in self.population_sizes if isinstance(size, str)]
        clusters = [name for name in (self.cluster, self.second_cluster) if name is not None]
        return tuple(dict.fromkeys((*self.strata, *clusters, *sizes, *self.rake_to)))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTest:
    """One test of a hypothesis: what is estimated, on whom, and what would matter.

    ``variables`` names the test's parts by role (``predictor``, ``outcome``, ``mediators``, ...),
    each an item, a column of a multiple-response item, or a construct.
    """

    kind: TestKind
    population: str
    variables: Mapping[str, tuple[str, ...]]
    smallest_effect: float  #: in the unit of the test's effect measure, never negative
    direction: Direction = "positive"
    stated: tuple[str, ...] = ()  #: items that ask how much each predictor matters, in their order


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A claim and the tests that must all agree before it is called supported."""

    id: str
    claim: Text
    tests: tuple[DeclaredTest, ...]
    confirmatory: bool = True
    note: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel:
    """The same construct or item as two or more populations were asked it."""

    label: Text
    names: Mapping[str, str]  #: population id -> item or construct id


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything that is declared before an answer is read."""

    id: str
    title: Text
    languages: tuple[str, ...]
    populations: Mapping[str, Population]
    hypotheses: tuple[Hypothesis, ...] = ()
    parallel: tuple[Parallel, ...] = ()
    outline: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    abstract: Text | None = None
    limits: tuple[Text, ...] = ()  #: what the study itself knows it cannot show
    confidence_level: float = 0.95
    seed: int = 1
    resamples: int = 5000
    minimum_cell: int = 5  #: counts below this are suppressed in reports
    folder: Path | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)  #: file name -> hash

    @classmethod
    def load(cls, folder: Path | str) -> Study:
        """Read a study folder; ``StudyFileError`` lists everything that is wrong with it.

        >>> Study.load("bank_tiering").populations["customers"].group
        'TIER'
        """
        from surveys.study_files import load_study

        return load_study(folder)
