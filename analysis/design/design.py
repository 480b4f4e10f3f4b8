"""How the respondents were drawn: weights, strata, clusters in stages, finite populations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.weighting import no_estimate

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Column = pd.Series | npt.NDArray[Any] | Sequence[object]

#: What a stratum with a single sampled cluster adds to the variance. ``refuse``: such a design is not
#: accepted. ``certainty``: nothing, as if the cluster had been sure to be drawn. ``adjust``: its distance
#: from the mean of all clusters. ``average``: as much as the other strata on average.
Lonely = Literal["refuse", "certainty", "adjust", "average"]
#: ``unique``: a cluster has its label to itself. ``within_strata``: labels start anew in every stratum.
ClusterLabels = Literal["unique", "within_strata"]
#: How errors come about. ``linearised``: from influence values, with Student's t on clusters less strata, as
#: R's survey package has them. ``jackknife``: from leaving out one sampled unit at a time, on the degrees of
#: freedom that unequal weights and small groups leave (``analysis.design.jackknife``, ``.spread``).
Errors = Literal["linearised", "jackknife"]
#: ``replicates``: squares around the mean of the replicates. ``estimate``: around the full estimate.
Center = Literal["replicates", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """One step of the drawing, as codes from 0 without holes."""

    strata: Codes  #: (n_rows,) the stratum of a row; from the second stage on within its cluster
    units: Codes  #: (n_rows,) the sampling unit of a row
    stratum_of_unit: Codes  #: (n_units,)
    units_in_stratum: Array  #: (n_strata,) units drawn
    fraction: Array  #: (n_strata,) share of the stratum's units that was drawn; 0: hardly any
    of_respondents: bool = False  #: every respondent drawn alone; counted rows then hold several units


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Totals that the weights were made to meet: estimates vary only by what these leave unexplained."""

    auxiliaries: Array  #: (n_rows, n_totals)
    base_weights: Array  #: (n_rows,) weights of whole rows before they were made to meet the totals
    weights: Array  #: (n_rows,) and after, of the whole sample whatever part of it is looked at


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurveyDesign:
    """Sampling weights and how the sample was drawn; made by :func:`survey_design`.

    A row with weight zero is outside every estimate, but its clusters stay in the design: this is how
    :meth:`within` restricts a design to a subpopulation.
    """

    weights: Array  #: (n_rows,) how many members of the population a respondent of the row stands for
    stages: tuple[Stage, ...]
    counts: Array | None = None  #: (n_rows,) respondents that a row stands for; None: one each
    lonely: Lonely = "refuse"
    errors: Errors = "linearised"
    calibrations: tuple[Calibration, ...] = field(default=())

    @property
    def n_rows(self) -> int:
        return len(self.weights)

    @property
    def totals_weights(self) -> Array:
        """Weight of a whole row: its sampling weight times the respondents it stands for."""
        return self.weights if self.counts is None else self.weights * self.counts

    def respondents(self, used: Mask) -> int:
        """Respondents of positive weight among the rows of ``used``."""
        inside = used & (self.weights > 0)
        return int(inside.sum()) if self.counts is None else int(self.counts[inside].sum())

    def degrees_of_freedom(self, used: Mask) -> float:
        """First-stage clusters less strata, among the rows of ``used`` with positive weight."""
        first = self.stages[0]
        inside = used & (self.weights > 0)
        if self.counts is not None:
            inside &= self.counts > 0
        strata = np.count_nonzero(np.bincount(first.strata[inside]))
        if first.of_respondents:
            return float(self.respondents(used) - strata)
        return float(np.count_nonzero(np.bincount(first.units[inside])) - strata)

    def within(self, subpopulation: Column) -> SurveyDesign:
        """The design for estimates about a subpopulation: weights outside it are zero, clusters stay."""
        return replace(self, weights=np.where(_mask(subpopulation, self.n_rows), self.weights, 0.0))

    def reweighted(self, weights: Column) -> SurveyDesign:
        """The same sample under other sampling weights."""
        return replace(self, weights=checked_weights(weights, self.n_rows), calibrations=())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplicateDesign:
    """Sampling weights with replicates of them; variances come from estimating with each.

    ``variance = scale * sum(replicate_scales * (estimate of a replicate - center)^2)``.
    """

    weights: Array  #: (n_rows,)
    replicates: Array  #: (n_rows, n_replicates) complete weights, not factors
    scale: float
    replicate_scales: Array  #: (n_replicates,)
    df: float
    method: str  #: ``jackknife``, ``stratified jackknife``, ``balanced half-samples``, ``bootstrap``
    center: Center = "replicates"

    @property
    def n_rows(self) -> int:
        return len(self.weights)

    @property
    def totals_weights(self) -> Array:
        return self.weights

    def respondents(self, used: Mask) -> int:
        """Respondents of positive weight among the rows of ``used``."""
        return int((used & (self.weights > 0)).sum())

    def degrees_of_freedom(self, used: Mask) -> float:  # noqa: ARG002 - the signature of both designs
        """Those of the replicates, whatever part of the sample is used."""
        return self.df

    def within(self, subpopulation: Column) -> ReplicateDesign:
        """The design for estimates about a subpopulation: weights outside it are zero."""
        inside = _mask(subpopulation, self.n_rows)
        return replace(
            self,
            weights=np.where(inside, self.weights, 0.0),
            replicates=np.where(inside[:, None], self.replicates, 0.0),
        )


