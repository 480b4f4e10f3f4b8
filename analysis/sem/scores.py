"""Scores of respondents on constructs: regression (Thurstone) and Bartlett's.

Regression scores are the constructs' expected values given the answers; they shrink to the mean as answers
say less. Bartlett's are unbiased and vary more. With missing answers each respondent's scores rest on what
they answered.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.sem.errors import ModelError
from analysis.sem.fitted import Fit
from analysis.sem.incomplete import patterns_of
from analysis.sem.matrices import Implied
from analysis.sem.parameters import ParameterTable
from analysis.weighting import step_of

WEIGHTING = step_of("analysis.sem.fit.fit")

Array = npt.NDArray[np.float64]
Method = Literal["regression", "Bartlett"]


def factor_scores(
    fit: Fit, data: pd.DataFrame, *, method: Method = "regression", group: str | None = None
) -> pd.DataFrame:
    """Scores on every construct, one row per respondent of ``data``, shape (n_respondents, n_constructs).

    Respondents of no group of the fit, or who answered nothing, have missing scores; so do Bartlett's
    scores where too few items were answered to tell the constructs apart.

    Parameters
    ----------
    fit : Fit
        Its ``state`` must be ``"ok"``.
    data : DataFrame, shape (n_respondents, n_columns)
        The items, NaN for no answer; need not be the data that the model was fitted to.
    method : "regression" or "Bartlett"
    group : str, optional
        Column that tells the groups, where the fit has several.

    Examples
    --------
    >>> from analysis.sem.fit import fit
    >>> rng = np.random.default_rng(1)
    >>> trait = rng.normal(size=(400, 1))
    >>> items = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(400, 4)), columns=["s1", "s2", "s3", "s4"])
    >>> scores = factor_scores(fit("satisfaction =~ s1 + s2 + s3 + s4", items), items)
    >>> round(float(np.corrcoef(scores["satisfaction"], trait[:, 0])[0, 1]), 3)
    0.914
    """
    if fit.state != "ok" or fit.solution is None:
        raise ModelError(f"No scores from a model that cannot be relied on: {fit.reason}.")
    table = fit.table
    if not table.latent:
        raise ModelError("The model has no constructs to score.")
    if len(fit.groups) > 1 and group is None:
        raise ModelError("The fit has several groups. Name the column that tells them: group=...")
    answers: Array = data[list(table.observed)].to_numpy(dtype=float, na_value=np.nan)
    found = np.full((len(data), len(table.latent)), np.nan)
    for g, implied in enumerate(fit.solution.place.implied):
        if group is None:
            members = np.ones(len(data), dtype=bool)
        else:
            members = (data[group].astype(str) == fit.groups[g]).to_numpy(dtype=bool)
        members = members & ~np.isnan(answers).all(axis=1)
        if members.any():
            means = implied.means if table.mean_structure else fit.moments.groups[g].means
            found[members] = _scores(table, implied, means, answers[members], method)
    return pd.DataFrame(found, index=data.index, columns=list(table.latent))


def _scores(table: ParameterTable, implied: Implied, means: Array, answers: Array, method: Method) -> Array:
    p = len(table.observed)
    loadings = None if method == "regression" else _loadings(table, implied)
    centre = implied.means_all[p:]
    found = np.full((len(answers), len(table.latent)), np.nan)
    for pattern in patterns_of(answers, None):
        o = pattern.observed
        centred = answers[np.ix_(pattern.members, o)] - means[o]
        if loadings is None:
            across = implied.covariance_all[p:][:, o]
            weights = np.linalg.solve(implied.covariance[np.ix_(o, o)], across.T)
        else:
            own = _bartlett_weights(loadings[o], implied.residual[np.ix_(o, o)])
            if own is None:
                continue
            weights = own
        found[pattern.members] = centre + centred @ weights
    return found


def _loadings(table: ParameterTable, implied: Implied) -> Array:
    p = len(table.observed)
    loadings = implied.paths[:p, p:]
    plain = not implied.paths[:p, :p].any() and not implied.paths[p:, :p].any()
    if not plain or not (np.abs(loadings).sum(axis=0) > 0).all():
        raise ModelError(
            "Bartlett's scores need constructs measured by items alone, without observed predictors. "
            "Use method='regression'."
        )
    return loadings


def _bartlett_weights(loadings: Array, residual: Array) -> Array | None:
    """``Theta^-1 Lambda (Lambda' Theta^-1 Lambda)^-1``; None where items cannot tell constructs apart."""
    weighted = np.linalg.solve(residual, loadings)
    inner = loadings.T @ weighted
    unit = np.sqrt(np.maximum(np.diag(inner), 1e-300))
    if np.linalg.eigvalsh(inner / np.outer(unit, unit))[0] < 1e-10:
        return None
    return np.asarray(weighted @ np.linalg.inv(inner))
