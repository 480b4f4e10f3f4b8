"""Effects by ranks under a design, against R's survey, against their unweighted twins and by other roads."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.functionals import under_design
from analysis.design.group_tests import design_rank_test
from analysis.design.replicates import jackknife
from analysis.rank_versions import cliffs_delta, linear_trend, rank_biserial, rank_coefficient
from analysis.weighted.effects import correlation
from analysis.weighted.ranks import (
    weighted_cliffs_delta,
    weighted_linear_trend,
    weighted_rank_biserial,
    weighted_rank_coefficient,
)

NUMBERS = ("own_estimate", "own_std_error", "df", "estimate", "std_error")


def near(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


def ordered(series):
    return pd.Series(pd.Categorical(series, ordered=True), index=series.index, name=series.name)


def equals_r(found, expected, name, error=1e-9):
    assert found.state == "ok", (name, found.reason)
    for quantity in NUMBERS:
        loose = quantity in ("own_std_error", "std_error", "df")
        assert getattr(found, quantity) == near(expected[f"{name} {quantity}"], error if loose else 1e-9), (
            quantity
        )
    assert found.interval.low == near(expected[f"{name} low"], 10 * error)
    assert found.interval.high == near(expected[f"{name} high"], 10 * error)
    if f"{name} n" in expected:
        assert found.n == expected[f"{name} n"]


@pytest.fixture(scope="module")
def customers(reference):
    return reference("design_survey").assign(BAL=lambda d: np.log(d["BALANCE"]))


def one_sample(d, design, names, reference):
    y, x, z, g, versus = names
    return {
        "signed": weighted_rank_biserial((d[y] - reference).rename("d"), design),
        "signed2": weighted_rank_biserial((d[versus[0]] - d[versus[1]]).rename("d"), design),
        "ranks": weighted_rank_coefficient(d[y], d[[x]], design),
        "ranks2": weighted_rank_coefficient(d[y], d[[x, z]], design),
        "linear": weighted_linear_trend(d[y], ordered(d[g]), design),
    }


@pytest.mark.parametrize("case", ["weights", "clusters", "stages", "zero", "raked"])
def test_effects_by_ranks_equal_r_under_every_design(case, customers, survey_designs, computed_by_r):
    names = ("LOY", "SAT", "BAL", "TIER", ("SAT", "AGE"))
    for name, found in one_sample(customers, survey_designs[case], names, 55).items():
        equals_r(found, computed_by_r("weighted_ranks", case), name)


def real_answers(shared_data):
    real = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(real) + 1)
    real["W"] = 0.5 + (i * 37) % 17 / 4 + real["loy1"] / 10
    real["STRATUM"] = real["imag1"] // 4
    real["CLUSTER"] = real["STRATUM"] * 1000 + (i * 7) % 9
    real["GROUP"] = 1 + (real["expe1"] > 6) + (real["expe1"] > 8)
    for name in ("sat1", "loy2", "qual1", "val1"):
        at = list(real.columns).index(name) + 1
        real.loc[(i + len(name) * at) % 23 == 0, name] = np.nan
    return real


def test_effects_by_ranks_equal_r_on_real_answers(shared_data, computed_by_r):
    real = real_answers(shared_data)
    design = survey_design(real["W"], strata=real["STRATUM"], clusters=real["CLUSTER"])
    names = ("sat1", "qual1", "val1", "GROUP", ("sat1", "sat2"))
    for name, found in one_sample(real, design, names, 7).items():
        equals_r(found, computed_by_r("weighted_ranks", "real"), name)
    women, men = (real[real["gender"] == sex].reset_index(drop=True) for sex in ("female", "male"))
    found = weighted_cliffs_delta(
        women["sat1"],
        men["sat1"],
        survey_design(women["W"], clusters=women["CLUSTER"]),
        survey_design(men["W"]),
    )
    equals_r(found, computed_by_r("weighted_ranks", "real_gap"), "delta")


def halves(d):
    return [d[mask].reset_index(drop=True) for mask in (d["REGION"] <= 2, d["REGION"] > 2)]


def by_clusters(h):
    return survey_design(h["W"], strata=h["REGION"], clusters=h["BRANCH"])


def test_cliffs_delta_of_two_designs_equals_r(customers, computed_by_r):
    a, b = halves(customers)
    found = weighted_cliffs_delta(a["LOY"], b["LOY"], by_clusters(a), by_clusters(b))
    equals_r(found, computed_by_r("weighted_ranks", "gap"), "delta")
    staged = survey_design(
        a["W"],
        strata=a["REGION"],
        clusters=[a["BRANCH"], np.arange(len(a))],
        population_sizes=[a["BRANCHES"], a["CUSTOMERS"]],
    )
    found = weighted_cliffs_delta(a["LOY"], b["LOY"], staged, by_clusters(b))
    equals_r(found, computed_by_r("weighted_ranks", "gap_staged"), "delta")


def test_cliffs_delta_is_twice_the_difference_of_mean_ranks(customers, computed_by_r):
    d = customers[customers["LOY"].notna()].reset_index(drop=True)
    at = np.flatnonzero(customers["LOY"].notna())
    men = d["SEX"] == 1
    untied = d["LOY"] + (at + 1) / 1e6

    def delta(values):
        parts = [values[mask].reset_index(drop=True) for mask in (men, ~men)]
        weights = [d["W"][mask].to_numpy() for mask in (men, ~men)]
        return weighted_cliffs_delta(*parts, *(survey_design(w) for w in weights)).own_estimate

    assert delta(untied) == near(2 * computed_by_r("weighted_ranks", "svyranktest")["difference"])
    groups = pd.Series(pd.Categorical(np.where(men, "m", "f"), categories=["f", "m"]), name="SEX")
    assert delta(d["LOY"]) == near(2 * design_rank_test(d["LOY"], groups, survey_design(d["W"])).estimate)


def test_errors_are_those_of_the_jackknife_that_ranks_anew(customers, survey_designs, computed_by_r):
    expected = computed_by_r("weighted_ranks", "jackknife")
    d, known = customers, customers[["LOY", "SAT", "AGE"]].notna().all(axis=1)
    design = survey_designs["clusters"].within(known)
    found = one_sample(d, design, ("LOY", "SAT", "BAL", "TIER", ("SAT", "AGE")), 55)
    a, b = halves(d)
    found["delta"] = weighted_cliffs_delta(a["LOY"], b["LOY"], by_clusters(a), by_clusters(b))
    for name in ("signed", "signed2", "ranks", "ranks2", "delta"):
        assert found[name].own_estimate == near(expected[f"{name} own_estimate"]), name
        # two roads that agree in the limit; there are 19 branches
        assert found[name].own_std_error == near(expected[f"{name} own_std_error"], 0.05), name
    replicates = jackknife(design)
    again = one_sample(d, replicates, ("LOY", "SAT", "BAL", "TIER", ("SAT", "AGE")), 55)
    for name in ("signed", "signed2", "ranks", "ranks2"):
        assert again[name].own_std_error == near(expected[f"{name} own_std_error"], 1e-9), name


def test_leaving_units_out_gives_the_jackknife_that_ranks_anew(customers, computed_by_r):
    expected = computed_by_r("weighted_ranks", "left_out")
    d = customers
    known = d[["LOY", "SAT", "AGE"]].notna().all(axis=1)
    design = survey_design(d["W"], strata=d["REGION"], clusters=d["BRANCH"], errors="jackknife").within(known)
    found = one_sample(d, design, ("LOY", "SAT", "BAL", "TIER", ("SAT", "AGE")), 55)
    a, b = (
        survey_design(h["W"], strata=h["REGION"], clusters=h["BRANCH"], errors="jackknife") for h in halves(d)
    )
    first, second = halves(d)
    found["delta"] = weighted_cliffs_delta(first["LOY"], second["LOY"], a, b)
    for name in ("signed", "signed2", "ranks", "ranks2", "delta"):
        assert found[name].own_std_error == near(expected[name]), name
    linear = one_sample(
        d, replace(design, errors="linearised"), ("LOY", "SAT", "BAL", "TIER", ("SAT", "AGE")), 55
    )
    for name in ("signed", "signed2", "ranks", "ranks2", "linear"):
        assert found[name].own_estimate == near(linear[name].own_estimate), name
        assert found[name].own_std_error != near(linear[name].own_std_error, 1e-6), name
        assert found[name].df <= linear[name].df, name


def test_units_without_which_there_are_no_ranks_keep_their_linearised_values():
    x = pd.DataFrame({"x": [1.0, 1, 1, 1, 1, 1, 1, 5]})
    y = pd.Series([1.0, 2, 3, 4, 5, 2, 1, 4], name="y")
    found = weighted_rank_coefficient(y, x, survey_design(np.ones(8), errors="jackknife"))
    assert found.state == "ok"
    assert np.isfinite(found.std_error)


# ---------------------------------------------------------------- equal weights: the unweighted twins


def answers(n=160, seed=3):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    raw = {
        name: np.round(3 + s * shared + rng.normal(size=n))
        for name, s in zip("yab", (0.8, 0.6, 0.4), strict=True)
    }
    data = pd.DataFrame(raw).clip(1, 5)
    return data.mask(rng.random(data.shape) < 0.04)


def test_with_equal_weights_effects_are_the_twins_and_errors_differ_by_stated_factors():
    data = answers()
    alike = survey_design(np.full(len(data), 2.5))
    first, second = data["y"][:70], (data["a"] - 0.5)[70:].reset_index(drop=True)
    delta = weighted_cliffs_delta(first, second, survey_design(np.ones(70)), survey_design(np.ones(90)))
    twin = cliffs_delta(first, second)
    n1, n2 = (int(part.notna().sum()) for part in (first, second))
    rows = [(70, n1), (90, n2)]  # the blanks are drawn too: a domain in its sample
    assert delta.own_estimate == near(twin.own_estimate)
    assert delta.own_std_error == near(twin.own_std_error, 1e-3)
    factors = [(m - 1) / m * n / (n - 1) for n, m in rows]
    assert min(factors) ** 0.5 <= delta.own_std_error / twin.own_std_error <= max(factors) ** 0.5
    difference = (data["y"] - data["a"] + (data.index % 3 == 0)).rename("d")
    signed, twin = weighted_rank_biserial(difference, alike), rank_biserial(difference)
    n, m = len(data), int((difference.notna() & (difference != 0)).sum())
    assert (signed.n, signed.df) == (twin.n, twin.df)
    assert signed.own_estimate == near(twin.own_estimate)
    assert signed.own_std_error == near(twin.own_std_error * np.sqrt(n / (n - 1) * (m - 1) / m))
    ranks = weighted_rank_coefficient(data["y"], data[["a", "b"]], alike)
    twin = rank_coefficient(data["y"], data[["a", "b"]])
    m = twin.n
    assert (ranks.n, ranks.df) == (twin.n, twin.df)
    assert ranks.own_estimate == near(twin.own_estimate)
    assert ranks.own_std_error == near(twin.own_std_error * np.sqrt(n / (n - 1) * (m - 3) / m))
    tiers = ordered(data["b"].rename("TIER"))
    linear, twin = weighted_linear_trend(data["y"], tiers, alike), linear_trend(data["y"], tiers)
    assert (linear.n, linear.df) == (twin.n, twin.df)
    assert linear.own_estimate == near(twin.own_estimate)
    assert linear.own_std_error == near(twin.own_std_error, 0.03)  # the twin's is corrected by leverages


def test_one_coefficient_on_ranks_is_spearmans_correlation_under_the_design(customers, survey_designs):
    for design in (survey_designs["stages"], survey_designs["raked"]):
        found = weighted_rank_coefficient(customers["LOY"], customers[["SAT"]], design)
        functional = correlation(customers["SAT"], customers["LOY"], "spearman", design)
        known = under_design(functional, design)
        assert found.own_estimate == near(known.estimate)
        assert found.own_std_error == near(known.std_error)


def test_ranks_see_the_order_alone_and_no_unit_of_weights():
    data = answers(seed=9).dropna()
    weights = np.random.default_rng(2).lognormal(size=len(data))
    design, other = survey_design(weights), survey_design(1000 * weights)
    curved = data.assign(y=np.exp(data["y"]), a=data["a"] ** 3)
    found = weighted_rank_coefficient(data["y"], data[["a", "b"]], design)
    again = weighted_rank_coefficient(curved["y"], curved[["a", "b"]], other)
    assert again.estimate == near(found.estimate)
    assert again.std_error == near(found.std_error)
    difference = (data["y"] - data["a"]).rename("d")
    signed, tripled = (
        weighted_rank_biserial(difference, design),
        weighted_rank_biserial(3 * difference, other),
    )
    assert tripled.own_estimate == near(signed.own_estimate)
    mirrored = weighted_rank_biserial(-difference, design)
    assert mirrored.own_estimate == near(-signed.own_estimate)
    assert mirrored.own_std_error == near(signed.own_std_error)


def test_weights_change_the_effect_and_raking_takes_out_what_the_margins_explain(customers, survey_designs):
    signed = [
        weighted_rank_biserial(customers["LOY"] - 55, survey_design(weights))
        for weights in (np.ones(len(customers)), np.where(customers["LOY"] > 55, 3.0, 1.0))
    ]
    assert signed[1].own_estimate > signed[0].own_estimate + 0.3
    raked = survey_designs["raked"]
    known = weighted_linear_trend(customers["SAT"], ordered(customers["TIER"]), raked)
    ignored = weighted_linear_trend(
        customers["SAT"], ordered(customers["TIER"]), replace(raked, calibrations=())
    )
    assert known.own_estimate == near(ignored.own_estimate)
    assert known.own_std_error != near(ignored.own_std_error, 1e-3)


def test_effects_by_ranks_that_do_not_exist_under_a_design_say_why():
    one, two = pd.Series([1.0, 2, 2, 1], name="one"), pd.Series([4.0, 5, 5], name="two")
    ones = survey_design(np.ones(4)), survey_design(np.ones(3))
    assert weighted_cliffs_delta(one, two, *ones).state == "no_error"
    found = weighted_cliffs_delta(one, two, ones[0], survey_design([1.0, 0, 0]))
    assert (found.state, found.reason) == (
        "too_few",
        "4 and 1 answers of positive weight; each group needs at least 2",
    )
    lonely = survey_design(np.ones(4), clusters=[1, 1, 1, 1], lonely="certainty")
    found = weighted_cliffs_delta(pd.Series([1.0, 5, 2, 5], name="x"), two, lonely, ones[1])
    assert (found.state, found.interval) == ("too_few", None)
    assert "0 degrees of freedom" in found.reason
    even = survey_design(np.ones(4))
    assert weighted_rank_biserial(pd.Series([0.0, 0, 1, -1], name="d"), even).state == "too_few"
    assert weighted_rank_biserial(pd.Series([1.0, 2, 3, 4], name="d"), even).state == "no_error"
    eight = survey_design(np.ones(8))
    same = pd.Series([3.0] * 8, name="same")
    line = pd.DataFrame({"a": range(8)}, dtype=float)
    assert weighted_rank_coefficient(same, line, eight).state == "constant"
    squared = line.assign(b=line["a"] ** 2)
    assert weighted_rank_coefficient(line["a"].rename("y"), squared, eight).state == "inadmissible"
    assert weighted_rank_coefficient(line["a"].rename("y"), line, eight).state == "no_error"
    three = survey_design([1.0, 1, 1, 0, 0, 0, 0, 0])
    assert weighted_rank_coefficient(line["a"].rename("y"), line, three).state == "too_few"
    assert weighted_linear_trend(same, ordered(line["a"]), eight).state == "constant"
