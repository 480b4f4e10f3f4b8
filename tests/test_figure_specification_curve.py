"""The figure of a specification curve: order, dots, words, in both languages."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.results import Interval
from analysis.specification_curve import Specification, SpecificationCurve
from reports import fonts
from reports.figures.specification_curve import CHOICES, DIMENSIONS, choice_name, specification_curve
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, save
from surveys.study import DeclaredTest, Study

STUDY = Study.load("bank_tiering")
ENGLISH, CHINESE = (
    Labels(questionnaire=STUDY.populations["customers"].questionnaire, language=language)
    for language in ("en", "zh")
)
OPTIONS = {
    "screening": ("all_rules", "without_duration", "without_straightlining", "without_missing_2", "no_rules"),
    "statistic": ("standardized_coefficient", "rank_coefficient"),
    "scores": ("answered", "complete"),
    "controls": ("declared", "none"),
    "clusters": ("counted", "ignored"),
}


def made(
    options: dict[str, tuple[str, ...]], *, middle: float = 0.12, bound: float = 0.1
) -> SpecificationCurve:
    """A curve whose estimates spread about ``middle``; the last analysis could not be run."""
    rng = np.random.default_rng(3)
    specs = []
    chosen = [dict(zip(options, words, strict=True)) for words in product(*options.values())]
    for place, choices in enumerate(chosen):
        estimate = middle + 0.08 * rng.normal()
        low, high = estimate - 0.06, estimate + 0.06
        zone = "beyond" if low > bound else "short" if high < bound else "straddles"
        specs.append(
            Specification(
                choices=choices, declared=place == 0, method="OLS", n=300, estimate=estimate,
                interval=Interval(low=low, high=high), own_estimate=estimate, zone=zone,
            )
        )  # fmt: skip
    specs[-1] = replace(specs[-1], estimate=None, interval=None, zone=None, state="too_few", reason="n = 3")
    test = DeclaredTest(
        kind="path",
        population="customers",
        variables={"predictor": ("effectiveness",), "outcome": ("loyalty",)},
        smallest_effect=bound,
    )
    return SpecificationCurve(
        hypothesis="H2",
        position=0,
        test=test,
        measure="standardized_coefficient",
        specifications=tuple(specs),
    )


CURVE = made(OPTIONS)
SMALL = made({"screening": ("all_rules", "no_rules"), "statistic": ("hedges_g", "cliffs_delta")}, middle=0.4)
MIXED = made(
    {
        "screening": ("all_rules", "no_rules"),
        "clusters": ("counted", "ignored", "random_intercept"),
        "weights": ("used", "ignored"),
    }
)
SINGLE = made({"screening": ("all_rules", "without_attention", "no_rules")}, middle=-0.3)


def drawn(figure: Figure) -> list[Text]:
    """All words that can be seen within the ends of their axes."""
    beyond = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                hidden = axis is axes.xaxis  # no numbers along the analyses
                if hidden or not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    beyond |= {tick.label1, tick.label2}
    shown = [artist for artist in figure.findobj(Text) if isinstance(artist, Text) and artist not in beyond]
    return [artist for artist in shown if artist.get_visible() and artist.get_text().strip()]


def texts(figure: Figure) -> list[str]:
    return [artist.get_text().replace("\n", " ") for artist in drawn(figure)]


@pytest.mark.parametrize("labels", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("curve", [CURVE, SMALL, SINGLE, MIXED], ids=["large", "small", "single", "mixed"])
def test_no_words_are_cut_or_lie_on_each_other(curve, labels):
    figure = specification_curve(curve, labels=labels, synthetic=True)
    note = {"en": "Synthetic data", "zh": "合成数据"}[labels.language]
    assert texts(figure).count(note) == 1
    assert note not in texts(specification_curve(curve, labels=labels))
    assert not any("-0" in text for text in texts(figure))
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
        assert width <= 1 or height <= 3, (text, other)


def test_estimates_rise_and_each_has_its_interval():
    figure = specification_curve(CURVE, labels=ENGLISH)
    axes = figure.axes[0]
    points = [
        line for line in axes.lines if line.get_marker() in ("o", "X", "s") and line.get_mfc() != "none"
    ]
    heights = [float(point.get_ydata()[0]) for point in points]
    assert heights == [spec.estimate for spec in CURVE.run]
    assert heights == sorted(heights)
    assert len(heights) == 79  # of 80: one could not be run
    bars = [c.get_segments()[0] for c in axes.collections if isinstance(c, LineCollection)]
    assert [(bar[0][1], bar[1][1]) for bar in bars] == [
        pytest.approx((spec.interval.low, spec.interval.high)) for spec in CURVE.run
    ]
    (ring,) = [line for line in axes.lines if line.get_mfc() == "none"]
    assert float(ring.get_ydata()[0]) == CURVE.declared.estimate
    (band,) = [patch for patch in axes.patches if patch.get_height() == pytest.approx(0.2)]
    assert band.get_y() == pytest.approx(-0.1)


def test_every_analysis_has_one_dot_in_each_dimension():
    figure = specification_curve(CURVE, labels=ENGLISH)
    rows = [line for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert len(rows) == sum(map(len, OPTIONS.values()))
    at = iter(rows)
    for dimension, choices in OPTIONS.items():
        dots = []
        for choice in choices:
            xs = [int(x) for x in next(at).get_xdata()]
            assert {CURVE.run[x].choices[dimension] for x in xs} == {choice}
            dots += xs
        assert sorted(dots) == list(range(79))
    shown = texts(figure)
    counts = [text for text in shown if " of " in text and text[0].isdigit()]
    assert counts == [f"{holding} of {analyses}" for holding, analyses in CURVE.by_choice().values()]
    assert "79 analyses, from the lowest to the highest estimate" in shown


def test_chinese_figures_hold_no_english_words():
    words = " ".join(texts(specification_curve(CURVE, labels=CHINESE, synthetic=True)))
    assert not any(letter.isascii() and letter.isalpha() for letter in words)
    assert "不用：缺答过多（2）" in words
    assert Numbers(language="zh").count(79) + "种分析，按估计值由低到高排列" in words


def test_the_legend_names_what_occurs_and_nothing_else():
    named = [text.get_text() for text in specification_curve(SMALL, labels=ENGLISH).legends[0].get_texts()]
    assert named == ["Smaller than the smallest effect of interest", "Beyond it", "As declared"]
    lost = replace(CURVE, specifications=(CURVE.specifications[-1], *CURVE.specifications[1:-1]))
    named = [text.get_text() for text in specification_curve(lost, labels=ENGLISH).legends[0].get_texts()]
    assert "As declared" not in named
    assert len(named) == 1 + len(lost.zones)


def test_too_few_analyses_are_no_curve():
    one = replace(CURVE, specifications=CURVE.specifications[:1])
    with pytest.raises(ValueError, match="H2, test 1: 1 analyses give no curve; at least 2 are needed"):
        specification_curve(one, labels=ENGLISH)


def test_every_choice_has_a_name_in_both_languages():
    for labels in (ENGLISH, CHINESE):
        for dimension, choice in CHOICES:
            assert dimension in DIMENSIONS
            assert choice_name(labels, dimension, choice) != choice
    assert choice_name(ENGLISH, "screening", "without_attention") == "Without: Failed an attention check"
    assert choice_name(ENGLISH, "statistic", "r_squared") == "r_squared"  # never stands beside another


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    first, again = (
        save(specification_curve(CURVE, labels=CHINESE), tmp_path / name, formats=("svg",)) for name in "ab"
    )
    assert first[0].read_bytes() == again[0].read_bytes()
