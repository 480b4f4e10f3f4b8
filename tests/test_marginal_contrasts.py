"""Contrasts of marginal means against emmeans and multcomp, and the distribution of the largest t."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import ndtr

from analysis.design.design import survey_design
from analysis.design.regression import design_linear
from analysis.design.replicates import jackknife
from analysis.factorial.anova import factorial_anova
from analysis.factorial.coefficients import contrast_coefficients
from analysis.factorial.contrasts import marginal_contrasts
from analysis.factorial.max_t import LargestT
from analysis.factorial.simultaneous import simultaneous
from analysis.post_hoc import all_pairs
from analysis.studentized_range import studentized_range_isf, studentized_range_sf

CLOSED = {"rel": 1e-9, "abs": 1e-12}
RANGE = {"rel": 1e-6, "abs": 1e-9}  # R's ptukey and qtukey stop at 8 and 7 digits
# mvtnorm draws its points; ours is exact up to four means, beyond that it draws as well
DRAWN = {"rel": 0, "abs": 2e-5}
BOTH_DRAWN = {"rel": 0, "abs": 1e-4}
CLASSICAL = {"errors": "classical"}  # as emmeans of lm
R_NAMES = {"benjamini_hochberg": "BH"}


@pytest.fixture
def people(survey):
    return survey.assign(BRANCH=np.arange(len(survey)) % 16)


@pytest.fixture(scope="module")
def customers(shared_data):
    """Telephone customers, with answers taken away at fixed places as in the R script."""
    data, at = pd.read_csv(shared_data / "bank" / "corporate_reputation_347.csv"), np.arange(1, 348)
    return data.assign(
        cusa=data["cusa"].where(at % 13 != 0),
        qual_1=data["qual_1"].where(at % 11 != 0),
        servicetype=data["servicetype"].where(at % 29 != 0),
    )


@pytest.fixture(scope="module")
def staff(shared_data):
    data = pd.read_csv(shared_data / "employees" / "ibm_hr_attrition.csv", encoding="utf-8-sig")
    at = np.arange(1, len(data) + 1)
    return data.assign(
        YearsAtCompany=data["YearsAtCompany"].where(at % 17 != 0), Age=data["Age"].where(at % 19 != 0)
    )


@pytest.fixture(scope="module")
def bank(reference):
    data = reference("design_survey")
    return data.assign(GROUP=pd.Categorical(data["TIER"]), GENDER=pd.Categorical(data["SEX"]))


def r_case(case, contrast):
    """The name of one contrast in the stored table: within, then the contrast."""
    first, cross, second = contrast.name.partition(" x ")
    parts = [level for _, level in contrast.within]
    parts += [second.strip("()")] if cross else []
    return " | ".join([case, *parts, first.strip("()") if cross else first])


def stored(reference):
    """By case, factor names taken off the levels: ``TIER2 - TIER1`` is ``2 - 1``."""
    rows = reference("marginal_contrasts")
    rows["case"] = rows["case"].str.replace(r"\b(?:TIER|provider|level|GROUP)(\d)", r"\1", regex=True)
    return {case: dict(zip(own["quantity"], own["value"], strict=True)) for case, own in rows.groupby("case")}


@pytest.fixture(scope="module")
def in_r(reference, computed_by_r):
    """As ``computed_by_r``, whose name says that a test compares with R."""
    table = stored(reference)
    return lambda case: table[case]


def check(result, case, in_r):
    assert result.state == "ok"
    assert result.contrasts
    drawn = BOTH_DRAWN if any(contrast.numerical_error for contrast in result.contrasts) else DRAWN
    tolerance = {"single_step": drawn, "tukey": RANGE}.get(result.adjustment, CLOSED)
    adjusted = R_NAMES.get(result.adjustment, result.adjustment)
    for contrast in result.contrasts:
        r = in_r(r_case(case, contrast))
        found = (contrast.estimate, contrast.std_error, contrast.df, contrast.statistic, contrast.raw_p_value)
        assert found == pytest.approx(tuple(r[q] for q in ("estimate", "se", "df", "t", "p_none")), **CLOSED)
        assert (contrast.effect_size, contrast.effect_size_std_error) == pytest.approx(
            (r["d"], r["d_se"]), **CLOSED
        )
        assert contrast.p_value == pytest.approx(r[f"p_{adjusted}"], **tolerance), contrast.name
        # R looks for the quantile of a drawn probability, whose error it multiplies
        wide = {"rel": 2e-5, "abs": 3e-4 * contrast.std_error} if tolerance is drawn else tolerance
        assert (contrast.interval.low, contrast.interval.high) == pytest.approx(
            (r[f"low_{adjusted}"], r[f"high_{adjusted}"]), **wide
        ), contrast.name
        reach = (contrast.interval.high - contrast.estimate) / contrast.std_error
        assert contrast.effect_size_interval.high - contrast.effect_size == pytest.approx(
            reach * contrast.effect_size_std_error, rel=1e-9
        )
        if result.adjustment == "single_step" and "p_glht" in r:
            assert contrast.p_value == pytest.approx(r["p_glht"], **drawn), contrast.name


def check_means(result, case, in_r):
    for mean in result.means:
        # emmeans lists the levels of the factor compared first
        levels = [level for _, level in reversed(mean.levels)]
        r = in_r(" | ".join([case, "mean", *levels]))
        found = (mean.estimate, mean.std_error, mean.interval.low, mean.interval.high)
        assert found == pytest.approx(tuple(r[q] for q in ("estimate", "se", "low", "high")), **CLOSED)


def loyalty(people, **asked):
    usual = {"of": "TIER"} | ({} if {"clusters", "design"} & set(asked) else CLASSICAL)
    return marginal_contrasts(people["LOY"], people[["TIER", "SEX"]], people[["SAT1"]], **(usual | asked))


EVERY = ("tukey", "holm", "bonferroni", "benjamini_hochberg", "single_step", "none")
SMALL = [
    *(("small pairwise", {"contrast": "pairwise", "adjustment": how}) for how in EVERY),
    *(
        ("small control", {"contrast": "control", "control": 4, "adjustment": how})
        for how in ("single_step", "holm")
    ),
    *(
        ("small consecutive", {"contrast": "consecutive", "adjustment": how})
        for how in ("single_step", "bonferroni")
    ),
    *(
        ("small polynomial", {"contrast": "polynomial", "adjustment": how})
        for how in ("single_step", "benjamini_hochberg")
    ),
    *(("small by", {"by": "SEX", "adjustment": how}) for how in ("tukey", "holm", "single_step")),
    *(
        ("small by all", {"contrast": "consecutive", "by": "SEX", "family": "all", "adjustment": how})
        for how in ("single_step", "bonferroni")
    ),
    *(("small across", {"across": "SEX", "adjustment": how}) for how in ("single_step", "holm")),
    ("small trend across", {"contrast": "polynomial", "across": "SEX"}),
    *(
        ("small proportional", {"averaging": "proportional", "adjustment": how})
        for how in ("tukey", "single_step")
    ),
    *(("small hc3", {"errors": "hc3", "adjustment": how}) for how in ("tukey", "single_step")),
]


@pytest.mark.parametrize(("case", "asked"), SMALL)
def test_contrasts_equal_emmeans_and_glht(case, asked, people, in_r):
    result = loyalty(people, **asked)
    assert (result.n, result.n_missing) == (56, 8)
    check(result, case, in_r)
    if case in ("small by", "small proportional", "small hc3"):
        check_means(result, case, in_r)


@pytest.mark.parametrize("adjustment", ["single_step", "holm"])
def test_cluster_robust_contrasts_equal_emmeans_of_sandwich(adjustment, people, in_r):
    result = loyalty(people, contrast="consecutive", clusters=people["BRANCH"], adjustment=adjustment)
    assert (result.n_clusters, result.df) == (16, 15)
    check(result, "small clusters", in_r)
    check_means(result, "small clusters", in_r)


def test_effect_sizes_equal_eff_size(people, in_r):
    for contrast in loyalty(people, adjustment="none").contrasts:
        r = in_r(f"small pairwise | {contrast.name}")
        found = (
            contrast.effect_size,
            contrast.effect_size_std_error,
            contrast.effect_size_interval.low,
            contrast.effect_size_interval.high,
        )
        wanted = tuple(r[f"eff_size{end}"] for end in ("", "_se", "_low", "_high"))
        assert found == pytest.approx(wanted, **CLOSED)


def test_robust_errors_of_effect_sizes_are_those_of_leaving_people_out(people):
    """The sd and the contrast move together; the jackknife sees that without influence values."""
    whole = people[["LOY", "TIER", "SEX", "SAT1"]].dropna()
    rest = [
        [c.effect_size for c in loyalty(whole.drop(row), adjustment="none").contrasts] for row in whole.index
    ]
    spread = ((np.array(rest) - np.mean(rest, axis=0)) ** 2).sum(axis=0)
    n = len(whole)
    found = [c.effect_size_std_error for c in loyalty(whole, errors="hc3", adjustment="none").contrasts]
    assert found == pytest.approx(np.sqrt(spread * (n - 1) / n).tolist(), rel=0.04)


def test_one_way_control_is_dunnetts_test(survey, in_r):
    result = marginal_contrasts(survey["SAT1"], survey[["TIER"]], of="TIER", contrast="control", **CLASSICAL)
    check(result, "one way", in_r)
    whole = survey[["SAT1", "TIER"]].dropna()
    groups = [own["SAT1"].to_numpy() for _, own in whole.groupby("TIER")]
    other = stats.dunnett(*groups[1:], control=groups[0], rng=np.random.default_rng(1))
    assert [c.p_value for c in result.contrasts] == pytest.approx(other.pvalue.tolist(), abs=2e-3)


PROVIDERS = [
    *(("providers", {"adjustment": how}) for how in EVERY),
    *(
        ("providers by plan", {"contrast": "control", "control": 2, "by": "servicetype", "adjustment": how})
        for how in ("single_step", "holm")
    ),
    ("providers across plans", {"contrast": "consecutive", "across": "servicetype"}),
    ("providers proportional", {"averaging": "proportional", "adjustment": "tukey"}),
]


@pytest.mark.parametrize(("case", "asked"), PROVIDERS)
def test_real_customers_in_unequal_cells_equal_emmeans(case, asked, customers, in_r):
    result = marginal_contrasts(
        customers["cusa"],
        customers[["serviceprovider", "servicetype"]],
        customers[["qual_1"]],
        of="serviceprovider",
        **CLASSICAL,
        **asked,
    )
    check(result, case, in_r)
    if case == "providers":
        check_means(result, case, in_r)


LEVELS = [
    ("levels equal", {"adjustment": "tukey"}),
    ("levels equal", {"adjustment": "single_step"}),
    ("levels proportional", {"adjustment": "tukey", "averaging": "proportional"}),
    ("levels within gender equal", {"contrast": "polynomial", "by": "Gender", "adjustment": "holm"}),
    (
        "levels within gender proportional",
        {"contrast": "polynomial", "by": "Gender", "adjustment": "holm", "averaging": "proportional"},
    ),
]


@pytest.mark.parametrize(("case", "asked"), LEVELS)
def test_five_levels_and_three_factors_equal_emmeans(case, asked, staff, in_r):
    result = marginal_contrasts(
        staff["YearsAtCompany"],
        staff[["JobLevel", "Gender", "OverTime"]],
        staff[["Age"]],
        of="JobLevel",
        **CLASSICAL,
        **asked,
    )
    check(result, case, in_r)
    if "within" not in case:
        check_means(result, case, in_r)


@pytest.fixture(scope="module")
def designs(bank):
    row = np.arange(len(bank))
    return {
        "weights": survey_design(bank["W"]),
        "clusters": survey_design(bank["W"], strata=bank["REGION"], clusters=bank["BRANCH"]),
        "zero": survey_design(
            bank["W_ZERO"],
            strata=bank["REGION"],
            clusters=[bank["BRANCH"], row],
            population_sizes=[bank["BRANCHES"], bank["CUSTOMERS"]],
        ),
    }


UNDER_DESIGN = [
    *(("design", {"adjustment": how}) for how in ("tukey", "holm", "single_step")),
    *(
        ("design by", {"contrast": "consecutive", "by": "GENDER", "adjustment": how})
        for how in ("single_step", "bonferroni")
    ),
    ("design proportional", {"contrast": "polynomial", "averaging": "proportional"}),
]


@pytest.mark.parametrize("sample", ["weights", "clusters", "zero"])
@pytest.mark.parametrize(("case", "asked"), UNDER_DESIGN)
def test_contrasts_under_a_design_equal_emmeans_of_svyglm(case, asked, sample, bank, designs, in_r):
    result = marginal_contrasts(
        bank["LOY"], bank[["GROUP", "GENDER"]], bank[["SAT"]], of="GROUP", design=designs[sample], **asked
    )
    r = in_r(f"design {sample}")
    assert result.n == r["n"]
    assert result.residual_sd == pytest.approx(r["sd"], **CLOSED)
    check(result, f"{case} {sample}", in_r)
    if case != "design by":
        check_means(result, f"{case} {sample}", in_r)


def test_a_control_under_a_design_by_the_jackknife(bank, designs):
    """Two roads to one number: linearised and replicated errors agree where samples are large."""
    asked = {"of": "GROUP", "contrast": "control", "interactions": False}
    linear = marginal_contrasts(bank["LOY"], bank[["GROUP", "GENDER"]], design=designs["clusters"], **asked)
    replicates = jackknife(designs["clusters"])
    other = marginal_contrasts(bank["LOY"], bank[["GROUP", "GENDER"]], design=replicates, **asked)
    for one, two in zip(linear.contrasts, other.contrasts, strict=True):
        assert one.estimate == pytest.approx(two.estimate, rel=1e-9)
        assert one.std_error == pytest.approx(two.std_error, rel=0.15)
        assert one.std_error != two.std_error


def test_a_design_with_jackknife_errors_gives_each_contrast_its_own_df(bank):
    """Coefficients and errors are those of the regression with marks; its df fall where weights differ."""
    bank = bank.head(90)
    weights = bank["W"] * np.exp(3 * np.sin(7.0 * np.arange(len(bank))))
    design = survey_design(weights, errors="jackknife")
    asked = {"of": "GROUP", "contrast": "control", "design": design}
    found = marginal_contrasts(bank["LOY"], bank[["GROUP"]], bank[["SAT"]], **asked)
    fit = design_linear(bank["LOY"], bank[["SAT", "GROUP"]], design)
    for contrast in found.contrasts:
        mark = fit.coefficient(f"GROUP={contrast.name[0]}")
        ours = (contrast.estimate, contrast.std_error, contrast.df, contrast.statistic, contrast.raw_p_value)
        theirs = (mark.estimate, mark.std_error, mark.df, mark.statistic, mark.p_value)
        assert ours == pytest.approx(theirs, rel=1e-8)
        assert contrast.raw_p_value < contrast.p_value < 3 * contrast.raw_p_value
        assert contrast.interval.excludes(0) == (contrast.p_value < 0.05)
    assert len({contrast.df for contrast in found.contrasts}) == 3
    assert all(contrast.df <= found.df for contrast in found.contrasts)
    plain = replace(design, errors="linearised")
    linear = marginal_contrasts(bank["LOY"], bank[["GROUP"]], bank[["SAT"]], **(asked | {"design": plain}))
    for one, two in zip(found.contrasts, linear.contrasts, strict=True):
        assert 1 < one.effect_size_std_error / two.effect_size_std_error < 1.5


def test_equal_weights_of_one_factor_are_differences_of_means(survey):
    """The design's variance is then that of White, times n / (n - 1): sums of squares over n squared."""
    whole = survey[["LOY", "TIER"]].dropna()
    found = marginal_contrasts(
        whole["LOY"], whole[["TIER"]], of="TIER", design=survey_design(np.ones(len(whole)))
    )
    own = whole.groupby("TIER")["LOY"]
    part = own.var(ddof=0) / own.count() * len(whole) / (len(whole) - 1)
    pairs = list(combinations(part.index, 2))
    assert [c.std_error for c in found.contrasts] == pytest.approx(
        [float(np.sqrt(part[a] + part[b])) for a, b in pairs], rel=1e-9
    )


