"""Priorities, gaps and moves of the built-in study, and how the report tells them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.design.design import survey_design
from analysis.design.means import weighted_mean
from analysis.findings import Findings, entry_id
from analysis.gap_map import gap_map
from analysis.inputs import sample_of
from analysis.sampling import SamplingDesign
from analysis.tier_views import TierViews, tier_views
from analysis.weighted.descriptives import weighted_mean_difference
from reports.chapters.tiers import gaps_by_tier, no_priorities, tier_moves
from reports.document import Figure, Prose
from reports.figures.gap_heat_map import parts
from reports.gallery import drawings
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.screening import screen
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = replace(Study.load("bank_tiering"), resamples=100)


@pytest.fixture(scope="module")
def samples():
    model = load_population_model("claims_hold", STUDY)
    answers = simulate(STUDY, model, rng=np.random.default_rng(3))
    return {
        id_: sample_of(STUDY.populations[id_], screen(given, STUDY.populations[id_].screening).keep())
        for id_, given in answers.items()
    }


@pytest.fixture(scope="module")
def views(samples):
    return tier_views(STUDY, samples)


def telling(views, language, keys):
    findings = Findings(
        study=STUDY, populations={}, gaps=(), verdicts=(), rule_effects=(), catalogue={}, views=views
    )
    figures = {key: Figure(key=key, caption=key, svg=b"", alt=key) for key in keys}
    return Telling(findings=findings, numbers=Numbers(language=language), figures=figures)


def test_every_test_of_drivers_has_a_map_of_ordered_groups_only(views, samples):
    found = {one.population: one.result for one in views.priorities}
    assert set(found) == {"customers", "employees"}
    assert [one.tier for one in found["customers"].maps] == [None, "1", "2", "3", "4"]
    assert [one.tier for one in found["employees"].maps] == [None]  # posts have no order
    assert found["customers"].of(None).n <= samples["customers"].n


def test_parallel_matters_and_their_common_items_are_rows(views, samples):
    (gaps,) = views.gaps
    rows = gaps.result.rows
    assert [row.name for row in rows if row.construct is None] == [
        p.names["customers"] for p in STUDY.parallel
    ]
    personal = [row.name for row in rows if row.construct == "personalisation"]
    assert personal == ["PER1", "PER2", "PER3"]  # employees were not asked the fourth
    assert set(gaps.parallel) == {p.names["customers"] for p in STUDY.parallel}
    assert gaps.result.clustered
    again = gap_map(
        samples["customers"].frame,
        samples["employees"].frame,
        rows,
        names=("customers", "employees"),
        tiers=samples["customers"].groups,
        clusters_second=samples["employees"].clusters,
    )
    assert again == gaps.result
    reversed_item = gaps.result.of("SAT3")
    assert reversed_item.mean_first == pytest.approx(samples["customers"].frame["SAT3"].mean())


def test_scales_that_differ_are_no_row(samples):
    customers = STUDY.populations["customers"]
    other = [p for p in STUDY.parallel if p.names["customers"] == "CRT_RISK"]
    unequal = replace(other[0], names={"customers": "NPS", "employees": "CRT_RISK"})
    assert tier_views(replace(STUDY, parallel=(unequal,)), samples).gaps == ()
    assert customers.recommend == "NPS"


def test_moves_are_those_that_the_study_declares(views, samples):
    (moves,) = views.migrations
    assert (moves.population, moves.result.first, moves.result.second) == (
        "customers",
        "TIER",
        "TIER_BELIEVED",
    )
    frame = samples["customers"].frame[["TIER", "TIER_BELIEVED"]].dropna()
    assert moves.result.moved("up").count == int((frame["TIER_BELIEVED"] > frame["TIER"]).sum())


def test_every_number_has_an_address_of_its_own(views):
    ids = [entry_id(scope, entry) for scope, _, result in views.results() for entry in result.entries()]
    assert len(ids) == len(set(ids)) > 400
    assert "customers.migration.TIER.TIER_BELIEVED.up.share_moving" in ids
    assert "customers-employees.gap_map.satisfaction.1.gap" in ids
    assert any(id_.startswith("hypotheses.P3.2.priorities.effectiveness.all.") for id_ in ids)
    assert all(scope.isascii() for scope, _, _ in views.results())


def test_the_same_seed_gives_the_same_views_and_an_absent_population_leaves_its_part_out(views, samples):
    again = tier_views(STUDY, samples)
    assert replace(again, contrasts=()) == replace(views, contrasts=())
    assert [c.result.entries() for c in again.contrasts] == [c.result.entries() for c in views.contrasts]
    alone = tier_views(STUDY, {"customers": samples["customers"]})
    assert alone.gaps == ()
    assert alone.priorities == tuple(one for one in views.priorities if one.population == "customers")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_tells_gaps_and_moves_with_their_numbers(views, language):
    keys = ["customers.migration", *(f"gaps.customers-employees.map{number}" for number in range(3))]
    told = telling(views, language, keys)
    blocks = [*tier_moves(told, "customers"), *gaps_by_tier(told, "customers", "employees")]
    moved, streams, introduced, *maps = blocks
    assert isinstance(moved, Prose)
    assert streams.key == keys[0]
    assert [block.key for block in maps] == keys[1:]
    up = views.migrations[0].result.moved("up")
    assert told.numbers.percent(up.share) in moved.text
    assert "@fig:customers.migration" in moved.text
    cited = {citation.id for citation in told.numbers.ledger.citations}
    assert "customers.migration.TIER.TIER_BELIEVED.up.share_moving" in cited
    beyond = sum(
        cell.p_adjusted is not None and cell.p_adjusted < 0.05 for cell in views.gaps[0].result.cells
    )
    assert str(views.gaps[0].result.family) in introduced.text
    assert str(beyond) in introduced.text
    assert not list(tier_moves(told, "employees"))
    assert not list(gaps_by_tier(telling(TierViews(), language, keys), "customers", "employees"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_has_a_drawing_for_each(views, language):
    drawn = {drawing.key: drawing for drawing in drawings(telling(views, language, []).findings, language)}
    assert set(drawn) == {
        *(f"gaps.customers-employees.map{number}" for number in range(4)),
        "hypotheses.P3.1.priorities",
        "hypotheses.P3.2.priorities",
        "hypotheses.P3.1.contrasts",
        "hypotheses.P3.2.contrasts",
        "customers.migration",
    }
    assert len({drawing.caption for drawing in drawn.values()}) == len(drawn)
    assert all(drawing.caption for drawing in drawn.values())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notes_of_maps_say_what_lines_shares_columns_and_marks_are(views, language):
    notes = {
        drawing.key: " ".join(drawing.notes)
        for drawing in drawings(telling(views, language, []).findings, language)
    }
    lines, number, all_, turned = {
        "en": ("Dashed lines", f"share of {STUDY.resamples} bootstrap", "compared with all", "turned round"),
        "zh": ("虚线为", f"{STUDY.resamples}次自助法重抽样", "各列均与全体", "已反向计分"),
    }[language]
    assert lines in notes["hypotheses.P3.1.priorities"]
    assert number in notes["hypotheses.P3.1.priorities"]
    marked = []
    for part in range(4):
        key = f"gaps.customers-employees.map{part}"
        assert all_ in notes[key]
        marked.append(turned in notes[key])
    asked = STUDY.populations["customers"].questionnaire
    rows = [() if not part else parts(views.gaps[0].result)[part - 1] for part in range(4)]
    assert marked[1:] == [
        any(asked.has_item(name) and asked.item(name).reverse_keyed for name in names) for names in rows[1:]
    ]
    assert any(marked)
    assert not marked[0]  # constructs, of which none is marked


def test_small_groups_have_no_drawing(views):
    findings = telling(views, "en", []).findings
    large = replace(findings, study=replace(STUDY, minimum_cell=5000))
    assert not [d.key for d in drawings(large, "en") if "priorities" in d.key or "migration" in d.key]


@pytest.fixture(scope="module")
def weighted(samples):
    """Customers weighted and drawn within their tiers; employees without a design, but in branches."""
    customers = samples["customers"]
    weights = 1 + customers.frame["POTENTIAL"].fillna(1).to_numpy()
    strata = customers.frame["TIER"].fillna(0)
    drawn = SamplingDesign(design=survey_design(weights, strata=strata))
    return {**samples, "customers": replace(customers, sampling=drawn)}


def with_design(samples, **how):
    customers = samples["customers"]
    return {**samples, "customers": replace(customers, sampling=SamplingDesign(**how))}


def test_views_of_a_weighted_population_follow_its_design(weighted, views):
    found = tier_views(STUDY, weighted)
    customers, employees = weighted["customers"], weighted["employees"]
    maps = {one.population: one.result for one in found.priorities}
    assert (maps["customers"].weighted, maps["employees"].weighted) == (True, False)
    assert maps["employees"] == {one.population: one.result for one in views.priorities}["employees"]
    assert maps["customers"].of(None).resamples == STUDY.resamples
    assert {one.state for one in maps["customers"].maps} == {"ok"}
    mean = weighted_mean(customers.frame["SAT3"], customers.design)
    other = weighted_mean(employees.frame["SAT3"], employees.plain_design())
    cell = found.gaps[0].result.of("SAT3")
    assert (cell.mean_first, cell.mean_second) == (mean.estimate, other.estimate)
    assert cell.std_error == pytest.approx(np.hypot(mean.std_error, other.std_error))
    assert cell.effect == pytest.approx(
        weighted_mean_difference(
            customers.frame["SAT3"],
            employees.frame["SAT3"],
            (customers.design, employees.plain_design()),
        ).estimate
    )
    ids = [entry_id(scope, entry) for scope, _, result in found.results() for entry in result.entries()]
    assert len(ids) == len(set(ids))
    assert "customers-employees.gap_map.satisfaction.1.hedges_g" in ids
    assert "customers.migration.TIER.TIER_BELIEVED.equal_margins" in ids
    assert found.migrations[0].result.moved("up").count == views.migrations[0].result.moved("up").count
    assert found.migrations[0].result.moved("up").share != views.migrations[0].result.moved("up").share


def test_a_design_that_cannot_be_used_leaves_the_views_out(samples):
    found = tier_views(STUDY, with_design(samples, design=None, trouble="no column WEIGHT"))
    assert [one.population for one in found.priorities] == ["employees"]
    assert (found.gaps, found.migrations) == ((), ())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_says_what_is_weighted(weighted, language):
    found = tier_views(STUDY, weighted)
    keys = ["customers.migration", "gaps.customers-employees.map0"]
    told = telling(found, language, keys)
    moved, _, introduced, _ = [*tier_moves(told, "customers"), *gaps_by_tier(told, "customers", "employees")]
    said = {
        "en": (
            "follow the sampling design; n counts respondents",
            "tests follow the sampling design",
            "F(3, ",
        ),
        "zh": ("均按抽样设计加权计算；n为受访者人数", "检验按抽样设计进行", "F(3, "),
    }[language]
    assert said[0] in moved.text
    assert said[2] in moved.text
    assert said[1] in introduced.text
    assert told.numbers.percent(found.migrations[0].result.moved("up").share) in moved.text
    notes = {drawing.key: drawing.notes for drawing in drawings(told.findings, language)}
    for key in ("hypotheses.P3.2.priorities", "customers.migration", "gaps.customers-employees.map0"):
        assert notes[key][0].startswith({"en": "Weighted", "zh": "已加权"}[language]), key
    assert not any("eighted" in note or "加权" in note for note in notes["hypotheses.P3.1.priorities"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_says_why_there_is_no_map_and_no_move(samples, language):
    lonely = np.r_[1, np.full(samples["customers"].n - 1, 2)]
    alone = survey_design(np.ones(len(lonely)), strata=lonely, lonely="adjust")
    found = tier_views(STUDY, with_design(samples, design=alone))
    told = telling(found, language, [])
    (block,) = no_priorities(told, "P3", 1)
    assert "a stratum with a single cluster" in block.text
    assert list(no_priorities(told, "P3", 0)) == []  # of employees, who have no design
    assert "hypotheses.P3.2.priorities" not in {d.key for d in drawings(told.findings, language)}
    one = survey_design(np.ones(len(lonely)), clusters=np.ones(len(lonely)), lonely="certainty")
    told = telling(tier_views(STUDY, with_design(samples, design=one)), language, [])
    (block,) = tier_moves(told, "customers")
    assert "0 degrees of freedom" in block.text
