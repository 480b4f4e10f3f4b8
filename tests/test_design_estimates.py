import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.domain import by_domain, weight_contrast
from analysis.design.means import weighted_mean, weighted_means, weighted_variance
from analysis.design.proportions import weighted_share, weighted_shares
from analysis.design.quantiles import weighted_quantiles
from analysis.design.ratios import weighted_ratio
from analysis.design.totals import weighted_total

CASES = ["weights", "strata", "clusters", "nested", "finite", "stages", "zero"]
same = lambda value: pytest.approx(value, rel=1e-9, abs=1e-12)  # noqa: E731


@pytest.fixture(scope="module")
def customers(reference):
    return reference("design_survey")


@pytest.fixture(scope="module")
def designs(customers):
    d, row = customers, np.arange(len(customers))
    two_stages = {
        "strata": d["REGION"],
        "clusters": [d["BRANCH"], row],
        "population_sizes": [d["BRANCHES"], d["CUSTOMERS"]],
    }
    clusters = {"strata": d["REGION"], "clusters": d["BRANCH"]}
    labels = {"strata": d["REGION"], "clusters": d["BRANCH_IN_REGION"], "cluster_labels": "within_strata"}
    return {
        "weights": survey_design(d["W"]),
        "strata": survey_design(d["W"], strata=d["REGION"]),
        "clusters": survey_design(d["W"], **clusters),
        "nested": survey_design(d["W"], **labels),
        "finite": survey_design(d["W"], **clusters, population_sizes=d["BRANCHES"]),
        "stages": survey_design(d["W"], **two_stages),
        "zero": survey_design(d["W_ZERO"], **two_stages),
    }


def equal(result, expected):
    for name in ("estimate", "std_error", "df"):
        if name in expected:
            assert getattr(result, name) == same(expected[name]), name
    for name in ("low", "high"):
        if name in expected:
            assert getattr(result.interval, name) == same(expected[name]), name


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["SAT", "LOY"])
def test_means_totals_and_design_effects_equal_survey(case, name, customers, designs, computed_by_r):
    expected = computed_by_r("design_estimates", f"{case} mean {name}")
    mean = weighted_mean(customers[name], designs[case])
    equal(mean, expected)
    assert mean.design_effect == same(expected["deff_replace"])
    assert mean.n == ((customers[name].notna()) & (designs[case].weights > 0)).sum()
    total = weighted_total(customers[name], designs[case])
    equal(total, computed_by_r("design_estimates", f"{case} total {name}"))


@pytest.mark.parametrize("case", CASES)
def test_ratio_variance_and_domains_equal_survey(case, customers, designs, computed_by_r):
    design, loyalty = designs[case], customers["LOY"]
    ratio = weighted_ratio(loyalty, customers["BALANCE"], design)
    equal(ratio, computed_by_r("design_estimates", f"{case} ratio"))
    equal(weighted_variance(loyalty, design), computed_by_r("design_estimates", f"{case} variance"))
    women = design.within(customers["SEX"] == 2)
    equal(weighted_mean(loyalty, women), computed_by_r("design_estimates", f"{case} domain"))
    equal(weighted_total(loyalty, women), computed_by_r("design_estimates", f"{case} domain total"))
    tiers = pd.Series(pd.Categorical(customers["TIER"]), name="TIER")
    by = by_domain(loyalty, tiers, design)
    expected = computed_by_r("design_estimates", f"{case} by")
    for i, mean in enumerate(by, 1):
        assert mean.estimate == same(expected[f"estimate{i}"])
        assert mean.std_error == same(expected[f"std_error{i}"])
    assert by.covariance[0, 1] == same(expected["covariance12"])
    assert by.covariance[2, 3] == same(expected["covariance34"])


@pytest.mark.parametrize("case", CASES)
def test_a_contrast_of_two_items_equals_survey(case, customers, designs, computed_by_r):
    both = customers[["SAT", "LOY"]].where(customers[["SAT", "LOY"]].notna().all(axis=1))
    means = weighted_means(both, designs[case])
    expected = computed_by_r("design_estimates", f"{case} pair")
    assert means.covariance[0, 1] == same(expected["covariance"])
    difference = means.contrast([1, -1])
    assert difference.estimate == same(expected["difference"])
    assert difference.std_error == same(expected["difference_error"])


