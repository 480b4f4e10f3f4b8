import numpy as np
import pandas as pd
import pytest

from analysis.marginal_effects import average_marginal_effects
from analysis.ordinal_regression import ordinal_regression
from analysis.proportional_odds import proportional_odds_test

NAMES = ["SAT2", "LOY", "SEX"]


def checked(result, expected):
    terms = [*result.coefficients, *result.thresholds]
    slopes = len(result.coefficients)
    for i, term in enumerate(terms):
        name = f"slope{i + 1}" if i < slopes else f"threshold{i - slopes + 1}"
        assert term.estimate == pytest.approx(expected[f"{name} estimate"], rel=1e-6, abs=1e-8)
        assert term.std_error == pytest.approx(expected[f"{name} std_error"], rel=1e-6)
    assert result.n == expected["n"]
    assert result.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)
    assert result.statistic == pytest.approx(expected["lr"], rel=1e-6)


def check_effects(result, computed_by_r, case, columns):
    for j, name in enumerate(columns, 1):
        expected = computed_by_r("ordinal_regression", f"{case} ame {j}")
        effects = [found.effect for found in result.effects if found.predictor == name]
        assert sum(effect.estimate for effect in effects) == pytest.approx(0, abs=1e-12)
        for k, effect in enumerate(effects, 1):
            assert effect.estimate == pytest.approx(expected[f"answer {k} estimate"], rel=1e-6, abs=1e-9)
            assert effect.std_error == pytest.approx(expected[f"answer {k} std_error"], rel=1e-6, abs=1e-9)


@pytest.fixture
def bank(shared_data):
    data = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    branch = pd.Series(np.resize(np.arange(25), len(data)), name="BRANCH")
    return data["sat1"].clip(4, 9), data[["imag1", "expe1", "qual1"]], branch


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_slopes_thresholds_and_effects_equal_clm(link, survey, computed_by_r):
    result = ordinal_regression(survey["SAT1"], survey[NAMES], link=link)
    assert result.n + result.n_missing == 64
    checked(result, computed_by_r("ordinal_regression", f"small {link}"))
    effects = average_marginal_effects(survey["SAT1"], survey[NAMES], link=link)
    assert effects.n == result.n
    check_effects(effects, computed_by_r, f"small {link}", NAMES)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_frequency_weights_equal_clm(link, survey, computed_by_r):
    whole = survey[["SAT1", *NAMES]].dropna()
    weights = np.resize([1, 2, 3], len(whole))
    result = ordinal_regression(whole["SAT1"], whole[NAMES], link=link, counts=weights)
    checked(result, computed_by_r("ordinal_regression", f"small weighted {link}"))
    effects = average_marginal_effects(whole["SAT1"], whole[NAMES], link=link, counts=weights)
    check_effects(effects, computed_by_r, f"small weighted {link}", NAMES)


def test_a_category_enters_against_its_first_level(survey, computed_by_r):
    predictors = pd.DataFrame(
        {"TIER": survey["TIER"].astype("Int64").astype("category"), "LOY": survey["LOY"]}
    )
    result = ordinal_regression(survey["SAT1"], predictors)
    assert result.predictors == ("TIER=2", "TIER=3", "TIER=4", "LOY")
    checked(result, computed_by_r("ordinal_regression", "small tiers"))
    effects = average_marginal_effects(survey["SAT1"], predictors)
    assert {found.kind for found in effects.effects} == {"contrast", "slope"}
    check_effects(effects, computed_by_r, "small tiers", result.predictors)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_robust_and_clustered_errors_equal_r_on_bank_satisfaction(link, bank, computed_by_r):
    y, x, branch = bank
    expected = computed_by_r("ordinal_regression", f"bank {link}")
    checked(ordinal_regression(y, x, link=link), expected)
    check_effects(average_marginal_effects(y, x, link=link), computed_by_r, f"bank {link}", x.columns)
    for errors, clusters in (("robust", None), ("clustered", branch)):
        result = ordinal_regression(y, x, link=link, errors=errors, clusters=clusters)
        for i, term in enumerate([*result.coefficients, *result.thresholds], 1):
            assert term.std_error == pytest.approx(expected[f"{errors} {i}"], rel=1e-6)
    assert result.coefficients[0].df == 24
    assert result.df == (3, 24)