def test_spreads_may_differ_unless_one_variance_is_asked_for(people):
    asked = {"of": "TIER", "interactions": False}
    usual = marginal_contrasts(people["LOY"], people[["TIER", "SEX"]], **asked)
    assert usual == marginal_contrasts(people["LOY"], people[["TIER", "SEX"]], errors="hc3", **asked)
    assert "HC3 errors" in usual.to_frame()["method"].iloc[-1]


def test_one_factor_alone_gives_the_pairs_of_tukey(survey):
    pairs = all_pairs(survey["LOY"], survey["TIER"].astype("category"), method="tukey").pairs
    found = marginal_contrasts(
        survey["LOY"], survey[["TIER"]], of="TIER", adjustment="tukey", **CLASSICAL
    ).contrasts
    for ours, pair in zip(found, pairs, strict=True):
        assert (ours.name, ours.n) == (f"{pair.group} - {pair.versus}", pair.n)
        assert (ours.estimate, ours.std_error, ours.p_value) == pytest.approx(
            (pair.estimate, pair.std_error, pair.p_value), rel=1e-9
        )
        assert (ours.interval.low, ours.interval.high) == pytest.approx(
            (pair.interval.low, pair.interval.high), rel=1e-9
        )


@pytest.mark.parametrize("averaging", ["equal", "proportional"])
def test_the_means_are_those_of_the_analysis_of_variance(averaging, people, in_r):
    anova = factorial_anova(people["LOY"], people[["TIER", "SEX"]], people[["SAT1"]], averaging=averaging)
    found = loyalty(people, averaging=averaging)
    tiers = [mean for mean in anova.marginal_means if mean.factor == "TIER"]
    for mean, own in zip(tiers, found.means, strict=True):
        assert (mean.level, mean.n) == (own.levels[0][1], own.n)
        assert (mean.estimate, mean.std_error) == pytest.approx((own.estimate, own.std_error), rel=1e-12)
        r = in_r(f"small{'' if averaging == 'equal' else ' proportional'} | mean | {mean.level}")
        assert (mean.estimate, mean.std_error, mean.interval.low, mean.interval.high) == pytest.approx(
            tuple(r[q] for q in ("estimate", "se", "low", "high")), **CLOSED
        )
    assert ("as frequent as seen" in anova.entries()[-1].method) == (averaging == "proportional")


