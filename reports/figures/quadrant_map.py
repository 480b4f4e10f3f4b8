"""Importance and performance of drivers, a map for each tier, with how sure every quadrant is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.importance_performance import ImportancePerformance, MapPoint, TierMap
from reports.figures.importance_performance import WORDS as FIELDS
from reports.figures.importance_performance import Box, place_labels
from reports.figures.naming import group_name, level_of, respondents
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import POINTS_PER_INCH, text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "importance": {
        "en": "Importance for {outcome}: share of its variance (%)",
        "zh": "对{outcome}的重要性：解释方差的百分比（%）",
    },
    "performance": {"en": "Performance (mean, 0–100)", "zh": "表现（均值，0–100）"},
    "cross": {"en": "{level} interval", "zh": "{level}置信区间"},
    "sure": {
        "en": "same field in {share} of resamples or more",
        "zh": "括号内为重抽样中落入该区域的比例；实心：≥{share}",
    },
    "unsure": {"en": "in fewer (share in brackets)", "zh": "空心：<{share}"},
    "too_few": {"en": "too few answers for a map", "zh": "答卷过少，不作图"},
    "constant": {"en": "no map: some answers do not vary", "zh": "不作图：部分回答无差异"},
    "other": {"en": "no map: importance cannot be divided", "zh": "不作图：重要性无法分解"},
}
SURE = 0.95  #: share of resamples from which on a point is filled
PANEL = 2.05  #: inches high
CORNERS = {"keep": (1, 1), "improve": (1, 0), "low": (0, 0), "spare": (0, 1)}


def quadrant_map(
    found: ImportancePerformance,
    *,
    labels: Labels,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
    minimum_cell: int = 0,
) -> Figure:
    """A panel for everybody and one for each tier, on the same axes.

    Drivers carry numbers, which the key below names; the share of resamples in which a driver lies in its
    quadrant stands in brackets, and points below 95 % are hollow. A tier without a map, or with fewer
    respondents than ``minimum_cell``, has an empty panel that says why; its n is not shown then.

    Raises
    ------
    ValueError
        If no tier has a map.
    """
    shown = [one for one in found.maps if one.points and one.n >= minimum_cell]
    if not shown:
        reasons = "; ".join(dict.fromkeys(one.reason for one in found.maps if one.reason))
        raise ValueError(f"no map of importance and performance for {found.outcome}: {reasons}")
    panels = len(found.maps)
    columns = min(panels, 3 if panels > 4 else 2)
    rows = ceil(panels / columns)
    with theme.applied():
        figure = theme.figure(PANEL * rows * (1.4 if panels == 1 else 1.0) + 1.1)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel().tolist()
        for axes, one in zip(grid, found.maps, strict=False):
            axes.set_title(_title(found, one, labels, one in shown), loc="left", fontsize=theme.size)
            if one in shown:
                _panel(axes, one, labels, theme)
            else:
                _empty(axes, one, labels, theme)
        for axes in grid[panels:]:
            axes.set_visible(False)
        if panels % columns:
            for above in range(panels - columns, (rows - 1) * columns):
                grid[above].tick_params(labelbottom=True)
        _limits(grid[0], shown)
        outcome = labels.name(found.outcome)
        figure.supylabel(labels.say(WORDS["performance"]), fontsize=theme.size)
        _keys(figure, shown, labels, theme, labels.say(WORDS["importance"]).format(outcome=outcome))
        if synthetic:
            mark_synthetic(figure, labels, theme)
        figure.draw_without_rendering()  # places of labels are chosen on the finished layout
        for axes, one in zip(grid, found.maps, strict=False):
            if one in shown:
                _names(axes, one.points, labels, theme)
    return figure


def _title(found: ImportancePerformance, one: TierMap, labels: Labels, shown: bool) -> str:
    name = group_name(labels, found.tier, one.tier)
    return f"{name}  ({respondents(labels, one.n)})" if shown else name


def _panel(axes: Axes, one: TierMap, labels: Labels, theme: Theme) -> None:
    for line, place in (
        (axes.axvline, 100 * (one.cut_importance or 0.0)),
        (axes.axhline, one.cut_performance),
    ):
        line(place or 0.0, color=theme.muted, linewidth=theme.line, linestyle=(0, (4, 3)), zorder=0)
    for point in one.points:
        across, up = point.importance_interval, point.performance_interval
        x, y, blue = 100 * point.importance, point.performance, theme.category(4)
        axes.hlines(y, 100 * across.low, 100 * across.high, color=blue, linewidth=1.1, zorder=1)
        axes.vlines(x, up.low, up.high, color=blue, linewidth=1.1, zorder=1)
        axes.plot(
            x,
            y,
            "o",
            markersize=5,
            markeredgecolor=theme.category(0),
            markeredgewidth=1.1,
            markerfacecolor=theme.category(0) if point.probability >= SURE else theme.paper,
        )
    for word, corner in CORNERS.items():
        axes.annotate(
            labels.say(FIELDS[word]),
            corner,
            (-3 if corner[0] else 4, -3 if corner[1] else 4),
            "axes fraction",
            "offset points",
            ha="right" if corner[0] else "left",
            va="top" if corner[1] else "bottom",
            color=theme.muted,
            fontsize=theme.small,
        ).set_bbox(_blank(theme))


def _blank(theme: Theme) -> dict[str, object]:
    """Words stand on paper, so that no line crosses them."""
    return {"facecolor": theme.paper, "edgecolor": "none", "pad": 0.4}


def _empty(axes: Axes, one: TierMap, labels: Labels, theme: Theme) -> None:
    word = "too_few" if one.points else one.state
    text = labels.say(WORDS[word if word in WORDS else "other"])
    axes.annotate(text, (0.5, 0.5), xycoords="axes fraction").set(
        ha="center", va="center", color=theme.muted, fontsize=theme.small
    )


def _limits(axes: Axes, shown: Sequence[TierMap]) -> None:
    points = [point for one in shown for point in one.points]
    lows = [point.performance_interval.low for point in points]
    highs = [point.performance_interval.high for point in points]
    room = max(0.16 * (max(highs) - min(lows)), 5.0)  # for the words in the corners
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(0, 1.08 * max(100 * point.importance_interval.high for point in points))
    axes.set_ylim(max(0.0, min(lows) - room), min(100.0, max(highs) + room))


def _keys(figure: Figure, shown: Sequence[TierMap], labels: Labels, theme: Theme, title: str) -> None:
    """Marks above the panels; below them the axis' title and what the numbers stand for."""
    from matplotlib.lines import Line2D

    level = level_of(labels, (point.importance_interval for one in shown for point in one.points))
    share = Numbers(language=labels.language).percent(SURE, 0)
    blue = theme.category(0)
    points = [
        Line2D([], [], linestyle="none", marker="o", markersize=5, color=blue, markerfacecolor=face)
        for face in (blue, theme.paper)
    ]
    handles = [*points, Line2D([], [], color=theme.category(4), linewidth=1.1)]
    words = [labels.say(WORDS[word]).format(share=share, level=level) for word in ("sure", "unsure", "cross")]
    figure.legend(handles, words, loc="outside upper left", ncols=3, borderpad=0.1, columnspacing=1.4)
    names = [f"{i}  {labels.name(point.driver)}" for i, point in enumerate(shown[0].points, 1)]
    columns = len(names)
    while columns > 1 and columns * (max(text_width(n, theme.size) for n in names) + 0.25) > theme.width:
        columns -= 1
    names = [wrapped(name, theme.width / columns - 0.3, theme.size) for name in names]
    figure.legend(
        [Line2D([], [], linestyle="none") for _ in names],
        names,
        loc="outside lower center",
        ncols=columns,
        handlelength=0,
        handletextpad=0,
        borderpad=0.1,
        title=title,
        title_fontsize=theme.size,
    )


