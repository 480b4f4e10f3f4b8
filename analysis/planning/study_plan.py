"""Precision and power of a study's own declared tests, before anybody is asked.

The level of every test is the one that its verdict uses: with m confirmatory hypotheses, Holm's correction
supports a claim for certain when its p-value is at most ``alpha / m`` [1]_, and so plans use ``alpha / m``. A
claim with k tests holds only when all of them do; each is planned with power ``1 - (1 - power) / k``, so that
all of them together have the wanted power whatever their dependence (Boole).

References
----------
.. [1] Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
   Statistics, 6, 65-70.
.. [2] Cohen, J. (1992). A power primer. Psychological Bulletin, 112, 155-159.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.planning.effects import PlannedEffect, Scale, ScaledEffect, TextbookEffect, fewest_respondents
from analysis.planning.fieldwork import Fieldwork, fieldwork, quota_sheet
from analysis.planning.power import PlannedMeasure
from analysis.planning.power import design_effect as kish_design_effect
from analysis.planning.quotas import Quotas
from analysis.planning.simulation import SimulatedPower, simulate_power
from analysis.planning.truth import TrueEffect, share_set_aside, true_effects, with_branches
from analysis.questions import MINIMUM_N
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate
from surveys.population_model import PopulationModel
from surveys.questionnaire import Questionnaire
from surveys.study import DeclaredTest, Hypothesis, Study, TestKind

POINTS = 24  #: of a power curve

#: Formula of each kind where only the size of the effect is known, and what is a medium effect of it [2]_.
TEXTBOOK: Mapping[TestKind, tuple[PlannedMeasure, float]] = {
    "path": ("correlation", 0.3),
    "moderation": ("correlation", 0.3),
    "correlation": ("correlation", 0.3),
    "trend": ("tau_b", 0.2),  # a correlation of 0.3, by 2 / pi arcsin r
    "association": ("cramers_v", 0.3),
    "contrast": ("d_within", 0.5),
    "mean": ("d_within", 0.5),
    "gap": ("d_between", 0.5),
    "drivers": ("r_squared", 0.13),
}
#: Kinds whose intervals are not held on the effect's own scale.
SCALES: Mapping[TestKind, Scale] = {
    "correlation": "fisher_z",
    "association": "length",
    "drivers": "fisher_z_of_root",
    "added_value": "squared_length",
}
#: Kinds whose tests count the branches with t on branches less one.
KNOW_BRANCHES: tuple[TestKind, ...] = ("path", "contrast", "mean", "moderation", "drivers")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChoices:
    """What the one who plans decides; everything else comes from the study and its population file."""

    power: float = 0.8
    sizes: Mapping[str, int] = field(default_factory=dict)  #: answers to collect, by population
    branches: Mapping[str, int] = field(default_factory=dict)
    effects: Mapping[str, float] = field(default_factory=dict)  #: ``H1`` or ``H1.2`` -> expected effect
    response_rates: Mapping[str, float] = field(default_factory=dict)
    set_aside: Mapping[str, float] = field(default_factory=dict)
    icc: Mapping[str, float] = field(default_factory=dict)  #: used where no population file is
    least_per_tier: int = MINIMUM_N
    samples: int = 0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTest(Tabular):
    """One declared test before fielding."""

    hypothesis: str
    position: int
    test: DeclaredTest
    method: str
    confidence_level: float  #: after the correction
    wanted_power: float
    source: str  #: of the expected effect: ``population_file``, ``given``, ``convention``, ``none``
    expected: float | None = None  #: in the claimed direction
    expected_std_error: float | None = None
    design_effect: float = 1.0
    needed: Mapping[str, int] = field(default_factory=dict)  #: respondents analysed, by population
    needed_per_tier: Mapping[str, int] = field(default_factory=dict)
    planned: Mapping[str, int] = field(default_factory=dict)
    power: float | None = None  #: with those planned
    half_width: float | None = None  #: with those planned, at the study's own confidence level
    curve: tuple[tuple[int, float], ...] = ()  #: respondents in all, power
    state: str = "ok"
    reason: str = ""

    @property
    def n_needed(self) -> int | None:
        return sum(self.needed.values()) if self.needed else None

    @property
    def n_planned(self) -> int:
        return sum(self.planned.values())

    def entries(self) -> tuple[Entry, ...]:
        about = {"hypothesis": self.hypothesis, "test": str(self.position + 1), "kind": self.test.kind}
        more = {
            "expected": self.expected,
            "smallest_effect": self.test.smallest_effect,
            "confidence_level": self.confidence_level,
            "wanted_power": self.wanted_power,
            "design_effect": self.design_effect,
            "n_needed": self.n_needed,
            "half_width": self.half_width,
        }
        return (
            Entry(
                measure="power",
                method=self.method,
                about=about,
                n=self.n_planned,
                estimate=self.power,
                more={name: float(value) for name, value in more.items() if value is not None},
                state=self.state,
                reason=self.reason,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedHypothesis:
    """One claim before fielding."""

    hypothesis: Hypothesis
    tests: tuple[PlannedTest, ...]

    @property
    def by_formula(self) -> bool:
        """Whether every test of it has a formula."""
        return all(test.power is not None for test in self.tests)

    @property
    def power_at_least(self) -> float | None:
        """``1 - sum(1 - power)``: what the tests have together however they depend on each other."""
        if not self.by_formula:
            return None
        return max(0.0, 1 - sum(1 - (test.power or 0.0) for test in self.tests))

    @property
    def power_at_most(self) -> float | None:
        """The power of the weakest test."""
        return min(test.power or 0.0 for test in self.tests) if self.by_formula else None

    @property
    def needed(self) -> dict[str, int]:
        """Respondents analysed that its tests need, by population; empty where some test cannot say."""
        if any(not test.needed for test in self.tests):
            return {}
        most: dict[str, int] = {}
        for test in self.tests:
            for id_, n in test.needed.items():
                most[id_] = max(n, most.get(id_, 0))
        return most


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """Everything that is planned of one study."""

    study: Study
    choices: PlanChoices
    model: PopulationModel | None
    family: int  #: confirmatory hypotheses
    hypotheses: tuple[PlannedHypothesis, ...]
    fieldwork: tuple[Fieldwork, ...]
    quotas: tuple[Quotas, ...]
    simulated: SimulatedPower | None = None

    @property
    def synthetic(self) -> bool:
        """Whether expected effects or samples come from a made-up population."""
        return self.model is not None

    @property
    def tests(self) -> tuple[PlannedTest, ...]:
        return tuple(test for hypothesis in self.hypotheses for test in hypothesis.tests)

    def not_given(self) -> tuple[PlannedTest, ...]:
        """Tests of which neither a formula nor a simulation says anything."""
        return tuple(test for test in self.tests if test.power is None) if self.simulated is None else ()


@no_estimate("planning")
def plan_study(
    study: Study,
    choices: PlanChoices,
    *,
    model: PopulationModel | None = None,
    pool: Executor | None = None,
    tell: Callable[[str], None] | None = None,
) -> StudyPlan:
    """Plan the respondents of a study, by formula and, where ``choices.samples`` asks for it, by simulation.

    Parameters
    ----------
    study : Study
    choices : PlanChoices
        Populations without a size there have that of the model, or else what their tests need.
    model : PopulationModel, optional
        Says how large the effects are; without it they are those given, or medium ones by convention.
    pool : concurrent.futures.Executor, optional
        Shares the simulated samples; the plan is the same with and without.
    tell : callable, optional
        Told of each step.

    Examples
    --------
    >>> study = Study.load("bank_tiering")
    >>> plan = plan_study(study, PlanChoices(sizes={"customers": 800, "employees": 300, "corporate": 200}))
    >>> first = plan.tests[0]
    >>> first.source, first.method, first.needed, round(first.power, 3)
    ('convention', "Fisher's z", {'customers': 339}, 0.998)
    """
    say = tell or (lambda _: None)
    known = {} if model is None else {id_: p.n for id_, p in model.populations.items()}
    sizes = known | dict(choices.sizes)
    branches = {
        id_: choices.branches.get(id_, 0 if model is None else model.populations[id_].cluster_count)
        for id_, population in study.populations.items()
        if population.cluster is not None and (model is None or id_ in model.populations)
    }
    branches = {id_: count for id_, count in branches.items() if count}
    truth: Mapping[tuple[str, int], TrueEffect] = {}
    aside = dict(choices.set_aside)
    if model is not None:
        say("effects in a very large sample of the stated population")
        truth = true_effects(study, model, sizes=sizes, branches=branches, rng=_rng(choices, "truth"))
        drawn = share_set_aside(study, with_branches(model, branches), rng=_rng(choices, "set aside"))
        aside = drawn | aside
    frame = _Frame(
        study=study, choices=choices, model=model, truth=truth, sizes=sizes, branches=branches, aside=aside
    )
    say("respondents by formula")
    hypotheses = tuple(
        PlannedHypothesis(
            hypothesis=h,
            tests=tuple(_planned(frame, h, k) for k in range(len(h.tests))),
        )
        for h in study.hypotheses
    )
    work = tuple(
        fieldwork(
            study.populations[id_],
            hypotheses=[(h.hypothesis.id, h.needed) for h in hypotheses if h.hypothesis.confirmatory],
            size=sizes.get(id_),
            branches=branches.get(id_),
            set_aside=aside.get(id_),
            response_rate=choices.response_rates.get(id_),
        )
        for id_ in study.populations
    )
    simulated = None
    if choices.samples and model is not None:
        simulated = simulate_power(
            study,
            with_branches(model, branches),
            sizes=sizes,
            samples=choices.samples,
            seed=choices.seed,
            levels={h.id: 1 - frame.level(h) for h in study.hypotheses},
            pool=pool,
            tell=say,
        )
    return StudyPlan(
        study=study,
        choices=choices,
        model=model,
        family=frame.family,
        hypotheses=hypotheses,
        fieldwork=work,
        quotas=tuple(
            quota_sheet(
                study.populations[row.population],
                None if model is None else model.populations.get(row.population),
                n=row.answers,
                branches=branches.get(row.population),
                least_per_tier=choices.least_per_tier,
            )
            for row in work
            if row.answers
        ),
        simulated=simulated,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What every test is planned with."""

    study: Study
    choices: PlanChoices
    model: PopulationModel | None
    truth: Mapping[tuple[str, int], TrueEffect]
    sizes: Mapping[str, int]
    branches: Mapping[str, int]
    aside: Mapping[str, float]

    @property
    def family(self) -> int:
        return sum(h.confirmatory for h in self.study.hypotheses)

    def level(self, hypothesis: Hypothesis) -> float:
        """Confidence level that a single test has to be held at."""
        alpha = 1 - self.study.confidence_level
        return 1 - (alpha / self.family if hypothesis.confirmatory else alpha)

    def analysed(self, population: str) -> int | None:
        """Respondents left of those planned, once some are set aside."""
        if population not in self.sizes:
            return None
        return math.floor(self.sizes[population] * (1 - self.aside.get(population, 0.0)))

    def branch_size(self, population: str) -> float | None:
        n, count = self.analysed(population), self.branches.get(population)
        return None if n is None or not count else n / count

    def kish(self, population: str) -> float:
        """Design effect of a mean by the stated intraclass correlation."""
        size = self.branch_size(population)
        if size is None or size < 1 or population not in self.choices.icc:
            return 1.0
        return kish_design_effect(size, self.choices.icc[population])


