"""Contrasts of the marginal means of a factor, with corrections for asking several at once.

Example: tiers compared in pairs, each with the lowest, each with the next, or along a line; within the levels
of another factor (simple effects); and whether a difference differs between those levels (interaction).

References
----------
.. [1] Bretz, F., Hothorn, T., & Westfall, P. (2011). Multiple comparisons using R. CRC Press.
.. [2] Dunnett, C. W. (1955). A multiple comparison procedure for comparing several treatments with a control.
   Journal of the American Statistical Association, 50, 1096-1121.
.. [3] Lenth, R. V. (2022). emmeans: estimated marginal means. R package, functions contrast and eff_size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.counted_rows import Counts, written_out
from analysis.descriptives import mean_interval
from analysis.design.design import Design
from analysis.factorial.coefficients import CONTRASTS, Contrast, contrast_coefficients
from analysis.factorial.fit import CompleteRows, Errors, FittedFactors, fit_rows, fit_under_design
from analysis.factorial.model import Averaging, FactorColumns, Term, model_terms, why_no_model
from analysis.factorial.simultaneous import ADJUSTMENTS, Adjustment, simultaneous
from analysis.groups import group_label
from analysis.results import Entry, Interval, Tabular
from analysis.weighted_moments import row_weights
from analysis.weighting import takes_weights

Array = npt.NDArray[np.float64]
#: ``each``: the contrasts within one level of ``by`` are a family. ``all``: all of them are one.
Family = Literal["each", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMean:
    """The marginal mean of one combination of levels."""

    levels: tuple[tuple[str, str], ...]  #: (factor, level)
    n: int  #: respondents of these levels
    estimate: float
    std_error: float
    df: float
    interval: Interval  #: of this mean alone


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalContrast:
    """One contrast of marginal means."""

    name: str  #: ``gold - basic``, ``linear``; of an interaction ``(gold - basic) x (f - m)``
    within: tuple[tuple[str, str], ...]  #: (factor, level) of ``by``; empty without
    n: int  #: respondents of the levels that take part
    estimate: float
    std_error: float
    statistic: float | None = None
    df: float
    p_value: float | None = None  #: corrected
    raw_p_value: float | None = None
    interval: Interval | None = None  #: simultaneous, see ``MarginalContrasts.adjustment``
    effect_size: float | None = None  #: estimate over the residual sd
    effect_size_std_error: float | None = None
    effect_size_interval: Interval | None = None  #: with the reach of ``interval``
    numerical_error: float = 0.0  #: of ``p_value``, where directions were drawn, see ``max_t.py``
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginalContrasts(Tabular):
    """Contrasts of the marginal means of a factor."""

    outcome: str
    factor: str
    contrast: Contrast
    by: str | None
    across: str | None
    factors: tuple[str, ...]
    covariates: tuple[str, ...]
    adjustment: Adjustment
    family: Family
    errors: str  #: in words
    averaging: Averaging
    n: int
    n_missing: int
    n_clusters: int | None = None
    df: float | None = None  #: of the model; each contrast has its own under a design with jackknife errors
    residual_sd: float | None = None
    means: tuple[CellMean, ...] = ()
    contrasts: tuple[MarginalContrast, ...] = ()
    state: str = "ok"
    reason: str = ""

    @property
    def method(self) -> str:
        return f"{self.contrast} contrasts of marginal means, {self.errors}, {ADJUSTMENTS[self.adjustment]}"

    def entries(self) -> tuple[Entry, ...]:
        """Means, then each contrast with its effect size; where there are none, one entry says why."""
        about = {"outcome": self.outcome, "factor": self.factor}
        if self.state != "ok":
            return (
                Entry(
                    measure="marginal_contrast",
                    method=self.method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        means = tuple(self._entry_of_mean(mean) for mean in self.means)
        return means + tuple(
            entry for contrast in self.contrasts for entry in self._entries_of(contrast, about)
        )

    def _entry_of_mean(self, mean: CellMean) -> Entry:
        return Entry(
            measure="marginal_mean",
            method=f"marginal means, {self.errors}",
            about={"outcome": self.outcome, **dict(mean.levels)},
            n=mean.n,
            estimate=mean.estimate,
            std_error=mean.std_error,
            df=(mean.df,),
            interval=mean.interval,
        )

    def _entries_of(self, contrast: MarginalContrast, about: Mapping[str, str]) -> Iterator[Entry]:
        who = {**about, "contrast": contrast.name, **dict(contrast.within)}
        trouble: dict[str, Any] = {"state": contrast.state, "reason": contrast.reason}
        raw = {} if contrast.raw_p_value is None else {"p_unadjusted": contrast.raw_p_value}
        yield Entry(
            measure="marginal_contrast",
            method=self.method,
            about=who,
            n=contrast.n,
            estimate=contrast.estimate,
            std_error=contrast.std_error,
            statistic=contrast.statistic,
            df=(contrast.df,),
            p_value=contrast.p_value,
            interval=contrast.interval,
            more=raw,
            **trouble,
        )
        yield Entry(
            measure="standardized_contrast",
            method=f"{self.method}, over the residual sd",
            about=who,
            n=contrast.n,
            estimate=contrast.effect_size,
            std_error=contrast.effect_size_std_error,
            df=(contrast.df,),
            interval=contrast.effect_size_interval,
            **trouble,
        )


@takes_weights(
    "design",
    counts="rows",
    how="weighted least squares, covariance of the design; shares of levels are weighted",
    reference="emmeans of survey::svyglm",
)
def marginal_contrasts(
    outcome: pd.Series,
    factors: pd.DataFrame,
    covariates: pd.DataFrame | None = None,
    *,
    of: str,
    contrast: Contrast = "pairwise",
    by: str | None = None,
    across: str | None = None,
    across_contrast: Contrast = "pairwise",
    control: object = None,
    adjustment: Adjustment = "single_step",
    family: Family = "each",
    interactions: bool = True,
    averaging: Averaging = "equal",
    errors: Errors | None = None,
    clusters: pd.Series | None = None,
    design: Design | None = None,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> MarginalContrasts:
    """Compare the marginal means of a factor, as R's ``emmeans::contrast`` [3]_.

    Parameters
    ----------
    outcome : Series, shape (n_respondents,)
    factors : DataFrame, shape (n_respondents, n_factors)
        Closed answers such as tier and sex, in the order of their categories, else of their values.
    covariates : DataFrame, shape (n_respondents, n_covariates), optional
        Numbers; one common slope each.
    of : str
        The factor whose levels are compared.
    contrast : {"pairwise", "control", "consecutive", "polynomial"}
        ``pairwise`` is later minus earlier level (``revpairwise``), ``control`` each level minus ``control``
        (``trt.vs.ctrl``), ``consecutive`` each minus the one before (``consec``), ``polynomial`` trends over
        equal steps with whole coefficients, up to degree 6 (``poly``).
    by : str, optional
        Another factor; the contrasts are made within each of its levels (simple effects).
    across : str, optional
        Another factor; what is estimated is how the contrasts differ over its levels, by
        ``across_contrast`` (``interaction = c(contrast, across_contrast)``).
    control : object, optional
        Level that ``control`` compares with, a value or its label; the first if not given.
    adjustment : str
        ``single_step``: the largest of the correlated t statistics [1]_; for ``control`` that is Dunnett's
        test [2]_ (``mvt``, ``multcomp::glht``); p-values are exact to 12 digits for up to four means, and to
        some 1e-5 beyond (fixed seeds, see ``max_t.py``). ``tukey``: for pairs only, exact where all
        differences have one error, else a little wide. ``holm``, ``bonferroni``, ``benjamini_hochberg``,
        ``none``.
    family : {"each", "all"}
        Whether each level of ``by`` is corrected by itself, as in emmeans, or all together.
    interactions : bool
        With all interactions of the factors, or with main effects only.
    averaging : {"equal", "proportional"}
        How combinations of further factors count in a mean: alike, or as often as the sample (under a
        design: the population) has them.
    errors : {"hc3", "classical"}, optional
        MacKinnon and White's HC3, used unless clusters or a design are given, or one variance for all as in
        ``emmeans`` of ``lm``.
    clusters : Series, optional
        Branch of each respondent; errors are then cluster-robust (CR1), with ``n_clusters - 1`` df.
    design : SurveyDesign or ReplicateDesign, optional
        Weighted least squares with the covariance and df of :func:`analysis.design.regression.design_linear`;
        with jackknife errors each contrast has its own df.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out. A design carries its own.

    Returns
    -------
    MarginalContrasts
        Intervals have the multiplier of the correction, and Bonferroni's for ``holm`` and
        ``benjamini_hochberg``, which have none of their own, so that there p-value and interval may disagree.
        An effect size is the contrast over the residual sd; given covariates that is the sd of people who
        share them. With classical errors it errs by ``error^2 = (se / sd)^2 + effect^2 / (2 df)``, as
        ``emmeans::eff_size`` with ``edf`` the residual df, else by the influence values of contrast and sd
        together. Where the smaller of two groups (60 and 12, 400 and 50) spreads twice as much, the 95 %
        intervals of contrast and effect cover 72 to 81 % with classical errors and 92 to 93 % with HC3;
        elsewhere those of HC3 cover 93 to 96 %. Under a design the sd is that
        of weighted residuals (``svyvar``), and shares of ``averaging`` count as known. ``state`` is as in
        :func:`analysis.factorial.anova.factorial_anova`.

    Raises
    ------
    ValueError
        For unknown factors, levels and methods, and for ``tukey`` of anything but one factor's pairs.

    Examples
    --------
    >>> tier = pd.Categorical(["basic"] * 4 + ["silver"] * 4 + ["gold"] * 4, ["basic", "silver", "gold"])
    >>> y = pd.Series([1, 2, 2, 3, 2, 3, 3, 3, 4, 5, 4, 4.0], name="SAT")
    >>> people = pd.DataFrame({"TIER": tier, "SEX": [1, 2] * 6})
    >>> found = marginal_contrasts(y, people, of="TIER", contrast="consecutive", interactions=False)
    >>> [(c.name, round(c.estimate, 4), round(c.p_value, 4)) for c in found.contrasts]
    [('silver - basic', 0.75, 0.2663), ('gold - silver', 1.5, 0.0086)]
    """
    asked = _Asked(
        of=of,
        contrast=contrast,
        by=by,
        across=across,
        across_contrast=across_contrast,
        control=control,
        adjustment=adjustment,
        family=family,
        averaging=averaging,
    )
    asked.check(factors, errors, clusters, design)
    errors = errors or "hc3"
    if design is not None:
        row_weights(len(outcome), counts=counts, design=design)  # refuses a second set of counts
    rows = CompleteRows.of(
        written_out(outcome, counts),
        written_out(factors, counts),
        written_out(covariates, counts),
        written_out(clusters, counts),
        design,
    )
    shared = _about(asked, rows, outcome, _in_words(errors, clusters, design))
    trouble = why_no_model(rows.y, rows.factors, rows.covariates, interactions=interactions)
    if trouble is not None:
        return MarginalContrasts(**shared, state=trouble[0], reason=trouble[1])
    terms = model_terms(shared["factors"], shared["covariates"], interactions=interactions)
    coded = FactorColumns(rows.factors, rows.covariates, rows.weights)
    if asked.place(coded.levels[of]) is None:
        reason = f"nobody of {of} {group_label(control)}, the control, answered everything"
        return MarginalContrasts(**shared, state="empty_cell", reason=reason)
    model = (
        fit_rows(rows, coded, terms, errors)
        if design is None
        else fit_under_design(rows, coded, terms, design)
    )
    if isinstance(model, tuple):
        return MarginalContrasts(**shared, state=model[0], reason=model[1])
    cells, contrasts = _estimated(asked, coded, terms, model, rows.times, confidence_level)
    return MarginalContrasts(
        **shared, df=model.df, residual_sd=model.residual_sd, means=cells, contrasts=contrasts
    )


def _in_words(errors: Errors, clusters: pd.Series | None, design: Design | None) -> str:
    if design is not None:
        return "variance of the design"
    if clusters is not None:
        return "cluster-robust errors"
    return "HC3 errors" if errors == "hc3" else "classical errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The choices of one call."""

    of: str
    contrast: Contrast
    by: str | None
    across: str | None
    across_contrast: Contrast
    control: object
    adjustment: Adjustment
    family: Family
    averaging: Averaging

    def check(
        self, factors: pd.DataFrame, errors: str | None, clusters: pd.Series | None, design: Design | None
    ) -> None:
        known = list(map(str, factors.columns))
        named = [name for name in (self.of, self.by, self.across) if name is not None]
        wrong = [
            f"{name!r} is no factor; there are {', '.join(known)}" for name in named if name not in known
        ]
        if len(set(named)) < len(named):
            wrong.append("of, by and across must be different factors")
        for what, value, expected in (
            ("contrast", self.contrast, CONTRASTS),
            ("across_contrast", self.across_contrast, CONTRASTS),
            ("adjustment", self.adjustment, tuple(ADJUSTMENTS)),
            ("family", self.family, ("each", "all")),
            ("averaging", self.averaging, ("equal", "proportional")),
            ("errors", errors, ("classical", "hc3", None)),
        ):
            if value not in expected:
                wrong.append(f"{what} is {value!r}, expected one of {', '.join(filter(None, expected))}")
        one_set = (
            self.contrast == "pairwise" and self.across is None and not (self.by and self.family == "all")
        )
        if self.adjustment == "tukey" and not one_set:
            wrong.append("tukey corrects the pairs of one set of means; use single_step for other families")
        if sum(given is not None for given in (errors, clusters, design)) > 1:
            wrong.append("errors, clusters and a design exclude each other; give one of them")
        if not wrong and self.control is not None and self.place(_all_levels(factors[self.of])) is None:
            met = ", ".join(map(group_label, _all_levels(factors[self.of])))
            wrong.append(f"control is {self.control!r}, which is no level of {self.of}; there are {met}")
        if wrong:
            raise ValueError("; ".join(wrong))

    def place(self, levels: Sequence[object]) -> int | None:
        """Where the control stands among levels; the first if none was named."""
        if self.control is None:
            return 0
        found = (at for at, level in enumerate(levels) if self.control in (level, group_label(level)))
        return next(found, None)


