"""Exploratory factor analysis: which items go together, and how well a few factors say so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.exploratory.extraction import Extraction, ExtractionMethod, extract
from analysis.exploratory.fit import FactorFit, factor_fit
from analysis.exploratory.rotation import Rotation, RotationMethod, rotate
from analysis.item_correlations import ItemCorrelations
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate, weights_given_by

Array = npt.NDArray[np.float64]
ParameterTable = Literal["pattern", "structure"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorAnalysis(Tabular):
    """Rotated factors of a set of items.

    Factors stand in the order of the variance they explain, and are turned so that each one's loadings sum to
    a positive number (as ``psych::fa``).
    """

    items: tuple[str, ...]
    factors: tuple[str, ...]  #: ``F1``, ``F2``, ...
    extraction: ExtractionMethod
    rotation: str
    n: int | None
    correlations: Array  #: analysed, shape (n_items, n_items)
    pattern: Array  #: loadings, shape (n_items, n_factors); empty where there are none
    phi: Array  #: factor correlations, shape (n_factors, n_factors)
    uniquenesses: tuple[float, ...] = ()
    eigenvalues: tuple[float, ...] = ()  #: of the correlations, falling
    heywood: tuple[str, ...] = ()  #: items whose unique variance fell to its bound
    starts: int = 1  #: starts of the rotation
    starts_at_minimum: int = 1  #: how many of them ended in the rotation reported
    fit: FactorFit | None = None  #: None unless ``state`` is ok
    state: str = "ok"
    reason: str = ""

    @property
    def communalities(self) -> tuple[float, ...]:
        """Share of each item's variance that the factors explain."""
        shared = np.einsum("ij,jk,ik->i", self.pattern, self.phi, self.pattern)
        return tuple(float(value) for value in shared)

    @property
    def structure_matrix(self) -> Array:
        """Correlations of items with factors, ``pattern @ phi``."""
        return np.asarray(self.pattern @ self.phi)

    @property
    def complexity(self) -> tuple[float, ...]:
        """Hofmann's index per item: 1 when it loads on one factor alone."""
        squares = self.pattern**2
        with np.errstate(invalid="ignore", divide="ignore"):
            index = squares.sum(axis=1) ** 2 / (squares**2).sum(axis=1)
        return tuple(float(value) for value in index)

    @property
    def variance_explained(self) -> tuple[float, ...]:
        """Variance of the items per factor, ``diag(phi L'L)``; divided by the number of items, its share."""
        return tuple(float(value) for value in np.diag(self.phi @ self.pattern.T @ self.pattern))

    def loadings(self, *, matrix: ParameterTable = "pattern") -> pd.DataFrame:
        """Items by factors: the pattern (regression weights) or the structure (correlations)."""
        values = self.pattern if matrix == "pattern" else self.structure_matrix
        return pd.DataFrame(values, index=list(self.items), columns=list(self.factors))

    def factor_correlations(self) -> pd.DataFrame:
        return pd.DataFrame(self.phi, index=list(self.factors), columns=list(self.factors))

    def residuals(self) -> pd.DataFrame:
        """Correlations less the reproduced ones; unique variances on the diagonal."""
        rest = self.correlations - self.pattern @ self.phi @ self.pattern.T
        return pd.DataFrame(rest, index=list(self.items), columns=list(self.items))

    def entries(self) -> tuple[Entry, ...]:
        """Fit first, then every loading, communality, factor correlation and share of variance."""
        method = f"exploratory factor analysis, {self.extraction}, {self.rotation}"
        if self.state != "ok":
            return (
                Entry(measure="factor_fit", method=method, n=self.n, state=self.state, reason=self.reason),
            )
        rows = [self._fit_entry(method)]
        for i, item in enumerate(self.items):
            for j, factor in enumerate(self.factors):
                rows.append(
                    self._entry("loading", method, {"item": item, "factor": factor}, self.pattern[i, j])
                )
            rows.append(self._entry("communality", method, {"item": item}, self.communalities[i]))
        for j, factor in enumerate(self.factors):
            share = self.variance_explained[j] / len(self.items)
            rows.append(self._entry("variance_explained", method, {"factor": factor}, share))
            for other in range(j):
                about = {"factor": factor, "other": self.factors[other]}
                rows.append(self._entry("factor_correlation", method, about, self.phi[j, other]))
        return tuple(rows)

    def _entry(self, measure: str, method: str, about: dict[str, str], value: float) -> Entry:
        return Entry(measure=measure, method=method, about=about, n=self.n, estimate=float(value))

    def _fit_entry(self, method: str) -> Entry:
        fit = self.fit
        if fit is None:  # pragma: no cover - a state of ok comes with a fit
            raise TypeError("an analysis without a state has a fit")
        more = {"tli": fit.tli, "rmsr": fit.rmsr, "bic": fit.bic, "discrepancy": fit.discrepancy}
        return Entry(
            measure="factor_fit",
            method=method,
            about={"index": "rmsea"},
            n=self.n,
            estimate=fit.rmsea,
            statistic=fit.statistic,
            df=(float(fit.df),),
            p_value=fit.p_value,
            interval=fit.rmsea_interval,
            more={name: value for name, value in more.items() if value is not None},
        )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def factor_analysis(
    correlations: ItemCorrelations,
    *,
    n_factors: int,
    extraction: ExtractionMethod = "minres",
    rotation: RotationMethod = "oblimin",
    kaiser: bool | None = None,
    gamma: float = 0.0,
    delta: float = 0.01,
    power: float = 4.0,
    random_starts: int = 0,
    rng: np.random.Generator | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
) -> FactorAnalysis:
    """Exploratory factor analysis of Pearson, polychoric or any other correlations.

    Parameters
    ----------
    correlations : ItemCorrelations
        From :func:`analysis.item_correlations.pearson_correlations` or ``given_correlations``.
    n_factors : int
    extraction : {"minres", "ml", "principal_axis"}
        See :func:`analysis.exploratory.extraction.extract`, which ``tolerance`` and ``max_iterations`` go to.
    rotation : {"oblimin", "geomin", "promax", "varimax", "none"}
        See :func:`analysis.exploratory.rotation.rotate`, which the options from ``kaiser`` to ``rng`` go to.

    Returns
    -------
    FactorAnalysis
        ``state`` is ``inadmissible`` for a Heywood case (loadings are kept to be looked at, ``heywood`` names
        the items, there is no fit) and for more factors than the items' correlations can determine,
        ``not_converged`` when extraction or rotation still moved, or the state of the correlations.

    References
    ----------
    .. [1] Fabrigar, L. R., Wegener, D. T., MacCallum, R. C., & Strahan, E. J. (1999). Evaluating the use of
       exploratory factor analysis in psychological research. Psychological Methods, 4, 272-299.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> loadings = np.array([[0.8, 0], [0.7, 0], [0.6, 0], [0, 0.7], [0, 0.6], [0, 0.5]])
    >>> r = loadings @ np.array([[1, 0.3], [0.3, 1]]) @ loadings.T
    >>> np.fill_diagonal(r, 1.0)
    >>> found = factor_analysis(given_correlations(pd.DataFrame(r), n=300), n_factors=2)
    >>> round(float(found.phi[0, 1]), 4)
    0.3
    """
    k = correlations.k
    state, reason = correlations.state, correlations.reason
    df = ((k - n_factors) ** 2 - k - n_factors) // 2
    if state == "ok" and not (1 <= n_factors < k and df >= 0):
        state = "inadmissible"
        reason = f"{k} items cannot determine {n_factors} factors: {df} degrees of freedom"
    if state != "ok":
        return _without_loadings(correlations, extraction, rotation, state, reason)
    found = extract(
        correlations.matrix,
        n_factors,
        method=extraction,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )
    turned = rotate(
        found.loadings,
        method=rotation,
        kaiser=kaiser,
        gamma=gamma,
        delta=delta,
        power=power,
        random_starts=random_starts,
        rng=rng,
    )
    return _assembled(correlations, found, turned)