def _rng(choices: PlanChoices, name: str) -> np.random.Generator:
    return np.random.default_rng([choices.seed, zlib.crc32(name.encode())])


def _planned(frame: _Frame, hypothesis: Hypothesis, position: int) -> PlannedTest:
    test = hypothesis.tests[position]
    involved = (test.population, *test.variables.get("versus_population", ()))
    analysed = [frame.analysed(id_) for id_ in involved]
    balance = analysed[1] / analysed[0] if len(involved) > 1 and analysed[0] and analysed[1] else 1.0
    expected, source, effect, true = _effect(frame, hypothesis, position, balance)
    wanted = 1 - (1 - frame.choices.power) / len(hypothesis.tests)
    planned = PlannedTest(
        hypothesis=hypothesis.id,
        position=position,
        test=test,
        method="by simulation only" if effect is None else effect.method,
        confidence_level=frame.level(hypothesis),
        wanted_power=wanted,
        source=source,
        expected=expected,
        expected_std_error=None if true is None or source != "population_file" else true.std_error,
        design_effect=frame.kish(test.population) if true is None else true.design_effect,
        planned={id_: n for id_, n in zip(involved, analysed, strict=True) if n is not None},
    )
    if effect is None or expected is None:
        reason = f"there is no formula for a test of kind {test.kind}; its power is found by simulation only"
        return replace(planned, state="by_simulation_only", reason=reason)
    if expected <= test.smallest_effect:
        planned = replace(
            planned,
            state="inadmissible",
            reason=f"the expected effect of {expected:.3g} does not exceed the smallest effect of interest "
            f"of {test.smallest_effect:g}: no number of respondents would show it",
        )
    else:
        shares = [1 / (1 + balance), balance / (1 + balance)] if len(involved) > 1 else [1.0]
        planned = _with_needed(frame, planned, effect, dict(zip(involved, shares, strict=True)))
    return _with_power(frame, planned, effect)


