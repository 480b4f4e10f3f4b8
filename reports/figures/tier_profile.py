"""Means of several constructs, tier by tier."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.groups import GroupComparison
from reports.figures.naming import group_name, level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.theme import DEFAULT, Theme

WORDS = {
    "mean": {
        "en": "Mean, with {level} confidence interval",
        "zh": "均值及{level}置信区间",
    },
}
NAME_WIDTH = 1.7  #: inches for a construct's name
STEP = 0.105  #: inches between two tiers of one construct


def tier_profile(
    comparisons: Sequence[GroupComparison],
    *,
    labels: Labels,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """A row for each construct, in the order given, and in it a mean with interval for each tier.

    A tier is told by colour, by marker and by its place in the row (the first tier on top).
    """
    if not comparisons:
        raise ValueError("a profile needs at least one comparison of groups")
    groups = [summary.group for summary in comparisons[0].groups]
    height = STEP * len(groups) + 0.1
    with theme.applied():
        figure = theme.figure(height * len(comparisons) + 0.95)
        axes = figure.add_subplot()
        for row, comparison in enumerate(comparisons):
            if row % 2 == 0:
                axes.axhspan(row * height, (row + 1) * height, color=theme.faint, alpha=0.35, linewidth=0)
            _row(axes, comparison, row * height, theme)
        axes.set_ylim(len(comparisons) * height, 0)
        axes.set_yticks(
            [(row + 0.5) * height for row in range(len(comparisons))],
            [wrapped(labels.name(c.variable), NAME_WIDTH, theme.size) for c in comparisons],
        )
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.margins(x=0.03)
        level = level_of(labels, (s.interval for c in comparisons for s in c.groups))
        axes.set_xlabel(labels.say(WORDS["mean"]).format(level=level))
        _legend(figure, comparisons[0], labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _row(axes: Axes, comparison: GroupComparison, top: float, theme: Theme) -> None:
    for i, summary in enumerate(comparison.groups):
        if summary.mean is None:
            continue
        place = top + 0.05 + STEP * (i + 0.5)
        colour = theme.category(i)
        if summary.interval is not None:
            axes.hlines(place, summary.interval.low, summary.interval.high, color=colour, linewidth=1.2)
        axes.plot(summary.mean, place, theme.marker(i), color=colour, markersize=4, linestyle="none")


def _legend(figure: Figure, comparison: GroupComparison, labels: Labels, theme: Theme) -> None:
    from matplotlib.lines import Line2D

    names = [group_name(labels, comparison.grouping, summary.group) for summary in comparison.groups]
    columns = len(names)
    while columns > 1 and columns * (max(text_width(n, theme.size) for n in names) + 0.5) > theme.width:
        columns -= 1
    handles = [
        Line2D(
            [], [], color=theme.category(i), marker=theme.marker(i), markersize=4, linewidth=1.2, label=name
        )
        for i, name in enumerate(names)
    ]
    figure.legend(
        handles=handles, loc="outside upper center", ncols=columns, borderpad=0.1, columnspacing=1.6
    )