@pytest.mark.parametrize("adjustment", ["single_step", "tukey", "bonferroni", "none"])
def test_intervals_and_p_values_never_disagree(adjustment, people):
    for level in (0.9, 0.95, 0.99):
        for contrast in loyalty(people, adjustment=adjustment, confidence_level=level).contrasts:
            assert contrast.interval.excludes(0) == (contrast.p_value < 1 - level)
            assert contrast.interval.confidence_level == level


def test_the_single_step_is_sharper_than_bonferroni_and_no_wider_than_tukey(people):
    one, tukey, bonferroni = (
        loyalty(people, adjustment=how).contrasts for how in ("single_step", "tukey", "bonferroni")
    )
    for a, b, c in zip(one, tukey, bonferroni, strict=True):
        assert a.raw_p_value < a.p_value < b.p_value < c.p_value
        assert a.interval.high < b.interval.high < c.interval.high


def test_pairs_across_two_levels_are_differences_of_differences(people):
    within = {(c.within[0][1], c.name): c.estimate for c in loyalty(people, by="SEX").contrasts}
    for contrast in loyalty(people, across="SEX").contrasts:
        pair = contrast.name.split(" x ")[0].strip("()")
        assert contrast.estimate == pytest.approx(within["2", pair] - within["1", pair], rel=1e-9)


