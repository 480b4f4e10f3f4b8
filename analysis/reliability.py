"""Internal consistency of the items of one construct."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f

from analysis.results import Entry, Interval, Tabular

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTotal:
    """What one item contributes to its construct."""

    item: str
    mean: float | None
    sd: float | None
    corrected_r: float | None  #: correlation of the item with the sum of the other items
    alpha_if_dropped: float | None  #: None when only one item would remain
    n: int  #: respondents who answered every item


@dataclass(frozen=True, slots=True, kw_only=True)
class CronbachAlpha(Tabular):
    """Internal consistency of one construct."""

    construct: str
    items: tuple[str, ...]
    estimate: float | None
    n: int  #: respondents who answered every item
    n_missing: int  #: respondents who left at least one item blank
    k: int  #: items
    mean_inter_item_r: float | None
    standardized: float | None  #: alpha of the standardised items
    item_totals: tuple[ItemTotal, ...]
    confidence_level: float = 0.95  #: the level that ``entries()`` uses
    state: str = "ok"
    reason: str = ""

    def confidence_interval(self, confidence_level: float | None = None) -> Interval | None:
        """Feldt's exact interval; None where there is no alpha to rely on.

        ``1 - (1 - alpha) F`` with the upper and lower quantiles of F on ``n - 1`` and
        ``(n - 1)(k - 1)`` degrees of freedom. ``confidence_level`` defaults to that of the result.
        """
        if self.estimate is None or self.state != "ok":
            return None
        level = self.confidence_level if confidence_level is None else confidence_level
        tail = (1 - level) / 2
        df = self.n - 1, (self.n - 1) * (self.k - 1)
        low, high = (1 - (1 - self.estimate) * float(f.isf(area, *df)) for area in (tail, 1 - tail))
        return Interval(low=low, high=high, confidence_level=level)

    def entries(self) -> tuple[Entry, ...]:
        """Alpha (measure ``alpha``), then per item ``corrected_item_total`` with ``alpha_if_dropped``."""
        further = {"mean_inter_item_r": self.mean_inter_item_r, "standardized": self.standardized}
        alpha = Entry(
            measure="alpha",
            method="Cronbach's alpha, Feldt interval",
            about={"construct": self.construct},
            n=self.n,
            estimate=self.estimate,
            interval=self.confidence_interval(),
            more=_known(further) | {"k": self.k, "n_missing": self.n_missing},
            state=self.state,
            reason=self.reason,
        )
        return (alpha, *(self._item_entry(total) for total in self.item_totals))

    def _item_entry(self, total: ItemTotal) -> Entry:
        state, reason = self.state, self.reason
        if state == "ok" and total.corrected_r is None:
            state, reason = "constant", "the sum of the other items does not vary"
        return Entry(
            measure="corrected_item_total",
            method="Correlation of the item with the sum of the others",
            about={"construct": self.construct, "item": total.item},
            n=total.n,
            estimate=total.corrected_r,
            more=_known({"mean": total.mean, "sd": total.sd, "alpha_if_dropped": total.alpha_if_dropped}),
            state=state,
            reason=reason,
        )


def cronbach_alpha(items: pd.DataFrame, *, construct: str, confidence_level: float = 0.95) -> CronbachAlpha:
    """Cronbach's alpha [1]_ with Feldt's interval [2]_ and what each item contributes.

    ``alpha = k / (k - 1) (1 - sum of item variances / variance of the sum)``. Variances divide by n - 1.
    Respondents who left an item blank are left out altogether; ``psych::alpha`` keeps them pair by pair
    unless told otherwise.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Answers, with reverse-keyed items already turned round; NaN for no answer.
    construct : str
        What the items measure.

    Returns
    -------
    CronbachAlpha
        ``state`` is ``too_few`` with fewer than 2 items or 3 complete respondents, ``constant`` when an item
        does not vary, ``inadmissible`` when the items' average covariance is negative, which most often
        means an item whose reverse key was not declared: alpha is then kept, without an interval.

    References
    ----------
    .. [1] Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16,
       297-334.
    .. [2] Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability
       coefficient twenty. Psychometrika, 30, 357-370.

    Examples
    --------
    >>> items = pd.DataFrame({"SAT1": [1, 2, 4, 5, 3], "SAT2": [2, 2, 5, 4, 3], "SAT3": [1, 3, 4, 5, None]})
    >>> alpha = cronbach_alpha(items, construct="satisfaction")
    >>> alpha.n, round(alpha.estimate, 4)
    (4, 0.9457)
    >>> round(alpha.confidence_interval().low, 4)
    0.6414
    """
    names = tuple(str(name) for name in items.columns)
    answers: Array = items.to_numpy(dtype=float)
    answers = answers[~np.isnan(answers).any(axis=1)]
    n, k = answers.shape
    state, reason = _why_not(answers, names)
    usable = state == "ok"
    covariance: Array = np.cov(answers, rowvar=False).reshape(k, k) if usable else np.empty((0, 0))
    if usable and covariance.sum() < np.trace(covariance):
        state, reason = "inadmissible", "the items' average covariance is negative; check reverse keys"
    mean_r = _mean_off_diagonal(covariance) if usable else None
    return CronbachAlpha(
        construct=construct,
        items=names,
        estimate=_alpha(covariance) if usable else None,
        n=n,
        n_missing=len(items) - n,
        k=k,
        mean_inter_item_r=mean_r,
        standardized=_standardized(mean_r, k),
        item_totals=_item_totals(answers, covariance, names) if usable else (),
        confidence_level=confidence_level,
        state=state,
        reason=reason,
    )


def _why_not(answers: Array, names: tuple[str, ...]) -> tuple[str, str]:
    n, k = answers.shape
    if k < 2:
        return "too_few", f"consistency needs at least 2 items, there are {k}"
    if n < 3:
        return "too_few", f"only {n} respondents answered all {k} items, at least 3 are needed"
    constant = [name for name, spread in zip(names, np.ptp(answers, axis=0), strict=True) if spread == 0]
    if constant:
        return "constant", f"all answers are the same: {', '.join(constant)}"
    return "ok", ""


def _alpha(covariance: Array) -> float | None:
    k, total = len(covariance), float(covariance.sum())
    # Items that cancel exactly have a sum without variance: no alpha, rather than minus infinity.
    if k < 2 or total <= 1e-12 * float(np.trace(covariance)):
        return None
    return k / (k - 1) * (1 - float(np.trace(covariance)) / total)


def _mean_off_diagonal(covariance: Array) -> float:
    k = len(covariance)
    sd = np.sqrt(np.diag(covariance))
    return float(((covariance / np.outer(sd, sd)).sum() - k) / (k * (k - 1)))


def _standardized(mean_r: float | None, k: int) -> float | None:
    if mean_r is None or 1 + (k - 1) * mean_r <= 1e-12:
        return None
    return k * mean_r / (1 + (k - 1) * mean_r)


def _item_totals(answers: Array, covariance: Array, names: tuple[str, ...]) -> tuple[ItemTotal, ...]:
    n = len(answers)
    total = float(covariance.sum())
    totals = []
    for i, name in enumerate(names):
        with_all, own = float(covariance[i].sum()), float(covariance[i, i])
        rest = total - 2 * with_all + own
        others = np.delete(np.delete(covariance, i, axis=0), i, axis=1)
        totals.append(
            ItemTotal(
                item=name,
                mean=float(answers[:, i].mean()),
                sd=math.sqrt(own),
                corrected_r=(with_all - own) / math.sqrt(own * rest) if rest > 1e-12 * own else None,
                alpha_if_dropped=_alpha(others),
                n=n,
            )
        )
    return tuple(totals)


def _known(numbers: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if value is not None}
