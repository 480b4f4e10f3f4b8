"""Layouts drawn as small tables: what each platform's grammar means, where no real file shows it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest
import xlsxwriter

from surveys.errors import AnswersError
from surveys.platforms.export import Export, State
from surveys.platforms.reading import read_export
from surveys.questionnaire import Item, ItemKind, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.reading.mapping import load_mapping


def csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A table drawn with ``|`` between its cells, as CSV."""
    lines = [line.strip() for line in text.strip().splitlines()]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    path.write_bytes("\r\n".join([*quoted, ""]).encode(encoding))
    return path


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        for place, cell in enumerate(row):
            if cell is not None:
                sheet.write(at, place, cell)
    book.close()
    return path


def kinds(export: Export) -> dict[str, tuple[str, int, int]]:
    return {
        question.id: (question.kind, len(question.rows), len(question.choices))
        for question in export.questions
    }


def test_tencent(tmp_path: Path) -> None:
    export = read_export(
        csv(
            tmp_path / "a.csv",
            """
            编号|开始答题时间|结束答题时间|答题时长|语言|清洗数据结果|地理位置省|IP|UA|1.您的等级|2.使用的服务-理财|2.使用的服务-贷款|2.使用的服务-其他|2.使用的服务_填空3
            1|02-Feb-2021 20:26:58|02-Feb-2021 20:28:58|120|简体中文|有效|江苏|203.0.113.1|Mozilla|金卡|理财|||
            2|02-Feb-2021 20:27:58|02-Feb-2021 20:28:58|60|简体中文|有效|江苏|203.0.113.2|Mozilla|白金卡||贷款|其他|代缴
            3|02-Feb-2021 20:29:00|02-Feb-2021 20:30:00|60|简体中文|无效|浙江|203.0.113.1|Mozilla|金卡||||
            """,
            "gb18030",
        )
    )
    assert (export.platform, export.table.encoding) == ("tencent", "gb18030")
    assert kinds(export)["Q2"] == ("multiple", 0, 3)
    answers = export.answers()
    assert answers["Q2[理财]"].tolist()[:2] == [1, 0]
    assert np.isnan(answers["Q2[理财]"].tolist()[2])  # nothing marked at all is no answer
    assert answers["Q2[other]"].tolist()[1] == "代缴"
    facts = export.metadata()
    assert facts["seconds"].tolist() == [120, 60, 60]
    assert facts["ip_group"].tolist() == [0, 1, 0]
    assert facts["province"].tolist() == ["江苏", "江苏", "浙江"]
    assert facts["started_at"].tolist()[0] == pd.Timestamp("2021-02-02 20:26:58")


def test_google_forms_with_a_grid(tmp_path: Path) -> None:
    export = read_export(
        csv(
            tmp_path / "a.csv",
            """
            时间戳记|Email Address|How satisfied are you? [Branch]|How satisfied are you? [App]|Which channels do you use?
            2024/05/01 10:00:00|a@example.org|Satisfied|Very satisfied|Branch (city, town), App
            2024/05/01 10:05:00|b@example.org|Neutral|Satisfied|App
            2024/05/01 10:09:00|c@example.org|Satisfied||Branch (city, town)
            2024/05/01 10:19:00|d@example.org|Satisfied|Neutral|App, Phone
            2024/05/01 10:29:00|e@example.org|Satisfied|Neutral|Phone, Branch (city, town)
            """,
        )
    )
    assert export.platform == "google_forms"
    assert [column.role for column in export.columns[:2]] == ["submitted_at", "email"]
    assert kinds(export)["Q1"] == ("single", 2, 3)
    assert {choice.label for choice in export.question("Q2").choices} == {
        "Branch (city, town)",
        "App",
        "Phone",
    }
    assert "email" not in export.metadata()
    assert export.answers()["Q1[2]"].tolist()[0] == "Very satisfied"


def test_wenjuan_with_its_codebook(tmp_path: Path) -> None:
    data = csv(
        tmp_path / "All_Data_Original.csv",
        """
        seq|Q1|Q4_A1|Q4_A2|start|finish|time_used|ip_province|ip
        1|2|1|0|2024-05-01 10:00:00|2024-05-01 10:02:00|120|江苏|203.0.113.1
        2|1|1|1|2024-05-01 10:00:00|2024-05-01 10:01:00|60|浙江|203.0.113.2
        """,
        "gbk",
    )
    book = csv(
        tmp_path / "code.csv",
        """
        Q1|您的等级|单选题
        |1|金卡
        |2|白金卡
        Q4|使用的服务|多选题
        |1|理财
        |2|贷款
        """,
        "gbk",
    )
    export = read_export(data, companion=book)
    assert (export.platform, export.n) == ("wenjuan", 2)
    answers = export.answers()
    assert answers["Q1"].tolist() == ["白金卡", "金卡"]
    assert answers["Q4[理财]"].tolist() == [1, 1]
    assert answers["Q4[贷款]"].tolist() == [0, 1]
    questionnaire = asked(
        item("TIER", "single", "您的等级", scale("tier", "金卡", "白金卡")),
        item("USE", "multiple", "使用的服务", scale("use", "贷款", "理财")),
    )
    responses = read_answers(data, questionnaire, companion=book)
    assert responses.answers["TIER"].tolist() == [2, 1]
    assert responses.answers["USE_1"].tolist() == [0, 1]


