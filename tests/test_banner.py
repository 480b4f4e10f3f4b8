import io
import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.banners.banner import Closed, Multiple, Number, Rating, banner, top_and_bottom
from analysis.banners.counts import OverlappingSpan, Span, lay_out, letter, positions
from analysis.banners.letters import LetterRules
from analysis.banners.rows import banner_items
from analysis.banners.waves import compare_waves
from analysis.crosstabs import association, multiple_response
from analysis.design.design import survey_design
from analysis.design.means import weighted_mean
from analysis.design.tables import weighted_table
from analysis.nps import net_promoter_score
from reports.banner_excel import banner_workbook, write_banner
from reports.banner_labels import BannerLabels
from reports.banner_table import banner_tables
from reports.document import Document, check
from reports.labels import Labels
from reports.numbers import Numbers
from surveys.study import Study

FIVE = (1, 2, 3, 4, 5)


def same(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(11)
    n = 400
    tier = rng.integers(1, 5, n)
    frame = pd.DataFrame(
        {
            "SAT": np.clip(np.round(2 + 0.4 * tier + rng.normal(size=n)), 1, 5),
            "NPS": np.clip(np.round(5 + tier + 2 * rng.normal(size=n)), 0, 10),
            "AUM": np.round(np.exp(tier + rng.normal(size=n)), 2),
            "CH_1": (rng.uniform(size=n) < 0.5).astype(float),
            "CH_2": (rng.uniform(size=n) < 0.2 * tier).astype(float),
            "CH_3": (rng.uniform(size=n) < 0.3).astype(float),
            "TIER": pd.Categorical(tier, categories=[1, 2, 3, 4]),
            "SEX": pd.Categorical(rng.integers(1, 3, n), categories=[1, 2]),
            "W": rng.uniform(0.4, 3, n),
        }
    )
    for name in ("SAT", "NPS", "AUM", "TIER"):
        frame.loc[rng.choice(n, 15, replace=False), name] = np.nan
    frame.loc[rng.choice(n, 10, replace=False), ["CH_1", "CH_2", "CH_3"]] = np.nan
    return frame


ITEMS = [
    Closed(name="SAT", codes=FIVE, boxes=top_and_bottom(FIVE), mean=True),
    Multiple(name="CH", options=("CH_1", "CH_2", "CH_3")),
    Number(name="AUM"),
    Rating(name="NPS"),
]
SPANS = [
    Span(variables=("TIER",)),
    Span(variables=("SEX", "TIER")),
    OverlappingSpan(name="CH", options=("CH_1", "CH_2", "CH_3")),
]


@pytest.fixture(scope="module")
def table(answers):
    return banner(answers, ITEMS, SPANS, weights=answers["W"])


def members(answers, column):
    """Who stands in a column, found the slow way."""
    mask = pd.Series(True, index=answers.index)
    for variable, category in column.path:
        mask &= answers[category] == 1 if variable == "CH" else answers[variable] == int(category)
    return mask


def test_every_cell_equals_the_slow_way(answers, table):
    assert len(table.columns) == 1 + 4 + 8 + 3
    for i, column in enumerate(table.columns):
        inside = members(answers, column)
        sat = answers[inside & answers["SAT"].notna()]
        w = sat["W"]
        item = table.item("SAT")
        assert (item.n[i], item.weighted_n[i]) == same((len(sat), w.sum()))
        assert item.effective_n[i] == same(w.sum() ** 2 / (w**2).sum())
        rows = {row.name: row for row in item.rows}
        for code in FIVE:
            share = w[sat["SAT"] == code].sum() / w.sum()
            assert rows[str(code)].estimate[i] == same(share)
            assert rows[str(code)].count[i] == (sat["SAT"] == code).sum()
            assert rows[str(code)].std_error[i] == same(np.sqrt(share * (1 - share) / item.effective_n[i]))
        assert rows["top2"].estimate[i] == same(w[sat["SAT"] >= 4].sum() / w.sum())
        assert rows["bottom2"].estimate[i] == same(w[sat["SAT"] <= 2].sum() / w.sum())
        assert rows["mean"].estimate[i] == same(np.average(sat["SAT"], weights=w))
        money = answers[inside & answers["AUM"].notna()]
        assert table.item("AUM").rows[0].estimate[i] == same(np.average(money["AUM"], weights=money["W"]))
        rated = answers[inside & answers["NPS"].notna()]
        score = 100 * np.average((rated["NPS"] >= 9).astype(int) - (rated["NPS"] <= 6), weights=rated["W"])
        assert table.item("NPS").rows[3].estimate[i] == same(score)


def test_row_shares_and_shares_of_answers_add_up(table):
    for row in table.item("SAT").rows[:5]:
        tiers = [i for i, column in enumerate(table.columns) if column.span == "TIER"]
        assert row.row_share[0] == 1
        assert row.row_share[tiers].sum() <= 1 + 1e-12  # those without a tier are in the total only
    picks = np.sum([row.share_of_answers for row in table.item("CH").rows], axis=0)
    np.testing.assert_allclose(picks, 1)
    assert sum(row.estimate[0] for row in table.item("CH").rows) > 1


def test_without_weights_it_agrees_with_the_projects_own_statistics(answers):
    plain = banner(answers, ITEMS, SPANS)
    chi = association(answers["SAT"], answers["TIER"])
    test = plain.item("SAT").tests[0]
    assert (test.span, test.test.statistic, test.test.p_value) == (
        "TIER",
        same(chi.statistic),
        same(chi.p_value),
    )
    tiers = [i for i, column in enumerate(plain.columns) if column.span == "TIER"]
    residuals = np.array([row.residual[tiers] for row in plain.item("SAT").rows[:5]])
    np.testing.assert_allclose(residuals, chi.standardized_residuals.to_numpy(), rtol=1e-9)
    assert np.isnan(plain.item("SAT").rows[0].residual[0])
    shares = multiple_response(answers[["CH_1", "CH_2", "CH_3"]], answers["TIER"]).shares
    for share in shares[:3]:
        row = next(row for row in plain.item("CH").rows if row.name == share.option)
        assert (row.estimate[0], row.share_of_answers[0]) == same((share.estimate, share.share_of_answers))
    score = net_promoter_score(answers["NPS"], answers["TIER"]).groups[1]
    nps = plain.item("NPS").rows[3]
    n = plain.item("NPS").n[2]
    assert nps.estimate[2] == same(score.estimate)
    assert nps.std_error[2] == same(score.std_error * np.sqrt(n / (n - 1)))


def test_chi_square_under_weights_is_rao_and_scotts(answers):
    """From sums of squared weights alone, equal to the table of the design, which equals R's svychisq."""
    known = answers[["SAT", "TIER", "W"]].dropna().astype(float)
    design = survey_design(known["W"])
    wanted = weighted_table(known["SAT"], known["TIER"], design).test()
    groups = known.assign(TIER=pd.Categorical(known["TIER"]))
    found = banner(groups, ITEMS[:1], SPANS[:1], weights=known["W"]).items[0].tests[0].test
    assert (found.statistic, found.p_value) == same((wanted.statistic, wanted.p_value))
    assert found.df == same(wanted.df)
    assert found.n == len(known)


def test_weighted_chi_square_equals_survey_itself(reference, computed_by_r):
    data = reference("design_survey")
    groups = data.assign(TIER=pd.Categorical(data["TIER"]))
    found = (
        banner(groups, [Closed(name="SAT", codes=FIVE)], SPANS[:1], weights=data["W"]).items[0].tests[0].test
    )
    expected = computed_by_r("design_models", "weights table SAT TIER F")
    assert (found.statistic, *found.df, found.p_value) == same(
        (expected["statistic"], expected["df1"], expected["df2"], expected["p_value"])
    )


def test_counts_and_zero_weights(answers):
    pattern = answers.groupby(["SAT", "TIER"], as_index=False, observed=True).size()
    rows = answers[["SAT", "TIER"]].dropna()
    one = banner(rows, ITEMS[:1], SPANS[:1]).to_frame()
    other = banner(pattern, ITEMS[:1], SPANS[:1], counts=pattern["size"]).to_frame()
    pd.testing.assert_frame_equal(one, other)
    w = np.where(np.arange(len(rows)) % 3 == 0, 0.0, 1.0)
    kept = banner(rows[w > 0], ITEMS[:1], SPANS[:1], weights=w[w > 0]).to_frame()
    pd.testing.assert_frame_equal(banner(rows, ITEMS[:1], SPANS[:1], weights=w).to_frame(), kept)


def test_weighted_shares_have_the_error_of_the_design_where_weights_say_nothing(answers):
    """Kish's effective base gives the design's error exactly when weights and answers are unrelated by design."""
    small = pd.DataFrame({"APP": [1.0, 1, 0, 0] * 50, "W": np.tile([1.0, 3.0], 100)})
    table = banner(small, [Closed(name="APP", codes=(0, 1))], [], weights=small["W"])
    exact = weighted_mean(small["APP"], survey_design(small["W"]))
    assert table.items[0].rows[1].std_error[0] == same(exact.std_error * np.sqrt(199 / 200))


def test_the_order_of_rows_and_the_unit_of_weights_change_nothing(answers, table):
    mixed = answers.sample(frac=1, random_state=4)
    again = banner(mixed, ITEMS, SPANS, weights=5 * mixed["W"])
    one, other = table.to_frame(), again.to_frame()
    scaled = ["weighted_count", "weighted_n"]
    other[scaled] = other[scaled] / 5
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_a_letter_never_stands_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"SAT": rng.integers(1, 4, 120), "G": pd.Categorical(rng.integers(0, 4, 120))})
    rules = LetterRules(minimum_base=5, levels=(0.2, 0.4))
    table = banner(frame, [Closed(name="SAT", codes=(1, 2, 3))], [Span(variables=("G",))], rules=rules)
    for row in table.items[0].rows:
        by = {column.letter: text.upper() for column, text in zip(table.columns, row.letters, strict=True)}
        estimate = {column.letter: value for column, value in zip(table.columns, row.estimate, strict=True)}
        for one, text in by.items():
            for other in text:
                assert one not in by[other]
                assert estimate[one] > estimate[other]


