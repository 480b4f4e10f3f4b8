"""Gaps between two populations: items within their constructs down, tiers across."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from analysis.gap_map import GapCell, GapMap, GapRow
from reports.figures.naming import group_name
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import ABSENT, Numbers
from reports.small_cells import hidden
from reports.theme import DEFAULT, Theme

WORDS = {
    "all": {"en": "All", "zh": "全体"},
    "gap": {
        "en": "{first} less {second}, points of the scale (orange: {second} higher, blue: {first} higher)",
        "zh": "{first}减{second}，量表分（橙色：{second}更高；蓝色：{first}更高）",
    },
    "marks": {
        "en": "In brackets: not significant (p ≥ {level}, Holm's correction over {family} tests).",
        "zh": "括号内：不显著（p ≥ {level}，按{family}项检验作Holm校正）。",
    },
    "hidden": {"en": " –: too few answers.", "zh": "–：答卷过少。"},
}
NAME_WIDTH = 2.75  #: inches
INDENT = 0.12  #: inches, of items below their construct
ROW = 0.21  #: inches for a row of one line
LINE = 0.125  #: inches for a further line
SIGNIFICANCE = 0.05
ROWS_OF_A_PART = 22


def gap_heat_map(
    found: GapMap,
    names: Mapping[str, str],
    *,
    first: str,
    second: str,
    labels: Labels,
    rows: Sequence[str] | None = None,
    minimum_cell: int = 5,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """A cell for each row and tier: its gap in figures, coloured on a scale that is symmetric about none.

    Parameters
    ----------
    found : GapMap
        All rows on scales of one width.
    names : mapping
        Row -> what it is called.
    first, second : str
        Names of the populations.
    labels : Labels
        Of the first population, who has the tiers.
    rows : sequence of str, optional
        Those to show; the colours are those of the whole map, so that its parts compare.
    minimum_cell : int
        Tiers with fewer answers are not shown, and a second one where they could be worked out.

    Raises
    ------
    ValueError
        If no row is left, or scales differ in width.
    """
    chosen = [row for row in found.rows if rows is None or row.name in rows]
    widths = {row.width for row in found.rows if row.width is not None}
    if not chosen or len(widths) > 1:
        why = "no row is left" if not chosen else f"scales are {sorted(widths)} points wide"
        raise ValueError(f"no map of gaps between {found.first} and {found.second}: {why}")
    texts = [_name(row, names[row.name], theme) for row in chosen]
    heights = [ROW + LINE * text.count("\n") for text in texts]
    limit = _limit(found)
    with theme.applied():
        figure = theme.figure(sum(heights) + 1.25)
        axes = figure.add_subplot()
        shades = (*reversed(theme.disagree[:2]), "#f6f6f6", *theme.agree[:2])
        colours = LinearSegmentedColormap.from_list("gap", shades)
        top = 0.0
        for row, text, height in zip(chosen, texts, heights, strict=True):
            _row(axes, found, row, text, (top, height), colours, limit, labels.language, minimum_cell, theme)
            top += height
        tiers = (None, *found.tiers)
        axes.set_xlim(0, len(tiers))
        axes.set_ylim(top, 0)
        axes.set_yticks([])
        axes.xaxis.tick_top()
        room = (theme.width - NAME_WIDTH - 0.2) / len(tiers) - 0.06
        headings = [
            labels.say(WORDS["all"]) if tier is None else group_name(labels, found.tier, tier)
            for tier in tiers
        ]
        axes.set_xticks(
            [i + 0.5 for i in range(len(tiers))], [wrapped(name, room, theme.size) for name in headings]
        )
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        _scale(
            figure, axes, colours, limit, _words(found, first, second, labels, minimum_cell), labels, theme
        )
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def keyed_name(item: str, labels: Labels) -> str:
    """The wording of an item; reverse-worded ones say so, as their gaps are turned round."""
    return labels.marked(item)


def parts(found: GapMap, most: int = ROWS_OF_A_PART) -> tuple[tuple[str, ...], ...]:
    """Constructs with their items, so many to a picture as a page holds; those without items are left out."""
    blocks: dict[str, list[str]] = {}
    for row in found.rows:
        if row.construct is not None:
            blocks.setdefault(row.construct, [row.construct]).append(row.name)
    filled: list[list[str]] = []
    for block in blocks.values():
        if not filled or len(filled[-1]) + len(block) > most:
            filled.append([])
        filled[-1] += block
    return tuple(tuple(rows) for rows in filled)


def _name(row: GapRow, name: str, theme: Theme) -> str:
    if row.construct is None:
        return wrapped(name, NAME_WIDTH - 0.1, theme.size)
    return wrapped(name, NAME_WIDTH - 0.1 - INDENT, theme.small, lines=2)


def _limit(found: GapMap) -> float:
    """Half a point, or as many as the largest gap takes."""
    largest = max((abs(cell.estimate) for cell in found.cells if cell.estimate is not None), default=0.5)
    return max(math.ceil(2 * largest) / 2, 0.5)


def _unseen(cells: Sequence[GapCell], minimum: int) -> frozenset[str | None]:
    """Tiers of one row that are not shown; all of them where few answered at all."""
    tiers = [cell for cell in cells if cell.tier is not None]
    if any(cell.tier is None and min(cell.n_first, cell.n_second) < minimum for cell in cells):
        return frozenset(cell.tier for cell in cells)
    places = hidden([cell.n_first for cell in tiers], minimum)
    return frozenset(tiers[at].tier for at in places)


def _row(
    axes: Axes,
    found: GapMap,
    row: GapRow,
    text: str,
    place: tuple[float, float],
    colours: LinearSegmentedColormap,
    limit: float,
    language: str,
    minimum: int,
    theme: Theme,
) -> None:
    from matplotlib.patches import Rectangle

    top, height = place
    indent = INDENT if row.construct is not None else 0.0
    size = theme.small if row.construct is not None else theme.size
    if row.construct is None:
        axes.axhline(top, color=theme.muted, linewidth=theme.line, zorder=3)
    axes.annotate(
        text, (0, top + height / 2), ((indent - NAME_WIDTH) * 72, 0), textcoords="offset points"
    ).set(va="center", fontsize=size, linespacing=1.1)
    cells = [found.of(row.name, tier) for tier in (None, *found.tiers)]
    unseen = _unseen(cells, minimum)
    numbers = Numbers(language=language)
    norm = Normalize(-limit, limit)
    for i, cell in enumerate(cells):
        seen = cell.estimate is not None and cell.state == "ok" and cell.tier not in unseen
        face = colours(norm(cell.estimate)) if seen and cell.estimate is not None else theme.paper
        axes.add_patch(
            Rectangle((i, top), 1, height, facecolor=face, edgecolor=theme.paper, linewidth=1.2, zorder=1)
        )
        shown = _figures(cell, numbers) if seen else ABSENT
        axes.text(i + 0.5, top + height / 2, shown, ha="center", va="center", fontsize=theme.small, zorder=2)


def _figures(cell: GapCell, numbers: Numbers) -> str:
    text = numbers.number(cell.estimate)
    if text[0].isdigit() and text != numbers.number(0.0):
        text = f"+{text}"
    sure = cell.p_adjusted is not None and cell.p_adjusted < SIGNIFICANCE
    return text if sure else f"({text})"


def _words(found: GapMap, first: str, second: str, labels: Labels, minimum: int) -> str:
    numbers = Numbers(language=labels.language)
    level = numbers.bounded(SIGNIFICANCE)
    words = labels.say(WORDS["marks"]).format(level=level, family=numbers.count(found.family))
    by_row = [[cell for cell in found.cells if cell.row == row.name] for row in found.rows]
    if any(_unseen(cells, minimum) or any(cell.state != "ok" for cell in cells) for cells in by_row):
        words += labels.say(WORDS["hidden"])
    return labels.say(WORDS["gap"]).format(first=first, second=second) + "\n" + words


def _scale(
    figure: Figure,
    axes: Axes,
    colours: LinearSegmentedColormap,
    limit: float,
    words: str,
    labels: Labels,
    theme: Theme,
) -> None:
    from matplotlib.cm import ScalarMappable

    numbers = Numbers(language=labels.language)
    bar = figure.colorbar(
        ScalarMappable(Normalize(-limit, limit), colours),
        ax=axes,
        orientation="horizontal",
        fraction=0.05,
        pad=0.01,
        aspect=45,
        anchor=(1.0, 1.0),
        ticks=[-limit, -limit / 2, 0, limit / 2, limit],
    )
    digits = 1 if float(2 * limit).is_integer() and limit % 1 == 0 else 2
    ticks = [-limit, -limit / 2, 0.0, limit / 2, limit]
    bar.ax.set_xticklabels([numbers.number(tick, digits if tick else 0) for tick in ticks])
    bar.ax.tick_params(labelsize=theme.small, length=2)
    for spine in bar.ax.spines.values():
        spine.set_visible(False)
    parts = [
        line
        if text_width(line, theme.small) < theme.width - 0.2
        else wrapped(line, theme.width - 0.2, theme.small)
        for line in words.split("\n")
    ]
    bar.ax.set_xlabel("\n".join(parts), fontsize=theme.small, loc="right", linespacing=1.3)
