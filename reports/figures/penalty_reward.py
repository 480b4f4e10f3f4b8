"""What low answers cost and high answers gain, driver by driver."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.least_squares import Coefficient
from analysis.penalty_reward import PenaltyReward, PenaltyRewards
from reports.figures.naming import level_of
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import wrapped
from reports.labels import Labels
from reports.sentences import DRIVER_KINDS
from reports.theme import DEFAULT, Theme

WORDS = {
    "difference": {
        "en": "Difference in {outcome} from middling answers, with {level} interval",
        "zh": "与中间回答相比{outcome}的差值及{level}置信区间",
    },
    "penalty": {"en": "low answers (penalty)", "zh": "低评价（惩罚）"},
    "reward": {"en": "high answers (reward)", "zh": "高评价（奖励）"},
}
NAME_WIDTH = 1.7  #: inches for a driver's name
STEP = 0.46  #: inches for a driver


def penalty_reward_plot(
    found: PenaltyRewards, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """A row for each driver with the penalty of low and the reward of high answers; its kind on the right.

    Drivers with too few low, high or middling answers are left out.

    Raises
    ------
    ValueError
        If no driver has contrasts.
    """
    shown = [one for one in found.features if one.penalty is not None]
    if not shown:
        raise ValueError(
            f"no contrasts for {found.outcome}: {found.reason or 'no driver has enough answers'}"
        )
    with theme.applied():
        figure = theme.figure(STEP * len(shown) + 0.95)
        axes = figure.add_subplot()
        axes.axvline(0, color=theme.muted, linewidth=theme.line, zorder=0)
        for row, one in enumerate(shown):
            _row(axes, one, row, labels, theme)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_yticks(
            range(len(shown)), [wrapped(labels.name(one.feature), NAME_WIDTH, theme.size) for one in shown]
        )
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.04)
        level = level_of(labels, (end.interval for end in _coefficients(shown)))
        words = labels.say(WORDS["difference"]).format(outcome=labels.name(found.outcome), level=level)
        axes.set_xlabel(wrapped(words, 4.2, theme.size))
        _legend(figure, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _coefficients(shown: Sequence[PenaltyReward]) -> list[Coefficient]:
    return [end for one in shown for end in (one.penalty, one.reward) if end is not None]


def _style(side: str, theme: Theme) -> tuple[str, str]:
    """Colour and marker."""
    return {"penalty": (theme.category(5), "o"), "reward": (theme.category(0), "s")}[side]


def _row(axes: Axes, one: PenaltyReward, row: int, labels: Labels, theme: Theme) -> None:
    for side, end, place in (("penalty", one.penalty, row - 0.13), ("reward", one.reward, row + 0.13)):
        if end is None:
            continue
        colour, marker = _style(side, theme)
        axes.hlines(place, end.interval.low, end.interval.high, color=colour, linewidth=1.4)
        axes.plot(end.estimate, place, marker, color=colour, markersize=5, mew=0)
    axes.annotate(
        labels.say(DRIVER_KINDS[one.kind or "not_shown"]),
        (1.0, row),
        (8, 0),
        ("axes fraction", "data"),
        "offset points",
    ).set(va="center_baseline", fontsize=theme.small)


def _legend(figure: Figure, labels: Labels, theme: Theme) -> None:
    handles = []
    for side in ("penalty", "reward"):
        colour, marker = _style(side, theme)
        text = labels.say(WORDS[side])
        handles.append(Line2D([], [], color=colour, marker=marker, markersize=5, mew=0, label=text))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=2,
        borderpad=0.1,
        columnspacing=1.6,
        fontsize=theme.small,
    )
