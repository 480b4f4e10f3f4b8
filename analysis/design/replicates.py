"""Replicate weights: jackknife, balanced half-samples, bootstrap, or those that came with the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.linalg import hadamard

from analysis.design.design import (
    Array,
    Center,
    Column,
    ReplicateDesign,
    Stage,
    SurveyDesign,
    checked_weights,
)
from analysis.weighting import no_estimate


@no_estimate("laying out")
def jackknife(design: SurveyDesign, *, center: Center = "replicates") -> ReplicateDesign:
    """A replicate per first-stage cluster: without it, the others of its stratum weigh more.

    ``survey::as.svrepdesign(type = "JK1")`` without strata and ``"JKn"`` with; factors ``m_h / (m_h - 1)``,
    scales ``(1 - f_h)(m_h - 1) / m_h`` [1]_.

    Parameters
    ----------
    design : SurveyDesign
        Of rows that are one respondent each; every stratum with two clusters or more.
    center : {"replicates", "estimate"}
        Around what squares are taken. ``estimate`` is never smaller.

    References
    ----------
    .. [1] Wolter, K. M. (2007). Introduction to variance estimation (2nd ed.). Springer.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> from analysis.design.means import weighted_mean
    >>> replicates = jackknife(survey_design(np.ones(4)))
    >>> replicates.replicates.shape, round(weighted_mean(pd.Series([1, 2, 4, 5.0]), replicates).std_error, 4)
    ((4, 4), 0.9129)
    """
    first = _first_stage(design)
    m = first.units_in_stratum
    factors = np.ones((len(first.stratum_of_unit), len(first.stratum_of_unit)))
    same = first.stratum_of_unit[:, None] == first.stratum_of_unit
    np.copyto(factors, (m / (m - 1))[first.stratum_of_unit][:, None], where=same)
    np.fill_diagonal(factors, 0.0)
    scales = ((1 - first.fraction) * (m - 1) / m)[first.stratum_of_unit]
    return _made(
        design,
        factors,
        scale=1.0,
        scales=scales,
        method="jackknife" if len(m) == 1 else "stratified jackknife",
        center=center,
    )


@no_estimate("laying out")
def balanced_half_samples(
    design: SurveyDesign, *, fay: float = 0.0, center: Center = "replicates"
) -> ReplicateDesign:
    """One of the two clusters of every stratum in turn, balanced over the strata.

    Columns of a Hadamard matrix say which; the chosen cluster weighs ``2 - fay`` times its weight, the other
    ``fay`` times [1]_. As ``survey::as.svrepdesign(type = "BRR")`` and ``"Fay"``; where estimates are not
    linear, another Hadamard matrix than R's gives errors that differ a little.

    Parameters
    ----------
    fay : float
        From 0 (half-samples) to below 1; above 0 small subpopulations never lose all their respondents.

    References
    ----------
    .. [1] Judkins, D. R. (1990). Fay's method for variance estimation. Journal of Official Statistics, 6,
       223-239.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> halves = balanced_half_samples(survey_design(np.ones(4), strata=["a", "a", "b", "b"]))
    >>> halves.replicates[:, 0].tolist(), halves.scale
    ([2.0, 0.0, 2.0, 0.0], 0.25)
    """
    if not 0 <= fay < 1:
        raise ValueError(f"fay lies from 0 to below 1, got {fay}")
    first = _first_stage(design)
    m = first.units_in_stratum
    if (m != 2).any():
        raise ValueError(
            f"half-samples need two clusters in every stratum, found {sorted(set(m.astype(int).tolist()))}. "
            "Use the jackknife or the bootstrap, or pair neighbouring clusters."
        )
    size = 1 << len(m).bit_length()
    signs = np.asarray(hadamard(size), dtype=float)[1 : len(m) + 1]  # the first row is all ones
    second = np.zeros(len(first.stratum_of_unit), dtype=bool)
    second[np.unique(first.stratum_of_unit, return_index=True)[1]] = True
    sign = np.where(second, 1.0, -1.0)[:, None] * signs[first.stratum_of_unit]
    return _made(
        design,
        1 + (1 - fay) * sign,
        scale=1 / (size * (1 - fay) ** 2),
        scales=np.ones(size),
        method="balanced half-samples",
        center=center,
    )


@no_estimate("laying out")
def bootstrap(
    design: SurveyDesign,
    *,
    rng: np.random.Generator,
    n_replicates: int = 500,
    center: Center = "replicates",
) -> ReplicateDesign:
    """Clusters drawn again within strata, one fewer than there are [1]_.

    As ``survey::as.svrepdesign(type = "subbootstrap")``: a cluster drawn k times gets k m_h / (m_h - 1) times
    its weight.

    References
    ----------
    .. [1] Rao, J. N. K., & Wu, C. F. J. (1988). Resampling inference with complex survey data. Journal of the
       American Statistical Association, 83, 231-241.

    Examples
    --------
    >>> from analysis.design.design import survey_design
    >>> design = survey_design(np.ones(4), strata=["a", "a", "b", "b"])
    >>> bootstrap(design, rng=np.random.default_rng(1), n_replicates=3).replicates.sum(axis=0).tolist()
    [4.0, 4.0, 4.0]
    """
    if n_replicates < 2:
        raise ValueError(f"at least 2 replicates are needed, got {n_replicates}")
    first = _first_stage(design)
    factors = np.zeros((len(first.stratum_of_unit), n_replicates))
    for stratum, m in enumerate(first.units_in_stratum.astype(int)):
        units = np.flatnonzero(first.stratum_of_unit == stratum)
        drawn = rng.multinomial(m - 1, np.full(m, 1 / m), size=n_replicates)
        factors[units] = drawn.T * m / (m - 1)
    if (first.fraction > 0).any():
        # Shrunk towards one, so that the spread is that of a finite population.
        root = np.sqrt(1 - first.fraction)[first.stratum_of_unit][:, None]
        factors = 1 + root * (factors - 1)
    return _made(
        design,
        factors,
        scale=1 / (n_replicates - 1),
        scales=np.ones(n_replicates),
        method="bootstrap",
        center=center,
    )


@no_estimate("laying out")
def given_replicates(
    weights: Column,
    replicates: pd.DataFrame | Array,
    *,
    scale: float,
    df: float,
    replicate_scales: Sequence[float] | None = None,
    combined: bool = True,
    center: Center = "replicates",
) -> ReplicateDesign:
    """Replicate weights that came with the data, as ``survey::svrepdesign``.

    Parameters
    ----------
    weights : array-like, shape (n_rows,)
    replicates : DataFrame or array, shape (n_rows, n_replicates)
        Whole weights, or factors to the weights where ``combined`` is false.
    scale : float
        As the data's documentation says, often ``1 / n_replicates``.
    df : float
        Degrees of freedom, usually clusters less strata.

    Examples
    --------
    >>> given_replicates([1, 1], np.array([[2.0, 0], [0, 2]]), scale=0.5, df=1).replicate_scales.tolist()
    [1.0, 1.0]
    """
    values: Array = np.asarray(replicates, dtype=float)
    own = checked_weights(weights, len(values))
    if np.isnan(values).any():
        raise ValueError(f"{int(np.isnan(values).sum())} replicate weights are missing")
    scales = (
        np.ones(values.shape[1]) if replicate_scales is None else np.asarray(replicate_scales, dtype=float)
    )
    if scales.shape != (values.shape[1],):
        raise ValueError(f"{values.shape[1]} replicates need as many scales, got {len(scales)}")
    return ReplicateDesign(
        weights=own,
        replicates=values if combined else values * own[:, None],
        scale=scale,
        replicate_scales=scales,
        df=df,
        method="given replicates",
        center=center,
    )


def _first_stage(design: SurveyDesign) -> Stage:
    if design.counts is not None:
        raise ValueError(
            "replicates leave out respondents, and a counted row holds several: give one row a respondent"
        )
    if design.calibrations:
        raise ValueError(
            "make the replicates first, then rake each of them: these would not know the margins"
        )
    first = design.stages[0]
    if (first.units_in_stratum < 2).any():
        raise ValueError(
            "a stratum with a single cluster has no replicate without it: merge it with a neighbour"
        )
    return first


def _made(
    design: SurveyDesign, factors: Array, *, scale: float, scales: Array, method: str, center: Center
) -> ReplicateDesign:
    first = design.stages[0]
    return ReplicateDesign(
        weights=design.weights,
        replicates=factors[first.units] * design.weights[:, None],
        scale=scale,
        replicate_scales=scales,
        df=float(len(first.stratum_of_unit) - len(first.units_in_stratum)),
        method=method,
        center=center,
    )
