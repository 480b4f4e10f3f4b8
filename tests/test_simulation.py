"""Simulated samples have the properties that the population file states, and say that they are synthetic."""

import numpy as np
import pandas as pd
import pytest
import yaml

from surveys.errors import StudyFileError
from surveys.population_model import load_population_model
from surveys.read import read_answers
from surveys.simulation import simulate, simulate_with_truth, write_exports
from surveys.study import Study

STUDY = Study.load("bank_tiering")
HOLDS = load_population_model("claims_hold", STUDY)


def rng(seed=1):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def large():
    """Careful respondents, so many that sampling errors are below the tolerances of the tests."""
    return simulate_with_truth(STUDY, HOLDS, rng=rng(), sizes={"customers": 40_000}, clean=True)


def test_the_same_seed_draws_the_same_answers_and_another_seed_does_not():
    first, again, other = (simulate(STUDY, HOLDS, rng=rng(seed)) for seed in (1, 1, 2))
    for id_ in first:
        pd.testing.assert_frame_equal(first[id_].answers, again[id_].answers)
        assert not first[id_].answers.equals(other[id_].answers)


def test_default_sizes_are_those_of_the_file_and_every_answer_is_on_its_scale():
    drawn = simulate(STUDY, HOLDS, rng=rng())
    assert {id_: given.n for id_, given in drawn.items()} == {
        "customers": 800,
        "employees": 300,
        "corporate": 200,
    }
    for given in drawn.values():
        assert given.synthetic
        for item in given.questionnaire.items:
            if item.kind != "single" or item.scale is None:
                continue
            seen = set(given.answers[item.id].dropna().unique())
            assert seen <= set(map(float, item.scale.codes)), item.id


def test_tiers_have_the_stated_shares_and_follow_wealth(large):
    customers = large["customers"]
    tier = customers.responses.answers["TIER"]
    shares = tier.value_counts(normalize=True).sort_index()
    assert shares.tolist() == pytest.approx([0.5, 0.28, 0.16, 0.06], abs=1e-4)
    highest = customers.truth["wealth"].groupby(tier).max().to_numpy()[:-1]
    lowest = customers.truth["wealth"].groupby(tier).min().to_numpy()[1:]
    assert (highest <= lowest).all()


def test_latent_variables_have_the_stated_relations(large):
    truth = large["customers"].truth
    parameters = HOLDS.populations["customers"]
    tier = large["customers"].responses.answers["TIER"]
    exogenous = truth[["criteria_clarity", "method_quality"]]
    assert exogenous.corr().iloc[0, 1] == pytest.approx(0.3, abs=0.02)
    causes = parameters.constructs["effectiveness"].on
    design = np.column_stack([np.ones(len(truth)), *(truth[name] for name in causes)])
    slopes = np.linalg.lstsq(design, truth["effectiveness"], rcond=None)[0][1:]
    assert slopes == pytest.approx(list(causes.values()), abs=0.02)
    score = (tier - tier.mean()) / tier.std()
    assert np.corrcoef(score, truth["loyalty"])[0, 1] > 0.3


def test_items_have_the_stated_loading_and_thresholds(large):
    answers = large["customers"].responses.answers
    items = STUDY.populations["customers"].questionnaire.construct("criteria_clarity").items
    frame = answers[list(items)].astype(float)
    correlations = frame.corr().abs().to_numpy()[np.triu_indices(len(items), 1)]
    # loading .8 gives .64 between responses; five categories weaken that a little
    assert 0.52 < correlations.min() <= correlations.max() < 0.64


def test_shares_of_picked_options_are_those_stated(large):
    answers = large["customers"].responses.answers
    assert answers["CHANNELS_3"].mean() == pytest.approx(0.84, abs=0.01)
    by_tier = answers["SERVICES_1"].groupby(answers["TIER"]).mean()
    assert by_tier.is_monotonic_increasing


def test_branches_share_what_the_file_says():
    staff = simulate_with_truth(STUDY, HOLDS, rng=rng(3), sizes={"employees": 30_000}, clean=True)[
        "employees"
    ]
    branch = staff.responses.answers["BRANCH"]
    assert branch.nunique() == 30
    groups = staff.truth["training"].groupby(branch)
    between = groups.mean().var() - (staff.truth["training"].var() / (len(branch) / 30))
    # 30 branches estimate an intraclass correlation of .06 only roughly
    assert 0.02 < between / staff.truth["training"].var() < 0.13


def test_careless_respondents_answer_fast_and_fail_the_check():
    drawn = simulate_with_truth(STUDY, HOLDS, rng=rng(), sizes={"customers": 20_000})["customers"]
    careless = drawn.truth["careless"]
    seconds = drawn.responses.metadata["seconds"]
    assert (careless != "").mean() == pytest.approx(0.04, abs=0.006)
    assert seconds[careless != ""].median() < 120 < seconds[careless == ""].median()
    questionnaire = STUDY.populations["customers"].questionnaire
    (check,) = [item for item in questionnaire.items if item.attention is not None]
    given = drawn.responses.answers[check.id]
    failed = given.notna() & (given != check.attention)
    assert failed[careless == ""].sum() == 0
    assert failed[careless != ""].mean() == pytest.approx(0.8, abs=0.06)
    straight = drawn.responses.answers.loc[careless == "straight", "SAT1":"SAT3"].dropna()
    assert (straight.nunique(axis="columns") == 1).all()


