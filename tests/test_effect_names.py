"""What effects are called in figures and tables, and one effect with one interval wherever it stands."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.findings import find
from analysis.results import Interval
from reports.gallery import effect_label
from reports.labels import Labels
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = Study.load("bank_tiering")
TESTS = {(h.id, at): test for h in STUDY.hypotheses for at, test in enumerate(h.tests)}


def labelled(hypothesis: str, position: int, **more: str) -> str:
    test = TESTS[hypothesis, position]
    questionnaire = STUDY.populations[test.population].questionnaire
    return effect_label(test, Labels(questionnaire=questionnaire, language="en"), **more)


def test_a_moderation_is_a_product():
    assert labelled("P2b_interaction", 0) == "Data quality × System support → Tier accuracy"


def test_groups_and_populations_tell_like_labels_apart():
    assert labelled("H4", 0, group="TIER", people="Customers") == (
        "Your customer tier, as the bank names it – Satisfaction (Customers)"
    )
    assert labelled("R1", 0, people="Customers") != labelled("R1", 2, people="Employees")


@pytest.mark.parametrize(("language", "heading"), [("en", "Risk"), ("zh", "风险")])
def test_a_question_with_a_heading_is_called_by_it(language, heading):
    labels = Labels(questionnaire=STUDY.populations["customers"].questionnaire, language=language)
    assert labels.brief("CRT_RISK").startswith(heading)
    assert len(labels.brief("CRT_RISK")) < len(labels.name("CRT_RISK"))
    assert labels.brief("NPS") == labels.name("NPS")


def test_a_gap_has_the_interval_of_its_hypothesis():
    answers = simulate(STUDY, load_population_model("claims_hold", STUDY), rng=np.random.default_rng(4))
    people = ("customers", "employees")
    study = replace(
        STUDY,
        populations={id_: replace(STUDY.populations[id_], banners=()) for id_ in people},
        hypotheses=tuple(h for h in STUDY.hypotheses if h.id == "G1"),
        outline=("descriptives", "verdicts"),
    )
    findings = find(study, {id_: answers[id_] for id_ in people}, sensitivity=False)
    gaps = {gap.parallel.names["customers"]: gap.difference for gap in findings.gaps}
    for evidence in findings.verdict("G1").evidence:
        (name,) = evidence.test.variables["variable"]
        assert gaps[name].robust.interval == evidence.interval
        assert isinstance(evidence.interval, Interval)