def test_waves_are_compared_cell_by_cell(answers, table):
    later = answers.assign(SAT=np.minimum(answers["SAT"] + (np.arange(len(answers)) % 2), 5))
    now = banner(later, ITEMS[:1], SPANS, weights=later["W"])
    changes = compare_waves(now, table)
    mean = next(c for c in changes.changes if (c.row, c.column) == ("mean", "total"))
    assert mean.estimate == same(mean.current - mean.previous)
    assert mean.n == 2 * (answers["SAT"].notna()).sum()
    assert changes.directions()["SAT", "mean", "total"] == "higher"
    # the pooled t of two independent columns: two waves side by side in one table say the same
    both = pd.concat([answers, later]).assign(WAVE=pd.Categorical([1] * len(answers) + [2] * len(later)))
    side = banner(both, ITEMS[:1], [Span(variables=("WAVE",))], weights=both["W"].to_numpy())
    assert ("A" in side.items[0].rows[-1].letters[2]) == (mean.p_value < 0.05)
    small = next(c for c in changes.changes if c.column == "SEX=1/TIER=4")
    assert small.state in ("ok", "too_few")
    assert changes.to_frame()["measure"].str.startswith("change_of_").all()
    assert {c.item for c in changes.changes} == {"SAT"}


def test_entries_carry_state_and_json_numbers(answers):
    few = answers.assign(TIER=answers["TIER"].cat.add_categories([9]))
    table = banner(few, ITEMS, [Span(variables=("TIER",))], rules=LetterRules(minimum_base=100))
    entries = table.entries()
    empty = [entry for entry in entries if entry.about.get("column") == "TIER=9"]
    assert {entry.state for entry in empty} == {"empty_cell"}
    assert all(entry.estimate is None for entry in empty)
    assert any(entry.state == "too_few" and entry.estimate is not None for entry in entries)
    json.dumps([dict(entry.more) for entry in entries], allow_nan=False)


