import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.means import weighted_mean, weighted_means
from analysis.design.raking import kish_design_effect, post_stratify, rake, trim_weights
from analysis.design.ratios import weighted_ratio
from analysis.design.regression import design_linear
from analysis.design.replicates import balanced_half_samples, bootstrap, given_replicates, jackknife
from analysis.design.totals import weighted_total

TIERS = {1: 1500, 2: 1200, 3: 800, 4: 400}
SEXES = {1: 2000, 2: 1900}


def near(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


@pytest.fixture(scope="module")
def customers(reference):
    data = reference("design_survey")
    known = data[data["LOY"].notna() & data["SAT"].notna()].reset_index(drop=True)
    return known.assign(VERY=(known["SAT"] >= 4).astype(float))


@pytest.fixture(scope="module")
def pairs(customers):
    size = customers.groupby("PAIR")["BRANCH"].transform("nunique")
    return customers[size == 2].reset_index(drop=True)


def plain(d):
    return survey_design(d["W"])


def clustered(d):
    return survey_design(d["W"], strata=d["REGION"], clusters=d["BRANCH"])


def paired(d):
    return survey_design(d["W"], strata=d["PAIR"], clusters=d["BRANCH"])


def factors(reference, name, d):
    """Replicate factors of the branches, spread over their customers."""
    table = reference("design_weights")
    table = table[table["case"] == name]
    where = table["quantity"].str.split(" ", expand=True).astype(int)
    wide = table.assign(branch=where[0], r=where[1]).pivot(index="branch", columns="r", values="value")
    return wide.loc[d["BRANCH"]].to_numpy()


def replicates_equal(design, d, expected):
    means = weighted_means(d[["LOY", "VERY"]], design)
    assert [mean.estimate for mean in means] == near([expected["mean"], expected["share"]])
    assert [mean.std_error for mean in means] == near([expected["mean_error"], expected["share_error"]])
    assert means.covariance[0, 1] == near(expected["covariance"])
    assert means[0].df == expected["df"]
    total, ratio = weighted_total(d["LOY"], design), weighted_ratio(d["LOY"], d["BALANCE"], design)
    assert (total.std_error, ratio.std_error) == near((expected["total_error"], expected["ratio_error"]))
    slope = design_linear(d["LOY"], d[["SAT"]], design).coefficient("SAT")
    assert (slope.estimate, slope.std_error) == near((expected["slope"], expected["slope_error"]))


def test_jackknife_equals_survey(customers, computed_by_r):
    finite = survey_design(
        customers["W"],
        strata=customers["REGION"],
        clusters=customers["BRANCH"],
        population_sizes=customers["BRANCHES"],
    )
    for case, design in {
        "jackknife": jackknife(plain(customers)),
        "jackknife around the estimate": jackknife(plain(customers), center="estimate"),
        "stratified jackknife": jackknife(clustered(customers)),
        "finite stratified jackknife": jackknife(finite),
    }.items():
        replicates_equal(design, customers, computed_by_r("design_weights", case))


def test_given_replicates_equal_survey(customers, pairs, reference, computed_by_r):
    drawn = factors(reference, "bootstrap factors", customers)
    expected = computed_by_r("design_weights", "bootstrap")
    given = given_replicates(customers["W"], drawn, scale=expected["scale"], df=14, combined=False)
    replicates_equal(given, customers, expected)
    halves = factors(reference, "half sample factors", pairs)
    given = given_replicates(pairs["W"], halves, scale=1 / halves.shape[1], df=8, combined=False)
    replicates_equal(given, pairs, computed_by_r("design_weights", "half samples"))


@pytest.mark.parametrize(("fay", "case"), [(0.0, "half samples"), (0.3, "half samples of Fay")])
def test_half_samples_are_balanced(fay, case, pairs, computed_by_r):
    """A total is linear: whatever the Hadamard matrix, half-samples give R's error and the linearised one."""
    total = weighted_total(pairs["LOY"], balanced_half_samples(paired(pairs), fay=fay))
    assert total.std_error == near(computed_by_r("design_weights", case)["total_error"])
    assert total.std_error == near(weighted_total(pairs["LOY"], paired(pairs)).std_error)


def test_the_bootstrap_comes_near_the_linearised_error(customers):
    design = clustered(customers)
    drawn = bootstrap(design, rng=np.random.default_rng(4), n_replicates=2000)
    exact = weighted_total(customers["LOY"], design).std_error
    assert weighted_total(customers["LOY"], drawn).std_error == pytest.approx(exact, rel=0.05)
    whole = survey_design(
        customers["W"],
        strata=customers["REGION"],
        clusters=customers["BRANCH"],
        population_sizes=customers["BRANCHES"],
    )
    drawn = bootstrap(whole, rng=np.random.default_rng(4), n_replicates=2000)
    exact = weighted_total(customers["LOY"], whole).std_error
    assert weighted_total(customers["LOY"], drawn).std_error == pytest.approx(exact, rel=0.05)


def test_replicates_keep_subpopulations(customers):
    women = customers["SEX"] == 2
    total = weighted_total(customers["LOY"], jackknife(clustered(customers)).within(women))
    assert total.std_error == near(
        weighted_total(customers["LOY"], clustered(customers).within(women)).std_error
    )


@pytest.mark.parametrize("case", ["plain", "clusters"])
def test_adjusted_weights_and_their_errors_equal_survey(case, customers, computed_by_r):
    design = plain(customers) if case == "plain" else clustered(customers)
    post = post_stratify(design, customers["TIER"], TIERS)
    raked = rake(design, customers[["TIER", "SEX"]], {"TIER": TIERS, "SEX": SEXES})
    for weighting, name in ((post, "poststratified"), (raked, "calibrated raking")):
        expected = computed_by_r("design_weights", f"{case} {name}")
        new, rel = weighting.design, 1e-9
        assert weighting.state == "ok"
        mean, total = weighted_mean(customers["LOY"], new), weighted_total(customers["VERY"], new)
        women = weighted_mean(customers["LOY"], new.within(customers["SEX"] == 2))
        ratio = weighted_ratio(customers["LOY"], customers["BALANCE"], new)
        for key, found in {"mean": mean, "total": total, "domain": women, "ratio": ratio}.items():
            assert found.estimate == near(expected[key], rel)
            assert found.std_error == near(expected[f"{key}_error"], rel)
        w = new.weights
        sums = (w.sum(), (w**2).sum(), w.min(), w.max())
        names = ("weights_sum", "weights_squares", "weights_min", "weights_max")
        assert sums == near(tuple(expected[key] for key in names), rel)
    # rake() of the survey package reaches the same weights.
    expected = computed_by_r("design_weights", f"{case} raked")
    assert (raked.design.weights**2).sum() == near(expected["weights_squares"])


def test_what_margins_fix_has_no_error(customers):
    raked = rake(clustered(customers), customers[["TIER", "SEX"]], {"TIER": TIERS, "SEX": SEXES})
    women = (customers["SEX"] == 2).astype(float)
    total = weighted_total(women.rename("women"), raked.design)
    assert total.estimate == near(1900)
    assert total.std_error == pytest.approx(0, abs=1e-6)


def test_trimmed_weights_equal_survey(customers, computed_by_r):
    for strict, case in ((False, "plain trimmed"), (True, "plain trimmed strictly")):
        expected = computed_by_r("design_weights", case)
        w = trim_weights(customers["W"], low=8, high=28, strict=strict)
        sums = (w.sum(), (w**2).sum(), w.min(), w.max())
        names = ("weights_sum", "weights_squares", "weights_min", "weights_max")
        assert sums == near(tuple(expected[key] for key in names))


def test_raking_within_bounds_meets_both(customers):
    groups, margins = customers[["TIER", "SEX"]], {"TIER": TIERS, "SEX": SEXES}
    free = rake(plain(customers), groups, margins)
    held = rake(plain(customers), groups, margins, trim=(0.6, 1.5))
    assert free.largest > 1.6
    assert held.state == "ok"
    assert held.largest <= 1.5 * (1 + 1e-5)
    assert held.smallest >= 0.6 * (1 - 1e-5)
    assert held.largest_gap < 1e-9
    assert held.n_trimmed > 0
    assert held.effective_n > free.effective_n
    assert free.design_effect == near(kish_design_effect(free.design.weights))


def test_raking_that_cannot_be_done_says_so(customers):
    groups, margins = customers[["TIER", "SEX"]], {"TIER": TIERS, "SEX": SEXES}
    narrow = rake(plain(customers), groups, margins, trim=(0.98, 1.02), max_passes=30)
    assert narrow.state == "not_converged"
    assert "widen the bounds" in narrow.reason
    assert narrow.to_frame()["state"].unique().tolist() == ["not_converged"]
    # Nobody is a gold customer and a man, or a basic one and a woman: the margins contradict each other.
    cross = pd.DataFrame({"TIER": [1, 1, 2, 2], "SEX": [1, 1, 2, 2]})
    odd = rake(
        survey_design(np.ones(4)), cross, {"TIER": {1: 70, 2: 30}, "SEX": {1: 50, 2: 50}}, max_passes=50
    )
    assert odd.state == "not_converged"


@pytest.mark.parametrize(
    ("groups", "margins", "words"),
    [
        ({"TIER": [1, 1, None]}, {"TIER": {1: 5}}, "1 respondents have no category"),
        ({"TIER": [1, 2, 3]}, {"TIER": {1: 5, 2: 5}}, "no total is given for 3"),
        ({"TIER": [1, 1, 1]}, {"TIER": {1: 5, 2: 5}}, "nobody answered in 2"),
        ({"A": [1, 1, 2], "B": [1, 2, 2]}, {"A": {1: 5, 2: 5}, "B": {1: 5, 2: 6}}, "add up to one total"),
        ({"A": [1, 1, 2]}, {"A": {1: 5, 2: -5}}, "zero or positive"),
        ({"A": [1, 1, 2]}, {}, "at least one margin"),
    ],
)
def test_faults_of_margins_are_named(groups, margins, words):
    with pytest.raises(ValueError, match=words):
        rake(survey_design(np.ones(3)), pd.DataFrame(groups), margins)


def test_raked_pattern_tables_agree_with_rows(customers):
    small = customers[["TIER", "SEX", "SAT"]]
    pattern = small.groupby(["TIER", "SEX", "SAT"], as_index=False).size()
    margins = {"TIER": TIERS, "SEX": SEXES}
    rows = rake(survey_design(n_rows=len(small)), small[["TIER", "SEX"]], margins)
    counted = survey_design(np.ones(len(pattern)), counts=pattern["size"])
    table = rake(counted, pattern[["TIER", "SEX"]], margins)
    assert table.n == rows.n
    assert table.effective_n == near(rows.effective_n)
    one, other = weighted_mean(small["SAT"], rows.design), weighted_mean(pattern["SAT"], table.design)
    assert (other.estimate, other.std_error, other.df) == near((one.estimate, one.std_error, one.df))


def test_replicates_that_do_not_fit_are_refused(customers):
    with pytest.raises(ValueError, match="two clusters in every stratum"):
        balanced_half_samples(clustered(customers))
    with pytest.raises(ValueError, match="give one row a respondent"):
        jackknife(survey_design([1, 1], counts=[2, 3]))
    lonely = survey_design([1, 1, 1], strata=[1, 1, 2], lonely="certainty")
    with pytest.raises(ValueError, match="single cluster"):
        jackknife(lonely)
    with pytest.raises(ValueError, match="cannot all lie between"):
        trim_weights([1, 2, 3], high=1.5)
