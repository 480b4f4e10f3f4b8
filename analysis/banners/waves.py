"""A banner table against that of the previous wave."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtr

from analysis.banners.banner import Banner, BannerItemTable, BannerRow
from analysis.results import Entry, Tabular
from analysis.weighting import weights_given_by


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveChange:
    """How one cell moved since the previous wave."""

    item: str
    row: str
    measure: str
    column: str
    previous: float | None
    current: float | None
    estimate: float | None  #: current less previous
    std_error: float | None = None
    statistic: float | None = None
    df: float | None = None  #: None for z tests
    p_value: float | None = None
    n: int = 0  #: respondents of both waves
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveChanges(Tabular):
    """All cells that stand in both tables."""

    changes: tuple[WaveChange, ...]

    def entries(self) -> tuple[Entry, ...]:
        return tuple(
            Entry(
                measure=f"change_of_{change.measure}",
                method="Independent waves, effective bases",
                about={"item": change.item, "row": change.row, "column": change.column},
                n=change.n,
                estimate=change.estimate,
                std_error=change.std_error,
                statistic=change.statistic,
                df=() if change.df is None else (change.df,),
                p_value=change.p_value,
                more={
                    name: value
                    for name, value in (("previous", change.previous), ("current", change.current))
                    if value is not None
                },
                state=change.state,
                reason=change.reason,
            )
            for change in self.changes
        )

    def directions(self, level: float = 0.05) -> dict[tuple[str, str, str], str]:
        """``higher`` or ``lower`` for the cells that moved, by item, row and column."""
        return {
            (change.item, change.row, change.column): "higher" if (change.statistic or 0.0) > 0 else "lower"
            for change in self.changes
            if change.p_value is not None and change.p_value < level
        }


@weights_given_by("analysis.banners.banner.banner")
def compare_waves(current: Banner, previous: Banner) -> WaveChanges:
    """What changed since the previous wave, cell by cell, by the rules of the current table.

    The waves are taken as independent samples: z for shares and t for means and scores on effective bases, as
    for two columns that do not overlap. Cells that only one of the tables has are left out.

    Examples
    --------
    >>> import pandas as pd
    >>> from analysis.banners.banner import Closed, banner
    >>> item = [Closed(name="APP", codes=(0, 1))]
    >>> before = banner(pd.DataFrame({"APP": [1] * 40 + [0] * 60}), item, [])
    >>> now = banner(pd.DataFrame({"APP": [1] * 60 + [0] * 40}), item, [])
    >>> change = compare_waves(now, before).changes[1]
    >>> round(change.estimate, 4), round(change.statistic, 4), round(change.p_value, 4)
    (0.2, 2.8284, 0.0047)
    """
    before = {column.name: i for i, column in enumerate(previous.columns)}
    pairs = [(i, before[column.name]) for i, column in enumerate(current.columns) if column.name in before]
    old_items = {item.name: item for item in previous.items}
    changes: list[WaveChange] = []
    for item in current.items:
        old = old_items.get(item.name)
        old_rows = {} if old is None else {row.name: row for row in old.rows}
        for row in item.rows:
            if old is None or row.name not in old_rows:
                continue
            for i, j in pairs:
                changes.append(_change(current, (item, row, i), (old, old_rows[row.name], j)))
    return WaveChanges(changes=tuple(changes))


Place = tuple[BannerItemTable, BannerRow, int]


def _change(banner: Banner, now: Place, before: Place) -> WaveChange:
    (item, row, i), (old, old_row, j) = now, before
    ends = [None if np.isnan(value) else float(value) for value in (old_row.estimate[j], row.estimate[i])]
    n = int(item.n[i] + old.n[j])
    difference = None if ends[0] is None or ends[1] is None else ends[1] - ends[0]
    blank = WaveChange(
        item=item.name,
        row=row.name,
        measure=row.measure,
        column=banner.columns[i].name,
        previous=ends[0],
        current=ends[1],
        estimate=difference,
        n=n,
    )
    if difference is None:
        return replace(blank, state="empty_cell", reason="nobody in this column answered in one of the waves")
    if "too_few" in (item.state[i], old.state[j]):
        words = f"a base below {banner.rules.minimum_base:g}: shown, not tested"
        return replace(blank, state="too_few", reason=words)
    e = float(item.effective_n[i]), float(old.effective_n[j])
    v = float(row.variance[i]), float(old_row.variance[j])
    share = row.measure in ("share", "box")
    welch = v[0] / e[0] + v[1] / e[1]
    df: float | None = None
    if share:
        pooled = (e[0] * float(ends[1] or 0.0) + e[1] * float(ends[0] or 0.0)) / sum(e)
        factor = 1 / e[0] + 1 / e[1]
        variance = pooled * (1 - pooled) * factor if banner.rules.shares == "pooled" else welch
    elif banner.rules.means == "welch":
        variance = welch
        parts = sum((v_i / e_i) ** 2 / (e_i - 1) for v_i, e_i in zip(v, e, strict=True))
        df = welch**2 / parts if parts > 0 else None
    else:
        df = sum(e) - 2
        variance = ((e[0] - 1) * v[0] + (e[1] - 1) * v[1]) / df * (1 / e[0] + 1 / e[1])
    if not variance > 1e-14 * (v[0] + v[1]) or (df is None and not share):
        return replace(blank, state="constant", reason="the answers do not vary")
    z = difference / float(np.sqrt(variance))
    p = float(2 * ndtr(-abs(z))) if df is None else float(2 * stdtr(df, -abs(z)))
    return replace(blank, std_error=float(np.sqrt(variance)), statistic=z, df=df, p_value=p)