def test_letters_of_columns_and_positions_of_codes():
    assert [letter(i) for i in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]
    assert positions(pd.Series([0.5, 1.5, np.nan]), (1.5, 0.5)).tolist() == [1, 0, 2]
    with pytest.raises(ValueError, match=r"SAT: answers \[7.0\] are none of the codes"):
        positions(pd.Series([1, 7.0], name="SAT"), FIVE)
    with pytest.raises(ValueError, match="none of the codes"):
        positions(pd.Series([1, 1.5], name="SAT"), FIVE)
    for stray in (6.0, 0.0, -1.0):
        with pytest.raises(ValueError, match="none of the codes"):
            positions(pd.Series([1, stray], name="SAT"), FIVE)
    with pytest.raises(TypeError, match="category dtype"):
        lay_out(pd.DataFrame({"G": [1, 2]}), [Span(variables=("G",))])


def test_many_overlapping_columns_and_many_letters():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({f"O{i}": (rng.uniform(size=300) < 0.5).astype(float) for i in range(45)})
    frame["APP"] = ((rng.uniform(size=300) < 0.3) | (frame["O3"] == 1)).astype(float)
    span = OverlappingSpan(name="O", options=tuple(f"O{i}" for i in range(45)))
    table = banner(frame, [Closed(name="APP", codes=(0, 1))], [span])
    assert table.columns[-1].letter == "AS"
    third = table.items[0].rows[1].letters[4]
    assert third.split()[0] == "A"
    assert table.items[0].rows[1].estimate[4] == 1


