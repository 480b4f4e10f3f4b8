"""Stated importance beside derived: from a declared test of drivers to the words of the report."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.findings import Findings, entry_id
from analysis.inputs import sample_of
from analysis.tier_views import TierViews, tier_views
from reports.chapters.drivers import stated_importance
from reports.document import Prose, Table
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import DeclaredTest, Hypothesis, Study
from surveys.study_files import study_folder

STUDY = replace(Study.load("bank_tiering"), resamples=200)
DRIVERS = ("criteria_clarity", "method_quality", "staff_competence", "service_level")
SAID = ("CRT_VALUE", "CRT_RISK", "CRT_NEEDS", "CRT_POTENTIAL")


def asking(stated=SAID, drivers=DRIVERS):
    test = DeclaredTest(
        kind="drivers",
        population="customers",
        variables={"predictors": drivers, "outcome": ("effectiveness",)},
        smallest_effect=0.1,
        stated=stated,
    )
    hypotheses = (Hypothesis(id="D", claim={"en": "d", "zh": "d"}, tests=(test,)),)
    return replace(STUDY, hypotheses=hypotheses, parallel=())


@pytest.fixture(scope="module")
def customers():
    """People who say that the first driver matters most and the last least; it is the other way round."""
    model = load_population_model("claims_hold", STUDY)
    given = simulate(STUDY, model, rng=np.random.default_rng(3), sizes={"customers": 400})["customers"]
    sample = sample_of(STUDY.populations["customers"], given)
    rng = np.random.default_rng(1)
    frame = sample.frame.copy()
    for place, name in enumerate(SAID):
        frame[name] = np.clip(5 - place + rng.integers(-1, 2, len(frame)), 1, 5).astype(float)
    weights = (0.1, 0.2, 0.3, 0.9)
    frame["effectiveness"] = sum(w * frame[d] for w, d in zip(weights, DRIVERS, strict=True))
    frame["effectiveness"] += rng.normal(size=len(frame))
    return replace(sample, frame=frame)


def telling(study, views, language, sample=None):
    populations = {} if sample is None else {"customers": SimpleNamespace(sample=sample)}
    findings = Findings(
        study=study,
        populations=populations,
        gaps=(),
        verdicts=(),
        rule_effects=(),
        catalogue={},
        views=views,
    )
    return Telling(findings=findings, numbers=Numbers(language=language))


def told(study, views, language, sample=None):
    test = study.hypotheses[0].tests[0]
    return list(stated_importance(telling(study, views, language, sample), "D", 0, test))


def test_stated_items_stand_for_the_drivers_in_their_order(customers):
    views = tier_views(asking(), {"customers": customers})
    found = views.priorities[0].result.of(None).stated
    assert [one.driver for one in found.drivers] == list(DRIVERS)
    whole = customers.frame.dropna(subset=[*DRIVERS, "effectiveness"])
    assert [one.stated for one in found.drivers] == pytest.approx([whole[name].mean() for name in SAID])
    assert [one.stated_rank for one in found.drivers] == [1, 2, 3, 4]
    turned = tier_views(asking(SAID[::-1]), {"customers": customers}).priorities[0].result.of(None).stated
    assert [one.stated_rank for one in turned.drivers] == [4, 3, 2, 1]
    plain = tier_views(asking(()), {"customers": customers}).priorities[0].result
    assert plain.of(None).stated is None
    points = [one.points for one in views.priorities[0].result.maps]
    assert [one.points for one in plain.maps] == points  # the map itself is the same


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_ranks_and_says_where_the_two_part(customers, language):
    study = asking()
    views = tier_views(study, {"customers": customers})
    pen = telling(study, views, language)
    prose, table = stated_importance(pen, "D", 0, study.hypotheses[0].tests[0])
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    words = {
        "en": ("More goes with Service level than", "Less goes with Criteria clarity"),
        "zh": ("服务水平的推导重要性高于", "标准清晰的推导重要性低于"),
    }
    assert all(word in prose.text for word in words[language])
    found = views.priorities[0].result.of(None).stated
    assert pen.numbers.bounded(found.estimate) in prose.text
    assert [row[2] for row in table.rows] == ["1.0", "2.0", "3.0", "4.0"]
    listed = {entry_id(scope, entry) for scope, _, r in views.results() for entry in r.entries()}
    cited = {citation.id for citation in pen.numbers.ledger.citations}
    assert "hypotheses.D.1.priorities.effectiveness.all.service_level.rank_difference" in cited
    assert cited <= listed


def test_what_cannot_be_ranked_is_said(customers):
    three = asking(SAID[:3], DRIVERS[:3])
    (said,) = told(three, tier_views(three, {"customers": customers}), "en")
    assert "fewer than four drivers" in said.text
    study = asking()
    alike = replace(customers, frame=customers.frame.assign(**dict.fromkeys(SAID, 4.0)))
    (said,) = told(study, tier_views(study, {"customers": alike}), "zh")
    assert "自述重要性相同" in said.text
    unanswered = replace(customers, frame=customers.frame.drop(columns="CRT_RISK"))
    assert told(study, tier_views(study, {"customers": unanswered}), "en") == []


def test_under_a_sampling_design_the_report_says_that_there_is_none():
    model = load_population_model("claims_hold", STUDY)
    given = simulate(STUDY, model, rng=np.random.default_rng(3), sizes={"customers": 60})["customers"]
    weighted = sample_of(replace(STUDY.populations["customers"], weight="POTENTIAL"), given)
    (said,) = told(asking(), TierViews(), "en", weighted)
    assert "no version under a sampling design" in said.text
    assert told(asking(()), TierViews(), "en", weighted) == []


def test_a_stated_item_is_read_beside_the_variables_of_the_test(tmp_path):
    folder = shutil.copytree(study_folder("bank_tiering"), tmp_path / "study")
    declared = (folder / "study.yaml").read_text("utf-8")
    old = "service_level], outcome: effectiveness, smallest_effect: 0.1}"
    assert declared.count(old) == 2
    new = old.replace("outcome", f"stated: [{', '.join(SAID)}], outcome")
    (folder / "study.yaml").write_text(declared.replace(old, new), "utf-8")
    (of_drivers,) = [h for h in Study.load(folder).hypotheses if h.id == "P3"]
    assert [test.stated for test in of_drivers.tests] == [SAID, SAID]
    assert [set(test.variables) for test in of_drivers.tests] == [{"predictors", "outcome"}] * 2
