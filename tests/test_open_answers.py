"""Open answers from a study's files to the report: agreement, themes, words, and never a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.coding_agreement import krippendorff_alpha
from analysis.findings import find
from reports.document import Table, check, to_json
from reports.report import build_report
from reports.results_file import results_json
from surveys.errors import SurveyError
from surveys.read import read_answers
from surveys.study import Study

QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: people
title: {en: People, zh: 人}
languages: [en, zh]
respondent_id: [respondent]
scales:
  tier:
    interval: false
    options:
      1: {en: Low, zh: 低}
      2: {en: High, zh: 高}
sections:
  - id: all
    title: {en: All, zh: 全部}
    items:
      - {id: T, scale: tier, text: {en: Tier, zh: 等级}}
      - {id: WHY, kind: text, text: {en: Why?, zh: 为什么？}}
      - {id: NAME, kind: text, identifying: true, text: {en: Who?, zh: 谁？}}
"""
STUDY = """\
tierstudy: study/1
id: open
title: {en: Open, zh: 开放}
languages: [en, zh]
populations:
  people:
    title: {en: People, zh: 人}
    questionnaire: people.yaml
    group: T
    open_answers:
      - frame: reasons.yaml
        coders: {anna: anna.csv, ben: ben.csv}
        words: {language: en, stop_words: [the, are, is]}
outline: [open_answers, methods]
"""
FRAME = """\
coding_frame: reasons
item: WHY
languages: [en, zh]
several: true
codes:
  fees:
    label: {en: Fees, zh: 费用}
    theme: price
  rates:
    label: {en: Interest, zh: 利率}
    theme: price
  queue:
    label: {en: Waiting, zh: 排队}
    theme: time
"""
SECRET = "zanzibar"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(6)
    n = 120
    tier = rng.integers(1, 3, n)
    price = rng.random(n) < np.where(tier == 1, 0.8, 0.3)
    texts = np.where(price, "The fees are high", "The queue is long")
    texts = [f"{text}, {SECRET} {i}" if i < 3 else text for i, text in enumerate(texts)]
    ids = [f"p{i}" for i in range(n)]
    pd.DataFrame({"respondent": ids, "T": tier, "WHY": texts}).to_csv(tmp_path / "people.csv", index=False)
    for coder, wrong in (("anna", 0.0), ("ben", 0.1)):
        seen = price ^ (rng.random(n) < wrong)
        codes = np.where(seen, np.where(rng.random(n) < 0.5, "fees", "fees;rates"), "queue")
        pd.DataFrame({"respondent": ids, "code": codes}).to_csv(tmp_path / f"{coder}.csv", index=False)
    for name, text in (("people.yaml", QUESTIONNAIRE), ("study.yaml", STUDY), ("reasons.yaml", FRAME)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_agreement_themes_and_words_reach_the_report(folder: Path) -> None:
    study = Study.load(folder)
    assert {"reasons.yaml", "anna.csv", "ben.csv"} <= set(study.sha256)
    responses = read_answers(folder / "people.csv", study.populations["people"].questionnaire)
    findings = find(study, {"people": responses})
    (told,) = findings.populations["people"].open_answers
    assert (told.n_answers, told.n_coded) == (120, 120)
    codings = study.populations["people"].open_questions[0].codings
    alone = krippendorff_alpha(codings.marks("queue"), variable="queue")
    entry = findings.catalogue["people.open.WHY.agreement.queue.krippendorff_alpha"][1]
    assert (entry.estimate, entry.interval) == (alone.estimate, alone.interval)
    both = codings.theme_marks("price").mean(axis=1) > 0.5  # both coders, or one of one
    share = findings.catalogue["people.open.WHY.themes.price.share_of_respondents"][1]
    assert share.estimate == pytest.approx(both.mean())
    low = [word.word for word in told.words.words if word.group == "1"]
    assert "fees" in low
    assert "queue" in [word.word for word in told.words.words if word.group == "2"]
    for language in ("en", "zh"):
        document, telling = build_report(findings, language)
        check(document)
        keys = [block.key for block in document.blocks if isinstance(block, Table)]
        assert keys[:3] == [f"people.open_WHY.{name}" for name in ("agreement", "themes", "words")]
        assert set(telling.numbers.ledger.ids()) <= set(findings.catalogue)
        assert SECRET not in to_json(document)
        assert "The fees are high" not in to_json(document)
    assert SECRET not in results_json(findings)


def test_rare_words_are_not_told(folder: Path) -> None:
    study = Study.load(folder)
    responses = read_answers(folder / "people.csv", study.populations["people"].questionnaire)
    (told,) = find(study, {"people": responses}).populations["people"].open_answers
    assert all(word.count >= 5 for word in told.words.words)
    assert all(word.others_count == 0 or word.others_count >= 5 for word in told.words.words)


def test_a_study_without_open_questions_has_no_chapter(folder: Path) -> None:
    start = STUDY.index("    open_answers:\n")
    plain = STUDY[:start] + STUDY[STUDY.index("outline:") :]
    (folder / "study.yaml").write_text(plain, "utf-8")
    study = Study.load(folder)
    responses = read_answers(folder / "people.csv", study.populations["people"].questionnaire)
    assert "Open answers" not in str(build_report(find(study, {"people": responses}), "en")[0].blocks)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("reasons.yaml", "item: WHY", "item: WHERE", "`WHERE`"),
        ("reasons.yaml", "item: WHY", "item: NAME", "words of NAME, whose answers may name persons"),
        ("study.yaml", "anna.csv", "nobody.csv", "nobody.csv"),
        ("anna.csv", "queue", "queues", "queues"),
        ("study.yaml", "language: en", "language: fr", "fr"),
    ],
)
def test_faults_of_the_files_are_told(folder: Path, file: str, old: str, new: str, message: str) -> None:
    text = (folder / file).read_text("utf-8")
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises((SurveyError, OSError)) as raised:
        Study.load(folder)
    assert message in str(raised.value)
    assert isinstance(raised.value, SurveyError)