READABLE = """
    序号|1.您的等级|2.使用的服务_理财|2.使用的服务_贷款|开始时间|结束时间|答题时长|省份|IP
    1|白金卡|理财||2024-05-01 10:00:00|2024-05-01 10:02:00|120|江苏|203.0.113.1
"""
ORIGINAL = """
    seq|Q1|Q2_A1|Q2_A2|start|finish|time_used|ip_province|ip
    1|2|1|0|2024-05-01 10:00:00|2024-05-01 10:02:00|120|江苏|203.0.113.1
    2|1|1|1|2024-05-01 10:00:00|2024-05-01 10:01:00|60|浙江|203.0.113.2
"""
CODEBOOK = """
    Q1|您的等级|单选题
    |1|金卡
    |2|白金卡
    Q2|使用的服务|多选题
    |1|理财
    |2|贷款
"""


def zipped(path: Path, **tables: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            drawn = csv(path.with_name("drawn.csv"), text, "gbk")
            archive.write(drawn, name.replace("__", "/") + ".csv")
    return path


def test_wenjuan_in_its_archive(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip", All_Data_Readable=READABLE, All_Data_Original=ORIGINAL, export__code=CODEBOOK
    )
    export = read_export(path)
    assert (export.platform, export.flavour, export.n) == ("wenjuan", "codes", 2)
    assert export.answers()["Q1"].tolist() == ["白金卡", "金卡"]
    assert export.table.file == "a.zip"
    assert export.notes[:2] == (
        "read All_Data_Original.csv of the archive; not read: All_Data_Readable.csv",
        "options explained by code.csv of the archive",
    )
    questionnaire = asked(
        item("TIER", "single", "您的等级", scale("tier", "金卡", "白金卡")),
        item("USE", "multiple", "使用的服务", scale("use", "贷款", "理财")),
    )
    assert read_answers(path, questionnaire).answers["USE_1"].tolist() == [0, 1]
    assert {child.name for child in tmp_path.iterdir()} == {"a.zip", "drawn.csv"}


def test_an_archive_that_leaves_a_choice_or_is_hostile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnswersError, match=r"2 tables of answers: a\.csv, b\.csv.*hand in the one"):
        read_export(zipped(tmp_path / "a.zip", a=ORIGINAL, b=ORIGINAL))
    with pytest.raises(AnswersError, match="a path out of the archive"):
        read_export(zipped(tmp_path / "a.zip", **{"..__a": ORIGINAL}))
    with pytest.raises(AnswersError, match="zip bomb"):
        read_export(zipped(tmp_path / "a.zip", a=ORIGINAL + "x" * 30_000_000))
    whole = zipped(tmp_path / "a.zip", a=ORIGINAL).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole.replace(whole[60:64], b"\0\0\0\0", 1))
    with pytest.raises(AnswersError, match="cut off or damaged"):
        read_export(tmp_path / "a.zip")


def test_surveymonkey_expanded(tmp_path: Path) -> None:
    rows = [
        ["RespondentID", "CollectorID", "StartDate", "Your tier?", "", "", "Why?"],
        ["", "", "", "Gold", "Silver", "Other (please specify)", "Open-Ended Response"],
    ]
    for at in range(30):
        cells = ["", "", ""]
        cells[at % 2] = ("Gold", "Silver")[at % 2]
        rows.append([str(100000000 + at), "7", "05/14/2024 10:00:00", *cells, f"because {at}"])
    rows[5][3:6] = ["", "", "none of them"]
    path = tmp_path / "a.csv"
    pd.DataFrame(rows).to_csv(path, index=False, header=False)
    export = read_export(path)
    assert (export.platform, export.flavour) == ("surveymonkey", "two header rows")
    assert kinds(export)["Q1"][0] == "single"
    answers = export.answers()
    assert answers["Q1"].value_counts().to_dict() == {"Gold": 15, "Silver": 14}
    assert answers["Q1[other]"].dropna().tolist() == ["none of them"]
    questionnaire = asked(
        item("TIER", "single", "Your tier?", scale("tier", "Gold", "Silver")), item("WHY", "text", "Why?")
    )
    read = read_answers(path, questionnaire)
    assert read.answers["TIER"].value_counts().to_dict() == {1.0: 15, 2.0: 14}
    assert read.answers["TIER"].tolist()[:4] == [1, 2, 1, pytest.approx(float("nan"), nan_ok=True)]
    assert read.answers["WHY"][29] == "because 29"
    open_ended = scale("tier", "Gold", "Silver", "Something else")
    typed = asked(
        item("TIER", "single", "Your tier?", open_ended, open_option=3), item("WHY", "text", "Why?")
    )
    assert read_answers(path, typed).answers["TIER"].tolist()[:4] == [1, 2, 1, 3]


