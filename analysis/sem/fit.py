"""The doorway: a model and data in, a fitted model out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri

from analysis.results import Entry, Interval, Tabular
from analysis.sem.admissibility import (
    Problem,
    problems_of_counts,
    problems_of_data,
    problems_of_solution,
)
from analysis.sem.errors import ModelError
from analysis.sem.estimates import Part, Solution, minimise
from analysis.sem.estimators import ESTIMATORS, Estimator, discrepancies_for
from analysis.sem.indices import FitIndices
from analysis.sem.matrices import Structure, fixed_value
from analysis.sem.model import Identification, Model
from analysis.sem.moments import Missing, Moments, moments_of
from analysis.sem.parameters import Parameter, ParameterTable, Shared
from analysis.sem.quality import Quality, n_moments_of, quality_of
from analysis.sem.restrictions import Restrictions
from analysis.sem.start import starting_values
from analysis.sem.test_statistics import TestOfFit
from analysis.sem.uncertainty import Information, Uncertainty, uncertainty_of

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One parameter, estimated; what is fixed has no standard error."""

    parameter: Parameter
    group: str
    estimate: float
    std_error: float | None

    @property
    def name(self) -> str:
        return self.parameter.name

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
        return Interval(
            low=self.estimate - reach, high=self.estimate + reach, confidence_level=confidence_level
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Tabular):
    """A fitted model, or why there is none.

    Unless ``state`` is ``"ok"``, tests and indices are None. Estimates remain only where the search
    converged and the parameters are identified: they then show what is inadmissible.
    """

    table: ParameterTable
    moments: Moments
    estimator: Estimator
    solution: Solution | None
    uncertainty: Uncertainty | None
    quality: Quality | None
    problems: tuple[Problem, ...]
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
    def n(self) -> int:
        """Respondents used."""
        return self.moments.n

    @property
    def groups(self) -> tuple[str, ...]:
        return self.table.groups

    @property
    def test(self) -> TestOfFit | None:
        return None if self.quality is None else self.quality.test

    @property
    def baseline(self) -> TestOfFit | None:
        """The test of independence."""
        return None if self.quality is None else self.quality.baseline

    @property
    def indices(self) -> FitIndices | None:
        return None if self.quality is None else self.quality.indices

    def values(self) -> tuple[float, ...]:
        """Each parameter of the table at its estimate or fixed value."""
        solution = self._estimated()
        place = {name: i for i, name in enumerate((*self.table.observed, *self.table.latent))}
        values = []
        for p in self.table.parameters:
            if p.free is not None:
                values.append(float(solution.parameters[p.free]))
            else:
                group = self.moments.groups[p.group]
                values.append(fixed_value(p, place, group.means, group.covariance))
        return tuple(values)

    def estimates(self) -> tuple[Estimate, ...]:
        """Every parameter of every group; empty when there is nothing to show."""
        if self.solution is None or self.uncertainty is None:
            return ()
        variances = np.diag(self.uncertainty.covariance)
        found = []
        for p, value in zip(self.table.parameters, self.values(), strict=True):
            error = None if p.free is None else math.sqrt(max(float(variances[p.free]), 0.0))
            group = self.table.groups[p.group]
            found.append(Estimate(parameter=p, group=group, estimate=value, std_error=error or None))
        return tuple(found)

    def estimate(self, name: str, group: str | None = None) -> Estimate:
        """One parameter by name, as it is written in a model: ``fit.estimate("visual =~ x2")``."""
        wanted = _squeezed(name)
        for found in self.estimates():
            if _squeezed(found.name) == wanted and group in (None, found.group):
                return found
        raise KeyError(f"No estimate of {name!r}" + (f" in {group!r}" if group else "") + f" ({self.state}).")

    def _estimated(self) -> Solution:
        if self.solution is None:
            raise ModelError(f"There are no estimates: {self.reason}.")
        return self.solution

    def entries(self) -> tuple[Entry, ...]:
        """The test of fit and the indices, then every estimate."""
        return (*self._fit_entries(), *(self._estimate_entry(found) for found in self.estimates()))

    def _state(self) -> tuple[str, str]:
        return (self.problems[0].entry_state, self.reason) if self.problems else ("ok", "")

    def _fit_entries(self) -> tuple[Entry, ...]:
        state, reason = self._state()
        method = ESTIMATORS[self.estimator].described
        test, indices = self.test, self.indices
        if test is None or indices is None:
            return (Entry(measure="chi_square", method=method, n=self.n, state=state, reason=reason),)
        scaled = test.scaled is not None
        chi_square = Entry(
            measure="chi_square",
            method=f"{method}, {test.scaling} scaled" if scaled else method,
            n=self.n,
            estimate=test.scaled if scaled else test.statistic,
            statistic=test.scaled if scaled else test.statistic,
            df=(float(test.df),),
            p_value=test.scaled_p_value if scaled else test.p_value,
            more={} if test.scaling_factor is None else {"scaling_factor": test.scaling_factor},
        )
        shown = indices.reported
        entries = [chi_square]
        for measure, value in (("cfi", shown.cfi), ("tli", shown.tli), ("srmr", indices.srmr)):
            if value is not None:
                entries.append(Entry(measure=measure, method=method, n=self.n, estimate=value))
        if shown.rmsea is not None:
            entries.append(
                Entry(
                    measure="rmsea",
                    method=method,
                    n=self.n,
                    estimate=shown.rmsea.estimate,
                    interval=shown.rmsea.interval,
                    more={"close_fit_p_value": shown.rmsea.close_fit_p_value},
                )
            )
        return tuple(entries)

    def _estimate_entry(self, found: Estimate) -> Entry:
        state, reason = self._state()
        about = {"parameter": found.name}
        if len(self.groups) > 1:
            about["group"] = found.group
        return Entry(
            measure="parameter",
            method=ESTIMATORS[self.estimator].described,
            about=about,
            n=self.n,
            estimate=found.estimate,
            std_error=found.std_error,
            statistic=found.statistic,
            p_value=found.p_value,
            interval=found.confidence_interval(),
            state=state,
            reason=reason,
        )