def test_rows_may_count_and_a_design_brings_its_own_counts(people):
    times = np.arange(len(people)) % 3
    asked = {"of": "TIER", "averaging": "proportional"}
    factors = people[["TIER", "SEX"]]
    counted = marginal_contrasts(people["LOY"], factors, counts=times, **asked)
    at = np.repeat(np.arange(len(people)), times)
    long = people.iloc[at].reset_index(drop=True)
    written = marginal_contrasts(long["LOY"], long[["TIER", "SEX"]], **asked)
    assert counted == written
    design = survey_design(np.ones(len(people)))
    with pytest.raises(ValueError, match="hand the counts to survey_design"):
        marginal_contrasts(people["LOY"], factors, design=design, counts=times, **asked)


def test_what_cannot_be_contrasted_says_why(people):
    alone = people.assign(SEX=np.where(people["TIER"] == 4, 1, people["SEX"]))
    empty = loyalty(alone)
    assert (empty.state, empty.contrasts) == ("empty_cell", ())
    assert "such as TIER 4, SEX 2" in empty.to_frame()["reason"][0]
    assert loyalty(alone, interactions=False).state == "ok"
    gone = people.assign(LOY=people["LOY"].where(people["TIER"] != 4))
    lost = loyalty(gone, contrast="control", control=4)
    assert lost.reason == "nobody of TIER 4, the control, answered everything"
    few = loyalty(people, clusters=people["BRANCH"] % 5)
    assert (few.state, few.reason) == ("too_few", "5 clusters for 9 coefficients")
    twice = people.assign(COPY=people["SAT1"] * 2)
    same = marginal_contrasts(people["LOY"], people[["TIER"]], twice[["SAT1", "COPY"]], of="TIER")
    assert same.state == "inadmissible"
    lone = people.assign(TIER=people["TIER"].where(people["TIER"] != 4).fillna(4.0))
    lone.loc[lone.index[lone["TIER"] == 4][1:], "TIER"] = np.nan
    hangs = marginal_contrasts(lone["LOY"], lone[["TIER"]], of="TIER", errors="hc3")
    assert (hangs.state, hangs.reason) == ("inadmissible", "a coefficient hangs on one respondent alone")
    assert marginal_contrasts(people["LOY"] * 0, people[["TIER"]], of="TIER").state == "constant"
    design = survey_design(np.ones(len(people)), clusters=people["BRANCH"] % 4)
    assert (
        loyalty(people, design=design).reason == "-5 degrees of freedom: too few clusters for 9 coefficients"
    )