def test_surveymonkey_matrix_with_a_row_named_other(tmp_path: Path) -> None:
    rows = [
        ["RespondentID", "CollectorID", "StartDate", "How good were they?", "", ""],
        ["", "", "", "The advisor", "Other staff", "Other (please specify)"],
        ["100000001", "7", "05/14/2024 10:00:00", "Good", "Poor", ""],
        ["100000002", "7", "05/14/2024 10:00:00", "Poor", "Good", "the guard"],
        ["100000003", "7", "05/14/2024 10:00:00", "Good", "Fine", ""],
    ]
    path = tmp_path / "a.csv"
    pd.DataFrame(rows).to_csv(path, index=False, header=False)
    export = read_export(path)
    assert [row.text for row in export.question("Q1").rows] == ["The advisor", "Other staff"]
    answers = export.answers()
    assert answers["Q1[2]"].tolist() == ["Poor", "Good", "Fine"]
    assert answers["Q1[other]"].dropna().tolist() == ["the guard"]


@pytest.mark.parametrize("word", ["Rank ", "排名 ", ""])
def test_limesurvey_rankings_have_a_column_a_rank(tmp_path: Path, word: str) -> None:
    orders = [("App", "Web", "Desk"), ("Web", "Desk", "App"), ("Desk", "App", "")] * 5
    header = [f"Which first? [{word}{rank}]" for rank in (1, 2, 3)]
    lines = ["|".join(["Response ID", "Date submitted", "Last page", "Start language", *header])]
    for at, order in enumerate(orders, start=1):
        lines.append("|".join([str(at), "2024-05-01 10:02:00", "3", "en", *order]))
    path = csv(tmp_path / "a.csv", "\n".join(lines))
    export = read_export(path)
    assert kinds(export) == {"Which first?": ("ranking", 0, 3)}
    assert export.answers()["Which first?[Web]"].tolist()[:2] == [2, 1]
    asked_for = asked(item("FIRST", "ranking", "Which first?", scale("s", "Web", "App", "Desk")))
    read = read_answers(path, asked_for)
    assert read.answers["FIRST_1"].fillna(0).tolist()[:3] == [2, 1, 0]
    assert read.answers["FIRST_2"].tolist()[:3] == [1, 3, 2]
    assert read.answers["FIRST_3"].tolist()[:3] == [3, 2, 1]


def test_limesurvey_arrays_are_no_rankings(tmp_path: Path) -> None:
    lines = ["id|submitdate|lastpage|startlanguage|Q[1]|Q[2]|Q[3]"]
    lines += [f"{at}|2024-05-01 10:02:00|3|en|{at % 3 + 1}|2|{(at + 1) % 3 + 1}" for at in range(1, 20)]
    assert kinds(read_export(csv(tmp_path / "a.csv", "\n".join(lines))))["Q"] == ("single", 3, 3)


def test_surveymonkey_in_a_workbook_has_a_half_empty_first_row(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        [
            ["RespondentID", "Which do you use?", None, None, None, None],
            [None, "App", "Branch", "Phone", "Web", "Machine"],
            [101.0, "App", None, None, "Web", None],
            [102.0, None, "Branch", None, None, "Machine"],
        ],
    )
    export = read_export(path)
    assert export.platform == "surveymonkey"
    assert kinds(export) == {"Q1": ("multiple", 0, 5)}
    assert export.n == 2


