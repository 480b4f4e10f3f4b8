"""The same matter as two populations see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.means import MeanDifference
from analysis.results import Interval
from reports.figures.naming import LINES, level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "mean": {"en": "Mean, with {level} confidence interval", "zh": "均值及{level}置信区间"},
    "difference": {
        "en": "Difference\n[{level} interval]",
        "zh": "差值\n[{level}置信区间]",
    },
    "none": {"en": "cannot be compared", "zh": "无法比较"},
}
NAME_WIDTH = 1.5  #: inches for what is compared
COLOURS = (0, 5)  #: blue and vermilion: far apart for everyone
ROW = 0.42  #: inches
OFFSET = 0.07  #: inches between the two means of a row, so that intervals do not cover each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One matter and how far the two populations are apart."""

    label: str
    difference: MeanDifference  #: first minus second population


def gap_dumbbells(
    gaps: Sequence[Gap],
    *,
    first: str,
    second: str,
    labels: Labels,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """A row for each matter: both means with intervals, the line between them, the difference in figures.

    The largest difference in favour of the first population stands on top; what cannot be compared, last.

    Parameters
    ----------
    gaps : sequence of Gap
    first, second : str
        Names of the two populations.
    """
    if not gaps:
        raise ValueError("the figure needs at least one gap")
    rows = sorted(
        gaps, key=lambda gap: (gap.difference.difference is None, -(gap.difference.difference or 0.0))
    )
    level = level_of(labels, (gap.difference.difference_interval for gap in rows))
    with theme.applied():
        figure = theme.figure(ROW * len(rows) + 1.1)
        axes = figure.add_subplot()
        for row, gap in enumerate(rows):
            _dumbbell(axes, row * ROW, gap.difference, labels, theme)
        axes.set_ylim((len(rows) - 0.4) * ROW, -0.6 * ROW)
        axes.set_yticks(
            [row * ROW for row in range(len(rows))],
            [wrapped(gap.label, NAME_WIDTH, theme.size) for gap in rows],
        )
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.margins(x=0.06)
        axes.set_xlabel(labels.say(WORDS["mean"]).format(level=level))
        axes.annotate(
            labels.say(WORDS["difference"]).format(level=level),
            (1.0, 1.0),
            (10, 3),
            "axes fraction",
            "offset points",
        ).set(fontsize=theme.small, va="bottom", linespacing=LINES)
        _legend(figure, (first, second), theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _dumbbell(axes: Axes, place: float, found: MeanDifference, labels: Labels, theme: Theme) -> None:
    if found.mean_first is not None and found.mean_second is not None:
        ends = (found.mean_first, found.mean_second)
        axes.plot(ends, (place - OFFSET, place + OFFSET), color=theme.faint, linewidth=3, zorder=1)
    sides = ((found.mean_first, found.interval_first), (found.mean_second, found.interval_second))
    for i, (mean, interval) in enumerate(sides):
        _mean(axes, place + (OFFSET if i else -OFFSET), mean, interval, i, theme)
    text = labels.say(WORDS["none"])
    if found.difference is not None and found.difference_interval is not None:
        numbers = Numbers(language=labels.language)
        text = f"{numbers.number(found.difference)} {numbers.interval(found.difference_interval)}"
    axes.annotate(text, (1.0, place), (10, 0), ("axes fraction", "data"), "offset points").set(
        va="center_baseline", color=theme.muted if found.difference is None else theme.ink
    )


def _mean(
    axes: Axes, place: float, mean: float | None, interval: Interval | None, i: int, theme: Theme
) -> None:
    if interval is not None:
        axes.hlines(place, interval.low, interval.high, color=theme.category(COLOURS[i]), linewidth=1.2)
    if mean is not None:
        axes.plot(
            mean, place, theme.marker(i), color=theme.category(COLOURS[i]), markersize=4.5, linestyle="none"
        )


def _legend(figure: Figure, names: tuple[str, str], theme: Theme) -> None:
    from matplotlib.lines import Line2D

    room = theme.width / 2 - 0.6
    handles = [
        Line2D(
            [],
            [],
            color=theme.category(COLOURS[i]),
            marker=theme.marker(i),
            markersize=4.5,
            label=wrapped(name, room, theme.size) if text_width(name, theme.size) > room else name,
        )
        for i, name in enumerate(names)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2, borderpad=0.1)
