"""Families of tests: what is corrected together, and that adjusted values reach results and report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from analysis.adjust import holm
from analysis.families import corrected_over_families
from analysis.findings import Findings, find
from analysis.results import Entry
from reports.document import Table
from reports.report import build_report
from reports.results_file import results_json
from surveys.simulation import load_population_model, simulate
from surveys.study import Study


@pytest.fixture(scope="module")
def findings() -> Findings:
    study = Study.load("bank_tiering")
    answers = simulate(study, load_population_model("claims_hold", study), rng=np.random.default_rng(1))
    return find(study, {"corporate": answers["corporate"]}, sensitivity=False)


def test_group_comparisons_are_corrected_over_their_table(findings):
    comparisons = findings.populations["corporate"].comparisons
    keys = [f"corporate.groups.{c.variable}.{c.grouping}.welch_f" for c in comparisons]
    entries = [findings.catalogue[key][1] for key in keys]
    assert len(entries) > 2
    assert [entry.more["p_adjusted"] for entry in entries] == list(holm([entry.p_value for entry in entries]))
    (family,) = [family for family in findings.families if family.id == "corporate.groups.welch_f"]
    assert family.results == tuple(keys)


def test_every_family_names_results_and_none_is_adjusted_elsewhere(findings):
    results = json.loads(results_json(findings))
    listed = {entry["id"]: entry for entry in results["results"]}
    seen: set[str] = set()
    for family in results["families"]:
        assert family["tests"] == len(family["results"]) > 0
        assert not seen & set(family["results"])
        seen |= set(family["results"])
        for key in family["results"]:
            assert listed[key]["more"]["p_adjusted"] >= listed[key]["p_value"]
    assert {family["id"].split(".")[1] for family in results["families"]} == {
        "groups",
        "trend",
        "correlations",
        "items_by_group",
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_table_shows_both_values(findings, language):
    document, telling = build_report(findings, language)
    (table,) = [b for b in document.blocks if isinstance(b, Table) and b.key == "corporate.by_group"]
    at = [column.id for column in table.columns].index("holm")
    entries = [
        findings.catalogue[f"corporate.groups.{c.variable}.{c.grouping}.welch_f"][1]
        for c in findings.populations["corporate"].comparisons
    ]
    assert [row[at] for row in table.rows] == [telling.numbers.p_value(e.more["p_adjusted"]) for e in entries]
    assert "Holm" in table.notes[0]


def test_tests_that_could_not_be_computed_are_not_counted_and_hypotheses_stay_apart():
    catalogue = {
        "c.groups.a.welch_f": ("c", Entry(measure="welch_f", method="", p_value=0.03)),
        "c.groups.b.welch_f": ("c", Entry(measure="welch_f", method="", state="too_few", reason="n = 1")),
        "hypotheses.groups.1.effect.welch_f": ("c", Entry(measure="welch_f", method="", p_value=0.03)),
    }
    corrected, (family,) = corrected_over_families(catalogue)
    assert family.results == ("c.groups.a.welch_f",)
    assert corrected["c.groups.a.welch_f"][1].more == {"p_adjusted": 0.03}
    assert corrected["hypotheses.groups.1.effect.welch_f"][1].more == {}
