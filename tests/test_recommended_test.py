"""The test that is read follows from the answers, not from the p-values, and the trail says why."""

import numpy as np
import pandas as pd
import pytest

from analysis.corrected_welch import corrected_welch_f
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
        ((60, 40), 5, "welch"),
        ((60, 30), 5, "welch_corrected"),
        ((24, 20, 18, 16), 5, "welch"),
        ((60, 30, 20, 16), 5, "welch_corrected"),
        ((60, 9), 5, "welch_corrected"),
        ((60, 30), 3, "brunner_munzel"),
        ((60, 30, 8), 5, "welch_corrected"),
        ((60, 50, 45), 3, "welch"),
        ((60, 12), 3, "welch_corrected"),
        ((60, 5), 5, "mann_whitney"),
        ((60, 30, 5), 5, "kruskal_wallis"),
    ],
)
def test_choice_depends_on_sizes_and_points_only(sizes, points, chosen):
    for shift in (0.0, 0.3):  # whether there is a difference must not matter
        assert recommend_test(*drawn(sizes, points, shift=shift)).chosen == chosen


def test_p_values_are_those_of_the_tests_named():
    values, tier = drawn((60, 50), shift=0.5)
    told = recommend_test(values, tier)
    other = compare_two(values[tier == 1], values[tier == 2])
    found = {alternative.name: alternative.p_value for alternative in told.alternatives}
    assert told.p_value == pytest.approx(other.means.p_value, rel=1e-10)
    assert found == pytest.approx(
        {
            "brunner_munzel": other.brunner_munzel.p_value,
            "mann_whitney": other.mann_whitney.p_value,
            "student": other.student.p_value,
            "welch_corrected": corrected(values, tier).p_value[0],
        },
        rel=1e-10,
    )
    values, tier = drawn((30, 30, 20))
    several = compare_groups(values, tier, rng=np.random.default_rng(1), resamples=2)
    told = recommend_test(values, tier)
    assert told.p_value == pytest.approx(several.welch.p_value, rel=1e-10)
    assert told.null == "equal means"


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


CEILING = (0.01, 0.02, 0.07, 0.25, 0.65)


def leaning(sizes, seed=1, shapes=None):
    rng = np.random.default_rng(seed)
    shapes = shapes or [CEILING] * len(sizes)
    answers = np.concatenate([rng.choice(5, n, p=p) + 1.0 for n, p in zip(sizes, shapes, strict=True)])
    tier = pd.Series(np.repeat(np.arange(1, len(sizes) + 1), sizes), dtype="category", name="TIER")
    return pd.Series(answers, name="SAT"), tier


def corrected(values, tier, part=0.5):
    table = pd.crosstab(tier, values)
    return corrected_welch_f(
        table.to_numpy(dtype=float)[None], table.columns.to_numpy(dtype=float), part=part
    )


def test_answers_that_pile_up_at_one_end_are_not_given_to_normal_theory():
    values, tier = leaning((400, 150, 50))
    told = recommend_test(values, tier)
    (lean,) = [check for check in told.trail if check.name == "lean"]
    assert told.chosen == "welch_corrected"
    assert told.p_value == pytest.approx(corrected(values, tier).p_value[0])
    assert told.null == "equal means"
    assert 0.15 <= lean.value < 0.3
    assert "pile up at one end" in lean.remark
    assert "skewness of the answers is corrected for" in told.reasons[1]
    assert len(told.reasons) == 2
    # the lean by hand: third moment about the tiers' means over sd cubed, times the unevenness of 400 and 50
    about = values - values.groupby(tier, observed=True).transform("mean")
    uneven = (1 / 50**2 - 1 / 400**2) / (1 / 50 + 1 / 400) ** 1.5
    assert lean.value == pytest.approx(abs((about**3).mean()) / (about**2).mean() ** 1.5 * uneven)
    even = recommend_test(*leaning((60, 60, 60)))
    assert even.chosen == "welch"  # skewness cancels in the difference of means of equal groups


def test_where_means_cannot_be_trusted_alone_ranks_must_agree():
    values, tier = leaning((60, 25, 12))
    told = recommend_test(values, tier)
    assert told.chosen == "welch_and_ranks"
    found = {other.name: other.p_value for other in told.alternatives}
    assert told.p_value == max(found["welch_corrected"], found["kruskal_wallis"])
    assert "too much for a test of means" in told.reasons[0]
    assert "found less often" in told.reasons[1]


def test_a_small_group_is_told_to_be_uncertain():
    told = recommend_test(*drawn((60, 25, 12)))
    assert told.chosen == "welch_corrected"
    assert "skewness is hardly known" in told.reasons[2]


@pytest.mark.parametrize("case", ["three", "two", "uneven"])
def test_the_correction_equals_r(case, shared_data, computed_by_r):
    real = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    values, tier = real["sat1"].astype(float), 1 + (real["expe1"] > 6) + (real["expe1"] > 9)
    values[np.arange(1, len(real) + 1) % 19 == 0] = np.nan
    if case == "two":
        tier = real["gender"]
    if case == "uneven":
        values, tier = real["imag1"].astype(float), real["loy1"] > 9
    expected = computed_by_r("corrected_welch", case)
    for part in (0, 0.5, 1):
        found = corrected(values, tier, part)
        numbers = found.statistic[0], found.df[1][0], found.p_value[0]
        for name, number in zip(("f", "df", "p"), numbers, strict=True):
            assert number == pytest.approx(expected[f"{name} {part:g}"], rel=1e-9)
            if part == 0:
                assert number == pytest.approx(expected[f"oneway {name}"], rel=1e-9)


def test_the_correction_needs_three_respondents_who_differ():
    tables = np.array([[[0.0, 1, 1], [3, 4, 5]], [[0, 5, 0], [3, 4, 5]], [[1, 1, 1], [3, 4, 5]]])
    found = corrected_welch_f(tables, np.array([1.0, 2, 3]))
    assert np.isnan(found.p_value).tolist() == [True, True, False]


def test_a_tier_that_says_one_thing_is_compared_by_ranks():
    values = pd.Series([5.0] * 12 + [1, 2, 3, 4, 5] * 8, name="SAT")
    tier = pd.Series(["gold"] * 12 + ["basic"] * 40, dtype="category", name="TIER")
    told = recommend_test(values, tier)
    assert (told.chosen, told.state) == ("mann_whitney", "ok")
    assert told.reasons[0] == "all answers are the same in gold"
    assert told.p_value == pytest.approx(
        compare_two(values[tier == "gold"], values[tier == "basic"]).mann_whitney.p_value
    )


def test_sixty_tiers_and_missing_ones():
    values, tier = drawn((12,) * 60)
    values[::9] = np.nan
    tier[::13] = np.nan
    told = recommend_test(values, tier)
    assert told.state == "ok"
    assert told.n == int((values.notna() & tier.notna()).sum())
    nobody = recommend_test(values * np.nan, tier)
    assert (nobody.state, nobody.reason) == ("too_few", "fewer than two groups with answers")
