"""What ``ingest`` lets out: nothing that names a person unless asked, hashes for names, and how alike people are."""

import json

import pandas as pd
import pytest

from reports.cli import main

QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: people
title: {en: People}
languages: [en]
scales:
  sex:
    interval: false
    options:
      1: {en: Female}
      2: {en: Male}
sections:
  - id: a
    title: {en: A}
    items:
      - {id: SEX, kind: single, scale: sex, text: {en: Your sex?}}
      - {id: NOTE, kind: text, text: {en: Anything else?}}
"""


@pytest.fixture
def export(tmp_path):
    (tmp_path / "people.yaml").write_text(QUESTIONNAIRE, "utf-8")
    rows = [
        "respondent,SEX,NOTE",
        "r1,1,call me on 13812345678",
        "r2,2,fine",
        "r3,2,a@b.example.com is me",
        "r4,2,",
    ]
    (tmp_path / "people.csv").write_text("\n".join(rows), "utf-8")
    (tmp_path / "out").mkdir()
    return tmp_path


def ingest(folder, *more):
    out = folder / "out" / "data.csv"
    words = [
        "ingest",
        str(folder / "people.csv"),
        "--questionnaire",
        str(folder / "people.yaml"),
        "--out",
        str(out),
    ]
    return main([*words, *more]), out


def test_open_answers_are_masked_unless_asked_for(export):
    code, out = ingest(export)
    assert code == 0
    assert "13812345678" not in out.read_text("utf-8-sig")
    code, out = ingest(export, "--keep-identifiers")
    assert "13812345678" in out.read_text("utf-8-sig")
    decided = json.loads(out.with_suffix(".log.json").read_text("utf-8"))["decided"]
    assert any(note.startswith("kept, as asked: NOTE") for note in decided)


def test_respondents_go_by_hashes_of_a_key_kept_elsewhere(export, capsys):
    key = export / "key.txt"
    code, out = ingest(export, "--pseudonym-key", str(key))
    assert code == 0
    first = pd.read_csv(out)["respondent"].tolist()
    assert key.exists()
    assert all(len(name) == 20 and not name.startswith("r") for name in first)
    ingest(export, "--pseudonym-key", str(key))
    assert pd.read_csv(out)["respondent"].tolist() == first  # the same key, the same names
    code, _ = ingest(export, "--pseudonym-key", str(export / "out" / "key.txt"))
    assert code == 2
    assert "inside the folder of the data" in capsys.readouterr().err


def test_how_alike_people_are_is_reported(export, capsys):
    code, out = ingest(export, "--quasi-identifiers", "SEX")
    assert code == 0
    decided = json.loads(out.with_suffix(".log.json").read_text("utf-8"))["decided"]
    assert any(note.startswith("k-anonymity of SEX: k = 1 in 2 combinations; 1 of 4") for note in decided)
    assert ingest(export, "--quasi-identifiers", "AGE")[0] == 2
    assert "AGE" in capsys.readouterr().err
