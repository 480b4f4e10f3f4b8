"""How answers to several items of one scale spread, around the middle of the scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.descriptives import AnswerShares
from analysis.profile import Frequencies
from reports.figures.naming import LINES, NO_ANSWERS, respondents
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "net": {"en": "Net\n(points)", "zh": "净值\n（百分点）"},
    "shares": {"en": "Share of answers (%)", "zh": "回答占比（%）"},
}
LABEL_WIDTH = 2.15  #: inches for the items' wording
BAR = 0.22  #: inches


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item: shares in percent from the lowest code to the highest."""

    item: str
    shares: tuple[float, ...]
    n: int

    @property
    def net(self) -> float:
        """Points of the upper answers less points of the lower ones."""
        half = len(self.shares) // 2
        return sum(self.shares[-half:]) - sum(self.shares[:half]) if half else 0.0

    @property
    def left(self) -> float:
        """Where the bar begins: the middle answer straddles zero."""
        half, middle = divmod(len(self.shares), 2)
        return -sum(self.shares[:half]) - (self.shares[half] / 2 if middle else 0.0)


def likert_bars(
    shares: AnswerShares, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """Diverging bars, the item with the highest net agreement on top; nobody's answers are left out.

    Parameters
    ----------
    shares : AnswerShares
        Of items that share one scale, as respondents answered them.

    Raises
    ------
    ValueError
        If there is no item, or the items do not share their codes.
    """
    codes = _codes(shares)
    rows = sorted(map(_row, shares.items), key=lambda row: (row.n == 0, -row.net))
    texts = [_wording(row, labels, theme) for row in rows]
    heights = [max(0.34, 0.16 * (text.count("\n") + 1) + 0.1) for text in texts]
    with theme.applied():
        figure = theme.figure(sum(heights) + 1.0)
        axes = figure.add_subplot()
        places = _places(heights)
        axes.axvline(0, color=theme.ink, linewidth=theme.line, zorder=0)
        for row, place in zip(rows, places, strict=True):
            _bar(axes, row, place, labels, theme)
        axes.set_yticks(places, texts, ha="right", linespacing=LINES)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(sum(heights), 0)
        _percent_axis(axes, rows, labels)
        axes.annotate(
            labels.say(WORDS["net"]),
            (1.0, 1.0),
            (16, 3),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=theme.small,
            linespacing=LINES,
        )
        _legend(figure, shares.items[0].item, codes, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _codes(shares: AnswerShares) -> tuple[int, ...]:
    found = {tuple(category.code for category in item.categories) for item in shares.items}
    if len(found) != 1:
        raise ValueError(f"a figure of answers needs items of one scale, got {len(found)} sets of codes")
    return found.pop()


def _row(item: Frequencies) -> Row:
    return Row(
        item=item.item,
        shares=tuple(100 * (category.estimate or 0.0) for category in item.categories),
        n=item.n,
    )


def _wording(row: Row, labels: Labels, theme: Theme) -> str:
    text = labels.marked(row.item)
    return f"{wrapped(text, LABEL_WIDTH, theme.size)}\n{respondents(labels, row.n)}"


def _places(heights: list[float]) -> list[float]:
    """Middle of each row, in inches from the top."""
    return [sum(heights[:i]) + height / 2 for i, height in enumerate(heights)]


def _bar(axes: Axes, row: Row, place: float, labels: Labels, theme: Theme) -> None:
    if row.n == 0:
        axes.text(0, place, labels.say(NO_ANSWERS), ha="center", va="center", color=theme.muted)
        return
    left = row.left
    for share, colour in zip(row.shares, theme.opinion_colours(len(row.shares)), strict=True):
        axes.barh(place, share, left=left, height=BAR, color=colour, linewidth=0)
        if share >= 6:  # a narrower segment holds no number
            ink = theme.paper if _dark(colour) else theme.ink
            axes.text(
                left + share / 2,
                place,
                Numbers(language=labels.language).number(share, 0),
                ha="center",
                va="center_baseline",
                color=ink,
                fontsize=theme.small,
            )
        left += share
    axes.annotate(
        _signed(row.net, labels),
        (1.0, place),
        (16, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="center",
        va="center_baseline",
    )


def _signed(points: float, labels: Labels) -> str:
    text = Numbers(language=labels.language).number(points, 0)
    return text if text == "0" or points < 0 else f"+{text}"


def _dark(colour: str) -> bool:
    red, green, blue = to_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.45


def _percent_axis(axes: Axes, rows: list[Row], labels: Labels) -> None:
    """Percentages to either side of zero, without signs."""
    low = min([-25.0, *(25 * math.floor(row.left / 25) for row in rows if row.n)])
    high = max([25.0, *(25 * math.ceil((row.left + 100) / 25) for row in rows if row.n)])
    ticks = [float(tick) for tick in range(int(low), int(high) + 1, 25)]
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{abs(tick):.0f}" for tick in ticks])
    axes.set_xlabel(labels.say(WORDS["shares"]))


def _legend(figure: Figure, item: str, codes: tuple[int, ...], labels: Labels, theme: Theme) -> None:
    room = theme.width / len(codes) - 0.36
    names = [labels.option(item, code) for code in codes]
    if sum(text_width(name, theme.small) + 0.36 for name in names) > theme.width:
        names = [wrapped(name, room, theme.small) for name in names]
    colours = theme.opinion_colours(len(codes))
    figure.legend(
        handles=[Patch(color=colour, label=name) for colour, name in zip(colours, names, strict=True)],
        loc="outside upper center",
        ncols=len(codes),
        fontsize=theme.small,
        handlelength=1.1,
        handleheight=0.9,
        handletextpad=0.5,
        columnspacing=1.2,
        borderpad=0.1,
    )
