"""The quality report: counts, agreement, files, and what a study file says of consent and frame."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports.cli import main
from reports.document import check
from reports.quality_report import look_at, quality_csv, quality_document, quality_json
from surveys.errors import StudyFileError
from surveys.quality.report import QualityReport, quality_report
from surveys.responses import Responses
from surveys.simulation import load_population_model, simulate, write_exports
from surveys.study import Study
from surveys.study_files import study_folder


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.load("bank_tiering")


@pytest.fixture(scope="module")
def answers(study: Study) -> dict[str, Responses]:
    model = load_population_model("claims_hold", study)
    sizes = {"customers": 150, "employees": 60, "corporate": 120}
    return simulate(study, model, rng=np.random.default_rng(4), sizes=sizes)


@pytest.fixture(scope="module")
def report(study: Study, answers: dict[str, Responses]) -> QualityReport:
    return quality_report(answers["corporate"], study.populations["corporate"], rng=np.random.default_rng(1))


def test_those_without_consent_are_excluded_first_and_counted(
    study: Study, answers: dict[str, Responses]
) -> None:
    given = answers["corporate"]
    refusing = given.answers.copy()
    refusing.loc[:9, "CONSENT"] = np.nan
    found = quality_report(
        replace(given, answers=refusing), study.populations["corporate"], rng=np.random.default_rng(1)
    )
    assert found.n_without_consent >= 10
    assert len(found.respondents()) == found.n_consenting == given.n - found.n_without_consent
    assert all(len(check.flagged) == found.n_consenting for check in found.checks)
    assert found.respondents()["row"].min() > 11


def test_counts_with_and_without_a_check_fit_together(report: QualityReport) -> None:
    counts = report.to_frame()
    ok = counts[counts["state"] == "ok"]
    assert (ok["n_without"] - ok["n_with"] == ok["n_only_this"]).all()
    assert (ok["n_with"] == (~report.flags.any(axis=1)).sum()).all()


def test_agreement_is_phi_and_jaccard_of_two_columns(report: QualityReport) -> None:
    flags = report.flags
    pairs = {(p.first, p.second): p for p in report.agreement()}
    pair = pairs["even_odd", "resampled_reliability"]
    values = {one.name: one.values for one in report.checks}
    judged = values["even_odd"].notna() & values["resampled_reliability"].notna()
    both = (flags["even_odd"] & flags["resampled_reliability"])[judged]
    either = (flags["even_odd"] | flags["resampled_reliability"])[judged]
    assert pair.n_both == both.sum()
    assert pair.jaccard == pytest.approx(both.sum() / either.sum())
    expected = (
        flags[judged]["even_odd"].astype(float).corr(flags[judged]["resampled_reliability"].astype(float))
    )
    assert pair.phi == pytest.approx(expected)


def test_each_declared_rule_is_told_with_and_without(report: QualityReport) -> None:
    found = {rule.rule: rule for rule in report.rule_differences()}
    ledger = {rule.name: rule for rule in report.screening.ledger}
    assert set(found) == {name for name, r in ledger.items() if r.kind != "consent" and r.applicable}
    for name, rule in found.items():
        assert rule.n_without - rule.n_with == ledger[name].n_only_this_rule
        if not ledger[name].n_only_this_rule:
            assert (rule.construct, rule.shift) == ("", None)


def test_nobody_is_set_aside_by_a_check(report: QualityReport) -> None:
    assert report.flags.any(axis=None)
    assert report.respondents()["set_aside"].sum() == report.screening.n_set_aside_but_consenting


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_is_a_document_and_says_that_it_does_not_convict(
    study: Study, answers: dict[str, Responses], language: str
) -> None:
    found = look_at(study, {"corporate": answers["corporate"]}, draws=2)
    document = quality_document(study, found, language)
    check(document)
    words = str(document.blocks)
    assert {"en": "they do not convict", "zh": "不作定论"}[language] in words
    assert {"en": "not proof", "zh": "线索而非证明"}[language] in words


def test_files_hold_no_id_and_no_text_of_anybody(study: Study, answers: dict[str, Responses]) -> None:
    given = answers["corporate"]
    named = given.metadata.copy()
    named["respondent"] = [f"li{i}@example.com" for i in range(given.n)]
    texts = given.answers.copy()
    text = next(item.id for item in given.questionnaire.items if item.kind == "text")
    texts[text] = pd.Series(["我叫张伟，电话13812345678"] * given.n, dtype=object)
    found = look_at(study, {"corporate": replace(given, metadata=named, answers=texts)}, draws=0)
    table, told = quality_csv(found), quality_json(study, found)
    for secret in ("example.com", "13812345678", "张伟"):
        assert secret not in table
        assert secret not in told
    kinds = {entry["kind"] for entry in json.loads(told)["populations"][0]["identifiers"]}
    assert {"email", "phone", "name"} <= kinds
    assert "respondent" not in pd.read_csv(io.StringIO(table)).columns


def test_the_command_writes_table_numbers_and_both_languages(
    tmp_path: Path, study: Study, answers: dict[str, Responses], capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_exports({"corporate": answers["corporate"]}, tmp_path / "data")["corporate"]
    out = tmp_path / "out"
    assert (
        main(["quality", "bank_tiering", "--data", f"corporate={file}", "--out", str(out), "--draws", "0"])
        == 0
    )
    names = sorted(path.name for path in out.iterdir())
    assert names == ["quality.csv", "quality.en.pdf", "quality.json", "quality.zh.pdf"]
    assert (
        main(["quality", "bank_tiering", "--data", f"corporate={file}", "--out", str(out), "--draws", "3"])
        == 2
    )
    assert "--draws 3: 0, or from 19 to 9999 files" in capsys.readouterr().err


def edited(tmp_path: Path, old: str, new: str) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(study_folder("bank_tiering"), folder)
    file = folder / "study.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_purpose_and_frame_are_read_from_the_study_file(tmp_path: Path) -> None:
    folder = edited(
        tmp_path,
        "    screening:\n      - {rule: consent, item: CONSENT, code: 1}",
        "    sampling_frame:\n      province: {江苏: 0.6, 浙江: 0.3}\n"
        "    screening:\n      - {rule: consent, item: CONSENT, code: 1, purpose: {en: Research, zh: 研究}}",
    )
    population = Study.load(folder).populations["customers"]
    assert population.consent_purpose == {"en": "Research", "zh": "研究"}
    assert population.sampling_frame == {"province": {"江苏": 0.6, "浙江": 0.3}}
    assert "purpose" not in population.screening[0].options


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{rule: duration, seconds_per_item: 2}", "{rule: duration}", "no `seconds_per_item`"),
        ("{rule: straightlining, longest_run: 12}", "{rule: straightlining}", "no `longest_run`"),
        ("code: 1}", "code: 1, purpose: {en: Research}}", "no `zh`"),
        (
            "    screening:",
            "    sampling_frame: {province: {a: 0.7, b: 0.6}}\n    screening:",
            "shares that add up to 1.3",
        ),
    ],
)
def test_faults_of_quality_settings_are_told_before_anything_runs(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(StudyFileError, match=r"study\.yaml") as error:
        Study.load(edited(tmp_path, old, new))
    assert words in str(error.value)
