"""Waves from the command line to the report: two simulated waves whose tiers and answers are known to differ."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from analysis.findings import find
from analysis.waves.trends import mean_trend
from reports.cli import main
from reports.document import Table, check
from reports.report import build_report
from surveys.responses import Responses, SourceFile
from surveys.study import Study
from surveys.waves import join_waves, split_waves

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "reports" / "schema" / "results.schema.json").read_text("utf-8"))
QUESTIONNAIRE = """\
tierstudy: questionnaire/1
id: people
title: {en: People, zh: 人}
languages: [en, zh]
respondent_id: [respondent]
scales:
  agree:
    options:
      1: {en: Disagree, zh: 不同意}
      2: {en: Rather not, zh: 不太同意}
      3: {en: Neither, zh: 一般}
      4: {en: Rather, zh: 比较同意}
      5: {en: Agree, zh: 同意}
  tier:
    interval: false
    options:
      1: {en: Low, zh: 低}
      2: {en: High, zh: 高}
  year:
    interval: false
    options:
      1: {en: Year one, zh: 第一年}
      2: {en: Year two, zh: 第二年}
  recommend: {numeric: [0, 10]}
sections:
  - id: all
    title: {en: All, zh: 全部}
    items:
      - {id: T, scale: tier, text: {en: Tier, zh: 等级}}
      - {id: W, scale: year, text: {en: Year, zh: 年份}}
      - {id: A1, scale: agree, text: {en: One, zh: 一}}
      - {id: A2, scale: agree, text: {en: Two, zh: 二}}
      - {id: A3, scale: agree, text: {en: Three, zh: 三}, reverse_keyed: true}
      - {id: NPS, scale: recommend, text: {en: Recommend, zh: 推荐}}
constructs:
  - {id: satisfaction, label: {en: Satisfaction, zh: 满意度}, items: [A1, A2, A3]}
"""
STUDY = """\
tierstudy: study/1
id: waves
title: {en: Two waves, zh: 两期}
languages: [en, zh]
resamples: 500
populations:
  people:
    title: {en: People, zh: 人}
    questionnaire: people.yaml
    group: T
    recommend: NPS
