"""Power against respondents, a small picture for each hypothesis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.planning.simulation import SimulatedPower
from analysis.planning.study_plan import PlannedHypothesis
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

WORDS = {
    "n": {"en": "Respondents analysed", "zh": "进入分析的受访者人数"},
    "power": {"en": "Power of one test", "zh": "单项检验的检验力"},
    "planned": {"en": "Planned", "zh": "计划人数"},
    "wanted": {"en": "Wanted", "zh": "目标检验力"},
    "simulated": {
        "en": "Simulated, with 1.96 Monte Carlo errors",
        "zh": "模拟结果（±1.96倍蒙特卡罗误差）",
    },
    "test": {"en": "Test {number}", "zh": "检验{number}"},
    "only": {"en": "by simulation only", "zh": "仅能模拟"},
    "none": {"en": "no formula, not simulated", "zh": "无公式，未模拟"},
}
COLUMNS = 4
ROW = 1.3  #: inches
LINES: tuple[Literal["-", "--", ":", "-."], ...] = ("-", "--", ":", "-.")


def power_curves(
    hypotheses: Sequence[PlannedHypothesis],
    *,
    labels: Labels,
    simulated: SimulatedPower | None = None,
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """A panel for each hypothesis, and in it a line for each test.

    Upright ticks mark the respondents planned, a level line the power that the weakest kind of test is
    planned for; dots are simulated power at the planned sizes, with its error of chance.

    Raises
    ------
    ValueError
        If there is no hypothesis.
    """
    if not hypotheses:
        raise ValueError("there is no hypothesis to draw")
    rows = math.ceil(len(hypotheses) / COLUMNS)
    most = max(len(planned.tests) for planned in hypotheses)
    with theme.applied():
        figure = theme.figure(ROW * rows + 0.75 + (0.2 if synthetic else 0.0))
        panels = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True)
        for place, axes in enumerate(panels.flat):
            if place < len(hypotheses):
                _panel(axes, hypotheses[place], simulated, labels, theme)
            else:
                axes.set_axis_off()
        figure.supylabel(labels.say(WORDS["power"]), fontsize=theme.size)
        _legend(figure, most, simulated is not None, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
        for axes in panels[-1]:
            axes.set_xlabel("")
        panels[-1][0].set_xlabel(wrapped(labels.say(WORDS["n"]), 1.6, theme.small), fontsize=theme.small)
    return figure


def _panel(
    axes: Axes, planned: PlannedHypothesis, simulated: SimulatedPower | None, labels: Labels, theme: Theme
) -> None:
    numbers = Numbers(language=labels.language)
    right, drawn = 0, False
    for k, test in enumerate(planned.tests):
        colour = theme.category(k)
        if test.curve:
            drawn = True
            right = max(right, test.curve[-1][0])
            axes.plot(
                [n for n, _ in test.curve],
                [power for _, power in test.curve],
                LINES[k % len(LINES)],
                color=colour,
            )
            axes.axvline(test.n_planned, ymax=0.06, color=colour, linewidth=2 * theme.line)
        found = None if simulated is None else simulated.tests.get((test.hypothesis, test.position))
        if found is not None:
            drawn = True
            right = max(right, round(1.3 * test.n_planned))
            share = found.beyond
            axes.errorbar(
                test.n_planned,
                share.estimate,
                yerr=1.96 * share.std_error,
                fmt=theme.marker(k),
                color=colour,
                markersize=3.5,
                elinewidth=theme.line,
                capsize=1.5,
            )
    axes.axhline(planned.tests[0].wanted_power, color=theme.muted, linewidth=theme.line, linestyle=":")
    axes.set_ylim(-0.03, 1.06)
    axes.set_yticks([0, 0.5, 1], [numbers.percent(y, 0) for y in (0, 0.5, 1)], fontsize=theme.small)
    axes.set_title(planned.hypothesis.id, fontsize=theme.small, pad=3)
    if not any(test.curve for test in planned.tests):
        words = WORDS["only"] if drawn else WORDS["none"]
        axes.text(
            0.5, 0.45, labels.say(words), transform=axes.transAxes, ha="center", fontsize=theme.small
        ).set_color(theme.muted)
    axes.set_xlim(0, max(right, 1))
    middle = _round_number(right / 2)
    ticks = (0, middle) if right else ()
    axes.set_xticks(ticks, [numbers.count(x) for x in ticks], fontsize=theme.small)


def _round_number(x: float) -> int:
    """The nearest number of one digit and noughts."""
    unit: int = 10 ** max(0, math.floor(math.log10(max(x, 1))))
    return max(1, round(x / unit) * unit)


def _legend(figure: Figure, tests: int, simulated: bool, labels: Labels, theme: Theme) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=theme.category(k),
            linestyle=LINES[k % len(LINES)],
            marker=theme.marker(k) if simulated else "",
            markersize=3.5,
            label=labels.say(WORDS["test"]).format(number=k + 1),
        )
        for k in range(tests)
    ]
    handles.append(Line2D([], [], color=theme.muted, linestyle=":", label=labels.say(WORDS["wanted"])))
    handles.append(
        Line2D(
            [], [], color=theme.ink, marker="|", markersize=6, linewidth=0, label=labels.say(WORDS["planned"])
        )
    )
    if simulated:
        handles.append(
            Line2D(
                [],
                [],
                color=theme.ink,
                marker="o",
                markersize=3.5,
                linewidth=0,
                label=labels.say(WORDS["simulated"]),
            )
        )
    width = sum(text_width(str(handle.get_label()), theme.small) + 0.5 for handle in handles)
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles) if width < theme.width else math.ceil(len(handles) / 2),
        fontsize=theme.small,
        borderpad=0.1,
        columnspacing=1.4,
    )
