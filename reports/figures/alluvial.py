"""Who moves between tiers: two columns of tiers and the streams between them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from analysis.tier_migration import TierMigration
from reports.figures.naming import group_name, level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.small_cells import hidden
from reports.theme import DEFAULT, Theme

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

WORDS = {
    "up": {"en": "Right higher", "zh": "右侧较高"},
    "stay": {"en": "alike", "zh": "相同"},
    "down": {"en": "right lower", "zh": "右侧较低"},
    "summary": {
        "en": "{up}; {stay}; {down}.\n{level} intervals; n = {n}.",
        "zh": "{up}；{stay}；{down}。\n{level}置信区间；n = {n}。",
    },
    "margins": {
        "en": " Equal sizes of the tiers (Stuart-Maxwell): p {p}.",
        "zh": "各等级规模相同（Stuart-Maxwell检验）：p {p}。",
    },
    "margins_weighted": {
        "en": " Equal sizes of the tiers (Wald test of the design): p {p}.",
        "zh": "各等级规模相同（抽样设计的Wald检验）：p {p}。",
    },
    "inside": {
        "en": "Inside the streams: share of the tier on the left.",
        "zh": "流带内的数字为占左侧等级的比例。",
    },
    "hidden": {
        "en": " Streams of few respondents are not drawn.",
        "zh": "人数过少的流带未绘出。",
    },
}
HEIGHT = 3.6
BAR = 0.035  #: of the width between the columns
GAP = 0.035  #: of the height, between tiers
LOW = 0.12  #: of the height: a lower tier has its name and share in one line
LABELLED = 0.045  #: of the height: a lower stream has no room for its share


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream from one tier to another, as heights from below."""

    first: int
    second: int
    left: tuple[float, float]
    right: tuple[float, float]
    share: float  #: of the tier it comes from


