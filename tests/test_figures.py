"""Figures through what they show: words, numbers, order; in both languages, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.correlations import correlation_matrix
from analysis.descriptives import answer_shares
from analysis.drivers import key_drivers
from analysis.groups import compare_groups
from analysis.inputs import coded_categories
from analysis.means import mean_difference
from analysis.mediation import mediate
from analysis.nps import net_promoter_score
from analysis.profile import frequencies
from analysis.results import Interval
from reports import fonts
from reports.figures.correlation_matrix import correlation_heat_map
from reports.figures.effects_forest import Effect, effects_forest
from reports.figures.gaps import Gap, gap_dumbbells
from reports.figures.importance_performance import Box, importance_performance, place_labels
from reports.figures.likert import likert_bars
from reports.figures.mediation_path import mediation_path
from reports.figures.naming import level_of
from reports.figures.nps_by_tier import nps_by_tier
from reports.figures.sample_profile import hidden_answers, sample_profile
from reports.figures.screening_flow import RULES, screening_flow
from reports.figures.tier_distribution import tier_distribution
from reports.figures.tier_profile import tier_profile
from reports.figures.wrapping import NOT_FIRST, text_width, wrapped
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, Theme, save
from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Section
from surveys.responses import Responses, SourceFile
from surveys.screening import OPTIONS, screen
from surveys.study import ScreeningRule

LANGUAGES = ("en", "zh")
CONSTRUCTS = {"quality": ("Q1", "Q2"), "satisfaction": ("S1", "S2"), "loyalty": ("L1", "L2")}


def scale(id: str, *labels: tuple[str, str], ordered: bool = True, interval: bool = True) -> Scale:
    options = tuple(Option(code=i, label={"en": en, "zh": zh}) for i, (en, zh) in enumerate(labels, 1))
    return Scale(id=id, options=options, ordered=ordered, interval=interval)


TIERS = scale(
    "tier",
    ("Standard", "普通客户"),
    ("Silver", "银卡客户"),
    ("Private banking", "私人银行客户"),
    interval=False,
)
AGREE = scale(
    "agree",
    ("Strongly disagree", "非常不同意"),
    ("Disagree", "不同意"),
    ("Neither", "一般"),
    ("Agree", "同意"),
    ("Strongly agree", "非常同意"),
)
SEX = scale("sex", ("Female", "女"), ("Male", "男"), ordered=False, interval=False)
AGE = scale(
    "age", ("Under 30", "30岁以下"), ("30 to 50", "30至50岁"), ("Over 50", "50岁以上"), interval=False
)
RECOMMEND = Scale(
    id="recommend", options=tuple(Option(code=i, label={"en": str(i), "zh": str(i)}) for i in range(11))
)


def item(
    id: str, en: str, zh: str, scale: Scale, *, reverse_keyed: bool = False, attention: int | None = None
) -> Item:
    return Item(
        id=id, kind="single", text={"en": en, "zh": zh}, section="all", scale=scale,
        reverse_keyed=reverse_keyed, attention=attention,
    )  # fmt: skip


QUESTIONNAIRE = Questionnaire(
    id="customers",
    title={"en": "Customers", "zh": "客户"},
    languages=LANGUAGES,
    sections=(Section(id="all", title={"en": "All", "zh": "全部"}),),
    scales={s.id: s for s in (TIERS, AGREE, SEX, AGE, RECOMMEND)},
    items=(
        item("TIER", "Your tier", "您的等级", TIERS),
        item("SEX", "Sex", "性别", SEX),
        item("AGE", "Age", "年龄", AGE),
        item("Q1", "The staff know what they are doing.", "工作人员业务熟练。", AGREE),
        item("Q2", "Things get done on time.", "事情能按时办好。", AGREE),
        item("S1", "I am pleased with this bank.", "我对本行感到满意。", AGREE),
        item("S2", "I often leave disappointed.", "我经常失望而归。", AGREE, reverse_keyed=True),
        item("L1", "I mean to stay for $5 or for $6.", "我打算继续做本行客户。", AGREE),
        item("L2", "I would come here first.", "我会优先选择本行。", AGREE),
        item("CHECK", "Choose “Agree”.", "请选择“同意”。", AGREE, attention=4),
        item("NPS", "Would you recommend us?", "您会推荐本行吗？", RECOMMEND),
    ),
    constructs=tuple(
        Construct(id=id, label={"en": id.capitalize(), "zh": zh}, items=CONSTRUCTS[id])
        for id, zh in (("quality", "服务质量"), ("satisfaction", "满意度"), ("loyalty", "忠诚度"))
    ),
)
ENGLISH, CHINESE = (Labels(questionnaire=QUESTIONNAIRE, language=language) for language in LANGUAGES)


def answers(n: int = 150, seed: int = 5) -> pd.DataFrame:
    """Answers that go together, higher in higher tiers, some of them missing."""
    rng = np.random.default_rng(seed)
    tier = rng.choice([1.0, 2.0, 3.0], n, p=[0.5, 0.3, 0.2])
    opinion = rng.normal(size=n) + 0.4 * tier
    frame = {"TIER": tier, "SEX": rng.choice([1.0, 2.0], n), "AGE": rng.choice([1.0, 2.0, 3.0], n)}
    for items in CONSTRUCTS.values():
        for name in items:
            sign = -1 if QUESTIONNAIRE.item(name).reverse_keyed else 1
            frame[name] = np.clip(np.round(3 + 0.7 * sign * opinion + rng.normal(size=n)), 1, 5)
            frame[name][rng.random(n) < 0.04] = np.nan
    frame["CHECK"] = np.where(rng.random(n) < 0.05, 1.0, 4.0)
    frame["NPS"] = np.clip(np.round(7 + opinion + rng.normal(size=n)), 0, 10)
    return pd.DataFrame(frame)


DATA = answers()
KEYED = DATA.assign(S2=6 - DATA["S2"])
SCORES = pd.DataFrame({id: KEYED[list(items)].mean(axis="columns") for id, items in CONSTRUCTS.items()})
GROUPS = coded_categories(DATA["TIER"], QUESTIONNAIRE)
COMPARISONS = [
    compare_groups(SCORES[name], GROUPS, rng=np.random.default_rng(1), resamples=20) for name in SCORES
]
SHARES = answer_shares(DATA[["Q1", "Q2", "S1", "S2", "L1", "L2"]], [1, 2, 3, 4, 5])
NPS = net_promoter_score(DATA["NPS"], GROUPS)
CORRELATIONS = correlation_matrix(SCORES)
DRIVERS = key_drivers(
    SCORES["loyalty"],
    SCORES[["quality", "satisfaction"]],
    rng=np.random.default_rng(1),
    resamples=50,
    bounds={"quality": (1, 5), "satisfaction": (1, 5)},
)
SIMPLE = mediate(
    SCORES["quality"],
    SCORES[["satisfaction"]],
    SCORES["loyalty"],
    rng=np.random.default_rng(1),
    resamples=200,
)
SERIAL = mediate(
    KEYED["Q1"],
    SCORES[["quality", "satisfaction"]],
    SCORES["loyalty"],
    rng=np.random.default_rng(1),
    resamples=200,
)
LONG = mediate(
    KEYED["Q1"], KEYED[["S1", "S2", "L1"]], KEYED["L2"], rng=np.random.default_rng(1), resamples=200
)
OTHERS = answers(60, seed=9)
GAPS = [
    Gap(label="Staff 员工", difference=mean_difference(DATA["Q1"], OTHERS["Q1"])),
    Gap(label="Timing 时间", difference=mean_difference(DATA["Q2"], OTHERS["Q2"] - 1)),
    Gap(label="Nobody 无", difference=mean_difference(DATA["Q2"], OTHERS["Q2"][:0])),
]
EFFECTS = [
    Effect(id="H1", label="Quality → satisfaction", estimate=0.31, interval=Interval(low=0.2, high=0.42),
           smallest_effect=0.1, verdict="supported"),
    Effect(id="H1", label="Quality → loyalty", estimate=-0.001, interval=Interval(low=-0.05, high=0.048),
           smallest_effect=0.1, verdict="not_supported"),
    Effect(id="P2b_interaction", label="Product", estimate=-0.3, interval=Interval(low=-0.4, high=-0.2),
           smallest_effect=0.02, verdict="contradicted"),
    Effect(id="S1", label="Wider criteria", estimate=None, interval=None, smallest_effect=0.2, verdict="cannot_tell"),
]  # fmt: skip
SCREENING = screen(
    Responses(
        questionnaire=QUESTIONNAIRE,
        answers=DATA,
        metadata=pd.DataFrame({"respondent": DATA.index.astype(str), "row": DATA.index + 2}),
        source=SourceFile(name="answers.csv", sha256=""),
    ),
    [
        ScreeningRule(kind="attention"),
        ScreeningRule(kind="missing", options={"max_share": 0.3}),
        ScreeningRule(kind="duration", options={"seconds_per_item": 2.0}),
    ],
)
PROFILE = [frequencies(DATA["SEX"], [1, 2]), frequencies(DATA["AGE"], [1, 2, 3])]

FIGURES: dict[str, Callable[[Labels, bool], Figure]] = {
    "tier_distribution": lambda labels, synthetic: tier_distribution(
        SCORES, COMPARISONS[1:], GROUPS, labels=labels, synthetic=synthetic
    ),
    "likert": lambda labels, synthetic: likert_bars(SHARES, labels=labels, synthetic=synthetic),
    "tier_profile": lambda labels, synthetic: tier_profile(COMPARISONS, labels=labels, synthetic=synthetic),
    "importance_performance": lambda labels, synthetic: importance_performance(
        DRIVERS, labels=labels, synthetic=synthetic
    ),
    "gaps": lambda labels, synthetic: gap_dumbbells(
        GAPS, first="Customers 客户", second="Employees 员工", labels=labels, synthetic=synthetic
    ),
    "simple_mediation": lambda labels, synthetic: mediation_path(SIMPLE, labels=labels, synthetic=synthetic),
    "serial_mediation": lambda labels, synthetic: mediation_path(SERIAL, labels=labels, synthetic=synthetic),
    "long_mediation": lambda labels, synthetic: mediation_path(LONG, labels=labels, synthetic=synthetic),
    "effects_forest": lambda labels, synthetic: effects_forest(EFFECTS, labels=labels, synthetic=synthetic),
    "sample_profile": lambda labels, synthetic: sample_profile(PROFILE, labels=labels, synthetic=synthetic),
    "nps": lambda labels, synthetic: nps_by_tier(NPS, labels=labels, synthetic=synthetic),
    "screening_flow": lambda labels, synthetic: screening_flow(SCREENING, labels=labels, synthetic=synthetic),
    "correlations": lambda labels, synthetic: correlation_heat_map(
        CORRELATIONS, labels=labels, synthetic=synthetic
    ),
}  # fmt: skip


def drawn(figure: Figure) -> list[Text]:
    """All words that can be seen; an axis also keeps marks that lie beyond its ends."""
    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    beyond |= {tick.label1, tick.label2}
    shown = [artist for artist in figure.findobj(Text) if isinstance(artist, Text) and artist not in beyond]
    return [artist for artist in shown if artist.get_visible() and artist.get_text().strip()]


def texts(figure: Figure) -> list[str]:
    return [artist.get_text() for artist in drawn(figure)]


def words(figure: Figure) -> str:
    return " | ".join(text.replace("\n", " ") for text in texts(figure))


EVERY_FIGURE = [
    pytest.param(draw, labels, id=f"{name}-{labels.language}")
    for name, draw in FIGURES.items()
    for labels in (ENGLISH, CHINESE)
]


# ---------------------------------------------------------------- all figures alike


@pytest.mark.parametrize(("draw", "labels"), EVERY_FIGURE)
def test_every_figure_says_what_it_is_and_no_words_are_cut_or_lie_on_each_other(draw, labels):
    figure = draw(labels, True)
    note = {"en": "Synthetic data", "zh": "合成数据"}[labels.language]
    assert texts(figure).count(note) == 1
    assert note not in texts(draw(labels, False))
    assert not any(part == "−0.00" or part == "-0.00" for text in texts(figure) for part in text.split())
    assert not any("-0" in text for text in texts(figure))  # a minus is a minus, not a hyphen
    fonts.require_glyphs(texts(figure))
    assert figure.get_size_inches()[0] == DEFAULT.width
    with DEFAULT.applied():
        figure.draw_without_rendering()
        seen = [(artist.get_text(), artist.get_window_extent()) for artist in drawn(figure)]
    for text, box in seen:
        assert min(box.x0, box.y0) >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y1 <= figure.bbox.height + 1, text
    for (text, box), (other, neighbour) in combinations(seen, 2):
        width = min(box.x1, neighbour.x1) - max(box.x0, neighbour.x0)
        height = min(box.y1, neighbour.y1) - max(box.y0, neighbour.y0)
        assert width <= 1 or height <= 3, (text, other)  # the leading of two lines may touch


def test_chinese_figures_hold_no_english_words():
    allowed = {"n", "LMG", "Pearson"}
    for name in (
        "tier_distribution",
        "likert",
        "tier_profile",
        "importance_performance",
        "nps",
        "screening_flow",
    ):
        letters = "".join(
            c if c.isascii() and c.isalpha() else " " for c in words(FIGURES[name](CHINESE, True))
        )
        assert set(letters.split()) <= allowed, name


# ---------------------------------------------------------------- one by one


def test_likert_rows_stand_in_the_order_of_net_agreement_and_show_shares():
    figure = FIGURES["likert"](ENGLISH, False)
    table = SHARES.shares() * 100
    net = (table[4] + table[5] - table[1] - table[2]).sort_values(ascending=False)
    numbers = Numbers(language="en")
    labels = [label.get_text().replace("\n", " ") for label in figure.axes[0].get_yticklabels()]
    for label, name in zip(labels, net.index, strict=True):
        assert label.startswith(ENGLISH.name(name)), (label, name)
        assert label.endswith(f"n = {int(DATA[name].notna().sum())}")
    assert [label for label in labels if "(reverse-worded)" in label] == [labels[list(net.index).index("S2")]]
    shown = [text for text in texts(figure) if text[0] in "+−" or text == "0"]
    signed = [numbers.number(x, 0) if x < 0 else f"+{numbers.number(x, 0)}" for x in net]
    assert [text for text in shown if text in signed] == signed
    bars = [(bar.get_x(), bar.get_width()) for bar in figure.axes[0].patches[:5]]
    top = table.loc[net.index[0]]
    assert [width for _, width in bars] == pytest.approx(list(top))
    assert bars[2][0] == pytest.approx(-top[3] / 2)  # the middle answer straddles zero


def test_likert_keeps_an_item_that_nobody_answered_and_refuses_items_of_two_scales():
    frame = DATA[["Q1", "Q2"]].assign(Q2=np.nan)
    shown = texts(likert_bars(answer_shares(frame, [1, 2, 3, 4, 5]), labels=ENGLISH))
    assert "no answers" in shown
    two = answer_shares(DATA[["Q1"]], [1, 2, 3, 4, 5])
    mixed = type(two)(items=(*two.items, frequencies(DATA["SEX"], [1, 2])))
    with pytest.raises(ValueError, match="items of one scale, got 2 sets of codes"):
        likert_bars(mixed, labels=ENGLISH)


def test_tier_distribution_shows_mean_and_n_of_every_tier():
    figure = FIGURES["tier_distribution"](CHINESE, False)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["满意度", "忠诚度"]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "普通客户",
        "银卡客户",
        "私人银行客户",
    ]
    numbers = Numbers(language="zh")
    for axes, comparison in zip(figure.axes, COMPARISONS[1:], strict=True):
        shown = [text.get_text() for text in axes.texts]
        assert shown == [f"{numbers.number(group.mean)}  (n = {group.n})" for group in comparison.groups]
        bars = [c for c in axes.collections if isinstance(c, LineCollection)]
        ends = [(bar.get_segments()[0][0][0], bar.get_segments()[0][1][0]) for bar in bars]
        assert ends == [pytest.approx((g.interval.low, g.interval.high)) for g in comparison.groups]


def test_tier_distribution_without_spread_shows_the_mean_alone():
    few = pd.Series([3.0, 4.0, np.nan, 5.0, 5.0], name="satisfaction")
    tiers = coded_categories(pd.Series([1.0, 1.0, 2.0, 3.0, 3.0], name="TIER"), QUESTIONNAIRE)
    found = compare_groups(few, tiers, rng=np.random.default_rng(1), resamples=20)
    figure = tier_distribution(few.to_frame(), [found], tiers, labels=ENGLISH)
    assert [text.get_text() for text in figure.axes[0].texts] == [
        "3.50  (n = 2)",
        "no answers",
        "5.00  (n = 2)",
    ]


def test_tier_profile_gives_each_tier_its_marker_and_each_construct_its_row():
    figure = FIGURES["tier_profile"](ENGLISH, False)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Quality", "Satisfaction", "Loyalty"]
    points = [line for line in axes.lines if line.get_marker() != "None"]
    means = [group.mean for comparison in COMPARISONS for group in comparison.groups]
    assert [float(point.get_xdata()[0]) for point in points] == pytest.approx(means)
    assert [point.get_marker() for point in points] == ["o", "s", "D"] * 3
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["Standard", "Silver", "Private banking"]


def test_importance_performance_puts_drivers_at_their_numbers():
    figure = FIGURES["importance_performance"](ENGLISH, False)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    at = [(float(p.get_xdata()[0]), float(p.get_ydata()[0])) for p in points]
    assert at == [pytest.approx((100 * d.lmg, d.performance)) for d in DRIVERS.drivers]
    assert {"Quality", "Satisfaction", "keep up", "improve first"} <= set(texts(figure))
    unbounded = key_drivers(
        SCORES["loyalty"], SCORES[["quality", "satisfaction"]], rng=np.random.default_rng(1), resamples=20
    )
    with pytest.raises(ValueError, match="no bounds"):
        importance_performance(unbounded, labels=ENGLISH)


@given(st.lists(st.tuples(st.floats(60, 390), st.floats(40, 260)), min_size=1, max_size=7, unique=True))
def test_labels_lie_inside_the_frame(points):
    frame = Box(left=0, bottom=0, right=450, top=300)
    boxes = place_labels(points, [(50.0, 12.0)] * len(points), [], frame)
    assert all(box.overlap(frame) == pytest.approx(600) for box in boxes)


def test_gaps_are_sorted_and_what_cannot_be_compared_says_so():
    figure = FIGURES["gaps"](ENGLISH, False)
    shown = [text.get_text() for text in figure.axes[0].texts]
    numbers = Numbers(language="en")
    first, second = (GAPS[i].difference for i in (1, 0))
    assert first.difference > second.difference
    assert shown[:3] == [
        f"{numbers.number(first.difference)} {numbers.interval(first.difference_interval)}",
        f"{numbers.number(second.difference)} {numbers.interval(second.difference_interval)}",
        "cannot be compared",
    ]
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["Timing 时间", "Staff 员工", "Nobody 无"]


def test_mediation_shows_every_path_once_and_the_three_effects():
    for mediation, drawn in ((SIMPLE, 3), (SERIAL, 6), (LONG, 5)):
        figure = mediation_path(mediation, labels=ENGLISH)
        numbers = Numbers(language="en")
        coefficients = [text for text in texts(figure) if text[0] in ".−" and "\n[" in text]
        assert len(coefficients) == drawn
        known = {
            f"{numbers.bounded(p.estimate)}\n{numbers.interval(p.interval, style='bounded')}"
            for p in mediation.paths
        }
        assert set(coefficients) <= known
        effects = [text for text in texts(figure) if "effect  " in text]
        name = "Serial indirect" if len(mediation.mediators) > 1 else "Indirect"
        assert effects[0] == (
            f"{name} effect  {numbers.bounded(mediation.estimate, 3)} "
            f"{numbers.interval(mediation.interval, 3, style='bounded')}"
        )
        assert len(effects) == 3
    assert "not in the picture" in words(mediation_path(LONG, labels=ENGLISH))


def test_a_path_whose_interval_holds_zero_is_dashed():
    rng = np.random.default_rng(3)
    x = pd.Series(rng.normal(size=80), name="quality")
    m = pd.DataFrame({"satisfaction": x + rng.normal(size=80)})
    y = pd.Series(m["satisfaction"] + rng.normal(size=80), name="loyalty")
    found = mediate(x, m, y, rng=rng, resamples=300)
    assert [path.interval.excludes(0) for path in found.paths].count(False) == 1
    figure = mediation_path(found, labels=ENGLISH)
    from matplotlib.patches import FancyArrowPatch

    arrows = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    dashed = [arrow.get_linestyle() != "-" for arrow in arrows]
    assert dashed == [not path.interval.excludes(0) for path in found.paths]
    broken = mediate(x[:4], m[:4], y[:4], rng=rng, resamples=50)
    with pytest.raises(ValueError, match="respondents for 3 variables"):
        mediation_path(broken, labels=ENGLISH)


def test_effects_forest_tells_verdicts_by_shape_and_shows_the_smallest_effect():
    figure = FIGURES["effects_forest"](ENGLISH, False)
    axes = figure.axes[0]
    markers = [line.get_marker() for line in axes.lines if line.get_marker() != "None"]
    assert markers == ["o", "s", "D"]
    shown = [text.get_text() for text in axes.texts]
    assert shown[:4] == ["0.31 [0.20, 0.42]", "0.00 [−0.05, 0.05]", "−0.300 [−0.400, −0.200]", "no estimate"]
    assert shown[4:] == ["H1", "P2b\ninteraction", "S1"]  # H1 stands once before its two effects
    bands = [c.get_paths()[0].get_extents() for c in axes.collections if not isinstance(c, LineCollection)]
    assert [(b.x0, b.x1) for b in bands] == [(-e.smallest_effect, e.smallest_effect) for e in EFFECTS]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:4] == ["supported", "not supported", "contradicted", "cannot tell"]
    with pytest.raises(ValueError, match="perhaps"):
        effects_forest(
            [Effect(id="H", label="", estimate=None, interval=None, smallest_effect=0.1, verdict="perhaps")],
            labels=ENGLISH,
        )


def test_sample_profile_shows_counts_and_hides_small_ones():
    shown = texts(FIGURES["sample_profile"](CHINESE, False))
    women = PROFILE[0].categories[0]
    assert "性别 (n = 150)" in shown
    assert f"{Numbers(language='zh').percent(women.estimate)} ({women.count})" in shown
    ages = frequencies(pd.Series([1.0] * 20 + [2.0] * 9 + [3.0] * 3, name="AGE"), [1, 2, 3])
    shown = texts(sample_profile([ages], labels=ENGLISH, minimum_cell=5))
    assert {"62.5% (20)", "not shown", "< 5"} <= set(shown)
    assert not any("(9)" in text or "(3)" in text for text in shown)


@pytest.mark.parametrize(
    ("counts", "hidden"), [((20, 9, 3), {2, 3}), ((20, 3, 3), {2, 3}), ((20, 9, 0), set()), ((3, 0, 0), {1})]
)
def test_a_hidden_count_cannot_be_worked_out(counts, hidden):
    codes = [float(code) for code, count in enumerate(counts, 1) for _ in range(count)]
    assert hidden_answers(frequencies(pd.Series(codes, name="AGE"), [1, 2, 3]), 5) == hidden


def test_nps_shows_shares_score_and_everyone_last():
    figure = FIGURES["nps"](ENGLISH, False)
    bars, scores = figure.axes
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert [label.split("\n")[0] for label in labels] == [
        "Standard",
        "Silver",
        "Private banking",
        "All respondents",
    ]
    numbers = Numbers(language="en")
    rows = (*NPS.groups, NPS.overall)
    assert [text.get_text() for text in scores.texts] == [numbers.number(row.estimate, 0) for row in rows]
    widths = [bar.get_width() for bar in bars.patches[:3]]
    standard = NPS.groups[0]
    counts = (standard.detractors, standard.passives, standard.promoters)
    assert widths == pytest.approx([100 * count / standard.n for count in counts])
    alone = nps_by_tier(net_promoter_score(DATA["NPS"]), labels=ENGLISH)
    assert [label.get_text() for label in alone.axes[0].get_yticklabels()] == ["All respondents\nn = 150"]


def test_screening_flow_adds_up_and_names_every_rule_there_is():
    shown = texts(FIGURES["screening_flow"](ENGLISH, False))
    set_aside = [rule.n_first for rule in SCREENING.ledger]
    assert f"Respondents read from the file\nn = {len(DATA)}" in shown
    assert f"Respondents analysed\nn = {len(DATA) - sum(set_aside)}" in shown
    at = shown.index("Failed an attention check")
    assert shown[at + 1] == f"n = {set_aside[0]}"
    assert set_aside[0] > 0
    assert shown[shown.index("Answered too fast") + 1] == "could not be applied"
    assert set(RULES) == set(OPTIONS)


def test_correlations_fill_the_lower_triangle():
    figure = FIGURES["correlations"](ENGLISH, False)
    axes = figure.axes[0]
    pairs = (("quality", "satisfaction"), ("quality", "loyalty"), ("satisfaction", "loyalty"))
    numbers = Numbers(language="en")
    expected = [numbers.bounded(CORRELATIONS.between(*pair).estimate) for pair in pairs]
    assert [text.get_text() for text in axes.texts][:3] == expected
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Satisfaction  2", "Loyalty  3"]
    assert "Quality  1" in texts(figure)
    constant = correlation_matrix(SCORES.assign(quality=3.0))
    assert "nan" not in words(correlation_heat_map(constant, labels=ENGLISH))


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["likert", "tier_distribution", "simple_mediation"])
def test_the_same_figure_gives_the_same_bytes(name, tmp_path):
    kinds = ("png", "svg", "pdf")
    first, again = FIGURES[name](CHINESE, True), FIGURES[name](CHINESE, True)
    one = save(first, tmp_path / "one", formats=kinds)
    two = save(again, tmp_path / "two", formats=kinds)
    three = save(first, tmp_path / "three", formats=kinds)  # a figure is not changed by being saved
    for files in zip(one, two, three, strict=True):
        assert len({path.read_bytes() for path in files}) == 1, files
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        f"{stem}.{kind}" for stem in ("one", "two", "three") for kind in kinds
    )


def test_svg_holds_its_words_as_words_and_no_date(tmp_path):
    (path,) = save(FIGURES["nps"](CHINESE, False), tmp_path / "v1.2", formats=("svg",))
    svg = path.read_text("utf-8")
    assert path.name == "v1.2.svg"
    assert "私人银行客户" in svg
    assert "Noto Sans SC" in svg
    assert "<dc:date>" not in svg


def test_with_system_fonts_hidden_every_chinese_figure_has_its_letters(monkeypatch, tmp_path):
    from matplotlib.font_manager import fontManager

    folder = Path(matplotlib.get_data_path())
    own = [entry for entry in fontManager.ttflist if folder in Path(entry.fname).parents]
    assert own
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(fonts, "font_folders", tuple)
    fontManager._findfont_cached.cache_clear()
    for name, draw in FIGURES.items():
        save(draw(CHINESE, True), tmp_path / name, formats=("svg",))
    used = {
        Path(entry.fname).name for entry in fontManager.ttflist if folder not in Path(entry.fname).parents
    }
    assert used == {"NotoSansSC-Regular.otf"}


def test_letters_that_no_font_has_stop_the_figure(tmp_path):
    strange = Gap(label="Runes ᚠᚢ", difference=GAPS[0].difference)
    figure = gap_dumbbells([strange], first="a", second="b", labels=ENGLISH)
    with pytest.raises(fonts.MissingGlyphsError, match="ᚠ U\\+16A0 RUNIC LETTER FEHU") as caught:
        save(figure, tmp_path / "runes")
    assert caught.value.characters == ("ᚠ", "ᚢ")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    figure = FIGURES["nps"](ENGLISH, False)
    (path,) = save(figure, tmp_path / "nps", formats=("png",))
    before = path.read_bytes()

    def full(file, **_):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(figure, "savefig", full)
    with pytest.raises(OSError, match="No space left"):
        save(figure, tmp_path / "nps", formats=("png",))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["nps.png"]
    with pytest.raises(ValueError, match="png, svg, pdf, not as gif"):
        save(figure, tmp_path / "nps", formats=("gif",))


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    matplotlib.rcParams["font.size"] = 21
    try:
        before = dict(matplotlib.rcParams)
        figure = FIGURES["likert"](ENGLISH, False)
        save(figure, tmp_path / "likert", formats=("svg",))
        assert dict(matplotlib.rcParams) == before
        sizes = {text.get_fontsize() for text in figure.axes[0].get_yticklabels()}
        assert sizes == {DEFAULT.size}
    finally:
        matplotlib.rcdefaults()


# ---------------------------------------------------------------- fonts, theme, line breaks


def test_a_system_font_is_found_by_name_when_the_package_is_gone(tmp_path, monkeypatch):
    deep = tmp_path / "opentype" / "noto"
    deep.mkdir(parents=True)
    (deep / "notosanscjk-regular.ttc").write_bytes(b"")
    assert fonts.system_font(fonts.SYSTEM_SANS, [tmp_path]) == deep / "notosanscjk-regular.ttc"
    assert fonts.system_font(fonts.SYSTEM_SERIF, [tmp_path, tmp_path / "nowhere"]) is None
    monkeypatch.setitem(__import__("sys").modules, "pylopdf_fonts_zh_cn", None)
    monkeypatch.setattr(fonts, "font_folders", lambda: (tmp_path,))
    assert fonts.sans.__wrapped__() == deep / "notosanscjk-regular.ttc"
    with pytest.raises(fonts.MissingFontError, match="Install the package pylopdf-fonts-zh-cn"):
        fonts.serif.__wrapped__()


def test_opinion_colours_mirror_and_do_not_repeat():
    theme = Theme()
    for k in range(2, 12):
        colours = theme.opinion_colours(k)
        assert len(colours) == len(set(colours)) == k
    assert theme.opinion_colours(7)[3] == theme.neutral
    assert theme.opinion_colours(4)[0] == theme.disagree[-1]
    assert theme.opinion_colours(4)[-1] == theme.agree[-1]


def test_text_is_as_wide_as_matplotlib_sets_it():
    for text in ("Neither agree nor disagree", "既不同意也不反对", "n = 1,234 人"):
        with DEFAULT.applied():
            figure = Figure(figsize=(6, 1), dpi=300)
            drawn = figure.text(0, 0.5, text, fontsize=20).get_window_extent().width / 300
        assert text_width(text, 20) == pytest.approx(drawn, rel=0.03)


@given(
    st.text("关于本行的客户分层，您同意吗？（请）“选”择 abc the bank's tier, yes. 100%", max_size=60),
    st.floats(0.6, 3),
)
def test_wrapping_keeps_the_text_and_the_width(text, width):
    lines = wrapped(text, width, 8.5).split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for before, line in pairwise(lines):
        # punctuation may begin a line only where it stood free before
        assert line[0] not in NOT_FIRST or not before.strip() or f" {line[0]}" in " ".join(text.split())
    longest = max((len(part) for part in text.split()), default=0)
    if longest < 3:
        assert all(text_width(line, 8.5) <= width + 0.35 for line in lines)


def test_wrapping_balances_lines_and_marks_what_it_cuts():
    assert wrapped("one two three four", 10, 8.5) == "one two three four"
    assert wrapped("aaaa bbbb cccc dddd", text_width("aaaa bbbb cccc", 8.5), 8.5) == "aaaa bbbb\ncccc dddd"
    assert wrapped("aaaa bbbb cccc dddd", text_width("aaaa bbbb", 8.5), 8.5, lines=1).endswith("…")


def test_intervals_of_one_figure_share_their_level():
    nine, ninety = (
        Interval(low=0, high=1, confidence_level=0.9),
        Interval(low=0, high=1, confidence_level=0.95),
    )
    assert level_of(ENGLISH, [None, nine, nine]) == "90%"
    with pytest.raises(ValueError, match="confidence levels"):
        level_of(ENGLISH, [nine, ninety])