@pytest.mark.parametrize("case", CASES)
def test_shares_and_their_intervals_equal_survey(case, customers, designs, computed_by_r):
    marks = (customers["LEAVES"] == 1).astype(float).where(customers["LEAVES"].notna())
    for method, name in {"logit": "logit", "beta": "beta", "arcsine": "asin", "wald": "mean"}.items():
        share = weighted_share(marks, designs[case], method=method)
        equal(share, computed_by_r("design_estimates", f"{case} share {name}"))
    expected = computed_by_r("design_estimates", f"{case} shares")
    for i, share in enumerate(weighted_shares(customers["SAT"], designs[case]), 1):
        assert share.estimate == same(expected[f"estimate{i}"])
        assert share.std_error == same(expected[f"std_error{i}"])


@pytest.mark.parametrize("case", CASES)
def test_quantiles_and_their_intervals_equal_survey(case, customers, designs, computed_by_r):
    for rule, r_rule in {"inverse": "math", "midpoint": "school"}.items():
        for scale, r_scale in {"wald": "mean", "beta": "beta", "logit": "xlogit"}.items():
            found = weighted_quantiles(
                customers["LOY"], designs[case], (0.25, 0.5, 0.9), rule=rule, scale=scale
            )
            for quantile in found:
                name = f"{case} quantile {r_rule} {r_scale} {quantile.about['probability']}"
                equal(quantile, computed_by_r("design_estimates", name))
    for quantile in weighted_quantiles(customers["SAT"], designs[case], (0.25, 0.5, 0.9)):
        name = f"{case} quantile ties {quantile.about['probability']}"
        equal(quantile, computed_by_r("design_estimates", name))


@pytest.mark.parametrize("lonely", ["certainty", "adjust", "average"])
def test_lonely_clusters_equal_survey(lonely, customers, computed_by_r):
    d, row = customers, np.arange(len(customers))
    one = survey_design(d["W"], strata=d["LONELY_STRATUM"], clusters=d["BRANCH"], lonely=lonely)
    equal(weighted_mean(d["LOY"], one), computed_by_r("design_estimates", f"lonely {lonely}"))
    two = survey_design(
        d["W"],
        strata=d["LONELY_STRATUM"],
        clusters=[d["BRANCH"], row],
        population_sizes=[d["BRANCHES"], d["CUSTOMERS"]],
        lonely=lonely,
    )
    equal(weighted_mean(d["LOY"], two), computed_by_r("design_estimates", f"lonely stages {lonely}"))


def test_r_has_two_words_for_certainty(computed_by_r):
    certain, removed = (
        computed_by_r("design_estimates", f"lonely {word}") for word in ("certainty", "remove")
    )
    assert certain == removed


@pytest.mark.parametrize("case", ["weights", "strata", "clusters"])
def test_one_vote_against_assets_equals_stacked_rows_in_survey(case, customers, designs, computed_by_r):
    expected = computed_by_r("design_estimates", f"{case} weight contrast")
    votes, assets, difference = weight_contrast(
        customers["LOY"], designs[case], customers["ASSETS"], names=("votes", "assets")
    )
    assert votes.estimate == same(expected["first"])
    assert assets.estimate == same(expected["second"])
    equal(difference, expected)
    assert difference.about["contrast"] == "assets - votes"
    assert difference.interval.low < difference.estimate < difference.interval.high


def test_counts_are_rows_and_weights_are_not(customers):
    small = customers[["REGION", "TIER", "SAT"]].assign(W=np.tile([1.0, 2.5, 4.0], 68)).dropna()
    pattern = small.groupby(["REGION", "TIER", "SAT", "W"], as_index=False).size()
    rows = survey_design(small["W"].to_numpy(), strata=small["REGION"].to_numpy())
    table = survey_design(pattern["W"], strata=pattern["REGION"], counts=pattern["size"])
    for estimate in (weighted_mean, weighted_total, weighted_variance, weighted_quantiles, weighted_shares):
        one, other = estimate(small["SAT"], rows), estimate(pattern["SAT"], table)
        first, second = one.entries()[0], other.entries()[0]
        assert (first.n, first.df) == (second.n, second.df)
        assert second.estimate == same(first.estimate)
        assert second.std_error == same(first.std_error)
    as_weights = survey_design(pattern["W"] * pattern["size"], strata=pattern["REGION"])
    assert weighted_mean(pattern["SAT"], as_weights).n < len(small)