def _with_needed(
    frame: _Frame, planned: PlannedTest, effect: PlannedEffect, shares: Mapping[str, float]
) -> PlannedTest:
    total = fewest_respondents(effect, planned.wanted_power, at_least=MINIMUM_N)
    if total is None:
        return replace(planned, state="too_few", reason="more than ten million respondents would be needed")
    needed = {id_: math.ceil(total * share - 1e-9) for id_, share in shares.items()}
    per_tier = {}
    if planned.test.kind in ("trend", "association"):
        tiers = _tier_shares(frame, planned.test)
        per_tier = {tier: math.ceil(needed[planned.test.population] * s - 1e-9) for tier, s in tiers.items()}
    return replace(
        planned, needed=needed, needed_per_tier=per_tier, planned=dict(planned.planned) or dict(needed)
    )


def _with_power(frame: _Frame, planned: PlannedTest, effect: PlannedEffect) -> PlannedTest:
    n = planned.n_planned
    if not n:
        return planned
    top = 1.3 * max(n, planned.n_needed or 0, MINIMUM_N)
    grid = sorted({*np.geomspace(MINIMUM_N, top, POINTS).round().astype(int).tolist(), n})
    return replace(
        planned,
        power=effect.power(n),
        half_width=effect.half_width(n, frame.study.confidence_level),
        curve=tuple((int(at), effect.power(at)) for at in grid),
    )


