"""Files to raw tables: formats by content, encodings, headers, and everything that must be refused."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

from surveys.errors import AnswersError
from surveys.reading.archives import usual_cells
from surveys.reading.encoding import decode
from surveys.reading.limits import Limits
from surveys.reading.records import old_sheets
from surveys.reading.system_files import check_dictionary
from surveys.reading.tables import Table, read_table

Write = Callable[[str, bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


def workbook(*rows: tuple[object, ...], **more: list[tuple[object, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "data"
    for row in rows:
        book.active.append(row)
    for title, content in more.items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def replaced(raw: bytes, part: str, content: bytes) -> bytes:
    """The same archive with one part swapped, or added."""
    source, stream = zipfile.ZipFile(io.BytesIO(raw)), io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name != part:
                target.writestr(name, source.read(name))
        target.writestr(part, content)
    return stream.getvalue()


# --- the collection of broken, odd and hostile files: each is read right, or refused in these words ---

READ = {
    "duplicate_columns.csv": (2, ("id", "name", "id", "age", "id")),
    "headerless_columns.csv": (2, ("id", "", "age")),
    "encoding-274.csv": (507, ("id", "name", "abbreviation")),
    "latin1.csv": (2, ("id", "name")),
    "invalid_excel.xlsx": (18, ("Department Family", "Entity", "Input Date")),
    "utf16le.txt": (1, ("a", "b")),
    "gb18030.txt": (1, ("x", "y", "z")),
    "issue_1087_utf8_bom.csv": (1, ("a", "b", "c")),
    "russellCRCRLF.csv": (19, ("Index Name", "Date", "Value Without Dividends", "Value With Dividends")),
    "unnamed-duplicated-columns.xlsx": (2, ("", "var2", "", "var2")),
    "names-need-repair-xlsx.xlsx": (2, ("a b", "a b", "", "c%&$")),
    "skipping.xlsx": (2, ("var1", "var2")),
    "inlineStr.xlsx": (1, ("NN", "Hierarchy", "", "Outline Number", "ID")),
    "dates-1904.xls": (0, ("2000-01-01",) * 5),
    "date_1904.xlsx": (2, ("2021-01-01", "15")),
    "merged_range.xlsx": (2, ("A1", "B1", "C1", "", "E1")),
    "has_x000D_.xlsx": (0, ("ABC\nDEF",)),
    "MalformedSSTCount.xlsx": (2, ("sdgf", "fdsag", "dsafv", "asdf")),
    "handmade_formula_cells.csv": (7, ("respondent", "score", "comment")),
}
REFUSED = {
    "invalid.csv": ("line 2", "line 3", "line 5", "2 cells", "5 cells", "no header above column 3", '"name"'),
    "empty.csv": ("0 bytes",),
    "536_fread_fill_1.txt": ("line 6", "line 24", "expected 3"),
    "unescaped.csv": ("line 2", "line 3", "quotation mark"),
    "errors.xlsx": ("only error cells (A1, A2, A3, A4, A5, ...)",),
    "pass_protected.xlsx": ("password protected",),
    "too_small.xls": ("plain text that begins with: Attachment",),
    "xlsx-corrupted.xlsx": ("damaged workbook",),
    "invalid.xlsx": ("an empty zip archive",),
    "poc-xmlbomb.xlsx": ("document type or entities", "xl/sharedStrings.xml"),
    "derived_truncated_half.xls": ("a damaged workbook",),
    "derived_truncated_60pct.xlsx": ("zip archive without its end", "cut off"),
}


@pytest.mark.parametrize("name", READ)
def test_odd_files_are_read_right(shared_data: Path, name: str) -> None:
    rows, header = READ[name]
    table = read_table(shared_data / "malformed" / name)
    assert len(table.rows) == rows
    assert table.header[: len(header)] == header
    assert table.rows.shape[1] == len(table.header)


@pytest.mark.parametrize("name", REFUSED)
def test_broken_files_are_refused_in_words(shared_data: Path, name: str) -> None:
    with pytest.raises(AnswersError) as error:
        read_table(shared_data / "malformed" / name)
    for words in REFUSED[name]:
        assert words in str(error.value)


def test_the_collection_is_covered(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "malformed").iterdir()} == set(READ) | set(REFUSED)


def test_details_of_odd_files(shared_data: Path) -> None:
    def read(name: str, **options: str) -> Table:
        return read_table(shared_data / "malformed" / name, **options)

    assert "headers that stand above several columns: id" in read("duplicate_columns.csv").notes
    assert "no header above column 2" in read("headerless_columns.csv").notes
    assert read("latin1.csv").encoding == "cp1252"
    assert read("latin1.csv").rows.loc[3, 1] == "©"
    assert read("russellCRCRLF.csv").rows.loc[2, 0] == "Russell Microcap® Value Index"
    assert "named invalid_excel.xlsx but holds delimited text" in " ".join(read("invalid_excel.xlsx").notes)
    assert read("date_1904.xlsx").rows.loc[2, 0] == dt.date(2021, 1, 2)
    assert read("encoding-274.csv").encoding == "utf-8"
    formulas = read("handmade_formula_cells.csv").rows
    assert formulas[2].tolist()[:4] == ["=1+1", "+SUM(A1:A9)", "-2+3", "@A1"]
    assert formulas[1].tolist()[-2:] == ["-1", "-0.5"]
    second = read("skipping.xlsx", sheet="two_occupied_rows")
    assert (second.header, second.header_row, second.above) == (
        ("var1", "var2"),
        3,
        ("blah blah", "yada yada"),
    )
    assert read("merged_range.xlsx", sheet="Sheet2").rows.shape == (2, 6)
    assert any("merged areas" in note for note in read("merged_range.xlsx").notes)


def test_workbooks_of_a_survey_platform(shared_data: Path) -> None:
    by_text = read_table(shared_data / "wenjuanxing" / "800_800_0_by_text.xls")
    assert by_text.rows.shape == (800, 14)
    assert by_text.rows.index[0] == 2
    assert by_text.rows[by_text.header.index("3、性别 ")].value_counts().to_dict() == {"男": 427, "女": 373}
    assert read_table(shared_data / "wenjuanxing" / "handmade_by_text.xlsx").rows.shape == (5, 15)


def test_spss_files(shared_data: Path) -> None:
    def read(name: str) -> Table:
        return read_table(shared_data / "spss_stata" / name)

    electric = read("electric.sav")
    assert electric.rows.shape == (240, 13)
    assert electric.value_labels["VITAL10"] == {0.0: "ALIVE", 1.0: "DEAD"}
    assert electric.rows[electric.header.index("DAYOFWK")].isna().sum() == 130
    assert '"DAYOFWK": declared missing in the file and read as no answer: 9 (130x)' in electric.notes
    far = read("datetime.sav")
    assert far.rows[1].tolist() == [None, "2014-09-23 15:59:20"]
    assert any("far outside the calendar" in note for note in far.notes)
    assert read("sample.por").rows.shape == read("sample.sav").rows.shape == (5, 7)
    assert read("sample.sav").rows[2].tolist()[0] == "2018-05-06"
    missing = read("sample_missing.sav")
    assert missing.rows[1].isna().sum() == 2  # -1, and 2500 in the range 2000-3000
    assert read("umlauts.sav").value_labels["var1"][1.0] == "the ä umlaut"


# --- encodings ---

CHINESE = "编号,您的性别,总体满意度\n1,男,非常满意\n2,女,一般\n"


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("gb18030", b"\x84\x31\x95\x33", "gb18030"),
        ("gb18030", b"", "gb18030"),
        ("gbk", b"", "gb18030"),
    ],
)
def test_chinese_encodings(write: Write, encoding: str, mark: bytes, told: str) -> None:
    table = read_table(write("a.csv", mark + CHINESE.encode(encoding)))
    assert table.header == ("编号", "您的性别", "总体满意度")
    assert table.rows[2].tolist() == ["非常满意", "一般"]
    assert table.encoding == told
    assert any("text read as" in note for note in table.notes) == (told != "utf-8")


def test_the_whole_file_decides(write: Write) -> None:
    late = "id,name\n" + "1,plain\n" * 20_000
    assert read_table(write("a.csv", (late + "2,𠮷野\n").encode("gb18030"))).rows[1].tolist()[-1] == "𠮷野"
    assert read_table(write("b.csv", (late + "2,naïve café\n").encode("cp1252"))).encoding == "cp1252"
    assert read_table(write("c.csv", (late + "2,满意\n").encode())).encoding == "utf-8"


def test_few_repeated_chinese_words_are_not_taken_for_korean() -> None:
    assert decode(("标签1,标签2\n" * 500).encode("gbk"), file="a.csv").encoding == "gb18030"


def test_korean_is_recognised() -> None:
    text = "귀하의 성별을 선택해 주세요,나이는 어떻게 되나요,키오스크를 이용하는 데 만족하고 있다\n" * 3
    assert decode(text.encode("cp949"), file="a.csv").encoding == "cp949"


def test_an_encoding_handed_in_wins(write: Write) -> None:
    path = write("a.csv", "id,name\n1,é\n".encode("cp1252"))
    assert read_table(path, encoding="latin-1").encoding == "iso8859-1"
    with pytest.raises(AnswersError, match=r"line 2: saw the byte 0xE9, expected text in utf-8 throughout"):
        read_table(path, encoding="utf-8")
    with pytest.raises(AnswersError, match='the encoding "klingon", expected the name of an encoding'):
        read_table(path, encoding="klingon")
    with pytest.raises(AnswersError, match="encoding"):
        read_table(path, encoding="base64")


def test_damaged_utf8_is_not_another_encoding(write: Write) -> None:
    raw = (CHINESE * 3).encode()
    with pytest.raises(AnswersError, match="UTF-8 with 1 damaged characters"):
        read_table(write("a.csv", raw[:-2] + b"\n"))


# --- delimited text ---


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\r\n"])
def test_delimiters_and_line_ends(write: Write, delimiter: str, line_end: str) -> None:
    lines = [delimiter.join(row) for row in (("id", "a", "b"), ("1", "x", ""), ("2", "y", "z"))]
    table = read_table(write("a.txt", line_end.join(lines) + line_end))
    assert table.header == ("id", "a", "b")
    assert table.rows.index.tolist() == [2, 3]
    assert table.rows[2].tolist() == [None, "z"]
    assert table.delimiter == delimiter


def test_line_breaks_and_quotes_in_cells(write: Write) -> None:
    table = read_table(write("a.csv", 'id,"what\nelse"\r\n1,"said ""no"""\r\n\r\n2,"a\r\nb"\r\n'))
    assert table.header == ("id", "what\nelse")
    assert table.rows[1].tolist() == ['said "no"', "a\nb"]
    assert table.rows.index.tolist() == [2, 4]
    assert "1 blank lines passed over" in table.notes


