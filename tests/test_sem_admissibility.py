"""A gallery of inputs that have no answer: each gives its typed state or error, none a number that looks fine."""

import numpy as np
import pandas as pd
import pytest

from analysis.sem.comparison import compare
from analysis.sem.defined import defined, monte_carlo_interval
from analysis.sem.errors import ModelError
from analysis.sem.fit import fit
from analysis.sem.model import Model
from analysis.sem.modification import equality_releases, modification_indices
from analysis.sem.residuals import residuals
from analysis.sem.scores import factor_scores
from analysis.sem.standardized import r_squared, standardized

TWO = "F =~ a + b + c\nG =~ d + e + f"


def items(n=200):
    """Six items of two constructs."""
    rng = np.random.default_rng(1)
    trait = rng.normal(size=(n, 2)) @ np.array([[1, 0.5], [0, 0.866]])
    answers = 0.8 * np.repeat(trait, 3, axis=1) + 0.6 * rng.normal(size=(n, 6))
    return pd.DataFrame(answers, columns=list("abcdef"))


def exactly(correlation, n=100):
    """Answers whose correlations are exactly these."""
    k = len(correlation)
    noise = np.random.default_rng(2).normal(size=(n, k))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(noise.T @ noise / n)).T
    answers = white @ np.linalg.cholesky(np.array(correlation)).T
    return pd.DataFrame(answers, columns=list("abcdef")[:k])


GOOD = items()
TIER = pd.Series(np.where(np.arange(200) % 2, "gold", "silver"))
GOLD, SOME = TIER == "gold", pd.Series(np.arange(200) % 5 > 0)
ONE_TRAIT = [[1 if i == j else 0.5 for j in range(6)] for i in range(6)]
# Two constructs that correlate more between than within: beyond one.
CROSSED = [[1 if i == j else 0.4 if (i < 3) == (j < 3) else 0.45 for j in range(6)] for i in range(6)]
# Three constructs whose pairs correlate as 0.9, 0.9 and 0.3: no three variables can.
IMPOSSIBLE = [
    [
        1 if i == j else 0.5 if i // 2 == j // 2 else 0.15 if {i // 2, j // 2} == {1, 2} else 0.45
        for j in range(6)
    ]
    for i in range(6)
]
THREE = "F =~ a + b\nG =~ c + d\nH =~ e + f"

