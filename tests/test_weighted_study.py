"""A weighted study from files to report: verdicts are given, and both languages say what is weighted."""

import json
import shutil
import zlib

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.design.functionals import under_design
from analysis.design.proportions import weighted_share
from analysis.findings import find
from analysis.specifications import specification_curves
from analysis.weighted.effects import path, standardized_mean
from analysis.weighted.importance_performance import weighted_map
from reports.chapters.robustness import robustness_chapter
from reports.document import Figure, Prose, Table
from reports.gallery import draw_all
from reports.numbers import Numbers
from reports.pdf import write_pdf
from reports.report import build_report
from reports.results_file import results_json
from reports.telling import Telling
from surveys.read import read_answers
from surveys.simulation import load_population_model, simulate
from surveys.study import Study
from surveys.study_files import study_folder


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """The built-in study with weights, strata, raking and a value declared in its file."""
    folder = tmp_path_factory.mktemp("weighted") / "study"
    shutil.copytree(study_folder("bank_tiering"), folder)
    declared = yaml.safe_load((folder / "study.yaml").read_text("utf-8"))
    declared["populations"] = {"customers": declared["populations"]["customers"]}
    declared["populations"]["customers"] |= {
        "weight": "POTENTIAL",
        "strata": ["TIER"],
        "rake_to": {"SEX": {1: 0.4, 2: 0.6}},
        "value": "AUM",
    }
    kept = ("H1", "H3", "H5", "S1", "P3", "H3_latent")
    declared["hypotheses"] = [h for h in declared["hypotheses"] if h["id"] in kept]
    declared["hypotheses"] = [
        h | {"tests": [t for t in h["tests"] if t["population"] == "customers"]}
        for h in declared["hypotheses"]
    ]
    declared["parallel"] = []
    declared["resamples"] = 400
    for body in (declared["populations"]["customers"],):
        body["rake_to"] = {"SEX": {"1": 0.4, "2": 0.6}}
    (folder / "study.yaml").write_text(yaml.safe_dump(declared, allow_unicode=True), "utf-8")
    study = Study.load(folder)
    built_in = Study.load("bank_tiering")
    model = load_population_model("claims_hold", built_in)
    answers = simulate(built_in, model, rng=np.random.default_rng(5), sizes={"customers": 400})["customers"]
    answers.answers.loc[answers.answers.index[:6], "POTENTIAL"] = 0.0
    return find(study, {"customers": answers}, sensitivity=False)


def test_verdicts_of_a_weighted_study_are_no_longer_withheld(simulated):
    for verdict in simulated.verdicts:
        assert verdict.outcome != "cannot_tell" or all(r.word == "straddles" for r in verdict.because)
        for evidence in verdict.evidence:
            assert evidence.judged is not None
            assert "weighted" in evidence.method
    assert simulated.verdict("H1").outcome == "supported"
    sample = simulated.populations["customers"].sample
    predictors = sample.frame[["effectiveness"]]
    direct = under_design(path(sample.variable("satisfaction"), predictors, sample.design), sample.design)
    (found,) = simulated.verdict("H1").evidence
    assert (found.estimate, found.std_error, found.n) == (direct.estimate, direct.std_error, direct.n)


def test_who_has_no_weight_is_set_aside_on_the_record(simulated):
    customers = simulated.populations["customers"]
    (rule,) = [rule for rule in customers.screening.ledger if rule.kind == "sampling"]
    assert rule.n_flagged >= 6
    assert customers.weights.n_outside == 0
    assert (customers.sample.design.weights > 0).all()
    aside = customers.screening.set_aside
    assert (aside[aside["rule"] == "sampling"]["value"].fillna(0) <= 0).all()


def test_every_number_has_an_address(simulated):
    keys = set(simulated.catalogue)
    assert "customers.weights.POTENTIAL.kish_design_effect" in keys
    assert "customers.weights.SEX.1.margin_total" in keys
    assert "hypotheses.H1.1.by_value.AUM.standardized_coefficient" in keys
    assert "hypotheses.H1.1.by_value.AUM.weight_difference" in keys
    _, entry = simulated.catalogue["customers.profile.SEX.1.share"]
    assert entry.estimate == pytest.approx(0.4)
    assert entry.method == "Weighted share, logit interval of the design"
    json.loads(results_json(simulated))


