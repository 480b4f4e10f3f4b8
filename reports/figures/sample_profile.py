"""Who answered: a small panel of bars for each question of the sample profile."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.profile import CategoryShare, Frequencies
from reports.figures.naming import NO_ANSWERS, respondents
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.small_cells import hidden
from reports.theme import DEFAULT, Theme

WORDS = {"hidden": {"en": "not shown", "zh": "不予显示"}}
COLUMNS = 2
NAME_WIDTH = 1.35  #: inches for an answer's wording
BAR = 0.2  #: inches for a bar and the space after it
LINE = 0.13  #: inches for each further line of a wording
TITLE = 0.26


def sample_profile(
    profile: Sequence[Frequencies],
    *,
    labels: Labels,
    theme: Theme = DEFAULT,
    minimum_cell: int = 1,
    synthetic: bool = False,
) -> Figure:
    """Shares of the answers to each question, in percent, with counts; all panels on one axis.

    Parameters
    ----------
    profile : sequence of Frequencies
    minimum_cell : int
        A count below it is shown as ``< 5`` without a bar, so that nobody is recognised; the next smallest is
        not shown either when the hidden count could be told from the total.
    """
    if not profile:
        raise ValueError("a sample profile needs at least one question")
    columns = min(COLUMNS, len(profile))
    rows = [profile[i : i + columns] for i in range(0, len(profile), columns)]
    heights = [max(_height(question, labels, theme) for question in row) for row in rows]
    top = max([10.0, *(100 * (c.estimate or 0.0) for question in profile for c in question.categories)])
    with theme.applied():
        figure = theme.figure(sum(heights) + 0.28 * len(rows) + 0.2)
        panels = figure.subplots(len(rows), columns, squeeze=False, sharex=True, height_ratios=heights)
        for axes in panels.flat:
            axes.set_axis_off()
            axes.set_xlim(0, top * 1.35)
        for i, question in enumerate(profile):
            axes = panels[i // columns, i % columns]
            beside = profile[i % columns :: columns]
            _panel(axes, question, _indent(beside, labels, theme), minimum_cell, labels, theme)
            axes.set_ylim(heights[i // columns], 0)  # an inch is an inch: bars are as thick in every panel
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def hidden_answers(question: Frequencies, minimum_cell: int) -> frozenset[int]:
    """Codes whose counts are not shown: too small ones, and a partner where one could be worked out.

    >>> from analysis.profile import frequencies
    >>> import pandas as pd
    >>> answers = frequencies(pd.Series([1] * 9 + [2] * 6 + [3] * 2, name="SEX"), [1, 2, 3])
    >>> sorted(hidden_answers(answers, 5))
    [2, 3]
    """
    counts = [category.count for category in question.categories]
    return frozenset(question.categories[at].code for at in hidden(counts, minimum_cell))


def _names(question: Frequencies, labels: Labels, theme: Theme) -> list[str]:
    return [
        wrapped(labels.option(question.item, category.code), NAME_WIDTH, theme.size)
        for category in question.categories
    ]


def _title(question: Frequencies, labels: Labels, theme: Theme) -> str:
    n = respondents(labels, question.n) if question.n else labels.say(NO_ANSWERS)
    return wrapped(f"{labels.name(question.item)} ({n})", theme.width / COLUMNS - 0.25, theme.size)


def _height(question: Frequencies, labels: Labels, theme: Theme) -> float:
    """Inches that a panel takes, its title included."""
    further = sum(name.count("\n") for name in _names(question, labels, theme))
    title = TITLE + LINE * _title(question, labels, theme).count("\n")
    return title + BAR * len(question.categories) + LINE * further


def _indent(questions: Sequence[Frequencies], labels: Labels, theme: Theme) -> float:
    """Inches left of the bars for the answers' wordings, the same for all panels above each other."""
    widths = (
        text_width(name, theme.size) for question in questions for name in _names(question, labels, theme)
    )
    return max(widths) + 0.08


def _panel(
    axes: Axes, question: Frequencies, indent: float, minimum_cell: int, labels: Labels, theme: Theme
) -> None:
    hidden = hidden_answers(question, minimum_cell)
    title = _title(question, labels, theme)
    place = TITLE + LINE * title.count("\n")
    top = place
    axes.annotate(title, (0, place), (-72 * indent, 5), textcoords="offset points", va="bottom")
    for name, category in zip(_names(question, labels, theme), question.categories, strict=True):
        height = BAR + LINE * name.count("\n")
        middle = place + height / 2
        axes.annotate(
            name, (0, middle), (-5, 0), textcoords="offset points", ha="right", va="center", linespacing=1.2
        )
        _bar(axes, middle, category, category.code in hidden, minimum_cell, labels, theme)
        place += height
    axes.vlines(0, top, place, color=theme.muted, linewidth=theme.line)


def _bar(
    axes: Axes,
    place: float,
    category: CategoryShare,
    hidden: bool,
    minimum_cell: int,
    labels: Labels,
    theme: Theme,
) -> None:
    if category.estimate is None:
        return
    share = 0.0 if hidden else 100 * category.estimate
    axes.barh(place, share, height=0.7 * BAR, color=theme.category(0), linewidth=0)
    if hidden:
        text = f"< {minimum_cell}" if category.count < minimum_cell else labels.say(WORDS["hidden"])
    else:
        numbers = Numbers(language=labels.language)
        text = f"{numbers.percent(category.estimate)} ({numbers.count(category.count)})"
    axes.annotate(text, (share, place), (3, 0), textcoords="offset points").set(
        va="center_baseline", fontsize=theme.small, color=theme.muted if hidden else theme.ink
    )