def test_harmless_trailing_separators(write: Write) -> None:
    table = read_table(write("a.csv", "id,a,,\n1,2,,\n3,4,,\n"))
    assert table.header == ("id", "a")
    assert "2 empty columns at the right passed over" in table.notes
    longer = read_table(write("b.csv", "id,a\n1,2,\n3,4,\n"))
    assert longer.rows.shape == (2, 2)
    assert any("nothing stands behind them" in note for note in longer.notes)


def test_sep_line_of_a_spreadsheet(write: Write) -> None:
    table = read_table(write("a.csv", "sep=;\nid;a,b\n1;2\n"))
    assert table.header == ("id", "a,b")
    assert table.rows.index.tolist() == [3]


def test_separators_in_cells_do_not_pass_for_the_delimiter(write: Write) -> None:
    table = read_table(write("a.csv", "id,channels\n1,web;app;branch\n2,web;app;branch\n3,app\n"))
    assert table.delimiter == ","
    known = {"id", "channels"}.__contains__
    two = read_table(write("b.csv", "id,channels\n1,a;b\n"), known=known)
    assert two.rows.loc[2].tolist() == ["1", "a;b"]


def test_every_fault_of_form_is_told_at_once(write: Write) -> None:
    text = 'id,a,b\n1,2\n2,"x"y",3\n3,4,5,6\n4,5,6\n5,"never closed,1\n'
    with pytest.raises(AnswersError) as error:
        read_table(write("a.csv", text))
    lines = {fault.line: fault.seen for fault in error.value.faults}
    assert lines[2] == "2 cells"
    assert lines[3] == "a quotation mark inside a quoted cell that is not doubled"
    assert lines[4] == "4 cells"
    assert "never closed" in lines[6]
    assert len(error.value.cases) == 4


