"""From a declared sampling plan and answers to a design."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.means import weighted_mean
from analysis.design.raking import rake
from analysis.sampling import sampling_design
from surveys.responses import Responses, SourceFile
from surveys.screening import screen
from surveys.study import ScreeningRule, Study

CUSTOMERS = Study.load("bank_tiering").populations["customers"]


@pytest.fixture(scope="module")
def answers(reference):
    """The made-up survey under the names of the built-in questionnaire; the study's items only give names."""
    data = reference("design_survey").rename(columns={"W": "AUM"})
    return data.assign(YEARS=data["BRANCH"].astype(float), LOY=data["LOY"])


def plan(**more):
    return replace(CUSTOMERS, **more)


def test_strata_clusters_stages_and_populations_make_the_design_of_survey(answers):
    d = answers.assign(ROW=np.arange(len(answers), dtype=float))
    declared = plan(
        weight="AUM",
        strata=("REGION",),
        cluster="BRANCH",
        second_cluster="ROW",
        population_sizes=("BRANCHES", "CUSTOMERS"),
        design_errors="linearised",
    )
    found = sampling_design(declared, d)
    direct = survey_design(
        d["AUM"],
        strata=d["REGION"],
        clusters=[d["BRANCH"], d["ROW"]],
        population_sizes=[d["BRANCHES"], d["CUSTOMERS"]],
    )
    ours, theirs = weighted_mean(d["LOY"], found.design), weighted_mean(d["LOY"], direct)
    assert (ours.estimate, ours.std_error, ours.df) == (theirs.estimate, theirs.std_error, theirs.df)
    told = found.diagnostics
    assert (told.n, told.n_strata, told.n_clusters, told.n_lonely) == (len(d), 4, 18, 0)
    assert told.effective_n == pytest.approx(d["AUM"].sum() ** 2 / (d["AUM"] ** 2).sum())
    assert told.largest == pytest.approx(d["AUM"].max() / d["AUM"].mean())
    entry = told.entries()[0]
    assert entry.measure == "kish_design_effect"
    assert entry.about == {"weight": "AUM"}
    assert entry.more["df"] == 14


def test_sizes_by_code_are_those_of_the_stratum(answers):
    sizes = {1: 4000.0, 2: 3000.0, 3: 2000.0, 4: 1000.0}
    found = sampling_design(
        plan(strata=("REGION",), population_sizes=(sizes,), design_errors="linearised"), answers
    )
    direct = survey_design(
        strata=answers["REGION"], population_sizes=answers["REGION"].map(sizes), n_rows=len(answers)
    )
    assert (
        weighted_mean(answers["LOY"], found.design).std_error
        == weighted_mean(answers["LOY"], direct).std_error
    )
    assert found.design.weights.sum() == pytest.approx(10_000)


def test_raking_and_its_replicates_meet_the_margins(answers):
    declared = plan(
        weight="AUM",
        strata=("REGION",),
        cluster="BRANCH",
        rake_to={"TIER": {1: 0.4, 2: 0.3, 3: 0.2, 4: 0.1}, "SEX": {1: 0.55, 2: 0.45}},
        trim=(0.2, 3.0),
        design_errors="linearised",
    )
    found = sampling_design(declared, answers)
    w = found.design.weights
    for item, shares in declared.rake_to.items():
        for code, share in shares.items():
            assert w[answers[item] == code].sum() / w.sum() == pytest.approx(share, rel=1e-8)
    assert found.diagnostics.largest < 3.0001
    base = survey_design(answers["AUM"], strata=answers["REGION"], clusters=answers["BRANCH"])
    total = answers["AUM"].sum()
    targets = {item: {c: s * total for c, s in shares.items()} for item, shares in declared.rake_to.items()}
    direct = rake(base, answers[["TIER", "SEX"]], targets, trim=(0.2, 3.0)).design
    ours, theirs = weighted_mean(answers["LOY"], found.design), weighted_mean(answers["LOY"], direct)
    assert (ours.estimate, ours.std_error) == (
        pytest.approx(theirs.estimate),
        pytest.approx(theirs.std_error),
    )
    replicates = found.replicates(np.random.default_rng(1), 200)
    for column in replicates.replicates.T:
        assert column[answers["SEX"] == 1].sum() / column.sum() == pytest.approx(0.55, rel=1e-7)
    spread = weighted_mean(answers["LOY"], replicates)
    assert spread.estimate == pytest.approx(ours.estimate)
    assert spread.std_error == pytest.approx(ours.std_error, rel=0.25)
    assert {entry.measure for entry in found.diagnostics.entries()} == {"kish_design_effect", "margin_total"}


