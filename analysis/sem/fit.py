"""The doorway: a model and data in, a fitted model out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import pandas as pd

from analysis.sem.admissibility import (
    Problem,
    cautions_of,
    problems_of_counts,
    problems_of_data,
    problems_of_solution,
)
from analysis.sem.discrepancy import Discrepancy
from analysis.sem.errors import ModelError
from analysis.sem.estimates import Part, Solution, minimise
from analysis.sem.estimators import ESTIMATORS, Estimator, discrepancies_for
from analysis.sem.fitted import Estimate, Fit
from analysis.sem.matrices import Structure
from analysis.sem.model import Identification, Model
from analysis.sem.moments import Missing, Moments, moments_of
from analysis.sem.parameters import ParameterTable, Shared
from analysis.sem.quality import Quality, n_moments_of, quality_of
from analysis.sem.restrictions import Restrictions
from analysis.sem.start import starting_values
from analysis.sem.uncertainty import Information, Uncertainty, uncertainty_of
from analysis.weighting import takes_weights, weights_given_by

__all__ = ["Estimate", "Fit", "fit", "fit_moments"]


@takes_weights(
    "weights",
    counts="sums",
    how="pseudo-likelihood with robust errors (a column of the data)",
    reference="lavaan sampling.weights",
)
def fit(
    model: Model | str,
    data: pd.DataFrame,
    *,
    group: str | None = None,
    estimator: Estimator = "ML",
    missing: Missing = "listwise",
    weights: str | None = None,
    counts: str | None = None,
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
    counts : str, optional
        Column with the number of respondents that a row stands for.
    identification : "marker" or "standardized", optional
        What sets the scale of constructs; by default what the model says, or the marker.
    group_equal, group_partial : iterable of str
        Sorts of parameters that groups share (``"loadings"``, ``"intercepts"``, ...), and parameters exempt
        from it.
    mean_structure : bool, optional
        Whether means are modelled; by default with several groups, ``"fiml"``, or a model that mentions
        intercepts.
    information : "expected" or "observed", optional
        By default expected for complete answers with ML, observed with missing answers and MLR, as lavaan.

    Returns
    -------
    Fit
        ``state`` is ``"ok"`` or says why the answer cannot be relied on; tests and indices are then None.

    Examples
    --------
    >>> import numpy as np
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
        counts=counts,
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


@weights_given_by("analysis.sem.moments.moments_of")
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
    """The same from sample moments computed before: many models of the same answers cost only their search.

    Moments must hold the answers (``moments_of`` keeps them) for robust standard errors and tests.
    """
    model = _model(model, identification)
    moments = moments.of_items(model.observed)
    estimator = _fitting_estimator(estimator, moments)
    incomplete = any(not group.complete for group in moments.groups)
    with_means = _with_means(model, moments, incomplete, mean_structure)
    plan = _plan(model, moments.names, tuple(group_equal), tuple(group_partial), with_means)
    table, restrictions = plan.table, plan.restrictions
    _check_exogenous(table, moments)
    n_parameters = restrictions.n_x - sum(c.op == "==" for c in restrictions.curved)
    task = _Task(
        table=table,
        structures=plan.structures,
        moments=moments,
        estimator=estimator,
        information=information or ("observed" if incomplete else ESTIMATORS[estimator].information),
        restrictions=restrictions,
        n_parameters=n_parameters,
        df=n_moments_of(table, moments) - n_parameters,
    )
    problems = (*problems_of_data(moments), *problems_of_counts(moments, task.df, n_parameters))
    return task.fit(problems) if problems else task.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A model and moments that go together: search, errors, tests."""

    table: ParameterTable
    structures: tuple[Structure, ...]
    moments: Moments
    estimator: Estimator
    information: Information
    restrictions: Restrictions
    n_parameters: int
    df: int

    def fit(
        self,
        problems: Sequence[Problem],
        solution: Solution | None = None,
        uncertainty: Uncertainty | None = None,
        quality: Quality | None = None,
    ) -> Fit:
        return Fit(
            table=self.table,
            moments=self.moments,
            estimator=self.estimator,
            solution=solution,
            uncertainty=uncertainty,
            quality=quality,
            problems=tuple(problems),
            n_parameters=self.n_parameters,
            df=self.df,
            cautions=tuple(cautions_of(self.moments, self.n_parameters)),
        )

    def run(self) -> Fit:
        choice, table, moments = ESTIMATORS[self.estimator], self.table, self.moments
        discrepancies = discrepancies_for(self.estimator, moments, with_means=table.mean_structure)
        solution = self.search(discrepancies, choice.less)
        if solution is None:
            reason = "the starting values imply a covariance matrix that is not positive definite"
            return self.fit([Problem(kind="not_converged", reason=reason)])
        problems = problems_of_solution(table, moments, solution)
        if not solution.converged:
            return self.fit(problems)
        uncertainty = uncertainty_of(
            solution,
            moments,
            kind=choice.errors,
            information=self.information,
            with_means=table.mean_structure,
            n=moments.n_weighted - choice.less * len(moments.groups),
        )
        if uncertainty is None:
            reason = "the information matrix is singular: the data cannot tell the parameters apart"
            return self.fit([Problem(kind="singular_information", reason=reason)])
        if problems:
            return self.fit(problems, solution, uncertainty)
        quality = quality_of(
            table, moments, solution, uncertainty, discrepancies, self.df, self.n_parameters, choice
        )
        problems = tuple(_problems_of_quality(quality))
        return self.fit(problems, solution, uncertainty, None if problems else quality)

    def search(self, discrepancies: Sequence[Discrepancy], less: int) -> Solution | None:
        """From the usual starting values, and once more from cautious ones where these lead nowhere."""
        structures = self.structures or tuple(
            Structure.of(self.table, g, group.means, group.covariance)
            for g, group in enumerate(self.moments.groups)
        )
        shares = self.moments.shares(less=less)
        parts = [
            Part(structure, discrepancy, share)
            for structure, discrepancy, share in zip(structures, discrepancies, shares, strict=True)
        ]
        first = minimise(parts, starting_values(self.table, self.moments), self.restrictions)
        if first is not None and first.converged:
            return first
        again = minimise(parts, starting_values(self.table, self.moments, cautious=True), self.restrictions)
        return again if again is not None and (first is None or again.converged) else first