def test_clean_samples_lack_nothing():
    customers = simulate(STUDY, HOLDS, rng=rng(), clean=True)["customers"]
    closed = [i.id for i in customers.questionnaire.items if i.kind in ("single", "number")]
    assert customers.answers[closed].notna().all(axis=None)


@pytest.mark.parametrize(("answers", "language"), [("codes", "en"), ("labels", "en"), ("labels", "zh")])
def test_exports_read_back_as_the_same_answers(answers, language, tmp_path):
    drawn = simulate(STUDY, HOLDS, rng=rng(), sizes={"customers": 60, "employees": 40, "corporate": 30})
    paths = write_exports(drawn, tmp_path, answers=answers, language=language)
    for id_, path in paths.items():
        back = read_answers(path, STUDY.populations[id_].questionnaire)
        assert back.synthetic
        given = drawn[id_].answers[list(back.answers)]
        texts = [item.id for item in back.questionnaire.items if item.kind == "text"]
        pd.testing.assert_frame_equal(
            back.answers.drop(columns=texts), given.drop(columns=texts), check_dtype=False
        )
        for name in texts:
            assert back.answers[name].fillna("").tolist() == given[name].fillna("").tolist()
        raw = path.read_bytes().decode("utf-8-sig")
        assert "synthetic" in raw.splitlines()[0]
        assert "合成数据" in raw.splitlines()[1]


def test_wrong_calls_are_refused():
    with pytest.raises(ValueError, match="`clients` is none of customers, employees, corporate"):
        simulate(STUDY, HOLDS, rng=rng(), sizes={"clients": 10})
    with pytest.raises(ValueError, match="give 1 or more"):
        simulate(STUDY, HOLDS, rng=rng(), sizes={"customers": 0})
    with pytest.raises(ValueError, match="neither codes nor labels"):
        write_exports({}, "unused", answers="texts")


FAULTS = [
    (["populations", "customers", "tiers", "shares"], [0.5, 0.5], "2 shares that add up to 1"),
    (["populations", "customers", "tiers", "item"], "TEIR", "TEIR"),
    (["populations", "customers", "constructs", "loyalty", "on"], {"satisfactoin": 0.4}, "satisfactoin"),
    (
        ["populations", "customers", "constructs", "loyalty", "on"],
        {"satisfaction": 1.4},
        "explain 1.96 of the variance",
    ),
    (["populations", "customers", "constructs", "criteria_clarity", "on"], {"fairness": 0.2}, "circle"),
    (["populations", "customers", "thresholds", "agree5"], [1, 0, 2, 3], "rising numbers"),
    (["populations", "customers", "rated", "NPS", "on"], {"loyalty": 1.2}, "squares add up to"),
    (["populations", "customers", "rated", "TIER"], {"mean": 0}, "`tiers`"),
    (["populations", "customers", "multiple", "CHANNELS", "9"], {"share": 0.5}, "option 9"),
    (["populations", "customers", "numbers", "POTENTIAL", "high"], 400, "numbers that the item takes"),
    (["populations", "customers", "numbers", "POTENTIAL", "low"], 200, "low below high"),
    (["populations", "customers", "missing"], float("nan"), "a finite number"),
    (["populations", "customers", "careless", "share"], 1.5, None),
    (["populations", "visitors"], {"n": 5}, None),
]


def changed(keys, value):
    """The shipped population file with one value changed."""
    file = STUDY.folder / "populations" / "claims_hold.yaml"
    data = yaml.safe_load(file.read_text("utf-8"))
    if keys == ["populations", "visitors"]:
        value = data["populations"]["corporate"]
    at = data
    for key in keys[:-1]:
        at = at.setdefault(key, {}) if key in at or not str(key).isdigit() else at[int(key)]
    at[keys[-1]] = value
    return data


@pytest.mark.parametrize(("keys", "value", "words"), FAULTS, ids=["/".join(k[1:]) for k, _, _ in FAULTS])
def test_a_population_that_could_not_be_drawn_is_refused_with_its_line(keys, value, words, tmp_path):
    path = tmp_path / "population.yaml"
    path.write_text(yaml.safe_dump(changed(keys, value), allow_unicode=True, sort_keys=False), "utf-8")
    with pytest.raises(StudyFileError) as caught:
        load_population_model(path, STUDY)
    told = str(caught.value)
    assert "population.yaml, line" in told
    if words is not None:
        assert words in told


def test_all_faults_of_a_population_are_told_at_once(tmp_path):
    data = changed(["populations", "customers", "tiers", "item"], "TEIR")
    data["populations"]["employees"]["clusters"]["item"] = "BRANHC"
    data["populations"]["corporate"]["thresholds"]["agree5"] = [3, 2, 1, 0]
    path = tmp_path / "population.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
    with pytest.raises(StudyFileError) as caught:
        load_population_model(path, STUDY)
    for seen in ("TEIR", "BRANHC", "rising numbers"):
        assert seen in str(caught.value)