def test_a_contrast_without_variance_leaves_the_others_standing():
    """Two tiers give one answer each: HC3 sees no error in their difference."""
    tier = pd.Series(list("aaaabbbbcccc"), name="TIER")
    y = pd.Series([2.0] * 4 + [4.0] * 4 + [1, 2, 4, 5], name="SAT")
    flat, *others = marginal_contrasts(y, tier.to_frame(), of="TIER", errors="hc3").contrasts
    assert (flat.state, flat.estimate, flat.p_value, flat.interval) == (
        "constant",
        pytest.approx(2),
        None,
        None,
    )
    assert [contrast.state for contrast in others] == ["ok", "ok"]
    assert all(contrast.p_value < 1 for contrast in others)


def test_questions_that_make_no_sense_are_refused_all_at_once(people):
    with pytest.raises(ValueError, match="'AGE' is no factor; there are TIER, SEX; contrast is 'helmert'"):
        loyalty(people, of="AGE", contrast="helmert")
    with pytest.raises(ValueError, match="tukey corrects the pairs of one set of means"):
        loyalty(people, contrast="consecutive", adjustment="tukey")
    with pytest.raises(ValueError, match="tukey corrects"):
        loyalty(people, by="SEX", family="all", adjustment="tukey")
    with pytest.raises(ValueError, match="control is 9, which is no level of TIER; there are 1, 2, 3, 4"):
        loyalty(people, contrast="control", control=9)
    with pytest.raises(ValueError, match="exclude each other; give one"):
        loyalty(people, errors="classical", clusters=people["BRANCH"])
    with pytest.raises(ValueError, match="must be different factors"):
        loyalty(people, by="TIER")


