import numpy as np
import pandas as pd
import pytest

from analysis.agreement import weighted_kappa


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
