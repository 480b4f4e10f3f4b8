"""Quotas, weights and invitations: shares in, whole respondents out."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.planning.fieldwork import fieldwork, quota_sheet
from analysis.planning.quotas import apportioned, quotas
from surveys.errors import StudyFileError
from surveys.simulation import load_population_model
from surveys.study import Study
from surveys.study_files import study_folder

STUDY = Study.load("bank_tiering")
TIERS = {"1": 0.5, "2": 0.28, "3": 0.16, "4": 0.06}


def test_nobody_is_lost_in_rounding():
    rng = np.random.default_rng(1)
    for _ in range(200):
        shares, n = rng.dirichlet(np.ones(rng.integers(2, 9))), int(rng.integers(0, 2000))
        counts = apportioned(n, list(shares))
        assert sum(counts) == n
        assert (
            np.abs(np.array(counts) - n * shares).max() < 1
        )  # each is one of the two whole numbers next to it


def test_proportional_quotas_have_weights_of_one():
    sheet = quotas("customers", 800, group="TIER", tiers=TIERS, items={}, least_per_tier=30)
    assert [tier.n for tier in sheet.tiers] == [400, 224, 128, 48]
    assert [tier.weight for tier in sheet.tiers] == pytest.approx([1, 1, 1, 1])
    assert sheet.design_effect == pytest.approx(1)
    assert sheet.oversampled == ()


def test_small_tiers_are_lifted_and_the_weights_undo_it():
    sheet = quotas(
        "customers", 400, group="TIER", tiers=TIERS, items={"SEX": {"1": 0.47, "2": 0.53}}, least_per_tier=80
    )
    counts = {tier.tier: tier.n for tier in sheet.tiers}
    assert counts == {"1": 154, "2": 86, "3": 80, "4": 80}  # 240 left, divided 50 to 28
    assert sheet.oversampled == ("3", "4")
    weighted = {tier.tier: tier.n * tier.weight / 400 for tier in sheet.tiers}
    assert weighted == pytest.approx(TIERS)
    weights = np.repeat([t.weight for t in sheet.tiers], [t.n for t in sheet.tiers])
    assert weights.mean() == pytest.approx(1)
    assert sheet.design_effect == pytest.approx(1 + weights.var())  # Kish: one plus the squared variation
    assert sheet.effective_n == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    by_tier: dict[str, int] = {}
    for cell in sheet.cells:
        by_tier[cell.tier] = by_tier.get(cell.tier, 0) + cell.n
    assert by_tier == counts
    frame = sheet.to_frame()
    assert len(frame) == 4 + 8
    assert frame["estimate"].sum() == 800  # all respondents by tier, and again by sex


def test_too_few_for_the_least_of_every_tier_says_so():
    sheet = quotas("customers", 100, group="TIER", tiers=TIERS, items={}, least_per_tier=30)
    assert sheet.state == "inadmissible"
    assert sheet.reason == "100 respondents do not give 30 to each of 4 tiers"
    assert [tier.n for tier in sheet.tiers] == [25, 25, 25, 25]


def test_quotas_come_from_the_population_file_and_the_study_file_goes_first(tmp_path):
    model = load_population_model("claims_hold", STUDY)
    customers = STUDY.populations["customers"]
    sheet = quota_sheet(customers, model.populations["customers"], n=800)
    assert {cell.item for cell in sheet.cells} == {"SEX", "AGE"}
    employees = quota_sheet(
        STUDY.populations["employees"], model.populations["employees"], n=300, branches=30
    )
    (branch,) = employees.cells
    assert (branch.item, branch.category, branch.n) == ("BRANCH", "1-30", 10)
    declared = changed_study(
        tmp_path, "quotas: {TIER: {1: 0.6, 2: 0.2, 3: 0.1, 4: 0.1}, SEX: {1: 0.5, 2: 0.5}}"
    )
    sheet = quota_sheet(declared.populations["customers"], model.populations["customers"], n=100)
    assert [tier.n for tier in sheet.tiers] == [60, 20, 10, 10]
    assert {cell.item for cell in sheet.cells} == {"SEX"}
    assert quota_sheet(customers, None, n=100).tiers == ()


def changed_study(folder, line: str) -> Study:
    """A copy of the built-in study with a line more for the customers."""
    source = study_folder("bank_tiering")
    for path in source.glob("*.yaml"):
        text = path.read_text("utf-8")
        if path.name == "study.yaml":
            text = text.replace("    group: TIER\n", f"    group: TIER\n    {line}\n", 1)
        (folder / path.name).write_text(text, "utf-8")
    return Study.load(folder)


def test_faults_of_quotas_are_told_together(tmp_path):
    with pytest.raises(StudyFileError) as error:
        changed_study(
            tmp_path, "quotas: {TIER: {1: 0.6, 9: 0.2}, SEXX: {1: 0.5, 2: 0.5}, AUM: {1: 0.4, 2: 0.6}}"
        )
    told = str(error.value)
    assert "saw the code 9, expected codes of TIER: 1, 2, 3, 4" in told
    assert "saw shares that add up to 0.8, expected 1" in told
    assert "`SEXX`, expected an item of kind single. Did you mean `SEX`?" in told
    assert "`AUM`, expected an item of kind single" in told
    assert len(error.value.faults) == 4


def test_invitations_follow_from_losses_and_response():
    customers = STUDY.populations["customers"]
    needs = [("H1", {"customers": 300}), ("G1", {"customers": 950, "employees": 340}), ("H9", {})]
    work = fieldwork(customers, hypotheses=needs, size=800, set_aside=0.05, response_rate=0.2)
    assert (work.needed_analysed, work.needed_answers, work.needed_invitations) == (950, 1000, 5000)
    assert (work.answers, work.analysed, work.invitations, work.decided_by) == (800, 760, 4000, "G1")
    unknown = fieldwork(customers, hypotheses=[], size=None)
    assert unknown.answers is None
    assert unknown.entries()[0].state == "by_simulation_only"