GALLERY = {
    "constant item": (TWO, GOOD.assign(a=3.0), {}, "constant_item", "all answers are the same: a"),
    "constant in one tier": (
        TWO,
        GOOD.assign(a=GOOD["a"].where(GOLD, 2.0), tier=TIER),
        {"group": "tier"},
        "constant_item",
        "in silver are the same: a",
    ),
    "constant where answered": (
        TWO,
        GOOD.assign(a=np.where(SOME, 2.0, np.nan)),
        {"missing": "fiml"},
        "constant_item",
        "are the same: a",
    ),
    "duplicate item": (TWO, GOOD.assign(b=GOOD["a"]), {}, "perfectly_correlated", "a and b. Leave one"),
    "duplicate item, robust": (
        TWO,
        GOOD.assign(b=GOOD["a"]),
        {"estimator": "MLR"},
        "perfectly_correlated",
        "a and b",
    ),
    "reversed copy": (TWO, GOOD.assign(b=7 - GOOD["a"]), {}, "perfectly_correlated", "a and b"),
    "duplicate where answered": (
        TWO,
        GOOD.assign(b=GOOD["a"].where(SOME)),
        {"missing": "fiml"},
        "perfectly_correlated",
        "a and b",
    ),
    "sum of items": (
        TWO,
        GOOD.assign(f=GOOD["a"] + GOOD["b"]),
        {},
        "not_positive_definite",
        "exact sums of others",
    ),
    "two items": ("F =~ a + b", GOOD, {}, "not_identified", "4 free parameters and the data only 3 moments"),
    "fewer respondents than items": (TWO, GOOD.iloc[:5], {}, "too_few", "only 5 respondents for 6 items"),
    "as many respondents as items": (TWO, GOOD.iloc[:6], {}, "too_few", "more than 6 are needed"),
    "fewer respondents than parameters": (
        TWO,
        GOOD.iloc[:12],
        {},
        "too_few",
        "12 respondents for 13 free parameters",
    ),
    "one respondent": (TWO, GOOD.iloc[:1], {}, "too_few", "only 1 respondent for 6 items"),
    "nobody": (TWO, GOOD.iloc[:0], {}, "too_few", "nobody answered every item"),
    "one respondent per tier": (
        TWO,
        GOOD.iloc[:2].assign(tier=["gold", "silver"]),
        {"group": "tier"},
        "too_few",
        "only 1 respondent in gold",
    ),
    "one respondent in one tier": (
        TWO,
        GOOD.assign(tier=["gold"] + ["silver"] * 199),
        {"group": "tier"},
        "too_few",
        "only 1 respondent in gold",
    ),
    "empty tier": (
        TWO,
        GOOD.assign(tier=pd.Categorical(TIER, categories=["gold", "silver", "basic"])),
        {"group": "tier"},
        "empty_group",
        "nobody in basic",
    ),
    "tier without answers": (
        TWO,
        GOOD.where(GOLD).assign(tier=TIER),
        {"group": "tier"},
        "empty_group",
        "nobody in silver",
    ),
    "tier without weight": (
        TWO,
        GOOD.assign(tier=TIER, w=GOLD.astype(float)),
        {"group": "tier", "weights": "w"},
        "empty_group",
        "nobody in silver",
    ),
    "all missing": (TWO, GOOD * np.nan, {}, "too_few", "nobody answered every item"),
    "all missing, full information": (TWO, GOOD * np.nan, {"missing": "fiml"}, "too_few", "nobody"),
    "item nobody answered": (
        TWO,
        GOOD.assign(a=np.nan),
        {"missing": "fiml"},
        "all_missing",
        "nobody answered a",
    ),
    "items never answered together": (
        TWO,
        GOOD.assign(a=GOOD["a"].where(GOLD), b=GOOD["b"].where(~GOLD)),
        {"missing": "fiml"},
        "too_few",
        "answered together by fewer than 3: a and b",
    ),
    "item four answered": (
        TWO,
        GOOD.assign(a=GOOD["a"].where(pd.Series(np.arange(200) >= 196))),
        {"missing": "fiml"},
        "not_positive_definite",
        "answered by too few",
    ),
    "no scale": (
        "F =~ NA*a + b + c\nG =~ d + e + f",
        GOOD,
        {},
        "singular_information",
        "tell the parameters",
    ),
    "two constructs of the same items": (
        "F =~ a + b + c + d + e + f\nG =~ a + b + c + d + e + f",
        GOOD,
        {},
        "singular_information",
        "information matrix is singular",
    ),
    "feedback without instruments": ("a ~ b\nb ~ a", GOOD, {}, "not_identified", "4 free parameters"),
    "Heywood case": (
        "F =~ a + b + c",
        exactly([[1, 0.8, 0.7], [0.8, 1, 0.4], [0.7, 0.4, 1]]),
        {},
        "negative_variance",
        "negative variance (a Heywood case): a",
    ),
    "constructs correlate beyond one": (
        TWO,
        exactly(CROSSED),
        {},
        "correlation_beyond_one",
        "correlation beyond one: F with G",
    ),
    "constructs that cannot covary so": (
        THREE,
        exactly(IMPOSSIBLE),
        {},
        "not_positive_definite",
        "covariance matrix of the constructs is not positive definite",
    ),
    "items that agree in nothing": (
        "F =~ a + b + c",
        exactly([[1, -0.3, -0.3], [-0.3, 1, -0.3], [-0.3, -0.3, 1]]),
        {},
        "not_converged",
        "did not converge",
    ),
    "too large to be squared": (
        TWO,
        GOOD.assign(a=GOOD["a"] * 1e160),
        {},
        "not_positive_definite",
        "too large to be squared: a",
    ),
    "one respondent over and over": (
        TWO,
        pd.concat([GOOD.iloc[:1]] * 50),
        {},
        "constant_item",
        "the same: a, b, c, d, e, f",
    ),
    "one weight": (
        TWO,
        GOOD.assign(w=(np.arange(200) == 3).astype(float)),
        {"weights": "w"},
        "too_few",
        "only 1 respondent",
    ),
    "counts of nobody": (TWO, GOOD.assign(times=0), {"counts": "times"}, "too_few", "nobody answered"),
    "bifactor of too little": (
        Model.from_constructs({"G": list("abc"), "H": list("def")}, general="F"),
        GOOD,
        {},
        {"not_converged", "singular_information", "negative_variance"},
        "",
    ),
    "second order of two": (
        Model.from_constructs({"G": list("abc"), "H": list("def")}, second_order="F"),
        GOOD,
        {},
        "singular_information",
        "cannot tell the parameters apart",
    ),
    "restrictions that exclude each other": (
        "F =~ a + p*b + q*c\np > 5\np < 1",
        GOOD,
        {},
        "not_converged",
        "within the restrictions",
    ),
    "one cluster": (
        TWO,
        GOOD.assign(branch=1),
        {"cluster": "branch"},
        "too_few",
        "all respondents are of 1 cluster",
    ),
    "nothing but noise": (
        TWO,
        pd.DataFrame(np.random.default_rng(9).normal(size=(60, 6)), columns=list("abcdef")),
        {},
        {"not_converged", "negative_variance", "correlation_beyond_one", "singular_information"},
        "",
    ),
}


