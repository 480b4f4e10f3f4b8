"""Corrections are checked against the data, made on a copy, and logged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.cli import main
from surveys.corrections import (
    Correction,
    CorrectionsError,
    apply_corrections,
    read_and_apply,
    read_corrections,
)
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.responses import Responses, SourceFile

AGREE = Scale(
    id="agree",
    options=tuple(
        Option(code=code, label={"en": en, "zh": zh})
        for code, en, zh in ((1, "No", "否"), (2, "Perhaps", "也许"), (3, "Yes", "是"))
    ),
    missing_codes=(Option(code=9, label={"en": "Cannot say", "zh": "说不清"}),),
)


def item(id_: str, kind: str, **facts: object) -> Item:
    scale = AGREE if kind in ("single", "multiple", "ranking") else None
    return Item(
        id=id_, kind=kind, scale=scale, section="a", text={"en": f"{id_}?", "zh": f"{id_}？"}, **facts
    )  # type: ignore[arg-type]


ASKED = Questionnaire(
    id="q",
    title={"en": "Q", "zh": "问"},
    languages=("en", "zh"),
    sections=(Section(id="a", title={"en": "A", "zh": "甲"}),),
    scales={"agree": AGREE},
    items=(
        item("SAT", "single", required=True),
        item("FIT", "single"),
        item("CH", "multiple"),
        item("RANK", "ranking"),
        item("AGE", "number", low=18, high=99),
        item("WHY", "text"),
    ),
)


def responses() -> Responses:
    return Responses(
        questionnaire=ASKED,
        answers=pd.DataFrame(
            {
                "SAT": [1.0, 3.0], "FIT": [2.0, np.nan],
                "CH_1": [1.0, np.nan], "CH_2": [0.0, np.nan], "CH_3": [0.0, np.nan],
                "RANK_1": [1.0, 1.0], "RANK_2": [2.0, 3.0], "RANK_3": [3.0, 2.0],
                "AGE": [44.0, 4.0], "WHY": pd.Series(["because", None], dtype=object),
            }
        ),
        metadata=pd.DataFrame({"respondent": ["r1", "r2"], "row": [2, 3]}),
        source=SourceFile(name="wave1.csv", sha256="", notes=("read",)),
    )  # fmt: skip


def correction(respondent: str, column: str, old: str, new: str, row: int = 2) -> Correction:
    return Correction(
        respondent=respondent,
        item=column,
        old=old,
        new=new,
        why="paper form",
        who="LW",
        file="c.csv",
        row=row,
    )


def faults(*corrections: Correction) -> list[str]:
    with pytest.raises(CorrectionsError) as raised:
        apply_corrections(responses(), corrections)
    return [str(fault) for fault in raised.value.faults]


@pytest.mark.parametrize(
    ("respondent", "column", "old", "new", "value"),
    [
        ("r1", "SAT", "1", "2", 2.0),
        ("r1", "SAT", "否", "Yes", 3.0),
        ("r1", "FIT", "2", "", np.nan),
        ("r1", "FIT", "Perhaps", "9", np.nan),
        ("r2", "FIT", "", "3", 3.0),
        ("r2", "FIT", "Cannot say", "3", 3.0),
        ("r1", "CH_2", "0", "1", 1.0),
        ("r2", "CH_2", "", "1", 1.0),
        ("r2", "AGE", "4", "44", 44.0),
        ("r1", "AGE", "44.0", "", np.nan),
        ("r1", "WHY", "because", "=1+1", "=1+1"),
        ("r2", "WHY", "", "no reason", "no reason"),
    ],
)
def test_one_cell_changes_and_no_other(
    respondent: str, column: str, old: str, new: str, value: object
) -> None:
    before = responses()
    found = apply_corrections(before, [correction(respondent, column, old, new)])
    at = 0 if respondent == "r1" else 1
    changed = found.responses.answers
    assert changed[column].iloc[at] == value or (value != value and np.isnan(changed[column].iloc[at]))
    untouched = changed.copy()
    untouched.loc[at, column] = before.answers.loc[at, column]
    pd.testing.assert_frame_equal(untouched, before.answers)
    pd.testing.assert_frame_equal(before.answers, responses().answers)
    assert found.responses.source.notes == ("read", "corrected: 1 cell of 1 respondent (c.csv, by LW)")
    assert found.log.iloc[0].to_dict() == {
        "respondent": respondent, "item": column, "old": old, "new": new, "why": "paper form", "who": "LW",
        "file": "c.csv", "row": 2,
    }  # fmt: skip


def test_two_ranks_are_swapped_by_two_corrections_and_not_by_one() -> None:
    swap = [correction("r1", "RANK_1", "1", "2"), correction("r1", "RANK_2", "2", "1", row=3)]
    ranks = apply_corrections(responses(), swap).responses.answers.loc[0, ["RANK_1", "RANK_2", "RANK_3"]]
    assert ranks.tolist() == [2, 1, 3]
    (fault,) = faults(swap[0])
    assert fault == (
        'c.csv, row 2, column "new": saw one rank twice in RANK of r1 after the corrections, expected each rank '
        "once. Correct the other option too."
    )


def test_all_faults_are_told_at_once_with_their_rows() -> None:
    told = faults(
        correction("r9", "SAT", "1", "2", row=2),
        correction("r1", "SATT", "1", "2", row=3),
        correction("r1", "SAT", "2", "3", row=4),
        correction("r1", "FIT", "2", "7", row=5),
        correction("r1", "FIT", "2", "3", row=6),
        correction("r1", "AGE", "44", "120", row=7),
        correction("r1", "CH_1", "1", "2", row=8),
        correction("r1", "RANK_1", "1", "4", row=9),
        correction("r2", "SAT", "3", "", row=10),
        correction("r2", "CH", "", "1", row=11),
        correction("r2", "FIT", "nonsense", "1", row=12),
        correction("r2", "WHY", "", "", row=13),
    )
    assert [line.split(": saw ")[0] for line in told] == [
        'c.csv, row 2, column "respondent"',
        'c.csv, row 3, column "item"',
        'c.csv, row 4, column "old"',
        'c.csv, row 5, column "new"',
        'c.csv, row 6, column "item"',
        'c.csv, row 7, column "new"',
        'c.csv, row 8, column "new"',
        'c.csv, row 9, column "new"',
        'c.csv, row 10, column "new"',
        'c.csv, row 11, column "item"',
        'c.csv, row 12, column "old"',
        'c.csv, row 13, column "new"',
    ]
    assert (
        "expected a respondent of wave1.csv, such as r1." in told[0] or "a respondent of wave1.csv" in told[0]
    )
    assert "such as SAT" in told[1]
    assert "saw 2, expected 1, which is what the data hold" in told[2]
    assert "a second correction of FIT of r1, after row 5" in told[4]
    assert "expected a number at least 18 at most 99" in told[5]
    assert "an answer, because SAT is required" in told[8]


def test_without_corrections_nothing_changes() -> None:
    given = responses()
    found = apply_corrections(given, [])
    assert found.responses is given
    assert found.log.empty


def test_a_file_is_read_in_either_language(tmp_path: Path) -> None:
    text = "respondent,item,old,new,why,who\nr1,SAT,1,2,paper form,LW\n,,,,,\nr2,FIT,,3,call,LW\n"
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    chinese = text.replace("respondent,item,old,new,why,who", "受访者,题目,原值,新值,原因,更正人")
    (tmp_path / "zh.csv").write_text(chinese, encoding="gb18030")
    pd.read_csv(tmp_path / "c.csv").to_excel(tmp_path / "c.xlsx", index=False)
    for name in ("c.csv", "zh.csv", "c.xlsx"):
        found = read_corrections(tmp_path / name)
        assert [(one.respondent, one.item, one.old, one.new) for one in found] == [
            ("r1", "SAT", "1", "2"),
            ("r2", "FIT", "", "3"),
        ]
        assert [one.row for one in found] == [2, 4]
        assert read_and_apply(responses(), tmp_path / name).responses.answers["SAT"].tolist() == [2, 3]


def test_a_file_without_reasons_or_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("respondent,item,old,new,why,who\nr1,SAT,1,2,,\n", encoding="utf-8")
    with pytest.raises(CorrectionsError) as raised:
        read_corrections(path)
    assert [fault.column for fault in raised.value.faults] == ["why", "who"]
    path.write_text("respondent,item,old,new\nr1,SAT,1,2\n", encoding="utf-8")
    with pytest.raises(CorrectionsError, match="saw no column `why`"):
        read_corrections(path)


def test_the_log_names_nobody_beside_the_respondents(tmp_path: Path) -> None:
    found = apply_corrections(responses(), [correction("r1", "WHY", "because", "call 13812345678")])
    assert found.log.loc[0, "new"] == "call [phone]"
    assert found.responses.answers.loc[0, "WHY"] == "call 13812345678"  # masked later, with all other answers


QUESTIONNAIRE = """
tierstudy: questionnaire/1
id: q
title: {en: Q}
languages: [en]
scales:
  agree: {options: {1: {en: "No"}, 2: {en: Perhaps}, 3: {en: "Yes"}}}