def test_known_headers_find_the_header_below_titles(write: Write) -> None:
    known = {"id", "age", "sex"}.__contains__
    table = read_table(write("a.csv", "Bank survey 2024\n\nid,age,sex\n1,30,m\n"), known=known)
    assert (table.header, table.header_row, table.above) == (("id", "age", "sex"), 3, ("Bank survey 2024",))
    sheet = read_table(
        write("a.xlsx", workbook(("A", "B", "C"), ("id", "age", "sex"), (1, 30, "m"))), known=known
    )
    assert sheet.header_row == 2
    assert sheet.rows.loc[3].tolist() == [1.0, 30.0, "m"]


# --- what is no table of answers ---


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "an empty file"),
        ("a.csv", b"\n\r\n  \n", "a file without any text"),
        ("a.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
        ("a.csv", b"%PDF-1.7\n", "a PDF document"),
        ("a.csv", b"\x1f\x8b\x08" + bytes(20), "a gzip archive"),
        ("a.csv", b"id,a\n1,\x00\n", "line 2: saw a NUL byte"),
        ("a.csv", bytes(range(1, 256)) * 40, "saw bytes that are text in none of"),
        ("a.csv", b"a,b\n" + b"\x01\x02\x03,\x04\n" * 20, "80 control characters"),
        ("a.csv", "id,名\n".encode("utf-16-le"), "UTF-16 without a mark"),
        ("a.csv", b"\xff\xfeabc", "a byte order mark of UTF-16-LE, but other bytes"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "a web page"),
        (
            "a.xml",
            b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>",
            "XML",
        ),
        ("a.csv", b'{"a": 1}', "JSON"),
        ("a.sav", b"$FL2@(#) SPSS DATA FILE" + bytes(50), "an SPSS file that cannot be read"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "a damaged workbook"),
        ("a.dta", b"<stata_dta><header>", "a Stata file"),
        ("a.txt", b"We are sorry: the file is gone.", "plain text that begins with: We are sorry"),
    ],
)
def test_files_that_hold_no_table(write: Write, name: str, content: bytes, words: str) -> None:
    with pytest.raises(AnswersError) as error:
        read_table(write(name, content))
    assert words in str(error.value)
    assert error.value.faults[0].file == name
    assert error.value.faults[0].remedy


