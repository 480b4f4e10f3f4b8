import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.domain import by_domain
from analysis.design.group_tests import design_anova, design_rank_test, design_t_test
from analysis.design.ordinal_regression import design_ordinal
from analysis.design.regression import design_linear, design_logistic
from analysis.design.tables import weighted_table

CASES = ["weights", "clusters", "stages", "zero"]


def near(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


@pytest.fixture(scope="module")
def customers(reference):
    data = reference("design_survey")
    return data.assign(
        GROUP=pd.Categorical(data["TIER"]),
        GENDER=pd.Categorical(data["SEX"]),
        UNTIED=data["LOY"] + (np.arange(len(data)) + 1) / 1e5,
        GOLD=(data["TIER"] >= 3).astype(float),
        LOY10=data["LOY"] / 10,
    )


@pytest.fixture(scope="module")
def designs(customers):
    d, row = customers, np.arange(len(customers))
    stages = {
        "strata": d["REGION"],
        "clusters": [d["BRANCH"], row],
        "population_sizes": [d["BRANCHES"], d["CUSTOMERS"]],
    }
    return {
        "weights": survey_design(d["W"]),
        "clusters": survey_design(d["W"], strata=d["REGION"], clusters=d["BRANCH"]),
        "stages": survey_design(d["W"], **stages),
        "zero": survey_design(d["W_ZERO"], **stages),
    }


def coefficients_equal(fit, expected, rel):
    assert fit.df == expected["df"]
    for i, found in enumerate(fit.coefficients, 1):
        assert found.estimate == near(expected[f"estimate{i}"], rel)
        assert found.std_error == near(expected[f"std_error{i}"], rel)
        assert found.p_value == near(expected[f"p_value{i}"], 100 * rel)
        assert found.interval.low == near(expected[f"low{i}"], 10 * rel)
        assert found.interval.high == near(expected[f"high{i}"], 10 * rel)


@pytest.mark.parametrize("case", CASES)
def test_linear_regression_equals_svyglm(case, customers, designs, computed_by_r):
    fit = design_linear(customers["LOY"], customers[["SAT", "GROUP"]], designs[case])
    coefficients_equal(fit, computed_by_r("design_models", f"{case} linear"), 1e-9)
    names = [coefficient.about["predictor"] for coefficient in fit.coefficients]
    assert names == ["(intercept)", "SAT", "GROUP=2", "GROUP=3", "GROUP=4"]
    wald, expected = fit.test("GROUP"), computed_by_r("design_models", f"{case} linear wald")
    assert wald.statistic == near(expected["statistic"])
    assert wald.df == (expected["df1"], expected["df2"])
    assert wald.p_value == near(expected["p_value"])


@pytest.mark.parametrize("case", CASES)
def test_logistic_regression_equals_svyglm(case, customers, designs, computed_by_r):
    fit = design_logistic(customers["LEAVES"], customers[["LOY", "SEX"]], designs[case])
    coefficients_equal(fit, computed_by_r("design_models", f"{case} logistic"), 1e-7)


@pytest.mark.parametrize("case", CASES)
def test_ordinal_regression_equals_svyolr(case, customers, designs, computed_by_r):
    fit = design_ordinal(customers["SAT"], customers[["LOY10", "GOLD"]], designs[case])
    expected = computed_by_r("design_models", f"{case} ordinal")
    for i, found in enumerate(fit.coefficients, 1):
        wanted = expected[f"estimate{i}"] if i < 3 else expected[f"threshold{i - 2}"]
        assert found.estimate == near(wanted, 1e-7)
        # svyolr differentiates numerically; here the information is exact.
        assert found.std_error == near(expected[f"std_error{i}"], 1e-5)
    assert fit.test("GOLD").statistic == near(fit.coefficient("GOLD").statistic ** 2)


@pytest.mark.parametrize("case", CASES)
def test_comparisons_of_groups_equal_survey(case, customers, designs, computed_by_r):
    design = designs[case]
    anova, expected = (
        design_anova(customers["LOY"], customers["GROUP"], design),
        computed_by_r("design_models", f"{case} anova"),
    )
    assert (anova.statistic, *anova.df) == near((expected["statistic"], expected["df1"], expected["df2"]))
    assert anova.p_value == near(expected["p_value"])
    t = design_t_test(customers["LOY"], customers["GENDER"], design)
    expected = computed_by_r("design_models", f"{case} ttest")
    for name in ("estimate", "statistic", "df", "p_value"):
        assert getattr(t, name) == near(expected[name])
    assert (t.interval.low, t.interval.high) == near((expected["low"], expected["high"]))


SCORES = {"wilcoxon": "wilcoxon", "van_der_waerden": "vanderWaerden", "median": "median"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("score", SCORES)
def test_rank_tests_equal_svyranktest(case, score, customers, designs, computed_by_r):
    two = design_rank_test(customers["UNTIED"], customers["GENDER"], designs[case], score=score)
    expected = computed_by_r("design_models", f"{case} rank two {SCORES[score]}")
    for name in ("estimate", "statistic", "df", "p_value"):
        assert getattr(two, name) == near(expected[name])
    several = design_rank_test(customers["UNTIED"], customers["GROUP"], designs[case], score=score)
    name = "KruskalWallis" if score == "wilcoxon" else SCORES[score]
    expected = computed_by_r("design_models", f"{case} rank several {name}")
    assert several.statistic * several.df[0] == near(expected["statistic"])
    assert several.df == (expected["df1"], expected["df2"])
    assert several.p_value == near(expected["p_value"])


@pytest.mark.parametrize("score", SCORES)
def test_ranks_of_tied_answers_equal_svyranktest_where_weights_are_equal(score, customers, computed_by_r):
    even = survey_design(n_rows=len(customers), strata=customers["REGION"], clusters=customers["BRANCH"])
    found = design_rank_test(customers["SAT"], customers["GENDER"], even, score=score)
    expected = computed_by_r("design_models", f"even rank ties {SCORES[score]}")
    for name in ("estimate", "statistic", "df", "p_value"):
        assert getattr(found, name) == near(expected[name])


def test_ranks_of_tied_answers_do_not_depend_on_the_order_of_rows(customers, designs):
    turned = customers.iloc[::-1]
    one = design_rank_test(customers["SAT"], customers["GENDER"], designs["weights"])
    other = design_rank_test(turned["SAT"], turned["GENDER"], survey_design(turned["W"]))
    assert other.estimate == near(one.estimate)


TESTS = {"second_order": "F", "first_order": "Chisq", "wald": "Wald", "adjusted_wald": "adjWald"}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("names", [("SAT", "TIER"), ("LEAVES", "SEX")])
def test_tests_of_tables_equal_svychisq(case, names, customers, designs, computed_by_r):
    table = weighted_table(customers[names[0]], customers[names[1]], designs[case])
    for method, name in TESTS.items():
        test = table.test(method)
        expected = computed_by_r("design_models", f"{case} table {' '.join(names)} {name}")
        # R prints Pearson's statistic beside the p-value of the corrected one.
        statistic = test.more["chi_square"] if name == "Chisq" else test.statistic
        assert statistic == near(expected["statistic"])
        assert test.df[0] == near(expected["df1"])
        assert test.p_value == near(expected["p_value"])
        if name != "Chisq":
            assert test.df[1] == near(expected["df2"])


def test_empty_cells_are_told(customers, designs):
    few = designs["clusters"].within(customers["REGION"].isin([1, 4]) & (customers["BALANCE"] < 12))
    table = weighted_table(customers["SAT"], customers["TIER"], few)
    for method in ("second_order", "first_order"):
        test = table.test(method)
        assert test.state == "small_expected"
        assert "5 of 20 cells are empty" in test.reason
        assert 0 < test.p_value < 1
    # svychisq: chi-square 28.9195, p = .0820 of the second order
    assert test.more["chi_square"] == near(28.919503740953, 1e-12)
    assert table.test().p_value == pytest.approx(0.0820, abs=0.01)


def test_two_groups_agree_by_every_road(customers, designs):
    """The t test is the regression, its square the analysis of variance; domains agree on the estimate."""
    arguments = customers["LOY"], customers["GENDER"], designs["clusters"]
    t, f = design_t_test(*arguments), design_anova(*arguments)
    assert t.statistic**2 == near(f.statistic)
    assert t.p_value == near(f.p_value)
    contrast = by_domain(*arguments).contrast([-1, 1])
    assert (contrast.estimate, contrast.std_error) == near((t.estimate, t.std_error))


def test_counted_rows_give_the_same_models(customers):
    small = customers[["TIER", "SAT", "LEAVES"]].dropna()
    pattern = small.groupby(["TIER", "SAT", "LEAVES"], as_index=False).size()
    rows, table = (
        survey_design(n_rows=len(small)),
        survey_design(np.ones(len(pattern)), counts=pattern["size"]),
    )
    for fit in (design_linear, design_logistic):
        one = fit(small["LEAVES"], small[["TIER", "SAT"]], rows)
        other = fit(pattern["LEAVES"], pattern[["TIER", "SAT"]], table)
        assert (one.n, one.df) == (other.n, other.df)
        assert other.covariance == near(one.covariance, 1e-8)
    tests = (
        weighted_table(f["SAT"], f["TIER"], d).test().statistic for f, d in ((small, rows), (pattern, table))
    )
    assert next(tests) == near(next(tests))


Y = pd.Series([0, 0, 1, 1, 0, 1.0], name="LEAVES")
X = pd.DataFrame({"A": [1, 2, 3, 4, 2, 5.0]})


@pytest.mark.parametrize(
    ("fit", "state", "words"),
    [
        (lambda d: design_logistic(Y, X, d), "not_converged", "separate"),
        (lambda d: design_logistic(Y * 0, X, d), "constant", "all outcomes are the same"),
        (lambda d: design_linear(Y, X.assign(B=2 * X["A"]), d), "inadmissible", "determine each other"),
        (lambda d: design_linear(Y * np.nan, X, d), "too_few", "answered everything"),
        (
            lambda d: design_ordinal(pd.Series([1, 1, 2, 2, 1, 3], name="S"), X, d),
            "not_converged",
            "separate",
        ),
    ],
)
def test_models_that_cannot_be_fitted_say_why(fit, state, words):
    result = fit(survey_design(np.ones(6)))
    assert result.state == state
    assert words in result.reason
    assert result.entries()[0].state == state
    assert result.coefficients == ()


def test_tests_without_an_answer_say_why():
    one_group = pd.Series(pd.Categorical(["a"] * 6, categories=["a", "b"]), name="G")
    t = design_t_test(Y, one_group, survey_design(np.ones(6)))
    assert (t.state, t.estimate) == ("too_few", None)
    assert design_anova(Y, one_group, survey_design(np.ones(6))).state == "too_few"
    flat = weighted_table(Y, Y * 0 + 1, survey_design(np.ones(6)))
    assert (flat.state, flat.test().state, flat.test().p_value) == ("constant", "constant", None)
    few = survey_design(np.ones(6), clusters=[1, 1, 1, 2, 2, 2])
    a, b = pd.Series([1, 2, 3] * 2, name="a"), pd.Series([1, 2, 3, 3, 1, 2], name="b")
    refused = weighted_table(a, b, few).test("adjusted_wald")
    assert (refused.statistic, refused.p_value) == (None, None)
    assert refused.state != "ok"
    with pytest.raises(TypeError, match="category dtype"):
        design_t_test(Y, pd.Series([1, 2] * 3, name="G"), survey_design(np.ones(6)))
