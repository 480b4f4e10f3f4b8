import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reliability import cronbach_alpha


def check(result, expected, per_item):
    assert (result.n, result.k) == (expected["n"], expected["k"])
    assert result.estimate == pytest.approx(expected["alpha"], rel=1e-9)
    assert result.standardized == pytest.approx(expected["standardized"], rel=1e-9)
    assert result.mean_inter_item_r == pytest.approx(expected["mean_r"], rel=1e-9)
    for level in (95, 90):
        interval = result.confidence_interval(level / 100)
        assert interval.low == pytest.approx(expected[f"low{level}"], rel=1e-9)
        assert interval.high == pytest.approx(expected[f"high{level}"], rel=1e-9)
        assert interval.confidence_level == level / 100
    for total in result.item_totals:
        wanted = per_item(total.item)
        assert total.mean == pytest.approx(wanted["mean"], rel=1e-9)
        assert total.sd == pytest.approx(wanted["sd"], rel=1e-9)
        assert total.corrected_r == pytest.approx(wanted["r_drop"], rel=1e-9)
        if result.k > 2:
            assert total.alpha_if_dropped == pytest.approx(wanted["alpha_drop"], rel=1e-9)
        else:
            assert total.alpha_if_dropped is None


@pytest.mark.parametrize(
    ("case", "names"), [("small", ["SAT1", "SAT2", "SAT3", "SAT4"]), ("two", ["SAT1", "SAT2"])]
)
def test_alpha_interval_and_items_equal_psych(case, names, survey, computed_by_r):
    result = cronbach_alpha(survey[names], construct="satisfaction")
    assert result.n + result.n_missing == 64
    assert result.n_missing > 0
    check(
        result,
        computed_by_r("reliability", case),
        lambda item: computed_by_r("reliability", f"{case} {item}"),
    )


@pytest.mark.parametrize("block", ["imag", "expe", "qual", "val", "sat", "loy"])
def test_alpha_equals_psych_on_bank_satisfaction(block, shared_data, computed_by_r):
    items = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv").filter(regex=f"^{block}")
    result = cronbach_alpha(items, construct=block)
    check(
        result,
        computed_by_r("reliability", block),
        lambda item: computed_by_r("reliability", f"{block} {item}"),
    )


def test_entries_tell_alpha_and_every_item(survey):
    result = cronbach_alpha(survey[["SAT1", "SAT2", "SAT3"]], construct="satisfaction", confidence_level=0.9)
    alpha, *items = result.entries()
    assert alpha.interval == result.confidence_interval(0.9)
    assert alpha.more["k"] == 3
    assert alpha.more["n_missing"] == result.n_missing
    assert [entry.about["item"] for entry in items] == ["SAT1", "SAT2", "SAT3"]
    assert items[0].estimate == result.item_totals[0].corrected_r


GOOD = pd.DataFrame({"A": [1, 2, 4, 5, 3.0], "B": [2, 2, 5, 4, 3.0], "C": [1, 3, 4, 5, 2.0]})


@pytest.mark.parametrize(
    ("items", "state", "words"),
    [
        (GOOD[["A"]], "too_few", "at least 2 items, there are 1"),
        (GOOD.iloc[:2], "too_few", "only 2 respondents answered all 3 items"),
        (GOOD.iloc[:0], "too_few", "only 0 respondents"),
        (GOOD.assign(B=3), "constant", "all answers are the same: B"),
        (GOOD.assign(C=6 - GOOD["C"])[["A", "C"]], "inadmissible", "check reverse keys"),
    ],
)
def test_what_has_no_alpha_says_why(items, state, words):
    result = cronbach_alpha(items, construct="satisfaction")
    assert result.state == state
    assert words in result.reason
    assert result.confidence_interval() is None
    assert result.entries()[0].state == state


def test_a_forgotten_reverse_key_keeps_alpha_and_points_at_the_item():
    items = GOOD.assign(C=6 - GOOD["C"], D=6 - GOOD["A"])
    result = cronbach_alpha(items, construct="satisfaction")
    assert result.state == "inadmissible"
    assert result.estimate < 0
    assert all(total.corrected_r is not None for total in result.item_totals)


def test_items_that_cancel_exactly_have_no_alpha():
    result = cronbach_alpha(pd.DataFrame({"A": [1, 2, 3, 5], "B": [5, 4, 3, 1]}), construct="x")
    assert (result.estimate, result.standardized, result.state) == (None, None, "inadmissible")
    assert result.to_frame()["state"].unique().tolist() == ["inadmissible"]


def test_alpha_does_not_depend_on_unit_order_or_side(survey):
    items = survey[["SAT1", "SAT2", "SAT3", "SAT4"]]
    alpha = cronbach_alpha(items, construct="x")
    for same in (3 * items + 1, items[["SAT3", "SAT1", "SAT4", "SAT2"]], 6 - items):
        other = cronbach_alpha(same, construct="x")
        assert other.estimate == pytest.approx(alpha.estimate, rel=1e-12)
        assert other.standardized == pytest.approx(alpha.standardized, rel=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(3, 6))
def test_alpha_if_dropped_is_alpha_without_the_item(seed, k):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.normal(size=(30, 1)) + rng.normal(size=(30, k)), columns=list("ABCDEF"[:k]))
    result = cronbach_alpha(items, construct="x")
    for total in result.item_totals:
        without = cronbach_alpha(items.drop(columns=total.item), construct="x")
        assert total.alpha_if_dropped == pytest.approx(without.estimate, rel=1e-9, abs=1e-12)
        rest = items.drop(columns=total.item).sum(axis=1)
        assert total.corrected_r == pytest.approx(
            np.corrcoef(items[total.item], rest)[0, 1], rel=1e-9, abs=1e-12
        )
