"""The factor model of a questionnaire: constructs, their items, and how strongly each item loads."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch

from analysis.measurement import ItemLoading, Measurement
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "key": {
        "en": "Standardised loadings; the stronger, the thicker. Dashed: below .50. Constructs correlate.",
        "zh": "标准化载荷，线条越粗载荷越大；虚线表示低于0.50。构念之间允许相关。",
    },
}
COLUMNS = 2
ITEM = 0.205  #: inches from one item to the next, as all lengths here
GAP = 0.22  #: between two constructs
ELLIPSE = (1.2, 0.44)
BOX = (0.56, 0.165)
WEAK = 0.5  #: loadings below are dashed


def factor_model(
    measurement: Measurement, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """Ellipses with arrows to boxes, one for each construct, in columns.

    Raises
    ------
    ValueError
        If there are no loadings to draw.
    """
    groups = [
        own
        for name in measurement.constructs
        if (own := [loading for loading in measurement.loadings if loading.construct == name])
    ]
    if not groups:
        raise ValueError(f"no loadings: {measurement.model.reason}")
    columns = _columns(groups)
    height = max(sum(_height(group) for group in column) for column in columns)
    with theme.applied():
        figure = theme.figure(height + 0.45 + (0.2 if synthetic else 0.0))
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, theme.width - 0.1)
        axes.set_ylim(-0.35, height)
        wide = (theme.width - 0.1) / COLUMNS
        for place, column in enumerate(columns):
            top = height
            for group in column:
                _draw(axes, group, place * wide, top, wide, labels, theme)
                top -= _height(group)
        axes.text(
            0.02,
            -0.12,
            wrapped(labels.say(WORDS["key"]), theme.width - 0.3, theme.small),
            ha="left",
            va="top",
            fontsize=theme.small,
            color=theme.muted,
        )
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _height(group: Sequence[ItemLoading]) -> float:
    return max(len(group) * ITEM, ELLIPSE[1]) + GAP


def _columns(groups: Sequence[Sequence[ItemLoading]]) -> list[list[Sequence[ItemLoading]]]:
    """In reading order down the columns, about equally high."""
    share = sum(map(_height, groups)) / COLUMNS
    columns: list[list[Sequence[ItemLoading]]] = [[]]
    filled = 0.0
    for group in groups:
        if columns[-1] and filled + _height(group) / 2 > share and len(columns) < COLUMNS:
            columns.append([])
            filled = 0.0
        columns[-1].append(group)
        filled += _height(group)
    return columns


def _draw(
    axes: Axes,
    group: Sequence[ItemLoading],
    left: float,
    top: float,
    wide: float,
    labels: Labels,
    theme: Theme,
) -> None:
    height = _height(group) - GAP
    middle = top - GAP / 2 - height / 2
    ellipse = Ellipse(
        (left + 0.04 + ELLIPSE[0] / 2, middle),
        *ELLIPSE,
        facecolor=theme.paper,
        edgecolor=theme.ink,
        linewidth=1.0,
        zorder=3,
    )
    axes.add_patch(ellipse)
    axes.text(
        left + 0.04 + ELLIPSE[0] / 2,
        middle,
        wrapped(labels.name(group[0].construct), ELLIPSE[0] - 0.2, theme.small),
        ha="center",
        va="center",
        fontsize=theme.small,
        linespacing=1.1,
        zorder=4,
    )
    numbers = Numbers(language=labels.language)
    start = left + 0.04 + ELLIPSE[0]
    box_left = left + wide - BOX[0] - 0.1
    for position, loading in enumerate(group):
        y = middle + ((len(group) - 1) / 2 - position) * ITEM
        axes.add_patch(
            FancyArrowPatch(
                (start, middle),
                (box_left, y),
                arrowstyle="-|>",
                mutation_scale=6,
                shrinkA=0,
                shrinkB=0,
                linewidth=0.4 + 1.4 * min(abs(loading.estimate), 1.0),
                linestyle="-" if abs(loading.estimate) >= WEAK else (0, (4, 2.5)),
                color=theme.category(0 if loading.estimate >= 0 else 5),
                zorder=2,
            )
        )
        axes.text(
            start + 0.68 * (box_left - start),
            middle + 0.68 * (y - middle),
            numbers.bounded(loading.estimate),
            ha="center",
            va="center",
            fontsize=theme.small - 0.5,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.6},
            zorder=2.5,
        )
        axes.add_patch(
            FancyBboxPatch(
                (box_left, y - BOX[1] / 2),
                *BOX,
                boxstyle="square,pad=0",
                facecolor=theme.paper,
                edgecolor=theme.ink,
                linewidth=0.7,
                zorder=3,
            )
        )
        axes.text(
            box_left + BOX[0] / 2,
            y,
            loading.item,
            ha="center",
            va="center",
            fontsize=theme.small - 0.5,
            zorder=4,
        )
