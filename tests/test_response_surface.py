import numpy as np
import pandas as pd
import pytest

from analysis.response_surface import response_surface


@pytest.mark.parametrize("errors", ["classical", "hc3", "clustered"])
@pytest.mark.parametrize("case", ["small", "bank"])
def test_everything_equals_r(case, errors, request, computed_by_r):
    if case == "small":
        data, names, center = request.getfixturevalue("survey"), ["SAT1", "SAT2", "LOY"], 3.0
    else:
        folder = request.getfixturevalue("shared_data")
        data = pd.read_csv(folder / "bank" / "plspm_satisfaction.csv")
        names, center = ["expe1", "qual1", "sat1"], 5.5
    branch = pd.Series(np.arange(len(data)) % 12, name="BRANCH") if errors == "clustered" else None
    found = response_surface(*(data[name] for name in names), center=center, errors=errors, clusters=branch)
    expected = computed_by_r("response_surface", case)
    assert (found.n, found.n + found.n_missing) == (expected["n"], len(data))
    for i, estimate in enumerate(found.equation.estimates, 1):
        assert estimate == pytest.approx(expected[f"estimate {i}"], rel=1e-9)
    assert len(found.shape) == 7
    for number in found.shape:
        assert number.estimate == pytest.approx(expected[f"{errors} {number.term} estimate"], rel=1e-8)
        assert number.std_error == pytest.approx(expected[f"{errors} {number.term} std_error"], rel=1e-8)


def made(n=200, seed=1):
    rng = np.random.default_rng(seed)
    x, y = (pd.Series(rng.integers(1, 6, n).astype(float), name=name) for name in ("X", "Y"))
    z = 2 - (x - 4) ** 2 - (y - 2) ** 2 + 0.3 * (x - 4) * (y - 2) + 0.01 * rng.normal(size=n)
    return x, y, z.rename("Z")


def test_the_top_of_a_known_hill_is_found():
    found = response_surface(*made(), center=3)
    assert found.curvature == "maximum"
    assert found.of("stationary_first").estimate == pytest.approx(1, abs=0.01)
    assert found.of("stationary_second").estimate == pytest.approx(-1, abs=0.01)
    x, y, z = made()
    assert response_surface(x, y, -z, center=3).curvature == "minimum"
    assert response_surface(x, y, x * y + 0.01 * z, center=3).curvature == "saddle"
    exact = response_surface(x, y, (x * y).rename("Z"), center=3)
    assert (exact.state, exact.shape) == ("inadmissible", ())
    assert "exactly" in exact.reason


def test_exchanging_the_views_turns_only_the_slope_of_incongruence():
    x, y, z = made()
    one, other = response_surface(x, y, z, center=3), response_surface(y, x, z, center=3)
    for name, sign in (("a1", 1), ("a2", 1), ("a3", -1), ("a4", 1), ("a5", -1)):
        assert other.of(name).estimate == pytest.approx(sign * one.of(name).estimate, rel=1e-8)
        assert other.of(name).std_error == pytest.approx(one.of(name).std_error, rel=1e-8)


@pytest.mark.parametrize(
    ("x", "y", "state", "words"),
    [
        (lambda x: x[:7], lambda y: y, "too_few", "7 respondents for 6 coefficients"),
        (lambda x: x * 0, lambda y: y, "constant", "does not vary"),
        (lambda x: (x > 3).astype(float), lambda y: y, "inadmissible", "has no curve"),
    ],
)
def test_what_has_no_surface_says_why(x, y, state, words):
    first, second, outcome = made()
    found = response_surface(x(first).reindex(first.index), y(second), outcome, center=0)
    assert (found.state, found.shape, found.entries()[0].state) == (state, (), state)
    assert words in found.reason
