"""``tierstudy inspect``: what a file is, in words, without a questionnaire and without naming anybody."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from reports.cli import main
from surveys.platforms.description import describe, description_lines
from surveys.platforms.reading import read_export
from surveys.privacy import find

HEADER = (
    "序号,提交答卷时间,所用时间,来源,来源详情,来自IP,1、您的姓名：,2、您的客户等级,3、您的建议,4、您的手机号"
)
ROWS = [
    '1,2024/5/1 10:01:00,61秒,链接,微信,203.0.113.7(江苏-苏州),李雷,金卡,"请打13812345678",13812345678',
    "2,2024/5/1 10:02:00,62秒,链接,微信,203.0.113.8(江苏-苏州),韩梅梅,金卡,a.b@example.org,13912345678",
    "3,2024/5/1 10:03:00,62秒,链接,微信,203.0.113.9(江苏-苏州),韩梅梅,白金卡,(空),(跳过)",
]


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "answers.csv"
    path.write_text("\n".join([HEADER, *ROWS, ""]), encoding="utf-8")
    return path


def test_a_file_in_words(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(export)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "answers.csv: 问卷星 (Wenjuanxing), by text"
    assert "encoding utf-8" in lines[1]
    assert lines[2] == "3 respondents; 2 questions in 2 columns, 8 columns about the respondents"
    assert '  ip: "来自IP" (names a person: never shown, and dropped on reading)' in lines
    tier = next(line for line in lines if "您的客户等级" in line)
    assert tier == '  Q2  [single]  "您的客户等级"  (3 answered; 2 choices: 金卡, and 1 more)'


def test_nothing_that_names_a_person_is_printed(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["inspect", str(export)], ["inspect", str(export), "--quiet"]):
        assert main(words) == 0
        printed = "".join(capsys.readouterr())
        assert find(printed) == ()
        assert not re.search(r"李雷|韩梅梅|203\.0|1381|example\.org", printed)
    told = describe(read_export(export))
    assert find(json.dumps(told.to_dict(), ensure_ascii=False)) == ()


def test_no_real_file_gives_away_a_person(shared_data: Path) -> None:
    for path in sorted(shared_data.rglob("*")):
        if (
            not path.is_file()
            or path.parent.name in ("malformed", shared_data.name)
            or "duplicate" in path.name
        ):
            continue
        text = "\n".join(description_lines(describe(read_export(path))))
        assert [kind for _, _, kind in find(text) if kind in ("ip", "email", "phone", "id_number")] == [], (
            path
        )


def test_what_looks_wrong_is_told(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(shared_data / "sosci" / "experiment_c.csv")]) == 0
    printed = capsys.readouterr().out
    assert "sosci" not in printed.splitlines()[0]  # people know it as SoSci Survey
    assert "looks wrong: 41 of 143 rows are tests by their MODE (debug, admin, pretest)" in printed
    assert "looks wrong: 35 of 143 interviews were not finished" in printed


def test_counts_by_kind_of_silence(shared_data: Path) -> None:
    told = describe(read_export(shared_data / "wenjuanxing" / "phone_4_by_number.xls"))
    by_id = {question.id: question for question in told.questions}
    assert (by_id["Q3"].kind, by_id["Q3"].answered, by_id["Q3"].skipped) == ("multiple", 2, 2)
    assert (by_id["Q13"].kind, by_id["Q13"].n_rows) == ("matrix of single", 17)
    electric = describe(read_export(shared_data / "spss_stata" / "electric.sav"))
    day = next(question for question in electric.questions if question.id == "DAYOFWK")
    assert (day.answered, day.declared_missing) == (110, 130)
    assert day.choices[0] == "1 = SUNDAY"


def test_a_definition_says_that_it_holds_no_answers(shared_data: Path) -> None:
    lines = list(description_lines(describe(read_export(shared_data / "qualtrics" / "side_by_side.qsf"))))
    assert "holds no answers" in lines[2]
    assert "note: 8 questions in the file" in lines


def test_a_wording_given_once_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame({"Tier": ["Gold"] * 9 + ["my cousin Anna at the counter"]}).assign(Other="x").to_csv(path)
    told = describe(read_export(path))
    tier = next(question for question in told.questions if question.id == "Tier")
    assert (tier.n_choices, tier.choices) == (2, ("Gold",))


def test_a_broken_file_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.dta"
    path.write_bytes(b"<stata_dta><header><release>118</release>")
    assert main(["inspect", str(path)]) == 2
    assert "a Stata file that cannot be read" in capsys.readouterr().err
