"""Whether answers agree because they come from the same people on the same form.

No statistic proves or excludes common-method bias; each result carries what it can show and what it cannot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from scipy import stats

from analysis.exploratory.extraction import extract
from analysis.item_correlations import ItemCorrelations
from analysis.results import Entry, Tabular
from analysis.weighting import weights_given_by

SingleFactorBasis = Literal["components", "factors"]

SINGLE_FACTOR_SHOWS = "whether one dimension alone carries most of what all items have in common"
SINGLE_FACTOR_CANNOT = (
    "that there is no method bias: a small share does not exclude one, a large share may be substance, "
    "and the share falls as more items and constructs are added"
)
MARKER_SHOWS = (
    "which correlations stay after the level that a theoretically unrelated marker shares is taken out"
)
MARKER_CANNOT = (
    "more than its marker allows: it assumes that method adds the same amount to every correlation, "
    "and that the marker is truly unrelated to the substance"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleFactor(Tabular):
    """Harman's single-factor test: the share of variance that one unrotated factor takes."""

    basis: SingleFactorBasis
    k: int
    n: int | None
    estimate: float | None = None
    shows: str = SINGLE_FACTOR_SHOWS
    cannot_show: str = SINGLE_FACTOR_CANNOT
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        first = "principal component" if self.basis == "components" else "minres factor"
        return (
            Entry(
                measure="single_factor_share",
                method=f"Harman's single-factor test, unrotated first {first}",
                n=self.n,
                estimate=self.estimate,
                more={"k": float(self.k)},
                state=self.state,
                reason=self.reason,
            ),
        )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def single_factor(correlations: ItemCorrelations, *, basis: SingleFactorBasis = "components") -> SingleFactor:
    """Harman's single-factor test on the items of all constructs together [1]_.

    The share of the items' total variance taken by the first principal component (largest eigenvalue over the
    number of items), or by one minres factor (its sum of squared loadings over the number of items), which is
    smaller.

    References
    ----------
    .. [1] Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method biases in
       behavioral research. Journal of Applied Psychology, 88, 879-903.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame([[1, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 1]])
    >>> round(single_factor(given_correlations(r)).estimate, 4)
    0.6667
    """
    if basis not in ("components", "factors"):
        raise ValueError(f"basis is {basis!r}; it can be 'components' or 'factors'")
    k, n = correlations.k, correlations.n
    if correlations.state != "ok":
        return SingleFactor(basis=basis, k=k, n=n, state=correlations.state, reason=correlations.reason)
    if basis == "components":
        largest = float(np.linalg.eigvalsh(correlations.matrix)[-1])
        return SingleFactor(basis=basis, k=k, n=n, estimate=largest / k)
    if k < 3:
        reason = f"one factor needs at least 3 items, there are {k}"
        return SingleFactor(basis=basis, k=k, n=n, state="too_few", reason=reason)
    found = extract(correlations.matrix, 1)
    if found.state != "ok":
        return SingleFactor(basis=basis, k=k, n=n, state=found.state, reason=found.reason)
    return SingleFactor(basis=basis, k=k, n=n, estimate=float((found.loadings**2).sum()) / k)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerAdjusted:
    """One correlation with the marker's level taken out."""

    first: str
    second: str
    correlation: float
    estimate: float | None  #: adjusted; None when it falls outside -1 to 1
    statistic: float | None = None
    df: int | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerVariable(Tabular):
    """Lindell and Whitney's adjustment by a marker variable."""

    marker: str
    method_r: float | None  #: correlation taken as the method's share
    chosen: str  #: where it comes from
    pairs: tuple[MarkerAdjusted, ...]
    n: int | None
    shows: str = MARKER_SHOWS
    cannot_show: str = MARKER_CANNOT
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        """The marker's correlation, then each adjusted correlation with the plain one in ``more``."""
        method = f"marker variable {self.marker}, {self.chosen}"
        rows = [
            Entry(
                measure="marker_r",
                method=method,
                n=self.n,
                estimate=self.method_r,
                state=self.state,
                reason=self.reason,
            )
        ]
        for pair in self.pairs:
            outside = pair.estimate is None
            rows.append(
                Entry(
                    measure="marker_adjusted_r",
                    method=method,
                    about={"first": pair.first, "second": pair.second},
                    n=self.n,
                    estimate=pair.estimate,
                    statistic=pair.statistic,
                    df=() if pair.df is None else (float(pair.df),),
                    p_value=pair.p_value,
                    more={"correlation": pair.correlation},
                    state="inadmissible" if outside else "ok",
                    reason="the adjusted correlation lies beyond one" if outside else "",
                )
            )
        return tuple(rows)