Design = SurveyDesign | ReplicateDesign


@no_estimate("laying out")
def survey_design(
    weights: Column | None = None,
    *,
    n_rows: int | None = None,
    strata: Column | None = None,
    clusters: Column | Sequence[Column] | None = None,
    population_sizes: Column | Sequence[Column | None] | None = None,
    cluster_labels: ClusterLabels = "unique",
    counts: Column | None = None,
    lonely: Lonely = "refuse",
    errors: Errors = "linearised",
) -> SurveyDesign:
    """The sampling design of a survey, as ``survey::svydesign``.

    Sampling weights and counts are different things: a *weight* says how many members of the population a
    respondent stands for, a *count* how many respondents one row of a pattern table stands for. A count of
    20 is as good as 20 rows; a weight of 20 is one respondent.

    Parameters
    ----------
    weights : array-like, shape (n_rows,), optional
        Sampling weights, zero or more. Without them: the inverse of the sampling fractions where
        ``population_sizes`` are given, else 1.
    n_rows : int, optional
        Only needed when nothing else says how many rows there are.
    strata : array-like, shape (n_rows,), optional
        First-stage strata.
    clusters : array-like, shape (n_rows,), or a list of them, optional
        Sampling units, one column a stage, the first stage first. A last stage of single respondents is
        given as a column with a label a row. Without clusters every respondent is drawn alone.
    population_sizes : array-like, shape (n_rows,), or a list of them, optional
        Units in the population: of the first stage in the row's stratum, of the second in the row's cluster,
        and so on. Stages without are taken as drawn with replacement, and later ones then do not count.
    cluster_labels : {"unique", "within_strata"}
        Whether the same label in two strata is an error or two clusters.
    counts : array-like, shape (n_rows,), optional
        Respondents that a row stands for.
    lonely : {"refuse", "certainty", "adjust", "average"}
        What a stratum with one sampled cluster, of several in the population, adds to the variance.
    errors : {"linearised", "jackknife"}
        ``linearised`` gives the numbers of R's survey package. ``jackknife`` gives intervals and tests that
        hold with strongly unequal weights and small groups, where the linearised ones are too sure.

    Raises
    ------
    ValueError
        For missing or negative weights, missing strata or clusters, clusters in two strata, fewer units in
        the population than in the sample, and lonely strata unless told what to do with them.

    References
    ----------
    .. [1] Lumley, T. (2004). Analysis of complex survey samples. Journal of Statistical Software, 9(8), 1-19.

    Examples
    --------
    >>> design = survey_design([10, 10, 5, 5], strata=["a", "a", "b", "b"], clusters=[1, 2, 3, 4])
    >>> design.n_rows, design.degrees_of_freedom(np.ones(4, dtype=bool))
    (4, 2.0)
    """
    columns = _listed(clusters)
    sizes = _listed(population_sizes)
    lengths = {len(column) for column in (weights, strata, counts, *columns, *sizes) if column is not None}
    if n_rows is not None:
        lengths.add(n_rows)
    if len(lengths) != 1:
        raise ValueError(
            f"weights, strata, clusters, sizes and counts must be of one length, found {sorted(lengths)}"
            if lengths
            else "a design needs weights, or n_rows for a simple random sample"
        )
    (n,) = lengths
    known_counts = None if counts is None else _checked_counts(counts, n, columns)
    stages = _stages(n, strata, columns, sizes, cluster_labels, known_counts)
    if lonely == "refuse":
        _refuse_lonely(stages)
    if weights is None:
        fraction = np.prod([stage.fraction[stage.strata] for stage in stages], axis=0)
        own: Array = np.ones(n) if (fraction == 0).any() else 1 / fraction
    else:
        own = checked_weights(weights, n)
    return SurveyDesign(
        weights=own,
        stages=stages,
        counts=known_counts,
        lonely=lonely,
        errors=errors,
    )


@no_estimate("laying out")
def checked_weights(weights: Column, n: int) -> Array:
    """Weights as an array; refuses missing, infinite and negative ones, naming the first row of them."""
    values: Array = np.asarray(weights, dtype=float)
    if values.shape != (n,):
        raise ValueError(f"weights must be of shape ({n},), got {values.shape}")
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        raise ValueError(
            f"row {wrong[0]}: the weight is {values[wrong[0]]}, expected zero or a positive number "
            f"({len(wrong)} rows like this). Give them the weight 0, or leave them out."
        )
    if not values.any():
        raise ValueError("all weights are zero")
    return values


