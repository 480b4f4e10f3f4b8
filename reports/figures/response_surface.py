"""What two views of one matter do to an outcome together: contours over both views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.response_surface import ResponseSurface
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

Array = npt.NDArray[np.float64]

WORDS = {
    "title": {"en": "{outcome}, as the surface has it", "zh": "曲面所示的{outcome}"},
    "along": {"en": "Congruence: both views alike", "zh": "一致线：两种看法相同"},
    "across": {"en": "Incongruence: views apart", "zh": "不一致线：两种看法不一致"},
    "slope": {"en": "slope", "zh": "斜率"},
    "curvature": {"en": "curvature", "zh": "曲率"},
    "maximum": {"en": "highest point", "zh": "最高点"},
    "minimum": {"en": "lowest point", "zh": "最低点"},
    "saddle": {"en": "saddle point", "zh": "鞍点"},
    "outside": {"en": "The {kind} lies outside the scale.", "zh": "{kind}位于量表之外。"},
    "saddle_outside": {
        "en": "The saddle point (up one way, down the other) lies outside the scale.",
        "zh": "鞍点（曲面在此沿一个方向上升、沿另一方向下降）位于量表之外。",
    },
    "answers": {
        "en": "Circles: the larger, the more answers. Points with fewer than {minimum} are not drawn.",
        "zh": "圆圈表示答卷：圆圈越大，人数越多；不足{minimum}人的点未绘出。",
    },
    "errors": {"en": "[{level} interval]; n = {n}", "zh": "[{level}置信区间]；n = {n}"},
}
HEIGHT = 3.7
DASHES: Mapping[str, Any] = {"along": "-", "across": (0, (4, 2))}
GRID = 81  #: points along a side
PANEL = 2.45  #: inches for the numbers beside the surface


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Numbers of the surface by their names in the literature."""

    heading: str
    slope: str
    curvature: str


SHAPES = (
    _Shape(heading="along", slope="a1", curvature="a2"),
    _Shape(heading="across", slope="a3", curvature="a4"),
)