@weights_given_by(
    "analysis.item_correlations.pearson_correlations",
    "analysis.ordinal.polychoric.polychoric_correlations",
    how="its test is of a simple random sample: weighted correlations get the state weighted",
)
def marker_variable(
    correlations: ItemCorrelations,
    *,
    marker: str,
    constructs: Sequence[str] | None = None,
    confidence: float | None = None,
) -> MarkerVariable:
    """Correlations of constructs with the marker's level partialled out [1]_.

    ``(r - r_m) / (1 - r_m)`` with t ``r_a / sqrt((1 - r_a^2) / (n - 3))`` on n - 3 degrees of freedom.
    ``r_m`` is the smallest absolute correlation of the marker with a construct; with ``confidence`` it is the
    upper end of that correlation's one-sided Fisher interval, Lindell and Whitney's sensitivity analysis.

    Parameters
    ----------
    correlations : ItemCorrelations
        Of construct scores and the marker.
    marker : str
        Chosen before the data were seen, theoretically unrelated to at least one construct.
    constructs : sequence of str, optional
        All others by default.
    confidence : float, optional
        Such as 0.95.

    References
    ----------
    .. [1] Lindell, M. K., & Whitney, D. J. (2001). Accounting for common method variance in cross-sectional
       research designs. Journal of Applied Psychology, 86, 114-121.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.item_correlations import given_correlations
    >>> names = ["X", "Y", "M"]
    >>> r = pd.DataFrame([[1, 0.5, 0.1], [0.5, 1, 0.2], [0.1, 0.2, 1]], index=names, columns=names)
    >>> found = marker_variable(given_correlations(r, n=200), marker="M")
    >>> round(found.pairs[0].estimate, 4), round(found.pairs[0].statistic, 4)
    (0.4444, 6.9636)
    """
    names = [name for name in (constructs or correlations.items) if name != marker]
    absent = [name for name in (marker, *names) if name not in correlations.items]
    if absent:
        raise ValueError(f"there are no correlations of {', '.join(absent)}")
    if len(names) < 2:
        raise ValueError(f"at least two constructs are adjusted; there are {len(names)}")
    if confidence is not None and not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1; it is {confidence}")
    chosen = "smallest correlation of the marker"
    if confidence is not None:
        chosen = f"upper end of its one-sided {100 * confidence:g} percent interval"
    state, reason, n = correlations.state, correlations.reason, correlations.n
    if state == "ok" and correlations.weighted:
        state, reason = "weighted", "its tests are of a simple random sample; these respondents are weighted"
    elif state == "ok" and (n is None or n < 5):
        state, reason = "too_few", f"{n} respondents; the adjustment needs 5"
    if state != "ok" or n is None:
        return MarkerVariable(
            marker=marker, method_r=None, chosen=chosen, pairs=(), n=n, state=state, reason=reason
        )
    place = {name: i for i, name in enumerate(correlations.items)}
    matrix = correlations.matrix
    level = min(abs(float(matrix[place[marker], place[name]])) for name in names)
    if confidence is not None:
        level = math.tanh(math.atanh(level) + float(stats.norm.ppf(confidence)) / math.sqrt(n - 3))
    return MarkerVariable(
        marker=marker,
        method_r=level,
        chosen=chosen,
        pairs=tuple(
            _adjusted(first, second, float(matrix[place[first], place[second]]), level, n)
            for first, second in combinations(names, 2)
        ),
        n=n,
    )


def _adjusted(first: str, second: str, r: float, level: float, n: int) -> MarkerAdjusted:
    adjusted = (r - level) / (1 - level)
    if abs(adjusted) >= 1:
        return MarkerAdjusted(first=first, second=second, correlation=r, estimate=None)
    statistic = adjusted / math.sqrt((1 - adjusted**2) / (n - 3))
    return MarkerAdjusted(
        first=first,
        second=second,
        correlation=r,
        estimate=adjusted,
        statistic=statistic,
        df=n - 3,
        p_value=float(2 * stats.t.sf(abs(statistic), n - 3)),
    )
