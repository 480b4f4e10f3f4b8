"""The arrow of a path diagram: how wide, how sure, with its coefficient written on it."""

from __future__ import annotations

from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Patch

from analysis.results import Interval
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import Theme


class Spot(Protocol):
    """Where the centre of a shape stands."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...


def path_arrow(
    axes: Axes,
    ends: tuple[Spot, Spot],
    shapes: tuple[Patch, Patch],
    estimate: float,
    interval: Interval | None,
    *,
    share: float,
    labels: Labels,
    theme: Theme,
) -> None:
    """Draw an arrow between two shapes, dashed and grey where its interval holds zero.

    ``share`` says how far along the arrow the coefficient stands.
    """
    start, end = ends
    sure = interval is not None and interval.excludes(0)
    axes.add_patch(
        FancyArrowPatch(
            (start.x, start.y),
            (end.x, end.y),
            patchA=shapes[0],
            patchB=shapes[1],
            arrowstyle="-|>",
            mutation_scale=9,
            shrinkA=0,
            shrinkB=1,
            linewidth=0.8 + 2 * min(abs(estimate), 1.0),
            linestyle="-" if sure else (0, (4, 2.5)),
            color=theme.category(0 if estimate >= 0 else 5) if sure else theme.muted,
            zorder=2,
        )
    )
    numbers = Numbers(language=labels.language)
    axes.text(
        start.x + share * (end.x - start.x),
        start.y + share * (end.y - start.y),
        f"{numbers.bounded(estimate)}\n{numbers.interval(interval, style='bounded')}",
        ha="center",
        va="center",
        fontsize=theme.small,
        linespacing=1.15,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 1.2},
        zorder=2.5,
    )
