"""A declared sampling plan with its answers: the design, what the weights cost, what is in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.design.design import Array, ReplicateDesign, SurveyDesign, survey_design
from analysis.design.raking import Weighting, kish_design_effect, rake
from analysis.design.replicates import bootstrap
from analysis.results import Entry, Tabular
from analysis.weighting import step_of
from surveys.study import Population, PopulationSize

WEIGHTING = step_of("analysis.inputs.sample_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightDiagnostics(Tabular):
    """What unequal weights and the drawing do to the information in a sample."""

    weight: str  #: item of the weights; empty where there is none
    n: int  #: respondents with a place in the design
    n_outside: int  #: respondents without one, who are in no estimate
    design_effect: float  #: Kish's ``1 + CV^2``: variance against equal weights, for an unrelated question
    effective_n: float
    smallest: float  #: weight over the mean weight
    largest: float
    n_strata: int
    n_clusters: int | None  #: sampled first-stage clusters; None where respondents were drawn alone
    n_lonely: int  #: strata with a single sampled unit
    df: float  #: clusters (or respondents) less strata
    raking: Weighting | None = None  #: margins met, and trimming

    def entries(self) -> tuple[Entry, ...]:
        """Kish's design effect with what belongs to it, then every margin that weights were raked to."""
        more = {
            "effective_n": self.effective_n,
            "smallest": self.smallest,
            "largest": self.largest,
            "n_outside": self.n_outside,
            "n_strata": self.n_strata,
            "n_lonely": self.n_lonely,
            "df": self.df,
        }
        if self.n_clusters is not None:
            more["n_clusters"] = self.n_clusters
        if self.raking is not None:
            more["n_trimmed"] = self.raking.n_trimmed
        effect = Entry(
            measure="kish_design_effect",
            method="Unequal weights, 1 + CV squared",
            about={"weight": self.weight} if self.weight else {},
            n=self.n,
            estimate=self.design_effect,
            more=more,
        )
        margins = () if self.raking is None else self.raking.entries()[:-1]
        return (effect, *margins)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SamplingDesign:
    """The design of a sample as declared, or why it cannot be used.

    ``design`` is None where ``trouble`` says what is in the way: nothing is then estimated under it.
    """

    design: SurveyDesign | None
    diagnostics: WeightDiagnostics | None = None
    trouble: str = ""
    margins: pd.DataFrame | None = None  #: items that weights are raked to
    targets: Mapping[str, Mapping[object, float]] | None = None
    trim: tuple[float, float] | None = None

    def replicates(self, rng: np.random.Generator, n_replicates: int) -> ReplicateDesign:
        """Bootstrap replicates of the design, each raked anew where weights are raked.

        Raises
        ------
        ValueError
            Where a stratum has a single sampled unit, or too few replicates meet the margins.
        """
        if self.design is None:
            raise ValueError(self.trouble)
        design = self.design
        if self.margins is None or self.targets is None:
            return bootstrap(design, rng=rng, n_replicates=n_replicates)
        base = replace(design, weights=design.calibrations[-1].base_weights, calibrations=())
        drawn = bootstrap(base, rng=rng, n_replicates=n_replicates)
        columns = []
        for weights in drawn.replicates.T:
            if not weights.any():
                continue
            try:
                again = rake(base.reweighted(weights), self.margins, self.targets, trim=self.trim)
            except ValueError:  # a category without a respondent in this replicate
                continue
            if again.state == "ok":
                columns.append(again.design.weights)
        if len(columns) < 0.9 * n_replicates:
            raise ValueError(
                f"only {len(columns)} of {n_replicates} replicates of the weights meet the margins: "
                "merge small categories"
            )
        return replace(
            drawn,
            weights=design.weights,
            replicates=np.column_stack(columns),
            scale=1 / (len(columns) - 1),
            replicate_scales=np.ones(len(columns)),
        )


def sampling_design(population: Population, answers: pd.DataFrame) -> SamplingDesign | None:
    """The design of the respondents under the plan that a population declares; None where it declares none.

    Parameters
    ----------
    population : Population
    answers : DataFrame, shape (n_respondents, n_columns)
        With the items that the plan names. Respondents without a usable weight (missing, zero, negative) or
        without an answer that the plan needs keep their place with weight zero: they are in no estimate.

    Examples
    --------
    >>> from surveys.study import Study
    >>> people = replace(Study.load("bank_tiering").populations["customers"], weight="AUM", strata=("TIER",))
    >>> answers = pd.DataFrame({"AUM": [2.0, 2, 1, 0, 5, 2], "TIER": [1.0, 1, 2, 1, None, 2]})
    >>> drawn = sampling_design(people, answers)
    >>> drawn.design.weights.tolist(), drawn.diagnostics.n_outside
    ([2.0, 2.0, 1.0, 0.0, 0.0, 2.0], 2)
    """
    if not population.sampled:
        return None
    names = [name for name in (population.weight, *population.sampling_items) if name is not None]
    absent = [name for name in names if name not in answers]
    if absent:
        return SamplingDesign(design=None, trouble=f"the answers have no column {', '.join(absent)}")
    answers = answers.reset_index(drop=True)
    inside = _inside(population, answers)
    if not inside.any():
        return SamplingDesign(
            design=None, trouble="no respondent has a usable weight and place in the design"
        )
    try:
        return _made(population, answers, inside)
    except ValueError as error:
        return SamplingDesign(design=None, trouble=str(error))


