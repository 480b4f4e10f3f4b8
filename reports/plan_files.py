"""A plan as files for other programs: plan.json, plan.csv, quota.csv and quota.xlsx."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Iterator
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from analysis.planning.fieldwork import Fieldwork
from analysis.planning.quotas import Quotas
from analysis.planning.simulation import Share
from analysis.planning.study_plan import PlannedHypothesis, PlannedTest, StudyPlan
from reports.labels import Labels
from reports.results_file import versions
from surveys.neutral_cells import neutralised
from surveys.simulation import SYNTHETIC

#: No clock is asked: the same plan gives the same bytes.
CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
NOTICE = "synthetic population, 合成数据: expected effects are made up; nothing here is a fact about any bank"


def plan_json(plan: StudyPlan) -> str:
    """All numbers of the plan, unrounded; the format is ``reports/schema/plan.schema.json``."""
    study, choices, simulated = plan.study, plan.choices, plan.simulated
    document: dict[str, Any] = {
        "schema": "tierstudy/plan/1",
        "study": {"id": study.id, "title": dict(study.title)},
        "synthetic": plan.synthetic,
        "provenance": {
            "versions": versions(),
            "seed": choices.seed,
            "study_files": dict(study.sha256),
            "population_file": None if plan.model is None else plan.model.name,
        },
        "wanted_power": choices.power,
        "family": plan.family,
        "confidence_level": study.confidence_level,
        "hypotheses": [_hypothesis(plan, planned) for planned in plan.hypotheses],
        "fieldwork": [_fieldwork(work) for work in plan.fieldwork],
        "quotas": [_quotas(sheet) for sheet in plan.quotas],
        "simulation": None
        if simulated is None
        else {
            "samples": simulated.samples,
            "seed": simulated.seed,
            "analysed": dict(simulated.analysed),
        },
    }
    if plan.synthetic:
        document["notice"] = NOTICE
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _hypothesis(plan: StudyPlan, planned: PlannedHypothesis) -> dict[str, Any]:
    simulated = plan.simulated
    return {
        "hypothesis": planned.hypothesis.id,
        "claim": dict(planned.hypothesis.claim),
        "confirmatory": planned.hypothesis.confirmatory,
        "power_at_least": planned.power_at_least,
        "power_at_most": planned.power_at_most,
        "needed": planned.needed,
        "simulated": None
        if simulated is None
        else {word: _share(share) for word, share in simulated.outcomes[planned.hypothesis.id].items()},
        "tests": [_test(plan, test) for test in planned.tests],
    }


def _share(share: Share) -> dict[str, float]:
    return {"samples": share.count, "share": share.estimate, "std_error": share.std_error}


def _test(plan: StudyPlan, test: PlannedTest) -> dict[str, Any]:
    found = None if plan.simulated is None else plan.simulated.tests[test.hypothesis, test.position]
    return {
        "test": test.position + 1,
        "kind": test.test.kind,
        "population": test.test.population,
        "variables": {role: list(names) for role, names in test.test.variables.items()},
        "method": test.method,
        "direction": test.test.direction,
        "smallest_effect": test.test.smallest_effect,
        "expected": test.expected,
        "expected_std_error": test.expected_std_error,
        "expected_from": test.source,
        "confidence_level": test.confidence_level,
        "wanted_power": test.wanted_power,
        "design_effect": test.design_effect,
        "needed": dict(test.needed),
        "needed_per_tier": dict(test.needed_per_tier),
        "planned": dict(test.planned),
        "power": test.power,
        "half_width": test.half_width,
        "curve": [list(point) for point in test.curve],
        "simulated": None
        if found is None
        else {
            "beyond": _share(found.beyond),
            "estimate": found.estimate,
            "scatter": found.scatter,
            "half_width": found.half_width,
        },
        "state": test.state,
        "reason": test.reason,
    }


def _fieldwork(work: Fieldwork) -> dict[str, Any]:
    return {
        "population": work.population,
        "answers": work.answers,
        "set_aside": work.set_aside,
        "analysed": work.analysed,
        "response_rate": work.response_rate,
        "invitations": work.invitations,
        "branches": work.branches,
        "needed_analysed": work.needed_analysed,
        "needed_answers": work.needed_answers,
        "needed_invitations": work.needed_invitations,
        "decided_by": work.decided_by,
    }


def _quotas(sheet: Quotas) -> dict[str, Any]:
    return {
        "population": sheet.population,
        "group": sheet.group,
        "n": sheet.n,
        "oversampled": list(sheet.oversampled),
        "design_effect_of_weights": sheet.design_effect,
        "effective_n": sheet.effective_n,
        "tiers": [{"tier": t.tier, "share": t.share, "n": t.n, "weight": t.weight} for t in sheet.tiers],
        "cells": [
            {"tier": c.tier, "item": c.item, "category": c.category, "share": c.share, "n": c.n}
            for c in sheet.cells
        ],
        "state": sheet.state,
        "reason": sheet.reason,
    }


def plan_csv(plan: StudyPlan) -> str:
    """One row a test; no text of a study can act as a formula."""
    text = io.StringIO(newline="")
    rows = list(_plan_rows(plan))
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["hypothesis"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _plan_rows(plan: StudyPlan) -> Iterator[dict[str, object]]:
    for planned in plan.hypotheses:
        outcomes = {} if plan.simulated is None else plan.simulated.outcomes[planned.hypothesis.id]
        for test in planned.tests:
            given = _test(plan, test)
            found = given["simulated"] or {"beyond": {"share": None, "std_error": None}, "half_width": None}
            row: dict[str, object] = {
                "hypothesis": neutralised(test.hypothesis),
                "confirmatory": int(planned.hypothesis.confirmatory),
                "test": test.position + 1,
                "kind": test.test.kind,
                "population": neutralised(test.test.population),
            }
            for name in ("smallest_effect", "expected", "expected_std_error", "expected_from"):
                row[name] = given[name]
            for name in ("confidence_level", "wanted_power", "design_effect"):
                row[name] = given[name]
            row["needed"] = test.n_needed
            row["needed_per_tier"] = "; ".join(f"{tier}: {n}" for tier, n in test.needed_per_tier.items())
            row["planned"] = test.n_planned
            row["power"], row["half_width"] = test.power, test.half_width
            row["simulated_power"] = found["beyond"]["share"]
            row["simulated_power_std_error"] = found["beyond"]["std_error"]
            row["simulated_half_width"] = found["half_width"]
            for word in ("supported", "not_supported", "contradicted", "cannot_tell"):
                share = outcomes.get(word)
                row[f"simulated_{word}"] = (
                    None if plan.simulated is None else 0.0 if share is None else share.estimate
                )
            row |= {"method": test.method, "state": test.state, "reason": neutralised(test.reason)}
            if plan.synthetic:
                row["synthetic"] = SYNTHETIC
            yield row


QUOTA_COLUMNS = ("population", "tier", "tier_label", "item", "category", "label", "share", "quota", "weight")


def quota_rows(plan: StudyPlan) -> list[dict[str, object]]:
    """Tiers with their weights, then every other quota within them; labels in the study's first language."""
    language = plan.study.languages[0]
    rows: list[dict[str, object]] = []
    for sheet in plan.quotas:
        labels = Labels(
            questionnaire=plan.study.populations[sheet.population].questionnaire, language=language
        )
        for tier in sheet.tiers:
            rows.append(
                dict.fromkeys(QUOTA_COLUMNS, "")
                | {
                    "population": sheet.population,
                    "tier": tier.tier,
                    "tier_label": option_label(labels, sheet.group, tier.tier),
                    "share": tier.share,
                    "quota": tier.n,
                    "weight": tier.weight,
                }
            )
        for cell in sheet.cells:
            rows.append(
                dict.fromkeys(QUOTA_COLUMNS, "")
                | {
                    "population": sheet.population,
                    "tier": cell.tier,
                    "tier_label": option_label(labels, sheet.group, cell.tier),
                    "item": cell.item,
                    "category": cell.category,
                    "label": option_label(labels, cell.item, cell.category),
                    "share": cell.share,
                    "quota": cell.n,
                }
            )
    return rows