def check_brant(result, expected):
    assert result.state == "ok"
    assert result.overall.statistic == pytest.approx(expected["all"], rel=1e-6)
    assert result.overall.df == len(result.tests) * (len(result.cuts) - 1)
    for j, test in enumerate(result.tests, 1):
        assert test.statistic == pytest.approx(expected[f"predictor {j}"], rel=1e-6)
        for k, slope in enumerate(test.slopes, 1):
            assert slope == pytest.approx(expected[f"slope {j} cut {k}"], rel=1e-6)


def test_brant_equals_r(survey, computed_by_r):
    whole = survey[["SAT1", *NAMES]].dropna()
    result = proportional_odds_test(whole["SAT1"].clip(1, 4), whole[["SAT2", "SEX"]])
    check_brant(result, computed_by_r("ordinal_regression", "small brant"))
    assert result.cuts == ("1|2", "2|3", "3|4")


def test_brant_on_bank_satisfaction_equals_r(bank, computed_by_r):
    y, x, branch = bank
    check_brant(proportional_odds_test(y, x), computed_by_r("ordinal_regression", "bank brant"))
    weighted = proportional_odds_test(y, x, counts=np.resize([1, 2, 3], len(y)))
    check_brant(weighted, computed_by_r("ordinal_regression", "bank brant weighted"))
    clustered = proportional_odds_test(y, x, clusters=branch)
    check_brant(clustered, computed_by_r("ordinal_regression", "bank brant clustered"))


def made(n=300, seed=3):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"A": rng.normal(size=n), "B": rng.integers(1, 6, n).astype(float)})
    y = pd.Series(np.digitize(x["A"] + 0.3 * x["B"] + rng.logistic(size=n), [-1, 0.5, 1.5, 3]), name="Y")
    return y, x


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_weights_are_copies(errors):
    y, x = made()
    w = np.resize([0, 1, 2, 5], len(y))
    copied = np.repeat(np.arange(len(y)), w)
    weighted = ordinal_regression(y, x, counts=w, errors=errors)
    plain = ordinal_regression(y.iloc[copied], x.iloc[copied], errors=errors)
    assert weighted.n == plain.n == len(copied)
    np.testing.assert_allclose(weighted.covariance, plain.covariance, rtol=1e-7)
    one = average_marginal_effects(y, x, counts=w, errors=errors).effects[0].effect
    other = average_marginal_effects(y.iloc[copied], x.iloc[copied], errors=errors).effects[0].effect
    assert (one.estimate, one.std_error) == pytest.approx((other.estimate, other.std_error), rel=1e-7)
    brant = proportional_odds_test(y, x, counts=w).overall.statistic
    assert brant == pytest.approx(
        proportional_odds_test(y.iloc[copied], x.iloc[copied]).overall.statistic, rel=1e-7
    )


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_turning_the_answers_around_turns_the_signs(link):
    y, x = made()
    there = ordinal_regression(y, x, link=link)
    back = ordinal_regression(10 - y, x * 100 + 7, link=link)
    for a, b in zip(there.coefficients, back.coefficients, strict=True):
        assert b.estimate * 100 == pytest.approx(-a.estimate, rel=1e-6)
        assert b.std_error * 100 == pytest.approx(a.std_error, rel=1e-6)
    assert there.log_likelihood == pytest.approx(back.log_likelihood, rel=1e-9)


def test_every_respondent_a_cluster_is_the_robust_error_but_for_its_factor():
    y, x = made(200)
    own = pd.Series(np.arange(200), name="C")
    ratio = (
        ordinal_regression(y, x, clusters=own).covariance
        / ordinal_regression(y, x, errors="robust").covariance
    )
    np.testing.assert_allclose(ratio, 200 / 199, rtol=1e-7)