def _names(axes: Axes, points: Sequence[MapPoint], labels: Labels, theme: Theme) -> None:
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    unit = POINTS_PER_INCH / figure.dpi
    numbers = Numbers(language=labels.language)
    texts = [f"{i} ({numbers.percent(point.probability, 0)})" for i, point in enumerate(points, 1)]
    places = [axes.transData.transform((100 * p.importance, p.performance)) * unit for p in points]
    at = [(float(x), float(y)) for x, y in places]
    sizes = [(text_width(text, theme.small) * POINTS_PER_INCH, 1.25 * theme.small) for text in texts]
    frame = _box(axes.bbox, unit)
    obstacles = [_box(text.get_window_extent(), unit) for text in axes.texts]
    obstacles += [box for point in points for box in _bars(axes, point, unit)]
    for (x, y), box in zip(at, place_labels(at, sizes, obstacles, frame, distance=6.0), strict=True):
        i = at.index((x, y))
        middle = ((box.left + box.right) / 2, (box.bottom + box.top) / 2)
        away = max(abs(middle[1] - y) - (box.top - box.bottom) / 2, 0.0)
        axes.annotate(
            texts[i],
            (100 * points[i].importance, points[i].performance),
            (middle[0] - x, middle[1] - y),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=theme.small,
            arrowprops={"arrowstyle": "-", "color": theme.muted, "linewidth": theme.line, "shrinkB": 3}
            if away > 9
            else None,
        ).set_bbox(_blank(theme))
        at[i] = (float("nan"), float("nan"))  # two drivers may lie on one place


def _bars(axes: Axes, point: MapPoint, unit: float) -> Iterator[Box]:
    """The two intervals of a driver, which labels should not cover."""
    x, y = 100 * point.importance, point.performance
    across, up = point.importance_interval, point.performance_interval
    for low, high in (((100 * across.low, y), (100 * across.high, y)), ((x, up.low), (x, up.high))):
        (left, bottom), (right, top) = axes.transData.transform([low, high]) * unit
        # thin, so that a label rather crosses an interval than another label
        yield Box(left=left - 0.2, bottom=bottom - 0.2, right=right + 0.2, top=top + 0.2)


def _box(extent: object, unit: float) -> Box:
    x0, y0, x1, y1 = (float(getattr(extent, side)) * unit for side in ("x0", "y0", "x1", "y1"))
    return Box(left=x0, bottom=y0, right=x1, top=y1)