def fit(
    model: Model | str,
    data: pd.DataFrame,
    *,
    group: str | None = None,
    estimator: Estimator = "ML",
    missing: Missing = "listwise",
    weights: str | None = None,
    cluster: str | None = None,
    identification: Identification | None = None,
    group_equal: Iterable[Shared] = (),
    group_partial: Iterable[str] = (),
    mean_structure: bool | None = None,
    information: Information | None = None,
) -> Fit:
    """A structural equation model fitted to answers.

    Parameters
    ----------
    model : Model or str
        A model, or its text (:func:`analysis.sem.syntax.read_model` tells the notation).
    data : DataFrame, shape (n_respondents, n_columns)
        Answers as numbers, NaN for no answer.
    group : str, optional
        Column that tells the groups; each has its own parameters unless ``group_equal`` or labels say
        otherwise.
    estimator : str
        ``"ML"`` maximum likelihood; ``"MLR"`` the same with Huber-White standard errors and the
        Yuan-Bentler test as Mplus scales it; ``"MLM"`` with Satorra-Bentler's; ``"GLS"``, ``"ULS"``
        generalised and unweighted least squares (ULS with robust standard errors); ``"WLS"`` asymptotically
        distribution-free.
    missing : "listwise" or "fiml"
        Leave out who left an item blank, or use all that was answered (full information maximum likelihood).
    weights, cluster : str, optional
        Columns with sampling weights and clusters; both need ``"MLR"``, which ``"ML"`` then becomes.
    identification : "marker" or "standardized", optional
        What sets the scale of constructs; by default what the model says, or the marker.
    group_equal, group_partial : iterable of str
        Sorts of parameters that groups share (``"loadings"``, ``"intercepts"``, ...), and parameters exempt
        from it.
    mean_structure : bool, optional
        Whether means are modelled; by default with several groups, ``"fiml"``, or a model that mentions
        intercepts.
    information : "expected" or "observed", optional
        By default expected for complete answers with ML, observed with missing answers and MLR, as lavaan has it.

    Returns
    -------
    Fit
        ``state`` is ``"ok"`` or says why the answer cannot be relied on; tests and indices are then None.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(400, 1))
    >>> items = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(400, 4)), columns=["s1", "s2", "s3", "s4"])
    >>> found = fit("satisfaction =~ s1 + s2 + s3 + s4", items)
    >>> found.state, found.df, round(found.estimate("satisfaction =~ s2").estimate, 3)
    ('ok', 2, 1.014)
    """
    model = _model(model, identification)
    names = list(model.observed)
    complete_on = model.fixed_exogenous if missing == "fiml" else ()
    moments = moments_of(
        data,
        names,
        group=group,
        missing=missing,
        weights=weights,
        cluster=cluster,
        complete_on=complete_on,
    )
    return fit_moments(
        model,
        moments,
        estimator=estimator,
        group_equal=group_equal,
        group_partial=group_partial,
        mean_structure=True if missing == "fiml" and mean_structure is None else mean_structure,
        information=information,
    )


