import numpy as np
import pandas as pd
import pytest

from analysis.regression import moderate, regress

CLOSED = {"rel": 1e-9, "abs": 1e-12}
ONES = ["SAT1", "SAT2", "NPS"]


def check(result, case, computed_by_r):
    r = computed_by_r("associations", case)
    found = (result.n, result.df, result.intercept, result.r_squared, result.adjusted_r_squared)
    assert found == pytest.approx(
        tuple(r[k] for k in ("n", "df", "intercept", "r_squared", "adjusted")), **CLOSED
    )
    for term in result.terms:
        r = computed_by_r("associations", f"{case} {term.name}")
        found = (term.b, term.b_std_error, term.b_interval.low, term.b_interval.high, term.estimate, term.vif)
        assert found == pytest.approx(
            tuple(r[k] for k in ("b", "se", "low", "high", "beta", "vif")), **CLOSED
        )
        assert term.b_p_value == pytest.approx(r["p"], rel=1e-8)


def test_small_survey_equals_lm_and_hc3(survey, computed_by_r):
    result = regress(survey["LOY"], survey[ONES])
    check(result, "ols small", computed_by_r)
    assert result.n + result.n_missing == 64
    check(regress(survey["LOY"], survey[["SAT1"]]), "ols small one", computed_by_r)


def test_employees_equal_lm_hc3_and_clustered_errors(shared_data, computed_by_r):
    staff = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    predictors = staff[["Age", "JobInvolvement", "TotalWorkingYears"]]
    check(regress(staff["MonthlyIncome"], predictors), "ols staff", computed_by_r)
    clustered = regress(staff["MonthlyIncome"], predictors, clusters=staff["JobRole"])
    assert clustered.n_clusters == 9
    check(clustered, "ols staff clusters", computed_by_r)


def jackknife(parts, statistic):
    without = np.array([statistic(part) for part in parts])
    g = len(without)
    return np.sqrt((g - 1) / g * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def betas(data):
    r = np.corrcoef(data.to_numpy(), rowvar=False)
    return np.linalg.solve(r[1:, 1:], r[1:, 0])


def test_errors_of_standardised_coefficients_are_near_those_of_the_jackknife():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 2))
    raw = np.column_stack([0.8 * x[:, 0] + 0.3 * x[:, 1] + 0.6 * rng.normal(size=300), x])
    data = pd.DataFrame(np.clip(np.round(raw + 3), 1, 5), columns=["y", "a", "b"])
    result = regress(data["y"], data[["a", "b"]])
    expected = jackknife((data.drop(i) for i in range(300)), betas)
    # terms of order 1 / n are left out; HC3 on z-scores is a third too large for a here
    assert [term.std_error for term in result.terms] == pytest.approx(list(expected), rel=0.02)
    clusters = pd.Series(rng.integers(0, 25, 300), name="branch")
    clustered = regress(data["y"], data[["a", "b"]], clusters=clusters)
    expected = jackknife((data[clusters != g] for g in range(25)), betas)
    assert [term.std_error for term in clustered.terms] == pytest.approx(list(expected), rel=1e-9)
    assert clustered.df == 24


@pytest.mark.parametrize("likert", [False, True])
def test_intervals_of_a_strong_association_cover(likert):
    def draw(n, rng):
        x = rng.normal(size=(n, 2))
        raw = np.column_stack([0.75 * x[:, 0] + 0.2 * x[:, 1] + 0.5 * rng.normal(size=n), x])
        return pd.DataFrame(np.clip(np.round(raw + 3), 1, 5) if likert else raw, columns=["y", "a", "b"])

    rng = np.random.default_rng(6)
    true = betas(draw(400_000, rng))[0]
    found = [regress(d["y"], d[["a", "b"]]).term("a").interval for d in (draw(150, rng) for _ in range(500))]
    assert 0.92 <= np.mean([i.low <= true <= i.high for i in found]) <= 0.98


def test_units_change_raw_coefficients_only(survey):
    plain, moved = regress(survey["LOY"], survey[ONES]), regress(10 * survey["LOY"] - 3, 2 * survey[ONES] + 1)
    for a, b in zip(plain.terms, moved.terms, strict=True):
        assert (b.estimate, b.std_error, b.vif) == pytest.approx((a.estimate, a.std_error, a.vif), rel=1e-9)
        assert (b.b, b.b_std_error) == pytest.approx((5 * a.b, 5 * a.b_std_error), rel=1e-9)


def test_what_cannot_be_regressed_says_why(survey):
    x = survey["SAT1"].fillna(3)
    twins = pd.DataFrame({"a": x, "b": 2 * x + 1})
    assert regress(survey["LOY"], twins).reason == "some predictors are exact combinations of others"
    assert (
        regress((0.1 * x).rename("y"), twins[["a"]]).reason
        == "the outcome is an exact combination of the predictors"
    )
    flat = regress(survey["LOY"], twins[["a"]].assign(c=0.1))
    assert (flat.state, flat.n, flat.terms) == ("constant", survey["LOY"].notna().sum(), ())
    assert regress(survey["LOY"][:4], twins[:4]).state == "too_few"
    alone = pd.DataFrame({"a": x, "single": (survey.index == survey["LOY"].first_valid_index()) * 1.0})
    assert regress(survey["LOY"], alone).reason == "a coefficient hangs on one respondent alone"
    assert (
        regress(survey["LOY"], twins[["a"]], clusters=survey["SEX"]).reason == "2 clusters for 1 predictors"
    )
    with pytest.raises(KeyError, match="SAT9"):
        regress(survey["LOY"], twins[["a"]]).term("SAT9")


def test_moderation_equals_lm(survey, computed_by_r):
    r = computed_by_r("associations", "moderation")
    result = moderate(survey["LOY"], survey["SAT1"], survey["SAT2"])
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    found = (result.estimate, *(slope for _, slope, _ in result.slopes))
    assert found == pytest.approx((r["product"], r["low"], r["middle"], r["high"]), **CLOSED)


def test_errors_of_moderation_are_near_those_of_the_jackknife():
    rng = np.random.default_rng(1)
    d = pd.DataFrame(rng.normal(size=(300, 3)), columns=["x", "w", "e"]) + 2
    d["y"] = d["x"] + 0.5 * d["x"] * d["w"] + d["e"]

    def estimates(part):
        z = (part - part.mean()) / part.std(ddof=0)
        b = np.linalg.lstsq(np.column_stack([np.ones(len(z)), z.x, z.w, z.x * z.w]), z.y, rcond=None)[0]
        return b[3], b[1] - b[3], b[1], b[1] + b[3]

    result = moderate(d["y"], d["x"], d["w"])
    half = [(i.high - i.low) / 2 for i in (result.interval, *(i for _, _, i in result.slopes))]
    per_error = (result.interval.high - result.interval.low) / 2 / result.std_error
    expected = jackknife((d.drop(i) for i in range(300)), estimates)
    # HC3 on z-scores ignores that means and standard deviations are estimated
    assert [width / per_error for width in half] == pytest.approx(list(expected), rel=0.02)
    assert moderate(d["y"], d["x"], d["x"] * 0 + 0.1).state == "constant"
