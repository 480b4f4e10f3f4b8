"""The linear model of factors and covariates: its columns, its terms, and the rows of its marginal means.

References
----------
.. [1] Searle, S. R., Speed, F. M., & Milliken, G. A. (1980). Population marginal means in the linear model:
   an alternative to least squares means. The American Statistician, 34, 216-221.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.groups import group_label
from analysis.weighting import step_of

WEIGHTING = step_of(
    "analysis.factorial.anova.factorial_anova", "analysis.factorial.contrasts.marginal_contrasts"
)

Array = npt.NDArray[np.float64]
Term = tuple[str, ...]
#: How the levels of factors that a mean is averaged over count: ``equal``, each combination alike;
#: ``proportional``, as often as the sample has it (``emmeans(weights = "proportional")``).
Averaging = Literal["equal", "proportional"]


def why_no_model(
    y: Array, factors: pd.DataFrame, covariates: pd.DataFrame, *, interactions: bool
) -> tuple[str, str] | None:
    """State and reason, of complete rows that no model can be fitted to."""
    if len(y) < 2:
        return "too_few", f"{len(y)} respondents answered everything"
    still = [str(name) for name, column in (*factors.items(), *covariates.items()) if column.nunique() < 2]
    if np.ptp(y) == 0:
        still.insert(0, "the outcome")
    if still:
        return "constant", f"no variation in {', '.join(still)}"
    if interactions and factors.shape[1] > 1:
        levels = [sorted(column.unique()) for _, column in factors.items()]
        met = set(factors.itertuples(index=False, name=None))
        empty = [cell for cell in product(*levels) if cell not in met]
        if empty:
            named = ", ".join(
                f"{name} {group_label(value)}" for name, value in zip(factors.columns, empty[0], strict=True)
            )
            return (
                "empty_cell",
                f"{len(empty)} of the combinations of levels have no respondent, such as {named}",
            )
    return None


def model_terms(factors: Sequence[str], covariates: Sequence[str], *, interactions: bool) -> list[Term]:
    """Covariates, then the factors, then their interactions if asked for.

    >>> model_terms(["TIER", "SEX"], ["AGE"], interactions=True)
    [('AGE',), ('TIER',), ('SEX',), ('TIER', 'SEX')]
    """
    orders = range(1, len(factors) + 1) if interactions else (1,)
    crossed = [term for order in orders for term in combinations(factors, order)]
    return [*((name,) for name in covariates), *crossed]


class FactorColumns:
    """Columns of every term, effects of a factor summing to zero, covariates around their means.

    Parameters
    ----------
    factors, covariates : DataFrame, shapes (n_rows, n_factors) and (n_rows, n_covariates)
        Complete rows. The levels of a factor are those that were met, in the order of its categories.
    weights : array, shape (n_rows,), optional
        What each row counts in means of covariates and in how often levels occur; 1 if not given.
    """

    def __init__(self, factors: pd.DataFrame, covariates: pd.DataFrame, weights: Array | None = None) -> None:
        self.n = len(factors)
        self.weights: Array = np.ones(self.n) if weights is None else weights
        self.levels: dict[str, list[object]] = {}
        self.codes: dict[str, npt.NDArray[np.int64]] = {}
        self.centred: dict[str, Array] = {}
        for name, column in factors.items():
            levels = (
                [level for level in column.cat.categories if (column == level).any()]
                if isinstance(column.dtype, pd.CategoricalDtype)
                else sorted(column.unique())
            )
            place = {level: at for at, level in enumerate(levels)}
            self.levels[str(name)] = levels
            self.codes[str(name)] = np.array([place[value] for value in column], dtype=np.int64)
        for name, column in covariates.items():
            values = column.to_numpy(dtype=float)
            self.centred[str(name)] = values - np.average(values, weights=self.weights)

    def contrasts(self, factor: str) -> Array:
        """Columns of a factor, shape (n_levels, n_levels - 1)."""
        k = len(self.levels[factor])
        return np.vstack([np.eye(k - 1), -np.ones((1, k - 1))])

    def columns(self, term: Term) -> Array:
        """Shape (n_rows, df of the term)."""
        found: Array = np.ones((self.n, 1))
        for name in term:
            own = (
                self.centred[name][:, None]
                if name in self.centred
                else self.contrasts(name)[self.codes[name]]
            )
            found = (found[:, :, None] * own[:, None, :]).reshape(self.n, -1)
        return found

    def matrix(self, terms: Sequence[Term]) -> Array:
        """The design, an intercept first."""
        return np.hstack([np.ones((self.n, 1)), *(self.columns(term) for term in terms)])

    def at(self, terms: Sequence[Term], chosen: Mapping[str, int]) -> Array:
        """Row of the design for one combination of levels, covariates at their means."""
        parts: list[Array] = [np.ones(1)]
        for term in terms:
            row: Array = np.ones(1)
            for name in term:
                own = np.zeros(1) if name in self.centred else self.contrasts(name)[chosen[name]]
                row = np.outer(row, own).ravel()
            parts.append(row)
        return np.concatenate(parts)

    def mean_row(self, terms: Sequence[Term], chosen: Mapping[str, int], averaging: Averaging) -> Array:
        """What the marginal mean of chosen levels is made of: coefficients' weights [1]_."""
        others = [name for name in self.levels if name not in chosen]
        cells = list(product(*(range(len(self.levels[name])) for name in others)))
        rows = [self.at(terms, {**chosen, **dict(zip(others, cell, strict=True))}) for cell in cells]
        shares = [self._share(dict(zip(others, cell, strict=True))) for cell in cells]
        return np.average(rows, axis=0, weights=shares if averaging == "proportional" else None)

    def met(self, chosen: Mapping[str, int]) -> npt.NDArray[np.bool_]:
        """Which rows have the chosen levels."""
        found = np.ones(self.n, dtype=bool)
        for name, at in chosen.items():
            found &= self.codes[name] == at
        return found

    def _share(self, cell: Mapping[str, int]) -> float:
        return float(self.weights[self.met(cell)].sum())
