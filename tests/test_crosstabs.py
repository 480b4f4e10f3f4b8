import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from analysis.crosstabs import association, multiple_response


def check(result, r):
    assert (result.n, result.df) == (r["n"], r["df"])
    for name, key in (
        ("statistic", "chi2"),
        ("p_value", "p"),
        ("cramers_v", "v"),
        ("minimum_expected", "min_expected"),
    ):
        assert getattr(result, name) == pytest.approx(r[key], rel=1e-9), name
    assert result.cramers_v_corrected == pytest.approx(r["v_corrected"], rel=1e-9, abs=1e-12)
    ends = result.interval.low, result.interval.high
    assert ends == pytest.approx((r["v_low"], r["v_high"]), rel=1e-8, abs=1e-12)
    # effectsize finds the limits by a coarse search
    assert ends == pytest.approx((r["effectsize_low"], r["effectsize_high"]), rel=5e-3, abs=5e-4)
    residuals = result.standardized_residuals.to_numpy()
    assert (residuals[0, 0], residuals[-1, -1]) == pytest.approx(
        (r["stdres_first"], r["stdres_last"]), rel=1e-9
    )


@pytest.mark.parametrize(
    ("rows", "columns"), [("TIER", "CH_1"), ("TIER", "SAT1"), ("SEX", "CH_2"), ("SEX", "CH_3")]
)
def test_association_equals_r(rows, columns, survey, computed_by_r):
    result = association(survey[rows], survey[columns])
    check(result, computed_by_r("crosstabs", f"{rows} {columns}"))
    assert result.n + result.n_missing == 64
    if rows == "SEX":
        fisher = computed_by_r("crosstabs", f"{rows} {columns}")["fisher"]
        assert result.fisher_p_value == pytest.approx(fisher, rel=1e-7)  # R sums to that precision
    else:
        assert result.fisher_p_value is None


def test_association_of_bank_customers_equals_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv")
    check(
        association(bank["CardType"], bank["SatisfactionScore"]),
        computed_by_r("crosstabs", "bank tier x satisfaction"),
    )
    check(association(bank["Gender"], bank["Exited"]), computed_by_r("crosstabs", "bank gender x exited"))


def test_the_table_keeps_order_and_drops_what_nobody_picked():
    rows = pd.Series(
        pd.Categorical(["hi", "lo", "lo", "hi", None], ["lo", "mid", "hi"], ordered=True), name="TIER"
    )
    result = association(rows, pd.Series([2.0, 1.0, 2.0, 2.0, 1.0], name="Q"))
    assert result.table.index.tolist() == ["lo", "hi"]
    assert result.table.columns.tolist() == ["1", "2"]
    assert result.table.to_numpy().tolist() == [[1, 1], [0, 2]]
    assert (result.n, result.n_missing) == (4, 1)


def test_small_expected_counts_keep_the_numbers_and_say_so():
    rows, columns = pd.Series(list("aabbb") * 2, name="A"), pd.Series(list("xyxyy") * 2, name="B")
    result = association(rows, columns)
    assert result.state == "small_expected"
    assert "4 of 4 cells are expected to hold fewer than 5 respondents (the smallest 1.6)" in result.reason
    assert result.cramers_v == pytest.approx(1 / 6)
    entry = result.entries()[0]
    assert (entry.state, entry.estimate, entry.p_value) == (
        "small_expected",
        result.cramers_v,
        result.p_value,
    )


def test_one_small_cell_matters_in_a_2_x_2_table_but_not_in_a_larger_one():
    rows = pd.Series(["a"] * 9 + ["b"] * 40)
    columns = pd.Series(["x"] * 4 + ["y"] * 5 + ["x"] * 8 + ["y"] * 32)
    two_by_two = association(rows, columns)
    assert (two_by_two.state, round(two_by_two.minimum_expected, 2)) == ("small_expected", 2.2)
    assert two_by_two.reason.startswith("1 of 4 cells")
    more_rows = pd.concat([rows, pd.Series(["c"] * 40)], ignore_index=True)
    more_columns = pd.concat([columns, pd.Series(["x"] * 20 + ["y"] * 20)], ignore_index=True)
    three_by_two = association(more_rows, more_columns)
    assert three_by_two.minimum_expected < 5
    assert three_by_two.state == "ok"  # one cell of six is less than a fifth


@pytest.mark.parametrize(
    ("rows", "columns", "state", "words"),
    [
        ([1, 1, 1], [1, 2, 2], "constant", "1 x 2"),
        ([np.nan, 1, np.nan], [1, np.nan, 2], "too_few", "nobody answered both"),
    ],
)
def test_what_has_no_association_says_why(rows, columns, state, words):
    result = association(pd.Series(rows, name="A"), pd.Series(columns, name="B"))
    assert (result.state, result.cramers_v, result.p_value) == (state, None, None)
    assert words in result.reason
    assert result.to_frame()["state"].tolist() == [state]


def test_perfect_association_is_one():
    a = pd.Series([1, 2, 3] * 20)
    result = association(a, a)
    assert result.cramers_v == pytest.approx(1)
    assert result.interval.low <= 1
    assert result.interval.high == 1


DRAWN = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=2, max_size=60)