def option_label(labels: Labels, item: str | None, code: str) -> str:
    """The wording of a category; a range of branches has none."""
    if item is None or not code.lstrip("-").isdigit() or not labels.questionnaire.has_item(item):
        return ""
    scale = labels.questionnaire.item(item).scale
    return "" if scale is None or int(code) not in scale.codes else labels.option(item, int(code))


def quota_csv(plan: StudyPlan) -> str:
    """The quota sheet as text."""
    text = io.StringIO(newline="")
    columns = [*QUOTA_COLUMNS, *(["synthetic"] if plan.synthetic else [])]
    writer = csv.DictWriter(text, fieldnames=columns)
    writer.writeheader()
    for row in quota_rows(plan):
        cells = {k: neutralised(v) if isinstance(v, str) else v for k, v in row.items()}
        writer.writerow(cells | ({"synthetic": SYNTHETIC} if plan.synthetic else {}))
    return text.getvalue()


def quota_workbook(plan: StudyPlan) -> bytes:
    """The quota sheet as an Excel workbook with a column to count in: what is open follows by itself.

    No text of a study can act as a formula; the only formulas are quota less reached.
    """
    packed = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(packed, options)
    book.set_properties({"created": CREATED})
    head = book.add_format({"bold": True, "bottom": 1})
    kinds = {
        "share": book.add_format({"num_format": "0.0%"}),
        "weight": book.add_format({"num_format": "0.000"}),
        "bold": book.add_format({"bold": True}),
        "entry": book.add_format({"bg_color": "#FFF7DF"}),
    }
    sheet = book.add_worksheet("quotas")
    top = 0
    if plan.synthetic:
        sheet.write_string(0, 0, NOTICE, kinds["bold"])
        top = 1
    for place, name in enumerate((*QUOTA_COLUMNS, "reached", "open")):
        sheet.write_string(top, place, name, head)
    rows = quota_rows(plan)
    quota, reached, still = (
        QUOTA_COLUMNS.index("quota"),
        len(QUOTA_COLUMNS),
        len(QUOTA_COLUMNS) + 1,
    )
    for i, row in enumerate(rows, top + 1):
        for place, name in enumerate(QUOTA_COLUMNS):
            value = row[name]
            if isinstance(value, str):
                if value:
                    sheet.write_string(i, place, neutralised(value))
            elif isinstance(value, int | float):
                sheet.write_number(i, place, value, kinds.get(name))
        sheet.write_blank(i, reached, None, kinds["entry"])
        asked = row["quota"]
        formula = f"={xl_rowcol_to_cell(i, quota)}-{xl_rowcol_to_cell(i, reached)}"
        sheet.write_formula(i, still, formula, None, asked if isinstance(asked, int) else 0)
    sheet.freeze_panes(top + 1, 0)
    if rows:
        sheet.autofilter(top, 0, top + len(rows), still)
    sheet.set_column(0, still, 13)
    work = book.add_worksheet("fieldwork")
    columns = list(_fieldwork(plan.fieldwork[0])) if plan.fieldwork else []
    for place, name in enumerate(columns):
        work.write_string(0, place, name, head)
    for i, population in enumerate(plan.fieldwork, 1):
        for place, value in enumerate(_fieldwork(population).values()):
            if isinstance(value, str):
                work.write_string(i, place, neutralised(value))
            elif value is not None:
                work.write_number(i, place, value)
    work.set_column(0, max(len(columns) - 1, 0), 17)
    book.close()
    return packed.getvalue()