def _assembled(correlations: ItemCorrelations, found: Extraction, turned: Rotation) -> FactorAnalysis:
    pattern, phi = in_order(turned.loadings, turned.correlations)
    heywood = tuple(correlations.items[i] for i in found.heywood)
    state, reason = found.state, found.reason
    if heywood:
        reason = f"{reason}: {', '.join(heywood)}"
    elif state == "ok":
        state, reason = turned.state, turned.reason
    fit = factor_fit(correlations.matrix, pattern, phi, correlations.n_for_tests) if state == "ok" else None
    if fit is not None and not math.isfinite(fit.discrepancy):
        state, reason, fit = "inadmissible", "the reproduced correlations are not positive definite", None
    return FactorAnalysis(
        items=correlations.items,
        factors=tuple(f"F{j + 1}" for j in range(pattern.shape[1])),
        extraction=found.method,
        rotation=turned.method,
        n=correlations.n,
        correlations=correlations.matrix,
        pattern=pattern,
        phi=phi,
        uniquenesses=tuple(float(value) for value in found.uniquenesses),
        eigenvalues=tuple(float(v) for v in np.linalg.eigvalsh(correlations.matrix)[::-1]),
        heywood=heywood,
        starts=turned.starts,
        starts_at_minimum=turned.starts_at_minimum,
        fit=fit,
        state=state,
        reason=reason,
    )


@no_estimate("arithmetic")
def in_order(loadings: Array, phi: Array) -> tuple[Array, Array]:
    """Factors by falling variance explained (``diag(phi L'L)``), each with a positive sum of loadings."""
    order = np.argsort(-np.diag(phi @ loadings.T @ loadings), kind="stable")
    signs = np.where(loadings[:, order].sum(axis=0) < 0, -1.0, 1.0)
    return loadings[:, order] * signs, phi[np.ix_(order, order)] * np.outer(signs, signs)


def _without_loadings(
    correlations: ItemCorrelations, extraction: ExtractionMethod, rotation: str, state: str, reason: str
) -> FactorAnalysis:
    return FactorAnalysis(
        items=correlations.items,
        factors=(),
        extraction=extraction,
        rotation=rotation,
        n=correlations.n,
        correlations=correlations.matrix,
        pattern=np.empty((correlations.k, 0)),
        phi=np.empty((0, 0)),
        state=state,
        reason=reason,
    )