def test_paths_that_are_no_file(tmp_path: Path) -> None:
    with pytest.raises(AnswersError, match="saw a folder"):
        read_table(tmp_path)
    with pytest.raises(AnswersError, match="saw no such file"):
        read_table(tmp_path / "missing.csv")
    with pytest.raises(AnswersError, match="cannot be opened"):
        read_table(tmp_path / "a\0b")
    with pytest.raises(AnswersError, match="a device or pipe"):
        read_table("/dev/null")


# --- hostile and damaged workbooks ---

SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = b"</sheetData></worksheet>"


def test_hostile_archives(write: Write) -> None:
    good = workbook(("id", "a"), (1, 2))

    def refused(raw: bytes, words: str, **sizes: int) -> None:
        with pytest.raises(AnswersError) as error:
            read_table(write("a.xlsx", raw), limits=Limits(**sizes))
        assert words in str(error.value)

    refused(replaced(good, "xl/x.xml", b" " * 12_000_000), "unpacks to more than 200 times its size")
    refused(replaced(good, "xl/x.xml", b" " * 3_000_000), "bytes once unpacked", max_uncompressed=2_000_000)
    for start in (b"", b"<!--" + b"x" * 3_000_000 + b"-->"):
        bomb = start + b'<!DOCTYPE x [<!ENTITY a "b">]>' + HEAD + TAIL
        refused(replaced(good, SHEET, bomb), "XML with a document type or entities")
    wide = "<!DOCTYPE x>".encode("utf-16")
    refused(replaced(good, "docProps/app.xml", wide), "XML with a document type or entities")
    refused(replaced(good, "../../outside.xml", b"x"), "a path out of the archive")
    refused(replaced(good, "/etc/x", b"x"), "a path out of the archive")
    refused(good[: len(good) // 2], "zip archive without its end")
    refused(good[:200] + b"\xff" * 40 + good[240:], "saw a part that")
    far = (
        HEAD
        + b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        + TAIL
    )
    refused(replaced(good, SHEET, far), "cells as far as row 1,048,576 and column 16,384")
    hidden = far.replace(b'<c r="X', b"<c  s='0' r='X").replace(b'76"><v>1<', b"76'><v>1<")
    refused(replaced(good, SHEET, hidden), "cells as far as row 1,048,576")
    bare = HEAD + b'<row r="1048570">' + b"<c><v>1</v></c>" * 60 + b"</row>" + TAIL
    refused(replaced(good, SHEET, bare), "cells as far as row 1,048,57")
    refused(good, "at most 3 cells", max_cells=3)
    refused(good, "at most 100", max_bytes=100)
    refused(replaced(good, "mimetype", b"x"), "at most 3", max_parts=3)


def test_stray_formats_far_below_do_no_harm(write: Write) -> None:
    content = HEAD + b'<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1"/></row>'
    content += (
        b'<row r="2"><c r="A2"><v>5</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>' + TAIL
    )
    table = read_table(write("a.xlsx", replaced(workbook(("id",)), SHEET, content)))
    assert table.header == ("id",)
    assert table.rows[0].tolist() == [5.0]


def test_a_declared_dimension_is_not_believed(write: Write) -> None:
    content = HEAD.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    content += b'<row r="1"><c r="A1"><v>1</v></c></row>' + TAIL
    assert read_table(write("a.xlsx", replaced(workbook(("id",)), SHEET, content))).header == ("1",)


def test_sizes_that_an_archive_lies_about(write: Write) -> None:
    raw = bytearray(replaced(workbook(("id", "a"), (1, 2)), "xl/big.xml", b"x" * 500_000))
    at = raw.rindex(b"PK\x01\x02")  # the central entry of the last part
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    with pytest.raises(AnswersError, match="size or checksum is wrong"):
        read_table(write("a.xlsx", bytes(raw)))


def test_other_archives_are_named(write: Write) -> None:
    def archive(*names: str) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as target:
            for name in names:
                target.writestr(name, "x")
        return stream.getvalue()

    for names, words in (
        (("answers.csv", "b.csv"), "a zip archive with answers.csv, b.csv"),
        (("xl/workbook.bin",), "a binary workbook"),
        (("word/document.xml",), "a Word document"),
        (("content.xml",), "an OpenDocument file"),
    ):
        with pytest.raises(AnswersError, match=words):
            read_table(write("a.xlsx", archive(*names)))


def test_encrypted_containers_ask_for_the_password(write: Write) -> None:
    raw = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1000)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(1000)
    )
    with pytest.raises(AnswersError, match="password protected"):
        read_table(write("a.xlsx", raw))