def fit_moments(
    model: Model | str,
    moments: Moments,
    *,
    estimator: Estimator = "ML",
    identification: Identification | None = None,
    group_equal: Iterable[Shared] = (),
    group_partial: Iterable[str] = (),
    mean_structure: bool | None = None,
    information: Information | None = None,
) -> Fit:
    """The same from sample moments computed before: many models of the same answers cost no more than their
    search.

    Moments must hold the answers (``moments_of`` keeps them) for robust standard errors and tests.
    """
    model = _model(model, identification)
    moments = moments.of_items(model.observed)
    estimator = _fitting_estimator(estimator, moments)
    incomplete = any(not group.complete for group in moments.groups)
    with_means = _with_means(model, moments, incomplete, mean_structure)
    table = model.table(
        moments.names, group_equal=group_equal, group_partial=group_partial, mean_structure=with_means
    )
    restrictions = Restrictions.of(table)
    n_moments = n_moments_of(table, moments)
    n_parameters = restrictions.n_x - sum(c.op == "==" for c in restrictions.curved)
    df = n_moments - n_parameters

    def failed(problems: Sequence[Problem], solution: Solution | None = None) -> Fit:
        return Fit(
            table=table,
            moments=moments,
            estimator=estimator,
            solution=solution,
            uncertainty=None,
            quality=None,
            problems=tuple(problems),
            n_parameters=n_parameters,
            df=df,
        )

    problems = [*problems_of_data(moments), *problems_of_counts(moments, df, n_parameters)]
    if problems:
        return failed(problems)
    choice = ESTIMATORS[estimator]
    discrepancies = discrepancies_for(estimator, moments, with_means=with_means)
    parts = [
        Part(Structure.of(table, g, group.means, group.covariance), discrepancy, share)
        for g, (group, discrepancy, share) in enumerate(
            zip(moments.groups, discrepancies, moments.shares(less=choice.less), strict=True)
        )
    ]
    solution = minimise(parts, starting_values(table, moments), restrictions)
    if solution is None:
        reason = "the starting values imply a covariance matrix that is not positive definite"
        return failed([Problem(kind="not_converged", reason=reason)])
    problems = list(problems_of_solution(table, moments, solution))
    if not solution.converged:
        return failed(problems)
    kind = information or ("observed" if incomplete else choice.information)
    uncertainty = uncertainty_of(
        solution,
        moments,
        kind=choice.errors,
        information=kind,
        with_means=with_means,
        n=moments.n_weighted - choice.less * len(moments.groups),
    )
    if uncertainty is None:
        reason = "the information matrix is singular: the data cannot tell the parameters apart"
        return failed([Problem(kind="singular_information", reason=reason)])
    quality = None
    if not problems:
        quality = quality_of(table, moments, solution, uncertainty, discrepancies, df, n_parameters, choice)
        problems = list(_problems_of_quality(quality))
        quality = None if problems else quality
    return Fit(
        table=table,
        moments=moments,
        estimator=estimator,
        solution=solution,
        uncertainty=uncertainty,
        quality=quality,
        problems=tuple(problems),
        n_parameters=n_parameters,
        df=df,
    )


def _problems_of_quality(quality: Quality | None) -> Iterator[Problem]:
    if quality is None:
        reason = "the saturated model, which fit is held against, has no estimates"
        yield Problem(kind="not_positive_definite", reason=reason)
        return
    factor = quality.test.scaling_factor
    if factor is not None and not factor > 0:
        reason = "the robust test cannot be scaled: its factor is not positive"
        yield Problem(kind="no_scaling", reason=reason)


def _model(model: Model | str, identification: Identification | None) -> Model:
    if isinstance(model, str):
        return Model.from_text(model, identification=identification or "marker")
    if identification is not None and identification != model.identification:
        return replace(model, identification=identification)
    return model


def _fitting_estimator(estimator: Estimator, moments: Moments) -> Estimator:
    """Weights and clusters need robust standard errors, and only maximum likelihood takes missing answers."""
    if estimator not in ESTIMATORS:
        raise ModelError(f"The estimator {estimator!r} is not known. Choose from {', '.join(ESTIMATORS)}.")
    sampled = any(g.weights is not None or g.clusters is not None for g in moments.groups)
    if sampled and estimator == "ML":
        estimator = "MLR"
    if sampled and estimator != "MLR":
        raise ModelError(f"{estimator} takes neither weights nor clusters. Use MLR.")
    if estimator not in ("ML", "MLR") and any(not g.complete for g in moments.groups):
        raise ModelError(f"{estimator} needs complete answers. Use ML or MLR, or missing='listwise'.")
    if ESTIMATORS[estimator].needs_answers and any(g.rows is None for g in moments.groups):
        raise ModelError(f"{estimator} needs the answers, and the moments hold none. Use ML or GLS.")
    return estimator


def _with_means(model: Model, moments: Moments, incomplete: bool, wanted: bool | None) -> bool:
    if wanted is False and incomplete:
        raise ModelError("With missing answers means are estimated too. Leave mean_structure out.")
    if wanted is not None:
        return wanted
    return incomplete or len(moments.groups) > 1 or model.mentions_means()


def _squeezed(text: str) -> str:
    bare = "".join(text.split())
    return "~~".join(sorted(bare.split("~~"))) if "~~" in bare else bare
