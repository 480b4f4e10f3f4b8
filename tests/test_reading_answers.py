"""Columns to items and cells to codes: what is understood, and how what is wrong is told."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from surveys.errors import AnswersError, Fault
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.reading.cells import shown
from surveys.reading.matching import Wordings, loose, without_number
from surveys.reading.times import moments, seconds
from surveys.responses import Responses


def option(code: int, en: str, zh: str, *aliases: str) -> Option:
    return Option(code=code, label={"en": en, "zh": zh}, aliases=aliases)


AGREE = Scale(
    id="agree",
    options=(
        option(1, "Strongly disagree", "非常不同意"),
        option(2, "Disagree", "不同意"),
        option(3, "Neither", "一般", "中立"),
        option(4, "Agree", "同意"),
        option(5, "Strongly agree", "非常同意"),
    ),
    missing_codes=(option(9, "Cannot say", "说不清"),),
)
CHANNELS = Scale(
    id="channels",
    ordered=False,
    interval=False,
    options=(
        option(1, "Branch", "网点"),
        option(2, "Mobile app, or tablet", "手机银行、平板", "APP"),
        option(3, "Phone (24 h)", "电话（24小时）"),
        option(4, "Other (please specify)", "其他【请注明】"),
    ),
)
YES_NO = Scale(
    id="yes_no", ordered=False, options=(option(0, "No", "否", "False"), option(1, "Yes", "是", "True"))
)
TEN = Scale(
    id="ten",
    options=tuple(
        option(code, f"{code} {end}".strip(), str(code)) for code, end in ((0, "never"), (1, ""), (2, ""))
    ),
)


def item(id_: str, kind: str, en: str, zh: str, **more: object) -> Item:
    return Item(id=id_, kind=kind, section="a", text={"en": en, "zh": zh}, **more)  # type: ignore[arg-type]


ASKED = Questionnaire(
    id="bank",
    title={"en": "Bank", "zh": "银行"},
    languages=("en", "zh"),
    sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
    scales={scale.id: scale for scale in (AGREE, CHANNELS, YES_NO, TEN)},
    matrices={
        "SAT": {"en": "How far do you agree?", "zh": "您在多大程度上同意？"},
        "VAL": {"en": "And here?", "zh": "这里呢？"},
    },
    items=(
        item("SAT1", "single", "Service is fast", "服务快捷", scale=AGREE, matrix="SAT", required=True),
        item("SAT2", "single", "Fees are fair", "收费合理", scale=AGREE, matrix="SAT"),
        item("VAL2", "single", "Fees are fair", "收费合理", scale=AGREE, matrix="VAL"),
        item("CH", "multiple", "Channels you use", "您使用的渠道", scale=CHANNELS, open_option=4),
        item("RANK", "ranking", "Rank the channels", "请将渠道排序", scale=CHANNELS),
        item("ONLINE", "single", "Do you bank online?", "您使用网上银行吗？", scale=YES_NO),
        item(
            "WHY", "single", "Why online?", "为什么使用？", scale=AGREE, required=True, show_if="ONLINE = 1"
        ),
        item("TEN", "single", "Recommend?", "是否推荐？", scale=TEN),
        item("AGE", "number", "Your age (years)", "您的年龄（岁）", low=16, high=110),
        item("NOTE", "text", "Anything else?", "其他意见"),
    ),
    respondent_id=("respondent", "序号"),
    metadata={
        "seconds": ("seconds", "所用时间"),
        "submitted_at": ("submitted_at", "提交答卷时间"),
        "ip": ("来自IP",),
        "phone": ("您的手机",),
        "province": ("省份",),
    },
    ignored_columns=("来源", "RowNumber"),
)

Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def put(columns: Mapping[str, Sequence[object]], name: str = "a.csv") -> Path:
        path = tmp_path / name
        pd.DataFrame(columns, dtype=object).to_csv(path, index=False)
        return path

    return put


def read(path: Path, **options: object) -> Responses:
    return read_answers(path, ASKED, **options)  # type: ignore[arg-type]


def faults(path: Path, **options: object) -> tuple[Fault, ...]:
    with pytest.raises(AnswersError) as error:
        read(path, **options)
    return error.value.faults


def values(responses: Responses, column: str) -> list[float | None]:
    return [None if value != value else value for value in responses.answers[column].tolist()]


# --- headers ---


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("SAT1", "SAT1"),
        (" sat1 ", "SAT1"),
        ("Service is fast", "SAT1"),
        ("服务快捷", "SAT1"),
        ("3、服务快捷", "SAT1"),
        ("Q3. Service is fast", "SAT1"),
        ("３．服务快捷（单选题 *必答）", "SAT1"),
        ("7、您在多大程度上同意？—服务快捷", "SAT1"),
        ("How far do you agree? [Service is fast]", "SAT1"),
        ("How far do you agree?: Service is fast", "SAT1"),
        ("SAT1: Service is fast", "SAT1"),
        ("And here? - Fees are fair", "VAL2"),
        ("Do you bank online", "ONLINE"),
        ("CH_2", "CH_2"),
        ("ch_2", "CH_2"),
        ("CH: Branch", "CH_1"),
        ("CH[网点]", "CH_1"),
        ("Channels you use - Phone (24 h)", "CH_3"),
        ("6、您使用的渠道(手机银行、平板)", "CH_2"),
        ("您的年龄（岁） ", "AGE"),
        ("您的年龄(岁)*", "AGE"),
    ],
)
def test_headers_that_mean_one_item(header: str, place: str) -> None:
    assert {str(found) for found in Wordings(ASKED).find(header)} == {place}


def test_headers_that_mean_several_or_none() -> None:
    wordings = Wordings(ASKED)
    assert {str(found) for found in wordings.find("Fees are fair")} == {"SAT2", "VAL2"}
    assert {str(found) for found in wordings.find("第6题(网点)")} == {"CH_1", "RANK_1"}
    assert wordings.find("Branch") == frozenset()  # an option alone may be any column
    assert wordings.find("3、") == frozenset()
    assert (without_number("24h"), without_number("Q3")) == ("24h", "q3")
    assert loose("第6题(常见问题)") == "第6题常见问题"


def test_columns_found_by_wording_in_both_languages(save: Save) -> None:
    path = save(
        {
            "序号": [1, 2],
            "2、您在多大程度上同意？—服务快捷": ["同意", "Strongly agree"],
            "收费合理": ["4", "5.0"],
            "3、这里呢？—收费合理": ["5分", "说不清"],
            "Your age (years)": ["30", "41"],
            "Q5. Why online？": ["Agree", "2"],
        }
    )
    responses = read(path)
    assert values(responses, "SAT1") == [4, 5]
    assert values(responses, "SAT2") == [4, 5]  # the bare row follows a row of its own matrix
    assert values(responses, "VAL2") == [5, None]
    assert responses.answers.columns.tolist() == ["SAT1", "SAT2", "VAL2", "WHY", "AGE"]
    notes = " ".join(responses.source.notes)
    assert "2 = SAT1, 3 = SAT2, 4 = VAL2, 5 = AGE, 6 = WHY" in notes
    assert "items without a column: CH, RANK, ONLINE, TEN, NOTE" in notes
    assert "VAL2: 说不清 (1x)" in notes


# WHY is required, so that most tables below carry it.
BASE = {"respondent": ["r1", "r2"], "SAT1": [4, 5], "ONLINE": [0, 0], "WHY": ["", ""]}


def test_an_ambiguous_header_is_a_fault_and_the_mapping_settles_it(save: Save) -> None:
    path = save({**BASE, "Fees are fair": [1, 2]})
    (fault,) = faults(path)
    assert fault.seen == "a header that fits several items: SAT2, VAL2"
    assert values(read(path, mapping={"Fees are fair": "VAL2"}), "VAL2") == [1, 2]


def test_the_mapping_wins(save: Save) -> None:
    path = save({**BASE, "SAT2": [1, 2], "Kennung": ["x", "y"], "Dauer": [10, 20]})
    responses = read(
        path, mapping={"SAT2": "VAL2", "Kennung": "respondent", "Dauer": "seconds", "respondent": "NOTE"}
    )
    assert values(responses, "VAL2") == [1, 2]
    assert responses.metadata["respondent"].tolist() == ["x", "y"]
    assert responses.metadata["seconds"].tolist() == [10, 20]
    assert responses.answers["NOTE"].tolist() == ["r1", "r2"]
    wrong = faults(path, mapping={"SAT2": "VAL22", "nowhere": "SAT2", "Kennung": "NOTE", "Dauer": "seconds"})
    assert [fault.seen for fault in wrong] == [
        'the mapping to "VAL22"',
        "no columns of this name, which the mapping names",
    ]
    assert wrong[0].remedy == "Did you mean VAL2?"


def test_header_faults(save: Save, tmp_path: Path) -> None:
    missing = faults(save({"respondent": ["r1"], "SAT2": [1]}))
    assert [(fault.column, fault.seen) for fault in missing] == [
        ("SAT1", "no column for this required item"),
        ("WHY", "no column for this required item"),
    ]
    (unknown,) = faults(save({**BASE, "Your age (year)": [1, 2]}))
    assert unknown.expected == "an item, such as AGE"
    assert unknown.remedy == (
        'If it is, write `"Your age (year)": AGE` into the mapping file; '
        "if not, add it to ignored_columns, or to the questionnaire."
    )
    (second,) = faults(save({**BASE, "服务快捷": [1, 2]}))
    assert second.seen == 'a second column for SAT1, after "SAT1" (column 2)'
    path = tmp_path / "b.csv"
    path.write_text("respondent,SAT1,SAT1,ONLINE,WHY,\nr1,1,2,0,,x\n", encoding="utf-8")
    seen = [(fault.column, fault.seen) for fault in faults(path)]
    assert seen == [
        ("SAT1", 'a second column for SAT1, after "SAT1" (column 2)'),
        ("number 6", "answers without a header"),
    ]


def test_harmless_columns_are_noted(save: Save, tmp_path: Path) -> None:
    responses = read(save({**BASE, "来源": ["微信", "链接"], "rownumber": [1, 2], "leer": ["", ""]}))
    assert '1 columns without a single answer passed over: "leer"' in responses.source.notes
    path = tmp_path / "b.csv"
    path.write_text("respondent,SAT1,来源,来源,SAT1,ONLINE,WHY\nr1,1,a,b,,0,\n", encoding="utf-8")
    notes = read(path).source.notes
    assert "headers that stand above several columns: SAT1, 来源" in notes
    assert "column 5 passed over: it is empty, and column 2 holds SAT1" in notes


# --- single choice ---


def test_every_spelling_of_an_answer(save: Save) -> None:
    cells = [
        "4",
        "4.0",
        " 4 ",
        "４",
        "4分",
        "Agree",
        "agree",
        "AGREE.",
        "同意",
        "4.同意",
        "说不清",
        "9",
        "",
        "(空)",
        "（跳过）",
        "中立",
    ]
    n = len(cells)
    base = {"respondent": range(n), "SAT1": [1] * n, "ONLINE": [0] * n, "WHY": [""] * n}
    responses = read(save({**base, "SAT2": cells}))
    assert values(responses, "SAT2") == [4.0] * 10 + [None] * 5 + [3.0]
    assert "read as no answer: SAT2: 说不清 (1x), 9 (1x)" in responses.source.notes


def test_words_of_other_programs_for_nothing_are_reported(save: Save) -> None:
    responses = read(save({**BASE, "SAT2": ["NA", "#N/A"], "AGE": ["NULL", "30"]}))
    assert values(responses, "SAT2") == [None, None]
    assert values(responses, "AGE") == [None, 30]
    assert any("SAT2: NA (1x), #N/A (1x); AGE: NULL (1x)" in note for note in responses.source.notes)


def test_booleans_follow_the_aliases(save: Save, tmp_path: Path) -> None:
    responses = read(save({**BASE, "ONLINE": ["FALSE", "false"]}))
    assert values(responses, "ONLINE") == [0, 0]
    book = openpyxl.Workbook()
    for row in (
        ("respondent", "SAT1", "ONLINE", "WHY"),
        ("a", 1, True, 3),
        ("b", 2, 1, 3),
        ("c", 3, False, None),
    ):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    assert values(read(tmp_path / "b.xlsx"), "ONLINE") == [1, 1, 0]


def test_wrong_answers_are_all_told(save: Save) -> None:
    found = faults(save({**BASE, "SAT2": ["7", "perhaps"], "AGE": ["200", "young"], "VAL2": ["2.5", "-3"]}))
    assert [(fault.row, fault.column, fault.seen) for fault in found] == [
        (2, "SAT2", "7"),
        (3, "SAT2", '"perhaps"'),
        (2, "VAL2", "2.5"),
        (3, "VAL2", "-3"),
        (2, "AGE", "200"),
        (3, "AGE", '"young"'),
    ]
    assert (
        found[0].expected
        == '1-5 or a label such as "Strongly disagree", "Disagree", "Neither", "Agree" (missing: 9)'
    )
    assert found[0].remedy == "Recode it, or declare 7 as a missing code."
    assert found[4].expected == "a number from 16 to 110"
    assert str(found[0]).startswith('a.csv, row 2, column "SAT2": saw 7, expected 1-5')


def test_dates_made_by_a_spreadsheet(save: Save, tmp_path: Path) -> None:
    found = faults(save({**BASE, "SAT2": ["5-Jan", "1月5日"], "AGE": ["2024-01-05", "Jan-25"]}))
    assert [fault.seen for fault in found] == [
        "the date 5-Jan",
        "the date 1月5日",
        "the date 2024-01-05",
        "the date Jan-25",
    ]
    assert "Excel turned an answer such as 1-5 into a date" in found[0].remedy
    book = openpyxl.Workbook()
    for row in (("respondent", "SAT1", "ONLINE", "WHY"), ("a", dt.date(2024, 1, 5), 0, None)):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    (fault,) = faults(tmp_path / "b.xlsx")
    assert (fault.sheet, fault.row, fault.seen) == ("Sheet", 2, "the date 2024-01-05")


def test_labels_that_are_the_numbers_of_other_codes() -> None:
    """Children 0, 1, 2, "3 or more" under the codes 1 to 4: only the other cells tell which is meant."""
    labels = ("0", "1", "2", "3 or more")
    scale = Scale(id="s", options=tuple(option(code, text, text) for code, text in enumerate(labels, 1)))
    asked = Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en",),
        sections=ASKED.sections,
        scales={},
        items=(item("K", "single", "Children", "子女", scale=scale),),
    )

    def codes(*cells: str) -> list[float]:
        path = Path(folder) / "a.csv"
        path.write_text(
            "\n".join(("respondent,K", *(f"r{at},{cell}" for at, cell in enumerate(cells)))), encoding="utf-8"
        )
        return read_answers(path, asked).answers["K"].tolist()

    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert codes("1", "2", "3 or more") == [2, 3, 4]
        assert codes("1", "2", "4") == [1, 2, 4]
        with pytest.raises(AnswersError, match="the label of one code and the number of another"):
            codes("1", "2")


def test_required_answers_follow_the_routing(save: Save) -> None:
    columns = {
        "respondent": [1, 2, 3, 4],
        "SAT1": ["", "9", 4, "(空)"],
        "ONLINE": [1, 0, 1, ""],
        "WHY": ["", "", 3, ""],
    }
    found = faults(save(columns))
    assert [(fault.row, fault.column) for fault in found] == [(2, "SAT1"), (5, "SAT1"), (2, "WHY")]
    assert found[0].expected == "an answer, because SAT1 is required"


# --- numbers, texts ---


def test_numbers(save: Save, tmp_path: Path) -> None:
    responses = read(save({**BASE, "AGE": ["30.5", "1.6e1"]}))
    assert values(responses, "AGE") == [30.5, 16]
    money = Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en",),
        sections=ASKED.sections,
        scales={},
        items=(item("AUM", "number", "Assets", "资产"),),
    )

    def number(text: str) -> list[float]:
        path = tmp_path / "m.csv"
        path.write_text(text, encoding="utf-8")
        return read_answers(path, money).answers["AUM"].tolist()

    assert number('respondent,AUM\na,"1,234.5"\nb,"-2,000"\n') == [1234.5, -2000]
    assert number("respondent;AUM\na;1,5\nb;1234,25\n") == [1.5, 1234.25]
    with pytest.raises(AnswersError, match="the comma may group thousands or begin decimals"):
        number("respondent;AUM\na;1,234\nb;2\n")
    for wrong in ("inf", "nan5", "12 CNY", "1e999", "0x1F", "85%", "1_000"):
        with pytest.raises(AnswersError, match="expected a number"):
            number(f"respondent,AUM\na,{wrong}\n")


def test_texts_stay_as_they_are(save: Save) -> None:
    responses = read(save({**BASE, "NOTE": ["=1+1", " NA "]}))
    assert responses.answers["NOTE"].tolist() == ["=1+1", " NA "]
    responses = read(save({**BASE, "NOTE": ["(空)", ""], "SAT2": [1, 2]}))
    assert responses.answers["NOTE"].tolist() == [None, None]


# --- multiple response and ranking ---


@pytest.mark.parametrize(
    ("cell", "chosen"),
    [
        ("网点┋手机银行、平板", {1, 2}),
        ("网点┋其他【请注明】〖手机, 电话〗", {1, 4}),
        ("Branch;Mobile app, or tablet;", {1, 2}),
        ("Mobile app, or tablet, Phone (24 h)", {2, 3}),
        ("Branch|APP", {1, 2}),
        ("1;3;", {1, 3}),
        ("1", {1}),
        ("branch，电话(24小时)", {1, 3}),
        ("Branch, Other: friends, family", {1, 4}),
        ("Other (please specify)", {4}),
    ],
)
def test_joined_answers(save: Save, cell: str, chosen: set[int]) -> None:
    responses = read(save({**BASE, "CH": [cell, ""]}))
    assert {code for code in CHANNELS.codes if responses.answers.loc[0, f"CH_{code}"] == 1} == chosen
    assert responses.answers.loc[0, ["CH_1", "CH_2", "CH_3", "CH_4"]].sum() == len(chosen)
    assert responses.answers.loc[1, ["CH_1", "CH_2", "CH_3", "CH_4"]].isna().all()


def test_joined_answers_that_are_wrong(save: Save) -> None:
    found = faults(save({**BASE, "CH": ["Branch;Post;9", "Branch;网点"]}))
    assert [(fault.row, fault.seen) for fault in found] == [(2, '"post"'), (2, '"9"'), (3, "option 1 twice")]


@pytest.mark.parametrize(
    ("yes", "no"), [("1", "0"), ("Yes", "no"), ("是", "否"), ("TRUE", "FALSE"), ("√", "0"), ("1.0", "0.0")]
)
def test_option_columns(save: Save, yes: str, no: str) -> None:
    columns = {
        "6、您使用的渠道(网点)": [yes, no],
        "CH_2": [no, no],
        "CH: Phone (24 h)": [yes, ""],
        "ch_4": [no, yes],
    }
    responses = read(save({**BASE, **columns}))
    assert [values(responses, f"CH_{code}") for code in (1, 2, 3, 4)] == [[1, 0], [0, 0], [1, None], [0, 1]]


def test_option_columns_that_hold_marks_only(save: Save) -> None:
    columns = {
        "CH_1": ["网点", "", ""],
        "CH_2": ["", "", ""],
        "CH_3": ["1", "", ""],
        "CH_4": ["", "friends", ""],
    }
    base = {"respondent": [1, 2, 3], "SAT1": [1, 2, 3], "ONLINE": [0, 0, 0], "WHY": [""] * 3}
    responses = read(save({**base, **columns}))
    table = responses.answers[["CH_1", "CH_2", "CH_3", "CH_4"]]
    np.testing.assert_array_equal(table, [[1, 0, 1, 0], [0, 0, 0, 1], [np.nan] * 4])
    assert (
        "CH: only chosen options are marked; rows without a mark read as no answer" in responses.source.notes
    )


def test_option_columns_that_are_wrong(save: Save) -> None:
    found = faults(save({**BASE, "CH_1": ["2", "手机银行、平板"], "CH_2": [1, 0], "CH_3": [0, 0]}))
    assert [fault.seen for fault in found] == [
        "columns for some options of CH, but none for CH_4",
        "2",
        "手机银行、平板",
    ]
    full = {f"CH_{code}": [1, 0] for code in (1, 2, 3, 4)}
    responses = read(save({**BASE, "CH": ["x", "y"], **full}))
    assert any("CH read from its option columns" in note for note in responses.source.notes)


def test_rankings(save: Save) -> None:
    responses = read(save({**BASE, "RANK": ["电话（24小时）→网点", "1→2→3→4"]}))
    assert [values(responses, f"RANK_{code}") for code in (1, 2, 3, 4)] == [
        [2, 1],
        [None, 2],
        [1, 3],
        [None, 4],
    ]
    ranks = {"RANK_1": [2, 1], "RANK_2": ["", 2], "RANK_3": [1, 3], "RANK_4": ["", 4]}
    assert read(save({**BASE, **ranks})).answers.equals(responses.answers)
    found = faults(save({**BASE, **ranks, "RANK_4": ["1", "5"]}))
    assert [(fault.row, fault.seen) for fault in found] == [(3, "5"), (2, "two options of the same rank")]


# --- respondents and metadata ---


def test_metadata(save: Save) -> None:
    columns = {
        "所用时间": ["136秒", "3分20秒"],
        "提交答卷时间": ["2016/12/17 14:22:55", "2016/12/18 9:05:00"],
        "来自IP": ["203.0.113.1(上海-上海)", "203.0.113.2"],
        "您的手机": ["13800000000", "13800000001"],
        "省份": ["上海", ""],
    }
    responses = read(save({**BASE, **columns}))
    assert responses.metadata.columns.tolist() == ["respondent", "row", "seconds", "submitted_at", "province"]
    assert responses.metadata["seconds"].tolist() == [136, 200]
    assert responses.metadata["submitted_at"].tolist() == [
        pd.Timestamp("2016-12-17 14:22:55"),
        pd.Timestamp("2016-12-18 09:05"),
    ]
    assert str(responses.metadata["submitted_at"].dtype).startswith("datetime64")
    assert responses.metadata["row"].tolist() == [2, 3]
    assert 'dropped, because it may name a person (ip): column "来自IP"' in responses.source.notes
    assert len(responses.source.sha256) == 64
    (fault,) = faults(save({**BASE, "seconds": ["soon", "10"]}))
    assert (fault.row, fault.seen) == (2, '"soon"')


def test_respondents(save: Save) -> None:
    without = {name: cells for name, cells in BASE.items() if name != "respondent"}
    responses = read(save(without))
    assert responses.metadata["respondent"].tolist() == ["2", "3"]
    assert "no column names the respondents; they go by the number of their row" in responses.source.notes
    found = faults(save({**BASE, "respondent": ["a", "a"]}))
    assert (found[0].row, found[0].seen) == (3, "a, which row 2 has too")
    (nobody,) = faults(save({**BASE, "respondent": ["a", " "]}))
    assert (nobody.row, nobody.expected) == (3, "a name or number for each respondent")
    both = read(save({**BASE, "序号": [7, 8]}))
    assert both.metadata["respondent"].tolist() == ["r1", "r2"]
    assert 'respondent taken from column "respondent", of "respondent", "序号"' in both.source.notes
    named = read(save({**BASE, "respondent": ["a@example.org", "b@example.org"]}))
    assert named.metadata["respondent"].tolist() == ["2", "3"]
    assert any("names persons" in note for note in named.source.notes)


@pytest.mark.parametrize(
    ("cells", "synthetic"),
    [
        (["synthetic 合成数据"] * 2, True),
        (["", "synthetic 合成数据"], True),
        (["TRUE", ""], True),
        (["0", "no"], False),
        (["", ""], False),
    ],
)
def test_synthetic_answers_own_up(save: Save, cells: list[str], synthetic: bool) -> None:
    assert read(save({**BASE, "synthetic": cells})).synthetic is synthetic
    assert read(save({**BASE, "NOTE": ["x", "synthetic 合成数据"]})).synthetic
    assert not read(save(BASE)).synthetic


def test_a_synthetic_title_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("synthetic 合成数据\nrespondent,SAT1,ONLINE,WHY\nr1,4,0,\n", encoding="utf-8")
    responses = read(path)
    assert responses.synthetic
    assert responses.metadata["row"].tolist() == [3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("136", 136.0), ("136.5", 136.5), ("136秒", 136), ("3分20秒", 200), ("3分钟", 180), ("1小时2分3秒", 3723),
        ("00:02:16", 136), ("2:16", 136), ("2 min 16 s", 136), (dt.time(0, 2, 16), 136), (dt.timedelta(minutes=2), 120), (90.0, 90),
    ],
)  # fmt: skip
def test_durations(text: object, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "-5", "秒", dt.date(2024, 1, 1), True, math.inf, "1e3"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016/12/17 14:22:55", dt.datetime(2016, 12, 17, 14, 22, 55)),
        ("2016-12-17T14:22:55.123Z", dt.datetime(2016, 12, 17, 14, 22, 55)),
        ("2016-12-17T14:22:55+08:00", dt.datetime(2016, 12, 17, 14, 22, 55)),
        ("2016年12月17日 14时22分", dt.datetime(2016, 12, 17, 14, 22)),
        ("2016/12/17 下午 2:22:55", dt.datetime(2016, 12, 17, 14, 22, 55)),
        ("12/17/2016 2:22:55 PM", dt.datetime(2016, 12, 17, 14, 22, 55)),
        ("17.12.2016 14:22", dt.datetime(2016, 12, 17, 14, 22)),
        ("02-Feb-2021 20:26:58", dt.datetime(2021, 2, 2, 20, 26, 58)),
        (dt.datetime(2016, 12, 17, 14), dt.datetime(2016, 12, 17, 14)),
        (dt.date(2016, 12, 17), dt.datetime(2016, 12, 17)),
        (42721.5, dt.datetime(2016, 12, 17, 12)),
        ("3/4/2016", None),
        ("2016-13-45", None),
        ("20000-01-01", None),
        (5.0, None),
        ("soon", None),
    ],
)
def test_moments(text: object, expected: dt.datetime | None) -> None:
    assert moments([text]) == [expected]


def test_the_column_tells_day_from_month(save: Save) -> None:
    assert moments(["3/4/2016", "25/4/2016"])[0] == dt.datetime(2016, 4, 3)
    assert moments(["3/4/2016", "4/25/2016"])[0] == dt.datetime(2016, 3, 4)
    assert moments(["13/4/2016", "4/25/2016"]) == [None, None]
    responses = read(save({**BASE, "submitted_at": ["3/4/2016", "4/5/2016"]}))
    assert responses.metadata["submitted_at"].isna().all()
    assert any("2 dates could not be read" in note for note in responses.source.notes)


# --- whole files ---


def test_header_only_and_blank_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("respondent,SAT1,ONLINE,WHY\n", encoding="utf-8")
    assert faults(path)[0].seen == "a header and no rows of answers"
    path.write_text("respondent,SAT1,ONLINE,WHY\n,,,\n , ,,\n", encoding="utf-8")
    assert faults(path)[0].seen == "a header and no rows of answers"
    path.write_text("respondent,SAT1,ONLINE,WHY\nr1,1,0,\n,,,\n , ,,\nr2,2,0,\n", encoding="utf-8")
    responses = read(path)
    assert responses.metadata["row"].tolist() == [2, 5]
    assert responses.answers.index.tolist() == [0, 1]
    assert "2 rows without any answer passed over" in responses.source.notes


def test_messages_repeat_nothing_personal(save: Save) -> None:
    cells = ["call 13812345678", "x@example.org \x07\n from 203.0.113.77 " + "long " * 40]
    text = str(AnswersError(faults(save({**BASE, "SAT2": cells}))))
    assert '"call [number]"' in text
    assert "[e-mail] from [address] long" in text
    for secret in ("13812345678", "example.org", "203.0.113", "\x07"):
        assert secret not in text
    assert len(shown("x" * 1000)) == 80
    assert shown("ID 11010519491231002X") == "ID [number]"
    assert shown("138-1234-5678 / (010) 8888 9999") == "[number] / [number]"


def test_a_flood_of_faults_is_counted(save: Save) -> None:
    n = 3_000
    base = {"respondent": range(n), "SAT1": [1] * n, "ONLINE": [0] * n, "WHY": [""] * n}
    found = faults(save({**base, "SAT2": ["8"] * n}))
    assert len(found) == 1_001
    assert found[-1].seen == "the same in 2,000 more rows (8)"


def test_labels_of_an_spss_file_decide_over_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    frame = pd.DataFrame(
        {
            "respondent": ["a", "b", "c"],
            "V1": [1.0, 2.0, 9.0],
            "ONLINE": [2.0, 2.0, 1.0],
            "WHY": [np.nan, np.nan, 3.0],
        }
    )
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=["", "Service is fast", "", ""],
        variable_value_labels={"ONLINE": {1.0: "1.是", 2.0: "2.否"}},
        missing_ranges={"V1": [9.0]},
    )
    (fault,) = faults(path)
    assert (fault.row, fault.column) == (4, "V1")  # the declared missing value leaves a required item empty
    pyreadstat.write_sav(
        frame.head(2),
        path,
        column_labels=["", "Service is fast", "", ""],
        variable_value_labels={"ONLINE": {1.0: "1.是", 2.0: "2.否"}},
    )
    responses = read(path)
    assert values(responses, "SAT1") == [1, 2]
    assert values(responses, "ONLINE") == [0, 0]
    assert "ONLINE: codes follow the file's value labels: 2 = 2.否 = 0" in responses.source.notes
