"""Names found in texts, pseudonyms by keyed hash, and what can be released."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.anonymity import blanked_to, k_anonymity, suppressed_table
from surveys.privacy import mask
from surveys.pseudonyms import KeyFileError, load_key, new_key, pseudonym, pseudonymised
from surveys.questionnaire import Questionnaire
from surveys.responses import Responses, SourceFile


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫张伟，电话13812345678", "我叫[name]，电话[phone]"),
        ("姓名：欧阳娜娜", "姓名：[name]"),
        ("王经理服务很好", "[name]经理服务很好"),
        ("和刘女士沟通", "和[name]女士沟通"),
        ("Please thank Ms. Smith", "Please thank Ms. [name]"),
        ("my name is John Doe.", "my name is [name]."),
        ("call +44 20 7946 0958", "call [phone]"),
        ("SSN 123-45-6789", "SSN [id_number]"),
    ],
)
def test_announced_names_and_numbers_from_abroad_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "客户经理要多联系",
        "大堂经理也不错，高级经理没见过",
        "理财经理专业",
        "我是一名老客户",
        "没有向经理反映",
        "本支行行长",
        "+5 percent",
        "2026-03-02",
        "My name does not matter",
    ],
)
def test_words_of_banks_are_no_names(text: str) -> None:
    assert mask(text) == text


def responses(names: list[str | None]) -> Responses:
    return Responses(
        questionnaire=Questionnaire(
            id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={}, items=()
        ),
        answers=pd.DataFrame(index=range(len(names))),
        metadata=pd.DataFrame({"respondent": names, "row": range(2, len(names) + 2)}),
        source=SourceFile(name="a.csv", sha256=""),
    )


def test_a_pseudonym_is_an_hmac_of_the_name() -> None:
    assert (
        pseudonym("张伟 ", b"k" * 32) == hmac.new(b"k" * 32, "张伟".encode(), hashlib.sha256).hexdigest()[:20]
    )


def test_one_person_has_one_pseudonym_in_every_wave_and_another_with_another_key() -> None:
    first, second = responses(["a", "b"]), responses(["b", None])
    one = pseudonymised(first, b"1" * 32).metadata["respondent"]
    two = pseudonymised(second, b"1" * 32).metadata["respondent"]
    other = pseudonymised(second, b"2" * 32).metadata["respondent"]
    assert one[1] == two[0] != other[0]
    assert two[1] is None or pd.isna(two[1])
    assert "keyed hashes" in pseudonymised(first, b"1" * 32).notes[-1]


def test_a_key_is_kept_from_others_and_never_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "key.txt"
    key = new_key(place)
    assert place.stat().st_mode & 0o077 == 0
    assert load_key(place) == key
    with pytest.raises(KeyFileError, match="there is a file of that name"):
        new_key(place)


def test_a_key_inside_the_data_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "key.txt")
    with pytest.raises(KeyFileError, match="lies inside the folder of the data"):
        load_key(tmp_path / "key.txt", data=tmp_path)


@pytest.mark.parametrize(("content", "words"), [("xyz", "no key"), ("00ff", "a key of 2 bytes")])
def test_what_is_no_key_is_refused(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "key.txt").write_text(content)
    with pytest.raises(KeyFileError, match=words):
        load_key(tmp_path / "key.txt")


def test_k_is_the_smallest_combination() -> None:
    frame = pd.DataFrame({"sex": [1, 1, 1, 2, 2, np.nan], "age": [3, 3, 3, 4, 4, 4]})
    found = k_anonymity(frame, ["sex", "age"], minimum=3)
    assert (found.k, found.n_classes, found.n_unique, found.n_below) == (1, 3, 1, 3)
    assert k_anonymity(frame, ["age"]).k == 3


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=60),
    minimum=st.integers(1, 5),
)
def test_after_blanking_no_combination_is_rarer_than_asked(rows: list[tuple[int, int]], minimum: int) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    released = blanked_to(frame, ["a", "b"], minimum=minimum)
    assert k_anonymity(released, ["a", "b"], minimum=minimum).k >= minimum
    kept = released.notna()
    assert released.where(kept, 0).equals(frame.where(kept, 0))


@given(st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=2, max_size=6))
def test_no_small_count_can_be_told_from_its_margin(rows: list[list[int]]) -> None:
    counts = pd.DataFrame(rows)
    hidden = suppressed_table(counts).isna()
    assert hidden[(counts > 0) & (counts < 5)].sum().sum() == ((counts > 0) & (counts < 5)).sum().sum()
    for axis in (0, 1):
        lines = hidden.sum(axis=axis)
        others = ((counts > 0) & ~hidden).sum(axis=axis)
        assert not ((lines == 1) & (others > 0)).any()


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="quasi-identifiers: c; expected columns of the data, which are a"):
        k_anonymity(pd.DataFrame({"a": [1]}), ["c"])