def test_two_answers_are_a_logistic_regression():
    import statsmodels.api as sm

    y, x = made()
    binary = (y > 2).astype(int)
    result = ordinal_regression(binary, x)
    fit = sm.Logit(binary, sm.add_constant(x)).fit(disp=0)
    assert [t.estimate for t in result.coefficients] == pytest.approx(list(fit.params.iloc[1:]), rel=1e-6)
    assert [t.std_error for t in result.coefficients] == pytest.approx(list(fit.bse.iloc[1:]), rel=1e-6)


def test_extreme_predictors_do_not_break_the_tail():
    y, x = made()
    x.loc[0, "A"] = 60.0
    y.iloc[0] = 4
    for link in ("logit", "probit"):
        assert ordinal_regression(y, x, link=link).state == "ok"


Y = pd.Series([1, 1, 1, 2, 2, 2, 3, 3, 3, 3.0], name="Y")
X = pd.DataFrame({"A": np.arange(10.0)})


@pytest.mark.parametrize(
    ("y", "x", "clusters", "state", "words"),
    [
        (Y, X, None, "not_converged", "may separate the answers"),
        (Y * 0, X, None, "constant", "the same answer to Y"),
        (Y, X * 0, None, "constant", "does not vary: A"),
        (Y, X.assign(B=X["A"] * 2), None, "inadmissible", "exact combinations"),
        (Y[2:4], X[2:4], None, "too_few", "2 respondents with all variables for 2 parameters"),
        (Y, X, pd.Series([1, 2] * 5), "too_few", "2 clusters for 1 predictors"),
    ],
)
def test_what_cannot_be_fitted_says_why(y, x, clusters, state, words):
    for result in (
        ordinal_regression(y, x, clusters=clusters),
        average_marginal_effects(y, x, clusters=clusters),
        proportional_odds_test(y, x, clusters=clusters),
    ):
        assert result.state == state
        assert words in result.reason or "separate the answers there" in result.reason
        assert result.entries()[0].state == state
        assert result.to_frame()["state"].tolist() == [state]


def test_what_was_not_understood_is_refused():
    with pytest.raises(ValueError, match="needs clusters: give the branch"):
        ordinal_regression(Y, X, errors="clustered")
    with pytest.raises(TypeError, match=r"A: .* cannot enter a regression. Give numbers, or a categorical"):
        ordinal_regression(Y, X.astype(str))
    with pytest.raises(ValueError, match="counts have shape"):
        ordinal_regression(Y, X, counts=[1, 2])


def test_entries_tell_slopes_odds_ratios_and_thresholds():
    y, x = made()
    frame = ordinal_regression(y, x).to_frame()
    assert frame["measure"].tolist() == (
        ["mcfadden_r_squared"] + ["coefficient"] * 2 + ["threshold"] * 4 + ["odds_ratio"] * 2
    )
    ratio = frame[(frame["measure"] == "odds_ratio")]["estimate"].to_numpy()
    slope = frame[(frame["measure"] == "coefficient")]["estimate"].to_numpy()
    assert ratio == pytest.approx(np.exp(slope))
    assert "odds_ratio" not in set(ordinal_regression(y, x, link="probit").to_frame()["measure"])
    brant = proportional_odds_test(y, x).to_frame()
    assert brant["predictor"].tolist() == ["all", "A", "B"]


def test_two_answers_have_one_cut_and_no_test():
    y, x = made()
    result = proportional_odds_test((y > 2).astype(int), x)
    assert (result.state, result.overall) == ("constant", None)


def test_intervals_cover_and_brant_keeps_its_level():
    """Seeded: 200 samples of 150 respondents with proportional odds."""
    rng = np.random.default_rng(11)
    covered = rejected = 0
    for _ in range(200):
        x = pd.DataFrame({"A": rng.normal(size=150)})
        y = pd.Series(np.digitize(0.8 * x["A"] + rng.logistic(size=150), [-1, 0, 1]), name="Y")
        interval = ordinal_regression(y, x).coefficient("A").interval
        covered += interval.low < 0.8 < interval.high
        rejected += proportional_odds_test(y, x).overall.p_value < 0.05
    assert 0.91 <= covered / 200 <= 0.98
    assert 0.02 <= rejected / 200 <= 0.09
