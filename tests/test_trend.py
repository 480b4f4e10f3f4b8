import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kendalltau

from analysis.groups import cross_table
from analysis.trend import jonckheere_terpstra, kendall_tau_b, tau_b_of_table


def tiers(codes):
    return codes.astype(pd.CategoricalDtype(sorted(codes.dropna().unique()), ordered=True))


def check(values, groups, r):
    test, tau = jonckheere_terpstra(values, groups), kendall_tau_b(values, groups)
    assert (test.n, tau.n) == (r["n"], r["n"])
    for name, key in (
        ("statistic", "j"),
        ("expected", "expected"),
        ("std_error", "std_error"),
        ("z", "z"),
        ("p_value", "p"),
    ):
        assert getattr(test, name) == pytest.approx(r[key], rel=1e-9), name
    assert tau.estimate == pytest.approx(r["tau"], rel=1e-9)
    assert tau.std_error == pytest.approx(r["ase"], rel=1e-7)  # R's derivatives are numerical
    assert (tau.statistic, tau.p_value) == pytest.approx((r["z"], r["p"]), rel=1e-9)
    half = ndtri(0.975) * r["ase"]
    assert (tau.interval.low, tau.interval.high) == pytest.approx(
        (r["tau"] - half, r["tau"] + half), rel=1e-6
    )


@pytest.mark.parametrize("variable", ["SAT1", "LOY", "CH_1", "NPS"])
def test_trend_over_tiers_equals_r(variable, survey, computed_by_r):
    check(survey[variable], tiers(survey["TIER"]), computed_by_r("trend", f"small {variable}"))


def test_trend_over_cards_equals_r(shared_data, computed_by_r):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv", nrows=2500)
    cards = pd.CategoricalDtype(["SILVER", "GOLD", "PLATINUM", "DIAMOND"], ordered=True)
    check(bank["SatisfactionScore"], bank["CardType"].astype(cards), computed_by_r("trend", "bank"))


def test_the_table_of_the_freq_procedure():
    # SAS/STAT's FREQ procedure prints tau-b 0.3373, ASE 0.0642, limits 0.2114 and 0.4631 for this table.
    table = np.array([[26, 26, 23, 18, 9], [6, 7, 9, 14, 23]])
    rows, columns = np.indices(table.shape)
    groups = tiers(pd.Series(np.repeat(rows.ravel(), table.ravel())))
    result = kendall_tau_b(pd.Series(np.repeat(columns.ravel(), table.ravel())), groups)
    assert [round(x, 4) for x in (result.estimate, result.std_error)] == [0.3373, 0.0642]
    assert [round(x, 4) for x in (result.interval.low, result.interval.high)] == [0.2114, 0.4631]


def test_standard_error_agrees_with_the_jackknife():
    rng = np.random.default_rng(3)
    group = rng.integers(0, 4, size=1500)
    answer = np.clip(np.round(3 + 0.5 * group + rng.normal(size=1500)), 1, 7)
    table = cross_table([answer[group == g] for g in range(4)])
    estimate, std_error = tau_b_of_table(table)
    n = table.sum()
    left_out = np.zeros_like(table)
    for cell in zip(*np.nonzero(table), strict=True):
        smaller = table.copy()
        smaller[cell] -= 1
        left_out[cell] = tau_b_of_table(smaller)[0]
    center = (table * left_out).sum() / n
    jackknife = np.sqrt((n - 1) / n * (table * (left_out - center) ** 2).sum())
    assert std_error == pytest.approx(jackknife, rel=0.01)  # they differ in terms of order 1 / n
    assert estimate == pytest.approx(kendalltau(group, answer).statistic, rel=1e-12)


def test_interval_covers_the_truth_as_often_as_it_says():
    # 400 samples of 150 respondents: the share covered has a standard error of 1.1 points.
    rng = np.random.default_rng(4)
    shares = np.array([[6, 5, 4, 3, 2], [3, 4, 5, 4, 4], [1, 2, 3, 5, 9]]) / 60
    truth, _ = tau_b_of_table(shares * 1e6)
    covered = []
    for table in rng.multinomial(150, shares.ravel(), size=400):
        estimate, std_error = tau_b_of_table(table.reshape(3, 5).astype(float))
        covered.append(abs(estimate - truth) <= 1.96 * std_error)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)