def test_counts_go_with_clusters_and_finite_populations(customers):
    small = customers[["REGION", "BRANCH", "BRANCHES", "SAT"]].dropna()
    pattern = small.groupby(list(small.columns), as_index=False).size()

    def design(frame, **more):
        clusters = {"strata": frame["REGION"], "clusters": frame["BRANCH"]}
        return survey_design(**clusters, population_sizes=frame["BRANCHES"], **more)

    one = weighted_mean(small["SAT"], design(small))
    other = weighted_mean(pattern["SAT"], design(pattern, counts=pattern["size"]))
    assert (other.estimate, other.std_error, other.df, other.n) == same(
        (one.estimate, one.std_error, one.df, one.n)
    )
    everyone = np.full(len(small), 1000), np.full(len(pattern), 1000)
    one = weighted_mean(small["SAT"], survey_design(population_sizes=everyone[0]))
    other = weighted_mean(pattern["SAT"], survey_design(population_sizes=everyone[1], counts=pattern["size"]))
    assert (other.estimate, other.std_error, other.df, other.n) == same(
        (one.estimate, one.std_error, one.df, one.n)
    )


def test_estimates_do_not_depend_on_the_unit_of_weights_or_the_order_of_rows(customers, designs):
    base = weighted_mean(customers["LOY"], designs["clusters"])
    order = np.random.default_rng(3).permutation(len(customers))
    mixed = customers.iloc[order]
    again = survey_design(7 * mixed["W"], strata=mixed["REGION"], clusters=mixed["BRANCH"])
    other = weighted_mean(mixed["LOY"], again)
    assert (other.estimate, other.std_error, other.df) == same((base.estimate, base.std_error, base.df))


def test_a_census_has_no_error(customers):
    design = survey_design(n_rows=10, population_sizes=np.full(10, 10))
    mean = weighted_mean(pd.Series(range(10), name="x"), design)
    assert (mean.std_error, mean.state, mean.interval) == (0.0, "constant", None)
    assert design.weights.tolist() == [1.0] * 10


def test_fractions_give_weights():
    design = survey_design(strata=list("aabb"), population_sizes=[10, 10, 40, 40])
    assert design.weights.tolist() == [5.0, 5.0, 20.0, 20.0]


def test_what_cannot_be_estimated_says_why():
    design = survey_design([1, 1, 0])
    nobody = weighted_mean(pd.Series([np.nan, np.nan, 3.0], name="SAT"), design)
    assert (nobody.estimate, nobody.n, nobody.state) == (None, 0, "too_few")
    assert "nobody" in nobody.reason or "no respondent" in nobody.reason
    alone = weighted_mean(pd.Series([2.0, np.nan, 3.0], name="SAT"), design)
    assert (alone.estimate, alone.state, alone.interval) == (2.0, "too_few", None)
    all_equal = weighted_share(pd.Series([1.0, 1.0, 1.0, 1.0], name="APP"), survey_design(np.ones(4)))
    assert (all_equal.state, all_equal.interval) == ("constant", None)
    kept = weighted_share(pd.Series(np.ones(4), name="APP"), survey_design(np.ones(4)), method="beta")
    assert (round(kept.interval.low, 4), kept.interval.high) == (0.3976, 1.0)  # 0.025^(1/4)
    zero = weighted_ratio(pd.Series([1, 2], name="a"), pd.Series([0, 0], name="b"), survey_design([1, 1]))
    assert (zero.state, zero.estimate) == ("inadmissible", None)
    assert weighted_mean(pd.Series([2.0, 4], name="x"), survey_design([1, 1])).to_frame()["n"].tolist() == [2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"weights": [1, -1]}, "row 1: the weight is -1.0, expected zero or a positive number"),
        ({"weights": [1, np.nan]}, "row 1: the weight is nan"),
        ({"weights": [0, 0]}, "all weights are zero"),
        ({"weights": [1, 1], "strata": ["a", None]}, "row 1: strata missing"),
        ({"weights": [1, 1], "strata": ["a", "b"]}, "2 strata hold a single sampled unit"),
        ({"weights": [1, 1, 1], "strata": list("aab")}, "choose lonely='certainty'"),
        (
            {"weights": [1, 1, 1], "strata": list("aab"), "clusters": [1, 2, 1]},
            "cluster_labels='within_strata'",
        ),
        ({"weights": [1, 1], "population_sizes": [1, 1]}, "2 units drawn out of 1"),
        ({"weights": [1, 1], "population_sizes": [3, 4]}, "differs within a stratum"),
        ({"weights": [1, 1], "strata": [1, 1, 1]}, "one length, found [2, 3]"),
        ({}, "needs weights, or n_rows"),
        ({"weights": [1, 1], "counts": [1, -2]}, "row 1: the count is -2"),
    ],
)
def test_faults_of_a_design_are_named(arguments, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are compared below
        survey_design(**arguments)
    assert words in str(error.value)


def test_answers_of_other_respondents_are_refused():
    with pytest.raises(ValueError, match="3 answers for a design of 2 rows"):
        weighted_mean(pd.Series([1, 2, 3], name="x"), survey_design([1, 1]))