def test_a_container_that_runs_in_a_circle(write: Write, shared_data: Path) -> None:
    raw = bytearray((shared_data / "wenjuanxing" / "800_800_0_by_text.xls").read_bytes())
    size = 1 << raw[30]
    directory = int.from_bytes(raw[48:52], "little")
    per_table = size // 4
    place = int.from_bytes(raw[76 + 4 * (directory // per_table) :][:4], "little")
    at = (place + 1) * size + 4 * (directory % per_table)
    raw[at : at + 4] = directory.to_bytes(4, "little")
    with pytest.raises(AnswersError, match="run in a circle"):
        read_table(write("a.xls", bytes(raw)))


def test_sheets(write: Write) -> None:
    raw = workbook(("About",), more=[("id", "age"), (1, 30)], other=[("id", "age"), (1, 31)])
    path = write("a.xlsx", raw)
    assert read_table(path).sheet == "data"
    assert read_table(path, sheet="OTHER").rows.loc[2, 1] == 31.0
    with pytest.raises(AnswersError, match="expected one of data, more, other"):
        read_table(path, sheet="none")
    known = {"id", "age"}.__contains__
    with pytest.raises(AnswersError, match="several sheets that fit the questionnaire: more, other"):
        read_table(path, known=known)
    one = read_table(write("b.xlsx", workbook(("About",), more=[("id", "age"), (1, 30)])), known=known)
    assert one.sheet == "more"
    assert 'sheet "more" was read, because its header fits the questionnaire best' in one.notes[0]


def test_formulas_are_not_evaluated_and_errors_are_noted(write: Write) -> None:
    content = HEAD + b'<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>'
    content += b'<row r="2"><c r="A2"><f>1+1</f><v>7</v></c></row>'
    content += b'<row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row><row r="4"><c r="A4"><v>1</v></c></row>'
    table = read_table(write("a.xlsx", replaced(workbook(("id",)), SHEET, content + TAIL)))
    assert table.rows[0].tolist() == [7.0, 1.0]
    assert "1 error cells such as #DIV/0! read as no answer: A3" in table.notes


def test_cells_keep_their_types(write: Write) -> None:
    row = (True, 2.5, "x", dt.datetime(2024, 1, 5), dt.time(0, 2, 16))
    table = read_table(write("a.xlsx", workbook(("a", "b", "c", "d", "e"), row)))
    assert table.rows.loc[2].tolist() == [True, 2.5, "x", dt.date(2024, 1, 5), dt.time(0, 2, 16)]


def test_wide_and_long_text_files_are_refused(write: Write) -> None:
    with pytest.raises(AnswersError, match="at most 10 columns"):
        read_table(write("a.csv", "," * 50), limits=Limits(max_columns=10))
    with pytest.raises(AnswersError, match="at most 20 cells"):
        read_table(write("a.csv", "a,b\n" * 50), limits=Limits(max_cells=20))


def test_cells_of_prefixed_tags_are_left_to_the_slow_road() -> None:
    assert usual_cells(b'<x:c r="A1"><x:v>1</x:v></x:c>') is None
    assert usual_cells(b'<c r="a1"><v>1</v></c>') is None
    assert usual_cells(b'<row><cols/><c r="AB12" s="1"><v>1</v></c><c r="C99"/></row>') == (12, 28)


# --- damage that the readers behind would crash on ---


def test_an_old_workbook_that_declares_an_impossible_size(write: Write, shared_data: Path) -> None:
    raw = bytearray((shared_data / "malformed" / "dates-1904.xls").read_bytes())
    at = raw.index(b"\x00\x02\x0e\x00")  # the record of the sheet's size
    raw[at + 7] = 0xC1  # its first row
    with pytest.raises(AnswersError, match="a sheet declares a size that none can have"):
        read_table(write("a.xls", bytes(raw)))


def test_error_cells_of_an_old_workbook() -> None:
    def record(kind: int, data: bytes) -> bytes:
        return kind.to_bytes(2, "little") + len(data).to_bytes(2, "little") + data

    begin = record(0x0809, bytes(16))
    sheet = record(0x0085, bytes(4) + bytes([0, 0, 3, 0]) + b"S 1")
    place = len(begin) + len(sheet)
    sheet = record(0x0085, place.to_bytes(4, "little") + bytes([0, 0, 3, 0]) + b"S 1")
    error = record(0x0205, bytes([4, 0, 27, 0, 0, 0, 7, 1]))
    truth = record(0x0205, bytes([5, 0, 0, 0, 0, 0, 1, 0]))
    formula = record(0x0006, bytes([6, 0, 1, 0, 0, 0, 2, 0, 7, 0, 0, 0, 0xFF, 0xFF]) + bytes(8))
    parts = old_sheets(begin + sheet + begin + error + truth + formula)
    assert parts["S 1"].n_errors == 2
    assert parts["S 1"].error_cells == ["AB5", "B7"]


def test_spss_dictionaries_that_contradict_themselves(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "good.sav"
    frame = pd.DataFrame({"Q1": [1.0, 2.0], "CITY": ["Shanghai Pudong", "x"], "SEX": ["m", "f"]})
    labels = {"Q1": {1.0: "是", 2.0: "否"}, "SEX": {"m": "男", "f": "女"}}
    pyreadstat.write_sav(frame, path, variable_value_labels=labels)
    raw = path.read_bytes()
    assert check_dictionary(raw) == 4  # the city takes two records
    assert read_table(path).value_labels["SEX"] == {"m": "男", "f": "女"}
    index = raw.index(b"\x04\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00")
    for at, content, words in (
        (index + 11, b"\xb0", "value labels belong to variables that do not exist"),
        (180, b"\x20", "segments of a text variable do not add up"),
        (64, b"\x09", "does not say how numbers are written"),
        (184, b"\x05", "declared in an impossible way"),
        (176, b"\x63", "a record of the unknown type 99"),
        (raw.index("男".encode()), b"\xff", "a value label is not in utf-8"),
        (index + 4, b"\xff\xff\xff\x7f", "runs beyond the end"),
    ):
        broken = raw[:at] + content + raw[at + len(content) :]
        with pytest.raises(AnswersError, match=words):
            read_table(write("a.sav", broken))


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_of_every_format_are_read_or_refused(
    tmp_path: Path, shared_data: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    for name in (
        "wenjuanxing/phone_4_by_text.xls",
        "wenjuanxing/handmade_by_text.xlsx",
        "spss_stata/electric.sav",
    ):
        good = np.frombuffer((shared_data / name).read_bytes(), dtype=np.uint8)
        for _ in range(12):
            raw = good.copy()
            raw[rng.integers(0, min(len(raw), 3_000), 4)] = rng.integers(0, 256, 4)
            path = tmp_path / "damaged"
            path.write_bytes(raw[: rng.integers(1, len(raw)) if rng.random() < 0.2 else None].tobytes())
            try:
                told = [read_table(path).header is not None]
            except AnswersError as error:
                told = [bool(fault.remedy) for fault in error.faults]
            assert all(told)
