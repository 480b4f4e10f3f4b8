"""Agreement of two orderings of the same respondents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.results import Entry, Interval, Tabular

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedKappa(Tabular):
    """Agreement beyond chance of two ordered classifications."""

    first: str
    second: str
    weights: str
    n: int
    n_missing: int
    estimate: float | None = None
    std_error: float | None = None  #: asymptotic, not assuming independence
    interval: Interval | None = None
    state: str = "ok"
    reason: str = ""

    def entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                measure="weighted_kappa",
                method=f"weighted kappa, {self.weights} weights",
                about={"first": self.first, "second": self.second},
                n=self.n,
                estimate=self.estimate,
                std_error=self.std_error,
                interval=self.interval,
                state=self.state,
                reason=self.reason,
            ),
        )


def weighted_kappa(
    first: pd.Series,
    second: pd.Series,
    *,
    categories: Sequence[object],
    weights: Literal["quadratic", "linear"] = "quadratic",
    confidence_level: float = 0.95,
) -> WeightedKappa:
    """Cohen's weighted kappa with the standard error of Fleiss, Cohen & Everitt (1969).

    Parameters
    ----------
    first, second : Series, shape (n_respondents,)
        Respondents without one of the two are left out.
    categories : sequence
        All categories, in their order.
    weights : {"quadratic", "linear"}
        ``1 - (distance / (k - 1)) ** p`` with p = 2 or 1.

    Raises
    ------
    ValueError
        If an answer is none of the categories.

    Examples
    --------
    >>> a, b = pd.Series([1, 1, 2, 3, 3, 2], name="a"), pd.Series([1, 2, 2, 3, 3, 3], name="b")
    >>> round(weighted_kappa(a, b, categories=[1, 2, 3]).estimate, 4)
    0.75
    """
    whole = first.notna() & second.notna()
    strangers = {*first[whole], *second[whole]}.difference(categories)
    if strangers:
        seen = ", ".join(sorted(map(str, strangers)))
        raise ValueError(f"{first.name}, {second.name}: {seen} is none of the categories {list(categories)}")
    place = {category: i for i, category in enumerate(categories)}
    rows, columns = first[whole].map(place).to_numpy(int), second[whole].map(place).to_numpy(int)
    k, n = len(categories), int(whole.sum())
    shared: dict[str, Any] = {
        "first": str(first.name),
        "second": str(second.name),
        "weights": weights,
        "n": n,
        "n_missing": int((~whole).sum()),
    }
    if n < 2 or k < 2:
        return WeightedKappa(**shared, state="too_few", reason=f"{n} respondents in {k} categories")
    p = np.bincount(rows * k + columns, minlength=k * k).reshape(k, k) / n
    row, column = p.sum(axis=1), p.sum(axis=0)
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    w = 1 - distance ** (2 if weights == "quadratic" else 1)
    observed, expected = float((w * p).sum()), float(row @ w @ column)
    if expected >= 1 - 1e-12:
        return WeightedKappa(**shared, state="constant", reason="both put everybody in one category")
    kappa = (observed - expected) / (1 - expected)
    mean_weights = (w @ column)[:, None] + (w.T @ row)[None, :]
    spread = float((p * (w - mean_weights * (1 - kappa)) ** 2).sum())
    variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (n * (1 - expected) ** 2)
    error = math.sqrt(max(variance, 0.0))
    z = float(stats.norm.isf((1 - confidence_level) / 2))
    interval = Interval(low=kappa - z * error, high=kappa + z * error, confidence_level=confidence_level)
    return WeightedKappa(**shared, estimate=kappa, std_error=error, interval=interval)