def _checked_counts(counts: Column, n: int, clusters: Sequence[Column]) -> Array:
    values: Array = np.asarray(counts, dtype=float)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        raise ValueError(
            f"row {wrong[0]}: the count is {values[wrong[0]]}, expected zero or more respondents"
        )
    if len(clusters) > 1:
        raise ValueError("counts go with at most one stage of clusters: later stages tell respondents apart")
    if values.shape != (n,):
        raise ValueError(f"counts must be of shape ({n},), got {values.shape}")
    return values


def _listed(columns: Column | Sequence[Any] | None) -> list[Any]:
    """One column, or several in a list or tuple, as a list."""
    if columns is None:
        return []
    if isinstance(columns, list | tuple) and columns and _is_column(columns[0]):
        return list(columns)
    return [columns]


def _is_column(value: object) -> bool:
    return value is None or (hasattr(value, "__len__") and not isinstance(value, str))


def _stages(
    n: int,
    strata: Column | None,
    clusters: Sequence[Column],
    sizes: Sequence[Column | None],
    labels: ClusterLabels,
    counts: Array | None,
) -> tuple[Stage, ...]:
    if len(sizes) > max(1, len(clusters)):
        raise ValueError(f"population sizes of {len(sizes)} stages for clusters of {len(clusters)}")
    within = np.zeros(n, dtype=np.int64) if strata is None else _codes(strata, "strata")
    if not clusters:
        return (_stage(within, None, sizes[0] if sizes else None, 1, counts),)
    stages = []
    for i, column in enumerate(clusters):
        own = _codes(column, f"clusters of stage {i + 1}")
        both = _joined(within, own)
        if i == 0 and labels == "unique" and both.max(initial=-1) > own.max(initial=-1):
            raise ValueError(
                "a cluster has rows in two strata. Correct it, or say cluster_labels='within_strata' "
                "if labels start anew in every stratum."
            )
        size = sizes[i] if i < len(sizes) else None
        stages.append(_stage(within, both, size, i + 1))
        within = both
    return tuple(stages)


def _stage(
    strata: Codes, units: Codes | None, size: Column | None, number: int, counts: Array | None = None
) -> Stage:
    n_strata = int(strata.max(initial=-1)) + 1
    if units is None:
        stratum_of_unit = strata
    else:
        stratum_of_unit = np.zeros(int(units.max(initial=-1)) + 1, dtype=np.int64)
        stratum_of_unit[units] = strata
    drawn = np.bincount(stratum_of_unit, weights=counts, minlength=n_strata).astype(float)
    fraction = np.zeros(n_strata)
    if size is not None:
        given: Array = np.asarray(size, dtype=float)
        in_stratum = np.zeros(n_strata)
        if np.isnan(given).any():
            raise ValueError(f"stage {number}: a population size is missing")
        in_stratum[strata] = given
        if (in_stratum[strata] != given).any():
            raise ValueError(f"stage {number}: the population size differs within a stratum")
        if (in_stratum < drawn).any():
            at = int(np.flatnonzero(in_stratum < drawn)[0])
            raise ValueError(
                f"stage {number}: {drawn[at]:g} units drawn out of {in_stratum[at]:g}. "
                "Population sizes count units of the stage, not respondents."
            )
        fraction = drawn / in_stratum
    return Stage(
        strata=strata,
        units=np.arange(len(strata)) if units is None else units,
        stratum_of_unit=stratum_of_unit,
        units_in_stratum=drawn,
        fraction=fraction,
        of_respondents=units is None,
    )


def _refuse_lonely(stages: Sequence[Stage]) -> None:
    for number, stage in enumerate(stages, 1):
        lonely = (stage.units_in_stratum == 1) & (stage.fraction < 1)
        if lonely.any() and (number == 1 or (stages[number - 2].fraction > 0).any()):
            row = int(np.flatnonzero(lonely[stage.strata])[0])
            raise ValueError(
                f"stage {number}: {int(lonely.sum())} strata hold a single sampled unit (as in row {row}), "
                "which leaves their variance unknown. Merge them with a neighbour, or choose "
                "lonely='certainty', 'adjust' or 'average'."
            )


def _codes(column: Column, what: str) -> Codes:
    codes, _ = pd.factorize(np.asarray(column), sort=True)
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise ValueError(f"row {missing[0]}: {what} missing ({len(missing)} rows). Name it, or leave it out.")
    return np.asarray(codes, dtype=np.int64)


def _joined(outer: Codes, inner: Codes) -> Codes:
    """Codes of the pairs that occur."""
    pairs = outer * (int(inner.max(initial=-1)) + 1) + inner
    return np.asarray(np.unique(pairs, return_inverse=True)[1], dtype=np.int64)


def _mask(subpopulation: Column, n: int) -> Mask:
    mask = np.asarray(subpopulation)
    if mask.dtype != bool or mask.shape != (n,):
        raise ValueError(f"a subpopulation is marked by {n} booleans, got {mask.dtype} of shape {mask.shape}")
    return mask