def alluvial(
    found: TierMigration,
    *,
    labels: Labels,
    grouping: str | None = None,
    minimum_cell: int = 5,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """The highest tier on top, so that a stream that rises is a move up.

    Streams of fewer than ``minimum_cell`` respondents are not drawn, nor others by which their number could
    be worked out; their place in the columns stays empty.

    Parameters
    ----------
    found : TierMigration
    labels : Labels
    grouping : str, optional
        Item that names the tiers; by default the first of the two.

    Raises
    ------
    ValueError
        If nobody has both tiers.
    """
    if not found.transitions:
        raise ValueError(f"no streams from {found.first} to {found.second}: {found.reason}")
    counts, shares = found.counts(), found.shares()
    unseen = hidden_transitions(counts, minimum_cell)
    item = grouping or found.first
    names = [group_name(labels, item, tier) for tier in found.tiers]
    # from pale to dark, as the tiers rise: told apart without colours, too
    colours = theme.opinion_colours(2 * len(names))[len(names) :]
    with theme.applied():
        figure = theme.figure(HEIGHT)
        axes = figure.add_subplot()
        for stream in streams(shares):
            if not unseen[stream.first, stream.second]:
                _stream(axes, stream, colours[stream.first], labels, theme)
        for side in (0, 1):
            few = hidden(counts.sum(axis=1 - side).tolist(), minimum_cell)
            _column(axes, side, shares.sum(axis=1 - side), names, colours, few, labels, theme)
        for side, name in ((0, found.first), (1, found.second)):
            title = wrapped(labels.name(name), 2.2, theme.size)
            axes.annotate(title, (side, 1.0), (0, 5), textcoords="offset points").set(
                ha="left" if side == 0 else "right", va="bottom", linespacing=1.15
            )
        axes.set_xlim(-BAR - 0.003, 1 + BAR + 0.003)
        axes.set_ylim(-0.004, 1.004)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        words = _summary(found, labels, bool(unseen.any()), theme)
        axes.set_xlabel(words, fontsize=theme.small, linespacing=1.3)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def hidden_transitions(counts: Counts, minimum: int) -> npt.NDArray[np.bool_]:
    """Cells of a square table that are not shown, so that none can be worked out from rows or columns.

    >>> hidden_transitions(np.array([[9, 3, 8], [7, 9, 6], [8, 7, 9]]), 5).tolist()
    [[False, True, True], [False, False, False], [False, True, True]]
    """
    unseen = (counts > 0) & (counts < minimum)
    while True:
        before = unseen.copy()
        for across in (counts, unseen), (counts.T, unseen.T):
            _protect(*across, minimum)
        if (before == unseen).all():
            return np.asarray(unseen)


def _protect(counts: Counts, unseen: npt.NDArray[np.bool_], minimum: int) -> None:
    """Hide one more cell in each row whose total would give a hidden one away."""
    for row, mask in zip(counts, unseen, strict=True):
        if mask.any() and (mask.sum() == 1 or row[mask].sum() < minimum):
            others = [int(at) for at in np.flatnonzero((row > 0) & ~mask)]
            if others:
                # rather where the column hides something already, then the smallest
                mask[min(others, key=lambda at: (not unseen[:, at].any(), row[at]))] = True


def streams(sizes: Shares | Counts) -> list[Stream]:
    """Where every stream begins and ends; columns are 1 high, gaps between tiers included.

    >>> [(round(s.left[0], 2), round(s.left[1], 2)) for s in streams(np.array([[1, 1], [0, 2]]))]
    [(0.0, 0.24), (0.24, 0.48), (0.52, 1.0)]
    """
    shares = sizes / sizes.sum()
    k = len(shares)
    room = 1 - GAP * (k - 1)
    at_left = _bottoms(shares.sum(axis=1), room)
    at_right = _bottoms(shares.sum(axis=0), room)
    found = []
    for i in range(k):
        for j in range(k):
            if shares[i, j] == 0:
                continue
            height = float(shares[i, j]) * room
            found.append(
                Stream(
                    first=i,
                    second=j,
                    left=(at_left[i], at_left[i] + height),
                    right=(at_right[j], at_right[j] + height),
                    share=float(shares[i, j] / shares[i].sum()),
                )
            )
            at_left[i] += height
            at_right[j] += height
    return found


def _bottoms(sizes: Shares, room: float) -> list[float]:
    heights = sizes / sizes.sum() * room
    return [float(heights[:i].sum() + GAP * i) for i in range(len(sizes))]


def _stream(axes: Axes, stream: Stream, colour: str, labels: Labels, theme: Theme) -> None:
    (a, b), (c, d) = stream.left, stream.right
    points = [(0, a), (0.5, a), (0.5, c), (1, c), (1, d), (0.5, d), (0.5, b), (0, b), (0, a)]
    curve = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    axes.add_patch(
        PathPatch(
            Path(points, [int(code) for code in curve]),
            facecolor=colour,
            edgecolor=theme.paper,
            alpha=0.6,
            linewidth=0.8,
        )
    )
    if b - a >= LABELLED:
        text = Numbers(language=labels.language).percent(stream.share, 0)
        axes.annotate(text, (0, (a + b) / 2), (5, 0), textcoords="offset points").set(
            va="center", fontsize=theme.small
        )


def _column(
    axes: Axes,
    side: int,
    sizes: Shares,
    names: Sequence[str],
    colours: Sequence[str],
    unseen: Collection[int],
    labels: Labels,
    theme: Theme,
) -> None:
    numbers = Numbers(language=labels.language)
    room = 1 - GAP * (len(names) - 1)
    for i, (name, bottom) in enumerate(zip(names, _bottoms(sizes, room), strict=True)):
        height = float(sizes[i] / sizes.sum()) * room
        axes.add_patch(
            Rectangle(
                (-BAR if side == 0 else 1, bottom),
                BAR,
                height,
                facecolor=colours[i],
                edgecolor=theme.ink,
                linewidth=theme.line,
            )
        )
        low = height < LOW
        text = name if low else wrapped(name, 0.85, theme.size)
        if i not in unseen:
            text += (" " if low else "\n") + numbers.percent(float(sizes[i] / sizes.sum()), 0)
        axes.annotate(
            text,
            (-BAR if side == 0 else 1 + BAR, bottom + height / 2),
            (-5 if side == 0 else 5, 0),
            textcoords="offset points",
        ).set(ha="right" if side == 0 else "left", va="center", linespacing=1.1)


def _summary(found: TierMigration, labels: Labels, some_hidden: bool, theme: Theme) -> str:
    numbers = Numbers(language=labels.language)
    colon = ": " if labels.language == "en" else "："
    parts = {
        one.direction: labels.say(WORDS[one.direction])
        + colon
        + numbers.percent(one.share)
        + " "
        + numbers.interval(one.interval, style="percent")
        for one in found.movements
    }
    level = level_of(labels, (one.interval for one in found.movements))
    text = labels.say(WORDS["summary"]).format(**parts, level=level, n=numbers.count(found.n))
    if found.margins.p_value is not None:
        words = WORDS["margins_weighted" if found.weighted else "margins"]
        text += labels.say(words).format(p=numbers.p_value(found.margins.p_value, relation=True))
    inside = labels.say(WORDS["inside"]) + (labels.say(WORDS["hidden"]) if some_hidden else "")
    lines = (line for part in (text, inside) for line in part.split("\n"))
    return "\n".join(wrapped(line, theme.width - 0.1, theme.small) for line in lines)