def test_limesurvey_codes_with_a_structure(tmp_path: Path) -> None:
    structure = tmp_path / "survey.lss"
    structure.write_text(
        """<?xml version="1.0" encoding="UTF-8"?>
        <document><LimeSurveyDocType>Survey</LimeSurveyDocType>
        <questions><rows>
          <row><qid>1</qid><type>L</type><title>TIER</title><other>Y</other><mandatory>Y</mandatory></row>
          <row><qid>2</qid><type>M</type><title>USE</title></row>
          <row><qid>3</qid><type>F</type><title>SAT</title><relevance>TIER == "A1"</relevance></row>
        </rows></questions>
        <subquestions><rows>
          <row><qid>4</qid><parent_qid>2</parent_qid><title>app</title><scale_id>0</scale_id></row>
          <row><qid>5</qid><parent_qid>2</parent_qid><title>web</title><scale_id>0</scale_id></row>
          <row><qid>6</qid><parent_qid>3</parent_qid><title>fast</title><scale_id>0</scale_id></row>
        </rows></subquestions>
        <question_l10ns><rows>
          <row><qid>1</qid><question><![CDATA[<p>Your tier?</p>]]></question><language>en</language></row>
          <row><qid>2</qid><question>What do you use?</question><language>en</language></row>
          <row><qid>3</qid><question>How satisfied?</question><language>en</language></row>
          <row><qid>4</qid><question>The app</question><language>en</language></row>
          <row><qid>5</qid><question>The web</question><language>en</language></row>
          <row><qid>6</qid><question>Speed</question><language>en</language></row>
        </rows></question_l10ns>
        <answers><rows>
          <row><aid>1</aid><qid>1</qid><code>A1</code></row><row><aid>2</aid><qid>1</qid><code>A2</code></row>
          <row><aid>3</aid><qid>3</qid><code>1</code></row><row><aid>4</aid><qid>3</qid><code>2</code></row>
        </rows></answers>
        <answer_l10ns><rows>
          <row><aid>1</aid><answer>Gold</answer><language>en</language></row>
          <row><aid>2</aid><answer>Silver</answer><language>en</language></row>
          <row><aid>3</aid><answer>Low</answer><language>en</language></row>
          <row><aid>4</aid><answer>High</answer><language>en</language></row>
        </rows></answer_l10ns>
        </document>""",
        encoding="utf-8",
    )
    answers = csv(
        tmp_path / "a.csv",
        """
        id|submitdate|lastpage|startlanguage|startdate|datestamp|TIER|TIER[other]|USE[app]|USE[web]|SAT[fast]|interviewtime|groupTime12
        1|2024-05-01 10:02:00|3|en|2024-05-01 10:00:00|2024-05-01 10:02:00|A1||Y||2|120.5|60
        2|2024-05-01 10:05:00|3|en|2024-05-01 10:04:00|2024-05-01 10:05:00|-oth-|Bronze||Y|N/A|60|30
        3||1|en|2024-05-01 10:04:00|2024-05-01 10:05:00|A2|||||20|20
        """,
        "utf-8-sig",
    )
    export = read_export(answers, companion=structure)
    assert (export.platform, export.flavour) == ("limesurvey", "codes")
    table = export.answers()
    assert table["TIER"].tolist() == ["Gold", "Other", "Silver"]
    assert table["TIER[other]"].tolist()[1] == "Bronze"
    assert table["USE[The app]"].tolist()[:2] == [1, 0]
    assert table["SAT[fast]"].tolist()[0] == "High"
    (sat,) = export.columns_of("SAT")
    assert export.states[:, sat.at].tolist() == [State.ANSWERED, State.NOT_SHOWN, State.UNANSWERED]
    assert export.metadata()["page_seconds_1"].tolist() == [60, 30, 20]
    assert export.metadata()["finished"].tolist() == [True, True, False]
    assert export.question("SAT").show_if == 'TIER == "A1"'


def test_kobo_with_slashes(tmp_path: Path) -> None:
    export = read_export(
        csv(
            tmp_path / "a.csv",
            """
            start|end|deviceid|bank/tier|bank/use|bank/use/app|bank/use/web|_id|_uuid|_submission_time|_index
            2024-05-01T10:00:00|2024-05-01T10:01:00|x1|gold|app web|1|1|11|u1|2024-05-01|1
            2024-05-01T10:00:00|2024-05-01T10:03:00|x2|silver|web|0|1|12|u2|2024-05-01|2
            2024-05-01T10:00:00|2024-05-01T10:03:00|x2|silver|app|0|1|13|u3|2024-05-01|3
            """,
        )
    )
    assert export.platform == "kobo"
    assert kinds(export) == {"tier": ("single", 0, 2), "use": ("multiple", 0, 2)}
    # the third row contradicts itself
    assert any("disagree in 2 cells" in warning for warning in export.warnings)
    facts = export.metadata()
    assert facts["seconds"].tolist() == [60, 180, 180]
    assert facts["device_group"].tolist() == [0, 1, 1]
    assert "device" not in facts