outline: [descriptives, waves, methods, provenance]
"""


def wave(seed: int, high: float, shift: float, n: int = 300) -> pd.DataFrame:
    """Answers of one wave: a share of high tiers, who are more satisfied; all shifted within tiers."""
    rng = np.random.default_rng(seed)
    tier = 1 + (rng.random(n) < high).astype(int)
    mood = 2.4 + 0.9 * (tier - 1) + shift + rng.normal(scale=0.6, size=n)

    def answered(turned: bool) -> np.ndarray:
        kept = np.clip(np.round(mood + rng.normal(scale=0.5, size=n)), 1, 5)
        return (6 - kept if turned else kept).astype(int)

    columns = {"A1": answered(False), "A2": answered(False), "A3": answered(True)}
    recommend = np.clip(np.round(2 * mood + rng.normal(size=n)), 0, 10).astype(int)
    return pd.DataFrame({"respondent": range(1, n + 1), "T": tier, **columns, "NPS": recommend})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("waves")
    (made / "people.yaml").write_text(QUESTIONNAIRE, "utf-8")
    (made / "study.yaml").write_text(STUDY, "utf-8")
    wave(1, high=0.3, shift=0.0).to_csv(made / "first.csv", index=False)
    wave(2, high=0.6, shift=0.3).to_csv(made / "second.csv", index=False)
    return made


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return Study.load(folder)


def answers(study: Study, frame: pd.DataFrame, name: str) -> Responses:
    given = frame.drop(columns="respondent").astype(float)
    return Responses(
        questionnaire=study.populations["people"].questionnaire,
        answers=given,
        metadata=pd.DataFrame(
            {"respondent": frame["respondent"].astype(str), "row": range(2, len(frame) + 2)}
        ),
        source=SourceFile(name=name, sha256=name),
    )


@pytest.fixture(scope="module")
def joined(study: Study) -> Responses:
    return join_waves(
        {
            "2024": answers(study, wave(1, high=0.3, shift=0.0), "first.csv"),
            "2025": answers(study, wave(2, high=0.6, shift=0.3), "second.csv"),
        }
    )


def test_two_files_become_a_chapter_a_figure_and_results(folder: Path, tmp_path: Path) -> None:
    words = ["run", str(folder), "--out", str(tmp_path / "out"), "--figures", "svg", "--quiet", "--data"]
    words += [f"people@2024={folder / 'first.csv'}", f"people@2025={folder / 'second.csv'}"]
    assert main(words) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    jsonschema.validate(results, SCHEMA)
    assert set(results["provenance"]["data_files"]) == {"people@2024", "people@2025"}
    assert results["populations"]["people"]["analysed"] == 300  # the last wave
    by_id = {entry["id"]: entry for entry in results["results"]}
    change = by_id["people.waves.scores.satisfaction.2025.2024.mean_change"]
    first, second = wave(1, 0.3, 0.0), wave(2, 0.6, 0.3)
    scores = [frame.assign(A3=6 - frame["A3"])[["A1", "A2", "A3"]].mean(axis=1) for frame in (first, second)]
    assert change["estimate"] == pytest.approx(scores[1].mean() - scores[0].mean(), rel=1e-12)
    assert change["p_value"] < 0.001
    parts = {
        kind: by_id[f"people.waves.change.satisfaction.2025.2024.{kind}"]
        for kind in ("change", "mix_change", "within_change")
    }
    total = parts["mix_change"]["estimate"] + parts["within_change"]["estimate"]
    assert total == pytest.approx(parts["change"]["estimate"], rel=1e-12)
    assert parts["within_change"]["interval"]["low"] < 0.3 < parts["within_change"]["interval"]["high"]
    assert parts["mix_change"]["interval"]["low"] < 0.27 < parts["mix_change"]["interval"]["high"]
    assert (tmp_path / "out" / "figures" / "people_wave_change.en.svg").exists()
    for language, title in (("en", "Changes between waves"), ("zh", "各期变化")):
        pages = PdfReader(tmp_path / "out" / f"report.{language}.pdf").pages
        assert title in "".join(page.extract_text() for page in pages)


def test_one_file_with_an_item_that_names_the_wave(study: Study) -> None:
    population = replace(study.populations["people"], wave="W")
    frames = [wave(1, 0.3, 0.0).assign(W=1), wave(2, 0.6, 0.3).assign(W=2)]
    together = answers(study, pd.concat(frames, ignore_index=True), "both.csv")
    assert {name: given.n for name, given in split_waves(population, together).items()} == {
        "1": 300,
        "2": 300,
    }
    found = find(replace(study, populations={"people": population}), {"people": together})
    assert found.populations["people"].sample.n == 300
    document, _ = build_report(found, "zh")
    check(document)
    (table,) = [b for b in document.blocks if isinstance(b, Table) and b.key == "people.waves_scores"]
    assert [column.label for column in table.columns][1:3] == ["第一年", "第二年"]


def test_the_trend_table_is_the_trend(study: Study, joined: Responses) -> None:
    findings = find(study, {"people": joined})
    document, telling = build_report(findings, "en")
    check(document)
    (table,) = [b for b in document.blocks if isinstance(b, Table) and b.key == "people.waves_scores"]
    assert [row[0] for row in table.rows] == ["Satisfaction", "Recommend"]
    first, second = wave(1, 0.3, 0.0), wave(2, 0.6, 0.3)
    both = pd.concat([first, second], ignore_index=True)["NPS"]
    score = pd.Series(100.0 * ((both >= 9).astype(float) - (both <= 6).astype(float)), name="NPS")
    waves = pd.Series(pd.Categorical(["2024"] * 300 + ["2025"] * 300))
    (change,) = mean_trend(score, waves).changes
    assert table.rows[1][3] == telling.numbers.number(change.estimate, 1)
    assert table.rows[1][4] == telling.numbers.interval(change.interval, 1)
    assert set(telling.numbers.ledger.ids()) <= set(findings.catalogue)


def test_the_same_persons_again_are_tested_within_persons(study: Study) -> None:
    first = wave(1, high=0.3, shift=0.0)
    second = first.assign(A1=np.clip(first["A1"] + (first.index % 4 == 0), 1, 5))  # a quarter rises by one
    given = join_waves({"a": answers(study, first, "a.csv"), "b": answers(study, second, "b.csv")})
    changes = []
    for panel in (False, True):
        population = replace(study.populations["people"], panel=panel)
        found = find(replace(study, populations={"people": population}), {"people": given})
        waves = found.populations["people"].waves
        assert waves.method == ("panel" if panel else "independent")
        (trend,) = [trend for trend in waves.items.trends if trend.variable == "A1"]
        changes.append(trend.changes[0])
    assert changes[0].estimate == pytest.approx(changes[1].estimate)
    assert changes[1].std_error < changes[0].std_error / 2
    by_hand = (second["A1"] - first["A1"]).std(ddof=1) / np.sqrt(300)
    assert changes[1].std_error == pytest.approx(by_hand, rel=2e-3)


def test_a_wave_of_few_is_left_out_and_one_wave_is_no_chapter(study: Study) -> None:
    few = wave(3, 0.5, 0.0, n=3)
    rest = {"b": answers(study, wave(1, 0.3, 0.0), "b.csv"), "c": answers(study, wave(2, 0.6, 0.3), "c.csv")}
    found = find(study, {"people": join_waves({"a": answers(study, few, "a.csv"), **rest})})
    assert found.populations["people"].waves.left_out == ("a",)
    document, _ = build_report(found, "en")
    assert "Left out because fewer than 5" in str(document.blocks)
    alone = find(study, {"people": join_waves({"c": rest["c"]})})
    assert alone.populations["people"].waves is None
    assert "Changes between waves" not in str(build_report(alone, "en")[0].blocks)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["people@={a}"], "name the wave"),
        (["people={a}", "people@2={a}"], "give every file of people its wave"),
        (["people={a}", "people={a}"], "name waves: people@2025="),
        (["persons@1={a}"], "no population persons"),
    ],
)
def test_waves_named_wrongly(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: list[str], message: str
) -> None:
    given = [word.format(a=folder / "first.csv") for word in data]
    assert main(["run", str(folder), "--out", str(tmp_path / "out"), "--data", *given]) == 2
    assert message in capsys.readouterr().err


def test_a_wave_that_is_no_item_is_a_fault_with_its_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "people.yaml").write_text(QUESTIONNAIRE, "utf-8")
    (tmp_path / "study.yaml").write_text(
        STUDY.replace("    group: T\n", "    group: T\n    wave: YEAR\n"), "utf-8"
    )
    with pytest.raises(ValueError, match=r"line 11.*`YEAR`"):
        Study.load(tmp_path)
