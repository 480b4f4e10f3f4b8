"""The plan of a study: formula against simulation, levels and needs, and the command from end to end."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import openpyxl
import pytest
from pypdf import PdfReader
from scipy import stats

from analysis.planning.effects import ScaledEffect, TextbookEffect, fewest_respondents
from analysis.planning.power import power_of
from analysis.planning.study_plan import PlanChoices, StudyPlan, plan_study
from analysis.questions import MINIMUM_N
from reports.cli import main
from surveys.simulation import load_population_model
from surveys.study import Study

STUDY = Study.load("bank_tiering")
SCHEMA = json.loads((Path(__file__).parents[1] / "reports/schema/plan.schema.json").read_text("utf-8"))
FILES = ["plan.csv", "plan.en.pdf", "plan.json", "plan.zh.pdf", "power1.en.png", "power1.en.svg"]
FILES += ["power1.zh.png", "power1.zh.svg", "quota.csv", "quota.xlsx"]


def only(*ids: str) -> Study:
    return replace(STUDY, hypotheses=tuple(h for h in STUDY.hypotheses if h.id in ids))


@pytest.fixture(scope="module")
def planned() -> StudyPlan:
    """Sizes at which the power of most tests is neither nought nor one."""
    study = only("H2", "H4", "G1", "S3_innovation", "B1")
    sizes = {"customers": 260, "employees": 200, "corporate": 90}
    model = load_population_model("claims_hold", study)
    return plan_study(study, PlanChoices(sizes=sizes, samples=40, seed=3), model=model)


def test_formula_and_simulation_agree_within_the_error_of_chance(planned):
    assert planned.family == 4
    middling = 0
    for test in planned.tests:
        found = planned.simulated.tests[test.hypothesis, test.position]
        assert found.beyond.samples == 40
        middling += 0.2 < test.power < 0.95
        # three errors of chance, and what a power at the planned n changes when single samples lose more or fewer
        assert found.beyond.estimate == pytest.approx(test.power, abs=3 * found.beyond.std_error + 0.03)
        assert found.half_width == pytest.approx(test.half_width, rel=0.06), test.hypothesis
        sign = -1 if test.test.kind == "gap" else 1
        assert sign * found.estimate == pytest.approx(test.expected, abs=0.04)
        # the spread that the interval states is the spread of the estimates
        critical = stats.norm.isf(0.025)
        assert found.scatter == pytest.approx(test.half_width / critical, rel=0.3)
    assert middling >= 4


def test_verdicts_in_samples_add_up_and_lie_near_the_formula(planned):
    for hypothesis in planned.hypotheses:
        outcomes = planned.simulated.outcomes[hypothesis.hypothesis.id]
        assert sum(share.count for share in outcomes.values()) == 40
        supported = outcomes["supported"]
        # Holm's correction is milder than the level that is planned with, so power is at least that
        assert supported.estimate >= hypothesis.power_at_least - 3 * supported.std_error
    assert planned.simulated.analysed["customers"] == pytest.approx(planned.fieldwork[0].analysed, rel=0.02)


def test_needs_reach_the_power_and_one_respondent_fewer_does_not(planned):
    (h2, *_) = planned.tests
    effect = ScaledEffect(
        expected=h2.expected,
        bound=0.1,
        confidence_level=1 - 0.05 / 4,
        spread=h2.half_width * np.sqrt(h2.n_planned) / stats.norm.isf(0.025),
    )
    assert h2.confidence_level == pytest.approx(effect.confidence_level)
    assert effect.power(h2.n_planned) == pytest.approx(h2.power)
    assert effect.power(h2.n_needed) >= 0.8 > effect.power(h2.n_needed - 1)
    rising = [power for _, power in h2.curve]
    assert rising == sorted(rising)
    assert dict(h2.curve)[h2.n_planned] == h2.power
    exploratory = next(test for test in planned.tests if test.hypothesis == "S3_innovation")
    assert exploratory.confidence_level == 0.95
    two = [test for test in planned.tests if test.hypothesis == "H4"]
    assert [test.wanted_power for test in two] == pytest.approx([0.9, 0.9])
    for test in two:
        assert sum(test.needed_per_tier.values()) == pytest.approx(test.n_needed, abs=4)
    gap = next(test for test in planned.tests if test.hypothesis == "G1")
    assert gap.needed["customers"] / gap.needed["employees"] == pytest.approx(
        gap.planned["customers"] / gap.planned["employees"], rel=0.02
    )
    assert gap.design_effect > 1.1  # branches cost most where means are compared


def test_a_plan_by_convention_is_the_textbook_one():
    sizes = {"customers": 500, "employees": 300, "corporate": 200}
    icc = {"employees": 0.1}
    choices = PlanChoices(
        sizes=sizes, branches={"employees": 30}, icc=icc, effects={"H2": 0.25, "H4.2": 0.04, "S3": 0.2}
    )
    plan = plan_study(STUDY, choices)
    by_name = {(test.hypothesis, test.position): test for test in plan.tests}
    level = 1 - 0.05 / plan.family
    h1, h2 = by_name["H1", 0], by_name["H2", 0]
    assert (h1.source, h1.expected, h2.source, h2.expected) == ("convention", 0.3, "given", 0.25)
    assert h1.power == power_of("correlation", 0.3, 500, bound=0.1, confidence_level=level)
    too_small = by_name["H4", 1]
    assert (too_small.state, too_small.needed) == ("inadmissible", {})
    assert "does not exceed the smallest effect of interest of 0.05" in too_small.reason
    mean = by_name["S1", 1]
    assert mean.design_effect == pytest.approx(1 + (10 - 1) * 0.1)
    assert mean.power == power_of("d_within", 0.5, 300 / 1.9, bound=0.2, confidence_level=level)
    gap = by_name["G1", 0]
    assert gap.power == pytest.approx(
        power_of("d_between", 0.5, 500, bound=0.2, second_per_first=300 / 1.9 / 500, confidence_level=level)
    )
    v = by_name["H5", 0]
    assert v.power == power_of("cramers_v", 0.3, 500, bound=0.1, numerator_df=3, confidence_level=level)
    r2 = by_name["P3", 1]
    assert r2.power == power_of("r_squared", 0.13, 500, bound=0.1, numerator_df=4, confidence_level=level)
    only_simulated = [test.hypothesis for test in plan.not_given()]
    assert {"H3", "S2", "S3", "R3", "B2"} <= set(only_simulated)
    assert "H1" not in only_simulated


def test_without_sizes_the_plan_is_what_is_needed_and_never_below_thirty():
    plan = plan_study(only("H1", "S1"), PlanChoices(effects={"S1": 1.5}))
    s1 = [test for test in plan.tests if test.hypothesis == "S1"]
    assert [test.n_needed for test in s1] == [MINIMUM_N, MINIMUM_N]
    customers = plan.fieldwork[0]
    assert customers.answers == customers.needed_answers == plan.tests[0].n_needed
    assert plan.fieldwork[2].answers is None  # no test asks companies


def test_effects_no_larger_than_the_bound_and_hopeless_ones():
    tiny = TextbookEffect(measure="correlation", expected=1e-5, bound=0.0, confidence_level=0.95)
    assert fewest_respondents(tiny, 0.8, at_least=30) is None
    few = ScaledEffect(expected=0.5, bound=0.1, confidence_level=0.95, spread=1.0, branch_size=20)
    assert few.power(40) == 0.0  # two branches
    assert few.half_width(40, 0.95) is None
    # branches cost degrees of freedom, fewer the more there are
    plain = replace(few, branch_size=None)
    assert few.power(80) < plain.power(80)
    assert few.power(4000) == pytest.approx(plain.power(4000), abs=0.01)
    none = ScaledEffect(
        expected=0.0, bound=0.0, confidence_level=0.95, spread=1.0, scale="length", differences=2
    )
    assert none.power(100) == pytest.approx(0.025)


@pytest.fixture(scope="module")
def built_in(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("plan") / "out"
    words = ["plan", "bank_tiering", "--out", str(out), "--simulate", "2", "--quiet"]
    assert main([*words, "--response-rate", "customers=0.2", "--minimum-per-tier", "60"]) == 0
    return out


def test_the_built_in_study_is_planned_whole(built_in):
    assert sorted(path.name for path in built_in.iterdir()) == FILES
    plan = json.loads((built_in / "plan.json").read_text("utf-8"))
    jsonschema.validate(plan, SCHEMA)
    assert plan["synthetic"] is True
    assert "合成数据" in plan["notice"]
    tests = {(h["hypothesis"], t["test"]): t for h in plan["hypotheses"] for t in h["tests"]}
    assert len(tests) == sum(len(h.tests) for h in STUDY.hypotheses)
    assert tests["S2", 1]["state"] == "by_simulation_only"
    assert tests["S2", 1]["simulated"]["beyond"]["samples"] in (0, 1, 2)
    assert tests["P2b_interaction", 1]["state"] == "inadmissible"
    customers = plan["fieldwork"][0]
    assert customers["invitations"] == 4000
    assert 0.02 < customers["set_aside"] < 0.1
    sheet = plan["quotas"][0]
    assert sheet["oversampled"] == ["4"]
    assert sum(tier["n"] for tier in sheet["tiers"]) == 800


def test_tables_of_the_plan_open_elsewhere(built_in):
    rows = list(csv.DictReader(io.StringIO((built_in / "plan.csv").read_text("utf-8-sig"))))
    assert len(rows) == sum(len(h.tests) for h in STUDY.hypotheses)
    assert {row["synthetic"] for row in rows} == {"synthetic 合成数据"}
    quota = list(csv.DictReader(io.StringIO((built_in / "quota.csv").read_text("utf-8-sig"))))
    book = openpyxl.load_workbook(built_in / "quota.xlsx")
    sheet = book["quotas"]
    assert "synthetic population, 合成数据" in sheet.cell(1, 1).value
    head = [cell.value for cell in sheet[2]]
    assert head[-2:] == ["reached", "open"]
    assert sheet.max_row == len(quota) + 2
    for i, row in enumerate(quota, 3):
        assert sheet.cell(i, head.index("quota") + 1).value == int(row["quota"])
        assert sheet.cell(i, len(head)).value == f"=H{i}-J{i}"
    formulas = [c.value for row in sheet.iter_rows() for c in row if str(c.value).startswith("=")]
    assert len(formulas) == len(quota)
    assert book["fieldwork"].cell(2, 1).value == "customers"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Synthetic population", "Power of each claim", "Quotas", "by simulation only", "S3_innovation"],
        ),
        ("zh", ["合成总体", "各假设的检验力", "配额", "仅能通过模拟获得"]),
    ],
)
def test_the_pdf_says_it_in_words(built_in, language, words):
    text = "".join(page.extract_text() for page in PdfReader(built_in / f"plan.{language}.pdf").pages)
    for word in words:
        assert word in text.replace("\n", "") or word in text


SMALL = """\
tierstudy: population/1
title: {en: Small, zh: 小}
populations:
  customers:
    n: 150
    tiers: {item: TIER, shares: [0.4, 0.3, 0.2, 0.1]}
    loading: 0.8
    thresholds: {agree5: [-1.5, -0.7, 0.1, 1.2], weight5: [-1.5, -0.7, 0.1, 1.2], satisfied5: [-1.5, -0.7, 0.1, 1.2], recommend11: [-2.3, -2, -1.8, -1.6, -1.4, -1, -0.7, -0.1, 0.4, 1]}
    constructs: {CONSTRUCTS}
    seconds: {median: 500, log_sd: 0.3}
