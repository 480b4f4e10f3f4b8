"""Data files to answers: headers matched, answers decoded, every case that does not fit reported."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.errors import AnswersError
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.reading.answers import seconds
from surveys.responses import Responses
from surveys.study import Study


def option(code: int, en: str, zh: str, *aliases: str) -> Option:
    return Option(code=code, label={"en": en, "zh": zh}, aliases=aliases)


AGREE = Scale(
    id="agree",
    options=(
        option(1, "Strongly disagree", "非常不同意"),
        option(2, "Disagree", "不同意"),
        option(3, "Neither", "一般"),
        option(4, "Agree", "同意"),
        option(5, "Strongly agree", "非常同意"),
    ),
    missing_codes=(option(9, "Cannot say", "说不清"),),
)
CONSENT = Scale(id="consent", options=(option(1, "I agree", "我同意"), option(2, "I refuse", "我拒绝")))
CHANNELS = Scale(
    id="channels",
    ordered=False,
    options=(
        option(1, "Branch", "网点"),
        option(2, "Mobile app", "手机银行", "APP"),
        option(3, "Phone, fax", "电话、传真"),
        option(4, "Other", "其他"),
    ),
)
FEES = Scale(
    id="fees",
    options=(
        option(1, "Fees", "费率"),
        option(2, "Service", "服务"),
        option(3, "Branches", "布局"),
        option(4, "Other", "其他"),
    ),
)
YES_NO = Scale(id="yes_no", ordered=False, options=(option(0, "No", "否"), option(1, "Yes", "是")))


def item(id: str, kind: str, en: str, zh: str, **more: object) -> Item:
    return Item(id=id, kind=kind, text={"en": en, "zh": zh}, section="s", **more)  # type: ignore[arg-type]


QUESTIONNAIRE = Questionnaire(
    id="q",
    title={"en": "Q", "zh": "问卷"},
    languages=("en", "zh"),
    sections=(Section(id="s", title={"en": "S", "zh": "部分"}),),
    scales={scale.id: scale for scale in (AGREE, CONSENT, CHANNELS, YES_NO)},
    items=(
        item("CONSENT", "single", "Do you take part?", "您是否同意参加？", scale=CONSENT, required=True),
        item("SAT1", "single", "I am pleased.", "我感到满意。", scale=AGREE, required=True, matrix="SAT"),
        item("SAT2", "single", "I will stay.", "我会留下。", scale=AGREE, matrix="SAT"),
        item("CH", "multiple", "Which channels do you use?", "您使用哪些渠道？", scale=CHANNELS),
        item("RANK", "ranking", "Rank the channels", "请给渠道排序", scale=FEES),
        item("CARD", "single", "Do you hold a card?", "您有卡吗？", scale=YES_NO),
        item("AGE", "number", "Your age", "您的年龄", low=18, high=99),
        item("COMMENT", "text", "Anything else?", "还有什么想说的？", identifying=True),
    ),
    matrices={"SAT": {"en": "How far do you agree?", "zh": "您在多大程度上同意以下说法？"}},
    respondent_id=("respondent", "序号"),
    metadata={"seconds": ("seconds", "所用时间"), "submitted_at": ("提交答卷时间",), "ip": ("ip", "来自IP")},
    ignored_columns=("来源",),
)
Write = Callable[..., Responses]


@pytest.fixture
def read(tmp_path: Path) -> Write:
    """Writes rows as CSV and reads them back as answers."""

    def write(header: list[str], *rows: list[object], mapping: Mapping[str, str] | None = None) -> Responses:
        path = tmp_path / "wave1.csv"
        pd.DataFrame(list(rows), columns=header, dtype=object).to_csv(path, index=False)
        return read_answers(path, QUESTIONNAIRE, mapping=mapping)

    return write


def faults(caught: pytest.ExceptionInfo[AnswersError]) -> list[tuple[int | None, str | None, str]]:
    return [(fault.row, fault.column, fault.seen) for fault in caught.value.faults]


BASE = ["respondent", "CONSENT", "SAT1"]


@pytest.mark.parametrize(
    "header",
    [
        "SAT2",
        "sat2",
        "I will stay.",
        "我会留下",
        "2、我会留下。 (单选题 *必答)",
        "Q2. I will stay",
        "How far do you agree?—I will stay.",
        "3、您在多大程度上同意以下说法？ (矩阵单选题 *必答)—我会留下。",
        "How far do you agree? [I will stay.]",
        "  Ｉ will   stay ",
    ],
)
def test_an_item_is_found_under_its_id_text_or_matrix_row(read: Write, header: str) -> None:
    responses = read([*BASE, header], ["a", 1, 4, 2], ["b", 1, 5, 3])
    assert responses.answers["SAT2"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("4", 4), ("4.0", 4), ("4分", 4), ("Agree", 4), (" AGREE ", 4), ("同意", 4), ("4=Agree", 4), ("A. 同意", 4),
        ("９", math.nan), ("9", math.nan), ("说不清", math.nan), ("", math.nan), ("(空)", math.nan), ("（跳过）", math.nan),
    ],
)  # fmt: skip
def test_codes_labels_and_missing(read: Write, cell: str, code: float) -> None:
    found = read([*BASE, "SAT2"], ["a", 1, 4, cell], ["b", 1, 5, "Agree"]).answers["SAT2"]
    assert found.tolist() == pytest.approx([code, 4], nan_ok=True)


@pytest.mark.parametrize(
    ("yes", "no"), [("TRUE", "FALSE"), ("是", "否"), ("yes", "No"), (1, 0), ("1.0", "0.0")]
)
def test_booleans(read: Write, yes: object, no: object) -> None:
    found = read([*BASE, "CARD"], ["a", 1, 4, yes], ["b", 1, 5, no]).answers["CARD"]
    assert found.tolist() == [1, 0]


@pytest.mark.parametrize(
    "cell",
    ["手机银行┋电话、传真", "Mobile app; Phone, fax;", "APP|Phone, fax", "Phone, fax, Mobile app", "2;3;", "2 3", "手机银行┋电话、传真┋其他〖x〗"],
)  # fmt: skip
def test_multiple_response_in_one_column(read: Write, cell: str) -> None:
    found = read([*BASE, "CH"], ["a", 1, 4, cell], ["b", 1, 5, ""]).answers
    assert found.loc[0, ["CH_1", "CH_2", "CH_3", "CH_4"]].tolist() == [0, 1, 1, float("其他" in cell)]
    assert found.loc[1, ["CH_1", "CH_2", "CH_3", "CH_4"]].isna().all()


@pytest.mark.parametrize(
    "form", ["CH_{code}", "CH: {en}", "6、({zh})", "第6题({zh})", "Which channels do you use? [{en}]"]
)
@pytest.mark.parametrize("marks", [("1", "0"), ("是", "否"), ("TRUE", "FALSE"), ("label", "")])
def test_multiple_response_in_one_column_per_option(read: Write, form: str, marks: tuple[str, str]) -> None:
    options = CHANNELS.options
    header = [form.format(code=o.code, en=o.label["en"], zh=o.label["zh"]) for o in options]
    picked = [[True, False, True, False], [False, True, False, False]]
    cells = [
        [(o.label["en"] if marks[0] == "label" else marks[0]) if p else marks[1] for p, o in zip(row, options, strict=True)]
        for row in picked
    ]  # fmt: skip
    found = read([*BASE, *header], ["a", 1, 4, *cells[0]], ["b", 1, 5, *cells[1]]).answers
    assert found[["CH_1", "CH_2", "CH_3", "CH_4"]].to_numpy().tolist() == picked


def test_rankings(read: Write) -> None:
    found = read([*BASE, "RANK"], ["a", 1, 4, "服务→费率"], ["b", 1, 5, ""]).answers
    columns = ["RANK_1", "RANK_2", "RANK_3", "RANK_4"]
    assert found.loc[0, columns].tolist() == pytest.approx([2, 1, math.nan, math.nan], nan_ok=True)
    found = read([*BASE, *columns], ["a", 1, 4, 2, 1, "", 3]).answers
    assert found.loc[0, columns].tolist() == pytest.approx([2, 1, math.nan, 3], nan_ok=True)


def test_metadata_is_kept_and_what_names_a_person_is_dropped(read: Write) -> None:
    responses = read(
        ["序号", "所用时间", "提交答卷时间", "来自IP", "来源", "CONSENT", "SAT1"],
        ["7", "3分20秒", "2024/5/1 10:01:00", "203.0.113.9(上海)", "微信", "我同意", "同意"],
        ["8", "61秒", "2024/5/2 10:01:00", "203.0.113.8(上海)", "微信", "我同意", "一般"],
    )
    assert list(responses.metadata.columns) == ["respondent", "row", "seconds", "submitted_at"]
    assert responses.metadata["respondent"].tolist() == ["7", "8"]
    assert responses.metadata["row"].tolist() == [2, 3]
    assert responses.metadata["seconds"].tolist() == [200, 61]
    assert responses.metadata["submitted_at"].dt.day.tolist() == [1, 2]
    assert any("dropped" in note and "来自IP" in note for note in responses.source.notes)
    assert not any("203.0.113" in note for note in responses.source.notes)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("136秒", 136), ("3分20秒", 200), ("00:02:16", 136), ("1小时2分3秒", 3723), (90, 90), ("90.5", 90.5), (dt.timedelta(minutes=2), 120), ("soon", None)],
)  # fmt: skip
def test_durations(cell: object, value: float | None) -> None:
    assert seconds(cell) == value


def test_synthetic_answers_say_so(read: Write) -> None:
    assert read([*BASE, "synthetic"], ["a", 1, 4, "synthetic 合成数据"]).synthetic
    assert not read([*BASE, "synthetic"], ["a", 1, 4, "no"]).synthetic
    assert not read(BASE, ["a", 1, 4]).synthetic


def test_a_mapping_wins(read: Write) -> None:
    responses = read([*BASE, "SAT2", "x"], ["a", 1, 4, 1, 5], mapping={"x": "SAT2", "SAT2": "ignore"})
    assert responses.answers["SAT2"].tolist() == [5]
    with pytest.raises(AnswersError) as caught:
        read(BASE, ["a", 1, 4], mapping={"y": "SAT2", "SAT1": "nothing"})
    assert "mapping of a column y" in str(caught.value)
    assert "mapping to nothing" in str(caught.value)


def test_every_case_is_reported_at_once(read: Write) -> None:
    with pytest.raises(AnswersError) as caught:
        read(
            ["respondent", "CONSENT", "SAT1", "SAT2", "AGE", "CH", "Age of cat", "I will stay."],
            ["a", 1, 7, 1, 17, "Web", "", 1],
            ["b", 1, "", "Agre", "old", "Branch", "", 1],
            ["a", 1, 4, 2, 20, "Branch", "3", 2],
        )
    found = faults(caught)
    assert (2, "SAT1", "7, a code outside the scale") in found
    assert (2, "AGE", "17, out of bounds") in found
    assert (2, "CH", "the unknown option 'web'") in found
    assert (3, "SAT1", "an empty cell") in found
    assert (3, "SAT2", "the unknown label 'Agre'") in found
    assert (3, "AGE", "'old', not a number") in found
    assert (4, "respondent", "the respondent id a again (duplicate)") in found
    assert (None, "Age of cat", "the unknown column Age of cat") in found
    assert (None, "I will stay.", "two columns for SAT2: SAT2 and I will stay.") in found
    assert len(found) == 9
    assert "Did you mean `agree`?" in str(caught.value)
    assert "`ignored_columns`" in str(caught.value)
    assert len(caught.value.cases) == 9


def test_a_required_item_needs_a_column(read: Write) -> None:
    with pytest.raises(AnswersError, match="one for the required item SAT1"):
        read(["respondent", "CONSENT"], ["a", 1])
    responses = read(BASE, ["a", 1, 4])
    assert list(responses.answers.columns) == ["CONSENT", "SAT1"]
    assert any("items without a column: SAT2, CH" in note for note in responses.source.notes)


def test_who_refused_consent_need_not_answer(read: Write) -> None:
    responses = read([*BASE, "SAT2"], ["a", 2, "", ""], ["b", 1, 4, 3])
    assert responses.answers["CONSENT"].tolist() == [2, 1]
    with pytest.raises(AnswersError) as caught:
        read([*BASE, "SAT2"], ["a", 1, "", 3], ["b", 1, 4, 3])
    assert faults(caught) == [(2, "SAT1", "an empty cell")]


def test_messages_name_nobody(read: Write) -> None:
    cell = "ann@example.org 13912345678 " + "x" * 200
    with pytest.raises(AnswersError) as caught:
        read(BASE, ["a", 1, cell])
    message = str(caught.value)
    assert "ann@" not in message
    assert "13912345678" not in message
    assert "x" * 81 not in message


def test_dates_and_titles_of_spreadsheets(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Satisfaction survey 2024"],
        [],
        ["respondent", "CONSENT", "SAT1", "CARD"],
        ["a", 1, 4, True],
        ["b", 1, dt.datetime(2024, 5, 1), False],
    ):
        sheet.append(row)
    book.save(tmp_path / "wave1.xlsx")
    with pytest.raises(AnswersError) as caught:
        read_answers(tmp_path / "wave1.xlsx", QUESTIONNAIRE)
    fault = caught.value.faults[0]
    assert (fault.row, fault.column, fault.sheet) == (5, "SAT1", "Sheet")
    assert "the date 2024-05-01" in fault.seen
    assert len(caught.value.faults) == 1
    sheet["C5"] = 5
    sheet["C5"].number_format = "General"
    book.save(tmp_path / "wave1.xlsx")
    responses = read_answers(tmp_path / "wave1.xlsx", QUESTIONNAIRE)
    assert responses.answers.to_numpy().tolist() == [[1, 4, 1], [1, 5, 0]]
    assert responses.metadata["row"].tolist() == [4, 5]


@pytest.mark.parametrize(
    ("header", "words"), [(["a", "a"], "2 columns of this name"), (["a", ""], "no header above column 5")]
)
def test_headers_must_be_there_once(tmp_path: Path, header: list[str], words: str) -> None:
    path = tmp_path / "wave1.csv"
    path.write_text(",".join([*BASE, *header]) + "\na,1,4,x,y\n")
    with pytest.raises(AnswersError, match=words):
        read_answers(path, QUESTIONNAIRE)


def test_no_answers_at_all(read: Write) -> None:
    with pytest.raises(AnswersError, match="no rows below the header"):
        read(BASE)


# -- real files --------------------------------------------------------------------------------

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name: str) -> Questionnaire:
    return Study.load(EXAMPLES / name).populations["customers"].questionnaire


def test_card_tiers(shared_data: Path) -> None:
    responses = read_answers(shared_data / "bank" / "bank_churn_card_tier_a.csv", example("card_tiers"))
    assert responses.answers.shape == (3978, 13)
    counts = responses.answers["CardType"].value_counts()
    assert counts.to_dict() == {2: 1026, 4: 999, 1: 997, 3: 956}
    satisfaction = responses.answers["SatisfactionScore"].value_counts().to_dict()
    assert satisfaction == {1: 758, 2: 794, 3: 852, 4: 791, 5: 783}
    assert responses.metadata["respondent"].is_unique


def zero_to_ten(questionnaire: Questionnaire) -> Questionnaire:
    zero = Option(code=0, label={"en": "0", "zh": "0"})
    wide = {
        id: replace(scale, options=(zero, *scale.options))
        if 10 in scale.codes and 0 not in scale.codes
        else scale
        for id, scale in questionnaire.scales.items()
    }
    items = tuple(replace(i, scale=wide[i.scale.id]) if i.scale else i for i in questionnaire.items)
    return replace(questionnaire, scales=wide, items=items)


def test_spanish_bank(shared_data: Path) -> None:
    """The file holds 111 zeros, which a scale of 1 to 10 does not allow."""
    path = shared_data / "bank" / "plspm_satisfaction.csv"
    questionnaire = example("spanish_bank")
    if 0 not in questionnaire.scales["ten"].codes:
        with pytest.raises(AnswersError) as caught:
            read_answers(path, questionnaire)
        assert {seen for _, _, seen in faults(caught)} == {"0, a code outside the scale"}
        assert len(caught.value.faults) == 111
    responses = read_answers(path, zero_to_ten(questionnaire))
    assert responses.answers.shape == (250, 28)
    plain = pd.read_csv(path)
    columns = [name for name in plain.columns if name != "gender"]
    assert np.array_equal(responses.answers[columns].to_numpy(), plain[columns].to_numpy())
    assert responses.answers["gender"].value_counts().to_dict() == (
        plain["gender"].map({"female": 1, "male": 2}).value_counts().to_dict()
    )


# -- any answers, written in any of the ways, come back the same ---------------------------------

NONE = st.none()
ROW = st.fixed_dictionaries(
    {
        "SAT1": st.sampled_from(AGREE.codes),
        "SAT2": st.one_of(NONE, st.sampled_from(AGREE.codes)),
        "CARD": st.one_of(NONE, st.sampled_from(YES_NO.codes)),
        "CH": st.one_of(NONE, st.lists(st.sampled_from(CHANNELS.codes), min_size=1, unique=True)),
        "AGE": st.one_of(NONE, st.integers(18, 99)),
    }
)


@given(
    rows=st.lists(ROW, min_size=1, max_size=8),
    language=st.sampled_from(["en", "zh"]),
    texts=st.booleans(),
    labels=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    separator=st.sampled_from([",", ";", "\t"]),
)
def test_answers_come_back_as_written(
    rows: list[dict[str, object]], language: str, texts: bool, labels: bool, encoding: str, separator: str
) -> None:
    asked = [QUESTIONNAIRE.item(name) for name in ("CONSENT", "SAT1", "SAT2", "CH", "CARD", "AGE")]

    def cell(item: Item, value: object) -> str:
        if value is None:
            return ""
        if item.scale is None:
            return str(value)
        codes = value if isinstance(value, list) else [value]
        said = [item.scale.label(code, language) if labels else str(code) for code in codes]
        return "┋".join(said)

    full = [{"CONSENT": 1, **row} for row in rows]
    table = pd.DataFrame(
        [[str(n), *(cell(item, row[item.id]) for item in asked)] for n, row in enumerate(full)],
        columns=["respondent", *(item.text[language] if texts else item.id for item in asked)],
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wave1.csv"
        path.write_bytes(table.to_csv(index=False, sep=separator).encode(encoding))
        found = read_answers(path, QUESTIONNAIRE).answers
    expected = pd.DataFrame(
        {
            column: [
                math.nan
                if row[item.id] is None
                else float(CHANNELS.codes[j] in row[item.id])  # type: ignore[operator]
                if item.kind == "multiple"
                else float(row[item.id])  # type: ignore[arg-type]
                for row in full
            ]
            for item in asked
            for j, column in enumerate(item.columns)
        }
    )
    pd.testing.assert_frame_equal(found, expected)