def test_entries_tell_the_family_and_the_means(people):
    frame = loyalty(people, by="SEX", contrast="consecutive").to_frame()
    assert frame["measure"].value_counts().to_dict() == {
        "marginal_mean": 8,
        "marginal_contrast": 6,
        "standardized_contrast": 6,
    }
    contrasts = frame[frame["measure"] == "marginal_contrast"]
    assert contrasts["SEX"].tolist() == ["1"] * 3 + ["2"] * 3
    assert (contrasts["p_unadjusted"] < contrasts["p_value"]).all()
    assert contrasts["method"].str.contains("single step, multivariate t").all()


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_pairs_of_equal_groups_have_the_studentized_range(k):
    rows = np.array([np.eye(k)[b] - np.eye(k)[a] for a, b in combinations(range(k), 2)])
    for df in (3.0, 37.0):
        largest = LargestT.of(rows @ rows.T / 2, df)
        assert largest.rank == k - 1
        for t in (0.5, 1.5, 2.5, 4.0):
            exact, error = studentized_range_sf(t * np.sqrt(2), k, df), largest.error(t)
            assert largest.sf(t) == pytest.approx(exact, rel=1e-11, abs=1e-12 if k < 5 else 5e-5)
            assert (error == 0) == (k < 5)
            assert abs(largest.sf(t) - exact) <= 4 * error + 1e-12
        quantile = studentized_range_isf(0.05, k, df) / np.sqrt(2)
        assert largest.isf(0.05) == pytest.approx(quantile, rel=1e-9 if k < 5 else 1e-4)


