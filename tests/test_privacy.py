import time
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.privacy import (
    Identifier,
    find,
    find_identifiers,
    is_id_number,
    mask,
    passes_luhn,
    suppress,
    without_identifiers,
)
from surveys.questionnaire import Item, Questionnaire
from surveys.responses import Responses, SourceFile

# Made up: the sequence of an identity number is arbitrary, card numbers are the networks' published test numbers.
ID = "11010519491231002X"  # the example of GB 11643
CARD = "4111111111111111"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to li.lei+bank@mail.example.com.cn please", "Write to [email] please"),
        ("邮箱lilei@example.com谢谢", "邮箱[email]谢谢"),
        ("１３８１２３４５６７８@qq．com", "[email]"),  # full width, and an address rather than a phone
        ("打13812345678", "打[phone]"),
        ("138-1234-5678 or +86 138 1234 5678", "[phone] or [phone]"),
        ("008613812345678，8613812345678", "[phone]，[phone]"),
        ("电话：１３８１２３４５６７８", "电话：[phone]"),
        ("138 123 45678", "[phone]"),
        ("座机010-87654321转8001", "座机[phone]"),
        ("(0571) 8765 4321 and 07558765432", "[phone] and [phone]"),
        ("+86 21 6543 2109", "[phone]"),
        ("电话是87654321", "电话是[phone]"),
        (f"身份证{ID}。", "身份证[id_number]。"),
        (ID.lower(), "[id_number]"),
        ("110105 19491231 002X", "[id_number]"),
        (f"卡号{CARD}", "卡号[bank_card]"),
        ("4111 1111 1111 1111, 6212-3456-7890-0000-003", "[bank_card], [bank_card]"),
        ("from 192.168.10.254.", "from [ip]."),
        ("2001:db8::8a2e:370:7334, fe80::1.", "[ip], [ip]."),
        ("::ffff:192.0.2.128", "[ip]"),
        ("我的QQ号是1234567", "我的QQ号是[qq]"),
        ("qq: 12345678901；扣扣12345", "qq: [qq]；扣扣[qq]"),
        ("微信号：zhangsan", "微信号：[wechat]"),
        ("加我微信 zhang_san-88", "加我微信 [wechat]"),
        ("WeChat ID: lilei2020, vx lilei2020", "WeChat ID: [wechat], vx [wechat]"),
        ("微信13812345678", "微信[phone]"),
        ("li@example.com13812345678", "[email][phone]"),
        (f"微信号86110105a{CARD[:4]} {CARD[4:]}", "微信号[wechat][bank_card]"),
        ("李雷 13812345678 li@example.com", "李雷 [phone] [email]"),  # a name in prose is not found
    ],
)
def test_what_names_a_person_is_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "满意",
        "等了30分钟，2026年3月2日",
        "12345678901",  # a mobile number starts 13 to 19
        "12812345678",
        "138123456789",  # twelve digits
        "110105194912310021",  # eighteen digits, wrong check character, no card
        "110105199902310012",
        "AUM 1234567.89, 50%",
        "4111111111111112",  # fails Luhn's check
        "0000000000000000",
        "order 1000000000000008",  # passes Luhn's check, but no card starts with 1
        "10.256.1.1 and 1.2.3",
        "at 12:30:45 and 10:15",
        "std::vector ::1",
        "a@b, @lilei, lilei@localhost",
        "WeChat banking is easy, 微信 banking, wechatbanking",
        "微信银行很好用，QQ群里2000人",
        "微信100000元",
        "QQ 1234",
        "电话12345678",
        "iqq 1234567",
    ],
)
def test_what_names_nobody_stays(text):
    assert mask(text) == text
    assert find(text) == ()


def test_a_place_points_into_the_text_as_given():
    text = "ｖｘ：lilei2020；１３８１２３４５６７８"
    assert [(text[start:end], kind) for start, end, kind in find(text)] == [
        ("lilei2020", "wechat"),
        ("１３８１２３４５６７８", "phone"),
    ]


def test_check_characters():
    assert [last for last in "0123456789X" if is_id_number(ID[:17] + last)] == ["X"]
    assert [last for last in "0123456789" if passes_luhn(CARD[:15] + last)] == ["1"]


@given(st.integers(10**17, 10**18 - 1))
def test_id_numbers_agree_with_the_weights_of_the_standard(number):
    digits = str(number)[:6] + "19900307" + str(number)[14:17]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]
    assert is_id_number(digits + check)
    assert mask(f"证件{digits}{check}") == "证件[id_number]"


