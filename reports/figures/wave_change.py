"""Why a mean changed between two waves: the mix of tiers, and changed answers within them."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.design.estimates import DesignEstimate
from analysis.waves.change import ChangeDecomposition
from reports.figures.naming import group_name, level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "change": {"en": "Change of all", "zh": "总变化"},
    "mix": {"en": "Mix of groups", "zh": "构成变化"},
    "within": {"en": "Within groups", "zh": "组内变化"},
    "axis": {
        "en": "Contribution to the change, with {level} confidence interval",
        "zh": "对变化的贡献及{level}置信区间",
    },
}
ROW = 0.3  #: inches, as all lengths here
NAME_WIDTH = 1.6
COLOURS = {"change": 7, "mix": 1, "within": 0}

Row = tuple[str, str, DesignEstimate]


def wave_change(
    parts: ChangeDecomposition, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """The change, its two parts, and both parts of every tier, each with its interval.

    The two parts add up to the change, and the tiers' contributions to the parts.

    Raises
    ------
    ValueError
        If the change could not be split.
    """
    if parts.change is None:
        raise ValueError(f"the change of {parts.variable} was not split: {parts.reason}")
    rows = list(_rows(parts, labels))
    numbers = Numbers(language=labels.language)
    with theme.applied():
        figure = theme.figure(ROW * len(rows) + 1.0)
        axes = figure.add_subplot()
        for place, (_, kind, found) in enumerate(rows):
            colour = theme.ink if kind == "change" else theme.category(COLOURS[kind])
            marker = theme.marker(list(COLOURS).index(kind))
            if found.interval is not None:
                axes.hlines(place, found.interval.low, found.interval.high, color=colour, linewidth=1.3)
            axes.plot([found.estimate or 0.0], [place], marker, color=colour, markersize=5)
            text = f"{numbers.number(found.estimate)} {numbers.interval(found.interval)}"
            axes.annotate(text, (1.0, place), (8, 0), ("axes fraction", "data"), "offset points").set(
                va="center_baseline", fontsize=theme.small
            )
        axes.axvline(0, color=theme.muted, linewidth=0.8, zorder=0)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), [wrapped(name, NAME_WIDTH, theme.size) for name, *_ in rows])
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        level = level_of(labels, (found.interval for *_, found in rows))
        axes.set_xlabel(labels.say(WORDS["axis"]).format(level=level))
        figure.legend(handles=_legend(labels, theme), loc="outside upper center", ncols=3, borderpad=0.1)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _rows(parts: ChangeDecomposition, labels: Labels) -> Iterator[Row]:
    for kind, found in (("change", parts.change), ("mix", parts.mix), ("within", parts.within)):
        if found is not None:
            yield labels.say(WORDS[kind]), kind, found
    for tier in parts.tiers:
        name = group_name(labels, parts.grouping, tier.tier)
        yield name, "mix", tier.mix
        yield name, "within", tier.within


def _legend(labels: Labels, theme: Theme) -> list[Line2D]:
    return [
        Line2D(
            [],
            [],
            color=theme.ink if kind == "change" else theme.category(COLOURS[kind]),
            marker=theme.marker(i),
            markersize=5,
            label=labels.say(WORDS[kind]),
        )
        for i, kind in enumerate(COLOURS)
    ]
