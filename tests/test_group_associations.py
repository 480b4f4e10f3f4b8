"""Linear-by-linear association, exact rank tests and odds ratios against coin and effectsize."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from analysis.exact_ranks import exact_rank_sum, exact_signed_rank
from analysis.linear_by_linear import linear_by_linear
from analysis.means import within_contrast
from analysis.odds_ratios import odds_ratio
from analysis.two_groups import compare_two

CLOSED = {"rel": 1e-9, "abs": 1e-12}


def ordered(groups):
    return groups.astype(pd.CategoricalDtype(sorted(groups.dropna().unique()), ordered=True))


@pytest.mark.parametrize(
    ("case", "variable", "scores"),
    [("SAT1", "SAT1", None), ("LOY", "LOY", None), ("NPS scores", "NPS", (1, 2, 5, 10))],
)
def test_linear_by_linear_equals_coin(case, variable, scores, survey, computed_by_r):
    r = computed_by_r("group_associations", case)
    result = linear_by_linear(survey[variable], ordered(survey["TIER"]), group_scores=scores)
    assert result.n == r["n"]
    # coin's sign follows the second variable too; the square is the chi-square of its quadratic form
    assert (result.z, result.z**2, result.p_value) == pytest.approx((r["z"], r["chi2"], r["p"]), **CLOSED)


def test_linear_by_linear_equals_lbl_test(survey, computed_by_r):
    r = computed_by_r("group_associations", "lbl_test SAT1")  # coin 1.4 prints z under the name of chi-square
    result = linear_by_linear(survey["SAT1"], ordered(survey["TIER"]))
    assert (result.z, result.p_value) == pytest.approx((r["chi2"], r["p"]), **CLOSED)


def test_linear_by_linear_of_bank_customers(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv")
    order = ["SILVER", "GOLD", "PLATINUM", "DIAMOND"]
    tier = bank["CardType"].astype(pd.CategoricalDtype(order, ordered=True))
    r, result = computed_by_r("group_associations", "bank"), linear_by_linear(bank["SatisfactionScore"], tier)
    assert (result.n, result.z) == pytest.approx((r["n"], r["z"]), **CLOSED)


def test_linear_by_linear_that_cannot_be_tested_says_why(survey):
    tier = ordered(survey["TIER"])
    assert linear_by_linear(survey["SAT1"] * 0, tier).reason == "all answers are the same"
    one = survey["TIER"] == 1
    assert linear_by_linear(survey["SAT1"][one], tier[one]).state == "too_few"
    assert (
        linear_by_linear(survey["SAT1"], tier, group_scores=(1, 1, 1, 1)).reason
        == "all groups have one score"
    )
    with pytest.raises(ValueError, match="4 groups need 4 scores, got 2"):
        linear_by_linear(survey["SAT1"], tier, group_scores=(1, 2))
    with pytest.raises(TypeError, match="ordered category dtype"):
        linear_by_linear(survey["SAT1"], survey["TIER"].astype("category"))


def test_exact_rank_sum_is_that_of_writing_out_all_ways():
    a, b = np.array([3.0, 4, 4, 5]), np.array([1.0, 2, 3, 3, 4])
    ranks = rankdata(np.r_[a, b])
    centre = len(a) * (len(ranks) + 1) / 2
    seen = abs(ranks[: len(a)].sum() - centre)
    ways = [abs(ranks[list(c)].sum() - centre) >= seen - 1e-9 for c in combinations(range(9), 4)]
    assert exact_rank_sum(a, b) == pytest.approx(np.mean(ways), rel=1e-12)
    assert exact_rank_sum(b, a) == pytest.approx(exact_rank_sum(a, b), rel=1e-12)


def test_exact_signed_rank_is_that_of_writing_out_all_signs():
    moved = np.array([1.0, -1, 2, 2, 0, 3, -2])
    ranks = rankdata(np.abs(moved[moved != 0]))
    seen = abs(ranks[moved[moved != 0] > 0].sum() - ranks.sum() / 2)
    ways = [abs(ranks @ np.array(s) - ranks.sum() / 2) >= seen - 1e-9 for s in product((0, 1), repeat=6)]
    assert exact_signed_rank(moved) == pytest.approx(np.mean(ways), rel=1e-12)


@pytest.mark.parametrize("pair", [("SAT1", "SAT2"), ("SAT3", "SAT4")])
def test_exact_signed_rank_equals_coin(pair, survey, computed_by_r):
    r = computed_by_r("group_associations", " ".join(pair))
    result = within_contrast(survey[[pair[0]]], survey[[pair[1]]])
    assert result.n == r["n"]
    assert result.wilcoxon_exact_p_value == pytest.approx(r["p"], **CLOSED)


def test_exact_tests_stop_where_counting_ends():
    long = pd.Series(np.tile([1.0, 2, 3, 4, 5], 30))
    refused = compare_two(long, long + 1).mann_whitney_exact
    assert (refused.state, refused.p_value) == ("too_many", None)
    assert refused.reason == "300 respondents; all ways are counted for up to 200"


@pytest.mark.parametrize("pair", [("SEX", "CH_1"), ("SEX", "CH_3")])
def test_odds_ratio_equals_effectsize(pair, survey, computed_by_r):
    check_odds(
        odds_ratio(survey[pair[0]], survey[pair[1]]), computed_by_r("group_associations", " ".join(pair))
    )


def test_odds_ratio_of_bank_customers(shared_data, reference):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv")
    table = reference("group_associations")
    last = table[(table["case"] == "bank")].drop_duplicates("quantity", keep="last").set_index("quantity")
    check_odds(odds_ratio(bank["Gender"], bank["Exited"]), last["value"].astype(float).to_dict())


def check_odds(result, r):
    assert result.n == r["n"]
    assert (result.estimate, result.interval.low, result.interval.high) == pytest.approx(
        (r["odds_ratio"], r["low"], r["high"]), **CLOSED
    )
    assert result.p_value == pytest.approx(r["fisher"], rel=1e-7)  # R's fisher.test stops at 7 digits


def test_odds_without_limit_say_so():
    app = pd.Series([1, 1, 0, 0, 1, 1, None], name="APP")
    tier = pd.Series([1, 1, 1, 2, 2, 2, 2], name="TIER")
    apart = odds_ratio(tier[:6].isin([2]).astype(int), pd.Series([1, 1, 1, 0, 0, 1]))
    assert (apart.state, apart.estimate) == ("empty_cell", None)
    assert "no limit" in apart.reason
    assert odds_ratio(tier, app * 0).state == "constant"
    assert odds_ratio(tier, app * np.nan).state == "too_few"
    with pytest.raises(ValueError, match="needs two answers"):
        odds_ratio(pd.Series([1, 2, 3, 1]), pd.Series([0, 1, 0, 1]))


def test_odds_turn_over_with_the_groups(survey):
    one, other = odds_ratio(survey["SEX"], survey["CH_1"]), odds_ratio(-survey["SEX"], survey["CH_1"])
    assert one.estimate == pytest.approx(1 / other.estimate)
    assert one.interval.low == pytest.approx(1 / other.interval.high)
