"""Omega: reliability from factor loadings instead of average covariances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.exploratory.extraction import ExtractionMethod, extract
from analysis.exploratory.factors import FactorAnalysis, factor_analysis
from analysis.exploratory.rotation import RotationMethod
from analysis.item_correlations import ItemCorrelations
from analysis.results import Entry, Tabular
from analysis.weighting import no_estimate, weights_given_by

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Omega(Tabular):
    """Reliability of a sum of items by a general factor and group factors (Schmid-Leiman)."""

    construct: str
    items: tuple[str, ...]
    n: int | None
    omega_total: float | None = None  #: share of the sum's variance due to all factors
    omega_hierarchical: float | None = None  #: share due to the general factor alone
    omega_limit: float | None = None  #: hierarchical over total: of endlessly many such items
    explained_common_variance: float | None = None  #: the general factor's share of the common variance
    general: tuple[float, ...] = ()  #: loadings on the general factor
    groups: pd.DataFrame | None = None  #: loadings on the group factors, items by factors
    uniquenesses: tuple[float, ...] = ()
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        numbers = {
            "omega_total": self.omega_total,
            "omega_hierarchical": self.omega_hierarchical,
            "omega_limit": self.omega_limit,
            "explained_common_variance": self.explained_common_variance,
        }
        return tuple(
            Entry(
                measure=measure,
                method="Schmid-Leiman transformation",
                about={"construct": self.construct},
                n=self.n,
                estimate=value,
                state=self.state,
                reason=self.reason,
            )
            for measure, value in numbers.items()
        )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def schmid_leiman_omega(
    correlations: ItemCorrelations,
    *,
    construct: str,
    n_factors: int = 3,
    extraction: ExtractionMethod = "minres",
    rotation: RotationMethod = "oblimin",
) -> Omega:
    """Omega total and hierarchical [1]_ from correlated factors and one factor above them [2]_.

    The items' factors are rotated obliquely and one factor of their correlations is extracted, with loadings
    g. General loadings are ``L g``, group loadings ``L sqrt(1 - g^2)``; hierarchical omega is
    ``(sum of general loadings)^2 / sum of R``, total omega ``1 - sum of unique variances / sum of R``, with
    unique variances ``1 - general^2 - group^2``. As ``psych::omega`` without turning any item round:
    reverse-keyed items must have been turned before. Two group factors give the factor above them equal
    loadings; with one there is none above, and hierarchical equals total.

    Returns
    -------
    Omega
        ``state`` as of the factor analysis; ``inadmissible`` also when the factor above explains a factor
        wholly, when two factors correlate negatively, or a unique variance is negative.

    References
    ----------
    .. [1] Zinbarg, R. E., Revelle, W., Yovel, I., & Li, W. (2005). Cronbach's alpha, Revelle's beta, and
       McDonald's omega-h. Psychometrika, 70, 123-133.
    .. [2] Schmid, J., & Leiman, J. M. (1957). The development of hierarchical factor solutions.
       Psychometrika, 22, 53-61.

    Examples
    --------
    >>> from analysis.item_correlations import given_correlations
    >>> g, s = np.full((6, 1), 0.6), np.kron(np.eye(2), np.full((3, 1), 0.5))
    >>> r = g @ g.T + s @ s.T
    >>> np.fill_diagonal(r, 1.0)
    >>> found = schmid_leiman_omega(given_correlations(pd.DataFrame(r)), construct="x", n_factors=2)
    >>> round(found.omega_hierarchical, 4)
    0.6545
    """
    analysis = factor_analysis(correlations, n_factors=n_factors, extraction=extraction, rotation=rotation)
    if analysis.state != "ok":
        return _none(correlations, construct, analysis.state, analysis.reason)
    above, reason = _above(analysis, extraction)
    if above is None:
        return _none(correlations, construct, "inadmissible", reason)
    general = analysis.pattern @ above
    groups = analysis.pattern * np.sqrt(1 - above**2)
    unique = 1 - general**2 - (groups**2).sum(axis=1)
    if unique.min() <= 0:
        item = correlations.items[int(unique.argmin())]
        return _none(correlations, construct, "inadmissible", f"{item} has no unique variance")
    total = float(correlations.matrix.sum())
    omega_total, hierarchical = 1 - float(unique.sum()) / total, float(general.sum()) ** 2 / total
    common = float((general**2).sum() + (groups**2).sum())
    return Omega(
        construct=construct,
        items=correlations.items,
        n=correlations.n,
        omega_total=omega_total,
        omega_hierarchical=hierarchical,
        omega_limit=hierarchical / omega_total,
        explained_common_variance=float((general**2).sum()) / common,
        general=tuple(float(value) for value in general),
        groups=pd.DataFrame(groups, index=list(correlations.items), columns=list(analysis.factors)),
        uniquenesses=tuple(float(value) for value in unique),
    )


def _above(analysis: FactorAnalysis, extraction: ExtractionMethod) -> tuple[Array | None, str]:
    """Loadings of the factors on the one above them, or why there are none."""
    phi, m = analysis.phi, len(analysis.phi)
    if m == 1:
        return np.ones(1), ""
    if m == 2:
        if phi[0, 1] < 0:
            return None, "the two factors correlate negatively; check reverse keys"
        return np.full(2, np.sqrt(phi[0, 1])), ""
    found = extract(phi, 1, method=extraction)
    if found.state != "ok":
        return None, f"the factor above the factors: {found.reason}"
    loadings = found.loadings.ravel()
    loadings = loadings * (-1 if loadings.sum() < 0 else 1)
    if loadings.min() < 0:
        return None, "a factor loads negatively on the factor above; check reverse keys"
    return loadings, ""


def _none(correlations: ItemCorrelations, construct: str, state: str, reason: str) -> Omega:
    return Omega(construct=construct, items=correlations.items, n=correlations.n, state=state, reason=reason)


@no_estimate("arithmetic")
def model_omega(
    loadings: Sequence[float], error_variances: Sequence[float], *, error_covariances: Sequence[float] = ()
) -> float:
    """McDonald's omega of a one-factor model.

    ``(sum l)^2 / ((sum l)^2 + sum e + 2 sum of error covariances)``

    Loadings of a factor with variance 1, standardised or not, with error variances to match. As
    ``semTools::compRelSEM`` without ``obs.var``.

    Examples
    --------
    >>> round(model_omega([0.8, 0.7, 0.6], [0.36, 0.51, 0.64]), 4)
    0.7449
    """
    if len(loadings) != len(error_variances):
        raise ValueError(f"{len(loadings)} loadings but {len(error_variances)} error variances")
    if min(error_variances) < 0:
        raise ValueError(f"an error variance is {min(error_variances)}; the model is inadmissible")
    true = float(sum(loadings)) ** 2
    return true / (true + float(sum(error_variances)) + 2 * float(sum(error_covariances)))


@no_estimate("arithmetic")
def bifactor_omega(
    general: Sequence[float], groups: npt.ArrayLike, error_variances: Sequence[float]
) -> tuple[float, float]:
    """Omega total and hierarchical of a bifactor model whose factors are uncorrelated.

    Parameters
    ----------
    general : sequence, length n_items
    groups : array, shape (n_items, n_groups)
        0 where an item does not belong to a group.
    error_variances : sequence, length n_items

    Examples
    --------
    >>> groups = np.kron(np.eye(2), np.full((2, 1), 0.5))
    >>> total, hierarchical = bifactor_omega([0.6] * 4, groups, [0.39] * 4)
    >>> round(total, 4), round(hierarchical, 4)
    (0.8326, 0.618)
    """
    true = float(sum(general)) ** 2
    others = float((np.asarray(groups, dtype=float).sum(axis=0) ** 2).sum())
    whole = true + others + float(sum(error_variances))
    return (true + others) / whole, true / whole


@no_estimate("arithmetic")
def coefficient_h(loadings: Sequence[float]) -> float:
    """Reliability of the best weighted sum of the items [1]_: ``1 / (1 + 1 / sum(l^2 / (1 - l^2)))``.

    Parameters
    ----------
    loadings : sequence
        Standardised, between -1 and 1.

    References
    ----------
    .. [1] Hancock, G. R., & Mueller, R. O. (2001). Rethinking construct reliability within latent variable
       systems. In Structural equation modeling: Present and future (pp. 195-216). SSI.

    Examples
    --------
    >>> round(coefficient_h([0.8, 0.7, 0.6]), 4)
    0.7675
    """
    squares = np.asarray(loadings, dtype=float) ** 2
    if not len(squares) or squares.max() >= 1 or squares.max() == 0:
        raise ValueError(
            f"standardised loadings lie between -1 and 1 and are not all 0; these are {list(loadings)}"
        )
    information = float((squares / (1 - squares)).sum())
    return information / (1 + information)
