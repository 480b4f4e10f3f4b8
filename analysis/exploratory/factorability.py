"""Whether items share enough to look for factors: sampling adequacy and sphericity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from analysis.item_correlations import ItemCorrelations
from analysis.results import Entry, Tabular
from analysis.weighting import weights_given_by


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingAdequacy(Tabular):
    """The Kaiser-Meyer-Olkin measure, overall and per item."""

    items: tuple[str, ...]
    estimate: float | None  #: overall
    per_item: tuple[float | None, ...]
    n: int | None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        method = "Kaiser-Meyer-Olkin measure of sampling adequacy"
        overall = Entry(
            measure="kmo",
            method=method,
            n=self.n,
            estimate=self.estimate,
            state=self.state,
            reason=self.reason,
        )
        items = []
        for item, value in zip(self.items, self.per_item, strict=True):
            state, reason = self.state, self.reason
            if state == "ok" and value is None:
                state, reason = "empty_cell", "the item correlates with no other item"
            items.append(
                Entry(
                    measure="kmo_item",
                    method=method,
                    about={"item": item},
                    n=self.n,
                    estimate=value,
                    state=state,
                    reason=reason,
                )
            )
        return (overall, *items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sphericity(Tabular):
    """Bartlett's test that the items are uncorrelated in the population."""

    n: int | None
    k: int
    statistic: float | None
    df: int
    p_value: float | None
    log_determinant: float | None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="sphericity",
                method="Bartlett's test of sphericity",
                n=self.n,
                statistic=self.statistic,
                df=(float(self.df),),
                p_value=self.p_value,
                more={} if self.log_determinant is None else {"log_determinant": self.log_determinant},
                state=self.state,
                reason=self.reason,
            ),
        )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations", "analysis.ordinal.polychoric.polychoric_correlations"
)
def sampling_adequacy(correlations: ItemCorrelations) -> SamplingAdequacy:
    """Kaiser-Meyer-Olkin measure of sampling adequacy [1]_.

    ``sum r^2 / (sum r^2 + sum a^2)`` over the pairs of different items, with ``a`` the anti-image
    correlations ``-p_ij / sqrt(p_ii p_jj)`` from the inverse ``p``; per item over that item's row. As
    ``psych::KMO``.

    References
    ----------
    .. [1] Kaiser, H. F. (1974). An index of factorial simplicity. Psychometrika, 39, 31-36.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]], columns=list("ABC"))
    >>> round(sampling_adequacy(given_correlations(r)).estimate, 4)
    0.6279
    """
    k = correlations.k
    if correlations.state != "ok":
        return SamplingAdequacy(
            items=correlations.items,
            estimate=None,
            per_item=(None,) * k,
            n=correlations.n,
            state=correlations.state,
            reason=correlations.reason,
        )
    inverse = np.linalg.inv(correlations.matrix)
    scale = np.sqrt(np.diag(inverse))
    partial = (inverse / np.outer(scale, scale)) ** 2
    plain = correlations.matrix**2
    np.fill_diagonal(partial, 0.0)
    np.fill_diagonal(plain, 0.0)
    own, other = plain.sum(axis=1), partial.sum(axis=1)
    if own.sum() < 1e-24:
        return SamplingAdequacy(
            items=correlations.items,
            estimate=None,
            per_item=(None,) * k,
            n=correlations.n,
            state="inadmissible",
            reason="no two items are correlated",
        )
    return SamplingAdequacy(
        items=correlations.items,
        estimate=float(own.sum() / (own.sum() + other.sum())),
        per_item=tuple(float(a / (a + b)) if a > 1e-24 else None for a, b in zip(own, other, strict=True)),
        n=correlations.n,
    )


@weights_given_by(
    "analysis.item_correlations.pearson_correlations",
    "analysis.ordinal.polychoric.polychoric_correlations",
    how="its test is of a simple random sample: weighted correlations get the state weighted",
)
def sphericity(correlations: ItemCorrelations) -> Sphericity:
    """Bartlett's test of sphericity [1]_.

    ``-(n - 1 - (2k + 5) / 6) log det R`` on ``k (k - 1) / 2`` degrees of freedom, as
    ``psych::cortest.bartlett``.

    Returns
    -------
    Sphericity
        ``state`` is ``too_few`` without n or with n no larger than the number of items.

    References
    ----------
    .. [1] Bartlett, M. S. (1951). The effect of standardization on a chi-square approximation in factor
       analysis. Biometrika, 38, 337-344.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.item_correlations import given_correlations
    >>> r = pd.DataFrame([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]], columns=list("ABC"))
    >>> test = sphericity(given_correlations(r, n=100))
    >>> round(test.statistic, 3), test.df
    (46.449, 3)
    """
    n, k = correlations.n, correlations.k
    df = k * (k - 1) // 2
    state, reason = correlations.state, correlations.reason
    if state == "ok" and correlations.weighted:
        state, reason = "weighted", "the test is of a simple random sample; these respondents are weighted"
    elif state == "ok" and (n is None or n <= k):
        state, reason = (
            "too_few",
            f"{n} respondents for {k} items; the test needs more respondents than items",
        )
    if state != "ok" or n is None:
        return Sphericity(
            n=n,
            k=k,
            statistic=None,
            df=df,
            p_value=None,
            log_determinant=None,
            state=state,
            reason=reason,
        )
    log_determinant = float(np.linalg.slogdet(correlations.matrix)[1])
    statistic = -(n - 1 - (2 * k + 5) / 6) * log_determinant
    p_value = float(stats.chi2.sf(statistic, df))
    return Sphericity(n=n, k=k, statistic=statistic, df=df, p_value=p_value, log_determinant=log_determinant)
