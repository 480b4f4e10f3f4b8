"""What matters most for an outcome, and how well it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.drivers import Driver, KeyDrivers
from reports.figures.naming import level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import POINTS_PER_INCH, text_width, wrapped
from reports.labels import Labels
from reports.theme import DEFAULT, Theme

WORDS = {
    "importance": {
        "en": "Importance for {outcome}: share of its variance (LMG, %), with {level} confidence interval",
        "zh": "对{outcome}的重要性：解释方差的百分比（LMG，%）及{level}置信区间",
    },
    "performance": {"en": "Performance\n(mean, 0–100)", "zh": "表现\n（均值，0–100）"},
    "keep": {"en": "keep up", "zh": "保持优势"},
    "improve": {"en": "improve first", "zh": "优先改进"},
    "low": {"en": "low priority", "zh": "次要改进"},
    "spare": {"en": "little to gain", "zh": "维持即可"},
}
NAME_WIDTH = 1.15  #: inches for a driver's name
HEIGHT = 4.2
LINE = 1.45  #: of the size of letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Area in common with another rectangle."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width * height if width > 0 and height > 0 else 0.0


def importance_performance(
    drivers: KeyDrivers, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """A point for each driver over four fields that meet at the drivers' means.

    Raises
    ------
    ValueError
        If the drivers could not be estimated, or one has no performance because its scale is unknown.
    """
    found = [driver for driver in drivers.drivers if driver.performance is not None]
    if not found or len(found) < len(drivers.drivers):
        why = drivers.reason or "a driver has no bounds, so its performance is unknown"
        raise ValueError(f"no map of importance and performance for {drivers.outcome}: {why}")
    with theme.applied():
        figure = theme.figure(HEIGHT)
        axes = figure.add_subplot()
        for driver in found:
            _point(axes, driver, theme)
        _limits(axes, found)
        _fields(axes, found, labels, theme)
        level = level_of(labels, (driver.lmg_interval for driver in found))
        outcome = labels.name(drivers.outcome)
        text = labels.say(WORDS["importance"]).format(outcome=outcome, level=level)
        axes.set_xlabel(wrapped(text, theme.width - 1.2, theme.size))
        axes.set_title(labels.say(WORDS["performance"]), loc="left", x=-0.02, pad=8, linespacing=1.25)
        if synthetic:
            mark_synthetic(figure, labels, theme)
        figure.draw_without_rendering()  # places of names are chosen on the finished layout
        _names(axes, found, POINTS_PER_INCH / figure.dpi, labels, theme)
    return figure


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    obstacles: Sequence[Box],
    frame: Box,
    *,
    distance: float = 7.0,
) -> list[Box]:
    """A place beside each point for its label: one that covers least of what is there already.

    Points in the densest neighbourhood choose first. All lengths in points.

    Examples
    --------
    >>> frame = Box(left=0, bottom=0, right=200, top=200)
    >>> boxes = place_labels([(100, 100), (104, 100)], [(40, 10), (40, 10)], [], frame)
    >>> boxes[0].overlap(boxes[1])
    0.0
    """
    taken = [*obstacles, *(Box(left=x - 4, bottom=y - 4, right=x + 4, top=y + 4) for x, y in points)]
    crowd = [sum(abs(x - u) + abs(y - v) < 90 for u, v in points) for x, y in points]
    chosen: dict[int, Box] = {}
    for i in sorted(range(len(points)), key=lambda i: -crowd[i]):
        best = min(
            enumerate(_candidates(points[i], sizes[i], distance)),
            key=lambda place: (round(_cost(place[1], taken, frame), 1), place[0]),
        )[1]
        chosen[i] = best
        taken.append(best)
    return [chosen[i] for i in range(len(points))]


def _candidates(point: tuple[float, float], size: tuple[float, float], distance: float) -> list[Box]:
    """Above and below first, as the intervals lie left and right; then farther away."""
    (x, y), (width, height) = point, size
    places = []
    for gap in (distance, 2 * distance, 3.2 * distance):
        for up in (gap, -gap - height):
            places += [(x - width / 2, y + up), (x + 2, y + up), (x - width - 2, y + up)]
        places += [(x + gap, y - height / 2), (x - gap - width, y - height / 2)]
    return [Box(left=u, bottom=v, right=u + width, top=v + height) for u, v in places]


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    area = (box.right - box.left) * (box.top - box.bottom)
    outside = area - box.overlap(frame)
    return sum(box.overlap(other) for other in taken) + 4 * outside


def _point(axes: Axes, driver: Driver, theme: Theme) -> None:
    interval = driver.lmg_interval
    axes.hlines(
        [driver.performance or 0.0],
        100 * interval.low,
        100 * interval.high,
        color=theme.category(4),
        linewidth=1.2,
        zorder=1,
    )
    axes.plot(100 * driver.lmg, driver.performance or 0.0, "o", color=theme.category(0), markersize=5.5)


def _limits(axes: Axes, drivers: Sequence[Driver]) -> None:
    performance = [driver.performance or 0.0 for driver in drivers]
    high = max(100 * driver.lmg_interval.high for driver in drivers)
    room = max(0.25 * (max(performance) - min(performance)), 4.0)
    axes.set_xlim(0, 1.06 * high)
    axes.set_ylim(max(0.0, min(performance) - room), min(100.0, max(performance) + room))


def _fields(axes: Axes, drivers: Sequence[Driver], labels: Labels, theme: Theme) -> None:
    """Lines at the drivers' means, and a word in each corner."""
    x = sum(100 * driver.lmg for driver in drivers) / len(drivers)
    y = sum(driver.performance or 0.0 for driver in drivers) / len(drivers)
    axes.axvline(x, color=theme.muted, linewidth=theme.line, linestyle=(0, (4, 3)), zorder=0)
    axes.axhline(y, color=theme.muted, linewidth=theme.line, linestyle=(0, (4, 3)), zorder=0)
    for word, corner in (("keep", (1, 1)), ("improve", (1, 0)), ("low", (0, 0)), ("spare", (0, 1))):
        axes.annotate(
            labels.say(WORDS[word]),
            corner,
            (-3 if corner[0] else 4, -3 if corner[1] else 4),
            "axes fraction",
            "offset points",
            ha="right" if corner[0] else "left",
            va="top" if corner[1] else "bottom",
            color=theme.muted,
            fontsize=theme.small,
        )


