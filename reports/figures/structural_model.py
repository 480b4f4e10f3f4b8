"""The path diagram of a structural model: constructs, their items, and the arrows between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyArrowPatch, FancyBboxPatch, Patch

from analysis.latent_effects import LatentEffect, LatentPath
from reports.figures.naming import level_of
from reports.figures.path_arrow import path_arrow
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import ABSENT, Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "key": {
        "en": (
            "Standardised coefficients with {level} intervals; ellipses: constructs, boxes: items with their "
            "loadings. Dashed: the interval holds zero."
        ),
        "zh": "标准化系数及{level}置信区间；椭圆为构念，方框为题项及其载荷；虚线表示区间包含零。",
    },
    "fit": {
        "en": "n = {n}; CFI {cfi}, RMSEA {rmsea}, SRMR {srmr}",
        "zh": "n = {n}；CFI {cfi}，RMSEA {rmsea}，SRMR {srmr}",
    },
}
HEIGHT = 0.62  #: of an ellipse, in inches, as all lengths here
ITEM = (0.46, 0.2)  #: width and height of an item's box
STEP = 0.27  #: from item to item in a column
REACH = 0.52  #: from the edge of an ellipse to its items
GAP = 0.3  #: between two constructs at one side


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One construct on the page."""

    x: float
    y: float
    width: float
    text: str
    side: str  #: where its items stand: ``left``, ``right`` or ``above``


