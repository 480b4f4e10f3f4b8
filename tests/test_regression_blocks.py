import numpy as np
import pandas as pd
import pytest

from analysis.drivers import added_value
from analysis.regression_blocks import influence, regression_blocks


@pytest.fixture(params=["small", "bank"])
def study(request, computed_by_r):
    if request.param == "small":
        data, names = request.getfixturevalue("survey"), ("LOY", ["SEX", "SAT1"], ["SAT2", "SAT3"])
        branches = 9
    else:
        folder = request.getfixturevalue("shared_data")
        data = pd.read_csv(folder / "bank" / "plspm_satisfaction.csv")
        names, branches = ("sat1", ["imag1", "expe1"], ["qual1", "val1", "val2"]), 25
    y, first, second = names
    used = data[[y, *first, *second]].dropna()  # R gives branches before it drops respondents, as we do
    branch = pd.Series(np.arange(len(data)) % branches, name="BRANCH")
    return used, data, y, first, second, branch, computed_by_r("regression_blocks", request.param)


@pytest.mark.parametrize("errors", ["hc3", "clustered"])
def test_blocks_equal_r(errors, study):
    _, data, y, first, second, branch, expected = study
    clusters = branch if errors == "clustered" else None
    result = regression_blocks(
        data[y], data[first + second], {"one": first, "two": second}, clusters=clusters
    )
    one, two = result.blocks
    assert (result.errors, result.n, result.n + result.n_missing) == (errors, expected["n"], len(data))
    assert one.r_squared == pytest.approx(expected["r2_first"], rel=1e-9)
    assert two.r_squared == pytest.approx(expected["r2"], rel=1e-9)
    assert two.change == pytest.approx(expected["r2"] - expected["r2_first"], rel=1e-8)
    assert two.adjusted_r_squared == pytest.approx(expected["adjusted"], rel=1e-9)
    assert two.statistic == pytest.approx(expected["F"], rel=1e-9)
    assert two.p_value == pytest.approx(expected["p"], rel=1e-8)
    assert two.robust_statistic == pytest.approx(expected[f"{errors}_wald"], rel=1e-9)
    for i, name in enumerate(two.equation.terms, 1):
        found = two.equation.coefficient(name)
        assert found.estimate == pytest.approx(expected[f"estimate {i}"], rel=1e-9)
        assert found.std_error == pytest.approx(expected[f"{errors} {i}"], rel=1e-9)
    for i, (_, vif) in enumerate(two.vif, 1):
        assert vif == pytest.approx(expected[f"vif {i}"], rel=1e-9)


def test_influence_equals_r(study):
    used, data, y, first, second, _, expected = study
    found = influence(data[y], data[first + second])
    assert found.respondents == tuple(used.index)
    for i in (1, 7, 20, len(used)):
        assert found.hat[i - 1] == pytest.approx(expected[f"hat {i}"], rel=1e-9)
        assert found.studentized[i - 1] == pytest.approx(expected[f"student {i}"], rel=1e-9)
        assert found.cooks_distance[i - 1] == pytest.approx(expected[f"cook {i}"], rel=1e-8)
        for j in range(len(found.terms)):
            assert found.dfbetas[i - 1, j] == pytest.approx(expected[f"dfbetas {i} {j + 1}"], rel=1e-8)
    assert found.hat.sum() == pytest.approx(len(found.terms))
    assert len(found.to_frame()) == found.n


def made(n=60, seed=2):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(n, 3)), columns=["A", "B", "C"])
    return (x["A"] + rng.normal(size=n)).rename("Y"), x


def test_the_change_is_that_of_added_value_and_changes_add_up():
    y, x = made()
    result = regression_blocks(y, x, {"one": ["A"], "two": ["B", "C"]})
    other = added_value(y, x[["A"]], x[["B", "C"]])
    assert result.blocks[1].statistic == pytest.approx(other.statistic, rel=1e-9)
    assert sum(block.change for block in result.blocks) == pytest.approx(result.blocks[-1].r_squared)


def test_with_classical_errors_the_wald_test_is_the_f_test():
    y, x = made()
    for block in regression_blocks(y, x, {"one": ["A"], "two": ["B", "C"]}, errors="classical").blocks:
        assert block.robust_statistic == pytest.approx(block.statistic, rel=1e-9)
        assert block.robust_p_value == pytest.approx(block.p_value, rel=1e-9)


def test_influence_is_what_leaving_out_does():
    y, x = made(20)
    everybody = np.linalg.lstsq(np.column_stack([np.ones(20), x]), y, rcond=None)[0]
    without = np.linalg.lstsq(np.column_stack([np.ones(19), x[1:]]), y[1:], rcond=None)[0]
    design = np.column_stack([np.ones(20), x])
    moved = design @ (everybody - without)
    variance = ((y - design @ everybody) ** 2).sum() / 16
    assert influence(y, x).cooks_distance[0] == pytest.approx(moved @ moved / (4 * variance), rel=1e-9)


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (lambda y, x: (y[:5], x[:5]), "too_few", "5 respondents with all variables for 3"),
        (lambda y, x: (y * 0, x), "constant", "does not vary"),
        (lambda y, x: (y, x.assign(C=x["A"] + x["B"])), "inadmissible", "exact combinations of others"),
        (lambda y, x: (x["A"] - x["B"], x), "inadmissible", "the outcome is an exact combination"),
        (lambda y, x: (y, x.assign(C=[1.0] + [0.0] * 59)), "inadmissible", "one respondent alone"),
    ],
)
def test_what_cannot_be_fitted_says_why(change, state, words):
    y, x = change(*made())
    for result in (regression_blocks(y, x, {"one": ["A"], "two": ["B", "C"]}), influence(y, x)):
        assert result.state == state
        assert words in result.reason
        assert result.to_frame()["state"].tolist() == [state]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({"one": ["A"], "two": ["Z"]}, "blocks name Z; predictors have A, B, C"),
        ({"one": ["A"], "two": ["A"]}, "in two blocks: \\['A'\\]"),
        ({"one": ["A"], "two": []}, "without any: \\['two'\\]"),
    ],
)
def test_blocks_that_were_not_meant_are_refused(blocks, words):
    with pytest.raises(ValueError, match=words):
        regression_blocks(*made(), blocks)


def test_entries_tell_every_block_and_the_last_coefficients():
    y, x = made()
    frame = regression_blocks(y, x, {"one": ["A"], "two": ["B", "C"]}).to_frame()
    assert frame["measure"].tolist() == ["change_in_r_squared", "robust_wald"] * 2 + ["coefficient"] * 4
    assert frame["predictor"].dropna().tolist() == ["intercept", "A", "B", "C"]
