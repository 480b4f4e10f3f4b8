import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from analysis.exploratory.rotation import geomin_criterion, oblimin_criterion, rotate, varimax_criterion


def square(numbers, name):
    cells = {
        tuple(map(int, q.split()[1:])): value for q, value in numbers.items() if q.startswith(f"{name} ")
    }
    found = np.empty(max(cells))
    for (row, column), value in cells.items():
        found[row - 1, column - 1] = value
    return found


def aligned(loadings, correlations, wanted):
    """Columns in the order and with the signs of the wanted loadings."""
    inner = loadings.T @ wanted
    lengths = np.outer(np.linalg.norm(loadings, axis=0), np.linalg.norm(wanted, axis=0))
    _, order = linear_sum_assignment(-np.abs(inner / lengths).T)
    signs = np.sign(inner[order, range(len(order))])
    return loadings[:, order] * signs, correlations[np.ix_(order, order)] * np.outer(signs, signs)


CASES = {
    "quartimin": {"method": "oblimin"},
    "quartimin kaiser": {"method": "oblimin", "kaiser": True},
    "oblimin gamma": {"method": "oblimin", "gamma": -1.0},
    "geomin": {"method": "geomin"},
    "varimax": {"method": "varimax", "kaiser": False},
    "varimax kaiser": {"method": "varimax", "kaiser": True},
    "varimax stats": {"method": "varimax"},
    "promax": {"method": "promax"},
}


@pytest.mark.parametrize("data", ["bfi", "bank"])
@pytest.mark.parametrize("case", CASES)
def test_rotations_equal_gparotation_and_stats(case, data, computed_by_r):
    unrotated = square(computed_by_r("rotation", data), "unrotated")
    wanted = computed_by_r("rotation", f"{data} {case}")
    found = rotate(unrotated, **CASES[case])
    assert found.state == "ok"
    loadings, phi = aligned(found.loadings, found.correlations, square(wanted, "loading"))
    # Rotations stop when the gradient is small, GPArotation here at 1e-7: loadings agree to about that.
    assert loadings == pytest.approx(square(wanted, "loading"), abs=2e-6)
    assert phi == pytest.approx(square(wanted, "phi"), abs=2e-6)


@pytest.mark.parametrize(
    "criterion", [varimax_criterion, oblimin_criterion(0.0), oblimin_criterion(-0.5), geomin_criterion(0.01)]
)
def test_gradients_are_the_slopes_of_their_criteria(criterion):
    loadings = np.random.default_rng(5).normal(size=(6, 3))
    _, gradient = criterion(loadings)
    for index in np.ndindex(6, 3):
        step = np.zeros((6, 3))
        step[index] = 1e-6
        slope = (criterion(loadings + step)[0] - criterion(loadings - step)[0]) / 2e-6
        assert gradient[index] == pytest.approx(slope, rel=1e-6, abs=1e-8)


PERFECT = np.array([[0.8, 0], [0.7, 0], [0.6, 0], [0, 0.7], [0, 0.6], [0, 0.5]])


@pytest.mark.parametrize("method", ["varimax", "promax", "oblimin", "geomin"])
def test_perfect_simple_structure_is_found_again(method):
    angle = 0.5
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = rotate(PERFECT @ turn, method=method)
    loadings, phi = aligned(found.loadings, found.correlations, PERFECT)
    # Geomin's delta biases it a little away from exact zeros.
    assert loadings == pytest.approx(PERFECT, abs=0.01 if method == "geomin" else 1e-7)
    assert phi == pytest.approx(np.eye(2), abs=0.02 if method == "geomin" else 1e-7)


@pytest.mark.parametrize("method", ["varimax", "promax", "oblimin", "geomin"])
@pytest.mark.parametrize("kaiser", [False, True])
def test_rotation_keeps_what_the_factors_explain(method, kaiser):
    unrotated = np.random.default_rng(2).normal(size=(9, 3)) * 0.4
    found = rotate(unrotated, method=method, kaiser=kaiser)
    assert found.loadings @ found.correlations @ found.loadings.T == pytest.approx(
        unrotated @ unrotated.T, abs=1e-9
    )
    assert found.loadings @ found.transformation.T == pytest.approx(unrotated, abs=1e-9)
    assert np.diag(found.correlations) == pytest.approx(np.ones(3), abs=1e-12)


def test_random_starts_find_a_minimum_at_least_as_low_and_are_repeatable():
    unrotated = np.random.default_rng(11).normal(size=(12, 4)) * 0.5
    single = rotate(unrotated, method="geomin")
    many = rotate(unrotated, method="geomin", random_starts=30, rng=np.random.default_rng(1))
    again = rotate(unrotated, method="geomin", random_starts=30, rng=np.random.default_rng(1))
    assert many.criterion <= single.criterion + 1e-12
    assert many.starts == 31
    assert 1 <= many.starts_at_minimum <= many.starts_converged
    assert np.array_equal(many.loadings, again.loadings)


def test_one_factor_is_not_rotated():
    found = rotate(PERFECT[:, :1], method="oblimin")
    assert found.method == "none"
    assert np.array_equal(found.loadings, PERFECT[:, :1])


def test_a_rotation_cut_short_says_so():
    found = rotate(np.random.default_rng(3).normal(size=(9, 3)), method="geomin", max_iterations=2)
    assert found.state == "not_converged"
    assert "still moved after 2 iterations" in found.reason


def test_wrong_words_and_missing_seeds_are_refused():
    with pytest.raises(ValueError, match="it can be none, varimax, promax, oblimin or geomin"):
        rotate(PERFECT, method="equamax")
    with pytest.raises(ValueError, match="random starts need rng"):
        rotate(PERFECT, method="geomin", random_starts=5)


def test_a_start_on_a_saddle_is_left():
    # One general and one bipolar factor of equal items: the slope is zero here, the minimum is elsewhere.
    general = np.column_stack([np.full(6, 0.6), np.repeat([0.3, -0.3], 3)])
    found = rotate(general, method="oblimin")
    assert found.criterion == pytest.approx(0, abs=1e-12)
    assert abs(found.correlations[0, 1]) == pytest.approx((0.6**2 - 0.3**2) / (0.6**2 + 0.3**2), abs=1e-6)
