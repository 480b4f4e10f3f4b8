"""A fitted model's tests and indices, put together from its reference models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.sem.casewise import variation
from analysis.sem.discrepancy import Discrepancy
from analysis.sem.estimates import Place, Solution
from analysis.sem.estimators import Choice
from analysis.sem.indices import (
    FitIndices,
    Relative,
    information_criteria,
    relative_from_misfits,
    relative_indices,
    srmr,
)
from analysis.sem.matrices import Implied
from analysis.sem.missing_fit import complete_misfits
from analysis.sem.moments import Moments
from analysis.sem.parameters import ParameterTable
from analysis.sem.saturated import (
    Reference,
    SaturatedVariation,
    likelihood_values,
    reference_model,
    trace_of_saturated,
    variation_of,
)
from analysis.sem.test_statistics import Scaling, TestOfFit
from analysis.sem.uncertainty import Uncertainty, unweighted_meat
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Tests against the saturated model, of the model and of independence, and the indices made of them."""

    test: TestOfFit
    baseline: TestOfFit
    indices: FitIndices


def n_moments_of(table: ParameterTable, moments: Moments) -> int:
    """Moments that the model is to explain; those of exogenous variables are not among them."""
    p, x = len(table.observed), len(table.exogenous)
    per_group = p * (p + 1) // 2 - x * (x + 1) // 2
    if table.mean_structure:
        per_group += p - x
    return per_group * len(moments.groups)


def quality_of(
    table: ParameterTable,
    moments: Moments,
    solution: Solution,
    uncertainty: Uncertainty,
    discrepancies: tuple[Discrepancy, ...],
    df: int,
    n_parameters: int,
    choice: Choice,
) -> Quality | None:
    """None where the saturated model has no estimates."""
    with_means, exogenous = table.mean_structure, frozenset(table.exogenous)
    complete = all(group.complete for group in moments.groups)
    n = moments.n_weighted
    if choice.likelihood and choice.scaling == "none" and complete:
        # The usual case needs no more of the two models than their likelihoods.
        values = likelihood_values(moments, exogenous)
        if values is None:
            return None
        test = TestOfFit(statistic=max(2 * n * (solution.place.value - values.saturated), 0.0), df=df)
        independence = TestOfFit(
            statistic=max(2 * n * (values.baseline - values.saturated), 0.0), df=values.baseline_df
        )
        indices = _indices(
            table, moments, solution, values.saturated, test, independence, n_parameters, choice
        )
        return Quality(test=test, baseline=independence, indices=indices)
    saturated = reference_model("saturated", moments, exogenous, with_means=with_means)
    baseline = reference_model("baseline", moments, exogenous, with_means=with_means)
    if saturated is None or baseline is None:
        return None
    if choice.likelihood:
        statistic = 2 * n * (solution.place.value - saturated.value)
        baseline_statistic = 2 * n * (baseline.value - saturated.value)
    else:
        # Least squares: the saturated model's discrepancy is zero.
        independent = reference_model(
            "baseline", moments, exogenous, with_means=with_means, discrepancies=discrepancies
        )
        statistic = 2 * (n - choice.less * len(moments.groups)) * solution.place.value
        if independent is None:
            return None
        baseline, value = independent, independent.value
        baseline_statistic = 2 * (n - choice.less * len(moments.groups)) * value
    baseline_df = saturated.n_parameters - baseline.n_parameters
    robust = choice.scaling == "Yuan-Bentler-Mplus"
    known = None if complete else variation_of(saturated, moments, with_means=with_means, robust=robust)
    factors = _scaling_factors(
        choice.scaling, moments, solution, uncertainty, saturated, known, baseline, df, baseline_df, table
    )
    # A statistic of a model that fits exactly is zero, not rounding below it.
    test = TestOfFit(statistic=max(statistic, 0.0), df=df, scaling=choice.scaling, scaling_factor=factors[0])
    independence = TestOfFit(
        statistic=max(baseline_statistic, 0.0),
        df=baseline_df,
        scaling=choice.scaling,
        scaling_factor=factors[1],
    )
    indices = _indices(table, moments, solution, saturated.value, test, independence, n_parameters, choice)
    if known is not None:
        indices = replace(
            indices, robust=_as_complete(moments, solution, saturated, baseline, known, df, baseline_df)
        )
    return Quality(test=test, baseline=independence, indices=indices)


def _scaling_factors(
    scaling: Scaling,
    moments: Moments,
    solution: Solution,
    uncertainty: Uncertainty,
    saturated: Reference,
    known: SaturatedVariation | None,
    baseline: Reference,
    df: int,
    baseline_df: int,
    table: ParameterTable,
) -> tuple[float | None, float | None]:
    """Of the model's statistic and of the baseline's."""
    with_means = table.mean_structure
    if scaling == "none" or uncertainty.meat is None:
        return None, None
    explained = float((uncertainty.inverse * uncertainty.meat).sum())
    if scaling == "Yuan-Bentler-Mplus":
        if known is not None:
            whole = known.trace()
        else:
            whole = trace_of_saturated(saturated, moments, bool(table.exogenous), with_means=with_means)
        whole_baseline = whole
        explained_baseline = variation_of(baseline, moments, with_means=with_means).trace()
    elif uncertainty.kind == "unweighted":
        whole = whole_baseline = unweighted_meat(solution.place, moments, with_means=with_means)[1]
        explained_baseline = _explained(baseline.place, moments, with_means, unweighted=True)
    else:
        whole = _trace_of_moments(solution.place, moments, with_means)
        whole_baseline = _trace_of_moments(baseline.place, moments, with_means)
        explained_baseline = _explained(baseline.place, moments, with_means)
    return _ratio(whole - explained, df), _ratio(whole_baseline - explained_baseline, baseline_df)