"""


@pytest.fixture
def copied(tmp_path) -> Path:
    """A copy made by `tierstudy new` with one hypothesis and a population file of its own."""
    folder = tmp_path / "mine"
    assert main(["new", str(folder), "--quiet"]) == 0
    text = (folder / "study.yaml").read_text("utf-8")
    head, rest = text.split("hypotheses:\n")
    (h1, *_) = rest.split("  - id: H2\n")
    outline = rest[rest.index("\noutline:") :]
    (folder / "study.yaml").write_text(head + "hypotheses:\n" + h1 + outline, "utf-8")
    for path in (folder / "populations").iterdir():
        path.unlink()
    names = [c.id for c in STUDY.populations["customers"].questionnaire.constructs]
    on = {"satisfaction": '{"on": {effectiveness: 0.4}}'}
    constructs = "{" + ", ".join(f"{name}: {on.get(name, '{}')}" for name in names) + "}"
    (folder / "populations" / "mine.yaml").write_text(SMALL.replace("{CONSTRUCTS}", constructs), "utf-8")
    return folder


def test_a_copied_study_is_planned_the_same_twice(copied, tmp_path, capsys):
    outs = [tmp_path / "a", tmp_path / "b"]
    for out in outs:
        assert main(["plan", str(copied), "--out", str(out), "--simulate", "5", "--n", "customers=120"]) == 0
    told = capsys.readouterr()
    assert "supported" in told.out
    assert "synthetic (合成数据)" in told.out
    assert "sample 5 of 5" in told.err
    assert sorted(path.name for path in outs[0].iterdir()) == FILES
    for name in FILES:
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes(), name
    plan = json.loads((outs[0] / "plan.json").read_text("utf-8"))
    assert plan["provenance"]["population_file"] == "mine"
    (hypothesis,) = plan["hypotheses"]
    assert hypothesis["tests"][0]["planned"]["customers"] <= 120


def test_without_a_population_file_conventions_serve(copied, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["plan", str(copied), "--out", str(out), "--model", "none", "--effect", "H1=0.35", "--lang", "zh"]
    assert main(words) == 0
    plan = json.loads((out / "plan.json").read_text("utf-8"))
    jsonschema.validate(plan, SCHEMA)
    assert plan["synthetic"] is False
    assert plan["simulation"] is None
    (test,) = plan["hypotheses"][0]["tests"]
    assert (test["expected_from"], test["expected"]) == ("given", 0.35)
    assert not (out / "plan.en.pdf").exists()
    text = "".join(page.extract_text() for page in PdfReader(out / "plan.zh.pdf").pages)
    assert "Cohen" in text
    assert "合成" not in text


def test_what_has_no_formula_and_is_not_simulated_is_said(tmp_path, capsys):
    words = ["plan", "bank_tiering", "--out", str(tmp_path / "out"), "--model", "none", "--simulate", "0"]
    assert main([*words, "--lang", "en"]) == 1
    told = capsys.readouterr().err
    assert (
        "H3: there is no formula for a test of kind indirect; its power is found by simulation only" in told
    )
    assert "Traceback" not in told
    assert (tmp_path / "out" / "plan.en.pdf").exists()


def test_all_faults_of_the_options_are_told_at_once(tmp_path, capsys):
    words = ["plan", "bank_tiering", "--out", str(tmp_path / "out"), "--power", "1.2", "--simulate", "1"]
    words += [
        "--n",
        "customer=800",
        "--n",
        "employees=0",
        "--n",
        "corporate=many",
        "--branches",
        "customers=4",
    ]
    words += [
        "--effect",
        "H99=0.3",
        "--effect",
        "H1",
        "--response-rate",
        "customers=0",
        "--set-aside",
        "employees=1",
    ]
    words += ["--icc", "employees=-0.1", "--seed", "-4", "--minimum-per-tier", "-1"]
    assert main(words) == 2
    told = capsys.readouterr().err
    for part in (
        "--n customer=800: saw `customer`, expected one of customers, employees, corporate",
        "--n employees=0: saw `0`, expected a whole number from 1",
        "--n corporate=many",
        "--branches customers=4: saw `customers`, expected one of employees",
        "--effect H99=0.3",
        "--effect H1: saw `H1`",
        "--response-rate customers=0: saw `0`, expected a share above 0",
        "--set-aside employees=1",
        "--icc employees=-0.1",
        "--power 1.2",
        "--simulate 1: saw 1, expected 0, or from 2",
        "--seed -4",
        "--minimum-per-tier -1",
    ):
        assert part in told, part
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_simulation_needs_a_population_file_and_a_choice_among_several(copied, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["plan", str(copied), "--out", out, "--model", "none", "--simulate", "9"]) == 2
    assert "saw no population file" in capsys.readouterr().err
    folder = copied / "populations"
    (folder / "other.yaml").write_bytes((folder / "mine.yaml").read_bytes())
    assert main(["plan", str(copied), "--out", out]) == 2
    assert "expected one of mine, other, or none" in capsys.readouterr().err
    assert main(["plan", str(copied), "--out", out, "--branches", "employees=900"]) == 2
