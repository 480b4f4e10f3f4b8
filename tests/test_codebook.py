"""The codebook: counts, what is held back, and pages that load and run nothing."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.cli import main
from reports.codebook import codebook_entries, codebook_frame, codebook_html, codebook_workbook
from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Section
from surveys.responses import Responses, SourceFile


def responses(answers: pd.DataFrame, *items: Item, **facts: object) -> Responses:
    asked = Questionnaire(
        id="q",
        title={"en": "Q & A", "zh": "问卷"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "First", "zh": "第一部分"}),),
        scales={},
        items=items,
        constructs=(Construct(id="satisfaction", label={"en": "S", "zh": "满"}, items=("SAT",)),),
    )
    return Responses(
        questionnaire=asked,
        answers=answers,
        metadata=pd.DataFrame(
            {"respondent": [f"r{at}" for at in range(len(answers))], "row": range(2, len(answers) + 2)}
        ),
        source=SourceFile(name="a.csv", sha256="abc", notes=("read as <b>CSV</b>",)),
        **facts,  # type: ignore[arg-type]
    )


def scale(n: int = 3, **facts: object) -> Scale:
    options = tuple(
        Option(code=code, label={"en": f"step {code}", "zh": f"第{code}级"}) for code in range(1, n + 1)
    )
    return Scale(id="s", options=options, **facts)  # type: ignore[arg-type]


def item(id_: str = "SAT", kind: str = "single", **facts: object) -> Item:
    shared: dict[str, object] = {"section": "a", "text": {"en": f"How is {id_}?", "zh": f"{id_}如何？"}}
    if kind in ("single", "multiple", "ranking"):
        shared["scale"] = scale()
    return Item(id=id_, kind=kind, **{**shared, **facts})  # type: ignore[arg-type]


def single(*counts: int, empty: int = 0) -> pd.DataFrame:
    """Answers 1, 2, ... given so many times, and so many empty."""
    codes = [float(code) for code, count in enumerate(counts, start=1) for _ in range(count)]
    return pd.DataFrame({"SAT": [*codes, *[np.nan] * empty]})


def told(answers: pd.DataFrame, asked: Item, minimum: int = 5) -> list[int | None]:
    (entry,) = codebook_entries(responses(answers, asked), minimum=minimum)
    return [line.count for line in entry.lines if line.kind != "missing"]


@pytest.mark.parametrize(
    ("counts", "empty", "shown"),
    [
        ((20, 30, 50), 0, [20, 30, 50, 0]),
        ((20, 0, 50), 7, [20, 0, 50, 7]),
        ((20, 3, 50), 0, [None, None, 50, 0]),  # 3 alone would be 73 less 70
        ((20, 3, 4), 0, [20, None, None, 0]),
        ((20, 30, 50), 2, [None, 30, 50, None]),
        ((3, 0, 0), 0, [None, 0, 0, 0]),
    ],
)
def test_small_counts_are_held_back_with_whatever_gives_them_away(
    counts: tuple[int, ...], empty: int, shown: list[int | None]
) -> None:
    assert told(single(*counts, empty=empty), item()) == shown


@given(counts=st.lists(st.integers(0, 12), min_size=3, max_size=3), empty=st.integers(0, 12))
def test_no_single_count_can_be_worked_out(counts: list[int], empty: int) -> None:
    shown = told(single(*counts, empty=empty), item())
    truth = [*counts, empty]
    hidden = [count for count, seen in zip(truth, shown, strict=True) if seen is None]
    assert all(seen is None or seen == count for seen, count in zip(shown, truth, strict=True))
    assert all(seen is None or seen == 0 or seen >= 5 for seen in shown)
    # one alone could be worked out from the total, unless all others are nobody
    assert len(hidden) != 1 or sum(truth) == hidden[0]


def test_an_option_that_nearly_all_chose_is_held_back_too() -> None:
    answers = pd.DataFrame(
        {"CH_1": [1.0] * 18 + [0.0] * 2, "CH_2": [1.0] * 10 + [0.0] * 10, "CH_3": [0.0] * 20}
    )
    assert told(answers, item("CH", "multiple")) == [None, 10, 0, 0]


def test_numbers_and_texts_tell_only_how_many_answered() -> None:
    answers = pd.DataFrame({"AGE": [30.0] * 20 + [np.nan] * 6})
    assert told(answers, item("AGE", "number", low=18)) == [20, 6]
    words = pd.DataFrame({"WHY": pd.Series(["secret"] * 8, dtype=object)})
    given = responses(words, item("WHY", "text", identifying=True))
    assert "secret" not in codebook_html(given)
    assert "may identify a person" in codebook_html(given)


def test_rankings_count_who_came_first() -> None:
    answers = pd.DataFrame({"R_1": [1.0] * 9 + [2.0] * 6, "R_2": [2.0] * 9 + [1.0] * 6, "R_3": [3.0] * 15})
    assert told(answers, item("R", "ranking")) == [9, 6, 0, 0]


def test_an_item_without_a_column_is_listed_as_absent() -> None:
    given = responses(single(6, 7, 8), item(), item("GONE"))
    frame = codebook_frame(given)
    assert frame.loc[frame["item"] == "GONE", "count"].isna().all()
    assert not frame.loc[frame["item"] == "GONE", "held_back"].any()
    assert "not in the data file" in codebook_html(given)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_is_well_formed_and_self_contained() -> None:
    hostile = item(
        text={"en": '<script>alert("1")</script>', "zh": "<img src=x onerror=alert(1)>"}, reverse_keyed=True
    )
    page = _Page()
    page.feed(codebook_html(responses(single(6, 7, 8), hostile)))
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object", "form", "base"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "style")]
    assert all(value and value.startswith("#") for name, value in page.attributes if name == "href")
    whole = "".join(page.text)
    assert '<script>alert("1")</script>' in whole  # shown, not run
    assert "read as <b>CSV</b>" in whole
    assert {"en", "zh-Hans"} <= {value for name, value in page.attributes if name == "lang"}
    assert "default-src 'none'" in "".join(
        value or "" for name, value in page.attributes if name == "content"
    )
    assert "reverse keyed" in whole
    assert "反向计分" in whole


def test_shares_are_of_those_who_answered() -> None:
    html = codebook_html(responses(single(10, 10, 20, empty=10), item()))
    assert re.findall(r'<td class="number">([\d.]*)</td>', html) == [
        "10",
        "25.0",
        "10",
        "25.0",
        "20",
        "50.0",
        "10",
        "20.0",
    ]


def test_synthetic_data_say_so() -> None:
    assert "Synthetic data" in codebook_html(responses(single(6, 7, 8), item(), synthetic=True))
    assert "Synthetic data" not in codebook_html(responses(single(6, 7, 8), item()))


def test_the_workbook_holds_no_formula_and_all_rows() -> None:
    evil = item(
        text={"en": "=1+1", "zh": "@SUM(A1)"},
        scale=scale(missing_codes=(Option(code=-9, label={"en": "-x", "zh": "无"}),)),
    )
    content = codebook_workbook(responses(single(6, 7, 8), evil))
    assert content == codebook_workbook(responses(single(6, 7, 8), evil))
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = list(book["codebook"].values)
    table = pd.DataFrame(rows[1:], columns=rows[0])
    assert table["code"].dropna().tolist() == [1, 2, 3, -9]
    assert table["count"].dropna().tolist() == [6, 7, 8, 0]
    assert set(table["text_en"]) == {"'=1+1"}
    assert set(table["text_zh"]) == {"'@SUM(A1)"}
    assert "'-x" in set(table["label_en"])
    assert set(table["construct"]) == {"satisfaction"}
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)
    assert "a.csv SHA-256 abc" in [row[0] for row in book["notes"].values]


def test_ingest_writes_the_codebooks(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(
        "tierstudy: questionnaire/1\nid: q\ntitle: {en: Q, zh: 问}\nlanguages: [en, zh]\n"
        "scales: {s: {options: {1: {en: 'No', zh: 否}, 2: {en: 'Yes', zh: 是}}}}\n"
        "sections: [{id: a, title: {en: A, zh: 甲}, items: [{id: SAT, kind: single, scale: s, text: {en: S?, zh: 满？}}]}]\n",
        encoding="utf-8",
    )
    rows = "".join(f"r{at},{1 + (at > 3)}\n" for at in range(20))
    (tmp_path / "a.csv").write_text(f"respondent,SAT\n{rows}", encoding="utf-8")
    words = [
        "ingest",
        str(tmp_path / "a.csv"),
        "--questionnaire",
        str(tmp_path / "q.yaml"),
        "--out",
        str(tmp_path / "d.csv"),
        "--quiet",
    ]
    assert main(words) == 0
    page = (tmp_path / "d.codebook.html").read_text("utf-8")
    assert "–" in page
    assert ">16<" not in page  # 20 less 16 would be the 4 that are held back
    assert main([*words, "--minimum-cell", "3"]) == 0
    assert ">16<" in (tmp_path / "d.codebook.html").read_text("utf-8")
    assert (tmp_path / "d.codebook.xlsx").exists()
