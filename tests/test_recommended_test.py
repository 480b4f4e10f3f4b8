"""The test that is read follows from the answers, not from the p-values, and the trail says why."""

import numpy as np
import pandas as pd
import pytest

from analysis.groups import compare_groups
from analysis.recommended_test import recommend_test
from analysis.two_groups import compare_two


def drawn(sizes, points=5, seed=1, shift=0.0):
    rng = np.random.default_rng(seed)
    tier = pd.Series(np.repeat(np.arange(1, len(sizes) + 1), sizes), dtype="category", name="TIER")
    latent = rng.normal(size=sum(sizes)) + shift * tier.astype(int).to_numpy()
    cuts = np.quantile(latent, np.arange(1, points) / points)
    return pd.Series(np.searchsorted(cuts, latent) + 1.0, name="SAT"), tier


@pytest.mark.parametrize(
    ("sizes", "points", "chosen"),
    [
        ((60, 30), 5, "welch"),
        ((60, 30, 20, 16), 5, "welch"),
        ((60, 9), 5, "brunner_munzel"),
        ((60, 30), 3, "brunner_munzel"),
        ((60, 30, 8), 5, "kruskal_wallis"),
        ((60, 30, 30), 3, "kruskal_wallis"),
    ],
)
def test_choice_depends_on_sizes_and_points_only(sizes, points, chosen):
    for shift in (0.0, 0.3):  # whether there is a difference must not matter
        assert recommend_test(*drawn(sizes, points, shift=shift)).chosen == chosen


def test_p_values_are_those_of_the_tests_named():
    values, tier = drawn((60, 30), shift=0.5)
    told = recommend_test(values, tier)
    other = compare_two(values[tier == 1], values[tier == 2])
    found = {alternative.name: alternative.p_value for alternative in told.alternatives}
    assert told.p_value == other.means.p_value
    assert found == {
        "brunner_munzel": other.brunner_munzel.p_value,
        "mann_whitney": other.mann_whitney.p_value,
        "student": other.student.p_value,
    }
    values, tier = drawn((60, 30, 20))
    several = compare_groups(values, tier, rng=np.random.default_rng(1), resamples=2)
    assert recommend_test(values, tier).p_value == several.welch.p_value


def test_a_conclusion_that_hangs_on_the_choice_is_told():
    """Equal means with very unequal spread in unequal groups: Student's test is misled, Welch's is not."""
    rng = np.random.default_rng(14)
    tier = pd.Series(np.repeat([1, 2], [16, 200]), dtype="category", name="TIER")
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = pd.Series(np.r_[rng.normal(0, 4, 16), rng.normal(0, 0.5, 200)], name="SAT")
        told = recommend_test(values, tier)
        if told.survives is False:
            break
    assert told.survives is False
    (spread,) = [check for check in told.trail if check.name == "variances"]
    assert spread.value > 10
    assert spread.remark == "tests that pool variances are off"


def test_nothing_is_recommended_where_nothing_can_be_tested():
    values, tier = drawn((20, 20))
    assert recommend_test(values * 0, tier).state == "constant"
    lonely = recommend_test(values[:21], tier[:21])
    assert (lonely.chosen, lonely.state, lonely.survives) == ("none", "too_few", None)
    assert lonely.to_frame()["reason"].tolist() == ["fewer than 2 answers in 2"]
