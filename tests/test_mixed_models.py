import numpy as np
import pandas as pd
import pytest

from analysis.agreement import intraclass_correlation
from analysis.mixed_models import random_intercepts
from analysis.regression import regress


def check(result, expected):
    assert (result.state, result.n, result.n_groups) == ("ok", expected["n"], expected["groups"])
    for name, value in (
        ("between", result.between),
        ("within", result.within),
        ("icc", result.icc),
        ("null_icc", result.icc_without_predictors),
        ("r2_marginal", result.r_squared_marginal),
        ("r2_conditional", result.r_squared_conditional),
    ):
        assert value == pytest.approx(expected[name], rel=1e-6, abs=1e-12), name
    assert result.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-9)
    for i, effect in enumerate(result.coefficients, 1):
        assert effect.estimate == pytest.approx(expected[f"estimate {i}"], rel=1e-6)
        assert effect.std_error == pytest.approx(expected[f"std_error {i}"], rel=1e-6)
        # lmerTest differentiates numerically
        assert effect.df == pytest.approx(expected[f"df {i}"], rel=1e-3)
    for i, (_, deviation) in enumerate(result.intercepts, 1):
        assert deviation == pytest.approx(expected[f"branch {i}"], rel=1e-6, abs=1e-9)


@pytest.fixture
def staff(survey):
    branch = np.array([1, 2, 3, 3, 4, 4, 5, 6, 7, 8])[np.arange(len(survey)) % 10]
    return survey.assign(BRANCH=branch, CLIMATE=survey["LOY"] + 5 * ((branch * 7) % 5))


@pytest.mark.parametrize("criterion", ["reml", "ml"])
@pytest.mark.parametrize(("case", "names"), [("small", ["SAT1", "SEX"]), ("empty", [])])
def test_everything_equals_lme4(criterion, case, names, staff, computed_by_r):
    result = random_intercepts(staff["CLIMATE"], staff[names], staff["BRANCH"], criterion=criterion)
    assert result.n + result.n_missing == 64
    check(result, computed_by_r("mixed_models", f"{case} {criterion.upper()}"))


@pytest.mark.parametrize("criterion", ["reml", "ml"])
def test_service_quality_equals_lme4(criterion, shared_data, computed_by_r):
    data = pd.read_csv(shared_data / "bank" / "service_quality_SQ.csv")
    branch = data[["a01", "a02", "a03"]].sum(axis=1) // 12
    result = random_intercepts(
        data["sat"], data[["a10", "a15"]], branch.rename("BRANCH"), criterion=criterion
    )
    check(result, computed_by_r("mixed_models", f"bank {criterion.upper()}"))


@pytest.mark.parametrize("criterion", ["reml", "ml"])
def test_statsmodels_finds_no_better_maximum(criterion, staff):
    from statsmodels.regression.mixed_linear_model import MixedLM
    from statsmodels.tools import add_constant

    whole = staff[["CLIMATE", "SAT1", "SEX", "BRANCH"]].dropna()
    ours = random_intercepts(whole["CLIMATE"], whole[["SAT1", "SEX"]], whole["BRANCH"], criterion=criterion)
    model = MixedLM(whole["CLIMATE"], add_constant(whole[["SAT1", "SEX"]]), whole["BRANCH"])
    theirs = model.fit(reml=criterion == "reml")
    assert ours.log_likelihood >= theirs.llf - 1e-9
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-8)
    assert ours.between == pytest.approx(float(theirs.cov_re.iloc[0, 0]), rel=1e-4)


def made(groups=12, size=8, spread=1.0, seed=1):
    rng = np.random.default_rng(seed)
    branch = np.repeat(np.arange(groups), size)
    x = pd.DataFrame({"A": rng.normal(size=groups * size)})
    y = 0.5 * x["A"] + spread * rng.normal(size=groups)[branch] + rng.normal(size=len(x))
    return y.rename("Y"), x, pd.Series(branch, name="BRANCH")


def test_equal_groups_without_predictors_are_the_analysis_of_variance():
    y, x, branch = made()
    result = random_intercepts(y, x[[]], branch)
    anova = intraclass_correlation(y, branch)
    assert result.icc == pytest.approx(anova.icc1, rel=1e-9)
    assert result.within == pytest.approx(anova.ms_within, rel=1e-9)
    assert result.coefficient("intercept").df == pytest.approx(11, rel=1e-6)


