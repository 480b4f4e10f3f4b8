"""Files that are broken, odd or hostile: read right, or refused in words that help."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from surveys.errors import AnswersError
from surveys.read import read_table
from surveys.reading.limits import Limits

#: Name, header, data rows, words of the notes.
READ = [
    ("encoding-274.csv", ("id", "name"), 507, ""),
    ("latin1.csv", ("id", "name"), 2, "cp1252"),
    ("invalid_excel.xlsx", ("Department Family", "Entity"), 18, "holds delimited text"),
    ("utf16le.txt", ("a", "b"), 1, "utf-16-le"),
    ("gb18030.txt", ("x", "y", "z"), 1, "gb18030"),
    ("issue_1087_utf8_bom.csv", ("a", "b", "c"), 1, ""),
    ("russellCRCRLF.csv", ("Index Name", "Date"), 19, "cp1252"),
    ("skipping.xlsx", ("var1", "var2"), 2, "blank rows"),
    ("inlineStr.xlsx", ("NN", "Hierarchy", "", "Outline Number"), 1, "no header above column 3"),
    ("date_1904.xlsx", ("2021-01-01", "15"), 2, ""),
    ("merged_range.xlsx", ("A1", "B1", "C1", ""), 2, "not read: Sheet2"),
    ("has_x000D_.xlsx", ("ABC\nDEF",), 0, ""),
    ("MalformedSSTCount.xlsx", ("sdgf", "fdsag", "dsafv", "asdf"), 2, ""),
    ("handmade_formula_cells.csv", ("respondent", "score", "comment"), 7, ""),
    ("duplicate_columns.csv", ("id", "name", "id", "age", "id"), 2, "several columns: id"),
    ("headerless_columns.csv", ("id", "", "age"), 2, "no header above column 2"),
    ("unnamed-duplicated-columns.xlsx", ("", "var2", "", "var2"), 2, "above column 1, 3"),
    ("names-need-repair-xlsx.xlsx", ("a b", "a b", "", "c%&$"), 2, "several columns: a b"),
    ("dates-1904.xls", ("2000-01-01",) * 5, 0, "several columns: 2000-01-01"),
]
#: Name, words of the message (all of them).
REFUSED = [
    ("invalid.csv", ["row 2", "row 3", "row 5", "5 cells", "no header above column 3", '"name"']),
    ("empty.csv", ["empty file"]),
    ("536_fread_fill_1.txt", ["line 6, row 6: saw 2 cells", "row 13"]),
    ("unescaped.csv", ["line 2", "line 3", "quotation mark"]),
    ("errors.xlsx", ["only error cells", "A1"]),
    ("pass_protected.xlsx", ["password protected"]),
    ("too_small.xls", ["plain text"]),
    ("xlsx-corrupted.xlsx", ["damaged workbook"]),
    ("invalid.xlsx", ["empty zip archive"]),
    ("poc-xmlbomb.xlsx", ["document type or entities", "sharedStrings.xml"]),
    ("derived_truncated_half.xls", ["damaged workbook", "cut off"]),
    ("derived_truncated_60pct.xlsx", ["cut off or damaged"]),
]


@pytest.mark.parametrize(("name", "header", "n", "note"), READ)
def test_odd_files_are_read_right(
    shared_data: Path, name: str, header: tuple[str, ...], n: int, note: str
) -> None:
    table = read_table(shared_data / "malformed" / name)
    assert table.header[: len(header)] == header
    assert len(table.rows) == len(set(table.rows.index)) == n
    assert note in "; ".join(table.notes)


@pytest.mark.parametrize(("name", "words"), REFUSED)
def test_broken_files_are_refused_in_words_that_help(shared_data: Path, name: str, words: list[str]) -> None:
    with pytest.raises(AnswersError) as caught:
        read_table(shared_data / "malformed" / name)
    for word in words:
        assert word in str(caught.value)
    assert all(fault.file == name and fault.remedy for fault in caught.value.faults)


def test_every_malformed_file_has_a_case(shared_data: Path) -> None:
    named = {case[0] for case in READ} | {case[0] for case in REFUSED}
    assert {path.name for path in (shared_data / "malformed").iterdir()} == named


def test_every_sheet_of_a_workbook_with_titles(shared_data: Path) -> None:
    path = shared_data / "malformed" / "skipping.xlsx"
    for sheet in ("two_blank_rows", "occupied_row_and_blank_row", "two_occupied_rows"):
        table = read_table(path, sheet=sheet)
        assert table.header == ("var1", "var2")
        assert table.rows.index.tolist() == [5, 7]
        assert table.rows.iloc[0].tolist() == ["v2,1", "v2,2"]
    with pytest.raises(AnswersError, match="one of two_blank_rows"):
        read_table(path, sheet="data")


def test_formulas_stay_text_and_negative_numbers_numbers(shared_data: Path) -> None:
    table = read_table(shared_data / "malformed" / "handmade_formula_cells.csv")
    assert table.rows[2].tolist()[:2] == ["=1+1", "+SUM(A1:A9)"]
    assert table.rows[1].tolist()[-2:] == ["-1", "-0.5"]


def test_spss_files(shared_data: Path) -> None:
    folder = shared_data / "spss_stata"
    shapes = {path.name: read_table(path).rows.shape for path in sorted(folder.glob("*.sav"))}
    assert shapes["electric.sav"] == (240, 13)
    assert shapes["sample.sav"] == (5, 7)
    assert shapes["simple_alltypes.sav"] == (6, 12)
    assert shapes["umlauts.sav"] == (4, 1)
    assert read_table(folder / "sample.por").rows.shape == (5, 7)


def test_spss_declared_missing_values_and_far_years_are_empty(shared_data: Path) -> None:
    folder = shared_data / "spss_stata"
    table = read_table(folder / "sample_missing.sav")
    assert table.rows[1].tolist() == [1.1, 1.2, -1000.3, -1.4, 1000.3, None, None]
    assert any("declared missing" in note and "-1 (1x), 2500 (1x)" in note for note in table.notes)
    far = read_table(folder / "datetime.sav")
    assert far.rows[1].isna().tolist() == [True, False]
    assert any("outside the calendar" in note for note in far.notes)


def test_wenjuanxing_download_by_text(shared_data: Path) -> None:
    table = read_table(shared_data / "wenjuanxing" / "800_800_0_by_text.xls")
    assert (table.format, table.rows.shape) == ("xls", (800, 14))
    assert table.rows[8].value_counts().to_dict() == {"男": 427, "女": 373}


def test_encodings_of_real_exports(shared_data: Path) -> None:
    korean = read_table(shared_data / "google_forms" / "kiosk_service_quality_ko_cp949.csv")
    chinese = read_table(shared_data / "wenjuan_com" / "college_life_gb18030_a.csv")
    assert (korean.encoding, korean.rows.shape) == ("cp949", (105, 163))
    assert (chinese.encoding, chinese.rows.shape) == ("gb18030", (150, 40))


# -- files made here ---------------------------------------------------------------------------

SHEET = b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c><c r="%s"><v>1</v></c></row></sheetData></worksheet>'
BOOK = b'<workbook><sheets><sheet name="a" sheetId="1"/></sheets></workbook>'


def zipped(**parts: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return raw.getvalue()


def cut_workbook() -> bytes:
    whole = zipped(xl__workbook_xml=BOOK, xl__worksheets__sheet1_xml=SHEET % b"B1")
    return whole[: len(whole) // 2]


MADE: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing.csv", lambda: b"", "empty file"),
    ("spaces.csv", lambda: b"  \n\n \n", "without any text"),
    ("short.csv", lambda: b"a,b,c\n1,2,3\n4,5\n", "row 3: saw 2 cells"),
    ("long.csv", lambda: b"a,b\n1,2,3\n", "row 2: saw 3 cells"),
    ("quote.csv", lambda: b'a,b\n1,"x"y"\n2,z\n', "quotation mark"),
    ("open.csv", lambda: b'a,b\n1,"x\n2,z\n', "never closed"),
    ("binary.csv", lambda: b"a,b\n\x00\x01\x02,3\n", "NUL byte"),
    ("damaged.csv", lambda: "等级,满意度\n".encode() * 20 + b"\xe7\n", "damaged characters"),
    ("page.xls", lambda: b"<html><table><tr><td>1</td></tr></table></html>", "web page"),
    ("paper.csv", lambda: b"%PDF-1.7\n", "PDF"),
    ("stata.dta", lambda: b"<stata_dta><header>", "Stata"),
    ("packed.csv", lambda: b"\x1f\x8b\x08\x00abc", "gzip"),
    ("words.xlsx", lambda: zipped(word__document_xml=b"<d/>"), "Word document"),
    ("bare.xlsx", lambda: zipped(a_xml=b"<a/>"), "zip archive"),
    ("cut.xlsx", cut_workbook, "cut off or damaged"),
    (
        "entity.xlsx",
        lambda: zipped(xl__workbook_xml=b'<!DOCTYPE x [<!ENTITY a "b">]>' + BOOK),
        "document type or entities",
    ),
    (
        "giant.xlsx",
        lambda: zipped(xl__workbook_xml=BOOK, xl__worksheets__sheet1_xml=SHEET % b"XFD1048576"),
        "as far as row 1,048,576 and column 16,384",
    ),
    (
        "bomb.xlsx",
        lambda: zipped(xl__workbook_xml=BOOK, xl__worksheets__sheet1_xml=b" " * 12 * 2**20),
        "zip bomb",
    ),
    (
        "locked.xls",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "password protected",
    ),
    ("debris.xls", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "damaged workbook"),
    ("debris.sav", lambda: b"$FL2" + b"x" * 300, "SPSS file that cannot be read"),
]


@pytest.mark.parametrize(("name", "content", "words"), MADE, ids=[case[0] for case in MADE])
def test_wrong_files_are_refused(tmp_path: Path, name: str, content: Callable[[], bytes], words: str) -> None:
    (tmp_path / name).write_bytes(content())
    with pytest.raises(AnswersError) as caught:
        read_table(tmp_path / name)
    assert words in str(caught.value)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnswersError, match="no such file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(AnswersError, match="a folder"):
        read_table(tmp_path)


def test_limits_and_named_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("a,b\n1,é\n".encode("latin-1"))
    with pytest.raises(AnswersError, match="at most 4"):
        read_table(path, limits=Limits(max_bytes=4))
    with pytest.raises(AnswersError, match="0xE9"):
        read_table(path, encoding="utf-8")
    with pytest.raises(AnswersError, match="nonsense"):
        read_table(path, encoding="nonsense")
    assert read_table(path, encoding="latin-1").rows.iloc[0].tolist() == ["1", "é"]