def test_respondents_without_a_place_are_in_no_estimate_and_on_the_record(answers):
    spoiled = answers.assign(AUM=answers["AUM"].copy(), TIER=answers["TIER"].astype(float))
    spoiled.loc[[0, 1, 2], "AUM"] = [np.nan, 0.0, -3.0]
    spoiled.loc[5, "TIER"] = np.nan
    declared = plan(weight="AUM", strata=("TIER",))
    found = sampling_design(declared, spoiled)
    assert found.design.weights[[0, 1, 2, 5]].tolist() == [0, 0, 0, 0]
    assert (found.diagnostics.n, found.diagnostics.n_outside) == (len(answers) - 4, 4)
    whole = spoiled.drop(index=[0, 1, 2, 5]).reset_index(drop=True)
    without = sampling_design(declared, whole)
    left, right = weighted_mean(spoiled["LOY"], found.design), weighted_mean(whole["LOY"], without.design)
    assert left.estimate == pytest.approx(right.estimate, rel=1e-12)
    assert left.std_error == pytest.approx(right.std_error, rel=1e-12)
    assert (left.n, left.df) == (right.n, right.df)
    responses = Responses(
        questionnaire=CUSTOMERS.questionnaire,
        answers=spoiled[["AUM", "TIER"]],
        metadata=pd.DataFrame({"respondent": spoiled.index.astype(str), "row": spoiled.index + 2}),
        source=SourceFile(name="a.csv", sha256=""),
    )
    rule = ScreeningRule(kind="sampling", options={"weight": "AUM", "items": ("TIER",)})
    screening = screen(responses, [rule])
    assert screening.set_aside[["row", "index"]].to_numpy().tolist() == [
        [2, "AUM"],
        [3, "AUM"],
        [4, "AUM"],
        [7, "TIER"],
    ]
    assert screening.ledger[0].n_flagged == 4
    assert screening.usable.sum() == screening.n == len(answers) - 4


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"weight": "WORTH"}, "the answers have no column WORTH"),
        ({"weight": "AUM", "population_sizes": (3.0,)}, "units drawn out of 3"),
        ({"weight": "AUM", "strata": ("TIER",), "cluster": "BRANCH"}, "have respondents in two strata"),
        ({"weight": "AUM", "rake_to": {"SEX": {1: 0.5, 2: 0.4, 3: 0.1}}}, "nobody answered in 3"),
        (
            {"weight": "AUM", "strata": ("LONELY_STRATUM",), "cluster": "BRANCH", "lonely_strata": "refuse"},
            "hold a single sampled unit",
        ),
        ({"weight": "AUM", "rake_to": {"SEX": {1: 0.99, 2: 0.01}}, "trim": (0.9, 1.1)}, "cannot be raked"),
    ],
)
def test_a_design_that_cannot_be_used_says_why(answers, declared, words):
    found = sampling_design(plan(**declared), answers)
    assert found.design is None
    assert found.diagnostics is None
    assert words in found.trouble


def test_a_lonely_stratum_is_told(answers):
    found = sampling_design(plan(weight="AUM", strata=("LONELY_STRATUM",), cluster="BRANCH"), answers)
    assert found.diagnostics.n_lonely == 1
    assert found.design.lonely == "adjust"
    with pytest.raises(ValueError, match="single cluster"):
        found.replicates(np.random.default_rng(1), 50)


def test_no_plan_makes_no_design(answers):
    assert sampling_design(CUSTOMERS, answers) is None
    assert sampling_design(plan(cluster="BRANCH"), answers) is None