marks = st.text(
    st.sampled_from("0123456789 -+@.:()xX[]abcqwvQ号是：微信电话转元１３８．＠_％\n"), max_size=60
)


@given(marks)
def test_masking_twice_is_masking_once(text):
    once = mask(text)
    assert mask(once) == once
    places = find(text)
    assert all(before[1] <= after[0] for before, after in pairwise(places))


@given(marks, st.sampled_from(["13812345678", "li.lei@example.com", ID, CARD]))
def test_an_identifier_in_any_prose_is_found(prose, identifier):
    assert identifier not in mask(f"{prose}，{identifier}，{prose}")


@pytest.mark.parametrize("unit", ["1", "a", "a.", "1 ", "1-", ":", "1.", "a:", "微信 ", "qq", "0"])
def test_long_texts_take_no_long_time(unit):
    begun = time.perf_counter()
    find(unit * (100_000 // len(unit)))
    assert time.perf_counter() - begun < 5


# -- answers and metadata ------------------------------------------------------------------------


def answered(comments, **metadata):
    items = (
        Item(id="SAT", kind="number", text={"en": "Satisfied"}, section="a"),
        Item(id="COMMENT", kind="text", text={"en": "Why?"}, section="a", identifying=True),
    )
    n = len(comments)
    return Responses(
        questionnaire=Questionnaire(
            id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={}, items=items
        ),
        answers=pd.DataFrame({"SAT": [3.0] * n, "COMMENT": pd.Series(comments, dtype=object)}),
        metadata=pd.DataFrame({"respondent": [f"p{i}" for i in range(n)], "row": range(2, n + 2)} | metadata),
        source=SourceFile(name="a.csv", sha256=""),
        notes=("read",),
    )


def test_identifiers_are_reported_by_place_and_never_by_value():
    responses = answered(
        ["13812345678 or 13912345678, li@example.com", None, "fine"],
        ip=["192.0.2.1", None, "192.0.2.3"],
        device=["app 10.0.0.1", "web", None],
    )
    found = find_identifiers(responses)
    assert found == (
        Identifier(kind="ip", column="ip", row=2),
        Identifier(kind="ip", column="ip", row=4),
        Identifier(kind="ip", column="device", row=2),
        Identifier(kind="phone", column="COMMENT", row=2, count=2),
        Identifier(kind="email", column="COMMENT", row=2),
    )
    assert "13812345678" not in repr(found)


def test_identifiers_are_taken_out_and_counted():
    responses = answered(
        ["13812345678 or 13912345678", None, "write li@example.com"],
        ip=["192.0.2.1", None, "192.0.2.3"],
        name=["李雷", "韩梅梅", "Jim"],
        seconds=[10.0, 20.0, 30.0],
    )
    clean = without_identifiers(responses)
    assert clean.answers["COMMENT"].tolist() == ["[phone] or [phone]", None, "write [email]"]
    assert clean.answers["SAT"].tolist() == [3, 3, 3]
    assert list(clean.metadata) == ["respondent", "row", "seconds"]
    assert clean.notes == (
        "read",
        "dropped, because they name a person: ip, name",
        "masked in COMMENT: phone (2)",
        "masked in COMMENT: email (1)",
    )
    assert find_identifiers(clean) == ()
    assert without_identifiers(clean) is clean
    assert responses.answers["COMMENT"][0] == "13812345678 or 13912345678"  # what was read stays as it was
    assert "ip" in responses.metadata


def test_respondents_named_by_their_phone_are_named_by_their_row():
    responses = answered(["", "", ""], respondent=["13812345678", "p7", "13812345679"])
    clean = without_identifiers(responses)
    assert clean.metadata["respondent"].tolist() == ["row 2", "p7", "row 4"]
    assert clean.metadata["respondent"].is_unique
    assert clean.notes == ("read", "masked in respondent: phone (2)")


def test_an_empty_personal_column_is_dropped_too():
    clean = without_identifiers(answered(["fine"], phone=[None]))
    assert "phone" not in clean.metadata


# -- small counts --------------------------------------------------------------------------------


@given(st.integers(0, 100), st.integers(0, 20))
def test_small_counts_are_held_back(count, minimum):
    told = suppress(count, minimum)
    assert told == (count if count == 0 or count >= minimum else None)


def test_nobody_is_counted_below_zero():
    with pytest.raises(ValueError, match="a count of people is -1, expected 0 or more"):
        suppress(-1, 5)
