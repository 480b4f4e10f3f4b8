"""Numbers as printed, and where each came from."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import Entry, Interval
from reports.numbers import ABSENT, MINUS, Citation, Ledger, Numbers, value_of

EN, ZH = Numbers(language="en"), Numbers(language="zh")

ENTRY = Entry(
    measure="omega_squared",
    method="Welch ANOVA",
    about={"construct": "satisfaction"},
    n=12041,
    estimate=0.0625,
    std_error=0.0201,
    statistic=12.305,
    df=(2.0, 188.417),
    p_value=0.00042,
    interval=Interval(low=-0.004, high=0.115, confidence_level=0.9),
    more={"eta_squared": 0.07},
)


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (1.0, 2, "1.00"),
        (-1.5, 2, "−1.50"),
        (-0.004, 2, "0.00"),  # never a signed zero
        (-0.0, 0, "0"),
        (2.675, 2, "2.68"),  # half up on what results.json shows, not on the binary value
        (-2.675, 2, "−2.68"),
        (9999.994, 2, "9999.99"),
        (9999.995, 2, "10,000.00"),
        (-1234567, 0, "−1,234,567"),
        (1e-20, 3, "0.000"),
        (float("inf"), 2, "∞"),
        (float("-inf"), 2, "−∞"),
        (None, 2, ABSENT),
        (float("nan"), 2, ABSENT),
    ],
)
def test_numbers(x, digits, text):
    assert EN.number(x, digits) == ZH.number(x, digits) == text


@pytest.mark.parametrize(
    ("x", "english", "chinese"),
    [
        (0.456, ".46", "0.46"),
        (-0.456, "−.46", "−0.46"),
        (1.0, "1.00", "1.00"),
        (0.0, ".00", "0.00"),
        (None, "–", "–"),
    ],
)
def test_what_cannot_lie_beyond_one_has_a_leading_zero_in_chinese_only(x, english, chinese):
    assert (EN.bounded(x), ZH.bounded(x)) == (english, chinese)


@pytest.mark.parametrize(
    ("p", "english", "chinese"),
    [
        (0.0, "< .001", "< 0.001"),
        (0.000999, "< .001", "< 0.001"),
        (0.001, ".001", "0.001"),
        (0.0495, ".050", "0.050"),
        (0.04949, ".049", "0.049"),
        (0.9991, "> .999", "> 0.999"),
        (1.0, "> .999", "> 0.999"),
        (None, "–", "–"),
    ],
)
def test_p_values(p, english, chinese):
    assert (EN.p_value(p), ZH.p_value(p)) == (english, chinese)


def test_p_values_in_a_sentence_carry_their_relation():
    assert EN.p_value(0.032, relation=True) == "= .032"
    assert ZH.p_value(0.0001, relation=True) == "< 0.001"


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_what_is_no_probability_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        EN.p_value(p)


def test_shares_counts_degrees_of_freedom_and_levels():
    assert EN.percent(0.12345) == "12.3%"
    assert EN.percent(0.285, 0) == "29%"  # 0.285 * 100 is 28.499999999999996 in binary
    assert EN.count(9999) == "9999"
    assert EN.count(10000) == "10,000"
    assert (EN.df(2.0), EN.df(188.417)) == ("2", "188.42")
    assert EN.level(ENTRY.interval) == "90%"
    assert EN.level(Interval(low=0, high=1, confidence_level=0.975)) == "97.5%"
    assert EN.interval(Interval(low=-0.1, high=0.25)) == "[−0.10, 0.25]"
    assert EN.interval(Interval(low=0.1, high=0.25), style="percent") == "[10.0%, 25.0%]"
    assert EN.interval(None) == ABSENT


def test_citing_formats_by_field_and_records_where_the_number_came_from():
    numbers = Numbers(language="en", ledger=Ledger())
    cite = numbers.cite
    printed = [
        cite("a.n", ENTRY, "n"),
        cite("a.w", ENTRY, "estimate", style="bounded"),
        cite("a.w", ENTRY, "statistic"),
        cite("a.w", ENTRY, "df.0"),
        cite("a.w", ENTRY, "df.1"),
        cite("a.w", ENTRY, "p_value"),
        cite("a.w", ENTRY, "interval", style="bounded", digits=3),
        cite("a.w", ENTRY, "more.eta_squared"),
    ]
    assert printed == ["12,041", ".06", "12.31", "2", "188.42", "< .001", "[−.004, .115]", "0.07"]
    recorded = numbers.ledger.citations
    assert recorded[0] == Citation(id="a.n", field="n", text="12,041")
    assert [c.field for c in recorded[-3:]] == ["low", "high", "more.eta_squared"]
    assert [c.text for c in recorded[-3:]] == ["−.004", ".115", "0.07"]
    assert numbers.ledger.ids() == ("a.n", "a.w")


def test_two_languages_can_share_a_ledger():
    ledger = Ledger()
    for language in ("en", "zh"):
        Numbers(language=language, ledger=ledger).cite("x", ENTRY, "estimate", style="bounded")
    assert [citation.text for citation in ledger.citations] == [".06", "0.06"]


def test_a_field_that_no_entry_has_is_refused_and_a_missing_number_is_a_dash():
    with pytest.raises(KeyError, match="no field 'pvalue'"):
        value_of(ENTRY, "pvalue")
    with pytest.raises(KeyError, match=r"there is no more\.tau"):
        value_of(ENTRY, "more.tau")
    failed = Entry(measure="alpha", method="", state="too_few", reason="2 respondents")
    assert value_of(failed, "more.tau") is None
    assert Numbers(language="en").cite("a", failed, "interval") == ABSENT
    assert Numbers(language="en").cite("a", failed, "df.0") == ABSENT


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="not in 'fr'"):
        Numbers(language="fr")


@given(x=st.floats(-1e6, 1e6), digits=st.integers(0, 4))
def test_a_printed_number_is_within_half_a_digit_of_the_number_in_results_json(x, digits):
    text = EN.number(x, digits)
    assert "-" not in text
    read = float(text.replace(MINUS, "-").replace(",", ""))
    assert abs(read - json.loads(json.dumps(x))) <= 0.5 * 10**-digits * (1 + 1e-9) + 1e-9
    assert (MINUS in text) == (read < 0)


@given(p=st.floats(0, 1))
def test_a_printed_p_value_never_claims_more_than_the_p_value(p):
    text = ZH.p_value(p)
    assert text != "0.000"
    assert text != "1.000"
