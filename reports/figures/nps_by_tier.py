"""Who would recommend the bank, tier by tier."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from analysis.nps import GroupScore, NetPromoterScore
from reports.figures.naming import LINES, NO_ANSWERS, group_name, level_of, named_with_n
from reports.figures.synthetic_note import mark_synthetic
from reports.labels import Labels
from reports.numbers import Numbers
from reports.small_cells import Unseen
from reports.theme import DEFAULT, Theme

WORDS = {
    "detractors": {"en": "Detractors (0–6)", "zh": "贬损者（0–6分）"},
    "passives": {"en": "Passives (7–8)", "zh": "被动者（7–8分）"},
    "promoters": {"en": "Promoters (9–10)", "zh": "推荐者（9–10分）"},
    "shares": {"en": "Share of respondents (%)", "zh": "受访者占比（%）"},
    "hidden": {"en": "Not shown (see note)", "zh": "不予列出（见注）"},
    "score": {
        "en": "Net Promoter Score,\nwith {level} confidence interval",
        "zh": "净推荐值\n及{level}置信区间",
    },
}
PARTS = ("detractors", "passives", "promoters")  #: from the left
NAME_WIDTH = 1.2  #: inches for a tier's name
ROW = 0.46


def nps_by_tier(
    nps: NetPromoterScore,
    *,
    labels: Labels,
    unseen: Unseen = frozenset(),
    theme: Theme = DEFAULT,
    synthetic: bool = False,
) -> Figure:
    """Bars of detractors, passives and promoters; beside them the score with its interval.

    Tiers in their order, then all respondents. The shares that ``unseen`` names are one blank part of the
    bar; the score of such a tier has no interval.

    Parameters
    ----------
    nps : NetPromoterScore
    labels : Labels
    unseen : set of (part, group), optional
        Not shown, ``reports.small_cells.hidden_scores``.
    """
    rows = (*nps.groups, nps.overall)
    with theme.applied():
        figure = theme.figure(ROW * len(rows) + 1.05)
        bars, scores = figure.subplots(1, 2, sharey=True, width_ratios=(1.5, 1))
        for place, score in enumerate(rows):
            gone = frozenset(part for part, group in unseen if group == score.group)
            _bar(bars, place, score, gone, labels, theme)
            _score(scores, place, score, gone, labels, theme)
        names = [
            named_with_n(
                labels, group_name(labels, nps.grouping, s.group), s.n, width=NAME_WIDTH, size=theme.size
            )
            for s in rows
        ]
        bars.set_yticks(range(len(rows)), names, linespacing=LINES)
        bars.set_ylim(len(rows) - 0.45, -0.55)
        bars.set_xlim(0, 100)
        bars.set_xlabel(labels.say(WORDS["shares"]))
        bars.spines["left"].set_visible(False)
        _score_axis(scores, nps.overall, labels, theme)
        for axes in (bars, scores):
            axes.tick_params(axis="y", length=0)
            if nps.groups:
                axes.axhline(len(rows) - 1.5, color=theme.muted, linewidth=theme.line, zorder=0)
        _legend(figure, bool(unseen), labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


def _colours(theme: Theme) -> tuple[str, str, str]:
    return theme.disagree[1], theme.neutral, theme.agree[1]


def _bar(
    axes: Axes, place: int, score: GroupScore, gone: frozenset[str], labels: Labels, theme: Theme
) -> None:
    if score.n == 0:
        axes.text(50, place, labels.say(NO_ANSWERS), ha="center", va="center", color=theme.muted)
        return
    plain = [count / score.n for count in (score.promoters, score.passives, score.detractors)]
    shares = dict(zip(PARTS, reversed(score.shares or plain), strict=True))
    left = 100 * sum(share for name, share in shares.items() if name in gone)
    if left:
        axes.barh(place, left, height=0.58, color="none", edgecolor=theme.muted, linewidth=theme.line)
    for (name, part), colour in zip(shares.items(), _colours(theme), strict=True):
        share = 100 * part
        if name in gone:
            continue
        axes.barh(place, share, left=left, height=0.58, color=colour, linewidth=0)
        if share >= 7:
            axes.text(
                left + share / 2,
                place,
                Numbers(language=labels.language).number(share, 0),
                ha="center",
                va="center_baseline",
            )
        left += share


def _score(
    axes: Axes, place: int, score: GroupScore, gone: frozenset[str], labels: Labels, theme: Theme
) -> None:
    if score.estimate is None or "net_promoter_score" in gone:
        return
    if score.interval is not None and not gone:
        axes.hlines(place, score.interval.low, score.interval.high, color=theme.ink, linewidth=1.2)
    axes.plot(score.estimate, place, "D" if score.group is None else "o", color=theme.ink, markersize=4.2)
    text = Numbers(language=labels.language).number(score.estimate, 0)
    axes.annotate(text, (score.estimate, place), (0, 5), textcoords="offset points").set(
        ha="center", va="bottom", fontsize=theme.small
    )


def _score_axis(axes: Axes, overall: GroupScore, labels: Labels, theme: Theme) -> None:
    axes.axvline(0, color=theme.muted, linewidth=theme.line, zorder=0)
    axes.margins(x=0.12)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    level = level_of(labels, [overall.interval])
    axes.set_xlabel(labels.say(WORDS["score"]).format(level=level), linespacing=LINES)


def _legend(figure: Figure, some_hidden: bool, labels: Labels, theme: Theme) -> None:
    names = (WORDS["detractors"], WORDS["passives"], WORDS["promoters"])
    handles = [
        Patch(color=colour, label=labels.say(name))
        for colour, name in zip(_colours(theme), names, strict=True)
    ]
    if some_hidden:
        words = labels.say(WORDS["hidden"])
        handles.append(Patch(facecolor="none", edgecolor=theme.muted, linewidth=theme.line, label=words))
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles) if not some_hidden else 2,
        handlelength=1.1,
        handleheight=0.9,
        columnspacing=1.8,
        borderpad=0.1,
    )
