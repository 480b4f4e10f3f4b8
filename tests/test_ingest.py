"""``tierstudy ingest`` and the options that say how an export is to be read."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from reports.cli import PLATFORMS, main
from reports.exit_status import UsageError
from reports.form_commands import files_by_population
from surveys.platforms import export

QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: q
title: {en: Q, zh: 问}
languages: [en, zh]
scales: {s: {options: {1: {en: Poor, zh: 差}, 2: {en: Good, zh: 好}}}}
sections:
  - id: a
    title: {en: A, zh: 甲}
    items:
      - {id: SAT, kind: single, scale: s, text: {en: 'How is the service?', zh: 服务怎么样？}}
      - {id: WHY, kind: text, text: {en: 'Why?', zh: 为何？}}
"""


@pytest.fixture
def asked(tmp_path: Path) -> str:
    path = tmp_path / "q.yaml"
    path.write_text(QUESTIONNAIRE, encoding="utf-8")
    return str(path)


@pytest.fixture
def answers(tmp_path: Path) -> str:
    path = tmp_path / "a.csv"
    path.write_text("respondent,Overall,WHY\n01,Good,=1+1\n02,差,-5\n03,,\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    path = tmp_path / "m.yaml"
    path.write_text("Overall: SAT\n", encoding="utf-8")
    return str(path)


def test_parquet_keeps_types_and_texts(tmp_path: Path, asked: str, answers: str, mapping: str) -> None:
    out = tmp_path / "out" / "d.parquet"
    assert main(["ingest", answers, "--questionnaire", asked, "--mapping", mapping, "--out", str(out)]) == 0
    data = pd.read_parquet(out)
    assert data["respondent"].tolist() == ["01", "02", "03"]
    assert data["SAT"].tolist()[:2] == [2.0, 1.0]
    assert pd.isna(data["SAT"][2])
    assert data["WHY"].tolist()[:2] == ["=1+1", "-5"]  # no spreadsheet opens it
    assert str(data["SAT"].dtype) == "float64"
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "d.codebook.csv",
        "d.codebook.html",
        "d.codebook.xlsx",
        "d.log.json",
        "d.parquet",
    ]
    first = out.read_bytes()
    assert main(["ingest", answers, "--questionnaire", asked, "--mapping", mapping, "--out", str(out)]) == 0
    assert out.read_bytes() == first


def test_csv_is_safe_to_open_in_a_spreadsheet(tmp_path: Path, asked: str, answers: str, mapping: str) -> None:
    out = tmp_path / "d.csv"
    assert main(["ingest", answers, "--questionnaire", asked, "--mapping", mapping, "--out", str(out)]) == 0
    assert out.read_text("utf-8-sig").splitlines() == [
        "respondent,SAT,WHY",
        "01,2.0,'=1+1",
        "02,1.0,-5",
        "03,,",
    ]


def test_what_was_decided_is_written_beside_the_data(
    tmp_path: Path, asked: str, answers: str, mapping: str, capsys: pytest.CaptureFixture[str]
) -> None:
    corrections = tmp_path / "c.csv"
    corrections.write_text("respondent,item,old,new,why,who\n01,SAT,2,1,misread,li\n", encoding="utf-8")
    out = tmp_path / "d.parquet"
    words = ["ingest", answers, "--questionnaire", asked, "--mapping", mapping, "--out", str(out)]
    assert main([*words, "--corrections", str(corrections)]) == 0
    log = json.loads((tmp_path / "d.log.json").read_text("utf-8"))
    assert (log["data"], log["file"], log["questionnaire"]) == ("d.parquet", "a.csv", "q")
    assert (log["respondents"], log["answer_columns"], log["corrections"]) == (3, 2, 1)
    assert len(log["sha256"]) == 64
    assert log["encoding"] == "utf-8"
    told = capsys.readouterr().out
    assert all(f"note: {note}" in told for note in log["decided"])
    assert pd.read_parquet(out)["SAT"][0] == 1.0


def test_without_the_mapping_a_column_is_not_guessed(
    tmp_path: Path, asked: str, answers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "d.parquet"
    assert main(["ingest", answers, "--questionnaire", asked, "--out", str(out)]) == 2
    assert "a column that the questionnaire does not know" in capsys.readouterr().err
    assert not out.exists()


def test_a_platform_and_a_companion_of_choice(
    tmp_path: Path, asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "seq,Q1,start,finish,time_used,ip_province\n1,2,2024-05-01 10:00:00,2024-05-01 10:02:00,120,江苏\n"
    (tmp_path / "w.csv").write_text(rows, encoding="gb18030")
    (tmp_path / "code.csv").write_text("Q1,服务怎么样？,单选题\n,1,差\n,2,好\n", encoding="gb18030")
    data, book = str(tmp_path / "w.csv"), str(tmp_path / "code.csv")
    assert main(["inspect", data, "--companion", book, "--questionnaire", asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["platform"] == "wenjuan"
    assert told["matched"]["respondents"] == 1
    assert told["matched"]["answer_columns"] == 1
    assert "items without a column: WHY" in told["matched"]["notes"]
    assert "服务怎么样" in told["questions"][0]["text"]
    assert main(["inspect", data, "--platform", "plain"]) == 0
    assert capsys.readouterr().out.startswith("w.csv: a plain table")
    with pytest.raises(SystemExit):
        main(["inspect", data, "--platform", "wjx"])
    assert "wenjuanxing" in capsys.readouterr().err


def test_the_help_names_every_platform() -> None:
    assert set(PLATFORMS) == set(export.PLATFORMS)


def test_files_by_population() -> None:
    two = {"customers": 1, "employees": 2}
    given = ["customers=a.qsf", "customers=b.csv", "employees=c.txt"]
    assert files_by_population("--companion", given, two, several=True) == {
        "customers": [Path("a.qsf"), Path("b.csv")],
        "employees": [Path("c.txt")],
    }
    with pytest.raises(
        UsageError, match=r"--mapping customers=b\.csv: customers was given such a file already"
    ):
        files_by_population("--mapping", given, two)
    with pytest.raises(UsageError, match=r"--mapping m\.yaml: write POPULATION=FILE .* customers, employees"):
        files_by_population("--mapping", ["m.yaml"], two)
    assert files_by_population("--mapping", ["m.yaml"], {"people": 1}) == {"people": [Path("m.yaml")]}