def dunnett_sf(share, t, df):
    """Correlations that are products of shares: one integral over the control, one over the sd."""
    z, log_s = np.linspace(-9, 9, 721), np.linspace(-4, 1.5, 801)
    weight = np.exp(df * (log_s - np.exp(2 * log_s) / 2))
    inside = np.ones((len(log_s), len(z)))
    for own in share:
        rest = np.sqrt(1 - own**2)
        edge = t * np.exp(log_s)[:, None]
        inside *= ndtr((edge + own * z) / rest) - ndtr((-edge + own * z) / rest)
    density = np.exp(-(z**2) / 2)
    return 1 - weight @ inside @ density / weight.sum() / density.sum()


@pytest.mark.parametrize("sizes", [(10, 5, 7), (10, 5, 7, 30), (10, 5, 7, 30, 4), (3, 5, 7, 30, 4, 9)])
def test_a_control_and_unequal_groups_have_dunnetts_distribution(sizes):
    share = np.sqrt([n / (n + sizes[0]) for n in sizes[1:]])
    correlation = np.outer(share, share)
    np.fill_diagonal(correlation, 1)
    turned = np.diag([-1.0] + [1.0] * (len(share) - 1))  # the side of a difference does not matter
    for t in (1.0, 2.0, 3.0):
        exact = dunnett_sf(share, t, 11.0)
        near = {"rel": 1e-10} if len(share) < 4 else {"abs": 1e-4}
        assert LargestT.of(correlation, 11.0).sf(t) == pytest.approx(exact, **near)
        assert LargestT.of(turned @ correlation @ turned, 11.0).sf(t) == pytest.approx(exact, **near)


def test_repeated_and_single_statistics_need_no_correction():
    one = LargestT.of(np.ones((3, 3)), 12.0)
    assert one.sf(2.2) == pytest.approx(2 * stats.t.sf(2.2, 12), rel=1e-12)
    assert one.isf(0.05) == pytest.approx(stats.t.isf(0.025, 12), rel=1e-9)
    for how in ("single_step", "tukey", "holm", "bonferroni", "none"):
        found = simultaneous(np.array([2.2]), np.ones((1, 1)), np.array([12.0]), how, n_means=2)
        assert found.p_values == found.raw_p_values
        assert found.reach[0] == pytest.approx(stats.t.isf(0.025, 12), rel=1e-9)


def test_trends_are_orthogonal_and_whole():
    for k in range(2, 9):
        rows = np.array(list(contrast_coefficients("polynomial", [str(at) for at in range(k)]).values()))
        assert len(rows) == min(6, k - 1)
        gram = rows @ rows.T
        assert np.array_equal(gram, np.diag(np.diag(gram)))
        assert (rows.sum(axis=1) == 0).all()
        assert (rows[:, -1] > 0).all()
        assert (np.gcd.reduce(rows.astype(int), axis=1) == 1).all()