def test_wenjuanxing_as_spss(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    frame = pd.DataFrame(
        {
            "index": [1.0, 2.0],
            "totalseconds": ["61秒", "3分20秒"],
            "Q1": [1.0, 2.0],
            "Q3_Row1": [5.0, 2.0],
            "Q3_Row2": [4.0, -3.0],
        }
    )
    scale = {1.0: "1.很不满意", 2.0: "2.不满意", 3.0: "3.一般", 4.0: "4.满意", 5.0: "5.非常满意"}
    pyreadstat.write_sav(
        frame, path,
        column_labels=["序号", "所用时间", "您的等级", "满意程度(满意程度—网点)", "满意程度(满意程度—手机银行)"],
        variable_value_labels={"Q1": {1.0: "1.金卡", 2.0: "2.白金卡"}, "Q3_Row1": scale, "Q3_Row2": scale},
    )  # fmt: skip
    export = read_export(path)
    assert (export.platform, export.flavour) == ("wenjuanxing", "SPSS")
    answers = export.answers()
    assert answers["Q1"].tolist() == ["金卡", "白金卡"]
    assert [row.text for row in export.question("Q3").rows] == ["网点", "手机银行"]
    assert answers["Q3[1]"].tolist() == ["非常满意", "不满意"]
    assert export.states[:, 4].tolist() == [State.ANSWERED, State.SKIPPED]
    assert export.metadata()["seconds"].tolist() == [61, 200]


def test_qualtrics_seen_but_unanswered_and_repeated_serials(tmp_path: Path) -> None:
    export = read_export(
        csv(
            tmp_path / "a.csv",
            """
            StartDate|EndDate|Status|IPAddress|Progress|Duration (in seconds)|Finished|ResponseId|Q1|Q2_1|Q2_2|Q2_2_TEXT
            Start Date|End Date|Response Type|IP Address|Progress|Duration (in seconds)|Finished|Response ID|Tier?|Use? - App|Use? - Other|Use? - Other - Text
            {"ImportId":"startDate"}|{"ImportId":"endDate"}|{"ImportId":"status"}|{"ImportId":"ipAddress"}|{"ImportId":"progress"}|{"ImportId":"duration"}|{"ImportId":"finished"}|{"ImportId":"_recordId"}|{"ImportId":"QID1"}|{"ImportId":"QID2_1"}|{"ImportId":"QID2_2"}|{"ImportId":"QID2_2_TEXT"}
            2024-05-01 10:00:00|2024-05-01 10:02:00|IP Address|203.0.113.1|100|120|True|R_1|Gold|App||
            2024-05-01 10:00:00|2024-05-01 10:03:00|Survey Preview|203.0.113.1|100|180|True|R_2|-99|-99|-99|
            2024-05-01 10:00:00|2024-05-01 10:03:00|IP Address|203.0.113.9|50|180|False|R_2|Silver|App|Other|by post
            """,
        )
    )
    assert (export.platform, export.flavour) == ("qualtrics", "three header rows")
    facts = export.metadata()
    assert facts["preview"].tolist() == [False, True, False]
    assert facts["finished"].tolist() == [True, True, False]
    assert facts["progress"].tolist() == [100, 100, 50]
    assert export.states[1, 8:].tolist() == [State.UNANSWERED] * 4
    assert export.answers()["Q2[other]"].dropna().tolist() == ["by post"]
    assert any("1 serials repeat" in warning for warning in export.warnings)


def test_platform_codes_are_missing_only_on_their_platform(tmp_path: Path) -> None:
    plain = read_export(csv(tmp_path / "a.csv", "respondent|change|score\n1|-3|-99\n2|-2|5\n3|4|6"))
    assert plain.platform == "plain"
    assert (plain.states == State.ANSWERED).all()
    assert plain.answers()["change"].tolist() == ["-3", "-2", "4"]


def test_what_a_spreadsheet_did_is_told(tmp_path: Path) -> None:
    rows = "\n".join(f"{1.1 + at / 10:.2f}E+17|3-4 times|{at}" for at in range(5))
    export = read_export(csv(tmp_path / "a.csv", f"respondent|often|score\n{rows}\n7|5-Jan|#N/A\n8|2月3日|2"))
    told = " / ".join(export.warnings)
    assert "5 long numbers were shortened" in told
    assert "2 answers are dates" in told
    assert "1 error cells" in told
    phones = ["13912340001", "2066170102"] + [f"{10**10 + 98765431 * at}" for at in range(1, 20)]
    damaged = read_export(csv(tmp_path / "b.csv", "code|a\n" + "\n".join(f"{phone}|1" for phone in phones)))
    assert any(
        "1 numbers look as if a spreadsheet took their leading zeros" in text for text in damaged.warnings
    )
    serials = read_export(
        csv(tmp_path / "c.csv", "code|a\n" + "\n".join(f"{99990 + at}|1" for at in range(40)))
    )
    assert serials.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings_of_one_survey(tmp_path: Path, encoding: str) -> None:
    text = """
    序号|提交答卷时间|所用时间|来源|来源详情|来自IP|1、您的客户等级|2、您使用哪些服务
    1|2024/5/1 10:01:00|61秒|链接|直接访问|203.0.113.1(江苏-苏州)|金卡|理财┋贷款
    2|2024/5/1 10:02:00|62秒|链接|直接访问|203.0.113.2(江苏-南京)|白金卡|贷款
    """
    export = read_export(csv(tmp_path / "a.csv", text, encoding))
    assert export.platform == "wenjuanxing"
    assert export.answers()["Q2[理财]"].tolist() == [1, 0]
    assert export.metadata()["city"].tolist() == ["苏州", "南京"]


def scale(id_: str, *labels: str) -> Scale:
    return Scale(
        id=id_,
        options=tuple(Option(code=code, label={"zh": label}) for code, label in enumerate(labels, 1)),
        ordered=False,
    )


def item(id_: str, kind: ItemKind, text: str, of: Scale | None = None, **more: object) -> Item:
    return Item(id=id_, kind=kind, text={"zh": text}, section="a", scale=of, **more)  # type: ignore[arg-type]


def asked(*items: Item, **more: object) -> Questionnaire:
    return Questionnaire(
        id="q", title={"zh": "Q"}, languages=("zh",), sections=(Section(id="a", title={"zh": "A"}),),
        scales={}, items=items, **more,  # type: ignore[arg-type]
    )  # fmt: skip


SATISFIED = scale("sat", "非常不满意", "不满意", "一般", "满意", "非常满意")
BANK = asked(
    item("TIER", "single", "您目前的客户等级是？", scale("tier", "普通卡", "金卡", "白金卡", "钻石卡"), required=True),
    item("USE", "multiple", "您使用过哪些服务？", scale("use", "贵宾通道", "理财咨询", "机场贵宾厅", "其他"), open_option=4),
    item("SAT_BRANCH", "single", "网点服务", SATISFIED, matrix="sat"),
    item("SAT_APP", "single", "手机银行", SATISFIED, matrix="sat"),
    item("SAT_ADVICE", "single", "理财顾问", SATISFIED, matrix="sat", required=True),
    item("RANK", "ranking", "请按重要性排序：", scale("rank", "费率", "服务", "网点")),
    item("NPS", "number", "您有多大可能把本行推荐给朋友？", low=0, high=10),
    item("WHY", "multiple", "您不满意的原因", scale("why", "等待时间长", "手续费高", "产品少", "其他"), open_option=4),
    matrices={"sat": {"zh": "您对以下方面的满意程度："}},
)  # fmt: skip


def test_a_study_reads_both_downloads_directly(shared_data: Path) -> None:
    folder = shared_data / "wenjuanxing"
    text = read_answers(folder / "handmade_by_text.xlsx", BANK)
    assert text.answers["TIER"].tolist()[:4] == [2, 3, 1, 4]
    assert text.answers["RANK_1"].tolist()[:2] == [1, 2]
    assert text.metadata["respondent"].tolist()[0] == "1"
    assert text.metadata["province"].tolist()[0] == "江苏"
    assert text.metadata["seconds"].tolist()[0] == 61
    assert "read as 问卷星 (Wenjuanxing), by text" in text.source.notes
    three = asked(
        *(
            one
            if one.id != "WHY"
            else item("WHY", "multiple", "您不满意的原因", scale("why", "等待时间长", "手续费高", "产品少"))
            for one in BANK.items
        ),
        matrices=BANK.matrices,
    )
    number = read_answers(folder / "handmade_by_number.xlsx", three)
    both = [name for name in number.answers if not name.startswith("WHY")]
    pd.testing.assert_frame_equal(number.answers[both], text.answers[both])


def numbered(tmp_path: Path, *recommend: int) -> Path:
    """By option number, a single choice whose wordings run from 0 to 10."""
    rows = "\n".join(
        f"{at}|2024/5/1 10:01:00|61秒|链接|直接访问|203.0.113.1(江苏-苏州)|{number}|{at % 2}|{1 - at % 2}"
        for at, number in enumerate(recommend, 1)
    )
    head = "序号|提交答卷时间|所用时间|来源|来源详情|来自IP|1、推荐本行的可能|2、(理财)|2、(贷款)"
    return csv(tmp_path / "a.csv", f"{head}\n{rows}")


def test_option_numbers_of_a_scale_from_zero(tmp_path: Path) -> None:
    labels = tuple(Option(code=code, label={"zh": f"{code}"}) for code in range(11))
    questionnaire = asked(
        item("NPS", "single", "推荐本行的可能", Scale(id="nps", options=labels)),
        item("USE", "multiple", "使用", scale("use", "理财", "贷款")),
    )
    as_numbers = read_answers(numbered(tmp_path, 11, 1, 5), questionnaire)
    assert as_numbers.answers["NPS"].tolist() == [10, 0, 4]
    assert "NPS: option numbers read as the codes in their order" in as_numbers.source.notes
    as_codes = read_answers(numbered(tmp_path, 10, 0, 5), questionnaire)
    assert as_codes.answers["NPS"].tolist() == [10, 0, 5]
    with pytest.raises(AnswersError, match="may be codes of the scale or numbers of its options"):
        read_answers(numbered(tmp_path, 10, 1, 5), questionnaire)


def test_a_second_header_row_is_not_taken_for_the_first(tmp_path: Path) -> None:
    # the second row is worded like the questionnaire, the first holds codes
    path = csv(
        tmp_path / "a.csv",
        """
        StartDate|EndDate|RecordedDate|Status|IPAddress|Progress|Finished|ResponseId|Q1|Q2
        Start Date|End Date|Recorded Date|Response Type|IP Address|Progress|Finished|Response ID|您的等级|您的网点
        {"ImportId":"startDate"}|{"ImportId":"endDate"}|{"ImportId":"recordedDate"}|{"ImportId":"status"}|{"ImportId":"ipAddress"}|{"ImportId":"progress"}|{"ImportId":"finished"}|{"ImportId":"_recordId"}|{"ImportId":"QID1"}|{"ImportId":"QID2"}
        2024-05-01 10:00:00|2024-05-01 10:02:00|2024-05-01 10:03:00|IP Address|203.0.113.1|100|True|R_1|金卡|乙
        2024-05-01 10:00:00|2024-05-01 10:03:00|2024-05-01 10:03:00|IP Address|203.0.113.2|100|True|R_2|白金卡|甲
        """,
    )
    questionnaire = asked(
        item("TIER", "single", "您的等级", scale("tier", "金卡", "白金卡")),
        item("BRANCH", "single", "您的网点", scale("branch", "甲", "乙")),
    )
    responses = read_answers(path, questionnaire)
    assert responses.answers["TIER"].tolist() == [1, 2]
    assert responses.metadata["row"].tolist() == [4, 5]
    assert responses.metadata["submitted_at"].tolist()[0] == pd.Timestamp("2024-05-01 10:02:00")
    assert "ip" not in responses.metadata


def test_limesurvey_codes_have_no_underscores(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a.csv",
        """
        id|submitdate|lastpage|startlanguage|startdate|datestamp|TIERNOW|USE[1]|USE[2]
        1|2024-05-01 10:02:00|3|zh|2024-05-01 10:00:00|2024-05-01 10:02:00|2|Y|
        2|2024-05-01 10:05:00|3|zh|2024-05-01 10:04:00|2024-05-01 10:05:00|1|Y|Y
        """,
    )
    questionnaire = asked(
        item("TIER_NOW", "single", "您的等级", scale("tier", "金卡", "白金卡")),
        item("USE", "multiple", "使用", scale("use", "理财", "贷款")),
    )
    responses = read_answers(path, questionnaire)
    assert responses.answers["TIER_NOW"].tolist() == [2, 1]
    assert responses.answers["USE_2"].tolist() == [0, 1]


def test_dates_counted_from_1904_are_told(shared_data: Path) -> None:
    for name in ("date_1904.xlsx", "dates-1904.xls"):
        export = read_export(shared_data / "malformed" / name)
        assert any("counted from 1904" in note for note in export.notes), name


def test_skipped_is_no_fault_of_a_required_item(shared_data: Path) -> None:
    # SAT_ADVICE is required, and one respondent was led past it
    responses = read_answers(shared_data / "wenjuanxing" / "handmade_by_text.xlsx", BANK)
    assert responses.answers["SAT_ADVICE"].isna().tolist()[:2] == [False, True]


def test_close_wordings_are_asked_about_and_mapped(tmp_path: Path) -> None:
    path = csv(
        tmp_path / "a.csv",
        """
        序号|提交答卷时间|所用时间|来源|来源详情|来自IP|1、您现在的客户等级是？|2、备注
        1|2024/5/1 10:01:00|61秒|链接|直接访问|203.0.113.1(江苏-苏州)|金卡|好
        2|2024/5/1 10:02:00|62秒|链接|直接访问|203.0.113.2(江苏-南京)|白金卡|(空)
        """,
    )
    questionnaire = asked(BANK.items[0])
    with pytest.raises(AnswersError) as caught:
        read_answers(path, questionnaire)
    told = str(caught.value)
    assert "expected an item, such as TIER" in told
    assert '`"1、您现在的客户等级是?": TIER` into the mapping' in told or "TIER` into the mapping" in told
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text('"1、您现在的客户等级是？": TIER\n"2、备注": ignore\n', encoding="utf-8")
    responses = read_answers(path, questionnaire, mapping=load_mapping(mapping))
    assert responses.answers["TIER"].tolist() == [2, 3]


def test_faults_of_a_mapping_file(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text("a: 1\nb: [x]\n", encoding="utf-8")
    with pytest.raises(AnswersError) as caught:
        load_mapping(path)
    assert [fault.line for fault in caught.value.faults] == [1, 2]
    path.write_text("- a\n", encoding="utf-8")
    with pytest.raises(AnswersError, match="something else than a mapping"):
        load_mapping(path)


def test_codes_and_companion_against_a_questionnaire(tmp_path: Path, shared_data: Path) -> None:
    del shared_data
    data = csv(
        tmp_path / "a.csv",
        """
        record_id|tier|use___1|use___2|survey_complete
        1|2|1|0|2
        2|1|0|1|2
        """,
    )
    dictionary = csv(
        tmp_path / "d.csv",
        """
        field_name|form_name|field_type|field_label|select_choices_or_calculations
        record_id|survey|text|Id|
        tier|survey|radio|您的等级|1, 白金卡 / 2, 金卡
        use|survey|checkbox|您使用过哪些服务？|1, 理财咨询 / 2, 贵宾通道
        """.replace(" / ", " ¦ "),
    )
    dictionary.write_text(dictionary.read_text("utf-8").replace("¦", "|"), encoding="utf-8")
    questionnaire = asked(
        item("TIER", "single", "您的等级", scale("tier", "金卡", "白金卡")),
        item("USE", "multiple", "您使用过哪些服务？", scale("use", "贵宾通道", "理财咨询")),
    )
    responses = read_answers(data, questionnaire, companion=dictionary)
    # codes follow the dictionary's wordings, not its numbers
    assert responses.answers["TIER"].tolist() == [1, 2]
    assert responses.answers["USE_1"].tolist() == [0, 1]
    assert responses.answers["USE_2"].tolist() == [1, 0]


def test_definitions_hold_no_answers(tmp_path: Path) -> None:
    path = tmp_path / "a.qsf"
    question = {
        "Element": "SQ",
        "PrimaryAttribute": "QID1",
        "Payload": {"QuestionText": "a", "QuestionType": "TE"},
    }
    path.write_text(json.dumps({"SurveyEntry": {}, "SurveyElements": [question]}), encoding="utf-8")
    with pytest.raises(AnswersError, match="what was asked, without answers"):
        read_answers(path, asked(BANK.items[0]))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("deep.json", b'[{"a":' * 5000, "nested deeper"),
        ("deep.qsf", b'{"a":' * 200 + b"1" + b"}" * 200, "nested deeper"),
        ("cut.qsf", b'{"SurveyEntry": {"SurveyID": "SV_1"', "breaks off"),
        ("other.json", b'{"a": 1}', "neither a Qualtrics survey"),
        ("empty.qsf", b'{"SurveyElements": []}', "no questions"),
        ("bomb.lsg", b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "LimeSurveyDocType">]><document>&a;</document>', "entities"),
        ("cut.lsg", b'<?xml version="1.0"?><document><LimeSurveyDocType>Group', "damaged"),
        ("cut.dta", b"<stata_dta><header><release>118</release>", "Stata file that cannot be read"),
        ("huge.dta", bytes([114, 2, 1, 0]) + b"\x10\x00" + b"\xff\xff\xff\x7f" + b"\0" * 200, "observations of"),
    ],
)  # fmt: skip
def test_hostile_definitions_and_data_sets(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AnswersError) as caught:
        read_export(path)
    assert words in str(caught.value)


def test_an_unknown_platform_is_refused(tmp_path: Path) -> None:
    path = csv(tmp_path / "a.csv", "a|b\n1|2")
    with pytest.raises(AnswersError, match="one of wenjuanxing"):
        read_export(path, platform="nonsense")  # type: ignore[arg-type]


def test_import_text_with_sections_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "form.txt"
    path.write_text(
        "客户调查\n\n第一部分 基本情况[段落说明]\n\n1. 您的城市*[下拉框]\n上海\n广州\n\n=== 第1页 ===\n\n"
        "2. 您的建议[问答题]（选填）\n\n3. 请评价[矩阵量表题]\n差 中 好\n服务\n价格\n",
        encoding="utf-8",
    )
    export = read_export(path)
    assert kinds(export) == {"Q1": ("single", 0, 2), "Q2": ("text", 0, 0), "Q3": ("single", 2, 3)}
    assert [question.required for question in export.questions] == [True, False, False]
    assert export.question("Q1").text == "您的城市"
