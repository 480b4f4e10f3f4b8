"""The effects that the hypotheses stand on, each held against the smallest effect of interest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.results import Interval
from reports.figures.naming import level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.sentences import OUTCOMES
from reports.theme import DEFAULT, Theme

WORDS = {
    "effect": {
        "en": "Effect, each in its own standardised measure, with {level} confidence interval",
        "zh": "效应量（各用其标准化指标）及{level}置信区间",
    },
    "smallest": {
        "en": "Smaller than the smallest effect of interest",
        "zh": "小于最小关注效应的范围",
    },
    "none": {"en": "no estimate", "zh": "无估计值"},
}
MARKERS = {"supported": "o", "not_supported": "s", "contradicted": "D", "cannot_tell": "X"}
LABEL_WIDTH = 1.9  #: inches for the effect's name
ID_WIDTH = 0.7  #: inches for the hypothesis' id
LINE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect of one hypothesis.

    ``verdict`` is a key of ``reports.sentences.OUTCOMES``. Rows that follow each other with the same ``id``
    share its name.
    """

    id: str
    label: str
    estimate: float | None
    interval: Interval | None
    smallest_effect: float
    verdict: str


def effects_forest(
    effects: Sequence[Effect], *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """A row for each effect, in the order given, over the range of effects that are too small to matter.

    Raises
    ------
    ValueError
        If there is no effect, or a verdict is unknown.
    """
    unknown = sorted({effect.verdict for effect in effects} - set(OUTCOMES))
    if unknown or not effects:
        raise ValueError(f"effects need verdicts out of {sorted(OUTCOMES)}, got {unknown or 'no effects'}")
    names = [wrapped(effect.label, LABEL_WIDTH, theme.size) for effect in effects]
    heights = [max(0.27, LINE * (name.count("\n") + 1) + 0.1) for name in names]
    places = [sum(heights[:i]) + height / 2 for i, height in enumerate(heights)]
    with theme.applied():
        figure = theme.figure(sum(heights) + 1.15)
        axes = figure.add_subplot()
        axes.axvline(0, color=theme.ink, linewidth=theme.line, zorder=1)
        for effect, place, height in zip(effects, places, heights, strict=True):
            _effect(axes, effect, place, height, labels, theme)
        _ids(axes, effects, places, heights, theme)
        axes.set_yticks(places, names)
        axes.set_ylim(sum(heights), 0)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.04)
        level = level_of(labels, (effect.interval for effect in effects))
        axes.set_xlabel(wrapped(labels.say(WORDS["effect"]).format(level=level), 4.2, theme.size))
        _legend(figure, effects, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _colour(verdict: str, theme: Theme) -> str:
    colours = {
        "supported": theme.category(0),
        "not_supported": theme.category(1),
        "contradicted": theme.category(5),
    }
    return colours.get(verdict, theme.muted)


def _effect(axes: Axes, effect: Effect, place: float, height: float, labels: Labels, theme: Theme) -> None:
    bound, half = effect.smallest_effect, min(height, 0.27) / 2
    axes.fill_betweenx(
        [place - half, place + half], -bound, bound, color=theme.faint, alpha=0.8, linewidth=0, zorder=0
    )
    numbers = Numbers(language=labels.language)
    text, colour = labels.say(WORDS["none"]), _colour(effect.verdict, theme)
    if effect.estimate is not None:
        digits = 2 if bound >= 0.05 else 3
        text = numbers.number(effect.estimate, digits)
        if effect.interval is not None:
            axes.hlines(place, effect.interval.low, effect.interval.high, color=colour, linewidth=1.4)
            text += f" {numbers.interval(effect.interval, digits)}"
        axes.plot(effect.estimate, place, MARKERS[effect.verdict], color=colour, markersize=5, mew=0)
    axes.annotate(text, (1.0, place), (8, 0), ("axes fraction", "data"), "offset points").set(
        va="center_baseline",
        fontsize=theme.small,
        color=theme.muted if effect.estimate is None else theme.ink,
    )


def _ids(
    axes: Axes, effects: Sequence[Effect], places: Sequence[float], heights: Sequence[float], theme: Theme
) -> None:
    """The hypothesis' id before its first effect, and a rule between hypotheses."""
    left = -(LABEL_WIDTH + ID_WIDTH) * 72
    previous = None
    for effect, place, height in zip(effects, places, heights, strict=True):
        if effect.id != previous:
            axes.annotate(
                wrapped(effect.id.replace("_", " "), ID_WIDTH, theme.size),
                (0, place),
                (left, 0),
                ("axes fraction", "data"),
                "offset points",
            ).set(va="center", linespacing=1.2)
            if previous is not None:
                axes.axhline(place - height / 2, color=theme.faint, linewidth=theme.line, zorder=0)
        previous = effect.id


def _legend(figure: Figure, effects: Sequence[Effect], labels: Labels, theme: Theme) -> None:
    """Verdicts that occur, and what the grey range is."""
    occurring = [verdict for verdict in OUTCOMES if verdict in {effect.verdict for effect in effects}]
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            color=_colour(verdict, theme),
            marker=MARKERS[verdict],
            markersize=5,
            markeredgewidth=0,
            linewidth=1.4,
            label=labels.say(OUTCOMES[verdict]),
        )
        for verdict in occurring
    ]
    handles.append(Patch(color=theme.faint, alpha=0.8, label=labels.say(WORDS["smallest"])))
    widths = [text_width(str(handle.get_label()), theme.small) + 0.55 for handle in handles]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles) if sum(widths) < theme.width else 3,
        fontsize=theme.small,
        columnspacing=1.4,
        borderpad=0.1,
    )