def saturated_trace(table: ParameterTable, moments: Moments, place: Place, scaling: Scaling) -> float:
    """How the saturated model's contributions vary, in units of the information that a scaling takes."""
    with_means = table.mean_structure
    if scaling != "Yuan-Bentler-Mplus":
        return _trace_of_moments(place, moments, with_means)
    exogenous = frozenset(table.exogenous)
    saturated = reference_model("saturated", moments, exogenous, with_means=with_means)
    if saturated is None:
        raise ValueError("The saturated model has no estimates.")
    return trace_of_saturated(saturated, moments, bool(exogenous), with_means=with_means)


def _ratio(trace: float, df: int) -> float | None:
    return trace / df if df > 0 else None


def _trace_of_moments(place: Place, moments: Moments, with_means: bool) -> float:
    """``tr(W Gamma)``, W the normal weights at the implied moments: from each respondent's distance."""
    total = 0.0
    for group, implied in zip(moments.groups, place.implied, strict=True):
        centred = group.answers() - group.means
        inverse = np.linalg.inv(implied.covariance)
        squared = ((centred @ inverse) * centred).sum(axis=1)
        product = inverse @ group.covariance
        total += (
            float(np.average(squared**2, weights=group.counts)) - float((product * product.T).sum())
        ) / 2
        total += float(np.trace(product)) if with_means else 0.0
    return total


def _explained(place: Place, moments: Moments, with_means: bool, *, unweighted: bool = False) -> float:
    slopes = place.slopes()
    if unweighted:
        meat = unweighted_meat(place, moments, with_means=with_means)[0]
    else:
        meat = variation(
            place.parts,
            moments.groups,
            place.implied,
            slopes,
            len(place.parameters),
            with_means=with_means,
            about_sample=True,
        )
    return float(np.trace(np.linalg.solve(place.expected(slopes), meat)))


def _indices(
    table: ParameterTable,
    moments: Moments,
    solution: Solution,
    saturated: float,
    test: TestOfFit,
    baseline: TestOfFit,
    n_parameters: int,
    choice: Choice,
) -> FitIndices:
    n, groups = moments.n_weighted, len(moments.groups)
    n_tested = n - choice.less * groups
    plain, scaled, robust = relative_indices(test, baseline, n_tested, groups)
    implied: tuple[Implied, ...] = solution.place.implied
    value = srmr(moments, implied, with_means=table.mean_structure, less=choice.less)
    if not choice.likelihood:
        return FitIndices(plain=plain, scaled=scaled, robust=robust, srmr=value)
    log_likelihood = _log_likelihood(solution.place.value, moments, table)
    criteria = information_criteria(log_likelihood, n_parameters, n)
    return FitIndices(
        plain=plain,
        scaled=scaled,
        robust=robust,
        srmr=value,
        log_likelihood=log_likelihood,
        saturated_log_likelihood=_log_likelihood(saturated, moments, table),
        aic=criteria.aic,
        bic=criteria.bic,
        bic_adjusted=criteria.bic_adjusted,
    )


def _as_complete(
    moments: Moments,
    solution: Solution,
    saturated: Reference,
    baseline: Reference,
    known: SaturatedVariation,
    df: int,
    baseline_df: int,
) -> Relative | None:
    """The robust indices under missing answers."""
    free = np.eye(len(baseline.place.parameters))
    places = ((solution.place, solution.tangent), (baseline.place, free))
    own, independent = complete_misfits(places, moments, saturated, known)
    if own is None or independent is None:
        return None
    return relative_from_misfits(
        (own.statistic, own.expected, df),
        (independent.statistic, independent.expected, baseline_df),
        moments.n_weighted,
        len(moments.groups),
    )


def _log_likelihood(value: float, moments: Moments, table: ParameterTable) -> float:
    """Of all answers, given those of exogenous variables."""
    total = -moments.n_weighted * value
    outside = [moments.items.index(name) for name in table.exogenous]
    for group in moments.groups:
        p = len(moments.items)
        answers = sum(len(q.observed) * q.n for q in group.patterns) or p * group.n_weighted
        if outside:
            answers -= len(outside) * group.n_weighted
            block = group.covariance[np.ix_(outside, outside)]
            total += group.n_weighted * (float(np.linalg.slogdet(block)[1]) + len(outside)) / 2
        total -= answers * np.log(2 * np.pi) / 2
    return float(total)
