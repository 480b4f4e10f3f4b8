"""The paths from a predictor over its mediators to an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from analysis.mediation import Mediation, PathCoefficient
from analysis.results import Interval
from reports.figures.naming import level_of
from reports.figures.path_arrow import path_arrow
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "indirect": {"en": "Indirect effect", "zh": "间接效应"},
    "series": {"en": "Serial indirect effect", "zh": "序列间接效应"},
    "direct": {"en": "Direct effect", "zh": "直接效应"},
    "total": {"en": "Total effect", "zh": "总效应"},
    "key": {
        "en": "Standardised coefficients with {level} bootstrap intervals. Dashed: the interval holds zero.",
        "zh": "标准化系数及{level}自助法置信区间；虚线表示区间包含零。",
    },
    "other_ways": {
        "en": "Serial: by way of both mediators. The total effect also holds the ways over one of them.",
        "zh": "序列间接效应：依次经由两个中介变量；总效应还包括只经由其中一个的路径。",
    },
    "left_out": {
        "en": (
            "Serial: by way of all mediators; the total effect also holds the ways over fewer.\n"
            "Paths that pass over a mediator are in the model but not in the picture."
        ),
        "zh": (
            "序列间接效应：依次经由全部中介变量；总效应还包括只经由其中一部分的路径。\n"
            "跨越中介变量的路径已纳入模型，图中从略。"
        ),
    },
}
BOX_HEIGHT = 0.46  #: inches, as all lengths here
FOOT = 0.42  #: where the predictor and the outcome stand
MARGIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The box of one variable, in inches."""

    x: float  #: of the middle
    y: float
    width: float
    text: str


def mediation_path(
    mediation: Mediation, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """Boxes and arrows: the mediators, in series if there are several, above the direct path.

    The stronger a path, the thicker it is; one whose interval holds zero is dashed. With three or four
    mediators only the series and the direct path are drawn. The effects stand below.

    Raises
    ------
    ValueError
        If the model could not be estimated.
    """
    if mediation.estimate is None:
        raise ValueError(f"no paths from {mediation.predictor} to {mediation.outcome}: {mediation.reason}")
    places = _places(mediation, labels, theme)
    top = max(place.y for place in places.values()) + BOX_HEIGHT / 2 + 0.08
    with theme.applied():
        figure = theme.figure(top + 0.6 + (0.2 if synthetic else 0.0))
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, theme.width - 0.1)
        axes.set_ylim(-0.48 - 0.14 * min(len(mediation.mediators) - 1, 2), top)
        boxes = {name: _box(axes, place, theme) for name, place in places.items()}
        for path in _drawn(mediation):
            _arrow(axes, path, mediation, places, boxes, labels, theme)
        _foot(axes, mediation, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _places(mediation: Mediation, labels: Labels, theme: Theme) -> dict[str, Place]:
    """The ends at the foot, the mediators above, in a zigzag where there are more than two."""
    k = len(mediation.mediators)
    names = (mediation.predictor, *mediation.mediators, mediation.outcome)
    texts = [wrapped(labels.name(name), 1.25 if k < 3 else 0.95, theme.size) for name in names]
    widths = [text_width(text, theme.size) + 0.26 for text in texts]
    right = theme.width - 0.1 - MARGIN
    first, last = MARGIN + widths[0] / 2, right - widths[-1] / 2
    inner = {1: (0.5,), 2: (0.235, 0.765)}.get(k, tuple((i + 0.75) / (k + 0.5) for i in range(k)))
    above = {1: (1.5,), 2: (1.95, 1.95)}.get(k, tuple(1.5 if i % 2 else 2.75 for i in range(k)))
    xs = (first, *(MARGIN + share * (right - MARGIN) for share in inner), last)
    ys = (FOOT, *above, FOOT)
    return {
        name: Place(x=x, y=y, width=width, text=text)
        for name, x, y, width, text in zip(names, xs, ys, widths, texts, strict=True)
    }


def _drawn(mediation: Mediation) -> list[PathCoefficient]:
    """All paths while they can be told apart, else the series and the direct path."""
    if len(mediation.mediators) < 3:
        return list(mediation.paths)
    names = (mediation.predictor, *mediation.mediators, mediation.outcome)
    series = [mediation.path(source, target) for source, target in pairwise(names)]
    return [*series, mediation.path(mediation.predictor, mediation.outcome)]


def _box(axes: Axes, place: Place, theme: Theme) -> Patch:
    box = FancyBboxPatch(
        (place.x - place.width / 2, place.y - BOX_HEIGHT / 2),
        place.width,
        BOX_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.07",
        facecolor=theme.paper,
        edgecolor=theme.ink,
        linewidth=1.0,
        zorder=3,
    )
    axes.add_patch(box)
    axes.text(place.x, place.y, place.text, ha="center", va="center", linespacing=1.2, zorder=4)
    return box


def _arrow(
    axes: Axes,
    path: PathCoefficient,
    mediation: Mediation,
    places: Mapping[str, Place],
    boxes: Mapping[str, Patch],
    labels: Labels,
    theme: Theme,
) -> None:
    path_arrow(
        axes,
        (places[path.source], places[path.target]),
        (boxes[path.source], boxes[path.target]),
        path.estimate,
        path.interval,
        share=_label_share(path, mediation),
        labels=labels,
        theme=theme,
    )


def _label_share(path: PathCoefficient, mediation: Mediation) -> float:
    """How far along the arrow its label stands: in the middle, but away from where two arrows cross."""
    if len(mediation.mediators) == 2:
        if (path.source, path.target) == (mediation.predictor, mediation.mediators[1]):
            return 0.36
        if (path.source, path.target) == (mediation.mediators[0], mediation.outcome):
            return 0.64
    return 0.5


def _foot(axes: Axes, mediation: Mediation, labels: Labels, theme: Theme) -> None:
    several = len(mediation.mediators) > 1
    rows: tuple[tuple[str, float | None, Interval | None], ...] = (
        ("series" if several else "indirect", mediation.estimate, mediation.interval),
        ("direct", mediation.direct, mediation.direct_interval),
        ("total", mediation.total, mediation.total_interval),
    )
    numbers = Numbers(language=labels.language)
    for i, (word, estimate, interval) in enumerate(rows):
        text = f"{numbers.bounded(estimate, 3)} {numbers.interval(interval, 3, style='bounded')}"
        axes.text(
            ((0.19, 0.54, 0.86)[i] if several else (i + 0.5) / 3) * (theme.width - 0.1),
            -0.08,
            f"{labels.say(WORDS[word])}  {text}",
            ha="center",
            va="center",
        )
    key = labels.say(WORDS["key"]).format(level=level_of(labels, (interval for *_, interval in rows)))
    if several:
        key += "\n" + labels.say(WORDS["left_out" if len(mediation.mediators) > 2 else "other_ways"])
    axes.text(
        (theme.width - 0.1) / 2,
        -0.3,
        key,
        ha="center",
        va="top",
        fontsize=theme.small,
        color=theme.muted,
        linespacing=1.25,
    )
