"""Specification curves: the declared analysis is among them, each choice does what it says, and ranks agree
with the statistics that they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.declared_tests import gather
from analysis.design.functionals import under_design
from analysis.findings import entry_id
from analysis.inputs import coded_categories, sample_of
from analysis.latent_effects import latent_path
from analysis.means import within_contrast
from analysis.mixed.standardized import standardized_mixed_model
from analysis.questions import Settings
from analysis.rank_versions import (
    cliffs_delta,
    linear_trend,
    rank_biserial,
    rank_coefficient,
    unit_of_d,
    unit_of_d_z,
    unit_of_tau,
)
from analysis.regression import regress
from analysis.specification_curve import Specification, SpecificationCurve
from analysis.specifications import specification_curves
from analysis.two_groups import compare_two
from analysis.weighted.effects import trend
from analysis.weighted.ranks import (
    weighted_cliffs_delta,
    weighted_linear_trend,
    weighted_rank_biserial,
    weighted_rank_coefficient,
)
from surveys.screening import screen
from surveys.simulation import load_population_model, simulate
from surveys.study import DeclaredTest, Study

STUDY = Study.load("bank_tiering")
QUICK = ["H1", "H4", "P1", "P2a", "P2b", "S1", "S3_innovation", "G1", "B1"]


@pytest.fixture(scope="module")
def screened():
    model = load_population_model("claims_hold", STUDY)
    answers = simulate(STUDY, model, rng=np.random.default_rng(1))
    return {id_: screen(answers[id_], STUDY.populations[id_].screening) for id_ in answers}


@pytest.fixture(scope="module")
def curves(screened):
    found = specification_curves(STUDY, screened, hypotheses=QUICK)
    return {(curve.hypothesis, curve.position): curve for curve in found}


# ---------------------------------------------------------------- the curves


def test_the_declared_analysis_is_the_one_that_the_verdict_rests_on(screened, curves):
    samples = {id_: sample_of(STUDY.populations[id_], s.keep()) for id_, s in screened.items()}
    quick = replace(STUDY, hypotheses=tuple(h for h in STUDY.hypotheses if h.id in QUICK))
    evidence = gather(quick, samples, Settings(seed=STUDY.seed, resamples=50))
    for (id_, position), curve in curves.items():
        found, declared = evidence[id_][position], curve.declared
        assert declared.declared
        assert sum(spec.declared for spec in curve.specifications) == 1
        assert (declared.estimate, declared.n) == (found.estimate, found.n), id_
        assert declared.interval == found.interval
        assert found.judged is not None
        assert (declared.zone, declared.p_value) == (found.judged.zone, found.judged.p_value)


def test_choices_are_those_that_the_data_allow(screened, curves):
    options = curves["S3_innovation", 0].options()
    assert list(options) == ["screening", "statistic", "scores", "controls", "clusters"]
    assert options["screening"][0] == "all_rules"
    assert options["screening"][-1] == "no_rules"
    alone = {
        f"without_{r.name}"
        for r in screened["employees"].ledger
        if r.kind != "consent" and r.n_only_this_rule
    }
    assert set(options["screening"][1:-1]) == alone  # a rule that sets nobody aside alone is no choice
    assert "controls" not in curves["H1", 0].options()  # declares none
    assert "clusters" not in curves["H1", 0].options()  # customers have no branch
    assert "scores" not in curves["P1", 1].options()  # single items have no scores
    for curve in curves.values():
        options = curve.options()
        sizes = {dimension: len(choices) for dimension, choices in options.items()}
        of_statistics = sizes.pop("statistic", 1) * sizes.pop("scores", 1) * sizes.pop("clusters", 1)
        rest = int(np.prod(list(sizes.values())))
        if "latent_coefficient" in options.get("statistic", ()):
            assert options["scores"] == ("answered", "complete", "items")
            clusters = len(options.get("clusters", ("",)))
            if "random_intercept" in options.get("clusters", ()):
                clusters -= 1
                rest *= 2 * (clusters + 1) + 2 * clusters + clusters  # of scores alone, and not of ranks
            else:
                rest *= (2 * 2 + 1) * clusters  # a model of items has no scores to choose
            of_statistics = 1
        size = rest * of_statistics
        assert len(curve.specifications) == size
        assert len({tuple(spec.choices.items()) for spec in curve.specifications}) == size


def test_between_constructs_the_path_is_that_of_the_structural_model(screened, curves):
    kept = sample_of(STUDY.populations["customers"], screened["customers"].keep())
    constructs = {name: tuple(kept.item_frame(name).columns) for name in ("effectiveness", "satisfaction")}
    model = latent_path(
        kept.frame[[item for items in constructs.values() for item in items]],
        constructs,
        predictor="effectiveness",
        outcome="satisfaction",
    )
    curve = curves["H1", 0]
    latent = [spec for spec in curve.run if spec.choices["statistic"] == "latent_coefficient"]
    assert {spec.choices["scores"] for spec in latent} == {"items"}
    (found,) = [spec for spec in latent if spec.choices["screening"] == "all_rules"]
    assert (found.estimate, found.interval, found.n) == (model.estimate, model.interval, model.n)
    assert found.estimate > curve.declared.estimate  # scores are unreliable


def test_a_structural_model_with_few_branches_stands_with_a_caution(curves):
    curve = curves["P2b", 0]
    assert not curve.not_run
    latent = [s for s in curve.specifications if s.choices["statistic"] == "latent_coefficient"]
    counted = [spec for spec in latent if spec.choices["clusters"] == "counted"]
    assert counted
    for spec in counted:
        assert spec.state == "ok"
        assert spec.interval is not None
        # without controls the model has fewer parameters than there are branches
        assert ("30 clusters for" in spec.reason) == (spec.choices["controls"] == "declared")


def test_each_choice_does_what_it_says(screened, curves):
    curve = curves["P2b", 0]
    population, screening = STUDY.populations["employees"], screened["employees"]

    def one(**changed: str) -> Specification:
        wanted = {**curve.declared.choices, **changed}
        return next(spec for spec in curve.specifications if spec.choices == wanted)

    bare = sample_of(population, screening.responses.keep(screening.consenting))
    by_hand = regress(
        bare.variable("tier_accuracy"), bare.frame[["data_quality", "system_support"]], clusters=bare.clusters
    )
    assert one(screening="no_rules").estimate == by_hand.terms[0].estimate
    assert one(screening="no_rules").interval == by_hand.terms[0].interval
    kept = sample_of(population, screening.keep())
    alone = regress(kept.variable("tier_accuracy"), kept.frame[["data_quality"]], clusters=kept.clusters)
    assert one(controls="none").estimate == alone.terms[0].estimate
    free = regress(kept.variable("tier_accuracy"), kept.frame[["data_quality", "system_support"]])
    assert one(clusters="ignored").interval == free.terms[0].interval
    names = [n for c in ("tier_accuracy", "data_quality", "system_support") for n in kept.item_frame(c)]
    complete = kept.frame[names].notna().all(axis="columns")
    whole = regress(
        kept.variable("tier_accuracy")[complete],
        kept.frame.loc[complete, ["data_quality", "system_support"]],
        clusters=kept.clusters[complete],
    )
    assert one(scores="complete").n == int(complete.sum()) < curve.declared.n
    assert one(scores="complete").estimate == pytest.approx(whole.terms[0].estimate, rel=1e-12)
    ranked = kept.frame[["tier_accuracy", "data_quality", "system_support"]].dropna().rank()
    by_ranks = regress(ranked["tier_accuracy"], ranked[["data_quality", "system_support"]])
    assert one(statistic="rank_coefficient").estimate == pytest.approx(by_ranks.terms[0].estimate, rel=1e-9)


def test_counts_add_up_and_entries_have_addresses_of_their_own(curves):
    for curve in curves.values():
        assert len(curve.run) + len(curve.not_run) == len(curve.specifications)
        assert sum(curve.zones.values()) == len(curve.run)
        assert curve.n_hold == curve.zones.get("beyond", 0)
        for dimension in curve.options():
            made = [counts for (of, _), counts in curve.by_choice().items() if of == dimension]
            assert sum(holding for holding, _ in made) == curve.n_hold
            assert sum(analyses for _, analyses in made) == len(curve.run)
        estimates = [spec.estimate for spec in curve.run]
        assert estimates == sorted(estimates)
        assert curve.range == (estimates[0], estimates[-1])
        assert curve.range[0] <= curve.median <= curve.range[1]
        keys = [entry_id("x", entry) for entry in curve.entries()]
        assert len(keys) == len(set(keys)) == len(curve.specifications) + 1
    doubtful = curves["S3_innovation", 0]
    assert not doubtful.unanimous
    assert doubtful.to_frame()["holding"][0] == doubtful.n_hold


def test_the_same_answers_give_the_same_curves(screened):
    first, again = (specification_curves(STUDY, screened, hypotheses=["R3"], resamples=60) for _ in "ab")
    assert first == again
    alone = specification_curves(STUDY, screened, hypotheses=["H5", "R3"], resamples=60)
    assert alone[-1] == first[0]  # seeds are named, so another test moves nothing


def test_what_cannot_be_run_says_why(screened):
    employees = {"employees": screened["employees"]}
    (absent,) = specification_curves(STUDY, employees, hypotheses=["H1"])
    assert (absent.declared.state, absent.declared.reason) == ("no_data", "no answers of customers")
    assert (absent.run, absent.range, absent.median, absent.unanimous) == ((), None, None, True)
    assert absent.entries()[0].state == "no_data"
    few = screened["customers"].responses.keep(screened["customers"].responses.answers.index < 25)
    small = {"customers": screen(few, STUDY.populations["customers"].screening)}
    (curve,) = specification_curves(STUDY, small, hypotheses=["H1"])
    assert {spec.state for spec in curve.specifications} == {"too_few"}
    by_scores = [spec for spec in curve.specifications if spec.choices["statistic"] != "latent_coefficient"]
    assert all(spec.reason.endswith("< 30") for spec in by_scores)
    assert curve.n_hold == 0
    with pytest.raises(KeyError, match="no hypothesis H99; it has H1, H2"):
        specification_curves(STUDY, screened, hypotheses=["H99"])


def test_weighted_answers_are_not_analysed_as_if_they_were_not(screened):
    people = replace(STUDY.populations["customers"], weight="AUM", rake_to={"SEX": {1: 0.99, 2: 0.01}})
    people = replace(people, trim=(0.9, 1.1))
    weighted = replace(STUDY, populations={**STUDY.populations, "customers": people})
    (curve,) = specification_curves(weighted, screened, hypotheses=["H1"])
    assert curve.declared.state == "weighted"
    assert "cannot be raked" in curve.declared.reason
    assert not curve.run


def test_weights_used_or_ignored_is_a_choice_where_a_design_is_declared(screened):
    people = replace(STUDY.populations["customers"], weight="POTENTIAL", strata=("TIER",))
    weighted = replace(STUDY, populations={**STUDY.populations, "customers": people})
    (curve,) = specification_curves(weighted, screened, hypotheses=["H1"])
    (plain,) = specification_curves(STUDY, screened, hypotheses=["H1"])
    assert curve.declared.choices["weights"] == "used"
    assert curve.declared.estimate != plain.declared.estimate
    ignored = {
        tuple(s.choices.values()): s for s in curve.specifications if s.choices["weights"] == "ignored"
    }
    assert len(ignored) == len(curve.specifications) / 2
    for found in plain.specifications:
        choices = found.choices
        same = next(
            s
            for s in curve.specifications
            if s.choices["weights"] == "ignored" and all(s.choices.get(k) == v for k, v in choices.items())
        )
        assert same.estimate == found.estimate
    assert not curve.not_run


def test_effects_by_ranks_follow_the_design(screened):
    people = {
        "customers": replace(STUDY.populations["customers"], weight="POTENTIAL", strata=("TIER",)),
        "employees": replace(STUDY.populations["employees"], weight="YEARS"),
    }
    weighted = replace(STUDY, populations={**STUDY.populations, **people})
    samples = {id_: sample_of(people[id_], screened[id_].keep()) for id_ in people}
    found = {
        (curve.hypothesis, curve.position): curve
        for curve in specification_curves(weighted, screened, hypotheses=["H1", "H4", "P1", "S1", "G1"])
    }

    def one(place: tuple[str, int], statistic: str) -> Specification:
        curve = found[place]
        wanted = {**curve.declared.choices, "statistic": statistic}
        assert wanted["weights"] == "used"
        assert not curve.not_run
        return next(spec for spec in curve.specifications if spec.choices == wanted)

    customers, employees = samples["customers"], samples["employees"]
    design = customers.design
    by_hand = {}
    for (id_, position), curve in found.items():
        test = curve.test
        if test.population != "customers" or set(test.variables.get("versus_population", ())) - people.keys():
            continue
        names = {role: of[0] for role, of in test.variables.items()}
        if test.kind == "path":
            columns = customers.frame[[names["predictor"], *test.variables.get("controls", ())]]
            direct = weighted_rank_coefficient(customers.variable(names["outcome"]), columns, design)
        elif test.kind == "trend":
            direct = weighted_linear_trend(customers.variable(names["outcome"]), customers.groups, design)
        elif test.kind == "mean":
            direct = weighted_rank_biserial(customers.variable(names["variable"]) - 3.0, design)
        elif test.kind == "contrast":
            plus, minus = (customers.frame[list(test.variables[role])] for role in ("plus", "minus"))
            difference = plus.mean(axis=1, skipna=False) - minus.mean(axis=1, skipna=False)
            direct = weighted_rank_biserial(difference.rename("d"), design)
        else:
            direct = weighted_cliffs_delta(
                customers.variable(names["variable"]),
                employees.variable(names["versus"]),
                design,
                employees.design,
            )
        by_hand[test.kind] = one((id_, position), direct.measure)
        spec = by_hand[test.kind]
        assert (spec.estimate, spec.own_estimate, spec.n) == (direct.estimate, direct.own_estimate, direct.n)
        assert spec.interval == direct.interval
        assert "variance of the design" in spec.method
    assert by_hand.keys() >= {"path", "trend", "gap"}


def study_of(*tests: DeclaredTest) -> Study:
    return replace(STUDY, hypotheses=(replace(STUDY.hypotheses[0], tests=tests),))


def declared(kind: str, **variables: tuple[str, ...]) -> DeclaredTest:
    return DeclaredTest(kind=kind, population="employees", variables=variables, smallest_effect=0.05)


COUNTED = {
    "trend": declared("trend", outcome=("effectiveness",), group=("YEARS",)),
    "association": declared("association", variable=("CUSTOMERS_SERVED",), group=("YEARS",)),
    "correlation": declared("correlation", x=("effectiveness",), y=("data_quality",)),
    "added_value": declared(
        "added_value", outcome=("effectiveness",), base=("data_quality",), added=("system_support",)
    ),
    "repeated": declared("repeated", columns=("EFF1", "EFF2", "EFF3")),
    "segmentation": declared(
        "segmentation",
        rule=("POST",),
        features=("data_quality", "system_support"),
        outcomes=("effectiveness",),
    ),
}


@pytest.mark.parametrize("kind", COUNTED)
def test_errors_count_branches_whatever_the_kind(screened, kind):
    (curve,) = specification_curves(study_of(COUNTED[kind]), screened, resamples=50)
    assert not curve.not_run
    assert curve.options()["clusters"] == ("ignored", "counted")
    counted = [spec for spec in curve.run if spec.choices["clusters"] == "counted"]
    assert len(counted) == len(curve.run) / 2
    ignored = {tuple(s.choices.values()): s for s in curve.run if s.choices["clusters"] == "ignored"}
    for spec in counted:
        plain = ignored[tuple(("ignored" if v == "counted" else v) for v in spec.choices.values())]
        assert spec.estimate == pytest.approx(plain.estimate, rel=1e-9)  # everybody counts alike
        assert spec.n == plain.n
        assert spec.interval != plain.interval
        assert "weighted" not in spec.method
    kept = sample_of(STUDY.populations["employees"], screened["employees"].keep())
    if kind == "trend":
        design = kept.plain_design()
        groups = coded_categories(kept.variable("YEARS"), kept.questionnaire)
        direct = under_design(trend(kept.variable("effectiveness"), groups, design), design)
        wanted = {**curve.declared.choices, "clusters": "counted"}
        (spec,) = [spec for spec in counted if spec.choices == wanted]
        assert (spec.estimate, spec.interval) == (direct.estimate, direct.interval)


def test_latent_means_of_ordered_items_have_no_error_that_counts_branches(screened):
    (curve,) = specification_curves(study_of(declared("latent_trend", outcome=("effectiveness",))), screened)
    # under a design the items are taken as numbers: another estimate, not another error
    assert {spec.choices["clusters"] for spec in curve.not_run} == {"counted"}
    assert {spec.state for spec in curve.not_run} == {"not_available"}
    assert all("no error here that counts branches" in spec.reason for spec in curve.not_run)


def test_one_branch_alone_gives_no_error_that_counts_branches(screened):
    screening = screened["employees"]
    answers = screening.responses.answers
    one = replace(screening.responses, answers=answers.assign(BRANCH=answers["BRANCH"].iloc[0]))
    alone = {"employees": screen(one, STUDY.populations["employees"].screening)}
    (curve,) = specification_curves(study_of(COUNTED["trend"]), alone)
    lost = [spec for spec in curve.not_run if spec.choices["statistic"] == "tau_b"]
    assert lost
    assert {spec.choices["clusters"] for spec in lost} == {"counted"}
    assert {(spec.state, spec.reason) for spec in lost} == {
        ("too_few", "branches known: 1; errors that count them need 2")
    }


# ---------------------------------------------------------------- a random intercept of branches


def test_a_path_of_employees_is_also_estimated_with_a_random_intercept(screened, curves):
    curve = curves["P2b", 0]
    mixed = [spec for spec in curve.specifications if spec.choices["clusters"] == "random_intercept"]
    assert {spec.choices["statistic"] for spec in mixed} == {"standardized_coefficient"}
    assert {spec.choices["scores"] for spec in mixed} == {"answered", "complete"}
    kept = sample_of(STUDY.populations["employees"], screened["employees"].keep())
    model = standardized_mixed_model(
        kept.variable("tier_accuracy"), kept.frame[["data_quality", "system_support"]], kept.clusters
    )
    effect = model.effect("data_quality")
    wanted = {**curve.declared.choices, "clusters": "random_intercept"}
    (spec,) = [spec for spec in mixed if spec.choices == wanted]
    assert (spec.estimate, spec.interval, spec.n) == (effect.estimate, effect.interval, model.n)
    assert (spec.state, spec.reason) == (model.state, model.reason)
    assert spec.zone is not None
    assert spec.estimate == pytest.approx(curve.declared.estimate, abs=0.1)
    assert spec.estimate != curve.declared.estimate
    for other in curves.values():
        if other.test.kind != "path" or other.test.population != "employees":
            assert "random_intercept" not in other.options().get("clusters", ())


def test_branches_that_do_not_differ_leave_a_singular_model_that_stands(screened):
    screening = screened["employees"]
    answers = screening.responses.answers
    branches = answers["BRANCH"].to_numpy()
    for seed in range(20):  # branches dealt anew say nothing of their staff
        dealt = answers.assign(BRANCH=np.random.default_rng(seed).permutation(branches))
        shuffled = screen(
            replace(screening.responses, answers=dealt), STUDY.populations["employees"].screening
        )
        (curve, *_) = specification_curves(STUDY, {"employees": shuffled}, hypotheses=["P2b"])
        singular = [spec for spec in curve.specifications if spec.state == "singular"]
        if singular:
            break
    assert singular
    for spec in singular:
        assert spec.choices["clusters"] == "random_intercept"
        assert "their variance is estimated as nought" in spec.reason
        assert spec in curve.run
        plain = {**spec.choices, "clusters": "counted"}
        (least_squares,) = [other for other in curve.specifications if other.choices == plain]
        assert spec.n == least_squares.n
        assert spec.estimate == pytest.approx(least_squares.estimate, rel=1e-9)
        (entry,) = [e for e in curve.entries() if all(e.about.get(k) == v for k, v in spec.choices.items())]
        assert (entry.state, entry.estimate) == ("singular", spec.estimate)


def test_a_random_intercept_of_respondents_alone_in_their_branches_is_not_run(screened):
    screening = screened["employees"]
    answers = screening.responses.answers
    alone = replace(screening.responses, answers=answers.assign(BRANCH=np.arange(len(answers), dtype=float)))
    employees = screen(alone, STUDY.populations["employees"].screening)
    (curve, *_) = specification_curves(STUDY, {"employees": employees}, hypotheses=["P2b"])
    lost = [spec for spec in curve.not_run if spec.choices["clusters"] == "random_intercept"]
    assert lost
    assert {spec.state for spec in lost} == {"too_few"}
    assert all("no group has more than 1 on average" in spec.reason for spec in lost)


def test_a_curve_of_nothing_but_one_analysis_is_unanimous():
    spec = Specification(choices={"screening": "all_rules"}, declared=True, method="m", n=40, estimate=0.2,
                         zone="beyond")  # fmt: skip
    curve = SpecificationCurve(
        hypothesis="H", position=0, measure="d", test=STUDY.hypotheses[0].tests[0], specifications=(spec,)
    )
    assert (curve.unanimous, curve.n_hold, curve.options(), curve.by_choice()) == (True, 1, {}, {})


# ---------------------------------------------------------------- effects by ranks


def answers(n: int, seed: int) -> pd.DataFrame:
    """Five-point answers with ties that go together, of unequal skew."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    raw = {
        name: np.round(3 + s * shared + rng.normal(size=n))
        for name, s in zip("yab", (0.8, 0.6, 0.4), strict=True)
    }
    return pd.DataFrame(raw).clip(1, 5)


