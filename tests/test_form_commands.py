"""The commands draft and form: files that appear whole, and edits that are never overwritten."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from reports.cli import main
from reports.exit_status import UsageError
from reports.form_commands import corrections_files, write_log
from reports.whole_files import write_whole
from surveys.corrections import LOG_COLUMNS
from surveys.questionnaire_files import load_questionnaire
from surveys.study_files import study_folder

CUSTOMERS = str(study_folder("bank_tiering") / "customers.yaml")


@pytest.mark.parametrize(
    ("form", "start", "languages"),
    [
        ("xlsform", b"PK", "en, zh"),
        ("docx", b"PK", "en"),
        ("wjx-text", "银行个人客户调查问卷".encode(), "zh"),
        ("limesurvey", b"id\trelated_id\tclass", "en, zh"),
    ],
)
def test_a_form_is_written_and_what_it_lacks_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, start: bytes, languages: str
) -> None:
    out = tmp_path / "new" / "form"
    assert main(["form", CUSTOMERS, "--format", form, "--out", str(out)]) == 0
    assert out.read_bytes().startswith(start)
    told = capsys.readouterr().out
    assert f"78 items asked, in {languages}" in told
    assert "note: not asked, because account records hold it: AUM" in told
    assert [path.name for path in out.parent.iterdir()] == ["form"]


def test_a_form_in_a_language_of_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["form", CUSTOMERS, "--format", "wjx-text", "--out", str(tmp_path / "form.txt"), "--lang"]
    assert main([*words, "en"]) == 0
    assert (tmp_path / "form.txt").read_text("utf-8").startswith("Questionnaire for bank customers\n")
    assert main([*words, "en,zh", "--force"]) == 2
    assert "holds one language; write a file for each" in capsys.readouterr().err
    assert main([*words, "fr", "--force"]) == 2
    assert "the questionnaire is written in en, zh" in capsys.readouterr().err


def test_a_draft_can_be_loaded_and_edits_are_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "form.xlsx", tmp_path / "draft.yaml"
    assert main(["form", CUSTOMERS, "--format", "xlsform", "--out", str(source), "--quiet"]) == 0
    assert main(["draft", str(source), "--out", str(out)]) == 0
    assert "78 items" in capsys.readouterr().out
    assert load_questionnaire(out).title == {
        "en": "Questionnaire for bank customers",
        "zh": "Questionnaire for bank customers",
    }
    edited = out.read_text("utf-8").replace("Questionnaire for bank customers", "Mine")
    out.write_text(edited, "utf-8")
    assert main(["draft", str(source), "--out", str(out)]) == 2
    assert (
        "exists already and may hold your edits; name another file, or add --force" in capsys.readouterr().err
    )
    assert out.read_text("utf-8") == edited
    assert main(["draft", str(source), "--out", str(out), "--force"]) == 0
    assert "Mine" not in out.read_text("utf-8")
    assert main(["draft", str(source), "--out", str(tmp_path), "--force"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["draft.yaml", "form.xlsx"]


def test_a_file_that_tells_nothing_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.qsf").write_text('{"a": 1', encoding="utf-8")
    assert main(["draft", str(tmp_path / "bad.qsf"), "--out", str(tmp_path / "draft.yaml")]) == 2
    assert "bad.qsf" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.qsf"]


def test_corrections_go_to_the_population_that_they_name() -> None:
    files = corrections_files(["a=x.csv", "b=y.csv"], {"a": 1, "b": 2})
    assert files == {"a": Path("x.csv"), "b": Path("y.csv")}
    assert corrections_files(["x.csv"], {"a": 1}) == {"a": Path("x.csv")}
    assert corrections_files(None, {"a": 1}) == {}
    for given in (["x.csv"], ["c=x.csv"], ["a="]):
        with pytest.raises(UsageError, match="write POPULATION=FILE"):
            corrections_files(given, {"a": 1, "b": 2})
    with pytest.raises(UsageError, match="join the files first"):
        corrections_files(["a=x.csv", "a=y.csv"], {"a": 1, "b": 2})


def test_the_log_is_safe_to_open(tmp_path: Path) -> None:
    log = pd.DataFrame([("r1", "AGE", "-4", "=4", "why", "@who", "c.csv", 2)], columns=list(LOG_COLUMNS))
    path = write_log({"customers": log}, tmp_path / "corrections.csv")
    assert path.read_text("utf-8-sig").splitlines() == [
        "population,respondent,item,old,new,why,who,file,row",
        "customers,r1,AGE,-4,'=4,why,'@who,c.csv,2",
    ]
    write_log({}, path)
    assert path.read_text("utf-8-sig").splitlines() == ["population,respondent,item,old,new,why,who,file,row"]


def test_a_file_is_whole_or_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_whole(path, b"first")
    with pytest.raises(TypeError):
        write_whole(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"first"
    assert [found.name for found in tmp_path.iterdir()] == ["a"]