@pytest.mark.parametrize("name", GALLERY)
def test_no_number_pretends(name):
    model, data, options, state, words = GALLERY[name]
    result = fit(model, data, **options)
    assert result.state in ({state} if isinstance(state, str) else state)
    assert words in result.reason
    assert result.test is None
    assert result.baseline is None
    assert result.indices is None
    assert not standardized(result).estimates
    assert not r_squared(result)
    assert not defined(result).estimates
    assert not modification_indices(result).modifications
    assert not equality_releases(result)
    assert not residuals(result).residuals
    with pytest.raises(ModelError, match="cannot be relied on"):
        factor_scores(result, data)
    entries = (*result.entries(), *standardized(result).entries(), *residuals(result).entries())
    assert {entry.state for entry in entries} <= {"too_few", "constant", "not_converged", "inadmissible"}
    assert all(entry.reason for entry in entries)
    assert result.to_frame()["reason"].notna().all()


def test_only_inadmissible_estimates_are_shown():
    shown = {name for name, (m, d, o, *_) in GALLERY.items() if fit(m, d, **o).estimates()}
    assert shown <= {
        "Heywood case",
        "constructs correlate beyond one",
        "constructs that cannot covary so",
        "nothing but noise",
        "bifactor of too little",
    }


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("F =~ a + b + z", {}, "no column 'z'"),
        (TWO, {"group": "tier"}, "no column 'tier'"),
        (TWO, {"estimator": "DWLS"}, "The estimator 'DWLS' is not known"),
        (TWO, {"estimator": "GLS", "missing": "fiml"}, "GLS needs complete answers"),
        (TWO, {"group_equal": ("loading",)}, "group_equal has loading. Known are loadings"),
        (TWO, {"group": "side", "group_partial": ("F =~ q",)}, "group_partial has F=~q"),
        ("F =~ c(1, 2, 3)*a + b + c", {"group": "side"}, "3 modifiers for 2 groups"),
        ("F =~ a + p*b + q*c\np == 1\np == 2", {}, "contradict each other"),
        (TWO, {"mean_structure": False, "missing": "fiml"}, "means are estimated too"),
        ("F =~ a + b + word", {}, "'word' is not numeric"),
        ("F =~ a + b + endless", {}, "endless has infinite values"),
        (TWO, {"weights": "minus"}, "must be numbers of at least 0"),
        (TWO, {"weights": "nought"}, "not all 0"),
        (TWO, {"counts": "side_weight"}, "must be whole numbers"),
        (TWO, {"cluster": "hole"}, "40 respondents have no cluster in 'hole'"),
        (TWO, {"group": "empty"}, "Nobody has a group: the column 'empty' is empty"),
        ("F =~ a + b + day", {}, "'day' is not numeric"),
        (TWO, {"weights": "side_weight", "estimator": "GLS"}, "GLS takes neither weights nor clusters"),
    ],
)
def test_what_cannot_be_asked_says_what_to_do(model, options, words):
    holes = GOOD.assign(a=GOOD["a"].where(SOME)) if options.get("missing") == "fiml" else GOOD
    data = holes.assign(side=np.where(GOLD, "l", "r"), word="x", endless=np.inf, minus=-1.0, side_weight=1.5)
    data = data.assign(
        nought=0.0, hole=SOME.where(SOME).astype(float), empty=np.nan, day=pd.Timestamp("2026-01-01")
    )
    with pytest.raises(ModelError, match=words.replace("(", r"\(")):
        fit(model, data, **options)


