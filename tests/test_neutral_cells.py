"""What a spreadsheet would run is made harmless; numbers and words stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.neutral_cells import FORMULA_STARTS, neutralised


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "＝1+1",
        "＠x",
        " =1+1",
        "\u3000=1",
        "-",
        "--1",
    ],
)
def test_formulas_get_an_apostrophe(text: str) -> None:
    assert neutralised(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-5", "+3.25", "-.5", "-1e-7", "5", "a=b", "3 - 2", "满意", "'=1"])
def test_numbers_and_words_stay(text: str) -> None:
    assert neutralised(text) == text


@given(text=st.text(max_size=12))
def test_nothing_begins_like_a_formula_and_twice_is_once(text: str) -> None:
    once = neutralised(text)
    assert neutralised(once) == once
    assert once.removeprefix("'").endswith(text.removeprefix("'"))
    if once.startswith(FORMULA_STARTS):
        float(once)
