"""How scores spread within each tier, with the tiers' means."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.groups import GroupComparison, GroupSummary, group_label
from reports.figures.naming import NO_ANSWERS, group_name, level_of, respondents
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "key": {
        "en": "Point and bar: mean and its {level} confidence interval. Area: distribution of scores.",
        "zh": "点与线段：均值及其{level}置信区间；阴影：得分分布。",
    },
}
NAME_WIDTH = 1.1  #: inches for a tier's name
FEWEST = 5  #: scores from which a distribution is drawn


def tier_distribution(
    scores: pd.DataFrame,
    comparisons: Sequence[GroupComparison],
    groups: pd.Series,
    *,
    labels: Labels,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """Half violins, a panel for each variable and a row for each tier, over the tier's mean.

    Parameters
    ----------
    scores : DataFrame, shape (n_respondents, n_variables)
    comparisons : sequence of GroupComparison
        What :func:`analysis.groups.compare_groups` found, one panel each, at most three.
    groups : Series of category dtype, shape (n_respondents,)
        The tiers, on the index of ``scores``.
    """
    if not 1 <= len(comparisons) <= 3:
        raise ValueError(f"the figure has one to three panels, got {len(comparisons)}")
    rows = [summary.group for summary in comparisons[0].groups]
    with theme.applied():
        figure = theme.figure(0.66 * len(rows) + 0.95)
        panels = figure.subplots(1, len(comparisons), sharey=True, squeeze=False)[0]
        for axes, comparison in zip(panels, comparisons, strict=True):
            _violins(axes, scores[comparison.variable], groups, rows, theme)
            for place, summary in enumerate(comparison.groups):
                _mean(axes, place, summary, labels, theme)
            axes.set_title(labels.name(comparison.variable), loc="left", pad=6)
            _scale_axis(axes, comparison.variable, labels)
        names = [group_name(labels, comparisons[0].grouping, group) for group in rows]
        panels[0].set_yticks(range(len(rows)), [wrapped(name, NAME_WIDTH, theme.size) for name in names])
        panels[0].set_ylim(len(rows) - 0.42, -0.55)
        level = level_of(labels, (s.interval for c in comparisons for s in c.groups))
        figure.legend(
            [],
            [],
            loc="outside lower left",
            title=wrapped(labels.say(WORDS["key"]).format(level=level), 5.2, theme.small),
            title_fontsize=theme.small,
            alignment="left",
            borderpad=0,
        )
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _violins(axes: Axes, values: pd.Series, groups: pd.Series, rows: list[str], theme: Theme) -> None:
    import seaborn

    names = groups.map(group_label, na_action="ignore")
    for place, group in enumerate(rows):
        own = values[(names == group).to_numpy()].dropna().to_numpy(dtype=float)
        if len(own) < FEWEST or own.min() == own.max():
            continue  # the mean alone is shown
        seaborn.violinplot(
            x=own,
            y=[place - 0.2] * len(own),
            ax=axes,
            orient="h",
            native_scale=True,
            split=True,
            inner=None,
            cut=0,
            width=0.6,  # half violins stand from 0.5 above to 0.1 below the row's place
            bw_adjust=1.1,
            color=theme.category(place),
            saturation=1,
            alpha=0.45,
            linewidth=theme.line,
            linecolor=theme.category(place),
        )
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _mean(axes: Axes, place: int, summary: GroupSummary, labels: Labels, theme: Theme) -> None:
    below = place + 0.2
    n = respondents(labels, summary.n)
    if summary.mean is None:
        axes.annotate(
            labels.say(NO_ANSWERS), (0.0, below), (2, 0), ("axes fraction", "data"), "offset points"
        ).set(color=theme.muted, fontsize=theme.small, va="center_baseline")
        return
    if summary.interval is not None:
        axes.hlines(below, summary.interval.low, summary.interval.high, color=theme.ink, linewidth=1.4)
    axes.plot(summary.mean, below, "o", color=theme.ink, markersize=4.2)
    axes.annotate(
        f"{Numbers(language=labels.language).number(summary.mean)}  ({n})",
        (summary.mean, below),
        (0, -5),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=theme.small,
    )


def _scale_axis(axes: Axes, variable: str, labels: Labels) -> None:
    """All of the answer scale, whole codes marked, where the variable has one."""
    questionnaire = labels.questionnaire
    items = questionnaire.construct(variable).items if questionnaire.has_construct(variable) else (variable,)
    scale = questionnaire.item(items[0]).scale if questionnaire.has_item(items[0]) else None
    if scale is not None and scale.interval:
        axes.set_xlim(scale.low - 0.15, scale.high + 0.15)
        axes.set_xticks(scale.codes)
    axes.grid(axis="x")