def structural_model(
    effect: LatentEffect, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """Constructs from left to right as they depend on each other, each with its items and their loadings.

    The stronger an arrow, the thicker it is; one whose interval holds zero is dashed. Explained variances
    stand in the ellipses, the fit of the model below.

    Raises
    ------
    ValueError
        If the model could not be estimated, or has no arrows between constructs.
    """
    if effect.estimate is None or not effect.paths:
        raise ValueError(f"no structural model to be drawn: {effect.reason or 'it has no paths'}")
    items = {name: _items(effect, name) for arrow in effect.paths for name in (arrow.source, arrow.target)}
    nodes, top = _nodes(effect, items, labels, theme)
    with theme.applied():
        figure = theme.figure(top + 0.75 + (0.2 if synthetic else 0.0))
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, theme.width - 0.1)
        axes.set_ylim(-0.62, top)
        drawn = {name: _ellipse(axes, name, node, effect, labels, theme) for name, node in nodes.items()}
        for arrow in effect.paths:
            _arrow(axes, arrow, nodes, drawn, labels, theme)
        room = (theme.width - 0.1) / max(1, sum(node.side == "above" for node in nodes.values()))
        for name, node in nodes.items():
            _measured(axes, node, items[name], drawn[name], labels, theme, room)
        _foot(axes, effect, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _items(effect: LatentEffect, construct: str) -> list[LatentPath]:
    return [loading for loading in effect.loadings if loading.source == construct]


def _nodes(
    effect: LatentEffect, items: Mapping[str, list[LatentPath]], labels: Labels, theme: Theme
) -> tuple[dict[str, Node], float]:
    """Causes at the left, what depends on them at the right, what lies between in the middle above."""
    targets = dict.fromkeys(arrow.target for arrow in effect.paths)
    sources = dict.fromkeys(arrow.source for arrow in effect.paths)
    left = [name for name in items if name not in targets]
    right = [name for name in items if name not in sources]
    between = [name for name in items if name in targets and name in sources]
    texts = {name: wrapped(labels.name(name), 0.95, theme.size) for name in items}
    widths = {name: max(1.0, text_width(text, theme.size) + 0.34) for name, text in texts.items()}
    room = {name: max(HEIGHT, STEP * len(own)) + GAP for name, own in items.items()}
    tall = max(sum(room[name] for name in side) for side in (left, right))
    edge = REACH + ITEM[0] + 0.05
    nodes: dict[str, Node] = {}
    for side, names in (("left", left), ("right", right)):
        below = (tall - sum(room[name] for name in names)) / 2
        for name in reversed(names):
            far = edge + widths[name] / 2
            x = far if side == "left" else theme.width - 0.1 - far
            nodes[name] = Node(x=x, y=below + room[name] / 2, width=widths[name], text=texts[name], side=side)
            below += room[name]
    above = tall + (0.75 if between else 0.0)
    for i, name in enumerate(between):
        x = (theme.width - 0.1) * (i + 0.5) / len(between)
        nodes[name] = Node(x=x, y=above, width=widths[name], text=texts[name], side="above")
    top = above + HEIGHT / 2 + REACH + ITEM[1] if between else tall
    return nodes, top + 0.05


def _ellipse(axes: Axes, name: str, node: Node, effect: LatentEffect, labels: Labels, theme: Theme) -> Patch:
    patch = Ellipse(
        (node.x, node.y),
        node.width,
        HEIGHT,
        facecolor=theme.paper,
        edgecolor=theme.ink,
        linewidth=1.0,
        zorder=3,
    )
    axes.add_patch(patch)
    explained = effect.r_squared.get(name)
    text = node.text
    if explained is not None:
        text += f"\nR² {Numbers(language=labels.language).bounded(explained)}"
    axes.text(node.x, node.y, text, ha="center", va="center", linespacing=1.15, zorder=4)
    return patch


def _arrow(
    axes: Axes,
    arrow: LatentPath,
    nodes: Mapping[str, Node],
    drawn: Mapping[str, Patch],
    labels: Labels,
    theme: Theme,
) -> None:
    start, end = nodes[arrow.source], nodes[arrow.target]
    share = 0.5
    if sum(node.side == "above" for node in nodes.values()) > 1 and start.side != end.side:
        # arrows that pass over a construct cross in the middle: their labels keep away from it
        long = abs(end.x - start.x) > theme.width / 3
        share = 0.34 if long and end.side == "above" else 0.66 if long and start.side == "above" else 0.5
    path_arrow(
        axes,
        (start, end),
        (drawn[arrow.source], drawn[arrow.target]),
        arrow.estimate,
        arrow.interval,
        share=share,
        labels=labels,
        theme=theme,
    )


def _measured(
    axes: Axes,
    node: Node,
    items: list[LatentPath],
    ellipse: Patch,
    labels: Labels,
    theme: Theme,
    room: float,
) -> None:
    numbers = Numbers(language=labels.language)
    step = min(ITEM[0] + 0.14, room / max(len(items), 1))
    for i, loading in enumerate(items):
        offset = i - (len(items) - 1) / 2
        if node.side == "above":
            x, y = node.x + offset * step, node.y + HEIGHT / 2 + REACH
        else:
            way = -1 if node.side == "left" else 1
            x, y = node.x + way * (node.width / 2 + REACH + ITEM[0] / 2), node.y - offset * STEP
        box = FancyBboxPatch(
            (x - ITEM[0] / 2, y - ITEM[1] / 2),
            *ITEM,
            boxstyle="square,pad=0",
            facecolor=theme.paper,
            edgecolor=theme.muted,
            linewidth=0.7,
            zorder=3,
        )
        axes.add_patch(box)
        axes.text(x, y, loading.target, ha="center", va="center", fontsize=theme.small, zorder=4)
        axes.add_patch(
            FancyArrowPatch(
                (node.x, node.y),
                (x, y),
                patchA=ellipse,
                patchB=box,
                arrowstyle="-|>",
                mutation_scale=5,
                shrinkA=0,
                shrinkB=0,
                linewidth=0.7,
                color=theme.muted,
                zorder=1.5,
            )
        )
        # numbers stand near the items, where the arrows are apart
        share = 0.64 if node.side != "above" else 0.72
        axes.text(
            node.x + share * (x - node.x),
            node.y + share * (y - node.y),
            numbers.bounded(loading.estimate),
            ha="center",
            va="center",
            fontsize=theme.small,
            color=theme.ink,
            bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.4},
            zorder=2,
        )


def _foot(axes: Axes, effect: LatentEffect, labels: Labels, theme: Theme) -> None:
    numbers = Numbers(language=labels.language)
    fit = labels.say(WORDS["fit"]).format(
        n=numbers.count(effect.n),
        cfi=ABSENT if effect.cfi is None else numbers.bounded(effect.cfi, 3),
        rmsea=ABSENT if effect.rmsea is None else numbers.bounded(effect.rmsea, 3),
        srmr=ABSENT if effect.srmr is None else numbers.bounded(effect.srmr, 3),
    )
    key = labels.say(WORDS["key"]).format(level=level_of(labels, [arrow.interval for arrow in effect.paths]))
    middle = (theme.width - 0.1) / 2
    axes.text(middle, -0.12, fit, ha="center", va="center")
    axes.text(
        middle,
        -0.28,
        wrapped(key, theme.width - 0.3, theme.small),
        ha="center",
        va="top",
        fontsize=theme.small,
        color=theme.muted,
        linespacing=1.25,
    )