def _inside(population: Population, answers: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Who has a usable weight and every answer that the plan needs."""
    needed = [name for name in population.sampling_items if name in answers]
    inside = answers[needed].notna().all(axis="columns").to_numpy()
    if population.weight is not None:
        weight = answers[population.weight].to_numpy(dtype=float)
        inside = inside & np.isfinite(weight) & (weight > 0)
    return np.asarray(inside)


def _made(population: Population, answers: pd.DataFrame, inside: npt.NDArray[np.bool_]) -> SamplingDesign:
    """The design among those inside, with the others put back at weight zero."""
    rows = answers[inside]
    design = _drawn(population, rows)
    raking, margins = None, None
    targets: dict[str, Mapping[object, float]] = {}
    if population.rake_to:
        total = float(design.weights.sum())
        targets = {
            item: {float(code): share * total / sum(shares.values()) for code, share in shares.items()}
            for item, shares in population.rake_to.items()
        }
        margins = rows[list(targets)].astype(float)
        raking = rake(design, margins, targets, trim=population.trim)
        if raking.state != "ok":
            return SamplingDesign(design=None, trouble=f"the weights cannot be raked: {raking.reason}")
        design = raking.design
    if not inside.all():
        design = _with_outsiders(design, inside)
        if margins is not None:
            margins = answers[list(margins)].astype(float)
    return SamplingDesign(
        design=design,
        diagnostics=_diagnostics(population, design, inside, raking),
        margins=margins,
        targets=targets or None,
        trim=population.trim,
    )


def _drawn(population: Population, rows: pd.DataFrame) -> SurveyDesign:
    strata = None
    if population.strata:
        strata = rows.groupby(list(population.strata), sort=True, observed=True).ngroup()
    clusters = [rows[name] for name in (population.cluster, population.second_cluster) if name is not None]
    sizes = [_sizes(size, population, rows) for size in population.population_sizes]
    if len(clusters) == 1 and len(sizes) == 2:
        raise ValueError("population sizes of two stages for one stage of clusters")
    if strata is not None and clusters:
        lies_in = strata.groupby(clusters[0]).nunique()
        if (lies_in > 1).any():
            raise ValueError(
                f"{int((lies_in > 1).sum())} clusters of {population.cluster} have respondents in two "
                "strata: correct them, or give clusters names of their own in every stratum"
            )
    return survey_design(
        None if population.weight is None else rows[population.weight],
        n_rows=len(rows),
        strata=strata,
        clusters=clusters or None,
        population_sizes=sizes or None,
        lonely=population.lonely_strata,
        errors=population.design_errors,
    )


def _sizes(size: PopulationSize, population: Population, rows: pd.DataFrame) -> pd.Series:
    if isinstance(size, str):
        return rows[size].astype(float)
    if isinstance(size, Mapping):
        return rows[population.strata[0]].map({float(code): number for code, number in size.items()})
    return pd.Series(float(size), index=rows.index)


def _with_outsiders(design: SurveyDesign, inside: npt.NDArray[np.bool_]) -> SurveyDesign:
    """The same design with rows of weight zero for those outside; they add nothing to any total."""
    place = np.flatnonzero(inside)

    def spread(values: Array) -> Array:
        full = np.zeros((len(inside), *values.shape[1:]))
        full[place] = values
        return full

    stages = []
    for stage in design.stages:
        # Outsiders are put into the first unit: with weight zero they change neither its total nor the number
        # of units drawn.
        strata = np.zeros(len(inside), dtype=np.int64)
        units = np.zeros(len(inside), dtype=np.int64)
        strata[place], units[place] = stage.strata, stage.units
        strata[~inside] = stage.strata[0]
        units[~inside] = stage.units[0]
        stages.append(replace(stage, strata=strata, units=units, of_respondents=False))
    calibrations = tuple(
        replace(
            one,
            auxiliaries=spread(one.auxiliaries),
            base_weights=spread(one.base_weights),
            weights=spread(one.weights),
        )
        for one in design.calibrations
    )
    return replace(design, weights=spread(design.weights), stages=tuple(stages), calibrations=calibrations)


def _diagnostics(
    population: Population,
    design: SurveyDesign,
    inside: npt.NDArray[np.bool_],
    raking: Weighting | None,
) -> WeightDiagnostics:
    first = design.stages[0]
    own = design.weights[design.weights > 0]
    kish = kish_design_effect(own)
    return WeightDiagnostics(
        weight=population.weight or "",
        n=len(own),
        n_outside=int((~inside).sum()),
        design_effect=kish,
        effective_n=len(own) / kish,
        smallest=float(own.min() / own.mean()),
        largest=float(own.max() / own.mean()),
        n_strata=len(first.units_in_stratum),
        n_clusters=None if population.cluster is None else len(first.stratum_of_unit),
        n_lonely=int(((first.units_in_stratum == 1) & (first.fraction < 1)).sum()),
        df=design.degrees_of_freedom(np.ones(design.n_rows, dtype=bool)),
        raking=raking,
    )
