import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from analysis.repeated import cochran_q, friedman

CLOSED = {"rel": 1e-9, "abs": 1e-12}
ITEMS = ["SAT1", "SAT2", "SAT3", "SAT4"]
CHOSEN = ["CH_1", "CH_2", "CH_3"]


def rng():
    return np.random.default_rng(1)


def test_friedman_and_its_pairs_equal_r(survey, computed_by_r):
    r, result = computed_by_r("associations", "friedman"), friedman(survey[ITEMS], rng=rng(), resamples=200)
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    found = (result.statistic, result.df, result.p_value, result.estimate)
    assert found == pytest.approx((r["chi2"], r["df"], r["p"], r["w"]), **CLOSED)
    assert len(result.pairs) == 6
    for pair in result.pairs:
        r = computed_by_r("associations", f"friedman {pair.first}-{pair.second}")
        assert (pair.p_value, pair.p_adjusted) == pytest.approx((r["p"], r["holm"]), **CLOSED)
        assert pair.estimate == pytest.approx(r["difference"], **CLOSED)
        assert (pair.interval.low, pair.interval.high) == pytest.approx((r["low"], r["high"]), **CLOSED)


def test_cochran_and_its_pairs_equal_r(survey, computed_by_r):
    r, result = computed_by_r("associations", "cochran"), cochran_q(survey[CHOSEN], rng=rng(), resamples=200)
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    found = (result.statistic, result.df, result.p_value, result.estimate)
    assert found == pytest.approx((r["q"], r["df"], r["p"], r["effect"]), **CLOSED)
    for level in result.levels:
        r = computed_by_r("associations", f"cochran {level.variable}")
        found = (level.estimate, level.interval.low, level.interval.high)
        assert found == pytest.approx((r["share"], r["low"], r["high"]), **CLOSED)
    for pair in result.pairs:
        r = computed_by_r("associations", f"cochran {pair.first}-{pair.second}")
        found = (pair.statistic, pair.p_value, pair.p_adjusted)
        assert found == pytest.approx((r["chi2"], r["p"], r["holm"]), **CLOSED)


def kendall_w(ratings):
    ranks = rankdata(ratings, axis=1)
    n, k = ranks.shape
    ties = sum(c**3 - c for row in ranks for c in np.unique(row, return_counts=True)[1])
    return 12 * ((ranks.sum(axis=0) - n * (k + 1) / 2) ** 2).sum() / (n**2 * (k**3 - k) - n * ties)


def test_interval_is_that_of_drawing_respondents_without_the_bias(survey):
    whole = survey[ITEMS].dropna().to_numpy()
    result = friedman(survey[ITEMS], rng=rng(), resamples=4000)
    generator = np.random.default_rng(5)
    drawn = np.array([kendall_w(whole[generator.integers(len(whole), size=len(whole))]) for _ in range(1500)])
    moved = np.clip(drawn - 2 * (drawn.mean() - kendall_w(whole)), 0, 1)
    # Two independent bootstraps of 4000 and 1500 draws; the loose bound is their sampling error.
    assert (result.interval.low, result.interval.high) == pytest.approx(
        tuple(np.quantile(moved, [0.025, 0.975])), abs=0.03
    )


@pytest.mark.parametrize("compare", [friedman, cochran_q])
def test_intervals_cover_a_small_effect(compare):
    """The plain percentile interval covers about 65 to 75 % here."""
    generator = np.random.default_rng(3)

    def draw(n):
        latent = 0.8 * generator.normal(size=(n, 1)) + generator.normal(size=(n, 4)) + 0.1 * np.arange(4)
        return pd.DataFrame(
            (latent > 0.15) * 1.0 if compare is cochran_q else np.clip(np.round(latent + 3), 1, 5)
        )

    true = compare(draw(60_000), rng=generator, resamples=2).estimate
    intervals = [compare(draw(40), rng=generator, resamples=200).interval for _ in range(150)]
    assert np.mean([found.low <= true <= found.high for found in intervals]) > 0.91


def test_what_cannot_be_compared_says_why():
    same = pd.DataFrame({"a": [1, 0, 1.0], "b": [1, 0, 1.0]})
    assert friedman(same, rng=rng(), resamples=10).state == "constant"
    assert cochran_q(same, rng=rng(), resamples=10).state == "constant"
    assert cochran_q(same * 2, rng=rng(), resamples=10).state == "inadmissible"
    few = friedman(same[:1], rng=rng(), resamples=10)
    assert (few.state, few.n, few.reason) == ("too_few", 1, "1 respondents answered all of 2 questions")


def test_a_pair_answered_alike_is_named_and_does_not_count(survey):
    twice = survey[["SAT1", "SAT2"]].assign(again=survey["SAT1"])
    result = friedman(twice, rng=rng(), resamples=50)
    alike = next(pair for pair in result.pairs if (pair.first, pair.second) == ("SAT1", "again"))
    assert (alike.state, alike.p_value, alike.p_adjusted) == ("constant", None, None)
    tested = [pair for pair in result.pairs if pair.p_value is not None]
    assert [pair.p_adjusted for pair in tested] == pytest.approx(
        [min(1, 2 * pair.p_value) for pair in tested]
    )
    assert "SAT1" in set(result.to_frame()["first"].dropna())


def test_order_of_respondents_does_not_matter(survey):
    one = friedman(survey[ITEMS], rng=rng(), resamples=50)
    other = friedman(survey[ITEMS][::-1], rng=rng(), resamples=50)
    assert other.estimate == pytest.approx(one.estimate, rel=1e-12)
