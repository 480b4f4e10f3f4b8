"""All items against the tiers at once give the numbers, states and words of the functions for one item."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.adjust import benjamini_hochberg, holm
from analysis.crosstabs import association
from analysis.groups import compare_groups
from analysis.items_by_tier import NAMES, items_by_tier
from analysis.means import mean_difference
from analysis.results import Interval
from analysis.trend import jonckheere_terpstra, kendall_tau_b
from analysis.two_groups import compare_two

CLOSE = {"rel": 1e-10, "abs": 1e-10}
ROOT = {"rel": 1e-7, "abs": 1e-8}  # limits are roots: a rounding of the statistic moves them by more


def same(found, wanted, where=""):
    """Whether two results agree in every field, numbers to 1e-10."""
    if dataclasses.is_dataclass(wanted) and not isinstance(wanted, type):
        assert type(found) is type(wanted), where
        for field in dataclasses.fields(wanted):
            same(getattr(found, field.name), getattr(wanted, field.name), f"{where}.{field.name}")
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted), where
        for at, (a, b) in enumerate(zip(found, wanted, strict=True)):
            same(a, b, f"{where}[{at}]")
    elif isinstance(wanted, float):
        tolerance = ROOT if ".interval." in where or "_interval." in where else CLOSE
        assert found == pytest.approx(wanted, **tolerance), where
    else:
        assert found == wanted, where


def check(answers, tiers, counts=None):
    """Hold everything against the functions for one item, over rows repeated as often as they count."""
    found = items_by_tier(answers, tiers, counts=counts)
    times = np.ones(len(answers), dtype=int) if counts is None else counts.to_numpy()
    rows = np.repeat(np.arange(len(answers)), times)
    long, tier = answers.iloc[rows].reset_index(drop=True), tiers.iloc[rows].reset_index(drop=True)
    for item in found.items:
        check_item(item, long[item.variable], tier)
    for measure in ("welch_f", "kruskal_wallis_h"):
        raw = [item.tests[measure].p_value for item in found.items]
        assert found.p_holm[measure] == holm(raw)
        assert found.p_benjamini_hochberg[measure] == benjamini_hochberg(raw)
    return found


def check_item(item, x, tier):
    whole = compare_groups(x, tier, rng=np.random.default_rng(1), resamples=2)
    assert (item.n, item.n_missing) == (whole.n, whole.n_missing)
    same(item.groups, whole.groups, "groups")
    rows = {
        "welch_f": whole.welch,
        "classical_f": whole.classical,
        "brown_forsythe_means_f": whole.brown_forsythe_means,
        "brown_forsythe_f": whole.brown_forsythe,
        "kruskal_wallis_h": whole.kruskal_wallis,
    }
    for measure, wanted in rows.items():
        same(item.tests[measure], wanted, measure)
    for effect in (whole.omega_squared, whole.eta_squared, whole.epsilon_squared):
        own = item.effects[effect.measure]
        if effect.state == "ok":
            same(own, effect, effect.measure)
        else:
            assert (own.state, own.reason) == (effect.state, effect.reason)
    ranks = item.effects["rank_epsilon_squared"]
    same(ranks.estimate, whole.rank_epsilon_squared.estimate, "rank_epsilon_squared")
    assert ranks.state == whole.rank_epsilon_squared.state
    same(item.jonckheere, jonckheere_terpstra(x, tier), "jonckheere")
    same(item.tau_b, kendall_tau_b(x, tier), "tau_b")
    check_table(item, x, tier)
    assert len(item.pairs) == len(whole.pairs)
    for pair, wanted in zip(item.pairs, whole.pairs, strict=True):
        same(pair.means, wanted, "pair")
        check_pair(pair, *(x[tier.cat.codes == code] for code in codes_of(tier, wanted)))


def codes_of(tier, pair):
    labels = [str(int(c)) if isinstance(c, float) else str(c) for c in tier.cat.categories]
    return labels.index(pair.group), labels.index(pair.versus)


def check_table(item, x, tier):
    table, chi, v = association(tier, x), item.tests["chi_square"], item.effects["cramers_v"]
    if table.n == 0 or chi.state == "many_values":
        return
    if table.statistic is None:
        assert (chi.statistic, v.estimate) == (None, None)
        return
    same(chi.statistic, table.statistic, "chi_square")
    same(chi.p_value, table.p_value, "chi_square p")
    assert chi.df == (table.df,)
    assert (chi.state, chi.reason) == (table.state, table.reason)
    same(v.estimate, table.cramers_v, "v")
    same(v.interval, table.interval, "v.interval")
    same(item.effects["cramers_v_corrected"].estimate, table.cramers_v_corrected, "v corrected")


def check_pair(pair, later, earlier):
    wanted = compare_two(later, earlier)
    assert (pair.state, pair.reason) == (wanted.brunner_munzel.state, wanted.brunner_munzel.reason)
    same(pair.dominance, wanted.dominance, "dominance")
    same(pair.p_value, wanted.brunner_munzel.p_value, "brunner_munzel")
    if pair.means.state == "ok":
        same(pair.means.hedges_g_error, mean_difference(later, earlier).robust, "hedges_g_error")


def test_the_small_survey_with_missing_answers_and_tiers(survey):
    tiers = survey["TIER"].astype(pd.CategoricalDtype([1, 2, 3, 4, 5], ordered=True))
    tiers[3] = None
    answers = survey[["SAT1", "SAT2", "LOY", "NPS", "CH_1"]]
    found = check(answers, tiers)
    assert found.items[0].groups[4].state == "empty_cell"
    assert {"p_holm", "p_benjamini_hochberg"} <= set(found.to_frame().columns)


def test_two_tiers(survey):
    tiers = pd.Series(pd.Categorical(survey["SEX"], ordered=True), name="SEX")
    check(survey[["SAT1", "LOY"]], tiers)


def test_rows_that_stand_for_several_respondents(survey):
    answers, tiers = survey[["SAT1", "LOY"]], survey["TIER"].astype(pd.CategoricalDtype(ordered=True))
    counts = pd.Series(np.random.default_rng(3).integers(0, 9, len(survey)))
    check(answers, tiers, counts)


def test_fractions_and_many_different_numbers():
    rng = np.random.default_rng(4)
    tiers = pd.Series(pd.Categorical(rng.integers(1, 4, 400), ordered=True), name="TIER")
    answers = pd.DataFrame(
        {"MEAN": rng.integers(4, 21, 400) / 4, "AGE": rng.normal(40, 10, 400), "SAT": rng.integers(1, 6, 400)}
    )
    found = check(answers, tiers)
    assert found.items[1].tests["chi_square"].state == "many_values"
    assert "400 different answers" in found.items[1].tests["chi_square"].reason
    assert found.items[1].tests["welch_f"].state == "ok"


def test_real_answers_of_a_bank(shared_data):
    bank = pd.read_csv(shared_data / "bank" / "bank_churn_card_tier_a.csv")
    order = ["SILVER", "GOLD", "PLATINUM", "DIAMOND"]
    tiers = bank["CardType"].astype(pd.CategoricalDtype(order, ordered=True))
    answers = bank[["SatisfactionScore", "NumOfProducts", "Tenure", "CreditScore"]].astype(float)
    answers.iloc[::7, 0] = np.nan
    found = check(answers, tiers)
    assert found.items[0].n == len(bank) - math.ceil(len(bank) / 7)


ANSWERS = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, float("nan")]), st.sampled_from("abcd")),
    max_size=40,
)


@settings(max_examples=150)
@given(ANSWERS, st.booleans())
def test_whatever_was_answered_the_states_and_words_are_those_of_rows(drawn, alike):
    answers = pd.DataFrame({"SAT": [3.0 if alike else x for x, _ in drawn]}, dtype=float)
    tiers = pd.Series(pd.Categorical([g for _, g in drawn], list("abcd"), ordered=True), name="TIER")
    check(answers, tiers)


def test_tiers_without_order_have_no_trend():
    tiers = pd.Series(pd.Categorical(list("aabbcc")), name="TIER")
    (item,) = items_by_tier(pd.DataFrame({"SAT": [1, 2, 2, 3, 4, 5]}), tiers).items
    assert (item.jonckheere, item.tau_b) == (None, None)
    assert set(item.tests) == set(NAMES)


def test_sixty_tiers_and_a_million_counted_respondents():
    rng = np.random.default_rng(6)
    tiers = pd.Series(pd.Categorical(np.repeat(np.arange(60), 5), ordered=True), name="TIER")
    answers = pd.DataFrame({"SAT": np.tile(np.arange(1.0, 6.0), 60)})
    counts = pd.Series(rng.integers(0, 10**6, 300))
    (item,) = items_by_tier(answers, tiers, counts=counts).items
    assert item.n == counts.sum()
    assert len(item.pairs) == 60 * 59 / 2
    assert item.tests["kruskal_wallis_h"].df == (59.0,)


def test_what_cannot_be_counted_is_refused():
    answers, tiers = pd.DataFrame({"SAT": [1.0, 2.0]}), pd.Series(pd.Categorical(["a", "b"]), name="TIER")
    with pytest.raises(TypeError, match="category dtype"):
        items_by_tier(answers, pd.Series(["a", "b"]))
    with pytest.raises(ValueError, match="one index"):
        items_by_tier(answers, tiers.set_axis([5, 6]))
    with pytest.raises(ValueError, match="count"):
        items_by_tier(answers, tiers, counts=[1, 0.5])


def test_intervals_have_the_level_asked_for(survey):
    tiers = survey["TIER"].astype(pd.CategoricalDtype(ordered=True))
    wide, narrow = (items_by_tier(survey[["LOY"]], tiers, confidence_level=c).items[0] for c in (0.99, 0.9))

    def inside(a: Interval, b: Interval) -> bool:
        return b.low < a.low < a.high < b.high

    assert inside(narrow.tau_b.interval, wide.tau_b.interval)
    assert inside(narrow.pairs[0].means.hedges_g_interval, wide.pairs[0].means.hedges_g_interval)
    assert inside(narrow.pairs[0].dominance.interval, wide.pairs[0].dominance.interval)
    assert narrow.pairs[0].dominance.interval.confidence_level == 0.9


def test_without_pairs_everything_else_is_the_same(survey):
    tiers = survey["TIER"].astype(pd.CategoricalDtype(ordered=True))
    with_pairs, without = (items_by_tier(survey[["LOY", "SAT1"]], tiers, pairs=p) for p in (True, False))
    assert all(item.pairs for item in with_pairs.items)
    alike = tuple(dataclasses.replace(item, pairs=()) for item in with_pairs.items)
    assert dataclasses.replace(with_pairs, items=alike) == without