@pytest.mark.parametrize(
    ("n_clusters", "kinds"),
    [
        (30, []),
        (15, ["few_clusters"]),
        (12, ["clusters_below_parameters", "few_clusters"]),
        (2, ["clusters_below_parameters", "few_clusters"]),
    ],
)
def test_few_clusters_leave_errors_with_a_caution(n_clusters, kinds):
    result = fit(TWO, GOOD.assign(branch=np.arange(200) % n_clusters), cluster="branch")
    assert (result.state, result.n_parameters) == ("ok", 13)
    assert all(one.std_error for one in result.estimates() if one.parameter.free is not None)
    assert [caution.kind for caution in result.cautions] == kinds
    if "clusters_below_parameters" in kinds:
        assert f"joint tests of more than {n_clusters - 1} parameters are undefined" in result.caution
        assert np.linalg.matrix_rank(result.uncertainty.meat) == n_clusters - 1
    assert {entry.reason for entry in result.entries() if entry.std_error} == {result.caution}
    assert {entry.state for entry in result.entries()} == {"ok"}


def test_columns_of_one_name_are_told():
    twice = pd.concat([GOOD, GOOD[["a"]]], axis="columns")
    with pytest.raises(ModelError, match="Several columns are called 'a'"):
        fit(TWO, twice)


def test_the_gallery_is_large():
    assert len(GALLERY) >= 38


def test_differences_of_models_that_cannot_be_relied_on_have_no_number():
    free = fit(TWO, GOOD)
    heywood = exactly(CROSSED)
    broken = compare(fit("F =~ a + b + c + d + e + f", heywood), fit(TWO, heywood))
    assert (broken.state, broken.statistic, broken.p_value) == ("inadmissible", None, None)
    with pytest.raises(ModelError, match="more degrees of freedom first"):
        compare(free, fit("F =~ a + b + c + d + e + f", GOOD))
    with pytest.raises(ModelError, match="not to the same answers"):
        compare(fit("F =~ a + b + c + d + e + f", GOOD.iloc[:150]), free)
    with pytest.raises(ModelError, match="Use one for both"):
        compare(fit("F =~ a + b + c + d + e + f", GOOD, estimator="MLR"), free)
    with pytest.raises(ModelError, match="scales the test of robust fits"):
        compare(fit("F =~ a + b + c + d + e + f", GOOD), free, method="satorra-2000")


def test_a_better_fitting_restricted_model_is_not_nested():
    first = fit("F =~ a + b + c\nG =~ d + e + f", GOOD)
    other = fit("F =~ a + b + d\nG =~ c + e + f\na ~~ e", GOOD)
    found = compare(first, other)
    assert found.state in ("not_nested", "inadmissible")
    assert found.statistic is None


def test_a_standardised_loading_beyond_one_is_flagged():
    # b measures two constructs that correlate highly: admissible, yet no loading like others
    loadings = np.array([[0.8, 0], [1.4, -0.6], [0.8, 0], [0, 0.8], [0, 0.8], [0, 0.8]])
    factors = np.array([[1, 0.85], [0.85, 1]])
    implied = loadings @ factors @ loadings.T
    np.fill_diagonal(implied, 1.0)
    result = fit("F =~ a + b + c\nG =~ d + e + f + b", exactly(implied.tolist(), n=300))
    assert result.state == "ok"
    loading = standardized(result).estimate("F =~ b")
    assert loading.estimate == pytest.approx(1.4, rel=1e-6)
    assert "beyond one" in loading.suspicious
    flagged = [entry for entry in standardized(result).entries() if entry.state == "inadmissible"]
    assert [entry.about["parameter"] for entry in flagged] == ["F =~ b"]


def test_a_saturated_model_has_no_fit_to_speak_of():
    result = fit("F =~ a + b + c", GOOD)
    assert (result.state, result.df) == ("ok", 0)
    assert result.test.p_value is None
    assert (result.indices.plain.cfi, result.indices.plain.rmsea) == (None, None)


def test_an_interval_of_what_cannot_be_relied_on_is_none():
    result = fit("c ~ p*a\na ~ q*c\npq := p*q", GOOD)
    assert result.state == "not_identified"
    assert monte_carlo_interval(result, "pq", rng=np.random.default_rng(1)) is None


def test_units_do_not_matter():
    plain = fit(TWO, GOOD)
    for data in (
        GOOD.assign(a=GOOD["a"] * 1e6),
        GOOD.assign(a=GOOD["a"] * 1e-6),
        GOOD.assign(a=GOOD["a"] + 1e4),
    ):
        moved = fit(TWO, data)
        assert moved.state == "ok"
        assert moved.test.statistic == pytest.approx(plain.test.statistic, rel=1e-6)