def response_surface_contours(
    found: ResponseSurface,
    *,
    limits: tuple[float, float],
    labels: Labels,
    answers: pd.DataFrame | None = None,
    minimum_cell: int = 5,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """Contours of the outcome with the lines of congruence and incongruence, and the four numbers beside.

    Parameters
    ----------
    found : ResponseSurface
    limits : tuple
        Lowest and highest point of the scale of both views.
    answers : DataFrame, shape (n_respondents, 2), optional
        Both views, drawn as circles on the points of the scale; points with fewer than ``minimum_cell``
        respondents have none. A surface means little where there are no circles.

    Raises
    ------
    ValueError
        If there is no surface.
    """
    if found.equation is None:
        raise ValueError(f"no surface of {found.outcome}: {found.reason}")
    with theme.applied():
        figure = theme.figure(HEIGHT)
        axes, side = figure.subplots(1, 2, width_ratios=[theme.width - PANEL - 0.3, PANEL])
        _contours(axes, found, limits, labels, theme)
        _lines(axes, found, limits, theme)
        if answers is not None:
            _circles(axes, answers, limits, minimum_cell, theme)
        outside = _stationary(axes, found, limits, labels, theme)
        for setter, name in ((axes.set_xlabel, found.first), (axes.set_ylabel, found.second)):
            setter(wrapped(labels.name(name), 3.0, theme.size))
        axes.set_xlim(*limits)
        axes.set_ylim(*limits)
        axes.set_aspect("equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(10, integer=True))
        title = labels.say(WORDS["title"]).format(outcome=labels.name(found.outcome))
        axes.set_title(wrapped(title, 3.6, theme.size), loc="left")
        side.set_axis_off()
        notes = [] if outside is None else [outside]
        if answers is not None:
            notes.append(labels.say(WORDS["answers"]).format(minimum=minimum_cell))
        _numbers(side, found, notes, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def surface_at(found: ResponseSurface, first: Array, second: Array) -> Array:
    """Height of the surface at answers on the scale.

    >>> from analysis.response_surface import response_surface
    >>> rng = np.random.default_rng(1)
    >>> x, y = (pd.Series(rng.integers(1, 6, 200).astype(float), name=name) for name in "xy")
    >>> found = response_surface(x, y, (x - y).rename("z") + 0.01 * rng.normal(size=200), center=3)
    >>> surface_at(found, np.array([5.0]), np.array([2.0])).round(1).tolist()
    [3.0]
    """
    if found.equation is None:
        raise ValueError(f"no surface of {found.outcome}: {found.reason}")
    x, y = first - found.center, second - found.center
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    return np.asarray(np.tensordot(found.equation.estimates, terms, axes=1))


def _contours(
    axes: Axes, found: ResponseSurface, limits: tuple[float, float], labels: Labels, theme: Theme
) -> None:
    line = np.linspace(*limits, GRID)
    x, y = np.meshgrid(line, line)
    z = surface_at(found, x, y)
    shades = LinearSegmentedColormap.from_list("height", ("#ffffff", theme.agree[0], theme.agree[1]))
    levels = MaxNLocator(8).tick_values(float(z.min()), float(z.max()))
    axes.contourf(x, y, z, levels=levels, cmap=shades)
    drawn = axes.contour(x, y, z, levels=levels, colors=theme.muted, linewidths=theme.line, linestyles="-")
    numbers = Numbers(language=labels.language)
    digits = 1 if float(levels[1] - levels[0]) >= 0.1 else 2
    marked = axes.clabel(drawn, fmt=lambda value: numbers.number(float(value), digits), fontsize=theme.small)
    for text in marked:
        text.set_zorder(5)
        text.set_bbox({"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.7, "pad": 0.3})


def _lines(axes: Axes, found: ResponseSurface, limits: tuple[float, float], theme: Theme) -> None:
    low, high = limits
    middle = found.center
    ends = {
        "along": ([low, high], [low, high]),
        "across": ([2 * middle - high, 2 * middle - low], [high, low]),
    }
    for name, (across, up) in ends.items():
        axes.plot(across, up, color=theme.ink, linewidth=1.2, linestyle=DASHES[name])


def _circles(
    axes: Axes, answers: pd.DataFrame, limits: tuple[float, float], minimum: int, theme: Theme
) -> None:
    rounded = answers.dropna().round()
    counts = rounded.value_counts()
    shown = counts[counts >= max(minimum, 1)]
    if shown.empty:
        return
    low, high = limits
    room = 0.012 * (high - low)  # circles at the edge are drawn whole
    places = np.clip(np.array(shown.index.tolist(), dtype=float), low + room, high - room)
    for place, count in zip(places, shown.to_numpy(dtype=float), strict=True):
        axes.plot(
            place[0],
            place[1],
            "o",
            markersize=2 + 6 * float(np.sqrt(count / float(shown.max()))),
            markerfacecolor="none",
            markeredgecolor=theme.ink,
            markeredgewidth=0.8,
            alpha=0.75,
            clip_on=False,
        )


def _stationary(
    axes: Axes, found: ResponseSurface, limits: tuple[float, float], labels: Labels, theme: Theme
) -> str | None:
    """Mark the stationary point where it lies on the scale; say so where it does not."""
    if found.curvature is None:
        return None
    try:
        x, y = (found.of(f"stationary_{side}").estimate + found.center for side in ("first", "second"))
    except KeyError:
        return None
    kind = labels.say(WORDS[found.curvature])
    if not (limits[0] <= x <= limits[1] and limits[0] <= y <= limits[1]):
        word = "saddle_outside" if found.curvature == "saddle" else "outside"
        return labels.say(WORDS[word]).format(kind=kind)
    axes.plot(x, y, "X", color=theme.category(5), markersize=8, markeredgecolor=theme.paper)
    right = x > (limits[0] + limits[1]) / 2
    axes.annotate(kind, (x, y), (-7 if right else 7, 0), textcoords="offset points").set(
        ha="right" if right else "left",
        va="center",
        fontsize=theme.small,
        bbox={"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.8, "pad": 0.8},
    )
    return None


def _numbers(side: Axes, found: ResponseSurface, notes: list[str], labels: Labels, theme: Theme) -> None:
    numbers = Numbers(language=labels.language)
    step = 0.075
    top = 1.0
    for shape in SHAPES:
        side.plot(
            [0.0, 0.1],
            [top - 0.03] * 2,
            color=theme.ink,
            linewidth=1.2,
            linestyle=DASHES[shape.heading],
            transform=side.transAxes,
        )
        _line(side, 0.13, top, labels.say(WORDS[shape.heading]), theme.size)
        for word, name in (("slope", shape.slope), ("curvature", shape.curvature)):
            top -= step
            one = found.of(name)
            text = f"{labels.say(WORDS[word])} {name} = {numbers.number(one.estimate)}"
            _line(side, 0.13, top, f"{text} {numbers.interval(one.interval)}", theme.small)
        top -= 1.5 * step
    level = numbers.level(found.of("a1").interval)
    notes = [labels.say(WORDS["errors"]).format(level=level, n=numbers.count(found.n)), *notes]
    for note in notes:
        text = wrapped(note, PANEL - 0.1, theme.small)
        _line(side, 0.0, top, text, theme.small)
        top -= step * (1.2 + text.count("\n"))


def _line(side: Axes, left: float, top: float, text: str, size: float) -> None:
    side.annotate(text, (left, top), xycoords="axes fraction").set(va="top", fontsize=size, linespacing=1.25)