def test_one_rank_coefficient_is_spearmans_correlation():
    data = answers(150, 3)
    assert rank_coefficient(data["y"], data[["a"]]).estimate == pytest.approx(
        stats.spearmanr(data["y"], data["a"]).statistic, rel=1e-12
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_error_of_a_rank_coefficient_equals_the_jackknife_that_ranks_anew(seed):
    data = answers(220, seed)
    found = rank_coefficient(data["y"], data[["a", "b"]])
    everyone_a_branch = pd.Series(range(len(data)))
    jackknife = rank_coefficient(data["y"], data[["a", "b"]], clusters=everyone_a_branch)
    assert jackknife.estimate == pytest.approx(found.estimate, rel=1e-12)
    # two roads to one number that agree in the limit only
    assert found.std_error == pytest.approx(jackknife.std_error, rel=0.01)


def test_ranks_that_are_taken_for_given_numbers_have_too_small_an_error():
    rng = np.random.default_rng(1)
    data = pd.DataFrame({"a": rng.exponential(size=220), "b": rng.normal(size=220)})
    data["y"] = data["a"] + 0.4 * data["b"] + 0.4 * rng.normal(size=220)
    everyone_a_branch = pd.Series(range(len(data)))
    jackknife = rank_coefficient(data["y"], data[["a", "b"]], clusters=everyone_a_branch).std_error
    ranked = data.rank()
    assert regress(ranked["y"], ranked[["a", "b"]]).terms[0].std_error < 0.92 * jackknife
    found = rank_coefficient(data["y"], data[["a", "b"]])
    assert found.std_error == pytest.approx(jackknife, rel=0.01)


def test_rank_coefficients_see_the_order_alone():
    data = answers(90, 7)
    curved = data.assign(y=np.exp(data["y"]), a=data["a"] ** 3)
    assert rank_coefficient(curved["y"], curved[["a", "b"]]) == rank_coefficient(data["y"], data[["a", "b"]])


def test_cliffs_delta_is_that_of_the_comparison_of_two_groups():
    data = answers(120, 5)
    first, second = data["y"][:45], data["y"][45:] - 0.5
    second = second.where(second.index % 7 != 0)
    found, known = cliffs_delta(first, second), compare_two(first, second).dominance
    assert known is not None
    assert found.n == int(first.notna().sum() + second.notna().sum())
    assert found.own_estimate == pytest.approx(known.cliffs_delta, rel=1e-12)
    assert found.own_std_error == pytest.approx(2 * known.std_error, rel=1e-12)
    assert found.df == pytest.approx(known.df, rel=1e-9)
    mirrored = cliffs_delta(second, first)
    assert mirrored.estimate == pytest.approx(-found.estimate, rel=1e-9)
    alone = cliffs_delta(
        first, second, clusters_first=pd.Series(range(120)), clusters_second=pd.Series(range(120))
    )
    assert alone.std_error == pytest.approx(found.std_error, rel=1e-12)


def test_the_rank_biserial_is_that_of_the_signed_ranks_and_its_error_that_of_a_bootstrap():
    data = answers(180, 11)
    difference = data["y"] - data["a"] + np.where(data.index % 3 == 0, 1.0, 0.0)
    found = rank_biserial(difference)
    known = within_contrast(difference.to_frame("p"), pd.DataFrame({"m": np.zeros(len(difference))}))
    assert found.own_estimate == pytest.approx(known.rank_biserial, rel=1e-12)
    nonzero = difference[difference != 0].to_numpy()
    pairs = np.sign(nonzero[:, None] + nonzero[None, :])
    walsh = pairs[np.triu_indices(len(nonzero))].mean()
    assert found.own_estimate == pytest.approx(walsh, rel=1e-12)
    rng = np.random.default_rng(1)
    drawn = [
        rank_biserial(pd.Series(rng.choice(difference.to_numpy(), len(difference)))).own_estimate
        for _ in range(400)
    ]
    assert found.own_std_error == pytest.approx(np.std(drawn), rel=0.12)  # 400 draws: 3.5 % of chance


def test_a_linear_trend_is_the_correlation_with_the_position_of_the_tier():
    data = answers(140, 2)
    tiers = pd.Series(pd.Categorical(data["a"].astype(int).astype(str), ordered=True), name="TIER")
    found = linear_trend(data["y"], tiers)
    r = stats.pearsonr(data["y"], data["a"]).statistic
    assert found.own_estimate == pytest.approx(r, rel=1e-12)
    assert found.estimate == pytest.approx(2 / np.pi * np.arcsin(r), rel=1e-12)


def test_normal_answers_have_the_same_effect_by_means_and_by_ranks():
    rng = np.random.default_rng(4)
    a, b = pd.Series(rng.normal(0.5, 1, 4000)), pd.Series(rng.normal(0, 1, 4000))
    assert cliffs_delta(a, b).estimate == pytest.approx(0.5, abs=0.06)
    assert rank_biserial(a).estimate == pytest.approx(0.5, abs=0.05)
    latent = rng.normal(size=4000)
    other = pd.Series(0.5 * latent + np.sqrt(0.75) * rng.normal(size=4000))
    tau = stats.kendalltau(latent, other).statistic
    assert unit_of_tau(np.corrcoef(latent, other)[0, 1])[0] == pytest.approx(tau, abs=0.02)


@pytest.mark.parametrize("translation", [unit_of_d, unit_of_d_z, unit_of_tau])
def test_slopes_of_translations_are_their_derivatives(translation):
    for value in (-0.7, 0.0, 0.4):
        rise = (translation(value + 1e-6)[0] - translation(value - 1e-6)[0]) / 2e-6
        assert translation(value)[1] == pytest.approx(rise, rel=1e-7)
        assert translation(-value)[0] == pytest.approx(-translation(value)[0], abs=1e-12)


def test_errors_grow_where_branches_answer_alike():
    rng = np.random.default_rng(8)
    branch = pd.Series(np.repeat(range(30), 10))
    common = rng.normal(size=30)[branch]
    values = pd.Series(np.round(common + rng.normal(size=300) + 0.4))
    other = pd.Series(np.round(common + rng.normal(size=300)))
    for found, clustered in (
        (rank_biserial(values), rank_biserial(values, clusters=branch)),
        (
            cliffs_delta(values, other),
            cliffs_delta(values, other, clusters_first=branch, clusters_second=branch),
        ),
    ):
        assert clustered.own_estimate == pytest.approx(found.own_estimate)
        assert clustered.std_error > 1.5 * found.std_error
        assert "cluster-robust" in clustered.method


def test_effects_by_ranks_that_do_not_exist_say_why():
    one, two = pd.Series([1.0, 2, 2, 1]), pd.Series([4.0, 5, 5])
    assert cliffs_delta(one, two).state == "no_error"
    assert cliffs_delta(one, two[:1]).state == "too_few"
    assert rank_biserial(pd.Series([0.0, 0, 1, -1])).state == "too_few"
    assert rank_biserial(pd.Series([1.0, 2, 3, 4])).state == "no_error"
    same = pd.Series([3.0] * 8)
    line = pd.DataFrame({"a": range(8)}, dtype=float)
    assert rank_coefficient(same, line).state == "constant"
    assert rank_coefficient(line["a"], line.assign(b=line["a"] ** 2)).state == "inadmissible"
    assert rank_coefficient(line["a"][:3], line[:3]).state == "too_few"
    assert rank_coefficient(line["a"], line).state == "no_error"
    for found in (cliffs_delta(one, two), rank_coefficient(same, line)):
        (entry,) = found.entries()
        assert entry.estimate is None
        assert entry.reason