sections:
  - id: a
    title: {en: A}
    items:
      - {id: SAT, kind: single, scale: agree, text: {en: Satisfied?}}
"""


def test_ingest_makes_corrections_and_writes_their_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    (tmp_path / "a.csv").write_text("respondent,SAT\nr1,1\nr2,3\n", encoding="utf-8")
    (tmp_path / "c.csv").write_text(
        "respondent,item,old,new,why,who\nr1,SAT,1,3,=typo,LW\n", encoding="utf-8"
    )
    words = [
        "ingest",
        str(tmp_path / "a.csv"),
        "--questionnaire",
        str(tmp_path / "q.yaml"),
        "--out",
        str(tmp_path / "o/d.csv"),
    ]
    assert main([*words, "--corrections", str(tmp_path / "c.csv")]) == 0
    assert pd.read_csv(tmp_path / "o/d.csv")["SAT"].tolist() == [3, 3]
    log = pd.read_csv(tmp_path / "o/d.corrections.csv")
    assert log.loc[0, ["respondent", "old", "new", "why", "who"]].tolist() == ["r1", 1, 3, "'=typo", "LW"]
    assert "corrected: 1 cell of 1 respondent (c.csv, by LW)" in capsys.readouterr().out
    (tmp_path / "c.csv").write_text("respondent,item,old,new,why,who\nr1,SAT,2,3,typo,LW\n", encoding="utf-8")
    out = tmp_path / "p/d.csv"
    assert main([*words[:-1], str(out), "--corrections", str(tmp_path / "c.csv")]) == 2
    assert not out.exists()
    assert 'c.csv, row 2, column "old": saw 2, expected 1' in capsys.readouterr().err