def _all_levels(factor: pd.Series) -> list[object]:
    if isinstance(factor.dtype, pd.CategoricalDtype):
        return list(factor.cat.categories)
    return sorted(factor.dropna().unique())


def _about(asked: _Asked, rows: CompleteRows, outcome: pd.Series, errors: str) -> dict[str, Any]:
    """What a result says of the question and the respondents."""
    return {
        "outcome": str(outcome.name),
        "factor": asked.of,
        "contrast": asked.contrast,
        "by": asked.by,
        "across": asked.across,
        "factors": tuple(map(str, rows.factors.columns)),
        "covariates": tuple(map(str, rows.covariates.columns)),
        "adjustment": asked.adjustment,
        "family": asked.family,
        "errors": errors,
        "averaging": asked.averaging,
        "n": int(rows.times.sum()),
        "n_missing": rows.n_missing,
        "n_clusters": None if rows.clusters is None else int(rows.clusters.max(initial=-1)) + 1,
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _FamilyOfContrasts:
    """Contrasts that are corrected together, and their rows, shape (m, n_coefficients)."""

    contrasts: list[MarginalContrast]
    rows: Array


def _estimated(
    asked: _Asked,
    coded: FactorColumns,
    terms: Sequence[Term],
    model: FittedFactors,
    times: Array,
    level: float,
) -> tuple[tuple[CellMean, ...], tuple[MarginalContrast, ...]]:
    """The means of every combination of ``by``, ``across`` and ``of``, and their contrasts."""
    named, compared = _coefficients(asked, coded)
    outer = [] if asked.by is None else [asked.by]
    means: list[CellMean] = []
    families: list[_FamilyOfContrasts] = []
    for within in product(*(range(len(coded.levels[name])) for name in outer)):
        cells = [
            dict(zip([*outer, *compared], [*within, *cell], strict=True))
            for cell in product(*(range(len(coded.levels[name])) for name in compared))
        ]
        rows = np.array([coded.mean_row(terms, cell, asked.averaging) for cell in cells])
        sizes = np.array([times[coded.met(cell)].sum() for cell in cells])
        means += [
            _cell_mean(_labels(coded, cell), row, n, model, level)
            for cell, row, n in zip(cells, rows, sizes, strict=True)
        ]
        place = _labels(coded, dict(zip(outer, within, strict=True)))
        matrix = np.array([weights for _, weights in named]) @ rows
        contrasts = [
            _contrast(name, place, row, int(sizes[weights != 0].sum()), model)
            for (name, weights), row in zip(named, matrix, strict=True)
        ]
        families.append(_FamilyOfContrasts(contrasts=contrasts, rows=matrix))
    if asked.family == "all":
        every = [contrast for family in families for contrast in family.contrasts]
        families = [_FamilyOfContrasts(contrasts=every, rows=np.vstack([family.rows for family in families]))]
    k = len(coded.levels[asked.of])
    return tuple(means), tuple(
        contrast for family in families for contrast in _corrected(family, asked.adjustment, k, model, level)
    )


def _coefficients(asked: _Asked, coded: FactorColumns) -> tuple[list[tuple[str, Array]], list[str]]:
    """Names and coefficients of the contrasts, over the levels of which factors, the last one fastest."""

    def names(factor: str) -> list[str]:
        return [group_label(level) for level in coded.levels[factor]]

    own = contrast_coefficients(
        asked.contrast, names(asked.of), control=asked.place(coded.levels[asked.of]) or 0
    )
    if asked.across is None:
        return list(own.items()), [asked.of]
    other = contrast_coefficients(asked.across_contrast, names(asked.across))
    products = [
        (f"({one}) x ({two})", np.kron(weights_two, weights_one))
        for two, weights_two in other.items()
        for one, weights_one in own.items()
    ]
    return products, [asked.across, asked.of]


def _labels(coded: FactorColumns, cell: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    return tuple((name, group_label(coded.levels[name][at])) for name, at in cell.items())


def _cell_mean(
    levels: tuple[tuple[str, str], ...], row: Array, n: float, model: FittedFactors, level: float
) -> CellMean:
    estimate, variance = model.contrast(row)
    error, df = math.sqrt(max(0.0, variance)), model.df_of(row)
    return CellMean(
        levels=levels,
        n=int(n),
        estimate=estimate,
        std_error=error,
        df=df,
        interval=mean_interval(estimate, error, df, confidence_level=level),
    )


def _contrast(
    name: str, within: tuple[tuple[str, str], ...], row: Array, n: int, model: FittedFactors
) -> MarginalContrast:
    """Estimate and error, or that there is no error."""
    estimate, variance = model.contrast(row)
    parts = float(np.abs(row) @ np.abs(model.covariance) @ np.abs(row))
    still = variance <= 1e-13 * parts  # zero but for the rounding of what cancels
    return MarginalContrast(
        name=name,
        within=within,
        n=n,
        estimate=estimate,
        std_error=math.sqrt(max(0.0, variance)),
        df=model.df_of(row),
        state="constant" if still else "ok",
        reason="the contrast has no variance with these errors" if still else "",
    )


def _corrected(
    family: _FamilyOfContrasts, adjustment: Adjustment, k: int, model: FittedFactors, level: float
) -> Iterator[MarginalContrast]:
    """The contrasts of one family with corrected p-values and intervals; ``k`` means for Tukey."""
    usable = [at for at, contrast in enumerate(family.contrasts) if contrast.state == "ok"]
    estimates = np.array([family.contrasts[at].estimate for at in usable])
    covariance = family.rows[usable] @ model.covariance @ family.rows[usable].T
    root = np.sqrt(np.diag(covariance))
    found = simultaneous(
        estimates / root,
        covariance / np.outer(root, root),
        np.array([family.contrasts[at].df for at in usable], dtype=float),
        adjustment,
        n_means=k,
        confidence_level=level,
    )
    for at, contrast in enumerate(family.contrasts):
        if at not in usable:
            yield contrast
            continue
        own = usable.index(at)
        effect, error = model.over_sd(family.rows[at])
        yield replace(
            contrast,
            statistic=contrast.estimate / contrast.std_error,
            raw_p_value=found.raw_p_values[own],
            p_value=found.p_values[own],
            numerical_error=found.numerical_errors[own],
            interval=_around(contrast.estimate, found.reach[own] * contrast.std_error, level),
            effect_size=effect,
            effect_size_std_error=error,
            effect_size_interval=_around(effect, found.reach[own] * error, level),
        )


def _around(middle: float, half: float, level: float) -> Interval:
    return Interval(low=middle - half, high=middle + half, confidence_level=level)
