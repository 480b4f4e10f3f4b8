import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.nps import net_promoter_score


def tiers(codes):
    return codes.astype(pd.CategoricalDtype(sorted(codes.dropna().unique()), ordered=True))


def check(score, r):
    assert (score.n, score.promoters, score.passives, score.detractors) == (
        r["n"],
        r["promoters"],
        r["passives"],
        r["detractors"],
    )
    assert score.estimate == pytest.approx(r["nps"], rel=1e-9, abs=1e-12)
    assert score.std_error == pytest.approx(r["std_error"], rel=1e-9, abs=1e-6)
    assert score.interval.low == pytest.approx(max(-100, r["low"]), rel=1e-9)
    assert score.interval.high == pytest.approx(min(100, r["high"]), rel=1e-9)


def test_scores_of_all_and_of_tiers_equal_r(survey, computed_by_r):
    result = net_promoter_score(survey["NPS"], tiers(survey["TIER"]))
    check(result.overall, computed_by_r("nps", "all"))
    assert result.overall.n_missing == 3
    assert [score.group for score in result.groups] == ["1", "2", "3", "4"]
    for score in result.groups:
        check(score, computed_by_r("nps", f"tier {score.group}"))


def test_every_rating_has_its_place():
    result = net_promoter_score(pd.Series(range(11), name="NPS")).overall
    assert (result.detractors, result.passives, result.promoters) == (7, 2, 2)
    assert result.estimate == pytest.approx(-500 / 11)


def test_entries_are_in_points_and_name_their_group():
    tier = pd.Series(pd.Categorical(["a", "a", "b"], ["a", "b", "c"], ordered=True), name="TIER")
    entries = net_promoter_score(pd.Series([10, 9, 0], name="NPS"), tier).entries()
    assert [entry.estimate for entry in entries] == [pytest.approx(100 / 3), 100, -100, None]
    assert [entry.state for entry in entries] == ["ok", "ok", "ok", "too_few"]
    assert entries[1].about == {"item": "NPS", "grouping": "TIER", "group": "a"}
    assert entries[0].more == {"promoters": 2, "passives": 0, "detractors": 1, "n_missing": 0}


def test_agreement_still_has_an_interval():
    score = net_promoter_score(pd.Series([10.0] * 8)).overall
    assert (score.estimate, score.std_error) == (100, 0)
    spread = ((9.5 / 11 - (8 / 11) ** 2) / 11) ** 0.5  # 8 + 3/4 promoters and 3/4 of a detractor among 11
    assert score.interval.low == pytest.approx(100 * (8 / 11 - 1.959963985 * spread), rel=1e-8)
    assert score.interval.high == 100


@pytest.mark.parametrize("stray", [11, -1, 7.5])
def test_ratings_outside_0_to_10_are_refused(stray):
    with pytest.raises(ValueError, match="NPS: ratings are whole numbers from 0 to 10, found"):
        net_promoter_score(pd.Series([5, stray], name="NPS"))


def test_groups_without_order_and_other_respondents_are_refused():
    with pytest.raises(TypeError, match="category dtype"):
        net_promoter_score(pd.Series([5, 6]), pd.Series([1, 2]))
    with pytest.raises(ValueError, match="one index"):
        net_promoter_score(pd.Series([5, 6]), pd.Series(pd.Categorical([1, 2]), index=[3, 4]))


@given(st.lists(st.integers(0, 10), min_size=1, max_size=80))
def test_score_is_a_mean_of_signs_within_its_interval(ratings):
    x = np.array(ratings)
    signs = 100.0 * ((x >= 9).astype(int) - (x <= 6))
    score = net_promoter_score(pd.Series(ratings, dtype=float)).overall
    assert score.estimate == pytest.approx(signs.mean(), abs=1e-9)
    assert score.std_error == pytest.approx(signs.std() / np.sqrt(len(x)), abs=1e-6)
    assert -100 <= score.interval.low < score.interval.high <= 100
    assert score.promoters + score.passives + score.detractors == len(x)