def _check_exogenous(table: ParameterTable, moments: Moments) -> None:
    outside = {moments.items.index(name) for name in table.exogenous}
    for group in moments.groups:
        if any(not outside <= set(pattern.observed.tolist()) for pattern in group.patterns):
            raise ModelError(
                f"Exogenous variables have missing values: {', '.join(table.exogenous)}. Compute moments "
                "with complete_on=..., or model them: Model.from_text(..., exogenous='free')."
            )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a model is before any data are looked at."""

    table: ParameterTable
    restrictions: Restrictions
    structures: tuple[Structure, ...]  #: empty where they hold moments of the data


@lru_cache(maxsize=128)  # resamples, ladders and simulations fit the same model thousands of times
def _plan(
    model: Model,
    groups: tuple[str, ...],
    equal: tuple[Shared, ...],
    partial: tuple[str, ...],
    with_means: bool,
) -> _Plan:
    table = model.table(groups, group_equal=equal, group_partial=partial, mean_structure=with_means)
    structures = () if table.exogenous else tuple(Structure.of(table, g) for g in range(len(groups)))
    return _Plan(table, Restrictions.of(table), structures)


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
        return _of_text(model, identification or "marker")
    if identification is not None and identification != model.identification:
        return replace(model, identification=identification)
    return model


@lru_cache(maxsize=128)
def _of_text(text: str, identification: Identification) -> Model:
    return Model.from_text(text, identification=identification)


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
