"""Errors by leaving out sampled units: against R's replicate weights, and against what must hold."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.domain import by_domain, weight_contrast
from analysis.design.functionals import between_weightings, under_design
from analysis.design.group_tests import design_anova, design_rank_test, design_t_test
from analysis.design.linearization import estimated
from analysis.design.means import weighted_mean, weighted_means
from analysis.design.raking import rake
from analysis.design.rank_means import rank_means
from analysis.design.regression import design_linear
from analysis.design.replicates import jackknife
from analysis.inputs import sample_of
from analysis.sampling import sampling_design
from analysis.weighted import effects
from analysis.weighted.gap import WeightedSample, weighted_gap
from surveys.simulation import load_population_model, simulate
from surveys.study import Study


def near(value, rel=1e-8):
    return pytest.approx(value, rel=rel, abs=1e-11)


def made(reference):
    d = reference("design_survey")
    return pd.DataFrame(
        {
            "W": d["W"],
            "REGION": d["REGION"],
            "BRANCH": d["BRANCH"],
            "y": d["LOY"],
            "x": d["SAT"],
            "z": np.log(d["BALANCE"]),
            "g": d["TIER"],
        }
    )


@pytest.fixture(scope="module")
def customers(reference):
    return made(reference)


def tiers(series, of=None):
    kept = series if of is None else series.where(series.isin(of))
    return pd.Series(pd.Categorical(kept, categories=of), index=series.index, name="g")


def all_equal_r(d, design, reference, expected):
    ends = tiers(d["g"], sorted({d["g"].min(), d["g"].max()}))
    found = {
        "path": under_design(effects.path(d["y"], d[["x", "z"]], design), design),
        "indirect": under_design(effects.indirect(d["x"], d[["z"]], d["y"], design), design),
        "mean": under_design(effects.standardized_mean(d["y"], reference, design), design),
        "plain mean": weighted_mean(d["y"], design),
        "t": design_t_test(d["y"], ends, design),
    }
    for name, own in found.items():
        assert own.estimate == near(expected[f"{name} estimate"]), name
        assert own.std_error == near(expected[f"{name} std_error"]), name
        assert own.df == near(expected[f"{name} df"]), name
        assert own.interval.low == near(expected[f"{name} low"]), name
        assert own.interval.high == near(expected[f"{name} high"]), name
        if f"{name} withReplicates" in expected:
            assert own.std_error == near(expected[f"{name} withReplicates"]), name
    anova = design_anova(d["y"], tiers(d["g"]), design)
    assert anova.statistic == near(expected["anova statistic"])
    assert anova.df == (near(expected["anova df1"]), near(expected["anova df2"]))
    assert anova.p_value == near(expected["anova p"])


@pytest.mark.parametrize("case", ["weights", "clusters"])
def test_errors_equal_those_of_replicate_weights(case, customers, computed_by_r):
    drawn = {} if case == "weights" else {"strata": customers["REGION"], "clusters": customers["BRANCH"]}
    design = survey_design(customers["W"], **drawn, errors="jackknife")
    all_equal_r(customers, design, 55.0, computed_by_r("design_jackknife", case))


def test_errors_equal_those_of_replicate_weights_on_real_answers(shared_data, computed_by_r):
    real = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(real) + 1)
    d = pd.DataFrame({"y": real["sat1"], "x": real["qual1"], "z": real["val1"]}).astype(float)
    d["g"] = 1 + (real["expe1"] > 6) + (real["expe1"] > 8)
    d.loc[i % 19 == 0, "y"] = np.nan
    d.loc[i % 23 == 0, "x"] = np.nan
    design = survey_design(np.exp(((i * 37) % 17 - 8) / 4), errors="jackknife")
    all_equal_r(d, design, 5.5, computed_by_r("design_jackknife", "real"))


def test_leaving_units_out_is_the_jackknife_of_the_house(customers):
    """Replicate weights are made on another road: their variance, centred in the strata, is the same."""
    d = customers
    for strata in (None, d["REGION"]):
        design = survey_design(d["W"], strata=strata, errors="jackknife")
        functional = effects.path(d["y"], d[["x", "z"]], design)
        replicates = jackknife(design)
        again = np.array(
            [
                functional.estimator(w).estimate[0]
                for w in replicates.replicates.T
                if (w != design.weights).any()
            ]
        )
        stratum = np.zeros(len(d)) if strata is None else strata.to_numpy()
        centred = again - pd.Series(again).groupby(stratum).transform("mean").to_numpy()
        scale = replicates.scale * np.broadcast_to(replicates.replicate_scales, len(again))
        direct = under_design(functional, design)
        assert direct.std_error == near(np.sqrt((scale * centred**2).sum()))


def test_a_respondent_who_outweighs_the_others_costs_degrees_of_freedom():
    rng = np.random.default_rng(3)
    y = pd.Series(rng.normal(size=200), name="SAT")
    weights = np.ones(200)
    weights[0] = 60
    y[0] = 2.0
    sure = weighted_mean(y, survey_design(weights))
    honest = weighted_mean(y, survey_design(weights, errors="jackknife"))
    assert sure.df == 199
    assert honest.df < 5
    assert honest.std_error > 1.2 * sure.std_error
    equal = [weighted_mean(y, survey_design(np.ones(200), errors=e)) for e in ("linearised", "jackknife")]
    assert equal[1].std_error == near(equal[0].std_error)
    assert 150 < equal[1].df <= 199


def test_a_small_tier_costs_degrees_of_freedom():
    rng = np.random.default_rng(4)
    tier = tiers(pd.Series(["basic"] * 300 + ["gold"] * 8))
    y = pd.Series(rng.normal(size=308), name="SAT")
    design = survey_design(np.ones(308), errors="jackknife")
    test = design_t_test(y, tier, design)
    assert 4 < test.df < 25
    means = weighted_means(
        pd.DataFrame({"a": y.where(tier == "basic"), "b": y.where(tier == "gold")}), design
    )
    assert means.contrast([-1, 1]).df == pytest.approx(test.df, rel=0.1)
    fit = design_linear(y, pd.DataFrame({"g": tier}), design)
    assert fit.coefficients[0].df > 100  # the mean of the large tier


def test_a_row_that_stands_for_several_respondents_is_as_good_as_their_rows(customers):
    d = customers.dropna()
    times = np.resize([1, 3, 2], len(d))
    written = d.loc[d.index.repeat(times)].reset_index(drop=True)
    d = d.reset_index(drop=True)
    table = survey_design(d["W"], strata=d["REGION"], counts=times, errors="jackknife")
    rows = survey_design(written["W"], strata=written["REGION"], errors="jackknife")
    for whole, design in ((d, table), (written, rows)):
        whole.attrs["found"] = [
            under_design(effects.path(whole["y"], whole[["x", "z"]], design), design),
            design_t_test(whole["y"], tiers(whole["g"], [1, 2]), design),
            design_rank_test(whole["y"], tiers(whole["g"], [1, 2]), design),
        ]
        whole.attrs["joint"] = [
            design_anova(whole["y"], tiers(whole["g"]), design),
            design_rank_test(whole["y"], tiers(whole["g"]), design),
        ]
    for ours, theirs in zip(d.attrs["found"], written.attrs["found"], strict=True):
        assert (ours.n, ours.estimate) == (theirs.n, near(theirs.estimate))
        assert ours.std_error == near(theirs.std_error)
        assert ours.df == near(theirs.df)
    for ours, theirs in zip(d.attrs["joint"], written.attrs["joint"], strict=True):
        assert (ours.statistic, ours.df) == (near(theirs.statistic), near(theirs.df))


def test_estimated_ranks_move_as_when_respondents_are_left_out(customers):
    d = customers[["W", "x", "g"]].dropna()
    x, codes, w = d["x"].to_numpy(), (d["g"] - 1).to_numpy(), d["W"].to_numpy()
    estimator = rank_means(x, codes, [0, 1, 2, 3], w)
    found = estimator(w)
    n = len(w)
    left = np.array([estimator(np.where(np.arange(n) == i, 0.0, w)).estimate for i in range(n)])
    influence = (n - 1) / n * (found.estimate - left)
    ours, exact = (np.cov(u, rowvar=False) for u in (found.influence, influence))
    assert ours == pytest.approx(exact, rel=0.05, abs=0.05 * np.diag(exact).min())


def test_the_rank_test_with_unequal_spreads_asks_who_answers_higher():
    """Equal P(X < Y), very unequal spreads: known ranks would halve or double the error."""
    rng = np.random.default_rng(5)
    rejected = {"linearised": 0, "jackknife": 0}
    for _ in range(300):
        y = np.concatenate([rng.choice([1.0, 3, 5], p=[0.4, 0.2, 0.4], size=200), np.full(40, 3.0)])
        y[200:] += rng.choice([-1, 0, 1], p=[0.1, 0.8, 0.1], size=40)
        tier = tiers(pd.Series(["a"] * 200 + ["b"] * 40))
        design = survey_design(rng.uniform(0.5, 2, 240))
        for errors in rejected:
            p = design_rank_test(pd.Series(y, name="y"), tier, replace(design, errors=errors)).p_value
            rejected[errors] += p < 0.05
    assert 4 <= rejected["jackknife"] <= 28  # 15 expected
    assert rejected["linearised"] > 28


def test_ranks_without_a_test_say_why():
    design = survey_design(np.ones(6), errors="jackknife")
    y = pd.Series([1.0, 2, 3, 4, 5, 5], name="y")
    for categories in (["a", "b"], ["a", "b", "c"]):
        alone = tiers(pd.Series(["a"] * 6), categories)
        found = design_rank_test(y, alone, design)
        assert (found.state, found.p_value) == ("too_few", None)
        assert "fewer than two groups" in found.reason


def test_later_stages_of_finite_populations_keep_linearised_errors(customers, reference):
    d = reference("design_survey")
    stages = {
        "strata": d["REGION"],
        "clusters": [d["BRANCH"], np.arange(len(d))],
        "population_sizes": [d["BRANCHES"], d["CUSTOMERS"]],
    }
    plain, other = (survey_design(d["W"], **stages, errors=e) for e in ("linearised", "jackknife"))
    functional = effects.path(customers["y"], customers[["x", "z"]], plain)
    assert under_design(functional, other).std_error == near(under_design(functional, plain).std_error)
    assert under_design(functional, other).df <= under_design(functional, plain).df


def test_a_stratum_with_one_unit_and_a_predictor_of_one_person_stay_finite(customers):
    d = customers.dropna().reset_index(drop=True)
    strata = d["REGION"].where(d.index != 0, 9)
    design = survey_design(d["W"], strata=strata, lonely="adjust", errors="jackknife")
    rare = pd.DataFrame({"x": d["x"], "rare": (d.index == 3).astype(float)})
    fit = design_linear(d["y"], rare, design)
    assert np.isfinite([c.std_error for c in fit.coefficients]).all()
    assert under_design(effects.path(d["y"], d[["x", "z"]], design), design).std_error > 0


def test_raked_weights_explain_their_share_of_jackknife_errors_too(customers):
    d = customers
    targets = {"g": dict(zip((1, 2, 3, 4), d["W"].sum() * np.array([0.4, 0.3, 0.2, 0.1]), strict=True))}
    for drawn in ({}, {"strata": d["REGION"], "clusters": d["BRANCH"]}):
        raked = {
            e: rake(survey_design(d["W"], **drawn, errors=e), d[["g"]], targets).design
            for e in ("linearised", "jackknife")
        }
        known = weighted_mean(d["g"].astype(float), raked["jackknife"])
        assert known.estimate == pytest.approx(2.0)
        linear, left = (weighted_mean(d["y"], design) for design in raked.values())
        assert linear.std_error < left.std_error < 1.1 * linear.std_error


def test_a_gap_and_a_difference_of_weightings_follow_the_errors_of_their_designs(customers):
    d = customers
    designs = {e: survey_design(d["W"], errors=e) for e in ("linearised", "jackknife")}
    functional = effects.standardized_mean(d["y"], 55.0, designs["linearised"])
    assets = d["W"].to_numpy() * np.exp(d["z"].to_numpy())
    by_value = {e: between_weightings(functional, design, assets) for e, design in designs.items()}
    assert by_value["jackknife"].difference == near(by_value["linearised"].difference)
    assert by_value["jackknife"].std_error > by_value["linearised"].std_error
    assert by_value["jackknife"].df < by_value["linearised"].df
    plain, left = (weight_contrast(d["y"], design, assets)[2] for design in designs.values())
    assert left.estimate == near(plain.estimate)
    assert (left.std_error > plain.std_error, left.df < plain.df) == (True, True)
    few = d.iloc[:12].reset_index(drop=True)
    gaps = {
        e: weighted_gap(
            WeightedSample(values=d["y"], design=designs[e]),
            WeightedSample(values=few["y"], design=survey_design(few["W"], errors=e)),
        )[0]
        for e in designs
    }
    assert gaps["jackknife"].estimate == near(gaps["linearised"].estimate)
    assert gaps["jackknife"].std_error > gaps["linearised"].std_error
    assert gaps["jackknife"].interval.high > gaps["linearised"].interval.high


def test_domains_are_left_out_by_their_own_units(customers):
    d = customers
    design = survey_design(d["W"], errors="jackknife")
    means = by_domain(d["y"], tiers(d["g"]), design)
    alone = d[d["g"] == 4].reset_index(drop=True)
    direct = weighted_mean(alone["y"], survey_design(alone["W"], errors="jackknife"))
    (found,) = [e for e in means if e.about["group"] == "4"]
    assert found.estimate == near(direct.estimate)
    assert found.std_error == pytest.approx(direct.std_error, rel=0.05)
    assert found.df == pytest.approx(direct.df, rel=0.1)


def test_a_study_has_jackknife_errors_unless_it_asks_for_linearised_ones(customers):
    people = replace(Study.load("bank_tiering").populations["customers"], weight="AUM", strata=("TIER",))
    answers = pd.DataFrame({"AUM": customers["W"], "TIER": customers["g"].astype(float)})
    assert sampling_design(people, answers).design.errors == "jackknife"
    linearised = replace(people, design_errors="linearised")
    assert sampling_design(linearised, answers).design.errors == "linearised"


def test_effects_by_value_follow_the_errors_that_a_study_asks_for():
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    answers = simulate(study, model, rng=np.random.default_rng(2), sizes={"customers": 60})["customers"]
    people = study.populations["customers"]
    for errors in ("jackknife", "linearised"):
        sample = sample_of(replace(people, design_errors=errors), answers)
        assert sample.design is None  # nothing but the value is declared
        assert sample.plain_design().errors == errors


def test_estimates_without_sums_keep_their_influence_and_count_units(customers):
    d = customers
    ordered = pd.Series(pd.Categorical(d["g"], ordered=True), name="g")
    designs = [survey_design(d["W"], errors=e) for e in ("linearised", "jackknife")]
    plain, left = (estimated(design, effects.trend(d["y"], ordered, design).estimator) for design in designs)
    assert left.covariance == pytest.approx(plain.covariance)
    assert left.df_of(0) <= plain.df_of(0)
