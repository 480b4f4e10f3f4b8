"""Figures of tiers and surfaces through what they show: words, numbers, what is hidden, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.text import Text

from analysis.design.design import survey_design
from analysis.gap_map import GapRow, gap_map
from analysis.importance_performance import importance_performance
from analysis.inputs import coded_categories
from analysis.response_surface import response_surface
from analysis.tier_migration import tier_migration
from analysis.weighted.tier_migration import weighted_migration
from reports import fonts
from reports.figures.alluvial import alluvial, hidden_transitions, streams
from reports.figures.gap_heat_map import gap_heat_map, keyed_name, parts
from reports.figures.quadrant_map import quadrant_map
from reports.figures.response_surface import response_surface_contours, surface_at
from reports.labels import Labels
from reports.numbers import Numbers
from reports.theme import DEFAULT, save
from tests.test_figures import (
    CHINESE,
    ENGLISH,
    GROUPS,
    KEYED,
    OTHERS,
    QUESTIONNAIRE,
    SCORES,
    answers,
    drawn,
    texts,
    words,
)

ITEMS = ["Q1", "Q2", "S1", "S2"]
MAP = importance_performance(
    SCORES["loyalty"], KEYED[ITEMS], bounds=dict.fromkeys(ITEMS, (1, 5)), rng=np.random.default_rng(1),
    tiers=GROUPS, resamples=200, minimum_n=20,
)  # fmt: skip
ROWS = [
    GapRow(name="quality", first="quality", second="quality", width=4),
    GapRow(name="Q1", first="Q1", second="Q1", construct="quality", width=4),
    GapRow(name="Q2", first="Q2", second="Q2", construct="quality", width=4),
    GapRow(name="satisfaction", first="satisfaction", second="satisfaction", width=4),
    GapRow(name="S2", first="S2", second="S2", construct="satisfaction", width=4),
    GapRow(name="NPS", first="NPS", second="NPS", width=4),
]
FIRST = pd.concat([KEYED, SCORES], axis=1)
SECOND = OTHERS.assign(
    S2=6 - OTHERS["S2"], Q2=OTHERS["Q2"] - 1.5, quality=OTHERS["Q1"], satisfaction=OTHERS["S1"]
)
GAPS = gap_map(FIRST, SECOND, ROWS, tiers=GROUPS, minimum_n=5)
BELIEVED = coded_categories(answers(seed=8)["TIER"].rename("TIER"), QUESTIONNAIRE).rename("SEX")
MOVES = tier_migration(GROUPS, BELIEVED)
SURFACE = response_surface(SCORES["quality"], SCORES["satisfaction"], SCORES["loyalty"], center=3)
NAMES = {
    labels.language: {row.name: keyed_name(row.name, labels) for row in ROWS} for labels in (ENGLISH, CHINESE)
}


def gaps(labels: Labels, synthetic: bool, **options) -> Figure:
    return gap_heat_map(
        GAPS, NAMES[labels.language], first="Customers 客户", second="Staff 员工", labels=labels,
        synthetic=synthetic, **options,
    )  # fmt: skip


FIGURES: dict[str, Callable[[Labels, bool], Figure]] = {
    "quadrants": lambda labels, synthetic: quadrant_map(MAP, labels=labels, synthetic=synthetic),
    "quadrants_of_all": lambda labels, synthetic: quadrant_map(
        replace(MAP, maps=MAP.maps[:1]), labels=labels, synthetic=synthetic
    ),
    "gaps": gaps,
    "alluvial": lambda labels, synthetic: alluvial(MOVES, labels=labels, synthetic=synthetic),
    "surface": lambda labels, synthetic: response_surface_contours(
        SURFACE, limits=(1, 5), labels=labels, answers=SCORES[["quality", "satisfaction"]], synthetic=synthetic
    ),
}  # fmt: skip
EVERY_FIGURE = [
    pytest.param(draw, labels, id=f"{name}-{labels.language}")
    for name, draw in FIGURES.items()
    for labels in (ENGLISH, CHINESE)
]


@pytest.mark.parametrize(("draw", "labels"), EVERY_FIGURE)
def test_no_words_are_cut_or_lie_on_each_other(draw, labels):
    figure = draw(labels, True)
    note = {"en": "Synthetic data", "zh": "合成数据"}[labels.language]
    assert texts(figure).count(note) == 1
    assert note not in texts(draw(labels, False))
    assert not any("-0" in text or text == "−0.00" for text in texts(figure))
    fonts.require_glyphs(texts(figure))
    assert figure.get_size_inches()[0] == DEFAULT.width
    with DEFAULT.applied():
        figure.draw_without_rendering()
        level = [artist for artist in drawn(figure) if artist.get_rotation() in (0, 90)]
        # the words alone: an annotation's own extent takes in its leader
        seen = [(artist.get_text(), Text.get_window_extent(artist)) for artist in level]
    assert len(seen) > 8
    for text, box in seen:
        assert min(box.x0, box.y0) >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text
        assert box.y1 <= figure.bbox.height + 1, text
    for (text, box), (other, neighbour) in combinations(seen, 2):
        width = min(box.x1, neighbour.x1) - max(box.x0, neighbour.x0)
        height = min(box.y1, neighbour.y1) - max(box.y0, neighbour.y0)
        assert width <= 1 or height <= 3, (text, other)


def test_chinese_figures_hold_no_english_words():
    allowed = {"n", "p", "Holm", "Stuart", "Maxwell", "Customers", "Staff", "a1", "a2", "a3", "a4", "a"}
    for name, draw in FIGURES.items():
        letters = "".join(c if c.isascii() and c.isalpha() else " " for c in words(draw(CHINESE, True)))
        assert set(letters.split()) <= allowed, (name, set(letters.split()) - allowed)


def test_quadrants_show_the_probability_of_every_driver():
    figure = FIGURES["quadrants"](ENGLISH, False)
    numbers = Numbers(language="en")
    for axes, one in zip(figure.axes, MAP.maps, strict=True):
        for number, point in enumerate(one.points, 1):
            label = f"{number} ({numbers.percent(point.probability, 0)})"
            assert label in [text.get_text() for text in axes.texts]
        markers = [line for line in axes.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in markers] == pytest.approx(
            [100 * p.importance for p in one.points]
        )
        hollow = [line.get_markerfacecolor() == DEFAULT.paper for line in markers]
        assert hollow == [point.probability < 0.95 for point in one.points]


def test_a_tier_without_a_map_says_so_and_keeps_its_size_to_itself():
    small = importance_performance(
        SCORES["loyalty"], KEYED[ITEMS], bounds=dict.fromkeys(ITEMS, (1, 5)), rng=np.random.default_rng(1),
        tiers=GROUPS, resamples=50, minimum_n=40,
    )  # fmt: skip
    states = [one.state for one in small.maps]
    assert states[-1] == "too_few"
    figure = quadrant_map(small, labels=ENGLISH)
    title = figure.axes[-1].get_title(loc="left")
    assert title == "Private banking"
    assert "too few answers for a map" in texts(figure)
    hidden_too = quadrant_map(MAP, labels=ENGLISH, minimum_cell=50)
    assert texts(hidden_too).count("too few answers for a map") == sum(one.n < 50 for one in MAP.maps) > 0
    with pytest.raises(ValueError, match="no map of importance and performance for loyalty"):
        quadrant_map(MAP, labels=ENGLISH, minimum_cell=10_000)


def test_gaps_stand_in_their_cells_and_brackets_mark_what_is_not_significant():
    figure = gaps(ENGLISH, False)
    shown = [text.get_text() for text in figure.axes[0].texts if text.get_text()[0] in "(+−0"]
    numbers = Numbers(language="en")
    expected = []
    for cell in GAPS.cells:
        text = numbers.number(cell.estimate)
        text = f"+{text}" if cell.estimate > 0 and text != "0.00" else text
        expected.append(text if cell.p_adjusted < 0.05 else f"({text})")
    assert shown == expected
    assert any(text.startswith("(") for text in shown)
    assert any(not text.startswith("(") for text in shown)
    assert f"Holm's correction over {GAPS.family} tests" in words(figure)


def test_colours_of_gaps_are_symmetric_and_the_same_in_every_part():
    whole = gaps(ENGLISH, False)
    part = gaps(ENGLISH, False, rows=["satisfaction", "S2"])
    assert {axes.get_xlim() for axes in (whole.axes[1], part.axes[1])} == {whole.axes[1].get_xlim()}
    low, high = whole.axes[1].get_xlim()
    assert low == -high
    faces = [patch.get_facecolor() for patch in whole.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(faces) == len(GAPS.cells)
    middle = len(GAPS.tiers) + 1
    again = [patch.get_facecolor() for patch in part.axes[0].patches if isinstance(patch, Rectangle)]
    assert again == faces[3 * middle : 5 * middle]
    for cell, face in zip(GAPS.cells, faces, strict=True):
        if abs(cell.estimate) > 0.1:
            assert (face[2] > face[0]) == (cell.estimate > 0)  # blue where the first are higher


def test_small_tiers_of_a_gap_map_are_not_shown_nor_to_be_worked_out():
    counts = GROUPS.value_counts(sort=False)
    least = int(counts.min()) + 1
    shown = texts(gaps(ENGLISH, False, minimum_cell=least))
    hidden_cells = [text for text in shown if text == "–"]
    assert len(hidden_cells) >= len(ROWS)
    assert "too few answers" in " ".join(shown)
    assert "too few answers" not in words(gaps(ENGLISH, False, minimum_cell=1))


def test_parts_keep_constructs_whole_and_leave_out_rows_without_items():
    assert parts(GAPS) == (("quality", "Q1", "Q2", "satisfaction", "S2"),)
    assert parts(GAPS, 3) == (("quality", "Q1", "Q2"), ("satisfaction", "S2"))
    assert keyed_name("S2", ENGLISH).endswith("(reverse-worded)")
    assert not keyed_name("S1", ENGLISH).endswith("(reverse-worded)")
    wide = replace(GAPS, rows=(*GAPS.rows[:-1], replace(GAPS.rows[-1], width=10)))
    with pytest.raises(ValueError, match=r"scales are \[4, 10\] points wide"):
        gap_heat_map(wide, NAMES["en"], first="a", second="b", labels=ENGLISH)


def test_streams_are_as_high_as_their_counts_and_fill_the_columns():
    counts = MOVES.counts()
    found = streams(counts)
    room = 1 - 0.035 * (len(counts) - 1)
    for stream in found:
        share = counts[stream.first, stream.second] / counts.sum()
        assert stream.left[1] - stream.left[0] == pytest.approx(share * room)
        assert stream.right[1] - stream.right[0] == pytest.approx(share * room)
    assert max(stream.left[1] for stream in found) == pytest.approx(1)
    assert max(stream.right[1] for stream in found) == pytest.approx(1)
    for side in ("left", "right"):
        ends = sorted(getattr(stream, side) for stream in found)
        assert all(low[1] <= high[0] + 1e-12 for low, high in pairwise(ends))
    figure = FIGURES["alluvial"](ENGLISH, False)
    drawn_streams = [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]
    assert len(drawn_streams) == int((~hidden_transitions(counts, 5) & (counts > 0)).sum())
    up = MOVES.moved("up")
    assert f"Right higher: {Numbers(language='en').percent(up.share)}" in words(figure)


def test_weighted_streams_are_as_high_as_the_shares_of_the_population():
    design = survey_design(np.where(GROUPS.cat.categories[0] == GROUPS, 9.0, 1.0))
    moves = weighted_migration(GROUPS, BELIEVED, design)
    shares = moves.shares()
    room = 1 - 0.035 * (len(shares) - 1)
    for stream in streams(shares):
        height = stream.left[1] - stream.left[0]
        assert height == pytest.approx(shares[stream.first, stream.second] * room)
        assert stream.share == pytest.approx(
            moves.transitions[stream.first * len(shares) + stream.second].share
        )
    figure = alluvial(moves, labels=ENGLISH)
    patches = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    heights = [patch.get_height() / room for patch in patches]
    assert heights == pytest.approx([*shares.sum(axis=1), *shares.sum(axis=0)])
    drawn_streams = [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]
    counts = MOVES.counts()  # respondents decide what is hidden, not their weights
    assert len(drawn_streams) == int((~hidden_transitions(counts, 5) & (counts > 0)).sum())
    shown = words(figure)
    assert f"Right higher: {Numbers(language='en').percent(moves.moved('up').share)}" in shown
    assert "Wald test of the design" in shown
    assert "Stuart" not in shown


@pytest.mark.parametrize("seed", range(12))
def test_hidden_streams_cannot_be_worked_out_from_rows_and_columns(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 25, (4, 4)) * rng.integers(0, 2, (4, 4)) + rng.integers(0, 9, (4, 4))
    unseen = hidden_transitions(counts, 5)
    assert (unseen >= ((counts > 0) & (counts < 5))).all()
    for line, mask in (*zip(counts, unseen, strict=True), *zip(counts.T, unseen.T, strict=True)):
        others = (line > 0) & ~mask
        if mask.any() and others.any():
            assert mask.sum() >= 2
            assert line[mask].sum() >= 5
    assert not hidden_transitions(np.full((3, 3), 9), 5).any()


def test_the_surface_is_the_regression_and_its_point_shows_only_on_the_scale():
    x, y, z = SCORES["quality"], SCORES["satisfaction"], SCORES["loyalty"]
    whole = x.notna() & y.notna() & z.notna()
    assert float(surface_at(SURFACE, x[whole].to_numpy(), y[whole].to_numpy()).mean()) == pytest.approx(
        float(z[whole].mean()), rel=1e-9
    )
    rng = np.random.default_rng(2)
    a, b = (
        pd.Series(rng.integers(1, 6, 300).astype(float), name=name) for name in ("quality", "satisfaction")
    )

    def hill(top: float) -> Figure:
        height = (3 - 0.3 * (a - top) ** 2 - 0.3 * (b - top) ** 2 + 0.05 * rng.normal(size=300)).rename(
            "loyalty"
        )
        return response_surface_contours(
            response_surface(a, b, height, center=3), limits=(1, 5), labels=ENGLISH
        )

    inside, outside = hill(3.2), hill(8.0)
    assert "highest point" in texts(inside)
    assert any(line.get_marker() == "X" for line in inside.axes[0].lines)
    assert not any(line.get_marker() == "X" for line in outside.axes[0].lines)
    assert "The highest point lies outside the scale." in words(outside)
    for axes in (inside.axes[0], outside.axes[0]):
        along, across = axes.lines[:2]
        assert list(along.get_xdata()) == list(along.get_ydata())
        assert [x + y for x, y in zip(across.get_xdata(), across.get_ydata(), strict=True)] == [6, 6]


def test_circles_stand_only_where_enough_answered():
    few = pd.DataFrame({"x": [1.0] * 9 + [4.0] * 4, "y": [2.0] * 9 + [4.0] * 4})
    figure = response_surface_contours(SURFACE, limits=(1, 5), labels=ENGLISH, answers=few)
    circles = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [(round(c.get_xdata()[0]), round(c.get_ydata()[0])) for c in circles] == [(1, 2)]
    broken = response_surface(
        SCORES["quality"], SCORES["quality"].rename("again"), SCORES["loyalty"], center=3
    )
    with pytest.raises(ValueError, match="no surface of loyalty: the terms determine each other"):
        response_surface_contours(broken, limits=(1, 5), labels=ENGLISH)


def test_nobody_with_both_tiers_has_no_streams():
    nobody = tier_migration(GROUPS[:0], BELIEVED[:0])
    with pytest.raises(ValueError, match="no streams from TIER to SEX: 0 respondents"):
        alluvial(nobody, labels=ENGLISH)


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_figure_gives_the_same_bytes(name, tmp_path):
    first, again = (save(FIGURES[name](CHINESE, True), tmp_path / f, formats=("svg",)) for f in "ab")
    assert first[0].read_bytes() == again[0].read_bytes()
