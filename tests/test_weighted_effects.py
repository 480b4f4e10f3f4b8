"""Declared kinds of test under a design, against R's survey and against themselves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.correlations import correlate
from analysis.crosstabs import association
from analysis.design.design import survey_design
from analysis.design.functionals import between_weightings, under_design
from analysis.design.linearization import estimated
from analysis.design.replicates import jackknife
from analysis.drivers import added_value, key_drivers
from analysis.means import mean_against, mean_difference, within_contrast
from analysis.mediation import mediate
from analysis.regression import moderate, regress
from analysis.reliability import cronbach_alpha
from analysis.repeated import cochran_q, friedman
from analysis.segmentation import compare_with_rule
from analysis.trend import kendall_tau_b
from analysis.weighted import effects as effects
from analysis.weighted.gap import WeightedSample, weighted_gap
from analysis.weighted.results import weighted_mediation, weighted_regression
from analysis.weighted.segmentation import weighted_comparison

MADE = ("LOY", "SAT", "BALANCE", "AGE", "TIER", "SAT", "AGE", "SEX")
REAL = ("sat1", "qual1", "val1", "SEX", "GROUP", "sat2", "sat3", "loy2")


def near(value, rel=1e-8):
    return pytest.approx(value, rel=rel, abs=1e-11)


@pytest.fixture(scope="module")
def customers(reference):
    return reference("design_survey")


def columns(frame, names, logged=None):
    roles = ("y", "x", "z", "a", "g", "i1", "i2", "i3")
    out = pd.DataFrame({role: frame[name].astype(float) for role, name in zip(roles, names, strict=True)})
    return out if logged is None else out.assign(**{logged: np.log(out[logged])})


def ordered(series):
    return pd.Series(pd.Categorical(series, ordered=True), index=series.index, name=series.name)


def functionals(d, design, reference):
    """Every effect of the stored table, by the name that R gave it."""
    items = d[["i1", "i2", "i3"]]
    return {
        "path": effects.path(d["y"], d[["x", "z"]], design),
        "moderation": effects.moderation(d["y"], d["x"], d["z"], design),
        "indirect": effects.indirect(d["x"], d[["z"]], d["y"], design),
        "gain": effects.added_value(d["y"], d[["x"]], d[["z"]], design),
        "pearson": effects.correlation(d["x"], d["y"], "pearson", design),
        "svycontrast pearson": effects.correlation(d["x"], d["y"], "pearson", design),
        "spearman": effects.correlation(d["x"], d["y"], "spearman", design),
        "trend": effects.trend(d["y"], ordered(d["g"]), design),
        "v2": effects.cramers_v(d["a"], d["g"], design),
        "mean": effects.standardized_mean(d["y"], reference, design),
        "contrast": effects.contrast(d[["i1"]], d[["i2"]], design),
        "drivers": effects.drivers(d["y"], items, design),
        "repeated": effects.repeated(items, design),
        "alpha": effects.alpha(items, design),
    }


def all_equal_r(d, design, reference, expected):
    for name, functional in functionals(d, design, reference).items():
        found = under_design(functional, design)
        assert found.state == "ok", name
        assert found.values[0] == near(expected[f"{name} estimate"]), name
        assert found.errors[0] == near(expected[f"{name} std_error"]), name
        if f"{name} low" in expected:
            assert found.interval.low == near(expected[f"{name} low"]), name
            assert found.interval.high == near(expected[f"{name} high"]), name
    drivers = functionals(d, design, reference)["drivers"]
    found = under_design(drivers, design)
    assert found.estimate == near(expected["drivers adjusted"])
    for name, quantity in (("lmg:i1", "lmg"), ("relative_weight:i1", "johnson")):
        at = drivers.names.index(name)
        assert found.values[at] == near(expected[f"{quantity} estimate"])
        assert found.errors[at] == near(expected[f"{quantity} std_error"], 1e-7)
    path = functionals(d, design, reference)["path"]
    at = under_design(path, design)
    assert at.values[-1] == near(expected["r2 estimate"])
    assert at.errors[-1] == near(expected["r2 std_error"])
    v = under_design(effects.cramers_v(d["a"], d["g"], design), design)
    assert v.estimate == near(expected["v"])
    assert design.degrees_of_freedom(d["y"].notna().to_numpy()) == expected["degf"]


@pytest.mark.parametrize("case", ["weights", "clusters", "stages", "zero", "raked"])
def test_every_kind_equals_r_under_every_design(case, customers, survey_designs, computed_by_r):
    d = columns(customers, MADE, logged="z")
    all_equal_r(d, survey_designs[case], 55.0, computed_by_r("declared_weighted", case))


def test_every_kind_equals_r_on_real_answers(shared_data, computed_by_r):
    real = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(real) + 1)
    weights = 0.5 + (i * 37) % 17 / 4 + real["loy1"] / 10
    strata = real["imag1"] // 4
    clusters = strata * 1000 + (i * 7) % 9
    real["GROUP"] = 1 + (real["expe1"] > 6) + (real["expe1"] > 8)
    real["SEX"] = pd.Categorical(real["gender"]).codes + 1
    for place, name in enumerate(("sat1", "loy2", "qual1", "val1"), 1):
        blank = (i + len(name) * (list(real.columns).index(name) + 1)) % 23 == 0
        assert blank.sum() >= 10, place
        real.loc[blank, name] = np.nan
    design = survey_design(weights, strata=strata, clusters=clusters)
    all_equal_r(columns(real, REAL), design, 5.5, computed_by_r("declared_weighted", "real"))


def test_a_gap_of_two_designs_equals_r(customers, computed_by_r):
    expected = computed_by_r("declared_weighted", "gap")
    halves = []
    for part in (customers[customers["REGION"] <= 2], customers[customers["REGION"] > 2]):
        part = part.reset_index(drop=True)
        design = survey_design(part["W"], strata=part["REGION"], clusters=part["BRANCH"])
        halves.append(WeightedSample(values=part["LOY"], design=design))
    found, same, more = weighted_gap(*halves)
    assert found.estimate == near(expected["gap estimate"]) == same.estimate
    assert found.std_error == near(expected["gap std_error"])
    assert found.df == near(expected["gap df"])
    assert (found.interval.low, found.interval.high) == (
        near(expected["gap low"]),
        near(expected["gap high"]),
    )
    assert more.estimate == 0


def test_replicates_give_the_errors_of_with_replicates(customers, computed_by_r):
    expected = computed_by_r("declared_weighted", "jackknife")
    d = columns(customers, MADE, logged="z")
    design = survey_design(customers["W"], strata=customers["REGION"], clusters=customers["BRANCH"])
    whole = (d["y"].notna() & d["x"].notna()).to_numpy()
    rows = d[whole].reset_index(drop=True)
    part = customers[whole]
    replicates = jackknife(survey_design(part["W"], strata=part["REGION"], clusters=part["BRANCH"]))
    for name, functional in {
        "trend": effects.trend(rows["y"], ordered(rows["g"]), replicates),
        "spearman": effects.correlation(rows["x"], rows["y"], "spearman", replicates),
        "indirect": effects.indirect(rows["x"], rows[["z"]], rows["y"], replicates),
    }.items():
        found = estimated(replicates, functional.estimator)
        assert found.estimate[0] == near(expected[f"{name} estimate"])
        assert found.std_error[0] == near(expected[f"{name} std_error"])
    assert design.n_rows == len(customers)


def test_customers_and_assets_from_the_same_respondents_equal_r(customers, survey_designs, computed_by_r):
    expected = computed_by_r("declared_weighted", "value")
    design = survey_designs["clusters"]
    functional = effects.correlation(customers["SAT"], customers["LOY"], "pearson", design)
    found = between_weightings(functional, design, (customers["W"] * customers["BALANCE"]).to_numpy())
    assert (found.first.estimate, found.second.estimate) == (
        near(expected["first"]),
        near(expected["second"]),
    )
    assert found.difference == near(expected["difference"])
    assert found.std_error == near(expected["std_error"])


# ---------------------------------------------------------------- identities


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(11)
    trait = rng.normal(size=240)
    d = pd.DataFrame(
        {name: np.round(3 + trait + rng.normal(size=240)) for name in ("y", "x", "z", "i1", "i2", "i3")}
    )
    d["g"] = rng.integers(1, 4, 240) + (trait > 0.5)
    d["a"] = rng.integers(1, 3, 240).astype(float)
    d["a"] = np.where(rng.random(240) < 0.4, (d["g"] > 2) + 1.0, d["a"])
    for name in ("y", "x", "i2"):
        d.loc[rng.integers(0, 240, 9), name] = np.nan
    return d


def test_equal_weights_give_the_estimates_without_weights(answers):
    d, rng = answers, np.random.default_rng(1)
    design = survey_design(np.full(len(d), 2.5))
    items = d[["i1", "i2", "i3"]]
    tau = kendall_tau_b(d["y"], ordered(d["g"]))
    drivers = key_drivers(d["y"], items, rng=rng, resamples=20)
    unweighted = {
        "path": regress(d["y"], d[["x", "z"]]).terms[0].estimate,
        "moderation": moderate(d["y"], d["x"], d["z"]).estimate,
        "indirect": mediate(d["x"], d[["z"]], d["y"], rng=rng, resamples=20).estimate,
        "gain": added_value(d["y"], d[["x"]], d[["z"]]).estimate,
        "pearson": correlate(d["x"], d["y"]).estimate,
        "spearman": correlate(d["x"], d["y"], method="spearman").estimate,
        "trend": tau.estimate,
        "v2": association(d["a"], d["g"]).cramers_v,
        "mean": mean_against(d["y"], 3.0).estimate,
        "contrast": within_contrast(d[["i1"]], d[["i2"]]).estimate,
        "drivers": drivers.adjusted_r_squared,
        "repeated": friedman(items, rng=rng, resamples=20).estimate,
        "alpha": cronbach_alpha(items, construct="i").estimate,
    }
    weighted = functionals(d, design, 3.0)
    for name, expected in unweighted.items():
        assert under_design(weighted[name], design).estimate == near(expected, 1e-10), name
    # tau-b's own error divides by n, that of a design by n - 1, blanks counting as drawn
    assert under_design(weighted["trend"], design).std_error == near(
        tau.std_error * np.sqrt(len(d) / (len(d) - 1))
    )
    yes = (items > 3).astype(float).where(items.notna())
    assert under_design(effects.repeated(yes, design), design).estimate == near(
        cochran_q(yes, rng=rng, resamples=20).estimate, 1e-10
    )


def test_whole_weights_give_the_estimates_of_repeated_rows(answers):
    counts = np.random.default_rng(3).integers(1, 5, len(answers))
    repeated = answers.loc[answers.index.repeat(counts)].reset_index(drop=True)
    each, once = survey_design(counts.astype(float)), survey_design(np.ones(len(repeated)))
    lines = functionals(answers, each, 3.0)
    for name, functional in functionals(repeated, once, 3.0).items():
        if name in ("mean", "contrast", "drivers", "gain"):  # these know how many respondents there are
            continue
        found = lines[name].estimator(each.totals_weights).estimate
        assert found == near(functional.estimator(once.totals_weights).estimate, 1e-9), name


def test_counted_rows_are_as_good_as_repeated_rows(answers):
    counts = np.random.default_rng(3).integers(1, 5, len(answers))
    repeated = answers.loc[answers.index.repeat(counts)].reset_index(drop=True)
    weights = np.random.default_rng(4).uniform(1, 3, len(answers))
    each = survey_design(weights, counts=counts)
    once = survey_design(np.repeat(weights, counts))
    lines = functionals(answers, each, 3.0)
    for name, functional in functionals(repeated, once, 3.0).items():
        left, right = under_design(lines[name], each), under_design(functional, once)
        assert (left.n, left.df) == (right.n, right.df), name
        assert left.estimate == near(right.estimate, 1e-9), name
        assert left.std_error == near(right.std_error, 1e-7), name


def test_the_unit_of_weights_does_not_matter(answers):
    weights = np.random.default_rng(5).uniform(1, 3, len(answers))
    small, large = survey_design(weights), survey_design(weights * 1e6)
    lines = functionals(answers, small, 3.0)
    for name, functional in functionals(answers, large, 3.0).items():
        left, right = under_design(lines[name], small), under_design(functional, large)
        assert (left.estimate, left.std_error) == (near(right.estimate), near(right.std_error, 1e-6)), name


def test_the_tail_is_the_dual_of_the_interval(answers):
    weights = np.random.default_rng(6).uniform(1, 3, len(answers))
    design = survey_design(weights, clusters=np.arange(len(answers)) % 20)
    for name, functional in functionals(answers, design, 3.0).items():
        found = under_design(functional, design, confidence_level=0.9)
        if found.interval.low > 0:
            assert found.tail(found.interval.low, True) == pytest.approx(0.05, rel=1e-6), name
        assert found.tail(found.interval.high, False) == pytest.approx(0.05, rel=1e-6), name


def test_mediation_under_a_design_adds_up(answers):
    design = survey_design(np.random.default_rng(7).uniform(1, 3, len(answers)))
    result, found = weighted_mediation(
        answers["x"], answers[["i1", "z"]], answers["y"], design, rng=np.random.default_rng(1)
    )
    assert sum(way.estimate for way in result.indirect) + result.direct == near(result.total)
    assert result.interval.low < result.estimate < result.interval.high
    assert result.distribution.std_error == pytest.approx(result.std_error, rel=0.1)
    assert found.tail(result.interval.low, True) == pytest.approx(0.025, abs=0.001)
    single = mediate(
        answers["x"], answers[["i1", "z"]], answers["y"], rng=np.random.default_rng(1), resamples=4000
    )
    equal, _ = weighted_mediation(
        answers["x"],
        answers[["i1", "z"]],
        answers["y"],
        survey_design(np.ones(len(answers))),
        rng=np.random.default_rng(1),
    )
    assert equal.estimate == near(single.estimate)
    assert equal.interval.low == pytest.approx(single.interval.low, abs=0.01)
    assert equal.interval.high == pytest.approx(single.interval.high, abs=0.01)


def test_regression_under_a_design_has_the_raw_coefficients_of_svyglm(
    customers, survey_designs, computed_by_r
):
    fit = weighted_regression(customers["LOY"], customers[["SAT", "BALANCE"]], survey_designs["stages"])
    term = fit.term("SAT")
    sd = {
        name: np.sqrt(np.cov(customers[name][whole], aweights=customers["W"][whole], ddof=0))
        for whole in [customers["LOY"].notna() & customers["SAT"].notna()]
        for name in ("LOY", "SAT")
    }
    assert term.estimate == near(term.b * sd["SAT"] / sd["LOY"])
    assert fit.df == computed_by_r("declared_weighted", "stages")["degf"] - 2


def test_segments_of_equal_weights_are_those_without_weights():
    rng = np.random.default_rng(2)
    kind = rng.integers(0, 3, 300)
    records = pd.DataFrame({"a": kind * 4 + rng.normal(size=300), "b": kind * 3 + rng.normal(size=300)})
    tier = pd.Series(rng.integers(1, 4, 300), name="tier").astype(float)
    needs = pd.DataFrame({"needs": kind + rng.normal(size=300)})
    plain = compare_with_rule(tier, records, needs, rng=np.random.default_rng(9), resamples=400)
    from analysis.design.replicates import bootstrap

    design = bootstrap(survey_design(np.full(300, 3.0)), rng=np.random.default_rng(1), n_replicates=400)
    same = weighted_comparison(tier, records, needs, design, rng=np.random.default_rng(9))
    assert same.result.estimate == near(plain.estimate)
    assert same.result.sizes == plain.sizes
    assert same.result.std_error == pytest.approx(plain.distribution.std_error, rel=0.15)
    # respondents of weight two are as good as two
    counts = rng.integers(1, 3, 300)
    doubled = bootstrap(survey_design(counts.astype(float)), rng=np.random.default_rng(1), n_replicates=50)
    rows = np.repeat(np.arange(300), counts)
    once = weighted_comparison(tier, records, needs, doubled, rng=np.random.default_rng(9))
    twice = compare_with_rule(
        *(frame.iloc[rows].reset_index(drop=True) for frame in (tier, records, needs)),
        rng=np.random.default_rng(9),
        resamples=50,
    )
    assert once.result.estimate == pytest.approx(twice.estimate, abs=0.01)


def test_what_cannot_be_estimated_says_why():
    design = survey_design([1.0, 2, 1, 1, 0, 3])
    constant = pd.Series([2.0, 2, 2, 2, 5, 2], name="SAT")
    other = pd.Series([1.0, 2, 3, 4, 5, 6], name="LOY")
    found = under_design(effects.correlation(constant, other, "pearson", design), design)
    assert (found.state, found.reason) == ("constant", "all answers are the same: x")
    assert under_design(effects.standardized_mean(constant, 3.0, design), design).state == "constant"
    few = under_design(effects.path(other, pd.DataFrame({"a": other, "b": constant}), design), design)
    assert few.state == "too_few"
    groups = pd.Series(pd.Categorical(["a", "a", "a", "a", "b", "a"], ordered=True), name="TIER")
    assert under_design(effects.trend(other, groups, design), design).reason == (
        "only one group has answers, at least 2 are needed"
    )
    same = under_design(effects.cramers_v(constant, other, design), design)
    assert same.state == "constant"


def test_a_few_who_hold_most_of_the_value_give_no_estimate_by_value(answers):
    design = survey_design(np.ones(len(answers)))
    worth = np.ones(len(answers))
    worth[:3] = 1e6
    functional = effects.standardized_mean(answers["y"], 3.0, design)
    found = between_weightings(functional, design, worth, least=30)
    assert found.state == "too_few"
    assert "a few respondents hold most of the value" in found.reason
    assert found.first.estimate is not None
    assert found.difference is None


def test_mean_difference_of_equal_weights(answers):
    first, second = answers["y"][:100].reset_index(drop=True), answers["x"][100:].reset_index(drop=True)
    found, _, _ = weighted_gap(
        WeightedSample(values=first, design=survey_design(np.full(100, 7.0))),
        WeightedSample(values=second, design=survey_design(np.ones(len(second)))),
    )
    plain = mean_difference(first, second)
    assert found.estimate == near(plain.estimate)
    assert found.std_error == pytest.approx(plain.robust.std_error, rel=0.01)
    assert replace(found, tail=None).df > 100