# -- reports


@pytest.fixture(scope="module")
def questionnaire():
    return Study.load("bank_tiering").populations["customers"].questionnaire


def test_items_of_a_questionnaire_become_rows(questionnaire):
    sex, products, money = banner_items(questionnaire, ["SEX", "PRODUCTS", "AUM"])
    assert isinstance(sex, Closed)
    assert not sex.mean
    assert products.options[0] == "PRODUCTS_1"
    assert money == Number(name="AUM")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_table_speaks_both_languages(language, questionnaire):
    rng = np.random.default_rng(8)
    codes = questionnaire.item("TIER").scale.codes
    sex = questionnaire.item("SEX").scale.codes
    tier = rng.choice(codes, 500)
    frame = pd.DataFrame(
        {"SEX": rng.choice(sex, 500).astype(float), "TIER": pd.Categorical(tier, categories=codes)}
    )
    found = banner(
        frame,
        banner_items(questionnaire, ["SEX"]),
        [Span(variables=("TIER",))],
        weights=rng.uniform(1, 2, 500),
    )
    labels = Labels(questionnaire=questionnaire, language=language)
    numbers = Numbers(language=language)
    tables = banner_tables(
        found,
        BannerLabels(language=language, labels=labels),
        numbers,
        key="sex",
        caption="x",
        scope="customers.banner",
    )
    check(Document(title="x", language=language, blocks=tables))
    (one,) = tables
    assert one.spanners[0].label == labels.name("TIER")
    assert one.columns[2].label.startswith(labels.option("TIER", codes[0]))
    assert one.columns[2].label.endswith("(A)")
    assert one.rows[2][0] == labels.option("SEX", sex[0])
    assert one.groups[0].label == labels.name("SEX")
    assert any("Kish" in note for note in one.notes)
    assert "customers.banner.SEX.1.total.share" in numbers.ledger.ids()


