"""From the answers read to the answers analysed, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from reports.figures.naming import LINES, respondents
from reports.figures.synthetic_note import mark_synthetic
from reports.labels import Labels
from reports.theme import DEFAULT, Theme
from surveys.screening import RuleLedger, Screening

WORDS = {
    "read": {"en": "Respondents read from the file", "zh": "数据文件中的受访者"},
    "analysed": {"en": "Respondents analysed", "zh": "进入分析的受访者"},
    "set_aside": {"en": "Set aside, by the first rule that applies", "zh": "按首个命中的规则判为无效"},
    "not_applied": {"en": "could not be applied", "zh": "无法执行"},
}
RULES: Mapping[str, Mapping[str, str]] = {
    "consent": {"en": "No consent to take part", "zh": "未同意参与"},
    "sampling": {"en": "No place in the sampling design", "zh": "无法归入抽样设计"},
    "missing": {"en": "Too many answers missing", "zh": "缺答过多"},
    "attention": {"en": "Failed an attention check", "zh": "未通过注意力检测题"},
    "duration": {"en": "Answered too fast", "zh": "作答过快"},
    "straightlining": {"en": "Same answer to many questions in a row", "zh": "连续多题选择相同答案"},
    "duplicates": {"en": "Same answers as an earlier respondent", "zh": "与先前答卷雷同"},
    "mahalanobis": {"en": "Unusual pattern of answers", "zh": "作答模式异常（马氏距离）"},
    "person_fit": {"en": "Answers that contradict each other", "zh": "作答自相矛盾（个人拟合）"},
}
ROW = 0.42  #: inches, as all lengths here
BOX = (1.75, 0.46)
TRUNK = 1.15  #: where the flow runs down
SIDE = 2.75  #: where the side boxes begin
SIDE_WIDTH = 3.35


def screening_flow(
    screening: Screening, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """A trunk from read to analysed, and a branch for each rule with the respondents it set aside.

    Whom several rules flag is counted at the first of them, so that the numbers add up.
    """
    ledger, read = screening.ledger, len(screening.flags)
    height = 2 * BOX[1] + ROW * len(ledger) + 0.4
    with theme.applied():
        figure = theme.figure(height + 0.1 + (0.2 if synthetic else 0.0))
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.set_xlim(0, theme.width - 0.1)
        axes.set_ylim(height, 0)
        _box(axes, BOX[1] / 2 + 0.02, labels.say(WORDS["read"]), read, labels, theme)
        foot = height - BOX[1] / 2 - 0.02
        _box(axes, foot, labels.say(WORDS["analysed"]), screening.n, labels, theme)
        _trunk(axes, BOX[1] + 0.02, foot - BOX[1] / 2, theme)
        if ledger:
            axes.text(SIDE, BOX[1] / 2 + 0.02, labels.say(WORDS["set_aside"]), va="center", color=theme.muted)
        for i, rule in enumerate(ledger):
            _branch(axes, BOX[1] + 0.2 + ROW * (i + 0.5), rule, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _box(axes: Axes, y: float, text: str, n: int, labels: Labels, theme: Theme) -> None:
    width, height = BOX[0] + 0.4, BOX[1]
    axes.add_patch(
        FancyBboxPatch(
            (TRUNK - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.07",
            facecolor=theme.paper,
            edgecolor=theme.ink,
            linewidth=1.0,
            zorder=3,
        )
    )
    axes.text(
        TRUNK, y, f"{text}\n{respondents(labels, n)}", ha="center", va="center", linespacing=LINES, zorder=4
    )


def _trunk(axes: Axes, top: float, foot: float, theme: Theme) -> None:
    arrow = {"arrowstyle": "-|>", "color": theme.ink, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (TRUNK, foot), (TRUNK, top), arrowprops=arrow)


def _branch(axes: Axes, y: float, rule: RuleLedger, labels: Labels, theme: Theme) -> None:
    colour = theme.ink if rule.applicable and rule.n_first else theme.muted
    arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0}
    if not rule.applicable:
        arrow |= {"linestyle": (0, (3, 2)), "arrowstyle": "-"}
    axes.annotate("", (SIDE, y), (TRUNK, y), arrowprops=arrow)
    axes.add_patch(
        FancyBboxPatch(
            (SIDE, y - 0.15),
            SIDE_WIDTH,
            0.3,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=theme.paper,
            edgecolor=colour,
            linewidth=theme.line,
            linestyle="-" if rule.applicable else (0, (3, 2)),
        )
    )
    count = respondents(labels, rule.n_first) if rule.applicable else labels.say(WORDS["not_applied"])
    axes.text(SIDE + 0.1, y, labels.say(RULES[rule.kind]), va="center_baseline", color=colour)
    axes.text(SIDE + SIDE_WIDTH - 0.1, y, count, ha="right", va="center_baseline", color=colour)
