"""The doorway for ordered items: a model and answers in, a model fitted by weighted least squares (WLSMV)
out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.ordinal.tables import Missing
from analysis.results import Entry, Interval, Tabular
from analysis.sem.errors import ModelError
from analysis.sem.indices import Relative
from analysis.sem.model import Identification, Model
from analysis.sem.ordered_admissibility import (
    OrderedProblem,
    cautions,
    problems_of_answers,
    problems_of_correlations,
    problems_of_solution,
)
from analysis.sem.ordered_estimates import Minimum, Sandwich, estimate
from analysis.sem.ordered_matrices import OrderedStructure
from analysis.sem.ordered_moments import OrderedMoments, ordered_moments_of
from analysis.sem.ordered_parameters import Parameterization, ordered_table
from analysis.sem.ordered_quality import OrderedQuality, quality_of
from analysis.sem.ordered_standardized import Standardized, delta_errors, plain_values, standardized_values
from analysis.sem.ordered_tests import SCALINGS, OrderedScaling
from analysis.sem.parameters import Parameter, ParameterTable, Shared
from analysis.sem.restrictions import Restrictions, named_values
from analysis.weighting import takes_weights, weights_given_by

Array = npt.NDArray[np.float64]
METHOD = "Diagonally weighted least squares on polychoric correlations (WLSMV)"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedEstimate:
    """One parameter, estimated; what is fixed or follows from others has no standard error."""

    name: str
    group: str
    estimate: float
    std_error: float | None
    parameter: Parameter | None = None  #: None for what ``:=`` defines

    @property
    def statistic(self) -> float | None:
        """z."""
        return self.estimate / self.std_error if self.std_error else None

    @property
    def p_value(self) -> float | None:
        z = self.statistic
        return None if z is None else 2 * float(ndtr(-abs(z)))

    def confidence_interval(self, confidence_level: float = 0.95) -> Interval | None:
        """The normal interval."""
        if self.std_error is None:
            return None
        reach = float(ndtri((1 + confidence_level) / 2)) * self.std_error
        low, high = self.estimate - reach, self.estimate + reach
        return Interval(low=low, high=high, confidence_level=confidence_level)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedFit(Tabular):
    """A model fitted to ordered items, or why there is none.

    Unless ``state`` is ``"ok"``, test and indices are None. Estimates remain only where the search
    converged and the parameters are identified: they then show what is inadmissible. ``cautions`` do not
    void the result.
    """

    table: ParameterTable
    moments: OrderedMoments
    parameterization: Parameterization
    scaling: OrderedScaling
    structures: tuple[OrderedStructure, ...]
    minimum: Minimum | None
    sandwich: Sandwich | None
    quality: OrderedQuality | None
    problems: tuple[OrderedProblem, ...]
    cautions: tuple[OrderedProblem, ...]
    n_parameters: int  #: free parameters, less equalities
    df: int

    @property
    def state(self) -> str:
        """``"ok"``, or the kind of the first problem."""
        return self.problems[0].kind if self.problems else "ok"

    @property
    def reason(self) -> str:
        """What is wrong, in words."""
        return "; ".join(problem.reason for problem in self.problems)

    @property
    def n(self) -> float:
        """Respondents used."""
        return self.moments.n

    @property
    def groups(self) -> tuple[str, ...]:
        return self.table.groups

    def estimates(self) -> tuple[OrderedEstimate, ...]:
        """Every parameter of every group, then what ``:=`` defines; empty when there is nothing to show."""
        if self.minimum is None or self.sandwich is None:
            return ()
        errors = np.sqrt(np.maximum(np.diag(self.sandwich.covariance), 0))
        values = plain_values(self.table, self.structures)(self.minimum.parameters)
        found = [
            OrderedEstimate(
                name=row.name,
                group=self.groups[row.group],
                estimate=float(value),
                std_error=None if row.free is None else float(errors[row.free]) or None,
                parameter=row,
            )
            for row, value in zip(self.table.parameters, values, strict=True)
        ]
        return (*found, *self._defined(self.minimum, self.sandwich))

    def _defined(self, minimum: Minimum, sandwich: Sandwich) -> list[OrderedEstimate]:
        defined = [c.left for c in self.table.constraints if c.op == ":="]
        if not defined:
            return []
        values = named_values(self.table, minimum.parameters)
        found = []
        for name in defined:
            dual = values[name]
            variance = float(dual.gradient @ sandwich.covariance @ dual.gradient)
            error = float(np.sqrt(max(variance, 0.0))) or None
            found.append(OrderedEstimate(name=name, group="", estimate=dual.value, std_error=error))
        return found

    def estimate(self, name: str, group: str | None = None) -> OrderedEstimate:
        """One parameter by name: ``fit.estimate("SAT =~ SAT2")``, ``fit.estimate("SAT2 | t1", "gold")``."""
        wanted = _squeezed(name)
        for found in self.estimates():
            if _squeezed(found.name) == wanted and group in (None, found.group):
                return found
        raise KeyError(f"No estimate of {name!r}" + (f" in {group!r}" if group else "") + f" ({self.state}).")

    def standardized(self, kind: Standardized = "all") -> tuple[OrderedEstimate, ...]:
        """Every parameter with constructs (``"lv"``) or constructs and items (``"all"``) in standard
        deviations.

        Errors by the delta method; those of what is 1 or 0 in every solution are None.
        """
        if self.minimum is None or self.sandwich is None:
            return ()
        function = standardized_values(self.table, self.structures, kind)
        values = function(self.minimum.parameters)
        errors = delta_errors(function, self.minimum.parameters, self.sandwich.covariance)
        return tuple(
            OrderedEstimate(
                name=row.name,
                group=self.groups[row.group],
                estimate=float(value),
                std_error=float(error) if error > 1e-8 else None,
                parameter=row,
            )
            for row, value, error in zip(self.table.parameters, values, errors, strict=True)
        )

    def tangents(self) -> Array:
        """Slopes of the moments along the directions in which the parameters may move."""
        if self.minimum is None:
            raise ModelError(f"There are no estimates: {self.reason}.")
        return np.asarray(self.minimum.jacobian @ Restrictions.of(self.table).basis)

    def r_squared(self) -> dict[tuple[str, str], float]:
        """By group and item: what the constructs explain of the variable behind the item."""
        if self.minimum is None:
            return {}
        found: dict[tuple[str, str], float] = {}
        for group, structure in zip(self.groups, self.structures, strict=True):
            here = structure.implied(self.minimum.parameters)
            shares = 1 - here.residual_variances / np.diag(here.covariance)
            found |= {(group, item): float(r) for item, r in zip(self.table.observed, shares, strict=True)}
        return found

    def entries(self) -> tuple[Entry, ...]:
        """The test of fit and the indices, then every estimate."""
        return (*self._fit_entries(), *(self._estimate_entry(found) for found in self.estimates()))

    def _state(self) -> tuple[str, str]:
        return (self.problems[0].entry_state, self.reason) if self.problems else ("ok", "")

    def _fit_entries(self) -> tuple[Entry, ...]:
        state, reason = self._state()
        n = round(self.n)
        if self.quality is None:
            return (Entry(measure="chi_square", method=METHOD, n=n, state=state, reason=reason),)
        test = self.quality.test
        more = {"unscaled": test.statistic, "shift": test.shift}
        more |= {} if test.scaling_factor is None else {"scaling_factor": test.scaling_factor}
        entries = [
            Entry(
                measure="chi_square",
                method=f"{METHOD}, {test.scaling} test",
                n=n,
                estimate=test.scaled,
                statistic=test.scaled,
                df=(test.scaled_df,),
                p_value=test.p_value,
                more=more,
            ),
            Entry(measure="srmr", method=METHOD, n=n, estimate=self.quality.srmr),
        ]
        for word, indices in (("scaled", self.quality.scaled), ("robust", self.quality.robust)):
            if indices is not None:
                entries += _index_entries(word, indices, n)
        return tuple(entries)

    def _estimate_entry(self, found: OrderedEstimate) -> Entry:
        state, reason = self._state()
        about = {"parameter": found.name} | ({"group": found.group} if len(self.groups) > 1 else {})
        return Entry(
            measure="parameter",
            method=METHOD,
            about=about,
            n=round(self.n),
            estimate=found.estimate,
            std_error=found.std_error,
            statistic=found.statistic,
            p_value=found.p_value,
            interval=found.confidence_interval(),
            state=state,
            reason=reason,
        )


def _index_entries(word: str, indices: Relative, n: int) -> list[Entry]:
    method = f"{METHOD}, {word}"
    found = [
        Entry(measure=measure, method=method, n=n, estimate=value)
        for measure, value in (("cfi", indices.cfi), ("tli", indices.tli))
        if value is not None
    ]
    if indices.rmsea is not None:
        close = {"close_fit_p_value": indices.rmsea.close_fit_p_value}
        rmsea = indices.rmsea
        found.append(
            Entry(
                measure="rmsea",
                method=method,
                n=n,
                estimate=rmsea.estimate,
                interval=rmsea.interval,
                more=close,
            )
        )
    return found


@takes_weights(
    "weights",
    counts="sums",
    how="weighted thresholds and polychorics with the covariance of the weighted equations (a column)",
    reference="lavaan sampling.weights; copies in clusters; the jackknife",
)
def fit_ordered(
    model: Model | str,
    data: pd.DataFrame,
    *,
    group: str | None = None,
    group_equal: Iterable[Shared] = (),
    group_partial: Iterable[str] = (),
    parameterization: Parameterization = "delta",
    scaling: OrderedScaling = "scaled-shifted",
    missing: Missing = "listwise",
    weights: str | None = None,
    cluster: str | None = None,
    counts: str | None = None,
    identification: Identification | None = None,
) -> OrderedFit:
    """A model whose items are all ordered, fitted by diagonally weighted least squares: lavaan's WLSMV.

    Parameters
    ----------
    model : Model or str
        A model, or its text (:func:`analysis.sem.syntax.read_model` tells the notation).
    data : DataFrame, shape (n_respondents, n_columns)
        Answers as numbers or ordered categoricals, NaN for no answer.
    group : str, optional
        Column that tells the groups.
    group_equal, group_partial : iterable of str
        What groups share (``"thresholds"``, ``"loadings"``, ``"residuals"``, ...), and parameters exempt
        from it (``"SAT2 | t1"``). :mod:`analysis.sem.ordered_parameters` tells what is free in return.
    parameterization : "delta" or "theta"
        Whether the scales or the residual variances of the items are parameters; the fit is the same unless
        groups share residual variances.
    scaling : "scaled-shifted", "mean-and-variance" or "mean"
        Of the test: lavaan's WLSMV, WLSMVS and WLSM.
    missing : "listwise" or "pairwise"
    weights, cluster : str, optional
        Columns with sampling weights and clusters: errors and tests are those of the weighted equations, with
        respondents' shifts summed within clusters (which may reach over groups).
    counts : str, optional
        Column with frequencies: 2 counts as two respondents with these answers.
    identification : "marker" or "standardized", optional
        What sets the unit of constructs.

    Returns
    -------
    OrderedFit
        ``state`` is ``"ok"``; ``"too_few"``, ``"constant_item"``, ``"empty_category"`` (in one of the
        groups), ``"perfectly_correlated"`` or ``"no_correlation"`` (of two items), ``"not_identified"``,
        ``"not_converged"``; or, with estimates to look at, ``"negative_variance"``,
        ``"correlation_beyond_one"``, ``"not_positive_definite"``. ``cautions`` tell of rare categories,
        empty cells of two-by-two tables and a polychoric matrix that is not positive definite.

    References
    ----------
    .. [1] Muthén, B. (1984). A general structural equation model with dichotomous, ordered categorical, and
       continuous latent variable indicators. Psychometrika, 49, 115-132.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(400, 1))
    >>> behind = 0.8 * trait + 0.6 * rng.normal(size=(400, 4))
    >>> answers = pd.DataFrame(np.digitize(behind, [-1, 0, 1]), columns=["s1", "s2", "s3", "s4"])
    >>> found = fit_ordered("satisfaction =~ s1 + s2 + s3 + s4", answers)
    >>> found.state, found.df, round(found.standardized()[0].estimate, 2)
    ('ok', 2, 0.76)
    """
    model = _model(model, identification)
    moments = ordered_moments_of(
        data, model.observed, group=group, missing=missing, weights=weights, cluster=cluster, counts=counts
    )
    return fit_ordered_moments(
        model,
        moments,
        group_equal=group_equal,
        group_partial=group_partial,
        parameterization=parameterization,
        scaling=scaling,
    )


@weights_given_by("analysis.sem.ordered_moments.ordered_moments_of")
def fit_ordered_moments(
    model: Model | str,
    moments: OrderedMoments,
    *,
    group_equal: Iterable[Shared] = (),
    group_partial: Iterable[str] = (),
    parameterization: Parameterization = "delta",
    scaling: OrderedScaling = "scaled-shifted",
    identification: Identification | None = None,
) -> OrderedFit:
    """The same from moments computed before: a ladder of models costs them once."""
    model = _model(model, identification)
    if scaling not in SCALINGS:
        raise ModelError(f"scaling is {scaling!r}, expected one of {', '.join(SCALINGS)}.")
    if tuple(model.observed) != moments.items:
        raise ModelError(
            f"The moments are of {', '.join(moments.items)}, the model of {', '.join(model.observed)}."
        )
    table = ordered_table(
        model,
        moments.n_thresholds,
        groups=moments.names,
        group_equal=group_equal,
        group_partial=group_partial,
        parameterization=parameterization,
    )
    return fit_ordered_table(table, moments, parameterization=parameterization, scaling=scaling)


@weights_given_by("analysis.sem.ordered_moments.ordered_moments_of")
def fit_ordered_table(
    table: ParameterTable,
    moments: OrderedMoments,
    *,
    parameterization: Parameterization = "delta",
    scaling: OrderedScaling = "scaled-shifted",
) -> OrderedFit:
    """The same from a table of parameters, such as :mod:`analysis.sem.ordered_invariance` makes."""
    restrictions = Restrictions.of(table)
    if restrictions.curved:
        line = restrictions.curved[0].line
        raise ModelError(f"line {line}: only linear equalities can be kept with ordered items.")
    # Moments per group: thresholds and correlations; equal in all groups, or there is an empty category.
    p = len(moments.items)
    n_moments = len(moments.names) * (sum(moments.n_thresholds.values()) + p * (p - 1) // 2)
    empty = OrderedFit(
        table=table,
        moments=moments,
        parameterization=parameterization,
        scaling=scaling,
        structures=(),
        minimum=None,
        sandwich=None,
        quality=None,
        problems=tuple(problems_of_answers(list(zip(moments.names, moments.answers, strict=True)))),
        cautions=tuple(cautions(moments.groups, moments.answers)) if moments.groups else (),
        n_parameters=restrictions.n_x,
        df=n_moments - restrictions.n_x,
    )
    if empty.problems:
        return empty
    problems = [*problems_of_correlations(moments.groups), *_of_counts(empty), *_of_clusters(empty)]
    return replace(empty, problems=tuple(problems)) if problems else _fitted(empty, restrictions)


def _of_counts(fit: OrderedFit) -> Iterable[OrderedProblem]:
    if fit.df < 0:
        reason = (
            f"the model has {fit.n_parameters} free parameters and the data only {fit.n_parameters + fit.df} "
            "moments; fix some parameters or add items"
        )
        yield OrderedProblem(kind="not_identified", reason=reason)


def _of_clusters(fit: OrderedFit) -> Iterable[OrderedProblem]:
    """Covariances of moments from few clusters say nothing of most directions."""
    count, needed = fit.moments.n_clusters, fit.n_parameters - sum(row.op == "|" for row in _free(fit.table))
    if count is not None and count <= max(needed, 1):
        noun = "cluster" if count == 1 else "clusters"
        reason = (
            f"{count} {noun} for {needed} free parameters beside thresholds; robust errors and tests need "
            "more clusters"
        )
        yield OrderedProblem(kind="too_few", reason=reason)


def _free(table: ParameterTable) -> list[Parameter]:
    """One row per free parameter."""
    first = {row.free: row for row in reversed(table.parameters) if row.free is not None}
    return list(first.values())


def _fitted(fit: OrderedFit, restrictions: Restrictions) -> OrderedFit:
    """The fit with its estimates, errors and, where it is admissible, its test and indices."""
    table, groups = fit.table, fit.moments.groups
    structures = tuple(OrderedStructure.of(table, g, fit.parameterization) for g in range(len(groups)))
    minimum = estimate(table, structures, groups, restrictions)
    if not minimum.converged:
        reason = f"the search did not converge in {minimum.n_iterations} steps"
        return replace(fit, problems=(OrderedProblem(kind="not_converged", reason=reason),))
    tied = fit.moments.tied
    sandwich = Sandwich.of(groups, minimum.jacobian, restrictions.basis, tied)
    if sandwich is None:
        reason = "the data cannot tell the parameters apart: the information matrix is singular"
        return replace(fit, problems=(OrderedProblem(kind="not_identified", reason=reason),))
    implied = [structure.implied(minimum.parameters) for structure in structures]
    problems = tuple(problems_of_solution(table, groups, implied))
    quality = None
    if not problems:
        quality = quality_of(
            groups,
            implied,
            minimum,
            sandwich,
            fit.df,
            fit.scaling,
            thresholds_are_free=_thresholds_are_free(table, structures),
            tied=tied,
        )
    return replace(
        fit, structures=structures, minimum=minimum, sandwich=sandwich, quality=quality, problems=problems
    )


def _thresholds_are_free(table: ParameterTable, structures: Sequence[OrderedStructure]) -> bool:
    places = [row.free for row in table.parameters if row.op == "|"]
    return (
        None not in places
        and len(set(places)) == len(places)
        and not any(len(s.scales.free) for s in structures)
    )


def _model(model: Model | str, identification: Identification | None) -> Model:
    if isinstance(model, str):
        return Model.from_text(model, identification=identification or "marker")
    return model if identification is None else replace(model, identification=identification)


def _squeezed(text: str) -> str:
    bare = "".join(text.split())
    return "~~".join(sorted(bare.split("~~"))) if "~~" in bare else bare
