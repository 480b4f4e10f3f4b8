"""Items and regressions under a design against R's survey, on real customers of a credit institution."""

import numpy as np
import pandas as pd
import pytest

from analysis.agreement import weighted_kappa
from analysis.design.correlations import weighted_correlations
from analysis.design.design import survey_design
from analysis.design.replicates import jackknife
from analysis.exploratory.factorability import sampling_adequacy
from analysis.exploratory.factors import factor_analysis
from analysis.exploratory.number import eigenvalues
from analysis.item_correlations import pearson_correlations
from analysis.johnson_neyman import moderate
from analysis.least_squares import errors_of
from analysis.regression_blocks import regression_blocks
from analysis.reliability import cronbach_alpha
from analysis.response_surface import response_surface
from analysis.split_half import split_half

CASES = ["weights", "clusters", "jackknife"]
ITEMS = ["sat1", "sat2", "sat3", "sat4", "loy1", "loy2", "loy3", "loy4"]
SAT = ITEMS[:4]


def near(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


@pytest.fixture(scope="module")
def bank(shared_data):
    data = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(1, len(data) + 1)
    for j, item in enumerate(ITEMS, 1):
        data[item] = data[item].astype(float).mask((i * 13 + j * 7) % 37 == 0)
    return data.assign(W=1 + (i * 7) % 11 / 4, CLUSTER=i % 25, STRATUM=i % 25 % 3)


@pytest.fixture(scope="module")
def designs(bank):
    clusters = survey_design(bank["W"], strata=bank["STRATUM"], clusters=bank["CLUSTER"])
    return {"weights": survey_design(bank["W"]), "clusters": clusters, "jackknife": jackknife(clusters)}


@pytest.mark.parametrize("case", CASES)
def test_alpha_equals_svycralpha(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} alpha")
    alpha = cronbach_alpha(bank[SAT], construct="satisfaction", design=designs[case])
    assert alpha.estimate == near(expected["svycralpha"])
    assert alpha.n == expected["n"]
    assert alpha.df == expected["df"]
    assert alpha.std_error == near(expected["std_error"])
    interval = alpha.confidence_interval()
    assert (interval.low, interval.high) == (near(expected["low"]), near(expected["high"]))
    for i, item in enumerate(alpha.item_totals, 1):
        assert item.mean == near(expected[f"mean{i}"])
        assert item.sd == near(expected[f"sd{i}"])
        assert item.alpha_if_dropped == near(expected[f"dropped{i}"])
        assert item.corrected_r == near(expected[f"rest{i}"])


@pytest.mark.parametrize("case", CASES)
def test_correlations_equal_svyvar(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} correlations")
    found = pearson_correlations(bank[ITEMS], design=designs[case])
    assert found.n == expected["n"]
    assert found.n_for_tests is None
    for q in range(8):
        for p in range(q):
            assert found.matrix[p, q] == near(expected[f"r{p + 1}{q + 1}"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pair", [(1, 2), (1, 5), (4, 8)])
def test_errors_of_correlations_equal_survey(case, pair, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} pair {pair[0]} {pair[1]}")
    names = [ITEMS[place - 1] for place in pair]
    (found,) = weighted_correlations(bank[names], designs[case])
    assert found.estimate == near(expected["estimate"])
    assert found.std_error == near(expected["std_error"])
    assert found.df == expected["df"]
    assert found.interval.low == near(expected["low"])
    assert found.interval.high == near(expected["high"])
    pairwise = pearson_correlations(bank[names], missing="pairwise", design=designs[case])
    assert pairwise.matrix[0, 1] == near(expected["estimate"])
    assert pairwise.n == found.n


@pytest.mark.parametrize("case", CASES)
def test_factors_are_those_of_weighted_correlations(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} factors")
    correlations = pearson_correlations(bank[ITEMS], design=designs[case])
    analysis = factor_analysis(correlations, n_factors=1)
    for i, loading in enumerate(analysis.pattern[:, 0], 1):
        assert loading == near(expected[f"loading{i}"], 1e-5)  # psych ends its optimiser at 1e-5
    assert analysis.n == correlations.n
    assert sampling_adequacy(correlations).estimate == near(expected["kmo"])
    assert eigenvalues(correlations)[0] == near(expected["eigenvalue"])


@pytest.mark.parametrize("case", CASES)
def test_split_halves_are_those_of_weighted_correlations(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} halves")
    found = split_half(bank[SAT], construct="satisfaction", design=designs[case])
    for quantity in ("lambda2", "lambda3", "lambda4", "lambda6", "worst", "mean"):
        assert getattr(found, quantity) == near(expected[quantity])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["quadratic", "linear"])
def test_kappa_equals_survey(case, kind, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} kappa {kind}")
    one, two = (np.ceil((bank[item] - 4) / 2).clip(1, 3) for item in ("sat1", "loy1"))
    found = weighted_kappa(one, two, categories=[1, 2, 3], weights=kind, design=designs[case])
    assert found.n == expected["n"]
    assert found.estimate == near(expected["estimate"])
    assert found.std_error == near(expected["std_error"], 1e-8)  # R's slopes are numerical
    assert (found.interval.low, found.interval.high) == near((expected["low"], expected["high"]), 1e-8)


def test_weighted_correlations_are_not_tested_as_a_simple_random_sample(bank, designs):
    plain = factor_analysis(pearson_correlations(bank[ITEMS]), n_factors=1)
    weighted = factor_analysis(pearson_correlations(bank[ITEMS], design=designs["weights"]), n_factors=1)
    assert plain.fit.statistic is not None
    assert weighted.fit.statistic is None
    assert 0 < weighted.fit.rmsr < 0.1


def coefficients_equal(equation, expected):
    assert equation.df == expected["df"]
    for i, term in enumerate(equation.terms, 1):
        found = equation.coefficient(term)
        assert found.estimate == near(expected[f"estimate{i}"])
        assert found.std_error == near(expected[f"std_error{i}"])
        assert found.interval.low == near(expected[f"low{i}"], 1e-8)
        assert found.interval.high == near(expected[f"high{i}"], 1e-8)


@pytest.mark.parametrize("case", CASES)
def test_moderation_equals_svyglm(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} moderation")
    found = moderate(
        bank["sat1"], bank["sat2"], bank["loy1"], covariates=bank[["sat3"]], at=[4, 8], design=designs[case]
    )
    assert found.n == expected["n"]
    assert found.errors == "design"
    order = ["intercept", "sat1", "sat2", "sat3", "sat1 x sat2"]
    for i, term in enumerate(order, 1):
        assert found.equation.coefficient(term).estimate == near(expected[f"estimate{i}"])
        assert found.equation.coefficient(term).std_error == near(expected[f"std_error{i}"])
        assert found.equation.coefficient(term).interval.low == near(expected[f"low{i}"], 1e-8)
    assert found.equation.df == expected["df"]
    for slope in found.slopes:
        assert slope.slope.estimate == near(expected[f"slope{slope.at:g}"])
        assert slope.slope.std_error == near(expected[f"slope_error{slope.at:g}"])


@pytest.mark.parametrize("case", CASES)
def test_blocks_equal_regtermtest(case, bank, designs, computed_by_r):
    blocks = {"first": ["sat1"], "second": ["sat2", "sat3"]}
    found = regression_blocks(bank["loy1"], bank[SAT], blocks, design=designs[case])
    for block in found.blocks:
        expected = computed_by_r("design_items", f"{case} block {block.name}")
        # R drops the rows that lack a variable of the last block; so do blocks
        coefficients_equal(block.equation, expected)
        assert block.robust_statistic == near(expected["statistic"])
        assert block.robust_df == (expected["df1"], expected["df2"])
        assert block.robust_p_value == near(expected["p_value"], 1e-7)
        assert block.r_squared == near(expected["r_squared"])
        assert block.change == near(expected["change"])
        assert block.statistic is None
        assert block.p_value is None


@pytest.mark.parametrize("case", CASES)
def test_response_surfaces_equal_svyglm(case, bank, designs, computed_by_r):
    expected = computed_by_r("design_items", f"{case} surface")
    # the reference is of who also answered sat3
    known = bank["sat3"].notna().to_numpy()
    found = response_surface(
        bank["sat1"], bank["sat2"], bank["loy1"].where(known), center=5.5, design=designs[case]
    )
    coefficients_equal(found.equation, expected)
    for line in ("a1", "a2", "a3", "a4", "a5"):
        assert found.of(line).estimate == near(expected[line])
        assert found.of(line).std_error == near(expected[f"{line}_error"])


def test_equal_weights_give_the_estimates_of_no_weights(bank):
    equal = survey_design(np.full(len(bank), 3.0))
    for plain, weighted in (
        (cronbach_alpha(bank[SAT], construct="s"), cronbach_alpha(bank[SAT], construct="s", design=equal)),
        (split_half(bank[SAT], construct="s"), split_half(bank[SAT], construct="s", design=equal)),
    ):
        for name in ("n", "n_missing"):
            assert getattr(plain, name) == getattr(weighted, name)
    assert weighted.lambda4 == near(plain.lambda4)
    assert pearson_correlations(bank[ITEMS], design=equal).matrix == near(
        pearson_correlations(bank[ITEMS]).matrix
    )


def test_rows_of_no_weight_are_outside(bank):
    weights = bank["W"].where(bank["gender"] == "male", 0.0)
    men = (bank["gender"] == "male").to_numpy()
    within = survey_design(bank["W"]).within(men)
    one, other = (
        cronbach_alpha(bank[SAT], construct="s", design=design) for design in (survey_design(weights), within)
    )
    assert one == other
    assert one.n == int(bank.loc[men, SAT].notna().all(axis="columns").sum())
    assert one.estimate == near(
        cronbach_alpha(bank.loc[men, SAT], construct="s", design=survey_design(weights[men])).estimate
    )


def test_too_few_clusters_have_no_error():
    items = pd.DataFrame({"A": [1.0, 2, 3, 4, 5], "B": [2.0, 1, 3, 5, 4]})
    design = survey_design(np.ones(5), clusters=[1, 1, 1, 1, 1], lonely="certainty")
    alpha = cronbach_alpha(items, construct="s", design=design)
    assert alpha.state == "too_few"
    assert alpha.std_error is None
    assert alpha.confidence_interval() is None
    assert alpha.estimate is not None


def test_items_without_a_correlation_say_why():
    items = pd.DataFrame(
        {"A": [1.0, 2, 3, 4], "B": [2.0, 2, 2, 2], "C": [None, None, None, 3.0], "D": [2.0, 4, 6, 8]}
    )
    found = {
        (e.about["first"], e.about["second"]): e
        for e in weighted_correlations(items, survey_design(np.ones(4)))
    }
    assert found["A", "B"].state == "constant"
    assert found["A", "C"].estimate is None
    assert found["A", "D"].state == "inadmissible"
    assert all(e.interval is None for e in found.values())


def test_a_design_comes_with_its_own_errors_and_counts(bank, designs):
    with pytest.raises(ValueError, match="a design has its own errors"):
        moderate(bank["sat1"], bank["sat2"], bank["loy1"], errors="hc3", design=designs["weights"])
    with pytest.raises(ValueError, match="needs a design"):
        errors_of("design", clusters=None, design=None)
    with pytest.raises(ValueError, match=r"survey_design\(counts"):
        cronbach_alpha(bank[SAT], construct="s", counts=np.ones(len(bank)), design=designs["weights"])
    with pytest.raises(ValueError, match="for a design of 250 rows"):
        pearson_correlations(bank[SAT].iloc[:9], design=designs["weights"])