def test_no_difference_between_branches_is_told_and_is_least_squares():
    y, x, branch = made(spread=0.0, seed=4)
    y = y - y.groupby(branch).transform("mean") + y.mean()
    result = random_intercepts(y, x, branch)
    assert (result.state, result.between, result.icc, result.p_value) == ("singular", 0.0, 0.0, 1.0)
    assert "estimated as zero" in result.reason
    plain = regress(y, x)
    assert result.coefficient("A").estimate == pytest.approx(plain.term("A").b, rel=1e-9)
    assert result.coefficient("A").df == 94
    assert result.r_squared_marginal == pytest.approx(result.r_squared_conditional)
    assert result.to_frame()["state"].tolist()[0] == "singular"


def test_weights_are_copies():
    y, x, branch = made(groups=7)
    w = np.resize([0, 1, 2, 4], len(y))
    copies = np.repeat(np.arange(len(y)), w)
    weighted = random_intercepts(y, x, branch, weights=w)
    plain = random_intercepts(y.iloc[copies], x.iloc[copies], branch.iloc[copies])
    assert weighted.n == plain.n
    for name in ("between", "within", "log_likelihood", "r_squared_marginal", "icc"):
        assert getattr(weighted, name) == pytest.approx(getattr(plain, name), rel=1e-6)
    for a, b in zip(weighted.coefficients, plain.coefficients, strict=True):
        assert (a.estimate, a.std_error, a.df) == pytest.approx((b.estimate, b.std_error, b.df), rel=1e-6)


@pytest.mark.parametrize("criterion", ["reml", "ml"])
def test_units_do_not_matter(criterion):
    y, x, branch = made()
    one = random_intercepts(y, x, branch, criterion=criterion)
    other = random_intercepts(1000 * y + 1e6, x * 1e-3 + 50, branch.map("b{}".format), criterion=criterion)
    assert other.icc == pytest.approx(one.icc, rel=1e-6)
    assert other.coefficient("A").statistic == pytest.approx(one.coefficient("A").statistic, rel=1e-6)
    assert other.coefficient("A").estimate == pytest.approx(1e6 * one.coefficient("A").estimate, rel=1e-6)
    assert other.coefficient("A").df == pytest.approx(one.coefficient("A").df, rel=1e-4)


Y, X, B = made(groups=4, size=3)


@pytest.mark.parametrize(
    ("y", "x", "branch", "state", "words"),
    [
        (Y, X, B % 2, "too_few", "12 respondents in 2 groups"),
        (Y, X, pd.Series(range(12), name="B"), "too_few", "no group has two"),
        (Y * 0, X, B, "constant", "does not vary"),
        (Y, X.assign(C=X["A"] * 2 + 1), B, "inadmissible", "exact combinations of others"),
        (X["A"] * 3, X, B, "inadmissible", "exact combination of the predictors"),
    ],
)
def test_what_cannot_be_fitted_says_why(y, x, branch, state, words):
    result = random_intercepts(y, x, branch)
    assert result.state == state
    assert words in result.reason
    assert result.coefficients == ()
    assert result.entries()[0].state == state


def test_fractions_are_no_frequencies():
    with pytest.raises(ValueError, match="must be whole numbers"):
        random_intercepts(Y, X, B, weights=np.full(12, 1.5))


def test_intervals_of_a_branch_predictor_cover():
    """Seeded: a predictor of 10 branches, where plain errors would be far too small."""
    rng = np.random.default_rng(8)
    covered = 0
    branch = pd.Series(np.repeat(np.arange(10), 6), name="BRANCH")
    for _ in range(300):
        x = pd.DataFrame({"A": rng.normal(size=10)[branch]})
        y = (rng.normal(size=10)[branch] + rng.normal(size=60)) + pd.Series(0.0, index=x.index, name="Y")
        interval = random_intercepts(y, x, branch).coefficient("A").interval
        covered += interval.low < 0 < interval.high
    assert 0.92 <= covered / 300 <= 0.98
