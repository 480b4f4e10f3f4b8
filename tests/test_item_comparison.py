"""Every question by group: the numbers are those of the functions for one item, and the report tells them."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from analysis.adjust import holm
from analysis.findings import Findings, entry_id
from analysis.groups import compare_groups
from analysis.inputs import sample_of
from analysis.item_comparison import compare_items
from analysis.population_findings import population_findings
from analysis.questions import Settings
from analysis.recommended_test import NULLS, recommend_test
from analysis.weighted.descriptives import weighted_group_comparison
from reports.chapters.items import TESTS, items_by_group
from reports.document import Heading, Prose, Table
from reports.item_files import write_items
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = replace(Study.load("bank_tiering"), resamples=100)
NAMES = ["NPS", "LOY1", "SAT3", "CLR1", "TIER", "ABSENT"]


@pytest.fixture(scope="module")
def answers():
    model = load_population_model("claims_hold", STUDY)
    return simulate(STUDY, model, rng=np.random.default_rng(3), sizes={"customers": 400})["customers"]


@pytest.fixture(scope="module")
def sample(answers):
    return sample_of(STUDY.populations["customers"], answers)


def test_every_number_is_that_of_the_functions_for_one_item(sample):
    found = compare_items(sample, NAMES)
    assert [item.variable for item in found.items] == ["CLR1", "SAT3", "LOY1", "NPS"]  # by construct
    assert [item.construct for item in found.items] == ["criteria_clarity", "satisfaction", "loyalty", None]
    for item in found.items:
        values = sample.frame[item.variable]
        whole = compare_groups(values, sample.groups, rng=np.random.default_rng(1), resamples=2)
        assert [one.mean for one in item.groups] == pytest.approx([one.mean for one in whole.groups])
        assert item.effect.estimate == pytest.approx(whole.omega_squared_robust.estimate, abs=1e-10)
        assert item.effect.interval.high == pytest.approx(whole.omega_squared_robust.interval.high, abs=1e-7)
        told = recommend_test(values, sample.groups)
        assert (item.test, item.p_value, item.n) == (told.chosen, told.p_value, whole.n)
    assert tuple(item.p_adjusted for item in found.items) == holm([item.p_value for item in found.items])
    apart = found.apart(0.05)
    assert {item.variable for item in apart} == {i.variable for i in found.items if i.p_adjusted < 0.05}
    assert apart[0].effect.estimate == max(item.effect.estimate for item in apart)


def test_under_a_sampling_design_the_design_tests(answers):
    weighted = sample_of(replace(STUDY.populations["customers"], weight="POTENTIAL"), answers)
    found = compare_items(weighted, NAMES)
    (item,) = [item for item in found.items if item.variable == "LOY1"]
    whole = weighted_group_comparison(weighted.frame["LOY1"], weighted.groups, weighted.design)
    assert (item.test, item.p_value, item.groups) == ("design_f", whole.welch.p_value, whole.groups)
    assert item.effect == whole.epsilon_squared
    plain = compare_items(sample_of(STUDY.populations["customers"], answers), NAMES)
    assert item.groups[0].mean != pytest.approx(plain.items[2].groups[0].mean, abs=1e-6)


def test_what_cannot_be_tested_says_why_and_is_not_counted(sample):
    still = replace(sample, frame=sample.frame.assign(SAT3=4.0))
    found = compare_items(still, NAMES)
    (item,) = [item for item in found.items if item.variable == "SAT3"]
    assert (item.p_value, item.p_adjusted, item.effect.estimate) == (None, None, None)
    assert (item.state, item.reason) == ("constant", "everybody gave one answer")
    assert found.family == 3
    assert compare_items(replace(sample, groups=None), NAMES) is None
    assert compare_items(sample, ["TIER"]) is None


@pytest.fixture(scope="module")
def found(answers):
    """With two private bankers' answers too few to be shown, and one item without spread."""
    given = answers.answers.copy()
    given["CHS_1"] = 4.0
    private = given.index[given["TIER"] == 4]
    given.loc[private[2:], "LOY1"] = np.nan
    changed = replace(answers, answers=given)
    population = replace(STUDY.populations["customers"], screening=(), banners=(), multiple_response=())
    return population_findings(population, changed, Settings(resamples=50, seed=1))


def telling(found, language):
    catalogue = {
        entry_id(f"{found.id}.items_by_group", entry): (found.id, entry)
        for entry in found.items_by_group.entries()
    }
    findings = Findings(
        study=STUDY,
        populations={found.id: found},
        gaps=(),
        verdicts=(),
        rule_effects=(),
        catalogue=catalogue,
    )
    return Telling(findings=findings, numbers=Numbers(language=language))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_has_a_line_for_every_question(found, language):
    told = telling(found, language)
    heading, prose, table = items_by_group(told)
    assert isinstance(heading, Heading)
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    assert len(table.rows) == len(found.items_by_group.items)
    assert [group.label for group in table.groups][-1] == {"en": "Other questions", "zh": "其他题项"}[
        language
    ]
    assert len(table.groups) == 16  # 15 constructs and the rest
    apart = found.items_by_group.apart(0.05)
    assert f"{len(apart)}" in prose.text
    assert told.numbers.bounded(apart[0].effect.estimate, 3) in prose.text
    rows = {row[0].split()[0]: row for row in table.rows}
    assert len(rows["SAT1"][0]) > 5  # differs, so its wording stands here
    assert rows["CLR1"][0] == "CLR1"
    mark = {"en": " (reverse-worded)", "zh": "（反向题）"}[language]
    assert rows["SAT3"][0].endswith(mark)
    assert mark not in rows["SAT1"][0]
    assert ".”" not in prose.text  # the sentence goes on after the wording
    assert "。”" not in prose.text
    assert rows["CHS_1"][5:] == ("–", "–", "–")
    assert any("CHS_1" in note for note in table.notes)
    cited = {citation.id for citation in told.numbers.ledger.citations}
    assert "customers.items_by_group.SAT1.TIER.group_test" in cited
    assert cited <= set(told.findings.catalogue)


def test_few_answers_are_not_shown_in_the_table_nor_in_the_file(found, tmp_path):
    told = telling(found, "en")
    *_, table = items_by_group(told)
    (row,) = [row for row in table.rows if row[0].startswith("LOY1")]
    assert list(row[1:5]).count("–") == 2  # the two answers, and a group from which they would follow
    assert any("fewer than 5 answers" in note for note in table.notes)
    (place,) = write_items(told, tmp_path)
    lines = list(csv.DictReader(io.StringIO(place.read_text("utf-8-sig"))))
    assert "4" not in {line["group"] for line in lines if line["item"] == "LOY1"}
    assert len([line for line in lines if line["item"] == "LOY1"]) == 2
    assert len([line for line in lines if line["item"] == "SAT1"]) == 4
    (first,) = [line for line in lines if (line["item"], line["group"]) == ("SAT1", "1")]
    (item,) = [item for item in found.items_by_group.items if item.variable == "SAT1"]
    assert float(first["mean"]) == item.groups[0].mean
    assert {line["synthetic"] for line in lines} == {"synthetic data 合成数据"}


def test_every_test_that_can_be_chosen_has_a_name_in_the_report():
    assert set(TESTS) == (set(NULLS) - {"none"}) | {"design_f"}
    assert all(set(words) == {"en", "zh"} for words in TESTS.values())