def _names(axes: Axes, drivers: Sequence[Driver], unit: float, labels: Labels, theme: Theme) -> None:
    """``unit``: points to a pixel."""
    names = [wrapped(labels.name(driver.name), NAME_WIDTH, theme.size) for driver in drivers]
    points = [_in_points(axes, 100 * driver.lmg, driver.performance or 0.0, unit) for driver in drivers]
    sizes = [
        (text_width(n, theme.size) * POINTS_PER_INCH, (n.count("\n") + 1) * LINE * theme.size) for n in names
    ]
    corner = axes.bbox
    frame = Box(left=corner.x0 * unit, bottom=corner.y0 * unit, right=corner.x1 * unit, top=corner.y1 * unit)
    boxes = place_labels(points, sizes, [*_bars(axes, drivers, unit), *_words(axes, unit)], frame)
    for driver, name, point, box in zip(drivers, names, points, boxes, strict=True):
        middle = ((box.left + box.right) / 2, (box.bottom + box.top) / 2)
        away = max(abs(middle[1] - point[1]) - (box.top - box.bottom) / 2, 0.0)
        axes.annotate(
            name,
            (100 * driver.lmg, driver.performance or 0.0),
            (middle[0] - point[0], middle[1] - point[1]),
            textcoords="offset points",
            ha="center",
            va="center",
            linespacing=1.2,
            arrowprops={"arrowstyle": "-", "color": theme.muted, "linewidth": theme.line, "shrinkB": 3}
            if away > 10
            else None,
        )


def _in_points(axes: Axes, x: float, y: float, unit: float) -> tuple[float, float]:
    right, up = axes.transData.transform((x, y))
    return float(right) * unit, float(up) * unit


def _bars(axes: Axes, drivers: Sequence[Driver], unit: float) -> list[Box]:
    """The intervals, which a name should not cover."""
    boxes = []
    for driver in drivers:
        left, y = _in_points(axes, 100 * driver.lmg_interval.low, driver.performance or 0.0, unit)
        right, _ = _in_points(axes, 100 * driver.lmg_interval.high, driver.performance or 0.0, unit)
        boxes.append(Box(left=left, bottom=y - 1.5, right=right, top=y + 1.5))
    return boxes


def _words(axes: Axes, unit: float) -> list[Box]:
    """The words in the corners."""
    found = (text.get_window_extent() for text in axes.texts)
    return [Box(left=b.x0 * unit, bottom=b.y0 * unit, right=b.x1 * unit, top=b.y1 * unit) for b in found]
