"""A test under all the ways in which it could have been analysed: estimates above, choices below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.minimum_effect import Zone
from analysis.specification_curve import Specification, SpecificationCurve
from reports.figures.naming import level_of
from reports.figures.screening_flow import RULES
from reports.figures.synthetic_note import mark_synthetic
from reports.figures.wrapping import text_width, wrapped
from reports.labels import Labels, numbered
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme

Words = Mapping[str, str]

WORDS: Mapping[str, Words] = {
    "effect": {"en": "Effect with {level} confidence interval", "zh": "效应量及{level}置信区间"},
    "analyses": {
        "en": "{count} analyses, from the lowest to the highest estimate",
        "zh": "{count}种分析，按估计值由低到高排列",
    },
    "smallest": {"en": "Smaller than the smallest effect of interest", "zh": "小于最小关注效应的范围"},
    "declared": {"en": "As declared", "zh": "按声明的分析"},
    "hold": {"en": "holds in", "zh": "成立"},
    "share": {"en": "{holding} of {analyses}", "zh": "{holding}/{analyses}"},
    "without": {"en": "Without: {rule}", "zh": "不用：{rule}"},
}
ZONES: Mapping[Zone, Words] = {
    "beyond": {"en": "Beyond it", "zh": "超过该范围"},
    "straddles": {"en": "Cannot tell", "zh": "无法判断"},
    "short": {"en": "Within it or short of it", "zh": "未超过该范围"},
    "opposite": {"en": "Beyond it, in the opposite direction", "zh": "在相反方向上超过"},
}
MARKERS: Mapping[Zone, str] = {"beyond": "o", "straddles": "X", "short": "s", "opposite": "D"}
DIMENSIONS: Mapping[str, Words] = {
    "screening": {"en": "Screening", "zh": "筛选"},
    "statistic": {"en": "Statistic", "zh": "统计量"},
    "scores": {"en": "Scores", "zh": "得分"},
    "controls": {"en": "Controls", "zh": "控制变量"},
    "clusters": {"en": "Branches", "zh": "网点"},
    "weights": {"en": "Weights", "zh": "权重"},
}
CHOICES: Mapping[tuple[str, str], Words] = {
    ("screening", "all_rules"): {"en": "All rules", "zh": "全部规则"},
    ("screening", "no_rules"): {"en": "No rule but consent", "zh": "除同意外不筛选"},
    ("statistic", "standardized_coefficient"): {"en": "Regression", "zh": "回归"},
    ("statistic", "rank_coefficient"): {"en": "Regression on ranks", "zh": "秩回归"},
    ("statistic", "latent_coefficient"): {"en": "Latent constructs", "zh": "潜变量"},
    ("statistic", "standardized_indirect_effect"): {"en": "Scores", "zh": "得分"},
    ("statistic", "latent_indirect_effect"): {"en": "Latent constructs", "zh": "潜变量"},
    ("statistic", "tau_b"): {"en": "Kendall's tau-b", "zh": "Kendall τ-b"},
    ("statistic", "linear_trend"): {"en": "Linear trend of means", "zh": "均值的线性趋势"},
    ("statistic", "d_z"): {"en": "Mean difference", "zh": "均值差"},
    ("statistic", "d"): {"en": "Mean", "zh": "均值"},
    ("statistic", "rank_biserial"): {"en": "Signed ranks", "zh": "符号秩"},
    ("statistic", "hedges_g"): {"en": "Mean difference", "zh": "均值差"},
    ("statistic", "cliffs_delta"): {"en": "Cliff's delta", "zh": "Cliff δ"},
    ("statistic", "pearson"): {"en": "Pearson's correlation", "zh": "Pearson相关"},
    ("statistic", "spearman"): {"en": "Spearman's correlation", "zh": "Spearman相关"},
    ("scores", "answered"): {"en": "Of the items answered", "zh": "按已答题项"},
    ("scores", "complete"): {"en": "Of all items only", "zh": "仅限全部作答"},
    ("scores", "items"): {"en": "None: model of items", "zh": "不计分，题项建模"},
    ("controls", "declared"): {"en": "As declared", "zh": "按声明"},
    ("controls", "none"): {"en": "None", "zh": "无"},
    ("weights", "used"): {"en": "By the sampling design", "zh": "按抽样设计"},
    ("weights", "ignored"): {"en": "None", "zh": "不加权"},
    ("clusters", "counted"): {"en": "Errors count them", "zh": "误差计入网点"},
    ("clusters", "ignored"): {"en": "Errors ignore them", "zh": "误差不计网点"},
    ("clusters", "random_intercept"): {"en": "Random intercept", "zh": "随机截距"},
}
DIMENSION_WIDTH = 0.75  #: inches, as all lengths here
CHOICE_WIDTH = 1.55
ROW = 0.17
GAP = 0.1  #: between dimensions
CURVE = 2.1


def choice_name(labels: Labels, dimension: str, choice: str) -> str:
    """What one choice of a specification is called; the code where there is no name for it."""
    if dimension == "screening" and choice.startswith("without_"):
        rule = choice.removeprefix("without_")
        kind, _, number = (rule, "", "") if rule in RULES else rule.rpartition("_")
        name = labels.say(RULES[kind]) if kind in RULES else rule
        return labels.say(WORDS["without"]).format(rule=numbered(name, number, labels.language))
    words = CHOICES.get((dimension, choice))
    return choice if words is None else labels.say(words)


def specification_curve(
    curve: SpecificationCurve, *, labels: Labels, theme: Theme = DEFAULT, synthetic: bool = False
) -> Figure:
    """Estimates from low to high with their intervals; below, a dot for each choice that an analysis makes.

    The analysis that the study declares is ringed. At the right stands in how many analyses with that choice
    the whole interval lies beyond the smallest effect of interest.

    Raises
    ------
    ValueError
        If fewer than two analyses could be run.
    """
    if len(curve.run) < 2:
        raise ValueError(
            f"{curve.hypothesis}, test {curve.position + 1}: {len(curve.run)} analyses give no curve; "
            "at least 2 are needed"
        )
    rows = _rows(curve, labels, theme)
    depth = rows[-1][3] if rows else 0.0
    with theme.applied():
        figure = theme.figure(CURVE + depth + 0.75 + (0.2 if synthetic else 0.0))
        grid = figure.add_gridspec(2, 1, height_ratios=[CURVE, max(depth, 0.01)])
        above = figure.add_subplot(grid[0])
        below = figure.add_subplot(grid[1], sharex=above)
        _estimates(above, curve, labels, theme)
        _choices(below, curve, rows, labels, theme)
        above.tick_params(axis="x", bottom=False, labelbottom=False)
        above.set_xlim(-0.8, len(curve.run) - 0.2)
        _legend(figure, curve, labels, theme)
        if synthetic:
            mark_synthetic(figure, labels, theme)
    return figure


#: dimension, choice, name in lines, where the row ends, counted from the top
Row = tuple[str, str, str, float]


def _rows(curve: SpecificationCurve, labels: Labels, theme: Theme) -> list[Row]:
    rows, end, previous = [], 0.0, ""
    for dimension, choices in curve.options().items():
        for choice in choices:
            name = wrapped(choice_name(labels, dimension, choice), CHOICE_WIDTH, theme.small, lines=2)
            end += ROW * (1 + 0.75 * name.count("\n")) + (GAP if previous not in ("", dimension) else 0.0)
            rows.append((dimension, choice, name, end))
            previous = dimension
    return rows


def _colour(zone: Zone | None, theme: Theme) -> str:
    colours = {"beyond": theme.category(0), "short": theme.category(1), "opposite": theme.category(5)}
    return colours.get(zone or "straddles", theme.muted)


def _estimates(axes: Axes, curve: SpecificationCurve, labels: Labels, theme: Theme) -> None:
    axes.axhspan(-curve.bound, curve.bound, color=theme.faint, alpha=0.8, linewidth=0, zorder=0)
    axes.axhline(0, color=theme.ink, linewidth=theme.line, zorder=1)
    size = _marker_size(len(curve.run))
    for place, spec in enumerate(curve.run):
        if spec.interval is None or spec.estimate is None or spec.zone is None:
            continue
        colour = _colour(spec.zone, theme)
        axes.vlines(place, spec.interval.low, spec.interval.high, color=colour, linewidth=1.0, zorder=2)
        axes.plot(place, spec.estimate, MARKERS[spec.zone], color=colour, markersize=size, mew=0, zorder=3)
        if spec.declared:
            axes.plot(place, spec.estimate, "o", color=theme.ink, markersize=size + 4, mfc="none", mew=1.0)
    level = level_of(labels, (spec.interval for spec in curve.run))
    axes.set_ylabel(wrapped(labels.say(WORDS["effect"]).format(level=level), CURVE * 0.9, theme.size))
    axes.margins(y=0.08)


def _marker_size(analyses: int) -> float:
    return 5.0 if analyses <= 24 else 4.0 if analyses <= 60 else 3.0


def _choices(
    axes: Axes, curve: SpecificationCurve, rows: Sequence[Row], labels: Labels, theme: Theme
) -> None:
    numbers = Numbers(language=labels.language)
    counts = curve.by_choice()
    size = _marker_size(len(curve.run)) - 1.5
    places, previous, start = [], "", 0.0
    for dimension, choice, name, end in rows:
        new = dimension != previous
        top = start + (GAP if new and previous else 0.0)
        place = (top + end) / 2
        places.append(place)
        made = [x for x, spec in enumerate(curve.run) if spec.choices[dimension] == choice]
        axes.plot(made, [place] * len(made), "o", color=theme.ink, markersize=size, mew=0)
        holding, analyses = counts[dimension, choice]
        share = labels.say(WORDS["share"]).format(
            holding=numbers.count(holding), analyses=numbers.count(analyses)
        )
        _beside(axes, (1.0, place), 8, share, theme)
        if new:
            lines = name.count("\n")
            level = top + (end - top) / 2 / (1 + 0.75 * lines)
            left = -(DIMENSION_WIDTH + CHOICE_WIDTH + 0.1) * 72
            _beside(axes, (0.0, level if lines else place), left, labels.say(DIMENSIONS[dimension]), theme)
            if previous:
                axes.axhline(start + GAP / 2, color=theme.faint, linewidth=theme.line, zorder=0)
        previous, start = dimension, end
    if rows:
        _beside(axes, (1.0, -0.12), 8, labels.say(WORDS["hold"]), theme)
    axes.set_yticks(places, [name for _, _, name, _ in rows], fontsize=theme.small)
    axes.set_ylim(rows[-1][3] + 0.03 if rows else 1.0, -0.03)
    axes.tick_params(axis="both", length=0, labelbottom=False)
    axes.set_xlabel(labels.say(WORDS["analyses"]).format(count=numbers.count(len(curve.run))))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _beside(axes: Axes, place: tuple[float, float], points: float, text: str, theme: Theme) -> None:
    axes.annotate(text, place, (points, 0), ("axes fraction", "data"), "offset points").set(
        va="center_baseline", fontsize=theme.small, color=theme.ink
    )


def _legend(figure: Figure, curve: SpecificationCurve, labels: Labels, theme: Theme) -> None:
    """What the grey range is, where intervals lie, and which analysis was declared."""
    handles: list[Line2D | Patch] = [
        Patch(color=theme.faint, alpha=0.8, label=labels.say(WORDS["smallest"])),
        *(
            Line2D(
                [],
                [],
                color=_colour(zone, theme),
                marker=MARKERS[zone],
                markersize=5,
                markeredgewidth=0,
                linewidth=1.0,
                label=labels.say(words),
            )
            for zone, words in ZONES.items()
            if zone in curve.zones
        ),
    ]
    if _is_run(curve.declared):
        ring = Line2D([], [], color=theme.ink, marker="o", markersize=8, markerfacecolor="none", linewidth=0)
        ring.set_label(labels.say(WORDS["declared"]))
        handles.append(ring)
    widths = [text_width(str(handle.get_label()), theme.small) + 0.55 for handle in handles]
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(handles) if sum(widths) < theme.width else 3,
        fontsize=theme.small,
        columnspacing=1.4,
        borderpad=0.1,
    )


def _is_run(spec: Specification) -> bool:
    return spec.zone is not None