def test_wide_banners_are_cut_between_spans(table):
    tables = banner_tables(
        table,
        BannerLabels(language="en"),
        Numbers(language="en"),
        key="all",
        caption="All",
        columns_per_table=8,
    )
    assert [len(t.columns) for t in tables] == [6, 10, 5]
    assert [t.key for t in tables] == ["all", "all-2", "all-3"]
    assert tables[1].caption == "All (2/3)"
    assert [s.label for s in tables[1].spanners] == ["1", "2"]
    check(Document(title="x", language="en", blocks=tables))


def test_the_workbook_keeps_numbers_letters_and_live_formats(table, tmp_path):
    path = write_banner(tmp_path / "banner.xlsx", table, BannerLabels(language="en"))
    assert path.read_bytes() == banner_workbook(table, BannerLabels(language="en"))  # same bytes again
    assert [p.name for p in tmp_path.iterdir()] == ["banner.xlsx"]
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Table", "Counts", "Residuals", "Tests", "Cells", "Rules"]
    sheet = book["Table"]
    assert sheet.freeze_panes == "D4"
    assert [sheet.cell(3, c).value for c in (4, 6)] == ["A", "B"]
    labels = {sheet.cell(r, 1).value: r for r in range(1, 20)}
    row = labels["Top 2"]
    top = next(r for r in table.item("SAT").rows if r.name == "top2")
    assert sheet.cell(row, 2).value == pytest.approx(top.estimate[0])
    assert sheet.cell(row, 2).number_format == "0.0%"
    assert [sheet.cell(row, 3 + 2 * i).value or "" for i in range(len(table.columns))] == list(top.letters)
    formulas = {rule.formula[0] for area in sheet.conditional_formatting for rule in area.rules}
    assert any("minimum_base" in formula for formula in formulas)
    assert any(formula.startswith("LEN(") for formula in formulas)
    assert "minimum_base" in book.defined_names
    cells = book["Cells"]
    assert cells.auto_filter.ref.startswith("A1:")
    assert cells.max_row == 1 + len(table.to_frame())


def test_waves_have_their_sheet(answers, table):
    later = banner(answers.assign(SAT=np.minimum(answers["SAT"] + 1, 5)), ITEMS, SPANS, weights=answers["W"])
    changes = compare_waves(later, table)
    packed = banner_workbook(later, BannerLabels(language="en"), waves=changes)
    sheet = openpyxl.load_workbook(io.BytesIO(packed))["Waves"]
    assert sheet.max_row == 1 + len(changes.changes)
    assert [cell.value for cell in sheet[1]][3:6] == ["Previous wave", "This wave", "Change"]
    assert sheet["B2"].value == "1"
    assert sheet["C2"].value == "Total"
    assert sheet["F2"].value == pytest.approx(changes.changes[0].estimate)
    assert sheet["F2"].number_format == "0.0%"


def test_cells_that_differ_from_the_total_can_be_set_apart(table):
    names, numbers = BannerLabels(language="zh"), Numbers(language="zh")
    (one, *_) = banner_tables(table, names, numbers, key="a", caption="a", total="marked")
    row = next(r for r in table.item("SAT").rows if r.name == "mean")
    shown = next(r for r in one.rows if r[0] == "均值")
    for cell, side in zip(shown[1:], row.versus_total[:5], strict=True):
        assert getattr(cell, "bold", False) == (side == "higher")
        assert getattr(cell, "italic", False) == (side == "lower")
    assert {"higher", "lower"} <= set(row.versus_total)
    assert "粗体" in one.notes[-1]


def test_no_text_becomes_a_formula():
    frame = pd.DataFrame({"=1+1": [1.0, 0, 1], "G": pd.Categorical(["=cmd()", "@x", "-y"])})
    found = banner(frame, [Closed(name="=1+1", codes=(0, 1))], [Span(variables=("G",))])
    book = openpyxl.load_workbook(io.BytesIO(banner_workbook(found, BannerLabels(language="zh"))))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not (isinstance(cell.value, str) and cell.value.startswith(("=", "@", "+")))
    assert book.sheetnames[0] == "交叉表"
