"""The fast lane reads what the careful reader reads, or leaves it to that one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.errors import AnswersError
from surveys.reading import delimited, fast_lane
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, read_table

CELL = st.text(
    alphabet=['"', ",", ";", "a", "b", "1", " ", "\n", "\r", "满", "é", "\t", "=", "\ufeff"], max_size=6
)


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=2, max_size=6), st.booleans())
def test_both_lanes_agree(rows: list[list[str]], quoted: bool) -> None:
    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if quoted or set(cell) & set('",\n\r') else cell

    text = "\n".join(",".join(map(written, row)) for row in rows).replace("\r", "") + "\n"
    assert_lanes_agree(text)


@given(st.text(alphabet=['"', ",", "a", "1", "\n", "满"], max_size=40))
def test_both_lanes_agree_on_any_text(text: str) -> None:
    assert_lanes_agree(text)


def assert_lanes_agree(text: str) -> None:
    limits = Limits()
    header = text.split("\n")[0]
    width = header.count(",") + 1
    fast = None if '"' in header else fast_lane.read_columns(text, ",", width=width, limits=limits)
    if fast is None or not text.strip("\n"):
        return
    faults: list[object] = []
    rows = [row.cells for row in delimited._rows(text.rstrip("\n"), ",", "a.csv", limits, faults)]  # type: ignore[arg-type]
    assert faults == []
    assert {len(row) for row in rows} == {width}
    expected = [tuple(cell or None for cell in row) for row in rows[1:]]
    assert list(zip(*(column.cells().tolist() for column in fast), strict=True)) == expected


@pytest.fixture
def lanes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    def read(raw: bytes) -> tuple[Table, Table]:
        path = tmp_path / "a.csv"
        path.write_bytes(raw)
        careful = read_table(path)
        with monkeypatch.context() as patched:
            patched.setattr(delimited, "ENOUGH", 0)
            return careful, read_table(path)

    return read


@pytest.mark.parametrize(
    "raw",
    [
        b"id,tier\n1,Gold\n2,\n",
        b'id,tier\r\n1,"Gold, old"\r\n2,"two\r\nlines"\r\n',
        b"id,tier\n1,Gold\n\n2,Silver\n",
        "序号;等级\n1;金卡\n2;金卡\n".encode("gb18030"),
        b'id,"a ""b"" c"\n1,x\n',
        b"sep=;\nid;tier\n1;x\n",
    ],
)
def test_tables_are_the_same(lanes: object, raw: bytes) -> None:
    careful, fast = lanes(raw)  # type: ignore[operator]
    assert careful.header == fast.header
    assert careful.rows.equals(fast.rows)
    assert careful.rows.index.tolist() == fast.rows.index.tolist()
    assert (careful.notes, careful.delimiter) == (fast.notes, fast.delimiter)


def test_faults_are_told_by_the_careful_reader(lanes: object) -> None:
    with pytest.raises(AnswersError, match="line 3, row 3: saw 1 cell"):
        lanes(b"id,tier\n1,Gold\n2\n")  # type: ignore[operator]


def test_a_large_file_takes_the_fast_lane(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("respondent,score\n" + "".join(f"{at},{at % 5}\n" for at in range(150_000)))
    table = read_table(path)
    assert len(table.factors) == 2
    assert table.rows.shape == (150_000, 2)
    assert table.rows.loc[2].tolist() == ["0", "0"]
    assert table.rows.loc[150_001].tolist() == ["149999", "4"]
    with pytest.raises(AnswersError, match="cells"):
        read_table(path, limits=Limits(max_cells=200_000))
