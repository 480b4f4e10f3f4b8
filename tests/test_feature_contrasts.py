"""Penalties and rewards of declared drivers: which tests have them, and how the report tells them."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.feature_contrasts import driver_contrasts
from analysis.findings import Findings, entry_id
from analysis.inputs import sample_of
from analysis.penalty_reward import penalty_reward
from analysis.tier_views import TierViews
from reports.chapters.drivers import penalties_and_rewards
from reports.document import Figure, Prose, Table
from reports.figures.penalty_reward import penalty_reward_plot
from reports.labels import Labels
from reports.numbers import Numbers
from reports.sentences import DRIVER_KINDS
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import DeclaredTest, Hypothesis, Study

STUDY = replace(Study.load("bank_tiering"), resamples=100)
DRIVERS = ["criteria_clarity", "method_quality", "staff_competence", "service_level"]


@pytest.fixture(scope="module")
def samples():
    model = load_population_model("claims_hold", STUDY)
    given = simulate(STUDY, model, rng=np.random.default_rng(3))
    return {id_: sample_of(STUDY.populations[id_], given[id_]) for id_ in ("customers", "employees")}


def asking(predictors, outcome):
    """A study with one test of drivers, of customers."""
    roles = {"predictors": tuple(predictors), "outcome": (outcome,)}
    test = DeclaredTest(kind="drivers", population="customers", variables=roles, smallest_effect=0.1)
    return replace(STUDY, hypotheses=(Hypothesis(id="D", claim={"en": "d", "zh": "d"}, tests=(test,)),))


def test_declared_drivers_have_the_contrasts_of_their_scale_and_branches(samples):
    found = driver_contrasts(STUDY, samples)
    assert [(one.hypothesis, one.position, one.population) for one in found] == [
        ("P3", 0, "employees"),
        ("P3", 1, "customers"),
    ]
    staff, customers = found
    assert staff.result.errors == "clustered"
    bounds = dict.fromkeys(DRIVERS, (1.0, 5.0))
    frame = samples["customers"].frame
    again = penalty_reward(frame["effectiveness"], frame[DRIVERS], bounds=bounds, coding="thirds")
    assert customers.result.entries() == again.entries()
    assert driver_contrasts(STUDY, {"customers": samples["customers"]})[0].position == 1


def test_single_items_are_coded_by_their_ends_and_numbers_have_no_contrasts(samples):
    (found,) = driver_contrasts(asking(["SQ1", "SQ2"], "satisfaction"), samples)
    assert found.result.coding == "tops"
    assert {(one.low, one.high) for one in found.result.features} == {(2.0, 5.0)}
    assert driver_contrasts(asking(["SQ1", "AUM"], "satisfaction"), samples) == ()
    assert driver_contrasts(asking(["SQ1", "SQ2"], "AUM"), samples) == ()


def telling(study, samples, contrasts, language, populations=None):
    findings = Findings(
        study=study,
        populations=populations or {},
        gaps=(),
        verdicts=(),
        rule_effects=(),
        catalogue={},
        views=TierViews(contrasts=contrasts),
    )
    return Telling(findings=findings, numbers=Numbers(language=language))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_names_the_kind_of_every_driver(samples, language):
    contrasts = driver_contrasts(STUDY, samples)
    told = telling(STUDY, samples, contrasts, language)
    key = "hypotheses.P3.2.contrasts"
    drawn = replace(told, figures={key: Figure(key=key, caption="", svg=b"", alt="")})
    prose, table, figure = penalties_and_rewards(drawn, "P3", 1, "customers")
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    assert figure.key == table.key == key
    assert [row[-1] for row in table.rows] == [
        DRIVER_KINDS[one.kind][language] for one in contrasts[1].result.features
    ]
    first = contrasts[1].result.features[0]
    assert table.rows[0][1:4] == (
        str(first.n_low),
        str(first.n_high),
        told.numbers.number(first.penalty.estimate),
    )
    assert "2.33" in table.notes[0]
    assert "3.67" in table.notes[0]
    listed = {
        entry_id(scope, entry) for scope, _, r in told.findings.views.results() for entry in r.entries()
    }
    assert {citation.id for citation in told.numbers.ledger.citations} <= listed
    assert not list(penalties_and_rewards(told, "H1", 0, "customers"))


def test_few_ratings_are_not_shown_and_a_lack_of_contrasts_is_said(samples):
    few = samples["customers"].frame.copy()
    few["SQ1"] = few["SQ1"].where(few["SQ1"] > 2, 3.0)
    few.loc[few.index[:3], "SQ1"] = 1.0
    study, sample = asking(["SQ1", "SQ2"], "satisfaction"), replace(samples["customers"], frame=few)
    contrasts = driver_contrasts(study, {"customers": sample})
    _, table = penalties_and_rewards(telling(study, {}, contrasts, "en"), "D", 0, "customers")
    assert table.rows[0][1:] == ("–",) * 7
    assert table.rows[1][1] != "–"
    assert "fewer than 5 low, middling or high ratings" in table.notes[-1]
    still = replace(sample, frame=few.assign(satisfaction=3.0))
    (said,) = penalties_and_rewards(
        telling(study, {}, driver_contrasts(study, {"customers": still}), "zh"), "D", 0, "customers"
    )
    assert "结果变量无差异" in said.text


def test_a_weighted_population_has_none_and_the_report_says_so(samples):
    from types import SimpleNamespace

    given = simulate(STUDY, load_population_model("claims_hold", STUDY), rng=np.random.default_rng(3))
    weighted = sample_of(replace(STUDY.populations["customers"], weight="POTENTIAL"), given["customers"])
    assert driver_contrasts(STUDY, {"customers": weighted}) == ()
    found = {"customers": SimpleNamespace(sample=weighted)}
    (said,) = penalties_and_rewards(telling(STUDY, {}, (), "en", found), "P3", 1, "customers")
    assert "no version under a sampling design" in said.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_figure_shows_both_ends_of_every_driver(samples, language):
    (_, customers) = driver_contrasts(STUDY, samples)
    labels = Labels(questionnaire=STUDY.populations["customers"].questionnaire, language=language)
    figure = penalty_reward_plot(customers.result, labels=labels, synthetic=True)
    (axes,) = figure.axes
    assert [text.get_text().replace("\n", " ") for text in axes.get_yticklabels()] == [
        labels.name(name) for name in DRIVERS
    ]
    dots = [
        line.get_xdata()[0] for line in axes.lines if line.get_marker() in "os" and len(line.get_xdata()) == 1
    ]
    expected = [end.estimate for one in customers.result.features for end in (one.penalty, one.reward)]
    assert dots == pytest.approx(expected)
    said = {text.get_text() for text in axes.texts}
    assert said == {DRIVER_KINDS[one.kind][language] for one in customers.result.features}
    with pytest.raises(ValueError, match="no contrasts for effectiveness"):
        penalty_reward_plot(replace(customers.result, features=()), labels=labels)