def _effect(
    frame: _Frame, hypothesis: Hypothesis, position: int, balance: float
) -> tuple[float | None, str, PlannedEffect | None, TrueEffect | None]:
    """Expected effect, where it is from, its formula, and what is true in the population."""
    test = hypothesis.tests[position]
    effects, true = frame.choices.effects, frame.truth.get((hypothesis.id, position))
    given = effects.get(f"{hypothesis.id}.{position + 1}", effects.get(hypothesis.id))
    if given is not None:
        expected, source = abs(given) if test.direction == "any" else given, "given"
    elif true is not None:
        expected, source = _in_direction(true.estimate, test), "population_file"
    elif test.kind in TEXTBOOK:
        expected, source = TEXTBOOK[test.kind][1], "convention"
    else:
        return None, "none", None, true
    level = frame.level(hypothesis)
    if true is not None:
        if true.spread is None:
            return expected, source, None, true
        clustered = frame.study.populations[test.population].cluster is not None
        scaled = ScaledEffect(
            expected=expected,
            bound=test.smallest_effect,
            confidence_level=level,
            spread=true.spread,
            scale=SCALES.get(test.kind, "own"),
            differences=true.differences,
            branch_size=frame.branch_size(test.population)
            if clustered and test.kind in KNOW_BRANCHES
            else None,
        )
        return expected, source, scaled, true
    if test.kind not in TEXTBOOK:
        return expected, source, None, None
    return expected, source, _textbook(frame, test, expected, level, balance), None


def _in_direction(estimate: float, test: DeclaredTest) -> float:
    if test.direction == "any":
        return abs(estimate)
    return -estimate if test.direction == "negative" else estimate


def _textbook(
    frame: _Frame, test: DeclaredTest, expected: float, level: float, balance: float
) -> TextbookEffect:
    other = test.variables.get("versus_population", ())
    return TextbookEffect(
        measure=TEXTBOOK[test.kind][0],
        expected=expected,
        bound=test.smallest_effect,
        confidence_level=level,
        design_effect=frame.kish(test.population),
        numerator_df=_numerator_df(frame.study, test),
        second_per_first=balance,
        second_design_effect=frame.kish(other[0]) if other else 1.0,
    )


def _numerator_df(study: Study, test: DeclaredTest) -> int:
    if test.kind == "drivers":
        return len(test.variables["predictors"])
    if test.kind != "association":
        return 1
    population = study.populations[test.population]
    group = (*test.variables.get("group", ()), population.group or "")[0]
    rows = _categories(population.questionnaire, test.variables["variable"][0])
    return (rows - 1) * (_categories(population.questionnaire, group) - 1)


def _categories(questionnaire: Questionnaire, name: str) -> int:
    """Answers that an item can have; an option column of a multiple response is 0 or 1."""
    scale = questionnaire.item(name).scale if questionnaire.has_item(name) else None
    return 2 if scale is None else len(scale.codes)


def _tier_shares(frame: _Frame, test: DeclaredTest) -> Mapping[str, float]:
    """Shares of the groups that a test compares, from the study's quotas or the population file."""
    population = frame.study.populations[test.population]
    group = (*test.variables.get("group", ()), population.group or "")[0]
    if group in population.quotas:
        return population.quotas[group]
    parameters = None if frame.model is None else frame.model.populations.get(test.population)
    scale = population.questionnaire.item(group).scale if population.questionnaire.has_item(group) else None
    if parameters is None or scale is None:
        return {}
    shares = parameters.tier_shares if parameters.tier_item == group else parameters.shares.get(group, ())
    return dict(zip(map(str, scale.codes), shares, strict=True)) if shares else {}