def some(answers, groups, categories=None, ordered=True):
    return pd.Series(answers, dtype=float, name="SAT"), pd.Series(
        pd.Categorical(groups, categories, ordered=ordered), name="TIER"
    )


@pytest.mark.parametrize(
    ("answers", "groups", "state", "words"),
    [
        ([1, 2, 3], list("aaa"), "too_few", "only one group has answers"),
        ([], [], "too_few", "no group has answers"),
        ([1, 2], list("ab"), "too_few", "2 respondents, at least 3"),
        ([2, 2, 2, np.nan], list("abba"), "constant", "all answers are the same"),
    ],
)
def test_what_has_no_trend_says_why(answers, groups, state, words):
    for result in (
        jonckheere_terpstra(*some(answers, groups, ["a", "b"])),
        kendall_tau_b(*some(answers, groups, ["a", "b"])),
    ):
        assert result.state == state
        assert words in result.reason
        assert result.p_value is None
        assert result.entries()[0].state == state


def test_perfect_agreement_has_no_standard_error():
    result = kendall_tau_b(*some([1, 1, 2, 2, 3, 3], list("aabbcc")))
    assert (result.estimate, result.state) == (pytest.approx(1), "inadmissible")
    assert (result.interval, result.std_error) == (None, None)
    assert result.p_value == pytest.approx(
        jonckheere_terpstra(*some([1, 1, 2, 2, 3, 3], list("aabbcc"))).p_value
    )


def test_the_interval_stays_within_the_range_of_tau():
    result = kendall_tau_b(*some([1, 1, 2, 2, 3, 2], list("aabbcc")))
    assert result.estimate + 1.96 * result.std_error > 1
    assert result.interval.high == 1
    turned = kendall_tau_b(*some([3, 3, 2, 2, 1, 2], list("aabbcc")))
    assert turned.interval.low == -1


def test_empty_groups_and_missing_answers_are_left_out():
    full = some([1, 2, 2, 3, 1, 3, 3], list("aabbacc"), list("axbc"))
    gaps = some([1, 2, np.nan, 2, 3, 1, 3, 3, 9], [*"aabbbacc", None], list("axbc"))
    a, b = kendall_tau_b(*full), kendall_tau_b(*gaps)
    assert (b.n, b.n_missing, b.estimate, b.std_error) == (a.n, 2, a.estimate, a.std_error)
    assert jonckheere_terpstra(*gaps).groups == ("a", "b", "c")


def test_groups_must_be_ordered():
    with pytest.raises(TypeError, match="ordered category dtype"):
        kendall_tau_b(*some([1, 2, 3], list("abc"), ordered=False))


DRAWN = st.lists(st.tuples(st.integers(1, 7), st.sampled_from("abcd")), min_size=4, max_size=50)


@given(DRAWN)
def test_both_agree_with_scipy_and_reverse_together(drawn):
    values, groups = some([v for v, _ in drawn], [g for _, g in drawn], list("abcd"))
    tau, test = kendall_tau_b(values, groups), jonckheere_terpstra(values, groups)
    if tau.estimate is None:
        return
    expected = kendalltau(values, groups.cat.codes, method="asymptotic")
    assert tau.estimate == pytest.approx(expected.statistic, abs=1e-12)
    assert tau.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert test.z == pytest.approx(tau.statistic, abs=1e-12)
    back = kendall_tau_b(-values, groups)
    assert back.estimate == pytest.approx(-tau.estimate, abs=1e-12)
    assert back.std_error == (None if tau.std_error is None else pytest.approx(tau.std_error, rel=1e-6))
    assert jonckheere_terpstra(-values, groups).z == pytest.approx(-test.z, abs=1e-12)


@given(DRAWN)
def test_doubling_the_respondents_shrinks_the_standard_error(drawn):
    values, groups = some([v for v, _ in drawn], [g for _, g in drawn], list("abcd"))
    once = kendall_tau_b(values, groups)
    twice = kendall_tau_b(
        pd.concat([values, values], ignore_index=True), pd.concat([groups, groups], ignore_index=True)
    )
    if once.std_error is not None:
        assert twice.estimate == pytest.approx(once.estimate, abs=1e-12)
        assert twice.std_error == pytest.approx(once.std_error / np.sqrt(2), rel=1e-6)
