"""What every result has in common: intervals, states, and rows that can travel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import pandas as pd

from analysis.weighting import no_estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A confidence interval.

    >>> Interval(low=0.1, high=0.4).excludes(0)
    True
    """

    low: float
    high: float
    confidence_level: float = 0.95

    def excludes(self, value: float) -> bool:
        return self.low > value or self.high < value


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One number and what is needed to read it alone a year later: one row of ``results.json``.

    ``state`` is ``"ok"`` or a word for why there is no number to rely on (``too_few``,
    ``constant``, ``empty_cell``, ``not_converged``, ``inadmissible``, ``weighted``); ``reason`` says it
    in words, and ``estimate`` is None unless it is still a plain description. With ``"ok"``, a
    ``reason`` is a caution: the number stands, but read this first.
    """

    measure: str  #: what the estimate is: ``mean``, ``alpha``, ``omega_squared``
    method: str  #: how it was computed: ``Welch ANOVA``
    about: Mapping[str, str] = field(default_factory=dict)  #: ``{"construct": "satisfaction"}``
    n: int | None = None
    estimate: float | None = None
    std_error: float | None = None
    statistic: float | None = None
    df: tuple[float, ...] = ()
    p_value: float | None = None
    interval: Interval | None = None
    more: Mapping[str, float] = field(default_factory=dict)  #: further numbers by name
    state: str = "ok"
    reason: str = ""

    def __post_init__(self) -> None:
        for name in ("estimate", "std_error", "statistic", "p_value"):
            value = getattr(self, name)
            if value is not None and math.isnan(value):
                raise ValueError(
                    f"{self.method}, {dict(self.about)}: {name} is not a number. "
                    "Return None with a state and a reason instead."
                )


@runtime_checkable
class Result(Protocol):
    """Anything whose numbers can be listed."""

    def entries(self) -> tuple[Entry, ...]: ...


class Tabular:
    """Gives a result class ``to_frame()`` from its ``entries()``, and a table in Jupyter."""

    __slots__ = ()

    def entries(self) -> tuple[Entry, ...]:
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """One tidy row per number, in the words of the project's vocabulary."""
        return frame_of(self.entries())

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False))


@no_estimate("laying out")
def frame_of(entries: Iterable[Entry]) -> pd.DataFrame:
    """Entries as a tidy frame; columns that no entry uses are left out."""
    rows = []
    for entry in entries:
        row: dict[str, object] = dict(entry.about)
        row |= {
            "measure": entry.measure,
            "estimate": entry.estimate,
            "std_error": entry.std_error,
            "statistic": entry.statistic,
        }
        row |= {("df" if len(entry.df) == 1 else f"df{i}"): d for i, d in enumerate(entry.df, 1)}
        row |= {"p_value": entry.p_value}
        if entry.interval is not None:
            row |= {
                "low": entry.interval.low,
                "high": entry.interval.high,
                "confidence_level": entry.interval.confidence_level,
            }
        row |= dict(entry.more)
        row |= {"n": entry.n, "method": entry.method}
        if entry.state != "ok" or entry.reason:
            row |= {"state": entry.state, "reason": entry.reason}
        rows.append(row)
    return pd.DataFrame(rows).dropna(axis="columns", how="all")