def test_views_of_tiers_follow_the_design(simulated):
    sample = simulated.populations["customers"].sample
    (priority,) = simulated.views.priorities
    (evidence,) = simulated.verdict("P3").evidence
    whole = priority.result.of(None)
    assert priority.result.weighted
    for driver in evidence.result.drivers:
        point = whole.of(driver.name)
        assert point.importance == pytest.approx(driver.lmg)
        assert point.importance_interval.high == pytest.approx(driver.lmg_interval.high)
        assert point.performance == pytest.approx(driver.performance)
    shared = {"bounds": {one.driver: (1, 5) for one in whole.points}, "resamples": 400}
    names = list(shared["bounds"])
    again = weighted_map(
        sample.variable(priority.result.outcome),
        sample.frame[names],
        sample.design,
        rng=np.random.default_rng([simulated.study.seed, zlib.crc32(b"priorities/P3/0")]),
        draw=sample.sampling.replicates,
        tiers=sample.groups,
        **shared,
    )
    assert again == priority.result
    (moves,) = simulated.views.migrations
    assert moves.result.weighted
    pair = sample.frame[["TIER", "TIER_BELIEVED"]]
    up = (pair["TIER_BELIEVED"] > pair["TIER"]).astype(float).where(pair.notna().all(axis="columns"))
    share = weighted_share(up, sample.design)
    found = moves.result.moved("up")
    assert (found.share, found.interval.low) == pytest.approx((share.estimate, share.interval.low))
    assert found.count == int(up.sum())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_says_what_is_weighted(simulated, language, tmp_path):
    figures = draw_all(simulated, language, tmp_path, formats=())
    document, _ = build_report(simulated, language, figures)
    text = " ".join(block.text for block in document.blocks if isinstance(block, Prose))
    said = {
        "en": (
            "follow the sampling design that the study declares (weights, strata and raking",
            "Not weighted are",
            "moves between tiers and every test",
            "Wald test of the design: F(3, ",
        ),
        "zh": ("依研究声明的抽样设计进行（权重、分层和按已知边际分布加权", "未加权", "抽样设计的Wald检验"),
    }[language]
    for words in said:
        assert words in text
    drawn = {block.key: " ".join(block.notes) for block in document.blocks if isinstance(block, Figure)}
    replicates, streams = {
        "en": ("400 bootstrap replicates of the weights", "Weighted: streams and shares"),
        "zh": ("400组自助法重复权重", "已加权：流带与比例"),
    }[language]
    assert replicates in drawn["hypotheses.P3.1.priorities"]
    assert streams in drawn["customers.migration"]
    tables = {block.key: block for block in document.blocks if isinstance(block, Table)}
    assert {"customers.weights", "customers.margins", "customers.by_value"} <= set(tables)
    by_value = tables["customers.by_value"]
    assert len(by_value.rows) == sum(len(v.evidence) for v in simulated.verdicts)
    assert all(row[2] != "–" for row in by_value.rows)
    # every line adds up: both estimates are those that the difference is taken from
    for effect, row in zip(simulated.by_value, by_value.rows, strict=True):
        valued, difference, plainly = effect.entries()
        assert row[0] == effect.hypothesis
        assert valued.estimate - plainly.estimate == pytest.approx(difference.estimate)
        assert row[2] == Numbers(language=language).number(plainly.estimate)
        assert (row[4] == "–") == (valued.interval is None)
    assert write_pdf(document, tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_effects_by_ranks_of_a_weighted_study_are_in_its_chapter_on_robustness(simulated, language):
    screenings = {"customers": simulated.populations["customers"].screening}
    curves = specification_curves(simulated.study, screenings, hypotheses=["H1", "S1"])
    for curve in curves:
        ranks = [s for s in curve.run if s.choices["statistic"] in ("rank_coefficient", "rank_biserial")]
        assert {s.choices["weights"] for s in ranks} == {"used", "ignored"}
        assert {"variance of the design" in s.method for s in ranks} == {True, False}
    telling = Telling(findings=simulated, numbers=Numbers(language=language), figures={})
    blocks = list(robustness_chapter(telling, curves))
    (intro, *_) = [block.text for block in blocks if isinstance(block, Prose)]
    assert {"en": "with the sampling design", "zh": "按抽样设计或不加权"}[language] in intro
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert len(table.notes) == 1  # nothing that could not be run


QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: clients
title: {{en: Clients, zh: 客户}}
languages: [en, zh]
respondent_id: [id]
scales:
  ten: {{numeric: [0, 10], ends: {{low: {{en: low, zh: 低}}, high: {{en: high, zh: 高}}}}}}
  tier:
    interval: false
    options:
      1: {{en: Basic, zh: 普通}}
      2: {{en: Silver, zh: 银卡}}
      3: {{en: Gold, zh: 金卡}}
sections:
  - id: all
    title: {{en: All, zh: 全部}}
    items:
      - {{id: TIER, scale: tier, text: {{en: Tier, zh: 等级}}}}
      - {{id: WEIGHT, kind: number, source: records, text: {{en: Weight, zh: 权重}}}}
      - {{id: REGION, kind: number, source: records, text: {{en: Region, zh: 地区}}}}
      - {{id: BRANCH, kind: number, source: records, text: {{en: Branch, zh: 网点}}}}
      - {{id: ASSETS, kind: number, source: records, text: {{en: Assets, zh: 资产}}}}
{items}
constructs:
  - {{id: satisfaction, label: {{en: Satisfaction, zh: 满意度}}, items: [sat1, sat2, sat3, sat4]}}
  - {{id: loyalty, label: {{en: Loyalty, zh: 忠诚度}}, items: [loy1, loy3, loy4]}}
  - {{id: quality, label: {{en: Quality, zh: 质量}}, items: [qual1, qual2, qual3]}}
"""
STUDY = """\
tierstudy: study/1
id: clients
title: {en: Clients of a credit institution, zh: 信贷机构客户}
languages: [en, zh]
resamples: 300
populations:
  clients:
    title: {en: Clients, zh: 客户}
    questionnaire: clients.yaml
    group: TIER
    profile: [TIER]
    weight: WEIGHT
    strata: REGION
    cluster: BRANCH
    value: ASSETS
hypotheses:
  - id: H1
    claim: {en: Satisfied clients are loyal., zh: 满意的客户更忠诚。}
    tests: [{kind: path, population: clients, predictor: satisfaction, controls: [quality], outcome: loyalty, smallest_effect: 0.1}]
  - id: H2
    claim: {en: Quality leads to loyalty by way of satisfaction., zh: 质量经满意度影响忠诚度。}
    tests: [{kind: indirect, population: clients, predictor: quality, mediators: [satisfaction], outcome: loyalty, smallest_effect: 0.05}]
  - id: H3
    claim: {en: Satisfaction rises with the tier., zh: 满意度随等级上升。}
    tests: [{kind: trend, population: clients, outcome: satisfaction, smallest_effect: 0.1}]
  - id: H4
    claim: {en: Clients are satisfied., zh: 客户满意。}
    tests: [{kind: mean, population: clients, variable: satisfaction, smallest_effect: 0.2}]
  - id: H5
    claim: {en: "Satisfied clients are loyal, free of error.", zh: 剔除误差后，满意的客户更忠诚。}
    tests: [{kind: latent_path, population: clients, predictor: satisfaction, outcome: loyalty, smallest_effect: 0.1}]
outline: [sample, measurement, descriptives, hypotheses, verdicts, limits, methods, provenance]
"""


def test_real_answers_with_made_up_strata_give_verdicts(shared_data, tmp_path):
    real = pd.read_csv(shared_data / "bank" / "plspm_satisfaction.csv")
    i = np.arange(len(real))
    rng = np.random.default_rng(8)
    names = [name for name in real.columns if name[:3] in ("sat", "loy", "qua")]
    data = real[names].assign(
        id=i + 1,
        TIER=1 + (real["expe1"] > 6).astype(int) + (real["expe1"] > 8),
        WEIGHT=np.where(i % 50 == 7, 0.0, np.round(0.5 + rng.uniform(size=len(real)) + real["loy1"] / 10, 3)),
        REGION=1 + i % 3,
        BRANCH=100 * (1 + i % 3) + i % 12,
        ASSETS=np.round(rng.lognormal(2, 0.6, len(real)), 1),
    )
    folder = tmp_path / "study"
    folder.mkdir()
    items = "\n".join(f"      - {{id: {n}, scale: ten, text: {{en: {n}, zh: {n}}}}}" for n in names)
    (folder / "clients.yaml").write_text(QUESTIONNAIRE.format(items=items), "utf-8")
    (folder / "study.yaml").write_text(STUDY, "utf-8")
    data.to_csv(tmp_path / "clients.csv", index=False)
    study = Study.load(folder)
    answers = read_answers(tmp_path / "clients.csv", study.populations["clients"].questionnaire)
    findings = find(study, {"clients": answers}, sensitivity=False)
    clients = findings.populations["clients"]
    assert clients.sample.n == len(real) - 5  # a weight of zero is no weight
    assert {v.id: v.outcome for v in findings.verdicts if v.id != "H3"} == dict.fromkeys(
        ("H1", "H2", "H4", "H5"), "supported"
    )
    assert all(e.judged is not None for v in findings.verdicts for e in v.evidence)
    assert all(effect.found.state == "ok" for effect in findings.by_value)
    sample = clients.sample
    (evidence,) = findings.verdict("H4").evidence
    direct = under_design(
        standardized_mean(sample.variable("satisfaction"), 5.0, sample.design), sample.design
    )
    assert evidence.estimate == direct.estimate
    assert direct.df == 9  # twelve branches in three regions
    for language in ("en", "zh"):
        document, _ = build_report(
            findings, language, draw_all(findings, language, tmp_path / language, formats=())
        )
        assert write_pdf(document, tmp_path / f"{language}.pdf").stat().st_size > 50_000