@given(DRAWN)
def test_sides_and_labels_do_not_matter_and_scipy_agrees(drawn):
    a, b = (pd.Series(side) for side in zip(*drawn, strict=True))
    result, turned = association(a, b), association(b, a)
    assert turned.state == result.state
    if result.cramers_v is None:
        return
    expected = chi2_contingency(result.table, correction=False)
    assert (result.statistic, result.p_value) == pytest.approx(
        (expected.statistic, expected.pvalue), rel=1e-9, abs=1e-9
    )
    assert turned.cramers_v == pytest.approx(result.cramers_v, abs=1e-12)
    assert association(10 - a, b).cramers_v == pytest.approx(result.cramers_v, abs=1e-12)
    assert result.interval.low <= result.interval.high <= 1


def tiers(codes):
    return codes.astype(pd.CategoricalDtype(sorted(codes.dropna().unique()), ordered=True))


def test_options_by_tier_equal_r(survey, computed_by_r):
    names = ["CH_1", "CH_2", "CH_3"]
    result = multiple_response(survey[names], tiers(survey["TIER"]))
    assert (result.n, result.n_missing, result.groups) == (60, 4, ("1", "2", "3", "4"))
    assert len(result.shares) == 3 * 5
    adjusted = computed_by_r("crosstabs", "options by TIER")
    for test in result.tests:
        assert test.p_adjusted == pytest.approx(adjusted[test.option], rel=1e-9)
    check(result.tests[0].association, computed_by_r("crosstabs", "TIER CH_1"))
    for share in result.shares:
        own = survey if share.group is None else survey[survey["TIER"] == float(share.group)]
        asked = own[own["CH_1"].notna()]
        assert (share.base, share.count) == (len(asked), asked[share.option].sum())
        assert share.estimate == pytest.approx(asked[share.option].mean())
        assert share.share_of_answers == pytest.approx(
            asked[share.option].sum() / asked[names].to_numpy().sum()
        )
        assert share.interval.low <= share.estimate <= share.interval.high


def test_base_counts_who_was_asked_and_picked_nothing():
    options = pd.DataFrame({"A": [1, 0, np.nan, np.nan], "B": [1, 0, 1, np.nan]})
    a, b = multiple_response(options).shares
    assert (a.count, a.base, a.share_of_answers) == (1, 3, pytest.approx(1 / 3))
    assert (b.count, b.base, b.share_of_answers) == (2, 3, pytest.approx(2 / 3))
    assert sum(share.share_of_answers for share in (a, b)) == pytest.approx(1)


def test_empty_groups_and_untested_options_have_states():
    options = pd.DataFrame({"A": [1, 1, 1, np.nan], "B": [1, 0, 0, np.nan]})
    groups = pd.Series(pd.Categorical(["x", "y", "y", "z"], ["x", "y", "z"], ordered=True), name="TIER")
    result = multiple_response(options, groups)
    states = {(share.group, share.option): share.state for share in result.shares}
    assert states["z", "A"] == "empty_cell"
    assert states["x", "A"] == "ok"
    a, b = result.tests
    assert (a.association.state, a.p_adjusted) == ("constant", None)
    assert b.p_adjusted == b.association.p_value
    entries = result.entries()
    assert len(entries) == 8 + 2
    assert entries[-1].about == {"option": "B", "grouping": "TIER"}
    assert entries[-1].more["p_adjusted"] == b.p_adjusted


def test_nobody_asked():
    result = multiple_response(pd.DataFrame({"A": [np.nan], "B": [np.nan]}))
    assert [(share.base, share.state, share.estimate) for share in result.shares] == [
        (0, "empty_cell", None)
    ] * 2


def test_faulty_options_and_groups_are_refused():
    with pytest.raises(ValueError, match=r"others found in \['B'\]"):
        multiple_response(pd.DataFrame({"A": [0, 1], "B": [2, 1]}))
    with pytest.raises(TypeError, match="category dtype"):
        multiple_response(pd.DataFrame({"A": [0, 1]}), pd.Series([1, 2]))
    with pytest.raises(ValueError, match="one index"):
        association(pd.Series([1, 2]), pd.Series([1, 2], index=[5, 6]))


def test_error_of_v_squared_is_that_of_leaving_respondents_out():
    table = np.array([[40, 12, 5], [10, 33, 9], [4, 6, 51], [20, 2, 8]])
    free = association(*answers_of(table)).distribution_free
    n, left_out = table.sum(), []
    for cell in np.ndindex(*table.shape):
        less = table.copy()
        less[cell] -= 1
        left_out += [association(*answers_of(less)).cramers_v ** 2] * table[cell]
    spread = (n - 1) / n * ((np.array(left_out) - np.mean(left_out)) ** 2).sum()
    # two first-order approximations of one error
    assert free.std_error == pytest.approx(np.sqrt(spread), rel=0.04)


def answers_of(table):
    rows, columns = np.indices(table.shape)
    times = table.ravel()
    return (
        pd.Series(np.repeat(rows.ravel(), times), name="rows"),
        pd.Series(np.repeat(columns.ravel(), times), name="columns"),
    )


def test_intervals_of_v_agree_near_zero_and_part_far_from_it():
    near = association(*answers_of(np.array([[50, 52], [49, 51], [55, 45]])))
    far = association(*answers_of(np.array([[95, 5], [8, 92], [50, 50]])))
    assert near.distribution_free_interval.high == pytest.approx(near.interval.high, rel=0.05)
    free, noncentral = far.distribution_free_interval, far.interval
    assert free.low < far.cramers_v < free.high
    assert free.high - free.low < 0.9 * (noncentral.high - noncentral.low)


def test_a_perfect_association_has_no_error_to_make_an_interval_of():
    perfect = association(*answers_of(np.array([[30, 0], [0, 30]])))
    assert (perfect.cramers_v, perfect.distribution_free, perfect.distribution_free_interval) == (
        1.0,
        None,
        None,
    )
